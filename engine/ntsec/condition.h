/*
 * Conditional expressions of callback ACEs (MS-DTYP 2.4.4.17) and the values of
 * resource attributes (2.4.10): text to bytes, bytes to text, and evaluation.
 * Bytes are hostile: nothing is believed about offsets, lengths or nesting.
 */
#ifndef SBK_NTSEC_CONDITION_H
#define SBK_NTSEC_CONDITION_H

#include "engine/ntsec/sddl.h"
#include "engine/ntsec/token.h"

#define SBK_CONDITION_STACK_MAX 256 /* values of one evaluation */
/* Values looked at, 64 bytes each, in one evaluation or where the caller counts
 * together, in several; an expression of people needs a few dozen. */
#define SBK_CONDITION_STEPS_MAX 200000

/* Whether `data` begins with "artx". Trailing zero bytes are padding. */
bool sbk_condition_is(const uint8_t *data, size_t size);

/*
 * Reads "(...)" at text[*at] and leaves *at behind it; err->offset counts from
 * the beginning of `text`. Appends "artx" and the expression in postfix order,
 * not padded. Integers become 64-bit tokens, as on Windows.
 */
int sbk_condition_parse(const char *text, size_t size, size_t *at,
			const struct sbk_sddl_options *options,
			struct sbk_buf *out, struct sbk_error *err);
/*
 * The text with its brackets. SBK_E_PARSE for malformed bytes, which includes
 * an operator with operands that the grammar does not let it have;
 * SBK_E_UNSUPPORTED for values that have no text (a quote in a string, a
 * negative number without its sign), SBK_E_LIMIT for nesting deeper than
 * SBK_SDDL_CONDITION_DEPTH_MAX. What is given parses again to the same bytes,
 * but that 8, 16 and 32-bit integers become 64-bit ones.
 */
int sbk_condition_format(const uint8_t *data, size_t size,
			 const struct sbk_sddl_options *options,
			 struct sbk_buf *out, struct sbk_error *err);

/*
 * A resource attribute: ("name",TYPE,flags,value,...), and its bytes, in the
 * layout in which Windows gives them. Errors as above; bytes in another layout
 * are read as well.
 */
int sbk_claim_parse(const char *text, size_t size, size_t *at,
		    const struct sbk_sddl_options *options, struct sbk_buf *out,
		    struct sbk_error *err);
int sbk_claim_format(const uint8_t *data, size_t size,
		     const struct sbk_sddl_options *options,
		     struct sbk_buf *out, struct sbk_error *err);

enum sbk_tristate { SBK_FALSE, SBK_TRUE, SBK_UNKNOWN };

/*
 * Whose membership Member_of tests: the token's own SIDs or, in the second pass
 * of a restricted one, its restricting SIDs (`restricting`).
 */
struct sbk_condition_view {
	const struct sbk_token *token;
	bool restricting;
	const struct sbk_sd *sd;
	size_t *steps; /* what is left of several evaluations'; or NULL */
};

/*
 * Evaluates by 2.4.4.17's three-valued logic; @Resource attributes come from
 * the descriptor's SACL. @User, @Device and local attributes are not known
 * here, since a token of ours carries no claims: where the result depends on
 * one, it is UNKNOWN with *unsupported set, unlike an UNKNOWN that the
 * specification itself prescribes. `for_deny`: an UNKNOWN condition denies but
 * never allows, so fewer results depend on what is not known. Bytes that are
 * no well-formed condition are UNKNOWN, as prescribed. Work is bounded by
 * SBK_CONDITION_STEPS_MAX; what goes beyond it may be anything.
 */
enum sbk_tristate sbk_condition_evaluate(const uint8_t *data, size_t size,
					 const struct sbk_condition_view *view,
					 bool for_deny, bool *unsupported);

#endif
