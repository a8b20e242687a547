/*
 * The network audit. Two independent looks: the state of each table, rule and
 * filter against what the machine's journal says was made, and packets that are
 * really sent. A table that is as it was made but does nothing (another table
 * that accepts before it, a kernel module that is gone) fails the second; a
 * rule of somebody else's that happens to hold the packets back fails the
 * first.
 */
#include "audit/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/records.h"
#include "audit/subjects.h"
#include "engine/network_probe.h"
#include "engine/principals.h"
#include "journal/journal.h"

#include "engine/banned.h"

struct network {
	const struct sbk_backend *backend;
	struct sbk_report *report;
	struct sbk_coverage *coverage;
	const struct sbk_network_words *words;
};

static int tell(struct network *n, enum sbk_severity severity, const char *rule,
		const char *object, const char *principal, const char *text,
		const char *remedy, struct sbk_error *err)
{
	const struct sbk_finding finding = {
		.severity = severity,
		.rule = rule,
		.object = object,
		.principal = principal,
		.text = text,
		.remedy = remedy,
		.objects = 1,
	};

	return sbk_report_add(n->report, &finding, err);
}

/* --- what was made -------------------------------------------------------- */

static int tell_made(struct network *n, const struct sbk_change *made,
		     struct sbk_state now, struct sbk_error *err)
{
	const char *name = made->object.name;
	const struct sbk_network_object *words =
		made->object.kind == SBK_KIND_FIREWALL ? &n->words->firewall
						       : &n->words->filters;

	if (sbk_state_absent(now))
		return tell(n, SBK_SEVERITY_FINDING, "network.rule-missing",
			    name, NULL, words->gone, n->words->mend, err);
	if (!sbk_state_equal(now, made->after))
		return tell(n, SBK_SEVERITY_FINDING, "network.rule-altered",
			    name, NULL, words->altered, n->words->mend, err);
	return tell(n, SBK_SEVERITY_INFO, "network.rule", name, NULL,
		    words->exact, NULL, err);
}

static int check_made(struct network *n, const struct sbk_change *made,
		      struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc =
		sbk_backend_observe(n->backend, &made->object, &seen, &problem);

	if (rc < 0) {
		rc = sbk_report_missed(n->report, made->object.name,
				       problem.message, err);
	} else {
		n->coverage->examined++;
		rc = tell_made(n, made, sbk_observation_state(&seen), err);
	}
	sbk_observation_release(&seen);
	return rc;
}

/* Each object of a book as its last change left it. */
static int check_book(struct network *n, const struct sbk_record_book *book,
		      size_t *count, struct sbk_error *err)
{
	const size_t room = sbk_plan_count(book->standing);
	const struct sbk_change **made = calloc(room + 1, sizeof(*made));
	size_t i, found = 0;
	int rc = made == NULL
			 ? sbk_error_no_memory(err)
			 : sbk_journal_expected(book->standing, book->changes,
						made, &found, err);

	for (i = 0; rc == 0 && i < found; i++)
		rc = check_made(n, made[i], err);
	*count += found;
	free(made);
	return rc;
}

static int check_kind(struct network *n, enum sbk_kind kind, size_t *count,
		      struct sbk_error *err)
{
	const struct sbk_records_request request = {
		.machine = true,
		.kind = sbk_kind_name(kind),
	};
	struct sbk_records records;
	size_t i;
	int rc = sbk_records_load(&request, n->report, &records, err);

	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && i < records.count; i++)
		rc = check_book(n, &records.books[i], count, err);
	sbk_records_release(&records);
	return rc;
}

/* Which of the two holds the packets back, a system without the other says. */
static int check_rules(struct network *n, size_t accounts,
		       struct sbk_error *err)
{
	size_t rules = 0, filters = 0;
	int rc = check_kind(n, SBK_KIND_FIREWALL, &rules, err);
	bool known = rules > 0;

	if (rc == 0 && n->words->filters.gone != NULL) {
		rc = check_kind(n, SBK_KIND_FILTERS, &filters, err);
		known = filters > 0;
	}
	if (rc == 0 && !known && accounts > 0)
		rc = tell(n, SBK_SEVERITY_FINDING, "network.rule-unknown", NULL,
			  NULL, n->words->unknown, n->words->mend, err);
	return rc;
}

/* --- the probe ------------------------------------------------------------ */

/* Whether a result is what the account's role promises. */
static bool is_right(enum sbk_principal_role role, enum sbk_probe_result result)
{
	return result == (role == SBK_PRINCIPAL_OFFLINE ? SBK_PROBE_REFUSED
							: SBK_PROBE_THROUGH);
}

static int tell_result(struct network *n, const struct sbk_principal *principal,
		       const char *label, enum sbk_probe_path path,
		       enum sbk_probe_result result, struct sbk_error *err)
{
	bool offline = principal->role == SBK_PRINCIPAL_OFFLINE;
	char text[256];

	(void)snprintf(text, sizeof(text), "%s to a listener of our own: %s%s",
		       sbk_probe_path_name(path), sbk_probe_result_name(result),
		       offline ? n->words->leaks
			       : ", where it should get through");
	return tell(n, SBK_SEVERITY_FINDING,
		    offline ? "network.offline-open" : "network.online-blocked",
		    NULL, label, text,
		    offline ? n->words->mend : n->words->see_blocks, err);
}

static int tell_all_right(struct network *n,
			  const struct sbk_principal *principal,
			  const char *label,
			  const struct sbk_network_probe *probe,
			  struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int path, rc;

	sbk_buf_adds(&text, principal->role == SBK_PRINCIPAL_OFFLINE
				    ? n->words->held
				    : "gets through:");
	for (path = 0; path < SBK_PROBE_PATH_COUNT; path++)
		if (probe->results[path] != SBK_PROBE_ABSENT)
			sbk_buf_printf(
				&text, " %s,",
				sbk_probe_path_name((enum sbk_probe_path)path));
	sbk_buf_adds(&text, " to a listener of our own");
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = tell(n, SBK_SEVERITY_INFO, "network.probe", NULL, label,
			  text.data, NULL, err);
	sbk_buf_release(&text);
	return rc;
}

static int judge_probe(struct network *n, const struct sbk_principal *principal,
		       const struct sbk_network_probe *probe,
		       struct sbk_error *err)
{
	char label[128];
	int path, tried = 0, wrong = 0, rc = 0;

	sbk_subject_label(principal->id, principal->name, label, sizeof(label));
	for (path = 0; rc == 0 && path < SBK_PROBE_PATH_COUNT; path++) {
		enum sbk_probe_result result = probe->results[path];

		if (result == SBK_PROBE_ABSENT)
			continue;
		tried++;
		n->coverage->examined++;
		if (is_right(principal->role, result))
			continue;
		wrong++;
		rc = tell_result(n, principal, label, (enum sbk_probe_path)path,
				 result, err);
	}
	if (rc == 0 && tried == 0)
		rc = sbk_report_missed(n->report, label,
				       "this host has no loopback to probe "
				       "over",
				       err);
	else if (rc == 0 && wrong == 0)
		rc = tell_all_right(n, principal, label, probe, err);
	return rc;
}

static int probe(struct network *n, const struct sbk_principal *principal,
		 struct sbk_error *err)
{
	struct sbk_network_probe result;
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_network_probe(principal, &result, &problem);

	if (rc < 0)
		return sbk_report_missed(n->report, principal->name,
					 problem.message, err);
	return judge_probe(n, principal, &result, err);
}

static int tell_nobody(struct network *n, struct sbk_error *err)
{
	return tell(n, SBK_SEVERITY_INFO, "network.nobody", NULL, NULL,
		    "nobody is enrolled on this machine, so there is no "
		    "account to probe",
		    NULL, err);
}

static int audit_accounts(struct network *n,
			  const struct sbk_principals *principals,
			  struct sbk_error *err)
{
	size_t i, accounts = 0;
	int rc;

	for (i = 0; i < principals->count; i++)
		accounts += sbk_principal_is_account(&principals->items[i]);
	rc = check_rules(n, accounts, err);
	if (rc == 0 && accounts == 0)
		rc = tell_nobody(n, err);
	for (i = 0; rc == 0 && i < principals->count; i++)
		if (sbk_principal_is_account(&principals->items[i]))
			rc = probe(n, &principals->items[i], err);
	return rc;
}

int sbk_audit_network(const struct sbk_backend *backend,
		      struct sbk_report *report, struct sbk_error *err)
{
	struct network n = {.backend = backend,
			    .report = report,
			    .coverage = sbk_report_coverage(report),
			    .words = sbk_network_words()};
	struct sbk_principals principals = {.items = NULL};
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_network_probe_able(&problem);

	if (rc < 0)
		return sbk_report_missed(report, "the firewall",
					 problem.message, err);
	rc = sbk_principals_find(&principals, err);
	if (rc == 0)
		rc = audit_accounts(&n, &principals, err);
	sbk_principals_release(&principals);
	return rc;
}
