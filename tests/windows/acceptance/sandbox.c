/*
 * Runs of the program, as sandbox.h tells. Owns the directory that they work
 * in, below the user's own.
 */
#include "tests/windows/acceptance/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/inside.h"
#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

#define LINE_UNITS 4096

static WCHAR program[600], place[400];
static bool account;
static DWORD last_code;
static const WCHAR *const directories[] = {
	L"ws",	  L"ws\\.git", L"ws\\.codex", L"ws\\sub",
	L"other", L"extra",    L"outside",    L"a longer name",
};
#define DIRECTORIES (sizeof(directories) / sizeof(directories[0]))

bool sandbox_has_account(void)
{
	return account;
}

const WCHAR *sandbox_place(void)
{
	return place;
}

/* Depth first; links are removed and not followed. */
static void remove_tree(const WCHAR *path)
{
	WIN32_FIND_DATAW found;
	WCHAR pattern[600];
	HANDLE list;

	(void)swprintf(pattern, 600, L"%ls\\*", path);
	list = FindFirstFileW(pattern, &found);
	if (list != INVALID_HANDLE_VALUE) {
		do {
			if (wcscmp(found.cFileName, L".") == 0 ||
			    wcscmp(found.cFileName, L"..") == 0)
				continue;
			(void)swprintf(pattern, 600, L"%ls\\%ls", path,
				       found.cFileName);
			if ((found.dwFileAttributes &
			     FILE_ATTRIBUTE_DIRECTORY) == 0)
				(void)DeleteFileW(pattern);
			else if ((found.dwFileAttributes &
				  FILE_ATTRIBUTE_REPARSE_POINT) != 0)
				(void)RemoveDirectoryW(pattern);
			else
				remove_tree(pattern);
		} while (FindNextFileW(list, &found));
		(void)FindClose(list);
	}
	(void)RemoveDirectoryW(path);
}

bool sandbox_begin(const WCHAR *wanted, bool with_account)
{
	WCHAR home[300], own[600], copy[600];
	size_t i;

	account = with_account;
	(void)swprintf(program, 600, L"%ls", wanted);
	if (GetFileAttributesW(program) == INVALID_FILE_ATTRIBUTES)
		return false;
	must(GetEnvironmentVariableW(L"USERPROFILE", home, 300) > 0,
	     "USERPROFILE");
	(void)swprintf(place, 400, L"%ls\\sandbook-acceptance-%lu", home,
		       GetCurrentProcessId());
	/* Of one that had our number, and did not get to its end. */
	remove_tree(place);
	must(CreateDirectoryW(place, NULL), "CreateDirectory");
	for (i = 0; i < DIRECTORIES; i++) {
		(void)swprintf(copy, 600, L"%ls\\%ls", place, directories[i]);
		must(CreateDirectoryW(copy, NULL), "CreateDirectory");
	}
	/* Where each run may read it. */
	must(GetModuleFileNameW(NULL, own, 600) > 0, "GetModuleFileName");
	for (i = 0; i < 2; i++) {
		(void)swprintf(copy, 600, L"%ls\\%ls\\acceptance.exe", place,
			       i == 0 ? L"ws" : L"other");
		must(CopyFileW(own, copy, TRUE), "CopyFile");
	}
	return true;
}

/* What the grants of these runs are in the journal goes with its objects: the
 * next uninstall finds nothing there, and says so. What an account shut against
 * everybody stays, and is named. */
void sandbox_end(void)
{
	WCHAR words[600];
	char text[1000];

	(void)swprintf(words, 600, L"undo --path \"%ls\"", place);
	(void)sandbox_say(words, text, sizeof(text));
	remove_tree(place);
	if (GetFileAttributesW(place) != INVALID_FILE_ATTRIBUTES)
		row("run/the suite's directory goes", "gone", MEASURED,
		    "'%ls' is still there: an administrator can remove it",
		    place);
}

DWORD sandbox_start(const WCHAR *root, const WCHAR *options,
		    const WCHAR *arguments, struct process *out)
{
	WCHAR line[LINE_UNITS];
	const int length = swprintf(
		line, LINE_UNITS,
		L"\"%ls\" run -q --grant acl %ls -C \"%ls\\%ls\" %ls -- "
		L"\"%ls\\%ls\\acceptance.exe\" marked %ls",
		program, account ? L"--account" : L"--no-account --best-effort",
		place, root, options, place,
		wcscmp(root, L"other") == 0 ? root : L"ws", arguments);

	must(length > 0, "a command line");
	return start_line(line, out);
}

DWORD sandbox_act(const WCHAR *root, const WCHAR *options,
		  const WCHAR *arguments, char *text, size_t size)
{
	struct process process;
	const char *mark;
	DWORD code = sandbox_start(root, options, arguments, &process);

	text[0] = '\0';
	last_code = code;
	if (code == 0)
		last_code = end_of(&process, text, size);
	else
		(void)snprintf(text, size, "not started: error %lu", code);
	/* The code is what it printed: a run's own is of one byte. */
	mark = strstr(text, MARK);
	return mark != NULL ? strtoul(mark + strlen(MARK), NULL, 10)
			    : NEVER_RAN;
}

DWORD sandbox_code(void)
{
	return last_code;
}

DWORD sandbox_say(const WCHAR *words, char *text, size_t size)
{
	WCHAR line[LINE_UNITS];
	struct process process;
	DWORD code;

	text[0] = '\0';
	must(swprintf(line, LINE_UNITS, L"\"%ls\" %ls", program, words) > 0,
	     "a command line");
	code = start_line(line, &process);
	return code != 0 ? code : end_of(&process, text, size);
}

void sandbox_expand(const WCHAR *text, WCHAR *out, size_t units)
{
	WCHAR filled[2048];
	size_t used = 0, i;

	for (i = 0; text[i] != L'\0' && used < 1500; i++)
		if (text[i] == L'@')
			used += (size_t)swprintf(filled + used, 2048 - used,
						 L"%ls", place);
		else
			filled[used++] = text[i];
	filled[used] = L'\0';
	must(ExpandEnvironmentStringsW(filled, out, (DWORD)units) > 0,
	     "ExpandEnvironmentStrings");
}

DWORD plain_act(const WCHAR *arguments)
{
	struct process process;
	char text[1000];
	DWORD code = start_self(NULL, NULL, false, &process, arguments);

	return code != 0 ? code : end_of(&process, text, sizeof(text));
}
