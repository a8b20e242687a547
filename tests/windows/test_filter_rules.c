/* The network filters as data: who is kept from what, and their states. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/filter_rules.h"

#include "engine/banned.h"

#define ID "0123456789abcdef0123456789abcdef"
#define USER "S-1-5-21-1-2-3-1005"

static struct sbk_sid sid_of(const char *text)
{
	struct sbk_sid sid;

	assert_int_equal(sbk_sid_parse(text, strlen(text), &sid, NULL), 0);
	return sid;
}

static void want(struct sbk_buf *out, size_t count)
{
	const struct sbk_sid users[] = {sid_of(USER), sid_of(USER "6")};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_filters_want(out, ID, users, count, 47100, 47115, &err),
		  &err);
}

static struct sbk_state state_of(const struct sbk_buf *buf)
{
	return (struct sbk_state){sbk_buf_text(buf), buf->size};
}

static void test_filter_rules__block_all_but_the_ports(void **state)
{
	static const char *const expected =
		"provider 53420000-0123-4567-89ab-cdef01234567\n"
		"sublayer 53420001-0123-4567-89ab-cdef01234567 weight 65535\n"
#define FILTER(number) \
	"filter 5342000" number "-0123-4567-89ab-cdef01234567 layer "
#define BLOCK " block weight 1 user " USER "\n"
#define PERMIT \
	" permit weight 14 user " USER " tcp loopback ports 47100-47115\n"
		FILTER("2") "connect4" BLOCK FILTER(
			"3") "connect6" BLOCK FILTER("4") "accept4" BLOCK
			FILTER("5") "accept6" BLOCK FILTER(
				"6") "listen4" BLOCK FILTER("7") "listen6" BLOCK
				FILTER("8") "connect4" PERMIT FILTER(
					"9") "connect6" PERMIT;
	struct sbk_buf wanted = SBK_BUF_INIT;
	char name[SBK_GUID_TEXT];
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	want(&wanted, 1);
	assert_string_equal(sbk_buf_text(&wanted), expected);
	assert_ok(sbk_filters_name(ID, name, &err), &err);
	assert_string_equal(name, "53420000-0123-4567-89ab-cdef01234567");
	sbk_buf_release(&wanted);
}

static void test_filter_rules__nobody_needs_none(void **state)
{
	struct sbk_buf wanted = SBK_BUF_INIT;

	(void)state;
	want(&wanted, 0);
	assert_int_equal(wanted.size, 0);
	sbk_buf_release(&wanted);
}

static void test_filter_rules__a_state_is_read_as_it_was_written(void **state)
{
	struct sbk_buf wanted = SBK_BUF_INIT, again = SBK_BUF_INIT;
	struct sbk_filter_set set;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	want(&wanted, 2);
	assert_ok(sbk_filter_set_parse(&set, state_of(&wanted), &err), &err);
	assert_int_equal(set.count, 16);
	/* In whatever order they were found. */
	set.filters[0].key.a ^= set.filters[9].key.a;
	set.filters[9].key.a ^= set.filters[0].key.a;
	set.filters[0].key.a ^= set.filters[9].key.a;
	sbk_filter_set_encode(&set, &again);
	assert_int_equal(again.size, wanted.size);
	sbk_filter_set_release(&set);
	sbk_buf_release(&wanted);
	sbk_buf_release(&again);
}

static void test_filter_rules__bad_states_are_refused(void **state)
{
#define KEY "53420002-0123-4567-89ab-cdef01234567"
	static const char *const states[] = {
		"provider x\n",
		"sublayer " KEY "\n",
		"sublayer " KEY " weight 65536\n",
		"sublayer " KEY " weight 1 more\n",
		"filter " KEY "\n",
		"filter " KEY " others\n",
		"filter " KEY " other",
		"filter " KEY " other off\n",
		"provider " KEY " gone\n",
		"sublayer " KEY " weight 1 disabled more\n",
		"filter " KEY " layer connect5 block weight 1 user " USER "\n",
		"filter " KEY " layer connect4 block weight 256 user " USER
		"\n",
		"filter " KEY " layer connect4 allow weight 1 user " USER "\n",
		"filter " KEY " layer connect4 block weight 1 user me\n",
		"filter " KEY " layer connect4 permit weight 1 user " USER "\n",
		"filter " KEY " layer connect4 permit weight 1 user " USER
		" tcp loopback ports 1-65536\n",
		"filter 53420002-0123-4567-89AB-cdef01234567 other\n"};
	struct sbk_filter_set set;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct sbk_state bad = {states[i], strlen(states[i])};

		if (sbk_filter_set_parse(&set, bad, &err) != SBK_E_PARSE)
			fail_msg("taken: %s", states[i]);
		sbk_filter_set_release(&set);
	}
	assert_ok(sbk_filter_set_parse(&set,
				       (struct sbk_state){"filter " KEY
							  " other\n",
							  sizeof(KEY) + 13},
				       &err),
		  &err);
	sbk_filter_set_release(&set);
}

/* Each flaw has a word, in its line, and none of them is whole. */
static void test_filter_rules__flaws_are_told(void **state)
{
	static const char *const words[] = {"", " transient", " disabled"};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sbk_sid user = sid_of(USER);
	struct sbk_filter_set set;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		sbk_buf_clear(&text);
		sbk_buf_printf(&text,
			       "provider " KEY "%s\nsublayer " KEY
			       " weight 65535%s\nfilter " KEY " other%s\n",
			       words[i], words[(i + 1) % 3],
			       words[(i + 2) % 3]);
		assert_ok(sbk_filter_set_parse(&set, state_of(&text), &err),
			  &err);
		assert_int_equal(set.provider_flaw, i);
		assert_int_equal(set.sublayer_flaw, (i + 1) % 3);
		assert_int_equal(set.filters[0].flaw, (i + 2) % 3);
		assert_true(sbk_filter_set_has_flaw(&set));
		assert_false(sbk_filter_set_is_whole(&set));
		sbk_filter_set_release(&set);
	}
	/* What the system disabled holds nobody; what goes with a restart does
	 * until then. */
	sbk_buf_clear(&text);
	want(&text, 1);
	assert_ok(sbk_filter_set_parse(&set, state_of(&text), &err), &err);
	assert_true(sbk_filter_set_holds(&set, &user));
	set.provider_flaw = SBK_FILTER_TRANSIENT;
	assert_true(sbk_filter_set_holds(&set, &user));
	set.provider_flaw = SBK_FILTER_DISABLED;
	assert_false(sbk_filter_set_holds(&set, &user));
	sbk_filter_set_release(&set);
	sbk_buf_release(&text);
}

static void test_filter_rules__bad_requests_are_refused(void **state)
{
	const struct sbk_sid user = sid_of(USER);
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(sbk_filters_want(&out, "0123", &user, 1, 1, 2, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_filters_want(&out, ID, &user, 1, 0, 2, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_filters_want(&out, ID, &user, 1, 3, 2, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_filters_want(&out, ID, &user, 257, 1, 2, &err),
		     SBK_E_LIMIT, &err);
	assert_int_equal(out.size, 0);
}

/* Each of two persons goes by itself, in either order, altered or not. */
static void test_filter_rules__one_of_two_is_let_go(void **state)
{
	const struct sbk_sid second = sid_of(USER "6");
	struct sbk_buf one = SBK_BUF_INIT, two = SBK_BUF_INIT,
		       other = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	want(&one, 1);
	want(&two, 2);
	assert_ok(sbk_filters_want(&other, ID, &second, 1, 47100, 47115, &err),
		  &err);
	/* The first, who came before the second. */
	assert_ok(sbk_filters_without(&next, SBK_STATE_ABSENT, state_of(&one),
				      state_of(&two), &err),
		  &err);
	assert_string_equal(sbk_buf_text(&next), sbk_buf_text(&other));
	/* Altered by others: whom the change added goes, the other is made
	 * again. */
	sbk_buf_clear(&next);
	sbk_buf_adds(&one, "filter 5342000a-0123-4567-89ab-cdef01234567 "
			   "other\n");
	assert_ok(sbk_filters_without(&next, state_of(&other), state_of(&two),
				      state_of(&one), &err),
		  &err);
	assert_string_equal(sbk_buf_text(&next), sbk_buf_text(&other));
	/* The last one. */
	sbk_buf_clear(&next);
	assert_ok(sbk_filters_without(&next, SBK_STATE_ABSENT, state_of(&two),
				      state_of(&two), &err),
		  &err);
	assert_int_equal(next.size, 0);
	sbk_buf_release(&one);
	sbk_buf_release(&two);
	sbk_buf_release(&other);
	sbk_buf_release(&next);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_filter_rules__one_of_two_is_let_go),
	cmocka_unit_test(test_filter_rules__block_all_but_the_ports),
	cmocka_unit_test(test_filter_rules__nobody_needs_none),
	cmocka_unit_test(test_filter_rules__a_state_is_read_as_it_was_written),
	cmocka_unit_test(test_filter_rules__bad_states_are_refused),
	cmocka_unit_test(test_filter_rules__flaws_are_told),
	cmocka_unit_test(test_filter_rules__bad_requests_are_refused),
};

SBK_TEST_MAIN(tests)
