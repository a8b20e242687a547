/*
 * Operands of conditional expressions: elements of literals and claims, and
 * the relational operators over them (MS-DTYP 2.4.4.17.6, 2.4.10.1). Believes
 * no offset or length, and answers "may be anything" wherever the
 * specification leaves a result open or a table of Windows would be needed
 * (letters beyond ASCII, the order of strings).
 */
#include <string.h>

#include "engine/ntsec/condition_operand.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define CLAIM_HEADER_BYTES 16
#define STEP_BYTES 64

enum claim_type {
	CLAIM_INT64 = 1,
	CLAIM_UINT64 = 2,
	CLAIM_STRING = 3,
	CLAIM_SID = 5,
	CLAIM_BOOLEAN = 6,
	CLAIM_OCTETS = 16
};

enum claim_flags {
	CLAIM_CASE_SENSITIVE = 2,
	CLAIM_DENY_ONLY = 4,
	CLAIM_DISABLED = 0x10
};

enum element_kind { INTEGER, STRING, OCTETS, SID };

struct element {
	enum element_kind kind;
	bool is_negative; /* of an integer: `value` is two's complement */
	uint64_t value;
	const uint8_t *data;
	size_t size;
};

/* A walk over the elements of an operand. */
struct walk {
	const struct sbk_operand *operand;
	struct sbk_operand_budget *budget;
	struct sbk_condition_cursor composite;
	uint32_t index;
};

unsigned sbk_possible_not(unsigned possible)
{
	unsigned result = possible & SBK_MAY_UNKNOWN;

	if (possible & SBK_MAY_FALSE)
		result |= SBK_MAY_TRUE;
	if (possible & SBK_MAY_TRUE)
		result |= SBK_MAY_FALSE;
	return result;
}

/* Pays for looking at `size` bytes. */
static bool spend(struct sbk_operand_budget *budget, size_t size)
{
	size_t steps = 1 + size / STEP_BYTES;

	if (budget->steps < steps) {
		budget->steps = 0;
		return false;
	}
	budget->steps -= steps;
	return true;
}

static unsigned upper(unsigned unit)
{
	return unit >= 'a' && unit <= 'z' ? unit - 'a' + 'A' : unit;
}

/* Equality of UTF-16 texts: TRUE, FALSE, or either where it hangs on the case
 * of letters beyond ASCII. */
static unsigned same_text(const uint8_t *a, size_t a_size, const uint8_t *b,
			  size_t b_size, bool by_case)
{
	unsigned result = SBK_MAY_TRUE;
	size_t i;

	if (a_size != b_size)
		return SBK_MAY_FALSE;
	for (i = 0; i + 1 < a_size; i += 2) {
		unsigned x = get_u16le(a + i), y = get_u16le(b + i);

		if (x == y || (!by_case && upper(x) == upper(y)))
			continue;
		if (by_case || (x < 0x80 && y < 0x80))
			return SBK_MAY_FALSE;
		result = SBK_MAY_TRUE | SBK_MAY_FALSE;
	}
	return result;
}

/* The length of the text at `at`, up to its zero; false where it has none. */
static bool text_size(const uint8_t *data, size_t size, size_t at, size_t *out)
{
	size_t end;

	for (end = at; end + 1 < size; end += 2) {
		if (get_u16le(data + end) == 0) {
			*out = end - at;
			return true;
		}
	}
	return false;
}

static bool read_claim(const struct sbk_ace *ace, struct sbk_claim_view *out)
{
	if (ace->data_size < CLAIM_HEADER_BYTES)
		return false;
	out->data = ace->data;
	out->size = ace->data_size;
	out->type = get_u16le(ace->data + 4);
	out->flags = get_u32le(ace->data + 8);
	out->count = get_u32le(ace->data + 12);
	return out->count <= (out->size - CLAIM_HEADER_BYTES) / 4;
}

/* Whether the claim has this name: as same_text, and anything for a claim that
 * cannot be read. */
static unsigned is_named(const struct sbk_claim_view *claim,
			 const struct sbk_condition_token *name)
{
	size_t at = get_u32le(claim->data), size;

	if (at >= claim->size ||
	    !text_size(claim->data, claim->size, at, &size))
		return SBK_MAY_TRUE | SBK_MAY_FALSE;
	return same_text(claim->data + at, size, name->data, name->size, false);
}

void sbk_operand_find(const struct sbk_sd *sd,
		      const struct sbk_condition_token *name,
		      struct sbk_operand_budget *budget,
		      struct sbk_operand *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	unsigned is;

	out->kind = SBK_OPERAND_ABSENT;
	if (sd == NULL || sd->sacl_is != SBK_ACL_PRESENT)
		return;
	while (sbk_nt_acl_next(&sd->sacl, &at, &ace)) {
		if (ace.type != SBK_ACE_RESOURCE_ATTRIBUTE ||
		    (ace.flags & SBK_ACE_INHERIT_ONLY))
			continue;
		is = SBK_MAY_TRUE | SBK_MAY_FALSE;
		if (spend(budget, ace.data_size) &&
		    read_claim(&ace, &out->claim))
			is = is_named(&out->claim, name);
		if (is == SBK_MAY_FALSE)
			continue;
		out->kind =
			is == SBK_MAY_TRUE &&
					!(out->claim.flags &
					  (CLAIM_DENY_ONLY | CLAIM_DISABLED))
				? SBK_OPERAND_CLAIM
				: SBK_OPERAND_UNKNOWN;
		return;
	}
}

static void begin(struct walk *walk, const struct sbk_operand *operand,
		  struct sbk_operand_budget *budget)
{
	memset(walk, 0, sizeof(*walk));
	walk->operand = operand;
	walk->budget = budget;
	if (operand->kind == SBK_OPERAND_LITERAL &&
	    operand->token.op->kind == SBK_KIND_COMPOSITE) {
		walk->composite.data = operand->token.data;
		walk->composite.size = operand->token.size;
	}
}

static int literal_element(const struct sbk_condition_token *token,
			   struct element *out)
{
	out->data = token->data;
	out->size = token->size;
	switch (token->op->kind) {
	case SBK_KIND_INTEGER:
		out->kind = INTEGER;
		out->value = (uint64_t)token->value;
		out->is_negative = token->value < 0;
		return 1;
	case SBK_KIND_STRING:
		out->kind = STRING;
		return 1;
	case SBK_KIND_OCTETS:
		out->kind = OCTETS;
		return 1;
	case SBK_KIND_SID:
		out->kind = SID;
		return 1;
	default:
		return -1;
	}
}

static int claim_element(const struct sbk_claim_view *claim, uint32_t index,
			 struct element *out)
{
	size_t at = get_u32le(claim->data + CLAIM_HEADER_BYTES + 4 * index);
	size_t left = at < claim->size ? claim->size - at : 0;

	switch (claim->type) {
	case CLAIM_INT64:
	case CLAIM_UINT64:
	case CLAIM_BOOLEAN:
		if (left < 8)
			return -1;
		out->kind = INTEGER;
		out->value = get_u64le(claim->data + at);
		out->is_negative =
			claim->type == CLAIM_INT64 && (out->value >> 63) != 0;
		return 1;
	case CLAIM_STRING:
		out->kind = STRING;
		out->data = claim->data + at;
		return left > 0 && text_size(claim->data, claim->size, at,
					     &out->size)
			       ? 1
			       : -1;
	case CLAIM_SID:
	case CLAIM_OCTETS:
		if (left < 4 || get_u32le(claim->data + at) > left - 4)
			return -1;
		out->kind = claim->type == CLAIM_SID ? SID : OCTETS;
		out->data = claim->data + at + 4;
		out->size = get_u32le(claim->data + at);
		return 1;
	default:
		return -1;
	}
}

static int find_next(struct walk *walk, struct element *out)
{
	const struct sbk_operand *operand = walk->operand;
	struct sbk_condition_token token;
	int rc;

	memset(out, 0, sizeof(*out));
	if (operand->kind == SBK_OPERAND_CLAIM) {
		if (walk->index >= operand->claim.count)
			return 0;
		return claim_element(&operand->claim, walk->index++, out);
	}
	if (walk->composite.data != NULL ||
	    operand->token.op->kind == SBK_KIND_COMPOSITE) {
		rc = sbk_condition_next(&walk->composite, &token, NULL);
		return rc > 0 ? literal_element(&token, out) : rc;
	}
	return walk->index++ == 0 ? literal_element(&operand->token, out) : 0;
}

/* 1 and an element, 0 at the end, -1 for one that cannot be read or paid. */
static int next(struct walk *walk, struct element *out)
{
	int rc = find_next(walk, out);

	return rc > 0 && !spend(walk->budget, out->size) ? -1 : rc;
}

/* Equality of elements; anything where their kinds differ, which the
 * specification does not settle. */
static unsigned same(const struct element *a, const struct element *b,
		     bool by_case)
{
	if (a->kind != b->kind)
		return SBK_MAY_ANY;
	if (a->kind == INTEGER)
		return a->value == b->value && a->is_negative == b->is_negative
			       ? SBK_MAY_TRUE
			       : SBK_MAY_FALSE;
	if (a->kind == STRING)
		return same_text(a->data, a->size, b->data, b->size, by_case);
	return a->size == b->size && (a->size == 0 ||
				      memcmp(a->data, b->data, a->size) == 0)
		       ? SBK_MAY_TRUE
		       : SBK_MAY_FALSE;
}

static bool is_by_case(const struct sbk_operand *a, const struct sbk_operand *b)
{
	return (a->kind == SBK_OPERAND_CLAIM &&
		(a->claim.flags & CLAIM_CASE_SENSITIVE)) ||
	       (b->kind == SBK_OPERAND_CLAIM &&
		(b->claim.flags & CLAIM_CASE_SENSITIVE));
}

/* Whether the element is in the list. */
static unsigned is_in(const struct element *element,
		      const struct sbk_operand *list, bool by_case,
		      struct sbk_operand_budget *budget)
{
	struct element other;
	struct walk walk;
	unsigned result = SBK_MAY_FALSE;
	int rc;

	begin(&walk, list, budget);
	while ((rc = next(&walk, &other)) > 0) {
		unsigned is = same(element, &other, by_case);

		/* After an element of another kind nothing is sure. */
		if (is == SBK_MAY_TRUE && !(result & SBK_MAY_UNKNOWN))
			return SBK_MAY_TRUE;
		result |= is;
	}
	return rc < 0 ? SBK_MAY_ANY : result;
}

/* Whether all, or any, of the second list's elements are in the first. */
static unsigned holds(const struct sbk_operand *list,
		      const struct sbk_operand *of, bool all,
		      struct sbk_operand_budget *budget)
{
	bool by_case = is_by_case(list, of);
	unsigned ends = all ? SBK_MAY_FALSE : SBK_MAY_TRUE;
	unsigned result = all ? SBK_MAY_TRUE : SBK_MAY_FALSE;
	struct element element;
	bool is_empty = true;
	struct walk walk;
	int rc;

	begin(&walk, of, budget);
	while ((rc = next(&walk, &element)) > 0) {
		unsigned is = is_in(&element, list, by_case, budget);

		is_empty = false;
		if (is == ends)
			return ends;
		if (is != result)
			result |= is;
	}
	/* Nothing says what is true of no element. */
	return rc < 0 || is_empty ? SBK_MAY_ANY : result;
}

/* The number of elements, 2 for more, -1 for one that cannot be read. */
static int elements(const struct sbk_operand *operand,
		    struct sbk_operand_budget *budget, struct element *first)
{
	struct element other;
	struct walk walk;
	int rc;

	begin(&walk, operand, budget);
	rc = next(&walk, first);
	if (rc <= 0)
		return rc;
	rc = next(&walk, &other);
	return rc < 0 ? -1 : rc + 1;
}

static unsigned equal_lists(const struct sbk_operand *left,
			    const struct sbk_operand *right,
			    struct sbk_operand_budget *budget)
{
	unsigned both = holds(left, right, true, budget);

	if (both == SBK_MAY_FALSE)
		return SBK_MAY_FALSE;
	if (holds(right, left, true, budget) == SBK_MAY_FALSE)
		return SBK_MAY_FALSE;
	/* Equal as sets; order and repetition are nowhere said to count. */
	return SBK_MAY_TRUE | SBK_MAY_FALSE | both;
}

static unsigned ordered(uint8_t code, const struct element *a,
			const struct element *b)
{
	bool less, equal;
	bool is;

	if (a->kind != INTEGER || b->kind != INTEGER)
		return SBK_MAY_ANY;
	equal = a->value == b->value && a->is_negative == b->is_negative;
	less = a->is_negative != b->is_negative ? a->is_negative
						: a->value < b->value;
	if (code == SBK_COND_LESS)
		is = less;
	else if (code == SBK_COND_LESS_EQUAL)
		is = less || equal;
	else if (code == SBK_COND_GREATER)
		is = !less && !equal;
	else
		is = !less;
	return is ? SBK_MAY_TRUE : SBK_MAY_FALSE;
}

static unsigned compare_scalars(uint8_t code, const struct sbk_operand *left,
				const struct sbk_operand *right,
				struct sbk_operand_budget *budget)
{
	struct element a, b;
	int as = elements(left, budget, &a);
	int bs = elements(right, budget, &b);

	if (as < 0 || bs < 0)
		return SBK_MAY_ANY;
	if (as != 1 || bs != 1)
		return code == SBK_COND_EQUAL ? equal_lists(left, right, budget)
					      : SBK_MAY_UNKNOWN;
	if (code == SBK_COND_EQUAL)
		return same(&a, &b, is_by_case(left, right));
	if (code == SBK_COND_NOT_EQUAL)
		return sbk_possible_not(same(&a, &b, is_by_case(left, right)));
	return ordered(code, &a, &b);
}

unsigned sbk_operand_compare(uint8_t code, const struct sbk_operand *left,
			     const struct sbk_operand *right,
			     struct sbk_operand_budget *budget)
{
	if (left->kind == SBK_OPERAND_ABSENT ||
	    right->kind == SBK_OPERAND_ABSENT)
		return SBK_MAY_UNKNOWN;
	if (left->kind == SBK_OPERAND_UNKNOWN ||
	    right->kind == SBK_OPERAND_UNKNOWN)
		return SBK_MAY_ANY;
	switch (code) {
	case SBK_COND_CONTAINS:
		return holds(left, right, true, budget);
	case SBK_COND_NOT_CONTAINS:
		return sbk_possible_not(holds(left, right, true, budget));
	case SBK_COND_ANY_OF:
		return holds(left, right, false, budget);
	case SBK_COND_NOT_ANY_OF:
		return sbk_possible_not(holds(left, right, false, budget));
	default:
		return compare_scalars(code, left, right, budget);
	}
}

unsigned sbk_operand_truth(const struct sbk_operand *operand,
			   struct sbk_operand_budget *budget)
{
	struct element element;
	bool is;

	if (operand->kind == SBK_OPERAND_ABSENT)
		return SBK_MAY_UNKNOWN;
	if (operand->kind != SBK_OPERAND_CLAIM ||
	    elements(operand, budget, &element) != 1)
		return SBK_MAY_ANY;
	if (element.kind == INTEGER)
		is = element.value != 0;
	else if (element.kind == STRING)
		is = element.size != 0;
	else
		return SBK_MAY_ANY;
	return is ? SBK_MAY_TRUE : SBK_MAY_FALSE;
}
