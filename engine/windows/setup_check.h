/*
 * What must hold before setup makes its first change (WINDOWS.md part 5): each
 * check is one refusal, which names what it found and how to mend it. The
 * decisions are portable (sbk_setup_judge); the facts come from the system
 * (setup_facts.c).
 */
#ifndef SBK_WINDOWS_SETUP_CHECK_H
#define SBK_WINDOWS_SETUP_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/ntsec/sid.h"
#include "engine/windows/firewall_rules.h"
#include "engine/windows/setup_refusal.h"

#define SBK_SETUP_SIDS_MAX 1024 /* groups of one token; of one right */
#define SBK_SETUP_PASSWORD 40	/* characters of an account's password */

struct sbk_sid_list {
	struct sbk_sid *items; /* allocated */
	size_t count;
};

/* Adds one; SBK_E_NOMEM, SBK_E_LIMIT. */
int sbk_sid_list_add(struct sbk_sid_list *list, const struct sbk_sid *sid,
		     struct sbk_error *err);
bool sbk_sid_list_has(const struct sbk_sid_list *list,
		      const struct sbk_sid *sid);

struct sbk_setup_facts {
	bool elevated;
	bool domain_controller;
	uint32_t password_min;		 /* characters, by the policy */
	struct sbk_sid_list caller;	 /* user and groups of our token */
	struct sbk_sid_list restricting; /* of our token */
	struct sbk_sid_list ours;	 /* the group of our accounts */
	struct sbk_sid_list logon;	 /* who holds SeInteractiveLogonRight */
	struct sbk_sid_list denied;	 /* and SeDenyInteractiveLogonRight */
	struct sbk_firewall_effect firewall;
};

void sbk_setup_facts_release(struct sbk_setup_facts *facts);

/*
 * The first check that fails, which `which` names: SBK_E_DENIED for who calls,
 * SBK_E_UNSUPPORTED for how the machine is. Pure.
 */
int sbk_setup_judge(const struct sbk_setup_facts *facts,
		    enum sbk_setup_refusal *which, struct sbk_error *err);

/* Who calls, alone: the first of these. */
int sbk_setup_judge_caller(const struct sbk_setup_facts *facts,
			   enum sbk_setup_refusal *which,
			   struct sbk_error *err);

/* All of it, for the machine as it is and the program that runs: the folder it
 * is in, too, and every one above. Changes nothing. */
int sbk_nt_setup_check(enum sbk_setup_refusal *which, struct sbk_error *err);

/*
 * Whether what is at `path`, which is cut on the way, may be started elevated:
 * SBK_E_DENIED where anybody but administrators could write it, or put another
 * in its place. SBK_E_INVAL where a reparse point is on the way.
 */
int sbk_setup_check_place(char *path, struct sbk_error *err);

/* What uninstall asks of it: who calls, and where the program lies. How the
 * machine is must keep nobody from taking things away. */
int sbk_nt_uninstall_check(enum sbk_setup_refusal *which,
			   struct sbk_error *err);

#endif
