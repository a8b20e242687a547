/*
 * The front ends of one user that are at work at once (WINDOWS.md part 6,
 *"Front ends of one user"): what one of them does to what all of them share,
 *the user's window station and the passwords of the accounts, none does beside
 * another. Locks in the user's records, which end with their process however
 * that ends. Nobody inherits the handle, so no command keeps one.
 *
 *	rc = sbk_front_open(false, &front, err);  SBK_E_NOTFOUND: no records
 *	rc = sbk_front_share(front, SBK_FRONT_ACCOUNT, &wait, err);
 *	rc = sbk_front_take(front, SBK_FRONT_LOGON, &wait, err);
 *	...                                     logged on, the station is shut
 *	sbk_front_leave(front, SBK_FRONT_LOGON);
 *	...                                     the command
 *	sbk_front_close(front);                 and leaves all
 *
 * Who has one of them may go on to one further down, and to the journals' own
 * locks; never the other way, but by a try that does not wait.
 */
#ifndef SBK_WINDOWS_FRONT_H
#define SBK_WINDOWS_FRONT_H

#include <stdbool.h>

#include "engine/error.h"

enum sbk_front_lock {
	/* Shared while a command runs with the user's own token, which could
	 * read a password that is kept; taken by who keeps one. */
	SBK_FRONT_OWN_TOKEN,
	/* Shared by a front end from before it opens a password until the
	 * account's last process has ended; taken by who makes it worthless. */
	SBK_FRONT_ACCOUNT,
	/* Taken from a logon until what it put into the user's window station
	 * is out again, and while passwords are withheld or received. */
	SBK_FRONT_LOGON,
	SBK_FRONT_LOCK_COUNT
};

struct sbk_front;

/* Who hears that something is waited for, once each time. */
struct sbk_front_wait {
	void (*tell)(void *arg, const char *what);
	void *arg;
};

/* Of the calling user. SBK_E_NOTFOUND where there are no records, and so no
 * password and no lock; with `make` their directory is made, as a journal that
 * begins makes it. */
int sbk_front_open(bool make, struct sbk_front **out, struct sbk_error *err);
/* NULL is fine. */
void sbk_front_close(struct sbk_front *front);

/*
 * Beside others who share it, or alone. With `wait` NULL it is tried, else
 * waited for up to three minutes (a logon has its own, shorter limits).
 * SBK_E_BUSY says who has it. Not for one that this front has already.
 */
int sbk_front_share(struct sbk_front *front, enum sbk_front_lock which,
		    const struct sbk_front_wait *wait, struct sbk_error *err);
int sbk_front_take(struct sbk_front *front, enum sbk_front_lock which,
		   const struct sbk_front_wait *wait, struct sbk_error *err);
/* One that it has not is left alone. What the system does not give back now it
 * does when the front is closed. */
void sbk_front_leave(struct sbk_front *front, enum sbk_front_lock which);

#endif
