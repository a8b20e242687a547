/*
 * Grant and undo on the simulation (sim.h), with every call of the system
 * failing once, and with every call being the last of its process, the power
 * going with it or not. Then, in a new process: undo, and the world is as it
 * was. Promise 1 is checked before: what differs was intended.
 */
#include "tests/support/test.h"

#include <stdlib.h>

#include "engine/plan_undo.h"
#include "tests/support/fault.h"
#include "tests/windows/access_world.h"

#include "engine/banned.h"

#define CALLS_MAX 2000

/* Promise 1: what is not as at the start was intended. */
static void assert_intended(struct granted *g, unsigned long n)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(g->plan); i++) {
		const struct sbk_change *change = sbk_plan_at(g->plan, i);
		struct sbk_object object = change->object;
		struct sbk_observation seen = SBK_OBSERVATION_INIT;
		struct sbk_error err = SBK_ERROR_INIT;

		assert_ok(
			sbk_backend_observe(&g->backend, &object, &seen, &err),
			&err);
		if (!sbk_state_equal(sbk_observation_state(&seen),
				     change->before) &&
		    change->status == SBK_STATUS_PLANNED)
			fail_msg("at %lu: '%s' changed without an intent", n,
				 object.name);
		sbk_observation_release(&seen);
	}
}

/* What the sweep does with the host; < 0 where a call failed. */
typedef int command_fn(struct granted *g, struct sbk_error *err);

static int undo_command(struct granted *g, struct sbk_error *err)
{
	struct sbk_plan *inverse = sbk_plan_new();
	struct recorded kept = g->recorded;
	int rc = sbk_plan_undo(&g->backend, kept.changes, kept.count, NULL, 0,
			       inverse, err);

	if (rc == 0)
		rc = access_apply(g, inverse, SBK_TRANSACTION_UNDO, err);
	g->recorded = kept;
	sbk_plan_free(inverse);
	return rc;
}

/* Whether the command ended without meeting call n. */
static bool one_fault(command_fn *command, enum fault_mode mode,
		      unsigned long n, bool power_cut)
{
	struct granted *g = access_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	volatile bool met;
	struct recorded kept;
	size_t i;

	if (command != access_grant)
		assert_ok(access_grant(g, &err), &err);
	kept = g->recorded;
	fault_plan = (struct fault_plan){.mode = mode, .at = n};
	if (setjmp(g->sim->end) == 0)
		(void)command(g, &err);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (mode == FAULT_STOP && met) {
		/* A new process: what the old one had in memory is lost. */
		g->backend = (struct sbk_backend){.ops = NULL};
		sim_process_ends(g->sim);
		if (command != access_grant)
			g->recorded = kept;
		if (power_cut)
			sim_power_cut(g->sim);
	}
	assert_ok(access_open_backend(g, &err), &err);
	if (command == access_grant)
		assert_intended(g, n);
	for (i = 0; i < g->recorded.count; i++)
		g->recorded.changes[i]->status = SBK_STATUS_CONFIRMED;
	(void)access_undo(g);
	assert_access_world(g, sbk_buf_text(&g->start));
	access_end(g);
	return !met;
}

static void sweep(command_fn *command, enum fault_mode mode, bool power_cut)
{
	unsigned long n = 1;

	while (!one_fault(command, mode, n, power_cut)) {
		n++;
		assert_true(n < CALLS_MAX);
	}
	assert_true(n > 50); /* it was swept, and not over nothing */
}

static void test_access_sweep__grant_ends_at_every_call(void **state)
{
	(void)state;
	sweep(access_grant, FAULT_STOP, false);
	sweep(access_grant, FAULT_STOP, true);
}

static void test_access_sweep__undo_ends_at_every_call(void **state)
{
	(void)state;
	sweep(undo_command, FAULT_STOP, false);
	sweep(undo_command, FAULT_STOP, true);
}

static void test_access_sweep__every_call_fails_once(void **state)
{
	(void)state;
	sweep(access_grant, FAULT_DENY, false);
	sweep(undo_command, FAULT_DENY, false);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_access_sweep__grant_ends_at_every_call),
	cmocka_unit_test(test_access_sweep__undo_ends_at_every_call),
	cmocka_unit_test(test_access_sweep__every_call_fails_once),
};

SBK_TEST_MAIN(tests)
