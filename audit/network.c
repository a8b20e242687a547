/*
 * The network audit. Two independent looks: the table's state against what
 * the machine's journal says was made, and packets that are really sent. A
 * table that is as it was made but does nothing (another table that accepts
 * before it, a kernel module that is gone) fails the second; a rule of
 * somebody else's that happens to hold the packets back fails the first.
 */
#include "audit/network.h"

#include <stdio.h>
#include <string.h>

#include "audit/records.h"
#include "audit/subjects.h"
#include "engine/network_probe.h"
#include "engine/os.h"
#include "engine/principals.h"

#include "engine/banned.h"

#define MEND "sudo sandbook setup"

struct network {
	const struct sbk_backend *backend;
	struct sbk_report *report;
	struct sbk_coverage *coverage;
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

/* --- the table ------------------------------------------------------------ */

static int tell_table(struct network *n, const struct sbk_change *made,
		      struct sbk_state now, struct sbk_error *err)
{
	const char *name = made->object.name;

	if (sbk_state_absent(now))
		return tell(n, SBK_SEVERITY_FINDING, "network.rule-missing",
			    name, NULL,
			    "the firewall table is gone, so the offline "
			    "accounts reach whatever others reach",
			    MEND, err);
	if (!sbk_state_equal(now, made->after))
		return tell(n, SBK_SEVERITY_FINDING, "network.rule-altered",
			    name, NULL,
			    "the firewall table is not what setup made; see "
			    "'nft list table inet sandbook'",
			    MEND, err);
	return tell(n, SBK_SEVERITY_INFO, "network.rule", name, NULL,
		    "the firewall table is exactly what setup made", NULL, err);
}

static int check_table(struct network *n, const struct sbk_change *made,
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
		rc = tell_table(n, made, sbk_observation_state(&seen), err);
	}
	sbk_observation_release(&seen);
	return rc;
}

/* The last table that stands in the machine's journal; NULL: none. */
static const struct sbk_change *made_table(const struct sbk_records *records)
{
	const struct sbk_change *last = NULL;
	size_t book, i;

	for (book = 0; book < records->count; book++) {
		struct sbk_plan *standing = records->books[book].standing;

		for (i = 0; i < sbk_plan_count(standing); i++)
			last = sbk_plan_at(standing, i);
	}
	return last;
}

static int check_tables(struct network *n, size_t pairs, struct sbk_error *err)
{
	const struct sbk_records_request request = {
		.machine = true,
		.kind = sbk_kind_name(SBK_KIND_FIREWALL),
		.standing_only = true,
	};
	struct sbk_records records;
	const struct sbk_change *made;
	int rc = sbk_records_load(&request, n->report, &records, err);

	if (rc < 0)
		return rc;
	made = made_table(&records);
	if (made != NULL)
		rc = check_table(n, made, err);
	else if (pairs > 0)
		rc = tell(n, SBK_SEVERITY_FINDING, "network.rule-unknown", NULL,
			  NULL,
			  "there are sandbox accounts, and the machine's "
			  "journal knows no firewall table",
			  MEND, err);
	sbk_records_release(&records);
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
		       offline ? ", where it should be refused at once"
			       : ", where it should get through");
	return tell(n, SBK_SEVERITY_FINDING,
		    offline ? "network.offline-open" : "network.online-blocked",
		    NULL, label, text,
		    offline ? MEND : "see 'nft list ruleset' for what stops it",
		    err);
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
				    ? "refused at once:"
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
	int rc = sbk_network_probe(principal->number, &result, &problem);

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

int sbk_audit_network(const struct sbk_backend *backend,
		      struct sbk_report *report, struct sbk_error *err)
{
	struct network n = {.backend = backend,
			    .report = report,
			    .coverage = sbk_report_coverage(report)};
	struct sbk_principals principals = {.items = NULL};
	size_t i;
	int rc;

	if (!sbk_os_elevated())
		return sbk_report_missed(report, "the firewall",
					 "reading it and becoming an account "
					 "needs root; run 'sudo sandbook audit "
					 "network'",
					 err);
	rc = sbk_principals_find(&principals, err);
	if (rc == 0)
		rc = check_tables(&n, principals.count, err);
	if (rc == 0 && principals.count == 0)
		rc = tell_nobody(&n, err);
	for (i = 0; rc == 0 && i < principals.count; i++)
		if (sbk_principal_is_account(&principals.items[i]))
			rc = probe(&n, &principals.items[i], err);
	sbk_principals_release(&principals);
	return rc;
}
