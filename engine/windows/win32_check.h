/*
 * The part of the table of win32.h for how the machine is set up, and its
 * wrappers: policies, the kind of system, where the program lies.
 */
#ifndef SBK_WINDOWS_WIN32_CHECK_H
#define SBK_WINDOWS_WIN32_CHECK_H

#include "engine/windows/setup_check.h"
#include "engine/windows/win32.h"

struct sbk_win32_check {
	/* NET_API_STATUS; winternl.h and lmaccess.h do not go together. */
	DWORD(WINAPI *NetUserModalsGet)
	(LPCWSTR server, DWORD level, LPBYTE *out);
	NTSTATUS(NTAPI *LsaEnumerateAccountsWithUserRight)
	(LSA_HANDLE policy, PLSA_UNICODE_STRING right, PVOID *out,
	 PULONG count);
	NTSTATUS(NTAPI *RtlGetVersion)(PRTL_OSVERSIONINFOW out);
	DWORD(WINAPI *GetModuleFileNameW)
	(HMODULE module, LPWSTR out, DWORD size);
};

extern const struct sbk_win32_check sbk_win32_check_system;

struct sbk_win32_password_policy {
	uint32_t min_length; /* usrmod0_min_passwd_len, characters */
	uint32_t min_age_s;  /* usrmod0_min_passwd_age */
};

/* Of "USER_MODALS_INFO_0 structure": "NetUserModalsGet function (lmaccess.h)",
 * level 0, which everybody who has logged on may ask. */
int sbk_win32_password_policy(struct sbk_win32_password_policy *out,
			      struct sbk_error *err);
/* "LsaEnumerateAccountsWithUserRight function (ntsecapi.h)", whose
 * STATUS_NO_MORE_ENTRIES means nobody. The policy is opened with
 * POLICY_LOOKUP_NAMES and POLICY_VIEW_LOCAL_INFORMATION. */
int sbk_win32_holders(LSA_HANDLE policy, const WCHAR *right,
		      struct sbk_sid_list *out, struct sbk_error *err);
/* wProductType is VER_NT_DOMAIN_CONTROLLER: "RtlGetVersion function (wdm.h)",
 * "OSVERSIONINFOEXW structure (winnt.h)". */
int sbk_win32_is_domain_controller(bool *out, struct sbk_error *err);
/* "GetModuleFileNameW function (libloaderapi.h)" of the program itself: units,
 * appended. */
int sbk_win32_own_file(struct sbk_buf *out, struct sbk_error *err);
/* The user and all groups of a token, whatever their attributes:
 * "GetTokenInformation function", TokenUser and TokenGroups; and its
 * TokenRestrictedSids. */
int sbk_win32_token_sids(HANDLE token, struct sbk_sid_list *sids,
			 struct sbk_sid_list *restricting,
			 struct sbk_error *err);
/* TokenElevation, where a look that fails is a failure. */
int sbk_win32_token_elevated(HANDLE token, bool *out, struct sbk_error *err);

#endif
