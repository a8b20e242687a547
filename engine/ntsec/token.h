/*
 * Tokens as an access check sees them (MS-DTYP 2.5.2; CreateRestrictedToken;
 * AppContainer). Portable: built from a description, never from a live process.
 */
#ifndef SBK_NTSEC_TOKEN_H
#define SBK_NTSEC_TOKEN_H

#include "engine/ntsec/sid.h"

#define SBK_TOKEN_SIDS_MAX 1024 /* of each list; Windows has the same limit */

enum sbk_group_attributes { /* SE_GROUP_* of winnt.h */
			    SBK_GROUP_MANDATORY = 0x01,
			    SBK_GROUP_ENABLED_BY_DEFAULT = 0x02,
			    SBK_GROUP_ENABLED = 0x04,
			    SBK_GROUP_OWNER = 0x08,
			    SBK_GROUP_DENY_ONLY = 0x10,
			    SBK_GROUP_INTEGRITY = 0x20,
			    SBK_GROUP_INTEGRITY_ENABLED = 0x40,
			    SBK_GROUP_RESOURCE = 0x20000000,
			    SBK_GROUP_LOGON_ID = (int)0xC0000000
};

enum sbk_privileges { /* a set of those that change a check */
		      SBK_PRIVILEGE_BACKUP = 1,
		      SBK_PRIVILEGE_RESTORE = 2,
		      SBK_PRIVILEGE_TAKE_OWNERSHIP = 4,
		      SBK_PRIVILEGE_SECURITY = 8,
		      SBK_PRIVILEGE_RELABEL = 16,
		      SBK_PRIVILEGE_CHANGE_NOTIFY =
			      32 /* traverse: no part of a check */
};

enum sbk_integrity { /* the last subauthority of S-1-16-n */
		     SBK_INTEGRITY_UNTRUSTED = 0x0000,
		     SBK_INTEGRITY_LOW = 0x1000,
		     SBK_INTEGRITY_MEDIUM = 0x2000,
		     SBK_INTEGRITY_MEDIUM_PLUS = 0x2100,
		     SBK_INTEGRITY_HIGH = 0x3000,
		     SBK_INTEGRITY_SYSTEM = 0x4000,
		     SBK_INTEGRITY_PROTECTED = 0x5000
};

struct sbk_group {
	struct sbk_sid sid;
	uint32_t attributes;
};

struct sbk_sid_set {
	const struct sbk_group *groups; /* borrowed */
	size_t count;
};

/* All lists are borrowed from whoever made the token. */
struct sbk_token {
	struct sbk_sid user;
	bool user_deny_only;
	struct sbk_sid_set groups;
	struct sbk_sid_set restricting; /* attributes are not looked at */
	bool is_restricted;		/* has restricting SIDs, be they none */
	/* Only writes are checked twice. Restricted, also without the flag
	 * above: such a token can be made without any restricting SID. */
	bool write_restricted;
	unsigned privileges; /* held and enabled */
	uint32_t integrity;
	bool no_write_up; /* the token's mandatory policy; usual: true */
	bool has_package;
	struct sbk_sid package; /* of an AppContainer */
	bool less_privileged;	/* ALL APPLICATION PACKAGES does not count */
	struct sbk_sid_set capabilities; /* those that are enabled count */
};

/*
 * Deny-only wins over enabled, as in SE_GROUP_USE_FOR_DENY_ONLY's definition: a
 * SID that has both is looked at in denying entries alone.
 */
static inline bool sbk_group_counts(uint32_t attributes, bool for_deny)
{
	if (attributes & SBK_GROUP_DENY_ONLY)
		return for_deny;
	return (attributes & SBK_GROUP_ENABLED) != 0;
}

/*
 * Whether a SID of a list counts for an allowing entry (enabled, not deny-only)
 * or for a denying one (enabled or deny-only). A SID may be listed twice.
 */
bool sbk_sid_set_allows(const struct sbk_sid_set *set,
			const struct sbk_sid *sid);
bool sbk_sid_set_denies(const struct sbk_sid_set *set,
			const struct sbk_sid *sid);
/* Whether it is listed at all: restricting SIDs always count. */
bool sbk_sid_set_lists(const struct sbk_sid_set *set,
		       const struct sbk_sid *sid);

/* A token of the user alone: medium integrity, no-write-up, Everyone and
 * Authenticated Users not implied: who wants them lists them. */
struct sbk_token sbk_token_plain(const struct sbk_sid *user);
/* "SeBackupPrivilege" and so on, in any case, as Windows reads them: 0 for one
 * that no check looks at, false for what is no privilege's name. */
bool sbk_privilege_from_name(const char *name, unsigned *out);

#endif
