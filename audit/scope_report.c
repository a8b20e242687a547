/*
 * The findings of a scope audit. What a principal of ours has that no journal
 * knows, and what reaches into somebody's sensitive places, is a finding;
 * all else is what was asked for.
 */
#include "audit/scope.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

struct telling {
	const struct sbk_scope_request *request;
	const struct sbk_scope_result *result;
	struct sbk_report *report;
	struct sbk_buf text, remedy, members;
};

static const char *rights_name(unsigned rights)
{
	switch (rights & (SBK_MAY_READ | SBK_MAY_WRITE)) {
	case SBK_MAY_READ | SBK_MAY_WRITE:
		return "read and write";
	case SBK_MAY_READ:
		return "read";
	case SBK_MAY_WRITE:
		return "write";
	default:
		return "pass through";
	}
}

static const char *rights_letters(unsigned rights)
{
	switch (rights & (SBK_MAY_READ | SBK_MAY_WRITE)) {
	case SBK_MAY_READ | SBK_MAY_WRITE:
		return "rw";
	case SBK_MAY_READ:
		return "r";
	case SBK_MAY_WRITE:
		return "w";
	default:
		return "x";
	}
}

static void clear(struct telling *t)
{
	sbk_buf_clear(&t->text);
	sbk_buf_clear(&t->remedy);
	sbk_buf_clear(&t->members);
}

static int add(struct telling *t, struct sbk_finding *finding,
	       struct sbk_error *err)
{
	int rc = sbk_buf_failed(&t->text, err);

	if (rc == 0)
		rc = sbk_buf_failed(&t->remedy, err);
	if (rc == 0)
		rc = sbk_buf_failed(&t->members, err);
	if (rc < 0)
		return rc;
	finding->text = sbk_buf_text(&t->text);
	if (t->remedy.size > 0)
		finding->remedy = t->remedy.data;
	if (t->members.size > 0)
		finding->members = t->members.data;
	return sbk_report_add(t->report, finding, err);
}

/* How an unknown right is taken away: an entry is simply removed; what an
 * account made and owns is given to somebody else by uninstall. */
static void tell_remedy(struct telling *t, const struct sbk_scope_root *root)
{
	size_t length;

	if (strncmp(root->entry, "owner ", 6) == 0 ||
	    strncmp(root->entry, "group ", 6) == 0)
		sbk_buf_printf(&t->remedy, "%ssandbook uninstall",
			       sbk_os_admin.before);
	if (strncmp(root->entry, "access ", 7) != 0)
		return;
	/* "access u:990:rw-" names u:990. */
	length = strcspn(root->entry + 9, ":") + 2;
	sbk_buf_printf(&t->remedy, "setfacl %s-x %.*s ",
		       root->is_directory ? "-R " : "", (int)length,
		       root->entry + 7);
	if (root->is_directory)
		sbk_buf_printf(&t->remedy, "-x d:%.*s ", (int)length,
			       root->entry + 7);
	sbk_text_quote(&t->remedy, root->path);
}

static int tell_root(struct telling *t, const struct sbk_scope_root *root,
		     struct sbk_error *err)
{
	const struct sbk_audit_subject *subject =
		&t->request->subjects->items[root->subject];
	bool unknown = subject->ours && !root->known && !root->doubtful;
	struct sbk_finding finding = {
		.severity = unknown ? SBK_SEVERITY_FINDING : SBK_SEVERITY_INFO,
		.rule = unknown ? "scope.unknown-grant" : "scope.grant",
		.object = root->path,
		.principal = subject->label,
		.objects = root->objects,
	};

	clear(t);
	sbk_buf_printf(&t->text, "may %s, by '%s'", rights_name(root->rights),
		       root->entry);
	if (unknown)
		sbk_buf_adds(&t->text, t->result->have_journal
					       ? "; no journal knows this grant"
					       : "; there is no journal that "
						 "could know this grant");
	else if (root->known)
		sbk_buf_adds(&t->text, "; recorded in a journal");
	else if (subject->ours)
		sbk_buf_adds(&t->text, "; no journal that you may read knows "
				       "this grant");
	if (root->blocked != NULL)
		sbk_buf_printf(&t->text,
			       "; not reachable, since it may not search '%s'",
			       root->blocked);
	if (unknown)
		tell_remedy(t, root);
	sbk_json_string(&t->members, "rights", rights_letters(root->rights));
	sbk_json_string(&t->members, "entry", root->entry);
	sbk_json_bool(&t->members, "known", root->known);
	sbk_json_bool(&t->members, "reachable", root->blocked == NULL);
	if (root->blocked != NULL)
		sbk_json_name(&t->members, "blocked_by", root->blocked);
	return add(t, &finding, err);
}

bool sbk_scope_is_own(const struct sbk_audit_subject *subject, uint32_t owner)
{
	struct sbk_principal_id id;

	return sbk_principal_parse(subject->id, &id, NULL) == 0 &&
	       !id.is_group && id.number == owner;
}

static int tell_sensitive(struct telling *t, size_t subject, size_t place,
			  struct sbk_error *err)
{
	const struct sbk_scope_result *result = t->result;
	const struct sbk_scope_inclusion *inclusion =
		&result->included[subject * result->sensitive_count + place];
	const struct sbk_audit_subject *who =
		&t->request->subjects->items[subject];
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = "scope.sensitive",
		.object = result->sensitive[place].path,
		.principal = who->label,
		.objects = inclusion->objects,
	};

	if (inclusion->rights == 0 ||
	    sbk_scope_is_own(who, result->sensitive[place].owner))
		return 0;
	clear(t);
	sbk_buf_printf(&t->text,
		       "a sensitive place is within reach: it may %s there",
		       rights_name(inclusion->rights));
	sbk_json_string(&t->members, "rights",
			rights_letters(inclusion->rights));
	return add(t, &finding, err);
}

/* Rolled up: a tree that was granted may hold many. */
static int tell_secrets(struct telling *t, size_t subject,
			struct sbk_error *err)
{
	const struct sbk_scope_secrets *secrets = &t->result->secrets[subject];
	const size_t total = secrets->files.total;
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = "scope.secret-files",
		.principal = t->request->subjects->items[subject].label,
		.objects = total,
	};

	if (total == 0)
		return 0;
	clear(t);
	sbk_buf_printf(&t->text,
		       "%zu file%s that mostly hold%s secrets within reach, it "
		       "may %s: ",
		       total, total == 1 ? "" : "s", total == 1 ? "s" : "",
		       rights_name(secrets->rights));
	sbk_secret_list_print(&secrets->files, &t->text);
	sbk_buf_adds(&t->remedy, "sandbook undo --path ");
	sbk_text_quote(&t->remedy, secrets->files.items[0].path);
	sbk_json_string(&t->members, "rights", rights_letters(secrets->rights));
	sbk_secret_list_print_json(&secrets->files, "secrets", &t->members);
	return add(t, &finding, err);
}

/* One line for each principal, also where it may do nothing. */
static int tell_subject(struct telling *t, size_t subject,
			struct sbk_error *err)
{
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_INFO,
		.rule = "scope.principal",
		.principal = t->request->subjects->items[subject].label,
	};
	uint64_t read = 0, written = 0;
	size_t i;

	for (i = 0; i < t->result->root_count; i++) {
		const struct sbk_scope_root *root = &t->result->roots[i];

		if (root->subject != subject || root->blocked != NULL)
			continue;
		if ((root->rights & SBK_MAY_READ) != 0)
			read += root->objects;
		if ((root->rights & SBK_MAY_WRITE) != 0)
			written += root->objects;
	}
	clear(t);
	sbk_buf_printf(&t->text,
		       "may read %" PRIu64 " and write %" PRIu64
		       " of the objects that were examined%s",
		       read, written,
		       t->request->all ? "" : ", by what names it");
	sbk_json_integer(&t->members, "readable", (int64_t)read);
	sbk_json_integer(&t->members, "writable", (int64_t)written);
	return add(t, &finding, err);
}

static int tell_nobody(struct telling *t, struct sbk_error *err)
{
	struct sbk_finding finding = {.severity = SBK_SEVERITY_INFO,
				      .rule = "scope.nobody"};

	clear(t);
	sbk_buf_adds(&t->text, "this machine has no principal of Sandbook; "
			       "name any other with --principal");
	return add(t, &finding, err);
}

int sbk_scope_report(const struct sbk_scope_request *request,
		     const struct sbk_scope_result *result,
		     struct sbk_report *report, struct sbk_error *err)
{
	struct telling t = {
		.request = request, .result = result, .report = report};
	size_t subject, i;
	int rc = request->subjects->count == 0 ? tell_nobody(&t, err) : 0;

	for (subject = 0; rc == 0 && subject < request->subjects->count;
	     subject++) {
		rc = tell_subject(&t, subject, err);
		for (i = 0; rc == 0 && i < result->sensitive_count; i++)
			rc = tell_sensitive(&t, subject, i, err);
		if (rc == 0)
			rc = tell_secrets(&t, subject, err);
		for (i = 0; rc == 0 && i < result->root_count; i++)
			if (result->roots[i].subject == subject)
				rc = tell_root(&t, &result->roots[i], err);
	}
	sbk_buf_release(&t.text);
	sbk_buf_release(&t.remedy);
	sbk_buf_release(&t.members);
	return rc;
}
