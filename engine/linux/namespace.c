/*
 * Namespaces and privileges. The user namespace maps only the caller's own
 * uid and gid, root's too: root inside has the host's root's files and none
 * of its powers. setgroups is denied, so that no group can be dropped to get
 * around a file that denies the group.
 */
#include "engine/linux/namespace.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/kernel.h"

#include "engine/banned.h"

static const char forbidden[] =
	"user namespaces are not available: allow them (sysctl "
	"user.max_user_namespaces, kernel.unprivileged_userns_clone; AppArmor: "
	"kernel.apparmor_restrict_unprivileged_userns=0)";

/* What a system says that has no user namespaces for us. */
static bool is_refusal(int os_code)
{
	return os_code == EPERM || os_code == ENOSPC || os_code == EINVAL ||
	       os_code == EUSERS || os_code == ENOSYS;
}

/*
 * Where we ourselves are in a sandbox, that is the reason as a rule. A run of
 * ours is told by its variable; who forges it gets another message.
 */
static const char *where_we_are(void)
{
	return getenv("SANDBOOK") != NULL
		       ? "inside another run of Sandbook, whose limits hold "
			 "for this command too"
		       : "inside another sandbox or container?";
}

/*
 * A namespace of ours may be made, and nothing mounted in it: Landlock lets no
 * process that it holds mount anything, wherever, and filters of containers
 * are alike. This asks for what is needed anyway: nothing that happens to the
 * host's mounts from here on shows in ours, nor the other way round.
 */
static int own_mounts(struct sbk_error *err)
{
	if (syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	return sbk_error_set_errno(
		err, errno, "nothing can be mounted here (%s)", where_we_are());
}

static int refuse(int os_code, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_UNSUPPORTED, "%s: %s", forbidden,
			     strerror(os_code));
}

pid_t sbk_namespace_fork(bool namespaces, struct sbk_error *err)
{
	unsigned long flags = SIGCHLD;
	pid_t pid;

	if (namespaces)
		flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
			 CLONE_NEWIPC | CLONE_NEWUTS;
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid < 0 && namespaces && is_refusal(errno))
		return refuse(errno, err);
	if (pid < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot start a process");
	return pid;
}

/* Most of the time that namespaces take goes here: the parent need not wait
 * for it. */
static int own_network(struct sbk_error *err)
{
	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	if (is_refusal(errno))
		return refuse(errno, err);
	return sbk_error_set_errno(err, errno,
				   "cannot make a network namespace");
}

static int write_map(const char *path, const char *text, struct sbk_error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), os_code;
	ssize_t written;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "cannot open '%s'",
					   path);
	written = write(fd, text, strlen(text));
	os_code = errno;
	(void)close(fd); /* a pseudo file: write() told everything */
	if (written < 0)
		return sbk_error_set_errno(err, os_code,
					   "cannot write '%s' of a new user "
					   "namespace (%s)",
					   path, where_we_are());
	return 0;
}

int sbk_namespace_loopback(struct sbk_error *err)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot open a network socket");
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot switch on the run's loopback "
					 "interface");
	(void)close(fd); /* nothing was sent */
	return rc;
}

/* What is denied where the namespace was made is not there at all. */
static int not_there(struct sbk_error *err)
{
	if (err->code == SBK_E_DENIED)
		err->code = SBK_E_UNSUPPORTED;
	return err->code;
}

int sbk_namespace_map(uid_t uid, gid_t gid, struct sbk_error *err)
{
	char map[64];

	/* A caller who changed ids, or a program file that its user may not
	 * read, leaves us with a /proc/self of root's. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot open up /proc/self");
	(void)snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	if (write_map("/proc/self/uid_map", map, err) < 0 ||
	    write_map("/proc/self/setgroups", "deny", err) < 0)
		return not_there(err);
	(void)snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	if (write_map("/proc/self/gid_map", map, err) < 0)
		return not_there(err);
	return 0;
}

int sbk_namespace_settle(enum sbk_network network, struct sbk_error *err)
{
	static const char name[] = "sandbook";

	if (network != SBK_NETWORK_ON && own_network(err) < 0)
		return err->code;
	if (sethostname(name, sizeof(name) - 1) < 0) {
		/* AppArmor lets the namespace be made and takes its powers. */
		(void)sbk_error_set_errno(err, errno, "%s", forbidden);
		return not_there(err);
	}
	if (own_mounts(err) < 0)
		return not_there(err);
	if (network == SBK_NETWORK_LOOPBACK)
		return sbk_namespace_loopback(err);
	return 0;
}

static int capabilities_clear(struct sbk_error *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	if (syscall(SYS_capset, &header, none) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot give up capabilities");
	return 0;
}

static int bounding_clear(bool namespaces, struct sbk_error *err)
{
	static const unsigned long bits =
		SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
		SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
		SECBIT_NO_CAP_AMBIENT_RAISE |
		SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	int capability;

	/* A plain user outside a namespace has none to lose, and no_new_privs
	 * keeps it so. */
	if (!namespaces && prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 &&
	    errno == EPERM)
		return 0;
	if (namespaces && prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot take uid 0's powers away");
	for (capability = 0;; capability++) {
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* beyond the kernel's last one */
			return 0;
		return sbk_error_set_errno(
			err, errno, "cannot drop capability %d", capability);
	}
}

int sbk_privileges_drop(bool namespaces, struct sbk_error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set no_new_privs");
	if (bounding_clear(namespaces, err) < 0)
		return err->code;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot clear ambient capabilities");
	return capabilities_clear(err);
}

int sbk_privileges_check(struct sbk_error *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
	size_t i;

	memset(now, 0xff, sizeof(now));
	if (syscall(SYS_capget, &header, now) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot read capabilities back");
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (now[i].effective != 0 || now[i].permitted != 0 ||
		    now[i].inheritable != 0)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "capabilities were given up and "
					     "are still there");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "no_new_privs was set and is not there");
	return 0;
}
