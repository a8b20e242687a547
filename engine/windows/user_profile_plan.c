/*
 * Profiles that a logon made behind our back: what `uninstall` and
 * `--remove-user` take away that no journal knows, found by the account's SID
 * in the system's list.
 */
#include "engine/plan_setup.h"

#include <string.h>

#include "engine/windows/user_profile.h"

#include "engine/banned.h"

static int plan_one(const struct sbk_backend *backend, const char *name,
		    struct sbk_plan *plan, struct sbk_error *err)
{
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_FOLDER, .name = name},
		.after = SBK_STATE_ABSENT,
		.reason = "a logon made it, and no journal knows"};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = sbk_backend_observe(backend, &change.object, &seen, err);

	change.before = sbk_observation_state(&seen);
	if (rc == 0 && !sbk_state_absent(change.before))
		rc = sbk_plan_add(plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

/* By its name. A list that is sealed is of the profile that setup made,
 * whatever path it has by now: then by whose it is, or the seal would go with
 * it. */
static bool is_recorded(struct sbk_plan *recorded, const char *name,
			bool is_sealed)
{
	const size_t whose = strcspn(name, ":") + 1;
	size_t i;

	for (i = 0; i < sbk_plan_count(recorded); i++) {
		const struct sbk_object *object =
			&sbk_plan_at(recorded, i)->object;

		if (object->kind == SBK_KIND_FOLDER &&
		    (is_sealed ? strncmp(object->name, name, whose)
			       : strcmp(object->name, name)) == 0)
			return true;
	}
	return false;
}

int sbk_plan_made_by_system(const struct sbk_backend *backend,
			    const char *principal, struct sbk_plan *recorded,
			    struct sbk_plan *plan, struct sbk_error *err)
{
	struct sbk_user_profile_names names;
	struct sbk_sid sid;
	size_t i;
	int rc;

	/* A group's has none. */
	if (sbk_sid_parse(principal, strlen(principal), &sid, NULL) < 0)
		return 0;
	rc = sbk_user_profile_find(&sid, &names, err);
	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && i < names.count; i++)
		if (!is_recorded(recorded, sbk_buf_text(&names.items[i]),
				 names.is_sealed))
			rc = plan_one(backend, sbk_buf_text(&names.items[i]),
				      plan, err);
	sbk_user_profile_names_release(&names);
	return rc;
}
