/*
 * Kinds and the state pool. Knows no encoding: states are bytes here.
 */
#include "engine/object.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/table.h"

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

const char *sbk_object_key(const struct sbk_object *object)
{
	return object->identity != NULL ? object->identity : object->name;
}

int sbk_object_compare(const struct sbk_object *a, const struct sbk_object *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(sbk_object_key(a), sbk_object_key(b));
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

struct sbk_state_pool {
	struct sbk_arena arena;
	struct sbk_table states; /* a set, with the copies in the arena */
};

struct sbk_state_pool *sbk_state_pool_new(void)
{
	struct sbk_state_pool *pool = calloc(1, sizeof(*pool));

	if (pool != NULL)
		pool->states.keys = &pool->arena;
	return pool;
}

void sbk_state_pool_free(struct sbk_state_pool *pool)
{
	if (pool == NULL)
		return;
	sbk_table_release(&pool->states);
	sbk_arena_release(&pool->arena);
	free(pool);
}

int sbk_state_pool_intern(struct sbk_state_pool *pool, struct sbk_state state,
			  struct sbk_state *out, struct sbk_error *err)
{
	const void *pooled;
	bool fresh;

	if (state.size > SBK_STATE_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a state of %zu bytes is over the limit "
				     "of %d",
				     state.size, SBK_STATE_BYTES_MAX);
	if (sbk_state_absent(state)) {
		*out = SBK_STATE_ABSENT;
		return 0;
	}
	pooled = sbk_table_put(&pool->states, state.data, state.size, &fresh);
	if (pooled == NULL)
		return sbk_error_no_memory(err);
	out->data = sbk_table_key(pooled, &out->size);
	return 0;
}

size_t sbk_state_pool_count(const struct sbk_state_pool *pool)
{
	return pool->states.used;
}
