/*
 * Resolving many paths that stand in few directories, most of which are not
 * there. A path whose directory is known to be spelled without links, and
 * that is no link itself, is its own real path: one look tells, or none where
 * the directory was listed. The others are resolved by the system.
 *
 * What is remembered is an answer of this moment, like every answer about
 * paths; whoever opens one later checks what was opened.
 */
#include "engine/policy_model.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/path_form.h"

#include "engine/banned.h"

static bool is_known(const struct sbk_resolver *resolver, const char *path,
		     size_t size)
{
	size_t i;

	for (i = 0; i < resolver->used; i++)
		if (resolver->sizes[i] == size &&
		    memcmp(resolver->directories[i], path, size) == 0)
			return true;
	return false;
}

static void remember(struct sbk_resolver *resolver, const char *path,
		     size_t size)
{
	if (resolver->used == SBK_RESOLVER_DIRECTORIES ||
	    size >= SBK_RESOLVER_PATH_MAX)
		return;
	memcpy(resolver->directories[resolver->used], path, size);
	resolver->sizes[resolver->used++] = size;
}

/* Absolute, and no component is empty, "." or "..". */
static bool is_plain_path(const char *path)
{
	const char *start = path;

	while (*path == '/') {
		size_t dots = 0, size = 0;

		for (path++; path[size] != '\0' && path[size] != '/'; size++)
			dots += path[size] == '.' ? 1 : 0;
		if (size == 0 || (size <= 2 && dots == size))
			return false;
		path += size;
	}
	return path != start && *path == '\0' &&
	       (size_t)(path - start) < SBK_PATH_MAX;
}

/* Whether the first `size` bytes name a directory through no link. */
static bool is_straight(struct sbk_resolver *resolver, const char *path,
			size_t size)
{
	char text[SBK_RESOLVER_PATH_MAX];

	if (size == 0 || is_known(resolver, path, size))
		return true;
	if (size >= sizeof(text))
		return false;
	memcpy(text, path, size);
	text[size] = '\0';
	if (!is_plain_path(text) || !sbk_os_is_straight(text))
		return false;
	remember(resolver, path, size);
	return true;
}

static int compare_names(const void *left, const void *right)
{
	const struct sbk_listed_name *a = left, *b = right;

	return strcmp(a->name, b->name);
}

struct gathering {
	struct sbk_arena *arena;
	struct sbk_listing *listing;
};

static int gather(void *arg, const char *name, enum sbk_file_type type,
		  struct sbk_error *err)
{
	struct gathering *g = arg;
	struct sbk_listed_name *slot = &g->listing->names[g->listing->count];

	slot->name = sbk_arena_strdup(g->arena, name);
	slot->type = type;
	if (slot->name == NULL)
		return sbk_error_no_memory(err);
	g->listing->count++;
	return 0;
}

int sbk_resolver_list(struct sbk_resolver *resolver, const char *directory,
		      struct sbk_error *err)
{
	struct sbk_listing *listing = &resolver->listings[resolver->listed];
	struct sbk_arena *arena = resolver->arena;
	struct gathering g = {.arena = arena, .listing = listing};
	int rc;

	if (resolver->listed == SBK_RESOLVER_LISTINGS ||
	    sbk_resolver_misses(resolver, directory) ||
	    !is_straight(resolver, directory, strlen(directory)))
		return 0;
	*listing = (struct sbk_listing){.size = strlen(directory)};
	listing->directory = sbk_arena_strdup(arena, directory);
	listing->names = sbk_arena_alloc(
		arena, SBK_RESOLVER_NAMES_MAX * sizeof(*listing->names));
	if (listing->directory == NULL || listing->names == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_os_list(directory, SBK_RESOLVER_NAMES_MAX, gather, &g, err);
	if (rc == SBK_E_NOMEM)
		return rc;
	if (rc < 0) {
		/* Absent, unreadable or large: each path is looked at. */
		sbk_error_clear(err);
		return 0;
	}
	qsort(listing->names, listing->count, sizeof(*listing->names),
	      compare_names);
	resolver->listed++;
	return 0;
}

/* The listing of the directory that is the first `size` bytes, or NULL. */
static const struct sbk_listing *find_listing(const struct sbk_resolver *r,
					      const char *path, size_t size)
{
	size_t i;

	for (i = 0; i < r->listed; i++)
		if (r->listings[i].size == size &&
		    memcmp(r->listings[i].directory, path, size) == 0)
			return &r->listings[i];
	return NULL;
}

static const struct sbk_listed_name *
find_name(const struct sbk_listing *listing, const char *name)
{
	struct sbk_listed_name wanted = {.name = name};

	return bsearch(&wanted, listing->names, listing->count,
		       sizeof(*listing->names), compare_names);
}

const struct sbk_listing *
sbk_resolver_listing(const struct sbk_resolver *resolver, const char *directory)
{
	return find_listing(resolver, directory, strlen(directory));
}

/* Only directories without a link on the way are listed, and a dangling link
 * is a name like others: what is missing here is missing for good. */
bool sbk_resolver_misses(const struct sbk_resolver *r, const char *path)
{
	char name[SBK_RESOLVER_PATH_MAX];
	size_t i, size;

	for (i = 0; i < r->listed; i++) {
		const struct sbk_listing *listing = &r->listings[i];

		if (strncmp(path, listing->directory, listing->size) != 0 ||
		    path[listing->size] != '/')
			continue;
		size = strcspn(path + listing->size + 1, "/");
		if (size >= sizeof(name))
			continue;
		memcpy(name, path + listing->size + 1, size);
		name[size] = '\0';
		if (find_name(listing, name) == NULL)
			return true;
	}
	return false;
}

/* Forgets what there is no room for. */
static void remember_link(struct sbk_resolver *resolver, const char *path,
			  const char *real, enum sbk_file_type type)
{
	struct sbk_linked_path linked = {.type = type};

	if (resolver->linked_count == SBK_RESOLVER_LINKED_MAX)
		return;
	linked.path = sbk_arena_strdup(resolver->arena, path);
	linked.real = sbk_arena_strdup(resolver->arena, real);
	if (linked.path != NULL && linked.real != NULL)
		resolver->linked[resolver->linked_count++] = linked;
}

static bool recall_link(const struct sbk_resolver *resolver, const char *path,
			char *real, enum sbk_file_type *type)
{
	size_t i;

	for (i = 0; i < resolver->linked_count; i++) {
		const struct sbk_linked_path *linked = &resolver->linked[i];

		if (strcmp(linked->path, path) != 0)
			continue;
		memcpy(real, linked->real, strlen(linked->real) + 1);
		*type = linked->type;
		return true;
	}
	return false;
}

static int resolve_slowly(struct sbk_resolver *resolver, const char *path,
			  char *real, enum sbk_file_type *type,
			  struct sbk_error *err)
{
	struct sbk_file file;
	int rc = sbk_os_resolve(path, real, &file, err);

	if (rc < 0)
		return rc;
	*type = file.type;
	if (sbk_path_is_absolute(
		    path)) /* the others hang on the working directory */
		remember_link(resolver, path, real, file.type);
	return 0;
}

int sbk_resolver_resolve(struct sbk_resolver *resolver, const char *path,
			 char *real, enum sbk_file_type *type,
			 struct sbk_error *err)
{
	const struct sbk_listing *listing;
	struct sbk_file file;
	size_t size;
	int rc;

	if (recall_link(resolver, path, real, type))
		return 0;
	if (!is_plain_path(path))
		return resolve_slowly(resolver, path, real, type, err);
	size = (size_t)(strrchr(path, '/') - path);
	if (sbk_resolver_misses(resolver, path))
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "'%s': there is no such file", path);
	listing = find_listing(resolver, path, size);
	if (listing != NULL) {
		/* Not missing, so it is in there. */
		file.type = find_name(listing, path + size + 1)->type;
	} else {
		rc = sbk_os_look(path, &file, err);
		if (rc < 0)
			return rc;
	}
	if ((file.type != SBK_FILE_REGULAR &&
	     file.type != SBK_FILE_DIRECTORY) ||
	    !is_straight(resolver, path, size))
		return resolve_slowly(resolver, path, real, type, err);
	memcpy(real, path, strlen(path) + 1);
	*type = file.type;
	return 0;
}
