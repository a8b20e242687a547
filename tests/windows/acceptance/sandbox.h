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
/* In the text "@" is that directory, and %NAME% what the environment has. */
void sandbox_expand(const WCHAR *text, WCHAR *out, size_t units);
/*
 * An act of this program (inside.c) in a run with these options, whose working
 * directory is `root` of the place. Its code; NEVER_RAN and why in `text`
 * where it did not begin: what denies then is not the sandbox.
 */
DWORD sandbox_act(const WCHAR *root, const WCHAR *options,
		  const WCHAR *arguments, char *text, size_t size);
/* The exit code of the last one's `sandbook run` itself. */
DWORD sandbox_code(void);
/* The same, begun; for end_of(). */
DWORD sandbox_start(const WCHAR *root, const WCHAR *options,
		    const WCHAR *arguments, struct process *out);
/* The same act by ourselves: the control. */
DWORD plain_act(const WCHAR *arguments);

/* `sandbook WORDS`, and its exit code. */
DWORD sandbox_say(const WCHAR *words, char *text, size_t size);

void measure_scenarios(void);
void measure_refusals(void);
void measure_session(void);
void measure_pairs(void);
void measure_network(void);
/* Two persons (persons.c): FACTS is a file that both may read. */
void measure_hold(const WCHAR *path);
void measure_persons(const WCHAR *path);

#endif
