/*
 * Which SIDs of roots a run holds. Owns nothing: the journal says which SID a
 * root has, the objects themselves say what it opens. Whatever cannot be told
 * takes the SID away from the run, and says why; no SID is made up here.
 */
#include "engine/windows/run_sids.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access.h"
#include "engine/path.h"
#include "engine/policy_model.h"
#include "engine/windows/access_state.h"
#include "engine/windows/root_sid.h"

#include "engine/banned.h"

#define GRANT "'--grant acl' grants it, or 'sandbook grant --to runs --rw PATH'"

/* What one root was seen to be. */
struct seen_root {
	struct sbk_observation now;
	const char *identity; /* "": it could not be looked at */
};

struct finding {
	const struct sbk_backend *backend;
	struct sbk_scope *scope;
	struct sbk_root_principals principals;
	struct seen_root *seen;
	const char **identities, **sids; /* as scope->roots */
};

static bool is_root(const struct sbk_scope_path *path)
{
	return path->kind == SBK_ACCESS_RW &&
	       strcmp(path->path, path->target) == 0;
}

static size_t count_roots(const struct sbk_scope *scope)
{
	size_t i, count = 0;

	for (i = 0; i < scope->path_count; i++)
		count += is_root(&scope->paths[i]);
	return count;
}

int sbk_run_sids_check(const struct sbk_scope *scope, struct sbk_error *err)
{
	const size_t count = count_roots(scope);

	if (count <= SBK_SYNTHETIC_TOKEN_MAX)
		return 0;
	return sbk_error_set(err, SBK_E_LIMIT,
			     "the run has %zu writable roots, and a token "
			     "holds the SIDs of %d: name a directory above "
			     "some of them, or leave some out",
			     count, SBK_SYNTHETIC_TOKEN_MAX);
}

/* --- what a SID opens ----------------------------------------------------- */

/* Whatever changes an object, its name, or who may do so. */
static const uint32_t changing[] = {
	SBK_FILE_WRITE_DATA,   SBK_FILE_APPEND_DATA,	  SBK_FILE_WRITE_EA,
	SBK_FILE_DELETE_CHILD, SBK_FILE_WRITE_ATTRIBUTES, SBK_RIGHT_DELETE,
	SBK_RIGHT_WRITE_DAC,   SBK_RIGHT_WRITE_OWNER,
};

/*
 * Whether the entries for the SID alone allow any of it. What Everyone may
 * write a run may write in any root or none, so it is not asked here.
 */
static int may_change(struct sbk_state state, const char *sid, bool *out,
		      struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_access_request request = {.object = SBK_NT_FILE};
	struct sbk_access_result result;
	struct sbk_token token;
	struct sbk_sid who;
	struct sbk_sd sd;
	size_t i;
	int rc = sbk_sid_parse(sid, strlen(sid), &who, err);

	if (rc == 0)
		rc = sbk_nt_access_parse(state, &access, err);
	if (rc == 0)
		rc = sbk_nt_access_view(&access, &sd, err);
	*out = false;
	token = sbk_token_plain(&who);
	for (i = 0; rc == 0 && i < sizeof(changing) / sizeof(*changing); i++) {
		request.desired = changing[i];
		sbk_access_check(&sd, &token, &request, &result);
		*out |= result.answer != SBK_ACCESS_DENIED;
	}
	sbk_nt_access_release(&access);
	return rc;
}

/* --- what a root is missing ----------------------------------------------- */

static int miss(struct sbk_scope *scope, struct sbk_run_root *root,
		const char *why)
{
	root->principal = NULL;
	root->missing = sbk_arena_strdup(&scope->arena, why);
	return root->missing != NULL ? 0 : SBK_E_NOMEM;
}

static int miss_because(struct sbk_scope *scope, struct sbk_run_root *root,
			const char *what, const char *why)
{
	root->principal = NULL;
	root->missing = sbk_arena_printf(&scope->arena, "%s: %s", what, why);
	return root->missing != NULL ? 0 : SBK_E_NOMEM;
}

/* Whether the run may not write this one, though it is within the root. */
static bool is_shut(const struct sbk_scope *scope, size_t index,
		    const char *root)
{
	const struct sbk_scope_path *path = &scope->paths[index];

	return path->kind != SBK_ACCESS_RW &&
	       strcmp(path->path, path->target) == 0 &&
	       sbk_path_within(path->path, root);
}

/* Takes the SID away where this object, which the run may not change, would
 * be open to it. One that is gone is nothing to open. */
static int check_shut(const struct finding *f, struct sbk_run_root *root,
		      const char *path)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	bool open = false;
	int rc = sbk_backend_observe(f->backend, &object, &seen, &why);

	if (rc == 0)
		rc = may_change(sbk_observation_state(&seen), root->principal,
				&open, &why);
	sbk_observation_release(&seen);
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc < 0)
		return miss_because(f->scope, root,
				    "what is to stay as it is in it cannot be "
				    "looked at",
				    why.message);
	if (!open)
		return 0;
	root->principal = NULL;
	root->missing = sbk_arena_printf(
		&f->scope->arena,
		"what was granted there would let it change '%s', which is to "
		"stay as it is and came after the grant: 'sandbook undo "
		"--path' "
		"of the root, then grant it again",
		path);
	return root->missing != NULL ? 0 : SBK_E_NOMEM;
}

static int check_root(const struct finding *f, size_t index)
{
	struct sbk_run_root *root = &f->scope->roots[index];
	struct sbk_error why = SBK_ERROR_INIT;
	bool open = false;
	size_t i;
	int rc = may_change(sbk_observation_state(&f->seen[index].now),
			    root->principal, &open, &why);

	if (rc < 0)
		return miss_because(f->scope, root, "it cannot be looked at",
				    why.message);
	if (!open)
		return miss(f->scope, root,
			    "its entries for runs are not there any more: "
			    "'sandbook undo --path' of it, then grant it "
			    "again");
	for (i = 0;
	     rc == 0 && root->principal != NULL && i < f->scope->path_count;
	     i++)
		if (is_shut(f->scope, i, root->path))
			rc = check_shut(f, root, f->scope->paths[i].path);
	return rc;
}

/* --- finding -------------------------------------------------------------- */

static int list_roots(struct sbk_scope *scope, struct sbk_error *err)
{
	const size_t count = count_roots(scope);
	size_t i;

	scope->root_count = 0;
	scope->roots = sbk_arena_alloc(&scope->arena,
				       (count + 1) * sizeof(*scope->roots));
	if (scope->roots == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < scope->path_count; i++)
		if (is_root(&scope->paths[i]))
			scope->roots[scope->root_count++] =
				(struct sbk_run_root){
					.path = scope->paths[i].path};
	return 0;
}

/* What cannot be looked at has no identity, and so no SID. */
static int look(struct finding *f, size_t index)
{
	struct sbk_run_root *root = &f->scope->roots[index];
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = root->path};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_backend_observe(f->backend, &object, &f->seen[index].now,
				     &why);

	f->identities[index] = sbk_buf_text(&f->seen[index].now.identity);
	return rc < 0 ? miss_because(f->scope, root, "it cannot be looked at",
				     why.message)
		      : 0;
}

static int settle(struct finding *f, size_t index)
{
	struct sbk_run_root *root = &f->scope->roots[index];

	if (root->missing != NULL)
		return 0;
	if (f->sids[index] == NULL)
		return miss(f->scope, root,
			    "it was not granted to runs; " GRANT);
	root->principal = sbk_arena_strdup(&f->scope->arena, f->sids[index]);
	return root->principal != NULL ? check_root(f, index) : SBK_E_NOMEM;
}

static int find_all(struct finding *f, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	const size_t count = f->scope->root_count;
	size_t i;
	int rc = 0, known;

	for (i = 0; rc == 0 && i < count; i++)
		rc = look(f, i);
	if (rc < 0)
		return sbk_error_no_memory(err);
	known = sbk_root_sid_known(&f->principals, f->identities, count,
				   f->sids, &why);
	for (i = 0; rc == 0 && i < count; i++)
		rc = known < 0 ? miss_because(f->scope, &f->scope->roots[i],
					      "your journal does not say what "
					      "was granted to runs",
					      why.message)
			       : settle(f, i);
	return rc < 0 || known == SBK_E_NOMEM ? sbk_error_no_memory(err) : 0;
}

int sbk_run_sids_find(const struct sbk_ledger *ledger,
		      const struct sbk_backend *backend,
		      struct sbk_scope *scope, struct sbk_error *err)
{
	struct finding f = {
		.backend = backend,
		.scope = scope,
		.principals = {.ledger = ledger, .backend = backend}};
	size_t i;
	int rc = list_roots(scope, err);

	if (rc < 0)
		return rc;
	f.seen = calloc(scope->root_count + 1, sizeof(*f.seen));
	f.identities = calloc(scope->root_count + 1, sizeof(*f.identities));
	f.sids = calloc(scope->root_count + 1, sizeof(*f.sids));
	if (f.seen == NULL || f.identities == NULL || f.sids == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = find_all(&f, err);
	for (i = 0; f.seen != NULL && i < scope->root_count; i++)
		sbk_observation_release(&f.seen[i].now);
	free(f.seen);
	free(f.identities);
	free(f.sids);
	sbk_root_principals_release(&f.principals);
	return rc;
}

/* --- collecting ----------------------------------------------------------- */

static bool has(const struct sbk_run_sids *sids, const struct sbk_sid *sid)
{
	size_t i;

	for (i = 0; i < sids->count; i++)
		if (sbk_sid_equal(&sids->items[i], sid))
			return true;
	return false;
}

int sbk_run_sids_collect(const struct sbk_scope *scope,
			 struct sbk_run_sids *out, struct sbk_error *err)
{
	size_t i;

	out->count = 0;
	for (i = 0; i < scope->root_count; i++) {
		const char *text = scope->roots[i].principal;
		struct sbk_sid sid;

		if (text == NULL)
			continue;
		if (sbk_sid_parse(text, strlen(text), &sid, NULL) < 0 ||
		    !sbk_synthetic_parse(&sid, NULL, NULL))
			return sbk_error_set(err, SBK_E_INVAL,
					     "'%s' is no SID of a root", text);
		if (has(out, &sid))
			continue;
		if (out->count == SBK_SYNTHETIC_TOKEN_MAX)
			return sbk_run_sids_check(scope, err);
		out->items[out->count++] = sid;
	}
	return 0;
}
