/*
 * sandbook run under an account, in the world of run_world.h: the command as it
 * is, what is foreseen of it, and what is refused.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/windows/temporary.h"
#include "tests/windows/enrolled.h"
#include "tests/windows/kept_lists.h"
#include "tests/windows/run_world.h"

#include "engine/banned.h"

/* NtSetInformationFile's classes, and STATUS_FILE_DELETED. */
#define SET_DISPOSITION 13
#define SET_DISPOSITION_EX 64
#define FILE_DELETED ((NTSTATUS)0xC0000123)

static unsigned swept;

/* The volume can be taken out. */
static NTSTATUS NTAPI query_volume(HANDLE handle, PIO_STATUS_BLOCK io,
				   PVOID out, ULONG size,
				   FS_INFORMATION_CLASS what)
{
	static const ULONG removable[2] = {7 /* FILE_DEVICE_DISK */,
					   1 /* FILE_REMOVABLE_MEDIA */};

	if (!world.volume_goes || size < sizeof(removable))
		return sbk_win32_file_system.NtQueryVolumeInformationFile(
			handle, io, out, size, what);
	memcpy(out, removable, sizeof(removable));
	return 0;
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

/* --- what it is ----------------------------------------------------------- */

static void test_run_account__runs_to_its_end(void **state)
{
	(void)state;
	run_world_enrol();
	/* Wine reads no limits of a job back, which is said. */
	run_world_code(run_world_call(ONLINE, "--best-effort", "--memory",
				      "512", "--", "cmd", "/c", "echo",
				      "hello&exit", "7", NULL),
		       7);
	assert_non_null(strstr(world.written, "hello"));
	run_world_said("were not all read back");
	assert_null(strstr(world.output, "is not guaranteed"));
	assert_null(strstr(world.output, ENROLLED_PASSWORD));
	assert_int_equal(world.started_count, 1);
	run_world_code(run_world_call("journal", "log", NULL), 0);
	run_world_said("exit 7");
	run_world_code(run_world_call("journal", "log", "--json", NULL), 0);
	run_world_said("/data/sandbook-run-");
	run_world_said("\"account\":\"S-1-");
	run_world_said("\"limits\":{\"memory_mib\":512}");
	run_world_said("\"write-restricted token\",\"account\"");
	run_world_code(run_world_call("journal", "verify", NULL), 0);
}

/* Its own variables, and a place for temporary files that goes with it. */
static void test_run_account__what_it_is_given_is_its_own(void **state)
{
	static const char *const names[] = {
		"\nUSERPROFILE=", "\nAPPDATA=", "\nLOCALAPPDATA=", "\nTEMP="};
	const char *at;
	size_t i;

	(void)state;
	run_world_enrol();
	run_world_code(run_world_call(ONLINE, "--best-effort", "--env",
				      "HOME=C:\\mine", "--", "cmd", "/c", "set",
				      NULL),
		       0);
	for (i = 0; i < 4; i++) {
		at = strstr(world.written, names[i]);
		if (at == NULL || strstr(at, "\\data\\sandbook-run-") == NULL ||
		    strchr(at + 1, '\n') < strstr(at, "sandbook-run-"))
			fail_msg("%s: %s", names[i], world.written);
	}
	assert_non_null(strstr(world.written, "\nUSERNAME=SandbookOnline\r"));
	assert_non_null(strstr(world.written, "\nHOME=C:\\mine\r"));
	assert_null(strstr(world.written, "HTTP_PROXY"));
	assert_non_null(strstr(world.written, "=safe.directory\r"));
	/* Its variables name directories that are there, for it to write in. */
	run_world_code(
		run_world_call(
			ONLINE, "--best-effort", "--", "cmd", "/c",
			"cd /d %APPDATA%\\npm && cd /d %LOCALAPPDATA% && "
			"mkdir cache && cd cache && cd",
			NULL),
		0);
	assert_non_null(strstr(world.written, "\\AppData\\Local\\cache\r"));
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "launched",
				      "litter", NULL),
		       3);
	assert_non_null(strstr(world.written, "sandbook-run-"));
}

static void test_run_account__its_end_is_told(void **state)
{
	(void)state;
	run_world_enrol();
	run_world_code(run_world_call(ONLINE, "--best-effort", "--timeout", "1",
				      "--", "launched", "sleep", "60000", NULL),
		       SBK_EXIT_TIMEOUT);
	run_world_code(
		run_world_call(ONLINE, "--best-effort", "--", "nowhere", NULL),
		127);
	assert_int_equal(world.started_count, 1);
	run_world_code(run_world_call("journal", "log", NULL), 0);
	run_world_said("nowhere");
}

/* Whoever granted a root: what the account makes there is to be handed back,
 * and the record says where. */
static void test_run_account__a_granted_root_is_handed_back(void **state)
{
	static const struct kept_lists_options kept = {.fails = NULL};

	(void)state;
	run_world_enrol();
	kept_lists_put(&world.table, &kept);
	run_world_code(
		run_world_call("grant", "--to", "runs", "--rw", "ws", NULL), 0);
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "cmd",
				      "/c", "exit 7", NULL),
		       7);
	run_world_code(run_world_call("journal", "log", "--json", NULL), 0);
	run_world_said("\"hand_back\":[{\"path\":\"");
	run_world_code(run_world_call("undo", "--yes", "--path", "ws", NULL),
		       0);
}

/* Ctrl-C ends the command, and then all is as at any end. */
static void test_run_account__is_interrupted(void **state)
{
	DWORD answered = 9;

	(void)state;
	run_world_enrol();
	world.press = true;
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "launched",
				      "sleep", "60000", NULL),
		       130);
	assert_int_equal(WaitForSingleObject(world.pressing, 5000),
			 WAIT_OBJECT_0);
	assert_true(GetExitCodeThread(world.pressing, &answered));
	assert_int_equal(answered, 0);
	(void)CloseHandle(world.pressing);
	assert_null(world.handler);
	run_world_code(run_world_call("journal", "log", NULL), 0);
	run_world_said("(exit 130");
}

/* One is enough, also before the runner was told what to start. */
static void test_run_account__is_interrupted_early(void **state)
{
	(void)state;
	run_world_enrol();
	world.press_at_once = true;
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "launched",
				      "sleep", "10000", NULL),
		       130);
	run_world_code(run_world_call("journal", "log", NULL), 0);
	run_world_said("(exit 130");
}

/* What a front end that was ended left goes with the next run; what is another
 * name's stays. */
static void test_run_account__a_crash_is_swept(void **state)
{
	char ours[640], other[640];

	(void)state;
	run_world_enrol();
	(void)snprintf(ours, sizeof(ours), "%s/sandbook-run-%s",
		       world.data_directory, ENROLLED_NONCE);
	(void)snprintf(other, sizeof(other), "%s/sandbook-runs",
		       world.data_directory);
	assert_int_equal(_mkdir(ours), 0);
	assert_int_equal(_mkdir(other), 0);
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "cmd",
				      "/c", "exit 0", NULL),
		       0);
	assert_int_equal(_rmdir(ours), -1);
	assert_int_equal(_rmdir(other), 0);
}

/* Two runs at once: that one sweeps what the other is removing is no failure
 * of either. */
static void test_run_account__a_sweep_beside_it_is_no_failure(void **state)
{
	(void)state;
	run_world_enrol();
	world.file.NtSetInformationFile = sweep_first;
	swept = 0;
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "cmd",
				      "/c", "exit 7", NULL),
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
	run_world_code(run_world_call("plan", "-C", "ws", NULL), 0);
	run_world_said("Account: none, since this user has no sandbox account");
	enrolled_make(world.sim, L"SandbookOffline", SBK_PRINCIPAL_OFFLINE,
		      &world.own, &world.own);
	run_world_code(run_world_call("plan", "-C", "ws", NULL), 0);
	run_world_said("no password of it is kept");
	enrolled_keep("SandbookOffline", &world.own);
	run_world_code(run_world_call("plan", "-C", "ws", NULL), 0);
	run_world_said("Account: 'SandbookOffline' (");
	run_world_said(sbk_sid_format(&world.own, &text));
	run_world_code(
		run_world_call("run", "--dry-run", "--json", "-C", "ws", NULL),
		0);
	run_world_said("\"used\":true");
	/* The other network mode has another account. */
	run_world_code(run_world_call("plan", "--net", "-C", "ws", NULL), 0);
	run_world_said("Account: none");
	/* A name that was given again. */
	enrolled_keep("SandbookOffline", &another);
	run_world_code(run_world_call("plan", "-C", "ws", NULL), 0);
	run_world_said("is of the account S-1-5-21-9-9-9-1009");
	assert_int_equal(world.started_count, 0);
}

/* --- refusals ------------------------------------------------------------- */

static void test_run_account__never_the_user_in_its_place(void **state)
{
	static const uint32_t subs[] = {21, 9, 9, 9, 1009};
	const struct sbk_sid another = sbk_sid_make(5, subs, 5);

	(void)state;
	run_world_enrol();
	enrolled_keep("SandbookOnline", &another);
	run_world_code(run_world_call(ONLINE, "--best-effort",
				      "--test-any-token", "--", "cmd", "/c",
				      "mkdir", "made", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("is of the account S-1-5-21-9-9-9-1009");
	run_world_code(run_world_call(ONLINE, "--best-effort",
				      "--test-any-token", "--no-account", "--",
				      "cmd", "/c", "exit", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("is kept");
	assert_int_equal(world.started_count, 0);
	assert_int_equal(_rmdir("ws/made"), -1);
}

static void test_run_account__a_logon_that_fails_has_its_remedy(void **state)
{
	(void)state;
	run_world_enrol();
	world.refuse_with = 1326;
	assert_int_not_equal(run_world_call(ONLINE, "--best-effort", "--",
					    "cmd", "/c", "exit", NULL),
			     0);
	run_world_said("setup --upgrade");
	world.refuse_with = 1331;
	assert_int_not_equal(run_world_call(ONLINE, "--best-effort", "--",
					    "cmd", "/c", "exit", NULL),
			     0);
	run_world_said("disabled");
	assert_null(strstr(world.output, ENROLLED_PASSWORD));
	/* Nothing was begun, so there is no session. */
	run_world_code(run_world_call("journal", "log", NULL), 0);
	assert_null(strstr(world.output, "cmd"));
}

static void test_run_account__denied_paths_are_refused(void **state)
{
	(void)state;
	run_world_enrol();
	assert_int_equal(_mkdir("ws/key"), 0);
	run_world_code(run_world_call(ONLINE, "--best-effort", "--deny", "key",
				      "--", "cmd", "/c", "exit", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("is denied");
	assert_int_equal(world.started_count, 0);
}

/* A runner that cannot be ended is told, whatever failed before it: something
 * of the account's may be alive. */
static void test_run_account__what_cannot_be_ended_is_told(void **state)
{
	(void)state;
	run_world_enrol();
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "strict token"));
	world.ends_until_refused = 1;
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "cmd",
				      "/c", "exit", NULL),
		       SBK_EXIT_INCOMPLETE);
	run_world_said("not restricted");
	run_world_said("TerminateJobObject");
	/* Nor is another begun where the network's trial failed. */
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "serve"));
	world.ends_until_refused = 1;
	assert_int_not_equal(run_world_call("run", "-C", "ws", "--best-effort",
					    "--", "cmd", "/c", "exit", NULL),
			     0);
	run_world_said("TerminateJobObject");
	assert_int_equal(world.started_count, 2);
	/* The control: with it ended, there is another logon. */
	run_world_code(run_world_call("run", "-C", "ws", "--best-effort", "--",
				      "cmd", "/c", "exit 5", NULL),
		       5);
	run_world_said("'network' is not guaranteed");
	assert_int_equal(world.started_count, 4);
}

/* That something else was not found is no program that is not there. */
static void test_run_account__no_place_for_files_is_a_failure(void **state)
{
	(void)state;
	run_world_enrol();
	world.has_no_data = true;
	assert_int_not_equal(run_world_call(ONLINE, "--best-effort", "--",
					    "cmd", "/c", "exit", NULL),
			     127);
	assert_int_equal(world.started_count, 0);
	run_world_said("SHGetKnownFolderPath");
}

/* What is denied to the account may be what nobody granted; what is denied to
 * us is not. */
static void test_run_account__a_grant_is_named_where_it_helps(void **state)
{
	(void)state;
	run_world_enrol();
	world.no_place_is_made = true;
	assert_int_not_equal(run_world_call(ONLINE, "--best-effort", "--",
					    "cmd", "/c", "exit", NULL),
			     0);
	run_world_said("sandbook-run-");
	assert_null(strstr(world.output, "sandbook grant --rw"));
	world.no_place_is_made = false;
	world.directory_goes = true;
	assert_int_not_equal(run_world_call(ONLINE, "--best-effort", "--",
					    "cmd", "/c", "exit", NULL),
			     0);
	run_world_said("'sandbook grant --rw ");
	world.directory_goes = false;
	assert_int_equal(_mkdir("ws"), 0);
}

/* What the account cannot be given is said before it begins, and foreseen. */
static void test_run_account__what_cannot_be_granted_is_told(void **state)
{
	(void)state;
	run_world_enrol();
	world.volume_goes = true;
	world.file.NtQueryVolumeInformationFile = query_volume;
	run_world_code(run_world_call("run", "--net", "-C", "ws", "--grant",
				      "acl", "--dry-run", "--", "cmd", NULL),
		       0);
	run_world_said("it cannot be given what the run is to read and write");
	run_world_said("removable");
	run_world_said("Home: '");
	run_world_said("' reads in it what it was granted");
	run_world_code(run_world_call("run", "--net", "-C", "ws", "--grant",
				      "acl", "--", "cmd", "/c", "exit", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("cannot be given what the run is to read and write");
	run_world_said("removable");
	assert_int_equal(world.started_count, 0);
	run_world_code(run_world_call(ONLINE, "--best-effort", "--grant", "acl",
				      "--", "cmd", "/c", "exit", "4", NULL),
		       4);
	run_world_said("the sandbox account has what it had before: ");
	world.volume_goes = false;
}

/* Without best effort, what Wine does not do is refused: by the runner, and
 * nothing was recorded. */
static void test_run_account__strict_it_is_refused_here(void **state)
{
	(void)state;
	run_world_enrol();
	run_world_code(run_world_call(ONLINE, "--", "cmd", "/c", "mkdir",
				      "made", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("sandbook-runner (job)");
	assert_true(SetEnvironmentVariableA("SBK_TEST_RUNNER", "strict token"));
	run_world_code(run_world_call(ONLINE, "--best-effort", "--", "cmd",
				      "/c", "mkdir", "made", NULL),
		       SBK_EXIT_UNSUPPORTED);
	run_world_said("not restricted");
	assert_int_equal(_rmdir("ws/made"), -1);
	run_world_code(run_world_call("journal", "log", NULL), 0);
	assert_null(strstr(world.output, "mkdir"));
}

#define RUN_TEST(name)                                         \
	cmocka_unit_test_setup_teardown(name, run_world_setup, \
					run_world_teardown)

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
	RUN_TEST(test_run_account__what_cannot_be_ended_is_told),
	RUN_TEST(test_run_account__no_place_for_files_is_a_failure),
	RUN_TEST(test_run_account__a_grant_is_named_where_it_helps),
	RUN_TEST(test_run_account__what_cannot_be_granted_is_told),
	RUN_TEST(test_run_account__strict_it_is_refused_here),
};

int main(int argc, char **argv)
{
	return run_world_main(argc, argv, tests,
			      sizeof(tests) / sizeof(*tests));
}
