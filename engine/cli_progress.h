/*
 * Progress as one line on the terminal, written over itself and wiped before
 * anything else is said. Only where standard error is a terminal, and nothing
 * at all of what is soon done.
 */
#ifndef SBK_CLI_PROGRESS_H
#define SBK_CLI_PROGRESS_H

#include "engine/cli.h"
#include "engine/progress.h"

struct sbk_cli_progress {
	struct sbk_progress progress; /* to be handed on while it lives */
	FILE *out;		      /* NULL: nobody waits at a terminal */
	int64_t next_ms;	      /* nothing is told before */
	unsigned calls;
	size_t columns; /* of what is shown now */
};

/* `wanted`: whether a person reads the answer (no --json). */
void sbk_cli_progress_begin(struct sbk_cli_progress *line, struct sbk_cli *cli,
			    bool wanted);
/*
 * The same for changes to the host: they are stopped by what asks the program
 * to end (Ctrl-C), and taken back. To be ended by sbk_cli_changes_end.
 */
int sbk_cli_changes_begin(struct sbk_cli_progress *line, struct sbk_cli *cli,
			  bool wanted, struct sbk_error *err);
void sbk_cli_changes_end(struct sbk_cli_progress *line);
/* Wipes the line. May be called twice, and on a zeroed one. */
void sbk_cli_progress_end(struct sbk_cli_progress *line);

#endif
