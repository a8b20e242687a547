/*
 * A private temporary directory on the host, for a run whose view cannot have
 * one of its own (best effort without namespaces).
 */
#ifndef SBK_LINUX_TEMPORARY_H
#define SBK_LINUX_TEMPORARY_H

#include "engine/error.h"

/* Makes it, for this user alone. Allocated; the remove call frees it. */
int sbk_temporary_make(char **path, struct sbk_error *err);
/* Removes it with everything in it; NULL is nothing. What stays is the
 * error's. Call it when no process of the run is left. */
int sbk_temporary_remove(char *path, struct sbk_error *err);

/* `environment` with TMPDIR set to `path`: a new list (the caller frees it
 * and not its strings, but the first). NULL: no memory. */
char **sbk_temporary_environment(char *const *environment, const char *path);

#endif
