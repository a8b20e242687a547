/* UTF-8 and UTF-16, character by character. */
#include "engine/ntsec/utf.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define CHARACTER_MAX 0x10FFFFu

/* What the first byte says: how many follow, its own bits, and the least
 * character that needs so many. */
static const struct lead {
	uint8_t mask, value;
	uint8_t more;
	uint32_t least;
} leads[] = {
	{0x80, 0x00, 0, 0},
	{0xE0, 0xC0, 1, 0x80},
	{0xF0, 0xE0, 2, 0x800},
	{0xF8, 0xF0, 3, 0x10000},
};

size_t sbk_utf8_next(const char *text, size_t size, uint32_t *character)
{
	const uint8_t *bytes = (const uint8_t *)text;
	uint32_t value;
	size_t i, k;

	for (k = 0; k < sizeof(leads) / sizeof(leads[0]) && size > 0; k++) {
		if ((bytes[0] & leads[k].mask) != leads[k].value)
			continue;
		if (size <= leads[k].more)
			return 0;
		value = bytes[0] & (uint8_t)~leads[k].mask;
		for (i = 1; i <= leads[k].more; i++) {
			if ((bytes[i] & 0xC0) != 0x80)
				return 0;
			value = value << 6 | (bytes[i] & 0x3F);
		}
		if (value < leads[k].least || value > CHARACTER_MAX)
			return 0;
		*character = value;
		return 1 + (size_t)leads[k].more;
	}
	return 0;
}

static void add_unit(struct sbk_buf *out, uint32_t unit)
{
	uint8_t bytes[2];

	put_u16le(bytes, (uint16_t)unit);
	sbk_buf_add(out, bytes, sizeof(bytes));
}

void sbk_utf16_add(struct sbk_buf *out, uint32_t character)
{
	if (character < 0x10000) {
		add_unit(out, character);
		return;
	}
	add_unit(out, 0xD800 + ((character - 0x10000) >> 10));
	add_unit(out, 0xDC00 + ((character - 0x10000) & 0x3FF));
}

size_t sbk_utf16_next(const uint8_t *data, size_t size, uint32_t *character)
{
	uint32_t first = get_u16le(data), second;

	*character = first;
	if (first < 0xD800 || first > 0xDBFF || size < 4)
		return 2;
	second = get_u16le(data + 2);
	if (second < 0xDC00 || second > 0xDFFF)
		return 2;
	*character = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
	return 4;
}

void sbk_utf8_add(struct sbk_buf *out, uint32_t character)
{
	char bytes[4];
	size_t k = 0, i;

	while (k < 3 && character >= leads[k + 1].least)
		k++;
	for (i = k; i > 0; i--, character >>= 6)
		bytes[i] = (char)(0x80 | (character & 0x3F));
	bytes[0] = (char)(leads[k].value | character);
	sbk_buf_add(out, bytes, k + 1);
}
