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
/*
 * A person's own directory, too (FOLDERID_LocalAppData), and the system's own
 * pipes, threads and DPAPI: both sides of an enrolment in one process, each in
 * a thread. They take turns: only one of them is in the simulation at a time.
 */
void hybrid_use_person(const char *directory);
/* What uninstall does with the machine's record, without its sweeps: all that
 * setup made is undone; then the record goes, too. */
void hybrid_take_back(void);
void hybrid_forget_machine(void);
/* What is called from now on; the test's to alter. */
struct sbk_win32 *hybrid_table(void);

#endif
