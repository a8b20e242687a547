/*
 * Plans: storage of changes, roots and notes. Decides nothing: what goes into
 * a plan is decided by plan_grant.c, plan_setup.c and plan_undo.c.
 */
#include "engine/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"

#include "engine/banned.h"

/* A growing array of pointers into the plan's arena, so that what was handed
 * out stays where it is. */
struct pointers {
	void **items;
	size_t count;
	size_t capacity;
};

struct sbk_plan {
	struct sbk_arena arena;
	struct sbk_state_pool *pool;
	struct pointers changes;
	struct pointers roots;
	struct pointers notes;
	struct sbk_secret_list secrets;
	const char *last_reason; /* most changes give the same one */
	const char *last_ours;
	sbk_plan_more_fn *more; /* or NULL */
	void *more_arg;
	void (*more_release)(void *arg);
};

static const char *const status_names[] = {
#define SBK_STATUS_NAME(name, text) [SBK_STATUS_##name] = (text),
	SBK_STATUS_MAP(SBK_STATUS_NAME)
#undef SBK_STATUS_NAME
};

const char *sbk_status_name(enum sbk_status status)
{
	return status < SBK_STATUS_COUNT ? status_names[status] : "unknown";
}

int sbk_status_parse(const char *name, enum sbk_status *out)
{
	int i;

	for (i = 0; i < SBK_STATUS_COUNT; i++) {
		if (strcmp(name, status_names[i]) == 0) {
			*out = (enum sbk_status)i;
			return 0;
		}
	}
	return SBK_E_NOTFOUND;
}

struct sbk_plan *sbk_plan_new(void)
{
	struct sbk_plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL)
		return NULL;
	plan->pool = sbk_state_pool_new();
	if (plan->pool == NULL) {
		free(plan);
		return NULL;
	}
	return plan;
}

void sbk_plan_free(struct sbk_plan *plan)
{
	if (plan == NULL)
		return;
	sbk_plan_then(plan, NULL, NULL, NULL);
	free(plan->changes.items);
	free(plan->roots.items);
	free(plan->notes.items);
	sbk_state_pool_free(plan->pool);
	sbk_arena_release(&plan->arena);
	free(plan);
}

void sbk_plan_then(struct sbk_plan *plan, sbk_plan_more_fn *more, void *arg,
		   void (*release)(void *arg))
{
	if (plan->more_release != NULL)
		plan->more_release(plan->more_arg);
	plan->more = more;
	plan->more_arg = arg;
	plan->more_release = release;
}

int sbk_plan_more(void *arg, struct sbk_plan *plan, struct sbk_error *err)
{
	(void)arg;
	return plan->more != NULL ? plan->more(plan->more_arg, plan, err) : 0;
}

static int append(struct pointers *list, void *item, struct sbk_error *err)
{
	size_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
	void **items;

	if (list->count >= SBK_PLAN_CHANGES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a plan holds at most %d changes",
				     SBK_PLAN_CHANGES_MAX);
	if (list->count == list->capacity) {
		items = realloc(list->items, capacity * sizeof(*items));
		if (items == NULL)
			return sbk_error_no_memory(err);
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = item;
	return 0;
}

/* Copies *text into the plan; NULL stays NULL. */
static int keep_text(struct sbk_plan *plan, const char **text,
		     struct sbk_error *err)
{
	if (*text == NULL)
		return 0;
	*text = sbk_arena_strdup(&plan->arena, *text);
	if (*text == NULL)
		return sbk_error_no_memory(err);
	return 0;
}

/* The same, where the text before it is probably equal. */
static int keep_repeated(struct sbk_plan *plan, const char **text,
			 const char **last, struct sbk_error *err)
{
	int rc;

	if (*text == NULL)
		return 0;
	if (*last != NULL && strcmp(*text, *last) == 0) {
		*text = *last;
		return 0;
	}
	rc = keep_text(plan, text, err);
	if (rc == 0)
		*last = *text;
	return rc;
}

int sbk_plan_add(struct sbk_plan *plan, const struct sbk_change *change,
		 struct sbk_error *err)
{
	struct sbk_change *copy = sbk_arena_alloc(&plan->arena, sizeof(*copy));
	int rc;

	if (copy == NULL)
		return sbk_error_no_memory(err);
	*copy = *change;
	rc = keep_text(plan, &copy->object.name, err);
	if (rc == 0)
		rc = keep_text(plan, &copy->object.identity, err);
	if (rc == 0)
		rc = keep_text(plan, &copy->note, err);
	if (rc == 0)
		rc = keep_repeated(plan, &copy->reason, &plan->last_reason,
				   err);
	if (rc == 0)
		rc = keep_repeated(plan, &copy->ours, &plan->last_ours, err);
	if (rc == 0)
		rc = sbk_state_pool_intern(plan->pool, change->before,
					   &copy->before, err);
	if (rc == 0)
		rc = sbk_state_pool_intern(plan->pool, change->after,
					   &copy->after, err);
	return rc < 0 ? rc : append(&plan->changes, copy, err);
}

int sbk_plan_set_after(struct sbk_plan *plan, size_t index,
		       struct sbk_state after, struct sbk_error *err)
{
	return sbk_state_pool_intern(plan->pool, after,
				     &sbk_plan_at(plan, index)->after, err);
}

int sbk_plan_add_root(struct sbk_plan *plan, const struct sbk_plan_root *root,
		      struct sbk_plan_root **out, struct sbk_error *err)
{
	struct sbk_plan_root *copy =
		sbk_arena_alloc(&plan->arena, sizeof(*copy));
	int rc;

	if (copy == NULL)
		return sbk_error_no_memory(err);
	*copy = *root;
	rc = keep_text(plan, &copy->path, err);
	if (rc == 0)
		rc = keep_text(plan, &copy->identity, err);
	if (rc == 0)
		rc = keep_text(plan, &copy->principal, err);
	if (rc == 0)
		rc = keep_text(plan, &copy->principal_name, err);
	if (rc == 0)
		rc = append(&plan->roots, copy, err);
	if (rc == 0 && out != NULL)
		*out = copy;
	return rc;
}

int sbk_plan_add_note(struct sbk_plan *plan, struct sbk_error *err,
		      const char *fmt, ...)
{
	char text[1024];
	const char *copy = text;
	va_list args;
	int rc;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rc = keep_text(plan, &copy, err);
	if (rc < 0)
		return rc;
	/* The list holds pointers that nobody writes through. */
	return append(&plan->notes, (void *)(uintptr_t)copy, err);
}

int sbk_plan_add_secret(struct sbk_plan *plan,
			const struct sbk_secret_file *file,
			struct sbk_error *err)
{
	return sbk_secret_list_add(&plan->secrets, &plan->arena, file, err);
}

const struct sbk_secret_list *sbk_plan_secrets(const struct sbk_plan *plan)
{
	return &plan->secrets;
}

size_t sbk_plan_count(const struct sbk_plan *plan)
{
	return plan->changes.count;
}

struct sbk_change *sbk_plan_at(struct sbk_plan *plan, size_t index)
{
	return plan->changes.items[index];
}

size_t sbk_plan_root_count(const struct sbk_plan *plan)
{
	return plan->roots.count;
}

struct sbk_plan_root *sbk_plan_root_at(struct sbk_plan *plan, size_t index)
{
	return plan->roots.items[index];
}

size_t sbk_plan_note_count(const struct sbk_plan *plan)
{
	return plan->notes.count;
}

const char *sbk_plan_note_at(const struct sbk_plan *plan, size_t index)
{
	return plan->notes.items[index];
}

const char *sbk_plan_strdup(struct sbk_plan *plan, const char *text)
{
	return sbk_arena_strdup(&plan->arena, text);
}
