/*
 * Performs the operations of a view (view.h) in a mount namespace of one's
 * own, and makes the view the root directory.
 */
#ifndef SBK_LINUX_MOUNT_H
#define SBK_LINUX_MOUNT_H

#include "engine/error.h"
#include "engine/linux/view.h"

/*
 * For a process alone in fresh user, mount and process namespaces, with all
 * capabilities there. On success the root and the working directory are the
 * view's "/", nothing of the host's tree is reachable but what the view shows,
 * and `area` is a descriptor of our private file system outside the view that
 * holds one file "empty" (for self-checks; the caller closes it). On failure
 * the process is in between and must end. Each message names operation and
 * path.
 */
int sbk_view_mount(const struct sbk_view *view, int *area,
		   struct sbk_error *err);

#endif
