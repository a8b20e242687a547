/*
 * See the header. How deep it goes is for whoever wrote the tree to say, and a
 * stack may be of one megabyte: so errors are kept in one place for all levels.
 */
#include "engine/windows/empty.h"

#include <stdint.h>

#include "engine/limits.h"
#include "engine/windows/listing.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/win32_file.h"

#include "engine/banned.h"

#define REMOVE_FILE (DELETE | FILE_READ_ATTRIBUTES)

struct emptying {
	struct sbk_error why;	/* of the last call that failed */
	struct sbk_error first; /* of the first entry that stays */
	int rc;			/* its code */
};

static int remove_below(struct emptying *e, const struct sbk_pin *directory,
			size_t depth);

/* Scanners and indexers have files open for a moment. */
static int open_again(const struct sbk_pin *directory, const WCHAR *name,
		      size_t size, DWORD access, struct sbk_pin *out,
		      struct sbk_error *err)
{
	unsigned tries = 0;
	int rc;

	do
		rc = sbk_pin_below(directory, name, size, access, out, err);
	while (sbk_store_again(rc, &tries));
	return rc;
}

/*
 * A system without the newer way to delete keeps what is read-only. The
 * attribute is the file's, so one that has another name elsewhere stays.
 */
static int delete_entry(const struct sbk_pin *pin, bool read_only,
			struct sbk_error *err)
{
	int rc = sbk_win32_delete(pin->handle, err);

	if (rc < 0 && read_only && pin->links <= 1) {
		rc = sbk_win32_clear_read_only(pin->handle, err);
		if (rc == 0)
			rc = sbk_win32_delete(pin->handle, err);
	}
	return rc;
}

static int remove_entry(struct emptying *e, const struct sbk_pin *directory,
			const struct sbk_listed_entry *entry, size_t depth)
{
	const bool descend =
		(entry->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
		(entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0;
	const bool read_only =
		(entry->attributes & FILE_ATTRIBUTE_READONLY) != 0;
	const DWORD access = (descend ? SBK_EMPTY_DIRECTORY : REMOVE_FILE) |
			     (read_only ? FILE_WRITE_ATTRIBUTES : 0UL);
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = open_again(directory, sbk_listed_name_units(entry),
			    entry->size, access, &pin, &e->why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0 && descend && pin.is_directory && !pin.is_reparse)
		rc = remove_below(e, &pin, depth + 1);
	if (rc == 0)
		rc = delete_entry(&pin, read_only, &e->why);
	sbk_pin_release(&pin);
	return rc;
}

static void keep_first(struct emptying *e, int rc)
{
	if (rc < 0 && e->rc == 0) {
		e->rc = rc;
		e->first = e->why;
	}
}

/* All that can be removed is. */
static int remove_below(struct emptying *e, const struct sbk_pin *directory,
			size_t depth)
{
	struct sbk_listed_names names = SBK_LISTED_NAMES_INIT;
	size_t i;
	int rc, result;

	if (depth > SBK_TREE_DEPTH_MAX)
		return sbk_error_set(&e->why, SBK_E_LIMIT,
				     "more than %d directories deep",
				     SBK_TREE_DEPTH_MAX);
	result = sbk_list_directory(directory->handle, SIZE_MAX, &names,
				    &e->why);
	keep_first(e, result);
	for (i = 0; result != SBK_E_NOMEM && i < names.count; i++) {
		rc = remove_entry(e, directory, &names.items[i], depth);
		keep_first(e, rc);
		if (rc < 0 && result == 0)
			result = rc;
	}
	sbk_listed_names_release(&names);
	return result;
}

int sbk_empty_directory(const struct sbk_pin *directory, struct sbk_error *err)
{
	struct emptying e = {.rc = 0};
	int rc = remove_below(&e, directory, 0);

	return rc < 0 ? sbk_error_set(err, e.rc, "%s", e.first.message) : 0;
}
