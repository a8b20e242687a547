/*
 * The commands of sandbook-setup.exe by sbk_cli_main, with a journal for real,
 * on the simulation of accounts, rights, registry and filters (hybrid.h): what
 * setup makes is taken back, whichever call failed, and the host is as before.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan_setup.h"
#include "engine/principals.h"
#include "tests/support/fault.h"
#include "tests/windows/setup_world.h"

#include "engine/banned.h"

#define CALLS_MAX 2000

static const struct sbk_command *const *tables(void)
{
	static struct sbk_command commands[2];
	static const struct sbk_command *const list[] = {commands, NULL};

	commands[0] = sbk_command_setup;
	return list;
}

static void test_setup_cmd__enrols_people_and_lets_them_go(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_principals found;
	struct setup_world w;

	(void)state;
	setup_world_begin(&w);
	if (setup_world_run(tables(), "setup", "--user", "ann", "--dry-run",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
	setup_world_assert_printed("SandbookOffline");
	setup_world_assert_start(&w, 0);
	if (setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
	setup_world_assert_host(&w, "SandbookOnline", true);
	assert_ok(sbk_principals_find(&found, &err), &err);
	assert_int_equal(found.count, 3);
	assert_int_equal(found.items[0].role, SBK_PRINCIPAL_GROUP);
	sbk_principals_release(&found);
	assert_int_equal(setup_world_run(tables(), "setup", "--user", "ann",
					 "--yes", NULL),
			 0);
	setup_world_assert_printed("Nothing to change");
	if (setup_world_run(tables(), "setup", "--user", "bob", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
	setup_world_assert_host(&w, "SandbookOffline2", true);
	assert_int_equal(setup_world_run(tables(), "setup", "--user", "carl",
					 "--yes", NULL),
			 SBK_EXIT_USAGE);
	if (setup_world_run(tables(), "setup", "--remove-user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
	setup_world_assert_host(&w, "SandbookOffline2", true);
	setup_world_assert_host(&w, "SandbookOffline'", false);
	if (setup_world_run(tables(), "setup", "--remove-user", "bob", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
	setup_world_assert_host(&w, "SandbookOffline", false);
	assert_ok(sbk_principals_find(&found, &err), &err);
	assert_int_equal(found.count, 1); /* the group, uninstall's to take */
	sbk_principals_release(&found);
	setup_world_end(&w);
}

/* What a removal could not take is taken by the next, though the account that
 * it names is gone by then; what another person has is not. */
static void test_setup_cmd__a_removal_is_finished(void **state)
{
	struct setup_world w;
	char sid[SBK_SID_TEXT_MAX];
	struct sbk_sid_text text;

	(void)state;
	setup_world_begin(&w);
	assert_int_equal(setup_world_run(tables(), "setup", "--user", "ann",
					 "--yes", NULL),
			 0);
	assert_int_equal(setup_world_run(tables(), "setup", "--user", "bob",
					 "--yes", NULL),
			 0);
	(void)snprintf(
		sid, sizeof(sid), "%s",
		sbk_sid_format(
			&sim_account_named(w.sim, L"SandbookOffline")->sid,
			&text));
	w.sim->profiles.keeps = true;
	assert_int_equal(setup_world_run(tables(), "setup", "--remove-user",
					 "ann", "--yes", NULL),
			 SBK_EXIT_INCOMPLETE);
	assert_null(sim_account_named(w.sim, L"SandbookOffline"));
	setup_world_assert_host(&w, sid, true);
	w.sim->profiles.keeps = false;
	if (setup_world_run(tables(), "setup", "--remove-user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
	setup_world_assert_host(&w, sid, false);
	setup_world_assert_host(&w, "SandbookOffline2", true);
	setup_world_end(&w);
}

/* Whether call n was met. */
static bool one_fault(unsigned long n)
{
	struct setup_world w;
	bool met;
	int code;

	setup_world_begin(&w);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	code = setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			       NULL);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (met && code != 0)
		setup_world_assert_start(&w, n);
	else if (code != 0)
		fail_msg("at %lu: %s", n, setup_world_output());
	setup_world_end(&w);
	return met;
}

/* Each call of the system is denied once: all of it, or nothing. */
static void test_setup_cmd__a_call_that_fails_undoes_all(void **state)
{
	const unsigned long step = sbk_test_step(47);
	unsigned long n = sbk_test_first(1);

	(void)state;
	while (one_fault(n))
		n += step;
	assert_true(n > 100 && n < CALLS_MAX);
}

/* What a process does that is stopped in it. */
static void enrol_ann(struct setup_world *w)
{
	(void)w;
	(void)setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			      NULL);
}

/* Whether call n was met. Whatever was made by then is gone on from, or goes:
 * the next setup enrols, and her removal and uninstall leave nothing. */
static bool one_stop(unsigned long n)
{
	struct setup_world w;

	if (!setup_world_stop(&w, n))
		return false;
	if (setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("at %lu: %s", n, setup_world_output());
	setup_world_assert_host(&w, "SandbookOffline", true);
	if (setup_world_run(tables(), "setup", "--remove-user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("at %lu: %s", n, setup_world_output());
	setup_world_assert_host(&w, "SandbookO", false);
	setup_world_end(&w);
	return true;
}

static void test_setup_cmd__a_stop_is_gone_on_from(void **state)
{
	const unsigned long step = sbk_test_step(97);
	unsigned long n = sbk_test_first(1);

	(void)state;
	while (one_stop(n))
		n += step;
	assert_true(n > 100 && n < CALLS_MAX);
}

/* What the system says yes to and does not do is noticed. */
static void test_setup_cmd__a_system_that_forgets_is_refused(void **state)
{
	struct setup_world w;

	(void)state;
	setup_world_begin(&w);
	w.sim->accounts.forgets = true;
	assert_int_not_equal(setup_world_run(tables(), "setup", "--user", "ann",
					     "--yes", NULL),
			     0);
	setup_world_assert_printed("group 'Sandbook'");
	w.sim->accounts.forgets = false;
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup_cmd__enrols_people_and_lets_them_go),
	cmocka_unit_test(test_setup_cmd__a_removal_is_finished),
	cmocka_unit_test(test_setup_cmd__a_call_that_fails_undoes_all),
	cmocka_unit_test(test_setup_cmd__a_stop_is_gone_on_from),
	cmocka_unit_test(test_setup_cmd__a_system_that_forgets_is_refused),
};

int main(int argc, char **argv)
{
	setup_world_be_stopped(argc, argv, enrol_ann);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, setup_world_directory,
				      setup_world_remove);
}
