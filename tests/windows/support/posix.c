/* See posix.h. */
#include <string.h>
#include <windows.h>

#include "engine/ntsec/sddl.h"
#include "engine/os.h"

#include "engine/banned.h"

int sbk_posix_link(const char *from, const char *to);
int sbk_posix_rename(const char *from, const char *to);
int sbk_posix_chmod(const char *path, unsigned mode);

int sbk_posix_link(const char *from, const char *to)
{
	return CreateHardLinkA(to, from, NULL) ? 0 : -1;
}

int sbk_posix_rename(const char *from, const char *to)
{
	return MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING) ? 0 : -1;
}

int sbk_posix_chmod(const char *path, unsigned mode)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_person caller;
	int rc = sbk_os_caller(&caller, NULL);

	sbk_buf_printf(&text, "D:P(A;;FA;;;SY)(A;;FA;;;%s)%s",
		       rc == 0 ? caller.id.text : "SY",
		       (mode & 044) != 0 ? "(A;;FR;;;WD)" : "");
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL,
				    &bytes, NULL);
	if (rc == 0 &&
	    !SetFileSecurityA(path,
			      DACL_SECURITY_INFORMATION |
				      PROTECTED_DACL_SECURITY_INFORMATION,
			      bytes.data))
		rc = -1;
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
	return rc;
}
