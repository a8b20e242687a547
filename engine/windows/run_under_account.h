/*
 * A run under the user's sandbox account, by sandbook-runner (WINDOWS.md part
 * 6, "A run under an account").
 */
#ifndef SBK_WINDOWS_RUN_UNDER_ACCOUNT_H
#define SBK_WINDOWS_RUN_UNDER_ACCOUNT_H

#include "engine/windows/account_find.h"
#include "engine/windows/run_parts.h"

/*
 * As sbk_run_launch. The account's password is wiped as soon as the runner is
 * there. SBK_E_UNSUPPORTED before anything is started where a guarantee cannot
 * be carried, and before the command is where the trial of the network says so.
 */
int sbk_run_under_account(const struct sbk_run_wish *wish,
			  struct sbk_own_account *account,
			  struct sbk_run_end *end, struct sbk_error *err);

#endif
