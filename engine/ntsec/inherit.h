/*
 * Inheritance: the descriptor of a new child (MS-DTYP 2.5.3.4, "ACE Inheritance
 * Rules", "Automatic Propagation of Inheritable ACEs"), and the spreading of a
 * change over a tree that exists: a pure function from the tree as it is to the
 * list of objects whose DACL or SACL becomes another, as Windows' own
 * propagation makes it (SetNamedSecurityInfo, TreeSetNamedSecurityInfo).
 */
#ifndef SBK_NTSEC_INHERIT_H
#define SBK_NTSEC_INHERIT_H

#include "engine/ntsec/rights.h"
#include "engine/ntsec/sd.h"

enum sbk_inherit_flags { /* the auto-inherit flags of 2.5.3.4 */
			 SBK_INHERIT_DACL = 1, /* SEF_DACL_AUTO_INHERIT */
			 SBK_INHERIT_SACL = 2, /* SEF_SACL_AUTO_INHERIT */
			 SBK_INHERIT_DEFAULT_IF_OBJECT = 4,
			 SBK_INHERIT_OWNER_FROM_PARENT = 8,
			 SBK_INHERIT_GROUP_FROM_PARENT = 16
};

struct sbk_inherit_request {
	const struct sbk_sd *parent;  /* NULL: none */
	const struct sbk_sd *creator; /* what the creator gave; NULL: nothing */
	bool is_container;
	const uint8_t *object_type; /* 16 bytes, or NULL */
	unsigned flags;
	struct sbk_sid owner, group;	       /* of the creating token */
	const struct sbk_nt_acl *default_dacl; /* of it; NULL: none */
	const struct sbk_generic_mapping *mapping;
};

/*
 * The auto-inherit flags with which a file system creates an object below
 * `parent`: those for which the parent's own list was inherited automatically.
 * Without the flag, a child of a parent from before that model inherits too,
 * when its creator gave no list, but the entries are not marked as inherited.
 */
unsigned sbk_inherit_flags_below(const struct sbk_sd *parent);

/*
 * Appends the child's self-relative descriptor. SBK_E_LIMIT where a list would
 * exceed 64 KiB.
 */
int sbk_inherit_create(const struct sbk_inherit_request *request,
		       struct sbk_buf *out, struct sbk_error *err);

/* What the entries that an object inherits depend on, beside its parent. */
struct sbk_inherit_child {
	bool is_container;
	bool is_marked;		    /* set INHERITED_ACE in each of them */
	const uint8_t *object_type; /* 16 bytes, or NULL */
	const struct sbk_sid *owner, *group; /* NULL: CREATOR ... stays */
	const struct sbk_generic_mapping *mapping;
};

/*
 * The entries that a child inherits from a parent's ACL: appended to `entries`,
 * *count raised by their number. An entry that is effective on the child has
 * its generic rights mapped, and CREATOR OWNER and CREATOR GROUP replaced; on a
 * container, if that changed it, the original follows as inherit-only.
 */
int sbk_inherit_entries(const struct sbk_nt_acl *parent,
			const struct sbk_inherit_child *child,
			struct sbk_buf *entries, uint16_t *count,
			struct sbk_error *err);

/* The revision of a list of these entries: 4 where it has object entries, else
 * 2. `entries` are whole, as sbk_inherit_entries appends them. */
uint8_t sbk_inherit_revision(const uint8_t *entries, size_t size);

/* A tree is a list of these: each node after its parent, node 0 the root. */
struct sbk_spread_node {
	size_t parent; /* index; its own for the root */
	bool is_container;
	bool is_carved; /* stop: neither it nor anything below changes */
	const struct sbk_sd *sd;
};

struct sbk_spread_request {
	const struct sbk_spread_node *nodes;
	size_t count;
	enum sbk_sd_part part;	       /* SBK_SD_DACL or SBK_SD_SACL */
	const struct sbk_nt_acl *root; /* new list of node 0; NULL: none */
	const struct sbk_generic_mapping *mapping;
};

struct sbk_spread_change {
	size_t node;
	size_t offset;	  /* of the new list within `lists` */
	uint16_t size;	  /* of it */
	uint16_t control; /* new control bits */
};

struct sbk_spread_result {
	struct sbk_spread_change *changes; /* in the nodes' order */
	size_t count;
	struct sbk_buf lists; /* each distinct one once */
};

#define SBK_SPREAD_NODES_MAX 8000000

/*
 * For each node below the root: keeps its explicit entries, in their order,
 * replaces its inherited ones by what its parent's new list gives, and sets
 * SE_DACL_AUTO_INHERITED or SE_SACL_AUTO_INHERITED. The header's bytes and the
 * slack of a list are kept.
 *
 * A node without a list, or with a NULL one, gets one if it inherits anything
 * and is left alone else; one that loses its last entry keeps an empty list
 * ("Automatic Propagation of Inheritable ACEs", the rules and the example).
 * Where an explicit entry would move ahead of an inherited one of the opposite
 * effect, the list stays as it is and becomes protected (same page).
 *
 * It stops, so that neither the node nor anything below it changes, at a
 * protected list and at a carved node; and below a node without a DACL, but not
 * without a SACL: that is one that gives nothing. A node whose control bits and
 * list stay the same is no change. SBK_E_LIMIT where an ACL would exceed
 * 64 KiB, naming the node's index; SBK_E_INVAL for nodes that are not in order
 * and for a part that is no list. Allocates with malloc what sbk_spread_release
 * frees.
 */
int sbk_inherit_spread(const struct sbk_spread_request *request,
		       struct sbk_spread_result *out, struct sbk_error *err);
void sbk_spread_release(struct sbk_spread_result *result);

#endif
