/*
 * The distinct descriptors of a volume: which SIDs they name, and what each of
 * the principals that are asked for may do by them. A descriptor is read twice,
 * however many objects have it.
 */
#include "audit/volume.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

typedef int descriptor_fn(struct sbk_volume_audit *audit, size_t index,
			  const struct sbk_sd *sd, struct sbk_error *err);

/* Calls `visit` for each descriptor that can be read; `count_damage`: the
 * first time. */
static int each(struct sbk_volume_audit *audit, bool count_damage,
		descriptor_fn *visit, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	struct sbk_ntfs_damage *damage = sbk_volume_damage(tree);
	struct sbk_ntfs_damage before = *damage;
	struct sbk_buf bytes = SBK_BUF_INIT;
	size_t i, stored = tree->secure != NULL
				   ? sbk_ntfs_secure_count(tree->secure)
				   : 0;
	struct sbk_sd sd;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_volume_distinct(tree); i++) {
		sbk_progress_tell(tree->progress, "judging descriptors", i,
				  sbk_volume_distinct(tree));
		sbk_buf_clear(&bytes);
		rc = sbk_volume_descriptor(tree, i, &bytes, NULL);
		if (rc == SBK_E_NOMEM)
			rc = sbk_error_no_memory(err);
		else if (rc < 0)
			rc = 0; /* counted where it was read */
		else if (sbk_sd_read((const uint8_t *)bytes.data, bytes.size,
				     &sd, NULL) == 0)
			rc = visit(audit, i, &sd, err);
		else
			sbk_ntfs_damage_add(
				damage, SBK_NTFS_BAD_DESCRIPTOR,
				i < stored ? sbk_ntfs_secure_id(tree->secure, i)
					   : 0);
	}
	sbk_buf_release(&bytes);
	if (!count_damage)
		*damage = before;
	return rc;
}

/* --- which SIDs ------------------------------------------------------- */

static int by_sid(const void *a, const void *b)
{
	return sbk_sid_compare(a, b);
}

void sbk_volume_sids_sort(struct sbk_volume_audit *audit)
{
	size_t i, kept = 0;

	if (audit->sid_count == 0)
		return;
	qsort(audit->sids, audit->sid_count, sizeof(*audit->sids), by_sid);
	for (i = 0; i < audit->sid_count; i++)
		if (kept == 0 ||
		    !sbk_sid_equal(&audit->sids[kept - 1], &audit->sids[i]))
			audit->sids[kept++] = audit->sids[i];
	audit->sid_count = kept;
}

/* Each is kept once, sorted when the room is used up: descriptors of a volume
 * name few SIDs many times. */
int sbk_volume_sids_meet(struct sbk_volume_audit *audit,
			 const struct sbk_sid *sid, struct sbk_error *err)
{
	if (audit->sid_count == 2 * SBK_VOLUME_SIDS_MAX) {
		sbk_volume_sids_sort(audit);
		if (audit->sid_count > SBK_VOLUME_SIDS_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "its descriptors name more than "
					     "%u SIDs",
					     SBK_VOLUME_SIDS_MAX);
	}
	audit->sids[audit->sid_count++] = *sid;
	return 0;
}

static int meet_all(struct sbk_volume_audit *audit, size_t index,
		    const struct sbk_sd *sd, struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	int rc = 0;

	(void)index;
	if (sd->has_owner)
		rc = sbk_volume_sids_meet(audit, &sd->owner, err);
	while (rc == 0 && sd->dacl_is == SBK_ACL_PRESENT &&
	       sbk_nt_acl_next(&sd->dacl, &at, &ace))
		if (!ace.is_opaque)
			rc = sbk_volume_sids_meet(audit, &ace.sid, err);
	return rc;
}

int sbk_volume_sids_find(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	int rc;

	audit->sids =
		malloc(2 * (size_t)SBK_VOLUME_SIDS_MAX * sizeof(*audit->sids));
	if (audit->sids == NULL)
		return sbk_error_no_memory(err);
	rc = each(audit, true, meet_all, err);
	sbk_volume_sids_sort(audit);
	return rc;
}

/* --- what they may do ------------------------------------------------- */

static int by_principal(const void *a, const void *b)
{
	const struct sbk_volume_hit *one = a, *two = b;

	if (one->principal != two->principal)
		return one->principal < two->principal ? -1 : 1;
	return one->descriptor < two->descriptor
		       ? -1
		       : one->descriptor > two->descriptor;
}

int sbk_volume_judge(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	size_t i;
	int rc = audit->principal_count > 0
			 ? each(audit, false, sbk_volume_judge_one, err)
			 : 0;

	if (rc < 0 || audit->hit_count == 0)
		return rc;
	qsort(audit->hits, audit->hit_count, sizeof(*audit->hits),
	      by_principal);
	for (i = 0; i < audit->hit_count; i++) {
		struct sbk_volume_principal *principal =
			&audit->principals[audit->hits[i].principal];

		if (principal->hit_count++ == 0)
			principal->first_hit = i;
	}
	return 0;
}

/* What a descriptor gives to a principal; NULL where it does not name it. */
static const struct sbk_volume_hit *
find_hit(const struct sbk_volume_audit *audit, uint32_t principal,
	 uint32_t descriptor)
{
	const struct sbk_volume_principal *p = &audit->principals[principal];
	size_t low = p->first_hit, high = low + p->hit_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (audit->hits[middle].descriptor == descriptor)
			return &audit->hits[middle];
		if (audit->hits[middle].descriptor < descriptor)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

uint32_t sbk_volume_inherited_from(const struct sbk_volume_audit *audit,
				   uint32_t record,
				   const struct sbk_volume_hit *hit)
{
	const struct sbk_volume_tree *tree = &audit->tree;
	const struct sbk_volume_hit *above = hit;
	uint32_t at = record;
	int depth;

	if (hit->is_explicit)
		return SBK_VOLUME_NONE;
	for (depth = 0; depth < SBK_VOLUME_DEPTH_MAX && above->is_inherited;
	     depth++) {
		at = tree->parent[at];
		above = at != SBK_VOLUME_NONE &&
					tree->descriptor[at] != SBK_VOLUME_NONE
				? find_hit(audit, hit->principal,
					   tree->descriptor[at])
				: NULL;
		if (above == NULL)
			break;
		if (above->is_explicit &&
		    (hit->inherited & ~above->handed[hit->inherited_denies]) ==
			    0)
			return at;
	}
	return SBK_VOLUME_NONE;
}

/* Whether the entry gives some of what the check granted. */
static bool gives(const struct sbk_volume_hit *hit, const struct sbk_ace *ace)
{
	const uint32_t mask =
		sbk_rights_map(ace->mask, sbk_nt_mapping(SBK_NT_DIRECTORY));

	return ace->effect == SBK_ACE_ALLOWS &&
	       (ace->flags & SBK_ACE_INHERIT_ONLY) == 0 &&
	       (mask & hit->granted) != 0;
}

int sbk_volume_entry(struct sbk_volume_audit *audit,
		     const struct sbk_volume_hit *hit, struct sbk_buf *out,
		     struct sbk_error *err)
{
	const struct sbk_volume_principal *principal =
		&audit->principals[hit->principal];
	struct sbk_sddl_options options = {.domains = audit->directory.domains};
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_ace ace, chosen = {.is_opaque = true};
	struct sbk_sd sd;
	bool found = false, given = false;
	int rc = sbk_volume_descriptor(&audit->tree, hit->descriptor, &bytes,
				       err);

	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd,
				 err);
	/* The one that gives something; else, the first. */
	while (rc == 0 && !given && sd.dacl_is == SBK_ACL_PRESENT &&
	       sbk_nt_acl_next(&sd.dacl, &at, &ace)) {
		if (ace.is_opaque ||
		    !sbk_volume_principal_has(principal, &ace.sid))
			continue;
		given = gives(hit, &ace);
		if (given || !found)
			chosen = ace;
		found = true;
	}
	if (rc == 0 && found)
		sbk_sddl_describe_ace(&chosen, &options, out);
	if (rc == 0 && !found)
		sbk_buf_adds(out, "owner");
	sbk_buf_release(&bytes);
	return rc < 0 ? rc : sbk_buf_failed(out, err);
}
