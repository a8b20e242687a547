/*
 * The part of the table of win32.h for the Windows Filtering Platform, and its
 * wrappers. Each function returns its error: 0, a system error, or an FWP_E_*.
 */
#ifndef SBK_WINDOWS_WIN32_FILTERS_H
#define SBK_WINDOWS_WIN32_FILTERS_H

#include <windows.h>

#include <fwpmu.h>

#include "engine/windows/filter_rules.h"

struct sbk_win32_filters {
	DWORD(WINAPI *FwpmEngineOpen0)
	(const wchar_t *server, UINT32 authn,
	 SEC_WINNT_AUTH_IDENTITY_W *identity, const FWPM_SESSION0 *session,
	 HANDLE *out);
	DWORD(WINAPI *FwpmEngineClose0)(HANDLE engine);
	void(WINAPI *FwpmFreeMemory0)(void **memory);
	DWORD(WINAPI *FwpmTransactionBegin0)(HANDLE engine, UINT32 flags);
	DWORD(WINAPI *FwpmTransactionCommit0)(HANDLE engine);
	DWORD(WINAPI *FwpmProviderAdd0)
	(HANDLE engine, const FWPM_PROVIDER0 *provider,
	 PSECURITY_DESCRIPTOR sd);
	DWORD(WINAPI *FwpmProviderDeleteByKey0)(HANDLE engine, const GUID *key);
	DWORD(WINAPI *FwpmProviderGetByKey0)
	(HANDLE engine, const GUID *key, FWPM_PROVIDER0 **out);
	DWORD(WINAPI *FwpmSubLayerAdd0)
	(HANDLE engine, const FWPM_SUBLAYER0 *sublayer,
	 PSECURITY_DESCRIPTOR sd);
	DWORD(WINAPI *FwpmSubLayerDeleteByKey0)(HANDLE engine, const GUID *key);
	DWORD(WINAPI *FwpmSubLayerGetByKey0)
	(HANDLE engine, const GUID *key, FWPM_SUBLAYER0 **out);
	DWORD(WINAPI *FwpmFilterAdd0)
	(HANDLE engine, const FWPM_FILTER0 *filter, PSECURITY_DESCRIPTOR sd,
	 UINT64 *id);
	DWORD(WINAPI *FwpmFilterDeleteByKey0)(HANDLE engine, const GUID *key);
	DWORD(WINAPI *FwpmFilterCreateEnumHandle0)
	(HANDLE engine, const FWPM_FILTER_ENUM_TEMPLATE0 *what, HANDLE *out);
	DWORD(WINAPI *FwpmFilterEnum0)
	(HANDLE engine, HANDLE list, UINT32 wanted, FWPM_FILTER0 ***out,
	 UINT32 *got);
	DWORD(WINAPI *FwpmFilterDestroyEnumHandle0)(HANDLE engine, HANDLE list);
	DWORD(WINAPI *FwpmProviderCreateEnumHandle0)
	(HANDLE engine, const FWPM_PROVIDER_ENUM_TEMPLATE0 *what, HANDLE *out);
	DWORD(WINAPI *FwpmProviderEnum0)
	(HANDLE engine, HANDLE list, UINT32 wanted, FWPM_PROVIDER0 ***out,
	 UINT32 *got);
	DWORD(WINAPI *FwpmProviderDestroyEnumHandle0)
	(HANDLE engine, HANDLE list);
	DWORD(WINAPI *FwpmSubLayerCreateEnumHandle0)
	(HANDLE engine, const FWPM_SUBLAYER_ENUM_TEMPLATE0 *what, HANDLE *out);
	DWORD(WINAPI *FwpmSubLayerEnum0)
	(HANDLE engine, HANDLE list, UINT32 wanted, FWPM_SUBLAYER0 ***out,
	 UINT32 *got);
	DWORD(WINAPI *FwpmSubLayerDestroyEnumHandle0)
	(HANDLE engine, HANDLE list);
};

extern const struct sbk_win32_filters sbk_win32_filters_system;

/* What the flags of a filter, and of a provider or sublayer, say of it. */
enum sbk_filter_flaw sbk_win32_filter_flaw(UINT32 flags);
enum sbk_filter_flaw sbk_win32_provider_flaw(UINT32 flags);
enum sbk_filter_flaw sbk_win32_sublayer_flaw(UINT32 flags);

/* "FwpmEngineOpen0 function (fwpmu.h)" of this machine, RPC_C_AUTHN_WINNT. */
int sbk_win32_filters_open(HANDLE *engine, struct sbk_error *err);
/* "FwpmEngineClose0 function (fwpmu.h)", which also aborts a transaction that
 * was not committed. NULL is left alone. */
void sbk_win32_filters_close(HANDLE *engine);
/* "FwpmTransactionBegin0 function (fwpmu.h)", for writing. */
int sbk_win32_filters_begin(HANDLE engine, struct sbk_error *err);
/* "FwpmTransactionCommit0 function (fwpmu.h)" */
int sbk_win32_filters_commit(HANDLE engine, struct sbk_error *err);

/* "FwpmProviderAdd0", "FwpmProviderDeleteByKey0 function (fwpmu.h)": one that
 * is kept over a restart, of no service, so that what it owns is there whenever
 * the engine is ("Object Management", Object Lifetimes). */
int sbk_win32_provider_add(HANDLE engine, const struct sbk_guid *key,
			   struct sbk_error *err);
int sbk_win32_provider_delete(HANDLE engine, const struct sbk_guid *key,
			      struct sbk_error *err);
/* "FwpmSubLayerAdd0", "FwpmSubLayerDeleteByKey0 function (fwpmu.h)" */
int sbk_win32_sublayer_add(HANDLE engine, const struct sbk_filter_set *set,
			   struct sbk_error *err);
int sbk_win32_sublayer_delete(HANDLE engine, const struct sbk_guid *key,
			      struct sbk_error *err);
/* "FwpmFilterAdd0", "FwpmFilterDeleteByKey0 function (fwpmu.h)"; layers,
 * conditions and actions by "Filtering layer identifiers", "Filtering
 * condition identifiers" and "FWPM_FILTER0 structure". */
int sbk_win32_filter_add(HANDLE engine, const struct sbk_filter_set *set,
			 const struct sbk_filter *filter,
			 struct sbk_error *err);
int sbk_win32_filter_delete(HANDLE engine, const struct sbk_guid *key,
			    struct sbk_error *err);

/*
 * What there is of the provider with this GUID: "FwpmSubLayerGetByKey0",
 * "FwpmProviderGetByKey0", "FwpmFilterEnum0 function (fwpmu.h)" over all
 * filters, of which those are ours whose provider, or whose own key, is of the
 * family. Each property is compared with what we add; one that differs makes
 * the filter `is_other`. The caller releases the set always.
 */
int sbk_win32_filters_read(HANDLE engine, const struct sbk_guid *provider,
			   struct sbk_filter_set *out, struct sbk_error *err);

#endif
