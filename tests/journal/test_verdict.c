/*
 * Attacks on the log, each with the answer that `journal verify` must give:
 * without anything kept elsewhere, and with a key and a checkpoint that were.
 * The attacker can write every file of the journal, and knows its format.
 */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/proof.h"
#include "journal/signing.h"
#include "journal/witness.h"

#include "engine/banned.h"

static const struct sbk_owner ann = {"1600"};

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* What somebody kept elsewhere, of the time before the last transaction. */
struct kept {
	char key[SBK_KEY_TEXT_MAX];
	struct sbk_buf note;
};

static void keep(struct fixture *f, struct kept *kept)
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

static enum sbk_log_verdict ask(struct fixture *f, const char *key,
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

/* Without anything, with the key, with the checkpoint. */
static void assert_verdicts(struct fixture *f, const struct kept *kept,
			    enum sbk_log_verdict alone,
			    enum sbk_log_verdict with_key,
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

		if (ask(f, cases[i].key, cases[i].note, &verdict) !=
		    cases[i].wanted)
			fail_msg("%s, case %zu: '%s' and not '%s'; found:\n%s",
				 what, i, sbk_log_verdict_name(verdict.verdict),
				 sbk_log_verdict_name(cases[i].wanted),
				 sbk_buf_text(&verdict.text));
		sbk_journal_verdict_release(&verdict);
	}
}

static void save_as(struct fixture *f, const char *name)
{
	char sql[2 * SBK_PATH_MAX];

	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s/%s'", f->directory,
		       name);
	fixture_sql(f, sql);
}

static void restore(struct fixture *f, const char *name)
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

/* A grant; kept elsewhere; an undo. Over 64 entries before and after. */
static void make_history(struct fixture *f, struct kept *kept)
{
	struct sbk_apply_result result;
	struct sbk_journal *journal;

	memset(kept, 0, sizeof(*kept));
	fixture_tree(f, 100);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	keep(f, kept);
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_verdicts(f, kept, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
			"nothing");
}

/* Computes head and nodes anew, as who knows the format can. */
static void rehash(struct fixture *f)
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

/* The same as head, of any size. */
static void sign_again(struct fixture *f, const struct sbk_note_signer *signer)
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

#define REWRITE                                                         \
	"UPDATE entry SET json = replace(json, 'a grant', 'nothing'); " \
	"UPDATE txn SET title = replace(title, 'a grant', 'nothing')"

#define LESS_SIGNED "DELETE FROM checkpoint WHERE size > 1"

static void test_verdict__what_is_edited_or_taken_out(void **state)
{
	static const struct {
		const char *sql;
		enum sbk_log_verdict wanted;
		bool rehashed;
	} cases[] = {
		{"UPDATE entry SET json = replace(json, '/w/f1\"', '/w/f2\"')",
		 SBK_LOG_ALTERED, false},
		{"UPDATE state SET bytes = x'00' WHERE id = 1", SBK_LOG_ALTERED,
		 false},
		{"UPDATE change SET status = 'undone' WHERE id = 3; "
		 "UPDATE change SET name = '/etc' WHERE id = 4",
		 SBK_LOG_ALTERED, false},
		{"UPDATE signer SET vkey = 'x'", SBK_LOG_ALTERED, false},
		{"DELETE FROM entry WHERE n = 20", SBK_LOG_ALTERED, false},
		{"DELETE FROM entry WHERE n >= 180", SBK_LOG_TRUNCATED, false},
		{"DELETE FROM entry", SBK_LOG_TRUNCATED, false},
		/* With a head and nodes that fit. */
		{"DELETE FROM entry WHERE n >= 180", SBK_LOG_TRUNCATED, true},
		{"UPDATE entry SET n = -1 WHERE n = 20; "
		 "UPDATE entry SET n = 20 WHERE n = 21; "
		 "UPDATE entry SET n = 21 WHERE n = -1",
		 SBK_LOG_ALTERED, false},
		{"UPDATE entry SET n = -1 WHERE n = 20; "
		 "UPDATE entry SET n = 20 WHERE n = 21; "
		 "UPDATE entry SET n = 21 WHERE n = -1",
		 SBK_LOG_ALTERED, true},
		/* All of it, without the key. */
		{REWRITE, SBK_LOG_ALTERED, true},
		{REWRITE "; DELETE FROM checkpoint", SBK_LOG_ALTERED, true},
		{REWRITE "; " LESS_SIGNED, SBK_LOG_ALTERED, true},
	};
	struct fixture *f = *state;
	struct kept kept;
	size_t i;

	make_history(f, &kept);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Cut down to the checkpoint that says nothing, it is only
		 * suspicious in itself. */
		const enum sbk_log_verdict with_note =
			strstr(cases[i].sql, LESS_SIGNED) != NULL
				? SBK_LOG_FORKED
				: cases[i].wanted;

		save_as(f, "saved.db");
		fixture_sql(f, cases[i].sql);
		if (cases[i].rehashed)
			rehash(f);
		assert_verdicts(f, &kept, cases[i].wanted, cases[i].wanted,
				with_note, cases[i].sql);
		restore(f, "saved.db");
	}
	assert_verdicts(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "restored");
	sbk_buf_release(&kept.note);
}

static void test_verdict__says_where(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct kept kept;

	make_history(f, &kept);
	fixture_sql(f, "UPDATE entry SET json = json || ' ' WHERE n = 150");
	assert_int_equal(ask(f, NULL, NULL, &verdict), SBK_LOG_ALTERED);
	assert_true(verdict.altered_at > 64 && verdict.altered_at <= 150);
	assert_true(verdict.signed_size > 64 && verdict.signed_size <= 150);
	sbk_journal_verdict_release(&verdict);
	sbk_buf_release(&kept.note);
}

static void test_verdict__another_key(void **state)
{
	struct fixture *f = *state;
	struct sbk_note_signer forger;
	struct sbk_buf sql = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_note_key key;
	struct kept kept;

	make_history(f, &kept);
	assert_ok(sbk_note_key_parse(kept.key, strlen(kept.key), &key, &f->err),
		  &f->err);
	assert_ok(sbk_note_signer_make(key.name, &forger, &f->err), &f->err);
	/* The checkpoints alone: not by the key that the log names. */
	save_as(f, "saved.db");
	sign_again(f, &forger);
	assert_verdicts(f, &kept, SBK_LOG_ALTERED, SBK_LOG_ALTERED,
			SBK_LOG_ALTERED, "signed by another");
	restore(f, "saved.db");
	/* All of it: nothing in it tells, only what was kept. */
	sbk_note_key_print(&forger.key, &text);
	sbk_buf_printf(&sql,
		       REWRITE "; UPDATE signer SET vkey = '%s'; "
			       "UPDATE entry SET json = replace(json, '%s', "
			       "'%s') WHERE n = 0",
		       sbk_buf_text(&text), kept.key, sbk_buf_text(&text));
	fixture_sql(f, sbk_buf_text(&sql));
	rehash(f);
	sign_again(f, &forger);
	assert_verdicts(f, &kept, SBK_LOG_INTACT, SBK_LOG_OTHER_LOG,
			SBK_LOG_OTHER_LOG, "rewritten with another key");
	sbk_buf_release(&sql);
	sbk_buf_release(&text);
	sbk_buf_release(&kept.note);
}

static void test_verdict__an_older_copy_and_a_fork(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;
	struct sbk_buf sql = SBK_BUF_INIT;
	struct kept kept, later;
	uint64_t session;
	int i;

	memset(&kept, 0, sizeof(kept));
	memset(&later, 0, sizeof(later));
	fixture_tree(f, 100);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	keep(f, &kept);
	save_as(f, "older.db");
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	keep(f, &later);
	/* The whole, its checkpoints and all, as it was. */
	restore(f, "older.db");
	assert_verdicts(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "an older copy");
	assert_verdicts(f, &later, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_ROLLED_BACK, "an older copy, anchored");
	/* With a checkpoint left over it says itself that there was more. */
	save_as(f, "older.db");
	{
		struct sbk_note note;
		struct sbk_checkpoint head;

		assert_ok(sbk_note_parse(later.note.data, later.note.size,
					 &note, &f->err),
			  &f->err);
		assert_ok(sbk_checkpoint_parse(&note, &head, &f->err), &f->err);
		sbk_buf_printf(&sql, "INSERT INTO checkpoint VALUES(%d, '%s')",
			       (int)head.size, sbk_buf_text(&later.note));
	}
	fixture_sql(f, sbk_buf_text(&sql));
	assert_verdicts(f, &later, SBK_LOG_TRUNCATED, SBK_LOG_TRUNCATED,
			SBK_LOG_TRUNCATED, "cut off");
	restore(f, "older.db");
	/* Another history with the same key, longer than the first. */
	journal = fixture_locked(f);
	for (i = 0; i < 100; i++) {
		assert_ok(sbk_session_begin(journal, "", &session, &f->err),
			  &f->err);
		assert_ok(sbk_session_end(journal, session, "", &f->err),
			  &f->err);
	}
	sbk_journal_close(journal);
	assert_verdicts(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "a fork, seen from before");
	assert_verdicts(f, &later, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_FORKED, "a fork");
	/* What is recorded since the last checkpoint is said not to be. */
	assert_int_equal(ask(f, NULL, &kept.note, &verdict), SBK_LOG_INTACT);
	assert_int_equal(verdict.signed_size, 1);
	assert_int_equal(verdict.anchored_size, 1);
	assert_int_equal(verdict.entries, 201);
	sbk_journal_verdict_release(&verdict);
	sbk_buf_release(&sql);
	sbk_buf_release(&kept.note);
	sbk_buf_release(&later.note);
}

static void note_session(struct fixture *f, const char *title)
{
	struct sbk_journal *journal = fixture_locked(f);
	uint64_t id;

	assert_ok(sbk_journal_begin(journal, SBK_TRANSACTION_DO, title, &id,
				    &f->err),
		  &f->err);
	assert_ok(sbk_journal_end(journal, true, &f->err), &f->err);
	sbk_journal_close(journal);
}

/* Whoever holds the key shows each auditor another history. Each finds his own
 * in order; the two of them together do not. */
static void test_verdict__a_fork_shown_to_two_auditors(void **state)
{
	struct fixture *f = *state;
	struct kept common, one, two;

	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	make_history(f, &common);
	save_as(f, "common.db");
	note_session(f, "for the first");
	keep(f, &one);
	save_as(f, "first.db");
	restore(f, "common.db");
	note_session(f, "for the second");
	keep(f, &two);
	assert_verdicts(f, &two, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
			"the second's own");
	assert_verdicts(f, &one, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_FORKED,
			"the first's, held against the second's log");
	restore(f, "first.db");
	assert_verdicts(f, &one, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
			"the first's own");
	assert_verdicts(f, &two, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_FORKED,
			"the second's, held against the first's log");
	/* What both had before is no quarrel. */
	assert_verdicts(f, &common, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "what both have");
	sbk_buf_release(&common.note);
	sbk_buf_release(&one.note);
	sbk_buf_release(&two.note);
}

/* Who says that the key is lost may be who never had it. */
static void test_verdict__a_key_that_was_replaced(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;
	struct kept before, after;

	memset(&after, 0, sizeof(after));
	make_history(f, &before);
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
	note_session(f, "with the new key");
	keep(f, &after);
	fixture_assert_sound(f);
	/* The old key leads nowhere; what was kept of before still holds. */
	assert_verdicts(f, &before, SBK_LOG_INTACT, SBK_LOG_OTHER_LOG,
			SBK_LOG_INTACT, "held against the lost key");
	assert_verdicts(f, &after, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "held against the new key");
	assert_int_equal(ask(f, NULL, NULL, &verdict), SBK_LOG_INTACT);
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

/* Another journal of the same user's, with its key: sound in itself. */
static void test_verdict__another_log(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf sql = SBK_BUF_INIT;
	struct kept kept, other;

	memset(&other, 0, sizeof(other));
	make_history(f, &kept);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	assert_verdicts(f, &kept, SBK_LOG_INTACT, SBK_LOG_OTHER_LOG,
			SBK_LOG_OTHER_LOG, "another log");
	/* A checkpoint of the one among those of the other. */
	keep(f, &other);
	sbk_buf_printf(&sql, "UPDATE checkpoint SET note = '%s'",
		       sbk_buf_text(&kept.note));
	fixture_sql(f, sbk_buf_text(&sql));
	assert_verdicts(f, &other, SBK_LOG_ALTERED, SBK_LOG_ALTERED,
			SBK_LOG_ALTERED, "a replayed checkpoint");
	sbk_buf_release(&sql);
	sbk_buf_release(&kept.note);
	sbk_buf_release(&other.note);
}

static void test_verdict__anchors_that_are_none(void **state)
{
	static const char *const notes[] = {
		"", "x", "\n\n", "a\n1\nAAAA\n\n\xe2\x80\x94 a AAAA\n"};
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;
	struct kept kept;
	size_t i;

	make_history(f, &kept);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	for (i = 0; i <= sizeof(notes) / sizeof(notes[0]); i++) {
		struct sbk_journal_anchor anchor = {.key = "no key"};

		if (i < sizeof(notes) / sizeof(notes[0])) {
			anchor.key = kept.key;
			anchor.note = notes[i];
			anchor.note_size = strlen(notes[i]);
		}
		assert_error(sbk_journal_verify_against(journal, &anchor,
							&verdict, &f->err),
			     SBK_E_INVAL, &f->err);
		sbk_journal_verdict_release(&verdict);
	}
	sbk_journal_close(journal);
	sbk_buf_release(&kept.note);
}

struct column {
	char table[24], name[24];
};

/* Each column of each table's first row becomes garbage of several kinds. */
static size_t spoil(struct fixture *f, const struct column *column,
		    const char *value)
{
	const char *name = column->name;
	char *sql = sqlite3_mprintf(
		"PRAGMA ignore_check_constraints = ON; "
		"UPDATE %s SET %s = %s WHERE %s IS NOT %s AND "
		"%s IS (SELECT max(%s) FROM %s WHERE %s IS NOT %s)",
		column->table, name, value, name, value, name, name,
		column->table, name, value);
	size_t changed;
	sqlite3 *db;

	assert_non_null(sql);
	assert_int_equal(sqlite3_open(fixture_path(f, "journal.db"), &db),
			 SQLITE_OK);
	changed = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
			  ? (size_t)sqlite3_changes(db)
			  : 0; /* what the column's type forbids */
	sqlite3_free(sql);
	sqlite3_close(db);
	return changed;
}

/* Every column of every table that there is. */
static size_t list_columns(struct fixture *f, struct column *out, size_t max)
{
	size_t count = 0;
	sqlite3_stmt *row;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture_path(f, "journal.db"), &db),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(
				 db,
				 "SELECT t.name, c.name FROM sqlite_schema t, "
				 "pragma_table_info(t.name) c "
				 "WHERE t.type = 'table'",
				 -1, &row, NULL),
			 SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		assert_true(count < max);
		(void)snprintf(out[count].table, sizeof(out[count].table), "%s",
			       (const char *)sqlite3_column_text(row, 0));
		(void)snprintf(out[count].name, sizeof(out[count].name), "%s",
			       (const char *)sqlite3_column_text(row, 1));
		count++;
	}
	sqlite3_finalize(row);
	sqlite3_close(db);
	assert_true(count > 40);
	return count;
}

/* A run, and what was seen of somebody's log. */
static void fill_small_tables(struct fixture *f)
{
	struct sbk_witness_answer *answer = calloc(1, sizeof(*answer));
	const struct sbk_witnessed seen = {.any = false};
	struct sbk_witness_opinion opinion;
	struct sbk_journal *journal;
	uint64_t session;

	assert_non_null(answer);
	sbk_witness_answer_make(&f->place, 0, NULL, answer);
	assert_ok(sbk_witness_judge(&seen, answer, &opinion, &f->err), &f->err);
	journal = fixture_locked(f);
	assert_ok(sbk_session_begin(journal, "", &session, &f->err), &f->err);
	assert_ok(sbk_session_end(journal, session, "", &f->err), &f->err);
	assert_ok(sbk_witness_record(journal, &ann, &opinion, &f->err),
		  &f->err);
	sbk_journal_close(journal);
	sbk_witness_opinion_release(&opinion);
	free(answer);
}

static void test_verdict__garbage_in_every_column(void **state)
{
	static const char *const values[] = {"NULL",	"-1",
					     "x'00ff'", "'garbage'",
					     "1e300",	"zeroblob(100000)"};
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct kept kept;
	struct column columns[80];
	size_t tried = 0, count, i, j;
	make_history(f, &kept);
	fill_small_tables(f);
	count = list_columns(f, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < count; i++)
		for (j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			save_as(f, "saved.db");
			if (spoil(f, &columns[i], values[j]) > 0) {
				tried++;
				if (ask(f, NULL, NULL, &verdict) ==
				    SBK_LOG_INTACT)
					fail_msg("%s.%s = %s was not found",
						 columns[i].table,
						 columns[i].name, values[j]);
				sbk_journal_verdict_release(&verdict);
			}
			restore(f, "saved.db");
		}
	assert_true(tried > 100);
	sbk_buf_release(&kept.note);
}

static void rotate(struct fixture *f)
{
	struct sbk_journal *journal = fixture_locked(f);

	assert_ok(sbk_key_rotate(journal, &f->err), &f->err);
	sbk_journal_close(journal);
}

static void test_verdict__a_hand_over(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct kept first, second;
	char key[SBK_PATH_MAX + 64], next[SBK_PATH_MAX + 64];
	char old[SBK_PATH_MAX + 64];

	memset(&second, 0, sizeof(second));
	make_history(f, &first);
	(void)snprintf(key, sizeof(key), "%s", fixture_path(f, "key"));
	(void)snprintf(next, sizeof(next), "%s", fixture_path(f, "key.new"));
	(void)snprintf(old, sizeof(old), "%s/old", f->directory);
	assert_int_equal(link(key, old), 0);
	rotate(f);
	keep(f, &second);
	assert_string_not_equal(first.key, second.key);
	assert_int_equal(access(next, F_OK), -1);
	/* The first key leads to the second. */
	assert_verdicts(f, &first, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "the first key");
	assert_verdicts(f, &second, SBK_LOG_INTACT, SBK_LOG_INTACT,
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
	assert_verdicts(f, &first, SBK_LOG_INTACT, SBK_LOG_INTACT,
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
	assert_verdicts(f, &first, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "twice");
	journal = fixture_locked(f);
	fixture_undo_all(f, journal, &result);
	sbk_journal_close(journal);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	sbk_buf_release(&first.note);
	sbk_buf_release(&second.note);
}

/* Who has no key names one of his own, and signs with that from then on. */
static void test_verdict__a_key_that_nobody_handed_over(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_note_signer forger;
	struct sbk_journal *journal;
	struct sbk_note_key key;
	struct kept kept;
	uint64_t entry;
	int i;

	make_history(f, &kept);
	assert_ok(sbk_note_key_parse(kept.key, strlen(kept.key), &key, &f->err),
		  &f->err);
	assert_ok(sbk_note_signer_make(key.name, &forger, &f->err), &f->err);
	sbk_note_key_print(&forger.key, &text);
	for (i = 0; i < 2; i++) {
		const struct sbk_note_signer *const by[] = {&forger};
		/* With no signature, and with one of another hand-over. */
		const char *signature = i == 0 ? NULL : "AAAA";

		save_as(f, "saved.db");
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
		assert_verdicts(f, &kept, SBK_LOG_ALTERED, SBK_LOG_ALTERED,
				SBK_LOG_ALTERED, "no hand-over");
		restore(f, "saved.db");
	}
	assert_verdicts(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT,
			SBK_LOG_INTACT, "restored");
	sbk_buf_release(&text);
	sbk_buf_release(&kept.note);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_verdict__what_is_edited_or_taken_out),
	FIXTURE_TEST(test_verdict__says_where),
	FIXTURE_TEST(test_verdict__another_key),
	FIXTURE_TEST(test_verdict__an_older_copy_and_a_fork),
	FIXTURE_TEST(test_verdict__a_fork_shown_to_two_auditors),
	FIXTURE_TEST(test_verdict__a_key_that_was_replaced),
	FIXTURE_TEST(test_verdict__another_log),
	FIXTURE_TEST(test_verdict__anchors_that_are_none),
	FIXTURE_TEST(test_verdict__garbage_in_every_column),
	FIXTURE_TEST(test_verdict__a_hand_over),
	FIXTURE_TEST(test_verdict__a_key_that_nobody_handed_over),
};

SBK_TEST_MAIN(tests)
