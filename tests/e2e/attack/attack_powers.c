/*
 * Attacks on what root may do: identity, mounts, namespaces, processes.
 */
#include "tests/e2e/attack/attack.h"

#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "engine/banned.h"

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
	rc = attack_write(count, words);
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
	return attack_write(count, words);
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

const struct attack attack_powers[] = {
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
	{NULL, NULL, 0},
};
