/*
 * Cases for the comparison with Samba's access check (samba_access.py): writes
 * descriptors, and what our check says of them, to standard output.
 *
 *	samba_access exhaustive PART PARTS	every DACL of up to 3 entries
 *	samba_access random SEED COUNT		DACLs of up to 60 entries
 *	samba_access presence			absent, NULL and empty DACLs
 *	samba_access lines SEED COUNT SID...	for windows_access.py: a token
 *		of these SIDs; lines "HEX DESIRED ANSWER GRANTED
 *		UNDECIDED FLAGS"
 *
 * In the others all numbers are 32 bits, little-endian. First the tokens:
 * their count, and for each privileges, count of SIDs, and per SID its size
 * and bytes. Then cases until the end: size, bytes, flags (1: an entry has
 * generic bits), number of tokens asked, and for each its index, and per
 * request (QUERIES of them) desired, answer, granted, undecided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/access.h"
#include "engine/ntsec/wire.h"
#include "tests/ntsec/sd_make.h"

#define QUERIES 4
#define TOKENS 5
#define SIDS 10
#define CASE_HAS_GENERIC 1u
#define CASE_IS_OWNER 2u

enum {
	USER,
	GROUP,
	OWNER_RIGHTS,
	WORLD,
	OTHER,
	GROUP_2,
	GROUP_3,
	ADMINS,
	SELF,
	SYSTEM
};

static struct sbk_sid sids[SIDS];
static struct sbk_group groups[TOKENS][SIDS];
static struct sbk_token tokens[TOKENS];
static struct sbk_buf out = SBK_BUF_INIT;

static void parse(unsigned index, const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (sbk_sid_parse(text, strlen(text), &sids[index], &err) < 0)
		abort();
}

static void make_token(unsigned index, unsigned user, unsigned privileges,
		       const unsigned *members, size_t count)
{
	struct sbk_token *token = &tokens[index];
	size_t i;

	*token = sbk_token_plain(&sids[user]);
	for (i = 0; i < count; i++) {
		groups[index][i].sid = sids[members[i]];
		groups[index][i].attributes = SBK_GROUP_ENABLED;
	}
	token->groups.groups = groups[index];
	token->groups.count = count;
	token->privileges = privileges;
}

static void make_tokens(void)
{
	static const unsigned in_group[] = {GROUP, WORLD};
	static const unsigned only_world[] = {WORLD};
	static const unsigned many[] = {GROUP, GROUP_2, GROUP_3, WORLD};
	static const unsigned admin[] = {ADMINS, WORLD, GROUP_2};

	parse(USER, "S-1-5-21-1-2-3-1001");
	parse(GROUP, "S-1-5-21-1-2-3-513");
	parse(OWNER_RIGHTS, "S-1-3-4");
	parse(WORLD, "S-1-1-0");
	parse(OTHER, "S-1-5-21-1-2-3-1002");
	parse(GROUP_2, "S-1-5-32-545");
	parse(GROUP_3, "S-1-5-21-9-9-9-2000");
	parse(ADMINS, "S-1-5-32-544");
	parse(SELF, "S-1-5-10");
	parse(SYSTEM, "S-1-5-18");
	make_token(0, USER, 0, in_group, 2);
	make_token(1, USER, 0, only_world, 1);
	make_token(2, OTHER, 0, only_world, 1);
	make_token(3, USER, SBK_PRIVILEGE_SECURITY, many, 4);
	make_token(4, OTHER, SBK_PRIVILEGE_TAKE_OWNERSHIP, admin, 3);
}

static void add_u32(uint32_t value)
{
	uint8_t bytes[4];

	put_u32le(bytes, value);
	sbk_buf_add(&out, bytes, sizeof(bytes));
}

static void flush(size_t above)
{
	if (out.size <= above)
		return;
	if (fwrite(out.data, 1, out.size, stdout) != out.size)
		exit(1);
	sbk_buf_clear(&out);
}

static void add_sid(const struct sbk_sid *sid)
{
	add_u32((uint32_t)sbk_sid_size(sid));
	sbk_buf_add(&out, sid->bytes, sbk_sid_size(sid));
}

static void write_tokens(void)
{
	unsigned i;
	size_t j;

	add_u32(TOKENS);
	for (i = 0; i < TOKENS; i++) {
		add_u32(tokens[i].privileges);
		add_u32((uint32_t)tokens[i].groups.count + 1);
		add_sid(&tokens[i].user);
		for (j = 0; j < tokens[i].groups.count; j++)
			add_sid(&tokens[i].groups.groups[j].sid);
	}
}

static void ask(const struct sbk_sd *sd, unsigned token,
		const uint32_t desired[QUERIES])
{
	struct sbk_access_request request = {.object = SBK_NT_FILE};
	struct sbk_access_result result;
	unsigned i;

	add_u32(token);
	for (i = 0; i < QUERIES; i++) {
		request.desired = desired[i];
		sbk_access_check(sd, &tokens[token], &request, &result);
		add_u32(desired[i]);
		add_u32(result.answer);
		add_u32(result.granted);
		add_u32(result.undecided);
	}
}

static void begin_case(const struct sbk_sd *sd, uint32_t flags)
{
	struct sbk_error err = SBK_ERROR_INIT;
	size_t at = out.size;

	add_u32(0);
	if (sbk_sd_write(sd, &out, &err) < 0)
		abort();
	put_u32le((uint8_t *)out.data + at, (uint32_t)(out.size - at - 4));
	add_u32(flags);
}

/* ---- every DACL of up to three entries ---- */

static const uint32_t masks[] = {SBK_FILE_READ_DATA, SBK_FILE_WRITE_DATA,
				 SBK_FILE_READ_DATA | SBK_FILE_WRITE_DATA,
				 SBK_RIGHT_WRITE_DAC, SBK_FILE_ALL};
/* With the first four SIDs, two types, inherit-only or not. */
#define ENTRIES (2 * 4 * 5 * 2)

static void add_entry(struct sd_make *make, unsigned number)
{
	uint8_t type = number % 2 == 0 ? SBK_ACE_ALLOW : SBK_ACE_DENY;
	uint8_t flags = number / 2 % 2 == 0 ? 0
					    : SBK_ACE_INHERIT_ONLY |
						      SBK_ACE_CONTAINER_INHERIT;

	sd_make_dacl(make, type, flags, masks[number / 4 % 5],
		     &sids[number / 20]);
}

static void exhaust_one(struct sd_make *make, const unsigned *entries,
			unsigned count)
{
	static const uint32_t desired[QUERIES] = {
		SBK_RIGHT_MAXIMUM_ALLOWED,
		SBK_FILE_READ_DATA | SBK_FILE_WRITE_DATA,
		SBK_RIGHT_WRITE_DAC | SBK_RIGHT_READ_CONTROL, SBK_FILE_ALL};
	unsigned i, owner;

	sd_make_clear(make);
	make->has_dacl = true;
	for (i = 0; i < count; i++)
		add_entry(make, entries[i]);
	sd_make_done(make);
	for (owner = 0; owner < 2; owner++) {
		make->sd.owner = sids[owner == 0 ? USER : SYSTEM];
		begin_case(&make->sd, 0);
		add_u32(3);
		for (i = 0; i < 3; i++)
			ask(&make->sd, i, desired);
	}
	flush(1 << 16);
}

static void exhaust(unsigned part, unsigned parts)
{
	struct sd_make make;
	unsigned entries[3];
	unsigned count, number, end, rest, i;

	sd_make_init(&make, &sids[USER], &sids[GROUP]);
	for (count = 0, end = 1; count <= 3; count++, end *= ENTRIES) {
		for (number = part; number < end; number += parts) {
			for (i = 0, rest = number; i < count; i++) {
				entries[i] = rest % ENTRIES;
				rest /= ENTRIES;
			}
			exhaust_one(&make, entries, count);
		}
	}
	sd_make_release(&make);
}

/* ---- random DACLs ---- */

static uint64_t state;

static uint32_t next(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static uint32_t random_mask(bool generic)
{
	uint32_t mask = 0;
	unsigned bits;

	switch (next(6)) {
	case 0:
		return SBK_FILE_ALL;
	case 1:
		return 0x120089u;
	case 2:
		return generic ? 0xF0000000u & next(0xFFFFFFFFu) : 0x1301BFu;
	default:
		for (bits = next(6); bits > 0; bits--)
			mask |= 1u << next(21);
		return mask;
	}
}

/* Mostly a dozen entries, up to 60. */
static uint32_t random_case(struct sd_make *make)
{
	static const uint8_t flags[] = {0,
					0,
					0,
					SBK_ACE_INHERITED,
					SBK_ACE_INHERIT_ONLY,
					SBK_ACE_CONTAINER_INHERIT |
						SBK_ACE_INHERIT_ONLY};
	bool generic = next(10) == 0;
	uint32_t any = 0;
	unsigned count = next(61);

	count = next(count + 1);
	sd_make_clear(make);
	make->has_dacl = true;
	while (count-- > 0) {
		uint32_t mask = random_mask(generic);

		any |= mask;
		sd_make_dacl(make, next(3) == 0 ? SBK_ACE_DENY : SBK_ACE_ALLOW,
			     flags[next(6)], mask, &sids[next(SIDS)]);
	}
	make->sd.owner = sids[next(SIDS)];
	sd_make_done(make);
	return (any & SBK_RIGHTS_GENERIC) ? CASE_HAS_GENERIC : 0;
}

static void random_cases(uint64_t seed, unsigned count)
{
	struct sd_make make;
	uint32_t desired[QUERIES];

	state = seed * 0x9E3779B97F4A7C15u + 1;
	sd_make_init(&make, &sids[USER], &sids[GROUP]);
	while (count-- > 0) {
		uint32_t flags = random_case(&make);

		desired[0] = SBK_RIGHT_MAXIMUM_ALLOWED;
		desired[1] = 1u << next(21);
		desired[2] = random_mask(false) | 1;
		desired[3] = SBK_RIGHT_SYSTEM_SECURITY |
			     (next(2) ? SBK_RIGHT_READ_CONTROL
				      : SBK_RIGHT_WRITE_OWNER);
		begin_case(&make.sd, flags);
		add_u32(1);
		ask(&make.sd, next(TOKENS), desired);
		flush(1 << 16);
	}
	sd_make_release(&make);
}

static void presences(void)
{
	static const uint32_t desired[QUERIES] = {
		SBK_RIGHT_MAXIMUM_ALLOWED, SBK_FILE_WRITE_DATA,
		SBK_RIGHT_READ_CONTROL, SBK_FILE_ALL};
	static const enum sbk_acl_presence is[] = {SBK_ACL_ABSENT, SBK_ACL_NULL,
						   SBK_ACL_PRESENT};
	struct sd_make make;
	unsigned i, j;

	sd_make_init(&make, &sids[USER], &sids[GROUP]);
	make.has_dacl = true;
	sd_make_done(&make);
	for (i = 0; i < 3; i++) {
		make.sd.dacl_is = is[i];
		begin_case(&make.sd, 0);
		add_u32(TOKENS);
		for (j = 0; j < TOKENS; j++)
			ask(&make.sd, j, desired);
	}
	sd_make_release(&make);
}

/* ---- lines ---- */

static void write_line(const struct sbk_sd *sd, const struct sbk_token *token,
		       uint32_t desired, uint32_t flags)
{
	struct sbk_access_request request = {.desired = desired,
					     .object = SBK_NT_FILE};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_access_result result;
	struct sbk_buf bytes = SBK_BUF_INIT;

	if (sbk_sd_write(sd, &bytes, &err) < 0)
		abort();
	sbk_access_check(sd, token, &request, &result);
	sbk_buf_add_hex(&out, bytes.data, bytes.size);
	sbk_buf_printf(&out, " 0x%x %u 0x%x 0x%x %u\n", desired, result.answer,
		       result.granted, result.undecided, flags);
	sbk_buf_release(&bytes);
	flush(1 << 16);
}

/* Our SIDs but the first and OWNER RIGHTS, half of them the token's. */
static void lines(uint64_t seed, unsigned count, char **texts, size_t members)
{
	struct sbk_group all[SIDS * 4];
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_token token;
	struct sd_make make;
	unsigned i;

	if (members == 0 || members > SIDS * 4)
		exit(2);
	for (i = 0; i < members; i++) {
		if (sbk_sid_parse(texts[i], strlen(texts[i]), &all[i].sid,
				  &err) < 0)
			exit(2);
		all[i].attributes = SBK_GROUP_ENABLED;
	}
	token = sbk_token_plain(&all[0].sid);
	token.groups.groups = all;
	token.groups.count = members;
	for (i = 0; i < 5; i++)
		sids[2 * i] = all[next((uint32_t)members)].sid;
	sids[0] = all[0].sid;
	sids[OWNER_RIGHTS] = sids[0];
	state = seed * 0x9E3779B97F4A7C15u + 1;
	sd_make_init(&make, &sids[USER], &sids[GROUP]);
	while (count-- > 0) {
		uint32_t flags = random_case(&make);

		if (sbk_sid_set_lists(&token.groups, &make.sd.owner))
			flags |= CASE_IS_OWNER;
		write_line(&make.sd, &token, 1u << next(21), flags);
		write_line(&make.sd, &token, 1u << next(9), flags);
	}
	sd_make_release(&make);
}

int main(int argc, char **argv)
{
	state = 1;
	make_tokens();
	if (argc > 4 && strcmp(argv[1], "lines") == 0) {
		lines(strtoul(argv[2], NULL, 10),
		      (unsigned)strtoul(argv[3], NULL, 10), argv + 4,
		      (size_t)argc - 4);
		flush(0);
		sbk_buf_release(&out);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	write_tokens();
	if (argc == 4 && strcmp(argv[1], "exhaustive") == 0)
		exhaust((unsigned)strtoul(argv[2], NULL, 10),
			(unsigned)strtoul(argv[3], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "random") == 0)
		random_cases(strtoul(argv[2], NULL, 10),
			     (unsigned)strtoul(argv[3], NULL, 10));
	else if (argc == 2 && strcmp(argv[1], "presence") == 0)
		presences();
	else
		return 2;
	flush(0);
	sbk_buf_release(&out);
	return fflush(stdout) == 0 ? 0 : 1;
}
