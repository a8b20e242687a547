/*
 * Planning grants: from "this principal may read (or write) these trees" to a
 * list of changes, one for each object.
 *
 *	rc = sbk_grant_new(backend, &request, &grant, err);
 *	rc = sbk_grant_plan(grant, plan, err);
 *	... transact with .more = sbk_grant_more, .more_arg = grant ...
 *	sbk_grant_free(grant);
 *
 * Everything that can be refused is refused while planning, with one message,
 * before anything is changed.
 */
#ifndef SBK_PLAN_GRANT_H
#define SBK_PLAN_GRANT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/backend.h"
#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan.h"
#include "engine/root_principal.h"

struct sbk_grant_request {
	const struct sbk_person *person; /* who grants: owns every object */
	/* "u:990"; NULL: each root's own alone. */
	const char *principal;
	const char *principal_name; /* as people write it */
	/* Each root's own principal gets the right, too, in that root and by
	 * the same changes (root_principal.h); or NULL. */
	struct sbk_root_principals *root_principals;
	enum sbk_rights rights; /* READ or WRITE */
	const char *const *paths;
	size_t path_count;
	/* Left out with what is below, as sensitive paths are. They exist. */
	const char *const *denied;
	size_t denied_count;
	/* As protected names are: granted, but writing is denied. Where
	 * entries are inherited alone, and a path that exists. */
	const char *const *shut;
	size_t shut_count;
	/*
	 * A plan with the roots of grants of ours to this principal that are
	 * in effect, or NULL. What names the principal below one of them is
	 * taken for inherited from that grant. Elsewhere it is somebody
	 * else's, and is recorded by a change with equal states, so that undo
	 * leaves it alone.
	 */
	struct sbk_plan *in_effect;
	/* For a run, which reaches its roots by other ways: the directories
	 * above them stay as they are. */
	bool without_way;
	/* What is granted beside this: a directory above a root that is within
	 * one of these gets no entry for passing through, but that one's. */
	const char *const *beside;
	size_t beside_count;
	/* Another grant, planned before: what it changes is left to it, and to
	 * the one that it names itself. */
	const struct sbk_grant *except;
};

struct sbk_grant;

/* `request` and what it points to must outlive the grant. SBK_E_NOMEM. */
int sbk_grant_new(const struct sbk_backend *backend,
		  const struct sbk_grant_request *request,
		  struct sbk_grant **out, struct sbk_error *err);
void sbk_grant_free(struct sbk_grant *grant);

/*
 * Adds the changes, a root for each path, and notes. Refused: what the scope
 * guards forbid (SBK_E_INVAL), volumes that keep no exact ACLs
 * (SBK_E_UNSUPPORTED), objects of other people and objects whose access cannot
 * be changed (SBK_E_DENIED).
 *
 * Left out or weakened, and counted: sensitive and denied paths get nothing;
 * protected names in a root, and files with hard links outside all the roots,
 * get no right to write; where entries are inherited, writing is denied there.
 * Files in a root that mostly hold secrets
 * (secret_files.h) are granted, and named in the plan.
 *
 * Directories above a root get the right to pass through where they lack it
 * and belong to the person; the first one that does not is named in a note.
 * Where entries are inherited, whoever may change an object's access may grant
 * it, whoever owns it.
 */
int sbk_grant_plan(struct sbk_grant *grant, struct sbk_plan *plan,
		   struct sbk_error *err);

/*
 * An sbk_apply_more_fn; `arg` is the grant. Looks again at each directory
 * whose entries changed since, and adds what came in. What may not be granted
 * is left out with a note now, since the rest is made already.
 */
int sbk_grant_more(void *arg, struct sbk_plan *plan, struct sbk_error *err);

extern const struct sbk_command sbk_command_grant;

#endif
