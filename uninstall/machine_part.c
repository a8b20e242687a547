/*
 * Root's part: the steps in their order (uninstall.h), and those that need
 * nothing but the machine journal.
 *
 * Invariants:
 *  1. The machine journal goes last, after the certificate is durable, and
 *     only when nothing is owed.
 *  2. What is owed never stops a step from being taken for the others.
 *  3. A step can be repeated: whatever a killed run had done, the next one
 *     begins at step 1 and comes to the same end.
 */
#include "uninstall/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/path.h"
#include "engine/plan_setup.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 10000

typedef int step_fn(struct sbk_uninstall_work *work, struct sbk_error *err);

/* --- 1: the journal ------------------------------------------------------ */

/* Where the log is as it was written it is gone by, and not by what somebody
 * made of its tables; and it was told. */
static int trust_record(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	bool rebuilt = false;
	int rc = 0;

	if (!work->request->dry_run)
		rc = sbk_journal_rebuild(work->journal, &rebuilt, err);
	if (rc == 0 && rebuilt)
		return sbk_uninstall_except(
			work->report, false, err,
			"the machine journal's tables had been altered, and "
			"its log had not: they were made anew from it");
	sbk_journal_trust(work->journal);
	return rc;
}

/* Before the first step that acts on what it says. */
static int check_record(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	int rc = 0;

	if (work->request->trust_journal)
		rc = trust_record(work, err);
	if (rc == 0)
		rc = sbk_journal_check(work->journal, err);
	if (rc == SBK_E_CORRUPT)
		(void)sbk_error_prefix(err, "nothing was undone, which "
					    "--" SBK_TRUST_OPTION
					    " does all the same");
	return rc;
}

static int open_journal(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	const bool dry = work->request->dry_run;
	const enum sbk_journal_mode mode = dry ? SBK_JOURNAL_READ
					   : work->request->trust_journal
						   ? SBK_JOURNAL_TRUST
						   : SBK_JOURNAL_WRITE;
	size_t settled;
	int rc = sbk_journal_place_machine(&work->place, err);

	if (rc == 0)
		rc = sbk_journal_open(&work->place, mode, &work->journal, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		/* Or a removal was cut short: the rest of it. */
		return dry ? 0 : sbk_journal_remove(&work->place, err);
	}
	if (rc < 0)
		return rc;
	work->report->installed = true;
	if (!dry)
		rc = sbk_journal_lock(work->journal, LOCK_WAIT_MS, err);
	if (rc == 0)
		rc = check_record(work, err);
	if (rc == 0 && !dry)
		rc = sbk_journal_recover(work->journal, &work->backend,
					 &settled, err);
	return rc;
}

/* --- 2: people's logs, while they are there ------------------------------ */

static int keep_witnessed(void *arg, const struct sbk_witness_news *news,
			  struct sbk_error *err)
{
	struct sbk_uninstall_work *work = arg;
	struct sbk_uninstall_report *report = work->report;
	struct sbk_uninstall_witnessed *grown, *one;
	uint64_t seconds;

	if (news->finding &&
	    sbk_uninstall_except(report, false, err, "the log of '%s': %s",
				 news->name, news->text) < 0)
		return SBK_E_NOMEM;
	grown = realloc(report->witnessed,
			(report->witnessed_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	report->witnessed = grown;
	one = &grown[report->witnessed_count++];
	*one = (struct sbk_uninstall_witnessed){.id = news->person,
						.note = SBK_BUF_INIT};
	(void)snprintf(one->found, sizeof(one->found), "%s", news->found);
	/* Where nothing was ever seen, or it is not cosigned, there is none. */
	(void)sbk_journal_witness_note(work->journal, &news->person, &one->note,
				       &seconds, NULL);
	return 0;
}

static int witness_people(struct sbk_uninstall_work *work,
			  struct sbk_error *err)
{
	const bool record = !work->request->dry_run;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = sbk_journal_witness(work->journal, record, keep_witnessed, work,
				 &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	/* A full volume, say. It is worth a line and never an uninstall. */
	return rc == 0 ? 0
		       : sbk_uninstall_except(work->report, false, err,
					      "not all logs of people were "
					      "looked at: %s",
					      why.message);
}

/* --- 3: nobody logs on any more, and processes --------------------------- */

static int load(struct sbk_uninstall_work *work, const char *kind,
		struct sbk_plan **out, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.unsettled = true,
						  .kind = kind};
	struct sbk_plan *changes = sbk_plan_new();
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_journal_load(work->journal, &filter, changes, err);
	if (rc < 0) {
		sbk_plan_free(changes);
		return rc;
	}
	*out = changes;
	return 0;
}

/* Where accounts have passwords (Windows), they are disabled before all else:
 * what is swept out later would be made anew by whoever still logs on. What
 * stays is owed, and said with the other changes. */
static int disable_accounts(struct sbk_uninstall_work *work,
			    struct sbk_error *err)
{
	struct sbk_apply_result result = {0};
	struct sbk_plan *changes = NULL;
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = load(work, sbk_kind_name(SBK_KIND_LOGON), &changes, err);
	if (rc == 0 && sbk_plan_count(changes) > 0)
		rc = sbk_journal_undo(work->journal, &work->backend,
				      "uninstall: disable", changes, &result,
				      err);
	sbk_plan_free(changes);
	return rc;
}

static int end_processes(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_uninstall_report *report = work->report;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < report->principal_count; i++) {
		struct sbk_uninstall_principal *item = &report->principals[i];
		struct sbk_error why = SBK_ERROR_INIT;

		if (item->foreign || work->journal == NULL)
			continue;
		if (sbk_os_end_processes(item->principal.id, &item->processes,
					 &why) < 0)
			rc = sbk_uninstall_except(report, true, err, "%s",
						  why.message);
	}
	return rc;
}

/* --- 7: the machine's own changes ---------------------------------------- */

static int undo_machine(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_apply_result result = {0};
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_plan *changes = NULL;
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = load(work, NULL, &changes, err);
	if (rc == 0 && sbk_plan_count(changes) > 0)
		rc = sbk_journal_undo(work->journal, &work->backend,
				      "uninstall", changes, &result, err);
	if (rc == 0 && sbk_plan_count(changes) > 0 &&
	    sbk_setup_reload(&why) < 0)
		rc = sbk_uninstall_except(work->report, false, err,
					  "the service manager was not told: "
					  "%s",
					  why.message);
	sbk_plan_free(changes);
	return rc;
}

static int show_machine(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_plan *changes = NULL;
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = load(work, NULL, &changes, err);
	if (rc == 0)
		rc = sbk_journal_plan_undo(work->journal, &work->backend,
					   changes, work->report->record, err);
	sbk_plan_free(changes);
	return rc;
}

/* --- 9: what the record says --------------------------------------------- */

/*
 * What setup and its like changed. Entries that a sweep found go forward only:
 * whether one is left is the final sweep's to say, not a record's, which may be
 * of an earlier uninstall.
 */
static int say_unsettled(struct sbk_uninstall_report *report,
			 struct sbk_plan *unsettled, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(unsettled); i++) {
		const struct sbk_change *change = sbk_plan_at(unsettled, i);

		if (change->status == SBK_STATUS_CONFLICT ||
		    change->status == SBK_STATUS_OWED)
			rc = sbk_uninstall_except_change(
				report, change,
				change->status == SBK_STATUS_OWED, err);
	}
	return rc;
}

static bool holds(struct sbk_plan *plan, uint64_t id)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(plan); i++)
		if (sbk_plan_at(plan, i)->id == id)
			return true;
	return false;
}

/* What setup changed has been taken back by a change of its own; what a sweep
 * took out goes forward only. */
static bool is_inverted(struct sbk_plan *record, uint64_t id)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(record); i++)
		if (sbk_plan_at(record, i)->undoes == id)
			return true;
	return false;
}

/* Whether the final sweep cannot have met it: it is away, or was left out. */
static bool is_unmet(const struct sbk_uninstall_work *work, const char *path)
{
	const struct sbk_list *skip = &work->request->skip;
	struct sbk_file file;
	size_t i;

	for (i = 0; i < skip->count; i++)
		if (sbk_path_within(path, skip->items[i]))
			return true;
	return sbk_os_look(path, &file, NULL) < 0;
}

/*
 * An entry that a sweep found, and that was not taken out, on what the final
 * one has not met: it may be on a volume that is away by now.
 */
static int say_unmet(struct sbk_uninstall_work *work,
		     struct sbk_plan *unsettled, struct sbk_error *err)
{
	struct sbk_plan *record = work->report->record;
	const char *first = NULL;
	size_t i, count = 0;

	for (i = 0; i < sbk_plan_count(record); i++) {
		const struct sbk_change *change = sbk_plan_at(record, i);

		if (change->object.kind != SBK_KIND_ACCESS ||
		    change->undoes != 0 || holds(unsettled, change->id))
			continue;
		if (!work->report->names_paths)
			work->report->names_paths =
				!is_inverted(record, change->id);
		if (change->status != SBK_STATUS_OWED ||
		    !is_unmet(work, change->object.name))
			continue;
		first = count++ == 0 ? change->object.name : first;
	}
	return count == 0 ? 0
			  : sbk_uninstall_except(
				    work->report, false, err,
				    "an entry of a sandbox account that could "
				    "not be taken out was not looked for "
				    "again, since its object is away or left "
				    "out: '%s'%s",
				    first, count > 1 ? " and more" : "");
}

static int say_owed(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_uninstall_report *report = work->report;
	const uint64_t *counts = report->counts;
	const uint64_t owed = counts[SBK_STATUS_PREPARED] +
			      counts[SBK_STATUS_CONFIRMED] +
			      counts[SBK_STATUS_OWED];
	struct sbk_plan *unsettled = NULL;
	int rc = 0;

	if (owed > 0)
		rc = sbk_uninstall_except(report, true, err,
					  "%llu %s of the machine %s owed",
					  (unsigned long long)owed,
					  sbk_plural(owed, "change", "changes"),
					  sbk_plural(owed, "is", "are"));
	if (rc == 0)
		rc = load(work, NULL, &unsettled, err);
	if (rc == 0)
		rc = say_unsettled(report, unsettled, err);
	if (rc == 0)
		rc = say_unmet(work, unsettled, err);
	sbk_plan_free(unsettled);
	return rc;
}

static void hexadecimal(const unsigned char *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * size] = '\0';
}

static int read_record(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	const struct sbk_journal_filter everything = {.unsettled = false};
	struct sbk_uninstall_report *report = work->report;
	struct sbk_journal_verdict verdict = {.text = SBK_BUF_INIT};
	int rc;

	if (work->journal == NULL)
		return 0;
	rc = sbk_journal_count(work->journal, report->counts, err);
	if (rc == 0)
		rc = sbk_journal_load(work->journal, &everything,
				      report->record, err);
	if (rc == 0)
		rc = sbk_journal_verify(work->journal, &verdict, err);
	if (rc == 0) {
		report->journal_size = verdict.entries;
		hexadecimal(verdict.root, sizeof(verdict.root),
			    report->journal_root);
		if (verdict.findings > 0)
			rc = sbk_uninstall_except(
				report, !work->request->trust_journal, err,
				"the machine journal is not what its log says "
				"(%zu %s), as 'sandbook journal verify "
				"--machine' shows",
				verdict.findings,
				sbk_plural(verdict.findings, "finding",
					   "findings"));
	}
	sbk_journal_verdict_release(&verdict);
	return rc == 0 ? say_owed(work, err) : rc;
}

/* What signs it must be known before it is written: it says so itself. */
static int find_signer(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_uninstall_report *report = work->report;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = 0;

	if (sbk_journal_signing_key(work->journal, report->key, &why) < 0) {
		report->key[0] = '\0';
		rc = sbk_uninstall_except(report, false, err,
					  "the certificate is not signed: %s",
					  why.message);
	}
	if (rc == 0 && sbk_journal_anchor(work->journal, &why) < 0)
		rc = sbk_uninstall_except(report, false, err,
					  "the log's last checkpoint was not "
					  "anchored: %s",
					  why.message);
	if (rc == 0 && sbk_journal_checkpoint(work->journal,
					      &report->checkpoint, NULL) < 0)
		sbk_buf_clear(&report->checkpoint); /* a log without one */
	return rc;
}

static int write_certificate(struct sbk_uninstall_work *work,
			     struct sbk_error *err)
{
	struct sbk_buf body = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_person owner;
	int rc;

	work->report->ended_ms = sbk_os_now_ms();
	if (work->journal == NULL || work->request->certificate == NULL)
		return 0;
	rc = sbk_os_invoking_person(&owner, err);
	if (rc == 0)
		rc = find_signer(work, err);
	if (rc == 0) {
		sbk_certificate_print(work->report, &body);
		rc = sbk_journal_envelope(work->journal,
					  SBK_CERTIFICATE_PAYLOAD, &body, &text,
					  err);
	}
	if (rc == 0)
		rc = sbk_os_new_file_make(work->request->certificate, text.data,
					  text.size, &owner,
					  work->report->names_paths, err);
	sbk_buf_release(&body);
	sbk_buf_release(&text);
	return rc;
}

static int gather(void *arg, const struct sbk_buf *chunk, struct sbk_error *err)
{
	struct sbk_buf *out = arg;

	sbk_buf_add(out, chunk->data, chunk->size);
	return sbk_buf_failed(out, err);
}

/* The log beside the certificate, whose subject is its root. */
static int export_log(struct sbk_uninstall_work *work, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_person owner;
	int rc;

	if (work->journal == NULL || work->request->log == NULL)
		return 0;
	rc = sbk_os_invoking_person(&owner, err);
	if (rc == 0)
		rc = sbk_journal_export(work->journal, gather, &text, err);
	if (rc == 0)
		rc = sbk_os_new_file_make(
			work->request->log, sbk_buf_text(&text), text.size,
			&owner, work->report->names_paths, err);
	sbk_buf_release(&text);
	return rc;
}

/* --- 10: the end --------------------------------------------------------- */

static int remove_journal(struct sbk_uninstall_work *work,
			  struct sbk_error *err)
{
	int rc;

	if (work->journal == NULL ||
	    sbk_uninstall_verdict(work->report) == SBK_VERDICT_INCOMPLETE)
		return 0;
	sbk_journal_close(work->journal);
	work->journal = NULL;
	rc = sbk_journal_remove(&work->place, err);
	work->report->removed = rc == 0;
	return rc;
}

/* `reaches`: this step, and no other, sees what its owner hides from
 * administrators. What a sweep cannot see would be owed for ever. */
struct step {
	step_fn *run;
	bool reaches;
};

static const struct step steps[] = {
	{open_journal, true}, /* which recovers a sweep that was cut short */
	{sbk_uninstall_find_principals, false},
	{witness_people, false},
	{disable_accounts, false},
	{end_processes, false},
	{sbk_uninstall_take_profiles, false}, /* sees to it itself */
	{sbk_uninstall_visit_people, false},
	{sbk_uninstall_restore_residue, true},
	{sbk_uninstall_revisit_people, false},
	{undo_machine, false},
	{sbk_uninstall_final_sweep, true},
	{read_record, false},
	{export_log, false},
	{write_certificate, false},
	{remove_journal, false},
	{NULL, false},
};

static const struct step dry_steps[] = {
	{open_journal, false},
	{sbk_uninstall_find_principals, false},
	{sbk_uninstall_show_profiles, false},
	{sbk_uninstall_visit_people, false},
	{sbk_uninstall_restore_residue, true},
	{show_machine, false},
	{NULL, false},
};

static int take_step(const struct step *step, struct sbk_uninstall_work *work,
		     struct sbk_error *err)
{
	const unsigned begun = step->reaches ? sbk_os_reach_begin() : 0;
	int rc = step->run(work, err);
	/* With more than it needs nothing is done next. */
	const int end = sbk_os_reach_end(begun, rc == 0 ? err : NULL);

	return rc == 0 ? end : rc;
}

int sbk_uninstall_machine(const struct sbk_uninstall_request *request,
			  struct sbk_uninstall_report *report,
			  struct sbk_error *err)
{
	struct sbk_uninstall_work work = {.request = request, .report = report};
	const struct step *step = request->dry_run ? dry_steps : steps;
	int rc = sbk_os_backend(&work.backend, err);

	report->dry_run = request->dry_run;
	for (; rc == 0 && step->run != NULL; step++)
		rc = take_step(step, &work, err);
	sbk_journal_close(work.journal);
	sbk_backend_close(&work.backend);
	return rc;
}
