/*
 * Wrappers of the calls that serve files of our own. Owns how each says that
 * it failed, and nothing else.
 */
#include "engine/windows/win32_file.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <shlobj.h>
#include <winioctl.h>

#include "engine/windows/error.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* ntifs.h is the drivers' header; these are its declarations. */
NTSTATUS NTAPI NtSetInformationFile(HANDLE file, PIO_STATUS_BLOCK io,
				    PVOID data, ULONG size,
				    FILE_INFORMATION_CLASS class);
NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE file, PIO_STATUS_BLOCK io,
					    PVOID out, ULONG size,
					    FS_INFORMATION_CLASS class);

const struct sbk_win32_file sbk_win32_file_system = {
	.NtSetInformationFile = NtSetInformationFile,
	.NtQueryVolumeInformationFile = NtQueryVolumeInformationFile,
	.WriteFile = WriteFile,
	.SetFileInformationByHandle = SetFileInformationByHandle,
	.LockFileEx = LockFileEx,
	.UnlockFileEx = UnlockFileEx,
	.Sleep = Sleep,
	.GetTickCount64 = GetTickCount64,
	.DeviceIoControl = DeviceIoControl,
	.SHGetKnownFolderPath = SHGetKnownFolderPath,
	.CoTaskMemFree = CoTaskMemFree,
};

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
/* winternl.h of mingw has them, the SDK's has not. */
#define OPTIONS                                         \
	(0x00200000 /* FILE_OPEN_REPARSE_POINT */ |     \
	 0x00004000 /* FILE_OPEN_FOR_BACKUP_INTENT */ | \
	 0x00000020 /* FILE_SYNCHRONOUS_IO_NONALERT */)
#define OPTION_DIRECTORY 0x00000001 /* FILE_DIRECTORY_FILE */
#define OPTION_FILE 0x00000040	    /* FILE_NON_DIRECTORY_FILE */
#define OPTION_PASSING 0x00001000   /* FILE_DELETE_ON_CLOSE */

#define DELETE_PENDING ((NTSTATUS)0xc0000056)
#define ACCESS_IS_DENIED ((NTSTATUS)0xc0000022)

/* The classes and flags that winternl.h lacks. */
#define CLASS_RENAME ((FILE_INFORMATION_CLASS)10)
#define CLASS_DISPOSITION ((FILE_INFORMATION_CLASS)13)
#define CLASS_DISPOSITION_EX ((FILE_INFORMATION_CLASS)64)
#define CLASS_RENAME_EX ((FILE_INFORMATION_CLASS)65)
#define CLASS_DEVICE ((FS_INFORMATION_CLASS)4)
#define REMOTE_DEVICE 0x10
#define REMOVABLE_DEVICE 0x5 /* FILE_REMOVABLE_MEDIA, FILE_FLOPPY_DISKETTE */
#define RENAME_REPLACE 0x1
#define RENAME_POSIX 0x2
#define DISPOSITION_DELETE 0x1
#define DISPOSITION_POSIX 0x2
#define DISPOSITION_READ_ONLY 0x10 /* its attribute keeps nothing */

/* FILE_RENAME_INFORMATION; `flags` is a BOOLEAN in the older class. */
struct rename_information {
	ULONG flags;
	HANDLE directory;
	ULONG size;
	WCHAR name[260];
};

struct device_information {
	ULONG type, characteristics;
};

static int nt_error(struct sbk_error *err, NTSTATUS status, const char *call)
{
	/* The table of the system makes "access denied" of it. */
	if (status == DELETE_PENDING)
		return sbk_error_set(err, SBK_E_BUSY, "%s: being deleted",
				     call);
	return sbk_win32_nt_error(err, status, call);
}

/* What a system says that does not know the class. */
static bool is_unknown(NTSTATUS status)
{
	return status == (NTSTATUS)0xc0000003 /* STATUS_INVALID_INFO_CLASS */ ||
	       status == (NTSTATUS)0xc0000002 /* STATUS_NOT_IMPLEMENTED */ ||
	       status == (NTSTATUS)0xc000000d /* STATUS_INVALID_PARAMETER */ ||
	       status == (NTSTATUS)0xc00000bb /* STATUS_NOT_SUPPORTED */;
}

int sbk_win32_make_below(const struct sbk_win32_name *name,
			 const struct sbk_win32_making *making, HANDLE *out,
			 struct sbk_error *err)
{
	static const ULONG dispositions[] = {
		[SBK_WIN32_OPEN] = 1,	  /* FILE_OPEN */
		[SBK_WIN32_NEW] = 2,	  /* FILE_CREATE */
		[SBK_WIN32_OPEN_NEW] = 3, /* FILE_OPEN_IF */
	};
	UNICODE_STRING text = {.Length = (USHORT)name->size,
			       .MaximumLength = (USHORT)name->size,
			       .Buffer = (WCHAR *)(uintptr_t)name->name};
	ULONG options = OPTIONS |
			(making->directory ? OPTION_DIRECTORY : OPTION_FILE) |
			(making->passing ? OPTION_PASSING : 0);
	OBJECT_ATTRIBUTES object;
	IO_STATUS_BLOCK io;
	HANDLE handle = NULL;
	NTSTATUS status;

	InitializeObjectAttributes(&object, &text, OBJ_CASE_INSENSITIVE,
				   name->parent, NULL);
	if (making->descriptor != NULL)
		object.SecurityDescriptor = making->descriptor->data;
	status = sbk_win32->files.NtCreateFile(
		&handle, making->access | SYNCHRONIZE, &object, &io, NULL,
		FILE_ATTRIBUTE_NORMAL,
		making->passing
			? 0
			: SHARE_ALL & ~(making->held ? FILE_SHARE_DELETE : 0UL),
		dispositions[making->how], options, NULL, 0);
	if (status < 0)
		return nt_error(err, status, "NtCreateFile");
	*out = handle;
	return 0;
}

int sbk_win32_rename(HANDLE file, const struct sbk_win32_name *to, bool replace,
		     struct sbk_error *err)
{
	struct rename_information what = {.directory = to->parent,
					  .size = (ULONG)to->size};
	const struct sbk_win32_file *calls = sbk_win32->file;
	IO_STATUS_BLOCK io;
	NTSTATUS status;

	if (to->size > sizeof(what.name))
		return sbk_error_set(err, SBK_E_LIMIT, "a name of %zu bytes",
				     to->size);
	memcpy(what.name, to->name, to->size);
	what.flags = RENAME_POSIX | (replace ? RENAME_REPLACE : 0);
	status = calls->NtSetInformationFile(file, &io, &what, sizeof(what),
					     CLASS_RENAME_EX);
	if (status < 0 && is_unknown(status)) {
		what.flags = replace ? 1 : 0;
		status = calls->NtSetInformationFile(
			file, &io, &what, sizeof(what), CLASS_RENAME);
		/* So it says that somebody has the other one open. */
		if (replace && status == ACCESS_IS_DENIED)
			return sbk_error_set(err, SBK_E_BUSY,
					     "renaming: what it would replace "
					     "is in use");
	}
	return status < 0 ? nt_error(err, status, "renaming") : 0;
}

int sbk_win32_delete(HANDLE file, struct sbk_error *err)
{
	const struct sbk_win32_file *calls = sbk_win32->file;
	ULONG how =
		DISPOSITION_DELETE | DISPOSITION_POSIX | DISPOSITION_READ_ONLY;
	BOOLEAN gone = TRUE;
	IO_STATUS_BLOCK io;
	NTSTATUS status = calls->NtSetInformationFile(
		file, &io, &how, sizeof(how), CLASS_DISPOSITION_EX);

	if (status < 0 && is_unknown(status))
		status = calls->NtSetInformationFile(
			file, &io, &gone, sizeof(gone), CLASS_DISPOSITION);
	return status < 0 ? nt_error(err, status, "removing") : 0;
}

int sbk_win32_is_remote(HANDLE file, bool *out, struct sbk_error *err)
{
	struct sbk_win32_device device;
	int rc = sbk_win32_device(file, &device, err);

	if (rc == 0)
		*out = device.remote;
	return rc;
}

int sbk_win32_device(HANDLE file, struct sbk_win32_device *out,
		     struct sbk_error *err)
{
	struct device_information device = {.type = 0};
	IO_STATUS_BLOCK io;
	NTSTATUS status = sbk_win32->file->NtQueryVolumeInformationFile(
		file, &io, &device, sizeof(device), CLASS_DEVICE);

	if (status < 0)
		return nt_error(err, status, "NtQueryVolumeInformationFile");
	*out = (struct sbk_win32_device){
		.remote = (device.characteristics & REMOTE_DEVICE) != 0,
		.removable = (device.characteristics & REMOVABLE_DEVICE) != 0,
	};
	return 0;
}

int sbk_win32_write_at(HANDLE file, uint64_t offset, const void *data,
		       size_t size, struct sbk_error *err)
{
	const char *at = data;

	while (size > 0) {
		const DWORD part = size > (1U << 20) ? 1U << 20 : (DWORD)size;
		OVERLAPPED where = {.Offset = (DWORD)offset,
				    .OffsetHigh = (DWORD)(offset >> 32)};
		DWORD written = 0;

		if (!sbk_win32->file->WriteFile(file, at, part, &written,
						&where))
			return sbk_win32_last_error(err, "WriteFile");
		if (written == 0)
			return sbk_error_set(err, SBK_E_IO,
					     "WriteFile: nothing was written");
		at += written;
		offset += written;
		size -= written;
	}
	return 0;
}

int sbk_win32_set_size(HANDLE file, uint64_t size, struct sbk_error *err)
{
	FILE_END_OF_FILE_INFO end;

	end.EndOfFile.QuadPart = (LONGLONG)size;
	if (!sbk_win32->file->SetFileInformationByHandle(
		    file, FileEndOfFileInfo, &end, sizeof(end)))
		return sbk_win32_last_error(err, "SetFileInformationByHandle");
	return 0;
}

int sbk_win32_lock(HANDLE file, uint64_t offset, bool exclusive,
		   struct sbk_error *err)
{
	OVERLAPPED where = {.Offset = (DWORD)offset,
			    .OffsetHigh = (DWORD)(offset >> 32)};
	DWORD flags = LOCKFILE_FAIL_IMMEDIATELY |
		      (exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0);
	DWORD code;

	if (sbk_win32->file->LockFileEx(file, flags, 0, 1, 0, &where))
		return 0;
	code = sbk_win32->errors.GetLastError();
	/* How a handle for overlapped use says the same. */
	if (code == ERROR_IO_PENDING)
		code = ERROR_LOCK_VIOLATION;
	return sbk_error_set_win32(err, code, "LockFileEx");
}

int sbk_win32_unlock(HANDLE file, uint64_t offset, struct sbk_error *err)
{
	OVERLAPPED where = {.Offset = (DWORD)offset,
			    .OffsetHigh = (DWORD)(offset >> 32)};

	if (!sbk_win32->file->UnlockFileEx(file, 0, 1, 0, &where))
		return sbk_win32_last_error(err, "UnlockFileEx");
	return 0;
}

int64_t sbk_win32_clock_ms(void)
{
	return (int64_t)sbk_win32->file->GetTickCount64();
}

void sbk_win32_sleep(unsigned ms)
{
	sbk_win32->file->Sleep(ms);
}

int sbk_win32_known_folder(const GUID *folder, struct sbk_buf *out,
			   struct sbk_error *err)
{
	PWSTR path = NULL;
	HRESULT result = sbk_win32->file->SHGetKnownFolderPath(
		folder, 0 /* KF_FLAG_DEFAULT */, NULL, &path);
	int rc = 0;

	if (FAILED(result))
		rc = sbk_win32_hresult_error(err, result,
					     "SHGetKnownFolderPath");
	else
		sbk_buf_add(out, path, wcslen(path) * sizeof(*path));
	/* Also where it failed, says the page. */
	sbk_win32->file->CoTaskMemFree(path);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

int sbk_win32_process_user(struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_win32_program *calls = sbk_win32->program;
	union {
		TOKEN_USER user;
		BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
	} answer;
	HANDLE token = NULL;
	DWORD needed = 0;
	const BYTE *sid;
	int rc = 0;

	if (!calls->OpenProcessToken(calls->GetCurrentProcess(), TOKEN_QUERY,
				     &token))
		return sbk_win32_last_error(err, "OpenProcessToken");
	if (!calls->GetTokenInformation(token, TokenUser, &answer,
					sizeof(answer), &needed))
		rc = sbk_win32_last_error(err, "GetTokenInformation");
	sbk_win32_close(&token);
	if (rc < 0)
		return rc;
	/* Revision, count, six bytes of authority, four for each part. */
	sid = answer.user.User.Sid;
	sbk_buf_add(out, sid, 8 + (size_t)4 * sid[1]);
	return sbk_buf_failed(out, err);
}

int sbk_win32_reparse_data(HANDLE file, uint8_t *data, size_t size, size_t *got,
			   struct sbk_error *err)
{
	DWORD returned = 0;

	if (!sbk_win32->file->DeviceIoControl(file, FSCTL_GET_REPARSE_POINT,
					      NULL, 0, data, (DWORD)size,
					      &returned, NULL))
		return sbk_win32_last_error(err, "FSCTL_GET_REPARSE_POINT");
	*got = returned;
	return 0;
}

int sbk_win32_clear_read_only(HANDLE file, struct sbk_error *err)
{
	FILE_BASIC_INFO basic = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};

	if (!sbk_win32->file->SetFileInformationByHandle(file, FileBasicInfo,
							 &basic, sizeof(basic)))
		return sbk_win32_last_error(err, "SetFileInformationByHandle");
	return 0;
}
