/*
 * Plans and makes the grants of a run. Which paths those are run_grant_paths.c
 * says, what is granted in them the planner of grants.
 *
 * Steady state: where the journal has a grant in effect at or above a path and
 * the path itself still bears it, nothing is planned and no tree is walked. A
 * root's own principal is asked for at the root itself alone (run_roots.h): a
 * grant above it is another root's.
 */
#include "engine/run_grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/git_environment.h"
#include "engine/os_census.h"
#include "engine/path.h"
#include "engine/policy_model.h"
#include "engine/run_grant_paths.h"
#include "engine/run_roots.h"

#include "engine/banned.h"

/* --- what stands already ------------------------------------------------ */

static bool is_in_effect(const struct sbk_run_grant *grant, const char *path,
			 const char *identity)
{
	size_t i;

	for (i = 0; i < sbk_plan_root_count(grant->in_effect); i++) {
		const struct sbk_plan_root *root =
			sbk_plan_root_at(grant->in_effect, i);

		if (strcmp(root->principal, grant->principal) != 0)
			continue; /* a root's own */
		if (strcmp(root->path, path) == 0 &&
		    (root->identity == NULL ||
		     strcmp(root->identity, identity) != 0))
			continue; /* another object by now */
		if (sbk_path_within(path, root->path))
			return true;
	}
	return false;
}

/* Whether the principal has the right there by the entries that are there. */
static bool has_entries(const struct sbk_run_grant *grant,
			const struct sbk_observation *seen, const char *path,
			const char *principal, enum sbk_rights rights)
{
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_file file;
	bool result = false;

	if (sbk_os_look(path, &file, NULL) == 0 &&
	    sbk_backend_add_grant(&grant->backend, sbk_observation_state(seen),
				  file.type == SBK_FILE_DIRECTORY, principal,
				  rights, &next, &ours, NULL) == 0)
		result = ours.size == 0;
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
	return result;
}

/* The principal that the root itself has, or NULL. */
static const char *own_principal(const struct sbk_scope *scope,
				 const char *path)
{
	size_t i;

	for (i = 0; i < scope->root_count; i++)
		if (strcmp(scope->roots[i].path, path) == 0)
			return scope->roots[i].principal;
	return NULL;
}

/* Whether the path bears such a grant, as it was left. What cannot be told
 * is planned. */
static bool stands(const struct sbk_run_grant *grant, const char *path,
		   bool written)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	const enum sbk_rights rights =
		written ? SBK_RIGHTS_WRITE : SBK_RIGHTS_READ;
	const bool needs_own = written && sbk_root_principals_used;
	const bool takes_back = written && grant->has_account &&
				sbk_backend_inherits(&grant->backend);
	const char *own = own_principal(grant->scope, path);
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	bool result = false;

	if (sbk_backend_observe(&grant->backend, &object, &seen, NULL) == 0)
		result = (!grant->has_account ||
			  (has_entries(grant, &seen, path, grant->principal,
				       rights) &&
			   is_in_effect(grant, path,
					sbk_buf_text(&seen.identity)))) &&
			 (!needs_own ||
			  (own != NULL &&
			   has_entries(grant, &seen, path, own, rights))) &&
			 (!takes_back ||
			  has_entries(grant, &seen, path,
				      grant->scope->person.id.text,
				      SBK_RIGHTS_TAKE_BACK));
	sbk_observation_release(&seen);
	return result;
}

static int tell_git(struct sbk_scope *scope, struct sbk_error *err)
{
	const char **told;
	int rc = sbk_git_environment((const char *const *)scope->environment,
				     &scope->arena, &told, err);

	if (rc == 0)
		scope->environment = (char **)(uintptr_t)told;
	return rc;
}

/* --- the plans ---------------------------------------------------------- */

/* The grant that was planned last before this part's, or NULL. */
static const struct sbk_grant *before(const struct sbk_run_grant *grant,
				      const struct sbk_run_grant_part *part)
{
	while (part > grant->parts)
		if ((--part)->grant != NULL)
			return part->grant;
	return NULL;
}

static int plan_part(struct sbk_run_grant *grant,
		     struct sbk_run_grant_part *part, struct sbk_error *err)
{
	const bool written = part == &grant->parts[SBK_RUN_GRANT_WRITTEN];
	size_t i, kept = 0;
	int rc;

	for (i = 0; i < part->wanted_count; i++)
		if (!stands(grant, part->wanted[i], written))
			part->paths[kept++] = part->wanted[i];
	part->request = (struct sbk_grant_request){
		.person = &grant->scope->person,
		.principal = grant->has_account ? grant->principal : NULL,
		.principal_name = grant->name,
		.root_principals = written ? &grant->own : NULL,
		.rights = written ? SBK_RIGHTS_WRITE : SBK_RIGHTS_READ,
		.paths = part->paths,
		.path_count = kept,
		.denied = grant->denied,
		.denied_count = grant->denied_count,
		.shut = grant->denied + grant->denied_count,
		.shut_count = grant->shut_count,
		.in_effect = grant->in_effect,
		/* Where there are mounts, what is above needs no entry. */
		.without_way = !sbk_root_principals_used,
		.beside = grant->scope->granted,
		.beside_count = grant->scope->granted_count,
		.except = before(grant, part),
	};
	if (kept == 0)
		return 0;
	part->plan = sbk_plan_new();
	if (part->plan == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_grant_new(&grant->backend, &part->request, &part->grant, err);
	return rc == 0 ? sbk_grant_plan(part->grant, part->plan, err) : rc;
}

static int add_notes(struct sbk_run_grant *grant, struct sbk_error *err)
{
	struct sbk_plan *plan = grant->parts[SBK_RUN_GRANT_WRITTEN].plan;

	if (plan == NULL || sbk_plan_count(plan) == 0 ||
	    sbk_root_principals_used)
		return 0;
	return sbk_plan_add_note(
		plan, err,
		"%s cannot be given this by a mount (%s). By entries the "
		"umask does not hold there, chmod may take the account's "
		"right away again, and what was there before is not the "
		"account's to chmod or touch -d; what it makes is given back "
		"to you after each run",
		grant->name,
		sbk_run_unmappable(grant->parts[SBK_RUN_GRANT_WRITTEN].paths[0],
				   true));
}

/* What the plan is to give a root, which is told before it is made. */
static void tell_planned(struct sbk_run_grant *grant)
{
	struct sbk_plan *plan = grant->parts[SBK_RUN_GRANT_WRITTEN].plan;
	size_t i, j;

	for (i = 0; plan != NULL && i < sbk_plan_root_count(plan); i++) {
		const struct sbk_plan_root *root = sbk_plan_root_at(plan, i);

		for (j = 0; j < grant->scope->root_count; j++)
			if (sbk_root_principal_is(root->principal) &&
			    strcmp(grant->scope->roots[j].path, root->path) ==
				    0)
				grant->scope->roots[j].planned =
					root->principal;
	}
}

static void forget_part(struct sbk_run_grant_part *part)
{
	sbk_grant_free(part->grant);
	sbk_plan_free(part->plan);
	part->grant = NULL;
	part->plan = NULL;
}

/*
 * Nobody asked for what was found: what of it cannot be granted is left out
 * with a note, and there is still a run. It stands last in the scope's list.
 */
static int plan_found(struct sbk_run_grant *grant,
		      struct sbk_run_grant_part *part, struct sbk_error *err)
{
	struct sbk_scope *scope = grant->scope;
	const char **all =
		&scope->granted[scope->granted_count - part->wanted_count];
	const size_t count = part->wanted_count;
	struct sbk_error why = SBK_ERROR_INIT;
	size_t i, kept = 0;
	int rc = plan_part(grant, part, &why);

	if (rc == 0)
		return 0;
	for (i = 0; i < count && rc != SBK_E_NOMEM; i++) {
		forget_part(part);
		part->wanted = &all[i];
		part->wanted_count = 1;
		rc = plan_part(grant, part, &why);
		if (rc == 0)
			all[kept++] = all[i];
		else if (rc != SBK_E_NOMEM)
			rc = sbk_run_grant_leave_out(grant, all[i], why.message,
						     err);
	}
	forget_part(part);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	scope->granted_count -= count - kept;
	part->wanted = all;
	part->wanted_count = kept;
	return plan_part(grant, part, err);
}

static int make_plans(struct sbk_run_grant *grant,
		      const size_t counts[SBK_RUN_GRANT_PARTS],
		      struct sbk_error *err)
{
	const char *const *wanted = (const char *const *)grant->scope->granted;
	size_t i;
	int rc = sbk_run_grant_find_denied(grant, err);

	for (i = 0; rc == 0 && i < SBK_RUN_GRANT_PARTS; i++) {
		struct sbk_run_grant_part *part = &grant->parts[i];

		part->wanted = wanted;
		part->wanted_count = counts[i];
		wanted += counts[i];
		part->paths =
			calloc(part->wanted_count + 1, sizeof(*part->paths));
		if (part->paths == NULL)
			rc = sbk_error_no_memory(err);
		else
			rc = i == SBK_RUN_GRANT_FOUND
				     ? plan_found(grant, part, err)
				     : plan_part(grant, part, err);
	}
	tell_planned(grant);
	return rc == 0 ? add_notes(grant, err) : rc;
}

/* The run goes without the account, and says why. */
static int refuse(struct sbk_run_grant *grant, struct sbk_scope *scope,
		  const struct sbk_error *why, struct sbk_error *err)
{
	size_t i;

	scope->grant_refused = sbk_arena_printf(
		&scope->arena, "--grant acl: %s", why->message);
	if (scope->grant_refused == NULL)
		return sbk_error_no_memory(err);
	scope->granted_count = 0;
	for (i = 0; i < scope->root_count; i++) {
		scope->roots[i].planned = NULL;
		if (scope->roots[i].principal == NULL)
			scope->roots[i].missing = scope->grant_refused;
	}
	sbk_run_grant_release(grant);
	return 0;
}

static int list_in_effect(struct sbk_run_grant *grant, struct sbk_error *err)
{
	sbk_plan_free(grant->in_effect);
	grant->in_effect = sbk_plan_new();
	if (grant->in_effect == NULL)
		return sbk_error_no_memory(err);
	return sbk_root_principals_granted(
		grant->ledger, grant->has_account ? grant->principal : NULL,
		grant->in_effect, err);
}

/* Who is granted something: the account, a root's own principal, or both. */
static int find_who(struct sbk_run_grant *grant, struct sbk_error *err)
{
	int rc = sbk_os_backend(&grant->backend, err);

	grant->own = (struct sbk_root_principals){.ledger = grant->ledger,
						  .backend = &grant->backend};
	if (rc == 0 && grant->has_account)
		rc = sbk_os_principal_name(grant->principal, grant->name,
					   sizeof(grant->name), err);
	else
		(void)snprintf(grant->name, sizeof(grant->name), "%s",
			       sbk_root_principal_name);
	return rc;
}

int sbk_run_grant_plan(struct sbk_run_grant *grant,
		       const struct sbk_ledger *ledger, struct sbk_scope *scope,
		       struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t counts[SBK_RUN_GRANT_PARTS];
	int rc;

	scope->granted_count = 0;
	if (scope->grant != SBK_GRANT_ACL)
		return 0;
	grant->ledger = ledger;
	grant->scope = scope;
	grant->has_account =
		sbk_run_account(scope, grant->principal, NULL) == 0;
	if (!grant->has_account && !sbk_root_principals_used)
		return 0; /* who launches finds out why, and says it */
	rc = find_who(grant, err);
	if (rc == 0)
		rc = sbk_run_grant_find(grant, counts, err);
	if (rc == 0 && scope->granted_count > 0)
		rc = list_in_effect(grant, err);
	if (rc < 0 || scope->granted_count == 0)
		return rc;
	grant->written = scope->granted;
	grant->written_count = counts[SBK_RUN_GRANT_WRITTEN];
	rc = make_plans(grant, counts, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return refuse(grant, scope, &why, err);
	return grant->has_account ? tell_git(scope, err) : 0;
}

/* --- making and printing ------------------------------------------------ */

/* Another command has changed the trees, or numbered a root, since the plan was
 * made: what stands by now is found anew. */
static int plan_again(void *arg, struct sbk_plan **plan, struct sbk_error *err)
{
	struct sbk_run_grant *grant = arg;
	struct sbk_run_grant_part *part = grant->making;
	int rc;

	forget_part(part);
	rc = sbk_run_roots_find(grant->ledger, grant->scope, err);
	if (rc == 0)
		rc = list_in_effect(grant, err);
	if (rc == 0)
		rc = plan_part(grant, part, err);
	if (rc == 0 && part->plan == NULL) {
		part->plan = sbk_plan_new();
		if (part->plan == NULL)
			rc = sbk_error_no_memory(err);
	}
	*plan = part->plan;
	return rc;
}

/* The grant is another one where the plan was made again, or none. */
static int more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	struct sbk_run_grant *grant = arg;

	return grant->making->grant != NULL
		       ? sbk_grant_more(grant->making->grant, plan, err)
		       : 0;
}

static int make_part(struct sbk_run_grant *grant,
		     struct sbk_run_grant_part *part,
		     const struct sbk_ledger *ledger, struct sbk_error *err)
{
	struct sbk_transaction_report report;
	struct sbk_buf title = SBK_BUF_INIT;
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.more = more,
		.more_arg = grant,
		.again = plan_again,
		.again_arg = grant,
		.progress = grant->progress,
	};
	size_t i;
	int rc;

	if (part->plan == NULL || sbk_plan_count(part->plan) == 0)
		return 0;
	sbk_buf_adds(&title, part == &grant->parts[SBK_RUN_GRANT_WRITTEN]
				     ? "run --grant acl --rw"
				     : "run --grant acl --ro");
	for (i = 0; i < part->request.path_count; i++) {
		sbk_buf_addc(&title, ' ');
		sbk_text_quote(&title, part->paths[i]);
	}
	/* It is filled anew where the plan is made again. */
	request.mark = part == &grant->parts[SBK_RUN_GRANT_WRITTEN]
			       ? sbk_root_principals_mark(&grant->own)
			       : NULL;
	request.title = sbk_buf_text(&title);
	grant->making = part;
	/* What was planned before this was perhaps planned again. */
	part->request.except = before(grant, part);
	rc = sbk_buf_failed(&title, err);
	if (rc == 0)
		rc = ledger->ops->transact(ledger->self, &grant->backend,
					   &request, part->plan, &report, err);
	sbk_buf_release(&title);
	return rc;
}

/* Nothing of the grant is refused any more; it is planned again after this. */
static int make_room(struct sbk_run_grant *grant, struct sbk_error *err)
{
	const struct sbk_run_grant_part *part =
		&grant->parts[SBK_RUN_GRANT_WRITTEN];
	struct sbk_root_principals room = {.ledger = grant->own.ledger,
					   .backend = grant->own.backend};
	int rc;

	if (!grant->own.needs_room)
		return 0;
	rc = sbk_root_principals_make_room(&room, part->paths,
					   part->request.path_count, err);
	sbk_root_principals_release(&room);
	return rc;
}

int sbk_run_grant_make(struct sbk_run_grant *grant,
		       const struct sbk_ledger *ledger, struct sbk_error *err)
{
	size_t i;
	int rc = make_room(grant, err);

	for (i = 0; rc == 0 && i < SBK_RUN_GRANT_PARTS; i++)
		rc = make_part(grant, &grant->parts[i], ledger, err);
	return rc;
}

void sbk_run_grant_release(struct sbk_run_grant *grant)
{
	size_t i;

	for (i = 0; i < SBK_RUN_GRANT_PARTS; i++) {
		forget_part(&grant->parts[i]);
		free(grant->parts[i].paths);
	}
	free(grant->denied);
	sbk_root_principals_release(&grant->own);
	sbk_plan_free(grant->in_effect);
	sbk_backend_close(&grant->backend);
	*grant = (struct sbk_run_grant)SBK_RUN_GRANT_INIT;
}
