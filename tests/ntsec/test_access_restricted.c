/*
 * Restricted tokens, write-restricted ones and AppContainers: examples from
 * the documentation, and properties over random descriptors. The properties
 * have an oracle of their own: a second pass is the check of a plain token that
 * holds the restricting SIDs, and plain tokens are compared with Samba's check.
 */
#include <string.h>

#include "tests/ntsec/access_try.h"
#include "tests/ntsec/sd_make.h"
#include "tests/support/test.h"

#define READ SBK_FILE_READ_DATA
#define WRITE SBK_FILE_WRITE_DATA
#define ENABLED SBK_GROUP_ENABLED
#define MAXIMUM SBK_RIGHT_MAXIMUM_ALLOWED
#define UNSETTLED                                                         \
	(SBK_RIGHT_DELETE | SBK_FILE_DELETE_CHILD | SBK_RIGHT_WRITE_DAC | \
	 SBK_RIGHT_WRITE_OWNER)

static void write_restricted(struct try_token *it, const char *sid)
{
	try_token(it, ANDREW);
	try_group(it, "S-1-1-0", ENABLED);
	try_restrict(it, sid);
	it->token.write_restricted = true;
}

/* "Restricted Tokens": two checks, with the enabled SIDs and with the list of
 * restricting SIDs; access needs both. */
static void test_restricted__both_checks_must_allow(void **state)
{
	static const char both[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;" ROOT_A ")";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_granted(both, &andrew, READ | WRITE);
	try_restrict(&andrew, ROOT_A);
	assert_granted(both, &andrew, READ);
	assert_denied(both, &andrew, WRITE);
	assert_denied(both, &andrew, SBK_RIGHT_DELETE);
	assert_denied("O:BAG:SYD:(A;;FA;;;" ROOT_A ")", &andrew, READ);
	result = try_access(both, &andrew, WRITE);
	assert_int_equal(result.reason.cause, SBK_BY_RESTRICTING);
	assert_false(result.reason.has_index);
	result = try_access(both, &andrew, READ);
	assert_int_equal(result.reason.cause, SBK_BY_RESTRICTING);
	assert_int_equal(result.reason.index, 1);
	/* With a list that is empty nothing passes the second check. */
	andrew.token.restricting.count = 0;
	assert_denied(both, &andrew, READ);
	assert_granted("O:BAG:SYD:NO_ACCESS_CONTROL", &andrew, READ);
}

/* A denying entry of a restricting SID (reported: openai/codex pull 7022). */
static void test_restricted__a_deny_of_a_restricting_sid_counts(void **state)
{
	static const char sddl[] = "O:BAG:SYD:(D;;DC;;;" ROOT_A ")(A;;FA;;;WD)";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	write_restricted(&andrew, ROOT_A);
	try_restrict(&andrew, "S-1-1-0");
	assert_denied(sddl, &andrew, WRITE);
	assert_granted(sddl, &andrew, SBK_FILE_APPEND_DATA);
	result = try_access(sddl, &andrew, WRITE);
	assert_int_equal(result.reason.cause, SBK_BY_RESTRICTING);
	assert_int_equal(result.reason.index, 0);
	/* Nothing that is only read is checked twice. */
	assert_granted("O:BAG:SYD:(D;;CC;;;" ROOT_A ")(A;;FA;;;WD)", &andrew,
		       READ);
}

/* CreateRestrictedToken, WRITE_RESTRICTED: only for writes. */
static void test_restricted__writes_only(void **state)
{
	static const char user[] = "O:BAG:SYD:(A;;FA;;;" ANDREW ")";
	static const char root[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;0x1301bf;;;" ROOT_A ")";
	struct try_token andrew;

	(void)state;
	write_restricted(&andrew, ROOT_A);
	assert_granted(user, &andrew, SBK_RIGHT_GENERIC_READ);
	assert_granted(user, &andrew, SBK_RIGHT_GENERIC_EXECUTE);
	assert_denied(user, &andrew, WRITE);
	assert_denied(user, &andrew, SBK_FILE_APPEND_DATA);
	assert_denied(user, &andrew, SBK_FILE_WRITE_EA);
	assert_denied(user, &andrew, SBK_FILE_WRITE_ATTRIBUTES);
	assert_denied(user, &andrew, SBK_RIGHT_GENERIC_WRITE);
	assert_granted(root, &andrew, SBK_RIGHT_GENERIC_WRITE);
	assert_granted(root, &andrew,
		       SBK_RIGHT_GENERIC_WRITE | SBK_RIGHT_GENERIC_READ |
			       SBK_RIGHT_DELETE);
	/* Without any restricting SID nothing is written (reported: pull 20 of
	 * sandbox-attacksurface-analysis-tools). */
	andrew.token.restricting.count = 0;
	andrew.token.is_restricted = false;
	assert_denied(root, &andrew, WRITE);
	assert_granted(root, &andrew, READ);
	write_restricted(&andrew, ROOT_A);
	/* Another root's SID is of no use. */
	assert_denied("O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;FA;;;" ROOT_B ")",
		      &andrew, WRITE);
}

/* The four rights on which reports contradict each other. */
static void test_restricted__the_four_rights_are_undecided(void **state)
{
	static const uint32_t rights[] = {
		SBK_RIGHT_DELETE, SBK_FILE_DELETE_CHILD, SBK_RIGHT_WRITE_DAC,
		SBK_RIGHT_WRITE_OWNER};
	static const char user[] = "O:BAG:SYD:(A;;FA;;;" ANDREW ")";
	static const char root[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;FA;;;" ROOT_A ")";
	struct sbk_access_result result;
	struct try_token andrew;
	unsigned i;

	(void)state;
	write_restricted(&andrew, ROOT_A);
	for (i = 0; i < 4; i++) {
		assert_undecided(user, &andrew, rights[i]);
		assert_granted(root, &andrew, rights[i]);
		assert_denied("O:BAG:SYD:(A;;FR;;;" ANDREW ")", &andrew,
			      rights[i]);
		result = try_access(user, &andrew, rights[i]);
		assert_int_equal(result.reason.cause, SBK_BY_NO_SOURCE);
		assert_int_equal(result.reason.mask, rights[i]);
	}
	result = try_access(user, &andrew, SBK_FILE_ALL);
	assert_int_equal(result.answer, SBK_ACCESS_DENIED);
	assert_int_equal(result.missing, 0x116);
	result = try_access(user, &andrew, MAXIMUM);
	assert_int_equal(result.undecided, UNSETTLED);
	assert_int_equal(result.granted, SBK_FILE_ALL & ~UNSETTLED & ~0x116u);
	/* By ownership alone: the same question. */
	assert_undecided("O:" ANDREW "G:SYD:", &andrew, SBK_RIGHT_WRITE_DAC);
}

/* Forshaw's listings check a whole request twice where any part is a write;
 * the documentation speaks of writes. */
static void test_restricted__reads_beside_a_write(void **state)
{
	static const char sddl[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;DC;;;" ROOT_A ")";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	write_restricted(&andrew, ROOT_A);
	assert_granted(sddl, &andrew, READ);
	assert_granted(sddl, &andrew, WRITE);
	assert_undecided(sddl, &andrew, READ | WRITE);
	result = try_access(sddl, &andrew, READ | WRITE);
	assert_int_equal(result.granted, WRITE);
	assert_int_equal(result.undecided, READ);
	assert_denied(sddl, &andrew, READ | WRITE | SBK_FILE_WRITE_EA);
	assert_granted("O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CCDC;;;" ROOT_A ")",
		       &andrew, READ | WRITE);
	/* The maximum names nothing. */
	assert_granted(sddl, &andrew, MAXIMUM | READ);
}

/* Whether an owner who is no restricting SID keeps READ_CONTROL. */
static void test_restricted__ownership(void **state)
{
	struct try_token andrew;

	(void)state;
	write_restricted(&andrew, ROOT_A);
	assert_undecided("O:" ANDREW "G:SYD:", &andrew, SBK_RIGHT_READ_CONTROL);
	assert_granted("O:" ANDREW "G:SYD:(A;;RC;;;WD)", &andrew,
		       SBK_RIGHT_READ_CONTROL);
	try_restrict(&andrew, ANDREW);
	assert_granted("O:" ANDREW "G:SYD:", &andrew,
		       SBK_RIGHT_READ_CONTROL | SBK_RIGHT_WRITE_DAC);
	/* Plain restricting SIDs: both checks, ownership in each. */
	andrew.token.write_restricted = false;
	assert_granted("O:" ANDREW "G:SYD:", &andrew, SBK_RIGHT_WRITE_DAC);
	andrew.token.restricting.count = 1;
	assert_denied("O:" ANDREW "G:SYD:", &andrew, SBK_RIGHT_WRITE_DAC);
}

/* "Launch an AppContainer": user and package must both be let in; a capability
 * or ALL APPLICATION PACKAGES will do for the package. */
static void test_package__both_identities_must_be_let_in(void **state)
{
	static const char user[] = "O:BAG:SYD:(A;;FA;;;" ANDREW ")";
	static const char package[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CCDC;;;" PACKAGE ")";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_package(&andrew, PACKAGE);
	andrew.token.integrity = SBK_INTEGRITY_LOW;
	assert_denied(user, &andrew, READ);
	assert_granted(package, &andrew, READ | WRITE);
	assert_denied(package, &andrew, SBK_RIGHT_DELETE);
	assert_denied("O:BAG:SYD:(A;;FA;;;" PACKAGE ")", &andrew, READ);
	result = try_access(user, &andrew, READ);
	assert_int_equal(result.reason.cause, SBK_BY_PACKAGE);
	assert_granted("O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;AC)", &andrew,
		       READ);
	assert_denied("O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;" CAPABILITY ")",
		      &andrew, READ);
	try_capability(&andrew, CAPABILITY);
	assert_granted("O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;" CAPABILITY ")",
		       &andrew, READ);
	/* Ownership is the user's alone. */
	assert_denied("O:" ANDREW "G:SYD:", &andrew, SBK_RIGHT_READ_CONTROL);
	assert_granted("O:" ANDREW "G:SYD:(A;;RC;;;" PACKAGE ")", &andrew,
		       SBK_RIGHT_READ_CONTROL);
}

/* Forshaw's listings: no DACL is no entry for a package; labels up to medium
 * are not for AppContainers. */
static void test_package__no_dacl_and_labels(void **state)
{
	static const char high[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;FA;;;AC)S:(ML;;NW;;;HI)";
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	andrew.token.integrity = SBK_INTEGRITY_LOW;
	assert_granted("O:BAG:SYD:NO_ACCESS_CONTROL", &andrew, READ);
	try_package(&andrew, PACKAGE);
	assert_denied("O:BAG:SYD:NO_ACCESS_CONTROL", &andrew, READ);
	assert_denied("O:BAG:SY", &andrew, READ);
	assert_denied(high, &andrew, WRITE);
	assert_granted(high, &andrew, READ);
}

/* Less privileged ones; what no source settles. */
static void test_package__all_packages(void **state)
{
	static const char all[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;S-1-15-2-1)";
	static const char restricted[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;S-1-15-2-2)";
	static const char denied[] = "O:BAG:SYD:(D;;CC;;;" PACKAGE
				     ")(A;;FA;;;" ANDREW ")(A;;FA;;;AC)";
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_package(&andrew, PACKAGE);
	assert_granted(all, &andrew, READ);
	assert_granted(restricted, &andrew, READ);
	assert_undecided(denied, &andrew, READ);
	assert_granted(denied, &andrew, WRITE);
	andrew.token.less_privileged = true;
	assert_denied(all, &andrew, READ);
	assert_granted(restricted, &andrew, READ);
	/* With restricting SIDs, too: each denies, and no more is asked. */
	andrew.token.less_privileged = false;
	try_restrict(&andrew, ROOT_A);
	assert_denied(all, &andrew, READ);
	assert_granted("O:BAG:SYD:(A;;CC;;;" ANDREW
		       ")(A;;CC;;;AC)(A;;CC;;;" ROOT_A ")",
		       &andrew, READ);
}

/* A capability that was disabled is none. */
static void test_package__capabilities_are_enabled(void **state)
{
	static const char text[] =
		"O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;CC;;;" CAPABILITY ")";
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_package(&andrew, PACKAGE);
	assert_denied(text, &andrew, READ);
	try_capability(&andrew, CAPABILITY);
	assert_granted(text, &andrew, READ);
	andrew.capabilities[0].attributes = 0;
	assert_denied(text, &andrew, READ);
}

/* What was made for a package may be closed to low tokens that are none. */
static void test_package__low_tokens_beside_it(void **state)
{
	static const char one[] = "O:BAG:SYD:(A;;FA;;;" ANDREW
				  ")(A;;FA;;;" PACKAGE ")S:(ML;;NW;;;LW)";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_granted(one, &andrew, READ);
	andrew.token.integrity = SBK_INTEGRITY_LOW;
	assert_undecided(one, &andrew, READ);
	result = try_access(one, &andrew, READ);
	assert_int_equal(result.reason.cause, SBK_BY_NO_SOURCE);
	assert_int_equal(result.reason.index, 1);
	assert_false(result.reason.in_sacl);
	/* All packages are no package, and an entry for children none here. */
	assert_granted("O:BAG:SYD:(A;;FA;;;" ANDREW ")(A;;FA;;;AC)"
		       "(A;OICIIO;FA;;;" PACKAGE ")",
		       &andrew, READ);
	try_package(&andrew, PACKAGE);
	assert_granted(one, &andrew, READ);
}

/* ---- properties ---- */

#define ROUNDS 60000
#define POOL 8

static uint64_t state_of_chance;

static uint32_t chance(uint32_t below)
{
	state_of_chance ^= state_of_chance << 13;
	state_of_chance ^= state_of_chance >> 7;
	state_of_chance ^= state_of_chance << 17;
	return (uint32_t)(state_of_chance >> 32) % below;
}

struct property {
	struct sbk_sid pool[POOL]; /* user, Everyone, group, two synthetic,
				    * package, owner rights, stranger */
	struct sd_make make;
	struct sbk_ace_key entries[12];
	unsigned count;
};

enum {
	P_USER,
	P_WORLD,
	P_GROUP,
	P_ROOT_A,
	P_ROOT_B,
	P_PACKAGE,
	P_OWNER,
	P_STRANGER
};

static void begin(struct property *it)
{
	static const char *const texts[POOL] = {ANDREW,	   "S-1-1-0", STAFF,
						ROOT_A,	   ROOT_B,    PACKAGE,
						"S-1-3-4", JANE};
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned i;

	state_of_chance = 0x2545F4914F6CDD1Du;
	memset(it, 0, sizeof(*it));
	for (i = 0; i < POOL; i++)
		assert_ok(sbk_sid_parse(texts[i], strlen(texts[i]),
					&it->pool[i], &err),
			  &err);
	sd_make_init(&it->make, &it->pool[P_USER], &it->pool[P_GROUP]);
}

static const struct sbk_sd *build(struct property *it, unsigned without)
{
	unsigned i;

	sd_make_clear(&it->make);
	it->make.has_dacl = true;
	for (i = 0; i < it->count; i++) {
		if (i != without)
			sd_make_dacl(&it->make, it->entries[i].type,
				     it->entries[i].flags, it->entries[i].mask,
				     &it->entries[i].sid);
	}
	return sd_make_done(&it->make);
}

static const struct sbk_sd *shuffle(struct property *it)
{
	unsigned i, bits;

	it->count = chance(13);
	for (i = 0; i < it->count; i++) {
		struct sbk_ace_key *entry = &it->entries[i];

		entry->type = chance(3) == 0 ? SBK_ACE_DENY : SBK_ACE_ALLOW;
		entry->flags = chance(6) == 0 ? SBK_ACE_INHERIT_ONLY : 0;
		entry->mask = chance(4) == 0 ? SBK_FILE_ALL : 0;
		for (bits = chance(8); bits > 0; bits--)
			entry->mask |= 1u << chance(21);
		entry->sid = it->pool[chance(POOL)];
	}
	it->make.sd.owner = it->pool[chance(POOL)];
	return build(it, UINT32_MAX);
}

static struct sbk_access_result
look(const struct sbk_sd *sd, const struct try_token *token, uint32_t desired)
{
	struct sbk_access_request request = {.desired = desired,
					     .object = SBK_NT_FILE};
	struct sbk_access_result result;

	sbk_access_check(sd, &token->token, &request, &result);
	return result;
}

static uint32_t possible(const struct sbk_access_result *result)
{
	return result->granted | result->undecided;
}

static void plain(struct try_token *it)
{
	try_token(it, ANDREW);
	try_group(it, "S-1-1-0", ENABLED);
	try_group(it, STAFF, ENABLED);
}

/* Never more than without the restriction, right by right. */
static void test_property__a_restriction_never_adds(void **state)
{
	struct try_token free, tokens[3];
	struct property it;
	unsigned i, j;

	(void)state;
	begin(&it);
	plain(&free);
	for (j = 0; j < 3; j++)
		plain(&tokens[j]);
	try_restrict(&tokens[0], ROOT_A);
	try_restrict(&tokens[1], ROOT_A);
	try_restrict(&tokens[1], "S-1-1-0");
	tokens[1].token.write_restricted = true;
	try_package(&tokens[2], PACKAGE);
	for (i = 0; i < ROUNDS; i++) {
		const struct sbk_sd *sd = shuffle(&it);
		uint32_t named = 1u << chance(21) | 1u << chance(21);
		struct sbk_access_result all = look(sd, &free, MAXIMUM);
		struct sbk_access_result one = look(sd, &free, named);

		assert_int_equal(all.undecided, 0);
		for (j = 0; j < 3; j++) {
			struct sbk_access_result less =
				look(sd, &tokens[j], MAXIMUM);

			assert_int_equal(possible(&less) & ~all.granted, 0);
			less = look(sd, &tokens[j], named);
			assert_int_equal(possible(&less) & ~one.granted, 0);
			if (one.answer == SBK_ACCESS_DENIED)
				assert_int_equal(less.answer,
						 SBK_ACCESS_DENIED);
		}
	}
	sd_make_release(&it.make);
}

static bool names_owner_rights(const struct property *it)
{
	unsigned i;

	for (i = 0; i < it->count; i++) {
		if (it->entries[i].flags == 0 &&
		    sbk_sid_equal(&it->entries[i].sid, &it->pool[P_OWNER]))
			return true;
	}
	return false;
}

/* A token whose own SIDs are these restricting ones. */
static void as_restricting(struct try_token *it)
{
	try_token(it, ROOT_A);
	try_group(it, "S-1-1-0", ENABLED);
}

/* What a write-restricted token has of each right is what the table says of
 * the two passes, and it is undecided where the table is open, nowhere else. */
static void test_property__undecided_is_what_the_table_leaves(void **state)
{
	struct sbk_access_known known = sbk_access_known(SBK_NT_FILE, true);
	struct try_token free, second, both;
	struct property it;
	unsigned i, undecided = 0, reads = 0;

	(void)state;
	begin(&it);
	plain(&free);
	as_restricting(&second);
	plain(&both);
	try_restrict(&both, ROOT_A);
	try_restrict(&both, "S-1-1-0");
	both.token.write_restricted = true;
	for (i = 0; i < ROUNDS; i++) {
		const struct sbk_sd *sd = shuffle(&it);
		uint32_t a = look(sd, &free, MAXIMUM).granted;
		uint32_t b = look(sd, &second, MAXIMUM).granted;
		struct sbk_access_result is = look(sd, &both, MAXIMUM);
		uint32_t sure = (a & b) | (a & known.first);
		uint32_t open = a & ~b & ~known.first & ~known.second;

		/* Ownership that only the first pass has, and that no entry
		 * replaces: READ_CONTROL that no entry gives is in question. */
		if ((sbk_sid_equal(&sd->owner, &it.pool[P_USER]) ||
		     sbk_sid_equal(&sd->owner, &it.pool[P_GROUP])) &&
		    !names_owner_rights(&it)) {
			struct sbk_sd other = *sd;
			uint32_t c, rc = SBK_RIGHT_READ_CONTROL;

			other.owner = it.pool[P_STRANGER];
			c = look(&other, &free, MAXIMUM).granted & rc;
			sure = (sure & ~rc) | c;
			open |= rc & ~c;
			reads += c == 0;
		}
		assert_int_equal(is.granted, sure);
		assert_int_equal(is.undecided, open);
		undecided += open != 0;
	}
	assert_true(undecided > ROUNDS / 20);
	assert_true(reads > 0 && reads < ROUNDS / 4);
	sd_make_release(&it.make);
}

/* Plain restricting SIDs, and packages: the intersection, nothing undecided. */
static void test_property__plain_restrictions_intersect(void **state)
{
	struct try_token free, second, both;
	struct property it;
	unsigned i;

	(void)state;
	begin(&it);
	plain(&free);
	as_restricting(&second);
	plain(&both);
	try_restrict(&both, ROOT_A);
	try_restrict(&both, "S-1-1-0");
	for (i = 0; i < ROUNDS; i++) {
		const struct sbk_sd *sd = shuffle(&it);
		uint32_t a = look(sd, &free, MAXIMUM).granted;
		uint32_t b = look(sd, &second, MAXIMUM).granted;
		struct sbk_access_result is = look(sd, &both, MAXIMUM);

		assert_int_equal(is.granted, a & b);
		assert_int_equal(is.undecided, 0);
	}
	sd_make_release(&it.make);
}

/* Requests that only read: the same answer as without the restriction. (The
 * one question of the table, ownership, left out.) */
static void test_property__reads_are_the_unrestricted_ones(void **state)
{
	uint32_t reads = sbk_access_known(SBK_NT_FILE, true).first &
			 ~SBK_RIGHT_READ_CONTROL;
	struct try_token free, both;
	struct property it;
	unsigned i, granted = 0;

	(void)state;
	begin(&it);
	plain(&free);
	plain(&both);
	try_restrict(&both, ROOT_B);
	both.token.write_restricted = true;
	for (i = 0; i < ROUNDS; i++) {
		const struct sbk_sd *sd = shuffle(&it);
		uint32_t named = reads & ((1u << chance(21)) |
					  (1u << chance(21)) | READ);
		struct sbk_access_result a = look(sd, &free, named);
		struct sbk_access_result b = look(sd, &both, named);

		assert_int_equal(a.answer, b.answer);
		assert_int_equal(a.granted, b.granted);
		assert_int_equal(a.missing, b.missing);
		granted += a.answer == SBK_ACCESS_GRANTED;
	}
	assert_true(granted > ROUNDS / 20);
	sd_make_release(&it.make);
}

/* Taking a denying entry out never takes a right, taking an allowing one out
 * never adds one, also of what is only possible. */
static void test_property__entries_are_monotone(void **state)
{
	struct try_token tokens[3];
	struct property it;
	unsigned i, j;

	(void)state;
	begin(&it);
	for (j = 0; j < 3; j++)
		plain(&tokens[j]);
	try_restrict(&tokens[1], ROOT_A);
	try_restrict(&tokens[1], "S-1-1-0");
	tokens[1].token.write_restricted = true;
	try_package(&tokens[2], PACKAGE);
	for (i = 0; i < ROUNDS; i++) {
		const struct sbk_sd *sd = shuffle(&it);
		struct sbk_access_result before[3], after;
		unsigned out;

		if (it.count == 0)
			continue;
		for (j = 0; j < 3; j++)
			before[j] = look(sd, &tokens[j], MAXIMUM);
		out = chance(it.count);
		/* Owner rights are more than an entry: they replace. */
		if (sbk_sid_equal(&it.entries[out].sid, &it.pool[P_OWNER]))
			continue;
		sd = build(&it, out);
		for (j = 0; j < 3; j++) {
			bool is_deny = it.entries[out].type == SBK_ACE_DENY;
			const struct sbk_access_result *less, *more;

			after = look(sd, &tokens[j], MAXIMUM);
			less = is_deny ? &before[j] : &after;
			more = is_deny ? &after : &before[j];
			assert_int_equal(less->granted & ~more->granted, 0);
			assert_int_equal(possible(less) & ~possible(more), 0);
		}
	}
	sd_make_release(&it.make);
}

/* The maximum is the union of the rights that are granted alone. */
static void test_property__the_maximum_is_right_by_right(void **state)
{
	struct try_token tokens[3];
	struct property it;
	unsigned i, j, bit;

	(void)state;
	begin(&it);
	for (j = 0; j < 3; j++)
		plain(&tokens[j]);
	try_restrict(&tokens[1], ROOT_A);
	tokens[1].token.write_restricted = true;
	try_package(&tokens[2], PACKAGE);
	for (i = 0; i < ROUNDS / 20; i++) {
		const struct sbk_sd *sd = shuffle(&it);

		for (j = 0; j < 3; j++) {
			struct sbk_access_result all =
				look(sd, &tokens[j], MAXIMUM);

			for (bit = 0; bit < 21; bit++) {
				struct sbk_access_result one =
					look(sd, &tokens[j], 1u << bit);

				assert_int_equal(one.granted,
						 all.granted & 1u << bit);
				assert_int_equal(one.undecided,
						 all.undecided & 1u << bit);
			}
		}
	}
	sd_make_release(&it.make);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restricted__both_checks_must_allow),
		cmocka_unit_test(
			test_restricted__a_deny_of_a_restricting_sid_counts),
		cmocka_unit_test(test_restricted__writes_only),
		cmocka_unit_test(
			test_restricted__the_four_rights_are_undecided),
		cmocka_unit_test(test_restricted__reads_beside_a_write),
		cmocka_unit_test(test_restricted__ownership),
		cmocka_unit_test(test_package__both_identities_must_be_let_in),
		cmocka_unit_test(test_package__no_dacl_and_labels),
		cmocka_unit_test(test_package__all_packages),
		cmocka_unit_test(test_package__capabilities_are_enabled),
		cmocka_unit_test(test_package__low_tokens_beside_it),
		cmocka_unit_test(test_property__a_restriction_never_adds),
		cmocka_unit_test(
			test_property__undecided_is_what_the_table_leaves),
		cmocka_unit_test(test_property__plain_restrictions_intersect),
		cmocka_unit_test(
			test_property__reads_are_the_unrestricted_ones),
		cmocka_unit_test(test_property__entries_are_monotone),
		cmocka_unit_test(test_property__the_maximum_is_right_by_right),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
