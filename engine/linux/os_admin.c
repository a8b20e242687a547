/*
 * What an administrator's uninstall needs of the system beside errands: ending
 * the accounts' processes, and putting the certificate where the caller wants
 * it.
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
#include "engine/linux/fd.h"
#include "engine/linux/listing.h"
#include "engine/linux/processes.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

bool sbk_os_older(const char *path, const char *than)
{
	struct statx object, directory;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
		  STATX_CTIME, &object) < 0 ||
	    statx(AT_FDCWD, than, AT_SYMLINK_NOFOLLOW, STATX_BTIME,
		  &directory) < 0 ||
	    (object.stx_mask & STATX_CTIME) == 0 ||
	    (directory.stx_mask & STATX_BTIME) == 0)
		return false;
	/* Nobody but root can set these two, by setting the clock. */
	if (object.stx_ctime.tv_sec != directory.stx_btime.tv_sec)
		return object.stx_ctime.tv_sec < directory.stx_btime.tv_sec;
	return object.stx_ctime.tv_nsec < directory.stx_btime.tv_nsec;
}

unsigned sbk_os_reach_begin(void)
{
	return 0;
}

int sbk_os_reach_end(unsigned begun, struct sbk_error *err)
{
	(void)begun;
	(void)err;
	return 0;
}

int sbk_os_end_processes(const char *principal, size_t *ended,
			 struct sbk_error *err)
{
	struct sbk_principal_id id;
	int rc;

	*ended = 0;
	rc = sbk_principal_parse(principal, &id, err);
	if (rc < 0 || id.is_group)
		return rc;
	rc = sbk_processes_count(id.number, ended, err);
	if (rc == 0 && *ended > 0)
		rc = sbk_processes_end(id.number, err);
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
	if (**name == '\0' || sbk_is_dots(*name))
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

struct sbk_new_file {
	int directory;
	char path[SBK_PATH_MAX]; /* its name is the last part */
};

static const char *name_in(const struct sbk_new_file *file)
{
	return strrchr(file->path, '/') + 1;
}

/* Fills in the path by which the open directory goes now. */
static int find_path(struct sbk_new_file *file, const char *name,
		     const char *asked, struct sbk_error *err)
{
	char link[64], directory[SBK_PATH_MAX];
	struct stat st;
	ssize_t size;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file->directory);
	size = readlink(link, directory, sizeof(directory));
	if (size < 0)
		return sbk_error_set_errno(err, errno, "resolving '%s'", asked);
	if (snprintf(file->path, sizeof(file->path), "%.*s/%s",
		     size == 1 ? 0 : (int)size, directory,
		     name) >= (int)sizeof(file->path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "'%s' is longer than %d bytes", asked,
				     SBK_PATH_MAX - 1);
	if (fstatat(file->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return exists(asked, err);
	if (errno != ENOENT)
		return sbk_error_set_errno(err, errno, "'%s'", asked);
	return 0;
}

int sbk_os_new_file_prepare(const char *path, struct sbk_new_file **out,
			    struct sbk_error *err)
{
	struct sbk_new_file *file = calloc(1, sizeof(*file));
	const char *name;
	int rc;

	if (file == NULL)
		return sbk_error_no_memory(err);
	rc = file->directory = open_holder(path, &name, err);
	if (rc >= 0)
		rc = find_path(file, name, path, err);
	if (rc < 0) {
		sbk_os_new_file_free(file);
		return rc;
	}
	*out = file;
	return 0;
}

const char *sbk_os_new_file_path(const struct sbk_new_file *file)
{
	return file->path;
}

void sbk_os_new_file_free(struct sbk_new_file *file)
{
	if (file == NULL)
		return;
	if (file->directory >= 0)
		(void)close(file->directory); /* nothing was written to it */
	free(file);
}

/* Fills the open file; 0 or an errno. `owner` NULL: it stays the caller's. */
static int fill(int fd, const void *data, size_t size,
		const struct sbk_person *owner, bool confidential)
{
	int os_code = sbk_fd_write_all(fd, data, size);

	if (os_code != 0)
		return os_code;
	if (owner != NULL && fchown(fd, owner->uid, owner->gid) < 0)
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

int sbk_os_new_file_make(const struct sbk_new_file *file, const void *data,
			 size_t size, const struct sbk_person *owner,
			 bool confidential, struct sbk_error *err)
{
	struct stat st;
	int os_code;

	if (fstat(file->directory, &st) < 0)
		return sbk_error_set_errno(err, errno, "'%s'", file->path);
	if (geteuid() != 0 || st.st_uid != owner->uid)
		owner = NULL;
	os_code = make_file(file->directory, name_in(file), data, size, owner,
			    confidential);
	if (os_code == 0 && fsync(file->directory) < 0)
		os_code = errno;
	if (os_code == EEXIST)
		return exists(file->path, err);
	if (os_code != 0)
		return sbk_error_set_errno(err, os_code, "writing '%s'",
					   file->path);
	return 0;
}
