/*
 * Descriptors for objects that hostile programs may be renaming meanwhile.
 *
 * Files and directories are opened for reading where that is allowed, because
 * the attribute calls on such a descriptor are five times faster than through
 * /proc. All else, and what may not be read, is opened with O_PATH, which
 * needs no right on the object and wakes nothing. The type is looked up before
 * a file is opened for reading; only someone who may create device nodes could
 * put one in its place in between, and O_NONBLOCK keeps a FIFO from waiting.
 */
#include "engine/linux/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"

#include "engine/banned.h"

#define PIN_STATX (STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID)
#define READ_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define PATH_FLAGS (O_PATH | O_NOFOLLOW | O_CLOEXEC)

/* One step down: closes `at`; a descriptor or -errno. */
static int step(int at, const char *name, size_t length, int flags)
{
	char component[256];
	int fd = -ENAMETOOLONG;

	if (length < sizeof(component)) {
		memcpy(component, name, length);
		component[length] = '\0';
		fd = openat(at, component, flags);
		if (fd < 0)
			fd = -errno;
	}
	(void)close(at); /* O_PATH: nothing can be lost */
	return fd;
}

int sbk_open_by_steps(const char *path, int flags)
{
	int fd = open("/", PATH_FLAGS | O_DIRECTORY);

	if (fd < 0)
		return -errno;
	path += strspn(path, "/");
	if (*path == '\0')
		return step(fd, ".", 1, flags);
	while (fd >= 0) {
		size_t length = strcspn(path, "/");
		const char *rest = path + length + strspn(path + length, "/");

		if (*rest == '\0')
			return step(fd, path, length, flags);
		fd = step(fd, path, length, PATH_FLAGS | O_DIRECTORY);
		path = rest;
	}
	return fd;
}

/* Opens without following a link anywhere in `path`; -errno on failure. */
static int open_straight(const char *path, int flags)
{
	static atomic_bool absent; /* openat2 is: kernels before 5.6, filters */
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (!atomic_load(&absent)) {
		fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != ENOSYS)
			return -errno;
		atomic_store(&absent, true);
	}
	return sbk_open_by_steps(path, flags);
}

static int open_at(int directory, const char *name, int flags)
{
	int fd;

	if (directory == AT_FDCWD)
		return open_straight(name, flags);
	fd = openat(directory, name, flags);
	return fd < 0 ? -errno : fd;
}

static int stat_pin(struct sbk_pin *pin)
{
	return statx(pin->fd, "", AT_EMPTY_PATH, PIN_STATX, &pin->stat) < 0
		       ? -errno
		       : 0;
}

static bool worth_reading(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode);
}

int sbk_pin_child(int directory, const char *name, uint32_t mode,
		  struct sbk_pin *out)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = -EACCES;

	if (worth_reading(mode))
		rc = open_at(directory, name, READ_FLAGS);
	/* ELOOP: a link by now. ENXIO, EBUSY and others: no file by now. */
	if (rc < 0 && rc != -ENOENT && rc != -EMFILE && rc != -ENFILE) {
		pin.by_proc = true;
		rc = open_at(directory, name, PATH_FLAGS);
	}
	if (rc < 0)
		return rc;
	pin.fd = rc;
	rc = stat_pin(&pin);
	if (rc < 0) {
		sbk_pin_release(&pin);
		return rc;
	}
	*out = pin;
	return 0;
}

static int pin_error(int rc, const char *path, struct sbk_error *err)
{
	/* A link in the way: the path that was meant is not there. */
	if (rc == -ELOOP)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "a symbolic link stands in the way to "
				     "'%s'",
				     path);
	return sbk_error_set_errno(err, -rc, "opening '%s'", path);
}

int sbk_pin_path_as(const char *path, uint32_t mode, struct sbk_pin *out,
		    struct sbk_error *err)
{
	int rc;

	if (path[0] != '/')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is not an absolute path", path);
	rc = sbk_pin_child(AT_FDCWD, path, mode, out);
	return rc < 0 ? pin_error(rc, path, err) : 0;
}

int sbk_pin_path(const char *path, struct sbk_pin *out, struct sbk_error *err)
{
	struct stat st = {0};

	/* A hint only: a failure here shows again where it counts. */
	(void)lstat(path, &st);
	return sbk_pin_path_as(path, st.st_mode, out, err);
}

int sbk_pin_parent(const char *path, int *directory, const char **name,
		   struct sbk_error *err)
{
	char parent[SBK_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t length;
	int fd;

	if (path[0] != '/' || slash[1] == '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is not the absolute path of an "
				     "object in a directory",
				     path);
	length = slash == path ? 1 : (size_t)(slash - path);
	if (length >= sizeof(parent))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of %zu bytes is over the limit "
				     "of %d",
				     strlen(path), SBK_PATH_MAX - 1);
	memcpy(parent, path, length);
	parent[length] = '\0';
	fd = open_straight(parent, PATH_FLAGS | O_DIRECTORY);
	if (fd < 0)
		return pin_error(fd, parent, err);
	*directory = fd;
	*name = slash + 1;
	return 0;
}

int sbk_pin_refresh(struct sbk_pin *pin, struct sbk_error *err)
{
	int rc = stat_pin(pin);

	return rc < 0 ? sbk_error_set_errno(err, -rc, "looking at an open file")
		      : 0;
}

void sbk_pin_release(struct sbk_pin *pin)
{
	if (pin->fd >= 0)
		(void)close(pin->fd); /* nothing was written through it */
	pin->fd = -1;
}

uint64_t sbk_pin_device(const struct sbk_pin *pin)
{
	return makedev(pin->stat.stx_dev_major, pin->stat.stx_dev_minor);
}

/* The name under which an O_PATH descriptor can be given to path calls. */
static const char *proc_name(const struct sbk_pin *pin, char out[32])
{
	(void)snprintf(out, 32, "/proc/self/fd/%d", pin->fd);
	return out;
}

int sbk_pin_readable(const struct sbk_pin *pin, bool *close_it)
{
	char name[32];
	int fd;

	*close_it = false;
	if (!pin->by_proc)
		return pin->fd;
	if (!worth_reading(pin->stat.stx_mode))
		return -EACCES;
	/* Not O_NOFOLLOW: the link in /proc is what leads to the object. */
	fd = open(proc_name(pin, name), READ_FLAGS & ~O_NOFOLLOW);
	*close_it = fd >= 0;
	return fd < 0 ? -errno : fd;
}

ssize_t sbk_pin_getxattr(const struct sbk_pin *pin, const char *name,
			 void *value, size_t size)
{
	char path[32];
	ssize_t rc;

	if (pin->by_proc)
		rc = getxattr(proc_name(pin, path), name, value, size);
	else
		rc = fgetxattr(pin->fd, name, value, size);
	return rc < 0 ? -errno : rc;
}

int sbk_pin_setxattr(const struct sbk_pin *pin, const char *name,
		     const void *value, size_t size)
{
	char path[32];
	int rc;

	if (pin->by_proc)
		rc = setxattr(proc_name(pin, path), name, value, size, 0);
	else
		rc = fsetxattr(pin->fd, name, value, size, 0);
	return rc < 0 ? -errno : 0;
}

int sbk_pin_removexattr(const struct sbk_pin *pin, const char *name)
{
	char path[32];
	int rc;

	if (pin->by_proc)
		rc = removexattr(proc_name(pin, path), name);
	else
		rc = fremovexattr(pin->fd, name);
	return rc < 0 ? -errno : 0;
}

ssize_t sbk_pin_listxattr(const struct sbk_pin *pin, char *list, size_t size)
{
	char path[32];
	ssize_t rc;

	if (pin->by_proc)
		rc = listxattr(proc_name(pin, path), list, size);
	else
		rc = flistxattr(pin->fd, list, size);
	return rc < 0 ? -errno : rc;
}

int sbk_pin_chmod(const struct sbk_pin *pin, uint32_t mode)
{
	char path[32];
	int rc;

	if (pin->by_proc)
		rc = chmod(proc_name(pin, path), mode & 07777);
	else
		rc = fchmod(pin->fd, mode & 07777);
	return rc < 0 ? -errno : 0;
}

int sbk_pin_chown(const struct sbk_pin *pin, uint32_t uid, uint32_t gid)
{
	return fchownat(pin->fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}
