/*
 * The sandbox account of the calling user: which one there is for a network
 * mode, and whether the user can log on as it. Changes nothing.
 */
#ifndef SBK_WINDOWS_ACCOUNT_FIND_H
#define SBK_WINDOWS_ACCOUNT_FIND_H

#include "engine/policy.h"
#include "engine/principals.h"
#include "engine/run.h"
#include "engine/windows/secret.h"

#define SBK_NO_ACCOUNT                                                    \
	"this user has no sandbox account ('sandbook setup' makes one); " \
	"without it reads, the network and other processes are no boundary"

struct sbk_own_account {
	bool wanted; /* the run is the account's */
	struct sbk_principal principal;
	struct sbk_secret secret; /* open; released by sbk_own_account_end */
};

#define SBK_OWN_ACCOUNT_INIT               \
	{                                  \
		.secret = SBK_SECRET_INIT, \
	}

/*
 * The Online account for the network, else the Offline one, as Linux takes
 * them: by the account database, which only an administrator writes, and the
 * password that setup gave to this user, which must be of the same SID.
 * `missing` is why it cannot be had; "" where it is wanted, not asked for, or
 * the user is not enrolled and did not require it.
 */
void sbk_own_account_choose(enum sbk_account_wish wish,
			    enum sbk_network network,
			    struct sbk_own_account *out,
			    char missing[SBK_ACCOUNT_MISSING_MAX]);
/*
 * Its password, as it is kept for the calling user, whose account `principal`
 * is: SBK_E_NOTFOUND where none is, SBK_E_CORRUPT where it does not open,
 * SBK_E_CONFLICT where it is of another SID; each with the remedy.
 */
int sbk_own_account_open(const struct sbk_principal *principal,
			 struct sbk_secret *out, struct sbk_error *err);
/* The password is wiped. */
void sbk_own_account_end(struct sbk_own_account *account);

#endif
