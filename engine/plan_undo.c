/*
 * Inverse changes, decided from the host (DESIGN part 5). Owns the table of
 * cases; knows no encoding (the backend subtracts and strips) and no journal.
 *
 * Two passes: the first decides what stands at its name; what does not is
 * collected and searched by identity in one go, since a search may be a walk.
 */
#include "engine/plan_undo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

/* What an object will be once the inverse changes planned so far are made. */
struct prediction {
	const struct sbk_object *object; /* NULL: free slot */
	const char *name;		 /* where it is now */
	struct sbk_state state;
};

struct undoing {
	const struct sbk_backend *backend;
	struct sbk_plan *out;
	struct sbk_change **missing; /* not at their names, or other objects */
	size_t missing_count;
	struct sbk_change **kept;
	size_t kept_count;
	struct prediction *predictions; /* open addressing */
	size_t prediction_slots;	/* a power of two */
	struct sbk_observation seen;
	struct sbk_buf next;
};

/* Objects are one where their identities are, or, without one, their names. */
static const char *key_of(const struct sbk_object *object)
{
	return object->identity != NULL ? object->identity : object->name;
}

static size_t hash_of(const struct sbk_object *object)
{
	const char *key = key_of(object);
	uint64_t hash = 14695981039346656037u + (uint64_t)object->kind;

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

static bool same_object(const struct sbk_object *a, const struct sbk_object *b)
{
	return a->kind == b->kind && strcmp(key_of(a), key_of(b)) == 0;
}

static struct prediction *prediction_of(struct undoing *u,
					const struct sbk_object *object)
{
	size_t i = hash_of(object) & (u->prediction_slots - 1);

	while (u->predictions[i].object != NULL &&
	       !same_object(u->predictions[i].object, object))
		i = (i + 1) & (u->prediction_slots - 1);
	return &u->predictions[i];
}

static void settle(struct undoing *u, struct sbk_change *change,
		   enum sbk_status status, const char *note)
{
	const char *copy = sbk_plan_strdup(u->out, note);

	change->status = status;
	/* Without memory for the note the status still tells the truth. */
	change->note = copy != NULL ? copy : sbk_error_text(SBK_E_NOMEM);
}

static int add_inverse(struct undoing *u, struct sbk_change *change,
		       const char *name, struct sbk_state current,
		       struct sbk_state next, const char *note,
		       struct sbk_error *err)
{
	struct sbk_change inverse = {
		.object = change->object,
		.before = current,
		.after = next,
		.reason = note != NULL ? note : "undo",
		.undoes = change->id,
	};
	struct prediction *prediction = prediction_of(u, &change->object);
	const struct sbk_change *added;
	int rc;

	inverse.object.name = name;
	if (sbk_state_absent(current))
		inverse.object.identity = NULL;
	rc = sbk_plan_add(u->out, &inverse, err);
	if (rc < 0)
		return rc;
	added = sbk_plan_at(u->out, sbk_plan_count(u->out) - 1);
	*prediction = (struct prediction){.object = &change->object,
					  .name = added->object.name,
					  .state = added->after};
	return 0;
}

/* Others changed the object: exactly our entries go, the rest stays. */
static int take_out_ours(struct undoing *u, struct sbk_change *change,
			 const char *name, struct sbk_state current,
			 struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_state next;
	int rc;

	rc = sbk_backend_subtract(u->backend, change, current, &u->next, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0) {
		settle(u, change, SBK_STATUS_CONFLICT, why.message);
		return 0;
	}
	next = (struct sbk_state){.data = sbk_buf_text(&u->next),
				  .size = u->next.size};
	if (sbk_state_equal(next, current)) {
		settle(u, change, SBK_STATUS_UNDONE,
		       "others had taken our entries out already");
		return 0;
	}
	return add_inverse(u, change, name, current, next,
			   "undo: others changed it since, only our entries "
			   "are taken out",
			   err);
}

static int decide(struct undoing *u, struct sbk_change *change,
		  const char *name, struct sbk_state current,
		  struct sbk_error *err)
{
	if (sbk_state_equal(current, change->before)) {
		settle(u, change, SBK_STATUS_UNDONE,
		       "already in the state before the change");
		return 0;
	}
	if (sbk_state_equal(current, change->after))
		return add_inverse(u, change, name, current, change->before,
				   NULL, err);
	if (sbk_state_absent(current)) {
		settle(u, change, SBK_STATUS_UNDONE, "gone");
		return 0;
	}
	return take_out_ours(u, change, name, current, err);
}

/* The object at the name is not the one that was changed. */
static bool is_other(const struct sbk_change *change,
		     const struct sbk_observation *seen)
{
	return change->object.identity != NULL && seen->identity.size > 0 &&
	       strcmp(change->object.identity, sbk_buf_text(&seen->identity)) !=
		       0;
}

static int look_at(struct undoing *u, struct sbk_change *change,
		   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	const struct prediction *prediction = prediction_of(u, &change->object);
	struct sbk_state current;
	int rc;

	if (prediction->object != NULL)
		return decide(u, change, prediction->name, prediction->state,
			      err);
	rc = sbk_backend_observe(u->backend, &change->object, &u->seen, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0 && rc != SBK_E_NOTFOUND) {
		settle(u, change, SBK_STATUS_OWED, why.message);
		return 0;
	}
	current = sbk_observation_state(&u->seen);
	if (change->object.identity != NULL &&
	    (rc == SBK_E_NOTFOUND || sbk_state_absent(current) ||
	     is_other(change, &u->seen))) {
		u->missing[u->missing_count++] = change;
		return 0;
	}
	if (rc == SBK_E_NOTFOUND)
		current = SBK_STATE_ABSENT;
	return decide(u, change, change->object.name, current, err);
}

static int look_at_moved(struct undoing *u, struct sbk_change *change,
			 const char *path, struct sbk_error *err)
{
	struct sbk_object object = change->object;
	struct sbk_error why = SBK_ERROR_INIT;
	const char *name = sbk_plan_strdup(u->out, path);
	int rc;

	if (name == NULL)
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	object.name = name;
	rc = sbk_backend_observe(u->backend, &object, &u->seen, &why);
	if (rc < 0 || is_other(change, &u->seen)) {
		settle(u, change, SBK_STATUS_OWED,
		       rc < 0 ? why.message : "it is being moved about");
		return 0;
	}
	return decide(u, change, name, sbk_observation_state(&u->seen), err);
}

/*
 * Changes of one object that is not at its name any more: each is decided,
 * the later ones from the first one's prediction.
 */
static int settle_missing(struct undoing *u, struct sbk_change *change,
			  const struct sbk_location *location,
			  struct sbk_error *err)
{
	const struct prediction *prediction = prediction_of(u, &change->object);

	if (prediction->object != NULL)
		return decide(u, change, prediction->name, prediction->state,
			      err);
	switch (location->kind) {
	case SBK_LOCATION_FOUND:
		return look_at_moved(u, change, location->path, err);
	case SBK_LOCATION_GONE:
		settle(u, change, SBK_STATUS_UNDONE, "gone");
		return 0;
	default:
		settle(u, change, SBK_STATUS_OWED,
		       "not at its path, and not found where it was searched");
		return 0;
	}
}

static int search_missing(struct undoing *u, const char *const *roots,
			  size_t root_count, struct sbk_error *err)
{
	const char **identities;
	struct sbk_location *found;
	size_t i;
	int rc;

	if (u->missing_count == 0)
		return 0;
	identities = calloc(u->missing_count, sizeof(*identities));
	found = calloc(u->missing_count, sizeof(*found));
	if (identities == NULL || found == NULL) {
		rc = sbk_error_set(err, SBK_E_NOMEM, "out of memory");
		goto out;
	}
	for (i = 0; i < u->missing_count; i++)
		identities[i] = u->missing[i]->object.identity;
	rc = sbk_backend_locate(u->backend, identities, u->missing_count, roots,
				root_count, found, err);
	for (i = 0; rc == 0 && i < u->missing_count; i++)
		rc = settle_missing(u, u->missing[i], &found[i], err);
out:
	for (i = 0; found != NULL && i < u->missing_count; i++)
		free(found[i].path);
	free(found);
	free(identities);
	return rc;
}

static int add_kept(struct undoing *u, struct sbk_change *change,
		    struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_state next;
	int rc;

	rc = sbk_backend_observe(u->backend, &change->object, &u->seen, &why);
	if (rc == 0)
		rc = sbk_backend_subtract(u->backend, change,
					  sbk_observation_state(&u->seen),
					  &u->next, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0) {
		settle(u, change, SBK_STATUS_OWED, why.message);
		return 0;
	}
	next = (struct sbk_state){.data = sbk_buf_text(&u->next),
				  .size = u->next.size};
	return add_inverse(u, change, change->object.name,
			   sbk_observation_state(&u->seen), next, NULL, err);
}

static int undoing_init(struct undoing *u, size_t count, struct sbk_error *err)
{
	u->prediction_slots = 16;
	while (u->prediction_slots < 2 * count)
		u->prediction_slots *= 2;
	u->missing = calloc(count + 1, sizeof(struct sbk_change *));
	u->kept = calloc(count + 1, sizeof(struct sbk_change *));
	u->predictions = calloc(u->prediction_slots, sizeof(*u->predictions));
	if (u->missing == NULL || u->kept == NULL || u->predictions == NULL)
		return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
	return 0;
}

static void undoing_release(struct undoing *u)
{
	free(u->missing);
	free(u->kept);
	free(u->predictions);
	sbk_observation_release(&u->seen);
	sbk_buf_release(&u->next);
}

int sbk_plan_undo(const struct sbk_backend *backend,
		  struct sbk_change *const *changes, size_t count,
		  const char *const *roots, size_t root_count,
		  struct sbk_plan *out, struct sbk_error *err)
{
	struct undoing u = {.backend = backend,
			    .out = out,
			    .seen = SBK_OBSERVATION_INIT,
			    .next = SBK_BUF_INIT};
	size_t i;
	int rc;

	rc = undoing_init(&u, count, err);
	for (i = count; rc == 0 && i > 0; i--) {
		if (changes[i - 1]->object.kind == SBK_KIND_KEPT)
			u.kept[u.kept_count++] = changes[i - 1];
		else
			rc = look_at(&u, changes[i - 1], err);
	}
	if (rc == 0)
		rc = search_missing(&u, roots, root_count, err);
	for (i = 0; rc == 0 && i < u.kept_count; i++)
		rc = add_kept(&u, u.kept[i], err);
	undoing_release(&u);
	return rc;
}

struct later {
	const struct sbk_backend *backend;
	const char *const *principals;
	size_t principal_count;
	sbk_known_fn *known;
	void *known_arg;
	struct sbk_plan *out;
	struct sbk_buf next;
};

static int visit_later(void *arg, const struct sbk_visit *visit,
		       struct sbk_error *err)
{
	struct later *later = arg;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = visit->path,
			   .identity = visit->identity},
		.before = visit->access,
		.reason = "made later in a granted tree: entries of ours are "
			  "taken out",
	};
	int rc;

	if (visit->kind == SBK_VISIT_UNREADABLE)
		return sbk_plan_add_note(later->out, err,
					 "not examined: %s: %s", visit->path,
					 visit->problem->message);
	if (visit->kind != SBK_VISIT_OBJECT)
		return 0;
	rc = sbk_backend_strip(later->backend, visit->access, later->principals,
			       later->principal_count, &later->next, err);
	if (rc < 0)
		return rc;
	change.after = (struct sbk_state){.data = sbk_buf_text(&later->next),
					  .size = later->next.size};
	if (sbk_state_equal(change.before, change.after) ||
	    later->known(later->known_arg, visit->identity))
		return 0;
	return sbk_plan_add(later->out, &change, err);
}

int sbk_plan_undo_later(const struct sbk_backend *backend, const char *root,
			const char *const *principals, size_t principal_count,
			sbk_known_fn *known, void *known_arg,
			struct sbk_plan *out, struct sbk_error *err)
{
	struct later later = {.backend = backend,
			      .principals = principals,
			      .principal_count = principal_count,
			      .known = known,
			      .known_arg = known_arg,
			      .out = out,
			      .next = SBK_BUF_INIT};
	int rc = sbk_backend_walk(backend, root, visit_later, &later, err);

	sbk_buf_release(&later.next);
	return rc == SBK_E_NOTFOUND ? 0 : rc;
}
