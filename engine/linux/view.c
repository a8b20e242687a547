/*
 * From a scope to the list of operations that shows it. Pure: decides by the
 * scope alone, looks at no file. The header holds the invariants.
 *
 * The scope's paths and our own places (/proc, /dev, /tmp, $HOME) become one
 * list of entries, sorted so that what lies below an entry follows it. Each
 * entry is then placed by the nearest entry above it, its "ground": nothing
 * or a place of ours, where mount points are created, or a tree of the host,
 * where they are only found.
 */
#include "engine/linux/view.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"

#include "engine/banned.h"

enum entry_kind {
	ENTRY_DENY, /* ordered: of two for one path the first one stands */
	ENTRY_PROTECT,
	ENTRY_RO,
	ENTRY_RW,
	ENTRY_PIN, /* a writable directory that may not be renamed */
	ENTRY_PRIVATE,
	ENTRY_DEVICE,
	ENTRY_PROC,
	ENTRY_DEVPTS,
	ENTRY_LINK,
	ENTRY_DROPPED
};

struct entry {
	enum entry_kind kind;
	const char *path;
	const char *target;
	unsigned int mode;
	bool is_directory;
	bool is_link; /* itself a symbolic link, held in place */
	bool optional;
	uint64_t device, number;
};

struct entries {
	struct entry *items;
	size_t count, capacity;
	struct sbk_view *view;
};

/* Places of every run, whatever the scope says. */
static const struct entry standard_entries[] = {
	{.kind = ENTRY_PRIVATE, .path = "/tmp", .mode = 01777},
	{.kind = ENTRY_PRIVATE, .path = "/var/tmp", .mode = 01777},
	{.kind = ENTRY_PRIVATE, .path = "/run", .mode = 0755},
	{.kind = ENTRY_PROC, .path = "/proc"},
	{.kind = ENTRY_DEVICE, .path = "/dev/null"},
	{.kind = ENTRY_DEVICE, .path = "/dev/zero"},
	{.kind = ENTRY_DEVICE, .path = "/dev/full"},
	{.kind = ENTRY_DEVICE, .path = "/dev/random"},
	{.kind = ENTRY_DEVICE, .path = "/dev/urandom"},
	{.kind = ENTRY_DEVICE, .path = "/dev/tty"},
	{.kind = ENTRY_DEVPTS, .path = "/dev/pts"},
	{.kind = ENTRY_PRIVATE, .path = "/dev/shm", .mode = 01777},
	{.kind = ENTRY_LINK, .path = "/dev/ptmx", .target = "pts/ptmx"},
	{.kind = ENTRY_LINK, .path = "/dev/fd", .target = "/proc/self/fd"},
	{.kind = ENTRY_LINK, .path = "/dev/stdin", .target = "/proc/self/fd/0"},
	{.kind = ENTRY_LINK,
	 .path = "/dev/stdout",
	 .target = "/proc/self/fd/1"},
	{.kind = ENTRY_LINK,
	 .path = "/dev/stderr",
	 .target = "/proc/self/fd/2"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "/a" contains "/a" and "/a/b", not "/ab"; "/" contains everything. */
static bool path_contains(const char *above, const char *path)
{
	size_t size = strlen(above);

	if (size == 1)
		return true;
	return strncmp(above, path, size) == 0 &&
	       (path[size] == '\0' || path[size] == '/');
}

/* Byte order in which '/' comes first, so that a subtree is contiguous. */
static int path_compare(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (*a == '\0' || *b == '\0')
		return *a == '\0' ? -1 : 1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = path_compare(x->path, y->path);

	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

/* `base` with what stands in `path` below `above`. NULL: no memory. */
static const char *path_rebase(struct sbk_arena *arena, const char *path,
			       const char *above, const char *base)
{
	const char *rest = path + (above[1] == '\0' ? 0 : strlen(above));
	size_t base_size = base[1] == '\0' ? 0 : strlen(base);
	size_t rest_size = strlen(rest);
	char *joined;

	if (rest_size == 0 || strcmp(rest, "/") == 0)
		return base;
	joined = sbk_arena_alloc(arena, base_size + rest_size + 1);
	if (joined == NULL)
		return NULL;
	memcpy(joined, base, base_size);
	memcpy(joined + base_size, rest, rest_size);
	return joined;
}

static int entries_add(struct entries *list, const struct entry *entry,
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
		struct entry *grown =
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

static enum entry_kind kind_of(enum sbk_access_kind access)
{
	switch (access) {
	case SBK_ACCESS_DENY:
		return ENTRY_DENY;
	case SBK_ACCESS_PROTECT:
		return ENTRY_PROTECT;
	case SBK_ACCESS_RW:
		return ENTRY_RW;
	default:
		return ENTRY_RO;
	}
}

/* Sorts, and lets the first of equal paths stand. */
static void entries_settle(struct entries *list)
{
	size_t i, kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), entry_compare);
	for (i = 0; i < list->count; i++) {
		const struct entry *last =
			kept > 0 ? &list->items[kept - 1] : NULL;

		if (list->items[i].kind == ENTRY_DROPPED)
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
static const struct entry *entries_above(const struct entries *list,
					 const char *path, bool here)
{
	const struct entry *found = NULL;
	size_t i, best = 0;

	for (i = 0; i < list->count; i++) {
		const struct entry *item = &list->items[i];
		size_t size = strlen(item->path);

		if (item->kind == ENTRY_LINK || item->kind == ENTRY_DROPPED ||
		    size <= best || !path_contains(item->path, path) ||
		    (!here && path[size] == '\0'))
			continue;
		found = item;
		best = size;
	}
	return found;
}

static bool shows_host(const struct entry *entry)
{
	return entry != NULL && entry->kind >= ENTRY_PROTECT &&
	       entry->kind <= ENTRY_PIN;
}

static bool is_writable(const struct entry *entry)
{
	return entry != NULL &&
	       (entry->kind == ENTRY_RW || entry->kind == ENTRY_PIN);
}

/* Whether the view shows `target` at its own path. */
static bool shown_at_home(const struct entries *list, const char *target)
{
	const struct entry *above = entries_above(list, target, true);

	return shows_host(above) && strcmp(above->path, above->target) == 0;
}

static int add_scope(struct entries *list, const struct sbk_scope *scope,
		     struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];
		struct entry entry = {
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
		if (entry.kind <= ENTRY_PROTECT)
			entry.path = entry.target;
		if (entries_add(list, &entry, err) < 0)
			return err->code;
	}
	return 0;
}

static int add_standard(struct entries *list, const struct sbk_scope *scope,
			struct sbk_error *err)
{
	const char *home = scope->person.home;
	struct entry private_home = {
		.kind = ENTRY_PRIVATE, .path = home, .mode = 0700};
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
static int move_below(struct entries *list, size_t link, struct sbk_error *err)
{
	const char *path = list->items[link].path;
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct entry *below = &list->items[i];

		if (i == link || !path_contains(path, below->path))
			continue;
		below->path = path_rebase(&list->view->arena, below->path, path,
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
static int resolve_links(struct entries *list, struct sbk_error *err)
{
	size_t i, count = list->count;

	for (i = 0; i < count; i++) {
		struct entry real = list->items[i];

		if (real.kind > ENTRY_RW || strcmp(real.path, real.target) == 0)
			continue;
		if (shows_host(entries_above(list, real.path, false))) {
			list->items[i].path = real.target;
			continue;
		}
		if (!shown_at_home(list, real.target))
			continue;
		list->items[i].kind = ENTRY_LINK;
		real.path = real.target;
		if (move_below(list, i, err) < 0 ||
		    entries_add(list, &real, err) < 0)
			return err->code;
	}
	return 0;
}

/* Invariant 3: the directories between `ground` and `item`. */
static int pin_between(struct entries *list, struct entry ground,
		       const char *path, struct sbk_error *err)
{
	const char *slash =
		path + (ground.path[1] == '\0' ? 0 : strlen(ground.path));

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		struct entry pin = {.kind = ENTRY_PIN, .is_directory = true};

		pin.path = sbk_arena_copy(&list->view->arena, path,
					  (size_t)(slash - path));
		pin.target = pin.path == NULL
				     ? NULL
				     : path_rebase(&list->view->arena, pin.path,
						   ground.path, ground.target);
		if (pin.target == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the view");
		if (entries_add(list, &pin, err) < 0)
			return err->code;
	}
	return 0;
}

static int add_pins(struct entries *list, struct sbk_error *err)
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
		       !path_contains(list->items[above[depth - 1]].path, path))
			depth--;
		if (list->items[i].kind <= ENTRY_RO && depth > 0 &&
		    list->items[above[depth - 1]].kind == ENTRY_RW)
			rc = pin_between(list, list->items[above[depth - 1]],
					 path, err);
		if (list->items[i].kind != ENTRY_LINK)
			above[depth++] = i;
	}
	free(above);
	entries_settle(list);
	return rc;
}

/* Operations */

static struct sbk_view_op *op_add(struct sbk_view *view,
				  enum sbk_view_kind kind, const char *place,
				  struct sbk_error *err)
{
	struct sbk_view_op *grown;

	if (view->count == view->capacity) {
		size_t capacity =
			view->capacity == 0 ? 256 : view->capacity * 2;

		if (view->count >= SBK_RUN_OPS_MAX) {
			(void)sbk_error_set(err, SBK_E_LIMIT,
					    "the run's view needs more than "
					    "%d mounts; grant wider "
					    "directories",
					    SBK_RUN_OPS_MAX);
			return NULL;
		}
		grown = realloc(view->ops, capacity * sizeof(*grown));
		if (grown == NULL) {
			(void)sbk_error_set(err, SBK_E_NOMEM,
					    "no memory for the view");
			return NULL;
		}
		view->ops = grown;
		view->capacity = capacity;
	}
	grown = &view->ops[view->count++];
	memset(grown, 0, sizeof(*grown));
	grown->kind = kind;
	grown->place = place;
	return grown;
}

/* The directories above `path` that the last operation did not make. */
static int op_parents(struct sbk_view *view, const char *path,
		      struct sbk_error *err)
{
	const char *last =
		view->count > 0 ? view->ops[view->count - 1].place : "/";
	const char *slash = path;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		size_t size = (size_t)(slash - path);
		struct sbk_view_op *op;
		char *parent;

		if (strncmp(last, path, size) == 0 &&
		    (last[size] == '/' || last[size] == '\0'))
			continue;
		parent = sbk_arena_copy(&view->arena, path, size);
		if (parent == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the view");
		op = op_add(view, SBK_VIEW_DIRECTORY, parent, err);
		if (op == NULL)
			return err->code;
		op->mode = 0755;
	}
	return 0;
}

/* The place's own mark on the operation that fills it. */
static void op_fill(struct sbk_view_op *op, const struct entry *entry,
		    const struct entry *ground)
{
	op->source = entry->target;
	op->mode = entry->mode;
	op->is_directory = entry->is_directory;
	op->is_link = entry->is_link;
	op->optional = entry->optional;
	op->device_id = entry->device;
	op->number = entry->number;
	op->create = !shows_host(ground);
	op->read_only = entry->kind != ENTRY_RW && entry->kind != ENTRY_PIN &&
			entry->kind != ENTRY_PRIVATE;
	switch (entry->kind) {
	case ENTRY_RO:
	case ENTRY_PROTECT:
		op->access = SBK_VIEW_ACCESS_READ;
		break;
	case ENTRY_RW:
	case ENTRY_PRIVATE:
		op->access = SBK_VIEW_ACCESS_WRITE;
		break;
	default:
		op->access = SBK_VIEW_ACCESS_NONE;
		break;
	}
	/* Landlock cannot take away below what it gave above. */
	if (ground != NULL && op->access == SBK_VIEW_ACCESS_READ &&
	    shows_host(ground))
		op->access = SBK_VIEW_ACCESS_NONE;
}

static int place_link(struct sbk_view *view, const struct entry *entry,
		      const struct entry *ground, struct sbk_error *err)
{
	struct sbk_view_op *op;

	if (shows_host(ground))
		return 0;
	if (op_parents(view, entry->path, err) < 0)
		return err->code;
	op = op_add(view, SBK_VIEW_LINK, entry->path, err);
	if (op == NULL)
		return err->code;
	op->source = entry->target;
	return 0;
}

static int place_bind(struct sbk_view *view, struct entry *entry,
		      const struct entry *ground, struct sbk_error *err)
{
	const char *around = NULL;
	struct sbk_view_op *op;

	if (shows_host(ground)) {
		around = path_rebase(&view->arena, entry->path, ground->path,
				     ground->target);
		if (around == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the view");
	} else if (op_parents(view, entry->path, err) < 0) {
		return err->code;
	}
	op = op_add(view, SBK_VIEW_BIND, entry->path, err);
	if (op == NULL)
		return err->code;
	op_fill(op, entry, ground);
	op->same = around != NULL && strcmp(around, entry->target) == 0;
	if (is_writable(ground) && entry->kind != ENTRY_RW)
		op->covers = around;
	return 0;
}

static int place_device(struct sbk_view *view, const struct entry *entry,
			const struct entry *ground, struct sbk_error *err)
{
	struct sbk_view_op *op;

	if (!shows_host(ground) && op_parents(view, entry->path, err) < 0)
		return err->code;
	op = op_add(view, SBK_VIEW_BIND, entry->path, err);
	if (op == NULL)
		return err->code;
	op_fill(op, entry, ground);
	op->source = entry->path;
	op->device = true;
	op->access = SBK_VIEW_ACCESS_DEVICE;
	/* A container may lack one; what needs it will say so. */
	op->optional = true;
	return 0;
}

/* A mount of ours: private directory, /proc, /dev/pts. */
static int place_own(struct sbk_view *view, enum sbk_view_kind kind,
		     const struct entry *entry, const struct entry *ground,
		     struct sbk_error *err)
{
	struct sbk_view_op *op;

	if (!shows_host(ground) && op_parents(view, entry->path, err) < 0)
		return err->code;
	op = op_add(view, kind, entry->path, err);
	if (op == NULL)
		return err->code;
	op_fill(op, entry, ground);
	op->is_directory = true;
	if (kind == SBK_VIEW_PROC)
		op->access = SBK_VIEW_ACCESS_PROCESS;
	else if (kind == SBK_VIEW_DEVPTS)
		op->access = SBK_VIEW_ACCESS_DEVICE;
	return 0;
}

static int place_empty(struct sbk_view *view, const struct entry *entry,
		       const struct entry *ground, struct sbk_error *err)
{
	struct sbk_view_op *op = op_add(view, SBK_VIEW_EMPTY, entry->path, err);

	if (op == NULL)
		return err->code;
	op_fill(op, entry, ground);
	op->covers = path_rebase(&view->arena, entry->path, ground->path,
				 ground->target);
	if (op->covers == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the view");
	return 0;
}

/* Whether the ground shows the entry already, with the same rights. */
static bool is_redundant(const struct entry *entry, const struct entry *ground,
			 struct sbk_arena *arena)
{
	const char *around;
	bool writable = entry->kind == ENTRY_RW;

	if (!shows_host(ground) || entry->kind == ENTRY_PIN)
		return false;
	around = path_rebase(arena, entry->path, ground->path, ground->target);
	return around != NULL && strcmp(around, entry->target) == 0 &&
	       writable == is_writable(ground);
}

static int place(struct sbk_view *view, struct entry *entry,
		 const struct entry *ground, struct sbk_error *err)
{
	switch (entry->kind) {
	case ENTRY_DENY:
		if (shows_host(ground))
			return place_empty(view, entry, ground, err);
		/* Nothing is shown here that would need covering. */
		entry->kind = ENTRY_DROPPED;
		return 0;
	case ENTRY_LINK:
		return place_link(view, entry, ground, err);
	case ENTRY_DEVICE:
		return place_device(view, entry, ground, err);
	case ENTRY_PRIVATE:
		if (!shows_host(ground))
			return place_own(view, SBK_VIEW_PRIVATE, entry, ground,
					 err);
		/* A listed tree that holds the place is what is asked for. */
		entry->kind = ENTRY_DROPPED;
		return 0;
	case ENTRY_PROC:
		return place_own(view, SBK_VIEW_PROC, entry, ground, err);
	case ENTRY_DEVPTS:
		return place_own(view, SBK_VIEW_DEVPTS, entry, ground, err);
	case ENTRY_DROPPED:
		return 0;
	default:
		if (is_redundant(entry, ground, &view->arena)) {
			entry->kind = ENTRY_DROPPED;
			return 0;
		}
		return place_bind(view, entry, ground, err);
	}
}

/* Walks the sorted entries with the chain of those above the current one. */
static int place_all(struct entries *list, struct sbk_error *err)
{
	struct entry **above = calloc(list->count + 1, sizeof(*above));
	size_t i, depth = 0;
	int rc = 0;

	if (above == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the view");
	for (i = 0; i < list->count && rc == 0; i++) {
		struct entry *entry = &list->items[i];

		while (depth > 0 &&
		       !path_contains(above[depth - 1]->path, entry->path))
			depth--;
		rc = place(list->view, entry,
			   depth > 0 ? above[depth - 1] : NULL, err);
		if (entry->kind != ENTRY_DROPPED && entry->kind != ENTRY_LINK)
			above[depth++] = entry;
	}
	free(above);
	return rc;
}

/* Names that could not be protected, since they were not there: a root that
 * was another one for a moment would have them now. */
static int check_absent(struct sbk_view *view, const struct sbk_scope *scope,
			struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < scope->absent_count; i++)
		if (op_add(view, SBK_VIEW_ABSENT, scope->absent_protected[i],
			   err) == NULL)
			return err->code;
	return 0;
}

/* What was kept writable to hold mount points is closed last. */
static int seal(struct sbk_view *view, struct sbk_error *err)
{
	size_t i, count = view->count;
	struct sbk_view_op *op;

	for (i = 0; i < count; i++)
		if (view->ops[i].kind == SBK_VIEW_EMPTY &&
		    op_add(view, SBK_VIEW_SEAL, view->ops[i].place, err) ==
			    NULL)
			return err->code;
	op = op_add(view, SBK_VIEW_SEAL, "/", err);
	if (op == NULL)
		return err->code;
	op->access = SBK_VIEW_ACCESS_LIST;
	return 0;
}

void sbk_view_release(struct sbk_view *view)
{
	free(view->ops);
	sbk_arena_release(&view->arena);
	memset(view, 0, sizeof(*view));
}

int sbk_view_plan(const struct sbk_scope *scope, struct sbk_view *out,
		  struct sbk_error *err)
{
	struct sbk_view view = {.arena = SBK_ARENA_INIT};
	struct entries list = {.view = &view};
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
	if (rc == 0)
		rc = place_all(&list, err);
	if (rc == 0)
		rc = check_absent(&view, scope, err);
	if (rc == 0)
		rc = seal(&view, err);
	free(list.items);
	if (rc < 0) {
		sbk_view_release(&view);
		return rc;
	}
	*out = view;
	return 0;
}
