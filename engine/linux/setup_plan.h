/*
 * What the parts of the plan of setup share: plan_setup.c has the order and
 * who is enrolled, setup_find.c what the host has and lacks, setup_accounts.c
 * the changes of groups, accounts, subordinate ids and kept copies.
 */
#ifndef SBK_LINUX_SETUP_PLAN_H
#define SBK_LINUX_SETUP_PLAN_H

#include "engine/linux/account.h"
#include "engine/linux/subid.h"
#include "engine/plan_setup.h"

#define SBK_SUBID_FILES 2 /* as in sbk_subid_files */

/* An account of somebody's, and what is missing of what belongs to it. */
struct sbk_setup_part {
	struct sbk_account account;
	char group_nonce[SBK_NONCE_DIGITS + 1]; /* of its private group */
	bool add_account, add_group, add_line[SBK_SUBID_FILES];
};

struct sbk_setup {
	const struct sbk_backend *backend;
	const struct sbk_person *person; /* NULL: everybody who is enrolled */
	struct sbk_plan *plan;
	char nonce[SBK_NONCE_DIGITS + 1]; /* of the group of all */
	unsigned int gid;
	bool group_exists;
	bool add_file[SBK_SUBID_FILES];
	struct sbk_account *accounts; /* of all there will be, in the order of
					 person and role */
	size_t count;
	struct sbk_setup_part *parts; /* of the person, or of everybody */
	size_t part_count;
};

/* --- setup_find.c ----------------------------------------------------- */

/* The group of all and everybody's accounts, as they are. */
int sbk_setup_find_enrolled(struct sbk_setup *setup, struct sbk_error *err);
/* Fills `parts`, with numbers and nonces for what is missing, and completes
 * `accounts`. Names and numbers that others have are refused. */
int sbk_setup_find_missing(struct sbk_setup *setup, struct sbk_error *err);

/* --- setup_accounts.c ------------------------------------------------- */

/* Groups, accounts, files and lines of subordinate ids, kept copies. */
int sbk_setup_plan_accounts(struct sbk_setup *setup, struct sbk_error *err);

#endif
