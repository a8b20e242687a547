/*
 * A backend around another one that fails or stops at its n-th operation, and
 * the counter that it shares with the crash VFS of tests/journal, so that "the
 * n-th operation" runs through host and journal alike.
 */
#ifndef SBK_TEST_FAULT_H
#define SBK_TEST_FAULT_H

#include "engine/backend.h"

#define FAULT_EXIT 86 /* exit code of a process that was stopped */

enum fault_mode {
	FAULT_NONE,	  /* only count */
	FAULT_STOP,	  /* end the process before operation n */
	FAULT_STOP_AFTER, /* end it right after operation n (host only) */
	FAULT_DENY	  /* operation n returns SBK_E_DENIED (host only) */
};

struct fault_plan {
	enum fault_mode mode;
	unsigned long at;      /* 1 is the first operation */
	unsigned long counted; /* so far */
};

/* The plan of this process; tests set it before they fork or run. */
extern struct fault_plan fault_plan;

/* Counts one operation of the journal's; ends the process where the plan says.
 */
void fault_point(void);

/* `inner` stays the caller's and must outlive the result. */
struct sbk_backend fault_backend(const struct sbk_backend *inner);

#endif
