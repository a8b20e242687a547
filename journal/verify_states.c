/*
 * The states that the log names, numbered in the order in which it first does,
 * and table state, which has to number them in the same way and to hold the
 * bytes that these hashes are of.
 */
#include "journal/verify.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

static int grow(struct sbk_verification *v)
{
	struct sbk_verify_states *s = &v->states;
	const size_t room = s->room * 2 + 64;
	struct sbk_verify_state **items;

	if (s->count >= SBK_VERIFY_STATES_MAX)
		return sbk_verify_too_many(v, "states", SBK_VERIFY_STATES_MAX);
	if (s->count < s->room)
		return 0;
	items = realloc(s->items, room * sizeof(struct sbk_verify_state *));
	if (items == NULL)
		return sbk_error_no_memory(v->err);
	s->items = items;
	s->room = room;
	return 0;
}

static int number(struct sbk_verification *v,
		  const unsigned char hash[SBK_STATE_HASH_BYTES], uint64_t *id)
{
	struct sbk_verify_states *s = &v->states;
	struct sbk_verify_state *state;
	uint64_t *value;
	bool fresh;
	int rc = grow(v);

	if (rc < 0)
		return rc;
	state = sbk_arena_alloc(&s->arena, sizeof(*state));
	if (state == NULL)
		return sbk_error_no_memory(v->err);
	memcpy(state->hash, hash, sizeof(state->hash));
	(void)sodium_bin2hex(state->hex, sizeof(state->hex), hash,
			     SBK_STATE_HASH_BYTES);
	value = sbk_table_put(&s->numbers, state->hash, sizeof(state->hash),
			      &fresh);
	if (value == NULL)
		return sbk_error_no_memory(v->err);
	s->items[s->count++] = state;
	*value = s->count;
	*id = s->count;
	return 0;
}

int sbk_verify_state(struct sbk_verification *v,
		     const unsigned char hash[SBK_STATE_HASH_BYTES],
		     uint64_t *id)
{
	const uint64_t *known =
		sbk_table_find(&v->states.numbers, hash, SBK_STATE_HASH_BYTES);

	if (known == NULL)
		return number(v, hash, id);
	*id = *known;
	return 0;
}

/* --- what a row of table change names ------------------------------------- */

/* The hash that table state has for this number. */
static bool look_up(struct sbk_verification *v, uint64_t id,
		    unsigned char hash[SBK_STATE_HASH_BYTES])
{
	struct sbk_db *db = &v->journal->db;
	struct sbk_error ignored = SBK_ERROR_INIT; /* then it is none */
	sqlite3_stmt *row;
	bool found;

	if (sbk_db_statement(db, SBK_SQL_STATE_HASH, &row, &ignored) < 0)
		return false;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)id);
	found = sbk_db_step(db, row, &ignored) == 1 &&
		sqlite3_column_bytes(row, 0) == SBK_STATE_HASH_BYTES;
	if (found)
		memcpy(hash, sqlite3_column_blob(row, 0), SBK_STATE_HASH_BYTES);
	(void)sqlite3_reset(row); /* it was read */
	return found;
}

bool sbk_verify_refer(struct sbk_verification *v, uint64_t id,
		      struct sbk_state_ref *out,
		      struct sbk_verify_naming *naming)
{
	const struct sbk_verify_states *s = &v->states;
	unsigned char *next = naming->hashes[naming->count & 1];

	out->id = id;
	if (id == 0)
		return true;
	if (id <= s->count) {
		memcpy(out->hex, s->items[id - 1]->hex, sizeof(out->hex));
		return true;
	}
	if (id > s->count + naming->count) {
		if (id != s->count + naming->count + 1 || naming->count == 2 ||
		    !look_up(v, id, next) ||
		    sbk_table_find(&s->numbers, next, SBK_STATE_HASH_BYTES) !=
			    NULL)
			return false;
		naming->count++;
	}
	(void)sodium_bin2hex(out->hex, sizeof(out->hex),
			     naming->hashes[id - s->count - 1],
			     SBK_STATE_HASH_BYTES);
	return true;
}

int sbk_verify_named(struct sbk_verification *v,
		     const struct sbk_verify_naming *naming)
{
	uint64_t id;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < naming->count; i++)
		rc = sbk_verify_state(v, naming->hashes[i], &id);
	return rc;
}

/* --- table state --------------------------------------------------------- */

static int check_sealed(struct sbk_verification *v, sqlite3_stmt *row)
{
	const unsigned char *named = sqlite3_column_blob(row, 1);
	unsigned char hash[SBK_STATE_HASH_BYTES];
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = sbk_sealed_load(v->journal, named, &bytes, &why);

	if (rc == SBK_E_DENIED) {
		v->verdict->sealed_unread++;
		rc = 0;
	} else if (rc == SBK_E_NOTFOUND || rc == SBK_E_CORRUPT) {
		sbk_verify_find(v, "state %lld: %s",
				(long long)sqlite3_column_int64(row, 0),
				why.message);
		rc = 0;
	} else if (rc < 0) {
		rc = sbk_error_set(v->err, rc, "%s", why.message);
	} else {
		sbk_sealed_hash(&v->journal->sealed, sbk_buf_text(&bytes),
				bytes.size, hash);
		if (memcmp(hash, named, sizeof(hash)) != 0)
			sbk_verify_find(
				v, "state %lld was changed",
				(long long)sqlite3_column_int64(row, 0));
	}
	sbk_buf_release(&bytes);
	return rc;
}

static int check_bytes(struct sbk_verification *v, sqlite3_stmt *row)
{
	unsigned char hash[SBK_STATE_HASH_BYTES];

	v->verdict->states++;
	if (sqlite3_column_bytes(row, 1) != SBK_STATE_HASH_BYTES) {
		sbk_verify_find(v, "state %lld has no hash",
				(long long)sqlite3_column_int64(row, 0));
		return 0;
	}
	/* Who acts on a sealed state reads it then. */
	if (sqlite3_column_type(row, 2) == SQLITE_NULL)
		return v->first_only ? 0 : check_sealed(v, row);
	sbk_sha256(sqlite3_column_blob(row, 2),
		   (size_t)sqlite3_column_bytes(row, 2), hash);
	if (memcmp(hash, sqlite3_column_blob(row, 1), sizeof(hash)) != 0)
		sbk_verify_find(v, "state %lld was changed",
				(long long)sqlite3_column_int64(row, 0));
	return 0;
}

static void lack_rows(struct sbk_verification *v, uint64_t *next, uint64_t to)
{
	for (; *next < to && !sbk_verify_over(v); (*next)++)
		sbk_verify_find(v, "table state lacks row %llu",
				(unsigned long long)*next);
	*next = to;
}

/* The row against the log; `*next` is the number that comes. */
static void compare_row(struct sbk_verification *v, sqlite3_stmt *row,
			uint64_t *next)
{
	const struct sbk_verify_states *s = &v->states;
	const sqlite3_int64 id = sqlite3_column_int64(row, 0);

	if (id < 1 || (uint64_t)id > s->count) {
		sbk_verify_find(v,
				"table state has a row %lld that is not in the "
				"log",
				(long long)id);
		return;
	}
	lack_rows(v, next, (uint64_t)id);
	*next = (uint64_t)id + 1;
	if (sqlite3_column_type(row, 1) != SQLITE_BLOB ||
	    sqlite3_column_bytes(row, 1) != SBK_STATE_HASH_BYTES ||
	    memcmp(sqlite3_column_blob(row, 1), s->items[id - 1]->hash,
		   SBK_STATE_HASH_BYTES) != 0)
		sbk_verify_find(v,
				"table state, row %lld: hash is not what the "
				"log says",
				(long long)id);
}

int sbk_verify_states(struct sbk_verification *v)
{
	struct sbk_db *db = &v->journal->db;
	uint64_t next = 1;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_STATES, &row, v->err);

	if (rc < 0)
		return rc;
	while (!sbk_verify_over(v) &&
	       (rc = sbk_db_step(db, row, v->err)) == 1) {
		if (!v->replay_stopped)
			compare_row(v, row, &next);
		rc = check_bytes(v, row);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in v->err */
	if (rc == 0 && !v->replay_stopped)
		lack_rows(v, &next, v->states.count + 1);
	return rc < 0 ? rc : 0;
}

void sbk_verify_states_release(struct sbk_verification *v)
{
	sbk_table_release(&v->states.numbers);
	sbk_arena_release(&v->states.arena);
	free(v->states.items);
}
