/*
 * Entries read back: what a text of the log means for the views. Used by
 * verify, which builds the views anew and compares. The entries are data that
 * somebody may have written: every field is checked for its type.
 */
#include "journal/internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

struct replay {
	struct sbk_db *db;
	uint64_t n;		 /* of the entry */
	const json_t *json;	 /* the entry */
	struct sbk_buf texts[5]; /* names that were written in hexadecimal */
	size_t text_count;
	struct sbk_error *err;
};

static int wrong(struct replay *r, const char *key)
{
	return sbk_error_set(r->err, SBK_E_CORRUPT,
			     "entry %llu has no proper \"%s\"",
			     (unsigned long long)r->n, key);
}

static int get_number(struct replay *r, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(r->json, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return wrong(r, key);
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

static int get_time(struct replay *r, int64_t *out)
{
	uint64_t value;
	int rc = get_number(r, "time_ms", &value);

	if (rc == 0)
		*out = (int64_t)value;
	return rc;
}

/* The value of "<key>_hex" as bytes without a NUL. */
static int decode_hex(struct replay *r, const char *key, const char *hex,
		      const char **out)
{
	struct sbk_buf *text = &r->texts[r->text_count++];
	const size_t size = strlen(hex) / 2;

	sbk_buf_clear(text);
	sbk_buf_add(text, hex, size); /* room for the bytes */
	if (sbk_buf_failed(text, r->err) < 0)
		return SBK_E_NOMEM;
	if (size == 0 || !sbk_hex_decode(hex, text->data, size) ||
	    memchr(text->data, '\0', size) != NULL)
		return wrong(r, key);
	*out = text->data;
	return 0;
}

/* A text, or a name that is not UTF-8; NULL where it is left out. */
static int get_optional(struct replay *r, const json_t *object, const char *key,
			const char **out)
{
	const json_t *value = json_object_get(object, key);
	char hex_key[32];

	*out = NULL;
	if (value != NULL) {
		*out = json_string_value(value);
		return *out != NULL ? 0 : wrong(r, key);
	}
	(void)snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	value = json_object_get(object, hex_key);
	if (value == NULL)
		return 0;
	if (!json_is_string(value) ||
	    r->text_count == sizeof(r->texts) / sizeof(r->texts[0]))
		return wrong(r, hex_key);
	return decode_hex(r, hex_key, json_string_value(value), out);
}

static int get_text(struct replay *r, const char *key, const char **out)
{
	int rc = get_optional(r, r->json, key, out);

	return rc == 0 && *out == NULL ? wrong(r, key) : rc;
}

/* The id of a state that the entry names; the views number states in the
 * order in which the log first mentions them. */
static int get_state(struct replay *r, const char *key, uint64_t *id)
{
	const json_t *value = json_object_get(r->json, key);
	unsigned char hash[SBK_STATE_HASH_BYTES];

	*id = 0;
	if (json_is_null(value))
		return 0;
	if (!json_is_string(value) ||
	    !sbk_hex_decode(json_string_value(value), hash, sizeof(hash)))
		return wrong(r, key);
	return sbk_view_state(r->db, hash, NULL, 0, id, r->err);
}

static int replay_create(struct replay *r)
{
	const char *key = NULL;
	uint64_t format = 0;
	int rc = get_number(r, "format", &format);

	if (rc == 0 && (r->n != 0 || format < 1 || format > SBK_SCHEMA_VERSION))
		rc = wrong(r, "format");
	/* Format 1 had none. */
	if (rc == 0)
		rc = get_optional(r, r->json, "key", &key);
	if (rc == 0 && key == NULL && format > 1)
		rc = wrong(r, "key");
	if (rc < 0 || key == NULL)
		return rc;
	return sbk_view_signer(r->db, r->n, key, NULL, r->err);
}

static int replay_key(struct replay *r)
{
	const char *key = NULL, *signature = NULL;
	int rc = get_text(r, "key", &key);

	if (rc == 0)
		rc = get_optional(r, r->json, "signature", &signature);
	if (rc < 0)
		return rc;
	return sbk_view_signer(r->db, r->n, key, signature, r->err);
}

static int replay_begin(struct replay *r)
{
	uint64_t txn = 0, session = 0;
	const char *kind = NULL, *title = NULL;
	int64_t time_ms = 0;
	int rc = get_number(r, "txn", &txn);

	if (rc == 0)
		rc = get_text(r, "kind", &kind);
	if (rc == 0)
		rc = get_time(r, &time_ms);
	if (rc == 0)
		rc = get_text(r, "title", &title);
	if (rc == 0 && json_object_get(r->json, "session") != NULL)
		rc = get_number(r, "session", &session);
	if (rc < 0)
		return rc;
	return sbk_view_begin(r->db, txn, r->n, kind, title, session, time_ms,
			      r->err);
}

static int replay_root(struct replay *r)
{
	struct sbk_plan_root root = {.path = NULL};
	uint64_t txn = 0;
	int rc = get_number(r, "txn", &txn);

	if (rc == 0)
		rc = get_text(r, "path", &root.path);
	if (rc == 0)
		rc = get_optional(r, r->json, "identity", &root.identity);
	if (rc == 0)
		rc = get_text(r, "principal", &root.principal);
	if (rc == 0)
		rc = get_optional(r, r->json, "principal_name",
				  &root.principal_name);
	if (rc < 0)
		return rc;
	root.writable = json_is_true(json_object_get(r->json, "writable"));
	return sbk_view_root(r->db, txn, r->n, &root, r->err);
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

static int replay_object(struct replay *r, struct sbk_view_change *change)
{
	int rc;

	if (change->undoes != 0 && json_object_get(r->json, "kind") == NULL)
		return 0;
	rc = get_text(r, "kind", &change->kind);
	if (rc == 0)
		rc = get_text(r, "name", &change->name);
	if (rc == 0)
		rc = get_optional(r, r->json, "identity", &change->identity);
	return rc;
}

static int replay_states(struct replay *r, struct sbk_view_change *change)
{
	int rc;

	if (change->undoes != 0 && json_object_get(r->json, "before") == NULL)
		return share_states(r, change);
	rc = get_state(r, "before", &change->before);
	if (rc == 0)
		rc = get_state(r, "after", &change->after);
	return rc;
}

static int replay_intend(struct replay *r)
{
	struct sbk_view_change change = {.entry = r->n};
	int rc = get_number(r, "change", &change.id);

	if (rc == 0)
		rc = get_number(r, "txn", &change.txn);
	if (rc == 0 && json_object_get(r->json, "undoes") != NULL)
		rc = get_number(r, "undoes", &change.undoes);
	if (rc == 0)
		rc = replay_object(r, &change);
	if (rc == 0)
		rc = replay_states(r, &change);
	if (rc == 0)
		rc = get_optional(r, r->json, "ours", &change.ours);
	if (rc == 0)
		rc = get_optional(r, r->json, "reason", &change.reason);
	if (rc == 0)
		rc = sbk_view_intend(r->db, &change, r->err);
	if (rc == 0)
		rc = sbk_view_extend(r->db, change.txn, change.id, change.id,
				     r->err);
	return rc;
}

static int get_range(struct replay *r, const json_t *range, uint64_t *first,
		     uint64_t *last)
{
	const json_t *a = json_array_get(range, 0);
	const json_t *b = json_array_get(range, 1);

	if (!json_is_integer(a) || !json_is_integer(b) ||
	    json_integer_value(a) < 1 ||
	    json_integer_value(b) < json_integer_value(a))
		return wrong(r, "range");
	*first = (uint64_t)json_integer_value(a);
	*last = (uint64_t)json_integer_value(b);
	return 0;
}

static int replay_ranges(struct replay *r, const char *status)
{
	const json_t *ranges = json_object_get(r->json, status);
	const json_t *range;
	uint64_t first = 0, last = 0;
	size_t i;
	int rc = 0;

	json_array_foreach(ranges, i, range) {
		rc = get_range(r, range, &first, &last);
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
	const json_t *ranges =
		json_object_get(r->json, sbk_status_name(SBK_STATUS_CONFIRMED));
	const json_t *range;
	uint64_t first = 0, last = 0;
	size_t i;
	int rc = 0;

	json_array_foreach(ranges, i, range) {
		rc = get_range(r, range, &first, &last);
		if (rc == 0)
			rc = sbk_view_keep(r->db, first, last, r->err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int replay_notes(struct replay *r)
{
	const json_t *notes = json_object_get(r->json, "notes");
	const json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach(notes, i, item) {
		const json_t *change = json_object_get(item, "change");
		const char *note;

		r->text_count = 0;
		rc = get_optional(r, item, "note", &note);
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
	int rc = get_number(r, "txn", &txn);

	if (rc == 0)
		rc = get_text(r, "state", &state);
	if (rc == 0)
		rc = sbk_view_end(r->db, txn, r->n, state, r->err);
	return rc;
}

static int replay_session_begin(struct replay *r)
{
	uint64_t session = 0;
	int64_t time_ms = 0;
	int rc = get_number(r, "session", &session);

	if (rc == 0)
		rc = get_time(r, &time_ms);
	if (rc == 0)
		rc = sbk_view_session_begin(r->db, session, r->n, time_ms,
					    r->err);
	return rc;
}

static int replay_session_end(struct replay *r)
{
	const char *state = NULL;
	uint64_t session = 0;
	int64_t time_ms = 0;
	int rc = get_number(r, "session", &session);

	if (rc == 0)
		rc = get_time(r, &time_ms);
	if (rc == 0)
		rc = get_text(r, "state", &state);
	if (rc == 0)
		rc = sbk_view_session_end(r->db, session, r->n, time_ms, state,
					  r->err);
	return rc;
}

static const struct {
	const char *op;
	int (*replay)(struct replay *r);
} operations[] = {
	{"create", replay_create},
	{"key", replay_key},
	{"begin", replay_begin},
	{"root", replay_root},
	{"intend", replay_intend},
	{"settle", replay_settle},
	{"end", replay_end},
	{"session_begin", replay_session_begin},
	{"session_end", replay_session_end},
};

static int dispatch(struct replay *r)
{
	const char *op = json_string_value(json_object_get(r->json, "op"));
	size_t i;

	for (i = 0;
	     op != NULL && i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].op, op) == 0)
			return operations[i].replay(r);
	return wrong(r, "op");
}

int sbk_replay(struct sbk_db *db, uint64_t n, const char *json, size_t size,
	       struct sbk_error *err)
{
	struct replay r = {.db = db, .n = n, .err = err};
	json_error_t why;
	json_t *value = json_loadb(json, size, JSON_REJECT_DUPLICATES, &why);
	size_t i;
	int rc;

	if (value == NULL)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "entry %llu is no JSON: %s",
				     (unsigned long long)n, why.text);
	r.json = value;
	rc = dispatch(&r);
	json_decref(value);
	for (i = 0; i < sizeof(r.texts) / sizeof(r.texts[0]); i++)
		sbk_buf_release(&r.texts[i]);
	return rc;
}
