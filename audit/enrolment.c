/*
 * Findings about the identity surface. Which bit is known is a question of
 * identity: a copy of the program at the recorded path is another program.
 */
#include "audit/enrolment.h"

#include <stdio.h>
#include <string.h>

#include "audit/subjects.h"
#include "engine/enrolment.h"
#include "engine/json.h"
#include "engine/limits.h"

#include "engine/banned.h"

struct reading {
	struct sbk_report *report;
	bool rights;
};

/* By kind of flaw. */
static const struct {
	const char *rule;
	bool is_right; /* gives somebody else what a principal of ours has */
} flaws[] = {
	[SBK_ENROLMENT_LINE] = {"enrolment.line", true},
	[SBK_ENROLMENT_MEMBER] = {"enrolment.member", true},
	[SBK_ENROLMENT_NUMBER] = {"enrolment.number", true},
	[SBK_ENROLMENT_DIGITS] = {"enrolment.digits", true},
	[SBK_ENROLMENT_PERSON] = {"enrolment.person", false},
	[SBK_ENROLMENT_GROUP] = {"enrolment.group", false},
	[SBK_ENROLMENT_RIGHT] = {"enrolment.right", false},
	[SBK_ENROLMENT_COPY] = {"enrolment.copy", false},
};

static int found(void *arg, const struct sbk_enrolment_flaw *flaw,
		 struct sbk_error *err)
{
	const struct reading *reading = arg;
	char label[SBK_NAME_MAX + SBK_PRINCIPAL_TEXT + 8];
	const struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = flaws[flaw->kind].rule,
		.object = flaw->object,
		.principal = label,
		.text = flaw->text,
		.remedy = flaw->remedy,
		.objects = 1,
	};

	if (reading->rights && !flaws[flaw->kind].is_right)
		return 0;
	sbk_subject_label(flaw->principal->id, flaw->principal->name, label,
			  sizeof(label));
	return sbk_report_add(reading->report, &finding, err);
}

static int missed(void *arg, const char *place, const char *why,
		  struct sbk_error *err)
{
	const struct reading *reading = arg;

	return sbk_report_missed(reading->report, place, why, err);
}

int sbk_audit_enrolment(bool rights, struct sbk_report *report,
			struct sbk_error *err)
{
	struct reading reading = {.report = report, .rights = rights};
	const struct sbk_enrolment_reader reader = {
		.found = found, .missed = missed, .arg = &reading};
	size_t count;
	int rc = sbk_enrolment_check(&reader, &count, err);

	if (rc == 0)
		sbk_report_coverage(report)->examined += count;
	return rc;
}

/* --- who may log on ---------------------------------------------------- */

/* Whether a change of the machine's that stands is about this logon: then it is
 * compared like any other object (drift.h). */
static bool is_enabled_by_record(const struct sbk_records *records,
				 const char *id)
{
	size_t book, i;

	for (book = 0; book < records->count; book++) {
		struct sbk_plan *standing = records->books[book].standing;

		if (!records->books[book].machine)
			continue;
		for (i = 0; i < sbk_plan_count(standing); i++) {
			const struct sbk_change *change =
				sbk_plan_at(standing, i);

			if (change->object.kind == SBK_KIND_LOGON &&
			    strcmp(change->object.name, id) == 0)
				return true;
		}
	}
	return false;
}

static int tell_enabled(const struct sbk_principal *principal,
			struct sbk_report *report, struct sbk_error *err)
{
	char label[SBK_NAME_MAX + SBK_PRINCIPAL_TEXT + 8];
	char remedy[SBK_PRINCIPAL_TEXT + 80];
	const struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = "enrolment.enabled",
		.object = principal->name,
		.principal = label,
		.text = "it is enabled, and no change of the machine's journal "
			"enabled it: whoever sets its password can log on as "
			"it",
		.remedy = remedy,
		.objects = 1,
	};

	sbk_subject_label(principal->id, principal->name, label, sizeof(label));
	(void)snprintf(remedy, sizeof(remedy),
		       "in an elevated PowerShell: Disable-LocalUser -SID %s",
		       principal->id);
	return sbk_report_add(report, &finding, err);
}

static int look_at_logon(const struct sbk_backend *backend,
			 const struct sbk_principal *principal,
			 struct sbk_report *report, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_LOGON,
					  .name = principal->id};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_backend_observe(backend, &object, &seen, &why);

	if (rc < 0) {
		rc = sbk_report_missed(report, principal->name, why.message,
				       err);
	} else {
		sbk_report_coverage(report)->examined++;
		if (!sbk_state_absent(sbk_observation_state(&seen)))
			rc = tell_enabled(principal, report, err);
	}
	sbk_observation_release(&seen);
	return rc;
}

static bool has_machine_book(const struct sbk_records *records)
{
	size_t i = 0;

	while (i < records->count && !records->books[i].machine)
		i++;
	return i < records->count;
}

int sbk_audit_logons(const struct sbk_backend *backend,
		     const struct sbk_records *records,
		     struct sbk_report *report, struct sbk_error *err)
{
	struct sbk_principals ours = {.items = NULL};
	size_t i;
	int rc;

	/* Elsewhere nobody logs on as one; and without the journal it is not
	 * known what it says, which is told. */
	if (!sbk_backend_has_descriptors(backend) || !has_machine_book(records))
		return 0;
	rc = sbk_principals_find(&ours, err);
	for (i = 0; rc == 0 && i < ours.count; i++)
		if (sbk_principal_is_account(&ours.items[i]) &&
		    !is_enabled_by_record(records, ours.items[i].id))
			rc = look_at_logon(backend, &ours.items[i], report,
					   err);
	sbk_principals_release(&ours);
	return rc;
}

/* --- the set-id bit ------------------------------------------------------- */

/* Whether a standing change of the machine gave this very object its bit. */
static bool is_recorded(const struct sbk_records *records, const char *identity)
{
	size_t book, i;

	for (book = 0; book < records->count; book++) {
		struct sbk_plan *standing = records->books[book].standing;

		if (!records->books[book].machine)
			continue;
		for (i = 0; i < sbk_plan_count(standing); i++) {
			const struct sbk_change *change =
				sbk_plan_at(standing, i);

			if (change->object.kind == SBK_KIND_ACCESS &&
			    change->object.identity != NULL &&
			    strcmp(change->object.identity, identity) == 0 &&
			    sbk_enrolment_has_bit(change->after))
				return true;
		}
	}
	return false;
}

static int tell_unknown(struct sbk_report *report, const char *path,
			struct sbk_error *err)
{
	struct sbk_buf remedy = SBK_BUF_INIT;
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = "enrolment.bit",
		.object = path,
		.text = "has a set-id bit that the machine's journal does not "
			"know: whose program it is, and who gave it root's "
			"rights, is not on record",
		.objects = 1,
	};
	int rc;

	sbk_buf_adds(&remedy, "sudo chmod u-s ");
	sbk_text_quote(&remedy, path);
	sbk_buf_adds(&remedy, " && sudo sandbook setup --upgrade");
	rc = sbk_buf_failed(&remedy, err);
	finding.remedy = sbk_buf_text(&remedy);
	if (rc == 0)
		rc = sbk_report_add(report, &finding, err);
	sbk_buf_release(&remedy);
	return rc;
}

static int look_at_program(const struct sbk_backend *backend,
			   const struct sbk_records *records, const char *path,
			   struct sbk_report *report, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_backend_observe(backend, &object, &seen, &problem);

	if (rc == SBK_E_NOTFOUND)
		rc = 0;
	else if (rc < 0)
		rc = sbk_report_missed(report, path, problem.message, err);
	else if (sbk_enrolment_has_bit(sbk_observation_state(&seen)) &&
		 !is_recorded(records, sbk_buf_text(&seen.identity)))
		rc = tell_unknown(report, path, err);
	sbk_observation_release(&seen);
	return rc;
}

/* Where the book gave one. */
static int look_at_book(const struct sbk_backend *backend,
			const struct sbk_records *records, size_t book,
			const char *own, struct sbk_report *report,
			struct sbk_error *err)
{
	struct sbk_plan *standing = records->books[book].standing;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(standing); i++) {
		const struct sbk_change *change = sbk_plan_at(standing, i);

		if (change->object.kind == SBK_KIND_ACCESS &&
		    sbk_enrolment_has_bit(change->after) &&
		    strcmp(change->object.name, own) != 0)
			rc = look_at_program(backend, records,
					     change->object.name, report, err);
	}
	return rc;
}

int sbk_audit_set_id(const struct sbk_backend *backend,
		     const struct sbk_records *records,
		     struct sbk_report *report, struct sbk_error *err)
{
	char own[SBK_PATH_MAX];
	size_t book;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_enrolment_program(own, sizeof(own), &why);

	if (rc == SBK_E_NOTFOUND)
		return 0; /* nor has anything else such a bit here */
	if (rc < 0)
		return sbk_error_set(err, rc, "%s", why.message);
	rc = look_at_program(backend, records, own, report, err);
	for (book = 0; rc == 0 && book < records->count; book++)
		if (records->books[book].machine)
			rc = look_at_book(backend, records, book, own, report,
					  err);
	return rc;
}
