/*
 * The one loop that changes the host, and the recorder's thin door.
 *
 *	prepare (durable)  ->  replace each object  ->  flush  ->  settle
 *
 * Where the backend makes a batch by helpers, the next one is prepared
 * meanwhile, since the one waits for the kernel and the other for the disk:
 *
 *	recorder  prepare 1 | prepare 2 |         | settle 1, prepare 3 | ...
 *	backend             | replace 1 | flush 1 | replace 2           | ...
 *
 * Invariants: no object is touched before `prepare` has returned for its
 * batch; nothing is settled as confirmed before `flush` has returned after the
 * batch was made; one batch is made at a time, and at most one is prepared
 * ahead of it.
 *
 * It decides nothing about undoing a step that failed. See apply.h.
 */
#include "engine/apply.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/table.h"

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

/* Changes that are prepared together. */
struct batch {
	struct sbk_change **changes; /* of batch_max pointers */
	struct sbk_error *outcomes;  /* of batch_max; NULL: one by one */
	size_t count;
	bool begun;		  /* the backend is at work on all of it */
	int rc;			  /* how making it ended: */
	struct sbk_error problem; /* the first failure */
};

struct pass {
	const struct sbk_backend *backend;
	const struct sbk_recorder *recorder;
	struct sbk_plan *plan;
	const struct sbk_apply_options *options;
	struct sbk_apply_result *result;
	struct batch batches[2]; /* the one being made, the one ahead */
	size_t batch_max;
	struct sbk_table in_run; /* objects, by identity; a set */
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
	if (change->assumed) {
		/* Never made: who planned it looks at the object now. */
		change->status = SBK_STATUS_UNDONE;
		sbk_error_clear(err);
		return;
	}
	/* A lost race, too, is owed: looked at again, it may well be undone.
	 * What others use by now is left to them for good. */
	change->status = code == SBK_E_EXISTS && sbk_state_absent(change->after)
				 ? SBK_STATUS_CONFLICT
				 : SBK_STATUS_OWED;
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
static void settle_untouched(struct pass *pass, struct batch *batch)
{
	size_t i, untouched = 0;

	for (i = 0; i < batch->count; i++) {
		if (batch->changes[i]->status != SBK_STATUS_UNDONE)
			continue;
		batch->changes[i]->note = "never made: a step failed";
		batch->changes[untouched++] = batch->changes[i];
	}
	if (untouched > 0)
		(void)sbk_recorder_settle(pass->recorder, batch->changes,
					  untouched, NULL);
}

/* Marks the rest of the batch after a failure. */
static void mark_untouched(struct batch *batch, size_t from)
{
	for (; from < batch->count; from++)
		/* A kept file was written by the tools that ran. */
		if (batch->changes[from]->object.kind != SBK_KIND_KEPT)
			batch->changes[from]->status = SBK_STATUS_UNDONE;
}

/* --- making a batch ----------------------------------------------------- */

/* Whether a change may be made together with others: of a path's access, and
 * of no object that is in the run already (an undo may have two of one). */
static bool joins_run(struct pass *pass, const struct sbk_change *change)
{
	const char *identity = change->object.identity;
	bool fresh = false;

	return change->object.kind == SBK_KIND_ACCESS && !is_nothing(change) &&
	       identity != NULL &&
	       sbk_table_put_text(&pass->in_run, identity, &fresh) != NULL &&
	       fresh;
}

static bool is_one_run(struct pass *pass, const struct batch *batch)
{
	size_t i = 0;

	if (batch->outcomes == NULL)
		return false;
	sbk_table_clear(&pass->in_run);
	while (i < batch->count && joins_run(pass, batch->changes[i]))
		i++;
	return i == batch->count;
}

/* Begins to make a batch that is prepared; without helpers, makes it. */
static void begin_batch(struct pass *pass, struct batch *batch)
{
	size_t i;

	batch->rc = 0;
	sbk_error_clear(&batch->problem);
	batch->begun = is_one_run(pass, batch);
	if (batch->begun) {
		sbk_backend_replace_begin(
			pass->backend, batch->changes, batch->count,
			pass->options->kind == SBK_TRANSACTION_DO,
			batch->outcomes);
		return;
	}
	for (i = 0; batch->rc == 0 && i < batch->count; i++) {
		batch->rc =
			replace_one(pass, batch->changes[i], &batch->problem);
		if (batch->rc == SBK_E_CONFLICT)
			mark_untouched(batch, i);
		else if (batch->rc < 0)
			mark_untouched(batch, i + 1);
	}
}

/* What the helpers made of one change. */
static int take_outcome(struct pass *pass, struct sbk_change *change,
			struct sbk_error *outcome, struct sbk_error *err)
{
	if (outcome->code == 0) {
		change->status = SBK_STATUS_CONFIRMED;
		return 0;
	}
	if (pass->options->kind == SBK_TRANSACTION_UNDO) {
		note_failure(pass, change, outcome->code, outcome);
		return 0;
	}
	/* What failed half-way stays prepared, to be looked at. */
	if (outcome->code == SBK_E_CONFLICT ||
	    outcome->code == SBK_REPLACE_NOT_TRIED)
		change->status = SBK_STATUS_UNDONE;
	if (outcome->code > 0)
		return 0;
	return sbk_error_set(err, outcome->code, "%s '%s': %s",
			     sbk_kind_name(change->object.kind),
			     change->object.name, outcome->message);
}

static void take_outcomes(struct pass *pass, struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		int rc = take_outcome(pass, batch->changes[i],
				      &batch->outcomes[i],
				      batch->rc == 0 ? &batch->problem : NULL);

		if (batch->rc == 0)
			batch->rc = rc;
	}
}

/* Waits until the batch is made; the first failure, if it ends the
 * transaction. */
static int end_batch(struct pass *pass, struct batch *batch,
		     struct sbk_error *err)
{
	if (batch->count > 0 && batch->begun) {
		sbk_backend_replace_end(pass->backend);
		batch->begun = false;
		take_outcomes(pass, batch);
	}
	if (batch->rc < 0 && err != NULL)
		*err = batch->problem;
	return batch->rc;
}

static bool is_account_left(const struct sbk_change *change)
{
	return (change->object.kind == SBK_KIND_ACCOUNT ||
		change->object.kind == SBK_KIND_GROUP) &&
	       change->undoes != 0 && change->status != SBK_STATUS_CONFIRMED;
}

/*
 * Undoing an account that could not be removed now will overwrite the kept
 * files once more when it is tried again: they stay owed with it. One that goes
 * forward (journal/take_back.c) undoes nothing that could be owed: the change
 * that keeps the file is in effect all the while, and is tried then.
 */
static void owe_kept(struct pass *pass, struct batch *batch)
{
	size_t i, left = 0;

	if (batch->changes[batch->count - 1]->object.kind != SBK_KIND_KEPT)
		return;
	for (i = 0; i < sbk_plan_count(pass->plan); i++)
		left += is_account_left(sbk_plan_at(pass->plan, i));
	for (i = 0; left > 0 && i < batch->count; i++) {
		if (batch->changes[i]->object.kind != SBK_KIND_KEPT)
			continue;
		batch->changes[i]->status = batch->changes[i]->undoes != 0
						    ? SBK_STATUS_OWED
						    : SBK_STATUS_UNDONE;
		batch->changes[i]->note = "an account is still there";
	}
}

/* --- confirming a batch ------------------------------------------------- */

/* A flush that failed leaves nothing of the batch confirmed. */
static void withdraw(struct batch *batch, const char *note)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		if (batch->changes[i]->status != SBK_STATUS_CONFIRMED)
			continue;
		batch->changes[i]->status = SBK_STATUS_OWED;
		batch->changes[i]->note = note;
	}
}

static void count_batch(struct pass *pass, const struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		if (batch->changes[i]->status == SBK_STATUS_CONFIRMED)
			pass->result->confirmed++;
		else if (batch->changes[i]->status == SBK_STATUS_OWED)
			pass->result->owed++;
	}
}

static int flush_batch(struct pass *pass, struct batch *batch,
		       struct sbk_error *err)
{
	int rc = sbk_backend_flush(pass->backend, err);

	if (rc == 0 || pass->options->kind == SBK_TRANSACTION_DO)
		return rc;
	withdraw(batch, "could not be made durable");
	sbk_error_clear(err);
	return 0;
}

/* Waits until a batch is made and as durable as it has to be. */
static int complete_batch(struct pass *pass, struct batch *batch,
			  struct sbk_error *err)
{
	int rc = end_batch(pass, batch, err);

	if (rc < 0) {
		settle_untouched(pass, batch);
		return rc;
	}
	owe_kept(pass, batch);
	return flush_batch(pass, batch, err);
}

static int settle_batch(struct pass *pass, struct batch *batch,
			struct sbk_error *err)
{
	int rc = sbk_recorder_settle(pass->recorder, batch->changes,
				     batch->count, err);

	if (rc == 0)
		count_batch(pass, batch);
	return rc;
}

/* --- the loop ----------------------------------------------------------- */

/* Prepares the next changes from `*next` on; none where the list ends. */
static int prepare_next(struct pass *pass, struct batch *batch, size_t *next,
			struct sbk_error *err)
{
	int rc;

	batch->count = 0;
	while (batch->count < pass->batch_max &&
	       *next < sbk_plan_count(pass->plan))
		batch->changes[batch->count++] =
			sbk_plan_at(pass->plan, (*next)++);
	if (batch->count == 0)
		return 0;
	rc = sbk_recorder_prepare(pass->recorder, batch->changes, batch->count,
				  err);
	if (rc < 0)
		batch->count = 0;
	return rc;
}

/* A batch was prepared that will not be made. */
static void give_up_batch(struct pass *pass, struct batch *batch)
{
	mark_untouched(batch, 0);
	settle_untouched(pass, batch);
}

/*
 * From a batch that was begun to the next one that is: prepares it, completes
 * the present one, begins the next, settles the present one.
 */
static int pass_on(struct pass *pass, struct batch *now, struct batch *ahead,
		   size_t *next, struct sbk_error *err)
{
	struct sbk_error refused = SBK_ERROR_INIT;
	int rc, ahead_rc = 0;

	ahead->count = 0;
	if (now->rc == 0)
		ahead_rc = prepare_next(pass, ahead, next, &refused);
	rc = complete_batch(pass, now, err);
	if (rc < 0) {
		give_up_batch(pass, ahead);
		return rc;
	}
	if (ahead->count > 0)
		begin_batch(pass, ahead);
	rc = settle_batch(pass, now, err);
	if (rc < 0) {
		/* What is made by now stays prepared, to be looked at. */
		(void)end_batch(pass, ahead, NULL);
		return rc;
	}
	if (ahead_rc < 0 && err != NULL)
		*err = refused;
	return ahead_rc;
}

/* Between two batches: a person may have had enough. */
static int look_up(struct pass *pass, struct sbk_error *err)
{
	const struct sbk_progress *progress = pass->options->progress;

	sbk_progress_tell(progress, "changing objects", pass->result->confirmed,
			  sbk_plan_count(pass->plan));
	if (pass->options->kind != SBK_TRANSACTION_DO ||
	    !sbk_progress_is_over(progress))
		return 0;
	return sbk_error_set(err, SBK_E_INTERRUPTED,
			     "interrupted: what was made is taken back");
}

/* Carries out the plan from change `*next` to its present end. */
static int apply_list(struct pass *pass, size_t *next, struct sbk_error *err)
{
	struct batch *now = &pass->batches[0], *ahead = &pass->batches[1];
	int rc = prepare_next(pass, now, next, err);

	if (rc == 0 && now->count > 0)
		begin_batch(pass, now);
	while (rc == 0 && now->count > 0) {
		struct batch *made = now;

		rc = pass_on(pass, now, ahead, next, err);
		now = ahead;
		ahead = made;
		if (rc == 0)
			rc = look_up(pass, err);
	}
	/* What is made by now stays prepared, to be looked at. */
	if (rc == SBK_E_INTERRUPTED)
		(void)end_batch(pass, now, NULL);
	return rc;
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

static int batches_init(struct pass *pass, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		struct batch *batch = &pass->batches[i];

		batch->changes =
			calloc(pass->batch_max, sizeof(*batch->changes));
		if (batch->changes == NULL)
			return sbk_error_no_memory(err);
	}
	/* One at a time is made. Without memory: one change by one. */
	if (sbk_backend_replaces_many(pass->backend))
		pass->batches[0].outcomes = pass->batches[1].outcomes =
			calloc(pass->batch_max, sizeof(struct sbk_error));
	return 0;
}

static void batches_release(struct pass *pass)
{
	free(pass->batches[0].changes);
	free(pass->batches[1].changes);
	free(pass->batches[0].outcomes); /* of both */
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
	rc = batches_init(&pass, err);
	if (rc == 0)
		rc = apply_passes(&pass, err);
	sbk_table_release(&pass.in_run);
	batches_release(&pass);
	return rc;
}
