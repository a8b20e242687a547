/*
 * What restores the firewall table: after a reboot a systemd unit of ours,
 * after others flushed it a drop-in of nftables.service, and the script that
 * both run.
 */
#ifndef SBK_LINUX_SETUP_UNIT_H
#define SBK_LINUX_SETUP_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/backend.h"
#include "engine/linux/account.h"
#include "engine/plan.h"

/*
 * Adds the script that makes the table, a file with the rules of each person of
 * these accounts that it includes, the unit and the drop-in that run it, and
 * the links that start the unit, where they are not there; a note where systemd
 * is not what runs this machine. SBK_E_EXISTS where a name of ours is taken, or
 * one of its directories can be written by others than root.
 */
int sbk_setup_plan_unit(const struct sbk_backend *backend,
			struct sbk_plan *plan, const char *nonce,
			const struct sbk_account *accounts, size_t count,
			struct sbk_error *err);

/* Whether this file holds that person's rules alone. */
bool sbk_setup_unit_is_of(const char *path, unsigned int person);

#endif
