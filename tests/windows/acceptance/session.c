/*
 * What a run is told of its session and reaches of the screen; for each kind of
 * session from which it is started (Run-Acceptance.ps1: interactive, session
 * 0). The control is the same act by ourselves; in session 0 nobody has a
 * screen, and most is not measured.
 */
#include "tests/windows/acceptance/sandbox.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

static const struct way {
	const char *name;
	const WCHAR *words;
} ways[] = {
	{"the user's window station", L"station WinSta0 0x37f"},
	{"its clipboard, by its station", L"station WinSta0 0x4"},
	{"its atoms, by its station", L"station WinSta0 0x20"},
	{"its windows' end (WINSTA_EXITWINDOWS)", L"station WinSta0 0x40"},
	{"its screen (WINSTA_READSCREEN)", L"station WinSta0 0x200"},
	{"the user's desktop", L"desktop"},
	{"what the user has copied", L"clipboard read"},
	{"the user's windows", L"windows"},
};

static DWORD session_of_ours(void)
{
	DWORD session = 0;

	(void)ProcessIdToSessionId(GetCurrentProcessId(), &session);
	return session;
}

static void say_where(void)
{
	static char text[8192];
	char name[80];
	const DWORD code =
		sandbox_act(L"ws", L"", L"where", text, sizeof(text));
	bool of_its_own;

	(void)snprintf(name, sizeof(name), "session/%lu/where",
		       session_of_ours());
	text[strcspn(text, "\r\n")] = '\0';
	if (code == NEVER_RAN) {
		row(name, "a run from this session", FAILED,
		    "exit code %lu: %.700s", sandbox_code(), text);
		return;
	}
	of_its_own = strstr(text, "station WinSta0") == NULL &&
		     strstr(text, "visible 0") != NULL;
	row(name, "with an account: a station of its own, not the screen's",
	    !sandbox_has_account() ? MEASURED
	    : of_its_own	   ? PASSED
				   : FAILED,
	    "%.900s", text);
}

static void try_way(const struct way *way)
{
	const DWORD control = plain_act(way->words);
	char name[120], text[1000];
	DWORD seen;

	seen = sandbox_act(L"ws", L"", way->words, text, sizeof(text));
	(void)snprintf(name, sizeof(name), "session/%lu/%s", session_of_ours(),
		       way->name);
	if (seen == NEVER_RAN)
		row(name, "a run", SKIPPED, "it never ran");
	else if (control != 0)
		row(name, "0 outside", NOT_MEASURED, "not even outside: %lu",
		    control);
	else if (sandbox_has_account())
		row(name, "not 0, outside 0", seen != 0 ? PASSED : FAILED,
		    "%lu, outside %lu", seen, control);
	else
		row(name, "open: limits of windows hold, or nothing", MEASURED,
		    "%lu, outside %lu", seen, control);
}

static void try_parameter(void)
{
	const DWORD control = plain_act(L"parameter");
	char name[80], text[1000];
	const DWORD seen =
		sandbox_act(L"ws", L"", L"parameter", text, sizeof(text));

	(void)snprintf(name, sizeof(name), "session/%lu/SystemParametersInfo",
		       session_of_ours());
	row(name, "open", seen == NEVER_RAN ? SKIPPED : MEASURED,
	    "%ld, outside %lu", (long)seen, control);
}

/* What an account reaches that nobody granted: a list, in rows that fit. */
static void census(void)
{
	static char text[65536];
	char name[100], *line, *next;
	const DWORD code =
		sandbox_act(L"ws", L"", L"census", text, sizeof(text));

	if (code == NEVER_RAN) {
		row("reach", "a run", SKIPPED, "it never ran");
		return;
	}
	for (line = text; *line != '\0'; line = next) {
		size_t size = strcspn(line, "\r\n");
		const char *colon = memchr(line, ':', size);

		next = line + size + strspn(line + size, "\r\n");
		line[size] = '\0';
		if (colon == NULL || colon - line > 60 ||
		    strncmp(line, "acted", 5) == 0)
			continue;
		(void)snprintf(name, sizeof(name), "reach/%.*s",
			       (int)(colon - line), line);
		row(name, "open: no boundary", MEASURED, "%.3500s", colon + 1);
	}
}

void measure_session(void)
{
	size_t i;

	(void)plain_act(L"clipboard put");
	say_where();
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		try_way(&ways[i]);
	try_parameter();
	census();
}
