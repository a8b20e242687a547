/*
 * The locks of one user's front ends, on the system's own files: two of them in
 * one process, which are two handles, and one in a process that is ended.
 */
#include "engine/windows/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <initguid.h>
#include <knownfolders.h>
#include <objbase.h>
#include <windows.h>

#include "engine/os.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define CHILD "SBK_TEST_FRONT"
#define HELD 7

static char *made;
static char local[600];
static struct sbk_win32 table;
static struct sbk_win32_file file;
static struct sbk_error err;

/* The user's records are in the test's directory. */
static HRESULT WINAPI find_folder(const GUID *folder, DWORD flags, HANDLE token,
				  PWSTR *out)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *path;

	if (memcmp(folder, &FOLDERID_LocalAppData, sizeof(*folder)) != 0)
		return sbk_win32_file_system.SHGetKnownFolderPath(folder, flags,
								  token, out);
	path = sbk_wide_path(&wide, local);
	*out = CoTaskMemAlloc(2 * (wcslen(path) + 1));
	if (*out == NULL)
		abort();
	(void)wcscpy(*out, path);
	sbk_buf_release(&wide);
	return S_OK;
}

static void use_folder(const char *path)
{
	(void)snprintf(local, sizeof(local), "%s", path);
	table = sbk_win32_system;
	file = sbk_win32_file_system;
	file.SHGetKnownFolderPath = find_folder;
	table.file = &file;
	sbk_win32 = &table;
}

/* Of a process of this program: takes the logon, says so, and is ended. */
static void be_child(void)
{
	const char *path = getenv(CHILD);
	struct sbk_front *front = NULL;

	if (path == NULL)
		return;
	use_folder(path);
	if (sbk_front_open(false, &front, &err) < 0 ||
	    sbk_front_take(front, SBK_FRONT_LOGON, NULL, &err) < 0)
		exit(1);
	(void)SetEvent(
		(HANDLE)(uintptr_t)strtoull(getenv(CHILD "_EVENT"), NULL, 10));
	Sleep(60000);
	exit(0);
}

static int setup(void **state)
{
	char *real = NULL;

	(void)state;
	sbk_error_clear(&err);
	made = sbk_test_directory("front");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	use_folder(real);
	free(real);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sbk_win32 = &sbk_win32_system;
	sbk_test_remove(made);
	return 0;
}

static struct sbk_front *open_one(void)
{
	struct sbk_front *front = NULL;

	assert_ok(sbk_front_open(true, &front, &err), &err);
	return front;
}

static void test_front__without_records_there_is_none(void **state)
{
	struct sbk_front *front = NULL;

	(void)state;
	assert_error(sbk_front_open(false, &front, &err), SBK_E_NOTFOUND, &err);
	assert_null(front);
	sbk_front_close(NULL);
	front = open_one();
	sbk_front_close(front);
	assert_ok(sbk_front_open(false, &front, &err), &err);
	sbk_front_close(front);
}

/* Each lock, in each pair of ways. */
static void test_front__shared_or_alone(void **state)
{
	struct sbk_front *one = NULL, *other = NULL;
	int which;

	(void)state;
	one = open_one();
	other = open_one();
	for (which = 0; which < SBK_FRONT_LOCK_COUNT; which++) {
		const enum sbk_front_lock lock = (enum sbk_front_lock)which;

		assert_ok(sbk_front_share(one, lock, NULL, &err), &err);
		assert_ok(sbk_front_share(other, lock, NULL, &err), &err);
		sbk_front_leave(other, lock);
		assert_error(sbk_front_take(other, lock, NULL, &err),
			     SBK_E_BUSY, &err);
		assert_true(strlen(err.message) > 20);
		/* What was not got is not held. */
		sbk_front_leave(other, lock);
		sbk_front_leave(one, lock);
		assert_ok(sbk_front_take(other, lock, NULL, &err), &err);
		assert_error(sbk_front_share(one, lock, NULL, &err), SBK_E_BUSY,
			     &err);
		assert_error(sbk_front_take(one, lock, NULL, &err), SBK_E_BUSY,
			     &err);
		/* Closing leaves them all. */
		sbk_front_close(other);
		assert_ok(sbk_front_take(one, lock, NULL, &err), &err);
		other = open_one();
	}
	/* None of them is another one. */
	assert_error(sbk_front_take(other, SBK_FRONT_LOGON, NULL, &err),
		     SBK_E_BUSY, &err);
	sbk_front_leave(one, SBK_FRONT_LOGON);
	assert_ok(sbk_front_take(other, SBK_FRONT_LOGON, NULL, &err), &err);
	sbk_front_close(one);
	sbk_front_close(other);
}

/* --- what is waited for --------------------------------------------------- */

struct waiting {
	struct sbk_front *holder;
	unsigned told;
	char what[200];
};

static DWORD WINAPI let_go(void *arg)
{
	sbk_front_leave(arg, SBK_FRONT_LOGON);
	return 0;
}

/* Only when it is told that it is waited for, the other one lets go. */
static void on_wait(void *arg, const char *what)
{
	struct waiting *w = arg;
	HANDLE thread;

	w->told++;
	(void)snprintf(w->what, sizeof(w->what), "%s", what);
	thread = CreateThread(NULL, 0, let_go, w->holder, 0, NULL);
	if (thread == NULL)
		abort();
	(void)CloseHandle(thread);
}

static void test_front__what_waits_says_so(void **state)
{
	struct waiting w = {.told = 0};
	const struct sbk_front_wait wait = {on_wait, &w};
	struct sbk_front *one;

	(void)state;
	one = open_one();
	w.holder = open_one();
	assert_ok(sbk_front_take(one, SBK_FRONT_LOGON, &wait, &err), &err);
	assert_int_equal(w.told, 0);
	sbk_front_leave(one, SBK_FRONT_LOGON);
	assert_ok(sbk_front_take(w.holder, SBK_FRONT_LOGON, NULL, &err), &err);
	assert_ok(sbk_front_take(one, SBK_FRONT_LOGON, &wait, &err), &err);
	assert_int_equal(w.told, 1);
	assert_non_null(strstr(w.what, "logs a sandbox account on"));
	sbk_front_close(one);
	sbk_front_close(w.holder);
}

/* --- other processes ------------------------------------------------------ */

static HANDLE start(const char *child, HANDLE event)
{
	STARTUPINFOA startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION process;
	char program[MAX_PATH], number[32];

	(void)snprintf(number, sizeof(number), "%llu",
		       (unsigned long long)(uintptr_t)event);
	assert_true(SetEnvironmentVariableA(CHILD, child));
	assert_true(SetEnvironmentVariableA(CHILD "_EVENT", number));
	assert_true(GetModuleFileNameA(NULL, program, MAX_PATH) > 0);
	/* Whatever can be inherited is. */
	assert_true(CreateProcessA(program, NULL, NULL, NULL, TRUE, 0, NULL,
				   NULL, &startup, &process));
	assert_true(SetEnvironmentVariableA(CHILD, NULL));
	(void)CloseHandle(process.hThread);
	return process.hProcess;
}

/* One that is ended has let go, and nobody that it started holds on. */
static void test_front__ends_with_its_process(void **state)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited),
					 .bInheritHandle = TRUE};
	const HANDLE event = CreateEventW(&inherited, TRUE, FALSE, NULL);
	struct sbk_front *one;
	HANDLE process;

	(void)state;
	one = open_one();
	process = start(local, event);
	assert_int_equal(WaitForSingleObject(event, 30000), WAIT_OBJECT_0);
	assert_error(sbk_front_take(one, SBK_FRONT_LOGON, NULL, &err),
		     SBK_E_BUSY, &err);
	assert_true(TerminateProcess(process, HELD));
	assert_int_equal(WaitForSingleObject(process, 30000), WAIT_OBJECT_0);
	assert_ok(sbk_front_take(one, SBK_FRONT_LOGON, NULL, &err), &err);
	(void)CloseHandle(process);
	/* A child of ours, which got every handle that could be inherited. */
	sbk_front_leave(one, SBK_FRONT_LOGON);
	assert_ok(sbk_front_take(one, SBK_FRONT_ACCOUNT, NULL, &err), &err);
	assert_true(ResetEvent(event));
	process = start(local, event);
	assert_int_equal(WaitForSingleObject(event, 30000), WAIT_OBJECT_0);
	sbk_front_close(one);
	one = open_one();
	assert_ok(sbk_front_take(one, SBK_FRONT_ACCOUNT, NULL, &err), &err);
	sbk_front_close(one);
	assert_true(TerminateProcess(process, HELD));
	assert_int_equal(WaitForSingleObject(process, 30000), WAIT_OBJECT_0);
	(void)CloseHandle(process);
	(void)CloseHandle(event);
}

#define FRONT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	FRONT_TEST(test_front__without_records_there_is_none),
	FRONT_TEST(test_front__shared_or_alone),
	FRONT_TEST(test_front__what_waits_says_so),
	FRONT_TEST(test_front__ends_with_its_process),
};

int main(int argc, char **argv)
{
	be_child();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
