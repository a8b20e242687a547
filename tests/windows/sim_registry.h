/*
 * The registry of the simulation (sim.h): keys and values in memory, as the
 * pages that win32_registry.h names have them, where a test wants calls of the
 * registry to fail, too. Only an administrator changes what is below HKLM.
 */
#ifndef SBK_TEST_SIM_REGISTRY_H
#define SBK_TEST_SIM_REGISTRY_H

#include "engine/windows/win32.h"

#define SIM_KEYS_MAX 48
#define SIM_VALUES_MAX 32

struct sim_registry {
	struct {
		bool is_there;
		WCHAR path[256];
	} keys[SIM_KEYS_MAX];
	struct {
		bool is_there;
		size_t key;
		WCHAR name[64];
		DWORD type, size;
		BYTE data[512];
	} values[SIM_VALUES_MAX];
	size_t open; /* that the caller has not closed */
};

/* Put into the table by sim_use_registry; else it is the system's own. */
extern const struct sbk_win32_registry sim_registry_table;

struct sim;
/* The simulated registry, with this one key of HKLM and those above it, and the
 * system's list of profiles. */
void sim_use_registry(struct sim *sim, const WCHAR *path);
/* What other programs do, to a key of HKLM, or of HKEY_USERS as "HKU\\...": it
 * is made with those above it; removed with all that is in it; whether it is
 * there; a value that is a text is set. */
void sim_key_make(struct sim *sim, const WCHAR *path);
void sim_key_remove(struct sim *sim, const WCHAR *path);
bool sim_key_is_there(struct sim *sim, const WCHAR *path);
void sim_key_rename(struct sim *sim, const WCHAR *from, const WCHAR *to);
void sim_value_text(struct sim *sim, const WCHAR *path, const WCHAR *name,
		    const WCHAR *text);
void sim_print_registry(const struct sim *sim, struct sbk_buf *out);

#endif
