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

/*
 * For each standing change of the book its object's last change: what the
 * object must be like now. An undo between two grants counts too. `out` has
 * room for all standing changes and gets each object once, borrowed.
 */
int sbk_drift_expected(const struct sbk_record_book *book,
		       const struct sbk_change **out, size_t *count,
		       struct sbk_error *err);

#endif
