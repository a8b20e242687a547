/*
 * The part of the table of win32.h for local accounts and groups, and its
 * wrappers. A Net function returns its error; none of them is ever given the
 * name of another machine. Names and comments are UTF-8 outside.
 */
#ifndef SBK_WINDOWS_WIN32_ACCOUNTS_H
#define SBK_WINDOWS_WIN32_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include <windows.h>

#include <lmcons.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/ntsec/sid.h"

struct sbk_win32_accounts {
	NET_API_STATUS(WINAPI *NetUserGetInfo)
	(LPCWSTR server, LPCWSTR name, DWORD level, LPBYTE *out);
	NET_API_STATUS(WINAPI *NetUserAdd)
	(LPCWSTR server, DWORD level, LPBYTE info, LPDWORD bad_field);
	NET_API_STATUS(WINAPI *NetUserDel)(LPCWSTR server, LPCWSTR name);
	NET_API_STATUS(WINAPI *NetUserSetInfo)
	(LPCWSTR server, LPCWSTR name, DWORD level, LPBYTE info,
	 LPDWORD bad_field);
	NET_API_STATUS(WINAPI *NetUserEnum)
	(LPCWSTR server, DWORD level, DWORD filter, LPBYTE *out, DWORD max,
	 LPDWORD read, LPDWORD total, LPDWORD resume);
	NET_API_STATUS(WINAPI *NetLocalGroupGetInfo)
	(LPCWSTR server, LPCWSTR name, DWORD level, LPBYTE *out);
	NET_API_STATUS(WINAPI *NetLocalGroupAdd)
	(LPCWSTR server, DWORD level, LPBYTE info, LPDWORD bad_field);
	NET_API_STATUS(WINAPI *NetLocalGroupDel)(LPCWSTR server, LPCWSTR name);
	NET_API_STATUS(WINAPI *NetLocalGroupSetInfo)
	(LPCWSTR server, LPCWSTR name, DWORD level, LPBYTE info,
	 LPDWORD bad_field);
	NET_API_STATUS(WINAPI *NetLocalGroupEnum)
	(LPCWSTR server, DWORD level, LPBYTE *out, DWORD max, LPDWORD read,
	 LPDWORD total, PDWORD_PTR resume);
	NET_API_STATUS(WINAPI *NetLocalGroupGetMembers)
	(LPCWSTR server, LPCWSTR group, DWORD level, LPBYTE *out, DWORD max,
	 LPDWORD read, LPDWORD total, PDWORD_PTR resume);
	NET_API_STATUS(WINAPI *NetLocalGroupAddMembers)
	(LPCWSTR server, LPCWSTR group, DWORD level, LPBYTE members,
	 DWORD count);
	NET_API_STATUS(WINAPI *NetLocalGroupDelMembers)
	(LPCWSTR server, LPCWSTR group, DWORD level, LPBYTE members,
	 DWORD count);
	NET_API_STATUS(WINAPI *NetApiBufferFree)(LPVOID buffer);
	BOOL(WINAPI *LookupAccountNameW)
	(LPCWSTR system, LPCWSTR name, PSID sid, LPDWORD sid_size,
	 LPWSTR domain, LPDWORD domain_size, PSID_NAME_USE use);
	BOOL(WINAPI *GetComputerNameW)(LPWSTR out, LPDWORD size);
	/* NTSTATUS; "BCryptGenRandom function (bcrypt.h)" */
	LONG(WINAPI *BCryptGenRandom)
	(PVOID algorithm, PUCHAR out, ULONG size, ULONG flags);
};

/* The system's own, for sbk_win32_system. */
extern const struct sbk_win32_accounts sbk_win32_accounts_system;

/* An account, or a group (no flags), as the system describes it. */
struct sbk_win32_account {
	struct sbk_buf name, comment; /* UTF-8 */
	uint32_t flags;
	uint32_t password_age_s; /* since it was set; of an account */
	struct sbk_sid sid;
};

#define SBK_WIN32_ACCOUNT_INIT                                \
	{                                                     \
		.name = SBK_BUF_INIT, .comment = SBK_BUF_INIT \
	}

void sbk_win32_account_release(struct sbk_win32_account *account);

/*
 * The account of this name: "NetUserGetInfo function (lmaccess.h)", level 4,
 * which has the SID. The group's: "NetLocalGroupGetInfo function (lmaccess.h)",
 * level 1, and its SID as below. SBK_E_NOTFOUND.
 */
int sbk_win32_account_find(const char *name, bool is_group,
			   struct sbk_win32_account *out,
			   struct sbk_error *err);
/*
 * Every account or group of this machine: "NetUserEnum function (lmaccess.h)",
 * level 10, which nobody needs a right for, and FILTER_NORMAL_ACCOUNT;
 * "NetLocalGroupEnum function (lmaccess.h)", level 1. `visit` returns 0 to go
 * on, else what is returned.
 */
typedef int sbk_win32_account_fn(void *arg, const char *name,
				 const char *comment, struct sbk_error *err);
int sbk_win32_account_list(bool is_group, sbk_win32_account_fn *visit,
			   void *arg, struct sbk_error *err);
/* "LookupAccountNameW function (winbase.h)" of COMPUTER\name, so that no domain
 * is asked ("GetComputerNameW function (winbase.h)"); where none has that, of
 * BUILTIN\name, Windows' own groups, whose domain LookupAccountSidW names. A
 * domain or computer is nobody. SBK_E_NOTFOUND. */
int sbk_win32_sid_of(const char *name, struct sbk_sid *out,
		     struct sbk_error *err);
/* The same of a name as a person writes it: of this machine where it has no
 * domain ("DOMAIN\name", "name@domain") of its own. */
int sbk_win32_sid_of_anybody(const char *name, struct sbk_sid *out,
			     struct sbk_error *err);
/* The name of the account or group with this SID, without its domain:
 * "LookupAccountSidW function (winbase.h)". SBK_E_NOTFOUND. */
int sbk_win32_name_of(const struct sbk_sid *sid, struct sbk_buf *out,
		      struct sbk_error *err);

/* "NetUserAdd function (lmaccess.h)", level 1. The copy of the password that
 * the call is given is wiped. */
int sbk_win32_add_user(const char *name, const char *password,
		       const char *comment, uint32_t flags,
		       struct sbk_error *err);
/* "NetLocalGroupAdd function (lmaccess.h)", level 1 */
int sbk_win32_add_group(const char *name, const char *comment,
			struct sbk_error *err);
/* "NetUserDel function (lmaccess.h)", "NetLocalGroupDel function
 * (lmaccess.h)": by name, so the caller has compared the SID. */
int sbk_win32_account_delete(const char *name, bool is_group,
			     struct sbk_error *err);
/* "NetUserSetInfo function (lmaccess.h)", level 1007; "NetLocalGroupSetInfo
 * function (lmaccess.h)", level 1002 */
int sbk_win32_set_comment(const char *name, bool is_group, const char *comment,
			  struct sbk_error *err);
/* "NetUserSetInfo function (lmaccess.h)", level 1008: all flags at once. */
int sbk_win32_set_flags(const char *name, uint32_t flags,
			struct sbk_error *err);

/* Whether the SID is a direct member of the group of this name:
 * "NetLocalGroupGetMembers function (lmaccess.h)", level 0. */
int sbk_win32_is_member(const char *group, const struct sbk_sid *member,
			bool *out, struct sbk_error *err);
/* "NetLocalGroupAddMembers function (lmaccess.h)", level 0 */
int sbk_win32_add_member(const char *group, const struct sbk_sid *member,
			 struct sbk_error *err);
/* "NetLocalGroupDelMembers function (lmaccess.h)", level 0 */
int sbk_win32_delete_member(const char *group, const struct sbk_sid *member,
			    struct sbk_error *err);

/* "BCryptGenRandom function (bcrypt.h)" with BCRYPT_USE_SYSTEM_PREFERRED_RNG;
 * of the form of sbk_random_fn, `arg` unused. */
int sbk_win32_random(void *arg, uint8_t *out, size_t size,
		     struct sbk_error *err);

#endif
