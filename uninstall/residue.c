/*
 * Steps 5 and 8: what the host itself says. The first sweep's findings are
 * mended (entries taken out, owners given back), the last one's are the proof.
 *
 * The state that a sweep reports is what the change expects: an object that
 * somebody touched in between is a conflict, is left as it is, and the final
 * sweep finds it.
 */
#include "uninstall/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/sweep.h"
#include "engine/apply.h"
#include "engine/json.h"
#include "engine/os_admin.h"
#include "engine/path.h"
#include "engine/root_principal.h"
#include "engine/table.h"

#include "engine/banned.h"

struct sweep {
	struct sbk_uninstall_work *work;
	struct sbk_sweep_principal *principals;
	const char **ids;
	size_t count;
	/* Of the first one: */
	struct sbk_plan *plan;
	struct sbk_arena arena;
	struct sbk_table done;	/* objects that are in the plan already */
	struct sbk_buf effects; /* a byte for each of the plan */
	struct sbk_buf given, next;
};

enum { STRIPS = 1, GIVES = 2 };

static void sweep_release(struct sweep *s)
{
	free(s->principals);
	free(s->ids);
	sbk_plan_free(s->plan);
	sbk_table_release(&s->done);
	sbk_arena_release(&s->arena);
	sbk_buf_release(&s->effects);
	sbk_buf_release(&s->given);
	sbk_buf_release(&s->next);
}

/* By which the host's own records name it, where they name nobody by number. */
static const char *name_of(const struct sbk_uninstall_report *report,
			   const char *id)
{
	size_t i;

	for (i = 0; i < report->principal_count; i++)
		if (strcmp(report->principals[i].principal.id, id) == 0)
			return report->principals[i].principal.name;
	return "";
}

static int sweep_init(struct sweep *s, struct sbk_uninstall_work *work,
		      struct sbk_error *err)
{
	size_t i;
	int rc;

	memset(s, 0, sizeof(*s));
	s->work = work;
	rc = sbk_uninstall_list_principals(work->report, &s->ids, &s->count,
					   err);
	if (rc < 0)
		return rc;
	s->plan = sbk_plan_new();
	s->done.keys = &s->arena;
	s->principals = calloc(s->count + 1, sizeof(*s->principals));
	if (s->plan == NULL || s->principals == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < s->count; i++)
		s->principals[i] = (struct sbk_sweep_principal){
			.principal = s->ids[i],
			.name = name_of(work->report, s->ids[i]),
		};
	return 0;
}

static int run(struct sweep *s, sbk_sweep_fn *found, struct sbk_report *report,
	       struct sbk_error *err)
{
	const struct sbk_list *skip = &s->work->request->skip;
	const struct sbk_sweep_options options = {
		.principals = s->principals,
		.principal_count = s->count,
		.skip = skip->items,
		.skip_count = skip->count,
		.no_homes = true, /* people.c asks them */
	};

	return sbk_sweep(&s->work->backend, &options, found, s, report, err);
}

/* --- step 5 -------------------------------------------------------------- */

static int refuse(struct sweep *s, const char *path,
		  const struct sbk_error *why, struct sbk_error *err)
{
	struct sbk_uninstall_report *report = s->work->report;

	report->names_paths = true;
	if (++report->refused > SBK_REPORT_LINES_MAX)
		return 0;
	return sbk_uninstall_except(report, true, err, "'%s': %s", path,
				    why->message);
}

/* The state without our principals as owners, into s->given. */
static int give_back(struct sweep *s, const struct sbk_sweep_hit *hit,
		     struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	sbk_buf_clear(&s->given);
	rc = sbk_os_give_back(hit->object, hit->access, s->ids, s->count,
			      &s->given, &why);
	if (rc == 0 || rc == SBK_E_NOMEM) {
		if (rc < 0 && err != NULL)
			*err = why;
		return rc;
	}
	sbk_buf_clear(&s->given);
	sbk_buf_add(&s->given, hit->access.data, hit->access.size);
	rc = sbk_buf_failed(&s->given, err);
	/* An object that is gone needs no owner. */
	if (rc == 0 && why.code != SBK_E_NOTFOUND)
		rc = refuse(s, hit->object, &why, err);
	return rc;
}

static int plan_hit(struct sweep *s, const struct sbk_sweep_hit *hit,
		    struct sbk_error *err)
{
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = hit->object,
			   .identity = hit->identity},
		.before = hit->access,
		.reason = "it names an account of Sandbook",
	};
	struct sbk_state given;
	int effects = 0, rc = give_back(s, hit, err);

	if (rc < 0)
		return rc;
	given = (struct sbk_state){sbk_buf_text(&s->given), s->given.size};
	if (!sbk_state_equal(given, hit->access))
		effects |= GIVES;
	sbk_buf_clear(&s->next);
	rc = sbk_backend_strip(&s->work->backend, given, s->ids, s->count,
			       &s->next, err);
	if (rc < 0)
		return rc;
	change.after = (struct sbk_state){sbk_buf_text(&s->next), s->next.size};
	if (!sbk_state_equal(given, change.after))
		effects |= STRIPS;
	if (sbk_state_equal(change.before, change.after))
		return 0;
	sbk_buf_addc(&s->effects, (char)effects);
	rc = sbk_buf_failed(&s->effects, err);
	return rc < 0 ? rc : sbk_plan_add(s->plan, &change, err);
}

/* What was done, and before that what would be. */
static void count_effects(struct sweep *s)
{
	struct sbk_uninstall_report *report = s->work->report;
	size_t i;

	for (i = 0; i < sbk_plan_count(s->plan); i++) {
		if (!report->dry_run &&
		    sbk_plan_at(s->plan, i)->status != SBK_STATUS_CONFIRMED)
			continue;
		report->stripped += (s->effects.data[i] & STRIPS) != 0;
		report->given += (s->effects.data[i] & GIVES) != 0;
	}
}

/*
 * A number that setup chose may have been a forgotten account's: what it owned
 * before the machine journal was begun is none of our doing.
 */
static bool is_older(const struct sbk_uninstall_work *work,
		     const struct sbk_sweep_hit *hit)
{
	return sbk_os_older(hit->object, work->place.directory);
}

static int found_residue(void *arg, const struct sbk_sweep_hit *hit,
			 struct sbk_error *err)
{
	struct sweep *s = arg;
	bool fresh;

	if (hit->found != SBK_SWEEP_ENTRY && hit->found != SBK_SWEEP_OWNER)
		return 0;
	if (is_older(s->work, hit))
		return 0;
	/* One object is hit once for each entry, and for each of its names. */
	if (sbk_table_put_text(&s->done,
			       hit->identity != NULL ? hit->identity
						     : hit->object,
			       &fresh) == NULL)
		return sbk_error_no_memory(err);
	return fresh ? plan_hit(s, hit, err) : 0;
}

/* Why something stays; that it does, the final sweep says. */
static int say_not_taken(struct sweep *s, struct sbk_error *err)
{
	size_t i, lines = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(s->plan); i++) {
		const struct sbk_change *change = sbk_plan_at(s->plan, i);

		if (change->status == SBK_STATUS_OWED &&
		    lines++ < SBK_REPORT_LINES_MAX)
			rc = sbk_uninstall_except_change(s->work->report,
							 change, false, err);
	}
	return rc;
}

static int apply_residue(struct sweep *s, struct sbk_error *err)
{
	static const char title[] =
		"uninstall: entries and owners that name sandbox accounts";
	struct sbk_uninstall_work *work = s->work;
	struct sbk_apply_result result;
	int rc;

	/* From here on the record names paths of users. */
	work->report->names_paths = true;
	rc = sbk_journal_unpublish(work->journal, err);
	if (rc == 0)
		rc = sbk_journal_remove_for_good(work->journal, &work->backend,
						 title, s->plan, &result, err);
	return rc == 0 ? say_not_taken(s, err) : rc;
}

static int say_restored(struct sbk_uninstall_report *report,
			struct sbk_error *err)
{
	int rc = 0;

	if (report->dry_run) /* the grants of users are among them, too */
		return sbk_uninstall_except(
			report, false, err,
			"%llu objects have entries for sandbox accounts or "
			"runs, and %llu belong to them",
			(unsigned long long)report->stripped,
			(unsigned long long)report->given);
	if (report->stripped > 0)
		rc = sbk_uninstall_except(
			report, false, err,
			"entries for sandbox accounts or runs that no journal "
			"knew "
			"%s taken out of %llu objects",
			report->dry_run ? "would be" : "were",
			(unsigned long long)report->stripped);
	if (rc == 0 && report->given > 0)
		rc = sbk_uninstall_except(
			report, false, err,
			"%llu objects of sandbox accounts %s to the owner of "
			"the directory that holds them",
			(unsigned long long)report->given,
			report->dry_run ? "would go" : "went");
	if (rc == 0 && report->refused > SBK_REPORT_LINES_MAX)
		rc = sbk_uninstall_except(
			report, true, err,
			"%llu more objects of sandbox accounts were given to "
			"nobody",
			(unsigned long long)(report->refused -
					     SBK_REPORT_LINES_MAX));
	return rc;
}

int sbk_uninstall_restore_residue(struct sbk_uninstall_work *work,
				  struct sbk_error *err)
{
	struct sbk_report *seen = sbk_report_new("residue");
	struct sweep s;
	int rc = sweep_init(&s, work, err);

	if (rc == 0 && seen == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0 && work->journal != NULL && s.count > 0) {
		rc = run(&s, found_residue, seen, err);
		if (rc == 0 && sbk_plan_count(s.plan) > 0 &&
		    !work->request->dry_run)
			rc = apply_residue(&s, err);
		count_effects(&s);
		if (rc == 0)
			rc = say_restored(work->report, err);
	}
	sbk_report_free(seen);
	sweep_release(&s);
	return rc;
}

/* --- step 8 -------------------------------------------------------------- */

/* The journal that is about to be removed is no residue. */
static bool is_record(const struct sbk_uninstall_work *work, const char *object)
{
	return sbk_path_within(object, work->place.directory);
}

static int found_rest(void *arg, const struct sbk_sweep_hit *hit,
		      struct sbk_error *err)
{
	static const struct {
		const char *rule, *text;
	} words[] = {
		[SBK_SWEEP_ENTRY] = {"residue.entry",
				     "an access entry names it"},
		[SBK_SWEEP_OWNER] = {"residue.owner",
				     "it is the owner or the group"},
		[SBK_SWEEP_ACCOUNT] = {"residue.account",
				       "an account file names it"},
		[SBK_SWEEP_RULE] = {"residue.rule", "a firewall rule names it"},
		[SBK_SWEEP_PROCESS] = {"residue.process",
				       "a process runs as it"},
		[SBK_SWEEP_FILE] = {"residue.file", "a file of Sandbook's"},
		[SBK_SWEEP_RECORD] = {"residue.record",
				      "the system's records name it"},
	};
	struct sweep *s = arg;
	const struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = words[hit->found].rule,
		.object = hit->object,
		.principal = hit->principal,
		.text = words[hit->found].text,
		.objects = 1,
	};

	if (hit->found == SBK_SWEEP_FILE && is_record(s->work, hit->object))
		return 0;
	if (hit->found == SBK_SWEEP_ENTRY || hit->found == SBK_SWEEP_OWNER) {
		if (is_older(s->work, hit)) {
			s->work->report->older++;
			return 0;
		}
		s->work->report->names_paths = true;
	}
	return sbk_report_add(s->work->report->sweep, &finding, err);
}

static int judge(struct sbk_uninstall_report *report, struct sbk_error *err)
{
	const struct sbk_coverage *coverage =
		sbk_report_coverage(report->sweep);
	const size_t findings = sbk_report_count(report->sweep);
	int rc = 0;

	if (findings > 0)
		rc = sbk_uninstall_except(
			report, true, err,
			"the final sweep found %zu things that still name an "
			"account of Sandbook",
			findings);
	if (rc == 0 && sbk_report_exit(report->sweep) == 2)
		rc = sbk_uninstall_except(
			report, true, err,
			"the final sweep could not examine everything (%s%s); "
			"leave a mount out with --skip",
			coverage->missed_count > 0 ? coverage->missed[0]
						   : "see its coverage",
			coverage->missed_count > 1 ? ", ..." : "");
	return rc;
}

/* What a person granted to others, only that person's journal knows. */
static int say_limits(struct sbk_uninstall_report *report,
		      struct sbk_error *err)
{
	return sbk_plan_add_note(
		report->limits, err,
		"the sweep looks for the accounts and the group of Sandbook%s; "
		"an entry for another number that a grant made is known from "
		"its owner's journal alone, and without it cannot be told from "
		"the owner's own",
		sbk_root_principals_used
			? ", and for every SID of the two authorities that "
			  "roots' and runs' own SIDs have, whichever machine "
			  "made them"
			: "");
}

int sbk_uninstall_final_sweep(struct sbk_uninstall_work *work,
			      struct sbk_error *err)
{
	const struct sbk_list *skip = &work->request->skip;
	struct sweep s;
	int rc = sweep_init(&s, work, err);

	if (rc == 0 && work->journal == NULL)
		goto out;
	if (rc == 0)
		work->report->sweep = sbk_report_new("final sweep");
	if (rc == 0 && work->report->sweep == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = run(&s, found_rest, work->report->sweep, err);
	if (rc == 0)
		rc = say_limits(work->report, err);
	if (rc == 0)
		rc = judge(work->report, err);
	if (rc == 0 && work->report->older > 0)
		rc = sbk_uninstall_except(
			work->report, false, err,
			"%llu places had one of the numbers before Sandbook "
			"chose it and were left as they are",
			(unsigned long long)work->report->older);
	if (rc == 0 && skip->count > 0)
		rc = sbk_uninstall_except(work->report, false, err,
					  "not examined, by choice: '%s'%s",
					  skip->items[0],
					  skip->count > 1 ? " and more" : "");
out:
	sweep_release(&s);
	return rc;
}
