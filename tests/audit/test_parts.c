/* The two small tools of the layer: the memo and the roll-up. */
#include <stdio.h>
#include <string.h>

#include "audit/memo.h"
#include "audit/rollup.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static struct sbk_state state_of(const char *text)
{
	return (struct sbk_state){.data = text, .size = strlen(text)};
}

static void test_memo__gives_back_what_was_put_in(void **unused)
{
	struct sbk_memo *memo = sbk_memo_new(sizeof(int));
	bool fresh;
	int *value = sbk_memo_find(memo, state_of("a"), &fresh);

	(void)unused;
	assert_true(fresh);
	assert_int_equal(*value, 0);
	*value = 7;
	value = sbk_memo_find(memo, state_of("b"), &fresh);
	assert_true(fresh);
	*value = 8;
	assert_int_equal(*(int *)sbk_memo_find(memo, state_of("a"), &fresh), 7);
	assert_false(fresh);
	assert_int_equal(*(int *)sbk_memo_find(memo, state_of("b"), &fresh), 8);
	assert_false(fresh);
	sbk_memo_free(memo);
}

/* More states than it holds: it forgets, and never lies. */
static void test_memo__forgets_rather_than_grows(void **unused)
{
	struct sbk_memo *memo = sbk_memo_new(sizeof(int));
	char text[32];
	bool fresh;
	int i, *value, fresh_again = 0;

	(void)unused;
	for (i = 0; i < 40000; i++) {
		(void)snprintf(text, sizeof(text), "state %d", i);
		value = sbk_memo_find(memo, state_of(text), &fresh);
		assert_true(fresh);
		*value = i;
	}
	for (i = 0; i < 40000; i++) {
		(void)snprintf(text, sizeof(text), "state %d", i);
		value = sbk_memo_find(memo, state_of(text), &fresh);
		fresh_again += fresh;
		assert_true(fresh ? *value == 0 : *value == i);
		*value = i;
	}
	assert_true(fresh_again > 0);
	sbk_memo_free(memo);
}

static void add(struct sbk_rollup *rollup, const char *path, unsigned kind)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_rollup_add(rollup, path, kind, &err), &err);
}

static void assert_root(const struct sbk_rollup *rollup, size_t index,
			const char *path, uint64_t objects)
{
	const struct sbk_rollup_root *root = sbk_rollup_at(rollup, index);

	assert_string_equal(root->path, path);
	assert_int_equal(root->objects, objects);
}

static void test_rollup__counts_a_tree_at_its_top(void **unused)
{
	struct sbk_rollup *rollup = sbk_rollup_new();

	(void)unused;
	add(rollup, "/a", 0);
	add(rollup, "/a/b", 0);
	add(rollup, "/a/b/c", 0);
	add(rollup, "/a/d", 0);
	assert_int_equal(sbk_rollup_count(rollup), 1);
	assert_root(rollup, 0, "/a", 4);
	sbk_rollup_free(rollup);
}

static void test_rollup__a_break_begins_a_root(void **unused)
{
	struct sbk_rollup *rollup = sbk_rollup_new();

	(void)unused;
	add(rollup, "/a", 0);
	/* /a/b was no hit. */
	add(rollup, "/a/b/c", 0);
	add(rollup, "/a/b/c/d", 0);
	add(rollup, "/a/x", 0);
	add(rollup, "/ab", 0);
	assert_int_equal(sbk_rollup_count(rollup), 3);
	assert_root(rollup, 0, "/a", 2);
	assert_root(rollup, 1, "/a/b/c", 2);
	assert_root(rollup, 2, "/ab", 1);
	sbk_rollup_free(rollup);
}

static void
test_rollup__kinds_are_apart_and_the_top_may_be_the_root(void **unused)
{
	struct sbk_rollup *rollup = sbk_rollup_new();

	(void)unused;
	add(rollup, "/", 0);
	add(rollup, "/", 1);
	add(rollup, "/a", 0);
	add(rollup, "/b/c", 1);
	assert_int_equal(sbk_rollup_count(rollup), 3);
	assert_root(rollup, 0, "/", 2);
	assert_root(rollup, 1, "/", 1);
	assert_root(rollup, 2, "/b/c", 1);
	sbk_rollup_free(rollup);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_memo__gives_back_what_was_put_in),
	cmocka_unit_test(test_memo__forgets_rather_than_grows),
	cmocka_unit_test(test_rollup__counts_a_tree_at_its_top),
	cmocka_unit_test(test_rollup__a_break_begins_a_root),
	cmocka_unit_test(
		test_rollup__kinds_are_apart_and_the_top_may_be_the_root),
};

SBK_TEST_MAIN(tests)
