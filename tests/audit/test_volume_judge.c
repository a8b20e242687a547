/*
 * What a descriptor gives to each of many principals (SIDs, and tokens of
 * several), judged at once, against
 * the access check of each one on the whole descriptor; and that the time for
 * it grows with the descriptor and not with its square.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/volume.h"
#include "engine/ntsec/access.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define PRINCIPALS 8
#define TOKENS 5
#define GROUPS 3 /* of a token at most */
#define ROUNDS 4000

struct world {
	struct sbk_volume_audit audit;
	struct sbk_buf bytes;
	struct sbk_sd sd;
	struct sbk_group groups[TOKENS][GROUPS], restricting[TOKENS][2];
	struct sbk_error err;
	unsigned seed;
};

static unsigned pick(struct world *world, unsigned below)
{
	world->seed = world->seed * 1103515245u + 12345u;
	return (world->seed >> 12) % below;
}

static struct sbk_sid user(uint32_t number)
{
	const uint32_t subs[] = {21, 7, 8, 9, 1000 + number};

	return sbk_sid_make(5, subs, 5);
}

static struct sbk_sid owner_rights(void)
{
	static const uint32_t subs[] = {4};

	return sbk_sid_make(3, subs, 1);
}

static void begin(struct world *world, size_t principals)
{
	size_t i;

	*world = (struct world){.err = SBK_ERROR_INIT, .seed = 1};
	world->audit.principals =
		calloc(principals, sizeof(*world->audit.principals));
	assert_non_null(world->audit.principals);
	world->audit.principal_count = principals;
	for (i = 0; i < principals; i++)
		world->audit.principals[i].sid = user((uint32_t)i);
}

static void list_members(struct world *world)
{
	assert_ok(sbk_volume_members_find(&world->audit, &world->err),
		  &world->err);
}

/* The last principals: users of others' SIDs, with groups; one of them has
 * OWNER RIGHTS as a group, and every other one is write-restricted, also to a
 * SID that it has besides. */
static void make_tokens(struct world *world)
{
	unsigned t, g;

	for (t = 0; t < TOKENS; t++) {
		struct sbk_volume_principal *p =
			&world->audit.principals[PRINCIPALS + t];

		p->sid = user(t);
		p->groups = world->groups[t];
		p->group_count = 1 + t % GROUPS;
		for (g = 0; g < p->group_count; g++)
			world->groups[t][g] = (struct sbk_group){
				t == 4 && g == 1 ? owner_rights()
						 : user(t + 1 + 2 * g),
				SBK_GROUP_ENABLED};
		if (t % 2 == 0)
			continue;
		p->restricting = world->restricting[t];
		p->restricting_count = 2;
		world->restricting[t][0].sid = user(t + 1);
		world->restricting[t][1].sid = user(t + 2);
	}
}

static void end(struct world *world)
{
	free(world->audit.principals);
	free(world->audit.members);
	free(world->audit.hits);
	sbk_buf_release(&world->bytes);
}

static void add_entry(struct world *world, struct sbk_buf *entries,
		      unsigned who)
{
	static const uint8_t types[] = {SBK_ACE_ALLOW, SBK_ACE_ALLOW,
					SBK_ACE_DENY, SBK_ACE_ALLOW_OBJECT,
					SBK_ACE_DENY_OBJECT};
	static const uint8_t unknown[] = {0x7F, 0, 8, 0, 1, 2, 3, 4};
	struct sbk_ace_parts parts = {
		.type = types[pick(world, sizeof(types))],
		.flags = pick(world, 6) == 0 ? SBK_ACE_INHERIT_ONLY : 0,
		.mask = pick(world, 0x100000) << 1 & 0x1F01FF,
		.sid = who == PRINCIPALS + 2 ? owner_rights() : user(who),
	};

	if (pick(world, 12) == 0)
		sbk_buf_add(entries, unknown, sizeof(unknown));
	else
		assert_ok(sbk_ace_write(entries, &parts, &world->err),
			  &world->err);
}

/* A descriptor of so many entries, of principals and of others. */
static void make(struct world *world, unsigned count)
{
	struct sbk_buf entries = SBK_BUF_INIT, acl = SBK_BUF_INIT;
	struct sbk_sd sd = {.control = SBK_SD_SELF_RELATIVE,
			    .has_owner = true,
			    .has_group = true,
			    .dacl_is = SBK_ACL_PRESENT};
	unsigned i;

	sd.owner = sd.group = user(pick(world, PRINCIPALS + 2));
	for (i = 0; i < count; i++)
		add_entry(world, &entries, pick(world, PRINCIPALS + 3));
	assert_ok(sbk_nt_acl_write(&acl, 4, &entries, (uint16_t)count,
				   &world->err),
		  &world->err);
	assert_ok(sbk_nt_acl_read((const uint8_t *)acl.data, acl.size, &sd.dacl,
				  &world->err),
		  &world->err);
	sbk_buf_clear(&world->bytes);
	assert_ok(sbk_sd_write(&sd, &world->bytes, &world->err), &world->err);
	assert_ok(sbk_sd_read((const uint8_t *)world->bytes.data,
			      world->bytes.size, &world->sd, &world->err),
		  &world->err);
	sbk_buf_release(&entries);
	sbk_buf_release(&acl);
}

static uint32_t on_the_whole(const struct world *world,
			     const struct sbk_volume_principal *principal)
{
	struct sbk_token token = sbk_token_plain(&principal->sid);
	const struct sbk_access_request request = {
		.desired = SBK_RIGHT_MAXIMUM_ALLOWED,
		.object = SBK_NT_DIRECTORY};
	struct sbk_access_result result;

	token.groups =
		(struct sbk_sid_set){principal->groups, principal->group_count};
	token.restricting = (struct sbk_sid_set){principal->restricting,
						 principal->restricting_count};
	token.is_restricted = token.write_restricted =
		principal->restricting_count > 0;
	sbk_access_check(&world->sd, &token, &request, &result);
	return (result.granted | result.undecided) & SBK_FILE_ALL;
}

static void test_volume_judge__as_each_check_on_the_whole(void **state)
{
	unsigned round, granted = 0, refused = 0, tokens = 0, held = 0;
	struct sbk_volume_principal bare;
	struct world world;
	size_t i;

	(void)state;
	begin(&world, PRINCIPALS + TOKENS);
	make_tokens(&world);
	list_members(&world);
	for (round = 0; round < ROUNDS; round++) {
		make(&world, pick(&world, 24));
		world.audit.hit_count = 0;
		assert_ok(sbk_volume_judge_one(&world.audit, 0, &world.sd,
					       &world.err),
			  &world.err);
		for (i = 0; i < world.audit.hit_count; i++) {
			const struct sbk_volume_hit *hit = &world.audit.hits[i];

			assert_int_equal(
				hit->granted,
				on_the_whole(
					&world,
					&world.audit
						 .principals[hit->principal]));
			tokens += hit->principal >= PRINCIPALS;
			granted += hit->granted != 0;
			refused += hit->granted == 0;
			bare = world.audit.principals[hit->principal];
			if (bare.restricting_count == 0)
				continue;
			bare.restricting_count = 0;
			held += on_the_whole(&world, &bare) != hit->granted;
		}
	}
	/* Both were met often, so equal is not just empty. */
	assert_true(granted > ROUNDS && refused > ROUNDS / 10);
	assert_true(tokens > ROUNDS);
	/* And a restriction takes something, often. */
	assert_true(held > ROUNDS / 10);
	end(&world);
}

static double seconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Processor time for so many entries, each of another principal. */
static double measure(unsigned count)
{
	struct sbk_buf entries = SBK_BUF_INIT, acl = SBK_BUF_INIT;
	struct world world;
	struct sbk_ace_parts parts = {.type = SBK_ACE_ALLOW, .mask = 0x1200A9};
	double before;
	unsigned i;

	begin(&world, count);
	list_members(&world);
	for (i = 0; i < count; i++) {
		parts.sid = user(i);
		assert_ok(sbk_ace_write(&entries, &parts, &world.err),
			  &world.err);
	}
	assert_ok(sbk_nt_acl_write(&acl, 2, &entries, (uint16_t)count,
				   &world.err),
		  &world.err);
	world.sd.dacl_is = SBK_ACL_PRESENT;
	world.sd.has_owner = world.sd.has_group = true;
	assert_ok(sbk_nt_acl_read((const uint8_t *)acl.data, acl.size,
				  &world.sd.dacl, &world.err),
		  &world.err);
	before = seconds();
	for (i = 0; i < 16; i++)
		assert_ok(sbk_volume_judge_one(&world.audit, i, &world.sd,
					       &world.err),
			  &world.err);
	before = seconds() - before;
	assert_int_equal(world.audit.hit_count, 16 * count);
	assert_int_equal(world.audit.hits[count - 1].granted, 0x1200A9);
	sbk_buf_release(&entries);
	sbk_buf_release(&acl);
	end(&world);
	return before;
}

static void test_volume_judge__a_full_list_in_linear_time(void **state)
{
	double small = measure(227), large = measure(1816);

	(void)state;
	(void)printf("%.3f ms for 227 entries, %.3f ms for 1816\n",
		     small * 1000 / 16, large * 1000 / 16);
	/* Eight times as much; its square would be 64 times. */
	assert_true(large < small * 24 + 0.02);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_volume_judge__as_each_check_on_the_whole),
	cmocka_unit_test(test_volume_judge__a_full_list_in_linear_time),
};

SBK_TEST_MAIN(tests)
