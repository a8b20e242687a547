/* Which program a name means. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/program_search.h"

#include "engine/banned.h"

/* The files that there are, by the test. */
static bool is_file(void *arg, const char *path)
{
	const char *const *files = arg;

	for (; *files != NULL; files++)
		if (strcmp(*files, path) == 0)
			return true;
	return false;
}

static int find(const char *const *files, const char *path, const char *name,
		struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_program_search search = {
		.path = path,
		.system = "C:/W/System32",
		.directory = "C:/ws",
		.is_file = is_file,
		.arg = (void *)(uintptr_t)files};

	sbk_buf_clear(out);
	return sbk_program_find(&search, name, out, err);
}

static void test_program_search__looks_where_path_says(void **state)
{
	static const char *const files[] = {
		"C:/b/git.exe",	 "C:/a b/git.exe",
		"C:/a b/x.com",	 "C:/a b/x.exe",
		"C:/ws/git.exe", "C:/W/System32/cmd.exe",
		"C:/ws/t/y.exe", NULL};
	static const char path[] = ";.;rel;\\\\srv\\x;\"C:\\a b\";C:\\b\\;C:";
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)state;
	/* The first directory; never the current one. */
	assert_ok(find(files, path, "git", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/a b/git.exe");
	assert_ok(find(files, "C:\\b\\", "git.exe", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/b/git.exe");
	assert_error(find(files, ".;;", "git", &out, &err), SBK_E_NOTFOUND,
		     &err);
	assert_ok(find(files, path, "x", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/a b/x.com");
	/* The system's own, last. */
	assert_ok(find(files, NULL, "cmd", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/W/System32/cmd.exe");
	/* A path is one, by the run's directory. */
	assert_ok(find(files, path, ".\\git", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/ws/git.exe");
	assert_ok(find(files, path, "t/y.exe", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/ws/t/y.exe");
	assert_ok(find(files, path, "C:\\b\\git", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/b/git.exe");
	assert_error(find(files, path, "C:git", &out, &err), SBK_E_INVAL, &err);
	assert_error(find(files, path, "\\\\srv\\x\\git", &out, &err),
		     SBK_E_INVAL, &err);
	assert_error(find(files, path, "", &out, &err), SBK_E_INVAL, &err);
	sbk_buf_release(&out);
}

static void test_program_search__a_batch_file_is_named_and_refused(void **state)
{
	static const char *const files[] = {"C:/a/npm.cmd",  "C:/b/tool.bat",
					    "C:/c/tool.exe", "C:/a/npm",
					    "C:/ws/a.BAT",   NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;

	(void)state;
	assert_error(find(files, "C:\\a", "npm", &out, &err), SBK_E_INVAL,
		     &err);
	assert_non_null(strstr(err.message, "cmd /c npm"));
	assert_non_null(strstr(err.message, "C:/a/npm.cmd"));
	assert_error(find(files, "C:\\a", "npm.cmd", &out, &err), SBK_E_INVAL,
		     &err);
	assert_error(find(files, "C:\\a", ".\\a.BAT", &out, &err), SBK_E_INVAL,
		     &err);
	/* A program further on in PATH is a program. */
	assert_ok(find(files, "C:\\b;C:\\c", "tool", &out, &err), &err);
	assert_string_equal(sbk_buf_text(&out), "C:/c/tool.exe");
	sbk_buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_program_search__looks_where_path_says),
	cmocka_unit_test(
		test_program_search__a_batch_file_is_named_and_refused),
};

SBK_TEST_MAIN(tests)
