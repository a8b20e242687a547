/*
 * The rows that entries stand for. Both who writes an entry and who replays
 * one (replay.c) go through here, so that the two cannot drift apart. Runs
 * inside the caller's SQLite transaction.
 */
#include "journal/segment.h"

#include <string.h>

#include "engine/banned.h"

int sbk_view_begin(struct sbk_db *db, uint64_t txn, uint64_t entry,
		   const char *kind, const char *title, uint64_t session,
		   int64_t time_ms, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_TXN, &s, err);

	if (rc < 0)
		return rc;
	/* Here and below: binding cannot fail but for a wrong index. */
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)txn);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)entry);
	sbk_db_bind_text(s, 3, kind);
	sbk_db_bind_text(s, 4, title);
	sbk_db_bind_id(s, 5, session);
	(void)sqlite3_bind_int64(s, 6, time_ms);
	return sbk_db_run(db, s, err);
}

int sbk_view_root(struct sbk_db *db, uint64_t txn, uint64_t entry,
		  const struct sbk_plan_root *root, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_ROOT, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)txn);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)entry);
	sbk_db_bind_text(s, 3, root->path);
	sbk_db_bind_text(s, 4, root->identity);
	sbk_db_bind_text(s, 5, root->principal);
	sbk_db_bind_text(s, 6, root->principal_name);
	(void)sqlite3_bind_int(s, 7, root->writable);
	return sbk_db_run(db, s, err);
}

int sbk_view_intend(struct sbk_db *db, const struct sbk_view_change *change,
		    struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_CHANGE, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)change->id);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)change->entry);
	(void)sqlite3_bind_int64(s, 3, (sqlite3_int64)change->txn);
	sbk_db_bind_id(s, 4, change->undoes);
	sbk_db_bind_text(s, 5, change->kind);
	sbk_db_bind_text(s, 6, change->name);
	sbk_db_bind_text(s, 7, change->identity);
	sbk_db_bind_id(s, 8, change->before);
	sbk_db_bind_id(s, 9, change->after);
	sbk_db_bind_text(s, 10, change->ours);
	if (change->undoes == 0 || change->reason == NULL ||
	    strcmp(change->reason, SBK_REASON_UNDO) != 0)
		sbk_db_bind_text(s, 11, change->reason);
	return sbk_db_run(db, s, err);
}

int sbk_view_extend(struct sbk_db *db, uint64_t txn, uint64_t first,
		    uint64_t last, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_EXTEND_TXN, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)txn);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)first);
	(void)sqlite3_bind_int64(s, 3, (sqlite3_int64)last);
	return sbk_db_run(db, s, err);
}

static int settle_range(struct sbk_db *db, enum sbk_sql sql, const char *status,
			uint64_t first, uint64_t last, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, sql, &s, err);

	if (rc < 0)
		return rc;
	sbk_db_bind_text(s, 1, status);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)first);
	(void)sqlite3_bind_int64(s, 3, (sqlite3_int64)last);
	return sbk_db_run(db, s, err);
}

/* What an inverse change's status makes of the change that it inverts. */
static const char *status_of_undone(const char *status)
{
	if (strcmp(status, sbk_status_name(SBK_STATUS_CONFIRMED)) == 0)
		return sbk_status_name(SBK_STATUS_UNDONE);
	if (strcmp(status, sbk_status_name(SBK_STATUS_UNDONE)) == 0)
		return NULL; /* the inverse was never made */
	return status;
}

int sbk_view_settle(struct sbk_db *db, const char *status, uint64_t first,
		    uint64_t last, struct sbk_error *err)
{
	return settle_range(db, SBK_SQL_SETTLE, status, first, last, err);
}

int sbk_view_follow(struct sbk_db *db, const char *status, uint64_t first,
		    uint64_t last, struct sbk_error *err)
{
	const char *undone = status_of_undone(status);

	return undone == NULL ? 0
			      : settle_range(db, SBK_SQL_SETTLE_UNDONE, undone,
					     first, last, err);
}

int sbk_view_follow_range(struct sbk_db *db, const char *status, uint64_t first,
			  uint64_t last, struct sbk_error *err)
{
	const char *undone = status_of_undone(status);

	return undone == NULL ? 0
			      : settle_range(db, SBK_SQL_SETTLE, undone, first,
					     last, err);
}

int sbk_view_keep(struct sbk_db *db, uint64_t first, uint64_t last,
		  struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_KEEP, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)last);
	sbk_db_bind_text(s, 3, SBK_NOTE_KEPT);
	return sbk_db_run(db, s, err);
}

int sbk_view_note(struct sbk_db *db, uint64_t change, const char *note,
		  struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_NOTE, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)change);
	sbk_db_bind_text(s, 2, note);
	return sbk_db_run(db, s, err);
}

int sbk_view_end(struct sbk_db *db, uint64_t txn, uint64_t entry,
		 const char *state, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_END_TXN, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)txn);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)entry);
	sbk_db_bind_text(s, 3, state);
	return sbk_db_run(db, s, err);
}

int sbk_view_session_begin(struct sbk_db *db, uint64_t session, uint64_t entry,
			   int64_t time_ms, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_SESSION, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)session);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)entry);
	(void)sqlite3_bind_int64(s, 3, time_ms);
	return sbk_db_run(db, s, err);
}

int sbk_view_session_end(struct sbk_db *db, uint64_t session, uint64_t entry,
			 int64_t time_ms, const char *state,
			 struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_END_SESSION, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)session);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)entry);
	(void)sqlite3_bind_int64(s, 3, time_ms);
	sbk_db_bind_text(s, 4, state);
	return sbk_db_run(db, s, err);
}

/* 1 and the id, 0 where there is none. */
static int find_state(struct sbk_db *db, const unsigned char *hash,
		      uint64_t *id, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_FIND_STATE, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_blob(s, 1, hash, SBK_STATE_HASH_BYTES,
				SQLITE_STATIC);
	rc = sbk_db_step(db, s, err);
	if (rc == 1)
		*id = (uint64_t)sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s); /* the error is in `err` */
	return rc;
}

/* In place of the negative one that a cut gave it. */
static int number_state(struct sbk_db *db, const unsigned char *hash,
			uint64_t *id, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_NUMBER_STATE, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_blob(s, 1, hash, SBK_STATE_HASH_BYTES,
				SQLITE_STATIC);
	rc = sbk_db_run(db, s, err);
	if (rc < 0)
		return rc;
	rc = find_state(db, hash, id, err);
	return rc < 0 ? rc : 0;
}

int sbk_view_state(struct sbk_db *db,
		   const unsigned char hash[SBK_STATE_HASH_BYTES],
		   const void *bytes, size_t size, uint64_t *id,
		   struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = find_state(db, hash, id, err);

	if (rc == 1 && *id > INT64_MAX)
		return number_state(db, hash, id, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = sbk_db_statement(db, SBK_SQL_ADD_STATE, &s, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_blob(s, 1, hash, SBK_STATE_HASH_BYTES,
				SQLITE_STATIC);
	if (bytes != NULL)
		(void)sqlite3_bind_blob64(s, 2, bytes, size, SQLITE_STATIC);
	rc = sbk_db_run(db, s, err);
	if (rc == 0)
		*id = (uint64_t)sqlite3_last_insert_rowid(db->handle);
	return rc;
}

int sbk_view_signer(struct sbk_db *db, uint64_t entry, const char *key,
		    const char *signature, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_SIGNER, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)entry);
	sbk_db_bind_text(s, 2, key);
	sbk_db_bind_text(s, 3, signature);
	return sbk_db_run(db, s, err);
}

int sbk_view_witness(struct sbk_db *db, uint64_t entry,
		     const struct sbk_owner *person, const char *found,
		     const char *key, const char *note, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_WITNESS, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)entry);
	sbk_db_bind_owner(s, 2, person);
	sbk_db_bind_text(s, 3, found);
	sbk_db_bind_text(s, 4, key);
	sbk_db_bind_text(s, 5, note);
	return sbk_db_run(db, s, err);
}

int sbk_view_segment(struct sbk_db *db, uint64_t entry,
		     const struct sbk_segment_base *base, struct sbk_error *err)
{
	sqlite3_stmt *s;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_SEGMENT, &s, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)entry);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)base->entries);
	(void)sqlite3_bind_blob(s, 3, base->root, SBK_TREE_HASH_BYTES,
				SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 4, (sqlite3_int64)base->transactions);
	(void)sqlite3_bind_int64(s, 5, (sqlite3_int64)base->changes);
	(void)sqlite3_bind_int64(s, 6, (sqlite3_int64)base->sessions);
	return sbk_db_run(db, s, err);
}

int sbk_view_clear(struct sbk_db *db, struct sbk_error *err)
{
	return sbk_db_exec(db,
			   "DELETE FROM change; DELETE FROM txn; "
			   "DELETE FROM root; DELETE FROM session; "
			   "DELETE FROM signer; DELETE FROM witness; "
			   "DELETE FROM segment",
			   err);
}
