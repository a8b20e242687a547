/*
 * What a view shows of the host, taken before the view is built: one detached
 * mount for each SBK_VIEW_BIND, restricted as its operation says. Between
 * taking and placing, the process may change who it is.
 *
 *	struct sbk_sources *sources;
 *	if (sbk_sources_take(view, &sources, err) < 0)
 *		...
 *	sbk_view_mount(builder, view, sources, &area, err);
 *	sbk_sources_free(sources);
 */
#ifndef SBK_LINUX_SOURCES_H
#define SBK_LINUX_SOURCES_H

#include <sys/types.h>

#include "engine/error.h"
#include "engine/linux/view.h"

struct sbk_source {
	int tree; /* a detached mount; -1: none, or given away */
	dev_t device;
	ino_t number;
};

struct sbk_sources;

/*
 * For a process whose mounts are private to it and whose root is the host's.
 * Each source is opened once, without following any link, and must be what the
 * scope was made for. Raises the soft limit of open files to the hard one,
 * until the sources are freed. SBK_E_CONFLICT where something was replaced;
 * SBK_E_LIMIT where files cannot be opened; each message names the path.
 */
int sbk_sources_take(const struct sbk_view *view, struct sbk_sources **out,
		     struct sbk_error *err);

/* That of the view's operation `index`, NULL where it has none: a source that
 * is missing and optional. */
const struct sbk_source *sbk_sources_of(const struct sbk_sources *sources,
					size_t index);

/* Closes the descriptor of one that has been placed. */
void sbk_sources_close(struct sbk_sources *sources, size_t index);

/* What was not placed goes away with it. NULL is fine. */
void sbk_sources_free(struct sbk_sources *sources);

#endif
