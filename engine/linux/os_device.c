/*
 * Volumes as bytes. Owns which file is meant by a name, and what else holds it
 * open for writing; opens read-only, and waits for nothing (a FIFO is refused).
 */
#include "engine/os_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* A link that only root can have made: what a mount says of its source may be
 * anything, and is not to lead us anywhere. */
static bool is_device_link(const char *source)
{
	return (strncmp(source, "/dev/mapper/", 12) == 0 ||
		strncmp(source, "/dev/disk/", 10) == 0) &&
	       strstr(source, "/..") == NULL;
}

/* Whether a mount is of the device: "/dev/mapper/x" is a link to it. */
static int is_source(const struct sbk_device *device,
		     const struct sbk_filesystem *mount, bool *out,
		     struct sbk_error *err)
{
	char *real = NULL;
	int rc;

	*out = strcmp(mount->source, device->path) == 0;
	if (*out || !is_device_link(mount->source))
		return 0;
	rc = sbk_os_real_path(mount->source, &real, NULL);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	/* What is not there (any more) is not this one. */
	*out = rc == 0 && strcmp(real, device->path) == 0;
	free(real);
	return 0;
}

/* Who has the device mounted and may write to it. */
static int find_mount(struct sbk_device *device, struct sbk_error *err)
{
	struct sbk_filesystems list;
	bool found = false;
	size_t i;
	int rc = sbk_os_filesystems(&list, err);

	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && !found && i < list.count; i++)
		if (!list.items[i].read_only)
			rc = is_source(device, &list.items[i], &found, err);
	if (rc == 0 && found) {
		device->mounted = strdup(list.items[i - 1].point);
		if (device->mounted == NULL)
			rc = sbk_error_no_memory(err);
	}
	sbk_os_filesystems_release(&list);
	return rc;
}

/* Opened when it is known what it is: of some devices the opening alone has an
 * effect (a watchdog, a tape), and a FIFO would wait for its other end. */
static int open_known(struct sbk_device *device, struct sbk_error *err)
{
	char again[sizeof("/proc/self/fd/") + 16];
	int known = open(device->path, O_PATH | O_CLOEXEC), os_code = errno;
	struct stat st;

	if (known < 0)
		return sbk_error_set_errno(err, os_code, "cannot open '%s'",
					   device->path);
	if (fstat(known, &st) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))) {
		(void)close(known); /* O_PATH */
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no image and no block device",
				     device->path);
	}
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", known);
	device->fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	os_code = errno;
	(void)close(known); /* O_PATH */
	if (device->fd < 0)
		return sbk_error_set_errno(err, os_code, "cannot open '%s'",
					   device->path);
	return 0;
}

static int open_file(struct sbk_device *device, struct sbk_error *err)
{
	off_t end;
	int os_code, rc;

	rc = open_known(device, err);
	if (rc < 0)
		return rc;
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

bool sbk_os_device_find_data(void *arg, uint64_t from, uint64_t to,
			     uint64_t *begin, uint64_t *end)
{
	const struct sbk_device *device = arg;
	off_t data = lseek(device->fd, (off_t)from, SEEK_DATA), hole = -1;

	*begin = from;
	*end = to;
	if (data < 0)
		return errno != ENXIO; /* a block device does not say */
	if ((uint64_t)data >= to)
		return false;
	*begin = (uint64_t)data;
	hole = lseek(device->fd, data, SEEK_HOLE);
	if (hole > data && (uint64_t)hole < to)
		*end = (uint64_t)hole;
	return true;
}

int sbk_os_device_sync(const struct sbk_device *device, struct sbk_error *err)
{
	int os_code;

	if (fsync(device->fd) == 0)
		return 0;
	os_code = errno;
	return sbk_error_set_errno(err, os_code, "flushing '%s'", device->path);
}
