/*
 * One pass of an access check over a DACL: which entries count for whom, and
 * what they do to each right. Refuses nothing; keeps no state. Knows neither
 * labels nor how passes are combined (access.c).
 *
 * Invariants: a right leaves `open` once and never comes back; entries are
 * taken in their order; ACCESS_SYSTEM_SECURITY is never granted by an entry
 * (winnt.h: it is not one of the rights of a DACL).
 */
#include <string.h>

#include "engine/ntsec/access_pass.h"
#include "engine/ntsec/condition.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

/* S-1-3-4, OWNER RIGHTS. */
static const struct sbk_sid owner_rights = {
	{1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0}};
/* S-1-15-2-1 and S-1-15-2-2, ALL (RESTRICTED) APPLICATION PACKAGES. */
static const struct sbk_sid all_packages = {
	{1, 2, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 1, 0, 0, 0}};
static const struct sbk_sid all_restricted_packages = {
	{1, 2, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 2, 0, 0, 0}};

/* What an entry would do, before its rights are looked at. */
struct weight {
	bool allows;
	enum sbk_access_known_answer counts;
	enum sbk_access_cause doubt; /* why `counts` is open */
};

/* Both must be so; the first doubt is the one that is told. */
static void also(struct weight *weight, enum sbk_access_known_answer answer,
		 enum sbk_access_cause doubt)
{
	if (answer == SBK_NO) {
		weight->counts = SBK_NO;
	} else if (answer == SBK_OPEN && weight->counts == SBK_YES) {
		weight->counts = SBK_OPEN;
		weight->doubt = doubt;
	}
}

static void remember(struct sbk_access_reason *reason,
		     enum sbk_access_cause cause, uint16_t index, uint32_t mask)
{
	reason->cause = cause;
	reason->has_index = true;
	reason->index = index;
	reason->mask = mask;
}

static void apply(struct sbk_access_pass *pass, const struct weight *weight,
		  uint32_t mask, uint16_t index)
{
	uint32_t hit = pass->open & mask;

	if (hit == 0)
		return;
	if (weight->allows)
		pass->may_grant |= hit;
	else
		pass->may_deny |= hit;
	if (weight->counts == SBK_OPEN) {
		if (pass->doubt.mask == 0)
			remember(&pass->doubt, weight->doubt, index, hit);
		return;
	}
	pass->open &= ~hit;
	if (weight->allows)
		remember(&pass->grant, SBK_BY_ACE, index, hit);
	else if (pass->deny.mask == 0)
		remember(&pass->deny, SBK_BY_ACE, index, hit);
}

/*
 * Whether this is the SID at `bytes`, which the view of an ACL has checked.
 * The hottest place of a check: the eight bytes that tell length and authority
 * first, then subauthorities from the last one, in which SIDs differ most.
 */
static inline bool is_at(const struct sbk_sid *sid, const uint8_t *bytes)
{
	unsigned i;

	if (memcmp(sid->bytes, bytes, SBK_SID_BYTES_MIN) != 0)
		return false;
	for (i = bytes[1]; i > 0; i--) {
		size_t at = SBK_SID_BYTES_MIN + 4 * (size_t)(i - 1);

		if (memcmp(sid->bytes + at, bytes + at, 4) != 0)
			return false;
	}
	return true;
}

static bool token_has(const struct sbk_token *token, const uint8_t *sid,
		      bool allows)
{
	const struct sbk_sid_set *set = &token->groups;
	size_t i;

	if (is_at(&token->user, sid) && !(allows && token->user_deny_only))
		return true;
	for (i = 0; i < set->count; i++) {
		if (is_at(&set->groups[i].sid, sid) &&
		    sbk_group_counts(set->groups[i].attributes, !allows))
			return true;
	}
	return false;
}

static bool lists(const struct sbk_sid_set *set, const uint8_t *sid)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (is_at(&set->groups[i].sid, sid))
			return true;
	}
	return false;
}

static bool is_enabled(const struct sbk_sid_set *set, const uint8_t *sid)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (is_at(&set->groups[i].sid, sid) &&
		    sbk_group_counts(set->groups[i].attributes, false))
			return true;
	}
	return false;
}

static enum sbk_access_known_answer package_has(const struct sbk_token *token,
						const uint8_t *sid)
{
	if (is_at(&token->package, sid) ||
	    is_enabled(&token->capabilities, sid))
		return SBK_YES;
	if (is_at(&all_packages, sid))
		return token->less_privileged ? SBK_NO : SBK_YES;
	if (is_at(&all_restricted_packages, sid))
		return token->less_privileged
			       ? SBK_YES
			       : sbk_access_ask(SBK_ASK_PACKAGE_ANY);
	return SBK_NO;
}

/* PRINCIPAL SELF stands for nobody: there is no substitution (MS-FSA 2.1.4.14
 * passes none), so it is an ordinary SID that no token has. */
static enum sbk_access_known_answer has(const struct sbk_access_asked *asked,
					enum sbk_access_who who,
					const uint8_t *sid, bool allows)
{
	const struct sbk_token *token = asked->token;

	switch (who) {
	case SBK_WHO_TOKEN:
		return token_has(token, sid, allows) ? SBK_YES : SBK_NO;
	case SBK_WHO_RESTRICTING:
		return lists(&token->restricting, sid) ? SBK_YES : SBK_NO;
	case SBK_WHO_PACKAGE:
		break;
	}
	return package_has(token, sid);
}

static void match(const struct sbk_access_asked *asked, enum sbk_access_who who,
		  const uint8_t *sid, struct weight *weight)
{
	if (is_at(&owner_rights, sid)) {
		if (!asked->sd->has_owner)
			weight->counts = SBK_NO;
		sid = asked->sd->owner.bytes;
	}
	also(weight, has(asked, who, sid, weight->allows), SBK_BY_NO_SOURCE);
	if (weight->counts != SBK_NO && !weight->allows &&
	    who == SBK_WHO_PACKAGE)
		also(weight, sbk_access_ask(SBK_ASK_PACKAGE_DENY),
		     SBK_BY_NO_SOURCE);
}

/* Object entries without an object tree. */
static void weigh_object(const struct sbk_ace *ace, struct weight *weight)
{
	bool is_callback = ace->type == SBK_ACE_ALLOW_CALLBACK_OBJECT ||
			   ace->type == SBK_ACE_DENY_CALLBACK_OBJECT;

	if (is_callback)
		also(weight, sbk_access_ask(SBK_ASK_CALLBACK_OBJECT),
		     SBK_BY_NO_SOURCE);
	if (weight->allows && ace->object_type != NULL)
		also(weight, SBK_NO, SBK_BY_NO_SOURCE);
	else if (weight->allows)
		also(weight, sbk_access_ask(SBK_ASK_OBJECT_ALLOW),
		     SBK_BY_NO_SOURCE);
	else if (ace->object_type != NULL)
		also(weight, sbk_access_ask(SBK_ASK_OBJECT_DENY),
		     SBK_BY_NO_SOURCE);
}

/* An unknown condition denies and does not allow (MS-DTYP 2.4.4.17.3). */
static void weigh_condition(const struct sbk_access_asked *asked,
			    enum sbk_access_who who, const struct sbk_ace *ace,
			    struct sbk_access_pass *pass, struct weight *weight)
{
	struct sbk_condition_view view = {
		.token = asked->token,
		.restricting = who == SBK_WHO_RESTRICTING,
		.sd = asked->sd,
		.steps = &pass->steps,
	};
	bool unsupported = false;
	enum sbk_tristate is;

	if (!sbk_condition_is(ace->data, ace->data_size)) {
		also(weight, sbk_access_ask(SBK_ASK_CALLBACK_OTHER),
		     SBK_BY_NO_SOURCE);
		return;
	}
	is = sbk_condition_evaluate(ace->data, ace->data_size, &view,
				    !weight->allows, &unsupported);
	if (unsupported)
		also(weight, SBK_OPEN, SBK_BY_CONDITION);
	else if (is == SBK_FALSE || (is == SBK_UNKNOWN && weight->allows))
		also(weight, SBK_NO, SBK_BY_CONDITION);
}

/* An entry that we cannot read could allow or deny anything to anybody. */
static void weigh_unknown(struct sbk_access_pass *pass, uint16_t index)
{
	struct weight weight = {
		.allows = true,
		.counts = SBK_YES,
		.doubt = SBK_BY_NO_SOURCE,
	};

	if (sbk_access_ask(SBK_ASK_UNKNOWN_TYPE) == SBK_NO)
		return;
	weight.counts = SBK_OPEN;
	apply(pass, &weight, pass->open, index);
	weight.allows = false;
	apply(pass, &weight, pass->open, index);
}

static void apply_mask(const struct sbk_access_asked *asked,
		       struct sbk_access_pass *pass,
		       const struct weight *weight, uint32_t mask,
		       uint16_t index)
{
	uint32_t rights =
		mask & ~(SBK_RIGHTS_GENERIC | SBK_RIGHT_SYSTEM_SECURITY |
			 SBK_RIGHT_MAXIMUM_ALLOWED);
	struct weight generic = *weight;

	apply(pass, weight, rights, index);
	if (!(mask & SBK_RIGHTS_GENERIC))
		return;
	also(&generic, sbk_access_ask(SBK_ASK_GENERIC_IN_ENTRY),
	     SBK_BY_NO_SOURCE);
	if (generic.counts == SBK_NO)
		return;
	rights = sbk_rights_map(mask & SBK_RIGHTS_GENERIC, asked->mapping);
	apply(pass, &generic, rights, index);
}

/* An entry of any other type than the two plain ones. */
static void weigh_other(const struct sbk_access_asked *asked,
			enum sbk_access_who who, const struct sbk_ace *ace,
			uint16_t index, struct sbk_access_pass *pass)
{
	struct weight weight = {
		.allows = ace->effect == SBK_ACE_ALLOWS,
		.counts = SBK_YES,
	};

	if (ace->effect == SBK_ACE_NO_EFFECT_KNOWN) {
		weigh_unknown(pass, index);
		return;
	}
	if (ace->effect != SBK_ACE_ALLOWS && ace->effect != SBK_ACE_DENIES)
		return;
	match(asked, who, ace->sid.bytes, &weight);
	if (ace->type != SBK_ACE_ALLOW_CALLBACK &&
	    ace->type != SBK_ACE_DENY_CALLBACK)
		weigh_object(ace, &weight);
	if (ace->is_conditional && weight.counts != SBK_NO)
		weigh_condition(asked, who, ace, pass, &weight);
	if (ace->is_conditional && !weight.allows)
		also(&weight, sbk_access_ask(SBK_ASK_CALLBACK_DENY),
		     SBK_BY_NO_SOURCE);
	if (weight.counts != SBK_NO)
		apply_mask(asked, pass, &weight, ace->mask, index);
}

/*
 * The entry at `bytes`, of a list that was checked when it was read. A plain
 * one (MS-DTYP 2.4.4.2, 2.4.4.4: header, mask, SID) is looked at where it
 * stands; sbk_ace_read is for the others. Gives its size.
 */
static uint16_t weigh(const struct sbk_access_asked *asked,
		      enum sbk_access_who who, const uint8_t *bytes,
		      uint16_t index, struct sbk_access_pass *pass)
{
	uint16_t size = get_u16le(bytes + 2);
	struct weight weight = {.counts = SBK_YES};
	struct sbk_ace ace;

	if (bytes[1] & SBK_ACE_INHERIT_ONLY)
		return size;
	if (bytes[0] > SBK_ACE_DENY) {
		if (sbk_ace_read(bytes, size, &ace, NULL) == 0)
			weigh_other(asked, who, &ace, index, pass);
		return size;
	}
	weight.allows = bytes[0] == SBK_ACE_ALLOW;
	match(asked, who, bytes + 8, &weight);
	if (weight.counts != SBK_NO)
		apply_mask(asked, pass, &weight, get_u32le(bytes + 4), index);
	return size;
}

/* An inherit-only entry "does not control access to the object to which it is
 * attached" (ACE_HEADER), so it does not take the owner's rights either. */
static bool names_owner_rights(const struct sbk_nt_acl *dacl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	while (sbk_nt_acl_next(dacl, &at, &ace)) {
		if (!(ace.flags & SBK_ACE_INHERIT_ONLY) && !ace.is_opaque &&
		    sbk_sid_equal(&ace.sid, &owner_rights))
			return true;
	}
	return false;
}

/*
 * READ_CONTROL and WRITE_DAC of an owner, before any entry. A package is no
 * owner. Whether a write-restricted token has the first one by ownership that
 * its restricting SIDs do not share is a question of the table.
 */
static void apply_owner(const struct sbk_access_asked *asked,
			enum sbk_access_who who, struct sbk_access_pass *pass)
{
	const struct sbk_token *token = asked->token;
	const uint8_t *owner = asked->sd->owner.bytes;
	uint32_t rights =
		pass->open & (SBK_RIGHT_READ_CONTROL | SBK_RIGHT_WRITE_DAC);
	enum sbk_access_known_answer reads = SBK_YES;

	if (rights == 0 || who == SBK_WHO_PACKAGE || !asked->sd->has_owner ||
	    has(asked, who, owner, true) != SBK_YES ||
	    names_owner_rights(&asked->sd->dacl))
		return;
	if (who == SBK_WHO_TOKEN && token->write_restricted &&
	    !lists(&token->restricting, owner))
		reads = sbk_access_ask(SBK_ASK_OWNER_READS);
	if (reads != SBK_YES && (rights & SBK_RIGHT_READ_CONTROL)) {
		rights &= ~SBK_RIGHT_READ_CONTROL;
		if (reads == SBK_OPEN) {
			pass->may_grant |= SBK_RIGHT_READ_CONTROL;
			pass->doubt.cause = SBK_BY_NO_SOURCE;
			pass->doubt.mask = SBK_RIGHT_READ_CONTROL;
		}
	}
	pass->may_grant |= rights;
	pass->open &= ~rights;
	pass->grant.cause = SBK_BY_OWNER;
	pass->grant.mask = rights;
}

static void walk_nothing(const struct sbk_access_asked *asked,
			 enum sbk_access_who who, struct sbk_access_pass *pass)
{
	struct weight weight = {.allows = true, .counts = SBK_YES};
	/* Everybody has what the object's kind has, and what was named. */
	uint32_t all = asked->mapping->all | asked->named;

	if (who == SBK_WHO_PACKAGE)
		weight.counts = sbk_access_ask(SBK_ASK_PACKAGE_NO_DACL);
	if (weight.counts == SBK_NO)
		return;
	weight.doubt = SBK_BY_NO_SOURCE;
	apply(pass, &weight, all, 0);
	pass->grant.has_index = pass->doubt.has_index = false;
	pass->grant.cause = SBK_BY_NO_DACL;
}

void sbk_access_walk(const struct sbk_access_asked *asked,
		     enum sbk_access_who who, uint32_t rights,
		     struct sbk_access_pass *pass)
{
	const struct sbk_nt_acl *dacl = &asked->sd->dacl;
	const uint8_t *at;
	uint16_t index;

	memset(pass, 0, sizeof(*pass));
	pass->steps = SBK_CONDITION_STEPS_MAX;
	pass->open = rights & ~SBK_RIGHT_SYSTEM_SECURITY;
	if (asked->sd->dacl_is != SBK_ACL_PRESENT) {
		walk_nothing(asked, who, pass);
		pass->open |= rights & SBK_RIGHT_SYSTEM_SECURITY;
		return;
	}
	apply_owner(asked, who, pass);
	at = dacl->bytes + SBK_NT_ACL_HEADER_BYTES;
	for (index = 0; index < dacl->count && pass->open != 0; index++)
		at += weigh(asked, who, at, index, pass);
	pass->open |= rights & SBK_RIGHT_SYSTEM_SECURITY;
}
