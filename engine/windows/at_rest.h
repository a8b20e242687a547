/*
 * What must hold before anything that contains an account is taken away: nobody
 * can log on as it, and nothing runs as it. Asked by each kind whose objects
 * contain (FILTERS, FIREWALL), so that no order of an undo, no crash in one and
 * no step that is owed can let a running process out.
 */
#ifndef SBK_WINDOWS_AT_REST_H
#define SBK_WINDOWS_AT_REST_H

#include "engine/error.h"
#include "engine/ntsec/sid.h"

/*
 * 0 where the account is disabled or gone, and after its processes were ended.
 * SBK_E_BUSY where it is enabled, or processes will not go.
 */
int sbk_account_at_rest(const struct sbk_sid *account, struct sbk_error *err);

/*
 * Ends all processes whose token's user is this; `ended` counts them. See
 * sbk_os_end_processes (engine/os_admin.h), which is this for a SID's text.
 */
int sbk_processes_end(const struct sbk_sid *user, size_t *ended,
		      struct sbk_error *err);

/*
 * What became of an account of this SID, which none is given twice: readable
 * for everybody who has logged on. A disabled one logs nobody on.
 */
enum sbk_account_standing {
	SBK_ACCOUNT_GONE,
	SBK_ACCOUNT_DISABLED,
	SBK_ACCOUNT_ENABLED
};

int sbk_account_standing(const struct sbk_sid *account,
			 enum sbk_account_standing *out, struct sbk_error *err);

#endif
