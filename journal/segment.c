/*
 * Where a log may be cut, and what its rest keeps of what goes. The contract is
 * in the header, the argument why it is sound in FORMAT.md, "Segments".
 *
 * It drops nothing itself and trusts nothing: a base is only worth what the
 * checkpoint over the entry that holds it is, which the verifier looks at.
 */
#include "journal/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/entry_read.h"
#include "journal/proof.h"
#include "journal/summary.h"

#include "engine/banned.h"

/* --- making a base ------------------------------------------------------- */

/* The first column of a statement with one parameter. */
static int number_at(struct sbk_db *db, enum sbk_sql sql, uint64_t at,
		     uint64_t *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, sql, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)at); /* cannot fail */
	rc = sbk_db_step(db, row, err);
	if (rc == 1)
		*out = (uint64_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

static int make_numbers(struct sbk_db *db, uint64_t cut,
			const struct sbk_segment_base *older,
			struct sbk_segment_base *out, struct sbk_error *err)
{
	int rc = number_at(db, SBK_SQL_LAST_TXN_AT, cut, &out->transactions,
			   err);

	if (rc == 0)
		rc = number_at(db, SBK_SQL_LAST_CHANGE_AT, cut, &out->changes,
			       err);
	if (rc == 0)
		rc = number_at(db, SBK_SQL_LAST_SESSION_AT, cut, &out->sessions,
			       err);
	if (rc < 0 || older == NULL)
		return rc;
	if (out->transactions < older->transactions)
		out->transactions = older->transactions;
	if (out->changes < older->changes)
		out->changes = older->changes;
	if (out->sessions < older->sessions)
		out->sessions = older->sessions;
	return 0;
}

static int make_runs(struct sbk_db *db, uint64_t cut,
		     struct sbk_segment_base *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_RUNS_AT, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)cut);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		if (out->run_count == SBK_SEGMENT_RUNS_MAX) {
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "more than %d runs were under way "
					   "at entry %llu",
					   SBK_SEGMENT_RUNS_MAX,
					   (unsigned long long)cut);
			break;
		}
		out->runs[out->run_count++] = (struct sbk_segment_run){
			.id = (uint64_t)sqlite3_column_int64(row, 0),
			.begun = (uint64_t)sqlite3_column_int64(row, 1),
			.begin_ms = sqlite3_column_int64(row, 2),
		};
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static bool fits(const char *key, const char *signature)
{
	return key != NULL && strlen(key) < SBK_KEY_TEXT_MAX &&
	       (signature == NULL ||
		strlen(signature) < SBK_SEGMENT_SIGNATURE_TEXT);
}

static int add_key(struct sbk_segment_base *out, uint64_t entry,
		   const char *key, const char *signature,
		   struct sbk_error *err)
{
	struct sbk_segment_key *item = &out->keys[out->key_count];

	if (out->key_count == SBK_SEGMENT_KEYS_MAX || !fits(key, signature))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the log names more than %d keys, or one "
				     "that is none",
				     SBK_SEGMENT_KEYS_MAX);
	out->key_count++;
	item->entry = entry;
	(void)snprintf(item->key, sizeof(item->key), "%s", key);
	(void)snprintf(item->signature, sizeof(item->signature), "%s",
		       signature != NULL ? signature : "");
	return 0;
}

static const struct sbk_segment_key *
find_key(const struct sbk_segment_base *base, uint64_t entry)
{
	size_t i;

	for (i = 0; base != NULL && i < base->key_count; i++)
		if (base->keys[i].entry == entry)
			return &base->keys[i];
	return NULL;
}

static int make_keys(struct sbk_db *db, uint64_t cut,
		     const struct sbk_segment_base *older,
		     sbk_segment_root_fn *root_of, void *arg,
		     struct sbk_segment_base *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_SIGNERS, &row, err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const uint64_t n = (uint64_t)sqlite3_column_int64(row, 0);
		const struct sbk_segment_key *known = find_key(older, n);

		if (n >= cut)
			break;
		rc = add_key(out, n, sbk_db_text(row, 1), sbk_db_text(row, 2),
			     err);
		if (rc < 0)
			break;
		if (known != NULL)
			memcpy(out->keys[out->key_count - 1].root, known->root,
			       SBK_TREE_HASH_BYTES);
		else
			rc = root_of(arg, n, out->keys[out->key_count - 1].root,
				     err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

int sbk_segment_base_make(struct sbk_db *db, uint64_t cut,
			  const struct sbk_segment_base *older,
			  sbk_segment_root_fn *root_of, void *arg,
			  struct sbk_segment_base *out, struct sbk_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->entries = cut;
	rc = root_of(arg, cut, out->root, err);
	if (rc == 0)
		rc = make_numbers(db, cut, older, out, err);
	if (rc == 0)
		rc = make_runs(db, cut, out, err);
	if (rc == 0)
		rc = make_keys(db, cut, older, root_of, arg, out, err);
	return rc;
}

/* --- as text ------------------------------------------------------------- */

static void print_hash(struct sbk_buf *out, const char *key,
		       const unsigned char hash[SBK_TREE_HASH_BYTES])
{
	sbk_json_key(out, key);
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, hash, SBK_TREE_HASH_BYTES);
	sbk_buf_addc(out, '"');
}

void sbk_segment_base_print(const struct sbk_segment_base *base,
			    struct sbk_buf *out)
{
	size_t i;

	sbk_json_integer(out, "entries", (int64_t)base->entries);
	print_hash(out, "root", base->root);
	sbk_json_integer(out, "transactions", (int64_t)base->transactions);
	sbk_json_integer(out, "changes", (int64_t)base->changes);
	sbk_json_integer(out, "sessions", (int64_t)base->sessions);
	sbk_json_open_key(out, "running", '[');
	for (i = 0; i < base->run_count; i++) {
		sbk_json_open(out, '[');
		sbk_json_integer(out, NULL, (int64_t)base->runs[i].id);
		sbk_json_integer(out, NULL, (int64_t)base->runs[i].begun);
		sbk_json_integer(out, NULL, base->runs[i].begin_ms);
		sbk_json_close(out, ']');
	}
	sbk_json_close(out, ']');
	sbk_json_open_key(out, "keys", '[');
	for (i = 0; i < base->key_count; i++) {
		const struct sbk_segment_key *key = &base->keys[i];

		sbk_json_open(out, '{');
		sbk_json_integer(out, "entry", (int64_t)key->entry);
		sbk_json_string(out, "key", key->key);
		if (key->signature[0] != '\0')
			sbk_json_string(out, "signature", key->signature);
		print_hash(out, "before", key->root);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

void sbk_entry_drop(struct sbk_buf *out, int64_t time_ms,
		    const struct sbk_segment_base *base)
{
	sbk_buf_clear(out);
	sbk_json_open(out, '{');
	sbk_json_string(out, "op", "drop");
	sbk_json_integer(out, "time_ms", time_ms);
	sbk_segment_base_print(base, out);
	sbk_json_close(out, '}');
}

static bool get_number(const json_t *value, uint64_t *out)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool get_hash(const json_t *value, unsigned char *out)
{
	const char *hex = json_string_value(value);

	return hex != NULL && sbk_hex_decode(hex, out, SBK_TREE_HASH_BYTES);
}

static bool parse_runs(const json_t *list, struct sbk_segment_base *out)
{
	const json_t *value;
	size_t i;

	if (!json_is_array(list) ||
	    json_array_size(list) > SBK_SEGMENT_RUNS_MAX)
		return false;
	json_array_foreach(list, i, value) {
		struct sbk_segment_run *run = &out->runs[out->run_count++];
		const json_t *time = json_array_get(value, 2);

		if (!get_number(json_array_get(value, 0), &run->id) ||
		    !get_number(json_array_get(value, 1), &run->begun) ||
		    !json_is_integer(time) || run->begun >= out->entries)
			return false;
		run->begin_ms = json_integer_value(time);
	}
	return true;
}

static bool parse_keys(const json_t *list, struct sbk_segment_base *out)
{
	const json_t *value;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return false;
	json_array_foreach(list, i, value) {
		const char *key =
			json_string_value(json_object_get(value, "key"));
		const char *signature =
			json_string_value(json_object_get(value, "signature"));
		uint64_t n;

		if (!get_number(json_object_get(value, "entry"), &n) ||
		    n >= out->entries ||
		    (i > 0 &&
		     (signature == NULL || n <= out->keys[i - 1].entry)) ||
		    add_key(out, n, key, signature, NULL) < 0 ||
		    !get_hash(json_object_get(value, "before"),
			      out->keys[i].root))
			return false;
	}
	return true;
}

static bool parse(const json_t *json, struct sbk_segment_base *out)
{
	return get_number(json_object_get(json, "entries"), &out->entries) &&
	       out->entries > 0 &&
	       get_hash(json_object_get(json, "root"), out->root) &&
	       get_number(json_object_get(json, "transactions"),
			  &out->transactions) &&
	       get_number(json_object_get(json, "changes"), &out->changes) &&
	       get_number(json_object_get(json, "sessions"), &out->sessions) &&
	       out->changes <= UINT32_MAX &&
	       parse_runs(json_object_get(json, "running"), out) &&
	       parse_keys(json_object_get(json, "keys"), out);
}

int sbk_segment_base_parse(uint64_t n, const char *json, size_t size,
			   struct sbk_segment_base *out, struct sbk_error *err)
{
	struct sbk_entry_reader r;
	int rc = sbk_entry_open(&r, n, json, size, err);

	memset(out, 0, sizeof(*out));
	/* It drops what is before it, and was written after all that. */
	if (rc == 0 && (!sbk_entry_is(json, size, "drop") ||
			!parse(r.json, out) || out->entries > n))
		rc = sbk_entry_wrong(&r, "drop");
	sbk_entry_close(&r);
	return rc;
}

/* --- reading it from the log --------------------------------------------- */

int sbk_segment_base_read(struct sbk_journal *journal, uint64_t cut,
			  struct sbk_segment_base *out, uint64_t *entry,
			  struct sbk_error *err)
{
	struct sbk_db *db = &journal->db;
	sqlite3_stmt *row;
	int rc;

	*entry = 0;
	rc = number_at(db, SBK_SQL_SEGMENT_OF, cut, entry, err);
	if (rc == 0 && *entry == 0)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "no entry of journal '%.200s' says that the "
				   "%llu before it were exported and dropped",
				   db->path, (unsigned long long)cut);
	if (rc == 0)
		rc = sbk_db_statement(db, SBK_SQL_ENTRY, &row, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)*entry);
	rc = sbk_db_step(db, row, err);
	if (rc == 1) {
		const char *json = sbk_db_text(row, 0);

		rc = sbk_segment_base_parse(
			*entry, json != NULL ? json : "",
			(size_t)sqlite3_column_bytes(row, 0), out, err);
		if (rc == 0 && out->entries != cut)
			rc = sbk_error_set(err, SBK_E_CORRUPT,
					   "entry %llu dropped others",
					   (unsigned long long)*entry);
	} else if (rc == 0) {
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "entry %llu, which says what was dropped, "
				   "is missing",
				   (unsigned long long)*entry);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

int sbk_segment_seed(struct sbk_db *db, const struct sbk_segment_base *base,
		     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < base->key_count; i++) {
		const struct sbk_segment_key *key = &base->keys[i];

		rc = sbk_view_signer(
			db, key->entry, key->key,
			key->signature[0] != '\0' ? key->signature : NULL, err);
	}
	for (i = 0; rc == 0 && i < base->run_count; i++)
		rc = sbk_view_session_begin(db, base->runs[i].id,
					    base->runs[i].begun,
					    base->runs[i].begin_ms, err);
	return rc;
}

/* --- the tree ------------------------------------------------------------ */

int sbk_segment_cut(struct sbk_db *db, uint64_t *cut, struct sbk_error *err)
{
	return sbk_db_number(db, SBK_SQL_FIRST_ENTRY, cut, err);
}

uint64_t sbk_journal_first_entry(const struct sbk_journal *journal)
{
	return journal->cut;
}

/* Grafts the node where the tree has come to; 0: there is none. */
static int graft(struct sbk_journal *journal, int level, struct sbk_tree *tree,
		 struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_NODE, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int(row, 1, level); /* cannot fail */
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)(tree->size >> level));
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 1 &&
	    (sqlite3_column_bytes(row, 0) != SBK_TREE_HASH_BYTES ||
	     !sbk_tree_graft(tree, level, sqlite3_column_blob(row, 0))))
		rc = 0;
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

int sbk_segment_graft(struct sbk_journal *journal, struct sbk_tree *tree,
		      struct sbk_error *err)
{
	int level, rc = 0;

	for (level = SBK_TREE_STORED_EVERY - 1; rc >= 0 && level >= 0; level--)
		rc = graft(journal, level, tree, err);
	return rc < 0 ? rc : 0;
}

int sbk_segment_tree(struct sbk_journal *journal, uint64_t cut,
		     struct sbk_tree *out, struct sbk_error *err)
{
	int level, rc = 1;

	sbk_tree_init(out);
	if (cut >> SBK_TREE_LEVELS != 0)
		rc = 0;
	for (level = SBK_TREE_LEVELS - SBK_TREE_STORED_EVERY;
	     rc == 1 && level > 0; level -= SBK_TREE_STORED_EVERY)
		while (rc == 1 && out->size + ((uint64_t)1 << level) <= cut)
			rc = graft(journal, level, out, err);
	for (level = SBK_TREE_STORED_EVERY - 1; rc == 1 && level >= 0; level--)
		if ((cut >> level & 1) != 0)
			rc = graft(journal, level, out, err);
	if (rc == 0)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "journal '%.200s' lacks hashes of the "
				     "entries that were dropped",
				     journal->db.path);
	return rc < 0 ? rc : 0;
}

int sbk_segment_root(struct sbk_journal *journal, uint64_t size,
		     unsigned char root[SBK_TREE_HASH_BYTES],
		     struct sbk_error *err)
{
	struct sbk_segment_base *base;
	const struct sbk_segment_key *key;
	uint64_t cut = 0, entry;
	int rc = sbk_segment_cut(&journal->db, &cut, err);

	if (rc < 0 || size >= cut)
		return rc;
	base = malloc(sizeof(*base));
	if (base == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_segment_base_read(journal, cut, base, &entry, err);
	key = rc == 0 ? find_key(base, size) : NULL;
	if (key != NULL) {
		memcpy(root, key->root, SBK_TREE_HASH_BYTES);
		rc = 1;
	}
	free(base);
	return rc;
}

void sbk_segment_tell(struct sbk_journal *journal, struct sbk_buf *out)
{
	uint64_t cut = 0;

	/* Whatever fails, there is less to tell. */
	if (sbk_segment_cut(&journal->db, &cut, NULL) == 0 && cut > 0)
		sbk_buf_printf(out,
			       " (entries 0 to %llu were exported and dropped)",
			       (unsigned long long)cut - 1);
}

/* --- where a cut may be -------------------------------------------------- */

struct ending {
	struct sbk_journal *journal;
	uint64_t at;	/* the cut that is looked at */
	uint64_t below; /* the next one that could be */
	char *why;
	struct sbk_error *err;
};

static void say_why(struct ending *e, const char *what, uint64_t id,
		    uint64_t entry, const char *title, const char *how)
{
	(void)snprintf(e->why, SBK_SEGMENT_WHY_MAX,
		       "entry %llu and what follows stay: %s %llu%s%.200s%s %s",
		       (unsigned long long)entry, what, (unsigned long long)id,
		       title != NULL ? " '" : "", title != NULL ? title : "",
		       title != NULL ? "'" : "", how);
	e->below = entry;
}

/* A row (id, begun[, title]) that the cut would divide: 1. */
static int find_divided(struct ending *e, enum sbk_sql sql, const char *what,
			const char *how)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&e->journal->db, sql, &row, e->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)e->at);
	rc = sbk_db_step(&e->journal->db, row, e->err);
	if (rc == 1)
		say_why(e, what, (uint64_t)sqlite3_column_int64(row, 0),
			(uint64_t)sqlite3_column_int64(row, 1),
			sqlite3_column_count(row) > 2 ? sbk_db_text(row, 2)
						      : NULL,
			how);
	(void)sqlite3_reset(row); /* the error is in e->err */
	return rc;
}

/* Transaction `id` has changes in effect at the cut. */
static int say_in_effect(struct ending *e, uint64_t id)
{
	struct sbk_db *db = &e->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_TXN_TITLE, &row, e->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)id);
	rc = sbk_db_step(db, row, e->err);
	if (rc == 1)
		say_why(e, "transaction", id,
			(uint64_t)sqlite3_column_int64(row, 0),
			sbk_db_text(row, 1),
			"has, or had then, changes in effect");
	(void)sqlite3_reset(row); /* the error is in e->err */
	return rc == 0 ? sbk_error_set(e->err, SBK_E_CORRUPT,
				       "there is no transaction %llu",
				       (unsigned long long)id)
		       : rc;
}

static int judge_end(struct ending *e, uint64_t n, const char *json,
		     size_t size)
{
	struct sbk_summary said = {.known = false};
	int rc = sbk_summary_parse(n, json, size, &said, e->err);

	if (rc >= 0 && rc != 1) {
		(void)snprintf(e->why, SBK_SEGMENT_WHY_MAX,
			       "entry %llu and what follows stay: it does not "
			       "tell what was in effect then",
			       (unsigned long long)n);
		e->below = n;
		rc = 1;
	} else if (rc == 1 && said.count > 0) {
		rc = say_in_effect(e, said.items[0].txn);
	} else if (rc == 1 && said.unsettled_count > 0) {
		rc = say_in_effect(e, said.unsettled[0]);
	} else if (rc == 1) {
		rc = 0;
	}
	sbk_summary_release(&said);
	return rc;
}

/* What the log said was in effect: 1, and it was something. */
static int find_in_effect(struct ending *e)
{
	struct sbk_db *db = &e->journal->db;
	uint64_t end = 0;
	sqlite3_stmt *row;
	int rc = number_at(db, SBK_SQL_LAST_END_AT, e->at, &end, e->err);

	/* Nothing was ever done before, or nothing since the last cut. */
	if (rc < 0 || end == 0)
		return rc;
	rc = sbk_db_statement(db, SBK_SQL_ENTRY, &row, e->err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)end);
	rc = sbk_db_step(db, row, e->err);
	if (rc == 1)
		rc = judge_end(e, end, sbk_db_text(row, 0),
			       (size_t)sqlite3_column_bytes(row, 0));
	(void)sqlite3_reset(row); /* the error is in e->err */
	return rc;
}

/* Whether something is still needed of what is before it: 1. */
static int is_needed(struct ending *e)
{
	int rc = find_divided(e, SBK_SQL_RUNNING_AT, "run",
			      "is under way, or owes its end");

	if (rc == 0)
		rc = find_divided(e, SBK_SQL_DIVIDED_TXN, "transaction",
				  "ended later");
	return rc == 0 ? find_in_effect(e) : rc;
}

/* The largest checkpoint at or below `most`: 1. */
static int next_cut(struct ending *e, uint64_t most)
{
	struct sbk_db *db = &e->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_CUTS, &row, e->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)e->journal->cut);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)most);
	rc = sbk_db_step(db, row, e->err);
	if (rc == 1)
		e->at = (uint64_t)sqlite3_column_int64(row, 0);
	(void)sqlite3_reset(row); /* the error is in e->err */
	return rc;
}

int sbk_segment_end(struct sbk_journal *journal, uint64_t most, uint64_t *out,
		    char why[SBK_SEGMENT_WHY_MAX], struct sbk_error *err)
{
	struct ending e = {.journal = journal, .why = why, .err = err};
	int rc;

	why[0] = '\0';
	if (most > journal->tree.size)
		most = journal->tree.size;
	for (;;) {
		rc = next_cut(&e, most);
		if (rc != 1)
			return rc;
		rc = is_needed(&e);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			*out = e.at;
			return 1;
		}
		most = e.below < e.at ? e.below : e.at - 1;
	}
}
