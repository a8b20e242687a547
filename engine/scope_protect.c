/*
 * What stays as it is in a writable root: the protected names, and whatever
 * decides which programs git starts later, outside the run.
 *
 * A root is protected by its names and its git directories, whatever else it
 * looks like: a command can make any directory look like a git directory, and
 * that must never take a protection away.
 */
#include "engine/scope_set.h"

#include <stdio.h>
#include <string.h>

#include "engine/git_directory.h"
#include "engine/places.h"

#include "engine/banned.h"

int sbk_set_carve(struct sbk_set *set, const char *real,
		  enum sbk_access_kind kind, enum sbk_origin origin,
		  const char *reason, struct sbk_error *err)
{
	struct sbk_item item = {
		.reason = reason,
		.kind = kind,
		.origin = origin,
	};
	struct sbk_file file;

	if (sbk_os_look(real, &file, NULL) < 0) {
		/* Gone meanwhile: it must still be gone when the run starts. */
		if (kind != SBK_ACCESS_PROTECT ||
		    sbk_names_have(&set->absent, real))
			return 0;
		return sbk_names_add(&set->absent, set->arena, real,
				     SBK_SCOPE_PATHS_MAX, err);
	}
	item.path = sbk_ground_spelling(&set->ground, real);
	if (item.path == real)
		item.path = sbk_arena_strdup(set->arena, real);
	if (item.path == NULL)
		return sbk_error_no_memory(err);
	item.target = item.path;
	item.is_directory = file.type == SBK_FILE_DIRECTORY;
	item.is_link = file.type == SBK_FILE_LINK;
	return sbk_set_add(set, &item, err);
}

/*
 * The names that are protected in one writable directory. One that is a link
 * is kept as a link: what it leads to is shown only if something shows it.
 */
static int protect_name(struct sbk_set *set, const char *directory,
			const char *name, enum sbk_origin origin,
			struct sbk_error *err)
{
	const char *path =
		sbk_arena_printf(set->arena, "%s/%s", directory, name);
	struct sbk_file file;
	int rc;

	if (path == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_os_look(path, &file, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return sbk_names_add(&set->absent, set->arena, path,
				     SBK_SCOPE_PATHS_MAX, err);
	}
	if (rc < 0)
		return rc;
	return sbk_set_carve(set, path, SBK_ACCESS_PROTECT, origin,
			     "protected name", err);
}

static int protect_names(struct sbk_set *set, const char *directory,
			 struct sbk_error *err)
{
	const struct sbk_names *more = &set->settings->protect;
	const struct sbk_names *always = &set->settings->protect_always;
	size_t i;
	int rc;

	rc = protect_name(set, directory, sbk_project_policy_name,
			  SBK_ORIGIN_CEILING, err);
	for (i = 0; i < always->count && rc == 0; i++)
		rc = protect_name(set, directory, always->items[i],
				  SBK_ORIGIN_CEILING, err);
	for (i = 0; sbk_protected_names[i] != NULL && rc == 0; i++)
		rc = protect_name(set, directory, sbk_protected_names[i],
				  SBK_ORIGIN_AUTOMATIC, err);
	for (i = 0; i < more->count && rc == 0; i++)
		rc = protect_name(set, directory, more->items[i],
				  SBK_ORIGIN_AUTOMATIC, err);
	return rc;
}

/* What decides which programs git starts, in a root that is git's own. */
static int protect_git_parts(struct sbk_set *set, const char *directory,
			     struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; sbk_git_commanding[i] != NULL && rc == 0; i++)
		rc = protect_name(set, directory, sbk_git_commanding[i],
				  SBK_ORIGIN_AUTOMATIC, err);
	return rc;
}

/*
 * A writable git directory. Its hooks and config can be held, but not a name
 * that is not there yet (commondir makes git read another config), and not
 * the index, which says where submodules are that git looks into. So whoever
 * writes it can make git start a program outside the run, and that is refused
 * unless it is accepted.
 */
static int git_is_writable(const struct sbk_set *set, const char *root,
			   const char *directory, struct sbk_error *err)
{
	if (set->settings->best_effort)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' cannot be writable for the run: it belongs "
			     "to the git directory '%s' (which has HEAD, "
			     "objects and refs), and who writes that decides "
			     "which programs git starts outside; commit "
			     "outside the run, use --ro, or accept it with "
			     "--best-effort",
			     root, directory);
}

static int note_writable_git(struct sbk_set *set, const char *directory,
			     struct sbk_error *err)
{
	return sbk_set_note(set, err,
			    "not guaranteed: the git directory '%s' is "
			    "writable; its hooks and config stay as they are, "
			    "but the command can have git start programs "
			    "outside in other ways",
			    directory);
}

static bool has(const char *directory, const char *name)
{
	char path[SBK_PATH_MAX + 16];
	struct sbk_file file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return sbk_os_look(path, &file, NULL) == 0;
}

/*
 * A directory becomes a git directory by HEAD, objects and refs together, so
 * the first that is missing is the one to report. A config alone says nothing
 * to git, and many projects have one.
 */
static int watch_layout(struct sbk_set *set, const char *root,
			struct sbk_error *err)
{
	static const char *const parts[] = {"HEAD", "objects", "refs"};
	size_t i;

	for (i = 0; i < 3; i++)
		if (!has(root, parts[i]))
			return protect_name(set, root, parts[i],
					    SBK_ORIGIN_AUTOMATIC, err);
	return 0;
}

/* Parts of a git directory that hold nothing that git executes. */
static bool is_data(const char *path)
{
	static const char *const parts[] = {"objects", "refs", "logs"};
	size_t i;

	for (i = 0; i < 3; i++)
		if (sbk_path_within(path + 1, parts[i]))
			return true;
	return false;
}

/* The nearest git directory that `root` is a part of. */
static int check_above(struct sbk_set *set, const char *root,
		       struct sbk_error *err)
{
	char above[SBK_PATH_MAX];
	struct sbk_file file;
	char *slash;
	int rc;

	memcpy(above, root, strlen(root) + 1);
	while ((slash = strrchr(above, '/')) != NULL && slash != above) {
		*slash = '\0';
		if (sbk_os_look(above, &file, NULL) < 0 ||
		    file.owner != set->ground.person->uid)
			return 0;
		if (has(above, ".git"))
			return 0;
		if (!sbk_git_looks_like(above))
			continue;
		if (is_data(root + (slash - above)))
			return 0;
		rc = git_is_writable(set, root, above, err);
		return rc < 0 ? rc : note_writable_git(set, above, err);
	}
	return 0;
}

static int protect_git(struct sbk_set *set, const char *root,
		       struct sbk_error *err)
{
	bool git_directory = sbk_git_looks_like(root);
	bool work_tree = has(root, ".git");
	int rc = 0;

	if (git_directory && !work_tree) {
		rc = git_is_writable(set, root, root, err);
		if (rc == 0)
			rc = note_writable_git(set, root, err);
	}
	if (rc == 0 && git_directory)
		rc = protect_git_parts(set, root, err);
	else if (rc == 0 && !work_tree)
		rc = watch_layout(set, root, err);
	/* A work tree may stand in a bare repository: git uses its .git. */
	if (rc == 0 && !work_tree)
		rc = check_above(set, root, err);
	return rc < 0 ? rc : sbk_git_protect(set, root, err);
}

int sbk_scope_protect_roots(struct sbk_set *set, struct sbk_error *err)
{
	size_t i, count = set->count;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		struct sbk_item root = set->items[i];
		bool is_root = root.kind == SBK_ACCESS_RW &&
			       root.is_directory &&
			       strcmp(root.path, root.target) == 0;

		if (is_root)
			rc = protect_names(set, root.path, err);
		if (rc == 0 && is_root)
			rc = protect_git(set, root.path, err);
	}
	return rc;
}
