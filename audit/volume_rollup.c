/*
 * From descriptors to objects: for each principal, the roots where what it may
 * do begins, with counts, and what of it is in sensitive places. Works along
 * parents only, object by object, each looked at once for a principal; a
 * principal whose hits are those of another one gets its roots.
 */
#include "audit/volume.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/table.h"

#include "engine/banned.h"

struct rollup {
	struct sbk_volume_audit *audit;
	struct sbk_volume_tree *tree;
	/* Objects by descriptor: those of d are order[start[d]..start[d+1]). */
	uint32_t *start, *order;
	/* [descriptor]: index of the principal's hit, and 1; 0: none. */
	uint32_t *hit;
	/* [record]: where its right begins; NONE: not known yet. */
	uint32_t *root;
	/* [record] of a root: its number and 1. */
	uint32_t *slot;
	/* [record]: the candidate that it is or is in, and 1; 0: none. */
	uint32_t *place;
	uint32_t *included; /* [candidate]: number of its inclusion and 1 */
	struct sbk_table signatures; /* hits to the first principal with them */
	size_t roots_capacity;
	size_t roots; /* of all principals so far */
};

/* Counting sort of objects by descriptor. */
static void put_in_order(struct rollup *r)
{
	struct sbk_volume_tree *tree = r->tree;
	size_t distinct = sbk_volume_distinct(tree), d;
	uint32_t i, at = 0, count;

	for (i = 0; i < tree->records; i++)
		if (tree->descriptor[i] != SBK_VOLUME_NONE)
			r->start[tree->descriptor[i]]++;
	for (d = 0; d <= distinct; d++) {
		count = r->start[d];
		r->start[d] = at;
		at += count;
	}
	for (i = 0; i < tree->records; i++)
		if (tree->descriptor[i] != SBK_VOLUME_NONE)
			r->order[r->start[tree->descriptor[i]]++] = i;
	/* Each start was moved to its end, which is the next one's start. */
	for (d = distinct; d > 0; d--)
		r->start[d] = r->start[d - 1];
	r->start[0] = 0;
}

static enum sbk_volume_meaning meaning_of(const struct sbk_volume_tree *tree,
					  size_t candidate)
{
	return sbk_volume_names[tree->candidates[candidate].name].meaning;
}

/* Whether the place of this record is the record itself, and nothing below. */
static bool is_top(const struct rollup *r, uint32_t record)
{
	const struct sbk_volume_tree *tree = r->tree;
	size_t candidate = r->place[record] - 1;

	return meaning_of(tree, candidate) == SBK_VOLUME_TOP &&
	       tree->candidates[candidate].record == record;
}

/* The nearest sensitive place of each object, from the places down. */
static void find_places(struct rollup *r)
{
	struct sbk_volume_tree *tree = r->tree;
	uint32_t i, at, found;
	size_t c;

	/* A place within a place is named by itself. */
	for (c = 0; c < tree->candidate_count; c++)
		if (meaning_of(tree, c) == SBK_VOLUME_SENSITIVE ||
		    meaning_of(tree, c) == SBK_VOLUME_TOP)
			r->place[tree->candidates[c].record] = (uint32_t)c + 1;
	for (i = 0; i < tree->records; i++) {
		for (at = i; at != SBK_VOLUME_NONE && r->place[at] == 0 &&
			     r->root[at] == SBK_VOLUME_NONE;
		     at = tree->parent[at])
			;
		found = at == SBK_VOLUME_NONE ? 0 : r->place[at];
		if (found != 0 && at != i && is_top(r, at))
			found = 0;
		/* The way up is marked: in `root` where nothing was found. */
		for (at = i; at != SBK_VOLUME_NONE && r->place[at] == 0 &&
			     r->root[at] == SBK_VOLUME_NONE;
		     at = tree->parent[at]) {
			r->place[at] = found;
			r->root[at] = 0;
		}
	}
	for (i = 0; i < tree->records; i++)
		r->root[i] = SBK_VOLUME_NONE;
}

static const struct sbk_volume_hit *hit_of(const struct rollup *r,
					   uint32_t record)
{
	uint32_t descriptor = r->tree->descriptor[record];

	if (descriptor == SBK_VOLUME_NONE || r->hit[descriptor] == 0)
		return NULL;
	return &r->audit->hits[r->hit[descriptor] - 1];
}

static bool is_alike(const struct sbk_volume_hit *a,
		     const struct sbk_volume_hit *b)
{
	return a->granted == b->granted && a->denied == b->denied &&
	       a->owns == b->owns;
}

/* Where the right of `record` begins: up as long as it is the same. */
static uint32_t find_root(struct rollup *r, uint32_t record)
{
	const struct sbk_volume_hit *hit = hit_of(r, record), *above;
	uint32_t at = record, parent, root, next;

	while (r->root[at] == SBK_VOLUME_NONE) {
		parent = r->tree->parent[at];
		above = parent != SBK_VOLUME_NONE ? hit_of(r, parent) : NULL;
		if (above == NULL || !is_alike(hit, above))
			break;
		at = parent;
	}
	root = r->root[at] != SBK_VOLUME_NONE ? r->root[at] : at;
	for (at = record; at != root && r->root[at] == SBK_VOLUME_NONE;
	     at = next) {
		next = r->tree->parent[at];
		r->root[at] = root;
	}
	r->root[root] = root;
	return root;
}

static int new_root(struct rollup *r, struct sbk_volume_principal *principal,
		    uint32_t record, struct sbk_error *err)
{
	size_t capacity = r->roots_capacity * 2 + 16;
	struct sbk_volume_root *roots;

	if (r->roots++ >= SBK_VOLUME_ROOTS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the principals have rights that begin "
				     "at more than %u places; name fewer of "
				     "them",
				     SBK_VOLUME_ROOTS_MAX);
	if (principal->root_count == r->roots_capacity) {
		roots = realloc(principal->roots, capacity * sizeof(*roots));
		if (roots == NULL)
			return sbk_error_no_memory(err);
		principal->roots = roots;
		r->roots_capacity = capacity;
	}
	principal->roots[principal->root_count++] = (struct sbk_volume_root){
		.record = record, .hit = hit_of(r, record)};
	r->slot[record] = (uint32_t)principal->root_count;
	return 0;
}

static int new_inclusion(struct rollup *r,
			 struct sbk_volume_principal *principal, size_t place,
			 struct sbk_error *err)
{
	size_t capacity = principal->inclusion_capacity * 2 + 16;
	struct sbk_volume_inclusion *inclusions;

	if (principal->inclusion_count == principal->inclusion_capacity) {
		inclusions = realloc(principal->inclusions,
				     capacity * sizeof(*inclusions));
		if (inclusions == NULL)
			return sbk_error_no_memory(err);
		principal->inclusions = inclusions;
		principal->inclusion_capacity = capacity;
	}
	principal->inclusions[principal->inclusion_count++] =
		(struct sbk_volume_inclusion){.place = place};
	r->included[place] = (uint32_t)principal->inclusion_count;
	return 0;
}

static int include(struct rollup *r, struct sbk_volume_principal *principal,
		   size_t place, const struct sbk_volume_hit *hit,
		   struct sbk_error *err)
{
	struct sbk_volume_inclusion *at;
	int rc = r->included[place] == 0
			 ? new_inclusion(r, principal, place, err)
			 : 0;

	if (rc < 0)
		return rc;
	at = &principal->inclusions[r->included[place] - 1];
	at->granted |= hit->granted;
	at->objects++;
	return 0;
}

static int count_object(struct rollup *r,
			struct sbk_volume_principal *principal, uint32_t record,
			const struct sbk_volume_hit *hit, struct sbk_error *err)
{
	uint32_t root = find_root(r, record);
	struct sbk_volume_root *at;
	int rc = r->slot[root] == 0 ? new_root(r, principal, root, err) : 0;

	if (rc < 0)
		return rc;
	at = &principal->roots[r->slot[root] - 1];
	at->objects++;
	at->explicit_objects += hit->is_explicit;
	principal->objects++;
	principal->explicit_objects += hit->is_explicit;
	principal->inherited_objects += hit->is_inherited && !hit->is_explicit;
	principal->owned_objects += hit->owns;
	if (r->place[record] != 0 && hit->granted != 0)
		rc = include(r, principal, r->place[record] - 1, hit, err);
	return rc;
}

typedef int object_fn(struct rollup *r, struct sbk_volume_principal *principal,
		      uint32_t record, const struct sbk_volume_hit *hit,
		      struct sbk_error *err);

static int each_object(struct rollup *r, struct sbk_volume_principal *principal,
		       object_fn *visit, struct sbk_error *err)
{
	size_t h;
	uint32_t i;
	int rc = 0;

	for (h = 0; h < principal->hit_count; h++) {
		const struct sbk_volume_hit *hit =
			&r->audit->hits[principal->first_hit + h];

		for (i = r->start[hit->descriptor];
		     rc == 0 && i < r->start[hit->descriptor + 1]; i++)
			rc = visit(r, principal, r->order[i], hit, err);
	}
	return rc;
}

static int forget(struct rollup *r, struct sbk_volume_principal *principal,
		  uint32_t record, const struct sbk_volume_hit *hit,
		  struct sbk_error *err)
{
	(void)principal;
	(void)hit;
	(void)err;
	r->root[record] = SBK_VOLUME_NONE;
	r->slot[record] = 0;
	return 0;
}

static int by_objects(const void *a, const void *b)
{
	const struct sbk_volume_root *one = a, *two = b;

	if (one->objects != two->objects)
		return one->objects > two->objects ? -1 : 1;
	return one->record < two->record ? -1 : one->record > two->record;
}

static int roll_up(struct rollup *r, struct sbk_volume_principal *principal,
		   struct sbk_error *err)
{
	size_t h;
	int rc;

	for (h = 0; h < principal->hit_count; h++)
		r->hit[r->audit->hits[principal->first_hit + h].descriptor] =
			(uint32_t)(principal->first_hit + h) + 1;
	r->roots_capacity = 0;
	rc = each_object(r, principal, count_object, err);
	(void)each_object(r, principal, forget, err); /* cannot fail */
	for (h = 0; h < principal->inclusion_count; h++)
		r->included[principal->inclusions[h].place] = 0;
	for (h = 0; h < principal->hit_count; h++)
		r->hit[r->audit->hits[principal->first_hit + h].descriptor] = 0;
	if (principal->root_count > 0)
		qsort(principal->roots, principal->root_count,
		      sizeof(*principal->roots), by_objects);
	return rc;
}

/* A digest of what a principal's hits say: two with the same are alike. */
static void sign(const struct rollup *r,
		 const struct sbk_volume_principal *principal, uint8_t out[16])
{
	const char *tool = principal->verdict.tool;
	crypto_generichash_state state;
	uint32_t words[4];
	size_t h;

	(void)crypto_generichash_init(&state, NULL, 0, 16); /* cannot fail */
	words[0] = (uint32_t)principal->verdict.origin |
		   (uint32_t)sbk_volume_is_deleted(r->audit, &principal->sid)
			   << 8;
	(void)crypto_generichash_update(&state, (const uint8_t *)words, 4);
	if (tool != NULL)
		(void)crypto_generichash_update(&state, (const uint8_t *)tool,
						strlen(tool));
	for (h = 0; h < principal->group_count; h++)
		(void)crypto_generichash_update(
			&state, principal->groups[h].sid.bytes,
			sizeof(principal->groups[h].sid.bytes));
	words[0] = (uint32_t)principal->restricting_count;
	(void)crypto_generichash_update(&state, (const uint8_t *)words, 4);
	for (h = 0; h < principal->restricting_count; h++)
		(void)crypto_generichash_update(
			&state, principal->restricting[h].sid.bytes,
			sizeof(principal->restricting[h].sid.bytes));
	for (h = 0; h < principal->hit_count; h++) {
		const struct sbk_volume_hit *hit =
			&r->audit->hits[principal->first_hit + h];

		words[0] = hit->descriptor;
		words[1] = hit->granted;
		words[2] = hit->denied;
		words[3] = (uint32_t)(hit->owns | hit->is_explicit << 1 |
				      hit->is_inherited << 2);
		(void)crypto_generichash_update(&state, (const uint8_t *)words,
						sizeof(words));
	}
	(void)crypto_generichash_final(&state, out, 16);
}

/* The first principal with these hits; itself where it is the first. */
static int find_alike(struct rollup *r, size_t index, struct sbk_error *err)
{
	struct sbk_volume_principal *principal = &r->audit->principals[index];
	uint8_t signature[16];
	size_t *first;
	bool fresh;

	sign(r, principal, signature);
	first = sbk_table_put(&r->signatures, signature, sizeof(signature),
			      &fresh);
	if (first == NULL)
		return sbk_error_no_memory(err);
	if (fresh)
		*first = index;
	principal->alike = *first;
	return 0;
}

static int roll_up_all(struct rollup *r, struct sbk_error *err)
{
	struct sbk_volume_audit *audit = r->audit;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < audit->principal_count; i++) {
		struct sbk_volume_principal *principal = &audit->principals[i];
		struct sbk_volume_principal *first;

		sbk_progress_tell(r->tree->progress, "counting for principals",
				  i, audit->principal_count);
		rc = find_alike(r, i, err);
		if (rc < 0)
			break;
		first = &audit->principals[principal->alike];
		first->alike_count++;
		if (principal == first) {
			rc = roll_up(r, principal, err);
			continue;
		}
		principal->objects = first->objects;
		principal->explicit_objects = first->explicit_objects;
		principal->inherited_objects = first->inherited_objects;
		principal->owned_objects = first->owned_objects;
	}
	return rc;
}

int sbk_volume_rollup(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	size_t distinct = sbk_volume_distinct(tree), n = tree->records, i;
	struct sbk_arena arena = SBK_ARENA_INIT;
	struct rollup r = {
		.audit = audit,
		.tree = tree,
		.start = calloc(distinct + 2, sizeof(uint32_t)),
		.order = malloc(n * sizeof(uint32_t)),
		.hit = calloc(distinct + 1, sizeof(uint32_t)),
		.root = malloc(n * sizeof(uint32_t)),
		.slot = calloc(n, sizeof(uint32_t)),
		.place = calloc(n, sizeof(uint32_t)),
		.included = calloc(tree->candidate_count + 1, sizeof(uint32_t)),
		.signatures = SBK_TABLE_INIT(sizeof(size_t), &arena),
	};
	int rc = 0;

	if (r.start == NULL || r.order == NULL || r.hit == NULL ||
	    r.root == NULL || r.slot == NULL || r.place == NULL ||
	    r.included == NULL)
		rc = sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < n; i++)
		r.root[i] = SBK_VOLUME_NONE;
	if (rc == 0) {
		put_in_order(&r);
		find_places(&r);
		rc = roll_up_all(&r, err);
	}
	free(r.start);
	free(r.order);
	free(r.hit);
	free(r.root);
	free(r.slot);
	free(r.place);
	free(r.included);
	sbk_table_release(&r.signatures);
	sbk_arena_release(&arena);
	return rc;
}
