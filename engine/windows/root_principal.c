/* A root's own principal on Windows is a synthetic SID (root_sid.h). */
#include "engine/root_principal.h"

#include "engine/os.h"
#include "engine/windows/root_sid.h"
#include "engine/windows/run_sids.h"

#include "engine/banned.h"

const bool sbk_root_principals_used = true;
const char sbk_root_principal_name[] = "runs that may write there";
/* By their authorities (synthetic.h). */
const char *const sbk_root_principal_families[] = {
	"S-1-0x0053424B0001-*", "S-1-0x0053424B0002-*", NULL};

bool sbk_root_principal_is(const char *principal)
{
	return sbk_root_sid_is(principal);
}

int sbk_root_principals_find(struct sbk_root_principals *p,
			     const char *const *roots, size_t count,
			     const char **out, struct sbk_error *err)
{
	return sbk_root_sid_find(p, roots, count, out, err);
}

int sbk_root_principals_make_room(struct sbk_root_principals *p,
				  const char *const *paths, size_t count,
				  struct sbk_error *err)
{
	return sbk_root_sid_make_room(p, paths, count, err);
}

int sbk_run_roots_find(const struct sbk_ledger *ledger, struct sbk_scope *scope,
		       struct sbk_error *err)
{
	struct sbk_backend backend = {.ops = NULL};
	int rc = sbk_os_backend(&backend, err);

	if (rc == 0)
		rc = sbk_run_sids_find(ledger, &backend, scope, err);
	sbk_backend_close(&backend);
	return rc;
}
