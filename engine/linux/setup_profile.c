/*
 * Plans the AppArmor profile. Owns the decision whether this machine needs it
 * and whether it may be given: the profile is a right that hangs on paths, so
 * each program and each directory above must be root's alone, as for the
 * set-id bit (setup_helper.h).
 *
 * What cannot be is said and no error: setup goes on without it.
 */
#include "engine/linux/setup_profile.h"

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/linux/file.h"
#include "engine/linux/mapped.h"
#include "engine/linux/profile.h"
#include "engine/linux/program.h"
#include "engine/linux/setup_helper.h"

#include "engine/banned.h"

#define MARK "# Made by 'sandbook setup', removed by 'sandbook uninstall'.\n"

static int note(struct sbk_plan *plan, const char *why, struct sbk_error *err)
{
	return sbk_plan_add_note(
		plan, err,
		"AppArmor keeps user namespaces from programs without a "
		"profile, and Sandbook gets none: %s; runs are refused until "
		"it has one",
		why);
}

/* Each program of ours in `directory`. NULL: only root can change them. */
static const char *find_distrust(const char *directory,
				 char place[SBK_PATH_MAX])
{
	static const char *const programs[] = {"sandbook", "sandbook-mount",
					       "sandbook-setup"};
	char path[SBK_PATH_MAX];
	const char *why = NULL;
	size_t i;

	for (i = 0; why == NULL && i < sizeof(programs) / sizeof(programs[0]);
	     i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			       programs[i]);
		why = sbk_setup_distrust(path, false, place);
	}
	return why;
}

/* The profile's text. 1 where a note says why there is none. */
static int make_text(const char *directory, struct sbk_plan *plan,
		     struct sbk_buf *out, struct sbk_error *err)
{
	char place[SBK_PATH_MAX] = "", words[SBK_PATH_MAX + 128];
	struct sbk_error problem = SBK_ERROR_INIT;
	const char *why = find_distrust(directory, place);
	int rc;

	if (why != NULL) {
		(void)snprintf(words, sizeof(words),
			       "'%s' %s (install Sandbook below directories "
			       "of root's alone and run setup again)",
			       place, why);
		rc = note(plan, words, err);
		return rc < 0 ? rc : 1;
	}
	if (sbk_program_find("apparmor_parser", place, sizeof(place), NULL) <
	    0) {
		rc = note(plan,
			  "the program 'apparmor_parser' is missing "
			  "(apt-get install apparmor)",
			  err);
		return rc < 0 ? rc : 1;
	}
	sbk_buf_adds(out, MARK);
	rc = sbk_profile_text(out, directory, &problem);
	if (rc == 0)
		rc = sbk_profile_check(out, &problem);
	if (rc == 0)
		return 0;
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	rc = note(plan, problem.message, err);
	return rc < 0 ? rc : 1;
}

/* 1 where one of ours stands there already, and is left as it is. */
static int look_at_file(struct sbk_state now, struct sbk_state wanted,
			struct sbk_plan *plan, struct sbk_error *err)
{
	int rc;

	if (sbk_state_absent(now))
		return 0;
	if (sbk_state_equal(now, wanted))
		return 1;
	if (memmem(now.data, now.size, "\n\n" MARK, strlen("\n\n" MARK)) ==
	    NULL)
		return sbk_error_set(err, SBK_E_EXISTS,
				     "'" SBK_PROFILE_FILE
				     "' exists and is not Sandbook's; move it "
				     "away first");
	rc = sbk_plan_add_note(plan, err,
			       "'" SBK_PROFILE_FILE
			       "' is of another installation, or was edited: "
			       "where runs are refused, 'sandbook uninstall' "
			       "and set up anew");
	return rc < 0 ? rc : 1;
}

static int plan_file(const struct sbk_backend *backend, struct sbk_plan *plan,
		     const struct sbk_buf *text, struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_FILE, .name = SBK_PROFILE_FILE},
		.reason = "allows our programs user namespaces",
	};
	int rc = sbk_backend_observe(backend, &change.object, &seen, err);

	if (rc < 0)
		goto out;
	sbk_file_state(&state, 0, 0, 0644, sbk_buf_text(text), text->size);
	rc = sbk_buf_failed(&state, err);
	if (rc < 0)
		goto out;
	change.before = sbk_observation_state(&seen);
	change.after = (struct sbk_state){sbk_buf_text(&state), state.size};
	rc = look_at_file(change.before, change.after, plan, err);
	if (rc == 0)
		rc = sbk_plan_add(plan, &change, err);
out:
	sbk_buf_release(&state);
	sbk_observation_release(&seen);
	return rc < 0 ? rc : 0;
}

static int plan_loading(const struct sbk_backend *backend,
			struct sbk_plan *plan, struct sbk_error *err)
{
	static const char loaded[] = SBK_PROFILE_LOADED;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_PROFILE, .name = SBK_PROFILE_NAME},
		.after = {loaded, sizeof(loaded) - 1},
		.reason = "the kernel has it",
	};
	int rc = sbk_backend_observe(backend, &change.object, &seen, err);

	change.before = sbk_observation_state(&seen);
	if (rc == 0 && sbk_state_absent(change.before))
		rc = sbk_plan_add(plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

int sbk_setup_plan_profile_at(const struct sbk_backend *backend,
			      const char *directory, struct sbk_plan *plan,
			      struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	int rc;

	if (!sbk_profile_needed())
		return 0;
	rc = make_text(directory, plan, &text, err);
	if (rc == 0)
		rc = plan_file(backend, plan, &text, err);
	if (rc == 0)
		rc = plan_loading(backend, plan, err);
	sbk_buf_release(&text);
	return rc < 0 ? rc : 0;
}

int sbk_setup_plan_profile(const struct sbk_backend *backend,
			   struct sbk_plan *plan, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	int rc = sbk_mapped_path(path, sizeof(path), err);

	if (rc < 0)
		return rc;
	*strrchr(path, '/') = '\0';
	return sbk_setup_plan_profile_at(backend, path, plan, err);
}
