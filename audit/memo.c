/*
 * A table of states that holds at most MEMO_STATES_MAX and then begins anew,
 * so that a volume on which every file has an ACL of its own costs time and
 * not memory.
 */
#include "audit/memo.h"

#include <stdlib.h>
#include <string.h>

#include "engine/table.h"

#include "engine/banned.h"

#define MEMO_STATES_MAX 8192

struct sbk_memo {
	struct sbk_arena arena;	 /* of states and values */
	struct sbk_table states; /* void *: the value */
	size_t value_size;
	struct sbk_state last; /* siblings mostly have the same state */
	void *last_value;
};

struct sbk_memo *sbk_memo_new(size_t value_size)
{
	struct sbk_memo *memo = calloc(1, sizeof(*memo));

	if (memo == NULL)
		return NULL;
	memo->value_size = value_size;
	memo->states =
		(struct sbk_table)SBK_TABLE_INIT(sizeof(void *), &memo->arena);
	return memo;
}

void sbk_memo_free(struct sbk_memo *memo)
{
	if (memo == NULL)
		return;
	sbk_table_release(&memo->states);
	sbk_arena_release(&memo->arena);
	free(memo);
}

static void begin_anew(struct sbk_memo *memo)
{
	sbk_table_clear(&memo->states);
	sbk_arena_release(&memo->arena);
	memo->last_value = NULL;
}

void *sbk_memo_find(struct sbk_memo *memo, struct sbk_state state, bool *fresh)
{
	void **value, *made;
	size_t size;

	*fresh = false;
	if (memo->last_value != NULL && sbk_state_equal(memo->last, state))
		return memo->last_value;
	value = sbk_table_find(&memo->states, state.data, state.size);
	if (value == NULL) {
		if (memo->states.used == MEMO_STATES_MAX)
			begin_anew(memo);
		made = sbk_arena_alloc(&memo->arena, memo->value_size);
		value = made != NULL ? sbk_table_put(&memo->states, state.data,
						     state.size, fresh)
				     : NULL;
		if (value == NULL)
			return NULL;
		*value = made;
	}
	memo->last.data = sbk_table_key(value, &size);
	memo->last.size = size;
	memo->last_value = *value;
	return *value;
}
