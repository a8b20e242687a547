/* Random descriptors: few SIDs and masks, so that entries meet their equals. */
#include <string.h>

#include "engine/ntsec/wire.h"
#include "tests/ntsec/random_sd.h"

#include "engine/banned.h"

uint32_t random_u32(struct random *r)
{
	/* splitmix64: every seed is as good as another. */
	uint64_t z = r->state += 0x9E3779B97F4A7C15ull;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ z >> 27) * 0x94D049BB133111EBull;
	return (uint32_t)(z >> 32 ^ z);
}

uint32_t random_below(struct random *r, uint32_t limit)
{
	return (uint32_t)((uint64_t)random_u32(r) * limit >> 32);
}

bool random_is(struct random *r, uint32_t part, uint32_t of)
{
	return random_below(r, of) < part;
}

static void add_u16(struct sbk_buf *out, uint16_t value)
{
	uint8_t bytes[2];

	put_u16le(bytes, value);
	sbk_buf_add(out, bytes, sizeof(bytes));
}

static void add_u32(struct sbk_buf *out, uint32_t value)
{
	uint8_t bytes[4];

	put_u32le(bytes, value);
	sbk_buf_add(out, bytes, sizeof(bytes));
}

static void add_random(struct random *r, size_t count, struct sbk_buf *out)
{
	for (; count >= 4; count -= 4)
		add_u32(out, random_u32(r));
	for (; count > 0; count--)
		sbk_buf_addc(out, (char)random_u32(r));
}

void random_sid(struct random *r, struct sbk_buf *out)
{
	static const uint8_t authorities[] = {0, 1, 3, 5, 5, 5, 15, 16, 22};
	uint8_t head[8] = {1};
	unsigned i;

	head[1] = (uint8_t)(random_is(r, 1, 8) ? random_below(r, 16)
					       : 1 + random_below(r, 2));
	head[7] = authorities[random_below(r, sizeof(authorities))];
	if (random_is(r, 1, 50))
		head[2 + random_below(r, 6)] = (uint8_t)random_u32(r);
	sbk_buf_add(out, head, sizeof(head));
	for (i = 0; i < head[1]; i++)
		add_u32(out, random_is(r, 1, 4) ? random_u32(r)
						: random_below(r, 4));
}

static bool has_guids(uint8_t type)
{
	return (type >= 0x05 && type <= 0x08) || type == 0x0b || type == 0x0c ||
	       type == 0x0f || type == 0x10;
}

static uint8_t random_type(struct random *r, unsigned features)
{
	uint8_t type = (uint8_t)random_below(r, 0x16);

	if (type == 0x04 || random_is(r, 1, 2))
		return (uint8_t)random_below(r, 2); /* mostly allow and deny */
	if (has_guids(type) && type > 0x08 &&
	    !(features & RANDOM_CALLBACK_OBJECTS))
		return 0x09;
	return type;
}

static uint32_t random_mask(struct random *r)
{
	static const uint32_t masks[] = {0x1f01ff, 0x120089,   0x1301bf,
					 0x2,	   0x10000000, 0};

	return random_is(r, 1, 6) ? random_u32(r)
				  : masks[random_below(r, sizeof(masks) / 4)];
}

static void add_guids(struct random *r, struct sbk_buf *out)
{
	uint32_t flags = random_below(r, 4);

	add_u32(out, flags);
	if (flags & 1)
		add_random(r, 16, out);
	if (flags & 2)
		add_random(r, 16, out);
}

static void fix_size(struct sbk_buf *out, size_t start)
{
	put_u16le((uint8_t *)out->data + start + 2,
		  (uint16_t)(out->size - start));
}

void random_ace(struct random *r, unsigned features, struct sbk_buf *out)
{
	size_t start = out->size;
	uint8_t type = random_type(r, features);
	uint8_t flags = (uint8_t)(random_is(r, 1, 10)  ? random_u32(r)
				  : random_is(r, 1, 3) ? 0x10
						       : random_below(r, 4));

	if ((features & RANDOM_OPAQUE) && random_is(r, 1, 20)) {
		type = random_is(r, 1, 4)
			       ? 0x04
			       : (uint8_t)(0x16 + random_below(r, 0xea));
		sbk_buf_addc(out, (char)type);
		sbk_buf_addc(out, (char)flags);
		add_u16(out, 0);
		add_random(r, 4 * (size_t)random_below(r, 8), out);
		fix_size(out, start);
		return;
	}
	sbk_buf_addc(out, (char)type);
	sbk_buf_addc(out, (char)flags);
	add_u16(out, 0);
	add_u32(out, random_mask(r));
	if (has_guids(type))
		add_guids(r, out);
	random_sid(r, out);
	if ((features & RANDOM_DATA) && random_is(r, 1, 8))
		add_random(r, 4 + 4 * (size_t)random_below(r, 8), out);
	fix_size(out, start);
}

void random_acl(struct random *r, unsigned features, unsigned aces_max,
		struct sbk_buf *out)
{
	size_t start = out->size;
	uint16_t count, i;

	if (aces_max > 8 && !random_is(r, 1, 16))
		aces_max = 8; /* few are long */
	count = (uint16_t)random_below(r, aces_max + 1);
	sbk_buf_addc(out, random_is(r, 1, 8) ? 4 : 2);
	sbk_buf_addc(out, (features & RANDOM_RESERVED) && random_is(r, 1, 16)
				  ? (char)random_u32(r)
				  : 0);
	add_u16(out, 0);
	add_u16(out, count);
	add_u16(out, (features & RANDOM_RESERVED) && random_is(r, 1, 16)
			     ? (uint16_t)random_u32(r)
			     : 0);
	for (i = 0; i < count; i++)
		random_ace(r, features, out);
	if ((features & RANDOM_SLACK) && random_is(r, 1, 6))
		add_random(r,
			   (features & RANDOM_UNALIGNED)
				   ? random_below(r, 20)
				   : 4 * (size_t)random_below(r, 5),
			   out);
	fix_size(out, start);
}

static void random_part(struct random *r, unsigned features, unsigned aces_max,
			unsigned part, struct sbk_buf *out)
{
	if (part < 2)
		random_sid(r, out);
	else
		random_acl(r, features, aces_max, out);
}

/* Parts not there, or for lists: announced without an offset (NULL). */
static unsigned random_absent(struct random *r, uint16_t *control)
{
	unsigned absent = 0, part;

	for (part = 0; part < 4; part++)
		if (random_is(r, part == 2 ? 3 : 1, 6))
			absent |= 1u << part;
	if (!(absent & 4) || random_is(r, 1, 4))
		*control |= 0x0010;
	if (!(absent & 8) || random_is(r, 1, 4))
		*control |= 0x0004;
	return absent;
}

static void random_gap(struct random *r, unsigned features, struct sbk_buf *out)
{
	if (!(features & RANDOM_LAYOUT))
		return;
	if (random_is(r, 1, 4))
		add_random(r, 4 * (size_t)(1 + random_below(r, 4)), out);
	if ((features & RANDOM_UNALIGNED) && random_is(r, 1, 8))
		add_random(r, random_below(r, 4), out);
}

void random_sd(struct random *r, unsigned features, unsigned aces_max,
	       struct sbk_buf *out)
{
	static const unsigned usual[4] = {2, 3, 0, 1}; /* as Windows does */
	uint8_t header[20] = {1};
	uint16_t control =
		(uint16_t)(0x8000 | (random_u32(r) & (0xffff & ~0x0014)));
	unsigned absent = random_absent(r, &control), i;
	unsigned turn = features & RANDOM_LAYOUT ? random_below(r, 4) : 0;
	size_t start = out->size;

	if (random_is(r, 1, 4))
		header[1] = (uint8_t)random_u32(r);
	sbk_buf_add(out, header, sizeof(header));
	for (i = 0; i < 4; i++) {
		unsigned part = usual[(i + turn) % 4];
		uint8_t *at = header + 4 + 4 * (size_t)part;

		if (absent & 1u << part)
			continue;
		random_gap(r, features, out);
		if ((features & RANDOM_LAYOUT) && part == 1 &&
		    random_is(r, 1, 6) && get_u32le(header + 4) != 0) {
			put_u32le(at, get_u32le(header + 4)); /* shared */
			continue;
		}
		put_u32le(at, (uint32_t)(out->size - start));
		random_part(r, features, aces_max, part, out);
		if ((features & RANDOM_RESERVED) && part >= 2 &&
		    random_is(r, 1, 16)) /* an offset, and no presence */
			control &= (uint16_t)(part == 2 ? ~0x0010 : ~0x0004);
	}
	random_gap(r, features, out);
	put_u16le(header + 2, control);
	memcpy(out->data + start, header, sizeof(header));
}
