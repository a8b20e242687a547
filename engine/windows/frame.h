/*
 * What the front end and sandbook-runner say to each other: frames of a length
 * and a JSON text, and the table of which one is due when (WINDOWS.md part 6).
 * Portable. Each side takes the other for hostile: the runner lives under the
 * sandbox account, and its caller might be anybody.
 *
 *	phase      the front end sends       the runner sends
 *	GREETING   hello -> GREETED
 *	GREETED                              hello -> IDLE
 *	IDLE       start -> STARTING
 *	STARTING   what may cross            started -> MADE, error -> IDLE
 *	MADE       begin -> RUNNING, and
 *	           what may cross
 *	RUNNING    what may cross            output, took, exit -> IDLE,
 *	                                     error -> IDLE
 *
 * In MADE the command is there and has not run: its record is made meanwhile.
 *
 * "What may cross" is input, close, size and stop, sent before an end was seen:
 * due in IDLE too, where they mean nothing. A pipe keeps their order, so none
 * of them reaches the next command.
 *
 * Streams are numbered 0 to 2 as elsewhere; 3 is the run's terminal: what is
 * typed in it, and what it draws. Of each that has input the front end sends
 * SBK_FRAME_WINDOW bytes at most beyond those that the runner said it `took`:
 * so the runner can always receive, and neither size nor stop waits for a
 * command that reads nothing.
 */
#ifndef SBK_WINDOWS_FRAME_H
#define SBK_WINDOWS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buf.h"

#define SBK_FRAME_VERSION 1
#define SBK_FRAME_BYTES_MAX (1 << 20) /* of the JSON text */
#define SBK_FRAME_DATA_MAX (64 << 10) /* bytes of one input or output */
#define SBK_FRAME_WINDOW (128 << 10)  /* of one stream's input on its way */
#define SBK_FRAME_TERMINAL 3	      /* the number of that stream */
#define SBK_FRAME_WORDS_MAX 4096      /* arguments, variables, SIDs */
#define SBK_FRAME_LIMIT_MAX ((uint64_t)1 << 40)

#define SBK_FRAME_MAP(X)      \
	X(HELLO, "hello")     \
	X(START, "start")     \
	X(INPUT, "input")     \
	X(CLOSE, "close")     \
	X(SIZE, "size")       \
	X(STOP, "stop")       \
	X(STARTED, "started") \
	X(BEGIN, "begin")     \
	X(TOOK, "took")       \
	X(OUTPUT, "output")   \
	X(EXIT, "exit")       \
	X(ERROR, "error")

enum sbk_frame_type {
#define SBK_FRAME_ENUM(name, text) SBK_FRAME_##name,
	SBK_FRAME_MAP(SBK_FRAME_ENUM)
#undef SBK_FRAME_ENUM
		SBK_FRAME_TYPES
};

/* One frame. Which members it has is its type's; strings are never NULL. */
struct sbk_frame {
	enum sbk_frame_type type;
	/* start: NULL-ended lists */
	const char *const *argv, *const *environment, *const *roots;
	const char *program, *directory;
	const char *temporary; /* "": none */
	const char *run;       /* the SID of this run alone (synthetic.h) */
	uint64_t timeout_s, memory_mib, processes;
	bool offline, best_effort;
	uint32_t terminal; /* bits: which of the streams are its terminal's */
	uint32_t columns, rows; /* start, size: 1 to 32767 */
	/* input, took: 0 or 3; output: 1 to 3 */
	uint32_t stream;
	uint32_t taken; /* took: bytes */
	const uint8_t *data;
	size_t data_size; /* 1 to SBK_FRAME_DATA_MAX */
	/* hello (whose process), started */
	uint64_t process;
	bool limits; /* started: those of its job were all read back */
	/* exit */
	uint32_t code;
	bool timed_out;
	uint64_t duration_ms;
	/* error */
	const char *step, *message;
	int error; /* SBK_E_* */
	uint32_t os_code;
	struct sbk_arena arena; /* owns what a parsed frame points to */
};

void sbk_frame_release(struct sbk_frame *frame);

/* Appends the frame, length and text. SBK_E_INVAL: not UTF-8; SBK_E_LIMIT. */
int sbk_frame_write(const struct sbk_frame *frame, struct sbk_buf *out,
		    struct sbk_error *err);

/*
 * Takes the first frame out of what was received: 1, or 0 where more bytes are
 * needed. SBK_E_PARSE, SBK_E_LIMIT, SBK_E_UNSUPPORTED (another version): the
 * connection is of no more use.
 */
int sbk_frame_read(struct sbk_buf *received, struct sbk_frame *out,
		   struct sbk_error *err);

enum sbk_frame_side { SBK_FRAME_FRONT, SBK_FRAME_RUNNER };
enum sbk_frame_phase {
	SBK_FRAME_GREETING,
	SBK_FRAME_GREETED,
	SBK_FRAME_IDLE,
	SBK_FRAME_STARTING,
	SBK_FRAME_MADE,
	SBK_FRAME_RUNNING
};

/* Moves to the next phase, or says that a frame of this type is not due. */
int sbk_frame_due(enum sbk_frame_side sender, enum sbk_frame_type type,
		  enum sbk_frame_phase *phase, struct sbk_error *err);

#endif
