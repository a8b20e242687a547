/* Roots have no principals of their own here: a run's mounts say what it may
 * write. */
#include "engine/root_principal.h"

#include "engine/run_roots.h"

#include "engine/banned.h"

const bool sbk_root_principals_used = false;
const char sbk_root_principal_name[] = "";
const char *const sbk_root_principal_families[] = {NULL};

bool sbk_root_principal_is(const char *principal)
{
	(void)principal;
	return false;
}

int sbk_root_principals_find(struct sbk_root_principals *p,
			     const char *const *roots, size_t count,
			     const char **out, struct sbk_error *err)
{
	size_t i;

	(void)p;
	(void)roots;
	(void)err;
	for (i = 0; i < count; i++)
		out[i] = NULL;
	return 0;
}

int sbk_root_principals_make_room(struct sbk_root_principals *p,
				  const char *const *paths, size_t count,
				  struct sbk_error *err)
{
	(void)p;
	(void)paths;
	(void)count;
	(void)err;
	return 0;
}

int sbk_run_roots_find(const struct sbk_ledger *ledger, struct sbk_scope *scope,
		       struct sbk_error *err)
{
	(void)ledger;
	(void)err;
	scope->root_count = 0;
	return 0;
}
