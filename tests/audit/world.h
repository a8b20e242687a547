/*
 * Real trees with real ACLs for tests of audit, and looking into reports.
 */
#ifndef SBK_TEST_AUDIT_WORLD_H
#define SBK_TEST_AUDIT_WORLD_H

#include "audit/audit.h"
#include "engine/os.h"
#include "tests/linux/host_test.h"

/* Numbers that no account of a machine has. */
#define PRINCIPAL "u:64901"
#define GROUP "g:64911"
#define STRANGER 64999

/* The shell's environment variable T; the command must succeed. */
#define in_tree(tree, command)                                       \
	do {                                                         \
		setenv("T", tree, 1);                                \
		assert_int_equal(shell("cd \"$T\" && " command), 0); \
	} while (0)

/* The finding with this rule whose object is TREE/PATH (NULL: any object); NULL
 * where there is none. */
const struct sbk_finding *finding_of(const struct sbk_report *report,
				     const char *rule, const char *tree,
				     const char *path);
size_t count_of(const struct sbk_report *report, const char *rule);

/* Runs `body` in a child as the number, without other groups. Its value is the
 * child's exit code. */
int as_number(unsigned number, int (*body)(void *arg), void *arg);

/* The host's backend; the caller closes it. */
struct sbk_backend host_backend(void);

#endif
