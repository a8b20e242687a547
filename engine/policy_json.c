/*
 * Policy text to model. jansson reads the JSON (and refuses duplicate keys);
 * tables of keys say what may stand where, and policy_json_reader.c reads by
 * them. Keeps nothing of the text but copies in the arena.
 *
 * Texts of the project layer are hostile. What bounds them: bytes and depth
 * before jansson sees them, the number of entries of each list after.
 */
#include "engine/policy_model.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/limits.h"
#include "engine/path_form.h"
#include "engine/policy_json_reader.h"

#include "engine/banned.h"

static const char *check_path(const struct sbk_policy_reader *r,
			      const char *text)
{
	return sbk_policy_path_problem(text, r->layer);
}

static const char *check_protected(const struct sbk_policy_reader *r,
				   const char *text)
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

static const char *check_profile(const struct sbk_policy_reader *r,
				 const char *text)
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
static const char *check_kept(const struct sbk_policy_reader *r,
			      const char *text)
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

static int read_paths(const struct sbk_policy_reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      void *into)
{
	return sbk_policy_read_names(r, place, value, check_path, into);
}

/* A project that denies itself would leave nothing to work in. */
static int read_denied(const struct sbk_policy_reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	struct sbk_names *names = into;
	size_t i;
	int rc = sbk_policy_read_names(r, place, value, check_path, into);

	for (i = 0; i < names->count && rc == 0; i++) {
		struct sbk_json_place at = {.up = place, .index = i};

		if (strspn(names->items[i], "./") == strlen(names->items[i]))
			rc = sbk_policy_fail(r, &at, "'%s' denies everything",
					     names->items[i]);
	}
	return rc;
}

static int read_protected(const struct sbk_policy_reader *r,
			  const struct sbk_json_place *place,
			  const json_t *value, void *into)
{
	return sbk_policy_read_names(r, place, value, check_protected, into);
}

static int read_kept(const struct sbk_policy_reader *r,
		     const struct sbk_json_place *place, const json_t *value,
		     void *into)
{
	return sbk_policy_read_names(r, place, value, check_kept, into);
}

static int read_version(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	json_int_t version;

	if (!sbk_policy_whole_number(value, &version))
		return sbk_policy_wrong_type(r, place, "the number 1", value);
	if (version != 1)
		return sbk_policy_fail(
			r, place,
			"version %lld is not known; this program "
			"reads version 1",
			(long long)version);
	*(bool *)into = true;
	return 0;
}

static int read_network(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	static const char *const words[] = {"off", "loopback", "on", NULL};
	if (json_is_string(value) &&
	    strcmp(json_string_value(value), "allow-list") == 0)
		return sbk_policy_fail(r, place,
				       "'allow-list' is not built yet");
	return sbk_policy_read_word(r, place, value, words, "network",
				    "'off', 'loopback' or 'on'", NULL, into);
}

/* A project may ask for more than there is, never for less. */
static int read_account(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	static const char *const words[] = {"auto", "require", "off", NULL};

	return sbk_policy_read_word(r, place, value, words, "choice",
				    "'auto', 'require' or 'off'", "require",
				    into);
}

/* A project may take the right to change ACLs away, and not give it. */
static int read_grant(const struct sbk_policy_reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      void *into)
{
	static const char *const words[] = {"mount", "acl", NULL};

	return sbk_policy_read_word(r, place, value, words, "way",
				    "'mount' or 'acl'", "mount", into);
}

static int read_limit(const struct sbk_policy_reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      void *into)
{
	json_int_t number;
	uint64_t max = 0;
	size_t i;

	for (i = 0; i < SBK_LIMIT_COUNT; i++)
		if (strcmp(sbk_limit_infos[i].key, place->key) == 0)
			max = sbk_limit_infos[i].max;
	if (!sbk_policy_whole_number(value, &number))
		return sbk_policy_wrong_type(r, place, "a whole number", value);
	if (number < 1 || (uint64_t)number > max)
		return sbk_policy_fail(
			r, place,
			"'%s' is %lld, and must be between 1 and "
			"%llu; without the key there is no "
			"limit",
			place->key, (long long)number, (unsigned long long)max);
	*(uint64_t *)into = (uint64_t)number;
	return 0;
}

static int read_limits(const struct sbk_policy_reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	static const struct sbk_policy_key keys[] = {
		{"time_s", read_limit, SBK_LIMIT_TIME * sizeof(uint64_t),
		 SBK_POLICY_IN_ALL},
		{"memory_mib", read_limit, SBK_LIMIT_MEMORY * sizeof(uint64_t),
		 SBK_POLICY_IN_ALL},
		{"processes", read_limit,
		 SBK_LIMIT_PROCESSES * sizeof(uint64_t), SBK_POLICY_IN_ALL},
		{NULL, NULL, 0, 0},
	};

	return sbk_policy_read_object(r, place, value, keys, into);
}

/* { "NAME": "value" } into "NAME=value". */
static int read_set(const struct sbk_policy_reader *r,
		    const struct sbk_json_place *place, const json_t *value,
		    void *into)
{
	void *member;
	int rc = 0;

	if (!json_is_object(value))
		return sbk_policy_wrong_type(r, place, "an object", value);
	if (json_object_size(value) > SBK_POLICY_ENV_MAX / 2)
		return sbk_policy_fail(r, place,
				       "'set' has more than %d entries",
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
			return sbk_policy_fail_key(
				r, &at,
				"'%.80s' is not the name of a "
				"variable",
				at.key);
		if (!json_is_string(text))
			return sbk_policy_wrong_type(r, &at, "a string", text);
		entry = sbk_arena_printf(r->arena, "%s=%s", at.key,
					 json_string_value(text));
		if (entry == NULL)
			return sbk_policy_no_memory(r);
		rc = sbk_names_add(into, r->arena, entry, SBK_POLICY_ENV_MAX,
				   r->err);
	}
	return rc;
}

static int read_environment(const struct sbk_policy_reader *r,
			    const struct sbk_json_place *place,
			    const json_t *value, void *into)
{
	static const struct sbk_policy_key keys[] = {
		{"clear", sbk_policy_read_switch,
		 offsetof(struct sbk_profile, clear), SBK_POLICY_IN_ALL},
		{"keep", read_kept, offsetof(struct sbk_profile, keep),
		 SBK_POLICY_IN_ALL},
		{"set", read_set, offsetof(struct sbk_profile, set),
		 SBK_POLICY_IN_ALL},
		{NULL, NULL, 0, 0},
	};

	return sbk_policy_read_object(r, place, value, keys, into);
}

static int read_extends(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	struct sbk_profile *profile = into;

	if (json_array_size(value) > SBK_POLICY_EXTENDS_MAX)
		return sbk_policy_fail(r, place,
				       "'extends' has more than %d entries",
				       SBK_POLICY_EXTENDS_MAX);
	profile->has_extends = true;
	return sbk_policy_read_names(r, place, value, check_profile,
				     &profile->extends);
}

/* The same text in two lists of one profile is a mistake wherever it runs. */
static int check_profile_lists(const struct sbk_policy_reader *r,
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
					return sbk_policy_fail(
						r, &at,
						"'%.80s' stands in '%s' "
						"too: take one out",
						lists[b]->items[i], keys[a]);
		}
	}
	return 0;
}

static int read_profile(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	static const struct sbk_policy_key keys[] = {
		{"extends", read_extends, 0, SBK_POLICY_IN_ALL},
		{"rw", read_paths, offsetof(struct sbk_profile, rw),
		 SBK_POLICY_IN_ALL},
		{"ro", read_paths, offsetof(struct sbk_profile, ro),
		 SBK_POLICY_IN_ALL},
		{"deny", read_denied, offsetof(struct sbk_profile, deny),
		 SBK_POLICY_IN_ALL},
		{"protect", read_protected,
		 offsetof(struct sbk_profile, protect), SBK_POLICY_IN_ALL},
		{"network", read_network, offsetof(struct sbk_profile, network),
		 SBK_POLICY_IN_ALL},
		{"environment", read_environment, 0, SBK_POLICY_IN_ALL},
		{"limits", read_limits, offsetof(struct sbk_profile, limits),
		 SBK_POLICY_IN_ALL},
		{"tools_from_path", sbk_policy_read_switch,
		 offsetof(struct sbk_profile, tools), SBK_POLICY_IN_ALL},
		{NULL, NULL, 0, 0},
	};
	struct sbk_profile *profile = into;
	int rc;

	profile->network = SBK_UNSET;
	profile->clear = SBK_UNSET;
	profile->tools = SBK_UNSET;
	rc = sbk_policy_read_object(r, place, value, keys, profile);
	return rc < 0 ? rc : check_profile_lists(r, place, profile);
}

static int read_profiles(const struct sbk_policy_reader *r,
			 const struct sbk_json_place *place,
			 const json_t *value, void *into)
{
	struct sbk_policy_file *file = into;
	void *member;
	int rc = 0;

	if (!json_is_object(value))
		return sbk_policy_wrong_type(r, place, "an object", value);
	if (json_object_size(value) > SBK_POLICY_PROFILES_MAX)
		return sbk_policy_fail(r, place,
				       "there are more than %d profiles",
				       SBK_POLICY_PROFILES_MAX);
	file->profiles =
		sbk_arena_alloc(r->arena, (json_object_size(value) + 1) *
						  sizeof(*file->profiles));
	if (file->profiles == NULL)
		return sbk_policy_no_memory(r);
	for (member = json_object_iter((json_t *)value);
	     member != NULL && rc == 0;
	     member = json_object_iter_next((json_t *)value, member)) {
		struct sbk_profile *profile =
			&file->profiles[file->profile_count];
		struct sbk_json_place at = {
			.up = place, .key = json_object_iter_key(member)};
		const char *problem = check_profile(r, at.key);

		if (problem != NULL)
			return sbk_policy_fail_key(r, &at, "'%.80s' %s", at.key,
						   problem);
		if (sbk_profile_builtin(at.key))
			return sbk_policy_fail_key(
				r, &at,
				"'%s' is built in: choose "
				"another name, and extend it",
				at.key);
		profile->name = sbk_arena_strdup(r->arena, at.key);
		if (profile->name == NULL)
			return sbk_policy_no_memory(r);
		rc = read_profile(r, &at, json_object_iter_value(member),
				  profile);
		file->profile_count++;
	}
	return rc;
}

static int read_default(const struct sbk_policy_reader *r,
			const struct sbk_json_place *place, const json_t *value,
			void *into)
{
	const char *text = json_string_value(value), *problem;

	if (text == NULL)
		return sbk_policy_wrong_type(r, place, "a string", value);
	problem = check_profile(r, text);
	if (problem != NULL)
		return sbk_policy_fail(r, place, "'%.80s' %s", text, problem);
	*(const char **)into = sbk_arena_strdup(r->arena, text);
	return *(const char **)into != NULL ? 0 : sbk_policy_no_memory(r);
}

static const char *check_anchor(const struct sbk_policy_reader *r,
				const char *text)
{
	(void)r;
	return sbk_policy_has_control(text) ? "has a control character" : NULL;
}

/* The words of a command; the first is where it is. */
static int read_anchor(const struct sbk_policy_reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       void *into)
{
	struct sbk_names *words = into;
	int rc = sbk_policy_read_names(r, place, value, check_anchor, words);

	if (rc == 0 &&
	    (words->count == 0 || !sbk_path_is_absolute(words->items[0]) ||
	     words->count > SBK_POLICY_ANCHOR_WORDS_MAX))
		rc = sbk_policy_fail(
			r, place,
			"'anchor' is a command: an absolute path and its "
			"arguments, at most %d words",
			SBK_POLICY_ANCHOR_WORDS_MAX);
	return rc;
}

/* `present` doubles as "has a version" while the text is read. */
static int read_file(const struct sbk_policy_reader *r, const json_t *root,
		     struct sbk_policy_file *file)
{
	static const struct sbk_policy_key keys[] = {
		{"version", read_version,
		 offsetof(struct sbk_policy_file, present), SBK_POLICY_IN_ALL},
		{"default_profile", read_default,
		 offsetof(struct sbk_policy_file, default_profile),
		 SBK_POLICY_IN_MACHINE | SBK_POLICY_IN_USER},
		{"profiles", read_profiles, 0,
		 SBK_POLICY_IN_MACHINE | SBK_POLICY_IN_USER},
		{"deny", read_denied,
		 offsetof(struct sbk_policy_file, narrowing.deny),
		 SBK_POLICY_IN_ALL},
		{"protect", read_protected,
		 offsetof(struct sbk_policy_file, narrowing.protect),
		 SBK_POLICY_IN_ALL},
		{"network", read_network,
		 offsetof(struct sbk_policy_file, narrowing.network),
		 SBK_POLICY_IN_ALL},
		{"account", read_account,
		 offsetof(struct sbk_policy_file, narrowing.account),
		 SBK_POLICY_IN_ALL},
		{"grant", read_grant,
		 offsetof(struct sbk_policy_file, narrowing.grant),
		 SBK_POLICY_IN_ALL},
		{"limits", read_limits,
		 offsetof(struct sbk_policy_file, narrowing.limits),
		 SBK_POLICY_IN_ALL},
		{"anchor", read_anchor,
		 offsetof(struct sbk_policy_file, anchor),
		 SBK_POLICY_IN_MACHINE | SBK_POLICY_IN_USER},
		/* Known, so that a project that has them is told why not. */
		{"rw", read_paths, 0, 0},
		{"ro", read_paths, 0, 0},
		{"environment", read_environment, 0, 0},
		{"extends", read_extends, 0, 0},
		{"tools_from_path", sbk_policy_read_switch, 0, 0},
		{NULL, NULL, 0, 0},
	};
	struct sbk_json_place whole = {.up = NULL};
	int rc;

	if (!json_is_object(root))
		return sbk_policy_fail(r, &whole,
				       "a policy is an object, not %s",
				       sbk_policy_type_name(root));
	rc = sbk_policy_read_object(r, &whole, root, keys, file);
	if (rc == 0 && !file->present)
		rc = sbk_policy_fail(r, &whole,
				     "'version' is missing: \"version\": 1");
	return rc;
}

/* What jansson would not notice: it can lose a NUL that follows a number, and
 * its own limit on depth is that of its stack. */
static int check_bytes(const struct sbk_policy_reader *r)
{
	size_t at = sbk_json_too_deep(r->text, r->size, SBK_POLICY_DEPTH_MAX);
	const char *nul = r->size > 0 ? memchr(r->text, '\0', r->size) : NULL;

	if (nul != NULL)
		return sbk_policy_fail_at(r, (size_t)(nul - r->text),
					  SBK_E_PARSE,
					  "a NUL byte is no part of a policy");
	if (at < r->size)
		return sbk_policy_fail_at(
			r, at, SBK_E_LIMIT,
			"brackets stand too deep in brackets");
	return 0;
}

static int syntax_error(const struct sbk_policy_reader *r,
			const json_error_t *error)
{
	size_t at = error->position > 0 ? (size_t)error->position - 1 : 0;
	char message[300];
	const char *hint = "";

	if (r->size == 0)
		return sbk_policy_fail_at(
			r, 0, SBK_E_PARSE,
			"the file is empty: remove it, or write "
			"{\"version\": 1}");
	if (r->size >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0)
		hint = "; the byte order mark at the start must go";
	else if (strstr(error->text, "near '/") != NULL ||
		 strstr(error->text, "near '#") != NULL)
		hint = "; JSON has no comments";
	(void)snprintf(message, sizeof(message), "%.160s%s", error->text, hint);
	return sbk_policy_fail_at(r, at, SBK_E_PARSE, message);
}

int sbk_policy_parse(const char *path, enum sbk_layer layer, const char *text,
		     size_t size, struct sbk_arena *arena,
		     struct sbk_policy_file *out, struct sbk_error *err)
{
	struct sbk_policy_reader r = {.path = path,
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
			       ? sbk_policy_no_memory(&r)
			       : syntax_error(&r, &error);
	rc = read_file(&r, root, &file);
	json_decref(root);
	if (rc < 0)
		return rc;
	*out = file;
	return 0;
}
