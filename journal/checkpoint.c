/*
 * Checkpoints: size and root of the tree, signed. Owns when one is made and
 * that a power cut cannot take back what was signed.
 *
 * Invariants:
 *  1. A checkpoint is a row of the very commit that it covers last, and that
 *     commit is flushed: both are durable, or neither was ever to be seen.
 *  2. The tree only grows, and one process commits at a time: there are never
 *     two roots for one size.
 *  3. No size is signed that a checkpoint of ours reaches already: whoever cut
 *     the log's end off does not get a second history signed.
 *  4. What was altered is not signed, also where it is gone on with.
 *  5. That nothing can be signed never keeps a commit from being made.
 */
#include "journal/signing.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

static int insert(struct sbk_journal *journal, const struct sbk_buf *note,
		  struct sbk_error *err)
{
	sqlite3_stmt *statement;
	int rc = sbk_buf_failed(note, err);

	if (rc == 0)
		rc = sbk_db_statement(&journal->db, SBK_SQL_ADD_CHECKPOINT,
				      &statement, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(statement, 1,
				 (sqlite3_int64)journal->tree.size);
	(void)sqlite3_bind_text(statement, 2, note->data, (int)note->size,
				SQLITE_STATIC);
	rc = sbk_db_run(&journal->db, statement, err);
	if (rc == 0)
		journal->signed_size = journal->tree.size;
	return rc;
}

/* The text of the tree as it is, without a signature. */
static void print_tree(const struct sbk_journal *journal, const char *origin,
		       struct sbk_buf *out)
{
	struct sbk_checkpoint checkpoint = {.size = journal->tree.size};

	(void)snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s",
		       origin);
	sbk_tree_root(&journal->tree, checkpoint.root);
	sbk_checkpoint_print(&checkpoint, out);
}

static int check_grown(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t newest = 0;
	int rc = sbk_db_number(&journal->db, SBK_SQL_NEWEST_CHECKPOINT_SIZE,
			       &newest, err);

	if (rc < 0 || newest < journal->tree.size)
		return rc;
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "journal '%s' has a checkpoint of %llu entries "
			     "and only %llu of them are left; see 'sandbook "
			     "journal verify'",
			     journal->db.path, (unsigned long long)newest,
			     (unsigned long long)journal->tree.size);
}

static int add_by(struct sbk_journal *journal,
		  const struct sbk_note_signer *const *signers, size_t count,
		  struct sbk_error *err)
{
	struct sbk_buf note = SBK_BUF_INIT;
	size_t text, i;
	int rc;

	print_tree(journal, signers[0]->key.name, &note);
	text = note.size;
	for (i = 0; i < count; i++)
		sbk_note_add_signature(&note, text, signers[i]);
	rc = insert(journal, &note, err);
	sbk_buf_release(&note);
	return rc;
}

int sbk_checkpoint_add_by(struct sbk_journal *journal,
			  const struct sbk_note_signer *const *signers,
			  size_t count, struct sbk_error *err)
{
	int rc = check_grown(journal, err);

	assert(journal->flushed);
	return rc < 0 ? rc : add_by(journal, signers, count, err);
}

int sbk_checkpoint_add(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_note_signer signer;
	const struct sbk_note_signer *const signers[] = {&signer};
	int rc = check_grown(journal, &why);

	assert(journal->flushed);
	if (rc == 0 && journal->trusted)
		rc = sbk_error_set(&why, SBK_E_CORRUPT,
				   "what may have been altered is not signed");
	if (rc == 0)
		rc = sbk_key_load(journal, &signer, &why);
	journal->unsigned_why[0] = '\0';
	if (rc < 0) {
		(void)snprintf(journal->unsigned_why,
			       sizeof(journal->unsigned_why), "%.255s",
			       why.message);
		return 0;
	}
	rc = add_by(journal, signers, 1, err);
	sbk_note_signer_erase(&signer);
	return rc;
}

int sbk_checkpoint_due(struct sbk_journal *journal, bool *due,
		       struct sbk_error *err)
{
	int rc = 0;

	/* Looked up only where it may matter: not by each run. */
	if (journal->tree.size - journal->signed_size >= SBK_CHECKPOINT_EVERY)
		rc = sbk_db_number(&journal->db, SBK_SQL_NEWEST_CHECKPOINT_SIZE,
				   &journal->signed_size, err);
	*due = rc == 0 && journal->tree.size >= journal->signed_size &&
	       journal->tree.size - journal->signed_size >=
		       SBK_CHECKPOINT_EVERY;
	return rc;
}

int sbk_checkpoint_read(struct sbk_journal *journal, uint64_t size,
			struct sbk_buf *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db,
				  size == 0 ? SBK_SQL_NEWEST_CHECKPOINT
					    : SBK_SQL_CHECKPOINT,
				  &row, err);

	if (rc < 0)
		return rc;
	if (size != 0)
		(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)size);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1)
		sbk_buf_add(out, sqlite3_column_text(row, 0),
			    (size_t)sqlite3_column_bytes(row, 0));
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc == 0 && size != 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "journal '%s' has no checkpoint of %llu "
				     "entries",
				     journal->db.path,
				     (unsigned long long)size);
	if (rc == 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "journal '%s' has no checkpoint yet; its "
				     "next transaction makes one",
				     journal->db.path);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
