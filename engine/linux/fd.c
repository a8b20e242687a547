/*
 * The two loops round read(2) and write(2), which go on after a signal and
 * never believe in a part, and fsync(2) with its message.
 */
#include "engine/linux/fd.h"

#include <errno.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

int sbk_fd_read_all(int fd, const char *path, size_t max, struct sbk_buf *out,
		    struct sbk_error *err)
{
	char part[16384];
	ssize_t size;

	while ((size = read(fd, part, sizeof(part))) != 0) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return sbk_error_set_errno(err, errno, "reading '%s'",
						   path);
		if (out->size > max || (size_t)size > max - out->size)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "'%s' is longer than %zu bytes",
					     path, max);
		sbk_buf_add(out, part, (size_t)size);
	}
	return sbk_buf_failed(out, err);
}

int sbk_fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t written = write(fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		if (written == 0)
			return EIO;
		at += written;
		size -= (size_t)written;
	}
	return 0;
}

int sbk_fd_flush(int fd, const char *name, struct sbk_error *err)
{
	if (fsync(fd) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot make '%s' durable", name);
	return 0;
}
