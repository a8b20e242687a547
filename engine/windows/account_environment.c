/*
 * The environment of a run under an account; see the header. Owns the table of
 * variables that are the user's.
 */
#include "engine/windows/account_environment.h"

#include <string.h>

#include "engine/git_environment.h"
#include "engine/policy_model.h"

#include "engine/banned.h"

enum is { USER, HOME, DRIVE, REST };

static const struct {
	const char *name;
	enum is is;
	const char *below; /* of the home */
} personal[] = {
	{"USERNAME", USER, ""},
	{"USERPROFILE", HOME, ""},
	{"HOME", HOME, ""},
	{"HOMEDRIVE", DRIVE, ""},
	{"HOMEPATH", REST, ""},
	{"APPDATA", HOME, "\\AppData\\Roaming"},
	{"LOCALAPPDATA", HOME, "\\AppData\\Local"},
};

#define PERSONAL_COUNT (sizeof(personal) / sizeof(personal[0]))

static char fold(char c)
{
	if (c == '\\')
		return '/';
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Case and the way that separators lean tell nothing apart here. */
static bool is_same(const char *a, const char *b, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (fold(a[i]) != fold(b[i]) || a[i] == '\0')
			return false;
	return true;
}

static const char *own_value(const char *const *own, const char *name)
{
	const size_t size = strlen(name);

	for (; own != NULL && *own != NULL; own++)
		if (is_same(*own, name, size) && (*own)[size] == '=')
			return *own + size + 1;
	return NULL;
}

/* What the user has by that name, by the environment or by the system. */
static bool is_the_users(const struct sbk_account_environment *wish, size_t i,
			 const char *value)
{
	const char *own = own_value(wish->own, personal[i].name);
	const char *known = personal[i].is == USER ? wish->user : wish->profile;

	if (own != NULL && is_same(own, value, strlen(own)) &&
	    value[strlen(own)] == '\0')
		return true;
	/* A drive or a path without one is nobody's by itself. */
	if (personal[i].is == DRIVE || personal[i].is == REST)
		return false;
	return is_same(known, value, strlen(known)) &&
	       (value[strlen(known)] == '\0' ||
		(personal[i].is == HOME && fold(value[strlen(known)]) == '/'));
}

/* As programs of the system write paths. */
static const char *give(const char *text, struct sbk_arena *arena)
{
	char *copy = text != NULL ? sbk_arena_strdup(arena, text) : NULL;
	char *c;

	for (c = copy; c != NULL && *c != '\0'; c++)
		*c = *c == '/' ? '\\' : *c;
	return copy;
}

static const char *value_of(const struct sbk_account_environment *wish,
			    size_t i, struct sbk_arena *arena)
{
	const char *name = personal[i].name, *home = wish->home;

	if (personal[i].is == USER)
		return sbk_arena_printf(arena, "%s=%s", name, wish->account);
	if (personal[i].is == DRIVE)
		return sbk_arena_printf(arena, "%s=%.2s", name, home);
	if (personal[i].is == REST)
		home += 2;
	return give(sbk_arena_printf(arena, "%s=%s%s", name, home,
				     personal[i].below),
		    arena);
}

/* The place in the table of a variable that is the user's, or its end. */
static size_t find(const struct sbk_account_environment *wish,
		   const char *variable)
{
	size_t i, size;

	for (i = 0; i < PERSONAL_COUNT; i++) {
		size = strlen(personal[i].name);
		if (is_same(variable, personal[i].name, size) &&
		    variable[size] == '=')
			return is_the_users(wish, i, variable + size + 1)
				       ? i
				       : PERSONAL_COUNT;
	}
	return PERSONAL_COUNT;
}

int sbk_account_environment(const struct sbk_account_environment *wish,
			    struct sbk_arena *arena, const char ***out,
			    struct sbk_error *err)
{
	const char **list;
	size_t count = 0, i, at;

	while (wish->variables[count] != NULL)
		count++;
	list = sbk_arena_alloc(arena, (count + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++) {
		at = find(wish, wish->variables[i]);
		list[i] = at == PERSONAL_COUNT ? wish->variables[i]
					       : value_of(wish, at, arena);
		if (list[i] == NULL)
			return sbk_error_no_memory(err);
	}
	list[count] = NULL;
	return sbk_git_environment(list, arena, out, err);
}
