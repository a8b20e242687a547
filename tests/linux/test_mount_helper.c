/*
 * sandbook-mount, row by row of ACCOUNT.md, section 5: each attack that a row
 * answers is made, and beside it what must work.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/kernel.h"
#include "engine/linux/mapped.h"
#include "tests/linux/mount_world.h"

#include "engine/banned.h"

#define ANNS_GROUP GROUP_OF(551, 1600, "off")
#define NAMESPACE 4 /* its descriptor in the helper */

/* Started before the other tests, looked at after them. */
static struct helper silent;

static int make_world(void **state)
{
	int rc = mount_world_make(state);

	if (getenv("SBK_TEST_HOST") != NULL && rc == 0)
		silent = start(NULL);
	return rc;
}

/* The work itself. */

static void test_mount_helper__account_works_as_its_owner(void **state)
{
	struct helper helper;
	int tree, again;

	(void)state;
	require_host();
	tree = tree_of(ANNS, ANN);
	/* Without it: a 0700 directory of ann's is closed to the account. */
	assert_false(makes_file(ANN_OFFLINE, tree, "before"));
	helper = start(NULL);
	assert_true(send_message(helper.socket, "f", 1, NULL, 0));
	assert_int_equal(give(&helper, tree), 0);
	assert_true(makes_file(ANN_OFFLINE, tree, "made"));
	assert_true(is_owned(ANNS "/made", ANN, ANN));
	/* Nobody else, not even ann by that mount. */
	assert_false(makes_file(ANN_ONLINE, tree, "no"));
	assert_false(makes_file(BOB_OFFLINE, tree, "no"));
	assert_false(makes_file(ANN, tree, "no"));
	/* Mapped once, its owner is the account, and that is not ann. */
	assert_int_equal(give(&helper, tree), SBK_MOUNT_NOT_YOURS);
	again = tree_of(ANNS, ANN);
	assert_int_equal(give(&helper, again), 0);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	/* Detached mounts outlive it, and nothing of the host changed. */
	assert_true(makes_file(ANN_OFFLINE, again, "made again"));
	assert_false(makes_file(ANN_OFFLINE, AT_FDCWD, ANNS "/outside"));
	(void)close(tree);
	(void)close(again);
}

static void test_mount_helper__role_chooses_the_account(void **state)
{
	struct helper helper;
	int tree;

	(void)state;
	require_host();
	tree = tree_of(ANNS, ANN);
	helper = start(NULL);
	assert_true(send_message(helper.socket, "n", 1, NULL, 0));
	assert_int_equal(give(&helper, tree), 0);
	assert_true(makes_file(ANN_ONLINE, tree, "online"));
	assert_false(makes_file(ANN_OFFLINE, tree, "offline"));
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
}

static void test_mount_helper__single_files(void **state)
{
	struct helper helper;
	int file, link, pipe_ends[2];

	(void)state;
	require_host();
	assert_int_equal(shell("cd " ANNS " && echo x >token && "
			       "chown 1600:1600 token && chmod 600 token && "
			       "mkfifo fifo && chown 1600 fifo"),
			 0);
	file = tree_of(ANNS "/token", ANN);
	link = tree_of(ANNS "/fifo", ANN);
	helper = serving();
	assert_int_equal(give(&helper, file), 0);
	/* Ann's as well, but no file and no directory. */
	assert_int_equal(give(&helper, link), SBK_MOUNT_NOT_YOURS);
	assert_int_equal(pipe(pipe_ends), 0);
	assert_int_equal(fchown(pipe_ends[0], ANN, ANN), 0);
	assert_int_equal(give(&helper, pipe_ends[0]), SBK_MOUNT_NOT_YOURS);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(file);
	(void)close(link);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
}

/* Row 1: arguments, environment. */

static void test_mount_helper__refuses_arguments(void **state)
{
	static char *const some[] = {(char *)"x", (char *)"--help", NULL};
	static char *const none[] = {NULL};
	static char *const environment[] = {
		(char *)"LD_PRELOAD=/run/anns/x.so",
		(char *)"LD_LIBRARY_PATH=/run/anns",
		(char *)"GCONV_PATH=/run/anns",
		(char *)"GLIBC_TUNABLES=glibc.malloc.check=3",
		(char *)"MALLOC_CHECK_=3",
		(char *)"LANG=x",
		(char *)"TZ=/run/anns/x",
		NULL};
	const struct how with_arguments = {.argv = some};
	const struct how without = {.argv = none, .environment = environment};
	struct helper helper;

	(void)state;
	require_host();
	helper = start(&with_arguments);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_ARGUMENTS);
	helper = start(&without);
	serve(&helper, SBK_MOUNT_OFFLINE);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	/* No loader that would read the environment (ELF's PT_INTERP). */
	assert_int_equal(shell("! readelf -lW " HELPER " | grep -q INTERP || "
			       "! [ -e /usr/lib/*/rcrt1.o ]"),
			 0);
}

/* Row 2: descriptors. */

static bool close_all(void)
{
	return sbk_close_range(0, ~0U, 0) == 0;
}

static bool socket_of(int type)
{
	int ends[2];

	return socketpair(AF_UNIX, type, 0, ends) == 0 && dup2(ends[0], 0) == 0;
}

static bool stream(void)
{
	return socket_of(SOCK_STREAM);
}

static bool datagram(void)
{
	return socket_of(SOCK_DGRAM);
}

static bool is_pipe(void)
{
	int ends[2];

	return pipe(ends) == 0 && dup2(ends[0], 0) == 0;
}

static bool is_file(void)
{
	return close(0) == 0 && open("/etc/passwd", O_RDONLY) == 0;
}

static bool close_outputs(void)
{
	return close(1) == 0 && close(2) == 0;
}

static bool open_files(void)
{
	int fd = open(ANNS "/output", O_CREAT | O_WRONLY, 0600);

	return fd > 2 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2 &&
	       dup2(fd, 200) == 200;
}

static void test_mount_helper__needs_a_seqpacket_socket(void **state)
{
	static bool (*const wrong[])(void) = {close_all, stream, datagram,
					      is_pipe, is_file};
	struct helper helper;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct how how = {.prepare = wrong[i]};

		helper = start(&how);
		assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_SOCKET);
	}
	helper = serving();
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
}

static void test_mount_helper__keeps_no_descriptor(void **state)
{
	static bool (*const given[])(void) = {close_outputs, open_files};
	struct helper helper;
	size_t i;
	int fd;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		const struct how how = {.prepare = given[i]};

		helper = start(&how);
		serve(&helper, SBK_MOUNT_OFFLINE);
		assert_memory_equal(descriptor_of(helper.pid, 0), "socket:", 7);
		assert_string_equal(descriptor_of(helper.pid, 1), "/dev/null");
		assert_string_equal(descriptor_of(helper.pid, 2), "/dev/null");
		/* The tree that it served is closed again, too. */
		for (fd = 3; fd < 256; fd++)
			if (fd != NAMESPACE)
				assert_string_equal(
					descriptor_of(helper.pid, fd), "");
		assert_memory_equal(descriptor_of(helper.pid, NAMESPACE),
				    "user:[", 6);
		assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	}
}

/* Row 3: signals, timers, mask, directory. */

static bool hostile_signals(void)
{
	const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
	sigset_t all;
	int number;

	for (number = 1; number < NSIG; number++)
		if (signal(number, SIG_IGN) == SIG_ERR && errno != EINVAL)
			return false;
	(void)umask(0);
	return sigfillset(&all) == 0 &&
	       sigprocmask(SIG_SETMASK, &all, NULL) == 0 &&
	       setitimer(ITIMER_REAL, &soon, NULL) == 0 && chdir(ANNS) == 0;
}

static void test_mount_helper__resets_signals(void **state)
{
	const struct how how = {.prepare = hostile_signals};
	struct helper helper;
	char path[64];

	(void)state;
	require_host();
	helper = start(&how);
	serve(&helper, SBK_MOUNT_OFFLINE);
	assert_proc(helper.pid, "status", "SigBlk:", "0000000000000000");
	assert_proc(helper.pid, "status", "SigIgn:", "0000000000000000");
	assert_proc(helper.pid, "status", "Umask:", "0077");
	(void)snprintf(path, sizeof(path), "[ $(readlink /proc/%d/cwd) = / ]",
		       (int)helper.pid);
	assert_int_equal(shell(path), 0);
	/* The caller's timer would have ended it by now. */
	assert_int_equal(ended_within(&helper, 300), 1000);
	assert_int_equal(kill(helper.pid, SIGTERM), 0);
	assert_int_equal(finish(&helper), 128 + SIGTERM);
}

/* Row 4: limits. */

static bool limit(__rlimit_resource_t resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	return setrlimit(resource, &both) == 0;
}

static bool few_files(void)
{
	return limit(RLIMIT_NOFILE, 8);
}

static bool little_time(void)
{
	return limit(RLIMIT_CPU, 1);
}

static bool little_memory(void)
{
	return limit(RLIMIT_AS, 32 << 20);
}

static bool small_stack(void)
{
	return limit(RLIMIT_STACK, 192 << 10);
}

static void test_mount_helper__limits_are_its_own(void **state)
{
	static bool (*const low[])(void) = {few_files, little_time,
					    little_memory, small_stack};
	struct helper helper;
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		const struct how how = {.prepare = low[i]};

		helper = start(&how);
		assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_LIMITS);
	}
	helper = serving();
	assert_proc(helper.pid, "limits", "Max core file size",
		    "0                    0                    bytes");
	assert_proc(helper.pid, "limits", "Max file size",
		    "0                    0                    bytes");
	assert_proc(helper.pid, "limits", "Max open files",
		    "16                   16                   files");
	assert_proc(helper.pid, "limits", "Max cpu time",
		    "5                    5                    seconds");
	assert_proc(helper.pid, "limits", "Max address space",
		    "67108864             67108864             bytes");
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
}

/* Rows 5 and 11a: who may look into it. */

static int opens(const char *name, pid_t pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 || errno == ENOENT;
}

/* How many of the ways in are open to the caller; 0 is all shut. */
static int look_into(const void *arg)
{
	static const char *const files[] = {
		"mem", "fd", "maps", "environ", "ns/user", "auxv",
	};
	const pid_t pid = *(const pid_t *)arg;
	int found = 0, handle = (int)syscall(SYS_pidfd_open, pid, 0);
	struct iovec here = {&found, 1}, there = {(void *)0x1000, 1};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		found += opens(files[i], pid);
	found += handle < 0 || syscall(SYS_pidfd_getfd, handle, 0, 0) >= 0 ||
		 errno != EPERM;
	found += syscall(SYS_process_vm_readv, pid, &here, 1, &there, 1, 0) >=
			 0 ||
		 errno != EPERM;
	found += ptrace(PTRACE_SEIZE, pid, NULL, NULL) >= 0 || errno != EPERM;
	return found;
}

static void test_mount_helper__is_closed_to_its_caller(void **state)
{
	struct helper helper, waiting;
	const struct how own = {.path = "/bin/cat"};

	(void)state;
	require_host();
	/* As root, before the first message; as ann, after it. */
	waiting = start(NULL);
	while (strncmp(descriptor_of(waiting.pid, 2), "/dev/null", 9) != 0 ||
	       descriptor_of(waiting.pid, 3)[0] != '\0')
		assert_int_equal(ended_within(&waiting, 2), 1000);
	assert_int_equal(as_user(ANN, look_into, &waiting.pid), 0);
	helper = serving();
	assert_int_equal(as_user(ANN, look_into, &helper.pid), 0);
	assert_int_equal(as_user(BOB, look_into, &helper.pid), 0);
	assert_proc(helper.pid, "status", "NoNewPrivs:", "1");
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	assert_int_equal(finish(&waiting), SBK_MOUNT_EXIT_ROLE);
	/* A program of ann's own is open to her, by each of these ways. */
	helper = start(&own);
	assert_int_equal(ended_within(&helper, 100), 1000);
	assert_int_equal(as_user(ANN, look_into, &helper.pid), 9);
	assert_int_equal(kill(helper.pid, SIGKILL), 0);
	(void)finish(&helper);
}

/* Row 5: it dies with who started it, though a socket stays open. */
static void test_mount_helper__ends_with_its_parent(void **state)
{
	struct helper parent = {.socket = -1}, helper = {.socket = -1};
	int ends[2], told[2], tree, signal_sent;

	(void)state;
	require_host();
	/* Orphans become ours. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	tree = tree_of(ANNS, ANN);
	for (signal_sent = 0; signal_sent <= SIGSTOP; signal_sent += SIGSTOP) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends),
				 0);
		assert_int_equal(pipe(told), 0);
		parent.pid = fork();
		assert_true(parent.pid >= 0);
		if (parent.pid == 0) {
			pid_t pid = -1;

			if (!become(ANN, ANN) ||
			    sbk_mapped_start_at(HELPER, ends[1], &pid, NULL) <
				    0 ||
			    write(told[1], &pid, sizeof(pid)) != sizeof(pid))
				_exit(1);
			(void)pause();
			_exit(0);
		}
		assert_int_equal(read(told[0], &helper.pid, sizeof(pid_t)),
				 sizeof(pid_t));
		helper.socket = ends[0];
		assert_true(send_message(ends[0], "f", 1, NULL, 0));
		assert_true(give(&helper, tree) != 1000);
		if (signal_sent != 0)
			assert_int_equal(kill(helper.pid, signal_sent), 0);
		else
			assert_int_equal(ended_within(&parent, 50), 1000);
		assert_int_equal(kill(parent.pid, SIGKILL), 0);
		assert_int_equal(ended_within(&parent, 5000), 128 + SIGKILL);
		assert_int_equal(ended_within(&helper, 5000), 128 + SIGKILL);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)close(told[0]);
		(void)close(told[1]);
	}
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
	(void)close(tree);
}

/* Row 6: without the bit, and in namespaces of the caller's own. */

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool written = fd >= 0 &&
		       write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return written;
}

static bool own_namespace(void)
{
	/* The files of /proc/self are root's after a change of ids. */
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 &&
	       unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
}

static bool root_of_own_namespace(void)
{
	return own_namespace() && write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", "0 1600 1") &&
	       write_text("/proc/self/gid_map", "0 1600 1");
}

/* And what ann would like /etc/passwd to be. */
static bool other_etc(void)
{
	const struct mount_attr private = {.propagation = 1 << 18};
	int tree;

	if (!root_of_own_namespace() ||
	    sbk_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private) < 0)
		return false;
	tree = sbk_open_tree(AT_FDCWD, ANNS "/passwd", OPEN_TREE_CLONE);
	return tree >= 0 &&
	       sbk_move_mount(tree, AT_FDCWD, "/etc/passwd", 0) == 0 &&
	       close(tree) == 0;
}

static bool no_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void test_mount_helper__must_be_root_of_the_host(void **state)
{
	static const struct how how[] = {
		{.path = BIN "/plain"},
		{.prepare = own_namespace},
		{.prepare = root_of_own_namespace},
		{.prepare = other_etc},
		{.prepare = no_new_privileges},
		/* Root there, by a set-id file of ann's. */
		{.path = ANNS "/copy", .prepare = root_of_own_namespace},
		{.path = ANNS "/copy"},
	};
	struct helper helper;
	size_t i;

	(void)state;
	require_host();
	assert_int_equal(shell("cp " BIN "/plain " ANNS "/copy && "
			       "chown 1600 " ANNS "/copy && "
			       "chmod 4755 " ANNS "/copy && "
			       "cp /etc/passwd " ANNS "/passwd && "
			       "chown 1600 " ANNS "/passwd"),
			 0);
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		helper = start(&how[i]);
		assert_int_equal(ended_within(&helper, 5000),
				 SBK_MOUNT_EXIT_NOT_ROOT);
		(void)close(helper.socket);
	}
	/* /etc itself ann cannot change. */
	assert_int_equal(shell("setpriv --reuid 1600 --clear-groups "
			       "sh -c 'echo x >>/etc/passwd' 2>/dev/null"),
			 2);
	helper = serving();
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
}

/* Row 6: a /proc whose numbers are another namespace's. */
static void test_mount_helper__numbers_must_be_those_of_proc(void **state)
{
	static char *const argv[] = {(char *)"unshare",
				     (char *)"--pid",
				     (char *)"--fork",
				     (char *)"setpriv",
				     (char *)"--reuid",
				     (char *)"1600",
				     (char *)"--regid",
				     (char *)"1600",
				     (char *)"--clear-groups",
				     (char *)HELPER,
				     NULL};
	const struct how how = {
		.path = "/usr/bin/unshare", .argv = argv, .as_root = true};
	struct helper helper;

	(void)state;
	require_host();
	helper = start(&how);
	(void)send_message(helper.socket, "f", 1, NULL, 0);
	assert_int_equal(ended_within(&helper, 5000), SBK_MOUNT_EXIT_NOT_ROOT);
	(void)close(helper.socket);
}

/* Rows 6a and 10: where people see no processes but their own. */
static void test_mount_helper__serves_where_proc_hides(void **state)
{
	struct helper helper;

	(void)state;
	require_host();
	assert_int_equal(shell("mount -o remount,hidepid=2 /proc"), 0);
	helper = serving();
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	assert_int_equal(shell("mount -o remount,hidepid=0 /proc"), 0);
}

/* Row 7: the group is the one that the caller really has. */
static void test_mount_helper__group_is_the_real_one(void **state)
{
	const struct how how = {.gid = TEAM};
	struct helper helper;
	int tree;

	(void)state;
	require_host();
	assert_int_equal(shell("mkdir -m 0700 /run/team && "
			       "chown 1600:1700 /run/team"),
			 0);
	tree = tree_of("/run/team", ANN);
	helper = start(&how);
	assert_true(send_message(helper.socket, "f", 1, NULL, 0));
	assert_int_equal(give(&helper, tree), 0);
	assert_true(makes_file(ANN_OFFLINE, tree, "made"));
	assert_true(is_owned("/run/team/made", ANN, TEAM));
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
	/* What is of a group that is not mapped, nobody writes: ann's or not.
	 */
	tree = tree_of("/run/team", ANN);
	helper = serving();
	assert_int_equal(give(&helper, tree), 0);
	assert_false(makes_file(ANN_OFFLINE, tree, "other"));
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
}

/* Row 8: whose account. */

static int status_with(const char *passwd, const char *group, char role)
{
	struct helper helper;
	int status, tree = tree_of(ANNS, ANN);

	write_accounts(passwd, group);
	helper = start(NULL);
	(void)send_message(helper.socket, &role, 1, NULL, 0);
	(void)give(&helper, tree);
	status = finish(&helper);
	write_accounts(ALL_ACCOUNTS, ALL_GROUPS);
	(void)close(tree);
	return status;
}

static void test_mount_helper__account_is_the_callers_own(void **state)
{
	static const struct {
		const char *passwd, *group;
		char role;
		int status;
	} cases[] = {
		{ALL_ACCOUNTS, ALL_GROUPS, 'f', SBK_MOUNT_EXIT_DONE},
		{OURS(551, 1600, "off"), ANNS_GROUP, 'f', SBK_MOUNT_EXIT_DONE},
		{OURS(551, 1600, "off"), ANNS_GROUP, 'n',
		 SBK_MOUNT_EXIT_ACCOUNT},
		{OURS(551, 1601, "off"), GROUP_OF(551, 1601, "off"), 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		{"", "", 'f', SBK_MOUNT_EXIT_ACCOUNT},
		/* Twice. */
		{OURS(551, 1600, "off") OURS(553, 1600, "off"),
		 ANNS_GROUP GROUP_OF(553, 1600, "off"), 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		/* Root's number, the system's, ann's own. */
		{OURS(99, 1600, "off"), GROUP_OF(99, 1600, "off"), 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		{OURS(4294967295, 1600, "off"),
		 GROUP_OF(4294967295, 1600, "off"), 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		/* A number that somebody else has, too. */
		{OURS(551, 1600, "off") "eve:x:551:100::/:/bin/sh\n",
		 ANNS_GROUP, 'f', SBK_MOUNT_EXIT_ACCOUNT},
		{OURS(551, 1600, "off"), ANNS_GROUP "docker:x:551:\n", 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		/* No group of its own, another's, one with a member. */
		{OURS(551, 1600, "off"), "", 'f', SBK_MOUNT_EXIT_ACCOUNT},
		{OURS(551, 1600, "off"), "docker:x:551:\n", 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		{OURS(551, 1600, "off"), "sandbook-1600-off:x:551:bob\n", 'f',
		 SBK_MOUNT_EXIT_ACCOUNT},
		/* Another group's account; our group's name is what counts. */
		{"sandbook-1600-off:x:551:27:Sandbook offline account of uid "
		 "1600 nonce 0123456789abcdef0123456789abcdef:/nonexistent:"
		 "/sbin/nologin\n",
		 ANNS_GROUP, 'f', SBK_MOUNT_EXIT_ACCOUNT},
		/* Ours in name alone. */
		{"sandbook-1600-off:x:551:550:a person:/home/x:/bin/sh\n",
		 ANNS_GROUP, 'f', SBK_MOUNT_EXIT_ACCOUNT},
	};
	size_t i;

	(void)state;
	require_host();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = status_with(cases[i].passwd, cases[i].group,
					 cases[i].role);

		if (status != cases[i].status)
			print_error("case %zu\n", i);
		assert_int_equal(status, cases[i].status);
	}
}

/* Rows 6a to 11b: what it is while it reads the caller's messages. */

static void test_mount_helper__has_one_power_and_no_root(void **state)
{
	struct helper helper;
	char *groups;

	(void)state;
	require_host();
	helper = serving();
	assert_proc(helper.pid, "status", "Uid:", "1600\t1600\t1600\t1600");
	assert_proc(helper.pid, "status", "Gid:", "1600\t1600\t1600\t1600");
	assert_proc(helper.pid, "status", "CapInh:", "0000000000000000");
	assert_proc(helper.pid, "status", "CapPrm:", "0000000000200000");
	assert_proc(helper.pid, "status", "CapEff:", "0000000000200000");
	assert_proc(helper.pid, "status", "CapBnd:", "0000000000000000");
	assert_proc(helper.pid, "status", "CapAmb:", "0000000000000000");
	assert_proc(helper.pid, "status", "Seccomp:", "2");
	groups = proc_value(helper.pid, "status", "Groups:");
	assert_int_equal(strspn(groups, " \t"), strlen(groups));
	free(groups);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	/* Before the first message: root, and four capabilities. */
	helper = start(NULL);
	while (descriptor_of(helper.pid, 2)[0] == '\0' ||
	       strcmp(descriptor_of(helper.pid, 3), "") != 0)
		assert_int_equal(ended_within(&helper, 2), 1000);
	assert_int_equal(ended_within(&helper, 100), 1000);
	assert_proc(helper.pid, "status", "CapPrm:", "00000000002800c0");
	assert_proc(helper.pid, "status", "CapBnd:", "0000000000000000");
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_ROLE);
}

static void test_mount_helper__namespace_is_charged_to_its_caller(void **state)
{
	struct helper helper;
	char path[64];
	uid_t owner = 0;
	int fd;

	(void)state;
	require_host();
	helper = serving();
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)helper.pid,
		       NAMESPACE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, NS_GET_OWNER_UID, &owner), 0);
	assert_int_equal(owner, ANN);
	(void)close(fd);
	/* What made it is gone. */
	(void)snprintf(path, sizeof(path),
		       "! grep -q . /proc/%d/task/%d/children", (int)helper.pid,
		       (int)helper.pid);
	assert_int_equal(shell(path), 0);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
}

/*
 * The order of its life where only the order counts: each timer is stopped,
 * each change of ids is followed by what it takes back (no dump, the parent's
 * death), whatever the machine's fs.suid_dumpable says.
 */
static void test_mount_helper__order_of_its_life(void **state)
{
	static const char expected[] =
		"setitimer(ITIMER_VIRTUAL 0\n"
		"setitimer(ITIMER_PROF 0\n"
		"setitimer(ITIMER_REAL 10\n"
		"prctl(PR_SET_DUMPABLE SUID_DUMP_DISABLE\n"
		"prctl(PR_SET_PDEATHSIG SIGKILL\n"
		"prctl(PR_SET_NO_NEW_PRIVS 1\n"
		"prctl(PR_CAP_AMBIENT PR_CAP_AMBIENT_CLEAR_ALL\n"
		"capset({}\n"
		"setresuid(-1 1600\n"
		"capset({}\n"
		"prctl(PR_SET_DUMPABLE SUID_DUMP_DISABLE\n"
		"prctl(PR_SET_PDEATHSIG SIGKILL\n"
		"clone({}\n"
		"setresuid(-1 0\n"
		"prctl(PR_SET_DUMPABLE SUID_DUMP_DISABLE\n"
		"prctl(PR_SET_PDEATHSIG SIGKILL\n"
		"setitimer(ITIMER_REAL 120\n"
		"prctl(PR_SET_KEEPCAPS 1\n"
		"setgroups(0 NULL\n"
		"setresgid(1600 1600\n"
		"setresuid(1600 1600\n"
		"prctl(PR_SET_KEEPCAPS 0\n"
		"prctl(PR_SET_DUMPABLE SUID_DUMP_DISABLE\n"
		"prctl(PR_SET_PDEATHSIG SIGKILL\n"
		"capset({}\n"
		"seccomp(SECCOMP_SET_MODE_FILTER 0\n";
	static char *const argv[] = {
		(char *)"strace",
		(char *)"-qq",
		(char *)"-u",
		(char *)"ann",
		(char *)"-o",
		(char *)"/run/trace",
		(char *)"-e",
		(char *)"trace=setitimer,prctl,setresuid,setresgid,setgroups,"
			"capset,clone,seccomp",
		(char *)HELPER,
		NULL};
	const struct how how = {
		.path = "/usr/bin/strace", .argv = argv, .as_root = true};
	struct helper helper;
	char *seen;

	(void)state;
	require_host();
	if (shell("strace -qq -u ann -o /run/trace true") != 0) {
		sbk_test_skip("no strace, or nobody may trace here");
		return;
	}
	helper = start(&how);
	serve(&helper, SBK_MOUNT_OFFLINE);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	seen = shell_output(
		"grep -v -e CAPBSET -e PR_SET_VMA -e ^--- /run/trace | sed -E "
		"'s/^(setitimer[^,]*), .*it_value=\\{tv_sec=([0-9]+).*/\\1 "
		"\\2/; "
		"s/^(clone|capset)\\(.*/\\1({}/; "
		"s/^([a-z]+)\\(([^,]*), ([^,)]*).*/\\1(\\2 \\3/'");
	assert_string_equal(seen, expected);
	free(seen);
}

/* Row 12: messages. */

static void test_mount_helper__first_message_is_a_role(void **state)
{
	struct helper helper;
	int fds[2], i;

	(void)state;
	require_host();
	fds[0] = fds[1] = open("/", O_PATH | O_CLOEXEC);
	for (i = 0; i < 5; i++) {
		helper = start(NULL);
		assert_true(
			i == 0	 ? send_message(helper.socket, "x", 1, NULL, 0)
			: i == 1 ? send_message(helper.socket, "ff", 2, NULL, 0)
			: i == 2 ? send_message(helper.socket, "f", 1, fds, 1)
			: i == 3 ? send_message(helper.socket, "f", 1, fds, 2)
				 : send_message(helper.socket, "", 0, NULL, 0));
		assert_int_equal(ended_within(&helper, 5000),
				 SBK_MOUNT_EXIT_ROLE);
		(void)close(helper.socket);
	}
	helper = start(NULL);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_ROLE);
	(void)close(fds[0]);
}

static void test_mount_helper__messages_have_one_form(void **state)
{
	static const struct {
		const char *bytes;
		size_t size, fds;
	} wrong[] = {
		{"m", 1, 0}, {"m", 1, 2}, {"m", 1, 3},	{"m", 1, 20},
		{"x", 1, 1}, {"f", 1, 0}, {"mm", 2, 1},
	};
	int fds[64], tree, handle, shared, on = 1;
	struct helper helper;
	size_t i;

	(void)state;
	require_host();
	tree = tree_of(ANNS, ANN);
	for (i = 0; i < 64; i++)
		fds[i] = tree;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		helper = serving();
		assert_true(send_message(helper.socket, wrong[i].bytes,
					 wrong[i].size, fds, wrong[i].fds));
		assert_int_equal(ended_within(&helper, 5000),
				 SBK_MOUNT_EXIT_MESSAGE);
		(void)close(helper.socket);
	}
	/* What was sent like that was not mapped. */
	assert_false(makes_file(ANN_OFFLINE, tree, "no"));
	assert_int_equal(close(tree), 0);
	/* Credentials, which the kernel adds where the caller asks for it on
	 * the socket that it shares with the helper. */
	tree = tree_of(ANNS, ANN);
	helper = serving();
	handle = (int)syscall(SYS_pidfd_open, helper.pid, 0);
	shared = (int)syscall(SYS_pidfd_getfd, handle, 0, 0);
	assert_true(shared >= 0);
	assert_int_equal(
		setsockopt(shared, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)),
		0);
	(void)close(shared);
	(void)close(handle);
	assert_int_equal(give(&helper, tree), 1000);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_MESSAGE);
	assert_false(makes_file(ANN_OFFLINE, tree, "no"));
	(void)close(tree);
}

static void test_mount_helper__serves_a_number_of_trees(void **state)
{
	struct helper helper;
	int i, tree;

	(void)state;
	require_host();
	tree = tree_of(ROOTS, ANN);
	helper = serving();
	for (i = 1; i < 1024; i++)
		if (give(&helper, tree) != SBK_MOUNT_NOT_YOURS)
			fail();
	assert_int_equal(give(&helper, tree), 1000);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
}

/* Row 7: root is nobody's person. */
static void test_mount_helper__serves_no_root(void **state)
{
	const struct how how = {.as_root = true};
	struct helper helper;

	(void)state;
	require_host();
	write_accounts(ALL_ACCOUNTS OURS(560, 0, "off"),
		       ALL_GROUPS GROUP_OF(560, 0, "off"));
	helper = start(&how);
	assert_true(send_message(helper.socket, "f", 1, NULL, 0));
	assert_int_equal(ended_within(&helper, 5000), SBK_MOUNT_EXIT_ACCOUNT);
	(void)close(helper.socket);
	write_accounts(ALL_ACCOUNTS, ALL_GROUPS);
}

/* Row 13: whose directory. */
static void test_mount_helper__maps_what_the_caller_owns(void **state)
{
	static const char *const others[] = {ROOTS, "/", "/etc", "/dev",
					     "/proc"};
	struct helper helper;
	size_t i;
	int tree;

	(void)state;
	require_host();
	assert_int_equal(shell("chmod 755 " BOBS), 0);
	helper = serving();
	tree = tree_of(BOBS, ANN);
	assert_int_equal(give(&helper, tree), SBK_MOUNT_NOT_YOURS);
	assert_false(makes_file(ANN_OFFLINE, tree, "no"));
	(void)close(tree);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		tree = open(others[i], O_PATH | O_CLOEXEC);
		assert_int_equal(give(&helper, tree), SBK_MOUNT_NOT_YOURS);
		(void)close(tree);
	}
	tree = tree_of(ROOTS, ANN);
	assert_int_equal(give(&helper, tree), SBK_MOUNT_NOT_YOURS);
	(void)close(tree);
	/* After all that it still serves ann. */
	tree = tree_of(ANNS, ANN);
	assert_int_equal(give(&helper, tree), 0);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
	assert_int_equal(shell("chmod 700 " BOBS), 0);
}

/* Row 14: what is mapped, and how. */

static unsigned long flags_of(int fd)
{
	struct statvfs fs;

	assert_int_equal(fstatvfs(fd, &fs), 0);
	return fs.f_flag;
}

static void test_mount_helper__maps_detached_mounts_alone(void **state)
{
	struct helper helper;
	int fd;

	(void)state;
	require_host();
	helper = serving();
	/* The host's own mount, by a directory of ann's and by its root. */
	fd = open(ANNS, O_PATH | O_CLOEXEC);
	assert_int_equal(give(&helper, fd), EINVAL);
	assert_int_equal(flags_of(fd) & (ST_NOSUID | ST_NODEV), 0);
	(void)close(fd);
	assert_int_equal(shell("mkdir -p /run/top && mount -t tmpfs -o "
			       "uid=1600,gid=1600,mode=0700 top /run/top"),
			 0);
	fd = open("/run/top", O_PATH | O_CLOEXEC);
	assert_int_equal(give(&helper, fd), EINVAL);
	assert_int_equal(flags_of(fd) & (ST_NOSUID | ST_NODEV), 0);
	assert_false(makes_file(ANN_OFFLINE, fd, "no"));
	(void)close(fd);
	/* An overlay, where ids cannot be mapped. */
	assert_int_equal(shell("mkdir -p /home/anns && "
			       "chown 1600:1600 /home/anns"),
			 0);
	fd = tree_of("/home/anns", ANN);
	assert_int_equal(give(&helper, fd), EINVAL);
	(void)close(fd);
	/* The same filesystem's detached clone is taken, and hardened. */
	fd = tree_of("/run/top", ANN);
	assert_int_equal(flags_of(fd) & (ST_NOSUID | ST_NODEV), 0);
	assert_int_equal(give(&helper, fd), 0);
	assert_int_equal(flags_of(fd) & (ST_NOSUID | ST_NODEV),
			 ST_NOSUID | ST_NODEV);
	assert_true(makes_file(ANN_OFFLINE, fd, "yes"));
	(void)close(fd);
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	assert_int_equal(shell("umount /run/top"), 0);
}

/* Mounts below the top keep the host's ids. */
static void test_mount_helper__maps_the_top_alone(void **state)
{
	struct helper helper;
	int tree;

	(void)state;
	require_host();
	assert_int_equal(shell("install -d -o 1600 -g 1600 -m 0700 /run/two "
			       "/run/two/below && mount -t tmpfs -o "
			       "uid=1600,gid=1600,mode=0700 b /run/two/below"),
			 0);
	/* Recursive, in the host's namespace: as root, for the test. */
	tree = sbk_open_tree(AT_FDCWD, "/run/two",
			     OPEN_TREE_CLONE | AT_RECURSIVE | O_CLOEXEC);
	assert_true(tree >= 0);
	helper = serving();
	assert_int_equal(give(&helper, tree), 0);
	assert_true(makes_file(ANN_OFFLINE, tree, "top"));
	assert_false(makes_file(ANN_OFFLINE, tree, "below/no"));
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
	assert_int_equal(shell("umount /run/two/below"), 0);
}

struct clearing {
	const char *path;
	struct helper helper;
	uint64_t flag;
};

/* As ann in her own namespace: 0 where the flag can be taken off after the
 * mapping, 1 where it cannot, else what went wrong. */
static int clear_flag(const void *arg)
{
	const struct clearing *clearing = arg;
	const struct mount_attr private = {.propagation = 1 << 18};
	const struct mount_attr clear = {.attr_clr = clearing->flag};
	struct helper helper = clearing->helper;
	int tree;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    sbk_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private) < 0)
		return 90;
	tree = sbk_open_tree(AT_FDCWD, clearing->path,
			     OPEN_TREE_CLONE | O_CLOEXEC);
	if (tree < 0 || give(&helper, tree) != 0)
		return 91;
	if (sbk_mount_setattr(tree, "", AT_EMPTY_PATH, &clear) < 0)
		return errno == EPERM ? 1 : 92;
	return 0;
}

static void test_mount_helper__flags_of_the_host_stay(void **state)
{
	struct clearing clearing = {.helper = {.pid = -1}};

	(void)state;
	require_host();
	assert_int_equal(shell("for f in nodev ro nosuid noexec free; do "
			       "mkdir -p /run/flag/$f && mount -t tmpfs -o "
			       "uid=1600,gid=1600,mode=0700 f /run/flag/$f && "
			       "mknod -m 0666 /run/flag/$f/zero c 1 5 && "
			       "{ [ $f = free ] || mount -o remount,bind,$f "
			       "/run/flag/$f; } || exit 1; done"),
			 0);
	clearing.helper = serving();
	clearing.path = "/run/flag/nodev";
	clearing.flag = MOUNT_ATTR_NODEV;
	assert_int_equal(as_user(ANN, clear_flag, &clearing), 1);
	clearing.path = "/run/flag/nosuid";
	clearing.flag = MOUNT_ATTR_NOSUID;
	assert_int_equal(as_user(ANN, clear_flag, &clearing), 1);
	clearing.path = "/run/flag/noexec";
	clearing.flag = MOUNT_ATTR_NOEXEC;
	assert_int_equal(as_user(ANN, clear_flag, &clearing), 1);
	clearing.path = "/run/flag/ro";
	clearing.flag = MOUNT_ATTR_RDONLY;
	assert_int_equal(as_user(ANN, clear_flag, &clearing), 1);
	/* The attempt is a real one: a flag that the host did not set. */
	clearing.path = "/run/flag/free";
	clearing.flag = MOUNT_ATTR_NODEV;
	assert_int_equal(as_user(ANN, clear_flag, &clearing), 0);
	assert_int_equal(finish(&clearing.helper), SBK_MOUNT_EXIT_DONE);
	assert_int_equal(shell("umount /run/flag/*"), 0);
}

static void test_mount_helper__filesystem_on_a_device(void **state)
{
	struct helper helper;
	int tree;

	(void)state;
	require_host();
	if (shell("truncate -s 8M /run/image && mkfs.ext4 -q /run/image && "
		  "mkdir -p /run/disk && mount -o loop /run/image /run/disk && "
		  "chown 1600:1600 /run/disk && chmod 700 /run/disk") != 0) {
		sbk_test_skip("no loop device or no mkfs.ext4");
		return;
	}
	tree = tree_of("/run/disk", ANN);
	helper = serving();
	assert_false(makes_file(ANN_OFFLINE, tree, "before"));
	assert_int_equal(give(&helper, tree), 0);
	assert_true(makes_file(ANN_OFFLINE, tree, "made"));
	assert_true(is_owned("/run/disk/made", ANN, ANN));
	assert_int_equal(finish(&helper), SBK_MOUNT_EXIT_DONE);
	(void)close(tree);
	assert_int_equal(shell("umount /run/disk"), 0);
}

/* Its end: by its caller, by its time; and what is left. */

static int kill_it(const void *arg)
{
	return kill(*(const pid_t *)arg, SIGKILL) < 0;
}

static void test_mount_helper__caller_may_end_it(void **state)
{
	struct helper helper, waiting;

	(void)state;
	require_host();
	helper = serving();
	waiting = start(NULL);
	assert_int_equal(as_user(BOB, kill_it, &helper.pid), 1);
	assert_int_equal(as_user(ANN, kill_it, &helper.pid), 0);
	assert_int_equal(finish(&helper), 128 + SIGKILL);
	assert_int_equal(as_user(ANN, kill_it, &waiting.pid), 0);
	assert_int_equal(finish(&waiting), 128 + SIGKILL);
}

static void test_mount_helper__leaves_nothing_at_any_moment(void **state)
{
	const struct timespec step = {.tv_nsec = 40000};
	char *before = shell_output("cat /proc/self/mountinfo"), *after;
	int i, j;

	(void)state;
	require_host();
	for (i = 0; i < 60; i++) {
		struct helper helper = start(NULL);

		(void)send_message(helper.socket, "f", 1, NULL, 0);
		for (j = 0; j < i; j++)
			(void)nanosleep(&step, NULL);
		assert_int_equal(kill(helper.pid, SIGKILL), 0);
		assert_int_equal(finish(&helper), 128 + SIGKILL);
	}
	after = shell_output("cat /proc/self/mountinfo");
	assert_string_equal(after, before);
	/* The one of the next test lives; orphans are buried by process 1. */
	for (i = 0; i < 500; i++)
		if (shell("[ $(pgrep -c -x sandbook-mount) -le 1 ]") == 0)
			break;
	assert_true(i < 500);
	free(before);
	free(after);
}

static void test_mount_helper__ends_by_the_clock(void **state)
{
	(void)state;
	require_host();
	assert_int_equal(ended_within(&silent, 12000), 128 + SIGALRM);
	assert_int_equal(shell("! pgrep -x sandbook-mount"), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_helper__account_works_as_its_owner),
		cmocka_unit_test(test_mount_helper__role_chooses_the_account),
		cmocka_unit_test(test_mount_helper__single_files),
		cmocka_unit_test(test_mount_helper__refuses_arguments),
		cmocka_unit_test(test_mount_helper__needs_a_seqpacket_socket),
		cmocka_unit_test(test_mount_helper__keeps_no_descriptor),
		cmocka_unit_test(test_mount_helper__resets_signals),
		cmocka_unit_test(test_mount_helper__limits_are_its_own),
		cmocka_unit_test(test_mount_helper__is_closed_to_its_caller),
		cmocka_unit_test(test_mount_helper__ends_with_its_parent),
		cmocka_unit_test(test_mount_helper__must_be_root_of_the_host),
		cmocka_unit_test(
			test_mount_helper__numbers_must_be_those_of_proc),
		cmocka_unit_test(test_mount_helper__serves_where_proc_hides),
		cmocka_unit_test(test_mount_helper__group_is_the_real_one),
		cmocka_unit_test(test_mount_helper__account_is_the_callers_own),
		cmocka_unit_test(test_mount_helper__has_one_power_and_no_root),
		cmocka_unit_test(
			test_mount_helper__namespace_is_charged_to_its_caller),
		cmocka_unit_test(test_mount_helper__order_of_its_life),
		cmocka_unit_test(test_mount_helper__first_message_is_a_role),
		cmocka_unit_test(test_mount_helper__messages_have_one_form),
		cmocka_unit_test(test_mount_helper__serves_a_number_of_trees),
		cmocka_unit_test(test_mount_helper__serves_no_root),
		cmocka_unit_test(test_mount_helper__maps_what_the_caller_owns),
		cmocka_unit_test(test_mount_helper__maps_detached_mounts_alone),
		cmocka_unit_test(test_mount_helper__maps_the_top_alone),
		cmocka_unit_test(test_mount_helper__flags_of_the_host_stay),
		cmocka_unit_test(test_mount_helper__filesystem_on_a_device),
		cmocka_unit_test(test_mount_helper__caller_may_end_it),
		cmocka_unit_test(
			test_mount_helper__leaves_nothing_at_any_moment),
		cmocka_unit_test(test_mount_helper__ends_by_the_clock),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, make_world, NULL);
}
