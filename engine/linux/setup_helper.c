/*
 * Plans the set-id bit of sandbook-mount. Owns the answer to one question:
 * could anybody but root put another program there, or write to this one? Each
 * directory from the root down, and the file, must be root's and writable by
 * no group and no others. The mode says that for ACLs as well: their mask is
 * the group's bits.
 *
 * What is refused is said and no error: setup goes on without it.
 */
#include "engine/linux/setup_helper.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "engine/limits.h"
#include "engine/linux/access_state.h"
#include "engine/linux/mapped.h"
#include "engine/linux/mount_helper.h"

#include "engine/banned.h"

#define PLAIN_MODE 0755u
#define SET_ID 04000u

/* Why what stands at `path` cannot be trusted, or NULL; static. */
static const char *distrust(const char *path, const struct stat *st,
			    bool is_program, bool set_id)
{
	struct statvfs fs;

	if (is_program ? !S_ISREG(st->st_mode) : !S_ISDIR(st->st_mode))
		return is_program ? "is not a regular file"
				  : "is not a directory";
	if (st->st_uid != 0)
		return "does not belong to root";
	if ((st->st_mode & 022) != 0)
		return "can be written by others than root";
	if (!is_program || !set_id)
		return NULL;
	/* A name elsewhere would keep this program, bit and all, when a newer
	 * one takes its place here. */
	if (st->st_nlink != 1)
		return "has a second name (a hard link)";
	if ((st->st_mode & 07777 & ~SET_ID) != PLAIN_MODE)
		return "has not the mode 0755";
	if (statvfs(path, &fs) < 0 || (fs.f_flag & ST_NOSUID) != 0)
		return "lies on a mount without set-id bits (nosuid)";
	return NULL;
}

const char *sbk_setup_distrust(const char *path, bool set_id,
			       char place[SBK_PATH_MAX])
{
	size_t whole = strlen(path), size = 1;
	const char *why;
	struct stat st;

	if (whole >= SBK_PATH_MAX) {
		(void)snprintf(place, SBK_PATH_MAX, "%.64s", path);
		return "has too long a path";
	}
	for (;;) {
		(void)snprintf(place, SBK_PATH_MAX, "%.*s", (int)size, path);
		why = lstat(place, &st) < 0
			      ? "cannot be looked at"
			      : distrust(place, &st, size == whole, set_id);
		if (why != NULL || size == whole)
			return why;
		/* Past the slash, which is in the root's name already. */
		size += size > 1;
		size += strcspn(path + size, "/");
	}
}

/* The state with the bit, from the one without. */
static int with_bit(struct sbk_state now, struct sbk_buf *out,
		    struct sbk_error *err)
{
	struct sbk_access access;
	int rc = sbk_access_parse(now, &access, err);

	if (rc < 0)
		return rc;
	access.mode |= SET_ID;
	sbk_access_format(&access, out);
	return sbk_buf_failed(out, err);
}

int sbk_setup_plan_helper_at(const struct sbk_backend *backend,
			     const char *path, struct sbk_plan *plan,
			     struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf after = SBK_BUF_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS, .name = path},
		.reason = "lets a person's account into that person's files, "
			  "for a run",
	};
	char place[SBK_PATH_MAX] = "";
	const char *why = sbk_setup_distrust(path, true, place);
	int rc;

	if (why != NULL)
		return sbk_plan_add_note(
			plan, err,
			"runs cannot use the sandbox accounts' mounts: "
			"'" SBK_MOUNT_HELPER "' gets no set-id bit, since '%s' "
			"%s; install Sandbook below directories of root's "
			"alone and run setup again",
			place, why);
	rc = sbk_backend_observe(backend, &change.object, &seen, err);
	if (rc == 0) {
		change.before = sbk_observation_state(&seen);
		rc = with_bit(change.before, &after, err);
	}
	if (rc == 0) {
		change.after =
			(struct sbk_state){sbk_buf_text(&after), after.size};
		if (seen.identity.size > 0)
			change.object.identity = sbk_buf_text(&seen.identity);
		if (!sbk_state_equal(change.before, change.after))
			rc = sbk_plan_add(plan, &change, err);
	}
	sbk_buf_release(&after);
	sbk_observation_release(&seen);
	return rc;
}

int sbk_setup_plan_helper(const struct sbk_backend *backend,
			  struct sbk_plan *plan, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	int rc = sbk_mapped_path(path, sizeof(path), err);

	return rc < 0 ? rc : sbk_setup_plan_helper_at(backend, path, plan, err);
}
