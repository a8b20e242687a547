/*
 * Fuzz target: SDDL. The input as a text: what parses is printed, and what is
 * printed parses to the same bytes. The input as a descriptor: what has a text
 * parses, unless an entry stands in the wrong list, to something that has the
 * same text; and each entry can be described. The input as the name of rights:
 * what it means has letters that mean the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/rights.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sbk_sid domain = {
	{1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}};
static const struct sbk_sddl_options options = {
	.domains = {.machine = &domain, .domain = &domain}};

static bool format(const struct sbk_buf *bytes, struct sbk_buf *text)
{
	struct sbk_sd sd;

	if (sbk_sd_read((const uint8_t *)bytes->data, bytes->size, &sd, NULL) <
	    0)
		abort(); /* what parsing gave cannot be read */
	return sbk_sddl_format(&sd, SBK_SDDL_ALL, &options, text, NULL) == 0;
}

static void as_text(const uint8_t *data, size_t size)
{
	struct sbk_buf first = SBK_BUF_INIT, second = SBK_BUF_INIT,
		       text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_sddl_parse((const char *)data, size, &options, &first, &err) <
	    0) {
		if (err.message[0] == '\0' || err.offset > size ||
		    first.size != 0)
			abort(); /* a refusal without reason or place */
	} else if (!format(&first, &text) ||
		   sbk_sddl_parse(text.data == NULL ? "" : text.data, text.size,
				  &options, &second, NULL) < 0 ||
		   first.size != second.size ||
		   memcmp(first.data, second.data, first.size) != 0) {
		abort(); /* the text means something else */
	}
	sbk_buf_release(&first);
	sbk_buf_release(&second);
	sbk_buf_release(&text);
}

static void describe(const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_ace ace;

	while (sbk_nt_acl_next(acl, &at, &ace)) {
		sbk_buf_clear(&text);
		sbk_sddl_describe_ace(&ace, &options, &text);
		if (text.size < 3 || text.data[0] != '(' ||
		    text.data[text.size - 1] != ')')
			abort();
	}
	sbk_buf_release(&text);
}

static void as_bytes(const uint8_t *data, size_t size)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT,
		       again = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	if (sbk_sd_read(data, size, &sd, NULL) < 0)
		return;
	if (sd.dacl_is == SBK_ACL_PRESENT)
		describe(&sd.dacl);
	if (sd.sacl_is == SBK_ACL_PRESENT)
		describe(&sd.sacl);
	if (sbk_sddl_format(&sd, SBK_SDDL_ALL, &options, &text, NULL) < 0)
		goto out;
	if (sbk_sddl_parse(sbk_buf_text(&text), text.size, &options, &bytes,
			   &err) < 0) {
		if (strstr(err.message, "belongs into") == NULL &&
		    strstr(err.message, "stands for everyone") == NULL &&
		    strstr(err.message, "is named by") == NULL)
			abort(); /* a text that is no text */
	} else if (!format(&bytes, &again) ||
		   (text.size != again.size ||
		    memcmp(text.data, again.data, text.size) != 0)) {
		/* An object entry without objects becomes a plain one. */
		if (strstr(sbk_buf_text(&text), "(OA;") == NULL)
			abort();
	}
out:
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
	sbk_buf_release(&again);
}

static void as_rights(const uint8_t *data, size_t size)
{
	static const enum sbk_nt_object objects[] = {
		SBK_NT_FILE, SBK_NT_DIRECTORY, SBK_NT_KEY};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	uint32_t mask, again;
	size_t i;

	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (sbk_rights_parse((const char *)data, size, objects[i],
				     &mask, &err) < 0) {
			if (err.message[0] == '\0' || err.offset > size)
				abort(); /* a refusal without reason or place */
			continue;
		}
		sbk_buf_clear(&text);
		sbk_rights_format(&text, mask);
		if (mask != 0 &&
		    (sbk_rights_parse(text.data, text.size, objects[i], &again,
				      NULL) < 0 ||
		     again != mask))
			abort(); /* the letters mean something else */
	}
	sbk_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_rights(data, size);
	as_text(data, size);
	as_bytes(data, size);
	return 0;
}
