/* Support for every test; see the header. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

/*
 * AddressSanitizer asks for it. What is freed is kept from use for a while, by
 * the parent of thousands of children, too: each fork copies the tables of the
 * pages, and 256 MB of them, as it is by itself, take half of a sweep's time.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}

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

void sbk_test_skip_or_fail(const char *reason, const char *file, int line)
{
	const char *must = getenv("SBK_TESTS_MUST_RUN");

	print_message("skipped: %s\n", reason);
	if (must != NULL && strcmp(must, "1") == 0)
		_fail(file, line);
}

unsigned long sbk_test_first(unsigned long everyday)
{
	const char *from = getenv("SBK_FROM");

	if (from != NULL)
		return strtoul(from, NULL, 10);
	return getenv("SBK_CAMPAIGN") != NULL ? 1 : everyday;
}

unsigned long sbk_test_step(unsigned long everyday)
{
	return getenv("SBK_CAMPAIGN") != NULL || getenv("SBK_FROM") != NULL
		       ? 1
		       : everyday;
}
