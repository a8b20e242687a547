/*
 * The calls of the C library, by which the files below disk_plan.root come to
 * the disk of disk.h, each of which can fail, or do half of what was asked.
 */
#undef _FORTIFY_SOURCE /* these are the functions themselves */
#include "tests/support/disk_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "engine/banned.h"

/* Whether this call is the one to fail. */
static bool fails(enum disk_call call)
{
	if ((disk_plan.calls & call) == 0)
		return false;
	disk_plan.counted++;
	if (disk_plan.fail_at == 0 || disk_plan.counted < disk_plan.fail_at ||
	    (disk_plan.counted > disk_plan.fail_at && !disk_plan.stay))
		return false;
	errno = disk_plan.error;
	return true;
}

/* How much of `size` bytes is done; 0: it fails with an error. */
static size_t part_of(enum disk_call call, size_t size)
{
	if (!fails(call))
		return size;
	if (disk_plan.error != 0)
		return 0;
	return size > 1 ? size / 2 : size;
}

/* Names as the linker has them: these are not to be what the headers say. */
#define CALL(type, name, ...)                         \
	type disk_##name(__VA_ARGS__) __asm__(#name); \
	type disk_##name(__VA_ARGS__)

static int opened(int at, const char *name, int flags, mode_t mode)
{
	struct disk_entry *entry = NULL;
	struct stat st;
	bool there;
	int fd;

	if (!disk_has_name(at, name))
		return (int)DISK_REAL(openat, at, name, flags, mode);
	there = DISK_REAL(newfstatat, at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if ((flags & O_PATH) == 0 &&
	    fails((flags & O_CREAT) != 0 && !there ? DISK_NAME : DISK_OPEN) &&
	    disk_plan.error != 0)
		return -1;
	if ((flags & O_CREAT) != 0 && !there)
		entry = disk_new_entry(DISK_MADE, at, name);
	if (there && (flags & O_TRUNC) != 0) {
		fd = (int)DISK_REAL(openat, at, name, O_RDWR | O_CLOEXEC, 0);
		disk_know_file(fd);
		disk_note_write(fd, NULL, 0, 0);
	}
	fd = (int)DISK_REAL(openat, at, name, flags, mode);
	if (entry != NULL)
		(void)disk_keep_entry(fd);
	if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY)
		disk_know_file(fd);
	return fd;
}

static mode_t mode_in(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                          \
	CALL(int, name, const char *path, int flags, ...)   \
	{                                                   \
		va_list args;                               \
		mode_t mode;                                \
                                                            \
		va_start(args, flags);                      \
		mode = mode_in(flags, args);                \
		va_end(args);                               \
		return opened(AT_FDCWD, path, flags, mode); \
	}
#define OPENAT(name)                                              \
	CALL(int, name, int at, const char *path, int flags, ...) \
	{                                                         \
		va_list args;                                     \
		mode_t mode;                                      \
                                                                  \
		va_start(args, flags);                            \
		mode = mode_in(flags, args);                      \
		va_end(args);                                     \
		return opened(at, path, flags, mode);             \
	}
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)

static ssize_t read_at(int fd, void *data, size_t size, off_t at, bool here)
{
	if (disk_has(fd)) {
		size = part_of(DISK_READ, size);
		if (size == 0)
			return -1;
	}
	return here ? DISK_REAL(read, fd, data, size)
		    : DISK_REAL(pread64, fd, data, size, at);
}

CALL(ssize_t, read, int fd, void *data, size_t size)
{
	return read_at(fd, data, size, 0, true);
}

CALL(ssize_t, __read_chk, int fd, void *data, size_t size, size_t room)
{
	(void)room;
	return read_at(fd, data, size, 0, true);
}

CALL(ssize_t, pread, int fd, void *data, size_t size, off_t at)
{
	return read_at(fd, data, size, at, false);
}

CALL(ssize_t, pread64, int fd, void *data, size_t size, off_t at)
{
	return read_at(fd, data, size, at, false);
}

CALL(ssize_t, __pread_chk, int fd, void *data, size_t size, off_t at,
     size_t room)
{
	(void)room;
	return read_at(fd, data, size, at, false);
}

CALL(ssize_t, __pread64_chk, int fd, void *data, size_t size, off_t at,
     size_t room)
{
	(void)room;
	return read_at(fd, data, size, at, false);
}

static ssize_t write_at(int fd, const void *data, size_t size, off_t at)
{
	ssize_t done;

	if (disk_has(fd)) {
		size = part_of(DISK_WRITE, size);
		if (size == 0)
			return -1;
	}
	done = DISK_REAL(pwrite64, fd, data, size, at);
	if (done > 0 && disk_has(fd))
		disk_note_write(fd, data, (size_t)done, (uint64_t)at);
	return done;
}

CALL(ssize_t, pwrite, int fd, const void *data, size_t size, off_t at)
{
	return write_at(fd, data, size, at);
}

CALL(ssize_t, pwrite64, int fd, const void *data, size_t size, off_t at)
{
	return write_at(fd, data, size, at);
}

CALL(ssize_t, write, int fd, const void *data, size_t size)
{
	ssize_t done;
	off_t at;

	if (!disk_has(fd))
		return DISK_REAL(write, fd, data, size);
	at = (off_t)DISK_REAL(lseek, fd, 0L, SEEK_CUR);
	done = write_at(fd, data, size, at);
	if (done > 0)
		(void)DISK_REAL(lseek, fd, at + done, SEEK_SET);
	return done;
}

static int resized(int fd, off_t size)
{
	if (disk_has(fd) && fails(DISK_WRITE) && disk_plan.error != 0)
		return -1;
	if (DISK_REAL(ftruncate, fd, size) < 0)
		return -1;
	if (disk_has(fd))
		disk_note_write(fd, NULL, 0, (uint64_t)size);
	return 0;
}

CALL(int, ftruncate, int fd, off_t size)
{
	return resized(fd, size);
}

CALL(int, ftruncate64, int fd, off_t size)
{
	return resized(fd, size);
}

/* Gives an error number, and only grows. */
static int allocated(int fd, off_t at, off_t size)
{
	struct stat st;

	if (disk_has(fd) && fails(DISK_WRITE) && disk_plan.error != 0)
		return disk_plan.error;
	if (fstat(fd, &st) < 0 || DISK_REAL(fallocate, fd, 0, at, size) < 0)
		return errno;
	if (disk_has(fd) && at + size > st.st_size)
		disk_note_write(fd, NULL, 0, (uint64_t)(at + size));
	return 0;
}

CALL(int, posix_fallocate, int fd, off_t at, off_t size)
{
	return allocated(fd, at, size);
}

CALL(int, posix_fallocate64, int fd, off_t at, off_t size)
{
	return allocated(fd, at, size);
}

static int synced(int fd)
{
	if (!disk_has(fd))
		return (int)DISK_REAL(fsync, fd);
	if (fails(DISK_SYNC) && disk_plan.error != 0)
		return -1;
	if (++disk_plan.syncs == disk_plan.cut_at)
		disk_cut();
	disk_reach(fd);
	return 0;
}

CALL(int, fsync, int fd)
{
	return synced(fd);
}

CALL(int, fdatasync, int fd)
{
	return synced(fd);
}

static int made(int at, const char *name, mode_t mode)
{
	struct disk_entry *entry;

	if (!disk_has_name(at, name))
		return (int)DISK_REAL(mkdirat, at, name, mode);
	if (fails(DISK_NAME) && disk_plan.error != 0)
		return -1;
	entry = disk_new_entry(DISK_MADE, at, name);
	entry->is_directory = true;
	return (int)disk_keep_entry(DISK_REAL(mkdirat, at, name, mode));
}

CALL(int, mkdir, const char *name, mode_t mode)
{
	return made(AT_FDCWD, name, mode);
}

CALL(int, mkdirat, int at, const char *name, mode_t mode)
{
	return made(at, name, mode);
}

static int removed(int at, const char *name, int flags)
{
	struct disk_entry *entry;
	long result;

	if (!disk_has_name(at, name))
		return (int)DISK_REAL(unlinkat, at, name, flags);
	if (fails(DISK_NAME) && disk_plan.error != 0)
		return -1;
	entry = disk_new_entry(DISK_REMOVED, at, name);
	disk_save(entry, entry->name);
	result = DISK_REAL(unlinkat, at, name, flags);
	return (int)disk_keep_entry(result);
}

CALL(int, unlink, const char *name)
{
	return removed(AT_FDCWD, name, 0);
}

CALL(int, rmdir, const char *name)
{
	return removed(AT_FDCWD, name, AT_REMOVEDIR);
}

CALL(int, unlinkat, int at, const char *name, int flags)
{
	return removed(at, name, flags);
}

/* Within one directory, as all of ours are. */
static int moved(int at, const char *from, int to_at, const char *to,
		 unsigned int flags)
{
	struct disk_entry *entry;
	const char *last;

	if (!disk_has_name(at, from))
		return (int)DISK_REAL(renameat2, at, from, to_at, to, flags);
	if (fails(DISK_NAME) && disk_plan.error != 0)
		return -1;
	entry = disk_new_entry(DISK_MOVED, at, from);
	if (disk_know_directory(to_at, to, &last) != entry->directory)
		DISK_GIVE_UP();
	(void)snprintf(entry->to, sizeof(entry->to), "%s", last);
	if ((flags & RENAME_NOREPLACE) == 0)
		disk_save(entry, entry->to);
	return (int)disk_keep_entry(
		DISK_REAL(renameat2, at, from, to_at, to, flags));
}

CALL(int, rename, const char *from, const char *to)
{
	return moved(AT_FDCWD, from, AT_FDCWD, to, 0);
}

CALL(int, renameat, int at, const char *from, int to_at, const char *to)
{
	return moved(at, from, to_at, to, 0);
}

CALL(int, renameat2, int at, const char *from, int to_at, const char *to,
     unsigned int flags)
{
	return moved(at, from, to_at, to, flags);
}
