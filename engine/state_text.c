/*
 * States that are text, line by line. Owns where a line begins and ends; what
 * stands in it is each kind's.
 */
#include "engine/state_text.h"

#include <string.h>

#include "engine/banned.h"

bool sbk_state_text_take(struct sbk_state_text *in, const char *word,
			 const char **text, size_t *size)
{
	const char *line = in->data + in->at, *end;
	size_t left = in->size - in->at, length = strlen(word);

	if (left < length || memcmp(line, word, length) != 0)
		return false;
	end = memchr(line, '\n', left);
	if (end == NULL)
		return false;
	*text = line + length;
	*size = (size_t)(end - *text);
	in->at += (size_t)(end + 1 - line);
	return true;
}
