/*
 * Principals that are more than one SID: a token of a user and groups, since
 * what a deny for one takes from what another one gives is seen in neither of
 * them alone. Owns which entries count for whom. No group is implied: who asks
 * about ann as she signs in names Users and Everyone, too.
 */
#include "audit/volume.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define GROUPS_SHOWN 8

static int by_group(const void *a, const void *b)
{
	const struct sbk_group *one = a, *two = b;

	return sbk_sid_compare(&one->sid, &two->sid);
}

int sbk_volume_token_join(struct sbk_volume_audit *audit, size_t first,
			  struct sbk_error *err)
{
	struct sbk_volume_principal *user = &audit->principals[first];
	size_t count = audit->principal_count - first, kept = 0, i;
	struct sbk_group *groups;

	if (audit->principal_count <= first + 1)
		return 0;
	if (count > SBK_TOKEN_SIDS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a token has no more than %u SIDs",
				     SBK_TOKEN_SIDS_MAX);
	groups = sbk_arena_alloc(&audit->arena, count * sizeof(*groups));
	if (groups == NULL)
		return sbk_error_no_memory(err);
	for (i = 1; i < count; i++)
		groups[i - 1] = (struct sbk_group){
			user[i].sid, SBK_GROUP_ENABLED | SBK_GROUP_MANDATORY};
	qsort(groups, count - 1, sizeof(*groups), by_group);
	for (i = 0; i < count - 1; i++)
		if (!sbk_sid_equal(&groups[i].sid, &user->sid) &&
		    (kept == 0 ||
		     !sbk_sid_equal(&groups[i].sid, &groups[kept - 1].sid)))
			groups[kept++] = groups[i];
	user->groups = groups;
	user->group_count = kept;
	audit->principal_count = first + 1;
	return 0;
}

int sbk_volume_principal_compare(const struct sbk_volume_principal *a,
				 const struct sbk_volume_principal *b)
{
	int order = sbk_sid_compare(&a->sid, &b->sid);
	size_t i;

	if (order == 0 && a->group_count != b->group_count)
		order = a->group_count < b->group_count ? -1 : 1;
	for (i = 0; order == 0 && i < a->group_count; i++)
		order = sbk_sid_compare(&a->groups[i].sid, &b->groups[i].sid);
	return order;
}

/* --- members ---------------------------------------------------------- */

static int by_member(const void *a, const void *b)
{
	const struct sbk_volume_member *one = a, *two = b;
	int order = sbk_sid_compare(&one->sid, &two->sid);

	if (order != 0)
		return order;
	return one->principal < two->principal
		       ? -1
		       : one->principal > two->principal;
}

int sbk_volume_members_find(struct sbk_volume_audit *audit,
			    struct sbk_error *err)
{
	struct sbk_volume_member *out;
	size_t i, g, count = 0;

	for (i = 0; i < audit->principal_count; i++)
		count += 1 + audit->principals[i].group_count;
	out = calloc(count + 1, sizeof(*out));
	if (out == NULL)
		return sbk_error_no_memory(err);
	count = 0;
	for (i = 0; i < audit->principal_count; i++) {
		const struct sbk_volume_principal *p = &audit->principals[i];

		out[count++] = (struct sbk_volume_member){p->sid, i};
		for (g = 0; g < p->group_count; g++)
			out[count++] =
				(struct sbk_volume_member){p->groups[g].sid, i};
	}
	qsort(out, count, sizeof(*out), by_member);
	audit->members = out;
	audit->member_count = count;
	return 0;
}

const struct sbk_volume_member *
sbk_volume_members_of(const struct sbk_volume_audit *audit,
		      const struct sbk_sid *sid, size_t *count)
{
	size_t first = sbk_volume_rows_of(audit->members, audit->member_count,
					  sizeof(*audit->members), sid, count);

	return *count > 0 ? &audit->members[first] : NULL;
}

bool sbk_volume_principal_has(const struct sbk_volume_principal *principal,
			      const struct sbk_sid *sid)
{
	const struct sbk_sid_set groups = {principal->groups,
					   principal->group_count};

	return sbk_sid_equal(&principal->sid, sid) ||
	       sbk_sid_set_lists(&groups, sid);
}

/* --- for people ------------------------------------------------------- */

void sbk_volume_principal_label(const struct sbk_volume_audit *audit,
				const struct sbk_volume_principal *principal,
				struct sbk_buf *out)
{
	struct sbk_sid_verdict verdict;
	size_t i;

	sbk_volume_label(out, &principal->sid, &principal->verdict);
	for (i = 0; i < principal->group_count && i < GROUPS_SHOWN; i++) {
		const struct sbk_sid *sid = &principal->groups[i].sid;

		verdict = sbk_sid_judge(sid, &audit->directory);
		sbk_buf_adds(out, i == 0 ? " with " : ", ");
		sbk_volume_label(out, sid, &verdict);
	}
	if (i < principal->group_count)
		sbk_buf_printf(out, " and %zu more groups",
			       principal->group_count - i);
}
