/*
 * User rights on the simulation (sim.h): through plan, apply and undo, with
 * every call failing once and every call being the last.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "tests/windows/life.h"

#include "engine/banned.h"

#define BATCH SIM_ACCOUNT ":SeDenyBatchLogonRight"
#define NETWORK SIM_ACCOUNT ":SeDenyNetworkLogonRight"

static int plan_deny(struct life *life, struct sbk_error *err)
{
	static const char *const names[] = {BATCH, NETWORK};
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < 2; i++)
		rc = life_add(life, SBK_KIND_RIGHT, names[i], "held\n", err);
	return rc;
}

static int deny(struct life *life, struct sbk_error *err)
{
	int rc = plan_deny(life, err);

	return rc < 0 ? rc : life_do(life, err);
}

static void test_right__comes_and_goes(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sim_give_right(life->sim, SIM_ACCOUNT, L"SeDenyServiceLogonRight");
	assert_ok(deny(life, &err), &err);
	assert_int_equal(sim_rights_held(life->sim), 3);
	assert_ok(life_undo(life, &err), &err);
	/* What others gave stays. */
	assert_int_equal(sim_rights_held(life->sim), 1);
	life_end(life);
}

/* What a removed account left behind goes, too. */
static void test_right__goes_without_its_account(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(deny(life, &err), &err);
	sim_remove_account(life->sim, SIM_ACCOUNT);
	assert_int_equal(sim_rights_held(life->sim), 2);
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	life_end(life);
}

static void test_right__is_given_to_accounts_alone(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sim_remove_account(life->sim, SIM_ACCOUNT);
	assert_error(deny(life, &err), SBK_E_NOTFOUND, &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	life_end(life);
}

static BOOL WINAPI is_deleted(LPCWSTR system, PSID sid, LPWSTR name,
			      LPDWORD name_size, LPWSTR domain,
			      LPDWORD domain_size, PSID_NAME_USE use)
{
	(void)system;
	(void)sid;
	(void)name_size;
	(void)domain_size;
	name[0] = domain[0] = 0;
	*use = SidTypeDeletedAccount;
	return TRUE;
}

static void test_right__a_deleted_account_is_none(void **state)
{
	struct life *life = life_begin();
	const struct sbk_win32 *simulated = sbk_win32;
	struct sbk_win32 table = *simulated;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	table.rights.LookupAccountSidW = is_deleted;
	sbk_win32 = &table;
	assert_error(deny(life, &err), SBK_E_NOTFOUND, &err);
	sbk_win32 = simulated;
	assert_int_equal(sim_rights_held(life->sim), 0);
	life_end(life);
}

static void test_right__a_system_that_forgets_is_caught(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	life->sim->forgets = true;
	assert_error(deny(life, &err), SBK_E_IO, &err);
	life_end(life);
}

static void test_right__needs_an_administrator(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	life->sim->elevated = false;
	assert_error(deny(life, &err), SBK_E_DENIED, &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	life_end(life);
}

static void test_right__bad_names_and_states(void **state)
{
	static const char *const names[] = {"",
					    SIM_ACCOUNT,
					    SIM_ACCOUNT ":",
					    "Users:SeDenyBatchLogonRight",
					    SIM_ACCOUNT ":SeDeny Batch",
					    SIM_ACCOUNT ":DenyBatch"};
	struct life *life = life_begin();
	struct sbk_object object = {.kind = SBK_KIND_RIGHT};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		object.name = names[i];
		assert_error(sbk_backend_replace(
				     &life->backend, &object, SBK_STATE_ABSENT,
				     (struct sbk_state){"held\n", 5}, &err),
			     SBK_E_INVAL, &err);
	}
	object.name = BATCH;
	assert_error(sbk_backend_replace(&life->backend, &object,
					 SBK_STATE_ABSENT,
					 (struct sbk_state){"yes\n", 4}, &err),
		     SBK_E_PARSE, &err);
	life_end(life);
}

static void test_right_sweep__every_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_sweep(plan_deny, 8);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_right__comes_and_goes),
	cmocka_unit_test(test_right__goes_without_its_account),
	cmocka_unit_test(test_right__is_given_to_accounts_alone),
	cmocka_unit_test(test_right__a_deleted_account_is_none),
	cmocka_unit_test(test_right__a_system_that_forgets_is_caught),
	cmocka_unit_test(test_right__needs_an_administrator),
	cmocka_unit_test(test_right__bad_names_and_states),
	cmocka_unit_test(test_right_sweep__every_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
