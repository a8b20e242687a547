/*
 * What each mode keeps, and says so. Without an account a write-restricted
 * token keeps writes in the roots, a job ends what the run leaves, and that is
 * all. With one, the account's rights keep the rest: what this machine lets
 * every user read, reach or use is no boundary, and the run says that, too.
 */
#include "engine/windows/run_rules.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/run_sids.h"

#include "engine/banned.h"

#define UNELEVATED "without an account, the run is the user: "

static const struct {
	const char *names, *missing;
} rules[SBK_GUARANTEE_COUNT] = {
	[SBK_GUARANTEE_WRITES] = {"write-restricted token", ""},
	[SBK_GUARANTEE_READS] = {"",
				 UNELEVATED "it reads what the user may read"},
	[SBK_GUARANTEE_NETWORK] = {"", UNELEVATED
				   "variables advise programs to stay off the "
				   "network, and nothing holds them to it"},
	[SBK_GUARANTEE_SOCKETS] = {"", UNELEVATED
				   "it reaches the services that the user "
				   "reaches"},
	[SBK_GUARANTEE_PROCESSES] = {"", UNELEVATED
				     "the job ends what it leaves, but it may "
				     "read and end the user's other processes"},
	[SBK_GUARANTEE_DEVICES] = {"", UNELEVATED
				   "it uses what devices the user may use"},
};

void sbk_run_rules_carriers(enum sbk_network network, struct sbk_carriers *out)
{
	int i;

	for (i = 0; i < SBK_GUARANTEE_COUNT; i++) {
		(void)snprintf(out->names[i], sizeof(out->names[i]), "%s",
			       rules[i].names);
		(void)snprintf(out->missing[i], sizeof(out->missing[i]), "%s",
			       rules[i].missing);
	}
	if (network != SBK_NETWORK_ON)
		return;
	(void)snprintf(out->names[SBK_GUARANTEE_NETWORK], sizeof(out->names[0]),
		       "not asked for");
	out->missing[SBK_GUARANTEE_NETWORK][0] = '\0';
}

static const char *const account_carriers[SBK_GUARANTEE_COUNT] = {
	[SBK_GUARANTEE_WRITES] = "write-restricted token, account",
	[SBK_GUARANTEE_READS] = "account",
	[SBK_GUARANTEE_NETWORK] = "network filters",
	[SBK_GUARANTEE_SOCKETS] = "account",
	[SBK_GUARANTEE_PROCESSES] = "job, account",
	[SBK_GUARANTEE_DEVICES] = "account, no privileges",
};

void sbk_run_rules_account(enum sbk_network network, uint32_t account,
			   bool kept_off, const char *why,
			   struct sbk_carriers *out)
{
	const enum sbk_guarantee net = SBK_GUARANTEE_NETWORK;
	int i;

	memset(out->missing, 0, sizeof(out->missing));
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++)
		(void)snprintf(out->names[i], sizeof(out->names[i]), "%s",
			       account_carriers[i]);
	out->account = account;
	out->firewall = network != SBK_NETWORK_ON && kept_off;
	if (network == SBK_NETWORK_ON)
		(void)snprintf(out->names[net], sizeof(out->names[net]),
			       "not asked for");
	else if (!kept_off) {
		out->names[net][0] = '\0';
		(void)snprintf(out->missing[net], sizeof(out->missing[net]),
			       "%s", why);
	}
}

/* What a run without an account does not keep. */
static int refuse_denied(const struct sbk_scope *scope, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++)
		if (scope->paths[i].kind == SBK_ACCESS_DENY)
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%.200s' is denied, and a run without an "
				"account reads what the user reads: set up the "
				"accounts ('sandbook setup')",
				scope->paths[i].path);
	return 0;
}

/* The first guarantee that nothing carries. */
static int require_all(const struct sbk_scope *scope,
		       const struct sbk_carriers *carriers, const char *remedy,
		       struct sbk_error *err)
{
	int i;

	for (i = 0; !scope->best_effort && i < SBK_GUARANTEE_COUNT; i++)
		if (carriers->names[i][0] == '\0')
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%s' cannot be guaranteed: %s; %s"
				"--best-effort goes on without",
				sbk_guarantee_name((enum sbk_guarantee)i),
				carriers->missing[i], remedy);
	return 0;
}

int sbk_run_rules_check_account(const struct sbk_scope *scope,
				const struct sbk_carriers *carriers,
				struct sbk_error *err)
{
	int rc = sbk_run_sids_check(scope, err);

	if (rc == 0 && scope->account == SBK_ACCOUNT_WISH_REQUIRE &&
	    scope->network != SBK_NETWORK_ON && !carriers->firewall)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the sandbox account is required, and "
				   "nothing keeps it off the network: %s",
				   carriers->missing[SBK_GUARANTEE_NETWORK]);
	return rc < 0 ? rc : require_all(scope, carriers, "", err);
}

int sbk_run_rules_check(const struct sbk_scope *scope,
			const struct sbk_carriers *carriers,
			struct sbk_error *err)
{
	int rc;

	if (scope->account == SBK_ACCOUNT_WISH_REQUIRE)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"the sandbox account is required, and there is none: "
			"%s",
			carriers->account_missing[0] != '\0'
				? carriers->account_missing
				: "'sandbook setup' makes it");
	rc = refuse_denied(scope, err);
	if (rc == 0)
		rc = sbk_run_sids_check(scope, err);
	return rc < 0 ? rc
		      : require_all(scope, carriers,
				    "'sandbook setup' makes accounts that "
				    "can, or ",
				    err);
}
