/*
 * The journal of changes. Owns what of it is believed: a record lies in one
 * page, at a multiple of 8, holds its name, and stands where it says that it
 * does. After one that is malformed the rest of its page is passed by; the next
 * page begins with a record again.
 *
 * Work: holes are stepped over run by run, never read; of what is no hole the
 * newest part is read, page by page.
 */
#include "engine/ntfs/usn.h"

#include <stdlib.h>

#include "engine/ntfs/internal.h"

#include "engine/banned.h"

#define CHUNK_BYTES (64u << 10) /* read at once: whole pages */
#define ALIGNMENT 8
#define LEAST 8 /* bytes of any record: its length and version */

/* Where the fields behind the two references are. */
#define V2_TAIL 24
#define V3_TAIL 40
#define TAIL_BYTES 36 /* before the name */

/* Version 3 has references of 128 bits, of which NTFS uses the lower half. */
static bool read_fields(struct sbk_view *record, struct sbk_ntfs_usn *out)
{
	const uint64_t tail = out->major == 2 ? V2_TAIL : V3_TAIL;
	uint32_t name_size, name_at;

	out->reference = sbk_view_u64(record, 8);
	out->usn = sbk_view_u64(record, tail);
	out->time = sbk_view_u64(record, tail + 8);
	out->reason = sbk_view_u32(record, tail + 16);
	name_size = sbk_view_u16(record, tail + 32);
	name_at = sbk_view_u16(record, tail + 34);
	(void)sbk_view_part(record, name_at, name_size);
	if (out->major == 3 && sbk_view_u64(record, 16) != 0)
		return false;
	return !record->overrun && name_at >= tail + TAIL_BYTES &&
	       name_size % 2 == 0;
}

int sbk_ntfs_usn_next(struct sbk_view page, uint64_t begins, size_t *at,
		      struct sbk_ntfs_usn *out)
{
	struct sbk_view record;
	uint32_t length;

	if (page.size - *at < LEAST)
		return 0;
	length = sbk_view_u32(&page, *at);
	if (length == 0)
		return 0; /* what follows did not fit into the page */
	record = sbk_view_part(&page, *at, length);
	if (page.overrun || length < LEAST || length % ALIGNMENT != 0)
		return -1;
	*out = (struct sbk_ntfs_usn){.major = sbk_view_u16(&record, 4),
				     .usn = begins + *at};
	if ((out->major == 2 || out->major == 3) &&
	    (!read_fields(&record, out) || out->usn != begins + *at))
		return -1;
	*at += length;
	return 1;
}

/* --- all of them ------------------------------------------------------ */

struct reading {
	struct sbk_ntfs_volume *volume;
	struct sbk_ntfs_stream stream;
	sbk_ntfs_usn_fn *visit;
	void *arg;
	struct sbk_ntfs_usn_facts facts;
	uint8_t *chunk;
	uint64_t at;   /* up to where it was read */
	uint64_t work; /* bytes read: runs of less than a page are read in it */
};

static void take(struct reading *r, const struct sbk_ntfs_usn *usn)
{
	struct sbk_ntfs_usn_facts *facts = &r->facts;

	if (usn->major != 2 && usn->major != 3) {
		facts->unknown_records++;
		return;
	}
	if (facts->records++ == 0 || usn->time < facts->first)
		facts->first = usn->time;
	if (usn->time > facts->last)
		facts->last = usn->time;
	facts->security += (usn->reason & SBK_NTFS_USN_SECURITY_CHANGE) != 0;
	r->visit(r->arg, usn);
}

static void read_page(struct reading *r, struct sbk_view page, uint64_t begins)
{
	struct sbk_ntfs_usn usn;
	size_t at = 0;
	int rc;

	while ((rc = sbk_ntfs_usn_next(page, begins, &at, &usn)) > 0)
		take(r, &usn);
	if (rc < 0)
		sbk_ntfs_damage_add(&r->volume->damage, SBK_NTFS_BAD_USN,
				    begins);
}

/* From `from`, where a page begins, to `to`. What cannot be read is counted. */
static void read_range(struct reading *r, uint64_t from, uint64_t to)
{
	size_t size, page, at;

	for (; from < to && r->work < 2 * SBK_NTFS_USN_BYTES_MAX;
	     from += size, r->work += size) {
		size = CHUNK_BYTES;
		if (size > to - from)
			size = (size_t)(to - from);
		if (sbk_ntfs_stream_read(r->volume, &r->stream, from, r->chunk,
					 size, NULL) < 0) {
			sbk_ntfs_damage_add(&r->volume->damage,
					    SBK_NTFS_BAD_USN, from);
			continue;
		}
		for (at = 0; at < size; at += page) {
			page = SBK_NTFS_USN_PAGE;
			if (page > size - at)
				page = size - at;
			read_page(r, sbk_view_of(r->chunk + at, page),
				  from + at);
		}
	}
}

/* Whole pages around a range, behind what was read. */
static void read_pages(struct reading *r, uint64_t from, uint64_t to)
{
	from -= from % SBK_NTFS_USN_PAGE;
	if (from < r->at)
		from = r->at;
	if (to % SBK_NTFS_USN_PAGE != 0)
		to += SBK_NTFS_USN_PAGE - to % SBK_NTFS_USN_PAGE;
	if (to > r->stream.size)
		to = r->stream.size;
	if (from >= to)
		return;
	read_range(r, from, to);
	if (r->work >= 2 * SBK_NTFS_USN_BYTES_MAX)
		sbk_ntfs_damage_add(&r->volume->damage, SBK_NTFS_BAD_USN, from);
	r->at = to;
}

static void read_runs(struct reading *r)
{
	const struct sbk_ntfs_runs *runs = &r->stream.runs;
	const uint32_t cluster = r->volume->boot.cluster_bytes;
	uint64_t held = runs->held * cluster, from, to, less;
	size_t i;

	for (i = 0; i < runs->count; i++) {
		if (runs->items[i].lcn == SBK_NTFS_HOLE)
			continue;
		from = runs->items[i].vcn * cluster;
		to = from + runs->items[i].count * cluster;
		if (held > SBK_NTFS_USN_BYTES_MAX) { /* the oldest go */
			less = held - SBK_NTFS_USN_BYTES_MAX;
			if (less > to - from)
				less = to - from;
			from += less;
			held -= less;
			r->facts.skipped += less;
		}
		/* A page that begins in what is left out is left out. */
		if (r->at == 0 && r->facts.skipped > 0 &&
		    from % SBK_NTFS_USN_PAGE != 0)
			from += SBK_NTFS_USN_PAGE - from % SBK_NTFS_USN_PAGE;
		read_pages(r, from, to);
	}
}

int sbk_ntfs_usn_each(struct sbk_ntfs_volume *volume, uint64_t record,
		      sbk_ntfs_usn_fn *visit, void *arg,
		      struct sbk_ntfs_usn_facts *out, struct sbk_error *err)
{
	struct reading r = {.volume = volume, .visit = visit, .arg = arg};
	int rc = sbk_ntfs_stream_open(volume, record, SBK_NTFS_DATA, "$J",
				      &r.stream, err);

	if (rc < 0)
		return rc;
	r.chunk = malloc(CHUNK_BYTES);
	if (r.chunk == NULL)
		rc = sbk_error_no_memory(err);
	else if (r.stream.is_resident)
		read_range(&r, 0, r.stream.size);
	else
		read_runs(&r);
	if (rc == 0)
		*out = r.facts;
	free(r.chunk);
	sbk_ntfs_stream_release(&r.stream);
	return rc;
}
