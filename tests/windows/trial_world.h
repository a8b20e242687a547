/*
 * Accounts to try the network as, for tests: the logon is simulated by a
 * process of the same user (Wine has no other account), and what filters would
 * do to it by runner_tested, which leaves out what they close. Everything else
 * is real: the processes, the pipe, the job, the sockets.
 */
#ifndef SBK_TEST_TRIAL_WORLD_H
#define SBK_TEST_TRIAL_WORLD_H

#include "engine/windows/network_trial.h"

#define TRIAL_PASSWORD "abcdefghijklmnopqrstuvwxyzABCDEF01234-_x"
#define TRIAL_ALL ((1u << SBK_TRIAL_PATH_COUNT) - 1)
/* What an account of that role does as it should. */
#define TRIAL_ONLINE "63"
#define TRIAL_OFFLINE "48"

struct trial_world {
	const char *online, *offline; /* how a sender behaves (runner_tested) */
	unsigned long refuse_with;    /* what the system says of a logon */
	unsigned logons;
	char program[512]; /* in a directory of its own */
};

/* The system's table with that logon. `program` beside the test is copied. */
struct trial_world *trial_begin(void);
/* From now on, whoever is logged on. */
void trial_behave(const char *how);
/* No process of an account stays; the table of before. */
void trial_end(struct trial_world *world);
/* The same for a while, where the table is another simulation's. */
const struct sbk_win32 *trial_table(void);

#endif
