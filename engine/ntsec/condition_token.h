/*
 * The tokens of a conditional expression (MS-DTYP 2.4.4.17.4 to .8): a table of
 * the byte codes, and a cursor over bytes that nobody has checked. Parsing,
 * formatting and evaluation share both.
 *
 *	struct sbk_condition_cursor at = {data, size, 4};
 *	struct sbk_condition_token token;
 *	while ((rc = sbk_condition_next(&at, &token, err)) > 0) ...
 */
#ifndef SBK_NTSEC_CONDITION_TOKEN_H
#define SBK_NTSEC_CONDITION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/ntsec/sid.h"

#define SBK_CONDITION_SIGNATURE_BYTES 4 /* "artx" */

enum sbk_condition_code {
	SBK_COND_PADDING = 0x00,
	SBK_COND_INT8 = 0x01,
	SBK_COND_INT16 = 0x02,
	SBK_COND_INT32 = 0x03,
	SBK_COND_INT64 = 0x04,
	SBK_COND_STRING = 0x10,
	SBK_COND_OCTETS = 0x18,
	SBK_COND_COMPOSITE = 0x50,
	SBK_COND_SID = 0x51,
	SBK_COND_EQUAL = 0x80,
	SBK_COND_NOT_EQUAL = 0x81,
	SBK_COND_LESS = 0x82,
	SBK_COND_LESS_EQUAL = 0x83,
	SBK_COND_GREATER = 0x84,
	SBK_COND_GREATER_EQUAL = 0x85,
	SBK_COND_CONTAINS = 0x86,
	SBK_COND_EXISTS = 0x87,
	SBK_COND_ANY_OF = 0x88,
	SBK_COND_MEMBER_OF = 0x89,
	SBK_COND_DEVICE_MEMBER_OF = 0x8A,
	SBK_COND_MEMBER_OF_ANY = 0x8B,
	SBK_COND_DEVICE_MEMBER_OF_ANY = 0x8C,
	SBK_COND_NOT_EXISTS = 0x8D,
	SBK_COND_NOT_CONTAINS = 0x8E,
	SBK_COND_NOT_ANY_OF = 0x8F,
	SBK_COND_NOT_MEMBER_OF = 0x90,
	SBK_COND_NOT_DEVICE_MEMBER_OF = 0x91,
	SBK_COND_NOT_MEMBER_OF_ANY = 0x92,
	SBK_COND_NOT_DEVICE_MEMBER_OF_ANY = 0x93,
	SBK_COND_AND = 0xA0,
	SBK_COND_OR = 0xA1,
	SBK_COND_NOT = 0xA2,
	SBK_COND_LOCAL = 0xF8,
	SBK_COND_USER = 0xF9,
	SBK_COND_RESOURCE = 0xFA,
	SBK_COND_DEVICE = 0xFB
};

enum sbk_condition_sign { /* as it was written */
			  SBK_COND_PLUS = 1,
			  SBK_COND_MINUS = 2,
			  SBK_COND_NO_SIGN = 3
};

enum sbk_condition_base {
	SBK_COND_OCTAL = 1,
	SBK_COND_DECIMAL = 2,
	SBK_COND_HEX = 3
};

/* What a token is; says also what operands an operator takes. */
enum sbk_condition_kind {
	SBK_KIND_INTEGER,
	SBK_KIND_STRING,
	SBK_KIND_OCTETS,
	SBK_KIND_COMPOSITE,
	SBK_KIND_SID,
	SBK_KIND_ATTRIBUTE,
	SBK_KIND_MEMBERSHIP, /* operator: a literal */
	SBK_KIND_EXISTENCE,  /* operator: an attribute */
	SBK_KIND_ORDER,	     /* operator: attribute, attribute or scalar */
	SBK_KIND_SET,	     /* operator: attribute, attribute or literal */
	SBK_KIND_NOT,	     /* operator: an expression */
	SBK_KIND_LOGIC	     /* operator: two expressions */
};

struct sbk_condition_op {
	uint8_t code;
	uint8_t kind;	  /* enum sbk_condition_kind */
	const char *text; /* operator: as Windows writes it; attribute: what
			   * stands before its name */
};

/* NULL for a byte that is no code, and for padding. */
const struct sbk_condition_op *sbk_condition_op(uint8_t code);
/* The operator or attribute prefix that the text begins with, in either case;
 * the longest one. NULL for none. */
const struct sbk_condition_op *sbk_condition_op_named(const char *text,
						      size_t size);

struct sbk_condition_token {
	const struct sbk_condition_op *op;
	size_t offset;	     /* of its code, in the cursor's bytes */
	const uint8_t *data; /* a name, string (UTF-16), octets, or a
			      * composite's tokens; borrowed */
	size_t size;
	int64_t value; /* of an integer; two's complement */
	uint8_t sign, base;
	struct sbk_sid sid;
};

struct sbk_condition_cursor {
	const uint8_t *data;
	size_t size;
	size_t at;
};

/*
 * 1 and a token, 0 at the end, or SBK_E_PARSE with err->offset. Zero bytes up
 * to the end are padding. A composite is one token; whoever looks into it makes
 * a cursor of its data, where only literals that are no composite are valid.
 */
int sbk_condition_next(struct sbk_condition_cursor *cursor,
		       struct sbk_condition_token *out, struct sbk_error *err);

#endif
