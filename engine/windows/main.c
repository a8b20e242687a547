/*
 * sandbook.exe: joins the commands. Its own is the way in: the words of the
 * command line are UTF-16, and everything below takes UTF-8. Before anything
 * else, nothing but the system's own folder is searched for DLLs: the current
 * directory is often one that a sandboxed command may write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "audit/audit.h"
#include "engine/cli.h"
#include "engine/hand_back.h"
#include "engine/plan_grant.h"
#include "engine/plan_setup.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "engine/sd_command.h"
#include "engine/windows/elevate.h"
#include "engine/windows/win32_elevation.h"
#include "engine/windows/words.h"
#include "journal/journal.h"
#include "uninstall/remediate.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

/* What the C library starts here in place of main; no header declares it. */
int wmain(int argc, wchar_t **wide);

/* The words live as long as the program. */
int wmain(int argc, wchar_t **wide)
{
	const struct sbk_command engine_commands[] = {
		sbk_command_setup,     sbk_command_plan,  sbk_command_run,
		sbk_command_hand_back, sbk_command_grant, sbk_command_sd,
		sbk_command_status,    {.name = NULL}};
	const struct sbk_command *const tables[] = {
		engine_commands,
		sbk_audit_commands,
		sbk_journal_commands,
		sbk_uninstall_commands,
		sbk_certificate_commands,
		sbk_remediate_commands,
		NULL,
	};
	struct sbk_cli cli = {.out = stdout,
			      .err = stderr,
			      .program = "sandbook",
			      .version = SBK_VERSION};
	struct sbk_error err = SBK_ERROR_INIT;
	char **argv;

	if (sbk_win32_search_system_alone(&err) < 0)
		return sbk_cli_fail(&cli, &err);
	argv = sbk_words_narrow(argc, wide);
	/* What its owner hides from administrators, too. */
	if (argv != NULL && argc > 1 && strcmp(argv[1], "audit") == 0)
		sbk_elevate_see_all();
	sbk_journal_ledger(&cli.ledger);
	if (argv == NULL) {
		(void)fputs("sandbook: out of memory\n", stderr);
		return SBK_EXIT_FAILED;
	}
	return sbk_cli_main(&cli, tables, argc, argv);
}
