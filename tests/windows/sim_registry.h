/*
 * The registry of the simulation (sim.h): keys and values in memory, as the
 * pages that win32_registry.h names have them, where a test wants calls of the
 * registry to fail, too. Only an administrator changes what is below HKLM.
 */
#ifndef SBK_TEST_SIM_REGISTRY_H
#define SBK_TEST_SIM_REGISTRY_H

#include "engine/windows/win32.h"

#define SIM_KEYS_MAX 16
#define SIM_VALUES_MAX 16

struct sim_registry {
	struct {
		bool is_there;
		WCHAR path[160];
	} keys[SIM_KEYS_MAX];
	struct {
		bool is_there;
		size_t key;
		WCHAR name[64];
		DWORD type, size;
		BYTE data[16];
	} values[SIM_VALUES_MAX];
	size_t open; /* that the caller has not closed */
};

/* Put into the table by sim_use_registry; else it is the system's own. */
extern const struct sbk_win32_registry sim_registry_table;

struct sim;
/* The simulated registry, with this one key of HKLM and those above it. */
void sim_use_registry(struct sim *sim, const WCHAR *path);
void sim_print_registry(const struct sim *sim, struct sbk_buf *out);

#endif
