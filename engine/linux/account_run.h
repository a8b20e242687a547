/*
 * The front end's part of a run under the sandbox account (ACCOUNT.md,
 * section 4): whether the account can be had, and the set-id programs that
 * give it to the first process.
 */
#ifndef SBK_LINUX_ACCOUNT_RUN_H
#define SBK_LINUX_ACCOUNT_RUN_H

#include "engine/linux/account_find.h"
#include "engine/linux/idmap.h"
#include "engine/linux/sources.h"
#include "engine/linux/view.h"
#include "engine/policy.h"
#include "engine/run.h"

struct sbk_account_run {
	bool wanted;		    /* the run is the account's */
	struct sbk_own_account own; /* where it is */
	enum sbk_account_role role;
	int mounts;   /* the first process's end of the pair with the helper */
	int other;    /* the helper's end */
	pid_t helper; /* sandbook-mount; -1: none */
	struct sbk_idmap map;
};

#define SBK_ACCOUNT_RUN_INIT                                                   \
	{                                                                      \
		.mounts = -1, .other = -1, .helper = -1, .map = SBK_IDMAP_INIT \
	}

/*
 * Whether the caller has an account for this network and nothing that can be
 * seen beforehand is in its way. `missing` is the reason where not; it stays
 * "" where a person who is not enrolled did not ask for it.
 */
void sbk_account_choose(struct sbk_account_run *run, enum sbk_account_wish wish,
			enum sbk_network network,
			char missing[SBK_ACCOUNT_MISSING_MAX]);

/*
 * Marks what in the view is the caller's own (`own`), and what the account
 * gets by ACL entries instead of a mount (`granted`). SBK_E_UNSUPPORTED where
 * something writable is neither, which the account would not get.
 */
int sbk_account_mark(struct sbk_view *view, const struct sbk_scope *scope,
		     struct sbk_error *err);

/* Before the fork: the pair of sockets. */
int sbk_account_prepare(struct sbk_account_run *run, struct sbk_error *err);
/* After it, in the front end: starts the three programs for `process`, waits
 * for none. SBK_E_UNSUPPORTED with the reason. */
int sbk_account_start(struct sbk_account_run *run, pid_t process,
		      struct sbk_error *err);
/* Waits until both maps are written. */
int sbk_account_finish(struct sbk_account_run *run, struct sbk_error *err);
/* Ends and reaps whatever was started; how the helper ended is added to the
 * error, where there is one. */
void sbk_account_end(struct sbk_account_run *run, struct sbk_error *err);

/*
 * Lets the account open the caller's pipes by name, as /dev/stdout leads to
 * them: an anonymous pipe of the person's, which no path leads to, may be
 * read by others where it is standard input and written where it is output,
 * never both.
 */
void sbk_account_open_pipes(uid_t person);

/*
 * In the first process: has the helper map each tree that is marked, waits for
 * its answers, and closes the socket. SBK_E_UNSUPPORTED where a filesystem
 * cannot be mapped.
 */
int sbk_account_map(int mounts, const struct sbk_view *view,
		    const struct sbk_sources *sources, struct sbk_error *err);
/* As the account: what is marked shows as its own. SBK_E_UNSUPPORTED. */
int sbk_account_has(const struct sbk_view *view,
		    const struct sbk_sources *sources, uid_t person,
		    struct sbk_error *err);

#endif
