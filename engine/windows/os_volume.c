/*
 * Volumes that another system has mounted (engine/os_volume.h): there are none
 * here, where the running system's own are looked at by handle.
 */
#include "engine/os_volume.h"

#include "engine/banned.h"

int sbk_os_volume_at(const char *path, struct sbk_os_volume *out,
		     struct sbk_error *err)
{
	(void)out;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "'%.200s': Windows itself has the volumes of this "
			     "machine",
			     path);
}

bool sbk_volume_identity_parse(const char *text,
			       struct sbk_volume_identity *out)
{
	(void)text;
	(void)out;
	return false;
}
