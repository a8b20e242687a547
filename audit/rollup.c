/*
 * The roll-up: a chain of the paths that were hit on the way down, of one
 * kind each, and the roots found so far.
 */
#include "audit/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "engine/buf.h"
#include "engine/limits.h"

#include "engine/banned.h"

#define KINDS_MAX 4096 /* more are not rolled up */

/* Of one kind: the last path that was hit, and where the hits on the way to
 * it end. */
struct chain {
	char path[SBK_PATH_MAX];
	size_t sizes[SBK_PATH_MAX / 2]; /* of the hits along `path` */
	size_t roots[SBK_PATH_MAX / 2];
	size_t count;
};

struct sbk_rollup {
	struct sbk_arena arena;
	struct sbk_rollup_root *roots;
	size_t count, capacity;
	struct chain *chains[KINDS_MAX];
};

struct sbk_rollup *sbk_rollup_new(void)
{
	return calloc(1, sizeof(struct sbk_rollup));
}

void sbk_rollup_free(struct sbk_rollup *rollup)
{
	size_t i;

	if (rollup == NULL)
		return;
	for (i = 0; i < KINDS_MAX; i++)
		free(rollup->chains[i]);
	sbk_arena_release(&rollup->arena);
	free(rollup->roots);
	free(rollup);
}

static int begin(struct sbk_rollup *rollup, const char *path, unsigned kind,
		 struct sbk_error *err)
{
	size_t capacity = rollup->capacity * 2 + 64;
	struct sbk_rollup_root *roots, *root;

	if (rollup->count == rollup->capacity) {
		roots = realloc(rollup->roots, capacity * sizeof(*roots));
		if (roots == NULL)
			return sbk_error_no_memory(err);
		rollup->roots = roots;
		rollup->capacity = capacity;
	}
	root = &rollup->roots[rollup->count];
	root->path = sbk_arena_strdup(&rollup->arena, path);
	root->kind = kind;
	root->objects = 1;
	if (root->path == NULL)
		return sbk_error_no_memory(err);
	rollup->count++;
	return 0;
}

/* Drops from the chain what is not above `path`. */
static void leave(struct chain *chain, const char *path, size_t size)
{
	while (chain->count > 0) {
		size_t above = chain->sizes[chain->count - 1];

		if (above < size && memcmp(chain->path, path, above) == 0 &&
		    (path[above] == '/' || above == 1))
			return;
		chain->count--;
	}
}

/* Bytes of the directory that holds `path`; 1 for what is in "/". */
static size_t directory_size(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return 0;
	return slash == path ? 1 : (size_t)(slash - path);
}

int sbk_rollup_add(struct sbk_rollup *rollup, const char *path, unsigned kind,
		   struct sbk_error *err)
{
	size_t size = strlen(path), root;
	struct chain *chain;
	int rc;

	if (kind >= KINDS_MAX || size >= SBK_PATH_MAX)
		return begin(rollup, path, kind, err);
	if (rollup->chains[kind] == NULL)
		rollup->chains[kind] = calloc(1, sizeof(struct chain));
	chain = rollup->chains[kind];
	if (chain == NULL)
		return sbk_error_no_memory(err);
	leave(chain, path, size);
	if (chain->count > 0 &&
	    chain->sizes[chain->count - 1] == directory_size(path)) {
		root = chain->roots[chain->count - 1];
		rollup->roots[root].objects++;
	} else {
		rc = begin(rollup, path, kind, err);
		if (rc < 0)
			return rc;
		root = rollup->count - 1;
	}
	memcpy(chain->path, path, size + 1);
	chain->sizes[chain->count] = size;
	chain->roots[chain->count] = root;
	chain->count++;
	return 0;
}

size_t sbk_rollup_count(const struct sbk_rollup *rollup)
{
	return rollup->count;
}

const struct sbk_rollup_root *sbk_rollup_at(const struct sbk_rollup *rollup,
					    size_t index)
{
	return &rollup->roots[index];
}
