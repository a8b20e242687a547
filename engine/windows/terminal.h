/*
 * The caller's terminal as a run needs it, whoever it is: the console of this
 * process (console.h), or what a test has in its place.
 */
#ifndef SBK_WINDOWS_TERMINAL_H
#define SBK_WINDOWS_TERMINAL_H

#include <windows.h>

#include "engine/error.h"

/* Where what the user does goes. Called by one thread of the terminal's, which
 * goes on whatever they answer; a call may take as long as the run. */
struct sbk_terminal_sink {
	void *arg;
	/* Bytes that a terminal sends for keys: UTF-8 and sequences. */
	void (*keys)(void *arg, const void *data, size_t size);
	void (*resize)(void *arg, COORD size);
};

struct sbk_terminal {
	void *self;
	/* From now on keys are the run's, until `end`, which is called once for
	 * each `begin` that went well. */
	int (*begin)(void *self, const struct sbk_terminal_sink *sink,
		     struct sbk_error *err);
	/* What the run draws. */
	int (*write)(void *self, const void *data, size_t size,
		     struct sbk_error *err);
	void (*end)(void *self);
};

#endif
