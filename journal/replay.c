/*
 * Entries read back into tables: by the verifier into the small ones, in
 * memory, and by rebuild.c into all.
 */
#include "journal/entry_read.h"
#include "journal/segment.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct replay {
	struct sbk_db *db;
	const char *text; /* of the entry */
	size_t size;
	struct sbk_entry_reader in;
	struct sbk_error *err;
};

static int wrong(struct replay *r, const char *key)
{
	return sbk_entry_wrong(&r->in, key);
}

static int replay_create(struct replay *r)
{
	const char *key = NULL;
	uint64_t format = 0;
	int rc = sbk_entry_number(&r->in, "format", &format);

	if (rc == 0 &&
	    (r->in.n != 0 || format < 1 || format > SBK_SCHEMA_VERSION))
		rc = wrong(r, "format");
	/* Format 1 had none. */
	if (rc == 0)
		rc = sbk_entry_optional(&r->in, r->in.json, "key", &key);
	if (rc == 0 && key == NULL && format > 1)
		rc = wrong(r, "key");
	if (rc < 0 || key == NULL)
		return rc;
	return sbk_view_signer(r->db, r->in.n, key, NULL, r->err);
}

static int replay_key(struct replay *r)
{
	const char *key = NULL, *signature = NULL;
	int rc = sbk_entry_text(&r->in, "key", &key);

	if (rc == 0)
		rc = sbk_entry_optional(&r->in, r->in.json, "signature",
					&signature);
	if (rc < 0)
		return rc;
	return sbk_view_signer(r->db, r->in.n, key, signature, r->err);
}

static int replay_witness(struct replay *r)
{
	const char *found = NULL, *key = NULL, *note = NULL;
	struct sbk_owner person;
	int rc = sbk_entry_owner(&r->in, "person", &person);

	if (rc == 0)
		rc = sbk_entry_text(&r->in, "found", &found);
	if (rc == 0)
		rc = sbk_entry_optional(&r->in, r->in.json, "key", &key);
	if (rc == 0)
		rc = sbk_entry_optional(&r->in, r->in.json, "note", &note);
	if (rc < 0)
		return rc;
	return sbk_view_witness(r->db, r->in.n, &person, found, key, note,
				r->err);
}

static int replay_begin(struct replay *r)
{
	uint64_t txn = 0, session = 0;
	const char *kind = NULL, *title = NULL;
	int64_t time_ms = 0;
	int rc = sbk_entry_number(&r->in, "txn", &txn);

	if (rc == 0)
		rc = sbk_entry_text(&r->in, "kind", &kind);
	if (rc == 0)
		rc = sbk_entry_time(&r->in, &time_ms);
	if (rc == 0)
		rc = sbk_entry_text(&r->in, "title", &title);
	if (rc == 0 && json_object_get(r->in.json, "session") != NULL)
		rc = sbk_entry_number(&r->in, "session", &session);
	if (rc < 0)
		return rc;
	return sbk_view_begin(r->db, txn, r->in.n, kind, title, session,
			      time_ms, r->err);
}

static int replay_root(struct replay *r)
{
	struct sbk_plan_root root = {.path = NULL};
	uint64_t txn = 0;
	int rc = sbk_entry_number(&r->in, "txn", &txn);

	if (rc == 0)
		rc = sbk_entry_text(&r->in, "path", &root.path);
	if (rc == 0)
		rc = sbk_entry_optional(&r->in, r->in.json, "identity",
					&root.identity);
	if (rc == 0)
		rc = sbk_entry_text(&r->in, "principal", &root.principal);
	if (rc == 0)
		rc = sbk_entry_optional(&r->in, r->in.json, "principal_name",
					&root.principal_name);
	if (rc < 0)
		return rc;
	root.writable = json_is_true(json_object_get(r->in.json, "writable"));
	return sbk_view_root(r->db, txn, r->in.n, &root, r->err);
}

/* The states of the change that is undone, exchanged. */
static int share_states(struct replay *r, struct sbk_view_change *change)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(r->db, SBK_SQL_FIND_CHANGE, &row, r->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)change->undoes);
	rc = sbk_db_step(r->db, row, r->err);
	if (rc == 1) {
		change->before = (uint64_t)sqlite3_column_int64(row, 4);
		change->after = (uint64_t)sqlite3_column_int64(row, 3);
	}
	(void)sqlite3_reset(row); /* the error is in r->err */
	return rc == 0 ? wrong(r, "undoes") : rc < 0 ? rc : 0;
}

/* The views number states in the order in which the log first names them. */
static int add_states(struct replay *r, const struct sbk_intend *said,
		      struct sbk_view_change *change)
{
	int rc = 0;

	if (!said->has_states)
		return share_states(r, change);
	if (!said->before_absent)
		rc = sbk_view_state(r->db, said->before, NULL, 0,
				    &change->before, r->err);
	if (rc == 0 && !said->after_absent)
		rc = sbk_view_state(r->db, said->after, NULL, 0, &change->after,
				    r->err);
	return rc;
}

static int replay_intend(struct replay *r)
{
	struct sbk_intend said;
	struct sbk_view_change change;
	int rc = sbk_entry_read_intend(&r->in, &said);

	if (rc < 0)
		return rc;
	change = (struct sbk_view_change){
		.entry = r->in.n,
		.id = said.change,
		.txn = said.txn,
		.undoes = said.undoes,
		.kind = said.kind,
		.name = said.name,
		.identity = said.identity,
		.ours = said.ours,
		.reason = said.reason,
	};
	rc = add_states(r, &said, &change);
	if (rc == 0)
		rc = sbk_view_intend(r->db, &change, r->err);
	if (rc == 0)
		rc = sbk_view_extend(r->db, change.txn, change.id, change.id,
				     r->err);
	return rc;
}

static int replay_ranges(struct replay *r, const char *status)
{
	const json_t *ranges = json_object_get(r->in.json, status);
	const json_t *range;
	uint64_t first = 0, last = 0;
	size_t i;
	int rc = 0;

	json_array_foreach(ranges, i, range) {
		rc = sbk_entry_range(&r->in, range, &first, &last);
		if (rc == 0)
			rc = sbk_view_settle(r->db, status, first, last,
					     r->err);
		if (rc == 0)
			rc = sbk_view_follow(r->db, status, first, last,
					     r->err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int replay_keep(struct replay *r)
{
	const json_t *ranges = json_object_get(
		r->in.json, sbk_status_name(SBK_STATUS_CONFIRMED));
	const json_t *range;
	uint64_t first = 0, last = 0;
	size_t i;
	int rc = 0;

	json_array_foreach(ranges, i, range) {
		rc = sbk_entry_range(&r->in, range, &first, &last);
		if (rc == 0)
			rc = sbk_view_keep(r->db, first, last, r->err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int replay_notes(struct replay *r)
{
	const json_t *notes = json_object_get(r->in.json, "notes");
	const json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach(notes, i, item) {
		const json_t *change = json_object_get(item, "change");
		const char *note;

		r->in.text_count = 0;
		rc = sbk_entry_optional(&r->in, item, "note", &note);
		if (rc == 0 && (note == NULL || !json_is_integer(change)))
			rc = wrong(r, "notes");
		if (rc == 0)
			rc = sbk_view_note(r->db,
					   (uint64_t)json_integer_value(change),
					   note, r->err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int replay_settle(struct replay *r)
{
	/* In the order in which the entry has them. */
	static const enum sbk_status statuses[] = {
		SBK_STATUS_CONFIRMED,
		SBK_STATUS_UNDONE,
		SBK_STATUS_CONFLICT,
		SBK_STATUS_OWED,
	};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		rc = replay_ranges(r, sbk_status_name(statuses[i]));
	if (rc == 0)
		rc = replay_keep(r);
	return rc < 0 ? rc : replay_notes(r);
}

static int replay_end(struct replay *r)
{
	const char *state = NULL;
	uint64_t txn = 0;
	int rc = sbk_entry_number(&r->in, "txn", &txn);

	if (rc == 0)
		rc = sbk_entry_text(&r->in, "state", &state);
	if (rc == 0)
		rc = sbk_view_end(r->db, txn, r->in.n, state, r->err);
	return rc;
}

static int replay_session_begin(struct replay *r)
{
	uint64_t session = 0;
	int64_t time_ms = 0;
	int rc = sbk_entry_number(&r->in, "session", &session);

	if (rc == 0)
		rc = sbk_entry_time(&r->in, &time_ms);
	if (rc == 0)
		rc = sbk_view_session_begin(r->db, session, r->in.n, time_ms,
					    r->err);
	return rc;
}

static int replay_session_end(struct replay *r)
{
	const char *state = NULL;
	uint64_t session = 0;
	int64_t time_ms = 0;
	int rc = sbk_entry_number(&r->in, "session", &session);

	if (rc == 0)
		rc = sbk_entry_time(&r->in, &time_ms);
	if (rc == 0)
		rc = sbk_entry_text(&r->in, "state", &state);
	if (rc == 0)
		rc = sbk_view_session_end(r->db, session, r->in.n, time_ms,
					  state, r->err);
	return rc;
}

/* What it says of the entries before it, these said themselves, or, where they
 * are gone, who replays the rest has heard first (sbk_segment_seed). */
static int replay_drop(struct replay *r)
{
	struct sbk_segment_base *base = malloc(sizeof(*base));
	int rc;

	if (base == NULL)
		return sbk_error_no_memory(r->err);
	rc = sbk_segment_base_parse(r->in.n, r->text, r->size, base, r->err);
	if (rc == 0)
		rc = sbk_view_segment(r->db, r->in.n, base, r->err);
	free(base);
	return rc;
}

static const struct {
	const char *op;
	int (*replay)(struct replay *r);
	bool large; /* of tables change and state */
} operations[] = {
	{"create", replay_create, false},
	{"key", replay_key, false},
	{"witness", replay_witness, false},
	{"begin", replay_begin, false},
	{"root", replay_root, false},
	{"intend", replay_intend, true},
	{"settle", replay_settle, true},
	{"end", replay_end, false},
	{"session_begin", replay_session_begin, false},
	{"session_end", replay_session_end, false},
	{"drop", replay_drop, false},
};

static int dispatch(struct replay *r, enum sbk_replay_tables tables)
{
	const char *op = json_string_value(json_object_get(r->in.json, "op"));
	size_t i;

	for (i = 0;
	     op != NULL && i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].op, op) == 0 &&
		    !(operations[i].large && tables == SBK_REPLAY_SMALL))
			return operations[i].replay(r);
	return wrong(r, "op");
}

int sbk_replay(struct sbk_db *db, uint64_t n, const char *json, size_t size,
	       enum sbk_replay_tables tables, struct sbk_error *err)
{
	struct replay r = {.db = db, .text = json, .size = size, .err = err};
	int rc = sbk_entry_open(&r.in, n, json, size, err);

	if (rc == 0)
		rc = dispatch(&r, tables);
	sbk_entry_close(&r.in);
	return rc;
}
