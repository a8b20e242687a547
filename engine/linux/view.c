/*
 * From a scope to the list of operations that shows it. Pure: decides by the
 * scope alone, looks at no file. The header holds the invariants.
 *
 * Each entry (view_entries.h) is placed by the nearest entry above it, its
 * "ground": nothing or a place of ours, where mount points are created, or a
 * tree of the host, where they are only found.
 */
#include "engine/linux/view.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/linux/view_entries.h"
#include "engine/path.h"

#include "engine/banned.h"

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
static void op_fill(struct sbk_view_op *op, const struct sbk_view_entry *entry,
		    const struct sbk_view_entry *ground)
{
	op->source = entry->target;
	op->mode = entry->mode;
	op->is_directory = entry->is_directory;
	op->is_link = entry->is_link;
	op->optional = entry->optional;
	op->device_id = entry->device;
	op->number = entry->number;
	op->create = !sbk_entry_shows_host(ground);
	op->read_only = entry->kind != SBK_ENTRY_RW &&
			entry->kind != SBK_ENTRY_PIN &&
			entry->kind != SBK_ENTRY_PRIVATE;
	switch (entry->kind) {
	case SBK_ENTRY_RO:
	case SBK_ENTRY_PROTECT:
		op->access = SBK_VIEW_ACCESS_READ;
		break;
	case SBK_ENTRY_RW:
	case SBK_ENTRY_PRIVATE:
		op->access = SBK_VIEW_ACCESS_WRITE;
		break;
	default:
		op->access = SBK_VIEW_ACCESS_NONE;
		break;
	}
	/* Landlock cannot take away below what it gave above. */
	if (ground != NULL && op->access == SBK_VIEW_ACCESS_READ &&
	    sbk_entry_shows_host(ground))
		op->access = SBK_VIEW_ACCESS_NONE;
}

static int place_link(struct sbk_view *view, const struct sbk_view_entry *entry,
		      const struct sbk_view_entry *ground,
		      struct sbk_error *err)
{
	struct sbk_view_op *op;

	if (sbk_entry_shows_host(ground))
		return 0;
	if (op_parents(view, entry->path, err) < 0)
		return err->code;
	op = op_add(view, SBK_VIEW_LINK, entry->path, err);
	if (op == NULL)
		return err->code;
	op->source = entry->target;
	return 0;
}

static int place_bind(struct sbk_view *view, struct sbk_view_entry *entry,
		      const struct sbk_view_entry *ground,
		      struct sbk_error *err)
{
	const char *around = NULL;
	struct sbk_view_op *op;

	if (sbk_entry_shows_host(ground)) {
		around = sbk_path_rebase(&view->arena, entry->path,
					 ground->path, ground->target);
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
	if (sbk_entry_is_writable(ground) && entry->kind != SBK_ENTRY_RW)
		op->covers = around;
	return 0;
}

static int place_device(struct sbk_view *view,
			const struct sbk_view_entry *entry,
			const struct sbk_view_entry *ground,
			struct sbk_error *err)
{
	struct sbk_view_op *op;

	if (!sbk_entry_shows_host(ground) &&
	    op_parents(view, entry->path, err) < 0)
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
		     const struct sbk_view_entry *entry,
		     const struct sbk_view_entry *ground, struct sbk_error *err)
{
	struct sbk_view_op *op;

	if (!sbk_entry_shows_host(ground) &&
	    op_parents(view, entry->path, err) < 0)
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

static int place_empty(struct sbk_view *view,
		       const struct sbk_view_entry *entry,
		       const struct sbk_view_entry *ground,
		       struct sbk_error *err)
{
	struct sbk_view_op *op = op_add(view, SBK_VIEW_EMPTY, entry->path, err);

	if (op == NULL)
		return err->code;
	op_fill(op, entry, ground);
	op->covers = sbk_path_rebase(&view->arena, entry->path, ground->path,
				     ground->target);
	if (op->covers == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the view");
	return 0;
}

/* Whether the ground shows the entry already, with the same rights. */
static bool is_redundant(const struct sbk_view_entry *entry,
			 const struct sbk_view_entry *ground,
			 struct sbk_arena *arena)
{
	const char *around;
	bool writable = entry->kind == SBK_ENTRY_RW;

	if (!sbk_entry_shows_host(ground) || entry->kind == SBK_ENTRY_PIN)
		return false;
	around = sbk_path_rebase(arena, entry->path, ground->path,
				 ground->target);
	return around != NULL && strcmp(around, entry->target) == 0 &&
	       writable == sbk_entry_is_writable(ground);
}

static int place(struct sbk_view *view, struct sbk_view_entry *entry,
		 const struct sbk_view_entry *ground, struct sbk_error *err)
{
	switch (entry->kind) {
	case SBK_ENTRY_DENY:
		if (sbk_entry_shows_host(ground))
			return place_empty(view, entry, ground, err);
		/* Nothing is shown here that would need covering. */
		entry->kind = SBK_ENTRY_DROPPED;
		return 0;
	case SBK_ENTRY_LINK:
		return place_link(view, entry, ground, err);
	case SBK_ENTRY_DEVICE:
		return place_device(view, entry, ground, err);
	case SBK_ENTRY_PRIVATE:
		if (!sbk_entry_shows_host(ground))
			return place_own(view, SBK_VIEW_PRIVATE, entry, ground,
					 err);
		/* A listed tree that holds the place is what is asked for. */
		entry->kind = SBK_ENTRY_DROPPED;
		return 0;
	case SBK_ENTRY_PROC:
		return place_own(view, SBK_VIEW_PROC, entry, ground, err);
	case SBK_ENTRY_DEVPTS:
		return place_own(view, SBK_VIEW_DEVPTS, entry, ground, err);
	case SBK_ENTRY_DROPPED:
		return 0;
	default:
		if (is_redundant(entry, ground, &view->arena)) {
			entry->kind = SBK_ENTRY_DROPPED;
			return 0;
		}
		return place_bind(view, entry, ground, err);
	}
}

/* Walks the sorted entries with the chain of those above the current one. */
static int place_all(struct sbk_view *view, struct sbk_view_entries *list,
		     struct sbk_error *err)
{
	struct sbk_view_entry **above = calloc(list->count + 1, sizeof(*above));
	size_t i, depth = 0;
	int rc = 0;

	if (above == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the view");
	for (i = 0; i < list->count && rc == 0; i++) {
		struct sbk_view_entry *entry = &list->items[i];

		while (depth > 0 &&
		       !sbk_path_within(entry->path, above[depth - 1]->path))
			depth--;
		rc = place(view, entry, depth > 0 ? above[depth - 1] : NULL,
			   err);
		if (entry->kind != SBK_ENTRY_DROPPED &&
		    entry->kind != SBK_ENTRY_LINK)
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
	struct sbk_view_entries list;
	int rc = sbk_view_entries_make(scope, &view.arena, &list, err);

	if (rc == 0) {
		rc = place_all(&view, &list, err);
		sbk_view_entries_release(&list);
	}
	if (rc == 0)
		rc = check_absent(&view, scope, err);
	if (rc == 0)
		rc = seal(&view, err);
	if (rc < 0) {
		sbk_view_release(&view);
		return rc;
	}
	*out = view;
	return 0;
}
