/*
 * Makes children's descriptors in bulk, for samba_inherit.py: reads cases from
 * standard input until its end, writes one answer for each.
 *
 * A case is little-endian: flags, 1 if a container, the four masks of the
 * generic mapping (read, write, execute, all), then parent, creator,
 * owner, group, object type and default DACL, each a 32-bit size and so many
 * bytes (0: none). An answer is a 32-bit size and the descriptor; size 0 is an
 * error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/inherit.h"

#define PART_MAX (1u << 18)
#define HEAD 6
#define PARTS 6

struct part {
	uint8_t bytes[PART_MAX];
	uint32_t size;
};

static int read_number(uint32_t *out)
{
	uint8_t bytes[4];

	if (fread(bytes, 1, 4, stdin) != 4)
		return -1;
	*out = (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[1] << 8 | bytes[0];
	return 0;
}

static int read_part(struct part *part)
{
	if (read_number(&part->size) < 0 || part->size > PART_MAX)
		return -1;
	return fread(part->bytes, 1, part->size, stdin) == part->size ? 0 : -1;
}

static const struct sbk_sd *sd_of(const struct part *part, struct sbk_sd *sd)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (part->size == 0)
		return NULL;
	if (sbk_sd_read(part->bytes, part->size, sd, &err) == 0)
		return sd;
	(void)fprintf(stderr, "a case cannot be read: %s\n", err.message);
	exit(1);
}

static void answer(struct part *parts, const uint32_t *head)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd parent, creator;
	struct sbk_nt_acl dacl;
	const struct sbk_generic_mapping mapping = {
		.read = head[2],
		.write = head[3],
		.execute = head[4],
		.all = head[5],
	};
	struct sbk_inherit_request request = {
		.parent = sd_of(&parts[0], &parent),
		.creator = sd_of(&parts[1], &creator),
		.is_container = head[1] != 0,
		.flags = head[0],
		.mapping = &mapping,
	};
	uint8_t size[4];

	(void)sbk_sid_read(parts[2].bytes, parts[2].size, &request.owner, NULL);
	(void)sbk_sid_read(parts[3].bytes, parts[3].size, &request.group, NULL);
	if (parts[4].size == SBK_GUID_BYTES)
		request.object_type = parts[4].bytes;
	if (parts[5].size > 0 &&
	    sbk_nt_acl_read(parts[5].bytes, parts[5].size, &dacl, NULL) == 0)
		request.default_dacl = &dacl;
	if (sbk_inherit_create(&request, &out, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.message);
		sbk_buf_clear(&out);
	}
	size[0] = (uint8_t)out.size;
	size[1] = (uint8_t)(out.size >> 8);
	size[2] = (uint8_t)(out.size >> 16);
	size[3] = 0;
	(void)fwrite(size, 1, 4, stdout);
	(void)fwrite(sbk_buf_text(&out), 1, out.size, stdout);
	sbk_buf_release(&out);
}

int main(void)
{
	struct part *parts = calloc(PARTS, sizeof(*parts));
	uint32_t head[HEAD];
	int i, failed = 0;

	while (parts != NULL && read_number(&head[0]) == 0) {
		for (i = 1; i < HEAD; i++)
			failed |= read_number(&head[i]);
		for (i = 0; failed == 0 && i < PARTS; i++)
			failed |= read_part(&parts[i]);
		if (failed != 0)
			break;
		answer(parts, head);
	}
	free(parts);
	return fflush(stdout) == 0 && failed == 0 ? 0 : 1;
}
