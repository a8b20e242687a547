/*
 * What restores the firewall table after a reboot: a systemd unit of ours.
 */
#ifndef SBK_LINUX_SETUP_UNIT_H
#define SBK_LINUX_SETUP_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/backend.h"
#include "engine/linux/account.h"
#include "engine/plan.h"

/*
 * Adds the unit that makes the table, a drop-in with the rules of each person
 * of these accounts, and the links that start it, where they are not there; a
 * note where systemd is not what runs this machine. SBK_E_EXISTS where a name
 * of ours is taken.
 */
int sbk_setup_plan_unit(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *nonce,
			const struct sbk_account *accounts, size_t count,
			struct sbk_error *err);

/* Whether this file is the person's drop-in. */
bool sbk_setup_unit_is_of(const char *path, unsigned int person);

#endif
