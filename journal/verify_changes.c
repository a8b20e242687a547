/*
 * Table change, which is nearly all of a large journal, against the entries
 * that it is a view of.
 *
 * It is not built anew: each row is written as the entry that it stands for,
 * and the two texts are compared, which costs a third of reading the entry.
 * Only where they differ is the entry read, and compared column by column.
 *
 * Invariants:
 *  - A row is read here as the commands read it; where SQL and C could see
 *    different things in it (another type, a NUL byte), it is wrong.
 *  - sbk_verify_change is a change as far as the log was read, and has what
 *    the log says of it, never what a row does.
 */
#include "journal/entry_read.h"
#include "journal/verify.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

enum column {
	COLUMN_ID,
	COLUMN_ENTRY,
	COLUMN_TXN,
	COLUMN_UNDOES,
	COLUMN_KIND,
	COLUMN_NAME,
	COLUMN_IDENTITY,
	COLUMN_BEFORE,
	COLUMN_AFTER,
	COLUMN_OURS,
	COLUMN_REASON,
	COLUMN_STATUS,
	COLUMN_NOTE,
};

/* What comes later does not stand in the entry. */
#define COLUMNS_OF_ENTRY COLUMN_STATUS

/* --- rows ----------------------------------------------------------------- */

static int next_row(struct sbk_verification *v)
{
	struct sbk_verify_changes *c = &v->changes;
	int rc = sbk_db_step(&v->journal->db, c->row, v->err);

	c->has_row = rc == 1;
	return rc < 0 ? rc : 0;
}

int sbk_verify_changes_begin(struct sbk_verification *v)
{
	int rc = sbk_db_statement(&v->journal->db, SBK_SQL_CHANGES,
				  &v->changes.row, v->err);

	v->changes.notes = (struct sbk_table)SBK_TABLE_INIT(
		sizeof(struct sbk_verify_note), &v->changes.arena);
	v->states.numbers =
		(struct sbk_table)SBK_TABLE_INIT(sizeof(uint64_t), NULL);
	return rc < 0 ? rc : next_row(v);
}

/* A number, from 1 on or NULL, which is 0. */
static bool get_number(sqlite3_stmt *row, enum column column, uint64_t *out)
{
	const int type = sqlite3_column_type(row, column);
	const sqlite3_int64 value = sqlite3_column_int64(row, column);

	*out = (uint64_t)value;
	return type == SQLITE_NULL || (type == SQLITE_INTEGER && value > 0);
}

/* A text without a NUL byte in it, or NULL. */
static bool get_text(sqlite3_stmt *row, enum column column, const char **out)
{
	const int type = sqlite3_column_type(row, column);

	*out = NULL;
	if (type != SQLITE_TEXT)
		return type == SQLITE_NULL;
	*out = (const char *)sqlite3_column_text(row, column);
	return *out != NULL &&
	       strlen(*out) == (size_t)sqlite3_column_bytes(row, column);
}

bool sbk_verify_read_row(sqlite3_stmt *row, struct sbk_view_change *out)
{
	return get_number(row, COLUMN_ID, &out->id) &&
	       get_number(row, COLUMN_ENTRY, &out->entry) &&
	       get_number(row, COLUMN_TXN, &out->txn) &&
	       get_number(row, COLUMN_UNDOES, &out->undoes) &&
	       get_text(row, COLUMN_KIND, &out->kind) &&
	       get_text(row, COLUMN_NAME, &out->name) &&
	       get_text(row, COLUMN_IDENTITY, &out->identity) &&
	       get_number(row, COLUMN_BEFORE, &out->before) &&
	       get_number(row, COLUMN_AFTER, &out->after) &&
	       get_text(row, COLUMN_OURS, &out->ours) &&
	       get_text(row, COLUMN_REASON, &out->reason);
}

/* --- the row as the entry that it stands for ----------------------------- */

static bool write_row(struct sbk_verification *v,
		      const struct sbk_view_change *row,
		      struct sbk_verify_naming *naming)
{
	struct sbk_verify_changes *c = &v->changes;
	struct sbk_change said = {
		.undoes = row->undoes,
		.object.name = row->name,
		.object.identity = row->identity,
		.ours = row->ours,
		.reason = row->reason,
	};
	struct sbk_shared shared = {.object = row->kind == NULL};
	struct sbk_state_ref before, after;

	if (row->kind != NULL &&
	    (sbk_kind_parse(row->kind, &said.object.kind) < 0 ||
	     row->name == NULL))
		return false;
	if ((row->undoes != 0 && row->undoes <= c->base) ||
	    row->undoes > c->count || row->txn > UINT32_MAX)
		return false;
	if (row->undoes != 0) {
		const struct sbk_verify_change *undone =
			sbk_verify_change(c, row->undoes);

		shared.states = undone->before == row->after &&
				undone->after == row->before;
	}
	if (!sbk_verify_refer(v, row->before, &before, naming) ||
	    !sbk_verify_refer(v, row->after, &after, naming))
		return false;
	sbk_entry_intend(&c->json, row->id, row->txn, &said, &before, &after,
			 &shared);
	return true;
}

/* --- what is held of a change -------------------------------------------- */

/* An inverse change leaves its kind out. */
static bool is_kind(const char *name, enum sbk_kind kind)
{
	return name != NULL && strcmp(name, sbk_kind_name(kind)) == 0;
}

/* `row` is what the log says; the row of the table is there, too, or not. */
static int add_change(struct sbk_verification *v,
		      const struct sbk_view_change *row, bool has_row)
{
	struct sbk_verify_changes *c = &v->changes;
	struct sbk_verify_change *change;
	enum sbk_status status;
	const char *text;

	if (c->count - c->base >= SBK_VERIFY_CHANGES_MAX)
		return sbk_verify_too_many(v, "changes",
					   SBK_VERIFY_CHANGES_MAX);
	if (c->count - c->base == c->room) {
		const size_t room = c->room * 2 + 1024;
		struct sbk_verify_change *items =
			realloc(c->items, room * sizeof(*items));

		if (items == NULL)
			return sbk_error_no_memory(v->err);
		c->items = items;
		c->room = room;
	}
	change = sbk_verify_change(c, ++c->count);
	*change = (struct sbk_verify_change){
		.txn = (uint32_t)row->txn,
		.undoes = (uint32_t)row->undoes,
		.before = (uint32_t)row->before,
		.after = (uint32_t)row->after,
		.status = SBK_STATUS_PREPARED,
		.row_status = SBK_VERIFY_ROW_MISSING,
		.kept = is_kind(row->kind, SBK_KIND_KEPT),
		/* No tool makes or undoes it, and writes the copies again. */
		.apart = is_kind(row->kind, SBK_KIND_SUBID),
	};
	if (c->run_txn == 0) {
		c->run_txn = row->txn;
		c->run_first = c->count;
	}
	if (!has_row)
		return 0;
	change->row_status =
		get_text(c->row, COLUMN_STATUS, &text) && text != NULL &&
				sbk_status_parse(text, &status) == 0
			? (uint8_t)status
			: SBK_VERIFY_ROW_STRANGE;
	return 0;
}

/* What its row says of a change later on; compared at the end. */
static int take_note(struct sbk_verification *v)
{
	struct sbk_verify_changes *c = &v->changes;
	struct sbk_verify_note *note;
	const char *text;
	int rc = 0;

	if (sqlite3_column_type(c->row, COLUMN_NOTE) == SQLITE_NULL)
		return 0;
	note = sbk_verify_note(v, c->count, &rc);
	if (note == NULL)
		return rc;
	note->has_row = true; /* as zeros, where it is no text */
	if (get_text(c->row, COLUMN_NOTE, &text))
		sbk_sha256(text, strlen(text), note->row);
	return 0;
}

static int add_with_row(struct sbk_verification *v,
			const struct sbk_view_change *change)
{
	int rc = add_change(v, change, true);

	if (rc == 0)
		rc = take_note(v);
	return rc < 0 ? rc : next_row(v);
}

/* --- where the texts differ: column by column ---------------------------- */

static int said_states(struct sbk_verification *v,
		       const struct sbk_intend *said,
		       struct sbk_view_change *out)
{
	int rc = 0;

	if (!said->has_states) {
		const struct sbk_verify_change *undone =
			sbk_verify_change(&v->changes, said->undoes);

		out->before = undone->after;
		out->after = undone->before;
		return 0;
	}
	if (!said->before_absent)
		rc = sbk_verify_state(v, said->before, &out->before);
	if (rc == 0 && !said->after_absent)
		rc = sbk_verify_state(v, said->after, &out->after);
	return rc;
}

/* The row that the entry calls for. */
static int said_row(struct sbk_verification *v, uint64_t n,
		    const struct sbk_intend *said, struct sbk_view_change *out)
{
	*out = (struct sbk_view_change){
		.id = said->change,
		.entry = n,
		.txn = said->txn,
		.undoes = said->undoes,
		.kind = said->kind,
		.name = said->name,
		.identity = said->identity,
		.ours = said->ours,
		.reason = said->reason,
	};
	if (said->undoes != 0 && said->reason != NULL &&
	    strcmp(said->reason, SBK_REASON_UNDO) == 0)
		out->reason = NULL;
	return said_states(v, said, out);
}

static bool same_number(sqlite3_stmt *row, enum column column, uint64_t said)
{
	if (said == 0)
		return sqlite3_column_type(row, column) == SQLITE_NULL;
	return sqlite3_column_type(row, column) == SQLITE_INTEGER &&
	       (uint64_t)sqlite3_column_int64(row, column) == said;
}

static bool same_text(sqlite3_stmt *row, enum column column, const char *said)
{
	const char *text;

	if (!get_text(row, column, &text))
		return false;
	return text == NULL || said == NULL ? text == said
					    : strcmp(text, said) == 0;
}

static bool same_column(sqlite3_stmt *row, enum column column,
			const struct sbk_view_change *said)
{
	switch (column) {
	case COLUMN_ID:
		return same_number(row, column, said->id);
	case COLUMN_ENTRY:
		return same_number(row, column, said->entry);
	case COLUMN_TXN:
		return same_number(row, column, said->txn);
	case COLUMN_UNDOES:
		return same_number(row, column, said->undoes);
	case COLUMN_KIND:
		return same_text(row, column, said->kind);
	case COLUMN_NAME:
		return same_text(row, column, said->name);
	case COLUMN_IDENTITY:
		return same_text(row, column, said->identity);
	case COLUMN_BEFORE:
		return same_number(row, column, said->before);
	case COLUMN_AFTER:
		return same_number(row, column, said->after);
	case COLUMN_OURS:
		return same_text(row, column, said->ours);
	case COLUMN_REASON:
		return same_text(row, column, said->reason);
	default:
		return true; /* told by later entries */
	}
}

static void compare_columns(struct sbk_verification *v, uint64_t n,
			    const struct sbk_view_change *said)
{
	sqlite3_stmt *row = v->changes.row;
	bool same = true;
	int i;

	for (i = 0; i < COLUMNS_OF_ENTRY; i++) {
		if (same_column(row, (enum column)i, said))
			continue;
		same = false;
		sbk_verify_find_row(
			v,
			"table change, row %llu: %s is not what the "
			"log says",
			(unsigned long long)said->id,
			sqlite3_column_name(row, i));
	}
	if (same)
		sbk_verify_find(v, "entry %llu is not written as entries are",
				(unsigned long long)n);
}

/* Rows below `id` that no entry stands for. */
static int skip_rows(struct sbk_verification *v, sqlite3_int64 id)
{
	struct sbk_verify_changes *c = &v->changes;
	int rc = 0;

	while (rc == 0 && c->has_row && !sbk_verify_over(v) &&
	       sqlite3_column_int64(c->row, COLUMN_ID) < id) {
		sbk_verify_find_row(
			v,
			"table change has a row %lld that is not in "
			"the log",
			(long long)sqlite3_column_int64(c->row, COLUMN_ID));
		rc = next_row(v);
	}
	return rc;
}

static int compare_said(struct sbk_verification *v, uint64_t n,
			const struct sbk_view_change *said)
{
	struct sbk_verify_changes *c = &v->changes;
	int rc = skip_rows(v, (sqlite3_int64)said->id);

	if (rc < 0)
		return rc;
	if (c->has_row && sqlite3_column_int64(c->row, COLUMN_ID) ==
				  (sqlite3_int64)said->id) {
		compare_columns(v, n, said);
		return add_with_row(v, said);
	}
	sbk_verify_find_row(v, "table change lacks row %llu",
			    (unsigned long long)said->id);
	return add_change(v, said, false);
}

/* Whether it can be what comes next. */
static bool fits(const struct sbk_verify_changes *c,
		 const struct sbk_intend *said)
{
	return said->change == c->count + 1 && said->undoes <= c->count &&
	       (said->undoes == 0 || said->undoes > c->base) && said->txn > 0 &&
	       said->txn <= UINT32_MAX;
}

static int read_intend(struct sbk_verification *v, uint64_t n, const char *json,
		       size_t size)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_view_change row;
	struct sbk_entry_reader r;
	struct sbk_intend said;
	int rc = sbk_entry_open(&r, n, json, size, &why);

	if (rc == 0)
		rc = sbk_entry_read_intend(&r, &said);
	if (rc == SBK_E_NOMEM) {
		rc = sbk_error_no_memory(v->err);
	} else if (rc < 0 || !fits(&v->changes, &said)) {
		sbk_verify_strange(v, n, rc < 0 ? why.message : NULL);
		rc = 0;
	} else {
		rc = said_row(v, n, &said, &row);
		if (rc == 0)
			rc = compare_said(v, n, &row);
	}
	sbk_entry_close(&r);
	return rc;
}

/* ------------------------------------------------------------------------ */

int sbk_verify_intend(struct sbk_verification *v, uint64_t n, const char *json,
		      size_t size)
{
	struct sbk_verify_naming naming = {.count = 0};
	struct sbk_verify_changes *c = &v->changes;
	struct sbk_view_change row;
	int rc;

	if (!c->has_row || !sbk_verify_read_row(c->row, &row) ||
	    row.id != c->count + 1 || row.entry != n || row.txn == 0 ||
	    !write_row(v, &row, &naming))
		return read_intend(v, n, json, size);
	rc = sbk_buf_failed(&c->json, v->err);
	if (rc < 0)
		return rc;
	if (c->json.size != size || memcmp(c->json.data, json, size) != 0)
		return read_intend(v, n, json, size);
	rc = sbk_verify_named(v, &naming);
	return rc < 0 ? rc : add_with_row(v, &row);
}

int sbk_verify_end_run(struct sbk_verification *v)
{
	struct sbk_verify_changes *c = &v->changes;
	int rc = 0;

	if (c->run_txn != 0)
		rc = sbk_view_extend(&v->rebuilt, c->run_txn, c->run_first,
				     c->count, v->err);
	c->run_txn = 0;
	return rc;
}

static bool same_note(struct sbk_verification *v, uint64_t id)
{
	const struct sbk_verify_note *note;
	int rc = 0;

	if (!sbk_verify_change(&v->changes, id)->noted)
		return true;
	note = sbk_verify_note(v, id, &rc); /* it is there */
	return note->has_said == note->has_row &&
	       (!note->has_said ||
		memcmp(note->said, note->row, sizeof(note->said)) == 0);
}

static void compare_outcome(struct sbk_verification *v, uint64_t id)
{
	const struct sbk_verify_change *change =
		sbk_verify_change(&v->changes, id);

	if (change->row_status == SBK_VERIFY_ROW_MISSING)
		return; /* which was told */
	if (change->row_status != change->status)
		sbk_verify_find_row(
			v,
			"table change, row %llu: status is not what "
			"the log says",
			(unsigned long long)id);
	if (!same_note(v, id))
		sbk_verify_find_row(
			v,
			"table change, row %llu: note is not what the "
			"log says",
			(unsigned long long)id);
}

int sbk_verify_changes_end(struct sbk_verification *v)
{
	uint64_t id;
	int rc = sbk_verify_end_run(v);

	if (rc == 0)
		rc = skip_rows(v, INT64_MAX);
	for (id = v->changes.base + 1;
	     id <= v->changes.count && !sbk_verify_over(v); id++)
		compare_outcome(v, id);
	return rc;
}

void sbk_verify_changes_release(struct sbk_verification *v)
{
	struct sbk_verify_changes *c = &v->changes;

	if (c->row != NULL)
		(void)sqlite3_reset(c->row); /* its error was reported */
	sbk_table_release(&c->notes);
	sbk_arena_release(&c->arena);
	sbk_buf_release(&c->json);
	free(c->items);
}
