/*
 * Which roots a run is refused, and what it leaves behind: the other half of
 * the scenarios. A refusal counts where the same run without the root begins,
 * and what is refused was said by the program, with one of its own exit codes.
 */
#include "tests/windows/acceptance/sandbox.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

#define OWN_CODE 200 /* and above: the program's own failures */
#define OUT_OF_TIME 209

static const struct refused {
	const char *name;
	const WCHAR *root; /* --rw */
	const WCHAR *link; /* made before, to `target`; NULL: none */
	const WCHAR *target;
} refused[] = {
	{"the drive", L"C:\\", NULL, NULL},
	{"the drive by a long path", L"\\\\?\\C:\\", NULL, NULL},
	{"Windows", L"%SystemRoot%", NULL, NULL},
	{"the programs", L"%ProgramFiles%", NULL, NULL},
	{"the folder of profiles", L"%SystemDrive%\\Users", NULL, NULL},
	{"the profile", L"%USERPROFILE%", NULL, NULL},
	{"the start-up folder",
	 L"%APPDATA%\\Microsoft\\Windows\\Start Menu\\Programs\\Startup", NULL,
	 NULL},
	{"the user's records", L"%LOCALAPPDATA%\\Sandbook", NULL, NULL},
	{"a share", L"\\\\127.0.0.1\\C$\\Windows\\Temp", NULL, NULL},
	{"a device", L"\\\\.\\C:", NULL, NULL},
	{"a junction to the drive", L"@\\to-drive", L"@\\to-drive", L"C:\\"},
	{"a junction to Windows", L"@\\to-windows", L"@\\to-windows",
	 L"C:\\Windows"},
	{"a junction to the profile", L"@\\to-profile", L"@\\to-profile",
	 L"%USERPROFILE%"},
	{"a symbolic link to a share", L"@\\to-share", L"@\\to-share",
	 L"\\\\127.0.0.1\\C$\\Windows\\Temp"},
};

static bool make_link(const struct refused *one)
{
	WCHAR link[600], target[600], words[1300];

	if (one->link == NULL)
		return true;
	sandbox_expand(one->link, link, 600);
	sandbox_expand(one->target, target, 600);
	(void)swprintf(words, 1300, L"%ls \"%ls\" \"%ls\"",
		       target[0] == L'\\' ? L"symlink" : L"junction", link,
		       target);
	return plain_act(words) == 0;
}

static void try_refused(const struct refused *one)
{
	WCHAR root[600], link[600], options[700];
	char name[100], text[2000];
	DWORD seen;

	(void)snprintf(name, sizeof(name), "refused/%s", one->name);
	if (!make_link(one)) {
		row(name, "a link to try", SKIPPED, "none could be made");
		return;
	}
	sandbox_expand(one->root, root, 600);
	/* A backslash before the quote would be one of it. */
	(void)swprintf(options, 700, L"--rw \"%ls%ls\"", root,
		       root[wcslen(root) - 1] == L'\\' ? L"\\" : L"");
	seen = sandbox_act(L"ws", options, L"read C:\\Windows", text,
			   sizeof(text));
	text[strcspn(text, "\r\n")] = '\0';
	row(name, "a code from 200 up, and nothing begins",
	    seen == NEVER_RAN && sandbox_code() >= OWN_CODE &&
			    sandbox_code() < 256
		    ? PASSED
		    : FAILED,
	    "exit code %lu: %.400s", sandbox_code(), text);
	if (one->link != NULL) {
		sandbox_expand(one->link, link, 600);
		(void)RemoveDirectoryW(link);
	}
}

static bool is_there(const WCHAR *name)
{
	WCHAR path[600];

	sandbox_expand(name, path, 600);
	return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static void forget(const WCHAR *name)
{
	WCHAR path[600];

	sandbox_expand(name, path, 600);
	(void)DeleteFileW(path);
}

/* What a run started and did not wait for: cases 36 and 40, strict. */
static void try_left(void)
{
	static const WCHAR late[] = L"@\\ws\\late";
	WCHAR words[700];
	char text[1000];
	DWORD control, seen;
	bool outside;

	sandbox_expand(L"leave 4000 @\\ws\\late", words, 700);
	forget(late);
	control = plain_act(words);
	Sleep(7000);
	outside = is_there(late);
	forget(late);
	seen = sandbox_act(L"ws", L"", words, text, sizeof(text));
	Sleep(7000);
	row("ends/what it left behind", "not there; outside it writes",
	    seen == NEVER_RAN		  ? SKIPPED
	    : control != 0 || !outside	  ? NOT_MEASURED
	    : seen == 0 && is_there(late) ? FAILED
					  : PASSED,
	    "code %lu, outside %lu: %.200s", seen, control,
	    is_there(late) ? "IT WROTE" : text);
	forget(late);
}

static void try_time(void)
{
	static const WCHAR late[] = L"@\\ws\\late";
	WCHAR words[700];
	char text[1000];
	DWORD control;

	sandbox_expand(L"slow 20000 @\\ws\\late", words, 700);
	forget(late);
	control = plain_act(words);
	forget(late);
	(void)sandbox_act(L"ws", L"--timeout 5", words, text, sizeof(text));
	Sleep(16000);
	row("ends/its time is over", "exit code 209 and nothing written",
	    control != 0				       ? NOT_MEASURED
	    : sandbox_code() == OUT_OF_TIME && !is_there(late) ? PASSED
							       : FAILED,
	    "exit code %lu, %s, outside %lu", sandbox_code(),
	    is_there(late) ? "IT WROTE" : "not there", control);
	forget(late);
}

/* A session of the journal each, and none that is still running. */
static void try_journal(void)
{
	char text[4000];
	const DWORD code = sandbox_say(L"journal verify", text, sizeof(text));

	text[strcspn(text, "\r\n")] = '\0';
	row("ends/journal verify", "0", code == 0 ? PASSED : FAILED,
	    "%lu: %.300s", code, text);
}

void measure_refusals(void)
{
	char text[2000];
	size_t i;

	if (sandbox_act(L"ws", L"", L"read C:\\Windows", text, sizeof(text)) ==
	    NEVER_RAN) {
		text[strcspn(text, "\r\n")] = '\0';
		row("refused", "a run that begins", SKIPPED, "none: %.300s",
		    text);
		return;
	}
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		try_refused(&refused[i]);
	try_left();
	try_time();
	try_journal();
}
