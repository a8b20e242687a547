/*
 * What a run tries with files, keys and devices: one thing each, and the
 * system's code.
 */
#include "tests/windows/acceptance/act.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

#include "engine/banned.h"

#define ANYBODY (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static DWORD code_unless(BOOL done)
{
	return done ? 0 : GetLastError();
}

static DWORD put(const WCHAR *path, DWORD access, DWORD how)
{
	HANDLE file = CreateFileW(path, access, ANYBODY, NULL, how,
				  FILE_ATTRIBUTE_NORMAL, NULL);
	DWORD written, code;

	if (file == INVALID_HANDLE_VALUE)
		return GetLastError();
	code = code_unless(WriteFile(file, "acted", 5, &written, NULL));
	(void)CloseHandle(file);
	return code;
}

DWORD act_write(int argc, WCHAR **argv)
{
	return argc < 1 ? ERROR_INVALID_PARAMETER
			: put(argv[0], GENERIC_WRITE, CREATE_ALWAYS);
}

DWORD act_append(int argc, WCHAR **argv)
{
	return argc < 1 ? ERROR_INVALID_PARAMETER
			: put(argv[0], FILE_APPEND_DATA, OPEN_EXISTING);
}

DWORD act_read(int argc, WCHAR **argv)
{
	HANDLE file;

	if (argc < 1)
		return ERROR_INVALID_PARAMETER;
	file = CreateFileW(argv[0], GENERIC_READ, ANYBODY, NULL, OPEN_EXISTING,
			   FILE_FLAG_BACKUP_SEMANTICS, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return GetLastError();
	(void)CloseHandle(file);
	return 0;
}

DWORD act_make_directory(int argc, WCHAR **argv)
{
	return argc < 1 ? ERROR_INVALID_PARAMETER
			: code_unless(CreateDirectoryW(argv[0], NULL));
}

DWORD act_rename(int argc, WCHAR **argv)
{
	return argc < 2 ? ERROR_INVALID_PARAMETER
			: code_unless(MoveFileExW(argv[0], argv[1],
						  MOVEFILE_REPLACE_EXISTING));
}

DWORD act_delete(int argc, WCHAR **argv)
{
	return argc < 1 ? ERROR_INVALID_PARAMETER
			: code_unless(DeleteFileW(argv[0]));
}

DWORD act_link(int argc, WCHAR **argv)
{
	return argc < 2 ? ERROR_INVALID_PARAMETER
			: code_unless(CreateHardLinkW(argv[0], argv[1], NULL));
}

DWORD act_attributes(int argc, WCHAR **argv)
{
	return argc < 1 ? ERROR_INVALID_PARAMETER
			: code_unless(SetFileAttributesW(
				  argv[0], FILE_ATTRIBUTE_READONLY));
}

/* In the directory for temporary files that the run was given. */
DWORD act_temporary(int argc, WCHAR **argv)
{
	WCHAR path[400];
	DWORD units = GetTempPathW(300, path);

	(void)argc;
	(void)argv;
	if (units == 0 || units > 300)
		return GetLastError();
	(void)swprintf(path + units, 400 - units, L"acted.txt");
	return put(path, GENERIC_WRITE, CREATE_ALWAYS);
}

/* REPARSE_DATA_BUFFER of a mount point, which ntifs.h declares. */
struct junction {
	DWORD tag;
	WORD size, reserved;
	WORD name_at, name_size, print_at, print_size;
	WCHAR text[600];
};

/* A junction LINK to TARGET; both are directories. */
DWORD act_junction(int argc, WCHAR **argv)
{
	struct junction data;
	HANDLE link;
	DWORD got, code;

	memset(&data, 0, sizeof(data));
	if (argc < 2 || !CreateDirectoryW(argv[0], NULL))
		return argc < 2 ? ERROR_INVALID_PARAMETER : GetLastError();
	data.tag = IO_REPARSE_TAG_MOUNT_POINT;
	data.name_size =
		(WORD)(sizeof(WCHAR) *
		       (size_t)swprintf(data.text, 598, L"\\??\\%ls", argv[1]));
	data.print_at = (WORD)(data.name_size + sizeof(WCHAR));
	data.size = (WORD)(8 + data.print_at + sizeof(WCHAR));
	link = CreateFileW(argv[0], GENERIC_WRITE, ANYBODY, NULL, OPEN_EXISTING,
			   FILE_FLAG_BACKUP_SEMANTICS |
				   FILE_FLAG_OPEN_REPARSE_POINT,
			   NULL);
	if (link == INVALID_HANDLE_VALUE)
		return GetLastError();
	code = code_unless(DeviceIoControl(link, FSCTL_SET_REPARSE_POINT, &data,
					   data.size + 8u, NULL, 0, &got,
					   NULL));
	(void)CloseHandle(link);
	if (code != 0)
		(void)RemoveDirectoryW(argv[0]);
	return code;
}

/* A value in a key below HKCU or HKLM ("HKCU", "Software"). */
DWORD act_registry(int argc, WCHAR **argv)
{
	HKEY root, key;
	LSTATUS code;

	if (argc < 2)
		return ERROR_INVALID_PARAMETER;
	root = wcscmp(argv[0], L"HKLM") == 0 ? HKEY_LOCAL_MACHINE
					     : HKEY_CURRENT_USER;
	code = RegOpenKeyExW(root, argv[1], 0, KEY_SET_VALUE, &key);
	if (code == 0)
		(void)RegCloseKey(key);
	return (DWORD)code;
}
