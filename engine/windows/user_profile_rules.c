/*
 * Names and states of profiles, and whether what is found may be deleted. The
 * account itself, and whatever ran as it, has every right in its folder: it may
 * have emptied it, moved it away or made a link of it, but not written in the
 * system's list. See the header.
 */
#include "engine/windows/user_profile_rules.h"

#include <stdio.h>
#include <string.h>

#include "engine/ntsec/ace.h"
#include "engine/ntsec/acl.h"
#include "engine/ntsec/rights.h"
#include "engine/state_text.h"

#include "engine/banned.h"

static const char *const folders[] = {
	[SBK_USER_FOLDER_NONE] = "none",   [SBK_USER_FOLDER_OWN] = "own",
	[SBK_USER_FOLDER_NAMED] = "named", [SBK_USER_FOLDER_LINK] = "link",
	[SBK_USER_FOLDER_OTHER] = "other",
};

#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

int sbk_user_profile_is_its(const struct sbk_nt_access *access,
			    const struct sbk_sid *account, bool *out,
			    struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_nt_acl acl = {.count = 0};
	bool is_its =
		access->has_owner && sbk_sid_equal(&access->owner, account);
	struct sbk_ace ace;
	int rc = access->dacl_is == SBK_ACL_PRESENT
			 ? sbk_nt_access_dacl(access, &acl, err)
			 : 0;

	while (rc == 0 && !is_its && sbk_nt_acl_next(&acl, &at, &ace))
		is_its = !ace.is_opaque && ace.type == SBK_ACE_ALLOW &&
			 (ace.mask & SBK_FILE_ALL) == SBK_FILE_ALL &&
			 sbk_sid_equal(&ace.sid, account);
	if (rc == 0)
		*out = is_its;
	return rc;
}

void sbk_user_profile_name(const char *sid, const char *profiles,
			   const char *account, struct sbk_buf *out)
{
	sbk_buf_printf(out, "%s:%s/%s", sid, profiles, account);
}

/* "C:/Users/name": a drive, and at least two names, none of them empty. */
static bool is_place(const char *path)
{
	const char *at = path + 2;
	size_t names = 0;

	if (path[0] < 'A' || path[0] > 'Z' || path[1] != ':')
		return false;
	for (; *at == '/'; names++) {
		const size_t size = strcspn(at + 1, "/");

		if (size == 0 || at[1] == '.')
			return false;
		at += 1 + size;
	}
	return names >= 2 && strlen(path) < SBK_PATH_MAX &&
	       strpbrk(path, "\\\n%") == NULL && strchr(path + 2, ':') == NULL;
}

int sbk_user_profile_parse_name(const char *name, struct sbk_sid *sid,
				const char **path, struct sbk_error *err)
{
	const char *colon = strchr(name, ':');

	if (colon == NULL ||
	    sbk_sid_parse(name, (size_t)(colon - name), sid, NULL) < 0 ||
	    !is_place(colon + 1))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.200s' names no profile; it must be "
				     "like S-1-5-21-1-2-3-1005:C:/Users/name",
				     name);
	*path = colon + 1;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* But for the case of ASCII letters. */
static bool same_path(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

static void add_path(struct sbk_buf *out, const char *word, const char *path,
		     const char *place)
{
	sbk_buf_printf(out, "%s %s\n", word,
		       same_path(path, place) ? place : path);
}

/* A folder of somebody's at a place that the list does not know is nothing. */
static bool is_absent(const struct sbk_user_profile *profile)
{
	return !profile->has_key && !profile->has_aside &&
	       profile->guid[0] == '\0' &&
	       (profile->folder == SBK_USER_FOLDER_NONE ||
		profile->folder == SBK_USER_FOLDER_OTHER);
}

void sbk_user_profile_format(const struct sbk_user_profile *profile,
			     const char *place, struct sbk_buf *out)
{
	if (is_absent(profile))
		return;
	if (profile->has_key)
		add_path(out, "path", profile->path, place);
	if (profile->has_aside)
		add_path(out, "aside", profile->aside, place);
	if (profile->guid[0] != '\0')
		sbk_buf_printf(out, "guid %s\n", profile->guid);
	if (profile->folder != SBK_USER_FOLDER_NONE)
		sbk_buf_printf(out, "folder %s\n", folders[profile->folder]);
}

void sbk_user_profile_want(const char *place, struct sbk_buf *out)
{
	sbk_buf_printf(out, "path %s\nfolder own\n", place);
}

static bool take(struct sbk_state_text *in, const char *word, char *out,
		 size_t room, bool *has, bool *fits)
{
	const char *text;
	size_t size;

	*has = sbk_state_text_take(in, word, &text, &size);
	if (!*has)
		return false;
	if (size >= room) {
		*fits = false;
		return false;
	}
	memcpy(out, text, size);
	out[size] = '\0';
	return true;
}

int sbk_user_profile_parse(struct sbk_state state, struct sbk_user_profile *out,
			   struct sbk_error *err)
{
	struct sbk_state_text in = {.data = state.data, .size = state.size};
	struct sbk_user_profile profile = {.has_key = false};
	char folder[16] = "none";
	bool has = false, fits = true;
	size_t i = 0;

	(void)take(&in, "path ", profile.path, SBK_PATH_MAX, &profile.has_key,
		   &fits);
	(void)take(&in, "aside ", profile.aside, SBK_PATH_MAX,
		   &profile.has_aside, &fits);
	(void)take(&in, "guid ", profile.guid, sizeof(profile.guid), &has,
		   &fits);
	(void)take(&in, "folder ", folder, sizeof(folder), &has, &fits);
	while (i < FOLDER_COUNT && strcmp(folders[i], folder) != 0)
		i++;
	if (!fits || in.at != in.size || i == FOLDER_COUNT ||
	    (has && i == SBK_USER_FOLDER_NONE))
		return sbk_error_set(err, SBK_E_PARSE,
				     "the state of a profile is malformed");
	profile.folder = (enum sbk_user_folder)i;
	*out = profile;
	return 0;
}

/* A key without a path names nothing else. */
static bool names_place(bool has, const char *path, const char *place)
{
	return !has || path[0] == '\0' || same_path(path, place);
}

int sbk_user_profile_check_ours(const struct sbk_user_profile *profile,
				const char *place, struct sbk_error *err)
{
	if (!names_place(profile->has_key, profile->path, place))
		return sbk_error_set(
			err, SBK_E_CONFLICT,
			"the system's list names '%.300s' as the account's "
			"profile, and not '%.300s', where it was made; nothing "
			"of it is deleted; a temporary one goes when the "
			"machine is restarted, any other put back or delete "
			"by hand",
			profile->path, place);
	if (!names_place(profile->has_aside, profile->aside, place))
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "the system has set '%.300s' aside as the "
				     "account's profile, which was made as "
				     "'%.300s'; nothing of it is deleted",
				     profile->aside, place);
	if (profile->folder == SBK_USER_FOLDER_LINK)
		return sbk_error_set(
			err, SBK_E_CONFLICT,
			"a link stands at '%.300s' or on the way to it, where "
			"the account's profile was; nothing is deleted through "
			"it; remove the link by hand, then try again",
			place);
	if (profile->folder == SBK_USER_FOLDER_OTHER)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "what stands at '%.300s' is not the "
				     "folder that was made for the account; it "
				     "is left; move it away, then try again",
				     place);
	return 0;
}

bool sbk_user_profile_is_whole(const struct sbk_user_profile *profile,
			       const char *place)
{
	return profile->has_key && same_path(profile->path, place) &&
	       !profile->has_aside && profile->folder == SBK_USER_FOLDER_OWN;
}
