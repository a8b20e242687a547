/*
 * Connections to SQLite. Owns how a database is opened (defensively: nothing
 * that stands in its schema is trusted or run) and what SQLite's answers mean
 * as errors of ours. Knows no table.
 */
#include "journal/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

/* For another process's commit; never for its work. */
#define BUSY_WAIT_MS 5000
/* The first part of SQLite's shared memory file; it maps parts of this size. */
#define SHARED_BYTES 32768

static const char *const sql_texts[] = {
#define SBK_SQL_TEXT(name, text) [SBK_SQL_##name] = (text),
	SBK_SQL_MAP(SBK_SQL_TEXT)
#undef SBK_SQL_TEXT
};

static int code_of_io(int os_code)
{
	if (os_code == ENOSPC)
		return SBK_E_LIMIT;
	if (os_code == EACCES || os_code == EPERM || os_code == EROFS)
		return SBK_E_DENIED;
	return SBK_E_IO;
}

static int code_of(int answer, int os_code)
{
	switch (answer & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return SBK_E_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT: /* rows of ours never collide */
	case SQLITE_ERROR:	/* nor does our SQL lack a table */
		return SBK_E_CORRUPT;
	case SQLITE_FULL:
	case SQLITE_TOOBIG:
	case SQLITE_INTERRUPT: /* import.c: time was up */
		return SBK_E_LIMIT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return SBK_E_DENIED;
	case SQLITE_NOMEM:
		return SBK_E_NOMEM;
	case SQLITE_PROTOCOL:
	case SQLITE_NOLFS:
		return SBK_E_UNSUPPORTED;
	default:
		return code_of_io(os_code);
	}
}

static const char *hint_of(int code)
{
	switch (code) {
	case SBK_E_BUSY:
		return "; another program holds it open for writing, see "
		       "'fuser'";
	case SBK_E_CORRUPT:
		return "; it is damaged: keep a copy, then see 'sandbook "
		       "journal verify'";
	case SBK_E_LIMIT:
		return "; free some space on its volume";
	case SBK_E_DENIED:
		return "; see the owner and mode of it and of its directory";
	default:
		return "";
	}
}

int sbk_db_fail(const struct sbk_db *db, struct sbk_error *err)
{
	int answer = sqlite3_extended_errcode(db->handle);
	int os_code = sqlite3_system_errno(db->handle);
	int code = code_of(answer, os_code);

	if (answer == SQLITE_INTERRUPT)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "%s takes longer to read than anybody "
				     "else waits for it",
				     db->path);
	/* Opening on a volume without room for the shared memory file. */
	if ((answer & 0xff) == SQLITE_CANTOPEN && os_code == ENOSPC)
		code = SBK_E_LIMIT;
	(void)sbk_error_set(err, code, "journal '%s': %s%s", db->path,
			    sqlite3_errmsg(db->handle), hint_of(code));
	if (err != NULL)
		err->os_code = (uint32_t)os_code;
	return code;
}

/* Nothing that somebody may have planted in the schema is believed. */
static int defend(struct sbk_db *db, struct sbk_error *err)
{
	static const struct {
		int option, value;
	} settings[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (sqlite3_db_config(db->handle, settings[i].option,
				      settings[i].value, NULL) != SQLITE_OK)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "this SQLite (%s) lacks a safety "
					     "switch; 3.31 or newer is needed",
					     sqlite3_libversion());
	(void)sqlite3_extended_result_codes(db->handle, 1);   /* cannot fail */
	(void)sqlite3_busy_timeout(db->handle, BUSY_WAIT_MS); /* likewise */
	return sbk_db_exec(db,
			   "PRAGMA cell_size_check = ON; "
			   "PRAGMA mmap_size = 0; "
			   "PRAGMA temp_store = MEMORY; "
			   "PRAGMA cache_size = -65536; "
			   "PRAGMA journal_size_limit = 16777216; "
			   "PRAGMA wal_autocheckpoint = 2000", /* 16 MiB */
			   err);
}

static bool has_wal(sqlite3_file *file)
{
	unsigned char version = 0; /* the file format's, for reading */

	return file->pMethods->xRead(file, &version, 1, 19) == SQLITE_OK &&
	       version == 2;
}

/*
 * SQLite maps its shared memory file, which it makes longer by writing one byte
 * of each page. On a volume with smaller blocks that sets aside a part of the
 * page alone, and where there is no room for the rest SQLite is ended by
 * SIGBUS when it writes there. So that all of it is asked for here, where not
 * having it is an error; SQLite finds what is mapped.
 */
static int provide_shared_memory(struct sbk_db *db, struct sbk_error *err)
{
	void volatile *region = NULL;
	struct sbk_error why = SBK_ERROR_INIT;
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER,
				 &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL ||
	    file->pMethods->iVersion < 2 || !has_wal(file))
		return 0;
	/* Where this fails, so it does when SQLite needs it, which says why. */
	if (file->pMethods->xShmMap(file, 0, SHARED_BYTES, 1, &region) !=
		    SQLITE_OK ||
	    region == NULL ||
	    sbk_store_provide((void *)region, SHARED_BYTES, &why) == 0)
		return 0;
	(void)file->pMethods->xShmUnmap(file, 0); /* nothing was begun */
	return sbk_error_set(err, why.code, "journal '%s': %s", db->path,
			     why.message);
}

static int keep_wal(struct sbk_db *db, struct sbk_error *err)
{
	int on = 1, rc;

	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL,
				 &on) != SQLITE_OK)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "journal '%s': SQLite cannot keep the "
				     "write-ahead log",
				     db->path);
	rc = sbk_db_exec(db, "PRAGMA journal_mode = WAL", err);
	/* A new journal has it from here on. */
	return rc < 0 ? rc : provide_shared_memory(db, err);
}

int sbk_db_open(struct sbk_db *db, const char *path, enum sbk_db_mode mode,
		struct sbk_error *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	int rc;

	flags |= mode == SBK_DB_READ ? SQLITE_OPEN_READONLY
				     : SQLITE_OPEN_READWRITE;
	if (mode == SBK_DB_MEMORY)
		flags |= SQLITE_OPEN_MEMORY;
	(void)snprintf(db->path, sizeof(db->path), "%s", path);
	rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (db->handle == NULL)
		return sbk_error_no_memory(err);
	if (rc != SQLITE_OK)
		rc = sbk_db_fail(db, err);
	if (rc == 0 && mode != SBK_DB_MEMORY)
		rc = provide_shared_memory(db, err);
	if (rc == 0)
		rc = defend(db, err);
	if (rc == 0 && mode == SBK_DB_WRITE)
		rc = keep_wal(db, err);
	if (rc < 0)
		sbk_db_close(db);
	return rc;
}

int sbk_db_hurry(struct sbk_db *db, struct sbk_error *err)
{
	if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
			      NULL) != SQLITE_OK)
		return sbk_db_fail(db, err);
	/* Who opens next reads the whole log, so that it is kept short. */
	return sbk_db_exec(db, "PRAGMA wal_autocheckpoint = 128", err);
}

void sbk_db_close(struct sbk_db *db)
{
	int i;

	for (i = 0; i < SBK_SQL_COUNT; i++) {
		/* Its last failure was reported when it happened. */
		(void)sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	/* Every statement is gone, so that this cannot be refused. */
	(void)sqlite3_close(db->handle);
	db->handle = NULL;
}

int sbk_db_exec(struct sbk_db *db, const char *sql, struct sbk_error *err)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sbk_db_fail(db, err);
	return 0;
}

int sbk_db_statement(struct sbk_db *db, enum sbk_sql sql, sqlite3_stmt **out,
		     struct sbk_error *err)
{
	sqlite3_stmt **statement = &db->statements[sql];

	*out = NULL; /* which all callers may reset */
	if (*statement == NULL &&
	    sqlite3_prepare_v3(db->handle, sql_texts[sql], -1,
			       SQLITE_PREPARE_PERSISTENT, statement,
			       NULL) != SQLITE_OK)
		return sbk_db_fail(db, err);
	/* Reset repeats the error of the last run, long reported. */
	(void)sqlite3_reset(*statement);
	(void)sqlite3_clear_bindings(*statement);
	*out = *statement;
	return 0;
}

int sbk_db_step(struct sbk_db *db, sqlite3_stmt *statement,
		struct sbk_error *err)
{
	/* Some errors make SQLite roll back by itself. Whoever passed over
	 * one must not go on without a transaction, piece by piece. */
	if (db->begun && sqlite3_get_autocommit(db->handle) != 0)
		return sbk_error_set(err, SBK_E_IO,
				     "journal '%s': SQLite gave a transaction "
				     "up, for want of memory or room; nothing "
				     "of it was kept",
				     db->path);
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return sbk_db_fail(db, err);
	}
}

int sbk_db_run(struct sbk_db *db, sqlite3_stmt *statement,
	       struct sbk_error *err)
{
	int rc = sbk_db_step(db, statement, err);

	/* The step's error, which it repeats, is in `err` already. */
	(void)sqlite3_reset(statement);
	return rc < 0 ? rc : 0;
}

int sbk_db_run_plain(struct sbk_db *db, enum sbk_sql sql, struct sbk_error *err)
{
	sqlite3_stmt *statement;
	int rc = sbk_db_statement(db, sql, &statement, err);

	return rc < 0 ? rc : sbk_db_run(db, statement, err);
}

int sbk_db_number(struct sbk_db *db, enum sbk_sql sql, uint64_t *out,
		  struct sbk_error *err)
{
	sqlite3_stmt *statement;
	int rc = sbk_db_statement(db, sql, &statement, err);

	if (rc < 0)
		return rc;
	rc = sbk_db_step(db, statement, err);
	if (rc == 1)
		*out = (uint64_t)sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

void sbk_db_abandon(struct sbk_db *db)
{
	db->begun = false;
	/* Fails only where SQLite has rolled back by itself. */
	(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

void sbk_db_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	/* Binding without a copy cannot fail but for a wrong index. */
	if (text != NULL)
		(void)sqlite3_bind_text(statement, index, text, -1,
					SQLITE_STATIC);
}

void sbk_db_bind_id(sqlite3_stmt *statement, int index, uint64_t id)
{
	if (id != 0) /* no id is 0: NULL */
		(void)sqlite3_bind_int64(statement, index, (sqlite3_int64)id);
}

const char *sbk_db_text(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

void sbk_db_bind_owner(sqlite3_stmt *statement, int index,
		       const struct sbk_owner *owner)
{
	uint32_t number;

	if (sbk_owner_number(owner, &number))
		(void)sqlite3_bind_int64(statement, index, number);
	else
		sbk_db_bind_text(statement, index, owner->text);
}

int sbk_db_owner(sqlite3_stmt *statement, int column, struct sbk_owner *out)
{
	const char *text = sbk_db_text(statement, column);

	return text != NULL && sbk_owner_parse(text, out) ? 0 : SBK_E_CORRUPT;
}

bool sbk_db_same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	const int type = sqlite3_column_type(a, column);

	if (type != sqlite3_column_type(b, column))
		return false;
	if (type == SQLITE_NULL)
		return true;
	if (type == SQLITE_INTEGER)
		return sqlite3_column_int64(a, column) ==
		       sqlite3_column_int64(b, column);
	return sqlite3_column_bytes(a, column) ==
		       sqlite3_column_bytes(b, column) &&
	       memcmp(sqlite3_column_blob(a, column),
		      sqlite3_column_blob(b, column),
		      (size_t)sqlite3_column_bytes(a, column)) == 0;
}
