/*
 * One half of the comparison of descriptors' bytes with Samba's; the other is
 * samba_bytes.py.
 *
 *	samba_bytes generate SEED COUNT >cases
 *	samba_bytes check SEED COUNT <what Samba made of them
 *
 * Both make the same random descriptors. A record is its length in 4 bytes,
 * little-endian, and its bytes. `check` asks of each one that
 * - what Samba packed again is, byte for byte, what we make of our own reading
 *   of the case in the layout that Samba uses;
 * - we read what Samba packed, and write it back unchanged.
 *
 * Masked, since Samba 4.17 reads it otherwise:
 * - it drops Sbz1 of the header, the RM control: expected as zero;
 * - it drops data behind a SID (it knows no conditions): expected without;
 * - it takes callback object entries for plain ones: not generated;
 * - it takes every unknown type as mask and SID: opaque ones not generated;
 * - it drops the slack of an ACL: expected without;
 * - it takes the reserved bytes behind AceCount as part of the count, and
 *   reads a list whose presence bit is not set: not generated;
 * - it aligns the parts: only multiples of 4 are generated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/wire.h"
#include "tests/ntsec/random_sd.h"

#include "engine/banned.h"

#define FEATURES (RANDOM_DATA | RANDOM_SLACK | RANDOM_LAYOUT)
#define ACES_MAX 60

static int fail(unsigned long n, const struct sbk_buf *bytes, const char *why)
{
	struct sbk_buf hex = SBK_BUF_INIT;

	sbk_buf_add_hex(&hex, bytes->data, bytes->size);
	(void)fprintf(stderr, "case %lu: %s\n%s\n", n, why, sbk_buf_text(&hex));
	sbk_buf_release(&hex);
	return 1;
}

static int generate(uint64_t seed, unsigned long count)
{
	struct sbk_buf sd = SBK_BUF_INIT;
	struct random r = {.state = seed};
	unsigned long i;
	uint8_t length[4];

	for (i = 0; i < count; i++) {
		sbk_buf_clear(&sd);
		random_sd(&r, FEATURES, ACES_MAX, &sd);
		put_u32le(length, (uint32_t)sd.size);
		if (fwrite(length, 4, 1, stdout) != 1 ||
		    fwrite(sd.data, sd.size, 1, stdout) != 1)
			return 1;
	}
	sbk_buf_release(&sd);
	return fflush(stdout) != 0;
}

/* The list as Samba keeps it: no data, no slack. */
static int add_acl(const struct sbk_nt_acl *acl, struct sbk_buf *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_buf entries = SBK_BUF_INIT;
	struct sbk_ace ace;
	int rc = 0;

	while (rc == 0 && sbk_nt_acl_next(acl, &at, &ace)) {
		struct sbk_ace_parts parts = {.type = ace.type,
					      .flags = ace.flags,
					      .mask = ace.mask,
					      .object_type = ace.object_type,
					      .inherited_type =
						      ace.inherited_type,
					      .sid = ace.sid};

		rc = sbk_ace_write(&entries, &parts, NULL);
	}
	if (rc == 0)
		rc = sbk_nt_acl_write(out, acl->revision, &entries, acl->count,
				      NULL);
	sbk_buf_release(&entries);
	return rc;
}

/* Header, owner, group, SACL, DACL. */
static int expect(const struct sbk_sd *sd, struct sbk_buf *out)
{
	uint8_t header[SBK_SD_HEADER_BYTES] = {1};
	int rc = 0;

	put_u16le(header + 2, sd->control);
	sbk_buf_add(out, header, sizeof(header));
	if (sd->has_owner) {
		put_u32le(header + 4, (uint32_t)out->size);
		sbk_buf_add(out, sd->owner.bytes, sbk_sid_size(&sd->owner));
	}
	if (sd->has_group) {
		put_u32le(header + 8, (uint32_t)out->size);
		sbk_buf_add(out, sd->group.bytes, sbk_sid_size(&sd->group));
	}
	if (sd->sacl_is == SBK_ACL_PRESENT) {
		put_u32le(header + 12, (uint32_t)out->size);
		rc = add_acl(&sd->sacl, out);
	}
	if (rc == 0 && sd->dacl_is == SBK_ACL_PRESENT) {
		put_u32le(header + 16, (uint32_t)out->size);
		rc = add_acl(&sd->dacl, out);
	}
	memcpy(out->data, header, sizeof(header));
	return rc;
}

static int read_record(struct sbk_buf *out)
{
	static uint8_t bytes[1 << 20];
	uint32_t size;

	if (fread(bytes, 4, 1, stdin) != 1)
		return -1;
	size = get_u32le(bytes);
	if (size > sizeof(bytes) || fread(bytes, 1, size, stdin) != size)
		return -1;
	sbk_buf_add(out, bytes, size);
	return 0;
}

static bool same(const struct sbk_buf *a, const struct sbk_buf *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static int check_one(unsigned long n, const struct sbk_buf *ours,
		     struct sbk_buf *theirs, struct sbk_buf *want)
{
	struct sbk_sd sd;

	if (sbk_sd_read((const uint8_t *)ours->data, ours->size, &sd, NULL) < 0)
		return fail(n, ours, "we do not read our own");
	if (expect(&sd, want) < 0)
		return fail(n, ours, "we do not write it");
	if (read_record(theirs) < 0)
		return fail(n, ours, "nothing came from Samba");
	if (!same(theirs, want)) {
		(void)fail(n, theirs, "Samba's; ours would be:");
		return fail(n, want, "and the case:") | fail(n, ours, "");
	}
	sbk_buf_clear(want);
	if (sbk_sd_read((const uint8_t *)theirs->data, theirs->size, &sd,
			NULL) < 0 ||
	    sbk_sd_write(&sd, want, NULL) < 0 || !same(theirs, want))
		return fail(n, theirs, "we do not keep Samba's bytes");
	return 0;
}

static int check(uint64_t seed, unsigned long count)
{
	struct sbk_buf ours = SBK_BUF_INIT, theirs = SBK_BUF_INIT;
	struct sbk_buf want = SBK_BUF_INIT;
	struct random r = {.state = seed};
	unsigned long i;
	int failed = 0;

	for (i = 0; i < count && !failed; i++) {
		sbk_buf_clear(&ours);
		sbk_buf_clear(&theirs);
		sbk_buf_clear(&want);
		random_sd(&r, FEATURES, ACES_MAX, &ours);
		failed = check_one(i, &ours, &theirs, &want);
	}
	if (!failed)
		(void)printf("%lu descriptors agree\n", i);
	sbk_buf_release(&want);
	sbk_buf_release(&theirs);
	sbk_buf_release(&ours);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	if (strcmp(argv[1], "generate") == 0)
		return generate(strtoull(argv[2], NULL, 0),
				strtoul(argv[3], NULL, 0));
	return check(strtoull(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
}
