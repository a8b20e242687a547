/*
 * A run's own directory for temporary files: made in the user's own records
 * directory, writable for the run's SID alone, and removed with all that the
 * run left in it, by handle, no link followed. That of a run under an account
 * is made where every user may make one (FOLDERID_ProgramData), so that the
 * account can look at each directory above it, as many tools do with TEMP.
 *
 *	rc = sbk_temporary_name(&temporary, err);       its path, nothing made
 *	...                                             the session is recorded
 *	rc = sbk_temporary_make(&temporary, &run, err);
 *	...                                             nothing runs any more
 *	rc = sbk_temporary_remove(&temporary, err);
 *
 * It is named by the session's record before it is made. While its front end
 * lives, that has it open so that nobody else can remove it; whoever finds one
 * that nobody has open removes it (sbk_temporary_sweep).
 */
#ifndef SBK_WINDOWS_TEMPORARY_H
#define SBK_WINDOWS_TEMPORARY_H

#include <windows.h>

#include "engine/error.h"
#include "engine/limits.h"
#include "engine/ntsec/sid.h"

#define SBK_TEMPORARY_NAME_MAX 64

struct sbk_temporary {
	char above[SBK_PATH_MAX]; /* "C:/Users/ann/AppData/Local/Sandbook" */
	char name[SBK_TEMPORARY_NAME_MAX]; /* "run-...", "sandbook-run-..." */
	char path[SBK_PATH_MAX + SBK_TEMPORARY_NAME_MAX];
	HANDLE held; /* NULL: not made */
};

#define SBK_TEMPORARY_INIT   \
	{                    \
		.held = NULL \
	}

int sbk_temporary_name(struct sbk_temporary *out, struct sbk_error *err);
int sbk_temporary_name_shared(struct sbk_temporary *out, struct sbk_error *err);
/* For the run with this SID and, of one under an account, that logon: a token's
 * restricting SIDs give only what its other SIDs have, and as the account its
 * other runs would come in. Such a run has its home there, too, with the
 * directories that a home's variables name. */
int sbk_temporary_make(struct sbk_temporary *temporary,
		       const struct sbk_sid *run, const struct sbk_sid *logon,
		       struct sbk_error *err);
/* One that was not made is 0. */
int sbk_temporary_remove(struct sbk_temporary *temporary,
			 struct sbk_error *err);
/* What uses it could not be ended: it stays, and is the next sweep's. */
void sbk_temporary_leave(struct sbk_temporary *temporary);

/* Removes what runs of the caller left there whose front end is gone. Best
 * effort: what cannot be removed stays for the next time, and *left counts it.
 */
void sbk_temporary_sweep(size_t *removed, size_t *left);

#endif
