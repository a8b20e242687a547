/*
 * Canonical order of a DACL ("Order of ACEs in a DACL"): what it is, and which
 * entry breaks it. Changes nothing.
 *
 * Within the inherited entries any order can be canonical: each deny behind an
 * allow may be the beginning of a more distant ancestor's group, and entries
 * do not record whose they are.
 */
#include "engine/ntsec/acl.h"

#include "engine/banned.h"

/* The first entry of each sort that later ones must not stand behind. */
struct firsts {
	bool has_allow, has_inherited;
	uint16_t allow, inherited;
};

static const char *out_of_place(const struct sbk_ace *ace,
				const struct firsts *firsts, uint16_t *before)
{
	if (ace->flags & SBK_ACE_INHERITED)
		return NULL;
	if (ace->effect == SBK_ACE_DENIES && firsts->has_allow &&
	    (!firsts->has_inherited || firsts->allow < firsts->inherited)) {
		*before = firsts->allow;
		return "a deny entry stands behind an allow entry";
	}
	if (firsts->has_inherited) {
		*before = firsts->inherited;
		return "an explicit entry stands behind an inherited one";
	}
	return NULL;
}

static void remember(const struct sbk_ace *ace, uint16_t index,
		     struct firsts *firsts)
{
	if (ace->flags & SBK_ACE_INHERITED) {
		if (!firsts->has_inherited)
			firsts->inherited = index;
		firsts->has_inherited = true;
	} else if (ace->effect == SBK_ACE_ALLOWS) {
		if (!firsts->has_allow)
			firsts->allow = index;
		firsts->has_allow = true;
	}
}

struct sbk_nt_acl_order sbk_nt_acl_examine_order(const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_order order = {.is_canonical = true};
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct firsts firsts = {.has_allow = false};
	struct sbk_ace ace;

	while (order.is_canonical && sbk_nt_acl_next(acl, &at, &ace)) {
		if (ace.effect != SBK_ACE_ALLOWS &&
		    ace.effect != SBK_ACE_DENIES)
			continue;
		order.why = out_of_place(&ace, &firsts, &order.before);
		order.is_canonical = order.why == NULL;
		if (!order.is_canonical)
			order.index = (uint16_t)(at.index - 1);
		remember(&ace, (uint16_t)(at.index - 1), &firsts);
	}
	return order;
}
