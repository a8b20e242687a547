/* Files that people name, images, the clock; and calls that fail. */
#include "engine/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/limits.h"
#include "engine/os_device.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_file.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define CONTENT "0123456789"

/* DIRECTORY/\u00e9.txt with ten bytes; the caller frees. */
static char *make_file(const char *directory)
{
	const size_t size = strlen(directory) + 16;
	char *path = malloc(size);
	WCHAR wide[512];
	DWORD written = 0;
	HANDLE file;

	assert_non_null(path);
	(void)snprintf(path, size, "%s/\xc3\xa9.txt", directory);
	assert_true(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1,
					wide, 512) > 0);
	file = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
	assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
	assert_true(WriteFile(file, CONTENT, 10, &written, NULL));
	assert_int_equal(written, 10);
	assert_true(CloseHandle(file));
	return path;
}

static void test_os__reads_a_file(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char *directory = sbk_test_directory("os");
	char *path = make_file(directory), *real = NULL;

	(void)state;
	assert_ok(sbk_os_read_file(path, 10, &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), CONTENT);
	sbk_buf_clear(&out);
	assert_error(sbk_os_read_file(path, 9, &out, &err), SBK_E_LIMIT, &err);
	assert_error(sbk_os_read_file(directory, 10, &out, &err), SBK_E_INVAL,
		     &err);
	assert_error(sbk_os_read_file("", 10, &out, &err), SBK_E_NOTFOUND,
		     &err);
	assert_ok(sbk_os_real_path(path, &real, &err), &err);
	assert_null(strchr(real, '\\'));
	assert_non_null(strstr(real, "/\xc3\xa9.txt"));
	/* The start, by a path of ours alone. */
	assert_ok(sbk_os_read_start(real, 4, &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "0123");
	assert_error(sbk_os_read_start("\xc3\xa9.txt", 4, &out, &err),
		     SBK_E_INVAL, &err);

	assert_true(DeleteFileW(L"missing") == 0); /* the control of the next */
	assert_error(sbk_os_read_file("missing", 10, &out, &err),
		     SBK_E_NOTFOUND, &err);
	assert_int_equal(err.os_code, ERROR_FILE_NOT_FOUND);
	sbk_buf_release(&out);
	free(real);
	free(path);
	sbk_test_remove(directory);
}

static void test_os__reads_an_image_to_its_end(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_device *device = NULL;
	char *directory = sbk_test_directory("os");
	char *path = make_file(directory), bytes[8] = "";

	(void)state;
	assert_ok(sbk_os_device_open(path, &device, &err), &err);
	assert_int_equal(sbk_os_device_size(device), 10);
	assert_ok(sbk_os_device_read(device, 4, bytes, 6, &err), &err);
	assert_memory_equal(bytes, CONTENT + 4, 6);
	assert_error(sbk_os_device_read(device, 4, bytes, 7, &err), SBK_E_IO,
		     &err);
	sbk_os_device_close(device);
	assert_error(sbk_os_device_open(directory, &device, &err),
		     SBK_E_UNSUPPORTED, &err);
	free(path);
	sbk_test_remove(directory);
}

static BOOL WINAPI read_fails(HANDLE file, LPVOID buffer, DWORD size,
			      LPDWORD got, LPOVERLAPPED where)
{
	(void)file;
	(void)buffer;
	(void)size;
	(void)got;
	(void)where;
	SetLastError(ERROR_CRC);
	return FALSE;
}

static void test_os__a_read_that_fails_is_an_error(void **state)
{
	struct sbk_win32_program program = sbk_win32_program_system;
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char *directory = sbk_test_directory("os");
	char *path = make_file(directory);

	(void)state;
	program.ReadFile = read_fails;
	table.program = &program;
	sbk_win32 = &table;
	assert_error(sbk_os_read_file(path, 10, &out, &err), SBK_E_IO, &err);
	assert_int_equal(err.os_code, ERROR_CRC);
	sbk_win32 = &sbk_win32_system;
	assert_ok(sbk_os_read_file(path, 10, &out, &err), &err);
	sbk_buf_release(&out);
	free(path);
	sbk_test_remove(directory);
}

static DWORD WINAPI path_of_a_share(HANDLE file, LPWSTR out, DWORD size,
				    DWORD flags)
{
	static const WCHAR path[] = L"\\\\?\\UNC\\server\\share\\a.img";

	(void)file;
	(void)flags;
	assert_true(size >= sizeof(path) / sizeof(*path));
	memcpy(out, path, sizeof(path));
	return sizeof(path) / sizeof(*path) - 1;
}

static void test_os__a_path_on_a_share_is_one(void **state)
{
	struct sbk_win32 table = sbk_win32_system;
	struct sbk_error err = SBK_ERROR_INIT;
	char *directory = sbk_test_directory("os"), *real = NULL;

	(void)state;
	table.files.GetFinalPathNameByHandleW = path_of_a_share;
	sbk_win32 = &table;
	assert_ok(sbk_os_real_path(directory, &real, &err), &err);
	sbk_win32 = &sbk_win32_system;
	assert_string_equal(real, "//server/share/a.img");
	free(real);
	sbk_test_remove(directory);
}

static void test_os__the_clock_is_utc(void **state)
{
	const int64_t before = (int64_t)time(NULL) * 1000;
	const int64_t now = sbk_os_now_ms();

	(void)state;
	assert_true(now >= before - 1000 && now <= before + 10000);
}

/* --- a command that a policy names ---------------------------------------- */

/* Of launched.c, which lies beside this program. */
static int command(const char *what, const char *value, int timeout_ms,
		   bool root_only, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	struct sbk_buf input = SBK_BUF_INIT;
	const char *argv[] = {path, what, value, NULL};
	char *slash;
	int rc = sbk_os_executable(path, sizeof(path), err);

	if (rc < 0)
		return rc;
	slash = strrchr(path, '/');
	assert_non_null(slash);
	(void)snprintf(slash, sizeof(path) - (size_t)(slash - path),
		       "/launched.exe");
	/* More than a pipe holds. */
	while (input.size < 300000)
		sbk_buf_adds(&input, "sandbook/user/1\n");
	rc = sbk_os_run_command(argv, "C:/Users/ann", &input, timeout_ms,
				root_only, err);
	sbk_buf_release(&input);
	return rc;
}

static void test_os__runs_a_command(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	/* One that reads and says all of it, and one that does neither. */
	assert_ok(command("copy", NULL, 60000, false, &err), &err);
	assert_ok(command("exit", "0", 60000, false, &err), &err);
	assert_error(command("exit", "7", 60000, false, &err), SBK_E_IO, &err);
	assert_non_null(strstr(err.message, "code 7"));
	/* With its time it has ended, and what it started, too. */
	assert_error(command("sleep", "600000", 300, false, &err), SBK_E_BUSY,
		     &err);
	assert_error(command("leave", NULL, 60000, false, &err), SBK_E_IO,
		     &err);
	/* The build's own directory is no administrator's. */
	assert_error(command("exit", "0", 60000, true, &err), SBK_E_DENIED,
		     &err);
}

static void test_os__refuses_what_is_no_command(void **state)
{
	static const char *const relative[] = {"launched.exe", NULL};
	static const char *const missing[] = {"C:/none/a.exe", NULL};
	static const char *const directory[] = {"C:/windows", NULL};
	static const char *const script[] = {"C:/windows/win.ini", NULL};
	const struct sbk_buf input = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(
		sbk_os_run_command(relative, NULL, &input, 1000, false, &err),
		SBK_E_INVAL, &err);
	assert_error(
		sbk_os_run_command(missing, NULL, &input, 1000, false, &err),
		SBK_E_NOTFOUND, &err);
	assert_error(
		sbk_os_run_command(directory, NULL, &input, 1000, false, &err),
		SBK_E_DENIED, &err);
	assert_error(
		sbk_os_run_command(script, NULL, &input, 1000, false, &err),
		SBK_E_INVAL, &err);
}

/* --- a way that a run made a link ----------------------------------------- */

/* Wine makes no reparse points: a directory is said to be one. */
static uint8_t link_data[64];
static DWORD link_size;
static FILE_ID_INFO link_id;

static BOOL WINAPI look_at_link(HANDLE file, FILE_INFO_BY_HANDLE_CLASS what,
				LPVOID out, DWORD size)
{
	FILE_ID_INFO id;
	BOOL ok = sbk_win32_system.files.GetFileInformationByHandleEx(
		file, what, out, size);

	if (ok && what == FileAttributeTagInfo &&
	    sbk_win32_system.files.GetFileInformationByHandleEx(
		    file, FileIdInfo, &id, sizeof(id)) &&
	    memcmp(&id, &link_id, sizeof(id)) == 0)
		((FILE_ATTRIBUTE_TAG_INFO *)out)->FileAttributes |=
			FILE_ATTRIBUTE_REPARSE_POINT;
	return ok;
}

static BOOL WINAPI read_link(HANDLE file, DWORD code, LPVOID in, DWORD in_size,
			     LPVOID out, DWORD size, LPDWORD got,
			     LPOVERLAPPED overlapped)
{
	(void)file;
	(void)code;
	(void)in;
	(void)in_size;
	(void)overlapped;
	assert_true(size >= link_size);
	memcpy(out, link_data, link_size);
	*got = link_size;
	return TRUE;
}

/* A symbolic link's data ("REPARSE_DATA_BUFFER"), one name for both. */
static void set_link(const char *target, bool relative)
{
	const size_t bytes = 2 * strlen(target);
	size_t i;

	assert_true(20 + bytes <= sizeof(link_data));
	memset(link_data, 0, sizeof(link_data));
	link_data[0] = 0x0c;
	link_data[3] = 0xa0;
	link_data[4] = (uint8_t)(12 + bytes);
	link_data[10] = link_data[14] = (uint8_t)bytes;
	link_data[16] = relative;
	for (i = 0; target[i] != '\0'; i++)
		link_data[20 + 2 * i] = (uint8_t)target[i];
	link_size = (DWORD)(20 + bytes);
}

static void test_os__a_known_file_is_on_no_share(void **state)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	char *directory = sbk_test_directory("os_link"), path[600];
	static struct sbk_win32_file file; /* a failed test leaves it */
	static struct sbk_win32 table;
	struct sbk_file found;
	HANDLE way;

	(void)state;
	file = *sbk_win32_system.file;
	table = sbk_win32_system;
	(void)snprintf(path, sizeof(path), "%s/way", directory);
	assert_true(CreateDirectoryA(path, NULL));
	free(make_file(path));
	way = CreateFileA(path, FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING,
			  FILE_FLAG_BACKUP_SEMANTICS, NULL);
	assert_ptr_not_equal(way, INVALID_HANDLE_VALUE);
	assert_true(GetFileInformationByHandleEx(way, FileIdInfo, &link_id,
						 sizeof(link_id)));
	(void)CloseHandle(way);
	(void)snprintf(path, sizeof(path), "%s/real", directory);
	assert_true(CreateDirectoryA(path, NULL));
	free(make_file(path));
	table.files.GetFileInformationByHandleEx = look_at_link;
	file.DeviceIoControl = read_link;
	table.file = &file;
	sbk_win32 = &table;
	(void)snprintf(path, sizeof(path), "%s/way/\xc3\xa9.txt", directory);
	set_link("real", true);
	assert_ok(sbk_os_read_known(path, 10, &out, &found, &err), &err);
	assert_string_equal(sbk_buf_text(&out), CONTENT);
	/* Whom the system would go to, that machine hears who asks. */
	set_link("\\??\\UNC\\evil\\s", false);
	assert_error(sbk_os_read_known(path, 10, &out, &found, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "on no drive"));
	sbk_win32 = &sbk_win32_system;
	sbk_buf_release(&out);
	sbk_test_remove(directory);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_os__reads_a_file),
	cmocka_unit_test(test_os__reads_an_image_to_its_end),
	cmocka_unit_test(test_os__a_read_that_fails_is_an_error),
	cmocka_unit_test(test_os__a_path_on_a_share_is_one),
	cmocka_unit_test(test_os__a_known_file_is_on_no_share),
	cmocka_unit_test(test_os__the_clock_is_utc),
	cmocka_unit_test(test_os__runs_a_command),
	cmocka_unit_test(test_os__refuses_what_is_no_command),
};

SBK_TEST_MAIN(tests)
