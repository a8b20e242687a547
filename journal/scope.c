/*
 * An undo uses a part of the journal, and only that part is held to the log:
 * the transactions of which something is in effect, as the log's newest
 * summary has them (summary.h), and of these the rows of all changes that the
 * filter could mean. What the tables say of others is not even read.
 *
 * Each entry that a row stands for is hashed up to the root that was signed, so
 * that the price is that of what is used, and no more in a journal of years.
 * The argument, and what was tried against it, stand in FORMAT.md.
 *
 * Whatever needs more (what was undone earlier, what is still to be recovered,
 * objects that were made later in a tree) has the whole journal checked:
 * sbk_scope_leave.
 */
#include "journal/summary.h"
#include "journal/verify.h"

#include <sodium.h>
#include <string.h>

#include "engine/path.h"

#include "engine/banned.h"

struct scope {
	struct sbk_journal *journal;
	const struct sbk_journal_filter *filter;
	struct sbk_log_reader reader;
	struct sbk_summary summary;
	struct sbk_table states; /* hashes in hexadecimal, by number */
	struct sbk_arena arena;
	struct sbk_buf json;
	bool way; /* what is meant has a way from above to the path */
	struct sbk_error *err;
};

static int altered(struct scope *s, const char *what, uint64_t n)
{
	return sbk_error_set(s->err, SBK_E_CORRUPT,
			     "journal '%.200s' is not what its log says: %s "
			     "%llu is another one ('sandbook journal verify' "
			     "shows all of it)",
			     s->journal->db.path, what, (unsigned long long)n);
}

/* Whether what was built in s->json is entry `n`, byte for byte. */
static int compare_entry(struct scope *s, uint64_t n, const char *what,
			 uint64_t number)
{
	const char *json;
	size_t size;
	int rc = sbk_buf_failed(&s->json, s->err);

	if (rc == 0)
		rc = sbk_log_reader_entry(&s->reader, n, &json, &size, s->err);
	if (rc < 0)
		return rc;
	return size == s->json.size && memcmp(json, s->json.data, size) == 0
		       ? 0
		       : altered(s, what, number);
}

/* --- a transaction and its roots ----------------------------------------- */

/* What the filter has to do with a transaction. */
struct meant {
	bool session;	/* it is of the session */
	bool any_root;	/* it has roots, */
	bool near_root; /* and one of them is at, above or below the path */
};

static int check_begin(struct scope *s, const struct sbk_summary_item *item,
		       uint64_t *begun, struct meant *meant)
{
	struct sbk_db *db = &s->journal->db;
	enum sbk_transaction_kind kind = SBK_TRANSACTION_UNDO;
	sqlite3_stmt *row;
	const char *word, *title;
	int rc = sbk_db_statement(db, SBK_SQL_TXN, &row, s->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)item->txn);
	rc = sbk_db_step(db, row, s->err);
	word = rc == 1 ? sbk_db_text(row, 1) : NULL;
	title = rc == 1 ? sbk_db_text(row, 2) : NULL;
	if (rc < 0 || word == NULL || title == NULL ||
	    sbk_transaction_kind_parse(word, &kind) < 0 ||
	    kind != SBK_TRANSACTION_DO ||
	    (uint64_t)sqlite3_column_int64(row, 5) != item->first ||
	    (uint64_t)sqlite3_column_int64(row, 6) != item->last) {
		rc = rc < 0 ? rc : altered(s, "transaction", item->txn);
		goto out;
	}
	*begun = (uint64_t)sqlite3_column_int64(row, 0);
	meant->session =
		s->filter->session == (uint64_t)sqlite3_column_int64(row, 3);
	sbk_entry_begin(&s->json, item->txn, kind, sqlite3_column_int64(row, 4),
			title, (uint64_t)sqlite3_column_int64(row, 3));
	rc = compare_entry(s, *begun, "transaction", item->txn);
out:
	(void)sqlite3_reset(row); /* the error is in s->err */
	return rc;
}

static int check_root(struct scope *s, sqlite3_stmt *row, uint64_t txn,
		      uint64_t entry, struct meant *meant)
{
	const struct sbk_plan_root root = {
		.path = sbk_db_text(row, 1),
		.identity = sbk_db_text(row, 2),
		.principal = sbk_db_text(row, 3),
		.principal_name = sbk_db_text(row, 4),
		.writable = sqlite3_column_int(row, 5) != 0,
	};
	const char *path = s->filter->path;

	if (root.path == NULL || root.principal == NULL ||
	    (uint64_t)sqlite3_column_int64(row, 0) != entry)
		return altered(s, "a root of transaction", txn);
	meant->any_root = true;
	if (path != NULL && (sbk_path_within(path, root.path) ||
			     sbk_path_within(root.path, path)))
		meant->near_root = true;
	sbk_entry_root(&s->json, txn, &root);
	return compare_entry(s, entry, "a root of transaction", txn);
}

/* They follow the `begin`, and what follows them is something else. */
static int check_roots(struct scope *s, uint64_t txn, uint64_t begun,
		       struct meant *meant)
{
	struct sbk_db *db = &s->journal->db;
	uint64_t entry = begun + 1;
	sqlite3_stmt *row;
	const char *json;
	size_t size;
	int rc = sbk_db_statement(db, SBK_SQL_ROOTS, &row, s->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)txn);
	while ((rc = sbk_db_step(db, row, s->err)) == 1) {
		rc = check_root(s, row, txn, entry++, meant);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in s->err */
	if (rc == 0)
		rc = sbk_log_reader_entry(&s->reader, entry, &json, &size,
					  s->err);
	return rc == 0 && sbk_entry_is(json, size, "root")
		       ? altered(s, "a root of transaction", txn)
		       : rc;
}

/* --- its changes --------------------------------------------------------- */

static int refer(struct scope *s, uint64_t id, struct sbk_state_ref *out)
{
	struct sbk_db *db = &s->journal->db;
	sqlite3_stmt *row;
	bool fresh, found;
	char *hex;
	int rc;

	out->id = id;
	if (id == 0)
		return 0;
	hex = sbk_table_put(&s->states, &id, sizeof(id), &fresh);
	if (hex == NULL)
		return sbk_error_no_memory(s->err);
	if (fresh) {
		rc = sbk_db_statement(db, SBK_SQL_STATE_HASH, &row, s->err);
		if (rc < 0)
			return rc;
		(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)id);
		rc = sbk_db_step(db, row, s->err);
		found = rc == 1 &&
			sqlite3_column_bytes(row, 0) == SBK_STATE_HASH_BYTES;
		if (found)
			(void)sodium_bin2hex(hex, sizeof(out->hex),
					     sqlite3_column_blob(row, 0),
					     SBK_STATE_HASH_BYTES);
		(void)sqlite3_reset(row); /* the error is in s->err */
		if (!found)
			return rc < 0 ? rc : altered(s, "state", id);
	}
	memcpy(out->hex, hex, sizeof(out->hex));
	return 0;
}

static int check_row(struct scope *s, const struct sbk_view_change *row,
		     const struct sbk_summary_item *item, uint64_t id)
{
	const struct sbk_shared nothing = {.object = false};
	struct sbk_change said = {
		.object.name = row->name,
		.object.identity = row->identity,
		.ours = row->ours,
		.reason = row->reason,
	};
	const char *path = s->filter->path;
	struct sbk_state_ref before, after;
	int rc;

	if (row->id != id || row->txn != item->txn || row->undoes != 0 ||
	    row->kind == NULL || row->name == NULL ||
	    sbk_kind_parse(row->kind, &said.object.kind) < 0)
		return altered(s, "change", id);
	s->way = s->way || (path != NULL && !sbk_path_within(row->name, path) &&
			    sbk_path_within(path, row->name));
	rc = refer(s, row->before, &before);
	if (rc == 0)
		rc = refer(s, row->after, &after);
	if (rc < 0)
		return rc;
	sbk_entry_intend(&s->json, id, row->txn, &said, &before, &after,
			 &nothing);
	return compare_entry(s, row->entry, "change", id);
}

static int check_rows(struct scope *s, const struct sbk_summary_item *item)
{
	struct sbk_db *db = &s->journal->db;
	uint64_t next = item->first;
	struct sbk_view_change change;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_CHANGES_OF, &row, s->err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)item->first);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)item->last);
	while ((rc = sbk_db_step(db, row, s->err)) == 1) {
		rc = sbk_verify_read_row(row, &change)
			     ? check_row(s, &change, item, next)
			     : altered(s, "change", next);
		if (rc < 0)
			break;
		next++;
	}
	(void)sqlite3_reset(row); /* the error is in s->err */
	if (rc == 0 && next != item->last + 1)
		rc = altered(s, "change", next);
	return rc;
}

static int check_changes(struct scope *s, struct sbk_summary_item *item)
{
	unsigned char hash[SBK_TREE_HASH_BYTES];
	bool any;
	int rc;

	if (item->checked)
		return 0;
	rc = sbk_summary_hash(&s->journal->db, item->first, item->last, hash,
			      &any, s->err);
	if (rc == 0 && memcmp(hash, item->hash, sizeof(hash)) != 0)
		rc = altered(s, "what is in effect of transaction", item->txn);
	if (rc == 0)
		rc = check_rows(s, item);
	item->checked = rc == 0;
	return rc;
}

/* --- what the filter means ----------------------------------------------- */

static bool is_meant(const struct sbk_journal_filter *f,
		     const struct sbk_summary_item *item,
		     const struct meant *meant)
{
	if (f->transaction != 0 && f->transaction != item->txn)
		return false;
	if (f->first != 0 && item->last < f->first)
		return false;
	if (f->last != 0 && item->first > f->last)
		return false;
	if (f->session != 0 && !meant->session)
		return false;
	/* A transaction with roots changes what stands below them, and the
	 * ways to them from above. */
	return f->path == NULL || !meant->any_root || meant->near_root;
}

/* 1: something was undone below what is meant, which says what it left. */
static int check_item(struct scope *s, struct sbk_summary_item *item)
{
	struct meant meant = {.session = false};
	uint64_t begun = 0;
	int rc = check_begin(s, item, &begun, &meant);

	if (rc == 0)
		rc = check_roots(s, item->txn, begun, &meant);
	if (rc < 0 || !is_meant(s->filter, item, &meant))
		return rc;
	return item->dug ? 1 : check_changes(s, item);
}

/* 0: none; 1: the table has some, and recovery looks at all. */
static int any_unsettled(struct scope *s)
{
	struct sbk_db *db = &s->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_UNSETTLED_TXNS, &row, s->err);

	if (rc == 0)
		rc = sbk_db_step(db, row, s->err);
	if (rc >= 0)
		(void)sqlite3_reset(row); /* it was read */
	return rc;
}

static int check_used(struct scope *s)
{
	uint64_t end;
	size_t i;
	int rc = any_unsettled(s);

	if (rc == 0) {
		rc = sbk_summary_find(s->journal, &s->reader, &s->summary, &end,
				      s->err);
		if (rc >= 0)
			rc = rc == 1 && s->summary.unsettled_count == 0 ? 0 : 1;
	}
	for (i = 0; rc == 0 && i < s->summary.count; i++)
		rc = check_item(s, &s->summary.items[i]);
	/* Whether the way goes or stays is told by all that may need it. */
	for (i = 0; s->way && rc == 0 && i < s->summary.count; i++)
		rc = check_changes(s, &s->summary.items[i]);
	return rc;
}

/* --- what was loaded ----------------------------------------------------- */

static const struct sbk_summary_item *item_of(const struct scope *s,
					      uint64_t id)
{
	size_t i;

	for (i = 0; i < s->summary.count; i++)
		if (id >= s->summary.items[i].first &&
		    id <= s->summary.items[i].last)
			return &s->summary.items[i];
	return NULL;
}

/* Nothing else, and in its order. */
static int check_loaded(struct scope *s, struct sbk_plan *loaded)
{
	const struct sbk_summary_item *item = NULL;
	uint64_t last = 0;
	size_t i;

	for (i = 0; i < sbk_plan_count(loaded); i++) {
		const struct sbk_change *change = sbk_plan_at(loaded, i);

		if (item == NULL || change->id < item->first ||
		    change->id > item->last)
			item = item_of(s, change->id);
		if (item == NULL || !item->checked || change->id <= last)
			return altered(s, "change", change->id);
		last = change->id;
	}
	return 0;
}

static int load(struct scope *s, struct sbk_plan *out)
{
	int rc = check_used(s);

	if (rc != 0)
		return rc;
	sbk_summary_release(&s->journal->scope);
	s->journal->scope = s->summary;
	s->journal->scoped = true;
	rc = sbk_journal_load(s->journal, s->filter, out, s->err);
	return rc < 0 ? rc : check_loaded(s, out);
}

int sbk_scope_load(struct sbk_journal *journal,
		   const struct sbk_journal_filter *filter,
		   struct sbk_plan *out, struct sbk_error *err)
{
	struct scope s = {
		.journal = journal,
		.filter = filter,
		.states =
			SBK_TABLE_INIT(2 * SBK_STATE_HASH_BYTES + 1, &s.arena),
		.err = err,
	};
	int rc;

	journal->scoped = false;
	if (journal->trusted || journal->book != SBK_BOOK_USER)
		return 1;
	rc = sbk_log_snapshot(journal, err);
	if (rc < 0)
		return rc;
	sbk_log_reader_init(&s.reader, journal);
	if (journal->tree.size < journal->scope_least)
		rc = 1;
	else
		rc = load(&s, out);
	sbk_db_abandon(&journal->db); /* only read */
	if (!journal->scoped)
		sbk_summary_release(&s.summary);
	sbk_log_reader_release(&s.reader);
	sbk_table_release(&s.states);
	sbk_arena_release(&s.arena);
	sbk_buf_release(&s.json);
	return rc;
}

bool sbk_scope_has(const struct sbk_journal *journal, uint64_t txn)
{
	const struct sbk_summary *scope = &journal->scope;
	size_t i;

	for (i = 0; journal->scoped && i < scope->count; i++)
		if (scope->items[i].txn == txn)
			return true;
	return !journal->scoped;
}

int sbk_scope_leave(struct sbk_journal *journal, struct sbk_error *err)
{
	if (!journal->scoped)
		return 0;
	journal->scoped = false;
	return sbk_journal_check(journal, err);
}
