/* See the header. */
#include "tests/windows/runner_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/pipe_end.h"
#include "engine/windows/win32_process.h"
#include "tests/support/test.h"

#include "engine/banned.h"

struct runner_world runner_world;

/* --- the logon, simulated
 * --------------------------------------------------
 */

static BOOL WINAPI start_as_self(LPCWSTR name, LPCWSTR domain, LPCWSTR password,
				 DWORD how, LPCWSTR program, LPWSTR line,
				 DWORD flags, LPVOID environment, LPCWSTR where,
				 LPSTARTUPINFOW startup,
				 LPPROCESS_INFORMATION out)
{
	const HANDLE self = GetCurrentProcess();

	if ((flags & CREATE_SUSPENDED) == 0 || wcscmp(domain, L".") != 0 ||
	    wcscmp(name, L"SandbookOffline") != 0 || how != 0 ||
	    wcscmp(password, L"" RUNNER_PASSWORD) != 0 || environment != NULL)
		abort();
	if (runner_world.refuse_with != 0) {
		SetLastError(runner_world.refuse_with);
		return FALSE;
	}
	if (runner_world.started_count == RUNNER_STARTED_MAX ||
	    !CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL,
			    where, startup, out) ||
	    !DuplicateHandle(
		    self, out->hProcess, self,
		    &runner_world.started[runner_world.started_count++],
		    SYNCHRONIZE, FALSE, 0))
		abort();
	return TRUE;
}

int runner_world_setup(void **state)
{
	(void)state;
	runner_world.table = sbk_win32_system;
	runner_world.logon = sbk_win32_logon_system;
	runner_world.logon.CreateProcessWithLogonW = start_as_self;
	runner_world.table.logon = &runner_world.logon;
	sbk_win32 = &runner_world.table;
	runner_world.refuse_with = 0;
	runner_world.patience_ms = 2500;
	runner_world.started_count = 0;
	return 0;
}

/* Whatever happened, no process of the account's stays. */
int runner_world_teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < runner_world.started_count; i++) {
		assert_int_equal(
			WaitForSingleObject(runner_world.started[i], 5000),
			WAIT_OBJECT_0);
		(void)CloseHandle(runner_world.started[i]);
	}
	sbk_win32 = &sbk_win32_system;
	return 0;
}

int runner_world_begin(const char *mode, struct sbk_runner **out,
		       struct sbk_error *err)
{
	struct sbk_sid own;
	struct sbk_runner_wish wish = {.account = "SandbookOffline",
				       .password = RUNNER_PASSWORD,
				       .sid = &own,
				       .program = runner_world.runner_program,
				       .test_patience_ms =
					       runner_world.patience_ms};

	assert_ok(sbk_pipe_own_user(&own, err), err);
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", mode));
	return sbk_runner_start(&wish, out, err);
}

/* --- a command ------------------------------------------------------------ */

static const char *const no_variables[] = {NULL};

struct sbk_launch_wish runner_world_wish(const char *const *argv)
{
	static const uint8_t random[SBK_SYNTHETIC_ID_BYTES] = {7};
	static struct sbk_sid run_sid;

	run_sid = sbk_synthetic_make_run(random);
	return (struct sbk_launch_wish){.program = runner_world.launched,
					.argv = argv,
					.directory = runner_world.directory,
					.environment = no_variables,
					.run = &run_sid,
					.best_effort = true};
}

void runner_world_run(struct sbk_runner *runner, struct sbk_launch_wish *wish,
		      struct outcome *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	size_t got = 1, used = 0;

	memset(out, 0, sizeof(*out));
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	wish->streams[1] = wish->streams[2] = write;
	out->rc = sbk_runner_run(runner, wish, &out->end, &out->err);
	(void)CloseHandle(write);
	while (got > 0 && used < sizeof(out->text) - 1) {
		assert_ok(sbk_win32_read_pipe(read, out->text + used,
					      sizeof(out->text) - 1 - used,
					      &got, &err),
			  &err);
		used += got;
	}
	(void)CloseHandle(read);
}

/* Both programs lie beside us. */
int runner_world_find(void)
{
	char *slash, *c;

	if (GetModuleFileNameA(NULL, runner_world.directory,
			       sizeof(runner_world.directory)) == 0)
		return 1;
	for (c = runner_world.directory; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	slash = strrchr(runner_world.directory, '/');
	*slash = '\0';
	(void)snprintf(runner_world.launched, sizeof(runner_world.launched),
		       "%s/launched.exe", runner_world.directory);
	(void)snprintf(runner_world.runner_program,
		       sizeof(runner_world.runner_program),
		       "%s/runner_tested.exe", runner_world.directory);
	return 0;
}
