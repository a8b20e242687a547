/*
 * The account of a run, as plans and grants ask for it: what the launch asks
 * (account_find.h), the password opened and wiped again. Only the logon itself
 * can find that it is disabled or locked, and only the trial before a run that
 * the filters do not hold.
 */
#include "engine/account_forecast.h"

#include <stdio.h>

#include "engine/run_grant.h"
#include "engine/windows/account_find.h"
#include "engine/windows/kept.h"
#include "engine/windows/run_rules.h"

#include "engine/banned.h"

const bool sbk_accounts_have_passwords = true;

int sbk_account_forecast(const struct sbk_scope *scope,
			 struct sbk_account_forecast *out,
			 struct sbk_error *err)
{
	struct sbk_carriers carriers = {.account = 0};
	struct sbk_own_account account;

	int rc = 0;

	*out = (struct sbk_account_forecast){.arena = SBK_ARENA_INIT,
					     .wish = scope->account,
					     .withholds = scope->withholds};
	sbk_own_account_choose(scope->account, scope->network, &account,
			       out->missing);
	if (account.wanted) {
		out->account = account.principal.number;
		(void)snprintf(out->name, sizeof(out->name), "%s",
			       account.principal.name);
		(void)snprintf(out->outside, sizeof(out->outside), "%s",
			       account.principal.id);
		if (scope->grant_refused != NULL)
			(void)snprintf(out->missing, sizeof(out->missing), "%s",
				       scope->grant_refused);
	} else if (out->missing[0] == '\0') {
		(void)snprintf(out->missing, sizeof(out->missing), "%s",
			       SBK_NO_ACCOUNT);
	}
	if (account.wanted)
		sbk_run_rules_account(scope->network, out->account, true, "",
				      &carriers);
	else
		sbk_run_rules_carriers(scope->network, &carriers);
	(void)snprintf(out->reserved, sizeof(out->reserved), "%s",
		       carriers.reserved[SBK_GUARANTEE_WRITES]);
	sbk_own_account_end(&account);
	if (scope->account == SBK_ACCOUNT_WISH_OFF)
		rc = sbk_kept_text(out->kept, sizeof(out->kept), err);
	return rc;
}

int sbk_run_account(const struct sbk_scope *scope, char principal[],
		    struct sbk_error *err)
{
	char missing[SBK_ACCOUNT_MISSING_MAX];
	struct sbk_own_account account;
	int rc = 0;

	sbk_own_account_choose(scope->account, scope->network, &account,
			       missing);
	if (account.wanted)
		(void)snprintf(principal, SBK_PRINCIPAL_TEXT, "%s",
			       account.principal.id);
	else
		rc = sbk_error_set(err, SBK_E_NOTFOUND, "%s",
				   missing[0] != '\0' ? missing
						      : SBK_NO_ACCOUNT);
	sbk_own_account_end(&account);
	return rc;
}

const char *sbk_run_unmappable(const char *path, bool written)
{
	(void)path;
	(void)written;
	return "Windows has no mounts of another's files";
}
