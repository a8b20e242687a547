/*
 * Volumes that ntfs-3g has mounted: which one a pinned object is on, what names
 * the object there, and where an object is by its identity (os_volume.h).
 */
#ifndef SBK_LINUX_NTFS_MOUNT_H
#define SBK_LINUX_NTFS_MOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/linux/mounts.h"
#include "engine/linux/pin.h"
#include "engine/os_volume.h"

struct sbk_device;

/* One that this process has met. */
struct sbk_ntfs_mount {
	uint64_t mount; /* the kernel's number of it, of this boot */
	uint64_t serial;
	int root; /* open for reading: what is flushed */
	struct sbk_device *device;
	bool dirty; /* to be flushed */
};

struct sbk_ntfs_mounts {
	struct sbk_ntfs_mount *items;
	size_t count;
};

/*
 * Whether a mount is of a whole NTFS volume whose descriptors can be written
 * exactly, by what the kernel says of it alone. SBK_E_NOTFOUND: of another
 * filesystem; SBK_E_UNSUPPORTED: by another driver, of another user's program,
 * or a part of a volume.
 */
int sbk_ntfs_mount_check(const struct sbk_mount *mount, struct sbk_error *err);

void sbk_ntfs_mounts_release(struct sbk_ntfs_mounts *mounts);

/*
 * The volume of a pinned object. Borrowed until the next call. SBK_E_NOTFOUND
 * where the object is on no NTFS volume: then the one that was meant is not
 * mounted there; SBK_E_UNSUPPORTED where another driver has mounted it.
 */
int sbk_ntfs_mount_of(struct sbk_ntfs_mounts *mounts, const struct sbk_pin *pin,
		      struct sbk_ntfs_mount **out, struct sbk_error *err);
/* Makes what was written to the dirty ones durable, the driver's own memory
 * first. */
int sbk_ntfs_mounts_flush(struct sbk_ntfs_mounts *mounts,
			  struct sbk_error *err);

int sbk_ntfs_identity(const struct sbk_ntfs_mount *mount,
		      const struct sbk_pin *pin, char out[SBK_IDENTITY_MAX],
		      struct sbk_error *err);
/* The bytes of an attribute of the object itself, links not followed. */
int sbk_ntfs_attribute(const struct sbk_pin *pin, const char *name,
		       struct sbk_buf *out, struct sbk_error *err);

/*
 * Where the object with this identity is now, by its record on the volume.
 * UNKNOWN where no volume with that serial number is mounted, or two are.
 */
void sbk_ntfs_locate(struct sbk_ntfs_mounts *mounts, const char *identity,
		     struct sbk_location *out);

#endif
