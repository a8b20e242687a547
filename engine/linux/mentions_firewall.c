/*
 * Who is mentioned in the firewall: every table of nftables, as `nft -j` tells
 * it. A rule mentions a user or a group by the socket it matches (meta skuid,
 * meta skgid), a set by holding such numbers, and both by a name in a comment.
 *
 * The document is walked as a whole, without knowing each statement: what
 * stands beside a `meta skuid` on the left is numbers of users, in whatever
 * shape (a number, a name, a range, a set).
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/linux/mentions.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define DEPTH_MAX 64 /* nft itself nests far less */

struct search {
	const struct sbk_mention_reader *reader;
	const char *object; /* of the rule or set that is searched */
	bool xtables;	    /* a match of iptables that nft does not show */
};

static int mention(const struct search *search, char kind, const char *name,
		   uint64_t first, uint64_t count, struct sbk_error *err)
{
	struct sbk_mention found = {.place = SBK_MENTION_RULE,
				    .object = search->object,
				    .kind = kind,
				    .name = name,
				    .first = (uint32_t)first,
				    .count = (uint32_t)count};

	if (first > UINT32_MAX || count > UINT32_MAX)
		return 0;
	return search->reader->found(search->reader->arg, &found, err);
}

static bool is_range(const json_t *value)
{
	return json_is_array(value) && json_array_size(value) == 2 &&
	       json_is_integer(json_array_get(value, 0)) &&
	       json_is_integer(json_array_get(value, 1));
}

/* Every number, range and name in `value` is of that kind. */
static int mention_values(const struct search *search, char kind,
			  const json_t *value, unsigned depth,
			  struct sbk_error *err)
{
	const json_t *range = json_object_get(value, "range"), *item;
	const char *key;
	size_t i;
	int rc = 0;

	if (depth > DEPTH_MAX)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		return mention(search, kind, NULL,
			       (uint64_t)json_integer_value(value), 1, err);
	if (json_is_string(value))
		return mention(search, kind, json_string_value(value), 0, 0,
			       err);
	if (is_range(range)) {
		json_int_t first = json_integer_value(json_array_get(range, 0));
		json_int_t last = json_integer_value(json_array_get(range, 1));

		return first < 0 || last < first
			       ? 0
			       : mention(search, kind, NULL, (uint64_t)first,
					 (uint64_t)(last - first) + 1, err);
	}
	for (i = 0; rc == 0 && i < json_array_size(value); i++)
		rc = mention_values(search, kind, json_array_get(value, i),
				    depth + 1, err);
	for (key = json_object_iter_key(
		     json_object_iter((json_t *)(uintptr_t)value));
	     rc == 0 && key != NULL;
	     key = json_object_iter_key(
		     json_object_iter_next((json_t *)(uintptr_t)value,
					   json_object_key_to_iter(key)))) {
		item = json_object_get(value, key);
		rc = mention_values(search, kind, item, depth + 1, err);
	}
	return rc;
}

/* 'u' for {"meta":{"key":"skuid"}}, 'g' for skgid, 0 for all else. */
static char socket_key(const json_t *left)
{
	const char *key = json_string_value(
		json_object_get(json_object_get(left, "meta"), "key"));

	if (key == NULL)
		return 0;
	if (strcmp(key, "skuid") == 0)
		return 'u';
	return strcmp(key, "skgid") == 0 ? 'g' : 0;
}

/* Comparisons, maps and verdict maps with a socket's owner. */
static int search_owner(const struct search *search, const json_t *value,
			struct sbk_error *err)
{
	char kind = socket_key(json_object_get(value, "left"));

	if (kind != 0)
		return mention_values(search, kind,
				      json_object_get(value, "right"), 0, err);
	kind = socket_key(json_object_get(value, "key"));
	if (kind != 0)
		return mention_values(search, kind,
				      json_object_get(value, "data"), 0, err);
	return 0;
}

static int search_value(struct search *search, const json_t *value,
			unsigned depth, struct sbk_error *err)
{
	const char *comment;
	void *iter;
	size_t i;
	int rc = 0;

	if (depth > DEPTH_MAX)
		return 0;
	for (i = 0; rc == 0 && i < json_array_size(value); i++)
		rc = search_value(search, json_array_get(value, i), depth + 1,
				  err);
	if (rc < 0 || !json_is_object(value))
		return rc;
	if (json_object_get(value, "xt") != NULL)
		search->xtables = true;
	comment = json_string_value(json_object_get(value, "comment"));
	if (comment != NULL)
		rc = mention(search, 'u', comment, 0, 0, err);
	if (rc == 0)
		rc = search_owner(search, value, err);
	for (iter = json_object_iter((json_t *)(uintptr_t)value);
	     rc == 0 && iter != NULL;
	     iter = json_object_iter_next((json_t *)(uintptr_t)value, iter))
		rc = search_value(search, json_object_iter_value(iter),
				  depth + 1, err);
	return rc;
}

static const char *text_of(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text != NULL ? text : "";
}

/* A set or map whose elements are users or groups. */
static int search_set(const struct search *search, const json_t *body,
		      struct sbk_error *err)
{
	const char *type = text_of(body, "type");
	char kind = strcmp(type, "uid") == 0   ? 'u'
		    : strcmp(type, "gid") == 0 ? 'g'
					       : 0;

	return kind == 0
		       ? 0
		       : mention_values(search, kind,
					json_object_get(body, "elem"), 0, err);
}

/* {"rule":{...}}, {"set":{...}}, {"chain":{...}} and so on. */
static int search_element(struct search *search, json_t *element,
			  struct sbk_error *err)
{
	void *iter = json_object_iter(element);
	const char *type = json_object_iter_key(iter);
	const json_t *body = json_object_iter_value(iter);
	char object[512];
	int rc;

	if (type == NULL || !json_is_object(body))
		return 0;
	(void)snprintf(object, sizeof(object),
		       "firewall table %.16s %.128s %s %.128s",
		       text_of(body, "family"), text_of(body, "table"),
		       strcmp(type, "rule") == 0 ? "chain" : type,
		       strcmp(type, "rule") == 0 ? text_of(body, "chain")
						 : text_of(body, "name"));
	search->object = object;
	rc = search_value(search, body, 0, err);
	if (rc == 0 && (strcmp(type, "set") == 0 || strcmp(type, "map") == 0))
		rc = search_set(search, body, err);
	return rc;
}

int sbk_mentions_in_ruleset(const char *json, size_t size,
			    const struct sbk_mention_reader *reader,
			    struct sbk_error *err)
{
	struct search search = {.reader = reader};
	json_error_t why;
	json_t *root = sbk_json_load(json, size, 0, &why), *list;
	size_t i;
	int rc = 0;

	list = json_object_get(root, "nftables");
	if (!json_is_array(list))
		rc = reader->missed(reader->arg, "the firewall",
				    "the answer of 'nft' is no list", err);
	for (i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = search_element(&search, json_array_get(list, i), err);
	if (rc == 0 && search.xtables)
		rc = reader->skipped(reader->arg, "the firewall",
				     "rules of iptables, whose conditions "
				     "'nft' does not show; see 'iptables-save'",
				     err);
	json_decref(root);
	return rc;
}

int sbk_mentions_in_firewall(const struct sbk_mention_reader *reader,
			     struct sbk_error *err)
{
	static const char *const argv[] = {"nft",  "-j",      "-n",
					   "list", "ruleset", NULL};
	struct sbk_program program = {.argv = argv};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_program_run(&program, &result, &problem);

	if (rc == 0 && result.exit_code != 0)
		rc = sbk_program_failed(&program, &result, SBK_E_IO, &problem);
	if (rc < 0)
		rc = reader->missed(reader->arg, "the firewall",
				    problem.message, err);
	else
		rc = sbk_mentions_in_ruleset(sbk_buf_text(&result.out),
					     result.out.size, reader, err);
	sbk_program_result_release(&result);
	return rc;
}
