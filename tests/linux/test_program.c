/* Helper programs: found, fed, read, bounded, waited for. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/program.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static int run(const char *const *argv, const char *input,
	       struct sbk_program_result *result, struct sbk_error *err)
{
	struct sbk_program program = {.argv = argv,
				      .input = input,
				      .input_size =
					      input != NULL ? strlen(input) : 0,
				      .timeout_ms = 3000};

	return sbk_program_run(&program, result, err);
}

static void test_program__gives_input_and_takes_output(void **state)
{
	static const char *const argv[] = {"cat", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf large = SBK_BUF_INIT;
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		sbk_buf_printf(&large, "%d\n", i);
	assert_ok(run(argv, sbk_buf_text(&large), &result, &err), &err);
	assert_int_equal(result.exit_code, 0);
	assert_string_equal(sbk_buf_text(&result.out), sbk_buf_text(&large));
	sbk_buf_release(&large);
	sbk_program_result_release(&result);
}

static void test_program__reports_exit_code_and_first_line(void **state)
{
	static const char *const argv[] = {"ls", "/nonexistent-sandbook", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_program program = {.argv = argv};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(run(argv, NULL, &result, &err), &err);
	assert_int_equal(result.exit_code, 2);
	assert_int_equal(sbk_program_failed(&program, &result, SBK_E_IO, &err),
			 SBK_E_IO);
	assert_non_null(strstr(err.message, "No such file"));
	sbk_program_result_release(&result);
}

static void test_program__has_a_fixed_environment(void **state)
{
	static const char *const argv[] = {"env", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("LD_PRELOAD_OF_THE_CALLER", "x", 1), 0);
	assert_ok(run(argv, NULL, &result, &err), &err);
	assert_string_equal(sbk_buf_text(&result.out),
			    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
	sbk_program_result_release(&result);
}

static void test_program__inherits_no_descriptor(void **state)
{
	static const char *const argv[] = {"ls", "/proc/self/fd", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int leaked = dup(1); /* open, and not close-on-exec */

	(void)state;
	assert_true(leaked >= 0);
	assert_ok(run(argv, NULL, &result, &err), &err);
	/* 3 is the directory that ls reads. */
	assert_string_equal(sbk_buf_text(&result.out), "0\n1\n2\n3\n");
	(void)close(leaked);
	sbk_program_result_release(&result);
}

static void test_program__is_looked_up_in_fixed_places(void **state)
{
	char *directory = sbk_test_directory("program");
	struct sbk_error err = SBK_ERROR_INIT;
	char path[4096];
	FILE *file;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/sbk-planted", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv("PATH", directory, 1), 0);
	assert_error(sbk_program_find("sbk-planted", path, sizeof(path), &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_ok(sbk_program_find("cat", path, sizeof(path), &err), &err);
	sbk_test_remove(directory);
}

static void test_program__ends_what_takes_too_long(void **state)
{
	static const char *const argv[] = {"sleep", "60", NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_program program = {.argv = argv, .timeout_ms = 100};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(sbk_program_run(&program, &result, &err), SBK_E_BUSY,
		     &err);
	sbk_program_result_release(&result);
}

static void test_program__is_not_waited_for_by_its_daemon(void **state)
{
	/* The grandchild keeps the pipes open after the program's end. */
	static const char *const argv[] = {"sh", "-c", "sleep 20 & echo done",
					   NULL};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(run(argv, NULL, &result, &err), &err);
	assert_string_equal(sbk_buf_text(&result.out), "done\n");
	sbk_program_result_release(&result);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program__gives_input_and_takes_output),
		cmocka_unit_test(
			test_program__reports_exit_code_and_first_line),
		cmocka_unit_test(test_program__has_a_fixed_environment),
		cmocka_unit_test(test_program__inherits_no_descriptor),
		cmocka_unit_test(test_program__is_looked_up_in_fixed_places),
		cmocka_unit_test(test_program__ends_what_takes_too_long),
		cmocka_unit_test(test_program__is_not_waited_for_by_its_daemon),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
