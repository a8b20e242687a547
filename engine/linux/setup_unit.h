/*
 * What restores the firewall table after a reboot: a systemd unit of ours.
 */
#ifndef SBK_LINUX_SETUP_UNIT_H
#define SBK_LINUX_SETUP_UNIT_H

#include "engine/backend.h"
#include "engine/plan.h"

/*
 * Adds the unit file with `script` (for `nft -f`) in it and the links that
 * start it, where they are not so already; a note where systemd is not what
 * runs this machine. SBK_E_EXISTS where a name of ours is taken.
 */
int sbk_setup_plan_unit(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *script,
			struct sbk_error *err);

#endif
