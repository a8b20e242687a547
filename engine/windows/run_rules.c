/*
 * The unelevated mode's honesty: a write-restricted token keeps writes in the
 * roots, a job ends what the run leaves, and that is all.
 */
#include "engine/windows/run_rules.h"

#include <stdio.h>
#include <string.h>

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

static int refuse_denied(const struct sbk_scope *scope, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++)
		if (scope->paths[i].kind == SBK_ACCESS_DENY)
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%.200s' is denied, and a run without an "
				"account reads what the user reads: set up "
				"the accounts ('sandbook setup')",
				scope->paths[i].path);
	return 0;
}

int sbk_run_rules_check(const struct sbk_scope *scope,
			const struct sbk_carriers *carriers,
			struct sbk_error *err)
{
	int i;

	if (scope->account == SBK_ACCOUNT_WISH_REQUIRE)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the sandbox account is required, and "
				     "there is none: 'sandbook setup' makes "
				     "it");
	if (refuse_denied(scope, err) < 0)
		return SBK_E_UNSUPPORTED;
	for (i = 0; !scope->best_effort && i < SBK_GUARANTEE_COUNT; i++)
		if (carriers->names[i][0] == '\0')
			return sbk_error_set(
				err, SBK_E_UNSUPPORTED,
				"'%s' cannot be guaranteed: %s; 'sandbook "
				"setup' makes accounts that can, or "
				"--best-effort goes on without",
				sbk_guarantee_name((enum sbk_guarantee)i),
				carriers->missing[i]);
	return 0;
}
