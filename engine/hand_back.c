/*
 * What the account owns in granted roots, and the changes that give it to the
 * person. Everything in these trees is the work of sandboxed commands: a name
 * only says where to look, and what is planned is what a pinned object was
 * seen to be. Reads only.
 *
 * A file with several names is planned once, and only where all of them were
 * met: one outside would become the person's at a place that nobody chose.
 */
#include "engine/hand_back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/look_ahead.h"
#include "engine/path.h"
#include "engine/path_form.h"
#include "engine/table.h"

#include "engine/banned.h"

/* One file with several names. */
struct linked {
	uint32_t seen, links;
	size_t first; /* name of it in `met` */
};

struct finding {
	const struct sbk_hand_back *who;
	const struct sbk_hand_back_where *where;
	struct sbk_hand_back_left *left;
	struct sbk_plan *plan; /* the caller's */
	struct sbk_plan *met;  /* names that bore the account in the survey */
	uint32_t *links;       /* of each, as surveyed */
	size_t links_capacity;
	struct sbk_buf clean; /* the last state that was nothing of ours */
	struct sbk_buf next;
	struct sbk_buf directory;     /* a path */
	struct sbk_observation above; /* of it, where none is planned */
	struct sbk_table planned;     /* by path: size_t into `plan` */
	struct sbk_arena arena;
	struct linked *linked;
	size_t linked_count, linked_capacity;
	struct sbk_table linked_index; /* by identity: size_t into `linked` */
	struct sbk_table seen;	       /* identities that are planned; a set */
};

static void leave(struct finding *f, const char *path, const char *why)
{
	if (f->left->count++ > 0)
		return;
	(void)snprintf(f->left->first, sizeof(f->left->first), "%s", path);
	(void)snprintf(f->left->why, sizeof(f->left->why), "%s", why);
}

static bool is_busy(const struct finding *f, const char *path)
{
	size_t i;

	for (i = 0; i < f->where->busy_count; i++)
		if (sbk_path_within(path, f->where->busy[i]))
			return true;
	return false;
}

/* Whether the account owns it or is its group. */
static int bears(struct finding *f, struct sbk_state state, bool *out,
		 struct sbk_error *err)
{
	const struct sbk_backend *backend = f->who->backend;
	unsigned how = 0, as_group = 0;
	const struct sbk_hand_back_account *account = f->who->account;
	int rc = sbk_backend_naming(backend, state, account->user, &how, err);

	if (rc == 0)
		rc = sbk_backend_naming(backend, state, account->group,
					&as_group, err);
	*out = (how & SBK_NAMED_OWNER) != 0 ||
	       (as_group & SBK_NAMED_GROUP) != 0;
	return rc;
}

/* --- the survey --------------------------------------------------------- */

static int meet(struct finding *f, const struct sbk_visit *visit,
		struct sbk_error *err)
{
	const struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS, .name = visit->path},
		.before = visit->access,
		.after = visit->access,
	};
	size_t index = sbk_plan_count(f->met);

	if (index == SBK_HAND_BACK_MAX) {
		f->left->more = true;
		return 1;
	}
	if (index == f->links_capacity) {
		size_t capacity = index > 0 ? 2 * index : 256;
		uint32_t *grown = realloc(f->links, capacity * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_no_memory(err);
		f->links = grown;
		f->links_capacity = capacity;
	}
	f->links[index] = visit->links;
	return sbk_plan_add(f->met, &change, err);
}

static int visit_object(struct finding *f, const struct sbk_visit *visit,
			struct sbk_error *err)
{
	const struct sbk_state clean = {.data = sbk_buf_text(&f->clean),
					.size = f->clean.size};
	bool ours;
	int rc;

	/* Most of a tree is in one state. */
	if (sbk_state_equal(visit->access, clean))
		return 0;
	rc = bears(f, visit->access, &ours, err);
	if (rc < 0)
		return rc;
	if (ours)
		return meet(f, visit, err);
	sbk_buf_clear(&f->clean);
	sbk_buf_add(&f->clean, visit->access.data, visit->access.size);
	return sbk_buf_failed(&f->clean, err);
}

static int visit(void *arg, const struct sbk_visit *seen, struct sbk_error *err)
{
	struct finding *f = arg;

	if (is_busy(f, seen->path))
		return 1;
	if (seen->kind == SBK_VISIT_UNREADABLE) {
		leave(f, seen->path, seen->problem->message);
		return 0;
	}
	return seen->kind == SBK_VISIT_OBJECT ? visit_object(f, seen, err) : 0;
}

static int survey_root(struct finding *f, size_t index, struct sbk_error *err)
{
	const char *root = f->where->roots[index];
	struct sbk_error why = SBK_ERROR_INIT;
	size_t i;
	int rc;

	for (i = 0; i < f->where->root_count; i++) {
		const char *other = f->where->roots[i];

		/* Once, and with the outermost. */
		if (i != index && sbk_path_within(root, other) &&
		    (strcmp(root, other) != 0 || i < index))
			return 0;
	}
	rc = sbk_backend_survey(f->who->backend, root, visit, f, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	/* One that is gone has nothing in it. */
	if (rc < 0 && rc != SBK_E_NOTFOUND)
		leave(f, root, why.message);
	return 0;
}

/* --- the plan ----------------------------------------------------------- */

/*
 * The state that the directory of `name` will have: what is planned for it, or
 * else what it is now. One that is changed meanwhile costs that the object
 * inherits what was there a moment before.
 */
static int find_above(struct finding *f, const char *name,
		      struct sbk_state *out, struct sbk_error *err)
{
	const char *slash = strrchr(name, '/');
	struct sbk_object directory = {.kind = SBK_KIND_ACCESS};
	const size_t *index;
	size_t root;
	int rc;

	*out = SBK_STATE_ABSENT;
	if (!sbk_backend_inherits(f->who->backend) ||
	    !sbk_path_root(name, &root))
		return 0;
	/* That of a root has its slash. */
	sbk_buf_clear(&f->directory);
	sbk_buf_add(&f->directory, name,
		    (size_t)(slash - name) + (slash == name + root));
	rc = sbk_buf_failed(&f->directory, err);
	if (rc < 0)
		return rc;
	directory.name = sbk_buf_text(&f->directory);
	index = sbk_table_find_text(&f->planned, directory.name);
	if (index != NULL) {
		*out = sbk_plan_at(f->plan, *index)->after;
		return 0;
	}
	sbk_observation_release(&f->above);
	f->above = (struct sbk_observation)SBK_OBSERVATION_INIT;
	rc = sbk_backend_observe(f->who->backend, &directory, &f->above, err);
	if (rc == 0)
		*out = sbk_observation_state(&f->above);
	return rc;
}

static int add_planned(struct finding *f, const struct sbk_change *change,
		       struct sbk_error *err)
{
	bool fresh;
	size_t *index =
		sbk_table_put_text(&f->planned, change->object.name, &fresh);

	if (index == NULL)
		return sbk_error_no_memory(err);
	*index = sbk_plan_count(f->plan);
	return sbk_plan_add(f->plan, change, err);
}

static int plan_one(struct finding *f, const char *name,
		    const struct sbk_observation *seen, struct sbk_error *err)
{
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = name,
			   .identity = sbk_buf_text(&seen->identity)},
		.before = sbk_observation_state(seen),
		.reason = "made by the account in a run: handed back",
	};
	struct sbk_hand_back_object object = {.path = name,
					      .current = change.before};
	struct sbk_error why = SBK_ERROR_INIT;
	bool fresh;
	int rc = find_above(f, name, &object.above, &why);

	sbk_buf_clear(&f->next);
	if (rc == 0)
		rc = sbk_hand_back_state(f->who, &object, &f->next, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0) {
		leave(f, name, why.message);
		return 0;
	}
	change.after = (struct sbk_state){.data = sbk_buf_text(&f->next),
					  .size = f->next.size};
	if (sbk_state_equal(change.before, change.after))
		return 0; /* somebody else's by now */
	if (sbk_table_put_text(&f->seen, change.object.identity, &fresh) ==
	    NULL)
		return sbk_error_no_memory(err);
	return fresh ? add_planned(f, &change, err) : 0;
}

static int add_linked(struct finding *f, size_t index, struct sbk_error *err)
{
	if (f->linked_count == f->linked_capacity) {
		size_t capacity =
			f->linked_count > 0 ? 2 * f->linked_count : 64;
		struct linked *grown =
			realloc(f->linked, capacity * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_no_memory(err);
		f->linked = grown;
		f->linked_capacity = capacity;
	}
	f->linked[f->linked_count++] = (struct linked){.first = index};
	return 0;
}

/* Another name of a file; with the last one that there is, `all`. */
static int count_name(struct finding *f, size_t index,
		      const struct sbk_observation *seen, bool *all,
		      struct sbk_error *err)
{
	struct linked *linked;
	bool fresh = false;
	int rc;
	size_t *at = sbk_table_put_text(&f->linked_index,
					sbk_buf_text(&seen->identity), &fresh);

	if (at == NULL)
		return sbk_error_no_memory(err);
	if (fresh) {
		*at = f->linked_count;
		rc = add_linked(f, index, err);
		if (rc < 0)
			return rc;
	}
	linked = &f->linked[*at];
	linked->seen++;
	linked->links = f->links[index];
	*all = linked->seen >= linked->links;
	return 0;
}

/* `sbk_look_fn`. */
static int look_at(void *arg, size_t index, const struct sbk_observation *seen,
		   const struct sbk_error *why, struct sbk_error *err)
{
	struct finding *f = arg;
	const char *name = sbk_plan_at(f->met, index)->object.name;
	bool all = true;
	int rc = 0;

	if (seen == NULL && why->code == SBK_E_NOTFOUND)
		return 0; /* renamed or removed: the next survey sees */
	if (seen == NULL) {
		leave(f, name, why->message);
		return 0;
	}
	if (f->links[index] > 1)
		rc = count_name(f, index, seen, &all, err);
	return rc < 0 || !all ? rc : plan_one(f, name, seen, err);
}

/* Files with a name that was not met. */
static void leave_linked(struct finding *f)
{
	size_t i;

	for (i = 0; i < f->linked_count && !f->left->more; i++)
		if (f->linked[i].seen < f->linked[i].links)
			leave(f,
			      sbk_plan_at(f->met, f->linked[i].first)
				      ->object.name,
			      "it has a name elsewhere (a hard link)");
}

int sbk_hand_back_find(void *arg, const struct sbk_hand_back_where *where,
		       struct sbk_plan *plan, struct sbk_hand_back_left *left,
		       struct sbk_error *err)
{
	struct finding f = {
		.who = arg,
		.where = where,
		.left = left,
		.plan = plan,
		.met = sbk_plan_new(),
		.clean = SBK_BUF_INIT,
		.next = SBK_BUF_INIT,
		.linked_index = SBK_TABLE_INIT(sizeof(size_t), &f.arena),
		.seen = SBK_TABLE_INIT(0, &f.arena),
		.directory = SBK_BUF_INIT,
		.above = SBK_OBSERVATION_INIT,
		.planned = SBK_TABLE_INIT(sizeof(size_t), &f.arena),
	};
	size_t i;
	int rc = f.met == NULL ? sbk_error_no_memory(err) : 0;

	for (i = 0; rc == 0 && i < where->root_count; i++)
		rc = survey_root(&f, i, err);
	if (rc == 0 && sbk_plan_count(f.met) > 0)
		rc = sbk_look_ahead_plan(f.who->backend, f.met, look_at, &f,
					 err);
	if (rc == 0)
		leave_linked(&f);
	sbk_plan_free(f.met);
	free(f.links);
	free(f.linked);
	sbk_buf_release(&f.clean);
	sbk_buf_release(&f.next);
	sbk_table_release(&f.linked_index);
	sbk_table_release(&f.seen);
	sbk_table_release(&f.planned);
	sbk_observation_release(&f.above);
	sbk_buf_release(&f.directory);
	sbk_arena_release(&f.arena);
	return rc;
}
