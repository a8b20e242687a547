/*
 * What the acceptance suite has found: a row each, printed as it comes, and
 * written as a line of JSON to the file of --out.
 *
 * A denial counts only beside its positive control, and a row about a
 * restricted token only where the token is restricted: Wine restricts none.
 */
#ifndef SBK_ACCEPTANCE_ROWS_H
#define SBK_ACCEPTANCE_ROWS_H

#include <stdbool.h>
#include <windows.h>

#include "engine/error.h"

enum verdict {
	PASSED,
	FAILED,
	MEASURED,	/* nothing was expected: data */
	NOT_RESTRICTED, /* the system restricts no token: nothing was seen */
	NOT_MEASURED,	/* the control failed: the denial says nothing */
	SKIPPED,
	VERDICTS
};

/* False where the file cannot be made. */
bool rows_begin(const char *path);
/* "GROUP/WHAT", what is expected, and what was seen, of which the format
 * begins. */
void row(const char *name, const char *expected, enum verdict verdict,
	 const char *format, ...) SBK_PRINTF(4, 5);
/*
 * What the next row says to engine/ntsec/access_table.c (measured.c reads it):
 * "right/file/0x00010000" or "question/OWNER_READS", and "first", "both", "yes"
 * or "no"; `plain` is the same of a token that is restricted as a whole, or
 * NULL. Nothing is said by a row that is neither passed, failed nor measured.
 */
void row_answers(const char *asks, const char *answer, const char *plain);
/*
 * The row of a denial: `control` and `denied` are the codes of the system's
 * errors (0: it was done), `of_token` whether it is a restricted token that
 * denies.
 */
void row_denial(const char *name, bool of_token, DWORD control, DWORD denied);
/* 0: all passed or measured; 1: some failed; 2: some were not seen. */
int rows_end(void);

/* Said once, by whoever made the first restricted token. */
void rows_tokens_are_restricted(bool restricted);
bool rows_restricted(void);

#endif
