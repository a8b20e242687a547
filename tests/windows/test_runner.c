/*
 * The runner and its front end, for real under Wine: two processes, a pipe, a
 * job, a command. Only the logon is simulated, by a process of the same user,
 * since Wine has no other account (the system's own call is tried, too).
 */
#include "engine/windows/runner_logon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/frame_pipe.h"
#include "engine/windows/inlet.h"
#include "engine/windows/logon_start.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/station.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_process.h"
#include "engine/windows/win32_station.h"
#include "tests/support/test.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

#define PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define STARTED_MAX 8

static char directory[MAX_PATH];
static char runner_program[MAX_PATH + 32], launched[MAX_PATH + 32];
static struct sbk_win32 table;
static struct sbk_win32_logon logon;
static HANDLE started[STARTED_MAX];
static size_t started_count;
static DWORD refuse_with, patience_ms;

/* --- the logon, simulated --------------------------------------------------
 */

static BOOL WINAPI start_as_self(LPCWSTR name, LPCWSTR domain, LPCWSTR password,
				 DWORD how, LPCWSTR program, LPWSTR line,
				 DWORD flags, LPVOID environment, LPCWSTR where,
				 LPSTARTUPINFOW startup,
				 LPPROCESS_INFORMATION out)
{
	const HANDLE self = GetCurrentProcess();

	if ((flags & CREATE_SUSPENDED) == 0 || wcscmp(domain, L".") != 0 ||
	    wcscmp(name, L"SandbookOffline") != 0 || how != 0 ||
	    wcscmp(password, L"" PASSWORD) != 0 || environment != NULL)
		abort();
	if (refuse_with != 0) {
		SetLastError(refuse_with);
		return FALSE;
	}
	if (started_count == STARTED_MAX ||
	    !CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL,
			    where, startup, out) ||
	    !DuplicateHandle(self, out->hProcess, self,
			     &started[started_count++], SYNCHRONIZE, FALSE, 0))
		abort();
	return TRUE;
}

static int setup(void **state)
{
	(void)state;
	table = sbk_win32_system;
	logon = sbk_win32_logon_system;
	logon.CreateProcessWithLogonW = start_as_self;
	table.logon = &logon;
	sbk_win32 = &table;
	refuse_with = 0;
	patience_ms = 2500;
	started_count = 0;
	return 0;
}

/* Whatever happened, no process of the account's stays. */
static int teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < started_count; i++) {
		assert_int_equal(WaitForSingleObject(started[i], 5000),
				 WAIT_OBJECT_0);
		(void)CloseHandle(started[i]);
	}
	sbk_win32 = &sbk_win32_system;
	return 0;
}

static int begin(const char *mode, struct sbk_runner **out,
		 struct sbk_error *err)
{
	struct sbk_sid own;
	struct sbk_runner_wish wish = {.account = "SandbookOffline",
				       .password = PASSWORD,
				       .sid = &own,
				       .program = runner_program,
				       .test_patience_ms = patience_ms};

	assert_ok(sbk_pipe_own_user(&own, err), err);
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", mode));
	return sbk_runner_start(&wish, out, err);
}

/* --- a command ------------------------------------------------------------ */

struct outcome {
	int rc;
	struct sbk_error err;
	struct sbk_run_end end;
	char text[2048];
};

static const char *const no_variables[] = {NULL};

static struct sbk_launch_wish wish_of(const char *const *argv)
{
	static const uint8_t random[SBK_SYNTHETIC_ID_BYTES] = {7};
	static struct sbk_sid run_sid;

	run_sid = sbk_synthetic_make_run(random);
	return (struct sbk_launch_wish){.program = launched,
					.argv = argv,
					.directory = directory,
					.environment = no_variables,
					.run = &run_sid,
					.best_effort = true};
}

static void run(struct sbk_runner *runner, struct sbk_launch_wish *wish,
		struct outcome *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	size_t got = 1, used = 0;

	memset(out, 0, sizeof(*out));
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	wish->streams[1] = wish->streams[2] = write;
	out->rc = sbk_runner_run(runner, wish, &out->end, &out->err);
	(void)CloseHandle(write);
	while (got > 0 && used < sizeof(out->text) - 1) {
		assert_ok(sbk_win32_read_pipe(read, out->text + used,
					      sizeof(out->text) - 1 - used,
					      &got, &err),
			  &err);
		used += got;
	}
	(void)CloseHandle(read);
}

static void test_runner__a_command_runs(void **state)
{
	const char *const copy[] = {"launched", "copy", NULL};
	const char *const exits[] = {"launched", "exit", "0xC0000005", NULL};
	struct sbk_launch_wish wish = wish_of(copy);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_win32_write(write, "in\n", 3, &err), &err);
	(void)CloseHandle(write);
	wish.streams[0] = read;
	run(runner, &wish, &out);
	(void)CloseHandle(read);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 0);
	assert_non_null(strstr(out.text, "in"));
	assert_non_null(strstr(out.text, "error"));
	/* The next one of the same runner, with no input. */
	wish = wish_of(exits);
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 139);
	assert_int_equal(out.end.signal, 11);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

struct readiness {
	int answer, asked;
	DWORD process;
};

/* Nothing of the command ran before this, and nothing does when it says no. */
static int note_ready(void *arg, bool limits, struct sbk_error *err)
{
	struct readiness *readiness = arg;

	(void)limits;
	readiness->asked++;
	Sleep(200);
	assert_int_equal(GetFileAttributesA("runner-made"),
			 INVALID_FILE_ATTRIBUTES);
	return readiness->answer < 0
		       ? sbk_error_set(err, readiness->answer, "no record")
		       : 0;
}

static void test_runner__the_record_comes_before_the_command(void **state)
{
	const char *const argv[] = {"cmd", "/c", "mkdir", "runner-made", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct readiness readiness = {.answer = SBK_E_IO};
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	char system[MAX_PATH], program[MAX_PATH + 16], where[MAX_PATH];
	struct outcome out;

	(void)state;
	assert_true(GetSystemDirectoryA(system, sizeof(system)) > 0);
	(void)snprintf(program, sizeof(program), "%s\\cmd.exe", system);
	wish.program = program;
	assert_true(GetCurrentDirectoryA(sizeof(where), where) > 0);
	wish.directory = where;
	assert_ok(begin("serve", &runner, &err), &err);
	sbk_runner_on_ready(runner, note_ready, &readiness);
	run(runner, &wish, &out);
	assert_error(out.rc, SBK_E_IO, &out.err);
	assert_ok(sbk_runner_release(runner, &err), &err);
	assert_int_equal(GetFileAttributesA("runner-made"),
			 INVALID_FILE_ATTRIBUTES);
	/* The control. */
	readiness.answer = 0;
	assert_ok(begin("serve", &runner, &err), &err);
	sbk_runner_on_ready(runner, note_ready, &readiness);
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(readiness.asked, 2);
	assert_true(RemoveDirectoryA("runner-made"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Somebody types nothing: the end of the command is the end all the same. */
static void test_runner__an_input_without_an_end_is_left(void **state)
{
	const char *const argv[] = {"launched", "exit", "6", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	wish.streams[0] = read;
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 6);
	assert_ok(sbk_runner_release(runner, &err), &err);
	(void)CloseHandle(write);
	(void)CloseHandle(read);
}

static void test_runner__its_time_ends_it(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	wish.timeout_s = 1;
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_true(out.end.timed_out);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Nor does one that never stops sending get more. */
static void test_runner__its_time_ends_a_hostile_one(void **state)
{
	const char *const argv[] = {"launched", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;

	(void)state;
	patience_ms = 1500;
	assert_ok(begin("flood", &runner, &err), &err);
	wish.timeout_s = 1;
	assert_error(sbk_runner_run(runner, &wish, &end, &err), SBK_E_BUSY,
		     &err);
	assert_non_null(strstr(err.message, "time limit"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Nor does it take what was never sent. */
static void test_runner__one_that_takes_too_much_is_refused(void **state)
{
	const char *const argv[] = {"launched", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;

	(void)state;
	assert_ok(begin("greedy", &runner, &err), &err);
	assert_error(sbk_runner_run(runner, &wish, &end, &err), SBK_E_PARSE,
		     &err);
	assert_non_null(strstr(err.message, "more input"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* --- a terminal ----------------------------------------------------------- */

/* In place of the user's console: types `keys` when it has seen `drawn`, and
 * where `resizes`, changes its size all the time. */
struct screen {
	const char *const *keys; /* "what is seen", "what is typed", NULL */
	bool resizes;
	struct sbk_terminal_sink sink;
	HANDLE thread;
	volatile LONG over;
	char seen[4096];
	size_t size, begins, ends;
};

static DWORD WINAPI resize_always(void *arg)
{
	struct screen *screen = arg;
	SHORT columns = 80;

	while (!screen->over) {
		screen->sink.resize(screen->sink.arg, (COORD){columns, 25});
		columns = columns == 80 ? 81 : 80;
		Sleep(10);
	}
	return 0;
}

static int screen_begin(void *self, const struct sbk_terminal_sink *sink,
			struct sbk_error *err)
{
	struct screen *screen = self;

	(void)err;
	screen->begins++;
	screen->sink = *sink;
	if (screen->resizes) {
		screen->thread =
			CreateThread(NULL, 0, resize_always, screen, 0, NULL);
		assert_non_null(screen->thread);
	}
	return 0;
}

static int screen_write(void *self, const void *data, size_t size,
			struct sbk_error *err)
{
	struct screen *screen = self;

	(void)err;
	assert_true(screen->size + size < sizeof(screen->seen));
	memcpy(screen->seen + screen->size, data, size);
	screen->size += size;
	screen->seen[screen->size] = '\0';
	while (screen->keys != NULL && *screen->keys != NULL &&
	       strstr(screen->seen, screen->keys[0]) != NULL) {
		screen->sink.keys(screen->sink.arg, screen->keys[1],
				  strlen(screen->keys[1]));
		screen->keys += 2;
	}
	return 0;
}

static void screen_end(void *self)
{
	struct screen *screen = self;

	screen->ends++;
	(void)InterlockedExchange(&screen->over, 1);
	if (screen->thread != NULL) {
		(void)WaitForSingleObject(screen->thread, INFINITE);
		(void)CloseHandle(screen->thread);
	}
}

#define SCREEN(screen)                                   \
	{                                                \
		.self = (screen), .begin = screen_begin, \
		.write = screen_write, .end = screen_end \
	}

/* Drawn in its console, typed in it, and its own end. */
static void test_runner__runs_in_a_pseudoconsole(void **state)
{
	static const char *const keys[] = {
		"drawn 100 by 30 -", "k", "key 006b", "\xc3\xa9",
		"key 00e9",	     "q", NULL};
	const char *const argv[] = {"launched", "draw", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct screen screen = {.keys = keys};
	const struct sbk_terminal relay = SCREEN(&screen);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	wish.terminal = 7;
	wish.relay = &relay;
	wish.size = (COORD){100, 30};
	wish.timeout_s = 20;
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 4);
	assert_string_equal(out.text, "");
	assert_int_equal(screen.begins, 1);
	assert_int_equal(screen.ends, 1);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Its input is a file; it is drawn, and typed in, all the same. */
static void test_runner__a_terminal_beside_a_pipe(void **state)
{
	static const char *const keys[] = {"drawn 80 by 24 f", "q", NULL};
	const char *const argv[] = {"launched", "draw", "reads", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct screen screen = {.keys = keys};
	const struct sbk_terminal relay = SCREEN(&screen);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_win32_write(write, "from a pipe", 11, &err), &err);
	wish.streams[0] = read;
	wish.terminal = 6;
	wish.relay = &relay;
	wish.timeout_s = 20;
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 4);
	assert_string_equal(out.text, "");
	(void)CloseHandle(write);
	(void)CloseHandle(read);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* A size that comes while the console is being closed meets no console. */
static void test_runner__a_size_does_not_meet_the_end(void **state)
{
	const char *const argv[] = {"launched", "sleep", "300", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct screen screen = {.resizes = true};
	const struct sbk_terminal relay = SCREEN(&screen);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(begin("slow close", &runner, &err), &err);
	wish.terminal = 7;
	wish.relay = &relay;
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 0);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* --- its end -------------------------------------------------------------- */

static DWORD WINAPI stop_soon(void *arg)
{
	struct sbk_error err = SBK_ERROR_INIT;

	Sleep(700);
	(void)sbk_runner_stop(arg, &err);
	return 0;
}

static void test_runner__is_stopped(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;
	HANDLE thread;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	thread = CreateThread(NULL, 0, stop_soon, runner, 0, NULL);
	assert_non_null(thread);
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, SBK_LAUNCH_ENDED);
	(void)WaitForSingleObject(thread, INFINITE);
	(void)CloseHandle(thread);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Asked for before there is anything to stop. */
static void test_runner__a_stop_before_the_start_is_kept(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	const char *const next[] = {"launched", "exit", "6", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	assert_ok(sbk_runner_stop(runner, &err), &err);
	wish.timeout_s = 5;
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_false(out.end.timed_out);
	assert_int_equal(out.end.exit_code, SBK_LAUNCH_ENDED);
	/* It was that one's. */
	wish = wish_of(next);
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 6);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

#define MUCH (1 << 20)

static DWORD WINAPI write_much(void *arg)
{
	static const char part[1024];
	size_t i;

	for (i = 0; i < MUCH / sizeof(part); i++)
		if (sbk_win32_write(*(HANDLE *)arg, part, sizeof(part), NULL) <
		    0)
			break;
	(void)CloseHandle(*(HANDLE *)arg);
	return 0;
}

static void run_with_much(struct sbk_runner *runner,
			  struct sbk_launch_wish *wish, struct outcome *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL, thread;

	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	thread = CreateThread(NULL, 0, write_much, &write, 0, NULL);
	assert_non_null(thread);
	wish->streams[0] = read;
	run(runner, wish, out);
	(void)CloseHandle(read);
	(void)WaitForSingleObject(thread, INFINITE);
	(void)CloseHandle(thread);
}

/* What a command does not read holds up nothing else. */
static void test_runner__a_stop_overtakes_the_input(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;
	HANDLE thread;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	thread = CreateThread(NULL, 0, stop_soon, runner, 0, NULL);
	assert_non_null(thread);
	wish.timeout_s = 5;
	run_with_much(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_false(out.end.timed_out);
	assert_int_equal(out.end.exit_code, SBK_LAUNCH_ENDED);
	(void)WaitForSingleObject(thread, INFINITE);
	(void)CloseHandle(thread);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

static void test_runner__long_input_comes_whole(void **state)
{
	const char *const argv[] = {"launched", "count", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	run_with_much(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_non_null(strstr(out.text, "1048576 bytes"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

static void count_taken(void *arg, uint32_t stream, size_t size)
{
	(void)stream;
	*(size_t *)arg += size;
}

/* A front end that sends more than there is room for is refused. */
static void test_runner__more_input_than_is_due_is_refused(void **state)
{
	static const char part[SBK_FRAME_DATA_MAX];
	struct sbk_inlet inlet = {.took = count_taken};
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	size_t taken = 0, put = 0;
	int rc;

	(void)state;
	inlet.arg = &taken;
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_inlet_begin(&inlet, write, NULL, &err), &err);
	do {
		rc = sbk_inlet_put(&inlet, part, sizeof(part), &err);
		put += rc == 0 ? sizeof(part) : 0;
	} while (rc == 0 && put < MUCH);
	assert_error(rc, SBK_E_PARSE, &err);
	sbk_inlet_stop(&inlet);
	assert_in_range(put - taken, 1, SBK_FRAME_WINDOW);
	/* As where a command has ended: nothing is due, nothing is kept. */
	assert_ok(sbk_inlet_put(&inlet, part, sizeof(part), &err), &err);
	sbk_inlet_end(&inlet);
	(void)CloseHandle(read);
}

/* --- refusals ------------------------------------------------------------- */

static void test_runner__a_token_that_is_not_restricted_is_refused(void **state)
{
	const char *const argv[] = {"launched", "exit", "0", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(begin("strict token", &runner, &err), &err);
	run(runner, &wish, &out);
	assert_error(out.rc, SBK_E_UNSUPPORTED, &out.err);
	assert_non_null(strstr(out.err.message, "token"));
	assert_string_equal(out.text, "");
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Whatever the runner is, the front end ends it and says so. */
static void test_runner__a_hostile_runner_is_refused(void **state)
{
	static const struct {
		const char *mode;
		int code;
	} cases[] = {
		{"silent", SBK_E_BUSY},	      {"early", SBK_E_PARSE},
		{"long", SBK_E_LIMIT},	      {"other", SBK_E_DENIED},
		{"absent", SBK_E_INCOMPLETE}, {"strict user", 0},
		{"another server", 0},	      {"no desktop", SBK_E_UNSUPPORTED},
	};
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rc = begin(cases[i].mode, &runner, &err);
		if (cases[i].code != 0)
			assert_error(rc, cases[i].code, &err);
		assert_true(rc < 0);
		assert_null(runner);
		assert_true(*err.message != '\0');
	}
}

/* A front end that says what is not due: the runner ends. */
static void expect_end(const void *bytes, size_t size)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_logon made = SBK_LOGON_INIT;
	char name[SBK_PIPE_NAME_SIZE], own[16];
	const char *argv[] = {"runner", name, own, NULL};
	const struct sbk_logon_wish wish = {.account = "SandbookOffline",
					    .password = PASSWORD,
					    .program = runner_program,
					    .argv = argv};
	HANDLE pipe = NULL;
	struct sbk_sid user;

	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "serve"));
	assert_ok(sbk_pipe_own_user(&user, &err), &err);
	assert_ok(sbk_pipe_make(&user, name, &pipe, &err), &err);
	(void)snprintf(own, sizeof(own), "%lu", GetCurrentProcessId());
	assert_ok(sbk_logon_start(&wish, &made, &err), &err);
	assert_ok(sbk_win32_resume(made.thread, &err), &err);
	assert_ok(sbk_win32_connect(pipe, 10000, &err), &err);
	assert_ok(sbk_win32_write_within(pipe, bytes, size, 5000, &err), &err);
	assert_int_equal(WaitForSingleObject(made.process, 10000),
			 WAIT_OBJECT_0);
	sbk_win32_close(&pipe);
	assert_ok(sbk_logon_release(&made, &err), &err);
}

static void test_runner__a_hostile_front_end_is_left(void **state)
{
	(void)state;
	expect_end("\xff\xff\xff\x7f", 4);
	expect_end("\x15\0\0\0{\"v\":1,\"type\":\"stop\"}", 25);
	expect_end("\x16\0\0\0{\"v\":9,\"type\":\"close\"}", 26);
}

static void test_runner__idle_it_ends(void **state)
{
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(begin("serve", &runner, &err), &err);
	assert_int_equal(WaitForSingleObject(started[0], 8000), WAIT_OBJECT_0);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

static void test_runner__each_refusal_has_its_remedy(void **state)
{
	static const struct {
		DWORD code;
		const char *part;
	} cases[] = {{1326, "setup --upgrade"}, {1327, "policy"},
		     {1330, "setup --upgrade"}, {1331, "disabled"},
		     {1385, "Deny log on"},	{1907, "setup --upgrade"},
		     {1909, "locked out"},	{1058, "Secondary Logon"},
		     {5, "SandbookOffline"}};
	struct sbk_runner *runner = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		refuse_with = cases[i].code;
		assert_true(begin("serve", &runner, &err) < 0);
		assert_int_equal(err.os_code, cases[i].code);
		assert_non_null(strstr(err.message, cases[i].part));
		assert_null(strstr(err.message, PASSWORD));
		assert_null(runner);
	}
}

/* --- window stations ------------------------------------------------------ */

/* The command is not in the station of whoever started the runner. */
static void test_runner__the_command_has_a_station_of_its_own(void **state)
{
	const char *const argv[] = {"launched", "station", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	char name[256] = "";
	struct outcome out;

	(void)state;
	assert_true(GetUserObjectInformationA(
		GetProcessWindowStation(), UOI_NAME, name, sizeof(name), NULL));
	assert_ok(begin("serve", &runner, &err), &err);
	run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_non_null(strstr(out.text, "Service-"));
	assert_null(strstr(out.text, name));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

static NTSTATUS NTAPI set_nothing(HANDLE handle, SECURITY_INFORMATION what,
				  PSECURITY_DESCRIPTOR descriptor)
{
	(void)handle;
	(void)what;
	(void)descriptor;
	return 0;
}

static void set_list(HANDLE object, const char *sddl)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;

	assert_ok(sbk_sddl_parse(sddl, strlen(sddl), NULL, &bytes, &err), &err);
	assert_ok(sbk_win32_set_security(object, DACL_SECURITY_INFORMATION,
					 &bytes, &err),
		  &err);
	sbk_buf_release(&bytes);
}

static size_t count_entries(HANDLE object)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd sd;
	size_t count;

	assert_ok(sbk_win32_query_security(object, &bytes, &err), &err);
	assert_ok(
		sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, &err),
		&err);
	count = sd.dacl_is == SBK_ACL_PRESENT ? sd.dacl.count : 0;
	sbk_buf_release(&bytes);
	return count;
}

/* What the system let in for a logon goes; all else stays. */
static void test_runner__the_account_leaves_the_users_station(void **state)
{
	static const uint32_t account[] = {21, 1, 2, 3, 1005},
			      own[] = {5, 0, 9};
	const struct sbk_sid sids[] = {sbk_sid_make(5, account, 5),
				       sbk_sid_make(5, own, 3)};
	struct sbk_error err = SBK_ERROR_INIT;
	HWINSTA station = NULL;
	HDESK desktop = NULL;

	(void)state;
	assert_ok(sbk_win32_open_own_station(&station, &err), &err);
	assert_ok(sbk_win32_open_own_desktop(&desktop, &err), &err);
	set_list(station, "D:(A;;GA;;;WD)(A;;0x37f;;;S-1-5-5-0-9)(D;;GA;;;AN)");
	set_list(desktop, "D:(A;;GA;;;WD)(A;;0xff;;;S-1-5-21-1-2-3-1005)");
	assert_int_equal(count_entries(station), 3);
	table.files.NtSetSecurityObject = set_nothing;
	assert_error(sbk_station_shut(sids, 2, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "window station"));
	table.files = sbk_win32_system.files;
	assert_ok(sbk_station_shut(sids, 2, &err), &err);
	assert_int_equal(count_entries(station), 2);
	assert_int_equal(count_entries(desktop), 1);
	assert_ok(sbk_station_shut(sids, 2, &err), &err);
	sbk_win32_close_station(&station);
	sbk_win32_close_desktop(&desktop);
}

/* What a logon that failed had let in, or one whose front end was ended, goes
 * with the next one. */
static void test_runner__a_logon_that_fails_leaves_no_entry(void **state)
{
	static const uint32_t account[] = {21, 1, 2, 3, 1005};
	const struct sbk_sid sid = sbk_sid_make(5, account, 5);
	const struct sbk_runner_wish wish = {.account = "SandbookOffline",
					     .password = PASSWORD,
					     .sid = &sid,
					     .program = runner_program,
					     .test_patience_ms = 2500};
	struct sbk_error err = SBK_ERROR_INIT, open = SBK_ERROR_INIT;
	struct sbk_runner *runner = NULL;
	HWINSTA station = NULL;

	(void)state;
	assert_ok(sbk_win32_open_own_station(&station, &err), &err);
	set_list(station, "D:(A;;GA;;;WD)(A;;0x37f;;;S-1-5-21-1-2-3-1005)");
	refuse_with = 1326;
	assert_error(sbk_runner_log_on(NULL, NULL, &wish, &runner, &open, &err),
		     SBK_E_DENIED, &err);
	assert_int_equal(err.os_code, 1326);
	assert_int_equal(open.code, 0);
	assert_int_equal(count_entries(station), 1);
	set_list(station, "D:(A;;GA;;;WD)(A;;0x37f;;;S-1-5-21-1-2-3-1005)");
	table.files.NtSetSecurityObject = set_nothing;
	assert_error(sbk_runner_log_on(NULL, NULL, &wish, &runner, &open, &err),
		     SBK_E_DENIED, &err);
	assert_non_null(strstr(err.message, "until the next run"));
	assert_null(runner);
	table.files = sbk_win32_system.files;
	set_list(station, "D:(A;;GA;;;WD)");
	sbk_win32_close_station(&station);
}

/* --- on the simulations ----------------------------------------------------
 */

/* A system that says that the account is out of the pipe's list, and is wrong:
 * nothing is said to the runner. */
static void
test_runner__an_account_that_stays_in_the_list_is_refused(void **state)
{
	static const uint32_t subs[] = {21, 1, 2, 3, 1005};
	const struct sbk_sid account = sbk_sid_make(5, subs, 5);
	const struct sbk_runner_wish wish = {.account = "SandbookOffline",
					     .password = PASSWORD,
					     .sid = &account,
					     .program = runner_program,
					     .test_patience_ms = 2500};
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "silent"));
	/* Honest, it comes as far as the greeting. */
	assert_error(sbk_runner_start(&wish, &runner, &err), SBK_E_BUSY, &err);
	table.files.NtSetSecurityObject = set_nothing;
	assert_error(sbk_runner_start(&wish, &runner, &err), SBK_E_UNSUPPORTED,
		     &err);
	assert_non_null(strstr(err.message, "access list"));
}

/* Each call of starting one fails once: no process, no handle stays. */
static void test_runner__each_call_of_a_logon_may_fail(void **state)
{
	const char *const argv[] = {"runner", "x", "1", NULL};
	const struct sbk_logon_wish wish = {.account = "SandbookOffline",
					    .password = PASSWORD,
					    .program = runner_program,
					    .argv = argv};
	unsigned n, calls = 1;

	(void)state;
	for (n = 0; n <= calls; n++) {
		struct sbk_logon made = SBK_LOGON_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		int rc;

		sim_token_begin();
		table = *sbk_win32;
		table.logon = &logon;
		sbk_win32 = &table;
		sim_token_fail(n);
		started_count = 0;
		rc = sbk_logon_start(&wish, &made, &err);
		if (n == 0) {
			assert_ok(rc, &err);
			calls = sim_token_calls();
			assert_in_range(calls, 4, 20);
		} else {
			assert_true(rc < 0);
			assert_null(made.process);
		}
		sim_token_fail(0);
		assert_int_equal(sbk_logon_release(&made, &err), 0);
		sim_token_end();
		(void)teardown(NULL);
	}
	started_count = 0;
}

/* Wine's own call, whatever it says: an account that is not there. */
static void test_runner__the_systems_own_logon_is_no_success(void **state)
{
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	logon.CreateProcessWithLogonW =
		sbk_win32_logon_system.CreateProcessWithLogonW;
	assert_true(begin("serve", &runner, &err) < 0);
	print_message("%s\n", err.message);
	assert_null(runner);
}

#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	RUN_TEST(test_runner__a_command_runs),
	RUN_TEST(test_runner__the_record_comes_before_the_command),
	RUN_TEST(test_runner__an_input_without_an_end_is_left),
	RUN_TEST(test_runner__its_time_ends_it),
	RUN_TEST(test_runner__its_time_ends_a_hostile_one),
	RUN_TEST(test_runner__one_that_takes_too_much_is_refused),
	RUN_TEST(test_runner__runs_in_a_pseudoconsole),
	RUN_TEST(test_runner__a_terminal_beside_a_pipe),
	RUN_TEST(test_runner__a_size_does_not_meet_the_end),
	RUN_TEST(test_runner__is_stopped),
	RUN_TEST(test_runner__a_stop_before_the_start_is_kept),
	RUN_TEST(test_runner__a_stop_overtakes_the_input),
	RUN_TEST(test_runner__long_input_comes_whole),
	RUN_TEST(test_runner__more_input_than_is_due_is_refused),
	RUN_TEST(test_runner__a_token_that_is_not_restricted_is_refused),
	RUN_TEST(test_runner__a_hostile_runner_is_refused),
	RUN_TEST(test_runner__a_hostile_front_end_is_left),
	RUN_TEST(test_runner__idle_it_ends),
	RUN_TEST(test_runner__the_command_has_a_station_of_its_own),
	RUN_TEST(test_runner__the_account_leaves_the_users_station),
	RUN_TEST(test_runner__a_logon_that_fails_leaves_no_entry),
	RUN_TEST(test_runner__each_refusal_has_its_remedy),
	RUN_TEST(test_runner__an_account_that_stays_in_the_list_is_refused),
	RUN_TEST(test_runner__each_call_of_a_logon_may_fail),
	RUN_TEST(test_runner__the_systems_own_logon_is_no_success),
};

/* Both programs lie beside us. */
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
	(void)snprintf(runner_program, sizeof(runner_program),
		       "%s/runner_tested.exe", directory);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
