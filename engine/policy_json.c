/*
 * Policy text to model. jansson reads the JSON (and refuses duplicate keys);
 * tables of keys say what may stand where; and a small scanner, which runs
 * only when something is wrong, finds the line and column of the value that
 * is. Keeps nothing of the text but copies in the arena.
 *
 * Texts of the project layer are hostile. What bounds them: bytes and depth
 * before jansson sees them, the number of entries of each list after.
 */
#include "engine/policy_model.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/json_place.h"
#include "engine/limits.h"
#include "engine/path_form.h"
#include "engine/places.h"

#include "engine/banned.h"

struct reader {
	const char *path;
	const char *text;
	size_t size;
	enum sbk_layer layer;
	struct sbk_arena *arena;
	struct sbk_error *err;
};

static int fail_at(const struct reader *r, size_t offset, int code,
		   const char *message)
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

/* Refuses the value at `place`. */
static int fail(const struct reader *r, const struct sbk_json_place *place,
		const char *fmt, ...) SBK_PRINTF(3, 4);

static int fail(const struct reader *r, const struct sbk_json_place *place,
		const char *fmt, ...)
{
	char message[300];
	va_list args;
	size_t key_at;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return fail_at(r, sbk_json_locate(r->text, r->size, place, &key_at),
		       SBK_E_PARSE, message);
}

static int fail_key(const struct reader *r, const struct sbk_json_place *place,
		    const char *fmt, ...) SBK_PRINTF(3, 4);

static int fail_key(const struct reader *r, const struct sbk_json_place *place,
		    const char *fmt, ...)
{
	char message[300];
	va_list args;
	size_t key_at;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	(void)sbk_json_locate(r->text, r->size, place, &key_at);
	return fail_at(r, key_at, SBK_E_PARSE, message);
}

static int out_of_memory(const struct reader *r)
{
	return sbk_error_set(r->err, SBK_E_NOMEM, "reading '%s'", r->path);
}

static const char *type_name(const json_t *value)
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

static int wrong_type(const struct reader *r,
		      const struct sbk_json_place *place, const char *wanted,
		      const json_t *value)
{
	return fail(r, place, "'%s' must be %s, not %s",
		    place->key != NULL ? place->key : "an entry", wanted,
		    type_name(value));
}

typedef int read_fn(const struct reader *r, const struct sbk_json_place *place,
		    const json_t *value, void *into);

#define IN_MACHINE (1u << SBK_LAYER_MACHINE)
#define IN_USER (1u << SBK_LAYER_USER)
#define IN_PROJECT (1u << SBK_LAYER_PROJECT)
#define IN_ALL (IN_MACHINE | IN_USER | IN_PROJECT)

struct key {
	const char *name;
	read_fn *read;
	size_t offset; /* of what is read, in the struct of the object */
	unsigned int layers;
};

#define KEYS_MAX 16

static int unknown_key(const struct reader *r,
		       const struct sbk_json_place *place,
		       const struct key *keys)
{
	const char *words[KEYS_MAX + 1], *nearest;
	size_t count = 0;

	for (; keys->name != NULL; keys++)
		if ((keys->layers & 1u << r->layer) != 0)
			words[count++] = keys->name;
	words[count] = NULL;
	nearest = sbk_nearest_word(place->key, words);
	if (nearest == NULL)
		return fail_key(r, place, "no key '%.64s' is known here",
				place->key);
	return fail_key(r, place,
			"no key '%.64s' is known here; did you mean "
			"'%s'?",
			place->key, nearest);
}

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static int read_object(const struct reader *r,
		       const struct sbk_json_place *place, const json_t *object,
		       const struct key *keys, void *into)
{
	void *member;
	int rc = 0;

	if (!json_is_object(object))
		return wrong_type(r, place, "an object", object);
	for (member = json_object_iter((json_t *)object);
	     member != NULL && rc == 0;
	     member = json_object_iter_next((json_t *)object, member)) {
		struct sbk_json_place at = {
			.up = place, .key = json_object_iter_key(member)};
		const struct key *key = find_key(keys, at.key);

		if (key == NULL)
			return unknown_key(r, &at, keys);
		if ((key->layers & 1u << r->layer) == 0)
			return fail_key(r, &at,
					"'%s' is not for a project's file, "
					"which may only narrow; say it in "
					"'%s'",
					key->name, sbk_user_policy_path);
		rc = key->read(r, &at, json_object_iter_value(member),
			       (char *)into + key->offset);
	}
	return rc;
}

/* A check of one string of a list: NULL, or why it is refused. */
typedef const char *check_fn(const struct reader *r, const char *text);

static int read_names(const struct reader *r,
		      const struct sbk_json_place *place, const json_t *list,
		      check_fn *check, void *into)
{
	struct sbk_names *names = into;
	size_t i;
	int rc = 0;

	if (!json_is_array(list))
		return wrong_type(r, place, "a list of strings", list);
	if (json_array_size(list) > SBK_POLICY_PATHS_MAX)
		return fail(r, place, "'%s' has more than %d entries",
			    place->key, SBK_POLICY_PATHS_MAX);
	for (i = 0; i < json_array_size(list) && rc == 0; i++) {
		struct sbk_json_place at = {.up = place, .index = i};
		const json_t *value = json_array_get(list, i);
		const char *text = json_string_value(value), *problem;

		if (text == NULL)
			return wrong_type(r, &at, "a string", value);
		problem = check(r, text);
		if (problem != NULL)
			return fail(r, &at, "'%.80s' %s", text, problem);
		rc = sbk_names_add(names, r->arena, text, SBK_POLICY_PATHS_MAX,
				   r->err);
	}
	return rc;
}

static const char *check_path(const struct reader *r, const char *text)
{
	return sbk_policy_path_problem(text, r->layer);
}

static const char *check_protected(const struct reader *r, const char *text)
{
	(void)r;
	if (text[0] == '\0' || strlen(text) > 255 ||
	    sbk_policy_has_control(text) || strchr(text, '/') != NULL ||
	    strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return "is not the name of something directly in a root";
	return NULL;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static const char *check_profile(const struct reader *r, const char *text)
{
	size_t size = strspn(text, LETTERS DIGITS "._-");

	(void)r;
	if (size == 0 || size >= SBK_POLICY_NAME_MAX || text[size] != '\0' ||
	    strchr("._-", text[0]) != NULL)
		return "is not a profile's name: letters, digits, '.', '_' and "
		       "'-', at most 63";
	return NULL;
}

/* A variable's name, with a '*' at its end if it is a pattern. */
static const char *check_kept(const struct reader *r, const char *text)
{
	size_t size = strspn(text, LETTERS DIGITS "_");

	(void)r;
	if (text[size] == '*' && size > 0)
		size++;
	if (size == 0 || size > 127 || text[size] != '\0' ||
	    strchr(DIGITS, text[0]) != NULL)
		return "is not the name of a variable, or one with '*' at its "
		       "end";
	return NULL;
}

static int read_paths(const struct reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      void *into)
{
	return read_names(r, place, value, check_path, into);
}

/* A project that denies itself would leave nothing to work in. */
static int read_denied(const struct reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	struct sbk_names *names = into;
	size_t i;
	int rc = read_names(r, place, value, check_path, into);

	for (i = 0; i < names->count && rc == 0; i++) {
		struct sbk_json_place at = {.up = place, .index = i};

		if (strspn(names->items[i], "./") == strlen(names->items[i]))
			rc = fail(r, &at, "'%s' denies everything",
				  names->items[i]);
	}
	return rc;
}

static int read_protected(const struct reader *r,
			  const struct sbk_json_place *place,
			  const json_t *value, void *into)
{
	return read_names(r, place, value, check_protected, into);
}

static int read_kept(const struct reader *r, const struct sbk_json_place *place,
		     const json_t *value, void *into)
{
	return read_names(r, place, value, check_kept, into);
}

/* 1.0 is the integer 1, as it is for JSON Schema. */
static bool as_integer(const json_t *value, json_int_t *out)
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

static int read_version(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	json_int_t version;

	if (!as_integer(value, &version))
		return wrong_type(r, place, "the number 1", value);
	if (version != 1)
		return fail(r, place,
			    "version %lld is not known; this program "
			    "reads version 1",
			    (long long)version);
	*(bool *)into = true;
	return 0;
}

static int read_switch(const struct reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	if (!json_is_boolean(value))
		return wrong_type(r, place, "true or false", value);
	*(int *)into = json_is_true(value) ? 1 : 0;
	return 0;
}

/* One of a few words, as its place among them. A project may say `project`
 * alone, where that is no NULL. */
static int read_word(const struct reader *r, const struct sbk_json_place *place,
		     const json_t *value, const char *const *words,
		     const char *what, const char *known, const char *project,
		     void *into)
{
	const char *text = json_string_value(value), *nearest;
	int i = 0;

	if (text == NULL)
		return wrong_type(r, place, "a string", value);
	while (words[i] != NULL && strcmp(words[i], text) != 0)
		i++;
	if (words[i] == NULL) {
		nearest = sbk_nearest_word(text, words);
		return fail(r, place, "no %s '%.40s'%s%s%s; %s", what, text,
			    nearest != NULL ? ", did you mean '" : "",
			    nearest != NULL ? nearest : "",
			    nearest != NULL ? "'?" : "", known);
	}
	if (r->layer == SBK_LAYER_PROJECT && project != NULL &&
	    strcmp(text, project) != 0)
		return fail(r, place, "a project may say '%s' alone", project);
	*(int *)into = i;
	return 0;
}

static int read_network(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	static const char *const words[] = {"off", "loopback", "on", NULL};
	if (json_is_string(value) &&
	    strcmp(json_string_value(value), "allow-list") == 0)
		return fail(r, place, "'allow-list' is not built yet");
	return read_word(r, place, value, words, "network",
			 "'off', 'loopback' or 'on'", NULL, into);
}

/* A project may ask for more than there is, never for less. */
static int read_account(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	static const char *const words[] = {"auto", "require", "off", NULL};

	return read_word(r, place, value, words, "choice",
			 "'auto', 'require' or 'off'", "require", into);
}

/* A project may take the right to change ACLs away, and not give it. */
static int read_grant(const struct reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      void *into)
{
	static const char *const words[] = {"mount", "acl", NULL};

	return read_word(r, place, value, words, "way", "'mount' or 'acl'",
			 "mount", into);
}

static int read_limit(const struct reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      void *into)
{
	json_int_t number;
	uint64_t max = 0;
	size_t i;

	for (i = 0; i < SBK_LIMIT_COUNT; i++)
		if (strcmp(sbk_limit_infos[i].key, place->key) == 0)
			max = sbk_limit_infos[i].max;
	if (!as_integer(value, &number))
		return wrong_type(r, place, "a whole number", value);
	if (number < 1 || (uint64_t)number > max)
		return fail(r, place,
			    "'%s' is %lld, and must be between 1 and "
			    "%llu; without the key there is no "
			    "limit",
			    place->key, (long long)number,
			    (unsigned long long)max);
	*(uint64_t *)into = (uint64_t)number;
	return 0;
}

static int read_limits(const struct reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	static const struct key keys[] = {
		{"time_s", read_limit, SBK_LIMIT_TIME * sizeof(uint64_t),
		 IN_ALL},
		{"memory_mib", read_limit, SBK_LIMIT_MEMORY * sizeof(uint64_t),
		 IN_ALL},
		{"processes", read_limit,
		 SBK_LIMIT_PROCESSES * sizeof(uint64_t), IN_ALL},
		{NULL, NULL, 0, 0},
	};

	return read_object(r, place, value, keys, into);
}

/* { "NAME": "value" } into "NAME=value". */
static int read_set(const struct reader *r, const struct sbk_json_place *place,
		    const json_t *value, void *into)
{
	void *member;
	int rc = 0;

	if (!json_is_object(value))
		return wrong_type(r, place, "an object", value);
	if (json_object_size(value) > SBK_POLICY_ENV_MAX / 2)
		return fail(r, place, "'set' has more than %d entries",
			    SBK_POLICY_ENV_MAX / 2);
	for (member = json_object_iter((json_t *)value);
	     member != NULL && rc == 0;
	     member = json_object_iter_next((json_t *)value, member)) {
		struct sbk_json_place at = {
			.up = place, .key = json_object_iter_key(member)};
		const json_t *text = json_object_iter_value(member);
		const char *entry;

		if (check_kept(r, at.key) != NULL ||
		    strchr(at.key, '*') != NULL)
			return fail_key(r, &at,
					"'%.80s' is not the name of a "
					"variable",
					at.key);
		if (!json_is_string(text))
			return wrong_type(r, &at, "a string", text);
		entry = sbk_arena_printf(r->arena, "%s=%s", at.key,
					 json_string_value(text));
		if (entry == NULL)
			return out_of_memory(r);
		rc = sbk_names_add(into, r->arena, entry, SBK_POLICY_ENV_MAX,
				   r->err);
	}
	return rc;
}

static int read_environment(const struct reader *r,
			    const struct sbk_json_place *place,
			    const json_t *value, void *into)
{
	static const struct key keys[] = {
		{"clear", read_switch, offsetof(struct sbk_profile, clear),
		 IN_ALL},
		{"keep", read_kept, offsetof(struct sbk_profile, keep), IN_ALL},
		{"set", read_set, offsetof(struct sbk_profile, set), IN_ALL},
		{NULL, NULL, 0, 0},
	};

	return read_object(r, place, value, keys, into);
}

static int read_extends(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	struct sbk_profile *profile = into;

	if (json_array_size(value) > SBK_POLICY_EXTENDS_MAX)
		return fail(r, place, "'extends' has more than %d entries",
			    SBK_POLICY_EXTENDS_MAX);
	profile->has_extends = true;
	return read_names(r, place, value, check_profile, &profile->extends);
}

/* The same text in two lists of one profile is a mistake wherever it runs. */
static int check_profile_lists(const struct reader *r,
			       const struct sbk_json_place *place,
			       const struct sbk_profile *profile)
{
	const struct sbk_names *lists[] = {&profile->rw, &profile->ro,
					   &profile->deny};
	static const char *const keys[] = {"rw", "ro", "deny"};
	size_t a, b, i;

	for (b = 1; b < 3; b++) {
		for (i = 0; i < lists[b]->count; i++) {
			struct sbk_json_place list = {.up = place,
						      .key = keys[b]};
			struct sbk_json_place at = {.up = &list, .index = i};

			for (a = 0; a < b; a++)
				if (sbk_names_have(lists[a],
						   lists[b]->items[i]))
					return fail(r, &at,
						    "'%.80s' stands in '%s' "
						    "too: take one out",
						    lists[b]->items[i],
						    keys[a]);
		}
	}
	return 0;
}

static int read_profile(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	static const struct key keys[] = {
		{"extends", read_extends, 0, IN_ALL},
		{"rw", read_paths, offsetof(struct sbk_profile, rw), IN_ALL},
		{"ro", read_paths, offsetof(struct sbk_profile, ro), IN_ALL},
		{"deny", read_denied, offsetof(struct sbk_profile, deny),
		 IN_ALL},
		{"protect", read_protected,
		 offsetof(struct sbk_profile, protect), IN_ALL},
		{"network", read_network, offsetof(struct sbk_profile, network),
		 IN_ALL},
		{"environment", read_environment, 0, IN_ALL},
		{"limits", read_limits, offsetof(struct sbk_profile, limits),
		 IN_ALL},
		{"tools_from_path", read_switch,
		 offsetof(struct sbk_profile, tools), IN_ALL},
		{NULL, NULL, 0, 0},
	};
	struct sbk_profile *profile = into;
	int rc;

	profile->network = SBK_UNSET;
	profile->clear = SBK_UNSET;
	profile->tools = SBK_UNSET;
	rc = read_object(r, place, value, keys, profile);
	return rc < 0 ? rc : check_profile_lists(r, place, profile);
}

static int read_profiles(const struct reader *r,
			 const struct sbk_json_place *place,
			 const json_t *value, void *into)
{
	struct sbk_policy_file *file = into;
	void *member;
	int rc = 0;

	if (!json_is_object(value))
		return wrong_type(r, place, "an object", value);
	if (json_object_size(value) > SBK_POLICY_PROFILES_MAX)
		return fail(r, place, "there are more than %d profiles",
			    SBK_POLICY_PROFILES_MAX);
	file->profiles =
		sbk_arena_alloc(r->arena, (json_object_size(value) + 1) *
						  sizeof(*file->profiles));
	if (file->profiles == NULL)
		return out_of_memory(r);
	for (member = json_object_iter((json_t *)value);
	     member != NULL && rc == 0;
	     member = json_object_iter_next((json_t *)value, member)) {
		struct sbk_profile *profile =
			&file->profiles[file->profile_count];
		struct sbk_json_place at = {
			.up = place, .key = json_object_iter_key(member)};
		const char *problem = check_profile(r, at.key);

		if (problem != NULL)
			return fail_key(r, &at, "'%.80s' %s", at.key, problem);
		if (sbk_profile_builtin(at.key))
			return fail_key(r, &at,
					"'%s' is built in: choose "
					"another name, and extend it",
					at.key);
		profile->name = sbk_arena_strdup(r->arena, at.key);
		if (profile->name == NULL)
			return out_of_memory(r);
		rc = read_profile(r, &at, json_object_iter_value(member),
				  profile);
		file->profile_count++;
	}
	return rc;
}

static int read_default(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	const char *text = json_string_value(value), *problem;

	if (text == NULL)
		return wrong_type(r, place, "a string", value);
	problem = check_profile(r, text);
	if (problem != NULL)
		return fail(r, place, "'%.80s' %s", text, problem);
	*(const char **)into = sbk_arena_strdup(r->arena, text);
	return *(const char **)into != NULL ? 0 : out_of_memory(r);
}

static const char *check_anchor(const struct reader *r, const char *text)
{
	(void)r;
	return sbk_policy_has_control(text) ? "has a control character" : NULL;
}

/* The words of a command; the first is where it is. */
static int read_anchor(const struct reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	struct sbk_names *words = into;
	int rc = read_names(r, place, value, check_anchor, words);

	if (rc == 0 &&
	    (words->count == 0 || !sbk_path_is_absolute(words->items[0]) ||
	     words->count > SBK_POLICY_ANCHOR_WORDS_MAX))
		rc = fail(r, place,
			  "'anchor' is a command: an absolute path and its "
			  "arguments, at most %d words",
			  SBK_POLICY_ANCHOR_WORDS_MAX);
	return rc;
}

/* `present` doubles as "has a version" while the text is read. */
static int read_file(const struct reader *r, const json_t *root,
		     struct sbk_policy_file *file)
{
	static const struct key keys[] = {
		{"version", read_version,
		 offsetof(struct sbk_policy_file, present), IN_ALL},
		{"default_profile", read_default,
		 offsetof(struct sbk_policy_file, default_profile),
		 IN_MACHINE | IN_USER},
		{"profiles", read_profiles, 0, IN_MACHINE | IN_USER},
		{"deny", read_denied,
		 offsetof(struct sbk_policy_file, narrowing.deny), IN_ALL},
		{"protect", read_protected,
		 offsetof(struct sbk_policy_file, narrowing.protect), IN_ALL},
		{"network", read_network,
		 offsetof(struct sbk_policy_file, narrowing.network), IN_ALL},
		{"account", read_account,
		 offsetof(struct sbk_policy_file, narrowing.account), IN_ALL},
		{"grant", read_grant,
		 offsetof(struct sbk_policy_file, narrowing.grant), IN_ALL},
		{"limits", read_limits,
		 offsetof(struct sbk_policy_file, narrowing.limits), IN_ALL},
		{"anchor", read_anchor,
		 offsetof(struct sbk_policy_file, anchor),
		 IN_MACHINE | IN_USER},
		/* Known, so that a project that has them is told why not. */
		{"rw", read_paths, 0, 0},
		{"ro", read_paths, 0, 0},
		{"environment", read_environment, 0, 0},
		{"extends", read_extends, 0, 0},
		{"tools_from_path", read_switch, 0, 0},
		{NULL, NULL, 0, 0},
	};
	struct sbk_json_place whole = {.up = NULL};
	int rc;

	if (!json_is_object(root))
		return fail(r, &whole, "a policy is an object, not %s",
			    type_name(root));
	rc = read_object(r, &whole, root, keys, file);
	if (rc == 0 && !file->present)
		rc = fail(r, &whole, "'version' is missing: \"version\": 1");
	return rc;
}

/* What jansson would not notice: it can lose a NUL that follows a number, and
 * its own limit on depth is that of its stack. */
static int check_bytes(const struct reader *r)
{
	size_t at = sbk_json_too_deep(r->text, r->size, SBK_POLICY_DEPTH_MAX);
	const char *nul = r->size > 0 ? memchr(r->text, '\0', r->size) : NULL;

	if (nul != NULL)
		return fail_at(r, (size_t)(nul - r->text), SBK_E_PARSE,
			       "a NUL byte is no part of a policy");
	if (at < r->size)
		return fail_at(r, at, SBK_E_LIMIT,
			       "brackets stand too deep in brackets");
	return 0;
}

static int syntax_error(const struct reader *r, const json_error_t *error)
{
	size_t at = error->position > 0 ? (size_t)error->position - 1 : 0;
	char message[300];
	const char *hint = "";

	if (r->size == 0)
		return fail_at(r, 0, SBK_E_PARSE,
			       "the file is empty: remove it, or write "
			       "{\"version\": 1}");
	if (r->size >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0)
		hint = "; the byte order mark at the start must go";
	else if (strstr(error->text, "near '/") != NULL ||
		 strstr(error->text, "near '#") != NULL)
		hint = "; JSON has no comments";
	(void)snprintf(message, sizeof(message), "%.160s%s", error->text, hint);
	return fail_at(r, at, SBK_E_PARSE, message);
}

int sbk_policy_parse(const char *path, enum sbk_layer layer, const char *text,
		     size_t size, struct sbk_arena *arena,
		     struct sbk_policy_file *out, struct sbk_error *err)
{
	struct reader r = {.path = path,
			   .text = text,
			   .size = size,
			   .layer = layer,
			   .arena = arena,
			   .err = err};
	struct sbk_policy_file file = {.path = path, .layer = layer};
	json_error_t error;
	json_t *root;
	int rc;

	if (size > SBK_POLICY_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "'%s' is longer than %d bytes", path,
				     SBK_POLICY_BYTES_MAX);
	rc = check_bytes(&r);
	if (rc < 0)
		return rc;
	file.narrowing.network = SBK_UNSET;
	file.narrowing.account = SBK_UNSET;
	file.narrowing.grant = SBK_UNSET;
	root = sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return json_error_code(&error) == json_error_out_of_memory
			       ? out_of_memory(&r)
			       : syntax_error(&r, &error);
	rc = read_file(&r, root, &file);
	json_decref(root);
	if (rc < 0)
		return rc;
	*out = file;
	return 0;
}
