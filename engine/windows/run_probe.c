/* See the header. Owns whose packets are the control: the caller's own. */
#include "engine/windows/run_probe.h"

#include "engine/windows/setup_plan.h"
#include "engine/windows/trial_run.h"

#include "engine/banned.h"

#define CALLER "the person"
#define ACCOUNT "the offline account"

static int try_both(struct sbk_trial *trial, struct sbk_runner *runner,
		    struct sbk_error *err)
{
	const unsigned there = sbk_trial_there(trial);
	unsigned through = 0;
	int rc = sbk_trial_try(trial, CALLER, sbk_trial_send_here, NULL,
			       &through, err);

	if (rc == 0)
		rc = sbk_trial_judge(CALLER, false, there, through, err);
	if (rc == 0)
		rc = sbk_trial_try(trial, ACCOUNT, sbk_trial_run_in, runner,
				   &through, err);
	return rc < 0 ? rc
		      : sbk_trial_judge(ACCOUNT, true, there, through, err);
}

int sbk_run_probe(struct sbk_runner *runner, struct sbk_error *err)
{
	struct sbk_trial *trial = NULL;
	int rc = sbk_trial_begin(SBK_NT_PROXY_FIRST_PORT,
				 SBK_NT_PROXY_LAST_PORT, &trial, err);

	if (rc == 0)
		rc = try_both(trial, runner, err);
	sbk_trial_end(trial);
	return rc;
}
