/*
 * The list of operations for a scope: what is created is ours, what is
 * restricted cannot be moved, and the deepest entry decides. No system call
 * is made.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/linux/view.h"

#include "engine/banned.h"

#define ROW(k, p, t, d)                                             \
	{                                                           \
		.kind = SBK_ACCESS_##k, .path = (p), .target = (t), \
		.reason = "test", .is_directory = (d)               \
	}

static void plan(struct sbk_scope_path *paths, size_t count,
		 struct sbk_view *view)
{
	struct sbk_scope scope = {.paths = paths, .path_count = count};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)snprintf(scope.person.home, sizeof(scope.person.home), "%s",
		       "/home/u");
	assert_ok(sbk_view_plan(&scope, view, &err), &err);
}

static const struct sbk_view_op *
find(const struct sbk_view *view, enum sbk_view_kind kind, const char *place)
{
	size_t i;

	for (i = 0; i < view->count; i++)
		if (view->ops[i].kind == kind &&
		    strcmp(view->ops[i].place, place) == 0)
			return &view->ops[i];
	return NULL;
}

static void test_view__links_instead_of_second_mounts(void **state)
{
	struct sbk_scope_path paths[] = {
		ROW(RO, "/usr", "/usr", true),
		ROW(RO, "/bin", "/usr/bin", true),
		ROW(RO, "/etc/resolv.conf", "/run/x/resolv.conf", false),
	};
	const struct sbk_view_op *op;
	struct sbk_view view;

	(void)state;
	plan(paths, 3, &view);
	op = find(&view, SBK_VIEW_LINK, "/bin");
	assert_non_null(op);
	assert_string_equal(op->source, "/usr/bin");
	/* What is shown nowhere else is mounted where it is asked for. */
	op = find(&view, SBK_VIEW_BIND, "/etc/resolv.conf");
	assert_non_null(op);
	assert_string_equal(op->source, "/run/x/resolv.conf");
	assert_true(op->create && op->read_only);
	sbk_view_release(&view);
}

static void test_view__nothing_is_created_in_the_hosts_trees(void **state)
{
	struct sbk_scope_path paths[] = {
		ROW(RW, "/home/u/p", "/home/u/p", true),
		ROW(PROTECT, "/home/u/p/.git", "/home/u/p/.git", true),
		ROW(DENY, "/home/u/p/secret", "/home/u/p/secret", true),
		ROW(RO, "/home/u/p/secret/open", "/home/u/p/secret/open", true),
	};
	struct sbk_view view;
	size_t i;

	(void)state;
	plan(paths, 4, &view);
	for (i = 0; i < view.count; i++) {
		const struct sbk_view_op *op = &view.ops[i];
		bool below = strncmp(op->place, "/home/u/p/", 10) == 0;

		if (!below || strcmp(op->place, "/home/u/p/secret/open") == 0)
			continue;
		assert_false(op->create);
		assert_int_not_equal(op->kind, SBK_VIEW_DIRECTORY);
	}
	assert_true(find(&view, SBK_VIEW_BIND, "/home/u/p/.git")->same);
	assert_non_null(find(&view, SBK_VIEW_EMPTY, "/home/u/p/secret"));
	assert_non_null(find(&view, SBK_VIEW_SEAL, "/home/u/p/secret"));
	assert_true(
		find(&view, SBK_VIEW_BIND, "/home/u/p/secret/open")->create);
	sbk_view_release(&view);
}

static void test_view__ancestors_are_pinned(void **state)
{
	struct sbk_scope_path paths[] = {
		ROW(RW, "/w", "/w", true),
		ROW(PROTECT, "/w/a/b/.git", "/w/a/b/.git", true),
		ROW(DENY, "/w/c/key", "/w/c/key", false),
		ROW(RO, "/w/.top", "/w/.top", true),
	};
	const struct sbk_view_op *pin, *git;
	struct sbk_view view;

	(void)state;
	plan(paths, 4, &view);
	pin = find(&view, SBK_VIEW_BIND, "/w/a");
	git = find(&view, SBK_VIEW_BIND, "/w/a/b/.git");
	assert_non_null(pin);
	assert_false(pin->read_only);
	assert_true(pin->same);
	assert_non_null(find(&view, SBK_VIEW_BIND, "/w/a/b"));
	assert_non_null(find(&view, SBK_VIEW_BIND, "/w/c"));
	assert_true(git->read_only && git > pin);
	sbk_view_release(&view);
}

static void test_view__what_is_there_already_is_left_out(void **state)
{
	struct sbk_scope_path paths[] = {
		ROW(RO, "/usr", "/usr", true),
		ROW(RO, "/usr/lib", "/usr/lib", true),
		ROW(RW, "/usr/src/mine", "/usr/src/mine", true),
		ROW(RW, "/usr/src/mine/x", "/usr/src/mine/x", true),
	};
	struct sbk_view view;

	(void)state;
	plan(paths, 4, &view);
	assert_null(find(&view, SBK_VIEW_BIND, "/usr/lib"));
	assert_non_null(find(&view, SBK_VIEW_BIND, "/usr/src/mine"));
	assert_null(find(&view, SBK_VIEW_BIND, "/usr/src/mine/x"));
	sbk_view_release(&view);
}

static void test_view__a_listed_path_wins_over_a_private_one(void **state)
{
	struct sbk_scope_path paths[] = {
		ROW(RW, "/tmp", "/tmp", true),
		ROW(RW, "/home/u/.cache/x", "/home/u/.cache/x", true),
	};
	struct sbk_view view;

	(void)state;
	plan(paths, 2, &view);
	assert_null(find(&view, SBK_VIEW_PRIVATE, "/tmp"));
	assert_non_null(find(&view, SBK_VIEW_BIND, "/tmp"));
	assert_non_null(find(&view, SBK_VIEW_PRIVATE, "/home/u"));
	assert_true(find(&view, SBK_VIEW_BIND, "/home/u/.cache/x") >
		    find(&view, SBK_VIEW_PRIVATE, "/home/u"));
	sbk_view_release(&view);
}

static void test_view__limits(void **state)
{
	struct sbk_scope_path root = ROW(RO, "/", "/", true), *many;
	struct sbk_scope scope = {.paths = &root, .path_count = 1};
	struct sbk_error err = SBK_ERROR_INIT;
	const size_t count = SBK_RUN_OPS_MAX + 1;
	char(*names)[32];
	struct sbk_view view;
	size_t i;

	(void)state;
	assert_error(sbk_view_plan(&scope, &view, &err), SBK_E_INVAL, &err);
	many = calloc(count, sizeof(*many));
	names = calloc(count, sizeof(*names));
	assert_non_null(many);
	assert_non_null(names);
	for (i = 0; i < count; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "/x/%zu", i);
		many[i].path = many[i].target = names[i];
		many[i].kind = SBK_ACCESS_RO;
	}
	scope.paths = many;
	scope.path_count = count;
	assert_error(sbk_view_plan(&scope, &view, &err), SBK_E_LIMIT, &err);
	free(many);
	free(names);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view__links_instead_of_second_mounts),
		cmocka_unit_test(
			test_view__nothing_is_created_in_the_hosts_trees),
		cmocka_unit_test(test_view__ancestors_are_pinned),
		cmocka_unit_test(test_view__what_is_there_already_is_left_out),
		cmocka_unit_test(
			test_view__a_listed_path_wins_over_a_private_one),
		cmocka_unit_test(test_view__limits),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
