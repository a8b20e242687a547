/*
 * Performs the operations of a view (view.h) in a mount namespace of one's
 * own, and makes the view the root directory.
 */
#ifndef SBK_LINUX_MOUNT_H
#define SBK_LINUX_MOUNT_H

#include "engine/error.h"
#include "engine/linux/sources.h"
#include "engine/linux/view.h"

/* A view being built. */
struct sbk_builder;

/* Where every view has the process file system. */
#define SBK_PROCESS_PLACE "/proc"

/*
 * For a process alone in fresh user, mount and process namespaces, with all
 * capabilities there and no mount that is shared with another: what does not
 * hang on the view, our private file system and /proc of the run. On failure
 * the process is in between and must end.
 */
int sbk_builder_new(struct sbk_builder **out, struct sbk_error *err);

/*
 * The rest, by the view, which must have SBK_VIEW_PROC at SBK_PROCESS_PLACE,
 * from its sources, which stay the caller's; those that were placed are closed.
 * The builder is gone afterwards. On success the root and the working
 * directory are the view's "/", nothing of the host's tree is reachable but
 * what the view shows, and `area` is a descriptor of our private file system
 * outside the view that holds one file "empty" (for self-checks; the caller
 * closes it). On failure as above. Each message names operation and path.
 */
int sbk_view_mount(struct sbk_builder *builder, const struct sbk_view *view,
		   struct sbk_sources *sources, int *area,
		   struct sbk_error *err);

#endif
