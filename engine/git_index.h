/*
 * The submodules that a git index names, whether they are there or not. Only
 * the index says so: .gitmodules is a file of the work tree, which a command
 * may write.
 */
#ifndef SBK_GIT_INDEX_H
#define SBK_GIT_INDEX_H

#include <stddef.h>

#include "engine/error.h"

/*
 * Calls `each` with the path of each submodule entry in the `size` bytes of
 * an index, versions 2 to 4, hashes of 20 or 32 bytes. `base` (may be NULL)
 * gets the name of the shared index that a split index stands on, or "".
 * SBK_E_PARSE where the bytes are no index; `each` may have been called.
 */
#define SBK_GIT_BASE_MAX 80 /* bytes of "sharedindex.HASH" with its end */

typedef int sbk_git_submodule_fn(void *arg, const char *path,
				 struct sbk_error *err);
int sbk_git_index_read(const void *data, size_t size,
		       sbk_git_submodule_fn *each, void *arg, char *base,
		       struct sbk_error *err);

#endif
