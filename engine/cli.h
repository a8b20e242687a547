/*
 * The command line: tables of commands and options, help made from them, and
 * the exit codes of our own. Each layer exports a table of commands; main
 * joins them.
 */
#ifndef SBK_CLI_H
#define SBK_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/error.h"
#include "engine/ledger.h"

/*
 * Exit codes. `run` passes the command's own code through (126, 127, 128+n as
 * a shell does); `audit` answers 0 clean, 1 findings, 2 incomplete; the codes
 * below are Sandbook's own, the same for every command.
 */
enum sbk_exit {
	SBK_EXIT_OK = 0,
	SBK_EXIT_INTERRUPTED = 130, /* by a person, and undone */
	SBK_EXIT_USAGE = 200,  /* the command line, or a path named on it */
	SBK_EXIT_POLICY = 201, /* a policy file, or a scope refused */
	SBK_EXIT_UNSUPPORTED = 202, /* a guarantee has no carrier here */
	SBK_EXIT_DENIED = 203,	    /* rights are missing */
	SBK_EXIT_JOURNAL = 204,	    /* the journal is damaged or unusable */
	SBK_EXIT_BUSY = 205,	    /* somebody else holds the journal */
	SBK_EXIT_FAILED = 206,	    /* a step failed (a full volume, a fixed
				       maximum); what was done is undone */
	SBK_EXIT_INCOMPLETE =
		207,		/* something is owed or could not be undone */
	SBK_EXIT_EXISTS = 208,	/* a name of ours is taken by others */
	SBK_EXIT_TIMEOUT = 209, /* the run's time limit ended it */
	/* `journal verify`, besides 204: */
	SBK_EXIT_TRUNCATED = 210,   /* the log's end is missing */
	SBK_EXIT_FORKED = 211,	    /* the anchor has another history */
	SBK_EXIT_ROLLED_BACK = 212, /* the anchor has a longer one */
	SBK_EXIT_OTHER_LOG = 213    /* key or anchor are of another log */
};

enum sbk_option_type {
	SBK_OPTION_FLAG,   /* bool */
	SBK_OPTION_TEXT,   /* const char *, the last one wins */
	SBK_OPTION_LIST,   /* struct sbk_list, repeatable */
	SBK_OPTION_NUMBER, /* uint64_t, from 1 on: 0 is "not given" */
	SBK_OPTION_CALL	   /* calls back: for options whose order counts */
};

struct sbk_list {
	const char **items; /* borrowed from argv */
	size_t count;
};

struct sbk_option {
	const char *name;     /* without the dashes */
	const char *argument; /* its name in the help; NULL for a flag */
	const char *help;     /* one line; NULL: not for people */
	size_t offset;	      /* of its field in the command's own struct */
	char letter;	      /* or 0 */
	enum sbk_option_type type;
	int (*call)(void *into, const char *value, struct sbk_error *err);
};

struct sbk_cli;

struct sbk_command {
	const char *name;
	const char *usage;   /* "[options] -- COMMAND [ARGUMENT...]" */
	const char *summary; /* one line, for the list of commands; NULL: an
				errand's, which no list names */
	const char *help;    /* paragraphs, with an example; may be NULL */
	const struct sbk_option *options; /* ends with name == NULL */
	int (*run)(struct sbk_cli *cli, int argc, char **argv);
	const struct sbk_command *subcommands; /* ends with name == NULL */
	bool in_order; /* options end at the first operand, as where that
			  begins another program's command line */
};

struct sbk_cli {
	FILE *out, *err;
	const char *program; /* "sandbook" or "sandbook-setup" */
	const char *version;
	const struct sbk_command *group;   /* the one that it belongs to, or
					      NULL */
	const struct sbk_command *command; /* the one that runs */
	struct sbk_ledger ledger;
	bool helped; /* --help was printed: exit 0 */
};

/*
 * Fills `into` from argv by `cli->command->options`. Options end at "--", and
 * may stand after operands, which are moved behind them, unless the command
 * takes its words in order. 0 and the index of the first operand; else the
 * error is SBK_E_INVAL with the nearest known option named. `--help` prints the
 * help, sets cli->helped and returns SBK_E_INVAL.
 */
int sbk_cli_parse(struct sbk_cli *cli, int argc, char **argv, void *into,
		  int *operands, struct sbk_error *err);
void sbk_list_release(struct sbk_list *list);

/*
 * Prints "sandbook: message" (with what to do, where the message says it) and
 * returns the exit code; 0 where only help was asked for.
 */
int sbk_cli_fail(struct sbk_cli *cli, const struct sbk_error *err);

/*
 * One line on cli->err, "sandbook: " and the text, made printable as a whole
 * (sbk_text_escape): for each line with a name, a reason or whatever else
 * others wrote, a run, a runner and the system among them.
 */
void sbk_cli_say(const struct sbk_cli *cli, const char *fmt, ...)
	SBK_PRINTF(2, 3);

/* Writes the buffer to cli->out and flushes; a closed stdout is an error. */
int sbk_cli_print(struct sbk_cli *cli, const struct sbk_buf *buf);

/*
 * Before a change: writes the text to cli->out and flushes. SBK_E_IO where
 * that fails, since what cannot be told is not done.
 */
int sbk_cli_announce(struct sbk_cli *cli, const char *text,
		     struct sbk_error *err);
/*
 * After a transaction: what its record lacks although it went well (a copy for
 * readers, a signature), and the key of a journal that began with it, on
 * cli->err; and sbk_cli_tell_anchor.
 */
void sbk_cli_tell_record(struct sbk_cli *cli, enum sbk_book book,
			 const struct sbk_transaction_report *report);
/* The key of a journal that began just now; nothing for "". */
void sbk_cli_tell_key(struct sbk_cli *cli, const char *key);
/* Hands the book's new checkpoint to the command that the policy names; that
 * it failed is a line on cli->err. sbk_cli_tell_record does it, too. */
void sbk_cli_tell_anchor(struct sbk_cli *cli, enum sbk_book book);
/*
 * Asks "question [y/N]" on the terminal; 0 for yes, and at once with `yes`.
 * SBK_E_INVAL for anything else, and where nobody can be asked.
 */
int sbk_cli_ask(struct sbk_cli *cli, const char *question, bool yes,
		struct sbk_error *err);

/* Runs argv by the tables (each ends with name == NULL). Returns the exit
 * code. */
int sbk_cli_main(struct sbk_cli *cli, const struct sbk_command *const *tables,
		 int argc, char **argv);

/* The word of `words` (NULL-ended) nearest to `word`, or NULL when none is
 * near. For "did you mean". */
const char *sbk_nearest_word(const char *word, const char *const *words);

#endif
