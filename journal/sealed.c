/*
 * States that not everyone may read: a second database, private, of which no
 * copy is published. Owns the key under which they are named, so that nobody
 * can find out a secret by guessing it and comparing hashes.
 */
#include "journal/internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

_Static_assert(sizeof(((struct sbk_sealed *)0)->key) ==
		       crypto_generichash_KEYBYTES,
	       "the key is what BLAKE2b takes");
_Static_assert(SBK_STATE_HASH_BYTES == crypto_generichash_BYTES,
	       "hashes of both kinds have one size");

static int read_key(struct sbk_sealed *sealed, struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&sealed->db, SBK_SQL_SEALED_KEY, &row, err);

	if (rc < 0)
		return rc;
	rc = sbk_db_step(&sealed->db, row, err);
	if (rc == 1 && sqlite3_column_bytes(row, 0) == sizeof(sealed->key))
		memcpy(sealed->key, sqlite3_column_blob(row, 0),
		       sizeof(sealed->key));
	else if (rc >= 0)
		rc = sbk_error_set(err, SBK_E_CORRUPT, "'%s' has lost its key",
				   sealed->db.path);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

static int write_key(struct sbk_sealed *sealed, struct sbk_error *err)
{
	unsigned char key[sizeof(sealed->key)];
	sqlite3_stmt *statement;
	int rc = sbk_db_statement(&sealed->db, SBK_SQL_ADD_SEALED_KEY,
				  &statement, err);

	if (rc < 0)
		return rc;
	randombytes_buf(key, sizeof(key));
	(void)sqlite3_bind_blob(statement, 1, key, sizeof(key), SQLITE_STATIC);
	rc = sbk_db_run(&sealed->db, statement, err);
	sodium_memzero(key, sizeof(key));
	return rc;
}

/* Built complete under another name, as the journal itself is (journal.c). */
static int make_file(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_sealed sealed = {.db.handle = NULL};
	char path[SBK_PATH_MAX];
	int rc = sbk_store_unlink(journal->store, SBK_SEALED_FILE ".new", err);

	if (rc == 0)
		rc = sbk_store_make(journal->store, SBK_SEALED_FILE ".new",
				    false, err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/" SBK_SEALED_FILE ".new",
		       sbk_store_path(journal->store));
	rc = sbk_db_open(&sealed.db, path, SBK_DB_PLAIN, err);
	if (rc < 0)
		return rc;
	rc = sbk_db_exec(&sealed.db,
			 "PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = sbk_schema_make(&sealed.db, sbk_sealed_schema, err);
	if (rc == 0)
		rc = write_key(&sealed, err);
	if (rc == 0)
		rc = sbk_db_exec(&sealed.db, "COMMIT", err);
	sbk_db_close(&sealed.db);
	if (rc == 0)
		rc = sbk_store_rename(journal->store, SBK_SEALED_FILE ".new",
				      SBK_SEALED_FILE, err);
	return rc;
}

/* Opens sealed.db, made where `create`; NOTFOUND, DENIED otherwise. */
static int open_sealed(struct sbk_journal *journal, bool create,
		       struct sbk_error *err)
{
	struct sbk_sealed *sealed = &journal->sealed;
	char path[SBK_PATH_MAX];
	int version, rc;

	if (sealed->db.handle != NULL)
		return 0;
	if (journal->store == NULL)
		return sbk_error_set(err, SBK_E_DENIED,
				     "a log that was handed over has no sealed "
				     "states");
	rc = sbk_diagnose_file(journal->store, SBK_SEALED_FILE, err);
	if (rc == SBK_E_NOTFOUND && create)
		rc = make_file(journal, err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/" SBK_SEALED_FILE,
		       sbk_store_path(journal->store));
	rc = sbk_db_open(&sealed->db, path,
			 journal->lock != NULL ? SBK_DB_PLAIN : SBK_DB_READ,
			 err);
	if (rc < 0)
		return rc;
	rc = sbk_schema_version(&sealed->db, &version, err);
	if (rc == 0)
		rc = sbk_schema_check(&sealed->db, sbk_sealed_schema, err);
	if (rc == 0)
		rc = read_key(sealed, err);
	if (rc < 0)
		sbk_sealed_close(sealed);
	return rc;
}

void sbk_sealed_close(struct sbk_sealed *sealed)
{
	if (sealed->db.handle != NULL)
		sbk_db_close(&sealed->db);
	sodium_memzero(sealed->key, sizeof(sealed->key));
}

void sbk_sealed_hash(const struct sbk_sealed *sealed, const void *bytes,
		     size_t size, unsigned char hash[SBK_STATE_HASH_BYTES])
{
	/* Fails for sizes that the assertions above exclude. */
	(void)crypto_generichash(hash, SBK_STATE_HASH_BYTES, bytes, size,
				 sealed->key, sizeof(sealed->key));
}

static int store_one(struct sbk_sealed *sealed, struct sbk_state state,
		     struct sbk_error *err)
{
	unsigned char hash[SBK_STATE_HASH_BYTES];
	sqlite3_stmt *statement;
	int rc;

	if (sbk_state_absent(state))
		return 0;
	rc = sbk_db_statement(&sealed->db, SBK_SQL_ADD_SEALED, &statement, err);
	if (rc < 0)
		return rc;
	sbk_sealed_hash(sealed, state.data, state.size, hash);
	(void)sqlite3_bind_blob(statement, 1, hash, sizeof(hash),
				SQLITE_STATIC);
	(void)sqlite3_bind_blob64(statement, 2, state.data, state.size,
				  SQLITE_STATIC);
	return sbk_db_run(&sealed->db, statement, err);
}

static int store_all(struct sbk_sealed *sealed,
		     struct sbk_change *const *changes, size_t count,
		     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		if (!sbk_kind_sealed(changes[i]->object.kind))
			continue;
		rc = store_one(sealed, changes[i]->before, err);
		if (rc == 0)
			rc = store_one(sealed, changes[i]->after, err);
	}
	return rc;
}

int sbk_sealed_store(struct sbk_journal *journal,
		     struct sbk_change *const *changes, size_t count,
		     struct sbk_error *err)
{
	struct sbk_sealed *sealed = &journal->sealed;
	size_t i = 0;
	int rc;

	while (i < count && !sbk_kind_sealed(changes[i]->object.kind))
		i++;
	if (i == count)
		return 0;
	rc = open_sealed(journal, true, err);
	if (rc == 0)
		rc = sbk_db_exec(&sealed->db,
				 "PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE",
				 err);
	if (rc < 0)
		return rc;
	rc = store_all(sealed, changes, count, err);
	if (rc == 0)
		rc = sbk_db_exec(&sealed->db, "COMMIT", err);
	if (rc < 0)
		sbk_db_abandon(&sealed->db);
	return rc;
}

int sbk_sealed_load(struct sbk_journal *journal,
		    const unsigned char hash[SBK_STATE_HASH_BYTES],
		    struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_sealed *sealed = &journal->sealed;
	sqlite3_stmt *row;
	int rc = open_sealed(journal, false, err);

	if (rc == 0)
		rc = sbk_db_statement(&sealed->db, SBK_SQL_SEALED_BYTES, &row,
				      err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_blob(row, 1, hash, SBK_STATE_HASH_BYTES,
				SQLITE_STATIC);
	rc = sbk_db_step(&sealed->db, row, err);
	if (rc == 1)
		sbk_buf_add(out, sqlite3_column_blob(row, 0),
			    (size_t)sqlite3_column_bytes(row, 0));
	else if (rc == 0)
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "'%s' lacks a state that the log mentions",
				   sealed->db.path);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
