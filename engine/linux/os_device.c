/*
 * Volumes as bytes. Owns which file is meant by a name, and what else holds it
 * open for writing; opens read-only, and waits for nothing (a FIFO is refused).
 */
#include "engine/os_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/os_census.h"

#include "engine/banned.h"

struct sbk_device {
	int fd;
	uint64_t size;
	char *path, *mounted;
};

/* What the directory `path` is mounted from. Allocated. */
static int find_source(const char *path, char **out, struct sbk_error *err)
{
	struct sbk_filesystems list;
	const struct sbk_filesystem *found = NULL;
	char *real = NULL;
	size_t i;
	int rc = sbk_os_real_path(path, &real, err);

	if (rc == 0)
		rc = sbk_os_filesystems(&list, err);
	if (rc < 0) {
		free(real);
		return rc;
	}
	for (i = 0; i < list.count; i++)
		if (list.items[i].visible &&
		    strcmp(list.items[i].point, real) == 0)
			found = &list.items[i];
	if (found == NULL || found->source[0] != '/')
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "no volume is mounted at '%s'; name an "
				   "image, a device, or where one is mounted",
				   path);
	if (rc == 0) {
		*out = strdup(found->source);
		if (*out == NULL)
			rc = sbk_error_no_memory(err);
	}
	sbk_os_filesystems_release(&list);
	free(real);
	return rc;
}

/* Who has the device mounted and may write to it. */
static int find_mount(struct sbk_device *device, struct sbk_error *err)
{
	struct sbk_filesystems list;
	size_t i;
	int rc = sbk_os_filesystems(&list, err);

	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && device->mounted == NULL && i < list.count; i++)
		if (!list.items[i].read_only && list.items[i].visible &&
		    strcmp(list.items[i].source, device->path) == 0) {
			device->mounted = strdup(list.items[i].point);
			if (device->mounted == NULL)
				rc = sbk_error_no_memory(err);
		}
	sbk_os_filesystems_release(&list);
	return rc;
}

static int open_file(struct sbk_device *device, struct sbk_error *err)
{
	struct stat st;
	off_t end;
	int os_code;

	/* Without blocking: a FIFO has no other end. */
	device->fd = open(device->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	os_code = errno;
	if (device->fd < 0 || fstat(device->fd, &st) < 0)
		return sbk_error_set_errno(err,
					   device->fd < 0 ? os_code : errno,
					   "cannot open '%s'", device->path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no image and no block device",
				     device->path);
	end = lseek(device->fd, 0, SEEK_END);
	os_code = errno;
	if (end < 0)
		return sbk_error_set_errno(err, os_code, "cannot measure '%s'",
					   device->path);
	device->size = (uint64_t)end;
	return 0;
}

int sbk_os_device_open(const char *path, struct sbk_device **out,
		       struct sbk_error *err)
{
	struct sbk_device *device = calloc(1, sizeof(*device));
	char *source = NULL;
	struct stat st;
	int os_code, rc = 0;

	if (device == NULL)
		return sbk_error_no_memory(err);
	device->fd = -1;
	if (stat(path, &st) < 0) {
		os_code = errno;
		rc = sbk_error_set_errno(err, os_code, "cannot look at '%s'",
					 path);
	}
	if (rc == 0 && S_ISDIR(st.st_mode))
		rc = find_source(path, &source, err);
	if (rc == 0)
		rc = sbk_os_real_path(source != NULL ? source : path,
				      &device->path, err);
	if (rc == 0)
		rc = open_file(device, err);
	if (rc == 0)
		rc = find_mount(device, err);
	free(source);
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
	if (device->fd >= 0)
		(void)close(device->fd); /* it was only read */
	free(device->path);
	free(device->mounted);
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

const char *sbk_os_device_mounted(const struct sbk_device *device)
{
	return device->mounted;
}

int sbk_os_device_read(void *arg, uint64_t offset, void *buffer, size_t size,
		       struct sbk_error *err)
{
	struct sbk_device *device = arg;
	uint8_t *to = buffer;
	ssize_t got;
	int os_code;

	while (size > 0) {
		got = pread(device->fd, to, size, (off_t)offset);
		os_code = errno;
		if (got < 0 && os_code == EINTR)
			continue;
		if (got < 0)
			return sbk_error_set_errno(
				err, os_code, "cannot read '%s'", device->path);
		if (got == 0)
			return sbk_error_set(err, SBK_E_IO,
					     "'%s' became shorter",
					     device->path);
		to += got;
		size -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}
