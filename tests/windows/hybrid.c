/* See the header. */
#include "tests/windows/hybrid.h"

#include <initguid.h>
#include <knownfolders.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/support/test.h"

#include "engine/os.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_program.h"
#include "journal/journal.h"

#include "engine/banned.h"

#define KEPT_MAX 256
#define WINLOGON L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
#define DESCRIPTOR_BYTES 512

/* The descriptors that were asked for, by the file's id. */
static struct {
	FILE_ID_INFO id;
	BYTE bytes[DESCRIPTOR_BYTES];
	DWORD size;
} kept[KEPT_MAX];
static size_t kept_count;
static struct sbk_win32 table;
static BOOL(WINAPI *sim_close)(HANDLE handle);
static struct sbk_win32_program program;
static struct sbk_win32_file file;
static struct sbk_win32_process process;
static WCHAR data_directory[MAX_PATH], profiles_directory[MAX_PATH];
static WCHAR person_directory[MAX_PATH];

static size_t find(const FILE_ID_INFO *id)
{
	size_t i = 0;

	while (i < kept_count && memcmp(&kept[i].id, id, sizeof(*id)) != 0)
		i++;
	return i;
}

static bool id_of(HANDLE handle, FILE_ID_INFO *out)
{
	memset(out, 0, sizeof(*out));
	return sbk_win32_system.files.GetFileInformationByHandleEx(
		handle, FileIdInfo, out, sizeof(*out));
}

/* Where what had this id before is gone, so is its list. */
static void keep(HANDLE handle, PSECURITY_DESCRIPTOR descriptor)
{
	const DWORD size = descriptor != NULL
				   ? GetSecurityDescriptorLength(descriptor)
				   : 0;
	FILE_ID_INFO id;
	size_t at;

	if (!id_of(handle, &id) || size > DESCRIPTOR_BYTES)
		abort();
	at = find(&id);
	if (at == kept_count && size == 0)
		return;
	if (at == kept_count && kept_count++ == KEPT_MAX)
		abort();
	kept[at].id = id;
	kept[at].size = size;
	if (size > 0)
		memcpy(kept[at].bytes, descriptor, size);
}

static NTSTATUS NTAPI hybrid_NtCreateFile(
	PHANDLE out, ACCESS_MASK access, POBJECT_ATTRIBUTES object,
	PIO_STATUS_BLOCK io, PLARGE_INTEGER size, ULONG attributes, ULONG share,
	ULONG disposition, ULONG options, PVOID ea, ULONG ea_size)
{
	OBJECT_ATTRIBUTES bare = *object;
	NTSTATUS status;

	bare.SecurityDescriptor = NULL;
	status = sbk_win32_system.files.NtCreateFile(
		out, access, &bare, io, size, attributes, share, disposition,
		options, ea, ea_size);
	if (status >= 0 && io->Information == FILE_CREATED)
		keep(*out, object->SecurityDescriptor);
	return status;
}

static NTSTATUS NTAPI hybrid_NtQuerySecurityObject(HANDLE handle,
						   SECURITY_INFORMATION what,
						   PSECURITY_DESCRIPTOR out,
						   ULONG size, PULONG needed)
{
	FILE_ID_INFO id;
	size_t at;

	if (!id_of(handle, &id) || (at = find(&id)) == kept_count ||
	    kept[at].size == 0)
		return sbk_win32_system.files.NtQuerySecurityObject(
			handle, what, out, size, needed);
	*needed = kept[at].size;
	if (size < kept[at].size)
		return (NTSTATUS)0xC0000023; /* STATUS_BUFFER_TOO_SMALL */
	memcpy(out, kept[at].bytes, kept[at].size);
	return 0;
}

/* The simulation's handles are in a range of their own. */
static bool is_simulated(HANDLE handle)
{
	const uintptr_t value = (uintptr_t)handle;

	return value >= 0x1000 && value < 0x1000 + 4 * SIM_HANDLES_MAX;
}

static BOOL WINAPI hybrid_CloseHandle(HANDLE handle)
{
	return is_simulated(handle)
		       ? sim_close(handle)
		       : sbk_win32_system.files.CloseHandle(handle);
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
	*out = CoTaskMemAlloc(sizeof(data_directory));
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

struct sim *hybrid_begin(const char *directory)
{
	struct sim *sim = sim_begin();

	copy_path(directory, data_directory);
	person_directory[0] = L'\0';
	(void)swprintf(profiles_directory, MAX_PATH, L"%ls\\Users",
		       data_directory);
	sim_elevate(sim);
	sim_use_registry(sim, WINLOGON);
	(void)CreateDirectoryW(profiles_directory, NULL);
	sim_use_real_profiles(sim, profiles_directory);
	kept_count = 0;
	table = *sbk_win32;
	sim_close = table.files.CloseHandle;
	table.files = sbk_win32_system.files;
	table.files.CloseHandle = hybrid_CloseHandle;
	table.files.NtCreateFile = hybrid_NtCreateFile;
	table.files.NtQuerySecurityObject = hybrid_NtQuerySecurityObject;
	table.errors = sbk_win32_system.errors;
	table.errors.GetLastError = hybrid_GetLastError;
	program = sim_program_table;
	program.GetTokenInformation = hybrid_GetTokenInformation;
	table.program = &program;
	file = sbk_win32_file_system;
	file.SHGetKnownFolderPath = hybrid_SHGetKnownFolderPath;
	table.file = &file;
	table.profile = &sim_profile_table;
	sbk_win32 = &table;
	return sim;
}

void hybrid_finish(struct sim *sim)
{
	sim_finish(sim);
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
