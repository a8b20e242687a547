/*
 * Reading a JSON text with jansson: the one way to do so.
 *
 * jansson 2.14 goes on where the buffer for a string or a number cannot grow:
 * the character that did not fit is missing from then on, so that a path is
 * another one, or it writes past the end of a block where the missing one was
 * the closing quote. Nothing in its answer tells. Here a text is read whole or
 * not at all: the first allocation that fails ends the reading.
 */
#ifndef SBK_JSON_LOAD_H
#define SBK_JSON_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "engine/owner.h"

/*
 * As json_loadb; the caller drops the result. NULL: `why` says it, where it is
 * not NULL. json_error_code(why) is json_error_out_of_memory whenever memory
 * was short: whoever calls that text malformed accuses somebody. What had been
 * read until then is not freed.
 */
json_t *sbk_json_load(const char *text, size_t size, size_t flags,
		      json_error_t *why);

/* What sbk_json_owner wrote (engine/json.h): a number, or a SID as a string.
 * False for all else, NULL too. */
bool sbk_json_load_owner(const json_t *value, struct sbk_owner *out);

#endif
