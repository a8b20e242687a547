/*
 * The account files (/etc/passwd, group, shadow, gshadow, subuid, subgid) as
 * texts: one entry a line, fields between colons, the name first.
 *
 * Sandbook reads them itself where the state of an object of ours is asked
 * for, since the account database may also answer from a network; it never
 * writes them, the system's tools do.
 */
#ifndef SBK_LINUX_ACCOUNTFILE_H
#define SBK_LINUX_ACCOUNTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"

/* A piece of a text that is not ours, not terminated. */
struct sbk_slice {
	const char *data;
	size_t size;
};

/*
 * Reads a regular file whole, without following a final link. SBK_E_NOTFOUND,
 * SBK_E_DENIED, SBK_E_INVAL (no regular file), SBK_E_LIMIT. `mode`, `uid` and
 * `gid` may be NULL.
 */
int sbk_accountfile_read(const char *path, struct sbk_buf *out,
			 unsigned int *mode, unsigned int *uid,
			 unsigned int *gid, struct sbk_error *err);

/* The next line from *rest, without its newline; false at the end. */
bool sbk_accountfile_next(struct sbk_slice *rest, struct sbk_slice *line);

/* Field `index` of a line; empty where the line has fewer. */
struct sbk_slice sbk_accountfile_field(struct sbk_slice line, size_t index);

/* The first line of that name, or false. */
bool sbk_accountfile_find(const struct sbk_buf *text, const char *name,
			  struct sbk_slice *line);

bool sbk_slice_is(struct sbk_slice slice, const char *text);
/* A decimal number of 32 bits and nothing else. */
bool sbk_slice_number(struct sbk_slice slice, unsigned int *out);

#endif
