/*
 * The boot sector: the measures of a volume, and where its records begin.
 * FORMAT.md says where each field is.
 */
#ifndef SBK_NTFS_BOOT_H
#define SBK_NTFS_BOOT_H

#include "engine/error.h"
#include "engine/ntfs/view.h"

#define SBK_NTFS_BOOT_BYTES 512
#define SBK_NTFS_SECTOR_MAX 4096u
#define SBK_NTFS_CLUSTER_MAX (2u << 20)
#define SBK_NTFS_RECORD_MIN 256u
#define SBK_NTFS_RECORD_MAX (64u << 10)

struct sbk_ntfs_boot {
	uint32_t sector_bytes, cluster_bytes;
	uint32_t record_bytes, index_bytes; /* powers of two */
	uint64_t sectors, clusters;	    /* of the volume */
	uint64_t bytes;			    /* clusters times cluster_bytes */
	uint64_t mft, mirror; /* first clusters; within clusters */
	uint64_t serial;
};

/*
 * Invariant of what is returned: the sizes are powers of two within the maxima
 * above, products do not overflow, and both tables begin within the volume.
 * SBK_E_PARSE; SBK_E_UNSUPPORTED, with what it is, for BitLocker, ReFS and FAT.
 */
int sbk_ntfs_boot_read(struct sbk_view sector, struct sbk_ntfs_boot *out,
		       struct sbk_error *err);

#endif
