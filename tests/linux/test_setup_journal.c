/*
 * The program sandbook-setup with its journal: carried out, killed at any
 * moment, run again, and taken back from what the journal says alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal.h"
#include "tests/linux/host_test.h"

#include "engine/banned.h"

#define SETUP SBK_BINARY_DIR "/bin/sandbook-setup setup --user root"

/*
 * What uninstall does with the machine's journal: recovers, undoes, removes.
 * How many changes could not be undone.
 */
static size_t take_back(void)
{
	const struct sbk_journal_filter filter = {.unsettled = true};
	struct sbk_journal_place place;
	struct sbk_journal *journal = NULL;
	struct sbk_backend backend;
	struct sbk_apply_result result;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *left = sbk_plan_new();
	size_t settled, open;
	int rc;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	rc = sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, &err);
	if (rc == SBK_E_NOTFOUND) {
		/* Killed before the journal was there. */
		assert_ok(sbk_journal_remove(&place, &err), &err);
		sbk_backend_close(&backend);
		sbk_plan_free(left);
		return 0;
	}
	assert_ok(rc, &err);
	assert_ok(sbk_journal_lock(journal, 10000, &err), &err);
	assert_ok(sbk_journal_recover(journal, &backend, &settled, &err), &err);
	assert_ok(sbk_journal_load(journal, &filter, left, &err), &err);
	assert_ok(sbk_journal_undo(journal, &backend, "uninstall", left,
				   &result, &err),
		  &err);
	sbk_plan_free(left);
	left = sbk_plan_new();
	assert_ok(sbk_journal_load(journal, &filter, left, &err), &err);
	open = sbk_plan_count(left);
	sbk_plan_free(left);
	sbk_journal_close(journal);
	if (open == 0)
		assert_ok(sbk_journal_remove(&place, &err), &err);
	sbk_backend_close(&backend);
	return open;
}

/* Starts the program and kills it after so many microseconds. */
static void set_up_and_kill(long after_us)
{
	const struct timespec pause = {.tv_nsec = after_us * 1000};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL)
			_exit(126);
		(void)execl(SBK_BINARY_DIR "/bin/sandbook-setup",
			    "sandbook-setup", "setup", "--user", "root",
			    "--yes", (char *)NULL);
		_exit(127);
	}
	(void)nanosleep(&pause, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static char *host_manifest_but_lock(void)
{
	return shell_output(SBK_SOURCE_DIR
			    "/tests/support/manifest | grep -v -e "
			    "/var/lib/sandbook/lock -e live.db-shm");
}

static void test_setup_journal__a_life_leaves_nothing(void **state)
{
	char *before, *after, *again;

	(void)state;
	require_host();
	/* Twice, so that the copy has the hash too. */
	assert_int_equal(shell("for i in 1 2; do usermod -p "
			       "'$6$hashthatissecret$x'$i root; done"),
			 0);
	before = host_manifest();
	assert_int_equal(shell(SETUP " --dry-run >/dev/null"), 0);
	assert_host_is(before);
	assert_int_equal(shell(SETUP " --yes >/dev/null"), 0);
	assert_int_equal(shell("getent passwd sandbook-0-off >/dev/null"), 0);
	/* No name of ours in the copies, no secret in the journal. */
	assert_int_not_equal(shell("grep -q sandbook /etc/*-"), 0);
	assert_int_equal(shell("stat -c %a /var/lib/sandbook/journal.db | "
			       "grep -q 644"),
			 0);
	assert_int_equal(shell("cd /var/lib/sandbook && ! grep -q "
			       "hashthatissecret journal.* live.* && grep -q "
			       "hashthatissecret sealed.db && [ $(stat -c %a "
			       "sealed.db) = 600 ]"),
			 0);
	/* The second time changes nothing but who held the lock last. */
	after = host_manifest_but_lock();
	assert_int_equal(shell(SETUP " --yes | grep -q '^Nothing to change'"),
			 0);
	again = host_manifest_but_lock();
	assert_string_equal(again, after);
	assert_int_equal(take_back(), 0);
	assert_host_is(before);
	free(before);
	free(after);
	free(again);
}

static void test_setup_journal__a_kill_is_undone(void **state)
{
	char *before;
	long after;

	(void)state;
	require_host();
	before = host_manifest();
	for (after = 1000; after < 90000; after += 4000) {
		set_up_and_kill(after);
		assert_int_equal(take_back(), 0);
		assert_host_is(before);
	}
	free(before);
}

static void test_setup_journal__a_kill_is_mended_by_the_next_setup(void **state)
{
	char *before;
	long after;

	(void)state;
	require_host();
	before = host_manifest();
	for (after = 3000; after < 90000; after += 8000) {
		set_up_and_kill(after);
		assert_int_equal(shell(SETUP " --yes >/run/said 2>&1 || "
					     "{ cat /run/said; false; }"),
				 0);
		assert_int_equal(shell("getent passwd sandbook-0-on "
				       ">/dev/null && [ $(nft list ruleset | "
				       "grep -c skuid) = 2 ]"),
				 0);
		assert_int_equal(take_back(), 0);
		assert_host_is(before);
	}
	free(before);
}

static void test_setup_journal__without_a_yes_nothing_happens(void **state)
{
	char *before;

	(void)state;
	require_host();
	before = host_manifest();
	assert_int_equal(shell(SETUP " </dev/null >/dev/null 2>/run/said"),
			 200);
	assert_int_equal(shell("grep -q 'say --yes' /run/said"), 0);
	assert_host_is(before);
	/* As a plain user: told what to type, nothing done. */
	assert_int_equal(shell("setpriv --reuid 1000 --clear-groups " SETUP
			       " --yes >/dev/null 2>/run/said"),
			 203);
	assert_int_equal(shell("grep -q 'needs root: sudo /.* setup' "
			       "/run/said && [ $(wc -l </run/said) = 1 ]"),
			 0);
	assert_int_equal(shell(SETUP " word 2>/dev/null"), 200);
	assert_int_equal(shell(SETUP " --user nobody-knows 2>/dev/null"), 200);
	assert_int_equal(shell(SETUP " --yes >/dev/full 2>/dev/null"), 206);
	assert_host_is(before);
	free(before);
}

static void test_setup_journal__a_failed_step_is_undone_and_told(void **state)
{
	char *before;

	(void)state;
	require_host();
	before = host_manifest();
	/* The second useradd fails. */
	assert_int_equal(
		shell("cp -a /usr/sbin/useradd /run/useradd && printf '%s\\n' "
		      "'#!/bin/sh' 'case \"$*\" in *-on) echo no >&2; exit 9 "
		      ";; esac' 'exec /run/useradd \"$@\"' >/run/stub && "
		      "chmod 755 /run/stub && "
		      "mount --bind /run/stub /usr/sbin/useradd"),
		0);
	assert_int_equal(shell(SETUP " --yes >/dev/null 2>/run/said"), 206);
	assert_int_equal(shell("umount /usr/sbin/useradd && grep -q "
			       "'useradd.*exit code 9: no' /run/said"),
			 0);
	assert_int_not_equal(shell("grep -q sandbook /etc/passwd* /etc/group* "
				   "/etc/shadow* /etc/gshadow*"),
			     0);
	assert_int_equal(take_back(), 0);
	assert_host_is(before);
	free(before);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_journal__a_life_leaves_nothing),
	cmocka_unit_test(test_setup_journal__a_kill_is_undone),
	cmocka_unit_test(
		test_setup_journal__a_kill_is_mended_by_the_next_setup),
	cmocka_unit_test(test_setup_journal__without_a_yes_nothing_happens),
	cmocka_unit_test(test_setup_journal__a_failed_step_is_undone_and_told),
};

SBK_TEST_MAIN(tests)
