/*
 * A table from states to values: open addressing, never more than half full.
 * It holds at most MEMO_STATES_MAX states and then begins anew, so that a
 * volume on which every file has an ACL of its own costs time and not memory.
 */
#include "audit/memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define MEMO_SLOTS 16384u /* a power of two */
#define MEMO_STATES_MAX (MEMO_SLOTS / 2)

struct slot {
	uint64_t hash;
	const char *data; /* NULL: free */
	size_t size;
	void *value;
};

struct sbk_memo {
	struct sbk_arena arena;
	size_t value_size;
	size_t count;
	const struct slot *last; /* siblings mostly have the same state */
	struct slot slots[MEMO_SLOTS];
};

struct sbk_memo *sbk_memo_new(size_t value_size)
{
	struct sbk_memo *memo = calloc(1, sizeof(*memo));

	if (memo != NULL)
		memo->value_size = value_size;
	return memo;
}

void sbk_memo_free(struct sbk_memo *memo)
{
	if (memo == NULL)
		return;
	sbk_arena_release(&memo->arena);
	free(memo);
}

/* FNV-1a: short texts that no one gains by making collide, since a table that
 * is half full of them still ends at its maximum. */
static uint64_t hash_of(struct sbk_state state)
{
	uint64_t hash = 14695981039346656037u;
	size_t i;

	for (i = 0; i < state.size; i++)
		hash = (hash ^ (unsigned char)state.data[i]) * 1099511628211u;
	return hash;
}

static bool holds(const struct slot *slot, struct sbk_state state)
{
	return slot->size == state.size &&
	       memcmp(slot->data, state.data, state.size) == 0;
}

static void begin_anew(struct sbk_memo *memo)
{
	sbk_arena_release(&memo->arena);
	memset(memo->slots, 0, sizeof(memo->slots));
	memo->count = 0;
	memo->last = NULL;
}

static struct slot *find_slot(struct sbk_memo *memo, struct sbk_state state,
			      uint64_t hash)
{
	size_t i = hash & (MEMO_SLOTS - 1);

	while (memo->slots[i].data != NULL &&
	       (memo->slots[i].hash != hash || !holds(&memo->slots[i], state)))
		i = (i + 1) & (MEMO_SLOTS - 1);
	return &memo->slots[i];
}

void *sbk_memo_find(struct sbk_memo *memo, struct sbk_state state, bool *fresh)
{
	struct slot *slot;
	uint64_t hash;

	*fresh = false;
	if (memo->last != NULL && holds(memo->last, state))
		return memo->last->value;
	hash = hash_of(state);
	slot = find_slot(memo, state, hash);
	if (slot->data == NULL) {
		if (memo->count == MEMO_STATES_MAX) {
			begin_anew(memo);
			slot = find_slot(memo, state, hash);
		}
		slot->value = sbk_arena_alloc(&memo->arena, memo->value_size);
		slot->data =
			sbk_arena_copy(&memo->arena, state.data, state.size);
		if (slot->value == NULL || slot->data == NULL) {
			slot->data = NULL;
			return NULL;
		}
		slot->hash = hash;
		slot->size = state.size;
		memo->count++;
		*fresh = true;
	}
	memo->last = slot;
	return slot->value;
}
