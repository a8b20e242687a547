/*
 * What one person tries on another's processes, objects and helpers. One try
 * for each call: exit 0 where it had its aim, 1 where the system refused (with
 * the reason on stderr), 2 where it could not be tried.
 *
 *	enemy signal|ptrace|memory|limit|nice|handle PID
 *	enemy descriptor PID FD	   a copy of that process's descriptor
 *	enemy enter PID NAMESPACE  "user", "mnt", "net", ...
 *	enemy key-add NAME	   prints the serial number, then waits
 *	enemy key-read SERIAL
 *	enemy abstract NAME	   listens at that abstract name, and waits
 *	enemy map ROLE DIRECTORY...  sandbook-mount's answer for each
 *	enemy names DIRECTORY...   prints each name that appears there
 *	enemy take THING LIMIT	   as many of THING as are given; prints their
 *				   number
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/kernel.h"
#include "engine/linux/mount_helper.h"

#include "engine/banned.h"

#define NOT_TRIED 2

static int answer(long rc)
{
	if (rc >= 0)
		return 0;
	fprintf(stderr, "refused: %s\n", strerror(errno));
	return 1;
}

static pid_t pid_of(char **words)
{
	return (pid_t)strtol(words[0], NULL, 10);
}

/* --- processes ------------------------------------------------------------ */

static int do_signal(int count, char **words)
{
	(void)count;
	return answer(kill(pid_of(words), 0));
}

static int do_ptrace(int count, char **words)
{
	(void)count;
	return answer(ptrace(PTRACE_SEIZE, pid_of(words), NULL, NULL));
}

/* A bad address is asked for only by who was let in. */
static int do_memory(int count, char **words)
{
	char byte;
	struct iovec mine = {&byte, 1}, theirs = {(void *)4096, 1};
	long rc = process_vm_readv(pid_of(words), &mine, 1, &theirs, 1, 0);

	(void)count;
	return rc < 0 && errno == EFAULT ? 0 : answer(rc);
}

static int do_limit(int count, char **words)
{
	struct rlimit old;

	(void)count;
	return answer(prlimit(pid_of(words), RLIMIT_NOFILE, NULL, &old));
}

static int do_nice(int count, char **words)
{
	(void)count;
	return answer(setpriority(PRIO_PROCESS, (id_t)pid_of(words), 19));
}

static int do_handle(int count, char **words)
{
	(void)count;
	return answer(syscall(SYS_pidfd_open, pid_of(words), 0));
}

static int do_descriptor(int count, char **words)
{
	long fd = syscall(SYS_pidfd_open, pid_of(words), 0);

	(void)count;
	if (fd < 0)
		return NOT_TRIED;
	return answer(
		syscall(SYS_pidfd_getfd, fd, strtol(words[1], NULL, 10), 0));
}

static int do_enter(int count, char **words)
{
	char path[64];
	int fd;

	(void)count;
	(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", words[0],
		       words[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return answer(fd < 0 ? -1 : setns(fd, 0));
}

/* --- kernel objects ------------------------------------------------------- */

/* Everybody of that uid and group may; others may not. */
static int do_key_add(int count, char **words)
{
	long key = syscall(SYS_add_key, "user", words[0], "secret", 6,
			   KEY_SPEC_USER_KEYRING);

	(void)count;
	if (key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f3f00) < 0)
		return answer(-1);
	printf("%ld\n", key);
	(void)fflush(stdout);
	(void)pause();
	return 0;
}

static int do_key_read(int count, char **words)
{
	char bytes[16];

	(void)count;
	return answer(syscall(SYS_keyctl, KEYCTL_READ,
			      strtol(words[0], NULL, 10), bytes,
			      sizeof(bytes)));
}

static int do_abstract(int count, char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t size = strlen(words[0]);

	(void)count;
	if (size >= sizeof(address.sun_path) - 1)
		return NOT_TRIED;
	memcpy(address.sun_path + 1, words[0], size);
	size += offsetof(struct sockaddr_un, sun_path) + 1;
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)size) < 0 ||
	    listen(fd, 8) < 0)
		return answer(-1);
	printf("ready\n");
	(void)fflush(stdout);
	(void)pause();
	return 0;
}

/* --- names ---------------------------------------------------------------- */

static int do_names(int count, char **words)
{
	char space[4096] __attribute__((aligned(8)));
	const struct inotify_event *event;
	int fd = inotify_init1(IN_CLOEXEC), i;
	ssize_t got, at;

	for (i = 0; i < count; i++)
		if (inotify_add_watch(fd, words[i],
				      IN_CREATE | IN_MOVED_TO | IN_OPEN |
					      IN_ATTRIB | IN_DELETE) < 0)
			return NOT_TRIED;
	printf("ready\n");
	for (;;) {
		(void)fflush(stdout);
		got = read(fd, space, sizeof(space));
		for (at = 0; at < got;
		     at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(space + at);
			if (event->len > 0)
				printf("%s %x\n", event->name, event->mask);
		}
	}
}

/* --- the helper ----------------------------------------------------------- */

static int start_helper(pid_t *pid)
{
	static char name[] = SBK_MOUNT_HELPER;
	char *argv[] = {name, NULL}, *envp[] = {NULL};
	const char *path = getenv("HELPER");
	int ends[2];

	if (path == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	*pid = fork();
	if (*pid == 0) {
		if (dup2(ends[1], 0) < 0)
			_exit(99);
		(void)execve(path, argv, envp);
		_exit(98);
	}
	(void)close(ends[1]);
	return ends[0];
}

/* A namespace in which mounts can be cloned. */
static int enter_namespace(void)
{
	char map[64];
	int fd, size, rc;

	(void)snprintf(map, sizeof(map), "%u %u 1", getuid(), getuid());
	size = (int)strlen(map);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	rc = write(fd, map, (size_t)size) == size ? 0 : -1;
	(void)close(fd);
	return rc;
}

static int send_tree(int socket, int tree)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} extra;
	char byte = SBK_MOUNT_TREE;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &extra,
				 .msg_controllen = CMSG_LEN(sizeof(int))};
	int32_t said;

	memset(&extra, 0, sizeof(extra));
	extra.header.cmsg_level = SOL_SOCKET;
	extra.header.cmsg_type = SCM_RIGHTS;
	extra.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&extra.header), &tree, sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) != 1 ||
	    recv(socket, &said, sizeof(said), 0) != sizeof(said))
		return 1000;
	return said;
}

static int do_map(int count, char **words)
{
	int socket, status, i;
	pid_t pid;

	socket = start_helper(&pid);
	if (socket < 0 || enter_namespace() < 0 ||
	    send(socket, words[0], 1, MSG_NOSIGNAL) != 1)
		return NOT_TRIED;
	for (i = 1; i < count; i++) {
		int tree = sbk_open_tree(AT_FDCWD, words[i],
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
						 AT_RECURSIVE);

		if (tree < 0)
			printf("%s cannot be cloned\n", words[i]);
		else
			printf("%s %d\n", words[i], send_tree(socket, tree));
	}
	(void)close(socket);
	(void)waitpid(pid, &status, 0);
	printf("ended with %d\n", WEXITSTATUS(status));
	return 0;
}

/* --- using things up ------------------------------------------------------ */

static int take_namespace(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
			_exit(1);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)kill(getpid(), SIGSTOP);
		_exit(0);
	}
	if (pid > 0) {
		int status;

		if (waitpid(pid, &status, WUNTRACED) != pid ||
		    !WIFSTOPPED(status))
			return -1;
	}
	return pid < 0 ? -1 : 0;
}

static int take_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return pid < 0 ? -1 : 0;
}

static int take_key(void)
{
	static int number;
	char name[32];

	(void)snprintf(name, sizeof(name), "taken-%d", number++);
	return syscall(SYS_add_key, "user", name, "x", 1,
		       KEY_SPEC_USER_KEYRING) < 0
		       ? -1
		       : 0;
}

static int take_inotify(void)
{
	return inotify_init1(IN_CLOEXEC) < 0 ? -1 : 0;
}

static int take_queue(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? -1 : 0;
}

static int do_take(int count, char **words)
{
	static const struct {
		const char *name;
		int (*take)(void);
	} things[] = {
		{"namespaces", take_namespace},
		{"processes", take_process},
		{"keys", take_key},
		{"inotify", take_inotify},
		{"sockets", take_queue},
	};
	const struct rlimit many = {65536, 65536};
	long taken = 0, most = strtol(words[1], NULL, 10);
	size_t i;

	(void)count;
	(void)setrlimit(RLIMIT_NOFILE, &many);
	for (i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		while (strcmp(things[i].name, words[0]) == 0 && taken < most &&
		       things[i].take() == 0)
			taken++;
	printf("%ld %s\n", taken, taken < most ? strerror(errno) : "");
	(void)fflush(stdout);
	(void)pause();
	return 0;
}

/* -------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int least; /* words */
		int (*run)(int count, char **words);
	} tries[] = {
		{"signal", 1, do_signal},
		{"ptrace", 1, do_ptrace},
		{"memory", 1, do_memory},
		{"limit", 1, do_limit},
		{"nice", 1, do_nice},
		{"handle", 1, do_handle},
		{"descriptor", 2, do_descriptor},
		{"enter", 2, do_enter},
		{"key-add", 1, do_key_add},
		{"key-read", 1, do_key_read},
		{"abstract", 1, do_abstract},
		{"map", 2, do_map},
		{"take", 2, do_take},
		{"names", 1, do_names},
	};
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(tries) / sizeof(tries[0]); i++)
		if (strcmp(argv[1], tries[i].name) == 0 &&
		    argc - 2 >= tries[i].least)
			return tries[i].run(argc - 2, argv + 2);
	fprintf(stderr, "enemy: what?\n");
	return NOT_TRIED;
}
