/*
 * The journal of changes of a volume, $Extend\$UsnJrnl: Windows appends a
 * record to its stream $J for each change of a file, and gives the clusters of
 * the oldest back, so that the stream begins with a hole and may be of any
 * size. Read as far as it tells when an object's security was changed.
 *
 * It says what was changed and when, not by whom; it goes back days or weeks;
 * an administrator can delete it, and who can write to the device can write
 * anything into it. It is evidence, and no proof.
 */
#ifndef SBK_NTFS_USN_H
#define SBK_NTFS_USN_H

#include "engine/ntfs/view.h"
#include "engine/ntfs/volume.h"

#define SBK_NTFS_USN_PAGE 4096 /* records do not cross the end of one */
/* Read of one journal, its newest part. */
#define SBK_NTFS_USN_BYTES_MAX ((uint64_t)1 << 30)

enum sbk_ntfs_usn_reason { SBK_NTFS_USN_SECURITY_CHANGE = 0x800 };

struct sbk_ntfs_usn {
	uint64_t usn;	    /* where it begins in the stream */
	uint64_t reference; /* of the object */
	uint64_t time;	    /* in 100 ns since 1601, UTC */
	uint32_t reason;    /* of all changes since the object was opened */
	uint16_t major;	    /* 2, 3; of others only the place is known */
};

/*
 * The next record of a page, which begins at byte `begins` of the stream; *at
 * is where to look in it, and is moved behind the record. 1; 0 where the page
 * has no more; -1 where the rest of it is malformed. A record says itself where
 * in the stream it is, and is believed only there.
 */
int sbk_ntfs_usn_next(struct sbk_view page, uint64_t begins, size_t *at,
		      struct sbk_ntfs_usn *out);

/* What was read of a journal. */
struct sbk_ntfs_usn_facts {
	uint64_t records;	  /* of versions that are known */
	uint64_t first, last;	  /* times of the oldest and newest; or 0 */
	uint64_t security;	  /* records that say SECURITY_CHANGE */
	uint64_t unknown_records; /* of other versions */
	uint64_t skipped;	  /* bytes before those that were read */
};

/*
 * Calls `visit` for each record of version 2 or 3 that is left, the oldest
 * first. `record`: of $UsnJrnl. SBK_E_NOTFOUND: it has no $J. What is damaged
 * is counted in the volume, by page, and passed by.
 */
typedef void sbk_ntfs_usn_fn(void *arg, const struct sbk_ntfs_usn *usn);
int sbk_ntfs_usn_each(struct sbk_ntfs_volume *volume, uint64_t record,
		      sbk_ntfs_usn_fn *visit, void *arg,
		      struct sbk_ntfs_usn_facts *out, struct sbk_error *err);

#endif
