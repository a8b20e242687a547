/*
 * The part of the table of win32.h for the way into sandbook-setup.exe and for
 * what an administrator's commands leave elsewhere: starting it elevated,
 * its console, the search for DLLs, the system's log.
 */
#ifndef SBK_WINDOWS_WIN32_ELEVATION_H
#define SBK_WINDOWS_WIN32_ELEVATION_H

#include <stdbool.h>

#include <windows.h>

#include <objbase.h>
#include <shellapi.h>

#include "engine/error.h"

struct sbk_win32_elevation {
	HRESULT(WINAPI *CoInitializeEx)(LPVOID reserved, DWORD how);
	void(WINAPI *CoUninitialize)(void);
	BOOL(WINAPI *ShellExecuteExW)(SHELLEXECUTEINFOW *info);
	BOOL(WINAPI *SetDefaultDllDirectories)(DWORD flags);
	HANDLE(WINAPI *RegisterEventSourceW)(LPCWSTR server, LPCWSTR source);
	BOOL(WINAPI *ReportEventW)
	(HANDLE log, WORD type, WORD category, DWORD id, PSID user, WORD count,
	 DWORD size, LPCWSTR *strings, LPVOID data);
	BOOL(WINAPI *DeregisterEventSource)(HANDLE log);
};

extern const struct sbk_win32_elevation sbk_win32_elevation_system;

/*
 * "ShellExecuteExW function (shellapi.h)" with the verb "runas" and
 * SEE_MASK_NOCLOSEPROCESS: the system asks the user, or another administrator.
 * SBK_E_DENIED where that was refused (ERROR_CANCELLED). `parameters` is the
 * command line behind the program's name. That page wants COM begun before, in
 * an apartment of the thread's own, since parts of the shell may be asked.
 */
int sbk_win32_start_elevated(const WCHAR *program, const WCHAR *parameters,
			     HANDLE *process, struct sbk_error *err);
/* "SetDefaultDllDirectories function (libloaderapi.h)" with
 * LOAD_LIBRARY_SEARCH_SYSTEM32. */
int sbk_win32_search_system_alone(struct sbk_error *err);
/* "RegisterEventSourceW function (winbase.h)", "ReportEventW function
 * (winbase.h)": one line, of type EVENTLOG_INFORMATION_TYPE. */
int sbk_win32_report(const WCHAR *source, const WCHAR *line,
		     struct sbk_error *err);

#endif
