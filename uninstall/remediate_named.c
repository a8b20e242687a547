/*
 * What names a principal on the running system without being a descriptor: that
 * its account may log on, groups that it is in, user rights, lists. Owns which
 * of them are taken away: those that can be put back as they were. Everything
 * else is left and told:
 *
 *	account, group, profile  made again it would have another SID, so that
 *	                         no undo could bring it back
 *	filter of others         no state of ours holds its conditions, of any
 *	                         type, its callout and its provider's data
 *	key of a tool            made again it has the descriptor of the key
 *	                         above it, and no state of ours holds its own;
 *	                         its values stay in it
 *	firewall rule            where INetFwRule3 does not give all of it, or
 *no undo may make it (firewall_others.c)
 */
#include "uninstall/remediate.h"

#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

/* Of the kinds of facts: what it is, and why it stays: what cannot be taken
 * away itself, also where what it can do is. */
static const struct {
	const char *what, *why;
	bool stays;
} kinds[] = {
	[SBK_VOLUME_ACCOUNT] = {"account",
				"it stays, disabled: deleting it could not be "
				"undone; 'net user NAME /delete' does",
				true},
	[SBK_VOLUME_GROUP] = {"group",
			      "it stays: deleting it could not be undone; 'net "
			      "localgroup NAME /delete' does"},
	[SBK_VOLUME_PROFILE] = {"profile",
				"its files stay; the system's settings delete "
				"a profile"},
	[SBK_VOLUME_HIDDEN] = {"name that is hidden at sign-in", NULL},
	[SBK_VOLUME_RULE] = {"firewall rule",
			     "it stays: not all of it could be put back; "
			     "'netsh advfirewall firewall delete rule "
			     "name=NAME' removes it",
			     false},
	[SBK_VOLUME_MEMBER] = {"membership in", NULL},
	[SBK_VOLUME_USER_RIGHT] = {"user right", NULL},
	[SBK_VOLUME_FILTER] = {"network filter",
			       "it stays: not all of it could be put back; the "
			       "tool that made it removes it"},
	[SBK_VOLUME_PROCESS] = {"process", "it runs; end it"},
	[SBK_VOLUME_KEPT] = {"state of the tool",
			     "it stays: made again it would not be protected "
			     "as it was"},
};

static int add(struct sbk_remediation *r, const struct sbk_volume_fact *fact,
	       struct sbk_error *err)
{
	struct sbk_remediation_named *list =
		realloc(r->named, (r->named_count + 1) * sizeof(*r->named));
	struct sbk_remediation_named *one;
	struct sbk_buf text = SBK_BUF_INIT;

	if (list == NULL)
		return sbk_error_no_memory(err);
	r->named = list;
	one = &list[r->named_count];
	sbk_buf_printf(&text, "%s '%s'", kinds[fact->kind].what, fact->text);
	*one = (struct sbk_remediation_named){
		.text = sbk_arena_strdup(&r->arena, sbk_buf_text(&text)),
		.why = fact->removable == NULL || kinds[fact->kind].stays
			       ? kinds[fact->kind].why
			       : NULL,
		.kind = fact->removable_kind};
	sbk_buf_release(&text);
	if (fact->removable != NULL)
		one->removable = sbk_arena_strdup(&r->arena, fact->removable);
	if (one->text == NULL ||
	    (one->removable == NULL && fact->removable != NULL))
		return sbk_error_no_memory(err);
	r->named_count++;
	return 0;
}

/* A name that nobody has, which a tool that is asked for left. */
static bool is_of_asked(const struct sbk_volume_fact *fact,
			const char *const *asked, size_t count)
{
	const char *tool = fact->kind == SBK_VOLUME_KEPT
				   ? fact->detail
				   : sbk_sid_tool_of_name(fact->text);
	size_t i;

	for (i = 0; tool != NULL && i < count; i++)
		if (strncmp(asked[i], "tool:", 5) == 0 &&
		    strcmp(asked[i] + 5, tool) == 0)
			return true;
	return false;
}

int sbk_remediation_named_find(struct sbk_remediation *r,
			       const struct sbk_volume_audit *audit,
			       const char *const *asked, size_t count,
			       struct sbk_error *err)
{
	const struct sbk_sid nobody = {.bytes = {0}};
	const struct sbk_volume_fact *facts;
	size_t i, j, found;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->count; i++) {
		facts = sbk_volume_facts_of(audit, &r->principals[i].sid,
					    &found);
		for (j = 0; rc == 0 && j < found; j++)
			rc = add(r, &facts[j], err);
	}
	facts = sbk_volume_facts_of(audit, &nobody, &found);
	for (j = 0; rc == 0 && j < found; j++)
		if (is_of_asked(&facts[j], asked, count))
			rc = add(r, &facts[j], err);
	return rc;
}

/* Takes one away, where it still stands. */
static int plan_one(struct sbk_remediation_look *look,
		    const struct sbk_remediation_named *named,
		    struct sbk_error *err)
{
	const struct sbk_object object = {.kind = named->kind,
					  .name = named->removable};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_change change = {.object = object,
				    .after = SBK_STATE_ABSENT,
				    .reason = named->text};
	int rc = sbk_backend_observe(look->r->backend, &object, &seen, &why);

	change.before = sbk_observation_state(&seen);
	if (seen.identity.size > 0)
		change.object.identity = sbk_buf_text(&seen.identity);
	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc < 0)
		rc = sbk_remediation_leave(look, named->text, why.message, err);
	else if (!sbk_state_absent(change.before))
		rc = sbk_plan_add(look->plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

int sbk_remediation_named_plan(struct sbk_remediation_look *look,
			       struct sbk_error *err)
{
	const struct sbk_remediation *r = look->r;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->named_count; i++) {
		const struct sbk_remediation_named *named = &r->named[i];

		if (named->removable != NULL && !sbk_os_elevated())
			rc = sbk_remediation_leave(look, named->text,
						   "an administrator's to take "
						   "away",
						   err);
		else if (named->removable != NULL)
			rc = plan_one(look, named, err);
		if (rc == 0 && named->why != NULL)
			rc = sbk_remediation_leave(look, named->text,
						   named->why, err);
	}
	return rc;
}
