/* sandbook: joins the command tables of the layers. */
#include "engine/cli.h"
#include "journal/journal.h"

int main(int argc, char **argv)
{
	static const struct sbk_command *const tables[] = {
		sbk_engine_commands,
		sbk_journal_commands,
		NULL,
	};
	struct sbk_cli cli = {.out = stdout,
			      .err = stderr,
			      .program = "sandbook",
			      .version = SBK_VERSION};

	sbk_journal_ledger(&cli.ledger);
	return sbk_cli_main(&cli, tables, argc, argv);
}
