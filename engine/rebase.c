/*
 * Rebasing, object by object. Owns the order of things: what was undone is
 * taken out of the later ones in the order in which it was undone, each time
 * as it stood then. Knows no encoding and no journal, looks at no host.
 */
#include "engine/rebase.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"

#include "engine/banned.h"

struct rebasing {
	const struct sbk_backend *backend;
	struct sbk_plan *out;
	struct sbk_buf before, after;
};

const struct sbk_change *sbk_rebased(const struct sbk_change *change)
{
	return change->rebased != NULL ? change->rebased : change;
}

/* Object by object, and of one object in the order of undoing: what was not
 * undone stands last. */
static int by_object(const void *left, const void *right)
{
	const struct sbk_rebase_item *a = left, *b = right;
	const int order =
		sbk_object_compare(&a->change->object, &b->change->object);

	if (order != 0)
		return order;
	if (a->undone_by != b->undone_by)
		return a->undone_by - 1 < b->undone_by - 1 ? -1 : 1;
	return a->change->id < b->change->id ? -1
					     : a->change->id > b->change->id;
}

/* Whether `below` was undone while `item` stood on it. */
static bool stands_on(const struct sbk_rebase_item *item,
		      const struct sbk_rebase_item *below)
{
	return below->undone_by != 0 && item->change->id > below->change->id &&
	       item->change->id < below->undone_by &&
	       (item->undone_by == 0 || item->undone_by > below->undone_by);
}

/* What `state` is without `gone`, in `next`. */
static int take_out(struct rebasing *r, const struct sbk_change *gone,
		    struct sbk_state state, struct sbk_buf *next,
		    struct sbk_state *out, struct sbk_error *err)
{
	int rc;

	if (sbk_state_equal(state, gone->after)) {
		*out = gone->before;
		return 0;
	}
	if (sbk_state_absent(state) || sbk_state_equal(state, gone->before)) {
		*out = state;
		return 0;
	}
	rc = sbk_backend_subtract(r->backend, gone, state, next, err);
	*out = (struct sbk_state){.data = sbk_buf_text(next),
				  .size = next->size};
	return rc;
}

static int rebase_one(struct rebasing *r, struct sbk_change *change,
		      const struct sbk_change *gone, struct sbk_error *err)
{
	struct sbk_change copy = *sbk_rebased(change);
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	rc = take_out(r, gone, copy.before, &r->before, &copy.before, &why);
	if (rc == 0)
		rc = take_out(r, gone, copy.after, &r->after, &copy.after,
			      &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return 0;
	copy.rebased = NULL;
	rc = sbk_plan_add(r->out, &copy, err);
	if (rc == 0)
		change->rebased =
			sbk_plan_at(r->out, sbk_plan_count(r->out) - 1);
	return rc;
}

static int rebase_object(struct rebasing *r, struct sbk_rebase_item *items,
			 size_t count, struct sbk_error *err)
{
	size_t i, j, steps = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < count && items[i].undone_by != 0; i++) {
		for (j = i + 1; rc == 0 && j < count; j++) {
			if (++steps > SBK_REBASE_STEPS_MAX)
				return 0;
			if (stands_on(&items[j], &items[i]))
				rc = rebase_one(r, items[j].change,
						sbk_rebased(items[i].change),
						err);
		}
	}
	return rc;
}

int sbk_rebase(const struct sbk_backend *backend, struct sbk_rebase_item *items,
	       size_t count, struct sbk_plan *out, struct sbk_error *err)
{
	struct rebasing r = {.backend = backend,
			     .out = out,
			     .before = SBK_BUF_INIT,
			     .after = SBK_BUF_INIT};
	size_t i, next;
	int rc = 0;

	qsort(items, count, sizeof(*items), by_object);
	for (i = 0; rc == 0 && i < count; i = next) {
		for (next = i + 1; next < count; next++)
			if (sbk_object_compare(&items[i].change->object,
					       &items[next].change->object) !=
			    0)
				break;
		rc = rebase_object(&r, &items[i], next - i, err);
	}
	sbk_buf_release(&r.before);
	sbk_buf_release(&r.after);
	return rc;
}
