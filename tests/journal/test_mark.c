/*
 * What is numbered by a journal: its id, which one that is begun can be given,
 * and the count of its transactions, which a plan is held to.
 */
#include "tests/journal/fixture.h"

#include <string.h>

#include "engine/banned.h"

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void test_mark__an_id_that_is_given_is_the_journals(void **state)
{
	struct fixture *f = *state;
	struct sbk_book_mark given, mark;
	struct sbk_journal *journal;

	assert_ok(sbk_journal_mark_new(&given, &f->err), &f->err);
	assert_true(given.is_new);
	f->place.id = given.id;
	journal = fixture_open(f, SBK_JOURNAL_CREATE);
	assert_ok(sbk_journal_mark(journal, &mark, &f->err), &f->err);
	assert_memory_equal(mark.id, given.id, sizeof(mark.id));
	assert_int_equal(mark.transactions, 0);
	assert_false(mark.is_new);
	sbk_journal_close(journal);
	/* One that is there keeps its own. */
	assert_ok(sbk_journal_mark_new(&given, &f->err), &f->err);
	f->place.id = given.id;
	journal = fixture_open(f, SBK_JOURNAL_CREATE);
	assert_ok(sbk_journal_mark(journal, &given, &f->err), &f->err);
	assert_memory_equal(mark.id, given.id, sizeof(mark.id));
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

/* Made again, at what is now. */
struct again {
	struct fixture *f;
	struct sbk_journal *journal;
	struct sbk_book_mark *mark;
	struct sbk_plan *plan;
	int calls;
};

static int plan_again(void *arg, struct sbk_plan **plan, struct sbk_error *err)
{
	struct again *again = arg;
	int rc = sbk_journal_mark(again->journal, again->mark, err);

	again->calls++;
	*plan = again->plan;
	return rc;
}

static void test_mark__a_plan_of_another_moment_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	struct sbk_transaction_report report;
	struct sbk_book_mark mark;
	struct again again = {.f = f, .mark = &mark};
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER, .title = "test", .mark = &mark};
	struct sbk_plan *plan = sbk_plan_new();

	fixture_tree(f, 2);
	journal = fixture_locked(f);
	assert_ok(sbk_journal_mark(journal, &mark, &f->err), &f->err);
	(void)fixture_grant_to(f, journal, "/w/d", "u:990");
	assert_ok(fake_plan_grant(&f->backend, "/w", "u:991", plan, &f->err),
		  &f->err);
	assert_int_equal(sbk_journal_transact(journal, &f->backend, &request,
					      plan, &report, &f->err),
			 SBK_E_CONFLICT);
	assert_int_equal(fixture_count(f, journal, SBK_STATUS_CONFIRMED),
			 sbk_plan_count(plan) > 0 ? 2 : 0);
	again.journal = journal;
	again.plan = plan;
	request.again = plan_again;
	request.again_arg = &again;
	sbk_error_clear(&f->err);
	assert_ok(sbk_journal_transact(journal, &f->backend, &request, plan,
				       &report, &f->err),
		  &f->err);
	assert_int_equal(again.calls, 1);
	assert_int_equal(report.transaction, mark.transactions + 1);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static const struct CMUnitTest tests[] = {
	TEST(test_mark__an_id_that_is_given_is_the_journals),
	TEST(test_mark__a_plan_of_another_moment_is_made_again),
};

SBK_TEST_MAIN(tests)
