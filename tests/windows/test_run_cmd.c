/*
 * plan, run and grant by sandbook.exe, for real. Wine restricts no token: there
 * a run is refused, and the way to its end is tried with the switch of tests,
 * which takes any token and says that writes are not carried. It keeps no
 * access list, either: a grant is refused, and undone.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/os.h"
#include "engine/run.h"
#include "journal/journal.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

#define OUTPUT_MAX 65536
#define DESCRIPTOR_MAX 4096
#define ANY "run -q --best-effort --test-any-token "

static char output[OUTPUT_MAX], programs[MAX_PATH], directory[MAX_PATH];
static struct sbk_journal_place place;

/* All that comes through the pipe until nobody has its other end any more. */
static void read_all(HANDLE from)
{
	DWORD got = 0;
	size_t used = 0;

	while (used < sizeof(output) - 1 &&
	       ReadFile(from, output + used, (DWORD)(sizeof(output) - 1 - used),
			&got, NULL) &&
	       got > 0)
		used += got;
	output[used] = '\0';
}

/* What the program prints, both streams; its exit code. Started as it is: with
 * a shell each call would be two programs. */
static int run(const char *words)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited),
					 .bInheritHandle = TRUE};
	STARTUPINFOA startup = {.cb = sizeof(startup),
				.dwFlags = STARTF_USESTDHANDLES};
	PROCESS_INFORMATION made;
	char given[4 * MAX_PATH], line[4 * MAX_PATH];
	HANDLE from = NULL;
	DWORD code = 0;

	(void)snprintf(given, sizeof(given), "%s\\sandbook.exe %s", programs,
		       words);
	assert_in_range(ExpandEnvironmentStringsA(given, line, sizeof(line)), 1,
			sizeof(line));
	assert_true(CreatePipe(&from, &startup.hStdOutput, &inherited, 0));
	assert_true(SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0));
	startup.hStdError = startup.hStdOutput;
	assert_true(CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL,
				   &startup, &made));
	(void)CloseHandle(startup.hStdOutput);
	read_all(from);
	(void)CloseHandle(from);
	(void)WaitForSingleObject(made.hProcess, INFINITE);
	assert_true(GetExitCodeProcess(made.hProcess, &code));
	(void)CloseHandle(made.hThread);
	(void)CloseHandle(made.hProcess);
	return (int)code;
}

static void expect(const char *words, int code, const char *part)
{
	const int found = run(words);

	if (found != code || strstr(output, part) == NULL)
		fail_msg("%s: exit code %d, not %d, or without '%s': %s", words,
			 found, code, part, output);
}

/* Directories for temporary files that are there. */
static size_t count_temporary(void)
{
	WIN32_FIND_DATAA found;
	char pattern[SBK_PATH_MAX + 8];
	size_t count = 0;
	HANDLE search;

	(void)snprintf(pattern, sizeof(pattern), "%s/run-*", place.directory);
	search = FindFirstFileA(pattern, &found);
	if (search == INVALID_HANDLE_VALUE)
		return 0;
	do
		count++;
	while (FindNextFileA(search, &found));
	(void)FindClose(search);
	return count;
}

static int setup(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person caller;

	(void)state;
	assert_true(GetModuleFileNameA(NULL, programs, sizeof(programs)) > 0);
	*strrchr(programs, '\\') = '\0';
	(void)snprintf(directory, sizeof(directory), "%s",
		       sbk_test_directory("run_cmd"));
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_journal_place_user(&caller, &place, &err), &err);
	(void)SetEnvironmentVariableA("KEPT_NOT", "secret");
	assert_true(SetEnvironmentVariableA("PATH", programs));
	return _chdir(directory);
}

static int teardown(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_journal_remove(&place, &err), &err);
	return _chdir("\\");
}

/* --- plan ----------------------------------------------------------------- */

static void test_run_cmd__plan_prints_the_scope(void **state)
{
	char words[3 * MAX_PATH];

	(void)state;
	assert_int_equal(_mkdir("Ws"), 0);
	assert_int_equal(_mkdir("Ws\\.GIT"), 0);
	/* Another case, backslashes, a prefix: one directory, as it is. */
	(void)snprintf(words, sizeof(words), "plan -C \"\\\\?\\%s\\wS\"",
		       directory);
	expect(words, 0, "/Ws/");
	assert_non_null(strstr(output, "/Ws/.GIT"));
	expect("run --dry-run --json -C ws", 0, "\"directory\":\"");
	assert_non_null(strstr(output, "/Ws\""));
	assert_null(strstr(output, "KEPT_NOT"));
	/* Program files are read, and PATH is known under whatever case. */
	expect("plan -C ws", 0, "/Program Files");
	assert_non_null(strstr(output, " PATH "));
}

static void test_run_cmd__roots_are_guarded(void **state)
{
	static const struct {
		const char *words, *part;
	} refused[] = {
		{"plan --rw C:\\", "a whole drive"},
		{"plan --ro C:\\users", "cannot be made readable"},
		{"plan --rw %SYSTEMROOT%\\temp", "the system"},
		{"plan --rw \"C:\\program files\"", "packages"},
		{"plan --rw %PROGRAMDATA%", "the data of programs"},
		{"plan --rw %LOCALAPPDATA%\\..", "the data of your programs"},
		{"plan --rw C:x", "names a drive and no place on it"},
		{"plan --rw \\x", "names no drive"},
		{"plan --ro \\\\server\\share", "names a share"},
		{"plan --ro ws:stream", "has a ':'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		expect(refused[i].words, SBK_EXIT_USAGE, refused[i].part);
	/* The control: what is nobody else's. */
	assert_int_equal(_mkdir("more"), 0);
	expect("plan --rw more", 0, "/more/");
}

/* --- run ------------------------------------------------------------------ */

static void test_run_cmd__is_refused_where_nothing_holds(void **state)
{
	(void)state;
	assert_int_equal(_mkdir("more"), 0);
	expect("run -- cmd /c exit 0", SBK_EXIT_UNSUPPORTED,
	       "'reads' cannot be guaranteed");
	expect("run --test-any-token -- cmd /c exit 0", SBK_EXIT_UNSUPPORTED,
	       "cannot be guaranteed");
	if (sim_is_wine())
		expect("run --best-effort -- cmd /c exit 0",
		       SBK_EXIT_UNSUPPORTED,
		       "it is not restricted, though the system said so");
	expect("run --best-effort --deny more -- cmd /c exit 0",
	       SBK_EXIT_UNSUPPORTED, "is denied");
	assert_int_equal(count_temporary(), 0);
}

/* A name in the user's records: a secret, whatever is in it. */
static void make_record(const char *name, char path[SBK_PATH_MAX + 64])
{
	FILE *file;

	(void)snprintf(path, SBK_PATH_MAX + 64, "%s/%s", place.directory, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static void test_run_cmd__is_refused_beside_a_secret(void **state)
{
	char path[SBK_PATH_MAX + 64], left[SBK_PATH_MAX + 64];

	(void)state;
	expect(ANY "-- cmd /c exit 5", 5, "");
	(void)snprintf(left, sizeof(left), "%s/run-%s", place.directory,
		       "0123456789abcdef0123456789abcdef");
	assert_int_equal(_mkdir(left), 0);
	make_record("secret-SandbookOffline", path);
	expect(ANY "-- cmd /c mkdir made", SBK_EXIT_UNSUPPORTED,
	       "the password of the account 'SandbookOffline' is kept");
	assert_non_null(strstr(output, "setup --remove-user"));
	/* Whatever else is asked for, and before anything is made or swept. */
	expect("run -- cmd /c exit 0", SBK_EXIT_UNSUPPORTED, "is kept");
	expect(ANY "-- nowhere", SBK_EXIT_UNSUPPORTED, "is kept");
	assert_int_equal(_access("made", 0), -1);
	assert_int_equal(count_temporary(), 1);
	expect("journal log", 0, "cmd /c exit 5");
	assert_null(strstr(output, "mkdir"));
	/* What could be done is still told. */
	expect("plan", 0, "");
	assert_int_equal(remove(path), 0);
	/* No name of an account's: no secret. */
	make_record("secret-", path);
	expect(ANY "-- cmd /c exit 5", 5, "");
	assert_int_equal(remove(path), 0);
}

static void test_run_cmd__runs_to_the_end(void **state)
{
	(void)state;
	expect(ANY "-- cmd /c exit 7", 7, "'writes' is not guaranteed");
	/* Its streams, its words, its environment. */
	expect(ANY "-- launched words \"a b\" \"c\"", 0, "006100200062");
	expect(ANY "--env X=of-the-run -- launched variable x", 0,
	       "of-the-run");
	expect(ANY "-- launched variable KEPT_NOT", 0, "warning");
	assert_null(strstr(output, "secret"));
	expect(ANY "-- launched variable SANDBOOK_NETWORK", 0, "advised-off");
	expect(ANY "--timeout 1 -- launched sleep 60000", SBK_EXIT_TIMEOUT,
	       "time limit of 1 s");
	expect(ANY "-- nowhere", 127, "'nowhere' cannot be started");
}

/* What a root was not granted is said by plan, by the run and in its record. */
static void test_run_cmd__a_root_that_was_not_granted_is_told(void **state)
{
	(void)state;
	assert_int_equal(_mkdir("ws"), 0);
	expect("plan -C ws", 0, "Writes by what was granted to runs:");
	assert_non_null(strstr(output, "/ws   nothing: it was not granted"));
	expect("run --dry-run --json -C ws", 0, "\"missing\":\"it was not");
	expect("run --best-effort --test-any-token -C ws -- cmd /c exit 4", 4,
	       "note: the run can write nothing in '");
	assert_non_null(strstr(output, "'--grant acl' grants it"));
	expect("journal log --json", 0, "\"roots\":[{\"path\":\"");
}

static void test_run_cmd__temporary_files_go_with_the_run(void **state)
{
	char left[SBK_PATH_MAX + 64];

	(void)state;
	expect(ANY "-- launched litter", 3, "\\Sandbook\\run-");
	assert_int_equal(count_temporary(), 0);
	/* What a front end left that was ended is found by the next. */
	(void)snprintf(left, sizeof(left), "%s/run-%s", place.directory,
		       "0123456789abcdef0123456789abcdef");
	assert_int_equal(_mkdir(left), 0);
	assert_int_equal(count_temporary(), 1);
	expect(ANY "-- cmd /c exit 0", 0, "");
	assert_int_equal(count_temporary(), 0);
}

/* What uninstall does before it removes the records. */
static void test_run_cmd__the_records_go_with_what_a_run_left(void **state)
{
	char left[SBK_PATH_MAX + 64], file[SBK_PATH_MAX + 80];
	struct sbk_error err = SBK_ERROR_INIT;
	FILE *made;

	(void)state;
	expect(ANY "-- cmd /c exit 0", 0, "");
	(void)snprintf(left, sizeof(left), "%s/run-%s", place.directory,
		       "0123456789abcdef0123456789abcdef");
	assert_int_equal(_mkdir(left), 0);
	(void)snprintf(file, sizeof(file), "%s/file", left);
	made = fopen(file, "wb");
	assert_non_null(made);
	/* What is in use may be a run's that is at work. */
	assert_ok(sbk_run_remove_leftovers(&err), &err);
	assert_int_equal(count_temporary(), 1);
	assert_error(sbk_journal_remove(&place, &err), SBK_E_INCOMPLETE, &err);
	assert_int_equal(fclose(made), 0);
	/* A keeping of a password was cut short, too. */
	(void)snprintf(file, sizeof(file), "%s/.secret-new", place.directory);
	made = fopen(file, "wb");
	assert_non_null(made);
	assert_int_equal(fclose(made), 0);
	sbk_error_clear(&err);
	assert_ok(sbk_run_remove_leftovers(&err), &err);
	assert_ok(sbk_journal_remove(&place, &err), &err);
	assert_int_equal(_access(place.directory, 0), -1);
}

/* An enrolment waits for a run that could read what it keeps. */
static void test_run_cmd__nobody_is_enrolled_beside_it(void **state)
{
	STARTUPINFOA startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made;
	char line[4 * MAX_PATH];
	int tries;

	(void)state;
	(void)snprintf(line, sizeof(line),
		       "%s\\sandbook.exe " ANY "-- launched sleep 60000",
		       programs);
	assert_true(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL,
				   &startup, &made));
	for (tries = 0; count_temporary() == 0 && tries < 600; tries++)
		Sleep(50);
	/* Else the system would ask for consent. */
	assert_int_equal(count_temporary(), 1);
	expect("setup --yes", SBK_EXIT_BUSY, "a run of this user is at work");
	assert_true(TerminateProcess(made.hProcess, 1));
	(void)WaitForSingleObject(made.hProcess, 20000);
	(void)CloseHandle(made.hThread);
	(void)CloseHandle(made.hProcess);
	/* What it left goes with the next. */
	expect(ANY "-- cmd /c exit 0", 0, "");
	assert_int_equal(count_temporary(), 0);
}

static void test_run_cmd__programs_that_refuse_come_first(void **state)
{
	(void)state;
	expect(ANY "-- ssh host", 255, "is to stay off the network");
	expect(ANY "-- cmd /c scp a b", 255, "is to stay off the network");
	/* With the network they are whatever PATH has, here none. */
	expect(ANY "--net -- launched variable PATH", 0, "\\bin");
	assert_null(strstr(output, "refuse"));
	expect(ANY "-- launched variable PATH", 0, "/refuse;");
}

static void test_run_cmd__the_session_is_in_the_journal(void **state)
{
	(void)state;
	expect(ANY "-- cmd /c exit 5", 5, "");
	expect("journal log", 0, "ended: cmd /c exit 5 (exit 5)");
	expect("journal log --json", 0, "\"temporary\":\"");
	expect("journal verify", 0, "intact");
}

/* Who it was, and to what its token was write-restricted. */
static void test_run_cmd__the_token_of_a_session_is_a_principal(void **state)
{
	(void)state;
	assert_int_equal(_mkdir("of"), 0);
	expect(ANY "-- cmd /c exit 0", 0, "");
	/* Wine lists no accounts, so the answer is never complete. */
	expect("audit scope --principal session:1 of", 2, "coverage: ");
	expect("audit scope --json --principal session:1 of", 2,
	       "\"write_restricted_to\":[\"S-1-1-0\"]");
	assert_non_null(strstr(output, "\"groups\":[\"S-1-1-0\",\"S-1-5-11\","
				       "\"S-1-5-32-545\"]"));
	expect("audit scope --principal session:99999 of", 200,
	       "there is no session 99999");
	expect("audit scope --principal session:x of", 200,
	       "is not of the form 'session:N'");
}

/* --- grant ---------------------------------------------------------------- */

/* The access list and the owner of a file, as the system gives them. */
static DWORD read_descriptor(const char *path, BYTE out[DESCRIPTOR_MAX])
{
	DWORD needed = 0;

	assert_true(GetFileSecurityA(path,
				     OWNER_SECURITY_INFORMATION |
					     GROUP_SECURITY_INFORMATION |
					     DACL_SECURITY_INFORMATION,
				     out, DESCRIPTOR_MAX, &needed));
	return needed;
}

static void test_run_cmd__grant_prints_its_plan(void **state)
{
	(void)state;
	assert_int_equal(_mkdir("ws"), 0);
	expect("grant --dry-run --to runs --rw ws", 0,
	       "read and write to runs that may write there: ");
	assert_non_null(strstr(output, "1 object, 1 to change"));
	expect("grant --to runs --ro ws", SBK_EXIT_USAGE, "--rw is what");
	expect("grant --to runs --rw C:\\", SBK_EXIT_USAGE, "a whole drive");
	expect("journal log", 0, "nothing is recorded yet");
}

static void test_run_cmd__a_grant_that_is_not_kept_is_undone(void **state)
{
	BYTE before[2][DESCRIPTOR_MAX], after[DESCRIPTOR_MAX];
	static const char *const paths[] = {"ws", "ws\\src"};
	DWORD size[2];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(_mkdir(paths[i]), 0);
		size[i] = read_descriptor(paths[i], before[i]);
	}
	if (!sim_is_wine()) {
		expect("grant --to runs --rw ws", 0, "Granted: 2 changes");
		expect("undo --yes --path ws", 0, "");
	} else {
		expect("grant --to runs --rw ws", SBK_EXIT_FAILED,
		       "this system does not keep access lists");
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(read_descriptor(paths[i], after), size[i]);
		assert_memory_equal(after, before[i], size[i]);
	}
	expect("journal log", 0, "grant --to runs --rw ws");
	if (sim_is_wine()) {
		assert_non_null(strstr(output, "undone     change access"));
		assert_non_null(strstr(output, "never made: a step failed"));
	}
	expect("journal verify", 0, "intact");
}

/* A run that is refused grants nothing first; one whose grant is not kept is
 * not begun. */
static void test_run_cmd__a_run_grants_its_roots(void **state)
{
	BYTE before[DESCRIPTOR_MAX], after[DESCRIPTOR_MAX];
	DWORD size;

	(void)state;
	assert_int_equal(_mkdir("ws"), 0);
	size = read_descriptor("ws", before);
	expect("plan --grant acl -C ws", 0, "(granted before the command)");
	expect("run --grant acl -C ws -- cmd /c mkdir made",
	       SBK_EXIT_UNSUPPORTED, "cannot be guaranteed");
	expect("journal log", 0, "nothing is recorded yet");
	if (!sim_is_wine())
		return; /* tests/windows/acceptance */
	expect(ANY "--grant acl -C ws -- cmd /c mkdir made", SBK_EXIT_JOURNAL,
	       "this system does not keep access lists");
	assert_int_equal(_access("ws\\made", 0), -1);
	assert_int_equal(read_descriptor("ws", after), size);
	assert_memory_equal(after, before, size);
	expect("journal log", 0, "run --grant acl --rw");
	assert_non_null(strstr(output, "undone     change access"));
	assert_null(strstr(output, "mkdir"));
}

#define RUN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	RUN_TEST(test_run_cmd__plan_prints_the_scope),
	RUN_TEST(test_run_cmd__roots_are_guarded),
	RUN_TEST(test_run_cmd__is_refused_where_nothing_holds),
	RUN_TEST(test_run_cmd__is_refused_beside_a_secret),
	RUN_TEST(test_run_cmd__runs_to_the_end),
	RUN_TEST(test_run_cmd__a_root_that_was_not_granted_is_told),
	RUN_TEST(test_run_cmd__temporary_files_go_with_the_run),
	RUN_TEST(test_run_cmd__the_records_go_with_what_a_run_left),
	RUN_TEST(test_run_cmd__nobody_is_enrolled_beside_it),
	RUN_TEST(test_run_cmd__programs_that_refuse_come_first),
	RUN_TEST(test_run_cmd__the_session_is_in_the_journal),
	RUN_TEST(test_run_cmd__the_token_of_a_session_is_a_principal),
	RUN_TEST(test_run_cmd__grant_prints_its_plan),
	RUN_TEST(test_run_cmd__a_run_grants_its_roots),
	RUN_TEST(test_run_cmd__a_grant_that_is_not_kept_is_undone),
};

SBK_TEST_MAIN(tests)
