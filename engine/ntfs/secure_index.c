/*
 * The index $SII of $Secure: which descriptors are in force, and where each is.
 * Owns the form of index blocks; follows no pointer between them.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/internal.h"
#include "engine/ntfs/secure.h"

#include "engine/banned.h"

#define ROOT_BYTES 16  /* before the header of a root's entries */
#define BLOCK_BYTES 24 /* the same of a block */
#define VCN_AT 16      /* in a block */
#define ENTRY_BYTES 16 /* before an entry's key */
#define ENTRY_LAST 2   /* flag: it has no key */
#define DATA_BYTES 20  /* hash, id, offset, size */
#define BITMAP_MAX (8u << 20)

int sbk_ntfs_secure_list_add(struct sbk_ntfs_secure_list *list,
			     const struct sbk_ntfs_secure_entry *entry)
{
	size_t capacity = list->capacity > 0 ? list->capacity * 2 : 256;
	struct sbk_ntfs_secure_entry *items;

	if (list->count >= SBK_NTFS_DESCRIPTORS_MAX)
		return SBK_E_LIMIT;
	if (list->count == list->capacity) {
		items = realloc(list->items, capacity * sizeof(*items));
		if (items == NULL)
			return SBK_E_NOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = *entry;
	return 0;
}

struct reading {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_secure_list *list;
	bool is_whole;
};

static void blame(struct reading *reading, uint64_t place)
{
	sbk_ntfs_damage_add(&reading->volume->damage, SBK_NTFS_BAD_SII, place);
	reading->is_whole = false;
}

/* The entries behind a header that stands at `at` of a block. */
static void read_entries(struct reading *reading, struct sbk_view block,
			 uint64_t at, uint64_t place)
{
	uint64_t entry = at + sbk_view_u32(&block, at);
	uint64_t end = at + sbk_view_u32(&block, at + 4);
	struct sbk_ntfs_secure_entry found = {.is_good = true};
	uint16_t size, data;

	for (; !block.overrun && entry < end; entry += size) {
		size = sbk_view_u16(&block, entry + 8);
		if ((sbk_view_u16(&block, entry + 12) & ENTRY_LAST) != 0)
			break;
		data = sbk_view_u16(&block, entry);
		found.hash = sbk_view_u32(&block, entry + data);
		found.id = sbk_view_u32(&block, entry + data + 4);
		found.offset = sbk_view_u64(&block, entry + data + 8);
		found.size = sbk_view_u32(&block, entry + data + 16);
		if (size < ENTRY_BYTES + 4 || size % 8 != 0 ||
		    (uint32_t)data + DATA_BYTES > size ||
		    !sbk_view_has(&block, entry, size) ||
		    found.id != sbk_view_u32(&block, entry + ENTRY_BYTES)) {
			blame(reading, place);
			return;
		}
		if (sbk_ntfs_secure_list_add(reading->list, &found) < 0) {
			blame(reading, place);
			return;
		}
	}
	if (block.overrun)
		blame(reading, place);
}

static void read_root(struct reading *reading)
{
	struct sbk_ntfs_stream root = {.size = 0};
	struct sbk_view view;

	if (sbk_ntfs_stream_open(reading->volume, SBK_NTFS_SECURE,
				 SBK_NTFS_INDEX_ROOT, "$SII", &root,
				 NULL) < 0 ||
	    !root.is_resident) {
		blame(reading, 0);
	} else {
		view = sbk_view_of(root.value.data, root.value.size);
		read_entries(reading, view, ROOT_BYTES, 0);
	}
	sbk_ntfs_stream_release(&root);
}

static void read_block(struct reading *reading,
		       const struct sbk_ntfs_stream *blocks, uint64_t offset,
		       uint8_t *data)
{
	const uint32_t size = reading->volume->boot.index_bytes;
	struct sbk_view view = sbk_view_of(data, size);
	bool torn;

	if (sbk_ntfs_stream_read(reading->volume, blocks, offset, data, size,
				 NULL) < 0 ||
	    memcmp(data, "INDX", 4) != 0 ||
	    !sbk_ntfs_fix_up(data, size, &torn) || torn)
		blame(reading, offset);
	else
		read_entries(reading, view, BLOCK_BYTES, offset);
}

/* An index that fits into its root has no blocks. */
static void read_blocks(struct reading *reading)
{
	struct sbk_ntfs_volume *volume = reading->volume;
	struct sbk_ntfs_stream blocks = {.size = 0}, bits = {.size = 0};
	struct sbk_buf bitmap = SBK_BUF_INIT;
	uint8_t *data = malloc(volume->boot.index_bytes);
	uint64_t i, count, held;
	int rc;

	rc = sbk_ntfs_stream_open(volume, SBK_NTFS_SECURE,
				  SBK_NTFS_INDEX_ALLOCATION, "$SII", &blocks,
				  NULL);
	if (rc == SBK_E_NOTFOUND)
		goto out;
	if (rc == 0)
		rc = sbk_ntfs_stream_open(volume, SBK_NTFS_SECURE,
					  SBK_NTFS_BITMAP, "$SII", &bits, NULL);
	if (rc == 0)
		rc = sbk_ntfs_stream_read_all(volume, &bits, BITMAP_MAX,
					      &bitmap, NULL);
	if (rc < 0 || data == NULL) {
		blame(reading, 0);
		goto out;
	}
	/* A size may be anything, and holes are free: no more blocks than lie
	 * in clusters. An index has no holes. */
	held = blocks.runs.held * volume->boot.cluster_bytes;
	if (blocks.size > held)
		blame(reading, held);
	count = (blocks.size < held ? blocks.size : held) /
		volume->boot.index_bytes;
	if (count > bitmap.size * 8)
		count = bitmap.size * 8;
	for (i = 0; i < count; i++)
		if (sbk_ntfs_bit((const uint8_t *)bitmap.data, bitmap.size, i))
			read_block(reading, &blocks,
				   i * volume->boot.index_bytes, data);
out:
	free(data);
	sbk_buf_release(&bitmap);
	sbk_ntfs_stream_release(&bits);
	sbk_ntfs_stream_release(&blocks);
}

bool sbk_ntfs_secure_index_read(struct sbk_ntfs_volume *volume,
				struct sbk_ntfs_secure_list *out)
{
	struct reading reading = {
		.volume = volume, .list = out, .is_whole = true};

	read_root(&reading);
	read_blocks(&reading);
	return reading.is_whole;
}
