/*
 * The commands of a journal's life, on a world in memory, and what must hold
 * between them: shared by the sweeps that stop them, cut their power and let
 * calls fail. Each command opens the journal, does its part and closes it, as
 * the programs do.
 */
#ifndef SBK_TEST_JOURNAL_LIFE_H
#define SBK_TEST_JOURNAL_LIFE_H

#include "tests/journal/fixture.h"

typedef int life_fn(struct fixture *f, const struct sbk_backend *backend);

/* How many changes are prepared at once, of the tree alone; 0: all, and the
 * accounts with their kept file, which must be of one batch. */
extern size_t life_batch_changes;

/* Kinds of every sort: a tree, an account with its kept file, a table; and
 * what is nobody's business. */
void life_build(struct fixture *f);

int life_grant(struct fixture *f, const struct sbk_backend *backend);
/* Recovers and undoes whatever is in effect. SBK_E_INCOMPLETE where something
 * stays. */
int life_undo(struct fixture *f, const struct sbk_backend *backend);
int life_recover(struct fixture *f, const struct sbk_backend *backend);
/* The next key. */
int life_rotate(struct fixture *f, const struct sbk_backend *backend);
/* Drops what can be dropped, as the one who exported it. 0 also where that is
 * nothing. */
int life_drop(struct fixture *f, const struct sbk_backend *backend);
/* What can be dropped, as text: its end; 0: nothing. */
int life_export(struct sbk_journal *journal, struct sbk_buf *out, uint64_t *end,
		struct sbk_error *err);
/* A run, from its beginning to its end. */
int life_run(struct fixture *f, const struct sbk_backend *backend);
/* Undoes, and removes the journal. */
int life_remove(struct fixture *f, const struct sbk_backend *backend);

/* Promise 1: whether all that is not as in `start` was intended. */
bool life_is_intended(struct fixture *f, const char *start);
/* Whether the record says of each object what it is: nothing is only prepared,
 * what is in effect is there, all else is as in `start`. */
bool life_is_known(struct fixture *f, const char *start);
/* The machine's copy is what was recorded last. */
void life_assert_published(struct fixture *f);
void life_assert_world(struct fixture *f, const char *start, const char *when,
		       unsigned long n);

#endif
