/*
 * Rolling hits up to the directories where they begin: a hit whose directory
 * was a hit of the same kind just before is counted there. Hits must come in
 * the order of a walk, a directory before its content.
 */
#ifndef SBK_ROLLUP_H
#define SBK_ROLLUP_H

#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

struct sbk_rollup_root {
	const char *path;
	unsigned kind;
	uint64_t objects;
};

struct sbk_rollup; /* owns its roots */

struct sbk_rollup *sbk_rollup_new(void); /* NULL: no memory */
void sbk_rollup_free(struct sbk_rollup *rollup);
/* One hit; `kind` is compared and kept, nothing else. */
int sbk_rollup_add(struct sbk_rollup *rollup, const char *path, unsigned kind,
		   struct sbk_error *err);
size_t sbk_rollup_count(const struct sbk_rollup *rollup);
const struct sbk_rollup_root *sbk_rollup_at(const struct sbk_rollup *rollup,
					    size_t index);

#endif
