/*
 * A growing byte buffer with a hard maximum, always terminated by a zero
 * byte that is not counted, and an arena for the many small strings of a
 * plan.
 *
 * Appending never needs a check of its own: a failure is remembered, later
 * appends do nothing, and the one check stands where the result is used.
 *
 *	struct sbk_buf buf = SBK_BUF_INIT;
 *	sbk_buf_printf(&buf, "mode %04o\n", mode);
 *	if (sbk_buf_failed(&buf, err) < 0)
 *		goto out;
 *	...
 *	sbk_buf_release(&buf);
 */
#ifndef SBK_BUF_H
#define SBK_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

#define SBK_BUF_BYTES_MAX ((size_t)256 << 20)

struct sbk_buf {
	char *data; /* NULL until the first append; then terminated */
	size_t size;
	size_t capacity;
	int failure; /* SBK_E_NOMEM or SBK_E_LIMIT once an append failed */
};

#define SBK_BUF_INIT         \
	{                    \
		.data = NULL \
	}

void sbk_buf_release(struct sbk_buf *buf);
void sbk_buf_clear(struct sbk_buf *buf); /* empty again, memory kept */
void sbk_buf_add(struct sbk_buf *buf, const void *data, size_t size);
void sbk_buf_adds(struct sbk_buf *buf, const char *text);
void sbk_buf_addc(struct sbk_buf *buf, char c);
void sbk_buf_printf(struct sbk_buf *buf, const char *fmt, ...) SBK_PRINTF(2, 3);
/* Lower-case hexadecimal, two digits a byte. */
void sbk_buf_add_hex(struct sbk_buf *buf, const void *data, size_t size);
/* 0, or the remembered failure with a message in `err`. */
int sbk_buf_failed(const struct sbk_buf *buf, struct sbk_error *err);
/* The text, "" when empty. Borrowed until the next append. */
const char *sbk_buf_text(const struct sbk_buf *buf);
/* Hands the memory over; the caller frees it. NULL after a failure. */
char *sbk_buf_steal(struct sbk_buf *buf);

/* Reads hexadecimal into `out`; false unless `text` is exactly 2*size digits.
 */
bool sbk_hex_decode(const char *text, void *out, size_t size);

/*
 * Strings that live as long as the arena. Freed all at once.
 */
struct sbk_arena {
	struct sbk_arena_block *blocks;
};

#define SBK_ARENA_INIT         \
	{                      \
		.blocks = NULL \
	}

void sbk_arena_release(struct sbk_arena *arena);
/* Aligned for any type, zeroed; NULL when memory is gone. */
void *sbk_arena_alloc(struct sbk_arena *arena, size_t size);
/* A terminated copy of `size` bytes; NULL when memory is gone. */
char *sbk_arena_copy(struct sbk_arena *arena, const void *data, size_t size);
char *sbk_arena_strdup(struct sbk_arena *arena, const char *text);

/* `one` or `many`, after the count of things that is printed. */
const char *sbk_plural(uint64_t count, const char *one, const char *many);

#endif
