/*
 * The environment of a run, built from nothing: what the built-in list and
 * the policy keep of the caller's, what the policy sets, and what tells
 * programs where they are. Owns the rule that a variable which looks like a
 * secret is kept only by its full name.
 */
#include "engine/policy_model.h"

#include <ctype.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/path_form.h"
#include "engine/places.h"

#include "engine/banned.h"

const char *sbk_environment_get(const char *const *environment,
				const char *name)
{
	size_t size = strlen(name);

	for (; environment != NULL && *environment != NULL; environment++)
		if (**environment == *name &&
		    strncmp(*environment, name, size) == 0 &&
		    (*environment)[size] == '=')
			return *environment + size + 1;
	return NULL;
}

struct making {
	struct sbk_arena *arena;
	const struct sbk_settings *settings;
	struct sbk_names out;		   /* "NAME=value" */
	struct sbk_names keep, unset, set; /* the settings', names folded */
};

static size_t name_size(const char *entry)
{
	return strcspn(entry, "=");
}

/* Puts "NAME=value" in place of an earlier one of that name. */
static int put(struct making *m, const char *entry, struct sbk_error *err)
{
	size_t size = name_size(entry) + 1, i;

	for (i = 0; i < m->out.count; i++) {
		if (*m->out.items[i] != *entry ||
		    strncmp(m->out.items[i], entry, size) != 0)
			continue;
		m->out.items[i] = sbk_arena_strdup(m->arena, entry);
		if (m->out.items[i] == NULL)
			return sbk_error_no_memory(err);
		return 0;
	}
	return sbk_names_add(&m->out, m->arena, entry, SBK_POLICY_ENV_MAX, err);
}

static int put_pair(struct making *m, const char *name, const char *value,
		    struct sbk_error *err)
{
	const char *entry = sbk_arena_printf(m->arena, "%s=%s", name, value);

	if (entry == NULL)
		return sbk_error_no_memory(err);
	return put(m, entry, err);
}

static bool matches_any(const char *const *patterns, const char *name)
{
	for (; *patterns != NULL; patterns++)
		if (sbk_match(*patterns, name))
			return true;
	return false;
}

static bool is_secret(const char *name)
{
	char upper[128];
	size_t i;

	for (i = 0; name[i] != '\0' && i + 1 < sizeof(upper); i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	upper[i] = '\0';
	return matches_any(sbk_environment_secret, upper);
}

static bool is_kept(const struct making *m, const char *name)
{
	const struct sbk_settings *settings = m->settings;
	size_t i;

	if (sbk_names_have(&m->keep, name))
		return true;
	if (is_secret(name))
		return false;
	if (!settings->clear)
		return true;
	if (!settings->bare && matches_any(sbk_environment_kept, name))
		return true;
	for (i = 0; i < m->keep.count; i++)
		if (sbk_match(m->keep.items[i], name))
			return true;
	return false;
}

static bool is_name(const char *entry, size_t size)
{
	size_t i;

	if (size == 0 || entry[size] != '=' || size >= 128 ||
	    isdigit((unsigned char)entry[0]))
		return false;
	for (i = 0; i < size; i++)
		if (!isalnum((unsigned char)entry[i]) && entry[i] != '_' &&
		    strchr(sbk_environment_characters, entry[i]) == NULL)
			return false;
	return true;
}

/* A name that is none (bash's exported functions) is not passed on. */
static int keep_one(struct making *m, const char *entry, struct sbk_error *err)
{
	size_t size = name_size(entry);
	char name[128];

	if (!is_name(entry, size))
		return 0;
	memcpy(name, entry, size);
	name[size] = '\0';
	return is_kept(m, name) ? put(m, entry, err) : 0;
}

/* A path in it is written as programs of the system write theirs. */
static int put_value(struct making *m, const struct sbk_own_variable *own,
		     const struct sbk_person *person, const char *directory,
		     struct sbk_error *err)
{
	const char *text = own->text;
	char *copy;

	if (own->value == SBK_OWN_USER)
		text = person->name;
	if (own->value == SBK_OWN_HOME)
		text = person->home;
	if (own->value == SBK_OWN_DIRECTORY)
		text = directory;
	copy = sbk_arena_strdup(m->arena, text);
	if (copy == NULL)
		return sbk_error_no_memory(err);
	if (own->value == SBK_OWN_HOME || own->value == SBK_OWN_DIRECTORY)
		sbk_path_give(copy);
	return put_pair(m, own->name, copy, err);
}

static int put_own(struct making *m, const struct sbk_person *person,
		   const char *directory, struct sbk_error *err)
{
	const struct sbk_own_variable *own = sbk_environment_own;
	const char *path = sbk_environment_get(m->out.items, "PATH");
	int rc = 0;

	if (path == NULL || path[0] == '\0')
		rc = put_pair(m, "PATH", sbk_default_path, err);
	for (; own->name != NULL && rc == 0; own++)
		rc = put_value(m, own, person, directory, err);
	return rc;
}

/* Nothing that a policy sets may unsay these. */
static int put_marks(struct making *m, struct sbk_error *err)
{
	int rc = put_pair(m, "SANDBOOK", "1", err);

	if (rc == 0)
		rc = put_pair(m, "SANDBOOK_NETWORK",
			      sbk_network_name(m->settings->network), err);
	if (rc == 0)
		rc = put_pair(m, "SANDBOOK_PROFILE", m->settings->profile, err);
	return rc;
}

static bool is_unset(const struct making *m, const char *entry)
{
	size_t size = name_size(entry), i;

	for (i = 0; i < m->unset.count; i++)
		if (strlen(m->unset.items[i]) == size &&
		    strncmp(m->unset.items[i], entry, size) == 0)
			return true;
	return false;
}

/* The names of a list as they are compared on this system. */
static int fold(const struct sbk_names *names, struct sbk_arena *arena,
		struct sbk_names *out, struct sbk_error *err)
{
	size_t i;

	out->items = sbk_arena_alloc(arena,
				     (names->count + 1) * sizeof(*out->items));
	if (out->items == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < names->count; i++) {
		char *text = sbk_arena_strdup(arena, names->items[i]);

		if (text == NULL)
			return sbk_error_no_memory(err);
		sbk_variable_fold(text, name_size(text));
		out->items[i] = text;
	}
	out->count = out->capacity = names->count;
	return 0;
}

static int fold_all(struct making *m, struct sbk_error *err)
{
	int rc = fold(&m->settings->keep, m->arena, &m->keep, err);

	if (rc == 0)
		rc = fold(&m->settings->unset, m->arena, &m->unset, err);
	return rc < 0 ? rc : fold(&m->settings->set, m->arena, &m->set, err);
}

int sbk_environment_make(const struct sbk_settings *settings,
			 const struct sbk_person *person, const char *directory,
			 const char *const *environment,
			 struct sbk_arena *arena, char ***out,
			 struct sbk_error *err)
{
	struct making m = {.arena = arena, .settings = settings};
	char **list;
	size_t i, used = 0;
	int rc = fold_all(&m, err);

	if (rc < 0)
		return rc;
	/* sbk_environment_get ends its search at a NULL. */
	m.out.items = sbk_arena_alloc(arena, sizeof(*m.out.items) *
						     (SBK_POLICY_ENV_MAX + 1));
	m.out.capacity = m.out.items != NULL ? SBK_POLICY_ENV_MAX : 0;
	if (m.out.items == NULL)
		return sbk_error_no_memory(err);
	for (; environment != NULL && *environment != NULL && rc == 0;
	     environment++)
		rc = keep_one(&m, *environment, err);
	if (rc == 0)
		rc = put_own(&m, person, directory, err);
	for (i = 0; i < m.set.count && rc == 0; i++)
		rc = put(&m, m.set.items[i], err);
	if (rc == 0)
		rc = put_marks(&m, err);
	if (rc < 0)
		return rc;
	list = sbk_arena_alloc(arena, (m.out.count + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < m.out.count; i++)
		if (!is_unset(&m, m.out.items[i]))
			list[used++] = (char *)m.out.items[i];
	*out = list;
	return 0;
}
