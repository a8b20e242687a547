/*
 * sandbook undo: takes a change, a transaction, a session or a path back, as
 * one transaction of inverse changes that is printed before it is made.
 */
#include "journal/cmd.h"
#include "journal/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

#define LOCK_WAIT_MS 10000

struct undo_options {
	struct sbk_choice choice;
	bool dry_run, yes, trust;
};

const struct sbk_option sbk_undo_options[] = {
	{.name = "change",
	 .argument = "N",
	 .help = "this change",
	 .offset = offsetof(struct undo_options, choice.change),
	 .type = SBK_OPTION_NUMBER},
	{.name = "transaction",
	 .argument = "N",
	 .help = "all that is in effect of this transaction",
	 .offset = offsetof(struct undo_options, choice.transaction),
	 .type = SBK_OPTION_NUMBER},
	{.name = "session",
	 .argument = "N",
	 .help = "all that was changed for this run",
	 .offset = offsetof(struct undo_options, choice.session),
	 .type = SBK_OPTION_NUMBER},
	{.name = "path",
	 .argument = "PATH",
	 .help = "all changes of this path and below",
	 .offset = offsetof(struct undo_options, choice.path),
	 .type = SBK_OPTION_TEXT},
	{.name = "dry-run",
	 .letter = 'n',
	 .help = "print what would be done, and do nothing",
	 .offset = offsetof(struct undo_options, dry_run),
	 .type = SBK_OPTION_FLAG},
	{.name = "yes",
	 .letter = 'y',
	 .help = "do not ask",
	 .offset = offsetof(struct undo_options, yes),
	 .type = SBK_OPTION_FLAG},
	{.name = "trust-journal",
	 .help = "go on although the journal is not what its log says",
	 .offset = offsetof(struct undo_options, trust),
	 .type = SBK_OPTION_FLAG},
	{.name = "machine",
	 .help = "of the machine's journal, not your own (root)",
	 .offset = offsetof(struct undo_options, choice.machine),
	 .type = SBK_OPTION_FLAG},
	{.name = "json",
	 .help = "print JSON",
	 .offset = offsetof(struct undo_options, choice.json),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

struct undo_command {
	bool told; /* there was a transaction */
	struct sbk_cli *cli;
	struct undo_options options;
	struct sbk_journal *journal;
	struct sbk_backend backend;
	struct sbk_journal_filter filter;
	struct sbk_plan *changes;
	struct sbk_apply_result result;
	struct sbk_plan *owed_plan; /* borrowed by `owed` */
	struct sbk_owed owed;	    /* of trees that were given up */
	size_t recovered;
	bool begun_json;
	bool checked; /* the whole journal was */
	bool nothing; /* no change that is in effect was chosen */
	char title[256];
	struct sbk_error err;
};

static int parse(struct undo_command *u, int argc, char **argv)
{
	const struct sbk_choice *choice = &u->options.choice;
	int operands;
	int rc = sbk_cli_parse(u->cli, argc, argv, &u->options, &operands,
			       &u->err);

	if (rc == 0 && operands < argc)
		return sbk_error_set(&u->err, SBK_E_INVAL,
				     "'%s' is one word too many; see --help",
				     argv[operands]);
	if (rc == 0 && choice->change == 0 && choice->transaction == 0 &&
	    choice->session == 0 && choice->path == NULL)
		return sbk_error_set(&u->err, SBK_E_INVAL,
				     "say what to undo: --change, "
				     "--transaction, --session or --path; "
				     "'sandbook uninstall' undoes all");
	if (rc == 0 && (choice->change != 0) + (choice->transaction != 0) +
				       (choice->session != 0) +
				       (choice->path != NULL) >
			       1)
		return sbk_error_set(&u->err, SBK_E_INVAL,
				     "--change, --transaction, --session and "
				     "--path exclude each other: give one");
	return rc;
}

/* What the journal will call it. */
static void make_title(struct undo_command *u)
{
	const struct sbk_choice *choice = &u->options.choice;
	char *at = u->title;
	size_t room = sizeof(u->title);
	int used = snprintf(at, room, "undo");

	if (choice->change != 0)
		used += snprintf(at + used, room - (size_t)used,
				 " --change %llu",
				 (unsigned long long)choice->change);
	if (choice->transaction != 0)
		used += snprintf(at + used, room - (size_t)used,
				 " --transaction %llu",
				 (unsigned long long)choice->transaction);
	if (choice->session != 0)
		used += snprintf(at + used, room - (size_t)used,
				 " --session %llu",
				 (unsigned long long)choice->session);
	if (choice->path != NULL) /* cut off where it is too long */
		(void)snprintf(at + used, room - (size_t)used, " --path %.150s",
			       u->filter.path);
}

static int refuse(struct undo_command *u)
{
	return sbk_error_prefix(&u->err, "nothing was undone, which "
					 "--trust-journal does all the same");
}

/* Where the log is as it was written, it is gone by, and not by what somebody
 * made of its tables. */
static int trust(struct undo_command *u)
{
	bool rebuilt = false;
	int rc;

	if (!u->options.dry_run) {
		rc = sbk_journal_rebuild(u->journal, &rebuilt, &u->err);
		if (rc < 0)
			return rc;
	}
	if (rebuilt)
		(void)fprintf(u->cli->err,
			      "%s: the journal's tables had been altered, and "
			      "its log had not: they were made anew from it\n",
			      u->cli->program);
	else
		sbk_journal_trust(u->journal);
	return 0;
}

static int open_all(struct undo_command *u)
{
	const enum sbk_journal_mode mode = u->options.dry_run ? SBK_JOURNAL_READ
					   : u->options.trust
						   ? SBK_JOURNAL_TRUST
						   : SBK_JOURNAL_WRITE;
	struct sbk_journal_place place;
	int rc = sbk_choice_place(&u->options.choice, &place, &u->err);

	if (rc == 0)
		rc = sbk_journal_open(&place, mode, &u->journal, &u->err);
	if (rc == 0)
		rc = sbk_os_backend(&u->backend, &u->err);
	if (rc == 0 && !u->options.dry_run)
		sbk_journal_settle_debts(u->journal);
	if (rc == 0 && !u->options.dry_run)
		rc = sbk_journal_lock(u->journal, LOCK_WAIT_MS, &u->err);
	if (rc == 0 && u->options.trust)
		rc = trust(u);
	if (rc == 0 && !u->options.dry_run)
		rc = sbk_journal_recover(u->journal, &u->backend, &u->recovered,
					 &u->err);
	return rc == SBK_E_CORRUPT ? refuse(u) : rc;
}

/* What is undone is what the record says: so it must be one, where it is used
 * (scope.c) or else in whole. */
static int load_checked(struct undo_command *u)
{
	int rc = u->checked ? 1
			    : sbk_scope_load(u->journal, &u->filter, u->changes,
					     &u->err);

	if (rc != 1)
		return rc;
	rc = u->checked ? 0 : sbk_journal_check(u->journal, &u->err);
	u->checked = rc == 0;
	return rc < 0 ? rc
		      : sbk_journal_load(u->journal, &u->filter, u->changes,
					 &u->err);
}

static int load(struct undo_command *u)
{
	int rc;

	sbk_plan_free(u->changes);
	u->changes = sbk_plan_new();
	if (u->changes == NULL)
		return sbk_error_no_memory(&u->err);
	rc = load_checked(u);
	/* There may be no such change; or there was. */
	if (rc == 0 && sbk_plan_count(u->changes) == 0)
		rc = sbk_scope_leave(u->journal, &u->err);
	if (rc == SBK_E_CORRUPT)
		return refuse(u);
	if (rc == 0 && sbk_plan_count(u->changes) == 0)
		rc = sbk_choice_check(&u->options.choice, u->journal, &u->err);
	return rc;
}

/* Changes that will not be touched, with the reason. */
static void print_settled(struct undo_command *u, struct sbk_buf *out)
{
	size_t i, printed = 0;

	for (i = 0; i < sbk_plan_count(u->changes); i++) {
		const struct sbk_change *change = sbk_plan_at(u->changes, i);

		if (change->status <= SBK_STATUS_CONFIRMED)
			continue;
		if (printed++ == SBK_REPORT_LINES_MAX) {
			sbk_buf_adds(out, "  and more (--json lists all)\n");
			break;
		}
		sbk_buf_printf(out, "  %-8s ", sbk_status_name(change->status));
		sbk_text_escape(out, change->object.name);
		if (change->note != NULL) {
			sbk_buf_adds(out, ": ");
			sbk_text_escape(out, change->note);
		}
		sbk_buf_addc(out, '\n');
	}
}

static int print_plan(struct undo_command *u, struct sbk_buf *out)
{
	struct sbk_plan *inverse = sbk_plan_new();
	int rc;

	if (inverse == NULL)
		return sbk_error_no_memory(&u->err);
	rc = sbk_journal_plan_undo(u->journal, &u->backend, u->changes, inverse,
				   &u->err);
	if (rc == 0 && u->options.choice.json) {
		sbk_plan_print_json(inverse, out);
		sbk_buf_addc(out, '\n');
	} else if (rc == 0) {
		print_settled(u, out);
		sbk_plan_print(inverse, out);
	}
	sbk_plan_free(inverse);
	return rc;
}

/* Shows the plan and asks, unless told not to. */
static int propose(struct undo_command *u)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int rc;

	/* With --yes and --json only the result is printed, after its first
	 * character: where that cannot be printed nothing is undone. */
	u->begun_json =
		!u->options.dry_run && u->options.yes && u->options.choice.json;
	if (u->begun_json) {
		sbk_json_open(&out, '{');
		rc = 0;
	} else {
		rc = print_plan(u, &out);
	}
	if (rc == 0)
		rc = sbk_buf_failed(&out, &u->err);
	if (rc == 0)
		rc = sbk_cli_announce(u->cli, sbk_buf_text(&out), &u->err);
	sbk_buf_release(&out);
	if (rc < 0 || u->options.dry_run)
		return rc;
	rc = sbk_cli_ask(u->cli, "Undo this?", u->options.yes, &u->err);
	/* What was decided for printing is decided anew. */
	return rc < 0 || u->begun_json ? rc : load(u);
}

/* What is left of trees that this undo, or one before it, gave up. */
static int look_at_owed(struct undo_command *u)
{
	int rc;

	u->owed_plan = sbk_plan_new();
	if (u->owed_plan == NULL)
		return sbk_error_no_memory(&u->err);
	rc = sbk_journal_plan_owed(u->journal, &u->backend, u->filter.path,
				   u->owed_plan, &u->err);
	return rc < 0 ? rc
		      : sbk_journal_sum_owed(&u->backend, u->owed_plan,
					     u->owed_plan, &u->owed, &u->err);
}

static size_t count_owed(const struct undo_command *u)
{
	size_t later = u->owed.objects > u->owed.trees ? u->owed.objects
						       : u->owed.trees;

	return u->result.owed > later ? u->result.owed : later;
}

static void print_owed(struct undo_command *u, struct sbk_buf *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf command = SBK_BUF_INIT;
	struct sbk_person person;

	if (u->owed.objects == 0)
		return;
	sbk_owed_print(&u->owed, out);
	sbk_buf_adds(out, ".\n");
	if (sbk_os_caller(&person, &err) == 0)
		sbk_owed_print_remedy(&u->owed, person.name, &command);
	if (command.size > 0)
		sbk_buf_printf(out,
			       "To keep Sandbook, have them given to you and "
			       "undo again:\n  %s\n",
			       command.data);
	sbk_buf_release(&command);
}

static int carry_out(struct undo_command *u)
{
	int rc;

	make_title(u);
	sbk_journal_tell(u->journal, u->title);
	rc = sbk_journal_undo(u->journal, &u->backend, u->title, u->changes,
			      &u->result, &u->err);
	return rc;
}

static void tell_record(struct undo_command *u)
{
	struct sbk_transaction_report report = {.transaction = 0};

	sbk_journal_report(u->journal, &report);
	u->told = true;
	sbk_cli_tell_record(u->cli, u->journal->book, &report);
}

static int print_result(struct undo_command *u)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int code;

	if (u->options.choice.json) {
		if (!u->begun_json)
			sbk_json_open(&out, '{');
		sbk_json_integer(&out, "undone", (int64_t)u->result.confirmed);
		sbk_json_integer(&out, "conflicts",
				 (int64_t)u->result.conflicts);
		sbk_json_integer(&out, "owed", (int64_t)count_owed(u));
		sbk_json_integer(&out, "owed_to_root",
				 (int64_t)u->owed.foreign);
		sbk_json_integer(&out, "recovered", (int64_t)u->recovered);
		sbk_json_close(&out, '}');
		sbk_buf_addc(&out, '\n');
	} else {
		if (u->recovered > 0)
			sbk_buf_printf(
				&out,
				"%zu %s that an interrupted command had "
				"left %s settled first\n",
				u->recovered,
				sbk_plural(u->recovered, "change", "changes"),
				sbk_plural(u->recovered, "was", "were"));
		sbk_buf_printf(&out, "undone: %zu", u->result.confirmed);
		if (u->nothing)
			sbk_buf_adds(&out, "; no such change is in effect "
					   "(see 'sandbook journal log')");
		if (u->result.conflicts > 0)
			sbk_buf_printf(
				&out, ", left because others changed them: %zu",
				u->result.conflicts);
		if (count_owed(u) > 0)
			sbk_buf_printf(&out, ", still owed: %zu",
				       count_owed(u));
		sbk_buf_addc(&out, '\n');
		print_owed(u, &out);
	}
	code = sbk_cli_print(u->cli, &out);
	sbk_buf_release(&out);
	if (u->journal != NULL)
		tell_record(u);
	if (code == SBK_EXIT_OK &&
	    (u->result.conflicts > 0 || count_owed(u) > 0)) {
		(void)fprintf(u->cli->err,
			      "%s: not all of it could be undone; 'sandbook "
			      "journal log' says what stays and why, and what "
			      "is owed is tried again by the next undo\n",
			      u->cli->program);
		code = SBK_EXIT_INCOMPLETE;
	}
	return code;
}

/* The object that was begun ends as one. */
static void end_json(struct undo_command *u)
{
	struct sbk_buf out = SBK_BUF_INIT;

	sbk_json_string(&out, "failed", u->err.message);
	sbk_json_close(&out, '}');
	sbk_buf_addc(&out, '\n');
	(void)sbk_cli_print(u->cli, &out); /* the failure itself is reported */
	sbk_buf_release(&out);
}

static int undo(struct undo_command *u)
{
	int rc = open_all(u);

	if (rc == 0)
		rc = load(u);
	if (rc < 0)
		return rc;
	u->nothing = sbk_plan_count(u->changes) == 0;
	if (u->nothing) /* which the result says */
		return look_at_owed(u);
	rc = propose(u);
	if (rc == 0 && !u->options.dry_run)
		rc = carry_out(u);
	if (rc == 0 && !u->options.dry_run && u->result.owed > 0)
		rc = look_at_owed(u);
	if (rc < 0 && u->begun_json && !ferror(u->cli->out))
		end_json(u);
	return rc;
}

int sbk_cmd_undo(struct sbk_cli *cli, int argc, char **argv)
{
	struct undo_command u = {.cli = cli, .err = SBK_ERROR_INIT};
	char *resolved = NULL;
	int rc = parse(&u, argc, argv);

	if (rc == 0)
		rc = sbk_choice_filter(&u.options.choice, &u.filter, &resolved,
				       &u.err);
	u.filter.unsettled = true;
	u.filter.ways = true;
	if (rc == 0)
		rc = undo(&u);
	/* Nothing was ever recorded; so there is no such number either. */
	if (rc == SBK_E_NOTFOUND && u.journal == NULL &&
	    u.options.choice.path != NULL)
		rc = 0;
	if (rc == 0 && u.journal == NULL)
		u.nothing = true;
	if (rc < 0)
		rc = sbk_cli_fail(cli, &u.err);
	else if (!u.options.dry_run || u.nothing)
		rc = print_result(&u);
	sbk_plan_free(u.changes);
	sbk_plan_free(u.owed_plan);
	sbk_backend_close(&u.backend);
	sbk_journal_close(u.journal);
	/* Without holding up whoever waits for the journal. */
	if (u.told)
		sbk_cli_tell_anchor(cli, u.options.choice.machine
						 ? SBK_BOOK_MACHINE
						 : SBK_BOOK_USER);
	free(resolved);
	return rc;
}
