/* Indexes as git writes them, and bytes that nobody wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "engine/git_index.h"
#include "engine/os.h"

#include "engine/banned.h"

/* Entries before and after the submodules; names of many lengths. */
static const char fill[] =
	"mkdir -p d; for n in a ab abc d/abcd d/abcde zz abcdefghijklmnopqr; do"
	" echo x >$n; done; git add -A;"
	"id=$(git commit-tree -m x $(git write-tree));"
	"for n in ac d/m zzz; do"
	" git update-index --add --cacheinfo 160000,$id,$n; done;";

static bool make(const char *directory, const char *options, const char *more)
{
	char script[2048];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)snprintf(script, sizeof(script),
			       "git init -q %s . && %s %s", options, fill,
			       more);
		if (chdir(directory) < 0)
			_exit(98);
		(void)setenv("HOME", directory, 1);
		(void)setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
		(void)setenv("GIT_AUTHOR_NAME", "t", 1);
		(void)setenv("GIT_AUTHOR_EMAIL", "t@example.org", 1);
		(void)setenv("GIT_COMMITTER_NAME", "t", 1);
		(void)setenv("GIT_COMMITTER_EMAIL", "t@example.org", 1);
		(void)execlp("sh", "sh", "-ec", script, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int collect(void *arg, const char *path, struct sbk_error *err)
{
	struct sbk_buf *names = arg;

	sbk_buf_printf(names, "%s ", path);
	return sbk_buf_failed(names, err);
}

static void load(const char *directory, const char *name, struct sbk_buf *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_file file;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/.git/%s", directory, name);
	assert_ok(sbk_os_read_known(path, 1 << 20, out, &file, &err), &err);
}

static void test_git_index__as_git_writes_it(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"", "git update-index --index-version 2"},
		/* Version 3 where a flag needs it. */
		{"", "echo x >ad; git add -N ad"},
		{"", "git update-index --index-version 4"},
		{"", "git update-index --untracked-cache"},
		{"--object-format=sha256", ""},
		{"--object-format=sha256",
		 "git update-index --index-version 4"},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	if (access("/usr/bin/git", X_OK) < 0)
		sbk_test_skip("no git here");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_buf data = SBK_BUF_INIT, names = SBK_BUF_INIT;
		char *directory = sbk_test_directory("index");
		char base[SBK_GIT_BASE_MAX];

		assert_true(make(directory, cases[i][0], cases[i][1]));
		load(directory, "index", &data);
		assert_ok(sbk_git_index_read(data.data, data.size, collect,
					     &names, base, &err),
			  &err);
		assert_string_equal(sbk_buf_text(&names), "ac d/m zzz ");
		assert_string_equal(base, "");
		sbk_buf_release(&data);
		sbk_buf_release(&names);
		sbk_test_remove(directory);
	}
}

static void test_git_index__split(void **state)
{
	struct sbk_buf data = SBK_BUF_INIT, names = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char *directory = sbk_test_directory("index");
	char base[SBK_GIT_BASE_MAX];

	(void)state;
	if (access("/usr/bin/git", X_OK) < 0)
		sbk_test_skip("no git here");
	assert_true(make(directory, "",
			 "git config splitIndex.maxPercentChange 100;"
			 "git update-index --split-index;"
			 "git update-index --add --cacheinfo 160000,$id,new;"
			 "echo y >a; git add a"));
	load(directory, "index", &data);
	assert_ok(sbk_git_index_read(data.data, data.size, collect, &names,
				     base, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&names), "new ");
	assert_int_equal(strlen(base), strlen("sharedindex.") + 40);
	load(directory, base, &data);
	assert_ok(sbk_git_index_read(data.data, data.size, collect, &names,
				     NULL, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&names), "new ac d/m zzz ");
	sbk_buf_release(&data);
	sbk_buf_release(&names);
	sbk_test_remove(directory);
}

/* Each prefix, and each byte changed: an answer or a refusal, in bounds. */
static void test_git_index__hostile_bytes(void **state)
{
	struct sbk_buf data = SBK_BUF_INIT, names = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	char *directory = sbk_test_directory("index");
	char base[SBK_GIT_BASE_MAX];
	int version, rc;
	size_t i;

	(void)state;
	if (access("/usr/bin/git", X_OK) < 0)
		sbk_test_skip("no git here");
	for (version = 2; version <= 4; version += 2) {
		char more[64];

		(void)snprintf(more, sizeof(more),
			       "git update-index --index-version %d", version);
		assert_true(make(directory, "", more));
		load(directory, "index", &data);
		for (i = 0; i < data.size; i++) {
			/* Exactly so many bytes, for the sanitizer. */
			char *copy = malloc(i > 0 ? i : 1);

			assert_non_null(copy);
			memcpy(copy, data.data, i);
			rc = sbk_git_index_read(copy, i, collect, &names, base,
						&err);
			/* The end may be cut where another hash would be. */
			assert_true(rc == SBK_E_PARSE ||
				    (rc == 0 && i > data.size / 2));
			free(copy);
			sbk_error_clear(&err);
			data.data[i] = (char)(data.data[i] ^ 0xff);
			(void)sbk_git_index_read(data.data, data.size, collect,
						 &names, base, &err);
			data.data[i] = (char)(data.data[i] ^ 0xff);
			sbk_error_clear(&err);
		}
	}
	sbk_buf_release(&data);
	sbk_buf_release(&names);
	sbk_test_remove(directory);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_git_index__as_git_writes_it),
	cmocka_unit_test(test_git_index__split),
	cmocka_unit_test(test_git_index__hostile_bytes),
};

SBK_TEST_MAIN(tests)
