/*
 * A directory for our own records. Owns how it comes to be: built complete
 * under a name of ours and renamed into place, so that a crash leaves all or
 * nothing; refuses links below the base, foreign owners, modes that let
 * others write, and network filesystems.
 *
 * Everything is done through the directory's descriptor. The descriptor pins
 * the directory; its path is only used by SQLite, which cannot do otherwise,
 * and is safe there because nobody but the owner (or root) can change an
 * entry of a directory that passed check_directory.
 *
 * Locks stand in os_lock.c.
 */
#include "engine/os_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/os_storage.h"
#include "engine/linux/served.h"

#include "engine/banned.h"

#define BUILD_WAIT_MS 5000 /* for another process that is building */

int sbk_store_parts_split(const struct sbk_store_place *place,
			  struct sbk_store_parts *out, struct sbk_error *err)
{
	size_t size = strlen(place->directory), base = place->base;
	char *save = NULL, *name;

	if (size >= SBK_PATH_MAX - SBK_STORE_NAME_ROOM ||
	    place->directory[0] != '/' || base > size)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' cannot hold records: the path is "
				     "not absolute or too long",
				     place->directory);
	if (base == 0)
		base = (size_t)(strrchr(place->directory, '/') -
				place->directory);
	memcpy(out->base, place->directory, base);
	out->base[base] = '\0';
	if (base == 0)
		memcpy(out->base, "/", 2);
	memcpy(out->text, place->directory + base, size - base + 1);
	out->count = 0;
	for (name = strtok_r(out->text, "/", &save); name != NULL;
	     name = strtok_r(NULL, "/", &save)) {
		if (out->count == SBK_STORE_PARTS_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "'%s' has too many parts",
					     place->directory);
		out->names[out->count++] = name;
	}
	if (out->count == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' names no directory below its base",
				     place->directory);
	return 0;
}

int sbk_store_base(const struct sbk_store_parts *parts, struct sbk_error *err)
{
	int fd = open(parts->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int os_code = errno;

	/* A directory that may be searched but not listed will do to pass. */
	if (fd < 0 && os_code == EACCES) {
		fd = open(parts->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
		os_code = errno;
	}
	if (fd < 0)
		return sbk_error_set_errno(err, os_code,
					   "cannot open the directory '%s'",
					   parts->base);
	return fd;
}

/* One step down, through no link. The caller closes the new descriptor. */
static int step_down(int at, const char *name,
		     const struct sbk_store_place *place, struct sbk_error *err)
{
	int fd = openat(at, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int os_code = errno;

	if (fd >= 0)
		return fd;
	if (os_code == ELOOP || os_code == ENOTDIR)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is not used: its part '%s' is a "
				     "link or no directory; put a plain "
				     "directory there",
				     place->directory, name);
	return sbk_error_set_errno(err, os_code, "cannot open '%s' of '%s'",
				   name, place->directory);
}

static unsigned int wanted_mode(bool shared)
{
	return shared ? 0755 : 0700;
}

static int check_directory(int fd, const struct sbk_store_place *place,
			   struct sbk_error *err)
{
	struct stat st;
	unsigned int excess = place->shared ? 022 : 077;

	if (fstat(fd, &st) < 0)
		return sbk_error_set_errno(err, errno, "cannot examine '%s'",
					   place->directory);
	if (st.st_uid != place->owner)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' belongs to user number %u and not "
				     "to %u; nothing in it is believed",
				     place->directory, (unsigned int)st.st_uid,
				     (unsigned int)place->owner);
	if ((st.st_mode & excess) != 0)
		return sbk_error_set(
			err, SBK_E_DENIED,
			"'%s' has mode %04o, which lets others "
			"in; after looking who changed it: chmod "
			"%04o '%s'",
			place->directory, (unsigned int)st.st_mode & 07777,
			wanted_mode(place->shared), place->directory);
	return 0;
}

/* Where others are on other machines, no lock and no memory that processes
 * share reaches them. */
static int check_volume(int fd, const struct sbk_store_place *place,
			struct sbk_error *err)
{
	const char *name;
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return sbk_error_set_errno(err, errno, "cannot examine '%s'",
					   place->directory);
	if (sbk_served_by_magic((uint32_t)fs.f_type, &name) !=
	    SBK_SERVED_BY_MACHINE)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' is on a network filesystem (%s), whose "
			     "locks and shared memory a journal cannot rely "
			     "on; mount a local volume there",
			     place->directory, name);
}

/* --- building ----------------------------------------------------------- */

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

/*
 * The lock of who builds in `at`: on a private directory of its own, since
 * everyone who can open a directory can lock it. sbk_store_building_unlock ends
 * it.
 */
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

/* Takes away what a building that was cut short had left: the names of the
 * chain, deepest first. Everything else makes rmdir fail, and that shows. */
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
	if (fchmod(fd, wanted_mode(place->shared)) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set the mode of '%s'",
					   place->directory);
	return sbk_fd_flush(fd, place->directory, err);
}

static int build_chain(int at, char *const *names, size_t count,
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
	rc = finish_directory(fd, place, count - 1, err);
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

static int build(int at, char *const *names, size_t count,
		 const struct sbk_store_place *place, struct sbk_error *err)
{
	struct sbk_error ignored = SBK_ERROR_INIT;
	int rc = sbk_store_building_clear(at, names, count, err);

	if (rc == 0)
		rc = build_chain(at, names, count, place, err);
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

/* --- opening ------------------------------------------------------------ */

/*
 * Steps down as far as the names exist. The descriptor of the last one that
 * does, and in `depth` how many names that is. A wrong kind is an error.
 */
int sbk_store_walk(int base, const struct sbk_store_parts *parts,
		   const struct sbk_store_place *place, size_t *depth,
		   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int at = fcntl(base, F_DUPFD_CLOEXEC, 0);
	size_t i;

	if (at < 0)
		return sbk_error_set_errno(err, errno, "cannot open '%s'",
					   parts->base);
	for (i = 0; i < parts->count; i++) {
		int next = step_down(at, parts->names[i], place, &why);

		if (next == SBK_E_NOTFOUND)
			break;
		(void)close(at); /* a directory: nothing was written */
		if (next < 0) {
			if (err != NULL)
				*err = why;
			return next;
		}
		at = next;
	}
	*depth = i;
	return at;
}

/*
 * Builds what is missing below `at`, the directory of the first `depth`
 * names. 1 where others made something of it meanwhile: look again.
 */
static int build_missing(int base, int at, size_t depth,
			 const struct sbk_store_parts *parts,
			 const struct sbk_store_place *place,
			 struct sbk_error *err)
{
	int lock = sbk_store_building_lock(at, place, err), fd, rc;
	size_t now = 0;

	if (lock < 0)
		return lock;
	fd = sbk_store_walk(base, parts, place, &now, err);
	rc = fd < 0 ? fd : now != depth;
	if (fd >= 0)
		(void)close(fd); /* a directory: nothing was written */
	if (rc == 0)
		rc = build(at, parts->names + depth, parts->count - depth,
			   place, err);
	sbk_store_building_unlock(at, lock);
	return rc;
}

static int open_directory(const struct sbk_store_parts *parts,
			  const struct sbk_store_place *place, bool create,
			  struct sbk_error *err)
{
	int base = sbk_store_base(parts, err), fd = -1, rc = 0;
	size_t depth = 0;

	if (base < 0)
		return base;
	for (;;) {
		fd = sbk_store_walk(base, parts, place, &depth, err);
		if (fd < 0 || depth == parts->count)
			break;
		rc = create ? build_missing(base, fd, depth, parts, place, err)
			    : sbk_error_set(err, SBK_E_NOTFOUND,
					    "there is no directory '%s'",
					    place->directory);
		(void)close(fd); /* looked up again */
		if (rc < 0)
			break;
	}
	(void)close(base); /* only looked at */
	return rc < 0 ? rc : fd;
}

static int resolve_path(struct sbk_store *store, struct sbk_error *err)
{
	char link[64];
	ssize_t size;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", store->fd);
	size = readlink(link, store->path,
			sizeof(store->path) - SBK_STORE_NAME_ROOM);
	if (size == SBK_PATH_MAX - SBK_STORE_NAME_ROOM)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "'%s' stands for too long a path",
				     store->given);
	if (size < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot resolve '%s' (is /proc "
					   "mounted?)",
					   store->given);
	store->path[size] = '\0';
	return 0;
}

/* Root may read a user's; writing it is that user's alone. */
static int check_writer(const struct sbk_store_place *place,
			struct sbk_error *err)
{
	if (geteuid() == place->owner)
		return 0;
	return sbk_error_set(err, SBK_E_DENIED,
			     "'%s' is written by user number %u only",
			     place->directory, (unsigned int)place->owner);
}

int sbk_store_open(const struct sbk_store_place *place,
		   enum sbk_store_mode mode, struct sbk_store **out,
		   struct sbk_error *err)
{
	struct sbk_store *store = calloc(1, sizeof(*store));
	struct sbk_store_parts *parts = calloc(1, sizeof(*parts));
	int rc;

	if (store == NULL || parts == NULL) {
		rc = sbk_error_no_memory(err);
		goto out;
	}
	store->fd = -1;
	rc = sbk_store_parts_split(place, parts, err);
	if (rc == 0 && mode != SBK_STORE_READ)
		rc = check_writer(place, err);
	if (rc < 0)
		goto out;
	(void)snprintf(store->given, sizeof(store->given), "%s",
		       place->directory);
	store->owner = place->owner;
	store->shared = place->shared;
	rc = open_directory(parts, place, mode == SBK_STORE_CREATE, err);
	if (rc < 0)
		goto out;
	store->fd = rc;
	rc = check_directory(store->fd, place, err);
	if (rc == 0 && mode != SBK_STORE_READ)
		rc = check_volume(store->fd, place, err);
	if (rc == 0)
		rc = resolve_path(store, err);
	if (rc < 0)
		goto out;
	*out = store;
	store = NULL;
out:
	free(parts);
	sbk_store_close(store);
	return rc;
}

void sbk_store_close(struct sbk_store *store)
{
	if (store == NULL)
		return;
	if (store->fd >= 0)
		(void)close(store->fd); /* a directory: nothing was written */
	free(store);
}

const char *sbk_store_path(const struct sbk_store *store)
{
	return store->path;
}

bool sbk_store_is_ours(const struct sbk_store *store)
{
	return geteuid() == store->owner;
}

int sbk_store_hide(const struct sbk_store *store, struct sbk_error *err)
{
	if (fchmod(store->fd, 0700) < 0 || fsync(store->fd) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot close '%s' to others",
					   store->given);
	return 0;
}

int sbk_store_show(const struct sbk_store *store, struct sbk_error *err)
{
	if (fchmod(store->fd, wanted_mode(store->shared)) < 0 ||
	    fsync(store->fd) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set the mode of '%s'",
					   store->given);
	return 0;
}

bool sbk_store_is_hidden(const struct sbk_store *store)
{
	struct stat st;

	/* What cannot be examined is better not shown. */
	return fstat(store->fd, &st) < 0 || (st.st_mode & 077) == 0;
}

int sbk_store_made(const struct sbk_store *store, size_t *out,
		   struct sbk_error *err)
{
	char text[16] = "", *end;
	size_t got = 0;
	int rc = sbk_store_read(store, SBK_STORE_MADE, 0, text,
				sizeof(text) - 1, &got, err);

	if (rc == SBK_E_NOTFOUND)
		got = 0;
	else if (rc < 0)
		return rc;
	text[got] = '\0';
	*out = (size_t)strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || strcmp(end, "\n") != 0 ||
	    *out >= SBK_STORE_PARTS_MAX)
		*out = 0; /* not ours: then nothing is taken back either */
	return 0;
}

uint32_t sbk_os_process(void)
{
	return (uint32_t)getpid();
}
