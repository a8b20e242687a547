/*
 * The processes of a uid: counting and ending them.
 */
#ifndef SBK_LINUX_PROCESSES_H
#define SBK_LINUX_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/error.h"

/*
 * How many processes have the uid as one of their four. Those that ended and
 * only wait for their parent to ask are not counted: they do nothing more.
 */
int sbk_processes_count(unsigned int uid, size_t *count, struct sbk_error *err);

/*
 * Ends them all, root only; never those of uid 0. SBK_E_BUSY with the number
 * that is left when they will not go within ten seconds.
 */
int sbk_processes_end(unsigned int uid, struct sbk_error *err);

#endif
