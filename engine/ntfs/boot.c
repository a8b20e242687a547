/*
 * The boot sector. Owns the decision which measures are possible at all; what
 * it lets through needs no further check of ranges or overflow.
 */
#include "engine/ntfs/boot.h"

#include <string.h>

#include "engine/banned.h"

#define OEM_AT 3
#define SECTOR_BYTES_AT 0x0B
#define CLUSTER_SECTORS_AT 0x0D
#define SECTORS_AT 0x28
#define MFT_AT 0x30
#define MIRROR_AT 0x38
#define RECORD_CLUSTERS_AT 0x40
#define INDEX_CLUSTERS_AT 0x44
#define SERIAL_AT 0x48
#define SIGNATURE_AT 0x1FE
#define SIGNATURE 0xAA55

static bool is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* Sectors of a cluster: a count, or, above 0x80, 2 to the 256 minus it. */
static uint32_t cluster_sectors(uint8_t code)
{
	if (code <= 0x80)
		return code;
	return code >= 0xE1 ? 1u << (256 - code) : 0;
}

/* Bytes of a record or index block: clusters, or, as a negative number, the
 * power of two; 0 where it is impossible. */
static uint32_t block_bytes(uint8_t code, uint32_t cluster_bytes)
{
	uint64_t bytes;

	if (code < 0x80)
		bytes = (uint64_t)code * cluster_bytes;
	else
		bytes = code >= 0xE1 ? (uint64_t)1 << (256 - code) : 0;
	if (!is_power_of_two(bytes) || bytes < SBK_NTFS_RECORD_MIN ||
	    bytes > SBK_NTFS_RECORD_MAX)
		return 0;
	return (uint32_t)bytes;
}

/* What else begins like a volume, and what to do then. */
static int refuse_others(struct sbk_view *sector, struct sbk_error *err)
{
	static const struct {
		const char *oem, *what;
	} others[] = {
		{"-FVE-FS-", "a BitLocker volume: unlock it first, and name "
			     "the unlocked device"},
		{"ReFS\0\0\0", "a ReFS volume, which is not supported"},
		{"EXFAT   ", "an exFAT volume, which has no descriptors"},
		{"MSDOS5.0", "a FAT volume, which has no descriptors"},
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (memcmp(sector->data + OEM_AT, others[i].oem, 8) == 0)
			return sbk_error_set(err, SBK_E_UNSUPPORTED, "it is %s",
					     others[i].what);
	if (sbk_view_u16(sector, SIGNATURE_AT) == SIGNATURE)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"it begins with no NTFS volume; where it is a whole "
			"disk, name the partition ('losetup -Pr' shows those "
			"of an image)");
	return sbk_error_set(err, SBK_E_PARSE, "it begins with no NTFS volume");
}

static int check(const struct sbk_ntfs_boot *boot, struct sbk_error *err)
{
	const char *wrong = NULL;

	if (boot->cluster_bytes == 0 ||
	    boot->cluster_bytes > SBK_NTFS_CLUSTER_MAX)
		wrong = "size of a cluster";
	else if (boot->record_bytes == 0)
		wrong = "size of a record";
	else if (boot->index_bytes == 0)
		wrong = "size of an index block";
	else if (boot->clusters == 0 || boot->sectors > INT64_MAX >> 12)
		wrong = "size";
	else if (boot->mft >= boot->clusters)
		wrong = "place of the table of records";
	if (wrong != NULL)
		return sbk_error_set(err, SBK_E_PARSE,
				     "its boot sector has an impossible %s",
				     wrong);
	return 0;
}

int sbk_ntfs_boot_read(struct sbk_view sector, struct sbk_ntfs_boot *out,
		       struct sbk_error *err)
{
	struct sbk_ntfs_boot boot = {.sector_bytes = 0};
	uint32_t in_cluster;
	int rc;

	if (sector.size < SBK_NTFS_BOOT_BYTES)
		return sbk_error_set(err, SBK_E_PARSE,
				     "it is shorter than a boot sector");
	if (memcmp(sector.data + OEM_AT, "NTFS    ", 8) != 0 ||
	    sbk_view_u16(&sector, SIGNATURE_AT) != SIGNATURE)
		return refuse_others(&sector, err);
	boot.sector_bytes = sbk_view_u16(&sector, SECTOR_BYTES_AT);
	in_cluster = cluster_sectors(sbk_view_u8(&sector, CLUSTER_SECTORS_AT));
	if (!is_power_of_two(boot.sector_bytes) || boot.sector_bytes < 256 ||
	    boot.sector_bytes > SBK_NTFS_SECTOR_MAX ||
	    !is_power_of_two(in_cluster))
		return sbk_error_set(err, SBK_E_PARSE,
				     "its boot sector has an impossible size "
				     "of a sector");
	if (in_cluster <= SBK_NTFS_CLUSTER_MAX / boot.sector_bytes)
		boot.cluster_bytes = in_cluster * boot.sector_bytes;
	boot.sectors = sbk_view_u64(&sector, SECTORS_AT);
	boot.clusters = boot.sectors / in_cluster;
	boot.mft = sbk_view_u64(&sector, MFT_AT);
	boot.mirror = sbk_view_u64(&sector, MIRROR_AT);
	boot.record_bytes = block_bytes(
		sbk_view_u8(&sector, RECORD_CLUSTERS_AT), boot.cluster_bytes);
	boot.index_bytes = block_bytes(sbk_view_u8(&sector, INDEX_CLUSTERS_AT),
				       boot.cluster_bytes);
	boot.serial = sbk_view_u64(&sector, SERIAL_AT);
	rc = check(&boot, err);
	if (rc < 0)
		return rc;
	boot.bytes = boot.clusters * boot.cluster_bytes;
	*out = boot;
	return 0;
}
