/*
 * The grants that the journals know: an index over the standing changes of
 * access, sorted by path. Borrows from the records.
 */
#include "audit/scope.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct grant {
	const char *path;
	struct sbk_state after;
	uint32_t owner;
	bool machine;
};

struct sbk_scope_known {
	struct grant *grants;
	size_t count;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct grant *)a)->path,
		      ((const struct grant *)b)->path);
}

static void gather(const struct sbk_record_book *book,
		   struct sbk_scope_known *known)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(book->standing); i++) {
		const struct sbk_change *change =
			sbk_plan_at(book->standing, i);

		if (change->object.kind == SBK_KIND_ACCESS)
			known->grants[known->count++] = (struct grant){
				.path = change->object.name,
				.after = change->after,
				.owner = book->owner,
				.machine = book->machine,
			};
	}
}

int sbk_scope_known_new(const struct sbk_records *records,
			struct sbk_scope_known **out, struct sbk_error *err)
{
	struct sbk_scope_known *known = calloc(1, sizeof(*known));
	size_t i, total = 0;

	for (i = 0; i < records->count; i++)
		total += sbk_plan_count(records->books[i].standing);
	if (known != NULL)
		known->grants = calloc(total + 1, sizeof(*known->grants));
	if (known == NULL || known->grants == NULL) {
		sbk_scope_known_free(known);
		return sbk_error_no_memory(err);
	}
	for (i = 0; i < records->count; i++)
		gather(&records->books[i], known);
	qsort(known->grants, known->count, sizeof(*known->grants), by_path);
	*out = known;
	return 0;
}

void sbk_scope_known_free(struct sbk_scope_known *known)
{
	if (known == NULL)
		return;
	free(known->grants);
	free(known);
}

/* The first grant whose path is not before `path`. */
static size_t lower_bound(const struct sbk_scope_known *known, const char *path)
{
	size_t low = 0, high = known->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(known->grants[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int sbk_scope_known_each(const struct sbk_scope_known *known, const char *path,
			 uint32_t owner, sbk_scope_known_fn *visit, void *arg,
			 struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = lower_bound(known, path);
	     rc == 0 && i < known->count &&
	     strcmp(known->grants[i].path, path) == 0;
	     i++)
		if (known->grants[i].machine || known->grants[i].owner == owner)
			rc = visit(arg, known->grants[i].after, err);
	return rc;
}
