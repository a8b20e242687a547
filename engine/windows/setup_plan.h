/*
 * What setup changes on a Windows host for one person, as a plan: the order of
 * WINDOWS.md part 5. Portable: it reads the host through the backend, decides,
 * and touches nothing.
 *
 * An account's SID is not known before the account is there, so the plan comes
 * in two parts of one transaction: sbk_nt_setup_plan before `apply`, and
 * sbk_nt_setup_more as its `more`, when the accounts are made.
 *
 *	1  group, accounts (disabled), the keys and values that hide them
 *	2  profiles, members, denied logons, firewall rules, network filters,
 *	   and when those stand: the passwords are handed over, the accounts
 *	   enabled
 *
 * No state of an account has its password. That one is set anew is recorded, in
 * part 1, as a change of the account from its state to the same: the intent is
 * durable before the password is set, as the last of all, and its undo finds
 * nothing to do, since nobody knew the old one.
 *
 * Undo goes backwards: disabled first, the accounts and their group last. What
 * stands already, made by an earlier setup, is not planned again, so that a
 * second setup adds what is missing.
 */
#ifndef SBK_WINDOWS_SETUP_PLAN_H
#define SBK_WINDOWS_SETUP_PLAN_H

#include "engine/backend.h"
#include "engine/plan.h"
#include "engine/windows/account_state.h"
#include "engine/windows/filter_rules.h"

#define SBK_NT_GROUP_NAME "Sandbook"
/* Ports of the loopback that an offline account reaches, for a proxy. */
#define SBK_NT_PROXY_FIRST_PORT 47100
#define SBK_NT_PROXY_LAST_PORT 47115

enum sbk_nt_role { SBK_NT_OFFLINE, SBK_NT_ONLINE, SBK_NT_ROLE_COUNT };

struct sbk_nt_setup {
	/* The caller's. */
	const struct sbk_backend *backend;
	const char *installation; /* 32 hexadecimal digits */
	const char *person;	  /* SID of who is enrolled */
	unsigned number;	  /* of the person among the enrolled, from 1 */
	const char *profiles;	  /* where profiles are made: "C:/Users" */
	uint16_t first_port, last_port; /* of loopback, for a proxy */
	/* Random digits: of the group and of each account. */
	char nonces[1 + SBK_NT_ROLE_COUNT][SBK_NT_NONCE_DIGITS + 1];
	/*
	 * Hands the passwords of the accounts with these SIDs to the person,
	 * who shows that they are kept; then sets those of the accounts that
	 * stood before (`stood`), which nobody has. Called when all that holds
	 * the accounts back stands, before one is enabled; not at all where
	 * all are enabled already and none is renewed. A failure undoes
	 * everything else. NULL: nobody takes them, and the accounts stay
	 * disabled.
	 */
	int (*deliver)(void *arg, const struct sbk_nt_setup *setup,
		       const char *const sids[SBK_NT_ROLE_COUNT],
		       struct sbk_error *err);
	void *deliver_arg;
	bool renews; /* enabled accounts get new passwords, too */
	/* Found by part 1: which accounts get another password, and whether
	 * one is disabled or has to be made. */
	bool stood[SBK_NT_ROLE_COUNT], incomplete;
	/*
	 * Tries, when the accounts are enabled, whether what holds them back
	 * does (setup_probe.h); where all were enabled already not at all. A
	 * failure undoes everything. NULL: it is not tried.
	 */
	int (*probe)(void *arg, const struct sbk_nt_setup *setup,
		     const char *const sids[SBK_NT_ROLE_COUNT],
		     struct sbk_error *err);
	void *probe_arg;
	/* Its own: how much of part 2 was added. */
	unsigned added;
};

/* "SandbookOffline" for the first person, "SandbookOffline2" for the second. */
void sbk_nt_setup_name(enum sbk_nt_role role, unsigned number,
		       char out[SBK_NT_ACCOUNT_NAME_MAX + 1]);

/* Whether setup gives an account this user right: it denies a logon. */
bool sbk_nt_setup_gives(const char *right);

/* Part 1. SBK_E_EXISTS where a name of ours is somebody's, naming it; INVAL. */
int sbk_nt_setup_plan(struct sbk_nt_setup *setup, struct sbk_plan *plan,
		      struct sbk_error *err);
/*
 * Part 2, in three steps; nothing when called again. Of the form of
 * sbk_apply_more_fn, `arg` the struct sbk_nt_setup. SBK_E_IO where an account
 * of part 1 is not there; SBK_E_CONFLICT where others altered the filters.
 */
int sbk_nt_setup_more(void *arg, struct sbk_plan *plan, struct sbk_error *err);

#endif
