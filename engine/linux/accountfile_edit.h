/*
 * Changing an account file ourselves, where the system's tools cannot do it
 * exactly (subid.c says which and why): under all the locks that they take,
 * and written as a whole.
 *
 *	struct sbk_accountfile_lock lock;
 *	rc = sbk_accountfile_lock(&lock, "/etc/subuid", err);
 *	... read it, work out the next text ...
 *	rc = sbk_accountfile_write("/etc/subuid", &text, err);
 *	sbk_accountfile_unlock(&lock);
 */
#ifndef SBK_LINUX_ACCOUNTFILE_EDIT_H
#define SBK_LINUX_ACCOUNTFILE_EDIT_H

#include <stdbool.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_accountfile_lock {
	int tools, files; /* program.h's lock; that of lckpwdf(3) */
	char path[64];	  /* "/etc/subuid.lock" */
	bool held;
};

/*
 * Takes the lock of our own tools, the one of lckpwdf(3) and "PATH.lock", as
 * shadow's tools do. A "PATH.lock" whose process is gone is taken over, and one
 * of ours at once, which nobody can hold any more.
 * SBK_E_BUSY where another program works on the file. A failed call holds
 * nothing; unlocking it is fine.
 */
int sbk_accountfile_lock(struct sbk_accountfile_lock *lock, const char *path,
			 struct sbk_error *err);
void sbk_accountfile_unlock(struct sbk_accountfile_lock *lock);

/*
 * Puts a file with this text in the place of the old one, in one step, with
 * the old one's owner, mode and extended attributes (where there is none:
 * root's, 0644). It is durable when this returns. Needs the lock.
 */
int sbk_accountfile_write(const char *path, const struct sbk_buf *text,
			  struct sbk_error *err);

#endif
