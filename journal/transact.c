/*
 * A whole transaction in a journal that is open: the lock, what a crash left,
 * the plan once more where others came first, each change, and the undo of one
 * that failed. The protocol is DESIGN part 5; one step of it is transaction.c.
 */
#include "journal/internal.h"

#include <string.h>

#include "engine/banned.h"

struct transact {
	struct sbk_journal *journal;
	const struct sbk_backend *backend;
	const struct sbk_transaction_request *request;
	struct sbk_plan *plan;
	struct sbk_transaction_report *report;
};

static int plan_again(struct transact *t, struct sbk_error *err)
{
	return t->request->again(t->request->again_arg, &t->plan, err);
}

/*
 * What recovery took back may have been what the plan found granted already.
 * Where the request can look again it does; otherwise the plan is refused.
 */
static int refresh_plan(struct transact *t, bool waited, struct sbk_error *err)
{
	bool same = true;
	int rc = sbk_journal_check_mark(t->journal, t->request->mark, &same,
					err);

	if (rc < 0)
		return rc;
	if (t->request->again != NULL &&
	    (waited || !same || t->report->recovered > 0))
		return plan_again(t, err);
	if (!same)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "another command changed the journal "
				     "since the plan was made: try again");
	if (t->report->recovered == 0)
		return 0;
	if (t->request->more == NULL)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "an interrupted command had left %zu "
				     "changes, which were settled now; the "
				     "plan was made before that: try again",
				     t->report->recovered);
	if (sbk_plan_count(t->plan) > 0)
		return 0; /* `apply` looks again when it has carried it out */
	return t->request->more(t->request->more_arg, t->plan, err);
}

/* A step failed: its transaction is undone, and both are told. */
static int undo_failed(struct transact *t, int failure, struct sbk_error *err)
{
	struct sbk_journal_filter filter = {
		.transaction = t->report->transaction,
		.unsettled = true,
	};
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_plan *left = sbk_plan_new();
	size_t settled = 0;
	int rc;

	/* Without this entry it is a transaction that never ended well, and
	 * recovery, which comes next, does the same with it. */
	(void)sbk_journal_end(t->journal, false, NULL);
	rc = left != NULL ? sbk_journal_recover(t->journal, t->backend,
						&settled, &why)
			  : sbk_error_no_memory(&why);
	if (rc == 0)
		rc = sbk_journal_load(t->journal, &filter, left, &why);
	if (rc == 0) {
		t->report->undone.owed = sbk_plan_count(left);
		t->report->undone.confirmed = settled - sbk_plan_count(left);
	}
	/* An end whose flush failed may stand in the log all the same. */
	if (rc < 0)
		(void)sbk_error_prefix(err,
				       "what was done could not be undone "
				       "(%s); the next start undoes it, or "
				       "finds it recorded as done",
				       why.message);
	else if (t->report->undone.owed > 0)
		(void)sbk_error_prefix(err,
				       "%zu of the changes made before could "
				       "not be undone, see 'sandbook journal "
				       "log'",
				       t->report->undone.owed);
	sbk_plan_free(left);
	return failure;
}

/*
 * What a copy was before is what an undo puts there, so it has to be from a
 * moment at which no command of ours was at work: a plan that was made while
 * one was, has names in it that no change in effect will ever take out. The
 * other kinds are compared by `replace`; a kept file is written whatever it is.
 */
static int check_kept(struct transact *t, struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(t->plan); i++) {
		const struct sbk_change *change = sbk_plan_at(t->plan, i);

		if (change->object.kind != SBK_KIND_KEPT)
			continue;
		rc = sbk_backend_observe(t->backend, &change->object, &seen,
					 err);
		if (rc == 0 && !sbk_state_equal(sbk_observation_state(&seen),
						change->before))
			rc = sbk_error_set(err, SBK_E_CONFLICT,
					   "'%s' has changed since the plan "
					   "was made: try again",
					   change->object.name);
	}
	sbk_observation_release(&seen);
	return rc;
}

static int carry_out(struct transact *t, struct sbk_error *err)
{
	const struct sbk_recorder recorder = sbk_journal_recorder(t->journal);
	const struct sbk_apply_options options = {
		.kind = SBK_TRANSACTION_DO,
		.more = t->request->more,
		.more_arg = t->request->more_arg,
		.batch_changes = t->journal->batch_changes,
		.progress = t->request->progress,
	};
	const struct sbk_journal_begin begin = {
		.kind = SBK_TRANSACTION_DO,
		.title = t->request->title,
		.roots = t->plan,
	};
	int rc = check_kept(t, err);

	if (rc == 0)
		rc = sbk_transaction_begin(t->journal, &begin,
					   &t->report->transaction, err);
	if (rc < 0)
		return rc;
	sbk_journal_tell(t->journal, t->request->title);
	rc = sbk_apply(t->backend, &recorder, t->plan, &options,
		       &t->report->made, err);
	if (rc == 0)
		rc = sbk_journal_end(t->journal, true, err);
	return rc < 0 ? undo_failed(t, rc, err) : 0;
}

/* Nothing is built on a record that was altered. */
static int check_record(struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = sbk_journal_check_small(journal, err);

	if (rc == SBK_E_CORRUPT)
		return sbk_error_prefix(err, "nothing was changed");
	return rc < 0 ? rc : 0;
}

/* `*waited`: another command had the lock, and may have changed what was
 * planned with. */
static int take_lock(struct sbk_journal *journal, bool *waited,
		     struct sbk_error *err)
{
	int rc;

	*waited = false;
	if (journal->locked)
		return 0;
	rc = sbk_journal_lock(journal, 0, err);
	if (rc != SBK_E_BUSY)
		return rc;
	*waited = true;
	sbk_error_clear(err);
	return sbk_journal_lock(journal, SBK_JOURNAL_LOCK_WAIT_MS, err);
}

/* Whether nothing is left of what was tried, so that it can be tried again. */
static bool was_overtaken(const struct transact *t, int rc)
{
	return rc == SBK_E_CONFLICT && t->request->again != NULL &&
	       t->report->undone.owed == 0;
}

/* With the lock; so what made a plan outlive its objects was before. */
static int attempt(struct transact *t, struct sbk_error *err)
{
	int tries, rc = 0;

	for (tries = 1; sbk_plan_count(t->plan) > 0; tries++) {
		rc = carry_out(t, err);
		if (!was_overtaken(t, rc) || tries == SBK_TRANSACT_ATTEMPTS_MAX)
			return rc;
		sbk_error_clear(err);
		memset(&t->report->made, 0, sizeof(t->report->made));
		memset(&t->report->undone, 0, sizeof(t->report->undone));
		rc = plan_again(t, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int transact(struct transact *t, struct sbk_error *err)
{
	bool waited = false;
	int rc = take_lock(t->journal, &waited, err);

	if (rc == 0)
		rc = check_record(t->journal, err);
	if (rc == 0)
		rc = sbk_journal_recover(t->journal, t->backend,
					 &t->report->recovered, err);
	if (rc == 0)
		rc = refresh_plan(t, waited, err);
	if (rc < 0)
		return rc;
	t->journal->session = t->request->session;
	rc = attempt(t, err);
	t->journal->session = 0;
	return rc;
}

void sbk_journal_report(const struct sbk_journal *journal,
			struct sbk_transaction_report *report)
{
	memcpy(report->unpublished, journal->unpublished,
	       sizeof(report->unpublished));
	memcpy(report->unsigned_why, journal->unsigned_why,
	       sizeof(report->unsigned_why));
	memcpy(report->new_key, journal->new_key, sizeof(report->new_key));
}

int sbk_journal_transact(struct sbk_journal *journal,
			 const struct sbk_backend *backend,
			 const struct sbk_transaction_request *request,
			 struct sbk_plan *plan,
			 struct sbk_transaction_report *report,
			 struct sbk_error *err)
{
	struct transact t = {
		.journal = journal,
		.backend = backend,
		.request = request,
		.plan = plan,
		.report = report,
	};
	int rc;

	memset(report, 0, sizeof(*report));
	rc = transact(&t, err);
	sbk_journal_report(journal, report);
	return rc;
}
