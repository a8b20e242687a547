/*
 * Denied paths of a run under an account (WINDOWS.md part 6). No entry of ours
 * denies reading: what an account may not read is what nothing lets it read.
 * So a path may be denied where that is so already, and the run is refused
 * where it is not. Changes nothing.
 */
#ifndef SBK_WINDOWS_RUN_DENIED_H
#define SBK_WINDOWS_RUN_DENIED_H

#include "engine/policy.h"

#define SBK_RUN_DENIED_OBJECTS_MAX 100000

/*
 * Looks at each denied path of the scope and at what is below it, for the
 * account of that SID and its groups. SBK_E_UNSUPPORTED with the first object
 * that the account may read or whose rights cannot be told; SBK_E_LIMIT where
 * there are more than SBK_RUN_DENIED_OBJECTS_MAX.
 */
int sbk_run_denied_check(const struct sbk_scope *scope, const char *principal,
			 struct sbk_error *err);

#endif
