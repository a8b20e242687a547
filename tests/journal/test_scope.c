/*
 * An undo in a large journal holds to the log what it uses, and nothing else:
 * each edit of that is found, by whoever cannot sign, and no change that the
 * log has is missed.
 */
#include "tests/journal/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/signing.h"
#include "journal/summary.h"

#include "engine/banned.h"

#define FIXTURE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static const struct sbk_journal_filter all_w = {
	.path = "/w", .unsettled = true, .ways = true};

static void undo(struct fixture *f, struct sbk_journal *journal,
		 const struct sbk_journal_filter *filter)
{
	struct sbk_plan *changes = fixture_load(f, journal, filter);
	struct sbk_apply_result result;

	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", changes,
				   &result, &f->err),
		  &f->err);
	sbk_plan_free(changes);
}

/* Granted and undone, granted elsewhere, and granted for good. */
static void make_history(struct fixture *f)
{
	struct sbk_journal *journal;

	fixture_tree(f, 150);
	(void)fake_add(f->world, "/v", true);
	(void)fake_add(f->world, "/v/file", false);
	journal = fixture_locked(f);
	(void)fixture_grant(f, journal, "/w");
	undo(f, journal, &all_w);
	(void)fixture_grant(f, journal, "/v");
	(void)fixture_grant(f, journal, "/w");
	sbk_journal_close(journal);
	fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* As undo does it. */
static int load(struct fixture *f, struct sbk_journal *journal,
		const struct sbk_journal_filter *filter, size_t *count)
{
	struct sbk_plan *plan = sbk_plan_new();
	int rc;

	sbk_error_clear(&f->err);
	rc = sbk_scope_load(journal, filter, plan, &f->err);
	*count = sbk_plan_count(plan);
	sbk_plan_free(plan);
	return rc;
}

/* The same, however small the journal is. */
static int scope_load(struct fixture *f, struct sbk_journal *journal,
		      const struct sbk_journal_filter *filter, size_t *count)
{
	journal->scope_least = 0;
	return load(f, journal, filter, count);
}

static void test_scope__loads_what_is_loaded_otherwise(void **state)
{
	static const struct sbk_journal_filter filters[] = {
		{.path = "/w", .unsettled = true, .ways = true},
		{.path = "/w/d", .unsettled = true, .ways = true},
		{.path = "/", .unsettled = true, .ways = true},
		{.path = "/v/file", .unsettled = true, .ways = true},
		{.path = "/nowhere", .unsettled = true, .ways = true},
		{.transaction = 4, .unsettled = true},
		{.transaction = 1, .unsettled = true},
		{.first = 310, .last = 320, .unsettled = true},
		{.first = 3, .last = 3, .unsettled = true},
		{.session = 1, .unsettled = true},
	};
	struct fixture *f = *state;
	size_t i, count, most = 0;

	make_history(f);
	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
		struct sbk_plan *plan = fixture_load(f, journal, &filters[i]);

		if (scope_load(f, journal, &filters[i], &count) != 0)
			fail_msg("filter %zu: %s", i, f->err.message);
		assert_int_equal(count, sbk_plan_count(plan));
		most = count > most ? count : most;
		sbk_plan_free(plan);
		sbk_journal_close(journal);
	}
	assert_true(most > 150);
}

/* --- edits --------------------------------------------------------------- */

struct edit {
	const char *sql;
	bool whole; /* found only where the whole journal is checked, which
		       such a journal gets */
};

/* Changes 307 to 459 are those of transaction 4, which is in effect. */
static const struct edit edits[] = {
	{"UPDATE change SET name = '/etc' WHERE id = 350", false},
	{"UPDATE change SET identity = 'other' WHERE id = 350", false},
	{"UPDATE change SET ours = NULL WHERE id = 350", false},
	{"UPDATE change SET kind = 'file' WHERE id = 350", false},
	{"UPDATE change SET before = after WHERE id = 350", false},
	{"UPDATE change SET after = before WHERE id = 350", false},
	{"UPDATE change SET entry = entry + 1 WHERE id = 350", false},
	{"UPDATE change SET txn = 1 WHERE id = 350", false},
	{"UPDATE change SET undoes = 1 WHERE id = 350", false},
	{"UPDATE change SET status = 'undone' WHERE id = 350", false},
	{"UPDATE change SET status = 'undone' WHERE txn = 4", false},
	{"UPDATE change SET status = 'prepared' WHERE id = 350", false},
	{"UPDATE change SET name = name || char(0) || 'x' WHERE id = 350",
	 false},
	{"DELETE FROM change WHERE id = 350", false},
	{"DELETE FROM change WHERE txn = 4", false},
	{"DELETE FROM change WHERE id = (SELECT max(id) FROM change)", false},
	{"UPDATE change SET id = -1 WHERE id = 350; "
	 "UPDATE change SET id = 350 WHERE id = 351; "
	 "UPDATE change SET id = 351 WHERE id = -1",
	 false},
	{"UPDATE txn SET first = first + 1 WHERE id = 4", false},
	{"UPDATE txn SET last = last - 1 WHERE id = 4", false},
	{"UPDATE txn SET kind = 'undo' WHERE id = 4", false},
	{"UPDATE txn SET title = 'x' WHERE id = 4", false},
	{"UPDATE txn SET session = 1 WHERE id = 4", false},
	{"UPDATE txn SET begun = begun + 1 WHERE id = 4", false},
	{"DELETE FROM txn WHERE id = 4", false},
	{"UPDATE txn SET state = 'open' WHERE id = 1", true},
	{"UPDATE root SET path = '/x' WHERE txn = 4", false},
	{"UPDATE root SET principal = 'u:0' WHERE txn = 4", false},
	{"DELETE FROM root WHERE txn = 4", false},
	{"INSERT INTO root(txn, entry, path, principal, writable) "
	 "SELECT 4, entry + 1, '/', 'u:0', 1 FROM root WHERE txn = 4",
	 false},
	{"UPDATE state SET bytes = CAST('mode 777' AS BLOB)", false},
	{"UPDATE state SET hash = zeroblob(32) WHERE id = 1", false},
	{"DELETE FROM state", false},
	{"UPDATE entry SET json = replace(json, '/w/f1\"', '/w/f2\"')", false},
	{"UPDATE entry SET json = replace(json, '\"open\":[[3', "
	 "'\"open\":[[2')",
	 false},
	{"DELETE FROM entry WHERE n = (SELECT entry FROM change WHERE id = "
	 "350)",
	 false},
	{"UPDATE node SET hash = zeroblob(32)", false},
	{"DELETE FROM node WHERE n = 6", false},
};

static void restore(struct fixture *f)
{
	char saved[SBK_PATH_MAX + 16];

	(void)unlink(fixture_path(f, "journal.db-wal"));
	(void)unlink(fixture_path(f, "journal.db-shm"));
	(void)snprintf(saved, sizeof(saved), "%s/saved.db", f->directory);
	assert_int_equal(chmod(saved, 0600), 0);
	assert_int_equal(rename(saved, fixture_path(f, "journal.db")), 0);
	fixture_sql(f, "PRAGMA journal_mode = WAL");
}

static void save(struct fixture *f)
{
	char sql[SBK_PATH_MAX + 64];

	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s/saved.db'",
		       f->directory);
	fixture_sql(f, sql);
}

static void expect_found(struct fixture *f, const char *what, bool whole)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	size_t count;
	int rc = scope_load(f, journal, &all_w, &count);

	if (rc == 1 && whole)
		rc = sbk_journal_check(journal, &f->err);
	if (rc != SBK_E_CORRUPT)
		fail_msg("%s: nobody is told (%d)", what, rc);
	sbk_journal_close(journal);
}

static void test_scope__finds_every_edit_of_what_it_uses(void **state)
{
	struct fixture *f = *state;
	size_t i;

	make_history(f);
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		save(f);
		fixture_sql(f, edits[i].sql);
		expect_found(f, edits[i].sql, edits[i].whole);
		restore(f);
	}
}

/* Rows that the log does not have: they are not used, or it is told. */
static void test_scope__uses_no_row_that_was_put_in(void **state)
{
	static const char *const inserts[] = {
		"INSERT INTO change(id, entry, txn, kind, name, identity, "
		"before, after, ours, status) SELECT 9999, entry, 4, kind, "
		"'/w/planted', identity, before, after, ours, 'confirmed' "
		"FROM change WHERE id = 350",
		"INSERT INTO change(id, entry, txn, kind, name, identity, "
		"before, after, ours, status) SELECT 9999, entry, 1, kind, "
		"'/w/planted', identity, before, after, ours, 'confirmed' "
		"FROM change WHERE id = 350",
		"UPDATE change SET status = 'confirmed' WHERE txn = 1",
		"UPDATE change SET txn = 4, undoes = NULL, kind = 'access', "
		"name = '/w/planted' WHERE id = 200",
		"INSERT INTO txn(id, begun, kind, title, time_ms, state, "
		"first, last) VALUES(99, 1, 'do', 'x', 1, 'done', 350, 360)",
	};
	struct fixture *f = *state;
	size_t i, wanted, count;
	struct sbk_journal *journal;

	make_history(f);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(scope_load(f, journal, &all_w, &wanted), 0);
	sbk_journal_close(journal);
	for (i = 0; i < sizeof(inserts) / sizeof(inserts[0]); i++) {
		int rc;

		save(f);
		fixture_sql(f, inserts[i]);
		journal = fixture_open(f, SBK_JOURNAL_READ);
		rc = scope_load(f, journal, &all_w, &count);
		if (rc != SBK_E_CORRUPT && (rc != 0 || count != wanted))
			fail_msg("%s: %d, %zu of %zu", inserts[i], rc, count,
				 wanted);
		sbk_journal_close(journal);
		restore(f);
	}
}

/* --- who rewrites the log, and cannot sign ------------------------------- */

static int store(void *arg, int level, uint64_t n, const unsigned char *hash)
{
	sqlite3_stmt *s = arg;

	(void)sqlite3_reset(s);
	(void)sqlite3_bind_int(s, 1, level);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)n);
	(void)sqlite3_bind_blob(s, 3, hash, SBK_TREE_HASH_BYTES, SQLITE_STATIC);
	return sqlite3_step(s) == SQLITE_DONE ? 0 : -1;
}

/* Nodes and head as the entries have them now. */
static void rehash(struct fixture *f)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	sqlite3_stmt *row, *add, *head;
	struct sbk_tree tree;
	sqlite3 *db;

	fixture_sql(f, "DELETE FROM node");
	assert_int_equal(sqlite3_open(fixture_path(f, "journal.db"), &db),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT json FROM entry ORDER BY n",
					    -1, &row, NULL),
			 SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "INSERT INTO node VALUES(?1, ?2, ?3)",
				   -1, &add, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "UPDATE head SET size = ?1, root = "
					    "?2",
					    -1, &head, NULL),
			 SQLITE_OK);
	sbk_tree_init(&tree);
	while (sqlite3_step(row) == SQLITE_ROW)
		assert_int_equal(
			sbk_tree_append(&tree, sqlite3_column_text(row, 0),
					(size_t)sqlite3_column_bytes(row, 0),
					store, add),
			0);
	sbk_tree_root(&tree, root);
	(void)sqlite3_bind_int64(head, 1, (sqlite3_int64)tree.size);
	(void)sqlite3_bind_blob(head, 2, root, sizeof(root), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(head), SQLITE_DONE);
	sqlite3_finalize(row);
	sqlite3_finalize(add);
	sqlite3_finalize(head);
	sqlite3_close(db);
}

static void test_scope__a_log_rewritten_without_the_key_is_found(void **state)
{
	static const char *const rewrites[] = {
		/* The entry and its row alike. */
		"UPDATE entry SET json = replace(json, '/w/f1\"', '/w/zz\"'); "
		"UPDATE change SET name = '/w/zz' WHERE name = '/w/f1'",
		/* Nothing is in effect, say both. */
		"UPDATE entry SET json = substr(json, 1, instr(json, "
		"'\"open\"') - 1) || '\"open\":[],\"unsettled\":[]}' WHERE n = "
		"(SELECT max(n) FROM entry); "
		"UPDATE change SET status = 'undone'",
	};
	struct fixture *f = *state;
	size_t i;

	make_history(f);
	/* That rehashing alone changes nothing is the control. */
	rehash(f);
	{
		struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
		size_t count;

		assert_int_equal(scope_load(f, journal, &all_w, &count), 0);
		sbk_journal_close(journal);
	}
	for (i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
		save(f);
		fixture_sql(f, rewrites[i]);
		rehash(f);
		expect_found(f, rewrites[i], false);
		restore(f);
	}
}

/* Where the log cannot tell by a part of itself, all of it is read. */
static void test_scope__what_it_cannot_tell_it_leaves(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t count;

	make_history(f);
	/* The newest checkpoint gone: a transaction is not covered. */
	save(f);
	fixture_sql(f, "DELETE FROM checkpoint WHERE size = (SELECT max(size) "
		       "FROM checkpoint)");
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(scope_load(f, journal, &all_w, &count), 1);
	sbk_journal_close(journal);
	restore(f);
	/* A part undone: what is left was told by what was undone, too. */
	journal = fixture_locked(f);
	undo(f, journal,
	     &(struct sbk_journal_filter){.path = "/w/d", .unsettled = true});
	assert_int_equal(scope_load(f, journal, &all_w, &count), 1);
	/* But not elsewhere. */
	assert_int_equal(scope_load(f, journal,
				    &(struct sbk_journal_filter){
					    .path = "/v", .unsettled = true},
				    &count),
			 0);
	assert_int_equal(count, 2);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	/* Another key than that which signed. */
	assert_int_equal(unlink(fixture_path(f, "key")), 0);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(scope_load(f, journal, &all_w, &count), 1);
	sbk_journal_close(journal);
}

/* What is in effect was altered before somebody undoes a part of it: the new
 * summary must not say so with a signature. */
static void test_scope__an_edit_is_not_signed(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_journal *journal;
	struct sbk_plan *changes;

	make_history(f);
	fixture_sql(f, "UPDATE change SET status = 'undone' WHERE id = 350");
	journal = fixture_locked(f);
	changes = fixture_load(f, journal, &all_w);
	assert_error(sbk_journal_undo(journal, &f->backend, "undo", changes,
				      &result, &f->err),
		     SBK_E_CORRUPT, &f->err);
	sbk_plan_free(changes);
	sbk_journal_close(journal);
}

/* --- entries far from the end -------------------------------------------- */

static void add_sessions(struct fixture *f, struct sbk_journal *journal,
			 uint64_t count)
{
	const uint64_t first = journal->tree.size;
	uint64_t i, n;

	assert_ok(sbk_log_begin(journal, SBK_COMMIT_ATOMIC, &f->err), &f->err);
	for (i = 1; i <= count; i++) {
		const uint64_t id = first + i;

		sbk_entry_session_begin(&journal->json, id, 1, 1, UINT64_MAX,
					"");
		assert_ok(sbk_log_append(journal, &n, &f->err), &f->err);
		assert_ok(
			sbk_view_session_begin(&journal->db, id, n, 1, &f->err),
			&f->err);
		sbk_entry_session_end(&journal->json, id, 1, "ended",
				      UINT64_MAX, "");
		assert_ok(sbk_log_append(journal, &n, &f->err), &f->err);
		assert_ok(sbk_view_session_end(&journal->db, id, n, 1, "ended",
					       &f->err),
			  &f->err);
	}
	assert_ok(sbk_log_commit(journal, &f->err), &f->err);
}

static void add_runs(struct fixture *f, struct sbk_journal *journal)
{
	uint64_t session;

	add_sessions(f, journal, 2500);
	/* The one that is due for a checkpoint says where it is. */
	assert_ok(sbk_session_begin(journal, "", &session, &f->err), &f->err);
	assert_ok(sbk_session_end(journal, session, "", &f->err), &f->err);
}

static void test_scope__finds_the_end_behind_many_runs(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t count;
	int i;

	make_history(f);
	journal = fixture_locked(f);
	for (i = 0; i < 4; i++)
		add_runs(f, journal);
	assert_true(journal->tree.size > SBK_SUMMARY_SEARCH_MAX);
	assert_int_equal(scope_load(f, journal, &all_w, &count), 0);
	assert_true(count > 150);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

/* --- a log as large as those that are checked in part ----------------------
 */

static void expect_load(struct fixture *f, int wanted, size_t *count)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	int rc = load(f, journal, &all_w, count);

	if (rc != wanted)
		fail_msg("%d and not %d: %s", rc, wanted, f->err.message);
	sbk_journal_close(journal);
}

/* Nobody says here from which size on: the journal does. */
static void make_long_history(struct fixture *f)
{
	struct sbk_journal *journal;
	size_t count;

	make_history(f);
	journal = fixture_locked(f);
	while (journal->tree.size + 5002 < SBK_SCOPE_ENTRIES_MIN)
		add_runs(f, journal);
	assert_int_equal(load(f, journal, &all_w, &count), 1);
	add_runs(f, journal);
	assert_true(journal->tree.size >= SBK_SCOPE_ENTRIES_MIN);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
}

static void test_scope__a_long_log_is_held_to_what_is_used(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t wanted, count;

	make_long_history(f);
	expect_load(f, 0, &wanted);
	assert_true(wanted > 150);
	save(f);
	fixture_sql(f, "UPDATE change SET status = 'undone' WHERE id = 350");
	expect_load(f, SBK_E_CORRUPT, &count);
	restore(f);
	/* What is not used is for who checks all of it. */
	save(f);
	fixture_sql(f, "UPDATE entry SET json = '{}' WHERE n = 9000; "
		       "UPDATE change SET status = 'confirmed' WHERE txn = 1");
	expect_load(f, 0, &count);
	assert_int_equal(count, wanted);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_error(sbk_journal_check(journal, &f->err), SBK_E_CORRUPT,
		     &f->err);
	sbk_journal_close(journal);
	restore(f);
}

static void test_scope__a_long_log_is_undone(void **state)
{
	struct fixture *f = *state;
	struct sbk_apply_result result;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_journal *journal;
	size_t count;

	make_long_history(f);
	journal = fixture_locked(f);
	assert_int_equal(sbk_scope_load(journal, &all_w, plan, &f->err), 0);
	assert_true(journal->scoped);
	count = sbk_plan_count(plan);
	assert_ok(sbk_journal_undo(journal, &f->backend, "undo", plan, &result,
				   &f->err),
		  &f->err);
	assert_int_equal(result.confirmed, count);
	assert_int_equal(result.conflicts + result.owed, 0);
	sbk_plan_free(plan);
	sbk_journal_close(journal);
	fixture_assert_sound(f);
	expect_load(f, 0, &count);
	assert_int_equal(count, 0);
}

static void test_log_read__each_entry_leads_to_the_root(void **state)
{
	static const char *const edits_of_nodes[] = {
		"UPDATE node SET hash = zeroblob(32) WHERE level = 6 AND n = 1",
		"UPDATE node SET hash = zeroblob(32) WHERE level = 12",
		"DELETE FROM node WHERE level = 6 AND n = 70",
		"UPDATE entry SET json = '{}' WHERE n = 130",
		"DELETE FROM entry WHERE n = 4400",
	};
	static const uint64_t numbers[] = {100, 100, 4500, 129, 4401};
	struct fixture *f = *state;
	struct sbk_log_reader reader;
	struct sbk_journal *journal = fixture_locked(f);
	const char *json;
	size_t size, i;
	uint64_t n;

	add_sessions(f, journal, 2300); /* 4,601 with the first */
	assert_ok(sbk_log_snapshot(journal, &f->err), &f->err);
	sbk_log_reader_init(&reader, journal);
	for (n = journal->tree.size; n > 0; n--)
		assert_ok(sbk_log_reader_entry(&reader, n - 1, &json, &size,
					       &f->err),
			  &f->err);
	assert_true(sbk_entry_is(json, size, "create"));
	assert_error(sbk_log_reader_entry(&reader, journal->tree.size, &json,
					  &size, &f->err),
		     SBK_E_CORRUPT, &f->err);
	sbk_log_reader_release(&reader);
	sbk_db_abandon(&journal->db);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_ok(sbk_db_exec(&journal->db, "BEGIN", &f->err), &f->err);
		assert_ok(sbk_db_exec(&journal->db, edits_of_nodes[i], &f->err),
			  &f->err);
		sbk_log_reader_init(&reader, journal);
		if (sbk_log_reader_entry(&reader, numbers[i], &json, &size,
					 &f->err) != SBK_E_CORRUPT)
			fail_msg("%s: entry %llu is handed out",
				 edits_of_nodes[i],
				 (unsigned long long)numbers[i]);
		sbk_log_reader_release(&reader);
		sbk_db_abandon(&journal->db);
	}
	sbk_journal_close(journal);
}

static void put_node(struct fixture *f, struct sbk_journal *journal, int level,
		     uint64_t n, const unsigned char *hash)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(journal->db.handle,
					    "INSERT OR REPLACE INTO node "
					    "VALUES(?1, ?2, ?3)",
					    -1, &s, NULL),
			 SQLITE_OK);
	assert_int_equal(store(s, level, n, hash), 0);
	(void)sqlite3_finalize(s);
	sbk_error_clear(&f->err);
}

/* The node above 64 that are given the first one. */
static void fill_group(struct fixture *f, struct sbk_journal *journal,
		       int level, unsigned char hash[SBK_TREE_HASH_BYTES])
{
	static const unsigned char other[SBK_TREE_HASH_BYTES] = {1};
	unsigned char nodes[SBK_LOG_BLOCK][SBK_TREE_HASH_BYTES];
	size_t i, count;

	for (i = 0; i < SBK_LOG_BLOCK; i++) {
		memcpy(nodes[i], i == 0 ? hash : other, sizeof(nodes[i]));
		put_node(f, journal, level, i, nodes[i]);
	}
	for (count = SBK_LOG_BLOCK; count > 1; count /= 2)
		for (i = 0; i < count / 2; i++)
			sbk_tree_node(nodes[2 * i], nodes[2 * i + 1], nodes[i]);
	memcpy(hash, nodes[0], SBK_TREE_HASH_BYTES);
}

/* Nodes above the tree, up to where there can be none, lead to no root; that
 * none is written there is for the sanitizers to tell. */
static void test_log_read__believes_no_node_above_the_tree(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal = fixture_locked(f);
	unsigned char hash[SBK_TREE_HASH_BYTES];
	struct sbk_log_reader reader;
	struct sbk_tree block;
	const char *json;
	size_t size;
	int level;

	add_sessions(f, journal, 100);
	assert_ok(sbk_db_exec(&journal->db, "BEGIN", &f->err), &f->err);
	assert_ok(sbk_db_exec(&journal->db,
			      "UPDATE entry SET json = 'x' WHERE n < 64",
			      &f->err),
		  &f->err);
	sbk_tree_init(&block);
	while (block.size < SBK_LOG_BLOCK)
		(void)sbk_tree_append(&block, "x", 1, NULL, NULL);
	sbk_tree_root(&block, hash);
	for (level = SBK_TREE_STORED_EVERY; level < SBK_TREE_LEVELS;
	     level += SBK_TREE_STORED_EVERY)
		fill_group(f, journal, level, hash);
	sbk_log_reader_init(&reader, journal);
	assert_error(sbk_log_reader_entry(&reader, 3, &json, &size, &f->err),
		     SBK_E_CORRUPT, &f->err);
	sbk_log_reader_release(&reader);
	sbk_db_abandon(&journal->db);
	sbk_journal_close(journal);
}

/* A transaction of which nothing is in effect is not read, whatever its row
 * says: not even as the one of which something is. */
static void test_scope__knows_transactions_by_their_number(void **state)
{
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t count;

	make_history(f);
	fixture_sql(f, "UPDATE txn SET first = (SELECT first FROM txn "
		       "WHERE id = 4), last = (SELECT last FROM txn "
		       "WHERE id = 4) WHERE id = 1; "
		       "INSERT INTO root(txn, entry, path, principal, writable)"
		       " SELECT 1, entry, path, principal, writable FROM root "
		       "WHERE txn = 4");
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(scope_load(f, journal, &all_w, &count), 0);
	assert_true(sbk_scope_has(journal, 4));
	assert_false(sbk_scope_has(journal, 1));
	sbk_journal_close(journal);
}

/* What stands above a path stays while something else needs it: what that is
 * must be true, in whichever transaction it is. */
static void test_scope__asks_all_whether_a_way_stays(void **state)
{
	static const struct sbk_journal_filter below = {
		.path = "/w/d", .unsettled = true, .ways = true};
	struct fixture *f = *state;
	struct sbk_journal *journal;
	size_t count;

	make_history(f);
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(scope_load(f, journal, &below, &count), 0);
	sbk_journal_close(journal);
	fixture_sql(f, "UPDATE change SET name = '/w/planted' "
		       "WHERE name = '/v/file'");
	journal = fixture_open(f, SBK_JOURNAL_READ);
	assert_int_equal(scope_load(f, journal, &below, &count), SBK_E_CORRUPT);
	sbk_journal_close(journal);
}

static const struct CMUnitTest tests[] = {
	FIXTURE_TEST(test_scope__asks_all_whether_a_way_stays),
	FIXTURE_TEST(test_scope__knows_transactions_by_their_number),
	FIXTURE_TEST(test_log_read__believes_no_node_above_the_tree),
	FIXTURE_TEST(test_scope__loads_what_is_loaded_otherwise),
	FIXTURE_TEST(test_scope__finds_every_edit_of_what_it_uses),
	FIXTURE_TEST(test_scope__uses_no_row_that_was_put_in),
	FIXTURE_TEST(test_scope__a_log_rewritten_without_the_key_is_found),
	FIXTURE_TEST(test_scope__what_it_cannot_tell_it_leaves),
	FIXTURE_TEST(test_scope__an_edit_is_not_signed),
	FIXTURE_TEST(test_scope__finds_the_end_behind_many_runs),
	FIXTURE_TEST(test_scope__a_long_log_is_held_to_what_is_used),
	FIXTURE_TEST(test_scope__a_long_log_is_undone),
	FIXTURE_TEST(test_log_read__each_entry_leads_to_the_root),
};

SBK_TEST_MAIN(tests)
