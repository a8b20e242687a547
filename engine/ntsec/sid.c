/*
 * SIDs as values in their binary form: reading, parts, order, text. Owns no
 * memory and knows no names; sid_names.c does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/ntsec/sid.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define REVISION 1
#define AUTHORITY_MAX 0xFFFFFFFFFFFFull

static size_t size_of(unsigned subs)
{
	return SBK_SID_BYTES_MIN + 4 * (size_t)subs;
}

static int wrong(size_t offset, struct sbk_error *err, const char *why)
{
	int rc = sbk_error_set(err, SBK_E_PARSE, "not a SID: %s", why);

	if (err != NULL)
		err->offset = offset;
	return rc;
}

int sbk_sid_read(const uint8_t *data, size_t size, struct sbk_sid *out,
		 struct sbk_error *err)
{
	if (size < SBK_SID_BYTES_MIN)
		return wrong(0, err, "shorter than 8 bytes");
	if (data[0] != REVISION)
		return wrong(0, err, "its revision is not 1");
	if (data[1] > SBK_SID_SUBS_MAX)
		return wrong(1, err, "more than 15 subauthorities");
	if (size < size_of(data[1]))
		return wrong(size, err, "its subauthorities are cut off");
	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, data, size_of(data[1]));
	return 0;
}

unsigned sbk_sid_sub_count(const struct sbk_sid *sid)
{
	return sid->bytes[1];
}

size_t sbk_sid_size(const struct sbk_sid *sid)
{
	return size_of(sbk_sid_sub_count(sid));
}

uint64_t sbk_sid_authority(const struct sbk_sid *sid)
{
	uint64_t value = 0;
	unsigned i;

	for (i = 2; i < SBK_SID_BYTES_MIN; i++)
		value = value << 8 | sid->bytes[i];
	return value;
}

uint32_t sbk_sid_sub(const struct sbk_sid *sid, unsigned index)
{
	return index < sbk_sid_sub_count(sid)
		       ? get_u32le(sid->bytes + size_of(index))
		       : 0;
}

uint32_t sbk_sid_rid(const struct sbk_sid *sid)
{
	unsigned count = sbk_sid_sub_count(sid);

	return count > 0 ? sbk_sid_sub(sid, count - 1) : 0;
}

struct sbk_sid sbk_sid_make(uint64_t authority, const uint32_t *subs,
			    unsigned count)
{
	struct sbk_sid sid = {.bytes = {REVISION}};
	unsigned i;

	for (i = 0; i < 6; i++)
		sid.bytes[2 + i] = (uint8_t)(authority >> (40 - 8 * i));
	for (i = 0; i < count && sbk_sid_append(&sid, subs[i]); i++)
		continue;
	return sid;
}

bool sbk_sid_append(struct sbk_sid *sid, uint32_t sub)
{
	unsigned count = sbk_sid_sub_count(sid);

	if (count >= SBK_SID_SUBS_MAX)
		return false;
	put_u32le(sid->bytes + size_of(count), sub);
	sid->bytes[1] = (uint8_t)(count + 1);
	return true;
}

bool sbk_sid_parent(struct sbk_sid *sid)
{
	unsigned count = sbk_sid_sub_count(sid);

	if (count == 0)
		return false;
	put_u32le(sid->bytes + size_of(count - 1), 0);
	sid->bytes[1] = (uint8_t)(count - 1);
	return true;
}

/* Bytes after the last subauthority are zero, and the count is among them. */
bool sbk_sid_equal(const struct sbk_sid *a, const struct sbk_sid *b)
{
	return a->bytes[1] == b->bytes[1] &&
	       memcmp(a->bytes, b->bytes, sbk_sid_size(a)) == 0;
}

int sbk_sid_compare(const struct sbk_sid *a, const struct sbk_sid *b)
{
	unsigned i, counts[2] = {sbk_sid_sub_count(a), sbk_sid_sub_count(b)};
	uint64_t x = sbk_sid_authority(a), y = sbk_sid_authority(b);

	for (i = 0; x == y && i < counts[0] && i < counts[1]; i++) {
		x = sbk_sid_sub(a, i);
		y = sbk_sid_sub(b, i);
	}
	if (x != y)
		return x < y ? -1 : 1;
	return counts[0] < counts[1] ? -1 : counts[0] > counts[1];
}

bool sbk_sid_is_below(const struct sbk_sid *sid, const struct sbk_sid *prefix)
{
	unsigned count = sbk_sid_sub_count(prefix);

	return sbk_sid_sub_count(sid) > count &&
	       memcmp(sid->bytes + 2, prefix->bytes + 2, size_of(count) - 2) ==
		       0;
}

/* A digit's value in the base, or -1. */
static int digit_of(char c, unsigned base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		value = (c | 0x20) - 'a' + 10;
	return value >= 0 && (unsigned)value < base ? value : -1;
}

struct cursor {
	const char *text;
	size_t size, at;
	struct sbk_error *err;
};

/* A number up to `max`, decimal or behind 0x; at least one digit. */
static int parse_number(struct cursor *c, uint64_t max, uint64_t *out)
{
	unsigned base = 10;
	size_t first;
	int digit;

	if (c->size - c->at >= 2 && c->text[c->at] == '0' &&
	    (c->text[c->at + 1] | 0x20) == 'x') {
		base = 16;
		c->at += 2;
	}
	*out = 0;
	for (first = c->at;
	     c->at < c->size && (digit = digit_of(c->text[c->at], base)) >= 0;
	     c->at++) {
		if (*out > (max - (uint64_t)digit) / base)
			return wrong(first, c->err, "a number is too large");
		*out = *out * base + (uint64_t)digit;
	}
	return c->at > first ? 0 : wrong(c->at, c->err, "a number is missing");
}

static int parse_prefix(struct cursor *c)
{
	static const char prefix[] = "S-1-";
	size_t i;

	for (i = 0; i < sizeof(prefix) - 1; i++)
		if (i >= c->size ||
		    (c->text[i] != prefix[i] && (i != 0 || c->text[0] != 's')))
			return wrong(i, c->err,
				     "it does not begin with 'S-1-'");
	c->at = sizeof(prefix) - 1;
	return 0;
}

int sbk_sid_parse(const char *text, size_t size, struct sbk_sid *out,
		  struct sbk_error *err)
{
	struct cursor c = {.text = text, .size = size, .err = err};
	struct sbk_sid sid;
	uint64_t number;
	int rc = parse_prefix(&c);

	if (rc == 0)
		rc = parse_number(&c, AUTHORITY_MAX, &number);
	if (rc < 0)
		return rc;
	sid = sbk_sid_make(number, NULL, 0);
	while (c.at < size) {
		if (text[c.at] != '-')
			return wrong(c.at, err, "'-' is expected here");
		c.at++;
		rc = parse_number(&c, UINT32_MAX, &number);
		if (rc < 0)
			return rc;
		if (!sbk_sid_append(&sid, (uint32_t)number))
			return wrong(c.at, err, "more than 15 subauthorities");
	}
	*out = sid;
	return 0;
}

const char *sbk_sid_format(const struct sbk_sid *sid, struct sbk_sid_text *out)
{
	uint64_t authority = sbk_sid_authority(sid);
	unsigned i;
	int at = snprintf(out->text, sizeof(out->text),
			  authority > UINT32_MAX ? "S-1-0x%012" PRIX64
						 : "S-1-%" PRIu64,
			  authority);

	for (i = 0; i < sbk_sid_sub_count(sid); i++)
		at += snprintf(out->text + at, sizeof(out->text) - (size_t)at,
			       "-%" PRIu32, sbk_sid_sub(sid, i));
	return out->text;
}

int sbk_sid_pattern_parse(const char *text, struct sbk_sid_pattern *out,
			  struct sbk_error *err)
{
	const size_t size = strlen(text);
	struct sbk_sid_pattern pattern = {.is_family = false};
	struct sbk_sid_text again;
	size_t kept = size;

	if (size > 2 && strcmp(text + size - 2, "-*") == 0) {
		pattern.is_family = true;
		kept -= 2;
	}
	if (sbk_sid_parse(text, kept, &pattern.sid, NULL) < 0 ||
	    strlen(sbk_sid_format(&pattern.sid, &again)) != kept ||
	    memcmp(again.text, text, kept) != 0 ||
	    (pattern.is_family && sbk_sid_sub_count(&pattern.sid) > 0))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.100s' is no principal; it must be a "
				     "SID like S-1-5-21-1-2-3-1001",
				     text);
	*out = pattern;
	return 0;
}

bool sbk_sid_pattern_has(const struct sbk_sid_pattern *pattern,
			 const struct sbk_sid *sid)
{
	if (!pattern->is_family)
		return sbk_sid_equal(&pattern->sid, sid);
	return sbk_sid_authority(sid) == sbk_sid_authority(&pattern->sid) &&
	       sbk_sid_sub_count(sid) > 0;
}

static bool is_of_sid(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == 'x' || c == 'X';
}

bool sbk_sid_find(const char *text, size_t size, size_t *at,
		  struct sbk_sid *out)
{
	size_t begin, end;

	while (*at + 5 < size) {
		begin = (*at)++;
		if (memcmp(text + begin, "S-1-", 4) != 0)
			continue;
		for (end = begin + 4; end < size && is_of_sid(text[end]); end++)
			;
		*at = end;
		if (sbk_sid_parse(text + begin, end - begin, out, NULL) == 0)
			return true;
	}
	return false;
}
