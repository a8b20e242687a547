/*
 * The part of the table of win32.h for window stations: making one, living in
 * it, and what the system says of it.
 */
#ifndef SBK_WINDOWS_WIN32_STATION_H
#define SBK_WINDOWS_WIN32_STATION_H

#include <stdbool.h>

#include <windows.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_win32_station {
	HWINSTA(WINAPI *CreateWindowStationW)
	(LPCWSTR name, DWORD flags, ACCESS_MASK access,
	 LPSECURITY_ATTRIBUTES security);
	BOOL(WINAPI *CloseWindowStation)(HWINSTA station);
	HWINSTA(WINAPI *GetProcessWindowStation)(void);
	BOOL(WINAPI *SetProcessWindowStation)(HWINSTA station);
	HWINSTA(WINAPI *OpenWindowStationW)
	(LPCWSTR name, BOOL inherit, ACCESS_MASK access);
	HDESK(WINAPI *OpenDesktopW)
	(LPCWSTR name, DWORD flags, BOOL inherit, ACCESS_MASK access);
	HDESK(WINAPI *GetThreadDesktop)(DWORD thread);
	BOOL(WINAPI *SetThreadDesktop)(HDESK desktop);
	BOOL(WINAPI *GetUserObjectInformationW)
	(HANDLE object, int what, PVOID out, DWORD size, LPDWORD needed);
};

extern const struct sbk_win32_station sbk_win32_station_system;

/*
 * "CreateWindowStationW function (winuser.h)" without a name, which only
 * administrators may give: the system makes one of the logon session's id. With
 * `only`, one that is there already is SBK_E_EXISTS (CWF_CREATE_ONLY).
 */
int sbk_win32_make_station(const struct sbk_buf *descriptor, bool only,
			   HWINSTA *out, struct sbk_error *err);
void sbk_win32_close_station(HWINSTA *station);
/* "GetProcessWindowStation function (winuser.h)": borrowed, never closed. */
int sbk_win32_own_station(HWINSTA *out, struct sbk_error *err);
/* The same, and the calling thread's desktop ("GetThreadDesktop"), opened anew
 * by their names for READ_CONTROL and WRITE_DAC, which the borrowed handles
 * need not have: "OpenWindowStationW", "OpenDesktopW function (winuser.h)". */
int sbk_win32_open_own_station(HWINSTA *out, struct sbk_error *err);
int sbk_win32_open_own_desktop(HDESK *out, struct sbk_error *err);
/* "SetProcessWindowStation", "SetThreadDesktop function (winuser.h)": what is
 * started from now on begins there. */
int sbk_win32_enter_station(HWINSTA station, struct sbk_error *err);
int sbk_win32_enter_desktop(HDESK desktop, struct sbk_error *err);
/* "GetUserObjectInformationW function (winuser.h)": UOI_NAME, units without the
 * end, appended; of UOI_FLAGS whether it is a screen's (WSF_VISIBLE). */
int sbk_win32_station_name(HANDLE station, struct sbk_buf *out,
			   struct sbk_error *err);
int sbk_win32_station_visible(HWINSTA station, bool *out,
			      struct sbk_error *err);

#endif
