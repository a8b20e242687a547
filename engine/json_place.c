/*
 * Places in a JSON text. A scanner that knows strings, brackets and commas
 * and nothing else; it never looks beyond the text's end, whatever the text.
 */
#include "engine/json_place.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "engine/json_load.h"

#include "engine/banned.h"

struct text {
	const char *bytes;
	size_t size;
};

static size_t skip_space(const struct text *t, size_t at)
{
	while (at < t->size && strchr(" \t\r\n", t->bytes[at]) != NULL &&
	       t->bytes[at] != '\0')
		at++;
	return at;
}

/* `at` stands on a quote; the result stands behind the closing one. */
static size_t skip_string(const struct text *t, size_t at)
{
	for (at++; at < t->size && t->bytes[at] != '"'; at++)
		at += t->bytes[at] == '\\' ? 1 : 0;
	return at < t->size ? at + 1 : t->size;
}

static size_t skip_value(const struct text *t, size_t at)
{
	size_t depth = 0;

	if (at < t->size && t->bytes[at] != '"' && t->bytes[at] != '{' &&
	    t->bytes[at] != '[') {
		while (at < t->size &&
		       strchr(",]} \t\r\n", t->bytes[at]) == NULL)
			at++;
		return at;
	}
	do {
		char c = at < t->size ? t->bytes[at] : '}';

		if (c == '"') {
			at = skip_string(t, at);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		at++;
	} while (at < t->size && depth > 0);
	return at;
}

/* Whether the literal at [from, to) spells `key`, escapes and all. */
static bool literal_is(const struct text *t, size_t from, size_t to,
		       const char *key)
{
	json_t *value = sbk_json_load(t->bytes + from, to - from,
				      JSON_DECODE_ANY, NULL);
	const char *text = json_string_value(value);
	bool same = text != NULL && strcmp(text, key) == 0;

	json_decref(value);
	return same;
}

/* Offsets of the key and the value of `place`. The text is valid JSON. */
static size_t locate(const struct text *t, const struct sbk_json_place *place,
		     size_t *key_at)
{
	size_t at, count = 0, from, to;

	*key_at = skip_space(t, 0);
	if (place->up == NULL)
		return *key_at;
	at = locate(t, place->up, key_at) + 1;
	while ((at = skip_space(t, at)) < t->size) {
		if (t->bytes[at] == ',') {
			at++;
			continue;
		}
		if (t->bytes[at] == '}' || t->bytes[at] == ']')
			break;
		from = at;
		if (place->key != NULL) {
			to = skip_string(t, at);
			at = skip_space(t, to);
			at = skip_space(t, at + 1);
			if (literal_is(t, from, to, place->key)) {
				*key_at = from;
				return at;
			}
		} else if (count++ == place->index) {
			*key_at = from;
			return from;
		}
		at = skip_value(t, at);
	}
	return *key_at;
}

size_t sbk_json_locate(const char *text, size_t size,
		       const struct sbk_json_place *place, size_t *key_at)
{
	struct text t = {.bytes = text, .size = size};

	return locate(&t, place, key_at);
}

void sbk_json_position(const char *text, size_t size, size_t offset,
		       size_t *line, size_t *column)
{
	size_t i;

	*line = 1;
	*column = 1;
	for (i = 0; i < offset && i < size; i++) {
		(*column)++;
		if (text[i] == '\n') {
			(*line)++;
			*column = 1;
		}
	}
}

size_t sbk_json_too_deep(const char *text, size_t size, size_t max)
{
	struct text t = {.bytes = text, .size = size};
	size_t at, depth = 0;

	for (at = 0; at < size; at++) {
		char c = text[at];

		if (c == '"')
			at = skip_string(&t, at) - 1;
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > max)
			return at;
	}
	return size;
}
