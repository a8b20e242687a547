/*
 * Byte codes of conditional expressions: the one table of them, and a cursor
 * over bytes. It believes no length: each is compared with what is left.
 */
#include <string.h>

#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

/*
 * Windows writes "_any" and upper-case prefixes, where MS-DTYP has "_Any" and
 * "@User."; both are read in either case. A longer text stands before the one
 * that it begins with.
 */
static const struct sbk_condition_op ops[] = {
	{SBK_COND_INT8, SBK_KIND_INTEGER, NULL},
	{SBK_COND_INT16, SBK_KIND_INTEGER, NULL},
	{SBK_COND_INT32, SBK_KIND_INTEGER, NULL},
	{SBK_COND_INT64, SBK_KIND_INTEGER, NULL},
	{SBK_COND_STRING, SBK_KIND_STRING, NULL},
	{SBK_COND_OCTETS, SBK_KIND_OCTETS, NULL},
	{SBK_COND_COMPOSITE, SBK_KIND_COMPOSITE, NULL},
	{SBK_COND_SID, SBK_KIND_SID, NULL},
	{SBK_COND_EQUAL, SBK_KIND_SET, "=="},
	{SBK_COND_NOT_EQUAL, SBK_KIND_SET, "!="},
	{SBK_COND_LESS_EQUAL, SBK_KIND_ORDER, "<="},
	{SBK_COND_LESS, SBK_KIND_ORDER, "<"},
	{SBK_COND_GREATER_EQUAL, SBK_KIND_ORDER, ">="},
	{SBK_COND_GREATER, SBK_KIND_ORDER, ">"},
	{SBK_COND_CONTAINS, SBK_KIND_SET, "Contains"},
	{SBK_COND_EXISTS, SBK_KIND_EXISTENCE, "Exists"},
	{SBK_COND_ANY_OF, SBK_KIND_SET, "Any_of"},
	{SBK_COND_MEMBER_OF_ANY, SBK_KIND_MEMBERSHIP, "Member_of_any"},
	{SBK_COND_MEMBER_OF, SBK_KIND_MEMBERSHIP, "Member_of"},
	{SBK_COND_DEVICE_MEMBER_OF_ANY, SBK_KIND_MEMBERSHIP,
	 "Device_Member_of_any"},
	{SBK_COND_DEVICE_MEMBER_OF, SBK_KIND_MEMBERSHIP, "Device_Member_of"},
	{SBK_COND_NOT_EXISTS, SBK_KIND_EXISTENCE, "Not_Exists"},
	{SBK_COND_NOT_CONTAINS, SBK_KIND_SET, "Not_Contains"},
	{SBK_COND_NOT_ANY_OF, SBK_KIND_SET, "Not_Any_of"},
	{SBK_COND_NOT_MEMBER_OF_ANY, SBK_KIND_MEMBERSHIP, "Not_Member_of_any"},
	{SBK_COND_NOT_MEMBER_OF, SBK_KIND_MEMBERSHIP, "Not_Member_of"},
	{SBK_COND_NOT_DEVICE_MEMBER_OF_ANY, SBK_KIND_MEMBERSHIP,
	 "Not_Device_Member_of_any"},
	{SBK_COND_NOT_DEVICE_MEMBER_OF, SBK_KIND_MEMBERSHIP,
	 "Not_Device_Member_of"},
	{SBK_COND_AND, SBK_KIND_LOGIC, "&&"},
	{SBK_COND_OR, SBK_KIND_LOGIC, "||"},
	{SBK_COND_NOT, SBK_KIND_NOT, "!"},
	{SBK_COND_USER, SBK_KIND_ATTRIBUTE, "@USER."},
	{SBK_COND_RESOURCE, SBK_KIND_ATTRIBUTE, "@RESOURCE."},
	{SBK_COND_DEVICE, SBK_KIND_ATTRIBUTE, "@DEVICE."},
	{SBK_COND_LOCAL, SBK_KIND_ATTRIBUTE, ""},
};

#define OPS (sizeof(ops) / sizeof(ops[0]))

const struct sbk_condition_op *sbk_condition_op(uint8_t code)
{
	size_t i;

	for (i = 0; i < OPS; i++)
		if (ops[i].code == code)
			return &ops[i];
	return NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool begins_with(const char *text, size_t size, const char *prefix)
{
	size_t i, length = strlen(prefix);

	for (i = 0; i < length; i++)
		if (i >= size || lower(text[i]) != lower(prefix[i]))
			return false;
	return length > 0;
}

const struct sbk_condition_op *sbk_condition_op_named(const char *text,
						      size_t size)
{
	size_t i;

	for (i = 0; i < OPS; i++)
		if (ops[i].text != NULL && begins_with(text, size, ops[i].text))
			return &ops[i];
	return NULL;
}

static int wrong(const struct sbk_condition_cursor *cursor, size_t offset,
		 struct sbk_error *err, const char *why)
{
	int rc = sbk_error_set(err, SBK_E_PARSE,
			       "the condition is malformed at byte %zu of %zu: "
			       "%s",
			       offset, cursor->size, why);

	if (err != NULL)
		err->offset = offset;
	return rc;
}

/* A quadword, a sign and a base. */
static int next_integer(struct sbk_condition_cursor *cursor,
			struct sbk_condition_token *out, struct sbk_error *err)
{
	const uint8_t *data = cursor->data + cursor->at;

	if (cursor->size - cursor->at < 10)
		return wrong(cursor, out->offset, err, "an integer is cut off");
	out->value = (int64_t)get_u64le(data);
	out->sign = data[8];
	out->base = data[9];
	if (out->sign < SBK_COND_PLUS || out->sign > SBK_COND_NO_SIGN)
		return wrong(cursor, cursor->at + 8, err, "not a sign");
	if (out->base < SBK_COND_OCTAL || out->base > SBK_COND_HEX)
		return wrong(cursor, cursor->at + 9, err, "not a base");
	cursor->at += 10;
	return 1;
}

static int check_counted(const struct sbk_condition_cursor *cursor,
			 struct sbk_condition_token *out, struct sbk_error *err)
{
	switch (out->op->kind) {
	case SBK_KIND_ATTRIBUTE:
		if (out->size == 0)
			return wrong(cursor, out->offset, err,
				     "an attribute has no name");
		/* fall through */
	case SBK_KIND_STRING:
		if (out->size % 2 != 0)
			return wrong(cursor, out->offset + 1, err,
				     "a text has an odd number of bytes");
		return 1;
	case SBK_KIND_SID:
		if (sbk_sid_read(out->data, out->size, &out->sid, NULL) < 0 ||
		    sbk_sid_size(&out->sid) != out->size)
			return wrong(cursor, out->offset + 5, err, "not a SID");
		return 1;
	default:
		return 1;
	}
}

/* A length of four bytes, and as many bytes. */
static int next_counted(struct sbk_condition_cursor *cursor,
			struct sbk_condition_token *out, struct sbk_error *err)
{
	size_t left = cursor->size - cursor->at;
	uint32_t length;

	if (left < 4)
		return wrong(cursor, out->offset, err, "a length is cut off");
	length = get_u32le(cursor->data + cursor->at);
	if (length > left - 4)
		return wrong(cursor, cursor->at, err,
			     "a length goes beyond the end");
	out->data = cursor->data + cursor->at + 4;
	out->size = length;
	cursor->at += 4 + (size_t)length;
	return check_counted(cursor, out, err);
}

static int skip_padding(struct sbk_condition_cursor *cursor,
			struct sbk_error *err)
{
	size_t i;

	for (i = cursor->at; i < cursor->size; i++)
		if (cursor->data[i] != SBK_COND_PADDING)
			return wrong(cursor, cursor->at, err,
				     "padding before the end");
	cursor->at = cursor->size;
	return 0;
}

int sbk_condition_next(struct sbk_condition_cursor *cursor,
		       struct sbk_condition_token *out, struct sbk_error *err)
{
	struct sbk_condition_token token = {.offset = cursor->at};
	int rc = 1;

	if (cursor->at >= cursor->size)
		return 0;
	if (cursor->data[cursor->at] == SBK_COND_PADDING)
		return skip_padding(cursor, err);
	token.op = sbk_condition_op(cursor->data[cursor->at]);
	if (token.op == NULL)
		return wrong(cursor, cursor->at, err, "not a token");
	cursor->at++;
	if (token.op->kind == SBK_KIND_INTEGER)
		rc = next_integer(cursor, &token, err);
	else if (token.op->kind <= SBK_KIND_ATTRIBUTE)
		rc = next_counted(cursor, &token, err);
	if (rc > 0)
		*out = token;
	return rc;
}
