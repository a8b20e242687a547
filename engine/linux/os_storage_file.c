/*
 * Files of a directory for our own records: looked at, made, read, set
 * aside. Owns what makes such a file trustworthy (sbk_store_check_file);
 * follows no link.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/os_storage.h"

#include "engine/banned.h"

int sbk_store_check_file(const struct sbk_store *store, int fd,
			 const char *name, bool published, uint64_t *size,
			 struct sbk_error *err)
{
	const bool readable = published && store->shared;
	const unsigned int excess = readable ? 022 : 077;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sbk_error_set_errno(err, errno, "cannot examine '%s/%s'",
					   store->given, name);
	if (!S_ISREG(st.st_mode))
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s/%s' is no plain file; somebody put "
				     "it there in place of ours",
				     store->given, name);
	if (st.st_uid != store->owner)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s/%s' belongs to user number %u and "
				     "not to %u; it is not believed",
				     store->given, name,
				     (unsigned int)st.st_uid,
				     (unsigned int)store->owner);
	if ((st.st_mode & excess) != 0)
		return sbk_error_set(
			err, SBK_E_DENIED,
			"'%s/%s' has mode %04o, which lets others "
			"in; after looking who changed it: chmod "
			"%04o '%s/%s'",
			store->given, name, (unsigned int)st.st_mode & 07777,
			readable ? 0644U : 0600U, store->given, name);
	*size = (uint64_t)st.st_size;
	return 0;
}

static int open_file(const struct sbk_store *store, const char *name, int flags,
		     struct sbk_error *err)
{
	/* Without blocking: a FIFO in the file's place must not stop us. */
	int fd = openat(store->fd, name,
			flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int os_code = errno;

	if (fd >= 0)
		return fd;
	if (os_code == ELOOP)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s/%s' is a link; somebody put it there "
				     "in place of ours",
				     store->given, name);
	return sbk_error_set_errno(err, os_code, "cannot open '%s/%s'",
				   store->given, name);
}

int sbk_store_look(const struct sbk_store *store, const char *name,
		   bool published, uint64_t *size, struct sbk_error *err)
{
	/* O_PATH: who may not read the file may still ask about it. */
	int fd = open_file(store, name, O_PATH, err), rc;

	if (fd < 0)
		return fd;
	rc = sbk_store_check_file(store, fd, name, published, size, err);
	(void)close(fd); /* only looked at */
	return rc;
}

int sbk_store_make(const struct sbk_store *store, const char *name,
		   bool published, struct sbk_error *err)
{
	int fd = openat(store->fd, name,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	int rc = 0;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "cannot make '%s/%s'",
					   store->given, name);
	/* fchmod, since umask has its say in the mode given to openat. */
	if (fchmod(fd, published ? 0644 : 0600) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot set the mode of '%s/%s'",
					 store->given, name);
	(void)close(fd); /* empty */
	return rc;
}

/* 0, or the errno. */
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
	return fsync(fd) < 0 ? errno : 0;
}

int sbk_store_write(const struct sbk_store *store, const char *name,
		    const void *data, size_t size, struct sbk_error *err)
{
	int rc = sbk_store_make(store, name, false, err), fd, os_code;

	if (rc < 0)
		return rc;
	fd = open_file(store, name, O_WRONLY, err);
	if (fd < 0)
		return fd;
	os_code = write_all(fd, data, size);
	(void)close(fd); /* flushed */
	/* Its name, too: whoever relies on it finds it after a power cut. */
	if (os_code == 0 && fsync(store->fd) < 0)
		os_code = errno;
	if (os_code == 0)
		return 0;
	rc = sbk_error_set_errno(err, os_code, "cannot write '%s/%s'",
				 store->given, name);
	/* A part of it is none; the error is reported. */
	(void)unlinkat(store->fd, name, 0);
	return rc;
}

int sbk_store_read(const struct sbk_store *store, const char *name,
		   uint64_t offset, void *data, size_t size, size_t *got,
		   struct sbk_error *err)
{
	int fd = open_file(store, name, O_RDONLY, err);
	size_t used = 0;
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	while (used < size) {
		n = pread(fd, (char *)data + used, size - used,
			  (off_t)(offset + used));
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	if (n < 0)
		(void)sbk_error_set_errno(err, errno, "cannot read '%s/%s'",
					  store->given, name);
	(void)close(fd); /* only read */
	*got = used;
	return n < 0 ? SBK_E_IO : 0;
}

int sbk_store_rename(const struct sbk_store *store, const char *from,
		     const char *to, struct sbk_error *err)
{
	int rc = renameat2(store->fd, from, store->fd, to, RENAME_NOREPLACE);
	int os_code = errno;

	/* A filesystem without the flag. The caller holds the lock, so that
	 * nobody of ours can make the target in between. */
	if (rc < 0 && (os_code == EINVAL || os_code == ENOSYS)) {
		if (faccessat(store->fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return sbk_error_set(err, SBK_E_EXISTS,
					     "'%s/%s' exists", store->given,
					     to);
		rc = renameat(store->fd, from, store->fd, to);
		os_code = errno;
	}
	if (rc < 0)
		return sbk_error_set_errno(err, os_code,
					   "cannot rename '%s/%s' to '%s'",
					   store->given, from, to);
	return sbk_fd_flush(store->fd, store->given, err);
}

static int flush_file(const struct sbk_store *store, const char *name,
		      struct sbk_error *err)
{
	int fd = open_file(store, name, O_RDONLY, err);
	int rc = 0;

	if (fd < 0)
		return fd;
	if (fsync(fd) < 0)
		rc = sbk_error_set_errno(err, errno, "cannot flush '%s/%s'",
					 store->given, name);
	(void)close(fd); /* only flushed */
	return rc;
}

int sbk_store_replace(const struct sbk_store *store, const char *from,
		      const char *to, struct sbk_error *err)
{
	int rc = flush_file(store, from, err);

	if (rc < 0)
		return rc;
	if (renameat(store->fd, from, store->fd, to) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot rename '%s/%s' to '%s'",
					   store->given, from, to);
	return sbk_fd_flush(store->fd, store->given, err);
}

int sbk_store_unlink(const struct sbk_store *store, const char *name,
		     struct sbk_error *err)
{
	if (unlinkat(store->fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return sbk_error_set_errno(err, errno, "cannot remove '%s/%s'",
				   store->given, name);
}

/* Grows or shrinks; on failure what was there before stays. */
static int allocate(const struct sbk_store *store, int fd, const char *name,
		    uint64_t old, uint64_t size, struct sbk_error *err)
{
	int os_code = 0;

	if (size > old)
		os_code = posix_fallocate(fd, 0, (off_t)size);
	else if (ftruncate(fd, (off_t)size) < 0)
		os_code = errno;
	if (os_code == 0 && fdatasync(fd) < 0)
		os_code = errno;
	if (os_code == 0)
		return 0;
	/* A half grown file would be counted as a whole one. */
	if (ftruncate(fd, (off_t)old) < 0)
		os_code = errno;
	if (os_code == ENOSPC || os_code == EDQUOT || os_code == EFBIG)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the volume of '%s' has no room for %llu "
				     "bytes; free some space and try again",
				     store->given, (unsigned long long)size);
	return sbk_error_set_errno(err, os_code, "cannot set aside '%s/%s'",
				   store->given, name);
}

int sbk_store_allocate(const struct sbk_store *store, const char *name,
		       uint64_t size, struct sbk_error *err)
{
	int fd = openat(store->fd, name,
			O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	uint64_t old = 0;
	int os_code = errno, rc;

	if (fd < 0 && (os_code == ENOSPC || os_code == EDQUOT))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the volume of '%s' is full; free some "
				     "space and try again",
				     store->given);
	if (fd < 0)
		return sbk_error_set_errno(err, os_code, "cannot open '%s/%s'",
					   store->given, name);
	rc = sbk_store_check_file(store, fd, name, false, &old, err);
	if (rc == 0 && old != size)
		rc = allocate(store, fd, name, old, size, err);
	(void)close(fd); /* flushed where it changed */
	return rc;
}

int sbk_store_provide(void *data, size_t size, struct sbk_error *err)
{
	/* Any other failure is of a system, or of a mapping, that cannot tell:
	 * then it is as it was before this was asked. */
	if (madvise(data, size, MADV_POPULATE_WRITE) < 0 && errno == EFAULT)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the volume has no room for what is to be "
				     "written");
	return 0;
}
