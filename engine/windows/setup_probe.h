/*
 * Whether what keeps the Offline account off the network does so, by trying:
 * setup listens on the loopback, a program of ours is run as each account and
 * sends there, and what arrives decides (WINDOWS.md part 5, step 5). No packet
 * goes to a network.
 *
 * How a program is run as an account, with the restricted token of a run, is
 * the caller's: sbk_probe_run_fn.
 */
#ifndef SBK_WINDOWS_SETUP_PROBE_H
#define SBK_WINDOWS_SETUP_PROBE_H

#include <stdint.h>

#include "engine/error.h"
#include "engine/network_probe.h"
#include "engine/windows/setup_plan.h"

/* What the program that sends ends with when it has tried every path. Nothing
 * that arrives counts as kept off only if it did. */
#define SBK_PROBE_TRIED 37
#define SBK_PROBE_WORDS 2 /* the ports, the token */

/*
 * Runs, as the account of that role and with a run's restricted token, what
 * ends with sbk_nt_probe_send of these words; waits for its end.
 */
typedef int sbk_probe_run_fn(void *arg, enum sbk_nt_role role,
			     const char *const words[SBK_PROBE_WORDS],
			     uint32_t *exit_code, struct sbk_error *err);

struct sbk_probe_request {
	sbk_probe_run_fn *run;
	void *arg;
	uint16_t first_port, last_port; /* which filters permit: not used */
};

/*
 * 0 where as Online every path of this machine got through, and as Offline
 * none. SBK_E_UNSUPPORTED with the account and the path where that is not so,
 * or the machine has no loopback at all; the errors of `run`.
 */
int sbk_nt_setup_probe(const struct sbk_probe_request *request,
		       struct sbk_error *err);

/* In the program that is run: tries each path, whatever became of the one
 * before. SBK_PROBE_TRIED, or SBK_E_INVAL for other words. */
int sbk_nt_probe_send(const char *const words[SBK_PROBE_WORDS],
		      struct sbk_error *err);

/*
 * Pure. Whether what got through is what must: `there` and `through` are bits
 * of enum sbk_probe_path. SBK_E_UNSUPPORTED.
 */
int sbk_nt_probe_judge(enum sbk_nt_role role, unsigned there, unsigned through,
		       struct sbk_error *err);

#endif
