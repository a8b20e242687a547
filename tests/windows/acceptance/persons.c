/*
 * Two persons at a time: what the run of one can do to the other's process, to
 * what started it, to the front end, the pipe, what is kept of the password,
 * and the files.
 *
 *	hold-for SANDBOOK account FACTS    has a run wait, writes what is to be
 *	                               reached, and its own codes, and goes when
 *	                               FACTS.stop is there, or after ten minutes
 *	persons SANDBOOK account FACTS tries all that FACTS names, in runs
 *
 * The control is the owner's own: the codes in FACTS, of the same acts by whom
 * the things belong to. Nobody else could give one.
 */
#include "tests/windows/acceptance/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

#define HOLD_MS 600000
#define WAIT_MS 120000
#define FACTS_MAX 64
#define LINE_MAX 700

/* An act on what is the other's: {p} its process, {r} what started it, {f} the
 * front end, {t} the process's first thread, {w} the workspace, {k} the
 * records; what follows "|" is whom it is for. */
static const struct reach {
	const char *name;
	const WCHAR *words;
} reaches[] = {
	{"its process, to end it", L"reach {p} 0x1"},
	{"its process, CREATE_THREAD", L"reach {p} 0x2"},
	{"its process, VM_OPERATION", L"reach {p} 0x8"},
	{"its process, VM_READ", L"reach {p} 0x10"},
	{"its process, VM_WRITE", L"reach {p} 0x20"},
	{"its process, DUP_HANDLE", L"reach {p} 0x40"},
	{"its process, CREATE_PROCESS", L"reach {p} 0x80"},
	{"its process, SET_INFORMATION", L"reach {p} 0x200"},
	{"its process, SUSPEND_RESUME", L"reach {p} 0x800"},
	{"its process, WRITE_DAC", L"reach {p} 0x40000"},
	{"its process, WRITE_OWNER", L"reach {p} 0x80000"},
	{"its thread, IMPERSONATE", L"thread {t} 0x100"},
	{"its thread, DIRECT_IMPERSONATION", L"thread {t} 0x200"},
	{"its thread, SET_CONTEXT", L"thread {t} 0x10"},
	{"its runner, to end it", L"reach {r} 0x1"},
	{"its runner, VM_READ", L"reach {r} 0x10"},
	{"its runner, VM_WRITE", L"reach {r} 0x20"},
	{"its runner, DUP_HANDLE", L"reach {r} 0x40"},
	{"its runner, CREATE_THREAD", L"reach {r} 0x2"},
	{"its front end, to end it", L"reach {f} 0x1"},
	{"its front end, VM_READ", L"reach {f} 0x10"},
	{"its front end, VM_WRITE", L"reach {f} 0x20"},
	{"its front end, DUP_HANDLE", L"reach {f} 0x40"},
	{"its records, listed", L"read {k}"},
	{"its records, written", L"write {k}\\acceptance-other"},
	{"its password, read", L"read {s}"},
	{"its workspace, listed", L"read {w}"},
	{"its workspace, written", L"write {w}\\from-the-other"},
	{"its workspace, a file deleted", L"delete {w}\\hers"},
};
#define REACHES (sizeof(reaches) / sizeof(reaches[0]))

struct fact {
	char name; /* p, r, f, t, w, k, s */
	WCHAR value[LINE_MAX];
};

struct facts {
	struct fact items[FACTS_MAX];
	size_t count;
	DWORD controls[REACHES];
};

static struct facts facts;

static void add(char name, const WCHAR *value)
{
	if (facts.count == FACTS_MAX)
		return;
	facts.items[facts.count].name = name;
	(void)swprintf(facts.items[facts.count++].value, LINE_MAX, L"%ls",
		       value);
}

static void add_number(char name, unsigned long long value)
{
	WCHAR text[30];

	(void)swprintf(text, 30, L"%llu", value);
	add(name, text);
}

/* False where a fact is missing. */
static bool fill(const WCHAR *words, WCHAR *out, size_t units)
{
	size_t used = 0, i;

	while (*words != L'\0' && used + LINE_MAX < units) {
		if (words[0] != L'{' || words[1] == L'\0' || words[2] != L'}') {
			out[used++] = *words++;
			continue;
		}
		for (i = 0; i < facts.count; i++)
			if (facts.items[i].name == (char)words[1])
				break;
		if (i == facts.count)
			return false;
		used += (size_t)swprintf(out + used, units - used, L"%ls",
					 facts.items[i].value);
		words += 3;
	}
	out[used] = L'\0';
	return true;
}

/* --- whose things they are ------------------------------------------------ */

/* The first file of the password's, as the records name them. */
static void find_secret(const WCHAR *records)
{
	WIN32_FIND_DATAW found;
	WCHAR pattern[LINE_MAX];
	HANDLE list;

	(void)swprintf(pattern, LINE_MAX, L"%ls\\secret-*", records);
	list = FindFirstFileW(pattern, &found);
	if (list == INVALID_HANDLE_VALUE)
		return;
	(void)swprintf(pattern, LINE_MAX, L"%ls\\%ls", records,
		       found.cFileName);
	add('s', pattern);
	(void)FindClose(list);
}

static bool gather(struct process *run)
{
	WCHAR text[LINE_MAX];
	char line[200] = "";
	const char *process, *parent, *thread;
	DWORD got = 0;

	if (sandbox_start(L"ws", L"", L"wait 900000", run) != 0 ||
	    !ReadFile(run->output, line, sizeof(line) - 1, &got, NULL))
		return false;
	process = strstr(line, "process ");
	parent = strstr(line, "parent ");
	thread = strstr(line, "thread ");
	if (process == NULL || parent == NULL || thread == NULL)
		return false;
	add_number('p', strtoul(process + 8, NULL, 10));
	add_number('r', strtoul(parent + 7, NULL, 10));
	add_number('t', strtoul(thread + 7, NULL, 10));
	add_number('f', run->id);
	(void)swprintf(text, LINE_MAX, L"%ls\\ws", sandbox_place());
	add('w', text);
	sandbox_expand(L"%LOCALAPPDATA%\\Sandbook", text, LINE_MAX);
	add('k', text);
	find_secret(text);
	return true;
}

static void make_hers(void)
{
	WCHAR path[LINE_MAX];
	HANDLE file;

	(void)swprintf(path, LINE_MAX, L"%ls\\ws\\hers", sandbox_place());
	file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0,
			   NULL);
	if (file != INVALID_HANDLE_VALUE)
		(void)CloseHandle(file);
}

/* By ourselves; what an act removed is made again. */
static void try_controls(void)
{
	WCHAR words[2 * LINE_MAX], path[LINE_MAX];
	size_t i;

	for (i = 0; i < REACHES; i++) {
		make_hers();
		facts.controls[i] = fill(reaches[i].words, words, 2 * LINE_MAX)
					    ? plain_act(words)
					    : ERROR_NOT_FOUND;
	}
	make_hers();
	sandbox_expand(L"%LOCALAPPDATA%\\Sandbook\\acceptance-other", path,
		       LINE_MAX);
	(void)DeleteFileW(path);
	(void)swprintf(path, LINE_MAX, L"%ls\\ws\\from-the-other",
		       sandbox_place());
	(void)DeleteFileW(path);
}

static bool write_facts(const WCHAR *path)
{
	WCHAR other[LINE_MAX];
	FILE *file;
	size_t i;
	bool done;

	(void)swprintf(other, LINE_MAX, L"%ls.new", path);
	file = _wfopen(other, L"wt, ccs=UTF-8");
	if (file == NULL)
		return false;
	for (i = 0; i < facts.count; i++)
		(void)fwprintf(file, L"%lc %ls\n", (wint_t)facts.items[i].name,
			       facts.items[i].value);
	for (i = 0; i < REACHES; i++)
		(void)fwprintf(file, L"control %u %lu\n", (unsigned)i,
			       facts.controls[i]);
	done = ferror(file) == 0;
	done = fclose(file) == 0 && done;
	return done && MoveFileExW(other, path, MOVEFILE_REPLACE_EXISTING);
}

void measure_hold(const WCHAR *path)
{
	struct process run = {0};
	WCHAR stop[LINE_MAX];
	ULONGLONG until;

	if (!gather(&run)) {
		row("person/holds", "a run that waits", FAILED,
		    "none: see sandbook run");
	} else {
		try_controls();
		if (!write_facts(path))
			row("person/holds", "its facts", FAILED,
			    "'%ls' cannot be written", path);
	}
	(void)swprintf(stop, LINE_MAX, L"%ls.stop", path);
	until = GetTickCount64() + HOLD_MS;
	while (run.process != NULL && GetTickCount64() < until &&
	       GetFileAttributesW(stop) == INVALID_FILE_ATTRIBUTES)
		Sleep(200);
	if (run.process != NULL) {
		(void)CloseHandle(run.output);
		kill_process(&run);
	}
}

/* --- whoever tries ------------------------------------------------------- */

static bool read_facts(const WCHAR *path)
{
	WCHAR line[LINE_MAX + 10];
	FILE *file = _wfopen(path, L"rt, ccs=UTF-8");

	memset(&facts, 0, sizeof(facts));
	if (file == NULL)
		return false;
	while (fgetws(line, LINE_MAX + 10, file) != NULL) {
		WCHAR *end = line + wcslen(line);

		while (end > line && (end[-1] == L'\n' || end[-1] == L'\r'))
			*--end = L'\0';
		if (wcsncmp(line, L"control ", 8) == 0) {
			const unsigned long i = wcstoul(line + 8, &end, 10);

			if (i < REACHES)
				facts.controls[i] =
					(DWORD)wcstoul(end, NULL, 10);
		} else if (line[0] != L'\0' && line[1] == L' ') {
			add((char)line[0], line + 2);
		}
	}
	(void)fclose(file);
	return true;
}

static bool wait_for(const WCHAR *path)
{
	const ULONGLONG until = GetTickCount64() + WAIT_MS;

	while (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
		if (GetTickCount64() > until)
			return false;
		Sleep(200);
	}
	return true;
}

/* Any pipe of a runner's that opens is one too many. */
static void try_pipe(void)
{
	char text[2000];
	const DWORD seen =
		sandbox_act(L"ws", L"", L"pipe sandbook-", text, sizeof(text));

	row("person/its pipe", "5: denied, 231: in use",
	    seen == NEVER_RAN				 ? SKIPPED
	    : seen == ERROR_ACCESS_DENIED || seen == 231 ? PASSED
							 : FAILED,
	    "%ld", (long)seen);
}

void measure_persons(const WCHAR *path)
{
	WCHAR words[2 * LINE_MAX];
	char name[120], text[2000];
	size_t i;

	if (!wait_for(path) || !read_facts(path)) {
		row("person", "the other's run", SKIPPED, "no '%ls' came",
		    path);
		return;
	}
	for (i = 0; i < REACHES; i++) {
		DWORD seen;

		(void)snprintf(name, sizeof(name), "person/%s",
			       reaches[i].name);
		if (!fill(reaches[i].words, words, 2 * LINE_MAX)) {
			row(name, "something to reach", SKIPPED,
			    "the other has none");
			continue;
		}
		seen = sandbox_act(L"ws", L"", words, text, sizeof(text));
		if (seen == NEVER_RAN)
			row(name, "denied (5)", SKIPPED, "it never ran");
		else
			row_denial(name, false, facts.controls[i], seen);
		/* And the person outside of any sandbox: another account's. */
		seen = plain_act(words);
		(void)snprintf(name, sizeof(name), "person/outside/%s",
			       reaches[i].name);
		row(name, "5, unless an administrator's", MEASURED,
		    "%lu, its owner %lu", seen, facts.controls[i]);
	}
	try_pipe();
}
