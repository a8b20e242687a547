/*
 * Fuzz target: inheritance from a descriptor of any bytes. A child's descriptor
 * reads, and holds effective entries without generic rights; what is spread
 * over a small tree of the same descriptor reads, and spreading again changes
 * nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/inherit.h"

#include "engine/banned.h"

#define NODES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_again(const struct sbk_buf *bytes, struct sbk_sd *sd)
{
	must(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, sd, NULL) ==
	     0);
}

/* An inherited entry that counts here says what it gives. */
static void check_list(const struct sbk_nt_acl *acl)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	while (sbk_nt_acl_next(acl, &at, &ace))
		if ((ace.flags & SBK_ACE_INHERITED) != 0 &&
		    (ace.flags & SBK_ACE_INHERIT_ONLY) == 0 &&
		    (ace.effect == SBK_ACE_ALLOWS ||
		     ace.effect == SBK_ACE_DENIES))
			must((ace.mask & SBK_RIGHTS_GENERIC) == 0);
}

/* The type of object that is made where there is one; of the corpus, too. */
static const uint8_t object_type[] = {0xBA, 0x7A, 0x96, 0xBF, 0xE6, 0x0D,
				      0xD0, 0x11, 0xA2, 0x85, 0,    0xAA,
				      0,    0x30, 0x49, 0xE2};

/* How a child is made: bits 0 to 4 are enum sbk_inherit_flags. */
enum how { AS_CONTAINER = 32, OF_TYPE = 64, WITH_DEFAULT = 128 };

static void create(const struct sbk_sd *parent, const struct sbk_sd *creator,
		   unsigned how)
{
	const uint32_t subs[] = {21, 1, 2, 3, 1000};
	const struct sbk_inherit_request request = {
		.parent = parent,
		.creator = creator,
		.is_container = (how & AS_CONTAINER) != 0,
		.object_type = (how & OF_TYPE) != 0 ? object_type : NULL,
		.flags = how & 31,
		.owner = sbk_sid_make(5, subs, 5),
		.group = sbk_sid_make(5, subs, 4),
		.default_dacl =
			(how & WITH_DEFAULT) != 0 &&
					parent->dacl_is == SBK_ACL_PRESENT
				? &parent->dacl
				: NULL,
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd child;
	int rc = sbk_inherit_create(&request, &out, NULL);

	must(rc == 0 || rc == SBK_E_LIMIT || rc == SBK_E_NOMEM);
	if (rc == 0) {
		read_again(&out, &child);
		if (child.dacl_is == SBK_ACL_PRESENT)
			check_list(&child.dacl);
	} else {
		must(out.size == 0);
	}
	sbk_buf_release(&out);
}

/* The node's descriptor with what a spread makes of it. */
static void apply(enum sbk_sd_part part, struct sbk_sd *sd,
		  struct sbk_buf *bytes, const struct sbk_spread_result *result,
		  const struct sbk_spread_change *change)
{
	struct sbk_sd next = *sd;
	struct sbk_buf out = SBK_BUF_INIT;
	bool is_dacl = part == SBK_SD_DACL;
	struct sbk_nt_acl *list = is_dacl ? &next.dacl : &next.sacl;
	unsigned protect =
		is_dacl ? SBK_SD_DACL_PROTECTED : SBK_SD_SACL_PROTECTED;

	next.control = change->control;
	*(is_dacl ? &next.dacl_is : &next.sacl_is) = SBK_ACL_PRESENT;
	must(sbk_nt_acl_read((const uint8_t *)result->lists.data +
				     change->offset,
			     change->size, list, NULL) == 0);
	/* One that became protected keeps what it had. */
	if ((change->control & protect) == 0)
		check_list(list);
	must(sbk_sd_write(&next, &out, NULL) == 0);
	sbk_buf_release(bytes);
	*bytes = out;
	read_again(bytes, sd);
}

static const struct sbk_nt_acl *root_list(enum sbk_sd_part part,
					  const struct sbk_sd *sd)
{
	if (part == SBK_SD_DACL)
		return sd->dacl_is == SBK_ACL_PRESENT ? &sd->dacl : NULL;
	return sd->sacl_is == SBK_ACL_PRESENT ? &sd->sacl : NULL;
}

static void spread(const struct sbk_sd *sd, enum sbk_sd_part part)
{
	struct sbk_sd sds[NODES] = {*sd, *sd, *sd, *sd};
	struct sbk_buf bytes[NODES] = {SBK_BUF_INIT, SBK_BUF_INIT, SBK_BUF_INIT,
				       SBK_BUF_INIT};
	const struct sbk_spread_node nodes[NODES] = {
		{.parent = 0, .is_container = true, .sd = &sds[0]},
		{.parent = 0, .is_container = true, .sd = &sds[1]},
		{.parent = 0, .is_container = false, .sd = &sds[2]},
		{.parent = 1, .is_container = false, .sd = &sds[3]},
	};
	const struct sbk_spread_request request = {
		.nodes = nodes,
		.count = NODES,
		.part = part,
		.root = root_list(part, &sds[0]),
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
	struct sbk_spread_result result;
	size_t i;
	int rc, round;

	for (round = 0; round < 2; round++) {
		rc = sbk_inherit_spread(&request, &result, NULL);
		must(rc == 0 || rc == SBK_E_LIMIT || rc == SBK_E_NOMEM);
		if (rc < 0)
			break;
		must(round == 0 || result.count == 0);
		for (i = 0; i < result.count; i++)
			apply(part, &sds[result.changes[i].node],
			      &bytes[result.changes[i].node], &result,
			      &result.changes[i]);
		sbk_spread_release(&result);
	}
	for (i = 0; i < NODES; i++)
		sbk_buf_release(&bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbk_sd sd;
	struct sbk_sd bare;
	unsigned how;

	if (sbk_sd_read(data, size, &sd, NULL) < 0)
		return 0;
	bare = sd;
	bare.dacl_is = SBK_ACL_ABSENT;
	bare.has_owner = bare.has_group = false;
	for (how = 0; how < 8; how++) {
		unsigned flags =
			(how & 3) | ((how & 4) != 0 ? AS_CONTAINER : 0);

		create(&sd, NULL, flags | WITH_DEFAULT);
		create(&sd, &sd, flags);
		create(&sd, &sd,
		       flags | OF_TYPE | SBK_INHERIT_DEFAULT_IF_OBJECT);
		create(&sd, &bare,
		       flags | OF_TYPE | WITH_DEFAULT |
			       SBK_INHERIT_OWNER_FROM_PARENT |
			       SBK_INHERIT_GROUP_FROM_PARENT);
	}
	create(&sd, NULL, sbk_inherit_flags_below(&sd));
	spread(&sd, SBK_SD_DACL);
	spread(&sd, SBK_SD_SACL);
	return 0;
}
