/*
 * The acceptance suite (acceptance/README.md) where its results are known:
 * under Wine, which restricts no token. No row about one may be called passed
 * there, and what needs none is really tried. On Windows the rows are the
 * result, and only their form is looked at.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/json_load.h"
#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

#define ROWS_MAX 600
#define FILE_MAX (1 << 20)

static json_t *rows[ROWS_MAX];
static size_t row_count;
static char file[MAX_PATH];

static bool is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
			      "wine_get_version") != NULL;
}

static const char *text(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	assert_non_null(value);
	return value;
}

static void forget_rows(void)
{
	while (row_count > 0)
		json_decref(rows[--row_count]);
	(void)DeleteFileA(file);
}

static void read_rows(void)
{
	static char data[FILE_MAX];
	FILE *in = fopen(file, "rb");
	char *line = data, *end;
	size_t size;

	assert_non_null(in);
	size = fread(data, 1, sizeof(data) - 1, in);
	assert_int_equal(fclose(in), 0);
	for (data[size] = '\0'; (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		assert_true(row_count < ROWS_MAX);
		rows[row_count] =
			sbk_json_load(line, (size_t)(end - line), 0, NULL);
		assert_non_null(rows[row_count]);
		row_count++;
	}
	assert_true(*line == '\0');
}

/* The rows of a group, by the program that lies beside this one. */
static int measure(const char *group)
{
	char program[MAX_PATH], line[3 * MAX_PATH];
	STARTUPINFOA startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made;
	DWORD code = 99;

	assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
	*strrchr(program, '\\') = '\0';
	(void)snprintf(file, sizeof(file), "%s\\acceptance-%lu.jsonl", program,
		       GetCurrentProcessId());
	(void)snprintf(line, sizeof(line),
		       "\"%s\\acceptance.exe\" --out \"%s\" %s", program, file,
		       group);
	assert_true(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL,
				   &startup, &made));
	assert_int_equal(WaitForSingleObject(made.hProcess, 300000),
			 WAIT_OBJECT_0);
	assert_true(GetExitCodeProcess(made.hProcess, &code));
	(void)CloseHandle(made.hProcess);
	(void)CloseHandle(made.hThread);
	read_rows();
	return (int)code;
}

static size_t with(const char *begin, const char *verdict)
{
	size_t i, count = 0;

	for (i = 0; i < row_count; i++)
		count += strncmp(text(rows[i], "name"), begin, strlen(begin)) ==
				 0 &&
			 (verdict == NULL ||
			  strcmp(text(rows[i], "verdict"), verdict) == 0);
	return count;
}

/* Rows that would change engine/ntsec's table (measured.c). */
static size_t answers(void)
{
	size_t i, count = 0;

	for (i = 0; i < row_count; i++)
		count += json_object_get(rows[i], "asks") != NULL;
	return count;
}

/* Each row that begins so is "not restricted here"; `least` of them. */
static void expect_unrestricted(const char *begin, size_t least)
{
	const size_t all = with(begin, NULL);

	if (is_wine()) {
		assert_int_equal(with(begin, "passed"), 0);
		assert_int_equal(with(begin, "FAILED"), 0);
		assert_int_equal(with(begin, "measured"), 0);
		assert_true(with(begin, "not restricted here") >= least);
	}
	assert_true(all >= least);
}

static void test_acceptance__no_right_counts_without_restriction(void **state)
{
	static const struct {
		const char *begin;
		size_t least;
	} types[] = {{"right/file/", 15},	   {"right/key/", 11},
		     {"right/process/", 19},	   {"right/thread/", 16},
		     {"right/token/", 14},	   {"right/event/", 8},
		     {"right/section/", 10},	   {"right/pipe/", 15},
		     {"right/job/", 11},	   {"right/desktop/", 14},
		     {"right/window station/", 14}};
	int code = measure("rights");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		expect_unrestricted(types[i].begin, types[i].least);
	if (is_wine()) {
		assert_int_equal(code, 2);
		assert_int_equal(answers(), 0);
	} else {
		assert_true(answers() > 0);
	}
	forget_rows();
}

static void test_acceptance__no_question_is_answered_either(void **state)
{
	(void)state;
	(void)measure("questions");
	expect_unrestricted("question/", 6);
	expect_unrestricted("parent/", 3);
	assert_int_equal(with("question/", NULL), 17);
	if (is_wine())
		assert_int_equal(answers(), 0);
	forget_rows();
	(void)measure("pipes");
	expect_unrestricted("pipe/", 24);
	forget_rows();
	(void)measure("processes");
	expect_unrestricted("neighbour/", 13);
	forget_rows();
}

/* Wine is not what WINDOWS.md says of NTFS, and that is seen. */
static void test_acceptance__what_wine_does_otherwise_fails(void **state)
{
	int code = measure("files");

	(void)state;
	assert_true(with("file/", "passed") >= 4);
	assert_int_equal(with("list/control bits", NULL), 8);
	if (is_wine()) {
		assert_int_equal(code, 1);
		assert_int_equal(with("file/POSIX", "FAILED"), 2);
		assert_int_equal(
			with("list/control bits, SE_DACL_PROTECTED", "FAILED"),
			1);
	}
	forget_rows();
}

/* What may be asked of the system needs no token of a run's. */
static void test_acceptance__accounts_are_asked_about(void **state)
{
	(void)state;
	(void)measure("accounts");
	assert_int_equal(with("account/MACHINE", NULL), 1);
	assert_int_equal(with("account/NetUserEnum", "measured"), 1);
	assert_int_equal(with("account/WTSEnumerateProcessesW", "measured"), 1);
	assert_int_equal(with("filter/read by ", "measured"), 1);
	forget_rows();
	/* Nobody's account is tried on. */
	assert_int_equal(measure("profile sandbook-acceptance-nobody"), 2);
	assert_int_equal(with("profile", "skipped"), 1);
	forget_rows();
	/* A group of the program without the program is not passed. */
	assert_int_equal(measure("session C:\\nothing.exe account"), 2);
	assert_int_equal(with("run", "skipped"), 1);
	forget_rows();
	assert_int_equal(measure("persons C:\\nothing.exe account C:\\none"),
			 2);
	assert_int_equal(with("person", "skipped"), 1);
	forget_rows();
}

/* The suite's program is called as the real one, and holds nothing: none of its
 * denials may pass. */
static void test_acceptance__a_sandbox_that_holds_nothing_fails(void **state)
{
	char group[MAX_PATH + 20];

	(void)state;
	if (getenv("SBK_CAMPAIGN") == NULL)
		return; /* a hundred processes */
	assert_true(GetModuleFileNameA(NULL, group + 10, MAX_PATH) > 0);
	memcpy(group, "scenarios ", 10);
	(void)snprintf(strrchr(group, '\\'), 20, "\\acceptance.exe");
	assert_int_equal(measure(group), 1);
	assert_true(with("run/write in the root", "passed") == 1);
	assert_true(with("run/append in the root", "passed") == 1);
	assert_true(with("run/write outside", "FAILED") >= 2);
	assert_true(with("run/make outside", "FAILED") == 1);
	assert_true(with("run/delete where one may read", "FAILED") == 1);
	assert_true(with("run/a protected name", "FAILED") >= 2);
	assert_int_equal(with("run/write where one may read", "passed"), 0);
	assert_int_equal(with("run/read-only: write", "FAILED"), 1);
	assert_int_equal(with("run/read-only: append", "FAILED"), 1);
	assert_int_equal(with("run/a protected directory of agents", "FAILED"),
			 1);
	assert_int_equal(with("run/DPAPI", "passed"), 1);
	assert_int_equal(with("refused/", "passed"), 0);
	assert_true(with("refused/", "FAILED") >= 8);
	assert_int_equal(with("ends/", "FAILED"), 3);
	forget_rows();
}

static void test_acceptance__the_users_own_session_is_no_runs(void **state)
{
	char group[MAX_PATH + 20];

	(void)state;
	if (getenv("SBK_CAMPAIGN") == NULL)
		return;
	assert_true(GetModuleFileNameA(NULL, group + 8, MAX_PATH) > 0);
	memcpy(group, "session ", 8);
	(void)snprintf(strrchr(group, '\\'), 28, "\\acceptance.exe account");
	(void)measure(group);
	assert_int_equal(with("session/", "passed"), 0);
	assert_true(with("session/", "FAILED") >= 6);
	assert_int_equal(with("reach/", "measured"), 3);
	forget_rows();
}

static const char *verdict_of(bool of_token, DWORD control, DWORD denied)
{
	static char found[40];

	(void)snprintf(file, sizeof(file), "rows-%lu.jsonl",
		       GetCurrentProcessId());
	assert_true(rows_begin(file));
	row_denial("x", of_token, control, denied);
	(void)rows_end();
	read_rows();
	assert_int_equal(row_count, 1);
	(void)snprintf(found, sizeof(found), "%s", text(rows[0], "verdict"));
	forget_rows();
	return found;
}

static void test_acceptance__a_denial_needs_its_control(void **state)
{
	(void)state;
	assert_string_equal(verdict_of(false, 0, 5), "passed");
	assert_string_equal(verdict_of(false, 0, 0), "FAILED");
	/* Not there, not denied. */
	assert_string_equal(verdict_of(false, 0, 2), "FAILED");
	assert_string_equal(verdict_of(false, 5, 5), "not measured");
	rows_tokens_are_restricted(false);
	assert_string_equal(verdict_of(true, 0, 5), "not restricted here");
	rows_tokens_are_restricted(true);
	assert_string_equal(verdict_of(true, 0, 5), "passed");
	assert_string_equal(verdict_of(true, 0, 0), "FAILED");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_acceptance__no_right_counts_without_restriction),
	cmocka_unit_test(test_acceptance__no_question_is_answered_either),
	cmocka_unit_test(test_acceptance__what_wine_does_otherwise_fails),
	cmocka_unit_test(test_acceptance__accounts_are_asked_about),
	cmocka_unit_test(test_acceptance__a_sandbox_that_holds_nothing_fails),
	cmocka_unit_test(test_acceptance__the_users_own_session_is_no_runs),
	cmocka_unit_test(test_acceptance__a_denial_needs_its_control),
};

SBK_TEST_MAIN(tests)
