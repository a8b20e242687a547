/* See the header. */
#include "tests/windows/enrolment_world.h"

#include <direct.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan_setup.h"
#include "engine/run.h"
#include "engine/windows/network_try.h"
#include "engine/windows/secret.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_pipe.h"
#include "engine/windows/win32_process.h"
#include "journal/journal.h"
#include "tests/support/fault.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define WORDS_MAX 12
#define LONG_MS 60000 /* nobody waits so long for a working machine */
#define SLICE_MS 20

struct enrolment enrolment;

static char machine[512];
static char *made; /* to be removed */

static struct sbk_win32_process process;
static struct sbk_win32_logon logon;
static struct sbk_win32_pipe pipes;
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
int __wrap_sbk_network_try(const struct sbk_principal *account,
			   struct sbk_error *err);

int __wrap_sbk_network_try(const struct sbk_principal *account,
			   struct sbk_error *err)
{
	enrolment.tries++;
	return enrolment.try_result < 0
		       ? sbk_error_set(err, enrolment.try_result, "%s leaks",
				       account->name)
		       : 0;
}

/* --- setup's process ------------------------------------------------------ */

static char words[WORDS_MAX][64];

void enrolment_run(const char *program, int argc, char **argv, int *code,
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
	used = fread(text, 1, ENROLMENT_SAID_MAX - 1, file);
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
	enrolment_run("sandbook-setup", argc, argv, &code, "setup-output",
		      enrolment.setup_said);
	enrolment.setup_code = (DWORD)code;
	return 0;
}

/* Its words have no space and no quote in this test. */
BOOL WINAPI enrolment_start(SHELLEXECUTEINFOW *info)
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
	enrolment.setup_code = 99;
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
	*code = enrolment.setup_code;
	return TRUE;
}

/* A message that is lost: its writer finds out, or never does. */
static BOOL WINAPI write_pipe(HANDLE pipe, LPCVOID data, DWORD size,
			      LPDWORD done, LPOVERLAPPED where)
{
	if (++enrolment.writes != enrolment.lost)
		return sbk_win32_pipe_system.WriteFile(pipe, data, size, done,
						       where);
	if (enrolment.lost_in_silence) {
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

	if (enrolment.lost == 0 || time < LONG_MS || time == INFINITE)
		return wait_really(handle, time);
	for (waited = 0; waited < time; waited += SLICE_MS) {
		result = wait_really(handle, SLICE_MS);
		if (result != WAIT_TIMEOUT ||
		    (enrolment.writes >= enrolment.lost && waited > 100))
			return result;
	}
	return WAIT_TIMEOUT;
}

/* --- the world ------------------------------------------------------------ */

struct sim *enrolment_begin(void)
{
	struct sim *sim = hybrid_begin(machine);
	struct sim_account *me = sim_make_account(sim, L"ann", false);
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_win32 *table;
	struct sbk_person caller;

	(void)sim_make_account(sim, L"bob", false);
	hybrid_use_person(enrolment.person);
	table = hybrid_table();
	enrolment.elevation = sbk_win32_elevation_system;
	enrolment.elevation.ShellExecuteExW = enrolment_start;
	process = *table->process;
	process.GetExitCodeProcess = setup_ended;
	wait_really = process.WaitForSingleObject;
	process.WaitForSingleObject = wait;
	logon = sbk_win32_logon_system;
	logon.GetProcessId = own_id;
	pipes = sbk_win32_pipe_system;
	pipes.WriteFile = write_pipe;
	table->elevation = &enrolment.elevation;
	table->process = &process;
	table->logon = &logon;
	table->pipe = &pipes;
	enrolment.writes = enrolment.lost = enrolment.tries = 0;
	enrolment.try_result = 0;
	enrolment.lost_in_silence = false;
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_sid_parse(caller.id.text, strlen(caller.id.text),
				&me->sid, &err),
		  &err);
	return sim;
}

int enrolment_setup(enum sbk_setup_way way, const char *first,
		    const char *second)
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
	used = fread(enrolment.said, 1, sizeof(enrolment.said) - 1, file);
	enrolment.said[used] = '\0';
	(void)fclose(file);
	return (int)code;
}

const char *enrolment_tail(const char *text)
{
	const size_t size = strlen(text);

	return size > 400 ? text + size - 400 : text;
}

int enrolment_enrol(void)
{
	return enrolment_setup(SBK_SETUP_ENROLS, NULL, NULL);
}

int enrolment_administer(const char *first, const char *second)
{
	char *argv[] = {(char *)(uintptr_t) "sandbook-setup",
			(char *)(uintptr_t) "setup",
			(char *)(uintptr_t) "--yes",
			(char *)(uintptr_t)first,
			(char *)(uintptr_t)second,
			NULL};
	int code = 0, argc = second != NULL ? 5 : 4;

	enrolment_run("sandbook-setup", argc, argv, &code, "setup-output",
		      enrolment.setup_said);
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

bool enrolment_is_enabled(struct sim *sim, const WCHAR *name)
{
	const struct sim_account *account = sim_account_named(sim, name);

	return account != NULL &&
	       (account->flags & SBK_NT_ACCOUNT_DISABLED) == 0;
}

bool enrolment_agree(struct sim *sim, unsigned long at)
{
	const bool offline = enrolment_is_enabled(sim, L"SandbookOffline");
	const bool online = enrolment_is_enabled(sim, L"SandbookOnline");

	if (is_kept(sim, "SandbookOffline", L"SandbookOffline") != offline ||
	    is_kept(sim, "SandbookOnline", L"SandbookOnline") != online)
		fail_msg("at %lu: %d and %d are enabled: %s\n%s", at, offline,
			 online, enrolment.said, enrolment.setup_said);
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

void enrolment_end(struct sim *sim)
{
	char kept[600];

	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	enrolment.lost = 0;
	if (enrolment_setup(SBK_SETUP_CHANGES, "--remove-user", "ann") != 0)
		fail_msg("%s\n%s", enrolment.said,
			 enrolment_tail(enrolment.setup_said));
	(void)snprintf(kept, sizeof(kept), "%s/Sandbook/secret-SandbookOffline",
		       enrolment.person);
	assert_int_not_equal(_access(kept, 0), 0);
	assert_null(sim_account_named(sim, L"SandbookOffline"));
	forget_person();
	hybrid_take_back();
	hybrid_forget_machine();
	hybrid_finish(sim);
}

void enrolment_assert_said(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("without '%s': %s", part, text);
}

/* --- of cmocka's form ----------------------------------------------------- */

int enrolment_directory(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL;

	(void)state;
	made = sbk_test_directory("enrolment");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	assert_int_equal(_chdir(real), 0);
	(void)snprintf(machine, sizeof(machine), "%s/machine", real);
	(void)snprintf(enrolment.person, sizeof(enrolment.person), "%s/person",
		       real);
	assert_int_equal(_mkdir(machine), 0);
	assert_int_equal(_mkdir(enrolment.person), 0);
	free(real);
	return 0;
}

int enrolment_remove(void **state)
{
	(void)state;
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}
