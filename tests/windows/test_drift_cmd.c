/*
 * audit drift by sbk_cli_main on the simulation (setup_world.h), after a setup
 * for real: nothing is found; what others change, and what they put around the
 * accounts, is named, each with the rule, whom it is about and the remedy.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <wchar.h>

#include "audit/audit.h"
#include "engine/mentions.h"
#include "engine/plan_setup.h"
#include "engine/principals.h"
#include "engine/windows/account_state.h"
#include "engine/windows/wide.h"
#include "tests/support/fault.h"
#include "tests/windows/setup_world.h"

#include "engine/banned.h"

#define PROFILES \
	L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\"

static const struct sbk_command *const *tables(void)
{
	static struct sbk_command commands[2];
	static const struct sbk_command *const list[] = {
		commands, sbk_audit_commands, NULL};

	commands[0] = sbk_command_setup;
	return list;
}

static int drift(void)
{
	return setup_world_run(tables(), "audit", "drift", NULL);
}

static void enrol(struct setup_world *w)
{
	setup_world_begin(w);
	if (setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			    NULL) != 0)
		fail_msg("%s", setup_world_output());
}

/* There are findings, and this is one: exit code 1. */
static void assert_found(const char *rule, const char *part)
{
	if (drift() != 1)
		fail_msg("no finding: %s", setup_world_output());
	setup_world_assert_printed(rule);
	setup_world_assert_printed(part);
}

static struct sim_account *named(struct setup_world *w, const WCHAR *name)
{
	struct sim_account *account = sim_account_named(w->sim, name);

	assert_non_null(account);
	return account;
}

static void test_drift_cmd__nothing_after_setup(void **state)
{
	struct setup_world w;

	(void)state;
	enrol(&w);
	if (drift() != 0)
		fail_msg("%s", setup_world_output());
	setup_world_end(&w);
}

/* What setup made, altered. */
static void test_drift_cmd__what_was_made_is_altered(void **state)
{
	struct sim_account *account, *group;
	struct setup_world w;
	struct sbk_sid kept;

	(void)state;
	enrol(&w);
	account = named(&w, L"SandbookOffline");
	account->flags &= ~0x10000u; /* its password expires */
	assert_found("drift.altered", "SandbookOffline");
	account->flags |= 0x10000u;

	group = named(&w, L"Sandbook");
	kept = group->members[0];
	group->members[0] = group->members[--group->member_count];
	assert_found("drift.missing", "the member that was made");
	group->members[group->member_count++] = kept;
	assert_int_equal(drift(), 0);
	setup_world_end(&w);
}

static void test_drift_cmd__others_around_the_accounts(void **state)
{
	struct sim_account *account, *group, *other, *copy;
	struct sbk_sid_text text;
	struct setup_world w;

	(void)state;
	enrol(&w);
	account = named(&w, L"SandbookOnline");
	(void)sbk_sid_format(&account->sid, &text);

	group = named(&w, L"Sandbook");
	group->members[group->member_count++] = named(&w, L"bob")->sid;
	assert_found("enrolment.member", "'bob' is a member");
	setup_world_assert_printed("Remove-LocalGroupMember");
	group->member_count--;

	other = sim_make_account(w.sim, L"Ann's team", true);
	other->members[other->member_count++] = account->sid;
	assert_found("enrolment.group", "-Group 'Ann''s team' -Member S-1-5");
	other->is_there = false;

	sim_give_right(w.sim, text.text, L"SeDenyInteractiveLogonRight");
	assert_found("enrolment.right", "'SeDenyInteractiveLogonRight'");
	w.sim->rights[sim_rights_held(w.sim) - 1].held = false;

	copy = sim_make_account(w.sim, L"helper", false);
	(void)wcscpy(copy->comment, account->comment);
	assert_found("enrolment.copy", "Set-LocalUser -Name 'helper'");
	copy->is_there = false;
	assert_int_equal(drift(), 0);
	setup_world_end(&w);
}

/* That they are there is not that they filter. */
static void test_drift_cmd__filters_have_another_flag(void **state)
{
	struct sim_filter_store *store;
	struct setup_world w;

	(void)state;
	enrol(&w);
	store = &w.sim->filters.now;
	store->filters[3].filter.flags |= 0x20; /* FWPM_FILTER_FLAG_DISABLED */
	assert_found("drift.altered", " other disabled'");
	store->filters[3].filter.flags &= ~0x21u;
	assert_found("drift.altered", " other transient'");
	store->filters[3].filter.flags |= 1;
	store->provider_flags[0] |= 0x10; /* FWPM_PROVIDER_FLAG_DISABLED */
	assert_found("drift.altered", "found 'provider 53420000-");
	setup_world_assert_printed(" disabled'");
	store->provider_flags[0] = 1;
	store->sublayer_flags[0] = 0;
	assert_found("drift.altered", " weight 65535 transient'");
	store->sublayer_flags[0] = 1;
	assert_int_equal(drift(), 0);
	setup_world_end(&w);
}

/* What is left of what filters lay in is found when they are gone. */
static void test_drift_cmd__what_filters_lay_in_is_left(void **state)
{
	struct sim_filter_store *store;
	struct setup_world w;

	(void)state;
	setup_world_begin(&w);
	store = &w.sim->filters.now;
	store->providers[0] = (GUID){.Data1 = 0x53420000, .Data2 = 7};
	store->provider_flags[0] = 0x11;
	store->sublayers[0] = (GUID){.Data1 = 0x53420001, .Data2 = 7};
	store->sublayer_flags[0] = 1;
	store->provider_count = store->sublayer_count = 1;
	if (setup_world_run(tables(), "audit", "residue", NULL) == 0)
		fail_msg("clean: %s", setup_world_output());
	setup_world_assert_printed("53420000-0007-0000-0000-000000000000");
	setup_world_assert_printed("of no account (provider, disabled)");
	setup_world_assert_printed("of no account (sublayer)");
	store->provider_count = store->sublayer_count = 0;
	setup_world_end(&w);
}

/* What is told of AppContainers, "NAME SID;" each. */
static int keep_package(void *arg, const struct sbk_mention *mention,
			struct sbk_error *err)
{
	struct sbk_buf *out = arg;

	(void)err;
	if (mention->place == SBK_MENTION_PACKAGE)
		sbk_buf_printf(out, "%s %s;", mention->object, mention->sid);
	return 0;
}

static int pass_over(void *arg, const char *place, const char *why,
		     struct sbk_error *err)
{
	(void)arg;
	(void)place;
	(void)why;
	(void)err;
	return 0;
}

/* The registry of who is signed in names them; a key of it that is no SID, or
 * all of them, is nobody's. */
static void test_drift_cmd__app_containers_have_names(void **state)
{
	static const WCHAR *const keys[] = {L"S-1-15-2-1-2-3-4-5-6-7",
					    L"S-1-15-2-1", L"S-1-15-3-1-2",
					    L"other"};
	struct sbk_buf found = SBK_BUF_INIT;
	const struct sbk_mention_reader reader = {.found = keep_package,
						  .missed = pass_over,
						  .skipped = pass_over,
						  .no_homes = true,
						  .arg = &found};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	struct setup_world w;
	WCHAR bob[200], profile[200], path[256];
	size_t i;

	(void)state;
	setup_world_begin(&w);
	(void)sbk_sid_format(&named(&w, L"bob")->sid, &text);
	(void)swprintf(profile, 200, L"%ls%hs", PROFILES, text.text);
	sim_key_make(w.sim, profile);
	(void)swprintf(bob, 200, L"HKU\\%hs_Classes", text.text);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		(void)swprintf(path, 256,
			       L"%ls\\Local Settings\\Software\\Microsoft\\"
			       L"Windows\\CurrentVersion\\AppContainer\\"
			       L"Mappings\\%ls",
			       bob, keys[i]);
		sim_key_make(w.sim, path);
		sim_value_text(w.sim, path, L"Moniker", L"some.tool");
	}
	assert_ok(sbk_os_mentions(&reader, &err), &err);
	assert_string_equal(sbk_buf_text(&found),
			    "some.tool S-1-15-2-1-2-3-4-5-6-7;");
	sim_key_remove(w.sim, L"HKU");
	sim_key_remove(w.sim, profile);
	sbk_buf_release(&found);
	setup_world_end(&w);
}

/* Nobody finished the enrolment, and somebody may log on. */
static void test_drift_cmd__an_account_is_enabled_by_hand(void **state)
{
	struct sim_account *account;
	struct setup_world w;

	(void)state;
	enrol(&w);
	account = named(&w, L"SandbookOffline");
	account->flags &= ~SBK_NT_ACCOUNT_DISABLED;
	assert_found("enrolment.enabled", "SandbookOffline");
	setup_world_assert_printed("Disable-LocalUser -SID S-1-5-21-");
	account->flags |= SBK_NT_ACCOUNT_DISABLED;
	assert_int_equal(drift(), 0);
	setup_world_end(&w);
}

/* Whose records cannot be found is not passed over. */
static void test_drift_cmd__somebodys_place_is_not_known(void **state)
{
	struct sbk_buf path = SBK_BUF_INIT;
	struct sbk_sid_text text;
	struct setup_world w;

	(void)state;
	enrol(&w);
	(void)sbk_sid_format(&named(&w, L"bob")->sid, &text);
	sbk_buf_add(&path, PROFILES, sizeof(PROFILES) - sizeof(WCHAR));
	assert_non_null(sbk_wide_of(&path, text.text));
	sim_key_make(w.sim, sbk_wide_text(&path));
	sim_value_text(w.sim, sbk_wide_text(&path), L"ProfileImagePath",
		       L"%Elsewhere%\\bob");
	if (drift() != 2)
		fail_msg("%s", setup_world_output());
	setup_world_assert_printed("the journal of 'bob'");
	setup_world_assert_printed("is known to that user alone");
	sim_key_remove(w.sim, sbk_wide_text(&path));
	assert_int_equal(drift(), 0);
	sbk_buf_release(&path);
	setup_world_end(&w);
}

static void test_drift_cmd__the_person_is_gone(void **state)
{
	struct sim_account *ann;
	struct setup_world w;

	(void)state;
	enrol(&w);
	ann = named(&w, L"ann");
	ann->is_there = false;
	assert_found("enrolment.person", "setup --remove-user S-1-5-21-");
	ann->is_there = true;
	assert_int_equal(drift(), 0);
	setup_world_end(&w);
}

/* Somebody else is in our group: whichever call of the system is denied, it is
 * found or told that it was not looked at, and never clean. */
static void test_drift_cmd__what_is_denied_is_missed(void **state)
{
	const unsigned long step = sbk_test_step(5);
	struct sim_account *group;
	struct setup_world w;
	unsigned long n;
	int code;

	(void)state;
	enrol(&w);
	group = named(&w, L"Sandbook");
	group->members[group->member_count++] = named(&w, L"bob")->sid;
	for (n = sbk_test_first(1);; n += step) {
		fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
		code = setup_world_run(tables(), "audit", "drift", "--machine",
				       NULL);
		if (fault_plan.counted < n)
			break;
		if (code == 0)
			fail_msg("call %lu was denied, and all is well: %s", n,
				 setup_world_output());
	}
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	assert_int_equal(code, 1);
	assert_true(n > 50);
	group->member_count--;
	setup_world_end(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_drift_cmd__nothing_after_setup,
			       setup_world_directory),
	cmocka_unit_test(test_drift_cmd__what_was_made_is_altered),
	cmocka_unit_test(test_drift_cmd__others_around_the_accounts),
	cmocka_unit_test(test_drift_cmd__filters_have_another_flag),
	cmocka_unit_test(test_drift_cmd__what_filters_lay_in_is_left),
	cmocka_unit_test(test_drift_cmd__app_containers_have_names),
	cmocka_unit_test(test_drift_cmd__an_account_is_enabled_by_hand),
	cmocka_unit_test(test_drift_cmd__somebodys_place_is_not_known),
	cmocka_unit_test(test_drift_cmd__the_person_is_gone),
	cmocka_unit_test_teardown(test_drift_cmd__what_is_denied_is_missed,
				  setup_world_remove),
};

SBK_TEST_MAIN(tests)
