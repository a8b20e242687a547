/*
 * Network filters on the simulation (sim.h): made, altered by others, undone,
 * with every call failing once and every call being the last.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <lmaccess.h>

#include "tests/windows/life.h"

#include "engine/banned.h"

#define ID "0123456789abcdef0123456789abcdef"
#define NAME "53420000-0123-4567-89ab-cdef01234567"

static void want(struct sbk_buf *out, size_t users)
{
	struct sbk_sid sids[2];
	struct sbk_error err = SBK_ERROR_INIT;

	(void)sbk_sid_parse(SIM_ACCOUNT, strlen(SIM_ACCOUNT), &sids[0], NULL);
	(void)sbk_sid_parse(SIM_USER, strlen(SIM_USER), &sids[1], NULL);
	assert_ok(sbk_filters_want(out, ID, sids, users, 47100, 47115, &err),
		  &err);
}

static int plan_filters(struct life *life, struct sbk_error *err)
{
	struct sbk_buf wanted = SBK_BUF_INIT;
	int rc;

	want(&wanted, 1);
	rc = life_add(life, SBK_KIND_FILTERS, NAME, sbk_buf_text(&wanted), err);
	sbk_buf_release(&wanted);
	return rc;
}

static void assert_world(struct life *life, const char *expected)
{
	struct sbk_buf now = SBK_BUF_INIT;

	life_print(life, &now);
	assert_string_equal(sbk_buf_text(&now), expected);
	sbk_buf_release(&now);
}

/* Nobody can log on as who is let go. */
static void disable(struct life *life)
{
	sim_account_named(life->sim, L"somebody")->flags |= UF_ACCOUNTDISABLE;
}

static struct life *begin_done(struct sbk_buf *start)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	disable(life);
	sim_add_filter(life->sim, 7);
	life_print(life, start);
	assert_ok(plan_filters(life, &err), &err);
	assert_ok(life_do(life, &err), &err);
	assert_int_equal(life->sim->filters.now.count, 9);
	return life;
}

static void test_filters__come_and_go(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&start));
	sbk_buf_release(&start);
	life_end(life);
}

/* Each property that is set is looked at. */
static void assert_seen_altered(struct life *life)
{
	const struct sbk_change *change = sbk_plan_at(life->plan, 0);
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_backend_observe(&life->backend, &change->object, &seen,
				      &err),
		  &err);
	assert_false(
		sbk_state_equal(sbk_observation_state(&seen), change->after));
	sbk_observation_release(&seen);
}

/* The last number of SIM_ACCOUNT, in the descriptor of the condition. */
static void change_user(struct sim_filter *filter)
{
	static const uint8_t rid[] = {1005 % 256, 1005 / 256, 0, 0};
	UINT32 i = 0;

	while (memcmp(filter->sd + i, rid, sizeof(rid)) != 0)
		assert_true(++i < filter->blob.size);
	filter->sd[i]++;
}

/* What others altered of ours goes, too; what is another's stays. */
static void test_filters__go_altered_or_not(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 9; how++) {
		struct sbk_buf start = SBK_BUF_INIT;
		struct life *life = begin_done(&start);
		struct sim_filter_store *now = &life->sim->filters.now;
		struct sbk_error err = SBK_ERROR_INIT;

		if (how == 0)
			now->filters[3].filter.action.type = FWP_ACTION_PERMIT;
		else if (how == 1)
			now->filters[3].filter.numFilterConditions = 0;
		else if (how == 2)
			now->filters[8].range.valueHigh.uint16 = 65535;
		else if (how == 3)
			now->filters[2] = now->filters[--now->count];
		else if (how == 4)
			now->filters[3].filter.flags |= 0x8;
		else if (how == 5) /* whom it is for */
			change_user(&now->filters[3]);
		else if (how == 6)
			now->filters[3].filter.weight.uint8 = 2;
		else if (how == 7) /* by UDP */
			now->filters[7].conditions[2].conditionValue.uint8 = 17;
		else /* not by loopback alone */
			now->filters[7].conditions[1].conditionValue.uint32 = 0;
		assert_seen_altered(life);
		assert_ok(life_undo(life, &err), &err);
		assert_world(life, sbk_buf_text(&start));
		sbk_buf_release(&start);
		life_end(life);
	}
}

/* One more person, who goes again: the first one's stay all the while. */
static void test_filters__of_others_stay(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT, one = SBK_BUF_INIT,
		       two = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_object object = {.kind = SBK_KIND_FILTERS, .name = NAME};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	want(&one, 1);
	want(&two, 2);
	assert_ok(sbk_backend_replace(&life->backend, &object,
				      (struct sbk_state){one.data, one.size},
				      (struct sbk_state){two.data, two.size},
				      &err),
		  &err);
	assert_int_equal(life->sim->filters.now.count, 17);
	/* Compared with what stands there, not with what is believed. */
	assert_error(sbk_backend_replace(&life->backend, &object,
					 (struct sbk_state){one.data, one.size},
					 SBK_STATE_ABSENT, &err),
		     SBK_E_CONFLICT, &err);
	assert_ok(sbk_backend_replace(&life->backend, &object,
				      (struct sbk_state){two.data, two.size},
				      (struct sbk_state){one.data, one.size},
				      &err),
		  &err);
	assert_ok(sbk_backend_observe(&life->backend, &object, &seen, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&seen.state), sbk_buf_text(&one));
	sbk_observation_release(&seen);
	sbk_buf_release(&one);
	sbk_buf_release(&two);
	sbk_buf_release(&start);
	life_end(life);
}

static void test_filters__a_system_that_forgets_is_caught(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 2; how++) {
		struct life *life = life_begin();
		struct sbk_error err = SBK_ERROR_INIT;

		disable(life);
		life->sim->filters.forgets = how == 0;
		life->sim->filters.loses_conditions = how == 1;
		assert_ok(plan_filters(life, &err), &err);
		assert_error(life_do(life, &err), SBK_E_IO, &err);
		assert_non_null(strstr(err.message, "reported success"));
		life->recorded.changes[0]->status = SBK_STATUS_CONFIRMED;
		assert_ok(life_undo(life, &err), &err);
		assert_int_equal(life->sim->filters.now.count, 0);
		assert_int_equal(life->sim->filters.now.provider_count, 0);
		life_end(life);
	}
}

static void test_filters__bad_names_and_states(void **state)
{
	static const char *const names[] = {
		"", "S-1-5-9", "12340000-0123-4567-89ab-cdef01234567"};
	static const char *const states[] = {
		"provider 53420000-0123-4567-89ab-cdef01234567\n",
		"provider 53420000-0123-4567-89ab-cdef01234568\n"
		"sublayer 53420001-0123-4567-89ab-cdef01234568 weight 1\n",
		"filter 53420002-0123-4567-89ab-cdef01234567 other\n"};
	struct life *life = life_begin();
	struct sbk_object object = {.kind = SBK_KIND_FILTERS};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		object.name = names[i];
		assert_error(sbk_backend_replace(&life->backend, &object,
						 SBK_STATE_ABSENT,
						 SBK_STATE_ABSENT, &err),
			     SBK_E_INVAL, &err);
		object.name = NAME;
		assert_error(sbk_backend_replace(
				     &life->backend, &object, SBK_STATE_ABSENT,
				     (struct sbk_state){states[i],
							strlen(states[i])},
				     &err),
			     SBK_E_PARSE, &err);
	}
	assert_int_equal(life->sim->filters.now.count, 0);
	life_end(life);
}

/* Who can log on, or runs, stays off the network. */
static void test_filters__stay_while_the_account_is_alive(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sim_account *account = sim_account_named(life->sim, L"somebody");
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	account->flags &= ~(DWORD)UF_ACCOUNTDISABLE;
	(void)sim_run(life->sim, SIM_ACCOUNT);
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sbk_plan_at(life->inverse, 0)->status,
			 SBK_STATUS_OWED);
	assert_non_null(
		strstr(sbk_plan_at(life->inverse, 0)->note, "is enabled"));
	assert_int_equal(life->sim->filters.now.count, 9);
	account->flags |= UF_ACCOUNTDISABLE;
	life->sim->processes.keeps = true;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(life->sim->filters.now.count, 9);
	life->sim->processes.keeps = false;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_running(life->sim, SIM_ACCOUNT), 0);
	assert_world(life, sbk_buf_text(&start));
	sbk_buf_release(&start);
	life_end(life);
}

static void test_filters_sweep__every_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_prepare = disable;
	life_sweep(plan_filters, 20);
	life_prepare = NULL;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_filters__come_and_go),
	cmocka_unit_test(test_filters__go_altered_or_not),
	cmocka_unit_test(test_filters__of_others_stay),
	cmocka_unit_test(test_filters__a_system_that_forgets_is_caught),
	cmocka_unit_test(test_filters__bad_names_and_states),
	cmocka_unit_test(test_filters__stay_while_the_account_is_alive),
	cmocka_unit_test(test_filters_sweep__every_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
