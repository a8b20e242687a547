/*
 * The report of an uninstall: what each step found and did, and the verdict
 * that follows from it. Prints it for people; changes nothing.
 */
#include "uninstall/uninstall.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/json.h"

#include "engine/banned.h"

struct sbk_uninstall_report *sbk_uninstall_report_new(void)
{
	struct sbk_uninstall_report *report = calloc(1, sizeof(*report));

	if (report == NULL)
		return NULL;
	report->record = sbk_plan_new();
	report->exceptions = sbk_plan_new();
	report->limits = sbk_plan_new();
	if (report->record == NULL || report->exceptions == NULL ||
	    report->limits == NULL) {
		sbk_uninstall_report_free(report);
		return NULL;
	}
	report->begun_ms = sbk_os_now_ms();
	return report;
}

void sbk_uninstall_report_free(struct sbk_uninstall_report *report)
{
	size_t i;

	if (report == NULL)
		return;
	for (i = 0; i < report->witnessed_count; i++)
		sbk_buf_release(&report->witnessed[i].note);
	free(report->witnessed);
	sbk_buf_release(&report->checkpoint);
	free(report->principals);
	free(report->people);
	sbk_plan_free(report->record);
	sbk_plan_free(report->exceptions);
	sbk_plan_free(report->limits);
	sbk_report_free(report->sweep);
	free(report);
}

int sbk_uninstall_except(struct sbk_uninstall_report *report, bool owed,
			 struct sbk_error *err, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report->owed += owed;
	return sbk_plan_add_note(report->exceptions, err, "%s", text);
}

int sbk_uninstall_except_change(struct sbk_uninstall_report *report,
				const struct sbk_change *change, bool owed,
				struct sbk_error *err)
{
	return sbk_uninstall_except(
		report, owed, err, "%s '%s': %s",
		sbk_kind_name(change->object.kind), change->object.name,
		change->note != NULL ? change->note : "left as it is");
}

enum sbk_verdict
sbk_uninstall_verdict(const struct sbk_uninstall_report *report)
{
	if (report->owed > 0)
		return SBK_VERDICT_INCOMPLETE;
	return sbk_plan_note_count(report->exceptions) > 0
		       ? SBK_VERDICT_CLEAN_BUT
		       : SBK_VERDICT_CLEAN;
}

const char *sbk_verdict_text(enum sbk_verdict verdict)
{
	static const char *const texts[] = {"clean", "clean but", "incomplete"};

	return texts[verdict];
}

/* --- for people ---------------------------------------------------------- */

static void print_principals(const struct sbk_uninstall_report *report,
			     struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < report->principal_count; i++) {
		const struct sbk_uninstall_principal *item =
			&report->principals[i];

		sbk_buf_printf(out, "%-12s %s (%s)",
			       sbk_principal_role_name(item->principal.role),
			       item->principal.name, item->principal.id);
		if (item->processes > 0)
			sbk_buf_printf(out, ", %zu %s ended", item->processes,
				       sbk_plural(item->processes, "process",
						  "processes"));
		if (item->foreign)
			sbk_buf_adds(out, ", somebody else's number now");
		sbk_buf_addc(out, '\n');
	}
}

static void print_person(const struct sbk_uninstall_person *one,
			 struct sbk_buf *out)
{
	const struct sbk_user_part *part = &one->part;

	sbk_buf_printf(out, "%-12s ", "user");
	sbk_text_escape(out, one->person.name);
	if (one->left)
		sbk_buf_adds(out, ": left alone");
	else if (part->error != 0)
		sbk_buf_adds(out, ": not done");
	else if (part->homeless)
		sbk_buf_adds(out, ": the home is not there");
	else
		sbk_buf_printf(out, ": %llu %s, %llu undone, %llu owed%s",
			       (unsigned long long)part->changes,
			       sbk_plural(part->changes, "change", "changes"),
			       (unsigned long long)part->undone,
			       (unsigned long long)part->owed,
			       part->removed ? "; journal removed" : "");
	if (part->first_entry > 0)
		sbk_buf_printf(out, "; its log began at entry %llu",
			       (unsigned long long)part->first_entry);
	sbk_buf_addc(out, '\n');
}

static void print_sweep(const struct sbk_uninstall_report *report,
			struct sbk_buf *out)
{
	const struct sbk_coverage *coverage;
	size_t i;

	if (report->sweep == NULL)
		return;
	coverage = sbk_report_coverage(report->sweep);
	sbk_buf_printf(out,
		       "%-12s %llu objects examined, %llu unreadable, %llu "
		       "skipped, %zu %s\n",
		       "sweep", (unsigned long long)coverage->examined,
		       (unsigned long long)coverage->unreadable,
		       (unsigned long long)coverage->skipped,
		       sbk_report_count(report->sweep),
		       sbk_plural(sbk_report_count(report->sweep), "finding",
				  "findings"));
	for (i = 0; i < sbk_plan_note_count(report->limits); i++) {
		sbk_buf_printf(out, "%-12s ", i == 0 ? "not covered" : "");
		sbk_text_escape(out, sbk_plan_note_at(report->limits, i));
		sbk_buf_addc(out, '\n');
	}
	if (sbk_report_count(report->sweep) > 0)
		sbk_report_print(report->sweep, out);
}

static void print_exceptions(const struct sbk_uninstall_report *report,
			     struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < sbk_plan_note_count(report->exceptions); i++) {
		sbk_buf_adds(out, "  - ");
		sbk_text_escape(out, sbk_plan_note_at(report->exceptions, i));
		sbk_buf_addc(out, '\n');
	}
}

void sbk_uninstall_print(const struct sbk_uninstall_report *report,
			 struct sbk_buf *out)
{
	const uint64_t *counts = report->counts;
	size_t i;

	print_principals(report, out);
	for (i = 0; i < report->person_count; i++)
		print_person(&report->people[i], out);
	if (report->installed && !report->dry_run)
		sbk_buf_printf(
			out,
			"%-12s %llu %s undone, %llu left as others changed "
			"them, %llu owed\n",
			"machine",
			(unsigned long long)counts[SBK_STATUS_UNDONE],
			sbk_plural(counts[SBK_STATUS_UNDONE], "change",
				   "changes"),
			(unsigned long long)counts[SBK_STATUS_CONFLICT],
			(unsigned long long)(counts[SBK_STATUS_PREPARED] +
					     counts[SBK_STATUS_CONFIRMED] +
					     counts[SBK_STATUS_OWED]));
	print_sweep(report, out);
	/* What was not done has no verdict. */
	sbk_buf_printf(out, "%s%s\n",
		       report->dry_run ? "nothing was touched (--dry-run)"
				       : sbk_verdict_text(
						 sbk_uninstall_verdict(report)),
		       sbk_plan_note_count(report->exceptions) > 0 ? ":" : "");
	print_exceptions(report, out);
}
