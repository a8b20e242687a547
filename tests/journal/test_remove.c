/* The end of a journal: what goes with it, and what stays. */
#include "tests/journal/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static bool exists(const struct fixture *f, const char *below)
{
	char path[SBK_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", f->directory, below);
	return access(path, F_OK) == 0;
}

static void test_remove__takes_back_what_was_made(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	fixture_tree(f, 1);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	assert_error(sbk_journal_remove(&f->place, &f->err), SBK_E_INCOMPLETE,
		     &f->err);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_true(exists(f, "home/state/j/journal.db-wal"));
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_false(exists(f, "home/state"));
	assert_true(exists(f, "home"));
	/* Nothing there is success. */
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
}

static void test_remove__leaves_what_is_not_ours(void **state)
{
	struct fixture *f = *state;
	char path[SBK_PATH_MAX];
	int made;

	/* A parent that was there before stays, though it is empty. */
	(void)snprintf(path, sizeof(path), "%s/home/state", f->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_false(exists(f, "home/state/j"));
	assert_true(exists(f, "home/state"));
	assert_int_equal(rmdir(path), 0);

	/* So does one of which it is not known whether it was made. */
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	made = open(fixture_path(f, "made"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(made >= 0);
	assert_int_equal(write(made, "1x\n", 3), 3);
	(void)close(made);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_false(exists(f, "home/state/j"));
	assert_true(exists(f, "home/state"));
	assert_int_equal(rmdir(path), 0);

	/* One that somebody else uses by now, too. */
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	(void)snprintf(path, sizeof(path), "%s/home/state/other", f->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_false(exists(f, "home/state/j"));
	assert_true(exists(f, "home/state/other"));

	/* And the journal's own directory with somebody's file in it. */
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	(void)close(open(fixture_path(f, "theirs"), O_CREAT | O_WRONLY, 0600));
	assert_error(sbk_journal_remove(&f->place, &f->err), SBK_E_INCOMPLETE,
		     &f->err);
	assert_true(exists(f, "home/state/j/theirs"));
	assert_int_equal(unlink(fixture_path(f, "theirs")), 0);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_false(exists(f, "home/state/j"));
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_remove__takes_back_what_was_made),
	FIXTURE_TEST(test_remove__leaves_what_is_not_ours),
};

SBK_TEST_MAIN(tests)
