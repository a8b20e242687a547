/*
 * Steps 4 and 6: each person's own part, done by that person. Root reads no
 * home and opens no journal here; it starts errands (engine/os_admin.h) and
 * counts what they say.
 */
#include "uninstall/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/os_census.h"

#include "engine/banned.h"

struct visitor {
	struct sbk_uninstall_work *work;
	bool enrolled; /* this pass is for them, or for the others */
	struct sbk_owner *seen;
	size_t seen_count;
};

static bool is_enrolled(const struct sbk_uninstall_report *report,
			const struct sbk_owner *id)
{
	size_t i;

	for (i = 0; i < report->principal_count; i++)
		if (sbk_principal_is_account(
			    &report->principals[i].principal) &&
		    sbk_owner_equal(&report->principals[i].principal.person,
				    id))
			return true;
	return false;
}

/* An account of ours keeps no journal; nobody becomes one here. */
static bool is_ours(const struct sbk_uninstall_report *report,
		    const struct sbk_owner *id)
{
	size_t i;

	for (i = 0; i < report->principal_count; i++)
		if (sbk_principal_is_account(
			    &report->principals[i].principal) &&
		    sbk_owner_equal(&report->principals[i].principal.owner, id))
			return true;
	return false;
}

/* By who it is: a name may be written in several ways. */
static bool is_left(const struct sbk_uninstall_request *request,
		    const struct sbk_person *person)
{
	struct sbk_person named;
	size_t i;

	for (i = 0; i < request->leave.count; i++)
		if (strcmp(request->leave.items[i], person->name) == 0 ||
		    (sbk_os_person_by_name(request->leave.items[i], &named,
					   NULL) == 0 &&
		     sbk_owner_equal(&named.id, &person->id)))
			return true;
	return false;
}

/* Two accounts of one number are one person; true the second time. */
static int seen_before(struct visitor *v, const struct sbk_owner *id, bool *out,
		       struct sbk_error *err)
{
	struct sbk_owner *grown;
	size_t i;

	*out = true;
	for (i = 0; i < v->seen_count; i++)
		if (sbk_owner_equal(&v->seen[i], id))
			return 0;
	*out = false;
	grown = realloc(v->seen, (v->seen_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	v->seen = grown;
	v->seen[v->seen_count++] = *id;
	return 0;
}

static void fail(struct sbk_user_part *part, int rc, const char *why)
{
	memset(part, 0, sizeof(*part));
	part->format = SBK_USER_PART_FORMAT;
	part->found = 1;
	part->error = rc;
	(void)snprintf(part->message, sizeof(part->message), "%.255s", why);
}

/* That the journal is not there any more is no finding of the witness: its end
 * was shown to whoever had it removed. Where that is not so, it is one. */
static void take_end(struct sbk_uninstall_work *work,
		     const struct sbk_person *person,
		     const struct sbk_user_answer *answer)
{
	struct sbk_uninstall_report *report = work->report;
	struct sbk_error ignored = SBK_ERROR_INIT;
	uint64_t seconds;
	size_t i;

	if (!answer->part.removed || work->journal == NULL ||
	    work->request->dry_run ||
	    sbk_journal_witness_end(work->journal, &person->id, answer->end,
				    strnlen(answer->end, SBK_USER_END_MAX),
				    &ignored) < 0)
		return;
	for (i = 0; i < report->witnessed_count; i++) {
		struct sbk_uninstall_witnessed *one = &report->witnessed[i];

		if (!sbk_owner_equal(&one->id, &person->id))
			continue;
		(void)snprintf(one->found, sizeof(one->found), "ended");
		sbk_buf_clear(&one->note);
		/* It was recorded a moment ago; where that could not be
		 * cosigned, there is none. */
		(void)sbk_journal_witness_note(work->journal, &one->id,
					       &one->note, &seconds, &ignored);
	}
}

static void send(struct sbk_uninstall_work *work,
		 const struct sbk_person *person, struct sbk_user_part *part)
{
	struct sbk_user_answer *answer = calloc(1, sizeof(*answer));
	char since[24], key[SBK_KEY_TEXT_MAX];
	const char *words[10] = {"uninstall", "--user-only",
				 "--" SBK_ERRAND_OPTION};
	struct sbk_error why = SBK_ERROR_INIT;
	uint64_t entries = 0;
	size_t used = 3;
	int rc;

	if (work->request->dry_run)
		words[used++] = "--dry-run";
	if (work->request->trust_journal)
		words[used++] = "--" SBK_TRUST_OPTION;
	if (work->journal != NULL &&
	    sbk_journal_witness_seen(work->journal, &person->id, &entries, key,
				     &why) == 0) {
		(void)snprintf(since, sizeof(since), "%llu",
			       (unsigned long long)entries);
		words[used++] = "--" SBK_SEEN_OPTION;
		words[used++] = since;
		words[used++] = "--" SBK_SEEN_KEY_OPTION;
		words[used++] = key;
	}
	sbk_error_clear(&why);
	rc = answer == NULL
		     ? sbk_error_no_memory(&why)
		     : sbk_os_run_as(person, words, work->request->person_ms,
				     answer, sizeof(*answer), &why);
	if (rc == 0) {
		sbk_user_part_sanitize(&answer->part);
		take_end(work, person, answer);
		*part = answer->part;
	} else if (rc == SBK_E_NOTFOUND) {
		/* That person keeps nothing: there is nobody to ask. */
		memset(part, 0, sizeof(*part));
		part->format = SBK_USER_PART_FORMAT;
	} else {
		fail(part, rc, why.message);
	}
	free(answer);
}

static int keep(struct sbk_uninstall_report *report,
		const struct sbk_uninstall_person *person,
		struct sbk_error *err)
{
	const size_t count = report->person_count;
	struct sbk_uninstall_person *grown =
		realloc(report->people, (count + 1) * sizeof(*grown));

	if (grown == NULL)
		return sbk_error_no_memory(err);
	report->people = grown;
	grown[count] = *person;
	report->person_count++;
	return 0;
}

static bool is_news(const struct sbk_user_part *part, bool enrolled)
{
	return part->found || part->error != 0 || (enrolled && part->homeless);
}

static int visit(void *arg, const struct sbk_person *person,
		 struct sbk_error *err)
{
	struct visitor *v = arg;
	struct sbk_uninstall_report *report = v->work->report;
	struct sbk_uninstall_person one = {.person = *person};
	bool enrolled = is_enrolled(report, &person->id), before;
	int rc;

	if (enrolled != v->enrolled || is_ours(report, &person->id))
		return 0;
	rc = seen_before(v, &person->id, &before, err);
	if (rc < 0 || before)
		return rc;
	if (is_left(v->work->request, person)) {
		one.left = true;
		return keep(report, &one, err);
	}
	send(v->work, person, &one.part);
	if (enrolled && !one.part.found && one.part.error == 0) {
		rc = sbk_plan_add_note(
			report->limits, err,
			"'%s' has no journal (never begun, removed by an "
			"uninstall, or lost): what that person may have "
			"granted to others was not looked for",
			person->name);
		if (rc < 0)
			return rc;
	}
	return is_news(&one.part, enrolled) ? keep(report, &one, err) : 0;
}

int sbk_uninstall_visit_people(struct sbk_uninstall_work *work,
			       struct sbk_error *err)
{
	struct visitor v = {.work = work, .enrolled = true};
	int rc = sbk_os_people(visit, &v, err);

	v.enrolled = false;
	if (rc == 0)
		rc = sbk_os_people(visit, &v, err);
	free(v.seen);
	return rc;
}

/* --- the second visit ---------------------------------------------------- */

/* Nor will it be done, from here. */
static int say_waits(struct sbk_uninstall_report *report,
		     const struct sbk_uninstall_person *one,
		     struct sbk_error *err)
{
	report->waiting++;
	report->waits_for = one->person.name;
	return sbk_uninstall_except(report, true, err,
				    "the part of '%s' could not be done: %s; "
				    "or leave it with --leave '%s'",
				    one->person.name, one->part.message,
				    one->person.name);
}

static int say(struct sbk_uninstall_report *report,
	       const struct sbk_uninstall_person *one, struct sbk_error *err)
{
	const struct sbk_user_part *part = &one->part;
	const char *name = one->person.name;

	if (one->left)
		return sbk_uninstall_except(
			report, false, err,
			"the journal of '%s' was left alone by choice", name);
	if (part->altered) {
		const int rc = sbk_uninstall_except(
			report, false, err,
			part->altered == SBK_USER_REBUILT
				? "the tables of the journal of '%s' had been "
				  "altered, and its log had not: they were "
				  "made anew from it"
				: "the journal of '%s' was not what its log "
				  "says: what it no longer said was not "
				  "undone by it",
			name);

		if (rc < 0)
			return rc;
	}
	if (part->error == SBK_E_UNSUPPORTED)
		return say_waits(report, one, err);
	if (part->error != 0)
		return sbk_uninstall_except(
			report, true, err,
			"the part of '%s' could not be done: %s", name,
			part->message);
	if (part->homeless)
		return sbk_uninstall_except(
			report, true, err,
			"the home of '%s' ('%s') is not there; mount it, or "
			"leave it with --leave '%s'",
			name, one->person.home, name);
	if (part->owed > 0)
		return sbk_uninstall_except(
			report, true, err,
			"%llu %s of '%s' %s in that journal; 'sandbook journal "
			"log' tells which",
			(unsigned long long)part->owed,
			sbk_plural(part->owed, "change", "changes"), name,
			sbk_plural(part->owed, "is owed and stays",
				   "are owed and stay"));
	if (part->conflicts > 0)
		return sbk_uninstall_except(
			report, false, err,
			"%llu %s of '%s' that others had changed %s left",
			(unsigned long long)part->conflicts,
			sbk_plural(part->conflicts, "entry", "entries"), name,
			sbk_plural(part->conflicts, "was", "were"));
	return 0;
}

int sbk_uninstall_revisit_people(struct sbk_uninstall_work *work,
				 struct sbk_error *err)
{
	struct sbk_uninstall_report *report = work->report;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < report->person_count; i++) {
		struct sbk_uninstall_person *one = &report->people[i];
		const uint64_t changes = one->part.changes;
		const uint64_t undone = one->part.undone;

		/* One who hung is not waited for again. */
		if (!work->request->dry_run && !one->left &&
		    one->part.error == 0 && one->part.owed > 0) {
			send(work, &one->person, &one->part);
			one->part.changes = changes;
			one->part.undone += undone;
		}
		if (!work->request->dry_run)
			rc = say(report, one, err);
	}
	return rc;
}
