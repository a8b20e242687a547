/*
 * Sessions: the runs. A run makes no change to the host, so that its record
 * is atomic but not flushed. It holds a lock of its own while it lives: a
 * session that is *running* and whose lock can be taken has died.
 */
#include "journal/summary.h"

#include <jansson.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/os.h"

#include "engine/banned.h"

/* What is hashed must be JSON: the members come from another layer. */
static int check_members(const char *members, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	json_error_t why;
	json_t *value;
	int rc;

	sbk_buf_addc(&text, '{');
	sbk_buf_adds(&text, members);
	sbk_buf_addc(&text, '}');
	rc = sbk_buf_failed(&text, err);
	if (rc < 0)
		goto out;
	value = sbk_json_load(text.data, text.size, JSON_REJECT_DUPLICATES,
			      &why);
	if (value == NULL && json_error_code(&why) == json_error_out_of_memory)
		rc = sbk_error_no_memory(err);
	else if (value == NULL)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "a session's record is no JSON: %s",
				   why.text);
	json_decref(value);
out:
	sbk_buf_release(&text);
	return rc;
}

/* Only where this commit gets a checkpoint, one of some thousand. */
static uint64_t pointer(struct sbk_journal *journal)
{
	return journal->flushed ? sbk_summary_pointer(journal) : UINT64_MAX;
}

static int write_begin(struct sbk_journal *journal, const char *members,
		       uint64_t id, struct sbk_error *err)
{
	const int64_t now = sbk_os_now_ms();
	uint64_t entry;
	int rc;

	sbk_entry_session_begin(&journal->json, id, now, sbk_os_process(),
				pointer(journal), members);
	rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_session_begin(&journal->db, id, entry, now, err);
	return rc;
}

int sbk_session_begin(struct sbk_journal *journal, const char *members,
		      uint64_t *id, struct sbk_error *err)
{
	uint64_t next = 0;
	bool held = false;
	int rc = check_members(members, err);

	if (rc == 0)
		rc = sbk_db_hurry(&journal->db, err);
	if (rc == 0)
		rc = sbk_log_begin(journal, SBK_COMMIT_ATOMIC, err);
	if (rc < 0)
		return rc;
	rc = sbk_db_number(&journal->db, SBK_SQL_NEXT_SESSION, &next, err);
	/* Before its entry is visible: nobody may take it for dead. */
	if (rc == 0)
		rc = sbk_store_lock_take(journal->lock,
					 SBK_LOCK_SESSIONS + next, 0, err);
	held = rc == 0;
	if (rc == 0)
		rc = write_begin(journal, members, next, err);
	rc = sbk_log_finish(journal, rc, err);
	if (rc == 0)
		*id = next;
	else if (held)
		/* The lock of a number that names nothing harms nobody. */
		(void)sbk_store_lock_release(journal->lock,
					     SBK_LOCK_SESSIONS + next, NULL);
	return rc;
}

static int append_end(struct sbk_journal *journal, uint64_t id,
		      const char *state, const char *members,
		      struct sbk_error *err)
{
	const int64_t now = sbk_os_now_ms();
	uint64_t entry;
	int rc;

	sbk_entry_session_end(&journal->json, id, now, state, pointer(journal),
			      members);
	rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_session_end(&journal->db, id, entry, now, state,
					  err);
	return rc;
}

int sbk_session_end(struct sbk_journal *journal, uint64_t id,
		    const char *members, struct sbk_error *err)
{
	int rc = check_members(members, err);

	if (rc == 0)
		rc = sbk_log_begin(journal, SBK_COMMIT_ATOMIC, err);
	if (rc < 0)
		return rc;
	rc = append_end(journal, id, "ended", members, err);
	rc = sbk_log_finish(journal, rc, err);
	if (rc < 0)
		return rc;
	return sbk_store_lock_release(journal->lock, SBK_LOCK_SESSIONS + id,
				      err);
}

/* The numbers of sessions whose owner is gone, at most `max`; without those
 * that owe a hand-back. */
static int find_dead(struct sbk_journal *journal, uint64_t *ids, size_t max,
		     size_t *count, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_RUNNING, &row, err);

	*count = 0;
	if (rc < 0)
		return rc;
	while (*count < max &&
	       (rc = sbk_db_step(&journal->db, row, err)) == 1) {
		const uint64_t id = (uint64_t)sqlite3_column_int64(row, 0);
		const uint64_t begun = (uint64_t)sqlite3_column_int64(row, 1);
		bool held = true, owes = false;

		rc = sbk_store_lock_held(journal->lock, SBK_LOCK_SESSIONS + id,
					 &held, err);
		if (rc == 0 && !held)
			rc = sbk_session_hands_back(journal, begun, &owes, err);
		if (rc < 0)
			break;
		journal->debts = journal->debts || owes;
		if (!held && !owes)
			ids[(*count)++] = id;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

int sbk_session_died(struct sbk_journal *journal, const uint64_t *ids,
		     size_t count, struct sbk_error *err)
{
	size_t i;
	int rc = sbk_log_begin(journal, SBK_COMMIT_ATOMIC, err);

	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && i < count; i++)
		rc = append_end(journal, ids[i], "died", "", err);
	return sbk_log_finish(journal, rc, err);
}

int sbk_session_reap(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t ids[64]; /* more are left for the next opening */
	const size_t max = sizeof(ids) / sizeof(ids[0]);
	size_t count, i;
	int rc = find_dead(journal, ids, max, &count, err);

	if (rc < 0 || count == 0)
		return rc;
	rc = sbk_log_begin(journal, SBK_COMMIT_ATOMIC, err);
	if (rc < 0)
		return rc;
	/* Looked at again: another process may have been faster. */
	rc = find_dead(journal, ids, max, &count, err);
	for (i = 0; rc == 0 && i < count; i++)
		rc = append_end(journal, ids[i], "died", "", err);
	return sbk_log_finish(journal, rc, err);
}

/* --- reading one -----------------------------------------------------------
 */

/* Steps a statement with one number: 1 where there is a row. */
static int find_row(struct sbk_journal *journal, enum sbk_sql sql,
		    uint64_t number, sqlite3_stmt **row, struct sbk_error *err)
{
	int rc = sbk_db_statement(&journal->db, sql, row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(*row, 1, (sqlite3_int64)number);
	return sbk_db_step(&journal->db, *row, err);
}

int sbk_journal_session(struct sbk_journal *journal, uint64_t session,
			struct sbk_buf *out, struct sbk_error *err)
{
	sqlite3_stmt *row = NULL;
	uint64_t begun = 0;
	int rc = find_row(journal, SBK_SQL_SESSION_BEGUN, session, &row, err);

	if (rc == 1)
		begun = (uint64_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_reset(row); /* the error is in `err` */
	row = NULL;
	if (rc == 1) {
		rc = find_row(journal, SBK_SQL_ENTRY, begun, &row, err);
		if (rc == 1)
			sbk_buf_add(out, sqlite3_column_text(row, 0),
				    (size_t)sqlite3_column_bytes(row, 0));
		(void)sqlite3_reset(row); /* likewise */
	}
	if (rc < 0)
		return rc;
	return rc == 1 ? sbk_buf_failed(out, err)
		       : sbk_error_set(err, SBK_E_NOTFOUND,
				       "there is no session %llu in '%s'; "
				       "'sandbook journal log' has them",
				       (unsigned long long)session,
				       journal->db.path);
}
