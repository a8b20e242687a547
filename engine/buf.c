/*
 * Buffers and arenas. The only place that grows memory for text; the maximum
 * is SBK_BUF_BYTES_MAX, callers with a smaller one check their own.
 */
#include "engine/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define ARENA_BLOCK_BYTES ((size_t)64 << 10)

struct sbk_arena_block {
	struct sbk_arena_block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

void sbk_buf_release(struct sbk_buf *buf)
{
	free(buf->data);
	*buf = (struct sbk_buf)SBK_BUF_INIT;
}

void sbk_buf_clear(struct sbk_buf *buf)
{
	buf->size = 0;
	buf->failure = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

static bool grow(struct sbk_buf *buf, size_t more)
{
	size_t capacity = buf->capacity > 0 ? buf->capacity : 64;
	char *data;

	if (buf->failure < 0)
		return false;
	if (more > SBK_BUF_BYTES_MAX - buf->size - 1) {
		buf->failure = SBK_E_LIMIT;
		return false;
	}
	while (capacity < buf->size + more + 1)
		capacity *= 2;
	data = realloc(buf->data, capacity);
	if (data == NULL) {
		buf->failure = SBK_E_NOMEM;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

/* Makes room for `more` bytes and the terminator. Mostly there is some, and
 * no capacity is beyond the maximum, which is a power of two. */
static bool reserve(struct sbk_buf *buf, size_t more)
{
	if (more < SBK_BUF_BYTES_MAX && buf->size + more < buf->capacity)
		return buf->failure == 0;
	return grow(buf, more);
}

void sbk_buf_add(struct sbk_buf *buf, const void *data, size_t size)
{
	if (!reserve(buf, size))
		return;
	if (size > 0)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void sbk_buf_adds(struct sbk_buf *buf, const char *text)
{
	sbk_buf_add(buf, text, strlen(text));
}

void sbk_buf_addc(struct sbk_buf *buf, char c)
{
	if (!reserve(buf, 1))
		return;
	buf->data[buf->size++] = c;
	buf->data[buf->size] = '\0';
}

void sbk_buf_printf(struct sbk_buf *buf, const char *fmt, ...)
{
	va_list args;
	int needed;

	va_start(args, fmt);
	needed = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (needed < 0 || !reserve(buf, (size_t)needed))
		return;
	va_start(args, fmt);
	(void)vsnprintf(buf->data + buf->size, (size_t)needed + 1, fmt, args);
	va_end(args);
	buf->size += (size_t)needed;
}

void sbk_buf_add_hex(struct sbk_buf *buf, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < size; i++) {
		sbk_buf_addc(buf, digits[bytes[i] >> 4]);
		sbk_buf_addc(buf, digits[bytes[i] & 15]);
	}
}

int sbk_buf_failed(const struct sbk_buf *buf, struct sbk_error *err)
{
	if (buf->failure == 0)
		return 0;
	return sbk_error_set(err, buf->failure, "%s",
			     sbk_error_text(buf->failure));
}

const char *sbk_buf_text(const struct sbk_buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *sbk_buf_steal(struct sbk_buf *buf)
{
	char *data;

	sbk_buf_add(buf, "", 0);
	if (buf->failure < 0) {
		sbk_buf_release(buf);
		return NULL;
	}
	data = buf->data;
	*buf = (struct sbk_buf)SBK_BUF_INIT;
	return data;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool sbk_hex_decode(const char *text, void *out, size_t size)
{
	unsigned char *bytes = out;
	size_t i;

	if (strlen(text) != 2 * size)
		return false;
	for (i = 0; i < size; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void sbk_arena_release(struct sbk_arena *arena)
{
	while (arena->blocks != NULL) {
		struct sbk_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}

static struct sbk_arena_block *block_new(size_t size)
{
	struct sbk_arena_block *block;

	if (size < ARENA_BLOCK_BYTES)
		size = ARENA_BLOCK_BYTES;
	block = calloc(1, sizeof(*block) + size);
	if (block != NULL)
		block->size = size;
	return block;
}

void *sbk_arena_alloc(struct sbk_arena *arena, size_t size)
{
	struct sbk_arena_block *block = arena->blocks;
	const size_t align = sizeof(max_align_t);
	void *data;

	if (size > SBK_BUF_BYTES_MAX)
		return NULL;
	size = (size + align - 1) / align * align;
	if (block == NULL || block->size - block->used < size) {
		block = block_new(size);
		if (block == NULL)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	data = (char *)block->data + block->used;
	block->used += size;
	return data;
}

char *sbk_arena_copy(struct sbk_arena *arena, const void *data, size_t size)
{
	char *copy = sbk_arena_alloc(arena, size + 1);

	if (copy != NULL && size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *sbk_arena_strdup(struct sbk_arena *arena, const char *text)
{
	return sbk_arena_copy(arena, text, strlen(text));
}

const char *sbk_plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}
