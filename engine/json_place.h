/*
 * Where something stands in a JSON text: for messages about a value that
 * jansson read without remembering its place. Runs only when something is
 * wrong, over a text that is known to be valid JSON.
 */
#ifndef SBK_JSON_PLACE_H
#define SBK_JSON_PLACE_H

#include <stddef.h>

/* A value, as a chain up to the whole text. */
struct sbk_json_place {
	const struct sbk_json_place *up; /* NULL: the whole text */
	const char *key;		 /* of an object, or NULL */
	size_t index;			 /* of an array */
};

/* The offset of the value at `place`, and of its key (of the value itself,
 * where it has none). The nearest thing above it where it is not there. */
size_t sbk_json_locate(const char *text, size_t size,
		       const struct sbk_json_place *place, size_t *key_at);

/* Line and column from 1; the column counts bytes. */
void sbk_json_position(const char *text, size_t size, size_t offset,
		       size_t *line, size_t *column);

/*
 * The offset of the first bracket that stands in more than `max` others, or
 * `size` where none does. The text need not be valid.
 */
size_t sbk_json_too_deep(const char *text, size_t size, size_t max);

#endif
