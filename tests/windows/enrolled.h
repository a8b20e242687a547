/*
 * A user who is enrolled: accounts in the simulation as setup leaves them, and
 * their passwords under DPAPI for real, in the caller's own records.
 */
#ifndef SBK_TEST_ENROLLED_H
#define SBK_TEST_ENROLLED_H

#include "engine/windows/principal_rules.h"
#include "tests/windows/sim.h"

#define ENROLLED_PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define ENROLLED_NONCE "0123456789abcdef0123456789abcdef"

/* An account of that role and SID, sealed, of the person. */
void enrolled_make(struct sim *sim, const WCHAR *name,
		   enum sbk_principal_role role, const struct sbk_sid *sid,
		   const struct sbk_sid *person);
/* ENROLLED_PASSWORD is kept for the account of that name and SID. */
void enrolled_keep(const char *account, const struct sbk_sid *sid);
/* Nothing of the two usual names is kept any more. */
void enrolled_forget(void);

#endif
