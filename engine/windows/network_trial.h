/*
 * Whether packets of an account get through on the loopback, by trying: this
 * process listens, a program of ours sends a random token there, and what
 * arrives decides (WINDOWS.md part 5, "The trial"). No packet goes to a
 * network.
 *
 *	struct sbk_trial *trial;
 *	rc = sbk_trial_begin(first, last, &trial, err);     it listens
 *	rc = sbk_trial_try(trial, who, run, arg, &through, err);
 *	rc = sbk_trial_judge(who, closed, sbk_trial_there(trial), through, err);
 *	sbk_trial_end(trial);
 *
 * What arrives is hostile: anybody may send to a port of the loopback. Only
 * the token of this one try counts. Who sends is hostile, too: that it ended as
 * one that tried everything says little, that what the filters leave open
 * arrived says that it could send.
 */
#ifndef SBK_WINDOWS_NETWORK_TRIAL_H
#define SBK_WINDOWS_NETWORK_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/network_probe.h"

/* What the program that sends ends with when it has tried every path. */
#define SBK_TRIAL_TRIED 37
#define SBK_TRIAL_WORDS 2 /* the ports, the token */

/* Beside the paths of enum sbk_probe_path, which the filters close: TCP to a
 * port that they leave to a proxy. */
enum {
	SBK_TRIAL_PROXY4 = SBK_PROBE_PATH_COUNT,
	SBK_TRIAL_PROXY6,
	SBK_TRIAL_PATH_COUNT
};
/* As bits. */
#define SBK_TRIAL_CLOSED ((1u << SBK_PROBE_PATH_COUNT) - 1)
#define SBK_TRIAL_PROXY (1u << SBK_TRIAL_PROXY4 | 1u << SBK_TRIAL_PROXY6)

/*
 * Runs, as whoever is tried, what ends with sbk_trial_send of these words, and
 * waits for its end.
 */
typedef int sbk_trial_run_fn(void *arg,
			     const char *const words[SBK_TRIAL_WORDS],
			     uint32_t *exit_code, struct sbk_error *err);

struct sbk_trial;

/*
 * Listens on a port of each path, and of the proxy's ports on the first that is
 * free; 0 for both: there are none. SBK_E_UNSUPPORTED where the machine has no
 * loopback at all, or every port of a proxy's is in use.
 */
int sbk_trial_begin(uint16_t first_port, uint16_t last_port,
		    struct sbk_trial **out, struct sbk_error *err);
/* NULL is fine. */
void sbk_trial_end(struct sbk_trial *trial);
/* Which paths can be tried, as bits: one is missing where the machine has no
 * such loopback, or no port of a proxy's is free. */
unsigned sbk_trial_there(const struct sbk_trial *trial);

/*
 * Which paths what `run` sends came through, as bits. SBK_E_UNSUPPORTED where
 * it did not end as one that tried every path; SBK_E_BUSY where others send so
 * much to the same ports that nothing can be told; the errors of `run`. `who`
 * is for the message: "the offline account".
 */
int sbk_trial_try(struct sbk_trial *trial, const char *who,
		  sbk_trial_run_fn *run, void *arg, unsigned *through,
		  struct sbk_error *err);
/* A `run` that sends in this very process: as the caller. */
sbk_trial_run_fn sbk_trial_send_here;

/*
 * Pure. Whether what came through is what must: of one that is `closed` off
 * nothing but the proxy's ports, of any other everything. SBK_E_UNSUPPORTED
 * with the path.
 */
int sbk_trial_judge(const char *who, bool closed, unsigned there,
		    unsigned through, struct sbk_error *err);

/* In the program that sends: tries each path, whatever became of the one
 * before. SBK_TRIAL_TRIED, or SBK_E_INVAL for other words. */
int sbk_trial_send(const char *const words[SBK_TRIAL_WORDS],
		   struct sbk_error *err);

#endif
