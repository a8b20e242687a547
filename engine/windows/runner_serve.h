/*
 * sandbook-runner.exe's side (WINDOWS.md part 6, "The runner"): it lives under
 * a sandbox account, has the user's commands run by launch.h, and carries their
 * streams. It believes nobody but the owner of the pipe that it was started
 * for, and ends with that pipe, when it has been idle, or on the first frame
 * that is not due.
 */
#ifndef SBK_WINDOWS_RUNNER_SERVE_H
#define SBK_WINDOWS_RUNNER_SERVE_H

#include <stdbool.h>

#include <windows.h>

#include "engine/error.h"

struct sbk_runner_serve {
	const char *pipe; /* its name */
	DWORD server;	  /* number of the process that made it */
	DWORD idle_ms;	  /* 0: as long as the front end wishes */
	/* For tests, where the system restricts no token (launch.h), and where
	 * there is no other account: the owner of the pipe may be ourselves. */
	bool test_any_token, test_same_user;
};

/* Returns when it is over: 0 where the front end closed the pipe or the idle
 * time passed. What it had started is ended by then. */
int sbk_runner_serve(const struct sbk_runner_serve *serve,
		     struct sbk_error *err);

#endif
