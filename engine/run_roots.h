/*
 * What a run may write where each writable root has a principal of its own
 * (root_principal.h), as on Windows: that of a root which was granted to runs,
 * and which the journal says to be in effect for this very object. Asked after
 * the run's own grants were made (run_grant.h); changes nothing.
 *
 *	rc = sbk_run_roots_find(&ledger, &scope, err);   fills scope->roots
 *	... the system's folder makes the run hold them ...
 *
 * Where roots have none, scope->roots stays empty and nothing is printed.
 */
#ifndef SBK_RUN_ROOTS_H
#define SBK_RUN_ROOTS_H

#include "engine/ledger.h"
#include "engine/policy.h"

/*
 * Fills scope->roots, in the order of its paths. A root gets no principal, and
 * its `missing` a reason, where none was granted it, where its entries are not
 * there any more, where the journal cannot be asked, and where that principal
 * could write what the scope says the run may not (a protected name that was
 * made after the grant). SBK_E_NOMEM alone. Linked from the system's folder.
 */
int sbk_run_roots_find(const struct sbk_ledger *ledger, struct sbk_scope *scope,
		       struct sbk_error *err);

/* For people, and as a member "roots" of an open JSON object. */
void sbk_run_roots_print(const struct sbk_scope *scope, struct sbk_buf *out);
void sbk_run_roots_print_json(const struct sbk_scope *scope,
			      struct sbk_buf *out);
/* One line that says that nothing is written in this root and why; false where
 * something may be. */
bool sbk_run_root_note(const struct sbk_run_root *root, struct sbk_buf *out);

#endif
