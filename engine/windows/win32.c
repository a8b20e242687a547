/*
 * The table of the system's calls, and a wrapper for each. Owns how each call
 * says that it failed, and nothing else.
 */
#include "engine/windows/win32.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/windows/error.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_census.h"
#include "engine/windows/win32_check.h"
#include "engine/windows/win32_console.h"
#include "engine/windows/win32_filters.h"
#include "engine/windows/win32_elevation.h"
#include "engine/windows/win32_firewall.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_processes.h"
#include "engine/windows/win32_socket.h"
#include "engine/windows/win32_station.h"

#include "engine/banned.h"

/* ntifs.h is the drivers' header; these are its declarations. */
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE handle, SECURITY_INFORMATION what,
				     PSECURITY_DESCRIPTOR out, ULONG size,
				     PULONG needed);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE handle, SECURITY_INFORMATION what,
				   PSECURITY_DESCRIPTOR descriptor);

const struct sbk_win32 sbk_win32_system = {
	.files =
		{
			.CreateFileW = CreateFileW,
			.NtCreateFile = NtCreateFile,
			.OpenFileById = OpenFileById,
			.CloseHandle = CloseHandle,
			.GetFileInformationByHandleEx =
				GetFileInformationByHandleEx,
			.GetVolumeInformationByHandleW =
				GetVolumeInformationByHandleW,
			.GetFinalPathNameByHandleW = GetFinalPathNameByHandleW,
			.NtQuerySecurityObject = NtQuerySecurityObject,
			.NtSetSecurityObject = NtSetSecurityObject,
			.FlushFileBuffers = FlushFileBuffers,
		},
	.rights =
		{
			.LookupAccountSidW = LookupAccountSidW,
			.LsaOpenPolicy = LsaOpenPolicy,
			.LsaClose = LsaClose,
			.LsaFreeMemory = LsaFreeMemory,
			.LsaEnumerateAccountRights = LsaEnumerateAccountRights,
			.LsaAddAccountRights = LsaAddAccountRights,
			.LsaRemoveAccountRights = LsaRemoveAccountRights,
			.LsaNtStatusToWinError = LsaNtStatusToWinError,
		},
	.registry =
		{
			.RegOpenKeyExW = RegOpenKeyExW,
			.RegCreateKeyExW = RegCreateKeyExW,
			.RegDeleteKeyExW = RegDeleteKeyExW,
			.RegQueryInfoKeyW = RegQueryInfoKeyW,
			.RegQueryValueExW = RegQueryValueExW,
			.RegSetValueExW = RegSetValueExW,
			.RegDeleteValueW = RegDeleteValueW,
			.RegEnumKeyExW = RegEnumKeyExW,
			.RegFlushKey = RegFlushKey,
			.RegCloseKey = RegCloseKey,
		},
	.errors =
		{
			.GetLastError = GetLastError,
			.RtlNtStatusToDosError = RtlNtStatusToDosError,
		},
	.program = &sbk_win32_program_system,
	.token = &sbk_win32_token_system,
	.process = &sbk_win32_process_system,
	.pipe = &sbk_win32_pipe_system,
	.accounts = &sbk_win32_accounts_system,
	.file = &sbk_win32_file_system,
	.filters = &sbk_win32_filters_system,
	.check = &sbk_win32_check_system,
	.firewall = &sbk_win32_firewall_system,
	.processes = &sbk_win32_processes_system,
	.census = &sbk_win32_census_system,
	.socket = &sbk_win32_socket_system,
	.elevation = &sbk_win32_elevation_system,
	.logon = &sbk_win32_logon_system,
	.station = &sbk_win32_station_system,
	.profile = &sbk_win32_profile_system,
	.console = &sbk_win32_console_system,
};

const struct sbk_win32 *sbk_win32 = &sbk_win32_system;

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define NO_FOLLOW (FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS)
/* The bit of SECURITY_SQOS_PRESENT is that of FILE_FLAG_OPEN_NO_RECALL, too:
 * both are wanted. */
#define NO_IMPERSONATION (SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION)
/* winternl.h of mingw has it, the SDK's has not. */
#define OPEN_OPTIONS                                    \
	(0x00200000 /* FILE_OPEN_REPARSE_POINT */ |     \
	 0x00004000 /* FILE_OPEN_FOR_BACKUP_INTENT */ | \
	 0x00000020 /* FILE_SYNCHRONOUS_IO_NONALERT */)
#define DISPOSITION_OPEN 1 /* FILE_OPEN */
#define DELETE_PENDING ((NTSTATUS)0xc0000056)

#define ACCESS_INFORMATION                                         \
	(OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | \
	 DACL_SECURITY_INFORMATION)
#define FINAL_PATH_UNITS 32768

int sbk_win32_last_error(struct sbk_error *err, const char *call)
{
	const DWORD code = sbk_win32->errors.GetLastError();

	return sbk_error_set_win32(err, code, "%s", call);
}

int sbk_win32_nt_error(struct sbk_error *err, NTSTATUS status, const char *call)
{
	return sbk_error_set_win32(
		err, sbk_win32->errors.RtlNtStatusToDosError(status), "%s",
		call);
}

int sbk_win32_hresult_error(struct sbk_error *err, HRESULT result,
			    const char *call)
{
	uint32_t code = (uint32_t)result;

	if (HRESULT_FACILITY(result) == FACILITY_WIN32)
		code &= 0xffff;
	return sbk_error_set_win32(err, code, "%s", call);
}

int sbk_win32_open(const WCHAR *name, DWORD access, HANDLE *out,
		   struct sbk_error *err)
{
	HANDLE handle = sbk_win32->files.CreateFileW(
		name, access, SHARE_ALL, NULL, OPEN_EXISTING,
		NO_FOLLOW | NO_IMPERSONATION, NULL);

	if (handle == INVALID_HANDLE_VALUE)
		return sbk_win32_last_error(err, "CreateFileW");
	*out = handle;
	return 0;
}

int sbk_win32_open_below(HANDLE parent, const WCHAR *name, size_t size,
			 DWORD access, HANDLE *out, struct sbk_error *err)
{
	UNICODE_STRING text = {.Length = (USHORT)size,
			       .MaximumLength = (USHORT)size,
			       .Buffer = (WCHAR *)(uintptr_t)name};
	OBJECT_ATTRIBUTES object;
	IO_STATUS_BLOCK io;
	HANDLE handle = NULL;
	NTSTATUS status;

	InitializeObjectAttributes(&object, &text, OBJ_CASE_INSENSITIVE, parent,
				   NULL);
	status = sbk_win32->files.NtCreateFile(
		&handle, access | SYNCHRONIZE, &object, &io, NULL, 0, SHARE_ALL,
		DISPOSITION_OPEN, OPEN_OPTIONS, NULL, 0);
	/* The table of the system makes "access denied" of it. */
	if (status == DELETE_PENDING)
		return sbk_error_set_win32(err, ERROR_DELETE_PENDING,
					   "NtCreateFile");
	if (status < 0)
		return sbk_win32_nt_error(err, status, "NtCreateFile");
	*out = handle;
	return 0;
}

int sbk_win32_open_id(HANDLE hint, const uint8_t id[16], DWORD access,
		      HANDLE *out, struct sbk_error *err)
{
	FILE_ID_DESCRIPTOR what = {.dwSize = sizeof(what),
				   .Type = ExtendedFileIdType};
	HANDLE handle;
	DWORD code;

	memcpy(&what.ExtendedFileId, id, 16);
	handle = sbk_win32->files.OpenFileById(hint, &what, access, SHARE_ALL,
					       NULL, NO_FOLLOW);
	if (handle == INVALID_HANDLE_VALUE) {
		code = sbk_win32->errors.GetLastError();
		if (code == ERROR_INVALID_PARAMETER)
			code = ERROR_FILE_NOT_FOUND;
		return sbk_error_set_win32(err, code, "OpenFileById");
	}
	*out = handle;
	return 0;
}

void sbk_win32_close(HANDLE *handle)
{
	/* A handle of ours that cannot be closed is a fault of ours: nothing
	 * that a caller could do about it. */
	if (*handle != NULL && *handle != INVALID_HANDLE_VALUE)
		(void)sbk_win32->files.CloseHandle(*handle);
	*handle = NULL;
}

int sbk_win32_file_information(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class,
			       void *out, size_t size, struct sbk_error *err)
{
	if (!sbk_win32->files.GetFileInformationByHandleEx(file, class, out,
							   (DWORD)size))
		return sbk_win32_last_error(err,
					    "GetFileInformationByHandleEx");
	return 0;
}

int sbk_win32_list(HANDLE directory, bool restart, void *out, size_t size,
		   struct sbk_error *err)
{
	DWORD code;

	if (sbk_win32->files.GetFileInformationByHandleEx(
		    directory,
		    restart ? FileFullDirectoryRestartInfo
			    : FileFullDirectoryInfo,
		    out, (DWORD)size))
		return 0;
	code = sbk_win32->errors.GetLastError();
	/* The root of an empty volume has not even "." and "..". */
	if (code == ERROR_NO_MORE_FILES ||
	    (restart && code == ERROR_FILE_NOT_FOUND))
		return 1;
	return sbk_error_set_win32(err, code, "listing a directory");
}

int sbk_win32_volume_flags(HANDLE file, DWORD *flags, struct sbk_error *err)
{
	DWORD found = 0;

	if (!sbk_win32->files.GetVolumeInformationByHandleW(
		    file, NULL, 0, NULL, NULL, &found, NULL, 0))
		return sbk_win32_last_error(err,
					    "GetVolumeInformationByHandleW");
	*flags = found;
	return 0;
}

int sbk_win32_final_path(HANDLE file, DWORD flags, struct sbk_buf *out,
			 struct sbk_error *err)
{
	WCHAR *path = calloc(FINAL_PATH_UNITS, sizeof(*path));
	DWORD units;
	int rc = 0;

	if (path == NULL)
		return sbk_error_no_memory(err);
	units = sbk_win32->files.GetFinalPathNameByHandleW(
		file, path, FINAL_PATH_UNITS, flags);
	if (units == 0)
		rc = sbk_win32_last_error(err, "GetFinalPathNameByHandleW");
	else if (units >= FINAL_PATH_UNITS)
		rc = sbk_error_set(err, SBK_E_LIMIT, "a path of %lu units",
				   (unsigned long)units);
	else
		sbk_buf_add(out, path, units * sizeof(*path));
	free(path);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_win32_query_security(HANDLE handle, struct sbk_buf *out,
			     struct sbk_error *err)
{
	/* 64 KiB hold each DACL with owner and group; aligned as a descriptor
	 * must be. */
	const ULONG size = SBK_SD_BYTES_MAX;
	uint8_t *bytes = malloc(size);
	ULONG needed = 0;
	NTSTATUS status;
	int rc = 0;

	if (bytes == NULL)
		return sbk_error_no_memory(err);
	status = sbk_win32->files.NtQuerySecurityObject(
		handle, ACCESS_INFORMATION, bytes, size, &needed);
	if (status < 0)
		rc = sbk_win32_nt_error(err, status, "NtQuerySecurityObject");
	else if (needed > size)
		rc = sbk_error_set(err, SBK_E_IO,
				   "NtQuerySecurityObject gave %lu bytes",
				   (unsigned long)needed);
	else
		sbk_buf_add(out, bytes, needed);
	free(bytes);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_win32_set_security(HANDLE handle, SECURITY_INFORMATION what,
			   const struct sbk_buf *descriptor,
			   struct sbk_error *err)
{
	NTSTATUS status = sbk_win32->files.NtSetSecurityObject(
		handle, what, descriptor->data);

	return status < 0
		       ? sbk_win32_nt_error(err, status, "NtSetSecurityObject")
		       : 0;
}

int sbk_win32_flush(HANDLE file, struct sbk_error *err)
{
	return sbk_win32->files.FlushFileBuffers(file)
		       ? 0
		       : sbk_win32_last_error(err, "FlushFileBuffers");
}
