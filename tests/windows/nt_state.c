/* See the header. */
#include "tests/windows/nt_state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sddl.h"
#include "engine/windows/access_state.h"

#include "engine/banned.h"

void nt_state_add(struct sbk_buf *out, const char *sddl, bool is_directory)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;

	if (sbk_sddl_parse(sddl, strlen(sddl), NULL, &bytes, NULL) < 0 ||
	    sbk_nt_access_from_sd((const uint8_t *)bytes.data, bytes.size,
				  is_directory, &access, NULL) < 0 ||
	    sbk_nt_access_format(&access, out, NULL) < 0)
		abort();
	sbk_nt_access_release(&access);
	sbk_buf_release(&bytes);
}

void nt_state_sddl(struct sbk_state state, struct sbk_buf *out)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_sd sd;

	if (sbk_nt_access_parse(state, &access, NULL) < 0 ||
	    sbk_nt_access_view(&access, &sd, NULL) < 0)
		abort();
	/* What only asks the system to keep another bit is no state. */
	sd.control &= (uint16_t)~SBK_SD_DACL_INHERIT_REQ;
	if (sbk_sddl_format(&sd,
			    SBK_SDDL_OWNER | SBK_SDDL_GROUP | SBK_SDDL_DACL,
			    NULL, out, NULL) < 0)
		abort();
	sbk_nt_access_release(&access);
}
