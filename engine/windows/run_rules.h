/*
 * What of a resolved scope an unelevated run keeps, and what it does not.
 * Portable (WINDOWS.md part 6).
 */
#ifndef SBK_WINDOWS_RUN_RULES_H
#define SBK_WINDOWS_RUN_RULES_H

#include "engine/run.h"

/* Names the carriers of each guarantee in a run under the user's own restricted
 * token, and why one is missing. */
void sbk_run_rules_carriers(enum sbk_network network, struct sbk_carriers *out);
/*
 * Whether this can be a run without an account. SBK_E_UNSUPPORTED: a guarantee
 * has no carrier and the scope does not ask for best effort; or, whatever it
 * asks for, a denied path, an account that is required, or ACL grants in the
 * run's own command, which nothing here could keep.
 */
int sbk_run_rules_check(const struct sbk_scope *scope,
			const struct sbk_carriers *carriers,
			struct sbk_error *err);

#endif
