/*
 * Tests that change accounts, rules or /etc run under tests/support/host. This
 * is what they share: shell commands, the host's manifest, and a transaction
 * made of apply, plan_undo and a recorder in memory, where the real journal is
 * not the subject.
 */
#ifndef SBK_TEST_HOST_H
#define SBK_TEST_HOST_H

#include "engine/apply.h"
#include "engine/os.h"
#include "engine/plan_undo.h"
#include "tests/support/recorder.h"
#include "tests/support/test.h"

/* Skips unless this process runs under tests/support/host. */
#define require_host()                                                 \
	do {                                                           \
		if (getenv("SBK_TEST_HOST") == NULL)                   \
			sbk_test_skip("not under tests/support/host"); \
	} while (0)

/* The exit code of a shell command. */
int shell(const char *command);
/* What a shell command prints; allocated. */
char *shell_output(const char *command);
/*
 * tests/support/manifest of what setup touches: the files of /etc itself, the
 * units, the state directory; allocated. The whole of /etc takes longer.
 */
char *host_manifest(void);
/* Fails and prints the difference unless the manifest is still `before`. */
#define assert_host_is(before) host_assert_is(before, __FILE__, __LINE__)
void host_assert_is(const char *before, const char *file, int line);

/* Carries the plan out; what it returns is what `apply` returned. */
int host_apply(const struct sbk_backend *backend, struct sbk_plan *plan,
	       struct sbk_error *err);
/*
 * Undoes every change of the plans, in their order, as recovery and uninstall
 * do. Returns how many changes were not undone.
 */
size_t host_undo(const struct sbk_backend *backend,
		 struct sbk_plan *const *plans, size_t count);
/* As the journal has them after a crash: every intent durable, none settled. */
void host_forget_results(struct sbk_plan *plan);

#endif
