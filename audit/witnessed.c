/*
 * What the machine's log finds out about people's, as findings of a report.
 */
#include "audit/witnessed.h"

#include <stdio.h>
#include <string.h>

#include "journal/journal.h"

#include "engine/banned.h"

/* "journal.witness.new-key" */
static void print_rule(const char *found, char *out, size_t size)
{
	char *at;

	(void)snprintf(out, size, "journal.witness.%s", found);
	for (at = out; *at != '\0'; at++)
		if (*at == ' ')
			*at = '-';
}

static int tell(void *arg, const struct sbk_witness_news *news,
		struct sbk_error *err)
{
	struct sbk_report *report = arg;
	char rule[64], object[128];
	const struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = rule,
		.object = object,
		.text = news->text,
		.remedy = "sandbook journal verify, by that person",
		.objects = 1,
	};

	if (!news->finding)
		return 0;
	print_rule(news->found, rule, sizeof(rule));
	(void)snprintf(object, sizeof(object), "the log of '%s'", news->name);
	return sbk_report_add(report, &finding, err);
}

int sbk_audit_witnessed(struct sbk_report *report, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_journal *machine = NULL;
	struct sbk_journal_place place;
	int rc = sbk_journal_place_machine(&place, err);

	if (rc < 0)
		return rc;
	rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &machine, &why);
	if (rc == 0)
		rc = sbk_journal_witness(machine, false, tell, report, &why);
	sbk_journal_close(machine);
	/* Of a machine journal that cannot be read, the report says so. */
	return rc == SBK_E_NOMEM ? sbk_error_no_memory(err) : 0;
}
