/* Buffers, hexadecimal, arenas, JSON and escaped text. */
#include "tests/support/test.h"

#include <string.h>

#include "engine/buf.h"
#include "engine/json.h"

#include "engine/banned.h"

static void test_buf__grows_and_stays_terminated(void **state)
{
	struct sbk_buf buf = SBK_BUF_INIT;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		sbk_buf_printf(&buf, "%d,", i);
	assert_int_equal(sbk_buf_failed(&buf, NULL), 0);
	assert_int_equal(strlen(sbk_buf_text(&buf)), buf.size);
	assert_true(strncmp(sbk_buf_text(&buf), "0,1,2,", 6) == 0);
	sbk_buf_release(&buf);
}

static void test_buf__remembers_that_it_is_over_the_limit(void **state)
{
	struct sbk_buf buf = {.size = SBK_BUF_BYTES_MAX - 4};
	struct sbk_error err = SBK_ERROR_INIT;

	(void)state;
	sbk_buf_adds(&buf, "hello");
	assert_int_equal(sbk_buf_failed(&buf, &err), SBK_E_LIMIT);
	sbk_buf_addc(&buf, 'x');
	assert_int_equal(buf.size, SBK_BUF_BYTES_MAX - 4);
}

static void test_buf__hexadecimal_round_trips(void **state)
{
	const unsigned char bytes[] = {0x00, 0x7f, 0x80, 0xff};
	unsigned char back[4];
	struct sbk_buf buf = SBK_BUF_INIT;

	(void)state;
	sbk_buf_add_hex(&buf, bytes, sizeof(bytes));
	assert_string_equal(sbk_buf_text(&buf), "007f80ff");
	assert_true(sbk_hex_decode(sbk_buf_text(&buf), back, 4));
	assert_memory_equal(bytes, back, 4);
	assert_false(sbk_hex_decode("007f80f", back, 4));
	assert_false(sbk_hex_decode("007f80fg", back, 4));
	sbk_buf_release(&buf);
}

static void test_arena__keeps_small_and_large_pieces(void **state)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	char *first = sbk_arena_strdup(&arena, "first");
	char *large = sbk_arena_alloc(&arena, 1 << 20);

	(void)state;
	assert_non_null(large);
	memset(large, 7, 1 << 20);
	assert_string_equal(first, "first");
	sbk_arena_release(&arena);
}

static void test_json__puts_commas_where_they_belong(void **state)
{
	struct sbk_buf buf = SBK_BUF_INIT;

	(void)state;
	sbk_json_open(&buf, '{');
	sbk_json_string(&buf, "a", "x\"\\\n\x01");
	sbk_json_open_key(&buf, "b", '[');
	sbk_json_integer(&buf, NULL, -1);
	sbk_json_bool(&buf, NULL, true);
	sbk_json_open(&buf, '{');
	sbk_json_close(&buf, '}');
	sbk_json_null(&buf, NULL);
	sbk_json_close(&buf, ']');
	sbk_json_string(&buf, "c", NULL);
	sbk_json_close(&buf, '}');
	assert_string_equal(sbk_buf_text(&buf),
			    "{\"a\":\"x\\\"\\\\\\n\\u0001\","
			    "\"b\":[-1,true,{},null],\"c\":null}");
	sbk_buf_release(&buf);
}

static void
test_json__a_string_that_ends_like_a_bracket_gets_its_comma(void **state)
{
	struct sbk_buf buf = SBK_BUF_INIT;

	(void)state;
	sbk_json_open(&buf, '[');
	sbk_json_string(&buf, NULL, "{");
	sbk_json_string(&buf, NULL, "[:");
	sbk_json_close(&buf, ']');
	assert_string_equal(sbk_buf_text(&buf), "[\"{\",\"[:\"]");
	sbk_buf_release(&buf);
}

/* What stands for one byte in a string. */
static void stands_for(unsigned char c, struct sbk_buf *out)
{
	static const char *const named[256] = {['"'] = "\\\"",
					       ['\\'] = "\\\\",
					       ['\n'] = "\\n",
					       ['\t'] = "\\t"};

	if (named[c] != NULL)
		sbk_buf_adds(out, named[c]);
	else if (c >= 0x80)
		sbk_buf_adds(out, "\xef\xbf\xbd");
	else if (c < 0x20 || c == 0x7f)
		sbk_buf_printf(out, "\\u%04x", c);
	else
		sbk_buf_addc(out, (char)c);
}

/* Strings are looked through eight bytes at a time. */
static void test_json__escapes_every_byte_at_every_place(void **state)
{
	struct sbk_buf got = SBK_BUF_INIT, expected = SBK_BUF_INIT;
	char text[] = "0123456789abcdefghi";
	size_t at, i;
	unsigned c;

	(void)state;
	for (at = 0; at + 1 < sizeof(text); at++) {
		const char was = text[at];

		for (c = 1; c < 256; c++) {
			text[at] = (char)c;
			sbk_buf_clear(&got);
			sbk_json_string(&got, NULL, text);
			sbk_buf_clear(&expected);
			sbk_buf_addc(&expected, '"');
			for (i = 0; text[i] != '\0'; i++)
				stands_for((unsigned char)text[i], &expected);
			sbk_buf_addc(&expected, '"');
			assert_string_equal(got.data, expected.data);
		}
		text[at] = was;
	}
	sbk_buf_release(&got);
	sbk_buf_release(&expected);
}

static void test_json__keeps_names_that_are_not_utf8(void **state)
{
	struct sbk_buf buf = SBK_BUF_INIT;

	(void)state;
	sbk_json_open(&buf, '{');
	sbk_json_name(&buf, "path", "/tmp/\xc3\xa4");
	sbk_json_name(&buf, "path", "/tmp/\xff");
	sbk_json_close(&buf, '}');
	assert_string_equal(sbk_buf_text(&buf),
			    "{\"path\":\"/tmp/\xc3\xa4\","
			    "\"path_hex\":\"2f746d702fff\"}");
	sbk_buf_release(&buf);
}

static void test_escape__shows_what_would_deceive(void **state)
{
	struct sbk_buf buf = SBK_BUF_INIT;

	(void)state;
	sbk_text_escape(&buf, "a\n\x1b[0m\xe2\x80\xae"
			      "b\\\xff\xc3\xa9");
	assert_string_equal(sbk_buf_text(&buf),
			    "a\\x0a\\x1b[0m\\u{202e}b\\\\\\xff\xc3\xa9");
	sbk_buf_release(&buf);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_buf__grows_and_stays_terminated),
	cmocka_unit_test(test_buf__remembers_that_it_is_over_the_limit),
	cmocka_unit_test(test_buf__hexadecimal_round_trips),
	cmocka_unit_test(test_arena__keeps_small_and_large_pieces),
	cmocka_unit_test(test_json__puts_commas_where_they_belong),
	cmocka_unit_test(
		test_json__a_string_that_ends_like_a_bracket_gets_its_comma),
	cmocka_unit_test(test_json__escapes_every_byte_at_every_place),
	cmocka_unit_test(test_json__keeps_names_that_are_not_utf8),
	cmocka_unit_test(test_escape__shows_what_would_deceive),
};

SBK_TEST_MAIN(tests)
