/*
 * The paths of a run's grants, for run_grant.c. Changes nothing on the host.
 */
#ifndef SBK_RUN_GRANT_PATHS_H
#define SBK_RUN_GRANT_PATHS_H

#include "engine/run_grant.h"

/*
 * Fills the scope's list `granted`, part by part; `counts` has how many each
 * has. What of it is to be read, and is neither the person's to grant nor
 * readable to the account, is left out with a note, where entries are all that
 * lets an account in. SBK_E_NOMEM.
 */
int sbk_run_grant_find(struct sbk_run_grant *grant,
		       size_t counts[SBK_RUN_GRANT_PARTS],
		       struct sbk_error *err);
/* What of it is denied, and what else the run may not write. What the run does
 * not see gets no entry; what else it may not write is shut. SBK_E_NOMEM. */
int sbk_run_grant_find_denied(struct sbk_run_grant *grant,
			      struct sbk_error *err);
/* A note of the scope: the account does not get this one. SBK_E_NOMEM. */
int sbk_run_grant_leave_out(struct sbk_run_grant *grant, const char *path,
			    const char *why, struct sbk_error *err);

#endif
