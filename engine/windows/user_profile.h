/*
 * Profiles of accounts, for whoever is no backend: what is there, and what a
 * logon would meet. user_profile_rules.h has names and states.
 */
#ifndef SBK_WINDOWS_USER_PROFILE_H
#define SBK_WINDOWS_USER_PROFILE_H

#include <stdbool.h>

#include "engine/error.h"
#include "engine/ntsec/sid.h"
#include "engine/windows/user_profile_rules.h"

/* Where the system makes profiles ("C:/Users"), `out` SBK_PATH_MAX bytes. */
int sbk_user_profiles_folder(char out[SBK_PATH_MAX], struct sbk_error *err);

/* SBK_E_EXISTS where something stands at the place of a profile that is to be
 * made: the system would make it elsewhere. */
int sbk_user_profile_check_free(const char *place, struct sbk_error *err);

/*
 * The names of the FOLDER objects of an account by what the system's list has
 * of it now, whoever made that: at most two. Of none, none.
 */
struct sbk_user_profile_names {
	struct sbk_buf items[2];
	size_t count;
	bool is_sealed; /* setup made the profile, wherever the list has it */
};
int sbk_user_profile_find(const struct sbk_sid *account,
			  struct sbk_user_profile_names *out,
			  struct sbk_error *err);
void sbk_user_profile_names_release(struct sbk_user_profile_names *names);

/*
 * Whether a logon as the account may load its profile (LOGON_WITH_PROFILE): the
 * one that setup made is there, whole. Else the system would make one that
 * nobody recorded, or a temporary one.
 */
int sbk_user_profile_loads(const struct sbk_sid *account, bool *out,
			   struct sbk_error *err);

#endif
