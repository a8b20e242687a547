/*
 * Text between UTF-8, which we write and read, and UTF-16, which stands in
 * conditions and attributes. A surrogate without its other half has three bytes
 * in UTF-8, so that any units survive the way there and back.
 */
#ifndef SBK_NTSEC_UTF_H
#define SBK_NTSEC_UTF_H

#include "engine/buf.h"

/* Bytes of the first character, or 0 where it is malformed or cut off. */
size_t sbk_utf8_next(const char *text, size_t size, uint32_t *character);
/* Appends one or two units, little-endian. */
void sbk_utf16_add(struct sbk_buf *out, uint32_t character);
/* Bytes of the first character (2 or 4); `size` is even and not 0. */
size_t sbk_utf16_next(const uint8_t *data, size_t size, uint32_t *character);
void sbk_utf8_add(struct sbk_buf *out, uint32_t character);

#endif
