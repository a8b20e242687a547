/*
 * The names of an open directory, as the system lists them.
 */
#ifndef SBK_WINDOWS_LISTING_H
#define SBK_WINDOWS_LISTING_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_listed_entry {
	size_t at, size; /* bytes within `units` */
	DWORD attributes;
	const struct sbk_buf *in;
};

/* UTF-16, one behind the other; by the order of their bytes. */
struct sbk_listed_names {
	struct sbk_buf units;
	struct sbk_listed_entry *items;
	size_t count, capacity;
};

#define SBK_LISTED_NAMES_INIT          \
	{                              \
		.units = SBK_BUF_INIT, \
	}

/* All names but "." and "..". SBK_E_LIMIT above `max`. */
int sbk_list_directory(HANDLE directory, size_t max,
		       struct sbk_listed_names *out, struct sbk_error *err);
void sbk_listed_names_release(struct sbk_listed_names *names);

/* The units of one name, `size` bytes of them, not terminated. */
const WCHAR *sbk_listed_name_units(const struct sbk_listed_entry *entry);

#endif
