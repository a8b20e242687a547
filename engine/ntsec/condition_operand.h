/*
 * Operands of a conditional expression while it is evaluated: literals, and
 * resource attributes found in a SACL, both as lists of elements.
 */
#ifndef SBK_NTSEC_CONDITION_OPERAND_H
#define SBK_NTSEC_CONDITION_OPERAND_H

#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sd.h"

/* What a test may turn out to be, as a set: what depends on something that is
 * not known here has several members. */
enum sbk_possible {
	SBK_MAY_FALSE = 1,
	SBK_MAY_TRUE = 2,
	SBK_MAY_UNKNOWN = 4,
	SBK_MAY_ANY = 7
};

enum sbk_operand_kind {
	SBK_OPERAND_RESULT,  /* of an operator: `possible` */
	SBK_OPERAND_LITERAL, /* `token` */
	SBK_OPERAND_CLAIM,   /* a resource attribute: `claim` */
	SBK_OPERAND_ABSENT,  /* an attribute that the descriptor lacks */
	SBK_OPERAND_UNKNOWN  /* an attribute that a token would have */
};

/* CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1 (MS-DTYP 2.4.10.1); borrowed. */
struct sbk_claim_view {
	const uint8_t *data;
	size_t size;
	uint16_t type;
	uint32_t flags, count;
};

struct sbk_operand {
	enum sbk_operand_kind kind;
	unsigned possible;
	struct sbk_condition_token token;
	struct sbk_claim_view claim;
};

/*
 * How much an evaluation may still do: elements and entries looked at, one step
 * for each 64 bytes of them. Hostile expressions are cubic (each element of one
 * claim with each of another, and all of them may be the same long text); with
 * an empty budget everything may be, and nothing more is looked at.
 */
struct sbk_operand_budget {
	size_t steps;
};

/* Looks the attribute up in a descriptor's SACL. */
void sbk_operand_find(const struct sbk_sd *sd,
		      const struct sbk_condition_token *name,
		      struct sbk_operand_budget *budget,
		      struct sbk_operand *out);

/* The test of a relational operator: a set of enum sbk_possible. */
unsigned sbk_operand_compare(uint8_t code, const struct sbk_operand *left,
			     const struct sbk_operand *right,
			     struct sbk_operand_budget *budget);

/* The logical value of an operand that is no result (2.4.4.17.7). */
unsigned sbk_operand_truth(const struct sbk_operand *operand,
			   struct sbk_operand_budget *budget);

unsigned sbk_possible_not(unsigned possible);

#endif
