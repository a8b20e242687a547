/* The text of a principal: one form for each, and nothing but it. */
#include "engine/principal_id.h"
#include "tests/support/test.h"

#include <string.h>

#include "engine/banned.h"

static void test_principal_id__round_trips(void **state)
{
	static const struct {
		const char *text;
		struct sbk_principal_id id;
	} cases[] = {
		{"u:0", {false, 0}},
		{"g:0", {true, 0}},
		{"u:990", {false, 990}},
		{"g:1000", {true, 1000}},
		{"u:4294967294", {false, 4294967294}},
	};
	struct sbk_principal_id id;
	struct sbk_error err = SBK_ERROR_INIT;
	char text[SBK_PRINCIPAL_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ok(sbk_principal_parse(cases[i].text, &id, &err), &err);
		assert_int_equal(id.is_group, cases[i].id.is_group);
		assert_int_equal(id.number, cases[i].id.number);
		sbk_principal_format(id, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_principal_id__nothing_else_is_taken(void **state)
{
	static const char *const bad[] = {
		"",
		"u",
		"u:",
		"g:",
		"u:12x",
		"u:x12",
		"u: 5",
		"u:+5",
		"u:-5",
		"u:-1",
		"u:5 ",
		"u:5\n",
		"u:007",
		"u:00",
		"u:0x10",
		"u:4294967295", /* no number, to the system */
		"u:4294967296",
		"u:9999999999",
		"u:18446744073709551616",
		"u:184467440737095516160000000000000000000001",
		"U:5",
		"o:5",
		"m:5",
		"uu:5",
		"u5",
		"5",
		"root",
		"u:5:rwx",
		"group:5",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sbk_principal_id id = {.is_group = true, .number = 77};
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(sbk_principal_parse(bad[i], &id, &err),
			     SBK_E_INVAL, &err);
		assert_true(id.is_group);
		assert_int_equal(id.number, 77);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_principal_id__round_trips),
		cmocka_unit_test(test_principal_id__nothing_else_is_taken),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
