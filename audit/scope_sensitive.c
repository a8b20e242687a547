/*
 * The sensitive places of everybody on this machine, sorted by path, so that a
 * survey can tell when it is in one.
 */
#include "audit/scope.h"

#include <stdlib.h>
#include <string.h>

#include "audit/places.h"
#include "engine/path.h"
#include "engine/policy.h"

#include "engine/banned.h"

int sbk_scope_sensitive_compare(const void *a, const void *b)
{
	return strcmp(((const struct sbk_scope_sensitive *)a)->path,
		      ((const struct sbk_scope_sensitive *)b)->path);
}

struct people {
	struct sbk_scope_result *result;
	size_t capacity;
};

static int add_sensitive(struct people *people, const char *path,
			 uint32_t owner, struct sbk_error *err)
{
	struct sbk_scope_result *result = people->result;
	struct sbk_scope_sensitive *grown;

	if (result->sensitive_count == people->capacity) {
		people->capacity = people->capacity * 2 + 64;
		grown = realloc(result->sensitive,
				people->capacity * sizeof(*grown));
		if (grown == NULL)
			return sbk_error_no_memory(err);
		result->sensitive = grown;
	}
	result->sensitive[result->sensitive_count++] =
		(struct sbk_scope_sensitive){.path = path, .owner = owner};
	return 0;
}

static int add_person(void *arg, const struct sbk_person *person,
		      struct sbk_error *err)
{
	struct people *people = arg;
	const char **paths = NULL;
	char home[SBK_PATH_MAX];
	struct sbk_file file;
	size_t count = 0, i;
	int rc;

	/* What has no home of its own keeps no secrets there. */
	if (person->home[0] != '/' || person->home[1] == '\0')
		return 0;
	rc = sbk_sensitive_paths(person, &people->result->arena, &paths, &count,
				 err);
	/* The machine's own secrets are listed for everybody. */
	if (rc == 0 && sbk_os_resolve(person->home, home, &file, NULL) < 0)
		home[0] = '\0';
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_sensitive(
			people, paths[i],
			home[0] != '\0' && sbk_path_within(paths[i], home)
				? person->uid
				: SBK_SCOPE_NOBODYS,
			err);
	return rc;
}

int sbk_scope_sensitive_find(struct sbk_scope_result *result,
			     size_t subject_count, struct sbk_error *err)
{
	struct people people = {.result = result};
	size_t i, kept = 0;
	int rc = sbk_os_people(add_person, &people, err);

	if (rc < 0)
		return rc;
	if (result->sensitive_count > 1)
		qsort(result->sensitive, result->sensitive_count,
		      sizeof(*result->sensitive), sbk_scope_sensitive_compare);
	for (i = 0; i < result->sensitive_count; i++)
		if (kept == 0 ||
		    sbk_scope_sensitive_compare(&result->sensitive[kept - 1],
						&result->sensitive[i]) != 0)
			result->sensitive[kept++] = result->sensitive[i];
	result->sensitive_count = kept;
	result->included =
		calloc(kept * subject_count + 1, sizeof(*result->included));
	result->secrets = calloc(subject_count + 1, sizeof(*result->secrets));
	return result->included != NULL && result->secrets != NULL
		       ? 0
		       : sbk_error_no_memory(err);
}
