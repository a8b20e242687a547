/*
 * What was measured on Windows, beside engine/ntsec/access_table.c: the rows of
 * acceptance.exe (rows.h) say an answer for a right or a question; this says
 * where the table says another one, and writes the table as it would be.
 *
 *	rc = measured_read(text, size, &measured, err);
 *	code = measured_compare(&measured, stdout);
 *	measured_paste(&measured, stdout);
 */
#ifndef SBK_ACCEPTANCE_MEASURED_H
#define SBK_ACCEPTANCE_MEASURED_H

#include <stdio.h>

#include "engine/error.h"
#include "engine/ntsec/access_table.h"

#define MEASURED_ROWS_MAX 64

enum measured_answer { MEASURED_NOTHING, MEASURED_FIRST, MEASURED_BOTH };

/* Of one kind of objects: what a right needs. Where two measurements say two
 * things, as of a file and of a directory, `disputed`. */
struct measured_right {
	enum measured_answer write_restricted, plain;
	bool disputed;
};

enum measured_object { MEASURED_FILES, MEASURED_KEYS, MEASURED_OBJECTS };

struct measured {
	char system[100]; /* "Windows 10.0.22631.4", as far as it is said */
	struct measured_right rights[MEASURED_OBJECTS][32]; /* by bit */
	enum sbk_access_known_answer questions[SBK_ASK_COUNT];
	bool disputed[SBK_ASK_COUNT];
	size_t rows;  /* that said an answer to the table */
	size_t other; /* of other objects, or unknown: no table has them */
};

/*
 * acceptance.json, or lines of rows as --out makes them. SBK_E_PARSE with the
 * line; `out` is whole then, but says nothing.
 */
int measured_read(const char *text, size_t size, struct measured *out,
		  struct sbk_error *err);

/* A line for each row of the table. Returns 0: all were measured, and agree;
 * 1: one contradicts or settles; 2: none does, and not all were measured. */
int measured_compare(const struct measured *measured, FILE *out);

/* Both arrays of access_table.c, and the rows of README.md that change. */
void measured_paste(const struct measured *measured, FILE *out);

#endif
