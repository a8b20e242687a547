/*
 * Changes loaded back from the views, by filter. The object of an inverse
 * change is as a rule that of what it undoes (FORMAT.md, *Tables*); that is
 * resolved here and nowhere else.
 *
 * Rows are not believed blindly: names of kinds and states are checked, and a
 * row that makes no sense is a diagnosis.
 */
#include "journal/summary.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

/* Columns of a loaded change, in this order. */
static const char select_any[] =
	"SELECT c.id, c.status, c.undoes, c.note, "
	"ifnull(c.kind, t.kind), ifnull(c.name, t.name), "
	"iif(c.kind IS NULL, t.identity, c.identity), "
	"c.before, c.after, c.ours, "
	"iif(c.undoes IS NULL, c.reason, ifnull(c.reason, 'undo')) "
	"FROM change c LEFT JOIN change t ON t.id = c.undoes "
	"JOIN txn x ON x.id = c.txn WHERE 1 ";

/* The same of those that undo nothing, which need no other row. */
static const char select_own[] =
	"SELECT c.id, c.status, c.undoes, c.note, c.kind, c.name, c.identity, "
	"c.before, c.after, c.ours, c.reason "
	"FROM change c JOIN txn x ON x.id = c.txn WHERE c.undoes IS NULL ";

enum column {
	COLUMN_ID,
	COLUMN_STATUS,
	COLUMN_UNDOES,
	COLUMN_NOTE,
	COLUMN_KIND,
	COLUMN_NAME,
	COLUMN_IDENTITY,
	COLUMN_BEFORE,
	COLUMN_AFTER,
	COLUMN_OURS,
	COLUMN_REASON
};

/* States that were read already, by id: most changes share a few. */
#define CACHE_SLOTS 512 /* a power of two */

struct loader {
	struct sbk_journal *journal;
	struct sbk_plan *out;
	bool strict; /* a sealed state that cannot be read is an error */
	struct loaded_state {
		uint64_t id;
		struct sbk_buf bytes;
	} cache[CACHE_SLOTS];
	struct sbk_buf before, after; /* when a state is not in the cache */
};

/* What stands for a sealed state that the caller may not read. */
static const char sealed_text[] = "sealed";

static bool is_unreadable(int rc)
{
	return rc == SBK_E_DENIED || rc == SBK_E_NOTFOUND;
}

/* Reads table state; 1 and the bytes, or 0 and the hash where they are
 * sealed. */
static int read_state(struct sbk_journal *journal, uint64_t id,
		      unsigned char hash[SBK_STATE_HASH_BYTES],
		      struct sbk_buf *out, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_STATE_BYTES, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)id);
	rc = sbk_db_step(&journal->db, row, err);
	if (rc == 0 ||
	    (rc == 1 && sqlite3_column_bytes(row, 0) != SBK_STATE_HASH_BYTES))
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "journal '%s': state %llu is missing; see "
				   "'sandbook journal verify'",
				   journal->db.path, (unsigned long long)id);
	if (rc == 1) {
		memcpy(hash, sqlite3_column_blob(row, 0), SBK_STATE_HASH_BYTES);
		rc = sqlite3_column_type(row, 1) != SQLITE_NULL;
		if (rc == 1)
			sbk_buf_add(out, sqlite3_column_blob(row, 1),
				    (size_t)sqlite3_column_bytes(row, 1));
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* Nobody acts on a state that is not the one that the log names. */
static int check_bytes(const struct sbk_journal *journal, uint64_t id,
		       const unsigned char *named, bool sealed,
		       const struct sbk_buf *bytes, struct sbk_error *err)
{
	unsigned char hash[SBK_STATE_HASH_BYTES];

	if (sealed)
		sbk_sealed_hash(&journal->sealed, sbk_buf_text(bytes),
				bytes->size, hash);
	else
		sbk_sha256(sbk_buf_text(bytes), bytes->size, hash);
	if (journal->trusted || memcmp(hash, named, sizeof(hash)) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "journal '%s': state %llu was changed; see "
			     "'sandbook journal verify'",
			     journal->db.path, (unsigned long long)id);
}

/* Appends a state's bytes, sealed or not: DENIED, NOTFOUND where they are
 * kept from the caller. */
static int append_state(struct sbk_journal *journal, uint64_t id,
			struct sbk_buf *out, struct sbk_error *err)
{
	unsigned char hash[SBK_STATE_HASH_BYTES];
	bool sealed = false;
	int rc = read_state(journal, id, hash, out, err);

	if (rc == 0) {
		sealed = true;
		rc = sbk_sealed_load(journal, hash, out, err);
	}
	if (rc >= 0)
		rc = sbk_buf_failed(out, err);
	return rc < 0 ? rc : check_bytes(journal, id, hash, sealed, out, err);
}

static int load_state(struct loader *loader, uint64_t id, struct sbk_buf *spare,
		      struct sbk_state *out, struct sbk_error *err)
{
	struct loaded_state *slot = &loader->cache[id & (CACHE_SLOTS - 1)];
	struct sbk_buf *bytes = spare;
	int rc;

	if (id == 0) {
		*out = SBK_STATE_ABSENT;
		return 0;
	}
	if (slot->id == 0)
		bytes = &slot->bytes;
	if (slot->id != id) {
		sbk_buf_clear(bytes);
		rc = append_state(loader->journal, id, bytes, err);
		if (is_unreadable(rc) && !loader->strict) {
			sbk_error_clear(err);
			sbk_buf_clear(bytes);
			sbk_buf_adds(bytes, sealed_text);
			rc = sbk_buf_failed(bytes, err);
		}
		if (rc < 0)
			return rc;
		if (bytes == &slot->bytes)
			slot->id = id;
	} else {
		bytes = &slot->bytes;
	}
	*out = (struct sbk_state){.data = sbk_buf_text(bytes),
				  .size = bytes->size};
	return 0;
}

static int no_sense(struct sbk_journal *journal, sqlite3_stmt *row,
		    struct sbk_error *err)
{
	return sbk_error_set(
		err, SBK_E_CORRUPT,
		"journal '%s': change %lld makes no sense; see 'sandbook "
		"journal verify'",
		journal->db.path,
		(long long)sqlite3_column_int64(row, COLUMN_ID));
}

static int load_row(struct loader *loader, sqlite3_stmt *row,
		    struct sbk_error *err)
{
	const char *status = sbk_db_text(row, COLUMN_STATUS);
	const char *kind = sbk_db_text(row, COLUMN_KIND);
	struct sbk_change change = {
		.id = (uint64_t)sqlite3_column_int64(row, COLUMN_ID),
		.undoes = (uint64_t)sqlite3_column_int64(row, COLUMN_UNDOES),
		.note = sbk_db_text(row, COLUMN_NOTE),
		.object.name = sbk_db_text(row, COLUMN_NAME),
		.object.identity = sbk_db_text(row, COLUMN_IDENTITY),
		.ours = sbk_db_text(row, COLUMN_OURS),
		.reason = sbk_db_text(row, COLUMN_REASON),
	};
	int rc;

	if (status == NULL || sbk_status_parse(status, &change.status) < 0 ||
	    kind == NULL || sbk_kind_parse(kind, &change.object.kind) < 0 ||
	    change.object.name == NULL)
		return no_sense(loader->journal, row, err);
	rc = load_state(loader,
			(uint64_t)sqlite3_column_int64(row, COLUMN_BEFORE),
			&loader->before, &change.before, err);
	if (rc == 0)
		rc = load_state(
			loader,
			(uint64_t)sqlite3_column_int64(row, COLUMN_AFTER),
			&loader->after, &change.after, err);
	return rc < 0 ? rc : sbk_plan_add(loader->out, &change, err);
}

/* --- the filter --------------------------------------------------------- */

/* Whether one name is at or below another. Names are compared as bytes, and
 * '0' is what follows '/'. */
#define WITHIN(name, root)                                   \
	"((" name " >= " root " || '/' AND " name " < " root \
	" || '0') OR " name " = " root " OR " root " = '/')"

/* In these transactions alone: those of which something is in effect, or of
 * which the rows were checked (scope.c). */
static void add_scope(struct sbk_buf *sql, const struct sbk_summary *scope,
		      bool checked, const char *table, const char *txn)
{
	size_t i;

	sbk_buf_printf(sql,
		       "AND %s.id BETWEEN %s.first AND %s.last AND %s.id IN (0",
		       table, txn, txn, txn);
	for (i = 0; i < scope->count; i++)
		if (scope->items[i].checked || !checked)
			sbk_buf_printf(sql, ", %llu",
				       (unsigned long long)scope->items[i].txn);
	sbk_buf_adds(sql, ") ");
}

/*
 * A grant may have opened the way to its tree, by a change of a directory
 * above it. That goes, too, where nothing else in effect needs the way.
 */
static void add_ways(struct sbk_buf *sql, const struct sbk_journal *journal)
{
	sbk_buf_adds(sql, "AND (" WITHIN("c.name", "?5") " OR (");
	sbk_buf_adds(sql, WITHIN("?5", "c.name"));
	sbk_buf_adds(sql, " AND NOT EXISTS (SELECT 1 FROM change o "
			  "JOIN txn y ON y.id = o.txn AND y.kind = 'do' "
			  "WHERE o.undoes IS NULL AND o.status <> 'undone' ");
	if (journal->scoped)
		add_scope(sql, &journal->scope, false, "o", "y");
	sbk_buf_adds(sql, "AND " WITHIN("o.name", "c.name"));
	sbk_buf_adds(sql, " AND NOT " WITHIN("o.name", "?5"));
	sbk_buf_adds(sql, " AND NOT " WITHIN("?5", "o.name") "))) ");
}

static void add_conditions(struct sbk_buf *sql,
			   const struct sbk_journal *journal,
			   const struct sbk_journal_filter *filter)
{
	if (journal->scoped && filter->unsettled)
		add_scope(sql, &journal->scope, true, "c", "x");
	if (filter->transaction != 0)
		sbk_buf_adds(sql, "AND c.txn = ?1 "
				  "AND c.id BETWEEN x.first AND x.last ");
	if (filter->first != 0)
		sbk_buf_adds(sql, "AND c.id >= ?2 ");
	if (filter->last != 0)
		sbk_buf_adds(sql, "AND c.id <= ?3 ");
	if (filter->session != 0)
		sbk_buf_adds(sql, "AND x.session = ?4 ");
	if (filter->path != NULL && strcmp(filter->path, "/") != 0 &&
	    filter->ways)
		add_ways(sql, journal);
	else if (filter->path != NULL && strcmp(filter->path, "/") != 0)
		sbk_buf_adds(sql, filter->unsettled
					  ? "AND " WITHIN("c.name", "?5") " "
					  : "AND " WITHIN("ifnull(c.name, "
							  "t.name)",
							  "?5") " ");
	if (filter->kind != NULL)
		sbk_buf_adds(sql, filter->unsettled
					  ? "AND c.kind = ?6 "
					  : "AND ifnull(c.kind, t.kind) = ?6 ");
	if (filter->since_ms != 0)
		sbk_buf_adds(sql, "AND x.time_ms >= ?7 ");
	if (filter->until_ms != 0)
		sbk_buf_adds(sql, "AND x.time_ms <= ?8 ");
	/* What an undo takes out of objects that were made later goes forward
	 * only; what is owed of it are the trees to walk (recover.c). */
	if (filter->unsettled)
		sbk_buf_adds(sql, "AND x.kind = 'do' AND (c.status = "
				  "'confirmed' OR c.status IN ('prepared', "
				  "'conflict', 'owed')) ");
	if (filter->dead)
		sbk_buf_adds(sql, "AND x.state IN ('open', 'failed') ");
}

/* A condition that was left out has no parameter: binding it is refused, and
 * that is what is wanted. */
static void bind_conditions(sqlite3_stmt *row,
			    const struct sbk_journal_filter *filter)
{
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)filter->transaction);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)filter->first);
	(void)sqlite3_bind_int64(row, 3, (sqlite3_int64)filter->last);
	(void)sqlite3_bind_int64(row, 4, (sqlite3_int64)filter->session);
	sbk_db_bind_text(row, 5, filter->path);
	sbk_db_bind_text(row, 6, filter->kind);
	(void)sqlite3_bind_int64(row, 7, filter->since_ms);
	(void)sqlite3_bind_int64(row, 8, filter->until_ms);
}

static void loader_release(struct loader *loader)
{
	size_t i;

	for (i = 0; i < CACHE_SLOTS; i++)
		sbk_buf_release(&loader->cache[i].bytes);
	sbk_buf_release(&loader->before);
	sbk_buf_release(&loader->after);
	free(loader);
}

static int load_where(struct sbk_journal *journal, struct sbk_buf *sql,
		      const struct sbk_journal_filter *filter, bool strict,
		      struct sbk_plan *out, struct sbk_error *err)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	sqlite3_stmt *row = NULL;
	int rc = sbk_buf_failed(sql, err);

	if (loader == NULL)
		return sbk_error_no_memory(err);
	loader->journal = journal;
	loader->out = out;
	loader->strict = strict;
	if (rc == 0 && sqlite3_prepare_v2(journal->db.handle, sql->data, -1,
					  &row, NULL) != SQLITE_OK)
		rc = sbk_db_fail(&journal->db, err);
	if (rc < 0)
		goto out;
	bind_conditions(row, filter);
	while ((rc = sbk_db_step(&journal->db, row, err)) == 1) {
		rc = load_row(loader, row, err);
		if (rc < 0)
			break;
	}
out:
	(void)sqlite3_finalize(row); /* the error is in `err` */
	loader_release(loader);
	return rc;
}

int sbk_journal_load(struct sbk_journal *journal,
		     const struct sbk_journal_filter *filter,
		     struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_buf sql = SBK_BUF_INIT;
	int rc;

	sbk_buf_adds(&sql, filter->unsettled ? select_own : select_any);
	add_conditions(&sql, journal, filter);
	/* One transaction's changes follow another's. SQLite, which does not
	 * know that, would sort the changes themselves. */
	sbk_buf_adds(&sql, journal->scoped && filter->unsettled
				   ? "ORDER BY x.id, c.id"
				   : "ORDER BY c.id");
	rc = load_where(journal, &sql, filter, filter->unsettled, out, err);
	sbk_buf_release(&sql);
	return rc;
}

int sbk_load_prepared(struct sbk_journal *journal, uint64_t transaction,
		      struct sbk_plan *out, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.transaction = transaction};
	struct sbk_buf sql = SBK_BUF_INIT;
	int rc;

	sbk_buf_adds(&sql, select_any);
	add_conditions(&sql, journal, &filter);
	sbk_buf_adds(&sql, "AND c.status = 'prepared' ORDER BY c.id");
	rc = load_where(journal, &sql, &filter, true, out, err);
	sbk_buf_release(&sql);
	return rc;
}

static int load_confirmed(struct sbk_journal *journal, const char *condition,
			  struct sbk_plan *out, struct sbk_error *err)
{
	static const struct sbk_journal_filter any = {.transaction = 0};
	struct sbk_buf sql = SBK_BUF_INIT;
	int rc;

	sbk_buf_adds(&sql, select_any);
	sbk_buf_adds(&sql, condition);
	sbk_buf_adds(&sql, " ORDER BY c.id");
	rc = load_where(journal, &sql, &any, false, out, err);
	sbk_buf_release(&sql);
	return rc;
}

int sbk_load_undone(struct sbk_journal *journal, struct sbk_plan *undone,
		    struct sbk_plan *inverse, struct sbk_error *err)
{
	int rc = load_confirmed(journal,
				"AND c.undoes IS NULL AND c.status = 'undone' "
				"AND x.kind = 'do'",
				undone, err);

	return rc < 0 ? rc
		      : load_confirmed(journal,
				       "AND c.undoes IS NOT NULL "
				       "AND c.status = 'confirmed'",
				       inverse, err);
}
