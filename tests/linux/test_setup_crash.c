/*
 * Setup ended at every point. Without a journal: what it would hold after a
 * crash is put in its place (host_forget_results).
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/setup_world.h"
#include "tests/support/fault.h"

#include "engine/banned.h"

/* Carries the plan out, or undoes it, in a child that `fault_plan` stops. */
static int in_child(struct world *w, struct sbk_plan *plan, bool undo)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend fault;
	pid_t pid = fork();
	int status, rc;

	if (pid == 0) {
		fault = fault_backend(&w->backend);
		if (undo)
			rc = host_undo(&fault, &plan, 1) == 0 ? 0 : 1;
		else
			rc = host_apply(&fault, plan, &err) == 0 ? 0 : 1;
		_exit(rc);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_setup_crash__a_crash_at_any_operation_is_undone(void **state)
{
	static const enum fault_mode modes[] = {FAULT_STOP, FAULT_STOP_AFTER,
						FAULT_DENY};
	struct world w;
	size_t mode, reached = 0;

	(void)state;
	require_host();
	world_init(&w);
	for (mode = 0; mode < 3; mode++) {
		unsigned long at;
		int ended = 1;

		for (at = 1; ended != 0; at++) {
			struct sbk_plan *plan = plan_for(&w, &w.person);

			fault_plan.mode = modes[mode];
			fault_plan.at = at;
			fault_plan.counted = 0;
			ended = in_child(&w, plan, false);
			fault_plan.mode = FAULT_NONE;
			host_forget_results(plan);
			assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
			assert_host_is(w.before);
			sbk_plan_free(plan);
			reached++;
		}
	}
	assert_true(reached > 30);
	world_release(&w);
}

static void test_setup_crash__a_crash_in_undo_is_undone(void **state)
{
	struct world w;
	unsigned long at;
	int ended = 1;

	(void)state;
	require_host();
	world_init(&w);
	for (at = 1; ended != 0; at++) {
		struct sbk_plan *plan = set_up(&w, &w.person);

		fault_plan.mode = FAULT_STOP_AFTER;
		fault_plan.at = at;
		fault_plan.counted = 0;
		ended = in_child(&w, plan, true);
		fault_plan.mode = FAULT_NONE;
		host_forget_results(plan);
		assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
		assert_host_is(w.before);
		sbk_plan_free(plan);
	}
	assert_true(at > 15);
	world_release(&w);
}

/* SIGKILL at a moment, not at an operation: a tool may be running. */
static void test_setup_crash__a_kill_at_any_moment_is_undone(void **state)
{
	struct world w;
	int step;

	(void)state;
	require_host();
	world_init(&w);
	for (step = 0; step < 14; step++) {
		const struct timespec pause = {.tv_nsec = step * 6000000L};
		struct sbk_plan *plan = plan_for(&w, &w.person);
		struct sbk_error err = SBK_ERROR_INIT;
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(host_apply(&w.backend, plan, &err) == 0 ? 0 : 1);
		(void)nanosleep(&pause, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		host_forget_results(plan);
		assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
		assert_host_is(w.before);
		sbk_plan_free(plan);
	}
	world_release(&w);
}

static void
test_setup_crash__a_full_disk_in_the_middle_loses_nothing(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan;
	struct world w;

	(void)state;
	require_host();
	world_init(&w);
	plan = plan_for(&w, &w.person);
	/* Room for some of the files, not for all. */
	assert_int_equal(
		shell("mount -o remount,size=$(($(df -k --output=used "
		      "/run/host/etc | tail -1) + 12))k /run/host/etc"),
		0);
	assert_true(host_apply(&w.backend, plan, &err) < 0);
	(void)host_undo(&w.backend, &plan, 1); /* as far as it goes */
	assert_int_equal(shell("mount -o remount,size=50% /run/host/etc"), 0);
	host_forget_results(plan);
	assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
	assert_host_is(w.before);
	sbk_plan_free(plan);
	world_release(&w);
}

/* Children are born here again, not in the namespace that was killed. */
static void leave_namespace(void)
{
	int fd = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(setns(fd, CLONE_NEWPID), 0);
	assert_int_equal(close(fd), 0);
}

/*
 * The tool is cut off in its middle too, as by a power cut: process 1 of a
 * namespace of its own takes all with it.
 */
static void test_setup_crash__a_tool_cut_off_is_undone(void **state)
{
	struct world w;
	int step;

	(void)state;
	require_host();
	world_init(&w);
	for (step = 0; step < 40; step++) {
		const struct timespec pause = {.tv_nsec = step * 2000000L};
		struct sbk_plan *plan = plan_for(&w, &w.person);
		struct sbk_error err = SBK_ERROR_INIT;
		pid_t pid;
		int status;

		assert_int_equal(unshare(CLONE_NEWPID), 0);
		pid = fork();
		if (pid == 0)
			_exit(host_apply(&w.backend, plan, &err) == 0 ? 0 : 1);
		assert_true(pid > 0);
		(void)nanosleep(&pause, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		leave_namespace();
		host_forget_results(plan);
		assert_int_equal(host_undo(&w.backend, &plan, 1), 0);
		assert_host_is(w.before);
		sbk_plan_free(plan);
	}
	world_release(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_crash__a_crash_at_any_operation_is_undone),
	cmocka_unit_test(test_setup_crash__a_crash_in_undo_is_undone),
	cmocka_unit_test(test_setup_crash__a_kill_at_any_moment_is_undone),
	cmocka_unit_test(test_setup_crash__a_tool_cut_off_is_undone),
	cmocka_unit_test(
		test_setup_crash__a_full_disk_in_the_middle_loses_nothing),
};

SBK_TEST_MAIN(tests)
