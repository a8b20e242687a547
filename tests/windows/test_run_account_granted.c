/*
 * What a run under an account is granted, seen before and after it: by the
 * program's own commands, with a journal and a secret for real. Simulated are
 * the accounts (sim.h) and access lists that are kept (kept_lists.h). The logon
 * is refused, so no command begins: what is seen is what stands before it.
 */
#include "tests/support/test.h"

#include <direct.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <winioctl.h>

#include "engine/cli.h"
#include "engine/ntsec/sddl.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "engine/windows/pipe_end.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_logon.h"
#include "journal/journal.h"
#include "tests/windows/commands.h"
#include "tests/windows/enrolled.h"
#include "tests/windows/kept_lists.h"

#include "engine/banned.h"

#define OUTPUT_MAX 131072
#define LOGON_FAILURE 1326

static char output[OUTPUT_MAX], directory[512];
static char *made;
static struct sbk_journal_place place;
static struct sim *sim;
static struct sbk_sid own, account;
static struct sbk_win32 table;
static struct sbk_win32_logon logon;

/* Wine makes no reparse points: one file is said to be one, with these data. */
struct reparse {
	const char *path;
	uint8_t data[64];
	DWORD size;
};
static const struct reparse *reparse;

/*
 *	home/ws/src/file, home/ws/secret/key
 *	home/tools/bin      on PATH
 */
static const char *const directories[] = {"home",	 "home/ws",
					  "home/ws/src", "home/ws/secret",
					  "home/tools",	 "home/tools/bin"};
static const char *const files[] = {"home/ws/src/file", "home/ws/secret/key",
				    "home/tools/bin/tool.exe"};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- the world ------------------------------------------------------------ */

static BOOL WINAPI refuse_logon(LPCWSTR name, LPCWSTR domain, LPCWSTR password,
				DWORD how, LPCWSTR wanted, LPWSTR line,
				DWORD flags, LPVOID environment, LPCWSTR where,
				LPSTARTUPINFOW startup,
				LPPROCESS_INFORMATION out)
{
	(void)name;
	(void)domain;
	(void)password;
	(void)how;
	(void)wanted;
	(void)line;
	(void)flags;
	(void)environment;
	(void)where;
	(void)startup;
	(void)out;
	SetLastError(LOGON_FAILURE);
	return FALSE;
}

static DWORD WINAPI last_error(void)
{
	const DWORD code = sim->last_error;

	sim->last_error = 0;
	return code != 0 ? code : GetLastError();
}

/* `entries` in SDDL, before the person's own; `owner` NULL: the person. */
static void set_list(const char *path, const char *owner, const char *entries)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid_text person;
	HANDLE file = CreateFileA(
		path, WRITE_DAC | WRITE_OWNER | READ_CONTROL,
		FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
		OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

	assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
	(void)sbk_sid_format(&own, &person);
	/* Nothing comes to the topmost one from above. */
	sbk_buf_printf(&text, "O:%sG:BUD:%s%s(A;;FA;;;%s)",
		       owner != NULL ? owner : person.text,
		       strcmp(path, directories[0]) == 0 ? "P" : "AI", entries,
		       person.text);
	assert_ok(sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL, &bytes,
				 &err),
		  &err);
	assert_int_equal(table.files.NtSetSecurityObject(
				 file,
				 OWNER_SECURITY_INFORMATION |
					 GROUP_SECURITY_INFORMATION |
					 DACL_SECURITY_INFORMATION,
				 bytes.data),
			 0);
	(void)CloseHandle(file);
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
}

/* Whether the list has an entry that names the account. */
static bool names_account(const char *path)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS};
	struct sbk_backend backend;
	struct sbk_sid_text text;
	char full[700];
	bool found;

	(void)snprintf(full, sizeof(full), "%s/%s", directory, path);
	object.name = full;
	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_backend_observe(&backend, &object, &seen, &err), &err);
	found = strstr(sbk_buf_text(&seen.state),
		       sbk_sid_format(&account, &text)) != NULL;
	sbk_observation_release(&seen);
	sbk_backend_close(&backend);
	return found;
}

static void make_tree(void)
{
	FILE *file;
	size_t i;

	for (i = 0; i < COUNT(directories); i++) {
		assert_int_equal(_mkdir(directories[i]), 0);
		set_list(directories[i], NULL, "");
	}
	for (i = 0; i < COUNT(files); i++) {
		file = fopen(files[i], "wb");
		assert_non_null(file);
		assert_int_equal(fclose(file), 0);
		set_list(files[i], NULL, "");
	}
}

static void remove_tree(void)
{
	size_t i;

	for (i = COUNT(files); i-- > 0;)
		assert_int_equal(remove(files[i]), 0);
	for (i = COUNT(directories); i-- > 0;)
		assert_int_equal(_rmdir(directories[i]), 0);
}

static int setup(void **state)
{
	static const uint32_t subs[] = {21, 9, 9, 9, 1009};
	static const struct kept_lists_options kept = {.fails = NULL};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_int_equal(_chdir(directory), 0);
	assert_ok(sbk_pipe_own_user(&own, &err), &err);
	account = sbk_sid_make(5, subs, 5);
	sim = sim_begin();
	table = sbk_win32_system;
	table.accounts = &sim_accounts_table;
	table.rights.LookupAccountSidW = sbk_win32->rights.LookupAccountSidW;
	table.errors.GetLastError = last_error;
	logon = sbk_win32_logon_system;
	logon.CreateProcessWithLogonW = refuse_logon;
	table.logon = &logon;
	kept_lists_put(&table, &kept);
	sbk_win32 = &table;
	make_tree();
	enrolled_make(sim, L"SandbookOnline", SBK_PRINCIPAL_ONLINE, &account,
		      &own);
	enrolled_keep("SandbookOnline", &account);
	return 0;
}

static int teardown(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	reparse = NULL;
	commands_take_back(&place);
	for (i = 0; i < COUNT(directories); i++)
		assert_false(names_account(directories[i]));
	for (i = 0; i < COUNT(files); i++)
		assert_false(names_account(files[i]));
	enrolled_forget();
	assert_ok(sbk_journal_remove(&place, &err), &err);
	sim_finish(sim);
	remove_tree();
	return 0;
}

/* The program reads its environment once, so PATH has one directory. */
static int set_up_all(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	char *real = NULL, path[700];

	(void)state;
	made = sbk_test_directory("run_account_granted");
	assert_ok(sbk_os_real_path(made, &real, &err), &err);
	(void)snprintf(directory, sizeof(directory), "%s", real);
	free(real);
	(void)snprintf(path, sizeof(path), "%s/home/tools/bin", directory);
	assert_true(SetEnvironmentVariableA("PATH", path));
	return 0;
}

static int tear_down_all(void **state)
{
	(void)state;
	assert_int_equal(_chdir("\\"), 0);
	sbk_test_remove(made);
	return 0;
}

/* --- the program ---------------------------------------------------------- */

static int call(const char *first, ...)
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

static void assert_said(const char *part)
{
	if (strstr(output, part) == NULL)
		fail_msg("without '%s': %s", part, output);
}

static void assert_not_said(const char *part)
{
	if (strstr(output, part) != NULL)
		fail_msg("with '%s': %s", part, output);
}

#define RUN(...) \
	call("run", "--net", "--best-effort", __VA_ARGS__, "--", "tool", NULL)

/* As far as it comes here: all that a run grants is granted, and the logon
 * fails. */
static void assert_reached_the_logon(int code)
{
	if (code == 0 || strstr(output, "setup --upgrade") == NULL)
		fail_msg("exit code %d: %s", code, output);
}

static void assert_refused(int code, const char *why)
{
	if (code != SBK_EXIT_UNSUPPORTED || strstr(output, why) == NULL)
		fail_msg("exit code %d, or without '%s': %s", code, why,
			 output);
}

/* --- reading -------------------------------------------------------------- */

static void test_run_account_granted__tools_and_the_way_there(void **state)
{
	(void)state;
	assert_int_equal(RUN("--grant", "acl", "-C", "home/ws", "--dry-run"),
			 0);
	assert_said("pass through");
	assert_said("/home/tools/bin");
	assert_false(names_account("home"));
	(void)RUN("--grant", "acl", "-C", "home/ws");
	assert_true(names_account("home/ws/src/file"));
	assert_true(names_account("home/tools/bin/tool.exe"));
	/* Above: to pass, and nothing beside. */
	assert_true(names_account("home"));
	assert_true(names_account("home/tools"));
	/* Once: what stands is not granted again. */
	(void)RUN("--grant", "acl", "-C", "home/ws");
	assert_int_equal(call("journal", "log", NULL), 0);
	assert_non_null(strstr(output, "run --grant acl --rw"));
	assert_null(strstr(strstr(output, "run --grant acl --rw") + 1,
			   "run --grant acl --rw"));
}

/* A directory above a root that is granted for reading is not only passed. */
static void test_run_account_granted__what_is_above_is_read(void **state)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_object object = {.kind = SBK_KIND_ACCESS};
	struct sbk_backend backend;
	char full[700];

	(void)state;
	(void)RUN("--grant", "acl", "-C", "home/ws/src", "--ro", "..");
	(void)snprintf(full, sizeof(full), "%s/home/ws", directory);
	object.name = full;
	assert_ok(sbk_os_backend(&backend, &err), &err);
	assert_ok(sbk_backend_observe(&backend, &object, &seen, &err), &err);
	if (strstr(sbk_buf_text(&seen.state), "0x001200a9 S-1-5-21-9-") == NULL)
		fail_msg("%s\n%s", sbk_buf_text(&seen.state), output);
	assert_true(names_account("home/ws/secret/key"));
	sbk_observation_release(&seen);
	sbk_backend_close(&backend);
}

static void test_run_account_granted__what_users_read_is_left(void **state)
{
	(void)state;
	set_list("home/tools/bin", NULL, "(A;OICI;FR;;;AU)");
	(void)RUN("--grant", "acl", "-C", "home/ws");
	assert_true(names_account("home/ws/src/file"));
	assert_false(names_account("home/tools/bin"));
	assert_not_said("bin' is to be read, and");
}

static void test_run_account_granted__others_tools_are_named(void **state)
{
	(void)state;
	set_list("home/tools/bin", "BA", "");
	(void)RUN("--grant", "acl", "-C", "home/ws");
	assert_said("/home/tools/bin' is to be read, and SandbookOnline "
		    "cannot: it is not yours to grant");
	assert_false(names_account("home/tools/bin"));
	assert_true(names_account("home/ws/src/file"));
}

/* --- denying -------------------------------------------------------------- */

static void test_run_account_granted__a_denied_path_gets_nothing(void **state)
{
	(void)state;
	assert_reached_the_logon(
		RUN("--grant", "acl", "-C", "home/ws", "--deny", "secret"));
	assert_true(names_account("home/ws/src/file"));
	assert_false(names_account("home/ws/secret"));
	assert_false(names_account("home/ws/secret/key"));
	assert_reached_the_logon(RUN("-C", "home/ws", "--deny", "secret"));
	/* Where it may be read already, it is refused: what was granted, */
	assert_refused(RUN("-C", "home/ws", "--deny", "src"), "src' is denied");
	/* what every user reads, and that alone below it. */
	set_list("home/ws/secret/key", NULL, "(A;;FR;;;AU)");
	assert_refused(RUN("-C", "home/ws", "--deny", "secret"),
		       "secret/key' the account may read it");
}

static bool is_reparse(HANDLE handle)
{
	FILE_ID_INFO one, two;
	HANDLE file;
	bool same;

	if (reparse == NULL)
		return false;
	file = CreateFileA(
		reparse->path, FILE_READ_ATTRIBUTES,
		FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
		OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
	same = sbk_win32_system.files.GetFileInformationByHandleEx(
		       handle, FileIdInfo, &one, sizeof(one)) &&
	       sbk_win32_system.files.GetFileInformationByHandleEx(
		       file, FileIdInfo, &two, sizeof(two)) &&
	       memcmp(&one, &two, sizeof(one)) == 0;
	(void)CloseHandle(file);
	return same;
}

static BOOL WINAPI look_at_file(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS what,
				LPVOID out, DWORD size)
{
	BOOL ok = sbk_win32_system.files.GetFileInformationByHandleEx(
		handle, what, out, size);

	if (ok && what == FileAttributeTagInfo && is_reparse(handle))
		((FILE_ATTRIBUTE_TAG_INFO *)out)->FileAttributes |=
			FILE_ATTRIBUTE_REPARSE_POINT;
	return ok;
}

static BOOL WINAPI read_reparse(HANDLE handle, DWORD code, LPVOID in,
				DWORD in_size, LPVOID out, DWORD size,
				LPDWORD got, LPOVERLAPPED overlapped)
{
	if (code != FSCTL_GET_REPARSE_POINT || !is_reparse(handle))
		return sbk_win32_system.file->DeviceIoControl(
			handle, code, in, in_size, out, size, got, overlapped);
	assert_true(size >= reparse->size);
	memcpy(out, reparse->data, reparse->size);
	*got = reparse->size;
	return TRUE;
}

/* A file that a cloud keeps is read by its name, whatever it is besides. */
static void
test_run_account_granted__a_placeholder_below_is_no_link(void **state)
{
	static const struct reparse cloud = {
		.path = "home/ws/secret/key",
		.data = {0x1a, 0x00, 0x00, 0x90, 16},
		.size = 24};
	static const struct reparse link = {
		.path = "home/ws/secret/key",
		/* A symbolic link, relative: "a". */
		.data = {0x0c, 0x00, 0x00, 0xa0, 16, 0, 0, 0, 0,   0, 2,   0,
			 2,    0,    2,	   0,	 1,  0, 0, 0, 'a', 0, 'a', 0},
		.size = 24};
	static struct sbk_win32_file file; /* a test that fails leaves it */

	(void)state;
	file = *table.file;
	table.files.GetFileInformationByHandleEx = look_at_file;
	file.DeviceIoControl = read_reparse;
	table.file = &file;
	reparse = &link;
	assert_reached_the_logon(RUN("-C", "home/ws", "--deny", "secret"));
	reparse = &cloud;
	assert_refused(RUN("-C", "home/ws", "--deny", "secret"),
		       "secret/key' the rights behind it cannot be told");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_run_account_granted__tools_and_the_way_there),
	TEST(test_run_account_granted__what_is_above_is_read),
	TEST(test_run_account_granted__what_users_read_is_left),
	TEST(test_run_account_granted__others_tools_are_named),
	TEST(test_run_account_granted__a_denied_path_gets_nothing),
	TEST(test_run_account_granted__a_placeholder_below_is_no_link),
};

int main(int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_person caller;

	if (sbk_os_caller(&caller, &err) < 0 ||
	    sbk_journal_place_user(&caller, &place, &err) < 0)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
