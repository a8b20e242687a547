/*
 * A view over bytes that somebody else wrote. Numbers and parts are taken out
 * by offset; what lies outside is 0 or empty and is remembered, so that one
 * check stands behind a group of reads (as with struct sbk_buf):
 *
 *	struct sbk_view header = sbk_view_of(data, size);
 *	length = sbk_view_u32(&header, 4);
 *	value = sbk_view_part(&header, 24, length);
 *	if (header.overrun)
 *		... malformed ...
 *
 * No other code of this folder reads on-disk bytes through a pointer, and no
 * offset or size is added up before it was compared.
 */
#ifndef SBK_NTFS_VIEW_H
#define SBK_NTFS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sbk_view {
	const uint8_t *data; /* borrowed */
	size_t size;
	bool overrun;
};

static inline struct sbk_view sbk_view_of(const void *data, size_t size)
{
	struct sbk_view view = {.data = data, .size = size};

	return view;
}

static inline bool sbk_view_has(const struct sbk_view *view, uint64_t offset,
				uint64_t size)
{
	return offset <= view->size && size <= view->size - offset;
}

/* A little-endian number of `width` bytes, at most 8. */
static inline uint64_t sbk_view_uint(struct sbk_view *view, uint64_t offset,
				     unsigned width)
{
	uint64_t value = 0;

	if (!sbk_view_has(view, offset, width)) {
		view->overrun = true;
		return 0;
	}
	while (width-- > 0)
		value = value << 8 | view->data[offset + width];
	return value;
}

static inline uint8_t sbk_view_u8(struct sbk_view *view, uint64_t offset)
{
	return (uint8_t)sbk_view_uint(view, offset, 1);
}

static inline uint16_t sbk_view_u16(struct sbk_view *view, uint64_t offset)
{
	return (uint16_t)sbk_view_uint(view, offset, 2);
}

static inline uint32_t sbk_view_u32(struct sbk_view *view, uint64_t offset)
{
	return (uint32_t)sbk_view_uint(view, offset, 4);
}

static inline uint64_t sbk_view_u64(struct sbk_view *view, uint64_t offset)
{
	return sbk_view_uint(view, offset, 8);
}

static inline struct sbk_view sbk_view_part(struct sbk_view *view,
					    uint64_t offset, uint64_t size)
{
	if (!sbk_view_has(view, offset, size)) {
		view->overrun = true;
		return sbk_view_of(view->data, 0);
	}
	return sbk_view_of(view->data + offset, (size_t)size);
}

#endif
