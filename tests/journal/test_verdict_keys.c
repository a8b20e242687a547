/*
 * Attacks on the log by keys: another one, one that was lost, handed over, and
 * handed over by nobody; each with the answer that `journal verify` must give.
 */
#include "tests/journal/verdicts.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void test_verdict_keys__another_key(void **state)
{
	struct fixture *f = *state;
	struct sbk_note_signer forger;
	struct sbk_buf sql = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_note_key key;
	struct kept kept;

	verdict_history(f, &kept);
	assert_ok(sbk_note_key_parse(kept.key, strlen(kept.key), &key, &f->err),
		  &f->err);
	assert_ok(sbk_note_signer_make(key.name, &forger, &f->err), &f->err);
	/* The checkpoints alone: not by the key that the log names. */
	verdict_save(f, "saved.db");
	verdict_sign_again(f, &forger);
	verdict_assert(f, &kept, SBK_LOG_ALTERED, SBK_LOG_ALTERED,
		       SBK_LOG_ALTERED, "signed by another");
	verdict_restore(f, "saved.db");
	/* All of it: nothing in it tells, only what was kept. */
	sbk_note_key_print(&forger.key, &text);
	sbk_buf_printf(&sql,
		       VERDICT_REWRITE
		       "; UPDATE signer SET vkey = '%s'; "
		       "UPDATE entry SET json = replace(json, '%s', "
		       "'%s') WHERE n = 0",
		       sbk_buf_text(&text), kept.key, sbk_buf_text(&text));
	fixture_sql(f, sbk_buf_text(&sql));
	verdict_rehash(f);
	verdict_sign_again(f, &forger);
	verdict_assert(f, &kept, SBK_LOG_INTACT, SBK_LOG_OTHER_LOG,
		       SBK_LOG_OTHER_LOG, "rewritten with another key");
	sbk_buf_release(&sql);
	sbk_buf_release(&text);
	sbk_buf_release(&kept.note);
}

/* Who says that the key is lost may be who never had it. */
static void test_verdict_keys__a_key_that_was_replaced(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;
	struct kept before, after;

	memset(&after, 0, sizeof(after));
	verdict_history(f, &before);
	journal = fixture_locked(f);
	assert_error(sbk_key_replace(journal, &f->err), SBK_E_EXISTS, &f->err);
	/* One that cannot be opened just now is not lost. */
	if (fixture_take_files()) {
		int rc = sbk_key_replace(journal, &f->err);

		fixture_give_files();
		assert_error(rc, SBK_E_LIMIT, &f->err);
	}
	sbk_journal_close(journal);
	assert_int_equal(unlink(fixture_path(f, "key")), 0);
	journal = fixture_locked(f);
	assert_ok(sbk_key_replace(journal, &f->err), &f->err);
	sbk_journal_close(journal);
	verdict_note_session(f, "with the new key");
	verdict_keep(f, &after);
	fixture_assert_sound(f);
	/* The old key leads nowhere; what was kept of before still holds. */
	verdict_assert(f, &before, SBK_LOG_INTACT, SBK_LOG_OTHER_LOG,
		       SBK_LOG_INTACT, "held against the lost key");
	verdict_assert(f, &after, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_INTACT, "held against the new key");
	assert_int_equal(verdict_ask(f, NULL, NULL, &verdict), SBK_LOG_INTACT);
	assert_int_not_equal(verdict.replaced_at, UINT64_MAX);
	sbk_journal_verdict_release(&verdict);
	/* An altered log gets no new key. */
	assert_int_equal(unlink(fixture_path(f, "key")), 0);
	fixture_sql(f, "UPDATE txn SET title = 'x' WHERE id = 1");
	journal = fixture_locked(f);
	assert_error(sbk_key_replace(journal, &f->err), SBK_E_CORRUPT, &f->err);
	sbk_journal_close(journal);
	sbk_buf_release(&before.note);
	sbk_buf_release(&after.note);
}

static void rotate(struct fixture *f)
{
	struct sbk_journal *journal = fixture_locked(f);

	assert_ok(sbk_key_rotate(journal, &f->err), &f->err);
	sbk_journal_close(journal);
}

static void test_verdict_keys__a_hand_over(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct kept first, second;
	char key[SBK_PATH_MAX + 64], next[SBK_PATH_MAX + 64];
	char old[SBK_PATH_MAX + 64];

	memset(&second, 0, sizeof(second));
	verdict_history(f, &first);
	(void)snprintf(key, sizeof(key), "%s", fixture_path(f, "key"));
	(void)snprintf(next, sizeof(next), "%s", fixture_path(f, "key.new"));
	(void)snprintf(old, sizeof(old), "%s/old", f->directory);
	assert_int_equal(link(key, old), 0);
	rotate(f);
	verdict_keep(f, &second);
	assert_string_not_equal(first.key, second.key);
	assert_int_equal(access(next, F_OK), -1);
	/* The first key leads to the second. */
	verdict_assert(f, &first, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_INTACT, "the first key");
	verdict_assert(f, &second, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_INTACT, "the second key");
	/* Cut short between the commit and the file's last name. */
	assert_int_equal(rename(key, next), 0);
	assert_int_equal(link(old, key), 0);
	/* One that others could read is not taken. */
	assert_int_equal(chmod(next, 0644), 0);
	journal = fixture_locked(f);
	assert_true(sbk_key_rotate(journal, &f->err) < 0);
	assert_non_null(strstr(f->err.message, "not the key that this log"));
	sbk_journal_close(journal);
	assert_int_equal(chmod(next, 0600), 0);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	assert_string_equal(journal->unsigned_why, "");
	sbk_journal_close(journal);
	assert_int_equal(access(next, F_OK), -1);
	verdict_assert(f, &first, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_INTACT, "mended");
	/* The old one signs no more. */
	assert_int_equal(rename(key, next), 0);
	assert_int_equal(rename(next, fixture_path(f, "elsewhere")), 0);
	assert_int_equal(rename(old, key), 0);
	journal = fixture_locked(f);
	assert_true(sbk_key_rotate(journal, &f->err) < 0);
	assert_non_null(strstr(f->err.message, "not the key that this log"));
	sbk_journal_close(journal);
	assert_int_equal(rename(fixture_path(f, "elsewhere"), key), 0);
	rotate(f);
	verdict_assert(f, &first, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_INTACT, "twice");
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	sbk_buf_release(&first.note);
	sbk_buf_release(&second.note);
}

/* Who has no key names one of his own, and signs with that from then on. */
static void test_verdict_keys__a_key_that_nobody_handed_over(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_note_signer forger;
	struct sbk_journal *journal;
	struct sbk_note_key key;
	struct kept kept;
	uint64_t entry;
	int i;

	verdict_history(f, &kept);
	assert_ok(sbk_note_key_parse(kept.key, strlen(kept.key), &key, &f->err),
		  &f->err);
	assert_ok(sbk_note_signer_make(key.name, &forger, &f->err), &f->err);
	sbk_note_key_print(&forger.key, &text);
	for (i = 0; i < 2; i++) {
		const struct sbk_note_signer *const by[] = {&forger};
		/* With no signature, and with one of another hand-over. */
		const char *signature = i == 0 ? NULL : "AAAA";

		verdict_save(f, "saved.db");
		journal = fixture_locked(f);
		assert_ok(sbk_log_begin(journal, SBK_COMMIT_FLUSHED, &f->err),
			  &f->err);
		sbk_entry_key(&journal->json, 1, sbk_buf_text(&text),
			      signature);
		assert_ok(sbk_log_append(journal, &entry, &f->err), &f->err);
		assert_ok(sbk_view_signer(&journal->db, entry,
					  sbk_buf_text(&text), signature,
					  &f->err),
			  &f->err);
		assert_ok(sbk_checkpoint_add_by(journal, by, 1, &f->err),
			  &f->err);
		assert_ok(sbk_log_commit(journal, &f->err), &f->err);
		sbk_journal_close(journal);
		verdict_assert(f, &kept, SBK_LOG_ALTERED, SBK_LOG_ALTERED,
			       SBK_LOG_ALTERED, "no hand-over");
		verdict_restore(f, "saved.db");
	}
	verdict_assert(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "restored");
	sbk_buf_release(&text);
	sbk_buf_release(&kept.note);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_verdict_keys__another_key),
	FIXTURE_TEST(test_verdict_keys__a_key_that_was_replaced),
	FIXTURE_TEST(test_verdict_keys__a_hand_over),
	FIXTURE_TEST(test_verdict_keys__a_key_that_nobody_handed_over),
};

SBK_TEST_MAIN(tests)
