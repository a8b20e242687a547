/*
 * uninstall by sbk_cli_main, with journals for real, on the simulation of
 * everything else (hybrid.h): the host is as before, whichever call failed,
 * whoever stopped when, and whatever others did meanwhile; what is owed keeps
 * the journal and is told.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <errno.h>
#include <process.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/os.h"
#include "engine/plan_setup.h"
#include "engine/windows/elevate.h"
#include "engine/windows/win32_elevation.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/windows/leave_world.h"

#include "engine/banned.h"

#define CALLS_MAX 8000
#define WORLD "world"
#define STOPPED 86 /* exit codes of the child that is stopped */
#define ENDED 3

static void read_certificate(const char *key, struct sbk_certificate *out)
{
	static char text[1 << 20];
	struct sbk_error err = SBK_ERROR_INIT;
	FILE *file = fopen(CERTIFICATE, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	assert_int_equal(fclose(file), 0);
	assert_ok(sbk_certificate_read(text, size, key, NULL, out, &err), &err);
}

static void machine_key(char key[SBK_KEY_TEXT_MAX])
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal_place place;
	struct sbk_journal *journal;

	assert_ok(sbk_journal_place_machine(&place, &err), &err);
	assert_ok(sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, &err),
		  &err);
	assert_ok(sbk_journal_signing_key(journal, key, &err), &err);
	sbk_journal_close(journal);
}

static void test_uninstall_cmd__gives_the_machine_back(void **state)
{
	char off[SBK_SID_TEXT_MAX], key[SBK_KEY_TEXT_MAX];
	struct sbk_certificate certificate;
	struct setup_world w;

	(void)state;
	leave_begin(&w);
	leave_enrol(&w);
	leave_must(setup_world_run(leave_tables(), "setup", "--user", "bob",
				   "--yes", NULL));
	leave_sid_named(&w, L"SandbookOffline", off);
	machine_key(key);
	assert_int_equal(sim_running(w.sim, off), 1);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--dry-run",
				   NULL));
	assert_int_equal(sim_running(w.sim, off), 1);
	leave_must(leave_uninstall());
	assert_int_equal(sim_running(w.sim, off), 0);
	setup_world_assert_start(&w, 0);
	assert_false(leave_is_there("Sandbook"));
	read_certificate(key, &certificate);
	/* What no journal knew was taken out, and is told. */
	assert_string_equal(certificate.verdict, "clean but");
	assert_true(certificate.swept && certificate.swept_all);
	leave_must(leave_uninstall());
	setup_world_assert_printed("nothing is installed");
	assert_false(leave_is_there(CERTIFICATE));
	setup_world_end(&w);
}

/* --- others --------------------------------------------------------------- */

/* bob has a profile, and maybe records in it. */
static void give_profile(struct setup_world *w, const char *records)
{
	char bob[SBK_SID_TEXT_MAX];
	WCHAR key[160], path[256];

	leave_sid_named(w, L"bob", bob);
	(void)swprintf(key, 160, SIM_PROFILE_LIST L"\\%hs", bob);
	(void)swprintf(path, 256, L"%hs/bob", setup_world_path());
	sim_key_make(w->sim, key);
	sim_value_text(w->sim, key, L"ProfileImagePath", path);
	(void)_mkdir("bob");
	(void)_mkdir("bob/AppData");
	(void)_mkdir("bob/AppData/Local");
	if (records != NULL)
		(void)_mkdir(records);
	setup_world_mark(w);
}

/* Whoever has records is asked, and may be left. */
static void test_uninstall_cmd__people_go_first(void **state)
{
	struct setup_world w;

	(void)state;
	leave_begin(&w);
	give_profile(&w, "bob/AppData/Local/Sandbook");
	leave_enrol(&w);
	assert_int_equal(leave_uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("bob");
	setup_world_assert_printed("all else is done; 'sandbook uninstall' by "
				   "'bob' finishes it");
	setup_world_assert_printed("--leave");
	/* All but the record is done. */
	setup_world_assert_start(&w, 0);
	assert_true(leave_is_there("Sandbook"));
	(void)remove(CERTIFICATE);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--yes",
				   "--certificate", CERTIFICATE, "--leave",
				   "BOB", NULL));
	setup_world_assert_printed("left alone by choice");
	assert_false(leave_is_there("Sandbook"));
	assert_true(leave_is_there("bob/AppData/Local/Sandbook"));
	setup_world_assert_start(&w, 0);
	(void)_rmdir("bob/AppData/Local/Sandbook");
	setup_world_end(&w);
}

static void forget_key(struct setup_world *w, const WCHAR *name)
{
	WCHAR *path;
	size_t i, size = wcslen(name);

	for (i = 0; i < SIM_KEYS_MAX; i++) {
		path = w->sim->registry.keys[i].path;
		if (wcslen(path) > size &&
		    wcscmp(path + wcslen(path) - size, name) == 0)
			w->sim->registry.keys[i].is_there = false;
	}
}

/* What others did meanwhile is theirs, and nothing of ours outlives it. */
static void test_uninstall_cmd__others_came_between(void **state)
{
	char off[SBK_SID_TEXT_MAX], entry[256], sddl[600];
	struct sim_account *account;
	struct setup_world w;
	size_t i;

	(void)state;
	leave_begin(&w);
	(void)sim_add(w.sim, "S:/copy", false,
		      "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)");
	setup_world_mark(&w);
	leave_enrol(&w);
	leave_sid_named(&w, L"SandbookOffline", off);
	(void)snprintf(entry, sizeof(entry),
		       "O:SYG:SYD:P(D;;FW;;;%s)(A;;FA;;;SY)(A;;FA;;;BA)", off);
	sim_set(w.sim, "S:/copy", entry);
	leave_sddl(&w, NULL, "", sddl);
	sim_set(w.sim, WORKSPACE, sddl);
	/* One renamed, one made anew by others under its old name. */
	wcscpy(sim_account_named(w.sim, L"SandbookOffline")->name, L"Renamed");
	sim_account_named(w.sim, L"SandbookOnline")->is_there = false;
	account = sim_make_account(w.sim, L"SandbookOnline", false);
	wcscpy(account->comment, L"somebody's");
	/* A filter is gone, a value is another. */
	w.sim->filters.now.count--;
	for (i = 0; !w.sim->registry.values[i].is_there; i++)
		;
	w.sim->registry.values[i].data[0] = 1;
	assert_int_equal(leave_uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("its comment or its SID is another");
	setup_world_assert_printed("is in the key still");
	setup_world_assert_host(&w, "Renamed", false);
	setup_world_assert_host(&w, off, false);
	/* Mended as it says; another tool's value in our key is no reason. */
	wcscpy(w.sim->registry.values[i].name, L"CodexSandboxOffline");
	leave_must(leave_uninstall());
	setup_world_assert_printed("others put something into the key");
	setup_world_assert_host(&w, "CodexSandboxOffline", true);
	assert_false(leave_is_there("Sandbook"));
	/* What others made is there, and nothing else. */
	assert_true(account->is_there);
	account->is_there = false;
	w.sim->registry.values[i].is_there = false;
	forget_key(&w, L"UserList");
	forget_key(&w, L"SpecialAccounts");
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
}

/* A profile that makes no sense is owed, and all else goes. */
static void test_uninstall_cmd__an_odd_profile_keeps_nothing_else(void **state)
{
	char off[SBK_SID_TEXT_MAX];
	struct setup_world w;
	WCHAR key[160];

	(void)state;
	leave_begin(&w);
	leave_enrol(&w);
	leave_sid_named(&w, L"SandbookOffline", off);
	(void)swprintf(key, 160, SIM_PROFILE_LIST L"\\%hs.bak", off);
	sim_key_make(w.sim, key);
	sim_value_text(w.sim, key, L"ProfileImagePath", L"C:\\Users");
	assert_int_equal(leave_uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("has set 'C:/Users' aside");
	assert_null(sim_account_named(w.sim, L"SandbookOffline"));
	sim_key_remove(w.sim, key);
	leave_must(leave_uninstall());
	assert_false(leave_is_there("Sandbook"));
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
}

/* --- every call ----------------------------------------------------------- */

/* Whether call n was met. The next uninstall comes to the end. */
static bool one_denied(unsigned long n)
{
	struct setup_world w;
	bool met;
	int code;

	leave_begin(&w);
	leave_enrol(&w);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	code = leave_uninstall();
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (code == 0)
		setup_world_assert_start(&w, n);
	else if (!met)
		fail_msg("at %lu: %s", n, setup_world_output());
	code = leave_uninstall();
	if (code != 0 || leave_is_there("Sandbook"))
		fail_msg("at %lu, again: %s", n, setup_world_output());
	setup_world_assert_start(&w, n);
	setup_world_end(&w);
	return met;
}

static void test_uninstall_cmd__a_call_that_fails_is_made_again(void **state)
{
	unsigned long n = sbk_test_first(1);

	(void)state;
	while (one_denied(n))
		n += sbk_test_step(331);
	print_message("%lu calls\n", n);
	assert_true(n > 400 && n < CALLS_MAX);
}

/* The process that ends before call n; what is on the machine is kept. */
static int run_stopped(unsigned long n)
{
	struct setup_world w;

	leave_begin(&w);
	leave_enrol(&w);
	if (setjmp(w.sim->end) == 0) {
		fault_plan = (struct fault_plan){.mode = FAULT_STOP, .at = n};
		(void)leave_uninstall();
		return ENDED;
	}
	hybrid_save(w.sim, WORLD);
	(void)TerminateProcess(GetCurrentProcess(), STOPPED);
	return 0;
}

static bool one_stopped(unsigned long n)
{
	char number[24], program[MAX_PATH];
	struct setup_world w;
	int code;

	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	(void)snprintf(number, sizeof(number), "%lu", n);
	(void)fflush(NULL);
	code = (int)_spawnl(_P_WAIT, program, "test", "stopped", number, NULL);
	if (code == ENDED)
		return false;
	if (code != STOPPED)
		fail_msg("at %lu: the child ended with %d (errno %d)", n, code,
			 errno);
	leave_begin(&w);
	hybrid_load(w.sim, WORLD);
	(void)remove(WORLD);
	code = leave_uninstall();
	if (code != 0 || leave_is_there("Sandbook"))
		fail_msg("at %lu, again: %d %s", n, code, setup_world_output());
	setup_world_assert_start(&w, n);
	setup_world_end(&w);
	return true;
}

static void test_uninstall_cmd__a_stop_is_gone_on_from(void **state)
{
	unsigned long n = sbk_test_first(1);

	(void)state;
	while (one_stopped(n))
		n += sbk_test_step(499);
	assert_true(n > 400 && n < CALLS_MAX);
}

/* --- the caller's own ------------------------------------------------------
 */

/* Where uninstall of the caller's own begins: with a journal that has what
 * remediate took away of another tool. */
static void remediate(struct setup_world *w, char codex[SBK_SID_TEXT_MAX])
{
	struct sim_account *account =
		sim_make_account(w->sim, L"CodexSandboxOffline", false);
	char sddl[256];

	leave_sid_text(&account->sid, codex);
	sim_give_right(w->sim, codex, L"SeDenyBatchLogonRight");
	(void)snprintf(sddl, sizeof(sddl),
		       "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;%s)",
		       codex);
	(void)sim_add(w->sim, "S:/codex", false, sddl);
	setup_world_program = "sandbook";
	(void)setup_world_run(leave_tables(), "remediate", "--principal",
			      "tool:codex", "--yes", NULL);
}

/* Removing Sandbook brings no other tool's residue back. */
static void test_uninstall_cmd__what_was_remediated_stays(void **state)
{
	char codex[SBK_SID_TEXT_MAX];
	struct setup_world w;

	(void)state;
	leave_begin(&w);
	remediate(&w, codex);
	/* Control: they are out, and the journal has them. */
	setup_world_assert_host(&w, "1 rights", false);
	assert_true(leave_is_there("local/Sandbook"));
	setup_world_mark(&w);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--user-only",
				   "--yes", NULL));
	setup_world_assert_printed("stay as 'remediate' left them");
	assert_false(leave_is_there("local/Sandbook"));
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
	setup_world_program = SBK_SETUP_PROGRAM;
}

/* And undo, before, does. */
static void test_uninstall_cmd__undo_brings_it_back(void **state)
{
	char codex[SBK_SID_TEXT_MAX];
	struct setup_world w;

	(void)state;
	leave_begin(&w);
	remediate(&w, codex);
	setup_world_assert_host(&w, "1 rights", false);
	leave_must(setup_world_run(
		(const struct sbk_command *const[]){sbk_journal_commands, NULL},
		"undo", "--transaction", "1", "--yes", NULL));
	setup_world_assert_host(&w, "1 rights", true);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--user-only",
				   "--yes", NULL));
	assert_false(leave_is_there("local/Sandbook"));
	setup_world_mark(&w);
	setup_world_end(&w);
	setup_world_program = SBK_SETUP_PROGRAM;
}

static WCHAR parameters[1024], started[512];

static BOOL WINAPI answer_no(SHELLEXECUTEINFOW *info)
{
	wcsncpy(parameters, info->lpParameters, 1023);
	wcsncpy(started, info->lpFile, 511);
	SetLastError(ERROR_CANCELLED);
	return FALSE;
}

/* Not elevated: the caller's own first, then the question for consent. */
static void test_uninstall_cmd__asks_for_an_administrator(void **state)
{
	struct sbk_win32_elevation elevation = sbk_win32_elevation_system;
	const struct sbk_win32 *kept;
	struct sbk_win32 table;
	char codex[SBK_SID_TEXT_MAX], expected[600];
	WCHAR wide[600];
	struct setup_world w;
	size_t i;

	(void)state;
	leave_begin(&w);
	leave_enrol(&w);
	remediate(&w, codex);
	kept = sbk_win32;
	table = *sbk_win32;
	elevation.ShellExecuteExW = answer_no;
	table.elevation = &elevation;
	sbk_win32 = &table;
	w.sim->elevated = false;
	(void)remove(CERTIFICATE);
	assert_int_equal(setup_world_run(leave_tables(), "uninstall", "--yes",
					 "--certificate", CERTIFICATE,
					 "--leave", "bob", NULL),
			 SBK_EXIT_DENIED);
	setup_world_assert_printed("answered with no");
	setup_world_assert_printed("your journal is removed");
	assert_false(leave_is_there("local/Sandbook"));
	assert_true(leave_is_there("Sandbook"));
	(void)snprintf(expected, sizeof(expected),
		       "uninstall --yes --certificate %s/" CERTIFICATE
		       " --leave bob",
		       setup_world_path());
	for (i = 0; i == 0 || expected[i - 1] != '\0'; i++)
		wide[i] = (WCHAR)(unsigned char)expected[i];
	if (wcscmp(parameters, wide) != 0)
		fail_msg("'%ls', not '%ls'", parameters, wide);
	assert_non_null(wcsstr(started, L"\\sandbook-setup.exe"));
	/* Its own alone is not asked about the rest. */
	parameters[0] = L'\0';
	leave_must(setup_world_run(leave_tables(), "uninstall", "--yes",
				   "--user-only", NULL));
	assert_true(parameters[0] == L'\0');
	setup_world_assert_printed("'sandbook uninstall' takes them away");
	w.sim->elevated = true;
	sbk_win32 = kept;
	setup_world_program = SBK_SETUP_PROGRAM;
	leave_must(leave_uninstall());
	setup_world_mark(&w);
	setup_world_end(&w);
}

/* --- owed to an administrator ---------------------------------------------
 */

#define HOME "home/AppData/Local"
#define OWN "S:/Users/caller"
#define GRANTED OWN "/granted"
#define ROOT_SID "S-1-0x0053424B0001-1-2-3-4-17"
#define GRANTED_BEFORE "O:" SIM_USER "G:SYD:P(A;;FA;;;SY)(A;;FA;;;" SIM_USER ")"
#define GRANTED_AFTER GRANTED_BEFORE "(A;;FR;;;" ROOT_SID ")"

/* The caller keeps records, and the list of profiles knows where. */
static void keep_records(struct setup_world *w)
{
	char ann[SBK_SID_TEXT_MAX], path[600];
	WCHAR key[160], wide[600];

	(void)_mkdir("home");
	(void)_mkdir("home/AppData");
	(void)_mkdir(HOME);
	(void)snprintf(path, sizeof(path), "%s/" HOME, setup_world_path());
	hybrid_use_person(path);
	leave_sid_named(w, L"ann", ann);
	(void)swprintf(key, 160, SIM_PROFILE_LIST L"\\%hs", ann);
	(void)swprintf(wide, 600, L"%hs/home", setup_world_path());
	sim_key_make(w->sim, key);
	sim_value_text(w->sim, key, L"ProfileImagePath", wide);
}

static void descriptor_state(struct setup_world *w, struct sbk_buf *out)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = GRANTED};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;

	(void)w;
	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_backend_observe(&backend, &object, &seen, &err), &err);
	sbk_buf_add(out, seen.state.data, seen.state.size);
	sbk_observation_release(&seen);
	sbk_backend_close(&backend);
}

/* A grant of the caller's, by the caller's own journal. */
static void grant(struct setup_world *w)
{
	const struct sbk_transaction_request request = {.book = SBK_BOOK_USER,
							.title = "grant"};
	struct sbk_transaction_report report;
	struct sbk_buf before = SBK_BUF_INIT, after = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS, .name = GRANTED},
		.ours = "ace 0x00 0x00 0x00120089 " ROOT_SID};
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;
	struct sbk_ledger ledger;

	(void)sim_add(w->sim, GRANTED, false, GRANTED_AFTER);
	descriptor_state(w, &after);
	sim_set(w->sim, GRANTED, GRANTED_BEFORE);
	descriptor_state(w, &before);
	change.before = (struct sbk_state){before.data, before.size};
	change.after = (struct sbk_state){after.data, after.size};
	assert_ok(sbk_plan_add(plan, &change, &err), &err);
	assert_ok(sbk_os_backend(&backend, &err), &err);
	sbk_journal_ledger(&ledger);
	assert_ok(ledger.ops->transact(ledger.self, &backend, &request, plan,
				       &report, &err),
		  &err);
	sbk_backend_close(&backend);
	sbk_plan_free(plan);
	sbk_buf_release(&before);
	sbk_buf_release(&after);
}

static unsigned elevated_runs;

/* Which ends all: why it did not. */
static void print_elevated(void)
{
	char text[4096];
	FILE *file = fopen("elevated", "rb");
	size_t size = file != NULL ? fread(text, 1, sizeof(text), file) : 0;

	(void)fwrite(text, 1, size, stderr);
	if (file != NULL)
		(void)fclose(file);
}

/* Consent is given: what sandbook-setup does is done here, and a program that
 * ends as it did is what is waited for. */
static BOOL WINAPI answer_yes(SHELLEXECUTEINFOW *info)
{
	static char words[5][20] = {"sandbook-setup", "uninstall", "--yes",
				    "--certificate", CERTIFICATE};
	char *argv[] = {words[0], words[1], words[2], words[3], words[4], NULL};
	WCHAR line[] = L"cmd /c exit 000";
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION process;
	struct sbk_cli cli = {.program = "sandbook-setup", .version = "test"};
	struct sim *sim = sim_now();
	int code;

	elevated_runs++;
	(void)remove(CERTIFICATE);
	sim->elevated = true;
	sim->group_count++;
	cli.out = cli.err = fopen("elevated", "wb");
	sbk_journal_ledger(&cli.ledger);
	code = sbk_cli_main(&cli, leave_tables(), 5, argv);
	(void)fclose(cli.out);
	if (elevated_runs == 2 && code != 0)
		print_elevated();
	sim->group_count--;
	sim->elevated = false;
	(void)swprintf(line, 16, L"cmd /c exit %d", code);
	if (!CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL,
			    &startup, &process))
		abort();
	(void)CloseHandle(process.hThread);
	info->hProcess = process.hProcess;
	return TRUE;
}

/* What an account made of the caller's files only an administrator can mend:
 * one call does all but the machine's record, and names the one that ends it.
 */
static void test_uninstall_cmd__goes_on_after_an_administrator(void **state)
{
	struct sbk_win32_elevation elevation = sbk_win32_elevation_system;
	const struct sbk_win32 *kept;
	struct sbk_win32 table;
	char off[SBK_SID_TEXT_MAX], sddl[600];
	struct setup_world w;
	struct sim *sim;
	int code;

	(void)state;
	leave_begin(&w);
	sim = w.sim;
	keep_records(&w);
	leave_enrol(&w);
	sim_set(sim, "S:/Users",
		"O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FRFX;;;WD)");
	(void)sim_add(sim, OWN, true, GRANTED_BEFORE);
	sim->elevated = false;
	sim->group_count--;
	setup_world_program = "sandbook";
	grant(&w);
	/* The account shuts its person out. */
	leave_sid_named(&w, L"SandbookOffline", off);
	(void)snprintf(sddl, sizeof(sddl),
		       "O:%sG:SYD:P(A;;FA;;;SY)(A;;FA;;;%s)(A;;FR;;;" ROOT_SID
		       ")",
		       off, off);
	sim_set(sim, GRANTED, sddl);
	kept = sbk_win32;
	table = *sbk_win32;
	elevation.ShellExecuteExW = answer_yes;
	table.elevation = &elevation;
	sbk_win32 = &table;
	elevated_runs = 0;
	code = setup_world_run(leave_tables(), "uninstall", "--yes",
			       "--certificate", CERTIFICATE, NULL);
	if (code != SBK_EXIT_INCOMPLETE)
		fail_msg("%d: %s", code, setup_world_output());
	assert_int_equal(elevated_runs, 1);
	setup_world_assert_printed("1 owed");
	setup_world_assert_printed("your own part once more: 1 change");
	setup_world_assert_printed("your journal is removed");
	setup_world_assert_printed("'sandbook uninstall', once more, finishes");
	assert_false(leave_is_there(HOME "/Sandbook"));
	assert_true(leave_is_there("Sandbook"));
	assert_null(sim_account_named(sim, L"SandbookOffline"));
	(void)remove(CERTIFICATE);
	leave_must(setup_world_run(leave_tables(), "uninstall", "--yes",
				   "--certificate", CERTIFICATE, NULL));
	assert_int_equal(elevated_runs, 2);
	assert_false(leave_is_there("Sandbook"));
	setup_world_assert_host(&w, ROOT_SID, false);
	setup_world_assert_host(&w, off, false);
	sim->elevated = true;
	sim->group_count++;
	sbk_win32 = kept;
	setup_world_program = SBK_SETUP_PROGRAM;
	setup_world_mark(&w);
	setup_world_end(&w);
}

#define TEST(name) \
	cmocka_unit_test_setup(test_uninstall_cmd__##name, leave_clear)

static const struct CMUnitTest tests[] = {
	TEST(gives_the_machine_back),
	TEST(people_go_first),
	TEST(others_came_between),
	TEST(an_odd_profile_keeps_nothing_else),
	TEST(what_was_remediated_stays),
	TEST(undo_brings_it_back),
	TEST(asks_for_an_administrator),
	TEST(goes_on_after_an_administrator),
	TEST(a_call_that_fails_is_made_again),
	TEST(a_stop_is_gone_on_from),
};

int main(int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *here = NULL;

	if (argc == 3 && strcmp(argv[1], "stopped") == 0) {
		assert_ok(sbk_os_real_path(".", &here, &err), &err);
		setup_world_use(here);
		return run_stopped(strtoul(argv[2], NULL, 10));
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, setup_world_directory,
				      setup_world_remove);
}
