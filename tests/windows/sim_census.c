/* What the simulation lists; see the header. */
#include "tests/windows/sim_census.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/sim.h"

#include "engine/banned.h"

#define STATUS_OK ((NTSTATUS)0)
#define STATUS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_NO_MORE ((NTSTATUS)0x8000001A) /* STATUS_NO_MORE_ENTRIES */
#define VOLUME_NAME       \
	L"\\\\?\\Volume{" \
	L"12345678-9abc-def0-1234-56789abcdef0}\\"

static BOOL fail_with(DWORD code)
{
	sim_now()->last_error = code;
	return FALSE;
}

/* --- the registry ----------------------------------------------------- */

/* As in sim_registry.c. */
static size_t key_of(HKEY key)
{
	return key == HKEY_LOCAL_MACHINE ? 0 : (size_t)((uintptr_t)key - 1);
}

static LSTATUS WINAPI sim_RegEnumValueW(HKEY key, DWORD index, LPWSTR name,
					LPDWORD name_size, LPDWORD reserved,
					LPDWORD type, LPBYTE data,
					LPDWORD data_size)
{
	const struct sim_registry *registry = &sim_now()->registry;
	size_t i;

	(void)reserved;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	for (i = 0; i < SIM_VALUES_MAX; i++) {
		if (!registry->values[i].is_there ||
		    registry->values[i].key != key_of(key) || index-- > 0)
			continue;
		if (wcslen(registry->values[i].name) >= *name_size ||
		    registry->values[i].size > *data_size)
			return ERROR_MORE_DATA;
		*name_size = (DWORD)wcslen(registry->values[i].name);
		wcscpy(name, registry->values[i].name);
		*type = registry->values[i].type;
		*data_size = registry->values[i].size;
		memcpy(data, registry->values[i].data, *data_size);
		return ERROR_SUCCESS;
	}
	return ERROR_NO_MORE_ITEMS;
}

/* --- rights ----------------------------------------------------------- */

/* One piece of memory, which LsaFreeMemory frees. */
static NTSTATUS NTAPI sim_LsaEnumerateAccountsWithUserRight(
	LSA_HANDLE policy, PLSA_UNICODE_STRING right, PVOID *out, PULONG count)
{
	struct sim *sim = policy;
	LSA_ENUMERATION_INFORMATION *list;
	size_t i;

	*count = 0;
	if (sim_fails() || !sim->elevated)
		return STATUS_DENIED;
	list = calloc(16, sizeof(*list));
	if (list == NULL)
		abort();
	for (i = 0; i < 16; i++)
		if (sim->rights[i].held &&
		    wcslen(sim->rights[i].name) * sizeof(WCHAR) ==
			    right->Length &&
		    wcsncmp(sim->rights[i].name, right->Buffer,
			    right->Length / sizeof(WCHAR)) == 0)
			list[(*count)++].Sid = sim->rights[i].sid.bytes;
	if (*count > 0) {
		*out = list;
		return STATUS_OK;
	}
	free(list);
	return STATUS_NO_MORE;
}

/* --- the one volume --------------------------------------------------- */

static HANDLE WINAPI sim_FindFirstVolumeW(LPWSTR out, DWORD size)
{
	if (sim_fails()) {
		(void)fail_with(ERROR_ACCESS_DENIED);
		return INVALID_HANDLE_VALUE;
	}
	if (wcslen(VOLUME_NAME) >= size)
		abort();
	wcscpy(out, VOLUME_NAME);
	return (HANDLE)(uintptr_t)1;
}

static BOOL WINAPI sim_FindNextVolumeW(HANDLE list, LPWSTR out, DWORD size)
{
	(void)list;
	(void)out;
	(void)size;
	return fail_with(ERROR_NO_MORE_FILES);
}

static BOOL WINAPI sim_FindVolumeClose(HANDLE list)
{
	(void)list;
	return TRUE;
}

static BOOL WINAPI sim_GetVolumePathNamesForVolumeNameW(LPCWSTR volume,
							LPWCH out, DWORD size,
							PDWORD needed)
{
	const WCHAR paths[] = {sim_now()->drive, L':', L'\\', L'\0', L'\0'};

	(void)volume;
	*needed = sizeof(paths) / sizeof(*paths);
	if (size < *needed)
		return fail_with(ERROR_MORE_DATA);
	memcpy(out, paths, sizeof(paths));
	return TRUE;
}

static UINT WINAPI sim_GetDriveTypeW(LPCWSTR root)
{
	(void)root;
	return DRIVE_FIXED;
}

static BOOL WINAPI sim_GetVolumeInformationW(LPCWSTR root, LPWSTR label,
					     DWORD label_size, LPDWORD serial,
					     LPDWORD name_max, LPDWORD flags,
					     LPWSTR type, DWORD type_size)
{
	(void)root;
	(void)label;
	(void)label_size;
	(void)serial;
	(void)name_max;
	if (type_size < 5)
		abort();
	*flags = FILE_PERSISTENT_ACLS;
	wcscpy(type, L"NTFS");
	return TRUE;
}

const struct sbk_win32_census sim_census_table = {
	.RegEnumValueW = sim_RegEnumValueW,
	.LsaEnumerateAccountsWithUserRight =
		sim_LsaEnumerateAccountsWithUserRight,
	.FindFirstVolumeW = sim_FindFirstVolumeW,
	.FindNextVolumeW = sim_FindNextVolumeW,
	.FindVolumeClose = sim_FindVolumeClose,
	.GetVolumePathNamesForVolumeNameW =
		sim_GetVolumePathNamesForVolumeNameW,
	.GetDriveTypeW = sim_GetDriveTypeW,
	.GetVolumeInformationW = sim_GetVolumeInformationW,
	.SetThreadErrorMode = SetThreadErrorMode,
};
