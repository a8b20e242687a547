/*
 * Before a command runs with the own token of a user who has sandbox accounts:
 * what that user keeps of their passwords is made worthless and removed
 * (WINDOWS.md part 6, "Withheld"). The order:
 *
 *	1. no other front end logs an account on, and none is at work as one
 *	2. everything is asked that would refuse it, and nothing is changed
 *	3. the intents, in the user's journal: each account, from its state to
 *	   the same, since no state has a password
 *	4. each account gets a password that nobody has, both of a person's
 *	5. the SECRETs are undone, and with them the records of 3
 *
 * Who is ended in between leaves a password that opens nothing; the next one
 * goes on, and so does `setup --upgrade`, which is the only way back.
 */
#ifndef SBK_WINDOWS_WITHHOLD_H
#define SBK_WINDOWS_WITHHOLD_H

#include "engine/ledger.h"
#include "engine/windows/front.h"

struct sbk_withholding {
	struct sbk_front *front; /* has neither of the two that it takes */
	const struct sbk_front_wait *wait;
	const struct sbk_ledger *ledger;
	uint64_t session; /* whose record says it */
};

/*
 * Nothing kept is 0. SBK_E_BUSY beside a front end that is at work as an
 * account; SBK_E_DENIED where a policy keeps passwords as they are;
 * SBK_E_CORRUPT for one that does not open; SBK_E_EXISTS where a file stays
 * that no record names. Nothing was changed, but where it says so: the system
 * may refuse the second password after the first one.
 */
int sbk_withhold(const struct sbk_withholding *withholding,
		 struct sbk_error *err);

#endif
