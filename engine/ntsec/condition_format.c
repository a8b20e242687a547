/*
 * Conditions as text, as Windows writes them: every expression has brackets of
 * its own, one blank around a binary operator.
 *
 * Postfix becomes infix without a tree and without recursion: the text so far
 * is one buffer, and a stack says where each operand in it begins. An operator
 * puts its text between, and its brackets around, the last one or two. What it
 * moves is bounded: nesting deeper than SBK_SDDL_CONDITION_DEPTH_MAX is
 * refused, as parsing would refuse it.
 *
 * Strict: what the grammar could not have written is refused, so that each text
 * given means exactly the bytes.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/ntsec/condition.h"
#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sddl_lex.h"

#include "engine/banned.h"

enum operand_kind { SCALAR, COMPOSITE, LOCAL_NAME, NAME, EXPRESSION };

struct operand {
	size_t start; /* of its text */
	unsigned depth;
	enum operand_kind kind;
};

struct writer {
	const struct sbk_sddl_options *options;
	struct sbk_error *err;
	struct sbk_buf text;
	size_t offset; /* of the token at hand */
	unsigned count;
	/* Operands wait only where brackets will be nested as deeply. */
	struct operand stack[SBK_SDDL_CONDITION_DEPTH_MAX + 2];
};

static int refuse(const struct writer *w, int code, const char *why)
{
	int rc = sbk_error_set(w->err, code, "the condition at byte %zu: %s",
			       w->offset, why);

	if (w->err != NULL)
		w->err->offset = w->offset;
	return rc;
}

static void insert(struct sbk_buf *text, size_t at, const char *what)
{
	size_t behind = text->size - at, length = strlen(what);

	sbk_buf_adds(text, what);
	if (text->failure != 0 || behind == 0)
		return;
	memmove(text->data + at + length, text->data + at, behind);
	memcpy(text->data + at, what, length);
}

static int push(struct writer *w, enum operand_kind kind, size_t start,
		unsigned depth)
{
	if (depth > SBK_SDDL_CONDITION_DEPTH_MAX ||
	    w->count == sizeof(w->stack) / sizeof(w->stack[0]))
		return refuse(w, SBK_E_LIMIT, "it is nested too deeply");
	w->stack[w->count++] = (struct operand){start, depth, kind};
	return 0;
}

/* The sign stands beside the number, and must agree with it. */
static int write_integer(struct writer *w,
			 const struct sbk_condition_token *token)
{
	uint64_t magnitude = (uint64_t)token->value;

	if (token->value < 0 && token->sign == SBK_COND_MINUS)
		magnitude = ~magnitude + 1;
	else if (token->value < 0 && (token->sign == SBK_COND_PLUS ||
				      token->base == SBK_COND_DECIMAL))
		return refuse(w, SBK_E_UNSUPPORTED,
			      "a negative number has no minus sign");
	else if (token->value > 0 && token->sign == SBK_COND_MINUS)
		return refuse(w, SBK_E_UNSUPPORTED,
			      "a positive number has a minus sign");
	if (token->sign != SBK_COND_NO_SIGN)
		sbk_buf_addc(&w->text,
			     token->sign == SBK_COND_MINUS ? '-' : '+');
	if (token->base == SBK_COND_HEX)
		sbk_buf_printf(&w->text, "0x%" PRIx64, magnitude);
	else if (token->base == SBK_COND_OCTAL)
		sbk_buf_printf(&w->text, "0%" PRIo64, magnitude);
	else
		sbk_buf_printf(&w->text, "%" PRIu64, magnitude);
	return 0;
}

static int write_scalar(struct writer *w,
			const struct sbk_condition_token *token)
{
	switch (token->op->kind) {
	case SBK_KIND_INTEGER:
		return write_integer(w, token);
	case SBK_KIND_STRING:
		if (!sbk_write_string(&w->text, token->data, token->size))
			return refuse(w, SBK_E_UNSUPPORTED,
				      "a string holds a quote or NUL");
		return 0;
	case SBK_KIND_OCTETS:
		sbk_write_octets(&w->text, token->data, token->size);
		return 0;
	case SBK_KIND_SID:
		sbk_buf_adds(&w->text, "SID(");
		sbk_write_sid(&w->text, &token->sid, w->options);
		sbk_buf_addc(&w->text, ')');
		return 0;
	default:
		return refuse(w, SBK_E_PARSE, "a list holds no literal");
	}
}

static int write_composite(struct writer *w,
			   const struct sbk_condition_token *token)
{
	struct sbk_condition_cursor at = {token->data, token->size, 0};
	struct sbk_condition_token element;
	const char *between = "{";
	size_t end = 0;
	int rc;

	while ((rc = sbk_condition_next(&at, &element, w->err)) > 0) {
		sbk_buf_adds(&w->text, between);
		rc = write_scalar(w, &element);
		if (rc < 0)
			return rc;
		between = ", ";
		end = at.at;
	}
	if (rc == 0 && (token->size == 0 || end != token->size))
		return refuse(w, SBK_E_PARSE,
			      end == 0 ? "a list is empty"
				       : "a list holds padding");
	sbk_buf_addc(&w->text, '}');
	return rc;
}

static int write_attribute(struct writer *w,
			   const struct sbk_condition_token *token)
{
	bool local = token->op->code == SBK_COND_LOCAL;
	size_t i;

	for (i = 0; i < token->size; i += 2)
		if (token->data[i] == 0 && token->data[i + 1] == 0)
			return refuse(w, SBK_E_UNSUPPORTED,
				      "the name of an attribute holds NUL");
	sbk_buf_adds(&w->text, token->op->text);
	sbk_write_name(&w->text, local ? SBK_LEX_LOCAL : SBK_LEX_PREFIXED,
		       token->data, token->size);
	return 0;
}

static int operand(struct writer *w, const struct sbk_condition_token *token)
{
	size_t start = w->text.size;
	int rc;

	if (token->op->kind == SBK_KIND_ATTRIBUTE) {
		rc = write_attribute(w, token);
		return rc < 0 ? rc
			      : push(w,
				     token->op->code == SBK_COND_LOCAL
					     ? LOCAL_NAME
					     : NAME,
				     start, 0);
	}
	if (token->op->kind == SBK_KIND_COMPOSITE) {
		rc = write_composite(w, token);
		return rc < 0 ? rc : push(w, COMPOSITE, start, 0);
	}
	rc = write_scalar(w, token);
	return rc < 0 ? rc : push(w, SCALAR, start, 0);
}

/* An operand of a logical operator: an attribute gets brackets first. */
static bool as_expression(struct writer *w, struct operand *o)
{
	bool is_last = o == &w->stack[w->count - 1];

	if (o->kind == EXPRESSION)
		return true;
	if (o->kind != NAME && o->kind != LOCAL_NAME)
		return false;
	insert(&w->text, o->start, "(");
	insert(&w->text, is_last ? w->text.size : (o + 1)->start + 1, ")");
	if (!is_last)
		(o + 1)->start += 2;
	o->kind = EXPRESSION;
	o->depth = 1;
	return true;
}

static int unary(struct writer *w, const struct sbk_condition_op *op)
{
	struct operand *o;
	bool fits;

	if (w->count < 1)
		return refuse(w, SBK_E_PARSE, "an operator has no operand");
	o = &w->stack[w->count - 1];
	if (op->kind == SBK_KIND_MEMBERSHIP)
		fits = o->kind == SCALAR || o->kind == COMPOSITE;
	else if (op->kind == SBK_KIND_EXISTENCE)
		fits = o->kind == NAME || o->kind == LOCAL_NAME;
	else
		fits = as_expression(w, o);
	if (!fits)
		return refuse(w, SBK_E_PARSE,
			      "an operator has an operand of a wrong kind");
	if (op->kind != SBK_KIND_NOT)
		insert(&w->text, o->start, " ");
	insert(&w->text, o->start, op->text);
	insert(&w->text, o->start, "(");
	sbk_buf_addc(&w->text, ')');
	w->count--;
	return push(w, EXPRESSION, o->start, o->depth + 1);
}

static bool fits_relation(const struct sbk_condition_op *op,
			  const struct operand *left,
			  const struct operand *right)
{
	return (left->kind == NAME || left->kind == LOCAL_NAME) &&
	       (right->kind == NAME || right->kind == SCALAR ||
		(right->kind == COMPOSITE && op->kind == SBK_KIND_SET));
}

static int binary(struct writer *w, const struct sbk_condition_op *op)
{
	struct operand *left, *right;
	bool fits;

	if (w->count < 2)
		return refuse(w, SBK_E_PARSE, "an operator has no operands");
	right = &w->stack[w->count - 1];
	left = right - 1;
	if (op->kind == SBK_KIND_LOGIC)
		fits = as_expression(w, left) && as_expression(w, right);
	else
		fits = fits_relation(op, left, right);
	if (!fits)
		return refuse(w, SBK_E_PARSE,
			      "an operator has an operand of a wrong kind");
	insert(&w->text, right->start, " ");
	insert(&w->text, right->start, op->text);
	insert(&w->text, right->start, " ");
	insert(&w->text, left->start, "(");
	sbk_buf_addc(&w->text, ')');
	w->count -= 2;
	return push(
		w, EXPRESSION, left->start,
		1 + (left->depth > right->depth ? left->depth : right->depth));
}

static int one_token(struct writer *w, const struct sbk_condition_token *token)
{
	w->offset = token->offset;
	switch (token->op->kind) {
	case SBK_KIND_MEMBERSHIP:
	case SBK_KIND_EXISTENCE:
	case SBK_KIND_NOT:
		return unary(w, token->op);
	case SBK_KIND_ORDER:
	case SBK_KIND_SET:
	case SBK_KIND_LOGIC:
		return binary(w, token->op);
	default:
		return operand(w, token);
	}
}

static int all_tokens(struct writer *w, const uint8_t *data, size_t size)
{
	struct sbk_condition_cursor at = {data, size,
					  SBK_CONDITION_SIGNATURE_BYTES};
	struct sbk_condition_token token;
	size_t end = at.at;
	int rc;

	while ((rc = sbk_condition_next(&at, &token, w->err)) > 0) {
		rc = one_token(w, &token);
		if (rc < 0)
			return rc;
		end = at.at;
	}
	w->offset = end;
	if (rc == 0 && size - end > 3)
		return refuse(w, SBK_E_UNSUPPORTED,
			      "it has more padding than it needs");
	if (rc == 0 && (w->count != 1 || !as_expression(w, &w->stack[0])))
		return refuse(w, SBK_E_PARSE, "it is no single expression");
	return rc;
}

int sbk_condition_format(const uint8_t *data, size_t size,
			 const struct sbk_sddl_options *options,
			 struct sbk_buf *out, struct sbk_error *err)
{
	struct writer w = {
		.options = options, .err = err, .text = SBK_BUF_INIT};
	int rc;

	if (!sbk_condition_is(data, size))
		return refuse(&w, SBK_E_PARSE, "it does not begin with 'artx'");
	rc = all_tokens(&w, data, size);
	if (rc == 0)
		rc = sbk_buf_failed(&w.text, err);
	if (rc == 0)
		sbk_buf_add(out, sbk_buf_text(&w.text), w.text.size);
	sbk_buf_release(&w.text);
	return rc;
}
