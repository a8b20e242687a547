/*
 * From a scope to a settled list of entries. What is kept from the run goes
 * above what is shown; links become links, and give their rights to where
 * they lead; a writable directory around something that is not is held by a
 * mount of its own (view.h, invariant 3).
 */
#include "engine/linux/view_entries.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/path.h"

#include "engine/banned.h"

/* Places of every run, whatever the scope says. */
static const struct sbk_view_entry standard_entries[] = {
	{.kind = SBK_ENTRY_PRIVATE, .path = "/tmp", .mode = 01777},
	{.kind = SBK_ENTRY_PRIVATE, .path = "/var/tmp", .mode = 01777},
	{.kind = SBK_ENTRY_PRIVATE, .path = "/run", .mode = 0755},
	{.kind = SBK_ENTRY_PROC, .path = "/proc"},
	{.kind = SBK_ENTRY_DEVICE, .path = "/dev/null"},
	{.kind = SBK_ENTRY_DEVICE, .path = "/dev/zero"},
	{.kind = SBK_ENTRY_DEVICE, .path = "/dev/full"},
	{.kind = SBK_ENTRY_DEVICE, .path = "/dev/random"},
	{.kind = SBK_ENTRY_DEVICE, .path = "/dev/urandom"},
	{.kind = SBK_ENTRY_DEVICE, .path = "/dev/tty"},
	{.kind = SBK_ENTRY_DEVPTS, .path = "/dev/pts"},
	{.kind = SBK_ENTRY_PRIVATE, .path = "/dev/shm", .mode = 01777},
	{.kind = SBK_ENTRY_LINK, .path = "/dev/ptmx", .target = "pts/ptmx"},
	{.kind = SBK_ENTRY_LINK, .path = "/dev/fd", .target = "/proc/self/fd"},
	{.kind = SBK_ENTRY_LINK,
	 .path = "/dev/stdin",
	 .target = "/proc/self/fd/0"},
	{.kind = SBK_ENTRY_LINK,
	 .path = "/dev/stdout",
	 .target = "/proc/self/fd/1"},
	{.kind = SBK_ENTRY_LINK,
	 .path = "/dev/stderr",
	 .target = "/proc/self/fd/2"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int entry_compare(const void *a, const void *b)
{
	const struct sbk_view_entry *x = a, *y = b;
	int order = sbk_path_compare(x->path, y->path);

	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

static int entries_add(struct sbk_view_entries *list,
		       const struct sbk_view_entry *entry,
		       struct sbk_error *err)
{
	if (list->count >= SBK_RUN_OPS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the run has more than %d paths; grant "
				     "wider directories",
				     SBK_RUN_OPS_MAX);
	if (list->count == list->capacity) {
		size_t capacity =
			list->capacity == 0 ? 128 : list->capacity * 2;
		struct sbk_view_entry *grown =
			realloc(list->items, capacity * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the view");
		list->items = grown;
		list->capacity = capacity;
	}
	list->items[list->count++] = *entry;
	return 0;
}

static enum sbk_entry_kind kind_of(enum sbk_access_kind access)
{
	switch (access) {
	case SBK_ACCESS_DENY:
		return SBK_ENTRY_DENY;
	case SBK_ACCESS_PROTECT:
		return SBK_ENTRY_PROTECT;
	case SBK_ACCESS_RW:
		return SBK_ENTRY_RW;
	default:
		return SBK_ENTRY_RO;
	}
}

/* Sorts, and lets the first of equal paths stand. */
static void entries_settle(struct sbk_view_entries *list)
{
	size_t i, kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), entry_compare);
	for (i = 0; i < list->count; i++) {
		const struct sbk_view_entry *last =
			kept > 0 ? &list->items[kept - 1] : NULL;

		if (list->items[i].kind == SBK_ENTRY_DROPPED)
			continue;
		if (last != NULL &&
		    strcmp(last->path, list->items[i].path) == 0)
			continue;
		list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

/*
 * The entry nearest above `path`, or at it with `here`. Links and dropped
 * entries are no ground. NULL: none.
 */
static const struct sbk_view_entry *
entries_above(const struct sbk_view_entries *list, const char *path, bool here)
{
	const struct sbk_view_entry *found = NULL;
	size_t i, best = 0;

	for (i = 0; i < list->count; i++) {
		const struct sbk_view_entry *item = &list->items[i];
		size_t size = strlen(item->path);

		if (item->kind == SBK_ENTRY_LINK ||
		    item->kind == SBK_ENTRY_DROPPED || size <= best ||
		    !sbk_path_within(path, item->path) ||
		    (!here && path[size] == '\0'))
			continue;
		found = item;
		best = size;
	}
	return found;
}

bool sbk_entry_shows_host(const struct sbk_view_entry *entry)
{
	return entry != NULL && entry->kind >= SBK_ENTRY_PROTECT &&
	       entry->kind <= SBK_ENTRY_PIN;
}

bool sbk_entry_is_writable(const struct sbk_view_entry *entry)
{
	return entry != NULL &&
	       (entry->kind == SBK_ENTRY_RW || entry->kind == SBK_ENTRY_PIN);
}

/* Whether the view shows `target` at its own path. */
static bool shown_at_home(const struct sbk_view_entries *list,
			  const char *target)
{
	const struct sbk_view_entry *above = entries_above(list, target, true);

	return sbk_entry_shows_host(above) &&
	       strcmp(above->path, above->target) == 0;
}

static int add_scope(struct sbk_view_entries *list,
		     const struct sbk_scope *scope, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];
		struct sbk_view_entry entry = {
			.kind = kind_of(path->kind),
			.path = path->path,
			.target = path->target,
			.is_directory = path->is_directory,
			.is_link = path->is_link,
			.optional = path->optional,
			.device = path->device,
			.number = path->number,
		};

		if (strcmp(path->path, "/") == 0)
			return sbk_error_set(err, SBK_E_INVAL,
					     "'/' cannot be granted to a run; "
					     "list the directories it needs");
		/* What is kept from the run is an object, not a spelling. */
		if (entry.kind <= SBK_ENTRY_PROTECT)
			entry.path = entry.target;
		if (entries_add(list, &entry, err) < 0)
			return err->code;
	}
	return 0;
}

static int add_standard(struct sbk_view_entries *list,
			const struct sbk_scope *scope, struct sbk_error *err)
{
	const char *home = scope->person.home;
	struct sbk_view_entry private_home = {
		.kind = SBK_ENTRY_PRIVATE, .path = home, .mode = 0700};
	size_t i;

	for (i = 0; i < COUNT(standard_entries); i++)
		if (entries_add(list, &standard_entries[i], err) < 0)
			return err->code;
	/* System accounts have "/" or nothing: they get no home. */
	if (home[0] != '/' || home[1] == '\0')
		return 0;
	return entries_add(list, &private_home, err);
}

/* Entries below the link move to where it leads. */
static int move_below(struct sbk_view_entries *list, size_t link,
		      struct sbk_error *err)
{
	const char *path = list->items[link].path;
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct sbk_view_entry *below = &list->items[i];

		if (i == link || !sbk_path_within(below->path, path))
			continue;
		below->path = sbk_path_rebase(list->arena, below->path, path,
					      list->items[link].target);
		if (below->path == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the view");
	}
	return 0;
}

/*
 * An entry whose target is shown at its own path becomes a link, as it is on
 * the host (/bin, dotfiles), and its rights go to the target. One that lies in
 * a tree of the host is a link there already.
 */
static int resolve_links(struct sbk_view_entries *list, struct sbk_error *err)
{
	size_t i, count = list->count;

	for (i = 0; i < count; i++) {
		struct sbk_view_entry real = list->items[i];

		if (real.kind > SBK_ENTRY_RW ||
		    strcmp(real.path, real.target) == 0)
			continue;
		if (sbk_entry_shows_host(
			    entries_above(list, real.path, false))) {
			list->items[i].path = real.target;
			continue;
		}
		if (!shown_at_home(list, real.target))
			continue;
		list->items[i].kind = SBK_ENTRY_LINK;
		real.path = real.target;
		if (move_below(list, i, err) < 0 ||
		    entries_add(list, &real, err) < 0)
			return err->code;
	}
	return 0;
}

/* Invariant 3: the directories between `ground` and `item`. */
static int pin_between(struct sbk_view_entries *list,
		       struct sbk_view_entry ground, const char *path,
		       struct sbk_error *err)
{
	const char *slash =
		path + (ground.path[1] == '\0' ? 0 : strlen(ground.path));

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		struct sbk_view_entry pin = {.kind = SBK_ENTRY_PIN,
					     .is_directory = true};

		pin.path = sbk_arena_copy(list->arena, path,
					  (size_t)(slash - path));
		pin.target =
			pin.path == NULL
				? NULL
				: sbk_path_rebase(list->arena, pin.path,
						  ground.path, ground.target);
		if (pin.target == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the view");
		if (entries_add(list, &pin, err) < 0)
			return err->code;
	}
	return 0;
}

static int add_pins(struct sbk_view_entries *list, struct sbk_error *err)
{
	size_t i, depth = 0, count = list->count;
	size_t *above = calloc(count + 1, sizeof(*above));
	int rc = 0;

	if (above == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the view");
	for (i = 0; i < count && rc == 0; i++) {
		const char *path = list->items[i].path;

		while (depth > 0 &&
		       !sbk_path_within(path,
					list->items[above[depth - 1]].path))
			depth--;
		if (list->items[i].kind <= SBK_ENTRY_RO && depth > 0 &&
		    list->items[above[depth - 1]].kind == SBK_ENTRY_RW)
			rc = pin_between(list, list->items[above[depth - 1]],
					 path, err);
		if (list->items[i].kind != SBK_ENTRY_LINK)
			above[depth++] = i;
	}
	free(above);
	entries_settle(list);
	return rc;
}

void sbk_view_entries_release(struct sbk_view_entries *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

int sbk_view_entries_make(const struct sbk_scope *scope,
			  struct sbk_arena *arena, struct sbk_view_entries *out,
			  struct sbk_error *err)
{
	struct sbk_view_entries list = {.arena = arena};
	int rc;

	rc = add_scope(&list, scope, err);
	if (rc == 0)
		rc = add_standard(&list, scope, err);
	if (rc == 0) {
		entries_settle(&list);
		rc = resolve_links(&list, err);
	}
	if (rc == 0) {
		entries_settle(&list);
		rc = add_pins(&list, err);
	}
	if (rc < 0) {
		sbk_view_entries_release(&list);
		return rc;
	}
	*out = list;
	return 0;
}
