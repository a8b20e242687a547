/*
 * Counts by text: open addressing over keys in an arena, doubled when three
 * quarters full. The keys are our own identities, so nobody gains by
 * collisions.
 */
#include "engine/tally.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buf.h"

#include "engine/banned.h"

struct slot {
	const char *key; /* NULL: free */
	size_t times;
};

struct sbk_tally {
	struct sbk_arena arena;
	struct slot *slots;
	size_t slot_count; /* a power of two */
	size_t used;
};

struct sbk_tally *sbk_tally_new(void)
{
	struct sbk_tally *tally = calloc(1, sizeof(*tally));

	if (tally == NULL)
		return NULL;
	tally->slot_count = 64;
	tally->slots = calloc(tally->slot_count, sizeof(*tally->slots));
	if (tally->slots == NULL) {
		free(tally);
		return NULL;
	}
	return tally;
}

void sbk_tally_free(struct sbk_tally *tally)
{
	if (tally == NULL)
		return;
	sbk_arena_release(&tally->arena);
	free(tally->slots);
	free(tally);
}

/* FNV-1a. */
static size_t hash_of(const char *key)
{
	uint64_t hash = 14695981039346656037u;

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

static struct slot *find(struct slot *slots, size_t slot_count, const char *key)
{
	size_t i = hash_of(key) & (slot_count - 1);

	while (slots[i].key != NULL && strcmp(slots[i].key, key) != 0)
		i = (i + 1) & (slot_count - 1);
	return &slots[i];
}

static int grow(struct sbk_tally *tally)
{
	size_t slot_count = tally->slot_count * 2, i;
	struct slot *slots = calloc(slot_count, sizeof(*slots));

	if (slots == NULL)
		return SBK_E_NOMEM;
	for (i = 0; i < tally->slot_count; i++)
		if (tally->slots[i].key != NULL)
			*find(slots, slot_count, tally->slots[i].key) =
				tally->slots[i];
	free(tally->slots);
	tally->slots = slots;
	tally->slot_count = slot_count;
	return 0;
}

int sbk_tally_add(struct sbk_tally *tally, const char *key, size_t *times,
		  struct sbk_error *err)
{
	struct slot *slot;

	if (tally->used >= tally->slot_count / 4 * 3 && grow(tally) < 0)
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	slot = find(tally->slots, tally->slot_count, key);
	if (slot->key == NULL) {
		slot->key = sbk_arena_strdup(&tally->arena, key);
		if (slot->key == NULL)
			return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
		tally->used++;
	}
	*times = ++slot->times;
	return 0;
}

size_t sbk_tally_count(const struct sbk_tally *tally, const char *key)
{
	return find(tally->slots, tally->slot_count, key)->times;
}
