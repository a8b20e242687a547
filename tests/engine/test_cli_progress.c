/* The line of progress: for a terminal, and wiped before anything else. */
#include "engine/cli_progress.h"
#include "tests/support/test.h"

#include <string.h>

#include "engine/banned.h"

#define CALLS 64 /* the clock is asked at each so many */

static size_t read_all(FILE *file, char *out, size_t size)
{
	size_t n;

	rewind(file);
	n = fread(out, 1, size - 1, file);
	out[n] = '\0';
	return n;
}

static void tell(struct sbk_cli_progress *line, uint64_t done, uint64_t total)
{
	unsigned i;

	for (i = 0; i < CALLS; i++)
		sbk_progress_tell(&line->progress, "reading", done, total);
}

/* Tests run with standard error in a file or a pipe, as programs are run. */
static void test_cli_progress__nothing_without_a_terminal(void **state)
{
	struct sbk_cli cli = {.out = stdout, .err = tmpfile()};
	struct sbk_cli_progress line;

	(void)state;
	assert_non_null(cli.err);
	sbk_cli_progress_begin(&line, &cli, true);
	assert_null(line.out);
	line.next_ms = 0;
	tell(&line, 1, 2);
	sbk_cli_progress_end(&line);
	assert_int_equal(ftell(cli.err), 0);
	(void)fclose(cli.err); /* a temporary file */
	sbk_progress_tell(NULL, "nobody", 0, 1);
}

static void test_cli_progress__written_over_itself(void **state)
{
	struct sbk_cli cli = {.out = stdout, .err = stderr};
	struct sbk_cli_progress line;
	char text[512];

	(void)state;
	sbk_cli_progress_begin(&line, &cli, true);
	line.out = tmpfile();
	assert_non_null(line.out);
	tell(&line, 1, 1000); /* too soon */
	assert_int_equal(ftell(line.out), 0);
	line.next_ms = 0;
	tell(&line, 500, 1000);
	tell(&line, 501, 1000); /* too soon after that */
	line.next_ms = 0;
	tell(&line, 7, 9);
	(void)read_all(line.out, text, sizeof(text));
	assert_string_equal(text, "\rreading: 500 of 1000, 50 %"
				  "\rreading: 7 of 9, 77 %     ");
	(void)fclose(line.out); /* a temporary file */
	line.out = tmpfile();
	assert_non_null(line.out);
	{
		FILE *out = line.out;

		sbk_cli_progress_end(&line);
		assert_null(line.out);
		assert_int_equal(read_all(out, text, sizeof(text)),
				 2 + strlen("reading: 7 of 9, 77 %"));
		assert_int_equal(strspn(text, "\r "), strlen(text));
		sbk_cli_progress_end(&line); /* once is enough */
		(void)fclose(out);	     /* a temporary file */
	}
}

static void test_cli_progress__no_total_is_no_division(void **state)
{
	struct sbk_cli cli = {.out = stdout, .err = stderr};
	struct sbk_cli_progress line;
	char text[128];

	(void)state;
	sbk_cli_progress_begin(&line, &cli, false);
	assert_null(line.out);
	line.out = tmpfile();
	assert_non_null(line.out);
	line.next_ms = 0;
	tell(&line, 0, 0);
	(void)read_all(line.out, text, sizeof(text));
	assert_string_equal(text, "\rreading: 0 of 0, 0 %");
	(void)fclose(line.out); /* a temporary file */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cli_progress__nothing_without_a_terminal),
		cmocka_unit_test(test_cli_progress__written_over_itself),
		cmocka_unit_test(test_cli_progress__no_total_is_no_division),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
