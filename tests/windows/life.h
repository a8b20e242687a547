/*
 * A plan that is made and undone on the simulation (sim.h) by an administrator,
 * and the sweep over it: every call of the system fails once, and every call is
 * the last of its process.
 */
#ifndef SBK_TEST_LIFE_H
#define SBK_TEST_LIFE_H

#include "engine/apply.h"
#include "tests/support/fault.h"
#include "tests/support/recorder.h"
#include "tests/windows/sim.h"

struct life {
	struct sim *sim;
	struct sbk_backend backend;
	struct sbk_plan *plan, *inverse;
	sbk_apply_more_fn *more; /* of the plan, or NULL */
	void *more_arg;
	struct recorded recorded;
};

/* An administrator calls; somebody has SIM_ACCOUNT. */
struct life *life_begin(void);
/* No handle or buffer of the system's may be left. */
void life_end(struct life *life);
int life_add(struct life *life, enum sbk_kind kind, const char *name,
	     const char *after, struct sbk_error *err);
int life_do(struct life *life, struct sbk_error *err);
/* Undoes what was recorded. */
int life_undo(struct life *life, struct sbk_error *err);

/* What belongs to the start of each life of a sweep; NULL: nothing. */
extern void (*life_prepare)(struct life *life);
/* Builds the plan; called once for each life of the sweep. */
typedef int life_plan_fn(struct life *life, struct sbk_error *err);
/*
 * Makes the plan with call n failing, or as the last one of its process, then
 * undoes what was recorded in a new one: the accounts and rights must be those
 * of the start. The same for its undo. At least `calls_min` calls are met.
 */
void life_sweep(life_plan_fn *plan, unsigned long calls_min);
/* Of a plan so long that each call would take too long every day: every n-th
 * alone, and with SBK_CAMPAIGN=1 each. */
void life_sweep_some(life_plan_fn *plan, unsigned long calls_min,
		     unsigned long step);

/* Everything but files, as one text. */
void life_print(struct life *life, struct sbk_buf *out);

#endif
