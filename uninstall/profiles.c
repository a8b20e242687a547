/*
 * Profiles of the accounts (Windows): those that setup made, and those that a
 * logon made, of which no journal knows. They go when nothing runs as the
 * accounts any more, and before the sweep: each file in one names its account,
 * and what is deleted whole need not be swept first.
 */
#include "uninstall/internal.h"

#include <string.h>

#include "engine/apply.h"
#include "engine/plan_setup.h"

#include "engine/banned.h"

/* Those that the journal knows, into `changes`. What stays is owed, and said
 * with the other changes. */
static int undo_recorded(struct sbk_uninstall_work *work,
			 struct sbk_plan *changes, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {
		.unsettled = true, .kind = sbk_kind_name(SBK_KIND_FOLDER)};
	struct sbk_apply_result result = {0};
	int rc = sbk_journal_load(work->journal, &filter, changes, err);

	if (rc == 0 && sbk_plan_count(changes) > 0)
		rc = sbk_journal_undo(work->journal, &work->backend,
				      "uninstall: profiles", changes, &result,
				      err);
	return rc;
}

static bool is_recorded(struct sbk_plan *changes, const char *name)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(changes); i++)
		if (strcmp(sbk_plan_at(changes, i)->object.name, name) == 0)
			return true;
	return false;
}

/* What cannot be told of one account is owed, and keeps nothing else. */
static int find_others(struct sbk_uninstall_work *work, const char *id,
		       struct sbk_plan *found, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_plan_made_by_system(&work->backend, id, found, &why);

	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	return rc == 0 ? 0
		       : sbk_uninstall_except(work->report, true, err,
					      "which profiles '%s' has could "
					      "not be told: %s",
					      id, why.message);
}

/* What else the system has of the accounts. */
static int plan_others(struct sbk_uninstall_work *work,
		       struct sbk_plan *changes, struct sbk_plan *plan,
		       struct sbk_error *err)
{
	const struct sbk_uninstall_report *report = work->report;
	struct sbk_plan *found = sbk_plan_new();
	size_t i;
	int rc = found == NULL ? sbk_error_no_memory(err) : 0;

	for (i = 0; rc == 0 && i < report->principal_count; i++)
		if (!report->principals[i].foreign)
			rc = find_others(work,
					 report->principals[i].principal.id,
					 found, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(found); i++)
		if (!is_recorded(changes, sbk_plan_at(found, i)->object.name))
			rc = sbk_plan_add(plan, sbk_plan_at(found, i), err);
	sbk_plan_free(found);
	return rc;
}

static int apply(struct sbk_uninstall_work *work, struct sbk_plan *plan,
		 struct sbk_error *err)
{
	static const char title[] = "uninstall: profiles that logons made";
	const struct sbk_apply_options options = {.kind = SBK_TRANSACTION_UNDO};
	const struct sbk_recorder recorder =
		sbk_journal_recorder(work->journal);
	struct sbk_apply_result result = {0};
	uint64_t id;
	int rc = sbk_journal_begin(work->journal, SBK_TRANSACTION_UNDO, title,
				   &id, err);

	if (rc < 0)
		return rc;
	rc = sbk_apply(&work->backend, &recorder, plan, &options, &result, err);
	if (rc < 0) {
		/* rc is reported; recovery ends what has no end. */
		(void)sbk_journal_end(work->journal, false, NULL);
		return rc;
	}
	return sbk_journal_end(work->journal, true, err);
}

/* What was not taken is there, and the account's: incomplete. */
static int say(struct sbk_uninstall_work *work, struct sbk_plan *plan,
	       struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(plan); i++) {
		const struct sbk_change *change = sbk_plan_at(plan, i);

		if (change->status == SBK_STATUS_CONFIRMED)
			rc = sbk_uninstall_except(work->report, false, err,
						  "a profile that no journal "
						  "knew was deleted: '%s'",
						  change->object.name);
		else
			rc = sbk_uninstall_except_change(work->report, change,
							 true, err);
	}
	return rc;
}

int sbk_uninstall_take_profiles(struct sbk_uninstall_work *work,
				struct sbk_error *err)
{
	struct sbk_plan *changes, *plan;
	int rc = 0;

	if (work->journal == NULL)
		return 0;
	changes = sbk_plan_new();
	plan = sbk_plan_new();
	if (changes == NULL || plan == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = undo_recorded(work, changes, err);
	if (rc == 0)
		rc = plan_others(work, changes, plan, err);
	if (rc == 0 && sbk_plan_count(plan) > 0)
		rc = apply(work, plan, err);
	if (rc == 0)
		rc = say(work, plan, err);
	sbk_plan_free(changes);
	sbk_plan_free(plan);
	return rc;
}
