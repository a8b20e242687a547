/*
 * The front end's side of the runner: a command under a sandbox account
 * (WINDOWS.md part 6, "The runner").
 *
 *	rc = sbk_runner_start(&wish, &runner, err);   logged on, greeted
 *	...                                           the record is made
 *	rc = sbk_runner_run(runner, &command, &end, err);
 *	rc = sbk_runner_release(runner, err);         nothing runs any more
 *
 * Everything that the runner says is hostile: it runs as the account. What it
 * says of the command's end is told to the user, and decides nothing; whatever
 * is not due ends it all.
 */
#ifndef SBK_WINDOWS_RUNNER_H
#define SBK_WINDOWS_RUNNER_H

#include "engine/ntsec/sid.h"
#include "engine/windows/launch.h"

struct sbk_runner_wish {
	const char *account, *password; /* of an open secret (secret.h) */
	const struct sbk_sid *sid;	/* of the account */
	const char *program;		/* "C:/.../sandbook-runner.exe" */
	bool profile;
	/* For tests: the pipe's client is whichever opens it. */
	bool test_any_client;
	DWORD test_patience_ms; /* 0: as long as it takes */
};

struct sbk_runner;

/*
 * The pipe, the logon, who opened it, the greeting. SBK_E_DENIED: the account
 * cannot log on, or another process came; SBK_E_BUSY: the runner kept silent.
 * What fails leaves nothing of the account's alive.
 */
int sbk_runner_start(const struct sbk_runner_wish *wish,
		     struct sbk_runner **out, struct sbk_error *err);
/*
 * What is called when a command is there and has not run yet, in the thread of
 * sbk_runner_run; `limits`: the runner says that it read those of the job back.
 * < 0 ends the run, of which the command saw nothing. For the next command
 * alone.
 */
typedef int sbk_runner_ready_fn(void *arg, bool limits, struct sbk_error *err);
void sbk_runner_on_ready(struct sbk_runner *runner, sbk_runner_ready_fn *ready,
			 void *arg);
/*
 * Takes what the system let into the caller's window station and desktop for
 * this logon out of them again (station.h), before any command is started. An
 * account that is the caller's own is left, for then nobody was let in.
 */
int sbk_runner_shut_station(const struct sbk_runner *runner,
			    const struct sbk_sid *account,
			    struct sbk_error *err);
/* The SID of its logon, which its commands hold and no other run does. */
int sbk_runner_logon_sid(const struct sbk_runner *runner, struct sbk_sid *out,
			 struct sbk_error *err);
/* The runner's own process. */
DWORD sbk_runner_process(const struct sbk_runner *runner);

/*
 * One command, to its end; one after another. Its streams are `wish->streams`,
 * which are files, pipes, or a console that is written and read in lines; those
 * of `wish->terminal` are the run's own terminal, which is drawn by
 * `wish->relay` and hears of its keys. `wish->run` is needed; `wish->roots`,
 * limits and the rest are as in launch.h. Its time limit holds here, too,
 * whatever the runner does.
 */
int sbk_runner_run(struct sbk_runner *runner,
		   const struct sbk_launch_wish *wish, struct sbk_run_end *end,
		   struct sbk_error *err);
/* Whether that failed since the system did not let the command's account have
 * the program or the working directory: as the runner says. */
bool sbk_runner_shut_out(const struct sbk_runner *runner);
/* From another thread while that waits: another size, and the end. The end may
 * be asked for before, too: then that command ends as it begins. */
int sbk_runner_resize(struct sbk_runner *runner, COORD size,
		      struct sbk_error *err);
int sbk_runner_stop(struct sbk_runner *runner, struct sbk_error *err);
/* Its own program, as the wish named it. */
const char *sbk_runner_program(const struct sbk_runner *runner);
/* How long is waited for an answer of its, in seconds. */
uint64_t sbk_runner_patience_s(const struct sbk_runner *runner);
/* Ends it, with all that it started. NULL is fine. */
int sbk_runner_release(struct sbk_runner *runner, struct sbk_error *err);

#endif
