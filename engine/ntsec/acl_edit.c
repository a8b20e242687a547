/*
 * Exact edits of a list: one entry in, or equal entries out. Everything else,
 * order and slack included, is copied as it stands; nothing is merged, trimmed
 * or moved.
 *
 * Addition and removal agree on one place, the barrier: the offset where
 * an entry with this key belongs. What was added there is the first that is
 * removed; that makes removal the inverse of addition whatever stood in
 * the list before.
 */
#include <string.h>

#include "engine/ntsec/acl.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

bool sbk_ace_is(const struct sbk_ace *ace, const struct sbk_ace_key *key)
{
	return !ace->is_opaque && ace->type == key->type &&
	       ace->flags == key->flags && ace->mask == key->mask &&
	       ace->object_type == NULL && ace->inherited_type == NULL &&
	       ace->data_size == 0 && sbk_sid_equal(&ace->sid, &key->sid);
}

size_t sbk_nt_acl_count(const struct sbk_nt_acl *acl,
			const struct sbk_ace_key *key)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	size_t count = 0;

	while (sbk_nt_acl_next(acl, &at, &ace))
		count += sbk_ace_is(&ace, key);
	return count;
}

static bool decides_access(enum sbk_ace_effect effect)
{
	return effect == SBK_ACE_ALLOWS || effect == SBK_ACE_DENIES;
}

/*
 * Whether an entry with the key has to stand before this one. In a DACL what
 * has no effect on access has no place in the order and bars nobody's way.
 */
static bool is_barrier(const struct sbk_ace *ace, const struct sbk_ace_key *key)
{
	bool key_decides =
		key->type == SBK_ACE_ALLOW || key->type == SBK_ACE_DENY;

	if (key->flags & SBK_ACE_INHERITED)
		return false;
	if (key_decides && !decides_access(ace->effect))
		return false;
	if (ace->flags & SBK_ACE_INHERITED)
		return true;
	return key->type == SBK_ACE_DENY && ace->effect == SBK_ACE_ALLOWS;
}

/* The index of the first barrier, and its offset; else the end. */
static uint16_t find_barrier(const struct sbk_nt_acl *acl,
			     const struct sbk_ace_key *key, uint16_t *offset)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	*offset = acl->used;
	while (sbk_nt_acl_next(acl, &at, &ace))
		if (is_barrier(&ace, key)) {
			*offset = (uint16_t)(at.offset - ace.size);
			return (uint16_t)(at.index - 1);
		}
	return acl->count;
}

/* The list's header with another size and count, its other bytes kept. */
static void add_header(const struct sbk_nt_acl *acl, size_t size,
		       uint16_t count, struct sbk_buf *out)
{
	uint8_t header[SBK_NT_ACL_HEADER_BYTES];

	memcpy(header, acl->bytes, sizeof(header));
	put_u16le(header + 2, (uint16_t)size);
	put_u16le(header + 4, count);
	sbk_buf_add(out, header, sizeof(header));
}

int sbk_nt_acl_add(const struct sbk_nt_acl *acl, const struct sbk_ace_key *key,
		   struct sbk_buf *out, struct sbk_error *err)
{
	static const uint8_t empty[SBK_NT_ACL_HEADER_BYTES] = {
		SBK_NT_ACL_REVISION, 0, SBK_NT_ACL_HEADER_BYTES};
	static const struct sbk_nt_acl empty_acl = {.bytes = empty,
						    .size = sizeof(empty),
						    .revision =
							    SBK_NT_ACL_REVISION,
						    .used = sizeof(empty)};
	const struct sbk_ace_parts parts = {.type = key->type,
					    .flags = key->flags,
					    .mask = key->mask,
					    .sid = key->sid};
	size_t size = SBK_ACE_HEADER_BYTES + 4 + sbk_sid_size(&key->sid);
	uint16_t offset;

	if (!sbk_ace_type_is_plain(key->type))
		return sbk_error_set(err, SBK_E_INVAL,
				     "an entry of type 0x%02x (%s) is more "
				     "than type, flags, mask and SID",
				     key->type, sbk_ace_type_text(key->type));
	if (acl == NULL)
		acl = &empty_acl;
	if (acl->size + size > SBK_NT_ACL_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "one more entry would make an ACL larger "
				     "than %d bytes",
				     SBK_NT_ACL_BYTES_MAX);
	(void)find_barrier(acl, key, &offset);
	add_header(acl, acl->size + size, (uint16_t)(acl->count + 1), out);
	sbk_buf_add(out, acl->bytes + SBK_NT_ACL_HEADER_BYTES,
		    (size_t)offset - SBK_NT_ACL_HEADER_BYTES);
	(void)sbk_ace_write(out, &parts, NULL); /* told by the check below */
	sbk_buf_add(out, acl->bytes + offset, (size_t)acl->size - offset);
	return sbk_buf_failed(out, err);
}

struct matches {
	size_t before, behind;		 /* the barrier: equal entries there */
	size_t skip_before, skip_behind; /* of those, the first that stay */
};

static struct matches count_matches(const struct sbk_nt_acl *acl,
				    const struct sbk_ace_key *key, size_t count)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct matches m = {.before = 0};
	struct sbk_ace ace;
	uint16_t offset, barrier = find_barrier(acl, key, &offset);

	while (sbk_nt_acl_next(acl, &at, &ace)) {
		if (!sbk_ace_is(&ace, key))
			continue;
		if (at.index <= barrier)
			m.before++;
		else
			m.behind++;
	}
	m.skip_before = m.before > count ? m.before - count : 0;
	count -= m.before - m.skip_before;
	m.skip_behind = m.behind > count ? m.behind - count : 0;
	return m;
}

int sbk_nt_acl_remove(const struct sbk_nt_acl *acl,
		      const struct sbk_ace_key *key, size_t count,
		      struct sbk_buf *out, size_t *removed,
		      struct sbk_error *err)
{
	struct matches m = count_matches(acl, key, count);
	size_t gone = m.before - m.skip_before + m.behind - m.skip_behind;
	size_t ace_size = SBK_ACE_HEADER_BYTES + 4 + sbk_sid_size(&key->sid);
	size_t seen = 0;
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	int rc;

	add_header(acl, acl->size - gone * ace_size,
		   (uint16_t)(acl->count - gone), out);
	while (sbk_nt_acl_next(acl, &at, &ace)) {
		if (sbk_ace_is(&ace, key)) {
			size_t nth = seen++;

			if (nth < m.before ? nth >= m.skip_before
					   : nth - m.before >= m.skip_behind)
				continue;
		}
		sbk_buf_add(out, ace.bytes, ace.size);
	}
	sbk_buf_add(out, acl->bytes + acl->used, (size_t)acl->size - acl->used);
	rc = sbk_buf_failed(out, err);
	if (rc == 0)
		*removed = gone;
	return rc;
}
