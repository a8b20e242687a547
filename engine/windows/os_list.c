/*
 * Names of directories, and the walk for hard links that comes before each run.
 * Reads only; no reparse point is entered.
 *
 * A listing does not say how many names a file has, so each file is opened to
 * be asked: that is the time this walk takes. One that cannot be opened is told
 * like a directory that cannot be looked into: it may have names elsewhere.
 */
#include "engine/os.h"

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/secret_files.h"
#include "engine/windows/listing.h"
#include "engine/windows/pin.h"
#include "engine/windows/wide.h"

#include "engine/banned.h"

#define NAME_BYTES 1024 /* 255 units, three bytes each, and more */

static enum sbk_file_type type_of(DWORD attributes)
{
	if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
		return SBK_FILE_LINK;
	return attributes & FILE_ATTRIBUTE_DIRECTORY ? SBK_FILE_DIRECTORY
						     : SBK_FILE_REGULAR;
}

/* The directory at `path`, to be listed. */
static int open_directory(const char *path, struct sbk_pin *out,
			  struct sbk_error *err)
{
	int rc = sbk_pin_path(path, SBK_PIN_LOOK | FILE_LIST_DIRECTORY, out,
			      err);

	if (rc == 0 && !out->is_directory) {
		sbk_pin_release(out);
		rc = sbk_error_set(err, SBK_E_INVAL, "'%.300s' is no directory",
				   path);
	}
	return rc;
}

static int name_of(const struct sbk_listed_entry *entry, struct sbk_buf *out,
		   struct sbk_error *err)
{
	sbk_buf_clear(out);
	sbk_narrow_add(out, sbk_listed_name_units(entry),
		       entry->size / sizeof(WCHAR));
	return sbk_buf_failed(out, err);
}

int sbk_os_list(const char *path, size_t max, sbk_os_name_fn *each, void *arg,
		struct sbk_error *err)
{
	struct sbk_listed_names names = SBK_LISTED_NAMES_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_buf name = SBK_BUF_INIT;
	size_t i;
	int rc = open_directory(path, &pin, err);

	if (rc == 0) {
		rc = sbk_list_directory(pin.handle, max, &names, err);
		if (rc < 0)
			(void)sbk_error_prefix(err, "'%.300s'", path);
	}
	for (i = 0; rc == 0 && i < names.count; i++) {
		rc = name_of(&names.items[i], &name, err);
		if (rc == 0)
			rc = each(arg, sbk_buf_text(&name),
				  type_of(names.items[i].attributes), err);
	}
	sbk_buf_release(&name);
	sbk_listed_names_release(&names);
	sbk_pin_release(&pin);
	return rc < 0 ? rc : 0;
}

/* --- the walk ------------------------------------------------------------- */

struct walker {
	struct sbk_os_link_walk *walk;
	struct sbk_buf path; /* of what is looked at */
	size_t depth;
};

static int walk_directory(struct walker *walker, const struct sbk_pin *pin,
			  struct sbk_error *err);

/* The row of a file that mostly holds secrets, whatever case it is in. */
static const struct sbk_secret_kind *secret_at(const struct walker *walker,
					       size_t directory_size)
{
	const char *directory = walker->path.data;
	const char *name = directory + directory_size + 1;
	const struct sbk_secret_kind *kind;
	char lower[NAME_BYTES];
	size_t i;

	kind = sbk_secret_by_name(directory, directory_size, name);
	if (kind != NULL || strlen(name) >= sizeof(lower))
		return kind;
	for (i = 0; name[i] != '\0'; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z'
				   ? (char)(name[i] - 'A' + 'a')
				   : name[i];
	lower[i] = '\0';
	return sbk_secret_by_name(directory, directory_size, lower);
}

static int visit_file(struct walker *walker, const struct sbk_pin *pin,
		      size_t directory_size, struct sbk_error *err)
{
	struct sbk_os_link_walk *walk = walker->walk;
	const char *path = sbk_buf_text(&walker->path);
	const struct sbk_secret_kind *kind =
		walk->secret != NULL ? secret_at(walker, directory_size) : NULL;
	struct sbk_file file = {.type = SBK_FILE_REGULAR,
				.device = pin->serial,
				.links = pin->links};
	int rc = 0;

	memcpy(&file.number, pin->id, sizeof(file.number));
	if (pin->links > 1)
		rc = walk->found(walk->arg, path, &file, err);
	if (rc == 0 && kind != NULL)
		rc = walk->secret(walk->arg, path, kind, err);
	return rc;
}

static int closed(struct walker *walker, struct sbk_error *err)
{
	return walker->walk->closed(walker->walk->arg,
				    sbk_buf_text(&walker->path), err);
}

static int visit_below(struct walker *walker, const struct sbk_pin *directory,
		       const struct sbk_listed_entry *entry,
		       struct sbk_error *err)
{
	const DWORD access =
		FILE_READ_ATTRIBUTES | SYNCHRONIZE | FILE_LIST_DIRECTORY;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc;

	if (!walker->walk->enter(walker->walk->arg,
				 sbk_buf_text(&walker->path)))
		return 0;
	rc = sbk_pin_below(directory, sbk_listed_name_units(entry), entry->size,
			   access, &pin, NULL);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc == SBK_E_NOTFOUND)
		return 0; /* gone since it was listed */
	if (rc < 0)
		return closed(walker, err);
	rc = pin.is_directory && !pin.is_reparse
		     ? walk_directory(walker, &pin, err)
		     : 0;
	sbk_pin_release(&pin);
	return rc;
}

/* Whose attributes a listing gives may be opened for them. */
static int open_file(struct walker *walker, const struct sbk_pin *directory,
		     const struct sbk_listed_entry *entry,
		     size_t directory_size, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_below(directory, sbk_listed_name_units(entry),
			       entry->size, FILE_READ_ATTRIBUTES, &pin, NULL);

	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	/* One that is gone has no names any more; by one that is no name
	 * (pin.c) nobody opens it. */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_INVAL)
		return 0;
	if (rc < 0)
		return closed(walker, err);
	if (!pin.is_directory && !pin.is_reparse)
		rc = visit_file(walker, &pin, directory_size, err);
	sbk_pin_release(&pin);
	return rc;
}

static int visit_entry(struct walker *walker, const struct sbk_pin *directory,
		       const struct sbk_listed_entry *entry,
		       struct sbk_error *err)
{
	const enum sbk_file_type type = type_of(entry->attributes);
	const size_t size = walker->path.size;
	int rc = 0;

	if (++walker->walk->objects > walker->walk->max)
		return sbk_error_set(err, SBK_E_LIMIT, "more than %zu objects",
				     walker->walk->max);
	sbk_buf_addc(&walker->path, '/');
	sbk_narrow_add(&walker->path, sbk_listed_name_units(entry),
		       entry->size / sizeof(WCHAR));
	rc = sbk_buf_failed(&walker->path, err);
	if (rc == 0 && type == SBK_FILE_DIRECTORY)
		rc = visit_below(walker, directory, entry, err);
	else if (rc == 0 && type == SBK_FILE_REGULAR)
		rc = open_file(walker, directory, entry, size, err);
	if (walker->path.size > size) {
		walker->path.size = size;
		walker->path.data[size] = '\0';
	}
	return rc;
}

static int walk_directory(struct walker *walker, const struct sbk_pin *pin,
			  struct sbk_error *err)
{
	struct sbk_listed_names names = SBK_LISTED_NAMES_INIT;
	size_t i;
	int rc = SBK_E_LIMIT;

	if (walker->depth < SBK_TREE_DEPTH_MAX)
		rc = sbk_list_directory(pin->handle, SIZE_MAX, &names, NULL);
	if (rc < 0) {
		sbk_listed_names_release(&names);
		return rc == SBK_E_NOMEM ? sbk_error_no_memory(err)
					 : closed(walker, err);
	}
	walker->depth++;
	for (i = 0; rc == 0 && i < names.count; i++)
		rc = visit_entry(walker, pin, &names.items[i], err);
	walker->depth--;
	sbk_listed_names_release(&names);
	return rc;
}

int sbk_os_walk_links(const char *root, struct sbk_os_link_walk *walk,
		      struct sbk_error *err)
{
	struct walker walker = {.walk = walk, .path = SBK_BUF_INIT};
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = open_directory(root, &pin, err);

	walk->objects = 0;
	sbk_buf_adds(&walker.path, root);
	if (rc == SBK_E_DENIED) {
		sbk_error_clear(err);
		rc = closed(&walker, err);
	} else if (rc == 0) {
		rc = walk_directory(&walker, &pin, err);
	}
	sbk_pin_release(&pin);
	sbk_buf_release(&walker.path);
	return rc;
}
