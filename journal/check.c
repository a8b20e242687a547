/*
 * Is the journal what its log says, before somebody acts on it? The question
 * that verify.c answers in full; here it is asked by every command that undoes
 * or reports, so it must cost little beside what the command does.
 *
 * So the table of changes, which is nearly all of a large journal, is not built
 * anew: each of its rows is written as the entry that it stands for, and the
 * two texts are compared. What the log says of a change later (settle) is
 * followed in an array. The small tables are built anew as verify does, the
 * states are hashed, and the entries are hashed into the tree.
 *
 * It ends with the first thing that it finds, changes nothing, and does not
 * look at what only SQLite reads (its pages, its indexes) or at the bytes of
 * sealed states: verify does.
 *
 * Invariants:
 *  - A row is read here as the commands read it; where SQL and C could see
 *    different things in it (another type, a NUL byte), it is wrong.
 *  - changes[i] is change i + 1, as far as the log was read.
 */
#include "journal/internal.h"

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define STATE_HEX_BYTES (2 * SBK_STATE_HASH_BYTES + 1)

/* What later entries need to know of a change, and make of it. */
struct checked_change {
	uint64_t txn, undoes;
	uint64_t before, after;
	bool kept; /* of the kind that undo puts back last */
	enum sbk_status status;
	char *note; /* or NULL */
	/* What its row has of these two. */
	enum sbk_status row_status;
	char *row_note;
};

struct check {
	struct sbk_journal *journal;
	struct sbk_db rebuilt; /* the tables but change and state */
	struct sbk_tree tree;
	struct checked_change *changes;
	size_t count, room;
	char (*states)[STATE_HEX_BYTES]; /* the hash of state i + 1 */
	uint64_t state_count, states_named;
	sqlite3_stmt *row; /* of table change, one ahead of the log */
	bool has_row;
	/* Changes that entries in a row intended for one transaction. */
	uint64_t run_txn, run_first;
	struct sbk_buf json;
	struct sbk_error *err;
};

/* --- what is wrong -------------------------------------------------------- */

static int altered(struct check *c, const char *fmt, ...) SBK_PRINTF(2, 3);

static int altered(struct check *c, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return sbk_error_set(c->err, SBK_E_CORRUPT,
			     "journal '%.200s' is not what its log says: %s "
			     "('sandbook journal verify%s' shows all of it)",
			     c->journal->db.path, text,
			     c->journal->book == SBK_BOOK_MACHINE ? " --machine"
								  : "");
}

static int strange(struct check *c, uint64_t n)
{
	return altered(c, "entry %llu makes no sense", (unsigned long long)n);
}

/* --- states ----------------------------------------------------------------
 */

static int add_state(struct check *c, sqlite3_stmt *row)
{
	const uint64_t id = (uint64_t)sqlite3_column_int64(row, 0);
	const unsigned char *named = sqlite3_column_blob(row, 1);
	unsigned char hash[SBK_STATE_HASH_BYTES];

	if (id != ++c->state_count)
		return altered(c, "state %llu is missing",
			       (unsigned long long)c->state_count);
	if (sqlite3_column_bytes(row, 1) != SBK_STATE_HASH_BYTES)
		return altered(c, "state %llu has no hash",
			       (unsigned long long)id);
	if (sqlite3_column_type(row, 2) != SQLITE_NULL) {
		(void)crypto_hash_sha256(
			hash, sqlite3_column_blob(row, 2),
			(unsigned long long)sqlite3_column_bytes(
				row, 2)); /* cannot fail */
		if (memcmp(hash, named, sizeof(hash)) != 0)
			return altered(c, "state %llu was changed",
				       (unsigned long long)id);
	}
	(void)sodium_bin2hex(c->states[id - 1], STATE_HEX_BYTES, named,
			     SBK_STATE_HASH_BYTES);
	return 0;
}

static int read_states(struct check *c)
{
	struct sbk_db *db = &c->journal->db;
	sqlite3_stmt *row;
	uint64_t count = 0;
	int rc = sbk_db_number(db, SBK_SQL_STATE_COUNT, &count, c->err);

	if (rc == 0)
		c->states = calloc((size_t)count + 1, STATE_HEX_BYTES);
	if (rc == 0 && c->states == NULL)
		rc = sbk_error_no_memory(c->err);
	if (rc == 0)
		rc = sbk_db_statement(db, SBK_SQL_STATES, &row, c->err);
	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, c->err)) == 1) {
		rc = add_state(c, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in c->err */
	return rc;
}

/* States are numbered in the order in which the log first names them. */
static bool refer_to_state(struct check *c, uint64_t id,
			   struct sbk_state_ref *out)
{
	out->id = id;
	if (id == 0)
		return true;
	if (id > c->state_count || id > c->states_named + 1)
		return false;
	if (id > c->states_named)
		c->states_named = id;
	memcpy(out->hex, c->states[id - 1], sizeof(out->hex));
	return true;
}

/* --- the rows of changes ---------------------------------------------------
 */

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
	COLUMN_COUNT
};

static const int column_types[COLUMN_COUNT] = {
	[COLUMN_ID] = SQLITE_INTEGER,	 [COLUMN_ENTRY] = SQLITE_INTEGER,
	[COLUMN_TXN] = SQLITE_INTEGER,	 [COLUMN_UNDOES] = SQLITE_INTEGER,
	[COLUMN_KIND] = SQLITE_TEXT,	 [COLUMN_NAME] = SQLITE_TEXT,
	[COLUMN_IDENTITY] = SQLITE_TEXT, [COLUMN_BEFORE] = SQLITE_INTEGER,
	[COLUMN_AFTER] = SQLITE_INTEGER, [COLUMN_OURS] = SQLITE_TEXT,
	[COLUMN_REASON] = SQLITE_TEXT,	 [COLUMN_STATUS] = SQLITE_TEXT,
	[COLUMN_NOTE] = SQLITE_TEXT,
};

/* A number that is not NULL is not 0, a text has no NUL byte. */
static bool is_proper(sqlite3_stmt *row, int column)
{
	const int type = sqlite3_column_type(row, column);

	if (type == SQLITE_NULL)
		return true;
	if (type != column_types[column])
		return false;
	if (type == SQLITE_INTEGER)
		return sqlite3_column_int64(row, column) > 0;
	return strlen((const char *)sqlite3_column_text(row, column)) ==
	       (size_t)sqlite3_column_bytes(row, column);
}

/* NULL stays NULL. */
static int copy_note(struct check *c, const char *note, char **out)
{
	const size_t size = note != NULL ? strlen(note) + 1 : 0;

	if (note == NULL)
		return 0;
	*out = malloc(size);
	if (*out == NULL)
		return sbk_error_no_memory(c->err);
	memcpy(*out, note, size);
	return 0;
}

static int next_row(struct check *c)
{
	int rc = sbk_db_step(&c->journal->db, c->row, c->err);

	c->has_row = rc == 1;
	return rc < 0 ? rc : 0;
}

static int add_change(struct check *c, const struct checked_change *change)
{
	if (c->count == c->room) {
		const size_t room = c->room * 2 + 256;
		struct checked_change *grown =
			realloc(c->changes, room * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_no_memory(c->err);
		c->changes = grown;
		c->room = room;
	}
	c->changes[c->count++] = *change;
	return 0;
}

static uint64_t number(sqlite3_stmt *row, enum column column)
{
	return (uint64_t)sqlite3_column_int64(row, column);
}

/* The text of the entry that the row stands for, in c->json. */
static bool write_row(struct check *c, struct checked_change *change)
{
	sqlite3_stmt *row = c->row;
	const char *kind = sbk_db_text(row, COLUMN_KIND);
	struct sbk_change said = {
		.undoes = change->undoes,
		.object.name = sbk_db_text(row, COLUMN_NAME),
		.object.identity = sbk_db_text(row, COLUMN_IDENTITY),
		.ours = sbk_db_text(row, COLUMN_OURS),
		.reason = sbk_db_text(row, COLUMN_REASON),
	};
	struct sbk_shared shared = {.object = kind == NULL};
	struct sbk_state_ref before, after;

	if (kind != NULL && (sbk_kind_parse(kind, &said.object.kind) < 0 ||
			     said.object.name == NULL))
		return false;
	change->kept = kind != NULL && said.object.kind == SBK_KIND_KEPT;
	if (change->undoes != 0) {
		const struct checked_change *undone;

		if (change->undoes > c->count)
			return false;
		undone = &c->changes[change->undoes - 1];
		shared.states = undone->before == change->after &&
				undone->after == change->before;
	}
	if (!refer_to_state(c, change->before, &before) ||
	    !refer_to_state(c, change->after, &after))
		return false;
	sbk_entry_intend(&c->json, number(row, COLUMN_ID), change->txn, &said,
			 &before, &after, &shared);
	return true;
}

/* The row that is next must be what this entry says. */
static int check_intend(struct check *c, uint64_t n, const char *json,
			size_t size)
{
	struct checked_change change = {.status = SBK_STATUS_PREPARED};
	bool same = c->has_row && number(c->row, COLUMN_ID) == c->count + 1 &&
		    number(c->row, COLUMN_ENTRY) == n;
	const char *status;
	int column, rc;

	if (!same)
		return altered(c,
			       "entry %llu and row %llu of table change do not "
			       "belong together",
			       (unsigned long long)n,
			       (unsigned long long)c->count + 1);
	for (column = 0; same && column < COLUMN_COUNT; column++)
		same = is_proper(c->row, column);
	status = sbk_db_text(c->row, COLUMN_STATUS);
	same = same && status != NULL &&
	       sbk_status_parse(status, &change.row_status) == 0;
	change.txn = number(c->row, COLUMN_TXN);
	change.undoes = number(c->row, COLUMN_UNDOES);
	change.before = number(c->row, COLUMN_BEFORE);
	change.after = number(c->row, COLUMN_AFTER);
	same = same && write_row(c, &change);
	rc = same ? sbk_buf_failed(&c->json, c->err) : 0;
	if (rc < 0)
		return rc;
	if (!same || c->json.size != size ||
	    memcmp(c->json.data, json, size) != 0)
		return altered(c, "change %llu is another one in entry %llu",
			       (unsigned long long)c->count + 1,
			       (unsigned long long)n);
	if (c->run_txn == 0) {
		c->run_txn = change.txn;
		c->run_first = c->count + 1;
	}
	rc = copy_note(c, sbk_db_text(c->row, COLUMN_NOTE), &change.row_note);
	if (rc == 0)
		rc = add_change(c, &change);
	if (rc < 0)
		free(change.row_note);
	return rc < 0 ? rc : next_row(c);
}

/* Tells the transaction's row of the changes that came one after another. */
static int end_run(struct check *c)
{
	int rc = 0;

	if (c->run_txn != 0)
		rc = sbk_view_extend(&c->rebuilt, c->run_txn, c->run_first,
				     c->count, c->err);
	c->run_txn = 0;
	return rc;
}

/* --- what became of them ----------------------------------------------------
 */

static void settle_one(struct checked_change *change, enum sbk_status status)
{
	free(change->note);
	change->note = NULL;
	change->status = status;
}

static void settle_range(struct check *c, enum sbk_status status,
			 uint64_t first, uint64_t last)
{
	uint64_t id;

	for (id = first; id <= last; id++)
		settle_one(&c->changes[id - 1], status);
	if (status == SBK_STATUS_UNDONE)
		return; /* inverse changes that were never made */
	if (status == SBK_STATUS_CONFIRMED)
		status = SBK_STATUS_UNDONE;
	for (id = first; id <= last; id++)
		if (c->changes[id - 1].undoes != 0)
			settle_one(&c->changes[c->changes[id - 1].undoes - 1],
				   status);
}

/* Whether a change is in effect that is no inverse and nothing kept. */
static bool in_effect(const struct checked_change *change)
{
	return change->undoes == 0 && !change->kept &&
	       change->status != SBK_STATUS_UNDONE;
}

static bool others_in_effect(const struct check *c, uint64_t id)
{
	const uint64_t txn = c->changes[id - 1].txn;
	uint64_t at;

	for (at = id; at > 0 && c->changes[at - 1].txn == txn; at--)
		if (in_effect(&c->changes[at - 1]))
			return true;
	for (at = id; at < c->count && c->changes[at].txn == txn; at++)
		if (in_effect(&c->changes[at]))
			return true;
	return false;
}

static int set_note(struct check *c, uint64_t id, const char *note)
{
	char *copy = NULL;
	int rc = copy_note(c, note, &copy);

	if (rc < 0)
		return rc;
	free(c->changes[id - 1].note);
	c->changes[id - 1].note = copy;
	return 0;
}

/* As sbk_view_keep has it. */
static int keep_range(struct check *c, uint64_t first, uint64_t last)
{
	uint64_t id;
	int rc = 0;

	for (id = first; rc == 0 && id <= last; id++) {
		const uint64_t undone = c->changes[id - 1].undoes;

		if (undone == 0 || !c->changes[undone - 1].kept ||
		    !others_in_effect(c, undone))
			continue;
		c->changes[undone - 1].status = SBK_STATUS_OWED;
		rc = set_note(c, undone, SBK_NOTE_KEPT);
	}
	return rc;
}

/* Each range of the entry that has this status. */
static int for_ranges(struct check *c, uint64_t n, const json_t *entry,
		      enum sbk_status status, bool keeping)
{
	const json_t *ranges = json_object_get(entry, sbk_status_name(status));
	const json_t *range;
	size_t i;
	int rc = 0;

	json_array_foreach(ranges, i, range) {
		const json_int_t first =
			json_integer_value(json_array_get(range, 0));
		const json_int_t last =
			json_integer_value(json_array_get(range, 1));

		if (first < 1 || last < first || (uint64_t)last > c->count)
			return strange(c, n);
		if (!keeping)
			settle_range(c, status, (uint64_t)first,
				     (uint64_t)last);
		else
			rc = keep_range(c, (uint64_t)first, (uint64_t)last);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A note may have named what is not UTF-8; NULL: there is none. */
static const char *note_of(const json_t *item, struct sbk_buf *bytes)
{
	const char *note = json_string_value(json_object_get(item, "note"));
	const char *hex = json_string_value(json_object_get(item, "note_hex"));
	const size_t size = hex != NULL ? strlen(hex) / 2 : 0;

	if (note != NULL || size == 0)
		return note;
	sbk_buf_add(bytes, hex, size); /* room for the bytes */
	if (sbk_buf_failed(bytes, NULL) < 0 ||
	    !sbk_hex_decode(hex, bytes->data, size))
		return NULL;
	return bytes->data;
}

static int note_one(struct check *c, uint64_t n, const json_t *item)
{
	const json_int_t id =
		json_integer_value(json_object_get(item, "change"));
	struct sbk_buf bytes = SBK_BUF_INIT;
	const char *note = note_of(item, &bytes);
	int rc = 0;

	if (id < 1 || (uint64_t)id > c->count || note == NULL)
		rc = strange(c, n);
	if (rc == 0)
		rc = set_note(c, (uint64_t)id, note);
	if (rc == 0) {
		const uint64_t undone = c->changes[id - 1].undoes;

		if (undone != 0 &&
		    c->changes[id - 1].status != SBK_STATUS_UNDONE)
			rc = set_note(c, undone, note);
	}
	sbk_buf_release(&bytes);
	return rc;
}

static int check_settle(struct check *c, uint64_t n, const char *json,
			size_t size)
{
	/* In the order in which the entry has them. */
	static const enum sbk_status statuses[] = {
		SBK_STATUS_CONFIRMED,
		SBK_STATUS_UNDONE,
		SBK_STATUS_CONFLICT,
		SBK_STATUS_OWED,
	};
	json_t *entry = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *item;
	size_t i;
	int rc = entry == NULL ? strange(c, n) : 0;

	for (i = 0; rc == 0 && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		rc = for_ranges(c, n, entry, statuses[i], false);
	if (rc == 0)
		rc = for_ranges(c, n, entry, SBK_STATUS_CONFIRMED, true);
	if (rc == 0) {
		json_array_foreach(json_object_get(entry, "notes"), i, item) {
			rc = note_one(c, n, item);
			if (rc < 0)
				break;
		}
	}
	json_decref(entry);
	return rc;
}

/* --- the log -----------------------------------------------------------------
 */

/* A subtree that is complete is also stored. */
static int check_node(void *arg, int level, uint64_t n,
		      const unsigned char *hash)
{
	struct check *c = arg;
	struct sbk_db *db = &c->journal->db;
	sqlite3_stmt *row;
	bool same;
	int rc = sbk_db_statement(db, SBK_SQL_NODE, &row, c->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, level); /* cannot fail */
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)n);
	rc = sbk_db_step(db, row, c->err);
	same = rc == 1 && sqlite3_column_bytes(row, 0) == SBK_TREE_HASH_BYTES &&
	       memcmp(sqlite3_column_blob(row, 0), hash, SBK_TREE_HASH_BYTES) ==
		       0;
	(void)sqlite3_reset(row); /* it was read */
	if (rc < 0 || same)
		return rc < 0 ? rc : 0;
	return altered(c, "entries %llu to %llu are not those that were hashed",
		       (unsigned long long)(n << level),
		       (unsigned long long)(((n + 1) << level) - 1));
}

static bool begins(const char *json, size_t size, const char *with)
{
	const size_t length = strlen(with);

	return size >= length && memcmp(json, with, length) == 0;
}

static int check_entry(struct check *c, sqlite3_stmt *row)
{
	const uint64_t n = (uint64_t)sqlite3_column_int64(row, 0);
	const char *json = sbk_db_text(row, 1);
	const size_t size = (size_t)sqlite3_column_bytes(row, 1);
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (n != c->tree.size || json == NULL)
		return altered(c, "entry %llu is missing",
			       (unsigned long long)c->tree.size);
	if (begins(json, size, "{\"op\":\"intend\""))
		rc = check_intend(c, n, json, size);
	else
		rc = end_run(c);
	if (rc == 0 && begins(json, size, "{\"op\":\"settle\"")) {
		rc = check_settle(c, n, json, size);
	} else if (rc == 0 && !begins(json, size, "{\"op\":\"intend\"")) {
		rc = sbk_replay(&c->rebuilt, n, json, size, &why);
		if (rc < 0 && rc != SBK_E_NOMEM)
			rc = strange(c, n);
	}
	return rc < 0 ? rc
		      : sbk_tree_append(&c->tree, json, size, check_node, c);
}

static int check_head(struct check *c)
{
	unsigned char root[SBK_TREE_HASH_BYTES];
	sqlite3_stmt *row;
	bool same;
	int rc = sbk_db_statement(&c->journal->db, SBK_SQL_HEAD, &row, c->err);

	if (rc == 0)
		rc = sbk_db_step(&c->journal->db, row, c->err);
	if (rc < 0)
		return rc;
	sbk_tree_root(&c->tree, root);
	same = rc == 1 &&
	       (uint64_t)sqlite3_column_int64(row, 0) == c->tree.size &&
	       sqlite3_column_bytes(row, 1) == sizeof(root) &&
	       memcmp(sqlite3_column_blob(row, 1), root, sizeof(root)) == 0;
	(void)sqlite3_reset(row); /* it was read */
	return same ? 0
		    : altered(c, "its last entries are not those that were "
				 "hashed");
}

static int check_log(struct check *c)
{
	struct sbk_db *db = &c->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_CHANGES, &c->row, c->err);

	if (rc == 0)
		rc = next_row(c);
	if (rc == 0)
		rc = sbk_db_statement(db, SBK_SQL_ENTRIES, &row, c->err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, 0); /* cannot fail */
	while ((rc = sbk_db_step(db, row, c->err)) == 1) {
		rc = check_entry(c, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in c->err */
	if (rc == 0)
		rc = end_run(c);
	if (rc == 0 && c->has_row)
		rc = altered(c, "row %llu of table change is not in the log",
			     (unsigned long long)number(c->row, COLUMN_ID));
	(void)sqlite3_reset(c->row); /* the error is in c->err */
	if (rc == 0 && c->states_named != c->state_count)
		rc = altered(c, "state %llu is not in the log",
			     (unsigned long long)c->state_count);
	return rc < 0 ? rc : check_head(c);
}

/* --- the tables
 * ---------------------------------------------------------------- */

static bool same_note(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int check_outcomes(struct check *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->changes[i].status != c->changes[i].row_status ||
		    !same_note(c->changes[i].note, c->changes[i].row_note))
			return altered(c,
				       "what became of change %zu is another "
				       "thing in table change",
				       i + 1);
	return 0;
}

static int compare_rows(struct check *c, const char *name, sqlite3_stmt *held,
			sqlite3_stmt *rebuilt)
{
	for (;;) {
		const int a = sbk_db_step(&c->journal->db, held, c->err);
		const int b =
			a < 0 ? a : sbk_db_step(&c->rebuilt, rebuilt, c->err);
		bool same = a == b;
		int i;

		if (a < 0 || b < 0)
			return a < 0 ? a : b;
		if (a == 0 && b == 0)
			return 0;
		for (i = 0; same && i < sqlite3_column_count(rebuilt); i++)
			same = sbk_db_same_value(held, rebuilt, i);
		if (!same)
			return altered(c, "row %lld of table %s is another one",
				       (long long)sqlite3_column_int64(
					       a == 1 ? held : rebuilt, 0),
				       name);
	}
}

static int compare_table(struct check *c, const char *name)
{
	sqlite3_stmt *held = NULL, *rebuilt = NULL;
	char select[64];
	int rc = 0;

	(void)snprintf(select, sizeof(select), "SELECT * FROM %s ORDER BY 1",
		       name);
	if (sqlite3_prepare_v2(c->journal->db.handle, select, -1, &held,
			       NULL) != SQLITE_OK)
		rc = sbk_db_fail(&c->journal->db, c->err);
	if (rc == 0 && sqlite3_prepare_v2(c->rebuilt.handle, select, -1,
					  &rebuilt, NULL) != SQLITE_OK)
		rc = sbk_db_fail(&c->rebuilt, c->err);
	if (rc == 0)
		rc = compare_rows(c, name, held, rebuilt);
	(void)sqlite3_finalize(held); /* the error is in c->err */
	(void)sqlite3_finalize(rebuilt);
	return rc;
}

static int check_all(struct check *c)
{
	static const char *const names[] = {"txn", "root", "session", "signer"};
	size_t i;
	int rc = read_states(c);

	if (rc == 0)
		rc = check_log(c);
	if (rc == 0)
		rc = check_outcomes(c);
	for (i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		rc = compare_table(c, names[i]);
	return rc;
}

static void check_release(struct check *c)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		free(c->changes[i].note);
		free(c->changes[i].row_note);
	}
	free(c->changes);
	free(c->states);
	sbk_buf_release(&c->json);
	if (c->rebuilt.handle != NULL)
		sbk_db_close(&c->rebuilt);
}

int sbk_journal_check(struct sbk_journal *journal, struct sbk_error *err)
{
	struct check c = {.journal = journal, .err = err};
	int rc;

	if (journal->trusted)
		return 0;
	rc = sbk_db_open(&c.rebuilt, ":memory:", SBK_DB_MEMORY, err);
	if (rc == 0)
		rc = sbk_schema_make(&c.rebuilt, sbk_journal_schema, err);
	if (rc == 0)
		rc = sbk_db_exec(&c.rebuilt, "BEGIN", err);
	/* One snapshot, while others go on writing. */
	if (rc == 0)
		rc = sbk_db_exec(&journal->db, "BEGIN", err);
	if (rc == 0) {
		rc = check_all(&c);
		sbk_db_abandon(&journal->db); /* only read */
	}
	check_release(&c);
	return rc;
}

int sbk_journal_check_small(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t last = 0;
	int rc = sbk_db_number(&journal->db, SBK_SQL_LAST_ENTRY, &last, err);

	if (rc < 0)
		return rc;
	return last < SBK_CHECK_ENTRIES_MAX ? sbk_journal_check(journal, err)
					    : 1;
}

void sbk_journal_trust(struct sbk_journal *journal)
{
	journal->trusted = true;
}
