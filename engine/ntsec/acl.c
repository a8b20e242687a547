/*
 * Access control lists: the check that makes bytes a view, the cursor over
 * its entries, and the writing of a list from entries. acl_edit.c changes
 * lists, acl_order.c judges their order.
 *
 * Invariant: after sbk_nt_acl_read succeeded, every entry is readable; the
 * cursor asserts it and has no way to fail.
 */
#include <assert.h>
#include <string.h>

#include "engine/ntsec/acl.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define REVISION_MAX SBK_NT_ACL_REVISION_DS

static int wrong(size_t offset, struct sbk_error *err, const char *why)
{
	int rc = sbk_error_set(err, SBK_E_PARSE, "not an ACL: %s", why);

	if (err != NULL)
		err->offset = offset;
	return rc;
}

/* Walks all entries once; sets `used`. */
static int check_entries(struct sbk_nt_acl *acl, struct sbk_error *err)
{
	struct sbk_ace ace;
	size_t at = SBK_NT_ACL_HEADER_BYTES;
	uint16_t i;
	int rc;

	for (i = 0; i < acl->count; i++) {
		rc = sbk_ace_read(acl->bytes + at, acl->size - at, &ace, err);
		if (rc < 0 && err != NULL) {
			err->offset += at;
			(void)sbk_error_prefix(err, "entry %u", i);
		}
		if (rc < 0)
			return rc;
		at += ace.size;
	}
	acl->used = (uint16_t)at;
	return 0;
}

int sbk_nt_acl_read(const uint8_t *data, size_t size, struct sbk_nt_acl *out,
		    struct sbk_error *err)
{
	struct sbk_nt_acl acl = {.bytes = data};
	int rc;

	if (size < SBK_NT_ACL_HEADER_BYTES)
		return wrong(0, err, "its header is cut off");
	acl.revision = data[0];
	acl.size = get_u16le(data + 2);
	acl.count = get_u16le(data + 4);
	if (acl.revision < SBK_NT_ACL_REVISION || acl.revision > REVISION_MAX)
		return wrong(0, err, "its revision is not 2, 3 or 4");
	if (acl.size < SBK_NT_ACL_HEADER_BYTES)
		return wrong(2, err, "its size is below 8");
	if (acl.size > size)
		return wrong(2, err, "it is larger than what is there");
	rc = check_entries(&acl, err);
	if (rc == 0)
		*out = acl;
	return rc;
}

bool sbk_nt_acl_next(const struct sbk_nt_acl *acl, struct sbk_nt_acl_cursor *at,
		     struct sbk_ace *out)
{
	int rc;

	if (at->offset == 0)
		at->offset = SBK_NT_ACL_HEADER_BYTES;
	if (at->index >= acl->count)
		return false;
	rc = sbk_ace_read(acl->bytes + at->offset,
			  (size_t)acl->size - at->offset, out, NULL);
	assert(rc == 0);
	(void)rc;
	at->index++;
	at->offset = (uint16_t)(at->offset + out->size);
	return true;
}

int sbk_nt_acl_write(struct sbk_buf *out, uint8_t revision,
		     const struct sbk_buf *entries, uint16_t count,
		     struct sbk_error *err)
{
	uint8_t header[SBK_NT_ACL_HEADER_BYTES] = {revision};

	if (sbk_buf_failed(entries, err) < 0)
		return entries->failure;
	if (entries->size > SBK_NT_ACL_BYTES_MAX - SBK_NT_ACL_HEADER_BYTES)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "an ACL of %u entries would be larger "
				     "than %d bytes",
				     count, SBK_NT_ACL_BYTES_MAX);
	put_u16le(header + 2, (uint16_t)(sizeof(header) + entries->size));
	put_u16le(header + 4, count);
	sbk_buf_add(out, header, sizeof(header));
	sbk_buf_add(out, entries->data, entries->size);
	return sbk_buf_failed(out, err);
}
