/*
 * The directory above a path, found below a directory without following any
 * link, and kept open because neighbours come one by one.
 */
#ifndef SBK_LINUX_ABOVE_H
#define SBK_LINUX_ABOVE_H

#include <stddef.h>

#include "engine/error.h"
#include "engine/limits.h"

/* No link on the way, nor one of /proc's. */
#define SBK_NO_LINKS (RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct sbk_above {
	int fd; /* -1: none yet */
	size_t size;
	char path[SBK_PATH_MAX];
};

/* O_PATH of the absolute `path` below `root`; -1 with errno. */
int sbk_above_open(int root, const char *path);

/* Opens the directory above `path`. 1: it was open already. SBK_E_LIMIT, or as
 * opening fails. */
int sbk_above_keep(struct sbk_above *above, int root, const char *path,
		   struct sbk_error *err);

/* The last name of a path. */
const char *sbk_above_name(const char *path);

void sbk_above_close(struct sbk_above *above);

#endif
