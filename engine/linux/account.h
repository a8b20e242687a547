/*
 * ACCOUNT and GROUP: the system accounts and the group that Sandbook makes,
 * through the system's own tools.
 *
 * Names.  The enrolled user with uid N has the accounts sandbook-N-off and
 * sandbook-N-on; all have the one group sandbook, which no person joins. Each
 * account has a private group of its name and number, too: the gid under which
 * it runs, since one that two people hold would be a right that they share.
 *
 * Nonce.  Each intent to create one carries 32 hexadecimal digits that the
 * object will bear: an account at the end of its description (GECOS), a
 * group as its password, "!" before it, which no password hashes to. So what a
 * crash left is told from what somebody else made under the same name.
 *
 * Identity.  "uid:550" or "gid:550", chosen by us before the object exists;
 * the number stays when an administrator renames it.
 */
#ifndef SBK_LINUX_ACCOUNT_H
#define SBK_LINUX_ACCOUNT_H

#include <stdbool.h>

#include "engine/limits.h"
#include "engine/linux/accountfile.h"
#include "engine/linux/kinds.h"

#define SBK_GROUP_NAME "sandbook"
#define SBK_ACCOUNT_HOME "/nonexistent"
#define SBK_NONCE_DIGITS 32

enum sbk_account_role {
	SBK_ACCOUNT_OFFLINE, /* the firewall lets no packet of its out */
	SBK_ACCOUNT_ONLINE
};

/* An account of ours, as its line in /etc/passwd says. */
struct sbk_account {
	char name[SBK_NAME_MAX];
	char nonce[SBK_NONCE_DIGITS + 1];
	unsigned int uid, gid;
	unsigned int person; /* uid of the enrolled user */
	enum sbk_account_role role;
};

/* "offline" or "online", as people say it. */
const char *sbk_account_role_name(enum sbk_account_role role);

/* Fills `name` from `person` and `role`. */
void sbk_account_set_name(struct sbk_account *account);

/* The name of the group or shaped like one of an account of ours. */
bool sbk_account_name_is_ours(struct sbk_slice name);

/* "sandbook-1000-off" into `name`, `person` and `role` of `out`, the rest of
 * which is cleared; false, and nothing done, where it is no such name. */
bool sbk_account_parse_name(struct sbk_slice name, struct sbk_account *out);

/*
 * Whether a line of /etc/passwd is an account of ours: name, description and
 * home as we make them. The group is the caller's to compare.
 */
bool sbk_account_parse(struct sbk_slice line, struct sbk_account *out);

/* The states that a plan asks for. */
void sbk_account_encode(struct sbk_buf *out, const struct sbk_account *account,
			const char *shell);
void sbk_group_encode(struct sbk_buf *out, const char *name, unsigned int gid,
		      const char *nonce);

/*
 * The nonce in an observed state of a group; false where it bears none, so
 * that it is not ours.
 */
bool sbk_group_nonce(struct sbk_state state, char nonce[SBK_NONCE_DIGITS + 1]);
bool sbk_group_gid(struct sbk_state state, unsigned int *gid);

/* The volume of the account files is to be flushed: sbk_host_touch of /etc. */
int sbk_account_touch_files(struct sbk_host *host, struct sbk_error *err);

/* "uid:550" or "gid:550". */
bool sbk_account_is_identity(const char *identity);

/*
 * Where an identity is now (see the slot `locate` of engine/backend.h): the
 * name of the account or group with this number that still bears a nonce.
 */
void sbk_account_locate(const char *identity, struct sbk_location *found);

#endif
