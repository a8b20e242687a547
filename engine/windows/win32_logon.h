/*
 * The part of the table of win32.h for credentials and logons: DPAPI, changing
 * a password, starting a program as another account, who is at the other end of
 * a pipe, and threads.
 */
#ifndef SBK_WINDOWS_WIN32_LOGON_H
#define SBK_WINDOWS_WIN32_LOGON_H

#include <stdbool.h>
#include <stddef.h>

#include <windows.h>

#include <lmcons.h>
#include <wincrypt.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_win32_logon {
	BOOL(WINAPI *CryptProtectData)
	(DATA_BLOB *data, LPCWSTR description, DATA_BLOB *entropy,
	 PVOID reserved, CRYPTPROTECT_PROMPTSTRUCT *prompt, DWORD flags,
	 DATA_BLOB *out);
	BOOL(WINAPI *CryptUnprotectData)
	(DATA_BLOB *data, LPWSTR *description, DATA_BLOB *entropy,
	 PVOID reserved, CRYPTPROTECT_PROMPTSTRUCT *prompt, DWORD flags,
	 DATA_BLOB *out);
	HLOCAL(WINAPI *LocalFree)(HLOCAL memory);
	NET_API_STATUS(WINAPI *NetUserChangePassword)
	(LPCWSTR computer, LPCWSTR name, LPCWSTR before, LPCWSTR after);
	BOOL(WINAPI *CreateProcessWithLogonW)
	(LPCWSTR name, LPCWSTR domain, LPCWSTR password, DWORD logon,
	 LPCWSTR program, LPWSTR line, DWORD flags, LPVOID environment,
	 LPCWSTR directory, LPSTARTUPINFOW startup, LPPROCESS_INFORMATION out);
	BOOL(WINAPI *AssignProcessToJobObject)(HANDLE job, HANDLE process);
	DWORD(WINAPI *GetProcessId)(HANDLE process);
	BOOL(WINAPI *ImpersonateNamedPipeClient)(HANDLE pipe);
	BOOL(WINAPI *OpenThreadToken)
	(HANDLE thread, DWORD access, BOOL as_self, PHANDLE out);
	BOOL(WINAPI *RevertToSelf)(void);
	HANDLE(WINAPI *CreateThread)
	(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
	 LPTHREAD_START_ROUTINE start, LPVOID arg, DWORD flags, LPDWORD id);
	BOOL(WINAPI *CancelSynchronousIo)(HANDLE thread);
};

extern const struct sbk_win32_logon sbk_win32_logon_system;

/*
 * "CryptProtectData function (dpapi.h)" in the scope of the calling user, never
 * the machine's, asking nobody (CRYPTPROTECT_UI_FORBIDDEN). Appended.
 */
int sbk_win32_protect(const void *data, size_t size, const void *entropy,
		      size_t entropy_size, struct sbk_buf *out,
		      struct sbk_error *err);
/*
 * "CryptUnprotectData function (dpapi.h)", into `out`; what the system
 * allocated is wiped. SBK_E_CORRUPT where it does not open, or is longer.
 */
int sbk_win32_unprotect(const void *blob, size_t size, const void *entropy,
			size_t entropy_size, char *out, size_t room,
			size_t *got, struct sbk_error *err);

/* "NetUserChangePassword function (lmaccess.h)" on this machine, by whoever
 * knows the old one. Copies that the call is given are wiped. */
int sbk_win32_change_password(const char *name, const char *before,
			      const char *after, struct sbk_error *err);
/* "NetUserSetInfo function (lmaccess.h)", level 1003: by an administrator. */
int sbk_win32_set_password(const char *name, const char *password,
			   struct sbk_error *err);

/* What CreateProcessWithLogonW gets; the environment is the account's own. */
struct sbk_win32_logon_start {
	const char *account, *password;
	const WCHAR *program, *line; /* at most 1024 units */
	const WCHAR *directory;
	bool profile; /* LOGON_WITH_PROFILE */
};

/*
 * "CreateProcessWithLogonW function (winbase.h)" of a local account (domain
 * "."), suspended. Where the system says why not (1326, 1327, 1331, 1385, 1907
 * and the like), the message has the remedy.
 */
int sbk_win32_start_logon(const struct sbk_win32_logon_start *start,
			  PROCESS_INFORMATION *out, struct sbk_error *err);
/* "AssignProcessToJobObject function (jobapi2.h)" */
int sbk_win32_put_in_job(HANDLE job, HANDLE process, struct sbk_error *err);
/* "GetProcessId function (processthreadsapi.h)" */
int sbk_win32_process_id(HANDLE process, DWORD *out, struct sbk_error *err);

/*
 * The token of who opened the other end, for TOKEN_QUERY: "ImpersonateNamedPipe
 * Client function (namedpipeapi.h)", "OpenThreadToken function
 * (processthreadsapi.h)" as ourselves, "RevertToSelf function". Something must
 * have been read from the pipe before. Ends the process where it cannot be
 * itself again, as RevertToSelf's page asks.
 */
int sbk_win32_client_token(HANDLE pipe, HANDLE *out, struct sbk_error *err);

/* "CreateThread function (processthreadsapi.h)" with a descriptor, or NULL: the
 * default one. */
int sbk_win32_make_thread(LPTHREAD_START_ROUTINE start, void *arg,
			  const struct sbk_buf *descriptor, HANDLE *out,
			  struct sbk_error *err);
/*
 * Waits for a thread that may hang in a read that does not end, which is
 * cancelled ("CancelSynchronousIo function (ioapiset.h)") again and again. 1
 * where it ended, 0 where it did not within `milliseconds`.
 */
int sbk_win32_end_thread(HANDLE thread, DWORD milliseconds,
			 struct sbk_error *err);

#endif
