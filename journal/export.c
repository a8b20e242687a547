/*
 * The log as text that others can check: the head, then every entry as it was
 * hashed, one a line, then the states that entries name by their hashes, then
 * what was signed. Reads one snapshot; sealed states stay where they are.
 *
 * The whole log and a segment of it are the same text but for where it ends.
 * Of a log whose oldest entries were dropped it says what stands for them.
 */
#include "journal/proof.h"
#include "journal/segment.h"

#include <stdlib.h>

#include "engine/banned.h"

#define EXPORT_CHUNK ((size_t)1 << 20)

struct export
{
	struct sbk_journal *journal;
	sbk_journal_sink_fn *sink;
	void *arg;
	uint64_t end; /* of the entries */
	struct sbk_buf out;
};

/* The entry that dropped them, which others may have to read first. */
static int export_drop(struct export *e, struct sbk_error *err)
{
	struct sbk_segment_base *base = malloc(sizeof(*base));
	struct sbk_buf text = SBK_BUF_INIT;
	uint64_t entry = 0;
	sqlite3_stmt *row;
	int rc;

	if (base == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_segment_base_read(e->journal, e->journal->cut, base, &entry,
				   err);
	free(base);
	if (rc == 0)
		rc = sbk_db_statement(&e->journal->db, SBK_SQL_ENTRY, &row,
				      err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)entry);
	rc = sbk_db_step(&e->journal->db, row, err);
	if (rc == 1)
		sbk_buf_add(&text, sqlite3_column_text(row, 0),
			    (size_t)sqlite3_column_bytes(row, 0));
	(void)sqlite3_reset(row); /* the error is in `err` */
	sbk_segment_drop_print(entry, sbk_buf_text(&text), &e->out);
	sbk_buf_release(&text);
	return rc < 0 ? rc : 0;
}

static int export_head(struct export *e, struct sbk_error *err)
{
	struct sbk_tree before;
	struct sbk_segment_head head = {
		.format = SBK_SCHEMA_VERSION,
		.end = e->end,
		.book = e->journal->book,
		.before = &before,
	};
	int rc = 0;

	sbk_tree_init(&before);
	sbk_tree_root(&e->journal->tree, head.root);
	if (e->end < e->journal->tree.size)
		rc = sbk_proof_root(e->journal, e->end, head.root, err);
	if (rc == 0 && e->journal->cut > 0)
		rc = sbk_segment_tree(e->journal, e->journal->cut, &before,
				      err);
	if (rc == 0)
		sbk_segment_head_print(&head, &e->out);
	return rc == 0 && before.size > 0 ? export_drop(e, err) : rc;
}

/* A state that the log names by its hash. */
static void export_state(sqlite3_stmt *row, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_key(out, "state");
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, sqlite3_column_blob(row, 1),
			(size_t)sqlite3_column_bytes(row, 1));
	sbk_buf_addc(out, '"');
	if (sqlite3_column_type(row, 2) == SQLITE_NULL) {
		sbk_json_bool(out, "sealed", true);
	} else {
		sbk_json_key(out, "bytes_hex");
		sbk_buf_addc(out, '"');
		sbk_buf_add_hex(out, sqlite3_column_blob(row, 2),
				(size_t)sqlite3_column_bytes(row, 2));
		sbk_buf_addc(out, '"');
	}
	sbk_buf_adds(out, "}\n");
}

static void export_checkpoint(sqlite3_stmt *row, struct sbk_buf *out)
{
	const char *note = sbk_db_text(row, 1);

	sbk_checkpoint_line_print(note != NULL ? note : "", out);
}

static void export_entry(sqlite3_stmt *row, struct sbk_buf *out)
{
	sbk_buf_add(out, sqlite3_column_text(row, 1),
		    (size_t)sqlite3_column_bytes(row, 1));
	sbk_buf_addc(out, '\n');
}

/* Hands on what has gathered, once it is `least` bytes. */
static int export_flush(struct export *e, size_t least, struct sbk_error *err)
{
	int rc = sbk_buf_failed(&e->out, err);

	if (rc < 0 || e->out.size < least)
		return rc;
	rc = e->sink(e->arg, &e->out, err);
	sbk_buf_clear(&e->out);
	return rc;
}

static int export_rows(struct export *e, enum sbk_sql sql, uint64_t bound,
		       void (*export)(sqlite3_stmt *row, struct sbk_buf *out),
		       struct sbk_error *err)
{
	struct sbk_db *db = &e->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, sql, &row, err);

	if (rc < 0)
		return rc;
	/* Without a parameter it is refused, and that is what is wanted. */
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)bound);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		if (sql == SBK_SQL_ENTRIES &&
		    (uint64_t)sqlite3_column_int64(row, 0) >= e->end) {
			rc = 0;
			break;
		}
		export(row, &e->out);
		rc = export_flush(e, EXPORT_CHUNK, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* The states and checkpoints of a segment are those of its entries. */
static int export_all(struct export *e, bool whole, struct sbk_error *err)
{
	int rc = export_head(e, err);

	/* Each line of an entry is what was hashed. */
	if (rc == 0)
		rc = export_rows(e, SBK_SQL_ENTRIES, 0, export_entry, err);
	if (rc == 0)
		rc = export_rows(
			e, whole ? SBK_SQL_STATES : SBK_SQL_SEGMENT_STATES,
			e->end, export_state, err);
	if (rc == 0)
		rc = export_rows(e,
				 whole ? SBK_SQL_CHECKPOINTS
				       : SBK_SQL_SEGMENT_CHECKPOINTS,
				 e->end, export_checkpoint, err);
	return rc == 0 ? export_flush(e, 0, err) : rc;
}

int sbk_segment_print(struct sbk_journal *journal, uint64_t end,
		      sbk_journal_sink_fn *sink, void *arg,
		      struct sbk_error *err)
{
	struct export e = {.journal = journal,
			   .sink = sink,
			   .arg = arg,
			   .end = end,
			   .out = SBK_BUF_INIT};
	int rc = export_all(&e, false, err);

	sbk_buf_release(&e.out);
	return rc;
}

int sbk_journal_export(struct sbk_journal *journal, sbk_journal_sink_fn *sink,
		       void *arg, struct sbk_error *err)
{
	struct export e = {.journal = journal,
			   .sink = sink,
			   .arg = arg,
			   .out = SBK_BUF_INIT};
	/* One snapshot, and the head that belongs to it. */
	int rc = sbk_log_snapshot(journal, err);

	if (rc < 0)
		return rc;
	e.end = journal->tree.size;
	rc = export_all(&e, true, err);
	sbk_db_abandon(&journal->db); /* only read */
	sbk_buf_release(&e.out);
	return rc;
}
