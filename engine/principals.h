/*
 * The principals of ours that this host has, from the host itself: it, and no
 * journal, says who is enrolled. A line of the account database is ours when
 * name, description with nonce, home and primary group are as setup makes
 * them; a plain user can give no account that group. On Windows an account or a
 * group is ours whose comment is as setup makes it and sealed with its own SID,
 * which only an administrator can write. The journal only confirms (and knows
 * the ones that are gone: sbk_principal_of_change).
 *
 * Linked from the system's folder.
 */
#ifndef SBK_PRINCIPALS_H
#define SBK_PRINCIPALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/limits.h"
#include "engine/owner.h"
#include "engine/plan.h"
#include "engine/principal_id.h"

enum sbk_principal_role {
	SBK_PRINCIPAL_GROUP, /* the group of all accounts of ours */
	SBK_PRINCIPAL_OFFLINE,
	SBK_PRINCIPAL_ONLINE,
	SBK_PRINCIPAL_OFFLINE_GROUP, /* the offline account's own group */
	SBK_PRINCIPAL_ONLINE_GROUP,
	/* One of the two accounts of somebody, of which only the SID is known:
	 * a record of Windows' names no more, nor of the group. */
	SBK_PRINCIPAL_ACCOUNT
};

const char *sbk_principal_role_name(enum sbk_principal_role role);

struct sbk_principal {
	enum sbk_principal_role role;
	char id[SBK_PRINCIPAL_TEXT]; /* "u:550" or "g:550"; its SID */
	char name[SBK_NAME_MAX];     /* "sandbook-1000-off" */
	uint32_t number;	     /* uid or gid; the last part of the SID */
	struct sbk_owner owner; /* whose files are its own; of an account */
	struct sbk_owner
		person; /* the enrolled user; not of the group of all */
};

/* Whether something can run as it: an account, no group. */
bool sbk_principal_is_account(const struct sbk_principal *principal);

struct sbk_principals {
	struct sbk_principal *items; /* the group of all first, then by name,
					an account before its group */
	size_t count;
};

/* Readable for everybody. An empty list where there is no setup. */
int sbk_principals_find(struct sbk_principals *out, struct sbk_error *err);
void sbk_principals_release(struct sbk_principals *principals);

/* The one with this role and person, or NULL. */
const struct sbk_principal *
sbk_principals_get(const struct sbk_principals *principals,
		   enum sbk_principal_role role,
		   const struct sbk_owner *person);

/*
 * The principal that a change of the journal made, from its state; whether it
 * still exists is another question. SBK_E_NOTFOUND where the change made none.
 */
int sbk_principal_of_change(const struct sbk_change *change,
			    struct sbk_principal *out, struct sbk_error *err);

#endif
