/*
 * The inverse of changes that were made: DESIGN part 5, case by case, from
 * what stands on the host now. Used by undo, by recovery of a transaction
 * that a crash or a failed step left, and by uninstall.
 */
#ifndef SBK_PLAN_UNDO_H
#define SBK_PLAN_UNDO_H

#include "engine/backend.h"
#include "engine/plan.h"

/*
 * Looks at each change of `changes` (loaded from the journal in the order in
 * which they were made, status PREPARED, CONFIRMED, CONFLICT or OWED) and
 * decides, last one first:
 *
 *	state = after             an inverse change is added to `out`
 *	state = before, or gone   status becomes UNDONE, with a note
 *	others changed it         an inverse change takes out exactly ours
 *	our entry altered         status becomes CONFLICT, with a note
 *	renamed or moved          found by identity, then as above
 *	not found, away, denied   status becomes OWED, with a note
 *
 * Changes settled without touching the host keep their new `status` and a
 * `note` owned by `out`; the caller records them (sbk_recorder_settle). The
 * inverse changes carry `undoes`, and point to `changes`. Two changes of one
 * object are undone one after the other: the second decision starts from the
 * first one's result.
 *
 * A change that is `rebased` (rebase.h) is compared with, and goes back to,
 * the states of that instead of its recorded ones.
 *
 * A change that is `assumed` is not looked at: it is taken to be as it was
 * left, and so is its inverse, which `replace` compares. What that could not
 * make is given here once more, not assumed any longer.
 *
 * A change whose states are equal only recorded that an object was looked at
 * (it named the principal before the grant): UNDONE at once.
 *
 * A KEPT change always gets an inverse one, after all others: undoing the
 * accounts overwrites the files again.
 *
 * `roots` are where renamed objects are searched. Touches nothing; what it
 * looked at belongs to the next flush of the backend, so that a change settled
 * by looking is settled on what is durable: flush before recording it.
 */
int sbk_plan_undo(const struct sbk_backend *backend,
		  struct sbk_change *const *changes, size_t count,
		  const char *const *roots, size_t root_count,
		  struct sbk_plan *out, struct sbk_error *err);

/*
 * Objects below `root` that came in after the grant and inherited entries of
 * it: adds to `out` a change for each ACCESS state that names the root's
 * principal. Those that have a change of their own in the journal are among
 * them; the caller leaves them out. The root is found by identity, so a
 * renamed one is followed and another directory at its path is let alone.
 *
 * These changes carry no `undoes`. They go forward in a transaction of kind
 * UNDO and are never undone themselves: one that failed is not retried by its
 * own record but by looking at the root once more. So the caller keeps the
 * root until a pass over it has returned 0 and each of its changes is
 * confirmed.
 *
 * 0: all of the tree was examined. 1: some of it could not be (the notes say
 * what), the root is still owed. < 0: failure. Touches nothing.
 */
int sbk_plan_undo_later(const struct sbk_backend *backend,
			const struct sbk_plan_root *root,
			const char *const *search, size_t search_count,
			struct sbk_plan *out, struct sbk_error *err);

#endif
