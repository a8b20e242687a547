/*
 * What a running system's own records say of accounts (engine/mentions.h), as
 * facts of volume.h. Owns who is known by it: an account or group that is there
 * is that of its name, or of the tool that gives its accounts such a name; one
 * that says itself that it is Sandbook's is ours; of one that is gone, the rule
 * or the profile that a tool named still says whose it was.
 */
#include "audit/live.h"

#include <stdlib.h>
#include <string.h>

#include "audit/volume_hives.h"
#include "engine/mentions.h"

#include "engine/banned.h"

struct learning {
	struct sbk_volume_audit *audit;
	bool is_partial; /* an account may have been missed */
};

/* What is told of a place: who says it. */
static const struct {
	enum sbk_volume_fact_kind kind;
	const char *source;
} places[] = {
	[SBK_MENTION_ACCOUNT] = {SBK_VOLUME_ACCOUNT, "the account database"},
	[SBK_MENTION_RULE] = {SBK_VOLUME_RULE, "the firewall"},
	[SBK_MENTION_PROCESS] = {SBK_VOLUME_PROCESS, "the list of processes"},
	[SBK_MENTION_FILE] = {SBK_VOLUME_KEPT, "the system"},
	[SBK_MENTION_MEMBER] = {SBK_VOLUME_MEMBER, "the account database"},
	[SBK_MENTION_RIGHT] = {SBK_VOLUME_USER_RIGHT, "the local policy"},
	[SBK_MENTION_PROFILE] = {SBK_VOLUME_PROFILE, "the list of profiles"},
	[SBK_MENTION_HIDDEN] = {SBK_VOLUME_HIDDEN, "Winlogon"},
	[SBK_MENTION_FILTER] = {SBK_VOLUME_FILTER, "the Filtering Platform"},
	[SBK_MENTION_KEY] = {SBK_VOLUME_KEPT, "the registry"},
	[SBK_MENTION_PACKAGE] = {SBK_VOLUME_KEPT, "the list of AppContainers"},
};

/* The account of this name, which was met before; NULL. */
static const struct sbk_sid *find_account(const struct sbk_volume_audit *audit,
					  const char *name)
{
	size_t i;

	for (i = 0; i < audit->fact_count; i++)
		if (audit->facts[i].kind == SBK_VOLUME_ACCOUNT &&
		    sbk_volume_is_same(audit->facts[i].text, name))
			return &audit->facts[i].sid;
	return NULL;
}

/* Whether the account database has it, as far as it was met before. */
static bool is_there(const struct sbk_volume_audit *audit,
		     const struct sbk_sid *sid)
{
	size_t i;

	for (i = 0; i < audit->fact_count; i++)
		if ((audit->facts[i].kind == SBK_VOLUME_ACCOUNT ||
		     audit->facts[i].kind == SBK_VOLUME_GROUP) &&
		    sbk_sid_equal(&audit->facts[i].sid, sid))
			return true;
	return false;
}

static int know(struct learning *learning, const struct sbk_sid_owner *owner,
		const char *source, struct sbk_error *err)
{
	return sbk_volume_known_add(learning->audit, owner, source, err);
}

static int learn_account(struct learning *learning,
			 const struct sbk_mention *mention,
			 const struct sbk_sid *sid, const char *source,
			 struct sbk_error *err)
{
	struct sbk_volume_audit *audit = learning->audit;
	struct sbk_sid_owner owner = {
		.sid = *sid, .origin = SBK_SID_ACCOUNT, .name = mention->name};

	if (mention->is_ours)
		owner.origin = SBK_SID_OURS;
	if (audit->directory.domains.machine == NULL &&
	    sbk_volume_is_account_sid(sid) && sbk_sid_authority(sid) == 5) {
		audit->machine = *sid;
		(void)sbk_sid_parent(&audit->machine);
		audit->directory.domains.machine = &audit->machine;
	}
	return know(learning, &owner, source, err);
}

/* Of one that has no account any more, what a tool named says it. */
static int learn_by_name(struct learning *learning,
			 const struct sbk_mention *mention,
			 const struct sbk_sid *sid, const char *source,
			 struct sbk_error *err)
{
	const char *slash = strrchr(mention->object, '/');
	struct sbk_sid_owner owner = {
		.sid = *sid,
		.origin = SBK_SID_OTHER_TOOL,
		.tool = sbk_sid_tool_of_name(slash != NULL ? slash + 1
							   : mention->object)};

	if (is_there(learning->audit, sid) || !sbk_volume_is_account_sid(sid))
		return 0;
	if (mention->is_ours) {
		owner.origin = SBK_SID_OURS;
	} else if (owner.tool == NULL) {
		/* Of another machine or domain, which is not asked: whoever has
		 * a profile here is somebody. */
		if (mention->place != SBK_MENTION_PROFILE ||
		    sbk_sid_is_below(sid, &learning->audit->machine))
			return 0;
		owner.origin = SBK_SID_ACCOUNT;
		owner.name = slash != NULL ? slash + 1 : mention->object;
	}
	return know(learning, &owner, source, err);
}

/* Who has a name here is somebody, or a tool's by that name. */
static int learn_package(struct learning *learning,
			 const struct sbk_mention *mention,
			 const struct sbk_sid *sid, struct sbk_error *err)
{
	const struct sbk_sid_owner owner = {.sid = *sid,
					    .origin = SBK_SID_ACCOUNT,
					    .name = mention->object};

	return know(learning, &owner, places[mention->place].source, err);
}

static int take_known(struct learning *learning,
		      const struct sbk_mention *mention,
		      const struct sbk_sid *sid, struct sbk_error *err)
{
	const char *source = places[mention->place].source;

	switch (mention->place) {
	case SBK_MENTION_ACCOUNT:
		return learn_account(learning, mention, sid, source, err);
	case SBK_MENTION_RULE:
	case SBK_MENTION_FILTER:
	case SBK_MENTION_PROFILE:
		return learn_by_name(learning, mention, sid, source, err);
	default:
		return 0;
	}
}

static int take(void *arg, const struct sbk_mention *mention,
		struct sbk_error *err)
{
	struct learning *learning = arg;
	struct sbk_volume_audit *audit = learning->audit;
	struct sbk_volume_hive reading = {
		.audit = audit, .path = places[mention->place].source};
	enum sbk_volume_fact_kind kind = places[mention->place].kind;
	const struct sbk_sid *named = NULL;
	const char *text = mention->object;
	struct sbk_sid sid;
	int rc;

	if (mention->sid != NULL &&
	    sbk_sid_parse(mention->sid, strlen(mention->sid), &sid, NULL) == 0)
		named = &sid;
	/* That it has a name is nothing to tell of by itself. */
	if (mention->place == SBK_MENTION_PACKAGE)
		return named != NULL
			       ? learn_package(learning, mention, named, err)
			       : 0;
	if (mention->place == SBK_MENTION_HIDDEN)
		named = find_account(audit, mention->object);
	if (kind == SBK_VOLUME_ACCOUNT && mention->kind == 'g')
		kind = SBK_VOLUME_GROUP;
	if (mention->place == SBK_MENTION_ACCOUNT && mention->name != NULL)
		text = mention->name;
	rc = sbk_volume_fact_add(&reading, named, kind, text,
				 mention->detail != NULL ? mention->detail : "",
				 err);
	if (rc == 0 && mention->removable != NULL) {
		struct sbk_volume_fact *fact =
			&audit->facts[audit->fact_count - 1];

		fact->removable_kind = mention->removable_kind;
		fact->removable =
			sbk_arena_strdup(&audit->arena, mention->removable);
		if (fact->removable == NULL)
			return sbk_error_no_memory(err);
	}
	return rc == 0 && named != NULL
		       ? take_known(learning, mention, named, err)
		       : rc;
}

static int miss(void *arg, const char *place, const char *why,
		struct sbk_error *err)
{
	struct learning *learning = arg;

	learning->is_partial = true;
	return sbk_report_missed(learning->audit->report, place, why, err);
}

static int skip(void *arg, const char *place, const char *why,
		struct sbk_error *err)
{
	struct learning *learning = arg;

	return sbk_report_skipped(learning->audit->report, place, why, err);
}

int sbk_live_facts_find(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct learning learning = {.audit = audit};
	const struct sbk_mention_reader reader = {.found = take,
						  .missed = miss,
						  .skipped = skip,
						  .arg = &learning};
	int rc = sbk_os_mentions(&reader, err);

	sbk_volume_facts_sort(audit);
	audit->has_accounts = rc == 0 && !learning.is_partial &&
			      audit->directory.domains.machine != NULL;
	return rc;
}

int sbk_live_ledgers_tell(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct sbk_volume_hive reading = {.audit = audit,
					  .path = "its place and name"};
	const struct sbk_volume_tree *tree = &audit->tree;
	struct sbk_error why = SBK_ERROR_INIT;
	const char *path;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < tree->candidate_count; i++) {
		const struct sbk_volume_name *name =
			&sbk_volume_names[tree->candidates[i].name];

		if (name->meaning != SBK_VOLUME_LEDGER ||
		    (tree->flags[tree->candidates[i].record] &
		     SBK_VOLUME_DIRECTORY) != 0)
			continue;
		rc = sbk_volume_path_keep(audit, tree->candidates[i].record,
					  &path, err);
		if (rc == 0)
			rc = sbk_volume_fact_add(&reading, NULL,
						 SBK_VOLUME_KEPT, path,
						 name->what, &why);
		/* Anybody may have made many. */
		if (rc == SBK_E_LIMIT)
			rc = sbk_report_missed(audit->report, path, why.message,
					       err);
	}
	sbk_volume_facts_sort(audit);
	return rc;
}
