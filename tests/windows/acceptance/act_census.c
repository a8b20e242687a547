/*
 * What an account reaches that nobody granted it: the pipes that open for
 * writing, the directories that it may make files in, the services that it may
 * start or change. Counted and named, and nothing of it is used: no row calls
 * it a failure (WINDOWS.md part 6, "Carriers").
 */
#include "tests/windows/acceptance/act.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/banned.h"

#define NAMED 40 /* of each kind, by name */
#define DEEP 4
#define DIRECTORIES_MAX 20000

static void say(unsigned *count, const WCHAR *name)
{
	if (++*count <= NAMED)
		(void)printf(" %ls;", name);
}

static void pipes(void)
{
	WIN32_FIND_DATAW found;
	unsigned count = 0, all = 0;
	WCHAR path[400];
	HANDLE list = FindFirstFileW(L"\\\\.\\pipe\\*", &found), pipe;

	(void)printf("pipes that open to write:");
	if (list == INVALID_HANDLE_VALUE) {
		(void)printf(" not listed, error %lu\n", GetLastError());
		return;
	}
	do {
		all++;
		(void)swprintf(path, 400, L"\\\\.\\pipe\\%ls", found.cFileName);
		pipe = CreateFileW(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
				   SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS,
				   NULL);
		if (pipe == INVALID_HANDLE_VALUE)
			continue;
		(void)CloseHandle(pipe);
		say(&count, found.cFileName);
	} while (FindNextFileW(list, &found));
	(void)FindClose(list);
	(void)printf(" %u of %u\n", count, all);
}

/* FILE_ADD_FILE, asked by opening; nothing is made. */
static bool can_add(const WCHAR *path)
{
	HANDLE directory = CreateFileW(
		path, FILE_ADD_FILE,
		FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
		OPEN_EXISTING,
		FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
		NULL);

	if (directory == INVALID_HANDLE_VALUE)
		return false;
	(void)CloseHandle(directory);
	return true;
}

static void below(const WCHAR *path, int depth, unsigned *count, unsigned *seen)
{
	WIN32_FIND_DATAW found;
	WCHAR child[600];
	HANDLE list;

	if (++*seen > DIRECTORIES_MAX || depth > DEEP)
		return;
	if (can_add(path))
		say(count, path);
	if (swprintf(child, 600, L"%ls\\*", path) < 0)
		return;
	list = FindFirstFileW(child, &found);
	if (list == INVALID_HANDLE_VALUE)
		return;
	do {
		if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 ||
		    (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) !=
			    0 ||
		    wcscmp(found.cFileName, L".") == 0 ||
		    wcscmp(found.cFileName, L"..") == 0)
			continue;
		if (swprintf(child, 600, L"%ls\\%ls", path, found.cFileName) >
		    0)
			below(child, depth + 1, count, seen);
	} while (FindNextFileW(list, &found));
	(void)FindClose(list);
}

static void directories(void)
{
	static const WCHAR *const tops[] = {L"SystemDrive", L"PUBLIC"};
	unsigned count = 0, seen = 0;
	WCHAR path[300];
	size_t i;

	(void)printf("directories that take a file:");
	for (i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		if (GetEnvironmentVariableW(tops[i], path, 300) > 0)
			below(path, 0, &count, &seen);
	(void)printf(" %u of %u\n", count, seen);
}

static void services(void)
{
	SC_HANDLE manager = OpenSCManagerW(
		NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE);
	ENUM_SERVICE_STATUSW *all = NULL;
	DWORD size = 0, count = 0, next = 0, i;
	unsigned startable = 0;

	(void)printf("services that it may start or change:");
	if (manager != NULL) {
		(void)EnumServicesStatusW(manager, SERVICE_WIN32,
					  SERVICE_STATE_ALL, NULL, 0, &size,
					  &count, &next);
		all = malloc(size + 1u);
	}
	if (all == NULL ||
	    !EnumServicesStatusW(manager, SERVICE_WIN32, SERVICE_STATE_ALL, all,
				 size, &size, &count, &next)) {
		(void)printf(" not listed, error %lu\n", GetLastError());
		count = 0;
	}
	for (i = 0; i < count; i++) {
		static const DWORD rights[] = {SERVICE_START,
					       SERVICE_CHANGE_CONFIG};
		size_t r;

		for (r = 0; r < 2; r++) {
			SC_HANDLE one = OpenServiceW(
				manager, all[i].lpServiceName, rights[r]);

			if (one == NULL)
				continue;
			(void)CloseServiceHandle(one);
			say(&startable, all[i].lpServiceName);
			break;
		}
	}
	if (all != NULL && count > 0)
		(void)printf(" %u of %lu\n", startable, count);
	free(all);
	if (manager != NULL)
		(void)CloseServiceHandle(manager);
}

DWORD act_census(int argc, WCHAR **argv)
{
	(void)argc;
	(void)argv;
	pipes();
	directories();
	services();
	return 0;
}
