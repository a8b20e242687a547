/*
 * Walking a tree: a directory, then what is in it, in the order of names. No
 * reparse point is entered: a link, a junction, a mount point, and a file whose
 * content is elsewhere are SKIPPED, or for an audit, which only looks, visited
 * without looking behind them. What cannot be read is visited as such.
 *
 * Each entry is opened by its name relative to the handle of its directory,
 * which was opened the same way: what is visited is what was listed there.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/windows/access.h"
#include "engine/windows/host.h"
#include "engine/windows/listing.h"
#include "engine/windows/wide.h"

#include "engine/banned.h"

#define NOT_OURS "you may not change its access (WRITE_DAC)"

struct walk {
	struct sbk_host *host;
	bool fixed;  /* what is being visited: it gives no WRITE_DAC */
	bool survey; /* reparse points are visited, for their owners */
	sbk_visit_fn *visit;
	void *arg;
	struct sbk_buf path; /* of what is being visited */
	struct sbk_observation seen;
	size_t depth;
};

static int visit_problem(struct walk *walk, const struct sbk_error *problem,
			 struct sbk_error *err)
{
	struct sbk_visit visit = {.path = sbk_buf_text(&walk->path),
				  .kind = problem == NULL
						  ? SBK_VISIT_SKIPPED
						  : SBK_VISIT_UNREADABLE,
				  .problem = problem};
	int rc;

	if (problem != NULL && problem->code == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	rc = walk->visit(walk->arg, &visit, err);
	return rc < 0 ? rc : 0;
}

static int observe(struct walk *walk, const struct sbk_pin *pin,
		   struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_volume *volume = NULL;
	char identity[SBK_IDENTITY_MAX];
	int rc = sbk_volume_of(&walk->host->volumes, pin, &volume, err);

	sbk_buf_clear(&walk->seen.state);
	sbk_buf_clear(&walk->seen.identity);
	if (rc == 0)
		rc = sbk_nt_access_read(pin, &access, err);
	if (rc == 0)
		rc = sbk_nt_access_format(&access, &walk->seen.state, err);
	sbk_nt_access_release(&access);
	if (rc < 0)
		return rc;
	sbk_identity_format(volume, pin, identity);
	sbk_buf_adds(&walk->seen.identity, identity);
	return sbk_buf_failed(&walk->seen.identity, err);
}

static int visit_below(struct walk *walk, const struct sbk_pin *directory,
		       bool directories_only, struct sbk_error *err);

/* `pin` is the object at walk->path. */
static int visit_pin(struct walk *walk, const struct sbk_pin *pin,
		     struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_visit visit = {.kind = SBK_VISIT_OBJECT,
				  .is_directory = pin->is_directory,
				  .is_link = pin->is_reparse,
				  .links = pin->is_directory ? 1 : pin->links};
	int rc = observe(walk, pin, &why);

	if (rc < 0)
		return visit_problem(walk, &why, err);
	visit.path = sbk_buf_text(&walk->path);
	visit.fixed = walk->fixed && !walk->survey ? NOT_OURS : NULL;
	visit.identity =
		walk->survey ? NULL : sbk_buf_text(&walk->seen.identity);
	visit.access = sbk_observation_state(&walk->seen);
	rc = walk->visit(walk->arg, &visit, err);
	if (rc < 0 || rc == 1 || !pin->is_directory || pin->is_reparse)
		return rc < 0 ? rc : 0;
	return visit_below(walk, pin, rc == 2, err);
}

#define RIGHTS_TO_LIST (SBK_PIN_LOOK | FILE_LIST_DIRECTORY)

/*
 * Opens one entry to look at it, which conflicts with no way in which somebody
 * else has it open, and for changing its access, where that is allowed, since
 * nothing but the system knows whether it is; and a directory once more to list
 * it, where that is allowed.
 */
static int open_entry(struct walk *walk, const struct sbk_pin *directory,
		      struct sbk_buf *name, struct sbk_pin *out,
		      struct sbk_error *err)
{
	const WCHAR *text = sbk_wide_text(name);
	struct sbk_pin lists = SBK_PIN_INIT;
	int rc;

	if (text == NULL)
		return sbk_buf_failed(name, err);
	rc = walk->survey ? SBK_E_DENIED
			  : sbk_pin_below(directory, text, name->size,
					  SBK_PIN_CHANGE, out, err);
	walk->fixed = rc == SBK_E_DENIED;
	if (rc == SBK_E_DENIED) {
		sbk_error_clear(err);
		rc = sbk_pin_below(directory, text, name->size, SBK_PIN_LOOK,
				   out, err);
	}
	if (rc < 0 || !out->is_directory || out->is_reparse)
		return rc;
	if (sbk_pin_below(directory, text, name->size, RIGHTS_TO_LIST, &lists,
			  NULL) == 0 &&
	    memcmp(lists.id, out->id, sizeof(out->id)) == 0) {
		sbk_pin_release(out);
		*out = lists;
		return 0;
	}
	/* Listing it will say what is wrong. */
	sbk_pin_release(&lists);
	return 0;
}

static int visit_entry(struct walk *walk, const struct sbk_pin *directory,
		       struct sbk_buf *name, bool directories_only,
		       struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = open_entry(walk, directory, name, &pin, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0; /* gone since it was listed */
	if (rc < 0)
		return visit_problem(walk, &why, err);
	if (pin.is_reparse && !walk->survey)
		rc = visit_problem(walk, NULL, err);
	else if (pin.is_directory || !directories_only)
		rc = visit_pin(walk, &pin, err);
	sbk_pin_release(&pin);
	return rc;
}

static int visit_names(struct walk *walk, const struct sbk_pin *directory,
		       const struct sbk_listed_names *names,
		       bool directories_only, struct sbk_error *err)
{
	const size_t length = walk->path.size;
	struct sbk_buf name = SBK_BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < names->count; i++) {
		const struct sbk_listed_entry *item = &names->items[i];

		sbk_buf_clear(&name);
		sbk_buf_add(&name, names->units.data + item->at, item->size);
		if (length > 0 && walk->path.data[length - 1] != '/')
			sbk_buf_addc(&walk->path, '/');
		sbk_narrow_add(&walk->path,
			       (const WCHAR *)(const void *)name.data,
			       item->size / sizeof(WCHAR));
		rc = sbk_buf_failed(&walk->path, err);
		if (rc == 0)
			rc = visit_entry(walk, directory, &name,
					 directories_only, err);
		if (walk->path.data != NULL)
			walk->path.data[length] = '\0';
		walk->path.size = length;
	}
	sbk_buf_release(&name);
	return rc;
}

static int visit_below(struct walk *walk, const struct sbk_pin *directory,
		       bool directories_only, struct sbk_error *err)
{
	struct sbk_listed_names names = SBK_LISTED_NAMES_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (walk->depth == SBK_TREE_DEPTH_MAX)
		rc = sbk_error_set(&why, SBK_E_LIMIT,
				   "more than %d directories deep",
				   SBK_TREE_DEPTH_MAX);
	else
		rc = sbk_list_directory(directory->handle, SIZE_MAX, &names,
					&why);
	if (rc < 0) {
		sbk_listed_names_release(&names);
		return visit_problem(walk, &why, err);
	}
	walk->depth++;
	rc = visit_names(walk, directory, &names, directories_only, err);
	walk->depth--;
	sbk_listed_names_release(&names);
	return rc;
}

static int walk_from(struct sbk_host *host, const char *root, bool survey,
		     sbk_visit_fn *visit, void *arg, struct sbk_error *err)
{
	struct walk walk = {.host = host,
			    .survey = survey,
			    .visit = visit,
			    .arg = arg,
			    .path = SBK_BUF_INIT,
			    .seen = SBK_OBSERVATION_INIT};
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(root, SBK_PIN_LOOK, &pin, err);

	if (rc == 0 && pin.is_directory) {
		sbk_pin_release(&pin);
		rc = sbk_pin_path(root, RIGHTS_TO_LIST, &pin, err);
	}
	if (rc == 0 && !survey) {
		struct sbk_pin change = SBK_PIN_INIT;

		walk.fixed = sbk_pin_path(root, SBK_PIN_CHANGE, &change,
					  NULL) == SBK_E_DENIED;
		sbk_pin_release(&change);
	}
	if (rc == 0) {
		sbk_buf_adds(&walk.path, root);
		rc = sbk_buf_failed(&walk.path, err);
	}
	if (rc == 0)
		rc = visit_pin(&walk, &pin, err);
	sbk_pin_release(&pin);
	sbk_buf_release(&walk.path);
	sbk_observation_release(&walk.seen);
	return rc;
}

int sbk_host_walk(struct sbk_host *host, const char *root, sbk_visit_fn *visit,
		  void *arg, struct sbk_error *err)
{
	return walk_from(host, root, false, visit, arg, err);
}

int sbk_host_survey(struct sbk_host *host, const char *root,
		    sbk_visit_fn *visit, void *arg, struct sbk_error *err)
{
	return walk_from(host, root, true, visit, arg, err);
}
