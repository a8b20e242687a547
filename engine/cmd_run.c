/*
 * sandbook run: the scope, the session's record, the launch, and what the
 * caller hears of it. The command starts only when its session is recorded;
 * the record is made while the sandbox is being built.
 */
#include <string.h>

#include "engine/account_forecast.h"
#include "engine/cli_progress.h"
#include "engine/hand_back.h"
#include "engine/json.h"
#include "engine/os.h"
#include "engine/root_principal.h"
#include "engine/run.h"
#include "engine/run_grant.h"
#include "engine/run_roots.h"

#include "engine/banned.h"

struct run_arguments {
	struct sbk_policy_request policy;
	struct sbk_run_options options;
	uint64_t status_fd; /* 0: nowhere */
	bool quiet, dry_run, json;
};

/* One run of the command, from its options to its end. */
struct run {
	struct sbk_cli *cli;
	struct run_arguments arguments;
	struct sbk_scope scope;
	struct sbk_run_grant grant;
	struct sbk_session session;
	struct sbk_buf begin, end;
	char **argv;
	bool recorded; /* the session has begun in the journal */
	bool record_failed;
	bool ended; /* its end is written and recorded */
};

static int set_test_abi(void *into, const char *value, struct sbk_error *err)
{
	struct run_arguments *arguments = into;

	if (value[0] < '0' || value[0] > '9' || value[1] != '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "--test-landlock-abi takes one digit, "
				     "not '%s'",
				     value);
	arguments->options.test_landlock_abi_plus_one =
		(uint64_t)(value[0] - '0') + 1;
	return 0;
}

static const struct sbk_option options[] = {
	SBK_POLICY_OPTIONS(struct run_arguments, policy),
	{.name = "status-fd",
	 .argument = "N",
	 .help = "write JSON lines about the run to descriptor N",
	 .offset = offsetof(struct run_arguments, status_fd),
	 .type = SBK_OPTION_NUMBER},
	{.name = "quiet",
	 .letter = 'q',
	 .help = "no notes on stderr; failures are still said",
	 .offset = offsetof(struct run_arguments, quiet),
	 .type = SBK_OPTION_FLAG},
	{.name = "dry-run",
	 .letter = 'n',
	 .help = "print what the run could do, and start nothing",
	 .offset = offsetof(struct run_arguments, dry_run),
	 .type = SBK_OPTION_FLAG},
	{.name = "json",
	 .help = "with --dry-run: print JSON",
	 .offset = offsetof(struct run_arguments, json),
	 .type = SBK_OPTION_FLAG},
	{.name = "test-landlock-abi",
	 .argument = "N",
	 /* For tests: no newer Landlock than ABI N. */
	 .type = SBK_OPTION_CALL,
	 .call = set_test_abi},
	{.name = "test-no-namespaces",
	 /* For tests: as if the system had no namespaces. */
	 .offset = offsetof(struct run_arguments, options) +
		   offsetof(struct sbk_run_options, test_no_namespaces),
	 .type = SBK_OPTION_FLAG},
	{.name = "test-any-token",
	 /* For tests: where the system restricts none, as under Wine. */
	 .offset = offsetof(struct run_arguments, options) +
		   offsetof(struct sbk_run_options, test_any_token),
	 .type = SBK_OPTION_FLAG},
	{.name = NULL},
};

static void note(const struct run *run, const char *before, const char *name,
		 const char *after)
{
	if (!run->arguments.quiet)
		sbk_cli_say(run->cli, "note: %s%s%s", before, name, after);
}

/* A reader that does not want the lines any more does not end the run. */
static void status_line(struct run *run, const char *event,
			const struct sbk_buf *members)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf line = SBK_BUF_INIT;

	if (run->arguments.status_fd == 0)
		return;
	sbk_json_open(&line, '{');
	sbk_json_string(&line, "event", event);
	sbk_json_integer(&line, "session", (int64_t)run->session.id);
	if (members->size > 0) {
		sbk_buf_addc(&line, ',');
		sbk_buf_add(&line, members->data, members->size);
	}
	sbk_buf_adds(&line, "}\n");
	if (sbk_buf_failed(&line, &err) < 0 ||
	    sbk_run_status_write(run->arguments.status_fd, line.data, line.size,
				 &err) < 0)
		sbk_cli_say(run->cli, "%s", err.message);
	sbk_buf_release(&line);
}

/*
 * The index-th root in which the account's files are to be handed back, or
 * NULL. Where roots have principals of their own, it is whatever the run holds
 * one of, whoever granted it; elsewhere what this run was granted by entries.
 */
static const char *handed_back(const struct run *run, size_t index)
{
	const struct sbk_scope *scope = &run->scope;
	size_t i;

	if (!sbk_root_principals_used)
		return sbk_run_grant_root(&run->grant, index);
	for (i = 0; i < scope->root_count; i++)
		if (scope->roots[i].principal != NULL && index-- == 0)
			return scope->roots[i].path;
	return NULL;
}

/* Where the account's files are to be handed back. */
static void write_granted(struct run *run)
{
	struct sbk_buf *out = &run->begin;
	const char *root;
	size_t i;

	sbk_json_open_key(out, "hand_back", '[');
	for (i = 0; (root = handed_back(run, i)) != NULL; i++) {
		sbk_json_open(out, '{');
		sbk_json_name(out, "path", root);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

/* By what its files are known by: a number, or a SID. */
static void write_account(struct sbk_buf *out,
			  const struct sbk_carriers *carriers)
{
	uint32_t number;

	if (sbk_owner_number(&carriers->account_owner, &number))
		sbk_json_integer(out, "account", number);
	else
		sbk_json_string(out, "account", carriers->account_owner.text);
}

/* What the journal keeps of the start: enough to say what was allowed. */
static void write_begin(struct run *run, const struct sbk_carriers *carriers,
			int pid)
{
	const struct sbk_scope *scope = &run->scope;
	struct sbk_buf *out = &run->begin;
	size_t i;

	sbk_json_open_key(out, "command", '[');
	for (i = 0; run->argv[i] != NULL; i++)
		sbk_json_string(out, NULL, run->argv[i]);
	sbk_json_close(out, ']');
	sbk_json_integer(out, "pid", pid);
	sbk_json_string(out, "profile", scope->profile);
	sbk_json_name(out, "directory", scope->directory);
	sbk_json_string(out, "network", sbk_network_name(scope->network));
	sbk_json_open_key(out, "writable", '[');
	for (i = 0; i < scope->path_count; i++)
		if (scope->paths[i].kind == SBK_ACCESS_RW)
			sbk_json_string(out, NULL, scope->paths[i].target);
	sbk_json_close(out, ']');
	sbk_run_roots_print_json(scope, out);
	if (run->session.hands_back)
		write_granted(run);
	if (carriers->temporary != NULL)
		sbk_json_name(out, "temporary", carriers->temporary);
	if (scope->secrets.total > 0)
		sbk_secret_list_print_json(&scope->secrets, "secrets", out);
	if (scope->hidden.total > 0)
		sbk_secret_list_print_json(&scope->hidden, "hidden", out);
	sbk_json_bool(out, "best_effort", scope->best_effort);
	sbk_scope_print_json_limits(scope, out);
	if (carriers->account != 0)
		write_account(out, carriers);
	else if (carriers->account_missing[0] != '\0')
		sbk_json_string(out, "account_missing",
				carriers->account_missing);
	if (carriers->withholds[0] != '\0')
		sbk_json_string(out, "withholds", carriers->withholds);
	sbk_carriers_print_json(carriers, out);
}

static void say_missing(const struct run *run,
			const struct sbk_carriers *carriers)
{
	int i;

	/* Said also with --quiet: it is less than asked for. */
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++) {
		const char *name = sbk_guarantee_name((enum sbk_guarantee)i);

		if (carriers->names[i][0] == '\0')
			sbk_cli_say(run->cli,
				    "warning: '%s' is not guaranteed: %s", name,
				    carriers->missing[i]);
		else if (carriers->reserved[i][0] != '\0')
			sbk_cli_say(run->cli,
				    "warning: '%s' is guaranteed with a "
				    "reservation: %s",
				    name, carriers->reserved[i]);
	}
	if (carriers->limits_missing[0] != '\0')
		sbk_cli_say(run->cli, "warning: %s", carriers->limits_missing);
}

static void on_waiting(void *arg, const char *what)
{
	note(arg, "waits for ", what, "");
}

static void say_account(const struct run *run,
			const struct sbk_carriers *carriers)
{
	if (carriers->account == 0 && carriers->account_missing[0] != '\0')
		note(run, "runs without the sandbox account: ",
		     carriers->account_missing, "");
	else if (carriers->account != 0 && run->scope.grant_refused != NULL)
		note(run, "the sandbox account has what it had before: ",
		     run->scope.grant_refused, "");
	else if (carriers->withholds[0] != '\0')
		note(run, "makes the passwords of these accounts worthless: ",
		     carriers->withholds,
		     "; before a run under them, 'sandbook setup --upgrade' "
		     "sets new ones");
	else if (carriers->account != 0 && carriers->namespaces &&
		 !carriers->firewall && run->scope.network != SBK_NETWORK_ON)
		note(run,
		     "the firewall does not refuse the sandbox account, the "
		     "network namespace alone does ('sandbook audit drift')",
		     "", "");
}

/* A run by --best-effort goes on without a record, and says so. */
static int not_recorded(struct run *run, int rc, struct sbk_error *err)
{
	if (!run->scope.best_effort) {
		run->record_failed = true;
		return rc;
	}
	sbk_cli_say(run->cli, "warning: %s", err->message);
	sbk_error_clear(err);
	return 0;
}

static int on_ready(void *arg, const struct sbk_carriers *carriers, int pid,
		    struct sbk_error *err)
{
	struct run *run = arg;
	struct sbk_ledger *ledger = &run->cli->ledger;
	int rc;

	run->session.hands_back =
		carriers->account != 0 && handed_back(run, 0) != NULL;
	write_begin(run, carriers, pid);
	rc = sbk_buf_failed(&run->begin, err);
	if (rc == 0) {
		run->session.begin_members = sbk_buf_text(&run->begin);
		run->session.person = &run->scope.person;
		rc = ledger->ops->session_begin(ledger->self, &run->session,
						err);
	}
	run->recorded = rc == 0;
	if (rc < 0)
		rc = not_recorded(run, rc, err);
	if (rc < 0)
		return rc;
	sbk_cli_tell_key(run->cli, run->session.new_key);
	say_missing(run, carriers);
	say_account(run, carriers);
	status_line(run, "started", &run->begin);
	return 0;
}

/* Protected names that were not there before. */
static void write_appeared(struct run *run)
{
	const struct sbk_scope *scope = &run->scope;
	size_t i;

	sbk_json_open_key(&run->end, "appeared", '[');
	for (i = 0; i < scope->absent_count; i++) {
		if (!sbk_run_name_exists(scope->absent_protected[i]))
			continue;
		sbk_json_string(&run->end, NULL, scope->absent_protected[i]);
		note(run, "the protected name '", scope->absent_protected[i],
		     "' appeared during the run; look at it before you use "
		     "it");
	}
	sbk_json_close(&run->end, ']');
}

static void write_end(struct run *run, int rc, const struct sbk_run_end *end,
		      const struct sbk_error *err)
{
	if (rc < 0) {
		sbk_json_string(&run->end, "failed", err->message);
	} else {
		/* What we killed had no end of its own. */
		if (!end->timed_out)
			sbk_json_integer(&run->end, "exit", end->exit_code);
		if (end->signal != 0)
			sbk_json_integer(&run->end, "signal", end->signal);
		if (end->exec_errno != 0)
			sbk_json_bool(&run->end, "started", false);
		if (end->code != 0)
			sbk_json_integer(&run->end, "code", end->code);
		if (end->reason != NULL)
			sbk_json_string(&run->end, "reason", end->reason);
		sbk_json_bool(&run->end, "timed_out", end->timed_out);
		sbk_json_integer(&run->end, "duration_ms",
				 (int64_t)end->duration_ms);
	}
	write_appeared(run);
}

static void record_end(struct run *run)
{
	struct sbk_ledger *ledger = &run->cli->ledger;
	struct sbk_error err = SBK_ERROR_INIT;

	if (!run->recorded)
		return;
	run->session.end_members = sbk_buf_text(&run->end);
	if (sbk_buf_failed(&run->end, &err) < 0 ||
	    ledger->ops->session_end(ledger->self, &run->session, &err) < 0)
		sbk_cli_say(run->cli,
			    "the end of the session is not recorded: %s",
			    err.message);
}

static void on_ended(void *arg, const struct sbk_run_end *end)
{
	struct run *run = arg;

	/* Its session ends when its files were handed back. */
	if (run->session.hands_back)
		return;
	write_end(run, 0, end, NULL);
	record_end(run);
	run->ended = true;
}

static int exit_code(const struct run *run, const struct sbk_run_end *end)
{
	FILE *err = run->cli->err;

	if (end->timed_out) {
		fprintf(err,
			"sandbook: the time limit of %llu s ended the "
			"run\n",
			(unsigned long long)run->scope.timeout_s);
		return SBK_EXIT_TIMEOUT;
	}
	if (end->exec_errno != 0) {
		struct sbk_buf name = SBK_BUF_INIT;

		sbk_text_escape(&name, run->argv[0]);
		fprintf(err,
			"sandbook: '%s' cannot be started in the run: "
			"%s (see 'sandbook plan' for what it can see)\n",
			sbk_buf_text(&name), strerror(end->exec_errno));
		sbk_buf_release(&name);
	}
	if (end->reason != NULL)
		fprintf(err,
			"sandbook: the system ended the command with 0x%08lX, "
			"%s\n",
			(unsigned long)end->code, end->reason);
	return end->exit_code;
}

/*
 * What the account made in granted roots becomes the person's. Where that
 * cannot be done the session does not end: the next run goes on with it.
 */
static bool hand_back(struct run *run)
{
	const struct sbk_ledger *ledger = &run->cli->ledger;
	struct sbk_error err = SBK_ERROR_INIT;
	int code = SBK_EXIT_FAILED, rc;

	if (!run->recorded || (!run->session.hands_back && !run->session.debts))
		return true;
	rc = ledger->ops->session_ending(ledger->self, &run->session, &err);
	if (rc == 0)
		rc = sbk_hand_back_start(run->session.id, run->arguments.quiet,
					 &code, &err);
	if (rc < 0)
		sbk_cli_say(run->cli, "%s", err.message);
	if (rc == 0 && code == SBK_EXIT_OK)
		return true;
	sbk_cli_say(run->cli,
		    "warning: what the account made in granted roots is not "
		    "handed back; 'sandbook hand-back' and the next run try "
		    "again");
	return !run->session.hands_back;
}

static int launch(struct run *run)
{
	struct sbk_run_hooks hooks = {.ready = on_ready,
				      .ended = on_ended,
				      .waiting = on_waiting,
				      .arg = run,
				      .ledger = &run->cli->ledger,
				      .session = &run->session};
	struct sbk_run_end end = {.exit_code = 0};
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	rc = sbk_run_launch(&run->scope, &run->arguments.options, run->argv,
			    &hooks, &end, &err);
	run->arguments.options.begun = NULL;
	if (!run->ended || rc < 0) {
		sbk_buf_clear(&run->end);
		write_end(run, rc, &end, &err);
	}
	if (hand_back(run) && !run->ended)
		record_end(run);
	status_line(run, rc < 0 ? "failed" : "exit", &run->end);
	if (rc == 0)
		return exit_code(run, &end);
	rc = sbk_cli_fail(run->cli, &err);
	return run->record_failed ? SBK_EXIT_JOURNAL : rc;
}

static int print_scope(struct run *run)
{
	struct sbk_account_forecast forecast = {.items = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = sbk_account_forecast(&run->scope, &forecast, &err);

	if (run->arguments.json) {
		sbk_json_open(&out, '{');
		sbk_scope_print_json(&run->scope, &out);
		sbk_run_roots_print_json(&run->scope, &out);
		sbk_account_forecast_print_json(&forecast, &out);
		sbk_run_grant_print_json(&run->grant, &out);
		sbk_json_close(&out, '}');
		sbk_buf_addc(&out, '\n');
	} else {
		sbk_scope_print(&run->scope,
				sbk_account_forecast_outside(&forecast), &out);
		sbk_run_roots_print(&run->scope, &out);
		sbk_account_forecast_print(&forecast, &out);
		sbk_run_grant_print(&run->grant, &out);
	}
	rc = rc < 0 ? sbk_cli_fail(run->cli, &err)
		    : sbk_cli_print(run->cli, &out);
	sbk_account_forecast_release(&forecast);
	sbk_buf_release(&out);
	return rc;
}

static int prepare(struct run *run, int argc, char **argv,
		   struct sbk_error *err)
{
	struct sbk_person person;
	int operands;

	if (sbk_cli_parse(run->cli, argc, argv, &run->arguments, &operands,
			  err) < 0)
		return err->code;
	run->argv = argv + operands;
	if (operands >= argc && !run->arguments.dry_run)
		return sbk_error_set(err, SBK_E_INVAL,
				     "no command was given: sandbook run "
				     "[options] -- COMMAND [ARGUMENT...]");
	if (run->arguments.json && !run->arguments.dry_run)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--json goes with --dry-run; a run "
				     "reports through --status-fd");
	if (run->arguments.status_fd != 0 &&
	    sbk_run_status_check(run->arguments.status_fd, err) < 0)
		return err->code;
	run->arguments.options.no_account = run->arguments.policy.no_account;
	/* With the host's network there is little to begin. */
	if (!run->arguments.dry_run && !run->arguments.policy.net)
		run->arguments.options.begun =
			sbk_run_begin(&run->arguments.options, run->argv);
	if (sbk_os_caller(&person, err) < 0)
		return err->code;
	return sbk_scope_resolve(&run->arguments.policy, &person,
				 sbk_os_environment(), &run->scope, err);
}

static void release(struct run *run)
{
	sbk_policy_request_release(&run->arguments.policy);
	sbk_run_abandon(run->arguments.options.begun);
	sbk_run_grant_release(&run->grant);
	sbk_scope_release(&run->scope);
	sbk_buf_release(&run->begin);
	sbk_buf_release(&run->end);
}

static int settle(struct run *run, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &run->cli->ledger;
	struct sbk_backend backend = {.ops = NULL};
	size_t settled = 0;
	int rc = sbk_os_backend(&backend, err);

	if (rc == 0)
		rc = ledger->ops->recover(ledger->self, &backend, SBK_BOOK_USER,
					  &settled, err);
	sbk_backend_close(&backend);
	return rc;
}

/*
 * What a crash left is settled first: it may be half a grant. A run that would
 * be refused grants nothing.
 */
static int before_grant(struct run *run, struct sbk_error *err)
{
	int rc = sbk_run_check(&run->scope, &run->arguments.options, err);

	return rc < 0 ? rc : settle(run, err);
}

/*
 * A run that grants nothing holds what was granted before, so half a grant is
 * settled before it, too. As a rule there is none, and one look says so; of a
 * book that cannot be read nothing is held.
 */
static int before_use(struct run *run, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &run->cli->ledger;
	struct sbk_book_mark mark;
	int rc = 0;

	if (!sbk_root_principals_used || run->arguments.dry_run)
		return 0;
	if (ledger->ops->mark(ledger->self, SBK_BOOK_USER, &mark, NULL) == 0 &&
	    mark.unsettled)
		rc = settle(run, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "settling what another command "
					    "left of its changes");
	return rc;
}

/* What is granted is asked anew when it is made. */
static int make_grant(struct run *run, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &run->cli->ledger;
	struct sbk_cli_progress line = {.out = NULL};
	const char *note_text;
	size_t i;
	int rc;

	for (i = 0; sbk_run_grant_note(&run->grant, i, &note_text); i++)
		note(run, "", note_text, "");
	rc = sbk_cli_changes_begin(&line, run->cli, !run->arguments.quiet, err);
	run->grant.progress = &line.progress;
	if (rc == 0)
		rc = sbk_run_grant_make(&run->grant, ledger, err);
	run->grant.progress = NULL;
	sbk_cli_changes_end(&line);
	run->record_failed = rc < 0 && rc != SBK_E_INTERRUPTED;
	return rc == 0 && run->scope.grant_refused == NULL
		       ? sbk_run_roots_find(ledger, &run->scope, err)
		       : rc;
}

/*
 * What the run was granted is found, and, unless it is only to be told, what
 * it still needs is made, before anything is launched.
 */
static int grant(struct run *run, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &run->cli->ledger;
	const bool makes =
		run->scope.grant == SBK_GRANT_ACL && !run->arguments.dry_run;
	int rc = makes ? before_grant(run, err) : before_use(run, err);

	if (rc == 0)
		rc = sbk_run_roots_find(ledger, &run->scope, err);
	if (rc == 0)
		rc = sbk_run_grant_plan(&run->grant, ledger, &run->scope, err);
	return rc == 0 && makes ? make_grant(run, err) : rc;
}

/* What a person should know of the run's bounds before it begins. */
static void say_notes(struct run *run)
{
	struct sbk_buf line = SBK_BUF_INIT;
	size_t i;

	for (i = 0; i < run->scope.note_count; i++)
		note(run, "", run->scope.notes[i], "");
	for (i = 0; i < run->scope.root_count; i++) {
		sbk_buf_clear(&line);
		if (sbk_run_root_note(&run->scope.roots[i], &line))
			note(run, sbk_buf_text(&line), "", "");
	}
	if (run->scope.memory_mib > 0)
		note(run, "", SBK_RUN_MEMORY_MEANING, "");
	sbk_buf_release(&line);
}

static int run_run(struct sbk_cli *cli, int argc, char **argv)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct run run = {.cli = cli, .grant = SBK_RUN_GRANT_INIT};
	int rc = prepare(&run, argc, argv, &err);

	if (rc == 0)
		rc = grant(&run, &err);
	if (rc < 0) {
		rc = sbk_cli_fail(cli, &err);
		rc = run.record_failed ? SBK_EXIT_JOURNAL : rc;
	} else if (run.arguments.dry_run) {
		rc = print_scope(&run);
	} else {
		say_notes(&run);
		rc = launch(&run);
	}
	release(&run);
	return rc;
}

const struct sbk_command sbk_command_run = {
	.name = "run",
	.usage = "[options] -- COMMAND [ARGUMENT...]",
	.summary = "run a command in the sandbox",
	.help = "Runs COMMAND so that it writes only in the working directory "
		"and what --rw\nnames, reads only what is listed, and reaches "
		"no network. Nothing on this\nmachine is changed but what "
		"COMMAND writes there; the run is recorded in your\njournal. "
		"'sandbook plan' shows what a run could do.\n\n"
		"The exit code is COMMAND's own; 126 and 127 when it cannot "
		"be started, 128+n\nwhen signal n ended it, 200 and up when "
		"Sandbook itself failed, with a line on\nstderr. 202 also when "
		"somebody replaced or renamed a denied or protected file\n"
		"during the run: its cover is gone then, and the run is "
		"ended.\n\n"
		"--memory limits the data of each process, not of the run as a "
		"whole; no cgroup\nis made.\n\n"
		"Example: the tests of a project, with one more directory to "
		"read\n"
		"  sandbook run -C ~/project --ro ~/library -- make test\n",
	.options = options,
	.run = run_run,
	.in_order = true,
};
