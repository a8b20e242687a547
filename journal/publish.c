/*
 * The copy of the machine's journal that everyone may read. Owns when it is
 * made, and how: complete under another name, flushed, renamed over the old
 * one. A reader can lock it for as long as he likes, since nobody writes it,
 * and what he has open stays what it was.
 *
 * Invariants: only the holder of the transaction's lock publishes; a copy is
 * one snapshot of the log with its views, without any sealed state; a failure
 * is no failure of the transaction's. While the directory is closed to others
 * nothing is published.
 */
#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

struct head {
	uint64_t size;
	unsigned char root[SBK_TREE_HASH_BYTES];
};

static int read_head(struct sbk_db *db, struct head *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_HEAD, &row, err);

	if (rc < 0)
		return rc;
	rc = sbk_db_step(db, row, err);
	if (rc == 1 && sqlite3_column_bytes(row, 1) == sizeof(out->root)) {
		out->size = (uint64_t)sqlite3_column_int64(row, 0);
		memcpy(out->root, sqlite3_column_blob(row, 1),
		       sizeof(out->root));
	} else if (rc >= 0) {
		rc = sbk_error_set(err, SBK_E_CORRUPT, "'%s' has no head",
				   db->path);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

static void path_of(const struct sbk_journal *journal, const char *name,
		    char path[SBK_PATH_MAX])
{
	(void)snprintf(path, SBK_PATH_MAX, "%s/%s",
		       sbk_store_path(journal->store), name);
}

/* Whether the copy is that of the last commit. Whatever is wrong with it is
 * mended by making it anew. */
static bool is_current(struct sbk_journal *journal)
{
	struct sbk_db copy = {.handle = NULL};
	struct head live, published;
	char path[SBK_PATH_MAX];
	uint64_t size;
	bool same;

	if (sbk_store_look(journal->store, SBK_JOURNAL_FILE, true, &size,
			   NULL) < 0)
		return false;
	path_of(journal, SBK_JOURNAL_FILE, path);
	if (sbk_db_open(&copy, path, SBK_DB_READ, NULL) < 0)
		return false;
	same = read_head(&copy, &published, NULL) == 0 &&
	       read_head(&journal->db, &live, NULL) == 0 &&
	       published.size == live.size &&
	       memcmp(published.root, live.root, sizeof(live.root)) == 0;
	sbk_db_close(&copy);
	return same;
}

static int clear_copy(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc =
		sbk_store_unlink(journal->store, SBK_COPY_FILE "-journal", err);

	return rc < 0 ? rc
		      : sbk_store_unlink(journal->store, SBK_COPY_FILE, err);
}

/* The new database has a rollback journal, so that reading it needs neither
 * other files nor leave to write. */
static int vacuum_into(struct sbk_journal *journal, const char *path,
		       struct sbk_error *err)
{
	sqlite3_stmt *statement = NULL;
	int rc;

	if (sqlite3_prepare_v2(journal->db.handle, "VACUUM INTO ?1", -1,
			       &statement, NULL) != SQLITE_OK)
		return sbk_db_fail(&journal->db, err);
	sbk_db_bind_text(statement, 1, path);
	rc = sbk_db_run(&journal->db, statement, err);
	(void)sqlite3_finalize(statement); /* the error is in `err` */
	return rc;
}

static int write_copy(struct sbk_journal *journal, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	int rc = clear_copy(journal, err);

	/* Made first, for its mode; SQLite takes an empty file for none. */
	if (rc == 0)
		rc = sbk_store_make(journal->store, SBK_COPY_FILE, true, err);
	if (rc < 0)
		return rc;
	path_of(journal, SBK_COPY_FILE, path);
	rc = vacuum_into(journal, path, err);
	if (rc == 0)
		rc = sbk_store_replace(journal->store, SBK_COPY_FILE,
				       SBK_JOURNAL_FILE, err);
	if (rc < 0)
		(void)clear_copy(journal, NULL); /* rc is reported */
	return rc;
}

void sbk_publish(struct sbk_journal *journal)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (journal->book != SBK_BOOK_MACHINE ||
	    sbk_store_is_hidden(journal->store))
		return;
	journal->unpublished[0] = '\0';
	if (is_current(journal))
		return;
	/* The room that was lent for opening is not for this. */
	if (journal->refill)
		rc = sbk_error_set(&why, SBK_E_LIMIT, "its volume is full");
	else
		rc = write_copy(journal, &why);
	if (rc < 0)
		(void)snprintf(journal->unpublished,
			       sizeof(journal->unpublished), "%.255s",
			       why.message);
}

int sbk_journal_unpublish(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc;

	if (journal->book != SBK_BOOK_MACHINE)
		return 0;
	if (!journal->locked)
		return sbk_error_set(err, SBK_E_INVAL,
				     "journal '%s': the transaction lock is "
				     "not held",
				     journal->db.path);
	rc = sbk_store_hide(journal->store, err);
	if (rc == 0)
		rc = clear_copy(journal, err);
	if (rc == 0)
		rc = sbk_store_unlink(journal->store, SBK_JOURNAL_FILE, err);
	return rc;
}
