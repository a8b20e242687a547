/*
 * The account database, asked for more than one person: everybody, the groups
 * of one, the name of a number.
 */
#include "engine/os_census.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/error.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

#define DATABASE_BYTES 65536 /* of one entry of the account database */
#define GROUPS_MAX 65536     /* the kernel's NGROUPS_MAX */

/* False where name or home is longer than we hold; nobody's is. */
static bool fill_person(const struct passwd *entry, struct sbk_person *out)
{
	size_t name = strlen(entry->pw_name), home = strlen(entry->pw_dir);

	if (name >= sizeof(out->name) || home >= sizeof(out->home))
		return false;
	out->id = sbk_owner_of_number(entry->pw_uid);
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	memcpy(out->name, entry->pw_name, name + 1);
	memcpy(out->home, entry->pw_dir, home + 1);
	return true;
}

int sbk_os_people(sbk_os_person_fn *visit, void *arg, struct sbk_error *err)
{
	struct passwd *entry;
	struct sbk_person person;
	int rc = 0;

	setpwent();
	while (rc == 0 && (errno = 0, entry = getpwent()) != NULL)
		if (fill_person(entry, &person))
			rc = visit(arg, &person, err);
	if (rc == 0 && errno != 0 && errno != ENOENT)
		rc = sbk_error_set_errno(err, errno,
					 "reading the account database");
	endpwent();
	return rc;
}

/* Name and primary group of the uid; found = false where it has no account. */
static int look_up(unsigned uid, char *name, size_t name_size, gid_t *gid,
		   bool *found, struct sbk_error *err)
{
	char *buffer = malloc(DATABASE_BYTES);
	struct passwd entry, *result = NULL;
	int os_code;

	if (buffer == NULL)
		return sbk_error_no_memory(err);
	os_code = getpwuid_r(uid, &entry, buffer, DATABASE_BYTES, &result);
	*found = result != NULL;
	if (result != NULL) {
		(void)snprintf(name, name_size, "%s", result->pw_name);
		*gid = result->pw_gid;
	}
	free(buffer);
	if (result == NULL && os_code != 0 && os_code != ENOENT &&
	    os_code != ESRCH)
		return sbk_error_set_errno(err, os_code,
					   "asking the account database");
	return 0;
}

static int look_up_group(unsigned gid, char *name, size_t name_size,
			 struct sbk_error *err)
{
	char *buffer = malloc(DATABASE_BYTES);
	struct group entry, *result = NULL;
	int os_code;

	if (buffer == NULL)
		return sbk_error_no_memory(err);
	os_code = getgrgid_r(gid, &entry, buffer, DATABASE_BYTES, &result);
	(void)snprintf(name, name_size, "%s",
		       result != NULL ? result->gr_name : "");
	free(buffer);
	if (result == NULL && os_code != 0 && os_code != ENOENT &&
	    os_code != ESRCH)
		return sbk_error_set_errno(err, os_code,
					   "asking the group database");
	return 0;
}

int sbk_os_principal_name(const char *principal, char *out, size_t out_size,
			  struct sbk_error *err)
{
	struct sbk_principal_id id;
	bool found;
	gid_t gid;
	int rc = sbk_principal_parse(principal, &id, err);

	if (rc < 0)
		return rc;
	if (id.is_group)
		return look_up_group(id.number, out, out_size, err);
	rc = look_up(id.number, out, out_size, &gid, &found, err);
	if (rc == 0 && !found)
		out[0] = '\0';
	return rc;
}

/* All groups of an account; the caller frees *out. */
static int read_groups(const char *name, gid_t primary, gid_t **out, int *count,
		       struct sbk_error *err)
{
	int room = 64;
	gid_t *gids = NULL;

	for (;;) {
		gid_t *more = realloc(gids, (size_t)room * sizeof(*more));

		if (more == NULL) {
			free(gids);
			return sbk_error_no_memory(err);
		}
		gids = more;
		*count = room;
		if (getgrouplist(name, primary, gids, count) >= 0)
			break;
		if (room >= GROUPS_MAX) {
			free(gids);
			return sbk_error_set(err, SBK_E_LIMIT,
					     "'%s' is in more than %d groups",
					     name, GROUPS_MAX);
		}
		room *= 4;
	}
	*out = gids;
	return 0;
}

static int format_groups(const gid_t *gids, int gid_count,
			 struct sbk_arena *arena, const char ***groups,
			 struct sbk_error *err)
{
	const char **list =
		sbk_arena_alloc(arena, (size_t)gid_count * sizeof(*list));
	char text[SBK_PRINCIPAL_TEXT];
	int i;

	for (i = 0; list != NULL && i < gid_count; i++) {
		sbk_principal_format((struct sbk_principal_id){true, gids[i]},
				     text);
		list[i] = sbk_arena_strdup(arena, text);
		if (list[i] == NULL)
			list = NULL;
	}
	if (list == NULL)
		return sbk_error_no_memory(err);
	*groups = list;
	return 0;
}

int sbk_os_groups_of(const char *principal, struct sbk_arena *arena,
		     const char ***groups, size_t *count, struct sbk_error *err)
{
	struct sbk_principal_id id;
	char name[256];
	gid_t *gids = NULL, primary = 0;
	bool found = false;
	int gid_count = 0, rc;

	rc = sbk_principal_parse(principal, &id, err);
	if (rc == 0 && !id.is_group)
		rc = look_up(id.number, name, sizeof(name), &primary, &found,
			     err);
	if (rc == 0 && found)
		rc = read_groups(name, primary, &gids, &gid_count, err);
	if (rc == 0 && gid_count > 0)
		rc = format_groups(gids, gid_count, arena, groups, err);
	free(gids);
	if (rc == 0)
		*count = (size_t)gid_count;
	return rc;
}
