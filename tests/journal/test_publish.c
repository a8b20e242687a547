/*
 * The copy of the machine's journal that everyone may read: that it is what
 * the log says, that a reader needs no file beside it and no leave to write,
 * that it is made anew after a crash, and that it can be withdrawn.
 */
#include "tests/journal/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Exit codes of a reader in a child. */
enum { READ_OK, NOT_OPEN, NOT_SOUND, NOT_THE_ROOT, WROTE, DENIED = 50 };

static void make_journal(struct fixture *f)
{
	struct sbk_journal *journal;

	if (geteuid() != 0)
		sbk_test_skip("being another user needs root");
	fixture_machine(f);
	fixture_tree(f, 3);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
}

static int root_of(struct sbk_journal *journal, unsigned char root[32])
{
	struct sbk_journal_verdict verdict;

	if (sbk_journal_verify(journal, &verdict, NULL) < 0 ||
	    verdict.findings > 0)
		return -1;
	memcpy(root, verdict.root, sizeof(verdict.root));
	sbk_journal_verdict_release(&verdict);
	return 0;
}

/* As another user: opens, verifies, and compares with the root in `arg`. */
static int read_as_other(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;
	unsigned char root[32];
	int rc;

	if (fixture_become_other() < 0)
		return 90;
	rc = sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, &f->err);
	if (rc == SBK_E_DENIED)
		return DENIED;
	if (rc < 0)
		return NOT_OPEN;
	if (root_of(journal, root) < 0)
		return NOT_SOUND;
	sbk_journal_close(journal);
	if (access(fixture_path(f, "journal.db-wal"), F_OK) == 0 ||
	    access(fixture_path(f, "journal.db-shm"), F_OK) == 0)
		return WROTE;
	return memcmp(root, arg, sizeof(root)) == 0 ? READ_OK : NOT_THE_ROOT;
}

/* What others read is the journal itself, as root sees it. */
static void assert_published(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	unsigned char root[32];

	assert_int_equal(root_of(journal, root), 0);
	assert_string_equal(journal->file, "live.db");
	sbk_journal_close(journal);
	assert_int_equal(fixture_child(read_as_other, f, root), READ_OK);
}

/* What comes first for everybody who opens for writing. */
static void lock_once(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_WRITE);

	assert_ok(sbk_journal_lock(journal, 0, &f->err), &f->err);
	assert_string_equal(journal->unpublished, "");
	sbk_journal_close(journal);
}

static void test_publish__everyone_reads_what_was_recorded(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	make_journal(f);
	assert_published(f);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	assert_published(f); /* while its writer has it open */
	sbk_journal_close(journal);
	assert_published(f);
}

static void test_publish__the_copy_is_a_database_of_ours(void **state)
{
	struct fixture *f = *state;
	unsigned char header[100];
	int fd;

	make_journal(f);
	fd = open(fixture_path(f, "journal.db"), O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, header, sizeof(header)), sizeof(header));
	close(fd);
	/* SQLite's file format, section 1.3: a rollback journal, not a
	 * write-ahead log; user version; application id. */
	assert_int_equal(header[18], 1);
	assert_int_equal(header[19], 1);
	assert_memory_equal(header + 60, "\0\0\0\4", 4);
	assert_memory_equal(header + 68, "SBKJ", 4);
}

static void test_publish__an_open_copy_stays_what_it_was(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	struct sbk_apply_result result;
	struct stat before, after;
	int fd;

	make_journal(f);
	fd = open(fixture_path(f, "journal.db"), O_RDONLY);
	assert_int_equal(fstat(fd, &before), 0);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_mtime, before.st_mtime);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_nlink, 0);
	close(fd);
	assert_int_equal(stat(fixture_path(f, "journal.db"), &after), 0);
	assert_int_not_equal(after.st_ino, before.st_ino);
	/* And where nothing was recorded, nothing is published. */
	lock_once(f);
	assert_int_equal(stat(fixture_path(f, "journal.db"), &before), 0);
	assert_int_equal(after.st_ino, before.st_ino);
}

/* A crash between the end of a transaction and its publication. */
static void test_publish__is_made_up_for_after_a_crash(void **state)
{
	struct fixture *f = *state;
	char old[SBK_PATH_MAX + 64];
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	unsigned char root[32];

	make_journal(f);
	(void)snprintf(old, sizeof(old), "%s/old", f->directory);
	assert_int_equal(link(fixture_path(f, "journal.db"), old), 0);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	assert_int_equal(root_of(journal, root), 0);
	sbk_journal_close(journal);
	assert_int_equal(rename(old, fixture_path(f, "journal.db")), 0);
	close(open(fixture_path(f, "journal.db.copy"), O_CREAT, 0600));
	assert_int_equal(fixture_child(read_as_other, f, root), NOT_THE_ROOT);
	lock_once(f);
	assert_published(f);
	assert_int_equal(access(fixture_path(f, "journal.db.copy"), F_OK), -1);
}

static void test_publish__whatever_became_of_it(void **state)
{
	struct fixture *f = *state;
	int fd;

	make_journal(f);
	assert_int_equal(unlink(fixture_path(f, "journal.db")), 0);
	assert_int_equal(fixture_child(read_as_other, f, f->directory), DENIED);
	lock_once(f);
	assert_published(f);
	assert_int_equal(truncate(fixture_path(f, "journal.db"), 0), 0);
	lock_once(f);
	assert_published(f);
	fd = open(fixture_path(f, "journal.db"), O_WRONLY);
	assert_int_equal(write(fd, "{}", 2), 2);
	close(fd);
	lock_once(f);
	assert_published(f);
	assert_int_equal(chmod(fixture_path(f, "journal.db"), 0666), 0);
	assert_int_equal(fixture_child(read_as_other, f, f->directory), DENIED);
	lock_once(f);
	assert_published(f);
}

static void test_publish__the_copy_alone_is_no_journal(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	static const char *const names[] = {"live.db", "live.db-wal",
					    "live.db-shm", "reserve"};
	size_t i;

	make_journal(f);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(unlink(fixture_path(f, names[i])), 0);
	assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_CREATE, &journal,
				      &f->err),
		     SBK_E_CORRUPT, &f->err);
	assert_non_null(strstr(f->err.message, "'journal.db' is"));
}

static void test_publish__is_withdrawn_for_good(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	make_journal(f);
	journal = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_error(sbk_journal_unpublish(journal, &f->err), SBK_E_INVAL,
		     &f->err);
	assert_published(f);
	assert_ok(sbk_journal_lock(journal, 0, &f->err), &f->err);
	assert_ok(sbk_journal_unpublish(journal, &f->err), &f->err);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	lock_once(f);
	assert_int_equal(access(fixture_path(f, "journal.db"), F_OK), -1);
	assert_int_equal(access(fixture_path(f, "journal.db.copy"), F_OK), -1);
	assert_int_equal(fixture_child(read_as_other, f, f->directory), DENIED);
	fixture_assert_sound(f); /* root goes on reading it */
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_int_equal(access(f->place.directory, F_OK), -1);
}

static void test_publish__both_are_removed(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	make_journal(f);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_int_equal(access(f->place.directory, F_OK), -1);
}

static void test_publish__a_users_journal_has_no_copy(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;

	fixture_tree(f, 3);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	assert_ok(sbk_journal_unpublish(journal, &f->err), &f->err);
	sbk_journal_close(journal);
	assert_int_equal(access(fixture_path(f, "journal.db"), F_OK), 0);
	assert_int_equal(access(fixture_path(f, "live.db"), F_OK), -1);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_publish__everyone_reads_what_was_recorded),
	FIXTURE_TEST(test_publish__the_copy_is_a_database_of_ours),
	FIXTURE_TEST(test_publish__an_open_copy_stays_what_it_was),
	FIXTURE_TEST(test_publish__is_made_up_for_after_a_crash),
	FIXTURE_TEST(test_publish__whatever_became_of_it),
	FIXTURE_TEST(test_publish__the_copy_alone_is_no_journal),
	FIXTURE_TEST(test_publish__is_withdrawn_for_good),
	FIXTURE_TEST(test_publish__both_are_removed),
	FIXTURE_TEST(test_publish__a_users_journal_has_no_copy),
};

SBK_TEST_MAIN(tests)
