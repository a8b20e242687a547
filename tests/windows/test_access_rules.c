/* What grants make of DACLs, and what taking them out leaves. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/access_judge.h"
#include "engine/windows/access_rules.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

#define ACCOUNT "S-1-5-21-1-2-3-1005"
#define OTHER "S-1-5-21-1-2-3-1001"
#define BASE "O:" OTHER "G:BUD:AI"

/* One grant on one object: texts in SDDL. */
struct granting {
	struct sbk_buf before, after, ours, sddl;
};

#define GRANTING_INIT                                                  \
	{                                                              \
		SBK_BUF_INIT, SBK_BUF_INIT, SBK_BUF_INIT, SBK_BUF_INIT \
	}

static void release(struct granting *g)
{
	sbk_buf_release(&g->before);
	sbk_buf_release(&g->after);
	sbk_buf_release(&g->ours);
	sbk_buf_release(&g->sddl);
}

static int add(struct granting *g, const char *sddl, bool is_directory,
	       enum sbk_rights rights, struct sbk_error *err)
{
	nt_state_add(&g->before, sddl, is_directory);
	return sbk_nt_access_add_grant(nt_state_of(&g->before), is_directory,
				       ACCOUNT, rights, &g->after, &g->ours,
				       err);
}

static void assert_grant(const char *sddl, bool is_directory,
			 enum sbk_rights rights, const char *expected)
{
	struct granting g = GRANTING_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(add(&g, sddl, is_directory, rights, &err), &err);
	nt_state_sddl(nt_state_of(&g.after), &g.sddl);
	assert_string_equal(sbk_buf_text(&g.sddl), expected);
	assert_int_equal(g.ours.size == 0, strcmp(sddl, expected) == 0);
	release(&g);
}

static void test_access_rules__roots_and_what_is_below(void **state)
{
	(void)state;
	assert_grant(BASE "(A;;FA;;;BA)(A;ID;FA;;;SY)", true, SBK_RIGHTS_READ,
		     BASE "(A;;FA;;;BA)(A;OICI;0x1200a9;;;" ACCOUNT
			  ")(A;ID;FA;;;SY)");
	/* The root is not theirs to delete; what is in it is. */
	assert_grant(BASE "(A;ID;FA;;;SY)", true, SBK_RIGHTS_WRITE,
		     BASE "(A;;0x1201bf;;;" ACCOUNT
			  ")(A;OICIIO;0x1301bf;;;" ACCOUNT ")(A;ID;FA;;;SY)");
	assert_grant(BASE "(A;ID;FA;;;SY)", true,
		     SBK_RIGHTS_WRITE | SBK_RIGHTS_BELOW,
		     BASE "(A;ID;FA;;;SY)(A;OICIID;0x1301bf;;;" ACCOUNT ")");
	assert_grant(BASE "(A;ID;FA;;;SY)", false,
		     SBK_RIGHTS_WRITE | SBK_RIGHTS_BELOW,
		     BASE "(A;ID;FA;;;SY)(A;ID;0x1301bf;;;" ACCOUNT ")");
	assert_grant(BASE "(A;ID;FA;;;SY)", false, SBK_RIGHTS_WRITE,
		     BASE "(A;;0x1201bf;;;" ACCOUNT ")(A;ID;FA;;;SY)");
	assert_grant(BASE "(A;ID;FA;;;SY)", true, SBK_RIGHTS_SEARCH,
		     BASE "(A;;0x1000a0;;;" ACCOUNT ")(A;ID;FA;;;SY)");
}

static void test_access_rules__a_denial_precedes_what_it_denies(void **state)
{
	(void)state;
	assert_grant(BASE "(A;;FA;;;BA)(A;OICIID;0x1301bf;;;" ACCOUNT ")", true,
		     SBK_RIGHTS_PROTECT,
		     BASE "(D;OICI;DCLCRPDTCRSDWDWO;;;" ACCOUNT
			  ")(A;;FA;;;BA)(A;OICIID;0x1301bf;;;" ACCOUNT ")");
	assert_grant(BASE "(A;;FA;;;BA)(A;ID;0x1301bf;;;" ACCOUNT ")", false,
		     SBK_RIGHTS_PROTECT | SBK_RIGHTS_BELOW,
		     BASE "(A;;FA;;;BA)(D;ID;DCLCRPDTCRSDWDWO;;;" ACCOUNT
			  ")(A;ID;0x1301bf;;;" ACCOUNT ")");
}

static void test_access_rules__what_is_there_is_not_ours(void **state)
{
	(void)state;
	assert_grant(BASE "(A;OICI;0x1200a9;;;" ACCOUNT ")", true,
		     SBK_RIGHTS_READ, BASE "(A;OICI;0x1200a9;;;" ACCOUNT ")");
	assert_grant(BASE "(A;OICIID;0x1200a9;;;" ACCOUNT ")", true,
		     SBK_RIGHTS_READ, BASE "(A;OICIID;0x1200a9;;;" ACCOUNT ")");
}

static void assert_takes_back(const char *sddl, unsigned below,
			      bool is_directory, const char *expected)
{
	struct sbk_buf before = SBK_BUF_INIT, after = SBK_BUF_INIT;
	struct sbk_buf ours = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	nt_state_add(&before, sddl, is_directory);
	assert_ok(sbk_nt_access_add_grant(
			  nt_state_of(&before), is_directory, OTHER,
			  (enum sbk_rights)(SBK_RIGHTS_TAKE_BACK | below),
			  &after, &ours, &err),
		  &err);
	nt_state_sddl(nt_state_of(&after), &text);
	assert_string_equal(sbk_buf_text(&text), expected);
	sbk_buf_release(&before);
	sbk_buf_release(&after);
	sbk_buf_release(&ours);
	sbk_buf_release(&text);
}

#define MODIFY "(A;OICIID;0x1301bf;;;AU)(A;OICIID;FA;;;BA)"

/* What the root hands down decides, and to whom. */
static void test_access_rules__a_person_may_take_back(void **state)
{
	static const char *const enough[] = {
		BASE "(A;OICI;FA;;;" OTHER ")",
		BASE "(A;OICIIOID;GA;;;" OTHER ")",
		BASE "(A;OICIID;FA;;;WD)",
		BASE "(A;OICI;RCWDWO;;;AU)",
		BASE "(A;OI;FA;;;" OTHER ")(A;CIIO;FA;;;" OTHER ")",
	};
	static const char *const too_little[] = {
		BASE MODIFY,
		BASE "(A;;FA;;;" OTHER ")",	    /* for itself alone */
		BASE "(A;CI;FA;;;" OTHER ")",	    /* for no file */
		BASE "(A;OICINP;RCWD;;;" OTHER ")", /* not to own it */
		BASE "(A;OICI;FA;;;CO)",	    /* the maker's */
		BASE "(A;OICI;FA;;;OW)",	    /* and its owner's */
		BASE "(A;OICI;FA;;;BA)",	    /* not in each token */
		BASE "(D;OICI;WO;;;WD)(A;OICI;FA;;;" OTHER ")",
	};
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(enough) / sizeof(enough[0]); i++)
		assert_takes_back(enough[i], 0, true, enough[i]);
	for (i = 0; i < sizeof(too_little) / sizeof(too_little[0]); i++) {
		struct sbk_buf before = SBK_BUF_INIT, next = SBK_BUF_INIT;
		struct sbk_error err = SBK_ERROR_INIT;

		sbk_buf_clear(&text);
		nt_state_add(&before, too_little[i], true);
		assert_ok(sbk_nt_access_add_grant(nt_state_of(&before), true,
						  OTHER, SBK_RIGHTS_TAKE_BACK,
						  &next, &text, &err),
			  &err);
		assert_string_equal(sbk_buf_text(&text),
				    "ace 0x00 0x0b 0x000e0000 " OTHER "\n");
		sbk_buf_release(&before);
		sbk_buf_release(&next);
	}
	assert_takes_back(BASE MODIFY, 0, true,
			  BASE "(A;OICIIO;RCWDWO;;;" OTHER ")" MODIFY);
	assert_takes_back(BASE MODIFY, SBK_RIGHTS_BELOW, true,
			  BASE MODIFY "(A;OICIID;RCWDWO;;;" OTHER ")");
	assert_takes_back(BASE "(A;ID;FR;;;AU)", SBK_RIGHTS_BELOW, false,
			  BASE "(A;ID;FR;;;AU)(A;ID;RCWDWO;;;" OTHER ")");
	/* A file as the root: nothing is made in it. */
	assert_takes_back(BASE "(A;;FR;;;AU)", 0, false, BASE "(A;;FR;;;AU)");
	sbk_buf_release(&text);
}

/* Of a person's entries those alone. */
static void test_access_rules__taking_back_is_stripped_alone(void **state)
{
	static const char *const person[] = {SBK_TAKES_BACK OTHER};
	struct sbk_buf before = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned how;

	(void)state;
	nt_state_add(&before,
		     BASE "(A;;FR;;;" OTHER ")(A;OICIID;RCWDWO;;;" ACCOUNT
			  ")(A;OICIID;RCWDWO;;;" OTHER ")(D;ID;RCWDWO;;;" OTHER
			  ")",
		     true);
	assert_ok(sbk_nt_access_strip(nt_state_of(&before), person, 1, &next,
				      &err),
		  &err);
	nt_state_sddl(nt_state_of(&next), &text);
	assert_string_equal(sbk_buf_text(&text), BASE
			    "(A;;FR;;;" OTHER ")(A;OICIID;RCWDWO;;;" ACCOUNT
			    ")(D;ID;RCWDWO;;;" OTHER ")");
	assert_ok(sbk_nt_access_naming(nt_state_of(&before), person[0], &how,
				       &err),
		  &err);
	assert_int_equal(how, SBK_NAMED_ENTRY | SBK_NAMED_INHERIT);
	assert_ok(
		sbk_nt_access_naming(nt_state_of(&next), person[0], &how, &err),
		&err);
	assert_int_equal(how, 0); /* nor because the person owns it */
	sbk_buf_release(&before);
	sbk_buf_release(&next);
	sbk_buf_release(&text);
}

/* Somebody cut it off from above: a grant above does not reach it either. */
static void test_access_rules__a_protected_list_stays(void **state)
{
	(void)state;
	assert_grant("O:BAG:BUD:P(A;;FA;;;SY)", true,
		     SBK_RIGHTS_WRITE | SBK_RIGHTS_BELOW,
		     "O:BAG:BUD:P(A;;FA;;;SY)");
	assert_grant("O:BAG:BUD:P(A;;FA;;;SY)", true, SBK_RIGHTS_READ,
		     "O:BAG:BUD:P(A;;FA;;;SY)(A;OICI;0x1200a9;;;" ACCOUNT ")");
}

static void test_access_rules__no_list_lets_everybody_in(void **state)
{
	struct granting g = GRANTING_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_grant("O:BAG:BUD:NO_ACCESS_CONTROL", true, SBK_RIGHTS_WRITE,
		     "O:BAG:BUD:NO_ACCESS_CONTROL");
	assert_error(add(&g, "O:BAG:BUD:NO_ACCESS_CONTROL", true,
			 SBK_RIGHTS_PROTECT, &err),
		     SBK_E_UNSUPPORTED, &err);
	release(&g);
}

static void test_access_rules__a_principal_is_one_text(void **state)
{
	static const char *const wrong[] = {
		"",	     "u:990",	  "s-1-5-18",  "BA",
		"S-1-5-18 ", "S-1-5-018", "S-1-0x5-18"};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid sid;
	size_t i;

	(void)state;
	assert_ok(sbk_nt_principal_parse("S-1-0x0053424B0001-1-2-3-4-1", &sid,
					 &err),
		  &err);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_error(sbk_nt_principal_parse(wrong[i], &sid, &err),
			     SBK_E_INVAL, &err);
}

/* Grants WRITE on `before`, finds `now`, and takes the grant out of it. */
static int subtract(const char *before, const char *now, struct sbk_buf *left,
		    struct sbk_error *err)
{
	struct granting g = GRANTING_INIT;
	struct sbk_buf current = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_change change = {.object = {.kind = SBK_KIND_ACCESS}};
	int rc;

	assert_ok(add(&g, before, true, SBK_RIGHTS_WRITE, err), err);
	change.before = nt_state_of(&g.before);
	change.after = nt_state_of(&g.after);
	change.ours = sbk_buf_text(&g.ours);
	nt_state_add(&current, now, true);
	rc = sbk_nt_access_subtract(&change, nt_state_of(&current), &next, err);
	if (rc == 0)
		nt_state_sddl(nt_state_of(&next), left);
	sbk_buf_release(&current);
	sbk_buf_release(&next);
	release(&g);
	return rc;
}

#define OURS "(A;;0x1201bf;;;" ACCOUNT ")(A;OICIIO;0x1301bf;;;" ACCOUNT ")"

static void test_access_rules__exactly_ours_is_taken_out(void **state)
{
	/* Before the grant, what is found, what is left of it. */
	static const char *const cases[][3] = {
		/* others added and removed, in any place */
		{BASE "(A;;FA;;;BA)", BASE "(D;;FW;;;WD)" OURS "(A;;FR;;;WD)",
		 BASE "(D;;FW;;;WD)(A;;FR;;;WD)"},
		/* owner, group and control bits are as they are now */
		{BASE "(A;;FA;;;BA)", "O:BAG:SYD:P" OURS "(A;;FA;;;BA)",
		 "O:BAG:SYD:P(A;;FA;;;BA)"},
		/* not canonical: nothing is put in order */
		{BASE "(A;;FA;;;BA)(D;;FW;;;WD)",
		 BASE "(A;;FA;;;BA)(D;;FW;;;WD)(A;;FR;;;WD)" OURS,
		 BASE "(A;;FA;;;BA)(D;;FW;;;WD)(A;;FR;;;WD)"},
		/* one of ours is gone already */
		{BASE "(A;;FA;;;BA)",
		 BASE "(A;;FR;;;BA)(A;;0x1201bf;;;" ACCOUNT ")",
		 BASE "(A;;FR;;;BA)"},
		/* an equal one stood there: one stays */
		{BASE "(A;;0x1201bf;;;" ACCOUNT ")", BASE OURS "(A;;FR;;;WD)",
		 BASE "(A;;0x1201bf;;;" ACCOUNT ")(A;;FR;;;WD)"},
		/* "convert inherited permissions", and back */
		{BASE "(A;;FA;;;BA)",
		 BASE "(A;ID;0x1201bf;;;" ACCOUNT
		      ")(A;OICIIOID;0x1301bf;;;" ACCOUNT ")(A;;FR;;;WD)",
		 BASE "(A;;FR;;;WD)"},
		{BASE "(A;;FA;;;BA)", "O:BAG:SYD:NO_ACCESS_CONTROL",
		 "O:BAG:SYD:NO_ACCESS_CONTROL"},
	};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_buf left = SBK_BUF_INIT;

		assert_ok(subtract(cases[i][0], cases[i][1], &left, &err),
			  &err);
		assert_string_equal(sbk_buf_text(&left), cases[i][2]);
		sbk_buf_release(&left);
	}
}

static void test_access_rules__an_altered_entry_is_left(void **state)
{
	struct sbk_buf left = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(subtract(BASE "(A;;FA;;;BA)",
			      BASE "(A;;FA;;;" ACCOUNT
				   ")(A;OICIIO;0x1301bf;;;" ACCOUNT ")",
			      &left, &err),
		     SBK_E_CONFLICT, &err);
	sbk_buf_release(&left);
}

static void test_access_rules__strip_takes_each_entry_of_theirs(void **state)
{
	static const char *const principals[] = {ACCOUNT, "S-1-5-21-9-9-9-9"};
	struct sbk_buf current = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_buf sddl = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	nt_state_add(&current,
		     BASE "(D;;FW;;;S-1-5-21-9-9-9-9)(XA;;FR;;;" ACCOUNT
			  ";(@USER.a == 1))(A;;FA;;;BA)(A;ID;FA;;;" ACCOUNT ")",
		     false);
	assert_ok(sbk_nt_access_strip(nt_state_of(&current), principals, 2,
				      &next, &err),
		  &err);
	nt_state_sddl(nt_state_of(&next), &sddl);
	assert_string_equal(sbk_buf_text(&sddl), BASE "(A;;FA;;;BA)");
	sbk_buf_release(&sddl);
	sbk_buf_clear(&current);
	sbk_buf_add(&current, next.data, next.size);
	sbk_buf_clear(&next);
	assert_ok(sbk_nt_access_strip(nt_state_of(&current), principals, 2,
				      &next, &err),
		  &err);
	assert_true(sbk_state_equal(nt_state_of(&current), nt_state_of(&next)));
	sbk_buf_release(&current);
	sbk_buf_release(&next);
}

/* All SIDs of an authority at once: entries, an owner, and nothing else. */
static void test_access_rules__a_family_is_named_and_stripped(void **state)
{
	static const char *const families[] = {"S-1-0x0053424B0001-*",
					       "S-1-0x0053424B0002-*"};
	struct sbk_buf current = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_buf sddl = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned how = 0;

	(void)state;
	nt_state_add(&current,
		     BASE "(D;OICI;FW;;;S-1-0x0053424B0001-1-2-3-4-5)"
			  "(A;;FA;;;BA)(A;;FR;;;S-1-0x0053424B0003-1)"
			  "(A;ID;FA;;;S-1-0x0053424B0002-9)",
		     false);
	assert_ok(sbk_nt_access_naming(nt_state_of(&current), families[0], &how,
				       &err),
		  &err);
	assert_int_equal(how, SBK_NAMED_ENTRY | SBK_NAMED_INHERIT);
	assert_ok(sbk_nt_access_naming(nt_state_of(&current), families[1], &how,
				       &err),
		  &err);
	assert_int_equal(how, SBK_NAMED_ENTRY);
	assert_ok(sbk_nt_access_strip(nt_state_of(&current), families, 2, &next,
				      &err),
		  &err);
	nt_state_sddl(nt_state_of(&next), &sddl);
	assert_string_equal(sbk_buf_text(&sddl),
			    BASE "(A;;FA;;;BA)(A;;FR;;;S-1-0x0053424B0003-1)");
	sbk_buf_release(&sddl);
	sbk_buf_release(&current);
	sbk_buf_release(&next);
}

static unsigned may(const char *sddl, bool *named)
{
	const struct sbk_subject who = {.principal = ACCOUNT};
	struct sbk_buf current = SBK_BUF_INIT, entry = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned rights = 0;

	nt_state_add(&current, sddl, true);
	assert_ok(sbk_nt_access_evaluate(nt_state_of(&current), &who, &rights,
					 named, &entry, &err),
		  &err);
	sbk_buf_release(&current);
	sbk_buf_release(&entry);
	return rights;
}

static void test_access_rules__what_an_account_may(void **state)
{
	bool named;

	(void)state;
	assert_int_equal(may(BASE OURS, &named),
			 SBK_MAY_READ | SBK_MAY_WRITE | SBK_MAY_EXECUTE);
	assert_true(named);
	assert_int_equal(may(BASE "(A;;FR;;;WD)", &named), SBK_MAY_READ);
	assert_false(named);
	assert_int_equal(
		may(BASE "(D;;DCLCRPDTCRSDWDWO;;;" ACCOUNT ")" OURS, &named),
		SBK_MAY_READ | SBK_MAY_EXECUTE);
	assert_int_equal(may(BASE "(A;;FA;;;BA)", &named), 0);
	assert_int_equal(may("O:" ACCOUNT "G:BUD:P", &named), SBK_MAY_WRITE);
	assert_true(named); /* an owner may change the list */
}

static void test_access_rules__how_a_state_names_somebody(void **state)
{
	struct sbk_buf current = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned how = 0;

	(void)state;
	nt_state_add(&current, "O:" ACCOUNT "G:BUD:AI" OURS, true);
	assert_ok(sbk_nt_access_naming(nt_state_of(&current), ACCOUNT, &how,
				       &err),
		  &err);
	assert_int_equal(how,
			 SBK_NAMED_ENTRY | SBK_NAMED_INHERIT | SBK_NAMED_OWNER);
	assert_ok(
		sbk_nt_access_naming(nt_state_of(&current), OTHER, &how, &err),
		&err);
	assert_int_equal(how, 0);
	sbk_buf_release(&current);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_access_rules__roots_and_what_is_below),
	cmocka_unit_test(test_access_rules__a_denial_precedes_what_it_denies),
	cmocka_unit_test(test_access_rules__what_is_there_is_not_ours),
	cmocka_unit_test(test_access_rules__a_person_may_take_back),
	cmocka_unit_test(test_access_rules__taking_back_is_stripped_alone),
	cmocka_unit_test(test_access_rules__a_protected_list_stays),
	cmocka_unit_test(test_access_rules__no_list_lets_everybody_in),
	cmocka_unit_test(test_access_rules__a_principal_is_one_text),
	cmocka_unit_test(test_access_rules__exactly_ours_is_taken_out),
	cmocka_unit_test(test_access_rules__an_altered_entry_is_left),
	cmocka_unit_test(test_access_rules__strip_takes_each_entry_of_theirs),
	cmocka_unit_test(test_access_rules__a_family_is_named_and_stripped),
	cmocka_unit_test(test_access_rules__what_an_account_may),
	cmocka_unit_test(test_access_rules__how_a_state_names_somebody),
};

SBK_TEST_MAIN(tests)
