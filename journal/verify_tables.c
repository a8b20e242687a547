/*
 * The tables that are small beside the log (transactions, their roots,
 * sessions, keys): built anew in memory by replay.c and compared row by row.
 */
#include "journal/verify.h"

#include <string.h>

#include "engine/banned.h"

static const struct {
	const char *name, *select;
} tables[] = {
	{"txn", "SELECT * FROM txn ORDER BY id"},
	{"root", "SELECT * FROM root ORDER BY id"},
	{"session", "SELECT * FROM session ORDER BY id"},
	{"signer", "SELECT * FROM signer ORDER BY entry"},
	{"witness", "SELECT * FROM witness ORDER BY entry"},
	{"segment", "SELECT * FROM segment ORDER BY entry"},
};

int sbk_verify_tables_begin(struct sbk_verification *v)
{
	int rc = sbk_db_open(&v->rebuilt, ":memory:", SBK_DB_MEMORY, v->err);

	if (rc == 0)
		rc = sbk_schema_make(&v->rebuilt, sbk_journal_schema, v->err);
	if (rc == 0)
		rc = sbk_db_exec(&v->rebuilt, "BEGIN", v->err);
	return rc;
}

int sbk_verify_replay(struct sbk_verification *v, uint64_t n, const char *json,
		      size_t size)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (++v->rebuilt_rows > SBK_VERIFY_ROWS_MAX)
		return sbk_verify_too_many(v, "transactions and sessions",
					   SBK_VERIFY_ROWS_MAX);
	rc = sbk_replay(&v->rebuilt, n, json, size, SBK_REPLAY_SMALL, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(v->err);
	if (rc < 0)
		sbk_verify_strange(v, n, why.message);
	return 0;
}

static void compare_rows(struct sbk_verification *v, const char *name,
			 sqlite3_stmt *held, sqlite3_stmt *rebuilt)
{
	const int columns = sqlite3_column_count(rebuilt);
	int i;

	for (i = 0; i < columns; i++)
		if (!sbk_db_same_value(held, rebuilt, i))
			sbk_verify_find_row(
				v,
				"table %s, row %lld: %s is not what the log "
				"says",
				name,
				(long long)sqlite3_column_int64(rebuilt, 0),
				sqlite3_column_name(rebuilt, i));
}

/* Walks both in the order of their ids; a row on one side only is told. */
static int compare_all(struct sbk_verification *v, const char *name,
		       sqlite3_stmt *held, sqlite3_stmt *rebuilt)
{
	int a = sbk_db_step(&v->journal->db, held, v->err);
	int b = a < 0 ? 0 : sbk_db_step(&v->rebuilt, rebuilt, v->err);

	while ((a > 0 || b > 0) && !sbk_verify_over(v)) {
		const sqlite3_int64 x =
			a > 0 ? sqlite3_column_int64(held, 0) : INT64_MAX;
		const sqlite3_int64 y =
			b > 0 ? sqlite3_column_int64(rebuilt, 0) : INT64_MAX;

		if (x < y)
			sbk_verify_find_row(
				v,
				"table %s has a row %lld that is not "
				"in the log",
				name, (long long)x);
		else if (y < x)
			sbk_verify_find_row(v, "table %s lacks row %lld", name,
					    (long long)y);
		else
			compare_rows(v, name, held, rebuilt);
		if (x <= y)
			a = sbk_db_step(&v->journal->db, held, v->err);
		if (y <= x)
			b = sbk_db_step(&v->rebuilt, rebuilt, v->err);
		if (a < 0 || b < 0)
			break;
	}
	return a < 0 || b < 0 ? (a < 0 ? a : b) : 0;
}

static int compare_table(struct sbk_verification *v, const char *name,
			 const char *select)
{
	sqlite3_stmt *held = NULL, *rebuilt = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(v->journal->db.handle, select, -1, &held,
			       NULL) != SQLITE_OK)
		rc = sbk_db_fail(&v->journal->db, v->err);
	if (rc == 0 && sqlite3_prepare_v2(v->rebuilt.handle, select, -1,
					  &rebuilt, NULL) != SQLITE_OK)
		rc = sbk_db_fail(&v->rebuilt, v->err);
	if (rc == 0)
		rc = compare_all(v, name, held, rebuilt);
	(void)sqlite3_finalize(held); /* the error is in v->err */
	(void)sqlite3_finalize(rebuilt);
	return rc;
}

int sbk_verify_tables(struct sbk_verification *v)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		rc = compare_table(v, tables[i].name, tables[i].select);
	return rc;
}
