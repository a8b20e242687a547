/*
 * Whether the firewall refuses the account, asked before each run of it.
 */
#ifndef SBK_LINUX_ACCOUNT_PROBE_H
#define SBK_LINUX_ACCOUNT_PROBE_H

#include <stdbool.h>

#include "engine/error.h"
#include "engine/linux/account_find.h"

/*
 * For the first process of a run, still the person and in the host's network
 * namespace, once its maps are written. `refused` is true only where, over
 * each of IPv4 and IPv6 that the host's loopback has, UDP and TCP of the
 * person came through and those of the account were refused at once. Sends
 * nothing to a network.
 */
int sbk_account_probe(const struct sbk_own_account *account, bool *refused,
		      struct sbk_error *err);

#endif
