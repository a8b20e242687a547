/*
 * The part of the table of win32.h that lists: volumes, keys and values of the
 * registry, who holds a user right; and wrappers that list by other parts of
 * the table: members of groups, filters, processes. Nothing is changed here.
 */
#ifndef SBK_WINDOWS_WIN32_CENSUS_H
#define SBK_WINDOWS_WIN32_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/ntsec/sid.h"
#include "engine/windows/nt.h"
#include "engine/windows/filter_rules.h"

struct sbk_win32_census {
	LSTATUS(WINAPI *RegEnumValueW)
	(HKEY key, DWORD index, LPWSTR name, LPDWORD name_size,
	 LPDWORD reserved, LPDWORD type, LPBYTE data, LPDWORD data_size);
	NTSTATUS(NTAPI *LsaEnumerateAccountsWithUserRight)
	(LSA_HANDLE policy, PLSA_UNICODE_STRING right, PVOID *out,
	 PULONG count);
	HANDLE(WINAPI *FindFirstVolumeW)(LPWSTR out, DWORD size);
	BOOL(WINAPI *FindNextVolumeW)(HANDLE list, LPWSTR out, DWORD size);
	BOOL(WINAPI *FindVolumeClose)(HANDLE list);
	BOOL(WINAPI *GetVolumePathNamesForVolumeNameW)
	(LPCWSTR volume, LPWCH out, DWORD size, PDWORD needed);
	UINT(WINAPI *GetDriveTypeW)(LPCWSTR root);
	BOOL(WINAPI *GetVolumeInformationW)
	(LPCWSTR root, LPWSTR label, DWORD label_size, LPDWORD serial,
	 LPDWORD name_max, LPDWORD flags, LPWSTR type, DWORD type_size);
	BOOL(WINAPI *SetThreadErrorMode)(DWORD mode, LPDWORD before);
};

extern const struct sbk_win32_census sbk_win32_census_system;

/* Each of these: 0 to go on, else what is returned. Texts are UTF-8, borrowed.
 */

/* By sbk_win32_key_at (win32_registry.h). One that is made or goes meanwhile is
 * met or not. */
typedef int sbk_win32_key_fn(void *arg, const char *name,
			     struct sbk_error *err);
int sbk_win32_each_key(HKEY key, sbk_win32_key_fn *visit, void *arg,
		       struct sbk_error *err);
/* "RegEnumValueW function (winreg.h)"; `data` is as it is stored, of at most
 * SBK_REGISTRY_BYTES_MAX bytes: a longer one is SBK_E_LIMIT. */
typedef int sbk_win32_value_fn(void *arg, const char *name, DWORD type,
			       const struct sbk_buf *data,
			       struct sbk_error *err);
int sbk_win32_each_value(HKEY key, sbk_win32_value_fn *visit, void *arg,
			 struct sbk_error *err);
/* The UTF-8 of a value that is a text (REG_SZ, REG_EXPAND_SZ), up to its zero;
 * false for another type. */
bool sbk_win32_value_text(DWORD type, const struct sbk_buf *data,
			  struct sbk_buf *out);

typedef int sbk_win32_sid_fn(void *arg, const struct sbk_sid *sid,
			     struct sbk_error *err);
/* "LsaEnumerateAccountsWithUserRight function (ntsecapi.h)", which says
 * STATUS_NO_MORE_ENTRIES of a right that nobody holds. An administrator's. */
int sbk_win32_each_holder(LSA_HANDLE policy, const WCHAR *right,
			  sbk_win32_sid_fn *visit, void *arg,
			  struct sbk_error *err);
/* "NetLocalGroupGetMembers function (lmaccess.h)", level 0 */
int sbk_win32_each_member(const char *group, sbk_win32_sid_fn *visit, void *arg,
			  struct sbk_error *err);

/* "WTSEnumerateProcessesW function (wtsapi32.h)": those whose user is told. */
typedef int sbk_win32_any_process_fn(void *arg, const char *name, DWORD id,
				     const struct sbk_sid *user,
				     struct sbk_error *err);
int sbk_win32_each_process(sbk_win32_any_process_fn *visit, void *arg,
			   struct sbk_error *err);

/*
 * Each filter, provider and sublayer: "FwpmFilterEnum0", "FwpmProviderEnum0",
 * "FwpmSubLayerEnum0 function (fwpmu.h)".
 */
struct sbk_win32_named_filter {
	enum sbk_win32_filter_what {
		SBK_WIN32_FILTER,
		SBK_WIN32_PROVIDER,
		SBK_WIN32_SUBLAYER
	} what;
	const char *name;
	struct sbk_guid key;
	/* Our provider's family, whatever its own key is. */
	bool is_of_ours;
	enum sbk_filter_flaw flaw;
	/* The first call for this one: a filter with several conditions
	 * FWPM_CONDITION_ALE_USER_ID is told once for each. */
	bool is_first;
	const struct sbk_buf *user; /* the descriptor of such a condition;
				       empty: it has none */
};
typedef int sbk_win32_filter_fn(void *arg,
				const struct sbk_win32_named_filter *filter,
				struct sbk_error *err);
int sbk_win32_each_filter(sbk_win32_filter_fn *visit, void *arg,
			  struct sbk_error *err);

/* A volume of this machine. */
struct sbk_win32_volume {
	char guid[80];	/* "//?/Volume{...}/" */
	char point[80]; /* "C:/"; "": it has no letter */
	char type[32];	/* "NTFS"; "": nothing is in it, or it is closed */
	bool is_remote, is_read_only, keeps_acls;
	bool is_removable; /* or a disc */
	bool is_closed;	   /* what is in it could not be asked: it is locked */
};
/* "FindFirstVolumeW", "FindNextVolumeW", "GetVolumePathNamesForVolumeNameW",
 * "GetDriveTypeW", "GetVolumeInformationW function (fileapi.h)";
 * "SetThreadErrorMode function (errhandlingapi.h)". */
typedef int sbk_win32_volume_fn(void *arg,
				const struct sbk_win32_volume *volume,
				struct sbk_error *err);
int sbk_win32_each_volume(sbk_win32_volume_fn *visit, void *arg,
			  struct sbk_error *err);

#endif
