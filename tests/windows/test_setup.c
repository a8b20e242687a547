/*
 * The whole of setup's order on the simulation (sim.h): made, made again, for a
 * second person, undone, with others' hands in between; every call of the
 * system fails once, and every call is the last of its process.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#include <lmaccess.h>

#include "engine/windows/secret.h"
#include "engine/windows/setup_plan.h"
#include "tests/windows/life.h"

#include "engine/banned.h"

#define PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define NONCE "0123456789abcdef0123456789abcde"
/* The next numbers of the simulation. */
#define OFFLINE "S-1-5-21-1-2-3-1008"
#define WINLOGON L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"

static struct sbk_nt_setup setup;

/* The person takes the passwords, and shows that they are kept. */
static int deliver(void *arg, const struct sbk_nt_setup *s,
		   const char *const sids[SBK_NT_ROLE_COUNT],
		   struct sbk_error *err)
{
	(void)arg;
	(void)s;
	(void)sids;
	(void)err;
	return 0;
}

/* The same, and those that stood before get them: nobody had theirs. */
static int deliver_anew(void *arg, const struct sbk_nt_setup *s,
			const char *const sids[SBK_NT_ROLE_COUNT],
			struct sbk_error *err)
{
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	struct sbk_secret_label label;
	struct sbk_sid sid;
	int role, rc = 0;

	(void)arg;
	for (role = 0; rc == 0 && role < SBK_NT_ROLE_COUNT; role++) {
		if (!s->stood[role])
			continue;
		sbk_nt_setup_name((enum sbk_nt_role)role, s->number, name);
		rc = sbk_sid_parse(sids[role], strlen(sids[role]), &sid, err);
		if (rc == 0)
			rc = sbk_secret_label(&label, name, &sid,
					      s->installation, err);
		if (rc == 0)
			rc = sbk_secret_reset(&label, PASSWORD, err);
	}
	return rc;
}

/* The trial of the network, when both accounts are enabled. */
static struct {
	int calls, code;
	unsigned disabled;
} trial;

static int try_network(void *arg, const struct sbk_nt_setup *s,
		       const char *const sids[SBK_NT_ROLE_COUNT],
		       struct sbk_error *err)
{
	static const WCHAR *const names[] = {L"SandbookOffline",
					     L"SandbookOnline"};
	size_t i;

	(void)arg;
	(void)s;
	(void)sids;
	trial.calls++;
	for (i = 0; i < 2; i++)
		trial.disabled +=
			(sim_account_named(sim_now(), names[i])->flags &
			 UF_ACCOUNTDISABLE) != 0;
	return trial.code == 0
		       ? 0
		       : sbk_error_set(err, trial.code, "packets got through");
}

static int plan_setup(struct life *life, struct sbk_error *err)
{
	setup = (struct sbk_nt_setup){
		.backend = &life->backend,
		.installation = NONCE "f",
		.person = SIM_USER,
		.number = 1,
		.profiles = "C:/Users",
		.first_port = 47100,
		.last_port = 47115,
		.deliver = deliver,
		.probe = try_network,
		.nonces = {NONCE "0", NONCE "1", NONCE "2"}};
	memset(&trial, 0, sizeof(trial));
	life->more = sbk_nt_setup_more;
	life->more_arg = &setup;
	return sbk_nt_setup_plan(&setup, life->plan, err);
}

/* The plan comes with its registry and the folder of profiles: they are part of
 * each life's start. */
static void use_registry(struct life *life)
{
	sim_use_registry(life->sim, WINLOGON);
	sim_use_profiles(life->sim);
}

static struct life *begin(struct sbk_buf *start)
{
	struct life *life = life_begin();

	use_registry(life);
	life_print(life, start);
	return life;
}

static struct life *begin_done(struct sbk_buf *start)
{
	struct life *life = begin(start);
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(plan_setup(life, &err), &err);
	assert_ok(life_do(life, &err), &err);
	return life;
}

static void assert_world(struct life *life, const char *expected)
{
	struct sbk_buf now = SBK_BUF_INIT;

	life_print(life, &now);
	assert_string_equal(sbk_buf_text(&now), expected);
	sbk_buf_release(&now);
}

/* The place of a change in the plan; the object's name ends so. */
static size_t place_of(struct life *life, enum sbk_kind kind, const char *end)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(life->plan); i++) {
		const struct sbk_object *object =
			&sbk_plan_at(life->plan, i)->object;
		const size_t size = strlen(object->name), tail = strlen(end);

		if (object->kind == kind && size >= tail &&
		    strcmp(object->name + size - tail, end) == 0)
			return i;
	}
	fail_msg("no change of '%s'", end);
	return 0;
}

static void test_setup__makes_all_in_its_order(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sim *sim = life->sim;
	const struct sim_account *offline =
		sim_account_named(sim, L"SandbookOffline");
	const size_t count = sbk_plan_count(life->plan);

	(void)state;
	assert_non_null(offline);
	assert_int_equal(offline->flags & UF_ACCOUNTDISABLE, 0);
	assert_int_equal(sim_account_named(sim, L"Sandbook")->member_count, 2);
	assert_int_equal(sim_account_named(sim, L"Users")->member_count, 2);
	assert_int_equal(sim_rights_held(sim), 8);
	assert_int_equal(sim->filters.now.count, SBK_FILTERS_PER_USER);
	assert_int_equal(sim_rule_count(sim), 2);
	/* 3 accounts, 4 of the registry, 2 profiles, 4 members, 8 rights, 2
	 * rules, the filters. */
	assert_int_equal(count, 3 + 4 + 2 + 4 + 8 + 2 + 1 + 2);
	assert_int_equal(trial.calls, 1);
	assert_int_equal(trial.disabled, 0);
	assert_int_equal(place_of(life, SBK_KIND_GROUP, ""), 0);
	assert_int_equal(place_of(life, SBK_KIND_FILTERS, ""), count - 3);
	assert_int_equal(place_of(life, SBK_KIND_LOGON, ""), count - 2);
	assert_true(place_of(life, SBK_KIND_FOLDER, "Offline") <
		    place_of(life, SBK_KIND_MEMBER, ""));
	assert_true(place_of(life, SBK_KIND_MEMBER, "") <
		    place_of(life, SBK_KIND_RIGHT, ""));
	sbk_buf_release(&start);
	life_end(life);
}

/* Disabled first; the accounts, and last their group, at the end. */
static void test_setup__undo_goes_backwards_to_the_start(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_error err = SBK_ERROR_INIT;
	size_t count;

	(void)state;
	(void)sim_run(life->sim, OFFLINE);
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_running(life->sim, OFFLINE), 0);
	assert_world(life, sbk_buf_text(&start));
	count = sbk_plan_count(life->inverse);
	assert_int_equal(count, 26);
	assert_int_equal(sbk_plan_at(life->inverse, 0)->object.kind,
			 SBK_KIND_LOGON);
	assert_int_equal(sbk_plan_at(life->inverse, 1)->object.kind,
			 SBK_KIND_LOGON);
	assert_int_equal(sbk_plan_at(life->inverse, count - 1)->object.kind,
			 SBK_KIND_GROUP);
	sbk_buf_release(&start);
	life_end(life);
}

/* Another plan in the same world. */
static int again(struct life *life, const char *person, unsigned number,
		 struct sbk_error *err)
{
	int rc;

	sbk_plan_free(life->plan);
	life->plan = sbk_plan_new();
	life->recorded = (struct recorded){.count = 0};
	(void)snprintf(setup.nonces[1], sizeof(setup.nonces[1]), NONCE "7");
	setup.person = person;
	setup.number = number;
	rc = sbk_nt_setup_plan(&setup, life->plan, err);
	return rc < 0 ? rc : life_do(life, err);
}

static void test_setup__a_second_time_makes_what_is_missing(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(again(life, SIM_USER, 1, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 0);
	assert_int_equal(trial.calls, 1); /* nobody has the passwords now */
	sim_account_named(life->sim, L"Users")->member_count = 1;
	assert_ok(again(life, SIM_USER, 1, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 1);
	assert_int_equal(sim_account_named(life->sim, L"Users")->member_count,
			 2);
	sbk_buf_release(&start);
	life_end(life);
}

/* Undoing the second person's leaves the first one's as it was. */
static void test_setup__a_second_person_comes_and_goes(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT, first = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	life_print(life, &first);
	assert_ok(again(life, SIM_ACCOUNT, 2, &err), &err);
	assert_non_null(sim_account_named(life->sim, L"SandbookOffline2"));
	assert_int_equal(life->sim->filters.now.count,
			 2 * SBK_FILTERS_PER_USER);
	assert_int_equal(
		sim_account_named(life->sim, L"Sandbook")->member_count, 4);
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&first));
	sbk_buf_release(&first);
	sbk_buf_release(&start);
	life_end(life);
}

static void test_setup__takes_no_name_of_somebodys(void **state)
{
	static const WCHAR *const names[] = {L"Sandbook", L"SandbookOnline"};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct sbk_buf start = SBK_BUF_INIT;
		struct life *life = begin(&start);
		struct sbk_error err = SBK_ERROR_INIT;

		(void)sim_make_account(life->sim, names[i], i == 0);
		assert_error(plan_setup(life, &err), SBK_E_EXISTS, &err);
		assert_non_null(strstr(err.message, "is taken by"));
		sbk_buf_release(&start);
		life_end(life);
	}
}

/* An account that is not there after all is enabled by nothing. */
static void test_setup__stops_where_the_system_forgets(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 4; how++) {
		struct sbk_buf start = SBK_BUF_INIT;
		struct life *life = begin(&start);
		struct sbk_error err = SBK_ERROR_INIT;
		size_t i;

		life->sim->accounts.forgets = how == 0;
		life->sim->filters.forgets = how == 1;
		life->sim->accounts.keeps_flags = how == 2;
		life->sim->firewall.forgets = how == 3;
		assert_ok(plan_setup(life, &err), &err);
		assert_error(life_do(life, &err), SBK_E_IO, &err);
		assert_non_null(strstr(err.message, "reported success"));
		for (i = 0; i < life->recorded.count; i++)
			life->recorded.changes[i]->status =
				SBK_STATUS_CONFIRMED;
		assert_ok(life_undo(life, &err), &err);
		assert_world(life, sbk_buf_text(&start));
		sbk_buf_release(&start);
		life_end(life);
	}
}

/* What the trial says undoes everything, the enabled accounts first. */
static void test_setup__a_network_that_is_open_undoes_all(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin(&start);
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	assert_ok(plan_setup(life, &err), &err);
	trial.code = SBK_E_UNSUPPORTED;
	assert_error(life_do(life, &err), SBK_E_UNSUPPORTED, &err);
	assert_string_equal(err.message, "packets got through");
	assert_int_equal(trial.disabled, 0);
	for (i = 0; i < life->recorded.count; i++)
		life->recorded.changes[i]->status = SBK_STATUS_CONFIRMED;
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&start));
	sbk_buf_release(&start);
	life_end(life);
}

/* What others did meanwhile does not keep ours, and stays itself. */
static void test_setup__undo_after_others(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sim *sim = life->sim;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	wcscpy(sim_account_named(sim, L"SandbookOnline")->name, L"other");
	sim_account_named(sim, L"SandbookOffline")->flags |= UF_ACCOUNTDISABLE;
	sim->filters.now.filters[2].filter.action.type = FWP_ACTION_PERMIT;
	sim_give_right(sim, SIM_ACCOUNT, L"SeDenyBatchLogonRight");
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sim_rights_held(sim), 1);
	assert_null(sim_account_named(sim, L"other"));
	assert_null(sim_account_named(sim, L"SandbookOffline"));
	assert_null(sim_account_named(sim, L"Sandbook"));
	assert_int_equal(sim->filters.now.count, 0);
	sbk_buf_release(&start);
	life_end(life);
}

static void test_setup_sweep__every_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_prepare = use_registry;
	life_sweep_some(plan_setup, 200, 7);
	life_prepare = NULL;
}

/* Accounts that an administrator made for somebody: they wait, disabled. */
static void make_waiting(struct life *life)
{
	struct sbk_error err = SBK_ERROR_INIT;

	use_registry(life);
	assert_ok(plan_setup(life, &err), &err);
	setup.deliver = NULL;
	assert_ok(life_do(life, &err), &err);
	sbk_plan_free(life->plan);
	life->plan = sbk_plan_new();
	life->recorded = (struct recorded){.count = 0};
}

static int plan_finish(struct life *life, struct sbk_error *err)
{
	setup.deliver = deliver_anew;
	return sbk_nt_setup_plan(&setup, life->plan, err);
}

static void test_setup__accounts_that_wait_are_finished(void **state)
{
	struct life *life = life_begin();
	const struct sim_account *online;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	make_waiting(life);
	online = sim_account_named(life->sim, L"SandbookOnline");
	assert_int_not_equal(online->flags & UF_ACCOUNTDISABLE, 0);
	assert_ok(plan_finish(life, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 2);
	assert_true(sbk_state_equal(sbk_plan_at(life->plan, 0)->before,
				    sbk_plan_at(life->plan, 0)->after));
	assert_int_not_equal(wcscmp(online->password, L"" PASSWORD), 0);
	assert_ok(life_do(life, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 4);
	assert_int_equal(wcscmp(online->password, L"" PASSWORD), 0);
	assert_int_equal(online->flags & UF_ACCOUNTDISABLE, 0);
	life_end(life);
}

/* Enabled ones get new passwords where that is asked for, and nothing else. */
static void test_setup__enabled_accounts_are_renewed_when_asked(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	setup.deliver = deliver_anew;
	assert_ok(again(life, SIM_USER, 1, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 0);
	setup.renews = true;
	assert_ok(again(life, SIM_USER, 1, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 2);
	assert_int_equal(wcscmp(sim_account_named(life->sim, L"SandbookOffline")
					->password,
				L"" PASSWORD),
			 0);
	sbk_buf_release(&start);
	life_end(life);
}

static void test_setup_sweep__finishing_fails_or_is_cut_short(void **state)
{
	(void)state;
	life_prepare = make_waiting;
	life_sweep(plan_finish, 20);
	life_prepare = NULL;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_setup__accounts_that_wait_are_finished),
	cmocka_unit_test(test_setup__enabled_accounts_are_renewed_when_asked),
	cmocka_unit_test(test_setup_sweep__finishing_fails_or_is_cut_short),
	cmocka_unit_test(test_setup__makes_all_in_its_order),
	cmocka_unit_test(test_setup__undo_goes_backwards_to_the_start),
	cmocka_unit_test(test_setup__a_second_time_makes_what_is_missing),
	cmocka_unit_test(test_setup__a_second_person_comes_and_goes),
	cmocka_unit_test(test_setup__takes_no_name_of_somebodys),
	cmocka_unit_test(test_setup__stops_where_the_system_forgets),
	cmocka_unit_test(test_setup__a_network_that_is_open_undoes_all),
	cmocka_unit_test(test_setup__undo_after_others),
	cmocka_unit_test(test_setup_sweep__every_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
