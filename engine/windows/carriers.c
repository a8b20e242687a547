/*
 * The carriers of this machine for the calling user, as far as looking and one
 * trial tell: a process under the user's own restricted token is made with all
 * the checks of a run, suspended, and ended without having run. A run under an
 * account would need a logon, whose own trial each such run makes: here it is
 * asked whether the account can be had.
 */
#include "engine/run.h"

#include <stdio.h>

#include "engine/os.h"
#include "engine/windows/account_find.h"
#include "engine/windows/folders.h"
#include "engine/windows/launch.h"
#include "engine/windows/run_rules.h"

#include "engine/banned.h"

/* Builds it and ends it; `why` is what that failed with, if it did. */
static int try_token(struct sbk_error *why, struct sbk_error *err)
{
	static const char *const argv[] = {"sandbook", NULL};
	char program[SBK_PATH_MAX], directory[SBK_PATH_MAX];
	const struct sbk_launch_wish wish = {.program = program,
					     .argv = argv,
					     .directory = directory,
					     .environment =
						     sbk_os_environment(),
					     .best_effort = true};
	struct sbk_launch launch = SBK_LAUNCH_INIT;
	int rc = sbk_os_program(program, why);

	if (rc == 0)
		rc = sbk_folder_path("System", directory, sizeof(directory),
				     why);
	if (rc == 0)
		rc = sbk_launch_build(&wish, &launch, why);
	if (rc == 0)
		return sbk_launch_release(&launch, err);
	/* Something may be alive, or memory is gone: nothing was learnt. */
	return rc == SBK_E_INCOMPLETE || rc == SBK_E_NOMEM
		       ? sbk_error_set(err, rc, "%s", why->message)
		       : 0;
}

static int probe_user(enum sbk_network network, struct sbk_carriers *out,
		      struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	sbk_run_rules_carriers(network, out);
	rc = try_token(&why, err);
	if (rc < 0 || why.code == SBK_OK)
		return rc;
	out->names[SBK_GUARANTEE_WRITES][0] = '\0';
	(void)snprintf(out->missing[SBK_GUARANTEE_WRITES],
		       sizeof(out->missing[0]), "%s", why.message);
	return 0;
}

int sbk_carriers_probe(const struct sbk_run_options *options,
		       enum sbk_network network, struct sbk_carriers *out,
		       struct sbk_error *err)
{
	struct sbk_own_account account;
	int rc = 0;

	*out = (struct sbk_carriers){.account = 0};
	sbk_own_account_choose(options->no_account ? SBK_ACCOUNT_WISH_OFF
						   : SBK_ACCOUNT_WISH_AUTO,
			       network, &account, out->account_missing);
	if (account.wanted) {
		sbk_run_rules_account(network, account.principal.number, true,
				      "", out);
		out->account_owner = account.principal.owner;
	} else {
		rc = probe_user(network, out, err);
	}
	sbk_own_account_end(&account);
	return rc;
}
