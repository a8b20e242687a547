/*
 * The one loop that changes the host, and the recorder's thin door.
 *
 *	prepare (durable)  ->  replace each object  ->  flush  ->  settle
 *
 * Invariants: no object is touched before `prepare` has returned for its
 * batch; nothing is settled as confirmed before `flush` has returned; a batch
 * is settled before the next one is prepared.
 *
 * It decides nothing about undoing a step that failed. See apply.h.
 */
#include "engine/apply.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/string_map.h"

#include "engine/banned.h"

int sbk_recorder_prepare(const struct sbk_recorder *recorder,
			 struct sbk_change *const *changes, size_t count,
			 struct sbk_error *err)
{
	assert(recorder->ops->prepare != NULL);
	return recorder->ops->prepare(recorder->self, changes, count, err);
}

int sbk_recorder_settle(const struct sbk_recorder *recorder,
			struct sbk_change *const *changes, size_t count,
			struct sbk_error *err)
{
	assert(recorder->ops->settle != NULL);
	return recorder->ops->settle(recorder->self, changes, count, err);
}

struct pass {
	const struct sbk_backend *backend;
	const struct sbk_recorder *recorder;
	struct sbk_plan *plan;
	const struct sbk_apply_options *options;
	struct sbk_apply_result *result;
	struct sbk_change **batch; /* of batch_max pointers */
	size_t batch_max;
	/* For runs that the backend replaces at once. */
	struct sbk_error *outcomes;   /* of batch_max; NULL: one by one */
	struct sbk_string_map in_run; /* objects, by identity */
};

/* Names that are known to be in the right state need no hand laid on them. */
static bool is_nothing(const struct sbk_change *change)
{
	return change->object.kind != SBK_KIND_KEPT &&
	       sbk_state_equal(change->before, change->after);
}

static void note_failure(struct pass *pass, struct sbk_change *change, int code,
			 struct sbk_error *err)
{
	/* A lost race, too, is owed: looked at again, it may well be undone. */
	change->status = SBK_STATUS_OWED;
	change->note = err != NULL ? sbk_plan_strdup(pass->plan, err->message)
				   : sbk_error_text(code);
	sbk_error_clear(err);
}

static int replace_one(struct pass *pass, struct sbk_change *change,
		       struct sbk_error *err)
{
	int rc = 0;

	if (!is_nothing(change))
		rc = sbk_backend_replace(pass->backend, &change->object,
					 change->before, change->after, err);
	if (rc == 0) {
		change->status = SBK_STATUS_CONFIRMED;
		return 0;
	}
	if (pass->options->kind == SBK_TRANSACTION_DO)
		return sbk_error_prefix(err, "%s '%s'",
					sbk_kind_name(change->object.kind),
					change->object.name);
	note_failure(pass, change, rc, err);
	return 0;
}

/*
 * A step failed: what was not reached, and what was refused untouched, was
 * never made and is settled so. Were it left prepared, an undo that finds the
 * object in the state after (somebody else made the same directory) would
 * take for ours what is not. A record that fails here leaves them prepared,
 * which recovery settles by looking.
 */
static void settle_untouched(struct pass *pass, size_t count)
{
	size_t i, untouched = 0;

	for (i = 0; i < count; i++) {
		if (pass->batch[i]->status != SBK_STATUS_UNDONE)
			continue;
		pass->batch[i]->note = "never made: a step failed";
		pass->batch[untouched++] = pass->batch[i];
	}
	if (untouched > 0)
		(void)sbk_recorder_settle(pass->recorder, pass->batch,
					  untouched, NULL);
}

/* Marks the rest of the batch after a failure. */
static void mark_untouched(struct pass *pass, size_t from, size_t count)
{
	for (; from < count; from++)
		/* A kept file was written by the tools that ran. */
		if (pass->batch[from]->object.kind != SBK_KIND_KEPT)
			pass->batch[from]->status = SBK_STATUS_UNDONE;
}

/* Whether a change may be made together with others: of a path's access, and
 * of no object that is in the run already (an undo may have two of one). */
static bool joins_run(struct pass *pass, const struct sbk_change *change)
{
	const char *identity = change->object.identity;

	return change->object.kind == SBK_KIND_ACCESS && !is_nothing(change) &&
	       identity != NULL &&
	       sbk_string_map_find(&pass->in_run, identity) == NULL &&
	       sbk_string_map_put(&pass->in_run, identity, 1, NULL) == 0;
}

/* How many changes from `first` on can be made at once; 1: one by one. */
static size_t run_length(struct pass *pass, size_t first, size_t count)
{
	size_t i = first;

	if (pass->outcomes == NULL)
		return 1;
	sbk_string_map_clear(&pass->in_run);
	while (i < count && joins_run(pass, pass->batch[i]))
		i++;
	return i > first ? i - first : 1;
}

/* Makes `count` changes at once; the first failure in `err`, if it ends the
 * transaction. */
static int replace_run(struct pass *pass, struct sbk_change **changes,
		       size_t count, struct sbk_error *err)
{
	bool stop = pass->options->kind == SBK_TRANSACTION_DO;
	int rc = 0;
	size_t i;

	sbk_backend_replace_all(pass->backend, changes, count, stop,
				pass->outcomes);
	for (i = 0; i < count; i++) {
		struct sbk_error *outcome = &pass->outcomes[i];

		if (outcome->code == 0) {
			changes[i]->status = SBK_STATUS_CONFIRMED;
			continue;
		}
		if (!stop) {
			note_failure(pass, changes[i], outcome->code, outcome);
			continue;
		}
		/* What failed half-way stays prepared, to be looked at. */
		if (outcome->code == SBK_E_CONFLICT || outcome->code > 0)
			changes[i]->status = SBK_STATUS_UNDONE;
		if (outcome->code < 0 && rc == 0)
			rc = sbk_error_set(
				err, outcome->code, "%s '%s': %s",
				sbk_kind_name(changes[i]->object.kind),
				changes[i]->object.name, outcome->message);
	}
	return rc;
}

/* Makes all of a batch; after a failure it is settled what was not touched. */
static int replace_batch(struct pass *pass, size_t count, struct sbk_error *err)
{
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && i < count) {
		size_t length = run_length(pass, i, count);

		if (length > 1) {
			rc = replace_run(pass, pass->batch + i, length, err);
		} else {
			rc = replace_one(pass, pass->batch[i], err);
			if (rc == SBK_E_CONFLICT)
				mark_untouched(pass, i, i + 1);
		}
		i += length;
	}
	if (rc < 0) {
		mark_untouched(pass, i, count);
		settle_untouched(pass, count);
	}
	return rc;
}

static bool is_account_left(const struct sbk_change *change)
{
	return (change->object.kind == SBK_KIND_ACCOUNT ||
		change->object.kind == SBK_KIND_GROUP) &&
	       change->undoes != 0 && change->status != SBK_STATUS_CONFIRMED;
}

/*
 * Undoing an account that could not be removed now will overwrite the kept
 * files once more when it is tried again: they stay owed with it.
 */
static void owe_kept(struct pass *pass, size_t count)
{
	size_t i, left = 0;

	for (i = 0; i < sbk_plan_count(pass->plan); i++)
		left += is_account_left(sbk_plan_at(pass->plan, i));
	for (i = 0; left > 0 && i < count; i++) {
		if (pass->batch[i]->object.kind != SBK_KIND_KEPT)
			continue;
		pass->batch[i]->status = SBK_STATUS_OWED;
		pass->batch[i]->note = "an account is still there";
	}
}

/* A flush that failed leaves nothing of the batch confirmed. */
static void withdraw(struct sbk_change **batch, size_t count, const char *note)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (batch[i]->status != SBK_STATUS_CONFIRMED)
			continue;
		batch[i]->status = SBK_STATUS_OWED;
		batch[i]->note = note;
	}
}

static void count_batch(struct pass *pass, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (pass->batch[i]->status == SBK_STATUS_CONFIRMED)
			pass->result->confirmed++;
		else
			pass->result->owed++;
	}
}

static int flush_batch(struct pass *pass, size_t count, struct sbk_error *err)
{
	int rc = sbk_backend_flush(pass->backend, err);

	if (rc == 0 || pass->options->kind == SBK_TRANSACTION_DO)
		return rc;
	withdraw(pass->batch, count, "could not be made durable");
	sbk_error_clear(err);
	return 0;
}

static int apply_batch(struct pass *pass, size_t count, struct sbk_error *err)
{
	int rc;

	rc = sbk_recorder_prepare(pass->recorder, pass->batch, count, err);
	if (rc < 0)
		return rc;
	rc = replace_batch(pass, count, err);
	if (rc < 0)
		return rc;
	if (pass->batch[count - 1]->object.kind == SBK_KIND_KEPT)
		owe_kept(pass, count);
	rc = flush_batch(pass, count, err);
	if (rc < 0)
		return rc;
	rc = sbk_recorder_settle(pass->recorder, pass->batch, count, err);
	if (rc == 0)
		count_batch(pass, count);
	return rc;
}

/* Carries out the plan from change `*next` to its present end. */
static int apply_list(struct pass *pass, size_t *next, struct sbk_error *err)
{
	while (*next < sbk_plan_count(pass->plan)) {
		size_t count = 0;
		int rc;

		while (count < pass->batch_max &&
		       *next < sbk_plan_count(pass->plan))
			pass->batch[count++] =
				sbk_plan_at(pass->plan, (*next)++);
		rc = apply_batch(pass, count, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int apply_passes(struct pass *pass, struct sbk_error *err)
{
	size_t next = 0;
	int passes, rc;

	rc = apply_list(pass, &next, err);
	if (rc < 0 || pass->options->more == NULL)
		return rc;
	for (passes = 0; passes < SBK_TREE_PASSES_MAX; passes++) {
		rc = pass->options->more(pass->options->more_arg, pass->plan,
					 err);
		if (rc < 0 || next == sbk_plan_count(pass->plan))
			return rc;
		rc = apply_list(pass, &next, err);
		if (rc < 0)
			return rc;
	}
	return sbk_error_set(err, SBK_E_BUSY,
			     "the tree kept growing for %d passes; stop what "
			     "writes into it and try again",
			     SBK_TREE_PASSES_MAX);
}

int sbk_apply(const struct sbk_backend *backend,
	      const struct sbk_recorder *recorder, struct sbk_plan *plan,
	      const struct sbk_apply_options *options,
	      struct sbk_apply_result *result, struct sbk_error *err)
{
	struct pass pass = {
		.backend = backend,
		.recorder = recorder,
		.plan = plan,
		.options = options,
		.result = result,
		.batch_max = options->batch_changes > 0 ? options->batch_changes
							: SBK_BATCH_CHANGES,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	pass.batch = calloc(pass.batch_max, sizeof(*pass.batch));
	if (pass.batch == NULL)
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	/* Without memory for them the changes are made one by one. */
	if (backend->ops->replace_all != NULL)
		pass.outcomes = calloc(pass.batch_max, sizeof(*pass.outcomes));
	rc = apply_passes(&pass, err);
	sbk_string_map_release(&pass.in_run);
	free(pass.outcomes);
	free(pass.batch);
	return rc;
}
