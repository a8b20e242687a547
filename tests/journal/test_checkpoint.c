/*
 * When the log is signed, with what, and what becomes of it when that is not
 * possible. What the signatures are worth: test_verdict.c.
 */
#include "tests/journal/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/signing.h"

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static uint64_t number(const struct sbk_journal *journal, const char *sql)
{
	sqlite3_stmt *row = NULL;
	uint64_t out;

	assert_int_equal(
		sqlite3_prepare_v2(journal->db.handle, sql, -1, &row, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	out = (uint64_t)sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return out;
}

static uint64_t signed_size(const struct sbk_journal *journal)
{
	return number(journal, "SELECT max(size) FROM checkpoint");
}

/* The newest is one of all entries, with the log's root and key. */
static void assert_signed(struct fixture *f, struct sbk_journal *journal)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_checkpoint checkpoint;
	struct sbk_note_key key;
	struct sbk_note note;

	assert_ok(sbk_checkpoint_read(journal, 0, &bytes, &f->err), &f->err);
	assert_ok(sbk_note_parse(bytes.data, bytes.size, &note, &f->err),
		  &f->err);
	assert_ok(sbk_key_named(journal, &key, &f->err), &f->err);
	assert_int_equal(sbk_note_verify(&note, &key), 1);
	assert_ok(sbk_checkpoint_parse(&note, &checkpoint, &f->err), &f->err);
	assert_string_equal(checkpoint.origin, key.name);
	assert_int_equal(checkpoint.size,
			 number(journal, "SELECT count(*) FROM entry"));
	sbk_tree_root(&journal->tree, root);
	assert_memory_equal(checkpoint.root, root, sizeof(root));
	sbk_buf_release(&bytes);
}

static void
test_checkpoint__at_the_beginning_and_after_transactions(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct stat st;

	fixture_tree(f, 10);
	journal = fixture_locked(f);
	assert_signed(f, journal);
	assert_int_equal(signed_size(journal), 1);
	assert_int_equal(stat(fixture_path(f, "key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(strncmp(journal->new_key, "sandbook/user/", 14) == 0);
	(void)fixture_grant(f, journal, "/w");
	assert_signed(f, journal);
	fixture_undo_all(f, journal, &result);
	assert_signed(f, journal);
	assert_int_equal(number(journal, "SELECT count(*) FROM checkpoint"), 3);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	journal = fixture_open(f, SBK_JOURNAL_WRITE);
	assert_string_equal(journal->new_key, "");
	sbk_journal_close(journal);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	assert_int_equal(access(f->place.directory, F_OK), -1);
}

/* Runs are not flushed, so what is signed is theirs only once in a while. */
static void test_checkpoint__runs_are_signed_once_in_a_while(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	uint64_t session;
	int i;

	journal = fixture_open(f, SBK_JOURNAL_CREATE);
	for (i = 0; i < SBK_CHECKPOINT_EVERY / 2 + 10; i++) {
		assert_ok(sbk_session_begin(journal, "", &session, &f->err),
			  &f->err);
		assert_ok(sbk_session_end(journal, session, "", &f->err),
			  &f->err);
		if (i == SBK_CHECKPOINT_EVERY / 2 - 2)
			assert_int_equal(signed_size(journal), 1);
	}
	assert_int_equal(number(journal, "SELECT count(*) FROM checkpoint"), 2);
	assert_true(signed_size(journal) > SBK_CHECKPOINT_EVERY);
	assert_true(signed_size(journal) < SBK_CHECKPOINT_EVERY + 4);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_checkpoint__within_a_large_transaction(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	uint64_t session;
	int i;

	fixture_tree(f, 20);
	journal = fixture_locked(f);
	for (i = 0; i < SBK_CHECKPOINT_EVERY / 2 - 2; i++) {
		assert_ok(sbk_session_begin(journal, "", &session, &f->err),
			  &f->err);
		assert_ok(sbk_session_end(journal, session, "", &f->err),
			  &f->err);
	}
	assert_int_equal(number(journal, "SELECT count(*) FROM checkpoint"), 1);
	(void)fixture_grant(f, journal, "/w");
	assert_signed(f, journal);
	/* With the intents, since so many entries have none, and the end. */
	assert_int_equal(number(journal, "SELECT count(*) FROM checkpoint"), 3);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

/* Grants with what is in the key's place; the words of why it is not signed. */
static void assert_unsigned(struct fixture *f, const char *words)
{
	struct sbk_journal *journal = fixture_locked(f);
	struct sbk_apply_result result;
	uint64_t before = signed_size(journal);

	(void)fixture_grant(f, journal, "/w");
	if (strstr(journal->unsigned_why, words) == NULL)
		fail_msg("'%s' lacks '%s'", journal->unsigned_why, words);
	fixture_undo_all(f, journal, &result);
	assert_true(result.confirmed > 0);
	assert_int_equal(signed_size(journal), before);
	sbk_journal_close(journal);
}

static void test_checkpoint__what_is_no_key_signs_nothing(void **state)
{
	struct fixture *f = *state;
	struct sbk_note_signer other;
	struct sbk_journal *journal;
	struct sbk_buf text = SBK_BUF_INIT;
	char key[SBK_PATH_MAX + 64], kept[SBK_PATH_MAX + 64];
	int fd;

	fixture_tree(f, 3);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	(void)snprintf(key, sizeof(key), "%s", fixture_path(f, "key"));
	(void)snprintf(kept, sizeof(kept), "%s/key", f->directory);
	assert_int_equal(rename(key, kept), 0);
	assert_unsigned(f, "key");
	assert_int_equal(access(key, F_OK), -1); /* none is made anew */
	/* A link, even to the right one. */
	assert_int_equal(symlink(kept, key), 0);
	assert_unsigned(f, "is no plain file");
	assert_int_equal(unlink(key), 0);
	assert_int_equal(mkfifo(key, 0600), 0);
	assert_unsigned(f, "is no plain file");
	assert_int_equal(unlink(key), 0);
	/* A key of this name that the log does not name. */
	journal = fixture_open(f, SBK_JOURNAL_READ);
	{
		struct sbk_note_key named;

		assert_ok(sbk_key_named(journal, &named, &f->err), &f->err);
		assert_ok(sbk_note_signer_make(named.name, &other, &f->err),
			  &f->err);
	}
	sbk_journal_close(journal);
	sbk_note_signer_print(&other, &text);
	fd = open(key, O_CREAT | O_WRONLY | O_EXCL, 0600);
	assert_int_equal(write(fd, text.data, text.size), text.size);
	close(fd);
	sbk_buf_release(&text);
	assert_unsigned(f, "not the key that this log names");
	fd = open(key, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "garbage", 7), 7);
	close(fd);
	assert_unsigned(f, "damaged");
	assert_int_equal(unlink(key), 0);
	/* The right one, but others could have read it. */
	assert_int_equal(rename(kept, key), 0);
	assert_int_equal(chmod(key, 0644), 0);
	assert_unsigned(f, "lets others in");
	assert_int_equal(chmod(key, 0600), 0);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	assert_signed(f, journal);
	assert_string_equal(journal->unsigned_why, "");
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

/* Whoever cuts the end off but leaves the checkpoints gets no second history
 * signed. */
static void test_checkpoint__no_size_is_signed_twice(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;

	fixture_tree(f, 3);
	journal = fixture_locked(f);
	sbk_journal_close(journal);
	fixture_sql(f, "INSERT INTO checkpoint(size, note) "
		       "VALUES(1000, 'of what was cut off')");
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	assert_non_null(strstr(journal->unsigned_why, "of 1000 entries"));
	assert_int_equal(number(journal, "SELECT count(*) FROM checkpoint"), 2);
	sbk_journal_close(journal);
}

/* As format 1 left it: no key, no tables for it. */
static void make_old(struct fixture *f)
{
	static const char entry[] =
		"{\"op\":\"create\",\"format\":1,\"book\":\"user\","
		"\"journal\":\"00112233445566778899aabbccddeeff\","
		"\"time_ms\":1763719200000,\"parents_made\":0}";
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_buf sql = SBK_BUF_INIT;
	struct sbk_tree tree;

	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	sbk_tree_init(&tree);
	(void)sbk_tree_append(&tree, entry, sizeof(entry) - 1, NULL, NULL);
	sbk_tree_root(&tree, root);
	sbk_buf_printf(&sql,
		       "DROP TABLE signer; DROP TABLE checkpoint; "
		       "DROP TABLE witness; DROP TABLE segment; "
		       "PRAGMA user_version = 1; "
		       "UPDATE entry SET json = '%s'; "
		       "UPDATE head SET root = x'",
		       entry);
	sbk_buf_add_hex(&sql, root, sizeof(root));
	sbk_buf_adds(&sql, "'");
	fixture_sql(f, sbk_buf_text(&sql));
	sbk_buf_release(&sql);
	assert_int_equal(unlink(fixture_path(f, "key")), 0);
}

static void test_checkpoint__an_old_journal_gets_a_key(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = NULL;
	struct sbk_note_key key;
	uint64_t session;

	fixture_tree(f, 3);
	make_old(f);
	assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal,
				      &f->err),
		     SBK_E_UNSUPPORTED, &f->err);
	/* A run does not wait for it. */
	journal = fixture_open(f, SBK_JOURNAL_CREATE);
	assert_ok(sbk_session_begin(journal, "", &session, &f->err), &f->err);
	assert_error(sbk_key_named(journal, &key, &f->err), SBK_E_NOTFOUND,
		     &f->err);
	assert_ok(sbk_session_end(journal, session, "", &f->err), &f->err);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	/* A file that a crash left belongs to none. */
	close(open(fixture_path(f, "key"), O_CREAT | O_WRONLY, 0600));
	journal = fixture_locked(f);
	assert_non_null(
		strstr(journal->new_key, "/00112233445566778899aabbccddeeff+"));
	(void)fixture_grant(f, journal, "/w");
	assert_signed(f, journal);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static int look_at_the_key(struct fixture *f, void *arg)
{
	struct sbk_journal *journal = NULL;
	struct sbk_buf note = SBK_BUF_INIT;

	(void)arg;
	if (fixture_become_other() < 0)
		return 2;
	if (access(fixture_path(f, "key"), R_OK) == 0)
		return 3;
	if (sbk_journal_open(&f->place, SBK_JOURNAL_READ, &journal, NULL) < 0)
		return 4;
	return sbk_checkpoint_read(journal, 0, &note, NULL) == 0 ? 0 : 5;
}

static void
test_checkpoint__others_read_the_machines_but_not_its_key(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;

	fixture_machine(f);
	fixture_tree(f, 3);
	journal = fixture_locked(f);
	assert_true(strncmp(journal->new_key, "sandbook/machine/", 17) == 0);
	(void)fixture_grant(f, journal, "/w");
	assert_signed(f, journal);
	sbk_journal_close(journal);
	assert_int_equal(fixture_child(look_at_the_key, f, NULL), 0);
	assert_int_equal(access(fixture_path(f, "key"), R_OK), 0);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_checkpoint__at_the_beginning_and_after_transactions),
	FIXTURE_TEST(test_checkpoint__runs_are_signed_once_in_a_while),
	FIXTURE_TEST(test_checkpoint__within_a_large_transaction),
	FIXTURE_TEST(test_checkpoint__what_is_no_key_signs_nothing),
	FIXTURE_TEST(test_checkpoint__no_size_is_signed_twice),
	FIXTURE_TEST(test_checkpoint__an_old_journal_gets_a_key),
	FIXTURE_TEST(test_checkpoint__others_read_the_machines_but_not_its_key),
};

SBK_TEST_MAIN(tests)
