/*
 * What setup checks before its first change, and the numbers that it picks.
 * Each check changes nothing and says in its message how to mend what it finds.
 */
#ifndef SBK_LINUX_SETUP_CHECK_H
#define SBK_LINUX_SETUP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

/*
 * Tools, account files, their locks, room for them, the state directory. In
 * the order in which a person would mend them. Where something is `removing`
 * again, what a tool left behind may be ours, and is cleared by what comes.
 */
int sbk_setup_check(bool removing, struct sbk_error *err);

/*
 * A number for the group of all: of the system range, known to no account or
 * group (getpwuid, getgrgid), in no subordinate range, and the uid of no
 * process. From the middle of the range, since the system's own tools take
 * theirs from its ends. SBK_E_LIMIT when none is left.
 */
int sbk_setup_pick_number(unsigned int *number, struct sbk_error *err);

/*
 * `count` numbers for accounts and their groups, free in the same sense, of
 * the range below. It is above what login.defs leaves to subordinate ids, and
 * containers' and systemd's own: other tools use all ranges of a person in
 * their order, and ours come last. Picked at random, so that a number whose
 * account has gone is not given to somebody else, with what still names it.
 */
#define SBK_ACCOUNT_NUMBER_MIN 1900000000u
#define SBK_ACCOUNT_NUMBER_MAX 1999999999u
int sbk_setup_pick_numbers(unsigned int *numbers, size_t count,
			   struct sbk_error *err);

/* SBK_E_EXISTS where the account database, a network's included, has it. */
int sbk_setup_check_user_name(const char *name, struct sbk_error *err);
int sbk_setup_check_group_name(const char *name, struct sbk_error *err);
/*
 * SBK_E_EXISTS where somebody else is *named* by the person's digits: programs
 * that read /etc/subuid take the first field for a name, too.
 */
int sbk_setup_check_digits(uint32_t person, struct sbk_error *err);
int sbk_setup_check_group_number(unsigned int number, struct sbk_error *err);

#endif
