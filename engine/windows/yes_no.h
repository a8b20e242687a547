/*
 * What the kinds share whose objects are there or not, and nothing more: a
 * user right, a membership, a logon. Their state is one line, or absent.
 */
#ifndef SBK_WINDOWS_YES_NO_H
#define SBK_WINDOWS_YES_NO_H

#include "engine/backend.h"

struct sbk_yes_no {
	const char *state; /* "held\n" */
	const char *noun;  /* "user right", for messages */
	/* How it is now, and making it so; `self` is the opened object. */
	int (*look)(void *self, bool *is, struct sbk_error *err);
	int (*set)(void *self, bool on, struct sbk_error *err);
};

int sbk_yes_no_observe(const struct sbk_yes_no *kind, void *self,
		       struct sbk_observation *out, struct sbk_error *err);
/* The contract of `replace` (backend.h): compared, set, read back. */
int sbk_yes_no_replace(const struct sbk_yes_no *kind, void *self,
		       const char *name, struct sbk_state expected,
		       struct sbk_state next, struct sbk_error *err);

#endif
