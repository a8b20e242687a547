/*
 * Command lines and environments as Windows takes them. A line is taken apart
 * again by a reader of this test, written from "Parsing C command-line
 * arguments"; windows.launch has the system's own do the same.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/command_line.h"
#include "engine/windows/end_code.h"
#include "engine/windows/environment.h"

#include "engine/banned.h"

static void assert_line(const char *const *argv, const char *expected)
{
	struct sbk_buf line = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_command_line(argv, &line, &err), &err);
	assert_string_equal(sbk_buf_text(&line), expected);
	sbk_buf_release(&line);
}

static void test_command_line__quotes_by_the_rules(void **state)
{
	(void)state;
	assert_line((const char *[]){"C:/a b.exe", "plain", "", "a b", NULL},
		    "\"C:/a b.exe\" plain \"\" \"a b\"");
	assert_line((const char *[]){"x", "a\"b", "\\", "a\\b c\\", NULL},
		    "\"x\" \"a\\\"b\" \\ \"a\\b c\\\\\"");
	assert_line((const char *[]){"x", "\\\\\"", "\\\"\\", NULL},
		    "\"x\" \"\\\\\\\\\\\"\" \"\\\\\\\"\\\\\"");
	assert_line((const char *[]){"C:\\dir\\", "%PATH%", "&calc", NULL},
		    "\"C:\\dir\\\" %PATH% &calc");
}

/* One argument from `*at`, which moves past it. */
static void next_argument(const char **at, char *out)
{
	const char *c = *at;
	int in_quotes = 0;

	while (*c == ' ' || *c == '\t')
		c++;
	for (; *c != '\0' && (in_quotes || (*c != ' ' && *c != '\t'));) {
		size_t backslashes = strspn(c, "\\"), i;

		c += backslashes;
		for (i = 0; i < (*c == '"' ? backslashes / 2 : backslashes);
		     i++)
			*out++ = '\\';
		if (*c == '"' && backslashes % 2 == 0) {
			in_quotes = !in_quotes;
			c++;
		} else if (*c != '\0' && (backslashes == 0 || *c == '"')) {
			*out++ = *c++;
		}
	}
	*out = '\0';
	*at = c;
}

static void random_word(char *out, size_t max)
{
	static const char letters[] = "ab\\\\\\\"\" \t&%";
	size_t size = (size_t)rand() % max, i;

	for (i = 0; i < size; i++)
		out[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
	out[size] = '\0';
}

static void test_command_line__gives_back_what_went_in(void **state)
{
	char words[4][20], found[64];
	struct sbk_buf line = SBK_BUF_INIT;
	int n, i;

	(void)state;
	srand(1);
	for (n = 0; n < 20000; n++) {
		const char *argv[] = {"program", words[0], words[1],
				      words[2],	 words[3], NULL};
		const char *at;

		for (i = 0; i < 4; i++)
			random_word(words[i], sizeof(words[i]) - 1);
		sbk_buf_clear(&line);
		assert_int_equal(sbk_command_line(argv, &line, NULL), 0);
		at = sbk_buf_text(&line) + strlen("\"program\"");
		for (i = 0; i < 4; i++) {
			next_argument(&at, found);
			assert_string_equal(found, words[i]);
		}
		assert_string_equal(at, "");
	}
	sbk_buf_release(&line);
}

static void test_command_line__refuses_what_no_rule_holds(void **state)
{
	struct sbk_buf line = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char *huge = malloc(40000);

	(void)state;
	assert_non_null(huge);
	assert_error(
		sbk_command_line((const char *[]){"a\"b", NULL}, &line, &err),
		SBK_E_INVAL, &err);
	assert_error(sbk_command_line((const char *[]){"", NULL}, &line, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_command_line((const char *[]){NULL}, &line, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_command_line((const char *[]){"a", "\xff", NULL},
				      &line, &err),
		     SBK_E_INVAL, &err);
	memset(huge, 'x', 39999);
	huge[39999] = '\0';
	assert_error(sbk_command_line((const char *[]){"a", huge, NULL}, &line,
				      &err),
		     SBK_E_LIMIT, &err);
	/* With the quotes of the name, a space and the end: 32767. */
	huge[32767 - 5] = '\0';
	assert_ok(sbk_command_line((const char *[]){"a", huge, NULL}, &line,
				   &err),
		  &err);
	sbk_buf_clear(&line);
	huge[32767 - 5] = 'x';
	huge[32767 - 4] = '\0';
	assert_error(sbk_command_line((const char *[]){"a", huge, NULL}, &line,
				      &err),
		     SBK_E_LIMIT, &err);
	assert_int_equal(line.size, 0);
	sbk_buf_release(&line);
	free(huge);
}

static void test_command_line__starts_no_batch_file(void **state)
{
	(void)state;
	assert_true(sbk_command_is_program("C:/a.exe"));
	assert_true(sbk_command_is_program("C:/a.bat.COM"));
	assert_false(sbk_command_is_program("C:/a.bat"));
	assert_false(sbk_command_is_program("C:/a.CMD"));
	assert_false(sbk_command_is_program("C:/a.exe.bat ."));
	assert_false(sbk_command_is_program("C:/a.exe "));
	assert_false(sbk_command_is_program("C:/a.exe."));
	assert_false(sbk_command_is_program("C:/a"));
	assert_false(sbk_command_is_program(".exe"));
}

/* The block as text, a '|' behind each variable. */
static void assert_block(const struct sbk_environment_wish *wish,
			 const char *expected)
{
	struct sbk_buf block = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	assert_ok(sbk_environment_block(wish, &block, &err), &err);
	assert_true(block.size >= 4 && block.size % 2 == 0);
	for (i = 0; i < block.size - 2; i += 2) {
		assert_int_equal(block.data[i + 1], 0);
		sbk_buf_addc(&text,
			     (char)(block.data[i] != 0 ? block.data[i] : '|'));
	}
	assert_memory_equal(block.data + block.size - 2, "\0", 2);
	assert_string_equal(sbk_buf_text(&text), expected);
	sbk_buf_release(&block);
	sbk_buf_release(&text);
}

static void test_environment__is_sorted_and_ends(void **state)
{
	const char *variables[] = {"b=2", "A_=3", "Ab=", "a=C=D", NULL};
	const char *none[] = {NULL};

	(void)state;
	assert_block(&(struct sbk_environment_wish){.variables = variables},
		     "a=C=D|Ab=|A_=3|b=2|");
	assert_block(&(struct sbk_environment_wish){.variables = none}, "|");
	assert_block(&(struct sbk_environment_wish){.variables = variables,
						    .system_root = "C:\\W",
						    .temporary = "C:\\T"},
		     "a=C=D|Ab=|A_=3|b=2|SystemRoot=C:\\W|TEMP=C:\\T|"
		     "TMP=C:\\T|");
}

static void test_environment__ours_stands_over_the_callers(void **state)
{
	const char *variables[] = {"http_proxy=http://proxy:3128", "temp=X",
				   "SYSTEMROOT=C:\\Windows", NULL};
	struct sbk_environment_wish wish = {.variables = variables,
					    .system_root = "C:\\Other",
					    .temporary = "C:\\T",
					    .advise_offline = true};

	(void)state;
	assert_block(&wish,
		     "ALL_PROXY=http://127.0.0.1:9|CARGO_NET_OFFLINE=true|"
		     "COMPOSER_DISABLE_NETWORK=1|CONDA_OFFLINE=true|"
		     "COREPACK_ENABLE_NETWORK=0|"
		     "GIT_ALLOW_PROTOCOL=file|GOPROXY=off|"
		     "GOTOOLCHAIN=local|GOVCS=*:off|HF_HUB_OFFLINE=1|"
		     "HTTPS_PROXY=http://127.0.0.1:9|"
		     "HTTP_PROXY=http://127.0.0.1:9|JULIA_PKG_OFFLINE=true|"
		     "MAVEN_ARGS=--offline|NO_PROXY=|"
		     "NPM_CONFIG_OFFLINE=true|PIP_NO_INDEX=1|"
		     "SANDBOOK_NETWORK=advised-off|SYSTEMROOT=C:\\Windows|"
		     "TEMP=C:\\T|TMP=C:\\T|UV_OFFLINE=1|"
		     "YARN_ENABLE_NETWORK=false|");
}

static void test_environment__refuses_what_it_cannot_hold(void **state)
{
	static const char *const wrong[] = {"=C:=C:\\", "novalue", "a b=1",
					    "\xc3\xa9=1", "A=\xff"};
	struct sbk_buf block = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const char *twice[] = {"Path=1", "PATH=2", NULL};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *variables[] = {wrong[i], NULL};

		assert_error(sbk_environment_block(
				     &(struct sbk_environment_wish){
					     .variables = variables},
				     &block, &err),
			     SBK_E_INVAL, &err);
	}
	assert_error(sbk_environment_block(
			     &(struct sbk_environment_wish){.variables = twice},
			     &block, &err),
		     SBK_E_INVAL, &err);
	sbk_buf_release(&block);
}

/* What the loader says where there is no desktop has a remedy; a program's own
 * code, and one that a signal stands for, have none. */
static void test_end_code__the_systems_own_have_a_remedy(void **state)
{
	const char *reason = sbk_end_code_reason(0xC0000142);

	(void)state;
	assert_non_null(reason);
	assert_non_null(strstr(reason, "DLL_INIT_FAILED"));
	assert_non_null(strstr(reason, "ssh"));
	assert_null(sbk_end_code_reason(0));
	assert_null(sbk_end_code_reason(1));
	assert_null(sbk_end_code_reason(0x142));
	assert_null(sbk_end_code_reason(0xC0000005));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_end_code__the_systems_own_have_a_remedy),
	cmocka_unit_test(test_command_line__quotes_by_the_rules),
	cmocka_unit_test(test_command_line__gives_back_what_went_in),
	cmocka_unit_test(test_command_line__refuses_what_no_rule_holds),
	cmocka_unit_test(test_command_line__starts_no_batch_file),
	cmocka_unit_test(test_environment__is_sorted_and_ends),
	cmocka_unit_test(test_environment__ours_stands_over_the_callers),
	cmocka_unit_test(test_environment__refuses_what_it_cannot_hold),
};

SBK_TEST_MAIN(tests)
