/*
 * audit ssh: a person's ~/.ssh against OpenSSH's own rules, and which access
 * entry breaks them.
 */
#ifndef SBK_AUDIT_SSH_H
#define SBK_AUDIT_SSH_H

#include "audit/audit.h"
#include "engine/os.h"

int sbk_audit_ssh(const struct sbk_backend *backend,
		  const struct sbk_person *person, struct sbk_report *report,
		  struct sbk_error *err);

#endif
