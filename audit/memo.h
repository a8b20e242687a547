/*
 * What was worked out for an access state, so that a tree of 200,000 files
 * with ten different ACLs is judged ten times.
 *
 *	bool fresh;
 *	struct verdict *verdict = sbk_memo_find(memo, state, &fresh);
 *	if (verdict != NULL && fresh)
 *		... fill it ...
 */
#ifndef SBK_MEMO_H
#define SBK_MEMO_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/object.h"

struct sbk_memo;

/* For values of `value_size` bytes. NULL: no memory. */
struct sbk_memo *sbk_memo_new(size_t value_size);
void sbk_memo_free(struct sbk_memo *memo);

/*
 * The value of the state: zeroed and `fresh` the first time. Borrowed until
 * the next call. NULL: no memory.
 */
void *sbk_memo_find(struct sbk_memo *memo, struct sbk_state state, bool *fresh);

#endif
