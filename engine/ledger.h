/*
 * What the engine's commands need of the journal, handed to them by main, so
 * that the engine knows no database. The journal implements it
 * (journal/ledger.c).
 */
#ifndef SBK_LEDGER_H
#define SBK_LEDGER_H

#include <stdbool.h>

#include "engine/apply.h"
#include "engine/backend.h"
#include "engine/json.h"
#include "engine/limits.h"
#include "engine/plan.h"

/* Which of the two journals (DESIGN part 4). */
enum sbk_book {
	SBK_BOOK_MACHINE, /* accounts, rules, machine-wide grants; root only */
	SBK_BOOK_USER	  /* the caller's own grants and runs */
};

#define SBK_BOOK_ID_BYTES 16

/* What tells a book, and a moment of it, from others. */
struct sbk_book_mark {
	unsigned char id[SBK_BOOK_ID_BYTES]; /* random, made with the book */
	uint64_t transactions;		     /* begun so far: only grows */
	bool is_new; /* there is none: one that is begun gets this id */
	/* A transaction of it is not settled: one that is being made, or what
	 * a crash left. */
	bool unsettled;
};

struct sbk_transaction_request {
	enum sbk_book book;
	const char
		*title; /* what was asked for, for people: "grant --to ..." */
	sbk_apply_more_fn *more; /* see apply.h */
	void *more_arg;
	/*
	 * Makes the plan anew, with the lock held, where another command had it
	 * when this one came, or an object turned out to be another than was
	 * planned with (SBK_TRANSACT_ATTEMPTS_MAX times; a kept file counts,
	 * whose state is what an undo puts back). `*plan` is the caller's, the
	 * old one and the new one. NULL: that is a failure.
	 */
	int (*again)(void *arg, struct sbk_plan **plan, struct sbk_error *err);
	void *again_arg;
	uint64_t session; /* the run for which it is made, or 0 */
	/*
	 * What numbers of the plan were counted from (`mark`), or NULL. Where
	 * the book is further by then, the plan is made again, which asks
	 * anew, or it is a conflict: no number is used twice.
	 */
	const struct sbk_book_mark *mark;
	const struct sbk_progress *progress; /* see apply.h; or NULL */
};

#define SBK_UNPUBLISHED_MAX 256
#define SBK_KEY_TEXT_MAX 256

struct sbk_transaction_report {
	uint64_t transaction;		/* its number in the journal */
	struct sbk_apply_result made;	/* of the plan; of what went with what
					   was taken back */
	struct sbk_apply_result undone; /* when a step failed: of its undo; of
					   what was taken back */
	size_t recovered; /* changes that a crash had left, settled first */
	/* Why everyone reads an older copy of the machine's journal, although
	 * the transaction went well; "" as a rule. The next one publishes it.
	 */
	char unpublished[SBK_UNPUBLISHED_MAX];
	/* Why what was recorded could not be signed, although the transaction
	 * went well; "" as a rule. */
	char unsigned_why[SBK_UNPUBLISHED_MAX];
	/* The public key of a journal that began with this; else "". It is for
	 * keeping elsewhere. */
	char new_key[SBK_KEY_TEXT_MAX];
};

/*
 * What is to be taken back of a book: the changes in effect that `is_wanted`
 * chooses.
 */
struct sbk_take_back_request {
	enum sbk_book book;
	const char *title;
	bool (*is_wanted)(void *arg, const struct sbk_change *change);
	/*
	 * Adds what else is to go when these are taken back, which no change of
	 * the book made and nothing could bring back; `taken` are what was
	 * chosen. NULL: nothing.
	 */
	int (*plan_more)(void *arg, struct sbk_plan *taken,
			 struct sbk_plan *plan, struct sbk_error *err);
	void *arg;
};

/* One run, as the journal keeps it. */
struct sbk_session {
	uint64_t id; /* given by session_begin */
	/* Members of a JSON object, without the braces (sbk_json_*). */
	const char *begin_members; /* command, policy, guarantees, carriers */
	const char *end_members;   /* exit, signal, appeared names */
	void *token;		   /* the ledger's own */
	/* Whose journal, where it was looked up already; NULL: the caller's.
	 */
	const struct sbk_person *person;
	/* The public key of a journal that began with this run; else "". */
	char new_key[SBK_KEY_TEXT_MAX];
	/* Its begin_members name roots in which the account's files are to be
	 * handed back ("account", "hand_back"). */
	bool hands_back;
	bool debts; /* filled: others died and owe that */
};

/* --- the hand-back (hand_back.h) ---------------------------------------- */

struct sbk_hand_back_where {
	const char *const *roots;
	size_t root_count;
	const char *const *busy; /* roots of sessions that are at work */
	size_t busy_count;
};

/* What stays the account's for good. */
struct sbk_hand_back_left {
	size_t count;
	char first[SBK_PATH_MAX], why[128]; /* of the first */
	bool more; /* not all was looked at: there was too much */
};

typedef int sbk_hand_back_find_fn(void *arg,
				  const struct sbk_hand_back_where *where,
				  struct sbk_plan *plan,
				  struct sbk_hand_back_left *left,
				  struct sbk_error *err);

struct sbk_hand_back_request {
	uint64_t session;	     /* the one that is ending, or 0 */
	struct sbk_owner account;    /* whose sessions */
	sbk_hand_back_find_fn *find; /* NULL: only count the sessions */
	void *arg;
	/* Not NULL: of the dead ones, those are ended whose account is none of
	 * these, since nobody but root can give back what it made; and nothing
	 * else is done. They are the report's `sessions`. */
	const struct sbk_owner *accounts;
	size_t account_count;
};

struct sbk_hand_back_report {
	size_t sessions; /* that owe it; with the one that is ending */
	size_t given, owed;
	uint64_t transaction; /* the last one, or 0 */
	struct sbk_hand_back_left left;
};

/* What the machine's log found out about one person's (journal/FORMAT.md,
 * "Witness"). */
struct sbk_witness_news {
	struct sbk_owner person;
	const char *name;  /* "": it was not looked up */
	const char *found; /* "none", "same", "seen", "shrank", ... */
	bool finding;
	const char *text; /* a sentence without its end, safe to print */
	const char *note; /* its newest checkpoint, or NULL */
};
typedef int sbk_witness_fn(void *arg, const struct sbk_witness_news *news,
			   struct sbk_error *err);

struct sbk_ledger_ops {
	/*
	 * Opens the journal, waits for its lock, recovers what a crash left,
	 * carries `plan` out and, if a step fails, undoes it; then returns the
	 * step's error. An empty plan begins no transaction.
	 */
	int (*transact)(void *self, const struct sbk_backend *backend,
			const struct sbk_transaction_request *request,
			struct sbk_plan *plan,
			struct sbk_transaction_report *report,
			struct sbk_error *err);
	/*
	 * Undoes what the request chooses as one transaction, after recovery
	 * of what a crash left. A kept file that is chosen is put back once
	 * more, and its change stays in effect, since what stays of its
	 * transaction is undone by the same tools later. `report->undone`
	 * says how it went; `transaction` is 0 where nothing was chosen.
	 */
	int (*take_back)(void *self, const struct sbk_backend *backend,
			 const struct sbk_take_back_request *request,
			 struct sbk_transaction_report *report,
			 struct sbk_error *err);
	/* What that would do, added to `out`. Only reads. */
	int (*plan_take_back)(void *self, const struct sbk_backend *backend,
			      const struct sbk_take_back_request *request,
			      struct sbk_plan *out, struct sbk_error *err);
	/*
	 * A session makes no change to the host, so its record is atomic but
	 * not flushed: a power cut may lose the last ones.
	 */
	int (*session_begin)(void *self, struct sbk_session *session,
			     struct sbk_error *err);
	int (*session_end)(void *self, struct sbk_session *session,
			   struct sbk_error *err);
	/* Its command is gone: it is not at work any more in its roots. */
	int (*session_ending)(void *self, struct sbk_session *session,
			      struct sbk_error *err);
	/*
	 * Hands back what the account has in the granted roots of sessions
	 * that died, and of the one that is ending; then the dead ones are
	 * ended. SBK_E_INCOMPLETE where something is owed: they stay, and the
	 * next call goes on. Without a journal there is nothing.
	 */
	int (*hand_back)(void *self, const struct sbk_backend *backend,
			 const struct sbk_hand_back_request *request,
			 struct sbk_hand_back_report *report,
			 struct sbk_error *err);
	/*
	 * Settles what a crash left, for a command that plans only after it;
	 * `transact` does it again, and refuses a plan that its own recovery
	 * made out of date and that has no `more` to look again with.
	 */
	int (*recover)(void *self, const struct sbk_backend *backend,
		       enum sbk_book book, size_t *settled,
		       struct sbk_error *err);
	/*
	 * Adds to `out` the roots of the grants to `principal` that are in
	 * effect, by this book, in the order in which they were made:
	 * elsewhere, what names the principal on the host is not ours. NULL: to
	 * anybody.
	 */
	int (*granted)(void *self, enum sbk_book book, const char *principal,
		       struct sbk_plan *out, struct sbk_error *err);
	/* The book as it is now; where there is none, what it will be. */
	int (*mark)(void *self, enum sbk_book book, struct sbk_book_mark *out,
		    struct sbk_error *err);
	/*
	 * How many changes of that book are owed. Only reads. SBK_E_NOTFOUND
	 * where there is no journal; otherwise the error is its diagnosis,
	 * SBK_E_CORRUPT also where it is not what its log says (one of up to
	 * SBK_CHECK_ENTRIES_MAX entries).
	 */
	int (*owed)(void *self, enum sbk_book book, uint64_t *count,
		    struct sbk_error *err);
	/*
	 * Adds to `out` each object of this kind that a change in effect is
	 * about, by that book, with the change that made it last what it is to
	 * be (`after`). Only reads; nothing where there is no journal.
	 */
	int (*expected)(void *self, enum sbk_book book, enum sbk_kind kind,
			struct sbk_plan *out, struct sbk_error *err);
	/* How many entries that log has, and how many of them the newest
	 * checkpoint signs; 0: there is none. SBK_E_NOTFOUND as above. */
	int (*signed_to)(void *self, enum sbk_book book, uint64_t *entries,
			 uint64_t *covered, struct sbk_error *err);
	/*
	 * Looks at the logs of everybody who is enrolled, each as that person
	 * and in bounded time, and records in the machine's what is news. 0
	 * where there is no machine journal.
	 */
	int (*witness)(void *self, sbk_witness_fn *tell, void *arg,
		       struct sbk_error *err);
	/* Hands the newest checkpoint to the command that the policy of the
	 * book's owner names; 0 where it names none. */
	int (*anchor)(void *self, enum sbk_book book, struct sbk_error *err);
};

struct sbk_ledger {
	const struct sbk_ledger_ops *ops;
	void *self;
};

#endif
