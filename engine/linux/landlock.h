/*
 * Landlock: a second carrier of writes and reads, and of host sockets,
 * signals and TCP where its ABI is new enough.
 */
#ifndef SBK_LINUX_LANDLOCK_H
#define SBK_LINUX_LANDLOCK_H

#include <stdbool.h>

#include "engine/error.h"
#include "engine/linux/view.h"

/* From this ABI on it is used: below, every rename and link between
 * directories would be refused. */
#define SBK_LANDLOCK_ABI_MIN 2
#define SBK_LANDLOCK_ABI_SCOPES 6 /* abstract sockets, signals */

/* The kernel's ABI, 0 where Landlock is off. */
int sbk_landlock_abi(void);

/*
 * Restricts this process for good to what the operations of `view` allow.
 * `in_view`: their places are looked up (inside the finished view), else
 * their sources on the host. `tcp`: whether TCP stays allowed. Needs
 * no_new_privs. Nothing is done below SBK_LANDLOCK_ABI_MIN.
 */
int sbk_landlock_apply(const struct sbk_view *view, int abi, bool in_view,
		       bool tcp, const char *extra_writable,
		       struct sbk_error *err);

#endif
