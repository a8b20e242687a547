/*
 * Open addressing over slots that hold key, hash and value side by side, at
 * most three quarters full. The keys are identities, paths and states: texts
 * of the kernel's or our own, so nobody gains by collisions (FNV-1a).
 */
#include "engine/table.h"

#include <stdlib.h>

#include "engine/banned.h"

#define FIRST_SLOTS 64

struct slot {		 /* its value follows */
	const void *key; /* NULL: free */
	size_t size;
	uint64_t hash;
};

uint64_t sbk_hash(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64_t hash = 14695981039346656037u;
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return hash ^ hash >> 32;
}

/* Bytes from one slot to the next, so that each is aligned. */
static size_t stride_of(const struct sbk_table *table)
{
	const size_t align = _Alignof(struct slot);

	return (sizeof(struct slot) + table->value_size + align - 1) / align *
	       align;
}

static struct slot *slot_at(const struct sbk_table *table, size_t index)
{
	return (struct slot *)(void *)((char *)table->slots +
				       index * stride_of(table));
}

/* The slot of the key, or the free one where it would be. */
static struct slot *probe(const struct sbk_table *table, const void *key,
			  size_t size, uint64_t hash)
{
	size_t i = (size_t)hash & (table->slot_count - 1);

	for (;; i = (i + 1) & (table->slot_count - 1)) {
		struct slot *slot = slot_at(table, i);

		if (slot->key == NULL ||
		    (slot->hash == hash && slot->size == size &&
		     memcmp(slot->key, key, size) == 0))
			return slot;
	}
}

static bool grow(struct sbk_table *table)
{
	const size_t stride = stride_of(table);
	struct sbk_table larger = *table;
	size_t i;

	larger.slot_count =
		table->slot_count > 0 ? table->slot_count * 2 : FIRST_SLOTS;
	larger.slots = calloc(larger.slot_count, stride);
	if (larger.slots == NULL)
		return false;
	for (i = 0; i < table->slot_count; i++) {
		const struct slot *slot = slot_at(table, i);

		if (slot->key != NULL)
			memcpy(probe(&larger, slot->key, slot->size,
				     slot->hash),
			       slot, stride);
	}
	free(table->slots);
	*table = larger;
	return true;
}

void sbk_table_release(struct sbk_table *table)
{
	free(table->slots);
	table->slots = NULL;
	table->slot_count = table->used = 0;
}

void sbk_table_clear(struct sbk_table *table)
{
	if (table->used > 0)
		memset(table->slots, 0, table->slot_count * stride_of(table));
	table->used = 0;
}

void *sbk_table_find(const struct sbk_table *table, const void *key,
		     size_t size)
{
	struct slot *slot;

	if (table->used == 0)
		return NULL;
	slot = probe(table, key, size, sbk_hash(key, size));
	return slot->key != NULL ? slot + 1 : NULL;
}

void *sbk_table_put(struct sbk_table *table, const void *key, size_t size,
		    bool *fresh)
{
	const uint64_t hash = sbk_hash(key, size);
	struct slot *slot;

	if (table->used >= table->slot_count / 4 * 3 && !grow(table))
		return NULL;
	slot = probe(table, key, size, hash);
	*fresh = slot->key == NULL;
	if (!*fresh)
		return slot + 1;
	if (table->keys != NULL)
		key = sbk_arena_copy(table->keys, key, size);
	if (key == NULL)
		return NULL;
	*slot = (struct slot){.key = key, .size = size, .hash = hash};
	table->used++;
	return slot + 1;
}

const void *sbk_table_key(const void *value, size_t *size)
{
	const struct slot *slot = (const struct slot *)value - 1;

	*size = slot->size;
	return slot->key;
}
