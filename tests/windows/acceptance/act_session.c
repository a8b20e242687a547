/*
 * What a run tries with the session that it is in: window stations, desktops,
 * the clipboard, and what it is told of itself. One thing each, and the
 * system's code.
 */
#include "tests/windows/acceptance/act.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <sddl.h>

#include "engine/banned.h"

static DWORD code_unless(BOOL done)
{
	return done ? 0 : GetLastError();
}

static void say_name(const char *what, HANDLE object)
{
	WCHAR name[200] = L"?";
	USEROBJECTFLAGS flags = {0};
	DWORD size;

	(void)GetUserObjectInformationW(object, UOI_NAME, name, sizeof(name),
					&size);
	(void)printf("%s %ls ", what, name);
	if (strcmp(what, "station") == 0 &&
	    GetUserObjectInformationW(object, UOI_FLAGS, &flags, sizeof(flags),
				      &size))
		(void)printf("visible %d ", (flags.dwFlags & WSF_VISIBLE) != 0);
}

static void say_list(HANDLE object)
{
	SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
	BYTE room[4096];
	WCHAR *text = NULL;
	DWORD size;

	if (GetUserObjectSecurity(object, &what, room, sizeof(room), &size) &&
	    ConvertSecurityDescriptorToStringSecurityDescriptorW(
		    room, SDDL_REVISION_1, what, &text, NULL))
		(void)printf("list %ls ", text);
	else
		(void)printf("list ?%lu ", GetLastError());
	(void)LocalFree(text);
}

static void say_token(void)
{
	BYTE room[4096];
	TOKEN_USER *user = (TOKEN_USER *)(void *)room;
	TOKEN_MANDATORY_LABEL *label = (TOKEN_MANDATORY_LABEL *)(void *)room;
	HANDLE token;
	WCHAR *text = NULL;
	DWORD size;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
		(void)printf("token ?%lu ", GetLastError());
		return;
	}
	if (GetTokenInformation(token, TokenUser, room, sizeof(room), &size) &&
	    ConvertSidToStringSidW(user->User.Sid, &text))
		(void)printf("user %ls ", text);
	(void)LocalFree(text);
	if (GetTokenInformation(token, TokenIntegrityLevel, room, sizeof(room),
				&size))
		(void)printf("level 0x%lx ",
			     *GetSidSubAuthority(label->Label.Sid, 0));
	if (GetTokenInformation(token, TokenRestrictedSids, room, sizeof(room),
				&size))
		(void)printf("restricting %lu ",
			     ((TOKEN_GROUPS *)(void *)room)->GroupCount);
	if (GetTokenInformation(token, TokenPrivileges, room, sizeof(room),
				&size))
		(void)printf(
			"privileges %lu ",
			((TOKEN_PRIVILEGES *)(void *)room)->PrivilegeCount);
	(void)printf("restricted %d ", IsTokenRestricted(token) != 0);
	(void)CloseHandle(token);
}

static void say_job(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	JOBOBJECT_BASIC_UI_RESTRICTIONS windows = {0};
	BOOL in = FALSE;

	(void)IsProcessInJob(GetCurrentProcess(), NULL, &in);
	(void)printf("in-job %d ", in != 0);
	if (QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation,
				      &limits, sizeof(limits), NULL))
		(void)printf("limits 0x%lx ",
			     limits.BasicLimitInformation.LimitFlags);
	if (QueryInformationJobObject(NULL, JobObjectBasicUIRestrictions,
				      &windows, sizeof(windows), NULL))
		(void)printf("windows 0x%lx ", windows.UIRestrictionsClass);
}

DWORD act_where(int argc, WCHAR **argv)
{
	DWORD session = 0;

	(void)argc;
	(void)argv;
	(void)ProcessIdToSessionId(GetCurrentProcessId(), &session);
	(void)printf("session %lu ", session);
	say_name("station", (HANDLE)GetProcessWindowStation());
	say_list((HANDLE)GetProcessWindowStation());
	say_name("desktop", (HANDLE)GetThreadDesktop(GetCurrentThreadId()));
	say_list((HANDLE)GetThreadDesktop(GetCurrentThreadId()));
	say_token();
	say_job();
	(void)printf("\n");
	return 0;
}

DWORD act_station(int argc, WCHAR **argv)
{
	HWINSTA station =
		OpenWindowStationW(argc > 0 ? argv[0] : L"WinSta0", FALSE,
				   argc > 1 ? (DWORD)wcstoul(argv[1], NULL, 0)
					    : WINSTA_ACCESSCLIPBOARD);
	const DWORD code = code_unless(station != NULL);

	if (station != NULL)
		(void)CloseWindowStation(station);
	return code;
}

/* The desktop of whoever has the screen: only from within its station. */
DWORD act_desktop(int argc, WCHAR **argv)
{
	HWINSTA station =
		OpenWindowStationW(L"WinSta0", FALSE, WINSTA_ENUMDESKTOPS);
	HDESK desktop;
	DWORD code;

	(void)argc;
	(void)argv;
	if (station == NULL)
		return GetLastError();
	if (!SetProcessWindowStation(station))
		return GetLastError();
	desktop = OpenDesktopW(L"Default", 0, FALSE,
			       DESKTOP_CREATEWINDOW | DESKTOP_WRITEOBJECTS |
				       DESKTOP_HOOKCONTROL);
	code = code_unless(desktop != NULL);
	if (desktop != NULL)
		(void)CloseDesktop(desktop);
	return code;
}

/* "put": our mark; "read": 0 where the mark is there. */
DWORD act_clipboard(int argc, WCHAR **argv)
{
	static const WCHAR mark[] = L"sandbook-acceptance";
	const bool put = argc > 0 && wcscmp(argv[0], L"put") == 0;
	DWORD code = ERROR_NOT_FOUND;
	HGLOBAL data;

	if (!OpenClipboard(NULL))
		return GetLastError();
	if (put) {
		data = GlobalAlloc(GMEM_MOVEABLE, sizeof(mark));
		if (data != NULL) {
			memcpy(GlobalLock(data), mark, sizeof(mark));
			(void)GlobalUnlock(data);
			(void)EmptyClipboard();
			code = code_unless(
				SetClipboardData(CF_UNICODETEXT, data) != NULL);
		}
	} else {
		data = GetClipboardData(CF_UNICODETEXT);
		if (data != NULL && GlobalSize(data) >= sizeof(mark) &&
		    memcmp(GlobalLock(data), mark, sizeof(mark)) == 0)
			code = 0;
	}
	(void)CloseClipboard();
	return code;
}

static BOOL CALLBACK count_one(HWND window, LPARAM into)
{
	WCHAR title[8];

	if (IsWindowVisible(window) && GetWindowTextW(window, title, 8) > 0)
		++*(unsigned *)into;
	return TRUE;
}

/* 0 where a window with a title is seen: somebody's screen. */
DWORD act_windows(int argc, WCHAR **argv)
{
	unsigned count = 0;

	(void)argc;
	(void)argv;
	(void)EnumWindows(count_one, (LPARAM)&count);
	(void)printf("windows %u\n", count);
	return count > 0 ? 0 : ERROR_NOT_FOUND;
}

/* A parameter of the session's, set to what it is. */
DWORD act_parameter(int argc, WCHAR **argv)
{
	const UINT now = GetDoubleClickTime();

	(void)argc;
	(void)argv;
	return code_unless(
		SystemParametersInfoW(SPI_SETDOUBLECLICKTIME, now, NULL, 0));
}

/* The first thread of a process: its right to act as its token. */
DWORD act_thread(int argc, WCHAR **argv)
{
	HANDLE thread;

	if (argc < 2)
		return ERROR_INVALID_PARAMETER;
	thread = OpenThread((DWORD)wcstoul(argv[1], NULL, 0), FALSE,
			    (DWORD)wcstoul(argv[0], NULL, 10));
	if (thread == NULL)
		return GetLastError();
	(void)CloseHandle(thread);
	return 0;
}
