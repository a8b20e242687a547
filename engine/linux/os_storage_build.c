/*
 * The making of a directory for our own records, with the parents that are
 * missing: complete under a name of ours, then renamed into place. Owns the
 * lock of who builds, and how a building takes over the parents of a removal
 * that has not ended.
 *
 * A removal marks, before the directory goes, where the parents begin that
 * were made for it (os_storage_remove.c). So whoever finds no directory and no
 * such mark knows that the parents that are there are somebody's; and who
 * finds a mark builds with the marked directory's lock, under which alone a
 * mark goes, and counts the parents as made for what he builds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/os_storage.h"

#include "engine/banned.h"

#define BUILD_WAIT_MS 5000 /* for another process that is building */

/* Still the directory of that name, or did its holder take it away? */
static bool is_at(int fd, int at, const char *name)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 &&
	       fstatat(at, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* One try: the descriptor that holds the lock, or BUSY. */
static int try_lock(int at, struct sbk_error *err)
{
	int fd, os_code;

	if (mkdirat(at, SBK_STORE_BUILDING, 0700) < 0 && errno != EEXIST)
		return sbk_error_set_errno(err, errno,
					   "cannot make the directory '%s'",
					   SBK_STORE_BUILDING);
	fd = openat(at, SBK_STORE_BUILDING,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return SBK_E_BUSY; /* its holder was done just now */
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "cannot open '%s'",
					   SBK_STORE_BUILDING);
	os_code = flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
	if (os_code == 0 && is_at(fd, at, SBK_STORE_BUILDING))
		return fd;
	(void)close(fd); /* a directory: nothing was written */
	if (os_code == 0 || os_code == EWOULDBLOCK || os_code == EINTR)
		return SBK_E_BUSY;
	return sbk_error_set_errno(
		err, os_code == ENOLCK ? EOPNOTSUPP : os_code,
		"cannot lock the directory '%s'", SBK_STORE_BUILDING);
}

int sbk_store_building_lock(int at, const struct sbk_store_place *place,
			    struct sbk_error *err)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	int waited, fd;

	for (waited = 0; (fd = try_lock(at, err)) == SBK_E_BUSY; waited += 20) {
		if (waited >= BUILD_WAIT_MS)
			return sbk_error_set(err, SBK_E_BUSY,
					     "another process is making '%s'",
					     place->directory);
		(void)nanosleep(&pause, NULL); /* cut short: looks sooner */
	}
	return fd;
}

void sbk_store_building_unlock(int at, int lock)
{
	/* Left behind it is empty; the next one takes it over, and
	 * sbk_store_remove takes it away. */
	(void)unlinkat(at, SBK_STORE_BUILDING, AT_REMOVEDIR);
	(void)close(lock); /* a directory: nothing was written */
}

/* The names of the chain, deepest first. */
int sbk_store_building_clear(int at, char *const *names, size_t count,
			     struct sbk_error *err)
{
	char path[SBK_PATH_MAX] = SBK_STORE_NEW;
	size_t depth, i;

	for (depth = count; depth > 0; depth--) {
		size_t used = strlen(SBK_STORE_NEW);

		for (i = 1; i < depth; i++)
			used += (size_t)snprintf(path + used,
						 sizeof(path) - used, "/%s",
						 names[i]);
		if (depth == count) {
			(void)snprintf(path + used, sizeof(path) - used,
				       "/" SBK_STORE_MADE);
			/* Missing in most cases; rmdir tells otherwise. */
			(void)unlinkat(at, path, 0);
		}
		path[used] = '\0';
		if (unlinkat(at, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return sbk_error_set_errno(err, errno,
						   "cannot remove the "
						   "unfinished '%s'",
						   path);
	}
	return 0;
}

/* Remembers in the new directory how many parents were made with it. */
static int write_made(int fd, size_t parents, struct sbk_error *err)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%zu\n", parents);
	int file, os_code, rc = 0;

	if (parents == 0)
		return 0;
	file = openat(fd, SBK_STORE_MADE,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (file < 0)
		return sbk_error_set_errno(err, errno, "cannot make '%s'",
					   SBK_STORE_MADE);
	os_code = sbk_fd_write_all(file, text, (size_t)size);
	if (os_code == 0 && fsync(file) < 0)
		os_code = errno;
	if (os_code != 0)
		rc = sbk_error_set_errno(err, os_code, "cannot write '%s'",
					 SBK_STORE_MADE);
	(void)close(file); /* flushed above; nothing more to learn */
	return rc;
}

/* Makes one directory in `at`, private, and steps into it. */
static int make_step(int at, const char *name, struct sbk_error *err)
{
	int fd;

	if (mkdirat(at, name, 0700) < 0)
		return sbk_error_set_errno(
			err, errno, "cannot make the directory '%s'", name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "cannot open '%s'",
					   name);
	return fd;
}

/*
 * Where a filesystem writes anew what is overwritten (btrfs), SQLite's shared
 * memory takes room whenever it is written, and without room that is SIGBUS.
 * Files that are made in here are overwritten in place.
 */
static void overwrite_in_place(int fd)
{
	struct statfs fs;
	int flags = 0;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != BTRFS_SUPER_MAGIC ||
	    ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags |= FS_NOCOW_FL;
	/* Without it only a full volume is worse off. */
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int finish_directory(int fd, const struct sbk_store_place *place,
			    size_t parents, struct sbk_error *err)
{
	int rc;

	overwrite_in_place(fd);
	rc = write_made(fd, parents, err);
	if (rc < 0)
		return rc;
	if (fchmod(fd, sbk_store_mode(place->shared)) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set the mode of '%s'",
					   place->directory);
	return sbk_fd_flush(fd, place->directory, err);
}

static int build_chain(int at, char *const *names, size_t count, size_t parents,
		       const struct sbk_store_place *place,
		       struct sbk_error *err)
{
	int fd = make_step(at, SBK_STORE_NEW, err), rc;
	size_t i;

	for (i = 1; fd >= 0 && i < count; i++) {
		int next;

		if (fchmod(fd, 0700) < 0) /* whatever umask said */
			next = sbk_error_set_errno(err, errno,
						   "cannot set a mode");
		else
			next = make_step(fd, names[i], err);
		/* Its name in there, before the whole gets one. */
		if (next >= 0 && fsync(fd) < 0) {
			int os_code = errno;

			(void)close(next); /* an empty directory */
			next = sbk_error_set_errno(err, os_code,
						   "cannot make '%s' durable",
						   names[i]);
		}
		(void)close(fd); /* flushed */
		fd = next;
	}
	if (fd < 0)
		return fd;
	rc = finish_directory(fd, place, parents, err);
	(void)close(fd); /* flushed */
	return rc;
}

/* Puts the chain into place; SBK_E_EXISTS when somebody was faster. */
static int place_chain(int at, const char *name, struct sbk_error *err)
{
	int rc = renameat2(at, SBK_STORE_NEW, at, name, RENAME_NOREPLACE);
	int os_code = errno;

	/* A filesystem without the flag: rename() replaces at most an empty
	 * directory, and only when one appeared since we looked. */
	if (rc < 0 && (os_code == EINVAL || os_code == ENOSYS)) {
		rc = renameat(at, SBK_STORE_NEW, at, name);
		os_code = errno;
	}
	if (rc < 0)
		return sbk_error_set_errno(err, os_code,
					   "cannot put '%s' into place", name);
	return sbk_fd_flush(at, name, err);
}

/* The chain of these names in `at`, as the last of those directories for which
 * `parents` were made. */
static int build(int at, char *const *names, size_t count, size_t parents,
		 const struct sbk_store_place *place, struct sbk_error *err)
{
	struct sbk_error ignored = SBK_ERROR_INIT;
	int rc = sbk_store_building_clear(at, names, count, err);

	if (rc == 0)
		rc = build_chain(at, names, count, parents, place, err);
	if (rc == 0)
		rc = place_chain(at, names[0], err);
	if (rc < 0) {
		/* The first failure is the one to report. */
		(void)sbk_store_building_clear(at, names, count, &ignored);
		(void)sbk_error_prefix(err, "cannot create '%s'",
				       place->directory);
	}
	return rc;
}

/* --- taking over -------------------------------------------------------- */

bool sbk_store_has_entry(int at, const char *name)
{
	struct stat st;

	/* What cannot be examined was not made by us either. */
	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int sbk_store_unmark(int at, const struct sbk_store_place *place,
		     struct sbk_error *err)
{
	if ((unlinkat(at, SBK_STORE_REMOVED, AT_REMOVEDIR) < 0 &&
	     errno != ENOENT) ||
	    fsync(at) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot end the removal of '%s'",
					   place->directory);
	return 0;
}

/* With how many names the directory begins in which a removal is marked, at
 * most `depth`; without any, `depth`. */
static size_t first_made(const struct sbk_store_parts *parts, size_t depth,
			 const struct sbk_store_place *place)
{
	bool marked = false;
	size_t first;

	for (first = 0; first < depth; first++) {
		int at = sbk_store_open_at(parts, first, place, NULL);

		if (at < 0)
			break; /* gone meanwhile: the building sees it */
		marked = sbk_store_has_entry(at, SBK_STORE_REMOVED);
		(void)close(at); /* a directory: only looked at */
		if (marked)
			return first;
	}
	return depth;
}

/* With the lock of `at`, the directory of the first `depth` names. */
static int build_locked(int at, size_t depth, size_t first,
			const struct sbk_store_parts *parts,
			const struct sbk_store_place *place,
			struct sbk_error *err)
{
	int base = sbk_store_base(parts, err), fd, rc;
	size_t now = 0;

	if (base < 0)
		return base;
	fd = sbk_store_walk(base, parts, place, &now, err);
	(void)close(base); /* only looked at */
	if (fd < 0)
		return fd;
	(void)close(fd); /* a directory: only looked at */
	if (now != depth || first_made(parts, depth, place) != first)
		return 1;
	rc = build(at, parts->names + depth, parts->count - depth,
		   parts->count - 1 - first, place, err);
	return rc < 0 || first < depth ? rc : sbk_store_unmark(at, place, err);
}

/* With the lock of the directory where parents begin that are being removed,
 * `first` names from the base. */
static int build_over(int at, size_t depth, size_t first,
		      const struct sbk_store_parts *parts,
		      const struct sbk_store_place *place,
		      struct sbk_error *err)
{
	int fd = sbk_store_open_at(parts, depth, place, err), lock, rc;

	if (fd == SBK_E_NOTFOUND)
		return 1; /* the removal was faster */
	if (fd < 0)
		return fd;
	lock = sbk_store_building_lock(fd, place, err);
	rc = lock;
	if (lock >= 0) {
		rc = build_locked(fd, depth, first, parts, place, err);
		sbk_store_building_unlock(fd, lock);
	}
	(void)close(fd); /* flushed */
	if (lock == SBK_E_NOTFOUND)
		return 1;
	return rc == 0 ? sbk_store_unmark(at, place, err) : rc;
}

int sbk_store_build(const struct sbk_store_parts *parts, size_t depth,
		    const struct sbk_store_place *place, struct sbk_error *err)
{
	size_t first = first_made(parts, depth, place);
	int at = sbk_store_open_at(parts, first, place, err), lock, rc;

	if (at == SBK_E_NOTFOUND)
		return 1;
	if (at < 0)
		return at;
	lock = sbk_store_building_lock(at, place, err);
	rc = lock;
	if (lock >= 0) {
		rc = (first < depth ? build_over : build_locked)(
			at, depth, first, parts, place, err);
		sbk_store_building_unlock(at, lock);
	}
	(void)close(at); /* flushed */
	return lock == SBK_E_NOTFOUND ? 1 : rc;
}
