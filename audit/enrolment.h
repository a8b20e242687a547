/*
 * The identity surface in the reports: what others put around the accounts of
 * those who are enrolled (engine/enrolment.h), as findings of `audit drift`
 * and `audit scope`.
 */
#ifndef SBK_AUDIT_ENROLMENT_H
#define SBK_AUDIT_ENROLMENT_H

#include <stdbool.h>

#include "audit/audit.h"
#include "audit/records.h"

/*
 * Adds a finding for each flaw, "enrolment.line" and so on. With `rights`, only
 * those by which somebody else has what is granted to a principal of ours.
 */
int sbk_audit_enrolment(bool rights, struct sbk_report *report,
			struct sbk_error *err);

/*
 * Adds a finding for each account of ours that can log on although no standing
 * change of the machine's books says so: somebody enabled it by hand, before
 * its person had finished the enrolment. Nothing where the machine's book is
 * not among them.
 */
int sbk_audit_logons(const struct sbk_backend *backend,
		     const struct sbk_records *records,
		     struct sbk_report *report, struct sbk_error *err);

/*
 * Adds a finding for a set-id bit that no standing change of the machine's
 * books gave: on the program of this installation, or on what stands where one
 * was given it.
 */
int sbk_audit_set_id(const struct sbk_backend *backend,
		     const struct sbk_records *records,
		     struct sbk_report *report, struct sbk_error *err);

#endif
