/*
 * What goes through a runner: a terminal, drawn and typed in, input in any
 * amount, and what must overtake it. For real under Wine, as runner_world.h
 * has it; the caller's terminal is this test.
 */
#include "engine/windows/runner.h"

#include <string.h>

#include "engine/windows/frame.h"
#include "engine/windows/inlet.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_process.h"
#include "tests/support/test.h"
#include "tests/windows/runner_world.h"

#include "engine/banned.h"

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
static void test_runner_streams__runs_in_a_pseudoconsole(void **state)
{
	static const char *const keys[] = {
		"drawn 100 by 30 -", "k", "key 006b", "\xc3\xa9",
		"key 00e9",	     "q", NULL};
	const char *const argv[] = {"launched", "draw", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct screen screen = {.keys = keys};
	const struct sbk_terminal relay = SCREEN(&screen);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	wish.terminal = 7;
	wish.relay = &relay;
	wish.size = (COORD){100, 30};
	wish.timeout_s = 20;
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 4);
	assert_string_equal(out.text, "");
	assert_int_equal(screen.begins, 1);
	assert_int_equal(screen.ends, 1);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Its input is a file; it is drawn, and typed in, all the same. */
static void test_runner_streams__a_terminal_beside_a_pipe(void **state)
{
	static const char *const keys[] = {"drawn 80 by 24 f", "q", NULL};
	const char *const argv[] = {"launched", "draw", "reads", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct screen screen = {.keys = keys};
	const struct sbk_terminal relay = SCREEN(&screen);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_win32_write(write, "from a pipe", 11, &err), &err);
	wish.streams[0] = read;
	wish.terminal = 6;
	wish.relay = &relay;
	wish.timeout_s = 20;
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 4);
	assert_string_equal(out.text, "");
	(void)CloseHandle(write);
	(void)CloseHandle(read);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* A size that comes while the console is being closed meets no console. */
static void test_runner_streams__a_size_does_not_meet_the_end(void **state)
{
	const char *const argv[] = {"launched", "sleep", "300", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct screen screen = {.resizes = true};
	const struct sbk_terminal relay = SCREEN(&screen);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("slow close", &runner, &err), &err);
	wish.terminal = 7;
	wish.relay = &relay;
	runner_world_run(runner, &wish, &out);
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

static void test_runner_streams__is_stopped(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;
	HANDLE thread;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	thread = CreateThread(NULL, 0, stop_soon, runner, 0, NULL);
	assert_non_null(thread);
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, SBK_LAUNCH_ENDED);
	(void)WaitForSingleObject(thread, INFINITE);
	(void)CloseHandle(thread);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Asked for before there is anything to stop. */
static void test_runner_streams__a_stop_before_the_start_is_kept(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	const char *const next[] = {"launched", "exit", "6", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	assert_ok(sbk_runner_stop(runner, &err), &err);
	wish.timeout_s = 5;
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_false(out.end.timed_out);
	assert_int_equal(out.end.exit_code, SBK_LAUNCH_ENDED);
	/* It was that one's. */
	wish = runner_world_wish(next);
	runner_world_run(runner, &wish, &out);
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
	runner_world_run(runner, wish, out);
	(void)CloseHandle(read);
	(void)WaitForSingleObject(thread, INFINITE);
	(void)CloseHandle(thread);
}

/* What a command does not read holds up nothing else. */
static void test_runner_streams__a_stop_overtakes_the_input(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;
	HANDLE thread;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
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

static void test_runner_streams__long_input_comes_whole(void **state)
{
	const char *const argv[] = {"launched", "count", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
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
static void test_runner_streams__more_input_than_is_due_is_refused(void **state)
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

static const struct CMUnitTest tests[] = {
	RUN_TEST(test_runner_streams__runs_in_a_pseudoconsole),
	RUN_TEST(test_runner_streams__a_terminal_beside_a_pipe),
	RUN_TEST(test_runner_streams__a_size_does_not_meet_the_end),
	RUN_TEST(test_runner_streams__is_stopped),
	RUN_TEST(test_runner_streams__a_stop_before_the_start_is_kept),
	RUN_TEST(test_runner_streams__a_stop_overtakes_the_input),
	RUN_TEST(test_runner_streams__long_input_comes_whole),
	RUN_TEST(test_runner_streams__more_input_than_is_due_is_refused),
};

int main(int argc, char **argv)
{
	if (runner_world_find() != 0)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
