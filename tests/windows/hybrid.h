/*
 * The simulation (sim.h) for accounts, rights, the registry, filters and
 * processes, over the system's own files, so that commands run with a journal
 * for real. Of the files two things are simulated: what is made with an access
 * list of ours has it (Wine makes mode bits of it), and the directories of the
 * machine, of the caller, and of all profiles ("Users" within the first) are
 * the test's own. The simulation's volume is S:, the only one that a sweep
 * finds.
 */
#ifndef SBK_TEST_HYBRID_H
#define SBK_TEST_HYBRID_H

#include "tests/windows/sim.h"

/* An administrator calls. `directory` is what the system names for all users'
 * data (FOLDERID_ProgramData), and is there; "local" in it the caller's. */
struct sim *hybrid_begin(const char *directory);
void hybrid_finish(struct sim *sim);
/* Profiles are on the simulated volume, in S:/Users, which is the test's to
 * make: with lists that are kept, and links. */
void hybrid_simulate_profiles(struct sim *sim);
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

/* The world to a file, and back into another process of the same program, in
 * which nothing of it is open: what a machine keeps when a process ends. */
void hybrid_save(const struct sim *sim, const char *path);
void hybrid_load(struct sim *sim, const char *path);

#endif
