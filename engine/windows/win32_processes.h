/*
 * The part of the table of win32.h for processes of others: who runs what,
 * opening one, and the privilege that it takes.
 */
#ifndef SBK_WINDOWS_WIN32_PROCESSES_H
#define SBK_WINDOWS_WIN32_PROCESSES_H

#include <stdbool.h>

#include <windows.h>

#include <wtsapi32.h>

#include "engine/error.h"
#include "engine/ntsec/sid.h"

struct sbk_win32_processes {
	BOOL(WINAPI *WTSEnumerateProcessesW)
	(HANDLE server, DWORD reserved, DWORD version, PWTS_PROCESS_INFOW *out,
	 DWORD *count);
	VOID(WINAPI *WTSFreeMemory)(PVOID memory);
	HANDLE(WINAPI *OpenProcess)(DWORD access, BOOL inherit, DWORD id);
	BOOL(WINAPI *LookupPrivilegeValueW)
	(LPCWSTR system, LPCWSTR name, PLUID out);
	BOOL(WINAPI *AdjustTokenPrivileges)
	(HANDLE token, BOOL disable_all, PTOKEN_PRIVILEGES next, DWORD size,
	 PTOKEN_PRIVILEGES before, PDWORD needed);
};

extern const struct sbk_win32_processes sbk_win32_processes_system;

/*
 * Calls `visit` with the id of each process whose primary token has this user:
 * "WTSEnumerateProcessesW function (wtsapi32.h)", pUserSid of
 * "WTS_PROCESS_INFOW structure". Why not by each process's own token: that has
 * an access list of its own, which no privilege passes, and our runner's lets
 * nobody in but the system and its caller. Of others' processes only an
 * administrator sees the user. `visit` returns 0 to go on, else what is
 * returned.
 */
typedef int sbk_win32_process_fn(void *arg, DWORD id, struct sbk_error *err);
int sbk_win32_processes_of(const struct sbk_sid *user,
			   sbk_win32_process_fn *visit, void *arg,
			   struct sbk_error *err);

/* "OpenProcess function (processthreadsapi.h)". SBK_E_NOTFOUND where it has
 * ended (ERROR_INVALID_PARAMETER). */
int sbk_win32_open_process(DWORD id, DWORD access, HANDLE *out,
			   struct sbk_error *err);

/*
 * Enables a privilege of this process, or disables it again:
 * "AdjustTokenPrivileges function (securitybaseapi.h)", which says yes and
 * leaves ERROR_NOT_ALL_ASSIGNED where the token does not hold it: SBK_E_DENIED.
 * `was` (may be NULL): whether it had been enabled.
 */
int sbk_win32_privilege(const WCHAR *name, bool on, bool *was,
			struct sbk_error *err);

#endif
