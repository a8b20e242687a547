/*
 * How a sender of a trial (network_trial.h) is run as an account: by the runner
 * (runner.h), with the token, the job and the desktop of any run, since a plain
 * token of the account would not show whether the filters hold for a restricted
 * one. The sender is the runner's own program, by other words.
 */
#ifndef SBK_WINDOWS_TRIAL_RUN_H
#define SBK_WINDOWS_TRIAL_RUN_H

#include "engine/limits.h"
#include "engine/windows/network_trial.h"
#include "engine/windows/runner_logon.h"

/* The first word of a program that is to send: the ports and the token of
 * sbk_trial_send follow. */
#define SBK_TRIAL_WORD "trial"
#define SBK_RUNNER_NAME "sandbook-runner.exe"

/* "C:/Program Files/Sandbook/sandbook-runner.exe", beside this program. */
int sbk_runner_path(char out[SBK_PATH_MAX], struct sbk_error *err);

/* In a runner that is greeted and has no command; it is so again when this
 * returns 0. `arg` is the struct sbk_runner. */
sbk_trial_run_fn sbk_trial_run_in;
/*
 * Logs on for this one trial; nothing of the account's is alive when it
 * returns, nor in the lists of the caller's windows, which are shut before the
 * sender starts, as for a run.
 */
struct sbk_trial_logon {
	struct sbk_runner_wish wish;
	/* NULL: the person's process that started this one has the lock. */
	struct sbk_front *front;
};
/* `arg` is a const struct sbk_trial_logon. */
sbk_trial_run_fn sbk_trial_run_as;

#endif
