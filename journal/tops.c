/*
 * Trees that were granted, and which of them an undo gives up. What was made
 * in such a tree after the grant has inherited entries of ours and stands in
 * no journal: it is found by walking (DESIGN part 5, *later object*).
 *
 * A tree is given up when no change in effect remains at or below its top.
 * The top is the root of the grant; or, when only a part is undone, the path
 * under which all of that part stands. An object below one that stays granted
 * to the same principal has its entries from there and is left alone.
 */
#include "journal/summary.h"
#include "journal/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "engine/plan_undo.h"
#include "engine/table.h"

#include "engine/banned.h"

/* A root of an ordinary transaction. */
struct sbk_granted_root {
	const char *path, *identity, *principal;
	uint64_t first, last; /* its transaction's changes */
	size_t in_effect;     /* of them at or below `path`, before the undo */
	size_t undone;	      /* of those, by this undo */
	const char *shortest; /* the shortest path of these, */
	const char *shortest_identity; /* and whose it is */
	bool remains;		       /* something stays in effect */
};

static bool is_undone(struct sbk_undo *undo, uint64_t id)
{
	return sbk_undo_change(undo, id) != NULL;
}

/* --- reading the roots -------------------------------------------------- */

static int read_root(struct sbk_undo *undo, sqlite3_stmt *row,
		     struct sbk_granted_root *out, struct sbk_error *err)
{
	const char *texts[3];
	int i;

	for (i = 0; i < 3; i++) {
		const char *text = sbk_db_text(row, i);

		texts[i] = sbk_arena_strdup(&undo->arena,
					    text != NULL ? text : "");
		if (texts[i] == NULL)
			return sbk_error_no_memory(err);
	}
	*out = (struct sbk_granted_root){
		.path = texts[0],
		.identity = texts[1],
		.principal = texts[2],
		.first = (uint64_t)sqlite3_column_int64(row, 3),
		.last = (uint64_t)sqlite3_column_int64(row, 4),
	};
	return 0;
}

static int read_roots(struct sbk_undo *undo, struct sbk_error *err)
{
	struct sbk_db *db = &undo->journal->db;
	sqlite3_stmt *row;
	size_t capacity = 0;
	int rc = sbk_db_statement(db, SBK_SQL_GRANTED_ROOTS, &row, err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		if (!sbk_scope_has(undo->journal,
				   (uint64_t)sqlite3_column_int64(row, 5)))
			continue; /* nothing of it is in effect */
		if (undo->granted_count == capacity) {
			struct sbk_granted_root *grown;

			capacity = capacity > 0 ? 2 * capacity : 16;
			grown = realloc(undo->granted,
					capacity * sizeof(*grown));
			if (grown == NULL) {
				rc = sbk_error_no_memory(err);
				break;
			}
			undo->granted = grown;
		}
		rc = read_root(undo, row, &undo->granted[undo->granted_count],
			       err);
		if (rc < 0)
			break;
		undo->granted_count++;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* --- which of them are given up ----------------------------------------- */

static int note_shortest(struct sbk_undo *undo, struct sbk_granted_root *root,
			 const char *name, const char *identity,
			 struct sbk_error *err)
{
	if (identity == NULL ||
	    (root->shortest != NULL && strlen(root->shortest) <= strlen(name)))
		return 0;
	root->shortest = sbk_arena_strdup(&undo->arena, name);
	root->shortest_identity = sbk_arena_strdup(&undo->arena, identity);
	if (root->shortest == NULL || root->shortest_identity == NULL)
		return sbk_error_no_memory(err);
	return 0;
}

/* Counts the changes in effect at or below `top`, and those of them that are
 * undone now. */
static int count_below(struct sbk_undo *undo, struct sbk_granted_root *root,
		       const char *top, size_t *in_effect, size_t *undone,
		       struct sbk_error *err)
{
	struct sbk_db *db = &undo->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_IN_EFFECT, &row, err);

	*in_effect = 0;
	*undone = 0;
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)root->first);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)root->last);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const char *name = sbk_db_text(row, 1);

		if (name == NULL || !sbk_path_within(name, top))
			continue;
		(*in_effect)++;
		if (!is_undone(undo, (uint64_t)sqlite3_column_int64(row, 0)))
			continue;
		(*undone)++;
		rc = note_shortest(undo, root, name, sbk_db_text(row, 2), err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static int add_top(struct sbk_undo *undo, const struct sbk_granted_root *root,
		   const char *path, const char *identity,
		   struct sbk_error *err)
{
	const struct sbk_plan_root top = {
		.path = path,
		.identity = identity,
		.principal = root->principal,
	};

	if (identity[0] == '\0')
		return 0; /* nothing to find it by */
	return sbk_plan_add_root(undo->tops, &top, NULL, err);
}

static int judge_root(struct sbk_undo *undo, struct sbk_granted_root *root,
		      struct sbk_error *err)
{
	size_t in_effect, undone;
	int rc = count_below(undo, root, root->path, &root->in_effect,
			     &root->undone, err);

	if (rc < 0)
		return rc;
	root->remains = root->undone < root->in_effect;
	if (root->undone == 0)
		return 0;
	if (!root->remains)
		return add_top(undo, root, root->path, root->identity, err);
	if (root->shortest == NULL)
		return 0;
	rc = count_below(undo, root, root->shortest, &in_effect, &undone, err);
	if (rc == 0 && undone == in_effect)
		rc = add_top(undo, root, root->shortest,
			     root->shortest_identity, err);
	return rc;
}

static int add_search_root(struct sbk_undo *undo,
			   const struct sbk_granted_root *root,
			   struct sbk_error *err)
{
	const struct sbk_plan_root search = {.path = root->path,
					     .principal = root->principal};

	if (root->in_effect == 0)
		return 0;
	return sbk_plan_add_root(undo->search, &search, NULL, err);
}

int sbk_tops_find(struct sbk_undo *undo, struct sbk_error *err)
{
	size_t i;
	int rc;

	undo->search = sbk_plan_new();
	undo->tops = sbk_plan_new();
	if (undo->search == NULL || undo->tops == NULL)
		return sbk_error_no_memory(err);
	rc = read_roots(undo, err);
	for (i = 0; rc == 0 && i < undo->granted_count; i++) {
		rc = judge_root(undo, &undo->granted[i], err);
		if (rc == 0)
			rc = add_search_root(undo, &undo->granted[i], err);
	}
	return rc;
}

void sbk_tops_release(struct sbk_undo *undo)
{
	sbk_plan_free(undo->search);
	sbk_plan_free(undo->tops);
	free(undo->granted);
	sbk_arena_release(&undo->arena);
}

/* --- later objects ------------------------------------------------------ */

/* What the journal itself takes care of below one top. */
struct cared_for {
	struct sbk_arena arena;	     /* of both sets */
	struct sbk_table identities; /* undone now, or in effect */
	struct sbk_table names;	     /* in effect at or below the top */
};

static int care_for(struct sbk_table *set, const char *text,
		    struct sbk_error *err)
{
	bool fresh;

	return sbk_table_put_text(set, text, &fresh) != NULL
		       ? 0
		       : sbk_error_no_memory(err);
}

static int care_for_undone(struct sbk_undo *undo, struct cared_for *out,
			   struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(undo->changes); i++) {
		const char *identity =
			sbk_plan_at(undo->changes, i)->object.identity;

		if (identity != NULL)
			rc = care_for(&out->identities, identity, err);
	}
	return rc;
}

static int care_for_row(struct sbk_undo *undo, sqlite3_stmt *row,
			const char *top, struct cared_for *out,
			struct sbk_error *err)
{
	const char *name = sbk_db_text(row, 1), *identity = sbk_db_text(row, 2);
	int rc = 0;

	if (is_undone(undo, (uint64_t)sqlite3_column_int64(row, 0)))
		return 0;
	if (identity != NULL)
		rc = care_for(&out->identities, identity, err);
	if (rc == 0 && name != NULL && sbk_path_within(name, top))
		rc = care_for(&out->names, name, err);
	return rc;
}

/* Changes that stay in effect by a grant to the same principal. */
static int care_for_root(struct sbk_undo *undo,
			 const struct sbk_granted_root *root, const char *top,
			 struct cared_for *out, struct sbk_error *err)
{
	struct sbk_db *db = &undo->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_IN_EFFECT, &row, err);

	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)root->first);
	(void)sqlite3_bind_int64(row, 2, (sqlite3_int64)root->last);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		rc = care_for_row(undo, row, top, out, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

/* Objects that named the principal before us, whether or not what recorded
 * that has been undone. */
static int care_for_named(struct sbk_undo *undo, const char *principal,
			  struct cared_for *out, struct sbk_error *err)
{
	struct sbk_db *db = &undo->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_NAMED_BEFORE, &row, err);

	if (rc < 0)
		return rc;
	sbk_db_bind_text(row, 1, principal);
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		rc = care_for(&out->identities, sbk_db_text(row, 0), err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

static int collect_cared_for(struct sbk_undo *undo,
			     const struct sbk_plan_root *top,
			     struct cared_for *out, struct sbk_error *err)
{
	size_t i;
	/* Also by what was done and undone long ago. */
	int rc = sbk_scope_leave(undo->journal, err);

	if (rc == 0)
		rc = care_for_undone(undo, out, err);
	if (rc == 0)
		rc = care_for_named(undo, top->principal, out, err);
	for (i = 0; rc == 0 && i < undo->granted_count; i++) {
		const struct sbk_granted_root *root = &undo->granted[i];

		if (root->remains &&
		    strcmp(root->principal, top->principal) == 0)
			rc = care_for_root(undo, root, top->path, out, err);
	}
	return rc;
}

/* Whether the object stands below one whose grant stays, and has inherited
 * its entries from there. */
static bool is_covered(const struct cared_for *cared_for, const char *top,
		       const char *name)
{
	char path[SBK_PATH_MAX];
	char *slash;

	if (cared_for->names.used == 0 ||
	    (size_t)snprintf(path, sizeof(path), "%s", name) >= sizeof(path))
		return false;
	while (sbk_path_within(path, top)) {
		if (sbk_table_find_text(&cared_for->names, path) != NULL)
			return true;
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path)
			break;
		*slash = '\0';
	}
	return false;
}

/* What was tried once in this undo is not tried again: the next start will. */
static int care_for_tried(struct sbk_undo *undo, struct cared_for *out,
			  struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < undo->tried; i++) {
		const struct sbk_change *change = sbk_plan_at(undo->inverse, i);

		if (change->undoes == 0)
			rc = care_for(&out->identities, change->object.identity,
				      err);
	}
	return rc;
}

static bool is_left_alone(const struct cared_for *cared_for, const char *top,
			  const struct sbk_object *object)
{
	return (object->identity != NULL &&
		sbk_table_find_text(&cared_for->identities, object->identity) !=
			NULL) ||
	       is_covered(cared_for, top, object->name);
}

/* One look at all the tops: what it adds, each object once. */
struct pass {
	struct sbk_plan *plan;
	struct sbk_arena arena;
	struct sbk_table planned; /* by identity: size_t into `plan` */
	struct sbk_buf next;
};

/*
 * Adds one change. Who granted a tree to several gives it up for all of them
 * at once, and an object has one change for that, which takes out the entries
 * of each: a second one would begin with what the first has not left yet.
 */
static int adopt_one(struct sbk_undo *undo, struct pass *pass,
		     const struct sbk_change *change, const char *principal,
		     struct sbk_error *err)
{
	bool fresh;
	size_t *index = sbk_table_put_text(&pass->planned,
					   change->object.identity, &fresh);
	int rc;

	if (index == NULL)
		return sbk_error_no_memory(err);
	if (fresh) {
		*index = sbk_plan_count(pass->plan);
		return sbk_plan_add(pass->plan, change, err);
	}
	sbk_buf_clear(&pass->next);
	rc = sbk_backend_strip(undo->backend,
			       sbk_plan_at(pass->plan, *index)->after,
			       &principal, 1, &pass->next, err);
	if (rc < 0)
		return rc;
	return sbk_plan_set_after(
		pass->plan, *index,
		(struct sbk_state){.data = sbk_buf_text(&pass->next),
				   .size = pass->next.size},
		err);
}

/* Adds what was found but for what the journal itself takes care of. */
static int adopt_found(struct sbk_undo *undo, struct sbk_plan *found,
		       const struct sbk_plan_root *top, struct pass *pass,
		       struct sbk_error *err)
{
	struct cared_for cared_for = {
		.identities = SBK_TABLE_INIT(0, &cared_for.arena),
		.names = SBK_TABLE_INIT(0, &cared_for.arena)};
	size_t i;
	int rc;

	if (sbk_plan_count(found) == 0)
		return 0;
	rc = collect_cared_for(undo, top, &cared_for, err);
	if (rc == 0)
		rc = care_for_tried(undo, &cared_for, err);
	for (i = 0; rc == 0 && i < sbk_plan_count(found); i++) {
		const struct sbk_change *change = sbk_plan_at(found, i);

		if (!is_left_alone(&cared_for, top->path, &change->object))
			rc = adopt_one(undo, pass, change, top->principal, err);
	}
	sbk_table_release(&cared_for.identities);
	sbk_table_release(&cared_for.names);
	sbk_arena_release(&cared_for.arena);
	return rc;
}

/* What could not be looked at is told to people. */
static int adopt_notes(struct sbk_plan *found, const struct sbk_error *why,
		       struct sbk_plan *plan, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_note_count(found); i++)
		rc = sbk_plan_add_note(plan, err, "%s",
				       sbk_plan_note_at(found, i));
	if (rc == 0 && why->code != 0)
		rc = sbk_plan_add_note(plan, err, "not examined: %s",
				       why->message);
	return rc;
}

static int plan_top(struct sbk_undo *undo, const struct sbk_plan_root *top,
		    const char *const *search, struct pass *pass,
		    struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_plan *found = sbk_plan_new();
	int rc;

	if (found == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_plan_undo_later(undo->backend, top, search,
				 sbk_plan_root_count(undo->search), found,
				 &why);
	if (rc == SBK_E_NOMEM) {
		rc = sbk_error_set(err, rc, "out of memory");
		goto out;
	}
	/* One tree that cannot be looked at does not stop the others. */
	undo->incomplete = undo->incomplete || rc != 0;
	rc = adopt_notes(found, &why, pass->plan, err);
	if (rc == 0 && sbk_plan_count(found) > 0)
		rc = adopt_found(undo, found, top, pass, err);
out:
	sbk_plan_free(found);
	return rc;
}

int sbk_tops_plan_later(struct sbk_undo *undo, struct sbk_plan *plan,
			struct sbk_error *err)
{
	struct pass pass = {.plan = plan,
			    .planned =
				    SBK_TABLE_INIT(sizeof(size_t), &pass.arena),
			    .next = SBK_BUF_INIT};
	const char **search = NULL;
	size_t i;
	int rc = sbk_undo_search(undo->search, &search, err);

	undo->incomplete = false;
	undo->tried = sbk_plan_count(undo->inverse);
	for (i = 0; rc == 0 && i < sbk_plan_root_count(undo->tops); i++)
		rc = plan_top(undo, sbk_plan_root_at(undo->tops, i), search,
			      &pass, err);
	free(search);
	sbk_table_release(&pass.planned);
	sbk_arena_release(&pass.arena);
	sbk_buf_release(&pass.next);
	return rc;
}
