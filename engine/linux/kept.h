/*
 * KEPT: the side files of the account tools, put back after each of them.
 * What it is for, and why it is right at every crash point, stands in kept.c.
 */
#ifndef SBK_LINUX_KEPT_H
#define SBK_LINUX_KEPT_H

#include "engine/linux/kinds.h"

/*
 * The files that an account operation may leave behind it, ends with NULL:
 * the "-" copies, and the lock file.
 */
extern const char *const sbk_kept_files[];

#endif
