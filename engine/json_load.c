/*
 * Owns what happens when memory runs out while a JSON text is read; see the
 * header. Reads nothing itself.
 *
 * Invariant: no allocation of a reading that is under way returns NULL to
 * jansson. It does not come back instead: it leaves by the jump that
 * sbk_json_load set, in the thread that reads. jansson keeps no state between
 * two readings, so that all there is to lose are the blocks of this one; only
 * jansson knew them.
 */
#include "engine/json_load.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

static json_malloc_t inner;	       /* what allocated before us */
static _Thread_local jmp_buf *way_out; /* NULL: nothing is being read */

static void *allocate(size_t size)
{
	void *block = inner(size);

	if (block == NULL && way_out != NULL)
		longjmp(*way_out, 1);
	return block;
}

/* Whatever was there stays behind us, and frees: a test's faults, say. */
static void take_over(void)
{
	json_malloc_t now;
	json_free_t release;

	json_get_alloc_funcs(&now, &release);
	if (now == allocate)
		return;
	inner = now;
	json_set_alloc_funcs(allocate, release);
}

/* The code stands in the last byte of the text: json_error_code. */
static void say_no_memory(json_error_t *why)
{
	if (why == NULL)
		return;
	memset(why, 0, sizeof(*why));
	why->line = -1;
	why->column = -1;
	(void)snprintf(why->text, sizeof(why->text), "out of memory");
	why->text[JSON_ERROR_TEXT_LENGTH - 1] = (char)json_error_out_of_memory;
}

json_t *sbk_json_load(const char *text, size_t size, size_t flags,
		      json_error_t *why)
{
	jmp_buf here;
	json_t *root;

	take_over();
	if (setjmp(here) != 0) {
		way_out = NULL;
		say_no_memory(why);
		return NULL;
	}
	way_out = &here;
	root = json_loadb(text, size, flags, why);
	way_out = NULL;
	return root;
}

bool sbk_json_load_owner(const json_t *value, struct sbk_owner *out)
{
	uint32_t number;

	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0 ||
		    json_integer_value(value) >= UINT32_MAX)
			return false;
		*out = sbk_owner_of_number((uint32_t)json_integer_value(value));
		return true;
	}
	return json_is_string(value) &&
	       sbk_owner_parse(json_string_value(value), out) &&
	       !sbk_owner_number(out, &number);
}
