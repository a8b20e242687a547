/* Owners as texts: the one form of a number, and nothing else taken for it. */
#include "engine/owner.h"

#include "tests/support/test.h"

#include "engine/banned.h"

static void test_owner__a_number_is_itself(void **state)
{
	static const uint32_t numbers[] = {0, 1, 10, 1000, UINT32_MAX};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sbk_owner owner = sbk_owner_of_number(numbers[i]);
		uint32_t out = 7;

		assert_true(sbk_owner_number(&owner, &out));
		assert_int_equal(out, numbers[i]);
		assert_true(sbk_owner_equal(&owner, &owner));
	}
}

static void test_owner__nothing_else_is_a_number(void **state)
{
	static const struct sbk_owner others[] = {
		{""},	 {"01"},  {"-1"},	{"+1"},
		{" 1"},	 {"1 "},  {"0x1"},	{"4294967296"},
		{"1e3"}, {"1\n"}, {"S-1-5-18"}, {"18446744073709551617"},
	};
	struct sbk_owner root = sbk_owner_of_number(0);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		uint32_t out = 7;

		assert_false(sbk_owner_number(&others[i], &out));
		assert_int_equal(out, 7);
		assert_false(sbk_owner_equal(&others[i], &root));
	}
}

static void test_owner__reads_what_people_write(void **state)
{
	static const char *const good[] = {"0", "1000", "4294967294",
					   "S-1-5-21-1-2-3-1001",
					   "S-1-0x0053424B0001-1-2"};
	static const char *const bad[] = {"",	    "ann",	  "01",
					  "1000 ",  "4294967295", "S-1-",
					  "S-1-5 ", "S-1-5/..",	  "s-1-5-18"};
	char words[SBK_OWNER_WORDS];
	struct sbk_owner owner;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(sbk_owner_parse(good[i], &owner));
		assert_string_equal(owner.text, good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sbk_owner_parse(bad[i], &owner));
	owner = sbk_owner_of_number(7);
	assert_string_equal(sbk_owner_words(&owner, words), "uid 7");
	assert_true(sbk_owner_parse("S-1-5-18", &owner));
	assert_string_equal(sbk_owner_words(&owner, words), "S-1-5-18");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_owner__a_number_is_itself),
	cmocka_unit_test(test_owner__nothing_else_is_a_number),
	cmocka_unit_test(test_owner__reads_what_people_write),
};

SBK_TEST_MAIN(tests)
