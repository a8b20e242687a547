/*
 * The SIDs of a run's writable roots: which of them the journal has in effect,
 * and the list for a token. Portable; what engine/run_roots.h does on Windows,
 * for runs with and without an account alike.
 *
 *	rc = sbk_run_sids_find(&ledger, &backend, &scope, err);
 *	...
 *	struct sbk_run_sids sids;
 *	rc = sbk_run_sids_collect(&scope, &sids, err);
 *	wish.roots = sids.items, wish.root_count = sids.count;
 *
 *  - A root is known by its identity. What was granted as another root, above
 *    it or below it, gives nothing: a SID opens the whole of what it was
 *    granted for.
 *  - A SID is held only where it opens nothing that the scope shuts: a
 *    protected name that came after the grant has inherited its entries.
 */
#ifndef SBK_WINDOWS_RUN_SIDS_H
#define SBK_WINDOWS_RUN_SIDS_H

#include "engine/run_roots.h"
#include "engine/windows/synthetic.h"

int sbk_run_sids_find(const struct sbk_ledger *ledger,
		      const struct sbk_backend *backend,
		      struct sbk_scope *scope, struct sbk_error *err);

struct sbk_run_sids {
	struct sbk_sid items[SBK_SYNTHETIC_TOKEN_MAX];
	size_t count;
};

/* Those of scope->roots, each once. SBK_E_LIMIT for more than a token holds;
 * SBK_E_INVAL for what is no synthetic SID. */
int sbk_run_sids_collect(const struct sbk_scope *scope,
			 struct sbk_run_sids *out, struct sbk_error *err);
/* SBK_E_LIMIT where the scope has more writable roots than a token holds SIDs:
 * before anything is granted. */
int sbk_run_sids_check(const struct sbk_scope *scope, struct sbk_error *err);

#endif
