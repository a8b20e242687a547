/* Wrappers of the calls for window stations; see the header. */
#include "engine/windows/win32_station.h"

#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define NAME_UNITS 256
#define CHANGE_LIST (READ_CONTROL | WRITE_DAC)
#define CREATE_ONLY 1 /* CWF_CREATE_ONLY, which mingw's winuser.h has not */

const struct sbk_win32_station sbk_win32_station_system = {
	.CreateWindowStationW = CreateWindowStationW,
	.CloseWindowStation = CloseWindowStation,
	.GetProcessWindowStation = GetProcessWindowStation,
	.SetProcessWindowStation = SetProcessWindowStation,
	.OpenWindowStationW = OpenWindowStationW,
	.OpenDesktopW = OpenDesktopW,
	.GetThreadDesktop = GetThreadDesktop,
	.SetThreadDesktop = SetThreadDesktop,
	.GetUserObjectInformationW = GetUserObjectInformationW,
};

int sbk_win32_make_station(const struct sbk_buf *descriptor, bool only,
			   HWINSTA *out, struct sbk_error *err)
{
	SECURITY_ATTRIBUTES security = {.nLength = sizeof(security),
					.lpSecurityDescriptor =
						descriptor->data};
	HWINSTA station = sbk_win32->station->CreateWindowStationW(
		NULL, only ? CREATE_ONLY : 0, GENERIC_ALL, &security);

	if (station == NULL)
		return sbk_win32_last_error(err, "CreateWindowStationW");
	*out = station;
	return 0;
}

void sbk_win32_close_station(HWINSTA *station)
{
	/* That of the process is refused, and goes with it. */
	if (*station != NULL)
		(void)sbk_win32->station->CloseWindowStation(*station);
	*station = NULL;
}

int sbk_win32_own_station(HWINSTA *out, struct sbk_error *err)
{
	HWINSTA station = sbk_win32->station->GetProcessWindowStation();

	if (station == NULL)
		return sbk_win32_last_error(err, "GetProcessWindowStation");
	*out = station;
	return 0;
}

int sbk_win32_open_own_station(HWINSTA *out, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	HWINSTA own = NULL, station = NULL;
	int rc = sbk_win32_own_station(&own, err);

	if (rc == 0)
		rc = sbk_win32_station_name(own, &name, err);
	if (rc == 0) {
		station = sbk_win32->station->OpenWindowStationW(
			sbk_wide_text(&name), FALSE, CHANGE_LIST);
		if (station == NULL)
			rc = sbk_win32_last_error(err, "OpenWindowStationW");
	}
	if (rc == 0)
		*out = station;
	sbk_buf_release(&name);
	return rc;
}

int sbk_win32_open_own_desktop(HDESK *out, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	HDESK own = sbk_win32->station->GetThreadDesktop(GetCurrentThreadId());
	HDESK desktop = NULL;
	int rc;

	if (own == NULL)
		return sbk_win32_last_error(err, "GetThreadDesktop");
	rc = sbk_win32_station_name(own, &name, err);
	if (rc == 0) {
		desktop = sbk_win32->station->OpenDesktopW(
			sbk_wide_text(&name), 0, FALSE, CHANGE_LIST);
		if (desktop == NULL)
			rc = sbk_win32_last_error(err, "OpenDesktopW");
	}
	if (rc == 0)
		*out = desktop;
	sbk_buf_release(&name);
	return rc;
}

int sbk_win32_enter_station(HWINSTA station, struct sbk_error *err)
{
	return sbk_win32->station->SetProcessWindowStation(station)
		       ? 0
		       : sbk_win32_last_error(err, "SetProcessWindowStation");
}

int sbk_win32_enter_desktop(HDESK desktop, struct sbk_error *err)
{
	return sbk_win32->station->SetThreadDesktop(desktop)
		       ? 0
		       : sbk_win32_last_error(err, "SetThreadDesktop");
}

int sbk_win32_station_name(HANDLE station, struct sbk_buf *out,
			   struct sbk_error *err)
{
	WCHAR name[NAME_UNITS] = {0};
	DWORD needed = 0;
	size_t units = 0;

	if (!sbk_win32->station->GetUserObjectInformationW(
		    station, UOI_NAME, name, sizeof(name), &needed))
		return sbk_win32_last_error(err, "GetUserObjectInformationW");
	while (units < NAME_UNITS && name[units] != 0)
		units++;
	sbk_buf_add(out, name, units * sizeof(*name));
	return sbk_buf_failed(out, err);
}

int sbk_win32_station_visible(HWINSTA station, bool *out, struct sbk_error *err)
{
	USEROBJECTFLAGS flags = {FALSE, FALSE, 0};

	if (!sbk_win32->station->GetUserObjectInformationW(
		    station, UOI_FLAGS, &flags, sizeof(flags), NULL))
		return sbk_win32_last_error(err, "GetUserObjectInformationW");
	*out = (flags.dwFlags & WSF_VISIBLE) != 0;
	return 0;
}
