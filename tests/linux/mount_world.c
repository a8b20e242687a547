/* See the header. */
#include "tests/linux/mount_world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/kernel.h"

#include "engine/banned.h"

#define FDS_MAX 64

static void write_file(const char *path, const char *text, const char *more)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fputs(more, file) < 0 ||
	    fclose(file) != 0)
		abort();
}

void write_accounts(const char *more_passwd, const char *more_group)
{
	write_file("/etc/passwd",
		   "root:x:0:0:root:/root:/bin/sh\n"
		   "ann:x:1600:1600:,,,:/run/anns:/bin/sh\n"
		   "bob:x:1601:1601::/run/bobs:/bin/sh\n",
		   more_passwd);
	write_file("/etc/group",
		   "root:x:0:\nsandbook:x:550:\nann:x:1600:\nbob:x:1601:\n"
		   "team:x:1700:ann\n",
		   more_group);
}

int mount_world_make(void **state)
{
	/* One with a step taken out, to see a test fail. */
	const char *program = getenv("SBK_TEST_MOUNT_PROGRAM");

	(void)state;
	if (program == NULL)
		program = SBK_BINARY_DIR "/bin/sandbook-mount";
	if (setenv("PROGRAM", program, 1) < 0)
		return -1;
	if (getenv("SBK_TEST_HOST") == NULL)
		return 0; /* each test skips */
	write_accounts(ALL_ACCOUNTS, ALL_GROUPS);
	return shell("set -e; mkdir -p " BIN " " ANNS " " BOBS " " ROOTS "\n"
		     "chown 1600:1600 " ANNS "; chown 1601:1601 " BOBS "\n"
		     "chmod 0700 " ANNS " " BOBS "; chmod 0777 " ROOTS "\n"
		     "install -m 4755 $PROGRAM " HELPER "\n"
		     "install -m 0755 $PROGRAM " BIN "/plain\n");
}

bool become(uid_t uid, gid_t gid)
{
	return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
	       setresuid(uid, uid, uid) == 0;
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return status_of(status);
}

int as_user(uid_t uid, int (*work)(const void *arg), const void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (pid == 0) {
		alarm(20);
		_exit(become(uid, uid) ? work(arg) : 98);
	}
	return wait_for(pid);
}

static void run_helper(const struct how *how, int socket)
{
	static char *const ordinary[] = {(char *)SBK_MOUNT_HELPER, NULL};
	static char *const empty[] = {NULL};
	uid_t uid = how->uid != 0 ? how->uid : ANN;

	if (dup2(socket, 0) < 0 || sbk_close_range(3, ~0U, 0) < 0 ||
	    (!how->as_root && !become(uid, how->gid != 0 ? how->gid : uid)))
		_exit(97);
	if (how->prepare != NULL && !how->prepare())
		_exit(99);
	(void)execve(how->path != NULL ? how->path : HELPER,
		     how->argv != NULL ? how->argv : ordinary,
		     how->environment != NULL ? how->environment : empty);
	_exit(96);
}

struct helper start(const struct how *how)
{
	static const struct how usual = {.path = NULL};
	const struct timeval patience = {.tv_sec = 20};
	struct helper helper;
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
				    sizeof(patience)),
			 0);
	helper.socket = ends[0];
	helper.pid = fork();
	assert_true(helper.pid >= 0);
	if (helper.pid == 0)
		run_helper(how != NULL ? how : &usual, ends[1]);
	(void)close(ends[1]);
	return helper;
}

bool send_message(int socket, const char *bytes, size_t size, const int *fds,
		  size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} extra;
	struct iovec data = {(void *)bytes, size};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	memset(&extra, 0, sizeof(extra));
	if (count > 0) {
		message.msg_control = &extra;
		message.msg_controllen = CMSG_LEN(count * sizeof(int));
		extra.header.cmsg_level = SOL_SOCKET;
		extra.header.cmsg_type = SCM_RIGHTS;
		extra.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&extra.header), fds, count * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

int give(struct helper *helper, int tree)
{
	int32_t answer;

	if (!send_message(helper->socket, "m", 1, &tree, 1) ||
	    recv(helper->socket, &answer, sizeof(answer), 0) != sizeof(answer))
		return 1000;
	return answer;
}

void serve(struct helper *helper, char role)
{
	int tree = tree_of(ANNS, ANN);

	assert_true(send_message(helper->socket, &role, 1, NULL, 0));
	assert_int_equal(give(helper, tree), 0);
	(void)close(tree);
}

struct helper serving(void)
{
	struct helper helper = start(NULL);

	serve(&helper, SBK_MOUNT_OFFLINE);
	return helper;
}

int finish(struct helper *helper)
{
	if (helper->socket >= 0)
		(void)close(helper->socket);
	helper->socket = -1;
	return wait_for(helper->pid);
}

int ended_within(struct helper *helper, int ms)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	int status;

	for (; ms > 0; ms -= 2) {
		if (waitpid(helper->pid, &status, WNOHANG) == helper->pid)
			return status_of(status);
		(void)nanosleep(&pause, NULL);
	}
	return 1000;
}

/* As its owner, in a namespace where that is allowed. */
static void make_tree(const char *path, uid_t uid, int socket)
{
	const struct mount_attr private = {.propagation = 1 << 18};
	int tree;

	if (!become(uid, uid) || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    sbk_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private) < 0)
		_exit(1);
	tree = sbk_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
	_exit(tree < 0 || !send_message(socket, "t", 1, &tree, 1));
}

int tree_of(const char *path, uid_t uid)
{
	struct sbk_mount_message message;
	int ends[2], tree = -1;
	pid_t pid;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		make_tree(path, uid, ends[1]);
	assert_int_equal(wait_for(pid), 0);
	sbk_mount_message_init(&message);
	assert_int_equal(recvmsg(ends[0], &message.header, MSG_CMSG_CLOEXEC),
			 1);
	memcpy(&tree, CMSG_DATA(CMSG_FIRSTHDR(&message.header)), sizeof(tree));
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_true(tree >= 0);
	return tree;
}

struct making {
	int tree;
	const char *name;
};

static int make_file(const void *arg)
{
	const struct making *making = arg;

	return openat(making->tree, making->name, O_CREAT | O_WRONLY, 0600) < 0;
}

bool makes_file(uid_t account, int tree, const char *name)
{
	const struct making making = {tree, name};

	return as_user(account, make_file, &making) == 0;
}

bool is_owned(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid == uid && st.st_gid == gid;
}

char *proc_value(pid_t pid, const char *name, const char *key)
{
	char path[64], line[512], *value = NULL;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "r");
	while (file != NULL && value == NULL &&
	       fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0) {
			char *text = line + strlen(key);

			text += strspn(text, " \t");
			text[strcspn(text, "\n")] = '\0';
			value = strdup(text);
		}
	if (file != NULL)
		(void)fclose(file);
	return value != NULL ? value : strdup("(missing)");
}

void check_value(pid_t pid, const char *file, const char *key,
		 const char *wanted, const char *source, int line)
{
	char *value = proc_value(pid, file, key);
	size_t size = strlen(value);

	while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
		value[--size] = '\0';
	if (strcmp(value, wanted) != 0) {
		print_error("%s of %s is '%s', not '%s'\n", key, file, value,
			    wanted);
		_fail(source, line);
	}
	free(value);
}

const char *descriptor_of(pid_t pid, int fd)
{
	static char target[256];
	char path[64];
	ssize_t size;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	size = readlink(path, target, sizeof(target) - 1);
	target[size > 0 ? size : 0] = '\0';
	return target;
}
