/*
 * Wrappers of the calls for profiles, and how they are found: in the system's
 * own userenv.dll, which is kept loaded until the process ends.
 */
#include "engine/windows/win32_profile.h"

#include <wchar.h>

#include "engine/windows/win32.h"

#include "engine/banned.h"

#define PATH_UNITS 32768

typedef HRESULT(WINAPI create_fn)(LPCWSTR sid, LPCWSTR name, LPWSTR path,
				  DWORD size);
typedef BOOL(WINAPI delete_fn)(LPCWSTR sid, LPCWSTR path, LPCWSTR computer);

/* "LoadLibraryExW function (libloaderapi.h)", searched in System32 alone, and
 * "GetProcAddress function (libloaderapi.h)". NULL: there is none. */
static FARPROC find(const char *name)
{
	HMODULE library = LoadLibraryExW(L"userenv.dll", NULL,
					 LOAD_LIBRARY_SEARCH_SYSTEM32);

	return library == NULL ? NULL : GetProcAddress(library, name);
}

static HRESULT WINAPI system_create(LPCWSTR sid, LPCWSTR name, LPWSTR path,
				    DWORD size)
{
	create_fn *create = (create_fn *)(uintptr_t)find("CreateProfile");

	return create != NULL ? create(sid, name, path, size)
			      : HRESULT_FROM_WIN32(ERROR_CALL_NOT_IMPLEMENTED);
}

static BOOL WINAPI system_delete(LPCWSTR sid, LPCWSTR path, LPCWSTR computer)
{
	delete_fn *delete = (delete_fn *)(uintptr_t)find("DeleteProfileW");

	if (delete != NULL)
		return delete (sid, path, computer);
	SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
	return FALSE;
}

const struct sbk_win32_profile sbk_win32_profile_system = {
	.CreateProfile = system_create,
	.DeleteProfileW = system_delete,
};

int sbk_win32_create_profile(const WCHAR *sid, const WCHAR *name,
			     struct sbk_buf *out, struct sbk_error *err)
{
	static WCHAR path[PATH_UNITS]; /* too large for a stack */
	HRESULT result;

	path[0] = L'\0';
	result = sbk_win32->profile->CreateProfile(sid, name, path, PATH_UNITS);
	if (FAILED(result))
		return sbk_win32_hresult_error(err, result, "CreateProfile");
	path[PATH_UNITS - 1] = L'\0';
	sbk_buf_add(out, path, wcslen(path) * sizeof(*path));
	return sbk_buf_failed(out, err);
}

int sbk_win32_delete_profile(const WCHAR *sid, const WCHAR *path,
			     struct sbk_error *err)
{
	if (!sbk_win32->profile->DeleteProfileW(sid, path, NULL))
		return sbk_win32_last_error(err, "DeleteProfileW");
	return 0;
}
