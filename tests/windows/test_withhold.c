/*
 * Withholding, with a journal, DPAPI and locks for real, on the simulation of
 * the account database (hybrid.h): each of its calls fails once, and each is
 * the last of a process. Whatever happens, what is kept opens its account, or
 * the next withholding finds that it opens nothing; and no password that a
 * withholding was done with opens anything.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <process.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ledger.h"
#include "engine/os.h"
#include "engine/windows/front.h"
#include "engine/windows/keyring.h"
#include "engine/windows/secret.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/withhold.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/windows/hybrid.h"

#include "engine/banned.h"

#define PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define NONCE "0123456789abcdef0123456789abcdef"
#define WORLD "world"
#define STOPPED 86
#define ENDED 87
#define CALLS_MAX 500

static char machine[512], person[512];
static char *made;
static struct sbk_win32_logon logon;
static struct sim *sim;
static struct sbk_error err;

static const char *const names[] = {"SandbookOffline", "SandbookOnline"};
static const WCHAR *const wide[] = {L"SandbookOffline", L"SandbookOnline"};

/* A call like any: it may fail, and a process may end before or after it. */
static NET_API_STATUS WINAPI change_password(LPCWSTR computer, LPCWSTR name,
					     LPCWSTR before, LPCWSTR after)
{
	struct sim_account *account = sim_account_named(sim, name);

	(void)computer;
	if (sim_fails())
		return ERROR_ACCESS_DENIED;
	if (account == NULL || wcscmp(account->password, before) != 0)
		return ERROR_INVALID_PASSWORD;
	(void)wcsncpy(account->password, after, 63);
	(void)sim_fails(); /* an end behind it; an answer is not lost */
	return 0;
}

static void begin(void)
{
	sim = hybrid_begin(machine);
	hybrid_use_person(person);
	logon = sbk_win32_logon_system;
	logon.NetUserChangePassword = change_password;
	hybrid_table()->logon = &logon;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	sbk_error_clear(&err);
}

static void make_accounts(void)
{
	size_t i;

	for (i = 0; i < 2; i++)
		(void)wcscpy(sim_make_account(sim, wide[i], false)->password,
			     L"" PASSWORD);
}

static void keep(struct sbk_plan *plan, struct sbk_backend *backend, size_t i)
{
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_SECRET, .name = names[i]}};
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_secret_label label;

	assert_ok(sbk_keyring_put(sbk_host_keyring(backend), names[i], PASSWORD,
				  &err),
		  &err);
	assert_ok(sbk_secret_label(&label, names[i],
				   &sim_account_named(sim, wide[i])->sid, NONCE,
				   &err),
		  &err);
	assert_ok(sbk_secret_state(&label, PASSWORD, &state, &err), &err);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	sbk_buf_release(&state);
}

/* Both, as setup has them kept. */
static void keep_both(void)
{
	const struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER, .title = "setup: passwords"};
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_transaction_report report;
	struct sbk_backend backend;
	struct sbk_ledger ledger;
	size_t i;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	for (i = 0; i < 2; i++)
		keep(plan, &backend, i);
	sbk_journal_ledger(&ledger);
	assert_ok(ledger.ops->transact(ledger.self, &backend, &request, plan,
				       &report, &err),
		  &err);
	sbk_plan_free(plan);
	sbk_backend_close(&backend);
}

static int withhold(void)
{
	struct sbk_ledger ledger;
	struct sbk_withholding asked = {.ledger = &ledger};
	int rc = sbk_front_open(false, &asked.front, &err);

	sbk_journal_ledger(&ledger);
	if (rc == 0)
		rc = sbk_withhold(&asked, &err);
	sbk_front_close(asked.front);
	return rc;
}

static bool is_kept(size_t i)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_store *store = NULL;
	int rc;

	assert_ok(sbk_secret_store(SBK_STORE_READ, &store, &err), &err);
	rc = sbk_secret_open(store, names[i], &secret, &err);
	sbk_store_close(store);
	sbk_secret_release(&secret);
	if (rc == SBK_E_NOTFOUND)
		sbk_error_clear(&err);
	else
		assert_ok(rc, &err);
	return rc == 0;
}

static bool opens(size_t i)
{
	return wcscmp(sim_account_named(sim, wide[i])->password,
		      L"" PASSWORD) == 0;
}

static void assert_withheld(unsigned long at)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (is_kept(i) || opens(i))
			fail_msg("at %lu: %s is %s and %s", at, names[i],
				 is_kept(i) ? "kept" : "gone",
				 opens(i) ? "opens" : "opens nothing");
}

static bool is_any(void *arg, const struct sbk_change *change)
{
	(void)arg;
	(void)change;
	return true;
}

/* As a removal of the records does first: there is nothing to put back, but for
 * a record of an account that could not be looked at. */
static void undo_all(void)
{
	const struct sbk_take_back_request request = {
		.book = SBK_BOOK_USER, .title = "undo", .is_wanted = is_any};
	struct sbk_transaction_report report;
	struct sbk_backend backend;
	struct sbk_ledger ledger;

	sbk_journal_ledger(&ledger);
	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(ledger.ops->take_back(ledger.self, &backend, &request,
					&report, &err),
		  &err);
	sbk_backend_close(&backend);
}

static void end(bool whole)
{
	struct sbk_journal_place place;
	struct sbk_person caller;

	if (!whole)
		undo_all();
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_journal_place_user(&caller, &place, &err), &err);
	assert_ok(sbk_journal_remove(&place, &err), &err);
	hybrid_finish(sim);
}

static void test_withhold__both_are_nobodys(void **state)
{
	(void)state;
	begin();
	/* No records, no lock, nothing to withhold. */
	make_accounts();
	assert_error(withhold(), SBK_E_NOTFOUND, &err);
	keep_both();
	assert_true(opens(0) && opens(1) && is_kept(0) && is_kept(1));
	assert_ok(withhold(), &err);
	assert_withheld(0);
	assert_int_not_equal(wcscmp(sim_account_named(sim, wide[0])->password,
				    sim_account_named(sim, wide[1])->password),
			     0);
	assert_ok(withhold(), &err);
	end(true);
}

/* One of an account that is gone is worthless already, and goes. */
static void test_withhold__a_gone_account_hinders_nothing(void **state)
{
	(void)state;
	begin();
	make_accounts();
	keep_both();
	sim_account_named(sim, wide[0])->is_there = false;
	assert_ok(withhold(), &err);
	assert_false(is_kept(0) || is_kept(1) || opens(1));
	end(true);
}

/* One that does not open cannot be made worthless, and might be opened by who
 * knows how: refused, with nothing changed. */
static void test_withhold__one_that_does_not_open_is_refused(void **state)
{
	char path[600];
	FILE *file;

	(void)state;
	begin();
	make_accounts();
	keep_both();
	(void)snprintf(path, sizeof(path), "%s/Sandbook/secret-SandbookOnline",
		       person);
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, -40, SEEK_END), 0);
	assert_true(fputs("0123456789012345678901234567", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_error(withhold(), SBK_E_CORRUPT, &err);
	assert_non_null(strstr(err.message, "setup --upgrade"));
	assert_true(opens(0) && opens(1) && is_kept(0));
	assert_int_equal(remove(path), 0);
	assert_ok(withhold(), &err);
	assert_false(is_kept(0) || opens(0));
	hybrid_finish(sim);
	sbk_test_remove(_strdup(person));
	assert_int_equal(_mkdir(person), 0);
}

/* Whether call n was met. */
static bool one_denied(unsigned long n)
{
	bool met;
	int rc;
	size_t i;

	begin();
	make_accounts();
	keep_both();
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	rc = withhold();
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (rc == 0)
		assert_withheld(n);
	for (i = 0; rc < 0 && i < 2; i++)
		if (opens(i) && !is_kept(i))
			fail_msg("at %lu: %s was lost: %s", n, names[i],
				 err.message);
	if (!met)
		assert_ok(rc, &err);
	sbk_error_clear(&err);
	assert_ok(withhold(), &err);
	assert_withheld(n);
	end(false);
	return met;
}

static void test_withhold__a_call_that_fails_refuses_it(void **state)
{
	const unsigned long step = getenv("SBK_CAMPAIGN") != NULL ? 1 : 3;
	unsigned long n = 1;

	(void)state;
	while (one_denied(n))
		n += step;
	print_message("%lu calls\n", n);
	assert_true(n > 8 && n < CALLS_MAX);
}

/* The process that ends before call n; what is on the machine is kept. */
static int run_stopped(unsigned long n)
{
	begin();
	make_accounts();
	keep_both();
	if (setjmp(sim->end) == 0) {
		fault_plan = (struct fault_plan){.mode = FAULT_STOP, .at = n};
		(void)withhold();
		return ENDED;
	}
	hybrid_save(sim, WORLD);
	(void)TerminateProcess(GetCurrentProcess(), STOPPED);
	return 0;
}

static bool one_stopped(unsigned long n)
{
	char number[24], program[MAX_PATH];
	size_t i;
	int code;

	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	(void)snprintf(number, sizeof(number), "%lu", n);
	(void)fflush(NULL);
	code = (int)_spawnl(_P_WAIT, program, "test", "stopped", number, NULL);
	begin();
	if (code == ENDED) {
		hybrid_finish(sim);
		return false;
	}
	assert_int_equal(code, STOPPED);
	hybrid_load(sim, WORLD);
	(void)remove(WORLD);
	/* What still opens is still kept: nobody lost it. */
	for (i = 0; i < 2; i++)
		assert_true(!opens(i) || is_kept(i));
	assert_ok(withhold(), &err);
	assert_withheld(n);
	end(false);
	return true;
}

static void test_withhold__a_stop_is_gone_on_from(void **state)
{
	const unsigned long step = getenv("SBK_CAMPAIGN") != NULL ? 1 : 7;
	unsigned long n = 1;

	(void)state;
	while (one_stopped(n))
		n += step;
	assert_true(n > 8 && n < CALLS_MAX);
}

static void use(const char *real)
{
	(void)snprintf(machine, sizeof(machine), "%s/machine", real);
	(void)snprintf(person, sizeof(person), "%s/person", real);
}

static int make_directory(void **state)
{
	char *real = NULL;

	(void)state;
	made = sbk_test_directory("withhold");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	assert_int_equal(_chdir(real), 0);
	use(real);
	assert_int_equal(_mkdir(machine), 0);
	assert_int_equal(_mkdir(person), 0);
	free(real);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_withhold__both_are_nobodys),
	cmocka_unit_test(test_withhold__a_gone_account_hinders_nothing),
	cmocka_unit_test(test_withhold__one_that_does_not_open_is_refused),
	cmocka_unit_test(test_withhold__a_call_that_fails_refuses_it),
	cmocka_unit_test(test_withhold__a_stop_is_gone_on_from),
};

int main(int argc, char **argv)
{
	char *here = NULL;

	if (argc == 3 && strcmp(argv[1], "stopped") == 0) {
		assert_ok(sbk_os_real_path(".", &here, &err), &err);
		use(here);
		return run_stopped(strtoul(argv[2], NULL, 10));
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
