/*
 * The objects of a granted tree: which of them gets which right.
 *
 * Files with more than one name are decided last, when the whole of all roots
 * was seen: an object is one however many names it has, and only then it is
 * known whether one of them lies outside.
 *
 * The later passes list only directories whose entries changed, by their
 * modification time, since a large tree would be read twice otherwise. A time
 * that was fresh when the directory was read says nothing, because a clock
 * ticks coarsely; such a directory is read again. A program that sets a
 * directory's time back keeps a file from being granted, and gains nothing.
 */
#include "engine/plan_grant_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "engine/places.h"

#include "engine/banned.h"

#define SETTLED_NS 3000000000 /* older than any clock tick: ext3 has 1 s */

static const char *rights_words(enum sbk_rights rights)
{
	switch (rights) {
	case SBK_RIGHTS_WRITE:
		return "read and write";
	case SBK_RIGHTS_SEARCH:
		return "pass through";
	default:
		return "read";
	}
}

/* Whether `path` is a protected name in the root, or below one; `itself` says
 * that it is the name. */
static bool is_protected(const char *path, const char *root, bool *itself)
{
	const char *name, *end;
	size_t i, size = strlen(root);

	if (path[size] != '/')
		return false;
	name = path + size + 1;
	end = name + strcspn(name, "/");
	*itself = *end == '\0';
	size = (size_t)(end - name);
	for (i = 0; sbk_protected_names[i] != NULL; i++)
		if (strlen(sbk_protected_names[i]) == size &&
		    memcmp(name, sbk_protected_names[i], size) == 0)
			return true;
	return strlen(sbk_project_policy_name) == size &&
	       memcmp(name, sbk_project_policy_name, size) == 0;
}

/* Whether a grant that was planned before changes it. */
static bool is_excepted(const struct sbk_grant *grant, const char *identity)
{
	const struct sbk_grant *before = grant->request->except;

	for (; before != NULL; before = before->request->except)
		if (sbk_table_find_text(&before->planned, identity) != NULL)
			return true;
	return false;
}

int sbk_grant_add_change(struct sbk_grant *grant,
			 const struct sbk_change *change, struct sbk_error *err)
{
	const struct sbk_change *added;
	bool fresh;
	int rc;

	if (is_excepted(grant, change->object.identity))
		return 0;
	rc = sbk_plan_add(grant->plan, change, err);
	if (rc < 0)
		return rc;
	added = sbk_plan_at(grant->plan, sbk_plan_count(grant->plan) - 1);
	return sbk_table_put_text(&grant->planned, added->object.identity,
				  &fresh) != NULL
		       ? 0
		       : sbk_error_no_memory(err);
}

/* Whether what names the principal there comes from an earlier grant. */
static bool is_inherited(const struct sbk_grant *grant, const char *path)
{
	struct sbk_plan *roots = grant->request->in_effect;
	size_t i;

	if (grant->later || grant->root_moved)
		return true;
	for (i = 0; roots != NULL && i < sbk_plan_root_count(roots); i++)
		if (sbk_path_within(path, sbk_plan_root_at(roots, i)->path))
			return true;
	return false;
}

/* What names the principal there was there before us: see `in_effect` in
 * plan_grant.h. */
static int record_named(struct sbk_grant *grant,
			const struct sbk_object *object,
			struct sbk_state access, struct sbk_error *err)
{
	const struct sbk_change change = {
		.object = *object,
		.before = access,
		.after = access,
		.ours = "",
		.reason = "names the principal already: not ours",
	};

	if (is_inherited(grant, object->name))
		return 0;
	return sbk_plan_add(grant->plan, &change, err);
}

/* Counts an object that is left out, and keeps the first one for the note. */
static int leave_out(struct sbk_grant *grant, size_t *count, const char **first,
		     const char *path, struct sbk_error *err)
{
	if ((*count)++ > 0)
		return 0;
	*first = sbk_arena_strdup(&grant->arena, path);
	return *first == NULL ? sbk_error_no_memory(err) : 0;
}

/* What its list is protected from stays as it is, with what is below it. */
static int shelter(struct sbk_grant *grant, const char *path,
		   struct sbk_error *err)
{
	grant->root->carved_out++;
	grant->below_is_sheltered = true;
	return leave_out(grant, &grant->sheltered, &grant->sheltered_path, path,
			 err);
}

/* A sensitive or denied object: nothing is given, and what it has stays. */
static int leave_alone(struct sbk_grant *grant, const struct sbk_object *object,
		       struct sbk_state access, struct sbk_error *err)
{
	bool named;
	int rc;

	if (grant->later)
		return 0;
	rc = sbk_grant_strip(grant, access, &named, err);
	if (rc < 0 || !named)
		return rc;
	if (is_inherited(grant, object->name))
		return leave_out(grant, &grant->kept, &grant->kept_path,
				 object->name, err);
	return record_named(grant, object, access, err);
}

static const char *reason_of(unsigned rights)
{
	if ((rights & (SBK_GRANT_DENIED | SBK_GRANT_SHIELDED)) != 0)
		return "grant: read, writing denied";
	return SBK_GRANT_RIGHT(rights) == SBK_RIGHTS_WRITE
		       ? "grant: read and write"
		       : "grant: read";
}

static int refuse(struct sbk_grant *grant, const char *path, const char *why,
		  const char *remedy, struct sbk_error *err);

static int give(struct sbk_grant *grant, const struct sbk_object *object,
		struct sbk_state access, bool is_directory, unsigned rights,
		struct sbk_error *err)
{
	struct sbk_change change = {
		.object = *object,
		.before = access,
		.reason = reason_of(rights),
	};
	const struct sbk_grant_memo *memo;
	int rc = 0;

	if (sbk_table_find_text(&grant->planned, object->identity) != NULL) {
		grant->root->already++;
		return 0;
	}
	memo = sbk_grant_state(grant, access, is_directory, rights);
	if (memo->named)
		rc = record_named(grant, object, access, err);
	if (rc < 0)
		return rc;
	if (memo->rc == SBK_E_UNSUPPORTED && (rights & SBK_GRANT_DENIED) != 0)
		rc = refuse(grant, object->name, memo->problem.message,
			    "mend that", err);
	else if (memo->rc == SBK_E_UNSUPPORTED)
		grant->root->skipped++;
	else if (memo->rc == SBK_E_CONFLICT)
		rc = leave_out(grant, &grant->masked, &grant->masked_path,
			       object->name, err);
	else if (memo->rc < 0)
		return sbk_error_set(err, memo->rc, "%s: '%s'",
				     memo->problem.message, object->name);
	if (rc == 0 && memo->rc == 0 && memo->sheltered)
		rc = shelter(grant, object->name, err);
	if (rc < 0 || memo->rc < 0)
		return rc;
	change.after = (struct sbk_state){.data = sbk_buf_text(&memo->next),
					  .size = memo->next.size};
	change.ours = sbk_buf_text(&memo->ours);
	if (!sbk_state_equal(change.after, access))
		return sbk_grant_add_change(grant, &change, err);
	grant->root->already += !memo->sheltered;
	return 0;
}

/* Whether an object with these rights is not written. */
static bool is_read_only(unsigned rights)
{
	return SBK_GRANT_RIGHT(rights) != SBK_RIGHTS_WRITE ||
	       (rights & (SBK_GRANT_DENIED | SBK_GRANT_SHIELDED)) != 0;
}

/* The same object, not to be written. Its list is one for all its names, so a
 * denial stands in it for itself. */
static unsigned read_only(const struct sbk_grant *grant, unsigned rights)
{
	if (!sbk_backend_inherits(grant->backend))
		return SBK_RIGHTS_READ;
	if (SBK_GRANT_RIGHT(rights) == SBK_RIGHTS_WRITE)
		rights |= SBK_GRANT_DENIED;
	return rights & ~(unsigned)SBK_GRANT_SHIELDED;
}

/* A file with several names: counted now, decided when all were seen. */
static int defer(struct sbk_grant *grant, const struct sbk_visit *visit,
		 unsigned rights, struct sbk_error *err)
{
	size_t *index =
		sbk_table_find_text(&grant->linked_index, visit->identity);
	struct sbk_grant_linked *linked;
	bool fresh;

	if (index != NULL) {
		grant->linked[*index].seen++;
		/* Read-only by one of its names is read-only. */
		if (is_read_only(rights))
			grant->linked[*index].rights = read_only(grant, rights);
		grant->root->already++;
		return 0;
	}
	if (grant->linked_count == grant->linked_capacity) {
		size_t capacity = grant->linked_capacity * 2 + 64;
		void *items = realloc(grant->linked,
				      capacity * sizeof(*grant->linked));

		if (items == NULL)
			return sbk_error_no_memory(err);
		grant->linked = items;
		grant->linked_capacity = capacity;
	}
	linked = &grant->linked[grant->linked_count];
	*linked = (struct sbk_grant_linked){
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = sbk_arena_strdup(&grant->arena, visit->path),
			   .identity = sbk_arena_strdup(&grant->arena,
							visit->identity)},
		.access = {.data = sbk_arena_copy(&grant->arena,
						  visit->access.data,
						  visit->access.size),
			   .size = visit->access.size},
		.root = grant->root,
		.own = grant->root_own,
		.takes_back = grant->root_takes_back,
		.rights = is_read_only(rights) ? read_only(grant, rights)
					       : rights,
		.links = visit->links,
		.seen = 1,
	};
	if (linked->object.name == NULL || linked->object.identity == NULL ||
	    linked->access.data == NULL)
		return sbk_error_no_memory(err);
	index = sbk_table_put_text(&grant->linked_index,
				   linked->object.identity, &fresh);
	if (index == NULL)
		return sbk_error_no_memory(err);
	*index = grant->linked_count++;
	return 0;
}

/*
 * A file with several names in a later pass. It was decided before, or it came
 * in since, and its other names may be anywhere, a sensitive place included.
 */
static int leave_linked(struct sbk_grant *grant, const struct sbk_visit *visit,
			struct sbk_error *err)
{
	if (sbk_table_find_text(&grant->linked_index, visit->identity) != NULL)
		return 0;
	return leave_out(grant, &grant->refused, &grant->refused_path,
			 visit->path, err);
}

/* An object that the person may not grant: refused while planning, left out
 * later. */
static int refuse(struct sbk_grant *grant, const char *path, const char *why,
		  const char *remedy, struct sbk_error *err)
{
	if (grant->later)
		return leave_out(grant, &grant->refused, &grant->refused_path,
				 path, err);
	/* The path comes last, since it may be longer than the message. */
	return sbk_error_set(err, SBK_E_DENIED,
			     "%s cannot be given the right to %s: %s; %s, or "
			     "grant a path without it: '%s'",
			     grant->request->principal_name,
			     rights_words(grant->request->rights), why, remedy,
			     path);
}

static int owned_by_principal(const struct sbk_grant *grant,
			      const struct sbk_visit *visit, bool *owned,
			      struct sbk_error *err)
{
	const char *principal = grant->request->principal;
	unsigned how = 0;
	char text[16];
	int rc;

	*owned = false;
	if (principal == NULL)
		return 0;
	if (sbk_grant_has_numbers(grant)) {
		(void)snprintf(text, sizeof(text), "u:%" PRIu32, visit->owner);
		*owned = strcmp(text, principal) == 0;
		return 0;
	}
	rc = sbk_backend_naming(grant->backend, visit->access, principal, &how,
				err);
	*owned = rc == 0 && (how & SBK_NAMED_OWNER) != 0;
	return rc;
}

/* 1 where the object may be granted, 0 where it is left out, or an error. */
static int check_object(struct sbk_grant *grant, const struct sbk_visit *visit,
			struct sbk_error *err)
{
	char why[64];
	bool owned;
	int rc = owned_by_principal(grant, visit, &owned, err);

	if (rc < 0)
		return rc;
	if (owned) {
		grant->root->already++;
		return 0;
	}
	if (sbk_grant_has_numbers(grant) &&
	    visit->owner != grant->request->person->uid) {
		(void)snprintf(why, sizeof(why),
			       "it belongs to account %" PRIu32, visit->owner);
		rc = refuse(grant, visit->path, why,
			    "have its owner give it to you", err);
		return rc < 0 ? rc : 0;
	}
	if (visit->fixed != NULL) {
		rc = refuse(grant, visit->path, visit->fixed,
			    "make its access changeable", err);
		return rc < 0 ? rc : 0;
	}
	return 1;
}

/* Remembers a directory; the answer is the walk's verdict for it. */
static int enter_directory(struct sbk_grant *grant,
			   const struct sbk_visit *visit, struct sbk_error *err)
{
	int64_t *known =
		sbk_table_find_text(&grant->directories, visit->identity);
	int64_t modified = visit->modified_ns;
	const char *key;
	bool fresh;

	if (known != NULL && *known != 0 && *known == modified)
		return grant->later ? 2 : 0;
	/* A fresh time may be that of a later change too. */
	if (modified > grant->now_ns - SETTLED_NS)
		modified = 0;
	if (known != NULL) {
		*known = modified;
		return 0;
	}
	key = sbk_arena_strdup(&grant->arena, visit->identity);
	if (key == NULL)
		return sbk_error_no_memory(err);
	known = sbk_table_put_text(&grant->directories, key, &fresh);
	if (known == NULL)
		return sbk_error_no_memory(err);
	*known = modified;
	return 0;
}

static unsigned rights_where_inherited(struct sbk_grant *grant,
				       const struct sbk_visit *visit)
{
	unsigned rights = grant->request->rights;
	bool itself = false;

	if (strcmp(visit->path, grant->root->path) != 0)
		rights |= SBK_RIGHTS_BELOW;
	if (grant->request->rights != SBK_RIGHTS_WRITE ||
	    !sbk_grant_is_named(grant, visit, &itself))
		return rights;
	grant->protected_seen = true;
	grant->root->carved_out += itself;
	return rights | (itself ? SBK_GRANT_DENIED : SBK_GRANT_SHIELDED);
}

static unsigned rights_for(struct sbk_grant *grant,
			   const struct sbk_visit *visit)
{
	bool itself = false;

	if (sbk_backend_inherits(grant->backend))
		return rights_where_inherited(grant, visit);
	if (grant->request->rights != SBK_RIGHTS_WRITE)
		return grant->request->rights;
	if (is_protected(visit->path, grant->root->path, &itself)) {
		grant->protected_seen = true;
		if (itself)
			grant->root->carved_out++;
		return SBK_RIGHTS_READ;
	}
	return SBK_RIGHTS_WRITE;
}

/* Told about, and granted like any other: the person may mean it. */
static int look_for_secret(struct sbk_grant *grant, const char *path,
			   struct sbk_error *err)
{
	const struct sbk_secret_file file = {.path = path,
					     .kind = sbk_secret_by_path(path)};

	if (file.kind == NULL || !sbk_secret_confirmed(file.kind, path))
		return 0;
	return sbk_plan_add_secret(grant->plan, &file, err);
}

static int visit_granted(struct sbk_grant *grant, const struct sbk_visit *visit,
			 struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = visit->path,
					  .identity = visit->identity};
	bool itself = false;
	unsigned rights;
	int rc;

	if (sbk_grant_is_sensitive(visit->path, grant->inside,
				   grant->inside_count, &itself)) {
		grant->root->carved_out += itself;
		return leave_alone(grant, &object, visit->access, err);
	}
	grant->root->objects++;
	rights = rights_for(grant, visit);
	if (grant->named.failed)
		return sbk_error_no_memory(err);
	if (!visit->is_directory && !grant->later) {
		rc = look_for_secret(grant, visit->path, err);
		if (rc < 0)
			return rc;
	}
	rc = check_object(grant, visit, err);
	if (rc < 0)
		return rc;
	grant->below_is_sheltered = false;
	if (rc == 1 && visit->links > 1)
		rc = grant->later ? leave_linked(grant, visit, err)
				  : defer(grant, visit, rights, err);
	else if (rc == 1)
		rc = give(grant, &object, visit->access, visit->is_directory,
			  rights, err);
	if (rc < 0 || !visit->is_directory)
		return rc;
	if (grant->below_is_sheltered)
		return 1;
	return enter_directory(grant, visit, err);
}

static int visit(void *arg, const struct sbk_visit *seen, struct sbk_error *err)
{
	struct sbk_grant *grant = arg;

	switch (seen->kind) {
	case SBK_VISIT_SKIPPED:
		grant->root->skipped++;
		return 0;
	case SBK_VISIT_UNREADABLE:
		return refuse(grant, seen->path, seen->problem->message,
			      "make it readable for you", err);
	default:
		return visit_granted(grant, seen, err);
	}
}

/* Identities of what lies at the sensitive paths, by their other names. */
static int visit_sensitive(void *arg, const struct sbk_visit *seen,
			   struct sbk_error *err)
{
	struct sbk_grant *grant = arg;
	const size_t *index;

	if (seen->kind != SBK_VISIT_OBJECT || seen->links < 2)
		return 0;
	index = sbk_table_find_text(&grant->linked_index, seen->identity);
	(void)err;
	if (index != NULL)
		grant->linked[*index].links = 0; /* marks it: see decide */
	return 0;
}

static bool any_outside(const struct sbk_grant *grant)
{
	size_t i;

	for (i = 0; i < grant->linked_count; i++)
		if (grant->linked[i].seen < grant->linked[i].links)
			return true;
	return false;
}

static int mark_sensitive(struct sbk_grant *grant, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	size_t i;
	int rc;

	for (i = 0; i < grant->sensitive_count; i++) {
		rc = sbk_backend_walk(grant->backend, grant->sensitive[i],
				      visit_sensitive, grant, &problem);
		/* What is gone or unreadable for the person is no name that
		 * the person could have linked. */
		if (rc < 0 && rc != SBK_E_NOTFOUND && rc != SBK_E_DENIED)
			return sbk_error_set(err, rc, "'%s': %s",
					     grant->sensitive[i],
					     problem.message);
	}
	return 0;
}

int sbk_grant_decide_linked(struct sbk_grant *grant, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (any_outside(grant))
		rc = mark_sensitive(grant, err);
	for (i = 0; rc == 0 && i < grant->linked_count; i++) {
		struct sbk_grant_linked *linked = &grant->linked[i];

		grant->root = linked->root;
		grant->root_own = linked->own;
		grant->root_takes_back = linked->takes_back;
		if (linked->links == 0) {
			grant->root->carved_out++;
			rc = leave_alone(grant, &linked->object, linked->access,
					 err);
			continue;
		}
		if (linked->seen < linked->links &&
		    !is_read_only(linked->rights)) {
			grant->root->linked_outside++;
			linked->rights = read_only(grant, linked->rights);
		}
		rc = give(grant, &linked->object, linked->access, false,
			  linked->rights, err);
	}
	return rc;
}

int sbk_grant_walk_root(struct sbk_grant *grant, struct sbk_plan_root *root,
			struct sbk_error *err)
{
	int rc = sbk_grant_find_names(grant, root->path, err);
	size_t i;

	if (rc < 0)
		return rc;
	grant->inside_count = 0;
	for (i = 0; i < grant->sensitive_count; i++)
		if (sbk_path_within(grant->sensitive[i], root->path))
			grant->inside[grant->inside_count++] =
				grant->sensitive[i];
	grant->root = root;
	grant->now_ns = sbk_os_now_ms() * 1000000;
	return sbk_backend_walk(grant->backend, root->path, visit, grant, err);
}
