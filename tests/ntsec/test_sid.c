/* SIDs: text and bytes, parts, order. */
#include <string.h>

#include "engine/ntsec/sid.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static struct sbk_sid parsed(const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;

	assert_ok(sbk_sid_parse(text, strlen(text), &sid, &err), &err);
	return sid;
}

static void test_sid__text_and_back(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{"S-1-5-32-544", "S-1-5-32-544"},
		{"s-1-1-0", "S-1-1-0"},
		{"S-1-0", "S-1-0"},
		{"S-1-0x5-0x20-0x220", "S-1-5-32-544"},
		{"S-1-4294967295-1", "S-1-4294967295-1"},
		{"S-1-4294967296-1", "S-1-0x000100000000-1"},
		{"S-1-0xFFFFFFFFFFFF", "S-1-0xFFFFFFFFFFFF"},
		{"S-1-5-21-1-2-3-4-5-6-7-8-9-10-11-12-13-14",
		 "S-1-5-21-1-2-3-4-5-6-7-8-9-10-11-12-13-14"},
		{"S-1-5-4294967295", "S-1-5-4294967295"},
	};
	struct sbk_sid_text text;
	struct sbk_sid sid, again;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sid = parsed(cases[i].text);
		assert_string_equal(sbk_sid_format(&sid, &text),
				    cases[i].printed);
		assert_ok(sbk_sid_read(sid.bytes, sbk_sid_size(&sid), &again,
				       NULL),
			  &(struct sbk_error)SBK_ERROR_INIT);
		assert_memory_equal(&sid, &again, sizeof(sid));
	}
}

static void test_sid__what_is_wrong_is_pointed_at(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
		{"", 0},
		{"S", 1},
		{"S-2-5", 2},
		{"X-1-5", 0},
		{"S-1-", 4},
		{"S-1-5-", 6},
		{"S-1-5-x", 6},
		{"S-1-5--1", 6},
		{"S-1-5-32 ", 8},
		{"S-1-0x", 6},
		{"S-1-5-0xg", 8},
		{"S-1-5-4294967296", 6},
		{"S-1-0x1000000000000", 6},
		{"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", 44},
	};
	struct sbk_sid sid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_error err = SBK_ERROR_INIT;

		assert_error(sbk_sid_parse(cases[i].text, strlen(cases[i].text),
					   &sid, &err),
			     SBK_E_PARSE, &err);
		assert_int_equal(err.offset, cases[i].offset);
	}
}

static void test_sid__bytes_that_are_none(void **state)
{
	const uint8_t full[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
	uint8_t data[12];
	struct sbk_sid sid;

	(void)state;
	assert_int_equal(sbk_sid_read(full, 12, &sid, NULL), 0);
	assert_int_equal(sbk_sid_rid(&sid), 18);
	assert_int_equal(sbk_sid_read(full, 11, &sid, NULL), SBK_E_PARSE);
	assert_int_equal(sbk_sid_read(full, 7, &sid, NULL), SBK_E_PARSE);
	memcpy(data, full, 12);
	data[0] = 2;
	assert_int_equal(sbk_sid_read(data, 12, &sid, NULL), SBK_E_PARSE);
	memcpy(data, full, 12);
	data[1] = 16;
	assert_int_equal(sbk_sid_read(data, 12, &sid, NULL), SBK_E_PARSE);
}

static void test_sid__order_and_ancestry(void **state)
{
	struct sbk_sid machine = parsed("S-1-5-21-1-2-3");
	struct sbk_sid user = parsed("S-1-5-21-1-2-3-1001"), other;
	struct sbk_sid_text text;

	(void)state;
	assert_true(sbk_sid_is_below(&user, &machine));
	assert_false(sbk_sid_is_below(&machine, &machine));
	assert_false(sbk_sid_is_below(&machine, &user));
	assert_true(sbk_sid_compare(&machine, &user) < 0);
	assert_true(sbk_sid_compare(&user, &machine) > 0);
	assert_int_equal(sbk_sid_compare(&user, &user), 0);
	other = user;
	assert_true(sbk_sid_parent(&other));
	assert_memory_equal(&other, &machine, sizeof(other));
	assert_true(sbk_sid_append(&other, 1001));
	assert_true(sbk_sid_equal(&other, &user));
	other = parsed("S-1-6");
	assert_true(sbk_sid_compare(&other, &user) > 0);
	assert_false(sbk_sid_parent(&other));
	assert_string_equal(sbk_sid_format(&other, &text), "S-1-6");
}

static void test_sid__a_pattern_is_one_or_all_of_an_authority(void **state)
{
	static const char family[] = "S-1-0x0053424B0001-*";
	static const struct {
		const char *pattern, *sid;
		bool has;
	} cases[] = {
		{"S-1-5-32-544", "S-1-5-32-544", true},
		{"S-1-5-32-544", "S-1-5-32-545", false},
		{family, "S-1-0x0053424B0001-1-2-3-4-5", true},
		{family, "S-1-0x0053424B0001-7", true},
		{family, "S-1-0x0053424B0001", false},
		{family, "S-1-0x0053424B0002-1", false},
		{family, "S-1-0x0153424B0001-1", false},
		{"S-1-5-*", "S-1-5-18", true},
	};
	static const char *const none[] = {
		"",	      "*",	    "-*",
		"S-1-*",      "S-1-5-",	    "S-1-5*",
		"S-1-5-21-*", "s-1-5-18",   "S-1-0x0053424b0001-*",
		"S-1-5-**",   "S-1-5-*-18", "S-1-5-18-*"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_pattern pattern;
	struct sbk_sid sid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sid = parsed(cases[i].sid);
		assert_ok(
			sbk_sid_pattern_parse(cases[i].pattern, &pattern, &err),
			&err);
		if (sbk_sid_pattern_has(&pattern, &sid) != cases[i].has)
			fail_msg("'%s', '%s'", cases[i].pattern, cases[i].sid);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (sbk_sid_pattern_parse(none[i], &pattern, &err) !=
		    SBK_E_INVAL)
			fail_msg("'%s' was taken", none[i]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_sid__text_and_back),
	cmocka_unit_test(test_sid__what_is_wrong_is_pointed_at),
	cmocka_unit_test(test_sid__bytes_that_are_none),
	cmocka_unit_test(test_sid__order_and_ancestry),
	cmocka_unit_test(test_sid__a_pattern_is_one_or_all_of_an_authority),
};

SBK_TEST_MAIN(tests)
