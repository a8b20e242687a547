/*
 * Children's descriptors, by the examples and rules of Microsoft's
 * documentation; each group names the page. samba_inherit.py compares the same
 * code with Samba's.
 */
#include <string.h>

#include "engine/ntsec/inherit.h"
#include "engine/ntsec/sddl.h"
#include "tests/support/test.h"

#define USER "S-1-5-21-1-2-3-1000"
#define TEAM "S-1-5-21-1-2-3-513"
#define BOTH (SBK_INHERIT_DACL | SBK_INHERIT_SACL)
#define DEFAULTS "D:(A;;GA;;;SY)(A;;GR;;;WD)"
#define DEFAULT_DACL "D:(A;;FA;;;SY)(A;;FR;;;WD)"
#define TYPE "bf967aba-0de6-11d0-a285-00aa003049e2"
#define OTHER_TYPE "4828cc14-1437-45bc-9b07-ad6f015e5f28"
#define RIGHT "4c164200-20c0-11d0-a768-00aa006e0529"

/* TYPE, as it stands in bytes: three little-endian numbers, eight bytes. */
static const uint8_t type_bytes[16] = {0xBA, 0x7A, 0x96, 0xBF, 0xE6, 0x0D,
				       0xD0, 0x11, 0xA2, 0x85, 0x00, 0xAA,
				       0x00, 0x30, 0x49, 0xE2};

struct example {
	const char *parent, *creator; /* NULL: none */
	const char *leaf, *container; /* expected; NULL: not asked */
	unsigned flags;
};

static void parse(const char *text, struct sbk_buf *bytes, struct sbk_sd *sd)
{
	const struct sbk_sddl_options options = {.domains = {NULL}};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_sddl_parse(text, strlen(text), &options, bytes, &err),
		  &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, sd,
			      &err),
		  &err);
}

static struct sbk_sid sid(const char *text)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sid out;

	assert_ok(sbk_sid_parse(text, strlen(text), &out, &err), &err);
	return out;
}

/* The lists of a new child, as text, against what is expected. */
static void expect(const struct example *example, bool is_container,
		   const uint8_t *object_type, unsigned parts,
		   const char *expected)
{
	const struct sbk_sddl_options options = {.domains = {NULL}};
	struct sbk_buf bytes[3] = {SBK_BUF_INIT, SBK_BUF_INIT, SBK_BUF_INIT};
	struct sbk_buf out = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd parent, creator, defaults, child;
	struct sbk_inherit_request request = {
		.is_container = is_container,
		.object_type = object_type,
		.flags = example->flags,
		.owner = sid(USER),
		.group = sid(TEAM),
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};

	parse(DEFAULTS, &bytes[0], &defaults);
	request.default_dacl = &defaults.dacl;
	if (example->parent != NULL) {
		parse(example->parent, &bytes[1], &parent);
		request.parent = &parent;
	}
	if (example->creator != NULL) {
		parse(example->creator, &bytes[2], &creator);
		request.creator = &creator;
	}
	assert_ok(sbk_inherit_create(&request, &out, &err), &err);
	assert_ok(
		sbk_sd_read((const uint8_t *)out.data, out.size, &child, &err),
		&err);
	assert_ok(sbk_sddl_format(&child, parts, &options, &text, &err), &err);
	if (strcmp(sbk_buf_text(&text), expected) != 0)
		print_error("below %s%s%s, %s\n",
			    example->parent != NULL ? example->parent
						    : "nothing",
			    example->creator != NULL ? ", given " : "",
			    example->creator != NULL ? example->creator : "",
			    is_container ? "a container" : "a leaf");
	assert_string_equal(sbk_buf_text(&text), expected);
	sbk_buf_release(&text);
	sbk_buf_release(&out);
	sbk_buf_release(&bytes[0]);
	sbk_buf_release(&bytes[1]);
	sbk_buf_release(&bytes[2]);
}

static void expect_all(const struct example *examples, size_t count,
		       unsigned parts)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (examples[i].leaf != NULL)
			expect(&examples[i], false, NULL, parts,
			       examples[i].leaf);
		if (examples[i].container != NULL)
			expect(&examples[i], true, NULL, parts,
			       examples[i].container);
	}
}

#define EXPECT_ALL(examples, parts) \
	expect_all(examples, sizeof(examples) / sizeof(examples[0]), parts)

/*
 * The table of MS-DTYP 2.5.3.4.4 and of "ACE Inheritance Rules", row by row,
 * with and without INHERIT_ONLY_ACE, which plays no part in it. (2.5.3.4.4 has
 * IO,CI,OI for a container below CI,OI: one of the two entries of its
 * pseudo-code. "ACE Inheritance Rules" says effective and inheritable.)
 */
static void test_inherit__flags_pass_on_as_the_table_says(void **state)
{
	static const struct example examples[] = {
		{"D:AI(A;;FR;;;WD)", NULL, DEFAULT_DACL, DEFAULT_DACL, BOTH},
		{"D:AI(A;OI;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;OIIOID;FR;;;WD)", BOTH},
		{"D:AI(A;OINP;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 DEFAULT_DACL, BOTH},
		{"D:AI(A;CI;FR;;;WD)", NULL, DEFAULT_DACL,
		 "D:AI(A;CIID;FR;;;WD)", BOTH},
		{"D:AI(A;CINP;FR;;;WD)", NULL, DEFAULT_DACL,
		 "D:AI(A;ID;FR;;;WD)", BOTH},
		{"D:AI(A;OICI;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;OICIID;FR;;;WD)", BOTH},
		{"D:AI(A;OICINP;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;ID;FR;;;WD)", BOTH},
		{"D:AI(A;IO;FR;;;WD)", NULL, DEFAULT_DACL, DEFAULT_DACL, BOTH},
		{"D:AI(A;OIIO;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;OIIOID;FR;;;WD)", BOTH},
		{"D:AI(A;CIIO;FR;;;WD)", NULL, DEFAULT_DACL,
		 "D:AI(A;CIID;FR;;;WD)", BOTH},
		{"D:AI(A;OICIIO;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;OICIID;FR;;;WD)", BOTH},
	};

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_DACL);
}

/* "ACE Inheritance Rules": an effective entry has its generic rights and SIDs
 * mapped, an inherit-only one keeps them, and a container may get two. */
static void test_inherit__generic_entries_become_concrete(void **state)
{
	static const struct example examples[] = {
		{"D:AI(A;OICIIO;GA;;;CO)", NULL, "D:AI(A;ID;FA;;;" USER ")",
		 "D:AI(A;ID;FA;;;" USER ")(A;OICIIOID;GA;;;CO)", BOTH},
		{"D:AI(A;OICI;0x1200a9;;;CG)", NULL,
		 "D:AI(A;ID;0x1200a9;;;" TEAM ")",
		 "D:AI(A;ID;0x1200a9;;;" TEAM ")(A;OICIIOID;0x1200a9;;;CG)",
		 BOTH},
		{"D:AI(A;OICI;GR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;ID;FR;;;WD)(A;OICIIOID;GR;;;WD)", BOTH},
		{"D:AI(A;OI;GR;;;CO)", NULL, "D:AI(A;ID;FR;;;" USER ")",
		 "D:AI(A;OIIOID;GR;;;CO)", BOTH},
		{"D:AI(A;CINP;GX;;;CO)", NULL, DEFAULT_DACL,
		 "D:AI(A;ID;FX;;;" USER ")", BOTH},
		{"D:AI(D;OICI;GW;;;CO)", NULL, "D:AI(D;ID;FW;;;" USER ")",
		 "D:AI(D;ID;FW;;;" USER ")(D;OICIIOID;GW;;;CO)", BOTH},
		/* The owner of each object, not its creator: no stand-in. */
		{"D:AI(A;OICI;FR;;;OW)", NULL, "D:AI(A;ID;FR;;;OW)",
		 "D:AI(A;OICIID;FR;;;OW)", BOTH},
	};

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_DACL);
}

/* "DACL for a New Object", its four steps. */
static void test_inherit__dacl_comes_from_creator_parent_or_token(void **state)
{
	static const struct example examples[] = {
		/* The creator's list, merged with what is inheritable ... */
		{"D:AI(A;OICI;FR;;;WD)", "D:(A;;FA;;;BA)",
		 "D:AI(A;;FA;;;BA)(A;ID;FR;;;WD)",
		 "D:AI(A;;FA;;;BA)(A;OICIID;FR;;;WD)", BOTH},
		/* ... unless it is protected. */
		{"D:AI(A;OICI;FR;;;WD)", "D:P(A;;FA;;;BA)", "D:P(A;;FA;;;BA)",
		 "D:P(A;;FA;;;BA)", BOTH},
		/* What is inheritable alone; the default; and nothing. */
		{"D:AI(A;OICI;FR;;;WD)", NULL, "D:AI(A;ID;FR;;;WD)",
		 "D:AI(A;OICIID;FR;;;WD)", BOTH},
		{"D:(A;;FR;;;WD)", NULL, DEFAULT_DACL, DEFAULT_DACL, BOTH},
		{NULL, NULL, DEFAULT_DACL, DEFAULT_DACL, BOTH},
		{NULL, "D:(A;OICI;GR;;;CO)", "D:(A;OICI;FR;;;" USER ")",
		 "D:(A;;FR;;;" USER ")(A;OICIIO;GR;;;CO)", BOTH},
	};

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_DACL);
}

/* MS-DTYP 2.5.3.4, the remarks on its figure; 2.5.3.4.6. */
static void test_inherit__creators_inherited_entries_are_left_out(void **state)
{
	static const struct example examples[] = {
		{"D:AI(A;OICI;FR;;;WD)", "D:AI(A;;FA;;;BA)(A;ID;FA;;;BU)",
		 "D:AI(A;;FA;;;BA)(A;ID;FR;;;WD)", NULL, BOTH},
		/* Protected: copied, and explicit from now on. */
		{"D:AI(A;OICI;FR;;;WD)", "D:PAI(A;;FA;;;BA)(A;ID;FA;;;BU)",
		 "D:P(A;;FA;;;BA)(A;;FA;;;BU)", NULL, BOTH},
		/* An empty list is a list; a NULL one lets everybody in. */
		{"D:AI(A;OICI;FR;;;WD)", "D:", "D:AI(A;ID;FR;;;WD)", NULL,
		 BOTH},
		{"D:AI(A;CI;FR;;;WD)", "D:P", "D:P", "D:P", BOTH},
		{"D:AI(A;OICI;FR;;;WD)", "D:NO_ACCESS_CONTROL",
		 "D:NO_ACCESS_CONTROL", NULL, BOTH},
		/* Protection without a list: nothing is inherited. */
		{"D:AI(A;OICI;FR;;;WD)S:AI(AU;OICISA;FR;;;WD)", "S:P",
		 "D:AI(A;ID;FR;;;WD)S:P", NULL, BOTH},
	};

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_DACL | SBK_SDDL_SACL);
}

/* 2.5.3.4.1, AutoInheritFlags; and that INHERITED_ACE marks only what was
 * inherited automatically ("ACE Inheritance Rules" as corrected in 2025). */
static void
test_inherit__without_auto_inheritance_nothing_is_marked(void **state)
{
	static const struct example examples[] = {
		{"D:(A;OICI;FR;;;WD)", NULL, "D:(A;;FR;;;WD)",
		 "D:(A;OICI;FR;;;WD)", 0},
		{"D:(A;OICI;FR;;;WD)", "D:(A;;FA;;;BA)", "D:(A;;FA;;;BA)",
		 "D:(A;;FA;;;BA)", 0},
		{"D:(A;OICI;FR;;;WD)S:(AU;OICISA;FR;;;WD)", NULL,
		 "D:AI(A;ID;FR;;;WD)S:(AU;SA;FR;;;WD)", NULL, SBK_INHERIT_DACL},
	};

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_DACL | SBK_SDDL_SACL);
}

/* "SACL Access Right", "ACE Inheritance Rules" (the same for both lists),
 * "Mandatory Integrity Control" (labels are inherited by their flags), and
 * "ACE Inheritance" (a protected SACL still inherits the last two types). */
static void test_inherit__sacl_is_inherited_likewise(void **state)
{
	static const struct example examples[] = {
		{"S:AI(AU;OICISAFA;GW;;;WD)", NULL, "S:AI(AU;IDSAFA;FW;;;WD)",
		 "S:AI(AU;IDSAFA;FW;;;WD)(AU;OICIIOIDSAFA;GW;;;WD)", BOTH},
		{"S:AI(ML;OICI;NW;;;LW)", NULL, "S:AI(ML;ID;NW;;;LW)",
		 "S:AI(ML;OICIID;NW;;;LW)", BOTH},
		{"S:AI(ML;OI;NW;;;HI)", NULL, "S:AI(ML;ID;NW;;;HI)",
		 "S:AI(ML;OIIOID;NW;;;HI)", BOTH},
		{"S:AI(ML;;NW;;;LW)", NULL, "", "", BOTH},
		{"S:AI(AU;OISA;FW;;;WD)", "S:(ML;;NW;;;LW)",
		 "S:AI(ML;;NW;;;LW)(AU;IDSA;FW;;;WD)", NULL, BOTH},
		{"S:AI(AU;OISA;FW;;;WD)(RA;OI;;;;WD;(\"Project\",TS,0,\"x\"))"
		 "(SP;OI;;;;S-1-17-1)",
		 "S:P(ML;;NW;;;LW)",
		 "S:P(ML;;NW;;;LW)"
		 "(RA;ID;;;;WD;(\"Project\",TS,0x0,\"x\"))(SP;ID;;;;S-1-17-1)",
		 NULL, BOTH},
	};

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_SACL);
}

/* "ACCESS_ALLOWED_OBJECT_ACE", InheritedObjectType: which children inherit it;
 * the others carry it on. */
static void test_inherit__object_entries_go_by_the_childs_type(void **state)
{
	static const struct example mine = {
		.parent = "D:AI(OA;CIIO;RP;" RIGHT ";" TYPE ";RU)",
		.flags = BOTH,
	};
	static const struct example others = {
		.parent = "D:AI(OA;CIIO;RP;" RIGHT ";" OTHER_TYPE ";RU)",
		.flags = BOTH,
	};
	static const struct example last = {
		.parent = "D:AI(OA;CIIONP;RP;" RIGHT ";" TYPE ";RU)"
			  "(OA;CIIONP;RP;;" TYPE ";RU)",
		.flags = BOTH,
	};

	(void)state;
	expect(&mine, true, type_bytes, SBK_SDDL_DACL,
	       "D:AI(OA;CIID;RP;" RIGHT ";" TYPE ";RU)");
	expect(&others, true, type_bytes, SBK_SDDL_DACL,
	       "D:AI(OA;CIIOID;RP;" RIGHT ";" OTHER_TYPE ";RU)");
	expect(&mine, true, NULL, SBK_SDDL_DACL,
	       "D:AI(OA;CIIOID;RP;" RIGHT ";" TYPE ";RU)");
	expect(&mine, false, type_bytes, SBK_SDDL_DACL, DEFAULT_DACL);
	expect(&last, true, type_bytes, SBK_SDDL_DACL,
	       "D:AI(OA;ID;RP;" RIGHT ";;RU)(A;ID;RP;;;RU)");
}

/* 2.5.3.4.1: DEFAULT_DESCRIPTOR_FOR_OBJECT yields only to entries for the
 * child's own type; SE_DACL_DEFAULTED to any (SECURITY_DESCRIPTOR_CONTROL).*/
static void test_inherit__a_default_yields_to_what_is_inherited(void **state)
{
	struct example example = {
		.parent = "D:AI(OA;CI;RP;" RIGHT ";" TYPE ";RU)",
		.creator = "D:(A;;FA;;;BA)",
		.flags = BOTH | SBK_INHERIT_DEFAULT_IF_OBJECT,
	};

	(void)state;
	expect(&example, true, type_bytes, SBK_SDDL_DACL,
	       "D:AI(OA;CIID;RP;" RIGHT ";" TYPE ";RU)");
	expect(&example, true, NULL, SBK_SDDL_DACL,
	       "D:AI(A;;FA;;;BA)(OA;CIIOID;RP;" RIGHT ";" TYPE ";RU)");
	example.flags = BOTH;
	expect(&example, true, type_bytes, SBK_SDDL_DACL,
	       "D:AI(A;;FA;;;BA)(OA;CIID;RP;" RIGHT ";" TYPE ";RU)");
}

/* A conditional entry keeps its condition; an opaque one its bytes. */
static void test_inherit__what_is_not_understood_is_passed_on(void **state)
{
	static const struct example examples[] = {
		{"D:AI(XA;OICI;GR;;;CO;(@USER.Project Any_of {\"x\"}))", NULL,
		 "D:AI(XA;ID;FR;;;" USER ";(@USER.Project Any_of {\"x\"}))",
		 "D:AI(XA;ID;FR;;;" USER ";(@USER.Project Any_of {\"x\"}))"
		 "(XA;OICIIOID;GR;;;CO;(@USER.Project Any_of {\"x\"}))",
		 BOTH},
	};
	static const uint8_t unknown[] = {2,  0, 16, 0, 1,   0,	  0,   0,
					  99, 3, 8,  0, 'a', 'b', 'c', 'd'};
	const struct sbk_inherit_child child = {
		.is_marked = true,
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf entries = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	uint16_t count = 0;

	(void)state;
	EXPECT_ALL(examples, SBK_SDDL_DACL);
	assert_ok(sbk_nt_acl_read(unknown, sizeof(unknown), &acl, &err), &err);
	assert_ok(sbk_inherit_entries(&acl, &child, &entries, &count, &err),
		  &err);
	assert_int_equal(count, 1);
	assert_int_equal(entries.size, 8);
	assert_memory_equal(entries.data, "c\x10\x08\0abcd", 8);
	sbk_buf_release(&entries);
}

/* 2.5.3.4.1, steps 1 and 2. */
static void test_inherit__owner_and_group(void **state)
{
	static const unsigned parts = SBK_SDDL_OWNER | SBK_SDDL_GROUP;
	struct example example = {.parent = "O:BAG:SYD:(A;OICI;FA;;;CO)"};

	(void)state;
	expect(&example, false, NULL, parts, "O:" USER "G:" TEAM);
	example.flags = SBK_INHERIT_OWNER_FROM_PARENT;
	expect(&example, false, NULL, parts, "O:BAG:" TEAM);
	/* CREATOR OWNER is the owner that the child gets. */
	expect(&example, false, NULL, SBK_SDDL_DACL, "D:(A;;FA;;;BA)");
	example.flags |= SBK_INHERIT_GROUP_FROM_PARENT;
	expect(&example, false, NULL, parts, "O:BAG:SY");
	example.creator = "O:BUG:BU";
	expect(&example, false, NULL, parts, "O:BUG:BU");
}

/* CREATOR OWNER is 12 bytes, an account's SID 28: a list that fitted may not
 * fit any more. Nothing is written then. */
static void test_inherit__a_list_that_grows_too_large_is_refused(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_inherit_request request = {
		.owner = sid(USER),
		.group = sid(TEAM),
		.flags = BOTH,
		.mapping = sbk_nt_mapping(SBK_NT_FILE),
	};
	struct sbk_sd parent;
	int i;

	(void)state;
	sbk_buf_adds(&text, "D:AI");
	for (i = 0; i < 2000; i++)
		sbk_buf_adds(&text, "(A;OICIIO;GA;;;CO)");
	parse(sbk_buf_text(&text), &bytes, &parent);
	request.parent = &parent;
	assert_error(sbk_inherit_create(&request, &out, &err), SBK_E_LIMIT,
		     &err);
	assert_int_equal(out.size, 0);
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
	sbk_buf_release(&out);
}

static void test_inherit__flags_follow_the_parents_own_list(void **state)
{
	static const struct {
		const char *text;
		unsigned flags;
	} cases[] = {
		{"D:AI(A;OICI;FR;;;WD)S:(AU;SA;FR;;;WD)", SBK_INHERIT_DACL},
		{"D:(A;OICI;FR;;;WD)S:AI(AU;SA;FR;;;WD)", SBK_INHERIT_SACL},
		{"D:PAI(A;OICI;FR;;;WD)", SBK_INHERIT_DACL},
		{"D:(A;OICI;FR;;;WD)", 0},
	};
	struct sbk_sd sd;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_buf bytes = SBK_BUF_INIT;

		parse(cases[i].text, &bytes, &sd);
		assert_int_equal(sbk_inherit_flags_below(&sd), cases[i].flags);
		sbk_buf_release(&bytes);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_inherit__flags_pass_on_as_the_table_says),
	cmocka_unit_test(test_inherit__generic_entries_become_concrete),
	cmocka_unit_test(test_inherit__dacl_comes_from_creator_parent_or_token),
	cmocka_unit_test(test_inherit__creators_inherited_entries_are_left_out),
	cmocka_unit_test(
		test_inherit__without_auto_inheritance_nothing_is_marked),
	cmocka_unit_test(test_inherit__sacl_is_inherited_likewise),
	cmocka_unit_test(test_inherit__object_entries_go_by_the_childs_type),
	cmocka_unit_test(test_inherit__a_default_yields_to_what_is_inherited),
	cmocka_unit_test(test_inherit__what_is_not_understood_is_passed_on),
	cmocka_unit_test(test_inherit__owner_and_group),
	cmocka_unit_test(test_inherit__a_list_that_grows_too_large_is_refused),
	cmocka_unit_test(test_inherit__flags_follow_the_parents_own_list),
};

SBK_TEST_MAIN(tests)
