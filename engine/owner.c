/*
 * Owners as texts. Owns the one form of a number; resolves nobody.
 */
#include "engine/owner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

struct sbk_owner sbk_owner_of_number(uint32_t number)
{
	struct sbk_owner owner = {.text = ""};

	(void)snprintf(owner.text, sizeof(owner.text), "%" PRIu32, number);
	return owner;
}

bool sbk_owner_number(const struct sbk_owner *owner, uint32_t *out)
{
	const char *digit = owner->text;
	uint64_t value = 0;

	if (*digit == '\0' || (digit[0] == '0' && digit[1] != '\0'))
		return false;
	for (; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		value = value * 10 + (uint64_t)(*digit - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

bool sbk_owner_equal(const struct sbk_owner *a, const struct sbk_owner *b)
{
	return strcmp(a->text, b->text) == 0;
}

bool sbk_owner_parse(const char *text, struct sbk_owner *out)
{
	struct sbk_owner owner;
	size_t size = strlen(text);
	uint32_t number;

	if (size >= sizeof(owner.text))
		return false;
	memcpy(owner.text, text, size + 1);
	if (!(sbk_owner_number(&owner, &number) && number != UINT32_MAX) &&
	    !(strncmp(text, "S-1-", 4) == 0 && size > 4 &&
	      strspn(text + 4, "0123456789ABCDEFabcdefx-") == size - 4))
		return false;
	*out = owner;
	return true;
}

const char *sbk_owner_words(const struct sbk_owner *owner,
			    char out[SBK_OWNER_WORDS])
{
	uint32_t number;

	(void)snprintf(out, SBK_OWNER_WORDS, "%s%s",
		       sbk_owner_number(owner, &number) ? "uid " : "",
		       owner->text);
	return out;
}
