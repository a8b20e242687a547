/*
 * A map from strings to numbers, for sets of identities as large as a tree.
 * Open addressing; keys are borrowed and must outlive the map.
 */
#ifndef SBK_STRING_MAP_H
#define SBK_STRING_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

struct sbk_string_map {
	struct sbk_string_slot *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t used;
};

#define SBK_STRING_MAP_INIT   \
	{                     \
		.slots = NULL \
	}

void sbk_string_map_release(struct sbk_string_map *map);
void sbk_string_map_clear(struct sbk_string_map *map); /* memory kept */
/* The number of `key`, or NULL where it is not in the map. Borrowed until the
 * next put. */
int64_t *sbk_string_map_find(const struct sbk_string_map *map, const char *key);
/* Puts `key` with `value`, or replaces its value. 0 or SBK_E_NOMEM. */
int sbk_string_map_put(struct sbk_string_map *map, const char *key,
		       int64_t value, struct sbk_error *err);

/* Puts `key` where it is not in the map, with value 0; *added says whether. 0
 * or SBK_E_NOMEM. */
int sbk_string_map_add(struct sbk_string_map *map, const char *key,
		       bool *added);

#endif
