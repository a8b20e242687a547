/*
 * What is said of principals of ours on every system: names of roles, and one
 * out of a list. Who they are is asked in the system's folder.
 */
#include "engine/principals.h"

#include "engine/banned.h"

const char *sbk_principal_role_name(enum sbk_principal_role role)
{
	static const char *const names[] = {"group",	    "offline",
					    "online",	    "offline-group",
					    "online-group", "account"};

	return names[role];
}

bool sbk_principal_is_account(const struct sbk_principal *principal)
{
	return principal->role == SBK_PRINCIPAL_OFFLINE ||
	       principal->role == SBK_PRINCIPAL_ONLINE ||
	       principal->role == SBK_PRINCIPAL_ACCOUNT;
}

const struct sbk_principal *
sbk_principals_get(const struct sbk_principals *principals,
		   enum sbk_principal_role role, const struct sbk_owner *person)
{
	size_t i;

	for (i = 0; i < principals->count; i++)
		if (principals->items[i].role == role &&
		    sbk_owner_equal(&principals->items[i].person, person))
			return &principals->items[i];
	return NULL;
}
