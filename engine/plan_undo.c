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

#include "engine/look_ahead.h"
#include "engine/rebase.h"
#include "engine/table.h"

#include "engine/banned.h"

/* What an object will be once the inverse changes planned so far are made. */
struct prediction {
	const struct sbk_object *object; /* NULL: free slot */
	const char *name;		 /* where it is now */
	struct sbk_state state;
	bool assumed;
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
	struct sbk_look_ahead *ahead;	/* over the changes */
	struct sbk_observation seen;
	struct sbk_buf next;
};

static size_t hash_of(const struct sbk_object *object)
{
	const char *key = sbk_object_key(object);

	return (size_t)sbk_hash(key, strlen(key)) + (size_t)object->kind;
}

static struct prediction *prediction_of(struct undoing *u,
					const struct sbk_object *object)
{
	size_t i = hash_of(object) & (u->prediction_slots - 1);

	while (u->predictions[i].object != NULL &&
	       sbk_object_compare(u->predictions[i].object, object) != 0)
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
		.inverts = change,
	};
	struct prediction *prediction = prediction_of(u, &change->object);

	const struct sbk_change *added;
	int rc;

	inverse.object.name = name;
	/* So is what begins with an assumption. */
	inverse.assumed = change->assumed ||
			  (prediction->object != NULL && prediction->assumed);
	if (sbk_state_absent(current))
		inverse.object.identity = NULL;
	rc = sbk_plan_add(u->out, &inverse, err);
	if (rc < 0)
		return rc;
	added = sbk_plan_at(u->out, sbk_plan_count(u->out) - 1);
	*prediction = (struct prediction){.object = &change->object,
					  .name = added->object.name,
					  .state = added->after,
					  .assumed = added->assumed};
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

	rc = sbk_backend_subtract(u->backend, sbk_rebased(change), current,
				  &u->next, &why);
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
	const struct sbk_change *made = sbk_rebased(change);

	if (sbk_state_equal(change->before, change->after)) {
		settle(u, change, SBK_STATUS_UNDONE, "nothing was changed");
		return 0;
	}
	if (sbk_state_equal(current, made->before)) {
		settle(u, change, SBK_STATUS_UNDONE,
		       "already in the state before the change");
		return 0;
	}
	if (sbk_state_equal(current, made->after))
		return add_inverse(u, change, name, current, made->before, NULL,
				   err);
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

static int look_at_moved(struct undoing *u, struct sbk_change *change,
			 const char *path, struct sbk_error *err)
{
	struct sbk_object object = change->object;
	struct sbk_error why = SBK_ERROR_INIT;
	const char *name = sbk_plan_strdup(u->out, path);
	int rc;

	if (name == NULL)
		return sbk_error_no_memory(err);
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

/*
 * Accounts and the group are searched at once, since that is no walk, and the
 * order of their inverses counts: a group goes after the accounts in it.
 */
static bool is_searched_at_once(enum sbk_kind kind)
{
	return kind == SBK_KIND_ACCOUNT || kind == SBK_KIND_GROUP;
}

static int search_at_once(struct undoing *u, struct sbk_change *change,
			  struct sbk_error *err)
{
	struct sbk_location found = {.path = NULL};
	int rc = sbk_backend_locate(u->backend, &change->object.identity, 1,
				    NULL, 0, &found, err);

	if (rc == 0)
		rc = settle_missing(u, change, &found, err);
	free(found.path);
	return rc;
}

static int look_at(struct undoing *u, size_t index, struct sbk_change *change,
		   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	const struct prediction *prediction = prediction_of(u, &change->object);
	const struct sbk_observation *seen;
	struct sbk_state current;
	int rc;

	if (prediction->object != NULL)
		return decide(u, change, prediction->name, prediction->state,
			      err);
	if (change->assumed)
		return decide(u, change, change->object.name,
			      sbk_rebased(change)->after, err);
	rc = sbk_look_ahead_observe(u->ahead, index, &seen, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0 && rc != SBK_E_NOTFOUND) {
		settle(u, change, SBK_STATUS_OWED, why.message);
		return 0;
	}
	current = sbk_observation_state(seen);
	if (change->object.identity != NULL &&
	    (rc == SBK_E_NOTFOUND || sbk_state_absent(current) ||
	     is_other(change, seen))) {
		if (is_searched_at_once(change->object.kind))
			return search_at_once(u, change, err);
		u->missing[u->missing_count++] = change;
		return 0;
	}
	if (rc == SBK_E_NOTFOUND)
		current = SBK_STATE_ABSENT;
	return decide(u, change, change->object.name, current, err);
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
		rc = sbk_error_no_memory(err);
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

/* Whether an account or group stays for now, whose tool will run again. */
static bool account_is_owed(struct sbk_change *const *changes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if ((changes[i]->object.kind == SBK_KIND_ACCOUNT ||
		     changes[i]->object.kind == SBK_KIND_GROUP) &&
		    changes[i]->status == SBK_STATUS_OWED)
			return true;
	return false;
}

/*
 * Never "already undone": the tools that the other inverse changes run write
 * the file too. What it shall be is decided before they do. Of two changes of
 * one file the older one starts from what the later one leaves.
 */
static int add_kept(struct undoing *u, struct sbk_change *change,
		    struct sbk_error *err)
{
	const struct prediction *prediction = prediction_of(u, &change->object);
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_state current;
	int rc = 0;

	/* An earlier one in this plan has decided about the same file. */
	if (prediction->object == NULL)
		rc = sbk_backend_observe(u->backend, &change->object, &u->seen,
					 &why);
	current = prediction->object != NULL ? prediction->state
					     : sbk_observation_state(&u->seen);
	if (rc == 0)
		rc = sbk_backend_subtract(u->backend, change, current, &u->next,
					  &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_set(err, rc, "out of memory");
	if (rc < 0) {
		settle(u, change, SBK_STATUS_OWED, why.message);
		return 0;
	}
	return add_inverse(u, change, change->object.name, current,
			   (struct sbk_state){.data = sbk_buf_text(&u->next),
					      .size = u->next.size},
			   NULL, err);
}

static int add_all_kept(struct undoing *u, bool owed, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < u->kept_count; i++) {
		if (owed)
			settle(u, u->kept[i], SBK_STATUS_OWED,
			       "kept once more when the accounts are gone");
		else
			rc = add_kept(u, u->kept[i], err);
	}
	return rc;
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
		return sbk_error_no_memory(err);
	return 0;
}

static void undoing_release(struct undoing *u)
{
	free(u->missing);
	free(u->kept);
	free(u->predictions);
	sbk_look_ahead_free(u->ahead);
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
	u.ahead = sbk_look_ahead_new(backend, changes, count);
	if (rc == 0 && u.ahead == NULL)
		rc = sbk_error_no_memory(err);
	for (i = count; rc == 0 && i > 0; i--) {
		if (changes[i - 1]->object.kind == SBK_KIND_KEPT)
			u.kept[u.kept_count++] = changes[i - 1];
		else
			rc = look_at(&u, i - 1, changes[i - 1], err);
	}
	if (rc == 0)
		rc = search_missing(&u, roots, root_count, err);
	if (rc == 0)
		rc = add_all_kept(&u, account_is_owed(changes, count), err);
	undoing_release(&u);
	return rc;
}
