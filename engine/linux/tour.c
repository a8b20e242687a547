/*
 * The tour. Owns the path of where it is and the order of visiting; knows
 * nothing of what is looked at, and opens nothing.
 */
#include "engine/linux/tour.h"

#include <string.h>

#include "engine/banned.h"

int sbk_tour_root(struct sbk_tour *tour, const char *root,
		  struct sbk_error *err)
{
	tour->path_size = strlen(root);
	if (tour->path_size >= sizeof(tour->path))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a path of %zu bytes is over the limit "
				     "of %d",
				     tour->path_size, SBK_PATH_MAX - 1);
	memcpy(tour->path, root, tour->path_size + 1);
	return 0;
}

int sbk_tour_unreadable(struct sbk_tour *tour, const struct sbk_error *problem,
			struct sbk_error *err)
{
	struct sbk_visit visit = {.path = tour->path,
				  .kind = SBK_VISIT_UNREADABLE,
				  .problem = problem};
	int rc = tour->visit(tour->arg, &visit, err);

	return rc < 0 ? rc : 0;
}

int sbk_tour_skipped(struct sbk_tour *tour, struct sbk_error *err)
{
	struct sbk_visit visit = {.path = tour->path,
				  .kind = SBK_VISIT_SKIPPED};
	int rc = tour->visit(tour->arg, &visit, err);

	return rc < 0 ? rc : 0;
}

/* Appends "/name"; false where the path would be too long. */
static bool enter_name(struct sbk_tour *tour, const char *name)
{
	size_t length = strlen(name);
	bool slash = tour->path_size > 1; /* not below "/" itself */

	if (tour->path_size + slash + length >= sizeof(tour->path))
		return false;
	if (slash)
		tour->path[tour->path_size++] = '/';
	memcpy(tour->path + tour->path_size, name, length + 1);
	tour->path_size += length;
	return true;
}

static void leave_name(struct sbk_tour *tour, size_t path_size)
{
	tour->path_size = path_size;
	tour->path[path_size] = '\0';
}

static int visit_too_long(struct sbk_tour *tour, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;

	(void)sbk_error_set(&problem, SBK_E_LIMIT,
			    "a path below is longer than %d bytes",
			    SBK_PATH_MAX - 1);
	return sbk_tour_unreadable(tour, &problem, err);
}

/*
 * Those that the threads left come last: entering one may be touring a tree,
 * and that uses the sights anew.
 */
static int enter_left(struct sbk_tour *tour,
		      const struct sbk_tour_window *window, size_t count,
		      const bool left[SBK_TOUR_WINDOW], int depth,
		      struct sbk_error *err)
{
	size_t path_size = tour->path_size, i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		if (!left[i] || !enter_name(tour, window->entries[i].name))
			continue; /* too long: that was visited as such */
		rc = tour->ops->enter(tour->self, window->directory,
				      &window->entries[i], depth, err);
		leave_name(tour, path_size);
	}
	return rc;
}

static int visit_window(struct sbk_tour *tour,
			const struct sbk_tour_window *window, size_t count,
			int depth, struct sbk_error *err)
{
	size_t path_size = tour->path_size, i;
	bool left[SBK_TOUR_WINDOW];
	int rc = 0;

	for (i = 0; rc >= 0 && i < count; i++) {
		left[i] = tour->ops->is_left(tour->self, i);
		if (!enter_name(tour, window->entries[i].name)) {
			rc = visit_too_long(tour, err);
			continue;
		}
		if (!left[i])
			rc = tour->ops->visit_sight(tour->self, i, err);
		leave_name(tour, path_size);
	}
	return rc < 0 ? rc : enter_left(tour, window, count, left, depth, err);
}

static int visit_leaves(struct sbk_tour *tour, int directory,
			const struct sbk_listing *listing, int depth,
			struct sbk_error *err)
{
	struct sbk_tour_window window = {.self = tour->self,
					 .directory = directory};
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && at < listing->leaf_count) {
		size_t count = listing->leaf_count - at;

		if (count > SBK_TOUR_WINDOW)
			count = SBK_TOUR_WINDOW;
		window.entries = listing->entries + at;
		sbk_pool_run(tour->pool, tour->ops->look, &window, count);
		rc = visit_window(tour, &window, count, depth, err);
		at += count;
	}
	return rc;
}

static int enter_directories(struct sbk_tour *tour, int directory,
			     const struct sbk_listing *listing, int depth,
			     struct sbk_error *err)
{
	size_t path_size = tour->path_size, i;
	int rc = 0;

	for (i = listing->leaf_count; rc == 0 && i < listing->count; i++) {
		if (!enter_name(tour, listing->entries[i].name)) {
			rc = visit_too_long(tour, err);
			continue;
		}
		rc = tour->ops->enter(tour->self, directory,
				      &listing->entries[i], depth, err);
		leave_name(tour, path_size);
	}
	return rc;
}

int sbk_tour_directory(struct sbk_tour *tour, int directory,
		       const struct sbk_listing *listing, int depth,
		       struct sbk_error *err)
{
	int rc = visit_leaves(tour, directory, listing, depth, err);

	return rc < 0 ? rc
		      : enter_directories(tour, directory, listing, depth, err);
}
