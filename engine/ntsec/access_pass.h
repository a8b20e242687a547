/*
 * The inside of the access check: what its files share. Only they include it.
 */
#ifndef SBK_NTSEC_ACCESS_PASS_H
#define SBK_NTSEC_ACCESS_PASS_H

#include "engine/ntsec/access.h"
#include "engine/ntsec/access_table.h"

/* Every right that a token may hold on an object but ACCESS_SYSTEM_SECURITY. */
#define SBK_RIGHTS_UNIVERSE 0x001FFFFFu

struct sbk_access_asked {
	const struct sbk_sd *sd;
	const struct sbk_token *token;
	const struct sbk_generic_mapping *mapping;
	enum sbk_nt_object object;
	uint32_t named;	 /* rights asked for by name, mapped */
	uint32_t wanted; /* these, and with MAXIMUM_ALLOWED all others */
};

/* Whose SIDs a pass over the DACL looks for. */
enum sbk_access_who { SBK_WHO_TOKEN, SBK_WHO_RESTRICTING, SBK_WHO_PACKAGE };

/*
 * A pass over the DACL. For each right, what may still be its fate: an entry
 * that is sure to count ends a right, one that may or may not count adds a
 * possible fate and leaves the right open. At the end an open right is denied.
 *
 * A right is granted where granting is its only possible fate, denied where
 * it is none, undecided otherwise.
 */
struct sbk_access_pass {
	uint32_t open, may_grant, may_deny;
	size_t steps;			/* that its conditions may still take */
	struct sbk_access_reason grant; /* the last entry that granted */
	struct sbk_access_reason deny;	/* the first one that denied */
	struct sbk_access_reason doubt; /* the first one that left a doubt */
};

void sbk_access_walk(const struct sbk_access_asked *asked,
		     enum sbk_access_who who, uint32_t rights,
		     struct sbk_access_pass *pass);

static inline uint32_t sbk_access_sure(const struct sbk_access_pass *pass)
{
	return pass->may_grant & ~(pass->may_deny | pass->open);
}

/*
 * What the SACL leaves. The label: what it leaves for sure, and what it may
 * leave. The rest of it: what no other entry puts in doubt.
 */
struct sbk_access_limit {
	uint32_t label_sure, label_possible;
	uint32_t undoubted;
	struct sbk_access_reason label, doubt;
};

void sbk_access_limit(const struct sbk_access_asked *asked,
		      struct sbk_access_limit *limit);

#endif
