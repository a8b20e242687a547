/*
 * Which paths of a scope a run needs grants for (see the header). Whether a
 * path can be mapped is the system's to say, and whether the account reads it
 * anyway its entries'.
 */
#include "engine/run_grant_paths.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os_census.h"
#include "engine/path.h"
#include "engine/policy_model.h"

#include "engine/banned.h"

/* An entry proper; links and what they lead to are granted as what they are. */
static bool is_entry(const struct sbk_scope_path *path, struct sbk_file *out)
{
	return strcmp(path->path, path->target) == 0 && !path->is_link &&
	       sbk_os_look(path->target, out, NULL) == 0 &&
	       (out->type == SBK_FILE_DIRECTORY ||
		out->type == SBK_FILE_REGULAR);
}

/* What is written where entries are inherited is whoever's, as long as its
 * access may be changed (plan_grant.h). */
static bool is_own(const struct sbk_scope *scope, const struct sbk_file *file,
		   bool written)
{
	return file->owner == scope->person.uid ||
	       (written && sbk_root_principals_used);
}

static bool is_granted(const struct sbk_scope *scope, const char *path)
{
	size_t i;

	for (i = 0; i < scope->granted_count; i++)
		if (sbk_path_within(path, scope->granted[i]))
			return true;
	return false;
}

/* What was found on PATH is shown where there are mounts; elsewhere nothing but
 * an entry lets the account in. */
static bool is_of_part(const struct sbk_scope_path *path, size_t part)
{
	const bool read =
		path->kind == SBK_ACCESS_RO || path->kind == SBK_ACCESS_PROTECT;

	switch (part) {
	case SBK_RUN_GRANT_WRITTEN:
		return path->kind == SBK_ACCESS_RW;
	case SBK_RUN_GRANT_READ:
		return read && !path->optional;
	default:
		return read && path->optional && sbk_root_principals_used;
	}
}

/* Whether the account reads it by its groups, or by an entry of others. */
static bool may_read(struct sbk_run_grant *grant, const char *path)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_subject who = {.principal = grant->principal};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf entry = SBK_BUF_INIT;
	unsigned rights = 0;
	bool named;

	if (!grant->groups_known &&
	    sbk_os_groups_of(grant->principal, &grant->scope->arena,
			     &grant->groups, &grant->group_count, NULL) < 0)
		grant->group_count = 0;
	grant->groups_known = true;
	who.groups = grant->groups;
	who.group_count = grant->group_count;
	if (sbk_backend_observe(&grant->backend, &object, &seen, NULL) < 0 ||
	    sbk_backend_evaluate(&grant->backend, sbk_observation_state(&seen),
				 &who, &rights, &named, &entry, NULL) < 0)
		rights = 0;
	sbk_observation_release(&seen);
	sbk_buf_release(&entry);
	return (rights & SBK_MAY_READ) != 0;
}

int sbk_run_grant_leave_out(struct sbk_run_grant *grant, const char *path,
			    const char *why, struct sbk_error *err)
{
	struct sbk_scope *scope = grant->scope;
	const char *note = sbk_arena_printf(
		&scope->arena, "'%s' is to be read, and %s cannot: %s", path,
		grant->name, why);

	return note != NULL ? sbk_scope_add_note(scope, note, err)
			    : sbk_error_no_memory(err);
}

/* Adds the path to the scope's list where it is to be granted. */
static int look_at_path(struct sbk_run_grant *grant,
			const struct sbk_scope_path *path, size_t part,
			struct sbk_error *err)
{
	struct sbk_scope *scope = grant->scope;
	struct sbk_file file;
	bool own;

	/* The scope's order is a parent's before what is below it. */
	if (!is_of_part(path, part) || !is_entry(path, &file) ||
	    is_granted(scope, path->target) ||
	    sbk_run_unmappable(path->target, part == SBK_RUN_GRANT_WRITTEN) ==
		    NULL)
		return 0;
	own = is_own(scope, &file, part == SBK_RUN_GRANT_WRITTEN);
	if (sbk_root_principals_used && (part == SBK_RUN_GRANT_FOUND || !own) &&
	    may_read(grant, path->target))
		return 0;
	if (own)
		scope->granted[scope->granted_count++] = path->target;
	else if (sbk_root_principals_used)
		return sbk_run_grant_leave_out(grant, path->target,
					       "it is not yours to grant", err);
	return 0;
}

/* What a run without an account reads is whatever the person may read. */
int sbk_run_grant_find(struct sbk_run_grant *grant,
		       size_t counts[SBK_RUN_GRANT_PARTS],
		       struct sbk_error *err)
{
	struct sbk_scope *scope = grant->scope;
	size_t part, i, before;
	int rc = 0;

	scope->granted =
		sbk_arena_alloc(&scope->arena, (scope->path_count + 1) *
						       sizeof(*scope->granted));
	if (scope->granted == NULL)
		return sbk_error_no_memory(err);
	scope->granted_count = 0;
	for (part = 0; part < SBK_RUN_GRANT_PARTS; part++) {
		before = scope->granted_count;
		for (i = 0; rc == 0 && i < scope->path_count; i++)
			if (part == SBK_RUN_GRANT_WRITTEN || grant->has_account)
				rc = look_at_path(grant, &scope->paths[i], part,
						  err);
		counts[part] = scope->granted_count - before;
	}
	return rc;
}

/* What is in a granted root and is not written, of one kind or the others. */
static size_t find_within(const struct sbk_scope *scope, bool denied,
			  const char **out)
{
	size_t i, count = 0;

	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];
		struct sbk_file file;

		if (path->kind != SBK_ACCESS_RW &&
		    (path->kind == SBK_ACCESS_DENY) == denied &&
		    strcmp(path->path, path->target) == 0 &&
		    is_granted(scope, path->target) &&
		    sbk_os_look(path->target, &file, NULL) == 0 &&
		    file.type != SBK_FILE_LINK)
			out[count++] = path->target;
	}
	return count;
}

int sbk_run_grant_find_denied(struct sbk_run_grant *grant,
			      struct sbk_error *err)
{
	const struct sbk_scope *scope = grant->scope;

	grant->denied = calloc(scope->path_count + 1, sizeof(*grant->denied));
	if (grant->denied == NULL)
		return sbk_error_no_memory(err);
	grant->denied_count = find_within(scope, true, grant->denied);
	if (sbk_root_principals_used)
		grant->shut_count = find_within(
			scope, false, grant->denied + grant->denied_count);
	return 0;
}
