/*
 * What the system has of a profile: its keys in the list of profiles, a way
 * back from a GUID, and the folder, looked at by a handle that no link led to.
 * Changes nothing.
 */
#include "engine/windows/user_profile_look.h"

#include <stdio.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/windows/access.h"
#include "engine/windows/drive_path.h"
#include "engine/windows/folders.h"
#include "engine/windows/user_profile.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_census.h"
#include "engine/windows/win32_registry.h"

#include "engine/banned.h"

#define NT_KEY "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\"
#define LIST NT_KEY "ProfileList"
#define GUIDS NT_KEY "ProfileGuid"
#define ASIDE ".bak" /* what the system puts behind a key's name */
#define DRIVE "%SystemDrive%"

/* --- the registry --------------------------------------------------------- */

/* A value that is a text; nothing where there is none. Of what it has, control
 * characters would end a line of the state. */
static int read_text(HKEY key, const WCHAR *name, struct sbk_buf *out,
		     struct sbk_error *err)
{
	struct sbk_buf data = SBK_BUF_INIT;
	DWORD type = 0;
	size_t i;
	int rc = sbk_win32_query_value(key, name, &type, &data, err);

	if (rc == 0 && sbk_win32_value_text(type, &data, out))
		for (i = 0; i < out->size; i++)
			if ((unsigned char)out->data[i] < 0x20)
				out->data[i] = '?';
	sbk_buf_release(&data);
	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}

/* As we write paths. The one variable that the system's list has is that of the
 * system's drive. */
int sbk_user_place_take_path(const struct sbk_buf *text, char out[SBK_PATH_MAX],
			     struct sbk_error *err)
{
	const size_t size = sizeof(DRIVE) - 1;
	const char *path = sbk_buf_text(text);
	char windows[SBK_PATH_MAX] = "";
	int rc = 0;

	if (_strnicmp(path, DRIVE, size) == 0) {
		rc = sbk_folder_path("Windows", windows, sizeof(windows), err);
		windows[2] = '\0';
		path += size;
	}
	if (rc == 0 && strlen(path) + 3 > SBK_PATH_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "the path of a profile is too long");
	if (rc < 0)
		return rc;
	(void)snprintf(out, SBK_PATH_MAX, "%s%s", windows, path);
	sbk_drive_take(out);
	return 0;
}

/* One key, its name as UTF-8; SBK_E_NOTFOUND. */
int sbk_user_place_open_key(const char *name, REGSAM access, HKEY *out,
			    struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	int rc = sbk_wide_of(&wide, name) == NULL
			 ? sbk_error_no_memory(err)
			 : sbk_win32_open_key(
				   HKEY_LOCAL_MACHINE, sbk_wide_text(&wide),
				   REG_OPTION_OPEN_LINK, access, out, err);

	sbk_buf_release(&wide);
	return rc;
}

void sbk_user_place_key(const struct sbk_user_place *place, bool aside,
			char out[SBK_USER_KEY_MAX])
{
	(void)snprintf(out, SBK_USER_KEY_MAX, LIST "\\%s%s", place->text.text,
		       aside ? ASIDE : "");
}

void sbk_user_place_guid_key(const struct sbk_user_place *place,
			     char out[SBK_USER_KEY_MAX])
{
	(void)snprintf(out, SBK_USER_KEY_MAX, GUIDS "\\%s", place->now.guid);
}

/* The account's key, or the one that was set aside; and the seal in it. */
static int read_key(struct sbk_user_place *place, bool aside, bool *has,
		    char path[SBK_PATH_MAX], struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT, seal = SBK_BUF_INIT;
	char name[SBK_USER_KEY_MAX];
	HKEY key = NULL;
	int rc;

	sbk_user_place_key(place, aside, name);
	rc = sbk_user_place_open_key(name, KEY_QUERY_VALUE, &key, &why);
	*has = rc == 0;
	path[0] = '\0';
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = read_text(key, L"ProfileImagePath", &text, &why);
	if (rc == 0)
		rc = sbk_user_place_take_path(&text, path, &why);
	if (rc == 0)
		rc = read_text(key, SBK_USER_SEAL, &seal, &why);
	if (rc == 0 && seal.size > 0 && seal.size < sizeof(place->seal))
		(void)snprintf(place->seal, sizeof(place->seal), "%s",
			       sbk_buf_text(&seal));
	sbk_win32_close_key(&key);
	sbk_buf_release(&text);
	sbk_buf_release(&seal);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

/* The first key of ProfileGuid that leads to the account. */
static int take_guid(void *arg, const char *name, struct sbk_error *err)
{
	struct sbk_user_place *place = arg;
	struct sbk_buf sid = SBK_BUF_INIT;
	char path[512];
	HKEY key = NULL;
	int rc;

	if (place->now.guid[0] != '\0' ||
	    strlen(name) >= sizeof(place->now.guid))
		return 0;
	(void)snprintf(path, sizeof(path), GUIDS "\\%s", name);
	rc = sbk_user_place_open_key(path, KEY_QUERY_VALUE, &key, err);
	if (rc == 0)
		rc = read_text(key, L"SidString", &sid, err);
	if (rc == 0 && strcmp(sbk_buf_text(&sid), place->text.text) == 0)
		(void)snprintf(place->now.guid, sizeof(place->now.guid), "%s",
			       name);
	sbk_win32_close_key(&key);
	sbk_buf_release(&sid);
	return rc == SBK_E_NOTFOUND ? 0 : rc;
}

static int find_guid(struct sbk_user_place *place, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	HKEY key = NULL;
	int rc = sbk_user_place_open_key(
		GUIDS, KEY_QUERY_VALUE | KEY_ENUMERATE_SUB_KEYS, &key, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0; /* nobody ever had one */
	if (rc == 0)
		rc = sbk_win32_each_key(key, take_guid, place, &why);
	sbk_win32_close_key(&key);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

/* What was looked at or changed is durable. */
int sbk_user_place_flush(struct sbk_error *err)
{
	HKEY key = NULL;
	int rc = sbk_user_place_open_key(LIST, KEY_QUERY_VALUE, &key, err);

	if (rc == 0)
		rc = sbk_win32_flush_key(key, err);
	sbk_win32_close_key(&key);
	return rc;
}

int sbk_user_place_read_list(struct sbk_user_place *place,
			     struct sbk_error *err)
{
	struct sbk_user_profile *now = &place->now;
	int rc;

	place->seal[0] = now->guid[0] = '\0';
	rc = read_key(place, true, &now->has_aside, now->aside, err);
	if (rc == 0)
		rc = read_key(place, false, &now->has_key, now->path, err);
	/* Its key says which, and takes it along. */
	if (rc == 0 && !now->has_key)
		rc = find_guid(place, err);
	return rc;
}

/* --- the folder ----------------------------------------------------------- */

/* What is not sealed must be the account's by its list or its owner. It is
 * opened once more for that, and must be what `held` holds; the account may
 * have shut administrators out of it. */
static int judge_access(const struct sbk_user_place *place,
			const struct sbk_pin *held, enum sbk_user_folder *out,
			struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	bool is_its = false;
	const unsigned begun = sbk_os_reach_begin();
	int rc = sbk_pin_path(place->path, SBK_PIN_LOOK, &pin, err);
	const int end = sbk_os_reach_end(begun, rc == 0 ? err : NULL);

	rc = rc == 0 ? end : rc;
	if (rc == 0)
		rc = sbk_nt_access_read(&pin, &access, err);
	if (rc == 0 && memcmp(pin.id, held->id, sizeof(pin.id)) == 0)
		rc = sbk_user_profile_is_its(&access, &place->sid, &is_its,
					     err);
	if (rc == 0)
		*out = is_its ? SBK_USER_FOLDER_NAMED : SBK_USER_FOLDER_OTHER;
	sbk_nt_access_release(&access);
	sbk_pin_release(&pin);
	return rc;
}

int sbk_user_place_judge(struct sbk_user_place *place,
			 struct sbk_volumes *volumes, const struct sbk_pin *pin,
			 struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	char identity[SBK_IDENTITY_MAX];
	int rc;

	place->now.folder = SBK_USER_FOLDER_OTHER;
	if (!pin->is_directory)
		return 0;
	rc = sbk_volume_of(volumes, pin, &volume, err);
	if (rc < 0)
		return rc;
	if (place->seal[0] == '\0')
		return judge_access(place, pin, &place->now.folder, err);
	sbk_identity_format(volume, pin, identity);
	if (strcmp(identity, place->seal) == 0)
		place->now.folder = SBK_USER_FOLDER_OWN;
	return 0;
}

int sbk_user_place_touch(const struct sbk_user_place *place,
			 struct sbk_volumes *volumes, bool changed,
			 struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	struct sbk_pin pin = SBK_PIN_INIT;
	char above[SBK_PATH_MAX];
	int rc;

	(void)snprintf(above, sizeof(above), "%.*s",
		       (int)(strrchr(place->path, '/') - place->path),
		       place->path);
	rc = sbk_pin_path(above, FILE_READ_ATTRIBUTES, &pin, err);
	if (rc == 0)
		rc = sbk_volume_of(volumes, &pin, &volume, err);
	if (rc == 0)
		sbk_volume_touch(volume, &pin, changed);
	sbk_pin_release(&pin);
	return rc;
}

static int look_at_folder(struct sbk_volumes *volumes,
			  struct sbk_user_place *place, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(place->path, FILE_READ_ATTRIBUTES, &pin, &why);

	place->now.folder = SBK_USER_FOLDER_NONE;
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == SBK_E_INVAL) { /* the walk ends at a reparse point */
		place->now.folder = SBK_USER_FOLDER_LINK;
		return 0;
	}
	if (rc == 0)
		rc = sbk_user_place_judge(place, volumes, &pin, &why);
	sbk_pin_release(&pin);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

/* --- looking -------------------------------------------------------------- */

int sbk_user_place_open(struct sbk_user_place *place, const char *name,
			struct sbk_error *err)
{
	int rc;

	memset(place, 0, sizeof(*place));
	rc = sbk_user_profile_parse_name(name, &place->sid, &place->path, err);
	if (rc == 0)
		(void)sbk_sid_format(&place->sid, &place->text);
	return rc;
}

int sbk_user_place_look(struct sbk_user_place *place,
			struct sbk_volumes *volumes, struct sbk_error *err)
{
	int rc = sbk_user_place_read_list(place, err);

	return rc < 0 ? rc : look_at_folder(volumes, place, err);
}

/* --- for others ----------------------------------------------------------- */

int sbk_user_profiles_folder(char out[SBK_PATH_MAX], struct sbk_error *err)
{
	return sbk_folder_path("UserProfiles", out, SBK_PATH_MAX, err);
}

void sbk_user_profile_names_release(struct sbk_user_profile_names *names)
{
	sbk_buf_release(&names->items[0]);
	sbk_buf_release(&names->items[1]);
}

static void add_name(struct sbk_user_profile_names *out,
		     const struct sbk_user_place *place, const char *path)
{
	struct sbk_buf *name = &out->items[out->count];

	sbk_buf_printf(name, "%s:%s", place->text.text, path);
	if (out->count == 1 &&
	    strcmp(sbk_buf_text(name), sbk_buf_text(&out->items[0])) == 0)
		return;
	out->count++;
}

int sbk_user_profile_find(const struct sbk_sid *account,
			  struct sbk_user_profile_names *out,
			  struct sbk_error *err)
{
	struct sbk_user_place place = {.sid = *account};
	int rc;

	*out = (struct sbk_user_profile_names){.count = 0};
	(void)sbk_sid_format(account, &place.text);
	rc = sbk_user_place_read_list(&place, err);
	out->is_sealed = place.seal[0] != '\0';
	if (rc == 0 && place.now.path[0] != '\0')
		add_name(out, &place, place.now.path);
	if (rc == 0 && place.now.aside[0] != '\0')
		add_name(out, &place, place.now.aside);
	if (rc == 0 && (sbk_buf_failed(&out->items[0], err) < 0 ||
			sbk_buf_failed(&out->items[1], err) < 0))
		rc = SBK_E_NOMEM;
	if (rc < 0)
		sbk_user_profile_names_release(out);
	return rc;
}

int sbk_user_profile_loads(const struct sbk_sid *account, bool *out,
			   struct sbk_error *err)
{
	struct sbk_volumes volumes = {.count = 0};
	struct sbk_user_place place = {.sid = *account};
	char path[SBK_PATH_MAX];
	int rc;

	(void)sbk_sid_format(account, &place.text);
	rc = sbk_user_place_read_list(&place, err);
	if (rc == 0 && (!place.now.has_key || place.seal[0] == '\0')) {
		*out = false;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s", place.now.path);
	place.path = path;
	if (rc == 0)
		rc = look_at_folder(&volumes, &place, err);
	if (rc == 0)
		*out = sbk_user_profile_is_whole(&place.now, path);
	sbk_volumes_release(&volumes);
	return rc;
}
