/* See the header. */
#include "tests/windows/hybrid.h"

#include <initguid.h>
#include <knownfolders.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/support/test.h"

#include "engine/os.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_program.h"
#include "journal/journal.h"
#include "tests/windows/kept_lists.h"

#include "engine/banned.h"

#define WINLOGON L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
#define DESCRIPTOR_BYTES 512

static struct sbk_win32 table;
static struct sbk_win32_files simulated; /* of the volume S: */
static struct sbk_win32_program program;
static struct sbk_win32_file own_files;
static struct sbk_win32_process process;
static WCHAR data_directory[MAX_PATH], profiles_directory[MAX_PATH];
static WCHAR person_directory[MAX_PATH];

/* The simulation's handles are in a range of their own. */
static bool is_simulated(HANDLE handle)
{
	const uintptr_t value = (uintptr_t)handle;

	return value >= 0x1000 && value < 0x1000 + 4 * SIM_HANDLES_MAX;
}

static const struct sbk_win32_files *files_of(HANDLE handle)
{
	return is_simulated(handle) ? &simulated : &sbk_win32_system.files;
}

static NTSTATUS NTAPI hybrid_NtCreateFile(
	PHANDLE out, ACCESS_MASK access, POBJECT_ATTRIBUTES object,
	PIO_STATUS_BLOCK io, PLARGE_INTEGER size, ULONG attributes, ULONG share,
	ULONG disposition, ULONG options, PVOID ea, ULONG ea_size)
{
	return files_of(object->RootDirectory)
		->NtCreateFile(out, access, object, io, size, attributes, share,
			       disposition, options, ea, ea_size);
}

static NTSTATUS NTAPI hybrid_NtQuerySecurityObject(HANDLE handle,
						   SECURITY_INFORMATION what,
						   PSECURITY_DESCRIPTOR out,
						   ULONG size, PULONG needed)
{
	return files_of(handle)->NtQuerySecurityObject(handle, what, out, size,
						       needed);
}

static BOOL WINAPI hybrid_CloseHandle(HANDLE handle)
{
	return files_of(handle)->CloseHandle(handle);
}

/* "S:" and the simulated volume's GUID, and no other path. */
static HANDLE WINAPI hybrid_CreateFileW(LPCWSTR name, DWORD access, DWORD share,
					LPSECURITY_ATTRIBUTES security,
					DWORD disposition, DWORD flags,
					HANDLE template)
{
	const bool is_drive = wcsncmp(name, L"\\\\?\\S:", 6) == 0;
	const bool is_volume =
		wcsncmp(name, L"\\\\?\\Volume{12345678-9abc", 24) == 0;

	return (is_drive || is_volume ? &simulated : &sbk_win32_system.files)
		->CreateFileW(name, access, share, security, disposition, flags,
			      template);
}

static HANDLE WINAPI hybrid_OpenFileById(HANDLE hint, LPFILE_ID_DESCRIPTOR id,
					 DWORD access, DWORD share,
					 LPSECURITY_ATTRIBUTES security,
					 DWORD flags)
{
	return files_of(hint)->OpenFileById(hint, id, access, share, security,
					    flags);
}

static BOOL WINAPI hybrid_GetFileInformationByHandleEx(
	HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class, LPVOID out, DWORD size)
{
	return files_of(handle)->GetFileInformationByHandleEx(handle, class,
							      out, size);
}

static BOOL WINAPI hybrid_GetVolumeInformationByHandleW(
	HANDLE handle, LPWSTR name, DWORD name_size, LPDWORD serial,
	LPDWORD component_max, LPDWORD flags, LPWSTR system, DWORD system_size)
{
	return files_of(handle)->GetVolumeInformationByHandleW(
		handle, name, name_size, serial, component_max, flags, system,
		system_size);
}

static DWORD WINAPI hybrid_GetFinalPathNameByHandleW(HANDLE handle, LPWSTR out,
						     DWORD size, DWORD flags)
{
	return files_of(handle)->GetFinalPathNameByHandleW(handle, out, size,
							   flags);
}

static NTSTATUS NTAPI
hybrid_NtSetSecurityObject(HANDLE handle, SECURITY_INFORMATION what,
			   PSECURITY_DESCRIPTOR descriptor)
{
	return files_of(handle)->NtSetSecurityObject(handle, what, descriptor);
}

static BOOL WINAPI hybrid_FlushFileBuffers(HANDLE handle)
{
	return files_of(handle)->FlushFileBuffers(handle);
}

/* The simulation's failures first, in the thread that met them: the next look
 * is for the system's. */
static DWORD WINAPI hybrid_GetLastError(void)
{
	const DWORD code = sim_now()->thread == GetCurrentThreadId()
				   ? sim_now()->last_error
				   : 0;

	if (code == 0)
		return sbk_win32_system.errors.GetLastError();
	sim_now()->last_error = 0;
	return code;
}

static DWORD WINAPI hybrid_WaitForSingleObject(HANDLE handle, DWORD time)
{
	return (is_simulated(handle) ? &sim_process_table
				     : sbk_win32_system.process)
		->WaitForSingleObject(handle, time);
}

static BOOL WINAPI hybrid_GetTokenInformation(HANDLE token,
					      TOKEN_INFORMATION_CLASS class,
					      LPVOID out, DWORD size,
					      PDWORD needed)
{
	DWORD code;
	BOOL done;

	if (class == TokenElevation && size >= sizeof(TOKEN_ELEVATION)) {
		((TOKEN_ELEVATION *)out)->TokenIsElevated = sim_is_elevated();
		return TRUE;
	}
	/* Who we are is asked of the system: files are its own. */
	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		abort();
	done = GetTokenInformation(token, class, out, size, needed);
	code = GetLastError();
	(void)CloseHandle(token);
	SetLastError(code);
	return done;
}

static HRESULT WINAPI hybrid_SHGetKnownFolderPath(const GUID *folder,
						  DWORD flags, HANDLE token,
						  PWSTR *out)
{
	const WCHAR *own = NULL;

	if (memcmp(folder, &FOLDERID_ProgramData, sizeof(*folder)) == 0)
		own = data_directory;
	else if (memcmp(folder, &FOLDERID_UserProfiles, sizeof(*folder)) == 0)
		own = profiles_directory;
	else if (person_directory[0] != L'\0' &&
		 memcmp(folder, &FOLDERID_LocalAppData, sizeof(*folder)) == 0)
		own = person_directory;
	if (own == NULL)
		return sbk_win32_file_system.SHGetKnownFolderPath(folder, flags,
								  token, out);
	*out = CoTaskMemAlloc(sizeof(data_directory) + 16);
	if (*out == NULL)
		return E_OUTOFMEMORY;
	memcpy(*out, own, sizeof(data_directory));
	return S_OK;
}

static void copy_path(const char *directory, WCHAR out[MAX_PATH])
{
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *path = sbk_wide_path(&wide, directory);

	if (path == NULL || wcslen(path) >= MAX_PATH)
		abort();
	(void)wcscpy(out, path);
	sbk_buf_release(&wide);
}

void hybrid_use_person(const char *directory)
{
	copy_path(directory, person_directory);
	table.pipe = sbk_win32_system.pipe;
	table.logon = sbk_win32_system.logon;
	table.token = sbk_win32_system.token;
	process = *sbk_win32_system.process;
	process.WaitForSingleObject = hybrid_WaitForSingleObject;
	process.TerminateProcess = sim_process_table.TerminateProcess;
	table.process = &process;
}

struct sbk_win32 *hybrid_table(void)
{
	return &table;
}

static NTSTATUS NTAPI hybrid_NtSetInformationFile(HANDLE file,
						  PIO_STATUS_BLOCK io,
						  PVOID data, ULONG size,
						  FILE_INFORMATION_CLASS class)
{
	return is_simulated(file)
		       ? sim_NtSetInformationFile(file, io, data, size, class)
		       : sbk_win32_file_system.NtSetInformationFile(
				 file, io, data, size, class);
}

/* A registry that is loaded on the simulation stays so. */
static void WINAPI hybrid_Sleep(DWORD ms)
{
	if (sim_now()->profiles.is_real)
		sbk_win32_file_system.Sleep(ms);
}

void hybrid_simulate_profiles(struct sim *sim)
{
	sim->profiles.is_real = false;
	(void)wcscpy(sim->profiles.directory, L"S:\\Users");
	(void)wcscpy(profiles_directory, L"S:\\Users");
}

struct sim *hybrid_begin(const char *directory)
{
	static const struct kept_lists_options lists = {.passes = is_simulated};
	struct sim *sim = sim_begin();

	copy_path(directory, data_directory);
	person_directory[0] = L'\0';
	(void)swprintf(profiles_directory, MAX_PATH, L"%ls\\Users",
		       data_directory);
	sim_elevate(sim);
	sim->drive = L'S';
	sim_use_registry(sim, WINLOGON);
	(void)CreateDirectoryW(profiles_directory, NULL);
	(void)swprintf(person_directory, MAX_PATH, L"%ls\\local",
		       data_directory);
	(void)CreateDirectoryW(person_directory, NULL);
	sim_use_real_profiles(sim, profiles_directory);
	table = *sbk_win32;
	simulated = table.files;
	table.files = (struct sbk_win32_files){
		.CreateFileW = hybrid_CreateFileW,
		.NtCreateFile = hybrid_NtCreateFile,
		.OpenFileById = hybrid_OpenFileById,
		.CloseHandle = hybrid_CloseHandle,
		.GetFileInformationByHandleEx =
			hybrid_GetFileInformationByHandleEx,
		.GetVolumeInformationByHandleW =
			hybrid_GetVolumeInformationByHandleW,
		.GetFinalPathNameByHandleW = hybrid_GetFinalPathNameByHandleW,
		.NtQuerySecurityObject = hybrid_NtQuerySecurityObject,
		.NtSetSecurityObject = hybrid_NtSetSecurityObject,
		.FlushFileBuffers = hybrid_FlushFileBuffers,
	};
	table.errors = sbk_win32_system.errors;
	table.errors.GetLastError = hybrid_GetLastError;
	program = sim_program_table;
	program.GetTokenInformation = hybrid_GetTokenInformation;
	table.program = &program;
	own_files = sbk_win32_file_system;
	own_files.SHGetKnownFolderPath = hybrid_SHGetKnownFolderPath;
	own_files.NtSetInformationFile = hybrid_NtSetInformationFile;
	own_files.Sleep = hybrid_Sleep;
	table.file = &own_files;
	table.profile = &sim_profile_table;
	kept_lists_put(&table, &lists);
	sbk_win32 = &table;
	return sim;
}

void hybrid_finish(struct sim *sim)
{
	sim_finish(sim);
}

static void put(FILE *from, const void *data, size_t size)
{
	if (size > 0 && fwrite(data, 1, size, from) != size)
		abort();
}

static void get(FILE *from, void *data, size_t size)
{
	if (size > 0 && fread(data, 1, size, from) != size)
		abort();
}

void hybrid_save(const struct sim *sim, const char *path)
{
	FILE *from = fopen(path, "wb");
	size_t i;

	if (from == NULL)
		abort();
	put(from, sim, sizeof(*sim));
	for (i = 0; i < sim->count; i++)
		put(from, sim->nodes[i].sd.data, sim->nodes[i].sd.size);
	if (!kept_lists_save(from) || fclose(from) != 0)
		abort();
}

static void get_descriptor(FILE *from, struct sim_node *node)
{
	const size_t size = node->sd.size;
	char bytes[DESCRIPTOR_BYTES];

	if (size > sizeof(bytes))
		abort();
	get(from, bytes, size);
	node->sd = node->durable = (struct sbk_buf)SBK_BUF_INIT;
	sbk_buf_add(&node->sd, bytes, size);
	sim_copy(&node->durable, &node->sd);
}

void hybrid_load(struct sim *sim, const char *path)
{
	FILE *from = fopen(path, "rb");
	size_t i;

	if (from == NULL)
		abort();
	for (i = 0; i < sim->count; i++) {
		sbk_buf_release(&sim->nodes[i].sd);
		sbk_buf_release(&sim->nodes[i].durable);
	}
	get(from, sim, sizeof(*sim));
	for (i = 0; i < sim->count; i++)
		get_descriptor(from, &sim->nodes[i]);
	if (!kept_lists_load(from))
		abort();
	sim_process_ends(sim);
	if (fclose(from) != 0)
		abort();
}

void hybrid_take_back(void)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_plan *changes = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_apply_result result = {0};
	struct sbk_journal_place place;
	struct sbk_journal *journal;
	struct sbk_backend backend;

	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	assert_ok(sbk_os_backend(&backend, &err), &err);
	if (sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, &err) == 0) {
		assert_ok(sbk_journal_lock(journal, 1000, &err), &err);
		assert_ok(sbk_journal_load(journal, &filter, changes, &err),
			  &err);
		if (sbk_plan_count(changes) > 0)
			assert_ok(sbk_journal_undo(journal, &backend,
						   "uninstall", changes,
						   &result, &err),
				  &err);
		assert_int_equal(result.owed, 0);
		sbk_journal_close(journal);
	}
	sbk_backend_close(&backend);
	sbk_plan_free(changes);
}

void hybrid_forget_machine(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal_place place;

	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	assert_ok(sbk_journal_remove(&place, &err), &err);
}
