/*
 * uninstall by sbk_cli_main, with journals for real, on the simulation of
 * everything else (hybrid.h): the host is as before, whichever call failed,
 * whoever stopped when, and whatever others did meanwhile; what is owed keeps
 * the journal and is told.
 */
#include "tests/support/test.h"

#include <direct.h>
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
#include "tests/windows/setup_world.h"
#include "uninstall/remediate.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

#define CALLS_MAX 8000
#define CERTIFICATE "certificate.json"
#define WORLD "world"
#define STOPPED 86 /* exit codes of the child that is stopped */
#define ENDED 3
#define WORKSPACE "S:/Users/ann/ws"
#define MADE "S:/Users/ann/ws/made"

static const struct sbk_command *const *tables(void)
{
	static struct sbk_command setup[2];
	static const struct sbk_command *const list[] = {
		setup, sbk_uninstall_commands, sbk_remediate_commands, NULL};

	setup[0] = sbk_command_setup;
	return list;
}

static int uninstall(void)
{
	(void)remove(CERTIFICATE);
	/* As sandbook-setup.exe begins it. */
	sbk_elevate_reach_all();
	return setup_world_run(tables(), "uninstall", "--yes", "--certificate",
			       CERTIFICATE, NULL);
}

static void must(int code)
{
	if (code == 0)
		return;
	(void)fputs(setup_world_output(), stderr); /* cmocka's line is short */
	fail_msg("exit code %d", code);
}

static void text_of(const struct sbk_sid *sid, char out[SBK_SID_TEXT_MAX])
{
	struct sbk_sid_text text;

	(void)snprintf(out, SBK_SID_TEXT_MAX, "%s", sbk_sid_format(sid, &text));
}

static void sid_named(struct setup_world *w, const WCHAR *name,
		      char out[SBK_SID_TEXT_MAX])
{
	struct sim_account *account = sim_account_named(w->sim, name);

	assert_non_null(account);
	text_of(&account->sid, out);
}

/* ann's workspace, with one file in it. Nobody else gets at it, an
 * administrator only by privilege. */
static void sddl_of(struct setup_world *w, const char *owner,
		    const char *entries, char out[600])
{
	char ann[SBK_SID_TEXT_MAX];

	sid_named(w, L"ann", ann);
	(void)snprintf(out, 600, "O:%sG:SYD:P%s(A;;FA;;;SY)(A;;FA;;;%s)",
		       owner != NULL ? owner : ann, entries, ann);
}

static void begin(struct setup_world *w)
{
	char ann[SBK_SID_TEXT_MAX], sddl[600];

	setup_world_begin(w);
	sid_named(w, L"ann", ann);
	(void)snprintf(sddl, sizeof(sddl),
		       "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)");
	(void)sim_add(w->sim, "S:/Users", true, sddl);
	sddl_of(w, NULL, "", sddl);
	(void)sim_add(w->sim, "S:/Users/ann", true, sddl);
	(void)sim_add(w->sim, WORKSPACE, true, sddl);
	(void)sim_add(w->sim, MADE, false, sddl);
	setup_world_mark(w);
}

/* ann is enrolled, and a run was at work: its entry, its file, a process. */
static void enrol(struct setup_world *w)
{
	char off[SBK_SID_TEXT_MAX], entry[256], sddl[600];

	must(setup_world_run(tables(), "setup", "--user", "ann", "--yes",
			     NULL));
	sid_named(w, L"SandbookOffline", off);
	(void)snprintf(entry, sizeof(entry), "(A;OICI;0x1301bf;;;%s)", off);
	sddl_of(w, NULL, entry, sddl);
	sim_set(w->sim, WORKSPACE, sddl);
	sddl_of(w, off, entry, sddl);
	sim_set(w->sim, MADE, sddl);
	(void)sim_run(w->sim, off);
}

static bool is_there(const char *path)
{
	return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

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
	begin(&w);
	enrol(&w);
	must(setup_world_run(tables(), "setup", "--user", "bob", "--yes",
			     NULL));
	sid_named(&w, L"SandbookOffline", off);
	machine_key(key);
	assert_int_equal(sim_running(w.sim, off), 1);
	must(setup_world_run(tables(), "uninstall", "--dry-run", NULL));
	assert_int_equal(sim_running(w.sim, off), 1);
	must(uninstall());
	assert_int_equal(sim_running(w.sim, off), 0);
	setup_world_assert_start(&w, 0);
	assert_false(is_there("Sandbook"));
	read_certificate(key, &certificate);
	/* What no journal knew was taken out, and is told. */
	assert_string_equal(certificate.verdict, "clean but");
	assert_true(certificate.swept && certificate.swept_all);
	must(uninstall());
	setup_world_assert_printed("nothing is installed");
	assert_false(is_there(CERTIFICATE));
	setup_world_end(&w);
}

/* --- others --------------------------------------------------------------- */

/* bob has a profile, and maybe records in it. */
static void give_profile(struct setup_world *w, const char *records)
{
	char bob[SBK_SID_TEXT_MAX];
	WCHAR key[160], path[256];

	sid_named(w, L"bob", bob);
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
	begin(&w);
	give_profile(&w, "bob/AppData/Local/Sandbook");
	enrol(&w);
	assert_int_equal(uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("bob");
	setup_world_assert_printed("sandbook uninstall --user-only");
	setup_world_assert_printed("--leave");
	/* All but the record is done. */
	setup_world_assert_start(&w, 0);
	assert_true(is_there("Sandbook"));
	(void)remove(CERTIFICATE);
	must(setup_world_run(tables(), "uninstall", "--yes", "--certificate",
			     CERTIFICATE, "--leave", "BOB", NULL));
	setup_world_assert_printed("left alone by choice");
	assert_false(is_there("Sandbook"));
	assert_true(is_there("bob/AppData/Local/Sandbook"));
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
	begin(&w);
	(void)sim_add(w.sim, "S:/copy", false,
		      "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)");
	setup_world_mark(&w);
	enrol(&w);
	sid_named(&w, L"SandbookOffline", off);
	(void)snprintf(entry, sizeof(entry),
		       "O:SYG:SYD:P(D;;FW;;;%s)(A;;FA;;;SY)(A;;FA;;;BA)", off);
	sim_set(w.sim, "S:/copy", entry);
	sddl_of(&w, NULL, "", sddl);
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
	assert_int_equal(uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("its comment or its SID is another");
	setup_world_assert_printed("is in the key still");
	setup_world_assert_host(&w, "Renamed", false);
	setup_world_assert_host(&w, off, false);
	/* Mended as it says; another tool's value in our key is no reason. */
	wcscpy(w.sim->registry.values[i].name, L"CodexSandboxOffline");
	must(uninstall());
	setup_world_assert_printed("others put something into the key");
	setup_world_assert_host(&w, "CodexSandboxOffline", true);
	assert_false(is_there("Sandbook"));
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
	begin(&w);
	enrol(&w);
	sid_named(&w, L"SandbookOffline", off);
	(void)swprintf(key, 160, SIM_PROFILE_LIST L"\\%hs.bak", off);
	sim_key_make(w.sim, key);
	sim_value_text(w.sim, key, L"ProfileImagePath", L"C:\\Users");
	assert_int_equal(uninstall(), SBK_EXIT_INCOMPLETE);
	setup_world_assert_printed("could not be told");
	assert_null(sim_account_named(w.sim, L"SandbookOffline"));
	sim_key_remove(w.sim, key);
	must(uninstall());
	assert_false(is_there("Sandbook"));
	setup_world_assert_start(&w, 0);
	setup_world_end(&w);
}

/* --- every call ----------------------------------------------------------- */

static unsigned long step(unsigned long everyday)
{
	return getenv("SBK_CAMPAIGN") != NULL ? 1 : everyday;
}

/* Whether call n was met. The next uninstall comes to the end. */
static bool one_denied(unsigned long n)
{
	struct setup_world w;
	bool met;
	int code;

	begin(&w);
	enrol(&w);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	code = uninstall();
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (code == 0)
		setup_world_assert_start(&w, n);
	else if (!met)
		fail_msg("at %lu: %s", n, setup_world_output());
	code = uninstall();
	if (code != 0 || is_there("Sandbook"))
		fail_msg("at %lu, again: %s", n, setup_world_output());
	setup_world_assert_start(&w, n);
	setup_world_end(&w);
	return met;
}

static void test_uninstall_cmd__a_call_that_fails_is_made_again(void **state)
{
	unsigned long n = 1;

	(void)state;
	while (one_denied(n))
		n += step(331);
	print_message("%lu calls\n", n);
	assert_true(n > 400 && n < CALLS_MAX);
}

/* The process that ends before call n; what is on the machine is kept. */
static int run_stopped(unsigned long n)
{
	struct setup_world w;

	begin(&w);
	enrol(&w);
	if (setjmp(w.sim->end) == 0) {
		fault_plan = (struct fault_plan){.mode = FAULT_STOP, .at = n};
		(void)uninstall();
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
	assert_int_equal(code, STOPPED);
	begin(&w);
	hybrid_load(w.sim, WORLD);
	(void)remove(WORLD);
	code = uninstall();
	if (code != 0 || is_there("Sandbook"))
		fail_msg("at %lu, again: %d %s", n, code, setup_world_output());
	setup_world_assert_start(&w, n);
	setup_world_end(&w);
	return true;
}

static void test_uninstall_cmd__a_stop_is_gone_on_from(void **state)
{
	unsigned long n = 1;

	(void)state;
	while (one_stopped(n))
		n += step(499);
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

	text_of(&account->sid, codex);
	sim_give_right(w->sim, codex, L"SeDenyBatchLogonRight");
	(void)snprintf(sddl, sizeof(sddl),
		       "O:SYG:SYD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;%s)",
		       codex);
	(void)sim_add(w->sim, "S:/codex", false, sddl);
	setup_world_program = "sandbook";
	sbk_elevate_reach_all();
	(void)setup_world_run(tables(), "remediate", "--principal",
			      "tool:codex", "--yes", NULL);
}

/* Removing Sandbook brings no other tool's residue back. */
static void test_uninstall_cmd__what_was_remediated_stays(void **state)
{
	char codex[SBK_SID_TEXT_MAX];
	struct setup_world w;

	(void)state;
	begin(&w);
	remediate(&w, codex);
	/* Control: they are out, and the journal has them. */
	setup_world_assert_host(&w, "1 rights", false);
	assert_true(is_there("local/Sandbook"));
	setup_world_mark(&w);
	must(setup_world_run(tables(), "uninstall", "--user-only", "--yes",
			     NULL));
	setup_world_assert_printed("stay as 'remediate' left them");
	assert_false(is_there("local/Sandbook"));
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
	begin(&w);
	remediate(&w, codex);
	setup_world_assert_host(&w, "1 rights", false);
	must(setup_world_run(
		(const struct sbk_command *const[]){sbk_journal_commands, NULL},
		"undo", "--transaction", "1", "--yes", NULL));
	setup_world_assert_host(&w, "1 rights", true);
	must(setup_world_run(tables(), "uninstall", "--user-only", "--yes",
			     NULL));
	assert_false(is_there("local/Sandbook"));
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
	begin(&w);
	enrol(&w);
	remediate(&w, codex);
	kept = sbk_win32;
	table = *sbk_win32;
	elevation.ShellExecuteExW = answer_no;
	table.elevation = &elevation;
	sbk_win32 = &table;
	w.sim->elevated = false;
	(void)remove(CERTIFICATE);
	assert_int_equal(setup_world_run(tables(), "uninstall", "--yes",
					 "--certificate", CERTIFICATE,
					 "--leave", "bob", NULL),
			 SBK_EXIT_DENIED);
	setup_world_assert_printed("answered with no");
	setup_world_assert_printed("your journal is removed");
	assert_false(is_there("local/Sandbook"));
	assert_true(is_there("Sandbook"));
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
	must(setup_world_run(tables(), "uninstall", "--yes", "--user-only",
			     NULL));
	assert_true(parameters[0] == L'\0');
	setup_world_assert_printed("'sandbook uninstall' takes them away");
	w.sim->elevated = true;
	sbk_win32 = kept;
	setup_world_program = SBK_SETUP_PROGRAM;
	must(uninstall());
	setup_world_mark(&w);
	setup_world_end(&w);
}

/* Whatever a test before left: one process has one machine's directory. */
static int clear(void **state)
{
	static const char *const places[] = {"Sandbook", "local/Sandbook"};
	char path[600];
	size_t i;

	(void)state;
	setup_world_program = SBK_SETUP_PROGRAM;
	for (i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", setup_world_path(),
			       places[i]);
		if (is_there(path))
			sbk_test_remove(_strdup(path));
	}
	(void)remove(CERTIFICATE);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(test_uninstall_cmd__##name, clear)

static const struct CMUnitTest tests[] = {
	TEST(gives_the_machine_back),
	TEST(people_go_first),
	TEST(others_came_between),
	TEST(an_odd_profile_keeps_nothing_else),
	TEST(what_was_remediated_stays),
	TEST(undo_brings_it_back),
	TEST(asks_for_an_administrator),
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
