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

static void create(const struct sbk_sd *parent, const struct sbk_sd *creator,
		   bool is_container, unsigned flags)
{
	const uint32_t subs[] = {21, 1, 2, 3, 1000};
	const struct sbk_inherit_request request = {
		.parent = parent,
		.creator = creator,
		.is_container = is_container,
		.flags = flags,
		.owner = sbk_sid_make(5, subs, 5),
		.group = sbk_sid_make(5, subs, 4),
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
static void apply(struct sbk_sd *sd, struct sbk_buf *bytes,
		  const struct sbk_spread_result *result,
		  const struct sbk_spread_change *change)
{
	struct sbk_sd next = *sd;
	struct sbk_buf out = SBK_BUF_INIT;

	next.control = change->control;
	next.dacl_is = SBK_ACL_PRESENT;
	must(sbk_nt_acl_read((const uint8_t *)result->dacls.data +
				     change->offset,
			     change->size, &next.dacl, NULL) == 0);
	/* One that became protected keeps what it had. */
	if ((change->control & SBK_SD_DACL_PROTECTED) == 0)
		check_list(&next.dacl);
	must(sbk_sd_write(&next, &out, NULL) == 0);
	sbk_buf_release(bytes);
	*bytes = out;
	read_again(bytes, sd);
}

static void spread(const struct sbk_sd *sd)
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
	struct sbk_spread_result result;
	size_t i;
	int rc, round;

	for (round = 0; round < 2; round++) {
		rc = sbk_inherit_spread(
			nodes, NODES,
			sds[0].dacl_is == SBK_ACL_PRESENT ? &sds[0].dacl : NULL,
			sbk_nt_mapping(SBK_NT_FILE), &result, NULL);
		must(rc == 0 || rc == SBK_E_LIMIT || rc == SBK_E_NOMEM);
		if (rc < 0)
			break;
		must(round == 0 || result.count == 0);
		for (i = 0; i < result.count; i++)
			apply(&sds[result.changes[i].node],
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
	unsigned flags;

	if (sbk_sd_read(data, size, &sd, NULL) < 0)
		return 0;
	for (flags = 0; flags < 8; flags++) {
		create(&sd, NULL, (flags & 4) != 0, flags & 3);
		create(&sd, &sd, (flags & 4) != 0, flags & 3);
	}
	spread(&sd);
	return 0;
}
