/*
 * See the header. Owns that no password is used for an account that the system
 * does not name as this user's: what is kept says for which SID it is, and a
 * name can be given again.
 */
#include "engine/windows/account_find.h"

#include <stdio.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

static int find(enum sbk_principal_role role, struct sbk_principal *out,
		struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	const struct sbk_principal *found;
	struct sbk_person caller;
	int rc = sbk_os_caller(&caller, err);

	if (rc == 0)
		rc = sbk_principals_find(&list, err);
	if (rc < 0)
		return rc;
	found = sbk_principals_get(&list, role, &caller.id);
	if (found != NULL)
		*out = *found;
	else
		rc = sbk_error_set(err, SBK_E_NOTFOUND, SBK_NO_ACCOUNT);
	sbk_principals_release(&list);
	return rc;
}

int sbk_own_account_open(const struct sbk_principal *principal,
			 struct sbk_secret *out, struct sbk_error *err)
{
	struct sbk_store *store = NULL;
	struct sbk_sid_text sid;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, err);

	if (rc == 0)
		rc = sbk_secret_open(store, principal->name, out, err);
	else if (rc == SBK_E_NOTFOUND)
		rc = sbk_error_set(err, rc,
				   "the account '%s' is this user's, and no "
				   "password of it is kept here: an "
				   "administrator takes it back ('sandbook "
				   "setup --remove-user') and this user enrols "
				   "anew ('sandbook setup')",
				   principal->name);
	sbk_store_close(store);
	if (rc < 0)
		return rc;
	(void)sbk_sid_format(&out->label.sid, &sid);
	if (strcmp(sid.text, principal->id) == 0)
		return 0;
	sbk_secret_release(out);
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "the kept password is of the account %s, and '%s' "
			     "is %s by now: enrol anew ('sandbook setup')",
			     sid.text, principal->name, principal->id);
}

void sbk_own_account_choose(enum sbk_account_wish wish,
			    enum sbk_network network,
			    struct sbk_own_account *out,
			    char missing[SBK_ACCOUNT_MISSING_MAX])
{
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	missing[0] = '\0';
	*out = (struct sbk_own_account)SBK_OWN_ACCOUNT_INIT;
	if (wish == SBK_ACCOUNT_WISH_OFF)
		return;
	rc = find(network == SBK_NETWORK_ON ? SBK_PRINCIPAL_ONLINE
					    : SBK_PRINCIPAL_OFFLINE,
		  &out->principal, &err);
	if (rc == SBK_E_NOTFOUND && wish == SBK_ACCOUNT_WISH_AUTO)
		return;
	if (rc == 0)
		rc = sbk_own_account_open(&out->principal, &out->secret, &err);
	out->wanted = rc == 0;
	if (rc < 0)
		(void)snprintf(missing, SBK_ACCOUNT_MISSING_MAX, "%s",
			       err.message);
}

void sbk_own_account_end(struct sbk_own_account *account)
{
	sbk_secret_release(&account->secret);
	account->wanted = false;
}
