/*
 * Evaluation of conditional expressions, from their text. Sections of MS-DTYP
 * are cited beside the cases. A case says what the condition is for an allowing
 * and for a denying entry; '?' stands for "depends on what is not known".
 */
#include <string.h>
#include <time.h>

#include "engine/buf.h"
#include "engine/ntsec/condition.h"
#include "engine/ntsec/wire.h"
#include "tests/ntsec/access_try.h"
#include "tests/support/test.h"

/* The object of all cases. */
#define SACL                                                      \
	"O:BAG:SYD:S:(RA;;;;;WD;(\"num\",TI,0,7))"                \
	"(RA;;;;;WD;(\"big\",TU,0,18446744073709551615))"         \
	"(RA;;;;;WD;(\"dept\",TS,0,\"Sales\",\"Research\"))"      \
	"(RA;;;;;WD;(\"one\",TS,0,\"Sales\"))"                    \
	"(RA;;;;;WD;(\"case\",TS,2,\"Sales\"))"                   \
	"(RA;;;;;WD;(\"yes\",TB,0,1))(RA;;;;;WD;(\"no\",TB,0,0))" \
	"(RA;;;;;WD;(\"who\",TD,0,BA))"                           \
	"(RA;;;;;WD;(\"off\",TI,16,7))"                           \
	"(RA;;;;;WD;(\"empty\",TS,0,\"\"))"                       \
	"(RA;OICIIO;;;;WD;(\"later\",TI,0,1))"

static const struct {
	const char *text;
	char allow, deny; /* T, F, U or ? */
} cases[] = {
	/* 2.4.4.17.6, membership */
	{"(Member_of {SID(" STAFF ")})", 'T', 'T'},
	{"(Member_of SID(" STAFF "))", 'T', 'T'},
	{"(Member_of {SID(" STAFF "),SID(BA)})", 'F', 'F'},
	{"(Member_of_Any {SID(" STAFF "),SID(BA)})", 'T', 'T'},
	{"(Member_of_Any {SID(SY),SID(BA)})", 'F', 'F'},
	{"(Not_Member_of {SID(BA)})", 'T', 'T'},
	{"(Not_Member_of_Any {SID(" STAFF ")})", 'F', 'F'},
	{"(Member_of {SID(" ANDREW ")})", 'T', 'T'},
	/* a deny-only group: none for allowing, unsaid for denying */
	{"(Member_of {SID(BG)})", 'F', '?'},
	{"(Device_Member_of {SID(BA)})", '?', '?'},
	{"(Not_Device_Member_of_Any {SID(BA)})", '?', '?'},
	/* relational operators */
	{"(@Resource.num == 7)", 'T', 'T'},
	{"(@Resource.num != 7)", 'F', 'F'},
	{"(@Resource.num < 8)", 'T', 'T'},
	{"(@Resource.num <= 7)", 'T', 'T'},
	{"(@Resource.num > 7)", 'F', 'F'},
	{"(@Resource.num >= -1)", 'T', 'T'},
	{"(@Resource.big > 9223372036854775807)", 'T', 'T'},
	{"(@Resource.big == -1)", 'F', 'F'},
	{"(@Resource.one == \"sales\")", 'T', 'T'},
	{"(@Resource.case == \"sales\")", 'F', 'F'},
	{"(@Resource.case == \"Sales\")", 'T', 'T'},
	{"(@RESOURCE.ONE == \"Sales\")", 'T', 'T'},
	{"(@Resource.one < \"Zebra\")", '?', '?'},
	{"(@Resource.num == \"7\")", '?', '?'},
	{"(@Resource.who == {SID(BA)})", 'T', 'T'},
	{"(@Resource.dept Contains \"research\")", 'T', 'T'},
	{"(@Resource.dept Contains {\"Sales\",\"Law\"})", 'F', 'F'},
	{"(@Resource.dept Any_of {\"Sales\",\"Law\"})", 'T', 'T'},
	{"(@Resource.dept Not_Any_of {\"Law\"})", 'T', 'T'},
	{"(@Resource.dept Not_Contains {\"Sales\",\"Law\"})", 'T', 'T'},
	{"(@Resource.dept == {\"Sales\",\"Law\"})", 'F', 'F'},
	/* "multivalued ... will fail and produce an UNKNOWN value" */
	{"(@Resource.dept != \"Sales\")", 'U', 'U'},
	/* an attribute that does not exist: UNKNOWN */
	{"(@Resource.none == 1)", 'U', 'U'},
	{"(@Resource.later == 1)", 'U', 'U'},
	{"(@Resource.off == 7)", '?', '?'},
	{"(@User.none == 1)", '?', '?'},
	{"(local == 1)", '?', '?'},
	/* 2.4.4.17.7, Exists and logic */
	{"(Exists @Resource.num)", 'T', 'T'},
	{"(Exists @Resource.none)", 'F', 'F'},
	{"(Not_Exists @Resource.none)", 'T', 'T'},
	{"(@Resource.yes)", 'T', 'T'},
	{"(!(@Resource.yes == 1))", 'F', 'F'},
	{"(@Resource.yes && @Resource.num)", 'T', 'T'},
	{"(@Resource.no || @Resource.empty)", 'F', 'F'},
	{"(@Resource.none == 1 && @Resource.num == 8)", 'F', 'F'},
	{"(@Resource.none == 1 || @Resource.num == 7)", 'T', 'T'},
	{"(@Resource.none == 1 && @Resource.num == 7)", 'U', 'U'},
	{"(!(@Resource.none == 1))", 'U', 'U'},
	/* what is not known matters only where the rest leaves it to it */
	{"(@User.a == 1 && @Resource.none == 1)", 'U', '?'},
	{"(@User.a == 1 && Member_of {SID(BA)})", 'U', '?'},
};

static struct try_token *jane(void)
{
	static struct try_token it;

	try_token(&it, ANDREW);
	try_group(&it, STAFF, SBK_GROUP_ENABLED);
	try_group(&it, "S-1-5-32-546", SBK_GROUP_DENY_ONLY);
	return &it;
}

static char letter(enum sbk_tristate is, bool unsupported)
{
	if (unsupported)
		return '?';
	return is == SBK_TRUE ? 'T' : is == SBK_FALSE ? 'F' : 'U';
}

static char evaluate(const uint8_t *data, size_t size, const struct sbk_sd *sd,
		     bool for_deny)
{
	struct sbk_condition_view view = {.token = &jane()->token, .sd = sd};
	bool unsupported = true;
	enum sbk_tristate is = sbk_condition_evaluate(data, size, &view,
						      for_deny, &unsupported);

	return letter(is, unsupported);
}

static void test_condition__is_what_the_sections_say(void **state)
{
	const struct sbk_sd *sd = try_sd(SACL);
	struct sbk_sddl_options options = {0};
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned i, wrong = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sbk_buf out = SBK_BUF_INIT;
		size_t at = 0;
		char allow, deny;

		if (sbk_condition_parse(cases[i].text, strlen(cases[i].text),
					&at, &options, &out, &err) < 0)
			fprintf(stderr, "%s\n", cases[i].text);
		assert_ok(err.code, &err);
		allow = evaluate((const uint8_t *)out.data, out.size, sd,
				 false);
		deny = evaluate((const uint8_t *)out.data, out.size, sd, true);
		if (allow != cases[i].allow || deny != cases[i].deny) {
			fprintf(stderr, "%s: %c for allowing, %c for denying\n",
				cases[i].text, allow, deny);
			wrong++;
		}
		sbk_buf_release(&out);
	}
	assert_int_equal(wrong, 0);
}

/* 2.5.3.1.5: what is no expression is UNKNOWN. */
static void test_condition__malformed_bytes_are_unknown(void **state)
{
	static const struct {
		uint8_t data[24];
		size_t size;
	} bytes[] = {
		{"artx", 4},			   /* nothing */
		{"artx\xA0\0\0\0", 8},		   /* && of nothing */
		{"artx\x80\0\0\0", 8},		   /* == of nothing */
		{"artx\x51\xFF\xFF\xFF\xFF", 9},   /* beyond the end */
		{"artx\x77\0\0\0", 8},		   /* no token */
		{"artx\x10\x02\0\0\0a\0\xA2", 12}, /* ! of a literal */
		{"artx\x10\x02\0\0\0a\0\x89", 12}, /* a member of a text */
		{"artx\x10\x02\0\0\0a\0\x10\x02\0\0\0b\0\xA0", 19},
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		assert_int_equal(
			evaluate(bytes[i].data, bytes[i].size, NULL, false),
			'U');
		assert_int_equal(
			evaluate(bytes[i].data, bytes[i].size, NULL, true),
			'U');
	}
}

/* Lists without elements, which the grammar does not have. */
static void test_condition__of_nothing_nothing_is_said(void **state)
{
	static const struct {
		uint8_t data[24];
		size_t size;
	} bytes[] = {
		{"artx\x50\0\0\0\0\x89", 10}, /* Member_of {} */
		{"artx\x50\0\0\0\0\x92", 10}, /* Not_Member_of_Any {} */
		{"artx\xFA\2\0\0\0n\0\x50\0\0\0\0\x86", 17}, /* Contains {} */
		{"artx\xFA\2\0\0\0n\0\x50\0\0\0\0\x88", 17}, /* Any_of {} */
	};
	const struct sbk_sd *sd =
		try_sd("O:BAG:SYD:S:(RA;;;;;WD;(\"n\",TI,0,7))");
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		assert_int_equal(
			evaluate(bytes[i].data, bytes[i].size, sd, false), '?');
		assert_int_equal(
			evaluate(bytes[i].data, bytes[i].size, sd, true), '?');
	}
}

/* Deep expressions: what exceeds the stack may be anything. */
static void test_condition__the_stack_is_bounded(void **state)
{
	struct sbk_buf deep = SBK_BUF_INIT;
	static const uint8_t name[] = {0xFA, 2, 0, 0, 0, 'n', 0};
	unsigned i;

	(void)state;
	sbk_buf_adds(&deep, "artx");
	for (i = 0; i < SBK_CONDITION_STACK_MAX + 1; i++)
		sbk_buf_add(&deep, name, sizeof(name));
	for (i = 0; i < SBK_CONDITION_STACK_MAX; i++)
		sbk_buf_addc(&deep, '\xA1');
	assert_int_equal(
		evaluate((const uint8_t *)deep.data, deep.size, NULL, false),
		'?');
	sbk_buf_release(&deep);
}

/* An entry of the type with everyone's SID and this data. */
static void add_ace(struct sbk_buf *out, uint8_t type, const void *data,
		    size_t size)
{
	struct sbk_ace_parts parts = {.type = type,
				      .mask = 0x1,
				      .sid = sbk_sid_make(1, &(uint32_t){0}, 1),
				      .data = data,
				      .data_size = size};

	assert_int_equal(sbk_ace_write(out, &parts, NULL), 0);
}

/* A claim of `count` values that all are one text of `units` letters. */
static void add_claim(struct sbk_buf *out, char name, uint32_t count,
		      size_t units, char letter)
{
	uint8_t data[40000] = {0};
	size_t at = 16 + 4 * (size_t)count, i;

	put_u32le(data, (uint32_t)at);
	put_u16le(data + 4, 3);
	put_u32le(data + 12, count);
	data[at] = (uint8_t)name;
	for (i = 0; i < count; i++)
		put_u32le(data + 16 + 4 * i, (uint32_t)at + 4);
	for (i = 0; i < units; i++)
		data[at + 4 + 2 * i] = (uint8_t)letter;
	add_ace(out, SBK_ACE_RESOURCE_ATTRIBUTE, data,
		(at + 4 + 2 * units + 2 + 3) / 4 * 4);
}

/* Each value of one claim with each of another, each of them a long text, in
 * each of a thousand entries: hours, were the work not bounded. */
static void test_condition__work_is_bounded(void **state)
{
	static const uint8_t text[] = "artx\xFA\2\0\0\0a\0\xFA\2\0\0\0b\0\x88";
	struct sbk_buf sacl = SBK_BUF_INIT, dacl = SBK_BUF_INIT;
	struct sbk_buf lists[2] = {SBK_BUF_INIT, SBK_BUF_INIT};
	struct sbk_sd sd = *try_sd("O:BAG:BAD:S:");
	struct sbk_access_request request = {.desired = 1};
	struct sbk_access_result result;
	struct try_token it;
	clock_t began;
	unsigned i;

	(void)state;
	try_token(&it, ANDREW);
	try_group(&it, "S-1-1-0", SBK_GROUP_ENABLED);
	try_restrict(&it, "S-1-1-0");
	add_claim(&sacl, 'a', 5000, 4000, 'x');
	add_claim(&sacl, 'b', 1000, 4000, 'y');
	for (i = 0; i < 1000; i++)
		add_ace(&dacl, SBK_ACE_ALLOW_CALLBACK, text, 20);
	assert_int_equal(sbk_nt_acl_write(&lists[0], 2, &sacl, 2, NULL), 0);
	assert_int_equal(sbk_nt_acl_write(&lists[1], 2, &dacl, 1000, NULL), 0);
	assert_int_equal(sbk_nt_acl_read((const uint8_t *)lists[0].data,
					 lists[0].size, &sd.sacl, NULL),
			 0);
	assert_int_equal(sbk_nt_acl_read((const uint8_t *)lists[1].data,
					 lists[1].size, &sd.dacl, NULL),
			 0);
	began = clock();
	sbk_access_check(&sd, &it.token, &request, &result);
	assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
	assert_int_equal(result.answer, SBK_ACCESS_UNDECIDED);
	assert_int_equal(result.reason.cause, SBK_BY_CONDITION);
	for (i = 0; i < 2; i++)
		sbk_buf_release(&lists[i]);
	sbk_buf_release(&dacl);
	sbk_buf_release(&sacl);
}

/* The second pass of a restricted token sees its restricting SIDs. */
static void test_condition__restricting_sids(void **state)
{
	static const char text[] = "(Member_of {SID(" ROOT_A ")})";
	struct sbk_sddl_options options = {0};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_condition_view view = {0};
	struct try_token it;
	bool unsupported;
	size_t at = 0;

	(void)state;
	try_token(&it, ANDREW);
	try_restrict(&it, ROOT_A);
	view.token = &it.token;
	assert_ok(sbk_condition_parse(text, strlen(text), &at, &options, &out,
				      &err),
		  &err);
	assert_int_equal(sbk_condition_evaluate((const uint8_t *)out.data,
						out.size, &view, false,
						&unsupported),
			 SBK_FALSE);
	view.restricting = true;
	assert_int_equal(sbk_condition_evaluate((const uint8_t *)out.data,
						out.size, &view, false,
						&unsupported),
			 SBK_TRUE);
	sbk_buf_release(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_condition__is_what_the_sections_say),
		cmocka_unit_test(test_condition__malformed_bytes_are_unknown),
		cmocka_unit_test(test_condition__of_nothing_nothing_is_said),
		cmocka_unit_test(test_condition__the_stack_is_bounded),
		cmocka_unit_test(test_condition__work_is_bounded),
		cmocka_unit_test(test_condition__restricting_sids),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
