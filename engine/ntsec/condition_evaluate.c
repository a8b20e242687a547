/*
 * Evaluation of conditional expressions (MS-DTYP 2.4.4.17, 2.5.3.1.5): a stack
 * of operands, each result a set of what it may be. Refuses nothing: bytes
 * that are no expression are UNKNOWN, as the specification has it. Operands
 * and relational operators are in condition_operand.c.
 *
 * Invariants: a result is never the empty set; no recursion; the stack and the
 * work are bounded, and what exceeds them may be anything.
 */
#include "engine/ntsec/condition.h"
#include "engine/ntsec/condition_operand.h"

#include "engine/banned.h"

struct machine {
	const struct sbk_condition_view *view;
	bool for_deny;
	/* An error makes the whole expression UNKNOWN; so may one that the
	 * specification does not settle. */
	bool is_error, may_be_error;
	bool is_beyond; /* a limit of ours: it may be anything */
	struct sbk_operand_budget budget;
	unsigned depth;
	struct sbk_operand stack[SBK_CONDITION_STACK_MAX];
};

static struct sbk_operand *push(struct machine *machine,
				enum sbk_operand_kind kind)
{
	struct sbk_operand *operand;

	if (machine->depth >= SBK_CONDITION_STACK_MAX) {
		machine->is_error = machine->is_beyond = true;
		return NULL;
	}
	operand = &machine->stack[machine->depth++];
	operand->kind = kind;
	return operand;
}

static const struct sbk_operand *pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->is_error = true;
		return NULL;
	}
	return &machine->stack[--machine->depth];
}

static void push_result(struct machine *machine, unsigned possible)
{
	struct sbk_operand *operand = push(machine, SBK_OPERAND_RESULT);

	if (operand != NULL)
		operand->possible = possible;
}

static void push_literal(struct machine *machine,
			 const struct sbk_condition_token *token)
{
	struct sbk_operand *operand = push(machine, SBK_OPERAND_LITERAL);

	if (operand != NULL)
		operand->token = *token;
}

static void push_attribute(struct machine *machine,
			   const struct sbk_condition_token *token)
{
	struct sbk_operand *operand = push(machine, SBK_OPERAND_UNKNOWN);

	if (operand != NULL && token->op->code == SBK_COND_RESOURCE)
		sbk_operand_find(machine->view->sd, token, &machine->budget,
				 operand);
}

/* A deny-only SID is none for an allowing entry; for a denying one nothing
 * says whether a condition counts it. */
static unsigned is_member(const struct machine *machine,
			  const struct sbk_sid *sid)
{
	const struct sbk_token *token = machine->view->token;

	if (machine->view->restricting)
		return sbk_sid_set_lists(&token->restricting, sid)
			       ? SBK_MAY_TRUE
			       : SBK_MAY_FALSE;
	if ((sbk_sid_equal(&token->user, sid) && !token->user_deny_only) ||
	    sbk_sid_set_allows(&token->groups, sid))
		return SBK_MAY_TRUE;
	if (machine->for_deny && (sbk_sid_equal(&token->user, sid) ||
				  sbk_sid_set_denies(&token->groups, sid)))
		return SBK_MAY_TRUE | SBK_MAY_FALSE;
	return SBK_MAY_FALSE;
}

/* Folds a further SID into "all of them" or "any of them". */
static unsigned fold(unsigned so_far, unsigned is, bool all)
{
	unsigned strong = all ? SBK_MAY_FALSE : SBK_MAY_TRUE;
	unsigned weak = all ? SBK_MAY_TRUE : SBK_MAY_FALSE;
	unsigned result = (so_far | is) & strong;

	if (so_far & is & weak)
		result |= weak;
	return result;
}

static unsigned members(struct machine *machine,
			const struct sbk_operand *operand, bool all)
{
	struct sbk_condition_cursor cursor = {0};
	struct sbk_condition_token token;
	unsigned result = all ? SBK_MAY_TRUE : SBK_MAY_FALSE;
	int rc;

	if (operand->kind != SBK_OPERAND_LITERAL) {
		machine->is_error = true;
		return SBK_MAY_UNKNOWN;
	}
	if (operand->token.op->kind == SBK_KIND_SID)
		return is_member(machine, &operand->token.sid);
	if (operand->token.op->kind == SBK_KIND_COMPOSITE) {
		cursor.data = operand->token.data;
		cursor.size = operand->token.size;
		while ((rc = sbk_condition_next(&cursor, &token, NULL)) > 0 &&
		       token.op->kind == SBK_KIND_SID)
			result = fold(result, is_member(machine, &token.sid),
				      all);
		/* Of no SID nothing is said; the grammar has no empty list. */
		if (rc == 0 && operand->token.size == 0)
			return SBK_MAY_TRUE | SBK_MAY_FALSE;
		if (rc == 0)
			return result;
	}
	machine->is_error = true;
	return SBK_MAY_UNKNOWN;
}

static void test_membership(struct machine *machine, uint8_t code)
{
	const struct sbk_operand *operand = pop(machine);
	bool all = true, is_not = false;
	unsigned is;

	if (operand == NULL)
		return;
	switch (code) {
	case SBK_COND_NOT_MEMBER_OF_ANY:
		is_not = true;
		/* fall through */
	case SBK_COND_MEMBER_OF_ANY:
		all = false;
		break;
	case SBK_COND_NOT_MEMBER_OF:
		is_not = true;
		/* fall through */
	case SBK_COND_MEMBER_OF:
		break;
	default:
		/* A device's groups are no part of a token of ours. */
		push_result(machine, SBK_MAY_ANY);
		return;
	}
	is = members(machine, operand, all);
	push_result(machine, is_not ? sbk_possible_not(is) : is);
}

static void test_existence(struct machine *machine, uint8_t code)
{
	const struct sbk_operand *operand = pop(machine);
	unsigned is = SBK_MAY_TRUE | SBK_MAY_FALSE;

	if (operand == NULL)
		return;
	if (operand->kind == SBK_OPERAND_CLAIM)
		is = SBK_MAY_TRUE;
	else if (operand->kind == SBK_OPERAND_ABSENT)
		is = SBK_MAY_FALSE;
	else if (operand->kind == SBK_OPERAND_UNKNOWN)
		machine->may_be_error = true;
	else
		machine->is_error = true;
	push_result(machine,
		    code == SBK_COND_EXISTS ? is : sbk_possible_not(is));
}

static void test_relation(struct machine *machine, uint8_t code)
{
	const struct sbk_operand *right = pop(machine);
	const struct sbk_operand *left = pop(machine);
	unsigned is;

	if (left == NULL || right == NULL)
		return;
	if (left->kind == SBK_OPERAND_RESULT ||
	    right->kind == SBK_OPERAND_RESULT) {
		machine->is_error = true;
		return;
	}
	is = sbk_operand_compare(code, left, right, &machine->budget);
	if (is == SBK_MAY_ANY)
		machine->may_be_error = true;
	push_result(machine, is);
}

static unsigned truth(struct machine *machine,
		      const struct sbk_operand *operand)
{
	unsigned is;

	if (operand->kind == SBK_OPERAND_RESULT)
		return operand->possible;
	if (operand->kind == SBK_OPERAND_LITERAL) {
		machine->is_error = true;
		return SBK_MAY_UNKNOWN;
	}
	is = sbk_operand_truth(operand, &machine->budget);
	if (is == SBK_MAY_ANY)
		machine->may_be_error = true;
	return is;
}

/* FALSE wins an AND, TRUE an OR; then UNKNOWN. */
static unsigned join(unsigned a, unsigned b, bool is_and)
{
	unsigned wins = is_and ? SBK_MAY_FALSE : SBK_MAY_TRUE;
	unsigned yields = is_and ? SBK_MAY_TRUE : SBK_MAY_FALSE;
	unsigned result = (a | b) & wins;

	if (a & b & yields)
		result |= yields;
	if ((a & SBK_MAY_UNKNOWN && b & (SBK_MAY_UNKNOWN | yields)) ||
	    (b & SBK_MAY_UNKNOWN && a & (SBK_MAY_UNKNOWN | yields)))
		result |= SBK_MAY_UNKNOWN;
	return result;
}

static void test_logic(struct machine *machine, uint8_t code)
{
	const struct sbk_operand *right = pop(machine);
	const struct sbk_operand *left = NULL;

	if (right != NULL && code == SBK_COND_NOT) {
		push_result(machine, sbk_possible_not(truth(machine, right)));
		return;
	}
	left = pop(machine);
	if (left != NULL && right != NULL)
		push_result(machine,
			    join(truth(machine, left), truth(machine, right),
				 code == SBK_COND_AND));
}

static void run(struct machine *machine,
		const struct sbk_condition_token *token)
{
	uint8_t code = token->op->code;

	switch ((enum sbk_condition_kind)token->op->kind) {
	case SBK_KIND_INTEGER:
	case SBK_KIND_STRING:
	case SBK_KIND_OCTETS:
	case SBK_KIND_COMPOSITE:
	case SBK_KIND_SID:
		push_literal(machine, token);
		break;
	case SBK_KIND_ATTRIBUTE:
		push_attribute(machine, token);
		break;
	case SBK_KIND_MEMBERSHIP:
		test_membership(machine, code);
		break;
	case SBK_KIND_EXISTENCE:
		test_existence(machine, code);
		break;
	case SBK_KIND_ORDER:
	case SBK_KIND_SET:
		test_relation(machine, code);
		break;
	case SBK_KIND_NOT:
	case SBK_KIND_LOGIC:
		test_logic(machine, code);
		break;
	}
}

/* What the whole may be. An attribute alone is a condition: whether it has "a
 * nonzero value" ("Security Descriptor Definition Language for Conditional
 * ACEs", "Conditional Expressions"). */
static unsigned finish(struct machine *machine, bool is_malformed)
{
	unsigned possible = SBK_MAY_UNKNOWN;

	if (!is_malformed && !machine->is_error && machine->depth == 1)
		possible = truth(machine, &machine->stack[0]);
	if (machine->is_beyond)
		return SBK_MAY_ANY;
	if (machine->is_error)
		return SBK_MAY_UNKNOWN;
	return machine->may_be_error ? possible | SBK_MAY_UNKNOWN : possible;
}

enum sbk_tristate sbk_condition_evaluate(const uint8_t *data, size_t size,
					 const struct sbk_condition_view *view,
					 bool for_deny, bool *unsupported)
{
	struct sbk_condition_cursor cursor = {data, size,
					      SBK_CONDITION_SIGNATURE_BYTES};
	struct sbk_condition_token token;
	struct machine machine;
	unsigned possible, applies;
	int rc = 1;

	machine.view = view;
	machine.for_deny = for_deny;
	machine.is_error = machine.may_be_error = machine.is_beyond = false;
	machine.budget.steps =
		view->steps != NULL ? *view->steps : SBK_CONDITION_STEPS_MAX;
	machine.depth = 0;
	while (!machine.is_error &&
	       (rc = sbk_condition_next(&cursor, &token, NULL)) > 0)
		run(&machine, &token);
	possible = finish(&machine, rc < 0);
	if (view->steps != NULL)
		*view->steps = machine.budget.steps;

	/* An allowing entry applies where it is TRUE, a denying one also where
	 * it is UNKNOWN: what is on the same side needs no telling apart. */
	applies = for_deny ? SBK_MAY_TRUE | SBK_MAY_UNKNOWN : SBK_MAY_TRUE;
	*unsupported = (possible & applies) && (possible & ~applies);
	if (possible == SBK_MAY_TRUE)
		return SBK_TRUE;
	if (possible == SBK_MAY_FALSE)
		return SBK_FALSE;
	return SBK_UNKNOWN;
}
