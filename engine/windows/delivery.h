/*
 * The passwords of new accounts on their way to the person: joins setup's plan
 * with the handover (handover.h).
 */
#ifndef SBK_WINDOWS_DELIVERY_H
#define SBK_WINDOWS_DELIVERY_H

#include "engine/plan_setup.h"
#include "engine/windows/setup_plan.h"

/* The plan's accounts are enabled when what this delivers was taken. */
void sbk_setup_delivery_use(struct sbk_setup_delivery *delivery,
			    struct sbk_nt_setup *setup);

#endif
