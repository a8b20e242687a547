/*
 * Profiles of the simulation (sim.h): CreateProfile and DeleteProfileW over its
 * registry and its volume, as the pages that win32_profile.h names have them,
 * and what a logon does. Where a page is silent the worst is simulated: to
 * delete a folder follows every link in it.
 */
#ifndef SBK_TEST_SIM_PROFILES_H
#define SBK_TEST_SIM_PROFILES_H

#include <stdbool.h>

#include "engine/buf.h"
#include "engine/ntsec/sid.h"
#include "engine/windows/win32_file.h"
#include "engine/windows/win32_profile.h"

#define SIM_PROFILE_LIST \
	L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
#define SIM_PROFILE_GUIDS \
	L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileGuid"

struct sim;

struct sim_profiles {
	/* Below which they are made, "C:\\Users" as a path of the system's; on
	 * its own files instead of the simulated volume. */
	WCHAR directory[260];
	bool is_real;
	/* Says yes and makes nothing; makes it elsewhere; makes the folder and
	 * fails; says yes and deletes nothing; leaves the folder; leaves the
	 * way back from a GUID. */
	bool forgets, strays, halves, keeps, keeps_folder, keeps_guid;
	/* Wants the folder to be there. */
	bool misses;
	/* By then a directory that is still there is a junction to this one. */
	const char *swapped;
};

extern const struct sbk_win32_profile sim_profile_table;

/* Removal, of what is on the simulated volume. */
NTSTATUS NTAPI sim_NtSetInformationFile(HANDLE file, PIO_STATUS_BLOCK io,
					PVOID data, ULONG size,
					FILE_INFORMATION_CLASS class);

/* In the table from now on; the volume gets "C:/Users". */
void sim_use_profiles(struct sim *sim);
/* The same on the system's own files, below a directory that is there. */
void sim_use_real_profiles(struct sim *sim, const WCHAR *directory);
/* A logon that loads the profile: makes one where there is none. */
void sim_load_profile(struct sim *sim, const struct sbk_sid *sid,
		      const WCHAR *name);
void sim_unload_profile(struct sim *sim, const struct sbk_sid *sid);
/* It becomes a junction, once it is empty. */
void sim_make_link(struct sim *sim, const char *path, const char *target);
/* What is in the folder of profiles, as one text. */
void sim_print_profiles(const struct sim *sim, struct sbk_buf *out);

#endif
