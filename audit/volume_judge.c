/*
 * What the chosen principals may do by one descriptor: the access check of a
 * token of each, which is of one SID mostly. Owns that this takes time by the
 * descriptor's size and not by its square, since hundreds of entries, each of
 * another SID, are what some sandboxes leave.
 *
 * So the check is made on a list that has of the DACL only what can count for
 * its SIDs: their own entries, those of OWNER RIGHTS where one is the owner,
 * and of the entries whose effect nobody knows one wherever some stand between
 * those (to see two is to see one). Nothing else has a say for such a token.
 */
#include "audit/volume.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access.h"

#include "engine/banned.h"

/* An entry that counts for a hit. */
struct counting {
	size_t hit;
	const uint8_t *bytes;
	uint16_t size;
	uint16_t index;	  /* in the DACL */
	uint16_t unknown; /* entries of unknown effect before it */
};

/* The DACL while it is judged. */
struct judging {
	struct sbk_volume_audit *audit;
	size_t first;  /* hit of the descriptor */
	size_t owners; /* how many, from there, are the owner */
	struct counting *list;
	size_t count, capacity;
	/* The smallest entry of unknown effect: it stands for each of them. */
	const uint8_t *unknown;
	uint16_t unknown_size, unknown_count;
	struct sbk_buf entries, acl;
};

/* The hit of this descriptor and principal, made where there is none yet. */
static int hit_of(struct sbk_volume_audit *audit, size_t first,
		  size_t principal, size_t descriptor,
		  struct sbk_volume_hit **out, struct sbk_error *err)
{
	size_t capacity = audit->hit_capacity * 2 + 256;
	size_t last = audit->principals[principal].last_hit;
	struct sbk_volume_hit *hits;

	if (last >= first && last < audit->hit_count &&
	    audit->hits[last].principal == principal) {
		*out = &audit->hits[last];
		return 0;
	}
	if (audit->hit_count >= SBK_VOLUME_HITS_MAX)
		return sbk_error_set(
			err, SBK_E_LIMIT,
			"more than %u entries name the principals; "
			"name fewer of them",
			SBK_VOLUME_HITS_MAX);
	if (audit->hit_count == audit->hit_capacity) {
		hits = realloc(audit->hits, capacity * sizeof(*hits));
		if (hits == NULL)
			return sbk_error_no_memory(err);
		audit->hits = hits;
		audit->hit_capacity = capacity;
	}
	audit->principals[principal].last_hit = audit->hit_count;
	*out = &audit->hits[audit->hit_count++];
	**out = (struct sbk_volume_hit){.principal = (uint32_t)principal,
					.descriptor = (uint32_t)descriptor};
	return 0;
}

/* --- what counts ------------------------------------------------------ */

static int count_entry(struct judging *j, size_t hit, uint16_t index,
		       const struct sbk_ace *ace, struct sbk_error *err)
{
	size_t capacity = j->capacity * 2 + 64;
	struct counting *list;

	if (j->count == j->capacity) {
		list = realloc(j->list, capacity * sizeof(*list));
		if (list == NULL)
			return sbk_error_no_memory(err);
		j->list = list;
		j->capacity = capacity;
	}
	j->list[j->count++] = (struct counting){.hit = hit,
						.bytes = ace->bytes,
						.size = ace->size,
						.index = index,
						.unknown = j->unknown_count};
	return 0;
}

static void take_unknown(struct judging *j, const struct sbk_ace *ace)
{
	if ((ace->flags & SBK_ACE_INHERIT_ONLY) != 0)
		return;
	if (j->unknown_count++ == 0 || ace->size < j->unknown_size) {
		j->unknown = ace->bytes;
		j->unknown_size = ace->size;
	}
}

static void take_rights(struct sbk_volume_hit *hit, const struct sbk_ace *ace)
{
	const uint32_t mask =
		sbk_rights_map(ace->mask, sbk_nt_mapping(SBK_NT_DIRECTORY)) &
		SBK_FILE_ALL;
	const bool denies = ace->effect == SBK_ACE_DENIES;

	if ((ace->flags & SBK_ACE_INHERITED) == 0) {
		hit->is_explicit = true;
		if ((ace->flags &
		     (SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT)) != 0)
			hit->handed[denies] |= mask;
	} else if (!hit->is_inherited || (hit->inherited_denies && !denies)) {
		hit->is_inherited = true;
		hit->inherited = mask;
		hit->inherited_denies = denies;
	}
	if (denies && (ace->flags & SBK_ACE_INHERIT_ONLY) == 0)
		hit->denied |= mask;
}

static int take_entry_for(struct judging *j, size_t principal,
			  size_t descriptor, uint16_t index,
			  const struct sbk_ace *ace, struct sbk_error *err)
{
	struct sbk_volume_hit *hit;
	int rc;

	rc = hit_of(j->audit, j->first, principal, descriptor, &hit, err);
	if (rc < 0)
		return rc;
	take_rights(hit, ace);
	return count_entry(j, (size_t)(hit - j->audit->hits), index, ace, err);
}

static int take_entry(struct judging *j, size_t descriptor, uint16_t index,
		      const struct sbk_ace *ace, struct sbk_error *err)
{
	const struct sbk_volume_member *members;
	size_t count, i;
	int rc = 0;

	members = sbk_volume_members_of(j->audit, &ace->sid, &count);
	for (i = 0; rc == 0 && i < count; i++)
		rc = take_entry_for(j, members[i].principal, descriptor, index,
				    ace, err);
	return rc;
}

/* S-1-3-4, OWNER RIGHTS: in its entries the owner is meant. */
static bool is_owner_rights(const struct sbk_sid *sid)
{
	return sbk_sid_authority(sid) == 3 && sbk_sid_sub(sid, 0) == 4 &&
	       sbk_sid_sub_count(sid) == 1;
}

/* Unless OWNER RIGHTS itself is of the token, whose entry it is already. */
static int count_owner_rights(struct judging *j, size_t hit, uint16_t index,
			      const struct sbk_ace *ace, struct sbk_error *err)
{
	const struct sbk_volume_audit *audit = j->audit;

	return sbk_volume_principal_has(
		       &audit->principals[audit->hits[hit].principal],
		       &ace->sid)
		       ? 0
		       : count_entry(j, hit, index, ace, err);
}

static int take_dacl(struct judging *j, const struct sbk_sd *sd,
		     size_t descriptor, struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	uint16_t index;
	size_t i;
	int rc = 0;

	for (index = 0; rc == 0 && sbk_nt_acl_next(&sd->dacl, &at, &ace);
	     index++) {
		if (ace.effect == SBK_ACE_NO_EFFECT_KNOWN)
			take_unknown(j, &ace);
		if (ace.is_opaque)
			continue;
		rc = take_entry(j, descriptor, index, &ace, err);
		if (!is_owner_rights(&ace.sid))
			continue;
		for (i = 0; rc == 0 && i < j->owners; i++)
			rc = count_owner_rights(j, j->first + i, index, &ace,
						err);
	}
	return rc;
}

/* --- the check -------------------------------------------------------- */

static int by_hit(const void *a, const void *b)
{
	const struct counting *one = a, *two = b;

	if (one->hit != two->hit)
		return one->hit < two->hit ? -1 : 1;
	return one->index < two->index ? -1 : one->index > two->index;
}

static void add_unknown(struct judging *j, uint16_t *count)
{
	sbk_buf_add(&j->entries, j->unknown, j->unknown_size);
	(*count)++;
}

/* The list of what counts for the hit whose entries begin at `at`; gives where
 * the next one's begin. */
static int make_list(struct judging *j, const struct sbk_sd *sd, size_t hit,
		     size_t *at, struct sbk_error *err)
{
	uint16_t count = 0, unknown = 0;

	sbk_buf_clear(&j->entries);
	sbk_buf_clear(&j->acl);
	for (; *at < j->count && j->list[*at].hit == hit; (*at)++) {
		const struct counting *entry = &j->list[*at];

		if (entry->unknown > unknown)
			add_unknown(j, &count);
		unknown = entry->unknown;
		sbk_buf_add(&j->entries, entry->bytes, entry->size);
		count++;
	}
	if (j->unknown_count > unknown)
		add_unknown(j, &count);
	return sbk_nt_acl_write(&j->acl, sd->dacl.revision, &j->entries, count,
				err);
}

static uint32_t granted(const struct sbk_sd *sd,
			const struct sbk_volume_principal *principal)
{
	struct sbk_token token = sbk_token_plain(&principal->sid);
	const struct sbk_access_request request = {
		.desired = SBK_RIGHT_MAXIMUM_ALLOWED,
		.object = SBK_NT_DIRECTORY};
	struct sbk_access_result result;

	token.groups =
		(struct sbk_sid_set){principal->groups, principal->group_count};
	token.restricting = (struct sbk_sid_set){principal->restricting,
						 principal->restricting_count};
	token.is_restricted = token.write_restricted =
		principal->restricting_count > 0;
	sbk_access_check(sd, &token, &request, &result);
	return (result.granted | result.undecided) & SBK_FILE_ALL;
}

static int judge(struct judging *j, const struct sbk_sd *sd,
		 struct sbk_error *err)
{
	struct sbk_volume_audit *audit = j->audit;
	struct sbk_sd reduced = *sd;
	size_t i, at = 0;
	int rc = 0;

	if (j->count > 0)
		qsort(j->list, j->count, sizeof(*j->list), by_hit);
	for (i = j->first; rc == 0 && i < audit->hit_count; i++) {
		if (sd->dacl_is == SBK_ACL_PRESENT) {
			rc = make_list(j, sd, i, &at, err);
			if (rc == 0)
				rc = sbk_nt_acl_read(
					(const uint8_t *)j->acl.data,
					j->acl.size, &reduced.dacl, err);
		}
		if (rc == 0)
			audit->hits[i].granted = granted(
				&reduced,
				&audit->principals[audit->hits[i].principal]);
	}
	return rc;
}

/* SACLs are short, and walked for each hit. */
static int limit_work(struct judging *j, const struct sbk_sd *sd,
		      struct sbk_error *err)
{
	if (sd->sacl_is != SBK_ACL_PRESENT)
		return 0;
	j->audit->sacl_work +=
		(uint64_t)sd->sacl.count * (j->audit->hit_count - j->first);
	if (j->audit->sacl_work <= SBK_VOLUME_SACL_WORK_MAX)
		return 0;
	return sbk_error_set(err, SBK_E_LIMIT,
			     "its descriptors have too long SACLs for so many "
			     "principals; name fewer of them");
}

/* Before all entries: hits of owners are the first ones. */
static int take_owner(struct judging *j, const struct sbk_sid *owner,
		      size_t descriptor, struct sbk_error *err)
{
	const struct sbk_volume_member *members;
	struct sbk_volume_hit *hit;
	size_t count, i;
	int rc = 0;

	members = sbk_volume_members_of(j->audit, owner, &count);
	for (i = 0; rc == 0 && i < count; i++) {
		rc = hit_of(j->audit, j->first, members[i].principal,
			    descriptor, &hit, err);
		if (rc == 0)
			hit->owns = true;
	}
	j->owners = j->audit->hit_count - j->first;
	return rc;
}

int sbk_volume_judge_one(struct sbk_volume_audit *audit, size_t index,
			 const struct sbk_sd *sd, struct sbk_error *err)
{
	struct judging j = {.audit = audit, .first = audit->hit_count};
	int rc = 0;

	if (sd->has_owner)
		rc = take_owner(&j, &sd->owner, index, err);
	if (rc == 0 && sd->dacl_is == SBK_ACL_PRESENT)
		rc = take_dacl(&j, sd, index, err);
	if (rc == 0)
		rc = limit_work(&j, sd, err);
	if (rc == 0)
		rc = judge(&j, sd, err);
	free(j.list);
	sbk_buf_release(&j.entries);
	sbk_buf_release(&j.acl);
	return rc;
}
