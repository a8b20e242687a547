/*
 * Conditions from text (MS-DTYP 2.5.1.1 "cond-expr"), by recursive descent that
 * brackets drive no deeper than SBK_SDDL_CONDITION_DEPTH_MAX, straight into
 * postfix tokens.
 *
 *	or     = and *("||" and)
 *	and    = factor *("&&" factor)
 *	factor = "(" or ")" / "!" ("(" or ")" / term) / term
 *	term   = attribute [relation operand] / "Exists" attribute
 *	         / "Member_of" literal, and their kin
 *
 * The precedence is that of 2.5.1.3. Where Windows is reported to differ from
 * the grammar it is followed: it takes brackets around a literal and literals
 * of any type behind Member_of, but no bare name or operator behind "!".
 */
#include <string.h>

#include "engine/ntsec/condition.h"
#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sddl_lex.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

static const uint8_t signature[SBK_CONDITION_SIGNATURE_BYTES] = {'a', 'r', 't',
								 'x'};

struct parser {
	struct sbk_lex *lex;
	struct sbk_buf *out;
	unsigned brackets; /* open ones */
};

static int parse_or(struct parser *p, unsigned *depth);

bool sbk_condition_is(const uint8_t *data, size_t size)
{
	return size >= sizeof(signature) &&
	       memcmp(data, signature, sizeof(signature)) == 0;
}

static void emit(struct parser *p, uint8_t code)
{
	sbk_buf_add(p->out, &code, 1);
}

/* A token with a length: room for it here, its value in end_counted(). */
static size_t begin_counted(struct parser *p, uint8_t code)
{
	uint8_t length[4] = {0};

	emit(p, code);
	sbk_buf_add(p->out, length, sizeof(length));
	return p->out->size;
}

static void end_counted(struct parser *p, size_t start)
{
	if (p->out->failure == 0)
		put_u32le((uint8_t *)p->out->data + start - 4,
			  (uint32_t)(p->out->size - start));
}

static int fail(const struct parser *p, const char *why)
{
	return sbk_lex_fail(p->lex, p->lex->at, SBK_E_PARSE, "%s", why);
}

static int parse_integer(struct parser *p)
{
	struct sbk_lex_number number;
	uint8_t bytes[10];
	int64_t value;
	size_t start = p->lex->at;
	int rc = sbk_lex_number(p->lex, &number);

	if (rc < 0)
		return rc;
	if (!sbk_lex_signed(&number, &value))
		return sbk_lex_fail(p->lex, start, SBK_E_PARSE,
				    "the number is too large");
	put_u64le(bytes, (uint64_t)value);
	bytes[8] = number.sign;
	bytes[9] = number.base;
	emit(p, SBK_COND_INT64);
	sbk_buf_add(p->out, bytes, sizeof(bytes));
	return 0;
}

static int parse_sid(struct parser *p)
{
	struct sbk_sid sid;
	size_t start;
	int rc;

	p->lex->at += strlen("SID(");
	rc = sbk_lex_sid(p->lex, &sid);
	if (rc == 0)
		rc = sbk_lex_expect(p->lex, ')');
	if (rc < 0)
		return rc;
	start = begin_counted(p, SBK_COND_SID);
	sbk_buf_add(p->out, sid.bytes, sbk_sid_size(&sid));
	end_counted(p, start);
	return 0;
}

static int parse_scalar(struct parser *p)
{
	char c = sbk_lex_peek(p->lex);
	size_t start;
	int rc;

	if (c == '"' || c == '#') {
		start = begin_counted(p, c == '"' ? SBK_COND_STRING
						  : SBK_COND_OCTETS);
		rc = c == '"' ? sbk_lex_string(p->lex, p->out)
			      : sbk_lex_octets(p->lex, p->out);
		end_counted(p, start);
		return rc;
	}
	if (sbk_lex_sees(p->lex, "SID("))
		return parse_sid(p);
	if (c == '+' || c == '-' || (c >= '0' && c <= '9'))
		return parse_integer(p);
	return fail(p, "a number, \"string\", #octets or SID(...) is expected "
		       "here");
}

static int parse_composite(struct parser *p)
{
	size_t start = begin_counted(p, SBK_COND_COMPOSITE);
	int rc;

	p->lex->at++;
	do {
		sbk_lex_space(p->lex);
		rc = parse_scalar(p);
		sbk_lex_space(p->lex);
	} while (rc == 0 && sbk_lex_take(p->lex, ','));
	if (rc == 0 && !sbk_lex_take(p->lex, '}'))
		rc = fail(p, "',' or '}' is expected here");
	end_counted(p, start);
	return rc;
}

/* Brackets around it are allowed and mean nothing. */
static int parse_literal(struct parser *p, bool may_be_list)
{
	size_t brackets = 0;
	int rc;

	for (sbk_lex_space(p->lex); sbk_lex_take(p->lex, '('); brackets++)
		sbk_lex_space(p->lex);
	if (sbk_lex_peek(p->lex) == '{')
		rc = may_be_list ? parse_composite(p)
				 : fail(p, "a list has no order");
	else
		rc = parse_scalar(p);
	for (; rc == 0 && brackets > 0; brackets--) {
		sbk_lex_space(p->lex);
		rc = sbk_lex_expect(p->lex, ')');
	}
	return rc;
}

/* How long the word is that stands here: a local name, escapes included. */
static size_t word_size(const struct parser *p)
{
	size_t size;

	for (size = 0;; size++) {
		unsigned char c = (unsigned char)sbk_lex_ahead(p->lex, size);

		if (c != '%' && c < 0x80 &&
		    !sbk_name_holds(SBK_LEX_LOCAL, c, size == 0))
			return size;
	}
}

/* The operator that the whole word is; NULL where it is a name. */
static const struct sbk_condition_op *word_operator(const struct parser *p)
{
	size_t size = word_size(p);
	const struct sbk_condition_op *op =
		sbk_condition_op_named(p->lex->text + p->lex->at, size);

	return op != NULL && strlen(op->text) == size ? op : NULL;
}

static int parse_name(struct parser *p, const struct sbk_condition_op *op,
		      enum sbk_lex_name_kind kind)
{
	size_t start = begin_counted(p, op->code);
	int rc;

	p->lex->at += strlen(op->text);
	rc = sbk_lex_name(p->lex, kind, p->out);
	end_counted(p, start);
	return rc;
}

static int parse_prefixed(struct parser *p)
{
	const struct sbk_condition_op *op = sbk_condition_op_named(
		p->lex->text + p->lex->at, p->lex->size - p->lex->at);

	if (op == NULL || op->kind != SBK_KIND_ATTRIBUTE)
		return fail(p, "'@User.', '@Device.' or '@Resource.' is "
			       "expected here");
	return parse_name(p, op, SBK_LEX_PREFIXED);
}

static int parse_attribute(struct parser *p)
{
	sbk_lex_space(p->lex);
	if (sbk_lex_peek(p->lex) == '@')
		return parse_prefixed(p);
	if (word_operator(p) != NULL)
		return fail(p, "an operator stands where the name of an "
			       "attribute is expected");
	return parse_name(p, sbk_condition_op(SBK_COND_LOCAL), SBK_LEX_LOCAL);
}

/* The relation that stands here, or NULL; leaves the cursor behind it. */
static const struct sbk_condition_op *take_relation(struct parser *p)
{
	const struct sbk_condition_op *op;

	sbk_lex_space(p->lex);
	op = word_size(p) > 0
		     ? word_operator(p)
		     : sbk_condition_op_named(p->lex->text + p->lex->at,
					      p->lex->size - p->lex->at);
	if (op == NULL ||
	    (op->kind != SBK_KIND_ORDER && op->kind != SBK_KIND_SET))
		return NULL;
	p->lex->at += strlen(op->text);
	return op;
}

static int parse_term(struct parser *p)
{
	const struct sbk_condition_op *op = word_operator(p);
	int rc;

	if (op != NULL && (op->kind == SBK_KIND_MEMBERSHIP ||
			   op->kind == SBK_KIND_EXISTENCE)) {
		p->lex->at += strlen(op->text);
		rc = op->kind == SBK_KIND_MEMBERSHIP ? parse_literal(p, true)
						     : parse_attribute(p);
	} else {
		rc = parse_attribute(p);
		op = rc == 0 ? take_relation(p) : NULL;
		if (op == NULL)
			return rc;
		sbk_lex_space(p->lex);
		rc = sbk_lex_peek(p->lex) == '@'
			     ? parse_prefixed(p)
			     : parse_literal(p, op->kind == SBK_KIND_SET);
	}
	if (rc == 0)
		emit(p, op->code);
	return rc;
}

static int parse_brackets(struct parser *p, unsigned *depth)
{
	int rc = sbk_lex_expect(p->lex, '(');

	if (rc < 0)
		return rc;
	if (++p->brackets > SBK_SDDL_CONDITION_DEPTH_MAX)
		return sbk_lex_fail(p->lex, p->lex->at - 1, SBK_E_LIMIT,
				    "more than %d brackets within brackets",
				    SBK_SDDL_CONDITION_DEPTH_MAX);
	rc = parse_or(p, depth);
	p->brackets--;
	return rc < 0 ? rc : sbk_lex_expect(p->lex, ')');
}

/* How deep an operator's text will be; what is written parses again. */
static int deepen(const struct parser *p, unsigned *depth, unsigned other)
{
	*depth = 1 + (*depth > other ? *depth : other);
	if (*depth <= SBK_SDDL_CONDITION_DEPTH_MAX)
		return 0;
	return sbk_lex_fail(p->lex, p->lex->at, SBK_E_LIMIT,
			    "more than %d operators on one another",
			    SBK_SDDL_CONDITION_DEPTH_MAX);
}

static int parse_not(struct parser *p, unsigned *depth)
{
	int rc;

	p->lex->at++;
	sbk_lex_space(p->lex);
	*depth = 1;
	if (sbk_lex_peek(p->lex) == '(')
		rc = parse_brackets(p, depth);
	else if (sbk_lex_peek(p->lex) == '@')
		rc = parse_term(p);
	else
		rc = fail(p, "'(' or '@' is expected behind '!'");
	if (rc == 0) {
		emit(p, SBK_COND_NOT);
		rc = deepen(p, depth, 0);
	}
	return rc;
}

static int parse_factor(struct parser *p, unsigned *depth)
{
	int rc;

	sbk_lex_space(p->lex);
	*depth = 1;
	if (sbk_lex_peek(p->lex) == '(')
		rc = parse_brackets(p, depth);
	else if (sbk_lex_peek(p->lex) == '!')
		rc = parse_not(p, depth);
	else
		rc = parse_term(p);
	sbk_lex_space(p->lex);
	return rc;
}

static int parse_and(struct parser *p, unsigned *depth)
{
	unsigned right;
	int rc = parse_factor(p, depth);

	while (rc == 0 && sbk_lex_sees(p->lex, "&&")) {
		p->lex->at += 2;
		rc = parse_factor(p, &right);
		emit(p, SBK_COND_AND);
		if (rc == 0)
			rc = deepen(p, depth, right);
	}
	return rc;
}

static int parse_or(struct parser *p, unsigned *depth)
{
	unsigned right;
	int rc = parse_and(p, depth);

	while (rc == 0 && sbk_lex_sees(p->lex, "||")) {
		p->lex->at += 2;
		rc = parse_and(p, &right);
		emit(p, SBK_COND_OR);
		if (rc == 0)
			rc = deepen(p, depth, right);
	}
	return rc;
}

int sbk_condition_parse(const char *text, size_t size, size_t *at,
			const struct sbk_sddl_options *options,
			struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_lex lex = {text, size, *at, options, err};
	struct sbk_buf tokens = SBK_BUF_INIT;
	struct parser p = {&lex, &tokens, 0};
	unsigned depth;
	int rc;

	sbk_buf_add(&tokens, signature, sizeof(signature));
	rc = parse_brackets(&p, &depth);
	if (rc == 0)
		rc = sbk_buf_failed(&tokens, err);
	if (rc == 0) {
		sbk_buf_add(out, tokens.data, tokens.size);
		*at = lex.at;
	}
	sbk_buf_release(&tokens);
	return rc;
}
