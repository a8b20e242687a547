/*
 * Observing the objects of a list of changes that is gone through from its
 * end: where the backend can look at many at once, a window of them is.
 */
#ifndef SBK_LOOK_AHEAD_H
#define SBK_LOOK_AHEAD_H

#include <stddef.h>

#include "engine/backend.h"

struct sbk_look_ahead;

/* `changes` must outlive it. NULL: no memory. */
struct sbk_look_ahead *sbk_look_ahead_new(const struct sbk_backend *backend,
					  struct sbk_change *const *changes,
					  size_t count);
void sbk_look_ahead_free(struct sbk_look_ahead *ahead);

/*
 * As sbk_backend_observe for the object of changes[index]; *out is borrowed
 * until the next call.
 */
int sbk_look_ahead_observe(struct sbk_look_ahead *ahead, size_t index,
			   const struct sbk_observation **out,
			   struct sbk_error *err);

/*
 * What is at the object of the plan's change `index`: `seen` is borrowed until
 * the next call, NULL where it could not be observed, for the reason in `why`.
 */
typedef int sbk_look_fn(void *arg, size_t index,
			const struct sbk_observation *seen,
			const struct sbk_error *why, struct sbk_error *err);

/*
 * Observes the objects of a whole plan, in its order, and calls `each` for
 * every one of them until it answers with an error. SBK_E_NOMEM.
 */
int sbk_look_ahead_plan(const struct sbk_backend *backend,
			struct sbk_plan *plan, sbk_look_fn *each, void *arg,
			struct sbk_error *err);

#endif
