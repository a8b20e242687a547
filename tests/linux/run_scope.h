/*
 * A scope made by hand, for tests of the launch alone: the system's programs
 * and what the test adds.
 */
#ifndef SBK_TESTS_LINUX_RUN_SCOPE_H
#define SBK_TESTS_LINUX_RUN_SCOPE_H

#include "engine/policy.h"

/* Readable system directories, the current user, PATH, no network. */
void test_scope_init(struct sbk_scope *scope, const char *home);
/* `path` as a resolved path (links in it are resolved here). */
void test_scope_add(struct sbk_scope *scope, enum sbk_access_kind kind,
		    const char *path);
void test_scope_release(struct sbk_scope *scope);

#endif
