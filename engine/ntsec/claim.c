/*
 * Resource attributes (MS-DTYP 2.4.10.1, CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1)
 * between text and bytes.
 *
 * Written in the layout that Windows gives: the head, an offset for each value,
 * the name with its NUL, the values one behind the other without alignment.
 * Read in any layout in which no two parts share bytes: offsets are hostile,
 * and shared parts would make a text far larger than the bytes.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/ntsec/condition.h"
#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sddl_lex.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define HEAD_BYTES 16
/* Of the lower half only these mean something; the upper half is free. */
#define FLAGS_VALID 0xFFFF003Fu

struct reader {
	const uint8_t *data;
	size_t size;
	const struct sbk_sddl_options *options;
	struct sbk_error *err;
	size_t used; /* bytes of all parts looked at */
};

struct claim_type {
	const char *letters;
	uint16_t code;
	int (*parse)(struct sbk_lex *lex, struct sbk_buf *out);
	int (*write)(struct reader *in, size_t at, struct sbk_buf *out);
};

static int bad(const struct reader *in, size_t at, int code, const char *why)
{
	int rc = sbk_error_set(in->err, code,
			       "the attribute at byte %zu of %zu: %s", at,
			       in->size, why);

	if (in->err != NULL)
		in->err->offset = at;
	return rc;
}

static void add_u64(struct sbk_buf *out, uint64_t value)
{
	uint8_t bytes[8];

	put_u64le(bytes, value);
	sbk_buf_add(out, bytes, sizeof(bytes));
}

static void add_u32(struct sbk_buf *out, uint32_t value)
{
	uint8_t bytes[4];

	put_u32le(bytes, value);
	sbk_buf_add(out, bytes, sizeof(bytes));
}

static int parse_signed(struct sbk_lex *lex, struct sbk_buf *out)
{
	struct sbk_lex_number number;
	size_t start = lex->at;
	int64_t value;
	int rc = sbk_lex_number(lex, &number);

	if (rc < 0)
		return rc;
	if (!sbk_lex_signed(&number, &value) ||
	    (value < 0 && number.sign != SBK_COND_MINUS))
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "the number does not fit into a signed "
				    "64-bit integer");
	add_u64(out, (uint64_t)value);
	return 0;
}

static int parse_up_to(struct sbk_lex *lex, uint64_t max, const char *why,
		       uint64_t *out)
{
	struct sbk_lex_number number;
	size_t start = lex->at;
	int rc = sbk_lex_number(lex, &number);

	if (rc < 0)
		return rc;
	if (number.magnitude > max ||
	    (number.sign == SBK_COND_MINUS && number.magnitude > 0))
		return sbk_lex_fail(lex, start, SBK_E_PARSE, "%s", why);
	*out = number.magnitude;
	return 0;
}

static int parse_unsigned(struct sbk_lex *lex, struct sbk_buf *out)
{
	uint64_t value = 0;
	int rc = parse_up_to(lex, UINT64_MAX, "TU has no negative numbers",
			     &value);

	add_u64(out, value);
	return rc;
}

static int parse_boolean(struct sbk_lex *lex, struct sbk_buf *out)
{
	uint64_t value = 0;
	int rc = parse_up_to(lex, 1, "TB has the values 0 and 1", &value);

	add_u64(out, value);
	return rc;
}

static int parse_text(struct sbk_lex *lex, struct sbk_buf *out)
{
	static const uint8_t end[2] = {0};
	int rc = sbk_lex_string(lex, out);

	sbk_buf_add(out, end, sizeof(end));
	return rc;
}

static int parse_sid(struct sbk_lex *lex, struct sbk_buf *out)
{
	struct sbk_sid sid;
	int rc = sbk_lex_sid(lex, &sid);

	if (rc < 0)
		return rc;
	add_u32(out, (uint32_t)sbk_sid_size(&sid));
	sbk_buf_add(out, sid.bytes, sbk_sid_size(&sid));
	return 0;
}

/* Windows takes an even number of digits without "#", too. */
static int bare_octets(struct sbk_lex *lex, struct sbk_buf *out)
{
	size_t count = 0;
	uint8_t byte;

	while (sbk_lex_hex_digit(sbk_lex_ahead(lex, count)) >= 0)
		count++;
	if (count == 0 || count % 2 != 0)
		return sbk_lex_fail(lex, lex->at + count, SBK_E_PARSE,
				    "'#' or an even number of hexadecimal "
				    "digits is expected here");
	for (; count > 0; count -= 2, lex->at += 2) {
		byte = (uint8_t)(sbk_lex_hex_digit(sbk_lex_peek(lex)) << 4 |
				 sbk_lex_hex_digit(sbk_lex_ahead(lex, 1)));
		sbk_buf_add(out, &byte, 1);
	}
	return 0;
}

static int parse_octets(struct sbk_lex *lex, struct sbk_buf *out)
{
	size_t start = out->size;
	int rc;

	add_u32(out, 0);
	rc = sbk_lex_peek(lex) == '#' ? sbk_lex_octets(lex, out)
				      : bare_octets(lex, out);
	if (out->failure == 0)
		put_u32le((uint8_t *)out->data + start,
			  (uint32_t)(out->size - start - 4));
	return rc;
}

/* `size` bytes at `at` belong to the part that is looked at. */
static int use(struct reader *in, size_t at, size_t size)
{
	if (at < HEAD_BYTES || at > in->size || size > in->size - at)
		return bad(in, at, SBK_E_PARSE, "a part goes beyond the end");
	in->used += size;
	if (in->used > in->size)
		return bad(in, at, SBK_E_UNSUPPORTED, "its parts overlap");
	return 0;
}

/* A text up to its NUL; *size without that. */
static int use_text(struct reader *in, size_t at, size_t *size)
{
	size_t end = at;

	while (end + 2 <= in->size && get_u16le(in->data + end) != 0)
		end += 2;
	*size = end - at;
	return use(in, at, *size + 2);
}

/* Behind a length; *size is that length. */
static int use_counted(struct reader *in, size_t at, size_t *size)
{
	int rc = use(in, at, 4);

	if (rc < 0)
		return rc;
	*size = get_u32le(in->data + at);
	return use(in, at + 4, *size);
}

static int write_signed(struct reader *in, size_t at, struct sbk_buf *out)
{
	int rc = use(in, at, 8);

	if (rc == 0)
		sbk_buf_printf(out, "%" PRId64,
			       (int64_t)get_u64le(in->data + at));
	return rc;
}

static int write_unsigned(struct reader *in, size_t at, struct sbk_buf *out)
{
	int rc = use(in, at, 8);

	if (rc == 0)
		sbk_buf_printf(out, "%" PRIu64, get_u64le(in->data + at));
	return rc;
}

static int write_boolean(struct reader *in, size_t at, struct sbk_buf *out)
{
	int rc = use(in, at, 8);

	if (rc == 0 && get_u64le(in->data + at) > 1)
		return bad(in, at, SBK_E_UNSUPPORTED,
			   "a Boolean is neither 0 nor 1");
	if (rc == 0)
		sbk_buf_addc(out, in->data[at] != 0 ? '1' : '0');
	return rc;
}

static int write_text(struct reader *in, size_t at, struct sbk_buf *out)
{
	size_t size;
	int rc = use_text(in, at, &size);

	if (rc == 0 && !sbk_write_string(out, in->data + at, size))
		return bad(in, at, SBK_E_UNSUPPORTED, "a string holds a quote");
	return rc;
}

static int write_sid(struct reader *in, size_t at, struct sbk_buf *out)
{
	struct sbk_sid sid;
	size_t size;
	int rc = use_counted(in, at, &size);

	if (rc < 0)
		return rc;
	if (sbk_sid_read(in->data + at + 4, size, &sid, NULL) < 0 ||
	    sbk_sid_size(&sid) != size)
		return bad(in, at + 4, SBK_E_PARSE, "not a SID");
	sbk_write_sid(out, &sid, in->options);
	return 0;
}

static int write_octets(struct reader *in, size_t at, struct sbk_buf *out)
{
	size_t size;
	int rc = use_counted(in, at, &size);

	if (rc == 0)
		sbk_write_octets(out, in->data + at + 4, size);
	return rc;
}

static const struct claim_type types[] = {
	{"TI", 0x01, parse_signed, write_signed},
	{"TU", 0x02, parse_unsigned, write_unsigned},
	{"TS", 0x03, parse_text, write_text},
	{"TD", 0x05, parse_sid, write_sid},
	{"TB", 0x06, parse_boolean, write_boolean},
	{"TX", 0x10, parse_octets, write_octets},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

struct claim {
	const struct claim_type *type;
	uint32_t flags;
	struct sbk_buf name, values; /* as they will stand */
	struct sbk_buf starts;	     /* of each value, 32 bits */
};

static int parse_quoted_name(struct sbk_lex *lex, struct claim *claim)
{
	static const uint8_t end[2] = {0};
	int rc = sbk_lex_expect(lex, '"');

	if (rc == 0)
		rc = sbk_lex_name(lex, SBK_LEX_PREFIXED, &claim->name);
	if (rc == 0)
		rc = sbk_lex_expect(lex, '"');
	sbk_buf_add(&claim->name, end, sizeof(end));
	return rc;
}

/* The comma that follows each field, with the blanks around it. */
static int parse_comma(struct sbk_lex *lex)
{
	int rc;

	sbk_lex_space(lex);
	rc = sbk_lex_expect(lex, ',');
	sbk_lex_space(lex);
	return rc;
}

static int parse_type(struct sbk_lex *lex, struct claim *claim)
{
	size_t i;

	for (i = 0; i < TYPES && claim->type == NULL; i++)
		if (sbk_lex_sees(lex, types[i].letters))
			claim->type = &types[i];
	if (claim->type == NULL)
		return sbk_lex_fail(lex, lex->at, SBK_E_PARSE,
				    "TI, TU, TS, TD, TB or TX is expected "
				    "here");
	lex->at += 2;
	return 0;
}

static int parse_flags(struct sbk_lex *lex, struct claim *claim)
{
	uint64_t flags = 0;
	size_t start = lex->at;
	int rc = parse_up_to(lex, UINT32_MAX, "flags have 32 bits", &flags);

	if (rc == 0 && (flags & ~(uint64_t)FLAGS_VALID) != 0)
		return sbk_lex_fail(lex, start, SBK_E_PARSE,
				    "the flags 0x%" PRIx64 " are reserved",
				    flags & ~(uint64_t)FLAGS_VALID);
	claim->flags = (uint32_t)flags;
	return rc;
}

static int parse_values(struct sbk_lex *lex, struct claim *claim)
{
	int rc = 0;

	sbk_lex_space(lex);
	while (rc == 0 && sbk_lex_take(lex, ',')) {
		sbk_lex_space(lex);
		add_u32(&claim->starts, (uint32_t)claim->values.size);
		rc = claim->type->parse(lex, &claim->values);
		sbk_lex_space(lex);
	}
	return rc;
}

static int parse_fields(struct sbk_lex *lex, struct claim *claim)
{
	int rc = sbk_lex_expect(lex, '(');

	sbk_lex_space(lex);
	if (rc == 0)
		rc = parse_quoted_name(lex, claim);
	if (rc == 0)
		rc = parse_comma(lex);
	if (rc == 0)
		rc = parse_type(lex, claim);
	if (rc == 0)
		rc = parse_comma(lex);
	if (rc == 0)
		rc = parse_flags(lex, claim);
	if (rc == 0)
		rc = parse_values(lex, claim);
	return rc < 0 ? rc : sbk_lex_expect(lex, ')');
}

static void encode(const struct claim *claim, struct sbk_buf *out)
{
	uint32_t count = (uint32_t)(claim->starts.size / 4), i;
	uint32_t name = HEAD_BYTES + 4 * count;
	uint32_t values = name + (uint32_t)claim->name.size;

	add_u32(out, name);
	add_u32(out, claim->type->code); /* and a reserved word */
	add_u32(out, claim->flags);
	add_u32(out, count);
	for (i = 0; i < count; i++)
		add_u32(out, values + get_u32le((uint8_t *)claim->starts.data +
						4 * (size_t)i));
	sbk_buf_add(out, claim->name.data, claim->name.size);
	if (claim->values.size > 0)
		sbk_buf_add(out, claim->values.data, claim->values.size);
}

int sbk_claim_parse(const char *text, size_t size, size_t *at,
		    const struct sbk_sddl_options *options, struct sbk_buf *out,
		    struct sbk_error *err)
{
	struct sbk_lex lex = {text, size, *at, options, err};
	struct claim claim = {.name = SBK_BUF_INIT,
			      .values = SBK_BUF_INIT,
			      .starts = SBK_BUF_INIT};
	int rc = parse_fields(&lex, &claim);

	if (rc == 0)
		rc = sbk_buf_failed(&claim.name, err);
	if (rc == 0)
		rc = sbk_buf_failed(&claim.values, err);
	if (rc == 0)
		rc = sbk_buf_failed(&claim.starts, err);
	if (rc == 0) {
		encode(&claim, out);
		*at = lex.at;
	}
	sbk_buf_release(&claim.name);
	sbk_buf_release(&claim.values);
	sbk_buf_release(&claim.starts);
	return rc;
}

static int read_type(const struct reader *in, const struct claim_type **out)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (types[i].code == get_u16le(in->data + 4)) {
			*out = &types[i];
			return 0;
		}
	return bad(in, 4, SBK_E_PARSE, "a type that attributes do not have");
}

static int write_name(struct reader *in, struct sbk_buf *out)
{
	size_t at = get_u32le(in->data), size;
	int rc = use_text(in, at, &size);

	if (rc < 0)
		return rc;
	if (size == 0)
		return bad(in, at, SBK_E_PARSE, "its name is empty");
	sbk_buf_addc(out, '"');
	sbk_write_name(out, SBK_LEX_PREFIXED, in->data + at, size);
	sbk_buf_addc(out, '"');
	return 0;
}

static int write_values(struct reader *in, const struct claim_type *type,
			struct sbk_buf *out)
{
	uint32_t count = get_u32le(in->data + 12), i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		sbk_buf_addc(out, ',');
		rc = type->write(
			in, get_u32le(in->data + HEAD_BYTES + 4 * (size_t)i),
			out);
	}
	return rc;
}

static int write_claim(struct reader *in, struct sbk_buf *out)
{
	const struct claim_type *type = NULL;
	uint32_t flags, count;
	int rc;

	if (in->size < HEAD_BYTES)
		return bad(in, 0, SBK_E_PARSE, "its head is cut off");
	flags = get_u32le(in->data + 8);
	count = get_u32le(in->data + 12);
	if (count > (in->size - HEAD_BYTES) / 4)
		return bad(in, 12, SBK_E_PARSE, "its values are cut off");
	in->used = HEAD_BYTES + 4 * (size_t)count;
	if (get_u16le(in->data + 6) != 0 || (flags & ~FLAGS_VALID) != 0)
		return bad(in, 6, SBK_E_UNSUPPORTED,
			   "reserved bits are not zero");
	rc = read_type(in, &type);
	sbk_buf_addc(out, '(');
	if (rc == 0)
		rc = write_name(in, out);
	if (rc == 0) {
		sbk_buf_printf(out, ",%s,0x%x", type->letters, flags);
		rc = write_values(in, type, out);
	}
	sbk_buf_addc(out, ')');
	return rc;
}

int sbk_claim_format(const uint8_t *data, size_t size,
		     const struct sbk_sddl_options *options,
		     struct sbk_buf *out, struct sbk_error *err)
{
	struct reader in = {data, size, options, err, 0};
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = write_claim(&in, &text);

	if (rc == 0)
		rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		sbk_buf_add(out, sbk_buf_text(&text), text.size);
	sbk_buf_release(&text);
	return rc;
}
