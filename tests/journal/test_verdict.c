/*
 * Attacks on the log, each with the answer that `journal verify` must give:
 * without anything kept elsewhere, and with a key and a checkpoint that were.
 * The attacker can write every file of the journal, and knows its format.
 */
#include "tests/journal/verdicts.h"

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
		{VERDICT_REWRITE, SBK_LOG_ALTERED, true},
		{VERDICT_REWRITE "; DELETE FROM checkpoint", SBK_LOG_ALTERED,
		 true},
		{VERDICT_REWRITE "; " LESS_SIGNED, SBK_LOG_ALTERED, true},
	};
	struct fixture *f = *state;
	struct kept kept;
	size_t i;

	verdict_history(f, &kept);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Cut down to the checkpoint that says nothing, it is only
		 * suspicious in itself. */
		const enum sbk_log_verdict with_note =
			strstr(cases[i].sql, LESS_SIGNED) != NULL
				? SBK_LOG_FORKED
				: cases[i].wanted;

		verdict_save(f, "saved.db");
		fixture_sql(f, cases[i].sql);
		if (cases[i].rehashed)
			verdict_rehash(f);
		verdict_assert(f, &kept, cases[i].wanted, cases[i].wanted,
			       with_note, cases[i].sql);
		verdict_restore(f, "saved.db");
	}
	verdict_assert(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "restored");
	sbk_buf_release(&kept.note);
}

static void test_verdict__says_where(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct kept kept;

	verdict_history(f, &kept);
	fixture_sql(f, "UPDATE entry SET json = json || ' ' WHERE n = 150");
	assert_int_equal(verdict_ask(f, NULL, NULL, &verdict), SBK_LOG_ALTERED);
	assert_true(verdict.altered_at > 64 && verdict.altered_at <= 150);
	assert_true(verdict.signed_size > 64 && verdict.signed_size <= 150);
	sbk_journal_verdict_release(&verdict);
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
	verdict_keep(f, &kept);
	verdict_save(f, "older.db");
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	verdict_keep(f, &later);
	/* The whole, its checkpoints and all, as it was. */
	verdict_restore(f, "older.db");
	verdict_assert(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "an older copy");
	verdict_assert(f, &later, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_ROLLED_BACK, "an older copy, anchored");
	/* With a checkpoint left over it says itself that there was more. */
	verdict_save(f, "older.db");
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
	verdict_assert(f, &later, SBK_LOG_TRUNCATED, SBK_LOG_TRUNCATED,
		       SBK_LOG_TRUNCATED, "cut off");
	verdict_restore(f, "older.db");
	/* Another history with the same key, longer than the first. */
	journal = fixture_locked(f);
	for (i = 0; i < 100; i++) {
		assert_ok(sbk_session_begin(journal, "", &session, &f->err),
			  &f->err);
		assert_ok(sbk_session_end(journal, session, "", &f->err),
			  &f->err);
	}
	sbk_journal_close(journal);
	verdict_assert(f, &kept, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "a fork, seen from before");
	verdict_assert(f, &later, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_FORKED, "a fork");
	/* What is recorded since the last checkpoint is said not to be. */
	assert_int_equal(verdict_ask(f, NULL, &kept.note, &verdict),
			 SBK_LOG_INTACT);
	assert_int_equal(verdict.signed_size, 1);
	assert_int_equal(verdict.anchored_size, 1);
	assert_int_equal(verdict.entries, 201);
	sbk_journal_verdict_release(&verdict);
	sbk_buf_release(&sql);
	sbk_buf_release(&kept.note);
	sbk_buf_release(&later.note);
}

/* Whoever holds the key shows each auditor another history. Each finds his own
 * in order; the two of them together do not. */
static void test_verdict__a_fork_shown_to_two_auditors(void **state)
{
	struct fixture *f = *state;
	struct kept common, one, two;

	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	verdict_history(f, &common);
	verdict_save(f, "common.db");
	verdict_note_session(f, "for the first");
	verdict_keep(f, &one);
	verdict_save(f, "first.db");
	verdict_restore(f, "common.db");
	verdict_note_session(f, "for the second");
	verdict_keep(f, &two);
	verdict_assert(f, &two, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "the second's own");
	verdict_assert(f, &one, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_FORKED,
		       "the first's, held against the second's log");
	verdict_restore(f, "first.db");
	verdict_assert(f, &one, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       "the first's own");
	verdict_assert(f, &two, SBK_LOG_INTACT, SBK_LOG_INTACT, SBK_LOG_FORKED,
		       "the second's, held against the first's log");
	/* What both had before is no quarrel. */
	verdict_assert(f, &common, SBK_LOG_INTACT, SBK_LOG_INTACT,
		       SBK_LOG_INTACT, "what both have");
	sbk_buf_release(&common.note);
	sbk_buf_release(&one.note);
	sbk_buf_release(&two.note);
}

/* Another journal of the same user's, with its key: sound in itself. */
static void test_verdict__another_log(void **state)
{
	struct fixture *f = *state;
	struct sbk_buf sql = SBK_BUF_INIT;
	struct kept kept, other;

	memset(&other, 0, sizeof(other));
	verdict_history(f, &kept);
	assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	sbk_journal_close(fixture_open(f, SBK_JOURNAL_CREATE));
	verdict_assert(f, &kept, SBK_LOG_INTACT, SBK_LOG_OTHER_LOG,
		       SBK_LOG_OTHER_LOG, "another log");
	/* A checkpoint of the one among those of the other. */
	verdict_keep(f, &other);
	sbk_buf_printf(&sql, "UPDATE checkpoint SET note = '%s'",
		       sbk_buf_text(&kept.note));
	fixture_sql(f, sbk_buf_text(&sql));
	verdict_assert(f, &other, SBK_LOG_ALTERED, SBK_LOG_ALTERED,
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

	verdict_history(f, &kept);
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
	verdict_history(f, &kept);
	fill_small_tables(f);
	count = list_columns(f, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < count; i++)
		for (j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			verdict_save(f, "saved.db");
			if (spoil(f, &columns[i], values[j]) > 0) {
				tried++;
				if (verdict_ask(f, NULL, NULL, &verdict) ==
				    SBK_LOG_INTACT)
					fail_msg("%s.%s = %s was not found",
						 columns[i].table,
						 columns[i].name, values[j]);
				sbk_journal_verdict_release(&verdict);
			}
			verdict_restore(f, "saved.db");
		}
	assert_true(tried > 100);
	sbk_buf_release(&kept.note);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_verdict__what_is_edited_or_taken_out),
	FIXTURE_TEST(test_verdict__says_where),
	FIXTURE_TEST(test_verdict__an_older_copy_and_a_fork),
	FIXTURE_TEST(test_verdict__a_fork_shown_to_two_auditors),
	FIXTURE_TEST(test_verdict__another_log),
	FIXTURE_TEST(test_verdict__anchors_that_are_none),
	FIXTURE_TEST(test_verdict__garbage_in_every_column),
};

SBK_TEST_MAIN(tests)
