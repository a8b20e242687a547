/*
 * Descriptors for tests, made from parts without SDDL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ntsec/sd_make.h"

static void must(int rc, const struct sbk_error *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "sd_make: %s\n", err->message);
	abort();
}

void sd_make_init(struct sd_make *make, const struct sbk_sid *owner,
		  const struct sbk_sid *group)
{
	memset(make, 0, sizeof(*make));
	make->sd.has_owner = make->sd.has_group = true;
	make->sd.owner = *owner;
	make->sd.group = *group;
}

void sd_make_release(struct sd_make *make)
{
	sbk_buf_release(&make->dacl);
	sbk_buf_release(&make->sacl);
	sbk_buf_release(&make->dacl_bytes);
	sbk_buf_release(&make->sacl_bytes);
}

void sd_make_clear(struct sd_make *make)
{
	sbk_buf_clear(&make->dacl);
	sbk_buf_clear(&make->sacl);
	make->dacl_count = make->sacl_count = 0;
	make->has_dacl = make->has_sacl = false;
}

static void add(struct sbk_buf *to, const struct sbk_ace_parts *parts)
{
	struct sbk_error err = SBK_ERROR_INIT;

	must(sbk_ace_write(to, parts, &err), &err);
}

void sd_make_dacl_parts(struct sd_make *make, const struct sbk_ace_parts *parts)
{
	add(&make->dacl, parts);
	make->dacl_count++;
	make->has_dacl = true;
}

void sd_make_dacl(struct sd_make *make, uint8_t type, uint8_t flags,
		  uint32_t mask, const struct sbk_sid *sid)
{
	struct sbk_ace_parts parts = {
		.type = type, .flags = flags, .mask = mask, .sid = *sid};

	sd_make_dacl_parts(make, &parts);
}

void sd_make_sacl(struct sd_make *make, uint8_t type, uint8_t flags,
		  uint32_t mask, const struct sbk_sid *sid)
{
	struct sbk_ace_parts parts = {
		.type = type, .flags = flags, .mask = mask, .sid = *sid};

	add(&make->sacl, &parts);
	make->sacl_count++;
	make->has_sacl = true;
}

static void list(const struct sbk_buf *entries, uint16_t count,
		 struct sbk_buf *bytes, struct sbk_nt_acl *out)
{
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_buf_clear(bytes);
	must(sbk_nt_acl_write(bytes, SBK_NT_ACL_REVISION_DS, entries, count,
			      &err),
	     &err);
	must(sbk_nt_acl_read((const uint8_t *)bytes->data, bytes->size, out,
			     &err),
	     &err);
}

const struct sbk_sd *sd_make_done(struct sd_make *make)
{
	struct sbk_sd *sd = &make->sd;

	sd->dacl_is = make->has_dacl ? SBK_ACL_PRESENT : SBK_ACL_ABSENT;
	sd->sacl_is = make->has_sacl ? SBK_ACL_PRESENT : SBK_ACL_ABSENT;
	if (make->has_dacl)
		list(&make->dacl, make->dacl_count, &make->dacl_bytes,
		     &sd->dacl);
	if (make->has_sacl)
		list(&make->sacl, make->sacl_count, &make->sacl_bytes,
		     &sd->sacl);
	return sd;
}
