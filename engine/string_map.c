/*
 * The map behind the planner's sets. Owns its slots, never its keys.
 */
#include "engine/string_map.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct sbk_string_slot {
	const char *key; /* NULL: free */
	uint64_t hash;
	int64_t value;
};

/* FNV-1a: keys are identities, whose bytes the kernel chose. */
static uint64_t hash_of(const char *key)
{
	uint64_t hash = 14695981039346656037u;

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	return hash ^ hash >> 32;
}

static struct sbk_string_slot *slot_of(struct sbk_string_slot *slots,
				       size_t slot_count, const char *key,
				       uint64_t hash)
{
	size_t i = (size_t)hash & (slot_count - 1);

	while (slots[i].key != NULL &&
	       (slots[i].hash != hash || strcmp(slots[i].key, key) != 0))
		i = (i + 1) & (slot_count - 1);
	return &slots[i];
}

static int grow(struct sbk_string_map *map, struct sbk_error *err)
{
	size_t slot_count = map->slot_count > 0 ? map->slot_count * 2 : 64, i;
	struct sbk_string_slot *slots = calloc(slot_count, sizeof(*slots));

	if (slots == NULL)
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	for (i = 0; i < map->slot_count; i++)
		if (map->slots[i].key != NULL)
			*slot_of(slots, slot_count, map->slots[i].key,
				 map->slots[i].hash) = map->slots[i];
	free(map->slots);
	map->slots = slots;
	map->slot_count = slot_count;
	return 0;
}

void sbk_string_map_release(struct sbk_string_map *map)
{
	free(map->slots);
	*map = (struct sbk_string_map)SBK_STRING_MAP_INIT;
}

void sbk_string_map_clear(struct sbk_string_map *map)
{
	if (map->used > 0)
		memset(map->slots, 0, map->slot_count * sizeof(*map->slots));
	map->used = 0;
}

int64_t *sbk_string_map_find(const struct sbk_string_map *map, const char *key)
{
	struct sbk_string_slot *slot;

	if (map->slot_count == 0)
		return NULL;
	slot = slot_of(map->slots, map->slot_count, key, hash_of(key));
	return slot->key != NULL ? &slot->value : NULL;
}

int sbk_string_map_put(struct sbk_string_map *map, const char *key,
		       int64_t value, struct sbk_error *err)
{
	struct sbk_string_slot *slot;
	uint64_t hash = hash_of(key);
	int rc;

	if (map->used >= map->slot_count / 4 * 3) {
		rc = grow(map, err);
		if (rc < 0)
			return rc;
	}
	slot = slot_of(map->slots, map->slot_count, key, hash);
	if (slot->key == NULL)
		map->used++;
	*slot = (struct sbk_string_slot){.key = slot->key != NULL ? slot->key
								  : key,
					 .hash = hash,
					 .value = value};
	return 0;
}

int sbk_string_map_add(struct sbk_string_map *map, const char *key, bool *added)
{
	const size_t used = map->used;
	struct sbk_string_slot *slot;
	uint64_t hash = hash_of(key);
	int rc;

	if (map->used >= map->slot_count / 4 * 3) {
		rc = grow(map, NULL);
		if (rc < 0)
			return rc;
	}
	slot = slot_of(map->slots, map->slot_count, key, hash);
	if (slot->key == NULL) {
		*slot = (struct sbk_string_slot){.key = key, .hash = hash};
		map->used++;
	}
	*added = map->used > used;
	return 0;
}
