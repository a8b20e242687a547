/*
 * Is the journal what its log says? Computes the tree from the entries, builds
 * the views anew in memory, compares row by row, and hashes every state.
 *
 * It goes on after a finding, so that one run tells all; it changes nothing.
 * What was signed of the log, and the answer: verdict.c.
 */
#include "journal/verify.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define FINDINGS_MAX 50 /* told one by one; the rest is counted */

void sbk_verify_find(struct sbk_verification *v, const char *fmt, ...)
{
	struct sbk_error text = SBK_ERROR_INIT;
	char line[400];
	va_list args;

	if (v->verdict->findings++ >= FINDINGS_MAX)
		return;
	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	/* The error record cleans control bytes. */
	(void)sbk_error_set(&text, SBK_E_CORRUPT, "%s", line);
	sbk_buf_printf(&v->verdict->text, "%s\n", text.message);
}

/* --- SQLite's own check ------------------------------------------------- */

static int check_file(struct sbk_verification *v)
{
	sqlite3_stmt *row = NULL;
	int rc;

	if (sqlite3_prepare_v2(v->journal->db.handle, "PRAGMA quick_check(10)",
			       -1, &row, NULL) != SQLITE_OK)
		return sbk_db_fail(&v->journal->db, v->err);
	while ((rc = sbk_db_step(&v->journal->db, row, v->err)) == 1) {
		const char *text = sbk_db_text(row, 0);

		if (text == NULL || strcmp(text, "ok") != 0)
			sbk_verify_find(v, "the database file: %s",
					text != NULL ? text : "no answer");
	}
	(void)sqlite3_finalize(row); /* the error is in v->err */
	return rc;
}

/* --- the log ------------------------------------------------------------ */

static int check_node(void *arg, int level, uint64_t n,
		      const unsigned char *hash)
{
	struct sbk_verification *v = arg;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&v->journal->db, SBK_SQL_NODE, &row, v->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, level);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)n);
	rc = sbk_db_step(&v->journal->db, row, v->err);
	if (rc == 0)
		sbk_verify_find(v, "node %llu of level %d is missing",
				(unsigned long long)n, level);
	else if (rc == 1 &&
		 (sqlite3_column_bytes(row, 0) != SBK_TREE_HASH_BYTES ||
		  memcmp(sqlite3_column_blob(row, 0), hash,
			 SBK_TREE_HASH_BYTES) != 0)) {
		sbk_verify_altered(v, n << level);
		sbk_verify_find(
			v,
			"entries %llu to %llu are not those that were hashed "
			"(node %llu of level %d)",
			(unsigned long long)(n << level),
			(unsigned long long)(((n + 1) << level) - 1),
			(unsigned long long)n, level);
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	return rc < 0 ? rc : 0;
}

static int check_entry(struct sbk_verification *v, sqlite3_stmt *row)
{
	const uint64_t n = (uint64_t)sqlite3_column_int64(row, 0);
	const char *json = sbk_db_text(row, 1);
	const size_t size = (size_t)sqlite3_column_bytes(row, 1);
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (n != v->tree.size) {
		sbk_verify_find(v, "entries %llu to %llu are missing",
				(unsigned long long)v->tree.size,
				(unsigned long long)n - 1);
		sbk_verify_altered(v, v->tree.size);
		v->replay_stopped = true;
	}
	rc = sbk_tree_append(&v->tree, json != NULL ? json : "", size,
			     check_node, v);
	if (rc == 0)
		rc = sbk_verdict_grown(v);
	if (rc < 0 || v->replay_stopped)
		return rc;
	rc = sbk_replay(&v->rebuilt, n, json != NULL ? json : "", size, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(v->err, rc, "out of memory");
	if (rc < 0) {
		sbk_verify_find(v, "%s", why.message);
		sbk_verify_altered(v, n);
		v->replay_stopped = true;
	}
	return 0;
}

static void wrong_size(struct sbk_verification *v, uint64_t size)
{
	sbk_verify_find(v, "the log has %llu entries, its head says %llu",
			(unsigned long long)v->tree.size,
			(unsigned long long)size);
	if (size > v->tree.size)
		v->cut_off = true;
	else
		sbk_verify_altered(v, size);
}

static void wrong_root(struct sbk_verification *v)
{
	const uint64_t every = (uint64_t)1 << SBK_TREE_STORED_EVERY;

	sbk_verify_find(v, "the root computed from the entries is not the one "
			   "that was recorded: entries were changed");
	/* Where a checkpoint has this root it is the head that was changed,
	 * and where nodes do not fit they are told already. */
	if (v->good_head < v->tree.size)
		sbk_verify_altered(v, v->tree.size / every * every);
}

static int check_head(struct sbk_verification *v)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&v->journal->db, SBK_SQL_HEAD, &row, v->err);

	if (rc == 0)
		rc = sbk_db_step(&v->journal->db, row, v->err);
	if (rc < 0)
		return rc;
	sbk_tree_root(&v->tree, root);
	v->verdict->entries = v->tree.size;
	memcpy(v->verdict->root, root, sizeof(root));
	if (rc == 0)
		sbk_verify_find(v, "the head is missing");
	else if ((uint64_t)sqlite3_column_int64(row, 0) != v->tree.size)
		wrong_size(v, (uint64_t)sqlite3_column_int64(row, 0));
	else if (sqlite3_column_bytes(row, 1) != sizeof(root) ||
		 memcmp(sqlite3_column_blob(row, 1), root, sizeof(root)) != 0)
		wrong_root(v);
	(void)sqlite3_reset(row); /* it was read */
	return 0;
}

static int check_log(struct sbk_verification *v)
{
	struct sbk_db *db = &v->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_ENTRIES, &row, v->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, 0);
	while ((rc = sbk_db_step(db, row, v->err)) == 1) {
		rc = check_entry(v, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	return rc < 0 ? rc : check_head(v);
}

/* --- the views ---------------------------------------------------------- */

static const struct {
	const char *name, *select;
} views[] = {
	{"state", "SELECT id, hash FROM state ORDER BY id"},
	{"txn", "SELECT * FROM txn ORDER BY id"},
	{"root", "SELECT * FROM root ORDER BY id"},
	{"change", "SELECT * FROM change ORDER BY id"},
	{"session", "SELECT * FROM session ORDER BY id"},
	{"signer", "SELECT * FROM signer ORDER BY entry"},
};

static void compare_rows(struct sbk_verification *v, const char *name,
			 sqlite3_stmt *held, sqlite3_stmt *rebuilt)
{
	const int columns = sqlite3_column_count(rebuilt);
	int i;

	for (i = 0; i < columns; i++)
		if (!sbk_db_same_value(held, rebuilt, i))
			sbk_verify_find(
				v,
				"table %s, row %lld: %s is not what the log "
				"says",
				name,
				(long long)sqlite3_column_int64(rebuilt, 0),
				sqlite3_column_name(rebuilt, i));
}

/* Walks both in the order of their ids; a row on one side only is told. */
static int compare_all(struct sbk_verification *v, const char *name,
		       sqlite3_stmt *held, sqlite3_stmt *rebuilt)
{
	int a = sbk_db_step(&v->journal->db, held, v->err);
	int b = a < 0 ? 0 : sbk_db_step(&v->rebuilt, rebuilt, v->err);

	while (a > 0 || b > 0) {
		const sqlite3_int64 x =
			a > 0 ? sqlite3_column_int64(held, 0) : INT64_MAX;
		const sqlite3_int64 y =
			b > 0 ? sqlite3_column_int64(rebuilt, 0) : INT64_MAX;

		if (x < y)
			sbk_verify_find(v,
					"table %s has a row %lld that is not "
					"in the log",
					name, (long long)x);
		else if (y < x)
			sbk_verify_find(v, "table %s lacks row %lld", name,
					(long long)y);
		else
			compare_rows(v, name, held, rebuilt);
		if (x <= y)
			a = sbk_db_step(&v->journal->db, held, v->err);
		if (y <= x)
			b = sbk_db_step(&v->rebuilt, rebuilt, v->err);
		if (a < 0 || b < 0)
			break;
	}
	return a < 0 ? a : b;
}

static int compare_view(struct sbk_verification *v, const char *name,
			const char *select)
{
	sqlite3_stmt *held = NULL, *rebuilt = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(v->journal->db.handle, select, -1, &held,
			       NULL) != SQLITE_OK)
		rc = sbk_db_fail(&v->journal->db, v->err);
	if (rc == 0 && sqlite3_prepare_v2(v->rebuilt.handle, select, -1,
					  &rebuilt, NULL) != SQLITE_OK)
		rc = sbk_db_fail(&v->rebuilt, v->err);
	if (rc == 0)
		rc = compare_all(v, name, held, rebuilt);
	(void)sqlite3_finalize(held); /* the error is in v->err */
	(void)sqlite3_finalize(rebuilt);
	return rc;
}

static int check_views(struct sbk_verification *v)
{
	size_t i;
	int rc = 0;

	if (v->replay_stopped) {
		sbk_verify_find(
			v,
			"the tables were not compared, since the log cannot be "
			"read to its end");
		return 0;
	}
	for (i = 0; rc == 0 && i < sizeof(views) / sizeof(views[0]); i++)
		rc = compare_view(v, views[i].name, views[i].select);
	return rc;
}

/* --- states ------------------------------------------------------------- */

static int check_sealed_state(struct sbk_verification *v, sqlite3_stmt *row)
{
	const unsigned char *named = sqlite3_column_blob(row, 1);
	unsigned char hash[SBK_STATE_HASH_BYTES];
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = sbk_sealed_load(v->journal, named, &bytes, &why);

	if (rc == SBK_E_DENIED) {
		v->verdict->sealed_unread++;
		rc = 0;
	} else if (rc == SBK_E_NOTFOUND || rc == SBK_E_CORRUPT) {
		sbk_verify_find(v, "state %lld: %s",
				(long long)sqlite3_column_int64(row, 0),
				why.message);
		rc = 0;
	} else if (rc < 0) {
		rc = sbk_error_set(v->err, rc, "%s", why.message);
	} else {
		sbk_sealed_hash(&v->journal->sealed, sbk_buf_text(&bytes),
				bytes.size, hash);
		if (memcmp(hash, named, sizeof(hash)) != 0)
			sbk_verify_find(
				v, "state %lld was changed",
				(long long)sqlite3_column_int64(row, 0));
	}
	sbk_buf_release(&bytes);
	return rc;
}

static int check_state(struct sbk_verification *v, sqlite3_stmt *row)
{
	unsigned char hash[SBK_STATE_HASH_BYTES];

	v->verdict->states++;
	if (sqlite3_column_bytes(row, 1) != SBK_STATE_HASH_BYTES) {
		sbk_verify_find(v, "state %lld has no hash",
				(long long)sqlite3_column_int64(row, 0));
		return 0;
	}
	if (sqlite3_column_type(row, 2) == SQLITE_NULL)
		return check_sealed_state(v, row);
	(void)crypto_hash_sha256(hash, sqlite3_column_blob(row, 2),
				 (unsigned long long)sqlite3_column_bytes(
					 row, 2)); /* cannot fail */
	if (memcmp(hash, sqlite3_column_blob(row, 1), sizeof(hash)) != 0)
		sbk_verify_find(v, "state %lld was changed",
				(long long)sqlite3_column_int64(row, 0));
	return 0;
}

static int check_states(struct sbk_verification *v)
{
	struct sbk_db *db = &v->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_STATES, &row, v->err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, v->err)) == 1) {
		rc = check_state(v, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	return rc;
}

/* ------------------------------------------------------------------------ */

static int open_rebuilt(struct sbk_verification *v)
{
	int rc = sbk_db_open(&v->rebuilt, ":memory:", SBK_DB_MEMORY, v->err);

	if (rc == 0)
		rc = sbk_schema_make(&v->rebuilt, sbk_journal_schema, v->err);
	if (rc == 0)
		rc = sbk_db_exec(&v->rebuilt, "BEGIN", v->err);
	return rc;
}

int sbk_journal_verify_against(struct sbk_journal *journal,
			       const struct sbk_journal_anchor *anchor,
			       struct sbk_journal_verdict *verdict,
			       struct sbk_error *err)
{
	struct sbk_verification *v = calloc(1, sizeof(*v));
	int rc;

	memset(verdict, 0, sizeof(*verdict));
	if (v == NULL)
		return sbk_error_no_memory(err);
	v->journal = journal;
	v->verdict = verdict;
	v->anchor = anchor;
	v->err = err;
	rc = open_rebuilt(v);
	/* One snapshot, while others go on writing. */
	if (rc == 0)
		rc = sbk_db_exec(&journal->db, "BEGIN", err);
	if (rc < 0)
		goto out;
	rc = check_file(v);
	if (rc == 0)
		rc = sbk_verdict_begin(v);
	if (rc == 0)
		rc = check_log(v);
	if (rc == 0)
		rc = check_views(v);
	if (rc == 0)
		rc = check_states(v);
	if (rc == 0)
		rc = sbk_verdict_end(v);
	sbk_verdict_release(v);
	sbk_db_abandon(&journal->db); /* only read */
	if (rc == 0)
		rc = sbk_buf_failed(&verdict->text, err);
out:
	if (v->rebuilt.handle != NULL)
		sbk_db_close(&v->rebuilt);
	free(v);
	return rc;
}

int sbk_journal_verify(struct sbk_journal *journal,
		       struct sbk_journal_verdict *verdict,
		       struct sbk_error *err)
{
	return sbk_journal_verify_against(journal, NULL, verdict, err);
}

void sbk_journal_verdict_release(struct sbk_journal_verdict *verdict)
{
	sbk_buf_release(&verdict->text);
}
