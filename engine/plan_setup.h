/*
 * What setup changes on this host: the group, the two accounts of the person
 * who is enrolled, with a group of its own each and as subordinate ids of the
 * person, the firewall table, and what restores the table after a reboot.
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

#include <stdbool.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/cli.h"
#include "engine/os.h"
#include "engine/plan.h"
#include "engine/principals.h"

/*
 * Adds the changes that enrol `person`, none where nothing is to be done, and
 * notes on what setup cannot do here. `person` NULL: what an older installation
 * lacks for everybody who is enrolled (SBK_E_NOTFOUND where nobody is). Touches
 * nothing. SBK_E_EXISTS where a name of ours is taken by others; DENIED without
 * root; UNSUPPORTED where a tool is missing; BUSY where the account files are
 * locked; IO, LIMIT, NOMEM. Each message says how to mend it.
 */
int sbk_plan_setup(const struct sbk_backend *backend,
		   const struct sbk_person *person, struct sbk_plan *plan,
		   struct sbk_error *err);

/*
 * Whether a change that setup recorded is part of that person's alone: the
 * accounts, their own groups, the subordinate ids, and the copies that are kept
 * while those are made and taken away.
 */
bool sbk_setup_is_of(const struct sbk_change *change,
		     const struct sbk_owner *person);

/*
 * Adds the changes after which what is everybody's (the firewall table, what
 * restores it) is as if `person` had never been enrolled; for when the
 * person's own part is gone. Errors as above.
 */
int sbk_plan_without(const struct sbk_backend *backend,
		     const struct sbk_owner *person, struct sbk_plan *plan,
		     struct sbk_error *err);

/*
 * As an enrolled person, not root: whether the accounts can be used, by mapping
 * each one's ids into a namespace for real. SBK_E_UNSUPPORTED with what stops
 * it and the remedy; SBK_E_NOTFOUND where the caller is not enrolled.
 */
int sbk_setup_try(struct sbk_error *err);
/* The same for the account of one role. */
int sbk_setup_try_account(enum sbk_principal_role role, struct sbk_error *err);

/*
 * Tells the system's service manager that its files changed, after setup and
 * after uninstall. Nothing to do where there is none.
 */
int sbk_setup_reload(struct sbk_error *err);

/* The command, for `sandbook` (which becomes sandbook-setup) and for that. */
extern const struct sbk_command sbk_command_setup;

#endif
