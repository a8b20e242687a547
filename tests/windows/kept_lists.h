/*
 * Access lists that are kept, over the system's own files, where Wine makes
 * mode bits of them: what is made with a list has it, what a list was set on
 * has that, by the file's id. Written from MS-DTYP 2.4.6, as sim.c; nothing is
 * inherited by what others make. A simulation: it proves nothing about Windows.
 */
#ifndef SBK_TEST_KEPT_LISTS_H
#define SBK_TEST_KEPT_LISTS_H

#include <stdbool.h>
#include <stdio.h>

#include "engine/windows/win32.h"

struct kept_lists_options {
	/* Whether a call that looks at a list, sets one or flushes fails with
	 * access denied; asked at each. NULL: none does. */
	bool (*fails)(void);
	/* Whether this handle is none of the system's: its calls go on to the
	 * table below, untouched. NULL: each is the system's. */
	bool (*passes)(HANDLE handle);
};

/* Nothing is kept yet. In front of the calls that stand in `table`, of which
 * there is one at a time. */
void kept_lists_put(struct sbk_win32 *table,
		    const struct kept_lists_options *options);

/* For a process that goes on with what this one left; whether it was done. */
bool kept_lists_save(FILE *file);
bool kept_lists_load(FILE *file);

#endif
