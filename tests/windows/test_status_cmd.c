/*
 * status by sbk_cli_main on the simulation (setup_world.h), after a setup for
 * real: accounts, rules, filters and journals are as they are, what others
 * change is told, and what is denied is said as not looked at, at exit code 0.
 * That a process under a restricted token can be made is put in its place here:
 * tests/windows/same has the program try it for real.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan_setup.h"
#include "engine/run.h"
#include "engine/windows/launch.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/windows/setup_world.h"

#include "engine/banned.h"

int __wrap_sbk_launch_build(const struct sbk_launch_wish *wish,
			    struct sbk_launch *out, struct sbk_error *err);

static bool restricts; /* the system does what it says */

int __wrap_sbk_launch_build(const struct sbk_launch_wish *wish,
			    struct sbk_launch *out, struct sbk_error *err)
{
	(void)wish;
	*out = (struct sbk_launch)SBK_LAUNCH_INIT;
	return restricts ? 0
			 : sbk_error_set(err, SBK_E_UNSUPPORTED,
					 "the token is not restricted");
}

static const struct sbk_command *const *tables(void)
{
	static struct sbk_command commands[3];
	static const struct sbk_command *const list[] = {commands, NULL};

	commands[0] = sbk_command_setup;
	commands[1] = sbk_command_status;
	return list;
}

static void status(const char *option)
{
	if (setup_world_run(tables(), "status", option, NULL) != 0)
		fail_msg("%s", setup_world_output());
}

static void expect(const char *part)
{
	status(NULL);
	setup_world_assert_printed(part);
}

static void enrol(struct setup_world *w)
{
	setup_world_begin(w);
	if (setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
}

static struct sim_account *offline(struct setup_world *w)
{
	struct sim_account *account =
		sim_account_named(w->sim, L"SandbookOffline");

	assert_non_null(account);
	return account;
}

static void test_status_cmd__nothing_is_installed(void **state)
{
	struct setup_world w;

	(void)state;
	setup_world_begin(&w);
	restricts = false;
	expect("NOTHING CARRIES IT: the token is not restricted");
	setup_world_assert_printed("no account        CANNOT BEGIN: the token");
	restricts = true;
	expect("Accounts: none");
	setup_world_assert_printed("by write-restricted token");
	setup_world_assert_printed("no account        can begin: with");
	setup_world_assert_printed("Journal (machine): none");
	setup_world_assert_printed("offline account   CANNOT BEGIN: this user "
				   "has none");
	status("--json");
	setup_world_assert_printed("\"firewall\":[],\"rules_unrecorded\":0,"
				   "\"filters_unrecorded\":0,");
	setup_world_end(&w);
}

static void test_status_cmd__what_setup_made(void **state)
{
	struct setup_world w;

	(void)state;
	enrol(&w);
	expect("for 'ann'\n");
	setup_world_assert_printed("disabled (its person's own 'sandbook "
				   "setup' enables it); its password never "
				   "expires");
	setup_world_assert_printed("its password is its person's alone");
	setup_world_assert_printed(" out': as setup made it");
	setup_world_assert_printed(" in': as setup made it");
	setup_world_assert_printed("Journal (machine): readable, nothing owed"
				   "\n  its newest checkpoint signs ");
	assert_null(strstr(setup_world_output(), "on no record"));
	status("--json");
	setup_world_assert_printed("\"enabled\":false,\"enabled_by_record\":"
				   "false,\"password_expires\":false");
	setup_world_assert_printed("{\"kind\":\"filters\",\"name\":"
				   "\"53420000-");
	setup_world_end(&w);
}

static void test_status_cmd__what_others_changed(void **state)
{
	struct sim_filter_store *store;
	struct setup_world w;
	UINT8 weight;

	(void)state;
	enrol(&w);
	store = &w.sim->filters.now;
	weight = store->filters[2].filter.weight.uint8;
	store->filters[2].filter.weight.uint8 = 15;
	expect("': ALTERED ('sandbook audit drift'");
	store->filters[2].filter.weight.uint8 = weight;

	/* One of ours that no record has: another number of the family. */
	store->filters[store->count] = store->filters[0];
	store->filters[store->count++].filter.filterKey.Data1 = 0x5342ffff;
	store->filters[store->count - 1].filter.filterKey.Data4[7] ^= 1;
	store->filters[store->count - 1].filter.providerKey = NULL;
	expect("1 of the network filters bears Sandbook's mark");
	store->count--;

	offline(&w)->flags &= ~2u;
	expect("ENABLED, and no record says that setup did it");
	offline(&w)->flags |= 2u;
	offline(&w)->flags &= ~0x10000u;
	expect("its password EXPIRES");
	offline(&w)->flags |= 0x10000u;
	expect("': as setup made it");
	setup_world_end(&w);
}

/* Whichever call is denied: it ends well, or says in one line why it cannot
 * begin; and a filter that lets through is never called as it was made. */
static void test_status_cmd__what_is_denied_is_said(void **state)
{
	const unsigned long step = getenv("SBK_CAMPAIGN") != NULL ? 1 : 3;
	struct setup_world w;
	unsigned long n;
	UINT8 kept;
	int code;

	(void)state;
	enrol(&w);
	kept = w.sim->filters.now.filters[2].filter.weight.uint8;
	w.sim->filters.now.filters[2].filter.weight.uint8 = 15;
	for (n = 1;; n += step) {
		fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
		code = setup_world_run(tables(), "status", NULL);
		if (fault_plan.counted < n)
			break;
		if (code != 0)
			fail_msg("call %lu was denied: %d, %s", n, code,
				 setup_world_output());
		if (strstr(setup_world_output(), "filters '") != NULL &&
		    strstr(setup_world_output(), "filters '53420000") != NULL &&
		    strstr(setup_world_output(), "': ALTERED") == NULL &&
		    strstr(setup_world_output(), "cannot be looked at: ") ==
			    NULL)
			fail_msg("call %lu was denied, and it is not said: %s",
				 n, setup_world_output());
	}
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_int_equal(code, 0);
	assert_true(n > 30);
	w.sim->filters.now.filters[2].filter.weight.uint8 = kept;
	setup_world_end(&w);
}

/* A plain user sees accounts and what is published of the journal. */
static void test_status_cmd__a_plain_user(void **state)
{
	struct setup_world w;

	(void)state;
	enrol(&w);
	w.sim->elevated = false;
	expect("for 'ann'\n");
	w.sim->elevated = true;
	setup_world_end(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_status_cmd__nothing_is_installed,
			       setup_world_directory),
	cmocka_unit_test(test_status_cmd__what_setup_made),
	cmocka_unit_test(test_status_cmd__what_others_changed),
	cmocka_unit_test(test_status_cmd__a_plain_user),
	cmocka_unit_test_teardown(test_status_cmd__what_is_denied_is_said,
				  setup_world_remove),
};

SBK_TEST_MAIN(tests)
