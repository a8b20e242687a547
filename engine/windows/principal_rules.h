/*
 * Which accounts and groups are ours, by what their comments say. Portable, and
 * tested on any system; account_state.h has the form of a comment.
 */
#ifndef SBK_WINDOWS_PRINCIPAL_RULES_H
#define SBK_WINDOWS_PRINCIPAL_RULES_H

#include <stdbool.h>

#include "engine/ntsec/sid.h"
#include "engine/principals.h"
#include "engine/windows/account_state.h"

/* How the comment names the role: "group", "offline account". */
const char *sbk_nt_role_words(enum sbk_principal_role role);

/*
 * Whether the account or group `name`, with this SID and comment, is ours:
 * exactly what setup writes, sealed with the SID. `nonce` (or NULL) is what the
 * intent to make it bore.
 */
bool sbk_nt_principal_read(const char *name, const char *comment,
			   const struct sbk_sid *sid, bool is_group,
			   struct sbk_principal *out,
			   char nonce[SBK_NT_NONCE_DIGITS + 1]);

/*
 * Whom a change of setup names by a SID, and no more: the account of a LOGON
 * (its name is the SID) and of a RIGHT ("SID:SeDenyBatchLogonRight"), the group
 * of a MEMBER ("GROUP-SID:MEMBER-SID"), unless that is one of Windows' own.
 */
bool sbk_nt_principal_of_change(enum sbk_kind kind, const char *name,
				struct sbk_principal *out);

/* Whether a comment says that it is of one of ours, for this role and person:
 * of `out` these two alone. What it says is to be believed only where
 * sbk_nt_principal_read believes it. */
bool sbk_nt_principal_claims(const char *comment, struct sbk_principal *out);

/* Whether a state of an ACCOUNT is of one that was made for this person. */
bool sbk_nt_state_is_of(struct sbk_state state, const struct sbk_owner *person);

/* 3 of "SandbookOffline3"; 1 of "SandbookOffline"; 0 of another name. */
unsigned sbk_nt_person_number(const char *name);

#endif
