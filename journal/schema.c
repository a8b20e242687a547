/*
 * The tables, as text that is compared with what a database holds. Owns the
 * version and the steps between versions. See FORMAT.md for what they mean.
 */
#include "journal/internal.h"

#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

#define SIGNER_TABLE                                      \
	"CREATE TABLE signer(entry INTEGER PRIMARY KEY, " \
	"vkey TEXT NOT NULL, signature TEXT)"
#define CHECKPOINT_TABLE                                     \
	"CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, " \
	"note TEXT NOT NULL)"

#define WITNESS_TABLE                                      \
	"CREATE TABLE witness(entry INTEGER PRIMARY KEY, " \
	"person INTEGER NOT NULL, found TEXT NOT NULL, key TEXT, note TEXT)"
#define WITNESS_INDEX "CREATE INDEX witness_person ON witness(person)"

#define SEGMENT_TABLE                                       \
	"CREATE TABLE segment(entry INTEGER PRIMARY KEY, "  \
	"entries INTEGER NOT NULL, root BLOB NOT NULL, "    \
	"txns INTEGER NOT NULL, changes INTEGER NOT NULL, " \
	"sessions INTEGER NOT NULL)"

const struct sbk_schema_item sbk_journal_schema[] = {
	{"table", "entry",
	 "CREATE TABLE entry(n INTEGER PRIMARY KEY, json TEXT NOT NULL)"},
	{"table", "node",
	 "CREATE TABLE node(level INTEGER NOT NULL, n INTEGER NOT NULL, "
	 "hash BLOB NOT NULL, PRIMARY KEY(level, n)) WITHOUT ROWID"},
	{"table", "head",
	 "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id = 1), "
	 "size INTEGER NOT NULL, root BLOB NOT NULL)"},
	{"table", "state",
	 "CREATE TABLE state(id INTEGER PRIMARY KEY, "
	 "hash BLOB NOT NULL UNIQUE, bytes BLOB)"},
	{"table", "txn",
	 "CREATE TABLE txn(id INTEGER PRIMARY KEY, begun INTEGER NOT NULL, "
	 "ended INTEGER, kind TEXT NOT NULL, title TEXT NOT NULL, "
	 "session INTEGER, time_ms INTEGER NOT NULL, state TEXT NOT NULL, "
	 "first INTEGER, last INTEGER)"},
	{"index", "txn_unsettled",
	 "CREATE INDEX txn_unsettled ON txn(id) "
	 "WHERE state IN ('open', 'failed')"},
	{"table", "root",
	 "CREATE TABLE root(id INTEGER PRIMARY KEY, txn INTEGER NOT NULL, "
	 "entry INTEGER NOT NULL, path TEXT NOT NULL, identity TEXT, "
	 "principal TEXT NOT NULL, principal_name TEXT, "
	 "writable INTEGER NOT NULL)"},
	{"table", "change",
	 "CREATE TABLE change(id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, "
	 "txn INTEGER NOT NULL, undoes INTEGER, kind TEXT, name TEXT, "
	 "identity TEXT, before INTEGER, after INTEGER, ours TEXT, "
	 "reason TEXT, status TEXT NOT NULL, note TEXT)"},
	{"table", "session",
	 "CREATE TABLE session(id INTEGER PRIMARY KEY, "
	 "begun INTEGER NOT NULL, ended INTEGER, begin_ms INTEGER NOT NULL, "
	 "end_ms INTEGER, state TEXT NOT NULL)"},
	{"index", "session_running",
	 "CREATE INDEX session_running ON session(id) "
	 "WHERE state = 'running'"},
	{"table", "signer", SIGNER_TABLE},
	{"table", "checkpoint", CHECKPOINT_TABLE},
	{"table", "witness", WITNESS_TABLE},
	{"index", "witness_person", WITNESS_INDEX},
	{"table", "segment", SEGMENT_TABLE},
	{NULL, NULL, NULL},
};

const struct sbk_schema_item sbk_sealed_schema[] = {
	{"table", "key",
	 "CREATE TABLE key(id INTEGER PRIMARY KEY CHECK(id = 1), "
	 "bytes BLOB NOT NULL)"},
	{"table", "sealed",
	 "CREATE TABLE sealed(hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) "
	 "WITHOUT ROWID"},
	{NULL, NULL, NULL},
};

/* Version 2 signs: the key itself comes with the next transaction (key.c).
 * Version 3 witnesses other logs (witness.c). Version 4 may lack its oldest
 * entries (segment.c). */
const struct sbk_migration sbk_migrations[] = {
	{1, SIGNER_TABLE "; " CHECKPOINT_TABLE},
	{2, WITNESS_TABLE "; " WITNESS_INDEX},
	{3, SEGMENT_TABLE},
	{0, NULL},
};

int sbk_schema_make(struct sbk_db *db, const struct sbk_schema_item *schema,
		    struct sbk_error *err)
{
	char text[96];
	int rc;

	(void)snprintf(text, sizeof(text),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d",
		       SBK_APPLICATION_ID, SBK_SCHEMA_VERSION);
	rc = sbk_db_exec(db, text, err);
	for (; rc == 0 && schema->name != NULL; schema++)
		rc = sbk_db_exec(db, schema->sql, err);
	return rc;
}

static int read_pragma(struct sbk_db *db, const char *sql, int *out,
		       struct sbk_error *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

	rc = rc == SQLITE_OK ? sbk_db_step(db, statement, err)
			     : sbk_db_fail(db, err);
	if (rc == 1)
		*out = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

int sbk_schema_version(struct sbk_db *db, int *out, struct sbk_error *err)
{
	int application = 0, version = 0;
	int rc = read_pragma(db, "PRAGMA application_id", &application, err);

	if (rc == 0)
		rc = read_pragma(db, "PRAGMA user_version", &version, err);
	if (rc < 0)
		return rc;
	if (application != SBK_APPLICATION_ID || version < 1)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s' is a database of another program; "
				     "move it away to begin a new journal",
				     db->path);
	if (version > SBK_SCHEMA_VERSION)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' was written by a newer sandbook "
				     "(format %d, this one knows %d); use that "
				     "one",
				     db->path, version, SBK_SCHEMA_VERSION);
	*out = version;
	return 0;
}

static int migrate_step(struct sbk_db *db, const struct sbk_migration *step,
			struct sbk_error *err)
{
	char text[64];
	int rc = sbk_db_exec(db, "BEGIN EXCLUSIVE", err);

	if (rc < 0)
		return rc;
	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d",
		       step->from + 1);
	rc = sbk_db_exec(db, step->sql, err);
	if (rc == 0)
		rc = sbk_db_exec(db, text, err);
	if (rc == 0)
		rc = sbk_db_exec(db, "COMMIT", err);
	if (rc < 0)
		sbk_db_abandon(db);
	return rc;
}

int sbk_schema_migrate(struct sbk_db *db, const struct sbk_migration *steps,
		       int to, struct sbk_error *err)
{
	int version, rc = read_pragma(db, "PRAGMA user_version", &version, err);

	while (rc == 0 && version < to) {
		const struct sbk_migration *step = steps;

		while (step->sql != NULL && step->from != version)
			step++;
		if (step->sql == NULL)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "'%s' has format %d, from which "
					     "no step leads to %d",
					     db->path, version, to);
		rc = migrate_step(db, step, err);
		version++;
	}
	return rc;
}

static const struct sbk_schema_item *
find_item(const struct sbk_schema_item *schema, const char *type,
	  const char *name)
{
	for (; schema->name != NULL; schema++)
		if (strcmp(schema->type, type) == 0 &&
		    strcmp(schema->name, name) == 0)
			return schema;
	return NULL;
}

static int check_item(struct sbk_db *db, const struct sbk_schema_item *schema,
		      sqlite3_stmt *row, size_t *known, struct sbk_error *err)
{
	const char *type = sbk_db_text(row, 0), *name = sbk_db_text(row, 1);
	const char *sql = sbk_db_text(row, 2);
	const struct sbk_schema_item *item;

	if (type == NULL || name == NULL)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s' has a schema with holes", db->path);
	/* The index behind a UNIQUE of ours has no text of its own. */
	if (sql == NULL && strcmp(type, "index") == 0 &&
	    strncmp(name, "sqlite_autoindex_", 17) == 0)
		return 0;
	item = find_item(schema, type, name);
	if (item == NULL)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s' holds a %s '%s' that is not ours; "
				     "somebody put it there, it was not run",
				     db->path, type, name);
	if (sql == NULL || strcmp(sql, item->sql) != 0)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s' holds a %s '%s' that somebody "
				     "changed",
				     db->path, type, name);
	(*known)++;
	return 0;
}

int sbk_schema_check(struct sbk_db *db, const struct sbk_schema_item *schema,
		     struct sbk_error *err)
{
	sqlite3_stmt *row = NULL;
	size_t known = 0, wanted = 0;
	int rc = sqlite3_prepare_v2(db->handle,
				    "SELECT type, name, sql FROM sqlite_schema",
				    -1, &row, NULL);

	if (rc != SQLITE_OK)
		return sbk_db_fail(db, err);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		rc = check_item(db, schema, row, &known, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_finalize(row); /* the error is in `err` */
	if (rc < 0)
		return rc;
	while (schema[wanted].name != NULL)
		wanted++;
	if (known != wanted)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "'%s' lacks %zu of its %zu tables and "
				     "indexes",
				     db->path, wanted - known, wanted);
	return 0;
}
