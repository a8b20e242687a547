/*
 * sandbook: joins the command tables of the layers. Never elevated by itself:
 * machine-wide changes are sandbook-setup's.
 */
#include "audit/audit.h"
#include "engine/cli.h"
#include "engine/hand_back.h"
#include "engine/plan_grant.h"
#include "engine/plan_setup.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "engine/sd_command.h"
#include "journal/journal.h"
#include "uninstall/remediate.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

int main(int argc, char **argv)
{
	const struct sbk_command engine_commands[] = {
		sbk_command_plan, sbk_command_setup,	 sbk_command_grant,
		sbk_command_run,  sbk_command_hand_back, sbk_command_status,
		sbk_command_sd,	  {.name = NULL},
	};
	const struct sbk_command *const tables[] = {
		engine_commands,	sbk_audit_commands,
		sbk_journal_commands,	sbk_uninstall_commands,
		sbk_remediate_commands, sbk_certificate_commands,
		sbk_journal_errands,	NULL,
	};
	struct sbk_cli cli = {.out = stdout,
			      .err = stderr,
			      .program = "sandbook",
			      .version = SBK_VERSION};

	sbk_journal_ledger(&cli.ledger);
	return sbk_cli_main(&cli, tables, argc, argv);
}
