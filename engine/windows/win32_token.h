/*
 * The part of the table of win32.h that serves tokens: making a restricted one,
 * and reading back what it is.
 */
#ifndef SBK_WINDOWS_WIN32_TOKEN_H
#define SBK_WINDOWS_WIN32_TOKEN_H

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/windows/token_rules.h"

struct sbk_win32_token {
	BOOL(WINAPI *CreateRestrictedToken)
	(HANDLE token, DWORD flags, DWORD disable_count,
	 PSID_AND_ATTRIBUTES disable, DWORD delete_count,
	 PLUID_AND_ATTRIBUTES privileges, DWORD restrict_count,
	 PSID_AND_ATTRIBUTES restrict_to, PHANDLE out);
	BOOL(WINAPI *SetTokenInformation)
	(HANDLE token, TOKEN_INFORMATION_CLASS class, LPVOID data, DWORD size);
	BOOL(WINAPI *IsTokenRestricted)(HANDLE token);
};

extern const struct sbk_win32_token sbk_win32_token_system;

/* "OpenProcessToken function (processthreadsapi.h)". */
int sbk_win32_open_token(HANDLE process, DWORD access, HANDLE *out,
			 struct sbk_error *err);
/*
 * "GetTokenInformation function (securitybaseapi.h)" of a class that is a
 * structure with pointers into itself: allocated, for free(). A token without
 * a list has one of no SIDs.
 */
int sbk_win32_token_information(HANDLE token, TOKEN_INFORMATION_CLASS class,
				void **out, struct sbk_error *err);
/* TokenUser and TokenLogonSid ("TOKEN_INFORMATION_CLASS enumeration
 * (winnt.h)"). A token without a logon SID is SBK_E_UNSUPPORTED. */
int sbk_win32_token_base(HANDLE token, struct sbk_token_base *out,
			 struct sbk_error *err);
/*
 * "CreateRestrictedToken function (securitybaseapi.h)": DISABLE_MAX_PRIVILEGE,
 * LUA_TOKEN, WRITE_RESTRICTED and the plan's SIDs, with attributes of zero, as
 * that page wants them.
 */
int sbk_win32_restrict(HANDLE token, const struct sbk_token_plan *plan,
		       HANDLE *out, struct sbk_error *err);
/* TokenDefaultDacl, set and read back: SBK_E_UNSUPPORTED where it is another
 * ("SetTokenInformation function (securitybaseapi.h)", "TOKEN_DEFAULT_DACL
 * structure (winnt.h)"). */
int sbk_win32_default_dacl(HANDLE token, const struct sbk_buf *acl,
			   struct sbk_error *err);
/* What sbk_token_check judges. "IsTokenRestricted function (securitybaseapi.h)"
 * says 0 of a failure, too: not restricted, then. */
int sbk_win32_token_look(HANDLE token, struct sbk_token_seen *out,
			 struct sbk_error *err);

#endif
