/*
 * Real files for the tests of the Linux backend: shell commands in a
 * directory of the test's own, states through the backend, and the same
 * things seen by getfacl.
 */
#ifndef SBK_TEST_TREE_H
#define SBK_TEST_TREE_H

#include "engine/backend.h"
#include "tests/support/test.h"

/* A test's directory and the host. */
struct tree {
	char *root;
	int process; /* that made it: in a child, a failure ends the child */
	struct sbk_backend backend;
	struct sbk_observation seen;
};

/* For cmocka_unit_test_setup_teardown: *state is a struct tree. Skips nothing
 * by itself; see tree_needs_acls. */
int tree_setup(void **state);
int tree_teardown(void **state);

/*
 * Runs `run` in a child and fails the test unless it returns. In the child
 * use tree_check and the functions below, never an assert: one that fails
 * would run the rest of the tests in the child.
 */
void tree_child(struct tree *tree, void (*run)(struct tree *tree));
#define tree_check(condition) tree_checked((condition), #condition, __LINE__)
void tree_checked(int condition, const char *text, int line);
/* In a child: become uid and gid 1500 with no other group; get mounts of its
 * own. */
void tree_become_plain(void);
void tree_own_mounts(void);

/* "ROOT/name", in one of four buffers that are used in turn. */
const char *tree_path(const struct tree *tree, const char *name);
/* Runs a shell command in the root; fails the test unless it succeeds. */
void tree_run(const struct tree *tree, const char *fmt, ...) SBK_PRINTF(2, 3);
/* Its output. Allocated. */
char *tree_output(const struct tree *tree, const char *fmt, ...)
	SBK_PRINTF(2, 3);
/* 1 where setfacl works here; else 0, for a skip. */
int tree_has_acls(const struct tree *tree);

/* The state of a path, borrowed until the next call. */
struct sbk_state tree_observe(struct tree *tree, const char *name);
/* An allocated copy of the state's text, of its identity. */
char *tree_state(struct tree *tree, const char *name);
char *tree_identity(struct tree *tree, const char *name);

/* Grants and undoes by the backend alone: one object, no journal. What was
 * done is in `change`, whose memory tree_forget frees. */
void tree_grant(struct tree *tree, const char *name, const char *principal,
		enum sbk_rights rights, struct sbk_change *change);
/* As plan_undo does: exactly where the state is as we left it, else by
 * subtracting. Returns the code of the subtraction or the replacement. */
int tree_undo(struct tree *tree, const char *name,
	      const struct sbk_change *change, struct sbk_error *err);
void tree_forget(struct sbk_change *change);

/* Owner, mode and ACLs by getfacl and stat, for comparisons that our own code
 * has no part in. Allocated. */
char *tree_oracle(const struct tree *tree, const char *name);

#endif
