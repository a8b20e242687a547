/*
 * Objects of each type, made with a list of ours and opened with one right.
 * Owns the directory that files are made in. What is made goes with its handle.
 */
#include "tests/windows/acceptance/rights.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

#include "engine/banned.h"

#ifndef FILE_OPEN_REPARSE_POINT /* the SDK's winternl.h has it not */
#define FILE_OPEN_REPARSE_POINT 0x00200000
#endif

static WCHAR place[300];
static unsigned number;

static void name_it(struct subject *subject, const WCHAR *begin)
{
	(void)swprintf(subject->name, 400, L"%lssandbook-acceptance-%lu-%u",
		       begin, GetCurrentProcessId(), ++number);
}

static DWORD code_of(NTSTATUS status)
{
	return status >= 0 ? 0 : RtlNtStatusToDosError(status);
}

static DWORD code_unless(BOOL done)
{
	return done ? 0 : GetLastError();
}

static void close_handle(HANDLE handle)
{
	(void)CloseHandle(handle);
}

static void unmake_handle(struct subject *subject)
{
	(void)CloseHandle(subject->handle);
}

/* Files and directories ("NtCreateFile function"). */

static DWORD nt_file(const WCHAR *name, DWORD right, DWORD disposition,
		     DWORD options, PSECURITY_DESCRIPTOR sd, HANDLE *out)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK status;
	UNICODE_STRING text;

	RtlInitUnicodeString(&text, name);
	InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE,
				   NULL, sd);
	return code_of(NtCreateFile(
		out, right, &attributes, &status, NULL, FILE_ATTRIBUTE_NORMAL,
		FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
		disposition, options, NULL, 0));
}

DWORD open_exactly(const WCHAR *name, DWORD right, DWORD options, HANDLE *out)
{
	return nt_file(name, right, FILE_OPEN,
		       options | FILE_OPEN_REPARSE_POINT, NULL, out);
}

void objects_begin(void)
{
	PSECURITY_DESCRIPTOR sd;
	SECURITY_ATTRIBUTES security = {sizeof(security), NULL, FALSE};
	WCHAR temporary[200];

	if (place[0] != L'\0')
		return;
	must(GetTempPathW(200, temporary) > 0, "GetTempPath");
	(void)swprintf(place, 300, L"\\??\\%lssandbook-acceptance-%lu-%llu",
		       temporary, GetCurrentProcessId(), GetTickCount64());
	/* Not FILE_LIST_DIRECTORY, which gives FILE_READ_ATTRIBUTES of what is
	 * in it, and not FILE_DELETE_CHILD, which gives DELETE. */
	sd = descriptor(L"D:P(A;;0x001f00a6;;;%ls)(A;;FA;;;SY)", user_sid());
	security.lpSecurityDescriptor = sd;
	must(CreateDirectoryW(place + 4, &security), "CreateDirectory");
	(void)LocalFree(sd);
}

void objects_end(void)
{
	if (place[0] != L'\0')
		must(RemoveDirectoryW(place + 4), "RemoveDirectory");
	place[0] = L'\0';
}

const WCHAR *objects_place(void)
{
	return place + 4;
}

static DWORD make_below(const WCHAR *parent, struct subject *subject,
			PSECURITY_DESCRIPTOR sd, DWORD options)
{
	(void)swprintf(subject->name, 400, L"%ls\\%u", parent, ++number);
	return nt_file(subject->name, DELETE | READ_CONTROL | WRITE_DAC,
		       FILE_CREATE, options | FILE_DELETE_ON_CLOSE, sd,
		       &subject->handle);
}

DWORD make_file(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	return make_below(place, subject, sd, FILE_NON_DIRECTORY_FILE);
}

DWORD make_file_in(const struct subject *parent, struct subject *subject,
		   PSECURITY_DESCRIPTOR sd)
{
	return make_below(parent->name, subject, sd, FILE_NON_DIRECTORY_FILE);
}

DWORD make_directory(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	const DWORD code = make_below(place, subject, sd, FILE_DIRECTORY_FILE);

	/* Wine makes it, and then its own list shuts Wine out. */
	if (code == ERROR_ACCESS_DENIED)
		(void)RemoveDirectoryW(subject->name + 4);
	return code;
}

static DWORD open_file(const struct subject *subject, DWORD right, HANDLE *out)
{
	return open_exactly(subject->name, right, 0, out);
}

/* Keys ("RegOpenKeyExW function": its code is the result). */

static DWORD make_key(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};
	HKEY key = NULL;
	LSTATUS code;

	name_it(subject, L"Software\\");
	code = RegCreateKeyExW(HKEY_CURRENT_USER, subject->name, 0, NULL,
			       REG_OPTION_VOLATILE, DELETE, &security, &key,
			       NULL);
	subject->handle = (HANDLE)key;
	return (DWORD)code;
}

static DWORD open_key(const struct subject *subject, DWORD right, HANDLE *out)
{
	return (DWORD)RegOpenKeyExW(HKEY_CURRENT_USER, subject->name, 0, right,
				    (PHKEY)out);
}

static void close_key(HANDLE key)
{
	(void)RegCloseKey((HKEY)key);
}

static void unmake_key(struct subject *subject)
{
	typedef NTSTATUS(NTAPI * nt_delete_key)(HANDLE key);
	/* By the handle that made it: its list may shut us out. */
	const FARPROC found =
		GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtDeleteKey");
	nt_delete_key delete_key;

	memcpy(&delete_key, &found, sizeof(delete_key));
	if (delete_key != NULL)
		(void)delete_key(subject->handle);
	close_key(subject->handle);
}

/* Processes, their threads and tokens. */

static DWORD make_process(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	/* As the one that looks is: another label would decide instead. */
	HANDLE token = restricted_token(AS_SANDBOOK, BY_ALL_OF_A_RUN);
	const DWORD code =
		start_self(token, sd, true, &subject->process, L"idle");

	(void)CloseHandle(token);
	return code;
}

static void unmake_process(struct subject *subject)
{
	kill_process(&subject->process);
}

static DWORD open_process(const struct subject *subject, DWORD right,
			  HANDLE *out)
{
	*out = OpenProcess(right, FALSE, subject->process.id);
	return code_unless(*out != NULL);
}

static DWORD open_thread(const struct subject *subject, DWORD right,
			 HANDLE *out)
{
	*out = OpenThread(right, FALSE, GetThreadId(subject->process.thread));
	return code_unless(*out != NULL);
}

static DWORD make_token(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	PSECURITY_DESCRIPTOR ours = descriptor(L"D:(A;;GA;;;%ls)", user_sid());
	DWORD code = make_process(subject, ours);

	(void)LocalFree(ours);
	if (code != 0)
		return code;
	code = code_unless(OpenProcessToken(subject->process.process, WRITE_DAC,
					    &subject->handle));
	if (code == 0) {
		code = code_unless(SetKernelObjectSecurity(
			subject->handle, DACL_SECURITY_INFORMATION, sd));
		(void)CloseHandle(subject->handle);
	}
	if (code != 0)
		unmake_process(subject);
	return code;
}

static DWORD open_token(const struct subject *subject, DWORD right, HANDLE *out)
{
	return code_unless(
		OpenProcessToken(subject->process.process, right, out));
}

/* Named objects of the session. */

static DWORD made(struct subject *subject, HANDLE handle)
{
	subject->handle = handle;
	return code_unless(handle != NULL && handle != INVALID_HANDLE_VALUE);
}

static DWORD make_event(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};

	name_it(subject, L"Local\\");
	return made(subject,
		    CreateEventW(&security, TRUE, FALSE, subject->name));
}

static DWORD open_event(const struct subject *subject, DWORD right, HANDLE *out)
{
	*out = OpenEventW(right, FALSE, subject->name);
	return code_unless(*out != NULL);
}

static DWORD make_section(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};

	name_it(subject, L"Local\\");
	return made(subject, CreateFileMappingW(INVALID_HANDLE_VALUE, &security,
						PAGE_EXECUTE_READWRITE, 0, 4096,
						subject->name));
}

/* FILE_MAP_EXECUTE is 0x20, and asks for SECTION_MAP_EXECUTE, 8; what was
 * granted is read from the handle. */
static DWORD open_section(const struct subject *subject, DWORD right,
			  HANDLE *out)
{
	*out = OpenFileMappingW(right == SECTION_MAP_EXECUTE ? FILE_MAP_EXECUTE
							     : right,
				FALSE, subject->name);
	return code_unless(*out != NULL);
}

static DWORD make_job(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};

	name_it(subject, L"Local\\");
	return made(subject, CreateJobObjectW(&security, subject->name));
}

static DWORD open_job(const struct subject *subject, DWORD right, HANDLE *out)
{
	*out = OpenJobObjectW(right, FALSE, subject->name);
	return code_unless(*out != NULL);
}

static DWORD make_pipe(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};
	WCHAR path[400];

	name_it(subject, L"");
	(void)swprintf(path, 400, L"\\\\.\\pipe\\%ls", subject->name);
	(void)swprintf(subject->name, 400, L"\\??\\pipe\\%ls", path + 9);
	return made(subject,
		    CreateNamedPipeW(
			    path,
			    PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,
			    PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1,
			    4096, 4096, 0, &security));
}

/* Desktops and window stations: their handles are the kernel's, too. */

static DWORD make_desktop(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};

	name_it(subject, L"");
	return made(subject,
		    (HANDLE)CreateDesktopW(subject->name, NULL, NULL, 0,
					   DESKTOP_CREATEWINDOW, &security));
}

static DWORD open_desktop(const struct subject *subject, DWORD right,
			  HANDLE *out)
{
	*out = (HANDLE)OpenDesktopW(subject->name, 0, FALSE, right);
	return code_unless(*out != NULL);
}

static void close_desktop(HANDLE handle)
{
	(void)CloseDesktop((HDESK)handle);
}

static void unmake_desktop(struct subject *subject)
{
	close_desktop(subject->handle);
}

static DWORD make_station(struct subject *subject, PSECURITY_DESCRIPTOR sd)
{
	SECURITY_ATTRIBUTES security = {sizeof(security), sd, FALSE};

	name_it(subject, L"");
	return made(subject, (HANDLE)CreateWindowStationW(subject->name, 0,
							  WINSTA_READATTRIBUTES,
							  &security));
}

static DWORD open_station(const struct subject *subject, DWORD right,
			  HANDLE *out)
{
	*out = (HANDLE)OpenWindowStationW(subject->name, FALSE, right);
	return code_unless(*out != NULL);
}

static void close_station(HANDLE handle)
{
	(void)CloseWindowStation((HWINSTA)handle);
}

static void unmake_station(struct subject *subject)
{
	close_station(subject->handle);
}

static const struct right_name of_files[] = {
	{FILE_READ_DATA, "FILE_READ_DATA"},
	{FILE_WRITE_DATA, "FILE_WRITE_DATA"},
	{FILE_APPEND_DATA, "FILE_APPEND_DATA"},
	{FILE_READ_EA, "FILE_READ_EA"},
	{FILE_WRITE_EA, "FILE_WRITE_EA"},
	{FILE_EXECUTE, "FILE_EXECUTE"},
	{FILE_DELETE_CHILD, "FILE_DELETE_CHILD"},
	{FILE_READ_ATTRIBUTES, "FILE_READ_ATTRIBUTES"},
	{FILE_WRITE_ATTRIBUTES, "FILE_WRITE_ATTRIBUTES"},
	{0, NULL}};
static const struct right_name of_keys[] = {
	{KEY_QUERY_VALUE, "KEY_QUERY_VALUE"},
	{KEY_SET_VALUE, "KEY_SET_VALUE"},
	{KEY_CREATE_SUB_KEY, "KEY_CREATE_SUB_KEY"},
	{KEY_ENUMERATE_SUB_KEYS, "KEY_ENUMERATE_SUB_KEYS"},
	{KEY_NOTIFY, "KEY_NOTIFY"},
	{KEY_CREATE_LINK, "KEY_CREATE_LINK"},
	{0, NULL}};
static const struct right_name of_processes[] = {
	{PROCESS_TERMINATE, "PROCESS_TERMINATE"},
	{PROCESS_CREATE_THREAD, "PROCESS_CREATE_THREAD"},
	{PROCESS_SET_SESSIONID, "PROCESS_SET_SESSIONID"},
	{PROCESS_VM_OPERATION, "PROCESS_VM_OPERATION"},
	{PROCESS_VM_READ, "PROCESS_VM_READ"},
	{PROCESS_VM_WRITE, "PROCESS_VM_WRITE"},
	{PROCESS_DUP_HANDLE, "PROCESS_DUP_HANDLE"},
	{PROCESS_CREATE_PROCESS, "PROCESS_CREATE_PROCESS"},
	{PROCESS_SET_QUOTA, "PROCESS_SET_QUOTA"},
	{PROCESS_SET_INFORMATION, "PROCESS_SET_INFORMATION"},
	{PROCESS_QUERY_INFORMATION, "PROCESS_QUERY_INFORMATION"},
	{PROCESS_SUSPEND_RESUME, "PROCESS_SUSPEND_RESUME"},
	{PROCESS_QUERY_LIMITED_INFORMATION,
	 "PROCESS_QUERY_LIMITED_INFORMATION"},
	{0x2000, "PROCESS_SET_LIMITED_INFORMATION"},
	{0, NULL}};
static const struct right_name of_threads[] = {
	{THREAD_TERMINATE, "THREAD_TERMINATE"},
	{THREAD_SUSPEND_RESUME, "THREAD_SUSPEND_RESUME"},
	{THREAD_GET_CONTEXT, "THREAD_GET_CONTEXT"},
	{THREAD_SET_CONTEXT, "THREAD_SET_CONTEXT"},
	{THREAD_SET_INFORMATION, "THREAD_SET_INFORMATION"},
	{THREAD_QUERY_INFORMATION, "THREAD_QUERY_INFORMATION"},
	{THREAD_SET_THREAD_TOKEN, "THREAD_SET_THREAD_TOKEN"},
	{THREAD_IMPERSONATE, "THREAD_IMPERSONATE"},
	{THREAD_DIRECT_IMPERSONATION, "THREAD_DIRECT_IMPERSONATION"},
	{THREAD_SET_LIMITED_INFORMATION, "THREAD_SET_LIMITED_INFORMATION"},
	{THREAD_QUERY_LIMITED_INFORMATION, "THREAD_QUERY_LIMITED_INFORMATION"},
	{0, NULL}};
static const struct right_name of_tokens[] = {
	{TOKEN_ASSIGN_PRIMARY, "TOKEN_ASSIGN_PRIMARY"},
	{TOKEN_DUPLICATE, "TOKEN_DUPLICATE"},
	{TOKEN_IMPERSONATE, "TOKEN_IMPERSONATE"},
	{TOKEN_QUERY, "TOKEN_QUERY"},
	{TOKEN_QUERY_SOURCE, "TOKEN_QUERY_SOURCE"},
	{TOKEN_ADJUST_PRIVILEGES, "TOKEN_ADJUST_PRIVILEGES"},
	{TOKEN_ADJUST_GROUPS, "TOKEN_ADJUST_GROUPS"},
	{TOKEN_ADJUST_DEFAULT, "TOKEN_ADJUST_DEFAULT"},
	{TOKEN_ADJUST_SESSIONID, "TOKEN_ADJUST_SESSIONID"},
	{0, NULL}};
static const struct right_name of_events[] = {
	{1, "EVENT_QUERY_STATE"},
	{EVENT_MODIFY_STATE, "EVENT_MODIFY_STATE"},
	{0, NULL}};
static const struct right_name of_sections[] = {
	{SECTION_QUERY, "SECTION_QUERY"},
	{SECTION_MAP_WRITE, "SECTION_MAP_WRITE"},
	{SECTION_MAP_READ, "SECTION_MAP_READ"},
	{SECTION_MAP_EXECUTE, "SECTION_MAP_EXECUTE"},
	{SECTION_EXTEND_SIZE, "SECTION_EXTEND_SIZE"},
	{0, NULL}};
static const struct right_name of_jobs[] = {
	{JOB_OBJECT_ASSIGN_PROCESS, "JOB_OBJECT_ASSIGN_PROCESS"},
	{JOB_OBJECT_SET_ATTRIBUTES, "JOB_OBJECT_SET_ATTRIBUTES"},
	{JOB_OBJECT_QUERY, "JOB_OBJECT_QUERY"},
	{JOB_OBJECT_TERMINATE, "JOB_OBJECT_TERMINATE"},
	{JOB_OBJECT_SET_SECURITY_ATTRIBUTES,
	 "JOB_OBJECT_SET_SECURITY_ATTRIBUTES"},
	{0, NULL}};
static const struct right_name of_desktops[] = {
	{DESKTOP_READOBJECTS, "DESKTOP_READOBJECTS"},
	{DESKTOP_CREATEWINDOW, "DESKTOP_CREATEWINDOW"},
	{DESKTOP_CREATEMENU, "DESKTOP_CREATEMENU"},
	{DESKTOP_HOOKCONTROL, "DESKTOP_HOOKCONTROL"},
	{DESKTOP_JOURNALRECORD, "DESKTOP_JOURNALRECORD"},
	{DESKTOP_JOURNALPLAYBACK, "DESKTOP_JOURNALPLAYBACK"},
	{DESKTOP_ENUMERATE, "DESKTOP_ENUMERATE"},
	{DESKTOP_WRITEOBJECTS, "DESKTOP_WRITEOBJECTS"},
	{DESKTOP_SWITCHDESKTOP, "DESKTOP_SWITCHDESKTOP"},
	{0, NULL}};
static const struct right_name of_stations[] = {
	{WINSTA_ENUMDESKTOPS, "WINSTA_ENUMDESKTOPS"},
	{WINSTA_READATTRIBUTES, "WINSTA_READATTRIBUTES"},
	{WINSTA_ACCESSCLIPBOARD, "WINSTA_ACCESSCLIPBOARD"},
	{WINSTA_CREATEDESKTOP, "WINSTA_CREATEDESKTOP"},
	{WINSTA_WRITEATTRIBUTES, "WINSTA_WRITEATTRIBUTES"},
	{WINSTA_ACCESSGLOBALATOMS, "WINSTA_ACCESSGLOBALATOMS"},
	{WINSTA_EXITWINDOWS, "WINSTA_EXITWINDOWS"},
	{WINSTA_ENUMERATE, "WINSTA_ENUMERATE"},
	{WINSTA_READSCREEN, "WINSTA_READSCREEN"},
	{0, NULL}};

/* Mappings of files: "File Security and Access Rights"; of keys: "Registry Key
 * Security and Access Rights". */
const struct object_type object_types[] = {
	{"file", 0x1f01ff, 0x1200a9, 0x120116, false, of_files, make_file,
	 open_file, close_handle, unmake_handle},
	{"directory", 0x1f01ff, 0x1200a9, 0x120116, false, of_files,
	 make_directory, open_file, close_handle, unmake_handle},
	{"key", 0xf003f, 0x20019, 0x20006, false, of_keys, make_key, open_key,
	 close_key, unmake_key},
	{"process", 0x1f3ffb, 0, 0, false, of_processes, make_process,
	 open_process, close_handle, unmake_process},
	{"thread", 0x1f0ffb, 0, 0, false, of_threads, make_process, open_thread,
	 close_handle, unmake_process},
	{"token", 0xf01ff, 0, 0, false, of_tokens, make_token, open_token,
	 close_handle, unmake_process},
	{"event", 0x1f0003, 0, 0, false, of_events, make_event, open_event,
	 close_handle, unmake_handle},
	{"section", 0xf001f, 0, 0, false, of_sections, make_section,
	 open_section, close_handle, unmake_handle},
	{"pipe", 0x1f01ff, 0x1200a9, 0x120116, true, of_files, make_pipe,
	 open_file, close_handle, unmake_handle},
	{"job", 0x1f001f, 0, 0, false, of_jobs, make_job, open_job,
	 close_handle, unmake_handle},
	{"desktop", 0xf01ff, 0, 0, false, of_desktops, make_desktop,
	 open_desktop, close_desktop, unmake_desktop},
	{"window station", 0xf037f, 0, 0, false, of_stations, make_station,
	 open_station, close_station, unmake_station},
	{NULL, 0, 0, 0, false, NULL, NULL, NULL, NULL, NULL},
};
