/*
 * One run, between the parts that carry it out:
 *
 *	launch.c      decides the carriers, starts, refuses, cleans up
 *	account_run.c the sandbox account: whether, and who gives it
 *	early.c       the first process, started before the scope is known
 *	parcel.c      the scope, sent to it
 *	init.c        the first process inside: builds, restricts, starts the
 *	              command, reaps, reports
 *	supervise.c   the front end's loop: signals, time limit, the end
 *	guard.c       whether the view's covers are still in place
 *	relay.c       the terminal
 *	carriers.c    which mechanism carries which guarantee
 *
 *	front end ──fork──▶ first process (PID 1 inside) ──vfork──▶ command
 *	    ▲                     │
 *	    └──── channel.h ──────┘
 */
#ifndef SBK_LINUX_LAUNCH_H
#define SBK_LINUX_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include "engine/linux/account_run.h"
#include "engine/linux/view.h"
#include "engine/run.h"

/* Names the carriers of each guarantee, and why one is missing. Pure. `why`:
 * what the system said about namespaces, where there are none. */
void sbk_carriers_describe(struct sbk_carriers *carriers,
			   enum sbk_network network, const char *why);
/* 0, or SBK_E_UNSUPPORTED with the first guarantee that has no carrier. */
int sbk_carriers_require(const struct sbk_carriers *carriers,
			 struct sbk_error *err);

struct sbk_launch {
	const struct sbk_scope *scope;	   /* NULL: it comes by parcel */
	const struct sbk_run_hooks *hooks; /* or NULL */
	struct sbk_run_start *begun;	   /* owned, or NULL */
	char *const *argv; /* NULL: build everything, start nothing (probe) */
	struct sbk_view view;
	struct sbk_account_run account;
	struct sbk_carriers carriers;
	uid_t uid;
	gid_t gid;
	pid_t parent;
	int channel;	  /* this process's end */
	int other;	  /* the other one, closed in the child */
	bool terminal[3]; /* which of 0, 1, 2 is replaced by our own */
	int terminal_in, terminal_out; /* the caller's terminal, or -1 */
	struct termios termios;
	struct winsize window;
	sigset_t signals;   /* the caller's signal mask */
	char **environment; /* the command's */
	char *temporary;    /* without namespaces: a private TMPDIR, or NULL */
};

static inline bool sbk_launch_has_terminal(const struct sbk_launch *launch)
{
	return launch->terminal_in >= 0;
}

/* Everything that does not hang on the scope. */
void sbk_launch_prepare(struct sbk_launch *launch,
			const struct sbk_run_options *options,
			char *const *argv);
/* Forks the first process, which goes its way; the parent has its channel.
 * Below 0 nothing was started. */
pid_t sbk_launch_fork(struct sbk_launch *launch, struct sbk_error *err);

/*
 * Waits until the namespaces have settled, with their maps where they are
 * those of an account, and notes what the probe saw.
 */
int sbk_launch_settled(int channel, struct sbk_account_run *account,
		       struct sbk_carriers *carriers, struct sbk_error *err);

/* The first process inside. Returns its exit status; it then must _exit. */
int sbk_init_main(struct sbk_launch *launch);

/*
 * The front end, once the command may start, which it does when the world
 * stands: until it has ended and all its processes are gone. `master`: of the
 * inner terminal, or -1.
 */
int sbk_supervise(struct sbk_launch *launch, pid_t init, int master,
		  struct sbk_run_end *end, struct sbk_error *err);

/* Signals that the front end takes itself, blocked from before the fork. */
void sbk_supervise_block(sigset_t *before);
void sbk_supervise_unblock(const sigset_t *before);

#endif
