/*
 * What a grant makes of an object's state, remembered, since a tree holds few
 * distinct ones; and which objects have a protected name where texts do not
 * tell. The backend knows the entries; this file knows for whom, and in how
 * many steps.
 */
#include "engine/plan_grant_tree.h"

#include <stdio.h>
#include <string.h>

#include "engine/path.h"
#include "engine/places.h"

#include "engine/banned.h"

static struct sbk_grant_memo *memo_of(struct sbk_grant *grant,
				      struct sbk_state state)
{
	return &grant->memo[sbk_hash(state.data, state.size) &
			    (SBK_GRANT_MEMO_SLOTS - 1)];
}

/* Who is granted something in the root under way: one or two. */
static size_t principals_of(const struct sbk_grant *grant, const char *out[2])
{
	size_t count = 0;

	if (grant->request->principal != NULL)
		out[count++] = grant->request->principal;
	if (grant->root_own != NULL)
		out[count++] = grant->root_own;
	return count;
}

bool sbk_grant_has_numbers(const struct sbk_grant *grant)
{
	return grant->request->person->uid != UINT32_MAX;
}

/* Whether the state names one of the principals. */
int sbk_grant_strip(struct sbk_grant *grant, struct sbk_state access,
		    bool *named, struct sbk_error *err)
{
	const char *principals[2];
	const size_t count = principals_of(grant, principals);
	int rc = sbk_backend_strip(grant->backend, access, principals, count,
				   &grant->stripped, err);
	struct sbk_state without = {.data = sbk_buf_text(&grant->stripped),
				    .size = grant->stripped.size};

	*named = rc == 0 && !sbk_state_equal(without, access);
	return rc;
}

/* One more add_grant, upon what the memo has by now. */
static int add_step(struct sbk_grant *grant, struct sbk_grant_memo *memo,
		    const char *principal, unsigned rights)
{
	const struct sbk_state so_far = {.data = sbk_buf_text(&memo->next),
					 .size = memo->next.size};
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	int rc = sbk_backend_add_grant(
		grant->backend, so_far, memo->is_directory, principal,
		(enum sbk_rights)rights, &next, &ours, &memo->problem);

	if (rc == 0) {
		sbk_buf_add(&memo->ours, ours.data, ours.size);
		rc = sbk_buf_failed(&memo->ours, &memo->problem);
	}
	if (rc == 0) {
		sbk_buf_release(&memo->next);
		memo->next = next;
		next = (struct sbk_buf)SBK_BUF_INIT;
	}
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
	return rc;
}

/* The steps for one object, for each principal. */
static int add_steps(struct sbk_grant *grant, struct sbk_grant_memo *memo)
{
	const unsigned rights = memo->rights;
	const unsigned below = rights & SBK_RIGHTS_BELOW;
	const char *principals[2];
	const size_t count = principals_of(grant, principals);
	size_t i, before;
	int rc = 0;

	sbk_buf_clear(&memo->ours);
	sbk_buf_clear(&memo->next);
	sbk_buf_add(&memo->next, memo->current.data, memo->current.size);
	memo->sheltered = below != 0 && !memo->named;
	for (i = 0; rc == 0 && i < count; i++) {
		before = memo->ours.size;
		rc = add_step(grant, memo, principals[i],
			      SBK_GRANT_RIGHT(rights) | below);
		memo->sheltered &= memo->ours.size == before;
		if (rc == 0 && (rights & SBK_GRANT_DENIED) != 0)
			rc = add_step(grant, memo, principals[i],
				      SBK_RIGHTS_PROTECT);
		else if (rc == 0 && (rights & SBK_GRANT_SHIELDED) != 0)
			rc = add_step(grant, memo, principals[i],
				      SBK_RIGHTS_PROTECT | SBK_RIGHTS_BELOW);
	}
	/* Where nothing is handed on, that is not, either. */
	if (rc == 0 && memo->takes_back && !memo->sheltered)
		rc = add_step(grant, memo, grant->request->person->id.text,
			      SBK_RIGHTS_TAKE_BACK | below);
	return rc < 0 ? rc : sbk_buf_failed(&memo->next, &memo->problem);
}

/* add_grant, remembered. The result is borrowed until the next call. */
const struct sbk_grant_memo *sbk_grant_state(struct sbk_grant *grant,
					     struct sbk_state current,
					     bool is_directory, unsigned rights)
{
	struct sbk_grant_memo *memo = memo_of(grant, current);
	struct sbk_state known = {.data = sbk_buf_text(&memo->current),
				  .size = memo->current.size};

	if (memo->current.size > 0 && sbk_state_equal(known, current) &&
	    memo->is_directory == is_directory && memo->rights == rights &&
	    memo->own == grant->root_own &&
	    memo->takes_back == grant->root_takes_back)
		return memo;
	sbk_buf_clear(&memo->current);
	sbk_buf_add(&memo->current, current.data, current.size);
	memo->is_directory = is_directory;
	memo->rights = rights;
	memo->own = grant->root_own;
	memo->takes_back = grant->root_takes_back;
	memo->named = false;
	sbk_error_clear(&memo->problem);
	memo->rc = sbk_buf_failed(&memo->current, &memo->problem);
	if (memo->rc == 0)
		memo->rc = sbk_grant_strip(grant, current, &memo->named,
					   &memo->problem);
	if (memo->rc == 0)
		memo->rc = add_steps(grant, memo);
	return memo;
}

/* --- protected names where entries are inherited -------------------------- */

/*
 * Whether it is an object that has a protected name of the root, however its
 * directory spells it, or below one: for a system where texts do not tell.
 */
bool sbk_grant_is_named(struct sbk_grant *grant, const struct sbk_visit *visit,
			bool *itself)
{
	struct sbk_names_in_root *named = &grant->named;
	size_t i;

	for (i = 0; i < named->count; i++) {
		*itself = strcmp(named->identities[i], visit->identity) == 0;
		if (*itself && named->paths[i] == NULL) {
			named->paths[i] =
				sbk_arena_strdup(&grant->arena, visit->path);
			named->failed |= named->paths[i] == NULL;
		}
		if (*itself || (named->paths[i] != NULL &&
				sbk_path_within(visit->path, named->paths[i])))
			return true;
	}
	return false;
}

/* What stands at one protected name of the root, if anything does. */
static int find_name(struct sbk_grant *grant, const char *root,
		     const char *name, struct sbk_error *err)
{
	struct sbk_names_in_root *named = &grant->named;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS};
	int rc;

	object.name = sbk_path_join(&grant->arena, root, name);
	if (object.name == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_backend_observe(grant->backend, &object, &seen, err);
	/* A link is never granted; what cannot be looked at is refused when
	 * the walk comes to it. */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_INVAL || rc == SBK_E_DENIED) {
		sbk_error_clear(err);
		rc = 0;
	} else if (rc == 0 && named->count == SBK_GRANT_NAMES_MAX) {
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "more than %d protected names in '%s'",
				   SBK_GRANT_NAMES_MAX, root);
	} else if (rc == 0) {
		(void)snprintf(named->identities[named->count],
			       SBK_IDENTITY_MAX, "%s",
			       sbk_buf_text(&seen.identity));
		named->paths[named->count++] = NULL;
	}
	sbk_observation_release(&seen);
	return rc;
}

static int find_shut(struct sbk_grant *grant, const char *root,
		     struct sbk_error *err)
{
	const struct sbk_grant_request *request = grant->request;
	const size_t size = strlen(root);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < request->shut_count; i++)
		if (sbk_path_within(request->shut[i], root) &&
		    request->shut[i][size] == '/')
			rc = find_name(grant, root, request->shut[i] + size + 1,
				       err);
	return rc;
}

int sbk_grant_find_names(struct sbk_grant *grant, const char *root,
			 struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	grant->named.count = 0;
	if (grant->request->rights != SBK_RIGHTS_WRITE ||
	    !sbk_backend_inherits(grant->backend))
		return 0;
	for (i = 0; rc == 0 && sbk_protected_names[i] != NULL; i++)
		rc = find_name(grant, root, sbk_protected_names[i], err);
	if (rc == 0)
		rc = find_name(grant, root, sbk_project_policy_name, err);
	return rc < 0 ? rc : find_shut(grant, root, err);
}
