/* What a change stands on after older ones of its object were undone. The
 * encoding is the fake backend's: a line for each entry. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/rebase.h"
#include "tests/support/fake.h"

#include "engine/banned.h"

#define STATE(text) ((struct sbk_state){.data = (text), .size = strlen(text)})

static struct sbk_change change_of(uint64_t id, const char *before,
				   const char *after, const char *ours)
{
	return (struct sbk_change){
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = "/a",
			   .identity = "1"},
		.id = id,
		.before = STATE(before),
		.after = STATE(after),
		.ours = ours,
	};
}

/* Three grants, one on the other. */
static void make_three(struct sbk_change *three)
{
	three[0] = change_of(1, "0\n", "a\n0\n", "a\n");
	three[1] = change_of(2, "a\n0\n", "b\na\n0\n", "b\n");
	three[2] = change_of(3, "b\na\n0\n", "c\nb\na\n0\n", "c\n");
}

static struct sbk_plan *rebase(struct sbk_rebase_item *items, size_t count)
{
	struct fake_world *world = fake_world_new();
	struct sbk_backend backend = fake_backend(world);
	struct sbk_plan *out = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_non_null(out);
	assert_ok(sbk_rebase(&backend, items, count, out, &err), &err);
	sbk_backend_close(&backend);
	fake_world_free(world);
	return out;
}

static void assert_states(const struct sbk_change *change, const char *before,
			  const char *after)
{
	assert_non_null(change);
	assert_true(sbk_state_equal(change->before, STATE(before)));
	assert_true(sbk_state_equal(change->after, STATE(after)));
}

static void test_rebase__what_was_undone_below_is_taken_out(void **state)
{
	struct sbk_change three[3];
	struct sbk_rebase_item items[3] = {
		{.change = &three[0], .undone_by = 4},
		{.change = &three[1]},
		{.change = &three[2]}};
	struct sbk_plan *out;

	(void)state;
	make_three(three);
	out = rebase(items, 3);
	assert_null(three[0].rebased);
	assert_states(three[1].rebased, "0\n", "b\n0\n");
	assert_states(three[2].rebased, "b\n0\n", "c\nb\n0\n");
	sbk_plan_free(out);
}

/* The second was undone when the first had been: as it stood then. */
static void test_rebase__in_the_order_of_undoing(void **state)
{
	struct sbk_change three[3];
	struct sbk_rebase_item items[3] = {
		{.change = &three[2]},
		{.change = &three[1], .undone_by = 5},
		{.change = &three[0], .undone_by = 4}};
	struct sbk_plan *out;

	(void)state;
	make_three(three);
	out = rebase(items, 3);
	assert_states(three[2].rebased, "0\n", "c\n0\n");
	sbk_plan_free(out);
}

static void
test_rebase__what_was_undone_before_or_above_does_not_count(void **state)
{
	struct sbk_change three[3];
	struct sbk_rebase_item items[3] = {
		{.change = &three[0], .undone_by = 2},
		{.change = &three[1]},
		{.change = &three[2], .undone_by = 9}};
	struct sbk_plan *out;

	(void)state;
	make_three(three);
	three[1].id = 3;
	three[2].id = 4;
	out = rebase(items, 3);
	assert_null(three[1].rebased);
	assert_null(three[2].rebased);
	sbk_plan_free(out);
}

static void test_rebase__objects_are_kept_apart(void **state)
{
	struct sbk_change three[3];
	struct sbk_rebase_item items[2] = {
		{.change = &three[0], .undone_by = 4}, {.change = &three[1]}};
	struct sbk_plan *out;

	(void)state;
	make_three(three);
	three[1].object.identity = "2";
	out = rebase(items, 2);
	assert_null(three[1].rebased);
	sbk_plan_free(out);
}

/* The whole object was ours and others changed it: the record stays. */
static void test_rebase__what_cannot_be_taken_out_stays(void **state)
{
	struct sbk_change three[3];
	struct sbk_rebase_item items[2] = {
		{.change = &three[0], .undone_by = 4}, {.change = &three[1]}};
	struct sbk_plan *out;

	(void)state;
	make_three(three);
	three[0].ours = NULL;
	three[1].before = STATE("edited\na\n0\n");
	out = rebase(items, 2);
	assert_null(three[1].rebased);
	sbk_plan_free(out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rebase__what_was_undone_below_is_taken_out),
	cmocka_unit_test(test_rebase__in_the_order_of_undoing),
	cmocka_unit_test(
		test_rebase__what_was_undone_before_or_above_does_not_count),
	cmocka_unit_test(test_rebase__objects_are_kept_apart),
	cmocka_unit_test(test_rebase__what_cannot_be_taken_out_stays),
};

SBK_TEST_MAIN(tests)
