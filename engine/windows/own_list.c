/*
 * See the header. Owns that a list counts as set when it was read back, byte
 * for byte.
 */
#include "engine/windows/own_list.h"

#include <stdbool.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

static int is_stored(HANDLE object, const struct sbk_buf *guard, bool *out,
		     struct sbk_error *err)
{
	struct sbk_buf found = SBK_BUF_INIT;
	struct sbk_sd has, means;
	int rc = sbk_win32_query_security(object, &found, err);

	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)found.data, found.size, &has,
				 err);
	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)guard->data, guard->size,
				 &means, err);
	*out = rc == 0 && has.dacl_is == SBK_ACL_PRESENT &&
	       has.dacl.size == means.dacl.size &&
	       memcmp(has.dacl.bytes, means.dacl.bytes, means.dacl.size) == 0;
	sbk_buf_release(&found);
	return rc;
}

int sbk_own_list_set(HANDLE object, const struct sbk_buf *guard,
		     const char *whose, struct sbk_error *err)
{
	bool stored = false;
	int rc = is_stored(object, guard, &stored, err);

	if (rc == 0 && stored)
		return 0;
	if (rc == 0)
		rc = sbk_win32_set_security(object, DACL_SECURITY_INFORMATION,
					    guard, err);
	if (rc == 0)
		rc = is_stored(object, guard, &stored, err);
	if (rc == 0 && !stored)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "its access list was set and is another");
	if (rc < 0)
		(void)sbk_error_prefix(err, "%s", whose);
	return rc;
}
