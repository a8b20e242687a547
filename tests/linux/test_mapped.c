/*
 * The other side of sandbook-mount: how it is found and started, what its
 * answers and its end mean. The program itself: test_mount_helper.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/account_find.h"
#include "engine/linux/channel.h"
#include "engine/linux/mapped.h"
#include "tests/linux/mount_world.h"

#include "engine/banned.h"

static int status_of(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A whole conversation, as ann: by exit code. */
static int talk(const void *arg)
{
	const int *trees = arg;
	struct sbk_error err = SBK_ERROR_INIT;
	int ends[2], status;
	pid_t helper;

	if (sbk_channel_pair(ends, &err) < 0 ||
	    sbk_mapped_start_at(HELPER, ends[1], &helper, &err) < 0)
		return 1;
	(void)close(ends[1]);
	if (sbk_mapped_role(ends[0], SBK_ACCOUNT_ONLINE, &err) < 0 ||
	    sbk_mapped_send(ends[0], trees[0], &err) < 0 ||
	    sbk_mapped_send(ends[0], trees[1], &err) < 0 ||
	    sbk_mapped_send(ends[0], trees[2], &err) < 0)
		return 2;
	if (sbk_mapped_receive(ends[0], &err) != 0)
		return 3;
	if (sbk_mapped_receive(ends[0], &err) != SBK_E_DENIED ||
	    strstr(err.message, "another user") == NULL)
		return 4;
	if (sbk_mapped_receive(ends[0], &err) != SBK_E_UNSUPPORTED ||
	    strstr(err.message, "cannot map ids") == NULL)
		return 5;
	(void)close(ends[0]);
	if (waitpid(helper, &status, 0) != helper ||
	    sbk_mapped_ended(status, &err) != 0)
		return 6;
	return 0;
}

static void test_mapped__sends_trees_and_hears_answers(void **state)
{
	int trees[3];

	(void)state;
	require_host();
	assert_int_equal(shell("mkdir -p /home/anns && "
			       "chown 1600:1600 /home/anns"),
			 0);
	trees[0] = tree_of(ANNS, ANN);
	trees[1] = tree_of(ROOTS, ANN);
	trees[2] = tree_of("/home/anns", ANN);
	assert_int_equal(as_user(ANN, talk, trees), 0);
	assert_true(makes_file(ANN_ONLINE, trees[0], "by the pair"));
	(void)close(trees[0]);
	(void)close(trees[1]);
	(void)close(trees[2]);
}

/* The one tree is open for writing, the other's file for reading. */
static int talk_of_busy(const void *arg)
{
	const int *trees = arg;
	struct sbk_error err = SBK_ERROR_INIT;
	int ends[2], status;
	pid_t helper;

	if (sbk_channel_pair(ends, &err) < 0 ||
	    sbk_mapped_start_at(HELPER, ends[1], &helper, &err) < 0)
		return 1;
	(void)close(ends[1]);
	if (sbk_mapped_role(ends[0], SBK_ACCOUNT_ONLINE, &err) < 0 ||
	    sbk_mapped_send(ends[0], trees[0], &err) < 0 ||
	    sbk_mapped_send(ends[0], trees[1], &err) < 0)
		return 2;
	if (sbk_mapped_receive(ends[0], &err) != SBK_E_UNSUPPORTED ||
	    strstr(err.message, "open for writing") == NULL)
		return 3;
	if (sbk_mapped_receive(ends[0], &err) != 0)
		return 4;
	(void)close(ends[0]);
	return waitpid(helper, &status, 0) == helper ? 0 : 5;
}

static void test_mapped__says_that_a_tree_is_being_written(void **state)
{
	int trees[2], files[2];

	(void)state;
	require_host();
	assert_int_equal(
		shell("install -o 1600 -g 1600 /dev/null " ANNS "/open"), 0);
	trees[0] = tree_of(ANNS, ANN);
	trees[1] = tree_of(ANNS, ANN);
	files[0] = openat(trees[0], "open", O_WRONLY | O_CLOEXEC);
	files[1] = openat(trees[1], "open", O_RDONLY | O_CLOEXEC);
	assert_true(files[0] >= 0 && files[1] >= 0);
	assert_int_equal(as_user(ANN, talk_of_busy, trees), 0);
	(void)close(files[0]);
	(void)close(files[1]);
	(void)close(trees[0]);
	(void)close(trees[1]);
}

static void test_mapped__says_why_it_cannot_start(void **state)
{
	static const struct {
		const char *path, *why;
	} cases[] = {
		{BIN "/nothing", "install it again"},
		{BIN "/plain", "no set-id bit"},
		{ANNS "/theirs", "no set-id bit"},
		{BIN "/nosuid/sandbook-mount", "nosuid"},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	pid_t helper = -1;
	size_t i;

	(void)state;
	require_host();
	assert_int_equal(shell("cp " BIN "/plain " ANNS
			       "/theirs && chown 1600 " ANNS
			       "/theirs && chmod 4755 " ANNS "/theirs && "
			       "mkdir " BIN "/nosuid && mount -t tmpfs -o "
			       "nosuid n " BIN "/nosuid && cp -p " HELPER
			       " " BIN "/nosuid"),
			 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_error(
			sbk_mapped_start_at(cases[i].path, 0, &helper, &err),
			SBK_E_UNSUPPORTED, &err);
		assert_non_null(strstr(err.message, cases[i].path));
		assert_non_null(strstr(err.message, cases[i].why));
		assert_int_equal(helper, -1);
	}
	assert_ok(sbk_mapped_check(HELPER, &err), &err);
	assert_int_equal(shell("umount " BIN "/nosuid"), 0);
}

static void test_mapped__says_how_it_ended(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int ends[2];
	pid_t helper;

	(void)state;
	require_host();
	/* Root has no account. */
	assert_ok(sbk_channel_pair(ends, &err), &err);
	assert_ok(sbk_mapped_start_at(HELPER, ends[1], &helper, &err), &err);
	(void)close(ends[1]);
	assert_ok(sbk_mapped_role(ends[0], SBK_ACCOUNT_OFFLINE, &err), &err);
	assert_error(sbk_mapped_receive(ends[0], &err), SBK_E_IO, &err);
	assert_error(sbk_mapped_ended(status_of(helper), &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "no such sandbox account"));
	(void)close(ends[0]);
	/* Killed. */
	assert_ok(sbk_channel_pair(ends, &err), &err);
	assert_ok(sbk_mapped_start_at(HELPER, ends[1], &helper, &err), &err);
	assert_int_equal(kill(helper, SIGKILL), 0);
	assert_error(sbk_mapped_ended(status_of(helper), &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "signal 9"));
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_mapped__finds_the_callers_account(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_own_account own = {.number = 0};

	(void)state;
	require_host();
	assert_ok(sbk_account_find(ANN, TEAM, SBK_ACCOUNT_ONLINE, &own, &err),
		  &err);
	assert_int_equal(own.person, ANN);
	assert_int_equal(own.group, TEAM);
	assert_int_equal(own.number, ANN_ONLINE);
	assert_error(sbk_account_find(0, 0, SBK_ACCOUNT_OFFLINE, &own, &err),
		     SBK_E_NOTFOUND, &err);
	assert_int_equal(own.number, ANN_ONLINE);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapped__sends_trees_and_hears_answers),
		cmocka_unit_test(
			test_mapped__says_that_a_tree_is_being_written),
		cmocka_unit_test(test_mapped__says_why_it_cannot_start),
		cmocka_unit_test(test_mapped__says_how_it_ended),
		cmocka_unit_test(test_mapped__finds_the_callers_account),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, mount_world_make, NULL);
}
