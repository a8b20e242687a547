/*
 * SDDL on the corpora of tests/data/sddl, and what a line of text cannot say:
 * bytes, parts, people's form of an entry, limits, bytes that have no text.
 * A corpus reports every line that fails, not only the first.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/condition.h"
#include "engine/ntsec/condition_token.h"
#include "engine/ntsec/sddl.h"
#include "tests/support/test.h"

#include "engine/banned.h"

#define DOMAIN "S-1-5-21-1004336348-1177238915-682003330"

static struct sbk_sid domain;
static const struct sbk_sddl_options options = {
	.domains = {.machine = &domain,
		    .domain = &domain,
		    .root_domain = &domain},
};

static int set_up(void **state)
{
	(void)state;
	return sbk_sid_parse(DOMAIN, strlen(DOMAIN), &domain, NULL);
}

/* Parses and prints: the print, or "!" and the offset. */
static void round_trip(const char *text, struct sbk_buf *bytes,
		       struct sbk_buf *print)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	sbk_buf_clear(bytes);
	sbk_buf_clear(print);
	if (sbk_sddl_parse(text, strlen(text), &options, bytes, &err) < 0) {
		if (err.message[0] == '\0' || err.offset > strlen(text))
			sbk_buf_adds(print, "no message or offset");
		else
			sbk_buf_printf(print, "!%zu", err.offset);
		return;
	}
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, &sd,
			      &err),
		  &err);
	assert_ok(sbk_sddl_format(&sd, SBK_SDDL_ALL, &options, print, &err),
		  &err);
}

/* What is printed parses to the same bytes. */
static bool is_stable(const struct sbk_buf *bytes, const struct sbk_buf *print)
{
	struct sbk_buf again = SBK_BUF_INIT;
	bool same = sbk_sddl_parse(sbk_buf_text(print), print->size, &options,
				   &again, NULL) == 0 &&
		    again.size == bytes->size &&
		    memcmp(again.data, bytes->data, again.size) == 0;

	sbk_buf_release(&again);
	return same;
}

/* Takes the last field off a line: what stands behind its last " -> ". */
static char *last_field(char *line)
{
	char *found = NULL, *at;

	for (at = line; (at = strstr(at, " -> ")) != NULL; at += 4)
		found = at;
	if (found == NULL)
		return line;
	*found = '\0';
	return found + 4;
}

struct corpus {
	const char *name;
	unsigned fields; /* of a line */
	bool fails;	 /* the last field is an offset */
};

static bool check_line(const struct corpus *corpus, char *line)
{
	struct sbk_buf bytes = SBK_BUF_INIT, print = SBK_BUF_INIT;
	char *ours = corpus->fields > 1 ? last_field(line) : line;
	bool good;

	if (corpus->fields > 2)
		(void)last_field(line); /* Windows' own, for wine_sddl */
	round_trip(line, &bytes, &print);
	good = strcmp(sbk_buf_text(&print) + (corpus->fails ? 1 : 0), ours) ==
		       0 &&
	       (corpus->fails ? sbk_buf_text(&print)[0] == '!' : true) &&
	       (sbk_buf_text(&print)[0] == '!' || is_stable(&bytes, &print));
	if (!good)
		print_error("%s: '%s'\n\tgives    '%s'\n\texpected '%s'\n",
			    corpus->name, line, sbk_buf_text(&print), ours);
	sbk_buf_release(&bytes);
	sbk_buf_release(&print);
	return good;
}

static void check_corpus(const struct corpus *corpus, unsigned least)
{
	char path[512], line[4096];
	unsigned count = 0, wrong = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", SDDL_DATA, corpus->name);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		count++;
		wrong += !check_line(corpus, line);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(wrong, 0);
	assert_true(count >= least);
}

static void test_sddl__canonical_texts_stay(void **state)
{
	static const struct corpus corpus = {"canonical.txt", 1, false};

	(void)state;
	check_corpus(&corpus, 140);
}

static void test_sddl__other_texts_become_canonical(void **state)
{
	static const struct corpus corpus = {"non_canonical.txt", 2, false};

	(void)state;
	check_corpus(&corpus, 80);
}

static void test_sddl__malformed_texts_name_the_byte(void **state)
{
	static const struct corpus corpus = {"must_fail.txt", 2, true};

	(void)state;
	check_corpus(&corpus, 150);
}

static void test_sddl__quirks_of_windows_are_as_written_down(void **state)
{
	static const struct corpus corpus = {"windows_only.txt", 3, false};

	(void)state;
	check_corpus(&corpus, 10);
}

static void parse_ok(const char *text, struct sbk_buf *out)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_sddl_parse(text, strlen(text), &options, out, &err),
		  &err);
}

/* By hand from MS-DTYP 2.4.6, 2.4.5, 2.4.4.2, 2.4.4.17.4 and 2.4.10.1. */
static void test_sddl__bytes_are_as_specified(void **state)
{
	static const uint8_t expected[] = {
		/* descriptor: revision, control SR SP DP PD, offsets */
		1, 0, 0x14, 0x90, 108, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 68, 0,
		0, 0,
		/* SACL at 20: 48 bytes, one entry */
		2, 0, 48, 0, 1, 0, 0, 0,
		/* resource attribute: 40 bytes, mask 0, S-1-1-0 */
		0x12, 0, 40, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
		/* name at 16, TU, flags 1, no value, "ab" */
		16, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'a', 0, 0, 0,
		/* DACL at 68: 40 bytes, one entry */
		2, 0, 40, 0, 1, 0, 0, 0,
		/* allow callback, OI CI, GENERIC_READ, S-1-1-0 */
		0x09, 3, 32, 0, 0, 0, 0, 0x80, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		0,
		/* local attribute "x", padded */
		'a', 'r', 't', 'x', 0xF8, 2, 0, 0, 0, 'x', 0, 0,
		/* owner at 108: S-1-5-18 */
		1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)state;
	parse_ok("O:SYD:P(XA;OICI;GR;;;WD;(x))"
		 "S:(RA;;;;;WD;(\"a\",TU,0x1))",
		 &bytes);
	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	sbk_buf_release(&bytes);
}

/* The example of 2.5.1.4: its parts lie in the order that we write. */
static void test_sddl__the_example_of_the_specification(void **state)
{
	static const uint8_t expected[] = {
		/* control SR PS PD SP DP; owner at 0x90, group at 0xa0 */
		1, 0, 0x14, 0xB0, 0x90, 0, 0, 0, 0xA0, 0, 0, 0, 0x14, 0, 0, 0,
		0x30, 0, 0, 0,
		/* SACL at 0x14: audit of failed GENERIC_READ by S-1-1-0 */
		2, 0, 0x1C, 0, 1, 0, 0, 0, 2, 0x80, 0x14, 0, 0, 0, 0, 0x80, 1,
		1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
		/* DACL at 0x30: Users, Administrators, SYSTEM, CREATOR OWNER */
		2, 0, 0x60, 0, 4, 0, 0, 0, 0, 3, 0x18, 0, 0, 0, 0, 0xA0, 1, 2,
		0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x21, 2, 0, 0, 0, 3, 0x18, 0,
		0, 0, 0, 0x10, 1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2,
		0, 0, 0, 3, 0x14, 0, 0, 0, 0, 0x10, 1, 1, 0, 0, 0, 0, 0, 5,
		0x12, 0, 0, 0, 0, 3, 0x14, 0, 0, 0, 0, 0x10, 1, 1, 0, 0, 0, 0,
		0, 3, 0, 0, 0, 0,
		/* owner and group: Administrators */
		1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0, 1, 2, 0,
		0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0};
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)state;
	parse_ok("O:BAG:BAD:P(A;CIOI;GRGX;;;BU)(A;CIOI;GA;;;BA)"
		 "(A;CIOI;GA;;;SY)(A;CIOI;GA;;;CO)S:P(AU;FA;GR;;;WD)",
		 &bytes);
	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	sbk_buf_release(&bytes);
}

static void condition_bytes(const char *text, struct sbk_buf *out)
{
	struct sbk_error err = SBK_ERROR_INIT;
	size_t at = 0;

	assert_ok(sbk_condition_parse(text, strlen(text), &at, &options, out,
				      &err),
		  &err);
	assert_int_equal(at, strlen(text));
}

static void test_sddl__conditions_are_postfix(void **state)
{
	/* -2 is two's complement with its sign and base beside it; a list has
	 * the bytes of its elements. */
	static const uint8_t expected[] = {
		'a',  'r',  't',  'x',	0xF9, 2,    0,	  0,	0,    'a', 0,
		0x04, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2,   2,
		0x80, 0x50, 12,	  0,	0,    0,    0x10, 2,	0,    0,   0,
		'b',  0,    0x18, 0,	0,    0,    0,	  0x89, 0xA2, 0xA1};
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)state;
	condition_bytes("(@User.a == -2 || !(Member_of {\"b\", #}))", &bytes);
	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	sbk_buf_release(&bytes);
}

/* The codes of a condition, a character each: 'u', 'd', 'r', 'l' attributes of
 * user, device, resource and local ones, 'v' a literal, else the operator. */
static void expect_order(const char *text, const char *expected)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_condition_cursor at;
	struct sbk_condition_token token;
	char order[32] = "";
	size_t n = 0;

	condition_bytes(text, &bytes);
	at = (struct sbk_condition_cursor){(const uint8_t *)bytes.data,
					   bytes.size,
					   SBK_CONDITION_SIGNATURE_BYTES};
	while (sbk_condition_next(&at, &token, NULL) > 0) {
		assert_true(n < sizeof(order) - 1);
		order[n++] = token.op->code == SBK_COND_USER	   ? 'u'
			     : token.op->code == SBK_COND_DEVICE   ? 'd'
			     : token.op->code == SBK_COND_RESOURCE ? 'r'
			     : token.op->code == SBK_COND_LOCAL	   ? 'l'
			     : token.op->code < SBK_COND_EQUAL
				     ? 'v'
				     : token.op->text[0];
	}
	order[n] = '\0';
	assert_string_equal(order, expected);
	sbk_buf_release(&bytes);
}

/* The three examples of 2.4.4.17.9, and the precedence of 2.5.1.3. */
static void test_sddl__conditions_of_the_specification(void **state)
{
	static const uint8_t expected[] = {
		'a', 'r', 't', 'x', 0xF8, 10, 0, 0, 0, 'T', 0, 'i', 0, 't', 0,
		'l', 0,	  'e', 0,   0x10, 4,  0, 0, 0, 'V', 0, 'P', 0, 0x80};
	struct sbk_buf bytes = SBK_BUF_INIT;

	(void)state;
	condition_bytes("(Title==\"VP\")", &bytes);
	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	sbk_buf_release(&bytes);
	expect_order("((@User.smartcard==1 || @Device.managed==1) && "
		     "(@Resource.dept Any_of{\"Sales\",\"HR\"}))",
		     "uv=dv=|rvA&");
	expect_order("((@User.clearanceLevel>=@Resource.requiredClearance) || "
		     "(Member_of{SID(BA)}))",
		     "ur>vM|");
	expect_order("(!@User.a == 1 && Exists b || c)", "uv=!lE&l|");
	expect_order("(c || !(Exists b) && a == 1)", "llE!lv=&|");
}

static void test_sddl__parts_are_chosen(void **state)
{
	static const struct {
		unsigned parts;
		const char *text;
	} cases[] = {
		{SBK_SDDL_ALL, "O:BAG:SYD:P(A;;FA;;;WD)S:AI"},
		{SBK_SDDL_OWNER, "O:BA"},
		{SBK_SDDL_GROUP | SBK_SDDL_SACL, "G:SYS:AI"},
		{SBK_SDDL_DACL, "D:P(A;;FA;;;WD)"},
		{0, ""},
	};
	struct sbk_buf bytes = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;
	size_t i;

	(void)state;
	parse_ok(cases[0].text, &bytes);
	assert_ok(
		sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, &err),
		&err);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_buf_clear(&text);
		assert_ok(
			sbk_sddl_format(&sd, cases[i].parts, NULL, &text, &err),
			&err);
		assert_string_equal(sbk_buf_text(&text), cases[i].text);
	}
	sbk_buf_release(&bytes);
	sbk_buf_release(&text);
}

static void test_sddl__letters_need_their_domain(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	assert_error(sbk_sddl_parse("D:(A;;GA;;;LA)", 14, NULL, &bytes, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_int_equal(err.offset, 11);
	assert_int_equal(bytes.size, 0);
	assert_ok(sbk_sddl_parse("D:(A;;GA;;;BA)", 14, NULL, &bytes, &err),
		  &err);
	sbk_buf_release(&bytes);
}

static void describe(const uint8_t *data, size_t size, const char *expected)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_ace ace;

	assert_ok(sbk_ace_read(data, size, &ace, &err), &err);
	sbk_sddl_describe_ace(&ace, NULL, &text);
	assert_string_equal(sbk_buf_text(&text), expected);
	sbk_buf_release(&text);
}

#define EVERYONE 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0

static void test_sddl__any_entry_is_described(void **state)
{
	static const uint8_t plain[] = {0, 3,	 20, 0,	      0xFF,
					1, 0x1F, 0,  EVERYONE};
	static const uint8_t unknown[] = {0x17, 0x10, 8, 0, 1, 2, 3, 4};
	static const uint8_t no_letters[] = {0x0C, 0, 24, 0, 0, 0,	 0,
					     0,	   0, 0,  0, 0, EVERYONE};
	static const uint8_t extra[] = {0,    0,	24, 0, 0, 0, 0,
					0x10, EVERYONE, 1,  2, 3, 4};
	static const uint8_t callback[] = {9,	 0,	   24, 0, 0, 0, 0,
					   0x10, EVERYONE, 1,  2, 3, 4};
	static const uint8_t condition[] = {
		9,   0,	  32,	0, 0, 0, 0, 0x10, EVERYONE, 'a', 'r',
		't', 'x', 0xF8, 2, 0, 0, 0, 'x',  0,	    0};

	(void)state;
	describe(plain, sizeof(plain), "(A;OICI;FA;;;WD)");
	describe(unknown, sizeof(unknown), "(0x17;ID;01020304)");
	describe(no_letters, sizeof(no_letters), "(0xc;;;;;WD)");
	describe(extra, sizeof(extra), "(A;;GA;;;WD;0x01020304)");
	describe(callback, sizeof(callback), "(XA;;GA;;;WD;0x01020304)");
	describe(condition, sizeof(condition), "(XA;;GA;;;WD;(x))");
}

/* A DACL of one entry; what SDDL cannot say is refused and not left out. */
static void test_sddl__what_has_no_form_is_refused(void **state)
{
	static const uint8_t bytes[] = {1, 0,	 4,    0x80, 0,	 0, 0, 0,  0,
					0, 0,	 0,    0,    0,	 0, 0, 20, 0,
					0, 0,	 2,    0,    16, 0, 1, 0,  0,
					0, 0x17, 0x10, 8,    0,	 1, 2, 3,  4};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	(void)state;
	assert_ok(sbk_sd_read(bytes, sizeof(bytes), &sd, &err), &err);
	assert_error(sbk_sddl_format(&sd, SBK_SDDL_ALL, NULL, &text, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "entry 1 of the DACL"));
	assert_int_equal(text.size, 0);
	sbk_buf_release(&text);
}

static int format_condition(const void *data, size_t size, struct sbk_buf *text)
{
	sbk_buf_clear(text);
	return sbk_condition_format(data, size, NULL, text, NULL);
}

#define NAME_X "\xF8\2\0\0\0x\0"
#define USER_X "\xF9\2\0\0\0x\0"
#define ONE "\4\1\0\0\0\0\0\0\0\3\2"

static void test_sddl__malformed_conditions_are_refused(void **state)
{
#define CASE(tokens, code)                                     \
	{                                                      \
		"artx" tokens, sizeof("artx" tokens) - 1, code \
	}
	static const struct {
		const char *data;
		size_t size;
		int code;
	} cases[] = {
		CASE(NAME_X, 0),
		CASE(NAME_X "\0\0\0", 0),
		CASE(NAME_X "\0\0\0\0", SBK_E_UNSUPPORTED),
		CASE(NAME_X "\0\1", SBK_E_PARSE),
		CASE("", SBK_E_PARSE),
		CASE(ONE, SBK_E_PARSE),
		CASE(NAME_X NAME_X, SBK_E_PARSE),
		CASE(NAME_X ONE "\x80", 0),
		CASE(ONE NAME_X "\x80", SBK_E_PARSE),
		CASE(USER_X NAME_X "\x80", SBK_E_PARSE),
		CASE(NAME_X USER_X "\x80", 0),
		CASE("\x80", SBK_E_PARSE),
		CASE("\xA2", SBK_E_PARSE),
		CASE(NAME_X "\x80", SBK_E_PARSE),
		CASE(NAME_X "\x87", 0),
		CASE(ONE "\x87", SBK_E_PARSE),
		CASE(ONE "\x89", 0),
		CASE(NAME_X "\x89", SBK_E_PARSE),
		CASE(NAME_X "\xA2\xA2", 0),
		CASE(ONE "\xA2", SBK_E_PARSE),
		CASE(NAME_X ONE "\xA0", SBK_E_PARSE),
		CASE(NAME_X "\x94", SBK_E_PARSE),
		CASE("\xF8\0\0\0\0", SBK_E_PARSE),
		CASE("\xF8\1\0\0\0x", SBK_E_PARSE),
		CASE("\xF8\4\0\0\0x\0", SBK_E_PARSE),
		CASE("\xF8\xFF\xFF\xFF\xFFx\0", SBK_E_PARSE),
		CASE("\xF8\2\0\0\0\0\0", SBK_E_UNSUPPORTED),
		CASE(NAME_X "\4\1\0\0\0\0\0\0\0\4\2\x80", SBK_E_PARSE),
		CASE(NAME_X "\4\1\0\0\0\0\0\0\0\3\4\x80", SBK_E_PARSE),
		CASE(NAME_X "\4\1\0\0\0\0\0\0\0\2\2\x80", SBK_E_UNSUPPORTED),
		CASE(NAME_X "\4\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\3\2\x80",
		     SBK_E_UNSUPPORTED),
		CASE(NAME_X "\x10\2\0\0\0\"\0\x80", SBK_E_UNSUPPORTED),
		CASE(NAME_X "\x50\0\0\0\0\x80", SBK_E_PARSE),
		CASE(NAME_X "\x50\1\0\0\0\0\x80", SBK_E_PARSE),
		CASE(NAME_X "\x50\5\0\0\0\x50\0\0\0\0\x80", SBK_E_PARSE),
		CASE(NAME_X "\x51\4\0\0\0\1\1\0\0\x80", SBK_E_PARSE),
	};
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (format_condition(cases[i].data, cases[i].size, &text) !=
		    cases[i].code)
			fail_msg("condition %zu: '%s'", i, sbk_buf_text(&text));
	sbk_buf_release(&text);
}

/* A DACL of one callback entry whose condition is malformed: the descriptor is
 * readable, so the text is what is missing, not the bytes. */
static void test_sddl__a_malformed_condition_is_named(void **state)
{
	static const uint8_t bytes[] = {
		1,	  0,   4,   0x80, 0,   0,    0,	 0, 0, 0, 0,  0,
		0,	  0,   0,   0,	  20,  0,    0,	 0, 2, 0, 36, 0,
		1,	  0,   0,   0,	  9,   0,    28, 0, 0, 0, 0,  0x10,
		EVERYONE, 'a', 'r', 't',  'x', 0x89, 0,	 0, 0};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_sd sd;

	(void)state;
	assert_ok(sbk_sd_read(bytes, sizeof(bytes), &sd, &err), &err);
	assert_error(sbk_sddl_format(&sd, SBK_SDDL_ALL, NULL, &text, &err),
		     SBK_E_UNSUPPORTED, &err);
	assert_non_null(strstr(err.message, "entry 1 of the DACL"));
	sbk_buf_release(&text);
}

static int parse_bytes(const char *text, size_t size, size_t *offset)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int rc = sbk_sddl_parse(text, size, NULL, &bytes, &err);

	*offset = err.offset;
	sbk_buf_release(&bytes);
	return rc;
}

static void test_sddl__text_is_utf8(void **state)
{
#define TEXT(string, offset)                             \
	{                                                \
		"D:(XA;;GX;;;WD;(a == \"" string "\"))", \
			sizeof(string) - 1 + 25, offset  \
	}
	static const struct {
		const char *text;
		size_t size, offset; /* 0: good */
	} cases[] = {
		TEXT("\xC3\xA4\xE2\x82\xAC\xF0\x9D\x84\x9E", 0),
		TEXT("\xED\xA0\xB4", 0), /* half of a pair, as on Windows */
		TEXT("\xC3", 22),
		TEXT("x\xA4", 23),
		TEXT("\xC0\x80", 22),	      /* overlong */
		TEXT("\xF4\x90\x80\x80", 22), /* beyond U+10FFFF */
		TEXT("\xFF", 22),
		TEXT("x\0y", 23),
	};
	size_t i, offset;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = parse_bytes(cases[i].text, cases[i].size, &offset);

		if (cases[i].offset == 0)
			assert_int_equal(rc, 0);
		else if (rc != SBK_E_PARSE || offset != cases[i].offset)
			fail_msg("case %zu: %d at %zu", i, rc, offset);
	}
	assert_int_equal(parse_bytes("O:\xC3", 3, &offset), SBK_E_PARSE);
	assert_int_equal(offset, 2);
}

static void test_sddl__a_text_has_a_limit(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT;
	size_t offset;

	(void)state;
	while (text.size < SBK_SDDL_BYTES_MAX)
		sbk_buf_adds(&text, "                ");
	assert_int_equal(parse_bytes(text.data, SBK_SDDL_BYTES_MAX, &offset),
			 0);
	sbk_buf_addc(&text, ' ');
	assert_int_equal(
		parse_bytes(text.data, SBK_SDDL_BYTES_MAX + 1, &offset),
		SBK_E_LIMIT);
	sbk_buf_release(&text);
}

/* 128 brackets within brackets parse, print and parse again; 129 do not. */
static void test_sddl__nesting_has_a_limit(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT,
		       print = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int depth, i;

	(void)state;
	for (depth = 127; depth <= 128; depth++) {
		size_t at = 0;

		sbk_buf_clear(&text);
		sbk_buf_clear(&bytes);
		sbk_buf_clear(&print);
		for (i = 0; i < depth; i++)
			sbk_buf_adds(&text, "(!");
		sbk_buf_adds(&text, "(@USER.x)");
		for (i = 0; i < depth; i++)
			sbk_buf_addc(&text, ')');
		if (depth == 128) {
			assert_error(sbk_condition_parse(text.data, text.size,
							 &at, NULL, &bytes,
							 &err),
				     SBK_E_LIMIT, &err);
			break;
		}
		assert_ok(sbk_condition_parse(text.data, text.size, &at, NULL,
					      &bytes, &err),
			  &err);
		assert_ok(sbk_condition_format((const uint8_t *)bytes.data,
					       bytes.size, NULL, &print, &err),
			  &err);
		assert_string_equal(sbk_buf_text(&print), sbk_buf_text(&text));
	}
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
	sbk_buf_release(&print);
}

/* Operators in a row nest as brackets do, in bytes and in text. */
static void test_sddl__a_chain_has_the_same_limit(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	size_t at = 0;
	int i;

	(void)state;
	sbk_buf_adds(&text, "(x");
	for (i = 0; i < 127; i++)
		sbk_buf_adds(&text, "&&x");
	sbk_buf_addc(&text, ')');
	condition_bytes(sbk_buf_text(&text), &bytes);
	assert_int_equal(format_condition(bytes.data, bytes.size, &text), 0);

	/* One more operator in the bytes, and one more in the text. */
	sbk_buf_add(&bytes, NAME_X "\xA0", 8);
	assert_int_equal(format_condition(bytes.data, bytes.size, &text),
			 SBK_E_LIMIT);
	sbk_buf_clear(&text);
	sbk_buf_adds(&text, "(x");
	for (i = 0; i < 128; i++)
		sbk_buf_adds(&text, "||x");
	sbk_buf_addc(&text, ')');
	assert_int_equal(sbk_condition_parse(text.data, text.size, &at, NULL,
					     &bytes, NULL),
			 SBK_E_LIMIT);
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
}

static void test_sddl__lists_have_a_limit(void **state)
{
	struct sbk_buf text = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	int i, most = (SBK_NT_ACL_BYTES_MAX - SBK_NT_ACL_HEADER_BYTES) / 20;

	(void)state;
	sbk_buf_adds(&text, "D:");
	for (i = 0; i < most; i++)
		sbk_buf_adds(&text, "(A;;GA;;;WD)");
	parse_ok(sbk_buf_text(&text), &bytes);
	sbk_buf_adds(&text, "(A;;GA;;;WD)");
	assert_error(sbk_sddl_parse(text.data, text.size, NULL, &bytes, &err),
		     SBK_E_LIMIT, &err);
	assert_int_equal(err.offset, text.size - strlen("(A;;GA;;;WD)"));
	sbk_buf_release(&text);
	sbk_buf_release(&bytes);
}

/* Parts that share bytes would print as far more than they are. */
static void test_sddl__attributes_do_not_overlap(void **state)
{
	static const uint8_t good[] = {
		24, 0, 0,  0, 3, 0, 0,	 0, 0, 0, 0,   0, 2, 0, 0,   0, 28, 0,
		0,  0, 32, 0, 0, 0, 'n', 0, 0, 0, 'v', 0, 0, 0, 'w', 0, 0,  0};
	uint8_t shared[sizeof(good)];
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t cut;

	(void)state;
	assert_ok(sbk_claim_format(good, sizeof(good), NULL, &text, &err),
		  &err);
	assert_string_equal(sbk_buf_text(&text), "(\"n\",TS,0x0,\"v\",\"w\")");
	memcpy(shared, good, sizeof(good));
	shared[20] = 28; /* both values at the same place still fit */
	sbk_buf_clear(&text);
	assert_ok(sbk_claim_format(shared, sizeof(good), NULL, &text, &err),
		  &err);
	shared[0] = 24;
	shared[24 + 2] = 'n'; /* the name takes in the first value's text */
	assert_error(sbk_claim_format(shared, sizeof(good), NULL, &text, &err),
		     SBK_E_UNSUPPORTED, &err);
	for (cut = 0; cut < sizeof(good); cut++)
		assert_true(sbk_claim_format(good, cut, NULL, &text, NULL) < 0);
	sbk_buf_release(&text);
}

#define HEAD(type, flags, reserved, count) \
	"\x14\0\0\0" type "\0" reserved "\0" flags "\0\0\0" count "\0\0\0"
#define VALUE_AT(offset) offset "\0\0\0"

static void test_sddl__malformed_attributes_are_refused(void **state)
{
#define CLAIM(bytes, code)                     \
	{                                      \
		bytes, sizeof(bytes) - 1, code \
	}
	static const struct {
		const char *data;
		size_t size;
		int code;
	} cases[] = {
		CLAIM(HEAD("\6", "\0", "\0", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      0),
		CLAIM(HEAD("\6", "\0", "\0", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\2\0\0\0\0\0\0\0",
		      SBK_E_UNSUPPORTED),
		CLAIM(HEAD("\6", "\x40", "\0", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      SBK_E_UNSUPPORTED),
		CLAIM(HEAD("\6", "\0", "\1", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      SBK_E_UNSUPPORTED),
		CLAIM(HEAD("\4", "\0", "\0", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      SBK_E_PARSE),
		CLAIM(HEAD("\6", "\0", "\0", "\1")
			      VALUE_AT("\x18") "\0\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      SBK_E_PARSE),
		CLAIM(HEAD("\6", "\0", "\0", "\1")
			      VALUE_AT("\x08") "n\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      SBK_E_PARSE),
		CLAIM(HEAD("\1", "\0", "\0", "\1")
			      VALUE_AT("\x19") "n\0\0\0"
					       "\1\0\0\0\0\0\0\0",
		      SBK_E_PARSE),
		CLAIM(HEAD("\3", "\0", "\0", "\1") VALUE_AT("\x18") "n\0\0\0"
								    "\"\0\0\0",
		      SBK_E_UNSUPPORTED),
		CLAIM(HEAD("\5", "\0", "\0", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\2\0\0\0\1\1",
		      SBK_E_PARSE),
		CLAIM(HEAD("\5", "\0", "\0", "\1")
			      VALUE_AT("\x18") "n\0\0\0"
					       "\xFF\0\0\0\1\1",
		      SBK_E_PARSE),
		CLAIM(HEAD("\5", "\0", "\0", "\xFF"), SBK_E_PARSE),
		CLAIM("\x10\0\0\0", SBK_E_PARSE),
	};
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_buf_clear(&text);
		if (sbk_claim_format((const uint8_t *)cases[i].data,
				     cases[i].size, NULL, &text,
				     &err) != cases[i].code)
			fail_msg("attribute %zu: '%s' %s", i,
				 sbk_buf_text(&text), err.message);
	}
	sbk_buf_release(&text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sddl__canonical_texts_stay),
		cmocka_unit_test(test_sddl__other_texts_become_canonical),
		cmocka_unit_test(test_sddl__malformed_texts_name_the_byte),
		cmocka_unit_test(
			test_sddl__quirks_of_windows_are_as_written_down),
		cmocka_unit_test(test_sddl__bytes_are_as_specified),
		cmocka_unit_test(test_sddl__the_example_of_the_specification),
		cmocka_unit_test(test_sddl__conditions_are_postfix),
		cmocka_unit_test(test_sddl__conditions_of_the_specification),
		cmocka_unit_test(test_sddl__parts_are_chosen),
		cmocka_unit_test(test_sddl__letters_need_their_domain),
		cmocka_unit_test(test_sddl__any_entry_is_described),
		cmocka_unit_test(test_sddl__what_has_no_form_is_refused),
		cmocka_unit_test(test_sddl__malformed_conditions_are_refused),
		cmocka_unit_test(test_sddl__a_malformed_condition_is_named),
		cmocka_unit_test(test_sddl__text_is_utf8),
		cmocka_unit_test(test_sddl__a_text_has_a_limit),
		cmocka_unit_test(test_sddl__malformed_attributes_are_refused),
		cmocka_unit_test(test_sddl__nesting_has_a_limit),
		cmocka_unit_test(test_sddl__a_chain_has_the_same_limit),
		cmocka_unit_test(test_sddl__lists_have_a_limit),
		cmocka_unit_test(test_sddl__attributes_do_not_overlap),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
