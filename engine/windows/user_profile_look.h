/*
 * A profile's place, and what stands there: between user_profile_look.c, which
 * looks, and user_profile.c, which makes and deletes.
 */
#ifndef SBK_WINDOWS_USER_PROFILE_LOOK_H
#define SBK_WINDOWS_USER_PROFILE_LOOK_H

#include "engine/windows/pin.h"
#include "engine/windows/user_profile_rules.h"
#include "engine/windows/win32.h"

#define SBK_USER_KEY_MAX 512 /* bytes of a key's path */
#define SBK_USER_SEAL L"Sandbook"

struct sbk_user_place {
	struct sbk_sid sid;
	struct sbk_sid_text text;
	const char *path; /* "C:/Users/SandbookOffline" */
	struct sbk_user_profile now;
	char seal[SBK_IDENTITY_MAX]; /* "": none */
};

/* By the object's name, borrowed. SBK_E_INVAL. */
int sbk_user_place_open(struct sbk_user_place *place, const char *name,
			struct sbk_error *err);
/* What the system's list has of the account: `now` but for the folder. */
int sbk_user_place_read_list(struct sbk_user_place *place,
			     struct sbk_error *err);
/* now.folder of an open object that stands at the place. */
int sbk_user_place_judge(struct sbk_user_place *place,
			 struct sbk_volumes *volumes, const struct sbk_pin *pin,
			 struct sbk_error *err);
/* All of `now`. */
int sbk_user_place_look(struct sbk_user_place *place,
			struct sbk_volumes *volumes, struct sbk_error *err);

/* The directory that the place is in belongs to the next flush. */
int sbk_user_place_touch(const struct sbk_user_place *place,
			 struct sbk_volumes *volumes, bool changed,
			 struct sbk_error *err);

/* As we write paths, of what the list, or CreateProfile, says. */
int sbk_user_place_take_path(const struct sbk_buf *text, char out[SBK_PATH_MAX],
			     struct sbk_error *err);
/* The account's key (`aside`: that which was set aside), and that of a GUID. */
void sbk_user_place_key(const struct sbk_user_place *place, bool aside,
			char out[SBK_USER_KEY_MAX]);
void sbk_user_place_guid_key(const struct sbk_user_place *place,
			     char out[SBK_USER_KEY_MAX]);
/* A key of HKLM, no link followed at its end. SBK_E_NOTFOUND. */
int sbk_user_place_open_key(const char *name, REGSAM access, HKEY *out,
			    struct sbk_error *err);
/* Makes durable what was looked at or changed in the list. */
int sbk_user_place_flush(struct sbk_error *err);

#endif
