/*
 * What was made later in a granted tree and bears entries of ours. Knows no
 * encoding and no journal; decides nothing about recorded changes, which is
 * plan_undo.c's.
 *
 * Two steps: a survey, which only asks, finds the names of objects that bear
 * entries of the principal; then each is looked at through a descriptor, and
 * what is seen there is the state that its change begins with.
 */
#include "engine/plan_undo.h"

#include <stdlib.h>

#include "engine/look_ahead.h"
#include "engine/os.h"
#include "engine/table.h"

#include "engine/banned.h"

struct later {
	const struct sbk_backend *backend;
	const char *principal;
	struct sbk_plan *out;
	struct sbk_plan *bearing; /* objects by name, without identity */
	struct sbk_arena arena;
	struct sbk_table seen; /* identities: an object may have names */
	struct sbk_buf next;
	struct sbk_buf without; /* a state that bears none, met before */
	bool incomplete;
};

static int not_examined(struct later *later, const char *path,
			const struct sbk_error *problem, struct sbk_error *err)
{
	later->incomplete = true;
	return sbk_plan_add_note(later->out, err, "not examined: %s: %s", path,
				 problem->message);
}

/* What `state` becomes without the principal's entries, in later->next. */
static int strip_later(struct later *later, struct sbk_state state,
		       struct sbk_state *out, struct sbk_error *err)
{
	int rc = sbk_backend_strip(later->backend, state, &later->principal, 1,
				   &later->next, err);

	*out = (struct sbk_state){.data = sbk_buf_text(&later->next),
				  .size = later->next.size};
	return rc;
}

static int visit_later(void *arg, const struct sbk_visit *visit,
		       struct sbk_error *err)
{
	struct later *later = arg;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS, .name = visit->path},
		.before = visit->access,
	};
	const struct sbk_state without = {.data = sbk_buf_text(&later->without),
					  .size = later->without.size};
	int rc;

	if (visit->kind == SBK_VISIT_UNREADABLE)
		return not_examined(later, visit->path, visit->problem, err);
	if (visit->kind != SBK_VISIT_OBJECT || visit->is_link)
		return 0;
	/* Most of a tree is in one state. */
	if (sbk_state_equal(visit->access, without))
		return 0;
	rc = strip_later(later, visit->access, &change.after, err);
	if (rc < 0)
		return rc;
	if (!sbk_state_equal(change.before, change.after))
		return sbk_plan_add(later->bearing, &change, err);
	sbk_buf_clear(&later->without);
	sbk_buf_add(&later->without, visit->access.data, visit->access.size);
	return sbk_buf_failed(&later->without, err);
}

/* What the account made belongs to it: who is not root cannot mend that. */
static int is_out_of_reach(struct later *later, struct sbk_state state,
			   bool *out, struct sbk_error *err)
{
	unsigned how = 0;
	int rc = 0;

	if (!sbk_os_elevated())
		rc = sbk_backend_naming(later->backend, state, later->principal,
					&how, err);
	*out = (how & SBK_NAMED_OWNER) != 0;
	return rc;
}

/* One object as it was just looked at. */
static int add_later(struct later *later, const char *name,
		     const struct sbk_observation *seen, struct sbk_error *err)
{
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = name,
			   .identity = sbk_buf_text(&seen->identity)},
		.before = sbk_observation_state(seen),
		.reason = "made later in a granted tree: entries of ours are "
			  "taken out",
	};
	bool fresh, out_of_reach;
	int rc;

	if (sbk_table_put_text(&later->seen, change.object.identity, &fresh) ==
	    NULL)
		return sbk_error_no_memory(err);
	if (!fresh)
		return 0;
	rc = strip_later(later, change.before, &change.after, err);
	if (rc < 0 || sbk_state_equal(change.before, change.after))
		return rc;
	rc = is_out_of_reach(later, change.before, &out_of_reach, err);
	if (rc < 0)
		return rc;
	if (out_of_reach)
		change.reason = "made later by the account, which owns it: "
				"only an administrator can take our entries "
				"out";
	return sbk_plan_add(later->out, &change, err);
}

/* One name that bore entries when it was surveyed (`sbk_look_fn`). */
static int look_at_name(void *arg, size_t index,
			const struct sbk_observation *seen,
			const struct sbk_error *why, struct sbk_error *err)
{
	struct later *later = arg;
	const char *name = sbk_plan_at(later->bearing, index)->object.name;

	if (seen ==
	    NULL) /* gone or moved counts, too: it is looked for again */
		return not_examined(later, name, why, err);
	return add_later(later, name, seen, err);
}

/* Where the root is now; NULL in `path` where it is gone. */
static int locate_root(struct later *later, const struct sbk_plan_root *root,
		       const char *const *search, size_t search_count,
		       char **path, struct sbk_error *err)
{
	struct sbk_location location = {.kind = SBK_LOCATION_UNKNOWN};
	int rc;

	rc = sbk_backend_locate(later->backend, &root->identity, 1, search,
				search_count, &location, err);
	if (rc < 0)
		return rc;
	*path = location.path;
	if (location.kind != SBK_LOCATION_UNKNOWN)
		return 0;
	later->incomplete = true;
	return sbk_plan_add_note(later->out, err,
				 "not examined: '%s' is not at its path and "
				 "was not found",
				 root->path);
}

int sbk_plan_undo_later(const struct sbk_backend *backend,
			const struct sbk_plan_root *root,
			const char *const *search, size_t search_count,
			struct sbk_plan *out, struct sbk_error *err)
{
	struct later later = {.backend = backend,
			      .principal = root->principal,
			      .out = out,
			      .bearing = sbk_plan_new(),
			      .seen = SBK_TABLE_INIT(0, &later.arena),
			      .next = SBK_BUF_INIT,
			      .without = SBK_BUF_INIT};
	char *path = NULL;
	int rc = 0;

	if (later.bearing == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = locate_root(&later, root, search, search_count, &path,
				 err);
	if (rc == 0 && path != NULL)
		rc = sbk_backend_survey(backend, path, visit_later, &later,
					err);
	if (rc == SBK_E_NOTFOUND) {
		/* It went away between the two looks: look again next time. */
		later.incomplete = true;
		rc = 0;
	}
	if (rc == 0 && sbk_plan_count(later.bearing) > 0)
		rc = sbk_look_ahead_plan(backend, later.bearing, look_at_name,
					 &later, err);
	free(path);
	sbk_buf_release(&later.next);
	sbk_buf_release(&later.without);
	sbk_table_release(&later.seen);
	sbk_arena_release(&later.arena);
	sbk_plan_free(later.bearing);
	return rc < 0 ? rc : later.incomplete;
}
