/*
 * Attacks, one per mechanism. Each line of the file in argv[1] is an attack's
 * name and its words; each runs in a process of its own, and one line per
 * attack goes to stdout: "LINE NAME done" when it reached its aim, else
 * "LINE NAME refused ERRNO" (0 where no errno tells why). The same program
 * runs outside and inside: the controls show that the attack itself works.
 *
 *	attack LIST          all lines of the file LIST
 *	attack -1 NAME ...   one attack; exit 0 done, 1 refused
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "engine/banned.h"

#define WORDS_MAX 8
#define HIGH_BITS 0x500000000UL /* what a filter sees and the kernel drops */

/* 0: done; else an errno, or -1 where there is none. */
typedef int attack_fn(int count, char **words);

static int from(long rc)
{
	return rc < 0 ? errno : 0;
}

static long number(const char *text)
{
	return strtol(text, NULL, 0);
}

/* Files */

static int do_write(int count, char **words)
{
	int fd = open(words[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	(void)count;
	return fd < 0 ? errno : from(write(fd, "attacked", 8));
}

/* Opens for writing and writes nothing: for what must stay unharmed. */
static int do_open_write(int count, char **words)
{
	(void)count;
	return from(open(words[0], O_WRONLY | O_CLOEXEC));
}

static int do_read(int count, char **words)
{
	int fd = open(words[0], O_RDONLY | O_CLOEXEC);
	char byte;
	ssize_t got;

	(void)count;
	if (fd < 0)
		return errno;
	got = read(fd, &byte, 1);
	if (got < 0)
		return errno;
	return got == 1 ? 0 : -1; /* empty: what was denied is not there */
}

static int do_truncate(int count, char **words)
{
	(void)count;
	return from(truncate(words[0], 0));
}

static int do_unlink(int count, char **words)
{
	(void)count;
	return from(unlink(words[0]));
}

static int do_rmdir(int count, char **words)
{
	(void)count;
	return from(rmdir(words[0]));
}

static int do_mkdir(int count, char **words)
{
	(void)count;
	return from(mkdir(words[0], 0755));
}

static int do_rename(int count, char **words)
{
	(void)count;
	return from(rename(words[0], words[1]));
}

static int do_exchange(int count, char **words)
{
	(void)count;
	return from(renameat2(AT_FDCWD, words[0], AT_FDCWD, words[1],
			      RENAME_EXCHANGE));
}

static int do_symlink(int count, char **words)
{
	(void)count;
	return from(symlink(words[0], words[1]));
}

/* A link made now, then written through. */
static int do_link_write(int count, char **words)
{
	if (link(words[0], words[1]) < 0)
		return errno;
	return do_write(count, words + 1);
}

static int do_link_read(int count, char **words)
{
	if (link(words[0], words[1]) < 0)
		return errno;
	return do_read(count, words + 1);
}

static int do_chmod(int count, char **words)
{
	(void)count;
	return from(chmod(words[0], 0640));
}

static int do_chown(int count, char **words)
{
	(void)count;
	return from(lchown(words[0], geteuid(), getegid()));
}

static int do_utime(int count, char **words)
{
	(void)count;
	return from(utimensat(AT_FDCWD, words[0], NULL, 0));
}

static int do_setxattr(int count, char **words)
{
	(void)count;
	return from(setxattr(words[0], "user.attack", "x", 1, 0));
}

static int do_write_fd(int count, char **words)
{
	(void)count;
	return from(write((int)number(words[0]), "attacked", 8));
}

static int do_openat_fd(int count, char **words)
{
	(void)count;
	return from(openat((int)number(words[0]), words[1],
			   O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* Set-id bits: done when the file carries one. */

static int carries_setid(const char *path, long rc)
{
	struct stat st;

	if (rc < 0)
		return errno;
	if (stat(path, &st) < 0)
		return errno;
	return (st.st_mode & (S_ISUID | S_ISGID)) != 0 ? 0 : -1;
}

static int do_setid_chmod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], chmod(words[0], 04755));
}

static int do_setid_chmod_high(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], syscall(SYS_fchmodat, AT_FDCWD, words[0],
					       HIGH_BITS | 04755, 0));
}

static int do_setgid_chmod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], chmod(words[0], 02755));
}

static int do_setid_fchmod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], fchmod(open(words[0], O_RDWR), 04755));
}

static int do_setid_fchmodat2(int count, char **words)
{
	(void)count;
	return carries_setid(words[0],
			     syscall(452, AT_FDCWD, words[0], 04755, 0));
}

static int do_setid_open(int count, char **words)
{
	(void)count;
	return carries_setid(words[0],
			     open(words[0], O_CREAT | O_WRONLY, 04755));
}

static int do_setid_creat(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], syscall(SYS_openat, AT_FDCWD, words[0],
					       O_CREAT | O_WRONLY | O_TRUNC,
					       HIGH_BITS | 04755));
}

static int do_setid_tmpfile(int count, char **words)
{
	char link_path[64];
	int fd = open(words[0], O_TMPFILE | O_WRONLY, 04755);

	(void)count;
	if (fd < 0)
		return errno;
	(void)snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", fd);
	return carries_setid(link_path, fd);
}

static int do_setid_mknod(int count, char **words)
{
	(void)count;
	return carries_setid(words[0], mknod(words[0], S_IFREG | 04755, 0));
}

static int do_setid_openat2(int count, char **words)
{
	struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 04755};

	(void)count;
	return carries_setid(words[0], syscall(SYS_openat2, AT_FDCWD, words[0],
					       &how, sizeof(how)));
}

/* IORING_OP_OPENAT carries a mode that no filter sees. */
static int do_setid_io_uring(int count, char **words)
{
	struct io_uring_params params;
	int ring;

	(void)count;
	(void)words;
	memset(&params, 0, sizeof(params));
	ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	return from(ring);
}

static int do_setuid_program(int count, char **words)
{
	int status;
	pid_t pid = fork();

	(void)count;
	if (pid == 0) {
		execl(words[0], words[0], "-1", "is-root", (char *)NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int do_is_root(int count, char **words)
{
	(void)count;
	(void)words;
	return geteuid() == 0 ? 0 : -1;
}

/* Powers */

static int do_capabilities(int count, char **words)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];

	(void)count;
	(void)words;
	if (syscall(SYS_capget, &header, now) < 0)
		return errno;
	return (now[0].effective | now[0].permitted | now[1].effective |
		now[1].permitted) != 0
		       ? 0
		       : -1;
}

static int do_mknod_device(int count, char **words)
{
	(void)count;
	return from(mknod(words[0], S_IFCHR | 0666, 0x103));
}

static int do_mount(int count, char **words)
{
	(void)count;
	return from(mount("none", words[0], "tmpfs", 0, NULL));
}

static int do_umount(int count, char **words)
{
	(void)count;
	return from(umount2(words[0], MNT_DETACH));
}

static int do_chroot(int count, char **words)
{
	(void)count;
	return from(chroot(words[0]));
}

static int do_bpf(int count, char **words)
{
	/* BPF_MAP_CREATE of an array with one element. */
	uint32_t attr[32] = {2, 4, 4, 1};

	(void)count;
	(void)words;
	return from(syscall(SYS_bpf, 0, attr, sizeof(attr)));
}

static int do_userfaultfd(int count, char **words)
{
	(void)count;
	(void)words;
	return from(syscall(SYS_userfaultfd, 1 /* user mode only */));
}

static int do_perf(int count, char **words)
{
	uint32_t attr[32] = {1 /* software */, sizeof(attr)};

	(void)count;
	(void)words;
	attr[10] = 1 << 5 | 1 << 6; /* exclude kernel and hypervisor */
	return from(syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
}

static int do_sethostname(int count, char **words)
{
	(void)count;
	return from(sethostname(words[0], strlen(words[0])));
}

/* A user namespace is allowed; what follows may not work in it. */

static int enter_userns(int more)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd;

	if (unshare(CLONE_NEWUSER | more) < 0)
		return errno;
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "deny", 4);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return errno;
	fd = open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC);
	(void)snprintf(map, sizeof(map), "0 %u 1", gid);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return errno;
	return 0;
}

static int do_userns(int count, char **words)
{
	(void)count;
	(void)words;
	return from(unshare(CLONE_NEWUSER));
}

/* Every way to get at `words[0]`, a file that a mount protects or hides. */
static int do_userns_uncover(int count, char **words)
{
	char copy[4096], at[4200];
	char *slash;
	int rc = enter_userns(CLONE_NEWNS);

	if (rc != 0)
		return rc;
	(void)snprintf(copy, sizeof(copy), "%s", words[0]);
	slash = strrchr(copy, '/');
	*slash = '\0';
	(void)umount2(words[0], MNT_DETACH);
	(void)umount2(copy, MNT_DETACH);
	(void)mount(NULL, copy, NULL, MS_REMOUNT | MS_BIND, NULL);
	(void)mount(NULL, words[0], NULL, MS_REMOUNT | MS_BIND, NULL);
	rc = do_write(count, words);
	if (rc == 0)
		return 0;
	/* Without its mounts, the directory above shows what is below them. */
	(void)snprintf(at, sizeof(at), "%s", "/tmp");
	slash = strrchr(copy, '/');
	*slash = '\0';
	if (mount(copy, at, NULL, MS_BIND, NULL) < 0)
		return errno;
	(void)snprintf(at, sizeof(at), "/tmp/%s", words[0] + strlen(copy) + 1);
	words[0] = at;
	return do_write(count, words);
}

static int do_userns_raw(int count, char **words)
{
	int rc = enter_userns(CLONE_NEWNET);

	(void)count;
	(void)words;
	return rc != 0 ? rc : from(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}

/* Processes */

static int do_kill(int count, char **words)
{
	(void)count;
	return from(kill((pid_t)number(words[0]), SIGUSR1));
}

static int do_ptrace(int count, char **words)
{
	pid_t pid = (pid_t)number(words[0]);

	(void)count;
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return errno;
	return 0;
}

static int do_vm_write(int count, char **words)
{
	char bytes[4] = "own";
	struct iovec local = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct iovec remote = {.iov_base = (void *)number(words[1]),
			       .iov_len = sizeof(bytes)};

	(void)count;
	return from(process_vm_writev((pid_t)number(words[0]), &local, 1,
				      &remote, 1, 0));
}

static int do_pidfd(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_pidfd_open, number(words[0]), 0));
}

/* Debuggers work on one's own children. */
static int do_ptrace_child(int count, char **words)
{
	pid_t pid = fork();
	int rc;

	(void)count;
	(void)words;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	rc = from(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	(void)kill(pid, SIGKILL);
	return rc;
}

/* Sockets */

static int connect_unix(const struct sockaddr_un *address, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	return from(connect(fd, (const struct sockaddr *)address, size));
}

static int do_unix(int count, char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)count;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		       words[0]);
	return connect_unix(&address, sizeof(address));
}

static int do_abstract(int count, char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)count;
	(void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s",
		       words[0]);
	return connect_unix(&address,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					1 + strlen(words[0])));
}

/* Done when the service outside answers with a byte. */
static int ask(int family, int type, const char *host, const char *port)
{
	struct timeval wait = {.tv_sec = 1};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	const struct sockaddr *to = (const struct sockaddr *)&four;
	socklen_t size = sizeof(four);
	char byte = 'q';
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	four.sin_port = six.sin6_port = htons((uint16_t)number(port));
	if (family == AF_INET6) {
		to = (const struct sockaddr *)&six;
		size = sizeof(six);
		(void)inet_pton(family, host, &six.sin6_addr);
	} else {
		(void)inet_pton(family, host, &four.sin_addr);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, to, size) < 0 || send(fd, &byte, 1, 0) < 0 ||
	    recv(fd, &byte, 1, 0) < 0)
		return errno;
	return 0;
}

static int do_tcp(int count, char **words)
{
	(void)count;
	return ask(AF_INET, SOCK_STREAM, words[0], words[1]);
}

static int do_udp(int count, char **words)
{
	(void)count;
	return ask(AF_INET, SOCK_DGRAM, words[0], words[1]);
}

static int do_tcp6(int count, char **words)
{
	(void)count;
	return ask(AF_INET6, SOCK_STREAM, words[0], words[1]);
}

static int do_socket(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_socket, number(words[0]), number(words[1]),
			    number(words[2])));
}

static int do_socket_high(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_socket,
			    HIGH_BITS | (unsigned long)number(words[0]),
			    HIGH_BITS | (unsigned long)number(words[1]),
			    HIGH_BITS | (unsigned long)number(words[2])));
}

/* Shared objects of the kernel */

static int do_shm(int count, char **words)
{
	(void)count;
	return from(shmget((key_t)number(words[0]), 0, 0));
}

static int do_mqueue(int count, char **words)
{
	(void)count;
	return from((long)mq_open(words[0], O_RDONLY));
}

static int do_keyring(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
			    "user", words[0], 0));
}

static int do_add_key(int count, char **words)
{
	(void)count;
	return from(syscall(SYS_add_key, "user", words[0], "x", 1,
			    KEY_SPEC_PROCESS_KEYRING));
}

/* Terminals */

static int do_tiocsti(int count, char **words)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char byte = 'x';

	(void)count;
	(void)words;
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return errno;
	(void)setsid();
	slave = open(ptsname(master), O_RDWR);
	if (slave < 0)
		return errno;
	return from(syscall(SYS_ioctl, slave, HIGH_BITS | TIOCSTI, &byte));
}

/* A call by another architecture's numbers; the filter ends the process. */
static int do_int80(int count, char **words)
{
	(void)count;
	(void)words;
#if defined(__x86_64__)
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L) : "memory");
	return rc > 0 ? 0 : -1;
#else
	return -1;
#endif
}

static int do_x32(int count, char **words)
{
	(void)count;
	(void)words;
	return from(syscall(0x40000000L | SYS_getpid));
}

static const struct {
	const char *name;
	attack_fn *run;
	int words;
} attacks[] = {
	{"write", do_write, 1},
	{"open-write", do_open_write, 1},
	{"read", do_read, 1},
	{"truncate", do_truncate, 1},
	{"unlink", do_unlink, 1},
	{"rmdir", do_rmdir, 1},
	{"mkdir", do_mkdir, 1},
	{"rename", do_rename, 2},
	{"exchange", do_exchange, 2},
	{"symlink", do_symlink, 2},
	{"link-write", do_link_write, 2},
	{"link-read", do_link_read, 2},
	{"chmod", do_chmod, 1},
	{"chown", do_chown, 1},
	{"utime", do_utime, 1},
	{"setxattr", do_setxattr, 1},
	{"write-fd", do_write_fd, 1},
	{"openat-fd", do_openat_fd, 2},
	{"setid-chmod", do_setid_chmod, 1},
	{"setid-chmod-high", do_setid_chmod_high, 1},
	{"setgid-chmod", do_setgid_chmod, 1},
	{"setid-fchmod", do_setid_fchmod, 1},
	{"setid-fchmodat2", do_setid_fchmodat2, 1},
	{"setid-open", do_setid_open, 1},
	{"setid-creat", do_setid_creat, 1},
	{"setid-tmpfile", do_setid_tmpfile, 1},
	{"setid-mknod", do_setid_mknod, 1},
	{"setid-openat2", do_setid_openat2, 1},
	{"setid-io-uring", do_setid_io_uring, 0},
	{"setuid-program", do_setuid_program, 1},
	{"is-root", do_is_root, 0},
	{"capabilities", do_capabilities, 0},
	{"mknod-device", do_mknod_device, 1},
	{"mount", do_mount, 1},
	{"umount", do_umount, 1},
	{"chroot", do_chroot, 1},
	{"bpf", do_bpf, 0},
	{"userfaultfd", do_userfaultfd, 0},
	{"perf", do_perf, 0},
	{"sethostname", do_sethostname, 1},
	{"userns", do_userns, 0},
	{"userns-uncover", do_userns_uncover, 1},
	{"userns-raw", do_userns_raw, 0},
	{"kill", do_kill, 1},
	{"ptrace", do_ptrace, 1},
	{"vm-write", do_vm_write, 2},
	{"pidfd", do_pidfd, 1},
	{"ptrace-child", do_ptrace_child, 0},
	{"unix", do_unix, 1},
	{"abstract", do_abstract, 1},
	{"tcp", do_tcp, 2},
	{"tcp6", do_tcp6, 2},
	{"udp", do_udp, 2},
	{"socket", do_socket, 3},
	{"socket-high", do_socket_high, 3},
	{"shm", do_shm, 1},
	{"mqueue", do_mqueue, 1},
	{"keyring", do_keyring, 1},
	{"add-key", do_add_key, 1},
	{"tiocsti", do_tiocsti, 0},
	{"int80", do_int80, 0},
	{"x32", do_x32, 0},
};

static int run_one(int count, char **words)
{
	size_t i;

	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (strcmp(attacks[i].name, words[0]) == 0 &&
		    attacks[i].words == count - 1)
			return attacks[i].run(count - 1, words + 1);
	fprintf(stderr, "attack: no attack '%s' with %d words\n", words[0],
		count - 1);
	exit(2);
}

/* The result as an errno, or 128 + n when a signal ended the attack. */
static int run_apart(int count, char **words)
{
	int pipes[2], result = -1, status;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		exit(2);
	pid = fork();
	if (pid < 0)
		exit(2);
	if (pid == 0) {
		result = run_one(count, words);
		_exit(write(pipes[1], &result, sizeof(result)) < 0);
	}
	(void)close(pipes[1]);
	if (waitpid(pid, &status, 0) < 0)
		exit(2);
	if (WIFSIGNALED(status))
		result = 1000 + WTERMSIG(status);
	else if (read(pipes[0], &result, sizeof(result)) != sizeof(result))
		exit(2);
	(void)close(pipes[0]);
	return result;
}

int main(int argc, char **argv)
{
	char line[8192];
	int number_of_line = 0;
	FILE *list;

	(void)umask(0);
	if (argc > 2 && strcmp(argv[1], "-1") == 0)
		return run_one(argc - 2, argv + 2) != 0;
	list = argc == 2 ? fopen(argv[1], "re") : NULL;
	if (list == NULL)
		return 2;
	while (fgets(line, sizeof(line), list) != NULL) {
		char *words[WORDS_MAX], *at = line, *word;
		int count = 0, result;

		while (count < WORDS_MAX && (word = strsep(&at, " \n")) != NULL)
			if (word[0] != '\0')
				words[count++] = word;
		result = run_apart(count, words);
		printf("%d %s %s %d\n", number_of_line++, words[0],
		       result == 0 ? "done" : "refused", result);
		(void)fflush(stdout);
	}
	return fclose(list) != 0;
}
