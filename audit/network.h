/*
 * audit network: the firewall's table is there, is exactly what setup made,
 * and does what it is for, by a live probe under each account.
 */
#ifndef SBK_AUDIT_NETWORK_H
#define SBK_AUDIT_NETWORK_H

#include "audit/audit.h"

/* Without root, a report that is incomplete and says so. */
int sbk_audit_network(const struct sbk_backend *backend,
		      struct sbk_report *report, struct sbk_error *err);

#endif
