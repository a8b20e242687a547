/*
 * The processes of the simulation (sim.h), by user: as the pages have them that
 * win32_processes.h names. A number is given anew as soon as its process has
 * ended and no handle of it is open; only who has enabled SeDebugPrivilege may
 * open one.
 */
#ifndef SBK_TEST_SIM_PROCESSES_H
#define SBK_TEST_SIM_PROCESSES_H

#include "engine/windows/win32_processes.h"
#include "engine/windows/win32.h"

#define SIM_PROCESSES_MAX 16

struct sim_process {
	bool runs;
	DWORD id;
	struct sbk_sid user;
	unsigned handles;
};

struct sim_processes {
	struct sim_process all[SIM_PROCESSES_MAX];
	DWORD next_id;
	size_t lists; /* that the caller has not freed */
	/* The caller's privileges: to debug; to back up and to restore. */
	bool is_debug, is_backup[2];
	/* Those to back up and to restore are not given to this administrator.
	 */
	bool withholds;
	/* An ended one starts this many others in its stead. */
	unsigned spawns;
	/* One that was listed ends and its number goes to another user. */
	bool reuses;
	/* Says yes, and ends nothing. */
	bool keeps;
};

extern const struct sbk_win32_processes sim_processes_table;
extern const struct sbk_win32_process sim_process_table;
/* The system's own but for the caller's token. */
extern struct sbk_win32_program sim_program_table;
void sim_processes_begin(void);

struct sim;
/* Something runs as that user; its number. */
DWORD sim_run(struct sim *sim, const char *sid);
/* How many run as that user. */
size_t sim_running(const struct sim *sim, const char *sid);
/* sim.c: a handle of a process, or of the caller's token. */
HANDLE sim_process_handle(size_t index);
#define SIM_TOKEN SIZE_MAX
/* Back from it; aborts where it is none. */
size_t sim_process_of(HANDLE handle);
void sim_process_closed(struct sim *sim, size_t index);

#endif
