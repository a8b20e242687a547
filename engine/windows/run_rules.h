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
 * The same of a run under a sandbox account: `account` its number, `kept_off`
 * whether the trial of its network (run_probe.h) showed that nothing gets out,
 * `why` what it said else. What carries the others is that account's rights,
 * which are those of any user of this machine.
 */
void sbk_run_rules_account(enum sbk_network network, uint32_t account,
			   bool kept_off, const char *why,
			   struct sbk_carriers *out);
/* Whether this can be a run under an account: SBK_E_UNSUPPORTED where a
 * guarantee has no carrier and the scope does not ask for best effort, or the
 * account is required and not kept off the network; SBK_E_LIMIT for more
 * writable roots than a token holds the SIDs of. Denied paths are
 * run_denied.h's. */
int sbk_run_rules_check_account(const struct sbk_scope *scope,
				const struct sbk_carriers *carriers,
				struct sbk_error *err);
/*
 * Whether this can be a run without an account. SBK_E_UNSUPPORTED: a guarantee
 * has no carrier and the scope does not ask for best effort; or, whatever it
 * asks for, a denied path, or an account that is required. SBK_E_LIMIT for more
 * writable roots than a token holds the SIDs of.
 */
int sbk_run_rules_check(const struct sbk_scope *scope,
			const struct sbk_carriers *carriers,
			struct sbk_error *err);

#endif
