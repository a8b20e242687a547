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
 * inverse changes carry `undoes`. Two changes of one object are undone one
 * after the other: the second decision starts from the first one's result.
 *
 * A KEPT change always gets an inverse one, after all others: undoing the
 * accounts overwrites the files again.
 *
 * `roots` are where renamed objects are searched. Touches nothing.
 */
int sbk_plan_undo(const struct sbk_backend *backend,
		  struct sbk_change *const *changes, size_t count,
		  const char *const *roots, size_t root_count,
		  struct sbk_plan *out, struct sbk_error *err);

/*
 * Objects below `root` that were made after the grant and inherited entries
 * of it: adds to `out` a change for each ACCESS state that names one of
 * `principals`, except objects that `known` says the journal will undo.
 */
typedef bool sbk_known_fn(void *arg, const char *identity);

int sbk_plan_undo_later(const struct sbk_backend *backend, const char *root,
			const char *const *principals, size_t principal_count,
			sbk_known_fn *known, void *known_arg,
			struct sbk_plan *out, struct sbk_error *err);

#endif
