/*
 * The log: entries appended, the tree grown with them, and the commit that
 * makes both and the rows of the views visible at once (FORMAT.md,
 * invariants 2 and 4).
 *
 * The tree in memory is only ever that of the last commit, or of the commit
 * in progress; another process may have appended meanwhile, which
 * sbk_log_begin notices.
 */
#include "journal/segment.h"
#include "journal/signing.h"

#include <assert.h>
#include <string.h>

#include "engine/banned.h"

static int damaged(const struct sbk_journal *journal, const char *what,
		   struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "journal '%s': %s; keep a copy, then see "
			     "'sandbook journal verify'; undo and uninstall "
			     "go on by --trust-journal",
			     journal->db.path, what);
}

static int load_level(struct sbk_journal *journal, int level,
		      struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_NODES, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, level); /* cannot fail */
	(void)sqlite3_bind_int64(row, 2,
				 (sqlite3_int64)(journal->tree.size >> level));
	while ((rc = sbk_db_step(&journal->db, row, err)) == 1) {
		const uint64_t n = (uint64_t)sqlite3_column_int64(row, 0);

		if (sqlite3_column_bytes(row, 1) != SBK_TREE_HASH_BYTES ||
		    n != journal->tree.size >> level ||
		    !sbk_tree_graft(&journal->tree, level,
				    sqlite3_column_blob(row, 1))) {
			rc = damaged(journal, "a node of the tree is missing",
				     err);
			break;
		}
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* Empty leaves up to `size`, for entries that are missing. */
static int stand_in(struct sbk_journal *journal, uint64_t size,
		    struct sbk_error *err)
{
	if (size > journal->tree.size &&
	    size - journal->tree.size > SBK_CHECK_ENTRIES_MAX)
		return damaged(journal, "too many entries are missing", err);
	while (journal->tree.size < size)
		(void)sbk_tree_append(&journal->tree, "", 0, NULL, NULL);
	return 0;
}

static int load_leaves(struct sbk_journal *journal, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_ENTRIES, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)journal->tree.size);
	while ((rc = sbk_db_step(&journal->db, row, err)) == 1) {
		const void *json = sqlite3_column_text(row, 1);
		const uint64_t n = (uint64_t)sqlite3_column_int64(row, 0);

		rc = journal->trusted ? stand_in(journal, n, err) : 0;
		if (rc < 0)
			break;
		if (n != journal->tree.size || json == NULL) {
			rc = damaged(journal, "an entry is missing", err);
			break;
		}
		/* Without a function to call it cannot fail. */
		(void)sbk_tree_append(&journal->tree, json,
				      (size_t)sqlite3_column_bytes(row, 1),
				      NULL, NULL);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static int compare_head(struct sbk_journal *journal, struct sbk_error *err)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	sqlite3_stmt *row;
	bool same;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_HEAD, &row, err);

	if (rc == 0)
		rc = sbk_db_step(&journal->db, row, err);
	if (rc < 0)
		return rc;
	sbk_tree_root(&journal->tree, root);
	same = rc == 1 &&
	       (uint64_t)sqlite3_column_int64(row, 0) == journal->tree.size &&
	       sqlite3_column_bytes(row, 1) == SBK_TREE_HASH_BYTES &&
	       memcmp(sqlite3_column_blob(row, 1), root, sizeof(root)) == 0;
	(void)sqlite3_reset(row); /* it was read */
	return same ? 0
		    : damaged(journal, "its last entries do not fit its head",
			      err);
}

/* How many entries the head tells of; 0 where there is none. */
static int read_size(struct sbk_journal *journal, uint64_t *size,
		     struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_HEAD, &row, err);

	if (rc < 0)
		return rc;
	rc = sbk_db_step(&journal->db, row, err);
	*size = rc == 1 ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

/*
 * The tree of a journal that is gone on with whatever was done to it: of what
 * the entries are now. The numbers of entries that are missing are not given
 * again, so that `verify` finds these edits for good. What was dropped is not
 * missing, unless what stands for it is.
 */
static int load_altered(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* then they are missing */
	uint64_t size = 0;
	int rc;

	if (sbk_segment_tree(journal, journal->cut, &journal->tree, &ignored) <
	    0)
		sbk_tree_init(&journal->tree);
	rc = load_leaves(journal, err);
	if (rc == 0)
		rc = read_size(journal, &size, err);
	return rc < 0 ? rc : stand_in(journal, size, err);
}

static int load_tree(struct sbk_journal *journal, struct sbk_error *err)
{
	int level = SBK_TREE_LEVELS / SBK_TREE_STORED_EVERY;
	int rc = sbk_segment_cut(&journal->db, &journal->cut, err);

	sbk_tree_init(&journal->tree);
	if (rc == 0 && journal->trusted)
		return load_altered(journal, err);
	for (level--; rc == 0 && level > 0; level--)
		rc = load_level(journal, level * SBK_TREE_STORED_EVERY, err);
	if (rc == 0 && journal->cut > journal->tree.size)
		rc = sbk_segment_graft(journal, &journal->tree, err);
	if (rc == 0)
		rc = load_leaves(journal, err);
	if (rc == 0)
		rc = compare_head(journal, err);
	return rc;
}

int sbk_log_snapshot(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = sbk_db_exec(&journal->db, "BEGIN", err);

	if (rc < 0)
		return rc;
	rc = load_tree(journal, err);
	if (rc < 0)
		sbk_db_abandon(&journal->db);
	return rc;
}

int sbk_log_load(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = sbk_log_snapshot(journal, err);

	if (rc == 0)
		sbk_db_abandon(&journal->db); /* only read */
	return rc;
}

/* Whether another process appended since our last look. */
static int catch_up(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t size = 0;
	int rc = read_size(journal, &size, err);

	if (rc < 0 || size == journal->tree.size)
		return rc;
	return load_tree(journal, err);
}

static void roll_back(struct sbk_journal *journal)
{
	sbk_db_abandon(&journal->db);
	journal->tree = journal->saved;
}

int sbk_log_begin(struct sbk_journal *journal, enum sbk_durability durability,
		  struct sbk_error *err)
{
	int rc = sbk_checkpoint_due(journal, &journal->flushed, err);

	if (rc < 0)
		return rc;
	/* One commit in a few thousand, of those that need not be. */
	journal->flushed |= durability == SBK_COMMIT_FLUSHED;
	rc = sbk_db_exec(&journal->db,
			 journal->flushed ? "PRAGMA synchronous = FULL"
					  : "PRAGMA synchronous = NORMAL",
			 err);
	if (rc == 0)
		rc = sbk_db_run_plain(&journal->db, SBK_SQL_BEGIN, err);
	if (rc < 0)
		return rc;
	journal->db.begun = true;
	rc = catch_up(journal, err);
	journal->saved = journal->tree;
	if (rc < 0)
		roll_back(journal);
	return rc;
}

static int store_node(void *arg, int level, uint64_t n,
		      const unsigned char *hash)
{
	struct sbk_db *db = arg;
	sqlite3_stmt *statement;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_NODE, &statement, NULL);

	if (rc < 0)
		return rc;
	/* Binding cannot fail but for a wrong index. */
	(void)sqlite3_bind_int(statement, 1, level);
	(void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)n);
	(void)sqlite3_bind_blob(statement, 3, hash, SBK_TREE_HASH_BYTES,
				SQLITE_STATIC);
	return sbk_db_run(db, statement, NULL);
}

int sbk_log_append(struct sbk_journal *journal, uint64_t *n,
		   struct sbk_error *err)
{
	const struct sbk_buf *json = &journal->json;
	sqlite3_stmt *statement;
	int rc = sbk_buf_failed(json, err);

	assert(json->size > 0 || rc < 0);
	if (rc == 0)
		rc = sbk_db_statement(&journal->db, SBK_SQL_ADD_ENTRY,
				      &statement, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(statement, 1,
				 (sqlite3_int64)journal->tree.size);
	(void)sqlite3_bind_text(statement, 2, json->data, (int)json->size,
				SQLITE_STATIC);
	rc = sbk_db_run(&journal->db, statement, err);
	if (rc < 0)
		return rc;
	*n = journal->tree.size;
	if (sbk_tree_append(&journal->tree, json->data, json->size, store_node,
			    &journal->db) < 0)
		return sbk_db_fail(&journal->db, err);
	return 0;
}

int sbk_log_commit(struct sbk_journal *journal, struct sbk_error *err)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	sqlite3_stmt *statement;
	bool due = false;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_SET_HEAD, &statement,
				  err);

	if (rc == 0 && journal->flushed)
		rc = sbk_checkpoint_due(journal, &due, err);
	if (rc == 0 && due)
		rc = sbk_checkpoint_add(journal, err);
	if (rc < 0)
		return rc;
	sbk_tree_root(&journal->tree, root);
	(void)sqlite3_bind_int64(statement, 1,
				 (sqlite3_int64)journal->tree.size);
	(void)sqlite3_bind_blob(statement, 2, root, sizeof(root),
				SQLITE_STATIC);
	rc = sbk_db_run(&journal->db, statement, err);
	if (rc == 0)
		rc = sbk_db_run_plain(&journal->db, SBK_SQL_COMMIT, err);
	if (rc == 0)
		journal->db.begun = false;
	return rc;
}

int sbk_log_finish(struct sbk_journal *journal, int rc, struct sbk_error *err)
{
	if (rc == 0)
		rc = sbk_log_commit(journal, err);
	if (rc < 0)
		roll_back(journal);
	return rc;
}

int sbk_log_finish_signed(struct sbk_journal *journal, int rc,
			  struct sbk_error *err)
{
	if (rc == 0)
		rc = sbk_checkpoint_add(journal, err);
	return sbk_log_finish(journal, rc, err);
}
