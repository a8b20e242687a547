/* What is the same of root principals on each system. */
#include "engine/root_principal.h"

#include <string.h>

#include "engine/banned.h"

static int copy_roots(struct sbk_plan *from, const char *principal,
		      struct sbk_plan *out, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_root_count(from); i++) {
		const struct sbk_plan_root *root = sbk_plan_root_at(from, i);

		if (sbk_root_principal_is(root->principal) ||
		    (principal != NULL &&
		     strcmp(root->principal, principal) == 0))
			rc = sbk_plan_add_root(out, root, NULL, err);
	}
	return rc;
}

int sbk_root_principals_granted(const struct sbk_ledger *ledger,
				const char *principal, struct sbk_plan *out,
				struct sbk_error *err)
{
	struct sbk_plan *all;
	int rc;

	if (!sbk_root_principals_used)
		return principal == NULL
			       ? 0
			       : ledger->ops->granted(ledger->self,
						      SBK_BOOK_USER, principal,
						      out, err);
	all = sbk_plan_new();
	if (all == NULL)
		return sbk_error_no_memory(err);
	rc = ledger->ops->granted(ledger->self, SBK_BOOK_USER, NULL, all, err);
	if (rc == 0)
		rc = copy_roots(all, principal, out, err);
	sbk_plan_free(all);
	return rc;
}

const struct sbk_book_mark *
sbk_root_principals_mark(const struct sbk_root_principals *p)
{
	return p->numbered ? &p->mark : NULL;
}

void sbk_root_principals_release(struct sbk_root_principals *p)
{
	sbk_arena_release(&p->arena);
	p->numbered = false;
}
