/*
 * Errors: a function returns 0 or a negative code and fills a record that
 * its caller owns. There is no "last error" and nothing here allocates.
 *
 *	struct sbk_error err = SBK_ERROR_INIT;
 *	if (sbk_thing_do(thing, &err) < 0)
 *		fprintf(stderr, "sandbook: %s\n", err.message);
 */
#ifndef SBK_ERROR_H
#define SBK_ERROR_H

#include <stddef.h>
#include <stdint.h>

/*
 * `err` may be NULL where a caller wants the code alone, as many a look does
 * that expects to find nothing. Only what makes a run (policy and scope, view,
 * launch: engine/run.h) and the commands read what was recorded below them,
 * and are always given a record. tests/rules has their list and holds all
 * other files to it.
 */
#define SBK_ERROR_MAP(X)                                            \
	X(INVAL, "invalid argument")                                \
	X(PARSE, "input is malformed")                              \
	X(LIMIT, "input exceeds a fixed limit")                     \
	X(NOMEM, "out of memory")                                   \
	X(NOTFOUND, "object does not exist")                        \
	X(EXISTS, "object exists and is not ours")                  \
	X(DENIED, "the system refused")                             \
	X(IO, "input/output failure")                               \
	X(BUSY, "another process holds the journal")                \
	X(CONFLICT, "object is not in the state that was expected") \
	X(CORRUPT, "journal is damaged")                            \
	X(UNSUPPORTED, "this system cannot do what was asked")      \
	X(INCOMPLETE, "something is still owed")                    \
	X(INTERRUPTED, "interrupted")

enum sbk_error_ordinal {
#define SBK_ERROR_ORDINAL(name, text) SBK_ERROR_ORDINAL_##name,
	SBK_ERROR_MAP(SBK_ERROR_ORDINAL)
#undef SBK_ERROR_ORDINAL
		SBK_ERROR_COUNT
};

enum sbk_error_code {
	SBK_OK = 0,
#define SBK_ERROR_CODE(name, text) \
	SBK_E_##name = -(SBK_ERROR_ORDINAL_##name + 1),
	SBK_ERROR_MAP(SBK_ERROR_CODE)
#undef SBK_ERROR_CODE
};

struct sbk_error {
	int code;	   /* SBK_E_*, or SBK_OK when nothing is recorded */
	uint32_t os_code;  /* errno or GetLastError(); 0 if none */
	size_t offset;	   /* byte offset into parsed input, or SIZE_MAX */
	char message[512]; /* one line, no newline, always terminated */
};

#define SBK_ERROR_INIT                             \
	{                                          \
		.code = SBK_OK, .offset = SIZE_MAX \
	}

/* Where the C library's printf is not the standard's, the build names the style
 * of the one that we link (cmake/windows.cmake). */
#ifndef SBK_PRINTF_STYLE
#define SBK_PRINTF_STYLE printf
#endif
#if defined(__GNUC__)
#define SBK_PRINTF(fmt, args) \
	__attribute__((format(SBK_PRINTF_STYLE, fmt, args)))
#else
#define SBK_PRINTF(fmt, args)
#endif

/*
 * Records `code` with a message and returns `code`, so that a failure is one
 * statement: return sbk_error_set(err, SBK_E_INVAL, "...", ...). `err` may be
 * NULL. Control bytes in the finished message are replaced by '?', so that a
 * hostile file name cannot forge a second line.
 */
int sbk_error_set(struct sbk_error *err, int code, const char *fmt, ...)
	SBK_PRINTF(3, 4);

/* SBK_E_NOMEM in its one sentence. */
int sbk_error_no_memory(struct sbk_error *err);

/* Puts "text: " before the recorded message; returns err->code. */
int sbk_error_prefix(struct sbk_error *err, const char *fmt, ...)
	SBK_PRINTF(2, 3);

/* The general sentence of a code; "success" for 0. */
const char *sbk_error_text(int code);

/* Forgets what is recorded. */
void sbk_error_clear(struct sbk_error *err);

#endif
