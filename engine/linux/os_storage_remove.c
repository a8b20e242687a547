/*
 * The removal of a directory for our own records, with the parents that were
 * made for it, and of what a making or a removal that was cut short left in
 * them. Removes nothing by name that is not ours, and directories only when
 * they are empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/os_storage.h"

#include "engine/banned.h"

static int remove_files(struct sbk_store *store, const char *const *names,
			struct sbk_error *err)
{
	int rc = 0;

	for (; rc == 0 && *names != NULL; names++)
		rc = sbk_store_unlink(store, *names, err);
	if (rc == 0)
		rc = sbk_store_unlink(store, SBK_STORE_MADE, err);
	return rc;
}

/* Removes directories of the path, deepest first: those from the `first` to
 * before the `end`, counted from its end. A parent that others use by now
 * stays. */
static int remove_chain(const struct sbk_store_parts *parts,
			const struct sbk_store_place *place, size_t first,
			size_t end, struct sbk_error *err)
{
	struct sbk_store_parts upper = *parts;
	size_t i;

	for (i = first; i < end; i++) {
		size_t last = parts->count - 1 - i, depth = 0;
		int base = sbk_store_base(parts, err), at, os_code = 0;

		if (base < 0)
			return base;
		upper.count = last;
		memcpy(upper.names, parts->names, sizeof(upper.names));
		at = sbk_store_walk(base, &upper, place, &depth, err);
		(void)close(base); /* only looked at */
		if (at < 0)
			return at;
		if (depth == last &&
		    unlinkat(at, parts->names[last], AT_REMOVEDIR) < 0)
			os_code = errno;
		if (os_code == 0 && fsync(at) < 0)
			os_code = errno;
		(void)close(at); /* flushed */
		if ((os_code == ENOTEMPTY || os_code == EEXIST) && i > 0)
			return 0;
		if (os_code == ENOTEMPTY || os_code == EEXIST)
			return sbk_error_set(err, SBK_E_INCOMPLETE,
					     "'%s' stays: it holds files that "
					     "are not ours",
					     place->directory);
		if (os_code != 0 && os_code != ENOENT)
			return sbk_error_set_errno(err, os_code,
						   "cannot remove '%s'",
						   place->directory);
	}
	return 0;
}

static bool is_entry(int at, const char *name)
{
	struct stat st;

	/* What cannot be examined was not made by us either. */
	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Steps down to the directory of the first `depth` names. The descriptor;
 * SBK_E_NOTFOUND where there is none. */
static int open_at_depth(const struct sbk_store_parts *parts, size_t depth,
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

/*
 * The directories that were made for this one begin in the one of the first
 * `depth` names. An empty directory in there says so while they are removed:
 * the file that says it elsewhere goes before they do.
 */
static int mark_removal(const struct sbk_store_parts *parts, size_t depth,
			const struct sbk_store_place *place,
			struct sbk_error *err)
{
	int at = open_at_depth(parts, depth, place, err), rc = 0;

	if (at < 0)
		return at;
	if ((mkdirat(at, SBK_STORE_REMOVED, 0700) < 0 && errno != EEXIST) ||
	    fsync(at) < 0)
		rc = sbk_error_set_errno(err, errno,
					 "cannot begin to remove '%s'",
					 place->directory);
	(void)close(at); /* flushed */
	return rc;
}

static int finish_removal(const struct sbk_store_parts *parts, size_t depth,
			  int at, const struct sbk_store_place *place,
			  struct sbk_error *err)
{
	int rc = remove_chain(parts, place, 1, parts->count - depth, err);

	if (rc < 0)
		return rc;
	if (unlinkat(at, SBK_STORE_REMOVED, AT_REMOVEDIR) < 0 || fsync(at) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot end the removal of '%s'",
					   place->directory);
	return 0;
}

/* A building that was cut short left its names, or its lock. */
static int clear_building(const struct sbk_store_parts *parts, size_t depth,
			  int at, const struct sbk_store_place *place,
			  struct sbk_error *err)
{
	int lock, rc;

	if (!is_entry(at, SBK_STORE_BUILDING) && !is_entry(at, SBK_STORE_NEW))
		return 0;
	lock = sbk_store_building_lock(at, place, err);
	if (lock < 0)
		return lock;
	rc = sbk_store_building_clear(at, parts->names + depth,
				      parts->count - depth, err);
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
		int at = open_at_depth(parts, depth, place, &why);

		if (at < 0)
			continue; /* so nobody can have begun there */
		rc = clear_building(parts, depth, at, place, err);
		if (rc == 0 && is_entry(at, SBK_STORE_REMOVED))
			rc = finish_removal(parts, depth, at, place, err);
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
		rc = remove_files(store, names, err);
	if (rc == 0)
		rc = remove_chain(parts, place, 0, 1, err);
	if (rc == 0)
		rc = clear_parents(parts, place, err);
out:
	sbk_store_close(store);
	free(parts);
	return rc;
}
