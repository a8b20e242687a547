/*
 * The git directories that a writable root belongs to: its own, and those of
 * worktrees, submodules and a repository above it. All that is read here may
 * have been written by a sandboxed command, so nothing is followed that does
 * not point back.
 */
#ifndef SBK_GIT_DIRECTORY_H
#define SBK_GIT_DIRECTORY_H

#include <stdbool.h>

#include "engine/scope_set.h"

/*
 * Whether `path` has HEAD (a file or a link) and the directories objects and
 * refs (git follows a link there), as a git directory does. A command can
 * make any directory look like one: nothing may be left out because of it.
 */
bool sbk_git_looks_like(const char *path);

/*
 * Adds what protects and shows the git directories of `root` (resolved) to
 * the set: PROTECT entries, and notes about what is not followed.
 */
int sbk_git_protect(struct sbk_set *set, const char *root,
		    struct sbk_error *err);

/*
 * Protects the submodules that the index in the git directory `directory`
 * names, as far as they are inside `root`: the .git of each, or its empty
 * directory. SBK_E_LIMIT above SBK_GIT_MODULES_MAX. (git_submodules.c)
 */
int sbk_git_protect_submodules(struct sbk_set *set, const char *root,
			       const char *directory, const char *worktree,
			       struct sbk_error *err);

#endif
