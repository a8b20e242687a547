/*
 * A run on Windows, as a list of steps (WINDOWS.md part 6), each made and seen
 * before the next:
 *
 *	token     the caller's own, write-restricted; its default DACL, its own
 *	job       out of which nothing gets, and which ends with us
 *	desktop   a private one
 *	streams   the caller's, or a pseudoconsole
 *	process   suspended, in the job
 *	check     its token and its job, read back
 *
 *	struct sbk_launch launch;
 *	rc = sbk_launch_build(&wish, &launch, err);    nothing runs yet
 *	...                                            the record is made
 *	rc = sbk_launch_begin(&launch, err);
 *	rc = sbk_launch_wait(&launch, &end, err);
 *	sbk_launch_release(&launch);                   nothing runs any more
 *
 * launch.c the steps; launch_wait.c what follows; token_rules.c, environment.c,
 * command_line.c what is decided; runner.h the same under an account.
 */
#ifndef SBK_WINDOWS_LAUNCH_H
#define SBK_WINDOWS_LAUNCH_H

#include <windows.h>

#include "engine/run.h"
#include "engine/windows/terminal.h"
#include "engine/windows/token_rules.h"
#include "engine/windows/win32_process.h"

/* A process that Sandbook ended has this code, as signal 9 elsewhere. */
#define SBK_LAUNCH_ENDED 137

/* A restricted token's handle has the rights of the one that it was made by
 * ("CreateRestrictedToken function (securitybaseapi.h)"). */
#define SBK_LAUNCH_TOKEN_ACCESS                                 \
	(TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | \
	 TOKEN_ADJUST_DEFAULT | READ_CONTROL | WRITE_DAC)

struct sbk_launch_wish {
	const char *program;	 /* "C:/dir/name.exe" */
	const char *const *argv; /* NULL-ended; argv[0] is only a name */
	const char *directory;	 /* "C:/ws" */
	const char *const *environment;
	const char *temporary;	     /* for TEMP and TMP, or NULL */
	const struct sbk_sid *run;   /* of this run alone; NULL: made here */
	const struct sbk_sid *roots; /* SIDs of the writable roots */
	size_t root_count;
	uint64_t timeout_s; /* 0: none */
	struct sbk_job_limits limits;
	bool advise_offline;
	/* Of a run under an account: for whom it is; and this process's token,
	 * with SBK_LAUNCH_TOKEN_ACCESS, where that cannot be opened any more.
	 * NULL: it is the user's own. */
	const struct sbk_sid *person;
	HANDLE own_token;
	/* This process is in a window station that the run may have
	 * (station.h): in place of limits of its windows, which no nested job
	 * has. */
	bool own_station;
	bool best_effort;  /* go on where limits were not read back */
	HANDLE streams[3]; /* the command's; need not be inheritable */
	/* Bits: these streams are a pseudoconsole's, in place of the above. */
	unsigned terminal;
	COORD size;
	/* Of the caller, where `terminal` is not 0: launch_relay.h and runner.h
	 * use it, the steps do not. */
	const struct sbk_terminal *relay;
	/* For tests, where the system restricts no token: what was seen is
	 * kept in the launch, and the process is not refused for it. */
	bool test_any_token;
};

struct sbk_launch {
	const struct sbk_launch_wish *wish;
	struct sbk_token_plan plan;
	struct sbk_token_seen seen; /* of the process */
	HANDLE token, job, process, thread;
	HDESK desktop;
	struct sbk_buf desktop_name, line, program, directory, environment;
	HANDLE given[3]; /* inheritable copies */
	HPCON console;	 /* under `console_lock` once the command began */
	SRWLOCK console_lock;
	HANDLE terminal_in, terminal_out; /* our ends, or NULL */
	HANDLE answer; /* the input's, whoever has `terminal_in` by now */
	DWORD process_id;
	ULONGLONG begun;
	/* Why limits are not known to hold; "" where they are. */
	char limits_missing[256];
	/* The step at which building it failed, the one thing that is filled
	 * then; static. */
	const char *failed;
};

/* That of `failed` which asks for the program and the working directory. */
#define SBK_LAUNCH_PROCESS "process"

#define SBK_LAUNCH_INIT      \
	{                    \
		.wish = NULL \
	}

/*
 * Builds it all up to a suspended process. What fails leaves nothing alive and
 * says in which step. SBK_E_UNSUPPORTED: the system did not do what it said
 * that it did. `wish` must live as long as the launch.
 */
int sbk_launch_build(const struct sbk_launch_wish *wish, struct sbk_launch *out,
		     struct sbk_error *err);
/* One that was ended already has begun, too: the wait says how it ended. */
int sbk_launch_begin(struct sbk_launch *launch, struct sbk_error *err);
/* The pseudoconsole, from any thread; nothing where it is closed, or there is
 * none. */
void sbk_launch_resize(struct sbk_launch *launch, COORD size);
/* Its output ends when this was called. Somebody else reads it meanwhile. */
void sbk_launch_close_console(struct sbk_launch *launch);
/*
 * Until the command has ended, or its time; then everything else in the job is
 * ended. An exit code above 255 is one of the system's (0xC0000005, ...), as
 * signal 11 or 6 would be elsewhere: `exit_code` has 128 + that, `signal` it.
 */
int sbk_launch_wait(struct sbk_launch *launch, struct sbk_run_end *end,
		    struct sbk_error *err);
/* Ends what is alive. Fails only in that something may still be. */
int sbk_launch_release(struct sbk_launch *launch, struct sbk_error *err);

/* The SID of this run alone, of what was built. */
const struct sbk_sid *sbk_launch_run_sid(const struct sbk_launch *launch);

/* The exit code for people and shells of what a process left. */
void sbk_launch_end_of(DWORD code, struct sbk_run_end *end);

#endif
