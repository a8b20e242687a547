/*
 * The synthetic SIDs of writable roots: which one a root has, which one it gets
 * (WINDOWS.md part 3). What the functions of engine/root_principal.h do on
 * Windows; portable, so that Linux tests it, too.
 *
 *  - Which SID a root has is written nowhere but in the journal: a grant's root
 *    is recorded with its principal, and that is the SID. A root is known by
 *    its identity, so one that was renamed keeps its SID.
 *  - The number of a new one is 16 times the count of the journal's
 *    transactions, and its place among those of its plan. The transaction that
 *    uses it is counted before its first change is made, and a plan that other
 *    transactions came before is made again, so no number is used twice:
 *    whoever stops when.
 *  - At most SBK_SYNTHETIC_LIVE_MAX are in effect.
 */
#ifndef SBK_WINDOWS_ROOT_SID_H
#define SBK_WINDOWS_ROOT_SID_H

#include "engine/root_principal.h"

int sbk_root_sid_find(struct sbk_root_principals *p, const char *const *roots,
		      size_t count, const char **out, struct sbk_error *err);
int sbk_root_sid_make_room(struct sbk_root_principals *p,
			   const char *const *paths, size_t count,
			   struct sbk_error *err);

/*
 * Of each of these identities the SID that it has in effect as a root, or NULL:
 * nothing is numbered. Borrowed until the release of `p`.
 */
int sbk_root_sid_known(struct sbk_root_principals *p,
		       const char *const *identities, size_t count,
		       const char **out, struct sbk_error *err);

/* Whether the text is such a SID, of any journal's. */
bool sbk_root_sid_is(const char *principal);

#endif
