/*
 * Covers that somebody outside takes off during a run: the run ends at once,
 * with the path and the lost guarantee in its message. Whatever else happens
 * in the same directory ends nothing.
 *
 *	ws/		writable
 *	  secret	denied
 *	  policy	protected
 *	  deep/		holds a protected name, so it is pinned
 *	    policy	protected
 *	  ordinary
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/run.h"
#include "tests/linux/run_scope.h"

#include "engine/banned.h"

#define PLAIN_UID 1500
#define LOST 202
#define FAILED 200

struct place {
	char *base;
	char ws[300];
	uid_t uid; /* who runs; 0: the tester */
	pid_t pid;
	int messages; /* what the run says on stderr */
};

static void path_in(const struct place *place, const char *name, char out[512])
{
	(void)snprintf(out, 512, "%s/%s", place->ws, name);
}

static void put(const struct place *place, const char *name, const char *text)
{
	char path[512];
	int fd;

	path_in(place, name, path);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, 0666), 0);
	(void)close(fd);
}

static void move(const struct place *place, const char *from, const char *to)
{
	char before[512], after[512];

	path_in(place, from, before);
	path_in(place, to, after);
	assert_int_equal(rename(before, after), 0);
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char deep[512];

	assert_non_null(place);
	place->base = sbk_test_directory("guard");
	(void)snprintf(place->ws, sizeof(place->ws), "%s/ws", place->base);
	path_in(place, "deep", deep);
	assert_int_equal(chmod(place->base, 0755), 0);
	assert_int_equal(mkdir(place->ws, 0777), 0);
	assert_int_equal(chmod(place->ws, 0777), 0);
	assert_int_equal(mkdir(deep, 0777), 0);
	assert_int_equal(chmod(deep, 0777), 0);
	put(place, "secret", "secret");
	put(place, "policy", "policy");
	put(place, "deep/policy", "policy");
	put(place, "ordinary", "ordinary");
	place->messages = -1;
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	if (place->pid > 0) {
		(void)kill(place->pid, SIGKILL);
		(void)waitpid(place->pid, NULL, 0);
	}
	if (place->messages >= 0)
		(void)close(place->messages);
	sbk_test_remove(place->base);
	free(place);
	return 0;
}

/* In the child: never returns. */
static void launch(const struct place *place, int messages, char *const *argv)
{
	struct sbk_run_options options = {.begun = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	char secret[512], policy[512], deep[512];
	struct sbk_run_end end;
	struct sbk_scope scope;

	if (dup2(messages, 2) < 0 ||
	    (place->uid != 0 &&
	     (setresgid(place->uid, place->uid, place->uid) < 0 ||
	      setresuid(place->uid, place->uid, place->uid) < 0)))
		_exit(FAILED);
	path_in(place, "secret", secret);
	path_in(place, "policy", policy);
	path_in(place, "deep/policy", deep);
	test_scope_init(&scope, "/home/tester");
	test_scope_add(&scope, SBK_ACCESS_RW, place->ws);
	test_scope_add(&scope, SBK_ACCESS_DENY, secret);
	test_scope_add(&scope, SBK_ACCESS_PROTECT, policy);
	test_scope_add(&scope, SBK_ACCESS_PROTECT, deep);
	scope.directory = place->ws;
	if (sbk_run_launch(&scope, &options, argv, NULL, &end, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		_exit(err.code == SBK_E_UNSUPPORTED ? LOST : FAILED);
	}
	_exit(end.exit_code);
}

static bool appears(const struct place *place, const char *name, int ms)
{
	struct timespec wait = {.tv_nsec = 10000000};
	char path[512];

	path_in(place, name, path);
	for (; ms > 0 && access(path, F_OK) != 0; ms -= 10)
		(void)nanosleep(&wait, NULL);
	return access(path, F_OK) == 0;
}

/* Runs until the file `stop` appears, and for five seconds at most. */
static void start(struct place *place)
{
	static const char *const argv[] = {
		"sh", "-c",
		"touch began; i=0; while [ $i -lt 250 ]; do "
		"test -e stop && exit 7; i=$((i+1)); sleep 0.02; done; exit 8",
		NULL};
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	place->pid = fork();
	assert_true(place->pid >= 0);
	if (place->pid == 0)
		launch(place, pipes[1], (char *const *)argv);
	(void)close(pipes[1]);
	place->messages = pipes[0];
	assert_true(appears(place, "began", 3000));
}

/* How the run ended, and what it said. */
static int finish(struct place *place, char said[1024])
{
	ssize_t got;
	int status;

	assert_int_equal(waitpid(place->pid, &status, 0), place->pid);
	place->pid = 0;
	got = read(place->messages, said, 1023);
	assert_true(got >= 0);
	said[got] = '\0';
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void expect_lost(struct place *place, const char *name,
			const char *guarantee)
{
	char said[1024], path[512];

	assert_int_equal(finish(place, said), LOST);
	path_in(place, name, path);
	assert_non_null(strstr(said, path));
	assert_non_null(strstr(said, guarantee));
}

static void test_guard__replaced_denied_file_ends_the_run(void **state)
{
	struct place *place = *state;

	start(place);
	put(place, "new", "new secret");
	move(place, "new", "secret");
	expect_lost(place, "secret", "'reads'");
}

/* How an editor saves that keeps a backup: the cover goes with the old one. */
static void test_guard__renamed_denied_file_ends_the_run(void **state)
{
	struct place *place = *state;

	start(place);
	move(place, "secret", "secret~");
	expect_lost(place, "secret", "'reads'");
}

static void test_guard__removed_denied_file_ends_the_run(void **state)
{
	struct place *place = *state;
	char path[512];

	start(place);
	path_in(place, "secret", path);
	assert_int_equal(unlink(path), 0);
	expect_lost(place, "secret", "'reads'");
}

static void test_guard__replaced_protected_file_ends_the_run(void **state)
{
	struct place *place = *state;

	start(place);
	put(place, "new", "new policy");
	move(place, "new", "policy");
	expect_lost(place, "policy", "'writes'");
}

static void test_guard__renamed_pinned_directory_ends_the_run(void **state)
{
	struct place *place = *state;

	start(place);
	move(place, "deep", "elsewhere");
	expect_lost(place, "deep", "'writes'");
}

static void test_guard__plain_user(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0)
		sbk_test_skip("needs root to become another user");
	place->uid = PLAIN_UID;
	start(place);
	move(place, "secret", "secret~");
	expect_lost(place, "secret", "'reads'");
}

/* What its user may not read cannot be watched: it is looked at in time. */
static void test_guard__file_that_cannot_be_watched(void **state)
{
	struct place *place = *state;
	char path[512];

	if (geteuid() != 0)
		sbk_test_skip("needs root to become another user");
	path_in(place, "secret", path);
	assert_int_equal(chmod(path, 0), 0);
	place->uid = PLAIN_UID;
	start(place);
	move(place, "secret", "secret~");
	expect_lost(place, "secret", "'reads'");
}

/* Positive control for all of the above. */
static void test_guard__other_changes_end_nothing(void **state)
{
	struct timespec wait = {.tv_nsec = 300000000};
	struct place *place = *state;
	char said[1024], path[512];

	start(place);
	put(place, "new", "new");
	move(place, "new", "ordinary");
	put(place, "deep/new", "new");
	move(place, "deep/new", "deep/other");
	/* The covered objects themselves, written in place. */
	put(place, "secret", "other secret");
	put(place, "policy", "other policy");
	path_in(place, "secret", path);
	assert_int_equal(chmod(path, 0600), 0);
	(void)nanosleep(&wait, NULL);
	put(place, "stop", "");
	assert_int_equal(finish(place, said), 7);
	assert_string_equal(said, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define GUARD_TEST(name) \
	cmocka_unit_test_setup_teardown(test_guard__##name, setup, teardown)
		GUARD_TEST(replaced_denied_file_ends_the_run),
		GUARD_TEST(renamed_denied_file_ends_the_run),
		GUARD_TEST(removed_denied_file_ends_the_run),
		GUARD_TEST(replaced_protected_file_ends_the_run),
		GUARD_TEST(renamed_pinned_directory_ends_the_run),
		GUARD_TEST(plain_user),
		GUARD_TEST(file_that_cannot_be_watched),
		GUARD_TEST(other_changes_end_nothing),
#undef GUARD_TEST
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
