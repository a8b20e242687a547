/*
 * The log and single changes, written for people and as JSON. Every name that
 * comes from the host is escaped (sbk_text_escape).
 */
#include "journal/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

#define STATE_PREVIEW_MAX 4096 /* bytes of a state that a person is shown */

struct printer {
	struct sbk_journal *journal;
	const struct sbk_journal_filter *filter;
	bool json;
	bool full; /* sessions with all that is known of them */
	struct sbk_buf *out;
	struct sbk_error *err;
};

/* --- changes ------------------------------------------------------------ */

static void json_change(struct sbk_buf *out, const struct sbk_change *change)
{
	sbk_json_integer(out, "change", (int64_t)change->id);
	if (change->undoes != 0)
		sbk_json_integer(out, "undoes", (int64_t)change->undoes);
	sbk_json_string(out, "status", sbk_status_name(change->status));
	sbk_json_string(out, "kind", sbk_kind_name(change->object.kind));
	sbk_json_name(out, "name", change->object.name);
	if (change->object.identity != NULL)
		sbk_json_name(out, "identity", change->object.identity);
	if (change->ours != NULL)
		sbk_json_name(out, "ours", change->ours);
	if (change->reason != NULL)
		sbk_json_name(out, "reason", change->reason);
	if (change->note != NULL)
		sbk_json_name(out, "note", change->note);
}

static bool is_kept(const struct sbk_change *change)
{
	return change->object.kind == SBK_KIND_KEPT;
}

static const char *verb_of(const struct sbk_change *change)
{
	if (is_kept(change))
		return "keep";
	if (sbk_state_absent(change->before))
		return "create";
	if (sbk_state_absent(change->after))
		return "remove";
	return "change";
}

static void text_change(struct sbk_buf *out, const struct sbk_change *change)
{
	sbk_buf_printf(
		out, "  %8llu  %-9s  %s%s%s ", (unsigned long long)change->id,
		sbk_status_name(change->status), verb_of(change),
		is_kept(change) ? "" : " ",
		is_kept(change) ? "" : sbk_kind_name(change->object.kind));
	sbk_text_escape(out, change->object.name);
	if (change->undoes != 0)
		sbk_buf_printf(out, "  (undoes %llu)",
			       (unsigned long long)change->undoes);
	if (change->note != NULL) {
		sbk_buf_adds(out, ": ");
		sbk_text_escape(out, change->note);
	}
	sbk_buf_addc(out, '\n');
}

static void json_changes(struct printer *p, struct sbk_plan *changes)
{
	size_t i;

	sbk_json_open_key(p->out, "changes", '[');
	for (i = 0; i < sbk_plan_count(changes); i++) {
		sbk_json_open(p->out, '{');
		json_change(p->out, sbk_plan_at(changes, i));
		sbk_json_close(p->out, '}');
	}
	sbk_json_close(p->out, ']');
}

/*
 * A grant changes thousands of ACLs: in the log a few stand for all of its
 * transaction, and more where that transaction alone was asked for.
 */
static void text_changes(struct printer *p, struct sbk_plan *changes,
			 uint64_t transaction)
{
	const bool alone = p->filter->transaction != 0;
	const size_t access_max =
		alone ? SBK_REPORT_LINES_MAX : SBK_ACCESS_LINES_MAX;
	size_t i, lines = 0, access_lines = 0, left = 0;

	for (i = 0; i < sbk_plan_count(changes); i++) {
		const struct sbk_change *change = sbk_plan_at(changes, i);
		const bool access = change->object.kind == SBK_KIND_ACCESS;

		if (lines >= SBK_REPORT_LINES_MAX ||
		    (access && access_lines >= access_max)) {
			left++;
			continue;
		}
		text_change(p->out, change);
		lines++;
		access_lines += access;
	}
	if (left > 0)
		sbk_buf_printf(p->out,
			       "            and %zu more (show them: journal "
			       "log --transaction %llu%s)\n",
			       left, (unsigned long long)transaction,
			       alone ? " --json" : "");
}

/* --- transactions and sessions ------------------------------------------ */

static void print_transaction(struct printer *p, sqlite3_stmt *row)
{
	const char *kind = sbk_db_text(row, 3), *state = sbk_db_text(row, 4);
	const char *title = sbk_db_text(row, 5);
	const long long id = (long long)sqlite3_column_int64(row, 1);

	if (!p->json) {
		sbk_time_print(p->out, sqlite3_column_int64(row, 2));
		sbk_buf_printf(p->out, "  transaction %lld, %s, %s: ", id, kind,
			       state);
		sbk_text_escape(p->out, title);
		sbk_buf_addc(p->out, '\n');
		return;
	}
	sbk_json_integer(p->out, "transaction", id);
	sbk_json_integer(p->out, "time_ms", sqlite3_column_int64(row, 2));
	sbk_json_string(p->out, "kind", kind);
	sbk_json_string(p->out, "state", state);
	sbk_json_name(p->out, "title", title);
	if (sqlite3_column_type(row, 6) != SQLITE_NULL)
		sbk_json_integer(p->out, "session",
				 sqlite3_column_int64(row, 6));
}

static bool wants_changes_only(const struct sbk_journal_filter *filter)
{
	return filter->path != NULL || filter->kind != NULL ||
	       filter->first != 0;
}

static int print_one_transaction(struct printer *p, sqlite3_stmt *row)
{
	struct sbk_journal_filter filter = *p->filter;
	struct sbk_plan *changes;
	int rc;

	filter.transaction = (uint64_t)sqlite3_column_int64(row, 1);
	if (p->filter->transaction != 0 &&
	    p->filter->transaction != filter.transaction)
		return 0;
	changes = sbk_plan_new();
	if (changes == NULL)
		return sbk_error_no_memory(p->err);
	rc = sbk_journal_load(p->journal, &filter, changes, p->err);
	if (rc == 0 &&
	    (sbk_plan_count(changes) > 0 || !wants_changes_only(p->filter))) {
		if (p->json)
			sbk_json_open(p->out, '{');
		print_transaction(p, row);
		if (p->json) {
			json_changes(p, changes);
			sbk_json_close(p->out, '}');
		} else {
			text_changes(p, changes, filter.transaction);
		}
	}
	sbk_plan_free(changes);
	return rc;
}

/* The text of an entry, "" where there is none. */
static int read_entry(struct printer *p, sqlite3_stmt *row, int column,
		      struct sbk_buf *out)
{
	sqlite3_stmt *entry;
	int rc;

	sbk_buf_clear(out);
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return 0;
	rc = sbk_db_statement(&p->journal->db, SBK_SQL_ENTRY, &entry, p->err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(entry, 1, sqlite3_column_int64(row, column));
	rc = sbk_db_step(&p->journal->db, entry, p->err);
	if (rc == 1)
		sbk_buf_add(out, sqlite3_column_text(entry, 0),
			    (size_t)sqlite3_column_bytes(entry, 0));
	(void)sqlite3_reset(entry); /* the error is in p->err */
	return rc < 0 ? rc : sbk_buf_failed(out, p->err);
}

/* The words of a command, as a shell would need them. */
static void text_command(struct sbk_buf *out, const json_t *command)
{
	const json_t *word;
	size_t i;

	json_array_foreach(command, i, word) {
		const char *text = json_string_value(word);

		if (i > 0)
			sbk_buf_addc(out, ' ');
		sbk_text_quote(out, text != NULL ? text : "?");
	}
}

/* At most SBK_COMMAND_COLUMNS_MAX bytes of it, never part of a character. */
static void text_command_cut(struct sbk_buf *out, const json_t *command)
{
	struct sbk_buf words = SBK_BUF_INIT;
	size_t size;

	text_command(&words, command);
	size = words.size;
	if (size > SBK_COMMAND_COLUMNS_MAX) {
		size = SBK_COMMAND_COLUMNS_MAX;
		while (size > 0 &&
		       ((unsigned char)words.data[size] & 0xc0) == 0x80)
			size--;
	}
	sbk_buf_add(out, sbk_buf_text(&words), size);
	if (size < words.size)
		sbk_buf_adds(out, "...");
	sbk_buf_release(&words);
}

static void text_member(struct sbk_buf *out, const char *name,
			const json_t *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item)
		text_member(out, name, item);
	if (json_is_string(value)) {
		sbk_buf_printf(out, "  %-11s ", name);
		sbk_text_escape(out, json_string_value(value));
		sbk_buf_addc(out, '\n');
	}
	if (json_is_integer(value))
		sbk_buf_printf(out, "  %-11s %lld\n", name,
			       (long long)json_integer_value(value));
}

static void text_carriers(struct sbk_buf *out, const json_t *guarantee)
{
	const json_t *names = json_object_get(guarantee, "carriers"), *name;
	size_t i;

	if (json_array_size(names) == 0)
		sbk_buf_adds(out, "not carried");
	json_array_foreach(names, i, name) {
		const char *text = json_string_value(name);

		sbk_buf_adds(out, i > 0 ? ", " : "");
		sbk_text_escape(out, text != NULL ? text : "?");
	}
}

/* What was allowed at its start, and what became of it. */
static void text_session_full(struct sbk_buf *out, json_t *begin, json_t *end)
{
	static const char *const first[] = {"profile", "directory", "network",
					    "writable"};
	static const char *const last[] = {"exit", "signal", "duration_ms",
					   "failed", "appeared"};
	json_t *carriers;
	const char *name;
	size_t i;

	sbk_buf_adds(out, "\n  command     ");
	text_command(out, json_object_get(begin, "command"));
	sbk_buf_addc(out, '\n');
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		text_member(out, first[i], json_object_get(begin, first[i]));
	json_object_foreach(json_object_get(begin, "guarantees"), name,
			    carriers) {
		sbk_buf_printf(out, "  guarantee   %s: ", name);
		text_carriers(out, carriers);
		sbk_buf_addc(out, '\n');
	}
	for (i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		text_member(out, last[i], json_object_get(end, last[i]));
}

/* The command and how it ended, where the entries say so. */
static void text_session(struct printer *p, const struct sbk_buf *begin,
			 const struct sbk_buf *end)
{
	json_t *first =
		sbk_json_load(sbk_buf_text(begin), begin->size, 0, NULL);
	json_t *last = sbk_json_load(sbk_buf_text(end), end->size, 0, NULL);
	json_t *began = json_object_get(first, "begin");
	json_t *ended = json_object_get(last, "end");
	const json_t *code = json_object_get(ended, "exit");

	if (p->full) {
		text_session_full(p->out, began, ended);
	} else {
		sbk_buf_adds(p->out, ": ");
		text_command_cut(p->out, json_object_get(began, "command"));
		if (json_is_integer(code))
			sbk_buf_printf(p->out, " (exit %lld)",
				       (long long)json_integer_value(code));
		else if (json_is_true(json_object_get(ended, "timed_out")))
			sbk_buf_adds(p->out, " (time limit)");
		sbk_buf_addc(p->out, '\n');
	}
	json_decref(first);
	json_decref(last);
}

static void print_session(struct printer *p, sqlite3_stmt *row,
			  const struct sbk_buf *begin,
			  const struct sbk_buf *end)
{
	const char *state = sbk_db_text(row, 4);
	const long long id = (long long)sqlite3_column_int64(row, 1);

	if (!p->json) {
		sbk_time_print(p->out, sqlite3_column_int64(row, 2));
		sbk_buf_printf(p->out, "  session %lld, %s", id, state);
		text_session(p, begin, end);
		return;
	}
	sbk_json_open(p->out, '{');
	sbk_json_integer(p->out, "session", id);
	sbk_json_integer(p->out, "time_ms", sqlite3_column_int64(row, 2));
	sbk_json_string(p->out, "state", state);
	/* Entries are JSON already. */
	sbk_json_key(p->out, "begin");
	sbk_buf_adds(p->out, sbk_buf_text(begin));
	if (end->size > 0) {
		sbk_json_key(p->out, "end");
		sbk_buf_adds(p->out, sbk_buf_text(end));
	}
	sbk_json_close(p->out, '}');
}

static int print_one_session(struct printer *p, sqlite3_stmt *row)
{
	const uint64_t id = (uint64_t)sqlite3_column_int64(row, 1);
	struct sbk_buf begin = SBK_BUF_INIT, end = SBK_BUF_INIT;
	int rc;

	if (wants_changes_only(p->filter) || p->filter->transaction != 0 ||
	    (p->filter->session != 0 && p->filter->session != id))
		return 0;
	rc = read_entry(p, row, 7, &begin);
	if (rc == 0)
		rc = read_entry(p, row, 8, &end);
	if (rc == 0)
		print_session(p, row, &begin, &end);
	sbk_buf_release(&begin);
	sbk_buf_release(&end);
	return rc;
}

static int print_row(struct printer *p, sqlite3_stmt *row)
{
	const int64_t time_ms = sqlite3_column_int64(row, 2);

	if ((p->filter->since_ms != 0 && time_ms < p->filter->since_ms) ||
	    (p->filter->until_ms != 0 && time_ms > p->filter->until_ms))
		return 0;
	if (sqlite3_column_int(row, 0) == 1)
		return print_one_session(p, row);
	if (p->filter->session != 0 &&
	    p->filter->session != (uint64_t)sqlite3_column_int64(row, 6))
		return 0;
	return print_one_transaction(p, row);
}

static int print_log(struct printer *p)
{
	/* Both in the order in which they began. */
	static const char text[] =
		"SELECT 0, id, time_ms, kind, state, title, session, begun, "
		"ended FROM txn UNION ALL "
		"SELECT 1, id, begin_ms, NULL, state, NULL, id, begun, ended "
		"FROM session ORDER BY 8";
	struct sbk_db *db = &p->journal->db;
	sqlite3_stmt *row = NULL;
	int rc;

	if (sqlite3_prepare_v2(db->handle, text, -1, &row, NULL) != SQLITE_OK)
		return sbk_db_fail(db, p->err);
	if (p->json)
		sbk_json_open(p->out, '[');
	while ((rc = sbk_db_step(db, row, p->err)) == 1) {
		rc = print_row(p, row);
		if (rc < 0)
			break;
	}
	if (p->json)
		sbk_buf_adds(p->out, "]\n");
	(void)sqlite3_finalize(row); /* the error is in p->err */
	return rc;
}

int sbk_log_print(struct sbk_journal *journal,
		  const struct sbk_journal_filter *filter, bool json,
		  struct sbk_buf *out, struct sbk_error *err)
{
	struct printer p = {.journal = journal,
			    .filter = filter,
			    .json = json,
			    .out = out,
			    .err = err};

	return print_log(&p);
}

int sbk_session_show(struct sbk_journal *journal, uint64_t id, bool json,
		     struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.session = id};
	const size_t nothing = out->size + (json ? strlen("[]\n") : 0);
	struct printer p = {.journal = journal,
			    .filter = &filter,
			    .json = json,
			    .full = true,
			    .out = out,
			    .err = err};
	int rc = print_log(&p);

	if (rc == 0 && out->size == nothing)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "there is no session %llu in the journal; "
				   "'journal log' has their numbers",
				   (unsigned long long)id);
	return rc;
}

/* --- one change --------------------------------------------------------- */

static void text_field(struct sbk_buf *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	sbk_buf_printf(out, "  %-9s ", name);
	sbk_text_escape(out, text);
	sbk_buf_addc(out, '\n');
}

/* Entries of ours stand one a line. */
static void text_ours(struct sbk_buf *out, const char *ours)
{
	struct sbk_buf line = SBK_BUF_INIT;

	while (ours != NULL && *ours != '\0') {
		const size_t size = strcspn(ours, "\n");

		sbk_buf_clear(&line);
		sbk_buf_add(&line, ours, size);
		text_field(out, "ours", sbk_buf_text(&line));
		ours += size + (ours[size] == '\n');
	}
	sbk_buf_release(&line);
}

static void text_line(struct sbk_buf *out, const char *line, size_t size)
{
	struct sbk_buf copy = SBK_BUF_INIT;

	sbk_buf_add(&copy, line, size);
	sbk_buf_adds(out, "    ");
	sbk_text_escape(out, sbk_buf_text(&copy));
	sbk_buf_addc(out, '\n');
	sbk_buf_release(&copy);
}

/* SDDL, where it has a form for all of it; else the bytes. */
static void text_descriptor(struct sbk_buf *out, const char *title,
			    struct sbk_state state)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_sd sd;

	if (sbk_sd_read((const uint8_t *)state.data, state.size, &sd, NULL) <
		    0 ||
	    sbk_sddl_format(&sd, SBK_SDDL_ALL, NULL, &text, NULL) < 0) {
		sbk_buf_clear(&text);
		sbk_buf_add_hex(&text, state.data, state.size);
	}
	sbk_buf_printf(out, "%s\n", title);
	text_line(out, sbk_buf_text(&text), text.size);
	sbk_buf_release(&text);
}

/* A state is lines of text, or the content of a file after such lines. */
static void text_state(struct sbk_buf *out, const char *title,
		       struct sbk_state state)
{
	const size_t shown =
		state.size < STATE_PREVIEW_MAX ? state.size : STATE_PREVIEW_MAX;
	size_t i = 0;

	sbk_buf_printf(out, "%s%s\n", title,
		       sbk_state_absent(state) ? " absent" : "");
	while (i < shown) {
		const char *end = memchr(state.data + i, '\n', shown - i);
		const size_t size = end != NULL ? (size_t)(end - state.data) - i
						: shown - i;

		text_line(out, state.data + i, size);
		i += size + 1;
	}
	if (shown < state.size)
		sbk_buf_printf(out, "    and %zu more bytes\n",
			       state.size - shown);
}

static void json_state(struct sbk_buf *out, const char *key,
		       struct sbk_state state)
{
	char hex_key[32];

	if (sbk_state_absent(state)) {
		sbk_json_null(out, key);
	} else if (memchr(state.data, '\0', state.size) == NULL) {
		sbk_json_name(out, key, state.data);
	} else {
		(void)snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
		sbk_json_key(out, hex_key);
		sbk_buf_addc(out, '"');
		sbk_buf_add_hex(out, state.data, state.size);
		sbk_buf_addc(out, '"');
	}
}

struct whereabouts {
	uint64_t entry, transaction, inverse; /* the last one, or 0 */
};

static int find_whereabouts(struct sbk_journal *journal, uint64_t id,
			    struct whereabouts *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_WHEREABOUTS, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)id);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1)
		*out = (struct whereabouts){
			.entry = (uint64_t)sqlite3_column_int64(row, 0),
			.transaction = (uint64_t)sqlite3_column_int64(row, 1),
			.inverse = (uint64_t)sqlite3_column_int64(row, 2),
		};
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

static void json_show(struct sbk_buf *out, const struct sbk_change *change,
		      const struct whereabouts *where)
{
	sbk_json_open(out, '{');
	json_change(out, change);
	sbk_json_integer(out, "transaction", (int64_t)where->transaction);
	sbk_json_integer(out, "entry", (int64_t)where->entry);
	if (where->inverse != 0)
		sbk_json_integer(out, "undone_by", (int64_t)where->inverse);
	json_state(out, "before", change->before);
	json_state(out, "after", change->after);
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

static void text_show(struct sbk_buf *out, const struct sbk_change *change,
		      const struct whereabouts *where)
{
	sbk_buf_printf(out,
		       "change %llu of transaction %llu, entry %llu of the "
		       "log: %s\n",
		       (unsigned long long)change->id,
		       (unsigned long long)where->transaction,
		       (unsigned long long)where->entry,
		       sbk_status_name(change->status));
	text_field(out, verb_of(change), change->object.name);
	text_field(out, "kind", sbk_kind_name(change->object.kind));
	text_field(out, "identity", change->object.identity);
	text_ours(out, change->ours);
	text_field(out, "reason", change->reason);
	text_field(out, "note", change->note);
	if (change->undoes != 0)
		sbk_buf_printf(out, "  undoes    %llu\n",
			       (unsigned long long)change->undoes);
	if (where->inverse != 0)
		sbk_buf_printf(out, "  inverse   %llu\n",
			       (unsigned long long)where->inverse);
	if (change->object.kind == SBK_KIND_DESCRIPTOR) {
		text_descriptor(out, "before:", change->before);
		text_descriptor(out, "after:", change->after);
		return;
	}
	text_state(out, "before:", change->before);
	text_state(out, "after:", change->after);
}

int sbk_show_print(struct sbk_journal *journal, uint64_t id, bool json,
		   struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.first = id, .last = id};
	struct whereabouts where = {.entry = 0};
	struct sbk_plan *plan = sbk_plan_new();
	int rc;

	if (plan == NULL)
		return sbk_error_no_memory(err);
	rc = id == 0 ? 0 : sbk_journal_load(journal, &filter, plan, err);
	if (rc == 0 && sbk_plan_count(plan) == 0)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "there is no change %llu in the journal; "
				   "'journal log' has their numbers",
				   (unsigned long long)id);
	if (rc == 0)
		rc = find_whereabouts(journal, id, &where, err);
	if (rc == 0 && json)
		json_show(out, sbk_plan_at(plan, 0), &where);
	else if (rc == 0)
		text_show(out, sbk_plan_at(plan, 0), &where);
	sbk_plan_free(plan);
	return rc;
}
