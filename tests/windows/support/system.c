/* What the tests need of Windows; see tests/support/test.h. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "tests/support/shared.h"

#include "engine/banned.h"

char *sbk_test_directory(const char *name)
{
	char parent[MAX_PATH + 1];
	char *path = malloc(512);
	static unsigned int count;

	/* What tests/windows/wine offers, which is in memory. */
	if (path == NULL || (GetEnvironmentVariableA("SBK_TEST_TMP", parent,
						     sizeof(parent)) == 0 &&
			     GetTempPathA(sizeof(parent), parent) == 0))
		abort();
	(void)snprintf(path, 512, "%ssbk-%s-%lu-%u", parent, name,
		       GetCurrentProcessId(), count++);
	if (!CreateDirectoryA(path, NULL)) {
		print_error("CreateDirectory %s failed\n", path);
		abort();
	}
	return path;
}

/* What cannot be removed shows as the directory that stays. */
static void remove_below(const char *directory)
{
	char path[1024];
	WIN32_FIND_DATAA found;
	HANDLE search;

	(void)snprintf(path, sizeof(path), "%s\\*", directory);
	search = FindFirstFileA(path, &found);
	if (search == INVALID_HANDLE_VALUE)
		return;
	do {
		if (strcmp(found.cFileName, ".") == 0 ||
		    strcmp(found.cFileName, "..") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s\\%s", directory,
			       found.cFileName);
		if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
			(void)DeleteFileA(path);
			continue;
		}
		if (!(found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
			remove_below(path);
		(void)RemoveDirectoryA(path);
	} while (FindNextFileA(search, &found));
	(void)FindClose(search);
}

void sbk_test_remove(char *directory)
{
	const char *keep = getenv("SBK_KEEP_TMP");

	if (directory == NULL)
		return;
	if (keep == NULL || strcmp(keep, "1") != 0) {
		remove_below(directory);
		(void)RemoveDirectoryA(directory);
	}
	free(directory);
}

/* The mapping of the last memory that was made, for a program that is started
 * with it (support/fixture.c). */
static HANDLE shared;

void *sbk_test_shared(size_t size)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited),
					 .bInheritHandle = TRUE};
	void *memory = NULL;

	shared = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherited,
				    PAGE_READWRITE, 0, (DWORD)size, NULL);
	if (shared != NULL)
		memory = MapViewOfFile(shared, FILE_MAP_ALL_ACCESS, 0, 0, size);
	if (memory == NULL)
		abort();
	return memory;
}

void *sbk_test_shared_handle(void)
{
	return shared;
}

void sbk_test_unshare(void *memory, size_t size)
{
	(void)size;
	(void)UnmapViewOfFile(memory);
	(void)CloseHandle(shared);
	shared = NULL;
}
