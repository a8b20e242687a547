/*
 * Records and attributes as views. Owns the update sequence and every offset
 * of their headers; knows nothing of what the attributes mean.
 */
#include "engine/ntfs/record.h"

#include <string.h>

#include "engine/banned.h"

#define STRIDE 512 /* bytes between sector ends, whatever a sector is */
#define MAGIC_BYTES 4
#define UPDATE_AT 4
#define UPDATE_COUNT_AT 6
#define SEQUENCE_AT 16
#define LINKS_AT 18
#define ATTRIBUTES_AT 20
#define FLAGS_AT 22
#define USED_AT 24
#define ALLOCATED_AT 28
#define BASE_AT 32
#define HEADER_BYTES 42

#define IN_USE 1
#define DIRECTORY 2

#define TYPE_END 0xFFFFFFFFu
#define RESIDENT_BYTES 24
#define NON_RESIDENT_BYTES 64

bool sbk_ntfs_fix_up(uint8_t *data, size_t size, bool *torn)
{
	struct sbk_view view = sbk_view_of(data, size);
	size_t at = sbk_view_u16(&view, UPDATE_AT), i;
	size_t count = sbk_view_u16(&view, UPDATE_COUNT_AT);
	const uint8_t *end;

	*torn = false;
	if (view.overrun || count == 0 || count - 1 != size / STRIDE ||
	    (at & 1) != 0 || !sbk_view_has(&view, at, count * 2) ||
	    at + count * 2 > STRIDE - 2)
		return false;
	for (i = 1; i < count; i++) {
		end = data + i * STRIDE - 2;
		if (memcmp(end, data + at, 2) != 0)
			*torn = true;
	}
	for (i = 1; !*torn && i < count; i++)
		memcpy(data + i * STRIDE - 2, data + at + 2 * i, 2);
	return true;
}

static bool is_blank(const uint8_t *data, size_t size)
{
	return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

enum sbk_ntfs_record_state sbk_ntfs_record_read(uint8_t *data, size_t size,
						struct sbk_ntfs_record *out)
{
	struct sbk_view view = sbk_view_of(data, size);
	struct sbk_ntfs_record record = {.links = 0};
	uint16_t flags;
	uint32_t used;
	bool torn;

	if (size < HEADER_BYTES)
		return SBK_NTFS_RECORD_MALFORMED;
	if (memcmp(data, "FILE", MAGIC_BYTES) != 0)
		return is_blank(data, size) ? SBK_NTFS_RECORD_BLANK
					    : SBK_NTFS_RECORD_NO_MAGIC;
	flags = sbk_view_u16(&view, FLAGS_AT);
	if (!sbk_ntfs_fix_up(data, size, &torn))
		return SBK_NTFS_RECORD_MALFORMED;
	if (torn)
		return SBK_NTFS_RECORD_TORN;
	if ((flags & IN_USE) == 0)
		return SBK_NTFS_RECORD_FREE;
	used = sbk_view_u32(&view, USED_AT);
	record.sequence = sbk_view_u16(&view, SEQUENCE_AT);
	record.links = sbk_view_u16(&view, LINKS_AT);
	record.attributes_at = sbk_view_u16(&view, ATTRIBUTES_AT);
	record.is_directory = (flags & DIRECTORY) != 0;
	record.base = sbk_view_u64(&view, BASE_AT);
	if (used > size || sbk_view_u32(&view, ALLOCATED_AT) != size ||
	    record.attributes_at < HEADER_BYTES ||
	    record.attributes_at > used || record.attributes_at % 8 != 0)
		return SBK_NTFS_RECORD_MALFORMED;
	record.bytes = sbk_view_of(data, used);
	*out = record;
	return SBK_NTFS_RECORD_GOOD;
}

struct sbk_ntfs_cursor
sbk_ntfs_record_begin(const struct sbk_ntfs_record *record)
{
	struct sbk_ntfs_cursor at = {.record = record,
				     .offset = record->attributes_at};

	return at;
}

static void read_resident(struct sbk_view *header,
			  struct sbk_ntfs_attribute *out)
{
	uint32_t size = sbk_view_u32(header, 16);
	uint16_t at = sbk_view_u16(header, 20);

	if (header->size < RESIDENT_BYTES)
		header->overrun = true;
	out->value = sbk_view_part(header, at, size);
	out->size = out->initialized = size;
	out->allocated = size;
}

static void read_non_resident(struct sbk_view *header,
			      struct sbk_ntfs_attribute *out)
{
	uint16_t at = sbk_view_u16(header, 32);

	if (header->size < NON_RESIDENT_BYTES || at > header->size) {
		header->overrun = true;
		return;
	}
	out->first_vcn = sbk_view_u64(header, 16);
	out->last_vcn = sbk_view_u64(header, 24);
	out->allocated = sbk_view_u64(header, 40);
	out->size = sbk_view_u64(header, 48);
	out->initialized = sbk_view_u64(header, 56);
	out->value = sbk_view_part(header, at, header->size - at);
}

int sbk_ntfs_record_next(struct sbk_ntfs_cursor *at,
			 struct sbk_ntfs_attribute *out)
{
	struct sbk_view bytes = at->record->bytes, header;
	struct sbk_ntfs_attribute found = {.type = 0};
	uint32_t size;

	found.type = sbk_view_u32(&bytes, at->offset);
	if (bytes.overrun)
		return -1;
	if (found.type == TYPE_END)
		return 0;
	size = sbk_view_u32(&bytes, (uint64_t)at->offset + 4);
	if (bytes.overrun || size < RESIDENT_BYTES - 8 || size % 8 != 0)
		return -1;
	header = sbk_view_part(&bytes, at->offset, size);
	found.is_resident = sbk_view_u8(&header, 8) == 0;
	found.flags = sbk_view_u16(&header, 12);
	found.instance = sbk_view_u16(&header, 14);
	found.name = sbk_view_part(&header, sbk_view_u16(&header, 10),
				   (uint64_t)sbk_view_u8(&header, 9) * 2);
	if (found.is_resident)
		read_resident(&header, &found);
	else
		read_non_resident(&header, &found);
	if (bytes.overrun || header.overrun)
		return -1;
	at->offset += size;
	*out = found;
	return 1;
}

bool sbk_ntfs_name_is(struct sbk_view utf16, const char *ascii)
{
	size_t i;

	for (i = 0; ascii[i] != '\0'; i++)
		if (sbk_view_u16(&utf16, i * 2) != (uint8_t)ascii[i])
			return false;
	return !utf16.overrun && utf16.size == i * 2;
}
