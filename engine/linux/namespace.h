/*
 * The process that carries a run's namespaces, and what it gives up before
 * any foreign program starts.
 */
#ifndef SBK_LINUX_NAMESPACE_H
#define SBK_LINUX_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/error.h"
#include "engine/policy.h"

/*
 * fork() into new user, mount, process, IPC and host-name namespaces. Returns
 * like fork; below 0 the error says what the system lacks
 * (SBK_E_UNSUPPORTED, SBK_E_DENIED). Without `namespaces` it is fork() alone.
 */
pid_t sbk_namespace_fork(bool namespaces, struct sbk_error *err);

/*
 * In the child, once it is mapped: a network namespace unless `network` is the
 * host's, host name, loopback interface, mounts that nothing outside shares.
 */
int sbk_namespace_settle(enum sbk_network network, struct sbk_error *err);

/* Before that: the caller's uid and gid mapped to themselves, no group given
 * up. Who has an account is given other maps (idmap.h). */
int sbk_namespace_map(uid_t uid, gid_t gid, struct sbk_error *err);

/* Switches the loopback interface of the run's network namespace on. */
int sbk_namespace_loopback(struct sbk_error *err);

/*
 * Gives up every capability for good: bounding, ambient, inheritable and
 * permitted sets empty, uid 0 without meaning, no gain by exec. `namespaces`
 * false: the bounding set is left where dropping it is not permitted.
 */
int sbk_privileges_drop(bool namespaces, struct sbk_error *err);

/* Reads back that it is so. */
int sbk_privileges_check(struct sbk_error *err);

#endif
