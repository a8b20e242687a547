/*
 * The journal: what was meant, what was made, what became of it, in a SQLite
 * database whose log is an RFC 6962 Merkle tree (FORMAT.md). The only user of
 * SQLite.
 *
 *	rc = sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, err);
 *	rc = sbk_journal_lock(journal, wait_ms, err);
 *	rc = sbk_journal_begin(journal, &request, &transaction, err);
 *	recorder = sbk_journal_recorder(journal);
 *	... sbk_apply(backend, &recorder, plan, ...) ...
 *	rc = sbk_journal_end(journal, outcome, err);
 *	sbk_journal_close(journal);
 */
#ifndef SBK_JOURNAL_H
#define SBK_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/cli.h"
#include "engine/ledger.h"
#include "engine/limits.h"
#include "engine/os.h"
#include "engine/plan.h"
#include "engine/recorder.h"

struct sbk_journal;

/*
 * The machine's journal is private: a reader of an SQLite database can hold
 * locks that its writer needs. Who is not root reads a copy that is published
 * after each transaction; which of the two, sbk_journal_open decides.
 */

/* Where a journal is and whose it is. */
struct sbk_journal_place {
	enum sbk_book book;
	char directory[SBK_PATH_MAX];
	/* Bytes of `directory` that must exist (the home); 0: all but the
	 * last part. */
	size_t base;
	struct sbk_owner owner; /* who must own directory and files */
	/* The id of one that is made, SBK_BOOK_ID_BYTES; NULL: a random one. */
	const unsigned char *id;
};

/* The machine's journal, or that of `person`, from fixed paths alone. */
int sbk_journal_place_machine(struct sbk_journal_place *out,
			      struct sbk_error *err);
int sbk_journal_place_user(const struct sbk_person *person,
			   struct sbk_journal_place *out,
			   struct sbk_error *err);

enum sbk_journal_mode {
	SBK_JOURNAL_READ,   /* SBK_E_NOTFOUND where there is none */
	SBK_JOURNAL_WRITE,  /* SBK_E_NOTFOUND where there is none */
	SBK_JOURNAL_CREATE, /* made where there is none */
	/* SBK_JOURNAL_WRITE, and sbk_journal_trust from the beginning: entries
	 * that are altered or missing do not hinder opening, either. */
	SBK_JOURNAL_TRUST
};

/*
 * Diagnoses before it opens: missing, empty, NUL bytes, truncated, not a
 * journal, a newer version, a filesystem without working locks, wrong owner
 * or mode, planted triggers or views. Each has a message of its own with what
 * to do; nothing is started anew in silence.
 */
int sbk_journal_open(const struct sbk_journal_place *place,
		     enum sbk_journal_mode mode, struct sbk_journal **out,
		     struct sbk_error *err);
void sbk_journal_close(struct sbk_journal *journal);

/*
 * For root: the journal of another person, as that person hands it over (an
 * errand, os_admin.h, which opens and checks it and exports its log), read into
 * memory entry by entry. No file of the person's is opened by root, none that
 * SQLite wrote is parsed, and it ends in bounded time and memory: SBK_E_LIMIT,
 * SBK_E_BUSY. It can be loaded and asked what is owed, nothing else.
 *
 * SBK_E_NOTFOUND where there is none; SBK_E_CORRUPT with `out` set where it is
 * not what its log says and can be read all the same.
 */
int sbk_journal_fetch(const struct sbk_person *person, struct sbk_journal **out,
		      struct sbk_error *err);

/*
 * What that reads: a text of sbk_journal_export. `title` names it in messages
 * ("the journal of 'ann'"), `owner` is whose it is.
 */
int sbk_journal_import(const char *text, size_t size, const char *title,
		       uint32_t owner, struct sbk_journal **out,
		       struct sbk_error *err);

/*
 * How many entries such a text has, and the root of their tree, as computed
 * from them; what follows them is not looked at. SBK_E_PARSE for what is no
 * export.
 */
int sbk_journal_text_root(const struct sbk_buf *text, uint64_t *entries,
			  unsigned char root[32], struct sbk_error *err);

/*
 * Where runs that were killed left their account's files in granted roots,
 * tries to have them handed back (engine/hand_back.h), which needs this
 * program and no lock. What it cannot do is found like what others made.
 */
void sbk_journal_settle_debts(struct sbk_journal *journal);

/*
 * The lock of the one transaction at a time: an open-file-description lock
 * on the journal's lock file. SBK_E_BUSY after `wait_ms` with the holder's
 * process number and title. Released by close or by the process's end.
 */
int sbk_journal_lock(struct sbk_journal *journal, int64_t wait_ms,
		     struct sbk_error *err);

struct sbk_journal_transaction {
	uint64_t id;
	enum sbk_transaction_kind kind;
	int64_t time_ms;
	char title[256];
	char state[16]; /* "open", "done", "failed", "settled" */
};

/* Needs the lock. Releases the reserve file where `kind` is UNDO. */
int sbk_journal_begin(struct sbk_journal *journal,
		      enum sbk_transaction_kind kind, const char *title,
		      uint64_t *id, struct sbk_error *err);
/* `done` false: a step failed; its changes are still to be undone. */
int sbk_journal_end(struct sbk_journal *journal, bool done,
		    struct sbk_error *err);
struct sbk_recorder sbk_journal_recorder(struct sbk_journal *journal);

/* Which changes to load; zero and NULL mean any. */
struct sbk_journal_filter {
	uint64_t transaction;
	uint64_t first, last; /* change numbers, inclusive */
	uint64_t session;
	const char *path; /* this path and what is below it */
	bool ways;	  /* with `path` and `unsettled`: also what was changed
			     above it for its sake alone */
	const char *kind; /* a kind's name */
	int64_t since_ms, until_ms;
	bool unsettled; /* not undone: prepared, confirmed, conflict,
			   owed; no inverse changes */
	bool dead;	/* of transactions that never ended well */
};

/*
 * Adds the changes to `out` in the order in which they were made, with id,
 * status and states. Unreadable sealed states are an error only with
 * `unsettled`.
 */
int sbk_journal_load(struct sbk_journal *journal,
		     const struct sbk_journal_filter *filter,
		     struct sbk_plan *out, struct sbk_error *err);

/* The entry with which the session began, as JSON, appended. SBK_E_NOTFOUND
 * where there was none of that number, or it was dropped. */
int sbk_journal_session(struct sbk_journal *journal, uint64_t session,
			struct sbk_buf *out, struct sbk_error *err);

/*
 * What the journal expects of each object: for each of `standing` (loaded with
 * `unsettled`) its object's last change, an undo between two grants counts,
 * too; `changes` are all of these objects. `out` has room for all of `standing`
 * and gets each object once, borrowed from the plans.
 */
int sbk_journal_expected(struct sbk_plan *standing, struct sbk_plan *changes,
			 const struct sbk_change **out, size_t *count,
			 struct sbk_error *err);

/*
 * Settles what transactions left that did not end well: a dead undo's changes
 * by looking at the objects, a dead or failed transaction's by undoing it.
 * Needs the lock. Idempotent, safe to crash in. `settled`: how many changes.
 * SBK_E_CORRUPT, and nothing is settled, where there is something to settle
 * and the journal is not what its log says (sbk_journal_check).
 */
int sbk_journal_recover(struct sbk_journal *journal,
			const struct sbk_backend *backend, size_t *settled,
			struct sbk_error *err);

/*
 * Removes the copy of the machine's journal that everyone may read, and
 * publishes none any more: from here on it names what others must not learn.
 * Needs the lock. Nothing for a user's journal, which was never published.
 */
int sbk_journal_unpublish(struct sbk_journal *journal, struct sbk_error *err);

/* The journal as it is now (struct sbk_book_mark), and one that will be. */
int sbk_journal_mark(struct sbk_journal *journal, struct sbk_book_mark *out,
		     struct sbk_error *err);
int sbk_journal_mark_new(struct sbk_book_mark *out, struct sbk_error *err);
/* Whether it still is what `mark` says, which may be NULL: then it is. */
int sbk_journal_check_mark(struct sbk_journal *journal,
			   const struct sbk_book_mark *mark, bool *same,
			   struct sbk_error *err);

/*
 * Undoes the loaded changes (sbk_journal_load with `unsettled`) as one
 * transaction of inverse changes. Needs the lock.
 */
int sbk_journal_undo(struct sbk_journal *journal,
		     const struct sbk_backend *backend, const char *title,
		     struct sbk_plan *changes, struct sbk_apply_result *result,
		     struct sbk_error *err);

/*
 * The same for a part of what transactions made, whose rest stays: a kept file
 * among the changes is put back after the others, and its own change stays in
 * effect, for when the rest is undone. `transaction` is the number of the undo,
 * 0 where nothing was left to be done.
 */
int sbk_journal_take_back(struct sbk_journal *journal,
			  const struct sbk_backend *backend, const char *title,
			  struct sbk_plan *changes, uint64_t *transaction,
			  struct sbk_apply_result *result,
			  struct sbk_error *err);
/* What that would do, as sbk_journal_plan_undo has it. */
int sbk_journal_plan_take_back(struct sbk_journal *journal,
			       const struct sbk_backend *backend,
			       struct sbk_plan *changes, struct sbk_plan *out,
			       struct sbk_error *err);

/*
 * Carries out what nothing could bring back and no change of the journal made
 * (entries that a sweep found, a profile that a logon made): a transaction of
 * kind UNDO, each of its changes for itself, so that no later undo tries to. An
 * empty plan begins none. How each went is its status.
 */
int sbk_journal_remove_for_good(struct sbk_journal *journal,
				const struct sbk_backend *backend,
				const char *title, struct sbk_plan *plan,
				struct sbk_apply_result *result,
				struct sbk_error *err);

/*
 * What sbk_journal_undo would do, for --dry-run: adds the inverse changes to
 * `out` and settles in `changes` what needs no touch. Records nothing and
 * needs no lock; `changes` must not be undone afterwards, but loaded again.
 */
int sbk_journal_plan_undo(struct sbk_journal *journal,
			  const struct sbk_backend *backend,
			  struct sbk_plan *changes, struct sbk_plan *out,
			  struct sbk_error *err);

/*
 * A whole transaction, as engine/ledger.h has it, in a journal that is open:
 * takes the lock, recovers, carries `plan` out, undoes it when a step fails.
 */
int sbk_journal_transact(struct sbk_journal *journal,
			 const struct sbk_backend *backend,
			 const struct sbk_transaction_request *request,
			 struct sbk_plan *plan,
			 struct sbk_transaction_report *report,
			 struct sbk_error *err);

/*
 * How many changes stand in each status. `counts` has SBK_STATUS_COUNT. A tree
 * that an undo gave up and could not look at to its end counts as owed, too.
 */
int sbk_journal_count(struct sbk_journal *journal, uint64_t *counts,
		      struct sbk_error *err);

/*
 * What is owed of trees that an undo gave up, as the host has it now: adds to
 * `out` each such tree as a root, and a change for each object that was made in
 * it later and still bears entries of ours; notes say what could not be looked
 * at. With `path` only trees at, above or below it. Records nothing and needs
 * no lock; recovery is what settles it.
 */
int sbk_journal_plan_owed(struct sbk_journal *journal,
			  const struct sbk_backend *backend, const char *path,
			  struct sbk_plan *out, struct sbk_error *err);

/* What an undo leaves of `trees` in a few words: of the changes of `plan` that
 * undo no other. What it points to is the plans'. */
struct sbk_owed {
	size_t trees, objects;
	size_t foreign;	  /* of these, the sandbox account's own: root's to mend
			   */
	const char *tree; /* the first; NULL: none is owed */
	const char *example; /* the first that is foreign, or NULL */
	char account[64];    /* whose that is; "" where it has no name */
};

int sbk_journal_sum_owed(const struct sbk_backend *backend,
			 struct sbk_plan *trees, struct sbk_plan *plan,
			 struct sbk_owed *out, struct sbk_error *err);
/* A sentence without its end, for a sum with objects; and the command that
 * gives the foreign ones to `person` and keeps the rest of Sandbook, or
 * nothing where there is none. */
void sbk_owed_print(const struct sbk_owed *owed, struct sbk_buf *out);
void sbk_owed_print_remedy(const struct sbk_owed *owed, const char *person,
			   struct sbk_buf *out);

enum sbk_log_verdict {
	SBK_LOG_INTACT,
	SBK_LOG_ALTERED,     /* it is not what was hashed or signed */
	SBK_LOG_TRUNCATED,   /* its end is missing, as it says itself */
	SBK_LOG_FORKED,	     /* the anchor has another history */
	SBK_LOG_ROLLED_BACK, /* the anchor has a longer one */
	SBK_LOG_OTHER_LOG    /* key or anchor are of another log */
};

/* "rolled back"; and the exit code of `journal verify`. */
const char *sbk_log_verdict_name(enum sbk_log_verdict verdict);
enum sbk_exit sbk_log_verdict_exit(enum sbk_log_verdict verdict);

#define SBK_KEPT_NOTES_MAX 32

struct sbk_journal_kept {
	const char *note;
	size_t size;
};

/* What was kept elsewhere; each may be NULL. Borrowed. */
struct sbk_journal_anchor {
	const char *key;  /* a public key of the log, as text */
	const char *note; /* a checkpoint of it */
	size_t note_size;
	/* More of them, at most SBK_KEPT_NOTES_MAX. */
	const struct sbk_journal_kept *kept;
	size_t kept_count;
	/* What the machine's log has seen of it, cosigned (the caller looked);
	 * NULL: nothing. */
	const char *witness;
	size_t witness_size;
	/* The files of what was dropped, from the oldest on, at most
	 * SBK_SEGMENTS_MAX. INVAL for others. */
	const struct sbk_buf *segments;
	size_t segment_count;
};

/* What `verify` found. */
struct sbk_journal_verdict {
	enum sbk_log_verdict verdict;
	uint64_t altered_at; /* the first entry that may be; UINT64_MAX: it is
				something else, or nothing */
	char key[SBK_KEY_TEXT_MAX]; /* the newest that the log names, or "" */
	bool pinned;		    /* it leads back to the one given */
	uint64_t replaced_at;	    /* the entry since which a key stands in
				       for a lost one; UINT64_MAX: none */
	uint64_t signed_size;	    /* entries that it has signed */
	uint64_t anchored_size;	 /* entries that the strongest anchor shows */
	uint64_t witnessed_size; /* entries that the witness has seen */
	uint64_t entries;
	uint64_t dropped; /* of these, the first, which an entry says were
			     exported and dropped */
	unsigned char dropped_root[32];
	uint64_t read_from; /* the first that was read: `dropped`, or less
			       where segments were given */
	uint64_t unreached; /* the witness has seen so many entries, which were
			       dropped; 0: it can be told */
	unsigned char root[32]; /* of the tree, computed from the entries */
	uint64_t states, sealed_unread;
	bool log_sound; /* entries, tree, signatures and states have no finding:
			   the tables alone may */
	size_t findings;     /* 0: the journal is what its log says */
	struct sbk_buf text; /* a line for each of the first of them */
};

/*
 * Computes the tree from the entries, builds the tables anew from the log and
 * compares them row by row, hashes every state. 0 also with findings.
 */
int sbk_journal_verify(struct sbk_journal *journal,
		       struct sbk_journal_verdict *verdict,
		       struct sbk_error *err);
/*
 * The same, held against what was kept elsewhere. SBK_E_INVAL for a key or a
 * checkpoint that is none.
 */
int sbk_journal_verify_against(struct sbk_journal *journal,
			       const struct sbk_journal_anchor *anchor,
			       struct sbk_journal_verdict *verdict,
			       struct sbk_error *err);
void sbk_journal_verdict_release(struct sbk_journal_verdict *verdict);

/*
 * The same question before somebody acts on the journal: SBK_E_CORRUPT with the
 * first thing that is not what the log says, signatures aside.
 * Looks at no page or index of the file, and at no bytes of sealed states.
 * 0 at once after sbk_journal_trust.
 */
int sbk_journal_check(struct sbk_journal *journal, struct sbk_error *err);
/*
 * For who only reports, or adds: 1, and nothing was looked at, where the log
 * has more than SBK_CHECK_ENTRIES_MAX entries.
 */
int sbk_journal_check_small(struct sbk_journal *journal, struct sbk_error *err);
/* The caller goes on whatever there is: what a person said who was told. */
void sbk_journal_trust(struct sbk_journal *journal);

/* The journal's public key, where its private one is here and can sign; else
 * why not. */
int sbk_journal_signing_key(struct sbk_journal *journal,
			    char out[SBK_KEY_TEXT_MAX], struct sbk_error *err);
/* `body` in a DSSE envelope (dsse.h), signed with the journal's key, or, where
 * that is not here, by nobody. */
int sbk_journal_envelope(struct sbk_journal *journal, const char *type,
			 const struct sbk_buf *body, struct sbk_buf *out,
			 struct sbk_error *err);
/* The first entry that is there: what was before it was dropped. */
uint64_t sbk_journal_first_entry(const struct sbk_journal *journal);
/* The newest checkpoint, appended to `out`. SBK_E_NOTFOUND. */
int sbk_journal_checkpoint(struct sbk_journal *journal, struct sbk_buf *out,
			   struct sbk_error *err);
/*
 * Hands it to the command that the policy names ("anchor"): of the machine's
 * journal the machine's file, run as root; of a person's that person's own, run
 * as that person, who is the caller. In bounded time; 0 where none is named.
 * What it fails with fails nothing else.
 */
int sbk_journal_anchor(struct sbk_journal *journal, struct sbk_error *err);

/*
 * Witnessing (FORMAT.md, "Witness"): what the machine's log has seen of the
 * logs of those who are enrolled. Asks each of them, as that person and in
 * bounded time, and tells what was found. With `record` (needs the lock) it is
 * appended where it is news; without, nothing is written.
 */
int sbk_journal_witness(struct sbk_journal *machine, bool record,
			sbk_witness_fn *tell, void *arg, struct sbk_error *err);
/* What the record says of everybody who was ever seen. Asks nobody. */
int sbk_journal_witnessed(struct sbk_journal *machine, sbk_witness_fn *tell,
			  void *arg, struct sbk_error *err);
/* Root takes note of a finding: the next look begins anew with what is there.
 * Needs the lock. SBK_E_NOTFOUND where there is no finding. */
int sbk_journal_witness_accept(struct sbk_journal *machine,
			       const struct sbk_owner *person,
			       struct sbk_error *err);
/* The newest checkpoint of the person's log that the machine's has seen, with
 * its cosignature, which holds, and the time of that. SBK_E_NOTFOUND;
 * SBK_E_CORRUPT: it is not cosigned. */
int sbk_journal_witness_note(struct sbk_journal *machine,
			     const struct sbk_owner *person,
			     struct sbk_buf *out, uint64_t *seconds,
			     struct sbk_error *err);

/* How many entries the machine's log saw last of the person's, and the key that
 * signed them. SBK_E_NOTFOUND. */
int sbk_journal_witness_seen(struct sbk_journal *machine,
			     const struct sbk_owner *person, uint64_t *entries,
			     char key[SBK_KEY_TEXT_MAX], struct sbk_error *err);

/*
 * The end of a log whose journal is about to be removed (FORMAT.md, "The end of
 * a log"). The first signs what no checkpoint covers yet, and needs the lock;
 * that there is no key is no failure. The second makes the text that shows it
 * to who saw `since` entries, signed by `key` (0 and NULL: none); the journal
 * is at `place`; without its key that fails.
 */
int sbk_journal_sign(struct sbk_journal *journal, struct sbk_error *err);
int sbk_journal_end_print(struct sbk_journal *journal,
			  const struct sbk_journal_place *place, uint64_t since,
			  const char *key, struct sbk_buf *out,
			  struct sbk_error *err);
/*
 * Root is shown such a text: where it continues what was seen, the log counts
 * as ended from then on and its absence is no finding. Needs the lock.
 * SBK_E_PARSE for another text, SBK_E_CORRUPT for the end of another history,
 * SBK_E_NOTFOUND where nothing was ever seen.
 */
int sbk_journal_witness_end(struct sbk_journal *machine,
			    const struct sbk_owner *person, const char *text,
			    size_t size, struct sbk_error *err);

/* The errand's command, which both programs know and no help names. */
#define SBK_WITNESS_ERRAND "witness-errand"
extern const struct sbk_command sbk_journal_errands[];

/*
 * For a journal opened with SBK_JOURNAL_TRUST: where only tables were altered,
 * makes them anew from the log (`rebuilt`), and it is trusted no longer than
 * that; where the log itself was, nothing is changed. Takes the lock.
 */
int sbk_journal_rebuild(struct sbk_journal *journal, bool *rebuilt,
			struct sbk_error *err);

/*
 * Whether this change in such a journal is one that `remediate` made, by its
 * kind: of a volume's descriptors always, and in a person's journal of what
 * else names another tool's accounts. Uninstall leaves these as they are.
 */
bool sbk_journal_is_remediation(enum sbk_book book,
				const struct sbk_change *change);

/*
 * Removes the journal itself, last of all, when nothing is owed: files,
 * directory, and those parent directories that were made for it and are empty.
 */
int sbk_journal_remove(const struct sbk_journal_place *place,
		       struct sbk_error *err);

/*
 * The whole log as JSON lines, of one moment, in pieces: head, entries exactly
 * as they were hashed, states, checkpoints. What `journal export --json`
 * prints.
 */
typedef int sbk_journal_sink_fn(void *arg, const struct sbk_buf *chunk,
				struct sbk_error *err);
int sbk_journal_export(struct sbk_journal *journal, sbk_journal_sink_fn *sink,
		       void *arg, struct sbk_error *err);

/* The journal behind the engine's commands; see engine/ledger.h. */
void sbk_journal_ledger(struct sbk_ledger *out);

extern const struct sbk_command sbk_journal_commands[]; /* journal, undo */

#endif
