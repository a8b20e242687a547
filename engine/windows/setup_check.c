/* Whether setup may begin; see the header. Pure. */
#include "engine/windows/setup_check.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/synthetic.h"

#include "engine/banned.h"

/* What every account that is in Users has when it logs on: Users, Everyone,
 * Authenticated Users, LOCAL, "Local account", INTERACTIVE. */
static const char *const every_user[] = {"S-1-5-32-545", "S-1-1-0",
					 "S-1-5-11",	 "S-1-2-0",
					 "S-1-5-113",	 "S-1-5-4"};

int sbk_sid_list_add(struct sbk_sid_list *list, const struct sbk_sid *sid,
		     struct sbk_error *err)
{
	struct sbk_sid *grown;

	if (list->count == SBK_SETUP_SIDS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "more than %d SIDs",
				     SBK_SETUP_SIDS_MAX);
	grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	list->items = grown;
	grown[list->count++] = *sid;
	return 0;
}

bool sbk_sid_list_has(const struct sbk_sid_list *list,
		      const struct sbk_sid *sid)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (sbk_sid_equal(&list->items[i], sid))
			return true;
	return false;
}

void sbk_setup_facts_release(struct sbk_setup_facts *facts)
{
	free(facts->caller.items);
	free(facts->restricting.items);
	free(facts->ours.items);
	free(facts->logon.items);
	free(facts->denied.items);
	memset(facts, 0, sizeof(*facts));
}

/* The first of the SIDs above that is in the list, or NULL. */
static const char *find_every_user(const struct sbk_sid_list *list)
{
	struct sbk_sid sid;
	size_t i;

	for (i = 0; i < sizeof(every_user) / sizeof(every_user[0]); i++)
		if (sbk_sid_parse(every_user[i], strlen(every_user[i]), &sid,
				  NULL) == 0 &&
		    sbk_sid_list_has(list, &sid))
			return every_user[i];
	return NULL;
}

/* What a sandbox started must not make sandboxes. */
int sbk_setup_judge_caller(const struct sbk_setup_facts *facts,
			   enum sbk_setup_refusal *which, struct sbk_error *err)
{
	struct sbk_sid_text text;
	size_t i;

	*which = SBK_SETUP_RESTRICTED;
	if (facts->restricting.count > 0)
		return sbk_error_set(
			err, SBK_E_DENIED,
			"this runs with a restricted token (%s), "
			"as within a sandbox; start it from a "
			"console of your own",
			sbk_sid_format(&facts->restricting.items[0], &text));
	*which = SBK_SETUP_SANDBOXED;
	for (i = 0; i < facts->caller.count; i++) {
		const struct sbk_sid *sid = &facts->caller.items[i];

		if (sbk_sid_list_has(&facts->ours, sid) ||
		    sbk_synthetic_parse(sid, NULL, NULL) ||
		    sbk_synthetic_is_run(sid))
			return sbk_error_set(err, SBK_E_DENIED,
					     "this runs as a sandbox account "
					     "(%s); start it as an "
					     "administrator",
					     sbk_sid_format(sid, &text));
	}
	*which = SBK_SETUP_PLAIN;
	if (!facts->elevated)
		return sbk_error_set(err, SBK_E_DENIED,
				     "accounts and network filters are made "
				     "and taken away from an administrator's "
				     "elevated console");
	return 0;
}

static int judge_logon(const struct sbk_setup_facts *facts,
		       struct sbk_error *err)
{
	const char *denied = find_every_user(&facts->denied);

	if (denied != NULL)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the policy 'Deny log on locally' "
				     "(SeDenyInteractiveLogonRight) names %s, "
				     "so no sandbox account could log on; take "
				     "it out in secpol.msc or the group policy",
				     denied);
	if (find_every_user(&facts->logon) == NULL)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the policy 'Allow log on locally' "
				     "(SeInteractiveLogonRight) does not name "
				     "Users (S-1-5-32-545), so no sandbox "
				     "account could log on; add it in "
				     "secpol.msc or the group policy");
	return 0;
}

int sbk_setup_judge(const struct sbk_setup_facts *facts,
		    enum sbk_setup_refusal *which, struct sbk_error *err)
{
	int rc = sbk_setup_judge_caller(facts, which, err);

	if (rc < 0)
		return rc;
	*which = SBK_SETUP_CONTROLLER;
	if (facts->domain_controller)
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"this is a domain controller: its accounts "
			"are the domain's, and sandbox accounts "
			"are a machine's own; set it up on another "
			"machine");
	*which = SBK_SETUP_PASSWORDS;
	if (facts->password_min > SBK_SETUP_PASSWORD)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the password policy wants at least %u "
				     "characters, and a sandbox account's has "
				     "%d; lower 'Minimum password length'",
				     (unsigned)facts->password_min,
				     SBK_SETUP_PASSWORD);
	*which = SBK_SETUP_LOGONS;
	rc = judge_logon(facts, err);
	if (rc < 0)
		return rc;
	*which = SBK_SETUP_FIREWALL;
	return sbk_firewall_effective(&facts->firewall, err);
}
