/* Files with names outside their root, and denied files with second names. */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engine/scope_world.h"

#include "engine/banned.h"

static void test_scope_links__name_outside_is_read_only(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/a/linked", "x");
	scope_write(w, "home/project/a/plain", "x");
	scope_link(w, "home/project/a/linked", "elsewhere/other-name");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/a/linked", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/a/plain", SBK_ACCESS_RW);
	assert_true(scope_has_note(w, "1 file with hard links outside"));
}

static void test_scope_links__names_inside_stay_writable(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/target/deps/program", "x");
	scope_link(w, "home/project/target/deps/program",
		   "home/project/target/program");
	scope_link(w, "home/project/target/deps/program", "elsewhere/program");
	scope_ask(&w->request.rw, scope_path(w, "elsewhere"));
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/target/program", SBK_ACCESS_RW);
	assert_kind(w, "elsewhere/program", SBK_ACCESS_RW);
	/* One of three names leaves the writable places. */
	w->request.rw.count = 0;
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/target/program", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/target/deps/program", SBK_ACCESS_PROTECT);
}

static void test_scope_links__name_in_a_read_only_part(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/ro/file", "x");
	scope_link(w, "home/project/ro/file", "home/project/way-in");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/way-in", SBK_ACCESS_RW);
	scope_ask(&w->request.ro, "ro");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/way-in", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/ro/file", SBK_ACCESS_RO);
}

static void test_scope_links__denied_file_by_its_second_name(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/project/secret.txt", "x");
	scope_link(w, "home/project/secret.txt", "home/project/copy.txt");
	scope_ask(&w->request.deny, "secret.txt");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/secret.txt", SBK_ACCESS_DENY);
	assert_kind(w, "home/project/copy.txt", SBK_ACCESS_DENY);
	assert_true(scope_has_note(w, "another name of a denied file"));
}

static void test_scope_links__key_by_its_second_name(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "home/.ssh/deep/id_rsa", "key");
	scope_link(w, "home/.ssh/deep/id_rsa", "home/project/innocent");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/innocent", SBK_ACCESS_DENY);
	/* And in a tree that is only read. */
	scope_link(w, "home/.ssh/deep/id_rsa", "elsewhere/docs/innocent");
	scope_ask(&w->request.ro, scope_path(w, "elsewhere/docs"));
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "elsewhere/docs/innocent", SBK_ACCESS_DENY);
	assert_kind(w, "elsewhere/docs/else", SBK_ACCESS_RO);
}

static void test_scope_links__single_file(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "elsewhere/file", "x");
	scope_ask(&w->request.rw, scope_path(w, "elsewhere/file"));
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "elsewhere/file", SBK_ACCESS_RW);
	scope_link(w, "elsewhere/file", "elsewhere/other");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "has 2 names (hard links)");
}

/* As a package store makes them: whole packages linked file by file. */
static void make_store(const struct scope_world *w, const char *where,
		       int packages, int files)
{
	char name[128], other[128];
	int p, f;

	for (p = 0; p < packages; p++) {
		for (f = 0; f < files; f++) {
			(void)snprintf(name, sizeof(name),
				       "elsewhere/store/%d-%d", p, f);
			(void)snprintf(other, sizeof(other), "%s/pkg%d/lib/f%d",
				       where, p, f);
			scope_write(w, name, "x");
			scope_link(w, name, other);
		}
	}
}

static void test_scope_links__package_store_rolls_up(void **state)
{
	struct scope_world *w = *state;
	size_t i, entries = 0;

	make_store(w, "home/project/node_modules/.pnpm", 40, 20);
	scope_write(w, "home/project/src/main.js", "x");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/node_modules/.pnpm/pkg3/lib/f1",
		    SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/node_modules/new", SBK_ACCESS_RW);
	assert_kind(w, "home/project/src/main.js", SBK_ACCESS_RW);
	for (i = 0; i < w->scope.path_count; i++)
		entries += strstr(w->scope.paths[i].reason,
				  "hard links outside") != NULL;
	assert_int_equal(entries, 40);
	assert_true(scope_has_note(w, "800 files with hard links outside"));
}

static void test_scope_links__linked_root_is_refused(void **state)
{
	struct scope_world *w = *state;
	char name[64], other[64];
	int i;

	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "elsewhere/backup/%d", i);
		(void)snprintf(other, sizeof(other), "home/project/%d", i);
		scope_write(w, name, "x");
		scope_link(w, name, other);
	}
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "writes: more than 256 files");
	assert_message(w, "--best-effort");
	w->request.best_effort = true;
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_has_note(w, "not guaranteed: writes"));
}

static void test_scope_links__protected_trees_are_not_entered(void **state)
{
	struct scope_world *w = *state;

	/* A local clone links its objects. */
	scope_write(w, "home/project/.git/objects/aa/bb", "x");
	scope_link(w, "home/project/.git/objects/aa/bb", "elsewhere/bb");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.git/objects/aa/bb", SBK_ACCESS_PROTECT);
	assert_null(scope_entry(w, "home/project/.git/objects/aa/bb"));
	assert_false(scope_has_note(w, "hard links outside"));
}

static void test_scope_links__links_are_not_followed(void **state)
{
	struct scope_world *w = *state;

	scope_write(w, "elsewhere/a", "x");
	scope_link(w, "elsewhere/a", "elsewhere/b");
	scope_symlink(w, "../../elsewhere", "home/project/out");
	assert_ok(scope_resolve(w), &w->err);
	assert_false(scope_has_note(w, "hard links outside"));
	assert_null(scope_decides(w, "elsewhere/a"));
}

#define SOMEBODY 54321

/* As somebody to whom a directory can be closed; root it is not. */
static int closed_steps(struct scope_world *w)
{
	if (geteuid() == 0) {
		if (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 ||
		    setresuid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 ||
		    prctl(PR_SET_DUMPABLE, 1) < 0)
			return 97;
		w->person.uid = SOMEBODY;
		w->person.gid = SOMEBODY;
	}
	if (scope_resolve(w) < 0)
		return 1;
	if (scope_decides(w, "home/project/closed")->kind != SBK_ACCESS_PROTECT)
		return 2;
	if (scope_decides(w, "home/project/listed")->kind != SBK_ACCESS_PROTECT)
		return 3;
	return scope_decides(w, "home/project/open")->kind == SBK_ACCESS_RW ? 0
									    : 4;
}

static int give_away(const char *path, const struct stat *st, int type,
		     struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return lchown(path, SOMEBODY, SOMEBODY);
}

static void test_scope_links__closed_directory(void **state)
{
	struct scope_world *w = *state;
	int status;
	pid_t pid;

	scope_write(w, "home/project/closed/linked", "x");
	scope_link(w, "home/project/closed/linked", "elsewhere/linked");
	scope_write(w, "home/project/listed/file", "x");
	scope_mkdir(w, "home/project/open");
	if (geteuid() == 0)
		assert_int_equal(nftw(w->directory, give_away, 64, FTW_PHYS),
				 0);
	assert_int_equal(chmod(scope_path(w, "home/project/closed"), 0), 0);
	assert_int_equal(chmod(scope_path(w, "home/project/listed"), 0400), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(closed_steps(w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(scope_path(w, "home/project/closed"), 0755), 0);
	assert_int_equal(chmod(scope_path(w, "home/project/listed"), 0755), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_scope_links__too_deep_is_read_only(void **state)
{
	struct scope_world *w = *state;
	char name[1500] = "home/project";
	size_t i, size = strlen(name);

	for (i = 0; i < 300; i++)
		size += (size_t)snprintf(name + size, sizeof(name) - size,
					 "/d");
	scope_mkdir(w, name);
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, name, SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/d/d/x", SBK_ACCESS_RW);
}

#define TEST(name)                                                \
	cmocka_unit_test_setup_teardown(test_scope_links__##name, \
					scope_world_setup,        \
					scope_world_teardown)

static const struct CMUnitTest tests[] = {
	TEST(name_outside_is_read_only),
	TEST(names_inside_stay_writable),
	TEST(name_in_a_read_only_part),
	TEST(denied_file_by_its_second_name),
	TEST(key_by_its_second_name),
	TEST(single_file),
	TEST(package_store_rolls_up),
	TEST(linked_root_is_refused),
	TEST(protected_trees_are_not_entered),
	TEST(links_are_not_followed),
	TEST(closed_directory),
	TEST(too_deep_is_read_only),
};

SBK_TEST_MAIN(tests)
