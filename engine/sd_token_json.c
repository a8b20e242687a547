/*
 * A token from its description in JSON. jansson reads; a table of keys says
 * what may stand there; json_place finds line and column of what is wrong.
 *
 * Invariant: nothing of the text is kept, and no list is longer than a token
 * on Windows may have (SBK_TOKEN_SIDS_MAX).
 */
#include "engine/sd_command.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/json_place.h"
#include "engine/limits.h"

#include "engine/banned.h"

#define DEPTH_MAX 8
#define ORDINARY \
	(SBK_GROUP_MANDATORY | SBK_GROUP_ENABLED_BY_DEFAULT | SBK_GROUP_ENABLED)

struct reader {
	const char *name, *text;
	size_t size;
	const struct sbk_sid_domains *domains;
	struct sbk_sd_token *into;
	struct sbk_error *err;
};

typedef int read_fn(const struct reader *r, const struct sbk_json_place *place,
		    const json_t *value);

/* The whole text: what each place stands in. */
static const struct sbk_json_place whole = {.up = NULL};

static int fail_at(const struct reader *r, size_t offset, const char *message)
{
	size_t line, column;

	sbk_json_position(r->text, r->size, offset, &line, &column);
	return sbk_error_set(r->err, SBK_E_PARSE,
			     "'%s' line %zu, column %zu: %.300s", r->name, line,
			     column, message);
}

/* Refuses the value at `place`. */
static int fail(const struct reader *r, const struct sbk_json_place *place,
		const char *fmt, ...) SBK_PRINTF(3, 4);

static int fail(const struct reader *r, const struct sbk_json_place *place,
		const char *fmt, ...)
{
	char message[300];
	size_t key_at;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return fail_at(r, sbk_json_locate(r->text, r->size, place, &key_at),
		       message);
}

int sbk_sd_parse_sid(const char *text, const struct sbk_sid_domains *domains,
		     struct sbk_sid *out, struct sbk_error *err)
{
	if (strlen(text) == 2)
		return sbk_sid_from_alias(text, domains, out, err);
	return sbk_sid_parse(text, strlen(text), out, err);
}

static int read_sid(const struct reader *r, const struct sbk_json_place *place,
		    const json_t *value, struct sbk_sid *out)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (!json_is_string(value))
		return fail(r, place,
			    "a SID must be a string, as \"S-1-5-32-544\"");
	if (sbk_sd_parse_sid(json_string_value(value), r->domains, out, &err) <
	    0)
		return fail(r, place, "%.200s", err.message);
	return 0;
}

static int read_user(const struct reader *r, const struct sbk_json_place *place,
		     const json_t *value)
{
	return read_sid(r, place, value, &r->into->token.user);
}

static const struct attribute {
	const char *name;
	uint32_t bits;
} attributes[] = {
	{"mandatory", SBK_GROUP_MANDATORY},
	{"enabled_by_default", SBK_GROUP_ENABLED_BY_DEFAULT},
	{"enabled", SBK_GROUP_ENABLED},
	{"owner", SBK_GROUP_OWNER},
	{"deny_only", SBK_GROUP_DENY_ONLY},
	{"integrity", SBK_GROUP_INTEGRITY},
	{"integrity_enabled", SBK_GROUP_INTEGRITY_ENABLED},
	{"resource", SBK_GROUP_RESOURCE},
	{"logon_id", (uint32_t)SBK_GROUP_LOGON_ID},
};

static int add_attribute(const struct reader *r,
			 const struct sbk_json_place *place,
			 const json_t *value, uint32_t *bits)
{
	const char *name = json_string_value(value);
	size_t i;

	for (i = 0;
	     name != NULL && i < sizeof(attributes) / sizeof(attributes[0]);
	     i++) {
		if (strcmp(attributes[i].name, name) != 0)
			continue;
		*bits |= attributes[i].bits;
		return 0;
	}
	return fail(r, place,
		    "an attribute is one of mandatory, enabled_by_default, "
		    "enabled, owner, deny_only, integrity, integrity_enabled, "
		    "resource, logon_id");
}

static int read_attributes(const struct reader *r,
			   const struct sbk_json_place *place,
			   const json_t *value, uint32_t *bits)
{
	size_t i;
	int rc = 0;

	*bits = 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    json_integer_value(value) <= UINT32_MAX) {
		*bits = (uint32_t)json_integer_value(value);
		return 0;
	}
	if (!json_is_array(value))
		return fail(r, place,
			    "'attributes' is a list of names, or a number");
	for (i = 0; rc == 0 && i < json_array_size(value); i++) {
		const struct sbk_json_place at = {.up = place, .index = i};

		rc = add_attribute(r, &at, json_array_get(value, i), bits);
	}
	return rc;
}

/* A SID, or an object with its attributes. */
static int read_group(const struct reader *r,
		      const struct sbk_json_place *place, const json_t *value,
		      struct sbk_group *out)
{
	const json_t *sid = value;
	struct sbk_json_place sid_at = *place;
	void *member;
	int rc = 0;

	out->attributes = ORDINARY;
	if (json_is_object(value)) {
		sid = json_object_get(value, "sid");
		sid_at = (struct sbk_json_place){.up = place, .key = "sid"};
	}
	if (sid == NULL)
		return fail(r, place, "a group needs 'sid'");
	rc = read_sid(r, &sid_at, sid, &out->sid);
	for (member = json_object_iter((json_t *)value);
	     rc == 0 && member != NULL;
	     member = json_object_iter_next((json_t *)value, member)) {
		const struct sbk_json_place at = {
			.up = place, .key = json_object_iter_key(member)};

		if (strcmp(at.key, "attributes") == 0)
			rc = read_attributes(r, &at,
					     json_object_iter_value(member),
					     &out->attributes);
		else if (strcmp(at.key, "sid") != 0)
			rc = fail(r, &at,
				  "a group has 'sid' and 'attributes', not "
				  "'%.64s'",
				  at.key);
	}
	return rc;
}

/* The caller's list is freed with the token, also where this fails. */
static int read_groups(const struct reader *r,
		       const struct sbk_json_place *place, const json_t *value,
		       struct sbk_group **list, struct sbk_sid_set *set)
{
	size_t i, count = json_array_size(value);
	int rc = 0;

	if (!json_is_array(value))
		return fail(r, place, "'%s' must be a list of SIDs",
			    place->key);
	if (count > SBK_TOKEN_SIDS_MAX)
		return fail(r, place, "'%s' has more than %d entries",
			    place->key, SBK_TOKEN_SIDS_MAX);
	*list = calloc(count + 1, sizeof(**list));
	if (*list == NULL)
		return sbk_error_set(r->err, SBK_E_NOMEM, "reading '%s'",
				     r->name);
	for (i = 0; rc == 0 && i < count; i++) {
		const struct sbk_json_place at = {.up = place, .index = i};

		rc = read_group(r, &at, json_array_get(value, i), &(*list)[i]);
	}
	set->groups = *list;
	set->count = count;
	return rc;
}

static int read_token_groups(const struct reader *r,
			     const struct sbk_json_place *place,
			     const json_t *value)
{
	return read_groups(r, place, value, &r->into->groups,
			   &r->into->token.groups);
}

static int read_restricting(const struct reader *r,
			    const struct sbk_json_place *place,
			    const json_t *value)
{
	r->into->token.is_restricted = true;
	return read_groups(r, place, value, &r->into->restricting,
			   &r->into->token.restricting);
}

static int read_capabilities(const struct reader *r,
			     const struct sbk_json_place *place,
			     const json_t *value)
{
	return read_groups(r, place, value, &r->into->capabilities,
			   &r->into->token.capabilities);
}

static int read_bool(const struct reader *r, const struct sbk_json_place *place,
		     const json_t *value, bool *out)
{
	if (!json_is_boolean(value))
		return fail(r, place, "'%s' is true or false", place->key);
	*out = json_is_true(value);
	return 0;
}

static int read_write_restricted(const struct reader *r,
				 const struct sbk_json_place *place,
				 const json_t *value)
{
	return read_bool(r, place, value, &r->into->token.write_restricted);
}

static int read_user_deny_only(const struct reader *r,
			       const struct sbk_json_place *place,
			       const json_t *value)
{
	return read_bool(r, place, value, &r->into->token.user_deny_only);
}

static int read_less_privileged(const struct reader *r,
				const struct sbk_json_place *place,
				const json_t *value)
{
	return read_bool(r, place, value, &r->into->token.less_privileged);
}

static int read_privileges(const struct reader *r,
			   const struct sbk_json_place *place,
			   const json_t *value)
{
	size_t i;

	if (!json_is_array(value))
		return fail(r, place, "'privileges' must be a list of names");
	for (i = 0; i < json_array_size(value); i++) {
		const struct sbk_json_place at = {.up = place, .index = i};
		const char *name = json_string_value(json_array_get(value, i));
		unsigned privilege;

		if (name == NULL || !sbk_privilege_from_name(name, &privilege))
			return fail(r, &at,
				    "a privilege is a name, as "
				    "\"SeBackupPrivilege\"");
		r->into->token.privileges |= privilege;
	}
	return 0;
}

static const struct level {
	const char *name;
	uint32_t level;
} levels[] = {
	{"untrusted", SBK_INTEGRITY_UNTRUSTED},
	{"low", SBK_INTEGRITY_LOW},
	{"medium", SBK_INTEGRITY_MEDIUM},
	{"medium_plus", SBK_INTEGRITY_MEDIUM_PLUS},
	{"high", SBK_INTEGRITY_HIGH},
	{"system", SBK_INTEGRITY_SYSTEM},
	{"protected", SBK_INTEGRITY_PROTECTED},
};

static int read_integrity(const struct reader *r,
			  const struct sbk_json_place *place,
			  const json_t *value)
{
	const char *name = json_string_value(value);
	struct sbk_sid sid;
	size_t i;

	for (i = 0; name != NULL && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, name) == 0) {
			r->into->token.integrity = levels[i].level;
			return 0;
		}
	if (name != NULL &&
	    sbk_sd_parse_sid(name, r->domains, &sid, NULL) == 0 &&
	    sbk_sid_authority(&sid) == 16 && sbk_sid_sub_count(&sid) == 1) {
		r->into->token.integrity = sbk_sid_rid(&sid);
		return 0;
	}
	return fail(r, place,
		    "'integrity' is untrusted, low, medium, medium_plus, high, "
		    "system, protected, or a SID as \"S-1-16-8192\"");
}

static int read_package(const struct reader *r,
			const struct sbk_json_place *place, const json_t *value)
{
	int rc = read_sid(r, place, value, &r->into->token.package);

	if (rc < 0)
		return rc;
	if (sbk_sid_classify(&r->into->token.package, r->domains) !=
	    SBK_SID_PACKAGE)
		return fail(r, place,
			    "a package is an AppContainer's SID, S-1-15-2-...");
	r->into->token.has_package = true;
	return 0;
}

static const struct key {
	const char *name;
	read_fn *read;
} keys[] = {
	{"user", read_user},
	{"user_deny_only", read_user_deny_only},
	{"groups", read_token_groups},
	{"restricting", read_restricting},
	{"write_restricted", read_write_restricted},
	{"privileges", read_privileges},
	{"integrity", read_integrity},
	{"package", read_package},
	{"less_privileged", read_less_privileged},
	{"capabilities", read_capabilities},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static int read_key(const struct reader *r, const struct sbk_json_place *place,
		    const json_t *value)
{
	const char *words[KEY_COUNT + 1], *nearest;
	char message[200];
	size_t i, key_at;

	for (i = 0; i < KEY_COUNT; i++) {
		if (strcmp(keys[i].name, place->key) == 0)
			return keys[i].read(r, place, value);
		words[i] = keys[i].name;
	}
	words[KEY_COUNT] = NULL;
	nearest = sbk_nearest_word(place->key, words);
	(void)snprintf(
		message, sizeof(message), "no key '%.64s' is known here%s%s%s",
		place->key, nearest != NULL ? "; did you mean '" : "",
		nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
	(void)sbk_json_locate(r->text, r->size, place, &key_at);
	return fail_at(r, key_at, message);
}

/* What only makes sense together. */
static int check_whole(const struct reader *r, const json_t *root)
{
	static const struct {
		const char *key, *needs;
	} pairs[] = {
		{"write_restricted", "restricting"},
		{"capabilities", "package"},
		{"less_privileged", "package"},
	};
	size_t i;

	if (json_object_get(root, "user") == NULL)
		return fail(r, &whole,
			    "'user' is missing: the SID of the token's user");
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct sbk_json_place at = {.up = &whole,
						  .key = pairs[i].key};
		const json_t *value = json_object_get(root, pairs[i].key);

		if (value != NULL && !json_is_false(value) &&
		    json_object_get(root, pairs[i].needs) == NULL)
			return fail(r, &at, "'%s' says nothing without '%s'",
				    pairs[i].key, pairs[i].needs);
	}
	return 0;
}

static int read_root(const struct reader *r, const json_t *root)
{
	void *member;
	int rc = 0;

	if (!json_is_object(root))
		return fail(r, &whole, "a token is an object with 'user'");
	for (member = json_object_iter((json_t *)root);
	     rc == 0 && member != NULL;
	     member = json_object_iter_next((json_t *)root, member)) {
		const struct sbk_json_place at = {
			.up = &whole, .key = json_object_iter_key(member)};

		rc = read_key(r, &at, json_object_iter_value(member));
	}
	return rc < 0 ? rc : check_whole(r, root);
}

int sbk_sd_token_read(struct sbk_sd_token *out, const char *name,
		      const char *text, size_t size,
		      const struct sbk_sid_domains *domains,
		      struct sbk_error *err)
{
	const struct sbk_sid nobody = {.bytes = {1}};
	const struct reader r = {.name = name,
				 .text = text,
				 .size = size,
				 .domains = domains,
				 .into = out,
				 .err = err};
	json_error_t error;
	json_t *root;
	size_t deep;
	int rc;

	*out = (struct sbk_sd_token){.token = sbk_token_plain(&nobody)};
	deep = sbk_json_too_deep(text, size, DEPTH_MAX);
	if (deep < size)
		return fail_at(&r, deep, "too many brackets");
	root = sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return fail_at(
			&r, error.position > 0 ? (size_t)error.position - 1 : 0,
			error.text);
	rc = read_root(&r, root);
	json_decref(root);
	if (rc < 0)
		sbk_sd_token_release(out);
	return rc;
}

void sbk_sd_token_release(struct sbk_sd_token *token)
{
	free(token->groups);
	free(token->restricting);
	free(token->capabilities);
	*token = (struct sbk_sd_token){.groups = NULL};
}
