/* Walks and searches on real trees. */
#include "tests/linux/tree.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a walk visited, one line each: "o path", "s path", "u path". */
struct log {
	struct tree *tree;
	struct sbk_buf text;
	size_t objects;
	const char *stop_at, *prune_at;
	bool directories_only;
};

static int visit(void *arg, const struct sbk_visit *seen, struct sbk_error *err)
{
	struct log *log = arg;
	const char *name = seen->path + strlen(log->tree->root);

	sbk_buf_printf(&log->text, "%c %s\n", "osu"[seen->kind],
		       name[0] == '/' ? name + 1 : ".");
	if (seen->kind != SBK_VISIT_OBJECT)
		return 0;
	log->objects++;
	if (log->stop_at != NULL && strstr(seen->path, log->stop_at) != NULL)
		return sbk_error_set(err, SBK_E_BUSY, "stopped");
	if (log->prune_at != NULL && seen->is_directory &&
	    strstr(seen->path, log->prune_at) != NULL)
		return 1;
	return log->directories_only ? 2 : 0;
}

static int walk(struct log *log, const char *name, struct sbk_error *err)
{
	return sbk_backend_walk(&log->tree->backend, tree_path(log->tree, name),
				visit, log, err);
}

static int walked_as(struct log *log, const char *wanted)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = walk(log, "", &err);
	int same = strcmp(sbk_buf_text(&log->text), wanted) == 0;

	if (rc < 0 || !same)
		(void)fprintf(stderr, "%d %s\n%s", rc, err.message,
			      sbk_buf_text(&log->text));
	sbk_buf_release(&log->text);
	return rc == 0 && same;
}

static void check_walk(struct log *log, const char *wanted)
{
	assert_true(walked_as(log, wanted));
}

static void test_walk__order_and_kinds(void **state)
{
	struct tree *tree = *state;
	struct log log = {.tree = tree};

	/*
	 * .  b/  a/ -> links, a FIFO, a socket is like it
	 */
	tree_run(tree, "mkdir b a && echo >z && echo >b/2 && echo >b/1 && "
		       "mkdir b/c && echo >b/c/x && ln -s / b/link && "
		       "mkfifo a/pipe && ln -s nowhere dangling");
	check_walk(&log, "o .\ns dangling\no z\no a\no a/pipe\no b\no b/1\n"
			 "o b/2\ns b/link\no b/c\no b/c/x\n");
	log.prune_at = "/b";
	check_walk(&log, "o .\ns dangling\no z\no a\no a/pipe\no b\n");
	log.prune_at = NULL;
	log.directories_only = true;
	check_walk(&log, "o .\no a\no b\no b/c\n");
}

static void test_walk__large_directories_keep_their_order(void **state)
{
	struct tree *tree = *state;
	struct log log = {.tree = tree};
	struct sbk_error err = SBK_ERROR_INIT;
	char last[16] = "", *line, *rest = NULL;

	tree_run(tree, "mkdir d && cd d && seq -w 1 3000 | xargs touch && "
		       "mkdir 0-dir && touch 0-dir/x");
	assert_ok(walk(&log, "d", &err), &err);
	assert_int_equal(log.objects, 3003);
	for (line = strtok_r(log.text.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "o d/", 4) != 0 || line[4] == '0' + 0)
			continue;
		if (strncmp(line + 4, "0-dir", 5) == 0)
			continue;
		assert_true(strcmp(last, line + 4) < 0);
		(void)snprintf(last, sizeof(last), "%s", line + 4);
	}
	sbk_buf_release(&log.text);
}

static void test_walk__stops_with_the_visitors_error(void **state)
{
	struct tree *tree = *state;
	struct log log = {.tree = tree, .stop_at = "/m"};
	struct sbk_error err = SBK_ERROR_INIT;

	tree_run(tree, "touch a m z");
	assert_error(walk(&log, "", &err), SBK_E_BUSY, &err);
	assert_string_equal(sbk_buf_text(&log.text), "o .\no a\no m\n");
	sbk_buf_release(&log.text);
	assert_error(walk(&log, "nowhere", &err), SBK_E_NOTFOUND, &err);
}

static void test_walk__a_root_may_be_a_file(void **state)
{
	struct tree *tree = *state;
	struct log log = {.tree = tree};
	struct sbk_error err = SBK_ERROR_INIT;

	tree_run(tree, "touch f");
	assert_ok(walk(&log, "f", &err), &err);
	assert_string_equal(sbk_buf_text(&log.text), "o f\n");
	sbk_buf_release(&log.text);
}

static void run_mounts(struct tree *tree)
{
	struct log log = {.tree = tree};

	tree_own_mounts();
	/* Another volume, the same volume bound, a file bound. */
	tree_run(tree, "mkdir t b src && touch src/x f && "
		       "mount -t tmpfs none t && touch t/x && "
		       "mount --bind src b && mount --bind src/x f");
	tree_check(walked_as(&log, "o .\ns f\ns b\no src\no src/x\ns t\n"));
}

static void test_walk__no_mount_is_crossed(void **state)
{
	if (geteuid() != 0)
		sbk_test_skip("needs root to mount");
	tree_child(*state, run_mounts);
}

static void run_unreadable(struct tree *tree)
{
	struct log log = {.tree = tree};

	tree_become_plain();
	/* Its ACL can be read though its content cannot. */
	tree_check(walked_as(&log, "o .\no f\no blind\nu blind/x\no shut\n"
				   "u shut\n"));
}

static void test_walk__what_cannot_be_read_is_visited_so(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0)
		sbk_test_skip("needs root to become somebody else");
	tree_run(tree, "chmod 755 . && mkdir shut && touch shut/x && "
		       "chmod 700 shut && touch f && chmod 600 f && "
		       "mkdir blind && touch blind/x && chmod 744 blind");
	tree_child(tree, run_unreadable);
}

static void test_walk__deep_trees_end_in_a_report(void **state)
{
	struct tree *tree = *state;
	struct log log = {.tree = tree};
	struct sbk_error err = SBK_ERROR_INIT;
	struct rlimit limit, low;
	int i, fd, next;

	/* Deeper than a path can say: made step by step. */
	fd = open(tree->root, O_RDONLY | O_DIRECTORY);
	for (i = 0; i < 2500; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_ok(walk(&log, "", &err), &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_non_null(strstr(sbk_buf_text(&log.text), "u d/d/"));
	sbk_buf_clear(&log.text);
	low.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_ok(walk(&log, "", &err), &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_non_null(strstr(sbk_buf_text(&log.text), "u d/d/"));
	sbk_buf_release(&log.text);
	tree_run(tree, "rm -rf d");
}

/* Somebody renames while we walk: no path leads outside, nothing breaks. */
static void test_walk__under_renames(void **state)
{
	struct tree *tree = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	int status, i;
	pid_t pid;

	tree_run(tree, "mkdir w out && cd w && for i in 1 2 3 4 5 6 7 8; do "
		       "mkdir $i && touch $i/a $i/b $i/c; done && "
		       "touch ../out/secret");
	pid = fork();
	if (pid == 0) {
		const char *from = tree_path(tree, "w/4");
		const char *to = tree_path(tree, "w/away");
		const char *out = tree_path(tree, "out");

		for (;;) {
			(void)rename(from, to);
			if (symlink(out, from) == 0)
				(void)unlink(from);
			(void)rename(to, from);
		}
	}
	for (i = 0; i < 300; i++) {
		struct log log = {.tree = tree};

		assert_ok(walk(&log, "w", &err), &err);
		assert_null(strstr(sbk_buf_text(&log.text), "secret"));
		sbk_buf_release(&log.text);
	}
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static enum sbk_location_kind locate(struct tree *tree, const char *identity,
				     const char *root, char *path, size_t size)
{
	const char *roots[] = {tree_path(tree, root)};
	struct sbk_location found = {.path = NULL};
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_backend_locate(&tree->backend, &identity, 1, roots, 1, &found,
			       &err) < 0)
		return (enum sbk_location_kind) - 1;
	(void)snprintf(path, size, "%s", found.path != NULL ? found.path : "");
	free(found.path);
	return found.kind;
}

static void test_locate__by_handle_and_by_walk(void **state)
{
	struct tree *tree = *state;
	char path[8192], *file, *directory, *stays;

	tree_run(tree, "mkdir -p w/d && touch w/f w/d/g && mkdir w/e");
	file = tree_identity(tree, "w/f");
	directory = tree_identity(tree, "w/e");
	stays = tree_identity(tree, "w/d/g");
	tree_run(tree, "mv w/f w/d/moved && mv w/e w/d/h");
	assert_int_equal(locate(tree, file, "w", path, sizeof(path)),
			 SBK_LOCATION_FOUND);
	assert_string_equal(path, tree_path(tree, "w/d/moved"));
	assert_int_equal(locate(tree, directory, "w", path, sizeof(path)),
			 SBK_LOCATION_FOUND);
	assert_string_equal(path, tree_path(tree, "w/d/h"));
	assert_int_equal(locate(tree, stays, "w", path, sizeof(path)),
			 SBK_LOCATION_FOUND);
	tree_run(tree, "rm -r w/d/moved w/d/h");
	if (geteuid() == 0) {
		assert_int_equal(locate(tree, file, "w", path, sizeof(path)),
				 SBK_LOCATION_GONE);
		assert_int_equal(
			locate(tree, directory, "w", path, sizeof(path)),
			SBK_LOCATION_GONE);
	}
	/* A volume that is not here: nobody knows. */
	memset(file + 3, 'e', 32);
	assert_int_equal(locate(tree, file, "w", path, sizeof(path)),
			 SBK_LOCATION_UNKNOWN);
	free(file);
	free(directory);
	free(stays);
}

/* A plain user on a small volume: found by walking, gone by walking. */
static void run_open_top(struct tree *tree)
{
	char path[8192], *file;

	tree_own_mounts();
	tree_run(tree, "mkdir m && mount -t tmpfs -o mode=1777 none m && "
		       "mkdir m/w m/hidden && touch m/w/f m/w/k && "
		       "chown -R 1500:1500 m/w && chmod 700 m/hidden && "
		       "chown 990 m/hidden");
	tree_become_plain();
	file = tree_identity(tree, "m/w/f");
	tree_run(tree, "mv m/w/f m/elsewhere");
	tree_check(locate(tree, file, "m/w", path, sizeof(path)) ==
		   SBK_LOCATION_FOUND);
	tree_check(strcmp(path, tree_path(tree, "m/elsewhere")) == 0);
	tree_run(tree, "rm m/elsewhere");
	/* The top is open to everyone, so `hidden` may hide it. */
	tree_check(locate(tree, file, "m/w", path, sizeof(path)) ==
		   SBK_LOCATION_UNKNOWN);
}

static void run_closed_top(struct tree *tree)
{
	char path[8192], *file;

	tree_own_mounts();
	tree_run(tree, "mkdir m && mount -t tmpfs -o mode=755 none m && "
		       "mkdir m/w m/hidden && touch m/w/f && "
		       "chown -R 1500:1500 m/w && chmod 700 m/hidden");
	tree_become_plain();
	file = tree_identity(tree, "m/w/f");
	tree_run(tree, "rm m/w/f");
	tree_check(locate(tree, file, "m/w", path, sizeof(path)) ==
		   SBK_LOCATION_GONE);
}

static void test_locate__plain_users_walk(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0)
		sbk_test_skip("needs root to mount");
	tree_run(tree, "chmod 755 .");
	tree_child(tree, run_open_top);
	tree_run(tree, "rm -rf m");
	tree_child(tree, run_closed_top);
}

#define TREE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

static const struct CMUnitTest tests[] = {
	TREE_TEST(test_walk__order_and_kinds),
	TREE_TEST(test_walk__large_directories_keep_their_order),
	TREE_TEST(test_walk__stops_with_the_visitors_error),
	TREE_TEST(test_walk__a_root_may_be_a_file),
	TREE_TEST(test_walk__no_mount_is_crossed),
	TREE_TEST(test_walk__what_cannot_be_read_is_visited_so),
	TREE_TEST(test_walk__deep_trees_end_in_a_report),
	TREE_TEST(test_walk__under_renames),
	TREE_TEST(test_locate__by_handle_and_by_walk),
	TREE_TEST(test_locate__plain_users_walk),
};

SBK_TEST_MAIN(tests)
