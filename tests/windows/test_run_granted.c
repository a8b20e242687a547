/*
 * A grant and then a run, by the program's own commands, with a journal for
 * real and a command that is started for real: which SIDs of roots its token
 * holds, and what that token may then do by engine/ntsec, beside what the
 * user's own may. What Wine lacks is simulated: access lists that are kept
 * (kept_lists.h) and restricted tokens (sim_token.h).
 */
#include "tests/support/test.h"

#include <direct.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "engine/ntsec/sddl.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/run.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "journal/journal.h"
#include "tests/windows/commands.h"
#include "tests/windows/kept_lists.h"
#include "tests/windows/sim_token.h"

#include "engine/banned.h"

#define OUTPUT_MAX 65536
#define ACCOUNT "S-1-5-21-0-0-0-513" /* a name that Wine knows */
#define DESCRIPTOR_MAX 4096
#define WRITE_DATA 0x2
#define DELETES 0x10000
/* One call of so many fails each day; in a campaign each. */
#define STRIDE 59

static char output[OUTPUT_MAX];
static char *made; /* the directory of the test */
static struct sbk_journal_place place;

/*
 *	ws            what is granted, mostly
 *	ws/.git/config
 *	ws/src/file
 *	other         a second root
 *	beside
 */
static const char *const directories[] = {"ws", "ws/.git", "ws/src", "other"};
static const char *const files[] = {"ws/.git/config", "ws/src/file", "beside",
				    "other/file"};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void make_file(const char *path)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

/* --- the host ------------------------------------------------------------- */

/* The descriptor that the table's system gives of it. */
static DWORD descriptor_of(const char *path, BYTE out[DESCRIPTOR_MAX])
{
	const DWORD parts = OWNER_SECURITY_INFORMATION |
			    GROUP_SECURITY_INFORMATION |
			    DACL_SECURITY_INFORMATION;
	HANDLE file = CreateFileA(
		path, READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
		OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	ULONG size = 0;

	assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
	assert_int_equal(sbk_win32->files.NtQuerySecurityObject(
				 file, parts, out, DESCRIPTOR_MAX, &size),
			 0);
	(void)CloseHandle(file);
	return size;
}

static void print_one(const char *path, struct sbk_buf *out)
{
	BYTE bytes[DESCRIPTOR_MAX];
	const DWORD size = descriptor_of(path, bytes);
	struct sbk_sd sd;

	assert_int_equal(sbk_sd_read(bytes, size, &sd, NULL), 0);
	sbk_buf_printf(out, "%s ", path);
	assert_int_equal(
		sbk_sddl_format(&sd,
				SBK_SDDL_OWNER | SBK_SDDL_GROUP | SBK_SDDL_DACL,
				NULL, out, NULL),
		0);
	sbk_buf_addc(out, '\n');
}

static void print_host(struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < COUNT(directories); i++)
		print_one(directories[i], out);
	for (i = 0; i < COUNT(files); i++)
		print_one(files[i], out);
}

/* And the host is as it was. */
static void assert_taken_back(const struct sbk_buf *start, unsigned n)
{
	struct sbk_buf now = SBK_BUF_INIT;

	commands_take_back(&place);
	print_host(&now);
	if (strcmp(sbk_buf_text(&now), sbk_buf_text(start)) != 0)
		fail_msg("at %u:\n%s\ninstead of\n%s\n%s", n,
			 sbk_buf_text(&now), sbk_buf_text(start), output);
	sbk_buf_release(&now);
}

/* --- the program ---------------------------------------------------------- */

/* One call of the program: its exit code, and what it printed. */
static int run(const char *first, ...)
{
	const struct sbk_command commands[] = {
		sbk_command_run, sbk_command_grant, {.name = NULL}};
	const struct sbk_command *const tables[] = {commands,
						    sbk_journal_commands, NULL};
	va_list words;
	int code;

	va_start(words, first);
	code = commands_call("sandbook", tables, output, sizeof(output), first,
			     words);
	va_end(words);
	return code;
}

#define RUN(...)                                                           \
	run("run", "--best-effort", __VA_ARGS__, "--", "launched", "exit", \
	    "5", NULL)

static void assert_printed(const char *part)
{
	if (strstr(output, part) == NULL)
		fail_msg("without '%s': %s", part, output);
}

static void assert_code(int code, int expected)
{
	if (code != expected)
		fail_msg("exit code %d, not %d: %s", code, expected, output);
}

/* From this call on each fails; 0: none. */
static unsigned broken_from, list_calls;

static bool list_fails(void)
{
	if (broken_from > 0 && ++list_calls >= broken_from) {
		SetLastError(ERROR_ACCESS_DENIED);
		return true;
	}
	return sim_token_fails();
}

static void begin_system(void)
{
	static const struct kept_lists_options lists = {.fails = list_fails};
	static struct sbk_win32 table;

	sim_token_begin();
	table = *sbk_win32;
	kept_lists_put(&table, &lists);
	sbk_win32 = &table;
}

static int setup(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char programs[MAX_PATH];
	struct sbk_person caller;
	size_t i;

	(void)state;
	assert_true(GetModuleFileNameA(NULL, programs, sizeof(programs)) > 0);
	*strrchr(programs, '\\') = '\0';
	assert_true(SetEnvironmentVariableA("PATH", programs));
	made = sbk_test_directory("run_granted");
	assert_int_equal(_chdir(made), 0);
	for (i = 0; i < COUNT(directories); i++)
		assert_int_equal(_mkdir(directories[i]), 0);
	for (i = 0; i < COUNT(files); i++)
		make_file(files[i]);
	assert_ok(sbk_os_caller(&caller, &err), &err);
	assert_ok(sbk_journal_place_user(&caller, &place, &err), &err);
	begin_system();
	return 0;
}

static int teardown(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	commands_take_back(&place);
	sim_token_end();
	assert_ok(sbk_journal_remove(&place, &err), &err);
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}

/* --- what its token may --------------------------------------------------- */

static bool may(const char *path, bool restricted, uint32_t rights)
{
	BYTE bytes[DESCRIPTOR_MAX];
	const DWORD size = descriptor_of(path, bytes);

	return sim_token_may_open(bytes, size, restricted, rights);
}

/* The user may, and whether the run may. */
static void assert_writes(const char *path, bool expected)
{
	assert_true(may(path, false, WRITE_DATA));
	assert_true(may(path, true, 0x1)); /* to read */
	if (may(path, true, WRITE_DATA) != expected)
		fail_msg("'%s' is %s written by the run: %s", path,
			 expected ? "not" : "", output);
}

static void assert_ws(bool expected)
{
	assert_writes("ws", expected);
	assert_writes("ws/src", expected);
	assert_writes("ws/src/file", expected);
	assert_int_equal(may("ws/src/file", true, DELETES), expected);
	assert_writes("ws/.git", false);
	assert_writes("ws/.git/config", false);
	assert_false(may("ws/.git", true, DELETES));
	assert_true(may("ws/.git", false, DELETES));
	assert_writes("beside", false);
}

static void test_run_granted__a_run_writes_in_its_root(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;

	(void)state;
	print_host(&start);
	assert_code(RUN("-C", "ws"), 5);
	assert_printed("the run can write nothing in '");
	assert_ws(false);
	/* What is not measured is said, whatever is asked to be left out. */
	assert_code(RUN("-q", "-C", "ws"), 5);
	assert_printed("'writes' is guaranteed with a reservation: ");
	assert_code(run("grant", "--to", "runs", "--rw", "ws", NULL), 0);
	/* Without --grant acl: nothing is changed by it. */
	assert_code(RUN("-C", "ws"), 5);
	assert_null(strstr(output, "can write nothing"));
	assert_ws(true);
	assert_writes("other/file", false);
	assert_code(run("journal", "log", "--json", NULL), 0);
	assert_printed("\"principal\":\"S-1-0x0053424B0001-");
	/* What was taken back is in no token any more. */
	assert_taken_back(&start, 0);
	assert_code(RUN("-C", "ws"), 5);
	assert_printed("it was not granted to runs");
	assert_ws(false);
	sbk_buf_release(&start);
}

static uint64_t transactions(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_ledger ledger;
	struct sbk_book_mark mark;

	sbk_journal_ledger(&ledger);
	assert_ok(ledger.ops->mark(ledger.self, SBK_BOOK_USER, &mark, &err),
		  &err);
	return mark.transactions;
}

static void test_run_granted__a_run_grants_its_root_once(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;

	(void)state;
	print_host(&start);
	/* A run that is refused changes nothing. */
	assert_code(run("run", "--grant", "acl", "-C", "ws", "--", "launched",
			"exit", "5", NULL),
		    SBK_EXIT_UNSUPPORTED);
	assert_taken_back(&start, 0);
	assert_code(RUN("--grant", "acl", "-C", "ws", "--dry-run"), 0);
	assert_printed("(granted before the command)");
	assert_taken_back(&start, 0);
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	assert_ws(true);
	assert_int_equal(transactions(), 1);
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	assert_ws(true);
	assert_int_equal(transactions(), 1);
	/* Granted again it is nothing new, either. */
	assert_code(run("grant", "--to", "runs", "--rw", "ws", NULL), 0);
	assert_printed("Nothing had to be changed");
	assert_taken_back(&start, 0);
	sbk_buf_release(&start);
}

static bool unsettled(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_ledger ledger;
	struct sbk_book_mark mark;

	sbk_journal_ledger(&ledger);
	assert_ok(ledger.ops->mark(ledger.self, SBK_BOOK_USER, &mark, &err),
		  &err);
	return mark.unsettled;
}

/* Every call from that one on fails, those that would take back, too. */
static int grant_broken_from(unsigned call)
{
	int code;

	list_calls = 0;
	broken_from = call;
	code = run("grant", "--to", "runs", "--rw", "ws", NULL);
	broken_from = 0;
	return code;
}

/* A grant that broke off, and so did its undo: the next run settles it, and
 * holds nothing of it. */
static void test_run_granted__half_a_grant_is_settled_first(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT, now = SBK_BUF_INIT;
	unsigned calls;

	(void)state;
	print_host(&start);
	broken_from = UINT_MAX; /* counts */
	list_calls = 0;
	assert_code(run("grant", "--to", "runs", "--rw", "ws", NULL), 0);
	calls = list_calls;
	broken_from = 0;
	assert_taken_back(&start, 0);
	/* At its end: entries are there, and stay. The second one asks less. */
	while (grant_broken_from(calls) < 200)
		assert_taken_back(&start, calls--);
	print_host(&now);
	assert_true(unsettled());
	assert_string_not_equal(sbk_buf_text(&now), sbk_buf_text(&start));
	assert_code(RUN("-C", "ws"), 5);
	assert_false(unsettled());
	assert_printed("not granted to runs");
	assert_ws(false);
	sbk_buf_clear(&now);
	print_host(&now);
	assert_string_equal(sbk_buf_text(&now), sbk_buf_text(&start));
	sbk_buf_release(&start);
	sbk_buf_release(&now);
}

static void test_run_granted__two_roots_have_two_sids(void **state)
{
	struct sbk_buf start = SBK_BUF_INIT;

	(void)state;
	print_host(&start);
	assert_code(RUN("--grant", "acl", "-C", "ws", "--rw", "../other"), 5);
	assert_ws(true);
	assert_writes("other/file", true);
	/* Each is its own: a run of one root writes nothing in the other. */
	assert_code(RUN("-C", "ws"), 5);
	assert_ws(true);
	assert_writes("other/file", false);
	assert_code(RUN("-C", "other"), 5);
	assert_ws(false);
	assert_writes("other/file", true);
	/* One root, named twice. */
	assert_code(RUN("-C", "ws", "--rw", "../ws", "--rw", "../WS"), 5);
	assert_ws(true);
	/* And below it: what was granted is the whole. */
	assert_code(RUN("-C", "ws/src"), 5);
	assert_printed("not granted to runs");
	assert_writes("ws/src/file", false);
	assert_taken_back(&start, 0);
	sbk_buf_release(&start);
}

static void test_run_granted__a_root_that_moved_keeps_its_own(void **state)
{
	(void)state;
	/* First: later it could have the id, and so the kept list, of something
	 * that a run made and removed. */
	assert_int_equal(_mkdir("next"), 0);
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	assert_int_equal(rename("ws", "was"), 0);
	assert_int_equal(rename("next", "ws"), 0);
	assert_code(RUN("-C", "was"), 5);
	assert_writes("was/src/file", true);
	assert_writes("was/.git/config", false);
	/* Another directory under the old name. */
	assert_code(RUN("-C", "ws"), 5);
	assert_printed("not granted to runs");
	assert_writes("ws", false);
	assert_writes("was/src/file", false);
}

/* The entries of another object, as if it had inherited or been given them. */
static void copy_list(const char *from, const char *to)
{
	BYTE bytes[DESCRIPTOR_MAX];
	HANDLE file =
		CreateFileA(to, WRITE_DAC | READ_CONTROL, FILE_SHARE_READ, NULL,
			    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

	(void)descriptor_of(from, bytes);
	assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
	assert_int_equal(sbk_win32->files.NtSetSecurityObject(
				 file, DACL_SECURITY_INFORMATION, bytes),
			 0);
	(void)CloseHandle(file);
}

static void test_run_granted__a_later_protected_name_is_shut(void **state)
{
	(void)state;
	assert_int_equal(rename("ws/.git", "ws/git"), 0);
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	assert_int_equal(rename("ws/git", "ws/.git"), 0);
	assert_true(may("ws/.git", true, WRITE_DATA));
	/* The run does not get what would open it, and says so; */
	assert_code(RUN("-C", "ws"), 5);
	assert_printed("would let it change");
	assert_ws(false);
	/* with --grant acl it is shut first. */
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	assert_ws(true);
	/* A name that this run alone protects, which others opened. */
	copy_list("ws/src", "ws/.git");
	assert_code(RUN("-C", "ws", "--protect", "src"), 5);
	assert_printed("would let it change");
	assert_false(may("ws/src", true, WRITE_DATA));
}

static void test_run_granted__a_later_object_is_stripped_of_all(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT;

	(void)state;
	assert_code(run("grant", "--to", ACCOUNT, "--rw", "ws", NULL), 0);
	make_file("ws/later");
	copy_list("ws/src/file", "ws/later");
	assert_true(may("ws/later", false, WRITE_DATA));
	commands_take_back(&place);
	print_one("ws/later", &text);
	if (strstr(sbk_buf_text(&text), ";;;" ACCOUNT) != NULL ||
	    strstr(sbk_buf_text(&text), "53424B") != NULL)
		fail_msg("%s", sbk_buf_text(&text));
	sbk_buf_release(&text);
}

/* What a root has is taken back while a run is at work in it, as where there
 * are too many. */
static DWORD WINAPI resume_and_retire(HANDLE thread)
{
	const DWORD result = ResumeThread(thread);

	assert_writes("ws/src/file", true);
	commands_take_back(&place);
	return result;
}

static void test_run_granted__a_root_is_retired_under_a_run(void **state)
{
	const struct sbk_win32 *before = sbk_win32;
	struct sbk_win32_process process = *sbk_win32->process;
	struct sbk_win32 table = *sbk_win32;
	struct sbk_buf start = SBK_BUF_INIT;

	(void)state;
	print_host(&start);
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	process.ResumeThread = resume_and_retire;
	table.process = &process;
	sbk_win32 = &table;
	/* It can write no more, and ends as it would have. */
	assert_code(RUN("-C", "ws"), 5);
	sbk_win32 = before;
	assert_ws(false);
	assert_int_equal(sim_token_alive(), 0);
	assert_code(run("journal", "verify", NULL), 0);
	assert_taken_back(&start, 0);
	/* The next one has another. */
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	assert_ws(true);
	assert_taken_back(&start, 0);
	sbk_buf_release(&start);
}

/* --- every call ----------------------------------------------------------- */

/* A run that grants its root, of which call n fails. */
static void one_fault(const struct sbk_buf *start, unsigned n)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int code;

	sim_token_fail(n);
	code = RUN("--grant", "acl", "-C", "ws");
	sim_token_fail(0);
	assert_int_equal(sim_token_alive(), 0);
	/* What could not be looked at once more is not opened, and told. */
	if (code == 5)
		assert_ws(strstr(output, "can write nothing in '") == NULL);
	assert_taken_back(start, n);
	/* Its directory, where it could not go with the run. */
	assert_ok(sbk_run_remove_leftovers(&err), &err);
	sim_token_end();
	assert_ok(sbk_journal_remove(&place, &err), &err);
	begin_system();
}

static void test_run_granted__each_call_may_fail(void **state)
{
	const unsigned stride = (unsigned)sbk_test_step(STRIDE);
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf start = SBK_BUF_INIT;
	unsigned n, calls;

	(void)state;
	print_host(&start);
	sim_token_fail(0);
	assert_code(RUN("--grant", "acl", "-C", "ws"), 5);
	calls = sim_token_calls();
	assert_taken_back(&start, 0);
	sim_token_end();
	assert_ok(sbk_journal_remove(&place, &err), &err);
	begin_system();
	assert_in_range(calls, 100, 1000);
	for (n = (unsigned)sbk_test_first(1); n <= calls; n += stride)
		one_fault(&start, n);
	sbk_buf_release(&start);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_run_granted__a_run_writes_in_its_root),
	TEST(test_run_granted__a_run_grants_its_root_once),
	TEST(test_run_granted__half_a_grant_is_settled_first),
	TEST(test_run_granted__two_roots_have_two_sids),
	TEST(test_run_granted__a_root_that_moved_keeps_its_own),
	TEST(test_run_granted__a_later_protected_name_is_shut),
	TEST(test_run_granted__a_later_object_is_stripped_of_all),
	TEST(test_run_granted__a_root_is_retired_under_a_run),
	TEST(test_run_granted__each_call_may_fail),
};

SBK_TEST_MAIN(tests)
