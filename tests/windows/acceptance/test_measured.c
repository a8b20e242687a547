/*
 * What is read out of the suite's rows, with a made-up example of each outcome,
 * and that what is printed to be pasted is the table.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/windows/acceptance/measured.h"

#include "engine/banned.h"

static struct measured measured;
static char text[65536];

static void take(FILE *file)
{
	size_t size;

	rewind(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	assert_true(size < sizeof(text) - 1);
	text[size] = '\0';
	assert_int_equal(fclose(file), 0);
}

/* The code of a comparison; what it says is in `text`. */
static int compare(const char *rows)
{
	FILE *file = tmpfile();
	int code;

	assert_non_null(file);
	assert_int_equal(measured_read(rows, strlen(rows), &measured, NULL), 0);
	code = measured_compare(&measured, file);
	take(file);
	return code;
}

static void paste(const char *rows)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(measured_read(rows, strlen(rows), &measured, NULL), 0);
	measured_paste(&measured, file);
	take(file);
}

static void assert_says(const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("no '%s' in:\n%s", line, text);
}

#define ROW(ASKS, ANSWER, PLAIN)                                         \
	"{\"name\":\"x\",\"expected\":\"x\",\"seen\":\"x\",\"verdict\":" \
	"\"measured\",\"asks\":\"" ASKS "\",\"answer\":\"" ANSWER        \
	"\",\"plain\":\"" PLAIN "\"}"

static void test_measured__nothing_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(compare(""), 2);
	assert_says("not measured files 0x00010000 SBK_RIGHT_DELETE: table "
		    "open (plain both), measured - (plain -)\n");
	assert_says(" 0 agrees, 0 settles, 0 CONTRADICTS, 0 disputed, ");
	/* Rows that ask nothing, and verdicts that say nothing. */
	assert_int_equal(compare("{\"name\":\"right/file/0x00010000 DELETE\","
				 "\"verdict\":\"not restricted here\"}\n"
				 "\r\n{\"name\":\"x\"}\n"),
			 2);
	assert_int_equal(measured.rows, 0);
}

static void test_measured__each_outcome_of_a_right(void **state)
{
	(void)state;
	assert_int_equal(compare(ROW("right/file/0x00000001", "first", "both")),
			 2);
	assert_says("agrees       files 0x00000001 SBK_FILE_READ_DATA: table "
		    "first (plain both), measured first (plain both)\n");
	assert_int_equal(compare(ROW("right/key/0x00010000", "both", "both")),
			 1);
	assert_says("settles      keys 0x00010000 SBK_RIGHT_DELETE: table open "
		    "(plain both), measured both (plain both)\n");
	assert_says("not measured files 0x00010000");
	assert_int_equal(
		compare(ROW("right/directory/0x00000002", "first", "both")), 1);
	assert_says("CONTRADICTS  files 0x00000002 SBK_FILE_WRITE_DATA: table "
		    "both (plain both), measured first (plain both)\n");
	/* What is documented of a token that is restricted as a whole. */
	assert_int_equal(
		compare(ROW("right/file/0x00000001", "first", "first")), 1);
	assert_says("CONTRADICTS  files 0x00000001");
	/* A directory is another than a file: no row for both. */
	assert_int_equal(
		compare(ROW("right/file/0x00000040", "both", "both") "\n" ROW(
			"right/directory/0x00000040", "first", "both") "\n"),
		1);
	assert_says("disputed     files 0x00000040 SBK_FILE_DELETE_CHILD");
	assert_int_equal(compare(ROW("right/key/0x00000200", "both", "both")),
			 1);
	assert_says("settles      keys 0x00000200: has no row\n");
}

static void test_measured__each_outcome_of_a_question(void **state)
{
	(void)state;
	assert_int_equal(compare(ROW("question/OWNER_READS", "yes", "")), 1);
	assert_says("settles      SBK_ASK_OWNER_READS: table open, measured "
		    "yes\n");
	assert_int_equal(compare(ROW("question/PACKAGE_ANY", "yes", "")), 2);
	assert_says("agrees       SBK_ASK_PACKAGE_ANY: table yes, measured "
		    "yes\n");
	assert_int_equal(compare(ROW("question/PACKAGE_NO_DACL", "yes", "")),
			 1);
	assert_says("CONTRADICTS  SBK_ASK_PACKAGE_NO_DACL: table no, measured "
		    "yes\n");
	assert_int_equal(
		compare(ROW("question/OBJECT_DENY", "yes",
			    "") "\n" ROW("question/OBJECT_DENY", "no", "")),
		1);
	assert_says("disputed     SBK_ASK_OBJECT_DENY");
	/* Of a newer suite, or nobody's. */
	assert_int_equal(compare(ROW("question/X", "yes", "") "\n" ROW(
				 "right/job/0x00000001", "first",
				 "both") "\n" ROW("right/file/0x3", "both",
						  "") "\n" ROW("right/file/",
							       "both", "")),
			 2);
	assert_int_equal(measured.rows, 0);
	assert_int_equal(measured.other, 4);
}

static void test_measured__the_suites_own_file(void **state)
{
	(void)state;
	assert_int_equal(
		compare("\xef\xbb\xbf{\"suite\":2,\"system\":{\"build\":"
			"\"22631.4\\\"x\"},\"rows\":[" ROW(
				"right/key/0x00000020", "both", "both") "]}"),
		1);
	assert_says("settles      keys 0x00000020 0x20 /* create link */");
	assert_string_equal(measured.system, "Windows 22631.4??");
}

static void test_measured__what_is_no_row_is_refused(void **state)
{
	static const char *const bad[] = {"x", "[1]", "{\"a\":1}\nnonsense\n",
					  "{\"rows\":"};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			measured_read(bad[i], strlen(bad[i]), &measured, &err),
			SBK_E_PARSE);
	assert_string_equal(err.message, "line 1 is no row of the suite");
}

static void test_measured__what_is_pasted_is_the_table(void **state)
{
	char line[400];
	unsigned i;

	(void)state;
	paste("");
	for (i = 0; i < sbk_access_row_count; i++) {
		(void)snprintf(line, sizeof(line), ", \"%s\"},\n",
			       sbk_access_rows[i].source);
		assert_says(line);
	}
	assert_null(strstr(text, "measured: "));
	assert_null(strstr(text, "\n| "));
	assert_null(strstr(text, "{?"));
	assert_null(strstr(text, ", ?, "));

	/* Files alone: the row becomes two. */
	paste(ROW("right/file/0x00010000", "both", "both") "\n" ROW(
		"right/directory/0x00010000", "both",
		"both") "\n" ROW("question/CALLBACK_DENY", "no", ""));
	assert_says("\t{SBK_ON_FILES, SBK_RIGHT_DELETE, SBK_SECOND_PASS, "
		    "SBK_SECOND_PASS, \"measured: Windows\"},\n"
		    "\t{SBK_ON_KEYS, SBK_RIGHT_DELETE, SBK_SECOND_PASS, "
		    "SBK_NOT_SETTLED, ");
	assert_says("\t{SBK_ASK_CALLBACK_DENY, SBK_NO, \"measured: Windows\"}"
		    ",\n");
	assert_says("| 0x00010000 DELETE | files | both | both | measured: "
		    "Windows |\n");
	assert_says("| SBK_ASK_CALLBACK_DENY | no | measured: Windows. ");
	/* Disputed: as it is. */
	paste(ROW("right/file/0x00040000", "both", "both") "\n" ROW(
		"right/directory/0x00040000", "first", "both"));
	assert_says("\t{BOTH, SBK_RIGHT_WRITE_DAC, SBK_SECOND_PASS, "
		    "SBK_NOT_SETTLED, \"reports");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_measured__nothing_says_nothing),
	cmocka_unit_test(test_measured__each_outcome_of_a_right),
	cmocka_unit_test(test_measured__each_outcome_of_a_question),
	cmocka_unit_test(test_measured__the_suites_own_file),
	cmocka_unit_test(test_measured__what_is_no_row_is_refused),
	cmocka_unit_test(test_measured__what_is_pasted_is_the_table),
};

SBK_TEST_MAIN(tests)
