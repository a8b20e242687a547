/*
 * Sparse images: an image may be of any size and have next to no bytes, and its
 * table of records may reach wherever somebody wrote that it does. Owns that
 * memory and time go by the bytes that are there.
 */
#include "engine/ntfs/internal.h"

#include "engine/banned.h"

#define RANGES_MAX 65536 /* of data asked for; more of them: no holes */
/* A table of more records than MANY has bytes of one in SPARSEST at least: it
 * takes 28 bytes of memory for each (audit/volume.h). */
#define MANY ((uint64_t)1 << 24)
#define SPARSEST 64

bool sbk_ntfs_records_are_hole(const struct sbk_ntfs_volume *volume,
			       uint64_t first, uint64_t count)
{
	const struct sbk_ntfs_device *device = &volume->device;
	const uint32_t cluster = volume->boot.cluster_bytes;
	const uint64_t from = first * volume->boot.record_bytes;
	const uint64_t size = count * volume->boot.record_bytes;
	const struct sbk_ntfs_run *run;
	uint64_t at, begin, end;

	if (device->find_data == NULL)
		return false;
	run = sbk_ntfs_runs_find(&volume->mft.runs, from / cluster);
	if (run == NULL || run->lcn == SBK_NTFS_HOLE)
		return false;
	at = from - run->vcn * cluster;
	if (size > run->count * cluster - at)
		return false;
	at += run->lcn * cluster;
	return at <= device->size && size <= device->size - at &&
	       !device->find_data(device->arg, at, at + size, &begin, &end);
}

/* Of the table, where the image has bytes: up to where, and how many. */
struct filled {
	uint64_t end, bytes;
	unsigned ranges;
};

/* False where there are too many ranges to ask for. */
static bool look_at_run(const struct sbk_ntfs_volume *volume,
			const struct sbk_ntfs_run *run, struct filled *filled)
{
	const struct sbk_ntfs_device *device = &volume->device;
	const uint32_t cluster = volume->boot.cluster_bytes;
	const uint64_t from = run->lcn * cluster;
	uint64_t at = from, to = from + run->count * cluster, begin, end;

	if (to > device->size)
		to = device->size;
	for (; at < to && device->find_data(device->arg, at, to, &begin, &end);
	     at = end) {
		if (++filled->ranges > RANGES_MAX || end <= at)
			return false;
		filled->bytes += end - begin;
		filled->end = run->vcn * cluster + (end - from);
	}
	return true;
}

static void blame_lost(struct sbk_ntfs_volume *volume, uint64_t from,
		       uint64_t to)
{
	uint64_t i;

	for (i = from; i < to; i++)
		sbk_ntfs_record_blame(volume, i, SBK_NTFS_RECORD_BLANK);
}

int sbk_ntfs_records_trim(struct sbk_ntfs_volume *volume, struct sbk_error *err)
{
	const struct sbk_ntfs_runs *runs = &volume->mft.runs;
	const uint32_t size = volume->boot.record_bytes;
	struct filled filled = {.end = 0};
	uint64_t records;
	size_t i;

	if (volume->device.find_data == NULL)
		return 0;
	for (i = 0; i < runs->count && runs->items[i].lcn != SBK_NTFS_HOLE; i++)
		if (!look_at_run(volume, &runs->items[i], &filled))
			return 0;
	records = (filled.end + size - 1) / size;
	if (records < SBK_NTFS_FIRST_USER)
		records = SBK_NTFS_FIRST_USER;
	if (records < volume->records) {
		blame_lost(volume, records, volume->records);
		volume->records = records;
	}
	if (volume->records > MANY &&
	    filled.bytes / size < volume->records / SPARSEST)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"its table has %llu records, and the image "
			"has bytes of %llu of them",
			(unsigned long long)volume->records,
			(unsigned long long)(filled.bytes / size));
	return 0;
}
