/*
 * sandbook plan: what a run with the same options could read, write and
 * reach, printed before anything happens. A run changes nothing on the host,
 * so there is no list of changes to print, and it says so.
 */
#include "engine/policy.h"

#include "engine/account_forecast.h"
#include "engine/json.h"
#include "engine/os.h"
#include "engine/run_grant.h"
#include "engine/run_roots.h"

#include "engine/banned.h"

struct plan_options {
	struct sbk_policy_request policy;
	bool json;
};

static const struct sbk_option options[] = {
	SBK_POLICY_OPTIONS(struct plan_options, policy),
	{.name = "json",
	 .help = "print JSON",
	 .offset = offsetof(struct plan_options, json),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static void print(const struct sbk_scope *scope,
		  const struct sbk_account_forecast *forecast,
		  const struct sbk_run_grant *grant, bool json,
		  struct sbk_buf *out)
{
	if (!json && sbk_run_grant_changes(grant) > 0) {
		sbk_scope_print(scope, sbk_account_forecast_outside(forecast),
				out);
		sbk_run_roots_print(scope, out);
		sbk_account_forecast_print(forecast, out);
		sbk_buf_adds(out, "\nBefore its command, a run grants:\n");
		sbk_run_grant_print(grant, out);
		return;
	}
	if (!json) {
		sbk_scope_print(scope, sbk_account_forecast_outside(forecast),
				out);
		sbk_run_roots_print(scope, out);
		sbk_account_forecast_print(forecast, out);
		sbk_buf_adds(out, "\nA run changes nothing on this machine but "
				  "what its command writes in the first "
				  "list.\n");
		return;
	}
	sbk_json_open(out, '{');
	sbk_scope_print_json(scope, out);
	sbk_run_roots_print_json(scope, out);
	sbk_account_forecast_print_json(forecast, out);
	sbk_run_grant_print_json(grant, out);
	if (sbk_run_grant_changes(grant) == 0) {
		sbk_json_open_key(out, "changes", '[');
		sbk_json_close(out, ']');
	}
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

static int run_plan(struct sbk_cli *cli, int argc, char **argv)
{
	struct plan_options into = {.json = false};
	struct sbk_scope scope = {.arena = SBK_ARENA_INIT};
	struct sbk_account_forecast forecast = {.items = NULL};
	struct sbk_run_grant grant = SBK_RUN_GRANT_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_person person;
	int operands, rc;

	rc = sbk_cli_parse(cli, argc, argv, &into, &operands, &err);
	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many: plan takes the "
				   "options of run, and no command",
				   argv[operands]);
	if (rc == 0)
		rc = sbk_os_caller(&person, &err);
	if (rc == 0)
		rc = sbk_scope_resolve(&into.policy, &person,
				       sbk_os_environment(), &scope, &err);
	if (rc == 0)
		rc = sbk_run_roots_find(&cli->ledger, &scope, &err);
	if (rc == 0)
		rc = sbk_run_grant_plan(&grant, &cli->ledger, &scope, &err);
	if (rc == 0)
		rc = sbk_account_forecast(&scope, &forecast, &err);
	if (rc == 0) {
		print(&scope, &forecast, &grant, into.json, &out);
		rc = sbk_cli_print(cli, &out);
	} else {
		rc = sbk_cli_fail(cli, &err);
	}
	sbk_account_forecast_release(&forecast);
	sbk_run_grant_release(&grant);
	sbk_scope_release(&scope);
	sbk_buf_release(&out);
	sbk_policy_request_release(&into.policy);
	return rc;
}

const struct sbk_command sbk_command_plan = {
	.name = "plan",
	.usage = "[options]",
	.summary = "what a run could read, write and reach",
	.help = "Prints the scope that 'sandbook run' with the same options "
		"would have, with\nthe reason of each entry, and whether "
		"it would be the sandbox account's. Nothing is\nchanged.\n\n"
		"Example: what would a run in this project see, with a shared "
		"library beside it?\n"
		"  sandbook plan -C ~/project --ro ~/library\n\n"
		"The policy files are described in sandbook-policy(5).\n",
	.options = options,
	.run = run_plan,
};
