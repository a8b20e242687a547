/*
 * The arithmetic of handing back. Whatever the list of such an object says, a
 * sandboxed command may have written it. So:
 *
 *  1. What the object inherits is what its directory gives to a new object of
 *     the person's; unless its list is protected, or the directory's is from
 *     before automatic inheritance, whose entries nobody can tell apart.
 *  2. An explicit entry that gives the account more than any grant does becomes
 *     the person's. Other entries of the account stay: one may be a grant's.
 *  3. What denies the person something, or is a run's own, goes.
 *  4. Where there is no list, which lets everybody in, there is what is
 *     inherited; and still none where that is nothing.
 *  5. Everything else keeps its bytes and its order.
 *  6. What lies in a directory that stays the account's stays, too: what that
 *     one hands down is the account's word, and would be set right by nobody.
 */
#include "engine/windows/hand_back_rules.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/inherit.h"
#include "engine/windows/access_rules.h"
#include "engine/windows/access_state.h"
#include "engine/windows/synthetic.h"

#include "engine/banned.h"

/* What an entry of a grant can have (WINDOWS.md part 3, "Grants"). */
#define GRANTED_MOST 0x001301bfu

struct handing {
	struct sbk_sid person, account;
	struct sbk_nt_access above, now;
	struct sbk_buf entries;
	uint16_t count;
};

/* Whether what it inherits is to be made anew. */
static bool inherits_anew(const struct handing *h)
{
	return h->above.dacl_is == SBK_ACL_PRESENT &&
	       (h->above.control & SBK_SD_DACL_INHERITED) != 0 &&
	       (h->now.control & SBK_SD_DACL_PROTECTED) == 0;
}

static bool goes(const struct handing *h, const struct sbk_ace *ace)
{
	if ((ace->flags & SBK_ACE_INHERITED) != 0 && inherits_anew(h))
		return true;
	if (ace->is_opaque)
		return false;
	return sbk_synthetic_is_run(&ace->sid) ||
	       (ace->effect == SBK_ACE_DENIES &&
		sbk_sid_equal(&ace->sid, &h->person));
}

static bool becomes_the_persons(const struct handing *h,
				const struct sbk_ace *ace)
{
	return ace->type == SBK_ACE_ALLOW &&
	       sbk_sid_equal(&ace->sid, &h->account) &&
	       (ace->mask & ~GRANTED_MOST) != 0;
}

static int add_entry(struct handing *h, const struct sbk_ace *ace,
		     struct sbk_error *err)
{
	const struct sbk_ace_parts parts = {.type = ace->type,
					    .flags = ace->flags,
					    .mask = ace->mask,
					    .sid = h->person};

	if (goes(h, ace))
		return 0;
	h->count++;
	if (becomes_the_persons(h, ace))
		return sbk_ace_write(&h->entries, &parts, err);
	sbk_buf_add(&h->entries, ace->bytes, ace->size);
	return sbk_buf_failed(&h->entries, err);
}

static int add_kept(struct handing *h, struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_nt_acl acl;
	struct sbk_ace ace;
	int rc;

	if (h->now.dacl_is != SBK_ACL_PRESENT)
		return 0;
	rc = sbk_nt_access_dacl(&h->now, &acl, err);
	while (rc == 0 && sbk_nt_acl_next(&acl, &at, &ace))
		rc = add_entry(h, &ace, err);
	return rc;
}

static int add_inherited(struct handing *h, struct sbk_error *err)
{
	const struct sbk_inherit_child child = {
		.is_container = h->now.is_directory,
		.is_marked = true,
		.owner = &h->person,
		.group = h->now.has_group ? &h->now.group : NULL,
		.mapping = sbk_nt_mapping(h->now.is_directory ? SBK_NT_DIRECTORY
							      : SBK_NT_FILE)};
	struct sbk_nt_acl acl;
	int rc;

	if (!inherits_anew(h))
		return 0;
	rc = sbk_nt_access_dacl(&h->above, &acl, err);
	return rc < 0 ? rc
		      : sbk_inherit_entries(&acl, &child, &h->entries,
					    &h->count, err);
}

/* Whether the list has just these entries already. */
static bool is_the_same(const struct handing *h, const struct sbk_nt_acl *acl)
{
	return acl->count == h->count &&
	       acl->used == SBK_NT_ACL_HEADER_BYTES + h->entries.size &&
	       (h->entries.size == 0 ||
		memcmp(acl->bytes + SBK_NT_ACL_HEADER_BYTES, h->entries.data,
		       h->entries.size) == 0);
}

static int put_list(struct handing *h, struct sbk_error *err)
{
	struct sbk_buf list = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	int rc = 0;

	if (h->count > SBK_ACL_ENTRIES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a DACL of more than %d entries",
				     SBK_ACL_ENTRIES_MAX);
	if (h->now.dacl_is != SBK_ACL_PRESENT && h->count == 0)
		return 0;
	if (inherits_anew(h))
		h->now.control |= SBK_SD_DACL_INHERITED;
	if (h->now.dacl_is == SBK_ACL_PRESENT) {
		rc = sbk_nt_access_dacl(&h->now, &acl, err);
		if (rc < 0 || is_the_same(h, &acl))
			return rc;
	}
	rc = sbk_nt_acl_write(
		&list,
		sbk_inherit_revision((const uint8_t *)h->entries.data,
				     h->entries.size),
		&h->entries, h->count, err);
	if (rc == 0) {
		sbk_buf_release(&h->now.dacl);
		h->now.dacl = list;
		h->now.dacl_is = SBK_ACL_PRESENT;
		list = (struct sbk_buf)SBK_BUF_INIT;
	}
	sbk_buf_release(&list);
	return rc;
}

static int hand_over(struct handing *h, struct sbk_error *err)
{
	int rc;

	/* The entries for "creator owner" are the person's, then. */
	if (h->now.has_group && sbk_sid_equal(&h->now.group, &h->account))
		h->now.group = h->person;
	h->now.owner = h->person;
	h->now.control &= (uint16_t)~SBK_SD_OWNER_DEFAULTED;
	rc = add_kept(h, err);
	if (rc == 0)
		rc = add_inherited(h, err);
	return rc < 0 ? rc : put_list(h, err);
}

int sbk_nt_hand_back(const char *person, const char *account,
		     struct sbk_state above, struct sbk_state current,
		     struct sbk_buf *next, struct sbk_error *err)
{
	struct handing h = {.above = SBK_NT_ACCESS_INIT,
			    .now = SBK_NT_ACCESS_INIT,
			    .entries = SBK_BUF_INIT};
	int rc = sbk_nt_principal_parse(person, &h.person, err);

	if (rc == 0)
		rc = sbk_nt_principal_parse(account, &h.account, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(current, &h.now, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(above, &h.above, err);
	if (rc == 0 &&
	    (!h.now.has_owner || !sbk_sid_equal(&h.now.owner, &h.account)))
		sbk_buf_add(next, current.data, current.size);
	else if (rc == 0 && h.above.has_owner &&
		 sbk_sid_equal(&h.above.owner, &h.account))
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "the directory that it is in stays the "
				   "account's");
	else if (rc == 0 && (rc = hand_over(&h, err)) == 0)
		rc = sbk_nt_access_format(&h.now, next, err);
	sbk_nt_access_release(&h.above);
	sbk_nt_access_release(&h.now);
	sbk_buf_release(&h.entries);
	return rc < 0 ? rc : sbk_buf_failed(next, err);
}
