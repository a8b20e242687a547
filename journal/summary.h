/*
 * What the log says of itself in the `end` of each transaction: which others
 * have changes in effect, and which these are (FORMAT.md, "What is in
 * effect"). So whoever undoes something need not read all that was ever done
 * to know that nothing of it was kept from him.
 *
 * summary.c writes and reads it; scope.c holds what an undo uses to it.
 */
#ifndef SBK_JOURNAL_SUMMARY_H
#define SBK_JOURNAL_SUMMARY_H

#include "journal/log_read.h"

/* A transaction of kind `do` of which changes are in effect. */
struct sbk_summary_item {
	uint64_t txn, first, last;
	/* Of its changes in effect and their statuses. */
	unsigned char hash[SBK_TREE_HASH_BYTES];
	/* Something at or below its last change was undone since: what it
	 * left is told by the changes that were undone, too. */
	bool dug;
	/* Of the transaction in progress: it changes what is in effect. */
	bool touched;
	bool checked; /* its rows are what the log says (scope.c) */
};

void sbk_summary_release(struct sbk_summary *summary);

/*
 * The newest summary that the log has signed: 1, and `out` is filled. 0: it
 * cannot be told without reading the whole log (there is none, a transaction
 * did not end, no key signed), or (2) not even so: there were too many to tell.
 * CORRUPT where what leads to it was altered.
 * Needs a snapshot or a commit in progress.
 */
int sbk_summary_find(struct sbk_journal *journal, struct sbk_log_reader *reader,
		     struct sbk_summary *out, uint64_t *end,
		     struct sbk_error *err);

/* Of an `end`, or of `create`: as sbk_summary_find. */
int sbk_summary_parse(uint64_t n, const char *json, size_t size,
		      struct sbk_summary *out, struct sbk_error *err);

/* Where the newest one is, for an entry that a checkpoint will cover last; 0:
 * the log has no transaction. UINT64_MAX where it cannot be told. In a commit.
 */
uint64_t sbk_summary_pointer(struct sbk_journal *journal);

/*
 * The journal's own, for who writes: found, or made from the tables when
 * sbk_journal_check found nothing. Outside of a commit. What fails leaves it
 * unknown, and the transaction ends without one.
 */
void sbk_summary_load(struct sbk_journal *journal);
/* Change `id` gets another status, in the commit in progress. CORRUPT where
 * its transaction's changes in effect are not those that the log has. */
int sbk_summary_touch(struct sbk_journal *journal, uint64_t id, bool undone,
		      struct sbk_error *err);
/* As transaction `txn` ends in this state: appends the members to `out`, or
 * nothing where it is unknown. In the commit, before its entry. */
int sbk_summary_end(struct sbk_journal *journal, uint64_t txn,
		    const char *state, struct sbk_buf *out,
		    struct sbk_error *err);

/* What is in effect of changes `first` to `last`: its hash, and whether there
 * is any. */
int sbk_summary_hash(struct sbk_db *db, uint64_t first, uint64_t last,
		     unsigned char hash[SBK_TREE_HASH_BYTES], bool *any,
		     struct sbk_error *err);

/* A line of what is hashed: these follow one another with one status. */
void sbk_summary_add_run(struct sbk_buf *text, const char *status,
			 uint64_t first, uint64_t last);

/* --- scope.c -------------------------------------------------------------- */

/*
 * Loaded by `filter`, and only of transactions whose rows were checked: 0. 1:
 * nothing was loaded, and the whole journal has to be checked instead. CORRUPT
 * where what is used is not what the log says.
 */
int sbk_scope_load(struct sbk_journal *journal,
		   const struct sbk_journal_filter *filter,
		   struct sbk_plan *out, struct sbk_error *err);
/* Whether something is in effect of the transaction, so that its row and its
 * roots were checked; true where that was not asked of the log. */
bool sbk_scope_has(const struct sbk_journal *journal, uint64_t txn);
/* Something else than that is going to be used: the rest is checked, too. */
int sbk_scope_leave(struct sbk_journal *journal, struct sbk_error *err);

/* The entry's operation, from its first bytes. */
bool sbk_entry_is(const char *json, size_t size, const char *op);

#endif
