/*
 * What walk and survey have in common: the order in which a directory's
 * entries are looked at and visited, and the path that the visitor is told.
 *
 * What is no directory is looked at in runs of SBK_TOUR_WINDOW entries by
 * several threads, each entry into a sight of its own, which whoever tours
 * keeps; visiting is done by the caller's thread alone, in order. Directories
 * come last, entered by the caller's thread.
 */
#ifndef SBK_LINUX_TOUR_H
#define SBK_LINUX_TOUR_H

#include <stdbool.h>

#include "engine/backend.h"
#include "engine/limits.h"
#include "engine/linux/listing.h"
#include "engine/linux/pool.h"

#define SBK_TOUR_WINDOW 256

/* One run of entries, for the threads. */
struct sbk_tour_window {
	void *self; /* of the tour */
	int directory;
	const struct sbk_listing_entry *entries;
};

struct sbk_tour_ops {
	/* Looks at one entry into the sight of its index; `arg` is the
	 * window. Called from several threads. */
	sbk_pool_work *look;
	/* Whether that found what the caller's thread has to enter. */
	bool (*is_left)(const void *self, size_t index);
	/* Hands a sight to the visitor; < 0 ends the tour. */
	int (*visit_sight)(void *self, size_t index, struct sbk_error *err);
	/* Looks at one entry, visits it, and what is below: 0 or < 0. It may
	 * tour anew, and use all sights. */
	int (*enter)(void *self, int directory,
		     const struct sbk_listing_entry *entry, int depth,
		     struct sbk_error *err);
};

struct sbk_tour {
	const struct sbk_tour_ops *ops;
	void *self;
	struct sbk_pool **pool;
	sbk_visit_fn *visit;
	void *arg; /* of visit */
	char path[SBK_PATH_MAX];
	size_t path_size;
};

/* Takes the root's path; SBK_E_LIMIT where it is too long. */
int sbk_tour_root(struct sbk_tour *tour, const char *root,
		  struct sbk_error *err);

/* Visits all entries of the open directory whose path is tour->path. */
int sbk_tour_directory(struct sbk_tour *tour, int directory,
		       const struct sbk_listing *listing, int depth,
		       struct sbk_error *err);

/* Tell the visitor of tour->path; 0, or what it refused with. */
int sbk_tour_unreadable(struct sbk_tour *tour, const struct sbk_error *problem,
			struct sbk_error *err);
int sbk_tour_skipped(struct sbk_tour *tour, struct sbk_error *err);

#endif
