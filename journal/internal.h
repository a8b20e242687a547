/*
 * What the files of the journal share. The format and its invariants stand in
 * FORMAT.md; each part below names its file.
 */
#ifndef SBK_JOURNAL_INTERNAL_H
#define SBK_JOURNAL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>

#include "engine/json.h"
#include "engine/os_storage.h"
#include "journal/journal.h"
#include "journal/tree.h"

#define SBK_JOURNAL_FILE "journal.db"	/* the machine's: a copy for readers */
#define SBK_LIVE_FILE "live.db"		/* the machine's database itself */
#define SBK_COPY_FILE "journal.db.copy" /* a copy in the making */
#define SBK_JOURNAL_NEW_FILE "journal.db.new"
#define SBK_SEALED_FILE "sealed.db"
#define SBK_LOCK_FILE SBK_STORE_LOCK_FILE
#define SBK_REMOVED_FILE "journal.removed" /* see remove.c */
#define SBK_RESERVE_FILE "reserve"
#define SBK_KEY_FILE "key"	    /* what checkpoints are signed with */
#define SBK_KEY_NEXT_FILE "key.new" /* at a hand-over: the next one */

#define SBK_LOCK_TRANSACTION 0
#define SBK_LOCK_RETURNING 2048 /* a hand-back is under way */
#define SBK_LOCK_SESSIONS 4096	/* plus the session's number */
/* Plus the session's number: its command is gone. */
#define SBK_LOCK_ENDING ((uint64_t)1 << 40)

#define SBK_STATE_HASH_BYTES 32

/* --- db.c: a connection and its prepared statements --------------------- */

/* The next number of a kind, of which the last may have been dropped. */
#define SBK_SQL_NEXT(table, column)                     \
	"SELECT max(ifnull((SELECT max(id) FROM " table \
	"), 0), ifnull((SELECT max(" column ") FROM segment), 0)) + 1"

/* Every statement that is run more than once, by name. */
#define SBK_SQL_MAP(X)                                                        \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(ROLLBACK, "ROLLBACK")                                               \
	X(HEAD, "SELECT size, root FROM head WHERE id = 1")                   \
	X(SET_HEAD, "UPDATE head SET size = ?1, root = ?2 WHERE id = 1")      \
	X(FIRST_ENTRY, "SELECT ifnull(min(n), 0) FROM entry")                 \
	X(LAST_ENTRY, "SELECT max(n) FROM entry")                             \
	X(ENTRIES, "SELECT n, json FROM entry WHERE n >= ?1 ORDER BY n")      \
	X(ENTRY, "SELECT json FROM entry WHERE n = ?1")                       \
	X(WHEREABOUTS, "SELECT entry, txn, (SELECT max(i.id) FROM change i "  \
		       "WHERE i.undoes = change.id) FROM change "             \
		       "WHERE id = ?1")                                       \
	X(ADD_ENTRY, "INSERT INTO entry(n, json) VALUES(?1, ?2)")             \
	X(NODES, "SELECT n, hash FROM node WHERE level = ?1 AND n >= ?2 "     \
		 "ORDER BY n")                                                \
	X(ADD_NODE, "INSERT INTO node(level, n, hash) VALUES(?1, ?2, ?3)")    \
	X(NODE, "SELECT hash FROM node WHERE level = ?1 AND n = ?2")          \
	X(STATES, "SELECT id, hash, bytes FROM state ORDER BY id")            \
	X(STATE_HASH, "SELECT hash FROM state WHERE id = ?1")                 \
	X(FIND_STATE, "SELECT id FROM state WHERE hash = ?1")                 \
	X(STATE_BYTES, "SELECT hash, bytes FROM state WHERE id = ?1")         \
	X(ADD_STATE, "INSERT INTO state(id, hash, bytes) VALUES("             \
		     "(SELECT ifnull(max(id), 0) + 1 FROM state), ?1, ?2)")   \
	X(NEXT_TXN, SBK_SQL_NEXT("txn", "txns"))                              \
	X(ADD_TXN, "INSERT INTO txn(id, begun, kind, title, session, "        \
		   "time_ms, state) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'open')")  \
	X(EXTEND_TXN, "UPDATE txn SET first = ifnull(first, ?2), last = ?3 "  \
		      "WHERE id = ?1")                                        \
	X(END_TXN, "UPDATE txn SET ended = ?2, state = ?3 WHERE id = ?1")     \
	X(UNSETTLED_TXNS, "SELECT id, kind, title FROM txn "                  \
			  "WHERE state IN ('open', 'failed') "                \
			  "ORDER BY id DESC")                                 \
	X(ADD_ROOT, "INSERT INTO root(id, txn, entry, path, identity, "       \
		    "principal, principal_name, writable) VALUES("            \
		    "(SELECT ifnull(max(id), 0) + 1 FROM root), "             \
		    "?1, ?2, ?3, ?4, ?5, ?6, ?7)")                            \
	X(GRANTED_ROOTS,                                                      \
	  "SELECT r.path, r.identity, r.principal, x.first, "                 \
	  "x.last, x.id FROM root r JOIN txn x ON x.id = r.txn "              \
	  "WHERE x.kind = 'do' AND x.first IS NOT NULL "                      \
	  "ORDER BY r.id")                                                    \
	X(ROOTS_OF, "SELECT path, identity, principal FROM root "             \
		    "WHERE txn = ?1 ORDER BY id")                             \
	X(NAMED_BEFORE, "SELECT c.identity FROM root r "                      \
			"JOIN txn x ON x.id = r.txn "                         \
			"JOIN change c ON c.id BETWEEN x.first AND x.last "   \
			"WHERE r.principal = ?1 AND x.kind = 'do' AND "       \
			"c.before = c.after AND c.identity IS NOT NULL")      \
	X(IN_EFFECT, "SELECT id, name, identity FROM change "                 \
		     "WHERE id BETWEEN ?1 AND ?2 AND undoes IS NULL "         \
		     "AND status IN ('prepared', 'confirmed', 'conflict', "   \
		     "'owed') ORDER BY id")                                   \
	X(UNDONE_SINCE, "SELECT 1 FROM txn x JOIN change i "                  \
			"ON i.id BETWEEN x.first AND x.last "                 \
			"WHERE x.kind = 'undo' AND x.last > ?1 AND "          \
			"i.undoes < ?2 AND i.status = 'confirmed' LIMIT 1")   \
	X(NEXT_CHANGE, SBK_SQL_NEXT("change", "changes"))                     \
	X(ADD_CHANGE, "INSERT INTO change(id, entry, txn, undoes, kind, "     \
		      "name, identity, before, after, ours, reason, status) " \
		      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, " \
		      "'prepared')")                                          \
	X(FIND_CHANGE, "SELECT kind, name, identity, before, after "          \
		       "FROM change WHERE id = ?1")                           \
	X(FIND_TXN, "SELECT 1 FROM txn WHERE id = ?1")                        \
	X(FIND_SESSION, "SELECT 1 FROM session WHERE id = ?1")                \
	X(SESSION_BEGUN, "SELECT begun FROM session WHERE id = ?1")           \
	X(CHANGES, "SELECT id, entry, txn, undoes, kind, name, identity, "    \
		   "before, after, ours, reason, status, note "               \
		   "FROM change ORDER BY id")                                 \
	X(SETTLE, "UPDATE change SET status = ?1, note = NULL "               \
		  "WHERE id BETWEEN ?2 AND ?3")                               \
	X(SETTLE_UNDONE, "UPDATE change SET status = ?1, note = NULL "        \
			 "WHERE id IN (SELECT undoes FROM change "            \
			 "WHERE id BETWEEN ?2 AND ?3 AND undoes IS NOT "      \
			 "NULL)")                                             \
	X(KEEP, "UPDATE change SET status = 'owed', note = ?3 "               \
		"WHERE kind = 'kept' AND id IN (SELECT undoes FROM change "   \
		"WHERE id BETWEEN ?1 AND ?2 AND undoes IS NOT NULL) AND "     \
		"EXISTS (SELECT 1 FROM txn x JOIN change c ON c.id BETWEEN "  \
		"x.first AND x.last WHERE x.id = change.txn AND "             \
		"c.undoes IS NULL AND c.kind NOT IN ('kept', 'subid') AND "   \
		"c.status IN ('prepared', 'confirmed', 'conflict', "          \
		"'owed'))")                                                   \
	X(NOTE, "UPDATE change SET note = ?2 WHERE id = ?1 OR id = "          \
		"(SELECT undoes FROM change WHERE id = ?1 "                   \
		"AND status <> 'undone')")                                    \
	X(STATUS_COUNTS, "SELECT c.status, count(*) FROM change c "           \
			 "JOIN txn x ON x.id = c.txn WHERE c.undoes IS NULL " \
			 "AND x.kind = 'do' GROUP BY c.status")               \
	X(OPEN_COUNT, "SELECT count(*) FROM change c "                        \
		      "JOIN txn x ON x.id = c.txn WHERE c.status IN "         \
		      "('prepared', 'confirmed', 'conflict', 'owed') "        \
		      "AND c.undoes IS NULL AND x.kind = 'do'")               \
	X(OPEN_COUNT_OF, "SELECT count(*) FROM change WHERE id BETWEEN ?1 "   \
			 "AND ?2 AND undoes IS NULL AND status <> 'undone'")  \
	X(OWED_TOPS, "SELECT count(*) FROM root r JOIN txn x "                \
		     "ON x.id = r.txn WHERE x.kind = 'undo' "                 \
		     "AND x.state IN ('open', 'failed')")                     \
	X(OWED_ROOTS, "SELECT r.path, r.identity, r.principal FROM root r "   \
		      "JOIN txn x ON x.id = r.txn WHERE x.kind = 'undo' "     \
		      "AND x.state IN ('open', 'failed') ORDER BY r.id")      \
	X(STATUSES, "SELECT id, status FROM change WHERE id BETWEEN ?1 AND "  \
		    "?2 AND undoes IS NULL AND status <> 'undone' "           \
		    "ORDER BY id")                                            \
	X(DONE_TXNS, "SELECT id, first, last FROM txn WHERE kind = 'do' "     \
		     "AND first IS NOT NULL ORDER BY first")                  \
	X(DONE_RANGE, "SELECT first, last FROM txn WHERE id = ?1 AND "        \
		      "kind = 'do' AND first IS NOT NULL")                    \
	X(TXN, "SELECT begun, kind, title, session, time_ms, first, last "    \
	       "FROM txn WHERE id = ?1")                                      \
	X(ROOTS, "SELECT entry, path, identity, principal, principal_name, "  \
		 "writable FROM root WHERE txn = ?1 ORDER BY id")             \
	X(CHANGES_OF, "SELECT id, entry, txn, undoes, kind, name, identity, " \
		      "before, after, ours, reason FROM change "              \
		      "WHERE id BETWEEN ?1 AND ?2 ORDER BY id")               \
	X(NEXT_SESSION, SBK_SQL_NEXT("session", "sessions"))                  \
	X(ADD_SESSION, "INSERT INTO session(id, begun, begin_ms, state) "     \
		       "VALUES(?1, ?2, ?3, 'running')")                       \
	X(END_SESSION, "UPDATE session SET ended = ?2, end_ms = ?3, "         \
		       "state = ?4 WHERE id = ?1")                            \
	X(RUNNING, "SELECT id, begun FROM session WHERE state = 'running' "   \
		   "ORDER BY id")                                             \
	X(LAST_END, "SELECT max(ended) + 1 FROM txn")                         \
	X(LATER_NODES, "SELECT 1 FROM node WHERE (n + 1) << level > ?1 "      \
		       "LIMIT 1")                                             \
	X(ADD_SIGNER, "INSERT INTO signer(entry, vkey, signature) "           \
		      "VALUES(?1, ?2, ?3)")                                   \
	X(NEWEST_SIGNER, "SELECT vkey, entry FROM signer "                    \
			 "ORDER BY entry DESC LIMIT 1")                       \
	X(ADD_CHECKPOINT, "INSERT INTO checkpoint(size, note) "               \
			  "VALUES(?1, ?2)")                                   \
	X(NEWEST_CHECKPOINT_SIZE, "SELECT max(size) FROM checkpoint")         \
	X(NEWEST_CHECKPOINT, "SELECT note, size FROM checkpoint "             \
			     "ORDER BY size DESC LIMIT 1")                    \
	X(CHECKPOINT, "SELECT note FROM checkpoint WHERE size = ?1")          \
	X(CHECKPOINTS, "SELECT size, note FROM checkpoint ORDER BY size")     \
	X(SIGNERS, "SELECT entry, vkey, signature FROM signer "               \
		   "ORDER BY entry")                                          \
	X(ADD_WITNESS, "INSERT INTO witness(entry, person, found, key, "      \
		       "note) VALUES(?1, ?2, ?3, ?4, ?5)")                    \
	X(LAST_FOUND, "SELECT found FROM witness WHERE person = ?1 "          \
		      "ORDER BY entry DESC LIMIT 1")                          \
	X(LAST_SEEN, "SELECT key, note, entry < ifnull((SELECT max(entry) "   \
		     "FROM witness WHERE person = ?1 AND found = 'ended'), "  \
		     "-1) FROM witness WHERE person = ?1 AND "                \
		     "found = 'seen' AND entry > ifnull((SELECT max(entry) "  \
		     "FROM witness WHERE person = ?1 AND "                    \
		     "found = 'accepted'), -1) ORDER BY entry DESC LIMIT 1")  \
	X(WITNESSED_PEOPLE, "SELECT DISTINCT person FROM witness "            \
			    "ORDER BY person")                                \
	X(NUMBER_STATE, "UPDATE state SET id = (SELECT max(0, max(id)) + 1 "  \
			"FROM state) WHERE hash = ?1")                        \
	X(ADD_SEGMENT, "INSERT INTO segment(entry, entries, root, txns, "     \
		       "changes, sessions) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")   \
	X(SEGMENT_OF, "SELECT max(entry) FROM segment WHERE entries = ?1")    \
	X(DROPPED, "SELECT ifnull(max(entries), 0) FROM segment")             \
	X(RUNS_AT, "SELECT id, begun, begin_ms FROM session "                 \
		   "WHERE begun < ?1 AND (ended IS NULL OR ended >= ?1) "     \
		   "ORDER BY id")                                             \
	X(LAST_TXN_AT, "SELECT ifnull(max(id), 0) FROM txn "                  \
		       "WHERE begun < ?1")                                    \
	X(LAST_CHANGE_AT, "SELECT ifnull(max(last), 0) FROM txn "             \
			  "WHERE begun < ?1")                                 \
	X(LAST_SESSION_AT, "SELECT ifnull(max(id), 0) FROM session "          \
			   "WHERE begun < ?1")                                \
	X(CUTS, "SELECT size FROM checkpoint WHERE size > ?1 AND "            \
		"size <= ?2 ORDER BY size DESC LIMIT 1")                      \
	X(DIVIDED_TXN, "SELECT id, begun, title FROM txn WHERE begun < ?1 "   \
		       "AND (ended IS NULL OR ended >= ?1) "                  \
		       "ORDER BY begun LIMIT 1")                              \
	X(RUNNING_AT, "SELECT id, begun FROM session WHERE begun < ?1 "       \
		      "AND state = 'running' ORDER BY begun LIMIT 1")         \
	X(LAST_END_AT, "SELECT max(ended) FROM txn WHERE ended < ?1")         \
	X(TXN_TITLE, "SELECT begun, title FROM txn WHERE id = ?1")            \
	X(SEGMENT_STATES, "SELECT id, hash, bytes FROM state WHERE id IN "    \
			  "(SELECT before FROM change WHERE entry < ?1 "      \
			  "UNION SELECT after FROM change WHERE "             \
			  "entry < ?1) ORDER BY id")                          \
	X(SEGMENT_CHECKPOINTS, "SELECT size, note FROM checkpoint "           \
			       "WHERE size <= ?1 ORDER BY size")              \
	X(SEALED_KEY, "SELECT bytes FROM key WHERE id = 1")                   \
	X(ADD_SEALED_KEY, "INSERT INTO key(id, bytes) VALUES(1, ?1)")         \
	X(SEALED_BYTES, "SELECT bytes FROM sealed WHERE hash = ?1")           \
	X(FILL_STATE, "UPDATE state SET bytes = ?2 WHERE hash = ?1")          \
	X(ADD_SEALED, "INSERT OR IGNORE INTO sealed(hash, bytes) "            \
		      "VALUES(?1, ?2)")

enum sbk_sql {
#define SBK_SQL_ENUM(name, text) SBK_SQL_##name,
	SBK_SQL_MAP(SBK_SQL_ENUM)
#undef SBK_SQL_ENUM
		SBK_SQL_COUNT
};

struct sbk_db {
	sqlite3 *handle;
	sqlite3_stmt *statements[SBK_SQL_COUNT]; /* prepared when first used */
	bool begun;		 /* within sbk_log_begin: see sbk_db_step */
	char path[SBK_PATH_MAX]; /* for messages */
};

enum sbk_db_mode {
	SBK_DB_READ,
	SBK_DB_WRITE, /* with a write-ahead log that stays */
	SBK_DB_PLAIN, /* reads and writes, with a rollback journal */
	SBK_DB_MEMORY /* no file at all */
};

/* Opens and defends the connection; the file must exist. */
int sbk_db_open(struct sbk_db *db, const char *path, enum sbk_db_mode mode,
		struct sbk_error *err);
/* For a run, which must not wait for the disk: closing leaves the write-ahead
 * log as it is. */
int sbk_db_hurry(struct sbk_db *db, struct sbk_error *err);
void sbk_db_close(struct sbk_db *db);
/* The error of the last call, translated: BUSY, CORRUPT, LIMIT (full) ... */
int sbk_db_fail(const struct sbk_db *db, struct sbk_error *err);
int sbk_db_exec(struct sbk_db *db, const char *sql, struct sbk_error *err);
/* The statement, reset and without bindings; owned by `db`. NULL on failure,
 * for sqlite3_reset on the way out. */
int sbk_db_statement(struct sbk_db *db, enum sbk_sql sql, sqlite3_stmt **out,
		     struct sbk_error *err);
/* Runs it to its end and resets it; for statements without rows. */
int sbk_db_run(struct sbk_db *db, sqlite3_stmt *statement,
	       struct sbk_error *err);
/* One step: 1 a row, 0 the end, < 0 an error. */
int sbk_db_step(struct sbk_db *db, sqlite3_stmt *statement,
		struct sbk_error *err);
int sbk_db_run_plain(struct sbk_db *db, enum sbk_sql sql,
		     struct sbk_error *err);
/* The first column of the first row. */
int sbk_db_number(struct sbk_db *db, enum sbk_sql sql, uint64_t *out,
		  struct sbk_error *err);
/* Rolls back; for the way out after an error that is reported already. */
void sbk_db_abandon(struct sbk_db *db);
void sbk_db_bind_text(sqlite3_stmt *statement, int index, const char *text);
void sbk_db_bind_id(sqlite3_stmt *statement, int index, uint64_t id);
/* A column's text, NULL for NULL; borrowed until the next step. */
const char *sbk_db_text(sqlite3_stmt *statement, int column);
/* Whose something is: a number as one, else text. The column may have the
 * affinity of a number. Reading is SBK_E_CORRUPT where it is neither. */
void sbk_db_bind_owner(sqlite3_stmt *statement, int index,
		       const struct sbk_owner *owner);
int sbk_db_owner(sqlite3_stmt *statement, int column, struct sbk_owner *out);
/* Whether two rows have the same in a column, types and all. */
bool sbk_db_same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column);

/* --- schema.c ------------------------------------------------------------ */

#define SBK_SCHEMA_VERSION 4
#define SBK_APPLICATION_ID 0x53424b4a

struct sbk_schema_item {
	const char *type, *name, *sql;
};

struct sbk_migration {
	int from; /* the version that it starts from; it ends with the next */
	const char *sql;
};

extern const struct sbk_schema_item sbk_journal_schema[]; /* name NULL ends */
extern const struct sbk_schema_item sbk_sealed_schema[];
extern const struct sbk_migration sbk_migrations[]; /* sql NULL ends */

int sbk_schema_make(struct sbk_db *db, const struct sbk_schema_item *schema,
		    struct sbk_error *err);
/* Application id and version: CORRUPT, UNSUPPORTED for a newer one. */
int sbk_schema_version(struct sbk_db *db, int *out, struct sbk_error *err);
int sbk_schema_migrate(struct sbk_db *db, const struct sbk_migration *steps,
		       int to, struct sbk_error *err);
/* CORRUPT with the first thing that is missing, changed or not ours. */
int sbk_schema_check(struct sbk_db *db, const struct sbk_schema_item *schema,
		     struct sbk_error *err);

/* --- diagnose.c ----------------------------------------------------------- */

/* What is wrong with the file, before SQLite sees it: CORRUPT, or 0. */
int sbk_diagnose_file(const struct sbk_store *store, const char *name,
		      struct sbk_error *err);
/* After SQLite said CORRUPT: a more precise message where there is one. */
void sbk_diagnose_damage(const struct sbk_store *store, const char *name,
			 struct sbk_error *err);
/* `name` is missing. CORRUPT where the directory shows that it was there. */
int sbk_diagnose_missing(const struct sbk_store *store, const char *name,
			 struct sbk_error *err);

/* Whether a removal of the journal was cut short here (remove.c). */
bool sbk_is_removed(const struct sbk_store *store);
/* Takes its remains away, so that a new one can begin. Needs the lock. */
int sbk_clear_removed(struct sbk_journal *journal, struct sbk_error *err);

/* --- the journal itself (journal.c) --------------------------------------- */

struct sbk_sealed {
	struct sbk_db db; /* handle NULL: not open */
	unsigned char key[32];
};

/* See summary.h: what the log says is in effect. */
struct sbk_summary {
	/* False: nothing may be concluded from what is here. */
	bool known;
	struct sbk_summary_item *items; /* in the order of their numbers */
	size_t count, room;
	uint64_t *unsettled; /* transactions that are to be recovered */
	size_t unsettled_count;
	uint64_t lowest; /* change undone by the one in progress */
	struct sbk_summary_item *last; /* that was touched */
};

struct sbk_segment_leaves; /* segment.h */
struct sbk_segment_base;

struct sbk_journal {
	struct sbk_store *store;
	struct sbk_store_lock *lock; /* NULL with SBK_JOURNAL_READ */
	struct sbk_db db;
	struct sbk_sealed sealed;
	struct sbk_tree tree;
	struct sbk_tree saved; /* as of the last commit */
	struct sbk_buf json;   /* one entry, built and reused */
	const char *file;      /* the database's name in the directory */
	enum sbk_book book;
	bool locked;	      /* the transaction lock is ours */
	uint64_t transaction; /* open, or 0 */
	enum sbk_transaction_kind kind;
	uint64_t reserved;  /* bytes of the reserve; 0: released */
	uint64_t in_effect; /* changes that the reserve counts with */
	bool reserve_known; /* the two above were looked up */
	uint64_t session;   /* transactions are made for it, or 0 */
	bool debts;	    /* sessions that died owe a hand-back */
	bool unborn;	    /* it could not be begun: nothing of it may stay */
	bool refill;	    /* the reserve was given back to open */
	const unsigned char *given_id; /* of one that is made, or NULL */
	/* Read into memory from what its owner handed over: no files. */
	bool foreign;
	uint32_t owner;	  /* then: whose it is */
	int64_t until_ms; /* then: nothing is waited for any longer */
	bool trusted;	  /* acted on whatever sbk_journal_check would find */
	size_t batch_changes; /* of one prepare; 0: SBK_BATCH_CHANGES */
	/* Why the copy is not what the journal is; "" where it is. */
	char unpublished[SBK_UNPUBLISHED_MAX];
	/* Why the last checkpoint that was due could not be signed, or "". */
	char unsigned_why[SBK_UNPUBLISHED_MAX];
	char new_key[SBK_KEY_TEXT_MAX]; /* public; made by this opening */
	uint64_t signed_size; /* of the newest checkpoint that we know of */
	bool flushed;	      /* the commit in progress is durable at its end */
	struct sbk_summary summary; /* of the log, for who writes */
	/* What an undo uses was checked, and nothing else (scope.c). */
	struct sbk_summary scope;
	bool scoped;
	uint64_t scope_least; /* entries; a smaller one is checked in whole */
	/* Entries that were dropped, as of the tree in memory (segment.h). */
	uint64_t cut;
	/* What is known of them for proofs, or NULL. Borrowed. */
	const struct sbk_segment_leaves *leaves;
};

struct sbk_store_place
sbk_journal_store_place(const struct sbk_journal_place *place);
/* How long a command of a person's waits for the one before it. */
#define SBK_JOURNAL_LOCK_WAIT_MS 10000

/* What the record lacks, and a key that is new, for who reports. */
void sbk_journal_report(const struct sbk_journal *journal,
			struct sbk_transaction_report *report);
/* What the holder of the lock is doing, for another process's message. */
void sbk_journal_tell(struct sbk_journal *journal, const char *what);

const char *sbk_book_name(enum sbk_book book);
const char *sbk_transaction_kind_name(enum sbk_transaction_kind kind);
int sbk_transaction_kind_parse(const char *name,
			       enum sbk_transaction_kind *out);

/* --- publish.c ------------------------------------------------------------ */

/*
 * Publishes the machine's journal for readers, unless the copy is that of the
 * last commit already. Needs the lock. No failure of the caller's: why it
 * failed is in journal->unpublished, and the next one to lock tries again.
 */
void sbk_publish(struct sbk_journal *journal);

/* --- log.c: entries, tree and commit ------------------------------------- */

enum sbk_durability { SBK_COMMIT_FLUSHED, SBK_COMMIT_ATOMIC };

/* Reads the tree's frontier and compares it with the head. */
int sbk_log_load(struct sbk_journal *journal, struct sbk_error *err);
/* Begins reading one snapshot and loads the tree as of it; the caller ends it
 * with sbk_db_abandon. */
int sbk_log_snapshot(struct sbk_journal *journal, struct sbk_error *err);
/*
 * A commit: begin, { change journal->json, append }..., finish. `begin` takes
 * SQLite's write lock and catches up with what others appended.
 */
int sbk_log_begin(struct sbk_journal *journal, enum sbk_durability durability,
		  struct sbk_error *err);
/* Appends journal->json; its number through `n`. */
int sbk_log_append(struct sbk_journal *journal, uint64_t *n,
		   struct sbk_error *err);
int sbk_log_commit(struct sbk_journal *journal, struct sbk_error *err);
/*
 * How each commit ends: with `rc` 0 it is committed; where `rc` says that a
 * step of it failed, or committing fails, nothing of it remains. Returns what
 * failed. The signed one adds a checkpoint, for a commit that is flushed.
 */
int sbk_log_finish(struct sbk_journal *journal, int rc, struct sbk_error *err);
int sbk_log_finish_signed(struct sbk_journal *journal, int rc,
			  struct sbk_error *err);

/* --- entry.c: the texts of entries --------------------------------------- */

struct sbk_state_ref {
	uint64_t id; /* of table state; 0: absent */
	char hex[2 * SBK_STATE_HASH_BYTES + 1];
};

void sbk_entry_create(struct sbk_buf *out, enum sbk_book book, int64_t time_ms,
		      size_t parents_made, const char *id, const char *key);
/* A public key's text, and the old key's signature; NULL: the first key. */
void sbk_entry_key(struct sbk_buf *out, int64_t time_ms, const char *key,
		   const char *signature);
void sbk_entry_witness(struct sbk_buf *out, int64_t time_ms,
		       const struct sbk_owner *person, const char *found,
		       const char *key, const char *note);
void sbk_entry_begin(struct sbk_buf *out, uint64_t txn,
		     enum sbk_transaction_kind kind, int64_t time_ms,
		     const char *title, uint64_t session);
void sbk_entry_root(struct sbk_buf *out, uint64_t txn,
		    const struct sbk_plan_root *root);
/* What an inverse change shares with the change that it undoes. */
struct sbk_shared {
	bool object; /* kind, name and identity */
	bool states; /* before and after, exchanged */
};

void sbk_entry_intend(struct sbk_buf *out, uint64_t id, uint64_t txn,
		      const struct sbk_change *change,
		      const struct sbk_state_ref *before,
		      const struct sbk_state_ref *after,
		      const struct sbk_shared *shared);
/* What was dropped, and what the rest needs of it (segment.h). */
void sbk_entry_drop(struct sbk_buf *out, int64_t time_ms,
		    const struct sbk_segment_base *base);
/* `changes` are sorted by status, then id. */
void sbk_entry_settle(struct sbk_buf *out, uint64_t txn, int64_t time_ms,
		      struct sbk_change *const *changes, size_t count);
/* `summary`: members of sbk_summary_end, or nothing. */
void sbk_entry_end(struct sbk_buf *out, uint64_t txn, int64_t time_ms,
		   const char *state, const struct sbk_buf *summary);
/* `after`: sbk_summary_pointer where a checkpoint may cover it last, else
 * UINT64_MAX. */
void sbk_entry_session_begin(struct sbk_buf *out, uint64_t session,
			     int64_t time_ms, uint32_t process, uint64_t after,
			     const char *members);
void sbk_entry_session_end(struct sbk_buf *out, uint64_t session,
			   int64_t time_ms, const char *state, uint64_t after,
			   const char *members);

/* --- views.c: the rows that entries stand for ---------------------------- */

/* One row of change, as the views hold it. Strings are borrowed. */
struct sbk_view_change {
	uint64_t id, entry, txn, undoes;
	const char *kind; /* NULL: the object is that of `undoes` */
	const char *name, *identity, *ours, *reason;
	uint64_t before, after; /* of table state; 0: absent */
};

/* What an inverse change says by leaving it out. */
#define SBK_REASON_UNDO "undo"
/* The note of what sbk_view_keep keeps owed. */
#define SBK_NOTE_KEPT "other changes of its transaction are not undone yet"

int sbk_view_begin(struct sbk_db *db, uint64_t txn, uint64_t entry,
		   const char *kind, const char *title, uint64_t session,
		   int64_t time_ms, struct sbk_error *err);
int sbk_view_root(struct sbk_db *db, uint64_t txn, uint64_t entry,
		  const struct sbk_plan_root *root, struct sbk_error *err);
int sbk_view_intend(struct sbk_db *db, const struct sbk_view_change *change,
		    struct sbk_error *err);
int sbk_view_extend(struct sbk_db *db, uint64_t txn, uint64_t first,
		    uint64_t last, struct sbk_error *err);
int sbk_view_settle(struct sbk_db *db, const char *status, uint64_t first,
		    uint64_t last, struct sbk_error *err);
/* What the inverse changes of the range undo follows them. */
int sbk_view_follow(struct sbk_db *db, const char *status, uint64_t first,
		    uint64_t last, struct sbk_error *err);
/* The same, where it is known that they undo just these. */
int sbk_view_follow_range(struct sbk_db *db, const char *status, uint64_t first,
			  uint64_t last, struct sbk_error *err);
/* After all ranges of an entry, for each that was confirmed: what is put back
 * when accounts are undone stays owed while any of them is there. */
int sbk_view_keep(struct sbk_db *db, uint64_t first, uint64_t last,
		  struct sbk_error *err);
int sbk_view_note(struct sbk_db *db, uint64_t change, const char *note,
		  struct sbk_error *err);
int sbk_view_end(struct sbk_db *db, uint64_t txn, uint64_t entry,
		 const char *state, struct sbk_error *err);
int sbk_view_session_begin(struct sbk_db *db, uint64_t session, uint64_t entry,
			   int64_t time_ms, struct sbk_error *err);
int sbk_view_session_end(struct sbk_db *db, uint64_t session, uint64_t entry,
			 int64_t time_ms, const char *state,
			 struct sbk_error *err);
/* A key that the log names from this entry on; `signature` may be NULL. */
int sbk_view_signer(struct sbk_db *db, uint64_t entry, const char *key,
		    const char *signature, struct sbk_error *err);
/* What was found of the log of the person with this number; `key` and `note`
 * only with a checkpoint that was seen. */
int sbk_view_witness(struct sbk_db *db, uint64_t entry,
		     const struct sbk_owner *person, const char *found,
		     const char *key, const char *note, struct sbk_error *err);
/* What the entry says was dropped. */
int sbk_view_segment(struct sbk_db *db, uint64_t entry,
		     const struct sbk_segment_base *base,
		     struct sbk_error *err);
/* All rows that the log makes anew, out; but not states. */
int sbk_view_clear(struct sbk_db *db, struct sbk_error *err);
/* The id of the state with this hash, which is added where it is new, and gets
 * a number where it waits for one (a negative one, drop.c);
 * `bytes` NULL: sealed, or not known here. */
int sbk_view_state(struct sbk_db *db,
		   const unsigned char hash[SBK_STATE_HASH_BYTES],
		   const void *bytes, size_t size, uint64_t *id,
		   struct sbk_error *err);

/* --- replay.c: entries read back into views ------------------------------ */

enum sbk_replay_tables {
	SBK_REPLAY_ALL,
	SBK_REPLAY_SMALL /* no `intend`, no `settle`: not change and state */
};

/* Applies one entry's text to the views in `db`; CORRUPT for a text that is no
 * entry of this format, or is not to be here. */
int sbk_replay(struct sbk_db *db, uint64_t n, const char *json, size_t size,
	       enum sbk_replay_tables tables, struct sbk_error *err);

/* --- rebuild.c ----------------------------------------------------------- */

/* The views made anew from the entries, of which `cut` were dropped; in the
 * commit in progress. */
int sbk_rebuild_views(struct sbk_journal *journal, uint64_t cut,
		      struct sbk_error *err);

/* --- sealed.c ------------------------------------------------------------ */

void sbk_sealed_close(struct sbk_sealed *sealed);
void sbk_sealed_hash(const struct sbk_sealed *sealed, const void *bytes,
		     size_t size, unsigned char hash[SBK_STATE_HASH_BYTES]);
/* Begins, adds, commits durably: before the intents that mention them. */
int sbk_sealed_store(struct sbk_journal *journal,
		     struct sbk_change *const *changes, size_t count,
		     struct sbk_error *err);
/* Appends the bytes to `out`. NOTFOUND where there are none. */
int sbk_sealed_load(struct sbk_journal *journal,
		    const unsigned char hash[SBK_STATE_HASH_BYTES],
		    struct sbk_buf *out, struct sbk_error *err);

/* --- reserve.c ----------------------------------------------------------- */

/* Before the first entry of a transaction of kind `do`: so much that the
 * transaction can be ended, or recovered, on a full volume. LIMIT. */
int sbk_reserve_begin(struct sbk_journal *journal, struct sbk_error *err);
/* Grows the reserve so that the changes in effect and `more` fit: LIMIT. */
int sbk_reserve_grow(struct sbk_journal *journal, uint64_t more,
		     struct sbk_error *err);
int sbk_reserve_release(struct sbk_journal *journal, struct sbk_error *err);
/* Gives a little of it back, for opening. LIMIT where there is none. */
int sbk_reserve_lend(struct sbk_journal *journal, struct sbk_error *err);
/* Sets it aside again, as far as the volume has room. */
void sbk_reserve_refill(struct sbk_journal *journal);

/* --- transaction.c ------------------------------------------------------- */

struct sbk_journal_begin {
	enum sbk_transaction_kind kind;
	const char *title;
	struct sbk_plan *roots; /* its roots are recorded; may be NULL */
};

int sbk_transaction_begin(struct sbk_journal *journal,
			  const struct sbk_journal_begin *begin, uint64_t *id,
			  struct sbk_error *err);
/* Another transaction's end, told by recovery: "settled". */
int sbk_transaction_settled(struct sbk_journal *journal, uint64_t id,
			    struct sbk_error *err);

/* --- load.c -------------------------------------------------------------- */

/* Loads the changes of one transaction that are still PREPARED, inverse ones
 * and all. */
int sbk_load_prepared(struct sbk_journal *journal, uint64_t transaction,
		      struct sbk_plan *out, struct sbk_error *err);

/* Loads the changes that were undone by an inverse one, and these. */
int sbk_load_undone(struct sbk_journal *journal, struct sbk_plan *undone,
		    struct sbk_plan *inverse, struct sbk_error *err);

/* --- session.c ----------------------------------------------------------- */

/* Writes the end of sessions whose process is gone; those that owe a hand-back
 * stay, and journal->debts says so. */
int sbk_session_reap(struct sbk_journal *journal, struct sbk_error *err);
/* Writes the end of these, which died. */
int sbk_session_died(struct sbk_journal *journal, const uint64_t *ids,
		     size_t count, struct sbk_error *err);

/* --- hand_back.c --------------------------------------------------------- */

/* Whether a session whose first entry this is has roots in which its account's
 * files are to be handed back. */
int sbk_session_hands_back(struct sbk_journal *journal, uint64_t begun,
			   bool *out, struct sbk_error *err);
int sbk_journal_hand_back(struct sbk_journal *journal,
			  const struct sbk_backend *backend,
			  const struct sbk_hand_back_request *request,
			  struct sbk_hand_back_report *report,
			  struct sbk_error *err);
int sbk_session_begin(struct sbk_journal *journal, const char *members,
		      uint64_t *id, struct sbk_error *err);
int sbk_session_end(struct sbk_journal *journal, uint64_t id,
		    const char *members, struct sbk_error *err);

#endif
