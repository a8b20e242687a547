/*
 * What a run may write, read and reach, a row each. Strict: a denial is one
 * only where the act began in the run, the same act is done outside, and the
 * file that it was to change is as it was.
 */
#include "tests/windows/acceptance/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

enum expected {
	DONE,	/* 0, also outside */
	DENIED, /* 5 in the run, 0 outside */
	/* As DENIED with an account; without one nothing holds it, and what was
	 * seen is data. */
	DENIED_WITH_ACCOUNT
};

/* In the words "@" is the place of the suite. */
struct scenario {
	const char *name;
	const WCHAR *root, *options, *words;
	enum expected expected;
	/* Whose content must be what it was where it is denied; made anew
	 * before each try. NULL: none. */
	const WCHAR *file;
};

#define RO L"--ro \"@\\ws\""
#define WS L"ws", L""
#define BESIDE L"other", RO

static const struct scenario scenarios[] = {
	{"write in the root", WS, L"write @\\ws\\new", DONE, NULL},
	{"append in the root", WS, L"append @\\ws\\old", DONE, L"ws\\old"},
	{"make a directory", WS, L"mkdir @\\ws\\made", DONE, NULL},
	{"write below", WS, L"write @\\ws\\sub\\new", DONE, NULL},
	{"rename", WS, L"rename @\\ws\\old @\\ws\\sub\\old", DONE, L"ws\\old"},
	{"delete", WS, L"delete @\\ws\\old", DONE, L"ws\\old"},
	{"a stream of a file in the root", WS, L"write @\\ws\\old:stream", DONE,
	 L"ws\\old"},
	{"temporary files", WS, L"temporary", DONE, NULL},
	{"write in a second root", L"ws", L"--rw \"@\\extra\"",
	 L"write @\\extra\\new", DONE, NULL},
	{"read what is granted for reading", BESIDE, L"read @\\ws\\old", DONE,
	 L"ws\\old"},

	{"write where one may read", BESIDE, L"write @\\ws\\old", DENIED,
	 L"ws\\old"},
	{"make where one may read", BESIDE, L"write @\\ws\\another", DENIED,
	 NULL},
	{"append where one may read", BESIDE, L"append @\\ws\\old", DENIED,
	 L"ws\\old"},
	{"delete where one may read", BESIDE, L"delete @\\ws\\old", DENIED,
	 L"ws\\old"},
	{"rename where one may read", BESIDE,
	 L"rename @\\ws\\old @\\ws\\renamed", DENIED, L"ws\\old"},
	{"move away what one may read", BESIDE,
	 L"rename @\\ws\\old @\\other\\old", DENIED, L"ws\\old"},
	{"attributes where one may read", BESIDE, L"attributes @\\ws\\old",
	 DENIED, L"ws\\old"},
	{"a stream where one may read", BESIDE, L"write @\\ws\\old:stream",
	 DENIED, L"ws\\old"},
	{"write outside", WS, L"write @\\outside\\old", DENIED,
	 L"outside\\old"},
	{"make outside", WS, L"write @\\outside\\new", DENIED, NULL},
	{"delete outside", WS, L"delete @\\outside\\old", DENIED,
	 L"outside\\old"},
	{"a stream outside", WS, L"write @\\outside\\old:stream", DENIED,
	 L"outside\\old"},
	{"write outside by a long path", WS, L"write \\\\?\\@\\outside\\old",
	 DENIED, L"outside\\old"},
	{"write outside in capitals", WS, L"write @\\OUTSIDE\\OLD", DENIED,
	 L"outside\\old"},
	{"write through dots", WS, L"write @\\ws\\..\\outside\\old", DENIED,
	 L"outside\\old"},
	{"write through a junction", WS, L"write @\\ws\\junction\\old", DENIED,
	 L"outside\\old"},
	{"write into Windows", WS, L"write C:\\Windows\\Temp\\..\\acceptance",
	 DENIED_WITH_ACCOUNT, NULL},
	{"link to a file outside", WS, L"link @\\ws\\linked @\\outside\\old",
	 DENIED, L"outside\\old"},
	{"a protected name", WS, L"write @\\ws\\.git\\config", DENIED,
	 L"ws\\.git\\config"},
	{"a protected name in other case", WS, L"write @\\ws\\.GiT\\CONFIG",
	 DENIED, L"ws\\.git\\config"},
	{"a protected name renamed", WS, L"rename @\\ws\\.git @\\ws\\git",
	 DENIED, L"ws\\.git\\config"},
	{"a stream of a protected file", WS, L"write @\\ws\\.git\\config:x",
	 DENIED, L"ws\\.git\\config"},
	{"the user's registry", WS, L"registry HKCU Software", DENIED, NULL},
	{"read outside", WS, L"read @\\outside\\old", DENIED_WITH_ACCOUNT,
	 L"outside\\old"},
	{"list outside", WS, L"read @\\outside", DENIED_WITH_ACCOUNT, NULL},
	{"the raw volume", WS, L"read \\\\.\\C:", DENIED_WITH_ACCOUNT, NULL},
	{"the raw disk", WS, L"read \\\\.\\PhysicalDrive0", DENIED_WITH_ACCOUNT,
	 NULL},
	{"the user's journal", WS, L"read %LOCALAPPDATA%\\Sandbook",
	 DENIED_WITH_ACCOUNT, NULL},
	{"a program's streams (cmd)", WS,
	 L"program \"cmd /c echo x | findstr x\"", DONE, NULL},
	{"PowerShell writes", WS,
	 L"program \"powershell -NoProfile -Command Set-Content @\\ws\\ps x\"",
	 DONE, NULL},
	{"git in the root", WS, L"program \"git -C @\\ws\\sub init\"", DONE,
	 NULL},
	{"python in the root", WS,
	 L"program \"python -c open('py','w').write('x')\"", DONE, NULL},
	{"node starts a child", WS,
	 L"program \"node -e require('child_process').execSync('hostname')\"",
	 DONE, NULL},
};

/* "@" is the place; %NAME% what the environment has. */
static void expand(const WCHAR *text, WCHAR *out, size_t units)
{
	WCHAR filled[2048];
	size_t used = 0, i;

	for (i = 0; text[i] != L'\0' && used < 1500; i++)
		if (text[i] == L'@')
			used += (size_t)swprintf(filled + used, 2048 - used,
						 L"%ls", sandbox_place());
		else
			filled[used++] = text[i];
	filled[used] = L'\0';
	must(ExpandEnvironmentStringsW(filled, out, (DWORD)units) > 0,
	     "ExpandEnvironmentStrings");
}

static const WCHAR *full(const WCHAR *name)
{
	static WCHAR path[600];

	(void)swprintf(path, 600, L"%ls\\%ls", sandbox_place(), name);
	return path;
}

/* What the control of "a protected name renamed" has renamed. */
static void put_back(void)
{
	WCHAR from[600];

	(void)swprintf(from, 600, L"%ls", full(L"ws\\git"));
	(void)MoveFileExW(from, full(L"ws\\.git"), 0);
}

/* As it is before each try: `file` has its content, nothing else is there. */
static void prepare(const struct scenario *scenario)
{
	static const WCHAR *const passing[] = {
		L"ws\\new",	L"ws\\sub\\new", L"ws\\sub\\old",
		L"extra\\new",	L"outside\\new", L"ws\\another",
		L"ws\\renamed", L"other\\old",	 L"ws\\linked"};
	HANDLE file;
	DWORD written;
	size_t i;

	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		(void)DeleteFileW(full(passing[i]));
	(void)RemoveDirectoryW(full(L"ws\\made"));
	put_back();
	if (scenario->file == NULL)
		return;
	(void)SetFileAttributesW(full(scenario->file), FILE_ATTRIBUTE_NORMAL);
	(void)DeleteFileW(full(scenario->file));
	file = CreateFileW(full(scenario->file), GENERIC_WRITE, 0, NULL,
			   CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
	must(file != INVALID_HANDLE_VALUE, "CreateFile");
	must(WriteFile(file, "before", 6, &written, NULL), "WriteFile");
	(void)CloseHandle(file);
}

/* The file's name, content and plain attributes, and no stream beside it. */
static bool is_untouched(const WCHAR *name)
{
	WIN32_FIND_STREAM_DATA stream;
	char text[8] = "";
	DWORD got = 0;
	HANDLE file, list;
	bool more;

	if (name == NULL)
		return true;
	file = CreateFileW(full(name), GENERIC_READ, FILE_SHARE_READ, NULL,
			   OPEN_EXISTING, 0, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return false;
	if (!ReadFile(file, text, sizeof(text), &got, NULL))
		got = 0;
	(void)CloseHandle(file);
	list = FindFirstStreamW(full(name), FindStreamInfoStandard, &stream, 0);
	more = list != INVALID_HANDLE_VALUE && FindNextStreamW(list, &stream);
	if (list != INVALID_HANDLE_VALUE)
		(void)FindClose(list);
	return got == 6 && memcmp(text, "before", 6) == 0 && !more &&
	       (GetFileAttributesW(full(name)) & FILE_ATTRIBUTE_READONLY) == 0;
}

static enum verdict judge(const struct scenario *scenario, DWORD control,
			  DWORD seen, bool untouched)
{
	const bool data = scenario->expected == DENIED_WITH_ACCOUNT &&
			  !sandbox_has_account();

	if (seen == NEVER_RAN)
		return SKIPPED;
	if (control != 0)
		return NOT_MEASURED;
	if (scenario->expected == DONE)
		return seen == 0 ? PASSED : FAILED;
	if (data)
		return MEASURED;
	return seen == ERROR_ACCESS_DENIED && untouched ? PASSED : FAILED;
}

/* What the program said when no command began: its line, without control. */
static const char *first_line(char *text)
{
	char *c;

	for (c = text; *c != '\0' && *c != '\n' && *c != '\r'; c++)
		;
	*c = '\0';
	return text[0] != '\0' ? text : "no word of it";
}

static void try_scenario(const struct scenario *scenario)
{
	static const char *const expected[] = {
		"done (0), outside, too",
		"denied (5) and untouched, outside done (0)",
		"denied (5) with an account, outside done (0)"};
	WCHAR words[2048], options[1024];
	char text[4096], name[200];
	DWORD control, seen;
	bool untouched;

	expand(scenario->words, words, 2048);
	expand(scenario->options, options, 1024);
	prepare(scenario);
	control = plain_act(words);
	prepare(scenario);
	seen = sandbox_act(scenario->root, options, words, text, sizeof(text));
	untouched = is_untouched(scenario->file);
	(void)snprintf(name, sizeof(name), "run/%s", scenario->name);
	if (seen == NEVER_RAN)
		row(name, expected[scenario->expected], SKIPPED,
		    "the command never ran: %.600s", first_line(text));
	else
		row(name, expected[scenario->expected],
		    judge(scenario, control, seen, untouched),
		    "%lu, outside %lu%s", seen, control,
		    untouched ? "" : ", the file is another");
}

void measure_scenarios(void)
{
	WCHAR junction[1300];
	size_t i;

	(void)swprintf(junction, 1300,
		       L"junction %ls\\ws\\junction %ls\\outside",
		       sandbox_place(), sandbox_place());
	if (plain_act(junction) != 0)
		row("run/a junction", "one to try", SKIPPED, "none was made");
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		try_scenario(&scenarios[i]);
}
