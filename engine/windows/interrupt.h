/*
 * What a person does to the console of a run from outside: Ctrl-C, Ctrl-Break,
 * closing it, logging off. The run is ended like one whose time is over, so
 * that its files go and its end is recorded.
 */
#ifndef SBK_WINDOWS_INTERRUPT_H
#define SBK_WINDOWS_INTERRUPT_H

#include <stdbool.h>

#include "engine/error.h"
#include "engine/run.h"

/* Ends the command; called in a thread of the system's, and more than once. */
typedef void sbk_interrupt_fn(void *arg);

/*
 * From now on `stop` is called instead of what the system does by itself: ends
 * this process at once. A third Ctrl-C, or one while `stop` hangs, does that
 * all the same. One run at a time.
 */
int sbk_interrupt_begin(sbk_interrupt_fn *stop, void *arg,
			struct sbk_error *err);
/* `stop` is not called any more. Where it was, and the command ended by it,
 * `end` (or NULL) says so as a shell does: 130, signal 2. */
void sbk_interrupt_detach(struct sbk_run_end *end);
/* All is cleaned up: whoever closes the console waits for this. */
void sbk_interrupt_end(void);

#endif
