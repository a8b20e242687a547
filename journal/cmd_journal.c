/*
 * sandbook journal: log, show, verify, export. Reads only, so that it needs
 * no lock and works beside a transaction.
 */
#include "journal/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define MACHINE_OPTION                                          \
	{                                                       \
		.name = "machine",                              \
		.help = "the machine's journal, not your own",  \
		.offset = offsetof(struct sbk_choice, machine), \
		.type = SBK_OPTION_FLAG                         \
	}
#define JSON_OPTION                                          \
	{                                                    \
		.name = "json", .help = "print JSON",        \
		.offset = offsetof(struct sbk_choice, json), \
		.type = SBK_OPTION_FLAG                      \
	}

static const struct sbk_option log_options[] = {
	{.name = "session",
	 .argument = "N",
	 .help = "only this run and what was changed for it",
	 .offset = offsetof(struct sbk_choice, session),
	 .type = SBK_OPTION_NUMBER},
	{.name = "transaction",
	 .argument = "N",
	 .help = "only this transaction",
	 .offset = offsetof(struct sbk_choice, transaction),
	 .type = SBK_OPTION_NUMBER},
	{.name = "object",
	 .argument = "PATH",
	 .help = "only changes of this path and below",
	 .offset = offsetof(struct sbk_choice, path),
	 .type = SBK_OPTION_TEXT},
	{.name = "kind",
	 .argument = "KIND",
	 .help = "only this kind: access, account, firewall ...",
	 .offset = offsetof(struct sbk_choice, kind),
	 .type = SBK_OPTION_TEXT},
	{.name = "since",
	 .argument = "TIME",
	 .help = "from then on: 2026-11-21T10:15 (UTC), or 2h ago",
	 .offset = offsetof(struct sbk_choice, since),
	 .type = SBK_OPTION_TEXT},
	{.name = "until",
	 .argument = "TIME",
	 .help = "up to then",
	 .offset = offsetof(struct sbk_choice, until),
	 .type = SBK_OPTION_TEXT},
	MACHINE_OPTION,
	JSON_OPTION,
	{.name = NULL},
};

static const struct sbk_option plain_options[] = {
	MACHINE_OPTION,
	JSON_OPTION,
	{.name = NULL},
};

/* Parses and opens. 0, or < 0 with `err` set. */
static int open_chosen(struct sbk_cli *cli, int argc, char **argv,
		       struct sbk_choice *choice, int *operands,
		       struct sbk_journal **out, struct sbk_error *err)
{
	struct sbk_journal_place place;
	int rc = sbk_cli_parse(cli, argc, argv, choice, operands, err);

	if (rc == 0)
		rc = sbk_choice_place(choice, &place, err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, out, err);
	return rc;
}

static int no_operands(int operands, int argc, char **argv,
		       struct sbk_error *err)
{
	if (operands >= argc)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' is one word too many; see --help",
			     argv[operands]);
}

/* Prints, or says what is wrong; the exit code. */
static int finish(struct sbk_cli *cli, int rc, const struct sbk_buf *out,
		  const struct sbk_error *err)
{
	return rc < 0 ? sbk_cli_fail(cli, err) : sbk_cli_print(cli, out);
}

static int run_log(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_journal_filter filter;
	struct sbk_buf out = SBK_BUF_INIT;
	char *resolved = NULL;
	int operands = 0;
	int rc = open_chosen(cli, argc, argv, &choice, &operands, &journal,
			     &err);

	if (rc == SBK_E_NOTFOUND) {
		/* Nothing was ever recorded, and that is an answer. */
		sbk_buf_adds(&out, choice.json ? "[]\n" : "");
		rc = 0;
		goto out;
	}
	if (rc == 0)
		rc = no_operands(operands, argc, argv, &err);
	if (rc == 0)
		rc = sbk_choice_filter(&choice, &filter, &resolved, &err);
	if (rc == 0)
		rc = sbk_log_print(journal, &filter, choice.json, &out, &err);
out:
	rc = finish(cli, rc, &out, &err);
	free(resolved);
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return rc;
}

static int parse_number(const char *text, uint64_t *out, struct sbk_error *err)
{
	char *end;

	*out = strtoull(text, &end, 10);
	if (end == text || *end != '\0' || text[0] == '-')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no number of a change", text);
	return 0;
}

static int run_show(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	int operands = 0, more = 0;
	uint64_t id;
	int rc = open_chosen(cli, argc, argv, &choice, &operands, &journal,
			     &err);

	if (rc == 0 && operands == argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "name the number of a change, as 'journal "
				   "log' prints it");
	if (rc == 0)
		rc = parse_number(argv[operands], &id, &err);
	if (rc == 0) /* options may stand after it, too */
		rc = sbk_cli_parse(cli, argc - operands, argv + operands,
				   &choice, &more, &err);
	if (rc == 0)
		rc = no_operands(more, argc - operands, argv + operands, &err);
	if (rc == 0)
		rc = sbk_show_print(journal, id, choice.json, &out, &err);
	rc = finish(cli, rc, &out, &err);
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return rc;
}

static void print_verdict(const struct sbk_journal *journal,
			  const struct sbk_journal_verdict *verdict, bool json,
			  struct sbk_buf *out)
{
	if (!json) {
		sbk_buf_adds(out, sbk_buf_text(&verdict->text));
		sbk_buf_printf(out, "%s: %llu entries, %llu states",
			       journal->db.path,
			       (unsigned long long)verdict->entries,
			       (unsigned long long)verdict->states);
		if (verdict->sealed_unread > 0)
			sbk_buf_printf(
				out, " (%llu sealed, not read)",
				(unsigned long long)verdict->sealed_unread);
		sbk_buf_printf(out, ", %zu findings\nroot ", verdict->findings);
		sbk_buf_add_hex(out, verdict->root, sizeof(verdict->root));
		sbk_buf_addc(out, '\n');
		return;
	}
	sbk_json_open(out, '{');
	sbk_json_string(out, "journal", journal->db.path);
	sbk_json_integer(out, "entries", (int64_t)verdict->entries);
	sbk_json_key(out, "root");
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, verdict->root, sizeof(verdict->root));
	sbk_buf_addc(out, '"');
	sbk_json_integer(out, "states", (int64_t)verdict->states);
	sbk_json_integer(out, "sealed_unread", (int64_t)verdict->sealed_unread);
	sbk_json_integer(out, "findings", (int64_t)verdict->findings);
	sbk_json_string(out, "text", sbk_buf_text(&verdict->text));
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

static int run_verify(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_journal_verdict verdict = {.findings = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	bool missing;
	int operands = 0;
	int rc = open_chosen(cli, argc, argv, &choice, &operands, &journal,
			     &err);

	if (rc == 0)
		rc = no_operands(operands, argc, argv, &err);
	if (rc == 0)
		rc = sbk_journal_verify(journal, &verdict, &err);
	if (rc == 0)
		print_verdict(journal, &verdict, choice.json, &out);
	/* A journal that is not there was not verified. */
	missing = rc == SBK_E_NOTFOUND;
	rc = finish(cli, rc, &out, &err);
	if (missing || (rc == SBK_EXIT_OK && verdict.findings > 0))
		rc = SBK_EXIT_JOURNAL;
	sbk_journal_verdict_release(&verdict);
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return rc;
}

/* --- export ------------------------------------------------------------- */

static void export_head(struct sbk_journal *journal, struct sbk_buf *out)
{
	unsigned char root[SBK_TREE_HASH_BYTES];

	sbk_tree_root(&journal->tree, root);
	sbk_json_open(out, '{');
	sbk_json_string(out, "export", "sandbook journal");
	sbk_json_integer(out, "format", SBK_SCHEMA_VERSION);
	sbk_json_string(out, "book", sbk_book_name(journal->book));
	sbk_json_integer(out, "size", (int64_t)journal->tree.size);
	sbk_json_key(out, "root");
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, root, sizeof(root));
	sbk_buf_adds(out, "\"}\n");
}

/* A state that the log names by its hash; sealed ones stay where they are. */
static void export_state(sqlite3_stmt *row, struct sbk_buf *out)
{
	sbk_json_open(out, '{');
	sbk_json_key(out, "state");
	sbk_buf_addc(out, '"');
	sbk_buf_add_hex(out, sqlite3_column_blob(row, 1),
			(size_t)sqlite3_column_bytes(row, 1));
	sbk_buf_addc(out, '"');
	if (sqlite3_column_type(row, 2) == SQLITE_NULL) {
		sbk_json_bool(out, "sealed", true);
	} else {
		sbk_json_key(out, "bytes_hex");
		sbk_buf_addc(out, '"');
		sbk_buf_add_hex(out, sqlite3_column_blob(row, 2),
				(size_t)sqlite3_column_bytes(row, 2));
		sbk_buf_addc(out, '"');
	}
	sbk_buf_adds(out, "}\n");
}

#define EXPORT_CHUNK ((size_t)1 << 20)

/* Prints what has gathered; 0, or the exit code of a failure. */
static int export_flush(struct sbk_cli *cli, struct sbk_buf *out, size_t least)
{
	int code;

	if (out->size < least)
		return 0;
	code = sbk_cli_print(cli, out);
	sbk_buf_clear(out);
	return code;
}

/* Entries as they stand, one a line, so that each line is what was hashed. */
static int export_rows(struct sbk_cli *cli, struct sbk_journal *journal,
		       enum sbk_sql sql, struct sbk_buf *out,
		       struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&journal->db, sql, &row, err), code = 0;

	if (rc < 0)
		return sbk_cli_fail(cli, err);
	if (sql == SBK_SQL_ENTRIES)
		(void)sqlite3_bind_int64(row, 1, 0);
	while (code == 0 && (rc = sbk_db_step(&journal->db, row, err)) == 1) {
		if (sql == SBK_SQL_STATES) {
			export_state(row, out);
		} else {
			sbk_buf_add(out, sqlite3_column_text(row, 1),
				    (size_t)sqlite3_column_bytes(row, 1));
			sbk_buf_addc(out, '\n');
		}
		code = export_flush(cli, out, EXPORT_CHUNK);
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? sbk_cli_fail(cli, err) : code;
}

static int run_export(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_buf out = SBK_BUF_INIT;
	int operands = 0, code;
	int rc = open_chosen(cli, argc, argv, &choice, &operands, &journal,
			     &err);

	if (rc == 0)
		rc = no_operands(operands, argc, argv, &err);
	if (rc == 0 && !choice.json)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "only one format is known: --json");
	/* One snapshot, and the head that belongs to it. */
	if (rc == 0)
		rc = sbk_log_snapshot(journal, &err);
	if (rc < 0) {
		code = sbk_cli_fail(cli, &err);
		goto out;
	}
	export_head(journal, &out);
	code = export_rows(cli, journal, SBK_SQL_ENTRIES, &out, &err);
	if (code == 0)
		code = export_rows(cli, journal, SBK_SQL_STATES, &out, &err);
	if (code == 0)
		code = export_flush(cli, &out, 0);
	sbk_db_abandon(&journal->db); /* only read */
out:
	sbk_buf_release(&out);
	sbk_journal_close(journal);
	return code;
}

/* ------------------------------------------------------------------------ */

static int run_journal(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_choice choice = {.session = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	int operands;
	int rc = sbk_cli_parse(cli, argc, argv, &choice, &operands, &err);

	if (rc == 0)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "say what: journal log, show, verify or "
				   "export; see --help");
	return sbk_cli_fail(cli, &err);
}

static const struct sbk_command subcommands[] = {
	{
		.name = "log",
		.usage = "[options]",
		.summary = "what was changed, when, and what became of it",
		.help = "Transactions with their changes, and runs, in the "
			"order in which they began.\n\n"
			"Example: sandbook journal log --object ~/project "
			"--since 2d\n",
		.options = log_options,
		.run = run_log,
	},
	{
		.name = "show",
		.usage = "[options] N",
		.summary = "one change, with the states before and after",
		.help = "N is the number that 'journal log' prints.\n\n"
			"Example: sandbook journal show 12\n",
		.options = plain_options,
		.run = run_show,
	},
	{
		.name = "verify",
		.usage = "[options]",
		.summary = "whether the journal is what its log says",
		.help = "Computes the Merkle tree from the entries, builds "
			"the tables anew from the\nlog and compares them row "
			"by row, and hashes every state. Exit code 204 when\n"
			"something is wrong.\n\n"
			"Example: sandbook journal verify --machine\n",
		.options = plain_options,
		.run = run_verify,
	},
	{
		.name = "export",
		.usage = "--json [options]",
		.summary = "the whole log, one line an entry",
		.help = "First a line with size and root of the tree, then "
			"each entry exactly as it was\nhashed, then the states "
			"that the entries name by their hashes.\n\n"
			"Example: sandbook journal export --json > "
			"journal.jsonl\n",
		.options = plain_options,
		.run = run_export,
	},
	{.name = NULL},
};

const struct sbk_command sbk_journal_commands[] = {
	{
		.name = "journal",
		.usage = "log|show|verify|export [options]",
		.summary = "reads the record of what was changed",
		.help = "Example: sandbook journal log\n",
		.options = plain_options,
		.run = run_journal,
		.subcommands = subcommands,
	},
	{
		.name = "undo",
		.usage = "--change N | --transaction N | --session N | --path "
			 "PATH [options]",
		.summary = "takes changes back",
		.help = "Each object gets its old state back exactly; where "
			"others changed it since,\nonly our entries are taken "
			"out. What cannot be undone now is owed: it stays in\n"
			"the journal and is tried again by the next undo; the "
			"exit code is 207.\n\n"
			"Example: sandbook undo --path ~/project --dry-run\n",
		.options = sbk_undo_options,
		.run = sbk_cmd_undo,
	},
	{.name = NULL},
};
