/*
 * The first process of a run, started while the scope is still resolved: the
 * kernel takes its time to make namespaces, a network namespace above all.
 * Nothing is decided by it. It waits for its scope, and ends when it is
 * abandoned or we are gone. Where it cannot be made, or does not fit the
 * scope, the run makes another one, and that one's failure is what is said.
 */
#ifndef SBK_LINUX_EARLY_H
#define SBK_LINUX_EARLY_H

#include "engine/linux/launch.h"

/*
 * Hands launch's scope and view to the process begun before, and takes it
 * over, with its channel. Returns its id, or -1 where there is none of use.
 * launch->begun is gone then.
 */
pid_t sbk_early_take(struct sbk_launch *launch);

#endif
