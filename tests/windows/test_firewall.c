/*
 * Firewall rules on the simulation (sim.h): made, altered by others, undone,
 * refused where they would not be in effect; every call fails once, and every
 * call is the last.
 */
#include "tests/support/test.h"

#include <string.h>
#include <wchar.h>

#include <windows.h>

#include <lmaccess.h>

#include "tests/windows/life.h"

#include "engine/banned.h"

#define ID "0123456789abcdef0123456789abcdef"
#define RULE_OUT "Sandbook " SIM_ACCOUNT " out"
#define RULE_IN "Sandbook " SIM_ACCOUNT " in"

static void disable(struct life *life)
{
	sim_account_named(life->sim, L"somebody")->flags |= UF_ACCOUNTDISABLE;
	life->sim->firewall.profiles = 4;
	(void)sim_add_rule(life->sim, L"Another's");
}

static int plan_rules(struct life *life, struct sbk_error *err)
{
	static const char *const names[] = {RULE_OUT, RULE_IN};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < 2; i++) {
		struct sbk_buf wanted = SBK_BUF_INIT;

		rc = sbk_firewall_want(&wanted, names[i], ID, err);
		if (rc == 0)
			rc = life_add(life, SBK_KIND_FIREWALL, names[i],
				      sbk_buf_text(&wanted), err);
		sbk_buf_release(&wanted);
	}
	return rc;
}

static struct life *begin(void)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	disable(life);
	assert_ok(plan_rules(life, &err), &err);
	return life;
}

static struct life *begin_done(void)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(life_do(life, &err), &err);
	assert_int_equal(sim_rule_count(life->sim), 3);
	return life;
}

static void test_firewall__rules_come_and_go(void **state)
{
	struct life *life = begin_done();
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sim_rule *rule = sim_find_rule(life->sim, L"" RULE_IN);

	(void)state;
	assert_int_equal(rule->numbers[SBK_FIREWALL_DIRECTION], 1);
	assert_int_equal(rule->numbers[SBK_FIREWALL_ACTION], 0);
	assert_int_equal(rule->numbers[SBK_FIREWALL_ENABLED], 1);
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_rule_count(life->sim), 1);
	life_end(life);
}

/* One that others changed, or made twice, is theirs to look at. */
static void test_firewall__what_others_altered_is_left(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 4; how++) {
		struct life *life = begin_done();
		struct sim_rule *rule = sim_find_rule(life->sim, L"" RULE_OUT);
		struct sbk_error err = SBK_ERROR_INIT;

		if (how == 0)
			rule->numbers[SBK_FIREWALL_ENABLED] = 0;
		else if (how == 1)
			wcscpy(rule->texts[SBK_FIREWALL_REMOTE_ADDRESSES],
			       L"10.0.0.0/8");
		else if (how == 2)
			wcscpy(rule->texts[SBK_FIREWALL_LOCAL_USERS],
			       L"D:(A;;CC;;;WD)");
		else
			*sim_add_rule(life->sim, L"x") = *rule;
		assert_ok(life_undo(life, &err), &err);
		assert_int_equal(life->recorded.changes[0]->status,
				 SBK_STATUS_CONFLICT);
		assert_non_null(sim_find_rule(life->sim, L"" RULE_OUT));
		assert_null(sim_find_rule(life->sim, L"" RULE_IN));
		life_end(life);
	}
}

/* Stored is not enough. */
static void test_firewall__rules_without_effect_are_refused(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 2; how++) {
		struct life *life = begin();
		struct sbk_error err = SBK_ERROR_INIT;

		life->sim->firewall.modify_state = how == 0;
		life->sim->firewall.off[2] = how == 1;
		assert_error(life_do(life, &err), SBK_E_UNSUPPORTED, &err);
		assert_int_equal(sim_rule_count(life->sim), 1);
		life_end(life);
	}
}

static void test_firewall__a_system_that_forgets_is_caught(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 2; how++) {
		struct life *life = begin();
		struct sbk_error err = SBK_ERROR_INIT;

		life->sim->firewall.forgets = how == 0;
		life->sim->firewall.loses_users = how == 1;
		assert_error(life_do(life, &err), SBK_E_IO, &err);
		assert_non_null(strstr(err.message, "reported success"));
		/* What was stored otherwise was taken back at once. */
		assert_int_equal(sim_rule_count(life->sim), 1);
		life_end(life);
	}
}

static void test_firewall__stay_while_the_account_is_alive(void **state)
{
	struct life *life = begin_done();
	struct sim_account *account = sim_account_named(life->sim, L"somebody");
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	account->flags &= ~(DWORD)UF_ACCOUNTDISABLE;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_rule_count(life->sim), 3);
	assert_int_equal(sbk_plan_at(life->inverse, 0)->status,
			 SBK_STATUS_OWED);
	account->flags |= UF_ACCOUNTDISABLE;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_rule_count(life->sim), 1);
	life_end(life);
}

static void test_firewall_sweep__every_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_prepare = disable;
	life_sweep(plan_rules, 60);
	life_prepare = NULL;
}

/* --- a rule of others, taken away and put back -----------------------------
 */

#define OTHER "others_block"

static void add_other(struct life *life)
{
	struct sim_rule *rule = sim_add_rule(life->sim, L"" OTHER);

	sim_account_named(life->sim, L"somebody")->flags |= UF_ACCOUNTDISABLE;
	rule->numbers[SBK_FIREWALL_ACTION] = 0;
	rule->numbers[SBK_FIREWALL_PROTOCOL] = 17;
	rule->numbers[SBK_FIREWALL_EDGE] = 1;
	rule->numbers[SBK_FIREWALL_EDGE_OPTIONS] = 1;
	wcscpy(rule->texts[SBK_FIREWALL_LOCAL_PORTS], L"53");
	wcscpy(rule->texts[SBK_FIREWALL_LOCAL_USERS],
	       L"O:LSD:(A;;CC;;;" SIM_ACCOUNT ")");
}

static int plan_away(struct life *life, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_FIREWALL,
					  .name = OTHER};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {.object = object,
				    .after = SBK_STATE_ABSENT};
	int rc = sbk_backend_observe(&life->backend, &object, &seen, err);

	change.before = sbk_observation_state(&seen);
	if (rc == 0)
		rc = sbk_plan_add(life->plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

static void
test_firewall_sweep__of_others_every_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_prepare = add_other;
	life_sweep(plan_away, 60);
	life_prepare = NULL;
}

/* What keeps an account off the network stays while it is alive. */
static void
test_firewall__of_others_stay_while_the_account_is_alive(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	add_other(life);
	sim_account_named(life->sim, L"somebody")->flags &=
		~(DWORD)UF_ACCOUNTDISABLE;
	assert_ok(plan_away(life, &err), &err);
	assert_error(life_do(life, &err), SBK_E_BUSY, &err);
	assert_int_equal(sim_rule_count(life->sim), 1);
	life_end(life);
}

/* Whoever writes a journal gets nothing let in by its undo. */
static void test_firewall__no_rule_that_allows_is_made(void **state)
{
	static const char *const lines[][2] = {
		{"Action 0", "Action 1"},
		{"Name " OTHER, "Name Sandbook"},
		{"Protocol 17", "Protocol 1x"},
		{"LocalUserAuthorizedList O", "LocalUserAuthorizedList  "}};
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	char text[2048];
	size_t i;

	(void)state;
	add_other(life);
	assert_ok(plan_away(life, &err), &err);
	sim_find_rule(life->sim, L"" OTHER)->is_there = false;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct sbk_state made =
			sbk_plan_at(life->plan, 0)->before;
		const struct sbk_object object = {.kind = SBK_KIND_FIREWALL,
						  .name = OTHER};
		const char *at;

		(void)snprintf(text, sizeof(text), "%.*s", (int)made.size,
			       made.data);
		at = strstr(text, lines[i][0]);
		assert_non_null(at);
		if (i == 3) /* no SID in it: about everybody */
			memset(text + (at - text) + 24, 'x',
			       strcspn(at + 24, "\n"));
		else
			(void)snprintf(text, sizeof(text), "%.*s%s%s",
				       (int)((size_t)(at - text)), made.data,
				       lines[i][1],
				       made.data + (at - text) +
					       strlen(lines[i][0]));
		assert_int_not_equal(
			sbk_backend_replace(
				&life->backend, &object, SBK_STATE_ABSENT,
				(struct sbk_state){text, strlen(text)}, &err),
			0);
		assert_int_equal(sim_rule_count(life->sim), 0);
		sbk_error_clear(&err);
	}
	life_end(life);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(
		test_firewall__of_others_stay_while_the_account_is_alive),
	cmocka_unit_test(test_firewall__no_rule_that_allows_is_made),
	cmocka_unit_test(
		test_firewall_sweep__of_others_every_call_fails_or_is_the_last),
	cmocka_unit_test(test_firewall__rules_come_and_go),
	cmocka_unit_test(test_firewall__what_others_altered_is_left),
	cmocka_unit_test(test_firewall__rules_without_effect_are_refused),
	cmocka_unit_test(test_firewall__a_system_that_forgets_is_caught),
	cmocka_unit_test(test_firewall__stay_while_the_account_is_alive),
	cmocka_unit_test(test_firewall_sweep__every_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
