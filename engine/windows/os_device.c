/*
 * Volumes as bytes: images. Opened for reading, never for anything else; a
 * volume of this machine (\\.\C:) is refused as yet, since it is read in whole
 * sectors and changes meanwhile.
 */
#include "engine/os_device.h"

#include <stdlib.h>

#include "engine/windows/named.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

struct sbk_device {
	HANDLE file;
	uint64_t size;
	char *path;
};

int sbk_os_device_open(const char *path, struct sbk_device **out,
		       struct sbk_error *err)
{
	struct sbk_device *device = calloc(1, sizeof(*device));
	int rc;

	if (device == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_named_open(path, &device->file, &device->size, err);
	if (rc == SBK_E_INVAL)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "'%.300s' is no image of a volume; only "
				   "images are read on Windows yet",
				   path);
	if (rc == 0)
		rc = sbk_named_path(device->file, &device->path, err);
	if (rc < 0)
		sbk_os_device_close(device);
	else
		*out = device;
	return rc;
}

void sbk_os_device_close(struct sbk_device *device)
{
	if (device == NULL)
		return;
	sbk_win32_close(&device->file);
	free(device->path);
	free(device);
}

uint64_t sbk_os_device_size(const struct sbk_device *device)
{
	return device->size;
}

const char *sbk_os_device_path(const struct sbk_device *device)
{
	return device->path;
}

/* Whether Windows has the image attached as a volume is not asked. */
const char *sbk_os_device_mounted(const struct sbk_device *device)
{
	(void)device;
	return NULL;
}

int sbk_os_device_read(void *arg, uint64_t offset, void *buffer, size_t size,
		       struct sbk_error *err)
{
	struct sbk_device *device = arg;
	char *to = buffer;
	size_t got;
	int rc;

	while (size > 0) {
		rc = sbk_win32_read(device->file, offset, to, size, &got, err);
		if (rc < 0) {
			(void)sbk_error_prefix(err, "reading '%.300s'",
					       device->path);
			return rc;
		}
		if (got == 0)
			return sbk_error_set(err, SBK_E_IO,
					     "'%.300s' became shorter",
					     device->path);
		to += got;
		size -= got;
		offset += got;
	}
	return 0;
}

/* A handle that may write is what the call wants; nothing is written. */
int sbk_os_device_sync(const struct sbk_device *device, struct sbk_error *err)
{
	HANDLE file = NULL;
	int rc = sbk_named_open_any(device->path, GENERIC_WRITE, &file, err);

	if (rc == 0)
		rc = sbk_win32_flush(file, err);
	sbk_win32_close(&file);
	return rc;
}

/* FSCTL_QUERY_ALLOCATED_RANGES would say; it only saves time. */
bool sbk_os_device_find_data(void *device, uint64_t from, uint64_t to,
			     uint64_t *begin, uint64_t *end)
{
	(void)device;
	*begin = from;
	*end = to;
	return true;
}
