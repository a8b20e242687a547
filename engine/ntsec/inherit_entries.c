/*
 * What one entry of a parent becomes on a child, and what all of them do (MS-
 * DTYP 2.5.3.4.4 and the table below it; the comment in inherit.c says where
 * the pages win), and the two kinds of list. Creation and spreading both stand
 * on it.
 */
#include "engine/ntsec/inherit_entries.h"

#include <assert.h>
#include <string.h>

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

const struct sbk_inherit_kind sbk_inherit_dacl = {
	.part = SBK_SD_DACL,
	.name = "DACL",
	.present = SBK_SD_DACL_PRESENT,
	.defaulted = SBK_SD_DACL_DEFAULTED,
	.inherited = SBK_SD_DACL_INHERITED,
	.protect = SBK_SD_DACL_PROTECTED,
	.flag = SBK_INHERIT_DACL,
};

const struct sbk_inherit_kind sbk_inherit_sacl = {
	.part = SBK_SD_SACL,
	.name = "SACL",
	.present = SBK_SD_SACL_PRESENT,
	.defaulted = SBK_SD_SACL_DEFAULTED,
	.inherited = SBK_SD_SACL_INHERITED,
	.protect = SBK_SD_SACL_PROTECTED,
	.flag = SBK_INHERIT_SACL,
};

const struct sbk_nt_acl *sbk_inherit_list(const struct sbk_inherit_kind *kind,
					  const struct sbk_sd *sd,
					  enum sbk_acl_presence *presence)
{
	bool is_dacl = kind->part == SBK_SD_DACL;

	*presence = sd == NULL ? SBK_ACL_ABSENT
		    : is_dacl  ? sd->dacl_is
			       : sd->sacl_is;
	if (*presence != SBK_ACL_PRESENT)
		return NULL;
	return is_dacl ? &sd->dacl : &sd->sacl;
}

void sbk_inherit_add_bytes(struct sbk_buf *into, uint16_t *count,
			   const struct sbk_ace *ace, uint8_t flags)
{
	uint8_t header[2] = {ace->type, flags};

	sbk_buf_add(into, header, sizeof(header));
	sbk_buf_add(into, ace->bytes + sizeof(header),
		    ace->size - sizeof(header));
	(*count)++;
}

static bool has_object_flags(uint8_t type)
{
	return (type >= SBK_ACE_ALLOW_OBJECT && type <= SBK_ACE_ALARM_OBJECT) ||
	       type == SBK_ACE_ALLOW_CALLBACK_OBJECT ||
	       type == SBK_ACE_DENY_CALLBACK_OBJECT ||
	       type == SBK_ACE_AUDIT_CALLBACK_OBJECT ||
	       type == SBK_ACE_ALARM_CALLBACK_OBJECT;
}

static bool has_rights(const struct sbk_ace *ace)
{
	return !ace->is_opaque &&
	       (ace->effect == SBK_ACE_ALLOWS ||
		ace->effect == SBK_ACE_DENIES || ace->effect == SBK_ACE_AUDITS);
}

/* Whom the entry's SID stands for on this child, or NULL: for itself. */
static const struct sbk_sid *stands_for(const struct sbk_ace *ace,
					const struct sbk_inherit_child *child)
{
	const uint32_t owner = 0, group = 1;
	struct sbk_sid creator;

	if (!has_rights(ace) || sbk_sid_authority(&ace->sid) != 3)
		return NULL;
	creator = sbk_sid_make(3, &owner, 1);
	if (sbk_sid_equal(&ace->sid, &creator))
		return child->owner;
	creator = sbk_sid_make(3, &group, 1);
	return sbk_sid_equal(&ace->sid, &creator) ? child->group : NULL;
}

/* Whether an effective copy says something else than the entry itself. */
bool sbk_inherit_is_generic(const struct sbk_ace *ace,
			    const struct sbk_inherit_child *child)
{
	return has_rights(ace) && ((ace->mask & SBK_RIGHTS_GENERIC) != 0 ||
				   stands_for(ace, child) != NULL);
}

/* The type of an object entry that has lost its object types. */
static uint8_t plain_type(uint8_t type)
{
	return type <= SBK_ACE_ALARM_OBJECT
		       ? type - (SBK_ACE_ALLOW_OBJECT - SBK_ACE_ALLOW)
		       : type - (SBK_ACE_ALLOW_CALLBACK_OBJECT -
				 SBK_ACE_ALLOW_CALLBACK);
}

/* The entry as it is effective on the child: SID and mask made concrete. */
int sbk_inherit_add_effective(struct sbk_buf *into, uint16_t *count,
			      const struct sbk_ace *ace, uint8_t flags,
			      const struct sbk_inherit_child *child,
			      struct sbk_error *err)
{
	const struct sbk_sid *who = stands_for(ace, child);
	struct sbk_ace_parts parts = {
		.type = ace->type,
		.flags = flags,
		.mask = ace->mask,
		.object_type = ace->object_type,
		.inherited_type = ace->inherited_type,
		.sid = who != NULL ? *who : ace->sid,
		.data = ace->data,
		.data_size = ace->data_size,
	};
	bool is_last = (flags & SBK_ACE_INHERITED) != 0 &&
		       (flags & SBK_PASSED_ON) == 0 &&
		       has_object_flags(ace->type);

	if (!sbk_inherit_is_generic(ace, child) && !is_last) {
		sbk_inherit_add_bytes(into, count, ace, flags);
		return 0;
	}
	if (has_rights(ace))
		parts.mask = sbk_rights_map(ace->mask, child->mapping);
	/* The inherited type says nothing where nothing inherits it any more,
	 * and an object entry without types is a plain one. */
	if (is_last) {
		parts.inherited_type = NULL;
		if (parts.object_type == NULL)
			parts.type = plain_type(ace->type);
	}
	(*count)++;
	return sbk_ace_write(into, &parts, err);
}

bool sbk_inherit_is_for_type(const struct sbk_ace *ace,
			     const struct sbk_inherit_child *child)
{
	if (ace->is_opaque || ace->inherited_type == NULL)
		return true;
	return child->object_type != NULL &&
	       memcmp(ace->inherited_type, child->object_type,
		      SBK_GUID_BYTES) == 0;
}

int sbk_inherit_one(const struct sbk_ace *ace,
		    const struct sbk_inherit_child *child,
		    struct sbk_buf *entries, uint16_t *count,
		    struct sbk_error *err)
{
	uint8_t wanted = child->is_container ? SBK_ACE_CONTAINER_INHERIT
					     : SBK_ACE_OBJECT_INHERIT;
	uint8_t keep =
		ace->flags & (uint8_t) ~(SBK_INHERITANCE | SBK_ACE_INHERITED);
	uint8_t onward = 0;
	int rc;

	if (child->is_marked)
		keep |= SBK_ACE_INHERITED;
	if (child->is_container && (ace->flags & SBK_ACE_NO_PROPAGATE) == 0)
		onward = ace->flags & SBK_PASSED_ON;
	if ((ace->flags & wanted) == 0 ||
	    !sbk_inherit_is_for_type(ace, child)) {
		if (onward != 0)
			sbk_inherit_add_bytes(entries, count, ace,
					      keep | onward |
						      SBK_ACE_INHERIT_ONLY);
		return 0;
	}
	if (onward == 0 || !sbk_inherit_is_generic(ace, child))
		return sbk_inherit_add_effective(entries, count, ace,
						 keep | onward, child, err);
	rc = sbk_inherit_add_effective(entries, count, ace, keep, child, err);
	if (rc == 0)
		sbk_inherit_add_bytes(entries, count, ace,
				      keep | onward | SBK_ACE_INHERIT_ONLY);
	return rc;
}

/* Both lists end at 64 KiB, so a count of 16 bits cannot overflow first. */
int sbk_inherit_check_size(const struct sbk_buf *entries, struct sbk_error *err)
{
	if (entries->size > SBK_NT_ACL_BYTES_MAX - SBK_NT_ACL_HEADER_BYTES)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a list of entries exceeds 64 KiB by what "
				     "it inherits");
	return sbk_buf_failed(entries, err);
}

int sbk_inherit_entries(const struct sbk_nt_acl *parent,
			const struct sbk_inherit_child *child,
			struct sbk_buf *entries, uint16_t *count,
			struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	int rc = 0;

	assert(child->mapping != NULL);
	while (rc == 0 && sbk_nt_acl_next(parent, &at, &ace)) {
		rc = sbk_inherit_one(&ace, child, entries, count, err);
		if (rc == 0)
			rc = sbk_inherit_check_size(entries, err);
	}
	return rc;
}

uint8_t sbk_inherit_revision(const uint8_t *entries, size_t size)
{
	size_t at = 0;

	for (; at < size; at += get_u16le(entries + at + 2))
		if (has_object_flags(entries[at]))
			return SBK_NT_ACL_REVISION_DS;
	return SBK_NT_ACL_REVISION;
}
