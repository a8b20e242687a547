/*
 * Listing a directory by its handle. What the system put into our buffer is
 * never read beyond its end.
 */
#include "engine/windows/listing.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/win32.h"

#include "engine/banned.h"

#define LIST_BYTES 65536

void sbk_listed_names_release(struct sbk_listed_names *names)
{
	sbk_buf_release(&names->units);
	free(names->items);
	*names = (struct sbk_listed_names)SBK_LISTED_NAMES_INIT;
}

const WCHAR *sbk_listed_name_units(const struct sbk_listed_entry *entry)
{
	return (const WCHAR *)(const void *)(entry->in->data + entry->at);
}

static int add_name(struct sbk_listed_names *names, const WCHAR *text,
		    size_t size, DWORD attributes, struct sbk_error *err)
{
	if ((size == 2 && text[0] == '.') ||
	    (size == 4 && text[0] == '.' && text[1] == '.'))
		return 0;
	if (names->count == names->capacity) {
		size_t capacity =
			names->capacity == 0 ? 64 : 2 * names->capacity;
		struct sbk_listed_entry *items =
			realloc(names->items, capacity * sizeof(*items));

		if (items == NULL)
			return sbk_error_no_memory(err);
		names->items = items;
		names->capacity = capacity;
	}
	names->items[names->count++] = (struct sbk_listed_entry){
		names->units.size, size, attributes, &names->units};
	sbk_buf_add(&names->units, text, size);
	return sbk_buf_failed(&names->units, err);
}

static int by_name(const void *left, const void *right)
{
	const struct sbk_listed_entry *a = left, *b = right;
	size_t size = a->size < b->size ? a->size : b->size;
	int order = memcmp(a->in->data + a->at, b->in->data + b->at, size);

	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* One buffer of entries, as the system filled it. */
static int add_entries(struct sbk_listed_names *names, const uint8_t *bytes,
		       struct sbk_error *err)
{
	const size_t head = offsetof(FILE_FULL_DIR_INFO, FileName);
	size_t at = 0;
	int rc = 0;

	while (rc == 0) {
		FILE_FULL_DIR_INFO entry = {.NextEntryOffset = 0};

		if (at + head > LIST_BYTES)
			break;
		memcpy(&entry, bytes + at, head);
		if (at + head + entry.FileNameLength > LIST_BYTES)
			break;
		rc = add_name(names,
			      (const WCHAR *)(const void *)(bytes + at + head),
			      entry.FileNameLength, entry.FileAttributes, err);
		if (rc < 0 || entry.NextEntryOffset == 0)
			return rc;
		at += entry.NextEntryOffset;
	}
	return rc < 0 ? rc
		      : sbk_error_set(err, SBK_E_IO,
				      "the system listed a directory beyond "
				      "its buffer");
}

int sbk_list_directory(HANDLE directory, size_t max,
		       struct sbk_listed_names *out, struct sbk_error *err)
{
	uint8_t *bytes = malloc(LIST_BYTES);
	bool restart = true;
	int rc = 0;

	if (bytes == NULL)
		return sbk_error_no_memory(err);
	while (rc == 0) {
		rc = sbk_win32_list(directory, restart, bytes, LIST_BYTES, err);
		if (rc == 0)
			rc = add_entries(out, bytes, err);
		if (rc == 0 && out->count > max)
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "a directory of more than %zu names",
					   max);
		restart = false;
	}
	free(bytes);
	if (rc < 0)
		return rc;
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), by_name);
	return 0;
}
