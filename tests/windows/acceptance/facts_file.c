/*
 * What NTFS and its calls do, where WINDOWS.md says [R]. Owns a directory in
 * the user's temporary one, and takes it away.
 */
#include "tests/windows/acceptance/facts.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>
#include <winternl.h>

#include "tests/windows/acceptance/rows.h"
#include "tests/windows/acceptance/tokens.h"

#include "engine/banned.h"

#define ANYBODY (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static WCHAR place[300];

static const WCHAR *path_of(const WCHAR *name)
{
	static WCHAR paths[4][400];
	static unsigned next;
	WCHAR *path = paths[next++ % 4];

	(void)swprintf(path, 400, L"%ls\\%ls", place, name);
	return path;
}

static HANDLE open_as(const WCHAR *name, DWORD access, DWORD how, DWORD flags)
{
	return CreateFileW(path_of(name), access, ANYBODY, NULL, how,
			   flags | FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

static DWORD code_unless(BOOL done)
{
	return done ? 0 : GetLastError();
}

static void make(const WCHAR *name)
{
	HANDLE file = open_as(name, GENERIC_WRITE, CREATE_ALWAYS, 0);
	DWORD written;

	must(file != INVALID_HANDLE_VALUE, "CreateFile");
	must(WriteFile(file, "x", 1, &written, NULL), "WriteFile");
	(void)CloseHandle(file);
}

static void expect_code(const char *name, DWORD expected, DWORD seen)
{
	char text[40];

	(void)snprintf(text, sizeof(text), "%lu", expected);
	row(name, text, expected == seen ? PASSED : FAILED, "%lu", seen);
}

/* --- flushing ------------------------------------------------------------- */

static DWORD flush(const WCHAR *name, DWORD access)
{
	HANDLE file = open_as(name, access, OPEN_EXISTING, 0);
	DWORD code;

	if (file == INVALID_HANDLE_VALUE)
		return 1000 + GetLastError();
	code = code_unless(FlushFileBuffers(file));
	(void)CloseHandle(file);
	return code;
}

static void flushing(void)
{
	make(L"flushed");
	expect_code("file/flush with FILE_APPEND_DATA alone", 0,
		    flush(L"flushed", FILE_APPEND_DATA));
	expect_code("file/flush without a right to write", ERROR_ACCESS_DENIED,
		    flush(L"flushed", FILE_READ_ATTRIBUTES));
	expect_code("file/flush a directory with FILE_ADD_FILE", 0,
		    flush(L".", FILE_ADD_FILE));
	(void)DeleteFileW(path_of(L"flushed"));
}

/* --- ids ------------------------------------------------------------------ */

static void ids(void)
{
	FILE_ID_DESCRIPTOR id = {.dwSize = sizeof(id),
				 .Type = ExtendedFileIdType};
	FILE_ID_INFO info;
	HANDLE file, root, again;
	DWORD gone;
	WCHAR drive[] = L"C:\\";

	make(L"known");
	drive[0] = place[0];
	file = open_as(L"known", DELETE, OPEN_EXISTING, 0);
	must(file != INVALID_HANDLE_VALUE &&
		     GetFileInformationByHandleEx(file, FileIdInfo, &info,
						  sizeof(info)),
	     "FileIdInfo");
	memcpy(&id.ExtendedFileId, &info.FileId, sizeof(info.FileId));
	(void)CloseHandle(file);
	root = CreateFileW(drive, FILE_READ_ATTRIBUTES, ANYBODY, NULL,
			   OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	must(root != INVALID_HANDLE_VALUE, "CreateFile of the drive");
	again = OpenFileById(root, &id, FILE_READ_ATTRIBUTES, ANYBODY, NULL, 0);
	expect_code("file/OpenFileById of one that is there", 0,
		    code_unless(again != INVALID_HANDLE_VALUE));
	if (again != INVALID_HANDLE_VALUE)
		(void)CloseHandle(again);
	(void)DeleteFileW(path_of(L"known"));
	again = OpenFileById(root, &id, FILE_READ_ATTRIBUTES, ANYBODY, NULL, 0);
	gone = code_unless(again != INVALID_HANDLE_VALUE);
	expect_code("file/OpenFileById of one that is gone",
		    ERROR_INVALID_PARAMETER, gone);
	if (gone == 0)
		(void)CloseHandle(again);
	(void)CloseHandle(root);
}

/* --- renaming and removing ------------------------------------------------ */

/* FILE_RENAME_INFORMATION_EX and FILE_DISPOSITION_INFORMATION_EX: replace with
 * POSIX semantics; delete with them. */
static DWORD rename_over(const WCHAR *from, const WCHAR *to)
{
	union {
		FILE_RENAME_INFO info;
		BYTE room[sizeof(FILE_RENAME_INFO) + 800];
	} wanted;
	const WCHAR *path = path_of(to);
	HANDLE file = open_as(from, DELETE, OPEN_EXISTING, 0);
	DWORD code;

	must(file != INVALID_HANDLE_VALUE, "CreateFile");
	memset(&wanted, 0, sizeof(wanted));
	/* The first member is a union with Flags since 1709. */
	*(DWORD *)(void *)&wanted = 0x1 | 0x2;
	wanted.info.FileNameLength = (DWORD)(wcslen(path) * sizeof(WCHAR));
	memcpy(wanted.info.FileName, path, wanted.info.FileNameLength);
	/* 22: FileRenameInfoEx. */
	code = code_unless(SetFileInformationByHandle(
		file, (FILE_INFO_BY_HANDLE_CLASS)22, &wanted, sizeof(wanted)));
	(void)CloseHandle(file);
	return code;
}

static DWORD remove_posix(const WCHAR *name)
{
	DWORD flags = 0x1 | 0x2, code;
	HANDLE file = open_as(name, DELETE, OPEN_EXISTING, 0);

	must(file != INVALID_HANDLE_VALUE, "CreateFile");
	/* 21: FileDispositionInfoEx. */
	code = code_unless(SetFileInformationByHandle(
		file, (FILE_INFO_BY_HANDLE_CLASS)21, &flags, sizeof(flags)));
	(void)CloseHandle(file);
	return code;
}

static void renaming(void)
{
	HANDLE held, below;

	make(L"old");
	make(L"new");
	held = open_as(L"old", GENERIC_READ, OPEN_EXISTING, 0);
	expect_code("file/POSIX rename over an open file", 0,
		    rename_over(L"new", L"old"));
	(void)CloseHandle(held);
	held = open_as(L"old", GENERIC_READ, OPEN_EXISTING, 0);
	expect_code("file/POSIX removal of an open file", 0,
		    remove_posix(L"old"));
	expect_code("file/its name is free at once", ERROR_FILE_NOT_FOUND,
		    GetFileAttributesW(path_of(L"old")) ==
				    INVALID_FILE_ATTRIBUTES
			    ? GetLastError()
			    : 0);
	(void)CloseHandle(held);
	(void)CreateDirectoryW(path_of(L"above"), NULL);
	make(L"above\\below");
	below = open_as(L"above\\below", GENERIC_READ, OPEN_EXISTING, 0);
	expect_code("file/rename of a directory with an open file below",
		    ERROR_ACCESS_DENIED,
		    code_unless(MoveFileExW(path_of(L"above"),
					    path_of(L"moved"), 0)));
	(void)CloseHandle(below);
	expect_code("file/the same when it is closed", 0,
		    code_unless(MoveFileExW(path_of(L"above"),
					    path_of(L"moved"), 0)));
}

/* Of a process that is ended: what FILE_FLAG_DELETE_ON_CLOSE holds. */
static void delete_on_close(void)
{
	struct process process;
	WCHAR line[500];
	DWORD attributes = 0;
	char ready[8];
	DWORD got;

	(void)swprintf(line, 500, L"hold \"%ls\"", path_of(L"held"));
	if (start_self(NULL, NULL, false, &process, line) != 0 ||
	    !ReadFile(process.output, ready, 1, &got, NULL)) {
		row("file/delete on close", "a process", SKIPPED,
		    "none: error %lu", GetLastError());
		return;
	}
	attributes = GetFileAttributesW(path_of(L"held"));
	(void)CloseHandle(process.output);
	kill_process(&process);
	if (attributes == INVALID_FILE_ATTRIBUTES) {
		row("file/delete on close", "a file", NOT_MEASURED,
		    "it was never there");
		return;
	}
	expect_code("file/delete on close, of a process that is ended",
		    ERROR_FILE_NOT_FOUND,
		    GetFileAttributesW(path_of(L"held")) ==
				    INVALID_FILE_ATTRIBUTES
			    ? GetLastError()
			    : 0);
	(void)DeleteFileW(path_of(L"held"));
}

/* --- access lists --------------------------------------------------------- */

static NTSTATUS set_security(HANDLE file, SECURITY_INFORMATION what,
			     PSECURITY_DESCRIPTOR sd)
{
	typedef NTSTATUS(NTAPI * call)(HANDLE, SECURITY_INFORMATION,
				       PSECURITY_DESCRIPTOR);
	const FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
					     "NtSetSecurityObject");
	call set;

	memcpy(&set, &found, sizeof(set));
	return set(file, what, sd);
}

static unsigned control_of(HANDLE file)
{
	PSECURITY_DESCRIPTOR sd = NULL;
	SECURITY_DESCRIPTOR_CONTROL control = 0;
	DWORD revision;

	if (GetSecurityInfo(file, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
			    NULL, NULL, NULL, NULL, &sd) == 0)
		(void)GetSecurityDescriptorControl(sd, &control, &revision);
	(void)LocalFree(sd);
	return control;
}

#define PROTECTED (DACL_SECURITY_INFORMATION | 0x80000000u)
#define UNPROTECTED (DACL_SECURITY_INFORMATION | 0x20000000u)

/* Each written by NtSetSecurityObject, but for the last two with
 * DACL_SECURITY_INFORMATION alone, in this order; the bits that are to be there
 * afterwards. */
static const struct {
	const char *name;
	const WCHAR *sddl;
	unsigned expected;
	SECURITY_INFORMATION more; /* 0: none */
} written[] = {
	{"plain", L"D:(A;;FA;;;%ls)", 0, 0},
	{"SE_DACL_PROTECTED", L"D:P(A;;FA;;;%ls)", SE_DACL_PROTECTED, 0},
	{"not protected any more", L"D:(A;;FA;;;%ls)", 0, 0},
	{"SE_DACL_AUTO_INHERITED without REQ", L"D:AI(A;;FA;;;%ls)", 0, 0},
	{"SE_DACL_AUTO_INHERITED with REQ", L"D:ARAI(A;;FA;;;%ls)",
	 SE_DACL_AUTO_INHERITED, 0},
	{"protected and AUTO_INHERITED with REQ", L"D:PARAI(A;;FA;;;%ls)",
	 SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED, 0},
	{"without, by UNPROTECTED_DACL_SECURITY_INFORMATION",
	 L"D:ARAI(A;;FA;;;%ls)", SE_DACL_AUTO_INHERITED, UNPROTECTED},
	{"with, by PROTECTED_DACL_SECURITY_INFORMATION",
	 L"D:PARAI(A;;FA;;;%ls)", SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED,
	 PROTECTED},
};

static void control_bits(void)
{
	const unsigned ours = SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED |
			      SE_DACL_AUTO_INHERIT_REQ;
	char name[100], expected[40];
	HANDLE file;
	size_t i;

	make(L"list");
	file = open_as(L"list", READ_CONTROL | WRITE_DAC, OPEN_EXISTING, 0);
	must(file != INVALID_HANDLE_VALUE, "CreateFile");
	for (i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		PSECURITY_DESCRIPTOR sd =
			descriptor(written[i].sddl, user_sid());
		const NTSTATUS status = set_security(
			file,
			written[i].more != 0 ? written[i].more
					     : DACL_SECURITY_INFORMATION,
			sd);
		const unsigned seen = control_of(file) & ours;

		(void)snprintf(name, sizeof(name), "list/control bits, %s",
			       written[i].name);
		(void)snprintf(expected, sizeof(expected), "0x%04x",
			       written[i].expected);
		row(name, expected,
		    status == 0 && seen == written[i].expected ? PASSED
							       : FAILED,
		    "0x%04x, status 0x%08lx", seen, (unsigned long)status);
		(void)LocalFree(sd);
	}
	(void)CloseHandle(file);
	(void)DeleteFileW(path_of(L"list"));
}

/* SE_DACL_DEFAULTED, for which SDDL has no word: what the file says then. */
static void defaulted(void)
{
	PSECURITY_DESCRIPTOR sd = descriptor(L"D:(A;;FA;;;%ls)", user_sid());
	SECURITY_DESCRIPTOR made;
	BOOL present, by_default;
	HANDLE file;
	ACL *acl;
	NTSTATUS status;

	make(L"list");
	file = open_as(L"list", READ_CONTROL | WRITE_DAC, OPEN_EXISTING, 0);
	must(file != INVALID_HANDLE_VALUE &&
		     GetSecurityDescriptorDacl(sd, &present, &acl,
					       &by_default) &&
		     InitializeSecurityDescriptor(
			     &made, SECURITY_DESCRIPTOR_REVISION) &&
		     SetSecurityDescriptorDacl(&made, TRUE, acl, TRUE),
	     "SetSecurityDescriptorDacl");
	status = set_security(file, DACL_SECURITY_INFORMATION, &made);
	row("list/SE_DACL_DEFAULTED", "open", MEASURED,
	    "0x%04x, status 0x%08lx", control_of(file), (unsigned long)status);
	(void)CloseHandle(file);
	(void)DeleteFileW(path_of(L"list"));
	(void)LocalFree(sd);
}

static void list_text(const WCHAR *name, char *out, size_t size)
{
	PSECURITY_DESCRIPTOR sd = NULL;
	WCHAR *text = NULL;

	out[0] = '\0';
	if (GetNamedSecurityInfoW(path_of(name), SE_FILE_OBJECT,
				  DACL_SECURITY_INFORMATION, NULL, NULL, NULL,
				  NULL, &sd) != 0)
		return;
	if (ConvertSecurityDescriptorToStringSecurityDescriptorW(
		    sd, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text,
		    NULL))
		(void)snprintf(out, size, "%ls", text);
	(void)LocalFree(text);
	(void)LocalFree(sd);
}

/* An inherited entry that no parent has is ours to write, and stays: what the
 * spreading of a grant rests on. */
static void inherited_entry(void)
{
	PSECURITY_DESCRIPTOR sd = descriptor(
		L"D:ARAI(A;;FA;;;%ls)(A;ID;FR;;;%ls)", user_sid(), RUN_SID);
	char after[600];
	HANDLE file;

	make(L"list");
	file = open_as(L"list", READ_CONTROL | WRITE_DAC, OPEN_EXISTING, 0);
	must(file != INVALID_HANDLE_VALUE, "CreateFile");
	(void)set_security(file, DACL_SECURITY_INFORMATION, sd);
	(void)CloseHandle(file);
	list_text(L"list", after, sizeof(after));
	row("list/an inherited entry is written as it is",
	    "two entries, (A;ID;..)",
	    strstr(after, "(A;ID;FR;;;S-1-") != NULL &&
			    strstr(after, "(A;;FA;;;") != NULL
		    ? PASSED
		    : FAILED,
	    "%s", after);
	(void)DeleteFileW(path_of(L"list"));
	(void)LocalFree(sd);
}

static void moved_file(void)
{
	char before[600], after[600];
	PSECURITY_DESCRIPTOR sd = descriptor(
		L"D:P(A;OICI;FA;;;%ls)(A;OICI;FR;;;%ls)", user_sid(), RUN_SID);
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};

	must(CreateDirectoryW(path_of(L"from"), &security) &&
		     CreateDirectoryW(path_of(L"to"), NULL),
	     "CreateDirectory");
	make(L"from\\it");
	list_text(L"from\\it", before, sizeof(before));
	must(MoveFileExW(path_of(L"from\\it"), path_of(L"to\\it"), 0),
	     "MoveFileEx");
	list_text(L"to\\it", after, sizeof(after));
	row("list/a moved file keeps inherited entries", "the same list",
	    strcmp(before, after) == 0 && strstr(before, ";ID;") != NULL
		    ? PASSED
		    : FAILED,
	    "before %s after %s", before, after);
	(void)DeleteFileW(path_of(L"to\\it"));
	(void)RemoveDirectoryW(path_of(L"to"));
	(void)RemoveDirectoryW(path_of(L"from"));
	(void)LocalFree(sd);
}

/* What a system that does otherwise has left. */
static void clean(void)
{
	static const WCHAR *const files[] = {L"old", L"new", L"held",
					     L"moved\\below", L"above\\below"};
	static const WCHAR *const directories[] = {L"moved", L"above"};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)DeleteFileW(path_of(files[i]));
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		(void)RemoveDirectoryW(path_of(directories[i]));
	if (!RemoveDirectoryW(place))
		row("file/the suite's directory goes", "0", FAILED, "%lu",
		    GetLastError());
}

void measure_files(void)
{
	WCHAR temporary[200];

	must(GetTempPathW(200, temporary) > 0, "GetTempPath");
	(void)swprintf(place, 300, L"%lssandbook-facts-%lu-%llu", temporary,
		       GetCurrentProcessId(), GetTickCount64());
	must(CreateDirectoryW(place, NULL), "CreateDirectory");
	flushing();
	ids();
	renaming();
	delete_on_close();
	control_bits();
	defaulted();
	inherited_entry();
	moved_file();
	clean();
}
