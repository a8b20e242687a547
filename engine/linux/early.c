/*
 * Beginning a run before its scope is known. Owns the process that waits and
 * the front end's end of its channel, until the launch takes both over.
 */
#include "engine/linux/early.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/channel.h"
#include "engine/linux/parcel.h"

#include "engine/banned.h"

struct sbk_run_start {
	pid_t pid;
	int channel;
	struct sbk_account_run account;
};

struct sbk_run_start *sbk_run_begin(const struct sbk_run_options *options,
				    char *const *argv)
{
	struct sbk_run_start *start;
	struct sbk_launch launch;
	char missing[SBK_ACCOUNT_MISSING_MAX]; /* said by the launch, which asks
						  again */

	if (options->test_no_namespaces)
		return NULL;
	start = malloc(sizeof(*start));
	if (start == NULL)
		return NULL;
	sbk_launch_prepare(&launch, options, argv);
	if (!options->no_account)
		sbk_account_choose(&launch.account, SBK_ACCOUNT_WISH_AUTO,
				   SBK_NETWORK_OFF, missing);
	/* Blocked in the child from its first moment; here the caller may
	 * still be interrupted. */
	sbk_supervise_block(&launch.signals);
	start->pid = sbk_launch_fork(&launch, NULL);
	sbk_supervise_unblock(&launch.signals);
	start->channel = launch.channel;
	start->account = launch.account;
	if (start->pid > 0)
		return start;
	free(start);
	return NULL;
}

void sbk_run_abandon(struct sbk_run_start *start)
{
	if (start == NULL)
		return;
	(void)close(start->channel);	    /* nothing was asked of it */
	(void)kill(start->pid, SIGKILL);    /* gone is as good */
	(void)waitpid(start->pid, NULL, 0); /* ours, and killed */
	sbk_account_end(&start->account, NULL);
	free(start);
}

/* The mount helper of one that waits for long ends by its own clock. */
static bool has_helper(const struct sbk_run_start *start)
{
	siginfo_t ended = {.si_pid = 0};

	return waitid(P_PID, (id_t)start->account.helper, &ended,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       ended.si_pid == 0;
}

/* Whether it can become the launch's first process. */
static bool fits(const struct sbk_launch *launch,
		 const struct sbk_run_start *start)
{
	return launch->carriers.namespaces && launch->argv != NULL &&
	       launch->scope->network != SBK_NETWORK_ON &&
	       launch->account.wanted == start->account.wanted &&
	       (!start->account.wanted || has_helper(start));
}

pid_t sbk_early_take(struct sbk_launch *launch)
{
	struct sbk_run_start *start = launch->begun;
	struct sbk_error err = SBK_ERROR_INIT;
	pid_t pid;

	launch->begun = NULL;
	if (start == NULL)
		return -1;
	if (!fits(launch, start) ||
	    sbk_launch_settled(start->channel, &start->account,
			       &launch->carriers, &err) < 0 ||
	    sbk_parcel_send(start->channel, launch->scope, &launch->view,
			    NULL) < 0) {
		sbk_run_abandon(start);
		return -1;
	}
	launch->channel = start->channel;
	launch->account = start->account;
	pid = start->pid;
	free(start);
	return pid;
}
