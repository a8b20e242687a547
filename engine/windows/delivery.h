/*
 * The passwords of new accounts on their way to the person: joins setup's plan
 * with the handover (handover.h).
 */
#ifndef SBK_WINDOWS_DELIVERY_H
#define SBK_WINDOWS_DELIVERY_H

#include <stdbool.h>

#include <windows.h>

#include "engine/plan_setup.h"
#include "engine/windows/setup_plan.h"

/* Whether the passwords of this person's accounts are taken (NULL: nobody's
 * are). */
bool sbk_setup_delivery_is_to(const struct sbk_setup_delivery *delivery,
			      const struct sbk_owner *person);
/* The plan's accounts are enabled when what this delivers was taken. */
void sbk_setup_delivery_use(struct sbk_setup_delivery *delivery,
			    struct sbk_nt_setup *setup);

/*
 * sbk_setup_become up to the end of sandbook-setup, whose exit code is `code`.
 * By then what the person keeps is what the machine has accounts for, whichever
 * of the two processes ended when, and whatever was lost between them.
 */
int sbk_setup_attend(struct sbk_cli *cli, enum sbk_setup_way way,
		     char *const *argv, DWORD *code, struct sbk_error *err);

#endif
