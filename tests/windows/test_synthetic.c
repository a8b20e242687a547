/* The family of SIDs that stand for writable roots. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/ntsec/sid_names.h"
#include "engine/windows/synthetic.h"

#include "engine/banned.h"

static const uint8_t id[SBK_SYNTHETIC_ID_BYTES] = {
	1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

static void test_synthetic__is_a_family_that_says_whose_it_is(void **state)
{
	struct sbk_sid sid = sbk_synthetic_make(id, 7);
	uint8_t found[SBK_SYNTHETIC_ID_BYTES];
	struct sbk_sid_text text;
	uint32_t number;

	(void)state;
	assert_string_equal(sbk_sid_format(&sid, &text),
			    "S-1-0x0053424B0001-1-2-3-4294967295-7");
	assert_true(sbk_synthetic_parse(&sid, found, &number));
	assert_memory_equal(found, id, sizeof(id));
	assert_int_equal(number, 7);
	/* Nothing that Windows gives a meaning: ours, by its authority. */
	assert_int_equal(sbk_sid_classify(&sid, NULL), SBK_SID_ROOT);
	assert_null(sbk_sid_name(&sid, NULL));
}

static void test_synthetic__knows_no_others(void **state)
{
	static const char *const others[] = {"S-1-5-21-1-2-3-7",
					     "S-1-15-3-1-2-3-4-7",
					     "S-1-0x0053424B0001-1-2-3-4",
					     "S-1-0x0053424B0001-1-2-3-4-0",
					     "S-1-0x0053424B0001-1-2-3-4-7-8",
					     "S-1-0x0053424B0002-1-2-3-4-7"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_ok(
			sbk_sid_parse(others[i], strlen(others[i]), &sid, &err),
			&err);
		assert_false(sbk_synthetic_parse(&sid, NULL, NULL));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_synthetic__is_a_family_that_says_whose_it_is),
	cmocka_unit_test(test_synthetic__knows_no_others),
};

SBK_TEST_MAIN(tests)
