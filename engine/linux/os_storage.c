/*
 * A directory for our own records. Owns how it is found and opened; refuses
 * links below the base, foreign owners, modes that let others write, and
 * network filesystems.
 *
 * Everything is done through the directory's descriptor. The descriptor pins
 * the directory; its path is only used by SQLite, which cannot do otherwise,
 * and is safe there because nobody but the owner (or root) can change an
 * entry of a directory that passed check_directory.
 *
 * How it comes to be stands in os_storage_build.c, how it goes in
 * os_storage_remove.c, locks in os_lock.c.
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

#define BUILD_TRIES 100 /* while others make or remove it */

uint32_t sbk_store_owner(const struct sbk_store_place *place)
{
	uint32_t number;

	return sbk_owner_number(&place->owner, &number) ? number : UINT32_MAX;
}

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

unsigned int sbk_store_mode(bool shared)
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
	if (st.st_uid != sbk_store_owner(place))
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' belongs to user number %u and not "
				     "to %s; nothing in it is believed",
				     place->directory, (unsigned int)st.st_uid,
				     place->owner.text);
	if ((st.st_mode & excess) != 0)
		return sbk_error_set(
			err, SBK_E_DENIED,
			"'%s' has mode %04o, which lets others "
			"in; after looking who changed it: chmod "
			"%04o '%s'",
			place->directory, (unsigned int)st.st_mode & 07777,
			sbk_store_mode(place->shared), place->directory);
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

/* --- opening ------------------------------------------------------------ */

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

int sbk_store_open_at(const struct sbk_store_parts *parts, size_t depth,
		      const struct sbk_store_place *place,
		      struct sbk_error *err)
{
	struct sbk_store_parts upper = *parts;
	int base = sbk_store_base(parts, err), at;
	size_t found = 0;

	if (base < 0)
		return base;
	upper.count = depth;
	memcpy(upper.names, parts->names, sizeof(upper.names));
	at = sbk_store_walk(base, &upper, place, &found, err);
	(void)close(base); /* only looked at */
	if (at < 0 || found == depth)
		return at;
	(void)close(at); /* a directory: only looked at */
	return SBK_E_NOTFOUND;
}

static int open_directory(const struct sbk_store_parts *parts,
			  const struct sbk_store_place *place, bool create,
			  struct sbk_error *err)
{
	int base = sbk_store_base(parts, err), fd, rc = 0, tries = 0;
	size_t depth = 0;

	if (base < 0)
		return base;
	for (;;) {
		fd = sbk_store_walk(base, parts, place, &depth, err);
		if (fd < 0 || depth == parts->count)
			break;
		(void)close(fd); /* a directory: only looked at */
		rc = create ? sbk_store_build(parts, depth, place, err)
			    : sbk_error_set(err, SBK_E_NOTFOUND,
					    "there is no directory '%s'",
					    place->directory);
		if (rc > 0)
			sbk_error_clear(err); /* looked at again */
		if (rc > 0 && ++tries == BUILD_TRIES)
			rc = sbk_error_set(err, SBK_E_BUSY,
					   "'%s' is made and removed by "
					   "others all the time, or cannot "
					   "be made there",
					   place->directory);
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
	if (geteuid() == sbk_store_owner(place))
		return 0;
	return sbk_error_set(err, SBK_E_DENIED,
			     "'%s' is written by user number %s only",
			     place->directory, place->owner.text);
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
	store->owner = sbk_store_owner(place);
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
	if (fchmod(store->fd, sbk_store_mode(store->shared)) < 0 ||
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
