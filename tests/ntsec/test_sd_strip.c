/* Descriptors without somebody: what goes, what stays, to the byte. */
#include "engine/ntsec/sd_strip.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sddl.h"
#include "tests/ntsec/random_sd.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define SEEDS 20000

static struct sbk_sid sid_of(const char *text)
{
	struct sbk_sid sid;

	assert_int_equal(sbk_sid_parse(text, strlen(text), &sid, NULL), 0);
	return sid;
}

static void read_sddl(const char *text, struct sbk_buf *bytes,
		      struct sbk_sd *out)
{
	struct sbk_error err = SBK_ERROR_INIT;

	sbk_buf_clear(bytes);
	assert_ok(sbk_sddl_parse(text, strlen(text), NULL, bytes, &err), &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, out,
			      &err),
		  &err);
}

/* Those of S-1-9-1 and S-1-9-2 go; S-1-9-7 inherits. */
static const struct {
	const char *before, *after;
	struct sbk_sd_named named;
} cases[] = {
	{"O:BAG:SYD:PAI(A;OICI;FA;;;BA)",
	 "O:BAG:SYD:PAI(A;OICI;FA;;;BA)",
	 {.entries = 0}},
	/* Explicit, inherited and inherit-only; the order of the rest stays,
	 * also where it is not canonical. */
	{"O:BAG:SYD:AI(A;;FA;;;BA)(D;;FW;;;S-1-9-1)(A;OICIIO;FR;;;S-1-9-2)"
	 "(D;;FW;;;WD)(A;ID;FA;;;S-1-9-1)(A;ID;FR;;;BU)",
	 "O:BAG:SYD:AI(A;;FA;;;BA)(D;;FW;;;WD)(A;ID;FR;;;BU)",
	 {.entries = 3, .inherited = 1, .denies = 1}},
	/* Nobody is left: an empty list, not an absent one. */
	{"O:BAG:SYD:P(A;;FA;;;S-1-9-1)",
	 "O:BAG:SYD:P",
	 {.entries = 1, .nobody_left = true}},
	{"O:BAG:SY", "O:BAG:SY", {.entries = 0}},
	{"O:BAG:SYD:NO_ACCESS_CONTROL",
	 "O:BAG:SYD:NO_ACCESS_CONTROL",
	 {.entries = 0}},
	/* Owner and group; the SACL is nobody's right. */
	{"O:S-1-9-1G:S-1-9-2D:(A;;FA;;;BA)S:(AU;SA;FA;;;S-1-9-1)",
	 "O:S-1-9-7G:S-1-9-2D:(A;;FA;;;BA)S:(AU;SA;FA;;;S-1-9-1)",
	 {.owner = true, .group = true}},
	/* Objects' and conditions' entries are entries. */
	{"O:BAG:SYD:(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;S-1-9-1)"
	 "(XA;;FR;;;S-1-9-2;(Member_of {SID(BA)}))"
	 "(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;BU)",
	 "O:BAG:SYD:(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;BU)",
	 {.entries = 2}},
	/* In somebody else's condition: told, and left. */
	{"O:BAG:SYD:(XA;;FR;;;WD;(Member_of {SID(S-1-9-1)}))",
	 "O:BAG:SYD:(XA;;FR;;;WD;(Member_of {SID(S-1-9-1)}))",
	 {.mentioned = true}},
	/* One who has only the beginning of the SID in common. */
	{"O:BAG:SYD:(A;;FR;;;S-1-9-1-5)(A;;FR;;;S-1-9)",
	 "O:BAG:SYD:(A;;FR;;;S-1-9-1-5)(A;;FR;;;S-1-9)",
	 {.entries = 0}},
};

static void assert_named(const struct sbk_sd_named *ours,
			 const struct sbk_sd_named *theirs)
{
	assert_int_equal(ours->entries, theirs->entries);
	assert_int_equal(ours->inherited, theirs->inherited);
	assert_int_equal(ours->denies, theirs->denies);
	assert_int_equal(ours->owner, theirs->owner);
	assert_int_equal(ours->group, theirs->group);
	assert_int_equal(ours->mentioned, theirs->mentioned);
	assert_int_equal(ours->nobody_left, theirs->nobody_left);
}

static void test_sd_strip__takes_out_what_names_them(void **state)
{
	const struct sbk_sid sids[] = {sid_of("S-1-9-1"), sid_of("S-1-9-2")};
	const struct sbk_sid heir = sid_of("S-1-9-7");
	const struct sbk_sd_strip strip = {
		.sids = sids, .count = 2, .heir = &heir};
	struct sbk_buf before = SBK_BUF_INIT, wanted = SBK_BUF_INIT;
	struct sbk_buf after = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd_named named;
	struct sbk_sd sd, other;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_sddl(cases[i].after, &wanted, &other);
		read_sddl(cases[i].before, &before, &sd);
		sbk_sd_strip_look(&sd, &strip, &named);
		assert_named(&named, &cases[i].named);
		sbk_buf_clear(&after);
		assert_ok(sbk_sd_strip_write(&sd, &strip, &after, &err), &err);
		assert_int_equal(after.size, wanted.size);
		assert_memory_equal(after.data, wanted.data, wanted.size);
	}
	sbk_buf_release(&before);
	sbk_buf_release(&wanted);
	sbk_buf_release(&after);
}

static void test_sd_strip__without_an_heir_the_owner_stays(void **state)
{
	const struct sbk_sid sid = sid_of("S-1-9-1");
	const struct sbk_sd_strip strip = {.sids = &sid, .count = 1};
	struct sbk_buf bytes = SBK_BUF_INIT, after = SBK_BUF_INIT;
	struct sbk_sd sd;

	(void)state;
	read_sddl("O:S-1-9-1G:SYD:(A;;FA;;;BA)", &bytes, &sd);
	assert_int_equal(sbk_sd_strip_write(&sd, &strip, &after, NULL), 0);
	assert_int_equal(after.size, bytes.size);
	assert_memory_equal(after.data, bytes.data, bytes.size);
	sbk_buf_release(&bytes);
	sbk_buf_release(&after);
}

/* The entries that stay, one behind the other. */
static void add_others(const struct sbk_sd *sd,
		       const struct sbk_sd_strip *strip, struct sbk_buf *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	while (sd->dacl_is == SBK_ACL_PRESENT &&
	       sbk_nt_acl_next(&sd->dacl, &at, &ace))
		if (ace.is_opaque || !sbk_sd_strip_names(strip, &ace.sid))
			sbk_buf_add(out, ace.bytes, ace.size);
	if (sd->dacl_is == SBK_ACL_PRESENT)
		sbk_buf_add(out, sd->dacl.bytes + sd->dacl.used,
			    (size_t)(sd->dacl.size - sd->dacl.used));
}

static void check_random(const struct sbk_sd *sd,
			 const struct sbk_sd_strip *strip, size_t *changed)
{
	struct sbk_buf bytes = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_buf theirs = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd_named named;
	struct sbk_sd after;

	assert_ok(sbk_sd_strip_write(sd, strip, &bytes, &err), &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &after,
			      &err),
		  &err);
	*changed += !sbk_sd_equal(sd, &after);
	sbk_sd_strip_look(&after, strip, &named);
	assert_int_equal(named.entries, 0);
	assert_false(named.owner);
	add_others(sd, strip, &ours);
	add_others(&after, strip, &theirs);
	assert_int_equal(ours.size, theirs.size);
	if (ours.size > 0)
		assert_memory_equal(ours.data, theirs.data, ours.size);
	assert_int_equal(after.dacl_is, sd->dacl_is);
	/* All else: as it was. */
	after.owner = sd->owner;
	after.dacl = sd->dacl;
	assert_true(sbk_sd_equal(sd, &after));
	sbk_buf_release(&bytes);
	sbk_buf_release(&ours);
	sbk_buf_release(&theirs);
}

static int compare_sids(const void *a, const void *b)
{
	return sbk_sid_compare(a, b);
}

static void test_sd_strip__random_descriptors(void **state)
{
	const struct sbk_sid heir = sid_of("S-1-9-7");
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sid sids[3];
	struct sbk_sd_strip strip = {.sids = sids, .heir = &heir};
	struct sbk_nt_acl_cursor at;
	struct sbk_ace ace;
	struct sbk_sd sd;
	size_t seed, changed = 0;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		struct random r = {seed};

		sbk_buf_clear(&bytes);
		random_sd(&r, RANDOM_EVERYTHING, 8, &bytes);
		if (sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd,
				NULL) < 0)
			continue;
		/* Of its own: some entries' SIDs, and now and then its owner.
		 */
		strip.count = 0;
		if (sd.has_owner && random_is(&r, 1, 2))
			sids[strip.count++] = sd.owner;
		at = (struct sbk_nt_acl_cursor)SBK_NT_ACL_BEGIN;
		while (sd.dacl_is == SBK_ACL_PRESENT && strip.count < 3 &&
		       sbk_nt_acl_next(&sd.dacl, &at, &ace))
			if (!ace.is_opaque && random_is(&r, 1, 2))
				sids[strip.count++] = ace.sid;
		qsort(sids, strip.count, sizeof(sids[0]), compare_sids);
		check_random(&sd, &strip, &changed);
	}
	assert_true(changed > SEEDS / 4);
	sbk_buf_release(&bytes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_sd_strip__takes_out_what_names_them),
	cmocka_unit_test(test_sd_strip__without_an_heir_the_owner_stays),
	cmocka_unit_test(test_sd_strip__random_descriptors),
};

SBK_TEST_MAIN(tests)
