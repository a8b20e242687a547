/*
 * Every call of the system that engine/windows makes, in one table, as pointers
 * with the system's own signatures. Outside of tests it is sbk_win32_system;
 * tests put a simulation in its place (tests/windows/sim.h).
 *
 * The wrappers below are one call each: they check the one way in which that
 * call says that it failed, and translate it (engine/windows/error.h). Each
 * names the page of its documentation. Nothing here decides anything.
 *
 * Not in the table are calls that cannot say that they failed and touch nothing
 * of the system's: locks and counters in our own memory (SRWLOCK, critical
 * sections, Interlocked functions), Sleep, an event of ours that is set; and
 * the methods of a COM object that the table's CoCreateInstance gave, which
 * are a table of their own.
 *
 *	BOOL      0 failed: GetLastError, read in the very next statement
 *	HANDLE    INVALID_HANDLE_VALUE failed: the same
 *	NTSTATUS  < 0 failed: RtlNtStatusToDosError, or for LSA functions
 *	          LsaNtStatusToWinError
 *	DWORD     not 0 failed: the code itself (NERR_* or a system error)
 *	HRESULT   < 0 failed: a system error where its facility is
 *	          FACILITY_WIN32, else a code of its own
 */
#ifndef SBK_WINDOWS_WIN32_H
#define SBK_WINDOWS_WIN32_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/windows/nt.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_pipe.h"
#include "engine/windows/win32_process.h"
#include "engine/windows/win32_profile.h"
#include "engine/windows/win32_program.h"
#include "engine/windows/win32_token.h"

struct sbk_win32_files {
	HANDLE(WINAPI *CreateFileW)
	(LPCWSTR name, DWORD access, DWORD share,
	 LPSECURITY_ATTRIBUTES security, DWORD disposition, DWORD flags,
	 HANDLE template);
	NTSTATUS(NTAPI *NtCreateFile)
	(PHANDLE out, ACCESS_MASK access, POBJECT_ATTRIBUTES object,
	 PIO_STATUS_BLOCK io, PLARGE_INTEGER size, ULONG attributes,
	 ULONG share, ULONG disposition, ULONG options, PVOID ea,
	 ULONG ea_size);
	HANDLE(WINAPI *OpenFileById)
	(HANDLE hint, LPFILE_ID_DESCRIPTOR id, DWORD access, DWORD share,
	 LPSECURITY_ATTRIBUTES security, DWORD flags);
	BOOL(WINAPI *CloseHandle)(HANDLE handle);
	BOOL(WINAPI *GetFileInformationByHandleEx)
	(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, LPVOID out, DWORD size);
	BOOL(WINAPI *GetVolumeInformationByHandleW)
	(HANDLE file, LPWSTR name, DWORD name_size, LPDWORD serial,
	 LPDWORD component_max, LPDWORD flags, LPWSTR system,
	 DWORD system_size);
	DWORD(WINAPI *GetFinalPathNameByHandleW)
	(HANDLE file, LPWSTR out, DWORD size, DWORD flags);
	NTSTATUS(NTAPI *NtQuerySecurityObject)
	(HANDLE handle, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR out,
	 ULONG size, PULONG needed);
	NTSTATUS(NTAPI *NtSetSecurityObject)
	(HANDLE handle, SECURITY_INFORMATION what,
	 PSECURITY_DESCRIPTOR descriptor);
	BOOL(WINAPI *FlushFileBuffers)(HANDLE file);
};

struct sbk_win32_rights {
	BOOL(WINAPI *LookupAccountSidW)
	(LPCWSTR system, PSID sid, LPWSTR name, LPDWORD name_size,
	 LPWSTR domain, LPDWORD domain_size, PSID_NAME_USE use);
	NTSTATUS(NTAPI *LsaOpenPolicy)
	(PLSA_UNICODE_STRING system, PLSA_OBJECT_ATTRIBUTES attributes,
	 ACCESS_MASK access, PLSA_HANDLE out);
	NTSTATUS(NTAPI *LsaClose)(LSA_HANDLE handle);
	NTSTATUS(NTAPI *LsaFreeMemory)(PVOID memory);
	NTSTATUS(NTAPI *LsaEnumerateAccountRights)
	(LSA_HANDLE policy, PSID sid, PLSA_UNICODE_STRING *rights,
	 PULONG count);
	NTSTATUS(NTAPI *LsaAddAccountRights)
	(LSA_HANDLE policy, PSID sid, PLSA_UNICODE_STRING rights, ULONG count);
	NTSTATUS(NTAPI *LsaRemoveAccountRights)
	(LSA_HANDLE policy, PSID sid, BOOLEAN all, PLSA_UNICODE_STRING rights,
	 ULONG count);
	ULONG(NTAPI *LsaNtStatusToWinError)(NTSTATUS status);
};

struct sbk_win32_registry {
	LSTATUS(WINAPI *RegOpenKeyExW)
	(HKEY root, LPCWSTR path, DWORD options, REGSAM access, PHKEY out);
	LSTATUS(WINAPI *RegCreateKeyExW)
	(HKEY root, LPCWSTR path, DWORD reserved, LPWSTR class, DWORD options,
	 REGSAM access, const LPSECURITY_ATTRIBUTES security, PHKEY out,
	 LPDWORD disposition);
	LSTATUS(WINAPI *RegDeleteKeyExW)
	(HKEY root, LPCWSTR path, REGSAM view, DWORD reserved);
	LSTATUS(WINAPI *RegQueryInfoKeyW)
	(HKEY key, LPWSTR class, LPDWORD class_size, LPDWORD reserved,
	 LPDWORD keys, LPDWORD key_size, LPDWORD class_max, LPDWORD values,
	 LPDWORD name_max, LPDWORD value_max, LPDWORD descriptor_size,
	 PFILETIME written);
	LSTATUS(WINAPI *RegQueryValueExW)
	(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data,
	 LPDWORD size);
	LSTATUS(WINAPI *RegSetValueExW)
	(HKEY key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data,
	 DWORD size);
	LSTATUS(WINAPI *RegDeleteValueW)(HKEY key, LPCWSTR name);
	LSTATUS(WINAPI *RegEnumKeyExW)
	(HKEY key, DWORD index, LPWSTR name, LPDWORD name_size,
	 LPDWORD reserved, LPWSTR class, LPDWORD class_size, PFILETIME written);
	LSTATUS(WINAPI *RegFlushKey)(HKEY key);
	LSTATUS(WINAPI *RegCloseKey)(HKEY key);
};

struct sbk_win32_errors {
	DWORD(WINAPI *GetLastError)(void);
	ULONG(NTAPI *RtlNtStatusToDosError)(NTSTATUS status);
};

struct sbk_win32_accounts;  /* win32_accounts.h */
struct sbk_win32_census;    /* win32_census.h */
struct sbk_win32_filters;   /* win32_filters.h */
struct sbk_win32_firewall;  /* win32_firewall.h */
struct sbk_win32_logon;	    /* win32_logon.h */
struct sbk_win32_processes; /* win32_processes.h */
struct sbk_win32_socket;    /* win32_socket.h */
struct sbk_win32_elevation; /* win32_elevation.h */
struct sbk_win32_station;   /* win32_station.h */
struct sbk_win32_console;   /* win32_console.h */

struct sbk_win32 {
	struct sbk_win32_files files;
	struct sbk_win32_rights rights;
	struct sbk_win32_registry registry;
	struct sbk_win32_errors errors;
	const struct sbk_win32_program *program;
	const struct sbk_win32_token *token;
	const struct sbk_win32_process *process;
	const struct sbk_win32_pipe *pipe;
	const struct sbk_win32_accounts *accounts;
	const struct sbk_win32_file *file;
	const struct sbk_win32_filters *filters;
	const struct sbk_win32_check *check;
	const struct sbk_win32_firewall *firewall;
	const struct sbk_win32_processes *processes;
	const struct sbk_win32_census *census;
	const struct sbk_win32_socket *socket;
	const struct sbk_win32_elevation *elevation;
	const struct sbk_win32_logon *logon;
	const struct sbk_win32_station *station;
	const struct sbk_win32_profile *profile;
	const struct sbk_win32_console *console;
};

/* The system itself. */
extern const struct sbk_win32 sbk_win32_system;
/* What is called; tests alone point it elsewhere, before anything else. */
extern const struct sbk_win32 *sbk_win32;

/* What the wrappers say of a call that failed: by GetLastError, in the very
 * next statement; by its NTSTATUS; by its HRESULT. */
int sbk_win32_last_error(struct sbk_error *err, const char *call);
int sbk_win32_nt_error(struct sbk_error *err, NTSTATUS status,
		       const char *call);
int sbk_win32_hresult_error(struct sbk_error *err, HRESULT result,
			    const char *call);

/*
 * CreateFileW ("CreateFileW function (fileapi.h)") of something that exists,
 * shared with everybody, no reparse point followed at its end, directories too
 * (FILE_FLAG_BACKUP_SEMANTICS). Where a name turns out to be a pipe's, who made
 * that may see who we are and not act as us (SECURITY_IDENTIFICATION).
 */
int sbk_win32_open(const WCHAR *name, DWORD access, HANDLE *out,
		   struct sbk_error *err);
/*
 * NtCreateFile ("NtCreateFile function (winternl.h)") with RootDirectory: opens
 * what has this one name in an open directory, a reparse point itself where it
 * is one. `size` is in bytes, of a UNICODE_STRING: at most 65534. For
 * synchronous use; SYNCHRONIZE is added. What is being deleted, and cannot be
 * opened any more, is SBK_E_NOTFOUND.
 */
int sbk_win32_open_below(HANDLE parent, const WCHAR *name, size_t size,
			 DWORD access, HANDLE *out, struct sbk_error *err);
/*
 * OpenFileById ("OpenFileById function (winbase.h)") with ExtendedFileIdType;
 * `hint` is any open file of the volume. What has no such id any more is
 * SBK_E_NOTFOUND (ERROR_INVALID_PARAMETER is how NTFS says so).
 */
int sbk_win32_open_id(HANDLE hint, const uint8_t id[16], DWORD access,
		      HANDLE *out, struct sbk_error *err);
/* CloseHandle ("CloseHandle function (handleapi.h)"); NULL and
 * INVALID_HANDLE_VALUE are left alone, and the handle becomes NULL. */
void sbk_win32_close(HANDLE *handle);
/* GetFileInformationByHandleEx ("GetFileInformationByHandleEx function
 * (winbase.h)") into a structure of the class. */
int sbk_win32_file_information(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class,
			       void *out, size_t size, struct sbk_error *err);
/*
 * The same for FileFullDirectoryInfo and FileFullDirectoryRestartInfo, which go
 * on from call to call: 1 where there are no more entries
 * (ERROR_NO_MORE_FILES).
 */
int sbk_win32_list(HANDLE directory, bool restart, void *out, size_t size,
		   struct sbk_error *err);
/* The file system's flags (FILE_PERSISTENT_ACLS, ...):
 * "GetVolumeInformationByHandleW function (fileapi.h)". */
int sbk_win32_volume_flags(HANDLE file, DWORD *flags, struct sbk_error *err);
/* The object's path as it is now, for `flags` VOLUME_NAME_GUID or _DOS:
 * "GetFinalPathNameByHandleW function (fileapi.h)". Units, not terminated. */
int sbk_win32_final_path(HANDLE file, DWORD flags, struct sbk_buf *out,
			 struct sbk_error *err);
/* Owner, group and DACL, self-relative: "ZwQuerySecurityObject routine
 * (ntifs.h)", called NtQuerySecurityObject here as that page says. */
int sbk_win32_query_security(HANDLE handle, struct sbk_buf *out,
			     struct sbk_error *err);
/* The parts that `what` names: "ZwSetSecurityObject routine (ntifs.h)". */
int sbk_win32_set_security(HANDLE handle, SECURITY_INFORMATION what,
			   const struct sbk_buf *descriptor,
			   struct sbk_error *err);
/* "FlushFileBuffers function (fileapi.h)": a file, or a volume's all. */
int sbk_win32_flush(HANDLE file, struct sbk_error *err);

#endif
