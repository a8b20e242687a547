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
};

struct sbk_run_start *sbk_run_begin(const struct sbk_run_options *options,
				    char *const *argv)
{
	struct sbk_run_start *start;
	struct sbk_launch launch;

	if (options->test_no_namespaces)
		return NULL;
	start = malloc(sizeof(*start));
	if (start == NULL)
		return NULL;
	sbk_launch_prepare(&launch, options, argv);
	/* Blocked in the child from its first moment; here the caller may
	 * still be interrupted. */
	sbk_supervise_block(&launch.signals);
	start->pid = sbk_launch_fork(&launch, NULL);
	sbk_supervise_unblock(&launch.signals);
	start->channel = launch.channel;
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
	free(start);
}

/* Whether it can become the launch's first process. */
static bool fits(const struct sbk_launch *launch)
{
	return launch->carriers.namespaces && launch->argv != NULL &&
	       launch->scope->network != SBK_NETWORK_ON;
}

pid_t sbk_early_take(struct sbk_launch *launch)
{
	struct sbk_run_start *start = launch->begun;
	struct sbk_message message;
	pid_t pid;

	launch->begun = NULL;
	if (start == NULL)
		return -1;
	if (!fits(launch) ||
	    sbk_channel_receive(start->channel, &message, NULL) < 0 ||
	    message.type != SBK_MESSAGE_SETTLED ||
	    sbk_parcel_send(start->channel, launch->scope, &launch->view,
			    NULL) < 0) {
		sbk_run_abandon(start);
		return -1;
	}
	launch->channel = start->channel;
	pid = start->pid;
	free(start);
	return pid;
}
