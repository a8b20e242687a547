/*
 * Descriptors without somebody: see the header. Owns no rule of inheritance:
 * the copies that an entry left below are entries of those objects, and whoever
 * asks goes through them one by one.
 */
#include "engine/ntsec/sd_strip.h"

#include <string.h>

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

bool sbk_sd_strip_names(const struct sbk_sd_strip *strip,
			const struct sbk_sid *sid)
{
	size_t low = 0, high = strip->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = sbk_sid_compare(&strip->sids[middle], sid);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_theirs(const struct sbk_sd_strip *strip,
		      const struct sbk_ace *ace)
{
	return !ace->is_opaque && sbk_sd_strip_names(strip, &ace->sid);
}

/* Whether a SID of theirs begins at a multiple of 4, or, since a condition is
 * packed, anywhere. */
static bool mentions(const struct sbk_sd_strip *strip,
		     const struct sbk_ace *ace)
{
	const uint8_t *from = ace->bytes, *end = ace->bytes + ace->size;
	struct sbk_sid sid;

	if (!ace->is_opaque) {
		if (ace->data == NULL)
			return false;
		from = ace->data;
		end = ace->data + ace->data_size;
	}
	for (; from < end; from++)
		if (*from == 1 &&
		    sbk_sid_read(from, (size_t)(end - from), &sid, NULL) == 0 &&
		    sbk_sd_strip_names(strip, &sid))
			return true;
	return false;
}

void sbk_sd_strip_look(const struct sbk_sd *sd,
		       const struct sbk_sd_strip *strip,
		       struct sbk_sd_named *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	*out = (struct sbk_sd_named){
		.owner = sd->has_owner && sbk_sd_strip_names(strip, &sd->owner),
		.group = sd->has_group && sbk_sd_strip_names(strip, &sd->group),
	};
	while (sd->dacl_is == SBK_ACL_PRESENT &&
	       sbk_nt_acl_next(&sd->dacl, &at, &ace)) {
		if (!is_theirs(strip, &ace)) {
			out->mentioned =
				out->mentioned || mentions(strip, &ace);
			continue;
		}
		out->entries++;
		out->inherited += (ace.flags & SBK_ACE_INHERITED) != 0;
		out->denies += ace.effect == SBK_ACE_DENIES;
	}
	out->nobody_left =
		out->entries > 0 && out->entries == (size_t)sd->dacl.count;
}

/* The list without their entries: header, the others, slack. */
static void write_list(const struct sbk_nt_acl *acl,
		       const struct sbk_sd_strip *strip, struct sbk_buf *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	size_t begin = out->size;
	uint16_t count = 0;
	struct sbk_ace ace;

	sbk_buf_add(out, acl->bytes, SBK_NT_ACL_HEADER_BYTES);
	while (sbk_nt_acl_next(acl, &at, &ace)) {
		if (is_theirs(strip, &ace))
			continue;
		sbk_buf_add(out, ace.bytes, ace.size);
		count++;
	}
	sbk_buf_add(out, acl->bytes + acl->used, (size_t)acl->size - acl->used);
	if (sbk_buf_failed(out, NULL) == 0) {
		put_u16le((uint8_t *)out->data + begin + 2,
			  (uint16_t)(out->size - begin));
		put_u16le((uint8_t *)out->data + begin + 4, count);
	}
}

int sbk_sd_strip_write(const struct sbk_sd *sd,
		       const struct sbk_sd_strip *strip, struct sbk_buf *out,
		       struct sbk_error *err)
{
	struct sbk_buf list = SBK_BUF_INIT;
	struct sbk_sd_named named;
	struct sbk_sd next = *sd;
	int rc = 0;

	sbk_sd_strip_look(sd, strip, &named);
	if (named.entries > 0) {
		write_list(&sd->dacl, strip, &list);
		rc = sbk_buf_failed(&list, err);
		if (rc == 0)
			rc = sbk_nt_acl_read((const uint8_t *)list.data,
					     list.size, &next.dacl, err);
	}
	if (named.owner && strip->heir != NULL)
		next.owner = *strip->heir;
	if (rc == 0)
		rc = sbk_sd_write(&next, out, err);
	sbk_buf_release(&list);
	return rc;
}
