/*
 * The log as text that others can check: the head, then every entry as it was
 * hashed, one a line, then the states that entries name by their hashes, then
 * what was signed. Reads one snapshot; sealed states stay where they are.
 */
#include "journal/internal.h"

#include "engine/banned.h"

#define EXPORT_CHUNK ((size_t)1 << 20)

struct export
{
	struct sbk_journal *journal;
	sbk_journal_sink_fn *sink;
	void *arg;
	struct sbk_buf out;
};

static void export_head(struct export *e)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	struct sbk_buf *out = &e->out;

	sbk_tree_root(&e->journal->tree, root);
	sbk_json_open(out, '{');
	sbk_json_string(out, "export", "sandbook journal");
	sbk_json_integer(out, "format", SBK_SCHEMA_VERSION);
	sbk_json_string(out, "book", sbk_book_name(e->journal->book));
	sbk_json_integer(out, "size", (int64_t)e->journal->tree.size);
	sbk_json_key(out, "root");
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, root, sizeof(root));
	sbk_buf_adds(out, "\"}\n");
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

/* A signed note, as it is. */
static void export_checkpoint(sqlite3_stmt *row, struct sbk_buf *out)
{
	const char *note = sbk_db_text(row, 1);

	sbk_json_open(out, '{');
	sbk_json_name(out, "checkpoint", note != NULL ? note : "");
	sbk_buf_adds(out, "}\n");
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

static int export_rows(struct export *e, enum sbk_sql sql,
		       void (*export)(sqlite3_stmt *row, struct sbk_buf *out),
		       struct sbk_error *err)
{
	struct sbk_db *db = &e->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, sql, &row, err);

	if (rc < 0)
		return rc;
	if (sql == SBK_SQL_ENTRIES)
		(void)sqlite3_bind_int64(row, 1, 0);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		export(row, &e->out);
		rc = export_flush(e, EXPORT_CHUNK, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
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
	export_head(&e);
	/* Each line of an entry is what was hashed. */
	rc = export_rows(&e, SBK_SQL_ENTRIES, export_entry, err);
	if (rc == 0)
		rc = export_rows(&e, SBK_SQL_STATES, export_state, err);
	if (rc == 0)
		rc = export_rows(&e, SBK_SQL_CHECKPOINTS, export_checkpoint,
				 err);
	if (rc == 0)
		rc = export_flush(&e, 0, err);
	sbk_db_abandon(&journal->db); /* only read */
	sbk_buf_release(&e.out);
	return rc;
}
