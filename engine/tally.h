/*
 * How often each text was counted: for objects with several names (hard
 * links), whose identities are met again during a walk.
 */
#ifndef SBK_TALLY_H
#define SBK_TALLY_H

#include <stddef.h>

#include "engine/error.h"

struct sbk_tally;

struct sbk_tally *sbk_tally_new(void); /* NULL: no memory */
void sbk_tally_free(struct sbk_tally *tally);
/* Counts `key` once more; its count so far, this time included, in `times`. */
int sbk_tally_add(struct sbk_tally *tally, const char *key, size_t *times,
		  struct sbk_error *err);
/* How often `key` was counted; 0 for a key that never was. */
size_t sbk_tally_count(const struct sbk_tally *tally, const char *key);

#endif
