/*
 * See the header. Whoever may not list a directory may still open what is in it
 * by its name (SeChangeNotifyPrivilege, which every token has), so each object
 * below a denied one is asked, too.
 */
#include "engine/windows/run_denied.h"

#include "engine/backend.h"
#include "engine/limits.h"
#include "engine/os.h"
#include "engine/os_census.h"

#include "engine/banned.h"

struct looking {
	const struct sbk_backend *backend;
	struct sbk_subject who;
	const char *denied;
	size_t objects;
};

static int refuse(const struct looking *l, const char *path, const char *why,
		  struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%.200s' is denied, and of '%.300s' %s: take "
			     "that right away ('sandbook undo --path' of what "
			     "was granted, then grant it with --deny), or "
			     "leave out --deny",
			     l->denied, path, why);
}

/*
 * A link is what it leads to, which is asked where it lies. No other reparse
 * point is: the data of a file that a cloud or deduplication keeps is read by
 * its own name, and a directory's, or a volume's without a letter, below it.
 */
static int look_behind(const struct looking *l, const char *path,
		       struct sbk_error *err)
{
	char target[SBK_PATH_MAX];
	int rc = sbk_os_read_link(path, target, sizeof(target), NULL);

	return rc == 0 || rc == SBK_E_NOTFOUND
		       ? 0
		       : refuse(l, path, "the rights behind it cannot be told",
				err);
}

static int look(void *arg, const struct sbk_visit *seen, struct sbk_error *err)
{
	struct looking *l = arg;
	struct sbk_buf entry = SBK_BUF_INIT;
	unsigned rights = 0;
	bool named;
	int rc;

	if (++l->objects > SBK_RUN_DENIED_OBJECTS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "below '%.300s', which is denied, are "
				     "more than %d objects: keep it out of "
				     "what is granted",
				     l->denied, SBK_RUN_DENIED_OBJECTS_MAX);
	if (seen->kind == SBK_VISIT_SKIPPED)
		return look_behind(l, seen->path, err);
	if (seen->kind != SBK_VISIT_OBJECT)
		return refuse(l, seen->path, "the rights cannot be told", err);
	rc = sbk_backend_evaluate(l->backend, seen->access, &l->who, &rights,
				  &named, &entry, err);
	sbk_buf_release(&entry);
	if (rc < 0)
		return rc;
	return (rights & SBK_MAY_READ) == 0
		       ? 0
		       : refuse(l, seen->path, "the account may read it", err);
}

static int look_at_all(struct looking *l, const struct sbk_scope *scope,
		       struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < scope->path_count; i++) {
		if (scope->paths[i].kind != SBK_ACCESS_DENY)
			continue;
		l->denied = scope->paths[i].target;
		rc = sbk_backend_walk(l->backend, l->denied, look, l, err);
		if (rc == SBK_E_NOTFOUND)
			rc = 0; /* it went away: nothing to read */
	}
	return rc;
}

static bool denies(const struct sbk_scope *scope)
{
	size_t i = 0;

	while (i < scope->path_count && scope->paths[i].kind != SBK_ACCESS_DENY)
		i++;
	return i < scope->path_count;
}

int sbk_run_denied_check(const struct sbk_scope *scope, const char *principal,
			 struct sbk_error *err)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sbk_backend backend = {.ops = NULL};
	struct looking l = {.backend = &backend,
			    .who = {.principal = principal}};
	const char **groups = NULL;
	int rc;

	if (!denies(scope))
		return 0;
	rc = sbk_os_backend(&backend, err);
	if (rc == 0)
		rc = sbk_os_groups_of(principal, &arena, &groups,
				      &l.who.group_count, err);
	l.who.groups = groups;
	if (rc == 0)
		rc = look_at_all(&l, scope, err);
	sbk_backend_close(&backend);
	sbk_arena_release(&arena);
	return rc;
}
