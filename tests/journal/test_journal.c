/*
 * Whole lives of changes: recorded, confirmed, undone; transactions that
 * failed or died.
 */
#include "tests/journal/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fault.h"

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void assert_world(struct fixture *f, const char *wanted)
{
	char *now = fixture_world(f);

	assert_string_equal(now, wanted);
	free(now);
}

static void test_journal__records_and_undoes_a_grant(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter all = {.transaction = 1};
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *plan;
	char *before;
	size_t i;

	fixture_tree(f, 5);
	before = fixture_world(f);
	journal = fixture_locked(f);
	assert_int_equal(fixture_grant(f, journal, "/w"), 1);
	sbk_journal_close(journal);

	journal = fixture_locked(f);
	plan = fixture_load(f, journal, &all);
	assert_int_equal(sbk_plan_count(plan), 8);
	for (i = 0; i < 8; i++) {
		const struct sbk_change *change = sbk_plan_at(plan, i);

		assert_int_equal(change->id, i + 1);
		assert_int_equal(change->status, SBK_STATUS_CONFIRMED);
		assert_non_null(strstr(change->ours, "allow u:990:rw"));
		assert_true(sbk_state_equal(
			change->after,
			(struct sbk_state){
				.data = fake_find(f->world, SBK_KIND_ACCESS,
						  change->object.name)
						->state,
				.size = strlen(fake_find(f->world,
							 SBK_KIND_ACCESS,
							 change->object.name)
						       ->state)}));
	}
	sbk_plan_free(plan);
	fixture_undo_all(f, journal, &result);
	assert_int_equal(result.confirmed, 8);
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_UNDONE), 8);
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_CONFIRMED), 0);
	sbk_journal_close(journal);
	assert_world(f, before);
	free(before);
	fixture_assert_sound(f);
}

static void test_journal__an_exact_inverse_is_told_in_one_line(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter all = {.transaction = 2};
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *plan;
	sqlite3_stmt *row;

	fixture_tree(f, 1);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	fixture_undo_all(f, journal, &result);
	assert_int_equal(
		sqlite3_prepare_v2(journal->db.handle,
				   "SELECT json FROM entry WHERE json LIKE "
				   "'{\"op\":\"intend\"%undoes%' ORDER BY n",
				   -1, &row, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(row, 0),
			    "{\"op\":\"intend\",\"change\":5,\"txn\":2,"
			    "\"undoes\":4}");
	sqlite3_finalize(row);
	/* And is loaded with all that it left out. */
	plan = fixture_load(f, journal, &all);
	assert_int_equal(sbk_plan_count(plan), 4);
	assert_string_equal(sbk_plan_at(plan, 0)->object.name, "/w/d/file");
	assert_int_equal(sbk_plan_at(plan, 0)->undoes, 4);
	assert_non_null(strstr(sbk_plan_at(plan, 0)->before.data, "u:990"));
	assert_null(strstr(sbk_plan_at(plan, 0)->after.data, "u:990"));
	sbk_plan_free(plan);
	sbk_journal_close(journal);
}

static void test_journal__undo_takes_entries_from_later_objects(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	char *world;

	fixture_tree(f, 2);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	/* Made by whoever, in a directory that hands our entries on. */
	assert_non_null(strstr(fake_add(f->world, "/w/d/later", false)->state,
			       "u:990"));
	fixture_undo_all(f, journal, &result);
	assert_int_equal(result.confirmed, 6);
	world = fixture_world(f);
	assert_null(strstr(world, "u:990"));
	free(world);
	/* The journal has nothing left to undo. */
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_CONFIRMED), 0);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

/* What was confirmed is assumed to be as it was left: here it is not. */
static void test_journal__an_undo_looks_again_where_it_was_wrong(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct fake_object *shared, *reset;
	char *world;

	fixture_tree(f, 4);
	reset = fake_find(f->world, SBK_KIND_ACCESS, "/w/f1");
	world = strdup(reset->state);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	shared = fake_find(f->world, SBK_KIND_ACCESS, "/w/f0");
	(void)snprintf(shared->state, sizeof(shared->state),
		       "allow u:5:r\nallow u:990:rw\nmode 644\n");
	(void)snprintf(reset->state, sizeof(reset->state), "%s", world);
	free(world);
	fake_remove(f->world, "/w/f2");
	fake_rename(f->world, "/w/f3", "/w/d/moved");
	fixture_undo_all(f, journal, &result);
	/* /w, /w/d, /w/d/file as assumed; f0 and the moved one looked at. */
	assert_int_equal(result.confirmed, 5);
	assert_int_equal(result.conflicts, 0);
	assert_int_equal(result.owed, 0);
	assert_string_equal(shared->state, "allow u:5:r\nmode 644\n");
	assert_null(strstr(
		fake_find(f->world, SBK_KIND_ACCESS, "/w/d/moved")->state,
		"u:990"));
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_CONFIRMED), 0);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_journal__a_partial_undo_leaves_the_rest_granted(void **state)
{
	struct fixture *f = *state;
	const struct sbk_journal_filter below = {.path = "/w/d",
						 .unsettled = true};
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *changes;

	fixture_tree(f, 2);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	(void)fake_add(f->world, "/w/d/later", false);
	(void)fake_add(f->world, "/w/later", false);
	changes = fixture_load(f, journal, &below);
	assert_int_equal(sbk_plan_count(changes), 2);
	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", changes,
				   &result, &f->err),
		  &f->err);
	sbk_plan_free(changes);
	assert_null(strstr(
		fake_find(f->world, SBK_KIND_ACCESS, "/w/d/later")->state,
		"u:990"));
	assert_null(strstr(fake_find(f->world, SBK_KIND_ACCESS, "/w/d")->state,
			   "u:990"));
	assert_non_null(
		strstr(fake_find(f->world, SBK_KIND_ACCESS, "/w/later")->state,
		       "u:990"));
	assert_non_null(strstr(
		fake_find(f->world, SBK_KIND_ACCESS, "/w/f0")->state, "u:990"));
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_journal__a_nested_grant_keeps_its_later_objects(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *changes;
	const struct sbk_journal_filter outer = {.transaction = 2,
						 .unsettled = true};
	struct fake_object *inner;

	fixture_tree(f, 1);
	journal = fixture_locked(f);
	/* First below, then all: the second finds /w/d granted already. */
	(void)fixture_grant(f, journal, "/w/d");
	(void)fixture_grant(f, journal, "/w");
	(void)fake_add(f->world, "/w/d/later", false);
	(void)fake_add(f->world, "/w/later", false);
	changes = fixture_load(f, journal, &outer);
	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", changes,
				   &result, &f->err),
		  &f->err);
	sbk_plan_free(changes);
	inner = fake_find(f->world, SBK_KIND_ACCESS, "/w/d/later");
	assert_non_null(strstr(inner->state, "u:990"));
	assert_null(
		strstr(fake_find(f->world, SBK_KIND_ACCESS, "/w/later")->state,
		       "u:990"));
	sbk_journal_close(journal);
}

static void test_journal__a_failed_step_is_undone_and_told(void **state)
{
	struct fixture *f = *state;
	const struct sbk_transaction_request request = {.title = "fails"};
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_backend faulty = fault_backend(&f->backend);
	struct sbk_journal *journal;
	char *before;

	fixture_tree(f, 3);
	before = fixture_world(f);
	journal = fixture_locked(f);
	assert_ok(fake_plan_grant(&f->backend, "/w", "u:990", plan, &f->err),
		  &f->err);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = 4};
	assert_error(sbk_journal_transact(journal, &faulty, &request, plan,
					  &report, &f->err),
		     SBK_E_DENIED, &f->err);
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_world(f, before);
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_UNDONE),
			 sbk_plan_count(plan));
	assert_int_equal(report.transaction, 1);
	assert_int_equal(report.undone.owed, 0);
	sbk_backend_close(&faulty);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	free(before);
	fixture_assert_sound(f);
}

/* A child that grants and ends after `*arg` operations on the host. */
static int grant_and_stop(struct fixture *f, void *arg)
{
	const struct sbk_transaction_request request = {.title = "stops"};
	struct sbk_backend faulty = fault_backend(&f->backend);
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_journal *journal = NULL;

	if (sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal, NULL) < 0)
		return 1;
	if (fake_plan_grant(&f->backend, "/w", "u:990", plan, NULL) < 0)
		return 2;
	fault_plan = (struct fault_plan){.mode = FAULT_STOP,
					 .at = *(unsigned long *)arg};
	return sbk_journal_transact(journal, &faulty, &request, plan, &report,
				    NULL) < 0
		       ? 3
		       : 0;
}

static void test_journal__recovers_what_a_dead_process_left(void **state)
{
	struct fixture *f = *state;
	unsigned long at = 3;
	struct sbk_journal *journal;
	size_t settled = 0;
	char *before, *half;

	fixture_tree(f, 3);
	before = fixture_world(f);
	assert_int_equal(fixture_program(grant_and_stop, f, &at, sizeof(at)),
			 FAULT_EXIT);
	half = fixture_world(f);
	assert_string_not_equal(half, before);
	free(half);

	journal = fixture_locked(f);
	assert_ok(sbk_journal_recover(journal, &f->backend, &settled, &f->err),
		  &f->err);
	assert_int_equal(settled, 6);
	assert_world(f, before);
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_UNDONE), 6);
	/* There is nothing left for a second one. */
	assert_ok(sbk_journal_recover(journal, &f->backend, &settled, &f->err),
		  &f->err);
	assert_int_equal(settled, 0);
	sbk_journal_close(journal);
	free(before);
	fixture_assert_sound(f);
}

static int undo_and_stop(struct fixture *f, void *arg)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_backend faulty = fault_backend(&f->backend);
	struct sbk_apply_result result;
	struct sbk_plan *changes = sbk_plan_new();
	struct sbk_journal *journal = NULL;

	if (sbk_journal_open(&f->place, SBK_JOURNAL_WRITE, &journal, NULL) <
		    0 ||
	    sbk_journal_lock(journal, 0, NULL) < 0 ||
	    sbk_journal_load(journal, &filter, changes, NULL) < 0)
		return 1;
	fault_plan = (struct fault_plan){.mode = FAULT_STOP,
					 .at = *(unsigned long *)arg};
	return sbk_journal_undo(journal, &faulty, "undo", changes, &result,
				NULL) < 0
		       ? 3
		       : 0;
}

/* At every operation of an undo: what recovery leaves, a second undo ends. */
static void test_journal__an_undo_that_died_is_settled_and_ended(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	size_t settled;
	unsigned long at;
	int code = FAULT_EXIT;
	char *world;

	fixture_tree(f, 2);
	for (at = 1; code == FAULT_EXIT; at++) {
		journal = fixture_locked(f);
		(void)fixture_grant(f, journal, "/w");
		(void)fake_add(f->world, "/w/d/later", false);
		sbk_journal_close(journal);
		code = fixture_program(undo_and_stop, f, &at, sizeof(at));
		journal = fixture_locked(f);
		assert_ok(sbk_journal_recover(journal, &f->backend, &settled,
					      &f->err),
			  &f->err);
		fixture_undo_all(f, journal, &result);
		assert_int_equal(result.owed, 0);
		sbk_journal_close(journal);
		world = fixture_world(f);
		assert_null(strstr(world, "u:990"));
		free(world);
		fake_remove(f->world, "/w/d/later");
	}
	assert_int_equal(code, 0);
	assert_true(at > 10);
	fixture_assert_sound(f);
}

/* A tree that was given up but could not be walked to its end stays owed, and
 * the next start looks at it again. */
static void test_journal__a_tree_that_was_not_walked_is_owed(void **state)
{
	const struct sbk_journal_filter open = {.unsettled = true};
	struct fixture *f = *state;
	struct sbk_backend faulty = fault_backend(&f->backend);
	struct sbk_journal *journal = fixture_locked(f);
	unsigned long at;
	size_t settled;
	int owed = 0;
	char *world;

	fixture_tree(f, 1);
	for (at = 1; at < 40; at++) {
		struct sbk_apply_result result;
		struct sbk_plan *changes;

		(void)fixture_grant(f, journal, "/w");
		(void)fake_add(f->world, "/w/d/later", false);
		changes = fixture_load(f, journal, &open);
		fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = at};
		assert_ok(sbk_journal_undo(journal, &faulty, "undo", changes,
					   &result, &f->err),
			  &f->err);
		fault_plan = (struct fault_plan){.mode = FAULT_NONE};
		sbk_plan_free(changes);
		changes = fixture_load(f, journal, &open);
		if (sbk_plan_count(changes) == 0 && result.owed > 0) {
			/* No change is in effect, and yet it is not done. */
			owed++;
			assert_true(fixture_count(f, journal, SBK_STATUS_OWED) >
				    0);
			assert_error(sbk_journal_remove(&f->place, &f->err),
				     SBK_E_BUSY, &f->err);
		}
		sbk_plan_free(changes);
		assert_ok(sbk_journal_recover(journal, &f->backend, &settled,
					      &f->err),
			  &f->err);
		fixture_undo_all(f, journal, &result);
		assert_int_equal(result.owed, 0);
		assert_int_equal(fixture_count(f, journal, SBK_STATUS_OWED), 0);
		world = fixture_world(f);
		assert_null(strstr(world, "u:990"));
		free(world);
		fake_remove(f->world, "/w/d/later");
	}
	assert_true(owed > 0);
	sbk_backend_close(&faulty);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_journal__names_that_are_not_utf8_come_back(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"/w/\xff\xfe", "/w/a\nb\"c\\",
					    "/w/\xe2\x80\xae"};
	const struct sbk_journal_filter all = {.transaction = 1};
	struct sbk_journal *journal;
	struct sbk_plan *plan;
	size_t i;

	(void)fake_add(f->world, "/w", true);
	for (i = 0; i < 3; i++)
		(void)fake_add(f->world, names[i], false);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	plan = fixture_load(f, journal, &all);
	for (i = 0; i < 3; i++)
		assert_string_equal(sbk_plan_at(plan, i + 1)->object.name,
				    names[i]);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static size_t count_loaded(struct fixture *f, struct sbk_journal *journal,
			   struct sbk_journal_filter filter)
{
	struct sbk_plan *plan = fixture_load(f, journal, &filter);
	size_t count = sbk_plan_count(plan);

	sbk_plan_free(plan);
	return count;
}

static void test_journal__filters(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	fixture_tree(f, 12);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w/d");
	(void)fixture_grant(f, journal, "/w");
#define COUNT(...) \
	count_loaded(f, journal, (struct sbk_journal_filter){__VA_ARGS__})
	assert_int_equal(COUNT(0), 15);
	assert_int_equal(COUNT(.transaction = 1), 2);
	assert_int_equal(COUNT(.transaction = 7), 0);
	assert_int_equal(COUNT(.first = 2, .last = 4), 3);
	assert_int_equal(COUNT(.path = "/w/d"), 2);
	assert_int_equal(COUNT(.path = "/w/f1"), 1); /* not f10, f11 */
	assert_int_equal(COUNT(.path = "/"), 15);
	assert_int_equal(COUNT(.kind = "access"), 15);
	assert_int_equal(COUNT(.kind = "account"), 0);
	assert_int_equal(COUNT(.session = 1), 0);
	assert_int_equal(COUNT(.until_ms = 1000), 0);
	assert_int_equal(COUNT(.since_ms = 1000), 15);
	assert_int_equal(COUNT(.unsettled = true), 15);
	assert_int_equal(COUNT(.dead = true), 0);
	fixture_undo_all(f, journal, &result);
	assert_int_equal(COUNT(.unsettled = true), 0);
	assert_int_equal(COUNT(.path = "/w/f1"), 2); /* and its inverse */
	sbk_journal_close(journal);
}

static void test_journal__recovery_needs_the_lock(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);
	uint64_t id;
	size_t settled;

	assert_error(
		sbk_journal_recover(journal, &f->backend, &settled, &f->err),
		SBK_E_INVAL, &f->err);
	assert_error(sbk_journal_begin(journal, SBK_TRANSACTION_DO, "x", &id,
				       &f->err),
		     SBK_E_INVAL, &f->err);
	sbk_journal_close(journal);
}

/*
 * SQLite rolls back by itself where it has no memory or room; whoever passes
 * over that error must not write the rest of a transaction piece by piece.
 */
static void test_journal__nothing_is_written_after_a_roll_back(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = fixture_locked(f);
	uint64_t entry = 0, before;

	fixture_tree(f, 1);
	before = journal->tree.size;
	assert_ok(sbk_log_begin(journal, SBK_COMMIT_FLUSHED, &f->err), &f->err);
	/* As its own: the connection is the same. */
	assert_ok(sbk_db_exec(&journal->db, "ROLLBACK", &f->err), &f->err);
	sbk_buf_clear(&journal->json);
	sbk_buf_adds(&journal->json, "{}");
	assert_error(sbk_log_append(journal, &entry, &f->err), SBK_E_IO,
		     &f->err);
	assert_int_equal(sbk_log_finish(journal, 0, &f->err), SBK_E_IO);
	assert_int_equal(journal->tree.size, before);
	/* The control: what is begun anew is kept. */
	sbk_error_clear(&f->err);
	(void)fixture_grant(f, journal, "/w");
	assert_true(journal->tree.size > before);
	fixture_assert_sound(f);
	sbk_journal_close(journal);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_journal__nothing_is_written_after_a_roll_back),
	FIXTURE_TEST(test_journal__records_and_undoes_a_grant),
	FIXTURE_TEST(test_journal__an_exact_inverse_is_told_in_one_line),
	FIXTURE_TEST(test_journal__undo_takes_entries_from_later_objects),
	FIXTURE_TEST(test_journal__an_undo_looks_again_where_it_was_wrong),
	FIXTURE_TEST(test_journal__a_partial_undo_leaves_the_rest_granted),
	FIXTURE_TEST(test_journal__a_nested_grant_keeps_its_later_objects),
	FIXTURE_TEST(test_journal__a_failed_step_is_undone_and_told),
	FIXTURE_TEST(test_journal__recovers_what_a_dead_process_left),
	FIXTURE_TEST(test_journal__an_undo_that_died_is_settled_and_ended),
	FIXTURE_TEST(test_journal__a_tree_that_was_not_walked_is_owed),
	FIXTURE_TEST(test_journal__names_that_are_not_utf8_come_back),
	FIXTURE_TEST(test_journal__filters),
	FIXTURE_TEST(test_journal__recovery_needs_the_lock),
};

SBK_TEST_MAIN(tests)
