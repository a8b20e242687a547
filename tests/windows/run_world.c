/* See the header. */
#include "tests/windows/run_world.h"

#include <direct.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <initguid.h>
#include <knownfolders.h>

#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/wide.h"
#include "tests/support/test.h"
#include "tests/windows/commands.h"
#include "tests/windows/enrolled.h"

#include "engine/banned.h"

struct run_world world;

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
	if (world.directory_goes)
		assert_int_equal(_rmdir("ws"), 0);
	if (world.refuse_with != 0) {
		SetLastError(world.refuse_with);
		return FALSE;
	}
	(void)snprintf(tested, sizeof(tested), "%s/runner_tested.exe",
		       world.programs);
	if (world.started_count == STARTED_MAX ||
	    !CreateProcessW(sbk_wide_path(&path, tested), line, NULL, NULL,
			    FALSE, flags, NULL, where, startup, out) ||
	    !DuplicateHandle(self, out->hProcess, self,
			     &world.started[world.started_count++], SYNCHRONIZE,
			     FALSE, 0))
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
	if (world.has_no_data)
		return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
	path = sbk_wide_path(&wide, world.data_directory);
	*out = CoTaskMemAlloc(2 * (wcslen(path) + 1));
	if (*out == NULL)
		return E_OUTOFMEMORY;
	(void)wcscpy(*out, path);
	sbk_buf_release(&wide);
	return S_OK;
}

static NTSTATUS NTAPI make_no_place(PHANDLE out, ACCESS_MASK access,
				    POBJECT_ATTRIBUTES object,
				    PIO_STATUS_BLOCK io, PLARGE_INTEGER size,
				    ULONG attributes, ULONG share,
				    ULONG disposition, ULONG options, PVOID ea,
				    ULONG ea_size)
{
	if (world.no_place_is_made && disposition == FILE_CREATE &&
	    object->ObjectName->Length > 26 &&
	    memcmp(object->ObjectName->Buffer, L"sandbook-run-", 26) == 0)
		return (NTSTATUS)0xc0000022; /* STATUS_ACCESS_DENIED */
	return sbk_win32_system.files.NtCreateFile(
		out, access, object, io, size, attributes, share, disposition,
		options, ea, ea_size);
}

/* The n-th end of a runner's job is refused; its processes end all the same. */
static BOOL WINAPI refuse_to_end(HANDLE job, UINT code)
{
	if (--world.ends_until_refused != 0)
		return sbk_win32_process_system.TerminateJobObject(job, code);
	SetLastError(ERROR_ACCESS_DENIED);
	return FALSE;
}

/* The command writes where we can read it. */
static HANDLE WINAPI give_stream(DWORD which)
{
	return which == STD_INPUT_HANDLE ? NULL : world.output_file;
}

static DWORD WINAPI press_soon(void *arg)
{
	(void)arg;
	Sleep(1000);
	return world.handler != NULL && world.handler(CTRL_C_EVENT) ? 0 : 1;
}

static BOOL WINAPI set_handler(PHANDLER_ROUTINE routine, BOOL add)
{
	world.handler = add ? routine : NULL;
	if (add && world.press)
		world.pressing =
			CreateThread(NULL, 0, press_soon, NULL, 0, NULL);
	if (add && world.press_at_once)
		assert_true(world.handler(CTRL_C_EVENT));
	return TRUE;
}

static DWORD WINAPI last_error(void)
{
	const DWORD code = world.sim->last_error;

	world.sim->last_error = 0;
	return code != 0 ? code : GetLastError();
}

/* This user is enrolled, with both accounts. */
void run_world_enrol(void)
{
	enrolled_make(world.sim, L"SandbookOffline", SBK_PRINCIPAL_OFFLINE,
		      &world.own, &world.own);
	enrolled_make(world.sim, L"SandbookOnline", SBK_PRINCIPAL_ONLINE,
		      &world.own, &world.own);
	enrolled_keep("SandbookOffline", &world.own);
	enrolled_keep("SandbookOnline", &world.own);
}

int run_world_setup(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL;

	(void)state;
	world.made = sbk_test_directory("run_account");
	assert_ok(sbk_os_real_path(world.made, &real, &err), &err);
	(void)snprintf(world.directory, sizeof(world.directory), "%s", real);
	(void)snprintf(world.data_directory, sizeof(world.data_directory),
		       "%s/data", real);
	free(real);
	assert_int_equal(_chdir(world.directory), 0);
	assert_int_equal(_mkdir("data"), 0);
	assert_int_equal(_mkdir("ws"), 0);
	assert_ok(sbk_pipe_own_user(&world.own, &err), &err);
	world.sim = sim_begin();
	world.table = sbk_win32_system;
	world.table.accounts = &sim_accounts_table;
	world.table.rights.LookupAccountSidW =
		sbk_win32->rights.LookupAccountSidW;
	world.table.errors.GetLastError = last_error;
	world.table.files.NtCreateFile = make_no_place;
	world.logon = sbk_win32_logon_system;
	world.logon.CreateProcessWithLogonW = start_as_self;
	world.table.logon = &world.logon;
	world.file = sbk_win32_file_system;
	world.file.SHGetKnownFolderPath = find_folder;
	world.table.file = &world.file;
	world.program = sbk_win32_program_system;
	world.program.GetStdHandle = give_stream;
	world.program.SetConsoleCtrlHandler = set_handler;
	world.press = world.press_at_once = false;
	world.table.program = &world.program;
	world.process = sbk_win32_process_system;
	world.process.TerminateJobObject = refuse_to_end;
	world.table.process = &world.process;
	sbk_win32 = &world.table;
	world.ends_until_refused = 0;
	world.has_no_data = world.directory_goes = world.volume_goes =
		world.no_place_is_made = false;
	world.refuse_with = 0;
	world.started_count = 0;
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "serve"));
	return 0;
}

/* Whatever happened: nothing of the account's is alive, nothing kept. */
int run_world_teardown(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	WIN32_FIND_DATAA found;
	char pattern[640];
	size_t i;

	(void)state;
	for (i = 0; i < world.started_count; i++) {
		assert_int_equal(WaitForSingleObject(world.started[i], 5000),
				 WAIT_OBJECT_0);
		(void)CloseHandle(world.started[i]);
	}
	(void)snprintf(pattern, sizeof(pattern), "%s/sandbook-run-*",
		       world.data_directory);
	assert_ptr_equal(FindFirstFileA(pattern, &found), INVALID_HANDLE_VALUE);
	enrolled_forget();
	assert_ok(sbk_journal_remove(&world.place, &err), &err);
	sim_finish(world.sim);
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(world.made);
	return 0;
}

/* --- the program ---------------------------------------------------------- */

static void read_written(void)
{
	FILE *from = fopen("written", "rb");
	size_t used;

	assert_non_null(from);
	used = fread(world.written, 1, OUTPUT_MAX - 1, from);
	world.written[used] = '\0';
	assert_int_equal(fclose(from), 0);
}

/* One call of the program: its exit code, what it and the command wrote. */
int run_world_call(const char *first, ...)
{
	const struct sbk_command commands[] = {sbk_command_run,
					       sbk_command_plan,
					       sbk_command_grant,
					       {.name = NULL}};
	const struct sbk_command *const tables[] = {commands,
						    sbk_journal_commands, NULL};
	va_list words;
	int code;

	world.output_file = CreateFileA("written", GENERIC_WRITE,
					FILE_SHARE_READ | FILE_SHARE_WRITE,
					NULL, CREATE_ALWAYS, 0, NULL);
	assert_ptr_not_equal(world.output_file, INVALID_HANDLE_VALUE);
	va_start(words, first);
	code = commands_call("sandbook", tables, world.output,
			     sizeof(world.output), first, words);
	va_end(words);
	(void)CloseHandle(world.output_file);
	read_written();
	return code;
}

void run_world_said(const char *part)
{
	if (strstr(world.output, part) == NULL)
		fail_msg("without '%s': %s\n%s", part, world.output,
			 world.written);
}

void run_world_code(int code, int wanted)
{
	if (code != wanted)
		fail_msg("exit code %d, not %d: %s\n%s", code, wanted,
			 world.output, world.written);
}

int run_world_main(int argc, char **argv, const struct CMUnitTest *tests,
		   size_t count)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person caller;
	char *c;

	if (GetModuleFileNameA(NULL, world.programs, sizeof(world.programs)) ==
	    0)
		return 1;
	for (c = world.programs; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	*strrchr(world.programs, '/') = '\0';
	if (sbk_os_caller(&caller, &err) < 0 ||
	    sbk_journal_place_user(&caller, &world.place, &err) < 0 ||
	    !SetEnvironmentVariableA("PATH", world.programs))
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("tests", tests, count, NULL, NULL);
}
