/* DESIGN part 5, case by case, on a world in memory. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/apply.h"
#include "engine/plan_undo.h"
#include "tests/support/fake.h"
#include "tests/support/recorder.h"
#include "tests/support/trace.h"

#include "engine/banned.h"

/* A granted world, the changes that granted it, and what it was before. */
struct granted {
	struct fake_world *world;
	struct sbk_backend backend;
	struct sbk_plan *plan;
	struct recorded recorded;
	struct sbk_buf start;
};

static void apply(struct granted *g, struct sbk_plan *plan,
		  enum sbk_transaction_kind kind)
{
	struct sbk_apply_options options = {.kind = kind};
	struct sbk_recorder recorder = recorded_recorder(&g->recorded);
	struct sbk_apply_result result;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_apply(&g->backend, &recorder, plan, &options, &result,
			    &err),
		  &err);
}

static int setup(void **state)
{
	struct granted *g = calloc(1, sizeof(*g));
	struct sbk_error err = SBK_ERROR_INIT;

	g->world = fake_world_new();
	g->backend = fake_backend(g->world);
	fake_add(g->world, "/ws", true);
	fake_add(g->world, "/ws/a", true);
	fake_add(g->world, "/ws/a/file", false);
	fake_add(g->world, "/ws/b", false);
	fake_print(g->world, &g->start);
	g->plan = sbk_plan_new();
	assert_ok(fake_plan_grant(&g->backend, "/ws", "u:990", g->plan, &err),
		  &err);
	apply(g, g->plan, SBK_TRANSACTION_DO);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct granted *g = *state;

	sbk_plan_free(g->plan);
	sbk_buf_release(&g->start);
	fake_world_free(g->world);
	free(g);
	return 0;
}

static struct sbk_plan *plan_undo(struct granted *g)
{
	struct sbk_plan *inverse = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_plan_undo(&g->backend, g->recorded.changes,
				g->recorded.count, NULL, 0, inverse, &err),
		  &err);
	return inverse;
}

static void assert_world_is(struct granted *g, const char *text)
{
	struct sbk_buf now = SBK_BUF_INIT;

	fake_print(g->world, &now);
	assert_string_equal(sbk_buf_text(&now), text);
	sbk_buf_release(&now);
}

static void test_undo__restores_last_one_first(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *inverse = plan_undo(g);

	assert_int_equal(sbk_plan_count(inverse), 4);
	assert_string_equal(sbk_plan_at(inverse, 0)->object.name, "/ws/b");
	assert_int_equal(sbk_plan_at(inverse, 0)->undoes, 4);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_world_is(g, sbk_buf_text(&g->start));
	sbk_plan_free(inverse);
}

static void test_undo__notes_what_is_already_as_before(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *inverse;

	(void)snprintf(fake_find(g->world, SBK_KIND_ACCESS, "/ws/b")->state, 64,
		       "mode 644\n");
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 3);
	assert_int_equal(g->recorded.changes[3]->status, SBK_STATUS_UNDONE);
	sbk_plan_free(inverse);
}

static void test_undo__takes_out_ours_and_keeps_the_rest(void **state)
{
	struct granted *g = *state;
	struct fake_object *b = fake_find(g->world, SBK_KIND_ACCESS, "/ws/b");
	struct sbk_plan *inverse;

	(void)snprintf(b->state, sizeof(b->state),
		       "allow u:990:rw\nallow u:7:r\nmode 600\n");
	inverse = plan_undo(g);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_string_equal(b->state, "allow u:7:r\nmode 600\n");
	sbk_plan_free(inverse);
}

static void test_undo__follows_a_renamed_tree(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *inverse;
	struct fake_object *moved;

	fake_rename(g->world, "/ws/a", "/ws/c");
	/* A decoy at the old name must not be touched. */
	fake_add(g->world, "/decoy", true);
	fake_rename(g->world, "/decoy", "/ws/a");
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 4);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	moved = fake_find(g->world, SBK_KIND_ACCESS, "/ws/c/file");
	assert_string_equal(moved->state, "mode 644\n");
	assert_string_equal(
		fake_find(g->world, SBK_KIND_ACCESS, "/ws/a")->state,
		"mode 755\n");
	sbk_plan_free(inverse);
}

static void test_undo__a_removed_object_is_gone(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *inverse;

	fake_remove(g->world, "/ws/a/file");
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 3);
	assert_int_equal(g->recorded.changes[2]->status, SBK_STATUS_UNDONE);
	assert_string_equal(g->recorded.changes[2]->note, "gone");
	sbk_plan_free(inverse);
}

static void
test_undo__what_cannot_be_read_is_owed_and_blocks_nothing(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *inverse;

	fake_find(g->world, SBK_KIND_ACCESS, "/ws/a")->unreadable = true;
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 3);
	assert_int_equal(g->recorded.changes[1]->status, SBK_STATUS_OWED);
	sbk_plan_free(inverse);
}

static void
test_undo__a_whole_object_of_ours_that_others_changed_stays(void **state)
{
	struct granted *g = *state;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_FIREWALL, .name = "inet sandbook"},
		.after = {.data = "table\n", .size = 6},
	};
	struct sbk_plan *plan = sbk_plan_new(), *inverse;
	struct sbk_error err = SBK_ERROR_INIT;
	struct fake_object *table;

	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	apply(g, plan, SBK_TRANSACTION_DO);
	table = fake_find(g->world, SBK_KIND_FIREWALL, "inet sandbook");
	(void)snprintf(table->state, sizeof(table->state), "edited\n");
	inverse = plan_undo(g);
	assert_int_equal(g->recorded.changes[4]->status, SBK_STATUS_CONFLICT);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_string_equal(table->state, "edited\n");
	sbk_plan_free(inverse);
	sbk_plan_free(plan);
}

static void
test_undo__two_changes_of_one_object_go_one_after_the_other(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *second = sbk_plan_new(), *inverse;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(fake_plan_grant(&g->backend, "/ws/b", "u:991", second, &err),
		  &err);
	apply(g, second, SBK_TRANSACTION_DO);
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 5);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_world_is(g, sbk_buf_text(&g->start));
	sbk_plan_free(inverse);
	sbk_plan_free(second);
}

static void test_undo__two_changes_of_one_renamed_object(void **state)
{
	struct granted *g = *state;
	struct sbk_plan *second = sbk_plan_new(), *inverse;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(fake_plan_grant(&g->backend, "/ws/b", "u:991", second, &err),
		  &err);
	apply(g, second, SBK_TRANSACTION_DO);
	fake_rename(g->world, "/ws/b", "/ws/c");
	inverse = plan_undo(g);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_string_equal(
		fake_find(g->world, SBK_KIND_ACCESS, "/ws/c")->state,
		"mode 644\n");
	sbk_plan_free(inverse);
	sbk_plan_free(second);
}

static void test_undo__kept_files_come_after_all_else(void **state)
{
	struct granted *g = *state;
	struct sbk_state as_it_was = {.data = "old\n", .size = 4};
	struct sbk_change changes[] = {
		{.object = {.kind = SBK_KIND_ACCOUNT, .name = "someone"},
		 .after = {.data = "uid 990\n", .size = 8}},
		{.object = {.kind = SBK_KIND_KEPT, .name = "/etc/passwd-"},
		 .before = as_it_was,
		 .after = as_it_was},
	};
	struct sbk_plan *plan = sbk_plan_new(), *inverse;
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sbk_change *last;

	fake_add_named(g->world, SBK_KIND_KEPT, "/etc/passwd-", "old\n");
	assert_ok(sbk_plan_add(plan, &changes[0], &err), &err);
	assert_ok(sbk_plan_add(plan, &changes[1], &err), &err);
	apply(g, plan, SBK_TRANSACTION_DO);
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 6);
	last = sbk_plan_at(inverse, 5);
	assert_int_equal(last->object.kind, SBK_KIND_KEPT);
	assert_int_equal(last->undoes, 6);
	sbk_plan_free(inverse);
	sbk_plan_free(plan);
}

/* Two enrolments keep the same file; the second one's result goes on. */
static void test_undo__kept_files_chain(void **state)
{
	struct granted *g = *state;
	struct sbk_state first = {.data = "one\n", .size = 4};
	struct sbk_state second = {.data = "two\n", .size = 4};
	struct sbk_change changes[] = {
		{.object = {.kind = SBK_KIND_KEPT, .name = "/etc/passwd-"},
		 .before = first,
		 .after = first},
		{.object = {.kind = SBK_KIND_KEPT, .name = "/etc/passwd-"},
		 .before = second,
		 .after = second},
	};
	struct sbk_plan *plan = sbk_plan_new(), *inverse;
	struct sbk_error err = SBK_ERROR_INIT;

	fake_add_named(g->world, SBK_KIND_KEPT, "/etc/passwd-", "now\n");
	assert_ok(sbk_plan_add(plan, &changes[0], &err), &err);
	assert_ok(sbk_plan_add(plan, &changes[1], &err), &err);
	apply(g, plan, SBK_TRANSACTION_DO);
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 6);
	assert_string_equal(sbk_plan_at(inverse, 4)->after.data, "two\n");
	assert_string_equal(sbk_plan_at(inverse, 5)->before.data, "two\n");
	assert_string_equal(sbk_plan_at(inverse, 5)->after.data, "one\n");
	sbk_plan_free(inverse);
	sbk_plan_free(plan);
}

/* It named the principal before the grant: recorded, and left alone. */
static void test_undo__what_was_granted_before_stays(void **state)
{
	struct granted *g = *state;
	struct fake_object *before = fake_add(g->world, "/before", false);
	struct sbk_state as_it_is;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = "/before",
			   .identity = before->identity},
		.ours = "",
	};
	struct sbk_plan *plan = sbk_plan_new(), *inverse;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)snprintf(before->state, sizeof(before->state),
		       "allow u:990:rw\nmode 644\n");
	as_it_is = (struct sbk_state){before->state, strlen(before->state)};
	change.before = change.after = as_it_is;
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	apply(g, plan, SBK_TRANSACTION_DO);
	(void)snprintf(before->state, sizeof(before->state),
		       "allow u:990:rw\nmode 600\n");
	inverse = plan_undo(g);
	assert_int_equal(sbk_plan_count(inverse), 4);
	assert_int_equal(g->recorded.changes[4]->status, SBK_STATUS_UNDONE);
	sbk_plan_free(inverse);
	sbk_plan_free(plan);
}

/* Inverse changes that nobody looked at objects for. */
static struct sbk_plan *plan_assumed(struct granted *g)
{
	size_t i;

	for (i = 0; i < g->recorded.count; i++)
		g->recorded.changes[i]->assumed = true;
	return plan_undo(g);
}

static void test_undo__what_is_assumed_is_not_looked_at(void **state)
{
	struct granted *g = *state;
	struct sbk_backend plain = g->backend;
	struct trace trace = {.inner = plain};
	struct sbk_plan *inverse;

	g->backend = trace_backend(&trace);
	inverse = plan_assumed(g);
	assert_string_equal(sbk_buf_text(&trace.lines), "");
	assert_int_equal(sbk_plan_count(inverse), 4);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_world_is(g, sbk_buf_text(&g->start));
	sbk_plan_free(inverse);
	sbk_backend_close(&g->backend);
	g->backend = plain;
}

static void test_undo__a_wrong_assumption_was_never_made(void **state)
{
	struct granted *g = *state;
	struct fake_object *file =
		fake_find(g->world, SBK_KIND_ACCESS, "/ws/a/file");
	struct sbk_plan *inverse, *second = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_change *change = g->recorded.changes[2];

	(void)snprintf(file->state, sizeof(file->state),
		       "allow u:5:r\nallow u:990:rw\nmode 644\n");
	inverse = plan_assumed(g);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_int_equal(sbk_plan_at(inverse, 1)->status, SBK_STATUS_UNDONE);
	assert_non_null(strstr(file->state, "allow u:990:rw"));
	assert_string_equal(change->object.name, "/ws/a/file");
	change->assumed = false;
	assert_ok(sbk_plan_undo(&g->backend, &change, 1, NULL, 0, second, &err),
		  &err);
	apply(g, second, SBK_TRANSACTION_UNDO);
	assert_string_equal(file->state, "allow u:5:r\nmode 644\n");
	sbk_plan_free(second);
	sbk_plan_free(inverse);
}

static struct sbk_plan_root root_of(struct granted *g)
{
	return (struct sbk_plan_root){
		.path = "/ws",
		.identity =
			fake_find(g->world, SBK_KIND_ACCESS, "/ws")->identity,
		.principal = "u:990"};
}

static void test_undo_later__strips_what_inherited_our_entries(void **state)
{
	struct granted *g = *state;
	struct sbk_plan_root root = root_of(g);
	struct sbk_plan *later = sbk_plan_new(), *inverse = plan_undo(g);
	struct fake_object *made = fake_add(g->world, "/ws/a/made", false);
	struct sbk_error err = SBK_ERROR_INIT;

	assert_non_null(strstr(made->state, "allow u:990:rw"));
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	assert_int_equal(
		sbk_plan_undo_later(&g->backend, &root, NULL, 0, later, &err),
		0);
	assert_int_equal(sbk_plan_count(later), 1);
	apply(g, later, SBK_TRANSACTION_UNDO);
	assert_string_equal(made->state, "mode 644\n");
	sbk_plan_free(later);
	sbk_plan_free(inverse);
}

static void test_undo_later__follows_the_root_and_not_its_path(void **state)
{
	struct granted *g = *state;
	struct sbk_plan_root root = root_of(g);
	struct sbk_plan *later = sbk_plan_new(), *inverse = plan_undo(g);
	struct fake_object *decoy;
	struct sbk_error err = SBK_ERROR_INIT;

	fake_add(g->world, "/ws/a/made", false);
	apply(g, inverse, SBK_TRANSACTION_UNDO);
	fake_rename(g->world, "/ws", "/moved");
	decoy = fake_add(g->world, "/ws", true);
	(void)snprintf(decoy->state, sizeof(decoy->state),
		       "allow u:990:rw\nmode 755\n");
	assert_int_equal(
		sbk_plan_undo_later(&g->backend, &root, NULL, 0, later, &err),
		0);
	assert_int_equal(sbk_plan_count(later), 1);
	assert_string_equal(sbk_plan_at(later, 0)->object.name,
			    "/moved/a/made");
	sbk_plan_free(later);
	sbk_plan_free(inverse);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_undo__restores_last_one_first),
	TEST(test_undo__notes_what_is_already_as_before),
	TEST(test_undo__takes_out_ours_and_keeps_the_rest),
	TEST(test_undo__follows_a_renamed_tree),
	TEST(test_undo__what_is_assumed_is_not_looked_at),
	TEST(test_undo__a_wrong_assumption_was_never_made),
	TEST(test_undo__a_removed_object_is_gone),
	TEST(test_undo__what_cannot_be_read_is_owed_and_blocks_nothing),
	TEST(test_undo__a_whole_object_of_ours_that_others_changed_stays),
	TEST(test_undo__two_changes_of_one_object_go_one_after_the_other),
	TEST(test_undo__two_changes_of_one_renamed_object),
	TEST(test_undo__kept_files_come_after_all_else),
	TEST(test_undo__kept_files_chain),
	TEST(test_undo__what_was_granted_before_stays),
	TEST(test_undo_later__strips_what_inherited_our_entries),
	TEST(test_undo_later__follows_the_root_and_not_its_path),
};

SBK_TEST_MAIN(tests)
