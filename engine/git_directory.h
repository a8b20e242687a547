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

/* Whether `path` has HEAD, objects and refs, as a git directory does. */
bool sbk_git_looks_like(const char *path);

/*
 * Adds what protects and shows the git directories of `root` (resolved) to
 * the set: PROTECT entries, and notes about what is not followed.
 */
int sbk_git_protect(struct sbk_set *set, const char *root,
		    struct sbk_error *err);

#endif
