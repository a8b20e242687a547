/* See the header. */
#include "engine/git_environment.h"

#include <stdlib.h>
#include <string.h>

#include "engine/path_form.h"
#include "engine/policy_model.h"

#include "engine/banned.h"

#define COUNT "GIT_CONFIG_COUNT"
#define ENTRIES_MAX 10000
#define NAME_BYTES 64 /* more than any of ours has */

/* Where case does not tell variables apart it does not here. */
static bool is_named(const char *variable, const char *name, size_t size)
{
	char left[NAME_BYTES], right[NAME_BYTES];

	if (strcspn(variable, "=") != size || size > NAME_BYTES)
		return false;
	memcpy(left, variable, size);
	memcpy(right, name, size);
	sbk_variable_fold(left, size);
	sbk_variable_fold(right, size);
	return memcmp(left, right, size) == 0;
}

static const char *find(const char *const *variables, const char *name)
{
	const size_t size = strlen(name);

	for (; *variables != NULL; variables++)
		if (is_named(*variables, name, size))
			return *variables + size + 1;
	return NULL;
}

static unsigned long count_of(const char *const *variables)
{
	const char *text = find(variables, COUNT);
	char *end = NULL;
	unsigned long count = text != NULL ? strtoul(text, &end, 10) : 0;

	return text == NULL || end == text || *end != '\0' ||
			       count > ENTRIES_MAX
		       ? 0
		       : count;
}

/* Whether the last entry is the one that would be added. */
static int is_told(const char *const *variables, unsigned long count,
		   struct sbk_arena *arena, bool *out, struct sbk_error *err)
{
	const char *key, *value;

	*out = false;
	if (count == 0)
		return 0;
	key = sbk_arena_printf(arena, "GIT_CONFIG_KEY_%lu", count - 1);
	value = sbk_arena_printf(arena, "GIT_CONFIG_VALUE_%lu", count - 1);
	if (key == NULL || value == NULL)
		return sbk_error_no_memory(err);
	key = find(variables, key);
	value = find(variables, value);
	*out = key != NULL && value != NULL &&
	       strcmp(key, "safe.directory") == 0 && strcmp(value, "*") == 0;
	return 0;
}

static bool has_name(const char *variable, const char *of)
{
	return is_named(variable, of, strcspn(of, "="));
}

int sbk_git_environment(const char *const *variables, struct sbk_arena *arena,
			const char ***out, struct sbk_error *err)
{
	const unsigned long known = count_of(variables);
	const char **list, *added[3];
	size_t count = 0, used = 0, i;
	bool told;
	int rc = is_told(variables, known, arena, &told, err);

	if (rc < 0)
		return rc;
	while (variables[count] != NULL)
		count++;
	list = sbk_arena_alloc(arena, (count + 4) * sizeof(*list));
	added[0] = sbk_arena_printf(arena, COUNT "=%lu", known + 1);
	added[1] = sbk_arena_printf(arena, "GIT_CONFIG_KEY_%lu=safe.directory",
				    known);
	added[2] = sbk_arena_printf(arena, "GIT_CONFIG_VALUE_%lu=*", known);
	if (list == NULL || added[0] == NULL || added[1] == NULL ||
	    added[2] == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++)
		if (told || (!has_name(variables[i], added[0]) &&
			     !has_name(variables[i], added[1]) &&
			     !has_name(variables[i], added[2])))
			list[used++] = variables[i];
	for (i = 0; !told && i < 3; i++)
		list[used++] = added[i];
	list[used] = NULL;
	*out = list;
	return 0;
}
