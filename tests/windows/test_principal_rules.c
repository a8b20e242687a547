/* Which accounts are ours, by their comments: the one form, and nothing that
 * somebody else could write, copy or cut. */
#include "engine/windows/principal_rules.h"

#include <string.h>

#include "tests/support/test.h"

#include "engine/banned.h"

#define ANN "S-1-5-21-1-2-3-1001"
#define NONCE "0123456789abcdef0123456789abcdef"
#define OFFLINE "Sandbook offline account SandbookOffline of " ANN
#define SEALED " nonce " NONCE " sid S-1-5-21-1-2-3-1005"

static bool reads(const char *comment, bool is_group, struct sbk_principal *out,
		  char *nonce)
{
	static const char text[] = "S-1-5-21-1-2-3-1005";
	struct sbk_sid sid;

	assert_int_equal(sbk_sid_parse(text, strlen(text), &sid, NULL), 0);
	return sbk_nt_principal_read("name", comment, &sid, is_group, out,
				     nonce);
}

static void test_principal_rules__what_setup_writes_is_ours(void **state)
{
	char nonce[SBK_NT_NONCE_DIGITS + 1];
	struct sbk_principal p;

	(void)state;
	assert_true(reads(OFFLINE SEALED, false, &p, nonce));
	assert_int_equal(p.role, SBK_PRINCIPAL_OFFLINE);
	assert_string_equal(p.id, "S-1-5-21-1-2-3-1005");
	assert_string_equal(p.owner.text, p.id);
	assert_int_equal(p.number, 1005);
	assert_string_equal(p.person.text, ANN);
	assert_string_equal(p.name, "name"); /* as it is called now */
	assert_string_equal(nonce, NONCE);
	assert_true(
		reads("Sandbook online account SandbookOnline2 of " ANN SEALED,
		      false, &p, NULL));
	assert_int_equal(p.role, SBK_PRINCIPAL_ONLINE);
	assert_true(reads("Sandbook group Sandbook" SEALED, true, &p, nonce));
	assert_int_equal(p.role, SBK_PRINCIPAL_GROUP);
	assert_string_equal(p.person.text, "");
}

static void test_principal_rules__nothing_else_is(void **state)
{
	static const char *const others[] = {
		"",
		"Sandbook",
		OFFLINE,
		OFFLINE " nonce " NONCE,
		/* of another account */
		OFFLINE " nonce " NONCE " sid S-1-5-21-1-2-3-1006",
		OFFLINE SEALED " ",
		" " OFFLINE SEALED,
		OFFLINE "  nonce " NONCE " sid S-1-5-21-1-2-3-1005",
		OFFLINE " nonce 0123 sid S-1-5-21-1-2-3-1005",
		OFFLINE " nonce 0123456789ABCDEF0123456789abcdef sid "
			"S-1-5-21-1-2-3-1005",
		"Sandbook offline account SandbookOffline of ann" SEALED,
		"Sandbook offline account Somebody of " ANN SEALED,
		"Sandbook offline account SandbookOffline" SEALED,
		"Sandbook broker account SandbookOffline of " ANN SEALED,
		"Sandbook group Sandbook" SEALED, /* of an account */
		OFFLINE " of " ANN SEALED,
	};
	struct sbk_principal p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (reads(others[i], false, &p, NULL))
			fail_msg("taken for ours: %s", others[i]);
	assert_false(reads(OFFLINE SEALED, true, &p, NULL));
}

static void test_principal_rules__numbers_of_names(void **state)
{
	static const struct {
		const char *name;
		unsigned number;
	} cases[] = {{"SandbookOffline", 1},   {"SandbookOnline", 1},
		     {"SandbookOffline2", 2},  {"SandbookOnline9999", 9999},
		     {"SandbookOffline1", 0},  {"SandbookOffline02", 0},
		     {"SandbookOffline0", 0},  {"SandbookOffline2x", 0},
		     {"SandbookOffline-2", 0}, {"SandbookOffline10000", 0},
		     {"Sandbook", 0},	       {"ann", 0}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sbk_nt_person_number(cases[i].name),
				 cases[i].number);
}

static void test_principal_rules__a_state_tells_its_person(void **state)
{
	static const struct sbk_owner ann = {ANN}, bob = {"S-1-5-21-1-2-3-100"};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_state made;

	(void)state;
	sbk_nt_account_want(&text, false, OFFLINE " nonce " NONCE);
	made = (struct sbk_state){sbk_buf_text(&text), text.size};
	assert_true(sbk_nt_state_is_of(made, &ann));
	assert_false(sbk_nt_state_is_of(made, &bob));
	assert_false(sbk_nt_state_is_of(SBK_STATE_ABSENT, &ann));
	sbk_buf_release(&text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_principal_rules__what_setup_writes_is_ours),
	cmocka_unit_test(test_principal_rules__nothing_else_is),
	cmocka_unit_test(test_principal_rules__numbers_of_names),
	cmocka_unit_test(test_principal_rules__a_state_tells_its_person),
};

SBK_TEST_MAIN(tests)
