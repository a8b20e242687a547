/*
 * Grants: the request, its roots, and the passes over them. Knows no encoding
 * of ACLs (the backend adds the entries) and changes nothing.
 */
#include "engine/plan_grant_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "engine/policy.h"

#include "engine/banned.h"

bool sbk_grant_is_sensitive(const char *path, const char *const *sensitive,
			    size_t count, bool *itself)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!sbk_path_within(path, sensitive[i]))
			continue;
		*itself = strcmp(path, sensitive[i]) == 0;
		return true;
	}
	return false;
}

static int check_root(struct sbk_grant *grant, const char *root,
		      struct sbk_error *err)
{
	bool itself;
	int rc = sbk_scope_guard(root,
				 grant->request->rights == SBK_RIGHTS_WRITE,
				 grant->request->person, err);

	if (rc < 0)
		return rc;
	if (sbk_grant_is_sensitive(root, grant->sensitive, grant->denied_count,
				   &itself))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is granted and denied: take one out",
				     root);
	if (sbk_grant_is_sensitive(root, grant->sensitive,
				   grant->sensitive_count, &itself))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is a sensitive path and is granted "
				     "to nobody; grant a path without it",
				     root);
	return sbk_os_can_grant(root, err);
}

/*
 * What an account makes is its own: no administrator, the person takes that
 * back only with rights upon it. Where the root hands none down to the person,
 * the grant does, and only then: so an entry that is there already, an earlier
 * grant's, say, is left to whoever made it.
 */
static int find_takes_back(struct sbk_grant *grant, size_t index,
			   struct sbk_state root, struct sbk_error *err)
{
	const struct sbk_grant_request *request = grant->request;
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	int rc = 0;

	grant->takes_back[index] = false;
	if (!sbk_backend_inherits(grant->backend) ||
	    request->rights != SBK_RIGHTS_WRITE || request->principal == NULL)
		return 0;
	rc = sbk_backend_add_grant(grant->backend, root, true,
				   request->person->id.text,
				   SBK_RIGHTS_TAKE_BACK, &next, &ours, err);
	grant->takes_back[index] = rc == 0 && ours.size > 0;
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
	return rc;
}

static int add_takes_back(struct sbk_grant *grant,
			  const struct sbk_plan_root *same,
			  struct sbk_error *err)
{
	struct sbk_plan_root root = *same;
	char principal[SBK_PRINCIPAL_TEXT + sizeof(SBK_TAKES_BACK)];

	(void)snprintf(principal, sizeof(principal), "%s%s", SBK_TAKES_BACK,
		       grant->request->person->id.text);
	root.principal = principal;
	root.principal_name = "you, to take back what is made there";
	root.writable = false;
	return sbk_plan_add_root(grant->plan, &root, NULL, err);
}

/*
 * The roots of the plan that this one is: one for each principal, so that the
 * journal knows which have something there. `kept` is the one that counts.
 */
static int add_plan_roots(struct sbk_grant *grant, size_t index,
			  const char *identity, struct sbk_plan_root **kept,
			  struct sbk_error *err)
{
	const struct sbk_grant_request *request = grant->request;
	struct sbk_plan_root root = {
		.path = grant->roots[index],
		.identity = identity,
		.principal = request->principal,
		.principal_name = request->principal_name,
		.writable = request->rights == SBK_RIGHTS_WRITE,
	};
	int rc = 0;

	if (root.principal != NULL)
		rc = sbk_plan_add_root(grant->plan, &root, kept, err);
	if (rc == 0 && grant->takes_back[index])
		rc = add_takes_back(grant, &root, err);
	root.principal = grant->own[index];
	root.principal_name = sbk_root_principal_name;
	if (rc == 0 && root.principal != NULL)
		rc = sbk_plan_add_root(grant->plan, &root,
				       request->principal == NULL ? kept : NULL,
				       err);
	return rc;
}

static int plan_root(struct sbk_grant *grant, size_t index,
		     struct sbk_error *err)
{
	const char *path = grant->roots[index];
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_plan_root *kept = NULL;
	int rc;

	grant->root_own = NULL;
	grant->root_takes_back = false;
	rc = check_root(grant, path, err);
	if (rc == 0 && !grant->request->without_way &&
	    grant->request->principal != NULL)
		rc = sbk_grant_plan_above(grant, path, err);
	if (rc == 0)
		rc = sbk_backend_observe(grant->backend, &object, &seen, err);
	if (rc == 0)
		rc = find_takes_back(grant, index, sbk_observation_state(&seen),
				     err);
	if (rc == 0)
		rc = add_plan_roots(grant, index, sbk_buf_text(&seen.identity),
				    &kept, err);
	grant->root_own = grant->own[index];
	grant->root_takes_back = grant->takes_back[index];
	if (rc == 0)
		rc = sbk_grant_walk_root(grant, kept, err);
	sbk_observation_release(&seen);
	return rc;
}

static int add_notes(struct sbk_grant *grant, struct sbk_error *err)
{
	int rc = 0;

	if (grant->masked > 0)
		rc = sbk_plan_add_note(grant->plan, err,
				       "%zu left out, among them '%s': a mask "
				       "hides rights of others there, which a "
				       "grant would bring back",
				       grant->masked, grant->masked_path);
	if (rc == 0 && grant->kept > 0)
		rc = sbk_plan_add_note(grant->plan, err,
				       "%zu left out that have an entry for %s "
				       "already, among them '%s': this grant "
				       "does not take it out, 'sandbook undo "
				       "--path' does where it is an earlier "
				       "grant's",
				       grant->kept,
				       grant->request->principal_name,
				       grant->kept_path);
	if (rc == 0 && !grant->later &&
	    grant->request->root_principals != NULL &&
	    grant->request->root_principals->needs_room)
		rc = sbk_plan_add_note(
			grant->plan, err,
			"there are as many roots that runs may "
			"write as there may be: the oldest that "
			"was granted to runs alone is taken back "
			"first");
	if (rc == 0 && grant->sheltered > 0)
		rc = sbk_plan_add_note(grant->plan, err,
				       "%zu left out with what is below, among "
				       "them '%s': its access list takes "
				       "nothing from above",
				       grant->sheltered, grant->sheltered_path);
	if (rc == 0 && grant->refused > 0)
		rc = sbk_plan_add_note(grant->plan, err,
				       "%zu left out that came in meanwhile, "
				       "among them '%s': not yours, or with "
				       "names elsewhere",
				       grant->refused, grant->refused_path);
	if (rc == 0 && grant->protected_seen && !grant->later &&
	    !grant->request->without_way)
		rc = sbk_plan_add_note(
			grant->plan, err,
			sbk_backend_inherits(grant->backend)
				? "writing is denied at the protected names "
				  "that are there, but %s can make those that "
				  "are not: an access list cannot forbid a name"
				: "protected names are granted for reading "
				  "only, but %s can still rename them or put "
				  "others in their place: an ACL cannot forbid "
				  "that, 'sandbook run' does",
			grant->request->principal_name);
	grant->masked = grant->refused = grant->kept = grant->sheltered = 0;
	return rc;
}

int sbk_grant_plan(struct sbk_grant *grant, struct sbk_plan *plan,
		   struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	grant->plan = plan;
	for (i = 0; rc == 0 && i < grant->root_count; i++)
		rc = plan_root(grant, i, err);
	if (rc == 0)
		rc = sbk_grant_decide_linked(grant, err);
	return rc == 0 ? add_notes(grant, err) : rc;
}

int sbk_grant_more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct sbk_grant *grant = arg;
	size_t i, j;
	int rc = 0;

	grant->plan = plan;
	grant->later = true;
	for (i = 0; rc == 0 && i < sbk_plan_root_count(plan); i++) {
		struct sbk_plan_root scratch = *sbk_plan_root_at(plan, i);

		for (j = 0; j < grant->root_count; j++)
			if (strcmp(grant->roots[j], scratch.path) == 0)
				break;
		/* Once for each root, whoever has it. */
		if (j == grant->root_count ||
		    (grant->request->principal != NULL &&
		     strcmp(scratch.principal, grant->request->principal) != 0))
			continue;
		grant->root_own = grant->own[j];
		grant->root_takes_back = grant->takes_back[j];
		rc = sbk_grant_walk_root(grant, &scratch, err);
		/* A root that is gone has nothing new in it. */
		if (rc == SBK_E_NOTFOUND) {
			sbk_error_clear(err);
			rc = 0;
		}
	}
	grant->root = NULL;
	return rc == 0 ? add_notes(grant, err) : rc;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_below_any(const char *path, char *const *roots, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (sbk_path_within(path, roots[i]))
			return true;
	return false;
}

static int resolve_roots(struct sbk_grant *grant, struct sbk_error *err)
{
	const struct sbk_grant_request *request = grant->request;
	size_t i, kept = 0;

	grant->roots = calloc(request->path_count + 1, sizeof(*grant->roots));
	if (grant->roots == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < request->path_count; i++) {
		int rc = sbk_os_real_path(request->paths[i], &grant->roots[i],
					  err);

		if (rc < 0)
			return rc;
		grant->root_count++;
	}
	qsort(grant->roots, grant->root_count, sizeof(*grant->roots),
	      compare_paths);
	/* What is below another root is granted with it. */
	for (i = 0; i < grant->root_count; i++) {
		if (is_below_any(grant->roots[i], grant->roots, kept))
			free(grant->roots[i]);
		else
			grant->roots[kept++] = grant->roots[i];
	}
	grant->root_count = kept;
	return 0;
}

static int find_own(struct sbk_grant *grant, struct sbk_error *err)
{
	grant->own = calloc(grant->root_count + 1, sizeof(*grant->own));
	grant->takes_back =
		calloc(grant->root_count + 1, sizeof(*grant->takes_back));
	if (grant->own == NULL || grant->takes_back == NULL)
		return sbk_error_no_memory(err);
	if (grant->request->root_principals == NULL)
		return 0;
	return sbk_root_principals_find(grant->request->root_principals,
					(const char *const *)grant->roots,
					grant->root_count, grant->own, err);
}

/* The denied paths, resolved, and after them the sensitive ones. */
static int find_left_out(struct sbk_grant *grant, struct sbk_error *err)
{
	const struct sbk_grant_request *request = grant->request;
	const char **places = NULL, **all;
	size_t count = 0, i;
	int rc = sbk_sensitive_paths(request->person, &grant->arena, &places,
				     &count, err);

	if (rc < 0)
		return rc;
	all = sbk_arena_alloc(&grant->arena, (request->denied_count + count +
					      1) * sizeof(*all));
	if (all == NULL)
		return sbk_error_no_memory(err);
	grant->sensitive = all;
	for (i = 0; i < request->denied_count; i++) {
		char *real;

		rc = sbk_os_real_path(request->denied[i], &real, err);
		if (rc < 0)
			return sbk_error_prefix(err, "--deny");
		all[i] = sbk_arena_strdup(&grant->arena, real);
		free(real);
		if (all[i] == NULL)
			return sbk_error_no_memory(err);
	}
	for (i = 0; i < count; i++)
		all[request->denied_count + i] = places[i];
	grant->denied_count = request->denied_count;
	grant->sensitive_count = request->denied_count + count;
	grant->inside =
		calloc(grant->sensitive_count + 1, sizeof(*grant->inside));
	return grant->inside != NULL ? 0 : sbk_error_no_memory(err);
}

/* A root of a grant in effect that is not where it was: what inherited from
 * it may be anywhere. */
static int look_for_moved(struct sbk_grant *grant, struct sbk_error *err)
{
	struct sbk_plan *roots = grant->request->in_effect;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; roots != NULL && i < sbk_plan_root_count(roots); i++) {
		const struct sbk_plan_root *root = sbk_plan_root_at(roots, i);
		const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
						  .name = root->path};

		rc = sbk_backend_observe(grant->backend, &object, &seen, err);
		if (rc == SBK_E_NOMEM)
			break;
		if (rc < 0 || root->identity == NULL ||
		    strcmp(root->identity, sbk_buf_text(&seen.identity)) != 0)
			grant->root_moved = true;
		sbk_error_clear(err);
		rc = 0;
	}
	sbk_observation_release(&seen);
	return rc;
}

int sbk_grant_new(const struct sbk_backend *backend,
		  const struct sbk_grant_request *request,
		  struct sbk_grant **out, struct sbk_error *err)
{
	struct sbk_grant *grant = calloc(1, sizeof(*grant));
	int rc;

	if (grant == NULL)
		return sbk_error_no_memory(err);
	grant->backend = backend;
	grant->request = request;
	grant->directories.value_size = sizeof(int64_t);
	grant->linked_index.value_size = sizeof(size_t);
	rc = resolve_roots(grant, err);
	if (rc == 0)
		rc = find_own(grant, err);
	if (rc == 0)
		rc = look_for_moved(grant, err);
	if (rc == 0)
		rc = find_left_out(grant, err);
	if (rc < 0) {
		sbk_grant_free(grant);
		return rc;
	}
	*out = grant;
	return 0;
}

void sbk_grant_free(struct sbk_grant *grant)
{
	size_t i;

	if (grant == NULL)
		return;
	for (i = 0; i < SBK_GRANT_MEMO_SLOTS; i++) {
		sbk_buf_release(&grant->memo[i].current);
		sbk_buf_release(&grant->memo[i].next);
		sbk_buf_release(&grant->memo[i].ours);
	}
	for (i = 0; i < grant->root_count; i++)
		free(grant->roots[i]);
	free(grant->roots);
	free(grant->own);
	free(grant->takes_back);
	free(grant->linked);
	free(grant->inside);
	sbk_buf_release(&grant->stripped);
	sbk_table_release(&grant->planned);
	sbk_table_release(&grant->directories);
	sbk_table_release(&grant->linked_index);
	sbk_arena_release(&grant->arena);
	free(grant);
}
