/*
 * A run without an account: the user's own token, write-restricted (WINDOWS.md
 * part 6); one with an account is run_under_account.c's. Owns the order from a
 * resolved scope to the steps of launch.c, and what is put around the command:
 * its temporary directory, its PATH. Refuses what this mode cannot keep
 * (run_rules.c), and to run anything for a user who keeps the password of an
 * account.
 */
#include "engine/run.h"

#include <stdio.h>
#include <string.h>

#include "engine/os.h"
#include "engine/path.h"
#include "engine/places.h"
#include "engine/policy_model.h"
#include "engine/windows/console.h"
#include "engine/windows/interrupt.h"
#include "engine/windows/kept.h"
#include "engine/windows/launch.h"
#include "engine/windows/launch_relay.h"
#include "engine/windows/run_denied.h"
#include "engine/windows/run_parts.h"
#include "engine/windows/run_rules.h"
#include "engine/windows/run_under_account.h"
#include "engine/windows/secret.h"
#include "engine/windows/temporary.h"
#include "engine/windows/win32.h"
#include "engine/windows/withhold.h"

#include "engine/banned.h"

/* Where programs stand that refuse in place of ssh and its like. */
#define REFUSING "refuse"

struct run {
	struct sbk_run_wish wish;
	struct sbk_run_parts parts;
	struct sbk_carriers carriers;
	struct sbk_temporary temporary;
	struct sbk_launch_wish start;
	struct sbk_console *console;
	struct sbk_launch_relay relay;
	struct sbk_launch launch;
};

/* Nothing of a run can be made before its roots are known. */
struct sbk_run_start *sbk_run_begin(const struct sbk_run_options *options,
				    char *const *argv)
{
	(void)options;
	(void)argv;
	return NULL;
}

void sbk_run_abandon(struct sbk_run_start *start)
{
	(void)start;
}

bool sbk_run_name_exists(const char *path)
{
	struct sbk_file file;

	return sbk_os_look(path, &file, NULL) == 0;
}

/* --- the environment ------------------------------------------------------ */

static void add_missing(struct sbk_carriers *carriers,
			enum sbk_guarantee guarantee, const char *text)
{
	char *missing = carriers->missing[guarantee];
	const size_t used = strlen(missing);

	(void)snprintf(missing + used, sizeof(carriers->missing[0]) - used,
		       "%s", text);
}

/* The directory of refusing programs beside ours, as PATH has it; NULL, and
 * the run says so, where there is none. */
static int find_refusing(struct run *run, const char **out,
			 struct sbk_error *err)
{
	char program[SBK_PATH_MAX], real[SBK_PATH_MAX];
	struct sbk_file file;
	const char *path;
	int rc = sbk_os_program(program, err);

	*out = NULL;
	if (rc < 0)
		return rc;
	*strrchr(program, '/') = '\0';
	path = sbk_path_join(&run->parts.arena, program, REFUSING);
	if (path == NULL)
		return sbk_error_no_memory(err);
	if (sbk_os_resolve(path, real, &file, NULL) == 0 &&
	    file.type == SBK_FILE_DIRECTORY)
		*out = path;
	else
		add_missing(&run->carriers, SBK_GUARANTEE_NETWORK,
			    "; 'refuse' is not beside sandbook.exe, so nothing "
			    "stands in for ssh");
	return 0;
}

/* PATH with that directory first. */
static int advise(struct run *run, struct sbk_error *err)
{
	const char *const *from =
		(const char *const *)run->wish.scope->environment;
	const char *refusing;
	size_t i;
	int rc = find_refusing(run, &refusing, err);

	if (rc < 0 || refusing == NULL)
		return rc;
	for (i = 0; run->parts.environment[i] != NULL; i++)
		if (strncmp(run->parts.environment[i], "PATH=", 5) == 0)
			run->parts.environment[i] = sbk_arena_printf(
				&run->parts.arena, "PATH=%s;%s", refusing,
				sbk_environment_get(from, "PATH"));
	for (i = 0; from[i] != NULL; i++)
		if (run->parts.environment[i] == NULL)
			return sbk_error_no_memory(err);
	return 0;
}

static int make_environment(struct run *run, struct sbk_error *err)
{
	char **from = run->wish.scope->environment;
	size_t count = 0, i;

	while (from[count] != NULL)
		count++;
	run->parts.environment =
		sbk_arena_alloc(&run->parts.arena,
				(count + 1) * sizeof(*run->parts.environment));
	if (run->parts.environment == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i <= count; i++)
		run->parts.environment[i] = from[i];
	run->start.advise_offline = run->wish.scope->network != SBK_NETWORK_ON;
	return run->start.advise_offline ? advise(run, err) : 0;
}

/* --- building ------------------------------------------------------------- */

static int prepare(struct run *run, struct sbk_error *err)
{
	int rc = sbk_temporary_name(&run->temporary, err);

	if (rc == 0)
		rc = sbk_run_sids_collect(run->wish.scope, &run->parts.roots,
					  err);
	if (rc < 0)
		return rc;
	sbk_run_parts_fill(&run->wish, &run->parts, &run->start);
	run->start.temporary = run->temporary.path;
	run->carriers.temporary = run->temporary.path;
	return 0;
}

/* What was seen of the token says whether writes are carried. */
static int judge(struct run *run, struct sbk_error *err)
{
	struct sbk_carriers *carriers = &run->carriers;
	struct sbk_error why = SBK_ERROR_INIT;

	(void)snprintf(carriers->limits_missing,
		       sizeof(carriers->limits_missing), "%s",
		       run->launch.limits_missing);
	if (sbk_token_check(&run->launch.plan, &run->launch.seen, &why) == 0)
		return 0;
	carriers->names[SBK_GUARANTEE_WRITES][0] = '\0';
	(void)snprintf(carriers->missing[SBK_GUARANTEE_WRITES],
		       sizeof(carriers->missing[0]), "by --test-any-token: %s",
		       why.message);
	return sbk_run_rules_check(run->wish.scope, carriers, err);
}

static void stop(void *arg)
{
	struct run *run = arg;

	(void)sbk_win32_end_job(run->launch.job, SBK_LAUNCH_ENDED, NULL);
}

static void tell_waiting(void *arg, const char *what)
{
	const struct sbk_run_hooks *hooks = arg;

	if (hooks->waiting != NULL)
		hooks->waiting(hooks->arg, what);
}

/*
 * From here until this run has ended nobody of this user's keeps a password
 * (delivery_person.c), and none is kept: those that are go, where the caller
 * said so. The command is there and has not run.
 */
static int guard_passwords(struct run *run, struct sbk_error *err)
{
	const struct sbk_run_hooks *hooks = run->wish.hooks;
	int rc = run->wish.front == NULL
			 ? sbk_front_open(false, &run->wish.front, err)
			 : 0;

	if (rc == 0)
		rc = sbk_front_share(run->wish.front, SBK_FRONT_OWN_TOKEN,
				     &run->wish.wait, err);
	if (rc == 0 && run->carriers.withholds[0] != '\0') {
		const struct sbk_withholding withholding = {
			.front = run->wish.front,
			.wait = &run->wish.wait,
			.ledger = hooks->ledger,
			.session = hooks->session->id};

		rc = sbk_withhold(&withholding, err);
	}
	return rc < 0 ? rc : sbk_run_parts_secrets(err);
}

static int carry_out(struct run *run, struct sbk_run_end *end,
		     struct sbk_error *err)
{
	int rc = judge(run, err);

	if (rc == 0)
		rc = sbk_interrupt_begin(stop, run, err);
	if (rc == 0)
		rc = run->wish.hooks->ready(run->wish.hooks->arg,
					    &run->carriers,
					    (int)run->launch.process_id, err);
	if (rc == 0)
		rc = sbk_temporary_make(&run->temporary,
					sbk_launch_run_sid(&run->launch), NULL,
					err);
	if (rc == 0)
		rc = guard_passwords(run, err);
	if (rc == 0)
		rc = sbk_launch_relay_begin(&run->relay, &run->launch, err);
	if (rc == 0)
		rc = sbk_launch_begin(&run->launch, err);
	if (rc == 0)
		rc = sbk_launch_wait(&run->launch, end, err);
	sbk_launch_relay_end(&run->relay);
	sbk_interrupt_detach(rc == 0 ? end : NULL);
	return rc;
}

/* Ends what is alive and takes the temporary files away. */
static int clean_up(struct run *run, int rc, const struct sbk_error *why,
		    struct sbk_error *err)
{
	struct sbk_error left = SBK_ERROR_INIT;
	int ended = sbk_launch_release(&run->launch, &left);

	if (ended == 0)
		ended = sbk_temporary_remove(&run->temporary, &left);
	else
		sbk_temporary_leave(&run->temporary);
	sbk_interrupt_end();
	return sbk_run_parts_ended(rc, why, ended, &left, err);
}

/* An account that cannot be had is why, where that is the user's. */
static int refuse_beside(struct run *run, struct sbk_error *err)
{
	const char *missing = run->carriers.account_missing;
	int rc = run->wish.scope->withholds
			 ? sbk_kept_text(run->carriers.withholds,
					 sizeof(run->carriers.withholds), err)
			 : sbk_run_parts_secrets(err);

	if (rc == SBK_E_UNSUPPORTED && missing[0] != '\0')
		return sbk_error_set(err, rc,
				     "%s; nothing was started, since a command "
				     "under the user's own token could read "
				     "what is kept",
				     missing);
	return rc;
}

static int run_all(struct run *run, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t removed, left;
	int rc = refuse_beside(run, err);

	if (rc == 0)
		rc = sbk_run_rules_check(run->wish.scope, &run->carriers, err);
	if (rc < 0)
		return rc;
	sbk_temporary_sweep(&removed, &left);
	rc = make_environment(run, err);
	if (rc < 0)
		return rc;
	rc = sbk_run_parts_program(&run->wish, &run->parts, err);
	if (rc == SBK_E_NOTFOUND)
		return sbk_run_parts_none(&run->wish, &run->carriers, end, err);
	if (rc == 0)
		rc = prepare(run, err);
	if (rc == 0)
		rc = sbk_console_take(&run->start, &run->console, err);
	if (rc == 0)
		rc = sbk_launch_relay_streams(&run->relay, &run->start, err);
	if (rc == 0)
		rc = sbk_launch_build(&run->start, &run->launch, err);
	if (rc < 0) {
		sbk_launch_relay_end(&run->relay);
		return rc;
	}
	rc = carry_out(run, end, &why);
	return clean_up(run, rc, &why, err);
}

/* As if the trial of an account's network went well. */
int sbk_run_check(const struct sbk_scope *scope,
		  const struct sbk_run_options *options, struct sbk_error *err)
{
	struct run run = {.wish = {.scope = scope, .options = options}};
	struct sbk_own_account account;
	int rc;

	sbk_run_rules_carriers(scope->network, &run.carriers);
	sbk_own_account_choose(scope->account, scope->network, &account,
			       run.carriers.account_missing);
	if (account.wanted) {
		sbk_run_rules_account(scope->network, account.principal.number,
				      true, "", &run.carriers);
		rc = sbk_run_rules_check_account(scope, &run.carriers, err);
		if (rc == 0)
			rc = sbk_run_denied_check(scope, account.principal.id,
						  err);
	} else {
		rc = refuse_beside(&run, err);
		if (rc == 0)
			rc = sbk_run_rules_check(scope, &run.carriers, err);
	}
	sbk_own_account_end(&account);
	return rc;
}

/*
 * Whoever has a password in memory is known to who makes it worthless. Without
 * records there is none; one that comes meanwhile is not used.
 */
static int choose_account(struct run *run, struct sbk_own_account *account,
			  struct sbk_error *err)
{
	const struct sbk_scope *scope = run->wish.scope;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = 0;

	if (scope->account != SBK_ACCOUNT_WISH_OFF)
		rc = sbk_front_open(false, &run->wish.front, &why);
	if (rc == 0 && run->wish.front != NULL)
		rc = sbk_front_share(run->wish.front, SBK_FRONT_ACCOUNT,
				     &run->wish.wait, &why);
	sbk_own_account_choose(scope->account, scope->network, account,
			       run->carriers.account_missing);
	if (account->wanted && rc < 0)
		return sbk_error_set(err, rc, "%s", why.message);
	if (!account->wanted && run->wish.front != NULL)
		sbk_front_leave(run->wish.front, SBK_FRONT_ACCOUNT);
	return 0;
}

int sbk_run_launch(const struct sbk_scope *scope,
		   const struct sbk_run_options *options, char *const *argv,
		   const struct sbk_run_hooks *hooks, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	struct run run = {
		.wish = {.scope = scope,
			 .options = options,
			 .hooks = hooks,
			 .argv = argv,
			 .wait = {tell_waiting, (void *)(uintptr_t)hooks}},
		.parts = SBK_RUN_PARTS_INIT,
		.temporary = SBK_TEMPORARY_INIT,
		.launch = SBK_LAUNCH_INIT};
	struct sbk_own_account account = SBK_OWN_ACCOUNT_INIT;
	int rc;

	sbk_run_rules_carriers(scope->network, &run.carriers);
	rc = choose_account(&run, &account, err);
	if (rc == 0)
		rc = account.wanted ? sbk_run_under_account(&run.wish, &account,
							    end, err)
				    : run_all(&run, end, err);
	sbk_own_account_end(&account);
	sbk_console_free(run.console);
	sbk_run_parts_release(&run.parts);
	sbk_front_close(run.wish.front);
	return rc;
}

int sbk_run_remove_leftovers(struct sbk_error *err)
{
	size_t removed, left;

	sbk_temporary_sweep(&removed, &left);
	if (left == 0)
		return sbk_secret_remove_unfinished(err);
	return sbk_error_set(err, SBK_E_INCOMPLETE,
			     "%zu temporary %s of runs that were ended cannot "
			     "be removed: 'sandbook-setup uninstall' in an "
			     "administrator's console gives back what an "
			     "account shut there; then try again",
			     left,
			     sbk_plural(left, "directory", "directories"));
}

/* --- status lines --------------------------------------------------------- */

static HANDLE handle_of(uint64_t number)
{
	return (HANDLE)(uintptr_t)number;
}

int sbk_run_status_check(uint64_t fd, struct sbk_error *err)
{
	static const DWORD streams[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
					STD_ERROR_HANDLE};
	const struct sbk_win32_program *calls = sbk_win32->program;
	size_t i;

	for (i = 0; i < 3; i++)
		if (calls->GetStdHandle(streams[i]) == handle_of(fd))
			return sbk_error_set(err, SBK_E_INVAL,
					     "--status-fd %llu is one of the "
					     "command's own streams",
					     (unsigned long long)fd);
	if (fd > UINT32_MAX ||
	    calls->GetFileType(handle_of(fd)) == FILE_TYPE_UNKNOWN)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--status-fd takes the number of a handle "
				     "that this program inherited, of a file "
				     "or pipe, and %llu is none",
				     (unsigned long long)fd);
	return 0;
}

int sbk_run_status_write(uint64_t fd, const char *text, size_t size,
			 struct sbk_error *err)
{
	return sbk_win32_write(handle_of(fd), text, size, err);
}
