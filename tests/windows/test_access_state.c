/* The canonical text of access on Windows: exact both ways, and strict. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/access_state.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

static void assert_text(const char *sddl, bool is_directory, const char *text)
{
	struct sbk_buf state = SBK_BUF_INIT, back = SBK_BUF_INIT;

	nt_state_add(&state, sddl, is_directory);
	assert_string_equal(sbk_buf_text(&state), text);
	nt_state_sddl(nt_state_of(&state), &back);
	assert_string_equal(sbk_buf_text(&back), sddl);
	sbk_buf_release(&state);
	sbk_buf_release(&back);
}

static void test_access_state__says_all_of_a_descriptor(void **state)
{
	(void)state;
	assert_text("O:BAG:SYD:AI(A;;FA;;;SY)(D;OICIID;FW;;;WD)", true,
		    "type directory\n"
		    "owner S-1-5-32-544\n"
		    "group S-1-5-18\n"
		    "control 0x0400\n"
		    "dacl 2 0x00 0x0000\n"
		    "ace 0x00 0x00 0x001f01ff S-1-5-18\n"
		    "ace 0x01 0x13 0x00120116 S-1-1-0\n");
	assert_text("O:BAG:SYD:P", false,
		    "type file\n"
		    "owner S-1-5-32-544\n"
		    "group S-1-5-18\n"
		    "control 0x1000\n"
		    "dacl 2 0x00 0x0000\n");
	assert_text("O:BAG:SYD:NO_ACCESS_CONTROL", false,
		    "type file\n"
		    "owner S-1-5-32-544\n"
		    "group S-1-5-18\n"
		    "control 0x0000\n"
		    "dacl null\n");
}

static void test_access_state__keeps_what_it_does_not_understand(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT, back = SBK_BUF_INIT;

	(void)state;
	/* A condition is more than type, flags, mask and SID. */
	nt_state_add(&text,
		     "O:BAG:SYD:(XA;;FR;;;WD;(@USER.a == 1))(A;;FA;;;SY)",
		     false);
	assert_non_null(strstr(sbk_buf_text(&text), "\nraw 0900"));
	nt_state_sddl(nt_state_of(&text), &back);
	assert_string_equal(sbk_buf_text(&back),
			    "O:BAG:SYD:(XA;;FR;;;WD;(@USER.a == 1))"
			    "(A;;FA;;;SY)");
	sbk_buf_release(&text);
	sbk_buf_release(&back);
}

static void test_access_state__asks_the_system_to_keep_its_bit(void **state)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	(void)state;
	nt_state_add(&text, "O:BAG:SYD:AI(A;;FA;;;SY)", false);
	assert_ok(sbk_nt_access_parse(nt_state_of(&text), &access, &err), &err);
	assert_ok(sbk_nt_access_to_sd(&access, &bytes, &err), &err);
	assert_ok(
		sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, &err),
		&err);
	assert_int_equal(sd.control, SBK_SD_SELF_RELATIVE |
					     SBK_SD_DACL_PRESENT |
					     SBK_SD_DACL_INHERITED |
					     SBK_SD_DACL_INHERIT_REQ);
	sbk_nt_access_release(&access);
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
}

/* Slack and the unused bytes of the header survive, as the kernel keeps
 * them. */
static void test_access_state__keeps_every_byte_of_a_list(void **state)
{
	static const char text[] = "type file\n"
				   "owner none\n"
				   "group none\n"
				   "control 0x0000\n"
				   "dacl 4 0x07 0x0102\n"
				   "ace 0x00 0x00 0x001f01ff S-1-5-18\n"
				   "slack deadbeef\n";
	const struct sbk_state whole = {.data = text, .size = sizeof(text) - 1};
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_nt_access_parse(whole, &access, &err), &err);
	assert_int_equal(access.dacl.size, 8 + 20 + 4);
	assert_memory_equal(access.dacl.data,
			    "\x04\x07\x20\x00\x01\x00\x02\x01", 8);
	sbk_nt_access_release(&access);
}

static void test_access_state__takes_one_form_of_each_state(void **state)
{
	static const char good[] = "type file\nowner S-1-5-18\ngroup none\n"
				   "control 0x0400\ndacl 2 0x00 0x0000\n"
				   "ace 0x00 0x00 0x001f01ff S-1-5-18\n";
	/* What to put in the place of what. */
	static const char *const wrong[][2] = {
		{"type file", "type  file"},
		{"type file", "type device"},
		{"S-1-5-18\ngroup", "s-1-5-18\ngroup"},
		{"S-1-5-18\ngroup", "S-1-0x000000000005-18\ngroup"},
		{"0x0400", "0x8400"},
		{"0x0400", "0x400"},
		{"dacl 2", "dacl 5"},
		{"ace 0x00", "ace 0x09"},
		{"0x001f01ff", "0x001F01FF"},
		{"ace 0x00 0x00 0x001f01ff S-1-5-18", "raw 0000140"},
		/* A plain entry has its own form. */
		{"ace 0x00 0x00 0x001f01ff S-1-5-18",
		 "raw 00001400ff011f00010100000000000512000000"},
		{"ace 0x00", "slack 00\nace 0x00"},
		{"S-1-5-18\n", ""},
	};
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	assert_ok(
		sbk_nt_access_parse((struct sbk_state){good, sizeof(good) - 1},
				    &access, &err),
		&err);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *at = strstr(good, wrong[i][0]);
		struct sbk_buf text = SBK_BUF_INIT;

		assert_non_null(at);
		sbk_buf_add(&text, good, (size_t)(at - good));
		sbk_buf_adds(&text, wrong[i][1]);
		sbk_buf_adds(&text, at + strlen(wrong[i][0]));
		assert_error(
			sbk_nt_access_parse(nt_state_of(&text), &access, &err),
			SBK_E_PARSE, &err);
		sbk_buf_release(&text);
	}
	sbk_nt_access_release(&access);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_access_state__says_all_of_a_descriptor),
	cmocka_unit_test(test_access_state__keeps_what_it_does_not_understand),
	cmocka_unit_test(test_access_state__asks_the_system_to_keep_its_bit),
	cmocka_unit_test(test_access_state__keeps_every_byte_of_a_list),
	cmocka_unit_test(test_access_state__takes_one_form_of_each_state),
};

SBK_TEST_MAIN(tests)
