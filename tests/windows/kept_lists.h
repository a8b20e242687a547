/*
 * Access lists that are kept, over the system's own files, where Wine makes
 * mode bits of them: what is made with a list has it, what a list was set on
 * has that, by the file's id. Written from MS-DTYP 2.4.6, as sim.c; nothing is
 * inherited by what others make. A simulation: it proves nothing about Windows.
 */
#ifndef SBK_TEST_KEPT_LISTS_H
#define SBK_TEST_KEPT_LISTS_H

#include <stdbool.h>

/*
 * In front of the table that is in its place, which stays below it. `fails`
 * (or NULL) says of each call that looks at a list, sets one or flushes whether
 * it fails with access denied.
 */
void kept_lists_begin(bool (*fails)(void));

#endif
