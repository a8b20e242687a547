/*
 * Spreading: what becomes of the DACLs or SACLs of a tree when its root gets
 * another one ("Automatic Propagation of Inheritable ACEs"; "Order of ACEs in a
 * DACL"). Owns the walk from node to node; refuses to touch anything: the
 * result is a list of changes, for whoever holds the journal to carry out.
 *
 * One pass in the nodes' order, each node from its parent's new list, so that
 * entries of the nearest parent come first by themselves. The work for a node
 * is bounded by the size of two ACLs. Equal results next to each other are
 * stored once, found by comparing with a fixed number of recent ones: a hash
 * table would let whoever writes the lists choose its collisions.
 *
 * Invariants: a node that is stopped at, and each one below it, is in no
 * change, except that a node which has to become protected is a change and
 * stops what is below it. An explicit entry is never moved, edited or dropped.
 */
#include "engine/ntsec/inherit_entries.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define RECENT_MAX 16

/* What is known of a node that was passed. */
enum node_state {
	NODE_STOPPED, /* nothing below it changes */
	NODE_KEPT,    /* its list is the one that it had */
	NODE_CHANGED  /* and above: the change of index state - CHANGED */
};

struct spread {
	const struct sbk_spread_request *request;
	const struct sbk_inherit_kind *kind;
	uint32_t *states;
	struct sbk_buf changes, lists;
	size_t change_count;
	struct sbk_buf fresh;	   /* what the node at hand inherits */
	struct sbk_buf made;	   /* its new list */
	size_t recent[RECENT_MAX]; /* offsets of lists, the latest first */
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

/*
 * What a node that was passed gives to those below it: its new list. Without a
 * SACL that is nothing; false where it has no DACL, and nothing below changes.
 */
static bool list_above(const struct spread *spread, size_t index,
		       struct sbk_nt_acl *out)
{
	static const uint8_t empty[SBK_NT_ACL_HEADER_BYTES] = {
		SBK_NT_ACL_REVISION, 0, SBK_NT_ACL_HEADER_BYTES};
	const struct sbk_spread_change *changes =
		(const struct sbk_spread_change *)(const void *)
			spread->changes.data;
	const struct sbk_spread_change *change;
	const struct sbk_nt_acl *list = spread->request->root;
	enum sbk_acl_presence presence;

	if (spread->states[index] != NODE_KEPT) {
		change = &changes[spread->states[index] - NODE_CHANGED];
		/* It was written here a moment ago, so it reads. */
		return sbk_nt_acl_read((const uint8_t *)spread->lists.data +
					       change->offset,
				       change->size, out, NULL) == 0;
	}
	if (index > 0)
		list = sbk_inherit_list(spread->kind,
					spread->request->nodes[index].sd,
					&presence);
	if (list != NULL)
		*out = *list;
	else if (spread->kind->part == SBK_SD_SACL)
		(void)sbk_nt_acl_read(empty, sizeof(empty), out,
				      NULL); /* a constant reads */
	return list != NULL || spread->kind->part == SBK_SD_SACL;
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
 * Builds the new list in spread->made: the header as it was, explicit entries,
 * what is inherited, slack as it was. `old` is NULL where there was none.
 */
static int make_list(struct spread *spread, const struct sbk_nt_acl *old,
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
				     "its %s would exceed 64 KiB",
				     spread->kind->name);
	if (revision > header[0])
		made->data[0] = (char)revision;
	put_u16le((uint8_t *)made->data + 2, (uint16_t)made->size);
	put_u16le((uint8_t *)made->data + 4, count);
	return 0;
}

/* The place of spread->made in `lists`, where it is put unless it is among
 * the recent ones. */
static size_t place_list(struct spread *spread)
{
	const struct sbk_buf *made = &spread->made;
	size_t i, place = spread->lists.size;

	for (i = 0; i < spread->recent_count; i++) {
		size_t at = spread->recent[i];

		if (spread->lists.size - at >= made->size &&
		    memcmp(spread->lists.data + at, made->data, made->size) ==
			    0)
			break;
	}
	if (i < spread->recent_count) {
		place = spread->recent[i];
	} else {
		sbk_buf_add(&spread->lists, made->data, made->size);
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

	change.offset = place_list(spread);
	sbk_buf_add(&spread->changes, &change, sizeof(change));
	spread->states[index] =
		(uint32_t)(NODE_CHANGED + spread->change_count++);
	if (sbk_buf_failed(&spread->lists, err) < 0)
		return spread->lists.failure;
	return sbk_buf_failed(&spread->changes, err);
}

/* A node whose explicit entries would have to move: protected, not changed. */
static int protect(struct spread *spread, size_t index,
		   const struct sbk_nt_acl *list, struct sbk_error *err)
{
	const struct sbk_sd *sd = spread->request->nodes[index].sd;
	int rc;

	sbk_buf_clear(&spread->made);
	sbk_buf_add(&spread->made, list->bytes, list->size);
	if (sbk_buf_failed(&spread->made, err) < 0)
		return spread->made.failure;
	rc = add_change(spread, index, sd->control | spread->kind->protect,
			err);
	spread->states[index] = NODE_STOPPED;
	return rc;
}

/* What `index` inherits from the list that its parent has now. */
static int inherit(struct spread *spread, size_t index,
		   const struct sbk_nt_acl *parent, uint16_t *count,
		   struct sbk_error *err)
{
	const struct sbk_spread_node *node = &spread->request->nodes[index];
	const struct sbk_inherit_child child = {
		.is_container = node->is_container,
		.is_marked = true,
		.owner = node->sd->has_owner ? &node->sd->owner : NULL,
		.group = node->sd->has_group ? &node->sd->group : NULL,
		.mapping = spread->request->mapping,
	};

	sbk_buf_clear(&spread->fresh);
	*count = 0;
	return sbk_inherit_entries(parent, &child, &spread->fresh, count, err);
}

/* A node that nothing stops: `count` entries are in spread->fresh for it. */
static int renew_node(struct spread *spread, size_t index, uint16_t count,
		      struct sbk_error *err)
{
	const struct sbk_sd *sd = spread->request->nodes[index].sd;
	enum sbk_acl_presence presence;
	const struct sbk_nt_acl *old =
		sbk_inherit_list(spread->kind, sd, &presence);
	uint16_t control =
		sd->control | spread->kind->present | spread->kind->inherited;
	int rc;

	spread->states[index] = NODE_KEPT;
	if (old == NULL && count == 0)
		return 0;
	if (old != NULL && needs_move(old))
		return protect(spread, index, old, err);
	rc = make_list(spread, old, count, err);
	if (rc < 0)
		return rc;
	if (old != NULL && control == sd->control &&
	    spread->made.size == old->size &&
	    memcmp(spread->made.data, old->bytes, old->size) == 0)
		return 0;
	return add_change(spread, index, control, err);
}

static int pass_node(struct spread *spread, size_t index, struct sbk_error *err)
{
	const struct sbk_spread_node *node = &spread->request->nodes[index];
	struct sbk_nt_acl parent;
	uint16_t count;
	int rc;

	spread->states[index] = NODE_STOPPED;
	if (spread->states[node->parent] == NODE_STOPPED || node->is_carved ||
	    (node->sd->control & spread->kind->protect) != 0 ||
	    !list_above(spread, node->parent, &parent))
		return 0;
	rc = inherit(spread, index, &parent, &count, err);
	return rc < 0 ? rc : renew_node(spread, index, count, err);
}

static int pass_all(struct spread *spread, struct sbk_error *err)
{
	const struct sbk_spread_node *nodes = spread->request->nodes;
	size_t i;
	int rc;

	if (nodes[0].parent != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "node 0 of a tree is not its root");
	spread->states[0] = NODE_KEPT;
	for (i = 1; i < spread->request->count; i++) {
		size_t parent = nodes[i].parent;

		if (parent >= i || !nodes[parent].is_container)
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

static int check_request(const struct sbk_spread_request *request,
			 struct sbk_error *err)
{
	if (request->part != SBK_SD_DACL && request->part != SBK_SD_SACL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "only a DACL or a SACL can be spread");
	if (request->count > 0 && request->count <= SBK_SPREAD_NODES_MAX)
		return 0;
	return sbk_error_set(err,
			     request->count == 0 ? SBK_E_INVAL : SBK_E_LIMIT,
			     "a tree of %zu nodes: at least 1 and at most %d",
			     request->count, SBK_SPREAD_NODES_MAX);
}

int sbk_inherit_spread(const struct sbk_spread_request *request,
		       struct sbk_spread_result *out, struct sbk_error *err)
{
	struct spread spread = {
		.request = request,
		.kind = request->part == SBK_SD_DACL ? &sbk_inherit_dacl
						     : &sbk_inherit_sacl,
	};
	int rc = check_request(request, err);

	if (rc < 0)
		return rc;
	spread.states = malloc(request->count * sizeof(*spread.states));
	if (spread.states == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for %zu nodes", request->count);
	rc = pass_all(&spread, err);
	if (rc == 0) {
		*out = (struct sbk_spread_result){
			.changes = (struct sbk_spread_change *)(void *)
				sbk_buf_steal(&spread.changes),
			.count = spread.change_count,
			.lists = spread.lists,
		};
		spread.lists = (struct sbk_buf)SBK_BUF_INIT;
		if (out->changes == NULL) {
			sbk_spread_release(out);
			rc = sbk_error_set(err, SBK_E_NOMEM, "out of memory");
		}
	}
	sbk_buf_release(&spread.changes);
	sbk_buf_release(&spread.lists);
	sbk_buf_release(&spread.fresh);
	sbk_buf_release(&spread.made);
	free(spread.states);
	return rc;
}

void sbk_spread_release(struct sbk_spread_result *result)
{
	free(result->changes);
	sbk_buf_release(&result->lists);
	*result = (struct sbk_spread_result){.count = 0};
}
