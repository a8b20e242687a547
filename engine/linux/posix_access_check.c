/*
 * The kernel's access check for files with POSIX ACLs, as acl(5) tells it and
 * fs/namei.c does it. It knows no privilege (CAP_DAC_OVERRIDE), no security
 * module, and nothing of the directories above an object.
 *
 * The order: the owner; else an entry of the user; else the owning group and
 * the entries of groups, any of which may grant; else others. Entries of users
 * and groups count as far as the mask lets them.
 *
 * One thing is not in acl(5): where the mode's three group bits are all clear,
 * which with an ACL is the mask, the kernel does not look at the ACL at all.
 * So an empty mask silences the entries, and whoever they name gets what
 * others get. tests/linux/test_posix_access_check.c compares with open().
 */
#include "engine/linux/posix_access_check.h"

#include <string.h>

#include "engine/linux/access_state.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

#define SUBJECT_GROUPS_MAX 256

/* The subject in numbers. */
struct who {
	bool has_uid;
	uint32_t uid;
	uint32_t groups[SUBJECT_GROUPS_MAX];
	size_t group_count;
};

/* What decided: the class, its permissions, and one entry for people. */
struct verdict {
	unsigned perms;
	bool named;
	const char *word; /* "owner", "group", "access", "other" */
	struct sbk_acl_entry entry;
	unsigned mask; /* what the entry's permissions were cut down to */
};

static int add_group(struct who *who, uint32_t gid, struct sbk_error *err)
{
	if (who->group_count == SUBJECT_GROUPS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d groups of one principal",
				     SUBJECT_GROUPS_MAX);
	who->groups[who->group_count++] = gid;
	return 0;
}

static int resolve(const struct sbk_subject *subject, struct who *who,
		   struct sbk_error *err)
{
	struct sbk_principal_id id;
	size_t i;
	int rc = sbk_principal_parse(subject->principal, &id, err);

	if (rc < 0)
		return rc;
	who->group_count = 0;
	who->has_uid = !id.is_group;
	who->uid = id.number;
	if (id.is_group)
		rc = add_group(who, id.number, err);
	for (i = 0; rc == 0 && i < subject->group_count; i++) {
		rc = sbk_principal_parse(subject->groups[i], &id, err);
		if (rc == 0 && !id.is_group)
			rc = sbk_error_set(err, SBK_E_INVAL, "'%s' is no group",
					   subject->groups[i]);
		if (rc == 0)
			rc = add_group(who, id.number, err);
	}
	return rc;
}

static bool in_group(const struct who *who, uint32_t gid)
{
	size_t i;

	for (i = 0; i < who->group_count; i++)
		if (who->groups[i] == gid)
			return true;
	return false;
}

static void decide(struct verdict *verdict, const char *word,
		   const struct sbk_acl_entry *entry, uint32_t id,
		   unsigned mask)
{
	verdict->word = word;
	verdict->entry = *entry;
	verdict->entry.id = id;
	verdict->mask = mask;
	verdict->perms = entry->perms & mask;
	verdict->named = entry->tag != SBK_ACL_OTHER;
}

static unsigned mask_of(const struct sbk_acl *acl)
{
	const struct sbk_acl_entry *mask =
		sbk_acl_find_const(acl, SBK_ACL_MASK, 0);

	return mask != NULL ? mask->perms : 7;
}

/* The group class: each entry of a group that he is in adds what it has. The
 * one shown is the first that adds something, or the first at all. */
static bool decide_groups(const struct sbk_access *access,
			  const struct sbk_acl *acl, const struct who *who,
			  struct verdict *verdict)
{
	unsigned mask = mask_of(acl), perms = 0;
	bool found = false;
	size_t i;

	for (i = 0; i < acl->count; i++) {
		const struct sbk_acl_entry *entry = &acl->entries[i];
		bool owning = entry->tag == SBK_ACL_GROUP_OBJ;
		uint32_t gid = owning ? access->gid : entry->id;

		if ((!owning && entry->tag != SBK_ACL_GROUP) ||
		    !in_group(who, gid))
			continue;
		if (!found || (perms == 0 && (entry->perms & mask) != 0))
			decide(verdict, owning ? "group" : "access", entry, gid,
			       mask);
		found = true;
		perms |= entry->perms & mask;
	}
	if (found)
		verdict->perms = perms;
	return found;
}

static void judge(const struct sbk_access *access, const struct who *who,
		  struct verdict *verdict)
{
	const struct sbk_acl_entry *entry;
	struct sbk_acl acl;

	if (access->acl.count > 0 && (access->mode & 070) != 0)
		sbk_acl_copy(&acl, &access->acl);
	else
		sbk_acl_from_mode(&acl, access->mode);
	if (who->has_uid && who->uid == access->uid) {
		entry = sbk_acl_find(&acl, SBK_ACL_USER_OBJ, 0);
		decide(verdict, "owner", entry, access->uid, 7);
		return;
	}
	entry = who->has_uid ? sbk_acl_find(&acl, SBK_ACL_USER, who->uid)
			     : NULL;
	if (entry != NULL) {
		decide(verdict, "access", entry, who->uid, mask_of(&acl));
		return;
	}
	if (decide_groups(access, &acl, who, verdict))
		return;
	entry = sbk_acl_find(&acl, SBK_ACL_OTHER, 0);
	decide(verdict, "other", entry, 0, 7);
}

static void format_perms(unsigned perms, struct sbk_buf *out)
{
	sbk_buf_addc(out, (perms & SBK_ACL_READ) != 0 ? 'r' : '-');
	sbk_buf_addc(out, (perms & SBK_ACL_WRITE) != 0 ? 'w' : '-');
	sbk_buf_addc(out, (perms & SBK_ACL_EXECUTE) != 0 ? 'x' : '-');
}

static void format_verdict(const struct verdict *verdict, struct sbk_buf *out)
{
	static const struct {
		uint8_t tag;
		char letter;
	} letters[] = {{SBK_ACL_USER_OBJ, 'u'},
		       {SBK_ACL_USER, 'u'},
		       {SBK_ACL_GROUP_OBJ, 'g'},
		       {SBK_ACL_GROUP, 'g'}};
	size_t i;

	sbk_buf_printf(out, "%s ", verdict->word);
	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].tag == verdict->entry.tag)
			sbk_buf_printf(out, "%c:%u:", letters[i].letter,
				       verdict->entry.id);
	format_perms(verdict->entry.perms, out);
	if ((verdict->entry.perms & ~verdict->mask) != 0) {
		sbk_buf_adds(out, " (mask ");
		format_perms(verdict->mask, out);
		sbk_buf_addc(out, ')');
	}
}

int sbk_access_evaluate(struct sbk_state state, const struct sbk_subject *who,
			unsigned *rights, bool *named, struct sbk_buf *entry,
			struct sbk_error *err)
{
	struct sbk_access access;
	struct verdict verdict;
	struct who numbers = {.group_count = 0};
	int rc;

	rc = sbk_access_parse(state, &access, err);
	if (rc == 0)
		rc = resolve(who, &numbers, err);
	if (rc < 0)
		return rc;
	judge(&access, &numbers, &verdict);
	format_verdict(&verdict, entry);
	rc = sbk_buf_failed(entry, err);
	if (rc < 0)
		return rc;
	*rights =
		((verdict.perms & SBK_ACL_READ) != 0 ? SBK_MAY_READ : 0u) |
		((verdict.perms & SBK_ACL_WRITE) != 0 ? SBK_MAY_WRITE : 0u) |
		((verdict.perms & SBK_ACL_EXECUTE) != 0 ? SBK_MAY_EXECUTE : 0u);
	*named = verdict.named;
	return 0;
}

int sbk_access_naming(struct sbk_state state, const char *principal,
		      unsigned *how, struct sbk_error *err)
{
	struct sbk_access access;
	struct sbk_principal_id id;
	uint8_t tag;
	int rc;

	rc = sbk_principal_parse(principal, &id, err);
	if (rc == 0)
		rc = sbk_access_parse(state, &access, err);
	if (rc < 0)
		return rc;
	tag = id.is_group ? SBK_ACL_GROUP : SBK_ACL_USER;
	*how = 0;
	if (sbk_acl_find(&access.acl, tag, id.number) != NULL)
		*how |= SBK_NAMED_ENTRY;
	if (sbk_acl_find(&access.dflt, tag, id.number) != NULL)
		*how |= SBK_NAMED_INHERIT;
	if (!id.is_group && access.uid == id.number)
		*how |= SBK_NAMED_OWNER;
	if (id.is_group && access.gid == id.number)
		*how |= SBK_NAMED_GROUP;
	return 0;
}
