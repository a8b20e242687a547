/*
 * The one-way step from the person to the sandbox account, in the first
 * process of a run, whose user namespace maps the account and nothing else.
 */
#ifndef SBK_LINUX_BECOME_H
#define SBK_LINUX_BECOME_H

#include "engine/error.h"
#include "engine/linux/account_find.h"

/*
 * Becomes the account for good: no group, three gids, three uids. Ties the
 * process to its parent once more, which the change undoes, and opens its
 * /proc/self up, which the change closes: sbk_become_check comes with that
 * taken back. The caller looks whether its parent is still there.
 */
int sbk_become(const struct sbk_own_account *account, struct sbk_error *err);

/* Reads it back, and that the process is not dumpable. SBK_E_UNSUPPORTED. */
int sbk_become_check(const struct sbk_own_account *account,
		     struct sbk_error *err);

#endif
