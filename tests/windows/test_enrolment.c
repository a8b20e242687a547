/*
 * Enrolment by both its processes (enrolment_world.h). However it ends, a
 * password is kept where its account is enabled, and nowhere else.
 */
#include "tests/windows/enrolment_world.h"

#include <stdio.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/run.h"
#include "engine/windows/front.h"
#include "engine/windows/secret.h"
#include "engine/windows/setup_refusal.h"
#include "tests/support/fault.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define CALLS_MAX 3000

static void test_enrolment__a_person_comes_and_goes(void **state)
{
	struct sim *sim = enrolment_begin();

	(void)state;
	if (enrolment_enrol() != 0)
		fail_msg("%s\n%s", enrolment.said,
			 enrolment_tail(enrolment.setup_said));
	assert_true(enrolment_agree(sim, 0));
	assert_int_equal(enrolment.writes, 4);
	/* Again: nothing is handed over. */
	assert_int_equal(enrolment_enrol(), 0);
	enrolment_assert_said(enrolment.setup_said, "Nothing to change");
	assert_true(enrolment_agree(sim, 0));
	enrolment_end(sim);
}

static void look(const char *part)
{
	char *argv[] = {(char *)(uintptr_t) "sandbook",
			(char *)(uintptr_t) "status", NULL};
	int code = -1;

	enrolment_run("sandbook", 2, argv, &code, "setup-output",
		      enrolment.setup_said);
	if (code != 0 || strstr(enrolment.setup_said, part) == NULL)
		fail_msg("%d, without '%s': %s", code, part,
			 enrolment_tail(enrolment.setup_said));
}

/* What status says of who is enrolled: in which modes a run can begin. */
static void test_enrolment__a_look_at_what_can_begin(void **state)
{
	struct sim *sim = enrolment_begin();
	struct sim_account *account;
	UINT8 *weight;

	(void)state;
	assert_int_equal(enrolment_enrol(), 0);
	look("offline account   can begin: as 'SandbookOffline', whose");
	enrolment_assert_said(enrolment.setup_said,
			      "online account    can begin: as 'SandbookOn");
	enrolment_assert_said(enrolment.setup_said,
			      "no account        CANNOT BEGIN: the password");
	enrolment_assert_said(enrolment.setup_said, "by network filters\n");
	enrolment_assert_said(enrolment.setup_said,
			      "the password that is kept opens");
	enrolment_assert_said(enrolment.setup_said,
			      " enabled; its password never expires");

	/* Another filter than ours holds nobody. */
	weight = &sim->filters.now.filters[0].filter.weight.uint8;
	*weight ^= 2;
	look("offline account   CANNOT BEGIN: as 'SandbookOffline': the net");
	enrolment_assert_said(enrolment.setup_said,
			      "NOTHING CARRIES IT: the network filters");
	*weight ^= 2;

	account = sim_account_named(sim, L"SandbookOffline");
	account->flags |= SBK_NT_ACCOUNT_DISABLED;
	look("offline account   CANNOT BEGIN: 'SandbookOffline' is disabled");
	enrolment_assert_said(enrolment.setup_said,
			      "DISABLED, and setup had enabled it");
	account->flags &= ~SBK_NT_ACCOUNT_DISABLED;
	look("offline account   can begin");
	enrolment_end(sim);
}

/* An administrator took the accounts away; the person's journal learns it from
 * the person's next setup, which works at once. */
static void test_enrolment__what_is_kept_of_a_gone_account_goes(void **state)
{
	struct sim *sim = enrolment_begin();

	(void)state;
	assert_int_equal(enrolment_enrol(), 0);
	assert_int_equal(enrolment_administer("--remove-user", "ann"), 0);
	if (enrolment_enrol() != 0)
		fail_msg("%s\n%s", enrolment.said,
			 enrolment_tail(enrolment.setup_said));
	enrolment_assert_said(
		enrolment.said,
		"'SandbookOffline' is of an account that is gone");
	assert_true(enrolment_agree(sim, 0));
	/* Also where nothing is enrolled. */
	assert_int_equal(enrolment_administer("--remove-user", "ann"), 0);
	assert_int_equal(
		enrolment_setup(SBK_SETUP_CHANGES, "--remove-user", "ann"), 0);
	enrolment_assert_said(enrolment.said,
			      "'SandbookOnline' is of an account that is gone");
	assert_false(enrolment_agree(sim, 0));
	enrolment_end(sim);
}

/* A dry run changes nothing, here neither. */
static void test_enrolment__a_look_takes_nothing_back(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sim *sim = enrolment_begin();
	struct sbk_store *store;
	size_t count = 0;

	(void)state;
	assert_int_equal(enrolment_enrol(), 0);
	assert_int_equal(enrolment_administer("--remove-user", "ann"), 0);
	assert_int_equal(
		enrolment_setup(SBK_SETUP_LOOKS, "--dry-run", "--user=ann"), 0);
	assert_ok(sbk_secret_store(SBK_STORE_READ, &store, &err), &err);
	assert_ok(sbk_secret_list(store, NULL, NULL, &count, &err), &err);
	sbk_store_close(store);
	assert_int_equal(count, 2);
	enrolment_end(sim);
}

/* hello, secrets, proofs, end: each is lost once, and its writer knows, or not.
 * Without the proofs nobody is enrolled; after them the end is only words. */
static void test_enrolment__any_message_may_be_lost(void **state)
{
	const bool all = getenv("SBK_CAMPAIGN") != NULL;
	unsigned long n;
	int silent;

	(void)state;
	for (n = all ? 1 : 3; n <= 4; n++) {
		for (silent = all ? 0 : 1; silent < 2; silent++) {
			struct sim *sim = enrolment_begin();

			enrolment.lost = n;
			enrolment.lost_in_silence = silent != 0;
			(void)enrolment_enrol();
			assert_true(enrolment.writes >= n);
			assert_int_equal(enrolment_agree(sim, n), n == 4);
			enrolment.lost = 0;
			if (enrolment_enrol() != 0)
				fail_msg("%s\n%s", enrolment.said,
					 enrolment_tail(enrolment.setup_said));
			assert_true(enrolment_agree(sim, n));
			enrolment_end(sim);
		}
	}
}

/* Accounts that wait for their person, who finishes the enrolment. */
static void test_enrolment__a_person_finishes_what_waits(void **state)
{
	struct sim *sim = enrolment_begin();

	(void)state;
	assert_int_equal(enrolment_administer("--user", "ann"), 0);
	enrolment_assert_said(enrolment.setup_said,
			      "stay disabled until the person's own");
	assert_int_equal(enrolment_administer("--user", "ann"), 0);
	enrolment_assert_said(enrolment.setup_said,
			      "stay disabled until the person's own");
	assert_false(enrolment_agree(sim, 0));
	if (enrolment_enrol() != 0)
		fail_msg("%s\n%s", enrolment.said,
			 enrolment_tail(enrolment.setup_said));
	enrolment_assert_said(enrolment.setup_said,
			      "set anew, which cannot be undone");
	assert_true(enrolment_agree(sim, 0));
	enrolment_end(sim);
}

static void spoil_secret(bool all)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/Sandbook/secret-SandbookOnline",
		       enrolment.person);
	if (all) {
		assert_int_equal(remove(path), 0);
		return;
	}
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, -40, SEEK_END), 0);
	assert_true(fputs("0123456789012345678901234567", file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A secret that is lost, or does not open, whose account stands: both get new
 * passwords, and nobody else's does. */
static void test_enrolment__an_upgrade_replaces_what_is_lost(void **state)
{
	WCHAR before[64];
	struct sim *sim = enrolment_begin();
	int all;

	(void)state;
	assert_int_equal(enrolment_enrol(), 0);
	assert_int_equal(enrolment_administer("--user", "bob"), 0);
	for (all = 0; all < 2; all++) {
		spoil_secret(all != 0);
		(void)wcscpy(
			before,
			sim_account_named(sim, L"SandbookOffline")->password);
		if (enrolment_setup(SBK_SETUP_ENROLS, "--upgrade", NULL) != 0)
			fail_msg("%s\n%s", enrolment.said,
				 enrolment_tail(enrolment.setup_said));
		enrolment_assert_said(enrolment.setup_said,
				      "set anew, which cannot be undone");
		assert_null(
			strstr(enrolment.setup_said, "Offline2: its password"));
		assert_int_not_equal(
			wcscmp(before,
			       sim_account_named(sim, L"SandbookOffline")
				       ->password),
			0);
	}
	enrolment_end(sim);
}

/* Accounts that setup found enabled are tried by their person, who has the
 * passwords; one that is gone is told, with the way to another. */
static void test_enrolment__what_stood_is_tried_and_told(void **state)
{
	struct sim *sim = enrolment_begin();

	(void)state;
	assert_int_equal(enrolment_enrol(), 0);
	assert_int_equal(enrolment.tries, 0);
	assert_int_equal(enrolment_enrol(), 0);
	assert_int_equal(enrolment.tries, 2);
	enrolment_assert_said(enrolment.said,
			      "Tried as 'SandbookOffline': nothing gets out");
	enrolment.try_result = SBK_E_UNSUPPORTED;
	assert_int_equal(enrolment_enrol(), SBK_EXIT_UNSUPPORTED);
	enrolment_assert_said(enrolment.said, "SandbookOffline leaks");
	enrolment.try_result = 0;
	spoil_secret(true);
	assert_int_equal(enrolment_enrol(), SBK_EXIT_INCOMPLETE);
	enrolment_assert_said(
		enrolment.said,
		"no password of 'SandbookOnline' is kept here any "
		"more");
	enrolment_assert_said(enrolment.said,
			      "'sandbook setup --upgrade' sets a new one");
	enrolment.tries = 0;
	assert_int_equal(enrolment_setup(SBK_SETUP_LOOKS, "--dry-run", NULL),
			 SBK_EXIT_INCOMPLETE);
	enrolment_assert_said(enrolment.said,
			      "no password of 'SandbookOnline' is kept");
	assert_int_equal(enrolment.tries, 0);
	assert_int_equal(enrolment_setup(SBK_SETUP_ENROLS, "--upgrade", NULL),
			 0);
	assert_int_equal(enrolment.tries, 2);
	assert_true(enrolment_agree(sim, 0));
	enrolment_end(sim);
}

/* An upgrade that does not come to its end leaves what was kept: the accounts
 * have it still. */
static void test_enrolment__a_failure_leaves_the_old_ones(void **state)
{
	struct sim *sim = enrolment_begin();
	unsigned long n;

	(void)state;
	assert_int_equal(enrolment_enrol(), 0);
	for (n = 2; n <= 3; n++) {
		enrolment.writes = 0;
		enrolment.lost = n;
		assert_int_not_equal(
			enrolment_setup(SBK_SETUP_ENROLS, "--upgrade", NULL),
			0);
		enrolment.lost = 0;
		assert_true(enrolment_agree(sim, n));
	}
	enrolment_end(sim);
}

/* A run with the user's own token is at work. */
static struct sbk_front *at_work;

static void hold(void)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_front_open(false, &at_work, &err), &err);
	assert_ok(sbk_front_share(at_work, SBK_FRONT_OWN_TOKEN, NULL, &err),
		  &err);
}

static void let_go(void)
{
	sbk_front_close(at_work);
	at_work = NULL;
}

static BOOL WINAPI start_beside_a_run(SHELLEXECUTEINFOW *info)
{
	hold();
	return enrolment_start(info);
}

/* One that was at work before is found before anybody is asked for consent; one
 * that began meanwhile, when the passwords are there. */
static void test_enrolment__beside_a_run_is_refused(void **state)
{
	struct sim *sim = enrolment_begin();

	(void)state;
	/* The journal's directory is there. */
	assert_int_equal(enrolment_enrol(), 0);
	assert_int_equal(
		enrolment_setup(SBK_SETUP_CHANGES, "--remove-user", "ann"), 0);
	hold();
	enrolment.writes = 0;
	assert_int_equal(enrolment_enrol(), SBK_EXIT_BUSY);
	enrolment_assert_said(enrolment.said, "a run of this user is at work");
	assert_int_equal(enrolment.writes, 0);
	let_go();
	enrolment.elevation.ShellExecuteExW = start_beside_a_run;
	assert_int_not_equal(enrolment_enrol(), 0);
	enrolment_assert_said(enrolment.said, "a run of this user is at work");
	enrolment_assert_said(enrolment.setup_said,
			      "a run of this user is at work");
	assert_false(enrolment_agree(sim, 0));
	let_go();
	enrolment.elevation.ShellExecuteExW = enrolment_start;
	assert_int_equal(enrolment_enrol(), 0);
	assert_true(enrolment_agree(sim, 0));
	/* One of accounts that stand: what is kept of them stays. */
	enrolment.elevation.ShellExecuteExW = start_beside_a_run;
	assert_int_not_equal(
		enrolment_setup(SBK_SETUP_ENROLS, "--upgrade", NULL), 0);
	enrolment_assert_said(enrolment.said, "a run of this user is at work");
	assert_true(enrolment_agree(sim, 0));
	let_go();
	enrolment.elevation.ShellExecuteExW = enrolment_start;
	enrolment_end(sim);
}

static DWORD WINAPI do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static DWORD refused_with;

static BOOL WINAPI start_refused(SHELLEXECUTEINFOW *info)
{
	enrolment.setup_code = refused_with;
	info->hProcess = CreateThread(NULL, 0, do_nothing, NULL, 0, NULL);
	return info->hProcess != NULL;
}

/* One that does not come as far as the pipe says why by its exit code. */
static void test_enrolment__a_setup_that_would_not_begin_is_told(void **state)
{
	struct sim *sim = enrolment_begin();

	(void)state;
	enrolment.elevation.ShellExecuteExW = start_refused;
	refused_with = (DWORD)sbk_setup_refusal_exit(SBK_SETUP_PASSWORDS);
	assert_int_equal(enrolment_enrol(), SBK_EXIT_UNSUPPORTED);
	enrolment_assert_said(enrolment.said,
			      "did nothing: the password policy wants longer");
	refused_with = (DWORD)sbk_setup_refusal_exit(SBK_SETUP_PLACE);
	assert_int_equal(enrolment_enrol(), SBK_EXIT_DENIED);
	enrolment_assert_said(enrolment.said, "install it below");
	refused_with = 0xC000013A;
	assert_int_equal(enrolment_enrol(), (int)0xC000013A);
	enrolment_assert_said(enrolment.said, "its window was closed");
	refused_with = 1;
	assert_int_equal(enrolment_enrol(), 1);
	enrolment_assert_said(enrolment.said, "it says why in its own window");
	hybrid_finish(sim);
}

/* Whether call n of an enrolment, or of an upgrade, was met. */
static bool one_fault(unsigned long n, bool upgrades)
{
	const char *const option = upgrades ? "--upgrade" : NULL;
	struct sim *sim = enrolment_begin();
	bool met;

	if (upgrades)
		assert_int_equal(enrolment_enrol(), 0);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	(void)enrolment_setup(SBK_SETUP_ENROLS, option, NULL);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	/* What could not be looked at stays, until the next setup; and an
	 * upgrade that was cut short may leave one that does not open. */
	if (!upgrades &&
	    strstr(enrolment.said, "the next 'sandbook setup'") == NULL)
		(void)enrolment_agree(sim, n);
	if (upgrades)
		assert_true(enrolment_is_enabled(sim, L"SandbookOffline"));
	if (enrolment_setup(SBK_SETUP_ENROLS, option, NULL) != 0)
		fail_msg("at %lu: %s\n%s", n, enrolment.said,
			 enrolment_tail(enrolment.setup_said));
	assert_true(enrolment_agree(sim, n));
	enrolment_end(sim);
	return met;
}

static void test_enrolment__a_call_that_fails_leaves_both_agreed(void **state)
{
	const unsigned long step = sbk_test_step(397);
	unsigned long n;
	int upgrades;

	(void)state;
	for (upgrades = 0; upgrades < 2; upgrades++) {
		n = sbk_test_first(40);
		for (; one_fault(n, upgrades != 0); n += step)
			assert_true(n < CALLS_MAX);
		assert_true(n > 100);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_enrolment__a_person_comes_and_goes,
			       enrolment_directory),
	cmocka_unit_test(test_enrolment__a_look_at_what_can_begin),
	cmocka_unit_test(test_enrolment__what_is_kept_of_a_gone_account_goes),
	cmocka_unit_test(test_enrolment__a_look_takes_nothing_back),
	cmocka_unit_test(test_enrolment__a_person_finishes_what_waits),
	cmocka_unit_test(test_enrolment__an_upgrade_replaces_what_is_lost),
	cmocka_unit_test(test_enrolment__what_stood_is_tried_and_told),
	cmocka_unit_test(test_enrolment__a_failure_leaves_the_old_ones),
	cmocka_unit_test(test_enrolment__beside_a_run_is_refused),
	cmocka_unit_test(test_enrolment__a_setup_that_would_not_begin_is_told),
	cmocka_unit_test(test_enrolment__any_message_may_be_lost),
	cmocka_unit_test_teardown(
		test_enrolment__a_call_that_fails_leaves_both_agreed,
		enrolment_remove),
};

SBK_TEST_MAIN(tests)
