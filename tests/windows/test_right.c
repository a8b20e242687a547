/*
 * User rights on the simulation (sim.h): through plan, apply and undo, with
 * every call failing once and every call being the last.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/apply.h"
#include "engine/os.h"
#include "engine/plan_undo.h"
#include "tests/support/fault.h"
#include "tests/support/recorder.h"
#include "tests/windows/sim.h"

#include "engine/banned.h"

#define BATCH SIM_ACCOUNT ":SeDenyBatchLogonRight"
#define NETWORK SIM_ACCOUNT ":SeDenyNetworkLogonRight"

struct life {
	struct sim *sim;
	struct sbk_backend backend;
	struct sbk_plan *plan;
	struct recorded recorded;
};

static struct life *begin(void)
{
	struct life *life = calloc(1, sizeof(*life));
	struct sbk_error err = SBK_ERROR_INIT;

	assert_non_null(life);
	life->sim = sim_begin();
	sim_elevate(life->sim);
	sim_add_account(life->sim, SIM_ACCOUNT);
	life->plan = sbk_plan_new();
	assert_ok(sbk_os_backend(&life->backend, &err), &err);
	return life;
}

static void end(struct life *life)
{
	sbk_backend_close(&life->backend);
	assert_int_equal(life->sim->policies, 0);
	sbk_plan_free(life->plan);
	sim_finish(life->sim);
	free(life);
}

static int apply(struct life *life, struct sbk_plan *plan,
		 enum sbk_transaction_kind kind, struct sbk_error *err)
{
	struct sbk_apply_options options = {.kind = kind};
	struct sbk_recorder recorder = recorded_recorder(&life->recorded);
	struct sbk_apply_result result;

	return sbk_apply(&life->backend, &recorder, plan, &options, &result,
			 err);
}

static int deny(struct life *life, struct sbk_error *err)
{
	static const char *const names[] = {BATCH, NETWORK};
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < 2; i++) {
		struct sbk_change change = {
			.object = {.kind = SBK_KIND_RIGHT, .name = names[i]},
			.after = {.data = "held\n", .size = 5}};

		rc = sbk_plan_add(life->plan, &change, err);
	}
	return rc < 0 ? rc : apply(life, life->plan, SBK_TRANSACTION_DO, err);
}

static int undo(struct life *life, struct sbk_error *err)
{
	const struct recorded kept = life->recorded;
	struct sbk_plan *inverse = sbk_plan_new();
	int rc = sbk_plan_undo(&life->backend, kept.changes, kept.count, NULL,
			       0, inverse, err);

	if (rc == 0)
		rc = apply(life, inverse, SBK_TRANSACTION_UNDO, err);
	life->recorded = kept;
	sbk_plan_free(inverse);
	return rc;
}

static void test_right__comes_and_goes(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sim_give_right(life->sim, SIM_ACCOUNT, L"SeDenyServiceLogonRight");
	assert_ok(deny(life, &err), &err);
	assert_int_equal(sim_rights_held(life->sim), 3);
	assert_ok(undo(life, &err), &err);
	/* What others gave stays. */
	assert_int_equal(sim_rights_held(life->sim), 1);
	end(life);
}

/* What a removed account left behind goes, too. */
static void test_right__goes_without_its_account(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(deny(life, &err), &err);
	sim_remove_account(life->sim, SIM_ACCOUNT);
	assert_int_equal(sim_rights_held(life->sim), 2);
	assert_ok(undo(life, &err), &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	end(life);
}

static void test_right__is_given_to_accounts_alone(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sim_remove_account(life->sim, SIM_ACCOUNT);
	assert_error(deny(life, &err), SBK_E_NOTFOUND, &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	end(life);
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
	struct life *life = begin();
	const struct sbk_win32 *simulated = sbk_win32;
	struct sbk_win32 table = *simulated;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	table.rights.LookupAccountSidW = is_deleted;
	sbk_win32 = &table;
	assert_error(deny(life, &err), SBK_E_NOTFOUND, &err);
	sbk_win32 = simulated;
	assert_int_equal(sim_rights_held(life->sim), 0);
	end(life);
}

static void test_right__a_system_that_forgets_is_caught(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	life->sim->forgets = true;
	assert_error(deny(life, &err), SBK_E_IO, &err);
	end(life);
}

static void test_right__needs_an_administrator(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	life->sim->elevated = false;
	assert_error(deny(life, &err), SBK_E_DENIED, &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	end(life);
}

static void test_right__bad_names_and_states(void **state)
{
	static const char *const names[] = {"",
					    SIM_ACCOUNT,
					    SIM_ACCOUNT ":",
					    "Users:SeDenyBatchLogonRight",
					    SIM_ACCOUNT ":SeDeny Batch",
					    SIM_ACCOUNT ":DenyBatch"};
	struct life *life = begin();
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
	end(life);
}

/* Whether all ended without meeting call n. */
static bool one_fault(bool undoing, enum fault_mode mode, unsigned long n)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct recorded kept;
	volatile bool met;
	size_t i;

	if (undoing)
		assert_ok(deny(life, &err), &err);
	kept = life->recorded;
	fault_plan = (struct fault_plan){.mode = mode, .at = n};
	if (setjmp(life->sim->end) == 0)
		(void)(undoing ? undo(life, &err) : deny(life, &err));
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (met && mode == FAULT_STOP) {
		sim_process_ends(life->sim);
		if (undoing)
			life->recorded = kept;
	}
	for (i = 0; i < life->recorded.count; i++)
		life->recorded.changes[i]->status = SBK_STATUS_CONFIRMED;
	assert_true(life->recorded.count > 0 ||
		    sim_rights_held(life->sim) == 0);
	assert_ok(undo(life, &err), &err);
	assert_int_equal(sim_rights_held(life->sim), 0);
	end(life);
	return !met;
}

static void test_right_sweep__every_call_fails_or_is_the_last(void **state)
{
	static const enum fault_mode modes[] = {FAULT_STOP, FAULT_DENY};
	unsigned long n;
	size_t i;
	int undoing;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (undoing = 0; undoing < 2; undoing++) {
			for (n = 1; !one_fault(undoing, modes[i], n); n++)
				assert_true(n < 200);
			assert_true(n > 8);
		}
	}
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
