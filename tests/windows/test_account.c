/*
 * Accounts, groups, memberships and logons on the simulation (sim.h): through
 * plan, apply and undo, with others' hands in between, with every call failing
 * once and every call being the last.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#include <lmaccess.h>

#include "engine/os_census.h"
#include "tests/windows/life.h"

#include "engine/banned.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define GROUP_STATE "comment Sandbook group Sandbook nonce " NONCE "\nsid own\n"
#define COMMENT \
	"Sandbook offline account SandbookOffline of S-1-5-9 nonce " NONCE
#define ACCOUNT_STATE "flags 0x00010201\ncomment " COMMENT "\nsid own\n"
/* The simulation's first two. */
#define GROUP_SID "S-1-5-21-1-2-3-1007"
#define ACCOUNT_SID "S-1-5-21-1-2-3-1008"

static int plan_accounts(struct life *life, struct sbk_error *err)
{
	int rc = life_add(life, SBK_KIND_GROUP, "Sandbook", GROUP_STATE, err);

	return rc < 0 ? rc
		      : life_add(life, SBK_KIND_ACCOUNT, "SandbookOffline",
				 ACCOUNT_STATE, err);
}

static int plan_more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	static const struct {
		enum sbk_kind kind;
		const char *name, *after;
	} changes[] = {
		{SBK_KIND_MEMBER, GROUP_SID ":" ACCOUNT_SID, "member\n"},
		{SBK_KIND_MEMBER, "S-1-5-32-545:" ACCOUNT_SID, "member\n"},
		{SBK_KIND_LOGON, ACCOUNT_SID, "enabled\n"}};
	int rc = 0;
	size_t i;

	if (sbk_plan_count(plan) != 2)
		return 0;
	for (i = 0; rc == 0 && i < 3; i++)
		rc = life_add(arg, changes[i].kind, changes[i].name,
			      changes[i].after, err);
	return rc;
}

static int plan_all(struct life *life, struct sbk_error *err)
{
	life->more = plan_more;
	life->more_arg = life;
	return plan_accounts(life, err);
}

static struct life *begin_done(struct sbk_buf *start)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	life_print(life, start);
	assert_ok(plan_all(life, &err), &err);
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

static void test_account__comes_and_goes(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sim_account *account =
		sim_account_named(life->sim, L"SandbookOffline");
	struct sim_account *group = sim_account_named(life->sim, L"Sandbook");
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_non_null(account);
	assert_int_equal(account->flags, 0x10201); /* enabled by now */
	assert_int_equal(wcslen(account->password), 40);
	assert_non_null(wcsstr(account->comment, L" sid " ACCOUNT_SID));
	assert_non_null(group);
	assert_int_equal(group->member_count, 1);
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&start));
	sbk_buf_release(&start);
	life_end(life);
}

/* A name that somebody has is no name for us, whoever wants it. */
static void test_account__takes_nobodys_name(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf before = SBK_BUF_INIT;

	(void)state;
	(void)sim_make_account(life->sim, L"sandbookoffline", false);
	life_print(life, &before);
	assert_ok(life_add(life, SBK_KIND_ACCOUNT, "SandbookOffline",
			   ACCOUNT_STATE, &err),
		  &err);
	assert_error(life_do(life, &err), SBK_E_CONFLICT, &err);
	assert_world(life, sbk_buf_text(&before));
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&before));
	sbk_buf_release(&before);
	life_end(life);
}

/* An undo in which the account is not deleted. */
static void undo_leaves_it(struct life *life)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(life_undo(life, &err), &err);
	assert_non_null(sim_account_named(life->sim, L"SandbookOffline"));
}

/* Deleted, and made again by somebody under the name: its SID is another, even
 * where the comment is a copy of ours. */
static void test_account__is_known_by_its_sid(void **state)
{
	static const WCHAR *const comments[] = {
		L"", L"my own", L"" COMMENT L" sid " ACCOUNT_SID}; /* a copy */
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct sbk_buf start = SBK_BUF_INIT;
		struct life *life = begin_done(&start);
		struct sim_account *account =
			sim_account_named(life->sim, L"SandbookOffline");

		account->is_there = false;
		account =
			sim_make_account(life->sim, L"SandbookOffline", false);
		wcscpy(account->comment, comments[i]);
		undo_leaves_it(life);
		assert_int_equal(account->flags & UF_ACCOUNTDISABLE, 0);
		sbk_buf_release(&start);
		life_end(life);
	}
}

static void test_account__is_found_under_another_name(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	wcscpy(sim_account_named(life->sim, L"SandbookOffline")->name,
	       L"renamed");
	wcscpy(sim_account_named(life->sim, L"Sandbook")->name, L"group2");
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&start));
	sbk_buf_release(&start);
	life_end(life);
}

/* What others changed of it does not keep it. */
static void test_account__goes_with_what_others_changed(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sim_account *account =
		sim_account_named(life->sim, L"SandbookOffline");
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	account->flags |= UF_PASSWD_NOTREQD | UF_LOCKOUT | UF_ACCOUNTDISABLE;
	sim_account_named(life->sim, L"Users")->member_count = 0;
	assert_ok(life_undo(life, &err), &err);
	assert_world(life, sbk_buf_text(&start));
	sbk_buf_release(&start);
	life_end(life);
}

/* A person who joined the group loses nothing but the group. */
static void test_account__others_members_stay_till_the_group_goes(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = begin_done(&start);
	struct sim_account *users = sim_account_named(life->sim, L"Users");
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	users->members[users->member_count++] =
		sim_make_account(life->sim, L"ann", false)->sid;
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(users->member_count, 1);
	assert_non_null(sim_account_named(life->sim, L"ann"));
	sbk_buf_release(&start);
	life_end(life);
}

static void test_account__a_system_that_forgets_is_caught(void **state)
{
	static const enum sbk_kind kinds[] = {SBK_KIND_GROUP, SBK_KIND_ACCOUNT};
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct life *life = life_begin();
		struct sbk_buf start = SBK_BUF_INIT;
		const bool is_group = kinds[i % 2] == SBK_KIND_GROUP;
		struct sbk_error err = SBK_ERROR_INIT;

		life->sim->accounts.forgets = i < 2;
		life->sim->accounts.loses_comments = i >= 2;
		life_print(life, &start);
		assert_ok(life_add(life, kinds[i % 2],
				   is_group ? "Sandbook" : "SandbookOffline",
				   is_group ? GROUP_STATE : ACCOUNT_STATE,
				   &err),
			  &err);
		assert_error(life_do(life, &err), SBK_E_IO, &err);
		assert_non_null(strstr(err.message, "reported success"));
		assert_world(life, sbk_buf_text(&start));
		sbk_buf_release(&start);
		life_end(life);
	}
}

static void test_account__members_and_logons_are_read_back(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	const struct sbk_object member = {.kind = SBK_KIND_MEMBER,
					  .name = "S-1-5-32-545:" SIM_ACCOUNT};
	const struct sbk_object logon = {.kind = SBK_KIND_LOGON,
					 .name = SIM_ACCOUNT};

	(void)state;
	life->sim->accounts.forgets = life->sim->accounts.keeps_flags = true;
	assert_error(
		sbk_backend_replace(&life->backend, &member, SBK_STATE_ABSENT,
				    (struct sbk_state){"member\n", 7}, &err),
		SBK_E_IO, &err);
	assert_error(sbk_backend_replace(&life->backend, &logon,
					 (struct sbk_state){"enabled\n", 8},
					 SBK_STATE_ABSENT, &err),
		     SBK_E_IO, &err);
	sbk_buf_release(&start);
	life_end(life);
}

static int count_one(void *arg, const char *name, const char *comment,
		     struct sbk_error *err)
{
	(void)name;
	(void)comment;
	(void)err;
	*(int *)arg += 1;
	return 0;
}

/* Half a list shows that nothing is absent. */
static void test_account__a_list_that_stops_short_is_none(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;
	bool is_in = true;
	int count = 0, i;

	(void)state;
	assert_ok(sbk_sid_parse(SIM_ACCOUNT, strlen(SIM_ACCOUNT), &sid, &err),
		  &err);
	for (i = 0; i < 2; i++)
		assert_ok(
			sbk_win32_account_list(i == 1, count_one, &count, &err),
			&err);
	assert_true(count > 0);
	assert_ok(sbk_win32_is_member("Users", &sid, &is_in, &err), &err);
	assert_false(is_in);
	life->sim->accounts.stops_short = true;
	for (i = 0; i < 2; i++)
		assert_error(
			sbk_win32_account_list(i == 1, count_one, &count, &err),
			SBK_E_IO, &err);
	assert_error(sbk_win32_is_member("Users", &sid, &is_in, &err), SBK_E_IO,
		     &err);
	assert_int_equal(life->sim->accounts.buffers, 0);
	life_end(life);
}

/* Which are in no domain of the machine's name, and are called otherwise in
 * each language. */
static void test_account__windows_own_groups_are_found(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct sim_account *users = sim_account_named(life->sim, L"Users");
	const struct sbk_sid users_sid = users->sid;
	struct sbk_win32_account found = SBK_WIN32_ACCOUNT_INIT;
	const char **groups;
	struct sbk_sid sid;
	size_t count;

	(void)state;
	assert_ok(sbk_win32_sid_of("Users", &sid, &err), &err);
	assert_true(sbk_sid_equal(&sid, &users_sid));
	assert_ok(sbk_win32_account_find("Users", true, &found, &err), &err);
	assert_true(sbk_sid_equal(&found.sid, &users_sid));
	assert_error(sbk_win32_sid_of("Nobody", &sid, &err), SBK_E_NOTFOUND,
		     &err);
	/* The machine itself has a SID, and is no account. */
	assert_error(sbk_win32_sid_of("SIM", &sid, &err), SBK_E_NOTFOUND, &err);

	assert_ok(sbk_os_groups_of(SIM_ACCOUNT, &arena, &groups, &count, &err),
		  &err);
	assert_int_equal(count, 0);
	assert_ok(sbk_sid_parse(SIM_ACCOUNT, strlen(SIM_ACCOUNT),
				&users->members[0], &err),
		  &err);
	users->member_count = 1;
	assert_ok(sbk_os_groups_of(SIM_ACCOUNT, &arena, &groups, &count, &err),
		  &err);
	assert_int_equal(count, 1);
	assert_string_equal(groups[0], "S-1-5-32-545");
	sbk_win32_account_release(&found);
	sbk_arena_release(&arena);
	life_end(life);
}

static void test_account__needs_an_administrator(void **state)
{
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	life->sim->elevated = false;
	assert_ok(plan_accounts(life, &err), &err);
	assert_error(life_do(life, &err), SBK_E_DENIED, &err);
	life_end(life);
}

static void test_account__bad_names(void **state)
{
	static const struct sbk_object objects[] = {
		{.kind = SBK_KIND_MEMBER, .name = ""},
		{.kind = SBK_KIND_MEMBER, .name = "Users:" SIM_ACCOUNT},
		{.kind = SBK_KIND_MEMBER, .name = SIM_ACCOUNT ":"},
		{.kind = SBK_KIND_LOGON, .name = "Administrator"},
		{.kind = SBK_KIND_ACCOUNT, .name = "a\\b"},
		{.kind = SBK_KIND_GROUP, .name = "group."}};
	struct life *life = life_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		assert_error(sbk_backend_replace(
				     &life->backend, &objects[i],
				     SBK_STATE_ABSENT,
				     (struct sbk_state){"member\n", 7}, &err),
			     SBK_E_INVAL, &err);
	life_end(life);
}

static void test_account_sweep__every_call_fails_or_is_the_last(void **state)
{
	(void)state;
	life_sweep(plan_all, 30);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_account__comes_and_goes),
	cmocka_unit_test(test_account__takes_nobodys_name),
	cmocka_unit_test(test_account__is_known_by_its_sid),
	cmocka_unit_test(test_account__is_found_under_another_name),
	cmocka_unit_test(test_account__goes_with_what_others_changed),
	cmocka_unit_test(test_account__others_members_stay_till_the_group_goes),
	cmocka_unit_test(test_account__a_system_that_forgets_is_caught),
	cmocka_unit_test(test_account__members_and_logons_are_read_back),
	cmocka_unit_test(test_account__a_list_that_stops_short_is_none),
	cmocka_unit_test(test_account__windows_own_groups_are_found),
	cmocka_unit_test(test_account__needs_an_administrator),
	cmocka_unit_test(test_account__bad_names),
	cmocka_unit_test(test_account_sweep__every_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
