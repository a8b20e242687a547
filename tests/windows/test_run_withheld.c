/*
 * A run of an enrolled user without the account, in the world of run_world.h:
 * the passwords are nobody's before the command begins.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <stdlib.h>
#include <string.h>

#include <lmerr.h>

#include "engine/cli.h"
#include "engine/ledger.h"
#include "engine/os.h"
#include "engine/windows/front.h"
#include "engine/windows/keyring.h"
#include "engine/windows/secret.h"
#include "tests/windows/enrolled.h"
#include "tests/windows/run_world.h"

#include "engine/banned.h"

/* As setup keeps it: by the journal. */
static void keep_by_record(const char *account)
{
	struct sbk_transaction_request request = {.book = SBK_BOOK_USER,
						  .title = "setup: passwords"};
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_SECRET, .name = account}};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_secret_label label;
	struct sbk_backend backend;
	struct sbk_ledger ledger;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_keyring_put(sbk_host_keyring(&backend), account,
				  ENROLLED_PASSWORD, &err),
		  &err);
	assert_ok(sbk_secret_label(&label, account, &world.own, ENROLLED_NONCE,
				   &err),
		  &err);
	assert_ok(sbk_secret_state(&label, ENROLLED_PASSWORD, &state, &err),
		  &err);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	sbk_journal_ledger(&ledger);
	assert_ok(ledger.ops->transact(ledger.self, &backend, &request, plan,
				       &report, &err),
		  &err);
	sbk_plan_free(plan);
	sbk_buf_release(&state);
	sbk_backend_close(&backend);
}

/* Every account here has this user's own SID. */
static BOOL WINAPI name_own(LPCWSTR system, PSID sid, LPWSTR name,
			    LPDWORD name_size, LPWSTR domain,
			    LPDWORD domain_size, PSID_NAME_USE use)
{
	(void)system;
	(void)sid;
	(void)wcscpy(name, L"SandbookOffline");
	(void)wcscpy(domain, L"HERE");
	*name_size = 15;
	*domain_size = 4;
	*use = SidTypeUser;
	return TRUE;
}

static NET_API_STATUS refuse_second; /* what the second change meets, or 0 */
static unsigned changes;

static NET_API_STATUS WINAPI change_password(LPCWSTR computer, LPCWSTR name,
					     LPCWSTR before, LPCWSTR after)
{
	struct sim_account *account = sim_account_named(world.sim, name);

	(void)computer;
	if (++changes == 2 && refuse_second != 0)
		return refuse_second;
	if (account == NULL || wcscmp(account->password, before) != 0)
		return ERROR_INVALID_PASSWORD;
	(void)wcsncpy(account->password, after, 63);
	return 0;
}

static void enrol_by_record(void)
{
	enrolled_make(world.sim, L"SandbookOffline", SBK_PRINCIPAL_OFFLINE,
		      &world.own, &world.own);
	enrolled_make(world.sim, L"SandbookOnline", SBK_PRINCIPAL_ONLINE,
		      &world.own, &world.own);
	keep_by_record("SandbookOffline");
	keep_by_record("SandbookOnline");
	(void)wcscpy(sim_account_named(world.sim, L"SandbookOffline")->password,
		     L"" ENROLLED_PASSWORD);
	(void)wcscpy(sim_account_named(world.sim, L"SandbookOnline")->password,
		     L"" ENROLLED_PASSWORD);
	world.logon.NetUserChangePassword = change_password;
	world.table.check = &sim_check_table;
	world.table.rights.LookupAccountSidW = name_own;
	refuse_second = 0;
	changes = 0;
}

static bool opens(const WCHAR *name)
{
	return wcscmp(sim_account_named(world.sim, name)->password,
		      L"" ENROLLED_PASSWORD) == 0;
}

static bool is_kept(const char *account)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_store *store = NULL;
	bool kept;

	assert_ok(sbk_secret_store(SBK_STORE_READ, &store, &err), &err);
	assert_ok(sbk_secret_look(store, account, &state, &err), &err);
	sbk_store_close(store);
	kept = state.size > 0;
	sbk_buf_release(&state);
	return kept;
}

static void assert_untouched(void)
{
	assert_true(opens(L"SandbookOffline") && opens(L"SandbookOnline"));
	assert_true(is_kept("SandbookOffline") && is_kept("SandbookOnline"));
	assert_int_equal(_rmdir("ws/made"), -1);
}

#define WITHHOLD                                                \
	"run", "-C", "ws", "--best-effort", "--test-any-token", \
		"--no-account", "--withhold-passwords"

/* Both passwords are nobody's before the command begins; the record says it,
 * and nothing is left to be undone. */
static void test_run_withheld__withheld_it_is_the_users_own(void **state)
{
	(void)state;
	enrol_by_record();
	run_world_code(run_world_call("plan", "-C", "ws", "--no-account", NULL),
		       0);
	run_world_said(
		"SandbookOffline,SandbookOnline: their passwords are kept");
	run_world_said("so the run is refused");
	run_world_code(run_world_call("plan", "-C", "ws", "--no-account",
				      "--withhold-passwords", NULL),
		       0);
	run_world_said("each gets a password that nobody has");
	run_world_said("setup --upgrade");
	run_world_code(run_world_call(WITHHOLD, "--dry-run", "--json", NULL),
		       0);
	run_world_said("\"withholds\":true");
	assert_untouched();
	run_world_code(
		run_world_call(WITHHOLD, "--", "cmd", "/c", "exit 7", NULL), 7);
	run_world_said("passwords of these accounts worthless: "
		       "SandbookOffline,SandbookOnline");
	assert_false(opens(L"SandbookOffline") || opens(L"SandbookOnline"));
	assert_int_not_equal(
		wcscmp(sim_account_named(world.sim, L"SandbookOffline")
			       ->password,
		       sim_account_named(world.sim, L"SandbookOnline")
			       ->password),
		0);
	assert_false(is_kept("SandbookOffline") || is_kept("SandbookOnline"));
	assert_null(strstr(world.output, ENROLLED_PASSWORD));
	run_world_code(run_world_call("journal", "log", "--json", NULL), 0);
	run_world_said("\"withholds\":\"SandbookOffline,SandbookOnline\"");
	run_world_said("run --withhold-passwords");
	run_world_code(run_world_call("journal", "verify", NULL), 0);
	/* Nothing to withhold, nothing to refuse. */
	run_world_code(
		run_world_call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
	assert_int_equal(changes, 2);
	run_world_code(run_world_call(ONLINE, "--best-effort", "--account",
				      "--", "cmd", "/c", "exit", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("setup --upgrade");
	assert_int_equal(world.started_count, 0);
}

/* Whatever refuses it refuses the run, and changes nothing. */
static void test_run_withheld__withholding_is_refused_whole(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_front *front = NULL;

	(void)state;
	enrol_by_record();
	run_world_code(run_world_call("run", "-C", "ws", "--withhold-passwords",
				      "--", "cmd", "/c", "exit", NULL),
		       SBK_EXIT_USAGE);
	run_world_said("goes with --no-account");
	/* A launch that is refused comes before it. */
	run_world_code(run_world_call("run", "-C", "ws", "--best-effort",
				      "--no-account", "--withhold-passwords",
				      "--", "cmd", "/c", "mkdir", "made", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("not restricted");
	assert_untouched();
	world.sim->check.password_age_min_s = 86400;
	run_world_code(run_world_call(WITHHOLD, "--", "cmd", "/c", "mkdir",
				      "made", NULL),
		       SBK_EXIT_DENIED);
	run_world_said("younger than 1 days");
	assert_untouched();
	world.sim->check.password_age_min_s = 0;
	/* Beside a front end that has a password in memory. */
	assert_ok(sbk_front_open(false, &front, &err), &err);
	assert_ok(sbk_front_share(front, SBK_FRONT_ACCOUNT, NULL, &err), &err);
	run_world_code(run_world_call(WITHHOLD, "--", "cmd", "/c", "mkdir",
				      "made", NULL),
		       SBK_EXIT_BUSY);
	run_world_said(
		"a run under a sandbox account of this user's is at work");
	sbk_front_close(front);
	assert_untouched();
	assert_int_equal(changes, 0);
	run_world_code(run_world_call("journal", "log", "--json", NULL), 0);
	run_world_said("\"failed\":");
	run_world_code(
		run_world_call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
}

/* The system lets the first one go and not the second: what is worthless is not
 * kept, what is not is, and nothing runs. Then the same command goes on. */
static void test_run_withheld__withholding_that_stops_goes_on(void **state)
{
	(void)state;
	enrol_by_record();
	refuse_second = NERR_PasswordTooShort;
	run_world_code(run_world_call(WITHHOLD, "--", "cmd", "/c", "mkdir",
				      "made", NULL),
		       SBK_EXIT_DENIED);
	run_world_said("'SandbookOffline' was changed before that");
	assert_int_equal(_rmdir("ws/made"), -1);
	assert_false(opens(L"SandbookOffline") || is_kept("SandbookOffline"));
	assert_true(opens(L"SandbookOnline") && is_kept("SandbookOnline"));
	run_world_code(
		run_world_call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
	assert_false(opens(L"SandbookOnline") || is_kept("SandbookOnline"));
	/* One whose password was changed, and which is kept still. */
	enrolled_forget();
	keep_by_record("SandbookOffline");
	run_world_code(
		run_world_call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
	assert_false(is_kept("SandbookOffline"));
}

#define RUN_TEST(name)                                         \
	cmocka_unit_test_setup_teardown(name, run_world_setup, \
					run_world_teardown)

static const struct CMUnitTest tests[] = {
	RUN_TEST(test_run_withheld__withheld_it_is_the_users_own),
	RUN_TEST(test_run_withheld__withholding_is_refused_whole),
	RUN_TEST(test_run_withheld__withholding_that_stops_goes_on),
};

int main(int argc, char **argv)
{
	return run_world_main(argc, argv, tests,
			      sizeof(tests) / sizeof(*tests));
}
