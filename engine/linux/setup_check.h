/*
 * What setup checks before its first change, and the numbers that it picks.
 * Each check changes nothing and says in its message how to mend what it finds.
 */
#ifndef SBK_LINUX_SETUP_CHECK_H
#define SBK_LINUX_SETUP_CHECK_H

#include <stddef.h>

#include "engine/error.h"

/*
 * Tools, account files, their locks, room for them, the state directory. In
 * the order in which a person would mend them.
 */
int sbk_setup_check(struct sbk_error *err);

/*
 * `count` numbers of the system range that are free as uid and as gid: known
 * to no account or group (getpwuid, getgrgid), in no subordinate range, and
 * the uid of no process. Taken from the middle of the range, since the
 * system's own tools take theirs from its ends. SBK_E_LIMIT when none is left.
 */
int sbk_setup_pick_numbers(unsigned int *numbers, size_t count,
			   struct sbk_error *err);

/* SBK_E_EXISTS where the account database, a network's included, has it. */
int sbk_setup_check_user_name(const char *name, struct sbk_error *err);
int sbk_setup_check_group_name(const char *name, struct sbk_error *err);

#endif
