/*
 * Window stations, which clipboard, atoms and desktops belong to (WINDOWS.md
 * part 6, "The window station"): the runner leaves the user's for one of its
 * own, and the front end takes the account out of the user's again.
 */
#ifndef SBK_WINDOWS_STATION_H
#define SBK_WINDOWS_STATION_H

#include <windows.h>

#include "engine/error.h"
#include "engine/ntsec/sid.h"

struct sbk_station {
	HWINSTA station; /* NULL: none */
	HDESK desktop;	 /* for what is started without one */
};

#define SBK_STATION_INIT        \
	{                       \
		.station = NULL \
	}

/*
 * The runner's, before it makes a window or a thread: a station that no screen
 * shows, for this logon and the system alone, in which the process lives from
 * now on. SBK_E_EXISTS where this logon has one already; `shared` (for tests,
 * whose logons are one) takes that. SBK_E_UNSUPPORTED where the system says
 * that it is another than was asked for.
 */
int sbk_station_move(bool shared, struct sbk_station *out,
		     struct sbk_error *err);
/* Closes the handles; the process stays in it. */
void sbk_station_end(struct sbk_station *station);

/*
 * The front end's, when the runner has moved: no entry of the caller's station
 * and desktop names one of these SIDs any more, which the system had let in for
 * the logon ("CreateProcessWithLogonW function", lpStartupInfo). Read back:
 * SBK_E_UNSUPPORTED.
 */
int sbk_station_shut(const struct sbk_sid *sids, size_t count,
		     struct sbk_error *err);

#endif
