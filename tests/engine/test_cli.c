/* Option tables, help and the nearest word. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/cli.h"

#include "engine/banned.h"

struct into {
	bool yes;
	const char *profile;
	struct sbk_list rw;
	uint64_t limit;
};

static const struct sbk_option options[] = {
	{.name = "yes",
	 .help = "do not ask",
	 .letter = 'y',
	 .type = SBK_OPTION_FLAG,
	 .offset = offsetof(struct into, yes)},
	{.name = "profile",
	 .argument = "NAME",
	 .help = "the profile",
	 .letter = 'p',
	 .type = SBK_OPTION_TEXT,
	 .offset = offsetof(struct into, profile)},
	{.name = "rw",
	 .argument = "PATH",
	 .help = "writable",
	 .type = SBK_OPTION_LIST,
	 .offset = offsetof(struct into, rw)},
	{.name = "limit",
	 .argument = "N",
	 .help = "a limit",
	 .type = SBK_OPTION_NUMBER,
	 .offset = offsetof(struct into, limit)},
	{.name = NULL},
};

static const struct sbk_command command = {.name = "test",
					   .usage = "[options] -- COMMAND",
					   .summary = "A test.",
					   .options = options};

static int parse(const char *const *words, struct into *into, int *operands,
		 struct sbk_error *err)
{
	struct sbk_cli cli = {.command = &command,
			      .program = "sandbook",
			      .out = stdout,
			      .err = stderr};
	static char copies[8][32]; /* the lists point to them afterwards */
	char *argv[9] = {NULL};
	int argc = 0;

	for (; words[argc] != NULL; argc++) {
		(void)snprintf(copies[argc], sizeof(copies[argc]), "%s",
			       words[argc]);
		argv[argc] = copies[argc];
	}
	memset(into, 0, sizeof(*into));
	return sbk_cli_parse(&cli, argc, argv, into, operands, err);
}

static void test_cli__fills_fields_and_stops_at_the_command(void **state)
{
	const char *const words[] = {"run", "-y",      "--rw=/a", "--rw",
				     "/b",  "--limit", "7",	  NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct into into;
	int operands;

	(void)state;
	assert_ok(parse(words, &into, &operands, &err), &err);
	assert_true(into.yes);
	assert_int_equal(into.rw.count, 2);
	assert_string_equal(into.rw.items[0], "/a");
	assert_int_equal(into.limit, 7);
	assert_int_equal(operands, 7);
	sbk_list_release(&into.rw);
}

static void test_cli__leaves_the_commands_own_options_alone(void **state)
{
	const char *const words[] = {"run", "-y", "--", "ls", "--rw", NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct into into;
	int operands;

	(void)state;
	assert_ok(parse(words, &into, &operands, &err), &err);
	assert_int_equal(operands, 3);
	assert_int_equal(into.rw.count, 0);
}

static void test_cli__names_the_nearest_option(void **state)
{
	const char *const words[] = {"run", "--profil-e=x", NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct into into;
	int operands;

	(void)state;
	assert_error(parse(words, &into, &operands, &err), SBK_E_INVAL, &err);
	assert_non_null(strstr(err.message, "'--profil-e'"));
	assert_non_null(strstr(err.message, "'--profile'"));
}

static void test_cli__refuses_what_is_no_number(void **state)
{
	static const char *const bad[] = {"", "-1", "7x",
					  "99999999999999999999"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct into into;
	size_t i;
	int operands;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const words[] = {"run", "--limit", bad[i], NULL};

		assert_error(parse(words, &into, &operands, &err), SBK_E_INVAL,
			     &err);
	}
}

static void test_cli__a_missing_value_is_said(void **state)
{
	const char *const words[] = {"run", "--profile", NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct into into;
	int operands;

	(void)state;
	assert_error(parse(words, &into, &operands, &err), SBK_E_INVAL, &err);
	assert_non_null(strstr(err.message, "needs a value"));
}

/* What cannot be told is not done. */
static void test_cli__announces_or_refuses(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_cli cli = {.program = "sandbook", .out = tmpfile()};

	(void)state;
	assert_non_null(cli.out);
	assert_ok(sbk_cli_announce(&cli, "the plan\n", &err), &err);
	assert_int_equal(ftell(cli.out), 9);
	(void)fclose(cli.out);
	cli.out = fopen("/dev/full", "w");
	assert_non_null(cli.out);
	assert_error(sbk_cli_announce(&cli, "the plan\n", &err), SBK_E_IO,
		     &err);
	assert_non_null(strstr(err.message, "nothing was changed"));
	(void)fclose(cli.out);
	assert_ok(sbk_cli_ask(&cli, "Go on?", true, &err), &err);
}

/* What a run's file, or a runner, could call itself, at a terminal. */
static void test_cli__what_others_wrote_is_made_printable(void **state)
{
	struct sbk_cli cli = {.program = "sandbook", .err = tmpfile()};
	struct sbk_error err = SBK_ERROR_INIT;
	char text[512];
	size_t size;

	(void)state;
	assert_non_null(cli.err);
	sbk_cli_say(&cli, "warning: %zu stay, '%s'", (size_t)2,
		    "a\xe2\x80\xae"
		    "b\x1b]52;c;\a\n\xff\\");
	(void)sbk_error_set(&err, SBK_E_IO, "runner (start): \xe2\x81\xa6x");
	assert_int_not_equal(sbk_cli_fail(&cli, &err), 0);
	rewind(cli.err);
	size = fread(text, 1, sizeof(text) - 1, cli.err);
	text[size] = '\0';
	assert_string_equal(text,
			    "sandbook: warning: 2 stay, 'a\\u{202e}b\\x1b]52;c;"
			    "\\x07\\x0a\\xff\\\\'\n"
			    "sandbook: runner (start): \\u{2066}x\n");
	assert_int_equal(fclose(cli.err), 0);
}

static void test_nearest_word__is_near_or_nothing(void **state)
{
	static const char *const words[] = {"network", "readable", "rw", NULL};

	(void)state;
	assert_string_equal(sbk_nearest_word("netwrok", words), "network");
	assert_string_equal(sbk_nearest_word("readble", words), "readable");
	assert_null(sbk_nearest_word("zzzzzz", words));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_cli__fills_fields_and_stops_at_the_command),
	cmocka_unit_test(test_cli__leaves_the_commands_own_options_alone),
	cmocka_unit_test(test_cli__names_the_nearest_option),
	cmocka_unit_test(test_cli__refuses_what_is_no_number),
	cmocka_unit_test(test_cli__a_missing_value_is_said),
	cmocka_unit_test(test_cli__announces_or_refuses),
	cmocka_unit_test(test_cli__what_others_wrote_is_made_printable),
	cmocka_unit_test(test_nearest_word__is_near_or_nothing),
};

SBK_TEST_MAIN(tests)
