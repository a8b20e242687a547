/* See the header. */
#include "engine/policy_json_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/places.h"

#include "engine/banned.h"

#define KEYS_MAX 16

int sbk_policy_fail_at(const struct sbk_policy_reader *r, size_t offset,
		       int code, const char *message)
{
	size_t line, column;
	int rc;

	sbk_json_position(r->text, r->size, offset, &line, &column);
	rc = sbk_error_set(r->err, code, "'%s' line %zu, column %zu: %s",
			   r->path, line, column, message);
	if (r->err != NULL)
		r->err->offset = offset;
	return rc;
}

int sbk_policy_fail(const struct sbk_policy_reader *r,
		    const struct sbk_json_place *place, const char *fmt, ...)
{
	char message[300];
	va_list args;
	size_t key_at;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return sbk_policy_fail_at(
		r, sbk_json_locate(r->text, r->size, place, &key_at),
		SBK_E_PARSE, message);
}

int sbk_policy_fail_key(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const char *fmt,
			...)
{
	char message[300];
	va_list args;
	size_t key_at;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	(void)sbk_json_locate(r->text, r->size, place, &key_at);
	return sbk_policy_fail_at(r, key_at, SBK_E_PARSE, message);
}

int sbk_policy_no_memory(const struct sbk_policy_reader *r)
{
	return sbk_error_set(r->err, SBK_E_NOMEM, "reading '%s'", r->path);
}

const char *sbk_policy_type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a truth value";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

int sbk_policy_wrong_type(const struct sbk_policy_reader *r,
			  const struct sbk_json_place *place,
			  const char *wanted, const json_t *value)
{
	return sbk_policy_fail(r, place, "'%s' must be %s, not %s",
			       place->key != NULL ? place->key : "an entry",
			       wanted, sbk_policy_type_name(value));
}

static int unknown_key(const struct sbk_policy_reader *r,
		       const struct sbk_json_place *place,
		       const struct sbk_policy_key *keys)
{
	const char *words[KEYS_MAX + 1], *nearest;
	size_t count = 0;

	for (; keys->name != NULL; keys++)
		if ((keys->layers & 1u << r->layer) != 0)
			words[count++] = keys->name;
	words[count] = NULL;
	nearest = sbk_nearest_word(place->key, words);
	if (nearest == NULL)
		return sbk_policy_fail_key(
			r, place, "no key '%.64s' is known here", place->key);
	return sbk_policy_fail_key(r, place,
				   "no key '%.64s' is known here; did you mean "
				   "'%s'?",
				   place->key, nearest);
}

static const struct sbk_policy_key *find_key(const struct sbk_policy_key *keys,
					     const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

int sbk_policy_read_object(const struct sbk_policy_reader *r,
			   const struct sbk_json_place *place,
			   const json_t *object,
			   const struct sbk_policy_key *keys, void *into)
{
	void *member;
	int rc = 0;

	if (!json_is_object(object))
		return sbk_policy_wrong_type(r, place, "an object", object);
	for (member = json_object_iter((json_t *)object);
	     member != NULL && rc == 0;
	     member = json_object_iter_next((json_t *)object, member)) {
		struct sbk_json_place at = {
			.up = place, .key = json_object_iter_key(member)};
		const struct sbk_policy_key *key = find_key(keys, at.key);

		if (key == NULL)
			return unknown_key(r, &at, keys);
		if ((key->layers & 1u << r->layer) == 0)
			return sbk_policy_fail_key(
				r, &at,
				"'%s' is not for a project's file, "
				"which may only narrow; say it in "
				"'%s'",
				key->name, sbk_user_policy_path);
		rc = key->read(r, &at, json_object_iter_value(member),
			       (char *)into + key->offset);
	}
	return rc;
}

int sbk_policy_read_names(const struct sbk_policy_reader *r,
			  const struct sbk_json_place *place,
			  const json_t *list, sbk_policy_check_fn *check,
			  void *into)
{
	struct sbk_names *names = into;
	size_t i;
	int rc = 0;

	if (!json_is_array(list))
		return sbk_policy_wrong_type(r, place, "a list of strings",
					     list);
	if (json_array_size(list) > SBK_POLICY_PATHS_MAX)
		return sbk_policy_fail(r, place,
				       "'%s' has more than %d entries",
				       place->key, SBK_POLICY_PATHS_MAX);
	for (i = 0; i < json_array_size(list) && rc == 0; i++) {
		struct sbk_json_place at = {.up = place, .index = i};
		const json_t *value = json_array_get(list, i);
		const char *text = json_string_value(value), *problem;

		if (text == NULL)
			return sbk_policy_wrong_type(r, &at, "a string", value);
		problem = check(r, text);
		if (problem != NULL)
			return sbk_policy_fail(r, &at, "'%.80s' %s", text,
					       problem);
		rc = sbk_names_add(names, r->arena, text, SBK_POLICY_PATHS_MAX,
				   r->err);
	}
	return rc;
}

bool sbk_policy_whole_number(const json_t *value, json_int_t *out)
{
	double real;

	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	real = json_real_value(value);
	if (!json_is_real(value) || real < 0 || real > 4294967296.0 ||
	    real != (double)(json_int_t)real)
		return false;
	*out = (json_int_t)real;
	return true;
}

int sbk_policy_read_switch(const struct sbk_policy_reader *r,
			   const struct sbk_json_place *place,
			   const json_t *value, void *into)
{
	if (!json_is_boolean(value))
		return sbk_policy_wrong_type(r, place, "true or false", value);
	*(int *)into = json_is_true(value) ? 1 : 0;
	return 0;
}

int sbk_policy_read_word(const struct sbk_policy_reader *r,
			 const struct sbk_json_place *place,
			 const json_t *value, const char *const *words,
			 const char *what, const char *known,
			 const char *project, void *into)
{
	const char *text = json_string_value(value), *nearest;
	int i = 0;

	if (text == NULL)
		return sbk_policy_wrong_type(r, place, "a string", value);
	while (words[i] != NULL && strcmp(words[i], text) != 0)
		i++;
	if (words[i] == NULL) {
		nearest = sbk_nearest_word(text, words);
		return sbk_policy_fail(
			r, place, "no %s '%.40s'%s%s%s; %s", what, text,
			nearest != NULL ? ", did you mean '" : "",
			nearest != NULL ? nearest : "",
			nearest != NULL ? "'?" : "", known);
	}
	if (r->layer == SBK_LAYER_PROJECT && project != NULL &&
	    strcmp(text, project) != 0)
		return sbk_policy_fail(r, place, "a project may say '%s' alone",
				       project);
	*(int *)into = i;
	return 0;
}
