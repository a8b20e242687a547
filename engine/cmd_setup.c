/*
 * sandbook setup: enrols a person on this machine, or brings an installation
 * up to date. Owns the conversation (what is planned, the question, what became
 * of it); the plan is made in the system's folder and carried out by the
 * ledger.
 *
 * `sandbook` itself never makes machine-wide changes: it becomes
 * `sandbook-setup`, which does.
 */
#include "engine/cmd_setup.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/cli.h"
#include "engine/json.h"
#include "engine/limits.h"
#include "engine/principals.h"

#include "engine/banned.h"

static const struct sbk_option options[] = {
	{.name = "user",
	 .argument = "NAME",
	 .help = sbk_setup_user_help,
	 .offset = offsetof(struct sbk_setup_options, user),
	 .type = SBK_OPTION_TEXT},
	{.name = "remove-user",
	 .argument = "NAME",
	 .help = "take back what was made for this person",
	 .offset = offsetof(struct sbk_setup_options, remove_user),
	 .type = SBK_OPTION_TEXT},
	{.name = "upgrade",
	 .help = "add what an older version did not make, for everybody",
	 .offset = offsetof(struct sbk_setup_options, upgrade),
	 .type = SBK_OPTION_FLAG},
	{.name = "dry-run",
	 .letter = 'n',
	 .help = "print what would change, and change nothing",
	 .offset = offsetof(struct sbk_setup_options, dry_run),
	 .type = SBK_OPTION_FLAG},
	{.name = "json",
	 .help = "print JSON, a line for each plan; the last counts",
	 .offset = offsetof(struct sbk_setup_options, json),
	 .type = SBK_OPTION_FLAG},
	{.name = "yes",
	 .letter = 'y',
	 .help = "do not ask",
	 .offset = offsetof(struct sbk_setup_options, yes),
	 .type = SBK_OPTION_FLAG},
	{.name = SBK_SETUP_HANDOVER,
	 .argument = "NAME",
	 .offset = offsetof(struct sbk_setup_options, handover),
	 .type = SBK_OPTION_TEXT},
	{.name = SBK_SETUP_ERRAND,
	 .offset = offsetof(struct sbk_setup_options, errand),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static int find_person(struct sbk_setup_call *call, struct sbk_error *err)
{
	if (call->options.handover != NULL)
		return sbk_setup_delivery_join(call->options.handover,
					       &call->delivery, &call->person,
					       err);
	if (call->options.upgrade)
		return 0; /* everybody who is enrolled */
	if (call->options.user != NULL)
		return sbk_os_person_by_name(call->options.user, &call->person,
					     err);
	return sbk_os_invoking_person(&call->person, err);
}

/* The plan from what stands now; an earlier one is dropped. */
static int make_plan(struct sbk_setup_call *call, struct sbk_error *err)
{
	sbk_plan_free(call->plan);
	call->plan = sbk_plan_new();
	if (call->plan == NULL)
		return sbk_error_no_memory(err);
	return sbk_plan_setup(&call->backend,
			      call->options.upgrade ? NULL : &call->person,
			      call->delivery, call->plan, err);
}

static void print_text(struct sbk_setup_call *call, struct sbk_buf *out)
{
	bool nothing = sbk_plan_count(call->plan) == 0;
	size_t i;

	if (call->options.upgrade)
		sbk_buf_adds(out, nothing ? "Nothing to change: all is there "
					    "for everybody who is enrolled.\n"
					  : "What is missing for those who are "
					    "enrolled changes this machine:\n");
	else if (nothing)
		sbk_buf_printf(out,
			       "Nothing to change: '%s' is enrolled and %s.\n",
			       call->person.name, sbk_setup_bounds_text);
	else
		sbk_buf_printf(out, "Enrolling '%s' changes this machine:\n",
			       call->person.name);
	if (!nothing) {
		sbk_plan_print(call->plan, out);
		return;
	}
	for (i = 0; i < sbk_plan_note_count(call->plan); i++)
		sbk_buf_printf(out, "note: %s\n",
			       sbk_plan_note_at(call->plan, i));
}

/* 0, or the code of a standard output that cannot be written. */
static int print_plan(struct sbk_setup_call *call, struct sbk_error *err)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int rc;

	if (call->options.json) {
		sbk_plan_print_json(call->plan, &out);
		sbk_buf_addc(&out, '\n');
	} else {
		print_text(call, &out);
	}
	rc = sbk_buf_failed(&out, err);
	if (rc == 0)
		rc = sbk_cli_announce(call->cli, sbk_buf_text(&out), err);
	sbk_buf_release(&out);
	return rc;
}

/*
 * Another command has changed the machine since the plan was made, or was at
 * work while it was: what stands now is planned with, and shown.
 */
static int plan_again(void *arg, struct sbk_plan **plan, struct sbk_error *err)
{
	struct sbk_setup_call *call = arg;
	int rc = make_plan(call, err);

	*plan = call->plan;
	return rc < 0 ? rc : print_plan(call, err);
}

static int carry_out(struct sbk_setup_call *call, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	struct sbk_transaction_request request = {
		.book = SBK_BOOK_MACHINE,
		.more = sbk_plan_more,
		.again = plan_again,
		.again_arg = call,
	};
	char title[SBK_NAME_MAX + 32];

	if (call->options.upgrade)
		(void)snprintf(title, sizeof(title), "setup --upgrade");
	else
		(void)snprintf(title, sizeof(title), "setup --user %s",
			       call->person.name);
	request.title = title;
	memset(&call->report, 0, sizeof(call->report));
	return ledger->ops->transact(ledger->self, &call->backend, &request,
				     call->plan, &call->report, err);
}

void sbk_setup_print_recovered(const struct sbk_setup_call *call, size_t count)
{
	(void)fprintf(call->cli->err,
		      "%s: an interrupted command had left %zu %s, undone "
		      "first\n",
		      call->cli->program, count,
		      sbk_plural(count, "change", "changes"));
}

static int transact(struct sbk_setup_call *call, struct sbk_error *err)
{
	int rc = carry_out(call, err);

	/* Another setup may have been interrupted meanwhile. */
	if (call->report.recovered > 0)
		sbk_setup_print_recovered(call, call->report.recovered);
	return rc;
}

/* The changes are made and recorded, so this is only told. */
void sbk_setup_tell_manager(const struct sbk_setup_call *call)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_setup_reload(&err) < 0)
		sbk_cli_say(call->cli,
			    "the service manager did not read its files "
			    "again (%s); run 'systemctl daemon-reload'",
			    err.message);
}

static int tell_witnessed(void *arg, const struct sbk_witness_news *news,
			  struct sbk_error *err)
{
	const struct sbk_setup_call *call = arg;

	(void)err;
	if (news->finding)
		sbk_cli_say(call->cli,
			    "finding: the log of '%s': %s (%s); see "
			    "'sandbook journal witness --help'",
			    news->name, news->text, news->found);
	return 0;
}

void sbk_setup_witness(const struct sbk_setup_call *call)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	struct sbk_error err = SBK_ERROR_INIT;

	if (ledger->ops->witness(ledger->self, tell_witnessed,
				 (void *)(uintptr_t)call, &err) < 0)
		sbk_cli_say(call->cli,
			    "the logs of those who are enrolled were not "
			    "looked at: %s",
			    err.message);
}

static void print_done(struct sbk_setup_call *call)
{
	if (sbk_plan_count(call->plan) == 0)
		return;
	sbk_setup_tell_manager(call);
	if (!call->options.json)
		(void)fprintf(call->cli->out,
			      "Done: %zu %s, recorded as transaction %llu; "
			      "see 'sandbook journal log --machine'.\n%s",
			      call->report.made.confirmed,
			      sbk_plural(call->report.made.confirmed, "change",
					 "changes"),
			      (unsigned long long)call->report.transaction,
			      sbk_setup_done_text);
}

/*
 * What an interrupted setup left goes first: half an account is nothing that
 * a plan can be made from. Nothing is touched where nothing was left.
 */
static int settle_first(struct sbk_setup_call *call, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	size_t settled = 0;
	int rc;

	if (call->options.dry_run || !sbk_os_elevated())
		return 0;
	rc = ledger->ops->recover(ledger->self, &call->backend,
				  SBK_BOOK_MACHINE, &settled, err);
	if (rc == 0 && settled > 0)
		sbk_setup_print_recovered(call, settled);
	return rc;
}

static int enrol(struct sbk_setup_call *call, struct sbk_error *err)
{
	int rc = make_plan(call, err);

	if (rc == 0)
		rc = print_plan(call, err);
	if (rc < 0 || call->options.dry_run)
		return rc;
	rc = sbk_cli_ask(call->cli, "Carry this out?",
			 call->options.yes || sbk_plan_count(call->plan) == 0,
			 err);
	if (rc == 0)
		rc = transact(call, err);
	sbk_cli_tell_record(call->cli, SBK_BOOK_MACHINE, &call->report);
	if (rc < 0)
		return rc;
	print_done(call);
	sbk_setup_try_people(call);
	sbk_setup_witness(call);
	return 0;
}

/* Accounts of ours that no journal knows would be there for ever: nobody could
 * undo them, and a plan would find all in order. */
static int refuse_unknown(struct sbk_setup_call *call, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	struct sbk_principals found = {.count = 0};
	uint64_t owed;
	int rc = ledger->ops->owed(ledger->self, SBK_BOOK_MACHINE, &owed, err);

	if (rc != SBK_E_NOTFOUND)
		return rc;
	sbk_error_clear(err);
	rc = sbk_principals_find(&found, err);
	if (rc == 0 && found.count > 0)
		rc = sbk_error_set(
			err, SBK_E_CORRUPT,
			"'%s' and %zu more of ours are here, but the "
			"machine's journal, which knows how to take "
			"them back, is lost: restore it from a "
			"backup, or 'sandbook uninstall' says what to "
			"remove",
			found.items[0].name, found.count - 1);
	sbk_principals_release(&found);
	return rc;
}

static int do_setup(struct sbk_setup_call *call, struct sbk_error *err)
{
	bool removes = call->options.remove_user != NULL;
	int rc = removes ? 0 : find_person(call, err);

	if (rc == 0)
		rc = sbk_os_backend(&call->backend, err);
	if (rc == 0)
		rc = settle_first(call, err);
	if (rc < 0)
		return rc;
	rc = refuse_unknown(call, err);
	if (rc < 0)
		return rc;
	return removes ? sbk_setup_remove(call, err) : enrol(call, err);
}

/* With the words that a person would have to type. */
static int refuse_without_root(struct sbk_error *err)
{
	char path[SBK_PATH_MAX];

	if (sbk_os_can_elevate())
		return sbk_error_set(err, SBK_E_DENIED,
				     "setup makes accounts and firewall rules "
				     "and needs an administrator: 'sandbook "
				     "setup' asks for one");
	if (sbk_os_executable(path, sizeof(path), NULL) < 0)
		(void)snprintf(path, sizeof(path), "sandbook");
	return sbk_error_set(err, SBK_E_DENIED,
			     "setup makes accounts and firewall rules and "
			     "needs root: sudo %s setup",
			     path);
}

static enum sbk_setup_way way_of(const struct sbk_setup_options *asked)
{
	if (asked->dry_run)
		return SBK_SETUP_LOOKS;
	return asked->user == NULL && asked->remove_user == NULL
		       ? SBK_SETUP_ENROLS
		       : SBK_SETUP_CHANGES;
}

static int become_setup(struct sbk_setup_call *call, char **argv,
			struct sbk_error *err)
{
	char *arguments[64] = {NULL};
	static char program[] = SBK_SETUP_PROGRAM;
	const struct sbk_setup_options *asked = &call->options;
	size_t i;

	/* argv[0] is "setup" already, the command of the other program. */
	arguments[0] = program;
	for (i = 0; argv[i] != NULL; i++) {
		if (i + 2 >= sizeof(arguments) / sizeof(arguments[0]))
			return sbk_error_set(err, SBK_E_LIMIT,
					     "too many arguments");
		arguments[i + 1] = argv[i];
	}
	return sbk_setup_become(call->cli, way_of(asked), arguments, err);
}

static int check_options(const struct sbk_setup_options *asked,
			 struct sbk_error *err)
{
	if ((asked->user != NULL) + (asked->remove_user != NULL) +
		    (asked->upgrade || asked->handover != NULL) >
	    1)
		return sbk_error_set(err, SBK_E_INVAL,
				     "only one of --user, --remove-user and "
				     "--upgrade can be asked for at a time");
	return 0;
}

static int run_setup(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_setup_call call = {.cli = cli};
	struct sbk_error err = SBK_ERROR_INIT;
	bool is_setup;
	int operands, rc;

	rc = sbk_cli_parse(cli, argc, argv, &call.options, &operands, &err);
	if (rc == 0 && operands < argc)
		rc = sbk_error_set(&err, SBK_E_INVAL,
				   "'%s' is one word too many; see --help",
				   argv[operands]);
	if (rc == 0)
		rc = check_options(&call.options, &err);
	if (rc == 0 && call.options.errand)
		return sbk_setup_run_errand();
	is_setup = strcmp(cli->program, SBK_SETUP_PROGRAM) == 0;
	if (rc == 0 && !sbk_os_elevated() &&
	    (is_setup || !sbk_os_can_elevate()))
		rc = refuse_without_root(&err);
	if (rc == 0 && !is_setup)
		rc = become_setup(&call, argv, &err);
	else if (rc == 0)
		rc = do_setup(&call, &err);
	sbk_plan_free(call.plan);
	sbk_principals_release(&call.now);
	sbk_setup_delivery_end(call.delivery, rc < 0 ? err.message : NULL);
	sbk_backend_close(&call.backend);
	if (rc == 0)
		return SBK_EXIT_OK;
	rc = sbk_cli_fail(cli, &err);
	return call.report.undone.owed > 0 ? SBK_EXIT_INCOMPLETE : rc;
}

const struct sbk_command sbk_command_setup = {
	.name = "setup",
	.usage = "[options]",
	.summary = "make the sandbox accounts and the firewall table",
	.help = sbk_setup_help,
	.options = options,
	.run = run_setup,
};
