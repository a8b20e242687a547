/*
 * The state of an object's access: owner, group, mode, ACLs. Its canonical
 * text is what SBK_KIND_ACCESS keeps, and begins that of files and directories
 * that we create. Pure: no call to the system.
 *
 *	owner 1000
 *	group 1000
 *	mode 100664
 *	access u::rw-
 *	access u:990:rw-
 *	access g::r--
 *	access m::rw-
 *	access o::r--
 *
 * Numbers only, one line each, in this order; "default" lines follow on a
 * directory that has a default ACL. The mode is the whole st_mode in octal,
 * type and set-id bits included. Where the object has no ACL of its own there
 * is no access line, and the mode says all; a mask that is left alone (as
 * setfacl -x leaves it) is an ACL. So the text loses nothing that undo needs.
 */
#ifndef SBK_LINUX_ACCESS_STATE_H
#define SBK_LINUX_ACCESS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/linux/posix_acl.h"
#include "engine/object.h"

/* Of the mode: the type, and the nine bits that an ACL also says. */
#define SBK_MODE_TYPE 0170000u
#define SBK_MODE_DIRECTORY 0040000u
#define SBK_MODE_REGULAR 0100000u
#define SBK_MODE_SETUID 04000u
#define SBK_MODE_SETGID 02000u
#define SBK_MODE_BITS 07777u
#define SBK_MODE_PERMS 0777u

struct sbk_access {
	uint32_t uid, gid;
	uint32_t mode;	     /* st_mode */
	struct sbk_acl acl;  /* count 0: none, the mode says all */
	struct sbk_acl dflt; /* default ACL of a directory; count 0: none */
};

void sbk_access_format(const struct sbk_access *access, struct sbk_buf *out);

/*
 * Gives it to an account and a group; NULL: that one stays. A file's set-id
 * bits go, as with chown(2); on a directory set-group-id only says what is
 * handed on.
 */
void sbk_access_give(struct sbk_access *access, const uint32_t *uid,
		     const uint32_t *gid);

/*
 * Reads the lines that begin `data` and stops after the last one that is
 * theirs; `used` says how many bytes that were. SBK_E_PARSE with an offset
 * where a line is malformed, out of order, or an ACL contradicts the mode.
 */
int sbk_access_parse_head(const char *data, size_t size, struct sbk_access *out,
			  size_t *used, struct sbk_error *err);
/* The same for a state that holds nothing else. */
int sbk_access_parse(struct sbk_state state, struct sbk_access *out,
		     struct sbk_error *err);

/* Whether an access ACL and the mode agree, as the kernel keeps them. Where
 * they do not, they were read at two moments. */
bool sbk_access_consistent(const struct sbk_access *access);
bool sbk_access_equal(const struct sbk_access *a, const struct sbk_access *b);

#endif
