/*
 * Cells of a hive. Owns where one may be: within the bins, in use, holding
 * whatever is claimed of it; and that no more than SBK_HIVE_WORK_MAX is read.
 */
#include "engine/ntfs/hive_cell.h"

#include "engine/banned.h"

int sbk_hive_blame(struct sbk_hive *hive, uint32_t at, struct sbk_error *err)
{
	if (hive->damage++ == 0)
		hive->place = at;
	return sbk_error_set(err, SBK_E_PARSE,
			     "the hive is damaged at byte %lu of its bins",
			     (unsigned long)at);
}

/* Reads of the bins, as long as there was not too much work. */
static int read_bins(struct sbk_hive *hive, uint64_t at, uint8_t *bytes,
		     uint32_t size)
{
	if (size > SBK_HIVE_WORK_MAX - hive->work)
		hive->is_exhausted = true;
	if (hive->is_exhausted)
		return SBK_E_LIMIT;
	hive->work += size;
	return hive->device.read(hive->device.arg, SBK_HIVE_BASE_BYTES + at,
				 bytes, size, NULL);
}

int sbk_hive_cell_head(struct sbk_hive *hive, uint32_t at, uint8_t *bytes,
		       size_t room, struct sbk_view *out, uint32_t *content,
		       struct sbk_error *err)
{
	struct sbk_view view;
	uint32_t size;

	if (at % SBK_HIVE_CELL_ALIGNMENT != 0 || at >= hive->bytes ||
	    hive->bytes - at < SBK_HIVE_CELL_ALIGNMENT)
		return sbk_hive_blame(hive, at, err);
	if (room > hive->bytes - at)
		room = hive->bytes - at;
	if (read_bins(hive, at, bytes, (uint32_t)room) < 0)
		return sbk_hive_blame(hive, at, err);
	view = sbk_view_of(bytes, room);
	/* Negative: in use. */
	size = 0 - sbk_view_u32(&view, 0);
	if (size < SBK_HIVE_CELL_ALIGNMENT || size > hive->bytes - at)
		return sbk_hive_blame(hive, at, err);
	*content = size - 4;
	*out = sbk_view_of(bytes + 4, (size < room ? size : room) - 4);
	return 0;
}

int sbk_hive_cell_read(struct sbk_hive *hive, uint32_t at, uint32_t size,
		       struct sbk_buf *out, struct sbk_error *err)
{
	uint8_t part[4096];
	uint64_t from = (uint64_t)at + 4;
	struct sbk_view head;
	uint32_t content, n;
	int rc = sbk_hive_cell_head(hive, at, part, SBK_HIVE_CELL_ALIGNMENT,
				    &head, &content, err);

	if (rc == 0 && size > content)
		rc = sbk_hive_blame(hive, at, err);
	for (; rc == 0 && size > 0; size -= n, from += n) {
		n = size < sizeof(part) ? size : (uint32_t)sizeof(part);
		if (read_bins(hive, from, part, n) < 0)
			return sbk_hive_blame(hive, at, err);
		sbk_buf_add(out, part, n);
	}
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_hive_cell_all(struct sbk_hive *hive, uint32_t at, uint32_t max,
		      struct sbk_buf *out, struct sbk_error *err)
{
	uint8_t part[SBK_HIVE_CELL_ALIGNMENT];
	struct sbk_view head;
	uint32_t content;
	int rc = sbk_hive_cell_head(hive, at, part, sizeof(part), &head,
				    &content, err);

	if (rc < 0)
		return rc;
	return sbk_hive_cell_read(hive, at, content < max ? content : max, out,
				  err);
}
