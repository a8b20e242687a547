/*
 * Fuzz target: the data of conditional entries and of resource attributes, by
 * the first byte. What has a text parses again; a condition to the same tokens,
 * but that integers become 64-bit ones, an attribute to one with the same text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/condition.h"
#include "engine/ntsec/condition_token.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*format_fn)(const uint8_t *data, size_t size,
			 const struct sbk_sddl_options *options,
			 struct sbk_buf *out, struct sbk_error *err);
typedef int (*parse_fn)(const char *text, size_t size, size_t *at,
			const struct sbk_sddl_options *options,
			struct sbk_buf *out, struct sbk_error *err);

/* Small integers at the top level have the shape of 64-bit ones. */
static void widen(uint8_t *data, size_t size)
{
	struct sbk_condition_cursor at = {data, size,
					  SBK_CONDITION_SIGNATURE_BYTES};
	struct sbk_condition_cursor inside;
	struct sbk_condition_token token, element;

	while (sbk_condition_next(&at, &token, NULL) > 0) {
		if (token.op->kind == SBK_KIND_INTEGER)
			data[token.offset] = SBK_COND_INT64;
		if (token.op->kind != SBK_KIND_COMPOSITE)
			continue;
		inside = (struct sbk_condition_cursor){token.data, token.size,
						       0};
		while (sbk_condition_next(&inside, &element, NULL) > 0)
			if (element.op->kind == SBK_KIND_INTEGER)
				data[(size_t)(token.data - data) +
				     element.offset] = SBK_COND_INT64;
	}
}

static void check(const uint8_t *data, size_t size, format_fn format,
		  parse_fn parse, bool exact)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT,
		       again = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t at = 0;

	if (format(data, size, NULL, &text, &err) < 0) {
		if (err.message[0] == '\0' || text.size != 0)
			abort(); /* a refusal without reason */
		goto out;
	}
	if (parse(text.data, text.size, &at, NULL, &bytes, &err) < 0 ||
	    at != text.size)
		abort(); /* the text does not parse */
	if (format((const uint8_t *)bytes.data, bytes.size, NULL, &again,
		   &err) < 0 ||
	    again.size != text.size ||
	    memcmp(again.data, text.data, text.size) != 0)
		abort(); /* it means something else */
	if (bytes.size > size ||
	    (exact && memcmp(bytes.data, data, bytes.size) != 0))
		abort(); /* other bytes */
out:
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
	sbk_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size == 0)
		return 0;
	copy = malloc(size + 3);
	if (copy == NULL)
		return 0;
	/* The rest behind a signature, so that it need not be found. */
	memcpy(copy, "artx", 4);
	memcpy(copy + 4, data + 1, size - 1);
	if (data[0] % 2 == 0) {
		widen(copy, size + 3);
		check(copy, size + 3, sbk_condition_format, sbk_condition_parse,
		      true);
	} else {
		check(copy + 4, size - 1, sbk_claim_format, sbk_claim_parse,
		      false);
	}
	free(copy);
	return 0;
}
