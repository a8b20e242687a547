/*
 * Files, directories and symbolic links that we create: the texts of their
 * states.
 *
 *	FILE       the lines of an access state (access_state.h), a line
 *	           "xattr NAME VALUE" in hexadecimal for each user attribute
 *	           and for file capabilities, an empty line, the content
 *	DIRECTORY  the lines of an access state
 *	LINK       "target " and the target's bytes
 *
 * Something of another type that stands at the name has a state too, so that
 * it compares as different: its access state, and for a FILE an empty line.
 */
#ifndef SBK_LINUX_FILE_H
#define SBK_LINUX_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"

/* Append the state of a file, directory or link without ACLs and attributes.
 * `mode` holds the permission and set-id bits. */
void sbk_file_state(struct sbk_buf *out, uint32_t uid, uint32_t gid,
		    uint32_t mode, const void *content, size_t size);
void sbk_directory_state(struct sbk_buf *out, uint32_t uid, uint32_t gid,
			 uint32_t mode);
void sbk_link_state(struct sbk_buf *out, const char *target);

#endif
