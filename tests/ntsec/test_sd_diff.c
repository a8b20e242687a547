/* The difference of two descriptors, in lines for people. */
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"
#include "tests/ntsec/random_sd.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static void parse(const char *text, struct sbk_buf *bytes, struct sbk_sd *sd)
{
	static const struct sbk_sddl_options options;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_sddl_parse(text, strlen(text), &options, bytes, &err),
		  &err);
	assert_ok(sbk_sd_read((const uint8_t *)bytes->data, bytes->size, sd,
			      &err),
		  &err);
}

/* The lines as they look on a screen; NULL bytes would end the comparison. */
static const char *as_text(struct sbk_buf *lines)
{
	size_t i;

	for (i = 0; i < lines->size; i++)
		if (lines->data[i] == '\0')
			lines->data[i] = '\n';
	return sbk_buf_text(lines);
}

static void assert_diff(const char *a, const char *b, const char *want)
{
	struct sbk_buf of_a = SBK_BUF_INIT, of_b = SBK_BUF_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd sd_a, sd_b;

	parse(a, &of_a, &sd_a);
	parse(b, &of_b, &sd_b);
	sbk_sd_diff(&sd_a, &sd_b, NULL, &out);
	assert_string_equal(as_text(&out), want);
	sbk_buf_release(&out);
	sbk_buf_release(&of_b);
	sbk_buf_release(&of_a);
}

static void test_sd_diff__a_line_for_each_thing(void **state)
{
	static const struct {
		const char *a, *b, *want;
	} cases[] = {
		{"O:BAG:SYD:(A;;FA;;;BA)", "O:BAG:SYD:(A;;FA;;;BA)", ""},
		{"O:BA", "O:SY", "- O:BA\n+ O:SY\n"},
		{"O:BA", "O:S-1-5-21-1-2-3-9",
		 "- O:BA\n+ O:S-1-5-21-1-2-3-9\n"},
		{"O:BA", "G:SY", "- O:BA\n+ G:SY\n"},
		{"D:(A;;FA;;;BA)", "D:(A;;FA;;;BA)(A;OICI;FR;;;WD)",
		 "+ D:(A;OICI;FR;;;WD)\n"},
		{"D:(A;;FA;;;BA)(D;;FW;;;BG)", "D:(A;;FA;;;BA)",
		 "- D:(D;;FW;;;BG)\n"},
		/* one added in the middle is one line */
		{"D:(A;;FA;;;BA)(A;;FA;;;SY)(A;;FA;;;BU)",
		 "D:(A;;FA;;;BA)(A;;FR;;;WD)(A;;FA;;;SY)(A;;FA;;;BU)",
		 "+ D:(A;;FR;;;WD)\n"},
		/* so is one changed between equal neighbours: two lines */
		{"D:(A;;FA;;;BA)(A;;FR;;;WD)(A;;FA;;;BU)",
		 "D:(A;;FA;;;BA)(A;;FW;;;WD)(A;;FA;;;BU)",
		 "- D:(A;;FR;;;WD)\n+ D:(A;;FW;;;WD)\n"},
		{"D:(A;;FA;;;BA)(A;;FR;;;WD)(A;;FA;;;BU)",
		 "D:(A;;FR;;;WD)(A;;FA;;;BU)(A;;FA;;;BA)",
		 "  D: moved (A;;FA;;;BA)\n"},
		{"D:(A;;FR;;;WD)(A;;FA;;;BU)(A;;FA;;;BA)",
		 "D:(A;;FA;;;BA)(A;;FR;;;WD)(A;;FA;;;BU)",
		 "  D: moved (A;;FA;;;BA)\n"},
		{"D:(A;;FA;;;BA)(A;;FR;;;WD)",
		 "D:(A;;FW;;;WD)(A;;FA;;;BA)(A;;FX;;;WD)",
		 "+ D:(A;;FW;;;WD)\n- D:(A;;FR;;;WD)\n"
		 "+ D:(A;;FX;;;WD)\n"},
		/* one of two equal ones is gone */
		{"D:(A;;FA;;;BA)(A;;FA;;;BA)", "D:(A;;FA;;;BA)",
		 "- D:(A;;FA;;;BA)\n"},
		{"D:", "D:(A;;FA;;;BA)", "+ D:(A;;FA;;;BA)\n"},
		{"O:BA", "O:BAD:", "- D: absent\n+ D: empty\n"},
		{"O:BA", "O:BAD:NO_ACCESS_CONTROL", "- D: absent\n+ D: NULL\n"},
		{"D:NO_ACCESS_CONTROL", "D:(A;;FA;;;BA)(A;;FR;;;WD)",
		 "- D: NULL\n+ D:(A;;FA;;;BA)\n+ D:(A;;FR;;;WD)\n"},
		{"D:PAI", "D:AI", "- control: D:P\n"},
		{"D:", "D:PAR", "+ control: D:P\n+ control: D:AR\n"},
		{"S:(AU;SA;FA;;;WD)", "S:(AU;FA;FA;;;WD)",
		 "- S:(AU;SA;FA;;;WD)\n+ S:(AU;FA;FA;;;WD)\n"},
		{"S:(ML;;NW;;;LW)", "O:BA",
		 "+ O:BA\n- S:(ML;;NW;;;LW)\n+ S: absent\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_diff(cases[i].a, cases[i].b, cases[i].want);
}

static void test_sd_diff__names_of_a_domain(void **state)
{
	struct sbk_buf a = SBK_BUF_INIT, b = SBK_BUF_INIT, out = SBK_BUF_INIT;
	struct sbk_sid_domains domains = {.machine = NULL};
	struct sbk_sid machine;
	struct sbk_sd sd_a, sd_b;

	(void)state;
	assert_int_equal(sbk_sid_parse("S-1-5-21-1-2-3", 14, &machine, NULL),
			 0);
	domains.machine = &machine;
	parse("O:S-1-5-21-1-2-3-500D:(A;;FA;;;WD)", &a, &sd_a);
	parse("O:SYD:(A;;FA;;;WD)(A;;FA;;;S-1-5-21-1-2-3-501)", &b, &sd_b);
	sbk_sd_diff(&sd_a, &sd_b, &domains, &out);
	assert_string_equal(as_text(&out),
			    "- O:LA\n+ O:SY\n+ D:(A;;FA;;;LG)\n");
	sbk_buf_release(&out);
	sbk_buf_release(&b);
	sbk_buf_release(&a);
}

/* A string cannot make a line of its own. */
static void test_sd_diff__a_newline_in_a_condition_ends_no_line(void **state)
{
	static const char want[] =
		"+ D:(XA;;FR;;;WD;(@USER.a == \"\n+ D:(A;;FA;;;SY)\"))";
	struct sbk_buf a = SBK_BUF_INIT, b = SBK_BUF_INIT, out = SBK_BUF_INIT;
	struct sbk_sd sd_a, sd_b;

	(void)state;
	parse("D:", &a, &sd_a);
	parse("D:(XA;;FR;;;WD;(@User.a == \"\n+ D:(A;;FA;;;SY)\"))", &b, &sd_b);
	sbk_sd_diff(&sd_a, &sd_b, NULL, &out);
	assert_int_equal(out.size, sizeof(want));
	assert_memory_equal(out.data, want, sizeof(want));
	sbk_buf_release(&out);
	sbk_buf_release(&b);
	sbk_buf_release(&a);
}

/* Says something exactly where the descriptors differ. */
static void test_sd_diff__nothing_means_equal(void **state)
{
	struct sbk_buf bytes = SBK_BUF_INIT, other = SBK_BUF_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	unsigned seed, equal = 0, different = 0;

	(void)state;
	for (seed = 0; seed < 20000; seed++) {
		struct random r = {.state = seed};
		struct sbk_sd a, b;

		sbk_buf_clear(&bytes);
		sbk_buf_clear(&other);
		sbk_buf_clear(&out);
		random_sd(&r, RANDOM_EVERYTHING, 8, &bytes);
		sbk_buf_add(&other, bytes.data, bytes.size);
		other.data[random_below(&r, (uint32_t)other.size)] ^=
			(char)(1u << random_below(&r, 8));
		assert_int_equal(sbk_sd_read((const uint8_t *)bytes.data,
					     bytes.size, &a, NULL),
				 0);
		if (sbk_sd_read((const uint8_t *)other.data, other.size, &b,
				NULL) < 0)
			continue;
		sbk_sd_diff(&a, &b, NULL, &out);
		assert_int_equal(out.failure, 0);
		assert_int_equal(out.size == 0, sbk_sd_equal(&a, &b));
		*(out.size == 0 ? &equal : &different) += 1;
	}
	assert_true(equal > 100 && different > 1000);
	sbk_buf_release(&out);
	sbk_buf_release(&other);
	sbk_buf_release(&bytes);
}

static void write_list(const uint32_t *masks, unsigned count,
		       struct sbk_buf *bytes, struct sbk_sd *sd)
{
	struct sbk_buf entries = SBK_BUF_INIT;
	unsigned i;

	sbk_buf_clear(bytes);
	sbk_buf_adds(&entries, "");
	for (i = 0; i < count; i++) {
		struct sbk_ace_parts parts = {
			.mask = masks[i],
			.sid = sbk_sid_make(1, &(uint32_t){0}, 1)};

		assert_int_equal(sbk_ace_write(&entries, &parts, NULL), 0);
	}
	assert_int_equal(
		sbk_nt_acl_write(bytes, 2, &entries, (uint16_t)count, NULL), 0);
	*sd = (struct sbk_sd){.dacl_is = SBK_ACL_PRESENT};
	assert_int_equal(sbk_nt_acl_read((const uint8_t *)bytes->data,
					 bytes->size, &sd->dacl, NULL),
			 0);
	sbk_buf_release(&entries);
}

static void insert(uint32_t *masks, unsigned *count, unsigned at, uint32_t mask)
{
	unsigned i;

	for (i = (*count)++; i > at; i--)
		masks[i] = masks[i - 1];
	masks[at] = mask;
}

/* Entries put into one list and others into the other: a line for each. */
static void test_sd_diff__no_line_too_many(void **state)
{
	struct sbk_buf bytes[2] = {SBK_BUF_INIT, SBK_BUF_INIT};
	struct sbk_buf out = SBK_BUF_INIT;
	unsigned seed, i;

	(void)state;
	for (seed = 0; seed < 2000; seed++) {
		struct random r = {.state = seed};
		uint32_t masks[2][32];
		unsigned counts[2], changes = random_below(&r, 12);
		struct sbk_sd sd[2];
		size_t lines = 0;

		counts[0] = counts[1] = random_below(&r, 20);
		for (i = 0; i < counts[0]; i++)
			masks[0][i] = masks[1][i] = i;
		for (i = 0; i < changes; i++) {
			unsigned side = random_below(&r, 2);

			insert(masks[side], &counts[side],
			       random_below(&r, counts[side] + 1), 100 + i);
		}
		for (i = 0; i < 2; i++)
			write_list(masks[i], counts[i], &bytes[i], &sd[i]);
		sbk_buf_clear(&out);
		sbk_sd_diff(&sd[0], &sd[1], NULL, &out);
		for (i = 0; i < out.size; i++)
			lines += out.data[i] == '\0';
		assert_int_equal(lines, changes);
	}
	for (i = 0; i < 2; i++)
		sbk_buf_release(&bytes[i]);
	sbk_buf_release(&out);
}

/* Two lists of thousands of entries without one in common. */
static void test_sd_diff__too_large_for_a_table(void **state)
{
	struct sbk_buf entries[2] = {SBK_BUF_INIT, SBK_BUF_INIT};
	struct sbk_buf lists[2] = {SBK_BUF_INIT, SBK_BUF_INIT};
	struct sbk_buf out = SBK_BUF_INIT;
	struct sbk_sd sd[2] = {{.dacl_is = SBK_ACL_PRESENT},
			       {.dacl_is = SBK_ACL_PRESENT}};
	struct sbk_error err = SBK_ERROR_INIT;
	size_t lines = 0, i;
	unsigned side;

	(void)state;
	for (side = 0; side < 2; side++) {
		for (i = 0; i < 3000; i++) {
			struct sbk_ace_parts parts = {
				.mask = (uint32_t)(2 * i + side),
				.sid = sbk_sid_make(1, &(uint32_t){0}, 1)};

			assert_ok(sbk_ace_write(&entries[side], &parts, &err),
				  &err);
		}
		assert_ok(sbk_nt_acl_write(&lists[side], 2, &entries[side],
					   3000, &err),
			  &err);
		assert_ok(sbk_nt_acl_read((const uint8_t *)lists[side].data,
					  lists[side].size, &sd[side].dacl,
					  &err),
			  &err);
	}
	sbk_sd_diff(&sd[0], &sd[1], NULL, &out);
	for (i = 0; i < out.size; i++)
		lines += out.data[i] == '\0';
	assert_int_equal(lines, 6000);
	for (side = 0; side < 2; side++) {
		sbk_buf_release(&entries[side]);
		sbk_buf_release(&lists[side]);
	}
	sbk_buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_sd_diff__a_line_for_each_thing),
	cmocka_unit_test(test_sd_diff__names_of_a_domain),
	cmocka_unit_test(test_sd_diff__a_newline_in_a_condition_ends_no_line),
	cmocka_unit_test(test_sd_diff__nothing_means_equal),
	cmocka_unit_test(test_sd_diff__no_line_too_many),
	cmocka_unit_test(test_sd_diff__too_large_for_a_table),
};

SBK_TEST_MAIN(tests)
