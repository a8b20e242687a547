/*
 * Runs for real, under Wine or on Windows: what a command gets, how it ends,
 * and what it leaves. Wine restricts no token: there, what is started is asked
 * for with the switch that takes any, and without it must be refused.
 *
 * The system's calls, counted: each fails in turn, and nothing stays.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <shellapi.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/command_line.h"
#include "engine/windows/launch.h"
#include "engine/windows/own_list.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

static char program[600], directory[600];
static const struct sbk_sid no_roots[1];

struct outcome {
	int rc, released;
	struct sbk_run_end end;
	struct sbk_error err;
	char text[4096];
	struct sbk_token_seen seen;
	char limits_missing[256];
};

static struct sbk_launch_wish wish_of(const char *const *argv)
{
	static const char *const environment[] = {"KEPT=yes", "path=C:\\",
						  NULL};

	return (struct sbk_launch_wish){.program = program,
					.argv = argv,
					.directory = directory,
					.environment = environment,
					.roots = no_roots,
					.best_effort = true,
					.test_any_token = true};
}

static void run_built(struct sbk_launch *launch, struct outcome *out)
{
	out->seen = launch->seen;
	memcpy(out->limits_missing, launch->limits_missing,
	       sizeof(out->limits_missing));
	out->rc = sbk_launch_begin(launch, &out->err);
	if (out->rc == 0)
		out->rc = sbk_launch_wait(launch, &out->end, &out->err);
}

/* The command's output is read after its end: it is short. */
static void run(struct sbk_launch_wish *wish, struct outcome *out)
{
	struct sbk_launch launch = SBK_LAUNCH_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	size_t got = 0, size = 0;

	memset(out, 0, sizeof(*out));
	out->err = (struct sbk_error)SBK_ERROR_INIT;
	assert_true(CreatePipe(&read, &write, NULL, 0));
	if (wish->streams[1] == NULL)
		wish->streams[1] = wish->streams[2] = write;
	out->rc = sbk_launch_build(wish, &launch, &out->err);
	if (out->rc == 0) {
		run_built(&launch, out);
		out->released = sbk_launch_release(&launch, &err);
	}
	(void)CloseHandle(write);
	while (sbk_win32_read_pipe(read, out->text + size,
				   sizeof(out->text) - 1 - size, &got,
				   &err) == 0 &&
	       got > 0)
		size += got;
	(void)CloseHandle(read);
}

static void run_ok(const char *const *argv, struct outcome *out)
{
	struct sbk_launch_wish wish = wish_of(argv);

	run(&wish, out);
	assert_ok(out->rc, &out->err);
	assert_int_equal(out->released, 0);
}

static bool is_alive(DWORD process_id)
{
	HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, process_id);
	const bool alive = process != NULL &&
			   WaitForSingleObject(process, 0) == WAIT_TIMEOUT;

	if (process != NULL)
		(void)CloseHandle(process);
	return alive;
}

/* --- whose objects they are --------------------------------------------- */

static const struct sbk_sid *owner_of_it_all(void)
{
	static struct sbk_sid person;
	static const char text[] = "S-1-5-21-1-2-3-1001";

	assert_int_equal(sbk_sid_parse(text, sizeof(text) - 1, &person, NULL),
			 0);
	return &person;
}

static void set_list(HANDLE token, const char *sddl)
{
	struct sbk_buf list = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_sddl_parse(sddl, strlen(sddl), NULL, &list, &err), &err);
	assert_ok(sbk_own_list_set(token, &list, "a token", &err), &err);
	sbk_buf_release(&list);
}

/* A runner's token lets in neither the account nor what runs as it: a launch
 * has what was opened before, and opens nothing of its own. */
static void test_launch__a_token_that_is_shut_is_used_as_it_was(void **state)
{
	const char *const argv[] = {"launched", "exit", "5", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE own = NULL, again = NULL;
	struct outcome out;

	(void)state;
	assert_ok(sbk_win32_open_token(GetCurrentProcess(),
				       SBK_LAUNCH_TOKEN_ACCESS, &own, &err),
		  &err);
	set_list(own, "D:P(A;;0xf01ff;;;SY)(A;;0x20008;;;WD)(A;;RC;;;OW)");
	assert_error(sbk_win32_open_token(GetCurrentProcess(), TOKEN_DUPLICATE,
					  &again, &err),
		     SBK_E_DENIED, &err);
	run(&wish, &out);
	assert_error(out.rc, SBK_E_DENIED, &out.err);
	wish.person = owner_of_it_all();
	wish.own_token = own;
	run(&wish, &out);
	set_list(own, "D:P(A;;0xf01ff;;;SY)(A;;0xf01ff;;;WD)");
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 5);
	(void)CloseHandle(own);
}

static bool names(HANDLE object, const struct sbk_sid *sid)
{
	struct sbk_buf bytes = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text wanted;
	struct sbk_sd sd;
	bool found;

	assert_ok(sbk_win32_query_security(object, &bytes, &err), &err);
	assert_ok(
		sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, &err),
		&err);
	assert_ok(sbk_sddl_format(&sd, SBK_SDDL_DACL, NULL, &text, &err), &err);
	found = strstr(sbk_buf_text(&text), sbk_sid_format(sid, &wanted)) !=
		NULL;
	sbk_buf_release(&bytes);
	sbk_buf_release(&text);
	return found;
}

/* Read from what the system made: process, thread and token, under an account
 * and without. */
static void test_launch__what_it_makes_is_of_its_logon(void **state)
{
	const char *const argv[] = {"launched", "exit", "5", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_error err = SBK_ERROR_INIT;
	int i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct sbk_launch launch = SBK_LAUNCH_INIT;
		HANDLE token = NULL, objects[3];

		wish.person = i == 0 ? NULL : owner_of_it_all();
		assert_ok(sbk_launch_build(&wish, &launch, &err), &err);
		assert_ok(sbk_win32_open_token(launch.process,
					       READ_CONTROL | TOKEN_QUERY,
					       &token, &err),
			  &err);
		objects[0] = launch.process;
		objects[1] = launch.thread;
		objects[2] = token;
		for (j = 0; j < 3; j++) {
			const struct sbk_token_base *base = &launch.plan.base;

			assert_int_equal(names(objects[j], &base->user),
					 i == 0);
			assert_int_equal(names(objects[j], &base->logon),
					 i == 1);
			assert_int_equal(names(objects[j], owner_of_it_all()),
					 i == 1);
		}
		(void)CloseHandle(token);
		assert_ok(sbk_launch_release(&launch, &err), &err);
	}
}

/* --- what it refuses ------------------------------------------------------ */

static void test_launch__a_token_that_is_not_restricted_is_refused(void **state)
{
	const char *const argv[] = {"launched", "exit", "0", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	if (!sim_is_wine())
		return; /* test_launch__on_the_simulation has both */
	wish.test_any_token = false;
	run(&wish, &out);
	assert_error(out.rc, SBK_E_UNSUPPORTED, &out.err);
	assert_non_null(strstr(out.err.message, "not restricted"));
	wish.best_effort = false;
	run(&wish, &out);
	assert_error(out.rc, SBK_E_UNSUPPORTED, &out.err);
	assert_non_null(strstr(out.err.message, "step 'job'"));
}

static void test_launch__a_batch_file_is_refused(void **state)
{
	const char *const argv[] = {"a.bat", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	wish.program = "C:/windows/a.bat";
	run(&wish, &out);
	assert_error(out.rc, SBK_E_INVAL, &out.err);
	assert_non_null(strstr(out.err.message, "cmd /c"));
	wish.program = "C:/windows/missing.exe";
	run(&wish, &out);
	assert_error(out.rc, SBK_E_NOTFOUND, &out.err);
}

/* --- what it gets --------------------------------------------------------- */

static void test_launch__arguments_arrive_as_they_were(void **state)
{
	const char *const argv[] = {"launched", "words",	"a b",
				    "",		"\"\\\\\" \\",	"\xc3\xa9",
				    "\\\\",	"%PATH%&calc^", NULL};
	struct outcome out;

	(void)state;
	run_ok(argv, &out);
	assert_int_equal(out.end.exit_code, 0);
	assert_string_equal(out.text,
			    "006100200062\r\n\r\n0022005c005c002200200"
			    "05c\r\n00e9\r\n005c005c\r\n00250050004100540"
			    "04800250026"
			    "00630061006c0063005e\r\n");
}

static void random_word(char *out, size_t max)
{
	static const char letters[] = "ab\\\\\\\"\" \t";
	size_t size = (size_t)rand() % max, i;

	for (i = 0; i < size; i++)
		out[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
	out[size] = '\0';
}

/* The system's own CommandLineToArgvW is the judge of our quoting. */
static void test_launch__the_system_reads_back_our_lines(void **state)
{
	char words[3][16];
	int n, i, count;

	(void)state;
	srand(2);
	for (n = 0; n < 3000; n++) {
		const char *argv[] = {"C:\\a b\\", words[0], words[1], words[2],
				      NULL};
		struct sbk_buf line = SBK_BUF_INIT, wide = SBK_BUF_INIT;
		WCHAR **found;

		for (i = 0; i < 3; i++)
			random_word(words[i], sizeof(words[i]) - 1);
		assert_int_equal(sbk_command_line(argv, &line, NULL), 0);
		assert_true(sbk_wide_add(&wide, line.data, line.size));
		found = CommandLineToArgvW(sbk_wide_text(&wide), &count);
		assert_non_null(found);
		assert_int_equal(count, 4);
		for (i = 0; i < 4; i++) {
			struct sbk_buf word = SBK_BUF_INIT;

			sbk_narrow_add(&word, found[i], wcslen(found[i]));
			assert_string_equal(sbk_buf_text(&word), argv[i]);
			sbk_buf_release(&word);
		}
		(void)LocalFree(found);
		sbk_buf_release(&line);
		sbk_buf_release(&wide);
	}
}

static void test_launch__the_environment_is_the_wished_one(void **state)
{
	const char *const kept[] = {"launched", "variable", "KEPT", NULL};
	const char *const other[] = {"launched", "variable", "WINEPREFIX",
				     NULL};
	const char *const proxy[] = {"launched", "variable", "HTTP_PROXY",
				     NULL};
	struct sbk_launch_wish wish = wish_of(proxy);
	struct outcome out;

	(void)state;
	run_ok(kept, &out);
	assert_string_equal(out.text, "yes\r\n");
	assert_true(SetEnvironmentVariableA("WINEPREFIX", "of the caller"));
	run_ok(other, &out);
	assert_string_equal(out.text, "");
	wish.advise_offline = true;
	run(&wish, &out);
	assert_ok(out.rc, &out.err);
	assert_string_equal(out.text, "http://127.0.0.1:9\r\n");
}

/* Without a list, it would: the same program, started the usual way. */
static void start_with_all(const char *number)
{
	STARTUPINFOA startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION made;
	char line[700];

	(void)snprintf(line, sizeof(line), "\"%s\" handle %s", program, number);
	assert_true(CreateProcessA(program, line, NULL, NULL, TRUE, 0, NULL,
				   NULL, &startup, &made));
	(void)WaitForSingleObject(made.hProcess, 30000);
	(void)CloseHandle(made.hProcess);
	(void)CloseHandle(made.hThread);
}

static void test_launch__no_other_handle_gets_in(void **state)
{
	SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit),
				       .bInheritHandle = TRUE};
	HANDLE event = CreateEventW(&inherit, TRUE, FALSE, NULL);
	char number[32];
	const char *const argv[] = {"launched", "handle", number, NULL};
	struct outcome out;

	(void)state;
	assert_non_null(event);
	(void)snprintf(number, sizeof(number), "%llu",
		       (unsigned long long)(ULONG_PTR)event);
	run_ok(argv, &out);
	assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
	start_with_all(number);
	assert_int_equal(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
	(void)CloseHandle(event);
}

static void test_launch__streams_are_the_callers(void **state)
{
	const char *const argv[] = {"launched", "copy", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	HANDLE read = NULL, write = NULL;
	struct outcome out;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_win32_write(write, "in\n", 3, &err), &err);
	(void)CloseHandle(write);
	wish.streams[0] = read;
	run(&wish, &out);
	assert_ok(out.rc, &out.err);
	assert_non_null(strstr(out.text, "in"));
	assert_non_null(strstr(out.text, "error"));
	(void)CloseHandle(read);
}

static int empty_reads;

/* As the system reads what somebody wrote who wrote nothing. */
static BOOL WINAPI read_nothing_first(HANDLE file, LPVOID out, DWORD size,
				      LPDWORD got, LPOVERLAPPED where)
{
	if (empty_reads == 0)
		return ReadFile(file, out, size, got, where);
	empty_reads--;
	*got = 0;
	return TRUE;
}

static void test_launch__an_empty_write_is_not_the_end(void **state)
{
	struct sbk_win32_program calls = *sbk_win32->program;
	struct sbk_win32 table = *sbk_win32;
	const struct sbk_win32 *before = sbk_win32;
	struct sbk_error err = SBK_ERROR_INIT;
	HANDLE read = NULL, write = NULL;
	char text[8] = "";
	size_t got = 0;

	(void)state;
	assert_ok(sbk_win32_make_pipe(&read, &write, &err), &err);
	assert_ok(sbk_win32_write(write, "after", 5, &err), &err);
	(void)CloseHandle(write);
	calls.ReadFile = read_nothing_first;
	table.program = &calls;
	sbk_win32 = &table;
	empty_reads = 2;
	assert_ok(sbk_win32_read_pipe(read, text, sizeof(text), &got, &err),
		  &err);
	assert_int_equal(got, 5);
	assert_memory_equal(text, "after", 5);
	assert_ok(sbk_win32_read_pipe(read, text, sizeof(text), &got, &err),
		  &err);
	sbk_win32 = before;
	assert_int_equal(got, 0);
	(void)CloseHandle(read);
}

/* What is drawn awaits Windows: Wine's console gives nothing to the pipe. */
static void test_launch__runs_in_a_pseudoconsole(void **state)
{
	const char *const argv[] = {"launched", "exit", "5", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	wish.terminal = 7;
	wish.size = (COORD){80, 24};
	run(&wish, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 5);
}

static HANDLE asked, unused;
static char answered[16];
static size_t answered_size;

/* A console that reads nothing of what it is told, and has asked. */
static HRESULT WINAPI make_deaf(COORD size, HANDLE input, HANDLE output,
				DWORD flags, HPCON *made)
{
	const HANDLE self = GetCurrentProcess();
	HANDLE other = NULL;
	HRESULT result;

	assert_int_equal(flags, 1);
	assert_true(DuplicateHandle(self, input, self, &asked, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	assert_true(CreatePipe(&other, &unused, NULL, 0));
	result = CreatePseudoConsole(size, other, output, 0, made);
	(void)CloseHandle(other);
	return result;
}

static void WINAPI note_answer(HPCON console)
{
	DWORD there = 0, got = 0;

	assert_true(PeekNamedPipe(asked, NULL, 0, NULL, &there, NULL));
	if (there > 0)
		assert_true(ReadFile(asked, answered, sizeof(answered) - 1,
				     &got, NULL));
	answered_size = got;
	ClosePseudoConsole(console);
}

/* The system's own would wait for ever: here nobody has a terminal. */
static void test_launch__a_console_has_its_answer_before_it_closes(void **state)
{
	const char *const argv[] = {"launched", "exit", "5", NULL};
	struct sbk_win32_process calls = *sbk_win32->process;
	struct sbk_win32 table = *sbk_win32;
	const struct sbk_win32 *before = sbk_win32;
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	wish.terminal = 7;
	wish.size = (COORD){80, 24};
	calls.CreatePseudoConsole = make_deaf;
	calls.ClosePseudoConsole = note_answer;
	table.process = &calls;
	sbk_win32 = &table;
	run(&wish, &out);
	sbk_win32 = before;
	(void)CloseHandle(asked);
	(void)CloseHandle(unused);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.released, 0);
	assert_int_equal(answered_size, 6);
	assert_memory_equal(answered, "\x1b[1;1R", 6);
}

/* --- how it ends ---------------------------------------------------------- */

static void test_launch__the_exit_code_is_the_commands(void **state)
{
	const char *argv[] = {"launched", "exit", "0", NULL};
	static const struct {
		const char *code;
		int exit, signal;
	} cases[] = {{"0", 0, 0},
		     {"3", 3, 0},
		     {"255", 255, 0},
		     {"256", 255, 0},
		     {"0xC0000005", 139, 11},
		     {"0xC000013A", 130, 2},
		     {"0xC0000142", 255, 0}};
	struct outcome out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		argv[2] = cases[i].code;
		run_ok(argv, &out);
		assert_int_equal(out.end.exit_code, cases[i].exit);
		assert_int_equal(out.end.signal, cases[i].signal);
		assert_int_equal(
			out.end.code,
			cases[i].exit <= 3 || strcmp(cases[i].code, "255") == 0
				? 0
				: strtoul(cases[i].code, NULL, 0));
		assert_int_equal(out.end.reason != NULL,
				 strcmp(cases[i].code, "0xC0000142") == 0);
		assert_false(out.end.timed_out);
	}
}

static void test_launch__its_time_ends_it(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	wish.timeout_s = 1;
	run(&wish, &out);
	assert_ok(out.rc, &out.err);
	assert_true(out.end.timed_out);
	assert_in_range(out.end.duration_ms, 1000, 20000);
}

static void test_launch__what_it_leaves_is_ended(void **state)
{
	const char *const argv[] = {"launched", "leave", NULL};
	struct outcome out;
	DWORD left;

	(void)state;
	run_ok(argv, &out);
	assert_int_equal(out.end.exit_code, 7);
	left = (DWORD)strtoul(out.text, NULL, 10);
	assert_int_not_equal(left, 0);
	assert_false(is_alive(left));
}

static void test_launch__one_that_is_given_up_is_ended(void **state)
{
	const char *const argv[] = {"launched", "sleep", "60000", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct sbk_launch launch = SBK_LAUNCH_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	DWORD id;

	(void)state;
	assert_ok(sbk_launch_build(&wish, &launch, &err), &err);
	id = launch.process_id;
	assert_ok(sbk_launch_begin(&launch, &err), &err);
	assert_true(is_alive(id));
	assert_ok(sbk_launch_release(&launch, &err), &err);
	assert_false(is_alive(id));
}

/* --- on the simulation of restricted tokens ------------------------------- */

static void test_launch__on_the_simulation_the_token_is_taken(void **state)
{
	const uint8_t id[16] = {1};
	const struct sbk_sid roots[] = {sbk_synthetic_make(id, 1)};
	const char *const argv[] = {"launched", "exit", "5", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	sim_token_begin();
	wish.test_any_token = false;
	wish.roots = roots;
	wish.root_count = 1;
	run(&wish, &out);
	sim_token_end();
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 5);
	assert_true(sim_token_may("(A;;0x1301bf;;;S-1-0x0053424B0001-1-0-0-0-"
				  "1)",
				  0x2));
	assert_false(sim_token_may("(A;;0x1301bf;;;S-1-0x0053424B0001-1-0-0-0-"
				   "2)",
				   0x2));
	assert_false(sim_token_may("", 0x2));
	assert_true(sim_token_may("", 0x1));
}

static void test_launch__each_lie_is_noticed(void **state)
{
	const char *const argv[] = {"launched", "exit", "0", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;
	int lie;

	(void)state;
	wish.test_any_token = false;
	for (lie = 1; lie < SIM_TOKEN_LIES; lie++) {
		sim_token_begin();
		sim_token_lie((enum sim_token_lie)lie);
		run(&wish, &out);
		sim_token_end();
		assert_error(out.rc, SBK_E_UNSUPPORTED, &out.err);
		assert_string_equal(out.text, "");
	}
}

/* Of `best_effort`, on a system where we are in a job. */
static void run_nested(bool best_effort, struct outcome *out)
{
	const char *const argv[] = {"launched", "exit", "3", NULL};
	struct sbk_launch_wish wish = wish_of(argv);

	wish.test_any_token = false;
	wish.best_effort = best_effort;
	sim_token_begin();
	sim_token_nest();
	run(&wish, out);
	sim_token_end();
}

static void test_launch__in_a_job_its_own_has_no_limits_of_windows(void **state)
{
	struct outcome out;

	(void)state;
	run_nested(true, &out);
	assert_ok(out.rc, &out.err);
	assert_int_equal(out.end.exit_code, 3);
	assert_non_null(strstr(out.limits_missing, "clipboard"));
	run_nested(false, &out);
	assert_error(out.rc, SBK_E_UNSUPPORTED, &out.err);
	assert_non_null(strstr(out.err.message, "clipboard"));
}

static void test_launch__without_a_logon_there_is_no_run(void **state)
{
	const char *const argv[] = {"launched", "exit", "0", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	struct outcome out;

	(void)state;
	sim_token_begin();
	sim_token_no_logon(ERROR_NOT_FOUND);
	run(&wish, &out);
	assert_error(out.rc, SBK_E_UNSUPPORTED, &out.err);
	assert_non_null(strstr(out.err.message, "scheduled task"));
	sim_token_no_logon(ERROR_ACCESS_DENIED);
	run(&wish, &out);
	sim_token_end();
	assert_error(out.rc, SBK_E_DENIED, &out.err);
}

static void test_launch__each_call_may_fail(void **state)
{
	const char *const argv[] = {"launched", "exit", "0", NULL};
	struct sbk_launch_wish wish = wish_of(argv);
	DWORD before = 0, after = 0;
	struct outcome out;
	unsigned n, calls;

	(void)state;
	wish.test_any_token = false;
	sim_token_begin();
	run(&wish, &out); /* what the libraries keep */
	calls = sim_token_calls();
	sim_token_end();
	assert_ok(out.rc, &out.err);
	assert_in_range(calls, 25, 200);
	assert_true(GetProcessHandleCount(GetCurrentProcess(), &before));
	for (n = 1; n <= calls; n++) {
		sim_token_begin();
		sim_token_fail(n);
		run(&wish, &out);
		assert_int_equal(sim_token_alive(), 0);
		sim_token_end();
	}
	assert_true(GetProcessHandleCount(GetCurrentProcess(), &after));
	assert_int_equal(before, after);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(
		test_launch__a_token_that_is_not_restricted_is_refused),
	cmocka_unit_test(test_launch__a_token_that_is_shut_is_used_as_it_was),
	cmocka_unit_test(test_launch__what_it_makes_is_of_its_logon),
	cmocka_unit_test(test_launch__a_batch_file_is_refused),
	cmocka_unit_test(test_launch__arguments_arrive_as_they_were),
	cmocka_unit_test(test_launch__the_system_reads_back_our_lines),
	cmocka_unit_test(test_launch__the_environment_is_the_wished_one),
	cmocka_unit_test(test_launch__no_other_handle_gets_in),
	cmocka_unit_test(test_launch__streams_are_the_callers),
	cmocka_unit_test(test_launch__runs_in_a_pseudoconsole),
	cmocka_unit_test(
		test_launch__a_console_has_its_answer_before_it_closes),
	cmocka_unit_test(test_launch__the_exit_code_is_the_commands),
	cmocka_unit_test(test_launch__its_time_ends_it),
	cmocka_unit_test(test_launch__what_it_leaves_is_ended),
	cmocka_unit_test(test_launch__one_that_is_given_up_is_ended),
	cmocka_unit_test(test_launch__an_empty_write_is_not_the_end),
	cmocka_unit_test(test_launch__on_the_simulation_the_token_is_taken),
	cmocka_unit_test(test_launch__each_lie_is_noticed),
	cmocka_unit_test(
		test_launch__in_a_job_its_own_has_no_limits_of_windows),
	cmocka_unit_test(test_launch__without_a_logon_there_is_no_run),
	cmocka_unit_test(test_launch__each_call_may_fail),
};

/* launched.exe lies beside us. */
int main(int argc, char **argv)
{
	char *slash, *c;

	if (GetModuleFileNameA(NULL, program, sizeof(program) - 20) == 0)
		return 1;
	for (c = program; *c != '\0'; c++)
		*c = *c == '\\' ? '/' : *c;
	slash = strrchr(program, '/');
	*slash = '\0';
	(void)snprintf(directory, sizeof(directory), "%s", program);
	(void)snprintf(slash, 20, "/launched.exe");
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
