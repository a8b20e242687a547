/*
 * What setup changes on this host: the group, the two accounts of the person
 * who is enrolled, the firewall table, and what restores the table after a
 * reboot.
 *
 * Everything that could fail is checked while the plan is made, before the
 * first change: rights, tools, the account files, free names and numbers,
 * space, the firewall. Who is enrolled is read from the host
 * (engine/principals.h), so that a plan for somebody who is enrolled already
 * is empty, and one for the next person builds on what stands.
 *
 * Linked from the system's folder.
 */
#ifndef SBK_PLAN_SETUP_H
#define SBK_PLAN_SETUP_H

#include "engine/backend.h"
#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan.h"

/*
 * Adds the changes that enrol `person`, none where nothing is to be done, and
 * notes on what setup cannot do here. Touches nothing. SBK_E_EXISTS where a
 * name of ours is taken by others; DENIED without root; UNSUPPORTED where a
 * tool is missing; BUSY where the account files are locked; IO, LIMIT, NOMEM.
 * Each message says how to mend it.
 */
int sbk_plan_setup(const struct sbk_backend *backend,
		   const struct sbk_person *person, struct sbk_plan *plan,
		   struct sbk_error *err);

/*
 * Tells the system's service manager that its files changed, after setup and
 * after uninstall. Nothing to do where there is none.
 */
int sbk_setup_reload(struct sbk_error *err);

/* The command, for `sandbook` (which becomes sandbook-setup) and for that. */
extern const struct sbk_command sbk_command_setup;

#endif
