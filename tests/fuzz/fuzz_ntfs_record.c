/*
 * Fuzz target: the small structures one by one. The first byte chooses: a boot
 * sector, a list of clusters, or a record, whose sector ends are made to match,
 * so that what is behind them is met.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/boot.h"
#include "engine/ntfs/record.h"
#include "engine/ntfs/runs.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_boot(const uint8_t *data, size_t size)
{
	struct sbk_ntfs_boot boot;

	if (sbk_ntfs_boot_read(sbk_view_of(data, size), &boot, NULL) < 0)
		return;
	must(boot.bytes / boot.cluster_bytes == boot.clusters);
	must(boot.cluster_bytes <= SBK_NTFS_CLUSTER_MAX);
	must(boot.record_bytes >= SBK_NTFS_RECORD_MIN);
	must(boot.record_bytes <= SBK_NTFS_RECORD_MAX);
	must(boot.mft < boot.clusters);
}

static void try_runs(const uint8_t *data, size_t size)
{
	struct sbk_ntfs_runs runs = {.count = 0};
	uint64_t vcn = 0, clusters = 1 << 20;
	size_t i, half = size / 2;

	(void)sbk_ntfs_runs_add(&runs, sbk_view_of(data, half), 0, clusters,
				NULL);
	(void)sbk_ntfs_runs_add(&runs, sbk_view_of(data + half, size - half),
				runs.clusters, clusters, NULL);
	for (i = 0; i < runs.count; i++) {
		must(runs.items[i].vcn == vcn && runs.items[i].count > 0);
		if (runs.items[i].lcn != SBK_NTFS_HOLE)
			must(runs.items[i].lcn + runs.items[i].count <=
			     clusters);
		must(sbk_ntfs_runs_find(&runs, vcn) == &runs.items[i]);
		vcn += runs.items[i].count;
	}
	must(vcn == runs.clusters && runs.held <= clusters);
	must(sbk_ntfs_runs_find(&runs, vcn) == NULL);
	sbk_ntfs_runs_release(&runs);
}

/* Writes the ends as the update sequence wants them, where it is one. */
static void match_ends(uint8_t *data, size_t size)
{
	struct sbk_view view = sbk_view_of(data, size);
	size_t at = sbk_view_u16(&view, 4), i;

	if (at + 2 > size)
		return;
	for (i = 512; i <= size; i += 512)
		memmove(data + i - 2, data + at, 2);
}

static void try_record(const uint8_t *data, size_t size)
{
	struct sbk_ntfs_attribute attribute;
	struct sbk_ntfs_record record;
	struct sbk_ntfs_cursor at;
	size_t whole = size / 512 * 512;
	uint8_t *copy = malloc(whole > 0 ? whole : 1);
	unsigned i = 0;

	if (copy == NULL)
		return;
	memcpy(copy, data, whole);
	match_ends(copy, whole);
	if (sbk_ntfs_record_read(copy, whole, &record) ==
	    SBK_NTFS_RECORD_GOOD) {
		at = sbk_ntfs_record_begin(&record);
		while (sbk_ntfs_record_next(&at, &attribute) > 0) {
			must(++i <= whole / 16);
			(void)sbk_ntfs_name_is(attribute.name, "$SDS");
			if (attribute.value.size > 0)
				must(attribute.value.data >= copy &&
				     attribute.value.data +
						     attribute.value.size <=
					     copy + whole);
			if (!attribute.is_resident)
				try_runs(attribute.value.data,
					 attribute.value.size);
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		try_boot(data + 1, size - 1);
		break;
	case 1:
		try_runs(data + 1, size - 1);
		break;
	default:
		try_record(data + 1, size - 1);
	}
	return 0;
}
