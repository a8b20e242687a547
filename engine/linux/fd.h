/*
 * Whole reads and whole writes of a descriptor, and its flush.
 */
#ifndef SBK_LINUX_FD_H
#define SBK_LINUX_FD_H

#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"

/*
 * Appends what is left to read, up to `max` bytes in all of `out`: SBK_E_LIMIT
 * where there is more. `path` is for the message.
 */
int sbk_fd_read_all(int fd, const char *path, size_t max, struct sbk_buf *out,
		    struct sbk_error *err);

/* 0 or an errno; how much was written by then is not said. */
int sbk_fd_write_all(int fd, const void *data, size_t size);

/* Makes what a directory or file holds durable; `name` is for the message. */
int sbk_fd_flush(int fd, const char *name, struct sbk_error *err);

#endif
