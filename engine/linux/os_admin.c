/*
 * What an administrator's uninstall needs of the system beside errands: ending
 * the accounts' processes, closing the machine's directory, and putting the
 * certificate where the caller wants it.
 */
#include "engine/os_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/processes.h"

#include "engine/banned.h"

int sbk_os_end_processes(const char *principal, size_t *ended,
			 struct sbk_error *err)
{
	unsigned int uid;
	int rc;

	*ended = 0;
	if (sscanf(principal, "u:%10u", &uid) != 1)
		return 0;
	rc = sbk_processes_count(uid, ended, err);
	if (rc == 0 && *ended > 0)
		rc = sbk_processes_end(uid, err);
	return rc;
}

int sbk_os_close_directory(const char *path, struct sbk_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "opening '%s'", path);
	if (fchmod(fd, 0700) < 0 || fsync(fd) < 0)
		rc = sbk_error_set_errno(err, errno, "closing '%s' to others",
					 path);
	(void)close(fd); /* flushed */
	return rc;
}

/* The directory that will hold `path`, open, and the name in it. */
static int open_holder(const char *path, const char **name,
		       struct sbk_error *err)
{
	const char *slash = strrchr(path, '/');
	char directory[SBK_PATH_MAX];
	size_t size = slash == NULL ? 0 : (size_t)(slash - path);
	int fd;

	*name = slash == NULL ? path : slash + 1;
	if (strlen(path) >= sizeof(directory))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a file's name is longer than %d bytes",
				     SBK_PATH_MAX - 1);
	if (**name == '\0' || strcmp(*name, ".") == 0 ||
	    strcmp(*name, "..") == 0)
		return sbk_error_set(err, SBK_E_INVAL, "'%s' names no file",
				     path);
	memcpy(directory, path, size);
	directory[size] = '\0';
	if (size == 0)
		(void)snprintf(directory, sizeof(directory), "%s",
			       slash == NULL ? "." : "/");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "'%s'", directory);
	return fd;
}

static int exists(const char *path, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_EXISTS,
			     "'%s' exists and is not overwritten; name another "
			     "file",
			     path);
}

int sbk_os_new_file_path(const char *path, char *out, struct sbk_error *err)
{
	char link[64], directory[SBK_PATH_MAX];
	const char *name;
	struct stat st;
	ssize_t size;
	int fd = open_holder(path, &name, err), rc = 0;

	if (fd < 0)
		return fd;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, directory, sizeof(directory));
	if (size < 0)
		rc = sbk_error_set_errno(err, errno, "resolving '%s'", path);
	else if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		rc = exists(path, err);
	else if (errno != ENOENT)
		rc = sbk_error_set_errno(err, errno, "'%s'", path);
	else if (snprintf(out, SBK_PATH_MAX, "%.*s/%s",
			  size == 1 ? 0 : (int)size, directory,
			  name) >= SBK_PATH_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "'%s' is longer than %d bytes", path,
				   SBK_PATH_MAX - 1);
	(void)close(fd); /* a directory: nothing was written */
	return rc;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Fills the open file; 0 or an errno. */
static int fill(int fd, const void *data, size_t size,
		const struct sbk_person *owner, bool confidential)
{
	int os_code = write_all(fd, data, size);

	if (os_code != 0)
		return os_code;
	if (geteuid() == 0 && fchown(fd, owner->uid, owner->gid) < 0)
		return errno;
	if (fchmod(fd, confidential ? 0600 : 0644) < 0 || fsync(fd) < 0)
		return errno;
	return 0;
}

/* Gives the nameless file its name; 0 or an errno. */
static int name_it(int file, int directory, const char *name)
{
	char link[64];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	if (linkat(AT_FDCWD, link, directory, name, AT_SYMLINK_FOLLOW) < 0)
		return errno;
	return 0;
}

/* Where files without a name are not known: the name comes first, and goes
 * again when the rest fails. */
static int make_named(int directory, const char *name, const void *data,
		      size_t size, const struct sbk_person *owner,
		      bool confidential)
{
	int fd = openat(directory, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	int os_code;

	if (fd < 0)
		return errno;
	os_code = fill(fd, data, size, owner, confidential);
	(void)close(fd); /* flushed */
	if (os_code != 0)
		(void)unlinkat(directory, name, 0); /* os_code is reported */
	return os_code;
}

static int make_file(int directory, const char *name, const void *data,
		     size_t size, const struct sbk_person *owner,
		     bool confidential)
{
	int fd = openat(directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	int os_code;

	if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return errno;
	if (fd < 0)
		return make_named(directory, name, data, size, owner,
				  confidential);
	os_code = fill(fd, data, size, owner, confidential);
	if (os_code == 0)
		os_code = name_it(fd, directory, name);
	(void)close(fd); /* flushed */
	return os_code;
}

int sbk_os_new_file(const char *path, const void *data, size_t size,
		    const struct sbk_person *owner, bool confidential,
		    struct sbk_error *err)
{
	const char *name;
	int fd = open_holder(path, &name, err), os_code;

	if (fd < 0)
		return fd;
	os_code = make_file(fd, name, data, size, owner, confidential);
	if (os_code == 0 && fsync(fd) < 0)
		os_code = errno;
	(void)close(fd); /* flushed */
	if (os_code == EEXIST)
		return exists(path, err);
	if (os_code != 0)
		return sbk_error_set_errno(err, os_code, "writing '%s'", path);
	return 0;
}
