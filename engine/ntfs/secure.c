/*
 * The descriptors of $Secure. Owns which of two copies is believed: the one
 * whose header and hash agree with the index, the first one first. An entry
 * that reaches into another is no entry: entries within entries would make a
 * small stream long work.
 */
#include "engine/ntfs/secure.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/internal.h"
#include "engine/ntsec/sd.h"

#include "engine/banned.h"

/* A block of $SDS; its copy comes behind it. */
#define COPY_BYTES (256u << 10)
#define HEADER_BYTES 20 /* hash, id, offset, size */
#define ALIGNMENT 16

struct sbk_ntfs_secure {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_stream stream;
	struct sbk_ntfs_secure_list list; /* by id, each once */
	/* The block that was read last, from one of its copies. */
	uint8_t *block;
	uint64_t block_at; /* UINT64_MAX: none */
	size_t block_size;
};

uint32_t sbk_ntfs_secure_hash(const uint8_t *data, size_t size)
{
	struct sbk_view view = sbk_view_of(data, size);
	uint32_t hash = 0;
	size_t i;

	for (i = 0; i + 4 <= size; i += 4)
		hash = sbk_view_u32(&view, i) + (hash << 3 | hash >> 29);
	return hash;
}

/* --- blocks ----------------------------------------------------------- */

/* Makes `block` the one at `at`, as far as the stream reaches. */
static int load_block(struct sbk_ntfs_secure *secure, uint64_t at)
{
	size_t size = COPY_BYTES;
	int rc;

	if (secure->block_at == at)
		return 0;
	if (at >= secure->stream.size)
		return SBK_E_PARSE;
	if (size > secure->stream.size - at)
		size = (size_t)(secure->stream.size - at);
	secure->block_at = UINT64_MAX;
	rc = sbk_ntfs_stream_read(secure->volume, &secure->stream, at,
				  secure->block, size, NULL);
	if (rc < 0)
		return rc;
	secure->block_at = at;
	secure->block_size = size;
	return 0;
}

/* The descriptor of `entry` in the block at `at`, if it is whole there. */
static bool find_in_block(struct sbk_ntfs_secure *secure, uint64_t at,
			  const struct sbk_ntfs_secure_entry *entry,
			  struct sbk_view *out)
{
	uint64_t within = entry->offset % COPY_BYTES;
	struct sbk_view block, header;

	if (load_block(secure, at) < 0)
		return false;
	block = sbk_view_of(secure->block, secure->block_size);
	header = sbk_view_part(&block, within, entry->size);
	*out = sbk_view_part(&header, HEADER_BYTES,
			     (uint64_t)entry->size - HEADER_BYTES);
	return !block.overrun && !header.overrun &&
	       sbk_view_u32(&header, 0) == entry->hash &&
	       sbk_view_u32(&header, 4) == entry->id &&
	       sbk_view_u64(&header, 8) == entry->offset &&
	       sbk_view_u32(&header, 16) == entry->size &&
	       sbk_ntfs_secure_hash(out->data, out->size) == entry->hash;
}

int sbk_ntfs_secure_read(struct sbk_ntfs_secure *secure, size_t index,
			 struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_ntfs_secure_entry *entry = &secure->list.items[index];
	struct sbk_ntfs_damage *damage = &secure->volume->damage;
	uint64_t block = entry->offset - entry->offset % COPY_BYTES;
	struct sbk_view found;

	if (entry->is_good && find_in_block(secure, block, entry, &found)) {
		sbk_buf_add(out, found.data, found.size);
		return sbk_buf_failed(out, err);
	}
	if (entry->is_good &&
	    find_in_block(secure, block + COPY_BYTES, entry, &found)) {
		sbk_ntfs_damage_add(damage, SBK_NTFS_BAD_SDS_COPY, entry->id);
		sbk_buf_add(out, found.data, found.size);
		return sbk_buf_failed(out, err);
	}
	sbk_ntfs_damage_add(damage, SBK_NTFS_BAD_SDS, entry->id);
	return sbk_error_set(err, SBK_E_PARSE,
			     "the descriptor of security id %u is damaged in "
			     "both copies",
			     (unsigned)entry->id);
}

/* --- the list --------------------------------------------------------- */

static bool can_be(const struct sbk_ntfs_secure_entry *entry)
{
	return entry->size > HEADER_BYTES &&
	       entry->size <= SBK_NTFS_DESCRIPTOR_BYTES_MAX &&
	       entry->offset % ALIGNMENT == 0 &&
	       entry->offset / COPY_BYTES % 2 == 0 &&
	       entry->offset % COPY_BYTES + entry->size <= COPY_BYTES;
}

/* Where the index is of no use: every whole entry of the stream. */
static int search_block(struct sbk_ntfs_secure *secure, uint64_t at,
			uint64_t block)
{
	struct sbk_ntfs_secure_entry entry = {.is_good = true};
	struct sbk_view view, found;
	uint64_t within = 0;
	int rc = 0;

	if (load_block(secure, at) < 0)
		return 0;
	while (rc == 0 && within + HEADER_BYTES < secure->block_size) {
		view = sbk_view_of(secure->block, secure->block_size);
		entry.hash = sbk_view_u32(&view, within);
		entry.id = sbk_view_u32(&view, within + 4);
		entry.offset = sbk_view_u64(&view, within + 8);
		entry.size = sbk_view_u32(&view, within + 16);
		if (entry.offset == block + within && entry.id != 0 &&
		    can_be(&entry) &&
		    find_in_block(secure, at, &entry, &found)) {
			rc = sbk_ntfs_secure_list_add(&secure->list, &entry);
			within += entry.size;
		} else {
			within += ALIGNMENT;
		}
		within = (within + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	}
	return rc;
}

/* Both copies of each block: what one lacks, the other may have. */
static int search(struct sbk_ntfs_secure *secure)
{
	/* No farther than there are clusters: a size and holes are free. */
	uint64_t end =
		secure->stream.runs.held * secure->volume->boot.cluster_bytes;
	uint64_t block;
	int rc = 0;

	if (end > secure->stream.size)
		end = secure->stream.size;
	for (block = 0; rc == 0 && block < end; block += 2 * COPY_BYTES) {
		rc = search_block(secure, block, block);
		if (rc == 0)
			rc = search_block(secure, block + COPY_BYTES, block);
	}
	return rc;
}

static int by_offset(const void *a, const void *b)
{
	const struct sbk_ntfs_secure_entry *one = a, *two = b;

	return one->offset < two->offset ? -1 : one->offset > two->offset;
}

static int by_id(const void *a, const void *b)
{
	const struct sbk_ntfs_secure_entry *one = a, *two = b;

	if (one->id != two->id)
		return one->id < two->id ? -1 : 1;
	/* Of entries with one id, a good one comes first. */
	if (one->is_good != two->is_good)
		return one->is_good ? -1 : 1;
	return by_offset(a, b);
}

/* Marks entries that reach into one before them, and those that cannot be. */
static void mark_bad(struct sbk_ntfs_secure_list *list)
{
	uint64_t end = 0;
	size_t i;

	qsort(list->items, list->count, sizeof(*list->items), by_offset);
	for (i = 0; i < list->count; i++) {
		struct sbk_ntfs_secure_entry *entry = &list->items[i];

		entry->is_good = can_be(entry) && entry->offset >= end;
		if (entry->is_good)
			end = entry->offset + entry->size;
	}
}

/* By id, each once. An entry that was met in both copies is one. */
static void put_in_order(struct sbk_ntfs_secure *secure)
{
	struct sbk_ntfs_secure_list *list = &secure->list;
	size_t i, kept = 0;

	if (list->count == 0)
		return;
	mark_bad(list);
	qsort(list->items, list->count, sizeof(*list->items), by_id);
	for (i = 0; i < list->count; i++)
		if (kept == 0 || list->items[kept - 1].id != list->items[i].id)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int fill(struct sbk_ntfs_secure *secure, struct sbk_error *err)
{
	int rc = 0;

	if (!sbk_ntfs_secure_index_read(secure->volume, &secure->list))
		rc = search(secure);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		sbk_ntfs_damage_add(&secure->volume->damage, SBK_NTFS_BAD_LIMIT,
				    SBK_NTFS_SECURE);
	put_in_order(secure);
	return 0;
}

int sbk_ntfs_secure_open(struct sbk_ntfs_volume *volume,
			 struct sbk_ntfs_secure **out, struct sbk_error *err)
{
	struct sbk_ntfs_secure *secure = calloc(1, sizeof(*secure));
	int rc = 0;

	if (secure != NULL)
		secure->block = malloc(COPY_BYTES);
	if (secure == NULL || secure->block == NULL) {
		sbk_ntfs_secure_close(secure);
		return sbk_error_no_memory(err);
	}
	secure->volume = volume;
	secure->block_at = UINT64_MAX;
	/* Objects that name an id say whether anything is missing. */
	if (sbk_ntfs_stream_open(volume, SBK_NTFS_SECURE, SBK_NTFS_DATA, "$SDS",
				 &secure->stream, NULL) == 0)
		rc = fill(secure, err);
	if (rc < 0)
		sbk_ntfs_secure_close(secure);
	else
		*out = secure;
	return rc;
}

void sbk_ntfs_secure_close(struct sbk_ntfs_secure *secure)
{
	if (secure == NULL)
		return;
	sbk_ntfs_stream_release(&secure->stream);
	free(secure->list.items);
	free(secure->block);
	free(secure);
}

size_t sbk_ntfs_secure_count(const struct sbk_ntfs_secure *secure)
{
	return secure->list.count;
}

uint32_t sbk_ntfs_secure_id(const struct sbk_ntfs_secure *secure, size_t index)
{
	return secure->list.items[index].id;
}

size_t sbk_ntfs_secure_find(const struct sbk_ntfs_secure *secure, uint32_t id)
{
	size_t low = 0, high = secure->list.count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (secure->list.items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < secure->list.count && secure->list.items[low].id == id
		       ? low
		       : SIZE_MAX;
}

int sbk_ntfs_object_descriptor(struct sbk_ntfs_volume *volume,
			       struct sbk_ntfs_secure *secure,
			       const struct sbk_ntfs_object *object,
			       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_ntfs_stream stream = {.size = 0};
	size_t index;
	int rc;

	if (object->security_id != 0) {
		index = sbk_ntfs_secure_find(secure, object->security_id);
		if (index == SIZE_MAX)
			return sbk_error_set(err, SBK_E_PARSE,
					     "there is no security id %u",
					     (unsigned)object->security_id);
		return sbk_ntfs_secure_read(secure, index, out, err);
	}
	if (!object->has_descriptor)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "record %llu has no descriptor",
				     (unsigned long long)object->number);
	rc = sbk_ntfs_stream_open(volume, object->number,
				  SBK_NTFS_SECURITY_DESCRIPTOR, "", &stream,
				  err);
	if (rc == 0)
		rc = sbk_ntfs_stream_read_all(volume, &stream, SBK_SD_BYTES_MAX,
					      out, err);
	sbk_ntfs_stream_release(&stream);
	return rc == SBK_E_NOTFOUND ? SBK_E_PARSE : rc;
}
