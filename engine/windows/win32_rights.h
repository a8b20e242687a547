/*
 * The wrappers of the table's calls for user rights and SIDs; see win32.h.
 */
#ifndef SBK_WINDOWS_WIN32_RIGHTS_H
#define SBK_WINDOWS_WIN32_RIGHTS_H

#include "engine/ntsec/sid.h"
#include "engine/windows/win32.h"

/*
 * Whether an account has this SID: "LookupAccountSidW function (winbase.h)",
 * which asks this machine first, then trusted domains. SBK_E_NOTFOUND where
 * none has (ERROR_NONE_MAPPED), or none any more ("SID_NAME_USE enumeration").
 */
int sbk_win32_sid_resolves(const struct sbk_sid *sid, struct sbk_error *err);

/* "LsaOpenPolicy function (ntsecapi.h)" of this machine. */
int sbk_win32_open_policy(ACCESS_MASK access, LSA_HANDLE *out,
			  struct sbk_error *err);
/* "LsaClose function (ntsecapi.h)"; NULL is left alone. */
void sbk_win32_close_policy(LSA_HANDLE *policy);
/*
 * Whether the SID holds the right: "LsaEnumerateAccountRights function
 * (ntsecapi.h)", whose STATUS_OBJECT_NAME_NOT_FOUND (MS-LSAD 3.1.4.5.10), as
 * ERROR_FILE_NOT_FOUND, means that it holds none. Compares without case, as LSA
 * does.
 */
int sbk_win32_has_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			const WCHAR *right, bool *out, struct sbk_error *err);
/* All that it holds, by the same call. 0 to go on, else what is returned. */
typedef int sbk_win32_right_fn(void *arg, const char *name,
			       struct sbk_error *err);
int sbk_win32_each_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			 sbk_win32_right_fn *visit, void *arg,
			 struct sbk_error *err);
/* "LsaAddAccountRights function (ntsecapi.h)": makes an account object in the
 * policy for any SID, so the caller asks first whether one has it. */
int sbk_win32_add_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			const WCHAR *right, struct sbk_error *err);
/* "LsaRemoveAccountRights function (ntsecapi.h)", this one right alone. */
int sbk_win32_remove_right(LSA_HANDLE policy, const struct sbk_sid *sid,
			   const WCHAR *right, struct sbk_error *err);

#endif
