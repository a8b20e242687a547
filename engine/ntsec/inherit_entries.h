/*
 * The inside of inheritance: single entries, and what differs between DACL and
 * SACL. Only inherit*.c and spread.c include it; everybody else has inherit.h.
 */
#ifndef SBK_NTSEC_INHERIT_ENTRIES_H
#define SBK_NTSEC_INHERIT_ENTRIES_H

#include "engine/ntsec/inherit.h"

#define SBK_PASSED_ON (SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT)
#define SBK_INHERITANCE \
	(SBK_PASSED_ON | SBK_ACE_NO_PROPAGATE | SBK_ACE_INHERIT_ONLY)

/* What differs between the two lists of a descriptor. */
struct sbk_inherit_kind {
	enum sbk_sd_part part; /* SBK_SD_DACL or SBK_SD_SACL */
	const char *name;
	uint16_t present, defaulted, inherited, protect; /* control bits */
	unsigned flag;					 /* sbk_inherit_flags */
};

extern const struct sbk_inherit_kind sbk_inherit_dacl, sbk_inherit_sacl;

/* The list of a descriptor (NULL: of none), or NULL where it has none with
 * entries to read. */
const struct sbk_nt_acl *sbk_inherit_list(const struct sbk_inherit_kind *kind,
					  const struct sbk_sd *sd,
					  enum sbk_acl_presence *presence);

/* The entry with other flags, all else as it stands. */
void sbk_inherit_add_bytes(struct sbk_buf *into, uint16_t *count,
			   const struct sbk_ace *ace, uint8_t flags);
/* The entry as it is effective on the child: SID and mask made concrete. */
int sbk_inherit_add_effective(struct sbk_buf *into, uint16_t *count,
			      const struct sbk_ace *ace, uint8_t flags,
			      const struct sbk_inherit_child *child,
			      struct sbk_error *err);
/* Whether an effective copy says something else than the entry itself. */
bool sbk_inherit_is_generic(const struct sbk_ace *ace,
			    const struct sbk_inherit_child *child);
/* Whether the entry is for children of every type, or of this one. */
bool sbk_inherit_is_for_type(const struct sbk_ace *ace,
			     const struct sbk_inherit_child *child);
/* None, one or two entries that a child gets from one of its parent. */
int sbk_inherit_one(const struct sbk_ace *ace,
		    const struct sbk_inherit_child *child,
		    struct sbk_buf *entries, uint16_t *count,
		    struct sbk_error *err);
/* SBK_E_LIMIT where the entries no longer fit into a list. */
int sbk_inherit_check_size(const struct sbk_buf *entries,
			   struct sbk_error *err);

#endif
