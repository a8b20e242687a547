/*
 * The environment of a run under a sandbox account: what the policy passes on,
 * but for what says who the user is and where the user's files are. Portable.
 */
#ifndef SBK_WINDOWS_ACCOUNT_ENVIRONMENT_H
#define SBK_WINDOWS_ACCOUNT_ENVIRONMENT_H

#include "engine/buf.h"

struct sbk_account_environment {
	const char *const *variables; /* of the scope, NULL-ended */
	const char *const *own;	      /* the caller's */
	const char *user, *profile;   /* the caller's: "ann", "C:/Users/ann" */
	const char *account;	      /* "SandbookOffline" */
	const char *home;	      /* a directory of the run's own */
};

/*
 * The variables of the run, NULL-ended, in the arena. USERNAME is the account,
 * and USERPROFILE, HOME, HOMEDRIVE, HOMEPATH, APPDATA and LOCALAPPDATA lie in
 * `home`, wherever they have the caller's value; what the policy set otherwise
 * stays. All others are as they were: a PATH into the user's profile is of use
 * where the account may read there. Git is told that the person's repositories
 * are no stranger's (git_environment.h). SBK_E_NOMEM.
 */
int sbk_account_environment(const struct sbk_account_environment *wish,
			    struct sbk_arena *arena, const char ***out,
			    struct sbk_error *err);

#endif
