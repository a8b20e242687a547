/*
 * JSON and escaped text, written. Owns the rules for hostile names in output;
 * reads no JSON (jansson does).
 */
#include "engine/json.h"

#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

/* Length of the UTF-8 sequence at `text` (1 to 4), or 0 where it is none. */
static size_t utf8_length(const char *text, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t length, i;

	if (size == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (size < length)
		return 0;
	for (i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Whether one of eight bytes is not plain. A byte from 0x80 on tells itself;
 * of the others, only what is below what is subtracted sets its top bit. */
static bool any_special(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	const uint64_t quote = bytes ^ ones * '"';
	const uint64_t backslash = bytes ^ ones * '\\';
	const uint64_t del = bytes ^ ones * 0x7f;

	return ((bytes | (bytes - ones * 0x20) | (quote - ones) |
		 (backslash - ones) | (del - ones)) &
		tops) != 0;
}

/* How many bytes at the beginning of `text` stand for themselves in a string.
 * Eight at a time, because a journal is made of paths and hashes. */
static size_t plain_length(const char *text, size_t size)
{
	size_t i = 0;
	uint64_t bytes;

	for (; size - i >= sizeof(bytes); i += sizeof(bytes)) {
		memcpy(&bytes, text + i, sizeof(bytes));
		if (any_special(bytes))
			break;
	}
	while (i < size && is_plain((unsigned char)text[i]))
		i++;
	return i;
}

static bool is_utf8(const char *text, size_t size)
{
	while (size > 0) {
		size_t length = (unsigned char)*text < 0x80
					? 1
					: utf8_length(text, size);

		if (length == 0)
			return false;
		text += length;
		size -= length;
	}
	return true;
}

static void add_separator(struct sbk_buf *buf)
{
	char last;

	if (buf->size == 0)
		return;
	last = buf->data[buf->size - 1];
	if (last != '{' && last != '[' && last != ':' && last != '\n')
		sbk_buf_addc(buf, ',');
}

static void add_escaped_byte(struct sbk_buf *buf, unsigned char c)
{
	switch (c) {
	case '"':
		sbk_buf_adds(buf, "\\\"");
		break;
	case '\\':
		sbk_buf_adds(buf, "\\\\");
		break;
	case '\n':
		sbk_buf_adds(buf, "\\n");
		break;
	case '\t':
		sbk_buf_adds(buf, "\\t");
		break;
	default:
		sbk_buf_printf(buf, "\\u%04x", c);
	}
}

static void add_quoted(struct sbk_buf *buf, const char *text, size_t size)
{
	size_t i = 0;

	sbk_buf_addc(buf, '"');
	while (i < size) {
		const size_t run = plain_length(text + i, size - i);
		size_t length;

		sbk_buf_add(buf, text + i, run);
		i += run;
		if (i == size)
			break;
		length = utf8_length(text + i, size - i);
		if (length > 1)
			sbk_buf_add(buf, text + i, length);
		else if (length == 1)
			add_escaped_byte(buf, (unsigned char)text[i]);
		else
			sbk_buf_adds(buf, "\xef\xbf\xbd");
		i += length > 0 ? length : 1;
	}
	sbk_buf_addc(buf, '"');
}

void sbk_json_key(struct sbk_buf *buf, const char *key)
{
	add_separator(buf);
	if (key == NULL)
		return;
	add_quoted(buf, key, strlen(key));
	sbk_buf_addc(buf, ':');
}

void sbk_json_open(struct sbk_buf *buf, char bracket)
{
	sbk_json_open_key(buf, NULL, bracket);
}

void sbk_json_open_key(struct sbk_buf *buf, const char *key, char bracket)
{
	sbk_json_key(buf, key);
	sbk_buf_addc(buf, bracket);
}

void sbk_json_close(struct sbk_buf *buf, char bracket)
{
	sbk_buf_addc(buf, bracket);
}

void sbk_json_string(struct sbk_buf *buf, const char *key, const char *text)
{
	if (text == NULL) {
		sbk_json_null(buf, key);
		return;
	}
	sbk_json_key(buf, key);
	add_quoted(buf, text, strlen(text));
}

void sbk_json_name(struct sbk_buf *buf, const char *key, const char *text)
{
	const size_t size = strlen(text), plain = plain_length(text, size);

	if (plain == size || is_utf8(text + plain, size - plain)) {
		sbk_json_key(buf, key);
		add_quoted(buf, text, size);
		return;
	}
	add_separator(buf);
	sbk_buf_printf(buf, "\"%s_hex\":\"", key);
	sbk_buf_add_hex(buf, text, size);
	sbk_buf_addc(buf, '"');
}

void sbk_json_integer(struct sbk_buf *buf, const char *key, int64_t value)
{
	/* By hand, because a journal writes hundreds of thousands of them. */
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	if (value < 0)
		digits[--at] = '-';
	sbk_json_key(buf, key);
	sbk_buf_add(buf, digits + at, sizeof(digits) - at);
}

void sbk_json_owner(struct sbk_buf *buf, const char *key,
		    const struct sbk_owner *owner)
{
	uint32_t number;

	if (sbk_owner_number(owner, &number))
		sbk_json_integer(buf, key, number);
	else
		sbk_json_string(buf, key, owner->text);
}

void sbk_json_bool(struct sbk_buf *buf, const char *key, bool value)
{
	sbk_json_key(buf, key);
	sbk_buf_adds(buf, value ? "true" : "false");
}

void sbk_json_null(struct sbk_buf *buf, const char *key)
{
	sbk_json_key(buf, key);
	sbk_buf_adds(buf, "null");
}

static uint32_t utf8_value(const char *text, size_t length)
{
	static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t value = (unsigned char)text[0] & first[length];
	size_t i;

	for (i = 1; i < length; i++)
		value = value << 6 | ((unsigned char)text[i] & 0x3f);
	return value;
}

/* Characters that change how the rest of a line looks (Unicode, UAX #9). */
static bool is_deceptive(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void sbk_text_escape(struct sbk_buf *buf, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		size_t length = utf8_length(text, size);
		uint32_t c = length > 0 ? utf8_value(text, length) : 0;

		if (length == 0)
			sbk_buf_printf(buf, "\\x%02x", (unsigned char)*text);
		else if (is_deceptive(c))
			sbk_buf_printf(buf, c < 0x80 ? "\\x%02x" : "\\u{%04x}",
				       (unsigned int)c);
		else if (c == '\\')
			sbk_buf_adds(buf, "\\\\");
		else
			sbk_buf_add(buf, text, length);
		length = length > 0 ? length : 1;
		text += length;
		size -= length;
	}
}

static bool is_shell_word(const char *name)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789/._-+:@%,=";

	return name[0] != '\0' && name[strspn(name, safe)] == '\0';
}

/* Nothing that sbk_text_escape would escape, but for the backslash. */
static bool is_honest(const char *name)
{
	size_t size = strlen(name), length;

	for (; size > 0; name += length, size -= length) {
		length = utf8_length(name, size);
		if (length == 0 || is_deceptive(utf8_value(name, length)))
			return false;
	}
	return true;
}

void sbk_text_quote(struct sbk_buf *buf, const char *name)
{
	bool honest = is_honest(name);

	if (is_shell_word(name)) {
		sbk_buf_adds(buf, name);
		return;
	}
	sbk_buf_adds(buf, honest ? "'" : "$'");
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (honest && c == '\'')
			sbk_buf_adds(buf, "'\\''");
		else if (!honest && (c == '\'' || c == '\\'))
			sbk_buf_printf(buf, "\\%c", c);
		else if (!honest && (c < 0x20 || c > 0x7e))
			sbk_buf_printf(buf, "\\%03o", c);
		else
			sbk_buf_addc(buf, (char)c);
	}
	sbk_buf_addc(buf, '\'');
}
