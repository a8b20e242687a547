/*
 * The findings of a search for residue. A tree in which every object has an
 * entry of a principal is one finding, at the directory where it begins.
 */
#include "audit/residue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/rollup.h"
#include "audit/subjects.h"

#include "engine/json.h"

#include "engine/banned.h"

struct residue {
	const struct sbk_wanted *wanted;
	struct sbk_report *report;
	struct sbk_rollup *rollup; /* kind: principal * 2, plus 1 for owners */
	struct sbk_buf text, remedy;
};

static size_t index_of(const struct residue *r, const char *principal)
{
	size_t i;

	for (i = 0; i < r->wanted->count; i++)
		if (strcmp(r->wanted->items[i].principal, principal) == 0)
			break;
	return i;
}

/* How to mend it, without a path where it is no path. */
static const char *const remedies[] = {
	[SBK_SWEEP_ACCOUNT] = "'sandbook uninstall' removes it; a line in a "
			      "copy, an editor (vipw, vigr)",
	[SBK_SWEEP_RULE] = "'sandbook uninstall', or 'nft delete table ...'",
	[SBK_SWEEP_PROCESS] = "end it with 'kill'",
	[SBK_SWEEP_FILE] = "'sandbook uninstall' removes it",
	[SBK_SWEEP_RECORD] = "'sandbook uninstall' takes it away",
};

static const char *const rules[] = {
	[SBK_SWEEP_ENTRY] = "residue.entry",
	[SBK_SWEEP_OWNER] = "residue.owner",
	[SBK_SWEEP_ACCOUNT] = "residue.account",
	[SBK_SWEEP_RULE] = "residue.rule",
	[SBK_SWEEP_PROCESS] = "residue.process",
	[SBK_SWEEP_FILE] = "residue.file",
	[SBK_SWEEP_RECORD] = "residue.record",
};

static const char *const texts[] = {
	[SBK_SWEEP_ENTRY] = "an access entry names the principal",
	[SBK_SWEEP_OWNER] = "it is owned by the principal, or in its group",
	[SBK_SWEEP_ACCOUNT] = "the line names the principal",
	[SBK_SWEEP_RULE] = "the firewall names the principal",
	[SBK_SWEEP_PROCESS] = "the process runs as the principal",
	[SBK_SWEEP_FILE] = "a file of Sandbook stands there",
	[SBK_SWEEP_RECORD] = "the system's records name the principal",
};

/* What is no path is told at once; paths are rolled up first. */
static int take_hit(void *arg, const struct sbk_sweep_hit *hit,
		    struct sbk_error *err)
{
	struct residue *r = arg;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = rules[hit->found],
				      .object = hit->object,
				      .text = texts[hit->found],
				      .remedy = remedies[hit->found],
				      .objects = 1};
	char label[128];
	size_t index;

	if (hit->found == SBK_SWEEP_ENTRY || hit->found == SBK_SWEEP_OWNER) {
		index = index_of(r, hit->principal) * 2 +
			(hit->found == SBK_SWEEP_OWNER);
		return sbk_rollup_add(r->rollup, hit->object, (unsigned)index,
				      err);
	}
	if (hit->principal != NULL) {
		index = index_of(r, hit->principal);
		sbk_subject_label(hit->principal, r->wanted->items[index].name,
				  label, sizeof(label));
		finding.principal = label;
	}
	return sbk_report_add(r->report, &finding, err);
}

static void tell_remedy(struct residue *r, const struct sbk_rollup_root *root,
			const char *principal)
{
	bool owner = root->kind % 2 == 1;

	sbk_buf_clear(&r->remedy);
	if (owner)
		sbk_buf_adds(&r->remedy, principal[0] == 'u'
						 ? "chown -hR --from="
						 : "chown -hR --from=:");
	if (owner)
		sbk_buf_printf(&r->remedy, "%s %sNAME ", principal + 2,
			       principal[0] == 'u' ? "" : ":");
	else
		sbk_buf_printf(&r->remedy, "setfacl -RP -x %s -x d:%s ",
			       principal, principal);
	sbk_text_quote(&r->remedy, root->path);
}

static int tell_root(struct residue *r, const struct sbk_rollup_root *root,
		     struct sbk_error *err)
{
	const struct sbk_sweep_principal *principal =
		&r->wanted->items[root->kind / 2];
	enum sbk_sweep_found found =
		root->kind % 2 == 1 ? SBK_SWEEP_OWNER : SBK_SWEEP_ENTRY;
	char label[128];
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = rules[found],
				      .object = root->path,
				      .principal = label,
				      .text = texts[found],
				      .objects = root->objects};
	int rc;

	sbk_subject_label(principal->principal, principal->name, label,
			  sizeof(label));
	tell_remedy(r, root, principal->principal);
	rc = sbk_buf_failed(&r->remedy, err);
	finding.remedy = sbk_buf_text(&r->remedy);
	return rc == 0 ? sbk_report_add(r->report, &finding, err) : rc;
}

static int tell_wanted(struct residue *r, struct sbk_error *err)
{
	struct sbk_finding finding = {.severity = SBK_SEVERITY_INFO,
				      .rule = "residue.principals"};
	size_t i;
	int rc;

	sbk_buf_clear(&r->text);
	sbk_buf_adds(&r->text, r->wanted->count == 0
				       ? "no principal of Sandbook is known, "
					 "from the host, the journal or a "
					 "certificate; nothing to look for but "
					 "files of ours"
				       : "looked for:");
	for (i = 0; i < r->wanted->count; i++) {
		char label[128];

		sbk_subject_label(r->wanted->items[i].principal,
				  r->wanted->items[i].name, label,
				  sizeof(label));
		sbk_buf_printf(&r->text, "%s %s", i > 0 ? "," : "", label);
	}
	rc = sbk_buf_failed(&r->text, err);
	finding.text = sbk_buf_text(&r->text);
	return rc == 0 ? sbk_report_add(r->report, &finding, err) : rc;
}

static int search(struct residue *r, const struct sbk_backend *backend,
		  const struct sbk_residue_request *request,
		  struct sbk_error *err)
{
	const struct sbk_sweep_options options = {
		.principals = r->wanted->items,
		.principal_count = r->wanted->count,
		.roots = request->roots,
		.root_count = request->root_count,
		.skip = request->skip,
		.skip_count = request->skip_count,
	};
	size_t i;
	int rc = tell_wanted(r, err);

	if (rc == 0)
		rc = sbk_sweep(backend, &options, take_hit, r, r->report, err);
	for (i = 0; rc == 0 && i < sbk_rollup_count(r->rollup); i++)
		rc = tell_root(r, sbk_rollup_at(r->rollup, i), err);
	return rc;
}

int sbk_audit_residue(const struct sbk_backend *backend,
		      const struct sbk_residue_request *request,
		      struct sbk_report *report, struct sbk_error *err)
{
	struct sbk_wanted wanted = {.items = NULL};
	struct residue r = {.wanted = &wanted, .report = report};
	int rc = sbk_wanted_find(request->certificate, report, &wanted, err);

	if (rc < 0)
		return rc;
	r.rollup = sbk_rollup_new();
	rc = r.rollup != NULL ? search(&r, backend, request, err)
			      : sbk_error_no_memory(err);
	sbk_rollup_free(r.rollup);
	sbk_buf_release(&r.text);
	sbk_buf_release(&r.remedy);
	sbk_wanted_release(&wanted);
	return rc;
}
