/*
 * The one loop that changes the host (DESIGN part 4): prepare a batch,
 * replace object by object, flush, confirm; the next batch is prepared while
 * one is made.
 *
 * `apply` neither begins nor ends a transaction and never undoes: its caller
 * (journal/transact.c) does, with `sbk_plan_undo` and another `apply`.
 */
#ifndef SBK_APPLY_H
#define SBK_APPLY_H

#include "engine/backend.h"
#include "engine/plan.h"
#include "engine/progress.h"
#include "engine/recorder.h"

/*
 * Called when the list is carried out, to look for what came in meanwhile
 * (a file made in a tree that was being granted). Adds changes to the plan;
 * adding none ends the transaction. At most SBK_TREE_PASSES_MAX times, then
 * SBK_E_BUSY.
 */
typedef int sbk_apply_more_fn(void *arg, struct sbk_plan *plan,
			      struct sbk_error *err);

struct sbk_apply_options {
	enum sbk_transaction_kind kind;
	sbk_apply_more_fn *more; /* NULL: one pass */
	void *more_arg;
	size_t batch_changes; /* 0: SBK_BATCH_CHANGES */
	/* Told after each batch; or NULL. What is to stop (a DO) fails between
	 * two batches, SBK_E_INTERRUPTED. */
	const struct sbk_progress *progress;
};

struct sbk_apply_result {
	size_t confirmed, owed;
	size_t conflicts; /* counted by who plans an undo, not by `apply` */
};

/*
 * DO: stops at the first failure and returns it; changes made so far stay
 * made, prepared or confirmed in the record, for the caller to undo; what was
 * not reached, the batch ahead included, is settled as undone.
 * UNDO: a change that fails is settled as owed and the next one follows;
 * returns < 0 only when the record itself fails. An object that changed since
 * the plan looked at it is owed, too: the caller plans again. An `assumed`
 * change that fails is settled as undone instead, for the caller's `more` to
 * look at the object and plan again.
 * A change whose states are equal records that an object was looked at; no
 * hand is laid on it (but KEPT is always written).
 */
int sbk_apply(const struct sbk_backend *backend,
	      const struct sbk_recorder *recorder, struct sbk_plan *plan,
	      const struct sbk_apply_options *options,
	      struct sbk_apply_result *result, struct sbk_error *err);

#endif
