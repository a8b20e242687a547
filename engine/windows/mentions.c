/*
 * Who is there on this machine: local accounts and groups with their SIDs, and
 * who is in which group. An account or group whose comment is sealed with its
 * own SID (account_state.h) says itself that it is ours.
 */
#include "engine/windows/mentions.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/account_state.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_census.h"

#include "engine/banned.h"

struct listing {
	const struct sbk_mention_reader *reader;
	bool is_group;
	const char *group; /* whose members are told */
	struct sbk_sid_text group_sid;
};

int sbk_mention_sid(const struct sbk_mention_reader *reader,
		    struct sbk_mention *mention, const struct sbk_sid *sid,
		    struct sbk_error *err)
{
	struct sbk_sid_text text;

	mention->sid = sbk_sid_format(sid, &text);
	return reader->found(reader->arg, mention, err);
}

int sbk_mention_part(const struct sbk_mention_reader *reader, int rc,
		     const char *place, const struct sbk_error *why,
		     struct sbk_error *err)
{
	if (rc == 0)
		return 0;
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	return reader->missed(reader->arg, place, why->message, err);
}

static int tell_account(struct listing *listing, const char *name,
			const char *comment, struct sbk_error *err)
{
	struct sbk_win32_account account = SBK_WIN32_ACCOUNT_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid_text text;
	struct sbk_mention mention = {.place = SBK_MENTION_ACCOUNT,
				      .object = name,
				      .kind = listing->is_group ? 'g' : 'u',
				      .name = name,
				      .detail = comment};
	int rc =
		sbk_win32_account_find(name, listing->is_group, &account, &why);

	if (rc == 0) {
		mention.is_ours =
			sbk_nt_comment_is_of(comment, name, &account.sid);
		/* That it may log on: itself it would get another SID. */
		if (!listing->is_group)
			mention.removable = sbk_sid_format(&account.sid, &text);
		mention.removable_kind = SBK_KIND_LOGON;
		rc = sbk_mention_sid(listing->reader, &mention, &account.sid,
				     err);
	} else if (rc != SBK_E_NOTFOUND) { /* gone since it was listed */
		rc = sbk_mention_part(listing->reader, rc, name, &why, err);
	} else {
		rc = 0;
	}
	sbk_win32_account_release(&account);
	return rc;
}

static int take_account(void *arg, const char *name, const char *comment,
			struct sbk_error *err)
{
	return tell_account(arg, name, comment, err);
}

static int take_member(void *arg, const struct sbk_sid *sid,
		       struct sbk_error *err)
{
	const struct listing *listing = arg;
	char name[2 * sizeof(struct sbk_sid_text) + 2];
	struct sbk_sid_text text;
	struct sbk_mention mention = {.place = SBK_MENTION_MEMBER,
				      .object = listing->group,
				      .removable = name,
				      .removable_kind = SBK_KIND_MEMBER};

	(void)snprintf(name, sizeof(name), "%s:%s", listing->group_sid.text,
		       sbk_sid_format(sid, &text));
	return sbk_mention_sid(listing->reader, &mention, sid, err);
}

static int take_group(void *arg, const char *name, const char *comment,
		      struct sbk_error *err)
{
	struct listing *listing = arg;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid sid;
	int rc = sbk_win32_sid_of(name, &sid, &why);

	(void)comment;
	listing->group = name;
	if (rc == 0) {
		(void)sbk_sid_format(&sid, &listing->group_sid);
		rc = sbk_win32_each_member(name, take_member, listing, &why);
	}
	return sbk_mention_part(listing->reader, rc, name, &why, err);
}

/* A list that ended early has its reason in `why`, or in `err` where the reader
 * itself did not go on: both are the same text then. */
static int list_all(struct listing *listing, sbk_win32_account_fn *take,
		    const char *place, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_account_list(listing->is_group, take, listing, &why);

	return sbk_mention_part(listing->reader, rc, place, &why, err);
}

int sbk_os_mentions(const struct sbk_mention_reader *reader,
		    struct sbk_error *err)
{
	struct listing users = {.reader = reader};
	struct listing groups = {.reader = reader, .is_group = true};
	int rc = list_all(&users, take_account, "accounts", err);

	if (rc == 0)
		rc = list_all(&groups, take_account, "groups", err);
	if (rc == 0)
		rc = list_all(&groups, take_group, "members of groups", err);
	if (rc == 0)
		rc = sbk_mentions_in_registry(reader, err);
	return rc < 0 ? rc : sbk_mentions_elsewhere(reader, err);
}
