/*
 * Starting a program of ours as an account of ours: suspended, in a job of its
 * own, with an environment that the system makes for the account. Whoever
 * starts one says when it goes on (sbk_win32_resume of `thread`), and ends it.
 */
#ifndef SBK_WINDOWS_LOGON_START_H
#define SBK_WINDOWS_LOGON_START_H

#include <stdbool.h>

#include <windows.h>

#include "engine/error.h"

#define SBK_LOGON_LINE_MAX                                \
	1024 /* units: "CreateProcessWithLogonW function" \
	      */

struct sbk_logon_wish {
	const char *account, *password;
	const char *program;	 /* "C:/dir/name.exe", by its full path */
	const char *const *argv; /* NULL-ended; argv[0] is only a name */
	bool profile; /* loads the account's profile, which takes a while */
};

struct sbk_logon {
	HANDLE process, thread, job;
	DWORD process_id;
};

#define SBK_LOGON_INIT          \
	{                       \
		.process = NULL \
	}

/*
 * SBK_E_DENIED where the account cannot log on, with the reason and the remedy
 * (win32_logon.h). What fails after the process was made ends it.
 */
int sbk_logon_start(const struct sbk_logon_wish *wish, struct sbk_logon *out,
		    struct sbk_error *err);
/* Ends what is alive of it, and all that it started. Fails only in that
 * something may still be. */
int sbk_logon_release(struct sbk_logon *logon, struct sbk_error *err);

#endif
