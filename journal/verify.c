/*
 * Is the journal what its log says? Reads the log once and computes the tree
 * from it, while the other files of the verifier (verify.h) follow the tables.
 *
 * It changes nothing. `journal verify` goes on after a finding, so that one run
 * tells all; who is about to act on the journal (sbk_journal_check) asks the
 * same, but for what only SQLite reads (pages, indexes), for what was signed,
 * and for the bytes of sealed states, and ends with the first finding.
 */
#include "journal/segment.h"
#include "journal/verify.h"

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

void sbk_verify_find_row(struct sbk_verification *v, const char *fmt, ...)
{
	char line[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	v->table_findings++;
	sbk_verify_find(v, "%s", line);
}

void sbk_verify_strange(struct sbk_verification *v, uint64_t n, const char *why)
{
	if (why != NULL)
		sbk_verify_find(v, "%s", why);
	else
		sbk_verify_find(v, "entry %llu makes no sense",
				(unsigned long long)n);
	sbk_verify_altered(v, n);
	v->replay_stopped = true;
}

bool sbk_verify_over(const struct sbk_verification *v)
{
	return v->first_only && v->verdict->findings > 0;
}

int sbk_verify_too_many(struct sbk_verification *v, const char *what,
			uint64_t most)
{
	return sbk_error_set(v->err, SBK_E_LIMIT,
			     "journal '%s' has more than %llu %s, which is "
			     "what can be followed",
			     v->journal->db.path, (unsigned long long)most,
			     what);
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

static bool begins(const char *json, size_t size, const char *with)
{
	const size_t length = strlen(with);

	return size >= length && memcmp(json, with, length) == 0;
}

/* The tables with this entry. */
static int follow(struct sbk_verification *v, uint64_t n, const char *json,
		  size_t size)
{
	const bool settles = begins(json, size, "{\"op\":\"settle\"");
	const bool intends = begins(json, size, "{\"op\":\"intend\"");
	int rc;

	if (v->log_only && (intends || settles))
		return 0;
	if (intends)
		return sbk_verify_intend(v, n, json, size);
	rc = sbk_verify_end_run(v);
	if (rc == 0 && begins(json, size, "{\"op\":\"end\""))
		rc = sbk_verify_last_end(v, n, json, size);
	else if (begins(json, size, "{\"op\":\"begin\""))
		sbk_buf_clear(&v->last_end_json);
	if (rc < 0)
		return rc;
	return settles ? sbk_verify_settle(v, n, json, size)
		       : sbk_verify_replay(v, n, json, size);
}

int sbk_verify_grow(struct sbk_verification *v, const char *json, size_t size)
{
	int rc = sbk_tree_append(&v->tree, json, size, check_node, v);

	if (rc == 0 && !v->first_only)
		rc = sbk_verdict_grown(v);
	return rc;
}

static int check_entry(struct sbk_verification *v, sqlite3_stmt *row)
{
	const uint64_t n = (uint64_t)sqlite3_column_int64(row, 0);
	const char *text = sbk_db_text(row, 1);
	const char *json = text != NULL ? text : "";
	const size_t size = (size_t)sqlite3_column_bytes(row, 1);
	int rc;

	if (n != v->tree.size) {
		sbk_verify_find(v, "entries %llu to %llu are missing",
				(unsigned long long)v->tree.size,
				(unsigned long long)n - 1);
		sbk_verify_altered(v, v->tree.size);
		v->headless |= v->tree.size == 0;
		v->replay_stopped = true;
	}
	rc = sbk_verify_grow(v, json, size);
	if (v->cut > 0 && n == v->drop_entry)
		sbk_tree_root(&v->tree, v->drop_root);
	return rc < 0 || v->replay_stopped ? rc : follow(v, n, json, size);
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
	int rc = sbk_verify_cut(v);

	if (rc == 0)
		rc = sbk_db_statement(db, SBK_SQL_ENTRIES, &row, v->err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, 0);
	while (!sbk_verify_over(v) &&
	       (rc = sbk_db_step(db, row, v->err)) == 1) {
		rc = check_entry(v, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	if (rc >= 0)
		rc = check_head(v);
	return rc < 0 ? rc : sbk_verify_cut_end(v);
}

/* --- whole runs ----------------------------------------------------------- */

static int check_views(struct sbk_verification *v)
{
	int rc;

	if (v->replay_stopped) {
		sbk_verify_find(
			v,
			"the tables were not compared, since the log cannot be "
			"read to its end");
		return 0;
	}
	rc = sbk_verify_changes_end(v);
	if (rc == 0)
		rc = sbk_verify_summary(v);
	return rc < 0 ? rc : sbk_verify_tables(v);
}

/* The log, and all that is a view of it. */
static int check_all(struct sbk_verification *v)
{
	int rc;

	if (v->log_only)
		return check_log(v);
	rc = sbk_verify_changes_begin(v);
	if (rc == 0)
		rc = check_log(v);
	if (rc == 0 && !sbk_verify_over(v))
		rc = check_views(v);
	if (rc == 0 && !sbk_verify_over(v))
		rc = sbk_verify_states(v);
	return rc;
}

/* Whether all that was found is of tables that the log makes anew. */
static bool is_log_sound(const struct sbk_verification *v)
{
	return !v->entries_altered && !v->cut_off && !v->other_log &&
	       !v->replay_stopped && v->verdict->findings == v->table_findings;
}

static int check_and_judge(struct sbk_verification *v)
{
	int rc = v->log_only ? 0 : check_file(v);

	if (rc == 0)
		rc = sbk_verdict_begin(v);
	if (rc == 0)
		rc = check_all(v);
	if (rc == 0)
		rc = sbk_verdict_end(v);
	v->verdict->log_sound = rc == 0 && is_log_sound(v);
	sbk_verdict_release(v);
	return rc;
}

/* One snapshot, while others go on writing. */
static int run(struct sbk_verification *v,
	       int (*work)(struct sbk_verification *v))
{
	int rc = sbk_verify_tables_begin(v);

	if (rc == 0)
		rc = sbk_db_exec(&v->journal->db, "BEGIN", v->err);
	if (rc == 0) {
		rc = work(v);
		sbk_verify_changes_release(v);
		sbk_buf_release(&v->last_end_json);
		sbk_verify_states_release(v);
		sbk_db_abandon(&v->journal->db); /* only read */
	}
	if (rc == 0)
		rc = sbk_buf_failed(&v->verdict->text, v->err);
	if (v->rebuilt.handle != NULL)
		sbk_db_close(&v->rebuilt);
	return rc;
}

static int verify(struct sbk_journal *journal,
		  const struct sbk_journal_anchor *anchor, bool log_only,
		  struct sbk_journal_verdict *verdict, struct sbk_error *err)
{
	struct sbk_verification *v = calloc(1, sizeof(*v));
	int rc;

	memset(verdict, 0, sizeof(*verdict));
	if (v == NULL)
		return sbk_error_no_memory(err);
	v->journal = journal;
	v->verdict = verdict;
	v->anchor = anchor;
	v->log_only = log_only;
	v->err = err;
	rc = run(v, check_and_judge);
	free(v);
	return rc;
}

int sbk_journal_verify_against(struct sbk_journal *journal,
			       const struct sbk_journal_anchor *anchor,
			       struct sbk_journal_verdict *verdict,
			       struct sbk_error *err)
{
	return verify(journal, anchor, false, verdict, err);
}

int sbk_journal_verify(struct sbk_journal *journal,
		       struct sbk_journal_verdict *verdict,
		       struct sbk_error *err)
{
	return verify(journal, NULL, false, verdict, err);
}

int sbk_verify_log(struct sbk_journal *journal,
		   struct sbk_journal_verdict *verdict, struct sbk_error *err)
{
	return verify(journal, NULL, true, verdict, err);
}

void sbk_journal_verdict_release(struct sbk_journal_verdict *verdict)
{
	sbk_buf_release(&verdict->text);
}

/* --- before somebody acts on it ------------------------------------------- */

/* The first line, without its end. */
static int refuse(const struct sbk_journal *journal,
		  const struct sbk_journal_verdict *verdict,
		  struct sbk_error *err)
{
	const char *text = sbk_buf_text(&verdict->text);

	return sbk_error_set(err, SBK_E_CORRUPT,
			     "journal '%.200s' is not what its log says: %.*s "
			     "('sandbook journal verify%s' shows all of it)",
			     journal->db.path, (int)strcspn(text, "\n"), text,
			     journal->book == SBK_BOOK_MACHINE ? " --machine"
							       : "");
}

int sbk_journal_check(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_journal_verdict verdict = {.altered_at = UINT64_MAX};
	struct sbk_verification *v;
	int rc;

	if (journal->trusted)
		return 0;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return sbk_error_no_memory(err);
	v->journal = journal;
	v->verdict = &verdict;
	v->first_only = true;
	v->err = err;
	rc = run(v, check_all);
	if (rc == 0 && verdict.findings > 0)
		rc = refuse(journal, &verdict, err);
	sbk_journal_verdict_release(&verdict);
	free(v);
	return rc;
}

int sbk_journal_check_small(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t first = 0, last = 0;
	int rc = sbk_db_number(&journal->db, SBK_SQL_LAST_ENTRY, &last, err);

	if (rc == 0)
		rc = sbk_segment_cut(&journal->db, &first, err);
	if (rc < 0)
		return rc;
	return last - first < SBK_CHECK_ENTRIES_MAX
		       ? sbk_journal_check(journal, err)
		       : 1;
}

void sbk_journal_trust(struct sbk_journal *journal)
{
	journal->trusted = true;
}
