/*
 * A table from byte strings to values of one size, and with no value a set.
 *
 *	struct sbk_table seen = SBK_TABLE_INIT(sizeof(size_t), NULL);
 *	bool fresh;
 *	size_t *times = sbk_table_put_text(&seen, name, &fresh);
 *
 *	if (times == NULL)
 *		... no memory ...
 *	(*times)++;
 *	sbk_table_release(&seen);
 *
 * A value moves when the table grows: its address holds until the next put. It
 * is aligned for pointers and integers.
 */
#ifndef SBK_TABLE_H
#define SBK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/buf.h"

struct sbk_table {
	void *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t used;
	size_t value_size;
	struct sbk_arena *keys; /* where keys are copied to; NULL: borrowed */
};

#define SBK_TABLE_INIT(bytes, arena)                   \
	{                                              \
		.value_size = (bytes), .keys = (arena) \
	}

void sbk_table_release(struct sbk_table *table); /* the arena stays */
/* Forgets all; memory is kept, and so are copies of keys in their arena. */
void sbk_table_clear(struct sbk_table *table);

/* The value of the key, or NULL where it is not in the table. */
void *sbk_table_find(const struct sbk_table *table, const void *key,
		     size_t size);
/* The same, put in with a zeroed value where it was not; `fresh` says so. NULL
 * when memory is gone. */
void *sbk_table_put(struct sbk_table *table, const void *key, size_t size,
		    bool *fresh);
/* The key of a value that one of the two returned: the one address of equal
 * bytes, as long as the key lives. */
const void *sbk_table_key(const void *value, size_t *size);

static inline void *sbk_table_find_text(const struct sbk_table *table,
					const char *key)
{
	return sbk_table_find(table, key, strlen(key));
}

static inline void *sbk_table_put_text(struct sbk_table *table, const char *key,
				       bool *fresh)
{
	return sbk_table_put(table, key, strlen(key), fresh);
}

/* For what has its own slots. Nothing that somebody gains by colliding. */
uint64_t sbk_hash(const void *data, size_t size);

#endif
