/*
 * sandbook run under an account: the command as it is, a journal, a secret
 * under DPAPI, a runner, a pipe and commands for real under Wine. Simulated are
 * what Wine lacks: the accounts (sim.h), and the logon, by a process of the
 * same user; so the account's SID is that user's own here.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <initguid.h>
#include <knownfolders.h>

#include <lmerr.h>

#include "engine/cli.h"
#include "engine/ledger.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "engine/windows/front.h"
#include "engine/windows/keyring.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/secret.h"
#include "engine/windows/temporary.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_program.h"
#include "journal/journal.h"
#include "tests/windows/enrolled.h"
#include "tests/windows/kept_lists.h"
#include "tests/windows/sim.h"

#include "engine/banned.h"

#define OUTPUT_MAX 65536
#define WORDS_MAX 16
#define STARTED_MAX 4
/* NtSetInformationFile's classes, and STATUS_FILE_DELETED. */
#define SET_DISPOSITION 13
#define SET_DISPOSITION_EX 64
#define FILE_DELETED ((NTSTATUS)0xC0000123)

static char output[OUTPUT_MAX];	 /* of the program */
static char written[OUTPUT_MAX]; /* of the command */
static char programs[MAX_PATH], directory[512], data_directory[600];
static char *made;
static struct sbk_journal_place place;

static struct sim *sim;
static struct sbk_sid own;
static struct sbk_win32 table;
static struct sbk_win32_logon logon;
static struct sbk_win32_file file;
static struct sbk_win32_program program;
static HANDLE started[STARTED_MAX], output_file;
static size_t started_count;
static DWORD refuse_with;
static unsigned swept, ends_until_refused;
static bool has_no_data, directory_goes, volume_goes, no_place_is_made;
static struct sbk_win32_process process;

/* --- the world ------------------------------------------------------------ */

static BOOL WINAPI start_as_self(LPCWSTR name, LPCWSTR domain, LPCWSTR password,
				 DWORD how, LPCWSTR wanted, LPWSTR line,
				 DWORD flags, LPVOID environment, LPCWSTR where,
				 LPSTARTUPINFOW startup,
				 LPPROCESS_INFORMATION out)
{
	const HANDLE self = GetCurrentProcess();
	struct sbk_buf path = SBK_BUF_INIT;
	char tested[MAX_PATH + 32];

	(void)domain;
	if (wcsncmp(name, L"SandbookO", 9) != 0 || how != 0 ||
	    wcscmp(password, L"" ENROLLED_PASSWORD) != 0 ||
	    environment != NULL ||
	    wcsstr(wanted, L"sandbook-runner.exe") == NULL)
		abort();
	if (directory_goes)
		assert_int_equal(_rmdir("ws"), 0);
	if (refuse_with != 0) {
		SetLastError(refuse_with);
		return FALSE;
	}
	(void)snprintf(tested, sizeof(tested), "%s/runner_tested.exe",
		       programs);
	if (started_count == STARTED_MAX ||
	    !CreateProcessW(sbk_wide_path(&path, tested), line, NULL, NULL,
			    FALSE, flags, NULL, where, startup, out) ||
	    !DuplicateHandle(self, out->hProcess, self,
			     &started[started_count++], SYNCHRONIZE, FALSE, 0))
		abort();
	sbk_buf_release(&path);
	return TRUE;
}

static HRESULT WINAPI find_folder(const GUID *folder, DWORD flags, HANDLE token,
				  PWSTR *out)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *path;

	if (memcmp(folder, &FOLDERID_ProgramData, sizeof(*folder)) != 0)
		return sbk_win32_file_system.SHGetKnownFolderPath(folder, flags,
								  token, out);
	if (has_no_data)
		return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
	path = sbk_wide_path(&wide, data_directory);
	*out = CoTaskMemAlloc(2 * (wcslen(path) + 1));
	if (*out == NULL)
		return E_OUTOFMEMORY;
	(void)wcscpy(*out, path);
	sbk_buf_release(&wide);
	return S_OK;
}

/* The volume can be taken out. */
static NTSTATUS NTAPI query_volume(HANDLE handle, PIO_STATUS_BLOCK io,
				   PVOID out, ULONG size,
				   FS_INFORMATION_CLASS what)
{
	static const ULONG removable[2] = {7 /* FILE_DEVICE_DISK */,
					   1 /* FILE_REMOVABLE_MEDIA */};

	if (!volume_goes || size < sizeof(removable))
		return sbk_win32_file_system.NtQueryVolumeInformationFile(
			handle, io, out, size, what);
	memcpy(out, removable, sizeof(removable));
	return 0;
}

static NTSTATUS NTAPI make_no_place(PHANDLE out, ACCESS_MASK access,
				    POBJECT_ATTRIBUTES object,
				    PIO_STATUS_BLOCK io, PLARGE_INTEGER size,
				    ULONG attributes, ULONG share,
				    ULONG disposition, ULONG options, PVOID ea,
				    ULONG ea_size)
{
	if (no_place_is_made && disposition == FILE_CREATE &&
	    object->ObjectName->Length > 26 &&
	    memcmp(object->ObjectName->Buffer, L"sandbook-run-", 26) == 0)
		return (NTSTATUS)0xc0000022; /* STATUS_ACCESS_DENIED */
	return sbk_win32_system.files.NtCreateFile(
		out, access, object, io, size, attributes, share, disposition,
		options, ea, ea_size);
}

/* Just as a run removes its directory, another one sweeps it: what is removed
 * already cannot be removed again. */
static NTSTATUS NTAPI sweep_first(HANDLE handle, PIO_STATUS_BLOCK io,
				  PVOID data, ULONG size,
				  FILE_INFORMATION_CLASS what)
{
	wchar_t path[400] = L"", *name;
	size_t removed, left;

	if (what == SET_DISPOSITION || what == SET_DISPOSITION_EX)
		(void)GetFinalPathNameByHandleW(handle, path, 400, 0);
	/* The directory itself, not what is in it. */
	name = wcsstr(path, L"sandbook-run-");
	if (name == NULL || wcschr(name, L'\\') != NULL || swept++ > 0)
		return sbk_win32_file_system.NtSetInformationFile(
			handle, io, data, size, what);
	sbk_temporary_sweep(&removed, &left);
	assert_int_equal(removed, 1);
	return FILE_DELETED;
}

/* The n-th end of a runner's job is refused; its processes end all the same. */
static BOOL WINAPI refuse_to_end(HANDLE job, UINT code)
{
	if (--ends_until_refused != 0)
		return sbk_win32_process_system.TerminateJobObject(job, code);
	SetLastError(ERROR_ACCESS_DENIED);
	return FALSE;
}

/* The command writes where we can read it. */
static HANDLE WINAPI give_stream(DWORD which)
{
	return which == STD_INPUT_HANDLE ? NULL : output_file;
}

/* The console's handler, and a Ctrl-C a second after it is there, or at once.
 */
static PHANDLER_ROUTINE handler;
static bool press, press_at_once;
static HANDLE pressing;

static DWORD WINAPI press_soon(void *arg)
{
	(void)arg;
	Sleep(1000);
	return handler != NULL && handler(CTRL_C_EVENT) ? 0 : 1;
}

static BOOL WINAPI set_handler(PHANDLER_ROUTINE routine, BOOL add)
{
	handler = add ? routine : NULL;
	if (add && press)
		pressing = CreateThread(NULL, 0, press_soon, NULL, 0, NULL);
	if (add && press_at_once)
		assert_true(handler(CTRL_C_EVENT));
	return TRUE;
}

static DWORD WINAPI last_error(void)
{
	const DWORD code = sim->last_error;

	sim->last_error = 0;
	return code != 0 ? code : GetLastError();
}

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
	assert_ok(sbk_secret_label(&label, account, &own, ENROLLED_NONCE, &err),
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

/* This user is enrolled, with both accounts. */
static void enrol(void)
{
	enrolled_make(sim, L"SandbookOffline", SBK_PRINCIPAL_OFFLINE, &own,
		      &own);
	enrolled_make(sim, L"SandbookOnline", SBK_PRINCIPAL_ONLINE, &own, &own);
	enrolled_keep("SandbookOffline", &own);
	enrolled_keep("SandbookOnline", &own);
}

static int setup(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL;

	(void)state;
	made = sbk_test_directory("run_account");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	(void)snprintf(directory, sizeof(directory), "%s", real);
	(void)snprintf(data_directory, sizeof(data_directory), "%s/data", real);
	free(real);
	assert_int_equal(_chdir(directory), 0);
	assert_int_equal(_mkdir("data"), 0);
	assert_int_equal(_mkdir("ws"), 0);
	assert_ok(sbk_pipe_own_user(&own, &err), &err);
	sim = sim_begin();
	table = sbk_win32_system;
	table.accounts = &sim_accounts_table;
	table.rights.LookupAccountSidW = sbk_win32->rights.LookupAccountSidW;
	table.errors.GetLastError = last_error;
	table.files.NtCreateFile = make_no_place;
	logon = sbk_win32_logon_system;
	logon.CreateProcessWithLogonW = start_as_self;
	table.logon = &logon;
	file = sbk_win32_file_system;
	file.SHGetKnownFolderPath = find_folder;
	table.file = &file;
	program = sbk_win32_program_system;
	program.GetStdHandle = give_stream;
	program.SetConsoleCtrlHandler = set_handler;
	press = press_at_once = false;
	table.program = &program;
	process = sbk_win32_process_system;
	process.TerminateJobObject = refuse_to_end;
	table.process = &process;
	sbk_win32 = &table;
	ends_until_refused = 0;
	has_no_data = directory_goes = volume_goes = no_place_is_made = false;
	refuse_with = 0;
	started_count = 0;
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "serve"));
	return 0;
}

/* Whatever happened: nothing of the account's is alive, nothing kept. */
static int teardown(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	WIN32_FIND_DATAA found;
	char pattern[640];
	size_t i;

	(void)state;
	for (i = 0; i < started_count; i++) {
		assert_int_equal(WaitForSingleObject(started[i], 5000),
				 WAIT_OBJECT_0);
		(void)CloseHandle(started[i]);
	}
	(void)snprintf(pattern, sizeof(pattern), "%s/sandbook-run-*",
		       data_directory);
	assert_ptr_equal(FindFirstFileA(pattern, &found), INVALID_HANDLE_VALUE);
	enrolled_forget();
	assert_ok(sbk_journal_remove(&place, &err), &err);
	sim_finish(sim);
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}

/* --- the program ---------------------------------------------------------- */

static size_t read_all(FILE *from, char out[OUTPUT_MAX])
{
	size_t used;

	rewind(from);
	used = fread(out, 1, OUTPUT_MAX - 1, from);
	out[used] = '\0';
	assert_int_equal(fclose(from), 0);
	return used;
}

/* One call of the program: its exit code, what it and the command wrote. */
static int call(const char *first, ...)
{
	const struct sbk_command commands[] = {sbk_command_run,
					       sbk_command_plan,
					       sbk_command_grant,
					       {.name = NULL}};
	const struct sbk_command *const tables[] = {commands,
						    sbk_journal_commands, NULL};
	struct sbk_cli cli = {.program = "sandbook", .version = "test"};
	static char name[] = "sandbook";
	char *argv[WORDS_MAX + 2] = {name};
	FILE *said = fopen("said", "w+b");
	const char *word;
	int argc = 1, code;
	va_list words;

	assert_non_null(said);
	output_file = CreateFileA("written", GENERIC_WRITE,
				  FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				  CREATE_ALWAYS, 0, NULL);
	assert_ptr_not_equal(output_file, INVALID_HANDLE_VALUE);
	va_start(words, first);
	for (word = first; word != NULL && argc <= WORDS_MAX;
	     word = va_arg(words, const char *))
		argv[argc++] = (char *)(uintptr_t)word;
	va_end(words);
	cli.out = cli.err = said;
	sbk_journal_ledger(&cli.ledger);
	code = sbk_cli_main(&cli, tables, argc, argv);
	(void)CloseHandle(output_file);
	(void)read_all(said, output);
	(void)read_all(fopen("written", "rb"), written);
	return code;
}

static void assert_said(const char *part)
{
	if (strstr(output, part) == NULL)
		fail_msg("without '%s': %s\n%s", part, output, written);
}

static void assert_code(int code, int wanted)
{
	if (code != wanted)
		fail_msg("exit code %d, not %d: %s\n%s", code, wanted, output,
			 written);
}

#define ONLINE "run", "--net", "-C", "ws"

/* --- what it is ----------------------------------------------------------- */

static void test_run_account__runs_to_its_end(void **state)
{
	(void)state;
	enrol();
	/* Wine reads no limits of a job back, which is said. */
	assert_code(call(ONLINE, "--best-effort", "--memory", "512", "--",
			 "cmd", "/c", "echo", "hello&exit", "7", NULL),
		    7);
	assert_non_null(strstr(written, "hello"));
	assert_said("were not all read back");
	assert_null(strstr(output, "is not guaranteed"));
	assert_null(strstr(output, ENROLLED_PASSWORD));
	assert_int_equal(started_count, 1);
	assert_code(call("journal", "log", NULL), 0);
	assert_said("exit 7");
	assert_code(call("journal", "log", "--json", NULL), 0);
	assert_said("/data/sandbook-run-");
	assert_said("\"account\":\"S-1-");
	assert_said("\"limits\":{\"memory_mib\":512}");
	assert_said("\"write-restricted token\",\"account\"");
	assert_code(call("journal", "verify", NULL), 0);
}

/* Its own variables, and a place for temporary files that goes with it. */
static void test_run_account__what_it_is_given_is_its_own(void **state)
{
	static const char *const names[] = {
		"\nUSERPROFILE=", "\nAPPDATA=", "\nLOCALAPPDATA=", "\nTEMP="};
	const char *at;
	size_t i;

	(void)state;
	enrol();
	assert_code(call(ONLINE, "--best-effort", "--env", "HOME=C:\\mine",
			 "--", "cmd", "/c", "set", NULL),
		    0);
	for (i = 0; i < 4; i++) {
		at = strstr(written, names[i]);
		if (at == NULL || strstr(at, "\\data\\sandbook-run-") == NULL ||
		    strchr(at + 1, '\n') < strstr(at, "sandbook-run-"))
			fail_msg("%s: %s", names[i], written);
	}
	assert_non_null(strstr(written, "\nUSERNAME=SandbookOnline\r"));
	assert_non_null(strstr(written, "\nHOME=C:\\mine\r"));
	assert_null(strstr(written, "HTTP_PROXY"));
	assert_non_null(strstr(written, "=safe.directory\r"));
	/* Its variables name directories that are there, for it to write in. */
	assert_code(call(ONLINE, "--best-effort", "--", "cmd", "/c",
			 "cd /d %APPDATA%\\npm && cd /d %LOCALAPPDATA% && "
			 "mkdir cache && cd cache && cd",
			 NULL),
		    0);
	assert_non_null(strstr(written, "\\AppData\\Local\\cache\r"));
	assert_code(
		call(ONLINE, "--best-effort", "--", "launched", "litter", NULL),
		3);
	assert_non_null(strstr(written, "sandbook-run-"));
}

static void test_run_account__its_end_is_told(void **state)
{
	(void)state;
	enrol();
	assert_code(call(ONLINE, "--best-effort", "--timeout", "1", "--",
			 "launched", "sleep", "60000", NULL),
		    SBK_EXIT_TIMEOUT);
	assert_code(call(ONLINE, "--best-effort", "--", "nowhere", NULL), 127);
	assert_int_equal(started_count, 1);
	assert_code(call("journal", "log", NULL), 0);
	assert_said("nowhere");
}

/* Whoever granted a root: what the account makes there is to be handed back,
 * and the record says where. */
static void test_run_account__a_granted_root_is_handed_back(void **state)
{
	static const struct kept_lists_options kept = {.fails = NULL};

	(void)state;
	enrol();
	kept_lists_put(&table, &kept);
	assert_code(call("grant", "--to", "runs", "--rw", "ws", NULL), 0);
	assert_code(call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit 7",
			 NULL),
		    7);
	assert_code(call("journal", "log", "--json", NULL), 0);
	assert_said("\"hand_back\":[{\"path\":\"");
	assert_code(call("undo", "--yes", "--path", "ws", NULL), 0);
}

/* Ctrl-C ends the command, and then all is as at any end. */
static void test_run_account__is_interrupted(void **state)
{
	DWORD answered = 9;

	(void)state;
	enrol();
	press = true;
	assert_code(call(ONLINE, "--best-effort", "--", "launched", "sleep",
			 "60000", NULL),
		    130);
	assert_int_equal(WaitForSingleObject(pressing, 5000), WAIT_OBJECT_0);
	assert_true(GetExitCodeThread(pressing, &answered));
	assert_int_equal(answered, 0);
	(void)CloseHandle(pressing);
	assert_null(handler);
	assert_code(call("journal", "log", NULL), 0);
	assert_said("(exit 130");
}

/* One is enough, also before the runner was told what to start. */
static void test_run_account__is_interrupted_early(void **state)
{
	(void)state;
	enrol();
	press_at_once = true;
	assert_code(call(ONLINE, "--best-effort", "--", "launched", "sleep",
			 "10000", NULL),
		    130);
	assert_code(call("journal", "log", NULL), 0);
	assert_said("(exit 130");
}

/* What a front end that was ended left goes with the next run; what is another
 * name's stays. */
static void test_run_account__a_crash_is_swept(void **state)
{
	char ours[640], other[640];

	(void)state;
	enrol();
	(void)snprintf(ours, sizeof(ours), "%s/sandbook-run-%s", data_directory,
		       ENROLLED_NONCE);
	(void)snprintf(other, sizeof(other), "%s/sandbook-runs",
		       data_directory);
	assert_int_equal(_mkdir(ours), 0);
	assert_int_equal(_mkdir(other), 0);
	assert_code(call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit 0",
			 NULL),
		    0);
	assert_int_equal(_rmdir(ours), -1);
	assert_int_equal(_rmdir(other), 0);
}

/* Two runs at once: that one sweeps what the other is removing is no failure
 * of either. */
static void test_run_account__a_sweep_beside_it_is_no_failure(void **state)
{
	(void)state;
	enrol();
	file.NtSetInformationFile = sweep_first;
	swept = 0;
	assert_code(call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit 7",
			 NULL),
		    7);
	assert_in_range(swept, 1, 9);
}

/* --- what is foreseen ----------------------------------------------------- */

static void test_run_account__the_plan_tells_the_truth(void **state)
{
	static const uint32_t subs[] = {21, 9, 9, 9, 1009};
	const struct sbk_sid another = sbk_sid_make(5, subs, 5);
	struct sbk_sid_text text;

	(void)state;
	assert_code(call("plan", "-C", "ws", NULL), 0);
	assert_said("Account: none, since this user has no sandbox account");
	enrolled_make(sim, L"SandbookOffline", SBK_PRINCIPAL_OFFLINE, &own,
		      &own);
	assert_code(call("plan", "-C", "ws", NULL), 0);
	assert_said("no password of it is kept");
	enrolled_keep("SandbookOffline", &own);
	assert_code(call("plan", "-C", "ws", NULL), 0);
	assert_said("Account: 'SandbookOffline' (");
	assert_said(sbk_sid_format(&own, &text));
	assert_code(call("run", "--dry-run", "--json", "-C", "ws", NULL), 0);
	assert_said("\"used\":true");
	/* The other network mode has another account. */
	assert_code(call("plan", "--net", "-C", "ws", NULL), 0);
	assert_said("Account: none");
	/* A name that was given again. */
	enrolled_keep("SandbookOffline", &another);
	assert_code(call("plan", "-C", "ws", NULL), 0);
	assert_said("is of the account S-1-5-21-9-9-9-1009");
	assert_int_equal(started_count, 0);
}

/* --- refusals ------------------------------------------------------------- */

static void test_run_account__never_the_user_in_its_place(void **state)
{
	static const uint32_t subs[] = {21, 9, 9, 9, 1009};
	const struct sbk_sid another = sbk_sid_make(5, subs, 5);

	(void)state;
	enrol();
	enrolled_keep("SandbookOnline", &another);
	assert_code(call(ONLINE, "--best-effort", "--test-any-token", "--",
			 "cmd", "/c", "mkdir", "made", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("is of the account S-1-5-21-9-9-9-1009");
	assert_code(call(ONLINE, "--best-effort", "--test-any-token",
			 "--no-account", "--", "cmd", "/c", "exit", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("is kept");
	assert_int_equal(started_count, 0);
	assert_int_equal(_rmdir("ws/made"), -1);
}

static void test_run_account__a_logon_that_fails_has_its_remedy(void **state)
{
	(void)state;
	enrol();
	refuse_with = 1326;
	assert_int_not_equal(
		call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit", NULL),
		0);
	assert_said("setup --upgrade");
	refuse_with = 1331;
	assert_int_not_equal(
		call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit", NULL),
		0);
	assert_said("disabled");
	assert_null(strstr(output, ENROLLED_PASSWORD));
	/* Nothing was begun, so there is no session. */
	assert_code(call("journal", "log", NULL), 0);
	assert_null(strstr(output, "cmd"));
}

static void test_run_account__denied_paths_are_refused(void **state)
{
	(void)state;
	enrol();
	assert_int_equal(_mkdir("ws/key"), 0);
	assert_code(call(ONLINE, "--best-effort", "--deny", "key", "--", "cmd",
			 "/c", "exit", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("is denied");
	assert_int_equal(started_count, 0);
}

/* A runner that cannot be ended is told, whatever failed before it: something
 * of the account's may be alive. */
static void test_run_account__what_cannot_be_ended_is_told(void **state)
{
	(void)state;
	enrol();
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "strict token"));
	ends_until_refused = 1;
	assert_code(
		call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit", NULL),
		SBK_EXIT_INCOMPLETE);
	assert_said("not restricted");
	assert_said("TerminateJobObject");
	/* Nor is another begun where the network's trial failed. */
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "serve"));
	ends_until_refused = 1;
	assert_int_not_equal(call("run", "-C", "ws", "--best-effort", "--",
				  "cmd", "/c", "exit", NULL),
			     0);
	assert_said("TerminateJobObject");
	assert_int_equal(started_count, 2);
	/* The control: with it ended, there is another logon. */
	assert_code(call("run", "-C", "ws", "--best-effort", "--", "cmd", "/c",
			 "exit 5", NULL),
		    5);
	assert_said("'network' is not guaranteed");
	assert_int_equal(started_count, 4);
}

/* That something else was not found is no program that is not there. */
static void test_run_account__no_place_for_files_is_a_failure(void **state)
{
	(void)state;
	enrol();
	has_no_data = true;
	assert_int_not_equal(
		call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit", NULL),
		127);
	assert_int_equal(started_count, 0);
	assert_said("SHGetKnownFolderPath");
}

/* What is denied to the account may be what nobody granted; what is denied to
 * us is not. */
static void test_run_account__a_grant_is_named_where_it_helps(void **state)
{
	(void)state;
	enrol();
	no_place_is_made = true;
	assert_int_not_equal(
		call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit", NULL),
		0);
	assert_said("sandbook-run-");
	assert_null(strstr(output, "sandbook grant --rw"));
	no_place_is_made = false;
	directory_goes = true;
	assert_int_not_equal(
		call(ONLINE, "--best-effort", "--", "cmd", "/c", "exit", NULL),
		0);
	assert_said("'sandbook grant --rw ");
	directory_goes = false;
	assert_int_equal(_mkdir("ws"), 0);
}

/* What the account cannot be given is said before it begins, and foreseen. */
static void test_run_account__what_cannot_be_granted_is_told(void **state)
{
	(void)state;
	enrol();
	volume_goes = true;
	file.NtQueryVolumeInformationFile = query_volume;
	assert_code(call("run", "--net", "-C", "ws", "--grant", "acl",
			 "--dry-run", "--", "cmd", NULL),
		    0);
	assert_said("it cannot be given what the run is to read and write");
	assert_said("removable");
	assert_said("Home: '");
	assert_said("' reads in it what it was granted");
	assert_code(call("run", "--net", "-C", "ws", "--grant", "acl", "--",
			 "cmd", "/c", "exit", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("cannot be given what the run is to read and write");
	assert_said("removable");
	assert_int_equal(started_count, 0);
	assert_code(call(ONLINE, "--best-effort", "--grant", "acl", "--", "cmd",
			 "/c", "exit", "4", NULL),
		    4);
	assert_said("the sandbox account has what it had before: ");
	volume_goes = false;
}

/* Without best effort, what Wine does not do is refused: by the runner, and
 * nothing was recorded. */
static void test_run_account__strict_it_is_refused_here(void **state)
{
	(void)state;
	enrol();
	assert_code(call(ONLINE, "--", "cmd", "/c", "mkdir", "made", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("sandbook-runner (job)");
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "strict token"));
	assert_code(call(ONLINE, "--best-effort", "--", "cmd", "/c", "mkdir",
			 "made", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("not restricted");
	assert_int_equal(_rmdir("ws/made"), -1);
	assert_code(call("journal", "log", NULL), 0);
	assert_null(strstr(output, "mkdir"));
}

/* --- without it, all the same --------------------------------------------- */

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
	struct sim_account *account = sim_account_named(sim, name);

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
	enrolled_make(sim, L"SandbookOffline", SBK_PRINCIPAL_OFFLINE, &own,
		      &own);
	enrolled_make(sim, L"SandbookOnline", SBK_PRINCIPAL_ONLINE, &own, &own);
	keep_by_record("SandbookOffline");
	keep_by_record("SandbookOnline");
	(void)wcscpy(sim_account_named(sim, L"SandbookOffline")->password,
		     L"" ENROLLED_PASSWORD);
	(void)wcscpy(sim_account_named(sim, L"SandbookOnline")->password,
		     L"" ENROLLED_PASSWORD);
	logon.NetUserChangePassword = change_password;
	table.check = &sim_check_table;
	table.rights.LookupAccountSidW = name_own;
	refuse_second = 0;
	changes = 0;
}

static bool opens(const WCHAR *name)
{
	return wcscmp(sim_account_named(sim, name)->password,
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
static void test_run_account__withheld_it_is_the_users_own(void **state)
{
	(void)state;
	enrol_by_record();
	assert_code(call("plan", "-C", "ws", "--no-account", NULL), 0);
	assert_said("SandbookOffline,SandbookOnline: their passwords are kept");
	assert_said("so the run is refused");
	assert_code(call("plan", "-C", "ws", "--no-account",
			 "--withhold-passwords", NULL),
		    0);
	assert_said("each gets a password that nobody has");
	assert_said("setup --upgrade");
	assert_code(call(WITHHOLD, "--dry-run", "--json", NULL), 0);
	assert_said("\"withholds\":true");
	assert_untouched();
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "exit 7", NULL), 7);
	assert_said("passwords of these accounts worthless: "
		    "SandbookOffline,SandbookOnline");
	assert_false(opens(L"SandbookOffline") || opens(L"SandbookOnline"));
	assert_int_not_equal(
		wcscmp(sim_account_named(sim, L"SandbookOffline")->password,
		       sim_account_named(sim, L"SandbookOnline")->password),
		0);
	assert_false(is_kept("SandbookOffline") || is_kept("SandbookOnline"));
	assert_null(strstr(output, ENROLLED_PASSWORD));
	assert_code(call("journal", "log", "--json", NULL), 0);
	assert_said("\"withholds\":\"SandbookOffline,SandbookOnline\"");
	assert_said("run --withhold-passwords");
	assert_code(call("journal", "verify", NULL), 0);
	/* Nothing to withhold, nothing to refuse. */
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
	assert_int_equal(changes, 2);
	assert_code(call(ONLINE, "--best-effort", "--account", "--", "cmd",
			 "/c", "exit", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("setup --upgrade");
	assert_int_equal(started_count, 0);
}

/* Whatever refuses it refuses the run, and changes nothing. */
static void test_run_account__withholding_is_refused_whole(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_front *front = NULL;

	(void)state;
	enrol_by_record();
	assert_code(call("run", "-C", "ws", "--withhold-passwords", "--", "cmd",
			 "/c", "exit", NULL),
		    SBK_EXIT_USAGE);
	assert_said("goes with --no-account");
	/* A launch that is refused comes before it. */
	assert_code(call("run", "-C", "ws", "--best-effort", "--no-account",
			 "--withhold-passwords", "--", "cmd", "/c", "mkdir",
			 "made", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_said("not restricted");
	assert_untouched();
	sim->check.password_age_min_s = 86400;
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "mkdir", "made", NULL),
		    SBK_EXIT_DENIED);
	assert_said("younger than 1 days");
	assert_untouched();
	sim->check.password_age_min_s = 0;
	/* Beside a front end that has a password in memory. */
	assert_ok(sbk_front_open(false, &front, &err), &err);
	assert_ok(sbk_front_share(front, SBK_FRONT_ACCOUNT, NULL, &err), &err);
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "mkdir", "made", NULL),
		    SBK_EXIT_BUSY);
	assert_said("a run under a sandbox account of this user's is at work");
	sbk_front_close(front);
	assert_untouched();
	assert_int_equal(changes, 0);
	assert_code(call("journal", "log", "--json", NULL), 0);
	assert_said("\"failed\":");
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
}

/* The system lets the first one go and not the second: what is worthless is not
 * kept, what is not is, and nothing runs. Then the same command goes on. */
static void test_run_account__withholding_that_stops_goes_on(void **state)
{
	(void)state;
	enrol_by_record();
	refuse_second = NERR_PasswordTooShort;
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "mkdir", "made", NULL),
		    SBK_EXIT_DENIED);
	assert_said("'SandbookOffline' was changed before that");
	assert_int_equal(_rmdir("ws/made"), -1);
	assert_false(opens(L"SandbookOffline") || is_kept("SandbookOffline"));
	assert_true(opens(L"SandbookOnline") && is_kept("SandbookOnline"));
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
	assert_false(opens(L"SandbookOnline") || is_kept("SandbookOnline"));
	/* One whose password was changed, and which is kept still. */
	enrolled_forget();
	keep_by_record("SandbookOffline");
	assert_code(call(WITHHOLD, "--", "cmd", "/c", "exit 5", NULL), 5);
	assert_false(is_kept("SandbookOffline"));
}

#define RUN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	RUN_TEST(test_run_account__runs_to_its_end),
	RUN_TEST(test_run_account__what_it_is_given_is_its_own),
	RUN_TEST(test_run_account__its_end_is_told),
	RUN_TEST(test_run_account__a_granted_root_is_handed_back),
	RUN_TEST(test_run_account__is_interrupted),
	RUN_TEST(test_run_account__is_interrupted_early),
	RUN_TEST(test_run_account__a_crash_is_swept),
	RUN_TEST(test_run_account__a_sweep_beside_it_is_no_failure),
	RUN_TEST(test_run_account__the_plan_tells_the_truth),
	RUN_TEST(test_run_account__never_the_user_in_its_place),
	RUN_TEST(test_run_account__a_logon_that_fails_has_its_remedy),
	RUN_TEST(test_run_account__denied_paths_are_refused),
	RUN_TEST(test_run_account__withheld_it_is_the_users_own),
	RUN_TEST(test_run_account__withholding_is_refused_whole),
	RUN_TEST(test_run_account__withholding_that_stops_goes_on),
	RUN_TEST(test_run_account__what_cannot_be_ended_is_told),
	RUN_TEST(test_run_account__no_place_for_files_is_a_failure),
	RUN_TEST(test_run_account__a_grant_is_named_where_it_helps),
	RUN_TEST(test_run_account__what_cannot_be_granted_is_told),
	RUN_TEST(test_run_account__strict_it_is_refused_here),
};

int main(int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person caller;
	char *c;

	if (GetModuleFileNameA(NULL, programs, sizeof(programs)) == 0)
		return 1;
	for (c = programs; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	*strrchr(programs, '/') = '\0';
	if (sbk_os_caller(&caller, &err) < 0 ||
	    sbk_journal_place_user(&caller, &place, &err) < 0 ||
	    !SetEnvironmentVariableA("PATH", programs))
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
