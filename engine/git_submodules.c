/*
 * Submodules of a work tree inside a writable root, as the index names them.
 *
 * Git looks into each: `git status` outside starts what the config of
 * PATH/.git says. So that .git stays as it is where there is one; and where
 * the submodule is not there yet, its empty directory stays empty, since the
 * command could make a repository in it that git then takes for the
 * submodule. What cannot be held (no directory, or one with other files in
 * it) is reported when it appears.
 */
#include "engine/git_directory.h"

#include <stdio.h>
#include <string.h>

#include "engine/git_index.h"

#include "engine/banned.h"

struct submodules {
	struct sbk_set *set;
	const char *root, *directory, *worktree;
	size_t count;
};

/* A path of the index as git lets one be: relative, no "." and "..". */
static bool is_plain(const char *path)
{
	size_t size;

	if (*path == '\0')
		return false;
	for (;;) {
		size = strcspn(path, "/");
		if (size == 0 || (size == 1 && path[0] == '.') ||
		    (size == 2 && memcmp(path, "..", 2) == 0))
			return false;
		if (path[size] == '\0')
			return true;
		path += size + 1;
	}
}

static int see_name(void *arg, const char *name, enum sbk_file_type type,
		    struct sbk_error *err)
{
	(void)name;
	(void)type;
	(void)err;
	*(bool *)arg = false;
	return 1;
}

static bool is_empty(const char *directory)
{
	bool empty = true;

	return sbk_os_list(directory, 1, see_name, &empty, NULL) == 0 && empty;
}

/* `path` is the submodule's directory, spelled as it resolves. */
static int protect_directory(struct sbk_set *set, const char *path,
			     const char *git, struct sbk_error *err)
{
	struct sbk_file file;

	if (sbk_os_look(git, &file, NULL) == 0)
		return sbk_set_carve(set, git, SBK_ACCESS_PROTECT,
				     SBK_ORIGIN_AUTOMATIC,
				     "git: a submodule in this root", err);
	if (is_empty(path))
		return sbk_set_carve(
			set, path, SBK_ACCESS_PROTECT, SBK_ORIGIN_AUTOMATIC,
			"git: a submodule that is not there yet", err);
	return sbk_names_add(&set->absent, set->arena, git, SBK_SCOPE_PATHS_MAX,
			     err);
}

static int protect_submodule(void *arg, const char *name, struct sbk_error *err)
{
	struct submodules *s = arg;
	char path[2 * SBK_PATH_MAX], git[2 * SBK_PATH_MAX + 8];
	char real[SBK_PATH_MAX];
	struct sbk_file file;

	if (s->count++ == SBK_GIT_MODULES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the index in '%s' has more than %d "
				     "submodules: make a smaller root writable",
				     s->directory, SBK_GIT_MODULES_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s", s->worktree, name);
	(void)snprintf(git, sizeof(git), "%s/.git", path);
	if (!is_plain(name) || strlen(git) >= SBK_PATH_MAX ||
	    strcmp(path, s->root) == 0 || !sbk_path_within(path, s->root))
		return 0;
	if (sbk_os_resolve(path, real, &file, NULL) == 0 &&
	    strcmp(real, path) == 0 && file.type == SBK_FILE_DIRECTORY)
		return protect_directory(s->set, path, git, err);
	/* Nothing, or a file or a link in its place: git does not look in. */
	if (sbk_os_look(git, &file, NULL) == 0)
		return 0;
	return sbk_names_add(&s->set->absent, s->set->arena, git,
			     SBK_SCOPE_PATHS_MAX, err);
}

static int note_unread(const struct submodules *s, const char *why,
		       struct sbk_error *err)
{
	return sbk_set_note(s->set, err,
			    "the git index in '%s' %s: submodules that are "
			    "not there yet are not protected",
			    s->directory, why);
}

/* One index file. `base` gets the name of the one that it stands on. */
static int read_index(struct submodules *s, const char *name, char *base,
		      struct sbk_error *err)
{
	struct sbk_buf data = SBK_BUF_INIT;
	char path[SBK_PATH_MAX + 2 * SBK_GIT_BASE_MAX];
	struct sbk_file file;
	int rc;

	base[0] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	rc = sbk_os_read_known(path, SBK_GIT_INDEX_BYTES_MAX, &data, &file,
			       err);
	if (rc == 0)
		rc = sbk_git_index_read(data.data, data.size, protect_submodule,
					s, base, err);
	sbk_buf_release(&data);
	if (rc == 0 || rc == SBK_E_NOMEM)
		return rc;
	if (rc == SBK_E_LIMIT && !s->set->settings->best_effort)
		return rc;
	sbk_error_clear(err);
	return rc == SBK_E_NOTFOUND ? 0 : note_unread(s, "is not read", err);
}

int sbk_git_protect_submodules(struct sbk_set *set, const char *root,
			       const char *directory, const char *worktree,
			       struct sbk_error *err)
{
	struct submodules s = {
		.set = set,
		.root = root,
		.directory = directory,
		.worktree = worktree,
	};
	char base[SBK_GIT_BASE_MAX], none[SBK_GIT_BASE_MAX];
	int rc;

	/* Neither of the two holds the other: no submodule is in the root. */
	if (!sbk_path_within(root, worktree) &&
	    !sbk_path_within(worktree, root))
		return 0;
	rc = read_index(&s, "index", base, err);
	if (rc == 0 && base[0] != '\0')
		rc = read_index(&s, base, none, err);
	return rc;
}
