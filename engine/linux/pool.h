/*
 * A few helper threads for work that is the same for each of many files, where
 * the kernel's time per call is what counts.
 */
#ifndef SBK_LINUX_POOL_H
#define SBK_LINUX_POOL_H

#include <stddef.h>

struct sbk_pool;

/* Does the work of one index; called from several threads at once. */
typedef void sbk_pool_work(void *arg, size_t index);

/*
 * Calls `work` once for each index below `count`, from the caller's thread and
 * from helpers, and returns when all calls have returned. *pool is NULL before
 * the first call, which starts the helpers; without any (one processor, or the
 * system refuses) the caller does all of it. The order is about that of the
 * indexes.
 */
void sbk_pool_run(struct sbk_pool **pool, sbk_pool_work *work, void *arg,
		  size_t count);

/*
 * The same in two parts, so that the caller can do something else while the
 * helpers begin. `begin` may do all of the work itself; from then on until
 * `end` has returned, which helps and waits, `arg` and all that `work` reads
 * belong to the helpers and nothing else is begun.
 */
void sbk_pool_begin(struct sbk_pool **pool, sbk_pool_work *work, void *arg,
		    size_t count);
void sbk_pool_end(struct sbk_pool *pool);

/* Ends the helpers. NULL is no pool. */
void sbk_pool_free(struct sbk_pool *pool);

#endif
