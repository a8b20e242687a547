/*
 * Starts a run: decides what can carry its guarantees, forks the first process
 * inside, lets the caller keep its record while that builds the world, and
 * hands over to the supervisor. Nothing of the host is changed; without
 * namespaces (best effort only) a private temporary directory is made and
 * removed.
 */
#include "engine/linux/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/channel.h"
#include "engine/linux/early.h"
#include "engine/linux/error.h"
#include "engine/linux/landlock.h"
#include "engine/linux/namespace.h"
#include "engine/linux/seccomp.h"
#include "engine/linux/temporary.h"
#include "engine/os.h"

#include "engine/banned.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* the other side sees the end */
	*fd = -1;
}

/* Which of the standard descriptors are terminals, and the one we relay. */
static void find_terminal(struct sbk_launch *launch)
{
	static const int outputs[] = {STDOUT_FILENO, STDERR_FILENO,
				      STDIN_FILENO};
	size_t i;

	launch->terminal_in = launch->terminal_out = -1;
	for (i = 0; i < 3; i++)
		launch->terminal[i] = isatty((int)i);
	for (i = 0; i < 3 && launch->terminal_out < 0; i++)
		if (launch->terminal[outputs[i]])
			launch->terminal_out = outputs[i];
	if (launch->terminal_out < 0)
		return;
	/* Keys come in even where stdin is a file: a pager asks /dev/tty. */
	launch->terminal_in =
		launch->terminal[0] ? STDIN_FILENO : launch->terminal_out;
	if (tcgetattr(launch->terminal_in, &launch->termios) < 0 ||
	    ioctl(launch->terminal_in, TIOCGWINSZ, &launch->window) < 0)
		memset(launch->terminal, 0, sizeof(launch->terminal));
	if (!launch->terminal[launch->terminal_out])
		launch->terminal_in = launch->terminal_out = -1;
}

static void probe_cheaply(const struct sbk_run_options *options,
			  struct sbk_carriers *carriers)
{
	int abi = sbk_landlock_abi();

	memset(carriers, 0, sizeof(*carriers));
	if (options->test_landlock_abi_plus_one != 0 &&
	    abi > (int)options->test_landlock_abi_plus_one - 1)
		abi = (int)options->test_landlock_abi_plus_one - 1;
	carriers->landlock_abi = abi;
	carriers->namespaces = !options->test_no_namespaces;
	carriers->seccomp = sbk_seccomp_available();
}

/* What this scope asks for beyond what the mechanisms left can carry. */
static void narrow_by_scope(const struct sbk_scope *scope, uid_t uid,
			    struct sbk_carriers *carriers)
{
	size_t i;

	if (scope->processes > 0 && uid == 0)
		(void)snprintf(carriers->limits_missing,
			       sizeof(carriers->limits_missing),
			       "the limit on processes is not kept for root, "
			       "whom the kernel exempts: run as another user");
	if (carriers->namespaces)
		return;
	for (i = 0; i < scope->path_count; i++) {
		if (scope->paths[i].kind != SBK_ACCESS_DENY)
			continue;
		carriers->names[SBK_GUARANTEE_READS][0] = '\0';
		(void)snprintf(carriers->missing[SBK_GUARANTEE_READS],
			       sizeof(carriers->missing[0]),
			       "without mounts, Landlock cannot deny inside "
			       "what it allows");
	}
}

static int require_limits(const struct sbk_carriers *carriers,
			  struct sbk_error *err)
{
	if (carriers->limits_missing[0] == '\0')
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED, "%s, or --best-effort",
			     carriers->limits_missing);
}

static int require_all(const struct sbk_carriers *carriers,
		       struct sbk_error *err)
{
	if (sbk_carriers_require(carriers, err) < 0)
		return err->code;
	return require_limits(carriers, err);
}

static void kill_init(struct sbk_launch *launch, pid_t pid)
{
	close_fd(&launch->channel);
	(void)kill(pid, SIGKILL); /* gone is as good */
	(void)waitpid(pid, NULL, 0);
}

/* Nothing of it is left afterwards, nor of what was started for it. */
static void end_init(struct sbk_launch *launch, pid_t pid)
{
	close_fd(&launch->channel);
	if (pid > 0)
		kill_init(launch, pid);
	sbk_account_end(&launch->account, NULL);
}

/* In the first process: never returns. */
static void run_init(struct sbk_launch *launch)
{
	launch->channel = launch->other;
	_exit(sbk_init_main(launch));
}

pid_t sbk_launch_fork(struct sbk_launch *launch, struct sbk_error *err)
{
	int ends[2], rc;
	pid_t pid;

	rc = sbk_channel_pair(ends, err);
	if (rc < 0)
		return rc;
	launch->channel = ends[0];
	launch->other = ends[1];
	if (launch->account.wanted)
		rc = sbk_account_prepare(&launch->account, err);
	pid = rc < 0 ? rc
		     : sbk_namespace_fork(launch->carriers.namespaces, err);
	if (pid == 0)
		run_init(launch);
	close_fd(&launch->other);
	if (pid > 0 && launch->account.wanted)
		rc = sbk_account_start(&launch->account, pid, err);
	if (pid > 0 && rc == 0)
		return pid;
	end_init(launch, pid);
	return rc < 0 ? rc : pid;
}

/* The next message, which must be this one. */
static int await(int channel, enum sbk_message_type type,
		 struct sbk_message *message, struct sbk_error *err)
{
	int rc = sbk_channel_receive(channel, message, err);

	if (rc < 0 || message->type == type)
		return rc;
	if (message->type != SBK_MESSAGE_FAILED)
		return sbk_error_set(err, SBK_E_IO,
				     "the run ended before it began");
	*err = message->error;
	return err->code;
}

int sbk_launch_settled(int channel, struct sbk_account_run *account,
		       struct sbk_carriers *carriers, struct sbk_error *err)
{
	struct sbk_message message;

	if (account->wanted && sbk_account_finish(account, err) < 0)
		return err->code;
	if (await(channel, SBK_MESSAGE_SETTLED, &message, err) < 0)
		return err->code;
	carriers->firewall = message.value != 0;
	return 0;
}

/*
 * Forks the first process and waits until its namespaces have settled. > 0 is
 * its id. On failure nothing of it is left.
 */
static pid_t start_init(struct sbk_launch *launch, struct sbk_error *err)
{
	pid_t pid = sbk_launch_fork(launch, err);

	if (pid < 0)
		return pid;
	if (sbk_launch_settled(launch->channel, &launch->account,
			       &launch->carriers, err) == 0)
		return pid;
	end_init(launch, pid);
	return err->code;
}

/* The process that waits already, where there is one. */
static pid_t start_isolated(struct sbk_launch *launch, struct sbk_error *err)
{
	struct sbk_message message;
	pid_t pid = sbk_early_take(launch);

	if (pid <= 0)
		pid = start_init(launch, err);
	if (pid <= 0 || !launch->account.wanted)
		return pid;
	/* Until it has everything, the account may still not be had. */
	if (await(launch->channel, SBK_MESSAGE_TAKEN, &message, err) < 0) {
		kill_init(launch, pid);
		sbk_account_end(&launch->account, err);
		return err->code;
	}
	launch->carriers.account = launch->account.own.number;
	launch->carriers.account_owner =
		sbk_owner_of_number(launch->account.own.number);
	sbk_account_open_pipes(launch->uid);
	return pid;
}

static bool is_required(const struct sbk_launch *launch)
{
	return launch->scope->account == SBK_ACCOUNT_WISH_REQUIRE;
}

/* The reason is kept, and the error is none any more. */
static void lose_account(struct sbk_launch *launch, struct sbk_error *err)
{
	(void)snprintf(launch->carriers.account_missing,
		       sizeof(launch->carriers.account_missing), "%s",
		       err->message);
	launch->account.wanted = false;
	sbk_error_clear(err);
}

static int refuse_without_account(const struct sbk_launch *launch,
				  struct sbk_error *err)
{
	if (!is_required(launch) || launch->account.wanted)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the sandbox account is required and cannot be "
			     "had: %s",
			     launch->carriers.account_missing);
}

/* Whether the run is to be the account's. */
static void choose_account(struct sbk_launch *launch)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (!launch->carriers.namespaces) {
		(void)snprintf(launch->carriers.account_missing,
			       sizeof(launch->carriers.account_missing),
			       "there are no user namespaces");
		return;
	}
	sbk_account_choose(&launch->account, launch->scope->account,
			   launch->scope->network,
			   launch->carriers.account_missing);
	if (launch->account.wanted && launch->scope->grant_refused != NULL)
		(void)sbk_error_set(&err, SBK_E_UNSUPPORTED, "%s",
				    launch->scope->grant_refused);
	else if (launch->account.wanted)
		(void)sbk_account_mark(&launch->view, launch->scope, &err);
	if (err.code < 0)
		lose_account(launch, &err);
}

static int require_firewall(const struct sbk_launch *launch,
			    struct sbk_error *err)
{
	if (!is_required(launch) || launch->carriers.firewall ||
	    launch->scope->network == SBK_NETWORK_ON)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the sandbox account is required, and the "
			     "firewall does not refuse it: is the table "
			     "'inet sandbook' still there? ('sandbook audit "
			     "drift')");
}

/* As the account, or, where it cannot be had, without it. */
static pid_t start_as_account(struct sbk_launch *launch, struct sbk_error *err)
{
	pid_t pid;

	if (!launch->account.wanted)
		return start_isolated(launch, err);
	pid = start_isolated(launch, err);
	if (pid != SBK_E_UNSUPPORTED)
		return pid;
	lose_account(launch, err);
	if (refuse_without_account(launch, err) < 0)
		return err->code;
	return start_isolated(launch, err);
}

/* Without namespaces there is no private /tmp to see. */
static pid_t start_bare(struct sbk_launch *launch, struct sbk_error *err)
{
	if (launch->argv != NULL) {
		if (sbk_temporary_make(&launch->temporary, err) < 0)
			return err->code;
		launch->environment = sbk_temporary_environment(
			launch->scope->environment, launch->temporary);
		if (launch->environment == NULL)
			return sbk_error_set(err, SBK_E_NOMEM,
					     "no memory for the environment");
	}
	return start_init(launch, err);
}

/* The same, once more without namespaces where best effort allows it. */
static pid_t start_best(struct sbk_launch *launch, bool best_effort,
			struct sbk_error *err)
{
	enum sbk_network network = launch->scope->network;
	struct sbk_carriers *carriers = &launch->carriers;
	pid_t pid = SBK_E_UNSUPPORTED;

	sbk_error_clear(err);
	if (refuse_without_account(launch, err) < 0)
		return err->code;
	if (carriers->namespaces)
		pid = start_as_account(launch, err);
	if (pid < 0 && (pid != SBK_E_UNSUPPORTED || is_required(launch)))
		return pid;
	if (pid < 0)
		carriers->namespaces = false;
	sbk_carriers_describe(carriers, network, err->message);
	narrow_by_scope(launch->scope, launch->uid, carriers);
	if (pid > 0 && require_firewall(launch, err) < 0) {
		end_init(launch, pid);
		return err->code;
	}
	if (pid < 0) {
		sbk_error_clear(err);
		if (!best_effort && require_all(carriers, err) < 0)
			return err->code;
		pid = start_bare(launch, err);
	} else if (!best_effort && require_all(carriers, err) < 0) {
		end_init(launch, pid);
		return err->code;
	}
	return pid;
}

/* Waits until the world stands; then `master` is its terminal's, or -1. */
static int await_ready(struct sbk_launch *launch, int *master,
		       struct sbk_error *err)
{
	struct sbk_message message;

	if (sbk_channel_receive(launch->channel, &message, err) < 0)
		return err->code;
	if (message.type == SBK_MESSAGE_FAILED) {
		*err = message.error;
		return err->code;
	}
	if (message.type != SBK_MESSAGE_READY)
		return sbk_error_set(err, SBK_E_IO,
				     "the run ended before it began");
	*master = message.fd;
	return 0;
}

static int run(struct sbk_launch *launch, struct sbk_run_end *end,
	       struct sbk_error *err)
{
	const struct sbk_run_hooks *hooks = launch->hooks;
	int master = -1, rc;
	pid_t pid = start_best(launch, launch->scope->best_effort, err);

	if (pid < 0)
		return pid;
	rc = hooks != NULL && hooks->ready != NULL
		     ? hooks->ready(hooks->arg, &launch->carriers, (int)pid,
				    err)
		     : 0;
	/* The helper has ended meanwhile, when its socket did. */
	sbk_account_end(&launch->account, NULL);
	/* Without a terminal to relay, the command starts as soon as the
	 * world stands: nothing is left to do here. */
	if (rc == 0 &&
	    (launch->argv == NULL || sbk_launch_has_terminal(launch)))
		rc = await_ready(launch, &master, err);
	if (rc == 0 && launch->argv != NULL)
		return sbk_supervise(launch, pid, master, end, err);
	close_fd(&master);
	kill_init(launch, pid);
	return rc;
}

void sbk_launch_prepare(struct sbk_launch *launch,
			const struct sbk_run_options *options,
			char *const *argv)
{
	memset(launch, 0, sizeof(*launch));
	sbk_os_own_children();
	launch->argv = argv;
	launch->uid = geteuid();
	launch->gid = getegid();
	launch->channel = launch->other = -1;
	launch->account = (struct sbk_account_run)SBK_ACCOUNT_RUN_INIT;
	launch->terminal_in = launch->terminal_out = -1;
	probe_cheaply(options, &launch->carriers);
	if (argv != NULL)
		find_terminal(launch);
}

/* What stays is told, whatever else went wrong. */
static int remove_temporary(const struct sbk_launch *launch, int failed,
			    struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_temporary_remove(launch->temporary, &problem);

	if (failed < 0 && rc < 0)
		(void)sbk_error_prefix(err, "%s; before that", problem.message);
	else if (rc < 0)
		*err = problem;
	return failed < 0 ? failed : rc;
}

/* Nothing of a run's is kept beside the records. */
int sbk_run_remove_leftovers(struct sbk_error *err)
{
	(void)err;
	return 0;
}

/* What it can carry is known only by building it. */
int sbk_run_check(const struct sbk_scope *scope,
		  const struct sbk_run_options *options, struct sbk_error *err)
{
	(void)scope;
	(void)options;
	(void)err;
	return 0;
}

int sbk_run_launch(const struct sbk_scope *scope,
		   const struct sbk_run_options *options, char *const *argv,
		   const struct sbk_run_hooks *hooks, struct sbk_run_end *end,
		   struct sbk_error *err)
{
	struct sbk_run_end result = {.exit_code = 0};
	struct sbk_launch launch;
	int rc;

	sbk_launch_prepare(&launch, options, argv);
	launch.scope = scope;
	launch.environment = scope->environment;
	launch.hooks = hooks;
	launch.begun = options->begun;
	rc = sbk_view_plan(scope, &launch.view, err);
	if (rc < 0) {
		sbk_run_abandon(launch.begun);
		return rc;
	}
	choose_account(&launch);
	sbk_supervise_block(&launch.signals);
	rc = run(&launch, &result, err);
	sbk_supervise_unblock(&launch.signals);
	sbk_run_abandon(launch.begun);
	close_fd(&launch.channel);
	sbk_view_release(&launch.view);
	if (launch.environment != NULL &&
	    launch.environment != scope->environment) {
		free(launch.environment[0]);
		free(launch.environment);
	}
	rc = remove_temporary(&launch, rc, err);
	if (rc < 0)
		return rc;
	*end = result;
	return 0;
}
