/*
 * What an account tool leaves beside its file when it is cut off (a power cut,
 * or SIGKILL of the tool itself): "passwd+", the file it was writing;
 * "passwd.lock" and "passwd.123", its lock. Every such tool holds the lock of
 * lckpwdf(3) meanwhile, so under that lock they are nobody's. So are those of
 * our own writing of such a file: "subuid.sandbook", "passwd-.sandbook".
 */
#ifndef SBK_LINUX_LEFTOVERS_H
#define SBK_LINUX_LEFTOVERS_H

#include "engine/error.h"

/*
 * Takes the lock of lckpwdf(3), waiting for a tool that holds it; *fd, which
 * the caller closes, ends it, and is -1 where no tool ever ran or /etc is
 * read-only. SBK_E_BUSY after 15 seconds.
 */
int sbk_leftovers_lock(int *fd, struct sbk_error *err);

/*
 * Removes them. SBK_E_BUSY when another tool works for longer than 15 seconds.
 * Nothing to do where no tool ever ran, or /etc is read-only.
 */
int sbk_leftovers_clear(struct sbk_error *err);

/* SBK_E_BUSY with the name of one, and how to mend it. Changes nothing. */
int sbk_leftovers_check(struct sbk_error *err);

#endif
