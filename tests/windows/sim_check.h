/*
 * How the simulated machine (sim.h) is set up: its policies, its kind, where
 * the program lies, and what the caller's token says, as the pages have it that
 * win32_check.h names.
 */
#ifndef SBK_TEST_SIM_CHECK_H
#define SBK_TEST_SIM_CHECK_H

#include "engine/windows/win32_check.h"

struct sim_check {
	DWORD password_min, password_age_min_s;
	/* Success without an answer: 1 for the password, 2 for rights. */
	unsigned gives_nothing;
	bool is_domain_controller;
	const char *restricting; /* a SID of the caller's token, or NULL */
	const char *logon;	 /* who may log on; NULL: nobody */
	const char *denied;	 /* who may not; NULL: nobody */
	const WCHAR *program;
};

extern const struct sbk_win32_check sim_check_table;

/* Behind sim_program_table, for the caller's token. */
BOOL WINAPI sim_GetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS class,
				    LPVOID out, DWORD size, PDWORD needed);

#endif
