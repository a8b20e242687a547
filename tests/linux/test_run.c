/*
 * A run from the outside: exit codes, descriptors, bytes, signals, limits,
 * what is left behind. Each run is made by a child process, as a caller would
 * be; the child's exit code is the run's.
 */
#include "tests/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/run.h"
#include "tests/linux/run_scope.h"

#include "engine/banned.h"

#define PLAIN_UID 1500
#define TIMED_OUT 209
#define FAILED 200

/* How a run is made; `in` and `out` are the child's 0 and 1, or -1. */
struct setting {
	uid_t uid;
	int in, out, err;
	uint64_t timeout_s, processes, memory_mib;
	bool no_namespaces;
	enum sbk_network network;
	const char *absent; /* a protected name that was not there */
	bool fill_keys;	    /* the user may have no further key */
	/* Of open files, soft and hard; 0: as they are. */
	rlim_t files, files_max;
};

static const struct setting plain = {.in = -1, .out = -1, .err = -1};

struct place {
	char *base;
	char ws[300];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->base = sbk_test_directory("run");
	(void)snprintf(place->ws, sizeof(place->ws), "%s/ws", place->base);
	assert_int_equal(chmod(place->base, 0755), 0);
	assert_int_equal(mkdir(place->ws, 0777), 0);
	assert_int_equal(chmod(place->ws, 0777), 0);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	sbk_test_remove(place->base);
	free(place);
	return 0;
}

static void fill_keys(void)
{
	char name[32];
	int i;

	/* As a login has it. Only who has none gets one beyond the quota. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		_exit(FAILED + 1);
	for (i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "sandbook-test-%d", i);
		if (syscall(SYS_add_key, "user", name, "x", 1,
			    KEY_SPEC_PROCESS_KEYRING) < 0)
			break;
	}
	if (errno != EDQUOT)
		_exit(FAILED + 1);
}

/* In the child: never returns. */
static void launch(const struct place *place, const struct setting *setting,
		   char *const *argv)
{
	struct sbk_run_options options = {.test_no_namespaces =
						  setting->no_namespaces};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;
	struct sbk_scope scope;
	int fd;

	if ((setting->in >= 0 && dup2(setting->in, 0) < 0) ||
	    (setting->out >= 0 && dup2(setting->out, 1) < 0) ||
	    (setting->err >= 0 && dup2(setting->err, 2) < 0))
		_exit(FAILED);
	/* As exec would: the test's own pipes end here. */
	for (fd = 3; fd < 60; fd++)
		(void)close(fd);
	if (setting->uid != 0 &&
	    (setresgid(setting->uid, setting->uid, setting->uid) < 0 ||
	     setresuid(setting->uid, setting->uid, setting->uid) < 0))
		_exit(FAILED);
	if (setting->fill_keys)
		fill_keys();
	if (setting->files != 0 &&
	    setrlimit(RLIMIT_NOFILE,
		      &(struct rlimit){setting->files, setting->files_max}) < 0)
		_exit(FAILED + 1);
	test_scope_init(&scope, "/home/tester");
	test_scope_add(&scope, SBK_ACCESS_RW, place->ws);
	scope.directory = place->ws;
	scope.absent_protected = (const char **)&setting->absent;
	scope.absent_count = setting->absent != NULL;
	scope.timeout_s = setting->timeout_s;
	scope.processes = setting->processes;
	scope.memory_mib = setting->memory_mib;
	scope.network = setting->network;
	scope.best_effort = setting->no_namespaces;
	if (sbk_run_launch(&scope, &options, argv, NULL, &end, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		_exit(FAILED);
	}
	test_scope_release(&scope);
	_exit(end.timed_out ? TIMED_OUT : end.exit_code);
}

static pid_t start(const struct place *place, const struct setting *setting,
		   const char *const *argv)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		launch(place, setting, (char *const *)argv);
	return pid;
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int run_shell(const struct place *place, const struct setting *setting,
		     const char *script)
{
	const char *argv[] = {"sh", "-c", script, NULL};

	return finish(start(place, setting, argv));
}

static void sleep_ms(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000,
				.tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&time, NULL);
}

/* Runs a script and gives what it wrote to stdout. */
static int run_output(const struct place *place, struct setting setting,
		      const char *script, char *out, size_t out_size)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	size_t used = 0;
	ssize_t got;
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	setting.out = pipes[1];
	pid = start(place, &setting, argv);
	(void)close(pipes[1]);
	while (used + 1 < out_size &&
	       (got = read(pipes[0], out + used, out_size - used - 1)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	(void)close(pipes[0]);
	return finish(pid);
}

static void test_run__exit_codes_pass_through(void **state)
{
	const struct place *place = *state;
	const char *missing[] = {"no-such-command-anywhere", NULL};
	const char *directory[] = {"/usr", NULL};

	assert_int_equal(run_shell(place, &plain, "exit 0"), 0);
	assert_int_equal(run_shell(place, &plain, "exit 73"), 73);
	assert_int_equal(run_shell(place, &plain, "exit 255"), 255);
	assert_int_equal(run_shell(place, &plain, "kill -TERM $$"), 128 + 15);
	assert_int_equal(run_shell(place, &plain, "kill -KILL $$"), 128 + 9);
	assert_int_equal(finish(start(place, &plain, missing)), 127);
	assert_int_equal(finish(start(place, &plain, directory)), 126);
}

static void test_run__program_that_is_not_executable(void **state)
{
	const struct place *place = *state;
	char path[512];
	const char *argv[] = {path, NULL};
	int fd;

	(void)snprintf(path, sizeof(path), "%s/data", place->ws);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(finish(start(place, &plain, argv)), 126);
}

static void test_run__first_process_is_hidden_and_powerless(void **state)
{
	char out[4096];

	assert_int_equal(
		run_output(*state, plain,
			   "grep -c '^Cap.*0000000000000000' /proc/self/status;"
			   "grep -c '^Cap.*0000000000000000' /proc/1/status;"
			   "grep NoNewPrivs /proc/self/status;"
			   "stat -c %i / /.. | uniq | wc -l;"
			   "ls -l /proc/1/fd 2>/dev/null | grep -c -e '->';"
			   "hostname",
			   out, sizeof(out)),
		0);
	assert_string_equal(out, "5\n5\nNoNewPrivs:\t1\n1\n0\nsandbook\n");
}

static void test_run__descriptors_are_closed(void **state)
{
	char out[4096];
	int fd = open("/etc/passwd", O_RDONLY);

	assert_true(fd >= 0 && dup2(fd, 77) == 77);
	assert_int_equal(run_output(*state, plain, "echo /proc/self/fd/*", out,
				    sizeof(out)),
			 0);
	(void)close(77);
	(void)close(fd);
	/* The shell's own directory handle may show as the fourth. */
	assert_null(strstr(out, "/77"));
	assert_null(strstr(out, "/4"));
}

/* Bytes go straight through pipes, and all of them arrive. */
static void test_run__bytes_pass_unchanged(void **state)
{
	const struct place *place = *state;
	const char *argv[] = {"cat", NULL};
	struct setting setting = plain;
	int to[2], from[2], i;
	size_t total = 0;
	unsigned char block[65536];
	pid_t run, writer;
	ssize_t got;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	setting.in = to[0];
	setting.out = from[1];
	run = start(place, &setting, argv);
	(void)close(to[0]);
	(void)close(from[1]);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		(void)close(from[0]);
		for (i = 0; i < (int)sizeof(block); i++)
			block[i] = (unsigned char)(i * 31);
		for (i = 0; i < 64; i++)
			if (write(to[1], block, sizeof(block)) !=
			    (ssize_t)sizeof(block))
				_exit(1);
		_exit(0);
	}
	(void)close(to[1]);
	while ((got = read(from[0], block, sizeof(block))) > 0) {
		for (i = 0; i < (int)got; i++)
			assert_int_equal(block[i],
					 (unsigned char)((total + (size_t)i) %
							 65536 * 31));
		total += (size_t)got;
	}
	(void)close(from[0]);
	assert_int_equal(total, 64 * 65536);
	assert_int_equal(finish(writer), 0);
	assert_int_equal(finish(run), 0);
}

static void test_run__closed_stdout_is_no_obstacle(void **state)
{
	const struct place *place = *state;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const char *argv[] = {"sh", "-c", "exit 5", NULL};

		(void)close(0);
		(void)close(1);
		(void)close(2);
		launch(place, &plain, (char *const *)argv);
	}
	assert_int_equal(finish(pid), 5);
}

static void test_run__leaves_nothing_behind(void **state)
{
	const struct place *place = *state;
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	assert_int_equal(
		run_shell(place, &plain,
			  "echo x >/tmp/a && echo x >$HOME/b && "
			  "mkdir -p $HOME/.config/systemd/user && "
			  "echo x >$HOME/.config/systemd/user/c.service && "
			  "echo x >/dev/shm/d && echo x >/var/tmp/e"),
		0);
	dir = opendir(place->ws);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	assert_int_equal(count, 0);
	assert_int_not_equal(access("/home/tester", F_OK), 0);
	assert_int_not_equal(access("/dev/shm/d", F_OK), 0);
	assert_int_not_equal(access("/var/tmp/e", F_OK), 0);
}

static bool appears(const struct place *place, const char *name, long ms)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", place->ws, name);
	for (; ms > 0; ms -= 20) {
		if (access(path, F_OK) == 0)
			return true;
		sleep_ms(20);
	}
	return false;
}

static void test_run__no_process_survives_the_command(void **state)
{
	/* A daemon: own session, no terminal, deaf to polite signals. */
	assert_int_equal(run_shell(*state, &plain,
				   "(trap '' HUP TERM INT; touch began; "
				   "setsid sh -c 'trap \"\" HUP TERM; sleep 1; "
				   "touch survived' >/dev/null 2>&1 &) ; "
				   "while ! test -e began; do :; done; exit 4"),
			 4);
	assert_true(appears(*state, "began", 40));
	assert_false(appears(*state, "survived", 1600));
}

static void test_run__no_process_survives_the_front_end(void **state)
{
	const char *argv[] = {"sh", "-c",
			      "touch began; sleep 1; touch survived", NULL};
	pid_t pid = start(*state, &plain, argv);

	assert_true(appears(*state, "began", 3000));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(finish(pid), -SIGKILL);
	assert_false(appears(*state, "survived", 1600));
}

static void test_run__signals_are_forwarded(void **state)
{
	const char *argv[] = {"sh", "-c",
			      "trap 'exit 41' TERM; trap 'exit 42' USR1; "
			      "touch began; while :; do sleep 0.05; done",
			      NULL};
	pid_t pid = start(*state, &plain, argv);
	char path[512];

	assert_true(appears(*state, "began", 3000));
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(finish(pid), 41);
	(void)snprintf(path, sizeof(path), "%s/began",
		       ((const struct place *)*state)->ws);
	assert_int_equal(unlink(path), 0);
	pid = start(*state, &plain, argv);
	assert_true(appears(*state, "began", 3000));
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_int_equal(finish(pid), 42);
}

static void test_run__time_limit(void **state)
{
	struct setting setting = plain;
	struct timespec before, after;

	setting.timeout_s = 1;
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(run_shell(*state, &setting,
				   "trap '' TERM INT HUP; sleep 30 & sleep 30"),
			 TIMED_OUT);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 3);
	assert_int_equal(run_shell(*state, &setting, "exit 6"), 6);
}

static void test_run__memory_limit(void **state)
{
	struct setting setting = plain;
	const char *script = "python3 -c 'b = bytearray(400 << 20)' "
			     "2>/dev/null";

	assert_int_equal(run_shell(*state, &setting, script), 0);
	setting.memory_mib = 200;
	assert_int_equal(run_shell(*state, &setting, script), 1);
}

/* No core is written, and no program outside is started to take one. */
static void test_run__core_limit_cannot_be_changed(void **state)
{
	char out[4096];

	assert_int_equal(run_output(*state, plain,
				    "python3 -c 'import resource as r\n"
				    "r.setrlimit(r.RLIMIT_CORE, (0, 0))\n"
				    "r.setrlimit(r.RLIMIT_NOFILE, (64, 64))\n"
				    "print(r.getrlimit(r.RLIMIT_CORE), "
				    "r.getrlimit(r.RLIMIT_NOFILE))'",
				    out, sizeof(out)),
			 0);
	assert_string_equal(out, "(1, 1) (64, 64)\n");
}

/* Building needs more open files than the soft limit; the command gets what
 * its caller had. */
static void test_run__open_files(void **state)
{
	struct setting setting = plain;
	char out[64];

	setting.uid = PLAIN_UID;
	setting.files = 16;
	setting.files_max = 4096;
	assert_int_equal(run_output(*state, setting, "ulimit -Sn; ulimit -Hn",
				    out, sizeof(out)),
			 0);
	assert_string_equal(out, "16\n4096\n");
	setting.files_max = 16;
	assert_int_equal(run_shell(*state, &setting, "true"), FAILED);
}

static void test_run__process_limit(void **state)
{
	struct setting setting = plain;
	const char *script = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done "
			     "2>/dev/null; exit 0";

	if (geteuid() == 0) {
		/* The kernel exempts root: said, and refused. */
		setting.processes = 4;
		assert_int_equal(run_shell(*state, &setting, "true"), FAILED);
		setting.uid = PLAIN_UID;
		setting.processes = 0;
	}
	assert_int_equal(run_shell(*state, &setting, script), 0);
	setting.processes = 4;
	/* The shell gives up when it cannot fork. */
	assert_int_not_equal(run_shell(*state, &setting, script), 0);
}

static void test_run__network_modes(void **state)
{
	struct setting setting = plain;
	const char *script =
		"python3 -c 'import socket\n"
		"s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen()\n"
		"c = socket.socket(); c.settimeout(2)\n"
		"c.connect(s.getsockname())' 2>/dev/null";

	assert_int_not_equal(run_shell(*state, &setting, script), 0);
	setting.network = SBK_NETWORK_LOOPBACK;
	assert_int_equal(run_shell(*state, &setting, script), 0);
	setting.network = SBK_NETWORK_ON;
	assert_int_equal(run_shell(*state, &setting, script), 0);
}

static void test_run__bare_children_do_not_survive(void **state)
{
	struct setting setting = plain;

	setting.no_namespaces = true;
	assert_int_equal(run_shell(*state, &setting,
				   "setsid sh -c 'touch began; sleep 1; "
				   "touch survived' & while ! test -e began; "
				   "do :; done; exit 9"),
			 9);
	assert_false(appears(*state, "survived", 1600));
}

static void test_run__bare_temporary_directory_is_removed(void **state)
{
	struct setting setting = plain;
	char out[4096];

	setting.no_namespaces = true;
	assert_int_equal(run_output(*state, setting,
				    "cd $TMPDIR && mkdir -p a/b && "
				    "echo x >a/b/c && ln -s / a/link && pwd",
				    out, sizeof(out)),
			 0);
	out[strcspn(out, "\n")] = '\0';
	assert_true(strlen(out) > 5);
	assert_int_not_equal(access(out, F_OK), 0);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

/* Deeper than is removed: it stays, and is named. */
static void test_run__bare_temporary_directory_that_stays_is_told(void **state)
{
	struct setting setting = plain;
	int pipes[2];
	char out[4096] = "", *at;
	ssize_t got;

	setting.no_namespaces = true;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	setting.err = pipes[1];
	assert_int_equal(run_shell(*state, &setting,
				   "cd $TMPDIR && i=0; while [ $i -lt 1100 ]; "
				   "do mkdir d && cd d || exit 9; "
				   "i=$((i+1)); done"),
			 FAILED);
	got = read(pipes[0], out, sizeof(out) - 1);
	assert_true(got > 0);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	at = strstr(out, "cannot remove '/tmp/sandbook-");
	assert_non_null(at);
	at += strlen("cannot remove '");
	at[strcspn(at, "'")] = '\0';
	assert_int_equal(access(at, F_OK), 0);
	sbk_test_remove(strdup(at));
}

/* The run would keep the keys of its caller, where the file systems find
 * them. */
static void test_run__caller_keyring_is_left_or_nothing_starts(void **state)
{
	struct setting setting = plain;

	if (geteuid() != 0)
		sbk_test_skip("needs root, to be somebody else");
	/* Somebody else: the kernel frees ended keyrings later, which would
	 * make room again where there was none. */
	setting.uid = PLAIN_UID + 2;
	assert_int_equal(run_shell(*state, &setting, "touch began"), 0);
	assert_true(appears(*state, "began", 20));
	setting.uid = PLAIN_UID + 1;
	setting.fill_keys = true;
	assert_int_equal(run_shell(*state, &setting, "touch again"), FAILED);
	assert_false(appears(*state, "again", 50));
}

static void test_run__works_for_a_plain_user(void **state)
{
	struct setting setting = plain;
	char out[4096];

	if (geteuid() != 0)
		sbk_test_skip("needs root, to be somebody else");
	setting.uid = PLAIN_UID;
	assert_int_equal(run_output(*state, setting,
				    "id -u; touch mine && stat -c %u mine; "
				    "unshare -Ur id -u",
				    out, sizeof(out)),
			 0);
	assert_string_equal(out, "1500\n1500\n0\n");
}

static int count_ready(void *arg, const struct sbk_carriers *carriers, int pid,
		       struct sbk_error *err)
{
	int *called = arg;

	assert_true(pid > 0);
	assert_true(carriers->namespaces);
	(*called)++;
	return *called > 1 ? sbk_error_set(err, SBK_E_CORRUPT, "no record") : 0;
}

static void test_run__nothing_starts_without_a_record(void **state)
{
	const struct place *place = *state;
	struct sbk_run_options options = {.test_no_namespaces = false};
	char *argv[] = {(char *)"touch", (char *)"began", NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	int called = 0;
	struct sbk_run_hooks hooks = {.ready = count_ready, .arg = &called};
	struct sbk_run_end end;
	struct sbk_scope scope;
	char path[512];

	test_scope_init(&scope, "/home/tester");
	test_scope_add(&scope, SBK_ACCESS_RW, place->ws);
	scope.directory = place->ws;
	assert_ok(sbk_run_launch(&scope, &options, argv, &hooks, &end, &err),
		  &err);
	assert_true(appears(place, "began", 20));
	(void)snprintf(path, sizeof(path), "%s/began", place->ws);
	assert_int_equal(unlink(path), 0);
	assert_error(sbk_run_launch(&scope, &options, argv, &hooks, &end, &err),
		     SBK_E_CORRUPT, &err);
	assert_false(appears(place, "began", 100));
	test_scope_release(&scope);
}

/* A name that cannot be looked at is not taken for one that is not there. */
static void test_run__absent_is_known_or_nothing_starts(void **state)
{
	const struct place *place = *state;
	struct setting setting = plain;
	char closed[512], name[600];

	if (geteuid() != 0)
		sbk_test_skip("needs root, to be somebody else");
	(void)snprintf(closed, sizeof(closed), "%s/closed", place->ws);
	(void)snprintf(name, sizeof(name), "%s/.git", closed);
	setting.uid = PLAIN_UID;
	setting.absent = name;
	/* Neither the directory, nor a directory at all. */
	assert_int_equal(run_shell(place, &setting, "touch began"), 0);
	assert_int_equal(mkdir(closed, 0755), 0);
	assert_int_equal(run_shell(place, &setting, "touch began"), 0);
	assert_true(appears(place, "began", 20));
	assert_int_equal(symlink("/nowhere", name), 0);
	assert_int_equal(run_shell(place, &setting, "touch again"), FAILED);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(chmod(closed, 0700), 0);
	assert_int_equal(run_shell(place, &setting, "touch again"), FAILED);
	assert_false(appears(place, "again", 50));
}

struct told {
	const struct place *place;
	int times, exit_code;
	bool lock_free;
};

static void look_at_lock(void *arg, const struct sbk_run_end *end)
{
	struct told *told = arg;
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/held", told->place->ws);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	told->lock_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	told->exit_code = end->exit_code;
	told->times++;
	(void)close(fd);
}

/* What the command left behind still holds a lock when it exits. */
static void test_run__the_end_is_told_when_all_are_gone(void **state)
{
	struct told told = {.place = *state};
	struct sbk_run_options options = {.test_no_namespaces = false};
	char *argv[] = {(char *)"sh", (char *)"-c",
			(char *)"flock held sleep 100 & "
				"while flock -n held true; do sleep 0.01; done;"
				" exit 3",
			NULL};
	struct sbk_run_hooks hooks = {.ended = look_at_lock, .arg = &told};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;
	struct sbk_scope scope;

	test_scope_init(&scope, "/home/tester");
	test_scope_add(&scope, SBK_ACCESS_RW, told.place->ws);
	scope.directory = told.place->ws;
	assert_ok(sbk_run_launch(&scope, &options, argv, &hooks, &end, &err),
		  &err);
	assert_int_equal(end.exit_code, 3);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.exit_code, 3);
	assert_true(told.lock_free);
	test_scope_release(&scope);
}

static pid_t only_child(void)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	char text[64] = "", *end;
	long pid;

	assert_non_null(children);
	(void)!fread(text, 1, sizeof(text) - 1, children);
	(void)fclose(children);
	pid = strtol(text, &end, 10);
	assert_int_equal(end[strspn(end, " \n")], '\0');
	return (pid_t)pid;
}

static int keep_pid(void *arg, const struct sbk_carriers *carriers, int pid,
		    struct sbk_error *err)
{
	(void)carriers;
	(void)err;
	*(int *)arg = pid;
	return 0;
}

/* The process that was there before the scope becomes the run's first, and
 * knows all of the scope. */
static void test_run__begins_before_its_scope(void **state)
{
	const struct place *place = *state;
	struct sbk_run_options options = {.test_no_namespaces = false};
	char *argv[] = {(char *)"sh", (char *)"-c",
			(char *)"test $LATE = yes && grep -q lo: /proc/net/dev "
				"&& test $(ulimit -d) = 524288 && touch began",
			NULL};
	char *late[] = {(char *)"LATE=yes", (char *)"PATH=/usr/bin:/bin", NULL};
	char **usual;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;
	struct sbk_scope scope;
	int first, pid = 0;
	struct sbk_run_hooks hooks = {.ready = keep_pid, .arg = &pid};

	options.begun = sbk_run_begin(&options, argv);
	assert_non_null(options.begun);
	first = only_child();
	test_scope_init(&scope, "/home/tester");
	test_scope_add(&scope, SBK_ACCESS_RW, place->ws);
	usual = scope.environment;
	scope.environment = late;
	scope.directory = place->ws;
	scope.network = SBK_NETWORK_LOOPBACK;
	scope.memory_mib = 512;
	assert_ok(sbk_run_launch(&scope, &options, argv, &hooks, &end, &err),
		  &err);
	assert_int_equal(end.exit_code, 0);
	assert_int_equal(pid, first);
	assert_true(appears(place, "began", 20));
	/* One that does not fit: another one is made. */
	options.begun = sbk_run_begin(&options, argv);
	first = only_child();
	scope.network = SBK_NETWORK_ON;
	assert_ok(sbk_run_launch(&scope, &options, argv, &hooks, &end, &err),
		  &err);
	assert_int_not_equal(pid, first);
	assert_int_equal(only_child(), 0);
	scope.environment = usual;
	test_scope_release(&scope);
}

static void test_run__what_was_begun_can_be_abandoned(void **state)
{
	struct sbk_run_options options = {.test_no_namespaces = false};
	char *argv[] = {(char *)"true", NULL};
	struct sbk_run_start *start = sbk_run_begin(&options, argv);

	(void)state;
	assert_non_null(start);
	assert_true(only_child() > 0);
	sbk_run_abandon(start);
	assert_int_equal(only_child(), 0);
}

/* Between the scope and the mounts the root was another one. */
static void test_run__the_root_is_the_one_that_was_seen(void **state)
{
	const struct place *place = *state;
	struct sbk_run_options options = {.test_no_namespaces = false};
	char *argv[] = {(char *)"touch", (char *)"began", NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_scope_path *root;
	struct sbk_run_end end;
	struct sbk_scope scope;
	char name[512], marker[512];
	const char *absent = name;
	struct stat st;

	test_scope_init(&scope, "/home/tester");
	test_scope_add(&scope, SBK_ACCESS_RW, place->ws);
	scope.directory = place->ws;
	root = &scope.paths[scope.path_count - 1];
	assert_int_equal(stat(place->ws, &st), 0);
	root->device = st.st_dev;
	root->number = st.st_ino + 1;
	assert_error(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		     SBK_E_CONFLICT, &err);
	root->number = st.st_ino;
	/* A name that was not there, and is now. */
	(void)snprintf(name, sizeof(name), "%s/.git", place->ws);
	assert_int_equal(mkdir(name, 0755), 0);
	scope.absent_protected = &absent;
	scope.absent_count = 1;
	assert_error(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		     SBK_E_CONFLICT, &err);
	assert_non_null(strstr(err.message, "would not be protected"));
	assert_false(appears(place, "began", 50));
	assert_int_equal(rmdir(name), 0);
	assert_ok(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		  &err);
	assert_true(appears(place, "began", 20));
	(void)snprintf(marker, sizeof(marker), "%s/began", place->ws);
	assert_int_equal(unlink(marker), 0);
	/* A name that was there, and is gone. */
	assert_int_equal(mkdir(name, 0755), 0);
	test_scope_add(&scope, SBK_ACCESS_PROTECT, name);
	scope.absent_count = 0;
	assert_int_equal(rmdir(name), 0);
	assert_error(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		     SBK_E_NOTFOUND, &err);
	assert_false(appears(place, "began", 50));
	test_scope_release(&scope);
}

static void test_run__probe_finds_every_carrier(void **state)
{
	struct sbk_run_options options = {.test_no_namespaces = false};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_carriers carriers;
	int i;

	(void)state;
	assert_ok(
		sbk_carriers_probe(&options, SBK_NETWORK_OFF, &carriers, &err),
		&err);
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++)
		assert_string_not_equal(carriers.names[i], "");
	options.test_no_namespaces = true;
	assert_ok(
		sbk_carriers_probe(&options, SBK_NETWORK_OFF, &carriers, &err),
		&err);
	assert_string_equal(carriers.names[SBK_GUARANTEE_PROCESSES], "");
	assert_string_not_equal(carriers.missing[SBK_GUARANTEE_PROCESSES], "");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_run__exit_codes_pass_through),
		TEST(test_run__program_that_is_not_executable),
		TEST(test_run__first_process_is_hidden_and_powerless),
		TEST(test_run__descriptors_are_closed),
		TEST(test_run__bytes_pass_unchanged),
		TEST(test_run__closed_stdout_is_no_obstacle),
		TEST(test_run__leaves_nothing_behind),
		TEST(test_run__no_process_survives_the_command),
		TEST(test_run__no_process_survives_the_front_end),
		TEST(test_run__signals_are_forwarded),
		TEST(test_run__time_limit),
		TEST(test_run__memory_limit),
		TEST(test_run__core_limit_cannot_be_changed),
		TEST(test_run__open_files),
		TEST(test_run__process_limit),
		TEST(test_run__network_modes),
		TEST(test_run__bare_children_do_not_survive),
		TEST(test_run__bare_temporary_directory_is_removed),
		TEST(test_run__bare_temporary_directory_that_stays_is_told),
		TEST(test_run__caller_keyring_is_left_or_nothing_starts),
		TEST(test_run__works_for_a_plain_user),
		TEST(test_run__nothing_starts_without_a_record),
		TEST(test_run__absent_is_known_or_nothing_starts),
		TEST(test_run__what_was_begun_can_be_abandoned),
		TEST(test_run__begins_before_its_scope),
		TEST(test_run__the_end_is_told_when_all_are_gone),
		TEST(test_run__the_root_is_the_one_that_was_seen),
		TEST(test_run__probe_finds_every_carrier),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
