/*
 * What a running Windows says of another tool's residue, and taking it out and
 * back, on the simulation (sim.h): an account of Codex's in a group, with a
 * user right, hidden at sign-in, entries and an owner on the volume; and what a
 * run of ours left there.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "audit/live.h"
#include "engine/windows/elevate.h"
#include "tests/support/test.h"
#include "tests/windows/life.h"
#include "tests/windows/sim_census.h"
#include "uninstall/remediate.h"

#include "engine/banned.h"

#define USER_LIST                                            \
	L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\" \
	L"Winlogon\\SpecialAccounts\\UserList"
#define FIREWALL_RULES                                       \
	L"SYSTEM\\CurrentControlSet\\Services\\SharedAccess" \
	L"\\Parameters\\FirewallPolicy\\FirewallRules"
#define RULE_TCP "codex_sandbox_offline_block_loopback_tcp"
#define ROOT_7 "S-1-0x0053424B0001-1-2-3-4-7"

static char codex[SBK_SID_TEXT_MAX];

static void text_of(const struct sbk_sid *sid, char out[SBK_SID_TEXT_MAX])
{
	struct sbk_sid_text text;

	(void)snprintf(out, SBK_SID_TEXT_MAX, "%s", sbk_sid_format(sid, &text));
}

static void hide(struct sim *sim, const WCHAR *name)
{
	size_t key = 0;

	sim_use_registry(sim, USER_LIST);
	while (wcscmp(sim->registry.keys[key].path, USER_LIST) != 0)
		key++;
	sim->registry.values[0].is_there = true;
	sim->registry.values[0].key = key;
	sim->registry.values[0].type = REG_DWORD;
	sim->registry.values[0].size = sizeof(DWORD);
	wcscpy(sim->registry.values[0].name, name);
}

static void add(struct sim *sim, const char *path, bool is_directory,
		const char *entry, const char *owner)
{
	char sddl[512];

	(void)snprintf(sddl, sizeof(sddl),
		       "O:%sG:SYD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)%s", owner,
		       entry);
	(void)sim_add(sim, path, is_directory, sddl);
}

/* One that blocks the account, in the firewall and in what it keeps; `part` is
 * what nobody but the firewall reads. */
static struct sim_rule *block(struct sim *sim, const char *name,
			      const char *part)
{
	WCHAR wide[SIM_VALUE_MAX], text[512];
	struct sim_rule *rule;

	(void)swprintf(wide, SIM_VALUE_MAX, L"%hs", name);
	rule = sim_add_rule(sim, wide);
	rule->numbers[SBK_FIREWALL_ACTION] = 0;
	rule->numbers[SBK_FIREWALL_DIRECTION] = 2;
	rule->numbers[SBK_FIREWALL_ENABLED] = 1;
	(void)swprintf(rule->texts[SBK_FIREWALL_LOCAL_USERS], SIM_VALUE_MAX,
		       L"O:LSD:(A;;CC;;;%hs)", codex);
	(void)swprintf(text, 512,
		       L"v2.30|Action=Block|Active=TRUE|Dir=Out|%hsName=%hs|"
		       L"LUAuth=O:LSD:(A;;CC;;;%hs)|",
		       part, name, codex);
	sim_key_make(sim, FIREWALL_RULES);
	sim_value_text(sim, FIREWALL_RULES, wide, text);
	return rule;
}

/* All that a rule of Codex's has which a new one has not. */
static struct sim_rule *block_tcp(struct sim *sim)
{
	struct sim_rule *rule = block(sim, RULE_TCP, "Protocol=6|LPort=1-9|");

	rule->numbers[SBK_FIREWALL_PROTOCOL] = 6;
	rule->numbers[SBK_FIREWALL_PROFILES] = 7;
	wcscpy(rule->texts[SBK_FIREWALL_LOCAL_PORTS], L"1-9");
	wcscpy(rule->texts[SBK_FIREWALL_REMOTE_ADDRESSES],
	       L"127.0.0.0/255.0.0.0,::/127");
	wcscpy(rule->texts[SBK_FIREWALL_DESCRIPTION], L"blocks \x00e4 ");
	return rule;
}

/* The world in which Codex was, and is not used any more. */
static struct life *begin(void)
{
	struct life *life = life_begin();
	struct sim *sim = life->sim;
	struct sim_account *group, *user;
	char entry[256], group_text[SBK_SID_TEXT_MAX];

	user = sim_make_account(sim, L"CodexSandboxOffline", false);
	user->flags = 0x00010201;
	group = sim_make_account(sim, L"CodexSandboxUsers", true);
	group->members[group->member_count++] = user->sid;
	text_of(&user->sid, codex);
	text_of(&group->sid, group_text);
	sim_give_right(sim, codex, L"SeDenyBatchLogonRight");
	hide(sim, L"CodexSandboxOffline");
	(void)snprintf(entry, sizeof(entry),
		       "(A;OICI;0x1301bf;;;%s)(D;OICI;DCLCWP;;;%s)", group_text,
		       codex);
	add(sim, "C:/ws", true, entry, "BA");
	add(sim, "C:/ws/made", false, "", codex);
	(void)snprintf(entry, sizeof(entry), "(A;OICI;0x1301bf;;;%s)", ROOT_7);
	add(sim, "C:/other", true, entry, "BA");
	return life;
}

static void print_world(struct life *life, struct sbk_buf *out)
{
	life_print(life, out);
	sim_print(life->sim, out);
}

static int look_again(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	return sbk_remediation_plan(arg, plan, err);
}

static size_t count_left(const struct sbk_remediation *r, const char *what)
{
	size_t i, found = 0;

	for (i = 0; i < r->left_count; i++)
		found += strstr(r->left[i].path, what) != NULL;
	return found;
}

static void test_remediate__takes_out_and_puts_back(void **state)
{
	static const char *const who[] = {"tool:codex"};
	struct life *life = begin();
	struct sbk_buf start = SBK_BUF_INIT, now = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_remediation work;

	(void)state;
	print_world(life, &start);
	assert_ok(sbk_remediation_init_live(&work, &life->backend, NULL, 0, who,
					    1, &err),
		  &err);
	assert_int_equal(work.count, 2);
	assert_ok(sbk_remediation_plan(&work, life->plan, &err), &err);
	/* Two objects; the logon, the membership, the right, the value. */
	assert_int_equal(sbk_plan_count(life->plan), 6);
	assert_int_equal(work.seen.entries, 2);
	assert_int_equal(work.seen.owners, 1);
	/* Neither can be made again as it was. */
	assert_int_equal(count_left(&work, "account 'CodexSandboxOffline'"), 1);
	assert_int_equal(count_left(&work, "group 'CodexSandboxUsers'"), 1);
	print_world(life, &now);
	assert_string_equal(sbk_buf_text(&now), sbk_buf_text(&start));

	life->more = look_again;
	life->more_arg = &work;
	assert_ok(life_do(life, &err), &err);
	sbk_buf_clear(&now);
	sim_print(life->sim, &now);
	assert_null(strstr(sbk_buf_text(&now), codex));
	/* Ours was not asked for. */
	assert_non_null(strstr(sbk_buf_text(&now), ROOT_7));
	assert_int_equal(sim_rights_held(life->sim), 0);
	assert_false(life->sim->registry.values[0].is_there);
	assert_true(
		(sim_account_named(life->sim, L"CodexSandboxOffline")->flags &
		 0x2) != 0);
	assert_int_equal(sim_account_named(life->sim, L"CodexSandboxUsers")
				 ->member_count,
			 0);

	assert_ok(life_undo(life, &err), &err);
	sbk_buf_clear(&now);
	print_world(life, &now);
	assert_string_equal(sbk_buf_text(&now), sbk_buf_text(&start));
	sbk_remediation_release(&work);
	sbk_buf_release(&start);
	sbk_buf_release(&now);
	life_end(life);
}

/* Below a path alone nothing but descriptors is touched. */
static void test_remediate__below_a_path(void **state)
{
	static const char *const who[] = {ROOT_7}, *const roots[] = {
							   "C:/other"};
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_remediation work;

	(void)state;
	assert_ok(sbk_remediation_init_live(&work, &life->backend, roots, 1,
					    who, 1, &err),
		  &err);
	assert_ok(sbk_remediation_plan(&work, life->plan, &err), &err);
	assert_int_equal(sbk_plan_count(life->plan), 1);
	assert_string_equal(sbk_plan_at(life->plan, 0)->object.name,
			    "C:/other");
	assert_int_equal(work.left_count, 0);
	sbk_remediation_release(&work);
	life_end(life);
}

/* Others changed what was taken out of: it is not put back over them. */
static void test_remediate__others_changed_it_since(void **state)
{
	static const char *const who[] = {ROOT_7};
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_remediation work;

	(void)state;
	assert_ok(sbk_remediation_init_live(&work, &life->backend, NULL, 0, who,
					    1, &err),
		  &err);
	assert_ok(sbk_remediation_plan(&work, life->plan, &err), &err);
	assert_ok(life_do(life, &err), &err);
	sim_set(life->sim, "C:/other", "O:BAG:SYD:(A;;FA;;;WD)");
	assert_ok(life_undo(life, &err), &err);
	assert_int_equal(sbk_plan_at(life->plan, 0)->status,
			 SBK_STATUS_CONFLICT);
	sbk_remediation_release(&work);
	life_end(life);
}

static bool has(const struct sbk_report *report, const char *rule,
		const char *object)
{
	size_t i;

	for (i = 0; i < sbk_report_count(report); i++) {
		const struct sbk_finding *finding = sbk_report_at(report, i);

		if (strcmp(finding->rule, rule) == 0 &&
		    finding->object != NULL &&
		    strcmp(finding->object, object) == 0)
			return true;
	}
	return false;
}

static void test_remediate__what_the_audit_says(void **state)
{
	struct life *life = begin();
	struct sbk_live_request request = {.backend = &life->backend,
					   .about = SBK_LIVE_RESIDUE};
	struct sbk_report *report = sbk_report_new("residue");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_volume_audit audit;
	struct sbk_live live;

	(void)state;
	assert_ok(sbk_live_audit(&request, &live, report, &audit, &err), &err);
	assert_true(has(report, "volume.account", "CodexSandboxOffline"));
	assert_true(has(report, "volume.account", "CodexSandboxUsers"));
	assert_true(has(report, "volume.member", "CodexSandboxUsers"));
	assert_true(has(report, "volume.right", "SeDenyBatchLogonRight"));
	assert_true(has(report, "volume.hidden", "CodexSandboxOffline"));
	assert_true(has(report, "volume.grant", "C:/other"));
	assert_true(has(report, "volume.grant", "C:/ws"));
	assert_false(has(report, "volume.account", "Users"));
	sbk_volume_audit_release(&audit);
	sbk_report_free(report);
	life_end(life);
}

/* How many places the audit missed, and whether it saw the hidden one. */
static size_t look_for_hidden(struct life *life, bool *seen)
{
	struct sbk_live_request request = {.backend = &life->backend,
					   .about = SBK_LIVE_RESIDUE};
	struct sbk_report *report = sbk_report_new("residue");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_volume_audit audit;
	struct sbk_live live;
	size_t missed;

	assert_ok(sbk_live_audit(&request, &live, report, &audit, &err), &err);
	*seen = has(report, "volume.grant", "C:/hidden/inside");
	missed = sbk_report_coverage(report)->missed_count;
	sbk_volume_audit_release(&audit);
	sbk_report_free(report);
	return missed;
}

/* A list that lets in nobody but its owner: missed, until the privilege that an
 * administrator holds is enabled; by others it cannot be. */
static void test_remediate__what_is_hidden_from_administrators(void **state)
{
	struct life *life = begin();
	size_t missed;
	bool seen;

	(void)state;
	(void)sim_add(life->sim, "C:/hidden", true,
		      "O:S-1-5-21-9-9-9-1001G:SYD:P(A;;FA;;;"
		      "S-1-5-21-9-9-9-1001)");
	(void)sim_add(life->sim, "C:/hidden/inside", true,
		      "O:S-1-5-21-9-9-9-1001G:SYD:P(A;;FA;;;" ROOT_7 ")");
	life->sim->privileges = 0;
	missed = look_for_hidden(life, &seen);
	assert_true(missed > 0);
	assert_false(seen);

	life->sim->elevated = false;
	sbk_elevate_see_all();
	(void)look_for_hidden(life, &seen);
	assert_false(seen);

	life->sim->elevated = true;
	sbk_elevate_see_all();
	assert_true(look_for_hidden(life, &seen) < missed);
	assert_true(seen);
	life_end(life);
}

static void plan_codex(struct life *life, struct sbk_remediation *work)
{
	static const char *const who[] = {"tool:codex"};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_remediation_init_live(work, &life->backend, NULL, 0, who,
					    1, &err),
		  &err);
	assert_ok(sbk_remediation_plan(work, life->plan, &err), &err);
}

/* The account is disabled before what keeps it off the network goes. */
static void test_remediate__firewall_rules_out_and_back(void **state)
{
	struct life *life = begin();
	struct sbk_buf start = SBK_BUF_INIT, now = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_remediation work;

	(void)state;
	(void)block_tcp(life->sim);
	(void)sim_add_rule(life->sim, L"Another's");
	print_world(life, &start);
	plan_codex(life, &work);
	assert_int_equal(sbk_plan_count(life->plan), 7);
	assert_int_equal(count_left(&work, "firewall rule"), 0);
	life->more = look_again;
	life->more_arg = &work;
	assert_ok(life_do(life, &err), &err);
	assert_int_equal(sim_rule_count(life->sim), 1);
	assert_null(sim_find_rule(life->sim, L"" RULE_TCP));

	assert_ok(life_undo(life, &err), &err);
	print_world(life, &now);
	assert_string_equal(sbk_buf_text(&now), sbk_buf_text(&start));
	sbk_remediation_release(&work);
	sbk_buf_release(&start);
	sbk_buf_release(&now);
	life_end(life);
}

/* What could not be put back, or what no undo may make. */
static void test_remediate__rules_that_stay_are_told(void **state)
{
	static const char *const why[] = {"more than one rule",
					  "does not block",
					  "one account alone",
					  "interfaces",
					  "RemoteAddresses would be another",
					  "not all of it"};
	size_t how;

	(void)state;
	for (how = 0; how < sizeof(why) / sizeof(why[0]); how++) {
		struct life *life = begin();
		struct sim_rule *rule =
			block(life->sim, RULE_TCP, how == 5 ? "LSM=TRUE|" : "");
		struct sbk_remediation work;
		size_t i, told = 0;

		if (how == 0)
			*sim_add_rule(life->sim, L"x") = *rule;
		else if (how == 1)
			rule->numbers[SBK_FIREWALL_ACTION] = 1;
		else if (how == 2)
			wcscat(rule->texts[SBK_FIREWALL_LOCAL_USERS],
			       L"(A;;CC;;;S-1-5-21-9-9-9-1001)");
		else if (how == 3)
			wcscpy(rule->texts[SBK_FIREWALL_INTERFACES], L"some");
		else if (how == 4)
			rule->texts[SBK_FIREWALL_REMOTE_ADDRESSES][0] = L'\0';
		plan_codex(life, &work);
		assert_int_equal(sbk_plan_count(life->plan), 6);
		for (i = 0; i < work.left_count; i++)
			told += strstr(work.left[i].path, RULE_TCP) != NULL &&
				strstr(work.left[i].why, why[how]) != NULL;
		assert_int_equal(told, 1);
		sbk_remediation_release(&work);
		life_end(life);
	}
}

/* Codex was set up again meanwhile: its new rule is not touched. */
static void test_remediate__a_rule_made_anew_is_a_conflict(void **state)
{
	struct life *life = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_remediation work;
	size_t i, conflicts = 0;

	(void)state;
	(void)block_tcp(life->sim);
	plan_codex(life, &work);
	assert_ok(life_do(life, &err), &err);
	(void)block(life->sim, RULE_TCP, "");
	assert_ok(life_undo(life, &err), &err);
	for (i = 0; i < sbk_plan_count(life->plan); i++) {
		const struct sbk_change *change = sbk_plan_at(life->plan, i);

		if (change->object.kind == SBK_KIND_FIREWALL &&
		    change->status == SBK_STATUS_CONFLICT)
			conflicts++;
	}
	assert_int_equal(conflicts, 1);
	assert_int_equal(sim_rule_count(life->sim), 1);
	sbk_remediation_release(&work);
	life_end(life);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_remediate__firewall_rules_out_and_back),
	cmocka_unit_test(test_remediate__rules_that_stay_are_told),
	cmocka_unit_test(test_remediate__a_rule_made_anew_is_a_conflict),
	cmocka_unit_test(test_remediate__takes_out_and_puts_back),
	cmocka_unit_test(test_remediate__below_a_path),
	cmocka_unit_test(test_remediate__others_changed_it_since),
	cmocka_unit_test(test_remediate__what_the_audit_says),
	cmocka_unit_test(test_remediate__what_is_hidden_from_administrators),
};

SBK_TEST_MAIN(tests)
