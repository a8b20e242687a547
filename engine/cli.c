/*
 * The command line. Owns option tables, help made from them, and what a
 * failure looks like; knows no command. getopt_long does the parsing.
 */
#include "engine/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os.h"

#include "engine/banned.h"

#define OPTIONS_MAX 64
#define SAID_MAX 16384	/* bytes of a line for people, two paths and words */
#define HELP_VALUE 1000 /* getopt_long values: 1000 help, 1001+i option i */

/* The exit code that belongs to an error code. */
static int exit_of(int error_code)
{
	switch (error_code) {
	case SBK_OK:
		return SBK_EXIT_OK;
	case SBK_E_INVAL:
	case SBK_E_NOTFOUND:
		return SBK_EXIT_USAGE;
	case SBK_E_PARSE:
		return SBK_EXIT_POLICY;
	case SBK_E_UNSUPPORTED:
		return SBK_EXIT_UNSUPPORTED;
	case SBK_E_DENIED:
		return SBK_EXIT_DENIED;
	case SBK_E_CORRUPT:
		return SBK_EXIT_JOURNAL;
	case SBK_E_BUSY:
		return SBK_EXIT_BUSY;
	case SBK_E_INCOMPLETE:
		return SBK_EXIT_INCOMPLETE;
	case SBK_E_EXISTS:
		return SBK_EXIT_EXISTS;
	case SBK_E_INTERRUPTED:
		return SBK_EXIT_INTERRUPTED;
	default:
		return SBK_EXIT_FAILED;
	}
}

/* Levenshtein distance of short words, rows of one array. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], a_size = strlen(a), b_size = strlen(b), i, j;

	if (a_size >= 64 || b_size >= 64)
		return 64;
	for (j = 0; j <= b_size; j++)
		row[j] = j;
	for (i = 1; i <= a_size; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b_size; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_size];
}

const char *sbk_nearest_word(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	size_t best = strlen(word) / 2 + 1;

	for (; *words != NULL; words++) {
		size_t d = distance(word, *words);

		if (d < best || (d == best && nearest == NULL && d <= 2)) {
			best = d;
			nearest = *words;
		}
	}
	return nearest;
}

static size_t option_count(const struct sbk_option *options)
{
	size_t count = 0;

	while (options != NULL && options[count].name != NULL)
		count++;
	return count < OPTIONS_MAX ? count : OPTIONS_MAX;
}

static void fill_tables(const struct sbk_command *command, size_t count,
			struct option *longs, char *shorts)
{
	const struct sbk_option *options = command->options;
	size_t i, used = 0;

	if (command->in_order)
		shorts[used++] = '+'; /* stop at the first operand */
	shorts[used++] = ':';	      /* report a missing argument as such */
	shorts[used++] = 'h';
	for (i = 0; i < count; i++) {
		const struct sbk_option *option = &options[i];

		longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->argument != NULL,
			.val = HELP_VALUE + 1 + (int)i,
		};
		if (option->letter == 0)
			continue;
		shorts[used++] = option->letter;
		if (option->argument != NULL)
			shorts[used++] = ':';
	}
	shorts[used] = '\0';
	longs[count] = (struct option){.name = "help", .val = HELP_VALUE};
	longs[count + 1] = (struct option){.name = NULL};
}

static int list_add(struct sbk_list *list, const char *value,
		    struct sbk_error *err)
{
	const char **items =
		realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return sbk_error_no_memory(err);
	list->items = items;
	list->items[list->count++] = value;
	return 0;
}

void sbk_list_release(struct sbk_list *list)
{
	free(list->items);
	*list = (struct sbk_list){.items = NULL};
}

static int store_number(const struct sbk_option *option, void *field,
			const char *value, struct sbk_error *err)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *value == '-')
		return sbk_error_set(err, SBK_E_INVAL,
				     "--%s takes a number, not '%s'",
				     option->name, value);
	if (number == 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--%s takes a number from 1 on, not '%s'; "
				     "leave it out to have none",
				     option->name, value);
	*(uint64_t *)field = number;
	return 0;
}

static int store(const struct sbk_option *option, void *into, const char *value,
		 struct sbk_error *err)
{
	void *field = (char *)into + option->offset;

	if (option->argument != NULL && value[0] == '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "--%s is given an empty %s; see --help",
				     option->name, option->argument);
	switch (option->type) {
	case SBK_OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case SBK_OPTION_TEXT:
		*(const char **)field = value;
		return 0;
	case SBK_OPTION_LIST:
		return list_add(field, value, err);
	case SBK_OPTION_NUMBER:
		return store_number(option, field, value, err);
	case SBK_OPTION_CALL:
		return option->call(into, value, err);
	}
	return SBK_E_INVAL;
}

/* `code` is getopt's optopt: a letter, a known option's value, or 0. */
static int unknown_option(const struct sbk_option *options, size_t count,
			  const char *word, int code, struct sbk_error *err)
{
	const char *names[OPTIONS_MAX + 1];
	const char *nearest;
	char name[64];
	size_t i, size;

	for (i = 0; i < count; i++)
		names[i] = options[i].name;
	names[count] = NULL;
	if (code > HELP_VALUE)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--%s takes no value; see --help",
				     names[code - HELP_VALUE - 1]);
	if (code > 0 && code < HELP_VALUE)
		return sbk_error_set(err, SBK_E_INVAL,
				     "no option '-%c'; see --help", code);
	while (*word == '-')
		word++;
	size = strcspn(word, "=");
	if (size >= sizeof(name))
		size = sizeof(name) - 1;
	memcpy(name, word, size);
	name[size] = '\0';
	nearest = sbk_nearest_word(name, names);
	if (nearest != NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "no option '--%s'; did you mean '--%s'?",
				     name, nearest);
	return sbk_error_set(err, SBK_E_INVAL, "no option '--%s'; see --help",
			     name);
}

static void print_option(FILE *out, const struct sbk_option *option)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%s%c%s --%s%s%s",
		       option->letter != 0 ? "-" : " ",
		       option->letter != 0 ? option->letter : ' ',
		       option->letter != 0 ? "," : " ", option->name,
		       option->argument != NULL ? " " : "",
		       option->argument != NULL ? option->argument : "");
	(void)fprintf(out, "  %-28s %s\n", left, option->help);
}

/* The first of the words in `help` that this system has others for, or NULL. */
static const char *find_word(const char *help, const char *const **word)
{
	const char *const(*words)[2] = sbk_os_admin.help;
	const char *first = NULL, *at;

	for (; words != NULL && (*words)[0] != NULL; words++) {
		at = strstr(help, (*words)[0]);
		if (at == NULL || (first != NULL && at >= first))
			continue;
		first = at;
		*word = *words;
	}
	return first;
}

/* Help is written once, in the words of one system. */
static void print_help_text(FILE *out, const char *help)
{
	const char *const *word = NULL;
	const char *at;

	while ((at = find_word(help, &word)) != NULL) {
		(void)fprintf(out, "%.*s%s", (int)(at - help), help, word[1]);
		help = at + strlen(word[0]);
	}
	(void)fprintf(out, "%s", help);
}

static void print_help(struct sbk_cli *cli)
{
	const struct sbk_command *command = cli->command;
	const struct sbk_option *option = command->options;
	const struct sbk_command *sub = command->subcommands;

	(void)fprintf(cli->out, "usage: %s %s%s%s %s\n\n%s\n", cli->program,
		      cli->group != NULL ? cli->group->name : "",
		      cli->group != NULL ? " " : "", command->name,
		      command->usage, command->summary);
	if (sub != NULL)
		(void)fprintf(cli->out, "\nSubcommands:\n");
	for (; sub != NULL && sub->name != NULL; sub++)
		(void)fprintf(cli->out, "  %-14s %s\n", sub->name,
			      sub->summary);
	if (option != NULL && option->name != NULL)
		(void)fprintf(cli->out, "\nOptions:\n");
	for (; option != NULL && option->name != NULL; option++)
		if (option->help != NULL)
			print_option(cli->out, option);
	if (command->help != NULL) {
		(void)fprintf(cli->out, "\n");
		print_help_text(cli->out, command->help);
	}
	cli->helped = true;
}

/* The option that getopt_long's answer stands for, or NULL. */
static const struct sbk_option *find_option(const struct sbk_option *options,
					    size_t count, int answer)
{
	size_t i;

	if (answer > HELP_VALUE)
		return &options[answer - HELP_VALUE - 1];
	for (i = 0; i < count; i++)
		if (options[i].letter != 0 && options[i].letter == answer)
			return &options[i];
	return NULL;
}

int sbk_cli_parse(struct sbk_cli *cli, int argc, char **argv, void *into,
		  int *operands, struct sbk_error *err)
{
	const struct sbk_option *options = cli->command->options;
	size_t count = option_count(options);
	struct option longs[OPTIONS_MAX + 2];
	char shorts[2 * OPTIONS_MAX + 8];
	int answer, rc;

	fill_tables(cli->command, count, longs, shorts);
	opterr = 0;
	optind = 0; /* starts the scan anew, also after an earlier one */
	while ((answer = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct sbk_option *option;

		if (answer == 'h' || answer == HELP_VALUE) {
			print_help(cli);
			return sbk_error_set(err, SBK_E_INVAL, "help");
		}
		if (answer == ':')
			return sbk_error_set(err, SBK_E_INVAL,
					     "'%s' needs a value; see --help",
					     argv[optind - 1]);
		if (answer == '?')
			return unknown_option(options, count, argv[optind - 1],
					      optopt, err);
		option = find_option(options, count, answer);
		rc = option != NULL ? store(option, into, optarg, err)
				    : SBK_E_INVAL;
		if (rc < 0)
			return rc;
	}
	*operands = optind;
	return 0;
}

/* Hands on what was printed; the exit code. */
static int flush_out(struct sbk_cli *cli)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (fflush(cli->out) == 0 && !ferror(cli->out))
		return SBK_EXIT_OK;
	(void)sbk_error_set(&err, SBK_E_IO,
			    "standard output cannot be written: %s",
			    strerror(errno));
	cli->helped = false;
	return sbk_cli_fail(cli, &err);
}

void sbk_cli_say(const struct sbk_cli *cli, const char *fmt, ...)
{
	struct sbk_buf line = SBK_BUF_INIT;
	char text[SAID_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	sbk_text_escape(&line, text);
	(void)fprintf(cli->err, "%s: %s\n", cli->program,
		      sbk_buf_failed(&line, NULL) == 0
			      ? sbk_buf_text(&line)
			      : sbk_error_text(SBK_E_NOMEM));
	sbk_buf_release(&line);
}

int sbk_cli_fail(struct sbk_cli *cli, const struct sbk_error *err)
{
	if (cli->helped)
		return flush_out(cli);
	sbk_cli_say(cli, "%s", err->message);
	return exit_of(err->code);
}

int sbk_cli_print(struct sbk_cli *cli, const struct sbk_buf *buf)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = sbk_buf_failed(buf, &err);

	if (rc == 0 &&
	    (fwrite(sbk_buf_text(buf), 1, buf->size, cli->out) != buf->size ||
	     fflush(cli->out) != 0))
		rc = sbk_error_set(&err, SBK_E_IO,
				   "standard output cannot be written: %s",
				   strerror(errno));
	return rc < 0 ? sbk_cli_fail(cli, &err) : SBK_EXIT_OK;
}

int sbk_cli_announce(struct sbk_cli *cli, const char *text,
		     struct sbk_error *err)
{
	if (fputs(text, cli->out) == EOF || fflush(cli->out) != 0)
		return sbk_error_set(err, SBK_E_IO,
				     "standard output cannot be written, so "
				     "nothing was changed");
	return 0;
}

void sbk_cli_tell_anchor(struct sbk_cli *cli, enum sbk_book book)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (cli->ledger.ops->anchor(cli->ledger.self, book, &err) < 0)
		sbk_cli_say(cli, "the new checkpoint was not anchored: %s",
			    err.message);
}

void sbk_cli_tell_key(struct sbk_cli *cli, const char *key)
{
	if (key[0] != '\0')
		(void)fprintf(cli->err,
			      "%s: a journal begins; keep its key elsewhere, "
			      "and nobody can put another in its place:\n%s\n",
			      cli->program, key);
}

void sbk_cli_tell_record(struct sbk_cli *cli, enum sbk_book book,
			 const struct sbk_transaction_report *report)
{
	if (report->unpublished[0] != '\0')
		sbk_cli_say(cli,
			    "the journal's copy for readers is an older "
			    "one (%s); the next command of root's brings it "
			    "up to date",
			    report->unpublished);
	if (report->unsigned_why[0] != '\0')
		sbk_cli_say(cli, "what was recorded could not be signed (%s)",
			    report->unsigned_why);
	sbk_cli_tell_key(cli, report->new_key);
	if (report->transaction != 0)
		sbk_cli_tell_anchor(cli, book);
}

int sbk_cli_ask(struct sbk_cli *cli, const char *question, bool yes,
		struct sbk_error *err)
{
	char answer[16];

	if (yes)
		return 0;
	if (!sbk_os_interactive())
		return sbk_error_set(err, SBK_E_INVAL,
				     "nobody can be asked here, so nothing was "
				     "changed; say --yes to go ahead");
	(void)fprintf(cli->err, "%s [y/N] ", question);
	(void)fflush(cli->err);
	if (fgets(answer, sizeof(answer), stdin) == NULL ||
	    (answer[0] != 'y' && answer[0] != 'Y'))
		return sbk_error_set(err, SBK_E_INVAL,
				     "not confirmed, so nothing was changed");
	return 0;
}

static const struct sbk_command *
find_command(const struct sbk_command *const *tables, const char *name)
{
	for (; *tables != NULL; tables++) {
		const struct sbk_command *command = *tables;

		for (; command->name != NULL; command++)
			if (strcmp(command->name, name) == 0)
				return command;
	}
	return NULL;
}

static void print_commands(struct sbk_cli *cli,
			   const struct sbk_command *const *tables, FILE *out)
{
	(void)fprintf(
		out,
		"usage: %s COMMAND [options]\n\n"
		"A sandbox for the commands of coding agents that records "
		"each change to the\nmachine before it makes it, and takes "
		"all of it back.\n\n",
		cli->program);
	for (; *tables != NULL; tables++) {
		const struct sbk_command *command = *tables;

		for (; command->name != NULL; command++)
			if (command->summary != NULL)
				(void)fprintf(out, "  %-10s %s\n",
					      command->name, command->summary);
	}
	(void)fprintf(out, "\n%s COMMAND --help tells more", cli->program);
	print_help_text(out, "; the manual page is sandbook(1).\n");
}

static int no_such_command(struct sbk_cli *cli,
			   const struct sbk_command *const *tables,
			   const char *name)
{
	const char *group = cli->group != NULL ? cli->group->name : "";
	const char *space = cli->group != NULL ? " " : "";
	const char *names[OPTIONS_MAX + 1];
	struct sbk_error err = SBK_ERROR_INIT;
	const char *nearest;
	size_t count = 0;

	for (; *tables != NULL; tables++) {
		const struct sbk_command *command = *tables;

		for (; command->name != NULL && count < OPTIONS_MAX; command++)
			if (command->summary != NULL)
				names[count++] = command->name;
	}
	names[count] = NULL;
	nearest = sbk_nearest_word(name, names);
	if (nearest != NULL)
		(void)sbk_error_set(&err, SBK_E_INVAL,
				    "no command '%s%s%s'; did you mean "
				    "'%s%s%s'?",
				    group, space, name, group, space, nearest);
	else
		(void)sbk_error_set(&err, SBK_E_INVAL,
				    "no command '%s%s%s'; see %s %s%s--help",
				    group, space, name, cli->program, group,
				    space);
	return sbk_cli_fail(cli, &err);
}

int sbk_cli_main(struct sbk_cli *cli, const struct sbk_command *const *tables,
		 int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_os_standard_streams(&err) < 0)
		return sbk_cli_fail(cli, &err);
	sbk_os_own_children();
	if (argc < 2) {
		print_commands(cli, tables, cli->err);
		(void)fprintf(cli->err, "\n%s: no command was given\n",
			      cli->program);
		return SBK_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_commands(cli, tables, cli->out);
		return flush_out(cli);
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)fprintf(cli->out, "sandbook %s\n", cli->version);
		return flush_out(cli);
	}
	cli->command = find_command(tables, argv[1]);
	if (cli->command == NULL)
		return no_such_command(cli, tables, argv[1]);
	if (cli->command->subcommands != NULL && argc > 2 &&
	    argv[2][0] != '-') {
		const struct sbk_command *const list[] = {
			cli->command->subcommands, NULL};

		cli->group = cli->command;
		cli->command = find_command(list, argv[2]);
		if (cli->command == NULL)
			return no_such_command(cli, list, argv[2]);
		argc--;
		argv++;
	}
	return cli->command->run(cli, argc - 1, argv + 1);
}
