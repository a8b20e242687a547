/*
 * The simulation (sim.h) for accounts, rights, the registry and filters, over
 * the system's own files, so that commands run with a journal for real. Of the
 * files one thing is simulated: what is made with an access list of ours has it
 * (Wine makes mode bits of it), and the machine's directory and that of all
 * profiles ("Users" within it) are the test's own.
 */
#ifndef SBK_TEST_HYBRID_H
#define SBK_TEST_HYBRID_H

#include "tests/windows/sim.h"

/* An administrator calls. `directory` is what the system names for all users'
 * data (FOLDERID_ProgramData); it is there. */
struct sim *hybrid_begin(const char *directory);
void hybrid_finish(struct sim *sim);

#endif
