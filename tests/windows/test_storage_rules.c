/* Whose access lists of our own records are believed. */
#include "engine/windows/storage_rules.h"

#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define USER "S-1-5-21-1-2-3-1001"
#define OTHER "S-1-5-21-1-2-3-1002"
#define FULL(sid) "(A;;FA;;;" sid ")"

static const struct sbk_owner user = {USER};

static int check(const char *sddl, bool readable, struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {.owner = &user,
					      .readable = readable};
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = sbk_sddl_parse(sddl, strlen(sddl), NULL, &bytes, err);

	assert_ok(rc, err);
	rc = sbk_storage_check(&rule, &bytes, "C:/j", err);
	sbk_buf_release(&bytes);
	return rc;
}

static void test_storage_rules__what_is_made_is_believed(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		const struct sbk_storage_rule rule = {
			.owner = &user, .directory = i & 1, .readable = i & 2};
		struct sbk_storage_rule other = rule;
		struct sbk_buf bytes = SBK_BUF_INIT;
		struct sbk_sd sd;

		assert_ok(sbk_storage_descriptor(&rule, &bytes, &err), &err);
		assert_ok(sbk_sd_read((const uint8_t *)bytes.data, bytes.size,
				      &sd, &err),
			  &err);
		assert_true(sd.control & SBK_SD_DACL_PROTECTED);
		assert_ok(sbk_storage_check(&rule, &bytes, "C:/j", &err), &err);
		assert_int_equal(sbk_storage_is_open(&user, &bytes),
				 rule.readable);
		other.readable = false;
		if (rule.readable)
			assert_error(
				sbk_storage_check(&other, &bytes, "C:/j", &err),
				SBK_E_DENIED, &err);
		sbk_buf_release(&bytes);
	}
}

static void test_storage_rules__no_stranger_is_let_in(void **state)
{
	static const struct {
		const char *sddl;
		int secret, published;
	} cases[] = {
		{"O:" USER "D:P" FULL(USER) FULL("SY") FULL("BA"), 0, 0},
		/* Owned by who is believed, or by nobody else. */
		{"O:BAD:" FULL(USER), 0, 0},
		{"O:SYD:" FULL(USER), 0, 0},
		{"O:" OTHER "D:" FULL(USER), SBK_E_DENIED, SBK_E_DENIED},
		{"O:COD:" FULL(USER), SBK_E_DENIED, SBK_E_DENIED},
		{"D:" FULL(USER), SBK_E_DENIED, SBK_E_DENIED},
		/* Who stands for others. */
		{"O:" USER "D:(A;OICIIO;FA;;;CO)(A;;RC;;;OW)", 0, 0},
		/* Nothing recorded lets everybody in; an empty list nobody. */
		{"O:" USER, SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:NO_ACCESS_CONTROL", SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:", 0, 0},
		/* To read is for what is published. */
		{"O:" USER "D:(A;;0x1200a9;;;BU)", SBK_E_DENIED, 0},
		{"O:" USER "D:(A;;GRGX;;;WD)", SBK_E_DENIED, 0},
		{"O:" USER "D:(A;;0x1;;;" OTHER ")", SBK_E_DENIED, 0},
		{"O:" USER "D:(A;;0x2;;;BU)", SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:(A;;WD;;;BU)", SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:(A;;0x40;;;BU)", SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:(A;;GA;;;BU)", SBK_E_DENIED, SBK_E_DENIED},
		/* What only new files get, and what has a condition, counts; a
		 * denial takes nothing from it. */
		{"O:" USER "D:(A;OIIO;FW;;;AU)", SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:(XA;;FW;;;AU;(Member_of {SID(BA)}))",
		 SBK_E_DENIED, SBK_E_DENIED},
		{"O:" USER "D:(D;;FA;;;AU)(A;;FW;;;AU)", SBK_E_DENIED,
		 SBK_E_DENIED},
		{"O:" USER "D:(D;;FA;;;AU)" FULL(USER), 0, 0},
		/* A right to nothing is none. */
		{"O:" USER "D:(A;;0x0;;;" OTHER ")", 0, 0},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int secret = check(cases[i].sddl, false, &err);
		int published = check(cases[i].sddl, true, &err);

		if (secret != cases[i].secret ||
		    published != cases[i].published)
			fail_msg("%s: %d and %d (%s)", cases[i].sddl, secret,
				 published, err.message);
	}
	assert_error(check("O:" USER "D:(A;;FW;;;" OTHER ")", false, &err),
		     SBK_E_DENIED, &err);
	assert_non_null(strstr(err.message, "icacls \"C:/j\" /remove *" OTHER));
}

static void test_storage_rules__what_cannot_be_read_is_open(void **state)
{
	static const struct sbk_owner uid = {"1000"};
	const struct sbk_storage_rule rule = {.owner = &user};
	const struct sbk_storage_rule strange = {.owner = &uid};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)state;
	assert_error(sbk_storage_descriptor(&strange, &bytes, &err),
		     SBK_E_INVAL, &err);
	sbk_buf_add(&bytes, "\x01\x00\x04\x80", 4);
	assert_error(sbk_storage_check(&rule, &bytes, "C:/j", &err),
		     SBK_E_PARSE, &err);
	assert_true(sbk_storage_is_open(&user, &bytes));
	sbk_buf_release(&bytes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_storage_rules__what_is_made_is_believed),
	cmocka_unit_test(test_storage_rules__no_stranger_is_let_in),
	cmocka_unit_test(test_storage_rules__what_cannot_be_read_is_open),
};

SBK_TEST_MAIN(tests)
