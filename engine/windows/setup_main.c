/*
 * sandbook-setup.exe: the elevated half. It alone makes machine-wide changes,
 * knows no command that runs somebody's program but the one that the machine's
 * policy, an administrator's file, names for checkpoints; and takes no path
 * from its caller to write to but those of a certificate and an exported log.
 *
 * Before anything else, nothing but the system's own folder is searched for
 * DLLs. What it is linked with was loaded before that: the system's, by names
 * that lie in no folder of ours.
 */
#include <stdio.h>

#include "engine/cli.h"
#include "engine/plan_setup.h"
#include "engine/windows/setup_check.h"
#include "engine/windows/win32_elevation.h"
#include "engine/windows/words.h"
#include "journal/journal.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

/* In words here, and as a number for who started this and sees no more. */
static int refuse(struct sbk_cli *cli, enum sbk_setup_refusal which,
		  struct sbk_error *err)
{
	(void)sbk_cli_fail(cli, err);
	return sbk_setup_refusal_exit(which);
}

/* Nothing is planned on a machine, or by a program, that is not fit for it. */
static int run_setup(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	enum sbk_setup_refusal which;

	return sbk_nt_setup_check(&which, &err) < 0
		       ? refuse(cli, which, &err)
		       : sbk_command_setup.run(cli, argc, argv);
}

static int run_uninstall(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	enum sbk_setup_refusal which;

	if (sbk_nt_uninstall_check(&which, &err) < 0)
		return refuse(cli, which, &err);
	return sbk_uninstall_commands[0].run(cli, argc, argv);
}

/* What the C library starts here in place of main; no header declares it. */
int wmain(int argc, wchar_t **wide);

int wmain(int argc, wchar_t **wide)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_command commands[] = {
		sbk_command_setup, sbk_uninstall_commands[0], {.name = NULL}};
	const struct sbk_command *const tables[] = {commands, NULL};
	struct sbk_cli cli = {.out = stdout,
			      .err = stderr,
			      .program = "sandbook-setup",
			      .version = SBK_VERSION};
	char **argv;

	if (sbk_win32_search_system_alone(&err) < 0)
		return sbk_cli_fail(&cli, &err);
	commands[0].run = run_setup;
	commands[1].run = run_uninstall;
	argv = sbk_words_narrow(argc, wide);
	if (argv == NULL) {
		(void)sbk_error_no_memory(&err);
		return sbk_cli_fail(&cli, &err);
	}
	sbk_journal_ledger(&cli.ledger);
	return sbk_cli_main(&cli, tables, argc, argv);
}
