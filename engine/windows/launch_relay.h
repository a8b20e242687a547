/*
 * The streams of a run whose command this process starts by itself (launch.h):
 * what runner.c does for one under an account. No handle of the caller's
 * console is given to a command: with one of its input it could type into
 * whatever comes after.
 *
 *	rc = sbk_launch_relay_streams(&relay, &wish, err);
 *	rc = sbk_launch_build(&wish, &launch, err);
 *	rc = sbk_launch_relay_begin(&relay, &launch, err);
 *	... launch_begin, launch_wait
 *	sbk_launch_relay_end(&relay);     whatever came of them
 */
#ifndef SBK_WINDOWS_LAUNCH_RELAY_H
#define SBK_WINDOWS_LAUNCH_RELAY_H

#include "engine/windows/launch.h"

struct sbk_launch_relay {
	struct sbk_launch *launch;
	const struct sbk_terminal *terminal; /* in use */
	HANDLE screen;			     /* a thread */
	/* Of an output that is a console's and not the terminal's: that, our
	 * end of its pipe, the command's, and a thread. */
	struct sbk_launch_line {
		HANDLE console, from, given, thread;
	} lines[3];
};

/* Puts pipes in place of consoles, those of the terminal are the launch's; and
 * one that is at its end where there is no input. */
int sbk_launch_relay_streams(struct sbk_launch_relay *relay,
			     struct sbk_launch_wish *wish,
			     struct sbk_error *err);
int sbk_launch_relay_begin(struct sbk_launch_relay *relay,
			   struct sbk_launch *launch, struct sbk_error *err);
/* Ends the command, if it has not ended, and carries what it left to say. */
void sbk_launch_relay_end(struct sbk_launch_relay *relay);

#endif
