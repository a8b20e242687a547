/*
 * How policy_json.c reads: an object by the table of its keys, lists, words
 * and numbers, and the one line that refuses a value, with the place where it
 * stands. Knows no key of a policy.
 */
#ifndef SBK_POLICY_JSON_READER_H
#define SBK_POLICY_JSON_READER_H

#include "engine/policy_model.h"

#include <jansson.h>

#include "engine/json_place.h"

/* One text, while it is read; all of it is borrowed. */
struct sbk_policy_reader {
	const char *path;
	const char *text;
	size_t size;
	enum sbk_layer layer;
	struct sbk_arena *arena;
	struct sbk_error *err;
};

/*
 * Refuse the value at `place`, or its key: SBK_E_PARSE with file, line, column
 * and err->offset, which is what they return.
 */
int sbk_policy_fail(const struct sbk_policy_reader *r,
		    const struct sbk_json_place *place, const char *fmt, ...)
	SBK_PRINTF(3, 4);
int sbk_policy_fail_key(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const char *fmt,
			...) SBK_PRINTF(3, 4);
/* The same with a code, at an offset of the text. */
int sbk_policy_fail_at(const struct sbk_policy_reader *r, size_t offset,
		       int code, const char *message);
/* The value at `place` is not `wanted` ("a string"). */
int sbk_policy_wrong_type(const struct sbk_policy_reader *r,
			  const struct sbk_json_place *place,
			  const char *wanted, const json_t *value);
/* "a list": what a value is, in a message. */
const char *sbk_policy_type_name(const json_t *value);
int sbk_policy_no_memory(const struct sbk_policy_reader *r);

/* Reads one value into what `into` points to; 0 or a negative code. */
typedef int sbk_policy_read_fn(const struct sbk_policy_reader *r,
			       const struct sbk_json_place *place,
			       const json_t *value, void *into);

/* In whose files a key may stand. */
#define SBK_POLICY_IN_MACHINE (1u << SBK_LAYER_MACHINE)
#define SBK_POLICY_IN_USER (1u << SBK_LAYER_USER)
#define SBK_POLICY_IN_PROJECT (1u << SBK_LAYER_PROJECT)
#define SBK_POLICY_IN_ALL \
	(SBK_POLICY_IN_MACHINE | SBK_POLICY_IN_USER | SBK_POLICY_IN_PROJECT)

struct sbk_policy_key {
	const char *name;
	sbk_policy_read_fn *read;
	size_t offset; /* of what is read, in the struct of the object */
	unsigned int layers;
};

/* Each key that `object` has, by the table, which ends with a name of NULL;
 * `into` is the struct that the table's offsets count in. */
int sbk_policy_read_object(const struct sbk_policy_reader *r,
			   const struct sbk_json_place *place,
			   const json_t *object,
			   const struct sbk_policy_key *keys, void *into);

/* A check of one string of a list: NULL, or why it is refused. */
typedef const char *sbk_policy_check_fn(const struct sbk_policy_reader *r,
					const char *text);

/* A list of strings into a struct sbk_names. */
int sbk_policy_read_names(const struct sbk_policy_reader *r,
			  const struct sbk_json_place *place,
			  const json_t *list, sbk_policy_check_fn *check,
			  void *into);
/* true or false into an int. */
int sbk_policy_read_switch(const struct sbk_policy_reader *r,
			   const struct sbk_json_place *place,
			   const json_t *value, void *into);
/* One of a few words (up to NULL), as its place among them, into an int. A
 * project may say `project` alone, where that is no NULL. `what` it is one of,
 * and which are `known`, are for the message. */
int sbk_policy_read_word(const struct sbk_policy_reader *r,
			 const struct sbk_json_place *place,
			 const json_t *value, const char *const *words,
			 const char *what, const char *known,
			 const char *project, void *into);
/* 1.0 is the integer 1, as it is for JSON Schema; false where it is none. */
bool sbk_policy_whole_number(const json_t *value, json_int_t *out);

#endif
