/*
 * Plans and makes the grants of a run. Which paths those are is decided here,
 * what is granted in them by the planner of grants; whether a path can be
 * mapped is the system's to say.
 *
 * Steady state: where the journal has a grant in effect at or above a path and
 * the path itself still bears it, nothing is planned and no tree is walked.
 */
#include "engine/run_grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os_census.h"
#include "engine/path.h"
#include "engine/policy_model.h"

#include "engine/banned.h"

enum { WRITTEN, READ };

/* --- what is in question ------------------------------------------------ */

/* An entry proper that is the person's own. */
static bool is_own(const struct sbk_scope *scope,
		   const struct sbk_scope_path *path)
{
	struct sbk_file file;

	return strcmp(path->path, path->target) == 0 && !path->is_link &&
	       sbk_os_look(path->target, &file, NULL) == 0 &&
	       file.owner == scope->person.uid &&
	       (file.type == SBK_FILE_DIRECTORY ||
		file.type == SBK_FILE_REGULAR);
}

static bool is_granted(const struct sbk_scope *scope, const char *path)
{
	size_t i;

	for (i = 0; i < scope->granted_count; i++)
		if (sbk_path_within(path, scope->granted[i]))
			return true;
	return false;
}

static bool is_wanted(const struct sbk_scope *scope,
		      const struct sbk_scope_path *path, bool written)
{
	if (written ? path->kind != SBK_ACCESS_RW
		    : (path->kind != SBK_ACCESS_RO &&
		       path->kind != SBK_ACCESS_PROTECT) ||
			      path->optional)
		return false;
	/* The scope's order is a parent's before what is below it. */
	return is_own(scope, path) && !is_granted(scope, path->target) &&
	       sbk_run_unmappable(path->target, written) != NULL;
}

/* Adds the paths of one right to the scope's list. */
static void find_paths(struct sbk_scope *scope, bool written)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++)
		if (is_wanted(scope, &scope->paths[i], written))
			scope->granted[scope->granted_count++] =
				scope->paths[i].target;
}

static int find_all(struct sbk_scope *scope, size_t *written,
		    struct sbk_error *err)
{
	scope->granted =
		sbk_arena_alloc(&scope->arena, (scope->path_count + 1) *
						       sizeof(*scope->granted));
	if (scope->granted == NULL)
		return sbk_error_no_memory(err);
	scope->granted_count = 0;
	find_paths(scope, true);
	*written = scope->granted_count;
	find_paths(scope, false);
	return 0;
}

/* What the run does not see gets no entry either. */
static size_t find_denied(const struct sbk_scope *scope, const char **out)
{
	size_t i, count = 0;

	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];
		struct sbk_file file;

		if (path->kind == SBK_ACCESS_DENY &&
		    is_granted(scope, path->target) &&
		    sbk_os_look(path->target, &file, NULL) == 0 &&
		    file.type != SBK_FILE_LINK)
			out[count++] = path->target;
	}
	return count;
}

/* --- what stands already ------------------------------------------------ */

static bool is_in_effect(const struct sbk_run_grant *grant, const char *path,
			 const char *identity)
{
	size_t i;

	for (i = 0; i < sbk_plan_root_count(grant->in_effect); i++) {
		const struct sbk_plan_root *root =
			sbk_plan_root_at(grant->in_effect, i);

		if (strcmp(root->path, path) == 0 &&
		    (root->identity == NULL ||
		     strcmp(root->identity, identity) != 0))
			continue; /* another object by now */
		if (sbk_path_within(path, root->path))
			return true;
	}
	return false;
}

/* Whether the path bears such a grant, as it was left. What cannot be told
 * is planned. */
static bool stands(const struct sbk_run_grant *grant, const char *path,
		   bool written)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_file file;
	bool result = false;

	if (sbk_os_look(path, &file, NULL) == 0 &&
	    sbk_backend_observe(&grant->backend, &object, &seen, NULL) == 0 &&
	    sbk_backend_add_grant(&grant->backend, sbk_observation_state(&seen),
				  file.type == SBK_FILE_DIRECTORY,
				  grant->principal,
				  written ? SBK_RIGHTS_WRITE : SBK_RIGHTS_READ,
				  &next, &ours, NULL) == 0)
		result =
			ours.size == 0 &&
			is_in_effect(grant, path, sbk_buf_text(&seen.identity));
	sbk_observation_release(&seen);
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
	return result;
}

/* --- git ---------------------------------------------------------------- */

/*
 * To the account the person's files are somebody else's, and git refuses a
 * repository of somebody else's. One more entry of what git reads from its
 * environment; a count that is no number is the caller's own affair.
 */
static int tell_git(struct sbk_scope *scope, struct sbk_error *err)
{
	static const char word[] = "GIT_CONFIG_COUNT=";
	char **environment, line[80];
	size_t count = 0, used = 0, i;
	unsigned long known = 0;

	while (scope->environment[count] != NULL)
		count++;
	environment = sbk_arena_alloc(&scope->arena,
				      (count + 4) * sizeof(*environment));
	if (environment == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++) {
		if (strncmp(scope->environment[i], word, sizeof(word) - 1) == 0)
			known = strtoul(scope->environment[i] + sizeof(word) -
						1,
					NULL, 10);
		else
			environment[used++] = scope->environment[i];
	}
	(void)snprintf(line, sizeof(line), "%s%lu", word, known + 1);
	environment[used++] = sbk_arena_strdup(&scope->arena, line);
	(void)snprintf(line, sizeof(line), "GIT_CONFIG_KEY_%lu=safe.directory",
		       known);
	environment[used++] = sbk_arena_strdup(&scope->arena, line);
	(void)snprintf(line, sizeof(line), "GIT_CONFIG_VALUE_%lu=*", known);
	environment[used++] = sbk_arena_strdup(&scope->arena, line);
	environment[used] = NULL;
	if (environment[used - 1] == NULL || environment[used - 2] == NULL ||
	    environment[used - 3] == NULL)
		return sbk_error_no_memory(err);
	scope->environment = environment;
	return 0;
}

/* --- the plans ---------------------------------------------------------- */

static int plan_part(struct sbk_run_grant *grant, bool written,
		     const struct sbk_scope *scope, const char *const *paths,
		     size_t count, size_t denied, struct sbk_error *err)
{
	struct sbk_run_grant_part *part =
		&grant->parts[written ? WRITTEN : READ];
	size_t i, kept = 0;
	int rc;

	part->paths = calloc(count + 1, sizeof(*part->paths));
	if (part->paths == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++)
		if (!stands(grant, paths[i], written))
			part->paths[kept++] = paths[i];
	if (kept == 0)
		return 0;
	part->request = (struct sbk_grant_request){
		.person = &scope->person,
		.principal = grant->principal,
		.principal_name = grant->name,
		.rights = written ? SBK_RIGHTS_WRITE : SBK_RIGHTS_READ,
		.paths = part->paths,
		.path_count = kept,
		.denied = grant->denied,
		.denied_count = denied,
		.in_effect = grant->in_effect,
		.without_way = true,
		.except = written ? NULL : grant->parts[WRITTEN].grant,
	};
	part->plan = sbk_plan_new();
	if (part->plan == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_grant_new(&grant->backend, &part->request, &part->grant, err);
	if (rc == 0)
		rc = sbk_grant_plan(part->grant, part->plan, err);
	if (rc == 0)
		grant->changes += sbk_plan_count(part->plan);
	return rc;
}

static int add_notes(struct sbk_run_grant *grant, struct sbk_error *err)
{
	struct sbk_plan *plan = grant->parts[WRITTEN].plan;

	if (plan == NULL || sbk_plan_count(plan) == 0)
		return 0;
	return sbk_plan_add_note(
		plan, err,
		"%s cannot be given this by a mount (%s). By entries the "
		"umask does not hold there, chmod may take the account's "
		"right away again, and what was there before is not the "
		"account's to chmod or touch -d; what it makes is given back "
		"to you after each run",
		grant->name,
		sbk_run_unmappable(grant->parts[WRITTEN].paths[0], true));
}

static int make_plans(struct sbk_run_grant *grant, struct sbk_scope *scope,
		      size_t written, struct sbk_error *err)
{
	size_t denied;
	int rc;

	grant->denied = calloc(scope->path_count + 1, sizeof(*grant->denied));
	if (grant->denied == NULL)
		return sbk_error_no_memory(err);
	denied = find_denied(scope, grant->denied);
	rc = plan_part(grant, true, scope, scope->granted, written, denied,
		       err);
	if (rc == 0)
		rc = plan_part(grant, false, scope, scope->granted + written,
			       scope->granted_count - written, denied, err);
	return rc == 0 ? add_notes(grant, err) : rc;
}

/* The run goes without the account, and says why. */
static int refuse(struct sbk_run_grant *grant, struct sbk_scope *scope,
		  const struct sbk_error *why, struct sbk_error *err)
{
	scope->grant_refused = sbk_arena_printf(
		&scope->arena, "--grant acl: %s", why->message);
	if (scope->grant_refused == NULL)
		return sbk_error_no_memory(err);
	scope->granted_count = 0;
	sbk_run_grant_release(grant);
	return 0;
}

int sbk_run_grant_plan(struct sbk_run_grant *grant,
		       const struct sbk_ledger *ledger, struct sbk_scope *scope,
		       struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t written = 0;
	int rc;

	scope->granted_count = 0;
	if (scope->grant != SBK_GRANT_ACL ||
	    sbk_run_account(scope, grant->principal, NULL) < 0)
		return 0; /* who launches finds out why, and says it */
	rc = find_all(scope, &written, err);
	if (rc < 0 || scope->granted_count == 0)
		return rc;
	grant->in_effect = sbk_plan_new();
	if (grant->in_effect == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_os_principal_name(grant->principal, grant->name,
				   sizeof(grant->name), err);
	if (rc == 0)
		rc = sbk_os_backend(&grant->backend, err);
	if (rc == 0)
		rc = ledger->ops->granted(ledger->self, SBK_BOOK_USER,
					  grant->principal, grant->in_effect,
					  err);
	if (rc < 0)
		return rc;
	grant->written = scope->granted;
	grant->written_count = written;
	rc = make_plans(grant, scope, written, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	return rc < 0 ? refuse(grant, scope, &why, err) : tell_git(scope, err);
}

/* --- making and printing ------------------------------------------------ */

static int make_part(struct sbk_run_grant *grant,
		     struct sbk_run_grant_part *part,
		     const struct sbk_ledger *ledger, struct sbk_error *err)
{
	struct sbk_transaction_report report;
	struct sbk_buf title = SBK_BUF_INIT;
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.more = sbk_grant_more,
		.more_arg = part->grant,
	};
	size_t i;
	int rc;

	if (part->plan == NULL || sbk_plan_count(part->plan) == 0)
		return 0;
	sbk_buf_adds(&title, part == &grant->parts[WRITTEN]
				     ? "run --grant acl --rw"
				     : "run --grant acl --ro");
	for (i = 0; i < part->request.path_count; i++) {
		sbk_buf_addc(&title, ' ');
		sbk_text_quote(&title, part->paths[i]);
	}
	request.title = sbk_buf_text(&title);
	rc = sbk_buf_failed(&title, err);
	if (rc == 0)
		rc = ledger->ops->transact(ledger->self, &grant->backend,
					   &request, part->plan, &report, err);
	sbk_buf_release(&title);
	return rc;
}

int sbk_run_grant_make(struct sbk_run_grant *grant,
		       const struct sbk_ledger *ledger, struct sbk_error *err)
{
	int rc = make_part(grant, &grant->parts[WRITTEN], ledger, err);

	return rc < 0 ? rc : make_part(grant, &grant->parts[READ], ledger, err);
}

const char *sbk_run_grant_root(const struct sbk_run_grant *grant, size_t index)
{
	return index < grant->written_count ? grant->written[index] : NULL;
}

bool sbk_run_grant_note(const struct sbk_run_grant *grant, size_t index,
			const char **out)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct sbk_plan *plan = grant->parts[i].plan;
		size_t count = plan != NULL ? sbk_plan_note_count(plan) : 0;

		if (index < count) {
			*out = sbk_plan_note_at(plan, index);
			return true;
		}
		index -= count;
	}
	return false;
}

void sbk_run_grant_print(const struct sbk_run_grant *grant, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (grant->parts[i].plan != NULL &&
		    sbk_plan_count(grant->parts[i].plan) > 0)
			sbk_plan_print(grant->parts[i].plan, out);
}

void sbk_run_grant_print_json(const struct sbk_run_grant *grant,
			      struct sbk_buf *out)
{
	bool first = true;
	size_t i;

	sbk_json_open_key(out, "grants", '[');
	for (i = 0; i < 2; i++) {
		if (grant->parts[i].plan == NULL)
			continue;
		if (!first)
			sbk_buf_addc(out, ',');
		sbk_plan_print_json(grant->parts[i].plan, out);
		first = false;
	}
	sbk_json_close(out, ']');
}

void sbk_run_grant_release(struct sbk_run_grant *grant)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		sbk_grant_free(grant->parts[i].grant);
		sbk_plan_free(grant->parts[i].plan);
		free(grant->parts[i].paths);
	}
	free(grant->denied);
	sbk_plan_free(grant->in_effect);
	sbk_backend_close(&grant->backend);
	*grant = (struct sbk_run_grant)SBK_RUN_GRANT_INIT;
}
