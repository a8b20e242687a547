/*
 * The kinds of objects on Linux: one struct of operations each, joined by the
 * table in engine/linux/backend.c.
 *
 *	access_kind.c  ACCESS                 account.c   GROUP, ACCOUNT
 *	file.c         FILE, DIRECTORY, LINK  firewall.c  FIREWALL
 *	subid.c        SUBID                  kept.c      KEPT
 *	profile.c      PROFILE               descriptor_kind.c  DESCRIPTOR
 *
 * Each operation keeps the contract of its slot in engine/backend.h. `out`
 * and `next` come in empty and are looked at only where 0 is returned.
 */
#ifndef SBK_LINUX_KINDS_H
#define SBK_LINUX_KINDS_H

#include <stdbool.h>

#include "engine/backend.h"
#include "engine/error.h"
#include "engine/object.h"
#include "engine/plan.h"

/*
 * What the backend keeps between two calls: volumes seen, volumes to flush, a
 * directory held open. Opaque to the kinds that need none of it; they may
 * ignore `host`.
 */
struct sbk_host;

struct sbk_host_kind {
	/* Tools change it: it is observed only under the lock that every run
	 * of one holds (program.h), never while one is at work. */
	bool tool_lock;
	int (*observe)(struct sbk_host *host, const struct sbk_object *object,
		       struct sbk_observation *out, struct sbk_error *err);
	int (*replace)(struct sbk_host *host, const struct sbk_object *object,
		       struct sbk_state expected, struct sbk_state next,
		       struct sbk_error *err);
	/* NULL: the whole object is ours, so nothing can be subtracted, and
	 * the backend answers SBK_E_CONFLICT. */
	int (*subtract)(struct sbk_host *host, const struct sbk_change *change,
			struct sbk_state current, struct sbk_buf *next,
			struct sbk_error *err);
};

extern const struct sbk_host_kind sbk_host_access;
extern const struct sbk_host_kind sbk_host_file;
extern const struct sbk_host_kind sbk_host_directory;
extern const struct sbk_host_kind sbk_host_link;
extern const struct sbk_host_kind sbk_host_group;
extern const struct sbk_host_kind sbk_host_account;
extern const struct sbk_host_kind sbk_host_subid;
extern const struct sbk_host_kind sbk_host_firewall;
extern const struct sbk_host_kind sbk_host_profile;
extern const struct sbk_host_kind sbk_host_kept;
extern const struct sbk_host_kind sbk_host_descriptor;

/*
 * Remembers the volume that holds the open file `fd` (O_PATH is enough), so
 * that the next flush makes it durable with syncfs. Each kind that writes
 * files calls it, before it writes. `fd` stays the caller's.
 */
int sbk_host_touch(struct sbk_host *host, int fd, struct sbk_error *err);

#endif
