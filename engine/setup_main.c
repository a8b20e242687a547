/*
 * sandbook-setup: the elevated half. It alone makes machine-wide changes, and
 * knows no command that runs somebody's program.
 */
#include "engine/cli.h"
#include "engine/plan_setup.h"
#include "journal/journal.h"
#include "uninstall/remediate.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

int main(int argc, char **argv)
{
	const struct sbk_command commands[] = {
		sbk_command_setup,
		{.name = NULL},
	};
	const struct sbk_command *const tables[] = {
		commands, sbk_uninstall_commands, sbk_remediate_commands,
		sbk_journal_errands, NULL};
	struct sbk_cli cli = {.out = stdout,
			      .err = stderr,
			      .program = "sandbook-setup",
			      .version = SBK_VERSION};

	sbk_journal_ledger(&cli.ledger);
	return sbk_cli_main(&cli, tables, argc, argv);
}
