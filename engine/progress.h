/*
 * How far a long piece of work is, for a person who waits, and whether that
 * person still does. Who works calls sbk_progress_tell as often as it likes;
 * who prints decides what becomes of it.
 */
#ifndef SBK_PROGRESS_H
#define SBK_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sbk_progress {
	/* `what`: of what `done` of `total` are done. Static text. */
	void (*tell)(void *arg, const char *what, uint64_t done,
		     uint64_t total);
	void *arg;
	/* Whether the work is to stop; NULL: never. */
	bool (*is_over)(void *arg);
};

/* NULL: nobody is told. */
static inline void sbk_progress_tell(const struct sbk_progress *progress,
				     const char *what, uint64_t done,
				     uint64_t total)
{
	if (progress != NULL)
		progress->tell(progress->arg, what, done, total);
}

static inline bool sbk_progress_is_over(const struct sbk_progress *progress)
{
	return progress != NULL && progress->is_over != NULL &&
	       progress->is_over(progress->arg);
}

#endif
