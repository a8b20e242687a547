/* See the header. */
#include "tests/journal/verdicts.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/proof.h"

#include "engine/banned.h"

void verdict_keep(struct fixture *f, struct kept *kept)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_note_key key;

	assert_ok(sbk_key_named(journal, &key, &f->err), &f->err);
	sbk_note_key_print(&key, &text);
	(void)snprintf(kept->key, sizeof(kept->key), "%s", sbk_buf_text(&text));
	sbk_buf_release(&text);
	sbk_buf_clear(&kept->note);
	assert_ok(sbk_checkpoint_read(journal, 0, &kept->note, &f->err),
		  &f->err);
	sbk_journal_close(journal);
}

enum sbk_log_verdict verdict_ask(struct fixture *f, const char *key,
				 const struct sbk_buf *note,
				 struct sbk_journal_verdict *out)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	const struct sbk_journal_anchor anchor = {
		.key = key,
		.note = note != NULL ? sbk_buf_text(note) : NULL,
		.note_size = note != NULL ? note->size : 0,
	};

	assert_ok(sbk_journal_verify_against(journal, &anchor, out, &f->err),
		  &f->err);
	sbk_journal_close(journal);
	return out->verdict;
}

void verdict_assert(struct fixture *f, const struct kept *kept,
		    enum sbk_log_verdict alone, enum sbk_log_verdict with_key,
		    enum sbk_log_verdict with_note, const char *what)
{
	const struct {
		const char *key;
		const struct sbk_buf *note;
		enum sbk_log_verdict wanted;
	} cases[] = {
		{NULL, NULL, alone},
		{kept->key, NULL, with_key},
		{NULL, &kept->note, with_note},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_journal_verdict verdict;

		if (verdict_ask(f, cases[i].key, cases[i].note, &verdict) !=
		    cases[i].wanted)
			fail_msg("%s, case %zu: '%s' and not '%s'; found:\n%s",
				 what, i, sbk_log_verdict_name(verdict.verdict),
				 sbk_log_verdict_name(cases[i].wanted),
				 sbk_buf_text(&verdict.text));
		sbk_journal_verdict_release(&verdict);
	}
}

void verdict_save(struct fixture *f, const char *name)
{
	char sql[2 * SBK_PATH_MAX];

	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s/%s'", f->directory,
		       name);
	fixture_sql(f, sql);
}

void verdict_restore(struct fixture *f, const char *name)
{
	char path[2 * SBK_PATH_MAX], saved[2 * SBK_PATH_MAX];

	(void)unlink(fixture_path(f, "journal.db-wal"));
	(void)unlink(fixture_path(f, "journal.db-shm"));
	(void)snprintf(path, sizeof(path), "%s", fixture_path(f, "journal.db"));
	(void)snprintf(saved, sizeof(saved), "%s/%s", f->directory, name);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(link(saved, path), 0);
	assert_int_equal(unlink(saved), 0);
	assert_int_equal(chmod(path, 0600), 0);
	fixture_sql(f, "PRAGMA journal_mode = WAL");
}

void verdict_history(struct fixture *f, struct kept *kept)
{
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	memset(kept, 0, sizeof(*kept));
	fixture_tree(f, 100);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	verdict_keep(f, kept);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	verdict_assert(f, kept, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "nothing");
}

void verdict_rehash(struct fixture *f)
{
	struct sbk_buf sql = SBK_BUF_INIT;
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_tree tree, block;
	sqlite3_stmt *row;
	sqlite3 *db;

	sbk_tree_init(&tree);
	sbk_tree_init(&block);
	assert_int_equal(sqlite3_open(fixture_path(f, "journal.db"), &db),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT json FROM entry ORDER BY n",
					    -1, &row, NULL),
			 SQLITE_OK);
	sbk_buf_adds(&sql, "DELETE FROM node; ");
	while (sqlite3_step(row) == SQLITE_ROW) {
		(void)sbk_tree_append(&tree, sqlite3_column_text(row, 0),
				      (size_t)sqlite3_column_bytes(row, 0),
				      NULL, NULL);
		(void)sbk_tree_append(&block, sqlite3_column_text(row, 0),
				      (size_t)sqlite3_column_bytes(row, 0),
				      NULL, NULL);
		if (block.size < 64)
			continue;
		sbk_tree_root(&block, root);
		sbk_tree_init(&block);
		/* No tree here is of 4096 entries. */
		sbk_buf_printf(&sql, "INSERT INTO node VALUES(6, %d, x'",
			       (int)(tree.size / 64 - 1));
		sbk_buf_add_hex(&sql, root, sizeof(root));
		sbk_buf_adds(&sql, "'); ");
	}
	sqlite3_finalize(row);
	sqlite3_close(db);
	sbk_tree_root(&tree, root);
	sbk_buf_printf(&sql, "UPDATE head SET size = %d, root = x'",
		       (int)tree.size);
	sbk_buf_add_hex(&sql, root, sizeof(root));
	sbk_buf_adds(&sql, "'");
	fixture_sql(f, sbk_buf_text(&sql));
	sbk_buf_release(&sql);
}

void verdict_sign_again(struct fixture *f, const struct sbk_note_signer *signer)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	struct sbk_buf sql = SBK_BUF_INIT;
	sqlite3_stmt *row;

	assert_int_equal(
		sbk_db_statement(&journal->db, SBK_SQL_CHECKPOINTS, &row, NULL),
		0);
	while (sqlite3_step(row) == SQLITE_ROW) {
		struct sbk_checkpoint head = {
			.size = (uint64_t)sqlite3_column_int64(row, 0)};
		struct sbk_buf note = SBK_BUF_INIT;

		(void)snprintf(head.origin, sizeof(head.origin), "%s",
			       signer->key.name);
		assert_ok(
			sbk_proof_root(journal, head.size, head.root, &f->err),
			&f->err);
		sbk_checkpoint_print(&head, &note);
		sbk_note_add_signature(&note, note.size, signer);
		sbk_buf_printf(&sql,
			       "UPDATE checkpoint SET note = '%s' WHERE "
			       "size = %d; ",
			       sbk_buf_text(&note), (int)head.size);
		sbk_buf_release(&note);
	}
	sqlite3_reset(row);
	sbk_journal_close(journal);
	fixture_sql(f, sbk_buf_text(&sql));
	sbk_buf_release(&sql);
}

void verdict_note_session(struct fixture *f, const char *title)
{
	struct sbk_journal *journal = fixture_locked(f);
	uint64_t id;

	assert_ok(sbk_journal_begin(journal, SBK_TRANSACTION_DO, title, &id,
				    &f->err),
		  &f->err);
	assert_ok(sbk_journal_end(journal, true, &f->err), &f->err);
	sbk_journal_close(journal);
}
