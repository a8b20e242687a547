/*
 * What the two parts of `journal verify` share: verify.c compares the journal
 * with its own log, verdict.c the log with what was signed of it.
 */
#ifndef SBK_JOURNAL_VERIFY_H
#define SBK_JOURNAL_VERIFY_H

#include "journal/internal.h"
#include "journal/note.h"

struct sbk_verification {
	struct sbk_journal *journal;
	struct sbk_db rebuilt; /* the views, from the entries */
	struct sbk_tree tree;
	struct sbk_journal_verdict *verdict;
	bool replay_stopped; /* an entry made no sense; views are not compared
			      */
	struct sbk_error *err;

	/* verdict.c: what was signed, and what is known elsewhere. */
	const struct sbk_journal_anchor *anchor; /* or NULL */
	struct sbk_note anchor_note;
	struct sbk_checkpoint anchor_head; /* size 0: there is none */
	sqlite3_stmt *heads;		   /* table checkpoint, one ahead */
	uint64_t next_head;		   /* its size; UINT64_MAX: no more */
	uint64_t good_head; /* the last whose root is that of the log */
	bool anchor_differs, entries_altered, cut_off, other_log;
};

/* Tells and counts a finding. */
void sbk_verify_find(struct sbk_verification *v, const char *fmt, ...)
	SBK_PRINTF(2, 3);
/* Entry `n` is, or begins, what is not as it was hashed. */
void sbk_verify_altered(struct sbk_verification *v, uint64_t n);

/* Before the first entry. SBK_E_INVAL for an anchor that is none. */
int sbk_verdict_begin(struct sbk_verification *v);
/* The tree has grown by an entry. */
int sbk_verdict_grown(struct sbk_verification *v);
/* After the last entry: signatures, keys, and the answer. */
int sbk_verdict_end(struct sbk_verification *v);
void sbk_verdict_release(struct sbk_verification *v);

#endif
