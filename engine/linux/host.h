/*
 * What the backend keeps between two calls. Shared by the files that work on
 * paths; the other kinds see it only through engine/linux/kinds.h.
 */
#ifndef SBK_LINUX_HOST_H
#define SBK_LINUX_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/linux/identity.h"
#include "engine/linux/kinds.h"
#include "engine/linux/ntfs_mount.h"
#include "engine/linux/pin.h"
#include "engine/linux/pool.h"

/* Changes that are being made; the helpers' between begin and end. */
struct sbk_access_batch {
	struct sbk_change *const *changes;
	struct sbk_error *outcomes;
	size_t count;
	bool stop;
	atomic_bool failed;
};

struct sbk_host {
	struct sbk_volumes volumes;
	struct sbk_ntfs_mounts ntfs;
	bool sync_all; /* a volume could not be held open: flush them all */
	struct sbk_pool *pool; /* NULL until many files are at hand */
	struct sbk_access_batch batch;
};

/* The same as sbk_host_touch for a pin, whose volume is known. */
int sbk_host_touch_pin(struct sbk_host *host, const struct sbk_pin *pin,
		       struct sbk_error *err);
/* Flushes what was touched since the last call. */
int sbk_host_flush(struct sbk_host *host, struct sbk_error *err);

/* `observe_all` of engine/backend.h. */
void sbk_access_observe_all(struct sbk_host *host,
			    struct sbk_change *const *changes, size_t count,
			    struct sbk_observation *out,
			    struct sbk_error *outcomes);
/* `replace_begin` and `replace_end` of engine/backend.h. */
void sbk_access_replace_begin(struct sbk_host *host,
			      struct sbk_change *const *changes, size_t count,
			      bool stop, struct sbk_error *outcomes);
void sbk_access_replace_end(struct sbk_host *host);

/* The slots of engine/backend.h that are not of one kind. */
int sbk_host_walk(struct sbk_host *host, const char *root, sbk_visit_fn *visit,
		  void *arg, struct sbk_error *err);
int sbk_host_locate(struct sbk_host *host, const char *const *identities,
		    size_t count, const char *const *roots, size_t root_count,
		    struct sbk_location *found, struct sbk_error *err);

#endif
