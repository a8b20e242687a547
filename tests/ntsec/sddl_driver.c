/*
 * One process for very many conversions, for the comparisons with Samba and
 * Wine.
 *
 * parse: for each line of text on stdin a line of answer,
 *	"ok HEX TEXT" or "error OFFSET MESSAGE".
 * random N SEED: for each of N descriptors two counted blocks, each 32 bits
 *	little-endian and as many bytes: its text, and its bytes as Samba lays
 *	them out (owner, group, SACL, DACL; lists of revision 4).
 * same N SEED: a line of text on stdin for each of the same descriptors;
 *	prints those that do not parse to its bytes; "-" is skipped.
 *
 * HEX is the self-relative descriptor, TEXT what formatting it prints.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sddl.h"
#include "engine/ntsec/wire.h"
#include "tests/ntsec/sddl_random.h"

#include "engine/banned.h"

#define DOMAIN "S-1-5-21-1004336348-1177238915-682003330"

static struct sbk_sid domain;
static const struct sbk_sddl_options options = {
	.domains = {.machine = &domain,
		    .domain = &domain,
		    .root_domain = &domain},
};

static void print_hex(const struct sbk_buf *bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes->size; i++) {
		(void)putchar(digits[(uint8_t)bytes->data[i] >> 4]);
		(void)putchar(digits[(uint8_t)bytes->data[i] & 15]);
	}
}

static void print_text(const struct sbk_buf *bytes)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	if (sbk_sd_read((const uint8_t *)bytes->data, bytes->size, &sd, &err) <
		    0 ||
	    sbk_sddl_format(&sd, SBK_SDDL_ALL, &options, &text, &err) < 0)
		(void)printf("! %s", err.message);
	else
		(void)fwrite(text.data, 1, text.size, stdout);
	sbk_buf_release(&text);
}

static void parse_line(const char *line, size_t size)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_sddl_parse(line, size, &options, &bytes, &err) < 0) {
		(void)printf("error %zu %s\n", err.offset, err.message);
	} else {
		(void)fputs("ok ", stdout);
		print_hex(&bytes);
		(void)putchar(' ');
		print_text(&bytes);
		(void)putchar('\n');
	}
	sbk_buf_release(&bytes);
}

static int each_line(void)
{
	static char line[8 << 20];

	while (fgets(line, sizeof(line), stdin) != NULL)
		parse_line(line, strcspn(line, "\n"));
	return ferror(stdin) != 0 || fflush(stdout) != 0;
}

static void add_list(struct sbk_buf *out, size_t offset_at, bool is_present,
		     const struct sbk_nt_acl *acl)
{
	if (!is_present)
		return;
	put_u32le((uint8_t *)out->data + offset_at, (uint32_t)out->size);
	sbk_buf_add(out, acl->bytes, acl->size);
	out->data[out->size - acl->size] = SBK_NT_ACL_REVISION_DS;
}

static void add_sid(struct sbk_buf *out, size_t offset_at, bool is_present,
		    const struct sbk_sid *sid)
{
	if (!is_present)
		return;
	put_u32le((uint8_t *)out->data + offset_at, (uint32_t)out->size);
	sbk_buf_add(out, sid->bytes, sbk_sid_size(sid));
}

static void samba_layout(const struct sbk_buf *bytes, struct sbk_buf *out)
{
	static const uint8_t zeros[SBK_SD_HEADER_BYTES - 4];
	struct sbk_sd sd;

	if (sbk_sd_read((const uint8_t *)bytes->data, bytes->size, &sd, NULL) <
	    0)
		abort();
	sbk_buf_clear(out);
	sbk_buf_add(out, bytes->data, 4);
	sbk_buf_add(out, zeros, sizeof(zeros));
	add_sid(out, 4, sd.has_owner, &sd.owner);
	add_sid(out, 8, sd.has_group, &sd.group);
	add_list(out, 12, sd.sacl_is == SBK_ACL_PRESENT, &sd.sacl);
	add_list(out, 16, sd.dacl_is == SBK_ACL_PRESENT, &sd.dacl);
}

static void print_block(const struct sbk_buf *block)
{
	uint8_t size[4];

	put_u32le(size, (uint32_t)block->size);
	(void)fwrite(size, 1, sizeof(size), stdout);
	(void)fwrite(block->data, 1, block->size, stdout);
}

static int random_blocks(unsigned long count, uint64_t seed)
{
	struct sbk_buf bytes = SBK_BUF_INIT, text = SBK_BUF_INIT,
		       other = SBK_BUF_INIT;
	struct sbk_sd sd;

	for (; count > 0; count--) {
		sbk_buf_clear(&bytes);
		sbk_buf_clear(&text);
		sddl_random_descriptor(&seed, &domain, &bytes);
		if (sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd,
				NULL) < 0 ||
		    sbk_sddl_format(&sd, SBK_SDDL_ALL, &options, &text, NULL) <
			    0)
			abort();
		samba_layout(&bytes, &other);
		print_block(&text);
		print_block(&other);
	}
	sbk_buf_release(&bytes);
	sbk_buf_release(&text);
	sbk_buf_release(&other);
	return fflush(stdout) != 0;
}

static int same_line(const char *line, const struct sbk_buf *expected)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = sbk_sddl_parse(line, strlen(line), &options, &bytes, &err);

	if (rc < 0)
		(void)printf("%s # %s\n", line, err.message);
	else if (bytes.size != expected->size ||
		 memcmp(bytes.data, expected->data, bytes.size) != 0)
		(void)printf("%s # other bytes\n", line);
	else
		rc = 1;
	sbk_buf_release(&bytes);
	return rc > 0;
}

static int same_lines(unsigned long count, uint64_t seed)
{
	static char line[1 << 20];
	struct sbk_buf bytes = SBK_BUF_INIT;
	unsigned long good = 0, skipped = 0, i;

	for (i = 0; i < count && fgets(line, sizeof(line), stdin) != NULL;
	     i++) {
		line[strcspn(line, "\n")] = '\0';
		sbk_buf_clear(&bytes);
		sddl_random_descriptor(&seed, &domain, &bytes);
		if (strcmp(line, "-") == 0)
			skipped++;
		else if (same_line(line, &bytes))
			good++;
	}
	sbk_buf_release(&bytes);
	(void)fprintf(stderr,
		      "%lu texts parse to the same bytes, %lu skipped\n", good,
		      skipped);
	return i < count || good + skipped < count || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	unsigned long count;
	uint64_t seed;

	if (sbk_sid_parse(DOMAIN, strlen(DOMAIN), &domain, NULL) < 0)
		return 2;
	if (argc == 2 && strcmp(argv[1], "parse") == 0)
		return each_line();
	if (argc != 4) {
		(void)fprintf(stderr, "parse | random N SEED | same N SEED\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 10);
	seed = strtoull(argv[3], NULL, 10);
	if (strcmp(argv[1], "random") == 0)
		return random_blocks(count, seed);
	return same_lines(count, seed);
}
