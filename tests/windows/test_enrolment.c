/*
 * Enrolment with both its processes, as two threads: the person's `setup`, and
 * the elevated one that it starts, over the system's own pipe, with DPAPI and
 * both journals for real, on the simulation of the account database (hybrid.h).
 * However it ends, a password is kept where its account is enabled, and nowhere
 * else.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan_setup.h"
#include "engine/run.h"
#include "engine/windows/delivery.h"
#include "engine/windows/front.h"
#include "engine/windows/handover_rules.h"
#include "engine/windows/secret.h"
#include "engine/windows/setup_refusal.h"
#include "engine/windows/network_try.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_elevation.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_pipe.h"
#include "engine/windows/win32_process.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/windows/hybrid.h"

#include "engine/banned.h"

#define OUTPUT_MAX 32768
#define WORDS_MAX 12
#define CALLS_MAX 3000
#define LONG_MS 60000 /* nobody waits so long for a working machine */
#define SLICE_MS 20

static char machine[512], person[512];
static char *made; /* to be removed */
static char said[OUTPUT_MAX], setup_said[OUTPUT_MAX];

static struct sbk_win32_elevation elevation;
static struct sbk_win32_process process;
static struct sbk_win32_logon logon;
static struct sbk_win32_pipe pipes;
/* Of a write to the pipe: the n-th one fails, or is said to be done. */
static unsigned long writes, lost;
static bool lost_in_silence;
static DWORD(WINAPI *wait_really)(HANDLE handle, DWORD time);

/* The trial of the network is another test's (test_setup_network.c). */
int __wrap_sbk_nt_setup_probe_accounts(
	void *arg, const struct sbk_nt_setup *setup,
	const char *const sids[SBK_NT_ROLE_COUNT], struct sbk_error *err);

int __wrap_sbk_nt_setup_probe_accounts(
	void *arg, const struct sbk_nt_setup *setup,
	const char *const sids[SBK_NT_ROLE_COUNT], struct sbk_error *err)
{
	(void)arg;
	(void)setup;
	(void)sids;
	(void)err;
	return 0;
}

/* Nor is that of accounts that stood (test_trial_run.c): what it says here. */
static int try_result;
static unsigned tries;

int __wrap_sbk_network_try(const struct sbk_principal *account,
			   struct sbk_error *err);

int __wrap_sbk_network_try(const struct sbk_principal *account,
			   struct sbk_error *err)
{
	tries++;
	return try_result < 0 ? sbk_error_set(err, try_result, "%s leaks",
					      account->name)
			      : 0;
}

/* --- setup's process ------------------------------------------------------ */

static char words[WORDS_MAX][64];
static DWORD setup_code;

static void run(const char *program, int argc, char **argv, int *code,
		const char *output, char *text)
{
	const struct sbk_command commands[] = {
		sbk_command_setup, sbk_command_status, {.name = NULL}};
	const struct sbk_command *const tables[] = {commands, NULL};
	struct sbk_cli cli = {.program = program, .version = "test"};
	FILE *file = fopen(output, "w+b");
	size_t used;

	if (file == NULL)
		abort(); /* an assertion in a thread ends nothing */
	cli.out = cli.err = file;
	sbk_journal_ledger(&cli.ledger);
	*code = sbk_cli_main(&cli, tables, argc, argv);
	rewind(file);
	used = fread(text, 1, OUTPUT_MAX - 1, file);
	text[used] = '\0';
	(void)fclose(file);
}

static DWORD WINAPI be_setup(void *arg)
{
	static char program[] = "sandbook-setup";
	char *argv[WORDS_MAX + 2] = {program};
	int argc = 1, code = 0;

	(void)arg;
	while (argc <= WORDS_MAX && words[argc - 1][0] != '\0') {
		argv[argc] = words[argc - 1];
		argc++;
	}
	run("sandbook-setup", argc, argv, &code, "setup-output", setup_said);
	setup_code = (DWORD)code;
	return 0;
}

/* Its words have no space and no quote in this test. */
static BOOL WINAPI start_setup(SHELLEXECUTEINFOW *info)
{
	struct sbk_buf text = SBK_BUF_INIT;
	char *word, *rest = NULL;
	size_t count = 0;

	memset(words, 0, sizeof(words));
	sbk_narrow_add(&text, info->lpParameters, wcslen(info->lpParameters));
	for (word = strtok_s(text.data, " ", &rest);
	     word != NULL && count < WORDS_MAX;
	     word = strtok_s(NULL, " ", &rest))
		(void)snprintf(words[count++], sizeof(words[0]), "%s", word);
	sbk_buf_release(&text);
	setup_code = 99;
	info->hProcess = CreateThread(NULL, 0, be_setup, NULL, 0, NULL);
	return info->hProcess != NULL;
}

static DWORD WINAPI own_id(HANDLE handle)
{
	(void)handle;
	return GetCurrentProcessId();
}

static BOOL WINAPI setup_ended(HANDLE handle, LPDWORD code)
{
	(void)handle;
	*code = setup_code;
	return TRUE;
}

/* A message that is lost: its writer finds out, or never does. */
static BOOL WINAPI write_pipe(HANDLE pipe, LPCVOID data, DWORD size,
			      LPDWORD done, LPOVERLAPPED where)
{
	if (++writes != lost)
		return sbk_win32_pipe_system.WriteFile(pipe, data, size, done,
						       where);
	if (lost_in_silence) {
		where->Internal = 0;
		where->InternalHigh = size;
		return TRUE;
	}
	SetLastError(ERROR_NO_DATA);
	return FALSE;
}

/* Nobody waits long for what was lost. */
static DWORD WINAPI wait(HANDLE handle, DWORD time)
{
	DWORD result, waited;

	if (lost == 0 || time < LONG_MS || time == INFINITE)
		return wait_really(handle, time);
	for (waited = 0; waited < time; waited += SLICE_MS) {
		result = wait_really(handle, SLICE_MS);
		if (result != WAIT_TIMEOUT || (writes >= lost && waited > 100))
			return result;
	}
	return WAIT_TIMEOUT;
}

/* --- the world ------------------------------------------------------------ */

static struct sim *begin(void)
{
	struct sim *sim = hybrid_begin(machine);
	struct sim_account *me = sim_make_account(sim, L"ann", false);
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_win32 *table;
	struct sbk_person caller;

	(void)sim_make_account(sim, L"bob", false);
	hybrid_use_person(person);
	table = hybrid_table();
	elevation = sbk_win32_elevation_system;
	elevation.ShellExecuteExW = start_setup;
	process = *table->process;
	process.GetExitCodeProcess = setup_ended;
	wait_really = process.WaitForSingleObject;
	process.WaitForSingleObject = wait;
	logon = sbk_win32_logon_system;
	logon.GetProcessId = own_id;
	pipes = sbk_win32_pipe_system;
	pipes.WriteFile = write_pipe;
	table->elevation = &elevation;
	table->process = &process;
	table->logon = &logon;
	table->pipe = &pipes;
	writes = lost = tries = 0;
	try_result = 0;
	lost_in_silence = false;
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_sid_parse(caller.id.text, strlen(caller.id.text),
				&me->sid, &err),
		  &err);
	return sim;
}

/* What a person types; the exit code. */
static int setup(enum sbk_setup_way way, const char *first, const char *second)
{
	char *argv[] = {(char *)(uintptr_t) "sandbook-setup",
			(char *)(uintptr_t) "setup",
			(char *)(uintptr_t) "--yes",
			(char *)(uintptr_t)first,
			(char *)(uintptr_t)second,
			NULL};
	struct sbk_cli cli = {.program = "sandbook", .version = "test"};
	struct sbk_error err = SBK_ERROR_INIT;
	FILE *file = fopen("output", "w+b");
	DWORD code = 0;
	size_t used;

	assert_non_null(file);
	cli.out = cli.err = file;
	sbk_journal_ledger(&cli.ledger);
	if (sbk_setup_attend(&cli, way, argv, &code, &err) < 0)
		code = (DWORD)sbk_cli_fail(&cli, &err);
	rewind(file);
	used = fread(said, 1, sizeof(said) - 1, file);
	said[used] = '\0';
	(void)fclose(file);
	return (int)code;
}

/* A failure's message has little room. */
static const char *tail_of(const char *text)
{
	const size_t size = strlen(text);

	return size > 400 ? text + size - 400 : text;
}

static int enrol(void)
{
	return setup(SBK_SETUP_ENROLS, NULL, NULL);
}

/* An administrator's own call. */
static int administer(const char *first, const char *second)
{
	char *argv[] = {(char *)(uintptr_t) "sandbook-setup",
			(char *)(uintptr_t) "setup",
			(char *)(uintptr_t) "--yes",
			(char *)(uintptr_t)first,
			(char *)(uintptr_t)second,
			NULL};
	int code = 0, argc = second != NULL ? 5 : 4;

	run("sandbook-setup", argc, argv, &code, "setup-output", setup_said);
	return code;
}

/* Whether a password is kept, and is the account's. */
static bool is_kept(struct sim *sim, const char *name, const WCHAR *wide)
{
	const struct sim_account *account = sim_account_named(sim, wide);
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_store *store = NULL;
	struct sbk_buf password = SBK_BUF_INIT;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, &err);

	if (rc == 0)
		rc = sbk_secret_open(store, name, &secret, &err);
	sbk_store_close(store);
	if (rc == SBK_E_NOTFOUND)
		return false;
	assert_ok(rc, &err);
	assert_non_null(account);
	sbk_narrow_add(&password, account->password, wcslen(account->password));
	assert_string_equal(secret.password, sbk_buf_text(&password));
	assert_true(sbk_sid_equal(&secret.label.sid, &account->sid));
	sbk_buf_release(&password);
	sbk_secret_release(&secret);
	return true;
}

static bool is_enabled(struct sim *sim, const WCHAR *name)
{
	const struct sim_account *account = sim_account_named(sim, name);

	return account != NULL &&
	       (account->flags & SBK_NT_ACCOUNT_DISABLED) == 0;
}

/* Both sides agree; whether the person is enrolled. */
static bool agree(struct sim *sim, unsigned long at)
{
	const bool offline = is_enabled(sim, L"SandbookOffline");
	const bool online = is_enabled(sim, L"SandbookOnline");

	if (is_kept(sim, "SandbookOffline", L"SandbookOffline") != offline ||
	    is_kept(sim, "SandbookOnline", L"SandbookOnline") != online)
		fail_msg("at %lu: %d and %d are enabled: %s\n%s", at, offline,
			 online, said, setup_said);
	return offline && online;
}

static void forget_person(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal_place place;
	struct sbk_person caller;

	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_journal_place_user(&caller, &place, &err), &err);
	assert_ok(sbk_journal_remove(&place, &err), &err);
}

/* Gone by the commands alone; then nothing is kept any more. */
static void end(struct sim *sim)
{
	char kept[600];

	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	lost = 0;
	if (setup(SBK_SETUP_CHANGES, "--remove-user", "ann") != 0)
		fail_msg("%s\n%s", said, tail_of(setup_said));
	(void)snprintf(kept, sizeof(kept), "%s/Sandbook/secret-SandbookOffline",
		       person);
	assert_int_not_equal(_access(kept, 0), 0);
	assert_null(sim_account_named(sim, L"SandbookOffline"));
	forget_person();
	hybrid_take_back();
	hybrid_forget_machine();
	hybrid_finish(sim);
}

static void assert_said(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("without '%s': %s", part, text);
}

/* --- the tests ------------------------------------------------------------ */

static void test_enrolment__a_person_comes_and_goes(void **state)
{
	struct sim *sim = begin();

	(void)state;
	if (enrol() != 0)
		fail_msg("%s\n%s", said, tail_of(setup_said));
	assert_true(agree(sim, 0));
	assert_int_equal(writes, 4);
	/* Again: nothing is handed over. */
	assert_int_equal(enrol(), 0);
	assert_said(setup_said, "Nothing to change");
	assert_true(agree(sim, 0));
	end(sim);
}

static void look(const char *part)
{
	char *argv[] = {(char *)(uintptr_t) "sandbook",
			(char *)(uintptr_t) "status", NULL};
	int code = -1;

	run("sandbook", 2, argv, &code, "setup-output", setup_said);
	if (code != 0 || strstr(setup_said, part) == NULL)
		fail_msg("%d, without '%s': %s", code, part,
			 tail_of(setup_said));
}

/* What status says of who is enrolled: in which modes a run can begin. */
static void test_enrolment__a_look_at_what_can_begin(void **state)
{
	struct sim *sim = begin();
	struct sim_account *account;
	UINT8 *weight;

	(void)state;
	assert_int_equal(enrol(), 0);
	look("offline account   can begin: as 'SandbookOffline', whose");
	assert_said(setup_said, "online account    can begin: as 'SandbookOn");
	assert_said(setup_said, "no account        CANNOT BEGIN: the password");
	assert_said(setup_said, "by network filters\n");
	assert_said(setup_said, "the password that is kept opens");
	assert_said(setup_said, " enabled; its password never expires");

	/* Another filter than ours holds nobody. */
	weight = &sim->filters.now.filters[0].filter.weight.uint8;
	*weight ^= 2;
	look("offline account   CANNOT BEGIN: as 'SandbookOffline': the net");
	assert_said(setup_said, "NOTHING CARRIES IT: the network filters");
	*weight ^= 2;

	account = sim_account_named(sim, L"SandbookOffline");
	account->flags |= SBK_NT_ACCOUNT_DISABLED;
	look("offline account   CANNOT BEGIN: 'SandbookOffline' is disabled");
	assert_said(setup_said, "DISABLED, and setup had enabled it");
	account->flags &= ~SBK_NT_ACCOUNT_DISABLED;
	look("offline account   can begin");
	end(sim);
}

/* An administrator took the accounts away; the person's journal learns it from
 * the person's next setup, which works at once. */
static void test_enrolment__what_is_kept_of_a_gone_account_goes(void **state)
{
	struct sim *sim = begin();

	(void)state;
	assert_int_equal(enrol(), 0);
	assert_int_equal(administer("--remove-user", "ann"), 0);
	if (enrol() != 0)
		fail_msg("%s\n%s", said, tail_of(setup_said));
	assert_said(said, "'SandbookOffline' is of an account that is gone");
	assert_true(agree(sim, 0));
	/* Also where nothing is enrolled. */
	assert_int_equal(administer("--remove-user", "ann"), 0);
	assert_int_equal(setup(SBK_SETUP_CHANGES, "--remove-user", "ann"), 0);
	assert_said(said, "'SandbookOnline' is of an account that is gone");
	assert_false(agree(sim, 0));
	end(sim);
}

/* A dry run changes nothing, here neither. */
static void test_enrolment__a_look_takes_nothing_back(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sim *sim = begin();
	struct sbk_store *store;
	size_t count = 0;

	(void)state;
	assert_int_equal(enrol(), 0);
	assert_int_equal(administer("--remove-user", "ann"), 0);
	assert_int_equal(setup(SBK_SETUP_LOOKS, "--dry-run", "--user=ann"), 0);
	assert_ok(sbk_secret_store(SBK_STORE_READ, &store, &err), &err);
	assert_ok(sbk_secret_list(store, NULL, NULL, &count, &err), &err);
	sbk_store_close(store);
	assert_int_equal(count, 2);
	end(sim);
}

/* hello, secrets, proofs, end: each is lost once, and its writer knows, or not.
 * Without the proofs nobody is enrolled; after them the end is only words. */
static void test_enrolment__any_message_may_be_lost(void **state)
{
	const bool all = getenv("SBK_CAMPAIGN") != NULL;
	unsigned long n;
	int silent;

	(void)state;
	for (n = all ? 1 : 3; n <= 4; n++) {
		for (silent = all ? 0 : 1; silent < 2; silent++) {
			struct sim *sim = begin();

			lost = n;
			lost_in_silence = silent != 0;
			(void)enrol();
			assert_true(writes >= n);
			assert_int_equal(agree(sim, n), n == 4);
			lost = 0;
			if (enrol() != 0)
				fail_msg("%s\n%s", said, tail_of(setup_said));
			assert_true(agree(sim, n));
			end(sim);
		}
	}
}

/* Accounts that wait for their person, who finishes the enrolment. */
static void test_enrolment__a_person_finishes_what_waits(void **state)
{
	struct sim *sim = begin();

	(void)state;
	assert_int_equal(administer("--user", "ann"), 0);
	assert_said(setup_said, "stay disabled until the person's own");
	assert_int_equal(administer("--user", "ann"), 0);
	assert_said(setup_said, "stay disabled until the person's own");
	assert_false(agree(sim, 0));
	if (enrol() != 0)
		fail_msg("%s\n%s", said, tail_of(setup_said));
	assert_said(setup_said, "set anew, which cannot be undone");
	assert_true(agree(sim, 0));
	end(sim);
}

static void spoil_secret(bool all)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/Sandbook/secret-SandbookOnline",
		       person);
	if (all) {
		assert_int_equal(remove(path), 0);
		return;
	}
	file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, -40, SEEK_END), 0);
	assert_true(fputs("0123456789012345678901234567", file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A secret that is lost, or does not open, whose account stands: both get new
 * passwords, and nobody else's does. */
static void test_enrolment__an_upgrade_replaces_what_is_lost(void **state)
{
	WCHAR before[64];
	struct sim *sim = begin();
	int all;

	(void)state;
	assert_int_equal(enrol(), 0);
	assert_int_equal(administer("--user", "bob"), 0);
	for (all = 0; all < 2; all++) {
		spoil_secret(all != 0);
		(void)wcscpy(
			before,
			sim_account_named(sim, L"SandbookOffline")->password);
		if (setup(SBK_SETUP_ENROLS, "--upgrade", NULL) != 0)
			fail_msg("%s\n%s", said, tail_of(setup_said));
		assert_said(setup_said, "set anew, which cannot be undone");
		assert_null(strstr(setup_said, "Offline2: its password"));
		assert_int_not_equal(
			wcscmp(before,
			       sim_account_named(sim, L"SandbookOffline")
				       ->password),
			0);
	}
	end(sim);
}

/* Accounts that setup found enabled are tried by their person, who has the
 * passwords; one that is gone is told, with the way to another. */
static void test_enrolment__what_stood_is_tried_and_told(void **state)
{
	struct sim *sim = begin();

	(void)state;
	assert_int_equal(enrol(), 0);
	assert_int_equal(tries, 0);
	assert_int_equal(enrol(), 0);
	assert_int_equal(tries, 2);
	assert_said(said, "Tried as 'SandbookOffline': nothing gets out");
	try_result = SBK_E_UNSUPPORTED;
	assert_int_equal(enrol(), SBK_EXIT_UNSUPPORTED);
	assert_said(said, "SandbookOffline leaks");
	try_result = 0;
	spoil_secret(true);
	assert_int_equal(enrol(), SBK_EXIT_INCOMPLETE);
	assert_said(said, "no password of 'SandbookOnline' is kept here any "
			  "more");
	assert_said(said, "'sandbook setup --upgrade' sets a new one");
	tries = 0;
	assert_int_equal(setup(SBK_SETUP_LOOKS, "--dry-run", NULL),
			 SBK_EXIT_INCOMPLETE);
	assert_said(said, "no password of 'SandbookOnline' is kept");
	assert_int_equal(tries, 0);
	assert_int_equal(setup(SBK_SETUP_ENROLS, "--upgrade", NULL), 0);
	assert_int_equal(tries, 2);
	assert_true(agree(sim, 0));
	end(sim);
}

/* An upgrade that does not come to its end leaves what was kept: the accounts
 * have it still. */
static void test_enrolment__a_failure_leaves_the_old_ones(void **state)
{
	struct sim *sim = begin();
	unsigned long n;

	(void)state;
	assert_int_equal(enrol(), 0);
	for (n = 2; n <= 3; n++) {
		writes = 0;
		lost = n;
		assert_int_not_equal(setup(SBK_SETUP_ENROLS, "--upgrade", NULL),
				     0);
		lost = 0;
		assert_true(agree(sim, n));
	}
	end(sim);
}

/* A run with the user's own token is at work. */
static struct sbk_front *at_work;

static void hold(void)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_front_open(false, &at_work, &err), &err);
	assert_ok(sbk_front_share(at_work, SBK_FRONT_OWN_TOKEN, NULL, &err),
		  &err);
}

static void let_go(void)
{
	sbk_front_close(at_work);
	at_work = NULL;
}

static BOOL WINAPI start_beside_a_run(SHELLEXECUTEINFOW *info)
{
	hold();
	return start_setup(info);
}

/* One that was at work before is found before anybody is asked for consent; one
 * that began meanwhile, when the passwords are there. */
static void test_enrolment__beside_a_run_is_refused(void **state)
{
	struct sim *sim = begin();

	(void)state;
	/* The journal's directory is there. */
	assert_int_equal(enrol(), 0);
	assert_int_equal(setup(SBK_SETUP_CHANGES, "--remove-user", "ann"), 0);
	hold();
	writes = 0;
	assert_int_equal(enrol(), SBK_EXIT_BUSY);
	assert_said(said, "a run of this user is at work");
	assert_int_equal(writes, 0);
	let_go();
	elevation.ShellExecuteExW = start_beside_a_run;
	assert_int_not_equal(enrol(), 0);
	assert_said(said, "a run of this user is at work");
	assert_said(setup_said, "a run of this user is at work");
	assert_false(agree(sim, 0));
	let_go();
	elevation.ShellExecuteExW = start_setup;
	assert_int_equal(enrol(), 0);
	assert_true(agree(sim, 0));
	/* One of accounts that stand: what is kept of them stays. */
	elevation.ShellExecuteExW = start_beside_a_run;
	assert_int_not_equal(setup(SBK_SETUP_ENROLS, "--upgrade", NULL), 0);
	assert_said(said, "a run of this user is at work");
	assert_true(agree(sim, 0));
	let_go();
	elevation.ShellExecuteExW = start_setup;
	end(sim);
}

static DWORD WINAPI do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static DWORD refused_with;

static BOOL WINAPI start_refused(SHELLEXECUTEINFOW *info)
{
	setup_code = refused_with;
	info->hProcess = CreateThread(NULL, 0, do_nothing, NULL, 0, NULL);
	return info->hProcess != NULL;
}

/* One that does not come as far as the pipe says why by its exit code. */
static void test_enrolment__a_setup_that_would_not_begin_is_told(void **state)
{
	struct sim *sim = begin();

	(void)state;
	elevation.ShellExecuteExW = start_refused;
	refused_with = (DWORD)sbk_setup_refusal_exit(SBK_SETUP_PASSWORDS);
	assert_int_equal(enrol(), SBK_EXIT_UNSUPPORTED);
	assert_said(said, "did nothing: the password policy wants longer");
	refused_with = (DWORD)sbk_setup_refusal_exit(SBK_SETUP_PLACE);
	assert_int_equal(enrol(), SBK_EXIT_DENIED);
	assert_said(said, "install it below");
	refused_with = 0xC000013A;
	assert_int_equal(enrol(), (int)0xC000013A);
	assert_said(said, "its window was closed");
	refused_with = 1;
	assert_int_equal(enrol(), 1);
	assert_said(said, "it says why in its own window");
	hybrid_finish(sim);
}

/* Whether call n of an enrolment, or of an upgrade, was met. */
static bool one_fault(unsigned long n, bool upgrades)
{
	const char *const option = upgrades ? "--upgrade" : NULL;
	struct sim *sim = begin();
	bool met;

	if (upgrades)
		assert_int_equal(enrol(), 0);
	fault_plan = (struct fault_plan){.mode = FAULT_DENY, .at = n};
	(void)setup(SBK_SETUP_ENROLS, option, NULL);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	/* What could not be looked at stays, until the next setup; and an
	 * upgrade that was cut short may leave one that does not open. */
	if (!upgrades && strstr(said, "the next 'sandbook setup'") == NULL)
		(void)agree(sim, n);
	if (upgrades)
		assert_true(is_enabled(sim, L"SandbookOffline"));
	if (setup(SBK_SETUP_ENROLS, option, NULL) != 0)
		fail_msg("at %lu: %s\n%s", n, said, tail_of(setup_said));
	assert_true(agree(sim, n));
	end(sim);
	return met;
}

static void test_enrolment__a_call_that_fails_leaves_both_agreed(void **state)
{
	const unsigned long step = sbk_test_step(397);
	unsigned long n;
	int upgrades;

	(void)state;
	for (upgrades = 0; upgrades < 2; upgrades++) {
		n = sbk_test_first(40);
		for (; one_fault(n, upgrades != 0); n += step)
			assert_true(n < CALLS_MAX);
		assert_true(n > 100);
	}
}

static int make_directory(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL;

	(void)state;
	made = sbk_test_directory("enrolment");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	assert_int_equal(_chdir(real), 0);
	(void)snprintf(machine, sizeof(machine), "%s/machine", real);
	(void)snprintf(person, sizeof(person), "%s/person", real);
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
	cmocka_unit_test_setup(test_enrolment__a_person_comes_and_goes,
			       make_directory),
	cmocka_unit_test(test_enrolment__a_look_at_what_can_begin),
	cmocka_unit_test(test_enrolment__what_is_kept_of_a_gone_account_goes),
	cmocka_unit_test(test_enrolment__a_look_takes_nothing_back),
	cmocka_unit_test(test_enrolment__a_person_finishes_what_waits),
	cmocka_unit_test(test_enrolment__an_upgrade_replaces_what_is_lost),
	cmocka_unit_test(test_enrolment__what_stood_is_tried_and_told),
	cmocka_unit_test(test_enrolment__a_failure_leaves_the_old_ones),
	cmocka_unit_test(test_enrolment__beside_a_run_is_refused),
	cmocka_unit_test(test_enrolment__a_setup_that_would_not_begin_is_told),
	cmocka_unit_test(test_enrolment__any_message_may_be_lost),
	cmocka_unit_test_teardown(
		test_enrolment__a_call_that_fails_leaves_both_agreed,
		remove_directory),
};

SBK_TEST_MAIN(tests)
