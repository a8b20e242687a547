/*
 * Drops the oldest entries of a journal, which somebody holds as a file.
 *
 * Invariants:
 *  - The entry that says so, its checkpoint, and what it says are one durable
 *    commit: at every moment the log is whole, or it says what it lacks.
 *  - What the file holds is, byte for byte, what this journal would write.
 *  - The tables afterwards are what the rest of the log makes of them.
 *
 * Giving the room back comes after it and may fail: it is tried again by
 * whoever drops the same file again.
 */
#include "journal/proof.h"
#include "journal/segment.h"
#include "journal/signing.h"
#include "journal/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

#define ROOM_WAIT_MS 1000 /* for readers; it can be done later */

struct dropping {
	struct sbk_journal *journal;
	const struct sbk_buf *text;
	struct sbk_segment_file file;
	struct sbk_segment_base *older, *base; /* older: NULL, or as it was */
	size_t compared; /* bytes of the text that are ours */
	struct sbk_error *err;
};

/* --- whether it is ours, and may go --------------------------------------- */

static int other_file(struct dropping *d)
{
	return sbk_error_set(
		d->err, SBK_E_CONFLICT,
		"the file is not what journal '%.200s' exports of "
		"entries %llu to %llu; nothing was dropped (export "
		"them again)",
		d->journal->db.path, (unsigned long long)d->file.first,
		(unsigned long long)d->file.end - 1);
}

static int compare(void *arg, const struct sbk_buf *chunk,
		   struct sbk_error *err)
{
	struct dropping *d = arg;

	(void)err; /* it is the caller's, too */
	if (chunk->size > d->text->size - d->compared ||
	    memcmp(d->text->data + d->compared, chunk->data, chunk->size) != 0)
		return other_file(d);
	d->compared += chunk->size;
	return 0;
}

static int check_end(struct dropping *d)
{
	char why[SBK_SEGMENT_WHY_MAX];
	uint64_t end = 0;
	int rc = sbk_segment_end(d->journal, d->file.end, &end, why, d->err);

	if (rc < 0)
		return rc;
	if (rc == 1 && end == d->file.end)
		return 0;
	return sbk_error_set(d->err, SBK_E_CONFLICT,
			     "what the file holds cannot be dropped: %s",
			     why[0] != '\0' ? why : "it ends at no checkpoint");
}

static int check_file(struct dropping *d)
{
	int rc = sbk_log_snapshot(d->journal, d->err);

	if (rc < 0)
		return rc;
	if (d->file.first != d->journal->cut ||
	    d->file.end > d->journal->tree.size)
		rc = other_file(d);
	if (rc == 0)
		rc = check_end(d);
	if (rc == 0)
		rc = sbk_segment_print(d->journal, d->file.end, compare, d,
				       d->err);
	if (rc == 0 && d->compared != d->text->size)
		rc = other_file(d);
	sbk_db_abandon(&d->journal->db); /* only read */
	return rc;
}

/* Whoever asks for less than the whole, signatures too, could be made to drop
 * what shows that something was altered. */
static int check_journal(struct dropping *d)
{
	struct sbk_journal_verdict verdict = {.text = SBK_BUF_INIT};
	int rc = sbk_journal_verify(d->journal, &verdict, d->err);

	if (rc == 0 && verdict.findings > 0)
		rc = sbk_error_set(
			d->err, SBK_E_CORRUPT,
			"journal '%.200s' is not what its log says, so nothing "
			"of it is dropped: %.*s (see 'sandbook journal "
			"verify')",
			d->journal->db.path,
			(int)strcspn(sbk_buf_text(&verdict.text), "\n"),
			sbk_buf_text(&verdict.text));
	sbk_journal_verdict_release(&verdict);
	return rc;
}

/* A witness that cannot be shown that the log goes on would call it forked. */
static int check_witness(struct dropping *d, uint64_t witnessed)
{
	if (witnessed == 0 || witnessed >= d->file.end)
		return 0;
	return sbk_error_set(
		d->err, SBK_E_CONFLICT,
		"the machine's log has seen %llu entries of this "
		"one and could not be shown that it goes on: first "
		"have %s see all of it, '%ssandbook journal "
		"witness'%s",
		(unsigned long long)witnessed, sbk_os_admin.who,
		sbk_os_admin.before, sbk_os_admin.after);
}

static int check_book(struct dropping *d)
{
	if (d->journal->book == SBK_BOOK_USER)
		return 0;
	return sbk_error_set(d->err, SBK_E_UNSUPPORTED,
			     "the machine's journal keeps all of its entries: "
			     "what setup made is in effect as long as there "
			     "is one");
}

/* --- the commit ----------------------------------------------------------- */

static int root_of(void *arg, uint64_t entry,
		   unsigned char root[SBK_TREE_HASH_BYTES],
		   struct sbk_error *err)
{
	return sbk_proof_root(arg, entry, root, err);
}

/* How the log was cut before. */
static int read_older(struct dropping *d)
{
	uint64_t entry;

	if (d->journal->cut == 0)
		return 0;
	d->older = malloc(sizeof(*d->older));
	if (d->older == NULL)
		return sbk_error_no_memory(d->err);
	return sbk_segment_base_read(d->journal, d->journal->cut, d->older,
				     &entry, d->err);
}

static int append(struct dropping *d)
{
	struct sbk_journal *journal = d->journal;
	uint64_t entry;
	int rc = read_older(d);

	if (rc == 0)
		rc = sbk_segment_base_make(&journal->db, d->file.end, d->older,
					   root_of, journal, d->base, d->err);
	if (rc < 0)
		return rc;
	if (memcmp(d->base->root, d->file.root, SBK_TREE_HASH_BYTES) != 0)
		return other_file(d);
	sbk_entry_drop(&journal->json, sbk_os_now_ms(), d->base);
	rc = sbk_log_append(journal, &entry, d->err);
	return rc < 0 ? rc
		      : sbk_view_segment(&journal->db, entry, d->base, d->err);
}

static int store_node(struct dropping *d, const struct sbk_tree *tree,
		      int level)
{
	struct sbk_db *db = &d->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_ADD_NODE, &row, d->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, level); /* cannot fail */
	(void)sqlite3_bind_int64(row, 2,
				 (sqlite3_int64)((tree->size >> level) - 1));
	(void)sqlite3_bind_blob(row, 3, tree->peak[level], SBK_TREE_HASH_BYTES,
				SQLITE_STATIC);
	return sbk_db_run(db, row, d->err);
}

/* What the last block comes to, as far as it goes. */
static int grow_block(struct dropping *d, struct sbk_tree *tree)
{
	struct sbk_db *db = &d->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_ENTRIES, &row, d->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)tree->size);
	while (tree->size < d->file.end &&
	       (rc = sbk_db_step(db, row, d->err)) == 1)
		(void)sbk_tree_append(tree, sqlite3_column_text(row, 1),
				      (size_t)sqlite3_column_bytes(row, 1),
				      NULL, NULL); /* cannot fail */
	(void)sqlite3_reset(row);		   /* the error is in d->err */
	return rc < 0 ? rc : 0;
}

/* The subtrees that stand for the part of the block that goes. Whole blocks
 * have their nodes, which stay. */
static int store_nodes(struct dropping *d)
{
	const uint64_t every = (uint64_t)1 << SBK_TREE_STORED_EVERY;
	const uint64_t block = d->file.end / every * every;
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_tree tree;
	int level, rc;

	/* A cut in the same block left its first part as nodes. */
	rc = sbk_segment_tree(d->journal,
			      d->journal->cut > block ? d->journal->cut : block,
			      &tree, d->err);
	if (rc == 0)
		rc = grow_block(d, &tree);
	if (rc < 0)
		return rc;
	sbk_tree_root(&tree, root);
	if (tree.size != d->file.end ||
	    memcmp(root, d->file.root, sizeof(root)) != 0)
		return other_file(d);
	rc = sbk_db_exec(&d->journal->db, "DELETE FROM node WHERE level < 6",
			 d->err);
	for (level = 0; rc == 0 && level < SBK_TREE_STORED_EVERY; level++)
		if ((tree.size >> level & 1) != 0)
			rc = store_node(d, &tree, level);
	return rc;
}

static int delete_rows(struct dropping *d)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
		       "DELETE FROM entry WHERE n < %llu; "
		       "DELETE FROM checkpoint WHERE size < %llu; "
		       "UPDATE state SET id = -id",
		       (unsigned long long)d->file.end,
		       (unsigned long long)d->file.end);
	return sbk_db_exec(&d->journal->db, sql, d->err);
}

/* All but the checkpoint. */
static int change_all(struct dropping *d)
{
	int rc = append(d);

	if (rc == 0)
		rc = store_nodes(d);
	if (rc == 0)
		rc = delete_rows(d);
	/* States get the numbers that the rest gives them; then those that it
	 * does not name go. */
	if (rc == 0)
		rc = sbk_rebuild_views(d->journal, d->file.end, d->err);
	if (rc == 0)
		rc = sbk_db_exec(&d->journal->db,
				 "DELETE FROM state WHERE id < 0", d->err);
	return rc;
}

/* Where another process appended since the file was compared, that stands
 * behind what it holds. */
static int commit(struct dropping *d)
{
	struct sbk_journal *journal = d->journal;
	struct sbk_note_signer signer;
	const struct sbk_note_signer *const signers[] = {&signer};
	int rc = sbk_key_load(journal, &signer, d->err);

	if (rc < 0)
		return sbk_error_prefix(d->err, "that entries were dropped "
						"cannot be signed");
	rc = sbk_log_begin(journal, SBK_COMMIT_FLUSHED, d->err);
	if (rc == 0) {
		rc = change_all(d);
		if (rc == 0)
			rc = sbk_checkpoint_add_by(journal, signers, 1, d->err);
		rc = sbk_log_finish(journal, rc, d->err);
	}
	sbk_note_signer_erase(&signer);
	if (rc < 0)
		return rc;
	journal->cut = d->file.end;
	sbk_summary_release(&journal->summary);
	return 0;
}

/* --- its room ------------------------------------------------------------- */

static uint64_t size_of(struct sbk_journal *journal)
{
	uint64_t size = 0;

	/* For people only. */
	(void)sbk_store_look(journal->store, journal->file, false, &size, NULL);
	return size;
}

/* The whole database is written anew into the write-ahead log, then over the
 * old one: a crash leaves the one or the other. */
static void give_back(struct sbk_journal *journal,
		      struct sbk_segment_report *report)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	/* It is the last that is done with this connection. */
	(void)sqlite3_busy_timeout(journal->db.handle, ROOM_WAIT_MS);
	rc = sbk_db_exec(&journal->db, "PRAGMA synchronous = FULL; VACUUM",
			 &why);

	/* A reader may hold what it began with: the file stays as it was. */
	if (rc == 0 && sqlite3_wal_checkpoint_v2(journal->db.handle, NULL,
						 SQLITE_CHECKPOINT_TRUNCATE,
						 NULL, NULL) != SQLITE_OK)
		rc = sbk_db_fail(&journal->db, &why);
	if (rc < 0)
		(void)snprintf(report->room, sizeof(report->room), "%.300s",
			       why.message);
	report->bytes_after = size_of(journal);
}

static int drop(struct dropping *d, uint64_t witnessed)
{
	int rc = check_book(d);

	if (rc == 0)
		rc = check_witness(d, witnessed);
	if (rc == 0)
		rc = check_journal(d);
	if (rc == 0)
		rc = check_file(d);
	if (rc < 0)
		return rc;
	d->base = malloc(sizeof(*d->base));
	if (d->base == NULL)
		return sbk_error_no_memory(d->err);
	/* On a full volume there is no other room for it. */
	rc = sbk_reserve_release(d->journal, d->err);
	return rc < 0 ? rc : commit(d);
}

/* The same file once more: only room is left to be given back. */
static bool was_dropped(struct dropping *d)
{
	struct sbk_segment_base *base = malloc(sizeof(*base));
	struct sbk_error ignored = SBK_ERROR_INIT; /* then it was not */
	uint64_t entry;
	bool same = base != NULL && d->journal->cut == d->file.end &&
		    sbk_segment_base_read(d->journal, d->file.end, base, &entry,
					  &ignored) == 0 &&
		    memcmp(base->root, d->file.root, sizeof(base->root)) == 0;

	free(base);
	return same;
}

int sbk_segment_drop(struct sbk_journal *journal, const struct sbk_buf *text,
		     uint64_t witnessed, struct sbk_segment_report *report,
		     struct sbk_error *err)
{
	struct dropping d = {.journal = journal, .text = text, .err = err};
	int rc = sbk_segment_file_parse(text, &d.file, err);

	memset(report, 0, sizeof(*report));
	if (rc < 0)
		goto out;
	report->first = d.file.first;
	report->end = d.file.end;
	report->before = was_dropped(&d);
	report->bytes_before = size_of(journal);
	if (!report->before)
		rc = drop(&d, witnessed);
	if (rc == 0)
		give_back(journal, report);
	sbk_reserve_refill(journal);
out:
	free(d.older);
	free(d.base);
	sbk_segment_file_release(&d.file);
	return rc;
}
