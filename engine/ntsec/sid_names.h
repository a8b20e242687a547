/*
 * What a SID is: its well-known name, the two letters that SDDL has for it,
 * and its class. One table (sid_names.c) serves all three. Sources: MS-DTYP
 * 2.4.2.4 and 2.5.1.1, "SID Strings" and "Well-known SIDs" in the Windows
 * documentation.
 */
#ifndef SBK_NTSEC_SID_NAMES_H
#define SBK_NTSEC_SID_NAMES_H

#include "engine/ntsec/sid.h"

/*
 * Where names of accounts are relative to: "LA" is the administrator of the
 * machine, "DA" the administrators of the domain. NULL: not known here, then
 * such letters are refused, and no SID is called by them.
 */
struct sbk_sid_domains {
	const struct sbk_sid *machine; /* S-1-5-21-x-y-z */
	const struct sbk_sid *domain;
	const struct sbk_sid *root_domain; /* of the forest */
};

/*
 * The SID of two letters, in either case. SBK_E_NOTFOUND for letters that SDDL
 * does not have, SBK_E_UNSUPPORTED for ones that need a domain that is NULL.
 */
int sbk_sid_from_alias(const char letters[2],
		       const struct sbk_sid_domains *domains,
		       struct sbk_sid *out, struct sbk_error *err);
/* The letters that Windows prints for it, or NULL. Static. */
const char *sbk_sid_alias(const struct sbk_sid *sid,
			  const struct sbk_sid_domains *domains);
/* "BUILTIN\Administrators", or NULL where no table of ours has it. Static. */
const char *sbk_sid_name(const struct sbk_sid *sid,
			 const struct sbk_sid_domains *domains);

enum sbk_sid_class {
	SBK_SID_WELL_KNOWN, /* the same on each machine */
	SBK_SID_MACHINE,    /* an account or group of sbk_sid_domains.machine */
	SBK_SID_DOMAIN,	    /* of .domain or .root_domain */
	SBK_SID_FOREIGN,    /* S-1-5-21-...: another machine's, a removed
			     * machine's, or invented */
	SBK_SID_LOGON,	    /* S-1-5-5-x-y: one logon session */
	SBK_SID_SERVICE,    /* S-1-5-80-...: a service's own */
	SBK_SID_VIRTUAL,    /* S-1-5-82/83/90/96/...: application pools, virtual
			     * machines, window manager, font driver */
	SBK_SID_PACKAGE,    /* S-1-15-2-...: an AppContainer */
	SBK_SID_CAPABILITY, /* S-1-15-3-... */
	SBK_SID_INTEGRITY,  /* S-1-16-...: a mandatory label */
	SBK_SID_TRUST,	    /* S-1-19-...: a process trust label */
	SBK_SID_CLAIMS,	    /* S-1-18-...: how an identity was asserted */
	SBK_SID_UNIX,	    /* S-1-22-...: Samba's, and S-1-5-88: NFS's */
	SBK_SID_ROOT,	    /* S-1-0x53424B0001-a-b-c-d-n: a writable root of
			     * Sandbook's, the n-th of the installation a to d */
	SBK_SID_RUN,	    /* S-1-0x53424B0002-...: one run of Sandbook */
	SBK_SID_UNKNOWN
};

/* "capability", "integrity level", ... Static. */
const char *sbk_sid_class_text(enum sbk_sid_class class);
enum sbk_sid_class sbk_sid_classify(const struct sbk_sid *sid,
				    const struct sbk_sid_domains *domains);

/*
 * Who a SID belongs to, as far as the caller could find out: the accounts that
 * exist (from the account database or a hive), our own principals, and what
 * other tools' ledgers list. The first list that has it answers.
 */
enum sbk_sid_origin {
	SBK_SID_OURS,
	SBK_SID_OTHER_TOOL,
	SBK_SID_ACCOUNT,   /* exists, belongs to no tool */
	SBK_SID_SYSTEM,	   /* well known, logon, service, label, ... */
	SBK_SID_UNRESOLVED /* names nobody here: deleted, or synthetic */
};

struct sbk_sid_owner {
	struct sbk_sid sid;
	enum sbk_sid_origin origin; /* OURS, OTHER_TOOL or ACCOUNT */
	const char *name;	    /* account name, or NULL */
	const char *tool;	    /* "codex", ...; NULL unless OTHER_TOOL */
};

struct sbk_sid_directory {
	struct sbk_sid_domains domains;
	const struct sbk_sid_owner *owners; /* sorted by sbk_sid_compare */
	size_t count;
};

struct sbk_sid_verdict {
	enum sbk_sid_class class;
	enum sbk_sid_origin origin;
	const char *name; /* borrowed from the directory or static; or NULL */
	const char *tool; /* borrowed; or NULL */
};

/*
 * The tool that calls its accounts, groups, rules or filters so, or NULL: one
 * table of names, in any case, behind a machine's name or not. Static.
 */
const char *sbk_sid_tool_of_name(const char *name);

/*
 * An account or group with such a name belongs to that tool also where no
 * ledger says so; a SID of Sandbook's own authorities is OURS without any list.
 * A package or capability SID that no list has
 * is UNRESOLVED: AppContainer profiles are not in the account database.
 */
struct sbk_sid_verdict sbk_sid_judge(const struct sbk_sid *sid,
				     const struct sbk_sid_directory *directory);

#endif
