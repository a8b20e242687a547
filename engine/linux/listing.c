/*
 * Directory listings. Owns nothing between two calls; "." and ".." are not
 * entries.
 */
#include "engine/linux/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

static bool is_leaf(const struct sbk_listing_entry *entry)
{
	return entry->type != 0 && !S_ISDIR(entry->type);
}

static int add(struct sbk_listing *listing, const struct dirent *entry,
	       struct sbk_error *err)
{
	struct sbk_listing_entry *slot;

	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity * 2 + 64;
		void *entries = realloc(listing->entries,
					capacity * sizeof(*listing->entries));

		if (entries == NULL)
			return sbk_error_no_memory(err);
		listing->entries = entries;
		listing->capacity = capacity;
	}
	slot = &listing->entries[listing->count];
	slot->name = sbk_arena_strdup(&listing->names, entry->d_name);
	slot->type = (uint32_t)DTTOIF(entry->d_type);
	if (slot->name == NULL)
		return sbk_error_no_memory(err);
	listing->leaf_count += is_leaf(slot);
	listing->count++;
	return 0;
}

static bool wanted(const struct dirent *entry, bool directories_only)
{
	if (sbk_is_dots(entry->d_name))
		return false;
	return !directories_only || entry->d_type == DT_DIR ||
	       entry->d_type == DT_UNKNOWN;
}

static int compare(const void *a, const void *b)
{
	const struct sbk_listing_entry *left = a, *right = b;

	if (is_leaf(left) != is_leaf(right))
		return is_leaf(left) ? -1 : 1;
	return strcmp(left->name, right->name);
}

int sbk_listing_read(struct sbk_listing *listing, int fd, bool directories_only,
		     struct sbk_error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct dirent *entry;
	DIR *stream;
	int rc = 0;

	/* closedir takes the copy; the caller pins what is below by its own. */
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (stream == NULL) {
		rc = sbk_error_set_errno(err, errno, "opening a directory");
		if (copy >= 0)
			(void)close(copy); /* nothing was done with it */
		return rc;
	}
	while (rc == 0) {
		errno = 0;
		entry = readdir(stream);
		if (entry == NULL)
			break;
		if (wanted(entry, directories_only))
			rc = add(listing, entry, err);
	}
	if (rc == 0 && errno != 0)
		rc = sbk_error_set_errno(err, errno, "listing a directory");
	(void)closedir(stream); /* only read */
	if (rc == 0 && listing->count > 1)
		qsort(listing->entries, listing->count,
		      sizeof(*listing->entries), compare);
	return rc;
}

void sbk_listing_release(struct sbk_listing *listing)
{
	sbk_arena_release(&listing->names);
	free(listing->entries);
	listing->entries = NULL;
	listing->count = listing->capacity = listing->leaf_count = 0;
}
