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
 * notes on what setup cannot do here. Carried out with sbk_plan_more: what
 * needs what these changes make comes then. `person` NULL: what an older
 * installation lacks for everybody who is enrolled (SBK_E_NOTFOUND where nobody
 * is). Touches nothing. SBK_E_EXISTS where a name of ours is taken by others;
 * DENIED without root; UNSUPPORTED where a tool is missing; BUSY where the
 * account files are locked; IO, LIMIT, NOMEM. Each message says how to mend it.
 */
struct sbk_setup_delivery;
int sbk_plan_setup(const struct sbk_backend *backend,
		   const struct sbk_person *person,
		   struct sbk_setup_delivery *delivery, struct sbk_plan *plan,
		   struct sbk_error *err);

/*
 * Where what is secret of the accounts goes (Windows: passwords): to the
 * person, by a pipe that the person's own process made and gave the name of.
 * `person` is whose pipe it is, and so who is to be enrolled. Without a
 * delivery the accounts are made and stay disabled. SBK_E_UNSUPPORTED where
 * accounts have no secrets.
 */
int sbk_setup_delivery_join(const char *name, struct sbk_setup_delivery **out,
			    struct sbk_person *person, struct sbk_error *err);
/* Tells the other end how setup ended (`why` NULL: well), and closes it. NULL
 * is fine. */
void sbk_setup_delivery_end(struct sbk_setup_delivery *delivery,
			    const char *why);

/* What a person's call of setup is for. */
enum sbk_setup_way {
	SBK_SETUP_LOOKS,  /* a dry run */
	SBK_SETUP_ENROLS, /* what is delivered is taken */
	SBK_SETUP_CHANGES /* anything else */
};

/*
 * As the person: becomes sandbook-setup with these words, or starts it, takes
 * what is delivered into the person's journal, takes back what that has of
 * accounts that are gone, and ends as it does. Returns only where it could not.
 */
int sbk_setup_become(struct sbk_cli *cli, enum sbk_setup_way way,
		     char *const *argv, struct sbk_error *err);
#define SBK_SETUP_PROGRAM "sandbook-setup"
#define SBK_SETUP_HANDOVER "handover" /* the option with the pipe's name */

/*
 * Whether a change that setup recorded is part of that person's alone: the
 * accounts, their own groups, the subordinate ids, and the copies that are kept
 * while those are made and taken away; on Windows their memberships, rights and
 * filters. `now` is who is enrolled (sbk_principals_find): there most of it
 * names the accounts by SIDs.
 */
bool sbk_setup_is_of(const struct sbk_change *change,
		     const struct sbk_principals *now,
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
 * Adds the removal of what the system itself made for an account of ours when
 * somebody logged on as it: its profile (Windows). Left out is what `recorded`
 * names, changes of a journal. Nothing could bring it back, so it belongs in a
 * transaction of kind UNDO. For when nothing can run as the account any more.
 */
int sbk_plan_made_by_system(const struct sbk_backend *backend,
			    const char *principal, struct sbk_plan *recorded,
			    struct sbk_plan *plan, struct sbk_error *err);

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

/* What the command says of this system, where it is another's: --help, the
 * default of --user, what holds the accounts back, what follows "Done". */
extern const char sbk_setup_help[], sbk_setup_user_help[];
extern const char sbk_setup_bounds_text[], sbk_setup_done_text[];

/* The command, for `sandbook` (which becomes sandbook-setup) and for that. */
extern const struct sbk_command sbk_command_setup;

#endif
