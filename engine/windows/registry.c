/*
 * REGISTRY: a value that we add to a key, "HKLM/SOFTWARE/.../UserList:NAME", or
 * a key that we make for it, the same without ":NAME".
 *
 *	type 4
 *	data 00000000
 *
 * is the state of a value; that of a key is "key", whatever is in it, so that
 * what others put there is no drift of ours. Taking a key away takes an empty
 * one only, for RegDeleteKeyExW would take values along: SBK_E_EXISTS else, or
 * SBK_E_CONFLICT where a value of ours is in it.
 * Making one makes no other: the key that it lies in must be there, or be made
 * as a change of its own.
 *
 * What was changed or looked at is flushed at once, also where nothing is: a
 * hive is written as a whole, and setup does this a few times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/windows/kinds.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_census.h"
#include "engine/windows/win32_registry.h"

#include "engine/banned.h"

#define KEY_STATE "key\n"
#define OUR_VALUES "Sandbook" /* how the names of our accounts begin */

static const struct {
	const char *name;
	HKEY root;
} roots[] = {
	{"HKLM/", HKEY_LOCAL_MACHINE},
	{"HKCU/", HKEY_CURRENT_USER},
};

/* An object's name, taken apart. */
struct place {
	HKEY root;
	struct sbk_buf path, value; /* UTF-16 */
	bool is_value;
};

static void place_release(struct place *place)
{
	sbk_buf_release(&place->path);
	sbk_buf_release(&place->value);
}

static bool add_path(struct sbk_buf *out, const char *text, size_t size)
{
	size_t i;

	if (size == 0 || text[size - 1] == '/' ||
	    memchr(text, '\\', size) != NULL)
		return false;
	for (i = 0; i < size; i++) {
		const char *c = text[i] == '/' ? "\\" : &text[i];

		if ((text[i] == '/' && (i == 0 || text[i - 1] == '/')) ||
		    (unsigned char)text[i] >= 0x80 || !sbk_wide_add(out, c, 1))
			return false;
	}
	return sbk_wide_text(out) != NULL;
}

static int place_parse(struct place *place, const char *name,
		       struct sbk_error *err)
{
	const char *colon = strchr(name, ':');
	size_t i, size, start = strlen(roots[0].name);

	*place = (struct place){.path = SBK_BUF_INIT, .value = SBK_BUF_INIT};
	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (strncmp(name, roots[i].name, start) == 0)
			place->root = roots[i].root;
	size = colon != NULL ? (size_t)(colon - name) : strlen(name);
	place->is_value = colon != NULL;
	if (place->root == NULL ||
	    !add_path(&place->path, name + start, size - start) ||
	    (colon != NULL &&
	     (!sbk_wide_add(&place->value, colon + 1, strlen(colon + 1)) ||
	      sbk_wide_text(&place->value) == NULL)))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.200s' is no place in the registry; it "
				     "must be like HKLM/SOFTWARE/Name:Value",
				     name);
	return 0;
}

static int open_key(struct place *place, REGSAM access, HKEY *out,
		    struct sbk_error *err)
{
	return sbk_win32_open_key(place->root, sbk_wide_text(&place->path),
				  REG_OPTION_OPEN_LINK, access, out, err);
}

/* How many of the first `units` of the path name the key above. */
static size_t above(const struct place *place, size_t units)
{
	const WCHAR *path = (const WCHAR *)(const void *)place->path.data;

	while (units > 0 && path[--units] != L'\\')
		;
	return units;
}

/* The key that the first `units` of the path name; the root where 0. A link is
 * followed, as it is on the way to what is below. */
static int open_above(const struct place *place, size_t units, REGSAM access,
		      HKEY *out, struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	int rc;

	sbk_buf_add(&path, place->path.data, units * sizeof(WCHAR));
	if (sbk_wide_text(&path) == NULL)
		rc = sbk_buf_failed(&path, err);
	else
		rc = sbk_win32_open_key(place->root, sbk_wide_text(&path), 0,
					access, out, err);
	sbk_buf_release(&path);
	return rc;
}

/* That the key is not there is durable when what is above it is. */
static int flush_above(const struct place *place, struct sbk_error *err)
{
	size_t units = place->path.size / sizeof(WCHAR);
	HKEY key = NULL;
	int rc;

	do {
		units = above(place, units);
		rc = open_above(place, units, KEY_QUERY_VALUE, &key, err);
	} while (rc == SBK_E_NOTFOUND && units > 0);
	if (rc == 0)
		rc = sbk_win32_flush_key(key, err);
	sbk_win32_close_key(&key);
	return rc;
}

static int format_value(DWORD type, const struct sbk_buf *data,
			struct sbk_buf *out, struct sbk_error *err)
{
	sbk_buf_printf(out, "type %lu\ndata ", (unsigned long)type);
	sbk_buf_add_hex(out, sbk_buf_text(data), data->size);
	sbk_buf_addc(out, '\n');
	return sbk_buf_failed(out, err);
}

/* Appends the state of what stands there; nothing where nothing does. */
static int read_state(struct place *place, HKEY key, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct sbk_buf data = SBK_BUF_INIT;
	DWORD type = 0;
	int rc;

	if (!place->is_value) {
		sbk_buf_adds(out, KEY_STATE);
		return sbk_buf_failed(out, err);
	}
	rc = sbk_win32_query_value(key, sbk_wide_text(&place->value), &type,
				   &data, err);
	if (rc == 0)
		rc = format_value(type, &data, out, err);
	sbk_buf_release(&data);
	return rc == SBK_E_NOTFOUND ? 0 : rc;
}

static int look(struct place *place, struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	HKEY key = NULL;
	int rc = open_key(place, KEY_READ, &key, &why);

	/* What is settled by looking must be durable, too. */
	if (rc == SBK_E_NOTFOUND)
		return flush_above(place, err);
	if (rc == 0)
		rc = read_state(place, key, out, &why);
	if (rc < 0)
		(void)sbk_error_set(err, rc, "%s", why.message);
	else
		rc = sbk_win32_flush_key(key, err);
	sbk_win32_close_key(&key);
	return rc;
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct place place;
	int rc = place_parse(&place, object->name, err);

	(void)host;
	if (rc == 0)
		rc = look(&place, &out->state, err);
	place_release(&place);
	return rc;
}

/* "type 4\ndata 00000000\n"; "type 1\ndata \n" of a value without data. */
static int parse_value(struct sbk_state state, DWORD *type,
		       struct sbk_buf *data, struct sbk_error *err)
{
	static const char middle[] = "\ndata ";
	const char *end = state.data + state.size, *at;
	char digits[3] = "", *stop;
	uint8_t byte;

	if (state.size < 13 || strncmp(state.data, "type ", 5) != 0 ||
	    end[-1] != '\n')
		goto malformed;
	*type = (DWORD)strtoul(state.data + 5, &stop, 10);
	if (strncmp(stop, middle, sizeof(middle) - 1) != 0)
		goto malformed;
	for (at = stop + sizeof(middle) - 1; at + 2 < end; at += 2) {
		memcpy(digits, at, 2);
		if (!sbk_hex_decode(digits, &byte, 1))
			goto malformed;
		sbk_buf_add(data, &byte, 1);
	}
	if (at == end - 1)
		return sbk_buf_failed(data, err);
malformed:
	return sbk_error_set(err, SBK_E_PARSE,
			     "the state of a registry value is malformed");
}

/* Takes the one form that is written, and nothing else: the value would not
 * be read back as what was asked for. */
static int value_of(struct sbk_state state, DWORD *type, struct sbk_buf *data,
		    struct sbk_error *err)
{
	struct sbk_buf again = SBK_BUF_INIT;
	int rc = parse_value(state, type, data, err);

	if (rc == 0)
		rc = format_value(*type, data, &again, err);
	if (rc == 0 &&
	    !sbk_state_equal(state, (struct sbk_state){sbk_buf_text(&again),
						       again.size}))
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the state of a registry value is not in "
				   "its one form");
	if (rc == 0 && data->size > SBK_REGISTRY_BYTES_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a value of more than %d bytes",
				   SBK_REGISTRY_BYTES_MAX);
	sbk_buf_release(&again);
	return rc;
}

static int change_value(struct place *place, struct sbk_state next,
			struct sbk_error *err)
{
	struct sbk_buf data = SBK_BUF_INIT;
	const WCHAR *name = sbk_wide_text(&place->value);
	HKEY key = NULL;
	DWORD type = 0;
	int rc = open_key(place, KEY_READ | KEY_WRITE, &key, err);

	if (rc == 0 && sbk_state_absent(next)) {
		rc = sbk_win32_delete_value(key, name, err);
	} else if (rc == 0) {
		rc = value_of(next, &type, &data, err);
		if (rc == 0)
			rc = sbk_win32_set_value(key, name, type, &data, err);
	}
	if (rc == 0)
		rc = sbk_win32_flush_key(key, err);
	sbk_win32_close_key(&key);
	sbk_buf_release(&data);
	return rc;
}

static int make_key(struct place *place, struct sbk_error *err)
{
	const WCHAR *path = sbk_wide_text(&place->path);
	const size_t parent = above(place, place->path.size / sizeof(WCHAR));
	HKEY within = NULL, key = NULL;
	int rc = open_above(place, parent, KEY_CREATE_SUB_KEY, &within, err);

	if (rc == SBK_E_NOTFOUND)
		rc = sbk_error_set(err, rc,
				   "the key that it lies in is not "
				   "there");
	if (rc == 0)
		rc = sbk_win32_create_key(within, path + parent + (parent > 0),
					  &key, err);
	if (rc == 0)
		rc = sbk_win32_flush_key(key, err);
	sbk_win32_close_key(&key);
	sbk_win32_close_key(&within);
	return rc;
}

/* Whether a value in the key, or in one in it, has a name that we give. */
struct contents {
	HKEY key;
	bool ours;
};

static int look_at_value(void *arg, const char *name, DWORD type,
			 const struct sbk_buf *data, struct sbk_error *err)
{
	struct contents *contents = arg;

	(void)type;
	(void)data;
	(void)err;
	contents->ours |= strncmp(name, OUR_VALUES, strlen(OUR_VALUES)) == 0;
	return 0;
}

static int look_into(void *arg, const char *name, struct sbk_error *err)
{
	struct contents *contents = arg;
	struct sbk_buf wide = SBK_BUF_INIT;
	const WCHAR *text = sbk_wide_of(&wide, name);
	HKEY key = NULL;
	int rc = text == NULL ? sbk_error_no_memory(err)
			      : sbk_win32_open_key(contents->key, text, 0,
						   KEY_QUERY_VALUE, &key, err);

	if (rc == 0)
		rc = sbk_win32_each_value(key, look_at_value, contents, err);
	sbk_win32_close_key(&key);
	sbk_buf_release(&wide);
	return rc;
}

/* What others keep in it is theirs for good, and so is the key. What has a name
 * of ours may yet go, and the key with it. */
static int refuse_full(HKEY key, struct sbk_error *err)
{
	struct contents contents = {.key = key};
	int rc = sbk_win32_each_value(key, look_at_value, &contents, err);

	if (rc == 0)
		rc = sbk_win32_each_key(key, look_into, &contents, err);
	if (rc < 0)
		return rc;
	return contents.ours
		       ? sbk_error_set(err, SBK_E_CONFLICT,
				       "a value '" OUR_VALUES "...' is in the "
				       "key still: remove it where others "
				       "changed it, and run this again")
		       : sbk_error_set(err, SBK_E_EXISTS,
				       "others put something into the key; it "
				       "is left");
}

static int remove_key(struct place *place, struct sbk_error *err)
{
	HKEY key = NULL;
	bool is_empty = false;
	int rc = open_key(place, KEY_READ, &key, err);

	if (rc == 0)
		rc = sbk_win32_key_is_empty(key, &is_empty, err);
	if (rc == 0 && !is_empty)
		rc = refuse_full(key, err);
	sbk_win32_close_key(&key);
	if (rc == 0)
		rc = sbk_win32_delete_key(place->root,
					  sbk_wide_text(&place->path), err);
	return rc;
}

static int change(struct place *place, struct sbk_state next,
		  struct sbk_error *err)
{
	if (place->is_value)
		return change_value(place, next, err);
	return sbk_state_absent(next) ? remove_key(place, err)
				      : make_key(place, err);
}

/* What stands there now must be `state`; `code` where it is not. */
static int check(struct place *place, struct sbk_state state, int code,
		 const char *message, struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = look(place, &now, err);

	if (rc == 0 &&
	    !sbk_state_equal(state,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s", message);
	sbk_buf_release(&now);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct place place;
	int rc = place_parse(&place, object->name, err);

	(void)host;
	if (rc == 0)
		rc = check(&place, expected, SBK_E_CONFLICT,
			   "it was changed meanwhile", err);
	if (rc == 0 && !sbk_state_equal(expected, next))
		rc = change(&place, next, err);
	if (rc == 0)
		rc = check(&place, next, SBK_E_IO,
			   "the system reported success but it is not what was "
			   "written",
			   err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "'%.200s'", object->name);
	place_release(&place);
	return rc;
}

const struct sbk_host_kind sbk_host_registry = {
	.observe = observe,
	.replace = replace,
};
