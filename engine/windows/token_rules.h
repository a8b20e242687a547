/*
 * What a run's token is to be, and whether the token that the system gave to a
 * process is that one (WINDOWS.md part 6). Portable: calls nothing.
 */
#ifndef SBK_WINDOWS_TOKEN_RULES_H
#define SBK_WINDOWS_TOKEN_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/buf.h"
#include "engine/ntsec/sid.h"
#include "engine/windows/synthetic.h"

/* The roots', the run's, the logon's, Everyone. */
#define SBK_RESTRICTING_MAX (SBK_SYNTHETIC_TOKEN_MAX + 3)

/*
 * Whose token is restricted, as the system says. An account's runs have one
 * user, and each set of roots a logon of its own: what a run under an account
 * makes is for that logon, and for the person who had it started.
 */
struct sbk_token_base {
	struct sbk_sid user, logon;
	struct sbk_sid person; /* where under_account */
	bool under_account;
};

struct sbk_token_plan {
	struct sbk_sid restricting[SBK_RESTRICTING_MAX]; /* aligned */
	size_t count;
	struct sbk_token_base base;
	struct sbk_buf default_dacl; /* bytes of an ACL */
	/* Descriptors of process and thread, of what the run may write (its
	 * desktop), of its token. First and last read back as they are. */
	struct sbk_buf guard, run_guard, token_guard;
};

#define SBK_TOKEN_PLAN_INIT \
	{                   \
		.count = 0  \
	}

/*
 * The token of the run with the SID `run` that may write to the roots with
 * these SIDs. SBK_E_LIMIT for too many; SBK_E_INVAL for one that is not
 * synthetic or is given twice: any other SID would open what somebody else
 * granted to it.
 */
int sbk_token_plan(const struct sbk_token_base *base, const struct sbk_sid *run,
		   const struct sbk_sid *roots, size_t root_count,
		   struct sbk_token_plan *out, struct sbk_error *err);
void sbk_token_plan_release(struct sbk_token_plan *plan);

/* A token as it was read back. */
struct sbk_token_seen {
	bool is_restricted;
	struct sbk_sid user;
	struct sbk_sid restricting[SBK_RESTRICTING_MAX];
	size_t count;		 /* may be above the maximum: not the plan's */
	size_t privileges;	 /* held, but SeChangeNotifyPrivilege */
	bool has_administrators; /* enabled, not for denials only */
};

/* SBK_E_UNSUPPORTED with the first difference: the process must not run. */
int sbk_token_check(const struct sbk_token_plan *plan,
		    const struct sbk_token_seen *seen, struct sbk_error *err);

#endif
