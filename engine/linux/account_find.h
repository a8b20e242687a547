/*
 * The sandbox account of one person, as /etc/passwd and /etc/group say it.
 * For a run, for sandbook-mount and for what looks before a run; setup and the
 * journal are not asked.
 */
#ifndef SBK_LINUX_ACCOUNT_FIND_H
#define SBK_LINUX_ACCOUNT_FIND_H

#include <sys/types.h>

#include "engine/error.h"
#include "engine/linux/account.h"
#include "engine/linux/accountfile.h"

#define SBK_ACCOUNT_NUMBER_MIN 100 /* below are the system's own accounts */

struct sbk_own_account {
	uid_t person; /* U */
	gid_t group;  /* G: the real gid of whoever asks */
	uid_t number; /* A: uid and gid of the account */
};

/*
 * The account of `person` for `role`. SBK_E_NOTFOUND: not enrolled, as root
 * never is. SBK_E_CONFLICT: there are two, or its number is somebody else's as
 * well, or not that of a group of its own name without a member.
 * SBK_E_INVAL: its number is no account's of ours. Reads the two files alone.
 */
int sbk_account_find(uid_t person, gid_t group, enum sbk_account_role role,
		     struct sbk_own_account *out, struct sbk_error *err);

/* The same in the texts of the two files: reads nothing. */
int sbk_account_find_in(struct sbk_slice passwd, struct sbk_slice groups,
			uid_t person, enum sbk_account_role role, uid_t *number,
			struct sbk_error *err);

#endif
