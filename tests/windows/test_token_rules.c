/* The token of a run: what is asked for, and what is not taken for it. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/ntsec/access.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/token_rules.h"

#include "engine/banned.h"

static const uint8_t id[16] = {1}, other[16] = {2};

static struct sbk_sid sid(const char *text)
{
	struct sbk_sid out;

	assert_int_equal(sbk_sid_parse(text, strlen(text), &out, NULL), 0);
	return out;
}

static struct sbk_token_base base(void)
{
	return (struct sbk_token_base){.user = sid("S-1-5-21-1-2-3-1001"),
				       .logon = sid("S-1-5-5-0-77")};
}

static void make(const uint8_t run_id[16], const struct sbk_sid *roots,
		 size_t count, struct sbk_token_plan *plan)
{
	const struct sbk_token_base whose = base();
	const struct sbk_sid run = sbk_synthetic_make_run(run_id);
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_token_plan(&whose, &run, roots, count, plan, &err), &err);
}

static void seen_as_planned(const struct sbk_token_plan *plan,
			    struct sbk_token_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	seen->is_restricted = true;
	seen->user = plan->base.user;
	seen->count = plan->count;
	memcpy(seen->restricting, plan->restricting, sizeof(seen->restricting));
}

static void test_token_rules__names_run_roots_logon_and_everyone(void **state)
{
	const struct sbk_sid roots[] = {sbk_synthetic_make(id, 1),
					sbk_synthetic_make(id, 2)};
	static const char *const expected[] = {
		"S-1-0x0053424B0002-2-0-0-0", "S-1-0x0053424B0001-1-0-0-0-1",
		"S-1-0x0053424B0001-1-0-0-0-2", "S-1-5-5-0-77", "S-1-1-0"};
	struct sbk_token_plan plan;
	struct sbk_sid_text text;
	size_t i;

	(void)state;
	make(other, roots, 2, &plan);
	assert_int_equal(plan.count, 5);
	for (i = 0; i < plan.count; i++)
		assert_string_equal(sbk_sid_format(&plan.restricting[i], &text),
				    expected[i]);
	sbk_token_plan_release(&plan);
}

/* An account's SID, or a well-known one, would open what others granted it. */
static void test_token_rules__takes_no_sid_but_synthetic_ones(void **state)
{
	static const char *const wrong[] = {
		"S-1-5-21-1-2-3-1001", "S-1-1-0", "S-1-5-32-545",
		"S-1-0x0053424B0002-1-2-3-4", "S-1-0x0053424B0001-1-2-3-4-0"};
	const struct sbk_token_base whose = base();
	const struct sbk_sid run = sbk_synthetic_make_run(id);
	struct sbk_sid roots[SBK_SYNTHETIC_TOKEN_MAX + 1];
	struct sbk_token_plan plan;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		roots[0] = sid(wrong[i]);
		assert_error(
			sbk_token_plan(&whose, &run, roots, 1, &plan, &err),
			SBK_E_INVAL, &err);
	}
	roots[0] = roots[1] = sbk_synthetic_make(id, 1);
	assert_error(sbk_token_plan(&whose, &run, roots, 2, &plan, &err),
		     SBK_E_INVAL, &err);
	assert_error(sbk_token_plan(&whose, &roots[0], roots, 1, &plan, &err),
		     SBK_E_INVAL, &err);
	for (i = 0; i <= SBK_SYNTHETIC_TOKEN_MAX; i++)
		roots[i] = sbk_synthetic_make(id, (uint32_t)i + 1);
	assert_error(sbk_token_plan(&whose, &run, roots,
				    SBK_SYNTHETIC_TOKEN_MAX + 1, &plan, &err),
		     SBK_E_LIMIT, &err);
	assert_ok(sbk_token_plan(&whose, &run, roots, SBK_SYNTHETIC_TOKEN_MAX,
				 &plan, &err),
		  &err);
	assert_int_equal(plan.count, SBK_RESTRICTING_MAX);
	sbk_token_plan_release(&plan);
}

#define MAXIMUM_ALLOWED 0x02000000
#define READ_CONTROL 0x00020000
#define ALL 0x000f01ff /* of a token; of other objects, too */

/* By a token with this user and logon; of a run, or plain. */
static void ask(const struct sbk_sid *user, const struct sbk_sid *logon,
		const struct sbk_token_plan *run, const struct sbk_buf *sd,
		uint32_t rights, struct sbk_access_result *out)
{
	struct sbk_group groups[2] = {
		{*logon, SBK_GROUP_ENABLED | SBK_GROUP_MANDATORY},
		{sid("S-1-1-0"), SBK_GROUP_ENABLED | SBK_GROUP_MANDATORY}};
	struct sbk_group restricting[SBK_RESTRICTING_MAX];
	struct sbk_token token = sbk_token_plain(user);
	struct sbk_access_request request = {.desired = rights,
					     .object = SBK_NT_FILE};
	struct sbk_sd parsed;
	size_t i;

	token.groups = (struct sbk_sid_set){groups, 2};
	for (i = 0; run != NULL && i < run->count; i++)
		restricting[i].sid = run->restricting[i];
	if (run != NULL) {
		token.restricting =
			(struct sbk_sid_set){restricting, run->count};
		token.is_restricted = token.write_restricted = true;
	}
	assert_int_equal(
		sbk_sd_read((const uint8_t *)sd->data, sd->size, &parsed, NULL),
		0);
	sbk_access_check(&parsed, &token, &request, out);
}

/* All that is got, or may be, as far as the table of rights is settled. */
static uint32_t reach(const struct sbk_sid *user, const struct sbk_sid *logon,
		      const struct sbk_token_plan *run,
		      const struct sbk_buf *sd)
{
	struct sbk_access_result result;

	ask(user, logon, run, sd, MAXIMUM_ALLOWED, &result);
	return result.granted | result.undecided;
}

/* What the run of `plan` may do to an object with this descriptor. */
static bool may(const struct sbk_token_plan *plan, const struct sbk_buf *sd,
		uint32_t rights)
{
	struct sbk_access_result result;

	ask(&plan->base.user, &plan->base.logon, plan, sd, rights, &result);
	return result.answer == SBK_ACCESS_GRANTED;
}

/* The system maps generic rights when an object gets its descriptor. */
static void map_generic(struct sbk_buf *sd)
{
	static const char generic[] = "\x00\x00\x00\x10";
	size_t i;

	for (i = 0; i + 4 <= sd->size; i += 4)
		if (memcmp(sd->data + i, generic, 4) == 0)
			memcpy(sd->data + i, "\xff\x01\x1f\x00", 4);
}

/* An object of the user's with this DACL. */
static void object_of(const struct sbk_token_plan *plan,
		      const struct sbk_nt_acl *dacl, struct sbk_buf *out)
{
	struct sbk_sd sd;

	memset(&sd, 0, sizeof(sd));
	sd.has_owner = sd.has_group = true;
	sd.owner = sd.group = plan->base.user;
	sd.dacl_is = SBK_ACL_PRESENT;
	sd.dacl = *dacl;
	assert_int_equal(sbk_sd_write(&sd, out, NULL), 0);
	map_generic(out);
}

static void object_by_default(const struct sbk_token_plan *plan,
			      struct sbk_buf *out)
{
	const struct sbk_buf *bytes = &plan->default_dacl;
	struct sbk_nt_acl dacl;

	assert_int_equal(sbk_nt_acl_read((const uint8_t *)bytes->data,
					 bytes->size, &dacl, NULL),
			 0);
	object_of(plan, &dacl, out);
}

static void object_guarded(const struct sbk_token_plan *plan,
			   struct sbk_buf *out)
{
	struct sbk_sd sd;

	assert_int_equal(sbk_sd_read((const uint8_t *)plan->guard.data,
				     plan->guard.size, &sd, NULL),
			 0);
	object_of(plan, &sd.dacl, out);
}

/* Two runs of one logon, with one root in common. */
static void test_token_rules__what_a_run_makes_is_its_own(void **state)
{
	const struct sbk_sid root = sbk_synthetic_make(id, 1);
	struct sbk_token_plan one, two;
	struct sbk_buf object = SBK_BUF_INIT, guarded = SBK_BUF_INIT;

	(void)state;
	make(id, &root, 1, &one);
	make(other, &root, 1, &two);
	object_by_default(&one, &object);
	object_guarded(&one, &guarded);
	assert_true(may(&one, &object, 0x2 /* write data */));
	assert_false(may(&two, &object, 0x2));
	/* Reading is never restricted, and both are the user. */
	assert_true(may(&two, &object, 0x1));
	assert_true(may(&one, &guarded, 0x1));
	/* Its first process cannot be opened for writing by the run itself. */
	assert_false(may(&one, &guarded, 0x2));
	assert_false(may(&two, &guarded, 0x2));
	sbk_buf_release(&object);
	sbk_buf_release(&guarded);
	sbk_token_plan_release(&one);
	sbk_token_plan_release(&two);
}

static void make_under_account(const char *logon, const uint8_t run_id[16],
			       const struct sbk_sid *root,
			       struct sbk_token_plan *plan)
{
	const struct sbk_token_base whose = {.user = sid("S-1-5-21-1-2-3-1005"),
					     .logon = sid(logon),
					     .person =
						     sid("S-1-5-21-1-2-3-1001"),
					     .under_account = true};
	const struct sbk_sid run = sbk_synthetic_make_run(run_id);
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_token_plan(&whose, &run, root, 1, plan, &err), &err);
}

/* A descriptor's list on an object that the account owns. */
static void object_with(const struct sbk_token_plan *plan,
			const struct sbk_buf *guard, struct sbk_buf *out)
{
	struct sbk_sd sd;

	assert_int_equal(sbk_sd_read((const uint8_t *)guard->data, guard->size,
				     &sd, NULL),
			 0);
	object_of(plan, &sd.dacl, out);
}

/*
 * Two logons of one account, each with a root of its own: nothing of the one
 * is read, ended, taken or shut by the other, nor by what runs as the account
 * without any logon of ours; not even where the table of rights is open.
 */
static void test_token_rules__runs_of_one_account_are_apart(void **state)
{
	const struct sbk_sid roots[] = {sbk_synthetic_make(id, 1),
					sbk_synthetic_make(id, 2)};
	const struct sbk_sid person = sid("S-1-5-21-1-2-3-1001");
	const struct sbk_sid system = sid("S-1-5-18");
	const struct sbk_sid elsewhere = sid("S-1-5-5-0-90");
	struct sbk_buf objects[4] = {SBK_BUF_INIT, SBK_BUF_INIT, SBK_BUF_INIT,
				     SBK_BUF_INIT};
	struct sbk_token_plan one, two;
	size_t i;

	(void)state;
	make_under_account("S-1-5-5-0-77", id, &roots[0], &one);
	make_under_account("S-1-5-5-0-78", other, &roots[1], &two);
	object_with(&one, &one.guard, &objects[0]);
	object_with(&one, &one.run_guard, &objects[1]);
	object_with(&one, &one.token_guard, &objects[2]);
	object_by_default(&one, &objects[3]);
	for (i = 0; i < 4; i++) {
		const struct sbk_buf *object = &objects[i];
		const struct sbk_sid *user = &two.base.user;

		assert_int_equal(reach(user, &two.base.logon, &two, object),
				 READ_CONTROL);
		assert_int_equal(reach(user, &two.base.logon, NULL, object),
				 READ_CONTROL);
		assert_int_equal(reach(user, &one.base.logon, &one, object) &
					 0x1ff,
				 0x1ff);
		/* The runner, the person, the system. */
		assert_int_equal(
			reach(user, &one.base.logon, NULL, object) & ALL, ALL);
		assert_int_equal(reach(&person, &elsewhere, NULL, object) & ALL,
				 ALL);
		assert_int_equal(reach(&system, &elsewhere, NULL, object) & ALL,
				 ALL);
		sbk_buf_release(&objects[i]);
	}
	sbk_token_plan_release(&one);
	sbk_token_plan_release(&two);
}

static void test_token_rules__a_root_is_written_with_its_sid_only(void **state)
{
	const struct sbk_sid roots[] = {sbk_synthetic_make(id, 1),
					sbk_synthetic_make(id, 2)};
	static const char sddl[] =
		"O:S-1-5-21-1-2-3-1001G:S-1-5-21-1-2-3-1001D:(A;;FA;;;S-1-5-21-"
		"1-2-3-1001)(A;;0x1301bf;;;S-1-0x0053424B0001-1-0-0-0-1)";
	struct sbk_token_plan with, without;
	struct sbk_buf sd = SBK_BUF_INIT;

	(void)state;
	assert_int_equal(
		sbk_sddl_parse(sddl, sizeof(sddl) - 1, NULL, &sd, NULL), 0);
	make(id, &roots[0], 1, &with);
	make(id, &roots[1], 1, &without);
	assert_true(may(&with, &sd, 0x2));
	assert_false(may(&without, &sd, 0x2));
	assert_true(may(&without, &sd, 0x1));
	sbk_buf_release(&sd);
	sbk_token_plan_release(&with);
	sbk_token_plan_release(&without);
}

static void test_token_rules__another_token_is_refused(void **state)
{
	const struct sbk_sid root = sbk_synthetic_make(id, 1);
	struct sbk_token_plan plan;
	struct sbk_token_seen seen;
	struct sbk_error err = SBK_ERROR_INIT;
	int i;

	(void)state;
	make(id, &root, 1, &plan);
	seen_as_planned(&plan, &seen);
	assert_ok(sbk_token_check(&plan, &seen, &err), &err);
	/* The system may give them in another order. */
	seen.restricting[0] = plan.restricting[1];
	seen.restricting[1] = plan.restricting[0];
	assert_ok(sbk_token_check(&plan, &seen, &err), &err);
	for (i = 0; i < 8; i++) {
		seen_as_planned(&plan, &seen);
		seen.is_restricted = i != 0;
		seen.count -= i == 1;
		seen.count += i == 2;
		if (i == 3)
			seen.restricting[1] = plan.base.user;
		if (i == 4) /* one twice, another not */
			seen.restricting[1] = seen.restricting[0];
		seen.privileges = i == 5;
		seen.has_administrators = i == 6;
		if (i == 7)
			seen.user = plan.base.logon;
		assert_error(sbk_token_check(&plan, &seen, &err),
			     SBK_E_UNSUPPORTED, &err);
	}
	sbk_token_plan_release(&plan);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_token_rules__names_run_roots_logon_and_everyone),
	cmocka_unit_test(test_token_rules__takes_no_sid_but_synthetic_ones),
	cmocka_unit_test(test_token_rules__what_a_run_makes_is_its_own),
	cmocka_unit_test(test_token_rules__runs_of_one_account_are_apart),
	cmocka_unit_test(test_token_rules__a_root_is_written_with_its_sid_only),
	cmocka_unit_test(test_token_rules__another_token_is_refused),
};

SBK_TEST_MAIN(tests)
