/*
 * Mapping pairs to runs. Owns the invariant of struct sbk_ntfs_runs, which is
 * what bounds every later read: clusters lie within the volume, and lists that
 * name a cluster again and again end where they name more than there are.
 */
#include "engine/ntfs/runs.h"

#include <stdlib.h>

#include "engine/banned.h"

/* Clusters of one attribute, holes included: times the largest cluster
 * (SBK_NTFS_CLUSTER_MAX) they are at most 2^63 bytes. */
#define VCN_MAX ((uint64_t)1 << 42)

void sbk_ntfs_runs_release(struct sbk_ntfs_runs *runs)
{
	free(runs->items);
	*runs = (struct sbk_ntfs_runs){.items = NULL};
}

static int grow(struct sbk_ntfs_runs *runs, struct sbk_error *err)
{
	size_t capacity = runs->capacity > 0 ? runs->capacity * 2 : 16;
	struct sbk_ntfs_run *items;

	if (runs->count < runs->capacity)
		return 0;
	if (runs->count >= SBK_NTFS_RUNS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a list of clusters has more than %u runs",
				     SBK_NTFS_RUNS_MAX);
	items = realloc(runs->items, capacity * sizeof(*items));
	if (items == NULL)
		return sbk_error_no_memory(err);
	runs->items = items;
	runs->capacity = capacity;
	return 0;
}

static int malformed(struct sbk_error *err, const char *why)
{
	return sbk_error_set(err, SBK_E_PARSE, "a list of clusters %s", why);
}

/* A little-endian number of `width` bytes with its sign. */
static int64_t read_signed(struct sbk_view *pairs, uint64_t at, unsigned width)
{
	uint64_t value = sbk_view_uint(pairs, at, width);

	if (width > 0 && width < 8 && (value >> (width * 8 - 1) & 1) != 0)
		value |= UINT64_MAX << (width * 8);
	return (int64_t)value;
}

/* One run behind the last one. */
static int add(struct sbk_ntfs_runs *runs, uint64_t lcn, uint64_t count,
	       uint64_t volume_clusters, struct sbk_error *err)
{
	int rc;

	if (count > VCN_MAX - runs->clusters)
		return malformed(err, "is longer than any volume");
	if (lcn != SBK_NTFS_HOLE) {
		if (lcn >= volume_clusters || count > volume_clusters - lcn)
			return malformed(err, "leaves the volume");
		if (count > volume_clusters - runs->held)
			return malformed(err, "holds more than the volume has");
		runs->held += count;
	}
	rc = grow(runs, err);
	if (rc < 0)
		return rc;
	runs->items[runs->count++] = (struct sbk_ntfs_run){
		.vcn = runs->clusters, .lcn = lcn, .count = count};
	runs->clusters += count;
	return 0;
}

/* Reads one pair; 0 at the end of the list, 1 for a run. */
static int next(struct sbk_view *pairs, uint64_t *at, uint64_t *lcn,
		int64_t *count, bool *is_hole, struct sbk_error *err)
{
	uint8_t widths = sbk_view_u8(pairs, *at);
	unsigned count_width = widths & 0x0F, lcn_width = widths >> 4;
	int64_t step;

	/* The padding behind the last pair may be missing. */
	if (pairs->overrun || widths == 0)
		return 0;
	if (count_width == 0 || count_width > 8 || lcn_width > 8)
		return malformed(err, "has a pair of impossible width");
	*count = read_signed(pairs, *at + 1, count_width);
	step = read_signed(pairs, *at + 1 + count_width, lcn_width);
	if (pairs->overrun || *count <= 0)
		return malformed(err, "has a pair without clusters");
	*is_hole = lcn_width == 0;
	/* Wraps where it is negative; add() checks what comes out. */
	*lcn += (uint64_t)step;
	if (!*is_hole && *lcn == SBK_NTFS_HOLE)
		return malformed(err, "leaves the volume");
	*at += 1 + (uint64_t)count_width + lcn_width;
	return 1;
}

int sbk_ntfs_runs_add(struct sbk_ntfs_runs *runs, struct sbk_view pairs,
		      uint64_t first_vcn, uint64_t volume_clusters,
		      struct sbk_error *err)
{
	const struct sbk_ntfs_runs before = *runs;
	uint64_t at = 0, lcn = 0;
	bool is_hole = false;
	int64_t count = 0;
	int rc;

	if (first_vcn != runs->clusters)
		return malformed(err, "lacks its beginning");
	while ((rc = next(&pairs, &at, &lcn, &count, &is_hole, err)) > 0) {
		rc = add(runs, is_hole ? SBK_NTFS_HOLE : lcn, (uint64_t)count,
			 volume_clusters, err);
		if (rc < 0)
			break;
	}
	if (rc < 0) {
		runs->count = before.count;
		runs->clusters = before.clusters;
		runs->held = before.held;
	}
	return rc;
}

const struct sbk_ntfs_run *sbk_ntfs_runs_find(const struct sbk_ntfs_runs *runs,
					      uint64_t vcn)
{
	size_t low = 0, high = runs->count, middle;

	if (vcn >= runs->clusters)
		return NULL;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (runs->items[middle].vcn <= vcn)
			low = middle;
		else
			high = middle;
	}
	return &runs->items[low];
}
