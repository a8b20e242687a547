/*
 * A logon as a sandbox account, and what the system put into the caller's
 * window station for it taken out again (WINDOWS.md part 6, "The window
 * station"): one piece for runs and for trials of the network.
 */
#ifndef SBK_WINDOWS_RUNNER_LOGON_H
#define SBK_WINDOWS_RUNNER_LOGON_H

#include "engine/windows/front.h"
#include "engine/windows/runner.h"

/*
 * sbk_runner_start, then sbk_runner_shut_station, while no other front end of
 * the user's does the same (SBK_FRONT_LOGON of `front`; NULL: whoever started
 * this process has it): each writes a list that it has read, and would put back
 * what the other one took out. `open` says why the station may let the account
 * in all the same; its code is 0 where it does not. Also where the logon fails
 * the account's entries are taken out, and those that an earlier logon left
 * that was cut short.
 */
int sbk_runner_log_on(struct sbk_front *front,
		      const struct sbk_front_wait *wait,
		      const struct sbk_runner_wish *wish,
		      struct sbk_runner **out, struct sbk_error *open,
		      struct sbk_error *err);

#endif
