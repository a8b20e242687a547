/*
 * What the journal expects of each object: the state after the last change
 * that was made to it, whether grant or undo, as long as one stands.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

/* A change by the object that it is about. */
struct entry {
	const struct sbk_change *change;
	bool standing;
};

static int by_object(const struct entry *left, const struct entry *right)
{
	return sbk_object_compare(&left->change->object,
				  &right->change->object);
}

static int by_object_and_number(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = by_object(left, right);

	if (order != 0)
		return order;
	return left->change->id < right->change->id ? -1 : 1;
}

static size_t gather_standing(struct sbk_plan *changes, struct entry *entries)
{
	size_t i, count = 0;

	for (i = 0; i < sbk_plan_count(changes); i++) {
		const struct sbk_change *change = sbk_plan_at(changes, i);

		if (!sbk_kind_sealed(change->object.kind))
			entries[count++] = (struct entry){.change = change,
							  .standing = true};
	}
	return count;
}

static int by_number(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return left->change->id < right->change->id
		       ? -1
		       : left->change->id > right->change->id;
}

/*
 * Those that were made and do not stand, after the `count` that do: undone
 * ones and what undid them. Nearly all of a large journal stands as a rule,
 * and each is sorted by its object only once.
 */
static size_t gather_others(struct sbk_plan *changes, struct entry *entries,
			    size_t count)
{
	size_t i, next = 0, used = count;

	qsort(entries, count, sizeof(*entries), by_number);
	for (i = 0; i < sbk_plan_count(changes); i++) {
		const struct sbk_change *change = sbk_plan_at(changes, i);

		while (next < count && entries[next].change->id < change->id)
			next++;
		if (sbk_kind_sealed(change->object.kind) ||
		    change->status != SBK_STATUS_CONFIRMED ||
		    (next < count && entries[next].change->id == change->id))
			continue;
		entries[used++] = (struct entry){.change = change};
	}
	return used;
}

/* The last change of a run of entries of one object, NULL where none of them
 * stands. One that stands unconfirmed is what there is to say. */
static const struct sbk_change *last_of(const struct entry *entries,
					size_t first, size_t end)
{
	const struct sbk_change *last = NULL, *unconfirmed = NULL;
	bool stands = false;
	size_t i;

	for (i = first; i < end; i++) {
		const struct sbk_change *change = entries[i].change;

		stands = stands || entries[i].standing;
		if (entries[i].standing &&
		    change->status != SBK_STATUS_CONFIRMED)
			unconfirmed = change;
		else
			last = change;
	}
	if (!stands)
		return NULL;
	return unconfirmed != NULL ? unconfirmed : last;
}

int sbk_journal_expected(struct sbk_plan *standing, struct sbk_plan *changes,
			 const struct sbk_change **out, size_t *count,
			 struct sbk_error *err)
{
	size_t total = sbk_plan_count(changes) + sbk_plan_count(standing);
	struct entry *entries = calloc(total + 1, sizeof(*entries));
	size_t first, end, used = 0;

	if (entries == NULL)
		return sbk_error_no_memory(err);
	total = gather_standing(standing, entries);
	total = gather_others(changes, entries, total);
	qsort(entries, total, sizeof(*entries), by_object_and_number);
	for (first = 0; first < total; first = end) {
		const struct sbk_change *last;

		for (end = first + 1;
		     end < total &&
		     by_object(&entries[first], &entries[end]) == 0;
		     end++)
			;
		last = last_of(entries, first, end);
		if (last != NULL)
			out[used++] = last;
	}
	free(entries);
	*count = used;
	return 0;
}
