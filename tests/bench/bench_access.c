/*
 * How many access checks a second, on one core, for a DACL of five entries of
 * which the last one decides: our side of access_check, the script beside this
 * file. First says what it asks, a line each: the descriptor, the two masks,
 * and the token's SIDs in one line; then checks a second for the request that
 * is granted and for the one that is denied.
 *
 *	bench_access [MILLIONS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/ntsec/access.h"
#include "engine/ntsec/sddl.h"

static const char sddl[] =
	"O:BAG:SYD:(D;;WD;;;BG)(A;;FA;;;SY)(A;;FA;;;BA)"
	"(A;;0x1301bf;;;S-1-5-21-1111-2222-3333-1002)(A;;0x1200a9;;;BU)";
static const char *const members[] = {
	"S-1-5-21-1111-2222-3333-1001", /* the user */
	"S-1-5-21-1111-2222-3333-513",
	"S-1-1-0",
	"S-1-5-32-545",
	"S-1-5-4",
	"S-1-5-11",
	"S-1-5-15",
	"S-1-5-64-10",
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))
#define READ_MASK 0x120089u
#define WRITE_MASK 0x120116u

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sbk_sid sid(const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid out;

	if (sbk_sid_parse(text, strlen(text), &out, &err) < 0)
		abort();
	return out;
}

static double measure(const struct sbk_sd *sd, const struct sbk_token *token,
		      uint32_t desired, enum sbk_access_answer expected,
		      long count)
{
	struct sbk_access_request request = {.desired = desired,
					     .object = SBK_NT_FILE};
	struct sbk_access_result result;
	double begin = now();
	long i;

	for (i = 0; i < count; i++) {
		sbk_access_check(sd, token, &request, &result);
		if (result.answer != expected)
			abort();
	}
	return (double)count / (now() - begin);
}

static void describe(void)
{
	size_t i;

	printf("%s\n%u %u\n", sddl, READ_MASK, WRITE_MASK);
	for (i = 0; i < MEMBERS; i++)
		printf("%s%c", members[i], i + 1 < MEMBERS ? ' ' : '\n');
}

int main(int argc, char **argv)
{
	long count = (argc > 1 ? strtol(argv[1], NULL, 10) : 10) * 1000000;
	struct sbk_group groups[MEMBERS];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sid user = sid(members[0]);
	struct sbk_token token = sbk_token_plain(&user);
	struct sbk_sddl_options options = {0};
	struct sbk_sd sd;
	size_t i;

	for (i = 1; i < MEMBERS; i++) {
		groups[i - 1].sid = sid(members[i]);
		groups[i - 1].attributes = SBK_GROUP_ENABLED;
	}
	token.groups.groups = groups;
	token.groups.count = MEMBERS - 1;
	if (sbk_sddl_parse(sddl, strlen(sddl), &options, &bytes, &err) < 0 ||
	    sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, &err) <
		    0) {
		fprintf(stderr, "bench_access: %s\n", err.message);
		return 1;
	}
	describe();
	printf("%.0f %.0f\n",
	       measure(&sd, &token, READ_MASK, SBK_ACCESS_GRANTED, count),
	       measure(&sd, &token, WRITE_MASK, SBK_ACCESS_DENIED, count));
	sbk_buf_release(&bytes);
	return 0;
}
