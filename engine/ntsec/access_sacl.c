/*
 * What a SACL takes from an access check: the mandatory label (MS-DTYP 2.5.3.3;
 * a missing one is medium with no-write-up), and the entries by which the
 * system may limit it further; and what an entry of the DACL for a package may
 * take from tokens of low integrity. Refuses nothing; keeps no state.
 */
#include <string.h>

#include "engine/ntsec/access_pass.h"

#include "engine/banned.h"

/* SYSTEM_MANDATORY_LABEL_*: the policy is the mask of a label. */
#define NO_WRITE_UP 1u
#define NO_READ_UP 2u
#define NO_EXECUTE_UP 4u

#define AUTHORITY_MANDATORY_LABEL 16

struct label {
	uint32_t level, policy;
	bool is_entry;
	uint16_t index;
};

/* The first label counts; the others of a malformed SACL do not. */
static void take_label(struct label *label, const struct sbk_ace *ace,
		       uint16_t index)
{
	if (label->is_entry ||
	    sbk_sid_authority(&ace->sid) != AUTHORITY_MANDATORY_LABEL)
		return;
	label->level = sbk_sid_rid(&ace->sid);
	label->policy = ace->mask;
	label->is_entry = true;
	label->index = index;
}

static void doubt(struct sbk_access_limit *limit, uint32_t rights,
		  uint16_t index)
{
	enum sbk_access_known_answer limits =
		sbk_access_ask(SBK_ASK_SACL_LIMITS);

	if (limits == SBK_NO || (limit->undoubted & ~rights) == 0)
		return;
	if (limit->doubt.mask == 0) {
		limit->doubt.cause = SBK_BY_NO_SOURCE;
		limit->doubt.has_index = limit->doubt.in_sacl = true;
		limit->doubt.index = index;
		limit->doubt.mask = limit->undoubted & ~rights;
	}
	limit->undoubted &= rights;
}

/*
 * A trust label lets a token without trust have its mask, an access filter
 * whoever does not fulfil its condition; a scoped policy names rules that are
 * kept elsewhere. None of them is known to add anything.
 */
static void take_entry(struct sbk_access_limit *limit, struct label *label,
		       const struct sbk_ace *ace, uint16_t index)
{
	if (ace->flags & SBK_ACE_INHERIT_ONLY)
		return;
	switch (ace->type) {
	case SBK_ACE_MANDATORY_LABEL:
		take_label(label, ace, index);
		break;
	case SBK_ACE_PROCESS_TRUST_LABEL:
	case SBK_ACE_ACCESS_FILTER:
		doubt(limit, ace->mask | SBK_RIGHT_SYSTEM_SECURITY, index);
		break;
	case SBK_ACE_SCOPED_POLICY:
		doubt(limit, 0, index);
		break;
	default:
		break;
	}
}

static bool is_above(const struct sbk_token *token, const struct label *label)
{
	if (!token->no_write_up || token->integrity >= label->level)
		return false;
	return !(token->has_package && label->level <= SBK_INTEGRITY_MEDIUM &&
		 sbk_access_ask(SBK_ASK_PACKAGE_LABEL) == SBK_YES);
}

/* READ, WRITE and EXECUTE are allowed or not as the generic rights that they
 * are; a right that several of them have is allowed by any. */
static void apply_label(const struct sbk_access_asked *asked,
			const struct label *label,
			struct sbk_access_limit *limit)
{
	const struct sbk_generic_mapping *mapping = asked->mapping;
	uint32_t others = ~(mapping->read | mapping->write | mapping->execute);
	uint32_t sure = 0, possible;

	if (!(label->policy & NO_READ_UP))
		sure |= mapping->read;
	if (!(label->policy & NO_WRITE_UP))
		sure |= mapping->write;
	if (!(label->policy & NO_EXECUTE_UP))
		sure |= mapping->execute;
	if (asked->token->privileges & SBK_PRIVILEGE_RELABEL)
		sure |= SBK_RIGHT_WRITE_OWNER;
	possible = sure;
	if (!(label->policy & NO_WRITE_UP)) {
		enum sbk_access_known_answer answer =
			sbk_access_ask(SBK_ASK_LABEL_OTHERS);

		if (answer != SBK_NO)
			possible |= others;
		if (answer == SBK_YES)
			sure |= others;
	}
	limit->label.cause = SBK_BY_INTEGRITY;
	limit->label.has_index = limit->label.in_sacl = label->is_entry;
	limit->label.index = label->index;
	limit->label.mask = ~possible;
	limit->label_sure = sure;
	limit->label_possible = possible;
}

/* S-1-15-2-...: of one package; those of all have one number behind it. */
static bool is_package(const struct sbk_sid *sid)
{
	return sbk_sid_authority(sid) == 15 && sbk_sid_sub(sid, 0) == 2 &&
	       sbk_sid_sub_count(sid) > 2;
}

static void ask_low(const struct sbk_access_asked *asked,
		    struct sbk_access_limit *limit)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	if (asked->token->has_package ||
	    asked->token->integrity >= SBK_INTEGRITY_MEDIUM ||
	    asked->sd->dacl_is != SBK_ACL_PRESENT ||
	    sbk_access_ask(SBK_ASK_LOW_PACKAGE) == SBK_YES)
		return;
	while (sbk_nt_acl_next(&asked->sd->dacl, &at, &ace)) {
		if ((ace.flags & SBK_ACE_INHERIT_ONLY) || ace.is_opaque ||
		    !is_package(&ace.sid))
			continue;
		limit->undoubted = 0;
		limit->doubt.cause = SBK_BY_NO_SOURCE;
		limit->doubt.has_index = true;
		limit->doubt.in_sacl = false;
		limit->doubt.index = (uint16_t)(at.index - 1);
		limit->doubt.mask = ~0u;
		return;
	}
}

void sbk_access_limit(const struct sbk_access_asked *asked,
		      struct sbk_access_limit *limit)
{
	struct label label = {
		.level = SBK_INTEGRITY_MEDIUM,
		.policy = NO_WRITE_UP,
	};

	memset(limit, 0, sizeof(*limit));
	limit->label_sure = limit->label_possible = limit->undoubted = ~0u;
	if (asked->sd->sacl_is == SBK_ACL_PRESENT) {
		struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
		struct sbk_ace ace;
		uint16_t index = 0;

		while (sbk_nt_acl_next(&asked->sd->sacl, &at, &ace)) {
			take_entry(limit, &label, &ace, index);
			index++;
		}
	}
	ask_low(asked, limit);
	if (is_above(asked->token, &label))
		apply_label(asked, &label, limit);
}
