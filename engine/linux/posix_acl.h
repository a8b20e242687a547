/*
 * POSIX ACLs as values: the bytes of the kernel's extended attributes, lines
 * of text, and the arithmetic of the mask. Pure: no call to the system.
 *
 * Entries keep the order in which the kernel gave them, so that what is read
 * and written back is the same. In text an entry is what getfacl -n prints:
 *
 *	u::rw-  u:990:rw-  g::r--  g:990:r-x  m::rw-  o::r--
 */
#ifndef SBK_LINUX_POSIX_ACL_H
#define SBK_LINUX_POSIX_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/limits.h"

/* Permissions, as in a digit of the mode. */
#define SBK_ACL_READ 4u
#define SBK_ACL_WRITE 2u
#define SBK_ACL_EXECUTE 1u

/* The kernel's numbers, which are also the order that it asks for. */
enum sbk_acl_tag {
	SBK_ACL_USER_OBJ = 0x01,
	SBK_ACL_USER = 0x02,
	SBK_ACL_GROUP_OBJ = 0x04,
	SBK_ACL_GROUP = 0x08,
	SBK_ACL_MASK = 0x10,
	SBK_ACL_OTHER = 0x20
};

struct sbk_acl_entry {
	uint32_t id; /* of USER and GROUP; 0 for the others */
	uint8_t tag; /* enum sbk_acl_tag */
	uint8_t perms;
};

struct sbk_acl {
	size_t count; /* 0: there is no ACL */
	struct sbk_acl_entry entries[SBK_ACL_ENTRIES_MAX];
};

/* Bytes of the attribute's value with `count` entries. */
#define SBK_ACL_BYTES(count) (4 + 8 * (count))
#define SBK_ACL_BYTES_MAX SBK_ACL_BYTES(SBK_ACL_ENTRIES_MAX)

/*
 * The value of system.posix_acl_access or system.posix_acl_default.
 * SBK_E_UNSUPPORTED for a version other than 2, SBK_E_LIMIT for too many
 * entries, SBK_E_PARSE for what is no ACL.
 */
int sbk_acl_decode(const void *data, size_t size, struct sbk_acl *out,
		   struct sbk_error *err);
/* Writes SBK_ACL_BYTES(acl->count) bytes to `out`; returns how many. */
size_t sbk_acl_encode(const struct sbk_acl *acl,
		      unsigned char out[SBK_ACL_BYTES_MAX]);

/* An entry as text, without a newline: "u:990:rw-". */
void sbk_acl_entry_format(const struct sbk_acl_entry *entry,
			  struct sbk_buf *out);
/* Reads exactly `size` bytes of text; false where they are no entry. */
bool sbk_acl_entry_parse(const char *text, size_t size,
			 struct sbk_acl_entry *out);

/*
 * Whether the kernel would take the ACL: the entries in order, the three of
 * owner, group and others once each, a mask where there are named ones.
 */
bool sbk_acl_valid(const struct sbk_acl *acl);

/* The first entry with this tag and id, or NULL. */
struct sbk_acl_entry *sbk_acl_find(struct sbk_acl *acl, uint8_t tag,
				   uint32_t id);
const struct sbk_acl_entry *sbk_acl_find_const(const struct sbk_acl *acl,
					       uint8_t tag, uint32_t id);
/* Puts an entry after those of its tag or lower; false when it is full. */
bool sbk_acl_insert(struct sbk_acl *acl, struct sbk_acl_entry entry);
/* `entry` must be of this ACL. */
void sbk_acl_remove(struct sbk_acl *acl, struct sbk_acl_entry *entry);

/* The ACL that nine mode bits mean: three entries. */
void sbk_acl_from_mode(struct sbk_acl *acl, uint32_t mode);
/* The nine mode bits of a valid ACL; the mask stands for the group. */
uint32_t sbk_acl_mode(const struct sbk_acl *acl);

/* Whether any user or group is named. */
bool sbk_acl_has_named(const struct sbk_acl *acl);
/* All that the owning group and the named entries ask for: the mask that
 * setfacl would calculate. */
uint8_t sbk_acl_group_class(const struct sbk_acl *acl);
bool sbk_acl_equal(const struct sbk_acl *a, const struct sbk_acl *b);
void sbk_acl_copy(struct sbk_acl *to, const struct sbk_acl *from);

#endif
