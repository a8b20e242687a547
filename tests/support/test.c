/* Support for every test; see the header. */
#include "tests/support/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/banned.h"

void sbk_test_assert_ok(int rc, const struct sbk_error *err, const char *call,
			const char *file, int line)
{
	if (rc >= 0)
		return;
	print_error("%s\n  returned %d (%s): %s [os %u]\n", call, rc,
		    sbk_error_text(rc), err != NULL ? err->message : "",
		    err != NULL ? err->os_code : 0);
	_fail(file, line);
}

void sbk_test_assert_error(int rc, int code, const struct sbk_error *err,
			   const char *call, const char *file, int line)
{
	if (rc == code)
		return;
	print_error("%s\n  returned %d (%s), wanted %d (%s): %s\n", call, rc,
		    sbk_error_text(rc), code, sbk_error_text(code),
		    err != NULL ? err->message : "");
	_fail(file, line);
}

char *sbk_test_directory(const char *name)
{
	const char *parent = getenv("TMPDIR");
	char *path = malloc(512);

	if (path == NULL)
		abort();
	(void)snprintf(path, 512, "%s/sbk-%s-XXXXXX",
		       parent != NULL ? parent : "/tmp", name);
	if (mkdtemp(path) == NULL) {
		print_error("mkdtemp %s failed\n", path);
		abort();
	}
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	/* What cannot be removed shows as the directory that stays. */
	(void)remove(path);
	return 0;
}

void sbk_test_remove(char *directory)
{
	const char *keep = getenv("SBK_KEEP_TMP");

	if (directory == NULL)
		return;
	if (keep == NULL || strcmp(keep, "1") != 0)
		(void)nftw(directory, remove_one, 64, FTW_DEPTH | FTW_PHYS);
	free(directory);
}

void sbk_test_skip_or_fail(const char *reason, const char *file, int line)
{
	const char *must = getenv("SBK_TESTS_MUST_RUN");

	print_message("skipped: %s\n", reason);
	if (must != NULL && strcmp(must, "1") == 0)
		_fail(file, line);
}
