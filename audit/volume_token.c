/*
 * Principals that are more than one SID: a token of a user and groups, since
 * what a deny for one takes from what another one gives is seen in neither of
 * them alone; and one that is write-restricted, as a run's, which writes only
 * what both its SIDs and those restricting ones may. Owns which entries count
 * for whom. No group is implied: who asks about ann as she signs in names Users
 * and Everyone, too.
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

/* The SIDs of the principals from `first` on, each once, sorted, in the arena,
 * but `without` (or NULL). */
static int take_sids(struct sbk_volume_audit *audit, size_t first,
		     const struct sbk_sid *without, struct sbk_group **out,
		     size_t *kept, struct sbk_error *err)
{
	const size_t count = audit->principal_count - first;
	struct sbk_group *list;
	size_t i;

	if (count >= SBK_TOKEN_SIDS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a token has no more than %u SIDs",
				     SBK_TOKEN_SIDS_MAX);
	list = sbk_arena_alloc(&audit->arena, (count + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++)
		list[i] = (struct sbk_group){audit->principals[first + i].sid,
					     SBK_GROUP_ENABLED |
						     SBK_GROUP_MANDATORY};
	qsort(list, count, sizeof(*list), by_group);
	*kept = 0;
	for (i = 0; i < count; i++)
		if ((without == NULL ||
		     !sbk_sid_equal(&list[i].sid, without)) &&
		    (*kept == 0 ||
		     !sbk_sid_equal(&list[i].sid, &list[*kept - 1].sid)))
			list[(*kept)++] = list[i];
	*out = list;
	audit->principal_count = first;
	return 0;
}

int sbk_volume_token_join(struct sbk_volume_audit *audit, size_t first,
			  struct sbk_error *err)
{
	struct sbk_volume_principal *user = &audit->principals[first];
	struct sbk_group *groups;
	size_t count;
	int rc;

	if (audit->principal_count <= first + 1)
		return 0;
	rc = take_sids(audit, first + 1, &user->sid, &groups, &count, err);
	if (rc < 0)
		return rc;
	user->groups = groups;
	user->group_count = count;
	return 0;
}

int sbk_volume_token_restrict(struct sbk_volume_audit *audit, size_t first,
			      size_t from, struct sbk_error *err)
{
	struct sbk_volume_principal *user = &audit->principals[first];
	struct sbk_group *list;
	size_t count;
	int rc = take_sids(audit, from, NULL, &list, &count, err);

	if (rc < 0)
		return rc;
	user->restricting = list;
	user->restricting_count = count;
	return 0;
}

bool sbk_volume_is_token(const struct sbk_volume_principal *principal)
{
	return principal->group_count > 0 || principal->restricting_count > 0;
}

static int compare_lists(const struct sbk_group *a, size_t a_count,
			 const struct sbk_group *b, size_t b_count)
{
	size_t i;
	int order = 0;

	if (a_count != b_count)
		return a_count < b_count ? -1 : 1;
	for (i = 0; order == 0 && i < a_count; i++)
		order = sbk_sid_compare(&a[i].sid, &b[i].sid);
	return order;
}

int sbk_volume_principal_compare(const struct sbk_volume_principal *a,
				 const struct sbk_volume_principal *b)
{
	int order = sbk_sid_compare(&a->sid, &b->sid);

	if (order == 0)
		order = compare_lists(a->groups, a->group_count, b->groups,
				      b->group_count);
	if (order == 0)
		order = compare_lists(a->restricting, a->restricting_count,
				      b->restricting, b->restricting_count);
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
		count += 1 + audit->principals[i].group_count +
			 audit->principals[i].restricting_count;
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
		/* One that is among those already counts once. */
		for (g = 0; g < p->restricting_count; g++)
			if (!sbk_volume_principal_has(p,
						      &p->restricting[g].sid))
				out[count++] = (struct sbk_volume_member){
					p->restricting[g].sid, i};
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

static void add_list(const struct sbk_volume_audit *audit,
		     const struct sbk_group *list, size_t count,
		     const char *before, const char *things,
		     struct sbk_buf *out)
{
	struct sbk_sid_verdict verdict;
	size_t i;

	for (i = 0; i < count && i < GROUPS_SHOWN; i++) {
		verdict = sbk_sid_judge(&list[i].sid, &audit->directory);
		sbk_buf_adds(out, i == 0 ? before : ", ");
		sbk_volume_label(out, &list[i].sid, &verdict);
	}
	if (i < count)
		sbk_buf_printf(out, " and %zu more %s", count - i, things);
}

void sbk_volume_principal_label(const struct sbk_volume_audit *audit,
				const struct sbk_volume_principal *principal,
				struct sbk_buf *out)
{
	sbk_volume_label(out, &principal->sid, &principal->verdict);
	add_list(audit, principal->groups, principal->group_count, " with ",
		 "groups", out);
	add_list(audit, principal->restricting, principal->restricting_count,
		 ", write-restricted to ", "SIDs", out);
}
