/*
 * For audit drift of root's: the logs of everybody who is enrolled, held
 * against what the machine's log has seen of them.
 */
#ifndef SBK_AUDIT_WITNESSED_H
#define SBK_AUDIT_WITNESSED_H

#include "audit/audit.h"

/* Asks each person's log, as that person, and records nothing: an audit only
 * reads. No machine journal: nothing is asked. */
int sbk_audit_witnessed(struct sbk_report *report, struct sbk_error *err);

#endif
