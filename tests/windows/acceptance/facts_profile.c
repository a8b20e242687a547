/*
 * What CreateProfile and DeleteProfileW do, of an account that the script made
 * for it (WINDOWS.md part 5, "Profiles"). Owns the folder and the keys that it
 * has made, and takes them away by hand where the calls do not.
 */
#include "tests/windows/acceptance/facts.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <aclapi.h>
#include <sddl.h>

#include "tests/windows/acceptance/rows.h"
#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

#define LIST L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"

typedef HRESULT(WINAPI create_call)(LPCWSTR sid, LPCWSTR name, LPWSTR path,
				    DWORD size);
typedef BOOL(WINAPI delete_call)(LPCWSTR sid, LPCWSTR path, LPCWSTR computer);

static create_call *create_profile;
static delete_call *delete_profile;
static WCHAR *sid_text;

static bool find_calls(void)
{
	HMODULE library = LoadLibraryExW(L"userenv.dll", NULL,
					 LOAD_LIBRARY_SEARCH_SYSTEM32);
	FARPROC found;

	if (library == NULL)
		return false;
	found = GetProcAddress(library, "CreateProfile");
	memcpy(&create_profile, &found, sizeof(found));
	found = GetProcAddress(library, "DeleteProfileW");
	memcpy(&delete_profile, &found, sizeof(found));
	return create_profile != NULL && delete_profile != NULL;
}

static bool find_sid(const WCHAR *account)
{
	BYTE room[SECURITY_MAX_SID_SIZE];
	DWORD size = sizeof(room), units = 200;
	WCHAR domain[200];
	SID_NAME_USE use;

	return account != NULL &&
	       LookupAccountNameW(NULL, account, room, &size, domain, &units,
				  &use) &&
	       ConvertSidToStringSidW((PSID)room, &sid_text);
}

/* A value of ProfileList\SID (or SID.bak); the code. */
static DWORD read_list(const WCHAR *suffix, const WCHAR *value, WCHAR *out,
		       DWORD units)
{
	WCHAR key[300];
	DWORD size = units * (DWORD)sizeof(*out);

	out[0] = L'\0';
	(void)swprintf(key, 300, LIST L"\\%ls%ls", sid_text, suffix);
	return (DWORD)RegGetValueW(HKEY_LOCAL_MACHINE, key, value,
				   RRF_RT_ANY | RRF_SUBKEY_WOW6464KEY |
					   RRF_NOEXPAND,
				   NULL, out, &size);
}

static bool is_listed(void)
{
	WCHAR path[400];

	return read_list(L"", L"ProfileImagePath", path, 400) == 0;
}

static void say_list(const WCHAR *path)
{
	PSECURITY_DESCRIPTOR sd = NULL;
	WCHAR *text = NULL;

	if (GetNamedSecurityInfoW((WCHAR *)(uintptr_t)path, SE_FILE_OBJECT,
				  OWNER_SECURITY_INFORMATION |
					  DACL_SECURITY_INFORMATION,
				  NULL, NULL, NULL, NULL, &sd) == 0 &&
	    ConvertSecurityDescriptorToStringSecurityDescriptorW(
		    sd, SDDL_REVISION_1,
		    OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
		    &text, NULL))
		row("profile/the folder's list",
		    "no writing for Everyone or RESTRICTED", MEASURED, "%ls",
		    text);
	(void)LocalFree(text);
	(void)LocalFree(sd);
}

static HRESULT make(const WCHAR *account, WCHAR path[400])
{
	path[0] = L'\0';
	return create_profile(sid_text, account, path, 400);
}

static void remove_by_hand(const WCHAR *path)
{
	WCHAR line[700];
	struct process process;
	char text[2000];

	if (wcslen(path) < 10) /* "C:\\Users\\x" */
		return;
	/* The system's own: this is what an administrator would type. */
	(void)swprintf(line, 700, L"cmd.exe /c rd /s /q \"%ls\"", path);
	if (start_line(line, &process) == 0)
		(void)end_of(&process, text, sizeof(text));
}

static void forget_key(void)
{
	HKEY list;

	if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, LIST, 0,
			  KEY_ALL_ACCESS | KEY_WOW64_64KEY, &list) != 0)
		return;
	(void)RegDeleteTreeW(list, sid_text);
	(void)RegCloseKey(list);
}

/* As setup makes one, twice, and as uninstall takes it: the folder first. */
static void folder_first(const WCHAR *account)
{
	WCHAR path[400], again[400], image[400], guid[100];
	HRESULT result = make(account, path), second;
	DWORD code = 0;

	row("profile/CreateProfile", "0, and a folder by the account's name",
	    result == 0 && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES
		    ? PASSED
		    : FAILED,
	    "0x%08lx '%ls'", (unsigned long)result, path);
	if (result != 0)
		return;
	say_list(path);
	(void)read_list(L"", L"ProfileImagePath", image, 400);
	code = read_list(L"", L"Guid", guid, 100);
	row("profile/what ProfileList has", "the folder", MEASURED,
	    "'%ls', Guid: %lu '%ls'", image, code, guid);
	second = make(account, again);
	row("profile/CreateProfile once more", "open", MEASURED,
	    "0x%08lx '%ls'", (unsigned long)second, again);
	remove_by_hand(path);
	if (GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES) {
		row("profile/DeleteProfileW without its folder", "no folder",
		    NOT_MEASURED, "it could not be removed");
		return;
	}
	code = delete_profile(sid_text, path, NULL) ? 0 : GetLastError();
	row("profile/DeleteProfileW without its folder",
	    "open: 0, or an error, and then by hand", MEASURED,
	    "%lu, the list %s it", code, is_listed() ? "STILL HAS" : "lost");
	forget_key();
}

static void whole(const WCHAR *account)
{
	WCHAR path[400];
	const HRESULT result = make(account, path);
	DWORD code;

	if (result != 0) {
		row("profile/DeleteProfileW", "a profile", SKIPPED,
		    "none: 0x%08lx", (unsigned long)result);
		return;
	}
	code = delete_profile(sid_text, path, NULL) ? 0 : GetLastError();
	row("profile/DeleteProfileW", "0, folder and list without it",
	    code == 0 && !is_listed() &&
			    GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES
		    ? PASSED
		    : FAILED,
	    "%lu, %s, %s", code, is_listed() ? "LISTED" : "not listed",
	    GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES ? "gone"
								: "THERE");
	remove_by_hand(path);
	forget_key();
}

void measure_profile(const WCHAR *account)
{
	if (!find_calls() || !find_sid(account)) {
		row("profile", "an account that may go", SKIPPED,
		    "none is named '%ls', or no such calls",
		    account != NULL ? account : L"");
		return;
	}
	if (is_listed()) {
		row("profile", "an account without a profile", SKIPPED,
		    "'%ls' has one", account);
		return;
	}
	folder_first(account);
	whole(account);
	(void)LocalFree(sid_text);
}
