/*
 * Profiles of the accounts (Windows): those that setup made, and those that a
 * logon made, of which no journal knows. They go when nothing runs as the
 * accounts any more, and before the sweep: each file in one names its account,
 * and what is deleted whole need not be swept first.
 */
#include "uninstall/internal.h"

#include "engine/apply.h"
#include "engine/plan_setup.h"

#include "engine/banned.h"

/* One list for what the journal has of them, one for what else there is. */
struct profiles {
	struct sbk_plan *changes, *plan;
};

static int load_recorded(struct sbk_uninstall_work *work,
			 struct sbk_plan *changes, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {
		.unsettled = true, .kind = sbk_kind_name(SBK_KIND_FOLDER)};

	return sbk_journal_load(work->journal, &filter, changes, err);
}

/* What stays is owed, and said with the other changes. */
static int undo_recorded(struct sbk_uninstall_work *work,
			 struct sbk_plan *changes, struct sbk_error *err)
{
	struct sbk_apply_result result = {0};

	return sbk_plan_count(changes) == 0
		       ? 0
		       : sbk_journal_undo(work->journal, &work->backend,
					  "uninstall: profiles", changes,
					  &result, err);
}

static int undo_again(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_plan *changes = sbk_plan_new();
	int rc = changes == NULL ? sbk_error_no_memory(err)
				 : load_recorded(work, changes, err);

	if (rc == 0)
		rc = undo_recorded(work, changes, err);
	sbk_plan_free(changes);
	return rc;
}

/* What cannot be told of one account is owed, and keeps nothing else. */
static int find_others(struct sbk_uninstall_work *work, const char *id,
		       struct profiles *p, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_plan_made_by_system(&work->backend, id, p->changes,
					 p->plan, &why);

	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	return rc == 0 ? 0
		       : sbk_uninstall_except(work->report, true, err,
					      "which profiles '%s' has could "
					      "not be told: %s",
					      id, why.message);
}

/* What else the system has of the accounts. */
static int plan_others(struct sbk_uninstall_work *work, struct profiles *p,
		       struct sbk_error *err)
{
	const struct sbk_uninstall_report *report = work->report;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < report->principal_count; i++)
		if (!report->principals[i].foreign)
			rc = find_others(work,
					 report->principals[i].principal.id, p,
					 err);
	return rc;
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

static int profiles_new(struct profiles *out, struct sbk_error *err)
{
	out->changes = sbk_plan_new();
	out->plan = sbk_plan_new();
	return out->changes == NULL || out->plan == NULL
		       ? sbk_error_no_memory(err)
		       : 0;
}

static void profiles_free(struct profiles *profiles)
{
	sbk_plan_free(profiles->changes);
	sbk_plan_free(profiles->plan);
}

int sbk_uninstall_take_profiles(struct sbk_uninstall_work *work,
				struct sbk_error *err)
{
	struct sbk_apply_result result;
	struct profiles p;
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = profiles_new(&p, err);
	if (rc == 0)
		rc = load_recorded(work, p.changes, err);
	if (rc == 0)
		rc = undo_recorded(work, p.changes, err);
	if (rc == 0)
		rc = plan_others(work, &p, err);
	if (rc == 0)
		rc = sbk_journal_remove_for_good(
			work->journal, &work->backend,
			"uninstall: profiles that logons made", p.plan, &result,
			err);
	/* What the list of a logon's hid, before the sweep takes from it what
	 * says whose it is. */
	if (rc == 0 && sbk_plan_count(p.plan) > 0)
		rc = undo_again(work, err);
	if (rc == 0)
		rc = say(work, p.plan, err);
	profiles_free(&p);
	return rc;
}

int sbk_uninstall_show_profiles(struct sbk_uninstall_work *work,
				struct sbk_error *err)
{
	struct profiles p;
	size_t i;
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = profiles_new(&p, err);
	if (rc == 0)
		rc = load_recorded(work, p.changes, err);
	if (rc == 0)
		rc = plan_others(work, &p, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(p.plan); i++)
		rc = sbk_plan_add(work->report->record, sbk_plan_at(p.plan, i),
				  err);
	profiles_free(&p);
	return rc;
}
