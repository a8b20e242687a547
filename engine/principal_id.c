/*
 * The one reader and the one writer of a principal's text. It takes no second
 * form of the same principal, so that equal principals have equal texts.
 */
#include "engine/principal_id.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/banned.h"

static bool parse_number(const char *text, uint32_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (text[0] == '0' && text[1] != '\0')
		return false;
	for (i = 0; text[i] >= '0' && text[i] <= '9'; i++) {
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value >= UINT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return i > 0 && text[i] == '\0';
}

int sbk_principal_parse(const char *text, struct sbk_principal_id *out,
			struct sbk_error *err)
{
	struct sbk_principal_id id = {.is_group = text[0] == 'g'};

	if ((text[0] != 'u' && text[0] != 'g') || text[1] != ':' ||
	    !parse_number(text + 2, &id.number))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.60s' is no principal; it must be like "
				     "u:990 or g:990",
				     text);
	*out = id;
	return 0;
}

void sbk_principal_format(struct sbk_principal_id id,
			  char out[SBK_PRINCIPAL_TEXT])
{
	(void)snprintf(out, SBK_PRINCIPAL_TEXT, "%c:%" PRIu32,
		       id.is_group ? 'g' : 'u', id.number);
}
