/*
 * An account file, locked and written as shadow's tools do it. Owns the order
 * of the locks and the temporary file's name; knows no line of any file.
 *
 * Invariants:
 *  1. The file is never seen half-written: a new one is finished, flushed and
 *     renamed over it.
 *  2. What a crash leaves ("PATH.lock", "PATH.123", "PATH.sandbook") is known
 *     to leftovers.c by its name; the next writer takes the lock over: ours by
 *     its mark, another's as shadow's tools do, if its process is gone.
 *
 * Unlike those tools it leaves no copy "PATH-": there is nothing to be put
 * back afterwards.
 */
#include "engine/linux/accountfile_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/leftovers.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define ATTRIBUTES_MAX 65536 /* the kernel's for a list and for a value */

/* --- "PATH.lock" ------------------------------------------------------ */

/*
 * Behind the number and its end, where the tools no longer read. Ours are made
 * under a lock that ends with its process (program.h), so one that is found
 * under that lock was left over, whoever has its number by now: after a
 * restart, or in another PID namespace, that may be anybody.
 */
static const char mark[] = "sandbook";

/* Makes a file that holds our number, as the tools write it, and the mark. */
static int write_number(const char *path)
{
	char number[32];
	int fd, os_code, size;

	size = snprintf(number, sizeof(number), "%ld%c%s", (long)getpid(), 0,
			mark);
	/* One of this name is of a process that had our number. */
	if (unlink(path) < 0 && errno != ENOENT)
		return errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return errno;
	os_code = sbk_fd_write_all(fd, number, (size_t)size);
	if (close(fd) < 0 && os_code == 0)
		os_code = errno;
	return os_code;
}

static bool is_marked(const char *text, size_t size)
{
	size_t end = strnlen(text, size) + 1;

	return end < size && strncmp(text + end, mark, size - end) == 0;
}

/* Whether the process that made the lock may still be at work. */
static bool is_held(const char *path, long *holder)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*holder = 0;
	if (fd < 0)
		return errno != ENOENT;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	(void)close(fd); /* it was only read */
	if (is_marked(text, sizeof(text)))
		return false;
	*holder = strtol(text, NULL, 10);
	/* Not even a number: somebody else's way of locking. */
	return *holder <= 0 || kill((pid_t)*holder, 0) == 0 || errno == EPERM;
}

static int take_name(struct sbk_accountfile_lock *lock, const char *own,
		     struct sbk_error *err)
{
	int os_code, tries;
	long holder;

	for (tries = 0; tries < 2; tries++) {
		if (link(own, lock->path) == 0) {
			lock->held = true;
			return 0;
		}
		os_code = errno;
		if (os_code != EEXIST)
			return sbk_error_set_errno(err, os_code, "making '%s'",
						   lock->path);
		if (is_held(lock->path, &holder))
			return sbk_error_set(
				err, SBK_E_BUSY,
				"'%s' says that process %ld is changing the "
				"file; try again when it has ended, or remove "
				"the lock",
				lock->path, holder);
		if (unlink(lock->path) < 0 && errno != ENOENT)
			return sbk_error_set_errno(err, errno, "removing '%s'",
						   lock->path);
	}
	return sbk_error_set(err, SBK_E_BUSY,
			     "'%s' is made again and again; try again later",
			     lock->path);
}

static int lock_by_name(struct sbk_accountfile_lock *lock, const char *path,
			struct sbk_error *err)
{
	char own[sizeof(lock->path)];
	int os_code, rc;

	(void)snprintf(lock->path, sizeof(lock->path), "%s.lock", path);
	(void)snprintf(own, sizeof(own), "%s.%ld", path, (long)getpid());
	os_code = write_number(own);
	if (os_code != 0)
		rc = sbk_error_set_errno(err, os_code, "making '%s'", own);
	else
		rc = take_name(lock, own, err);
	(void)unlink(own); /* absent, or cleared as a leftover */
	return rc;
}

int sbk_accountfile_lock(struct sbk_accountfile_lock *lock, const char *path,
			 struct sbk_error *err)
{
	int rc;

	*lock = (struct sbk_accountfile_lock){.tools = -1, .files = -1};
	rc = sbk_program_lock(1, &lock->tools, err);
	if (rc == 0)
		rc = sbk_leftovers_lock(&lock->files, err);
	if (rc == 0)
		rc = lock_by_name(lock, path, err);
	if (rc < 0)
		sbk_accountfile_unlock(lock);
	return rc;
}

void sbk_accountfile_unlock(struct sbk_accountfile_lock *lock)
{
	if (lock->held)
		(void)unlink(lock->path); /* else taken over: we are gone */
	if (lock->files >= 0)
		(void)close(lock->files); /* nothing was written */
	sbk_program_unlock(lock->tools);
	*lock = (struct sbk_accountfile_lock){.tools = -1, .files = -1};
}

/* --- the file --------------------------------------------------------- */

/* 0 or an errno. */
static int copy_attribute(int from, int to, const char *name, char *value)
{
	ssize_t size = fgetxattr(from, name, value, ATTRIBUTES_MAX);

	if (size < 0)
		return errno;
	return fsetxattr(to, name, value, (size_t)size, 0) < 0 ? errno : 0;
}

/* All of them, a security label too; 0 or an errno. */
static int copy_attributes(int from, int to)
{
	char *names = malloc(ATTRIBUTES_MAX), *value = malloc(ATTRIBUTES_MAX);
	const char *name;
	ssize_t size = -1;
	int os_code = 0;

	if (names == NULL || value == NULL)
		os_code = ENOMEM;
	else
		size = flistxattr(from, names, ATTRIBUTES_MAX);
	if (os_code == 0 && size < 0)
		os_code = errno == EOPNOTSUPP ? 0 : errno;
	for (name = names; size > 0 && os_code == 0;) {
		size_t length = strlen(name) + 1;

		os_code = copy_attribute(from, to, name, value);
		name += length;
		size -= (ssize_t)length;
	}
	free(names);
	free(value);
	return os_code;
}

/* Owner, mode and attributes of the old file, where there is one. */
static int copy_access(const char *path, int to)
{
	int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st, made;
	int os_code = errno;

	if (from < 0 && os_code == ENOENT)
		return fchmod(to, 0644) < 0 ? errno : 0;
	if (from < 0)
		return os_code;
	os_code = 0;
	if (fstat(from, &st) < 0 || fstat(to, &made) < 0)
		os_code = errno;
	else if ((st.st_uid != made.st_uid || st.st_gid != made.st_gid) &&
		 fchown(to, st.st_uid, st.st_gid) < 0)
		os_code = errno;
	if (os_code == 0 && fchmod(to, st.st_mode & 07777) < 0)
		os_code = errno;
	if (os_code == 0)
		os_code = copy_attributes(from, to);
	(void)close(from); /* it was only read */
	return os_code;
}

/* The finished file under its temporary name, durable; 0 or an errno. */
static int write_temporary(const char *path, const char *temporary,
			   const struct sbk_buf *text)
{
	int fd, os_code;

	/* One that a crash left is ours by its name. */
	if (unlink(temporary) < 0 && errno != ENOENT)
		return errno;
	fd = open(temporary,
		  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	os_code = sbk_fd_write_all(fd, sbk_buf_text(text), text->size);
	if (os_code == 0)
		os_code = copy_access(path, fd);
	if (os_code == 0 && fsync(fd) < 0)
		os_code = errno;
	if (close(fd) < 0 && os_code == 0)
		os_code = errno;
	return os_code;
}

/* The new name, durable; 0 or an errno. */
static int flush_directory(void)
{
	int fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), os_code = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd) < 0)
		os_code = errno;
	(void)close(fd); /* nothing was written through it */
	return os_code;
}

int sbk_accountfile_write(const char *path, const struct sbk_buf *text,
			  struct sbk_error *err)
{
	char temporary[64];
	int os_code;

	(void)snprintf(temporary, sizeof(temporary), "%s.sandbook", path);
	os_code = write_temporary(path, temporary, text);
	if (os_code == 0 && rename(temporary, path) < 0)
		os_code = errno;
	if (os_code != 0)
		(void)unlink(temporary); /* absent, or the next writer does */
	else
		os_code = flush_directory();
	if (os_code != 0)
		return sbk_error_set_errno(err, os_code, "writing '%s'", path);
	return 0;
}
