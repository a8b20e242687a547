/*
 * Reading a state that is text: lines that each begin with a word, in an order
 * that the reader knows. One form and no other: a line without its end, or
 * another word, is not taken.
 */
#ifndef SBK_STATE_TEXT_H
#define SBK_STATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What is left of the text, and where we are in it. */
struct sbk_state_text {
	const char *data;
	size_t size, at;
};

/*
 * Takes the next line if it begins with `word`: *text is what stands behind
 * that, *size bytes of it without the newline, borrowed from the data. False
 * and unmoved otherwise.
 */
bool sbk_state_text_take(struct sbk_state_text *in, const char *word,
			 const char **text, size_t *size);

#endif
