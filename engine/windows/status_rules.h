/*
 * What `sandbook status` says on Windows, worded: of each mode of a run, each
 * account, each rule and set of filters, each journal's signatures. Portable,
 * and tested on any system; status.c looks.
 */
#ifndef SBK_WINDOWS_STATUS_RULES_H
#define SBK_WINDOWS_STATUS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/ntsec/sid.h"
#include "engine/object.h"
#include "engine/status.h"

enum sbk_nt_answer { SBK_NT_NO, SBK_NT_YES, SBK_NT_UNKNOWN };

/* --- modes ---------------------------------------------------------------- */

struct sbk_nt_mode {
	const char *name;   /* "offline account" */
	bool can_begin;	    /* a run in it, now */
	const char *detail; /* as whom; why not */
};

/* Of SBK_STATUS_OF_RUNS: all modes, and what else holds for runs. */
void sbk_nt_status_modes(const struct sbk_nt_mode *modes, size_t count,
			 struct sbk_status_said *out);

/* --- accounts ------------------------------------------------------------- */

#define SBK_NT_STATUS_WHY_MAX sizeof(((struct sbk_error *)NULL)->message)

struct sbk_nt_account_facts {
	char person[64];  /* whose it is, by name; "": not known */
	bool person_gone; /* nobody has that SID any more */
	bool is_known;	  /* the flags below were read */
	uint32_t flags;	  /* of "USER_INFO_1 structure" */
	/* Whether a change in effect of the machine's journal enabled it. */
	enum sbk_nt_answer is_recorded;
	enum sbk_nt_password {
		SBK_NT_PASSWORD_OPENS, /* kept for the caller */
		SBK_NT_PASSWORD_LOST,  /* kept, and of no use */
		SBK_NT_PASSWORD_NONE,
		SBK_NT_PASSWORD_OTHERS, /* for another to look at */
		SBK_NT_PASSWORD_UNKNOWN
	} password;
	char flags_why[SBK_NT_STATUS_WHY_MAX]; /* why they were not */
	char password_why[SBK_NT_STATUS_WHY_MAX];
};

void sbk_nt_status_account(const struct sbk_nt_account_facts *facts,
			   struct sbk_status_said *out);

/* --- what holds them ------------------------------------------------------ */

struct sbk_nt_wall {
	struct sbk_object object; /* FIREWALL or FILTERS */
	enum sbk_nt_wall_state {
		SBK_NT_WALL_EXACT, /* as the journal's last change left it */
		SBK_NT_WALL_ALTERED,
		SBK_NT_WALL_GONE,
		SBK_NT_WALL_UNKNOWN
	} state;
	const char *why; /* of UNKNOWN */
};

/* What a state of the journal's, and one that was found, are together. */
enum sbk_nt_wall_state sbk_nt_status_compare(struct sbk_state made,
					     struct sbk_state now);

struct sbk_nt_walls {
	const struct sbk_nt_wall *items;
	size_t count;
	size_t accounts;	 /* that are there */
	const char *records_why; /* the journal cannot be read; or NULL */
	/* That bear our grouping or numbers beyond what is recorded; and why
	 * they could not be counted, or NULL. */
	size_t more_rules, more_filters;
	const char *rules_why, *filters_why;
};

void sbk_nt_status_walls(const struct sbk_nt_walls *walls,
			 struct sbk_status_said *out);

/* Whether a state of FILTERS keeps this user off the network, on every layer.
 */
bool sbk_nt_status_holds(struct sbk_state filters, const struct sbk_sid *user);

/* --- journals ------------------------------------------------------------- */

struct sbk_nt_signatures {
	uint64_t entries, covered; /* 0: nothing is signed */
	const char *anchor;	   /* the command, or NULL */
	const char *anchor_why;	   /* why it is not known, or NULL */
};

void sbk_nt_status_signatures(const struct sbk_nt_signatures *signatures,
			      struct sbk_status_said *out);

#endif
