/* What a run makes of the caller's console: decided anywhere. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/windows/console_rules.h"

#include "engine/banned.h"

#define N SBK_STREAM_NONE
#define C SBK_STREAM_CONSOLE
#define P SBK_STREAM_PIPE
#define O SBK_STREAM_OTHER

static void test_console_rules__which_streams_are_the_terminals(void **state)
{
	static const struct {
		enum sbk_stream_kind kinds[3];
		uint32_t terminal;
		bool no_input;
	} cases[] = {
		{{C, C, C}, 7, false},
		{{P, C, C}, 6, false},
		{{O, C, O}, 2, false},
		{{C, O, C}, 5, false},
		{{N, C, N}, 2, false},
		{{C, C, P}, 3, false},
		/* A pager has the keys. */
		{{C, P, C}, 0, true},
		{{P, P, C}, 0, false},
		/* Nothing can be drawn. */
		{{C, O, O}, 0, true},
		{{C, N, P}, 0, true},
		{{N, N, N}, 0, false},
		{{O, P, P}, 0, false},
	};
	struct sbk_console_plan plan;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sbk_console_plan(cases[i].kinds, &plan);
		assert_int_equal(plan.terminal, cases[i].terminal);
		assert_int_equal(plan.no_input, cases[i].no_input);
	}
}

static void test_console_rules__the_modes_of_a_raw_console(void **state)
{
	(void)state;
	/* As a console begins; quick edit and the user's others stay. */
	assert_int_equal(sbk_console_input_mode(0x1F7), 0x3E8);
	assert_int_equal(sbk_console_input_mode(0x3E8), 0x3E8);
	assert_int_equal(sbk_console_output_mode(0x3, true), 0xF);
	assert_int_equal(sbk_console_output_mode(0x13, false), 0x17);
}

static void expect_keys(const struct sbk_console_key *records, size_t count,
			const char *bytes, size_t size)
{
	struct sbk_console_keys keys = {.high = 0};
	struct sbk_buf out = SBK_BUF_INIT;
	size_t i;

	for (i = 0; i < count; i++)
		sbk_console_key(&keys, &records[i], &out);
	assert_int_equal(out.size, size);
	if (size > 0)
		assert_memory_equal(out.data, bytes, size);
	sbk_buf_release(&out);
}

static void test_console_rules__keys_are_bytes(void **state)
{
	static const struct sbk_console_key records[] = {
		{true, 0x41, 'a', 1}, {false, 0x41, 'a', 1},
		{true, 0x10, 0, 1}, /* Shift */
		{true, 0, 0xE9, 1},   {true, 0, 0x20AC, 2},
		{true, 0, 0x1B, 1},   {true, 0, '[', 1},
		{true, 0, 'A', 1},    {true, 0x43, 3, 1},
		{true, 0, 0, 1}, /* Ctrl-Space */
		{true, 0, 0xD83D, 1}, {false, 0, 0xD83D, 1},
		{true, 0, 0xDE00, 1}, {false, 0x12, 0xE4, 1},
		{false, 0x12, 0, 1},  {true, 0x4B, 'k', 0},
	};
	static const char bytes[] = "a\xc3\xa9\xe2\x82\xac\xe2\x82\xac\x1b[A"
				    "\x03\0\xf0\x9f\x98\x80\xc3\xa4k";

	(void)state;
	expect_keys(records, sizeof(records) / sizeof(records[0]), bytes,
		    sizeof(bytes) - 1);
}

static void test_console_rules__half_a_pair_is_no_character(void **state)
{
	static const struct sbk_console_key records[] = {
		{true, 0, 0xDE00, 1},
		{true, 0, 0xD83D, 1},
		{true, 0, 'x', 1},
		{true, 0, 0xD83D, 2},
	};
	static const char bytes[] = "\xef\xbf\xbd\xef\xbf\xbdx\xef\xbf\xbd";

	(void)state;
	expect_keys(records, 4, bytes, sizeof(bytes) - 1);
}

/* Whole, and cut at each place. */
static void expect_units(const char *bytes, size_t size, const uint16_t *units,
			 size_t count)
{
	size_t cut;

	for (cut = 0; cut <= size; cut++) {
		struct sbk_console_text text = {.missing = 0};
		uint16_t out[64];
		size_t used = sbk_console_units(&text, (const uint8_t *)bytes,
						cut, out);

		assert_true(used <= cut + 1);
		used += sbk_console_units(&text, (const uint8_t *)bytes + cut,
					  size - cut, out + used);
		assert_int_equal(used, count);
		assert_memory_equal(out, units, count * sizeof(*units));
	}
}

static void test_console_rules__drawings_come_in_pieces(void **state)
{
	static const char bytes[] = "a\x1b[m\xc3\xa9\xe2\x82\xac"
				    "\xf0\x9f\x98\x80z";
	static const uint16_t units[] = {'a',	 0x1B,	 '[',	 'm', 0xE9,
					 0x20AC, 0xD83D, 0xDE00, 'z'};

	(void)state;
	expect_units(bytes, sizeof(bytes) - 1, units, 9);
}

static void test_console_rules__what_is_no_text_is_marked(void **state)
{
	/* Alone, too long, a surrogate, above the last, cut off. */
	static const char bytes[] = "\x80"
				    "\xc0\xaf"
				    "\xed\xa0\x80"
				    "\xf4\x90\x80\x80"
				    "\xe2\x82x\xff\xc3\xc3\xa9";
	static const uint16_t units[] = {0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD,
					 'x',	 0xFFFD, 0xFFFD, 0xE9};

	(void)state;
	expect_units(bytes, sizeof(bytes) - 1, units, 9);
}

/* Nothing in it is drawn where nothing was cut off, or moves the cursor. */
static void test_console_rules__the_closing_shows_nothing(void **state)
{
	const char *c = sbk_console_closing;

	(void)state;
	assert_memory_equal(c, "\x1b\\", 2);
	assert_non_null(strstr(c, "\x1b[?9001l"));
	for (; *c != '\0'; c++) {
		assert_int_equal(*c++, 0x1B);
		if (*c == '\\' || *c == '>')
			continue;
		assert_int_equal(*c++, '[');
		c += strspn(c, "?0123456789");
		assert_non_null(strchr("lhm", *c));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_console_rules__which_streams_are_the_terminals),
	cmocka_unit_test(test_console_rules__the_modes_of_a_raw_console),
	cmocka_unit_test(test_console_rules__keys_are_bytes),
	cmocka_unit_test(test_console_rules__half_a_pair_is_no_character),
	cmocka_unit_test(test_console_rules__drawings_come_in_pieces),
	cmocka_unit_test(test_console_rules__what_is_no_text_is_marked),
	cmocka_unit_test(test_console_rules__the_closing_shows_nothing),
};

SBK_TEST_MAIN(tests)
