/*
 * The removal of a directory for our own records, with the parents that were
 * made for it, and of what a making or a removal that was cut short left in
 * them. Removes nothing by name that is not ours, and directories only when
 * they are empty.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/os_storage.h"

#include "engine/banned.h"

#define REMOVAL_TRIES 100 /* while others come and go in a parent */

/* Removes the directory of the first `depth` names. 1 where it is not empty;
 * nothing there is success. */
static int remove_directory(const struct sbk_store_parts *parts, size_t depth,
			    const struct sbk_store_place *place,
			    struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int at = sbk_store_open_at(parts, depth - 1, place, &why);
	int os_code = 0;

	if (at == SBK_E_NOTFOUND)
		return 0;
	if (at < 0) {
		if (err != NULL)
			*err = why;
		return at;
	}
	if (unlinkat(at, parts->names[depth - 1], AT_REMOVEDIR) < 0)
		os_code = errno;
	if ((os_code == 0 || os_code == ENOENT) && fsync(at) < 0)
		os_code = errno;
	(void)close(at); /* flushed */
	if (os_code == 0 || os_code == ENOENT)
		return 0;
	if (os_code == ENOTEMPTY || os_code == EEXIST)
		return 1;
	return sbk_error_set_errno(err, os_code, "cannot remove '%s'",
				   place->directory);
}

static int remove_store(const struct sbk_store_parts *parts,
			const struct sbk_store_place *place,
			struct sbk_error *err)
{
	int rc = remove_directory(parts, parts->count, place, err);

	if (rc <= 0)
		return rc;
	return sbk_error_set(err, SBK_E_INCOMPLETE,
			     "'%s' stays: it holds files that are not ours",
			     place->directory);
}

/*
 * The directories that were made for this one begin in the one of the first
 * `depth` names. An empty directory in there says so while they are removed:
 * the file that says it elsewhere goes before they do. With the lock, so that
 * no building that ends just now takes the mark for the one that it saw.
 */
static int mark_removal(const struct sbk_store_parts *parts, size_t depth,
			const struct sbk_store_place *place,
			struct sbk_error *err)
{
	int at = sbk_store_open_at(parts, depth, place, err), lock, rc;

	if (at == SBK_E_NOTFOUND)
		return 0; /* another removal was faster */
	if (at < 0)
		return at;
	lock = sbk_store_building_lock(at, place, err);
	rc = lock < 0 ? lock : 0;
	if (lock >= 0 &&
	    ((mkdirat(at, SBK_STORE_REMOVED, 0700) < 0 && errno != EEXIST) ||
	     fsync(at) < 0))
		rc = sbk_error_set_errno(err, errno,
					 "cannot begin to remove '%s'",
					 place->directory);
	if (lock >= 0)
		sbk_store_building_unlock(at, lock);
	(void)close(at); /* flushed */
	return rc;
}

/* Whom the entries of a directory of the path belong to. */
enum holder { HELD_BY_NOBODY, HELD_BY_US, HELD_BY_OTHERS };

static enum holder holder_of_entry(const char *name, const char *next)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return HELD_BY_NOBODY;
	if (strcmp(name, next) == 0 || strcmp(name, SBK_STORE_NEW) == 0 ||
	    strcmp(name, SBK_STORE_BUILDING) == 0)
		return HELD_BY_US;
	return HELD_BY_OTHERS;
}

/* Of the directory of the first `depth` names; others weigh most. */
static enum holder look_who_holds(const struct sbk_store_parts *parts,
				  size_t depth,
				  const struct sbk_store_place *place)
{
	int at = sbk_store_open_at(parts, depth, place, NULL);
	DIR *dir = at < 0 ? NULL : fdopendir(at);
	enum holder most = HELD_BY_NOBODY;
	struct dirent *entry;

	if (dir == NULL) {
		if (at >= 0)
			(void)close(at); /* only looked at */
		/* Gone is empty; what cannot be listed is nothing of ours. */
		return at == SBK_E_NOTFOUND ? HELD_BY_NOBODY : HELD_BY_OTHERS;
	}
	while ((entry = readdir(dir)) != NULL) {
		enum holder holder =
			holder_of_entry(entry->d_name, parts->names[depth]);

		most = holder > most ? holder : most;
	}
	(void)closedir(dir); /* only looked at */
	return most;
}

/*
 * Removes the parents below the first `depth` names, with that directory's
 * lock. One that others use by now stays, and with it the rest. One in which
 * somebody of ours is at work, or keeps records again, stays with the mark:
 * that one ends it.
 */
static int finish_removal(const struct sbk_store_parts *parts, size_t depth,
			  int at, const struct sbk_store_place *place,
			  struct sbk_error *err)
{
	size_t i = parts->count - 1;
	int tries = REMOVAL_TRIES;

	while (i > depth) {
		int rc = remove_directory(parts, i, place, err);
		enum holder holder;

		if (rc < 0)
			return rc;
		if (rc == 0) {
			i--;
			continue;
		}
		holder = look_who_holds(parts, i, place);
		if (holder == HELD_BY_US)
			return 0;
		/* Empty by now: once more. */
		if (holder == HELD_BY_OTHERS || tries-- == 0)
			break;
	}
	return sbk_store_unmark(at, place, err);
}

/* What a building that was cut short left, its names or its lock, and what a
 * removal has marked. */
static int clear_marks(const struct sbk_store_parts *parts, size_t depth,
		       int at, const struct sbk_store_place *place,
		       struct sbk_error *err)
{
	int lock, rc;

	if (!sbk_store_has_entry(at, SBK_STORE_BUILDING) &&
	    !sbk_store_has_entry(at, SBK_STORE_NEW) &&
	    !sbk_store_has_entry(at, SBK_STORE_REMOVED))
		return 0;
	lock = sbk_store_building_lock(at, place, err);
	if (lock < 0)
		return lock;
	rc = sbk_store_building_clear(at, parts->names + depth,
				      parts->count - depth, err);
	if (rc == 0 && sbk_store_has_entry(at, SBK_STORE_REMOVED))
		rc = finish_removal(parts, depth, at, place, err);
	sbk_store_building_unlock(at, lock);
	return rc;
}

/* In every directory of the path where something can have begun. */
static int clear_parents(const struct sbk_store_parts *parts,
			 const struct sbk_store_place *place,
			 struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t depth;
	int rc = 0;

	for (depth = parts->count; rc == 0 && depth-- > 0;) {
		int at = sbk_store_open_at(parts, depth, place, &why);

		if (at < 0)
			continue; /* so nobody can have begun there */
		rc = clear_marks(parts, depth, at, place, err);
		if (rc == SBK_E_NOTFOUND)
			rc = 0;	 /* another removal was faster */
		(void)close(at); /* a directory: only looked at */
	}
	return rc;
}

int sbk_store_remove(const struct sbk_store_place *place,
		     const char *const *names, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	struct sbk_store_parts *parts = calloc(1, sizeof(*parts));
	size_t made = 0;
	int rc;

	if (parts == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_store_parts_split(place, parts, err);
	if (rc == 0)
		rc = sbk_store_open(place, SBK_STORE_READ, &store, err);
	if (rc == SBK_E_NOTFOUND && store == NULL) {
		sbk_error_clear(err);
		rc = clear_parents(parts, place, err);
		goto out;
	}
	if (rc == 0)
		rc = sbk_store_made(store, &made, err);
	if (rc == 0 && made > 0 && made < parts->count)
		rc = mark_removal(parts, parts->count - 1 - made, place, err);
	if (rc == 0)
		rc = sbk_store_unlink_all(store, names, err);
	if (rc == 0)
		rc = remove_store(parts, place, err);
	if (rc == 0)
		rc = clear_parents(parts, place, err);
out:
	sbk_store_close(store);
	free(parts);
	return rc;
}
