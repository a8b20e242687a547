/*
 * The table of what is not settled: whole, without contradiction, and the same
 * as in engine/ntsec/README.md, row by row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access_table.h"
#include "tests/support/test.h"

static char *readme(void)
{
	static char text[65536];
	FILE *file = fopen(NTSEC_README, "r");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	assert_int_equal(ferror(file), 0);
	assert_int_equal(fclose(file), 0);
	text[size] = '\0';
	return text;
}

static const char *word(enum sbk_knowledge what)
{
	return what == SBK_SECOND_PASS	? "both"
	       : what == SBK_FIRST_PASS ? "first"
					: "open";
}

/* The line that begins with `begin`, and has `middle` behind it. */
static bool has_line(const char *text, const char *begin, const char *middle)
{
	const char *at = text;

	while ((at = strstr(at, begin)) != NULL) {
		const char *end = strchr(at, '\n');
		const char *found = strstr(at, middle);

		if (at[-1] == '\n' && found != NULL && found < end)
			return true;
		at = end;
	}
	return false;
}

static unsigned lines_with(const char *text, const char *begin)
{
	unsigned count = 0;

	while ((text = strstr(text, begin)) != NULL) {
		count += text[-1] == '\n';
		text++;
	}
	return count;
}

static void test_access_table__rows_are_those_of_the_page(void **state)
{
	const char *text = readme();
	char begin[64], middle[128];
	unsigned i;

	(void)state;
	for (i = 0; i < sbk_access_row_count; i++) {
		const struct sbk_access_row *row = &sbk_access_rows[i];
		const char *on = row->objects == SBK_ON_FILES  ? "files"
				 : row->objects == SBK_ON_KEYS ? "keys"
							       : "files, keys";

		(void)snprintf(begin, sizeof(begin), "| 0x%08x ", row->right);
		(void)snprintf(middle, sizeof(middle), "| %s | %s | %s |", on,
			       word(row->restricted),
			       word(row->write_restricted));
		if (!has_line(text, begin, middle))
			fprintf(stderr, "not in README.md: %s... %s\n", begin,
				middle);
		assert_true(has_line(text, begin, middle));
	}
	assert_int_equal(lines_with(text, "| 0x"), sbk_access_row_count);
}

static void test_access_table__questions_are_those_of_the_page(void **state)
{
	static const char *const names[SBK_ASK_COUNT] = {
		"OWNER_READS",	    "READ_BESIDE_WRITE", "NO_OWNER",
		"GENERIC_IN_ENTRY", "OBJECT_ALLOW",	 "OBJECT_DENY",
		"CALLBACK_OBJECT",  "CALLBACK_OTHER",	 "CALLBACK_DENY",
		"UNKNOWN_TYPE",	    "RELABEL_OWNS",	 "BACKUP_UPWARD",
		"LABEL_OTHERS",	    "SACL_LIMITS",	 "LOW_PACKAGE",
		"PACKAGE_DENY",	    "PACKAGE_ANY",	 "PACKAGE_NO_DACL",
		"PACKAGE_LABEL",    "PACKAGE_RESTRICTED"};
	static const char *const answers[] = {"no", "yes", "open"};
	const char *text = readme();
	char begin[96];
	unsigned i;

	(void)state;
	for (i = 0; i < SBK_ASK_COUNT; i++) {
		const struct sbk_access_question_row *row =
			&sbk_access_questions[i];

		assert_int_equal(row->question, i);
		assert_int_equal(sbk_access_ask(row->question), row->answer);
		assert_non_null(row->source);
		(void)snprintf(begin, sizeof(begin), "| SBK_ASK_%s | %s |",
			       names[i], answers[row->answer]);
		if (lines_with(text, begin) != 1)
			fprintf(stderr, "not in README.md: %s\n", begin);
		assert_int_equal(lines_with(text, begin), 1);
	}
	assert_int_equal(lines_with(text, "| SBK_ASK_"), SBK_ASK_COUNT);
}

/* One row per object and right, one bit each, every right of the object. */
static void test_access_table__covers_each_right_once(void **state)
{
	static const struct {
		unsigned on;
		enum sbk_nt_object object;
	} objects[] = {{SBK_ON_FILES, SBK_NT_FILE}, {SBK_ON_KEYS, SBK_NT_KEY}};
	unsigned i, j;

	(void)state;
	for (j = 0; j < 2; j++) {
		uint32_t seen = 0;

		for (i = 0; i < sbk_access_row_count; i++) {
			const struct sbk_access_row *row = &sbk_access_rows[i];

			if (!(row->objects & objects[j].on))
				continue;
			assert_int_equal(row->right & (row->right - 1), 0);
			assert_int_equal(seen & row->right, 0);
			assert_non_null(row->source);
			seen |= row->right;
		}
		assert_int_equal(sbk_nt_mapping(objects[j].object)->all & ~seen,
				 0);
	}
}

/* What is documented follows from the generic mappings: a write is what WRITE
 * has and READ and EXECUTE have not, a read what they have. */
static void test_access_table__documented_is_what_the_mapping_says(void **state)
{
	static const enum sbk_nt_object objects[] = {SBK_NT_FILE, SBK_NT_KEY};
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct sbk_generic_mapping *mapping =
			sbk_nt_mapping(objects[i]);
		uint32_t reads = mapping->read | mapping->execute;
		struct sbk_access_known known =
			sbk_access_known(objects[i], true);

		assert_int_equal(known.first, reads);
		assert_int_equal(known.second, mapping->write & ~reads);
		known = sbk_access_known(objects[i], false);
		assert_int_equal(known.first, 0);
		assert_int_equal(known.second, ~0u);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access_table__rows_are_those_of_the_page),
		cmocka_unit_test(
			test_access_table__questions_are_those_of_the_page),
		cmocka_unit_test(test_access_table__covers_each_right_once),
		cmocka_unit_test(
			test_access_table__documented_is_what_the_mapping_says),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
