/*
 * The way of a run to its hand-back: this program once more, which is the test
 * itself here, started for real. Simulated is the account database (sim.h).
 * Nothing is started for who has no account, and what did not come to its end
 * is never taken for done, whichever call of the system fails (sim_token.h).
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/hand_back.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/principal_rules.h"
#include "engine/windows/win32_program.h"
#include "tests/windows/sim.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define CODE "SBK_TEST_CODE" /* what the started one ends with */
#define CODE_GIVEN 7
#define SAID_MAX 4096
#define CALLS_MIN 8

static struct sim *sim;
static struct sbk_win32 table;
static struct sbk_win32_program program;
static HANDLE said_file;
static char said[SAID_MAX];

/* --- the started program -------------------------------------------------- */

static int be_started(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		fprintf(stderr, "%s ", argv[i]);
	fprintf(stderr, "\n");
	(void)fflush(stderr);
	ExitProcess((UINT)strtoul(getenv(CODE), NULL, 0));
}

/* --- the world ------------------------------------------------------------ */

static HANDLE WINAPI give_stream(DWORD which)
{
	return which == STD_ERROR_HANDLE ? said_file : GetStdHandle(which);
}

static DWORD WINAPI last_error(void)
{
	const DWORD code = sim->last_error;

	sim->last_error = 0;
	return code != 0 ? code : GetLastError();
}

static void enrol(void)
{
	struct sim_account *account =
		sim_make_account(sim, L"SandbookOffline", false);
	struct sbk_buf plain = SBK_BUF_INIT, sealed = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text person;
	struct sbk_sid own;

	assert_ok(sbk_pipe_own_user(&own, &err), &err);
	(void)sbk_sid_format(&own, &person);
	sbk_nt_comment_make(&plain, sbk_nt_role_words(SBK_PRINCIPAL_OFFLINE),
			    "SandbookOffline", person.text, NONCE);
	sbk_nt_comment_seal(&sealed, sbk_buf_text(&plain), &account->sid);
	(void)MultiByteToWideChar(CP_UTF8, 0, sbk_buf_text(&sealed), -1,
				  account->comment, 300);
	sbk_buf_release(&plain);
	sbk_buf_release(&sealed);
}

static int setup(void **state)
{
	SECURITY_ATTRIBUTES plain = {.nLength = sizeof(plain)};
	char *directory = sbk_test_directory("hand_back_start");
	char path[600];

	*state = directory;
	(void)snprintf(path, sizeof(path), "%s/said", directory);
	said_file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
				FILE_SHARE_READ | FILE_SHARE_WRITE, &plain,
				CREATE_ALWAYS, 0, NULL);
	assert_ptr_not_equal(said_file, INVALID_HANDLE_VALUE);
	sim = sim_begin();
	sim_token_begin();
	table = *sbk_win32;
	table.accounts = &sim_accounts_table;
	table.errors.GetLastError = last_error;
	program = *table.program;
	program.GetStdHandle = give_stream;
	table.program = &program;
	sbk_win32 = &table;
	assert_true(SetEnvironmentVariableA(CODE, "7"));
	return 0;
}

static int teardown(void **state)
{
	sim_token_end();
	sim_finish(sim);
	(void)CloseHandle(said_file);
	sbk_test_remove(*state);
	return 0;
}

/* What was said since the last call. */
static void read_said(void)
{
	DWORD used = 0;

	(void)SetFilePointer(said_file, 0, NULL, FILE_BEGIN);
	assert_true(ReadFile(said_file, said, sizeof(said) - 1, &used, NULL));
	said[used] = '\0';
	(void)SetFilePointer(said_file, 0, NULL, FILE_BEGIN);
	assert_true(SetEndOfFile(said_file));
}

static void assert_started(uint64_t session, bool quiet, const char *words)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int code = -1;

	assert_ok(sbk_hand_back_start(session, quiet, &code, &err), &err);
	assert_int_equal(code, CODE_GIVEN);
	read_said();
	assert_int_equal(strncmp(said, words, strlen(words)), 0);
	assert_int_equal(strcspn(said, "\r\n"), strlen(words));
}

/* --- the tests ------------------------------------------------------------ */

static void test_hand_back_start__is_the_program_once_more(void **state)
{
	(void)state;
	enrol();
	/* What it says comes to where we say things. */
	assert_started(12345678901234, true,
		       "hand-back --quiet --session 12345678901234 ");
	assert_started(9, false, "hand-back --session 9 ");
	assert_started(0, true, "hand-back --quiet ");
	assert_started(0, false, "hand-back ");
}

static void test_hand_back_start__nobody_without_an_account(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int code = -1;

	(void)state;
	assert_ok(sbk_hand_back_start(7, false, &code, &err), &err);
	assert_int_equal(code, SBK_EXIT_OK);
	read_said();
	assert_string_equal(said, "");
}

/* One that crashed, and one that ended well: the control. */
static void test_hand_back_start__its_end_is_told(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int code = -1;

	(void)state;
	enrol();
	assert_true(SetEnvironmentVariableA(CODE, "0xC0000005"));
	assert_ok(sbk_hand_back_start(7, true, &code, &err), &err);
	assert_int_equal(code, SBK_EXIT_FAILED);
	assert_true(SetEnvironmentVariableA(CODE, "256"));
	assert_ok(sbk_hand_back_start(7, true, &code, &err), &err);
	assert_int_equal(code, SBK_EXIT_FAILED);
	assert_true(SetEnvironmentVariableA(CODE, "0"));
	assert_ok(sbk_hand_back_start(7, true, &code, &err), &err);
	assert_int_equal(code, SBK_EXIT_OK);
}

static void test_hand_back_start__each_call_may_fail(void **state)
{
	unsigned n, calls;

	(void)state;
	enrol();
	sim_token_fail(0);
	assert_started(7, true, "hand-back --quiet --session 7 ");
	calls = sim_token_calls();
	assert_true(calls >= CALLS_MIN);
	for (n = 1; n <= calls; n++) {
		struct sbk_error err = SBK_ERROR_INIT;
		int code = SBK_EXIT_OK;

		sim_token_fail(n);
		if (sbk_hand_back_start(7, true, &code, &err) == 0 &&
		    code != CODE_GIVEN)
			fail_msg("call %u failed, and it ended with %d", n,
				 code);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_hand_back_start__is_the_program_once_more),
	TEST(test_hand_back_start__nobody_without_an_account),
	TEST(test_hand_back_start__its_end_is_told),
	TEST(test_hand_back_start__each_call_may_fail),
};

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "hand-back") == 0)
		return be_started(argc, argv);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
