/*
 * What the parts of the command `setup` share: cmd_setup.c enrols and brings
 * up to date, cmd_setup_remove.c takes one person's part back, cmd_setup_try.c
 * tries afterwards whether the accounts can be used.
 */
#ifndef SBK_CMD_SETUP_H
#define SBK_CMD_SETUP_H

#include "engine/plan_setup.h"

#define SBK_SETUP_ERRAND "errand" /* the option of one, not for people */

struct sbk_setup_options {
	const char *user, *remove_user, *handover;
	bool upgrade, dry_run, json, yes, errand;
};

/* What one call of setup works with. */
struct sbk_setup_call {
	struct sbk_cli *cli;
	struct sbk_setup_options options;
	struct sbk_person person;	     /* not with --upgrade */
	struct sbk_setup_delivery *delivery; /* or NULL */
	struct sbk_principals now; /* with --remove-user: who is enrolled */
	struct sbk_backend backend;
	struct sbk_plan *plan;
	struct sbk_transaction_report report;
};

/* --- cmd_setup.c ------------------------------------------------------ */

/* Changes that a crash had left were settled first. */
void sbk_setup_print_recovered(const struct sbk_setup_call *call, size_t count);
/* The service manager reads its files again, or a line says that not. */
void sbk_setup_tell_manager(const struct sbk_setup_call *call);

/* The machine's log looks at those of everybody who is enrolled; a finding is a
 * line on standard error and no failure. */
void sbk_setup_witness(const struct sbk_setup_call *call);

/* --- cmd_setup_remove.c ----------------------------------------------- */

/* The whole of --remove-user, after what a crash left is settled. */
int sbk_setup_remove(struct sbk_setup_call *call, struct sbk_error *err);

/* --- cmd_setup_try.c -------------------------------------------------- */

/* Tries the accounts of those whom the call is about; one that cannot be used
 * is a line on standard error and no failure. */
void sbk_setup_try_people(const struct sbk_setup_call *call);
/* In the errand: tries the caller's and answers. The exit code. */
int sbk_setup_run_errand(void);

#endif
