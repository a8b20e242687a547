/*
 * Two runs at a time with different roots: what one can do to the other's
 * process, to what started it, to its pipe and to its files. A second person's
 * run is the same, started by that person (--by-other of Run-Acceptance.ps1).
 */
#include "tests/windows/acceptance/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

static const struct {
	const char *name;
	DWORD right;
	bool settled; /* by the documentation: the rest is data */
} rights[] = {
	{"PROCESS_TERMINATE", PROCESS_TERMINATE, false},
	{"PROCESS_CREATE_THREAD", PROCESS_CREATE_THREAD, true},
	{"PROCESS_VM_OPERATION", PROCESS_VM_OPERATION, true},
	{"PROCESS_VM_READ", PROCESS_VM_READ, false},
	{"PROCESS_VM_WRITE", PROCESS_VM_WRITE, true},
	{"PROCESS_DUP_HANDLE", PROCESS_DUP_HANDLE, true},
	{"PROCESS_SET_INFORMATION", PROCESS_SET_INFORMATION, true},
	{"PROCESS_SUSPEND_RESUME", PROCESS_SUSPEND_RESUME, true},
	{"WRITE_DAC", WRITE_DAC, false},
	{"WRITE_OWNER", WRITE_OWNER, false},
};

static void reach(const char *whom, unsigned long process)
{
	WCHAR words[100];
	char name[200], text[2000];
	size_t i;

	for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		DWORD control, seen;

		(void)swprintf(words, 100, L"reach %lu 0x%lx", process,
			       rights[i].right);
		control = plain_act(words);
		seen = sandbox_act(L"other", L"", words, text, sizeof(text));
		(void)snprintf(name, sizeof(name), "pair/%s/%s", whom,
			       rights[i].name);
		if (seen == NEVER_RAN)
			row(name, "denied (5)", SKIPPED, "it never ran");
		/* With an account each is: no logon is shared. */
		else if (rights[i].settled || sandbox_has_account())
			row_denial(name, false, control, seen);
		else
			row(name, "open", MEASURED, "%lu, its user %lu", seen,
			    control);
	}
}

static void other_things(void)
{
	WCHAR words[700];
	char text[2000];
	DWORD seen = sandbox_act(L"other", L"", L"pipe sandbook-", text,
				 sizeof(text));

	if (seen == NEVER_RAN)
		row("pair/pipe", "denied or none", SKIPPED, "it never ran");
	else
		row("pair/pipe", "5: denied, 231: in use, 2: none there",
		    seen == 5 || seen == 231 ||
				    (seen == 2 && !sandbox_has_account())
			    ? PASSED
			    : FAILED,
		    "%lu", seen);
	(void)swprintf(words, 700, L"write %ls\\ws\\from-other",
		       sandbox_place());
	seen = sandbox_act(L"other", L"", words, text, sizeof(text));
	if (seen == NEVER_RAN)
		row("pair/its root", "denied (5)", SKIPPED, "it never ran");
	else
		row_denial("pair/its root", false, plain_act(words), seen);
}

void measure_pairs(void)
{
	struct process first;
	char line[200] = "";
	unsigned long process = 0, parent = 0;
	DWORD got = 0;
	const char *at = NULL;

	if (sandbox_start(L"ws", L"", L"wait 120000", &first) == 0 &&
	    ReadFile(first.output, line, sizeof(line) - 1, &got, NULL))
		at = strstr(line, "process ");
	if (at != NULL)
		process = strtoul(at + 8, NULL, 10);
	at = at != NULL ? strstr(at, "parent ") : NULL;
	if (at != NULL)
		parent = strtoul(at + 7, NULL, 10);
	if (process == 0 || parent == 0) {
		row("pair", "two runs", SKIPPED, "the first never ran: %.100s",
		    line);
	} else {
		reach("its process", process);
		reach("what started it", parent);
		other_things();
	}
	if (first.process != NULL) {
		(void)CloseHandle(first.output);
		kill_process(&first);
	}
}
