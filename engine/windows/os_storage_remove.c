/*
 * The removal of a directory for our own records, with the parents that were
 * made for it, and of what a making or a removal that was cut short left in
 * them. Removes nothing by name that is not ours, and directories only when
 * they are empty.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/windows/os_storage.h"
#include "engine/windows/storage_rules.h"

#include "engine/banned.h"

/* The directory of the path's last name but `i`; 1 where others' files are in
 * it. */
static int remove_directory(const struct sbk_store_parts *parts, size_t i,
			    struct sbk_error *err)
{
	const size_t last = parts->count - 1 - i;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_pin at = SBK_PIN_INIT;
	size_t found = 0;
	int rc = sbk_store_walk(parts, last, SBK_STORE_CHANGE, &at, &found,
				&why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_store_delete_name(at.handle, parts->names[last], true,
					   &why);
	if (rc == 0)
		rc = sbk_store_flush(at.handle, parts->place->directory, &why);
	sbk_pin_release(&at);
	if (rc < 0 && why.os_code == ERROR_DIR_NOT_EMPTY)
		return 1;
	if (rc < 0 && err != NULL)
		*err = why;
	return rc;
}

/* Removes directories of the path, deepest first: those from the `first` to
 * before the `end`, counted from its end. A parent that others use by now
 * stays. */
static int remove_chain(const struct sbk_store_parts *parts, size_t first,
			size_t end, struct sbk_error *err)
{
	size_t i;

	for (i = first; i < end; i++) {
		int rc = remove_directory(parts, i, err);

		if (rc < 0)
			return sbk_error_prefix(err, "cannot remove '%s'",
						parts->place->directory);
		if (rc > 0 && i > 0)
			return 0;
		if (rc > 0)
			return sbk_error_set(err, SBK_E_INCOMPLETE,
					     "'%s' stays: it holds files that "
					     "are not ours",
					     parts->place->directory);
	}
	return 0;
}

/*
 * The directories that were made for this one begin in the one of the first
 * `depth` names. An empty directory in there says so while they are removed:
 * the file that says it elsewhere goes before they do.
 */
static int mark_removal(const struct sbk_store_parts *parts, size_t depth,
			struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {.owner = &parts->place->owner,
					      .directory = true};
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {.how = SBK_WIN32_OPEN_NEW,
						.access = FILE_READ_ATTRIBUTES,
						.directory = true,
						.descriptor = &descriptor};
	struct sbk_pin at = SBK_PIN_INIT;
	HANDLE mark = NULL;
	size_t found = 0;
	int rc = sbk_storage_descriptor(&rule, &descriptor, err);

	if (rc == 0)
		rc = sbk_store_walk(parts, depth, SBK_STORE_CHANGE, &at, &found,
				    err);
	if (rc == 0)
		rc = sbk_store_open_name(at.handle, SBK_STORE_REMOVED, &making,
					 &mark, err);
	if (rc == 0)
		rc = sbk_store_flush(at.handle, parts->place->directory, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot begin to remove '%s'",
				       parts->place->directory);
	sbk_win32_close(&mark);
	sbk_pin_release(&at);
	sbk_buf_release(&descriptor);
	return rc;
}

static int finish_removal(const struct sbk_store_parts *parts, size_t depth,
			  HANDLE at, struct sbk_error *err)
{
	int rc = remove_chain(parts, 1, parts->count - depth, err);

	if (rc < 0)
		return rc;
	rc = sbk_store_delete_name(at, SBK_STORE_REMOVED, true, err);
	if (rc == 0)
		rc = sbk_store_flush(at, parts->place->directory, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot end the removal of '%s'",
				       parts->place->directory);
	return rc;
}

/* A building that was cut short left its names, or its lock, which goes when
 * it is let go. */
static int clear_building(const struct sbk_store_parts *parts, size_t depth,
			  HANDLE at, struct sbk_error *err)
{
	HANDLE lock = NULL;
	int rc;

	if (!sbk_store_has_name(at, SBK_STORE_BUILDING) &&
	    !sbk_store_has_name(at, SBK_STORE_NEW))
		return 0;
	rc = sbk_store_building_lock(at, parts, &lock, err);
	if (rc == 0)
		rc = sbk_store_building_clear(at, parts, depth, err);
	sbk_win32_close(&lock);
	return rc;
}

/* In every directory of the path where something can have begun. */
static int clear_parents(const struct sbk_store_parts *parts,
			 struct sbk_error *err)
{
	size_t depth;
	int rc = 0;

	for (depth = parts->count; rc == 0 && depth-- > 0;) {
		struct sbk_pin at = SBK_PIN_INIT;
		size_t found = 0;

		if (sbk_store_walk(parts, depth, SBK_STORE_CHANGE, &at, &found,
				   NULL) < 0)
			continue; /* so nobody can have begun there */
		rc = clear_building(parts, depth, at.handle, err);
		if (rc == 0 && sbk_store_has_name(at.handle, SBK_STORE_REMOVED))
			rc = finish_removal(parts, depth, at.handle, err);
		sbk_pin_release(&at);
	}
	return rc;
}

static int remove_store(const struct sbk_store_parts *parts,
			const char *const *names, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	size_t made = 0;
	int rc = sbk_store_open(parts->place, SBK_STORE_READ, &store, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rc = sbk_store_made(store, &made, err);
	if (rc == 0 && made > 0 && made < parts->count)
		rc = mark_removal(parts, parts->count - 1 - made, err);
	if (rc == 0)
		rc = sbk_store_unlink_all(store, names, err);
	/* A directory goes with its last handle where the system has no other
	 * way. */
	sbk_store_close(store);
	return rc < 0 ? rc : remove_chain(parts, 0, 1, err);
}

int sbk_store_remove(const struct sbk_store_place *place,
		     const char *const *names, struct sbk_error *err)
{
	struct sbk_store_parts *parts = calloc(1, sizeof(*parts));
	int rc;

	if (parts == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_store_parts_split(place, parts, err);
	if (rc == 0)
		rc = remove_store(parts, names, err);
	if (rc == 0)
		rc = clear_parents(parts, err);
	free(parts);
	return rc;
}
