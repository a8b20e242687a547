/*
 * Judging access states. Owns who a sandbox account is when it has logged on;
 * what a descriptor is worth to a token is ntsec's to say. Where ntsec leaves a
 * right undecided it counts as given: who asks wants to know what is not
 * contained.
 */
#include "engine/windows/access_judge.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/access.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/access_rules.h"
#include "engine/windows/access_state.h"
#include "engine/windows/take_back_rules.h"

#include "engine/banned.h"

/* In the token of each local account that logged on interactively, as
 * CreateProcessWithLogonW does ("Well-known SIDs"). */
static const char *const implied[] = {
	"S-1-1-0",  /* Everyone */
	"S-1-2-0",  /* LOCAL */
	"S-1-5-4",  /* INTERACTIVE */
	"S-1-5-11", /* Authenticated Users */
	"S-1-5-15", /* This Organization */
	"S-1-5-113" /* Local account */
};
#define IMPLIED (sizeof(implied) / sizeof(implied[0]))
#define GROUPS_MAX 256

struct identity {
	struct sbk_group groups[GROUPS_MAX + IMPLIED];
	size_t count;
	struct sbk_token token;
};

static int add_group(struct identity *who, const char *text,
		     struct sbk_error *err)
{
	struct sbk_group *group = &who->groups[who->count];
	int rc = sbk_nt_principal_parse(text, &group->sid, err);

	group->attributes = SBK_GROUP_MANDATORY | SBK_GROUP_ENABLED;
	if (rc == 0)
		who->count++;
	return rc;
}

static int make_identity(const struct sbk_subject *subject,
			 struct identity *out, struct sbk_error *err)
{
	struct sbk_sid user;
	size_t i;
	int rc = sbk_nt_principal_parse(subject->principal, &user, err);

	out->count = 0;
	if (rc == 0 && subject->group_count > GROUPS_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT, "more than %d groups",
				   GROUPS_MAX);
	for (i = 0; rc == 0 && i < subject->group_count; i++)
		rc = add_group(out, subject->groups[i], err);
	for (i = 0; rc == 0 && i < IMPLIED; i++)
		rc = add_group(out, implied[i], err);
	out->token = sbk_token_plain(&user);
	out->token.groups = (struct sbk_sid_set){.groups = out->groups,
						 .count = out->count};
	return rc;
}

static void describe(const struct sbk_sd *sd, const struct sbk_subject *subject,
		     const struct sbk_access_reason *reason, bool *named,
		     struct sbk_buf *entry)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_sid_text text;
	struct sbk_ace ace;
	size_t i;

	if (!reason->has_index || reason->in_sacl ||
	    sd->dacl_is != SBK_ACL_PRESENT) {
		*named = reason->cause == SBK_BY_OWNER;
		sbk_buf_adds(entry, sbk_access_cause_text(reason->cause));
		return;
	}
	do {
		if (!sbk_nt_acl_next(&sd->dacl, &at, &ace))
			return;
	} while (at.index <= reason->index);
	sbk_sddl_describe_ace(&ace, NULL, entry);
	if (ace.is_opaque)
		return;
	(void)sbk_sid_format(&ace.sid, &text);
	*named = strcmp(text.text, subject->principal) == 0;
	for (i = 0; !*named && i < subject->group_count; i++)
		*named = strcmp(text.text, subject->groups[i]) == 0;
}

/* What each bit of enum sbk_may asks of a descriptor. */
static const struct {
	unsigned bit;
	uint32_t rights[3]; /* any of them is enough */
} asked[] = {
	{SBK_MAY_WRITE,
	 {SBK_FILE_WRITE_DATA, SBK_FILE_APPEND_DATA, SBK_RIGHT_WRITE_DAC}},
	{SBK_MAY_READ, {SBK_FILE_READ_DATA, 0, 0}},
	{SBK_MAY_EXECUTE, {SBK_FILE_EXECUTE, 0, 0}},
};

static void judge(const struct sbk_sd *sd, bool is_directory,
		  const struct identity *who, const struct sbk_subject *subject,
		  unsigned *rights, bool *named, struct sbk_buf *entry)
{
	struct sbk_access_request request = {
		.object = is_directory ? SBK_NT_DIRECTORY : SBK_NT_FILE};
	struct sbk_access_result result;
	size_t i, j;

	for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		for (j = 0; j < 3 && asked[i].rights[j] != 0; j++) {
			request.desired = asked[i].rights[j];
			sbk_access_check(sd, &who->token, &request, &result);
			if (result.answer == SBK_ACCESS_DENIED)
				continue;
			/* The strongest right says what decided. */
			if (*rights == 0)
				describe(sd, subject, &result.reason, named,
					 entry);
			*rights |= asked[i].bit;
			break;
		}
	}
	if (*rights == 0)
		describe(sd, subject, &result.reason, named, entry);
}

int sbk_nt_access_evaluate(struct sbk_state state,
			   const struct sbk_subject *who, unsigned *rights,
			   bool *named, struct sbk_buf *entry,
			   struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct identity *identity = calloc(1, sizeof(*identity));
	struct sbk_sd sd;
	int rc;

	if (identity == NULL)
		return sbk_error_no_memory(err);
	rc = make_identity(who, identity, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(state, &access, err);
	if (rc == 0)
		rc = sbk_nt_access_view(&access, &sd, err);
	if (rc == 0) {
		*rights = 0;
		*named = false;
		judge(&sd, access.is_directory, identity, who, rights, named,
		      entry);
		rc = sbk_buf_failed(entry, err);
	}
	sbk_nt_access_release(&access);
	free(identity);
	return rc;
}

int sbk_nt_access_naming(struct sbk_state state, const char *principal,
			 unsigned *how, struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_nt_acl acl = {.count = 0};
	unsigned named = 0;
	struct sbk_sid_pattern who;
	struct sbk_ace ace;
	struct sbk_sid sid;
	const bool takes_back = sbk_nt_take_back_parse(principal, &sid);
	int rc = takes_back ? 0 : sbk_sid_pattern_parse(principal, &who, err);

	if (rc == 0)
		rc = sbk_nt_access_parse(state, &access, err);
	if (rc == 0 && access.dacl_is == SBK_ACL_PRESENT)
		rc = sbk_nt_access_dacl(&access, &acl, err);
	while (rc == 0 && acl.count > 0 && sbk_nt_acl_next(&acl, &at, &ace)) {
		if (ace.is_opaque ||
		    !(takes_back ? sbk_nt_take_back_is(&ace, &sid)
				 : sbk_sid_pattern_has(&who, &ace.sid)))
			continue;
		if ((ace.flags & SBK_ACE_INHERIT_ONLY) == 0)
			named |= SBK_NAMED_ENTRY;
		if ((ace.flags &
		     (SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT)) != 0)
			named |= SBK_NAMED_INHERIT;
	}
	if (rc == 0 && !takes_back && access.has_owner &&
	    sbk_sid_pattern_has(&who, &access.owner))
		named |= SBK_NAMED_OWNER;
	if (rc == 0 && !takes_back && access.has_group &&
	    sbk_sid_pattern_has(&who, &access.group))
		named |= SBK_NAMED_GROUP;
	sbk_nt_access_release(&access);
	if (rc == 0)
		*how = named;
	return rc;
}
