/*
 * Walking a tree that may change while it is walked.
 */
#ifndef SBK_LINUX_WALK_H
#define SBK_LINUX_WALK_H

#include "engine/backend.h"
#include "engine/error.h"
#include "engine/linux/host.h"

enum sbk_walk_depth {
	SBK_WALK_FULL,	     /* all fields of a visit */
	SBK_WALK_IDENTITIES, /* access is left out: for a search */
};

/*
 * See `walk` in engine/backend.h. A directory comes before its content,
 * what is no directory before its sibling directories, each in the order of
 * their names' bytes. No link is followed and no
 * mount is crossed, a bind mount of the same volume included; a btrfs
 * subvolume below is no mount. Devices, FIFOs and sockets are visited without
 * being opened, since they inherit default ACLs too.
 */
int sbk_walk(struct sbk_host *host, const char *root, enum sbk_walk_depth depth,
	     sbk_visit_fn *visit, void *arg, struct sbk_error *err);

#endif
