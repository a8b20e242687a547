/*
 * Giving back what a sandbox account owns. Pure but for the look at the
 * directories above: what is returned is a state, which the caller records and
 * makes. Owns that hostile content is given to nobody who would trust it by its
 * place: engine/os_admin.h has the rules.
 */
#include "engine/os_admin.h"

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/windows/access.h"
#include "engine/windows/access_judge.h"

#include "engine/banned.h"

/* Whose directories the system's own are. */
static const char *const systems[] = {
	"S-1-5-18",	/* SYSTEM */
	"S-1-5-32-544", /* Administrators */
	/* TrustedInstaller */
	"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"};

struct principals {
	const char *const *items;
	size_t count;
};

static bool is_in(const char *const *list, size_t count,
		  const struct sbk_sid *sid)
{
	struct sbk_sid_pattern pattern;
	size_t i;

	for (i = 0; i < count; i++)
		if (sbk_sid_pattern_parse(list[i], &pattern, NULL) == 0 &&
		    sbk_sid_pattern_has(&pattern, sid))
			return true;
	return false;
}

/* What the walk down has learnt. */
struct descent {
	const struct principals *principals;
	struct sbk_sid owner, group; /* of the nearest that is no principal's */
	bool has_owner, has_group;
	bool everyone;		   /* everyone may write in that owner's one */
	struct sbk_owner stranger; /* the first owner met that is no system's */
	bool several;
};

/* Whether somebody who is nobody in particular may write in it: one of Users,
 * as each account of people is, and in what everybody is in. */
static int is_open(const struct sbk_nt_access *access, bool *out,
		   struct sbk_error *err)
{
	static const char *const users[] = {"S-1-5-32-545"};
	static const struct sbk_subject anybody = {
		.principal = "S-1-0-0", .groups = users, .group_count = 1};
	struct sbk_buf state = SBK_BUF_INIT, entry = SBK_BUF_INIT;
	unsigned rights = 0;
	bool named;
	int rc = sbk_nt_access_format(access, &state, err);

	if (rc == 0)
		rc = sbk_nt_access_evaluate(
			(struct sbk_state){sbk_buf_text(&state), state.size},
			&anybody, &rights, &named, &entry, err);
	*out = (rights & SBK_MAY_WRITE) != 0;
	sbk_buf_release(&state);
	sbk_buf_release(&entry);
	return rc;
}

static int meet(struct descent *d, const struct sbk_nt_access *access,
		struct sbk_error *err)
{
	const struct principals *ours = d->principals;
	struct sbk_sid_text text;

	if (access->has_group &&
	    !is_in(ours->items, ours->count, &access->group)) {
		d->group = access->group;
		d->has_group = true;
	}
	if (!access->has_owner)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "a directory above it has no owner");
	if (is_in(ours->items, ours->count, &access->owner))
		return 0;
	d->owner = access->owner;
	d->has_owner = true;
	if (!is_in(systems, 3, &access->owner)) {
		(void)sbk_sid_format(&access->owner, &text);
		if (d->stranger.text[0] == '\0')
			(void)snprintf(d->stranger.text,
				       sizeof(d->stranger.text), "%s",
				       text.text);
		else if (strcmp(d->stranger.text, text.text) != 0)
			d->several = true;
	}
	return is_open(access, &d->everyone, err);
}

static int step(struct descent *d, const char *directory, struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(directory, SBK_PIN_LOOK, &pin, err);

	if (rc == 0)
		rc = sbk_nt_access_read(&pin, &access, err);
	if (rc == 0)
		rc = meet(d, &access, err);
	sbk_nt_access_release(&access);
	sbk_pin_release(&pin);
	return rc;
}

/* Every directory from the drive down to the one that holds `path`. Each is
 * walked to by handles; what could put another in its place between two looks
 * is what must be trusted with it anyway, or is refused below. */
static int descend(struct descent *d, const char *path, struct sbk_error *err)
{
	char directory[SBK_PATH_MAX];
	const char *slash = strchr(path, '/');
	int rc = 0;

	if (slash == NULL || strlen(path) >= sizeof(directory))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is no absolute path", path);
	(void)snprintf(directory, sizeof(directory), "%.*s/",
		       (int)(slash - path), path);
	rc = step(d, directory, err);
	while (rc == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		(void)snprintf(directory, sizeof(directory), "%.*s",
			       (int)(slash - path), path);
		rc = step(d, directory, err);
	}
	return rc;
}

static int check(const struct descent *d, struct sbk_error *err)
{
	struct sbk_sid_text text;

	if (!d->has_owner || d->everyone)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "everyone may write in the directory that "
				     "holds it, so it is given to nobody; "
				     "remove it, or give it an owner");
	if (d->several ||
	    (d->stranger.text[0] != '\0' &&
	     strcmp(d->stranger.text, sbk_sid_format(&d->owner, &text)) != 0))
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "several people own the directories above "
				     "it, so it is given to nobody; remove it, "
				     "or give it an owner");
	return 0;
}

int sbk_os_give_back(const char *path, struct sbk_state current,
		     const char *const *principals, size_t count,
		     struct sbk_buf *next, struct sbk_error *err)
{
	const struct principals list = {.items = principals, .count = count};
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct descent d = {.principals = &list};
	bool owner, group;
	int rc = sbk_nt_access_parse(current, &access, err);

	owner = rc == 0 && access.has_owner &&
		is_in(principals, count, &access.owner);
	group = rc == 0 && access.has_group &&
		is_in(principals, count, &access.group);
	if (owner || group) {
		rc = descend(&d, path, err);
		if (rc == 0)
			rc = check(&d, err);
		if (rc == 0 && owner)
			access.owner = d.owner;
		if (rc == 0 && group && d.has_group)
			access.group = d.group;
	}
	if (rc == 0)
		rc = sbk_nt_access_format(&access, next, err);
	sbk_nt_access_release(&access);
	return rc;
}

/* No SID is given twice, so nothing was an account's before it was ours. And a
 * file's times say nothing here: whoever may write its attributes sets them
 * all, the time of its last change, too ("FILE_BASIC_INFO structure
 * (winbase.h)"), so a sandboxed command could hide from uninstall by them. */
bool sbk_os_older(const char *path, const char *than)
{
	(void)path;
	(void)than;
	return false;
}
