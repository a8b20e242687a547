/*
 * The two maps of a run's user namespace, one line each: inside the person,
 * outside the account; or, for a hand-back, two lines, by which each is
 * itself. Written by newuidmap and newgidmap (package uidmap),
 * which are set-id and look the lines of /etc/subuid and /etc/subgid up.
 */
#ifndef SBK_LINUX_IDMAP_H
#define SBK_LINUX_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/error.h"
#include "engine/linux/account_find.h"

#define SBK_IDMAP_MS 5000 /* then they are killed */

struct sbk_idmap {
	pid_t user, group; /* -1: not running */
	int said;  /* what they complain of, and, by its end, that they ended */
	int say;   /* their end of it */
	bool both; /* two lines each: the person's own number as well */
};

#define SBK_IDMAP_INIT                                          \
	{                                                       \
		.user = -1, .group = -1, .said = -1, .say = -1, \
	}

/* Before the process is made, which needs `said`. */
int sbk_idmap_prepare(struct sbk_idmap *map, struct sbk_error *err);

/*
 * Starts both for `process`, a child of the caller's in a new user namespace
 * and not yet reaped, and waits for neither. SIGCHLD must not be ignored.
 * SBK_E_UNSUPPORTED where they are not there. On failure as on success,
 * sbk_idmap_finish or sbk_idmap_abandon follows.
 */
int sbk_idmap_start(const struct sbk_own_account *account, pid_t process,
		    struct sbk_idmap *map, struct sbk_error *err);

/*
 * Waits for both, and reaps them, whatever comes. SBK_E_UNSUPPORTED with the
 * first line that one of them wrote, and what to do; then the namespace may
 * have one map, and is of no use.
 */
int sbk_idmap_finish(struct sbk_idmap *map, struct sbk_error *err);

/* Kills and reaps what still runs. */
void sbk_idmap_abandon(struct sbk_idmap *map);

/* In the process itself, which holds `said` and nothing else of the pipe: both
 * have ended, and both maps are the one line. */
int sbk_idmap_await(int said, const struct sbk_own_account *account,
		    struct sbk_error *err);
/* The same for two lines. */
int sbk_idmap_await_both(int said, const struct sbk_own_account *account,
			 struct sbk_error *err);
int sbk_idmap_check(const struct sbk_own_account *account,
		    struct sbk_error *err);

#endif
