/* Paths as texts: what is within what, and where it goes. */
#include "engine/path.h"
#include "tests/support/test.h"

#include <string.h>

#include "engine/banned.h"

/* `below` NULL: `path` is not within `above`. */
static const struct {
	const char *path, *above, *below;
} cases[] = {
	{"/a", "/a", ""},
	{"/a/b", "/a", "/b"},
	{"/a/b/c", "/a/b", "/c"},
	{"/a", "/a/b", NULL},
	{"/", "/", ""},
	{"/a", "/", "/a"},
	{"/a/b", "/", "/a/b"},
	{"/", "/a", NULL},
	/* A name that only begins the same. */
	{"/ab", "/a", NULL},
	{"/a", "/ab", NULL},
	{"/a.b", "/a", NULL},
	{"/a-/b", "/a", NULL},
	{"/home/u2/x", "/home/u", NULL},
	{"/etc2", "/etc", NULL},
	/* Slashes at the end. */
	{"/a/", "/a", ""},
	{"/a", "/a/", ""},
	{"/a/b", "/a/", "/b"},
	{"/a/", "/a/", ""},
	{"/a/b", "/a//", "/b"},
	{"/a/b/", "/a", "/b/"},
	{"/ab", "/a/", NULL},
	{"/ab", "/a//", NULL},
	{"/a", "//", "/a"},
	/* Bytes are bytes. */
	{"/A", "/a", NULL},
	{"/\xff/x", "/\xff", "/x"},
	{"/a\nb", "/a", NULL},
	/* Relative ones among themselves. */
	{"refs/heads", "refs", "/heads"},
	{"refs2", "refs", NULL},
	{"a", "/a", NULL},
	{"/a", "a", NULL},
	{"a", "/", NULL},
	/* Nothing is below nothing. */
	{"/a", "", NULL},
	{"", "/", NULL},
	{"", "", NULL},
	{"", "/a", NULL},
};

#define COUNT (sizeof(cases) / sizeof(cases[0]))

static void test_path__within_and_below(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT; i++) {
		bool within = sbk_path_within(cases[i].path, cases[i].above);

		if (within != (cases[i].below != NULL))
			print_message("'%s' within '%s'\n", cases[i].path,
				      cases[i].above);
		assert_int_equal(within, cases[i].below != NULL);
		if (within)
			assert_string_equal(
				sbk_path_below(cases[i].path, cases[i].above),
				cases[i].below);
	}
}

static void test_path__join_and_rebase(void **state)
{
	static const struct {
		const char *above, *rest, *joined;
	} joins[] = {
		{"/", "", "/"},	      {"/", "/", "/"},
		{"/", "a", "/a"},     {"/", "/a", "/a"},
		{"/a", "", "/a"},     {"/a", "/", "/a"},
		{"/a", "b", "/a/b"},  {"/a", "/b", "/a/b"},
		{"/a/", "b", "/a/b"}, {"/a//", "//b", "/a/b"},
	};
	struct sbk_arena arena = SBK_ARENA_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(joins) / sizeof(joins[0]); i++)
		assert_string_equal(
			sbk_path_join(&arena, joins[i].above, joins[i].rest),
			joins[i].joined);
	assert_string_equal(sbk_path_rebase(&arena, "/a/b/c", "/a", "/x"),
			    "/x/b/c");
	assert_string_equal(sbk_path_rebase(&arena, "/a", "/a", "/x"), "/x");
	assert_string_equal(sbk_path_rebase(&arena, "/a/b", "/", "/x"),
			    "/x/a/b");
	assert_string_equal(sbk_path_rebase(&arena, "/a/b", "/a", "/"), "/b");
	assert_string_equal(sbk_path_rebase(&arena, "/", "/", "/"), "/");
	/* Whatever is within a path comes back from where it was taken. */
	for (i = 0; i < COUNT; i++)
		if (cases[i].below != NULL && cases[i].path[0] == '/')
			assert_true(sbk_path_within(
				sbk_path_rebase(&arena, cases[i].path,
						cases[i].above, "/to/here"),
				"/to/here"));
	sbk_arena_release(&arena);
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void test_path__order_keeps_subtrees_together(void **state)
{
	static const char *const sorted[] = {
		"",	  "/",	   "/a",     "/a/",  "/a/b", "/a/b/c",
		"/a/b-c", "/a/bc", "/a\x01", "/a b", "/a!",  "/a-b",
		"/a-b/c", "/a.b",  "/a0",    "/ab",  "/b",   "/\xff",
	};
	const int count = sizeof(sorted) / sizeof(sorted[0]);
	int i, j;

	(void)state;
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			assert_int_equal(
				sign(sbk_path_compare(sorted[i], sorted[j])),
				sign(i - j));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path__within_and_below),
		cmocka_unit_test(test_path__join_and_rebase),
		cmocka_unit_test(test_path__order_keeps_subtrees_together),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
