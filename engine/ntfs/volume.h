/*
 * An NTFS volume, read from the outside: through one callback, never written,
 * without the system's own driver. Portable.
 *
 *	rc = sbk_ntfs_volume_open(&device, &volume, &err);
 *	rc = sbk_ntfs_scan(volume, each_object, arg, &err);       (object.h)
 *	rc = sbk_ntfs_secure_open(volume, &secure, &err);         (secure.h)
 *	rc = sbk_ntfs_secure_each(secure, each_descriptor, arg, &err);
 *	... sbk_ntfs_volume_damage(volume) ...
 *	sbk_ntfs_secure_close(secure);
 *	sbk_ntfs_volume_close(volume);
 *
 * Every byte is hostile. Functions fail for want of memory, and where what
 * was asked for does not exist or cannot be read; damage that is met on the way
 * is counted in the volume's record of damage and passed by. Nothing here
 * recurses, and each list has a maximum.
 */
#ifndef SBK_NTFS_VOLUME_H
#define SBK_NTFS_VOLUME_H

#include "engine/error.h"
#include "engine/ntfs/boot.h"
#include "engine/ntfs/damage.h"

#define SBK_NTFS_RECORDS_MAX ((uint64_t)1 << 28)

/* Where the volume begins is byte 0. */
struct sbk_ntfs_device {
	/* Fills the whole buffer; SBK_E_IO where it cannot. Only ranges within
	 * `size` are asked for. */
	int (*read)(void *arg, uint64_t offset, void *buffer, size_t size,
		    struct sbk_error *err);
	void *arg;
	uint64_t size;
	/*
	 * The first range from `from` on and before `to` that may hold other
	 * bytes than zeros; false where there is none: a hole of a sparse
	 * image. NULL: not known, and everything is read.
	 */
	bool (*find_data)(void *arg, uint64_t from, uint64_t to,
			  uint64_t *begin, uint64_t *end);
};

struct sbk_ntfs_volume; /* opaque */

/* Well-known records. */
enum sbk_ntfs_record_number {
	SBK_NTFS_MFT = 0,
	SBK_NTFS_MFT_MIRROR = 1,
	SBK_NTFS_VOLUME_RECORD = 3,
	SBK_NTFS_ROOT = 5,
	SBK_NTFS_SECURE = 9,
	SBK_NTFS_EXTEND = 11,
	SBK_NTFS_FIRST_USER =
		24 /* of the first that is no part of the system */
};

/*
 * Reads the boot sector (or its copy, the last sector of the volume) and
 * where all records are. SBK_E_PARSE, SBK_E_UNSUPPORTED (another filesystem, a
 * whole disk, more than SBK_NTFS_RECORDS_MAX records), SBK_E_IO. `device` is
 * copied; what its arg points to must outlive the volume.
 */
int sbk_ntfs_volume_open(const struct sbk_ntfs_device *device,
			 struct sbk_ntfs_volume **out, struct sbk_error *err);
void sbk_ntfs_volume_close(struct sbk_ntfs_volume *volume);

const struct sbk_ntfs_boot *
sbk_ntfs_volume_boot(const struct sbk_ntfs_volume *volume);
/* Records that the table has room for, in use or not; of a sparse image, up to
 * the last one that it has bytes of. */
uint64_t sbk_ntfs_volume_records(const struct sbk_ntfs_volume *volume);
/* What was found damaged so far. The audit adds what it finds itself. */
struct sbk_ntfs_damage *sbk_ntfs_volume_damage(struct sbk_ntfs_volume *volume);

struct sbk_ntfs_volume_facts {
	char label[128 * 3 + 1]; /* UTF-8 */
	uint8_t major, minor;	 /* version of NTFS */
	bool is_dirty;		 /* was not unmounted, or is mounted */
};

/* From the record $Volume; zeros where that is damaged. */
void sbk_ntfs_volume_facts(struct sbk_ntfs_volume *volume,
			   struct sbk_ntfs_volume_facts *out);

#endif
