/*
 * FOLDER: the profile that is made for an account in setup: its key in the
 * system's list (ProfileList) and its folder.
 *
 * Owns that nothing is deleted but by a handle that no link led to: the account
 * and what ran as it have every right in the folder, and DeleteProfileW goes by
 * a path and does not say what it follows. So the account must be at rest, its
 * registry not loaded, the folder the one that was made; then it is emptied and
 * removed here, and what the system deletes is its own records.
 *
 * What tells the folder from another one put in its place is its identity,
 * which is sealed: a value of ours in the account's key, which only an
 * administrator writes. A crash leaves none, and then its list or its owner
 * must name the account.
 */
#include "engine/windows/user_profile.h"

#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/os_admin.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/empty.h"
#include "engine/windows/host.h"
#include "engine/windows/user_profile_look.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_profile.h"
#include "engine/windows/win32_registry.h"

#include "engine/banned.h"

/* A registry is unloaded soon after the last process of a logon ended. */
#define UNLOAD_TRIES 50
#define UNLOAD_WAIT_MS 100

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_user_place place;
	int rc = sbk_user_place_open(&place, object->name, err);

	if (rc == 0)
		rc = sbk_user_place_look(&place, &host->volumes, err);
	/* What is settled by looking must be durable, too. A link on the way
	 * settles nothing. */
	if (rc == 0)
		rc = sbk_user_place_flush(err);
	if (rc == 0 && place.now.folder != SBK_USER_FOLDER_LINK)
		rc = sbk_user_place_touch(&place, &host->volumes, false, err);
	if (rc == 0) {
		sbk_user_profile_format(&place.now, place.path, &out->state);
		rc = sbk_buf_failed(&out->state, err);
	}
	return rc;
}

/* Looks again: what stands there must be `state`; `code` where it is not. */
static int check(struct sbk_volumes *volumes, struct sbk_user_place *place,
		 struct sbk_state state, int code, const char *message,
		 struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = sbk_user_place_look(place, volumes, err);

	if (rc == 0) {
		sbk_user_profile_format(&place->now, place->path, &now);
		rc = sbk_buf_failed(&now, err);
	}
	if (rc == 0 &&
	    !sbk_state_equal(state,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s (found: %.*s)", message,
				   (int)strcspn(sbk_buf_text(&now), "\n"),
				   now.size > 0 ? sbk_buf_text(&now)
						: "nothing");
	sbk_buf_release(&now);
	return rc;
}

/* --- making --------------------------------------------------------------- */

int sbk_user_profile_check_free(const char *place, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(place, FILE_READ_ATTRIBUTES, &pin, &why);

	sbk_pin_release(&pin);
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0 || rc == SBK_E_INVAL)
		return sbk_error_set(err, SBK_E_EXISTS,
				     "'%.300s' is there already, where the "
				     "profile of a sandbox account belongs; "
				     "move it away first",
				     place);
	return sbk_error_set(err, rc, "%s", why.message);
}

/* `made` is where, "" where nothing was made. */
static int call_create(const struct sbk_user_place *place,
		       char made[SBK_PATH_MAX], struct sbk_error *err)
{
	struct sbk_buf sid = SBK_BUF_INIT, name = SBK_BUF_INIT;
	struct sbk_buf wide = SBK_BUF_INIT, text = SBK_BUF_INIT;
	int rc = 0;

	made[0] = '\0';
	if (sbk_wide_of(&sid, place->text.text) == NULL ||
	    sbk_wide_of(&name, strrchr(place->path, '/') + 1) == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = sbk_win32_create_profile(sbk_wide_text(&sid),
					      sbk_wide_text(&name), &wide, err);
	if (rc == 0) {
		sbk_narrow_add(&text, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0)
		rc = sbk_user_place_take_path(&text, made, err);
	if (rc == 0 && _stricmp(made, place->path) != 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "CreateProfile made '%.300s' instead", made);
	sbk_buf_release(&sid);
	sbk_buf_release(&name);
	sbk_buf_release(&wide);
	sbk_buf_release(&text);
	return rc;
}

static int write_seal(const struct sbk_user_place *place, const char *identity,
		      struct sbk_error *err)
{
	struct sbk_buf data = SBK_BUF_INIT;
	char name[SBK_USER_KEY_MAX];
	HKEY key = NULL;
	int rc = 0;

	sbk_user_place_key(place, false, name);
	if (sbk_wide_of(&data, identity) == NULL)
		rc = sbk_error_no_memory(err);
	data.size += sizeof(WCHAR); /* its end is part of the value */
	if (rc == 0)
		rc = sbk_user_place_open_key(
			name, KEY_QUERY_VALUE | KEY_SET_VALUE, &key, err);
	if (rc == 0)
		rc = sbk_win32_set_value(key, SBK_USER_SEAL, REG_SZ, &data,
					 err);
	if (rc == 0)
		rc = sbk_win32_flush_key(key, err);
	sbk_win32_close_key(&key);
	sbk_buf_release(&data);
	return rc;
}

/* The folder that was just made is the one from now on. */
static int seal(struct sbk_volumes *volumes, const struct sbk_user_place *place,
		struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	struct sbk_pin pin = SBK_PIN_INIT;
	char identity[SBK_IDENTITY_MAX];
	int rc = sbk_pin_path(place->path, FILE_READ_ATTRIBUTES, &pin, err);

	if (rc == SBK_E_NOTFOUND)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system reported success but the folder "
				   "is not there");
	if (rc == 0)
		rc = sbk_volume_of(volumes, &pin, &volume, err);
	if (rc == 0) {
		sbk_volume_touch(volume, &pin, true);
		sbk_identity_format(volume, &pin, identity);
		rc = write_seal(place, identity, err);
	}
	sbk_pin_release(&pin);
	return rc;
}

/* --- deleting ------------------------------------------------------------- */

static int is_loaded(const char *name, const char *end, bool *out,
		     struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	char path[512];
	HKEY key = NULL;
	int rc;

	(void)snprintf(path, sizeof(path), "%s%s", name, end);
	rc = sbk_wide_of(&wide, path) == NULL
		     ? sbk_error_no_memory(&why)
		     : sbk_win32_open_key(HKEY_USERS, sbk_wide_text(&wide), 0,
					  KEY_QUERY_VALUE, &key, &why);
	sbk_win32_close_key(&key);
	sbk_buf_release(&wide);
	*out = rc != SBK_E_NOTFOUND;
	return rc == 0 || rc == SBK_E_NOTFOUND
		       ? 0
		       : sbk_error_set(err, rc, "%s", why.message);
}

/* Its registry is a file in the folder, and in use. */
static int wait_unloaded(const struct sbk_user_place *place,
			 struct sbk_error *err)
{
	static const char *const ends[] = {"", "_Classes"};
	bool loaded = true;
	unsigned tries;
	size_t i;
	int rc = 0;

	for (tries = 0; rc == 0 && loaded && tries < UNLOAD_TRIES; tries++) {
		if (tries > 0)
			sbk_win32_sleep(UNLOAD_WAIT_MS);
		loaded = false;
		for (i = 0; rc == 0 && !loaded && i < 2; i++)
			rc = is_loaded(place->text.text, ends[i], &loaded, err);
	}
	if (rc == 0 && loaded)
		rc = sbk_error_set(err, SBK_E_BUSY,
				   "the account's profile is loaded: its "
				   "registry is in use; restart the machine, "
				   "then try again");
	return rc;
}

/*
 * The folder, by a handle: what is opened is what is emptied, and removed. An
 * empty one that stays could be made a junction of before the system deletes
 * it by its path: whoever had the password could give others rights in it, and
 * to stop what runs as the account closes no handle of theirs.
 */
static int remove_opened(struct sbk_volumes *volumes,
			 struct sbk_user_place *place, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(place->path, SBK_EMPTY_DIRECTORY, &pin, err);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_user_place_judge(place, volumes, &pin, err);
	if (rc == 0)
		rc = sbk_user_profile_check_ours(&place->now, place->path, err);
	if (rc == 0)
		rc = sbk_empty_directory(&pin, err);
	if (rc == 0)
		rc = sbk_win32_delete(pin.handle, err);
	sbk_pin_release(&pin);
	return rc;
}

/* What ran as the account may have shut administrators out of a directory, the
 * first one, too. */
static int remove_folder(struct sbk_volumes *volumes,
			 struct sbk_user_place *place, struct sbk_error *err)
{
	const unsigned begun = sbk_os_reach_begin();
	int rc = remove_opened(volumes, place, err);
	int end = sbk_os_reach_end(begun, rc == 0 ? err : NULL);

	return rc == 0 ? end : rc;
}

static int call_delete(const struct sbk_user_place *place,
		       struct sbk_error *err)
{
	struct sbk_buf sid = SBK_BUF_INIT, path = SBK_BUF_INIT;
	int rc = sbk_wide_of(&sid, place->text.text) == NULL ||
				 sbk_wide_path(&path, place->path) == NULL
			 ? sbk_error_no_memory(err)
			 : sbk_win32_delete_profile(sbk_wide_text(&sid),
						    sbk_wide_text(&path), err);

	sbk_buf_release(&sid);
	sbk_buf_release(&path);
	return rc;
}

static int delete_key(const char *name, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	int rc = sbk_wide_of(&wide, name) == NULL
			 ? sbk_error_no_memory(err)
			 : sbk_win32_delete_key(HKEY_LOCAL_MACHINE,
						sbk_wide_text(&wide), err);

	sbk_buf_release(&wide);
	return rc == SBK_E_NOTFOUND ? 0 : rc;
}

/* The account's key; also where the system misses the folder. */
static int delete_listed(const struct sbk_user_place *place,
			 struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	char name[SBK_USER_KEY_MAX];
	int rc = call_delete(place, &why);

	if (rc != SBK_E_NOTFOUND)
		return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
	sbk_user_place_key(place, false, name);
	return delete_key(name, err);
}

/* What the system's function does not take: the key that was set aside, and the
 * way back from a GUID. */
static int delete_rest(struct sbk_user_place *place, struct sbk_error *err)
{
	char name[SBK_USER_KEY_MAX];
	int rc = 0;

	sbk_user_place_key(place, true, name);
	if (place->now.has_aside)
		rc = delete_key(name, err);
	if (rc == 0)
		rc = sbk_user_place_read_list(place, err);
	sbk_user_place_guid_key(place, name);
	if (rc == 0 && place->now.guid[0] != '\0')
		rc = delete_key(name, err);
	if (rc == 0)
		rc = sbk_user_place_flush(err);
	return rc;
}

static int take_away(struct sbk_volumes *volumes, struct sbk_user_place *place,
		     struct sbk_error *err)
{
	int rc = sbk_user_profile_check_ours(&place->now, place->path, err);

	if (rc == 0)
		rc = sbk_account_at_rest(&place->sid, err);
	if (rc == 0)
		rc = wait_unloaded(place, err);
	/* First: the seal, which says whose it is, goes with the key. */
	if (rc == 0 && place->now.folder != SBK_USER_FOLDER_NONE)
		rc = remove_folder(volumes, place, err);
	if (rc == 0 && place->now.has_key)
		rc = delete_listed(place, err);
	if (rc == 0)
		rc = delete_rest(place, err);
	return rc < 0 ? rc : sbk_user_place_touch(place, volumes, true, err);
}

/* What was made a moment ago, and is not what was asked for, goes again from
 * where it was made. */
static void take_back(struct sbk_volumes *volumes,
		      const struct sbk_user_place *wanted, const char *made,
		      struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_user_place place = *wanted;
	struct sbk_buf left = SBK_BUF_INIT;
	int rc;

	if (made[0] != '\0')
		place.path = made;
	rc = sbk_user_place_look(&place, volumes, &why);
	if (rc == 0) {
		sbk_user_profile_format(&place.now, place.path, &left);
		rc = sbk_buf_failed(&left, &why);
	}
	if (rc == 0 && left.size > 0)
		rc = take_away(volumes, &place, &why);
	if (rc < 0)
		(void)sbk_error_prefix(err, "it could not be taken back (%s)",
				       why.message);
	sbk_buf_release(&left);
}

static int create(struct sbk_volumes *volumes, struct sbk_user_place *place,
		  struct sbk_state next, struct sbk_error *err)
{
	struct sbk_buf wanted = SBK_BUF_INIT, name = SBK_BUF_INIT;
	char made[SBK_PATH_MAX];
	int rc;

	sbk_user_profile_want(place->path, &wanted);
	rc = sbk_buf_failed(&wanted, err);
	if (rc == 0 &&
	    !sbk_state_equal(next, (struct sbk_state){sbk_buf_text(&wanted),
						      wanted.size}))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "a profile is made whole, or not at all");
	if (rc == 0)
		rc = sbk_win32_name_of(&place->sid, &name, err);
	if (rc == 0)
		rc = sbk_user_profile_check_free(place->path, err);
	sbk_buf_release(&wanted);
	sbk_buf_release(&name);
	if (rc < 0)
		return rc;
	rc = call_create(place, made, err);
	if (rc == 0)
		rc = seal(volumes, place, err);
	if (rc == 0)
		rc = check(volumes, place, next, SBK_E_IO,
			   "the system reported success but it is not what was "
			   "asked for",
			   err);
	if (rc < 0)
		take_back(volumes, place, made, err);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct sbk_volumes *volumes = &host->volumes;
	struct sbk_user_place place;
	int rc = sbk_user_place_open(&place, object->name, err);

	if (rc == 0)
		rc = check(volumes, &place, expected, SBK_E_CONFLICT,
			   "it was changed meanwhile", err);
	if (rc == 0 && !sbk_state_equal(expected, next)) {
		if (sbk_state_absent(expected))
			rc = create(volumes, &place, next, err);
		else if (!sbk_state_absent(next))
			rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
					   "a profile is not changed in place");
		else {
			rc = take_away(volumes, &place, err);
			if (rc == 0)
				rc = check(volumes, &place, next, SBK_E_IO,
					   "the system reported success but "
					   "not all of it is gone",
					   err);
		}
	}
	if (rc < 0)
		(void)sbk_error_prefix(err, "profile '%.300s'", object->name);
	return rc;
}

/* Others, or the account itself, changed it: what is left goes all the same
 * while it is surely its own. */
static int subtract(struct sbk_host *host, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	struct sbk_user_profile now;
	struct sbk_sid sid;
	const char *path;
	int rc = sbk_user_profile_parse_name(change->object.name, &sid, &path,
					     err);

	(void)host;
	(void)next; /* absent is the empty state */
	if (rc == 0)
		rc = sbk_user_profile_parse(current, &now, err);
	return rc < 0 ? rc : sbk_user_profile_check_ours(&now, path, err);
}

const struct sbk_host_kind sbk_host_folder = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};
