/*
 * A journal as a whole: where it is, how it comes to be, opening with a
 * diagnosis, the lock of the transaction, closing. The format, its invariants
 * and the state diagram with the function behind each arrow stand in
 * FORMAT.md; the parts in internal.h.
 *
 * It refuses to begin a new journal where there was one: a file that is
 * missing beside its remains, empty, overwritten or cut off is a diagnosis.
 */
#include "journal/signing.h"
#include "journal/summary.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

#define CREATE_WAIT_MS 10000

const char *sbk_book_name(enum sbk_book book)
{
	return book == SBK_BOOK_MACHINE ? "machine" : "user";
}

int sbk_journal_place_machine(struct sbk_journal_place *out,
			      struct sbk_error *err)
{
	const char *directory = sbk_os_machine_directory();

	if (directory == NULL)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"the system does not say where a machine's "
			"state is kept");
	if (strlen(directory) >= sizeof(out->directory))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the machine's directory has too long a "
				     "name");
	memset(out, 0, sizeof(*out));
	out->book = SBK_BOOK_MACHINE;
	(void)snprintf(out->directory, sizeof(out->directory), "%s", directory);
	out->owner = sbk_os_machine_owner();
	return 0;
}

int sbk_journal_place_user(const struct sbk_person *person,
			   struct sbk_journal_place *out, struct sbk_error *err)
{
	memset(out, 0, sizeof(*out));
	out->book = SBK_BOOK_USER;
	out->owner = person->id;
	return sbk_os_person_directory(person, out->directory,
				       sizeof(out->directory), &out->base, err);
}

/* The name of the database that is written. */
static const char *live_name(enum sbk_book book)
{
	return book == SBK_BOOK_MACHINE ? SBK_LIVE_FILE : SBK_JOURNAL_FILE;
}

struct sbk_store_place
sbk_journal_store_place(const struct sbk_journal_place *place)
{
	return (struct sbk_store_place){
		.directory = place->directory,
		.base = place->base,
		.owner = place->owner,
		.shared = place->book == SBK_BOOK_MACHINE,
	};
}

/* --- making one --------------------------------------------------------- */

static int write_first_entry(struct sbk_journal *journal, size_t parents_made,
			     struct sbk_error *err)
{
	char id[SBK_JOURNAL_ID_TEXT];
	unsigned char random[(sizeof(id) - 1) / 2];
	uint64_t entry;
	int rc = sbk_db_exec(&journal->db,
			     "INSERT INTO head(id, size, root) "
			     "VALUES(1, 0, x'')",
			     err);

	if (rc < 0)
		return rc;
	if (journal->given_id != NULL)
		memcpy(random, journal->given_id, sizeof(random));
	else
		randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(id, sizeof(id), random, sizeof(random));
	rc = sbk_key_begin(journal, id, journal->new_key, err);
	if (rc < 0)
		return rc;
	sbk_entry_create(&journal->json, journal->book, sbk_os_now_ms(),
			 parents_made, id, journal->new_key);
	rc = sbk_log_append(journal, &entry, err);
	if (rc == 0)
		rc = sbk_view_signer(&journal->db, entry, journal->new_key,
				     NULL, err);
	if (rc == 0)
		rc = sbk_checkpoint_add(journal, err);
	return rc < 0 ? rc : sbk_log_commit(journal, err);
}

static int fill_database(struct sbk_journal *journal, size_t parents_made,
			 struct sbk_error *err)
{
	int rc = sbk_db_exec(&journal->db,
			     "PRAGMA page_size = 8192; "
			     "PRAGMA synchronous = EXTRA; "
			     "BEGIN IMMEDIATE",
			     err);

	journal->flushed = true;
	if (rc == 0)
		rc = sbk_schema_make(&journal->db, sbk_journal_schema, err);
	if (rc == 0)
		rc = write_first_entry(journal, parents_made, err);
	/* The mode is kept in the file; switching is a commit of its own. */
	if (rc == 0)
		rc = sbk_db_exec(&journal->db, "PRAGMA journal_mode = WAL",
				 err);
	return rc;
}

static int clear_unfinished(const struct sbk_store *store,
			    struct sbk_error *err)
{
	static const char *const names[] = {
		SBK_JOURNAL_NEW_FILE "-journal",
		SBK_JOURNAL_NEW_FILE "-wal",
		SBK_JOURNAL_NEW_FILE "-shm",
		SBK_JOURNAL_NEW_FILE,
		SBK_KEY_FILE, /* of a journal that never came to be */
		SBK_KEY_NEXT_FILE,
	};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		rc = sbk_store_unlink(store, names[i], err);
	return rc;
}

/* Builds the database complete under another name and renames it. */
static int make_database(struct sbk_journal *journal, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	size_t parents_made = 0;
	int rc = clear_unfinished(journal->store, err);

	if (rc == 0)
		rc = sbk_store_made(journal->store, &parents_made, err);
	if (rc == 0)
		rc = sbk_store_make(journal->store, SBK_JOURNAL_NEW_FILE, false,
				    err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/" SBK_JOURNAL_NEW_FILE,
		       sbk_store_path(journal->store));
	rc = sbk_db_open(&journal->db, path, SBK_DB_PLAIN, err);
	if (rc < 0)
		return rc;
	rc = fill_database(journal, parents_made, err);
	sbk_db_close(&journal->db);
	if (rc == 0)
		rc = sbk_store_rename(journal->store, SBK_JOURNAL_NEW_FILE,
				      journal->file, err);
	return rc;
}

/* One process builds; the others find what it built. */
static int create(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t size;
	int rc = sbk_store_lock_take(journal->lock, SBK_LOCK_TRANSACTION,
				     CREATE_WAIT_MS, err);

	if (rc < 0)
		return rc;
	rc = sbk_store_look(journal->store, journal->file, false, &size, err);
	if (rc == SBK_E_NOTFOUND)
		rc = sbk_diagnose_missing(journal->store, journal->file, err);
	else if (rc == 0)
		goto out;
	if (rc == 0)
		rc = sbk_clear_removed(journal, err);
	if (rc == 0) {
		rc = make_database(journal, err);
		/* What has its name is one, with its key, although that may not
		 * be durable yet: others may have opened it already. */
		journal->unborn =
			rc < 0 &&
			sbk_store_look(journal->store, journal->file, false,
				       &size, NULL) == SBK_E_NOTFOUND;
	}
	/* An empty file that stays is cleared by the next who tries. */
	if (journal->unborn)
		(void)clear_unfinished(journal->store, NULL);
out:
	if (rc < 0)
		(void)sbk_store_lock_release(journal->lock,
					     SBK_LOCK_TRANSACTION, NULL);
	else
		rc = sbk_store_lock_release(journal->lock, SBK_LOCK_TRANSACTION,
					    err);
	return rc;
}

/* --- opening ------------------------------------------------------------ */

static int migrate(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = sbk_store_lock_take(journal->lock, SBK_LOCK_TRANSACTION,
				     CREATE_WAIT_MS, err);

	if (rc < 0)
		return rc;
	rc = sbk_schema_migrate(&journal->db, sbk_migrations,
				SBK_SCHEMA_VERSION, err);
	/* The lock goes with the handle at the latest. */
	(void)sbk_store_lock_release(journal->lock, SBK_LOCK_TRANSACTION, NULL);
	return rc;
}

static int check_database(struct sbk_journal *journal, struct sbk_error *err)
{
	int version = 0;
	int rc = sbk_schema_version(&journal->db, &version, err);

	if (rc < 0)
		return rc;
	if (version < SBK_SCHEMA_VERSION && journal->lock == NULL)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' has the older format %d; it is "
				     "brought up to date when its owner next "
				     "uses it",
				     journal->db.path, version);
	if (version < SBK_SCHEMA_VERSION)
		rc = migrate(journal, err);
	if (rc == 0)
		rc = sbk_schema_check(&journal->db, sbk_journal_schema, err);
	/* Who only reads gets to see a damaged log, too: `verify` above all. */
	if (rc == 0 && journal->lock != NULL)
		rc = sbk_log_load(journal, err);
	return rc;
}

static int open_database(struct sbk_journal *journal, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s",
		       sbk_store_path(journal->store), journal->file);
	rc = sbk_db_open(&journal->db, path,
			 journal->lock != NULL ? SBK_DB_WRITE : SBK_DB_READ,
			 err);
	if (rc == 0) {
		rc = check_database(journal, err);
		if (rc < 0)
			sbk_db_close(&journal->db);
	}
	if (rc == SBK_E_CORRUPT)
		sbk_diagnose_damage(journal->store, journal->file, err);
	return rc;
}

/*
 * SQLite needs some room even to open (its shared memory file). On a full
 * volume the reserve lends it; it is set aside again when the transaction
 * ends or the journal is closed.
 */
static int open_with_room(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = open_database(journal, err);

	if (rc != SBK_E_LIMIT || journal->lock == NULL)
		return rc;
	if (sbk_reserve_lend(journal, NULL) < 0)
		return rc; /* the first error is the one to report */
	journal->refill = true;
	sbk_error_clear(err);
	rc = open_database(journal, err);
	/* A part is no room where a file's space is freed as it was set aside:
	 * at once (btrfs). */
	if (rc != SBK_E_LIMIT || sbk_reserve_release(journal, NULL) < 0)
		return rc;
	sbk_error_clear(err);
	return open_database(journal, err);
}

/* Between the making of a journal and its first transaction, or where a
 * failed publication was the first one. */
static int not_published(struct sbk_journal *journal, struct sbk_error *err)
{
	uint64_t size;

	if (sbk_store_look(journal->store, SBK_LIVE_FILE, false, &size, NULL) ==
	    SBK_E_NOTFOUND)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "there is no journal in '%s'",
				     sbk_store_path(journal->store));
	return sbk_error_set(err, SBK_E_DENIED,
			     "the journal in '%s' is not published for "
			     "everybody: read it as its owner",
			     sbk_store_path(journal->store));
}

static int find_file(struct sbk_journal *journal, bool may_create,
		     struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_diagnose_file(journal->store, journal->file, &why);

	if (rc == SBK_E_NOTFOUND &&
	    strcmp(journal->file, live_name(journal->book)) != 0)
		return not_published(journal, err);
	if (rc == SBK_E_NOTFOUND && may_create)
		return create(journal, err); /* looks again, with the lock */
	if (rc == SBK_E_NOTFOUND) {
		rc = sbk_diagnose_missing(journal->store, journal->file, err);
		if (rc == 0)
			return sbk_error_set(err, SBK_E_NOTFOUND,
					     "there is no journal in '%s'",
					     sbk_store_path(journal->store));
		/* What lies there may be what another process just made. */
		if (sbk_diagnose_file(journal->store, journal->file, &why) < 0)
			return rc;
		sbk_error_clear(err);
		return 0;
	}
	if (rc < 0 && err != NULL)
		*err = why;
	return rc;
}

static int open_parts(struct sbk_journal *journal,
		      const struct sbk_journal_place *place,
		      enum sbk_journal_mode mode, struct sbk_error *err)
{
	static const enum sbk_store_mode store_modes[] = {
		[SBK_JOURNAL_READ] = SBK_STORE_READ,
		[SBK_JOURNAL_WRITE] = SBK_STORE_WRITE,
		[SBK_JOURNAL_CREATE] = SBK_STORE_CREATE,
		[SBK_JOURNAL_TRUST] = SBK_STORE_WRITE,
	};
	const struct sbk_store_place store_place =
		sbk_journal_store_place(place);
	int rc = sbk_store_open(&store_place, store_modes[mode],
				&journal->store, err);

	if (rc == SBK_E_NOTFOUND && mode != SBK_JOURNAL_CREATE)
		return sbk_error_set(err, rc, "there is no journal in '%s'",
				     place->directory);
	if (rc == 0)
		journal->file = sbk_store_is_ours(journal->store) ||
						place->book == SBK_BOOK_USER
					? live_name(place->book)
					: SBK_JOURNAL_FILE;
	if (rc == 0 && mode != SBK_JOURNAL_READ)
		rc = sbk_store_lock_open(journal->store, SBK_LOCK_FILE,
					 &journal->lock, err);
	if (rc == 0)
		rc = find_file(journal, mode == SBK_JOURNAL_CREATE, err);
	if (rc == 0)
		rc = open_with_room(journal, err);
	return rc;
}

/*
 * A full volume, say, kept a journal from being begun: its directory and lock
 * file go again. Whatever cannot be removed is empty, and the caller hears of
 * the first failure.
 */
static void remove_unborn(const struct sbk_journal_place *place)
{
	static const char *const names[] = {SBK_KEY_FILE, SBK_LOCK_FILE, NULL};
	const struct sbk_store_place store_place =
		sbk_journal_store_place(place);

	(void)sbk_store_remove(&store_place, names, NULL);
}

int sbk_journal_open(const struct sbk_journal_place *place,
		     enum sbk_journal_mode mode, struct sbk_journal **out,
		     struct sbk_error *err)
{
	struct sbk_journal *journal;
	int rc;

	if (sodium_init() < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "libsodium cannot get random numbers");
	journal = calloc(1, sizeof(*journal));
	if (journal == NULL)
		return sbk_error_no_memory(err);
	journal->book = place->book;
	journal->given_id = place->id;
	journal->trusted = mode == SBK_JOURNAL_TRUST;
	journal->scope_least = SBK_SCOPE_ENTRIES_MIN;
	rc = open_parts(journal, place, mode, err);
	if (rc == 0 && mode != SBK_JOURNAL_READ) {
		rc = sbk_session_reap(journal, err);
		/* Only late then: a full volume or another's long commit must
		 * not keep anybody from what he came for. */
		if (rc == SBK_E_LIMIT || rc == SBK_E_BUSY) {
			sbk_error_clear(err);
			rc = 0;
		}
	}
	if (rc < 0) {
		const bool unborn = journal->unborn;

		sbk_journal_close(journal);
		if (unborn)
			remove_unborn(place);
		return rc;
	}
	*out = journal;
	return 0;
}

void sbk_journal_close(struct sbk_journal *journal)
{
	if (journal == NULL)
		return;
	if (journal->refill && journal->db.handle != NULL)
		sbk_reserve_refill(journal);
	sbk_sealed_close(&journal->sealed);
	if (journal->db.handle != NULL)
		sbk_db_close(&journal->db);
	sbk_store_lock_close(journal->lock);
	sbk_store_close(journal->store);
	sbk_buf_release(&journal->json);
	sbk_summary_release(&journal->summary);
	sbk_summary_release(&journal->scope);
	free(journal);
}

/* --- the lock of the transaction ---------------------------------------- */

static int say_busy(struct sbk_journal *journal, struct sbk_error *err)
{
	char note[SBK_STORE_NOTE_MAX] = "";

	/* Without a note the message only says less. */
	(void)sbk_store_lock_read_note(journal->lock, note, NULL);
	return sbk_error_set(err, SBK_E_BUSY,
			     "the journal in '%s' is in use by %s; wait for it "
			     "and try again",
			     sbk_store_path(journal->store),
			     note[0] != '\0' ? note : "another process");
}

int sbk_journal_lock(struct sbk_journal *journal, int64_t wait_ms,
		     struct sbk_error *err)
{
	int rc;

	if (journal->locked)
		return 0;
	if (journal->lock == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "journal '%s' is open for reading only",
				     journal->db.path);
	rc = sbk_store_lock_take(journal->lock, SBK_LOCK_TRANSACTION, wait_ms,
				 err);
	if (rc == SBK_E_BUSY)
		return say_busy(journal, err);
	if (rc < 0)
		return rc;
	journal->locked = true;
	sbk_journal_tell(journal, "preparing");
	sbk_key_provide(journal);
	/* For whoever died, or found no room, before he could. */
	sbk_publish(journal);
	return 0;
}

void sbk_journal_tell(struct sbk_journal *journal, const char *what)
{
	char note[SBK_STORE_NOTE_MAX];

	(void)snprintf(note, sizeof(note), "process %lu (%s)",
		       (unsigned long)sbk_os_process(), what);
	/* Only for another process's message. */
	(void)sbk_store_lock_note(journal->lock, note, NULL);
}

/* --- counting ----------------------------------------------------------- */

int sbk_journal_count(struct sbk_journal *journal, uint64_t *counts,
		      struct sbk_error *err)
{
	uint64_t found[SBK_STATUS_COUNT] = {0}, owed_tops = 0;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, SBK_SQL_STATUS_COUNTS, &row,
				  err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(&journal->db, row, err)) == 1) {
		const char *name = sbk_db_text(row, 0);
		enum sbk_status status;

		if (name == NULL || sbk_status_parse(name, &status) < 0) {
			rc = sbk_error_set(err, SBK_E_CORRUPT,
					   "journal '%s': a change has an "
					   "unknown status; see 'sandbook "
					   "journal verify'",
					   journal->db.path);
			break;
		}
		found[status] = (uint64_t)sqlite3_column_int64(row, 1);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc == 0)
		rc = sbk_db_number(&journal->db, SBK_SQL_OWED_TOPS, &owed_tops,
				   err);
	found[SBK_STATUS_OWED] += owed_tops;
	if (rc == 0)
		memcpy(counts, found, sizeof(found));
	return rc;
}
