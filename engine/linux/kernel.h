/*
 * System calls and constants that are newer than the C library or the kernel
 * headers that we build with, taken from the kernel's own documentation. The
 * kernel decides at run time what it knows.
 *
 * Oldest kernel for namespaces: 5.12 (mount_setattr).
 */
#ifndef SBK_LINUX_KERNEL_H
#define SBK_LINUX_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> exclude each other in glibc 2.36. */
#define SBK_MNT_DETACH 2
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* The calls below behave as libc's would: -1 and errno. */

static inline int sbk_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

static inline int sbk_move_mount(int from, int to_dirfd, const char *to,
				 unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from, "", to_dirfd, to,
			    flags | MOVE_MOUNT_F_EMPTY_PATH);
}

static inline int sbk_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int sbk_fsconfig(int fs, unsigned int command, const char *key,
			       const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

static inline int sbk_fsmount(int fs, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
}

static inline int sbk_mount_setattr(int dirfd, const char *path,
				    unsigned int flags,
				    const struct mount_attr *attributes)
{
	return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attributes,
			    sizeof(*attributes));
}

static inline int sbk_openat2(int dirfd, const char *path, uint64_t flags,
			      uint64_t resolve)
{
	struct open_how how = {.flags = flags, .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static inline int sbk_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int sbk_umount2(const char *path, int flags)
{
	return (int)syscall(SYS_umount2, path, flags);
}

static inline int sbk_close_range(unsigned int first, unsigned int last,
				  unsigned int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#define SBK_CLOSE_RANGE_CLOEXEC (1U << 2)

/*
 * A session keyring of our own instead of the inherited one. It is left as
 * well where there is none that a call could reach: in a kernel without keys
 * (ENOSYS) and behind a filter that refuses the call (EPERM, in containers),
 * which all that we start inherits.
 */
static inline int sbk_keyring_leave(void)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 ||
	    errno == ENOSYS || errno == EPERM)
		return 0;
	return -1;
}

/* Landlock, ABI by ABI. */

struct sbk_landlock_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* ABI 4 */
	uint64_t scoped;      /* ABI 6 */
};

struct sbk_landlock_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

enum {
	SBK_LANDLOCK_EXECUTE = 1 << 0,
	SBK_LANDLOCK_WRITE_FILE = 1 << 1,
	SBK_LANDLOCK_READ_FILE = 1 << 2,
	SBK_LANDLOCK_READ_DIR = 1 << 3,
	SBK_LANDLOCK_REMOVE_DIR = 1 << 4,
	SBK_LANDLOCK_REMOVE_FILE = 1 << 5,
	SBK_LANDLOCK_MAKE_CHAR = 1 << 6,
	SBK_LANDLOCK_MAKE_DIR = 1 << 7,
	SBK_LANDLOCK_MAKE_REG = 1 << 8,
	SBK_LANDLOCK_MAKE_SOCK = 1 << 9,
	SBK_LANDLOCK_MAKE_FIFO = 1 << 10,
	SBK_LANDLOCK_MAKE_BLOCK = 1 << 11,
	SBK_LANDLOCK_MAKE_SYM = 1 << 12,
	SBK_LANDLOCK_REFER = 1 << 13,	  /* ABI 2 */
	SBK_LANDLOCK_TRUNCATE = 1 << 14,  /* ABI 3 */
	SBK_LANDLOCK_IOCTL_DEV = 1 << 15, /* ABI 5 */

	SBK_LANDLOCK_BIND_TCP = 1 << 0, /* ABI 4 */
	SBK_LANDLOCK_CONNECT_TCP = 1 << 1,

	SBK_LANDLOCK_SCOPE_ABSTRACT = 1 << 0, /* ABI 6 */
	SBK_LANDLOCK_SCOPE_SIGNAL = 1 << 1,

	SBK_LANDLOCK_VERSION = 1 << 0, /* flag of create_ruleset */
	SBK_LANDLOCK_RULE_PATH = 1
};

static inline int sbk_landlock_create(const struct sbk_landlock_attr *attr,
				      size_t size, uint32_t flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

static inline int sbk_landlock_add_path(int ruleset,
					const struct sbk_landlock_path *rule)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset,
			    SBK_LANDLOCK_RULE_PATH, rule, 0);
}

static inline int sbk_landlock_restrict(int ruleset)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

#endif
