/*
 * What verify must find: an entry, a row, a node, the head or a state that
 * somebody changed, added or deleted. And that it finds nothing otherwise.
 */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Granted, undone in part, with a session, over 64 entries. */
static void make_history(struct fixture *f)
{
	const struct sbk_journal_filter below = {.path = "/w/d",
						 .unsettled = true};
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *changes;
	uint64_t session;

	fixture_tree(f, 280);
	journal = fixture_locked(f);
	assert_ok(sbk_session_begin(journal, "\"a\":1", &session, &f->err),
		  &f->err);
	(void)fixture_grant(f, journal, "/w");
	changes = fixture_load(f, journal, &below);
	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", changes,
				   &result, &f->err),
		  &f->err);
	sbk_plan_free(changes);
	assert_ok(sbk_session_end(journal, session, "\"exit\":0", &f->err),
		  &f->err);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_verify__finds_every_edit(void **state)
{
	/* Each is taken back by restoring the file. */
	static const struct {
		const char *edit, *words;
	} cases[] = {
		/* An entry far from the end: only the tree can tell. */
		{"UPDATE entry SET json = replace(json, '/w/f1\"', '/w/f2\"') "
		 "WHERE json LIKE '%\"/w/f1\"%'",
		 "entries 0 to 63 are not those that were hashed"},
		{"DELETE FROM entry WHERE n = 20", "entries 20 to 20 are "
						   "missing"},
		{"UPDATE entry SET n = -1 WHERE n = 20; "
		 "UPDATE entry SET n = 20 WHERE n = 21; "
		 "UPDATE entry SET n = 21 WHERE n = -1",
		 "are not those that were hashed"},
		{"UPDATE node SET hash = zeroblob(32)",
		 "are not those that were hashed"},
		{"UPDATE state SET bytes = CAST('mode 777' AS BLOB) WHERE id = "
		 "1",
		 "state 1 was changed"},
		{"UPDATE state SET hash = zeroblob(32) WHERE id = 1",
		 "table state, row 1: hash is not what the log says"},
		{"DELETE FROM state WHERE id = 1", "table state lacks row 1"},
		{"UPDATE change SET name = '/etc' WHERE id = 3",
		 "table change, row 3: name is not what the log says"},
		{"UPDATE change SET status = 'undone' WHERE id = 3",
		 "table change, row 3: status is not what the log says"},
		{"UPDATE change SET ours = NULL WHERE id = 3",
		 "table change, row 3: ours is not what the log says"},
		{"UPDATE change SET after = before WHERE id = 3",
		 "table change, row 3: after is not what the log says"},
		{"DELETE FROM change WHERE id = 3", "table change lacks row 3"},
		{"INSERT INTO change(id, entry, txn, status) "
		 "VALUES(9999, 1, 1, 'confirmed')",
		 "table change has a row 9999 that is not in the log"},
		{"UPDATE txn SET state = 'settled' WHERE id = 1",
		 "table txn, row 1: state is not what the log says"},
		{"DELETE FROM session", "table session lacks row 1"},
		{"UPDATE root SET principal = 'u:0'",
		 "table root, row 1: principal is not what the log says"},
	};
	struct fixture *f = *state;
	char command[3 * SBK_PATH_MAX];
	size_t i;

	make_history(f);
	fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_journal_verdict verdict;
		struct sbk_journal *journal;

		(void)snprintf(command, sizeof(command),
			       "VACUUM INTO '%s/saved.db'", f->directory);
		fixture_sql(f, command);
		fixture_sql(f, cases[i].edit);
		journal = fixture_open(f, SBK_JOURNAL_READ);
		assert_ok(sbk_journal_verify(journal, &verdict, &f->err),
			  &f->err);
		/* Nor does anybody act on it. */
		if (sbk_journal_check(journal, &f->err) != SBK_E_CORRUPT)
			fail_msg("%s: nobody is told", cases[i].edit);
		assert_non_null(strstr(f->err.message, "journal verify"));
		sbk_journal_trust(journal);
		assert_ok(sbk_journal_check(journal, &f->err), &f->err);
		sbk_journal_close(journal);
		if (strstr(sbk_buf_text(&verdict.text), cases[i].words) == NULL)
			fail_msg("%s: wanted '%s', found %zu:\n%s",
				 cases[i].edit, cases[i].words,
				 verdict.findings, sbk_buf_text(&verdict.text));
		sbk_journal_verdict_release(&verdict);
		(void)unlink(fixture_path(f, "journal.db-wal"));
		(void)unlink(fixture_path(f, "journal.db-shm"));
		(void)snprintf(command, sizeof(command), "%s/saved.db",
			       f->directory);
		assert_int_equal(chmod(command, 0600), 0);
		assert_int_equal(rename(command, fixture_path(f, "journal.db")),
				 0);
		fixture_sql(f, "PRAGMA journal_mode = WAL");
	}
	fixture_assert_sound(f);
}

/* What SQL and C would read differently, and verify finds by its type. */
static void test_check__finds_what_only_sql_sees(void **state)
{
	static const char *const edits[] = {
		"UPDATE change SET undoes = 0 WHERE id = 3",
		"UPDATE change SET status = CAST('confirmed' AS BLOB) "
		"WHERE id = 3",
		"UPDATE change SET name = name || char(0) || 'x' WHERE id = 3",
		"UPDATE change SET note = 'all is well' WHERE id = 3",
		"UPDATE change SET id = 3000 WHERE id = (SELECT max(id) FROM "
		"change)",
		"UPDATE txn SET last = last - 1 WHERE id = 1",
	};
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		if (i > 0) {
			fixture_teardown(state);
			fixture_setup(state);
			f = *state;
		}
		make_history(f);
		fixture_sql(f, edits[i]);
		journal = fixture_open(f, SBK_JOURNAL_READ);
		if (sbk_journal_check(journal, &f->err) != SBK_E_CORRUPT)
			fail_msg("%s: nobody is told", edits[i]);
		sbk_journal_close(journal);
	}
}

/* An interrupted command is not settled by a record that was altered. */
static void test_check__recovery_refuses(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t settled = 0;

	make_history(f);
	fixture_sql(f, "UPDATE txn SET state = 'open', ended = NULL "
		       "WHERE id = 1");
	journal = fixture_locked(f);
	assert_int_equal(
		sbk_journal_recover(journal, &f->backend, &settled, &f->err),
		SBK_E_CORRUPT);
	assert_int_equal(settled, 0);
	sbk_journal_close(journal);
}

/* Where the log is whole, the tables are made anew from it. */
static void test_rebuild__makes_the_tables_anew(void **state)
{
	static const char *const edits[] = {
		"UPDATE change SET status = 'undone' WHERE id > 100",
		"DELETE FROM change; DELETE FROM txn; DELETE FROM root",
		"UPDATE change SET name = '/etc' WHERE id = 3; "
		"DELETE FROM session; DELETE FROM signer",
		"INSERT INTO root(txn, entry, path, principal, writable) "
		"VALUES(1, 1, '/', 'u:0', 1)",
	};
	struct fixture *f = *state;
	size_t i;

	make_history(f);
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct sbk_journal *journal;
		bool rebuilt = false;

		fixture_sql(f, edits[i]);
		journal = fixture_open(f, SBK_JOURNAL_TRUST);
		assert_ok(sbk_journal_rebuild(journal, &rebuilt, &f->err),
			  &f->err);
		if (!rebuilt)
			fail_msg("%s: not made anew", edits[i]);
		assert_false(journal->trusted);
		sbk_journal_close(journal);
		fixture_assert_sound(f);
	}
}

/* And where it is not, nothing is. */
static void test_rebuild__refuses_an_altered_log(void **state)
{
	static const char *const edits[] = {
		"UPDATE entry SET json = replace(json, '/w/f1\"', '/w/f2\"')",
		"UPDATE state SET bytes = CAST('mode 777' AS BLOB) WHERE id = "
		"1",
		"DELETE FROM checkpoint",
	};
	struct fixture *f = *state;
	struct sbk_journal *journal;
	bool rebuilt = true;
	size_t i;

	make_history(f);
	fixture_sql(f, "UPDATE change SET ours = 'x' WHERE id = 3");
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		fixture_sql(f, edits[i]);
		journal = fixture_open(f, SBK_JOURNAL_TRUST);
		assert_ok(sbk_journal_rebuild(journal, &rebuilt, &f->err),
			  &f->err);
		assert_false(rebuilt);
		assert_true(journal->trusted);
		sbk_journal_close(journal);
	}
}

/* The tail cut off with all that depends on it, but not the head. */
static void test_verify__finds_a_tail_that_was_cut_off(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;

	make_history(f);
	fixture_sql(f, "DELETE FROM entry WHERE n = (SELECT max(n) FROM "
		       "entry)");
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_ok(sbk_journal_verify(journal, &verdict, &f->err), &f->err);
	sbk_journal_close(journal);
	assert_non_null(strstr(sbk_buf_text(&verdict.text), "its head says"));
	sbk_journal_verdict_release(&verdict);
}

/* Whoever says so goes on, and verify tells of the edit for good. */
static void test_verify__what_was_gone_on_with_stays_found(void **state)
{
	static const char *const edits[] = {
		"UPDATE entry SET json = '{}' WHERE n = (SELECT max(n) - 1 "
		"FROM entry)",
		"DELETE FROM entry WHERE n = (SELECT max(n) - 1 FROM entry)",
		"DELETE FROM entry WHERE n = (SELECT max(n) FROM entry)",
		"UPDATE node SET hash = zeroblob(32)",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct sbk_journal_verdict verdict;
		struct sbk_journal *journal = NULL;
		uint64_t session;

		make_history(f);
		fixture_sql(f, edits[i]);
		assert_error(sbk_journal_open(&f->place, SBK_JOURNAL_WRITE,
					      &journal, &f->err),
			     SBK_E_CORRUPT, &f->err);
		journal = fixture_open(f, SBK_JOURNAL_TRUST);
		assert_ok(sbk_session_begin(journal, "\"a\":1", &session,
					    &f->err),
			  &f->err);
		assert_ok(sbk_session_end(journal, session, "\"exit\":0",
					  &f->err),
			  &f->err);
		assert_ok(sbk_journal_verify(journal, &verdict, &f->err),
			  &f->err);
		if (verdict.findings == 0)
			fail_msg("%s: forgotten", edits[i]);
		sbk_journal_verdict_release(&verdict);
		sbk_journal_close(journal);
		fixture_teardown(state);
		assert_int_equal(fixture_setup(state), 0);
		f = *state;
	}
}

/* Texts that are no entries of ours, hashed properly all the same. */
static void test_verify__strange_entries_are_findings(void **state)
{
	static const char *const texts[] = {
		"not json",
		"{}",
		"[]",
		"{\"op\":\"nothing\"}",
		"{\"op\":7}",
		"{\"op\":\"begin\"}",
		"{\"op\":\"begin\",\"txn\":-1,\"kind\":\"do\",\"time_ms\":1,"
		"\"title\":\"x\"}",
		"{\"op\":\"begin\",\"txn\":\"1\",\"kind\":\"do\"}",
		"{\"op\":\"begin\",\"txn\":50,\"kind\":\"do\",\"time_ms\":1,"
		"\"title_hex\":\"zz\"}",
		"{\"op\":\"begin\",\"txn\":50,\"kind\":\"do\",\"time_ms\":1,"
		"\"title_hex\":\"00\"}",
		"{\"op\":\"begin\",\"txn\":50,\"txn\":51,\"kind\":\"do\"}",
		"{\"op\":\"intend\",\"change\":1,\"txn\":1}",
		"{\"op\":\"intend\",\"change\":900,\"txn\":1,\"undoes\":899}",
		"{\"op\":\"intend\",\"change\":900,\"txn\":1,\"kind\":"
		"\"access\",\"name\":\"/x\",\"before\":\"1234\","
		"\"after\":null}",
		"{\"op\":\"settle\",\"txn\":1,\"confirmed\":[[2,1]]}",
		"{\"op\":\"settle\",\"txn\":1,\"confirmed\":[[1]]}",
		"{\"op\":\"settle\",\"txn\":1,\"confirmed\":[7]}",
		"{\"op\":\"settle\",\"txn\":1,\"notes\":[{\"change\":\"x\"}]}",
		"{\"op\":\"create\",\"format\":1}",
		"{\"op\":\"session_end\",\"session\":1}",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sbk_journal_verdict verdict;
		struct sbk_journal *journal;
		uint64_t n;

		journal = fixture_open(f, SBK_JOURNAL_CREATE);
		assert_ok(sbk_log_begin(journal, SBK_COMMIT_ATOMIC, &f->err),
			  &f->err);
		sbk_buf_clear(&journal->json);
		sbk_buf_adds(&journal->json, texts[i]);
		assert_ok(sbk_log_append(journal, &n, &f->err), &f->err);
		assert_ok(sbk_log_commit(journal, &f->err), &f->err);
		assert_ok(sbk_journal_verify(journal, &verdict, &f->err),
			  &f->err);
		if (verdict.findings == 0)
			fail_msg("nothing wrong with %s", texts[i]);
		if (sbk_journal_check(journal, &f->err) != SBK_E_CORRUPT)
			fail_msg("nobody is told of %s", texts[i]);
		sbk_journal_verdict_release(&verdict);
		sbk_journal_close(journal);
		assert_ok(sbk_journal_remove(&f->place, &f->err), &f->err);
	}
}

/* An entry can be checked with public tools alone. */
static void test_verify__a_leaf_is_what_rfc_6962_says(void **state)
{
	struct fixture *f = *state;
	unsigned char leaf[SBK_TREE_HASH_BYTES], root[SBK_TREE_HASH_BYTES];
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_CREATE);
	sqlite3_stmt *row;

	assert_int_equal(sqlite3_prepare_v2(journal->db.handle,
					    "SELECT json, (SELECT root FROM "
					    "head) FROM entry",
					    -1, &row, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	sbk_tree_leaf(sqlite3_column_text(row, 0),
		      (size_t)sqlite3_column_bytes(row, 0), leaf);
	memcpy(root, sqlite3_column_blob(row, 1), sizeof(root));
	assert_memory_equal(leaf, root, sizeof(root)); /* of one entry */
	assert_int_equal(sqlite3_step(row), SQLITE_DONE);
	sqlite3_finalize(row);
	sbk_journal_close(journal);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_verify__finds_every_edit),
	FIXTURE_TEST(test_check__finds_what_only_sql_sees),
	FIXTURE_TEST(test_check__recovery_refuses),
	FIXTURE_TEST(test_verify__finds_a_tail_that_was_cut_off),
	FIXTURE_TEST(test_verify__what_was_gone_on_with_stays_found),
	FIXTURE_TEST(test_verify__strange_entries_are_findings),
	FIXTURE_TEST(test_verify__a_leaf_is_what_rfc_6962_says),
	FIXTURE_TEST(test_rebuild__makes_the_tables_anew),
	FIXTURE_TEST(test_rebuild__refuses_an_altered_log),
};

SBK_TEST_MAIN(tests)
