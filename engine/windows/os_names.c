/*
 * The name of a SID for people, as this machine knows it: asked of the system,
 * which asks a domain only for one of a domain's accounts.
 */
#include "engine/os_census.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

int sbk_os_principal_name(const char *principal, char *out, size_t out_size,
			  struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf name = SBK_BUF_INIT;
	struct sbk_sid sid;
	int rc = sbk_sid_parse(principal, strlen(principal), &sid, err);

	if (rc < 0)
		return rc;
	rc = sbk_win32_name_of(&sid, &name, &why);
	if (rc == 0 || rc == SBK_E_NOTFOUND)
		(void)snprintf(out, out_size, "%s", sbk_buf_text(&name));
	sbk_buf_release(&name);
	return rc == 0 || rc == SBK_E_NOTFOUND
		       ? 0
		       : sbk_error_set(err, rc, "%s", why.message);
}
