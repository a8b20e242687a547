/*
 * Where an audit looks: the mounted volumes, each once, from its root; or
 * what is below the paths that the caller named, other volumes mounted there
 * included.
 */
#ifndef SBK_PLACES_H
#define SBK_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/audit.h"
#include "engine/os_census.h"

struct sbk_places {
	struct sbk_filesystems filesystems;
	const char **walk; /* where a walk begins, borrowed from the above */
	size_t walk_count;
	const char **points; /* every mount point, sorted */
	size_t point_count;
};

struct sbk_places_request {
	/* Real paths (no link in them); none: the whole host. */
	const char *const *roots;
	size_t root_count;
	const char *const *skip; /* mounts that the caller leaves out */
	size_t skip_count;
};

/*
 * Chooses from what is mounted now. Filesystems of other machines are noted in
 * `report` as missed, those in `skip` as skipped. `roots` must outlive `out`.
 */
int sbk_places_find(const struct sbk_places_request *request,
		    struct sbk_report *report, struct sbk_places *out,
		    struct sbk_error *err);

/* The same choice from a given list, which `out` takes over. */
int sbk_places_choose(const struct sbk_places_request *request,
		      struct sbk_filesystems *filesystems,
		      struct sbk_report *report, struct sbk_places *out,
		      struct sbk_error *err);
void sbk_places_release(struct sbk_places *places);

bool sbk_places_is_point(const struct sbk_places *places, const char *path);

#endif
