/* See the header. */
#include "tests/windows/trial_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#include <initguid.h>
#include <knownfolders.h>
#include <objbase.h>

#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define STARTED_MAX 16

static struct trial_world world;
static struct sbk_win32 table;
static struct sbk_win32_logon logon;
static struct sbk_win32_file folders;
static const struct sbk_win32 *before;
static HANDLE started[STARTED_MAX];
static size_t started_count;
static char *directory;

void trial_behave(const char *how)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/behaviour", directory);
	file = fopen(path, "wb");
	if (file == NULL || fputs(how, file) < 0 || fclose(file) != 0)
		abort();
}

static BOOL WINAPI start_as_self(LPCWSTR name, LPCWSTR domain, LPCWSTR password,
				 DWORD how, LPCWSTR program, LPWSTR line,
				 DWORD flags, LPVOID environment, LPCWSTR where,
				 LPSTARTUPINFOW startup,
				 LPPROCESS_INFORMATION out)
{
	const HANDLE self = GetCurrentProcess();

	if ((flags & CREATE_SUSPENDED) == 0 || wcscmp(domain, L".") != 0 ||
	    wcsncmp(name, L"SandbookO", 9) != 0 || how != 0 ||
	    wcslen(password) != sizeof(TRIAL_PASSWORD) - 1 ||
	    environment != NULL)
		abort();
	world.logons++;
	if (world.refuse_with != 0) {
		SetLastError(world.refuse_with);
		return FALSE;
	}
	trial_behave(wcsncmp(name, L"SandbookOn", 10) == 0 ? world.online
							   : world.offline);
	if (started_count == STARTED_MAX ||
	    !CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL,
			    where, startup, out) ||
	    !DuplicateHandle(self, out->hProcess, self,
			     &started[started_count++], SYNCHRONIZE, FALSE, 0))
		abort();
	return TRUE;
}

/* The user's own records are in the test's directory, too. */
static HRESULT WINAPI find_folder(const GUID *folder, DWORD flags, HANDLE token,
				  PWSTR *out)
{
	wchar_t full[400];

	if (memcmp(folder, &FOLDERID_LocalAppData, sizeof(*folder)) != 0)
		return sbk_win32_file_system.SHGetKnownFolderPath(folder, flags,
								  token, out);
	*out = CoTaskMemAlloc(sizeof(full));
	if (*out == NULL || swprintf(full, 400, L"%hs", world.program) < 0)
		return E_OUTOFMEMORY;
	*wcsrchr(full, L'/') = L'\0';
	memcpy(*out, full, sizeof(full));
	return S_OK;
}

/* "C:/.../runner_tested.exe" of the test's own, with what it does beside it. */
static void copy_program(void)
{
	char from[MAX_PATH + 32], full[400];
	char *c;

	if (GetModuleFileNameA(NULL, from, MAX_PATH) == 0)
		abort();
	c = strrchr(from, '\\') + 1;
	(void)snprintf(c, 32, "runner_tested.exe");
	directory = sbk_test_directory("trial");
	if (GetFullPathNameA(directory, sizeof(full), full, NULL) == 0)
		abort();
	(void)snprintf(world.program, sizeof(world.program),
		       "%s/runner_tested.exe", full);
	if (!CopyFileA(from, world.program, TRUE))
		abort();
	for (c = world.program; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
}

struct trial_world *trial_begin(void)
{
	memset(&world, 0, sizeof(world));
	world.online = TRIAL_ONLINE;
	world.offline = TRIAL_OFFLINE;
	started_count = 0;
	copy_program();
	table = sbk_win32_system;
	logon = sbk_win32_logon_system;
	logon.CreateProcessWithLogonW = start_as_self;
	table.logon = &logon;
	folders = sbk_win32_file_system;
	folders.SHGetKnownFolderPath = find_folder;
	table.file = &folders;
	before = sbk_win32;
	sbk_win32 = &table;
	if (!SetEnvironmentVariableA("SBK_TEST_RUNNER", "serve"))
		abort();
	return &world;
}

const struct sbk_win32 *trial_table(void)
{
	return &table;
}

void trial_end(struct trial_world *w)
{
	size_t i;

	for (i = 0; i < started_count; i++) {
		assert_int_equal(WaitForSingleObject(started[i], 5000),
				 WAIT_OBJECT_0);
		(void)CloseHandle(started[i]);
	}
	memset(w, 0, sizeof(*w));
	sbk_win32 = before;
	sbk_test_remove(directory);
}
