/*
 * The entries of a scope while it is built. Owns how entries with one path,
 * or one above the other, are settled; knows nothing of where they come from.
 *
 * Order of entries: by path, with '/' before every other byte, so that all
 * that is below a directory follows it without a gap.
 *
 * Settling, for entries with the same path: what a person asked for goes
 * above what was found by itself; a deny against a grant is a contradiction
 * and refused; among two grants the later origin wins. For an entry below
 * another: it stays where it changes what holds there, else it is idle.
 */
#include "engine/scope_set.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "engine/places.h"

#include "engine/banned.h"

int sbk_set_add(struct sbk_set *set, const struct sbk_item *item,
		struct sbk_error *err)
{
	struct sbk_item *items;
	size_t capacity;

	assert(item->path != NULL && item->target != NULL);
	if (set->count == SBK_SCOPE_PATHS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the scope has more than %d entries: name "
				     "fewer, larger directories",
				     SBK_SCOPE_PATHS_MAX);
	if (set->count == set->capacity) {
		capacity = set->capacity > 0 ? set->capacity * 2 : 128;
		items = sbk_arena_alloc(set->arena, capacity * sizeof(*items));
		if (items == NULL)
			return sbk_error_no_memory(err);
		if (set->count > 0)
			memcpy(items, set->items, set->count * sizeof(*items));
		set->items = items;
		set->capacity = capacity;
	}
	set->items[set->count++] = *item;
	return 0;
}

int sbk_set_note(struct sbk_set *set, struct sbk_error *err, const char *fmt,
		 ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (sbk_names_have(&set->notes, text))
		return 0;
	return sbk_names_add(&set->notes, set->arena, text, SBK_SCOPE_PATHS_MAX,
			     err);
}

static bool is_alias(const struct sbk_item *item)
{
	return strcmp(item->path, item->target) != 0;
}

/* By path; canonical before alias; the stronger claim to a path first. */
static int compare_items(const void *left, const void *right)
{
	const struct sbk_item *a = left, *b = right;
	int order = sbk_path_compare(a->path, b->path);

	if (order != 0)
		return order;
	if (is_alias(a) != is_alias(b))
		return is_alias(a) ? 1 : -1;
	if (a->origin != b->origin)
		return a->origin > b->origin ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth > b->depth ? -1 : 1;
	return a->kind > b->kind ? -1 : a->kind < b->kind;
}

static const char *kind_words(enum sbk_access_kind kind)
{
	static const char *const words[] = {
		[SBK_ACCESS_RO] = "readable",
		[SBK_ACCESS_RW] = "writable",
		[SBK_ACCESS_PROTECT] = "protected",
		[SBK_ACCESS_DENY] = "denied",
	};

	return words[kind];
}

static int contradiction(const struct sbk_item *a, const struct sbk_item *b,
			 struct sbk_error *err)
{
	if (strcmp(a->path, b->path) != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is %s by %s, and '%s' above it is "
				     "%s by %s: take the first out",
				     b->path, kind_words(b->kind), b->reason,
				     a->path, kind_words(a->kind), a->reason);
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' is %s by %s and %s by %s: take one of them "
			     "out",
			     b->path, kind_words(b->kind), b->reason,
			     kind_words(a->kind), a->reason);
}

/* Whether `first`, the stronger claim, may stand for both. */
static int agree(const struct sbk_item *first, const struct sbk_item *second,
		 struct sbk_error *err)
{
	bool one_denies = (first->kind == SBK_ACCESS_DENY) !=
			  (second->kind == SBK_ACCESS_DENY);
	bool above_ceiling = first->origin == SBK_ORIGIN_CEILING &&
			     second->kind == SBK_ACCESS_RW;

	if (second->origin == SBK_ORIGIN_AUTOMATIC || is_alias(first) ||
	    first->kind == second->kind)
		return 0;
	if (above_ceiling)
		return contradiction(first, second, err);
	if (one_denies ||
	    (first->origin == second->origin && first->depth == second->depth))
		return contradiction(first, second, err);
	return 0;
}

static int unite_equal_paths(struct sbk_set *set, struct sbk_error *err)
{
	size_t i, used = 0;
	int rc;

	for (i = 0; i < set->count; i++) {
		struct sbk_item *last = used > 0 ? &set->items[used - 1] : NULL;

		if (last == NULL ||
		    strcmp(last->path, set->items[i].path) != 0) {
			set->items[used++] = set->items[i];
			continue;
		}
		rc = agree(last, &set->items[i], err);
		if (rc < 0)
			return rc;
	}
	set->count = used;
	return 0;
}

/* Whether `item` changes anything below `above` (NULL: nothing is there). */
static bool changes(const struct sbk_item *item, const struct sbk_item *above)
{
	bool automatic = item->origin == SBK_ORIGIN_AUTOMATIC;

	if (above == NULL)
		return item->kind != SBK_ACCESS_DENY;
	switch (item->kind) {
	case SBK_ACCESS_DENY:
		return above->kind != SBK_ACCESS_DENY;
	case SBK_ACCESS_PROTECT:
		return above->kind == SBK_ACCESS_RW;
	case SBK_ACCESS_RW:
		return above->kind != SBK_ACCESS_RW;
	case SBK_ACCESS_RO:
		if (above->kind == SBK_ACCESS_DENY)
			return !automatic;
		return above->kind == SBK_ACCESS_RW && !automatic;
	}
	return true;
}

static int settle_one(struct sbk_item *item, const struct sbk_item *above,
		      const struct sbk_item *ceiling, struct sbk_error *err)
{
	bool asked = item->origin == SBK_ORIGIN_POLICY ||
		     item->origin == SBK_ORIGIN_FLAG;

	if (ceiling != NULL && asked &&
	    (item->kind == SBK_ACCESS_RW ||
	     (ceiling->kind == SBK_ACCESS_DENY && item->kind == SBK_ACCESS_RO)))
		return contradiction(ceiling, item, err);
	if (ceiling != NULL && ceiling->kind == SBK_ACCESS_DENY) {
		item->idle = true;
		return 0;
	}
	item->idle = !changes(item, above);
	return 0;
}

/*
 * Walks the sorted entries with the chain of those above the current one.
 * An idle deny stays in the chain: what is below it is below a deny.
 */
static int settle_nesting(struct sbk_set *set, struct sbk_error *err)
{
	size_t *chain = malloc((set->count + 1) * sizeof(*chain));
	size_t depth = 0, i, k;
	int rc = 0;

	if (chain == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < set->count && rc == 0; i++) {
		struct sbk_item *item = &set->items[i];
		const struct sbk_item *ceiling = NULL;

		if (is_alias(item))
			continue;
		while (depth > 0 &&
		       !sbk_path_within(item->path,
					set->items[chain[depth - 1]].path))
			depth--;
		for (k = 0; k < depth; k++)
			if (set->items[chain[k]].origin == SBK_ORIGIN_CEILING)
				ceiling = &set->items[chain[k]];
		rc = settle_one(
			item, depth > 0 ? &set->items[chain[depth - 1]] : NULL,
			ceiling, err);
		if (!item->idle || item->kind == SBK_ACCESS_DENY)
			chain[depth++] = i;
	}
	free(chain);
	return rc;
}

/* An alias is a link made in the run: of use only where its target is shown
 * and where nothing that is shown holds the name already. */
static void settle_aliases(struct sbk_set *set)
{
	const struct sbk_item *last = NULL;
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct sbk_item *item = &set->items[i];
		const struct sbk_item *shown;

		if (!is_alias(item))
			continue;
		shown = sbk_set_above(set, item->target);
		item->idle = shown == NULL || shown->kind == SBK_ACCESS_DENY ||
			     sbk_set_above(set, item->path) != NULL ||
			     (last != NULL &&
			      sbk_path_within(item->path, last->path));
		if (!item->idle) {
			item->kind = shown->kind;
			last = item;
		}
	}
}

int sbk_set_settle(struct sbk_set *set, struct sbk_error *err)
{
	int rc;

	if (set->count == 0)
		return 0;
	qsort(set->items, set->count, sizeof(*set->items), compare_items);
	rc = unite_equal_paths(set, err);
	if (rc == 0)
		rc = settle_nesting(set, err);
	if (rc == 0)
		settle_aliases(set);
	return rc;
}

const struct sbk_item *sbk_set_above(const struct sbk_set *set,
				     const char *real)
{
	const struct sbk_item *deepest = NULL;
	size_t i;

	for (i = 0; i < set->count; i++) {
		const struct sbk_item *item = &set->items[i];

		if (!item->idle && !is_alias(item) &&
		    sbk_path_within(real, item->path))
			deepest = item;
	}
	return deepest;
}

/*
 * `written` without "." and doubled slashes, or NULL where it has ".." (the
 * parent of a link's target is not what the text says) or memory is gone.
 */
static const char *normal(struct sbk_arena *arena, const char *written)
{
	char *out = sbk_arena_alloc(arena, strlen(written) + 2);
	size_t used = 0;

	while (out != NULL && *written != '\0') {
		size_t size = strcspn(written, "/");

		if (size == 2 && memcmp(written, "..", 2) == 0)
			return NULL;
		if (size > 0 && !(size == 1 && *written == '.')) {
			out[used++] = '/';
			memcpy(out + used, written, size);
			used += size;
		}
		written += size;
		written += *written == '/' ? 1 : 0;
	}
	if (out != NULL && used == 0)
		out[0] = '/';
	return out;
}

bool sbk_path_is_systems(const char *path)
{
	const struct sbk_forbidden *place = sbk_forbidden_places;

	for (; place->path != NULL; place++)
		if (place->how == SBK_FORBID_TREE &&
		    sbk_path_within(path, place->path))
			return true;
	return false;
}

/* Whether a run could have a link at `path`: not among what the system itself
 * makes (/proc/self/cwd is a name of many things). */
static bool may_be_alias(const char *path, const char *real)
{
	return sbk_places_view && path != NULL && strcmp(path, real) != 0 &&
	       !sbk_path_is_systems(path);
}

static int add_with_alias(struct sbk_set *set, const char *written,
			  const char *real, bool is_directory,
			  const struct sbk_item *as, struct sbk_error *err)
{
	struct sbk_item item = *as;
	const char *alias = normal(set->arena, written);
	int rc;

	item.target = sbk_arena_strdup(set->arena, real);
	if (item.target == NULL)
		return sbk_error_no_memory(err);
	item.path = item.target;
	item.is_directory = is_directory;
	rc = sbk_set_add(set, &item, err);
	if (rc < 0 || as->kind == SBK_ACCESS_DENY || !may_be_alias(alias, real))
		return rc;
	item.path = alias;
	return sbk_set_add(set, &item, err);
}

int sbk_set_alias(struct sbk_set *set, const char *written, const char *real,
		  struct sbk_error *err)
{
	struct sbk_item item = {
		.path = normal(set->arena, written),
		.target = real,
		.reason = "as it is spelled",
		.kind = SBK_ACCESS_RO, /* settled by what shows the target */
		.is_directory = true,
	};

	if (written[0] != '/' || !may_be_alias(item.path, real))
		return 0;
	return sbk_set_add(set, &item, err);
}

int sbk_set_place(struct sbk_set *set, const char *written,
		  const struct sbk_item *as, struct sbk_error *err)
{
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;
	int rc = sbk_resolver_resolve(set->ground.resolver, written, real,
				      &type, err);

	if (rc == 0)
		rc = add_with_alias(set, written, real,
				    type == SBK_FILE_DIRECTORY, as, err);
	return rc;
}

int sbk_set_show(struct sbk_set *set, const char *written,
		 const struct sbk_item *as, struct sbk_error *err)
{
	char real[SBK_PATH_MAX];
	struct sbk_file file;
	enum sbk_file_type type;
	struct sbk_item item = *as;
	int rc;

	/* The quick answer first: most of what is looked for is missing. */
	rc = sbk_resolver_resolve(set->ground.resolver, written, real, &type,
				  err);
	if (rc == 0)
		rc = sbk_os_look(real, &file, err);
	if (rc == 0)
		rc = sbk_ground_guard(&set->ground, real, &file,
				      as->kind == SBK_ACCESS_RW, err);
	if (rc == 0)
		rc = sbk_set_check_written(set, written, real,
					   as->origin != SBK_ORIGIN_AUTOMATIC,
					   err);
	if (rc < 0)
		return rc;
	if (as->origin != SBK_ORIGIN_AUTOMATIC || as->kind == SBK_ACCESS_RW) {
		item.device = file.device;
		item.number = file.number;
	}
	rc = add_with_alias(set, written, real, file.type == SBK_FILE_DIRECTORY,
			    &item, err);
	return rc;
}
