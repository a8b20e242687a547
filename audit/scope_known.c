/*
 * The grants that the journals know: two indexes over the standing changes of
 * access, by path and by identity, since an object may have other names than
 * the one it was granted by. Borrows from the records.
 */
#include "audit/scope.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

struct grant {
	const char *path, *identity; /* "" where it has none */
	struct sbk_state after;
	uint32_t owner;
	bool machine;
};

struct sbk_scope_known {
	struct grant *grants;	      /* by path */
	const struct grant **objects; /* the same, by identity */
	size_t count;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct grant *)a)->path,
		      ((const struct grant *)b)->path);
}

static int by_identity(const void *a, const void *b)
{
	return strcmp((*(const struct grant *const *)a)->identity,
		      (*(const struct grant *const *)b)->identity);
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
				.identity = change->object.identity != NULL
						    ? change->object.identity
						    : "",
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
	if (known != NULL) {
		known->grants = calloc(total + 1, sizeof(*known->grants));
		known->objects = calloc(total + 1, sizeof(*known->objects));
	}
	if (known == NULL || known->grants == NULL || known->objects == NULL) {
		sbk_scope_known_free(known);
		return sbk_error_no_memory(err);
	}
	for (i = 0; i < records->count; i++)
		gather(&records->books[i], known);
	qsort(known->grants, known->count, sizeof(*known->grants), by_path);
	for (i = 0; i < known->count; i++)
		known->objects[i] = &known->grants[i];
	qsort(known->objects, known->count, sizeof(*known->objects),
	      by_identity);
	*out = known;
	return 0;
}

void sbk_scope_known_free(struct sbk_scope_known *known)
{
	if (known == NULL)
		return;
	free(known->grants);
	free(known->objects);
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

static bool is_heard(const struct grant *grant, uint32_t owner)
{
	return grant->machine || grant->owner == owner;
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
		if (is_heard(&known->grants[i], owner))
			rc = visit(arg, known->grants[i].after, err);
	return rc;
}

/* The first grant whose identity is not before `identity`. */
static size_t first_of(const struct sbk_scope_known *known,
		       const char *identity)
{
	size_t low = 0, high = known->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(known->objects[middle]->identity, identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int sbk_scope_known_each_of(const struct sbk_scope_known *known,
			    const char *identity, uint32_t owner,
			    sbk_scope_known_fn *visit, void *arg,
			    struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = first_of(known, identity);
	     rc == 0 && i < known->count &&
	     strcmp(known->objects[i]->identity, identity) == 0;
	     i++)
		if (is_heard(known->objects[i], owner))
			rc = visit(arg, known->objects[i]->after, err);
	return rc;
}

bool sbk_scope_known_none(const struct sbk_scope_known *known)
{
	return known->count == 0;
}
