/*
 * What a run makes of the caller's console (WINDOWS.md part 6, "The terminal"):
 * which streams become the run's own terminal, in which modes the console is
 * meanwhile, and how keys and drawings go through. Portable; the numbers are
 * those of "SetConsoleMode function" and "KEY_EVENT_RECORD structure".
 */
#ifndef SBK_WINDOWS_CONSOLE_RULES_H
#define SBK_WINDOWS_CONSOLE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"

enum sbk_stream_kind {
	SBK_STREAM_NONE,
	SBK_STREAM_CONSOLE,
	SBK_STREAM_PIPE,
	SBK_STREAM_OTHER
};

struct sbk_console_plan {
	uint32_t terminal; /* bits: these become the run's terminal */
	bool no_input;	   /* standard input is a console, and is kept back */
};

/*
 * A terminal where standard output is a console, or standard error is one and
 * output goes to no pipe: whoever is at that pipe's other end, a pager, reads
 * the keys. Then a console's input is kept back, and its output is carried.
 */
void sbk_console_plan(const enum sbk_stream_kind kinds[3],
		      struct sbk_console_plan *out);

/* The console's modes while the run has it. `bare`: a line feed does not go to
 * the line's begin, which not every version can be asked for. */
uint32_t sbk_console_input_mode(uint32_t before);
uint32_t sbk_console_output_mode(uint32_t before, bool bare);

/* What was read of a character in two records. */
struct sbk_console_keys {
	uint16_t high; /* half of a pair, or 0 */
};

struct sbk_console_key {
	bool down;
	uint16_t key, unit, repeat; /* virtual key, UTF-16, times */
};

/* Appends the UTF-8 of what the record types, if anything. */
void sbk_console_key(struct sbk_console_keys *keys,
		     const struct sbk_console_key *key, struct sbk_buf *out);

/* A text that comes in pieces, cut anywhere. */
struct sbk_console_text {
	uint32_t value, least; /* of the character that is not whole */
	unsigned missing;      /* of its bytes */
};

/* UTF-16 of `size` bytes of UTF-8, U+FFFD for what is none; at most size + 1
 * units. Returns their number. */
size_t sbk_console_units(struct sbk_console_text *text, const uint8_t *data,
			 size_t size, uint16_t *out);

/* What is written when the run has drawn its last: sequences that end what may
 * be cut off, and the modes in which a terminal types by itself. */
extern const char sbk_console_closing[];

#endif
