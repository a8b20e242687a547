/*
 * Whether the filters keep a run of an offline account off the network, asked
 * before each such run by trying it: the runner that is to run the command
 * first runs a sender of ours, with the restricted token of a run, and what
 * arrives at listeners of this process on the loopback decides (WINDOWS.md
 * part 5, "The trial"). No packet goes to a network.
 */
#ifndef SBK_WINDOWS_RUN_PROBE_H
#define SBK_WINDOWS_RUN_PROBE_H

#include "engine/windows/runner.h"

/*
 * `runner` is one of an offline account, greeted, without a command; it is so
 * again when this returns 0. 0: what this process itself sent arrived, and of
 * what the account sent nothing but what the filters leave to a proxy.
 * SBK_E_UNSUPPORTED with the path and the reason where anything else arrived,
 * or the trial says nothing: the run is to be refused, since nothing else
 * carries "network off". Else the errors of sbk_runner_run.
 */
int sbk_run_probe(struct sbk_runner *runner, struct sbk_error *err);

#endif
