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
#include "engine/windows/logon_start.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/station.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_process.h"
#include "engine/windows/win32_station.h"
#include "tests/support/test.h"
#include "tests/windows/runner_world.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

static void test_runner__a_command_runs(void **state)
{
	const char *const copy[] = {"launched", "copy", NULL};
	const char *const exits[] = {"launched", "exit", "0xC0000005", NULL};
	struct sbk_launch_wish wish = runner_world_wish(copy);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_win32_write(write, "in\n", 3, &err), &err);
	(void)CloseHandle(write);
	wish.streams[0] = read;
	runner_world_run(runner, &wish, &out);
	(void)CloseHandle(read);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 0);
	assert_non_null(strstr(out.text, "in"));
	assert_non_null(strstr(out.text, "error"));
	/* The next one of the same runner, with no input. */
	wish = runner_world_wish(exits);
	runner_world_run(runner, &wish, &out);
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
	struct sbk_launch_wish wish = runner_world_wish(argv);
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
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	sbk_runner_on_ready(runner, note_ready, &readiness);
	runner_world_run(runner, &wish, &out);
	assert_error(out.rc, SBK_E_IO, &out.err);
	assert_ok(sbk_runner_release(runner, &err), &err);
	assert_int_equal(GetFileAttributesA("runner-made"),
			 INVALID_FILE_ATTRIBUTES);
	/* The control. */
	readiness.answer = 0;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	sbk_runner_on_ready(runner, note_ready, &readiness);
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(readiness.asked, 2);
	assert_true(RemoveDirectoryA("runner-made"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Somebody types nothing: the end of the command is the end all the same. */
static void test_runner__an_input_without_an_end_is_left(void **state)
{
	const char *const argv[] = {"launched", "exit", "6", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	wish.streams[0] = read;
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 6);
	assert_ok(sbk_runner_release(runner, &err), &err);
	(void)CloseHandle(write);
	(void)CloseHandle(read);
}

static void test_runner__its_time_ends_it(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	wish.timeout_s = 1;
	runner_world_run(runner, &wish, &out);
	assert_ok(out.rc, &out.err);
	assert_true(out.end.timed_out);
	assert_ok(sbk_runner_release(runner, &err), &err);
}

/* Nor does one that never stops sending get more. */
static void test_runner__its_time_ends_a_hostile_one(void **state)
{
	const char *const argv[] = {"launched", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;

	(void)state;
	runner_world.patience_ms = 1500;
	assert_ok(runner_world_begin("flood", &runner, &err), &err);
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
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;

	(void)state;
	assert_ok(runner_world_begin("greedy", &runner, &err), &err);
	assert_error(sbk_runner_run(runner, &wish, &end, &err), SBK_E_PARSE,
		     &err);
	assert_non_null(strstr(err.message, "more input"));
	assert_ok(sbk_runner_release(runner, &err), &err);
}
/* --- refusals ------------------------------------------------------------- */

static void test_runner__a_token_that_is_not_restricted_is_refused(void **state)
{
	const char *const argv[] = {"launched", "exit", "0", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	struct outcome out;

	(void)state;
	assert_ok(runner_world_begin("strict token", &runner, &err), &err);
	runner_world_run(runner, &wish, &out);
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
		rc = runner_world_begin(cases[i].mode, &runner, &err);
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
					    .password = RUNNER_PASSWORD,
					    .program =
						    runner_world.runner_program,
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
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	assert_int_equal(WaitForSingleObject(runner_world.started[0], 8000),
			 WAIT_OBJECT_0);
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

		runner_world.refuse_with = cases[i].code;
		assert_true(runner_world_begin("serve", &runner, &err) < 0);
		assert_int_equal(err.os_code, cases[i].code);
		assert_non_null(strstr(err.message, cases[i].part));
		assert_null(strstr(err.message, RUNNER_PASSWORD));
		assert_null(runner);
	}
}

/* --- window stations ------------------------------------------------------ */

/* The command is not in the station of whoever started the runner. */
static void test_runner__the_command_has_a_station_of_its_own(void **state)
{
	const char *const argv[] = {"launched", "station", NULL};
	struct sbk_launch_wish wish = runner_world_wish(argv);
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;
	char name[256] = "";
	struct outcome out;

	(void)state;
	assert_true(GetUserObjectInformationA(
		GetProcessWindowStation(), UOI_NAME, name, sizeof(name), NULL));
	assert_ok(runner_world_begin("serve", &runner, &err), &err);
	runner_world_run(runner, &wish, &out);
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
	runner_world.table.files.NtSetSecurityObject = set_nothing;
	assert_error(sbk_station_shut(sids, 2, &err), SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "window station"));
	runner_world.table.files = sbk_win32_system.files;
	assert_ok(sbk_station_shut(sids, 2, &err), &err);
	assert_int_equal(count_entries(station), 2);
	assert_int_equal(count_entries(desktop), 1);
	assert_ok(sbk_station_shut(sids, 2, &err), &err);
	sbk_win32_close_station(&station);
	sbk_win32_close_desktop(&desktop);
}

/* What a logon that failed had let in, or one whose front end was
 * ended, goes with the next one. */
static void test_runner__a_logon_that_fails_leaves_no_entry(void **state)
{
	static const uint32_t account[] = {21, 1, 2, 3, 1005};
	const struct sbk_sid sid = sbk_sid_make(5, account, 5);
	const struct sbk_runner_wish wish = {
		.account = "SandbookOffline",
		.password = RUNNER_PASSWORD,
		.sid = &sid,
		.program = runner_world.runner_program,
		.test_patience_ms = 2500};
	struct sbk_error err = SBK_ERROR_INIT, open = SBK_ERROR_INIT;
	struct sbk_runner *runner = NULL;
	HWINSTA station = NULL;

	(void)state;
	assert_ok(sbk_win32_open_own_station(&station, &err), &err);
	set_list(station, "D:(A;;GA;;;WD)(A;;0x37f;;;S-1-5-21-1-2-3-1005)");
	runner_world.refuse_with = 1326;
	assert_error(sbk_runner_log_on(NULL, NULL, &wish, &runner, &open, &err),
		     SBK_E_DENIED, &err);
	assert_int_equal(err.os_code, 1326);
	assert_int_equal(open.code, 0);
	assert_int_equal(count_entries(station), 1);
	set_list(station, "D:(A;;GA;;;WD)(A;;0x37f;;;S-1-5-21-1-2-3-1005)");
	runner_world.table.files.NtSetSecurityObject = set_nothing;
	assert_error(sbk_runner_log_on(NULL, NULL, &wish, &runner, &open, &err),
		     SBK_E_DENIED, &err);
	assert_non_null(strstr(err.message, "until the next run"));
	assert_null(runner);
	runner_world.table.files = sbk_win32_system.files;
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
	const struct sbk_runner_wish wish = {
		.account = "SandbookOffline",
		.password = RUNNER_PASSWORD,
		.sid = &account,
		.program = runner_world.runner_program,
		.test_patience_ms = 2500};
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "silent"));
	/* Honest, it comes as far as the greeting. */
	assert_error(sbk_runner_start(&wish, &runner, &err), SBK_E_BUSY, &err);
	runner_world.table.files.NtSetSecurityObject = set_nothing;
	assert_error(sbk_runner_start(&wish, &runner, &err), SBK_E_UNSUPPORTED,
		     &err);
	assert_non_null(strstr(err.message, "access list"));
}

/* Each call of starting one fails once: no process, no handle stays. */
static void test_runner__each_call_of_a_logon_may_fail(void **state)
{
	const char *const argv[] = {"runner", "x", "1", NULL};
	const struct sbk_logon_wish wish = {.account = "SandbookOffline",
					    .password = RUNNER_PASSWORD,
					    .program =
						    runner_world.runner_program,
					    .argv = argv};
	unsigned n, calls = 1;

	(void)state;
	for (n = 0; n <= calls; n++) {
		struct sbk_logon made = SBK_LOGON_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		int rc;

		sim_token_begin();
		runner_world.table = *sbk_win32;
		runner_world.table.logon = &runner_world.logon;
		sbk_win32 = &runner_world.table;
		sim_token_fail(n);
		runner_world.started_count = 0;
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
		(void)runner_world_teardown(NULL);
	}
	runner_world.started_count = 0;
}

/* Wine's own call, whatever it says: an account that is not there. */
static void test_runner__the_systems_own_logon_is_no_success(void **state)
{
	struct sbk_runner *runner = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	runner_world.logon.CreateProcessWithLogonW =
		sbk_win32_logon_system.CreateProcessWithLogonW;
	assert_true(runner_world_begin("serve", &runner, &err) < 0);
	print_message("%s\n", err.message);
	assert_null(runner);
}

static const struct CMUnitTest tests[] = {
	RUN_TEST(test_runner__a_command_runs),
	RUN_TEST(test_runner__the_record_comes_before_the_command),
	RUN_TEST(test_runner__an_input_without_an_end_is_left),
	RUN_TEST(test_runner__its_time_ends_it),
	RUN_TEST(test_runner__its_time_ends_a_hostile_one),
	RUN_TEST(test_runner__one_that_takes_too_much_is_refused),
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

int main(int argc, char **argv)
{
	if (runner_world_find() != 0)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
