/*
 * Tokens for the acceptance suite, made with the system's calls alone: nothing
 * here is Sandbook's, so that what is measured is Windows.
 *
 * What fails ends the program with the call's name: nothing can be measured
 * without.
 */
#ifndef SBK_ACCEPTANCE_TOKENS_H
#define SBK_ACCEPTANCE_TOKENS_H

#include <stdbool.h>
#include <windows.h>

/* "S-1-0x53424b0002-...": restricts each token here, and names nobody. */
#define RUN_SID L"S-1-0x53424B0002-17-4-11-2026"
#define OTHER_RUN_SID L"S-1-0x53424B0002-17-4-11-2027"
#define EVERYONE_SID L"S-1-1-0"

/* What CreateRestrictedToken gets in this suite. */
#define AS_SANDBOOK (DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED)
#define FULLY (DISABLE_MAX_PRIVILEGE | LUA_TOKEN)

enum restricting {
	BY_RUN = 1,
	BY_LOGON = 2,
	BY_EVERYONE = 4,
	BY_USER = 8,
	BY_OTHER_RUN = 16,
	BY_ALL_OF_A_RUN = BY_RUN | BY_LOGON | BY_EVERYONE,
	BY_ALL_OF_ANOTHER = BY_OTHER_RUN | BY_LOGON | BY_EVERYONE
};

_Noreturn void die(const char *call);
void must(BOOL holds, const char *call);

/* Texts of SIDs; the logon's is NULL where the logon has none. */
const WCHAR *user_sid(void);
const WCHAR *logon_sid(void);
/* A descriptor of a text, for LocalFree; NULL where the system has no such
 * entries. */
PSECURITY_DESCRIPTOR descriptor(const WCHAR *format, ...);
bool enable_privilege(const WCHAR *name);

/*
 * A primary token, restricted by these SIDs; its default DACL lets in the
 * system, the user and the run's SID, as Sandbook's does. Tells rows.h whether
 * it is restricted.
 */
HANDLE restricted_token(DWORD flags, unsigned restricting);
/* One of its kind for SetThreadToken. */
HANDLE to_act_as(HANDLE token);

/* Our own token, to act as, at an integrity level at or below our own; and an
 * AppContainer's of `base` (NULL: our own), of a package without a profile.
 * NULL where the system makes none. */
HANDLE token_of_level(DWORD rid);
HANDLE package_token(HANDLE base, const WCHAR *package);

struct process {
	HANDLE process, thread, output;
	DWORD id;
};

/*
 * This program once more with `arguments`, under `token` (NULL: our own).
 * SUSPENDED: it stays so, and has no output. The code of the failure, or 0.
 */
DWORD start_self(HANDLE token, PSECURITY_DESCRIPTOR sd, bool suspended,
		 struct process *out, const WCHAR *arguments);
/* Another program, by a whole command line; its streams are one pipe. */
DWORD start_line(const WCHAR *line, struct process *out);
/* What it printed, up to its end or for three minutes, when it is ended; its
 * exit code. */
DWORD end_of(struct process *process, char *text, size_t size);
void kill_process(struct process *process);

#endif
