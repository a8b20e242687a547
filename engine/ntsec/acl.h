/*
 * Access control lists (MS-DTYP 2.4.5): a checked view over bytes, a cursor
 * over its entries, and the edits that we make: an exact entry added or
 * removed, nothing of what others wrote merged, trimmed or moved.
 *
 *	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
 *	struct sbk_ace ace;
 *	while (sbk_nt_acl_next(&acl, &at, &ace)) ...
 *
 * Invariant of a view: the header is whole, its revision is 2, 3 or 4 (3 is
 * winnt.h's, for compound entries; others are refused), AclSize is within the
 * bytes given, AceCount entries lie one behind the other within it, each one
 * readable by sbk_ace_read. Bytes behind the last entry ("slack") belong to the
 * ACL and are kept by every edit.
 */
#ifndef SBK_NTSEC_ACL_H
#define SBK_NTSEC_ACL_H

#include "engine/buf.h"
#include "engine/ntsec/ace.h"

#define SBK_NT_ACL_HEADER_BYTES 8
#define SBK_NT_ACL_BYTES_MAX 0xFFFC
#define SBK_NT_ACL_REVISION 2	 /* without object ACEs */
#define SBK_NT_ACL_REVISION_DS 4 /* with object ACEs */

struct sbk_nt_acl {
	const uint8_t *bytes; /* borrowed */
	uint16_t size;	      /* AclSize */
	uint8_t revision;
	uint16_t count; /* AceCount */
	uint16_t used;	/* header and entries; size - used is slack */
};

struct sbk_nt_acl_cursor {
	uint16_t index;	 /* of the entry that `next` gives */
	uint16_t offset; /* 0: before the first */
};

#define SBK_NT_ACL_BEGIN   \
	{                  \
		.index = 0 \
	}

/* SBK_E_PARSE with err->offset relative to `data`. */
int sbk_nt_acl_read(const uint8_t *data, size_t size, struct sbk_nt_acl *out,
		    struct sbk_error *err);
bool sbk_nt_acl_next(const struct sbk_nt_acl *acl, struct sbk_nt_acl_cursor *at,
		     struct sbk_ace *out);

/* Building one: entries are appended to `entries`, the header comes last. */
int sbk_nt_acl_write(struct sbk_buf *out, uint8_t revision,
		     const struct sbk_buf *entries, uint16_t count,
		     struct sbk_error *err);

/*
 * An entry as we journal it: exact type, flags, mask and SID; object GUIDs and
 * data absent. It equals an ACE only if that has none either, and no bytes
 * behind its SID.
 */
struct sbk_ace_key {
	uint8_t type, flags;
	uint32_t mask;
	struct sbk_sid sid;
};

bool sbk_ace_is(const struct sbk_ace *ace, const struct sbk_ace_key *key);
size_t sbk_nt_acl_count(const struct sbk_nt_acl *acl,
			const struct sbk_ace_key *key);

/*
 * Writes `acl` (NULL: an empty one of revision 2) with the entry added where
 * canonical order has its place: an explicit deny before the first explicit
 * allow or inherited entry, any other explicit entry before the first inherited
 * one, an inherited one at the end; entries without effect on access bar an
 * allow or deny from nothing. The order of the others is not touched,
 * also where it is not canonical. SBK_E_LIMIT where it would exceed 64 KiB,
 * SBK_E_INVAL for a type that needs more than a key has (object, callback,
 * attribute) or is opaque.
 */
int sbk_nt_acl_add(const struct sbk_nt_acl *acl, const struct sbk_ace_key *key,
		   struct sbk_buf *out, struct sbk_error *err);
/*
 * Writes `acl` without up to `count` entries that equal the key; *removed tells
 * how many. Those before the place where sbk_nt_acl_add would put the key go
 * first, from the last of them (ours were added behind equal ones that stood
 * there), then those behind it, from the last. So removing what was added gives
 * the bytes from before the addition, in an order that is not canonical too;
 * after an addition to NULL it gives an empty list.
 */
int sbk_nt_acl_remove(const struct sbk_nt_acl *acl,
		      const struct sbk_ace_key *key, size_t count,
		      struct sbk_buf *out, size_t *removed,
		      struct sbk_error *err);

/*
 * Canonical order ("Order of ACEs in a DACL"): explicit deny, explicit allow,
 * then inherited entries by distance, within each distance deny before allow.
 * The distance of an inherited entry is not recorded in it: any number of
 * deny-allow groups is canonical. Entries without effect on access are skipped.
 */
struct sbk_nt_acl_order {
	bool is_canonical;
	uint16_t index;	 /* of the first entry out of place */
	uint16_t before; /* index of the entry that it should stand before */
	const char *why; /* static: "a deny entry stands behind an allow entry",
			  * ...; NULL where canonical */
};

struct sbk_nt_acl_order sbk_nt_acl_examine_order(const struct sbk_nt_acl *acl);

#endif
