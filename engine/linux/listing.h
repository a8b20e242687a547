/*
 * The names in a directory, read at once and sorted: what is no directory
 * before the directories (and what does not say), each by the bytes of names.
 */
#ifndef SBK_LINUX_LISTING_H
#define SBK_LINUX_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/buf.h"
#include "engine/error.h"

/* The two names that every directory has and no listing of ours. */
static inline bool sbk_is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

struct sbk_listing_entry {
	const char *name;
	uint32_t type; /* as in st_mode; 0 where the directory does not say */
};

struct sbk_listing {
	struct sbk_arena names;
	struct sbk_listing_entry *entries;
	size_t count, capacity;
	size_t leaf_count; /* of those that come first */
};

#define SBK_LISTING_INIT        \
	{                       \
		.entries = NULL \
	}

/* Reads the directory that `fd` was just opened on; `fd` stays the caller's.
 * With `directories_only`, entries that are known to be something else are left
 * out. */
int sbk_listing_read(struct sbk_listing *listing, int fd, bool directories_only,
		     struct sbk_error *err);
void sbk_listing_release(struct sbk_listing *listing);

#endif
