/* Git directories of real repositories, and pointers that lie. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engine/scope_world.h"

#include "engine/banned.h"

/* Runs a script with sh in DIR; git knows no settings but these. */
static void run(const struct scope_world *w, const char *script)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(w->directory) < 0)
			_exit(98);
		(void)setenv("HOME", w->person.home, 1);
		(void)setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
		(void)setenv("GIT_AUTHOR_NAME", "t", 1);
		(void)setenv("GIT_AUTHOR_EMAIL", "t@example.org", 1);
		(void)setenv("GIT_COMMITTER_NAME", "t", 1);
		(void)setenv("GIT_COMMITTER_EMAIL", "t@example.org", 1);
		(void)execlp("sh", "sh", "-ec", script, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s\nended with %x", script, (unsigned int)status);
}

static int setup(void **state)
{
	if (access("/usr/bin/git", X_OK) < 0) {
		*state = NULL;
		return 0;
	}
	return scope_world_setup(state);
}

static int teardown(void **state)
{
	return *state != NULL ? scope_world_teardown(state) : 0;
}

#define NEED_GIT(w)                                   \
	do {                                          \
		if ((w) == NULL)                      \
			sbk_test_skip("no git here"); \
	} while (0)

static void test_git_directory__own(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/project");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.git/config", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/.gitignore", SBK_ACCESS_RW);
}

static void test_git_directory__above(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/project; mkdir -p home/project/a/b");
	scope_write(w, "home/project/other", "x");
	w->request.directory = scope_path(w, "home/project/a/b");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.git/HEAD", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/a/b/x", SBK_ACCESS_RW);
	assert_null(scope_decides(w, "home/project/other"));
	assert_null(scope_decides(w, "home/project/a"));
}

static void test_git_directory__worktree(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/main; cd home/main;"
	       "git commit -q --allow-empty -m x;"
	       "rmdir ../project; git worktree add -q ../project");
	scope_write(w, "home/main/other", "x");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/main/.git/HEAD", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/main/.git/worktrees/project", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/.git", SBK_ACCESS_PROTECT);
	assert_null(scope_decides(w, "home/main/other"));
	/* From a folder of the worktree. */
	scope_mkdir(w, "home/project/folder");
	w->request.directory = scope_path(w, "home/project/folder");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/main/.git/HEAD", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/.git", SBK_ACCESS_PROTECT);
	assert_null(scope_decides(w, "home/project/other"));
}

static void test_git_directory__worktree_in_the_root(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/project; cd home/project;"
	       "git commit -q --allow-empty -m x;"
	       "git worktree add -q sub/tree");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/sub/tree/.git", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/sub/tree/file", SBK_ACCESS_RW);
}

#define MAKE_SUBMODULE                                        \
	"git init -q elsewhere/lib; cd elsewhere/lib;"        \
	"git commit -q --allow-empty -m x; cd ../..;"         \
	"git init -q home/project; cd home/project;"          \
	"git -c protocol.file.allow=always submodule add -q " \
	"../../elsewhere/lib third/lib"

static void test_git_directory__submodule_in_the_root(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, MAKE_SUBMODULE);
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/third/lib/.git", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/third/lib/file", SBK_ACCESS_RW);
	assert_null(scope_decides(w, "elsewhere/lib"));
}

#define COMMIT_AND_CLONE                                       \
	MAKE_SUBMODULE ";git commit -q -m sub; cd ../..;"      \
		       "git clone -q home/project home/clone;" \
		       "rm -rf home/project; mv home/clone home/project"

/* A submodule that is not there yet is not for the command to make. */
static void test_git_directory__submodule_not_there(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, COMMIT_AND_CLONE);
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/third/lib/.git", SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/third/other", SBK_ACCESS_RW);
	/* From a folder between. */
	w->request.directory = scope_path(w, "home/project/third");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/third/lib/.git", SBK_ACCESS_PROTECT);
	w->request.directory = w->project;
	/* Whatever .gitmodules says, which a command may write. */
	run(w, "rm home/project/.gitmodules");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/third/lib", SBK_ACCESS_PROTECT);
	/* Other files in it, or no directory: reported. */
	scope_write(w, "home/project/third/lib/file", "x");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/third/lib", SBK_ACCESS_RW);
	assert_true(scope_is_absent(w, "home/project/third/lib/.git"));
	run(w, "rm -r home/project/third");
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_is_absent(w, "home/project/third/lib/.git"));
	/* Behind a link: git does not look there, nor do we. */
	scope_mkdir(w, "elsewhere/third/lib");
	scope_symlink(w, "../../elsewhere/third", "home/project/third");
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "elsewhere/third/lib"));
}

/* Submodules that are repositories themselves, in worktrees too. */
static void test_git_directory__submodules_everywhere(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, COMMIT_AND_CLONE "; cd home/project; git init -q third/lib;"
				"git worktree add -q ../tree; mkdir ../plain;"
				"git worktree add -q -f inner");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/third/lib/.git/config",
		    SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/third/lib/file", SBK_ACCESS_RW);
	assert_kind(w, "home/project/inner/third/lib/.git", SBK_ACCESS_PROTECT);
	w->request.directory = scope_path(w, "home/tree");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/tree/third/lib/.git", SBK_ACCESS_PROTECT);
	/* An index that cannot be read is said. */
	scope_write(w, "home/project/.git/index", "DIRCnonsense");
	w->request.directory = w->project;
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_has_note(w, "is not read: submodules"));
}

static void test_git_directory__submodule_as_root(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, MAKE_SUBMODULE);
	w->request.directory = scope_path(w, "home/project/third/lib");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.git/modules/third/lib/HEAD",
		    SBK_ACCESS_PROTECT);
	assert_null(scope_decides(w, "home/project/.git/HEAD"));
	assert_kind(w, "home/project/third/lib/.git", SBK_ACCESS_PROTECT);
}

static void test_git_directory__pointer_to_a_stranger(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	NEED_GIT(w);
	run(w, "git init -q home/secret");
	(void)snprintf(text, sizeof(text), "gitdir: %s/home/secret/.git\n",
		       w->directory);
	scope_write(w, "home/project/.git", text);
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/secret/.git/HEAD"));
	assert_true(scope_has_note(w, "does not point back"));
	assert_kind(w, "home/project/.git", SBK_ACCESS_PROTECT);
}

/* A git directory of the command's own making that claims a common one. */
static void test_git_directory__forged_worktree(void **state)
{
	struct scope_world *w = *state;
	char text[4096];

	NEED_GIT(w);
	run(w, "git init -q home/secret;"
	       "mkdir -p home/project/fake/worktrees/x/objects "
	       "home/project/fake/worktrees/x/refs;"
	       "echo 'ref: x' >home/project/fake/worktrees/x/HEAD");
	scope_write(w, "home/project/.git", "gitdir: fake/worktrees/x");
	(void)snprintf(text, sizeof(text), "%s/home/secret/.git\n",
		       w->directory);
	scope_write(w, "home/project/fake/worktrees/x/commondir", text);
	(void)snprintf(text, sizeof(text), "%s/home/project/.git\n",
		       w->directory);
	scope_write(w, "home/project/fake/worktrees/x/gitdir", text);
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/secret/.git/HEAD"));
	assert_kind(w, "home/project/fake/worktrees/x/HEAD",
		    SBK_ACCESS_PROTECT);
}

static void test_git_directory__hostile_pointers(void **state)
{
	static const char *const texts[] = {
		"",
		"gitdir:",
		"gitdir: ",
		"gitdir: /",
		"gitdir: /etc",
		"gitdir: ../.ssh",
		"gitdir: .git",
		"gitdir: \x01\x02\xff",
		"not a pointer",
	};
	struct scope_world *w = *state;
	size_t i;

	NEED_GIT(w);
	scope_write(w, "home/.ssh/HEAD", "x");
	scope_mkdir(w, "home/.ssh/objects");
	scope_mkdir(w, "home/.ssh/refs");
	scope_write(w, "home/.ssh/config", "[core]\n\tworktree = ../project\n");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scope_write(w, "home/project/.git", texts[i]);
		assert_ok(scope_resolve(w), &w->err);
		assert_null(scope_decides(w, "home/.ssh/HEAD"));
		assert_null(scope_decides(w, "/etc/shadow"));
		assert_kind(w, "home/project/.git", SBK_ACCESS_PROTECT);
	}
}

static void test_git_directory__link_is_not_followed(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/secret; ln -s ../secret/.git home/project");
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "home/secret/.git/HEAD"));
	assert_true(scope_entry(w, "home/project/.git")->is_link);
	assert_true(scope_has_note(w, "is a link"));
}

/* Module configs that name trees outside, or each other, for ever. */
static void test_git_directory__hostile_modules(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/project; git init -q elsewhere/out;"
	       "git init -q home/project/.git/modules/a --bare;"
	       "git init -q home/project/.git/modules/b --bare;"
	       "mkdir -p home/project/tree;"
	       "git init -q home/project/.git/modules/a/modules/c --bare");
	scope_write(w, "home/project/.git/modules/a/config",
		    "[core]\n\tworktree = ../../../../../elsewhere/out\n");
	scope_write(w, "home/project/.git/modules/b/config",
		    "[CORE]\n\tWorkTree = \"../../../tree\"\n");
	scope_write(w, "home/project/tree/.git", "gitdir: ../.git/modules/b");
	scope_symlink(w, "..", "home/project/.git/modules/loop");
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "elsewhere/out/.git"));
	assert_kind(w, "home/project/tree/.git", SBK_ACCESS_PROTECT);
}

static void test_git_directory__borrowed_objects(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q elsewhere/from; cd elsewhere/from;"
	       "git commit -q --allow-empty -m x; cd ../..;"
	       "rmdir home/project;"
	       "git clone -q --shared elsewhere/from home/project");
	assert_ok(scope_resolve(w), &w->err);
	assert_null(scope_decides(w, "elsewhere/from/.git/objects"));
	assert_true(scope_has_note(w, "borrows objects from"));
	scope_ask(&w->request.ro, scope_path(w, "elsewhere/from"));
	assert_ok(scope_resolve(w), &w->err);
	assert_false(scope_has_note(w, "borrows objects from"));
}

static void test_git_directory__made_writable(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q home/project; mkdir -p home/project/.git/hooks");
	scope_ask(&w->request.rw, ".git");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "accept it with --best-effort");
	w->request.best_effort = true;
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.git/index", SBK_ACCESS_RW);
	assert_kind(w, "home/project/.git/hooks/pre-commit",
		    SBK_ACCESS_PROTECT);
	assert_kind(w, "home/project/.git/config", SBK_ACCESS_PROTECT);
	assert_true(scope_is_absent(w, "home/project/.git/commondir"));
	assert_true(scope_has_note(w, "not guaranteed: the git directory"));
	w->request.best_effort = false;
	/* A part of it that names no program. */
	w->request.rw.count = 0;
	scope_ask(&w->request.rw, ".git/objects");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/project/.git/objects/x", SBK_ACCESS_RW);
	assert_kind(w, "home/project/.git/hooks/x", SBK_ACCESS_PROTECT);
	w->request.rw.count = 0;
	scope_ask(&w->request.rw, ".git/hooks");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "belongs to the git directory");
}

static void test_git_directory__bare(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	run(w, "git init -q --bare home/bare; git init -q home/x; cd home/x;"
	       "git commit -q --allow-empty -m x; git push -q ../bare HEAD:x;"
	       "cd ../bare; git worktree add -q tree x");
	w->request.directory = scope_path(w, "home/bare");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "decides which programs git starts");
	scope_ask(&w->request.ro, ".");
	assert_ok(scope_resolve(w), &w->err);
	w->request.ro.count = 0;
	/* A work tree in a bare repository. */
	w->request.directory = scope_path(w, "home/bare/tree");
	assert_ok(scope_resolve(w), &w->err);
	assert_kind(w, "home/bare/tree/file", SBK_ACCESS_RW);
	assert_kind(w, "home/bare/config", SBK_ACCESS_PROTECT);
}

/* A bare layout that a command makes in a folder is reported. */
static void test_git_directory__layout_appears(void **state)
{
	struct scope_world *w = *state;

	NEED_GIT(w);
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_is_absent(w, "home/project/HEAD"));
	assert_false(scope_is_absent(w, "home/project/objects"));
	scope_write(w, "home/project/HEAD", "ref: refs/heads/x");
	assert_ok(scope_resolve(w), &w->err);
	assert_true(scope_is_absent(w, "home/project/objects"));
	scope_mkdir(w, "home/project/objects");
	scope_mkdir(w, "home/project/refs");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	w->request.directory = scope_path(w, "home/project/refs");
	assert_ok(scope_resolve(w), &w->err);
	scope_mkdir(w, "home/project/src");
	w->request.directory = scope_path(w, "home/project/src");
	assert_error(scope_resolve(w), SBK_E_INVAL, &w->err);
	assert_message(w, "which has HEAD, objects and refs");
}

/* What a command makes in its root takes no protection away. */
static void test_git_directory__planted_bare_layout(void **state)
{
	struct scope_world *w = *state;
	int as_files;

	NEED_GIT(w);
	run(w, "git init -q home/project; mkdir home/project/.claude");
	for (as_files = 1; as_files >= 0; as_files--) {
		scope_write(w, "home/project/HEAD", "ref: refs/heads/x");
		if (as_files)
			run(w, "cd home/project; touch objects refs");
		else
			run(w, "cd home/project; rm objects refs;"
			       "mkdir objects refs; touch config");
		assert_ok(scope_resolve(w), &w->err);
		assert_kind(w, "home/project/.git/hooks/x", SBK_ACCESS_PROTECT);
		assert_kind(w, "home/project/.git/config", SBK_ACCESS_PROTECT);
		assert_kind(w, "home/project/.claude/x", SBK_ACCESS_PROTECT);
		assert_true(scope_is_absent(w, "home/project/.sandbook.json"));
		assert_kind(w, "home/project/file", SBK_ACCESS_RW);
	}
	assert_kind(w, "home/project/config", SBK_ACCESS_PROTECT);
}

#define TEST(name)                                                         \
	cmocka_unit_test_setup_teardown(test_git_directory__##name, setup, \
					teardown)

static const struct CMUnitTest tests[] = {
	TEST(own),
	TEST(above),
	TEST(worktree),
	TEST(worktree_in_the_root),
	TEST(submodule_in_the_root),
	TEST(submodule_not_there),
	TEST(submodules_everywhere),
	TEST(submodule_as_root),
	TEST(pointer_to_a_stranger),
	TEST(forged_worktree),
	TEST(hostile_pointers),
	TEST(link_is_not_followed),
	TEST(hostile_modules),
	TEST(borrowed_objects),
	TEST(made_writable),
	TEST(bare),
	TEST(layout_appears),
	TEST(planted_bare_layout),
};

SBK_TEST_MAIN(tests)
