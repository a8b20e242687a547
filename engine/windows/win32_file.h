/*
 * The part of the table of win32.h that makes, writes, renames, removes and
 * locks files of our own, and says where they belong.
 */
#ifndef SBK_WINDOWS_WIN32_FILE_H
#define SBK_WINDOWS_WIN32_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/windows/nt.h"

struct sbk_win32_file {
	NTSTATUS(NTAPI *NtSetInformationFile)
	(HANDLE file, PIO_STATUS_BLOCK io, PVOID data, ULONG size,
	 FILE_INFORMATION_CLASS class);
	NTSTATUS(NTAPI *NtQueryVolumeInformationFile)
	(HANDLE file, PIO_STATUS_BLOCK io, PVOID out, ULONG size,
	 FS_INFORMATION_CLASS class);
	BOOL(WINAPI *WriteFile)
	(HANDLE file, LPCVOID data, DWORD size, LPDWORD written,
	 LPOVERLAPPED where);
	BOOL(WINAPI *SetFileInformationByHandle)
	(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, LPVOID data, DWORD size);
	BOOL(WINAPI *LockFileEx)
	(HANDLE file, DWORD flags, DWORD reserved, DWORD low, DWORD high,
	 LPOVERLAPPED where);
	BOOL(WINAPI *UnlockFileEx)
	(HANDLE file, DWORD reserved, DWORD low, DWORD high,
	 LPOVERLAPPED where);
	void(WINAPI *Sleep)(DWORD ms);
	ULONGLONG(WINAPI *GetTickCount64)(void);
	BOOL(WINAPI *DeviceIoControl)
	(HANDLE device, DWORD code, LPVOID in, DWORD in_size, LPVOID out,
	 DWORD out_size, LPDWORD got, LPOVERLAPPED overlapped);
	HRESULT(WINAPI *SHGetKnownFolderPath)
	(const GUID *folder, DWORD flags, HANDLE token, PWSTR *out);
	void(WINAPI *CoTaskMemFree)(LPVOID memory);
};

/* The system's own, for sbk_win32_system. */
extern const struct sbk_win32_file sbk_win32_file_system;

enum sbk_win32_make {
	SBK_WIN32_OPEN,	   /* what is there */
	SBK_WIN32_NEW,	   /* SBK_E_EXISTS where something is */
	SBK_WIN32_OPEN_NEW /* either */
};

/* What is opened or made below a directory. */
struct sbk_win32_name {
	HANDLE parent;
	const WCHAR *name; /* one name: the caller has seen to it */
	size_t size;	   /* in bytes */
};

struct sbk_win32_making {
	enum sbk_win32_make how;
	DWORD access; /* SYNCHRONIZE is added */
	bool directory;
	/* Nobody else opens it meanwhile, and it goes with this handle. */
	bool passing;
	/* Nobody removes or renames it while it is open. */
	bool held;
	const struct sbk_buf *descriptor; /* of what is made; NULL: inherited */
};

/*
 * NtCreateFile ("NtCreateFile function (winternl.h)") with RootDirectory, a
 * reparse point itself where the name is one's. What is being deleted is
 * SBK_E_BUSY: its name is free soon.
 */
int sbk_win32_make_below(const struct sbk_win32_name *name,
			 const struct sbk_win32_making *making, HANDLE *out,
			 struct sbk_error *err);
/*
 * "FILE_RENAME_INFORMATION structure (ntifs.h)": the open file, which was
 * opened for DELETE, gets the name. With `replace` over another file, also
 * where somebody has that open (FILE_RENAME_POSIX_SEMANTICS, Windows 10 1709);
 * where the system does not know that, SBK_E_BUSY as long as somebody has.
 */
int sbk_win32_rename(HANDLE file, const struct sbk_win32_name *to, bool replace,
		     struct sbk_error *err);
/* "FILE_DISPOSITION_INFORMATION_EX structure (ntddk.h)", with POSIX semantics:
 * the name is free at once. Else, on older systems, with the last handle. */
int sbk_win32_delete(HANDLE file, struct sbk_error *err);
/* Takes its read-only attribute away: FileBasicInfo of
 * "SetFileInformationByHandle function (fileapi.h)", where times of 0 stay. */
int sbk_win32_clear_read_only(HANDLE file, struct sbk_error *err);
/* The volume's device: FILE_REMOTE_DEVICE, and FILE_REMOVABLE_MEDIA or
 * FILE_FLOPPY_DISKETTE, of "FILE_FS_DEVICE_INFORMATION structure (wdm.h)". */
struct sbk_win32_device {
	bool remote, removable;
};
int sbk_win32_device(HANDLE file, struct sbk_win32_device *out,
		     struct sbk_error *err);
/* Whether another machine keeps the volume. */
int sbk_win32_is_remote(HANDLE file, bool *out, struct sbk_error *err);
/* All bytes at an offset: "WriteFile function (fileapi.h)". */
int sbk_win32_write_at(HANDLE file, uint64_t offset, const void *data,
		       size_t size, struct sbk_error *err);
/* FileEndOfFileInfo: "SetFileInformationByHandle function (fileapi.h)". */
int sbk_win32_set_size(HANDLE file, uint64_t size, struct sbk_error *err);
/* The bytes of an open reparse point: "FSCTL_GET_REPARSE_POINT control code
 * (winioctl.h)". */
int sbk_win32_reparse_data(HANDLE file, uint8_t *data, size_t size, size_t *got,
			   struct sbk_error *err);
/*
 * One byte at an offset, which need not exist: "LockFileEx function
 * (fileapi.h)" with LOCKFILE_FAIL_IMMEDIATELY. SBK_E_BUSY where it is taken.
 */
int sbk_win32_lock(HANDLE file, uint64_t offset, bool exclusive,
		   struct sbk_error *err);
int sbk_win32_unlock(HANDLE file, uint64_t offset, struct sbk_error *err);
/* "GetTickCount64 function (sysinfoapi.h)", "Sleep function (synchapi.h)". */
int64_t sbk_win32_clock_ms(void);
void sbk_win32_sleep(unsigned ms);
/*
 * "SHGetKnownFolderPath function (shlobj_core.h)" of this process's user, who
 * gets no say in it by the environment; units, appended, not terminated.
 */
int sbk_win32_known_folder(const GUID *folder, struct sbk_buf *out,
			   struct sbk_error *err);

/* TokenUser of this process, as the bytes of a SID: "GetTokenInformation
 * function (securitybaseapi.h)". */
int sbk_win32_process_user(struct sbk_buf *out, struct sbk_error *err);

#endif
