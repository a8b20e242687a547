/*
 * Whether what keeps the Offline account off the network does so, by trying:
 * the last step of setup (WINDOWS.md part 5, step 5), when the accounts are
 * enabled. As Online everything must get through, as Offline nothing but what
 * the filters leave to a proxy; else all of setup is undone. How it is tried is
 * network_trial.h.
 */
#ifndef SBK_WINDOWS_SETUP_PROBE_H
#define SBK_WINDOWS_SETUP_PROBE_H

#include "engine/windows/network_trial.h"
#include "engine/windows/setup_plan.h"

/* Runs it as the account of that role, with a run's restricted token. */
typedef int sbk_probe_run_fn(void *arg, enum sbk_nt_role role,
			     const char *const words[SBK_TRIAL_WORDS],
			     uint32_t *exit_code, struct sbk_error *err);

struct sbk_probe_request {
	sbk_probe_run_fn *run;
	void *arg;
	uint16_t first_port, last_port; /* which filters leave to a proxy */
};

/*
 * 0 where as Online every path of this machine got through, and as Offline the
 * proxy's alone. SBK_E_UNSUPPORTED with the account and the path where that is
 * not so, the machine has no loopback at all, or every port of a proxy's is in
 * use; the errors of sbk_trial_try.
 */
int sbk_nt_setup_probe(const struct sbk_probe_request *request,
		       struct sbk_error *err);

/*
 * The same for the accounts with these SIDs, each by a logon of its own and a
 * runner (trial_run.h), with the passwords that this process made: the form of
 * sbk_nt_setup's `probe`. `arg` is the path of the runner's program, NULL: the
 * one beside this program.
 */
int sbk_nt_setup_probe_accounts(void *arg, const struct sbk_nt_setup *setup,
				const char *const sids[SBK_NT_ROLE_COUNT],
				struct sbk_error *err);

#endif
