/*
 * FOLDER: the profile of an account on Windows, as its object's name and state
 * (WINDOWS.md part 5, "Profiles"). Portable: calls nothing.
 *
 *	S-1-5-21-1-2-3-1005:C:/Users/SandbookOffline
 *
 * is the name: whose, and where it was made. The state is what the system's
 * list has of the account, and what stands at that place:
 *
 *	path C:/Users/SandbookOffline
 *	aside C:/Users/SandbookOffline
 *	guid {...}
 *	folder own
 *
 * Each line is there only where its thing is. `aside` is the key that the
 * system sets aside when it cannot load a profile; `guid` the way back from a
 * GUID to the account, where nothing else of it is left.
 */
#ifndef SBK_WINDOWS_USER_PROFILE_RULES_H
#define SBK_WINDOWS_USER_PROFILE_RULES_H

#include <stdbool.h>

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/limits.h"
#include "engine/ntsec/sid.h"
#include "engine/object.h"
#include "engine/windows/access_state.h"

enum sbk_user_folder {
	SBK_USER_FOLDER_NONE,  /* nothing stands there */
	SBK_USER_FOLDER_OWN,   /* the one that was made: its id is sealed */
	SBK_USER_FOLDER_NAMED, /* not sealed; its list or owner says whose
				  (sbk_user_profile_is_its) */
	SBK_USER_FOLDER_LINK,  /* a reparse point, there or on the way */
	SBK_USER_FOLDER_OTHER  /* anything else */
};

struct sbk_user_profile {
	/* Of the account's key, and of the one that was set aside. */
	bool has_key, has_aside;
	char path[SBK_PATH_MAX], aside[SBK_PATH_MAX]; /* "": it names none */
	char guid[64];				      /* "": none */
	enum sbk_user_folder folder;
};

/*
 * Whether a folder's access is that of the account's own profile: the account
 * owns it, or an entry gives it full control, as the system's does. What a
 * grant gives is less (WINDOWS.md part 3), so that a person's folder through
 * which the account may pass is none of its own.
 */
int sbk_user_profile_is_its(const struct sbk_nt_access *access,
			    const struct sbk_sid *account, bool *out,
			    struct sbk_error *err);

/* Of where it is made: `profiles` is "C:/Users". */
void sbk_user_profile_name(const char *sid, const char *profiles,
			   const char *account, struct sbk_buf *out);
/* SBK_E_INVAL. `path` is within `name`. */
int sbk_user_profile_parse_name(const char *name, struct sbk_sid *sid,
				const char **path, struct sbk_error *err);

/*
 * The state; nothing where the system's list has nothing of the account and no
 * folder of the account's stands there. A path that is `place` but for the case
 * of its letters is written as `place`.
 */
void sbk_user_profile_format(const struct sbk_user_profile *profile,
			     const char *place, struct sbk_buf *out);
/* What setup makes. */
void sbk_user_profile_want(const char *place, struct sbk_buf *out);
/* One form and no other; SBK_E_PARSE. */
int sbk_user_profile_parse(struct sbk_state state, struct sbk_user_profile *out,
			   struct sbk_error *err);

/*
 * Whether all that is there is of the account's profile at `place`, so that it
 * may be deleted: SBK_E_CONFLICT with what it is instead, and the remedy.
 */
int sbk_user_profile_check_ours(const struct sbk_user_profile *profile,
				const char *place, struct sbk_error *err);

/* Whether a logon may load it: it is as setup made it, and nothing is aside. */
bool sbk_user_profile_is_whole(const struct sbk_user_profile *profile,
			       const char *place);

#endif
