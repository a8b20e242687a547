/* Names, comments, states and passwords of accounts on Windows. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/account_state.h"
#include "engine/windows/password.h"

#include "engine/banned.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define COMMENT                                                        \
	"Sandbook offline account SandbookOffline of S-1-5-21-1-2-3-7" \
	" nonce " NONCE
#define OWN "S-1-5-21-1-2-3-1005"

static struct sbk_sid sid_of(const char *text)
{
	struct sbk_sid sid;

	assert_int_equal(sbk_sid_parse(text, strlen(text), &sid, NULL), 0);
	return sid;
}

static void test_account_state__a_seal_names_the_account(void **state)
{
	const struct sbk_sid own = sid_of(OWN), other = sid_of(OWN "6");
	struct sbk_buf made = SBK_BUF_INIT, sealed = SBK_BUF_INIT;

	(void)state;
	sbk_nt_comment_make(&made, "offline account", "SandbookOffline",
			    "S-1-5-21-1-2-3-7", NONCE);
	assert_string_equal(sbk_buf_text(&made), COMMENT);
	sbk_nt_comment_seal(&sealed, sbk_buf_text(&made), &own);
	assert_string_equal(sbk_buf_text(&sealed), COMMENT " sid " OWN);
	assert_true(sbk_nt_comment_is_of(sbk_buf_text(&sealed),
					 "SandbookOffline", &own));
	assert_false(sbk_nt_comment_is_of(sbk_buf_text(&sealed),
					  "SandbookOffline", &other));
	assert_false(
		sbk_nt_comment_is_of(sbk_buf_text(&sealed), "Sandbook", &own));
	assert_false(
		sbk_nt_comment_is_of(sbk_buf_text(&sealed), "nonce", &own));
	assert_false(sbk_nt_comment_is_of(COMMENT, "SandbookOffline", &own));
	sbk_buf_release(&made);
	sbk_buf_release(&sealed);
}

static void encode(struct sbk_buf *out, const char *name, const char *comment,
		   uint32_t flags)
{
	const struct sbk_nt_account account = {.name = name,
					       .comment = comment,
					       .flags = flags,
					       .sid = sid_of(OWN)};

	sbk_buf_clear(out);
	sbk_nt_account_encode(out, false, "SandbookOffline", &account);
}

static struct sbk_state state_of(const struct sbk_buf *buf)
{
	return (struct sbk_state){sbk_buf_text(buf), buf->size};
}

static void test_account_state__what_is_made_is_what_was_asked_for(void **state)
{
	struct sbk_buf wanted = SBK_BUF_INIT, seen = SBK_BUF_INIT;
	uint32_t flags = 0;
	char *comment = NULL;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sbk_nt_account_want(&wanted, false, COMMENT);
	/* Enabled or not, locked out or not. */
	encode(&seen, "SandbookOffline", COMMENT " sid " OWN,
	       SBK_NT_ACCOUNT_FLAGS);
	assert_string_equal(sbk_buf_text(&seen), sbk_buf_text(&wanted));
	encode(&seen, "SandbookOffline", COMMENT " sid " OWN,
	       SBK_NT_ACCOUNT_FLAGS | SBK_NT_ACCOUNT_DISABLED | 0x10);
	assert_string_equal(sbk_buf_text(&seen), sbk_buf_text(&wanted));
	assert_ok(sbk_nt_account_parse(state_of(&wanted), false, &flags,
				       &comment, &err),
		  &err);
	assert_int_equal(flags, SBK_NT_ACCOUNT_FLAGS);
	assert_string_equal(comment, COMMENT);
	free(comment);
	sbk_buf_release(&wanted);
	sbk_buf_release(&seen);
}

static void test_account_state__ours_is_told_from_others(void **state)
{
	static const struct {
		const char *name, *comment;
		bool ours;
	} cases[] = {
		{"SandbookOffline", COMMENT " sid " OWN, true},
		{"SandbookOffline", COMMENT, true}, /* half made */
		{"Renamed", COMMENT " sid " OWN, true},
		{"SandbookOffline", COMMENT " sid " OWN "6",
		 false}, /* copied */
		{"SandbookOffline", COMMENT " sid S-1-5-x", false},
		{"SandbookOffline", COMMENT "0", false},
		{"SandbookOffline", "", false},
		{"SandbookOffline", "My account\nsid own", false},
	};
	struct sbk_buf made = SBK_BUF_INIT, now = SBK_BUF_INIT;
	size_t i;

	(void)state;
	sbk_nt_account_want(&made, false, COMMENT);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		encode(&now, cases[i].name, cases[i].comment, 0x200);
		if (sbk_nt_account_is_ours(state_of(&made), state_of(&now)) !=
		    cases[i].ours)
			fail_msg("case %zu: %s", i, sbk_buf_text(&now));
	}
	sbk_buf_release(&made);
	sbk_buf_release(&now);
}

static void test_account_state__bad_states_and_names(void **state)
{
	static const char *const states[] = {
		"",
		"comment x\nsid own\n",
		"flags 0x00010201\ncomment x\nsid none\n",
		"flags 0x00000201\ncomment x\nsid own\n",
		"flags 0x00010201\ncomment x\nsid own\nmore\n",
		"renamed 41\nflags 0x00010201\ncomment x\nsid own\n"};
	static const char *const names[] = {
		"",	"a.",  "a ",   " a",
		"a\\b", "a@b", "a\tb", "SandbookOfflineOfAnn2"};
	struct sbk_error err = SBK_ERROR_INIT;
	uint32_t flags;
	char *comment;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		assert_error(sbk_nt_account_parse(
				     (struct sbk_state){states[i],
							strlen(states[i])},
				     false, &flags, &comment, &err),
			     SBK_E_PARSE, &err);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_error(sbk_nt_name_check(names[i], false, &err),
			     SBK_E_INVAL, &err);
	assert_ok(sbk_nt_name_check("SandbookOffline12345", false, &err), &err);
	assert_ok(sbk_nt_name_check("SandbookOfflineOfAnn2", true, &err), &err);
}

/* --- passwords ------------------------------------------------------------ */

struct source {
	unsigned draws, good_at;
};

/* Only letters, until the draw that is good. */
static int draw(void *arg, uint8_t *out, size_t size, struct sbk_error *err)
{
	struct source *source = arg;
	size_t i;

	(void)err;
	source->draws++;
	for (i = 0; i < size; i++)
		out[i] = (uint8_t)(source->draws < source->good_at ? i % 26
								   : i * 3);
	return 0;
}

static int no_source(void *arg, uint8_t *out, size_t size,
		     struct sbk_error *err)
{
	(void)arg;
	(void)out;
	(void)size;
	return sbk_error_set(err, SBK_E_DENIED, "no generator");
}

static void test_password__has_all_classes_or_is_drawn_again(void **state)
{
	struct source source = {.good_at = 4}, stuck = {.good_at = 1000000};
	char password[SBK_PASSWORD_CHARACTERS + 1];
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_password_make(draw, &source, password, &err), &err);
	assert_int_equal(source.draws, 4);
	assert_int_equal(strlen(password), SBK_PASSWORD_CHARACTERS);
	assert_non_null(strpbrk(password, "-_"));
	assert_non_null(strpbrk(password, "0123456789"));
	assert_error(sbk_password_make(draw, &stuck, password, &err), SBK_E_IO,
		     &err);
	assert_error(sbk_password_make(no_source, NULL, password, &err),
		     SBK_E_DENIED, &err);
}

static void test_password__is_wiped(void **state)
{
	char text[] = "secret";

	(void)state;
	sbk_password_wipe(text, sizeof(text));
	assert_memory_equal(text, "\0\0\0\0\0\0", sizeof(text));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_account_state__a_seal_names_the_account),
	cmocka_unit_test(
		test_account_state__what_is_made_is_what_was_asked_for),
	cmocka_unit_test(test_account_state__ours_is_told_from_others),
	cmocka_unit_test(test_account_state__bad_states_and_names),
	cmocka_unit_test(test_password__has_all_classes_or_is_drawn_again),
	cmocka_unit_test(test_password__is_wiped),
};

SBK_TEST_MAIN(tests)
