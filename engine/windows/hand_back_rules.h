/*
 * What handing back makes of an access state on Windows (WINDOWS.md part 6,
 * "Hand-back"). Portable and pure: states in, a state out.
 */
#ifndef SBK_WINDOWS_HAND_BACK_RULES_H
#define SBK_WINDOWS_HAND_BACK_RULES_H

#include "engine/buf.h"
#include "engine/object.h"

/*
 * The state of an object that the account owns, when the person owns it:
 * `above` is how its directory will be. `next` equals `current` where the
 * account does not own it; SBK_E_DENIED where that owns the directory. Persons
 * and accounts are SIDs' texts.
 */
int sbk_nt_hand_back(const char *person, const char *account,
		     struct sbk_state above, struct sbk_state current,
		     struct sbk_buf *next, struct sbk_error *err);

#endif
