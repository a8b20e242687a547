/*
 * Changes of one object stand on each other: each begins with what the one
 * before it left. When an older one is undone and a later one stays, the
 * later one's record still tells of what is gone, and undoing it by that
 * record would leave what the older one had begun (a mask, a default ACL).
 *
 * Rebasing a change works out, from the records alone, what it would have
 * begun with and left had the older one never been made.
 */
#ifndef SBK_REBASE_H
#define SBK_REBASE_H

#include "engine/backend.h"
#include "engine/plan.h"

/* The change with the states to compare with and to go back to. */
const struct sbk_change *sbk_rebased(const struct sbk_change *change);

/* A change in the life of an object. */
struct sbk_rebase_item {
	struct sbk_change *change; /* not an inverse one */
	uint64_t undone_by;	   /* number of the inverse change that was
				      made of it; 0: not undone by one */
};

/*
 * Sets `rebased` of those `items` below which others were undone after they
 * had been made. The items may be of many objects and are reordered; `out`
 * owns what they point to then.
 *
 * What the backend cannot subtract (others changed an entry of ours) stays as
 * recorded, and so does an object with more than SBK_REBASE_STEPS_MAX steps:
 * undoing by the record is safe, and leaves more.
 */
int sbk_rebase(const struct sbk_backend *backend, struct sbk_rebase_item *items,
	       size_t count, struct sbk_plan *out, struct sbk_error *err);

#endif
