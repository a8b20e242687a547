/*
 * The sweep: every object of the host that still names one of the given
 * principals, found by looking at the host and not at our log (DESIGN,
 * promise 5). `audit residue` prints it, `uninstall` acts on it and then
 * proves with a second one that nothing is left.
 *
 * What is examined: every object of every local filesystem that is mounted
 * (each once, from its root), as access entries, owners and groups; the
 * account files and their backup copies, with subordinate ids; the firewall's
 * tables; running processes; files of ours at fixed places. On Windows accounts
 * and groups with their members, user rights, profiles, rules and filters: each
 * by the SID that it names, never by a name, which another may have by then.
 * Filesystems of other machines, and what cannot be read, are in the coverage
 * as missed.
 */
#ifndef SBK_SWEEP_H
#define SBK_SWEEP_H

#include "audit/audit.h"
#include "engine/backend.h"

struct sbk_sweep_principal {
	const char *principal; /* "u:990", "g:990", a SID, or all SIDs of an
				  authority (engine/ntsec/sid.h) */
	const char *name;      /* its name, or "" where it is only a number */
};

enum sbk_sweep_found {
	SBK_SWEEP_ENTRY,   /* an ACL entry names it */
	SBK_SWEEP_OWNER,   /* it owns the object, or is its group */
	SBK_SWEEP_ACCOUNT, /* an account file or a copy of one names it */
	SBK_SWEEP_RULE,	   /* a firewall table names it */
	SBK_SWEEP_PROCESS, /* a process runs as it */
	SBK_SWEEP_FILE,	   /* a file of ours at a fixed place */
	SBK_SWEEP_RECORD   /* Windows: a membership, right or profile of it */
};

struct sbk_sweep_hit {
	enum sbk_sweep_found found;
	const char *object;	 /* path, file and line, table, process */
	const char *identity;	 /* of a path; else NULL */
	const char *principal;	 /* which one, as given; NULL for FILE */
	struct sbk_state access; /* of a path, as ACCESS encodes it */
};

/* 0 to go on, < 0 to stop with it. Strings are borrowed. */
typedef int sbk_sweep_fn(void *arg, const struct sbk_sweep_hit *hit,
			 struct sbk_error *err);

struct sbk_sweep_options {
	const struct sbk_sweep_principal *principals;
	size_t principal_count;
	/* Only below these paths; none: the whole host. */
	const char *const *roots;
	size_t root_count;
	/* Mounts that the caller chose to leave out; they are in the coverage
	 * as skipped by his choice and do not make it incomplete. */
	const char *const *skip;
	size_t skip_count;
	/* Do not look for journals in homes: a home may keep root waiting, and
	 * whoever sets this asks the people themselves. */
	bool no_homes;
};

/*
 * Calls `found` for each hit and fills the coverage of `report`. Touches
 * nothing. Needs root for a complete one; without root what cannot be read is
 * in the coverage.
 */
int sbk_sweep(const struct sbk_backend *backend,
	      const struct sbk_sweep_options *options, sbk_sweep_fn *found,
	      void *arg, struct sbk_report *report, struct sbk_error *err);

#endif
