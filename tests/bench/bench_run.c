/*
 * bench_run [ROUNDS [PROGRAM]]: what `sandbook run -- /bin/true` costs,
 * journaled for real, against bubblewrap with the same namespaces. All
 * contestants take turns in one run, in another order each time and with a
 * pause between, so that neither the machine nor what one leaves to the kernel
 * hits another. Printed for each: minimum and median of the wall clock, and
 * the ratios.
 *
 * sandbook: the real program, policy, session in the journal.
 * no account: the same with --no-account; another run where the person is
 * enrolled, else the same once more.
 * namespaces: bwrap with the same namespaces, the host's root read-only.
 * view: bwrap with the same namespaces and, bind by bind, what a run shows:
 * /usr, listed entries of /etc, an empty home, private /tmp and /run, the
 * workspace.
 *
 * And for each of them two ends: `returns`, when its caller goes on, and
 * `gone`, when the last of its processes is. bubblewrap does not wait for the
 * namespaces' first process; Sandbook promises to, so its two are one.
 *
 * bubblewrap keeps no record, loads no filter and asks no Landlock here.
 * PROGRAM is one that is installed beside a sandbook-mount with its bit, where
 * the account is to be measured; without it the one that was built.
 * As root it measures as root and, with SBK_BENCH_UID, as that user, in a
 * mount namespace where a directory of the benchmark's own, on the disk that
 * holds the working directory, stands for the user's home: the journal there
 * is real and nothing of it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/banned.h"

#define ROUNDS_MAX 10000
#define ARGUMENTS_MAX 128
#define CONTESTANTS 4
#define PAUSE_NS 2000000

enum end { RETURNS, GONE, ENDS };

static const char *const end_names[] = {"returns", "gone"};

static const char *const namespaces[] = {"bwrap",
					 "--unshare-user",
					 "--unshare-pid",
					 "--unshare-ipc",
					 "--unshare-net",
					 "--unshare-uts",
					 "--die-with-parent",
					 "--new-session",
					 NULL};
static const char *const whole_root[] = {
	"--ro-bind", "/",    "/",	"--proc", "/proc",
	"--dev",     "/dev", "--tmpfs", "/tmp",	  NULL};
static const char *const view[] = {
	"--ro-bind", "/usr",	  "/usr",   "--symlink", "usr/bin",  "/bin",
	"--symlink", "usr/sbin",  "/sbin",  "--symlink", "usr/lib",  "/lib",
	"--symlink", "usr/lib64", "/lib64", "--proc",	 "/proc",    "--dev",
	"/dev",	     "--tmpfs",	  "/tmp",   "--tmpfs",	 "/var/tmp", "--tmpfs",
	"/run",	     NULL};
/* What the built-in policy lists, where it exists. */
static const char *const etc[] = {"alternatives",
				  "bash.bashrc",
				  "fonts",
				  "gitconfig",
				  "group",
				  "hosts",
				  "inputrc",
				  "ld.so.cache",
				  "ld.so.conf",
				  "ld.so.conf.d",
				  "localtime",
				  "mime.types",
				  "nsswitch.conf",
				  "passwd",
				  "perl",
				  "profile",
				  "profile.d",
				  "protocols",
				  "python3",
				  "services",
				  "ssl/certs",
				  "ssl/openssl.cnf",
				  "terminfo",
				  "timezone",
				  NULL};

struct contestant {
	const char *name;
	const char *argv[ARGUMENTS_MAX];
	size_t argc;
	double wall_ms[ENDS][ROUNDS_MAX];
};

static struct contestant contestants[CONTESTANTS];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench_run: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(struct contestant *c, const char *argument)
{
	if (c->argc + 1 >= ARGUMENTS_MAX) {
		errno = E2BIG;
		fail(c->name);
	}
	c->argv[c->argc++] = argument;
}

static void add_all(struct contestant *c, const char *const *arguments)
{
	for (; *arguments != NULL; arguments++)
		add(c, *arguments);
}

static void add_etc(struct contestant *c)
{
	static char paths[sizeof(etc) / sizeof(etc[0])][64];
	size_t i;

	for (i = 0; etc[i] != NULL; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "/etc/%s", etc[i]);
		add(c, "--ro-bind-try");
		add(c, paths[i]);
		add(c, paths[i]);
	}
}

static void set_up(const char *sandbook, const char *home, const char *ws)
{
	struct contestant *c = &contestants[0];

	c->name = "sandbook";
	add(c, sandbook);
	add(c, "run");
	add(c, "--quiet");
	c[1].name = "no account";
	add(&c[1], sandbook);
	add(&c[1], "run");
	add(&c[1], "--quiet");
	add(&c[1], "--no-account");
	c[2].name = "namespaces";
	add_all(&c[2], namespaces);
	add_all(&c[2], whole_root);
	c[3].name = "view";
	add_all(&c[3], namespaces);
	add_all(&c[3], view);
	add_etc(&c[3]);
	add(&c[3], "--tmpfs");
	add(&c[3], home);
	add(&c[3], "--bind");
	add(&c[3], ws);
	add(&c[3], ws);
	add(&c[3], "--chdir");
	add(&c[3], ws);
	for (; c < contestants + CONTESTANTS; c++) {
		add(c, "--");
		add(c, "/bin/true");
	}
}

static double ms_since(const struct timespec *before)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - before->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - before->tv_nsec) / 1e6;
}

/* We are the subreaper: what a contestant leaves becomes our child. */
static void measure(struct contestant *c, size_t round)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct timespec before;
	int status;
	pid_t pid;

	(void)nanosleep(&pause, NULL); /* too short is no harm */
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	pid = vfork();
	if (pid == 0) {
		execvp(c->argv[0], (char *const *)c->argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail(c->name);
	c->wall_ms[RETURNS][round] = ms_since(&before);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	c->wall_ms[GONE][round] = ms_since(&before);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		errno = ECHILD;
		fail(c->name);
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report_end(enum end end, size_t rounds)
{
	const double *ours = contestants->wall_ms[end];
	const struct contestant *c;

	printf(" %s\n", end_names[end]);
	for (c = contestants; c < contestants + CONTESTANTS; c++)
		printf("  %-20s %7.2f %7.2f\n", c->name, c->wall_ms[end][0],
		       c->wall_ms[end][rounds / 2]);
	for (c = contestants + 1; c < contestants + CONTESTANTS; c++)
		printf("  sandbook/%-11s %7.2f %7.2f\n", c->name,
		       ours[0] / c->wall_ms[end][0],
		       ours[rounds / 2] / c->wall_ms[end][rounds / 2]);
}

static void report(const char *who, size_t rounds)
{
	struct contestant *c;
	int end;

	printf("%s, %zu rounds: minimum and median, ms\n", who, rounds);
	for (end = 0; end < ENDS; end++) {
		for (c = contestants; c < contestants + CONTESTANTS; c++)
			qsort(c->wall_ms[end], rounds, sizeof(double), by_size);
		report_end((enum end)end, rounds);
	}
}

/* A home of our own on this disk, over the one of the account database. */
static void take_home(const struct passwd *person, const char *home,
		      char ws[256])
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(home, person->pw_dir, NULL, MS_BIND, NULL) < 0)
		fail("put a home over the real one");
	(void)snprintf(ws, 256, "%s/ws", person->pw_dir);
	if (mkdir(ws, 0755) < 0 ||
	    chown(ws, person->pw_uid, person->pw_gid) < 0)
		fail("make a workspace");
	if (setenv("HOME", person->pw_dir, 1) < 0)
		fail("set HOME");
}

static int bench(const struct passwd *person, const char *home,
		 const char *sandbook, size_t rounds)
{
	char ws[256];
	size_t round, i;

	take_home(person, home, ws);
	if (setresgid(person->pw_gid, person->pw_gid, person->pw_gid) < 0 ||
	    setresuid(person->pw_uid, person->pw_uid, person->pw_uid) < 0 ||
	    chdir(ws) < 0)
		fail("become the user");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		fail("become the subreaper");
	set_up(sandbook, person->pw_dir, ws);
	for (i = 0; i < CONTESTANTS * 5; i++)
		measure(&contestants[i % CONTESTANTS], 0); /* warm up */
	for (round = 0; round < rounds; round++)
		for (i = 0; i < CONTESTANTS; i++)
			measure(&contestants[(i + round) % CONTESTANTS], round);
	report(person->pw_name, rounds);
	return 0;
}

static void remove_home(const char *home)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", "--", home, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail("remove the home");
}

/* In a child: mount namespace, user and home end with it. */
static int bench_as(uid_t uid, const char *sandbook, size_t rounds)
{
	const struct passwd *person = getpwuid(uid);
	char home[] = ".bench_home_XXXXXX";
	int status;
	pid_t pid;

	if (person == NULL) {
		fprintf(stderr, "bench_run: no account has uid %u\n",
			(unsigned int)uid);
		return 1;
	}
	if (mkdtemp(home) == NULL ||
	    chown(home, person->pw_uid, person->pw_gid) < 0)
		fail("make a home");
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(bench(person, home, sandbook, rounds));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("start the benchmark");
	remove_home(home);
	return status != 0;
}

int main(int argc, char **argv)
{
	const char *uid = getenv("SBK_BENCH_UID");
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
	const char *program = argc > 2 ? argv[2] : SBK_BENCH_PROGRAM;
	int rc;

	if (rounds == 0 || rounds > ROUNDS_MAX || geteuid() != 0) {
		fprintf(stderr, "bench_run: needs root, and 1 to %d rounds\n",
			ROUNDS_MAX);
		return 1;
	}
	rc = bench_as(0, program, rounds);
	if (rc == 0 && uid != NULL)
		rc = bench_as((uid_t)strtoul(uid, NULL, 10), program, rounds);
	return rc;
}
