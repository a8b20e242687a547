/*
 * The smallest parts of SDDL's text, read: blanks, numbers, SIDs, GUIDs,
 * strings, octets, names. Knows nothing of what they are parts of.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sddl_lex.h"
#include "engine/ntsec/utf.h"

#include "engine/banned.h"

int sbk_lex_fail(const struct sbk_lex *lex, size_t offset, int code,
		 const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args); /* may be cut short */
	va_end(args);
	(void)sbk_error_set(lex->err, code, "SDDL, byte %zu: %s", offset, text);
	if (lex->err != NULL)
		lex->err->offset = offset;
	return code;
}

char sbk_lex_ahead(const struct sbk_lex *lex, size_t ahead)
{
	return ahead < lex->size - lex->at ? lex->text[lex->at + ahead] : '\0';
}

char sbk_lex_peek(const struct sbk_lex *lex)
{
	return sbk_lex_ahead(lex, 0);
}

void sbk_lex_space(struct sbk_lex *lex)
{
	while (lex->at < lex->size &&
	       (lex->text[lex->at] == ' ' ||
		(lex->text[lex->at] >= '\t' && lex->text[lex->at] <= '\r')))
		lex->at++;
}

bool sbk_lex_take(struct sbk_lex *lex, char c)
{
	if (sbk_lex_peek(lex) != c || lex->at >= lex->size)
		return false;
	lex->at++;
	return true;
}

int sbk_lex_expect(struct sbk_lex *lex, char c)
{
	if (sbk_lex_take(lex, c))
		return 0;
	return sbk_lex_fail(lex, lex->at, SBK_E_PARSE, "'%c' is expected here",
			    c);
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

bool sbk_lex_sees(const struct sbk_lex *lex, const char *word)
{
	size_t i;

	for (i = 0; word[i] != '\0'; i++)
		if (upper(sbk_lex_ahead(lex, i)) != upper(word[i]))
			return false;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
	return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z');
}

int sbk_lex_hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	return upper(c) >= 'A' && upper(c) <= 'F' ? upper(c) - 'A' + 10 : -1;
}

/* The sign and what tells the base; leaves the cursor at the digits. A single
 * 0 is decimal: the 0 before octal digits is not one of them. */
static unsigned number_base(struct sbk_lex *lex, struct sbk_lex_number *out)
{
	out->sign = SBK_COND_NO_SIGN;
	if (sbk_lex_take(lex, '+'))
		out->sign = SBK_COND_PLUS;
	else if (sbk_lex_take(lex, '-'))
		out->sign = SBK_COND_MINUS;
	if (sbk_lex_sees(lex, "0x")) {
		lex->at += 2;
		out->base = SBK_COND_HEX;
		return 16;
	}
	if (sbk_lex_peek(lex) == '0' && is_digit(sbk_lex_ahead(lex, 1))) {
		lex->at++;
		out->base = SBK_COND_OCTAL;
		return 8;
	}
	out->base = SBK_COND_DECIMAL;
	return 10;
}

int sbk_lex_number(struct sbk_lex *lex, struct sbk_lex_number *out)
{
	size_t start = lex->at, first;
	unsigned base = number_base(lex, out);
	int digit;

	out->magnitude = 0;
	for (first = lex->at;; lex->at++) {
		digit = sbk_lex_hex_digit(sbk_lex_peek(lex));
		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (out->magnitude > (UINT64_MAX - (unsigned)digit) / base)
			return sbk_lex_fail(lex, start, SBK_E_PARSE,
					    "the number is too large");
		out->magnitude = out->magnitude * base + (unsigned)digit;
	}
	if (lex->at == first)
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "a digit is expected here");
	if (is_alphanumeric(sbk_lex_peek(lex)))
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "'%c' is no digit of this number",
				    sbk_lex_peek(lex));
	return 0;
}

bool sbk_lex_signed(const struct sbk_lex_number *number, int64_t *out)
{
	uint64_t magnitude = number->magnitude;

	if (number->sign == SBK_COND_MINUS) {
		*out = (int64_t)(~magnitude + 1);
		return magnitude <= (uint64_t)INT64_MAX + 1;
	}
	*out = (int64_t)magnitude;
	return magnitude <= INT64_MAX || (number->sign == SBK_COND_NO_SIGN &&
					  number->base != SBK_COND_DECIMAL);
}

static int numeric_sid(struct sbk_lex *lex, struct sbk_sid *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	size_t start = lex->at, size = 0;
	int rc;

	while (is_alphanumeric(sbk_lex_ahead(lex, size)) ||
	       sbk_lex_ahead(lex, size) == '-')
		size++;
	rc = sbk_sid_parse(lex->text + start, size, out, &err);
	if (rc < 0)
		return sbk_lex_fail(lex, start + err.offset, rc, "%s",
				    err.message);
	lex->at += size;
	return 0;
}

/* LA and LG are the machine's; the other letters that need one, a domain's. */
static bool is_machines(const char letters[2])
{
	return upper(letters[0]) == 'L';
}

int sbk_lex_sid(struct sbk_lex *lex, struct sbk_sid *out)
{
	static const struct sbk_sid_domains none = {.machine = NULL};
	const struct sbk_sid_domains *domains =
		lex->options != NULL ? &lex->options->domains : &none;
	char letters[2] = {sbk_lex_peek(lex), sbk_lex_ahead(lex, 1)};
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	if (upper(letters[0]) == 'S' && letters[1] == '-')
		return numeric_sid(lex, out);
	if (!is_alphanumeric(letters[0]) || !is_alphanumeric(letters[1]))
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "a SID is expected here: 'S-1-...' or two "
				    "letters");
	rc = sbk_sid_from_alias(letters, domains, out, &err);
	if (rc == SBK_E_UNSUPPORTED)
		return sbk_lex_fail(
			lex, lex->at, rc,
			"'%c%c' stands for an account of %s that "
			"is not known here; write its SID, or "
			"give --%s S-1-5-21-X-Y-Z",
			letters[0], letters[1],
			is_machines(letters) ? "a machine" : "a domain",
			is_machines(letters) ? "machine" : "domain");
	if (rc < 0)
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "no SID is called '%c%c'", letters[0],
				    letters[1]);
	lex->at += 2;
	return 0;
}

int sbk_lex_guid(struct sbk_lex *lex, uint8_t out[SBK_GUID_BYTES])
{
	static const char form[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
	/* Where each two digits go: the first three fields are little-endian.
	 */
	static const uint8_t place[SBK_GUID_BYTES] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	unsigned digits = 0;
	size_t i;

	memset(out, 0, SBK_GUID_BYTES);
	for (i = 0; form[i] != '\0'; i++, lex->at++) {
		int digit = sbk_lex_hex_digit(sbk_lex_peek(lex));

		if (form[i] == '-' ? sbk_lex_peek(lex) != '-' : digit < 0)
			return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
					    "not a GUID as in "
					    "'bf967aba-0de6-11d0-a285-"
					    "00aa003049e2'");
		if (form[i] == '-')
			continue;
		out[place[digits / 2]] |=
			(uint8_t)(digits % 2 == 0 ? digit << 4 : digit);
		digits++;
	}
	return 0;
}

/* One character of UTF-8 becomes one or two units of UTF-16. */
static int copy_character(struct sbk_lex *lex, struct sbk_buf *out)
{
	uint32_t character;
	size_t length = sbk_utf8_next(lex->text + lex->at, lex->size - lex->at,
				      &character);

	if (length == 0 || character == 0)
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    length == 0 ? "this is not UTF-8"
						: "a NUL byte in the text");
	sbk_utf16_add(out, character);
	lex->at += length;
	return 0;
}

int sbk_lex_string(struct sbk_lex *lex, struct sbk_buf *out)
{
	size_t start = lex->at;
	int rc = sbk_lex_expect(lex, '"');

	while (rc == 0 && !sbk_lex_take(lex, '"')) {
		if (lex->at >= lex->size)
			return sbk_lex_fail(lex, start, SBK_E_PARSE,
					    "this string has no end");
		rc = copy_character(lex, out);
	}
	return rc;
}

int sbk_lex_octets(struct sbk_lex *lex, struct sbk_buf *out)
{
	size_t count = 0;
	uint8_t byte = 0;
	int rc = sbk_lex_expect(lex, '#');

	if (rc < 0)
		return rc;
	while (sbk_lex_ahead(lex, count) == '#' ||
	       sbk_lex_hex_digit(sbk_lex_ahead(lex, count)) >= 0)
		count++;
	/* An odd number of digits has a 0 before the first one. */
	for (; count > 0; count--, lex->at++) {
		int digit = sbk_lex_hex_digit(sbk_lex_peek(lex));

		byte = (uint8_t)(byte << 4 | (digit < 0 ? 0 : digit));
		if (count % 2 == 1)
			sbk_buf_add(out, &byte, 1);
	}
	if (is_alphanumeric(sbk_lex_peek(lex)))
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "'%c' is no hexadecimal digit",
				    sbk_lex_peek(lex));
	return 0;
}

/* "%" and four digits of one unit of UTF-16. */
static int escaped_unit(struct sbk_lex *lex, struct sbk_buf *out)
{
	uint8_t unit[2];
	unsigned value = 0;
	size_t i;

	for (i = 1; i <= 4; i++) {
		int digit = sbk_lex_hex_digit(sbk_lex_ahead(lex, i));

		if (digit < 0)
			return sbk_lex_fail(lex, lex->at + i, SBK_E_PARSE,
					    "'%%' stands before four "
					    "hexadecimal digits");
		value = value << 4 | (unsigned)digit;
	}
	if (value == 0)
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "a name cannot hold '%%0000'");
	unit[0] = (uint8_t)value;
	unit[1] = (uint8_t)(value >> 8);
	sbk_buf_add(out, unit, sizeof(unit));
	lex->at += 5;
	return 0;
}

/*
 * Printed ASCII only as the grammar has it; whatever is beyond ASCII is taken
 * as it is, since Windows works on wide characters, and is written escaped.
 */
int sbk_lex_name(struct sbk_lex *lex, enum sbk_lex_name_kind kind,
		 struct sbk_buf *out)
{
	size_t start = lex->at;
	int rc = 0;

	while (rc == 0 && lex->at < lex->size) {
		unsigned char c = (unsigned char)sbk_lex_peek(lex);

		if (c == '%')
			rc = escaped_unit(lex, out);
		else if (c >= 0x80 || sbk_name_holds(kind, c, lex->at == start))
			rc = copy_character(lex, out);
		else
			break;
	}
	if (rc == 0 && lex->at == start)
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "the name of an attribute is expected "
				    "here");
	return rc;
}
