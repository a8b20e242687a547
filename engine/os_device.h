/*
 * A volume as bytes: an image, a block device, or the device behind a mount
 * point. Opened for reading, never for anything else.
 */
#ifndef SBK_OS_DEVICE_H
#define SBK_OS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

struct sbk_device; /* opaque */

/*
 * `path`: a regular file, a block device, or a directory, which must be where
 * a volume is mounted: then what it is mounted from. SBK_E_INVAL for anything
 * else, SBK_E_DENIED, SBK_E_NOTFOUND.
 */
int sbk_os_device_open(const char *path, struct sbk_device **out,
		       struct sbk_error *err);
void sbk_os_device_close(struct sbk_device *device);
uint64_t sbk_os_device_size(const struct sbk_device *device);
/* The real path of what is read. */
const char *sbk_os_device_path(const struct sbk_device *device);
/* Where it is mounted for writing now, or NULL: what that mount has not
 * written yet is not seen. */
const char *sbk_os_device_mounted(const struct sbk_device *device);

/* Fills the buffer; SBK_E_IO. `device` is a struct sbk_device; for
 * struct sbk_ntfs_device. */
int sbk_os_device_read(void *device, uint64_t offset, void *buffer, size_t size,
		       struct sbk_error *err);

/* Where it is no hole (struct sbk_ntfs_device, find_data): all of it, where the
 * system does not say. */
bool sbk_os_device_find_data(void *device, uint64_t from, uint64_t to,
			     uint64_t *begin, uint64_t *end);

/* Waits until what others wrote to it is durable. */
int sbk_os_device_sync(const struct sbk_device *device, struct sbk_error *err);

#endif
