/* The simulated profiles; see the header. */
#include "tests/windows/sim_profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/ntsec/sddl.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_file.h"
#include "tests/windows/sim.h"

#include "engine/banned.h"

#define STATUS_OK ((NTSTATUS)0)
#define STATUS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_NOT_EMPTY ((NTSTATUS)0xC0000101)
#define PATH_UNITS 260

static BOOL fail_with(DWORD code)
{
	sim_now()->last_error = code;
	return FALSE;
}

static void key_of(const WCHAR *sid, const WCHAR *end, WCHAR out[PATH_UNITS])
{
	(void)swprintf(out, PATH_UNITS, L"%ls\\%ls%ls", SIM_PROFILE_LIST, sid,
		       end);
}

/* --- the folder ----------------------------------------------------------- */

/* "C:\\Users\\x" as tests write paths. */
static void path_of(const WCHAR *path, char out[PATH_UNITS])
{
	size_t i;

	for (i = 0; path[i] != L'\0'; i++)
		out[i] = path[i] == L'\\' ? '/' : (char)path[i];
	out[i] = '\0';
}

static bool is_there(struct sim *sim, const WCHAR *path)
{
	char text[PATH_UNITS];

	path_of(path, text);
	return sim->profiles.is_real
		       ? GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES
		       : sim_find(sim, text) != SIZE_MAX;
}

/* As the system makes it: the account has an entry. */
static void list_of(const WCHAR *sid, char out[512])
{
	(void)snprintf(out, 512,
		       "O:SYG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
		       "(A;OICI;FA;;;%ls)",
		       sid);
}

/* A real one; its list is kept where the table keeps lists (kept_lists.h). */
static void make_real_folder(const WCHAR *path, const char *sddl)
{
	struct sbk_buf list = SBK_BUF_INIT;
	WCHAR below[PATH_UNITS];
	HANDLE folder;

	(void)swprintf(below, PATH_UNITS, L"%ls\\NTUSER.DAT", path);
	if (!CreateDirectoryW(path, NULL) ||
	    !CloseHandle(CreateFileW(below, GENERIC_WRITE, 0, NULL, CREATE_NEW,
				     0, NULL)))
		abort();
	folder = CreateFileW(path, READ_CONTROL | WRITE_DAC | WRITE_OWNER, 7,
			     NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS,
			     NULL);
	if (folder == INVALID_HANDLE_VALUE ||
	    sbk_sddl_parse(sddl, strlen(sddl), NULL, &list, NULL) < 0 ||
	    sbk_win32->files.NtSetSecurityObject(
		    folder,
		    OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
			    DACL_SECURITY_INFORMATION,
		    list.data) != STATUS_OK)
		abort();
	(void)CloseHandle(folder);
	sbk_buf_release(&list);
}

static void make_folder(struct sim *sim, const WCHAR *sid, const WCHAR *path)
{
	char text[PATH_UNITS], sddl[512], inner[PATH_UNITS + 32];

	list_of(sid, sddl);
	if (sim->profiles.is_real) {
		make_real_folder(path, sddl);
		return;
	}
	path_of(path, text);
	(void)sim_add(sim, text, true, sddl);
	(void)snprintf(inner, sizeof(inner), "%s/NTUSER.DAT", text);
	(void)sim_add(sim, inner, false, NULL);
	(void)snprintf(inner, sizeof(inner), "%s/AppData", text);
	(void)sim_add(sim, inner, true, NULL);
}

/* Follows what it finds. */
static void destroy(struct sim *sim, size_t node)
{
	size_t i;

	sim->nodes[node].gone = true;
	if (sim->nodes[node].target != 0)
		destroy(sim, sim->nodes[node].target);
	for (i = 1; i < sim->count; i++)
		if (!sim->nodes[i].gone && sim->nodes[i].parent == node)
			destroy(sim, i);
}

static void delete_folder(struct sim *sim, const WCHAR *path)
{
	char text[PATH_UNITS];
	size_t node;

	if (sim->profiles.is_real) {
		(void)RemoveDirectoryW(path);
		return;
	}
	path_of(path, text);
	node = sim_find(sim, text);
	if (node != SIZE_MAX)
		destroy(sim, node);
}

/* --- the calls ------------------------------------------------------------ */

static void make(struct sim *sim, const WCHAR *sid, const WCHAR *name,
		 WCHAR path[PATH_UNITS])
{
	WCHAR key[PATH_UNITS];

	(void)swprintf(path, PATH_UNITS, L"%ls\\%ls", sim->profiles.directory,
		       name);
	if (sim->profiles.strays || is_there(sim, path))
		(void)swprintf(path, PATH_UNITS, L"%ls\\%ls.SIM",
			       sim->profiles.directory, name);
	make_folder(sim, sid, path);
	if (sim->profiles.halves)
		return;
	key_of(sid, L"", key);
	sim_key_make(sim, key);
	sim_value_text(sim, key, L"ProfileImagePath", path);
}

static HRESULT WINAPI sim_CreateProfile(LPCWSTR sid, LPCWSTR name, LPWSTR out,
					DWORD size)
{
	struct sim *sim = sim_now();
	WCHAR key[PATH_UNITS], path[PATH_UNITS];

	if (sim_fails() || !sim_is_elevated())
		return E_ACCESSDENIED;
	key_of(sid, L"", key);
	if (sim_key_is_there(sim, key))
		return HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS);
	(void)swprintf(path, PATH_UNITS, L"%ls\\%ls", sim->profiles.directory,
		       name);
	if (!sim->profiles.forgets)
		make(sim, sid, name, path);
	if (sim->profiles.halves)
		return E_FAIL;
	if (wcslen(path) >= size)
		abort();
	wcscpy(out, path);
	return S_OK;
}

static BOOL WINAPI sim_DeleteProfileW(LPCWSTR sid, LPCWSTR path,
				      LPCWSTR computer)
{
	struct sim *sim = sim_now();
	WCHAR key[PATH_UNITS], users[PATH_UNITS];

	if (computer != NULL)
		return fail_with(ERROR_INVALID_PARAMETER);
	if (sim_fails() || !sim_is_elevated())
		return fail_with(ERROR_ACCESS_DENIED);
	key_of(sid, L"", key);
	if (!sim_key_is_there(sim, key))
		return fail_with(ERROR_FILE_NOT_FOUND);
	(void)swprintf(users, PATH_UNITS, L"HKU\\%ls", sid);
	if (sim_key_is_there(sim, users))
		return fail_with(ERROR_INVALID_PARAMETER);
	if (sim->profiles.misses && !is_there(sim, path))
		return fail_with(ERROR_FILE_NOT_FOUND);
	if (sim->profiles.swapped != NULL && is_there(sim, path)) {
		char text[PATH_UNITS];

		path_of(path, text);
		sim_make_link(sim, text, sim->profiles.swapped);
	}
	if (sim->profiles.keeps)
		return TRUE;
	if (!sim->profiles.keeps_folder)
		delete_folder(sim, path);
	sim_key_remove(sim, key);
	if (!sim->profiles.keeps_guid &&
	    sim_key_is_there(sim, SIM_PROFILE_GUIDS))
		sim_key_remove(sim, SIM_PROFILE_GUIDS L"\\{1}");
	return TRUE;
}

const struct sbk_win32_profile sim_profile_table = {
	.CreateProfile = sim_CreateProfile,
	.DeleteProfileW = sim_DeleteProfileW,
};

/* --- files of ours -------------------------------------------------------- */

/* Removal alone: "FILE_DISPOSITION_INFORMATION_EX structure (ntddk.h)". */
NTSTATUS NTAPI sim_NtSetInformationFile(HANDLE file, PIO_STATUS_BLOCK io,
					PVOID data, ULONG size,
					FILE_INFORMATION_CLASS class)
{
	struct sim *sim = sim_now();
	DWORD granted;
	struct sim_node *node = sim_node_at(file, &granted);
	size_t i;

	(void)io;
	if (node == NULL || class != 64 || size != sizeof(ULONG) ||
	    *(ULONG *)data != 0x13)
		abort(); /* nothing that we ever ask for */
	if (sim_fails() || (granted & DELETE) == 0)
		return STATUS_DENIED;
	for (i = 1; i < sim->count; i++)
		if (!sim->nodes[i].gone &&
		    &sim->nodes[sim->nodes[i].parent] == node)
			return STATUS_NOT_EMPTY;
	node->gone = true;
	return STATUS_OK;
}

static void WINAPI sim_Sleep(DWORD ms)
{
	(void)ms;
}

void sim_use_profiles(struct sim *sim)
{
	static struct sbk_win32_file file;

	file = sbk_win32_file_system;
	file.NtSetInformationFile = sim_NtSetInformationFile;
	file.Sleep = sim_Sleep;
	wcscpy(sim->profiles.directory, L"C:\\Users");
	(void)sim_add(sim, "C:/Users", true,
		      "O:SYG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
		      "(A;OICI;0x1200a9;;;BU)");
	sim_set_profiles(&sim_profile_table, &file);
}

void sim_use_real_profiles(struct sim *sim, const WCHAR *directory)
{
	sim->profiles.is_real = true;
	(void)swprintf(sim->profiles.directory, PATH_UNITS, L"%ls", directory);
}

/* --- others --------------------------------------------------------------- */

static void text_of(const struct sbk_sid *sid, WCHAR out[PATH_UNITS])
{
	struct sbk_sid_text text;

	(void)swprintf(out, PATH_UNITS, L"%hs", sbk_sid_format(sid, &text));
}

void sim_load_profile(struct sim *sim, const struct sbk_sid *sid,
		      const WCHAR *name)
{
	WCHAR text[PATH_UNITS], key[PATH_UNITS];

	text_of(sid, text);
	key_of(text, L"", key);
	if (!sim_key_is_there(sim, key)) {
		WCHAR path[PATH_UNITS];

		make(sim, text, name, path);
	}
	(void)swprintf(key, PATH_UNITS, L"HKU\\%ls", text);
	sim_key_make(sim, key);
}

void sim_unload_profile(struct sim *sim, const struct sbk_sid *sid)
{
	WCHAR text[PATH_UNITS], key[PATH_UNITS];

	text_of(sid, text);
	(void)swprintf(key, PATH_UNITS, L"HKU\\%ls", text);
	sim_key_remove(sim, key);
}

void sim_make_link(struct sim *sim, const char *path, const char *target)
{
	const size_t node = sim_find(sim, path);
	size_t i;

	for (i = 1; i < sim->count; i++) /* parents come first */
		if (sim->nodes[i].parent == node ||
		    sim->nodes[sim->nodes[i].parent].gone)
			sim->nodes[i].gone = true;
	sim->nodes[node].attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
	sim->nodes[node].target = sim_find(sim, target);
}

void sim_print_profiles(const struct sim *sim, struct sbk_buf *out)
{
	const size_t users = sim_find(sim, "C:/Users");
	size_t i;

	for (i = 0; users != SIZE_MAX && i < sim->count; i++) {
		WCHAR path[512];

		sim_path(sim, i, path, 512);
		if (!sim->nodes[i].gone && wcsncmp(path, L"\\Users", 6) == 0)
			sbk_buf_printf(out, "%ls\n", path);
	}
}
