/*
 * The log and single changes, written for people and as JSON. Every name that
 * comes from the host is escaped (sbk_text_escape).
 */
#include "journal/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

#define STATE_PREVIEW_MAX 4096 /* bytes of a state that a person is shown */

struct printer {
	struct sbk_journal *journal;
	const struct sbk_journal_filter *filter;
	bool json;
	size_t lines; /* of single changes */
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

static const char *verb_of(const struct sbk_change *change)
{
	if (change->object.kind == SBK_KIND_KEPT)
		return "keep";
	if (sbk_state_absent(change->before))
		return "create";
	if (sbk_state_absent(change->after))
		return "remove";
	return "change";
}

static void text_change(struct sbk_buf *out, const struct sbk_change *change)
{
	sbk_buf_printf(out, "  %8llu  %-9s  %s %s ",
		       (unsigned long long)change->id,
		       sbk_status_name(change->status), verb_of(change),
		       sbk_kind_name(change->object.kind));
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

static void print_changes(struct printer *p, struct sbk_plan *changes)
{
	const size_t count = sbk_plan_count(changes);
	size_t i;

	if (p->json)
		sbk_json_open_key(p->out, "changes", '[');
	for (i = 0; i < count; i++) {
		const struct sbk_change *change = sbk_plan_at(changes, i);

		if (p->json) {
			sbk_json_open(p->out, '{');
			json_change(p->out, change);
			sbk_json_close(p->out, '}');
		} else if (p->lines < SBK_REPORT_LINES_MAX) {
			text_change(p->out, change);
			p->lines++;
		} else {
			sbk_buf_printf(p->out,
				       "            and %zu more (--json lists "
				       "all)\n",
				       count - i);
			break;
		}
	}
	if (p->json)
		sbk_json_close(p->out, ']');
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
		return sbk_error_set(p->err, SBK_E_NOMEM, "out of memory");
	rc = sbk_journal_load(p->journal, &filter, changes, p->err);
	if (rc == 0 &&
	    (sbk_plan_count(changes) > 0 || !wants_changes_only(p->filter))) {
		if (p->json)
			sbk_json_open(p->out, '{');
		print_transaction(p, row);
		print_changes(p, changes);
		if (p->json)
			sbk_json_close(p->out, '}');
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

/* The words of the command, and how it ended, where the entries say so. */
static void text_session(struct sbk_buf *out, const struct sbk_buf *begin,
			 const struct sbk_buf *end)
{
	json_t *first = json_loadb(sbk_buf_text(begin), begin->size, 0, NULL);
	json_t *last = json_loadb(sbk_buf_text(end), end->size, 0, NULL);
	const json_t *command =
		json_object_get(json_object_get(first, "begin"), "command");
	const json_t *code =
		json_object_get(json_object_get(last, "end"), "exit");
	const json_t *word;
	size_t i;

	json_array_foreach(command, i, word) {
		const char *text = json_string_value(word);

		sbk_buf_addc(out, ' ');
		sbk_text_escape(out, text != NULL ? text : "?");
	}
	if (json_is_integer(code))
		sbk_buf_printf(out, " (exit %lld)",
			       (long long)json_integer_value(code));
	sbk_buf_addc(out, '\n');
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
		sbk_buf_printf(p->out, "  session %lld, %s:", id, state);
		text_session(p->out, begin, end);
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

int sbk_log_print(struct sbk_journal *journal,
		  const struct sbk_journal_filter *filter, bool json,
		  struct sbk_buf *out, struct sbk_error *err)
{
	/* Both in the order in which they began. */
	static const char text[] =
		"SELECT 0, id, time_ms, kind, state, title, session, begun, "
		"ended FROM txn UNION ALL "
		"SELECT 1, id, begin_ms, NULL, state, NULL, id, begun, ended "
		"FROM session ORDER BY 8";
	struct printer p = {.journal = journal,
			    .filter = filter,
			    .json = json,
			    .out = out,
			    .err = err};
	sqlite3_stmt *row = NULL;
	int rc;

	if (sqlite3_prepare_v2(journal->db.handle, text, -1, &row, NULL) !=
	    SQLITE_OK)
		return sbk_db_fail(&journal->db, err);
	if (json)
		sbk_json_open(out, '[');
	while ((rc = sbk_db_step(&journal->db, row, err)) == 1) {
		rc = print_row(&p, row);
		if (rc < 0)
			break;
	}
	if (json)
		sbk_buf_adds(out, "]\n");
	(void)sqlite3_finalize(row); /* the error is in `err` */
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
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	rc = id == 0 ? 0 : sbk_journal_load(journal, &filter, plan, err);
	if (rc == 0 && sbk_plan_count(plan) == 0)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "there is no change %llu in the journal",
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
