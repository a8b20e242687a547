/*
 * Tokens as descriptions: which SIDs of a list count for an entry, and the
 * names of the privileges that a check looks at. Owns nothing: all lists are
 * the caller's.
 */
#include "engine/ntsec/token.h"

#include "engine/banned.h"

/* All of "Privilege Constants", so that a name written wrongly is told from
 * one that no check looks at. */
static const struct {
	const char *name;
	unsigned privilege;
} privileges[] = {
	{"SeBackupPrivilege", SBK_PRIVILEGE_BACKUP},
	{"SeRestorePrivilege", SBK_PRIVILEGE_RESTORE},
	{"SeTakeOwnershipPrivilege", SBK_PRIVILEGE_TAKE_OWNERSHIP},
	{"SeSecurityPrivilege", SBK_PRIVILEGE_SECURITY},
	{"SeRelabelPrivilege", SBK_PRIVILEGE_RELABEL},
	{"SeChangeNotifyPrivilege", SBK_PRIVILEGE_CHANGE_NOTIFY},
	{"SeAssignPrimaryTokenPrivilege", 0},
	{"SeAuditPrivilege", 0},
	{"SeCreateGlobalPrivilege", 0},
	{"SeCreatePagefilePrivilege", 0},
	{"SeCreatePermanentPrivilege", 0},
	{"SeCreateSymbolicLinkPrivilege", 0},
	{"SeCreateTokenPrivilege", 0},
	{"SeDebugPrivilege", 0},
	{"SeDelegateSessionUserImpersonatePrivilege", 0},
	{"SeEnableDelegationPrivilege", 0},
	{"SeImpersonatePrivilege", 0},
	{"SeIncreaseBasePriorityPrivilege", 0},
	{"SeIncreaseQuotaPrivilege", 0},
	{"SeIncreaseWorkingSetPrivilege", 0},
	{"SeLoadDriverPrivilege", 0},
	{"SeLockMemoryPrivilege", 0},
	{"SeMachineAccountPrivilege", 0},
	{"SeManageVolumePrivilege", 0},
	{"SeProfileSingleProcessPrivilege", 0},
	{"SeRemoteShutdownPrivilege", 0},
	{"SeShutdownPrivilege", 0},
	{"SeSyncAgentPrivilege", 0},
	{"SeSystemEnvironmentPrivilege", 0},
	{"SeSystemProfilePrivilege", 0},
	{"SeSystemtimePrivilege", 0},
	{"SeTcbPrivilege", 0},
	{"SeTimeZonePrivilege", 0},
	{"SeTrustedCredManAccessPrivilege", 0},
	{"SeUndockPrivilege", 0},
	{"SeUnsolicitedInputPrivilege", 0},
};

static bool has(const struct sbk_sid_set *set, const struct sbk_sid *sid,
		bool for_deny)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (sbk_group_counts(set->groups[i].attributes, for_deny) &&
		    sbk_sid_equal(&set->groups[i].sid, sid))
			return true;
	}
	return false;
}

bool sbk_sid_set_allows(const struct sbk_sid_set *set,
			const struct sbk_sid *sid)
{
	return has(set, sid, false);
}

bool sbk_sid_set_denies(const struct sbk_sid_set *set,
			const struct sbk_sid *sid)
{
	return has(set, sid, true);
}

bool sbk_sid_set_lists(const struct sbk_sid_set *set, const struct sbk_sid *sid)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (sbk_sid_equal(&set->groups[i].sid, sid))
			return true;
	}
	return false;
}

struct sbk_token sbk_token_plain(const struct sbk_sid *user)
{
	struct sbk_token token = {
		.user = *user,
		.integrity = SBK_INTEGRITY_MEDIUM,
		.no_write_up = true,
	};

	return token;
}

static bool is_name(const char *name, const char *text)
{
	for (; *name != '\0' && *text != '\0'; name++, text++) {
		char c = *text;

		if (c != *name && !(c >= 'A' && c <= 'Z' && c + 32 == *name) &&
		    !(c >= 'a' && c <= 'z' && c - 32 == *name))
			return false;
	}
	return *name == *text;
}

bool sbk_privilege_from_name(const char *name, unsigned *out)
{
	size_t i;

	for (i = 0; i < sizeof(privileges) / sizeof(privileges[0]); i++) {
		if (!is_name(privileges[i].name, name))
			continue;
		*out = privileges[i].privilege;
		return true;
	}
	return false;
}
