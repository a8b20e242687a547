/*
 * What needs the program itself: `sandbook run` from outside, as README has it.
 * Nothing of Sandbook's code judges here: files are looked at, connections
 * counted.
 */
#ifndef SBK_ACCEPTANCE_SANDBOX_H
#define SBK_ACCEPTANCE_SANDBOX_H

#include <stdbool.h>
#include <windows.h>

#include "tests/windows/acceptance/tokens.h"

/* What a row of a run says when its command never ran. */
#define NEVER_RAN 0xFFFFFFFFu

/* SANDBOOK.EXE and whether under the account: false where it is not there. */
bool sandbox_begin(const WCHAR *program, bool with_account);
void sandbox_end(void);
bool sandbox_has_account(void);

/* The directory of the suite: "ws", "other", "extra", "outside" in it. */
const WCHAR *sandbox_place(void);
/*
 * An act of this program (inside.c) in a run with these options, whose working
 * directory is `root` of the place. Its code; NEVER_RAN and why in `text`
 * where it did not begin: what denies then is not the sandbox.
 */
DWORD sandbox_act(const WCHAR *root, const WCHAR *options,
		  const WCHAR *arguments, char *text, size_t size);
/* The same, begun; for end_of(). */
DWORD sandbox_start(const WCHAR *root, const WCHAR *options,
		    const WCHAR *arguments, struct process *out);
/* The same act by ourselves: the control. */
DWORD plain_act(const WCHAR *arguments);

void measure_scenarios(void);
void measure_pairs(void);
void measure_network(void);

#endif
