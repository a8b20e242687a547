/*
 * What a run tries against links, time and its own end: each names what it left
 * by files that the suite looks at afterwards.
 */
#include "tests/windows/acceptance/act.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <dpapi.h>
#include <shlobj.h>

#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

#define RACE_MS 3000

static DWORD code_unless(BOOL done)
{
	return done ? 0 : GetLastError();
}

/* A junction LINK to TARGET, made here, and then NAME written through it. */
DWORD act_through(int argc, WCHAR **argv)
{
	WCHAR path[800];
	WCHAR *words[1] = {path};
	DWORD code;

	if (argc < 3)
		return ERROR_INVALID_PARAMETER;
	code = act_junction(2, argv);
	if (code != 0)
		return code;
	(void)swprintf(path, 800, L"%ls\\%ls", argv[0], argv[2]);
	code = act_write(1, words);
	(void)RemoveDirectoryW(argv[0]);
	return code;
}

/* PATHS, the last of them to TARGET; needs a privilege or developers' mode. */
DWORD act_symlink(int argc, WCHAR **argv)
{
	if (argc < 2)
		return ERROR_INVALID_PARAMETER;
	return code_unless(CreateSymbolicLinkW(
		argv[0], argv[1],
		SYMBOLIC_LINK_FLAG_DIRECTORY |
			2 /* SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE */));
}

struct race {
	WCHAR *link, *inside, *target;
	volatile LONG stop;
	unsigned turns;
};

/* Now a directory, now a junction. */
static DWORD WINAPI turn(void *arg)
{
	struct race *race = arg;
	WCHAR *words[2] = {race->link, NULL};

	while (!race->stop) {
		words[1] = race->turns % 2 == 0 ? race->target : race->inside;
		if (act_junction(2, words) == 0)
			race->turns++;
		(void)RemoveDirectoryW(race->link);
	}
	return 0;
}

/* LINK INSIDE TARGET NAME: writes LINK\NAME while LINK leads now into the root,
 * now out of it. 0: it was written at least once, wherever. */
DWORD act_race(int argc, WCHAR **argv)
{
	const ULONGLONG until = GetTickCount64() + RACE_MS;
	struct race race = {.stop = 0};
	unsigned written = 0, refused = 0;
	HANDLE thread;
	WCHAR path[800];
	WCHAR *words[1] = {path};

	if (argc < 4)
		return ERROR_INVALID_PARAMETER;
	race.link = argv[0];
	race.inside = argv[1];
	race.target = argv[2];
	(void)swprintf(path, 800, L"%ls\\%ls", argv[0], argv[3]);
	thread = CreateThread(NULL, 0, turn, &race, 0, NULL);
	if (thread == NULL)
		return GetLastError();
	while (GetTickCount64() < until)
		switch (act_write(1, words)) {
		case 0:
			written++;
			break;
		case ERROR_ACCESS_DENIED:
			refused++;
			break;
		default:
			break;
		}
	(void)InterlockedExchange(&race.stop, 1);
	(void)WaitForSingleObject(thread, INFINITE);
	(void)CloseHandle(thread);
	(void)printf("turns %u written %u refused %u\n", race.turns, written,
		     refused);
	return written > 0 ? 0 : ERROR_NOT_FOUND;
}

/* MILLISECONDS PATH: waits, and then writes. */
DWORD act_slow(int argc, WCHAR **argv)
{
	if (argc < 2)
		return ERROR_INVALID_PARAMETER;
	Sleep((DWORD)wcstoul(argv[0], NULL, 10));
	return act_write(1, argv + 1);
}

/* The same by a process that is to outlive this one: out of the job where the
 * job lets it, without a console. */
DWORD act_leave(int argc, WCHAR **argv)
{
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made;
	WCHAR program[600], line[1600];
	DWORD flags = DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB;
	BOOL done;

	if (argc < 2 || GetModuleFileNameW(NULL, program, 600) == 0)
		return ERROR_INVALID_PARAMETER;
	(void)swprintf(line, 1600, L"acceptance slow %ls \"%ls\"", argv[0],
		       argv[1]);
	done = CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL,
			      NULL, &startup, &made);
	if (!done) {
		flags = DETACHED_PROCESS;
		done = CreateProcessW(program, line, NULL, NULL, FALSE, flags,
				      NULL, NULL, &startup, &made);
	}
	if (!done)
		return GetLastError();
	(void)printf("breakaway %d\n",
		     (flags & CREATE_BREAKAWAY_FROM_JOB) != 0);
	(void)CloseHandle(made.hThread);
	(void)CloseHandle(made.hProcess);
	return 0;
}

/* PATH of any length: each directory of it is made. */
DWORD act_deep(int argc, WCHAR **argv)
{
	WCHAR path[600];
	WCHAR *words[1] = {path};
	size_t length;
	int i;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	length = (size_t)swprintf(path, 600, L"\\\\?\\%ls", argv[0]);
	for (i = 0; i < 20 && length + 30 < 600; i++) {
		length += (size_t)swprintf(path + length, 600 - length,
					   L"\\a-directory-%d", i);
		if (!CreateDirectoryW(path, NULL) &&
		    GetLastError() != ERROR_ALREADY_EXISTS)
			return GetLastError();
	}
	(void)swprintf(path + length, 600 - length, L"\\it");
	return act_write(1, words);
}

/* An entry of one's own in a file's list: WRITE_DAC; and its owner. */
DWORD act_dacl(int argc, WCHAR **argv)
{
	HANDLE file;
	const DWORD right = argc > 1 && wcscmp(argv[1], L"owner") == 0
				    ? WRITE_OWNER
				    : WRITE_DAC;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	file = CreateFileW(
		argv[0], right,
		FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
		OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return GetLastError();
	(void)CloseHandle(file);
	return 0;
}

DWORD act_profile(int argc, WCHAR **argv)
{
	WCHAR path[MAX_PATH + 40];
	WCHAR *words[1] = {path};
	DWORD code;

	(void)argc;
	(void)argv;
	if (SHGetFolderPathW(NULL, CSIDL_PROFILE, NULL, SHGFP_TYPE_CURRENT,
			     path) != S_OK)
		return ERROR_PATH_NOT_FOUND;
	(void)printf("profile %ls\n", path);
	(void)swprintf(path + wcslen(path), 40, L"\\sandbook-acceptance-x");
	code = act_write(1, words);
	if (code == 0)
		(void)DeleteFileW(path);
	return code;
}

DWORD act_dpapi(int argc, WCHAR **argv)
{
	BYTE text[] = "acceptance";
	DATA_BLOB in = {sizeof(text), text}, sealed = {0, NULL};
	DATA_BLOB out = {0, NULL};
	DWORD code;

	(void)argc;
	(void)argv;
	code = code_unless(CryptProtectData(&in, NULL, NULL, NULL, NULL,
					    CRYPTPROTECT_UI_FORBIDDEN,
					    &sealed));
	if (code == 0)
		code = code_unless(
			CryptUnprotectData(&sealed, NULL, NULL, NULL, NULL,
					   CRYPTPROTECT_UI_FORBIDDEN, &out));
	(void)LocalFree(sealed.pbData);
	(void)LocalFree(out.pbData);
	return code;
}
