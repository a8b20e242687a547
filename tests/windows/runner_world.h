/*
 * The runner for tests: two processes, a pipe, a job and commands for real
 * under Wine. Only the logon is simulated, by a process of the same user, since
 * Wine has no other account.
 */
#ifndef SBK_TESTS_RUNNER_WORLD_H
#define SBK_TESTS_RUNNER_WORLD_H

#include "engine/windows/runner.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"

#define RUNNER_PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define RUNNER_STARTED_MAX 8

extern struct runner_world {
	char directory[MAX_PATH];
	char runner_program[MAX_PATH + 32], launched[MAX_PATH + 32];
	struct sbk_win32 table;
	struct sbk_win32_logon logon;
	HANDLE started[RUNNER_STARTED_MAX];
	size_t started_count;
	DWORD refuse_with, patience_ms;
} runner_world;

struct outcome {
	int rc;
	struct sbk_error err;
	struct sbk_run_end end;
	char text[2048];
};

/* Where the programs lie; before any test. */
int runner_world_find(void);
int runner_world_setup(void **state);
/* Fails where a process of the account's is left. */
int runner_world_teardown(void **state);
/* A runner that behaves as runner_tested.c has it by `mode`. */
int runner_world_begin(const char *mode, struct sbk_runner **out,
		       struct sbk_error *err);
struct sbk_launch_wish runner_world_wish(const char *const *argv);
/* With its output, both streams, in `out`. */
void runner_world_run(struct sbk_runner *runner, struct sbk_launch_wish *wish,
		      struct outcome *out);

#define RUN_TEST(f)                                            \
	cmocka_unit_test_setup_teardown(f, runner_world_setup, \
					runner_world_teardown)

#endif
