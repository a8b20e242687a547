/*
 * The window of observations. What was seen is older than its use by the time
 * that a window takes; whoever acts on it compares again (`replace`).
 */
#include "engine/look_ahead.h"

#include <stdlib.h>

#include "engine/banned.h"

#define WINDOW 512

struct sbk_look_ahead {
	const struct sbk_backend *backend;
	struct sbk_change *const *changes;
	size_t count;
	size_t first, end; /* of the window, in `changes` */
	struct sbk_observation seen[WINDOW];
	struct sbk_error outcomes[WINDOW];
	struct sbk_observation single;
};

struct sbk_look_ahead *sbk_look_ahead_new(const struct sbk_backend *backend,
					  struct sbk_change *const *changes,
					  size_t count)
{
	struct sbk_look_ahead *ahead = calloc(1, sizeof(*ahead));

	if (ahead == NULL)
		return NULL;
	ahead->backend = backend;
	ahead->changes = changes;
	ahead->count = count;
	return ahead;
}

void sbk_look_ahead_free(struct sbk_look_ahead *ahead)
{
	size_t i;

	if (ahead == NULL)
		return;
	for (i = 0; i < WINDOW; i++)
		sbk_observation_release(&ahead->seen[i]);
	sbk_observation_release(&ahead->single);
	free(ahead);
}

/* The window that ends with `index`: as far back as changes are of paths. */
static void fill(struct sbk_look_ahead *ahead, size_t index)
{
	ahead->first = ahead->end = index + 1;
	while (ahead->first > 0 && ahead->end - ahead->first < WINDOW &&
	       ahead->changes[ahead->first - 1]->object.kind == SBK_KIND_ACCESS)
		ahead->first--;
	sbk_backend_observe_all(ahead->backend, ahead->changes + ahead->first,
				ahead->end - ahead->first, ahead->seen,
				ahead->outcomes);
}

int sbk_look_ahead_observe(struct sbk_look_ahead *ahead, size_t index,
			   const struct sbk_observation **out,
			   struct sbk_error *err)
{
	const struct sbk_change *change = ahead->changes[index];
	const struct sbk_error *outcome;

	if (change->object.kind != SBK_KIND_ACCESS ||
	    ahead->backend->ops->observe_all == NULL) {
		*out = &ahead->single;
		return sbk_backend_observe(ahead->backend, &change->object,
					   &ahead->single, err);
	}
	if (index < ahead->first || index >= ahead->end)
		fill(ahead, index);
	*out = &ahead->seen[index - ahead->first];
	outcome = &ahead->outcomes[index - ahead->first];
	if (outcome->code < 0 && err != NULL)
		*err = *outcome;
	return outcome->code;
}

static int look_at(struct sbk_look_ahead *ahead, size_t at, sbk_look_fn *each,
		   void *arg, struct sbk_error *err)
{
	const struct sbk_observation *seen;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_look_ahead_observe(ahead, at, &seen, &why);

	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	return each(arg, ahead->count - 1 - at, rc < 0 ? NULL : seen, &why,
		    err);
}

int sbk_look_ahead_plan(const struct sbk_backend *backend,
			struct sbk_plan *plan, sbk_look_fn *each, void *arg,
			struct sbk_error *err)
{
	const size_t count = sbk_plan_count(plan);
	struct sbk_change **list = malloc((count + 1) * sizeof(*list));
	struct sbk_look_ahead *ahead = NULL;
	size_t i;
	int rc = 0;

	/* Looking ahead goes from the end of a list. */
	for (i = 0; list != NULL && i < count; i++)
		list[count - 1 - i] = sbk_plan_at(plan, i);
	if (list != NULL)
		ahead = sbk_look_ahead_new(backend, list, count);
	if (ahead == NULL)
		rc = sbk_error_no_memory(err);
	for (i = count; rc == 0 && i > 0; i--)
		rc = look_at(ahead, i - 1, each, arg, err);
	sbk_look_ahead_free(ahead);
	free(list);
	return rc;
}
