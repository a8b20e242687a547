/*
 * The account of a run, as plans and grants ask for it.
 */
#include <stdio.h>

#include "engine/account_forecast.h"
#include "engine/run_grant.h"

#include "engine/banned.h"

#define NO_ACCOUNT                                                        \
	"this user has no sandbox account: a run is the user's own, and " \
	"reads, the network and other processes are no boundary"

int sbk_account_forecast(const struct sbk_scope *scope,
			 struct sbk_account_forecast *out,
			 struct sbk_error *err)
{
	(void)err;
	*out = (struct sbk_account_forecast){.arena = SBK_ARENA_INIT,
					     .wish = scope->account};
	(void)snprintf(out->missing, sizeof(out->missing), "%s", NO_ACCOUNT);
	return 0;
}

int sbk_run_account(const struct sbk_scope *scope, char principal[],
		    struct sbk_error *err)
{
	(void)scope;
	(void)principal;
	return sbk_error_set(err, SBK_E_NOTFOUND, "%s", NO_ACCOUNT);
}

const char *sbk_run_unmappable(const char *path, bool written)
{
	(void)path;
	(void)written;
	return "Windows has no mounts of another's files";
}
