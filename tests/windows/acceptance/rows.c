/*
 * Rows, as rows.h tells: owns the file that they are written to and the count
 * of each verdict. Refuses to call anything passed that was not seen.
 */
#include "tests/windows/acceptance/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/json.h"

#include "engine/banned.h"

static const char *const names[VERDICTS] = {
	[PASSED] = "passed",
	[FAILED] = "FAILED",
	[MEASURED] = "measured",
	[NOT_RESTRICTED] = "not restricted here",
	[NOT_MEASURED] = "not measured",
	[SKIPPED] = "skipped",
};

static FILE *file;
static const char *asks, *answer, *plain_answer; /* of the next row */
static unsigned counts[VERDICTS];
static bool restricted;

bool rows_begin(const char *path)
{
	if (path == NULL)
		return true;
	file = fopen(path, "ab");
	return file != NULL;
}

void rows_tokens_are_restricted(bool are)
{
	restricted = are;
}

bool rows_restricted(void)
{
	return restricted;
}

static void write_row(const char *name, const char *expected, const char *seen,
		      enum verdict verdict)
{
	struct sbk_buf buf = SBK_BUF_INIT;

	sbk_json_open(&buf, '{');
	sbk_json_string(&buf, "name", name);
	sbk_json_string(&buf, "expected", expected);
	sbk_json_string(&buf, "seen", seen);
	sbk_json_string(&buf, "verdict", names[verdict]);
	if (asks != NULL &&
	    (verdict == PASSED || verdict == FAILED || verdict == MEASURED)) {
		sbk_json_string(&buf, "asks", asks);
		sbk_json_string(&buf, "answer", answer);
		if (plain_answer != NULL)
			sbk_json_string(&buf, "plain", plain_answer);
	}
	sbk_json_close(&buf, '}');
	if (buf.failure != 0 ||
	    fprintf(file, "%.*s\n", (int)buf.size, buf.data) < 0)
		counts[FAILED]++;
	/* The next row may be the one that ends this program. */
	(void)fflush(file);
	sbk_buf_release(&buf);
}

void row_answers(const char *of, const char *what, const char *plain)
{
	asks = of;
	answer = what;
	plain_answer = plain;
}

void row(const char *name, const char *expected, enum verdict verdict,
	 const char *format, ...)
{
	char seen[4096];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(seen, sizeof(seen), format, arguments);
	va_end(arguments);
	counts[verdict]++;
	(void)printf("%-19s %s: expected %s: %s\n", names[verdict], name,
		     expected, seen);
	(void)fflush(stdout);
	if (file != NULL)
		write_row(name, expected, seen, verdict);
	row_answers(NULL, NULL, NULL);
}

void row_denial(const char *name, bool of_token, DWORD control, DWORD denied)
{
	enum verdict verdict = FAILED;

	if (control != 0)
		verdict = NOT_MEASURED;
	else if (of_token && !restricted)
		verdict = NOT_RESTRICTED;
	else if (denied == ERROR_ACCESS_DENIED)
		verdict = PASSED;
	row(name, "denied (5), control done (0)", verdict, "%lu, control %lu",
	    denied, control);
}

int rows_end(void)
{
	int v;

	for (v = 0; v < VERDICTS; v++)
		(void)printf("%s%u %s", v == 0 ? "" : ", ", counts[v],
			     names[v]);
	(void)printf("\n");
	if (file != NULL && fclose(file) != 0)
		counts[FAILED]++;
	if (counts[FAILED] > 0)
		return 1;
	return counts[SKIPPED] + counts[NOT_MEASURED] + counts[NOT_RESTRICTED] >
			       0
		       ? 2
		       : 0;
}
