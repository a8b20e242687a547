/*
 * The choice of places to walk.
 *
 * A walk crosses no mount, so each volume needs one of its own. A volume that
 * is mounted twice is walked once: where the directory that a mount shows is
 * also seen through another mount of the same volume, and no other mount
 * covers it there. What a mount covers cannot be seen at all, by anybody but
 * who unmounts it; it is not counted.
 */
#include "audit/places.h"

#include <stdlib.h>
#include <string.h>

#include "engine/path.h"

#include "engine/banned.h"

struct choice {
	const struct sbk_places_request *request;
	struct sbk_places *places;
	struct sbk_report *report;
	struct sbk_filesystem *candidates;
	size_t count;
};

static int join(struct sbk_arena *arena, const char *root, const char *rest,
		const char **out, struct sbk_error *err)
{
	*out = sbk_path_join(arena, root, rest);
	return *out != NULL ? 0 : sbk_error_no_memory(err);
}

/* The mount that `path` is on: the visible one with the longest point. */
static const struct sbk_filesystem *
filesystem_of(const struct sbk_filesystems *list, const char *path)
{
	const struct sbk_filesystem *best = NULL;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct sbk_filesystem *fs = &list->items[i];

		if (fs->visible && sbk_path_within(path, fs->point) &&
		    (best == NULL || strlen(fs->point) >= strlen(best->point)))
			best = fs;
	}
	return best;
}

/* A path that the caller named, as if it were a mount of its own. */
static int add_root(struct choice *choice, const char *root,
		    struct sbk_error *err)
{
	struct sbk_filesystems *list = &choice->places->filesystems;
	const struct sbk_filesystem *fs = filesystem_of(list, root);
	struct sbk_filesystem *out = &choice->candidates[choice->count];

	if (fs == NULL)
		return sbk_error_set(err, SBK_E_IO,
				     "'%s' is on no mounted filesystem", root);
	*out = *fs;
	out->point = root;
	/* Asked for by name: looked at wherever it is. */
	out->kind = SBK_FILESYSTEM_LOCAL;
	choice->count++;
	return join(&list->arena, fs->root, sbk_path_below(root, fs->point),
		    &out->root, err);
}

static bool is_asked_for(const struct choice *choice, const char *point)
{
	const struct sbk_places_request *request = choice->request;
	size_t i;

	for (i = 0; i < request->root_count; i++)
		if (sbk_path_within(point, request->roots[i]) &&
		    strcmp(point, request->roots[i]) != 0)
			return true;
	return request->root_count == 0;
}

static int gather(struct choice *choice, struct sbk_error *err)
{
	const struct sbk_filesystems *list = &choice->places->filesystems;
	size_t i;
	int rc = 0;

	choice->candidates =
		calloc(list->count + choice->request->root_count + 1,
		       sizeof(*choice->candidates));
	if (choice->candidates == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < choice->request->root_count; i++)
		rc = add_root(choice, choice->request->roots[i], err);
	for (i = 0; rc == 0 && i < list->count; i++)
		if (list->items[i].visible &&
		    list->items[i].kind != SBK_FILESYSTEM_PSEUDO &&
		    is_asked_for(choice, list->items[i].point))
			choice->candidates[choice->count++] = list->items[i];
	return rc;
}

/* Shorter roots first, so that what shows more of a volume is taken. */
static int by_root(const void *a, const void *b)
{
	const struct sbk_filesystem *left = a, *right = b;
	size_t left_size = strlen(left->root), right_size = strlen(right->root);

	if (left_size != right_size)
		return left_size < right_size ? -1 : 1;
	return strcmp(left->point, right->point);
}

/* Whether `path`, on the mount at `point`, is under a mount below that. */
static bool is_covered(const struct sbk_filesystems *list, const char *path,
		       const char *point)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const char *other = list->items[i].point;

		if (strcmp(other, point) != 0 &&
		    sbk_path_within(other, point) &&
		    sbk_path_within(path, other))
			return true;
	}
	return false;
}

/* Whether an earlier candidate shows all that this one does. */
static int is_seen_elsewhere(const struct choice *choice, size_t index,
			     struct sbk_error *err)
{
	const struct sbk_filesystem *own = &choice->candidates[index], *other;
	struct sbk_filesystems *list = &choice->places->filesystems;
	const char *alias;
	size_t i;
	int rc;

	for (i = 0; i < index; i++) {
		other = &choice->candidates[i];
		if (!other->visible || other->kind != SBK_FILESYSTEM_LOCAL ||
		    strcmp(own->device, other->device) != 0 ||
		    !sbk_path_within(own->root, other->root))
			continue;
		rc = join(&list->arena, other->point,
			  sbk_path_below(own->root, other->root), &alias, err);
		if (rc < 0)
			return rc;
		if (!is_covered(list, alias, other->point))
			return 1;
	}
	return 0;
}

static bool is_left_out(const struct choice *choice, const char *point)
{
	size_t i;

	for (i = 0; i < choice->request->skip_count; i++)
		if (sbk_path_within(point, choice->request->skip[i]))
			return true;
	return false;
}

static int note_remote(struct choice *choice, const struct sbk_filesystem *fs,
		       struct sbk_error *err)
{
	struct sbk_buf why = SBK_BUF_INIT;
	int rc;

	sbk_buf_printf(&why,
		       "served by another machine or a program (%s); leave it "
		       "out with --skip",
		       fs->type);
	rc = sbk_buf_failed(&why, err);
	if (rc == 0)
		rc = sbk_report_missed(choice->report, fs->point, why.data,
				       err);
	sbk_buf_release(&why);
	return rc;
}

static int choose(struct choice *choice, size_t index, struct sbk_error *err)
{
	struct sbk_filesystem *fs = &choice->candidates[index];
	int rc;

	if (is_left_out(choice, fs->point)) {
		fs->visible = false; /* not through this mount */
		return sbk_report_skipped(choice->report, fs->point,
					  "left out as asked", err);
	}
	if (fs->kind == SBK_FILESYSTEM_REMOTE)
		return note_remote(choice, fs, err);
	rc = is_seen_elsewhere(choice, index, err);
	if (rc == 0)
		choice->places->walk[choice->places->walk_count++] = fs->point;
	return rc < 0 ? rc : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_points(struct sbk_places *places, struct sbk_error *err)
{
	const struct sbk_filesystems *list = &places->filesystems;
	size_t i;

	places->points = calloc(list->count + 1, sizeof(*places->points));
	if (places->points == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < list->count; i++)
		places->points[i] = list->items[i].point;
	places->point_count = list->count;
	qsort(places->points, places->point_count, sizeof(*places->points),
	      by_text);
	return 0;
}

int sbk_places_choose(const struct sbk_places_request *request,
		      struct sbk_filesystems *filesystems,
		      struct sbk_report *report, struct sbk_places *out,
		      struct sbk_error *err)
{
	struct sbk_places places = {.filesystems = *filesystems};
	struct choice choice = {
		.request = request, .places = &places, .report = report};
	size_t i;
	int rc;

	*filesystems = (struct sbk_filesystems){.items = NULL};
	rc = list_points(&places, err);
	if (rc == 0)
		rc = gather(&choice, err);
	if (rc < 0)
		goto out;
	qsort(choice.candidates, choice.count, sizeof(*choice.candidates),
	      by_root);
	places.walk = calloc(choice.count + 1, sizeof(*places.walk));
	if (places.walk == NULL)
		rc = sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < choice.count; i++)
		rc = choose(&choice, i, err);
	if (rc == 0)
		qsort(places.walk, places.walk_count, sizeof(*places.walk),
		      by_text);
out:
	free(choice.candidates);
	if (rc < 0)
		sbk_places_release(&places);
	else
		*out = places;
	return rc;
}

int sbk_places_find(const struct sbk_places_request *request,
		    struct sbk_report *report, struct sbk_places *out,
		    struct sbk_error *err)
{
	struct sbk_filesystems filesystems;
	int rc = sbk_os_filesystems(&filesystems, err);

	return rc < 0 ? rc
		      : sbk_places_choose(request, &filesystems, report, out,
					  err);
}

void sbk_places_release(struct sbk_places *places)
{
	sbk_os_filesystems_release(&places->filesystems);
	free(places->walk);
	free(places->points);
	*places = (struct sbk_places){.walk = NULL};
}

bool sbk_places_is_point(const struct sbk_places *places, const char *path)
{
	return bsearch(&path, places->points, places->point_count,
		       sizeof(*places->points), by_text) != NULL;
}
