/*
 * The attack battery: each attack is refused inside, and the same code, run
 * where it is allowed, succeeds in the same batch. The whole table runs as
 * root and as a plain user, on each Landlock ABI that the kernel can present;
 * with SBK_TEST_ACCOUNT the plain user is enrolled and its runs are the sandbox
 * account's (tests/e2e/test_account.sh makes the host for that).
 */
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/landlock.h"
#include "engine/run.h"
#include "tests/e2e/attack/world.h"
#include "tests/linux/run_scope.h"

#include "engine/banned.h"

#define PLAIN_UID 1500
#define CASES_MAX 256
#define INHERITED_FILE 50
#define INHERITED_DIRECTORY 51

enum where {
	INSIDE,	      /* the control runs in the same sandbox */
	OUTSIDE,      /* ... outside, as the attacker */
	OUTSIDE_ROOT, /* ... outside, as root: what only root may do */
	NOWHERE	      /* nothing to compare with, see the line */
};

struct attack_case {
	const char *attack;
	enum where where;
	const char *control; /* NULL: the attack itself */
};

static const struct attack_case cases[] = {
	/* Writes outside: by path, link, rename, descriptor, /proc. */
	{"write $O/victim", INSIDE, "write $W/victim"},
	{"write $O/victim", OUTSIDE, NULL},
	{"write $O/new-file", OUTSIDE, NULL},
	{"truncate $O/victim", INSIDE, "truncate $W/victim"},
	{"unlink $O/victim", INSIDE, "unlink $W/plain/other"},
	{"mkdir $O/new", OUTSIDE, NULL},
	{"mkdir /new", INSIDE, "mkdir $W/made"},
	{"write $W/way-out/victim", INSIDE, "write $W/way-in/file"},
	{"write $W/hard", OUTSIDE, NULL},
	{"chmod $W/hard", OUTSIDE, NULL},
	{"truncate $W/hard", INSIDE, "truncate $W/file"},
	{"link-write $O/victim $W/link-1", OUTSIDE, NULL},
	{"link-write $W/file $O/link-2", INSIDE,
	 "link-write $W/file $W/link-3"},
	{"rename $O/victim $W/taken", INSIDE, "rename $W/file $W/renamed"},
	{"rename $W/plain/file $O/given", INSIDE,
	 "rename $W/plain/file $W/plain/deep/file"},
	{"rename $W $B/moved", NOWHERE, NULL},
	{"write /proc/self/root$O/victim", INSIDE,
	 "write /proc/self/root$W/plain/new"},
	{"write /proc/1/root$O/victim", NOWHERE, NULL},
	{"write /proc/1/cwd/new", NOWHERE, NULL},
	{"write /..$O/victim", NOWHERE, NULL},
	{"write-fd 50", OUTSIDE, NULL},
	{"openat-fd 51 through", OUTSIDE, NULL},
	{"write /usr/bin/new", INSIDE, "write $W/new-program"},
	{"open-write /usr/bin/env", OUTSIDE_ROOT, NULL},
	{"write $B/bin/attack", NOWHERE, NULL},

	/* Metadata outside. */
	{"chmod $O/victim", OUTSIDE, NULL},
	{"chown $O/victim", OUTSIDE, NULL},
	{"utime $O/victim", OUTSIDE, NULL},
	{"setxattr $O/victim", INSIDE, "setxattr $W/.git2/config"},
	{"setxattr $W/.git/config", INSIDE, NULL},
	{"chmod /usr/bin/env", NOWHERE, NULL},
	{"chmod /dev/null", INSIDE, "chmod $W/.git2/config"},
	{"chown /dev/null", INSIDE, "chown $W/.git2/config"},

	/* Protected names. */
	{"write $W/.git/config", OUTSIDE, NULL},
	{"write $W/.git/new", INSIDE, "write $W/.git2/new"},
	{"unlink $W/.git/config", INSIDE, "unlink $W/.git2/new"},
	{"rename $W/.git $W/.gone", INSIDE, "rename $W/.git2 $W/.git3"},
	{"rename $W/.git3 $W/.git", INSIDE, "rename $W/.git3 $W/.git2"},
	{"exchange $W/.git2 $W/.git", INSIDE, "exchange $W/.git2 $W/plain"},
	{"rmdir $W/.git", INSIDE, "rmdir $W/made"},
	{"symlink $O $W/.git", INSIDE, "symlink $O $W/link"},
	{"write $W/nested/repo/.git/config", OUTSIDE, NULL},
	{"rename $W/nested $W/moved", OUTSIDE, NULL},
	{"rename $W/nested/repo $W/nested/moved", INSIDE,
	 "rename $W/.git2 $W/moved"},
	{"rename $W/nested/repo/.git $W/nested/repo/x", NOWHERE, NULL},
	{"link-write $W/.git/config $W/link-4", OUTSIDE, NULL},
	{"chmod $W/.git", INSIDE, "chmod $W/moved"},

	/* Reads of what is not listed, or denied. */
	{"read $O/secret", INSIDE, "read $W/.git/config"},
	{"read $H/.ssh/id", OUTSIDE, NULL},
	{"read $W/denied/secret", OUTSIDE, NULL},
	{"read $W/denied.txt", OUTSIDE, NULL},
	{"write $W/denied.txt", NOWHERE, NULL},
	{"write $W/denied/new", OUTSIDE, NULL},
	{"rename $W/denied $W/shown", NOWHERE, NULL},
	{"rename $W/denied.txt $W/shown.txt", NOWHERE, NULL},
	{"link-read $W/denied.txt $W/link-5", OUTSIDE, NULL},
	{"read $W/way-out/secret", OUTSIDE, NULL},
	{"read /..$O/secret", OUTSIDE, NULL},
	{"read /proc/1/root$O/secret", NOWHERE, NULL},
	{"read /etc/shadow", OUTSIDE_ROOT, NULL},
	{"read /proc/$P/environ", OUTSIDE, NULL},
	{"read /proc/1/environ", INSIDE, "read /proc/self/environ"},
	{"read /proc/1/mem", NOWHERE, NULL},
	{"read /proc/1/maps", INSIDE, "read /proc/self/maps"},
	{"read $H/.local/state/sandbook/journal.db", OUTSIDE, NULL},
	{"open-write $H/.local/state/sandbook/journal.db", OUTSIDE, NULL},
	{"open-write $H/.config/sandbook/policy.json", OUTSIDE, NULL},
	{"read /var/lib/sandbook/journal.db", NOWHERE, NULL},
	{"read /etc/sandbook/policy.json", NOWHERE, NULL},

	/* What root would run later. */
	{"write /etc/cron.d/attack", NOWHERE, NULL},
	{"write /var/spool/cron/crontabs/attack", NOWHERE, NULL},
	{"write /var/spool/cron/atjobs/attack", NOWHERE, NULL},
	{"open-write /proc/sys/kernel/core_pattern", OUTSIDE_ROOT, NULL},
	{"open-write /proc/sys/vm/drop_caches", OUTSIDE_ROOT, NULL},
	{"open-write /proc/sys/fs/file-max", OUTSIDE_ROOT, NULL},
	{"open-write /proc/sysrq-trigger", NOWHERE, NULL},
	{"open-write /proc/irq/default_smp_affinity", OUTSIDE_ROOT, NULL},
	{"read /proc/vmallocinfo", OUTSIDE_ROOT, NULL},
	{"read /proc/kcore", NOWHERE, NULL},
	{"read /proc/kmsg", NOWHERE, NULL},
	{"open-write /sys/power/state", NOWHERE, NULL},

	/* Set-id bits. */
	{"setid-chmod $W/plain/set-1", OUTSIDE, NULL},
	{"setid-chmod-high $W/plain/set-1", OUTSIDE, NULL},
	{"setgid-chmod $W/plain/set-2", OUTSIDE, NULL},
	{"setid-fchmod $W/plain/set-3", OUTSIDE, NULL},
	{"setid-fchmodat2 $W/plain/set-4", OUTSIDE, NULL},
	{"setid-open $W/set-5", OUTSIDE, NULL},
	{"setid-creat $W/set-6", OUTSIDE, NULL},
	{"setid-tmpfile $W", OUTSIDE, NULL},
	{"setid-mknod $W/set-7", OUTSIDE, NULL},
	{"setid-openat2 $W/set-8", OUTSIDE, NULL},
	{"setid-io-uring", OUTSIDE_ROOT, NULL},

	/* Powers and devices. */
	{"capabilities", OUTSIDE_ROOT, NULL},
	{"mknod-device $W/null", OUTSIDE_ROOT, NULL},
	{"read /dev/kmsg", NOWHERE, NULL},
	{"read /dev/mem", NOWHERE, NULL},
	{"open-write /dev/vda", NOWHERE, NULL},
	{"mount /tmp", NOWHERE, NULL},
	{"umount $W/.git", NOWHERE, NULL},
	{"umount /proc/sys", NOWHERE, NULL},
	{"chroot $W", OUTSIDE_ROOT, NULL},
	{"bpf", OUTSIDE_ROOT, NULL},
	{"userfaultfd", OUTSIDE_ROOT, NULL},
	{"perf", NOWHERE, NULL},
	{"sethostname attacked", NOWHERE, NULL},
	{"userns-uncover $W/.git/config", INSIDE, "userns"},
	{"userns-uncover $W/denied/secret", NOWHERE, NULL},
	{"userns-uncover $O/victim", NOWHERE, NULL},
	{"userns-raw", OUTSIDE, NULL},

	/* Processes outside. */
	{"kill $P", OUTSIDE, NULL},
	{"ptrace $P", INSIDE, "ptrace-child"},
	{"ptrace $P", OUTSIDE, NULL},
	{"ptrace 1", NOWHERE, NULL},
	{"vm-write $P $M", NOWHERE, NULL},
	{"pidfd $P", OUTSIDE, NULL},

	/* Services outside. */
	{"unix $O/socket", OUTSIDE, NULL},
	{"abstract $A", OUTSIDE, NULL},
	{"tcp $T", OUTSIDE, NULL},
	{"tcp6 $S", OUTSIDE, NULL},
	{"udp $U", OUTSIDE, NULL},
	{"udp 127.0.0.53 53", NOWHERE, NULL},
	{"shm $I", OUTSIDE, NULL},
	{"mqueue $Q", OUTSIDE, NULL},
	{"read $D", OUTSIDE, NULL},
	{"keyring $K", OUTSIDE, NULL},
	{"add-key attack", OUTSIDE, NULL},

	/* Socket families: raw and packet, vsock, netlink beyond routes. */
	{"socket 2 3 6", INSIDE, "socket 2 1 0"},
	{"socket 10 3 58", INSIDE, "socket 10 2 0"},
	{"socket 2 3 6", OUTSIDE_ROOT, NULL},
	{"socket 17 3 768", OUTSIDE_ROOT, NULL},
	{"socket 40 1 0", OUTSIDE, NULL},
	{"socket 16 3 4", OUTSIDE, NULL},
	{"socket 16 3 9", INSIDE, "socket 16 3 0"},
	{"socket-high 16 3 9", OUTSIDE, NULL},
	{"socket-high 17 3 768", OUTSIDE_ROOT, NULL},
	{"socket 38 5 0", NOWHERE, NULL},

	/* Terminals and other numbers for the same calls. */
	{"tiocsti", OUTSIDE, NULL},
	{"int80", NOWHERE, NULL},
	{"x32", NOWHERE, NULL},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static const char *attack_program;

/* One line of a list: what runs, and what must come of it. */
struct line {
	char words[1200];
	bool done;
};

static void add_line(const struct world *world, struct line *lines,
		     size_t *count, const char *words, bool done)
{
	assert_true(*count < CASES_MAX);
	world_expand(world, words, lines[*count].words,
		     sizeof(lines[*count].words));
	lines[(*count)++].done = done;
}

static void write_list(const struct world *world, const struct line *lines,
		       size_t count, char *path, size_t path_size)
{
	FILE *list;
	size_t i;

	(void)snprintf(path, path_size, "%s/bin/list", world->base);
	list = fopen(path, "we");
	assert_non_null(list);
	for (i = 0; i < count; i++)
		assert_true(fprintf(list, "%s\n", lines[i].words) > 0);
	assert_int_equal(fclose(list), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void become(uid_t uid)
{
	if (geteuid() == 0 && uid != 0 &&
	    (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
		_exit(98);
}

/* Descriptors that a careless caller leaves open. */
static void leave_descriptors(const struct world *world)
{
	char path[512];
	int fd;

	world_expand(world, "$O/victim", path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || dup2(fd, INHERITED_FILE) < 0)
		_exit(97);
	world_expand(world, "$O", path, sizeof(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, INHERITED_DIRECTORY) < 0)
		_exit(97);
}

static void make_scope(const struct world *world, struct sbk_scope *scope)
{
	static const struct {
		enum sbk_access_kind kind;
		const char *path;
	} paths[] = {
		{SBK_ACCESS_RO, "$B/bin"},
		{SBK_ACCESS_RW, "$W"},
		{SBK_ACCESS_PROTECT, "$W/.git"},
		{SBK_ACCESS_PROTECT, "$W/nested/repo/.git"},
		{SBK_ACCESS_PROTECT, "$W/hard"},
		{SBK_ACCESS_DENY, "$W/denied"},
		{SBK_ACCESS_DENY, "$W/denied.txt"},
	};
	char path[512];
	size_t i;

	world_expand(world, "$H", path, sizeof(path));
	test_scope_init(scope, path);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		world_expand(world, paths[i].path, path, sizeof(path));
		test_scope_add(scope, paths[i].kind, path);
	}
	world_expand(world, "$W", path, sizeof(path));
	scope->directory = sbk_arena_strdup(&scope->arena, path);
}

/* In the child: the list inside, or outside without a scope. */
static void run_list(const struct world *world, const struct sbk_scope *scope,
		     const struct sbk_run_options *options, char *list)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;
	char program[512];
	char *argv[] = {program, list, NULL};

	world_expand(world, "$B/bin/attack", program, sizeof(program));
	leave_descriptors(world);
	if (scope == NULL) {
		execv(program, argv);
		_exit(96);
	}
	if (sbk_run_launch(scope, options, argv, NULL, &end, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		_exit(95);
	}
	_exit(end.exit_code);
}

/* Runs the lines as `uid` and fails on each that comes out differently. */
static void run_lines(const struct world *world, uid_t uid,
		      const struct sbk_scope *scope,
		      const struct sbk_run_options *options,
		      const struct line *lines, size_t count, const char *what)
{
	char list[512], name[64], outcome[16];
	int pipes[2], number, result, status, wrong = 0;
	size_t seen = 0;
	FILE *results;
	pid_t pid;

	write_list(world, lines, count, list, sizeof(list));
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(pipes[1], STDOUT_FILENO) < 0)
			_exit(99);
		become(uid);
		run_list(world, scope, options, list);
	}
	(void)close(pipes[1]);
	results = fdopen(pipes[0], "re");
	assert_non_null(results);
	while (fscanf(results, "%d %63s %15s %d", &number, name, outcome,
		      &result) == 4) {
		bool done = strcmp(outcome, "done") == 0;

		seen++;
		if (done == lines[number].done)
			continue;
		wrong++;
		print_error("%s: '%s' was %s (%d)\n", what, lines[number].words,
			    outcome, result);
	}
	(void)fclose(results);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	assert_int_equal(seen, count);
	assert_int_equal(wrong, 0);
}

/* Files that attacks need and the world does not list. */
static void make_more(const struct world *world)
{
	char path[512];
	int i, fd;

	for (i = 1; i <= 4; i++) {
		char words[32];

		(void)snprintf(words, sizeof(words), "$W/plain/set-%d", i);
		world_expand(world, words, path, sizeof(path));
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		assert_int_equal(fchown(fd, world->uid, world->uid), 0);
		(void)close(fd);
	}
}

/* Attacks that one kind of run must stop, and their controls. */
struct batch {
	const char *name;
	const struct attack_case *cases;
	size_t count;
	struct sbk_run_options options;
	enum sbk_network network;
	bool best_effort;
};

/* Every attack is stopped; then every control gets through, in the same
 * world, under the same scope. */
static void run_batch(uid_t uid, const struct batch *batch)
{
	struct line *lines = calloc(CASES_MAX, sizeof(*lines));
	struct sbk_scope scope;
	struct world world;
	size_t i, count;
	char what[64];
	int control;

	assert_non_null(lines);
	world_make(&world, uid, attack_program);
	make_more(&world);
	make_scope(&world, &scope);
	scope.network = batch->network;
	scope.best_effort = batch->best_effort;
	if (getenv("SBK_TEST_ACCOUNT") != NULL && uid == PLAIN_UID)
		scope.account = SBK_ACCOUNT_WISH_REQUIRE;
	for (control = 0; control < 2; control++) {
		for (i = count = 0; i < batch->count; i++) {
			const struct attack_case *it = &batch->cases[i];

			if (!control)
				add_line(&world, lines, &count, it->attack,
					 false);
			else if (it->where == INSIDE && it->control != NULL)
				add_line(&world, lines, &count, it->control,
					 true);
		}
		(void)snprintf(what, sizeof(what), "%s: %s, uid %u",
			       batch->name, control ? "controls" : "attacks",
			       uid);
		run_lines(&world, uid, &scope, &batch->options, lines, count,
			  what);
		world_assert_unharmed(&world);
	}
	test_scope_release(&scope);
	world_remove(&world);
	free(lines);
}

static void run_battery(uid_t uid, int abi)
{
	char name[32];
	const struct batch batch = {
		.name = name,
		.cases = cases,
		.count = CASE_COUNT,
		.options = {.test_landlock_abi_plus_one = (uint64_t)abi + 1},
	};

	(void)snprintf(name, sizeof(name), "ABI %d", abi);
	run_batch(uid, &batch);
}

/*
 * Without namespaces a run refuses, and names what nothing carries. With best
 * effort Landlock and the filter still stop what they can.
 */
static const struct attack_case bare_cases[] = {
	{"write $O/victim", INSIDE, "write $W/victim"},
	{"write $O/new-file", INSIDE, "write $W/new"},
	{"truncate $O/victim", INSIDE, "truncate $W/file"},
	{"unlink $O/victim", INSIDE, "unlink $W/plain/other"},
	{"link-write $O/victim $W/link-1", INSIDE, "link-write $W/file $W/l"},
	{"rename $O/victim $W/taken", INSIDE,
	 "rename $W/plain/file $W/plain/deep/file"},
	{"read $O/secret", INSIDE, "read $W/.git/config"},
	{"read $H/.ssh/id", NOWHERE, NULL},
	{"read /proc/$P/environ", INSIDE, "read /proc/self/environ"},
	{"write-fd 50", NOWHERE, NULL},
	{"setid-chmod $W/plain/set-1", NOWHERE, NULL},
	{"setid-openat2 $W/set-8", NOWHERE, NULL},
	{"capabilities", NOWHERE, NULL},
	{"ptrace $P", INSIDE, "ptrace-child"},
	{"tcp $T", INSIDE, "socket 1 1 0"},
	{"udp $U", NOWHERE, NULL},
	{"tcp6 $S", NOWHERE, NULL},
	{"socket 16 3 0", NOWHERE, NULL},
	{"add-key attack", NOWHERE, NULL},
	{"tiocsti", NOWHERE, NULL},
};

static const struct batch bare_batch = {
	.name = "bare",
	.cases = bare_cases,
	.count = sizeof(bare_cases) / sizeof(bare_cases[0]),
	.options = {.test_no_namespaces = true},
	.best_effort = true,
};

static void test_attack__best_effort_without_namespaces(void **state)
{
	(void)state;
	if (sbk_landlock_abi() < SBK_LANDLOCK_ABI_SCOPES)
		sbk_test_skip("needs Landlock ABI 6");
	run_batch(geteuid() == 0 ? PLAIN_UID : geteuid(), &bare_batch);
	if (geteuid() == 0)
		run_batch(0, &bare_batch);
}

/* With the machine's network: what must still be out of reach. */
static const struct attack_case open_cases[] = {
	{"write $O/victim", INSIDE, "tcp $T"},
	{"abstract $A", INSIDE, "tcp6 $S"},
	{"unix $O/socket", INSIDE, "udp $U"},
	{"shm $I", NOWHERE, NULL},
	{"mqueue $Q", NOWHERE, NULL},
	{"kill $P", NOWHERE, NULL},
	{"read /proc/$P/environ", NOWHERE, NULL},
	{"socket 2 3 6", INSIDE, "socket 2 1 0"},
	{"socket 17 3 768", NOWHERE, NULL},
	{"socket 40 1 0", NOWHERE, NULL},
	{"socket 16 3 9", INSIDE, "socket 16 3 0"},
	{"open-write /proc/sys/net/ipv4/ip_forward", OUTSIDE_ROOT, NULL},
};

static const struct attack_case loopback_cases[] = {
	{"tcp $T", NOWHERE, NULL},
	{"tcp6 $S", NOWHERE, NULL},
	{"udp $U", NOWHERE, NULL},
	{"abstract $A", NOWHERE, NULL},
	{"socket 2 3 6", INSIDE, "socket 2 1 0"},
};

static const struct batch network_batches[] = {
	{.name = "network on",
	 .cases = open_cases,
	 .count = sizeof(open_cases) / sizeof(open_cases[0]),
	 .network = SBK_NETWORK_ON},
	{.name = "network loopback",
	 .cases = loopback_cases,
	 .count = sizeof(loopback_cases) / sizeof(loopback_cases[0]),
	 .network = SBK_NETWORK_LOOPBACK},
};

static void test_attack__other_network_modes(void **state)
{
	uid_t uids[] = {geteuid() == 0 ? PLAIN_UID : geteuid(), geteuid()};
	size_t i;

	(void)state;
	if (sbk_landlock_abi() < SBK_LANDLOCK_ABI_SCOPES)
		sbk_test_skip("needs Landlock ABI 6");
	for (i = 0; i < 2; i++) {
		run_batch(uids[i], &network_batches[0]);
		run_batch(uids[i], &network_batches[1]);
	}
}

static void test_attack__refuses_without_namespaces(void **state)
{
	struct sbk_run_options options = {.test_no_namespaces = true};
	struct sbk_error err = SBK_ERROR_INIT;
	char *argv[] = {(char *)"true", NULL};
	struct sbk_run_end end;
	struct sbk_scope scope;

	(void)state;
	test_scope_init(&scope, "/home/nobody");
	assert_error(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "'writes'"));
	assert_non_null(strstr(err.message, "'local sockets'"));
	assert_non_null(strstr(err.message, "'processes'"));
	options.test_no_namespaces = false;
	assert_ok(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		  &err);
	assert_int_equal(end.exit_code, 0);
	/* The host's network needs Landlock to keep its abstract sockets. */
	scope.network = SBK_NETWORK_ON;
	options.test_landlock_abi_plus_one = SBK_LANDLOCK_ABI_SCOPES;
	assert_error(sbk_run_launch(&scope, &options, argv, NULL, &end, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "'local sockets'"));
	test_scope_release(&scope);
}

/* The attacks themselves work where nothing stops them. */
static void run_controls_outside(uid_t uid, enum where where)
{
	struct line *lines = calloc(CASES_MAX, sizeof(*lines));
	struct world world;
	size_t i, count = 0;

	assert_non_null(lines);
	world_make(&world, uid, attack_program);
	make_more(&world);
	for (i = 0; i < CASE_COUNT; i++)
		if (cases[i].where == where)
			add_line(&world, lines, &count,
				 cases[i].control != NULL ? cases[i].control
							  : cases[i].attack,
				 true);
	run_lines(&world, where == OUTSIDE_ROOT ? 0 : uid, NULL, NULL, lines,
		  count, "outside");
	world_remove(&world);
	free(lines);
}

static void test_attack__refused_as_plain_user(void **state)
{
	int abi, last = sbk_landlock_abi();

	(void)state;
	for (abi = 0; abi <= last; abi++)
		run_battery(geteuid() == 0 ? PLAIN_UID : geteuid(), abi);
}

static void test_attack__refused_as_root(void **state)
{
	int abi, last = sbk_landlock_abi();

	(void)state;
	if (geteuid() != 0)
		sbk_test_skip("needs root");
	for (abi = 0; abi <= last; abi++)
		run_battery(0, abi);
}

static void test_attack__work_outside(void **state)
{
	(void)state;
	run_controls_outside(geteuid() == 0 ? PLAIN_UID : geteuid(), OUTSIDE);
}

static void test_attack__work_outside_for_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		sbk_test_skip("needs root");
	run_controls_outside(PLAIN_UID, OUTSIDE_ROOT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attack__refused_as_plain_user),
		cmocka_unit_test(test_attack__refused_as_root),
		cmocka_unit_test(test_attack__other_network_modes),
		cmocka_unit_test(test_attack__refuses_without_namespaces),
		cmocka_unit_test(test_attack__best_effort_without_namespaces),
		cmocka_unit_test(test_attack__work_outside),
		cmocka_unit_test(test_attack__work_outside_for_root),
	};

	attack_program = SBK_ATTACK_PROGRAM;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
