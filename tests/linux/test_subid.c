/*
 * SUBID on real files: one line added and taken out, byte for byte, whatever
 * else stands there; the locks of shadow's tools; what is refused.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/subid.h"
#include "tests/linux/host_test.h"

#include "engine/banned.h"

#define FILE_NAME "/etc/subuid"
#define LINE_NAME FILE_NAME ":1000:550:1"
#define LINE "1000:550:1"

static const struct sbk_object line_object = {SBK_KIND_SUBID, LINE_NAME, NULL};
static const struct sbk_object file_object = {SBK_KIND_SUBID, FILE_NAME, NULL};
static const struct sbk_state line_state = {"line " LINE "\n",
					    sizeof("line " LINE "\n") - 1};
static const struct sbk_state file_state = {"file\n", 5};

static void write_subuid(const char *text)
{
	FILE *file = fopen(FILE_NAME, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define assert_subuid(text) assert_subuid_is(text, __FILE__, __LINE__)

static void assert_subuid_is(const char *wanted, const char *file, int line)
{
	char *now = shell_output("cat " FILE_NAME);

	_assert_string_equal(now, wanted, file, line);
	free(now);
}

static struct sbk_backend begin(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	return backend;
}

static int add(const struct sbk_backend *backend, struct sbk_error *err)
{
	return sbk_backend_replace(backend, &line_object, SBK_STATE_ABSENT,
				   line_state, err);
}

static int take_out(const struct sbk_backend *backend, struct sbk_error *err)
{
	return sbk_backend_replace(backend, &line_object, line_state,
				   SBK_STATE_ABSENT, err);
}

static void test_subid__a_line_comes_and_goes_alone(void **state)
{
	static const struct {
		const char *before, *meanwhile, *with, *after;
	} cases[] = {
		{"", NULL, LINE "\n", ""},
		{"ann:100000:65536\n", NULL, "ann:100000:65536\n" LINE "\n",
		 "ann:100000:65536\n"},
		/* What others add, equal and unended lines among it. */
		{"ann:100000:65536\n", "bob:1:2\n" LINE "\n# x\neve:5:5",
		 "ann:100000:65536\n" LINE "\nbob:1:2\n" LINE "\n# x\neve:5:5",
		 "ann:100000:65536\nbob:1:2\n" LINE "\n# x\neve:5:5"},
		/* Longer and shorter ones are not it. */
		{"1000:550:10\n11000:550:1\n1000:550:1 \n", NULL,
		 "1000:550:10\n11000:550:1\n1000:550:1 \n" LINE "\n",
		 "1000:550:10\n11000:550:1\n1000:550:1 \n"},
	};
	struct sbk_backend backend = begin();
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;
		char command[256];

		write_subuid(cases[i].before);
		assert_ok(add(&backend, &err), &err);
		(void)snprintf(
			command, sizeof(command), "printf '%s' >>" FILE_NAME,
			cases[i].meanwhile != NULL ? cases[i].meanwhile : "");
		assert_int_equal(shell(command), 0);
		assert_subuid(cases[i].with);
		assert_ok(take_out(&backend, &err), &err);
		assert_subuid(cases[i].after);
	}
	sbk_backend_close(&backend);
}

static void test_subid__keeps_owner_mode_and_attributes(void **state)
{
	struct sbk_backend backend = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	char *before, *after;

	(void)state;
	require_host();
	write_subuid("ann:100000:65536\n");
	assert_int_equal(shell("chmod 640 " FILE_NAME " && chgrp 4 " FILE_NAME
			       " && setfattr -n user.note -v kept " FILE_NAME),
			 0);
	before = host_manifest();
	assert_ok(add(&backend, &err), &err);
	assert_int_equal(shell("[ \"$(stat -c %a:%u:%g " FILE_NAME
			       ")\" = 640:0:4 ] && getfattr -n user.note "
			       "--only-values " FILE_NAME " | grep -q kept"),
			 0);
	assert_ok(take_out(&backend, &err), &err);
	after = host_manifest();
	assert_string_equal(after, before);
	assert_int_equal(shell("chmod 644 " FILE_NAME "; chgrp 0 " FILE_NAME
			       "; setfattr -x user.note " FILE_NAME),
			 0);
	free(before);
	free(after);
	sbk_backend_close(&backend);
}

static void test_subid__the_file_goes_only_when_empty(void **state)
{
	struct sbk_backend backend = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	require_host();
	assert_int_equal(unlink(FILE_NAME), 0);
	/* A line needs the file, which is a change of its own. */
	assert_error(add(&backend, &err), SBK_E_CONFLICT, &err);
	assert_ok(sbk_backend_replace(&backend, &file_object, SBK_STATE_ABSENT,
				      file_state, &err),
		  &err);
	assert_int_equal(shell("[ \"$(stat -c %a:%u:%g:%s " FILE_NAME
			       ")\" = 644:0:0:0 ]"),
			 0);
	assert_ok(add(&backend, &err), &err);
	assert_error(sbk_backend_replace(&backend, &file_object, file_state,
					 SBK_STATE_ABSENT, &err),
		     SBK_E_EXISTS, &err);
	assert_subuid(LINE "\n");
	sbk_error_clear(&err);
	assert_ok(take_out(&backend, &err), &err);
	assert_ok(sbk_backend_replace(&backend, &file_object, file_state,
				      SBK_STATE_ABSENT, &err),
		  &err);
	assert_int_not_equal(access(FILE_NAME, F_OK), 0);
	write_subuid("");
	sbk_backend_close(&backend);
}

static void test_subid__refuses_what_is_not_as_expected(void **state)
{
	static const char *const names[] = {
		"/etc/passwd",
		"/etc/subuid:1000:550:2",
		"/etc/subuid:01000:550:1",
		"/etc/subuid:ann:550:1",
		"/etc/subuid:1000:550:1\n",
		"/etc/subuid:1000:550",
		"/etc/subuid-",
		"/etc/subuid::550:1",
		"/etc/../etc/subuid",
	};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_backend backend = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct sbk_object object = {SBK_KIND_SUBID, names[i],
						  NULL};

		assert_error(
			sbk_backend_observe(&backend, &object, &seen, &err),
			SBK_E_INVAL, &err);
		sbk_error_clear(&err);
	}
	write_subuid("ann:100000:65536"); /* unended: nothing is joined to it */
	assert_error(add(&backend, &err), SBK_E_CONFLICT, &err);
	assert_subuid("ann:100000:65536");
	sbk_error_clear(&err);
	write_subuid(LINE "\n"); /* there already, so not ours to add */
	assert_error(add(&backend, &err), SBK_E_CONFLICT, &err);
	sbk_error_clear(&err);
	write_subuid("");
	assert_error(take_out(&backend, &err), SBK_E_CONFLICT, &err);
	/* The control. */
	sbk_error_clear(&err);
	assert_ok(add(&backend, &err), &err);
	assert_ok(take_out(&backend, &err), &err);
	sbk_observation_release(&seen);
	sbk_backend_close(&backend);
}

static void test_subid__a_strangers_lock_is_busy(void **state)
{
	static const struct {
		const char *lock;
		bool busy;
	} cases[] = {
		{"printf 1 >" FILE_NAME ".lock", true}, /* process 1 lives */
		{": >" FILE_NAME ".lock", true},
		{"printf '1\\0sand' >" FILE_NAME ".lock", true},
		{"printf 4194303 >" FILE_NAME ".lock", false},
		/* One of ours, left over; its number is somebody's by now. */
		{"printf '1\\0sandbook' >" FILE_NAME ".lock", false},
	};
	struct sbk_backend backend = begin();
	size_t i;

	(void)state;
	require_host();
	write_subuid("");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		assert_int_equal(shell(cases[i].lock), 0);
		if (cases[i].busy) {
			assert_error(add(&backend, &err), SBK_E_BUSY, &err);
			assert_subuid("");
			assert_int_equal(unlink(FILE_NAME ".lock"), 0);
			continue;
		}
		assert_ok(add(&backend, &err), &err);
		assert_ok(take_out(&backend, &err), &err);
	}
	assert_int_not_equal(shell("ls /etc/subuid.* 2>/dev/null"), 0);
	sbk_backend_close(&backend);
}

/* shadow's own tool and ours at the same time: no line of either is lost. */
static void test_subid__waits_for_a_tool_and_is_waited_for(void **state)
{
	struct sbk_backend backend = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	int i, status;
	pid_t pid;

	(void)state;
	require_host();
	write_subuid("");
	assert_int_equal(shell("useradd -K SUB_UID_COUNT=0 -M other"), 0);
	write_subuid("");
	pid = fork();
	if (pid == 0)
		_exit(shell("for i in 1 2 3 4 5 6 7 8; do usermod "
			    "--add-subuids ${i}000000-${i}000001 other || "
			    "exit 1; done"));
	for (i = 0; i < 40; i++) {
		assert_ok(add(&backend, &err), &err);
		assert_ok(take_out(&backend, &err), &err);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(shell("[ $(grep -c ^other: " FILE_NAME ") = 8 ] && [ "
			       "$(wc -l <" FILE_NAME ") = 8 ]"),
			 0);
	assert_int_equal(shell("userdel other"), 0);
	sbk_backend_close(&backend);
}

static void test_subid__somebody_elses_line_with_the_number(void **state)
{
	static const struct sbk_subid ours = {FILE_NAME, 1000, 550};
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"bob:500:100\n", SBK_E_EXISTS},
		{"1001:550:1\n", SBK_E_EXISTS},
		{"bob:551:100\n", 0},
		{"bob:450:100\n", 0},
		{"ann:500:100\n", 0},
		{"1000:550:1\n", 0},
		{"bob:x:100\nbob\n\n", 0},
	};
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		write_subuid(cases[i].text);
		if (cases[i].code == 0)
			assert_ok(sbk_subid_check_unshared(&ours, "ann", &err),
				  &err);
		else
			assert_error(
				sbk_subid_check_unshared(&ours, "ann", &err),
				cases[i].code, &err);
	}
	write_subuid("");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_subid__a_line_comes_and_goes_alone),
	cmocka_unit_test(test_subid__keeps_owner_mode_and_attributes),
	cmocka_unit_test(test_subid__the_file_goes_only_when_empty),
	cmocka_unit_test(test_subid__refuses_what_is_not_as_expected),
	cmocka_unit_test(test_subid__a_strangers_lock_is_busy),
	cmocka_unit_test(test_subid__waits_for_a_tool_and_is_waited_for),
	cmocka_unit_test(test_subid__somebody_elses_line_with_the_number),
};

SBK_TEST_MAIN(tests)
