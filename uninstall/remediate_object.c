/*
 * What is done about one object of a volume, from what the mount says of it;
 * and what a person is told. Owns who inherits: an object of theirs goes to
 * the owner of the directory that holds it, or, where that is one of them too,
 * of the next one above.
 */
#include "uninstall/remediate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

#define PRINCIPALS_SHOWN 10

int sbk_remediation_leave(struct sbk_remediation_look *look, const char *path,
			  const char *why, struct sbk_error *err)
{
	struct sbk_remediation *r = look->r;
	struct sbk_remediation_left *items, *one;
	const size_t count = r->left_count;

	look->seen->left++;
	r->left_bytes += strlen(path) + strlen(why);
	if (count == SBK_REMEDIATION_LEFT_MAX ||
	    r->left_bytes > SBK_REMEDIATION_LEFT_BYTES_MAX)
		return 0;
	if ((count & (count - 1)) == 0) { /* doubled at each power of two */
		items = realloc(r->left,
				(count > 0 ? count * 2 : 1) * sizeof(*items));
		if (items == NULL)
			return sbk_error_no_memory(err);
		r->left = items;
	}
	one = &r->left[count];
	one->path = sbk_arena_strdup(&r->left_arena, path);
	one->why = sbk_arena_strdup(&r->left_arena, why);
	if (one->path == NULL || one->why == NULL)
		return sbk_error_no_memory(err);
	r->left_count++;
	return 0;
}

/* Its place on this machine; false where it has none. */
static bool place_of(const struct sbk_remediation_look *look, const char *path,
		     char out[SBK_PATH_MAX])
{
	const bool is_live = look->r->is_live;
	const int size = snprintf(
		out, SBK_PATH_MAX, "%s%s", is_live ? "" : look->r->volume.point,
		!is_live && strcmp(path, "/") == 0 ? "" : path);

	return (is_live || path[0] == '/') && size > 0 && size < SBK_PATH_MAX;
}

static int observe(const struct sbk_remediation_look *look, const char *place,
		   struct sbk_observation *out, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_DESCRIPTOR,
					  .name = place};

	return sbk_backend_observe(look->r->backend, &object, out, err);
}

static int read_descriptor(const struct sbk_observation *seen,
			   struct sbk_sd *out, struct sbk_error *err)
{
	return sbk_sd_read((const uint8_t *)sbk_buf_text(&seen->state),
			   seen->state.size, out, err);
}

/* Whether the object at the path is that of the record. */
static bool is_record(const struct sbk_remediation_look *look,
		      const struct sbk_observation *seen, uint32_t record)
{
	struct sbk_volume_identity identity;

	if (look->r->is_live)
		return true; /* the change has the identity that was seen */
	return sbk_volume_identity_parse(sbk_buf_text(&seen->identity),
					 &identity) &&
	       identity.serial == look->r->volume.serial &&
	       identity.record == record;
}

/*
 * Whether the mount hands out what the volume has. Of a descriptor that
 * ntfs-3g does not understand it tells nothing: it makes one up, in which
 * nobody is found who stands in the one that Windows will go by.
 */
static int is_stored(struct sbk_remediation_look *look,
		     const struct sbk_observation *seen, uint32_t record,
		     bool *out, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &look->audit.tree;
	int rc;

	*out = true;
	if (look->r->is_live || tree->descriptor[record] == SBK_VOLUME_NONE)
		return 0;
	sbk_buf_clear(&look->next);
	rc = sbk_volume_descriptor(tree, tree->descriptor[record], &look->next,
				   NULL);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	/* One that is damaged is told as such. */
	*out = rc < 0 || (look->next.size == seen->state.size &&
			  memcmp(look->next.data, seen->state.data,
				 look->next.size) == 0);
	return 0;
}

/* --- the heir ------------------------------------------------------------- */

/* The owner of one directory: 1 and who, 0 where it is one of theirs. */
static int owner_of(struct sbk_remediation_look *look, const char *path,
		    uint32_t record, struct sbk_sid *out)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	char place[SBK_PATH_MAX];
	bool stored = false;
	struct sbk_sd sd;
	int rc = place_of(look, path, place) ? observe(look, place, &seen, NULL)
					     : SBK_E_LIMIT;

	if (rc == 0 && !is_record(look, &seen, record))
		rc = SBK_E_CONFLICT;
	if (rc == 0)
		rc = is_stored(look, &seen, record, &stored, NULL);
	if (rc == 0 && !stored)
		rc = SBK_E_CONFLICT;
	if (rc == 0)
		rc = read_descriptor(&seen, &sd, NULL);
	if (rc == 0 && sd.has_owner &&
	    !sbk_sd_strip_names(&look->strip, &sd.owner)) {
		*out = sd.owner;
		rc = 1;
	}
	sbk_observation_release(&seen);
	return rc;
}

/* To the directory above: "/" and "C:/" are the last ones. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash[1] == '\0')
		return false;
	slash[strchr(path, '/') == slash ? 1 : 0] = '\0';
	return true;
}

static bool find_heir(struct sbk_remediation_look *look,
		      const struct sbk_remediation_candidate *candidate,
		      struct sbk_sid *out)
{
	const char *path = candidate->path;
	uint32_t record = candidate->record;
	char above[SBK_PATH_MAX];
	int rc = 0;

	if (strlen(path) >= sizeof(above))
		return false;
	(void)snprintf(above, sizeof(above), "%s", path);
	while (rc == 0 && go_up(above)) {
		/* The path is made of these: it ends at the root with them. */
		record = look->audit.tree.parent[record];
		if (strcmp(above, look->heir_of) == 0) {
			*out = look->heir;
			return true;
		}
		rc = owner_of(look, above, record, out);
	}
	if (rc <= 0)
		return false;
	/* Children follow each other: the next one asks the same. */
	(void)snprintf(look->heir_of, sizeof(look->heir_of), "%s", above);
	look->heir = *out;
	return true;
}

/* --- one object ----------------------------------------------------------- */

static void count(struct sbk_remediation_seen *seen,
		  const struct sbk_sd_named *named)
{
	seen->objects++;
	seen->entries += named->entries;
	seen->inherited += named->inherited;
	seen->denies += named->denies;
	seen->owners += named->owner;
	seen->nobody_left += named->nobody_left;
}

/* What a deny kept away from a sensitive place is worth a word of its own. */
static void count_sensitive(struct sbk_remediation_look *look,
			    const struct sbk_remediation_candidate *candidate,
			    size_t denies)
{
	const struct sbk_volume_tree *tree = &look->audit.tree;
	uint32_t at = candidate->record;

	/* There are no circles: the tree has none left. */
	while (at != SBK_VOLUME_NONE && !look->sensitive[at])
		at = tree->parent[at];
	if (at == SBK_VOLUME_NONE || denies == 0)
		return;
	if (look->seen->sensitive_denies == 0)
		(void)snprintf(look->seen->first_sensitive,
			       sizeof(look->seen->first_sensitive), "%.255s",
			       candidate->path);
	look->seen->sensitive_denies += denies;
}

static void print_reason(struct sbk_buf *out, const struct sbk_sd_named *named,
			 const struct sbk_sid *heir)
{
	struct sbk_sid_text text;

	if (named->entries > 0)
		sbk_buf_printf(
			out, "%zu %s", named->entries,
			sbk_plural(named->entries, "entry goes", "entries go"));
	if (named->inherited > 0)
		sbk_buf_printf(out, ", %zu inherited", named->inherited);
	if (named->denies > 0)
		sbk_buf_printf(out, ", %zu of them %s", named->denies,
			       sbk_plural(named->denies, "denies", "deny"));
	if (named->nobody_left)
		sbk_buf_adds(out, "; no other is left, so nobody has access");
	if (heir != NULL)
		sbk_buf_printf(out, "%sowner becomes %s",
			       named->entries > 0 ? "; " : "",
			       sbk_sid_format(heir, &text));
}

static int add_change(struct sbk_remediation_look *look, const char *place,
		      const struct sbk_observation *seen,
		      const struct sbk_sd_named *named,
		      const struct sbk_sid *heir, struct sbk_error *err)
{
	struct sbk_buf reason = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_DESCRIPTOR,
			   .name = place,
			   .identity = sbk_buf_text(&seen->identity)},
		.before = sbk_observation_state(seen),
		.after = {sbk_buf_text(&look->next), look->next.size},
	};
	int rc;

	print_reason(&reason, named, heir);
	rc = sbk_buf_failed(&reason, err);
	change.reason = sbk_buf_text(&reason);
	if (rc == 0)
		rc = sbk_plan_add(look->plan, &change, err);
	if (rc == 0)
		count(look->seen, named);
	sbk_buf_release(&reason);
	return rc;
}

static int plan_observed(struct sbk_remediation_look *look,
			 const struct sbk_remediation_candidate *candidate,
			 const char *place, const struct sbk_observation *seen,
			 struct sbk_error *err)
{
	const char *path = candidate->path;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sd_strip strip = look->strip;
	struct sbk_sd_named named;
	struct sbk_sid heir;
	struct sbk_sd sd;
	int rc = read_descriptor(seen, &sd, &why);

	if (rc < 0)
		return sbk_remediation_leave(look, path, why.message, err);
	sbk_sd_strip_look(&sd, &strip, &named);
	look->seen->groups += named.group;
	look->seen->mentioned += named.mentioned;
	if (named.owner && find_heir(look, candidate, &heir))
		strip.heir = &heir;
	else if (named.owner)
		rc = sbk_remediation_leave(
			look, path,
			"it belongs to one of them, and what holds it "
			"does, too, or does not say whose it is",
			err);
	if (rc < 0)
		return rc;
	named.owner = strip.heir != NULL;
	if (named.entries == 0 && !named.owner)
		return 0; /* no right of theirs */
	sbk_buf_clear(&look->next);
	rc = sbk_sd_strip_write(&sd, &strip, &look->next, err);
	if (rc < 0)
		return rc;
	/* Lists that share bytes take their own room once they differ. */
	if (look->next.size > SBK_OS_DESCRIPTOR_MAX)
		return sbk_remediation_leave(
			look, path,
			"its descriptor without them is larger than the "
			"mount takes",
			err);
	count_sensitive(look, candidate, named.denies);
	return add_change(look, place, seen, &named, strip.heir, err);
}

int sbk_remediation_object(struct sbk_remediation_look *look,
			   const struct sbk_remediation_candidate *candidate,
			   struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	char place[SBK_PATH_MAX];
	bool stored;
	int rc;

	if (!place_of(look, candidate->path, place))
		return sbk_remediation_leave(
			look, candidate->path,
			"it has no path by which the mount could be "
			"asked for it",
			err);
	rc = observe(look, place, &seen, &why);
	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc < 0)
		rc = sbk_remediation_leave(look, candidate->path, why.message,
					   err);
	else if (!is_record(look, &seen, candidate->record))
		rc = sbk_remediation_leave(
			look, candidate->path,
			"the mount has another object at its path", err);
	else if ((rc = is_stored(look, &seen, candidate->record, &stored,
				 err)) == 0)
		rc = stored ? plan_observed(look, candidate, place, &seen, err)
			    : sbk_remediation_leave(
				      look, candidate->path,
				      "the mount hands out another descriptor "
				      "than the one that the volume has",
				      err);
	sbk_observation_release(&seen);
	return rc;
}

/* --- what is told --------------------------------------------------------- */

static int note_principals(const struct sbk_remediation *r,
			   struct sbk_plan *plan, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (r->count == 0)
		return sbk_plan_add_note(plan, err,
					 "the volume has nobody who was asked "
					 "for");
	for (i = 0; rc == 0 && i < r->count && i < PRINCIPALS_SHOWN; i++) {
		const struct sbk_remediation_principal *one = &r->principals[i];

		rc = sbk_plan_add_note(
			plan, err, "taken out: %s%s%s%s", one->label,
			one->evidence != NULL ? " (listed in '" : "",
			one->evidence != NULL ? one->evidence : "",
			one->evidence != NULL ? "')" : "");
	}
	if (rc == 0 && r->count > PRINCIPALS_SHOWN)
		rc = sbk_plan_add_note(plan, err, "and %zu more principals",
				       r->count - PRINCIPALS_SHOWN);
	return rc;
}

static int note_seen(const struct sbk_remediation_seen *seen,
		     struct sbk_plan *plan, struct sbk_error *err)
{
	static const char *const texts[] = {
		"of these entries deny: what they kept away from is not kept "
		"away any more",
		"objects get another owner; what was written in them stays as "
		"it is",
		"objects have no entry left: nobody has access to them but who "
		"takes them over",
		"objects have one of them as their primary group, which gives "
		"no right and stays",
		"objects name one of them within an entry for somebody else "
		"(a condition), which stays",
	};
	const uint64_t counts[] = {seen->denies, seen->owners,
				   seen->nobody_left, seen->groups,
				   seen->mentioned};
	size_t i;
	int rc = 0;

	if (seen->objects > 0)
		rc = sbk_plan_add_note(plan, err,
				       "%" PRIu64 " entries go, %" PRIu64
				       " of them inherited, from %" PRIu64
				       " of %" PRIu64 " objects",
				       seen->entries, seen->inherited,
				       seen->objects, seen->examined);
	for (i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (counts[i] > 0)
			rc = sbk_plan_add_note(plan, err, "%" PRIu64 " %s",
					       counts[i], texts[i]);
	if (rc == 0 && seen->sensitive_denies > 0)
		rc = sbk_plan_add_note(plan, err,
				       "%" PRIu64 " of those that deny are in "
				       "sensitive places, the first at '%s'",
				       seen->sensitive_denies,
				       seen->first_sensitive);
	return rc;
}

int sbk_remediation_notes(const struct sbk_remediation *r,
			  struct sbk_plan *plan, struct sbk_error *err)
{
	const struct sbk_remediation_seen *seen = &r->seen;
	int rc = note_principals(r, plan, err);

	if (rc == 0)
		rc = note_seen(seen, plan, err);
	if (rc == 0 && r->left_count > 0)
		rc = sbk_plan_add_note(plan, err,
				       "left as they are: %" PRIu64
				       " objects, the first is '%s': %s",
				       seen->left, r->left[0].path,
				       r->left[0].why);
	if (rc == 0 && seen->missed > 0)
		rc = sbk_plan_add_note(plan, err,
				       "%" PRIu64 " places of the volume could "
				       "not be read (%s), and what is there "
				       "may name them",
				       seen->missed, seen->first_missed);
	return rc;
}
