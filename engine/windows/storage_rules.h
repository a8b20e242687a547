/*
 * Which access lists our own records have, and whose are believed. Portable
 * and pure: bytes in, bytes or a verdict out (WINDOWS.md, part 9).
 */
#ifndef SBK_WINDOWS_STORAGE_RULES_H
#define SBK_WINDOWS_STORAGE_RULES_H

#include <stdbool.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/owner.h"

struct sbk_storage_rule {
	const struct sbk_owner *owner;
	bool directory;
	bool readable; /* by everyone who logs on (Users) */
};

/* Appends the descriptor that such an object is made with: self-relative, its
 * DACL protected. SBK_E_INVAL for an owner that is no SID. */
int sbk_storage_descriptor(const struct sbk_storage_rule *rule,
			   struct sbk_buf *out, struct sbk_error *err);

/*
 * SBK_E_DENIED where the object belongs to somebody else than the owner, the
 * administrators or the system, or lets anybody else in: to read, too, where it
 * is not `readable`. `path` is for the message.
 */
int sbk_storage_check(const struct sbk_storage_rule *rule,
		      const struct sbk_buf *descriptor, const char *path,
		      struct sbk_error *err);

/*
 * Whether a program may be run elevated from where it is: SBK_E_DENIED where
 * anybody but the administrators, the system and its installer (which owns what
 * Windows came with) may write it or its folder, or, `above` that, put another
 * folder into the place of the next one on the way. `path` is for the message.
 */
int sbk_storage_check_program(const struct sbk_buf *descriptor, bool above,
			      const char *path, struct sbk_error *err);

/* Whether it lets anybody in but those three. True where it cannot be read. */
bool sbk_storage_is_open(const struct sbk_owner *owner,
			 const struct sbk_buf *descriptor);

#endif
