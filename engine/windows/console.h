/*
 * The caller's console while a run draws on it (WINDOWS.md part 6, "The
 * terminal"). It is this process's, so there is one at a time.
 *
 *	rc = sbk_console_take(&wish, &console, err);   before anything is made
 *	... wish.relay is it, where the run has a terminal
 *	sbk_console_free(console);
 */
#ifndef SBK_WINDOWS_CONSOLE_H
#define SBK_WINDOWS_CONSOLE_H

#include "engine/windows/launch.h"

struct sbk_console;

/*
 * Looks at the streams of `wish` and says there which of them are the run's
 * terminal, its size, and who relays it; standard input that the run must not
 * read becomes NULL. `*out` is NULL where the run has no terminal. Changes
 * nothing of the console. SBK_E_UNSUPPORTED: one that draws no sequences.
 */
int sbk_console_take(struct sbk_launch_wish *wish, struct sbk_console **out,
		     struct sbk_error *err);
void sbk_console_free(struct sbk_console *console);

/* The console in use, if any, is as it was: for who ends this process from
 * another thread. */
void sbk_console_give_back(void);

#endif
