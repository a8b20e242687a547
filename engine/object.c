/*
 * Kinds and the state pool. Knows no encoding: states are bytes here.
 */
#include "engine/object.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"

#include "engine/banned.h"

static const char *const kind_names[] = {
#define SBK_KIND_NAME(name, text) [SBK_KIND_##name] = (text),
	SBK_KIND_MAP(SBK_KIND_NAME)
#undef SBK_KIND_NAME
};

const char *sbk_kind_name(enum sbk_kind kind)
{
	return kind < SBK_KIND_COUNT ? kind_names[kind] : "unknown";
}

int sbk_kind_parse(const char *name, enum sbk_kind *out)
{
	int i;

	for (i = 0; i < SBK_KIND_COUNT; i++) {
		if (strcmp(name, kind_names[i]) == 0) {
			*out = (enum sbk_kind)i;
			return 0;
		}
	}
	return SBK_E_NOTFOUND;
}

bool sbk_kind_sealed(enum sbk_kind kind)
{
	return kind == SBK_KIND_KEPT;
}

bool sbk_state_absent(struct sbk_state state)
{
	return state.size == 0;
}

bool sbk_state_equal(struct sbk_state a, struct sbk_state b)
{
	if (a.size != b.size)
		return false;
	return a.data == b.data || a.size == 0 ||
	       memcmp(a.data, b.data, a.size) == 0;
}

/* Open addressing over pooled states; doubled when three quarters full. */
struct sbk_state_pool {
	struct sbk_arena arena;
	struct sbk_state *slots;
	size_t slot_count; /* a power of two */
	size_t used;
};

struct sbk_state_pool *sbk_state_pool_new(void)
{
	struct sbk_state_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->slot_count = 64;
	pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
	if (pool->slots == NULL) {
		free(pool);
		return NULL;
	}
	return pool;
}

void sbk_state_pool_free(struct sbk_state_pool *pool)
{
	if (pool == NULL)
		return;
	sbk_arena_release(&pool->arena);
	free(pool->slots);
	free(pool);
}

/* FNV-1a: the states are our own, so nobody gains by collisions. */
static size_t state_hash(struct sbk_state state)
{
	uint64_t hash = 14695981039346656037u;
	size_t i;

	for (i = 0; i < state.size; i++)
		hash = (hash ^ (unsigned char)state.data[i]) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

static struct sbk_state *find_slot(struct sbk_state *slots, size_t slot_count,
				   struct sbk_state state)
{
	size_t i = state_hash(state) & (slot_count - 1);

	while (slots[i].data != NULL && !sbk_state_equal(slots[i], state))
		i = (i + 1) & (slot_count - 1);
	return &slots[i];
}

static int grow(struct sbk_state_pool *pool)
{
	size_t slot_count = pool->slot_count * 2, i;
	struct sbk_state *slots = calloc(slot_count, sizeof(*slots));

	if (slots == NULL)
		return SBK_E_NOMEM;
	for (i = 0; i < pool->slot_count; i++)
		if (pool->slots[i].data != NULL)
			*find_slot(slots, slot_count, pool->slots[i]) =
				pool->slots[i];
	free(pool->slots);
	pool->slots = slots;
	pool->slot_count = slot_count;
	return 0;
}

int sbk_state_pool_intern(struct sbk_state_pool *pool, struct sbk_state state,
			  struct sbk_state *out, struct sbk_error *err)
{
	struct sbk_state *slot;
	char *copy;

	if (state.size > SBK_STATE_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a state of %zu bytes is over the limit "
				     "of %d",
				     state.size, SBK_STATE_BYTES_MAX);
	if (sbk_state_absent(state)) {
		*out = SBK_STATE_ABSENT;
		return 0;
	}
	if (pool->used >= pool->slot_count / 4 * 3 && grow(pool) < 0)
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	slot = find_slot(pool->slots, pool->slot_count, state);
	if (slot->data == NULL) {
		copy = sbk_arena_copy(&pool->arena, state.data, state.size);
		if (copy == NULL)
			return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
		*slot = (struct sbk_state){.data = copy, .size = state.size};
		pool->used++;
	}
	*out = *slot;
	return 0;
}

size_t sbk_state_pool_count(const struct sbk_state_pool *pool)
{
	return pool->used;
}
