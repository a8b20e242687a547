/*
 * The texts of entries, written in the fixed key order of FORMAT.md. What is
 * written here is hashed as it stands; replay.c reads it back.
 */
#include "journal/internal.h"

#include <string.h>

#include "engine/banned.h"

static void open_entry(struct sbk_buf *out, const char *op)
{
	sbk_buf_clear(out);
	sbk_json_open(out, '{');
	sbk_json_string(out, "op", op);
}

/* Left out where there is nothing to say. */
static void add_name(struct sbk_buf *out, const char *key, const char *text)
{
	if (text != NULL)
		sbk_json_name(out, key, text);
}

void sbk_entry_create(struct sbk_buf *out, enum sbk_book book, int64_t time_ms,
		      size_t parents_made, const char *id, const char *key)
{
	open_entry(out, "create");
	sbk_json_integer(out, "format", SBK_SCHEMA_VERSION);
	sbk_json_string(out, "book", sbk_book_name(book));
	sbk_json_string(out, "journal", id);
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_integer(out, "parents_made", (int64_t)parents_made);
	sbk_json_string(out, "key", key);
	sbk_json_close(out, '}');
}

void sbk_entry_key(struct sbk_buf *out, int64_t time_ms, const char *key,
		   const char *signature)
{
	open_entry(out, "key");
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_string(out, "key", key);
	if (signature != NULL)
		sbk_json_string(out, "signature", signature);
	sbk_json_close(out, '}');
}

void sbk_entry_witness(struct sbk_buf *out, int64_t time_ms,
		       const struct sbk_owner *person, const char *found,
		       const char *key, const char *note)
{
	open_entry(out, "witness");
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_owner(out, "person", person);
	sbk_json_string(out, "found", found);
	if (key != NULL)
		sbk_json_string(out, "key", key);
	if (note != NULL)
		sbk_json_string(out, "note", note);
	sbk_json_close(out, '}');
}

void sbk_entry_begin(struct sbk_buf *out, uint64_t txn,
		     enum sbk_transaction_kind kind, int64_t time_ms,
		     const char *title, uint64_t session)
{
	open_entry(out, "begin");
	sbk_json_integer(out, "txn", (int64_t)txn);
	sbk_json_string(out, "kind", sbk_transaction_kind_name(kind));
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_name(out, "title", title);
	if (session != 0)
		sbk_json_integer(out, "session", (int64_t)session);
	sbk_json_close(out, '}');
}

void sbk_entry_root(struct sbk_buf *out, uint64_t txn,
		    const struct sbk_plan_root *root)
{
	open_entry(out, "root");
	sbk_json_integer(out, "txn", (int64_t)txn);
	sbk_json_name(out, "path", root->path);
	add_name(out, "identity", root->identity);
	sbk_json_name(out, "principal", root->principal);
	add_name(out, "principal_name", root->principal_name);
	sbk_json_bool(out, "writable", root->writable);
	sbk_json_close(out, '}');
}

static void add_state(struct sbk_buf *out, const char *key,
		      const struct sbk_state_ref *state)
{
	if (state->id == 0) {
		sbk_json_null(out, key);
		return;
	}
	sbk_json_key(out, key);
	sbk_buf_addc(out, '"'); /* digits need no escaping */
	sbk_buf_add(out, state->hex, 2 * SBK_STATE_HASH_BYTES);
	sbk_buf_addc(out, '"');
}

void sbk_entry_intend(struct sbk_buf *out, uint64_t id, uint64_t txn,
		      const struct sbk_change *change,
		      const struct sbk_state_ref *before,
		      const struct sbk_state_ref *after,
		      const struct sbk_shared *shared)
{
	/* The one entry that is written by the hundred thousand. */
	sbk_buf_clear(out);
	sbk_buf_adds(out, "{\"op\":\"intend\"");
	sbk_json_integer(out, "change", (int64_t)id);
	sbk_json_integer(out, "txn", (int64_t)txn);
	if (change->undoes != 0)
		sbk_json_integer(out, "undoes", (int64_t)change->undoes);
	if (!shared->object) {
		sbk_json_string(out, "kind",
				sbk_kind_name(change->object.kind));
		sbk_json_name(out, "name", change->object.name);
		add_name(out, "identity", change->object.identity);
	}
	if (!shared->states) {
		add_state(out, "before", before);
		add_state(out, "after", after);
	}
	add_name(out, "ours", change->ours);
	if (change->undoes == 0 ||
	    (change->reason != NULL &&
	     strcmp(change->reason, SBK_REASON_UNDO) != 0))
		add_name(out, "reason", change->reason);
	sbk_json_close(out, '}');
}

/* The ranges of the changes from `*next` on that share its status. */
static void add_ranges(struct sbk_buf *out, struct sbk_change *const *changes,
		       size_t count, size_t *next)
{
	const enum sbk_status status = changes[*next]->status;

	sbk_json_open_key(out, sbk_status_name(status), '[');
	while (*next < count && changes[*next]->status == status) {
		const uint64_t first = changes[*next]->id;
		uint64_t last = first;

		for ((*next)++; *next < count; (*next)++) {
			if (changes[*next]->status != status ||
			    changes[*next]->id != last + 1)
				break;
			last++;
		}
		sbk_json_open(out, '[');
		sbk_json_integer(out, NULL, (int64_t)first);
		sbk_json_integer(out, NULL, (int64_t)last);
		sbk_json_close(out, ']');
	}
	sbk_json_close(out, ']');
}

static void add_notes(struct sbk_buf *out, struct sbk_change *const *changes,
		      size_t count)
{
	bool any = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (changes[i]->note == NULL)
			continue;
		if (!any)
			sbk_json_open_key(out, "notes", '[');
		any = true;
		sbk_json_open(out, '{');
		sbk_json_integer(out, "change", (int64_t)changes[i]->id);
		sbk_json_name(out, "note", changes[i]->note);
		sbk_json_close(out, '}');
	}
	if (any)
		sbk_json_close(out, ']');
}

void sbk_entry_settle(struct sbk_buf *out, uint64_t txn, int64_t time_ms,
		      struct sbk_change *const *changes, size_t count)
{
	size_t next = 0;

	open_entry(out, "settle");
	sbk_json_integer(out, "txn", (int64_t)txn);
	sbk_json_integer(out, "time_ms", time_ms);
	while (next < count)
		add_ranges(out, changes, count, &next);
	add_notes(out, changes, count);
	sbk_json_close(out, '}');
}

void sbk_entry_end(struct sbk_buf *out, uint64_t txn, int64_t time_ms,
		   const char *state, const struct sbk_buf *summary)
{
	open_entry(out, "end");
	sbk_json_integer(out, "txn", (int64_t)txn);
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_string(out, "state", state);
	if (summary->size > 0) {
		sbk_buf_addc(out, ',');
		sbk_buf_add(out, summary->data, summary->size);
	}
	sbk_json_close(out, '}');
}

/* To the end of the newest transaction. */
static void add_pointer(struct sbk_buf *out, uint64_t after)
{
	if (after != UINT64_MAX)
		sbk_json_integer(out, "after", (int64_t)after);
}

void sbk_entry_session_begin(struct sbk_buf *out, uint64_t session,
			     int64_t time_ms, uint32_t process, uint64_t after,
			     const char *members)
{
	open_entry(out, "session_begin");
	sbk_json_integer(out, "session", (int64_t)session);
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_integer(out, "process", process);
	add_pointer(out, after);
	sbk_json_open_key(out, "begin", '{');
	sbk_buf_adds(out, members);
	sbk_json_close(out, '}');
	sbk_json_close(out, '}');
}

void sbk_entry_session_end(struct sbk_buf *out, uint64_t session,
			   int64_t time_ms, const char *state, uint64_t after,
			   const char *members)
{
	open_entry(out, "session_end");
	sbk_json_integer(out, "session", (int64_t)session);
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_json_string(out, "state", state);
	add_pointer(out, after);
	sbk_json_open_key(out, "end", '{');
	sbk_buf_adds(out, members);
	sbk_json_close(out, '}');
	sbk_json_close(out, '}');
}
