/*
 * Who is asked for, and one look at a volume: which objects name them. What is
 * done about one object is remediate_object.c's.
 */
#include "uninstall/remediate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

/* The running system, by a walk. */
static int open_live(const struct sbk_remediation *r,
		     struct sbk_volume_audit *audit, struct sbk_error *err)
{
	const struct sbk_places_request where = {.roots = r->roots,
						 .root_count = r->root_count};
	struct sbk_places places = {.walk = NULL};
	int rc = sbk_places_find(&where, audit->report, &places, err);

	audit->live = &r->live;
	if (rc == 0)
		rc = sbk_live_tree_load(audit, places.walk, places.walk_count,
					err);
	sbk_places_release(&places);
	return rc;
}

/* A volume that is open beside its mount. */
static int open_beside(const struct sbk_remediation *r,
		       struct sbk_volume_audit *audit, struct sbk_error *err)
{
	int rc;

	*audit = (struct sbk_volume_audit){
		.path = r->is_live ? "this machine" : r->volume.point};
	audit->tree.progress = r->progress;
	audit->report = sbk_report_new("remediate");
	if (audit->report == NULL)
		return sbk_error_no_memory(err);
	if (r->is_live)
		return open_live(r, audit, err);
	rc = sbk_volume_open(audit, err);
	return rc < 0 ? rc : sbk_volume_tree_load(&audit->tree, err);
}

static void close_beside(struct sbk_volume_audit *audit)
{
	sbk_report_free(audit->report);
	sbk_volume_audit_release(audit);
}

/* --- who ------------------------------------------------------------------ */

/* Without SYSTEM or Administrators a Windows does not start any more. */
static int check_principal(const struct sbk_volume_principal *principal,
			   struct sbk_error *err)
{
	struct sbk_sid_text text;

	if (principal->group_count > 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a token ('A+B') is what rights are asked "
				     "for; name with a --principal each whose "
				     "entries go");
	if (principal->verdict.origin != SBK_SID_SYSTEM)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "%s (%s) is Windows' own and the same on each "
			     "machine: no tool left it, and a volume without "
			     "it is broken",
			     sbk_sid_format(&principal->sid, &text),
			     principal->verdict.name != NULL
				     ? principal->verdict.name
				     : "well known");
}

static int keep_principal(struct sbk_remediation *r,
			  const struct sbk_volume_principal *principal,
			  struct sbk_error *err)
{
	struct sbk_remediation_principal *out = &r->principals[r->count];
	struct sbk_buf label = SBK_BUF_INIT;
	int rc = check_principal(principal, err);

	if (rc < 0)
		return rc;
	sbk_volume_label(&label, &principal->sid, &principal->verdict);
	out->sid = principal->sid;
	out->label = sbk_arena_strdup(&r->arena, sbk_buf_text(&label));
	out->evidence =
		principal->evidence != NULL
			? sbk_arena_strdup(&r->arena, principal->evidence)
			: NULL;
	sbk_buf_release(&label);
	if (out->label == NULL ||
	    (out->evidence == NULL && principal->evidence != NULL))
		return sbk_error_no_memory(err);
	r->sids[r->count++] = principal->sid;
	return 0;
}

static int keep_principals(struct sbk_remediation *r,
			   const struct sbk_volume_audit *audit,
			   struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	r->principals =
		calloc(audit->principal_count + 1, sizeof(*r->principals));
	r->sids = calloc(audit->principal_count + 1, sizeof(*r->sids));
	if (r->principals == NULL || r->sids == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < audit->principal_count; i++)
		rc = keep_principal(r, &audit->principals[i], err);
	return rc;
}

/* Whom the caller means, by what is there. */
static int choose(struct sbk_remediation *r, const char *const *principals,
		  size_t count, struct sbk_error *err)
{
	const struct sbk_volume_request request = {.principals = principals,
						   .principal_count = count};
	struct sbk_volume_audit audit;
	int rc = open_beside(r, &audit, err);

	if (rc == 0)
		rc = sbk_volume_sids_find(&audit, err);
	if (rc == 0)
		rc = sbk_volume_known_find(&audit, err);
	if (rc == 0)
		rc = sbk_volume_principals_choose(&audit, &request, err);
	if (rc == 0)
		rc = keep_principals(r, &audit, err);
	if (rc == 0 && r->is_live && r->root_count == 0)
		rc = sbk_remediation_named_find(r, &audit, principals, count,
						err);
	close_beside(&audit);
	return rc;
}

int sbk_remediation_init(struct sbk_remediation *r,
			 const struct sbk_backend *backend, const char *path,
			 const char *const *principals, size_t count,
			 struct sbk_error *err)
{
	int rc;

	*r = (struct sbk_remediation){.backend = backend,
				      .arena = SBK_ARENA_INIT};
	rc = sbk_os_volume_at(path, &r->volume, err);
	return rc < 0 ? rc : choose(r, principals, count, err);
}

int sbk_remediation_init_live(struct sbk_remediation *r,
			      const struct sbk_backend *backend,
			      const char *const *roots, size_t root_count,
			      const char *const *principals, size_t count,
			      struct sbk_error *err)
{
	*r = (struct sbk_remediation){.backend = backend,
				      .is_live = true,
				      .live = {.backend = backend},
				      .roots = roots,
				      .root_count = root_count,
				      .arena = SBK_ARENA_INIT};
	return choose(r, principals, count, err);
}

void sbk_remediation_release(struct sbk_remediation *r)
{
	free(r->principals);
	free(r->sids);
	free(r->left);
	free(r->named);
	sbk_arena_release(&r->left_arena);
	sbk_arena_release(&r->arena);
}

/* --- which objects -------------------------------------------------------- */

/* Distinct descriptors that name them, or that nobody can judge. */
static int mark_one(struct sbk_volume_audit *audit, size_t index,
		    const struct sbk_sd_strip *strip, struct sbk_buf *bytes,
		    bool *out, struct sbk_error *err)
{
	struct sbk_sd_named named;
	struct sbk_sd sd;
	int rc;

	sbk_buf_clear(bytes);
	rc = sbk_volume_descriptor(&audit->tree, index, bytes, err);
	if (rc == SBK_E_NOMEM)
		return rc;
	sbk_error_clear(err);
	*out = true;
	if (rc < 0 || sbk_sd_read((const uint8_t *)bytes->data, bytes->size,
				  &sd, NULL) < 0)
		return 0;
	sbk_sd_strip_look(&sd, strip, &named);
	*out = named.entries > 0 || named.owner || named.group ||
	       named.mentioned;
	return 0;
}

static int mark_descriptors(struct sbk_volume_audit *audit,
			    const struct sbk_sd_strip *strip, bool **out,
			    struct sbk_error *err)
{
	const size_t count = sbk_volume_distinct(&audit->tree);
	bool *marked = calloc(count + 1, sizeof(*marked));
	struct sbk_buf bytes = SBK_BUF_INIT;
	size_t i;
	int rc = 0;

	if (marked == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; rc == 0 && i < count; i++)
		rc = mark_one(audit, i, strip, &bytes, &marked[i], err);
	sbk_buf_release(&bytes);
	if (rc < 0)
		free(marked);
	else
		*out = marked;
	return rc;
}

/* The filesystem's own records are not shown by the mount, except the root. */
static bool is_candidate(const struct sbk_volume_tree *tree, const bool *marked,
			 uint32_t record)
{
	const uint32_t descriptor = tree->descriptor[record];

	if ((tree->flags[record] & SBK_VOLUME_USED) == 0)
		return false;
	if (descriptor != SBK_VOLUME_NONE)
		return marked[descriptor];
	return (tree->flags[record] & SBK_VOLUME_SYSTEM) == 0;
}

static int add_candidate(struct sbk_remediation_look *look, uint32_t record,
			 struct sbk_buf *path, struct sbk_error *err)
{
	struct sbk_remediation_candidate *items;
	const size_t count = look->count;
	int rc;

	if ((count & (count - 1)) == 0) { /* doubled at each power of two */
		items = realloc(look->items,
				(count > 0 ? count * 2 : 1) * sizeof(*items));
		if (items == NULL)
			return sbk_error_no_memory(err);
		look->items = items;
	}
	sbk_buf_clear(path);
	rc = sbk_volume_path(&look->audit.tree, record, path, err);
	if (rc < 0)
		return rc;
	look->path_bytes += path->size;
	if (look->path_bytes > SBK_VOLUME_PATHS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more objects name the principals than "
				     "one call takes; name fewer of them");
	look->items[count] = (struct sbk_remediation_candidate){
		.record = record,
		.path = sbk_arena_strdup(&look->arena, sbk_buf_text(path))};
	if (look->items[count].path == NULL)
		return sbk_error_no_memory(err);
	look->count++;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct sbk_remediation_candidate *one = a, *two = b;

	return sbk_path_compare(one->path, two->path);
}

static int find_candidates(struct sbk_remediation_look *look,
			   struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &look->audit.tree;
	struct sbk_buf path = SBK_BUF_INIT;
	bool *marked = NULL;
	uint32_t i;
	int rc = mark_descriptors(&look->audit, &look->strip, &marked, err);

	for (i = 0; rc == 0 && i < tree->records; i++)
		if (is_candidate(tree, marked, i))
			rc = add_candidate(look, i, &path, err);
	free(marked);
	sbk_buf_release(&path);
	if (rc == 0 && look->count > 0)
		qsort(look->items, look->count, sizeof(*look->items), by_path);
	return rc;
}

static int mark_sensitive(struct sbk_remediation_look *look,
			  struct sbk_error *err)
{
	const struct sbk_volume_tree *tree = &look->audit.tree;
	size_t i;

	look->sensitive = calloc((size_t)tree->records + 1, sizeof(bool));
	if (look->sensitive == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < tree->candidate_count; i++)
		if (sbk_volume_names[tree->candidates[i].name].meaning ==
		    SBK_VOLUME_SENSITIVE)
			look->sensitive[tree->candidates[i].record] = true;
	return 0;
}

static int take_coverage(struct sbk_remediation_look *look,
			 struct sbk_error *err)
{
	struct sbk_remediation_seen *seen = look->seen;
	const struct sbk_coverage *coverage;
	int rc = sbk_volume_report_damage(&look->audit, err);

	coverage = sbk_report_coverage(look->audit.report);
	seen->examined = look->audit.tree.objects;
	seen->missed = coverage->unreadable;
	if (coverage->missed_count > 0)
		(void)snprintf(seen->first_missed, sizeof(seen->first_missed),
			       "%.255s", coverage->missed[0]);
	return rc;
}

int sbk_remediation_plan(struct sbk_remediation *r, struct sbk_plan *plan,
			 struct sbk_error *err)
{
	struct sbk_remediation_look look = {
		.r = r,
		.seen = &r->seen,
		.plan = plan,
		.strip = {.sids = r->sids, .count = r->count},
		.arena = SBK_ARENA_INIT,
	};
	size_t i;
	int rc = open_beside(r, &look.audit, err);

	memset(&r->seen, 0, sizeof(r->seen));
	r->left_count = r->left_bytes = 0;
	sbk_arena_release(&r->left_arena);
	r->left_arena = (struct sbk_arena)SBK_ARENA_INIT;
	if (rc == 0)
		rc = mark_sensitive(&look, err);
	if (rc == 0)
		rc = find_candidates(&look, err);
	for (i = 0; rc == 0 && i < look.count; i++) {
		sbk_progress_tell(r->progress, "looking at objects", i,
				  look.count);
		rc = sbk_remediation_object(&look, &look.items[i], err);
	}
	if (rc == 0 && r->is_live)
		rc = sbk_remediation_named_plan(&look, err);
	if (rc == 0)
		rc = take_coverage(&look, err);
	free(look.items);
	free(look.sensitive);
	sbk_buf_release(&look.next);
	sbk_arena_release(&look.arena);
	close_beside(&look.audit);
	return rc;
}
