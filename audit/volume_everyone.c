/*
 * Where Everyone may write: each run's token holds Everyone among its
 * restricting SIDs, since devices and window stations let in nobody else
 * (WINDOWS.md part 6), so there a run writes whatever its roots are. Found and
 * told; no entry of anybody's is changed for it.
 *
 * What is granted to Everyone passes both of a run's checks, so one of a token
 * of Everyone alone says it. A right that is undecided there counts as granted.
 * Each place is told where it begins: below a directory that is told, only what
 * gives more.
 */
#include "audit/volume.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/ntsec/access.h"

#include "engine/banned.h"

#define TOLD 20 /* places, those with the most objects */
#define WRITES                                                                \
	(SBK_FILE_WRITE_DATA | SBK_FILE_APPEND_DATA | SBK_FILE_DELETE_CHILD | \
	 SBK_RIGHT_DELETE | SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER)

struct everyone {
	struct sbk_volume_audit *audit;
	uint32_t *granted; /* [descriptor] */
	uint32_t *place;   /* [record]: where it begins; NONE: not told */
	uint64_t *objects; /* [record] of a place: how many it has */
	uint32_t *order;   /* places, in the order in which they are told */
	size_t count;
};

static uint32_t rights_by(const struct sbk_sd *sd)
{
	static const uint32_t world[] = {0};
	const struct sbk_sid everyone = sbk_sid_make(1, world, 1);
	const struct sbk_token token = sbk_token_plain(&everyone);
	const struct sbk_access_request request = {
		.desired = SBK_RIGHT_MAXIMUM_ALLOWED,
		.object = SBK_NT_DIRECTORY};
	struct sbk_access_result result;

	sbk_access_check(sd, &token, &request, &result);
	return (result.granted | result.undecided) & WRITES;
}

static int judge(struct everyone *e, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &e->audit->tree;
	const struct sbk_ntfs_damage before = *sbk_volume_damage(tree);
	const size_t count = sbk_volume_distinct(tree);
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd sd;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		sbk_buf_clear(&bytes);
		rc = sbk_volume_descriptor(tree, i, &bytes, NULL);
		if (rc == SBK_E_NOMEM)
			rc = sbk_error_no_memory(err);
		else if (rc < 0)
			rc = 0; /* counted where it was read first */
		else if (sbk_sd_read((const uint8_t *)bytes.data, bytes.size,
				     &sd, NULL) == 0)
			e->granted[i] = rights_by(&sd);
	}
	*sbk_volume_damage(tree) = before;
	sbk_buf_release(&bytes);
	return rc;
}

static uint32_t granted_at(const struct everyone *e, uint32_t record)
{
	const uint32_t descriptor = e->audit->tree.descriptor[record];

	return descriptor == SBK_VOLUME_NONE ? 0 : e->granted[descriptor];
}

/* Of an object that gives no more than its directory, the directory's place.
 * The way up is at most so deep as the tree, and each step is kept. */
static uint32_t place_of(const struct everyone *e, uint32_t record)
{
	const struct sbk_volume_tree *tree = &e->audit->tree;
	uint32_t at = record, above = tree->parent[record];

	while (e->place[at] == SBK_VOLUME_NONE && above != SBK_VOLUME_NONE &&
	       granted_at(e, above) != 0 &&
	       (granted_at(e, at) & ~granted_at(e, above)) == 0) {
		at = above;
		above = tree->parent[at];
	}
	return e->place[at] != SBK_VOLUME_NONE ? e->place[at] : at;
}

static void find_places(struct everyone *e)
{
	const struct sbk_volume_tree *tree = &e->audit->tree;
	uint32_t i, at, place;

	for (i = 0; i < tree->records; i++)
		e->place[i] = SBK_VOLUME_NONE;
	for (i = 0; i < tree->records; i++) {
		if ((tree->flags[i] & SBK_VOLUME_USED) == 0 ||
		    granted_at(e, i) == 0)
			continue;
		place = place_of(e, i);
		for (at = i; at != place && e->place[at] == SBK_VOLUME_NONE;
		     at = tree->parent[at])
			e->place[at] = place;
		e->place[place] = place;
		if (e->objects[place]++ == 0)
			e->order[e->count++] = place;
	}
}

/* qsort has no argument for it. */
static const uint64_t *sizes;

static int by_size(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;

	if (sizes[one] != sizes[two])
		return sizes[one] > sizes[two] ? -1 : 1;
	return one < two ? -1 : one > two;
}

static int tell_place(struct everyone *e, uint32_t record,
		      struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = "volume.everyone",
				      .principal = "Everyone (S-1-1-0)",
				      .objects = e->objects[record]};
	int rc = sbk_volume_path(&e->audit->tree, record, &path, err);

	sbk_buf_adds(&text, "may ");
	sbk_volume_rights(&text, granted_at(e, record));
	sbk_buf_adds(&text, ", and so may each run, whatever its roots are: "
			    "its token counts as Everyone");
	if (rc == 0)
		rc = sbk_buf_failed(&text, err);
	finding.object = sbk_buf_text(&path);
	finding.text = sbk_buf_text(&text);
	if (rc == 0)
		rc = sbk_report_add(e->audit->report, &finding, err);
	sbk_buf_release(&path);
	sbk_buf_release(&text);
	return rc;
}

static int tell_rest(struct everyone *e, size_t first, struct sbk_error *err)
{
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = "volume.everyone",
				      .principal = "Everyone (S-1-1-0)"};
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;
	int rc;

	for (i = first; i < e->count; i++)
		finding.objects += e->objects[e->order[i]];
	sbk_buf_printf(&text,
		       "may write in %zu more place%s; '--principal S-1-1-0' "
		       "with --json has all of them",
		       e->count - first, e->count - first == 1 ? "" : "s");
	rc = sbk_buf_failed(&text, err);
	finding.text = sbk_buf_text(&text);
	if (rc == 0)
		rc = sbk_report_add(e->audit->report, &finding, err);
	sbk_buf_release(&text);
	return rc;
}

static int tell(struct everyone *e, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	sizes = e->objects;
	if (e->count > 0)
		qsort(e->order, e->count, sizeof(*e->order), by_size);
	for (i = 0; rc == 0 && i < e->count && i < TOLD; i++)
		rc = tell_place(e, e->order[i], err);
	return rc == 0 && i < e->count ? tell_rest(e, i, err) : rc;
}

int sbk_volume_everyone(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	const struct sbk_volume_tree *tree = &audit->tree;
	const size_t records = tree->records + 1u;
	struct everyone e = {
		.audit = audit,
		.granted = calloc(sbk_volume_distinct(tree) + 1,
				  sizeof(*e.granted)),
		.place = calloc(records, sizeof(*e.place)),
		.objects = calloc(records, sizeof(*e.objects)),
		.order = calloc(records, sizeof(*e.order)),
	};
	int rc = e.granted == NULL || e.place == NULL || e.objects == NULL ||
				 e.order == NULL
			 ? sbk_error_no_memory(err)
			 : judge(&e, err);

	if (rc == 0) {
		find_places(&e);
		rc = tell(&e, err);
	}
	free(e.granted);
	free(e.place);
	free(e.objects);
	free(e.order);
	return rc;
}
