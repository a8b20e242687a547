/*
 * The order of a run under an account: refuse what cannot be kept, find the
 * program, log on, try the network, have the command made, record it, make its
 * temporary directory, let it begin; then all of it away, the runner first.
 *
 * Invariant: the command has not run an instruction before its session is
 * recorded, and nothing of the account's is alive when this returns but by an
 * error that says so.
 */
#include "engine/windows/run_under_account.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/os.h"
#include "engine/windows/account_environment.h"
#include "engine/windows/console.h"
#include "engine/windows/interrupt.h"
#include "engine/windows/run_denied.h"
#include "engine/windows/run_probe.h"
#include "engine/windows/run_rules.h"
#include "engine/windows/runner_logon.h"
#include "engine/windows/synthetic.h"
#include "engine/windows/temporary.h"
#include "engine/windows/trial_run.h"
#include "engine/windows/user_profile.h"

#include "engine/banned.h"

#define LIMITS_MISSING                                                       \
	"the limits of the run's job (memory, processes, its windows) were " \
	"not all read back"

struct run {
	const struct sbk_run_wish *wish;
	struct sbk_own_account *account;
	struct sbk_sid sid; /* the account's */
	struct sbk_run_parts parts;
	struct sbk_carriers carriers;
	struct sbk_temporary temporary;
	struct sbk_sid run_sid;
	struct sbk_launch_wish start;
	struct sbk_console *console;
	struct sbk_runner *runner;
};

/* --- before anything is started ------------------------------------------- */

static void describe(struct run *run, bool kept_off, const char *why)
{
	sbk_run_rules_account(run->wish->scope->network,
			      run->account->principal.number, kept_off, why,
			      &run->carriers);
	run->carriers.account_owner = run->account->principal.owner;
}

static int make_environment(struct run *run, struct sbk_error *err)
{
	const struct sbk_account_environment wish = {
		.variables = (const char *const *)run->wish->scope->environment,
		.own = sbk_os_environment(),
		.user = run->wish->scope->person.name,
		.profile = run->wish->scope->person.home,
		.account = run->account->principal.name,
		.home = run->temporary.path};

	return sbk_account_environment(&wish, &run->parts.arena,
				       &run->parts.environment, err);
}

static int prepare(struct run *run, struct sbk_error *err)
{
	int rc = sbk_temporary_name_shared(&run->temporary, err);

	if (rc == 0)
		rc = make_environment(run, err);
	return rc < 0 ? rc
		      : sbk_run_sids_collect(run->wish->scope,
					     &run->parts.roots, err);
}

/* What the runner is told, when the program is found. */
static void fill_start(struct run *run)
{
	uint8_t random[SBK_SYNTHETIC_ID_BYTES];

	randombytes_buf(random, sizeof(random));
	run->run_sid = sbk_synthetic_make_run(random);
	sbk_run_parts_fill(run->wish, &run->parts, &run->start);
	run->start.run = &run->run_sid;
	run->start.temporary = run->temporary.path;
	run->carriers.temporary = run->temporary.path;
}

/* --- the runner ----------------------------------------------------------- */

/* The system let the account into the user's own window station, and it is not
 * out again. */
static int judge_station(struct run *run, const struct sbk_error *open,
			 struct sbk_error *err)
{
	if (open->code == 0)
		return 0;
	if (!run->wish->scope->best_effort)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the run could reach this user's "
				     "clipboard and windows: %s; or "
				     "--best-effort",
				     open->message);
	(void)snprintf(run->carriers.limits_missing,
		       sizeof(run->carriers.limits_missing),
		       "the run can reach this user's clipboard and windows: "
		       "%.180s",
		       open->message);
	return 0;
}

/* Only the profile that setup made: else the logon would make one of which no
 * journal knows. Where that cannot be told, none is loaded. */
static bool loads_profile(const struct run *run)
{
	bool loads = false;

	return sbk_user_profile_loads(&run->sid, &loads, NULL) == 0 && loads;
}

static int log_on(struct run *run, struct sbk_error *err)
{
	const struct sbk_secret *secret = &run->account->secret;
	char program[SBK_PATH_MAX];
	const struct sbk_runner_wish wish = {.account = secret->label.account,
					     .password = secret->password,
					     .sid = &run->sid,
					     .profile = loads_profile(run),
					     .program = program};
	struct sbk_error open = SBK_ERROR_INIT;
	int rc = sbk_runner_path(program, err);

	if (rc == 0)
		rc = sbk_runner_log_on(run->wish->front, &run->wish->wait,
				       &wish, &run->runner, &open, err);
	return rc < 0 ? rc : judge_station(run, &open, err);
}

/*
 * Nothing but filters keeps the account off the network, and what they do is
 * seen by trying. A runner whose trial failed is in no known state.
 */
static int try_network(struct run *run, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (run->wish->scope->network == SBK_NETWORK_ON)
		return 0;
	rc = sbk_run_probe(run->runner, &why);
	if (rc == 0)
		return 0;
	if (rc != SBK_E_UNSUPPORTED)
		return sbk_error_set(err, rc, "%s", why.message);
	describe(run, false, why.message);
	rc = sbk_run_rules_check_account(run->wish->scope, &run->carriers, err);
	if (rc < 0)
		return rc;
	/* It is freed, whether or not all that it started has ended. */
	rc = sbk_runner_release(run->runner, err);
	run->runner = NULL;
	return rc < 0 ? rc : log_on(run, err);
}

static int start_runner(struct run *run, struct sbk_error *err)
{
	int rc = log_on(run, err);

	if (rc == 0)
		rc = try_network(run, err);
	sbk_own_account_end(run->account);
	return rc;
}

/* --- the command ---------------------------------------------------------- */

/* It is there, suspended. */
static int on_ready(void *arg, bool limits, struct sbk_error *err)
{
	struct run *run = arg;
	const struct sbk_run_hooks *hooks = run->wish->hooks;
	struct sbk_sid logon;
	int rc;

	if (!limits && run->carriers.limits_missing[0] == '\0')
		(void)snprintf(run->carriers.limits_missing,
			       sizeof(run->carriers.limits_missing), "%s",
			       LIMITS_MISSING);
	if (!limits && !run->wish->scope->best_effort)
		return sbk_error_set(err, SBK_E_UNSUPPORTED, "%s",
				     LIMITS_MISSING);
	rc = hooks->ready(hooks->arg, &run->carriers,
			  (int)sbk_runner_process(run->runner), err);
	if (rc == 0)
		rc = sbk_runner_logon_sid(run->runner, &logon, err);
	return rc < 0 ? rc
		      : sbk_temporary_make(&run->temporary, &run->run_sid,
					   &logon, err);
}

static void stop(void *arg)
{
	struct run *run = arg;

	/* Where it cannot be said, another Ctrl-C ends us, and the runner. */
	(void)sbk_runner_stop(run->runner, NULL);
}

/* A directory or program that the account has no right to is mostly one that
 * nobody granted. Of what else is denied no grant is the remedy. */
static int say_why(const struct run *run, int rc, const struct sbk_error *why,
		   struct sbk_error *err)
{
	if (sbk_runner_shut_out(run->runner))
		(void)sbk_error_set(err, rc,
				    "%.250s; '%s' reads and writes what it "
				    "was granted: 'sandbook grant --rw %.160s'",
				    why->message, run->account->principal.name,
				    run->wish->scope->directory);
	else
		(void)sbk_error_set(err, rc, "%s", why->message);
	if (err != NULL)
		err->os_code = why->os_code;
	return rc;
}

static int carry_out(struct run *run, struct sbk_run_end *end,
		     struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = start_runner(run, err);

	if (rc < 0)
		return rc;
	rc = sbk_interrupt_begin(stop, run, err);
	if (rc < 0)
		return rc;
	sbk_runner_on_ready(run->runner, on_ready, run);
	rc = sbk_runner_run(run->runner, &run->start, end, &why);
	sbk_interrupt_detach(rc == 0 ? end : NULL);
	return rc < 0 ? say_why(run, rc, &why, err) : 0;
}

/* Ends what is alive, then takes its files. */
static int clean_up(struct run *run, int rc, const struct sbk_error *why,
		    struct sbk_error *err)
{
	struct sbk_error left = SBK_ERROR_INIT;
	int ended = sbk_runner_release(run->runner, &left);

	if (ended == 0)
		ended = sbk_temporary_remove(&run->temporary, &left);
	else
		sbk_temporary_leave(&run->temporary);
	sbk_interrupt_end();
	return sbk_run_parts_ended(rc, why, ended, &left, err);
}

/* The run is the account's all the same, never the user's: what it was to be
 * given and was not, it can do nothing with. */
static int check_granted(const struct run *run, struct sbk_error *err)
{
	const struct sbk_scope *scope = run->wish->scope;

	if (scope->grant_refused == NULL || scope->best_effort)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%s' cannot be given what the run is to read and "
			     "write: %.350s; or --best-effort, with what it "
			     "has",
			     run->account->principal.name,
			     scope->grant_refused);
}

static int run_all(struct run *run, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t removed, left;
	int rc;

	/* As it is if the trial of the network goes well. */
	describe(run, true, "");
	rc = sbk_run_rules_check_account(run->wish->scope, &run->carriers, err);
	if (rc == 0)
		rc = check_granted(run, err);
	if (rc == 0)
		rc = sbk_run_denied_check(run->wish->scope,
					  run->account->principal.id, err);
	if (rc < 0)
		return rc;
	sbk_temporary_sweep(&removed, &left);
	rc = prepare(run, err);
	if (rc < 0)
		return rc;
	rc = sbk_run_parts_program(run->wish, &run->parts, err);
	if (rc == SBK_E_NOTFOUND)
		return sbk_run_parts_none(run->wish, &run->carriers, end, err);
	if (rc < 0)
		return rc;
	fill_start(run);
	rc = sbk_console_take(&run->start, &run->console, err);
	if (rc < 0)
		return rc;
	rc = carry_out(run, end, &why);
	return clean_up(run, rc, &why, err);
}

int sbk_run_under_account(const struct sbk_run_wish *wish,
			  struct sbk_own_account *account,
			  struct sbk_run_end *end, struct sbk_error *err)
{
	struct run run = {.wish = wish,
			  .account = account,
			  .sid = account->secret.label.sid,
			  .parts = SBK_RUN_PARTS_INIT,
			  .temporary = SBK_TEMPORARY_INIT};
	int rc = run_all(&run, end, err);

	sbk_console_free(run.console);
	sbk_run_parts_release(&run.parts);
	return rc;
}
