/*
 * A principal that stands for a writable root and not for somebody: on Windows,
 * the synthetic SID that only runs carry which may write there
 * (engine/windows/root_sid.h). Linux has none, since a run's mounts say the
 * same.
 *
 *	struct sbk_root_principals p = {.ledger = &ledger, .backend = &backend};
 *	... plan a grant with request.root_principals = &p ...
 *	if (p.needs_room)
 *		rc = sbk_root_principals_make_room(&room, paths, count, err);
 *	... transact with .mark = sbk_root_principals_mark(&p) ...
 *	sbk_root_principals_release(&p);
 *
 * Linked from the system's folder.
 */
#ifndef SBK_ROOT_PRINCIPAL_H
#define SBK_ROOT_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/backend.h"
#include "engine/ledger.h"

struct sbk_root_principals {
	const struct sbk_ledger *ledger; /* the caller's own book is asked */
	const struct sbk_backend *backend;
	struct sbk_book_mark mark; /* filled */
	bool numbered;		   /* filled: new ones were counted from it */
	bool needs_room;	   /* filled: there are too many without it */
	struct sbk_arena arena;
};

/* Whether this system's roots have principals of their own. */
extern const bool sbk_root_principals_used;
/* How people read them. */
extern const char sbk_root_principal_name[];

/*
 * All that there can ever be, of roots and of runs, whoever made them: what a
 * search of the host names them by (`naming` and `strip` of backend.h).
 * NULL-ended.
 */
extern const char *const sbk_root_principal_families[];

/* Whether it is one of some root's own. */
bool sbk_root_principal_is(const char *principal);

/*
 * Adds to `out` the roots of the grants in effect to `principal` (NULL: to
 * nobody) and to roots' own ones: for `in_effect` of a grant to both.
 */
int sbk_root_principals_granted(const struct sbk_ledger *ledger,
				const char *principal, struct sbk_plan *out,
				struct sbk_error *err);

/*
 * The principal of each of `roots`, resolved paths of objects that exist: the
 * one that the book has in effect there, or one that nobody ever had. Borrowed
 * until `release`. All NULL on a system without. Changes nothing.
 * SBK_E_LIMIT where there are too many and `make_room` would not help.
 */
int sbk_root_principals_find(struct sbk_root_principals *p,
			     const char *const *roots, size_t count,
			     const char **out, struct sbk_error *err);

/*
 * Where `roots` need more of them than there may be, takes back what the
 * oldest have that were granted for runs alone: first those whose root is
 * gone. A transaction of its own, through the journal: so it comes last, when
 * nothing of the grant can be refused any more, and the grant is planned again
 * by its mark. `p` is another one than the grant's.
 */
int sbk_root_principals_make_room(struct sbk_root_principals *p,
				  const char *const *paths, size_t count,
				  struct sbk_error *err);

/* For sbk_transaction_request: NULL where nothing was numbered. */
const struct sbk_book_mark *
sbk_root_principals_mark(const struct sbk_root_principals *p);
void sbk_root_principals_release(struct sbk_root_principals *p);

#endif
