/*
 * What every test uses: cmocka with its prerequisites, asserts that print the
 * program's own error, temporary directories, skips that CI can forbid.
 */
#ifndef SBK_TEST_H
#define SBK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "engine/error.h"

/* Fails with the library's own words. */
#define assert_ok(call, err) \
	sbk_test_assert_ok((call), (err), #call, __FILE__, __LINE__)
/* Fails unless the call returns exactly `code`. */
#define assert_error(call, code, err) \
	sbk_test_assert_error((call), (code), (err), #call, __FILE__, __LINE__)

void sbk_test_assert_ok(int rc, const struct sbk_error *err, const char *call,
			const char *file, int line);
void sbk_test_assert_error(int rc, int code, const struct sbk_error *err,
			   const char *call, const char *file, int line);

/*
 * A fresh directory under TMPDIR or /tmp, named after the test; removed by
 * sbk_test_remove unless SBK_KEEP_TMP=1. Allocated; sbk_test_remove frees it.
 */
char *sbk_test_directory(const char *name);
void sbk_test_remove(char *directory);

/*
 * Of a sweep over every call of something: the one to begin with, and how many
 * further the next is. Everyday's, and with SBK_CAMPAIGN=1 each from the first.
 * SBK_FROM=180: each from that one on, in every part of the sweep; it repeats
 * what failed "at 180", and goes on behind it.
 */
unsigned long sbk_test_first(unsigned long everyday);
unsigned long sbk_test_step(unsigned long everyday);

/* Skips the test with a reason, or fails it where SBK_TESTS_MUST_RUN=1. */
#define sbk_test_skip(reason)                                      \
	do {                                                       \
		sbk_test_skip_or_fail(reason, __FILE__, __LINE__); \
		skip();                                            \
	} while (0)
void sbk_test_skip_or_fail(const char *reason, const char *file, int line);

/*
 * main() of a test program: runs the tests, or those that argv[1] (a wildcard
 * pattern) names.
 */
#define SBK_TEST_MAIN(tests)                                      \
	int main(int argc, char **argv)                           \
	{                                                         \
		if (argc > 1)                                     \
			cmocka_set_test_filter(argv[1]);          \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

/*
 * A fork of a sanitized process costs ten times as much: there, sweeps of
 * thousands of children take one n in so many.
 */
#ifdef __SANITIZE_ADDRESS__
#define SBK_TEST_SHARE 4
#else
#define SBK_TEST_SHARE 1
#endif

#endif
