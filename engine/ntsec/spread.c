/*
 * Spreading: what becomes of the DACLs of a tree when its root gets another
 * one ("Automatic Propagation of Inheritable ACEs"; "Order of ACEs in a
 * DACL"). Owns the walk from node to node; refuses to touch anything: the
 * result is a list of changes, for whoever holds the journal to carry out.
 *
 * One pass in the nodes' order, each node from its parent's new DACL, so that
 * entries of the nearest parent come first by themselves. The work for a node
 * is bounded by the size of two ACLs. Equal results next to each other are
 * stored once, found by comparing with a fixed number of recent ones: a hash
 * table would let whoever writes the DACLs choose its collisions.
 *
 * Invariants: a node that is stopped at, and each one below it, is in no
 * change, except that a node which has to become protected is a change and
 * stops what is below it. An explicit entry is never moved, edited or dropped.
 */
#include "engine/ntsec/inherit.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define RECENT_MAX 16

/* What is known of a node that was passed. */
enum node_state {
	NODE_STOPPED, /* nothing below it changes */
	NODE_KEPT,    /* its DACL is the one that it had */
	NODE_CHANGED  /* and above: the change of index state - CHANGED */
};

struct spread {
	const struct sbk_spread_node *nodes;
	const struct sbk_nt_acl *root_dacl;
	const struct sbk_generic_mapping *mapping;
	uint32_t *states;
	struct sbk_buf changes, dacls;
	size_t change_count;
	struct sbk_buf fresh;	   /* what the node at hand inherits */
	struct sbk_buf made;	   /* its new DACL */
	size_t recent[RECENT_MAX]; /* offsets of DACLs, the latest first */
	size_t recent_count;
};

static bool is_opposite(const struct sbk_ace *a, const struct sbk_ace *b)
{
	return (a->effect == SBK_ACE_ALLOWS && b->effect == SBK_ACE_DENIES) ||
	       (a->effect == SBK_ACE_DENIES && b->effect == SBK_ACE_ALLOWS);
}

/*
 * Whether an explicit entry stands behind an inherited one of the opposite
 * effect. Only the kinds of entries seen so far matter, not each of them.
 */
static bool needs_move(const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	const struct sbk_ace none = {.effect = SBK_ACE_NO_EFFECT_KNOWN};
	struct sbk_ace allow = none, deny = none, ace;

	while (sbk_nt_acl_next(acl, &at, &ace)) {
		if ((ace.flags & SBK_ACE_INHERITED) == 0) {
			if (is_opposite(&ace, &allow) ||
			    is_opposite(&ace, &deny))
				return true;
		} else if (ace.effect == SBK_ACE_ALLOWS) {
			allow = ace;
		} else if (ace.effect == SBK_ACE_DENIES) {
			deny = ace;
		}
	}
	return false;
}

/* The new DACL of a node that was passed; false where it has none. */
static bool dacl_of(const struct spread *spread, size_t index,
		    struct sbk_nt_acl *out)
{
	const struct sbk_spread_change *changes =
		(const struct sbk_spread_change *)(const void *)
			spread->changes.data;
	const struct sbk_spread_change *change;
	const struct sbk_sd *sd = spread->nodes[index].sd;

	if (index == 0) {
		if (spread->root_dacl != NULL)
			*out = *spread->root_dacl;
		return spread->root_dacl != NULL;
	}
	if (spread->states[index] == NODE_KEPT) {
		*out = sd->dacl;
		return sd->dacl_is == SBK_ACL_PRESENT;
	}
	change = &changes[spread->states[index] - NODE_CHANGED];
	/* It was written here a moment ago, so it reads. */
	return sbk_nt_acl_read((const uint8_t *)spread->dacls.data +
				       change->offset,
			       change->size, out, NULL) == 0;
}

static void add_explicit(const struct sbk_nt_acl *acl, struct sbk_buf *into,
			 uint16_t *count)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	while (sbk_nt_acl_next(acl, &at, &ace)) {
		if ((ace.flags & SBK_ACE_INHERITED) != 0)
			continue;
		sbk_buf_add(into, ace.bytes, ace.size);
		(*count)++;
	}
}

/*
 * Builds the new DACL in spread->made: the header as it was, explicit entries,
 * what is inherited, slack as it was. `old` is NULL where there was no DACL.
 */
static int make_dacl(struct spread *spread, const struct sbk_nt_acl *old,
		     uint16_t inherited, struct sbk_error *err)
{
	struct sbk_buf *made = &spread->made;
	size_t max = SBK_NT_ACL_BYTES_MAX;
	uint16_t count = inherited;
	uint8_t header[SBK_NT_ACL_HEADER_BYTES] = {SBK_NT_ACL_REVISION};
	uint8_t revision;

	if (old != NULL && old->size > max)
		max = old->size;
	if (old != NULL)
		memcpy(header, old->bytes, sizeof(header));
	sbk_buf_clear(made);
	sbk_buf_add(made, header, sizeof(header));
	if (old != NULL)
		add_explicit(old, made, &count);
	sbk_buf_add(made, spread->fresh.data, spread->fresh.size);
	if (sbk_buf_failed(made, err) < 0)
		return made->failure;
	revision = sbk_inherit_revision((const uint8_t *)made->data +
						sizeof(header),
					made->size - sizeof(header));
	if (old != NULL)
		sbk_buf_add(made, old->bytes + old->used,
			    (size_t)old->size - old->used);
	if (sbk_buf_failed(made, err) < 0)
		return made->failure;
	if (made->size > max)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "its DACL would exceed 64 KiB");
	if (revision > header[0])
		made->data[0] = (char)revision;
	put_u16le((uint8_t *)made->data + 2, (uint16_t)made->size);
	put_u16le((uint8_t *)made->data + 4, count);
	return 0;
}

/* The place of spread->made in `dacls`, where it is put unless it is among
 * the recent ones. */
static size_t place_dacl(struct spread *spread)
{
	const struct sbk_buf *made = &spread->made;
	size_t i, place = spread->dacls.size;

	for (i = 0; i < spread->recent_count; i++) {
		size_t at = spread->recent[i];

		if (spread->dacls.size - at >= made->size &&
		    memcmp(spread->dacls.data + at, made->data, made->size) ==
			    0)
			break;
	}
	if (i < spread->recent_count) {
		place = spread->recent[i];
	} else {
		sbk_buf_add(&spread->dacls, made->data, made->size);
		if (spread->recent_count < RECENT_MAX)
			spread->recent_count++;
		i = spread->recent_count - 1;
	}
	memmove(spread->recent + 1, spread->recent,
		i * sizeof(spread->recent[0]));
	spread->recent[0] = place;
	return place;
}

static int add_change(struct spread *spread, size_t index, uint16_t control,
		      struct sbk_error *err)
{
	struct sbk_spread_change change = {
		.node = index,
		.size = (uint16_t)spread->made.size,
		.control = control,
	};

	change.offset = place_dacl(spread);
	sbk_buf_add(&spread->changes, &change, sizeof(change));
	spread->states[index] =
		(uint32_t)(NODE_CHANGED + spread->change_count++);
	if (sbk_buf_failed(&spread->dacls, err) < 0)
		return spread->dacls.failure;
	return sbk_buf_failed(&spread->changes, err);
}

/* A node whose explicit entries would have to move: protected, not changed. */
static int protect(struct spread *spread, size_t index, struct sbk_error *err)
{
	const struct sbk_sd *sd = spread->nodes[index].sd;
	int rc;

	sbk_buf_clear(&spread->made);
	sbk_buf_add(&spread->made, sd->dacl.bytes, sd->dacl.size);
	if (sbk_buf_failed(&spread->made, err) < 0)
		return spread->made.failure;
	rc = add_change(spread, index, sd->control | SBK_SD_DACL_PROTECTED,
			err);
	spread->states[index] = NODE_STOPPED;
	return rc;
}

/* What `index` inherits from the DACL that its parent has now. */
static int inherit(struct spread *spread, size_t index,
		   const struct sbk_nt_acl *parent, uint16_t *count,
		   struct sbk_error *err)
{
	const struct sbk_spread_node *node = &spread->nodes[index];
	const struct sbk_inherit_child child = {
		.is_container = node->is_container,
		.is_marked = true,
		.owner = node->sd->has_owner ? &node->sd->owner : NULL,
		.group = node->sd->has_group ? &node->sd->group : NULL,
		.mapping = spread->mapping,
	};

	sbk_buf_clear(&spread->fresh);
	*count = 0;
	return sbk_inherit_entries(parent, &child, &spread->fresh, count, err);
}

static int pass_node(struct spread *spread, size_t index, struct sbk_error *err)
{
	const struct sbk_spread_node *node = &spread->nodes[index];
	const struct sbk_sd *sd = node->sd;
	const struct sbk_nt_acl *old =
		sd->dacl_is == SBK_ACL_PRESENT ? &sd->dacl : NULL;
	uint16_t control =
		sd->control | SBK_SD_DACL_PRESENT | SBK_SD_DACL_INHERITED;
	struct sbk_nt_acl parent;
	uint16_t count;
	int rc;

	spread->states[index] = NODE_STOPPED;
	if (spread->states[node->parent] == NODE_STOPPED || node->is_carved ||
	    (sd->control & SBK_SD_DACL_PROTECTED) != 0 ||
	    !dacl_of(spread, node->parent, &parent))
		return 0;
	rc = inherit(spread, index, &parent, &count, err);
	if (rc < 0)
		return rc;
	if (old == NULL && count == 0)
		return 0;
	if (old != NULL && needs_move(old))
		return protect(spread, index, err);
	rc = make_dacl(spread, old, count, err);
	if (rc < 0)
		return rc;
	if (old != NULL && control == sd->control &&
	    spread->made.size == old->size &&
	    memcmp(spread->made.data, old->bytes, old->size) == 0) {
		spread->states[index] = NODE_KEPT;
		return 0;
	}
	return add_change(spread, index, control, err);
}

static int pass_all(struct spread *spread, size_t count, struct sbk_error *err)
{
	size_t i;
	int rc;

	if (spread->nodes[0].parent != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "node 0 of a tree is not its root");
	spread->states[0] = NODE_KEPT;
	for (i = 1; i < count; i++) {
		size_t parent = spread->nodes[i].parent;

		if (parent >= i || !spread->nodes[parent].is_container)
			return sbk_error_set(err, SBK_E_INVAL,
					     "node %zu of a tree does not come "
					     "after a container that holds it",
					     i);
		rc = pass_node(spread, i, err);
		if (rc < 0)
			return err == NULL
				       ? rc
				       : sbk_error_prefix(err, "node %zu", i);
	}
	return 0;
}

int sbk_inherit_spread(const struct sbk_spread_node *nodes, size_t count,
		       const struct sbk_nt_acl *root_dacl,
		       const struct sbk_generic_mapping *mapping,
		       struct sbk_spread_result *out, struct sbk_error *err)
{
	struct spread spread = {
		.nodes = nodes,
		.root_dacl = root_dacl,
		.mapping = mapping,
	};
	int rc;

	if (count == 0 || count > SBK_SPREAD_NODES_MAX)
		return sbk_error_set(err,
				     count == 0 ? SBK_E_INVAL : SBK_E_LIMIT,
				     "a tree of %zu nodes: at least 1 and at "
				     "most %d",
				     count, SBK_SPREAD_NODES_MAX);
	spread.states = malloc(count * sizeof(*spread.states));
	if (spread.states == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for %zu nodes", count);
	rc = pass_all(&spread, count, err);
	if (rc == 0) {
		*out = (struct sbk_spread_result){
			.changes = (struct sbk_spread_change *)(void *)
				sbk_buf_steal(&spread.changes),
			.count = spread.change_count,
			.dacls = spread.dacls,
		};
		spread.dacls = (struct sbk_buf)SBK_BUF_INIT;
		if (out->changes == NULL) {
			sbk_spread_release(out);
			rc = sbk_error_set(err, SBK_E_NOMEM, "out of memory");
		}
	}
	sbk_buf_release(&spread.changes);
	sbk_buf_release(&spread.dacls);
	sbk_buf_release(&spread.fresh);
	sbk_buf_release(&spread.made);
	free(spread.states);
	return rc;
}

void sbk_spread_release(struct sbk_spread_result *result)
{
	free(result->changes);
	sbk_buf_release(&result->dacls);
	*result = (struct sbk_spread_result){.count = 0};
}
