/*
 * The caller's console, for real under Wine: this program holds a
 * pseudoconsole, starts itself in it, draws what comes out, and types. What it
 * starts takes that console for a run (console.h), starts one that draws
 * (launched.c) in a pseudoconsole of its own, and writes down what it saw.
 * Simulated are what Wine 8 lacks: the question for the cursor, on which its
 * console ends, and ResizePseudoConsole.
 */
#include "engine/windows/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/console_rules.h"
#include "engine/windows/launch_relay.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_console.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define PSEUDOCONSOLE ((DWORD_PTR)0x00020016)
#define VT_OUTPUT 0x4u
#define BARE 0x8u
#define WAIT_MS 20000
#define READER_MS 2000

static char directory[MAX_PATH], launched[MAX_PATH + 32];

/* --- inside: what is in the console ----------------------------------------
 */

static struct sbk_win32 table;
static struct sbk_win32_process process;
static struct sbk_win32_console console_calls;
static struct sbk_launch_wish wish;
static FILE *facts;
static HANDLE in, out;
static DWORD refused_modes;
static volatile LONG looks, resized;
static DWORD raw_in, raw_out;

static HRESULT WINAPI make_without_cursor(COORD size, HANDLE input,
					  HANDLE output, DWORD flags,
					  HPCON *made)
{
	return flags == 1 ? CreatePseudoConsole(size, input, output, 0, made)
			  : E_INVALIDARG;
}

static HRESULT WINAPI note_size(HPCON console, COORD size)
{
	static const WCHAR said[] = L"grown";
	DWORD count;

	/* On the outer console, where whoever types waits for it. */
	if (console != NULL && size.X == 90 && size.Y == 33 &&
	    InterlockedIncrement(&resized) == 1)
		(void)WriteConsoleW(out, said, 5, &count, NULL);
	return S_OK;
}

/* Its window grows after a while. */
static BOOL WINAPI grow(HANDLE output, PCONSOLE_SCREEN_BUFFER_INFO info)
{
	if (!GetConsoleScreenBufferInfo(output, info))
		return FALSE;
	if (InterlockedIncrement(&looks) > 2) {
		info->srWindow.Right = (SHORT)(info->srWindow.Left + 89);
		info->srWindow.Bottom = (SHORT)(info->srWindow.Top + 32);
	}
	return TRUE;
}

static BOOL WINAPI set_mode(HANDLE console, DWORD mode)
{
	DWORD before;

	/* Of an output: it has no mode of an input's. */
	if (GetConsoleMode(console, &before) && (before & 0x200) == 0 &&
	    (mode & 0x200) == 0 && (mode & refused_modes) != 0) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	return SetConsoleMode(console, mode);
}

static HANDLE open_console(const wchar_t *name)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited)};

	return CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
			   FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
			   OPEN_EXISTING, 0, NULL);
}

static void note_modes(const char *when)
{
	DWORD modes[2] = {0, 0};

	(void)GetConsoleMode(in, &modes[0]);
	(void)GetConsoleMode(out, &modes[1]);
	(void)fprintf(facts, "%s %lx %lx\n", when, modes[0], modes[1]);
}

static void look_at_modes(void)
{
	(void)GetConsoleMode(in, &raw_in);
	(void)GetConsoleMode(out, &raw_out);
}

/* The steps of run.c. */
static int run_in(struct sbk_console **console, struct sbk_error *err)
{
	struct sbk_launch_relay relay = {.launch = NULL};
	struct sbk_launch launch = SBK_LAUNCH_INIT;
	struct sbk_run_end end = {.exit_code = -1};
	int rc = sbk_console_take(&wish, console, err);

	(void)fprintf(facts, "terminal %u input %d\n", wish.terminal,
		      wish.streams[0] != NULL);
	if (rc == 0)
		rc = sbk_launch_relay_streams(&relay, &wish, err);
	if (rc == 0)
		rc = sbk_launch_build(&wish, &launch, err);
	if (rc == 0)
		rc = sbk_launch_relay_begin(&relay, &launch, err);
	look_at_modes();
	if (rc == 0)
		rc = sbk_launch_begin(&launch, err);
	if (rc == 0)
		rc = sbk_launch_wait(&launch, &end, err);
	sbk_launch_relay_end(&relay);
	if (sbk_launch_release(&launch, NULL) < 0)
		rc = -1;
	(void)fprintf(facts, "raw %lx %lx\n", raw_in, raw_out);
	(void)fprintf(facts, "exit %d\nresized %ld\n", end.exit_code,
		      (long)resized);
	return rc;
}

static void take_key(void *arg, const void *data, size_t size)
{
	(void)arg;
	(void)fprintf(facts, "typed %.*s\n", (int)size, (const char *)data);
}

static void take_size(void *arg, COORD size)
{
	(void)arg;
	(void)size;
}

/* As the handler of a console's events does, while the run is at work. */
static int give_back(struct sbk_console **console, struct sbk_error *err)
{
	const struct sbk_terminal_sink sink = {.keys = take_key,
					       .resize = take_size};
	int rc = sbk_console_take(&wish, console, err);

	if (rc == 0)
		rc = wish.relay->begin(wish.relay->self, &sink, err);
	if (rc < 0)
		return rc;
	note_modes("begun");
	sbk_console_give_back();
	note_modes("given");
	sbk_console_give_back();
	wish.relay->end(wish.relay->self);
	return 0;
}

static int prepare_inside(const char *path)
{
	static const char *const variables[] = {NULL};
	static const char *const draws[] = {"launched", "draw", NULL};

	facts = fopen(path, "w");
	in = open_console(L"CONIN$");
	out = open_console(L"CONOUT$");
	if (facts == NULL || in == INVALID_HANDLE_VALUE ||
	    out == INVALID_HANDLE_VALUE)
		return 1;
	process = sbk_win32_process_system;
	process.CreatePseudoConsole = make_without_cursor;
	process.ResizePseudoConsole = note_size;
	console_calls = sbk_win32_console_system;
	console_calls.GetConsoleScreenBufferInfo = grow;
	console_calls.SetConsoleMode = set_mode;
	table = sbk_win32_system;
	table.process = &process;
	table.console = &console_calls;
	sbk_win32 = &table;
	wish = (struct sbk_launch_wish){.program = launched,
					.argv = draws,
					.directory = directory,
					.environment = variables,
					.timeout_s = 20,
					.best_effort = true,
					.streams = {in, out, out},
					.test_any_token = true};
	return 0;
}

static int be_inside(const char *what, const char *path)
{
	static const char *const copies[] = {"launched", "copy", NULL};
	struct sbk_console *console = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL;
	int rc;

	if (prepare_inside(path) != 0)
		return 90;
	if (strcmp(what, "pager") == 0) {
		if (sbk_win32_make_pipe(&read, &wish.streams[1], &err) < 0)
			return 91;
		wish.argv = copies;
	}
	if (strcmp(what, "legacy") == 0)
		refused_modes = VT_OUTPUT;
	if (strcmp(what, "older") == 0)
		refused_modes = BARE;
	note_modes("before");
	rc = strcmp(what, "give back") == 0 ? give_back(&console, &err)
					    : run_in(&console, &err);
	note_modes("after");
	sbk_console_free(console);
	(void)fprintf(facts, "rc %d %s\n", rc, err.message);
	(void)fclose(facts);
	return 0;
}

/* --- outside: who holds the console ----------------------------------------
 */

struct screen {
	HPCON console;
	HANDLE keys, drawn, reader, process;
	CRITICAL_SECTION lock;
	char seen[8192];
	size_t size;
	char facts[2048];
};

static DWORD WINAPI read_screen(void *arg)
{
	struct screen *screen = arg;
	char part[512];
	DWORD got = 0;

	while (ReadFile(screen->drawn, part, sizeof(part), &got, NULL)) {
		EnterCriticalSection(&screen->lock);
		if (got < sizeof(screen->seen) - screen->size) {
			memcpy(screen->seen + screen->size, part, got);
			screen->size += got;
		}
		LeaveCriticalSection(&screen->lock);
	}
	return 0;
}

static void start_inside(struct screen *screen, const char *what)
{
	STARTUPINFOEXA startup = {.StartupInfo = {.cb = sizeof(startup)}};
	char line[2 * MAX_PATH], program[MAX_PATH];
	LPPROC_THREAD_ATTRIBUTE_LIST list;
	PROCESS_INFORMATION made;
	SIZE_T size = 0;

	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	(void)snprintf(line, sizeof(line), "\"%s\" inside \"%s\" facts",
		       program, what);
	(void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	list = calloc(1, size);
	assert_non_null(list);
	assert_true(InitializeProcThreadAttributeList(list, 1, 0, &size));
	assert_true(UpdateProcThreadAttribute(
		list, 0, PSEUDOCONSOLE, screen->console,
		sizeof(screen->console), NULL, NULL));
	startup.lpAttributeList = list;
	startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
	assert_true(CreateProcessA(program, line, NULL, NULL, FALSE,
				   EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
				   &startup.StartupInfo, &made));
	DeleteProcThreadAttributeList(list);
	free(list);
	(void)CloseHandle(made.hThread);
	screen->process = made.hProcess;
}

static void begin(struct screen *screen, const char *what)
{
	HANDLE console_in, console_out;

	memset(screen, 0, sizeof(*screen));
	InitializeCriticalSection(&screen->lock);
	assert_true(CreatePipe(&console_in, &screen->keys, NULL, 0));
	assert_true(CreatePipe(&screen->drawn, &console_out, NULL, 0));
	assert_int_equal(CreatePseudoConsole((COORD){80, 25}, console_in,
					     console_out, 0, &screen->console),
			 S_OK);
	(void)CloseHandle(console_in);
	(void)CloseHandle(console_out);
	screen->reader = CreateThread(NULL, 0, read_screen, screen, 0, NULL);
	assert_non_null(screen->reader);
	start_inside(screen, what);
}

static void await(struct screen *screen, const char *text)
{
	const ULONGLONG until = GetTickCount64() + WAIT_MS;
	bool found = false;

	while (!found && GetTickCount64() < until) {
		EnterCriticalSection(&screen->lock);
		screen->seen[screen->size] = '\0';
		found = strstr(screen->seen, text) != NULL;
		LeaveCriticalSection(&screen->lock);
		if (!found)
			Sleep(20);
	}
	if (!found)
		print_message("not drawn: %s\nbut: %s\n", text, screen->seen);
	assert_true(found);
}

static void type(struct screen *screen, const char *keys)
{
	DWORD count;

	assert_true(WriteFile(screen->keys, keys, (DWORD)strlen(keys), &count,
			      NULL));
}

static void read_facts(struct screen *screen)
{
	FILE *file = fopen("facts", "r");

	screen->facts[0] = '\0';
	if (file == NULL)
		return;
	screen->facts[fread(screen->facts, 1, sizeof(screen->facts) - 1,
			    file)] = '\0';
	(void)fclose(file);
}

/* When its last line is written. Under load Wine does not always tell that a
 * process has ended, nor whom its pipe belonged to: neither is waited for. */
static void finish(struct screen *screen)
{
	const ULONGLONG until = GetTickCount64() + WAIT_MS;

	do {
		(void)WaitForSingleObject(screen->process, 50);
		read_facts(screen);
	} while (strstr(screen->facts, "\nrc ") == NULL &&
		 GetTickCount64() < until);
	(void)TerminateProcess(screen->process, 1);
	(void)CloseHandle(screen->process);
	ClosePseudoConsole(screen->console);
	if (WaitForSingleObject(screen->reader, READER_MS) != WAIT_OBJECT_0)
		(void)TerminateThread(screen->reader, 1);
	(void)CloseHandle(screen->reader);
	(void)CloseHandle(screen->keys);
	(void)CloseHandle(screen->drawn);
	DeleteCriticalSection(&screen->lock);
	assert_non_null(strstr(screen->facts, "\nrc "));
	(void)remove("facts");
}

static void assert_fact(const struct screen *screen, const char *fact)
{
	if (strstr(screen->facts, fact) == NULL)
		print_message("no '%s' in: %s\n", fact, screen->facts);
	assert_non_null(strstr(screen->facts, fact));
}

static void read_modes(const struct screen *screen, const char *when,
		       unsigned long modes[2])
{
	const char *at = strstr(screen->facts, when);
	char *rest;

	if (at == NULL)
		print_message("no '%s' in: %s\n", when, screen->facts);
	assert_non_null(at);
	modes[0] = strtoul(at + strlen(when), &rest, 16);
	modes[1] = strtoul(rest, NULL, 16);
}

/* What the console was it is again. */
static void assert_same(const struct screen *screen, const char *when)
{
	unsigned long before[2], after[2];

	read_modes(screen, "before ", before);
	read_modes(screen, when, after);
	assert_int_equal(before[0], after[0]);
	assert_int_equal(before[1], after[1]);
}

/* And what it was meanwhile. */
static void assert_raw(const struct screen *screen, const char *when, bool bare)
{
	unsigned long before[2], raw[2];

	read_modes(screen, "before ", before);
	read_modes(screen, when, raw);
	assert_int_equal(raw[0], sbk_console_input_mode(before[0]));
	assert_int_equal(raw[1], sbk_console_output_mode(before[1], bare));
	assert_int_not_equal(raw[0], before[0]);
	assert_int_not_equal(raw[1], before[1]);
}

static void test_console__a_run_draws_and_hears(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen, "run");
	await(&screen, "drawn 80 by 25 -");
	type(&screen, "k");
	await(&screen, "key 006b");
	type(&screen, "\xc3\xa9");
	await(&screen, "key 00e9");
	await(&screen, "grown");
	type(&screen, "q");
	finish(&screen);
	assert_fact(&screen, "terminal 7 input 1");
	assert_fact(&screen, "exit 4");
	assert_fact(&screen, "resized 1");
	assert_raw(&screen, "raw ", true);
	assert_fact(&screen, "rc 0");
	assert_same(&screen, "after ");
}

/* Whoever reads the output has the keys; what is said beside it is seen. */
static void test_console__a_pager_keeps_the_keys(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen, "pager");
	await(&screen, "error");
	finish(&screen);
	assert_fact(&screen, "terminal 0 input 0");
	assert_fact(&screen, "exit 0");
	assert_same(&screen, "after ");
}

static void test_console__is_given_back_by_who_ends_it(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen, "give back");
	finish(&screen);
	assert_raw(&screen, "begun ", true);
	assert_same(&screen, "given ");
	assert_same(&screen, "after ");
}

static void test_console__one_without_sequences_is_refused(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen, "legacy");
	finish(&screen);
	assert_fact(&screen, "legacy mode");
	assert_fact(&screen, "exit -1");
	assert_same(&screen, "after ");
}

static void test_console__an_older_one_is_taken(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen, "older");
	await(&screen, "drawn 80 by 25 -");
	type(&screen, "q");
	finish(&screen);
	assert_raw(&screen, "raw ", false);
	assert_fact(&screen, "exit 4");
	assert_same(&screen, "after ");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_console__a_run_draws_and_hears),
	cmocka_unit_test(test_console__a_pager_keeps_the_keys),
	cmocka_unit_test(test_console__is_given_back_by_who_ends_it),
	cmocka_unit_test(test_console__one_without_sequences_is_refused),
	cmocka_unit_test(test_console__an_older_one_is_taken),
};

/* launched.exe lies beside us. */
int main(int argc, char **argv)
{
	char *slash, *c;

	if (GetModuleFileNameA(NULL, directory, sizeof(directory)) == 0)
		return 1;
	for (c = directory; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	slash = strrchr(directory, '/');
	*slash = '\0';
	(void)snprintf(launched, sizeof(launched), "%s/launched.exe",
		       directory);
	if (argc == 4 && strcmp(argv[1], "inside") == 0)
		return be_inside(argv[2], argv[3]);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
