/*
 * Looking at the access of everything in a tree, quickly: the walk of an
 * audit, which changes nothing afterwards.
 */
#ifndef SBK_LINUX_SURVEY_H
#define SBK_LINUX_SURVEY_H

#include <stdbool.h>

#include "engine/backend.h"
#include "engine/error.h"
#include "engine/linux/pool.h"

/* See `survey` in engine/backend.h; *pool as in engine/linux/pool.h. */
int sbk_survey(struct sbk_pool **pool, const char *root, sbk_visit_fn *visit,
	       void *arg, struct sbk_error *err);

/* For tests: do as on a kernel without getxattrat (before 6.13). */
void sbk_survey_without_getxattrat(bool without);

#endif
