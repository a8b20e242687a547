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
	DONE,	     /* 0, also outside */
	DONE_BESIDE, /* the same, and the file is untouched all the same */
	DENIED,	     /* 5 in the run, 0 outside */
	/* As DENIED with an account; without one nothing holds it, and what was
	 * seen is data. */
	DENIED_WITH_ACCOUNT,
	/* A program fails, by a code of its own, and the file is not made. */
	DENIED_OTHERWISE,
	/* Denied in the run; outside an administrator may, and others may not.
	 */
	NEVER_DONE,
	/* A right that is open in engine/ntsec: denied with an account. */
	DENIED_OPEN
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
#define READ_ONLY L"ws", RO /* the working directory itself */
#define PS L"program \"powershell -NoProfile -Command "
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
	 NEVER_DONE, NULL},
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
	/* Where nothing may be written: part A15 of the study, cases 1 to 28.
	 */
	{"read-only: write", READ_ONLY, L"write @\\ws\\new", DENIED, NULL},
	{"read-only: append", READ_ONLY, L"append @\\ws\\old", DENIED,
	 L"ws\\old"},
	{"read-only: make a directory", READ_ONLY, L"mkdir @\\ws\\made", DENIED,
	 NULL},
	{"read-only: delete", READ_ONLY, L"delete @\\ws\\old", DENIED,
	 L"ws\\old"},
	{"read-only: an additional root", L"ws",
	 L"--ro \"@\\ws\" --ro \"@\\extra\"", L"write @\\extra\\new", DENIED,
	 NULL},
	{"read-only: redirection by cmd", READ_ONLY,
	 L"program \"cmd /c echo x> @\\ws\\new\"", DENIED_OTHERWISE, NULL},
	{"read-only: Set-Content", READ_ONLY,
	 PS L"Set-Content -ErrorAction Stop @\\ws\\new x\"", DENIED_OTHERWISE,
	 NULL},
	{"read-only: WriteAllBytes", READ_ONLY,
	 PS L"[IO.File]::WriteAllBytes('@\\ws\\new',@(1,2))\"",
	 DENIED_OTHERWISE, NULL},
	{"read-only: python", READ_ONLY,
	 L"program \"python -c open(r'@\\ws\\new','w').write('x')\"",
	 DENIED_OTHERWISE, NULL},
	{"read-only: temporary files, which are the run's own", READ_ONLY,
	 L"temporary", DONE, NULL},
	{"redirection by cmd", WS, L"program \"cmd /c echo x> @\\ws\\new\"",
	 DONE, NULL},
	{"redirection by cmd, outside", WS,
	 L"program \"cmd /c echo x> @\\outside\\new\"", DENIED_OTHERWISE, NULL},
	{"WriteAllBytes", WS,
	 PS L"[IO.File]::WriteAllBytes('@\\ws\\new',@(1,2))\"", DONE, NULL},
	{"move between directories", WS,
	 L"program \"cmd /c move /y @\\ws\\old @\\ws\\sub\\old\"", DONE,
	 L"ws\\old"},
	{"deep directories", WS, L"deep @\\ws\\deep", DONE, NULL},
	{"curl is there", WS, L"program \"curl --version\"", DONE, NULL},
	{"rg is there", WS, L"program \"rg --version\"", DONE, NULL},
	{"git is there", WS, L"program \"git --version\"", DONE, NULL},

	/* Links that the run makes itself: cases 29, 30, 36, 37. */
	{"through a junction of its own", WS,
	 L"through @\\ws\\own @\\outside old", DENIED, L"outside\\old"},
	{"through a deep junction of its own", WS,
	 L"through @\\ws\\sub\\own @\\outside old", DENIED, L"outside\\old"},
	{"through a junction into Windows", WS,
	 L"through @\\ws\\own C:\\Windows\\System32 acceptance.txt", NEVER_DONE,
	 NULL},
	{"a junction that turns while it is written through", WS,
	 L"race @\\ws\\turn @\\ws\\sub @\\outside old", DONE_BESIDE,
	 L"outside\\old"},
	{"a symbolic link to the outside", WS, L"write @\\ws\\symbolic\\old",
	 DENIED, L"outside\\old"},
	/* Lists and owners, cases 34 and 35. */
	{"an entry of its own on what is outside", WS,
	 L"dacl @\\outside\\old dacl", DENIED_OPEN, L"outside\\old"},
	{"the owner of what is outside", WS, L"dacl @\\outside\\old owner",
	 DENIED_OPEN, L"outside\\old"},
	{"an entry of its own on the root", WS, L"dacl @\\ws dacl", DENIED_OPEN,
	 NULL},
	{"a protected directory of agents", WS,
	 L"write @\\ws\\.codex\\policy.json", DENIED,
	 L"ws\\.codex\\policy.json"},
	{"a protected name by a long path", WS,
	 L"write \\\\?\\@\\ws\\.git\\config", DENIED, L"ws\\.git\\config"},
	{"a protected name by its stream", WS,
	 L"write @\\ws\\.git::$INDEX_ALLOCATION\\config", DENIED,
	 L"ws\\.git\\config"},
	{"a protected name by a dot", WS, L"write @\\ws\\.git.\\config", DENIED,
	 L"ws\\.git\\config"},
	{"a protected name deleted", WS, L"delete @\\ws\\.git\\config", DENIED,
	 L"ws\\.git\\config"},
	{"the user's records", WS,
	 L"write %LOCALAPPDATA%\\Sandbook\\acceptance", DENIED, NULL},
	{"the machine's registry", WS, L"registry HKLM Software", NEVER_DONE,
	 NULL},
	{"the list of profiles", WS,
	 L"registry HKLM \"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
	 L"\\ProfileList\"",
	 NEVER_DONE, NULL},
	{"a name in the folder of profiles", WS, L"mkdir C:\\Users\\acceptance",
	 NEVER_DONE, NULL},
	{"the profile that the system names", WS, L"own-profile", DENIED, NULL},
	{"DPAPI", WS, L"dpapi", DONE, NULL},
	/* How a path may be said: what it leads to is what counts. */
	{"a root in capitals", L"ws", L"--rw \"@\\EXTRA\"",
	 L"write @\\extra\\new", DONE, NULL},
	{"a root by a drive of subst", L"ws", L"--rw \"{D}\\\\\"",
	 L"write @\\extra\\new", DONE, NULL},
	{"a root by its short name", L"ws", L"--rw \"{S}\"",
	 L"write \"@\\a longer name\\new\"", DONE, NULL},
	{"a root by a long path", L"ws", L"--rw \"\\\\?\\@\\extra\"",
	 L"write @\\extra\\new", DONE, NULL},
};

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
		L"ws\\new",	      L"ws\\sub\\new", L"ws\\sub\\old",
		L"extra\\new",	      L"outside\\new", L"ws\\another",
		L"ws\\renamed",	      L"other\\old",   L"ws\\linked",
		L"a longer name\\new"};
	WCHAR records[600];
	HANDLE file;
	DWORD written;
	size_t i;

	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		(void)DeleteFileW(full(passing[i]));
	(void)RemoveDirectoryW(full(L"ws\\made"));
	(void)RemoveDirectoryW(full(L"ws\\own"));
	(void)RemoveDirectoryW(full(L"ws\\sub\\own"));
	sandbox_expand(L"%LOCALAPPDATA%\\Sandbook\\acceptance", records, 600);
	(void)DeleteFileW(records);
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

/* What a program would have made. */
static bool made_new(void)
{
	return GetFileAttributesW(full(L"ws\\new")) !=
		       INVALID_FILE_ATTRIBUTES ||
	       GetFileAttributesW(full(L"outside\\new")) !=
		       INVALID_FILE_ATTRIBUTES;
}

static enum verdict judge(const struct scenario *scenario, DWORD control,
			  DWORD seen, bool untouched)
{
	const bool data = (scenario->expected == DENIED_WITH_ACCOUNT ||
			   scenario->expected == DENIED_OPEN) &&
			  !sandbox_has_account();

	if (seen == NEVER_RAN)
		return SKIPPED;
	if (scenario->expected == NEVER_DONE)
		return seen == ERROR_ACCESS_DENIED ? PASSED : FAILED;
	if (control != 0)
		return NOT_MEASURED;
	if (scenario->expected == DONE)
		return seen == 0 ? PASSED : FAILED;
	if (scenario->expected == DONE_BESIDE)
		return seen == 0 && untouched ? PASSED : FAILED;
	if (scenario->expected == DENIED_OTHERWISE)
		return seen != 0 && untouched && !made_new() ? PASSED : FAILED;
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

/* {D}: a drive of subst for "extra"; {S}: the short name of the longer one.
 * False where there is none. */
static WCHAR drive[3], short_name[600];

static bool say_options(const WCHAR *options, WCHAR *out, size_t units)
{
	WCHAR text[700];
	const WCHAR *mark = wcsstr(options, L"{D}"), *by = drive;

	if (mark == NULL) {
		mark = wcsstr(options, L"{S}");
		by = short_name;
	}
	if (mark == NULL) {
		sandbox_expand(options, out, units);
		return true;
	}
	(void)swprintf(text, 700, L"%.*ls%ls%ls", (int)(mark - options),
		       options, by, mark + 3);
	sandbox_expand(text, out, units);
	return by[0] != L'\0';
}

/* A letter that is free, by the session's own names; the short name where the
 * volume has them. */
static void make_names(void)
{
	WCHAR letter[4] = L"Z:\\";

	drive[0] = short_name[0] = L'\0';
	while (letter[0] > L'F' && GetDriveTypeW(letter) != DRIVE_NO_ROOT_DIR)
		letter[0]--;
	letter[2] = L'\0';
	if (DefineDosDeviceW(0, letter, full(L"extra")))
		(void)swprintf(drive, 3, L"%ls", letter);
	if (GetShortPathNameW(full(L"a longer name"), short_name, 600) == 0 ||
	    wcsstr(short_name, L"a longer") != NULL)
		short_name[0] = L'\0';
}

static void try_scenario(const struct scenario *scenario)
{
	static const char *const expected[] = {
		"done (0), outside, too",
		"done (0), outside, too, and untouched",
		"denied (5) and untouched, outside done (0)",
		"denied (5) with an account, outside done (0)",
		"not 0, nothing made, outside done (0)",
		"denied (5)",
		"denied (5) with an account, outside done (0); open without"};
	WCHAR words[2048], options[1024];
	char text[4096], name[200];
	DWORD control, seen;
	bool untouched;

	if (!say_options(scenario->options, options, 1024)) {
		(void)snprintf(name, sizeof(name), "run/%s", scenario->name);
		row(name, expected[scenario->expected], SKIPPED,
		    "no such name of the root here");
		return;
	}
	sandbox_expand(scenario->words, words, 2048);
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
	(void)swprintf(junction, 1300,
		       L"symlink %ls\\ws\\symbolic %ls\\outside",
		       sandbox_place(), sandbox_place());
	(void)plain_act(junction);
	make_names();
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		try_scenario(&scenarios[i]);
	if (drive[0] != L'\0')
		(void)DefineDosDeviceW(DDD_REMOVE_DEFINITION, drive, NULL);
	measure_refusals();
}
