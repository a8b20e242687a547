/*
 * audit drift: the journals against the host, object by object.
 */
#ifndef SBK_AUDIT_DRIFT_H
#define SBK_AUDIT_DRIFT_H

#include "audit/audit.h"
#include "audit/records.h"

/*
 * Compares what each journal says stands with what is there. A difference is
 * a finding: missing, altered, replaced by another object, gone; an object
 * that was moved and is otherwise as it was left is only worth knowing.
 */
int sbk_audit_drift(const struct sbk_backend *backend,
		    const struct sbk_records *records,
		    struct sbk_report *report, struct sbk_error *err);

#endif
