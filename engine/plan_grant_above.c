/*
 * The way to a granted tree: each directory above it must let the principal
 * pass. What belongs to the person gets an entry that allows passing and
 * nothing else; at the first directory that does not belong to the person and
 * does not let everybody pass, the way is blocked, and a note says so.
 */
#include "engine/plan_grant_tree.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/os_census.h"
#include "engine/path.h"
#include "engine/path_form.h"

#include "engine/banned.h"

/* One directory above a root, as a walk that ends at once. */
struct above {
	struct sbk_grant *grant;
	const char *root;
	bool blocked;
};

static int block(struct above *above, const char *path, const char *why,
		 struct sbk_error *err)
{
	/* Where entries are inherited nobody is kept from passing, only from
	 * looking. */
	if (sbk_backend_inherits(above->grant->backend))
		return sbk_plan_add_note(
			above->grant->plan, err,
			"%s cannot look at '%s', above '%s': "
			"it %s; a program that asks about each "
			"directory above a file may fail",
			above->grant->request->principal_name, path,
			above->root, why);
	above->blocked = true;
	return sbk_plan_add_note(above->grant->plan, err,
				 "%s cannot reach '%s' by its path: '%s' %s; "
				 "'sandbook run' needs no such right",
				 above->grant->request->principal_name,
				 above->root, path, why);
}

/*
 * Where entries are inherited, what everybody of a group may do is not in an
 * entry of the principal's: whoever may list a directory or pass it needs no
 * entry there. What cannot be told gets one.
 */
static bool may_look(struct sbk_grant *grant, const struct sbk_visit *seen)
{
	struct sbk_subject who = {.principal = grant->request->principal};
	struct sbk_buf entry = SBK_BUF_INIT;
	unsigned rights = 0;
	bool named;

	if (!sbk_backend_inherits(grant->backend))
		return false;
	if (grant->groups == NULL &&
	    sbk_os_groups_of(who.principal, &grant->arena, &grant->groups,
			     &grant->group_count, NULL) < 0)
		grant->group_count = 0;
	who.groups = grant->groups;
	who.group_count = grant->group_count;
	if (sbk_backend_evaluate(grant->backend, seen->access, &who, &rights,
				 &named, &entry, NULL) < 0)
		rights = 0;
	sbk_buf_release(&entry);
	return (rights & (SBK_MAY_READ | SBK_MAY_EXECUTE)) != 0;
}

/* Whether another grant gives more there than passing through. */
static bool is_beside(const struct sbk_grant_request *request, const char *path)
{
	size_t i;

	for (i = 0; i < request->beside_count; i++)
		if (sbk_path_within(path, request->beside[i]))
			return true;
	return false;
}

static int give_search(struct above *above, const struct sbk_visit *seen,
		       struct sbk_error *err)
{
	struct sbk_grant *grant = above->grant;
	struct sbk_error problem = SBK_ERROR_INIT;
	const struct sbk_grant_memo *memo =
		sbk_grant_state(grant, seen->access, true, SBK_RIGHTS_SEARCH);
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = seen->path,
			   .identity = seen->identity},
		.before = seen->access,
		.after = {.data = sbk_buf_text(&memo->next),
			  .size = memo->next.size},
		.ours = sbk_buf_text(&memo->ours),
		.reason = "grant: pass through, nothing else",
	};

	if (memo->rc == 0 && memo->ours.size == 0)
		return 0;
	if (is_beside(grant->request, seen->path) || may_look(grant, seen))
		return 0;
	if (memo->rc < 0)
		return block(above, seen->path, memo->problem.message, err);
	if (sbk_grant_has_numbers(grant) &&
	    seen->owner != grant->request->person->uid)
		return block(above, seen->path, "belongs to another account",
			     err);
	if (seen->fixed != NULL)
		return block(above, seen->path, seen->fixed, err);
	if (sbk_os_can_grant(seen->path, &problem) < 0)
		return block(above, seen->path, "keeps no ACL", err);
	return sbk_grant_add_change(grant, &change, err);
}

static int visit_above(void *arg, const struct sbk_visit *seen,
		       struct sbk_error *err)
{
	struct above *above = arg;
	int rc;

	if (seen->kind == SBK_VISIT_OBJECT &&
	    sbk_table_find_text(&above->grant->planned, seen->identity) != NULL)
		return 1;
	if (seen->kind == SBK_VISIT_OBJECT)
		rc = give_search(above, seen, err);
	else
		rc = block(above, seen->path, "cannot be looked at", err);
	return rc < 0 ? rc : 1;
}

int sbk_grant_plan_above(struct sbk_grant *grant, const char *root,
			 struct sbk_error *err)
{
	struct above above = {.grant = grant, .root = root};
	struct sbk_error problem = SBK_ERROR_INIT;
	char path[SBK_PATH_MAX];
	size_t i, first = 0, size = strlen(root);
	int rc = 0;

	(void)sbk_path_root(root, &first); /* it is resolved: absolute */
	if (size >= sizeof(path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of %zu bytes is over the limit "
				     "of %d",
				     size, SBK_PATH_MAX - 1);
	for (i = 0; rc == 0 && !above.blocked && i < size; i++) {
		if (root[i] != '/')
			continue;
		/* The root of the system, or of a drive, ends in its slash. */
		memcpy(path, root, i + 1);
		path[i == first ? i + 1 : i] = '\0';
		rc = sbk_backend_walk(grant->backend, path, visit_above, &above,
				      &problem);
		if (rc < 0 && rc != SBK_E_NOMEM && rc != SBK_E_LIMIT)
			rc = block(&above, path, "cannot be looked at", err);
		else if (rc < 0)
			rc = sbk_error_set(err, rc, "%s", problem.message);
	}
	return rc;
}
