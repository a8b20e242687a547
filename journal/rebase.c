/*
 * Which changes were undone below those that are to be undone now: read from
 * the journal, and only where there are any. The work is engine/rebase.h's.
 */
#include "journal/summary.h"
#include "journal/undo.h"

#include <stdlib.h>

#include "engine/rebase.h"

#include "engine/banned.h"

/* Whether anything older was undone since the first of them was made. */
static int is_undone_below(struct sbk_undo *undo, struct sbk_error *err)
{
	const size_t count = sbk_plan_count(undo->changes);
	struct sbk_db *db = &undo->journal->db;
	uint64_t first, last;
	sqlite3_stmt *row;
	int rc;

	if (count == 0)
		return 0;
	rc = sbk_db_statement(db, SBK_SQL_UNDONE_SINCE, &row, err);
	if (rc < 0)
		return rc;
	first = sbk_plan_at(undo->changes, 0)->id;
	last = sbk_plan_at(undo->changes, count - 1)->id;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)last);
	rc = sbk_db_step(db, row, err);
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static void add_changes(struct sbk_rebase_item *items, size_t *count,
			struct sbk_plan *changes)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(changes); i++)
		items[(*count)++] = (struct sbk_rebase_item){
			.change = sbk_plan_at(changes, i)};
}

static int by_number(const void *left, const void *right)
{
	const struct sbk_rebase_item *a = left, *b = right;

	return a->change->id < b->change->id ? -1
					     : a->change->id > b->change->id;
}

/* `items` in the order of their numbers; the last inverse change counts. */
static void mark_undone(struct sbk_rebase_item *items, size_t count,
			struct sbk_plan *inverse)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(inverse); i++) {
		const struct sbk_change *made = sbk_plan_at(inverse, i);
		struct sbk_change wanted = {.id = made->undoes};
		const struct sbk_rebase_item key = {.change = &wanted};
		struct sbk_rebase_item *found =
			bsearch(&key, items, count, sizeof(*items), by_number);

		if (found != NULL)
			found->undone_by = made->id;
	}
}

static int rebase_on(struct sbk_undo *undo, struct sbk_plan *undone,
		     struct sbk_plan *inverse, struct sbk_error *err)
{
	const size_t most =
		sbk_plan_count(undone) + sbk_plan_count(undo->changes);
	struct sbk_rebase_item *items = malloc((most + 1) * sizeof(*items));
	size_t count = 0;
	int rc;

	if (items == NULL)
		return sbk_error_no_memory(err);
	add_changes(items, &count, undone);
	mark_undone(items, count, inverse);
	add_changes(items, &count, undo->changes);
	rc = sbk_rebase(undo->backend, items, count, undo->rebased, err);
	free(items);
	return rc;
}

int sbk_undo_rebase(struct sbk_undo *undo, struct sbk_error *err)
{
	struct sbk_plan *undone, *inverse;
	int rc = is_undone_below(undo, err);

	if (rc <= 0)
		return rc;
	rc = sbk_scope_leave(undo->journal, err);
	if (rc < 0)
		return rc;
	undone = sbk_plan_new();
	inverse = sbk_plan_new();
	undo->rebased = sbk_plan_new();
	if (undone == NULL || inverse == NULL || undo->rebased == NULL)
		rc = sbk_error_no_memory(err);
	else
		rc = sbk_load_undone(undo->journal, undone, inverse, err);
	if (rc == 0)
		rc = rebase_on(undo, undone, inverse, err);
	sbk_plan_free(inverse);
	sbk_plan_free(undone);
	return rc;
}

void sbk_undo_forget_rebased(struct sbk_undo *undo)
{
	size_t i;

	for (i = 0; undo->rebased != NULL && i < sbk_plan_count(undo->changes);
	     i++)
		sbk_plan_at(undo->changes, i)->rebased = NULL;
	sbk_plan_free(undo->rebased);
}
